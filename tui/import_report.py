"""What an import would record, as a plain table: new rows first, then what is left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from core.book.entries import Draft
from core.book.lots import cash_moved
from core.desk.importing import ImportPlan, Left
from core.money import ZERO, amount, plain
from tui import format as written
from tui.console import DIM, NEAR, plain_console, print_table

_COLUMNS: Final = (">line", "day", "what", "symbol", ">quantity", ">price", ">fees", ">amount", "state")
_MOST_ROWS: Final = 200
_MOST_LEFT: Final = 30


def print_plan(plan: ImportPlan) -> None:
    """The rows of an export by what becomes of them."""
    console = plain_console()
    rows = [(row.line, draft, "new") for row in plan.new for draft in row.drafts]
    rows += [
        (one.row.line, draft, f"probably entry {one.seq}") for one in plan.probable for draft in one.row.drafts
    ]
    console.print(Text(f"{plan.broker}: {_summary(plan)}", "bold"))
    if rows:
        cells = [_cells(*row) for row in rows[:_MOST_ROWS]]
        print_table(console, _COLUMNS, cells, spare=(">fees", "state", ">line"))
    if len(rows) > _MOST_ROWS:
        console.print(Text(f"and {len(rows) - _MOST_ROWS} more; --json has them all", DIM))
    for one in plan.probable[:_MOST_LEFT]:
        what = f"line {one.row.line} is probably recorded as entry {one.seq}: it is left out; "
        console.print(Text(f"! {what}--include-probable records it all the same", NEAR), soft_wrap=True)
    for mark, style, left in (
        ("· skipped", DIM, plan.skipped),
        ("· ignored", DIM, plan.ignored),
        ("! unreadable", NEAR, plan.unreadable),
    ):
        _print_left(console, mark, style, left)


def _summary(plan: ImportPlan) -> str:
    """How many rows there are of each sort."""
    counts = {
        "new": len(plan.new),
        "known": len(plan.already),
        "probably known": len(plan.probable),
        "skipped": len(plan.skipped),
        "ignored": len(plan.ignored),
        "unreadable": len(plan.unreadable),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "no transactions"


def _print_left(console: Console, mark: str, style: str, left: Sequence[Left]) -> None:
    for one in left[:_MOST_LEFT]:
        console.print(Text(f"{mark} line {one.line}: {one.reason}", style), soft_wrap=True)
        if one.text and not mark.endswith("ignored"):
            console.print(Text(f"    {one.text}", DIM), soft_wrap=True)
    if len(left) > _MOST_LEFT:
        console.print(Text(f"{mark}: {len(left) - _MOST_LEFT} more rows; --json has them all", style))


def _cells(line: int, draft: Draft, state: str) -> tuple[Text, ...]:
    what: str = draft.side or draft.kind
    if draft.new is not None and draft.old is not None:
        what = f"{draft.kind} {plain(draft.new)}:{plain(draft.old)}"
    elif draft.kind == "dividend" and draft.quantity is not None:
        what = "reinvested"
    moved = draft.amount
    if draft.side is not None and draft.quantity is not None and draft.price is not None:
        moved = cash_moved(draft.side, draft.quantity, draft.price, draft.fees)
    quantity = draft.quantity if not draft.received else sum((lot.quantity for lot in draft.received), ZERO)
    return tuple(
        Text(cell)
        for cell in (
            str(line),
            draft.effective.isoformat(),
            what,
            draft.symbol or "",
            "" if quantity is None else plain(quantity),
            "" if draft.price is None else plain(draft.price),
            "" if not draft.fees else amount(draft.fees),
            "" if moved is None else f"{written.money(moved, sign=True)} {draft.currency}",
            state,
        )
    )
