"""Realised gains by year: their totals, the netting of short-term and long-term, and losses carried forward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from core.book.wash import Gain
from core.money import ZERO, amount, plain
from core.portfolio.model import Tax

SCHEMA: Final = 1


class Totals(Struct, frozen=True):
    """Sums in base currency, after disallowance; None where the regime has none, or where a part is unknown.

    `unknown` counts the rows whose gain or term is unknown, `disallowed` is positive.
    """

    gain: Decimal | None
    short: Decimal | None = None
    long: Decimal | None = None
    disallowed: Decimal | None = None
    unknown: int = 0


class Netted(Struct, frozen=True):
    """One year of an individual: net gains after losses brought forward, what other income may be reduced by, and
    the losses (positive) carried to the next year, each with its character."""

    year: int
    short: Decimal
    long: Decimal
    deducted: Decimal
    carried_short: Decimal
    carried_long: Decimal


def counted(gain: Gain) -> Decimal | None:
    """The gain that counts: what was disallowed of a loss is no loss."""
    return None if gain.gain is None else gain.gain + (gain.disallowed or ZERO)


def totals(rows: Iterable[Gain], tax: Tax) -> Totals:
    """The sums of `rows`."""
    rows = list(rows)
    us = tax.regime == "us"
    unknown = sum(counted(row) is None or (us and row.term is None) for row in rows)
    known = [figure for figure in map(counted, rows) if figure is not None]
    gain = sum(known, ZERO) if len(known) == len(rows) else None
    if not us:
        return Totals(gain, unknown=unknown)
    of_term = {term: [counted(r) or ZERO for r in rows if r.term == term] for term in ("short", "long")}
    disallowed = sum((row.disallowed or ZERO for row in rows), ZERO)
    if unknown:
        return Totals(gain, disallowed=disallowed, unknown=unknown)
    return Totals(gain, sum(of_term["short"], ZERO), sum(of_term["long"], ZERO), disallowed)


def net(year: int, short: Decimal, long: Decimal, before: tuple[Decimal, Decimal], limit: Decimal) -> Netted:
    """One year: `short` and `long` gains, losses brought forward (positive), at most `limit` against other income.

    Short-term and long-term are netted first each by itself, then against each other; what other income takes is
    short-term first. Source: IRC 1211(b), 1212(b); Schedule D and its Capital Loss Carryover Worksheet.
    """
    short, long = short - before[0], long - before[1]
    left_short, left_long = max(-short, ZERO), max(-long, ZERO)
    left_short, left_long = max(left_short - max(long, ZERO), ZERO), max(left_long - max(short, ZERO), ZERO)
    deducted = min(left_short + left_long, limit)
    from_short = min(left_short, deducted)
    return Netted(year, short, long, deducted, left_short - from_short, left_long - (deducted - from_short))


def by_year(rows: Sequence[Gain], tax: Tax, last: int) -> list[Netted]:
    """The years from the first sale to `last`, each with what those before left; ends where one is unknown."""
    if tax.regime != "us" or not rows:
        return []
    of_year: dict[int, list[Gain]] = {}
    for row in rows:
        of_year.setdefault(row.sold.year, []).append(row)
    found: list[Netted] = []
    before = (tax.carried_short, tax.carried_long)
    for year in range(min(of_year), max(last, *of_year) + 1):
        sums = totals(of_year.get(year, []), tax)
        if sums.short is None or sums.long is None:
            break
        found.append(net(year, sums.short, sums.long, before, tax.loss_limit))
        before = found[-1].carried_short, found[-1].carried_long
    return found


def gains_json(rows: Sequence[Gain], tax: Tax, base_currency: str, year: int | None = None) -> dict[str, Any]:
    """What `ledger gains` prints; with `year` of that year only."""
    shown = [row for row in rows if year is None or row.sold.year == year]
    sums = totals(shown, tax)
    years = [one for one in by_year(rows, tax, year or 0) if year is None or one.year == year]
    return {
        "schema": SCHEMA,
        "base_currency": base_currency,
        "regime": tax.regime,
        "year": year,
        "gains": [gain_json(row) for row in shown],
        "totals": {
            "short": _amount(sums.short),
            "long": _amount(sums.long),
            "disallowed": _amount(sums.disallowed),
            "gain": _amount(sums.gain),
            "unknown": sums.unknown,
        },
        "years": [
            {
                "year": one.year,
                "short": amount(one.short),
                "long": amount(one.long),
                "deducted": amount(one.deducted),
                "carried_short": amount(one.carried_short),
                "carried_long": amount(one.carried_long),
            }
            for one in years
        ],
    }


def gain_json(row: Gain) -> dict[str, Any]:
    """One row: base currency, and beside it the asset's."""
    return {
        "seq": row.seq,
        "symbol": row.symbol,
        "acquired": None if row.acquired is None else row.acquired.isoformat(),
        "sold": row.sold.isoformat(),
        "quantity": plain(row.quantity),
        "proceeds": _amount(row.proceeds),
        "basis": _amount(row.basis),
        "gain": _amount(row.gain),
        "term": row.term,
        "disallowed": _amount(row.disallowed),
        "currency": row.currency,
        "native_proceeds": amount(row.native_proceeds),
        "native_basis": _amount(row.native_basis),
    }


def _amount(number: Decimal | None) -> str | None:
    return None if number is None else amount(number)
