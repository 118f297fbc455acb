"""Daily history: closes as traded, splits and dividends apart; the cache never claims more than it has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.market.history import History, HistoryStore, history_of
from core.market.yahoo import FeedError, YahooClient
from tests.yahoo import Listing, Yahoo

D = Decimal
TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # New York is open
MONDAY = date(2026, 11, 23)
START = date(2026, 10, 1)


@pytest.fixture
def store(yahoo_here: Yahoo, tmp_path: Path) -> HistoryStore:
    yahoo_here.world.stage(TUESDAY)
    return HistoryStore(tmp_path, YahooClient(tmp_path / "yfinance"))


def listed(yahoo: Yahoo, first: date = date(2026, 1, 5), **fields: object) -> Listing:
    """X, at 100, 101, 102, ... from one weekday to the next, to the day before."""
    day, price, history = first, 100.0, {}
    while day <= MONDAY:
        if day.weekday() < 5:
            history[day] = price
            price += 1
        day += timedelta(days=1)
    return yahoo.world.add(Listing("X", price, history=history, listed=first, **fields))  # type: ignore[arg-type]


def stamp(day: int) -> int:
    return int(datetime(2026, 11, day, 15, tzinfo=UTC).timestamp())


def get(store: HistoryStore, start: date = START, end: date = MONDAY, now: datetime = TUESDAY) -> History:
    return store.get("X", start, end, now)


def test_closes_are_those_of_finished_days(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listing = listed(yahoo_here)
    assert listing.history is not None
    history = get(store, end=TUESDAY.date())
    assert (history.currency, history.asked_from, history.complete_to) == ("USD", START, MONDAY)
    assert history.closes == {day: D(str(c)) for day, c in listing.history.items() if day >= START}
    assert TUESDAY.date() not in history.closes


def test_after_its_session_a_days_close_stands(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here)
    evening = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    yahoo_here.world.stage(evening)
    assert get(store, end=evening.date(), now=evening).complete_to == evening.date()


def test_closes_are_as_traded_whatever_split_came_after(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listing = listed(yahoo_here, splits={date(2026, 11, 2): (4, 1), date(2026, 11, 16): (1, 2)})
    assert listing.history is not None
    history = get(store)
    assert {day: float(close) for day, close in history.closes.items()} == pytest.approx(
        {day: close for day, close in listing.history.items() if day >= START}
    )
    assert [(split.day, split.ratio) for split in history.splits] == [
        (date(2026, 11, 2), D(4)), (date(2026, 11, 16), D("0.5")),
    ]  # fmt: skip
    adjusted = history.in_units_of_today()
    day = date(2026, 10, 5)
    assert float(adjusted[day]) == pytest.approx(listing.history[day] / 2)


def test_dividends_are_apart(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here, dividends={date(2026, 10, 15): 0.91, date(2026, 5, 5): 0.8})
    assert [(one.day, one.amount) for one in get(store).dividends] == [(date(2026, 10, 15), D("0.91"))]


def test_pence_are_pounds(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listing = listed(yahoo_here, currency="GBp", dividends={date(2026, 10, 15): 2.0})
    assert listing.history is not None
    history = get(store)
    assert history.currency == "GBP"
    assert history.closes[MONDAY] == D(str(listing.history[MONDAY])) / 100
    assert history.dividends[0].amount == D("0.02")


def test_what_was_answered_for_is_not_asked_again(store: HistoryStore, yahoo_here: Yahoo, tmp_path: Path) -> None:
    listed(yahoo_here)
    first = get(store)
    asked = len(yahoo_here.chart_requests)
    assert asked == 1
    assert get(HistoryStore(tmp_path, YahooClient(tmp_path / "yfinance"))) == first
    assert len(yahoo_here.chart_requests) == asked
    [kept] = (tmp_path / "history").iterdir()
    assert (kept.stat().st_mode & 0o777, (tmp_path / "history").stat().st_mode & 0o777) == (0o600, 0o700)


def test_only_the_open_end_is_asked_for_again(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listing = listed(yahoo_here)
    get(store)
    later = TUESDAY + timedelta(days=2)
    assert listing.history is not None
    listing.history |= {date(2026, 11, 24): 400.0, date(2026, 11, 25): 401.0}
    yahoo_here.world.stage(later)
    history = get(store, end=later.date(), now=later)
    assert history.complete_to == date(2026, 11, 25)
    assert history.closes[date(2026, 11, 25)] == 401
    assert history.closes[date(2026, 10, 5)] == D(str(listing.history[date(2026, 10, 5)]))
    since = int(yahoo_here.chart_requests[-1].query["period1"])
    assert datetime.fromtimestamp(since, UTC).date() >= date(2026, 11, 12)


def test_an_earlier_start_is_asked_for_whole(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here)
    get(store)
    history = get(store, start=date(2026, 6, 1))
    assert min(history.closes) == date(2026, 6, 1)
    assert history.asked_from == date(2026, 6, 1)


def test_a_split_after_the_last_look_leaves_the_kept_closes_as_traded(
    store: HistoryStore, yahoo_here: Yahoo
) -> None:
    listing = listed(yahoo_here)
    assert listing.history is not None
    before = get(store).closes
    listing.splits[date(2026, 11, 25)] = (2, 1)
    listing.history |= {date(2026, 11, 24): 330.0, date(2026, 11, 25): 166.0}
    later = TUESDAY + timedelta(days=2)
    yahoo_here.world.stage(later)
    history = get(store, end=later.date(), now=later)
    assert {day: history.closes[day] for day in before} == before
    assert history.closes[date(2026, 11, 24)] == 330
    assert history.closes[date(2026, 11, 25)] == 166
    assert history.in_units_of_today()[date(2026, 11, 24)] == 165


def test_what_yahoo_has_corrected_is_fetched_anew(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listing = listed(yahoo_here)
    get(store)
    assert listing.history is not None
    listing.history[date(2026, 11, 20)] = 77.0
    later = TUESDAY + timedelta(days=1)
    yahoo_here.world.stage(later)
    assert get(store, end=later.date(), now=later).closes[date(2026, 11, 20)] == 77


def test_a_new_listing_begins_when_it_began_and_is_complete(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here, first=date(2026, 11, 2))
    history = get(store)
    assert (min(history.closes), history.asked_from) == (date(2026, 11, 2), START)
    get(store)
    assert len(yahoo_here.chart_requests) == 1


def test_a_fetch_that_fails_keeps_nothing_new(store: HistoryStore, yahoo_here: Yahoo, tmp_path: Path) -> None:
    listed(yahoo_here)
    for kind in ("truncated", "malformed", "empty"):
        fault = yahoo_here.fault("v8/finance/chart", kind)
        with pytest.raises(FeedError):
            get(store)
        fault.clear()
    assert not (tmp_path / "history").exists()
    assert get(store).complete_to == MONDAY


def test_a_close_that_is_null_is_asked_for_again_until_it_is_there() -> None:
    chart = {
        "meta": {"currency": "USD", "exchangeTimezoneName": "America/New_York"},
        "timestamp": [stamp(day) for day in (18, 19, 20, 23)],
        "indicators": {"quote": [{"close": [1, None, None, None]}]},
    }
    history = history_of("X", chart, START, TUESDAY)
    assert history.complete_to == date(2026, 11, 18)
    assert not history.covers(START, MONDAY)


def test_a_day_that_is_over_but_has_no_bar_yet_is_not_claimed() -> None:
    opens, closes = (int(datetime(2026, 11, 24, hour, 30, tzinfo=UTC).timestamp()) for hour in (14, 20))
    chart = {
        "meta": {
            "currency": "USD",
            "exchangeTimezoneName": "America/New_York",
            "regularMarketTime": closes,
            "currentTradingPeriod": {"regular": {"start": opens, "end": closes}},
        },
        "timestamp": [stamp(23)],
        "indicators": {"quote": [{"close": [1]}]},
    }
    evening = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    assert history_of("X", chart, START, evening).complete_to == MONDAY
    chart["timestamp"], chart["indicators"] = [stamp(24)], {"quote": [{"close": [2]}]}
    assert history_of("X", chart, START, evening).complete_to == evening.date()


def test_an_old_gap_is_a_day_without_a_close() -> None:
    chart = {
        "meta": {"currency": "USD", "exchangeTimezoneName": "America/New_York"},
        "timestamp": [stamp(day) for day in (2, 3, 4)],
        "indicators": {"quote": [{"close": [1, None, None]}]},
    }
    assert history_of("X", chart, START, TUESDAY).complete_to == MONDAY


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("150.82000732421875", "150.82"),
        ("150.82", "150.82"),
        ("100", "100"),
        ("150.820000000001", "150.820000000001"),
    ],
)
def test_a_single_precision_close_is_what_its_sender_meant(sent: str, meant: str) -> None:
    chart = {
        "meta": {"currency": "USD", "exchangeTimezoneName": "America/New_York"},
        "timestamp": [stamp(20)],
        "indicators": {"quote": [{"close": [D(sent)]}]},
    }
    assert history_of("X", chart, START, TUESDAY).closes == {date(2026, 11, 20): D(meant)}


@pytest.mark.parametrize(
    ("currency", "amounts"), [(None, ["0.02"]), ("GBp", ["0.02"]), ("GBP", ["2"]), ("USD", []), (7, [])]
)
def test_a_dividend_may_have_a_unit_of_its_own(currency: object, amounts: list[str]) -> None:
    chart = {
        "meta": {"currency": "GBp", "exchangeTimezoneName": "Europe/London"},
        "timestamp": [stamp(20)],
        "indicators": {"quote": [{"close": [71]}]},
        "events": {"dividends": {"1": {"date": stamp(19), "amount": 2, "currency": currency}}},
    }
    assert [one.amount for one in history_of("X", chart, START, TUESDAY).dividends] == [D(a) for a in amounts]


def test_null_closes_are_no_closes(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here)
    yahoo_here.fault("v8/finance/chart", "nullclose")
    assert get(store).closes == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"symbol": "Y"}', b"\xff"])
def test_a_damaged_cache_is_fetched_anew(
    store: HistoryStore, yahoo_here: Yahoo, tmp_path: Path, content: bytes
) -> None:
    listed(yahoo_here)
    good = get(store)
    [kept] = (tmp_path / "history").iterdir()
    kept.write_bytes(content)
    assert get(store) == good


@pytest.mark.parametrize("symbol", ["BRK-B", "^GSPC", "EURUSD=X", "../../x", "a/b", "A" * 200])
def test_any_symbol_has_a_file_in_the_folder(tmp_path: Path, symbol: str) -> None:
    path = HistoryStore(tmp_path, YahooClient(tmp_path / "yfinance"))._path(symbol)
    assert path.parent == tmp_path / "history"
    assert len(path.name) < 60


def test_an_unknown_symbol_is_told_beside_the_others(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here)
    said: list[tuple[int, str]] = []
    got = dict(store.get_all(["NOPE", "X"], START, MONDAY, TUESDAY, lambda done, s: said.append((done, s))))
    assert isinstance(got["NOPE"], FeedError)
    assert isinstance(got["X"], History)
    assert said == [(0, "NOPE"), (1, "X")]
