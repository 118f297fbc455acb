"""Plain reports of what is recorded: entries, positions, gains."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.text import Text

from core.book.book import Book
from core.book.entries import Entry
from core.book.gains import by_year, totals
from core.book.lots import HeldLot, cash_moved
from core.book.report import ratio
from core.book.wash import Gain
from core.desk.confirmation import Confirmed
from core.money import ONE, ZERO, amount, plain
from core.portfolio.model import Tax
from core.text import clean
from tui import format as written
from tui.console import DIM, NEAR, plain_console, print_table, taken

ENTRIES = (">#", "day", "kind", "symbol", ">quantity", ">price", ">fees", ">amount", "id")
LOTS = ("symbol", ">quantity", "acquired", ">basis each", ">basis")
GAINS = (*(">#", "symbol", "acquired", "sold", ">quantity", ">proceeds", ">basis", ">gain", "term", ">disallowed"),)
LONGEST_ID = 12


def print_confirmed(confirmed: Confirmed) -> None:
    """What was recorded, a line each."""
    console = plain_console()
    for entry in confirmed.recorded:
        console.print(Text(f"recorded {describe(entry)}"))
        if entry.side == "sell" and entry.lots:
            console.print(Text(f"  lots {taken(entry.lots)}", DIM), soft_wrap=True)
    for id_ in confirmed.already:
        console.print(Text(f"{id_} was recorded already"))
    if not confirmed.recorded and not confirmed.already:
        console.print(Text("nothing recorded"))


def print_entries(entries: Sequence[Entry]) -> None:
    """The ledger."""
    if not entries:
        plain_console().print(Text("the ledger is empty"))
        return
    voided = {entry.void_of for entry in entries}
    rows = []
    for entry in entries:
        kind: str = entry.side or entry.kind
        if entry.void_of is not None:
            kind = f"void of {entry.void_of}"
        elif entry.amends is not None:
            kind = f"{kind}, amends {entry.amends}"
        elif entry.kind in ("split", "spinoff"):
            kind = f"{entry.kind} {ratio(entry)}"
        style = "dim strike" if entry.seq in voided else ""
        cells = (
            str(entry.seq),
            entry.effective.isoformat(),
            kind,
            (entry.symbol or "") + (f" to {entry.to}" if entry.to else ""),
            "" if entry.quantity is None else plain(entry.quantity),
            "" if entry.price is None else plain(entry.price) + _currency(entry),
            "" if entry.fees is None else amount(entry.fees),
            _moved(entry),
            clean(entry.id, LONGEST_ID) + (" void" if entry.seq in voided else ""),
        )
        rows.append(tuple(Text(cell, style) for cell in cells))
    print_table(plain_console(), ENTRIES, rows, spare=("id", ">fees", ">amount"))


def print_positions(book: Book, base_currency: str) -> None:
    """What is held, lot by lot."""
    console = plain_console()
    rows = [
        (
            Text(position.symbol),
            Text(plain(lot.quantity)),
            Text(_acquired(lot)),
            Text("-" if lot.price is None else written.price(lot.price)),
            Text(written.money(lot.basis)),
        )
        for position in book.positions.values()
        for lot in position.shown
    ]
    if rows:
        print_table(console, LOTS, rows, spare=("acquired",))
    else:
        console.print(Text("nothing is held"))
    if any(lot.since for position in book.positions.values() for lot in position.lots):
        said = "* held since then for its term: it replaced what was sold at a loss that is in its basis"
        console.print(Text(said, DIM), soft_wrap=True)
    for currency, balance in ({base_currency: ZERO} | book.cash).items():
        console.print(Text(f"cash {written.money(balance)} {currency}"))


def print_gains(rows: Sequence[Gain], tax: Tax, base_currency: str, year: int | None) -> None:
    """What was realised, part by part, then the totals and what is carried to other years."""
    console = plain_console()
    shown = [row for row in rows if year is None or row.sold.year == year]
    if not shown:
        console.print(Text("nothing was realised" + (f" in {year}" if year is not None else "")))
        return
    us = tax.regime == "us"
    table = [
        (
            Text(str(row.seq)),
            Text(row.symbol),
            Text(_pooled(row, tax) if row.acquired is None else row.acquired.isoformat()),
            Text(row.sold.isoformat()),
            Text(plain(row.quantity)),
            Text(_cents(row.proceeds)),
            Text(_cents(row.basis)),
            Text(_cents(row.gain)),
            *((Text(row.term or "-"), Text(_cents(row.disallowed) if row.disallowed else "")) if us else ()),
        )
        for row in shown
    ]
    columns = GAINS if us else GAINS[:-2]
    print_table(console, columns, table, spare=(">#", "acquired", ">disallowed"))
    sums = totals(shown, tax)
    parts = [f"gain {_cents(sums.gain)} {base_currency}"]
    if us:
        parts += [
            f"short {_cents(sums.short)}",
            f"long {_cents(sums.long)}",
            f"disallowed {_cents(sums.disallowed)}",
        ]
    console.print(Text("   ".join(parts), "bold"))
    if sums.unknown:
        console.print(
            Text(f"! {sums.unknown} of {len(shown)} rows have no known gain: the totals are unknown", NEAR)
        )
    for one in by_year(rows, tax, year or 0):
        if (year is None or one.year == year) and (one.deducted or one.carried_short or one.carried_long):
            carried = f"carried on: short {_cents(one.carried_short)}, long {_cents(one.carried_long)}"
            console.print(Text(f"{one.year}: {_cents(one.deducted)} against other income; {carried}"))


def _acquired(lot: HeldLot) -> str:
    """The day from which a lot counts as held, marked where that is not the day of the purchase."""
    if lot.held_since is None:
        return "-"
    return lot.held_since.isoformat() + ("" if lot.since is None else "*")


def _pooled(row: Gain, tax: Tax) -> str:
    return "pool" if tax.regime == "uk" else "-"


def _cents(number: Decimal | None) -> str:
    return "-" if number is None else written.money(number)


def _moved(entry: Entry) -> str:
    """What an entry adds to the cash: a payment, the proceeds of a sale, the cost of a buy."""
    moved = entry.amount
    if entry.side is not None and entry.quantity is not None and entry.price is not None:
        moved = cash_moved(entry.side, entry.quantity, entry.price, entry.fees)
    return "" if moved is None else written.money(moved, sign=True) + _currency(entry)


def _currency(entry: Entry) -> str:
    """The entry's currency behind a space, if it is not the base currency."""
    return "" if entry.rate == ONE else f" {entry.currency}"


def describe(entry: Entry) -> str:
    """An entry in a few words: `#7 sell 65 VTI @ 100`."""
    return f"#{entry.seq} {_said(entry)}"


def _said(entry: Entry) -> str:
    paid = f"{written.money(entry.amount, sign=True)} {entry.currency}"
    bought = ""
    if entry.quantity is not None and entry.price is not None:
        fees = f", fees {amount(entry.fees)}" if entry.fees else ""
        bought = f"{plain(entry.quantity)} {entry.symbol} @ {plain(entry.price)}{_currency(entry)}{fees}"
    for_symbol = f" of {entry.symbol}" if entry.symbol else ""
    match entry.kind:
        case "void":
            return f"void of #{entry.void_of}"
        case "cash":
            return f"cash {paid}"
        case "interest" | "fee":
            return f"{entry.kind}{for_symbol} {paid}"
        case "dividend":
            return f"dividend of {entry.symbol} {paid}" + (f", reinvested in {bought}" if bought else "")
        case "split":
            return f"split {entry.symbol} {ratio(entry)}"
        case "spinoff":
            return f"spin-off of {entry.to} from {entry.symbol} {ratio(entry)}"
        case "rename":
            return f"{entry.symbol} is {entry.to} now"
        case "transfer":
            units = sum((lot.quantity for lot in entry.received), ZERO)
            return f"transfer of {plain(units)} {entry.symbol}"
        case "trade" if bought:
            return f"{entry.side} {bought}"
        case _:
            return entry.kind
