"""Makes one trade a proposal: its id, its lots, its weights, its verdict."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal

from core.book.choosing import Sale
from core.book.entries import EntryLot, Side
from core.book.wash import Gain
from core.costs.model import TradeCosts
from core.money import ZERO
from core.planning.guards import blocks
from core.planning.proposal import GuardResult, Proposal, WorthIt
from core.planning.taxes import UNKNOWN, Kind, gains_of, lots_sold, method_of, named_lots, tax_of, wash_guard
from core.policy.valuation import Line
from core.portfolio.model import Portfolio


def proposal_id(portfolio: str, symbol: str, side: str, count: int) -> str:
    """The id of a proposal: the same wherever the same ledger is looked at, used up by recording it."""
    text = "\x1f".join((portfolio, symbol, side, str(count)))
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()


def make_proposal(
    portfolio: Portfolio,
    line: Line,
    side: Side,
    quantity: Decimal,
    costs: TradeCosts,
    value_after: Decimal,
    count: int,
    guards: tuple[GuardResult, ...],
    why: str,
    day: date,
    price: Decimal | None = None,
    lots: tuple[EntryLot, ...] = (),
    kind: Kind = "any",
) -> Proposal:
    """One trade as a proposal on `day`, at `price` if it was not made at the quote's.

    `value_after` is the portfolio's value after the fees of the whole plan; holdings stay valued at the quote. A
    sale takes `lots` if its user named them, else those that its method takes of the `kind` that may be sold.
    """
    quote, weight, rate = line.quote, line.weight, line.rate
    assert quote is not None
    assert quote.price is not None
    assert weight is not None
    assert rate is not None
    signed = quantity if side == "buy" else -quantity
    if price is None:
        price = quote.price
    else:
        value_after -= signed * (price - quote.price) * rate
    chosen, tax = bool(lots), UNKNOWN
    if side == "sell" or portfolio.tax.washes:
        sale = Sale(quantity, price, costs.cash, day, rate, portfolio.tax)
        gains: tuple[Gain, ...] = ()
        if side == "sell":
            lots = named_lots(line, lots, sale) if lots else lots_sold(line, sale, portfolio, kind)
            gains = gains_of(line, lots, sale, "specific" if chosen else method_of(line, portfolio))
            tax = tax_of(line, gains, sale, portfolio)
        watched = wash_guard(line, side, gains, sale, portfolio)
        guards = guards if watched is None else (*guards, watched)
    return Proposal(
        id=proposal_id(portfolio.id, line.symbol, side, count),
        side=side,
        symbol=line.symbol,
        quantity=quantity,
        price=price,
        value=quantity * price,
        currency=line.asset.currency,
        reason=why,
        weight_before=weight,
        weight_after=float((line.quantity + signed) * quote.price * rate / value_after),
        costs=costs,
        lots=lots,
        tax=tax,
        worth_it=WorthIt(costs.total * rate + (tax.estimated or ZERO)),
        guards=guards,
        verdict="blocked" if blocks(guards) else "propose",
        quote=quote,
        rate=rate,
        chosen=chosen,
    )
