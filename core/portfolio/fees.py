"""Reads dated tables of regulatory fees: those shipped for each market, and the user's own on top of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from core.errors import BadInput, Problem
from core.money import ZERO
from core.portfolio import readers
from core.portfolio.model import Fee, FeeRow, Kind, Market
from core.portfolio.readers import one_of
from core.portfolio.table import Table, Wrong, shown
from core.portfolio.toml import contents, parsed
from core.text import clean

SCHEMA: Final = 1
TABLES: Final = Path(__file__).with_name("tables")
MARKETS: Final[tuple[Market, ...]] = ("us", "uk")
_KIND: Final = "fee table"
_EXAMPLE: Final = "write schema = 1, and below it [taf] with its [[taf.rows]]"
_SHARES: Final[tuple[Kind, ...]] = ("stock", "etf", "other")
_FIRST: Final = date(1900, 1, 1)

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,23}")
_Basis: TypeAlias = Literal["million", "percent", "share", "trade"]
_RATES: Final[dict[_Basis, readers.Number]] = {
    "million": readers.scaled(readers.number(0, 10**6), -6),
    "percent": readers.percent,
    "share": readers.amount,
    "trade": readers.amount,
}
_basis: Final[Callable[[object], _Basis]] = one_of("million", "percent", "share", "trade")
_side: Final[Callable[[object], Literal["buy", "sell", "both"]]] = one_of("buy", "sell", "both")
_rounding: Final[Callable[[object], Literal["up", "nearest", "none"]]] = one_of("up", "nearest", "none")


@cache
def shipped(market: Market) -> dict[str, Fee]:
    """The fees of `market` by name, as they are known to this version."""
    path = TABLES / f"{market}.toml"
    problems: list[Problem] = []
    fees = _fees(contents(path, path.name, _KIND, _EXAMPLE), path.name, {}, {}, market, problems)
    assert not problems, problems
    return fees


def own_fees(path: Path, markets: Sequence[Market], problems: list[Problem]) -> dict[str, Fee]:
    """The fees of `markets`, with what the table at `path` says instead or besides, on the days that it covers.

    What is wrong with the table goes to `problems`.
    """
    known = {name: fee for market in markets for name, fee in shipped(market).items()}
    others = {name: market for market in MARKETS if market not in markets for name in shipped(market)}
    where = clean(str(path), 200)
    try:
        text = contents(path, where, _KIND, _EXAMPLE)
        return known | _fees(text, where, known, others, markets[0], problems)
    except BadInput as error:
        problems.extend(error.problems)
        return known


def _fees(
    text: str,
    where: str,
    known: Mapping[str, Fee],
    others: Mapping[str, Market],
    market: Market,
    problems: list[Problem],
) -> dict[str, Fee]:
    """The fees that a table describes, those that are `known` with its rows before the known ones.

    `others` are fees of markets that are not asked for; a new one is of `market` unless it says which.
    """
    top = Table(parsed(text, where, _KIND, _EXAMPLE, "each row of taf under [[taf.rows]]"), where, "", problems)
    schema = top.require("schema", readers.whole, SCHEMA, f"write schema = {SCHEMA} in the first line")
    if schema != SCHEMA:
        what = f"the table is of schema {schema}, this version reads schema {SCHEMA}"
        top.problem("schema", what, f"write schema = {SCHEMA}, or update strikezone")
    fees = {}
    for name in top.values:
        if name == "schema":
            continue
        if name in others:
            fix = f'add "{others[name]}" to fees in [costs], or leave it out'
            top.problem(name, f'is a fee of the market "{others[name]}"', fix)
        elif not _NAME.fullmatch(name):
            top.problem(clean(name, 32), "cannot be the name of a fee", "write a-z, 0-9, _ and -, such as [taf]")
        else:
            table = top.table(name)
            if name not in top.failed:
                fees[name] = _fee(name, table, known.get(name), market)
    return fees


def _fee(name: str, table: Table, known: Fee | None, market: Market) -> Fee:
    """One fee. What is not written is as it is known; of a new one, side, basis and currency must be."""
    if known is None:
        new = Fee(name, name, market, "", "both", "trade", "nearest", _SHARES, ())
        side = table.require("side", _side, new.side, 'write side = "buy", "sell" or "both"')
        basis = table.require("basis", _basis, new.basis, 'write basis = "million", "percent", "share" or "trade"')
        currency = table.require("currency", readers.major_currency, "USD", 'write currency = "USD"')
    else:
        new = known
        side = table.take("side", _side, known.side)
        basis = table.take("basis", _basis, known.basis)
        currency = table.take("currency", readers.major_currency, known.currency)
        for key, written, meant in (("basis", basis, known.basis), ("currency", currency, known.currency)):
            if written != meant:
                table.problem(key, f'of {name} is "{meant}"', "leave it out, or give your fee another name")
        basis = known.basis
    fee = replace(
        new,
        title=table.take("title", readers.text, new.title),
        market=table.take("market", readers.market, new.market),
        currency=currency,
        side=side,
        basis=basis,
        rounding=table.take("rounding", _rounding, new.rounding),
        kinds=table.take("kinds", _kinds, new.kinds),
        stamped=table.take("stamped", readers.flag, new.stamped),
        rows=(*_rows(table, basis), *new.rows),
    )
    table.refuse_unknown()
    return fee


def _kinds(value: object) -> tuple[Kind, ...]:
    if not isinstance(value, list) or not value:
        raise Wrong(f"must be a list of kinds, not {shown(value)}", 'write kinds = ["stock", "etf"]')
    return tuple(readers.kind(kind) for kind in value)


def _rows(table: Table, basis: _Basis) -> tuple[FeeRow, ...]:
    """The dated rows, each of which ends before the next one begins."""
    tables = table.rows("rows")
    if not tables and "rows" not in table.failed:
        table.problem(
            "rows", "is missing: a fee needs dated rows", "write [[NAME.rows]] with from and rate below it"
        )
    rows: list[FeeRow] = []
    for one in tables:
        row = _row(one, basis)
        if rows and "from" not in one.failed:
            rows[-1] = _ended(rows[-1], row.start, one)
        rows.append(row)
    return tuple(rows)


def _ended(row: FeeRow, following: date, table: Table) -> FeeRow:
    """`row`, which ends on the day before the `following` one begins at the latest."""
    if following <= row.start:
        table.problem("from", f"{following} is not after {row.start}, the row before it", "order rows by their day")
        return row
    if row.until is None:
        return replace(row, until=following - timedelta(days=1))
    if following <= row.until:
        table.problem("from", f"{following} is covered by the row before it", f"begin after {row.until}")
    return row


def _row(table: Table, basis: _Basis) -> FeeRow:
    row = FeeRow(
        start=table.require("from", readers.day, _FIRST, "write from = 2026-01-01"),
        until=table.take("until", readers.day, None),
        rate=table.require("rate", _RATES[basis], ZERO, f"write rate = 0.5, {_UNITS[basis]}"),
        cap=table.take("cap", readers.amount, None),
        above=table.take("above", readers.amount, ZERO),
        source=table.take("source", readers.text, ""),
        note=table.take("note", readers.text, ""),
    )
    if row.until is not None and row.until < row.start:
        table.problem("until", f"{row.until} is before {row.start}", "write the last day on which the row counts")
    table.refuse_unknown()
    return row


_UNITS: Final[dict[_Basis, str]] = {
    "million": "per million of the trade's value",
    "percent": "in percent of the trade's value",
    "share": "per share",
    "trade": "per trade",
}


def unrounded(fees: Sequence[Fee]) -> tuple[Fee, ...]:
    """The fees as a broker passes them on that rounds nothing up; a tax is rounded by law all the same."""
    return tuple(replace(fee, rounding="none") if fee.rounding == "up" else fee for fee in fees)
