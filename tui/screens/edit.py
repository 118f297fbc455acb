"""The form in which quantity, price and fees of a trade are edited; Enter keeps, nothing is recorded here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from core.book.choosing import Pick, pick_of
from core.money import plain, typed
from tui.commands import bindings
from tui.widgets.lines import Lines, Span, wrapped


class Values(NamedTuple):
    """What was changed: numbers by the name of their field, None as it stood; `lots` None if they stay as they are,
    empty if the method is to choose them again. `typed` is what stood in the fields."""

    numbers: dict[str, Decimal | None]
    lots: tuple[Pick, ...] | None = None
    typed: Mapping[str, str] = {}


_LOTS_HINT: Final = "ACQUIRED:QTY, apart by spaces; empty: as [tax] method says"


class EditScreen(ModalScreen[Values]):
    """Numbers to change. Gives what differs from what stood there, or None if it was left."""

    BINDINGS = bindings("edit")

    def __init__(
        self,
        title: str,
        fields: Sequence[tuple[str, Decimal | None]],
        kept: Mapping[str, Decimal | None] | None = None,
        *,
        enter: str = "keep and look again",
        lots: str | None = None,
        typed_before: Mapping[str, str] | None = None,
        problem: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._enter = enter
        self._title = title
        self._typed = typed_before or {}  # what stands in the fields instead of their values
        self._problem = problem
        self._lots = lots  # as they are named; None where there are none to choose
        self._fields = fields
        self._kept = kept or {}  # earlier edits, which stay edits although the field has not been touched

    def compose(self) -> ComposeResult:
        """A line for each number."""
        with Vertical(id="box") as box:
            box.border_title = Content(self._title)
            for name, value in self._fields:
                with Horizontal(classes="field"):
                    yield Lines(id=f"label-{name}", classes="label")
                    shown = self._typed.get(name, "" if value is None else plain(value))
                    yield Input(shown, id=name, select_on_focus=True)
                    yield Lines(id=f"hint-{name}", classes="hint")
            if self._lots is not None:
                with Horizontal(classes="field"):
                    yield Lines(id="label-lots", classes="label")
                    yield Input(
                        self._typed.get("lots", self._lots), id="lots", classes="long", select_on_focus=True
                    )
                yield Lines(id="hint-lots", classes="note")
            yield Lines(id="trouble", classes="trouble")
            yield Lines(id="answers")

    def on_mount(self) -> None:
        """The first number has the focus."""
        for name, value in self._fields:
            self.query_one(f"#label-{name}", Lines).set_lines([(Span(f" {name}", "dim"),)])
            hint = "" if value is None else f"  was {plain(value)}"
            self.query_one(f"#hint-{name}", Lines).set_lines([(Span(hint, "dim"),)])
        if self._lots is not None:
            self.query_one("#label-lots", Lines).set_lines([(Span(" lots", "dim"),)])
            self.query_one("#hint-lots", Lines).set_lines([(Span(f" {_LOTS_HINT}", "dim"),)])
        trouble = self.query_one("#trouble", Lines)
        trouble.display = bool(self._problem)
        pieces = [piece for text in self._problem for piece in wrapped(text, 70)]
        trouble.set_lines([(Span(f" {piece}", "trouble"),) for piece in pieces])
        self.query_one("#answers", Lines).set_lines(
            [
                (
                    Span(" Enter", "key"),
                    Span(f" {self._enter}   ", "dim"),
                    Span("Tab", "key"),
                    Span(" next   ", "dim"),
                    Span("Esc", "key"),
                    Span(" leave", "dim"),
                )
            ]
        )
        self.query_one(Input).focus()

    def on_input_submitted(self) -> None:
        """Enter in a field keeps the edit."""
        self.action_keep()

    def action_keep(self) -> None:
        """Gives the numbers that were changed; a field that is not a number says so and keeps the focus."""
        values: dict[str, Decimal | None] = {}
        for name, value in self._fields:
            box = self.query_one(f"#{name}", Input)
            text = box.value.strip()
            try:
                number = typed(text) if text else None
                if number is not None and (number < 0 or (name != "fees" and not number)):
                    raise ValueError(f"{text} is not positive")
            except ValueError as error:
                self.query_one(f"#hint-{name}", Lines).set_lines([(Span(f"  {error}", "trouble"),)])
                box.focus()
                return
            values[name] = self._kept.get(name) if number is None or number == value else number
        try:
            lots = self._chosen()
        except ValueError as error:
            self.query_one("#hint-lots", Lines).set_lines([(Span(f" {error}", "trouble"),)])
            self.query_one("#lots", Input).focus()
            return
        typed_now = {box.id or "": box.value for box in self.query(Input)}
        self.dismiss(Values(values, lots, typed_now))

    def _chosen(self) -> tuple[Pick, ...] | None:
        """The lots that are named now; None if that is as before."""
        if self._lots is None:
            return None
        text = self.query_one("#lots", Input).value
        if text.split() == self._lots.split():
            return None
        return tuple(map(pick_of, text.replace(",", " ").split()))

    def action_leave(self) -> None:
        """Nothing was edited."""
        self.dismiss(None)
