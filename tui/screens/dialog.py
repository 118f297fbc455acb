"""What a dialog is that cannot be undone: No has the focus, Enter never accepts, early keys are not heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen

from core.desk.snapshot import Snapshot
from tui.commands import bindings
from tui.widgets.lines import Lines, Row, Span, wrapped

DEAF_SECONDS: Final = 0.3  # what is typed earlier than this after it opened was not meant for it
_TALL: Final = 30
Result = TypeVar("Result")


class Body(Lines, can_focus=True):
    """What the dialog is about; it has the focus, so that the arrows scroll it."""


class Dialog(ModalScreen[Result]):
    """A review: `rows` say what it is about, `y` accepts, `n`, Esc and Enter refuse.

    The app asks `hears` before it lets a key in. `arm` starts the deaf time anew, after every change of what is
    asked, once it is on the screen.
    """

    BINDINGS = bindings("review")
    HELD: bool = True  # whether early keys are ignored

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._heard_from: float | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        """A frame with the body, a line for what went wrong, and the answers."""
        with Vertical(id="box") as box:
            box.border_title = Content(self._title)
            yield Body(id="body")
            yield Lines(id="problem")
            yield Lines(id="answers")

    def on_mount(self) -> None:
        """Shows itself, and becomes able to hear a little later."""
        self.set_class(self.app.size.height >= _TALL, "-tall")
        self.query_one("#problem").display = False
        self.show()
        self.query_one("#body").focus()
        self.arm()

    def on_resize(self, event: Resize) -> None:
        """Another height has other room."""
        self.set_class(event.size.height >= _TALL, "-tall")
        self.call_after_refresh(self.show)

    def rows(self, room: int) -> Sequence[Row]:
        """What the dialog is about."""
        raise NotImplementedError

    def answers(self) -> Row:
        """The keys that answer it."""
        return (
            Span("   No   ", "choice"),
            Span("   n or Esc", "dim"),
            Span("     y", "key"),
            Span(" record it", "text"),
            Span("     e", "key"),
            Span(" edit", "text"),
        )

    def show(self) -> None:
        """Draws what is asked."""
        body = self.query_one("#body", Lines)
        body.set_lines(self.rows(body.room or 70))
        if not self._busy:  # else it says what is being done
            self.query_one("#answers", Lines).set_lines([self.answers()])

    def arm(self) -> None:
        """Hears nothing until the deaf time has passed from when this is drawn."""
        self._heard_from = None
        self.call_after_refresh(self._drawn)

    def _drawn(self) -> None:
        self._heard_from = self.app.monotonic() + DEAF_SECONDS  # type: ignore[attr-defined]

    @property
    def drawn(self) -> bool:
        """Whether what is asked is on the screen."""
        return self._heard_from is not None

    def hears(self, at: float) -> bool:
        """Whether a key typed at `at` counts."""
        if not self.HELD:
            return True
        return not self._busy and self._heard_from is not None and at >= self._heard_from

    def busy(self, what: str) -> None:
        """Says what is being done; no key is heard meanwhile."""
        self._busy = True
        self.query_one("#answers", Lines).set_lines([(Span(f" {what}", "dim"),)])

    def idle(self, problem: Sequence[str] = (), style: str = "trouble") -> None:
        """Asks again, with what went wrong in plain words."""
        self._busy = False
        lines = self.query_one("#problem", Lines)
        lines.display = bool(problem)
        pieces = [piece for text in problem for piece in wrapped(text, max(lines.room - 2, 20))]
        lines.set_lines([(Span(f" {piece}", style),) for piece in pieces])
        self.show()
        self.arm()

    def update(self, snapshot: Snapshot) -> None:
        """Takes notice of a newer snapshot; nothing unless what is asked depends on it."""

    def action_accept(self) -> None:
        """What `y` does."""
        raise NotImplementedError

    def action_edit(self) -> None:
        """What `e` does; nothing where there is nothing to edit."""

    def action_refuse(self) -> None:
        """Leaves without a result."""
        self.dismiss(None)
