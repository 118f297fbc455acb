"""Exact Decimal amounts: reading, rounding and writing them, and the minor units in which some venues quote."""

from __future__ import annotations

import decimal
import re
import struct
from decimal import Decimal
from typing import Final

PRECISION: Final = 50  # digits: a quantity (15) times a price (18) times a rate (17) stays exact
OUTPUT_DECIMALS: Final = 12  # money that does not end is rounded to this many decimals when written
FARTHEST: Final = 30  # powers of ten from 1 to the largest and smallest number that is read
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
SMALLEST_STEP: Final = Decimal("0.000001")

# quote unit -> (currency, units per one of it); decided by a quote's currency, never by a symbol's suffix
MINOR_UNITS: Final[dict[str, tuple[str, int]]] = {
    "GBp": ("GBP", 100),
    "GBX": ("GBP", 100),
    "ZAc": ("ZAR", 100),
    "ILA": ("ILS", 100),
    "KWF": ("KWD", 1000),
}

_GROUPED: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)

# New threads copy DefaultContext; the importing thread has its own already.
decimal.DefaultContext.prec = PRECISION
decimal.getcontext().prec = PRECISION


def exact(text: str) -> Decimal:
    """The finite number that `text` writes; ValueError for anything else: NaN, infinity, one beyond all amounts."""
    try:
        number = Decimal(text)
    except decimal.InvalidOperation as error:
        raise ValueError(f"{text!r} is not a number") from error
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    if number and not (len(number.as_tuple().digits) <= PRECISION and abs(number.adjusted()) <= FARTHEST):
        raise ValueError(f"{text!r} has too many digits")
    return number


def shortest(number: float) -> Decimal:
    """The shortest decimal that is the same single-precision float as `number`: what its sender has meant."""
    single = struct.pack("<f", number)
    texts = (f"{number:.{digits}g}" for digits in range(6, 9))
    return Decimal(next((text for text in texts if struct.pack("<f", float(text)) == single), f"{number:.9g}"))


def typed(text: str) -> Decimal:
    """The number that a person typed; commas only where they group thousands: `1,250.50`, and not `1,5`."""
    if "," in text and not _GROUPED.fullmatch(text):
        raise ValueError(f"{text!r} has a comma that groups no thousands: write a point before decimals")
    return exact(text.replace(",", ""))


def plain(number: Decimal) -> str:
    """The shortest exact writing of a price or quantity, without exponent: `100`, `0.7112`."""
    return format(_ended(number).normalize(), "f")


def amount(number: Decimal) -> str:
    """An amount of money: exact, with at least two decimals: `6500.00`, `0.0825`."""
    text = plain(number)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def rounded(number: Decimal, decimals: int) -> Decimal:
    """`number` as it is, or rounded half even if it has more than so many decimals."""
    exponent = number.as_tuple().exponent
    return round(number, decimals) if isinstance(exponent, int) and exponent < -decimals else number


def _ended(number: Decimal) -> Decimal:
    """`number`, rounded half even to the decimals of the output if it has more; never minus zero."""
    number = rounded(number, OUTPUT_DECIMALS)
    return number if number else ZERO
