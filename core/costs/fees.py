"""Computes the costs of a trade from the portfolio's cost model and the asset's own figures."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from decimal import Context, Decimal
from typing import Final, TypeAlias

from core.costs.model import TradeCosts
from core.costs.regulatory import Side, fee_estimates, regulatory_fees
from core.money import ONE, OUTPUT_DECIMALS, ZERO, rounded
from core.portfolio.model import Asset, Costs
from core.rules import costs as rules

_ROOTS: Final = Context(prec=28)  # digits of a square root: an expectation needs no more, and more are slow


def trade_costs(
    asset: Asset,
    costs: Costs,
    side: Side,
    day: date,
    quantity: Decimal,
    price: Decimal,
    rate: Decimal = ONE,
    fx: Decimal = ZERO,
) -> TradeCosts:
    """The exact costs of buying or selling `quantity` (positive) of `asset` at `price`, in its currency, on `day`.

    `day` is the trade date at the asset's exchange. `rate` is base currency per unit of its currency: the amounts
    of the cost model are in base currency, and are rounded to 12 decimals where their conversion does not end;
    regulatory fees are in the asset's. `fx` is what a conversion costs.
    """
    value = quantity * price
    per_order, per_share, minimum = (_converted(a, rate) for a in (costs.per_order, costs.per_share, costs.minimum))
    details = regulatory_fees(costs.fees, asset, side, day, quantity, value) if costs.fees else ()
    return TradeCosts(
        commission=rules.commission(quantity, value, per_order, per_share, costs.rate, minimum, costs.maximum_rate),
        fees=sum([fee for _, fee in details], ZERO) if details else ZERO,
        spread=rules.half_spread(value, asset.spread),
        impact=_impact(asset, costs, value, rate),
        fx=fx,
        fee_details=details,
    )


def _converted(amount: Decimal, rate: Decimal) -> Decimal:
    return amount if rate == ONE else rounded(amount / rate, OUTPUT_DECIMALS)


Estimate: TypeAlias = Callable[[float], tuple[float, float]]


def cost_estimators(costs: Costs) -> Callable[[Asset, float, float, date], Estimate]:
    """The same costs in float and in base currency, for the planner: for an asset, its price in base currency, its
    rate and the trade date, from a quantity (negative: sold) to (cash, expected). Conversion is not among them."""
    per_order, per_share, rate = float(costs.per_order), float(costs.per_share), float(costs.rate)
    minimum, maximum_rate, coefficient = float(costs.minimum), float(costs.maximum_rate), float(costs.impact)
    free = not (per_order or per_share or rate or minimum)

    def estimator(asset: Asset, price: float, base: float, day: date) -> Estimate:
        spread = float(asset.spread)
        smooth = not (coefficient and asset.average_daily_value and asset.daily_volatility)
        daily_value, volatility = (
            (0.0, 0.0) if smooth else (float(asset.average_daily_value), float(asset.daily_volatility))
        )
        of_buys, of_sales = fee_estimates(costs.fees, asset, day) if costs.fees else ((), ())

        def estimate(quantity: float) -> tuple[float, float]:
            if not quantity:
                return 0.0, 0.0
            fees, quantity = (of_buys, quantity) if quantity > 0 else (of_sales, -quantity)
            value = quantity * price
            cash = expected = 0.0
            if not free:
                cash = rules.commission(quantity, value, per_order, per_share, rate, minimum, maximum_rate)
            if fees:
                cash += rules.levies(quantity, value / base, fees) * base
            if spread:
                expected = rules.half_spread(value, spread)
            if not smooth:
                expected += rules.impact(value, coefficient, volatility, math.sqrt(value / daily_value))
            return cash, expected

        return estimate

    return estimator


def _impact(asset: Asset, costs: Costs, value: Decimal, rate: Decimal) -> Decimal | None:
    if not costs.impact:
        return ZERO
    if not asset.average_daily_value or not asset.daily_volatility:
        return None
    root = _ROOTS.sqrt(value * rate / asset.average_daily_value)
    return rules.impact(value, costs.impact, asset.daily_volatility, root)
