"""The arithmetic of trading costs. Works on floats and on Decimals alike: all arguments of one kind.

Rates are fractions of the trade's value; values and amounts are money in one currency.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

Number = TypeVar("Number", float, Decimal)


def commission(
    quantity: Number,
    value: Number,
    per_order: Number,
    per_share: Number,
    rate: Number,
    minimum: Number,
    maximum_rate: Number,
) -> Number:
    """min(max(per_order + per_share q + rate value, minimum), maximum): the maximum beats the minimum.

    A `maximum_rate` of 0 is no maximum. Source: interactivebrokers.co.uk, fixed pricing.
    """
    charged = max(per_order + per_share * quantity + rate * value, minimum)
    if maximum_rate > 0:
        charged = min(charged, maximum_rate * value)
    return charged


def half_spread(value: Number, spread: Number) -> Number:
    """What crossing half of the full `spread` takes."""
    return value * spread / 2


def impact(value: Number, coefficient: Number, daily_volatility: Number, root: Number) -> Number:
    """Square-root market impact: coefficient x daily volatility x value x `root`.

    `root` is the square root of the value over the average daily value. Source: cvxportfolio, costs.py.
    """
    return coefficient * daily_volatility * value * root
