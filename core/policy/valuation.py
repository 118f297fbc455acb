"""What the book is worth by the quotes, line by line: values, weights, drifts and the state of each holding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from core.book.book import Book, Position
from core.market.quotes import Quote, QuoteBoard
from core.market.trust import Trust
from core.money import ONE, ZERO
from core.policy.rates import CERTAIN, Rate, joined, rates_of
from core.portfolio.bands import edges
from core.portfolio.model import Asset, Portfolio, RelativeBand
from core.rules import bands as rules

State = Literal["below", "near_lower", "inside", "near_upper", "above", "untargeted", "outside", "unpriced"]
_STATES: Final[dict[int, State]] = {
    rules.BELOW: "below",
    rules.NEAR_LOWER: "near_lower",
    rules.INSIDE: "inside",
    rules.NEAR_UPPER: "near_upper",
    rules.ABOVE: "above",
}


class Line(Struct, frozen=True):
    """One asset as it stands. Weights are fractions of the portfolio; None where unknown.

    `value` is in base currency, `rate` base currency per unit of the asset's. `trust` is that in both the price and
    the rate, `price_trust` and `rate_trust` are those in each. `target`, `lower`, `upper` are those of the band;
    `destination` is the weight to which a breach is traded, None unless the line is below or above.
    """

    asset: Asset
    quantity: Decimal
    state: State | None  # None while the portfolio's value, and so every weight, is unknown
    trust: Trust
    quote: Quote | None = None
    position: Position | None = None
    value: Decimal | None = None
    weight: float | None = None
    target: float | None = None
    drift: float | None = None
    lower: float | None = None
    upper: float | None = None
    destination: float | None = None
    rate: Decimal | None = ONE
    price_trust: Trust | None = None  # None: as `trust`
    rate_trust: Trust = CERTAIN

    @property
    def symbol(self) -> str:
        """The feed's symbol."""
        return self.asset.symbol

    @property
    def price(self) -> Decimal | None:
        """The quote's price per unit, in the asset's currency."""
        return self.quote.price if self.quote else None

    @property
    def base_price(self) -> Decimal | None:
        """The price per unit in base currency; None if the price or the rate is unknown."""
        return None if self.price is None or self.rate is None else self.price * self.rate

    @property
    def day_change(self) -> float | None:
        """The price against the previous close, as a fraction."""
        if self.quote is None or not self.quote.price or not self.quote.previous_close:
            return None
        return float(self.quote.price / self.quote.previous_close - 1)

    @property
    def breached(self) -> bool:
        """Whether it stands outside its band."""
        return self.state in ("below", "above")


class CashLine(Struct, frozen=True):
    """Cash as a line of the portfolio; `lower`, `upper` and a state other than `inside` only if it has a band.

    `value` is that of all balances in base currency, None if the rate of any is unknown; `worth` is the value of
    each whose rate is known.
    """

    value: Decimal | None
    balances: dict[str, Decimal]
    target: float = 0.0
    weight: float | None = None
    drift: float | None = None
    lower: float | None = None
    upper: float | None = None
    state: State | None = "inside"
    destination: float | None = None
    worth: dict[str, Decimal] = {}

    @property
    def breached(self) -> bool:
        """Whether it stands outside its band."""
        return self.state in ("below", "above")


class Valuation(Struct, frozen=True):
    """The whole book valued. `value`, `drift` and all weights are None if a held asset has no price at all.

    `rates` are those of every other currency of an asset or a balance, by currency.
    """

    lines: tuple[Line, ...]
    cash: CashLine
    value: Decimal | None
    drift: float | None
    day_change: Decimal | None  # of the value, in base currency; None if any previous close it takes is unknown
    rates: dict[str, Rate] = {}

    @property
    def breached(self) -> bool:
        """Whether anything, cash included, stands outside its band."""
        return self.cash.breached or any(line.breached for line in self.lines)

    def line(self, symbol: str) -> Line | None:
        """The line of `symbol`, if the file has it."""
        return next((line for line in self.lines if line.symbol == symbol), None)


def value_book(portfolio: Portfolio, book: Book, board: QuoteBoard, trusts: Mapping[str, Trust]) -> Valuation:
    """Every asset of the file and its cash, valued by the board's quotes; weights only if all held are priced."""
    balances = [currency for currency, balance in book.cash.items() if balance]
    currencies = [asset.currency for asset in portfolio.assets] + balances
    rates = rates_of(currencies, portfolio.base_currency, board, trusts)
    lines = [
        _priced(
            asset,
            book.positions.get(asset.symbol),
            board.get(asset.symbol),
            trusts[asset.symbol],
            rates.get(asset.currency),
        )
        for asset in portfolio.assets
    ]
    counted = [line for line in lines if not line.asset.outside]
    cash = _cash(book.cash, rates, portfolio)
    values = [cash.value, *(line.value for line in counted)]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Valuation(tuple(lines), cash, None, None, None, rates)
    total = sum(known, ZERO)
    change = _day_change(counted, cash, rates)
    if total <= 0:
        return Valuation(tuple(lines), cash, total, None, change, rates)
    weighed = tuple(_weighed(line, total, portfolio) for line in lines)
    cash = _weighed_cash(cash, total, portfolio)
    return Valuation(weighed, cash, total, _drift(weighed, cash, portfolio), change, rates)


def after_trades(
    valuation: Valuation, portfolio: Portfolio, moved: Mapping[str, Decimal], cash: Decimal
) -> Valuation:
    """The book at the same prices after trades: `moved` units by symbol, and `cash` in base currency added."""
    if valuation.cash.value is None or valuation.value is None:
        return valuation
    lines = []
    for line in valuation.lines:
        units = moved.get(line.symbol, ZERO)
        value = line.value
        if units and line.base_price is not None:
            value = (line.quantity + units) * line.base_price
        state = line.state if line.state in ("outside", "unpriced", "untargeted") else None
        lines.append(replace(line, quantity=line.quantity + units, value=value, state=state))
    own = replace(valuation.cash, value=valuation.cash.value + cash)
    values = [line.value or ZERO for line in lines if not line.asset.outside]
    total = sum(values, own.value or ZERO)
    if total <= 0:
        return Valuation(tuple(lines), own, total, None, None, valuation.rates)
    weighed = tuple(_weighed(line, total, portfolio) for line in lines)
    own = _weighed_cash(own, total, portfolio)
    return Valuation(weighed, own, total, _drift(weighed, own, portfolio), None, valuation.rates)


def _cash(balances: Mapping[str, Decimal], rates: Mapping[str, Rate], portfolio: Portfolio) -> CashLine:
    worth: dict[str, Decimal] = {}
    for currency, balance in balances.items():
        rate = rates[currency].price if balance and currency in rates else ONE
        if rate is not None:
            worth[currency] = balance * rate
    value = sum(worth.values(), ZERO) if len(worth) == len(balances) else None
    return CashLine(value, dict(balances), portfolio.cash.target, state=None, worth=worth)


def _priced(asset: Asset, position: Position | None, quote: Quote | None, own: Trust, rate: Rate | None) -> Line:
    quantity = position.quantity if position else ZERO
    trust = joined(own, rate)
    exchange = rate.price if rate else ONE
    state: State | None = None
    if asset.outside:
        state = "outside"
    elif not trust.usable:
        state = "unpriced"
    elif not asset.targeted:
        state = "untargeted"
    value: Decimal | None = None
    if trust.usable and quote is not None and quote.price is not None and exchange is not None:
        value = quantity * quote.price * exchange
    elif not quantity:
        value = ZERO
    return Line(
        asset,
        quantity,
        state,
        trust,
        quote if own.usable else None,
        position,
        value,
        rate=exchange,
        price_trust=own,
        rate_trust=rate.trust if rate else CERTAIN,
    )


def _weighed(line: Line, total: Decimal, portfolio: Portfolio) -> Line:
    asset = line.asset
    if asset.outside or line.value is None:
        return line
    weight = float(line.value / total)
    if not asset.targeted:
        return replace(line, weight=weight)
    target = asset.target if asset.target is not None else float((asset.target_value or ZERO) / total)
    if target == 0.0:
        held = line.quantity >= asset.step
        lower, upper = 0.0, 0.0
        state: State = "above" if held else "inside"
    else:
        lower, upper = _edges(asset, target)
        state = _STATES[rules.state(weight, target, lower, upper, portfolio.policy.near)]
    if line.state == "unpriced":
        state = "unpriced"
    destination = None
    if state in ("below", "above"):
        destination = rules.destination(target, lower if state == "below" else upper, asset.destination)
    return replace(
        line,
        weight=weight,
        target=target,
        drift=weight - target,
        lower=lower,
        upper=upper,
        state=state,
        destination=destination,
    )


def _edges(asset: Asset, target: float) -> tuple[float, float]:
    if asset.target_value is not None:
        # A band around a value: it may be worth more than the whole portfolio, so nothing is clipped.
        band = asset.band
        assert isinstance(band, RelativeBand), "the file allows no other kind"
        return target * (1.0 - band.lower_width), target * (1.0 + band.upper_width)
    assert asset.band is not None, "a targeted asset has a band"
    return edges(asset.band, target)


def _weighed_cash(cash: CashLine, total: Decimal, portfolio: Portfolio) -> CashLine:
    assert cash.value is not None, "a book with a value knows that of its cash"
    weight = float(cash.value / total)
    target = portfolio.cash.target
    line = replace(cash, weight=weight, drift=weight - target, state="inside")
    if portfolio.cash.band is None:
        return line
    lower, upper = edges(portfolio.cash.band, target)
    state = _STATES[rules.state(weight, target, lower, upper, portfolio.policy.near)]
    destination = None
    if state in ("below", "above"):
        destination = rules.destination(target, lower if state == "below" else upper, portfolio.policy.destination)
    return replace(line, lower=lower, upper=upper, state=state, destination=destination)


def _drift(lines: tuple[Line, ...], cash: CashLine, portfolio: Portfolio) -> float | None:
    if not portfolio.has_targets:
        return None
    drifts = [abs(line.weight - (line.target or 0.0)) for line in lines if line.weight is not None]
    if not portfolio.fixed_value:
        drifts.append(abs(cash.drift or 0.0))
    return math.fsum(drifts) / 2


def _day_change(lines: list[Line], cash: CashLine, rates: Mapping[str, Rate]) -> Decimal | None:
    """How much more everything is worth than at the previous closes of prices and rates."""
    change = ZERO
    for line in lines:
        if not line.quantity:
            continue
        before = line.quote.previous_close if line.quote else None
        rate = rates.get(line.asset.currency)
        rate_before = rate.previous if rate else ONE
        if line.value is None or before is None or rate_before is None:
            return None
        change += line.value - line.quantity * before * rate_before
    for currency, balance in cash.balances.items():
        if balance and currency in rates:
            rate_before = rates[currency].previous
            if rate_before is None:
                return None
            change += cash.worth[currency] - balance * rate_before
    return change
