"""Splits: which ratios there are, and what they make of a quantity."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Final

from core.book.entries import Ratio
from core.errors import BadInput
from core.money import OUTPUT_DECIMALS, plain

LARGEST: Final = Decimal("1e15")  # of a quantity, a price, an amount: below it every sum is exact
FINEST: Final = -24  # decimals
LARGEST_PART: Final = Decimal(10**6)  # of a ratio


def check_ratio(ratio: Ratio, *, same: bool = False) -> None:
    """BadInput if no split can have `ratio`; one to one only with `same`, as of a spin-off."""
    written = ":".join(map(plain, ratio))
    for part in ratio:
        exponent = part.as_tuple().exponent
        if not isinstance(exponent, int) or not 0 < part <= LARGEST_PART or exponent < -OUTPUT_DECIMALS:
            limits = f"numbers above 0, at most {plain(LARGEST_PART)}, of at most {OUTPUT_DECIMALS} decimals"
            raise BadInput(f"{written} is no split", fix=f"write NEW:OLD, as in 2:1, in {limits}")
    if ratio.new == ratio.old and not same:
        raise BadInput(f"{written} is no split", fix="write NEW:OLD, as in 2:1")


def split_quantity(quantity: Decimal, ratio: Ratio) -> Decimal:
    """What a split makes of `quantity`; ValueError if that is nothing or too much.

    It is exact if it ends within 24 decimals, else rounded half even to 12, those of the output: what is shown of
    it is all of it and can be sold.
    """
    number = Fraction(quantity) * factor(ratio)
    if number >= LARGEST:
        raise ValueError("too much")
    result = _ended(number)
    if result is None:
        result = _scaled(round(number * 10**OUTPUT_DECIMALS), OUTPUT_DECIMALS)
    if not result:
        raise ValueError("nothing")
    return result


def floored(number: Fraction) -> Decimal:
    """`number` exactly if it ends within 24 decimals, else rounded down to 12."""
    result = _ended(number)
    return _scaled(math.floor(number * 10**OUTPUT_DECIMALS), OUTPUT_DECIMALS) if result is None else result


def factor(ratio: Ratio) -> Fraction:
    """New units per old one."""
    return Fraction(ratio.new) / Fraction(ratio.old)


def _ended(number: Fraction) -> Decimal | None:
    scaled = number * 10**-FINEST
    return _scaled(scaled.numerator, -FINEST) if scaled.denominator == 1 else None


def _scaled(whole: int, decimals: int) -> Decimal:
    """`whole` shifted by `decimals`, without trailing zeros."""
    number = Decimal(whole).scaleb(-decimals)
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
