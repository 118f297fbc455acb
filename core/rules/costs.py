"""The arithmetic of trading costs. Works on floats and on Decimals alike: all arguments of one kind.

Rates are fractions of the trade's value; values and amounts are money in one currency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeVar

Number = TypeVar("Number", float, Decimal)

_NOISE: Final = 1e-13  # of an amount: what the last bits of a float may put above a whole cent


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


def levy(counted: Number, rate: Number, cap: Number) -> Number:
    """`rate` of each that is counted (money, shares, trades), at most `cap`."""
    return min(counted * rate, cap)


def levies(quantity: float, value: float, fees: Sequence[Sequence[float]]) -> float:
    """The sum of several fees on one trade, each at most its cap and rounded to the cent by itself.

    A fee is (of the value, per share, per trade, cap, value up to which nothing is due, cents, shift); the last two
    are those of `cents`.
    """
    total = 0.0
    for of_value, per_share, per_trade, cap, above, hundred, shift in fees:
        if value > above:
            due = of_value * value + per_share * quantity + per_trade
            if due > cap:
                due = cap
            total += math.ceil(hundred * due - shift) / 100 if hundred else due
    return total


def cents(rounding: str) -> tuple[float, float]:
    """How a fee is rounded "up", to the "nearest" cent (a half up), or not at all: (a, b), so that ceil(a fee - b)
    is it in cents; a of 0 rounds nothing. The last bits of a float move nothing over a whole or half cent."""
    if rounding == "up":
        return 100 * (1 - _NOISE), 0.0
    return (100 * (1 + _NOISE), 0.5) if rounding == "nearest" else (0.0, 0.0)
