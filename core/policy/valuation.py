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
from core.money import ZERO
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

    `value` is in base currency. `target`, `lower`, `upper` are those of the band; `destination` is the weight to
    which a breach is traded, None unless the line is below or above.
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

    @property
    def symbol(self) -> str:
        """The feed's symbol."""
        return self.asset.symbol

    @property
    def price(self) -> Decimal | None:
        """The quote's price per unit, in the asset's currency."""
        return self.quote.price if self.quote else None

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
    """Cash as a line of the portfolio; `lower`, `upper` and a state other than `inside` only if it has a band."""

    value: Decimal
    balances: dict[str, Decimal]
    target: float = 0.0
    weight: float | None = None
    drift: float | None = None
    lower: float | None = None
    upper: float | None = None
    state: State | None = "inside"
    destination: float | None = None

    @property
    def breached(self) -> bool:
        """Whether it stands outside its band."""
        return self.state in ("below", "above")


class Valuation(Struct, frozen=True):
    """The whole book valued. `value`, `drift` and all weights are None if a held asset has no price at all."""

    lines: tuple[Line, ...]
    cash: CashLine
    value: Decimal | None
    drift: float | None
    day_change: Decimal | None  # of the value, in base currency; None if any held line lacks a previous close

    @property
    def breached(self) -> bool:
        """Whether anything, cash included, stands outside its band."""
        return self.cash.breached or any(line.breached for line in self.lines)

    def line(self, symbol: str) -> Line | None:
        """The line of `symbol`, if the file has it."""
        return next((line for line in self.lines if line.symbol == symbol), None)


def value_book(portfolio: Portfolio, book: Book, board: QuoteBoard, trusts: Mapping[str, Trust]) -> Valuation:
    """Every asset of the file and its cash, valued by the board's quotes; weights only if all held are priced."""
    lines = [
        _priced(asset, book.positions.get(asset.symbol), board.get(asset.symbol), trusts[asset.symbol])
        for asset in portfolio.assets
    ]
    counted = [line for line in lines if not line.asset.outside]
    balance = book.cash.get(portfolio.base_currency, ZERO)
    cash = CashLine(balance, dict(book.cash), portfolio.cash.target, state=None)
    values = [line.value for line in counted]
    if any(value is None for value in values):
        return Valuation(tuple(lines), cash, None, None, None)
    total = sum((value for value in values if value is not None), balance)
    change = _day_change(counted)
    if total <= 0:
        return Valuation(tuple(lines), cash, total, None, change)
    weighed = tuple(_weighed(line, total, portfolio) for line in lines)
    cash = _weighed_cash(cash, total, portfolio)
    return Valuation(weighed, cash, total, _drift(weighed, cash, portfolio), change)


def _priced(asset: Asset, position: Position | None, quote: Quote | None, trust: Trust) -> Line:
    quantity = position.quantity if position else ZERO
    state: State | None = None
    if asset.outside:
        state = "outside"
    elif not trust.usable:
        state = "unpriced"
    elif not asset.targeted:
        state = "untargeted"
    value: Decimal | None = None
    if trust.usable and quote is not None and quote.price is not None:
        value = quantity * quote.price
    elif not quantity:
        value = ZERO
    return Line(asset, quantity, state, trust, quote if trust.usable else None, position, value)


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


def _day_change(lines: list[Line]) -> Decimal | None:
    change = ZERO
    for line in lines:
        if not line.quantity:
            continue
        if line.quote is None or line.quote.price is None or line.quote.previous_close is None:
            return None
        change += line.quantity * (line.quote.price - line.quote.previous_close)
    return change
