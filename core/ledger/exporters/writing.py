"""How exports write numbers and text: every digit, and nothing that could be read as anything but itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from core.text import clean

LONGEST: Final = 1000  # characters of a text from outside


def exact(number: Decimal) -> str:
    """`number` with all its digits, without exponent and trailing zeros: `100`, `0.7112`; never minus zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def money(number: Decimal) -> str:
    """An amount with all its digits, and at least two decimals: `6500.00`, `0.0825`."""
    text = exact(number)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def line(text: str) -> str:
    """`text` on one line, with nothing that could steer a terminal."""
    return clean(text, LONGEST)
