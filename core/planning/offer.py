"""Makes one trade a proposal: its id, its lots, its weights, its verdict."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final

from core.book.choosing import Sale, take
from core.book.entries import EntryLot, Side
from core.costs.model import TradeCosts
from core.planning.guards import blocks
from core.planning.proposal import GuardResult, Proposal, Tax, WorthIt
from core.policy.valuation import Line
from core.portfolio.model import Portfolio

UNKNOWN_TAX: Final = Tax()


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
    price: Decimal | None = None,
) -> Proposal:
    """One trade as a proposal, at `price` if it was not made at the quote's.

    `value_after` is the portfolio's value after the fees of the whole plan; holdings stay valued at the quote.
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
    lots: tuple[EntryLot, ...] = ()
    if side == "sell" and line.position is not None:
        lots = take(line.position.lots, Sale(quantity, price, costs.cash))
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
        tax=UNKNOWN_TAX,
        worth_it=WorthIt(costs.total * rate),
        guards=guards,
        verdict="blocked" if blocks(guards) else "propose",
        quote=quote,
        rate=rate,
    )
