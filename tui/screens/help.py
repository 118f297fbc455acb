"""All keys on one page, from the same definition as the bindings."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from tui.commands import COMMANDS, TITLES, bindings
from tui.widgets.lines import Lines, Row, Span
from tui.widgets.status import KeyLine
from tui.widgets.trades import heading


class Page(Lines, can_focus=True):
    """Text that scrolls."""


class HelpScreen(Screen[None]):
    """What every key does, as the keymap has it."""

    BINDINGS = bindings("page")

    def compose(self) -> ComposeResult:
        """One page, and the keys that work on it."""
        yield Page(id="help")
        yield KeyLine()

    def on_mount(self) -> None:
        """Writes the page."""
        page = self.query_one(Page)
        page.set_lines(self._rows(page.room))
        page.focus()

    def _rows(self, room: int) -> list[Row]:
        rows: list[Row] = []
        for context, title in TITLES.items():
            rows += [(), heading(title, room)] if rows else [heading(title, room)]
            for command in COMMANDS:
                if command.context != context or (command.action.startswith("show(") and command.keys != "1"):
                    continue
                keys = "1 to 9" if command.keys == "1" else self._keys(command.id, command.keys)
                text = "The portfolio of that number" if command.keys == "1" else command.help
                rows.append((Span(f"   {keys:<20}", "key"), Span(text)))
        return rows

    def _keys(self, id: str, keys: str) -> str:  # noqa: A002
        keys = self.app.keymap_of(id) or keys  # type: ignore[attr-defined]
        return " ".join(self.app.get_key_display(Binding(key.strip(), "")) for key in keys.split(","))

    def action_back(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)
