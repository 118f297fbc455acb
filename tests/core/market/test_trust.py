"""How far a quote is trusted: fails closed, and says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.market.quotes import Quote
from core.market.trust import TrustLimits, judge

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
LIMITS = TrustLimits("USD", 120.0, 0.20)


def quote(**changes: Any) -> Quote:
    return Quote(**{"symbol": "A", "source": "x", "price": Decimal(100), "currency": "USD", "time": NOW, **changes})


def test_a_fresh_quote_is_trusted() -> None:
    trust = judge(quote(time=NOW - timedelta(seconds=4)), None, NOW, LIMITS)
    assert (trust.trusted, trust.usable, trust.reason, trust.age_seconds) == (True, True, None, 4)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": None}, "no price"),
        ({"price": Decimal(0)}, "not believable"),
        ({"price": Decimal(-1)}, "not believable"),
        ({"price": Decimal("NaN")}, "not believable"),
        ({"price": Decimal("Infinity")}, "not believable"),
        ({"price": Decimal("0.9e-9")}, "not believable"),
        ({"price": Decimal("1.1e9")}, "not believable"),
        ({"time": None}, "no time"),
        ({"currency": None}, "no currency"),
        ({"currency": "EUR"}, "quoted in EUR, not in USD"),
        ({"time": NOW + timedelta(seconds=61)}, "61 s ahead of the clock"),
        ({"time": NOW + timedelta(seconds=60.5)}, "ahead of the clock"),
    ],
)
def test_what_is_no_quote_is_not_usable(changes: dict[str, Any], reason: str) -> None:
    trust = judge(quote(**changes), None, NOW, LIMITS)
    assert not trust.trusted
    assert not trust.usable
    assert reason in (trust.reason or "")


def test_no_quote_at_all_is_not_usable() -> None:
    assert judge(None, None, NOW, LIMITS).reason == "no quote"


@pytest.mark.parametrize("price", ["1e-9", "1e9"])
def test_the_bounds_of_a_price_are_allowed(price: str) -> None:
    assert judge(quote(price=Decimal(price)), None, NOW, LIMITS).trusted


@pytest.mark.parametrize(
    ("age", "delay", "trusted"), [(120, 0, True), (121, 0, False), (1020, 15, True), (1021, 15, False)]
)
def test_stale_after_counts_on_top_of_the_feeds_delay(age: int, delay: int, trusted: bool) -> None:
    trust = judge(quote(time=NOW - timedelta(seconds=age), delay_minutes=delay), None, NOW, LIMITS)
    assert trust.trusted is trusted
    assert trust.usable
    assert trust.age_seconds == age


def test_up_to_a_minute_ahead_is_fresh() -> None:
    trust = judge(quote(time=NOW + timedelta(seconds=60)), None, NOW, LIMITS)
    assert trust.trusted
    assert trust.age_seconds == 0


@pytest.mark.parametrize(("price", "trusted"), [("120", True), ("120.01", False), ("80", True), ("79.99", False)])
def test_a_jump_beyond_the_limit_is_suspect(price: str, trusted: bool) -> None:
    trust = judge(quote(price=Decimal(price)), quote(), NOW, LIMITS)
    assert trust.trusted is trusted
    assert trust.usable


def test_how_far_off_a_suspect_price_may_be() -> None:
    assert judge(quote(price=Decimal(150)), quote(), NOW, LIMITS).error == pytest.approx(0.5)
    assert judge(quote(time=NOW - timedelta(hours=1)), None, NOW, LIMITS).error == pytest.approx(0.2)
    assert judge(quote(), quote(), NOW, LIMITS).error == 0.0


def test_without_a_limit_a_jump_is_only_told() -> None:
    trust = judge(quote(price=Decimal(300)), quote(), NOW, TrustLimits("USD", 120.0, None))
    assert trust.trusted
    assert trust.jump == pytest.approx(2.0)
