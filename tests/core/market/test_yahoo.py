"""What is read from Yahoo: exact prices in major units, what is missing left missing, few requests."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.market import library, yahoo
from core.market.quotes import Quote
from core.market.yahoo import FeedError, YahooClient
from tests.yahoo import Listing, Yahoo

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
QUOTE = "v7/finance/quote"


@pytest.fixture
def client(yahoo_here: Yahoo, tmp_path: Path) -> YahooClient:
    yahoo_here.world.stage(NOW)
    return YahooClient(tmp_path / "feed" / "yfinance")


def one(client: YahooClient, symbol: str) -> Quote:
    [quote] = client.fetch([symbol], NOW).quotes
    return quote


@pytest.mark.parametrize(
    ("symbol", "price", "currency", "raw"),
    [
        ("VOD.L", "0.7112", "GBP", "GBp"),
        ("CPG.L", "33.1", "USD", "USD"),  # quoted in London, and not in pence
        ("NPN.JO", "3850", "ZAR", "ZAc"),
        ("TEVA.TA", "61.5", "ILS", "ILA"),
        ("7203.T", "2890", "JPY", "JPY"),
        ("BTC-USD", "67350.25", "USD", "USD"),
        ("EURUSD=X", "1.085", "USD", "USD"),
    ],
)
def test_prices_are_exact_and_in_major_units(
    client: YahooClient, symbol: str, price: str, currency: str, raw: str
) -> None:
    quote = one(client, symbol)
    assert (quote.price, quote.currency, quote.raw_currency) == (Decimal(price), currency, raw)


@pytest.mark.parametrize(("unit", "parts", "major"), [("GBX", 100, "GBP"), ("KWF", 1000, "KWD")])
def test_other_minor_units(client: YahooClient, yahoo_here: Yahoo, unit: str, parts: int, major: str) -> None:
    yahoo_here.world.add(Listing("X", 1234.0, currency=unit, previous_close=1200.0))
    quote = one(client, "X")
    assert (quote.price, quote.previous_close) == (Decimal(1234) / parts, Decimal(1200) / parts)
    assert quote.currency == major


def test_a_price_keeps_the_digits_that_it_was_sent_with(client: YahooClient, yahoo_here: Yahoo) -> None:
    yahoo_here.world["VTI"].price = 231.30000000000001
    assert one(client, "VTI").price == Decimal("231.3")
    yahoo_here.world["VTI"].price = 0.1 + 0.2
    assert one(client, "VTI").price == Decimal("0.30000000000000004")


def test_everything_else_that_a_quote_says(client: YahooClient) -> None:
    quote = one(client, "VOD.L")
    assert (quote.market_state, quote.delay_minutes, quote.timezone) == ("REGULAR", 15, "Europe/London")
    assert (quote.exchange, quote.kind, quote.name) == ("LSE", "EQUITY", "Vodafone Group PLC")
    assert quote.time == datetime(2026, 11, 23, 15, 45, tzinfo=UTC)
    assert (quote.seen, quote.note, quote.source) == (NOW, None, "yahoo")


def test_unknown_symbols_are_told_and_cost_nothing(client: YahooClient, yahoo_here: Yahoo) -> None:
    reply = client.fetch(["VTI", "NOPE", "BND", "GONE"], NOW)
    assert ({quote.symbol for quote in reply.quotes}, reply.unknown) == ({"VTI", "BND"}, ("NOPE", "GONE"))
    assert len(yahoo_here.quote_requests) == 1


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (50, 1), (51, 2), (100, 2), (101, 3)])
def test_a_warm_poll_is_one_request_for_fifty_symbols(
    client: YahooClient, yahoo_here: Yahoo, count: int, requests: int
) -> None:
    client.fetch(["VTI"], NOW)
    warm = len(yahoo_here.requests)
    assert warm == 3  # cookie, crumb, quote
    reply = client.fetch([f"S{n:03}" for n in range(count)], NOW)
    assert (len(reply.quotes), len(yahoo_here.requests) - warm) == (count, requests)


def test_a_symbol_asked_for_twice_or_in_another_case_is_answered(client: YahooClient) -> None:
    reply = client.fetch(["vti", "VTI", "VTI"], NOW)
    assert {quote.symbol for quote in reply.quotes} == {"vti", "VTI"}
    assert reply.unknown == ()


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"regularMarketPrice": None}, "price"),
        ({"regularMarketPrice": "255.5"}, "price (255.5)"),
        ({"regularMarketPrice": True}, "price"),
        ({"regularMarketPrice": 0}, "price"),
        ({"regularMarketPrice": [1]}, "price"),
        ({"regularMarketTime": None}, "time"),
        ({"regularMarketTime": 1.5}, "time"),
        ({"regularMarketTime": -5}, "time"),
        ({"currency": None}, "currency"),
        ({"currency": ""}, "currency"),
        ({"currency": 5}, "currency"),
    ],
)
def test_a_bad_row_says_what_it_lacks_and_spoils_nobody(
    client: YahooClient, yahoo_here: Yahoo, fields: dict[str, Any], what: str
) -> None:
    yahoo_here.fault(QUOTE, "set", fields, symbols=("VTI",))
    bad, good = client.fetch(["VTI", "BND"], NOW).quotes
    assert not bad.priced
    assert f"Yahoo gives no {what}" in (bad.note or "")
    assert (good.symbol, good.priced, good.note) == ("BND", True, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"marketState": 5},
        {"marketState": "HALTED"},
        {"exchangeDataDelayedBy": "soon"},
        {"exchangeDataDelayedBy": -5},
        {"exchangeTimezoneName": "Mars/Olympus"},
        {"exchangeTimezoneName": "../../etc/passwd"},
        {"regularMarketPreviousClose": "x"},
        {"regularMarketVolume": "many"},
        {"longName": "\x1b]52;c;aGk=\x07 evil \u202e"},
        {"longName": 5, "shortName": ["x"]},
    ],
)
def test_odd_extras_leave_the_price_alone(client: YahooClient, yahoo_here: Yahoo, fields: dict[str, Any]) -> None:
    yahoo_here.fault(QUOTE, "set", fields, symbols=("VTI",))
    quote = one(client, "VTI")
    assert quote.price == Decimal("255.5")
    assert "\x1b" not in (quote.name or "")
    assert "\u202e" not in (quote.name or "")


def test_a_wrong_crumb_is_renewed(client: YahooClient, yahoo_here: Yahoo) -> None:
    client.fetch(["VTI"], NOW)
    yahoo_here.expire()
    assert one(client, "VTI").priced


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ((QUOTE, "status", 429), "rate_limited"),
        (("getcrumb", "status", 429), "rate_limited"),
        ((QUOTE, "status", 500), "answer"),
        ((QUOTE, "malformed"), "answer"),
        ((QUOTE, "reset"), "network"),
    ],
)
def test_failures_are_told_apart_and_the_next_call_works(
    client: YahooClient, yahoo_here: Yahoo, fault: tuple[Any, ...], kind: str
) -> None:
    yahoo_here.fault(*fault)
    with pytest.raises(FeedError) as failed:
        client.fetch(["VTI"], NOW)
    assert failed.value.kind == kind
    assert "\n" not in failed.value.detail
    yahoo_here.clear()
    assert one(client, "VTI").priced


def test_a_call_ends_in_time_although_nothing_answers(
    client: YahooClient, yahoo_here: Yahoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "REQUEST_SECONDS", 0.2)
    monkeypatch.setattr(yahoo, "LONGEST_SECONDS", 0.5)
    yahoo_here.fault(".", "hang")
    with pytest.raises(FeedError, match="no answer in time"):
        client.fetch([f"S{n:03}" for n in range(500)], NOW)
    assert len(yahoo_here.requests) <= 5


def test_sessions_come_from_the_chart(client: YahooClient) -> None:
    opens, closes = client.periods(["VOD.L", "NOPE"], NOW)["VOD.L"]
    assert (opens, closes) == (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), datetime(2026, 11, 23, 16, 30, tzinfo=UTC))


def test_its_stores_are_its_owners_alone(client: YahooClient, tmp_path: Path) -> None:
    client.fetch(["VTI"], NOW)
    folder = tmp_path / "feed" / "yfinance"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("content", [b"", b"this is no database", b"SQLite format 3\x00" + bytes(100)])
def test_a_damaged_store_is_no_hindrance(client: YahooClient, tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "feed" / "yfinance"
    folder.mkdir(parents=True)
    (folder / "cookies.db").write_bytes(content)
    assert one(client, "VTI").priced


def test_a_store_that_somebody_else_locks_is_no_hindrance(client: YahooClient, tmp_path: Path) -> None:
    client.fetch(["VTI"], NOW)
    other = sqlite3.connect(tmp_path / "feed" / "yfinance" / "cookies.db", isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        assert one(YahooClient(tmp_path / "feed" / "yfinance"), "VTI").priced
    finally:
        other.close()


def test_a_directory_that_cannot_be_made_is_no_hindrance(yahoo_here: Yahoo) -> None:
    assert one(YahooClient(Path("/proc/strikezone/yfinance")), "VTI").priced


def test_nothing_of_the_library_reaches_the_screen(client: YahooClient, capfd: pytest.CaptureFixture[str]) -> None:
    client.fetch(["VTI", "NOPE"], NOW)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
