"""The loopback Yahoo, asked by an unmodified yfinance in this process."""

from __future__ import annotations

from typing import Any

from tests.yahoo import Yahoo

QUOTES = "https://query1.finance.yahoo.com/v7/finance/quote"


def ask(symbols: str, seconds: float = 5.0, **more: str) -> list[dict[str, Any]]:
    """One batched request, as the app makes it."""
    from yfinance.data import YfData

    answer = YfData().get_raw_json(QUOTES, params={"symbols": symbols, **more}, timeout=seconds)
    result: list[dict[str, Any]] = answer["quoteResponse"]["result"]
    return result


def test_quotes_come_in_one_request_after_cookie_and_crumb(yahoo_here: Yahoo) -> None:
    prices = {quote["symbol"]: quote["regularMarketPrice"] for quote in ask("AAPL,VOD.L,BTC-USD")}
    assert prices == {"AAPL": 189.5, "VOD.L": 71.12, "BTC-USD": 67_350.25}
    assert [request.path for request in yahoo_here.requests] == ["/", "/v1/test/getcrumb", "/v7/finance/quote"]
    ask("AAPL")
    assert len(yahoo_here.requests) == 4


def test_unknown_symbols_are_silently_absent(yahoo_here: Yahoo) -> None:
    assert [quote["symbol"] for quote in ask("AAPL,NOPE")] == ["AAPL"]
    assert len(yahoo_here.quote_requests) == 1
