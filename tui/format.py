"""Numbers to text, for the screen and the plain reports alike: pure functions, unknown is always `-`."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from core.market.trust import Trust
from core.money import plain

UNKNOWN: Final = "-"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def money(amount: Decimal | None, *, sign: bool = False) -> str:
    """An amount to two decimals with thousands separators: `6,500.00`; with `sign` always `+` or `-`."""
    if amount is None:
        return UNKNOWN
    rounded = amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    return _unzero(format(rounded, "+,f" if sign else ",f"))


def price(value: Decimal | None) -> str:
    """A price to read at a glance: two decimals from 10 on, more below, at least four digits of a tiny one."""
    if value is None:
        return UNKNOWN
    if abs(value) >= 10 or not value:
        decimals = 2
    elif abs(value) >= 1:
        decimals = 4
    else:
        decimals = max(4, 3 - value.adjusted())
    text = format(value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN), ",f")
    return _trim(text)


def exact_price(value: Decimal | None) -> str:
    """A price with every digit that it has, and at least two decimals: `0.7112`, `1,234.50`."""
    return UNKNOWN if value is None else _trim(format(Decimal(plain(value)), ",f"))


def quantity(value: Decimal | None) -> str:
    """A number of units with every digit that it has: `1,250`, `0.015`."""
    return UNKNOWN if value is None else format(Decimal(plain(value)), ",f")


def percent(fraction: float | None, decimals: int = 2, *, sign: bool = False) -> str:
    """A fraction in percent with its unit: `66.50 %`."""
    number = hundredths(fraction, decimals, sign=sign)
    return number if fraction is None else f"{number} %"


def hundredths(fraction: float | None, decimals: int = 2, *, sign: bool = False) -> str:
    """A fraction in percent, for a column whose header has the unit: `66.50`."""
    if fraction is None:
        return UNKNOWN
    return _unzero(f"{fraction * 100:{'+' if sign else ''},.{decimals}f}")


def points(drift: float | None, decimals: int = 2) -> str:
    """A drift in percentage points, always with its sign: `+6.50`, `-3.20`, `0.00`."""
    return hundredths(drift, decimals, sign=True)


def move(fraction: float) -> str:
    """A price move in percent with one decimal, `never` for what no move brings about."""
    if fraction == float("inf") or fraction != fraction:
        return "never"
    return percent(fraction, 1, sign=True)


def age(seconds: float | None) -> str:
    """How old something is, in its largest unit: `42s`, `3m`, `2h`, `5d`."""
    if seconds is None:
        return UNKNOWN
    whole = max(int(seconds), 0)
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    return f"{whole // _DAY}d"


def moment(when: datetime | None) -> str:
    """A moment in UTC to the second: `2026-11-20 21:00:00 UTC`."""
    return UNKNOWN if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def doubt(trust: Trust) -> str:
    """Why a quote is not trusted, in one or two words for a column; empty if it is."""
    if trust.trusted:
        return ""
    if not trust.usable:
        return "no price" if trust.reason in ("no price", "no quote", None) else "unusable"
    if trust.suspicion == "split":
        return f"split {trust.split}?"
    if (
        trust.suspicion is None
        and trust.age_seconds is not None
        and trust.stale_limit is not None
        and trust.age_seconds > trust.stale_limit
    ):
        return f"stale {age(trust.age_seconds)}"
    if trust.jump is not None:
        return f"jump {trust.jump * 100:+.0f}%"
    return "doubtful"


def _unzero(text: str) -> str:
    """`text` without a sign if it writes zero: `-0.00` and `+0.00` become `0.00`."""
    return text.lstrip("+-") if not any(digit in text for digit in "123456789") else text


def _trim(text: str) -> str:
    """`text` without the zeros that it ends with, as far as two decimals."""
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
