"""A micro-trade that is proposed, with everything that its user needs to judge it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from core.book.entries import EntryLot, Side
from core.costs.model import TradeCosts
from core.market.quotes import Quote
from core.money import ONE
from core.planning.payment import Payment

Verdict = Literal["propose", "not_worth_it", "blocked", "snoozed"]


class GuardResult(Struct, frozen=True, gc=False):
    """What one guard says of a trade, with its numbers."""

    name: str
    verdict: Literal["pass", "warn", "block"]
    detail: str


class Waiting(Struct, frozen=True, gc=False):
    """In `days`, on `day`, short-term gains of the sale would be long-term, which `saves` tax, in base currency."""

    days: int
    day: date
    saves: Decimal


class Tax(Struct, frozen=True, gc=False):
    """Gains that the sale would realise and the tax on them, in base currency; None where not computed.

    Gains are after what a wash sale would disallow; `gain` is that of all terms.
    """

    short_gain: Decimal | None = None
    long_gain: Decimal | None = None
    estimated: Decimal | None = None
    gain: Decimal | None = None
    waiting: tuple[Waiting, ...] = ()


class WorthIt(Struct, frozen=True, gc=False):
    """Risk removed against what it costs, in base currency; benefit and verdict None without a covariance."""

    cost: Decimal
    benefit: Decimal | None = None
    verdict: bool | None = None


class Proposal(Struct, frozen=True):
    """One proposed trade. Price, value and costs are in `currency`; weights are fractions of the portfolio."""

    id: str
    side: Side
    symbol: str
    quantity: Decimal
    price: Decimal
    value: Decimal
    currency: str
    reason: str
    weight_before: float
    weight_after: float
    costs: TradeCosts
    lots: tuple[EntryLot, ...]  # what a sale would take; empty for a buy
    tax: Tax
    worth_it: WorthIt
    guards: tuple[GuardResult, ...]
    verdict: Verdict
    quote: Quote  # what it was made from
    rate: Decimal = ONE  # base currency per unit of `currency`
    snoozed_until: datetime | None = None
    chosen: bool = False  # whether its user named the lots

    @property
    def base_value(self) -> Decimal:
        """What is traded, in base currency."""
        return self.value * self.rate

    @property
    def foreign(self) -> bool:
        """Whether it is in another currency than the portfolio."""
        return self.rate != ONE

    @property
    def seen_rate(self) -> Decimal | None:
        """The rate that its user looks at; None where there is none to look at."""
        return self.rate if self.foreign else None

    @property
    def payment(self) -> Payment:
        """What it moves."""
        charged = self.costs.commission + self.costs.fees
        return Payment(self.side, self.currency, self.rate, self.value, charged, self.costs.expected)
