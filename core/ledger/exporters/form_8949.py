"""Realised gains in the columns of Form 8949, Sales and Other Dispositions of Capital Assets.

Columns and codes: IRS, Instructions for Form 8949. (h) is (d) less (e), combined with (g); a loss that a wash sale
disallows stands as a positive amount in (g) with code W in (f). What is not known is left blank, and said in a
note: a blank is for the taxpayer to fill in, a 0 would be a claim.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from msgspec import Struct

from core.book.wash import Gain
from core.errors import BadInput
from core.ledger.exporters.csv_rows import cell
from core.ledger.exporters.writing import exact
from core.money import ZERO

COLUMNS: Final = (
    "Part", "(a) Description of property", "(b) Date acquired", "(c) Date sold or disposed of", "(d) Proceeds",
    "(e) Cost or other basis", "(f) Code(s)", "(g) Amount of adjustment", "(h) Gain or (loss)", "Note",
)  # fmt: skip
CURRENCY: Final = "USD"
_CENT: Final = Decimal("0.01")
_PARTS: Final[dict[str | None, str]] = {"short": "I", "long": "II", None: ""}
_NO_BASIS: Final = "the basis is unknown"
_NO_PROCEEDS: Final = "the exchange rate of the sale is unknown"
_NO_DAY: Final = "the day of purchase is unknown"
_NO_TERM: Final = "the holding period is unknown: Part I or Part II"


class _Line(Struct, frozen=True):
    """A row of the form, in whole cents."""

    row: Gain
    proceeds: Decimal | None
    basis: Decimal | None
    adjustment: Decimal | None

    @property
    def gain(self) -> Decimal | None:
        if self.proceeds is None or self.basis is None:
            return None
        return self.proceeds - self.basis + (self.adjustment or ZERO)


def form_8949(
    rows: Sequence[Gain],
    base_currency: str,
    names: Mapping[str, str] | None = None,
    coins: Collection[str] = (),
) -> str:
    """The form as a table: Part I (short-term), Part II (long-term), what belongs to one of them, each with totals.

    `names` are what to call a symbol, `coins` those that are no shares. The parts of a sale are rounded to cents so
    that they add up to the rounded whole. BadInput if the amounts are not in US dollars.
    """
    if base_currency != CURRENCY:
        raise BadInput(
            f"Form 8949 is in {CURRENCY}, and the gains are in {base_currency}",
            fix="without --format 8949, `ledger gains` gives them in base currency",
        )
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    lines = _lines(rows)
    for term, part in _PARTS.items():
        within = [one for one in lines if one.row.term == term]
        writer.writerows(_row(one, part, names or {}, coins) for one in within)
        if within or term is not None:
            writer.writerow(_totals(within, part))
    return table.getvalue()


def _lines(rows: Iterable[Gain]) -> list[_Line]:
    """`rows` in cents: within a sale each column is rounded as it adds up."""
    sums: dict[tuple[int, str], Decimal] = {}

    def rounded(seq: int, column: str, number: Decimal) -> Decimal:
        before = sums.get((seq, column), ZERO)
        sums[seq, column] = before + number
        return _cents(before + number) - _cents(before)

    lines = []
    for row in rows:
        proceeds = None if row.proceeds is None else rounded(row.seq, "proceeds", row.proceeds)
        basis = None if row.basis is None else rounded(row.seq, "basis", row.basis)
        adjustment = rounded(row.seq, "disallowed", row.disallowed) if row.disallowed else None
        if proceeds is not None and basis is not None and row.gain is not None and row.disallowed == -row.gain:
            adjustment = basis - proceeds  # the whole loss, so that nothing is left of it
        lines.append(_Line(row, proceeds, basis, adjustment or None))
    return lines


def _row(one: _Line, part: str, names: Mapping[str, str], coins: Collection[str]) -> tuple[str, ...]:
    row = one.row
    unit = "" if row.symbol in coins else "sh. "
    notes = [
        *([_NO_TERM] if row.term is None else []),
        *([_NO_DAY] if row.acquired is None else []),
        *([_NO_PROCEEDS] if row.proceeds is None else []),
        *([_NO_BASIS] if row.basis is None else []),
    ]
    return (
        part,
        cell(f"{exact(row.quantity)} {unit}{names.get(row.symbol) or row.symbol}"),
        _day(row.acquired),
        _day(row.sold),
        _amount(one.proceeds),
        _amount(one.basis),
        "W" if one.adjustment else "",
        _amount(one.adjustment),
        _amount(one.gain),
        "; ".join(notes),
    )


def _totals(lines: Sequence[_Line], part: str) -> tuple[str, ...]:
    """What the rows of a part add up to; blank in columns that are not known of every row."""
    unknown = sum(one.gain is None for one in lines)
    rows = "1 row" if unknown == 1 else f"{unknown} rows"
    return (
        part,
        "Totals",
        "",
        "",
        _sum(one.proceeds for one in lines),
        _sum(one.basis for one in lines),
        "",
        _sum(one.adjustment or ZERO for one in lines),
        _sum(one.gain for one in lines),
        f"blank for {rows} without an amount" if unknown else "",
    )


def _sum(amounts: Iterable[Decimal | None]) -> str:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return ""
        total += amount
    return str(_cents(total))


def _cents(number: Decimal) -> Decimal:
    return number.quantize(_CENT, ROUND_HALF_UP) + ZERO


def _amount(number: Decimal | None) -> str:
    return "" if number is None else str(number)


def _day(day: date | None) -> str:
    """As the form asks for it: month, day, year."""
    return f"{day.month:02}/{day.day:02}/{day.year:04}" if day else ""
