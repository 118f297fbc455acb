"""One listing in the words of `/v7/finance/quote`."""

from __future__ import annotations

from typing import Any, Final

from tests.yahoo.world import Listing, World

# What Yahoo sends whatever `fields` asks for; the rest has to be asked for, or no `fields` given.
ALWAYS: Final = frozenset({
    "symbol", "language", "region", "quoteType", "typeDisp", "quoteSourceName", "triggerable", "marketState",
    "hasPrePostMarketData", "firstTradeDateMilliseconds", "priceHint", "fullExchangeName", "exchange", "market",
    "exchangeTimezoneName", "exchangeTimezoneShortName", "gmtOffSetMilliseconds", "exchangeDataDelayedBy",
    "sourceInterval", "tradeable", "cryptoTradeable", "esgPopulated",
})  # fmt: skip
VENUES: Final = {
    "NMS": "NasdaqGS", "PCX": "NYSEArca", "NGM": "NasdaqGM", "NAS": "Nasdaq", "SNP": "SNP", "LSE": "LSE",
    "GER": "XETRA", "JPX": "Tokyo", "JNB": "Johannesburg", "TLV": "Tel Aviv", "CCY": "CCY", "CCC": "CCC",
}  # fmt: skip
KINDS: Final = {
    "EQUITY": "Equity", "ETF": "ETF", "MUTUALFUND": "Fund", "INDEX": "Index", "CURRENCY": "Currency",
    "CRYPTOCURRENCY": "Cryptocurrency", "FUTURE": "Futures",
}  # fmt: skip


def quote(world: World, listing: Listing) -> dict[str, Any]:
    """All fields, before any fault."""
    at, local = world.time_of(listing), world.local(listing)
    state, close = world.state_of(listing), listing.closed_before
    offset = local.utcoffset()
    assert offset is not None
    entry: dict[str, Any] = {
        "symbol": listing.symbol,
        "language": "en-US",
        "region": "US",
        "quoteType": listing.kind,
        "typeDisp": KINDS.get(listing.kind, listing.kind.title()),
        "quoteSourceName": "Delayed Quote" if listing.delay else "Nasdaq Real Time Price",
        "triggerable": True,
        "currency": listing.currency,
        "marketState": state,
        "hasPrePostMarketData": listing.extended is not None,
        "firstTradeDateMilliseconds": int(world.bounds(listing, listing.listed)[0] * 1000),
        "priceHint": 4 if listing.kind == "CURRENCY" else 2,
        "fullExchangeName": VENUES.get(listing.exchange, listing.exchange),
        "exchange": listing.exchange,
        "market": "ccy_market" if listing.kind == "CURRENCY" else f"{listing.currency.lower()}_market",
        "exchangeTimezoneName": listing.timezone,
        "exchangeTimezoneShortName": local.tzname(),
        "gmtOffSetMilliseconds": int(offset.total_seconds() * 1000),
        "exchangeDataDelayedBy": listing.delay,
        "sourceInterval": 15,
        "tradeable": False,
        "cryptoTradeable": listing.kind == "CRYPTOCURRENCY",
        "esgPopulated": False,
        "shortName": listing.name or listing.symbol,
        "longName": listing.name or listing.symbol,
        "regularMarketPrice": listing.price,
        "regularMarketTime": int(at),
        "regularMarketPreviousClose": close,
        "regularMarketChange": round(listing.price - close, 6),
        "regularMarketChangePercent": round((listing.price / close - 1) * 100, 6) if close else 0.0,
        "regularMarketOpen": close,
        "regularMarketDayHigh": max(listing.price, close),
        "regularMarketDayLow": min(listing.price, close),
        "regularMarketVolume": 1_000_000,
        "bid": listing.price,
        "ask": listing.price,
        "financialCurrency": "USD",
    }
    if listing.extended is not None and state in ("PRE", "POST", "POSTPOST", "PREPRE", "CLOSED"):
        name = "preMarket" if state == "PRE" else "postMarket"
        price = listing.extended_price if listing.extended_price is not None else listing.price
        entry[f"{name}Price"] = price
        entry[f"{name}Time"] = int(world.clock.now()) if state in ("PRE", "POST") else int(at)
    entry |= listing.fields
    return {name: value for name, value in entry.items() if name not in listing.absent}


def chosen(entry: dict[str, Any], fields: str) -> dict[str, Any]:
    """What of `entry` an answer holds when `fields` (comma-separated; empty: all) was asked for."""
    if not fields:
        return entry
    names = ALWAYS | set(fields.split(","))
    return {name: value for name, value in entry.items() if name in names}
