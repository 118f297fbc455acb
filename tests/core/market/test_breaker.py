"""The circuit breaker: 429 waits 60 s x 2^n up to 15 min, anything else 5 s x 2^n up to 5 min, +-20 %."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.market.breaker import CLOSED, Breaker, FailureKind, after_failure

NOW = datetime(2026, 11, 20, 12, 2, 10, tzinfo=UTC)


def seconds(breaker: Breaker) -> float:
    assert breaker.until is not None
    return (breaker.until - NOW).total_seconds()


def failed(*kinds: FailureKind, times: int = 1, random: float = 0.5) -> Breaker:
    breaker = CLOSED
    for kind in kinds * times:
        breaker = after_failure(breaker, kind, NOW, random)
    return breaker


def test_a_closed_breaker_lets_requests_through_and_says_nothing() -> None:
    assert not CLOSED.is_open(NOW)
    assert CLOSED.text == ""


@pytest.mark.parametrize(("times", "wait"), [(1, 60), (2, 120), (3, 240), (4, 480), (5, 900), (50, 900)])
def test_refusals_double_from_a_minute_to_a_quarter_of_an_hour(times: int, wait: float) -> None:
    assert seconds(failed("rate_limited", times=times)) == pytest.approx(wait)


@pytest.mark.parametrize("kind", ["network", "answer"])
@pytest.mark.parametrize(("times", "wait"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (5000, 60)])
def test_other_failures_double_from_five_seconds_to_a_minute(kind: FailureKind, times: int, wait: float) -> None:
    assert seconds(failed(kind, times=times)) == pytest.approx(wait)


@pytest.mark.parametrize(("random", "wait"), [(0.0, 48), (0.25, 54), (0.999999, 72)])
def test_the_wait_is_spread_by_a_fifth_either_way(random: float, wait: float) -> None:
    assert seconds(failed("rate_limited", random=random)) == pytest.approx(wait, abs=0.01)


@pytest.mark.parametrize("random", [0.0, 0.5, 1.0])
def test_no_jitter_reaches_beyond_the_longest_wait(random: float) -> None:
    assert seconds(failed("rate_limited", times=9, random=random)) <= 900
    assert seconds(failed("network", times=9, random=random)) <= 60


def test_refusals_and_other_failures_are_counted_apart() -> None:
    assert seconds(failed("network", "answer", "network", "rate_limited")) == pytest.approx(60)
    assert seconds(failed("rate_limited", "rate_limited", "network")) == pytest.approx(5)
    assert seconds(failed("network", "answer")) == pytest.approx(10)


def test_it_is_open_until_its_moment() -> None:
    breaker = failed("rate_limited")
    assert breaker.is_open(NOW)
    assert breaker.is_open(NOW + timedelta(seconds=59))
    assert not breaker.is_open(NOW + timedelta(seconds=60))


def test_a_clock_that_was_set_back_does_not_keep_it_open() -> None:
    assert not failed("rate_limited").is_open(NOW - timedelta(hours=1))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("rate_limited", "Yahoo asked us to wait: no request before 12:03:10 UTC"),
        ("network", "Yahoo cannot be reached: no request before 12:02:15 UTC"),
        ("answer", "Yahoo's answers cannot be used: no request before 12:02:15 UTC"),
    ],
)
def test_it_says_in_one_line_when_the_next_request_may_go(kind: FailureKind, said: str) -> None:
    assert failed(kind).text == said
