"""Daily history: closes as traded, splits and dividends apart; the cache never claims more than it has."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.market.history import History, HistoryStore, history_of
from core.market.yahoo import FeedError, YahooClient
from tests.yahoo import Listing, Yahoo

D = Decimal
TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # New York is open
MONDAY = date(2026, 11, 23)
START = date(2026, 10, 1)
META = {"currency": "USD", "exchangeTimezoneName": "America/New_York"}


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


def chart_of(closes: dict[int, Any], splits: Sequence[tuple[int, int, int]] = ()) -> dict[str, Any]:
    """A chart with a close for each day of November."""
    return {
        "meta": META,
        "timestamp": [stamp(day) for day in closes],
        "indicators": {"quote": [{"close": list(closes.values())}]},
        "events": {
            "splits": {
                str(day): {"date": stamp(day), "numerator": new, "denominator": old} for day, new, old in splits
            }
        },
    }


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
    history = history_of("X", chart_of({2: 1, 3: None, 4: None, 23: 2}), START, TUESDAY)
    assert history.complete_to == MONDAY
    assert set(history.closes) == {date(2026, 11, 2), MONDAY}


def test_what_has_no_bars_any_more_is_known_up_to_a_week_ago() -> None:
    history = history_of("X", chart_of({2: 1, 3: None, 4: None}), START, TUESDAY)
    assert history.complete_to == date(2026, 11, 16)


def test_a_last_day_that_has_no_bar_at_all_may_still_come() -> None:
    assert history_of("X", chart_of({18: 1, 19: 2, 20: 3}), START, TUESDAY).complete_to == date(2026, 11, 20)


@pytest.mark.parametrize(
    "chart", [{}, {"timestamp": [stamp(2), stamp(3)], "indicators": {"quote": [{"close": [None, None]}]}}]
)
def test_a_chart_without_any_close_answers_for_no_day(chart: dict[str, Any]) -> None:
    history = history_of("X", {**chart_of({}), **chart}, START, TUESDAY)
    assert history.complete_to < history.asked_from
    assert not history.covers(START, START)


def test_a_chart_without_any_close_is_not_kept(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here)
    fault = yahoo_here.fault("v8/finance/chart", "nullclose")
    assert get(store, end=date(2026, 10, 30)).closes == {}
    fault.clear()
    assert date(2026, 10, 30) in get(store, end=date(2026, 10, 30)).closes


def test_a_chart_without_any_close_takes_nothing_from_what_is_kept(store: HistoryStore, yahoo_here: Yahoo) -> None:
    listed(yahoo_here)
    good = get(store)
    yahoo_here.fault("v8/finance/chart", "nullclose")
    later = TUESDAY + timedelta(hours=1)
    assert get(store, end=later.date(), now=later) == good
    assert get(store, now=later) == good


@pytest.mark.parametrize(
    "changed",
    [
        {"indicators": {"quote": [{"close": [1]}]}},
        {"indicators": {"quote": [{"close": [1, 2, 3]}]}},
        {"indicators": {"quote": [{"open": [1, 2]}]}},
        {"timestamp": None},
        {"meta": META | {"dataGranularity": "1wk"}},
        {"meta": META | {"currency": None}},
    ],
)
def test_a_chart_that_does_not_fit_together_is_no_answer(changed: dict[str, Any]) -> None:
    with pytest.raises(FeedError, match="chart of X"):
        history_of("X", chart_of({19: 1, 20: 2}) | changed, START, TUESDAY)


@pytest.mark.parametrize("event", ["splits", "dividends"])
def test_a_split_or_dividend_that_is_published_late_is_taken_in(
    store: HistoryStore, yahoo_here: Yahoo, event: str
) -> None:
    listing = listed(yahoo_here)
    closes = get(store).closes
    day = date(2026, 11, 19)
    listing.dividends |= {day: 0.5} if event == "dividends" else {}
    listing.splits |= {day: (2, 1)} if event == "splits" else {}
    later = TUESDAY + timedelta(hours=1)
    history = get(store, end=later.date(), now=later)
    assert [one.day for one in getattr(history, event)] == [day]
    assert history.closes == closes
    asked = len(yahoo_here.chart_requests)
    get(store, end=later.date(), now=later + timedelta(hours=1))
    assert len(yahoo_here.chart_requests) == asked + 1


def test_a_split_that_is_still_to_come_changes_no_close() -> None:
    chart = chart_of({20: 10, 23: 12}, splits=[(25, 2, 1)])
    history = history_of("X", chart, START, TUESDAY)
    assert history.closes[MONDAY] == 12
    assert history.splits == ()


@pytest.mark.parametrize(
    ("traded", "new", "old"),
    [("645.57", 28, 1), ("645.57", 7, 1), ("101.37", 3, 1), ("1234.56", 3, 2), ("12.34", 1, 3), ("88.42", 20, 1)],
)
def test_an_undone_split_gives_the_very_price_that_was_traded(traded: str, new: int, old: int) -> None:
    [sent] = struct.unpack("<f", struct.pack("<f", float(traded) * old / new))
    chart = chart_of({18: D(repr(sent)), 20: 5}, splits=[(20, new, old)])
    assert history_of("X", chart, START, TUESDAY).closes[date(2026, 11, 18)] == D(traded)


def test_an_undone_split_gives_the_very_dividend_that_was_paid() -> None:
    chart = chart_of({18: 9, 20: 3}, splits=[(20, 3, 1)])
    chart["events"]["dividends"] = {"1": {"date": stamp(18), "amount": D(repr(0.91 / 3))}}
    assert [one.amount for one in history_of("X", chart, START, TUESDAY).dividends] == [D("0.91")]


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


@pytest.mark.parametrize("other", ["931", "NaN", "-5"])
def test_one_changed_figure_in_the_cache_is_found(
    store: HistoryStore, yahoo_here: Yahoo, tmp_path: Path, other: str
) -> None:
    listed(yahoo_here)
    good = get(store)
    [kept] = (tmp_path / "history").iterdir()
    text = kept.read_text()
    figure = f'"{good.closes[MONDAY]}"'
    assert text.count(figure) == 1
    kept.write_text(text.replace(figure, f'"{other}"'))
    assert get(store) == good


def test_a_folder_that_cannot_be_made_is_no_hindrance(yahoo_here: Yahoo, tmp_path: Path) -> None:
    yahoo_here.world.stage(TUESDAY)
    listed(yahoo_here)
    (tmp_path / "history").write_text("a file")
    assert get(HistoryStore(tmp_path, YahooClient(tmp_path / "yfinance"))).complete_to == MONDAY


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
