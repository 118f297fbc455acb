"""A ledger as a table: one row per entry, by number, for spreadsheets and for `strikezone import`.

RFC 4180, dates in ISO 8601, every digit of a number. `quantity` is positive and `side` says which way it went;
`amount` has the sign that it has in the entry. A text that a spreadsheet would take for a formula gets an
apostrophe before it (OWASP, "CSV Injection"); numbers never do.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from core.book.entries import Entry, EntryLot, HeadLot
from core.clock import iso
from core.ledger.exporters.writing import exact, line, money

COLUMNS: Final = (
    "date", "kind", "symbol", "quantity", "price", "fees", "amount", "currency", "rate", "withheld", "id",
    "side", "new", "old", "to", "basis_share", "method", "lots", "received", "note",
    "seq", "recorded_at", "executed", "void_of", "voided_by", "amends",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_rows(entries: Sequence[Entry], year: int | None = None) -> str:
    """A header and one row per entry, voids and voided ones included; of one year's if it is given."""
    voids = {entry.void_of: entry.seq for entry in entries if entry.void_of is not None}
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(entry, voids.get(entry.seq)) for entry in entries if year in (None, entry.effective.year))
    return table.getvalue()


def cell(text: str | None) -> str:
    """`text` on one line, and no formula."""
    safe = line(text) if text else ""
    return f"'{safe}" if safe.lstrip("'").startswith(_FORMULA) else safe


def unquoted(text: str) -> str:
    """What `cell` was given: `text` without the apostrophe that kept it from being a formula."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text


def _row(entry: Entry, voided_by: int | None) -> tuple[str, ...]:
    return (
        entry.effective.isoformat(),
        entry.kind,
        cell(entry.symbol),
        _exact(entry.quantity),
        _exact(entry.price),
        _money(entry.fees),
        _money(entry.amount),
        cell(entry.currency),
        _exact(entry.rate),
        _money(entry.withheld),
        cell(entry.id),
        entry.side or "",
        _exact(entry.new),
        _exact(entry.old),
        cell(entry.to),
        _exact(entry.basis_share),
        entry.method or "",
        cell("; ".join(map(_taken, entry.lots))),
        cell("; ".join(map(_received, entry.received))),
        cell(entry.note),
        str(entry.seq),
        iso(entry.recorded_at),
        iso(entry.executed) if entry.executed else "",
        _number(entry.void_of),
        _number(voided_by),
        _number(entry.amends),
    )


def _taken(part: EntryLot) -> str:
    """`65 of open:VTI:0 of 2023-05-01 at 80, gain 1300.00`."""
    gain = "" if part.gain is None else f", gain {money(part.gain)}"
    return f"{exact(part.quantity)} of {part.lot}{_bought(part.acquired, part.price)}{gain}"


def _received(lot: HeadLot) -> str:
    rate = "" if lot.rate is None else f" at rate {exact(lot.rate)}"
    return f"{exact(lot.quantity)}{_bought(lot.acquired, lot.price)}{rate}"


def _bought(day: date | None, price: Decimal | None) -> str:
    return (f" of {day}" if day else "") + ("" if price is None else f" at {exact(price)}")


def _exact(number: Decimal | None) -> str:
    return "" if number is None else exact(number)


def _money(number: Decimal | None) -> str:
    return "" if number is None else money(number)


def _number(seq: int | None) -> str:
    return "" if seq is None else str(seq)
