"""Every command once: its keys, title, help and place. Bindings, footer, help and palette all come from here."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from textual.binding import Binding, BindingType

Context = Literal["app", "list", "monitor", "replay", "tabs", "filter", "review", "edit", "ledger", "page"]

TITLES: Final[dict[Context, str]] = {
    "monitor": "The monitor",
    "list": "Moving about",
    "review": "A review (No has the focus; Enter never accepts)",
    "edit": "Editing a trade",
    "filter": "While filtering",
    "ledger": "The ledger",
    "replay": "A replay",
    "tabs": "Several portfolios",
    "page": "Help",
    "app": "Everywhere",
}


KEY_NAMES: Final = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "tab": "Tab", "up": "Up", "down": "Down", "home": "Home",
    "end": "End", "pageup": "PgUp", "pagedown": "PgDn", "ctrl+p": "Ctrl+P",
}  # fmt: skip


class Command(NamedTuple):
    """One thing that a key does. `footer` is its rank in the footer, 0 for none; `id` is what a keymap names."""

    id: str
    keys: str
    title: str
    help: str
    footer: int = 0
    palette: bool = False

    @property
    def context(self) -> Context:
        """Where it works: the first part of its id."""
        return self.id.partition(".")[0]  # type: ignore[return-value]

    @property
    def action(self) -> str:
        """The name of its action method: the rest of its id."""
        return self.id.partition(".")[2]


COMMANDS: Final = (
    Command("monitor.review", "enter", "review", "Review the selected asset's micro-trade", 1, True),
    Command("monitor.review_all", "A", "all", "Review all proposed micro-trades together", 2, True),
    Command("monitor.dismiss", "d", "dismiss", "Dismiss the micro-trade until its plan changes", 3, True),
    Command("monitor.snooze", "z", "snooze", "Snooze the micro-trade for a day, or wake it", 4, True),
    Command("monitor.price", "p", "price", "Type a price, until the feed has a later one", 0, True),
    Command("monitor.unprice", "P", "feed's price", "Forget the typed price: the feed's counts again", 0, True),
    Command("monitor.believe", "b", "believe", "Believe a price that jumped or looks like a split", 0, True),
    Command("monitor.split", "S", "split", "Record the split that a price looks like", 0, True),
    Command("monitor.ledger", "l", "ledger", "Open the ledger: what was recorded", 5, True),
    Command("monitor.filter", "slash", "filter", "Show only holdings whose symbol or name matches", 6, True),
    Command("monitor.other", "tab", "trades", "Move between holdings and micro-trades", 12),
    Command("monitor.back", "escape", "back", "Clear filter and message; never quits"),
    Command("replay.pause", "space", "pause", "Pause or resume the replay", 9, True),
    Command("replay.step", "full_stop,s", "step", "One row further", 10, True),
    Command("replay.faster", "plus,equals_sign", "faster", "Replay faster", 11, True),
    Command("replay.slower", "minus", "slower", "Replay slower", 13, True),
    Command("tabs.next", "right_square_bracket", "next", "The next portfolio", 14, True),
    Command("tabs.previous", "left_square_bracket", "previous", "The previous portfolio", 0, True),
    *(Command(f"tabs.show({n})", str(n), f"portfolio {n}", f"Portfolio number {n}") for n in range(1, 10)),
    Command("list.move(-1)", "up,k", "up", "One row up"),
    Command("list.move(1)", "down,j", "down", "One row down"),
    Command("list.page(-1)", "pageup", "page up", "One page up"),
    Command("list.page(1)", "pagedown", "page down", "One page down"),
    Command("list.edge(-1)", "home,g", "first", "To the first row"),
    Command("list.edge(1)", "end,G", "last", "To the last row"),
    Command("review.accept", "y", "record it", "Yes: record the trade"),
    Command("review.refuse", "n,escape,enter", "no", "No: nothing is recorded"),
    Command("review.edit", "e", "edit", "Edit quantity, price, fees and lots"),
    Command("edit.keep", "enter", "keep", "Keep the edit and go back to the review"),
    Command("edit.leave", "escape", "leave", "Leave the edit"),
    Command("filter.clear", "escape", "clear", "Clear the filter"),
    Command("filter.keep", "enter", "keep", "Keep the filter and go back to the holdings"),
    Command("ledger.void", "v", "void", "Void the selected entry by a new one", 1),
    Command("ledger.amend", "a,e", "amend", "Amend the selected trade: quantity, price, fees", 2),
    Command(
        "ledger.explain",
        "x",
        "explain",
        "Decide the selected entry again: does it come out the same?",
        3,
    ),
    Command("ledger.back", "escape,l", "back", "Back to the monitor", 4),
    Command("page.back", "escape,question_mark", "back", "Back", 1),
    Command("app.help", "question_mark", "help", "Show all keys", 7, True),
    Command("app.command_palette", "ctrl+p", "palette", "Find a command by name", 15),
    Command("app.quit", "q", "quit", "Quit", 8, True),
)

_RANKS: Final = {command.id: command.footer for command in COMMANDS}


def bindings(*contexts: Context) -> list[BindingType]:
    """The bindings of `contexts`, each with the id by which a keymap can move it to other keys."""
    return [
        Binding(
            command.keys,
            command.action,
            command.title,
            show=command.footer > 0,
            id=command.id,
            tooltip=command.help,
            priority=command.context == "filter",
        )
        for command in COMMANDS
        if command.context in contexts
    ]


def rank(id: str | None) -> int:  # noqa: A002
    """Where the command stands in the footer: lower comes first, 0 is not there at all."""
    return _RANKS.get(id or "", 0)
