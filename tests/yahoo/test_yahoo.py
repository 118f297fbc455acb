"""Every route of the loopback Yahoo, asked by an unmodified yfinance in this process."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.yahoo import Listing, Yahoo

QUOTES = "https://query1.finance.yahoo.com/v7/finance/quote"
SATURDAY_EVENING = datetime(2026, 11, 21, 20, tzinfo=UTC)
COLD = ["fc.yahoo.com/", "query1.finance.yahoo.com/v1/test/getcrumb"]
CONSENTED = [
    "guce.yahoo.com/consent", "consent.yahoo.com/v2/collectConsent", "consent.yahoo.com/v2/collectConsent",
    "guce.yahoo.com/copyConsent", "finance.yahoo.com/", "guce.yahoo.com/copyConsent", "finance.yahoo.com/",
    "query2.finance.yahoo.com/v1/test/getcrumb",
]  # fmt: skip


def ask(symbols: str, seconds: float = 5.0, **more: str) -> dict[str, dict[str, Any]]:
    """One batched request, as the app makes it: the quotes by symbol."""
    from yfinance.data import YfData

    answer = YfData().get_raw_json(QUOTES, params={"symbols": symbols, **more}, timeout=seconds)
    return {quote["symbol"]: quote for quote in answer["quoteResponse"]["result"]}


def ticker(symbol: str) -> Any:
    import yfinance

    yfinance.config.debug.hide_exceptions = False
    return yfinance.Ticker(symbol)


def asked(yahoo: Yahoo) -> list[str]:
    return [request.host + request.path for request in yahoo.requests]


# Quotes


def test_quotes_come_in_one_request_after_cookie_and_crumb(yahoo_here: Yahoo) -> None:
    prices = {symbol: quote["regularMarketPrice"] for symbol, quote in ask("AAPL,VOD.L,BTC-USD").items()}
    assert prices == {"AAPL": 189.5, "VOD.L": 71.12, "BTC-USD": 67_350.25}
    assert asked(yahoo_here) == [*COLD, "query1.finance.yahoo.com/v7/finance/quote"]
    ask("AAPL")
    assert len(yahoo_here.requests) == 4


def test_a_request_is_logged_with_its_symbols_and_the_hosts_of_the_tunnels(yahoo_here: Yahoo) -> None:
    ask("AAPL,VOD.L")
    assert [request.symbols for request in yahoo_here.quote_requests] == [("AAPL", "VOD.L")]
    assert set(yahoo_here.hosts) == {"fc.yahoo.com", "query1.finance.yahoo.com"}
    assert yahoo_here.refused == []


def test_unknown_symbols_are_silently_absent(yahoo_here: Yahoo) -> None:
    assert list(ask("AAPL,NOPE")) == ["AAPL"]
    assert len(yahoo_here.quote_requests) == 1


def test_a_hundred_numbered_symbols_are_there_when_asked_for(yahoo_here: Yahoo) -> None:
    quotes = ask(",".join(f"S{number:03}" for number in range(100)))
    assert len(quotes) == 100
    assert quotes["S010"]["regularMarketPrice"] == 13.7


def test_a_quote_says_unit_venue_zone_state_and_delay(yahoo_here: Yahoo) -> None:
    quote = ask("VOD.L")["VOD.L"]
    assert (quote["currency"], quote["exchange"], quote["quoteType"]) == ("GBp", "LSE", "EQUITY")
    assert (quote["exchangeTimezoneName"], quote["exchangeDataDelayedBy"]) == ("Europe/London", 15)
    assert quote["marketState"] == "REGULAR"
    assert quote["regularMarketPreviousClose"] == 70.8


def test_currency_price_and_time_come_only_if_the_fields_asked_for_name_them(yahoo_here: Yahoo) -> None:
    quote = ask("AAPL", fields="regularMarketPrice")["AAPL"]
    assert quote["regularMarketPrice"] == 189.5
    assert "marketState" in quote
    assert {"currency", "regularMarketTime", "regularMarketPreviousClose"}.isdisjoint(quote)


def test_prices_states_and_times_can_be_set_at_any_moment(yahoo_here: Yahoo) -> None:
    ask("AAPL")
    apple = yahoo_here.world["AAPL"]
    apple.price, apple.state, apple.as_of = 201.5, "PRE", 1_795_000_000
    apple.extended_price = 202.25
    quote = ask("AAPL")["AAPL"]
    assert (quote["regularMarketPrice"], quote["regularMarketTime"]) == (201.5, 1_795_000_000)
    assert (quote["marketState"], quote["preMarketPrice"]) == ("PRE", 202.25)


def test_on_a_saturday_evening_stocks_are_closed_at_friday_and_crypto_trades(yahoo_here: Yahoo) -> None:
    yahoo_here.world.stage(SATURDAY_EVENING)
    quotes = ask("AAPL,VOD.L,VFIAX,EURUSD=X,BTC-USD")
    states = {symbol: quote["marketState"] for symbol, quote in quotes.items()}
    assert states == dict.fromkeys(("AAPL", "VOD.L", "VFIAX", "EURUSD=X"), "CLOSED") | {"BTC-USD": "REGULAR"}
    times = {symbol: datetime.fromtimestamp(quote["regularMarketTime"], UTC) for symbol, quote in quotes.items()}
    friday = datetime(2026, 11, 20, tzinfo=UTC)
    assert times["AAPL"] == friday + timedelta(hours=21)
    assert times["VOD.L"] == friday + timedelta(hours=16, minutes=30)
    assert times["BTC-USD"] == SATURDAY_EVENING


# Cookie and crumb


def test_a_crumb_that_has_expired_costs_one_way_through_the_consent_form(yahoo_here: Yahoo) -> None:
    ask("AAPL")
    yahoo_here.expire()
    before = len(yahoo_here.requests)
    assert list(ask("AAPL")) == ["AAPL"]
    assert asked(yahoo_here)[before] == "query1.finance.yahoo.com/v7/finance/quote"
    assert asked(yahoo_here)[-2:] == [
        "query2.finance.yahoo.com/v1/test/getcrumb", "query1.finance.yahoo.com/v7/finance/quote",
    ]  # fmt: skip


def test_the_consent_form_leads_to_a_cookie(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("fc.yahoo.com", "reset")
    assert list(ask("AAPL")) == ["AAPL"]
    assert asked(yahoo_here)[-len(CONSENTED) - 1 : -1] == CONSENTED


def test_a_visitor_sent_to_the_consent_form_comes_back_with_the_answer(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("v7/finance/quote", "consent", times=1)
    assert list(ask("AAPL")) == ["AAPL"]
    assert len(yahoo_here.quote_requests) == 2


# Charts


def test_history_ends_with_the_present_price_and_has_no_weekend(yahoo_here: Yahoo) -> None:
    yahoo_here.world.stage(SATURDAY_EVENING)
    history = ticker("AAPL").history(period="5d", auto_adjust=False)
    assert [stamp.date() for stamp in history.index] == [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]
    assert list(history["Close"])[-2:] == [188.0, 189.5]


def test_one_day_on_a_weekend_is_the_last_session(yahoo_here: Yahoo) -> None:
    yahoo_here.world.stage(SATURDAY_EVENING)
    history = ticker("AAPL").history(period="1d")
    assert [stamp.date() for stamp in history.index] == [date(2026, 11, 20)]


def test_start_and_end_bound_a_history(yahoo_here: Yahoo) -> None:
    history = ticker("SAP.DE").history(start="2026-03-02", end="2026-03-07")
    assert [stamp.date() for stamp in history.index] == [date(2026, 3, day) for day in (2, 3, 4, 5, 6)]
    assert yahoo_here.chart_requests[-1].query.keys() >= {"period1", "period2", "interval"}


def test_closes_are_adjusted_for_splits_and_adjusted_closes_for_dividends_too(yahoo_here: Yahoo) -> None:
    days = [date(2026, 10, day) for day in (1, 2, 5, 6)]
    yahoo_here.world.add(
        Listing("SPLT", 51.0, history=dict(zip(days, (100.0, 102.0, 50.0, 51.0), strict=True)), previous_close=51.0,
                splits={days[2]: (2, 1)}, dividends={days[1]: 1.0, days[3]: 0.5})
    )  # fmt: skip
    yahoo_here.world.stage(datetime(2026, 10, 6, 22, tzinfo=UTC))
    history = ticker("SPLT").history(start="2026-10-01", end="2026-10-07", auto_adjust=False)
    assert list(history["Close"]) == [50.0, 51.0, 50.0, 51.0]
    assert list(history["Stock Splits"]) == [0.0, 0.0, 2.0, 0.0]
    assert list(history["Dividends"]) == [0.0, 0.5, 0.0, 0.5]
    assert list(history["Adj Close"]) == pytest.approx([50 * 0.99 * 0.99, 51 * 0.99, 50 * 0.99, 51])


@pytest.mark.parametrize(("interval", "bars"), [("1d", 22), ("1wk", 5), ("1mo", 2)])
def test_days_are_joined_to_weeks_and_months(yahoo_here: Yahoo, interval: str, bars: int) -> None:
    yahoo_here.world.stage(SATURDAY_EVENING)
    assert len(ticker("VTI").history(start="2026-10-15", end="2026-11-14", interval=interval)) == bars


def test_intraday_bars_fill_the_session(yahoo_here: Yahoo) -> None:
    yahoo_here.world.stage(datetime(2026, 11, 20, 17, tzinfo=UTC))  # noon in New York
    history = ticker("AAPL").history(period="1d", interval="30m")
    assert [f"{stamp:%H:%M}" for stamp in history.index] == ["09:30", "10:00", "10:30", "11:00", "11:30"]


def test_the_trading_period_is_that_of_the_next_session_once_one_has_ended(yahoo_here: Yahoo) -> None:
    yahoo_here.world.stage(SATURDAY_EVENING)
    stock = ticker("AAPL")
    stock.history(period="1d")
    period = stock.history_metadata["currentTradingPeriod"]
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert period["regular"]["start"].to_pydatetime() == monday + timedelta(hours=14, minutes=30)
    assert period["regular"]["end"].to_pydatetime() == monday + timedelta(hours=21)
    assert period["pre"]["start"].to_pydatetime() == monday + timedelta(hours=9)


def test_an_unknown_symbol_has_no_chart(yahoo_here: Yahoo) -> None:
    import yfinance

    assert yfinance.Ticker("NOPE").history(period="5d").empty
    assert len(yahoo_here.requests) == 13


def test_fast_info_and_info_and_search_find_what_they_need(yahoo_here: Yahoo) -> None:
    import yfinance

    fast = ticker("VOD.L").fast_info
    assert (fast["lastPrice"], fast["currency"], fast["timezone"]) == (71.12, "GBp", "Europe/London")
    assert ticker("AAPL").info["regularMarketPrice"] == 189.5
    assert [found["symbol"] for found in yfinance.Search("voda").quotes] == ["VOD.L"]
