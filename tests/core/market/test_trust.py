"""How far a quote is trusted: fails closed, and says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.market.memory import Memory, Print
from core.market.quotes import Quote, merged
from core.market.trust import KnownSplit, Trust, TrustLimits, judge, remember

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
LIMITS = TrustLimits("USD", 120.0, 0.20)


def quote(**changes: Any) -> Quote:
    return Quote(**{"symbol": "A", "source": "x", "price": Decimal(100), "currency": "USD", "time": NOW, **changes})


def before(price: str = "100", hours: float = 0) -> Memory:
    """The last trusted price."""
    return Memory(Print(Decimal(price), NOW - timedelta(hours=hours), "USD"))


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
    trust = judge(quote(price=Decimal(price)), before(), NOW, LIMITS)
    assert trust.trusted is trusted
    assert trust.usable


def test_how_far_off_a_suspect_price_may_be() -> None:
    assert judge(quote(price=Decimal(160)), before(), NOW, LIMITS).error == pytest.approx(0.6)
    assert judge(quote(time=NOW - timedelta(hours=1)), None, NOW, LIMITS).error == pytest.approx(0.2)
    assert judge(quote(), before(), NOW, LIMITS).error == 0.0


def test_without_a_limit_a_jump_is_only_told() -> None:
    trust = judge(quote(price=Decimal(300)), before(), NOW, TrustLimits("USD", 120.0, None))
    assert trust.trusted
    assert trust.jump == pytest.approx(2.0)


# suspected splits, by the vectors of the reference (rebalancing.md, guards)


@pytest.mark.parametrize(
    ("old", "new", "split"),
    [
        ("100", "50.4", "2:1"),
        ("1208.88", "121.79", "10:1"),
        ("13.44", "1.375", "10:1"),  # a real collapse: never adjusted by itself, released by its user
        ("2.0", "20.3", "1:10"),
        ("100", "66.5", "3:2"),
        ("100", "75.2", "4:3"),
        ("100", "13.7", "7:1"),
        ("100", "0.9", "111:1"),
    ],
)
def test_a_move_by_a_split_ratio_freezes_the_symbol(old: str, new: str, split: str) -> None:
    trust = judge(quote(price=Decimal(new)), before(old, 17), NOW, LIMITS)
    assert (trust.trusted, trust.usable, trust.suspicion, trust.split) == (False, True, "split", split)
    assert f"looks like a {split} split: {Decimal(old):f} became {new}" in (trust.reason or "")
    assert trust.error >= abs(float(Decimal(old) / Decimal(new)) - 1) - 1e-9


def test_a_move_by_no_split_ratio_is_a_jump() -> None:
    trust = judge(quote(price=Decimal("11.08")), before("24.50", 17), NOW, LIMITS)
    assert (trust.trusted, trust.suspicion, trust.split) == (False, "jump", None)


@pytest.mark.parametrize("price", ["93", "100", "107", "80", "120"])
def test_an_ordinary_move_is_trusted(price: str) -> None:
    assert judge(quote(price=Decimal(price)), before("100", 17), NOW, LIMITS).trusted


def test_crypto_and_rates_do_not_split() -> None:
    for kind in ("crypto", "fx"):
        trust = judge(quote(price=Decimal("50")), before("100", 17), NOW, TrustLimits("USD", 120, 0.2, kind))
        assert trust.suspicion == "jump"


def _prints(memory: Memory, *prices: str) -> tuple[Memory, list[Trust]]:
    """Shows one print a minute, the first at NOW."""
    said = []
    for minute, price in enumerate(prices):
        now = NOW + timedelta(minutes=minute)
        shown = quote(price=Decimal(price), time=now)
        said.append(judge(shown, memory, now, LIMITS))
        memory = remember(memory, shown, said[-1], LIMITS)
    return memory, said


def test_a_jump_is_trusted_after_three_further_prints_that_agree() -> None:
    memory, said = _prints(before("24.50", 17), "11.08", "11.20", "10.90", "11.00", "11.10")
    assert [trust.trusted for trust in said] == [False, False, False, True, True]
    assert memory.trusted is not None
    assert memory.trusted.price == Decimal("11.10")


def test_prints_that_disagree_begin_anew() -> None:
    _, said = _prints(before("24.50", 17), "11.08", "11.20", "17.40", "17.50", "17.60", "17.70")
    assert [trust.trusted for trust in said] == [False, False, False, False, False, True]


def test_the_same_print_again_is_no_further_print() -> None:
    memory = before("24.50", 17)
    for _ in range(10):
        shown = quote(price=Decimal("11.08"))
        trust = judge(shown, memory, NOW, LIMITS)
        assert not trust.trusted
        memory = remember(memory, shown, trust, LIMITS)
    assert len(memory.suspects) == 1


def test_an_absurd_print_is_forgotten_when_the_price_is_back() -> None:
    memory, said = _prints(before("100"), "1", "100.5", "1.01")
    assert [trust.trusted for trust in said] == [False, True, False]
    assert len(memory.suspects) == 1


def test_no_number_of_prints_makes_a_suspected_split_trusted() -> None:
    _, said = _prints(before("13.44", 17), *["1.375"] * 10)
    assert not any(trust.trusted for trust in said)


def test_a_split_in_the_ledger_explains_the_move() -> None:
    limits = TrustLimits("USD", 120.0, 0.20, splits=(KnownSplit(NOW.date(), Decimal(2)),))
    trust = judge(quote(price=Decimal("50.4")), before("100", 17 + 24), NOW, limits)
    assert trust.trusted
    assert trust.jump == pytest.approx(0.008)


def test_a_price_from_before_a_split_in_the_ledger_is_not_trusted() -> None:
    limits = TrustLimits("USD", 120.0, 0.20, splits=(KnownSplit(NOW.date() + timedelta(days=1), Decimal(2)),))
    trust = judge(quote(), before(), NOW, limits)
    assert not trust.trusted
    assert "from before the split of 2026-11-21" in (trust.reason or "")


def repeated(prints: int, minutes: float, **changes: Any) -> Trust:
    """The last of so many prints of one price and volume, spread over `minutes`."""
    memory, trust = Memory(), Trust(False, False)
    for number in range(prints):
        now = NOW + timedelta(minutes=minutes * number / max(prints - 1, 1))
        shown = quote(**{"time": now, "volume": 1000, "market_state": "REGULAR", **changes})
        trust = judge(shown, memory, now, LIMITS)
        memory = remember(memory, shown, trust, LIMITS)
    return trust


def test_the_same_price_and_volume_for_half_an_hour_of_trading_is_a_feed_that_stands_still() -> None:
    trust = repeated(23, 31)
    assert not trust.trusted
    assert "the feed may stand still" in (trust.reason or "")


@pytest.mark.parametrize(
    ("prints", "minutes", "changes"),
    [
        (23, 29, {}),
        (15, 60, {}),
        (60, 60, {"volume": None}),
        (60, 60, {"volume": 0}),
        (60, 60, {"market_state": "CLOSED"}),
    ],
)
def test_repetition_that_says_nothing(prints: int, minutes: float, changes: dict[str, Any]) -> None:
    assert repeated(prints, minutes, **changes).trusted


def test_a_feed_that_moves_again_is_trusted_again() -> None:
    memory = Memory(Print(Decimal(100), NOW, "USD"), (), 1000, 30, NOW - timedelta(hours=1))
    for changes in ({"volume": 1001}, {"price": Decimal("100.01")}):
        shown = quote(**{"time": NOW + timedelta(seconds=15), "volume": 1000, "market_state": "REGULAR", **changes})
        now = NOW + timedelta(seconds=15)
        assert judge(shown, memory, now, LIMITS).trusted
        assert remember(memory, shown, judge(shown, memory, now, LIMITS), LIMITS).repeats == 0


# age: the exchange's time, the market's state

FRIDAY_CLOSE = datetime(2026, 11, 20, 21, tzinfo=UTC)
NEW_YORK = {"timezone": "America/New_York", "exchange": "NMS"}


def closed(now: datetime, *, seen: datetime | None = None, state: str = "CLOSED", **rest: Any) -> Trust:
    shown = quote(**{"time": FRIDAY_CLOSE, "market_state": state, "seen": seen or now, **NEW_YORK, **rest})
    return judge(shown, None, now, LIMITS)


def test_on_saturday_evening_fridays_close_is_trusted_and_says_so() -> None:
    trust = closed(datetime(2026, 11, 21, 22, tzinfo=UTC))
    assert (trust.trusted, trust.closed, trust.note) == (True, True, "at the close of 2026-11-20")
    assert trust.age_seconds == 25 * 3600


@pytest.mark.parametrize("state", ["CLOSED", "POST", "POSTPOST", "PRE", "PREPRE"])
def test_every_state_but_the_regular_one_is_closed(state: str) -> None:
    assert closed(datetime(2026, 11, 23, 14, tzinfo=UTC), state=state).trusted


@pytest.mark.parametrize("state", ["REGULAR", "HALTED", None])
def test_in_the_regular_session_a_close_is_stale(state: str | None) -> None:
    assert not closed(datetime(2026, 11, 23, 15, tzinfo=UTC), state=state or "").trusted


def test_a_state_seen_long_ago_counts_until_the_venue_may_have_opened() -> None:
    seen = datetime(2026, 11, 21, 9, tzinfo=UTC)
    monday = datetime(2026, 11, 23, 12, 59, tzinfo=UTC)  # 07:59 in New York
    assert closed(monday, seen=seen).trusted
    assert not closed(monday + timedelta(minutes=2), seen=seen).trusted


def test_the_known_opening_counts_instead_of_the_earliest() -> None:
    seen, opens = datetime(2026, 11, 21, 9, tzinfo=UTC), datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    at_opening = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert closed(at_opening - timedelta(seconds=1), seen=seen, session_open=opens).trusted
    assert not closed(at_opening, seen=seen, session_open=opens).trusted


@pytest.mark.parametrize("state", ["PRE", "PREPRE", "CLOSED"])
def test_a_venue_that_may_open_the_same_morning_is_closed_only_while_that_is_news(state: str) -> None:
    nine = datetime(2026, 11, 23, 14, tzinfo=UTC)  # Monday, 09:00 in New York; the opening is not known
    assert closed(nine + timedelta(seconds=119), seen=nine, state=state).trusted
    assert not closed(nine + timedelta(seconds=121), seen=nine, state=state).trusted
    assert not closed(nine + timedelta(hours=5), seen=nine, state=state).trusted


@pytest.mark.parametrize("minutes", [0, 30])
def test_before_the_opening_was_said_counts_only_until_it(minutes: int) -> None:
    opens = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    seen = opens - timedelta(seconds=10)
    assert closed(opens - timedelta(seconds=1), seen=seen, state="PRE", session_open=opens).trusted
    late = opens + timedelta(minutes=minutes)
    assert not closed(late, seen=seen, state="PRE", session_open=opens, delay_minutes=15).trusted


def test_a_venue_that_says_before_its_opening_after_it_is_believed_only_for_a_while() -> None:
    opens = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    seen = opens + timedelta(seconds=5)
    assert closed(seen, seen=seen, state="PRE", session_open=opens).trusted
    assert not closed(seen + timedelta(minutes=3), seen=seen, state="PRE", session_open=opens).trusted


def test_a_lunch_break_is_no_close() -> None:
    opens, closes = (datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (0, 6))
    tokyo: dict[str, Any] = {
        "timezone": "Asia/Tokyo",
        "exchange": "JPX",
        "session_open": opens,
        "session_close": closes,
    }
    noon = datetime(2026, 11, 24, 3, tzinfo=UTC)
    last = noon - timedelta(minutes=30)
    assert not closed(noon, time=last, **tokyo).trusted
    assert closed(closes + timedelta(hours=1), time=closes, **tokyo).trusted


def test_a_typed_price_from_before_a_split_is_not_of_its_units() -> None:
    limits = TrustLimits("USD", 120.0, 0.20, splits=[KnownSplit(NOW.date() + timedelta(days=1), Decimal(2))])
    shown = quote(source="manual", expires=NOW + timedelta(days=1))
    trust = judge(shown, None, NOW + timedelta(hours=12), limits)
    assert (trust.trusted, "before the split" in (trust.reason or "")) == (False, True)


def test_a_time_that_never_came_does_not_outlive_the_next_answer() -> None:
    wrong = quote(time=NOW + timedelta(days=300), seen=NOW, price=Decimal(50))
    right = quote(seen=NOW + timedelta(seconds=15))
    assert merged(wrong, right).price == Decimal(100)
    slightly = quote(time=NOW + timedelta(seconds=60), seen=NOW, price=Decimal(50))
    assert merged(slightly, right).price == Decimal(50)


def test_on_a_holiday_the_last_close_stays_trusted_while_the_feed_says_closed() -> None:
    thanksgiving = datetime(2026, 11, 26, 18, tzinfo=UTC)
    assert closed(thanksgiving, time=datetime(2026, 11, 25, 21, tzinfo=UTC)).trusted


def test_a_close_that_is_not_the_last_is_not_trusted() -> None:
    saturday = datetime(2026, 11, 21, 22, tzinfo=UTC)
    old = closed(saturday, time=datetime(2026, 11, 13, 21, tzinfo=UTC))
    assert not old.trusted
    assert "last traded on 2026-11-13" in (old.reason or "")
    limits = TrustLimits("USD", 120.0, 0.20, last_session=FRIDAY_CLOSE)
    shown = quote(time=FRIDAY_CLOSE - timedelta(days=1), market_state="CLOSED", seen=saturday, **NEW_YORK)
    assert "its venue on 2026-11-20" in (judge(shown, None, saturday, limits).reason or "")


@pytest.mark.parametrize(("days", "trusted"), [(4, True), (4.01, False)])
def test_a_fund_is_trusted_for_four_days(days: float, trusted: bool) -> None:
    limits = TrustLimits("USD", 120.0, 0.20, "fund")
    assert judge(quote(time=NOW - timedelta(days=days)), None, NOW, limits).trusted is trusted


@pytest.mark.parametrize("kind", ["crypto", "fx"])
def test_crypto_and_rates_go_by_their_own_age_whatever_the_market_says(kind: str) -> None:
    saturday = datetime(2026, 11, 21, 22, tzinfo=UTC)
    shown = quote(time=FRIDAY_CLOSE, market_state="CLOSED", seen=saturday, **NEW_YORK)
    assert not judge(shown, None, saturday, TrustLimits("USD", 120.0, 0.20, kind)).trusted


# prices typed by the user


def test_a_typed_price_is_trusted_until_it_expires() -> None:
    typed = quote(source="manual", price=Decimal(50), expires=NOW + timedelta(hours=24))
    trust = judge(typed, before("100"), NOW + timedelta(hours=23), LIMITS)
    assert trust.trusted
    assert trust.note == "typed by you, counts until 2026-11-21 21:00 UTC"
    late = judge(typed, None, NOW + timedelta(hours=24), LIMITS)
    assert not late.trusted
    assert late.usable
    assert "has expired" in (late.reason or "")
    assert remember(before("100"), typed, trust, LIMITS) == before("100")
