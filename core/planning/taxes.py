"""What a sale would realise and cost in tax: the lots it would take, its gains by term, what waiting would save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from core.book.choosing import Sale, in_base, take, take_named
from core.book.entries import EntryLot, Method
from core.book.holding import LossNearby, Position
from core.book.lots import HeldLot, basis_of, share, to_grid
from core.book.terms import first_long_day
from core.book.wash import WINDOW_DAYS
from core.money import ZERO, amount, plain
from core.planning.proposal import GuardResult, Tax, Waiting
from core.policy.valuation import Line
from core.portfolio.model import Portfolio
from core.portfolio.model import Tax as Rules

Kind = Literal["any", "loss", "long"]  # which lots may be sold

UNKNOWN: Final = Tax()


class Disallowed(NamedTuple):
    """How much of a sale's loss purchases near it disallow: units, a positive amount in base currency, the last of
    their days."""

    units: Decimal
    loss: Decimal
    bought: date


class Realised(NamedTuple):
    """What one part of a sale would realise in base currency; None if unknown."""

    part: EntryLot
    gain: Decimal | None


def method_of(line: Line, portfolio: Portfolio) -> Method:
    """The method by which a sale of the line takes its lots."""
    method = portfolio.tax.method
    return "fifo" if method == "average" and not portfolio.tax.averages(line.asset) else method


def lots_sold(line: Line, sale: Sale, portfolio: Portfolio, kind: Kind = "any") -> tuple[EntryLot, ...]:
    """The parts of the lots of `kind` that `sale` would take by the portfolio's method."""
    if line.position is None or sale.day is None:
        return ()
    lots = sellable(line, sale.price, portfolio, sale.day, kind)
    return take(lots, sale, method_of(line, portfolio))


def named_lots(line: Line, lots: Sequence[EntryLot], sale: Sale) -> tuple[EntryLot, ...]:
    """The parts that `lots` name, with their gains."""
    return take_named(line.position.lots if line.position else (), lots, sale)


def sellable(line: Line, price: Decimal, portfolio: Portfolio, day: date, kind: Kind) -> tuple[HeldLot, ...]:
    """The lots of a line that may be sold: all, those at a loss, or those held long-term."""
    lots = line.position.lots if line.position else ()
    if kind == "any":
        return lots
    if kind == "long":
        return tuple(lot for lot in lots if lot.held_since is not None and first_long_day(lot.held_since) <= day)
    worth = price * line.rate if line.rate is not None else None
    return tuple(lot for lot in lots if lot.base_price is not None and worth is not None and worth < lot.base_price)


def tax_of(line: Line, lots: Sequence[EntryLot], sale: Sale, portfolio: Portfolio) -> Tax:
    """The gains of a sale that takes `lots`, and the tax on them by the portfolio's rates; a loss saves as much.

    A loss that purchases near it disallow saves nothing now. Under `uk` the gain is that against the pool: what is
    bought in the next 30 days may still change it.
    """
    rules = portfolio.tax
    if rules.regime == "none" or not lots or sale.day is None:
        return UNKNOWN
    if rules.regime == "uk":
        gain = _pool_gain(line, sale)
        return Tax(gain=gain, estimated=None if gain is None else to_cents(gain * rules.long_rate))
    realised = realised_by(lots, sale, line)
    lost = disallowed(line, realised, sale.day, rules)
    short = _sum(realised, "short", lost)
    long = _sum(realised, "long", lost)
    if short is None or long is None or any(one.part.term is None for one in realised):
        return UNKNOWN
    estimated = short * rules.short_rate + long * rules.long_rate
    return Tax(short, long, to_cents(estimated), short + long, _waiting(realised, sale.day, rules))


def realised_by(lots: Iterable[EntryLot], sale: Sale, line: Line) -> list[Realised]:
    """What each part realises in base currency, each leg at its own day's rate."""
    rates = {(lot.key, lot.price): lot.rate for lot in (line.position.lots if line.position else ())}
    by_key = {lot.key: lot.rate for lot in (line.position.lots if line.position else ())}
    found = []
    for part in lots:
        basis = basis_of(part.quantity, part.price)
        cost = in_base(basis, rates.get((part.lot, part.price), by_key.get(part.lot)))
        brought = None if part.gain is None or basis is None else in_base(part.gain + basis, sale.rate)
        found.append(Realised(part, None if cost is None or brought is None else brought - cost))
    return found


def disallowed(line: Line, realised: Sequence[Realised], day: date, rules: Rules) -> dict[int, Disallowed]:
    """By part: what purchases of the 30 days before `day`, still held after the sale, would disallow of a loss."""
    if not rules.washes or line.position is None:
        return {}
    first = day - timedelta(days=WINDOW_DAYS)
    sold: dict[str, Decimal] = {}
    for one in realised:
        sold[one.part.lot] = sold.get(one.part.lot, ZERO) + one.part.quantity
    near = [
        lot for lot in (*line.position.lots, *line.position.elsewhere)
        if lot.purchased and not lot.absorbed and lot.acquired is not None and first <= lot.acquired <= day
    ]  # fmt: skip
    free = {id(lot): lot.quantity for lot in near}
    for lot in near:
        if lot in line.position.lots:
            free[id(lot)] = max(lot.quantity - sold.get(lot.key, ZERO), ZERO)
    found: dict[int, Disallowed] = {}
    for number, one in enumerate(realised):
        if one.gain is None or one.gain >= 0:
            continue
        units = ZERO
        last = date.min
        for lot in near:
            own = lot.key == one.part.lot and lot in line.position.lots
            taken = ZERO if own else min(free[id(lot)], one.part.quantity - units)
            if taken > 0:
                free[id(lot)] -= taken
                units += taken
                last = max(last, lot.acquired or last)
        if units:
            found[number] = Disallowed(units, share(-one.gain, units, one.part.quantity), last)
    return found


def wash_guard(
    line: Line, side: str, lots: Sequence[EntryLot], sale: Sale, portfolio: Portfolio
) -> GuardResult | None:
    """Whether a loss would be disallowed by this sale or this purchase; None where that is not watched."""
    rules, day = portfolio.tax, sale.day
    if not rules.washes or day is None:
        return None
    verdict: Literal["warn", "block"] = "block" if rules.wash_sales == "block" else "warn"
    if side == "sell":
        lost = disallowed(line, realised_by(lots, sale, line), day, rules)
        if not lost:
            return GuardResult("wash_sale", "pass", "no loss that a purchase of the last 30 days disallows")
        loss, last = sum((one.loss for one in lost.values()), ZERO), max(one.bought for one in lost.values())
        units, clear = sum((one.units for one in lost.values()), ZERO), last + timedelta(days=WINDOW_DAYS + 1)
        detail = f"a loss of {amount(to_cents(loss))} on {plain(units)} would be disallowed: bought {last}"
        return GuardResult("wash_sale", verdict, f"{detail}; from {clear} on it counts")
    near = open_losses(line.position, day)
    if not near:
        return GuardResult("wash_sale", "pass", "no sale at a loss in the last 30 days")
    left, loss = sale.quantity, ZERO
    for one in near:
        units = min(one.quantity, left)
        left -= units
        loss += share(one.amount, units, one.quantity) if units else ZERO
    until = max(one.until for one in near)
    detail = f"it would disallow a loss of {amount(to_cents(loss))} from the sale of {near[0].day}"
    return GuardResult("wash_sale", verdict, f"{detail}; from {until + timedelta(days=1)} on it would not")


def open_losses(position: Position | None, day: date) -> tuple[LossNearby, ...]:
    """The losses that a purchase on `day` would disallow."""
    return tuple(one for one in (position.losses if position else ()) if one.day <= day <= one.until)


def to_cents(number: Decimal) -> Decimal:
    """An estimate, rounded to the cent."""
    return round(number, 2)


def _sum(realised: Sequence[Realised], term: str, lost: dict[int, Disallowed]) -> Decimal | None:
    total = ZERO
    for number, one in enumerate(realised):
        if one.part.term != term:
            continue
        if one.gain is None:
            return None
        total += one.gain + (lost[number].loss if number in lost else ZERO)
    return total


def _pool_gain(line: Line, sale: Sale) -> Decimal | None:
    """What a sale out of the pool realises in base currency."""
    pool = line.position.pool if line.position else None
    if pool is None or pool.base_cost is None or not pool.quantity or sale.rate is None:
        return None
    units = min(sale.quantity, pool.quantity)
    return to_grid(sale.proceeds * sale.rate) - share(pool.base_cost, units, pool.quantity)


def _waiting(realised: Sequence[Realised], day: date, rules: Rules) -> tuple[Waiting, ...]:
    """By when short-term gains become long-term, and what each would save then."""
    saved: dict[date, Decimal] = {}
    for one in realised:
        if one.part.term == "short" and one.gain is not None and one.gain > 0 and one.part.acquired is not None:
            first = first_long_day(one.part.acquired)
            saved[first] = saved.get(first, ZERO) + one.gain * (rules.short_rate - rules.long_rate)
    return tuple(
        Waiting((first - day).days, first, to_cents(saves)) for first, saves in sorted(saved.items()) if saves > 0
    )
