"""A decision made again, as a plain report."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from core.desk.explain import Explanation
from core.money import plain
from tui import format as written
from tui.console import DIM, NEAR, plain_console, print_table, taken
from tui.records import describe

COMPARED = ("", "recorded", "again", "")
LABEL = 16
SHORTEST = 24


def print_explanation(explanation: Explanation) -> None:
    """What was decided, on which prices, and each figure beside the one that comes out now."""
    console = plain_console()
    entry, inputs = explanation.entry, explanation.inputs
    console.print(Text(describe(entry), "bold"))
    console.print(Text(f"decided {written.moment(inputs.now)}: {(entry.decision or {}).get('reason', '')}"))
    for symbol, quote in inputs.board.items():
        trust = inputs.trusts.get(symbol)
        if quote.price is None or trust is None:
            continue
        note = trust.reason or trust.note or ""
        said = f"{plain(quote.price)} {quote.currency or ''} of {written.moment(quote.time)}, {quote.source}"
        line = f"  {symbol} {said}"
        console.print(Text(line + (f": {note}" if note else ""), DIM), soft_wrap=True)
    request = explanation.request
    edits = {"quantity": request.quantity, "price": request.price, "fees": request.fees}
    for name, value in edits.items():
        if value is not None:
            console.print(Text(f"  its user changed the {name} to {plain(value)}", DIM))
    if request.lots:
        console.print(Text(f"  its user named the lots: {taken(entry.lots)}", DIM), soft_wrap=True)
    room = max((console.width - LABEL - 12) // 2, SHORTEST)
    rows = []
    for one in explanation.compared:
        verdict = Text("" if one.same else "differs", NEAR)
        rows.append((Text(one.what), Text(_short(one.recorded, room)), Text(_short(one.again, room)), verdict))
    print_table(console, COMPARED, rows, spare=())
    if explanation.same:
        console.print(Text("it comes out the same", "bold"))
        return
    amended = f"entry {entry.amends} was amended; " if entry.amends is not None else ""
    console.print(Text(f"! {amended}not everything comes out the same", NEAR))


def _short(value: Any, room: int) -> str:
    """A value in a line; of what is long, how much there is."""
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, dict):
        value = ", ".join(f"{name} {one}" for name, one in value.items() if one not in (None, "0.00"))
    elif isinstance(value, list):
        named = [one.get("name") or one.get("acquired") or "?" for one in value if isinstance(one, dict)]
        value = ", ".join(map(str, named)) or "none"
    text = "-" if value is None else str(value)
    return text if len(text) <= room else text[: room - 1] + "…"
