"""How far to trust a quote: a pure judgement that screen, JSON and guards show and never compute again."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from core.market.quotes import Quote

LOWEST_PRICE: Final = Decimal("1e-9")
HIGHEST_PRICE: Final = Decimal("1e9")
FUTURE_TOLERANCE_SECONDS: Final = 60


class TrustLimits(Struct, frozen=True):
    """What a quote may be: `stale_after` seconds on top of its delay, `max_jump` as a fraction (None: any)."""

    currency: str
    stale_after: float
    max_jump: float | None


class Trust(Struct, frozen=True):
    """The judgement of one quote. `usable` says that it has a price, a time and a currency at all."""

    trusted: bool
    usable: bool
    reason: str | None = None
    age_seconds: int | None = None
    stale_limit: float | None = None
    jump: float | None = None  # against the last trusted price, as a fraction; None if there was none
    error: float = 0.0  # how far the price may be off, as a fraction, if untrusted but usable


def judge(quote: Quote | None, last_trusted: Quote | None, now: datetime, limits: TrustLimits) -> Trust:
    """Whether `quote` may be decided on at `now`; fails closed, with the reason."""
    if quote is None:
        return Trust(False, False, "no quote")
    if quote.price is None:
        return Trust(False, False, "no price")
    if not quote.price.is_finite() or not LOWEST_PRICE <= quote.price <= HIGHEST_PRICE:
        return Trust(False, False, f"price {quote.price} is not believable")
    if quote.time is None:
        return Trust(False, False, "no time")
    if quote.currency is None:
        return Trust(False, False, "no currency")
    if quote.currency != limits.currency:
        return Trust(False, False, f"quoted in {quote.currency}, not in {limits.currency}")
    age = math.floor((now - quote.time).total_seconds())
    if age < -FUTURE_TOLERANCE_SECONDS:
        return Trust(False, False, f"its time is {-age} s ahead of the clock", age)
    limit = limits.stale_after + 60.0 * (quote.delay_minutes or 0)
    jump = _jump(quote, last_trusted)
    error = max(limits.max_jump or 0.0, abs(jump or 0.0))
    if age > limit:
        return Trust(False, True, f"{age} s old, limit {limit:.0f} s", age, limit, jump, error)
    if limits.max_jump is not None and jump is not None and abs(jump) > limits.max_jump + 1e-12:
        reason = (
            f"jumped {jump:+.1%} from {last_trusted.price if last_trusted else ''}, limit {limits.max_jump:.0%}"
        )
        return Trust(False, True, reason, age, limit, jump, error)
    return Trust(True, True, None, max(age, 0), limit, jump)


def _jump(quote: Quote, last_trusted: Quote | None) -> float | None:
    if last_trusted is None or not last_trusted.price or quote.price is None:
        return None
    return float(quote.price / last_trusted.price - 1)
