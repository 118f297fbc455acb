"""Every fault of the loopback Yahoo, as it reaches an unmodified yfinance in this process."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.yahoo import Yahoo
from tests.yahoo.test_yahoo import COLD, ask, asked, ticker

QUOTE = "query1.finance.yahoo.com/v7/finance/quote"


def failures() -> Any:
    """yfinance's and its HTTP library's errors; loaded by the first test, not with this file."""
    from curl_cffi.requests import exceptions

    return exceptions


def warm(yahoo: Yahoo) -> None:
    """Cookie and crumb got, counts back at zero."""
    ask("AAPL")
    yahoo.requests.clear()
    yahoo.hosts.clear()


# Status


def test_one_429_is_retried_by_yfinance_at_once(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)
    yahoo_here.fault("v7/finance/quote", "status", 429, times=1)
    assert list(ask("AAPL")) == ["AAPL"]
    assert asked(yahoo_here) == [QUOTE, "query2.finance.yahoo.com/v1/test/getcrumb", QUOTE]


def test_a_lasting_429_raises_at_each_call_until_it_is_cleared(yahoo_here: Yahoo) -> None:
    from yfinance.exceptions import YFRateLimitError

    fault = yahoo_here.fault("v7/finance/quote", "status", 429)
    for calls in (1, 2):
        with pytest.raises(YFRateLimitError):
            ask("AAPL")
        assert fault.hits == 2 * calls
    yahoo_here.clear()
    assert list(ask("AAPL")) == ["AAPL"]


def test_a_429_for_the_crumb_leaves_its_text_behind_as_a_crumb(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("getcrumb", "status", 429, times=2)
    with pytest.raises(failures().HTTPError):
        ask("AAPL")
    assert list(ask("AAPL")) == ["AAPL"]
    assert any("Too Many Requests" in request.query.get("crumb", "") for request in yahoo_here.quote_requests)


@pytest.mark.parametrize("crumb", ["wrong", "", "Too Many Requests"])
def test_a_wrong_crumb_is_got_over(yahoo_here: Yahoo, crumb: str) -> None:
    yahoo_here.fault("query1.*getcrumb", "text", crumb)
    assert list(ask("AAPL")) == ["AAPL"]
    assert asked(yahoo_here)[:3] == [*COLD, QUOTE]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_lasting_error_status_is_an_http_error(yahoo_here: Yahoo, status: int) -> None:
    yahoo_here.fault("v7/finance/quote", "status", status)
    with pytest.raises(failures().HTTPError, match=str(status)):
        ask("AAPL")
    assert len(yahoo_here.quote_requests) == 2


# The connection


def test_a_hang_times_out(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)
    yahoo_here.fault("v7/finance/quote", "hang", times=1)
    with pytest.raises(failures().Timeout):
        ask("AAPL", seconds=0.2)
    assert list(ask("AAPL")) == ["AAPL"]


def test_a_delay_within_the_time_limit_is_only_late(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)
    late = yahoo_here.fault("v7/finance/quote", "delay", 0.05, times=1)
    assert list(ask("AAPL")) == ["AAPL"]
    assert late.hits == 1


def test_a_delay_beyond_the_time_limit_times_out(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)
    yahoo_here.fault("v7/finance/quote", "delay", 30, times=1)
    with pytest.raises(failures().Timeout):
        ask("AAPL", seconds=0.2)


def test_a_reset_of_a_used_connection_is_retried_by_libcurl(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)
    reset = yahoo_here.fault("v7/finance/quote", "reset", times=1)
    assert list(ask("AAPL")) == ["AAPL"]
    assert (reset.hits, len(yahoo_here.quote_requests)) == (1, 2)


def test_lasting_resets_are_a_connection_error(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)
    yahoo_here.fault("v7/finance/quote", "reset")
    with pytest.raises(failures().ConnectionError):
        ask("AAPL")


@pytest.mark.parametrize("kind", ["reset", "status"])
def test_a_proxy_that_opens_no_tunnel_is_a_connection_error_and_no_request(yahoo_here: Yahoo, kind: Any) -> None:
    yahoo_here.fault("", kind, layer="connect")
    with pytest.raises(failures().ConnectionError):
        ask("AAPL")
    assert yahoo_here.requests == []
    assert "query1.finance.yahoo.com" in yahoo_here.hosts
    yahoo_here.clear()
    assert list(ask("AAPL")) == ["AAPL"]


def test_a_tunnel_that_hangs_times_out(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)  # yfinance gives cookie and crumb 30 seconds whatever is asked for
    yahoo_here.offline()
    yahoo_here.online()
    yahoo_here.fault("query1", "hang", layer="connect")
    with pytest.raises(failures().Timeout):
        ask("AAPL", seconds=0.2)


def test_offline_every_request_fails_and_back_online_they_work(yahoo_here: Yahoo) -> None:
    warm(yahoo_here)
    yahoo_here.offline()
    with pytest.raises(failures().ConnectionError):
        ask("AAPL")
    assert yahoo_here.hosts == []
    yahoo_here.online()
    assert list(ask("AAPL")) == ["AAPL"]


# The body


@pytest.mark.parametrize("kind", ["malformed", "empty", "html"])
def test_a_body_that_is_no_json_is_a_value_error(yahoo_here: Yahoo, kind: Any) -> None:
    yahoo_here.fault("v7/finance/quote", kind, times=1)
    with pytest.raises(ValueError, match="Expecting"):
        ask("AAPL")
    assert list(ask("AAPL")) == ["AAPL"]


def test_a_truncated_body_is_a_request_error(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("v7/finance/quote", "truncated", times=1)
    with pytest.raises(failures().RequestException):
        ask("AAPL")
    assert list(ask("AAPL")) == ["AAPL"]


def test_a_status_200_with_html_is_a_page(yahoo_here: Yahoo) -> None:
    from yfinance.exceptions import YFDataException

    ticker("AAPL").history(period="5d")
    yahoo_here.fault("v8/finance/chart", "status", 200)

    with pytest.raises(YFDataException, match="CURRENTLY DOWN"):
        ticker("AAPL").history(period="5d")


# What quotes say


@pytest.mark.parametrize("price", [0, -1.5, "NaN", 1e12, None])
def test_an_absurd_price_comes_through_as_it_is(yahoo_here: Yahoo, price: object) -> None:
    yahoo_here.fault("v7/finance/quote", "price", price, symbols=["AAPL"])
    quotes = ask("AAPL,VTI")
    assert quotes["AAPL"]["regularMarketPrice"] == price
    assert quotes["VTI"]["regularMarketPrice"] == 255.5


def test_a_price_that_is_not_a_number_is_a_bare_nan_in_the_json(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("v7/finance/quote", "price", math.nan)
    assert math.isnan(ask("AAPL")["AAPL"]["regularMarketPrice"])


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("noprice", "regularMarketPrice"), ("notime", "regularMarketTime"), ("nocurrency", "currency")],
)
def test_a_quote_may_lack_price_time_or_currency(yahoo_here: Yahoo, kind: Any, missing: str) -> None:
    yahoo_here.fault("v7/finance/quote", kind, times=1)
    assert missing not in ask("AAPL")["AAPL"]
    assert missing in ask("AAPL")["AAPL"]


def test_any_field_of_a_quote_can_be_set_or_dropped(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("v7/finance/quote", "set", {"currency": "EUR"}, symbols=["AAPL"])
    yahoo_here.fault("v7/finance/quote", "drop", ["marketState"])
    quotes = ask("AAPL,VTI")
    assert {symbol: quote["currency"] for symbol, quote in quotes.items()} == {"AAPL": "EUR", "VTI": "USD"}
    assert not any("marketState" in quote for quote in quotes.values())


def test_a_listing_can_lack_a_field_for_good(yahoo_here: Yahoo) -> None:
    yahoo_here.world["AAPL"].absent = {"regularMarketPrice"}
    yahoo_here.world["VTI"].fields = {"regularMarketPrice": 1.0}
    quotes = ask("AAPL,VTI")
    assert "regularMarketPrice" not in quotes["AAPL"]
    assert quotes["VTI"]["regularMarketPrice"] == 1.0


# What charts say


def test_a_chart_of_nulls_is_an_empty_history(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("v8/finance/chart", "nullclose")
    assert ticker("AAPL").history(period="5d").empty


def test_the_last_bars_of_a_chart_can_be_null(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("v8/finance/chart", "nullclose", 2)
    assert len(ticker("BTC-USD").history(period="5d")) == 3


@pytest.mark.parametrize(
    ("pattern", "call"),
    [("chart", lambda: ticker("AAPL").history(period="5d")), ("v7", lambda: ask("AAPL"))],
)
def test_a_pattern_hits_only_what_it_matches(yahoo_here: Yahoo, pattern: str, call: Callable[[], object]) -> None:
    others = {"chart": "v7", "v7": "chart"}[pattern]
    hit = yahoo_here.fault(pattern, "delay", 0.001)
    missed = yahoo_here.fault(others, "delay", 0.001)
    call()
    assert hit.hits > 0
    assert missed.hits == 0


def test_a_fault_that_a_layer_does_not_know_is_refused(yahoo: Yahoo) -> None:
    with pytest.raises(ValueError, match="no fault 'silent' for http"):
        yahoo.fault("v7", "silent", layer="http")
