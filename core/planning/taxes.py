"""What a sale would realise and cost in tax: the lots it would take, its gains by term, what waiting would save."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal

from core.book.choosing import Sale, averaged, take, take_named
from core.book.entries import EntryLot, Method
from core.book.foresight import foreseen
from core.book.gains import totals
from core.book.holding import LossNearby, Position
from core.book.lots import HeldLot, share, to_grid
from core.book.terms import first_long_day
from core.book.wash import WINDOW_DAYS, Gain
from core.money import ZERO, amount, plain
from core.planning.proposal import GuardResult, Tax, Waiting
from core.policy.valuation import Line
from core.portfolio.model import Portfolio
from core.portfolio.model import Tax as Rules

Kind = Literal["any", "loss", "long"]  # which lots may be sold

UNKNOWN: Final = Tax()


def method_of(line: Line, portfolio: Portfolio) -> Method:
    """The method by which a sale of the line takes its lots."""
    method = portfolio.tax.method
    return "fifo" if method == "average" and not portfolio.tax.averages(line.asset) else method


def lots_sold(line: Line, sale: Sale, portfolio: Portfolio, kind: Kind = "any") -> tuple[EntryLot, ...]:
    """The parts of the lots of `kind` that `sale` would take by the portfolio's method."""
    if line.position is None or sale.day is None:
        return ()
    lots = sellable(line, sale.price, portfolio, sale.day, kind)
    of_day = [lot for lot in lots if lot.opening or lot.acquired is None or lot.acquired <= sale.day]
    enough = sum((lot.quantity for lot in of_day), ZERO) >= sale.quantity
    return take(of_day if enough else lots, sale, method_of(line, portfolio))


def named_lots(line: Line, lots: Sequence[EntryLot], sale: Sale) -> tuple[EntryLot, ...]:
    """The parts that `lots` name, with their gains."""
    return take_named(line.position.lots if line.position else (), lots, sale)


def sellable(line: Line, price: Decimal, portfolio: Portfolio, day: date, kind: Kind) -> tuple[HeldLot, ...]:
    """The lots of a line that may be sold: all, those at a loss, or those held long-term."""
    lots = line.position.lots if line.position else ()
    if kind == "any":
        return lots
    if method_of(line, portfolio) == "average":
        lots = tuple(averaged(lots))
    if kind == "long":
        return tuple(lot for lot in lots if lot.held_since is not None and first_long_day(lot.held_since) <= day)
    worth = price * line.rate if line.rate is not None else None
    return tuple(lot for lot in lots if lot.base_price is not None and worth is not None and worth < lot.base_price)


def gains_of(line: Line, lots: Sequence[EntryLot], sale: Sale, method: Method) -> tuple[Gain, ...]:
    """What a sale that takes `lots` would realise, as `ledger gains` would have it; none without a regime."""
    if line.position is None or not lots or sale.tax.regime == "none":
        return ()
    return foreseen(line.position, lots, sale, method)


def tax_of(line: Line, gains: Sequence[Gain], sale: Sale, portfolio: Portfolio) -> Tax:
    """The `gains` of a sale by term, and the tax on them by the portfolio's rates; a loss saves as much.

    A loss that purchases near it disallow saves nothing now. Under `uk` the gain is that against what was bought on
    the same day and the pool: what is bought in the next 30 days may still change it.
    """
    rules = portfolio.tax
    if rules.regime == "none" or not gains or sale.day is None:
        return UNKNOWN
    if rules.regime == "uk":
        gain = _pool_gain(line, sale)
        return Tax(gain=gain, estimated=None if gain is None else to_cents(gain * rules.long_rate))
    sums = totals(gains, rules)
    if sums.short is None or sums.long is None:
        return UNKNOWN
    estimated = sums.short * rules.short_rate + sums.long * rules.long_rate
    return Tax(sums.short, sums.long, to_cents(estimated), sums.gain, _waiting(gains, sale.day, rules))


def wash_guard(
    line: Line, side: str, gains: Sequence[Gain], sale: Sale, portfolio: Portfolio
) -> GuardResult | None:
    """Whether a loss would be disallowed by this sale, which realises `gains`, or by this purchase; None where that
    is not watched."""
    rules, day = portfolio.tax, sale.day
    if not rules.washes or day is None:
        return None
    verdict: Literal["warn", "block"] = "block" if rules.wash_sales == "block" else "warn"
    if side == "sell" and rules.regime == "none":
        return None
    if side == "sell":
        lost = [row for row in gains if row.disallowed]
        if not lost:
            return GuardResult("wash_sale", "pass", "no loss that a purchase of the last 30 days disallows")
        loss, units = sum((row.disallowed or ZERO for row in lost), ZERO), sum((row.replaced for row in lost), ZERO)
        last = max(row.replaced_on for row in lost if row.replaced_on is not None)
        detail = f"a loss of {amount(to_cents(loss))} on {plain(units)} would be disallowed: bought {last}"
        return GuardResult(
            "wash_sale", verdict, f"{detail}; from {last + timedelta(days=WINDOW_DAYS + 1)} on it counts"
        )
    near = open_losses(line.position, day)
    if not near:
        return GuardResult("wash_sale", "pass", "no sale at a loss in the last 30 days")
    left, said = sale.quantity, []
    for one in near:
        units = min(one.quantity, left)
        left -= units
        if units:
            loss_of_it = amount(to_cents(share(one.amount, units, one.quantity)))
            said.append((loss_of_it, one.day, one.until + timedelta(days=1)))
    losses = " and ".join(f"{loss} from the sale of {sold}" for loss, sold, _ in said)
    free = max(until for *_, until in said)
    gone = " for good, in a taxed ledger of its wash group" if rules.regime == "none" else ""
    detail = f"it would disallow a loss of {losses}{gone}; from {free} on it would not"
    return GuardResult("wash_sale", verdict, detail)


def open_losses(position: Position | None, day: date) -> tuple[LossNearby, ...]:
    """The losses that a purchase on `day` would disallow."""
    return tuple(one for one in (position.losses if position else ()) if one.day <= day <= one.until)


def to_cents(number: Decimal) -> Decimal:
    """An estimate, rounded to the cent."""
    return round(number, 2)


def _pool_gain(line: Line, sale: Sale) -> Decimal | None:
    """What a sale out of the pool realises in base currency."""
    pool = line.position.pool if line.position else None
    if pool is None or not pool.quantity or sale.rate is None or sale.day is None:
        return None
    cost = pool.base_cost_of(min(sale.quantity, pool.quantity), sale.day)
    return None if cost is None else to_grid(sale.proceeds * sale.rate) - cost


def _waiting(gains: Sequence[Gain], day: date, rules: Rules) -> tuple[Waiting, ...]:
    """By when short-term gains become long-term, and what each would save then."""
    saved: dict[date, Decimal] = {}
    for row in gains:
        if row.term == "short" and row.gain is not None and row.gain > 0 and row.acquired is not None:
            first = first_long_day(row.acquired)
            saved[first] = saved.get(first, ZERO) + row.gain * (rules.short_rate - rules.long_rate)
    return tuple(
        Waiting((first - day).days, first, to_cents(saves)) for first, saves in sorted(saved.items()) if saves > 0
    )
