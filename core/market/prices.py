"""A price file: one row of closes a day, read exactly; what in it is no price is an error, never a guess."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from msgspec import Struct

from core.clock import close_of
from core.errors import BadInput
from core.market.quotes import Quote
from core.market.trust import HIGHEST_PRICE, LOWEST_PRICE
from core.money import MINOR_UNITS
from core.text import clean

LARGEST_FILE: Final = 200_000_000  # bytes
_NUMBER: Final = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?"
_CELL: Final = re.compile(_NUMBER, re.ASCII)
_CELLS: Final = rf"(?:,(?:{_NUMBER})?)"


class PriceTable(Struct, frozen=True):
    """The rows of a price file as text, their days parsed: `rows[i]` has one cell for each of `symbols`."""

    path: str
    symbols: tuple[str, ...]
    days: tuple[date, ...]
    rows: tuple[str, ...]

    def row_on(self, day: date | None) -> int:
        """The index of the last row on or before `day`; without it the last row. BadInput if there is none."""
        if day is None:
            return len(self.days) - 1
        at = bisect_right(self.days, day) - 1
        if at < 0:
            raise BadInput(
                f"has no row on or before {day}",
                where=self.path,
                fix=f"its first row is {self.days[0]}: ask for that day or a later one",
            )
        return at

    def prices(self, row: int) -> dict[str, Decimal]:
        """The prices of one row by symbol, in the asset's currency; a symbol without a price is left out."""
        cells = self.rows[row].split(",")[1:]
        return {symbol: Decimal(cell) for symbol, cell in zip(self.symbols, cells, strict=True) if cell}

    def quotes(self, row: int, currencies: dict[str, str], source: str) -> list[Quote]:
        """The row as quotes at its close, for the symbols in `currencies` (the asset's currency, by symbol).

        The previous close is the row before. Minor units are converted to the major one.
        """
        before = self.prices(row - 1) if row else {}
        time = close_of(self.days[row])
        quotes = []
        for symbol, price in self.prices(row).items():
            unit = currencies.get(symbol)
            if unit is None:
                continue
            currency, parts = MINOR_UNITS.get(unit, (unit, 1))
            previous = before.get(symbol)
            quotes.append(
                Quote(
                    symbol=symbol,
                    source=source,
                    price=price / parts,
                    currency=currency,
                    time=time,
                    previous_close=None if previous is None else previous / parts,
                    raw_currency=unit,
                )
            )
        return quotes


def load_prices(path: Path) -> PriceTable:
    """The price file at `path`: header `date,SYM1,SYM2,...`, ISO dates ascending, one row a day."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput("is too large for a price file", where=str(path), fix="split it by years")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("is not a text file", where=str(path), fix="give a CSV file in UTF-8") from error
    except OSError as error:
        raise BadInput(
            f"cannot be read: {error.strerror or error}", where=str(path), fix="check the path of the price file"
        ) from error
    return parse_prices(text, str(path))


def parse_prices(text: str, path: str) -> PriceTable:
    """The price table that `text` writes; `path` names it in errors."""
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) < 2:
        raise BadInput("has no rows", where=path, fix="it needs a header date,SYM1,... and at least one day")
    symbols = _header(lines[0].rstrip("\r"), path)
    # One check of the common shape for each row; what fails it is looked at cell by cell for the message.
    shape = re.compile(rf"\d{{4}}-\d\d-\d\d{_CELLS}{{{len(symbols)}}}", re.ASCII)
    days: list[date] = []
    rows: list[str] = []
    for number, raw in enumerate(lines[1:], start=2):
        line = raw.rstrip("\r")
        if not shape.fullmatch(line):
            raise _bad_row(line, number, symbols, path)
        try:
            day = date.fromisoformat(line[:10])
        except ValueError as error:
            raise _at(path, number, f"{line[:10]} is no date") from error
        if days and day <= days[-1]:
            what = "stands twice" if day == days[-1] else f"comes after {days[-1]}: dates must ascend"
            raise _at(path, number, f"{day} {what}")
        days.append(day)
        rows.append(line)
    table = PriceTable(path, tuple(symbols), tuple(days), tuple(rows))
    _check_sizes(table)
    return table


def _header(line: str, path: str) -> Sequence[str]:
    names = [name.strip() for name in line.split(",")]
    if names[0] != "date" or len(names) < 2:
        raise _at(path, 1, "the header must be date,SYM1,SYM2,...")
    symbols = names[1:]
    for symbol in symbols:
        if not symbol or clean(symbol) != symbol or '"' in symbol:
            raise _at(path, 1, f"{clean(symbol)!r} is no symbol")
        if symbols.count(symbol) > 1:
            raise _at(path, 1, f"{symbol} has two columns")
    return symbols


def _bad_row(line: str, number: int, symbols: Sequence[str], path: str) -> BadInput:
    cells = line.split(",")
    if len(cells) != len(symbols) + 1:
        return _at(path, number, f"has {len(cells)} cells, the header {len(symbols) + 1}")
    for symbol, cell in zip(symbols, cells[1:], strict=True):
        if cell and not _CELL.fullmatch(cell):
            return _at(path, number, f"{symbol}: {clean(cell, 20)!r} is no price")
    return _at(path, number, f"{clean(cells[0], 20)!r} is no date like 2026-11-20")


def _check_sizes(table: PriceTable) -> None:
    """Every price positive and believable; only rows that could hold another one are looked at closely."""
    suspect = re.compile(r",0*\.?0*(?:[eE][^,]*)?(?:,|$)|[eE]|\d{10}|,0*\.0{6}")
    for at, row in enumerate(table.rows):
        if suspect.search(row):
            for symbol, price in table.prices(at).items():
                if not LOWEST_PRICE <= price <= HIGHEST_PRICE:
                    raise _at(table.path, at + 2, f"{symbol}: {price} is no believable price")


def _at(path: str, line: int, what: str) -> BadInput:
    return BadInput(what, where=f"{path} line {line}", fix="correct the line; an unknown price is an empty cell")
