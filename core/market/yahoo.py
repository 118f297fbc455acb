"""Yahoo's quotes: one request for up to 50 symbols, each row read strictly, what is missing left missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any, Final
from urllib.parse import quote as quoted
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.market.library import FeedError, Library
from core.market.quotes import Quote, merged
from core.market.trust import HIGHEST_PRICE, LOWEST_PRICE
from core.money import MINOR_UNITS
from core.text import clean

__all__ = ["FeedError", "Reply", "YahooClient"]

QUOTES: Final = "https://query1.finance.yahoo.com/v7/finance/quote"
CHART: Final = "https://query2.finance.yahoo.com/v8/finance/chart/"
MOST_SYMBOLS: Final = 50  # in one request: beyond about 65 Yahoo has answered 429
LONGEST_SECONDS: Final = 20.0  # for all requests of one call
MARKET_STATES: Final = frozenset({"PREPRE", "PRE", "REGULAR", "POST", "POSTPOST", "CLOSED"})
LATEST_EPOCH: Final = 32503680000  # the year 3000: beyond it a number is no time in seconds
LONGEST_DELAY: Final = 24 * 60
LONGEST_CODE: Final = 20
NEAR: Final = timedelta(days=14)  # from a moment to the session that is current then: holidays are shorter
_FIELDS: Final = (
    "symbol,currency,regularMarketPrice,regularMarketTime,regularMarketPreviousClose,regularMarketVolume,"
    "marketState,exchangeDataDelayedBy,exchangeTimezoneName,exchange,quoteType,shortName,longName"
)
_LOCALE: Final = {"formatted": "false", "lang": "en-US", "region": "US"}


class Reply(Struct, frozen=True):
    """What Yahoo said: quotes, priced or not, and the symbols that it does not know."""

    quotes: tuple[Quote, ...]
    unknown: tuple[str, ...]


class YahooClient:
    """Asks Yahoo; cheap to make. Calls may come from any thread, and block it for LONGEST_SECONDS at most.

    `directory` is where yfinance may keep its cookies.
    """

    def __init__(self, directory: Path) -> None:
        self._library = Library(directory)

    def fetch(self, symbols: Sequence[str], now: datetime) -> Reply:
        """The quotes of `symbols`, seen at `now`; FeedError if Yahoo answers any of the requests with none."""
        until = monotonic() + LONGEST_SECONDS
        wanted = tuple(dict.fromkeys(symbols))
        found: dict[str, Quote] = {}
        for start in range(0, len(wanted), MOST_SYMBOLS):
            asked = wanted[start : start + MOST_SYMBOLS]
            params = {"symbols": ",".join(asked), "fields": _FIELDS, **_LOCALE}
            rows = _result(self._library.ask(QUOTES, params, until), "quoteResponse")
            for quote in _quotes(rows, asked, now):
                old = found.get(quote.symbol)
                found[quote.symbol] = quote if old is None else merged(old, quote)
        return Reply(tuple(found.values()), tuple(symbol for symbol in wanted if symbol not in found))

    def periods(self, symbols: Sequence[str], now: datetime) -> dict[str, tuple[datetime, datetime]]:
        """Open and close of the regular session that is current at `now`, where Yahoo knows one; a request each."""
        until = monotonic() + LONGEST_SECONDS
        found = {}
        for symbol in dict.fromkeys(symbols):
            try:
                meta = self.chart(symbol, {"range": "1d", "interval": "1d"}, until).get("meta")
            except FeedError as error:
                if error.status != 404:
                    raise
                continue
            period = _under(meta, "currentTradingPeriod", "regular")
            opens, closes = _moment(_under(period, "start")), _moment(_under(period, "end"))
            if opens is not None and closes is not None and now - NEAR < opens < closes < now + NEAR:
                found[symbol] = (opens, closes)
        return found

    def chart(self, symbol: str, params: Mapping[str, str], until: float | None = None) -> dict[str, Any]:
        """One symbol's chart as Yahoo gives it; FeedError with status 404 if it does not know the symbol."""
        until = monotonic() + LONGEST_SECONDS if until is None else until
        rows = _result(self._library.ask(CHART + quoted(symbol, safe=""), params, until), "chart")
        if not rows or not isinstance(rows[0], dict):
            raise FeedError("answer", f"Yahoo's answer cannot be read: no chart of {symbol}")
        return rows[0]


def _result(answer: Any, part: str) -> list[Any]:
    """The rows of an answer, whatever they are; FeedError if it has none."""
    rows = _under(answer, part, "result")
    if isinstance(rows, list):
        return rows
    error = _under(answer, part, "error") or _under(answer, "finance", "error")
    said = _under(error, "description") or _under(error, "code")
    raise FeedError("answer", f"Yahoo's answer cannot be read: {said if isinstance(said, str) else f'no {part}'}")


def _under(value: Any, *keys: str) -> Any:
    """What stands under `keys` in nested objects; None where there is no such thing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _quotes(rows: list[Any], asked: Sequence[str], now: datetime) -> list[Quote]:
    """The rows that answer one of the symbols `asked`, however it writes them; the others are left out."""
    spellings: dict[str, list[str]] = {}
    for symbol in asked:
        spellings.setdefault(symbol.upper(), []).append(symbol)
    return [
        _quote(symbol, row, now)
        for row in rows
        if isinstance(row, dict) and isinstance(row.get("symbol"), str)
        for symbol in spellings.get(row["symbol"].upper(), ())
    ]


def _quote(symbol: str, row: dict[str, Any], now: datetime) -> Quote:
    raw = _word(row.get("currency"))
    currency, parts = MINOR_UNITS.get(raw, (raw, 1)) if raw else (None, 1)
    price, time = _price(row.get("regularMarketPrice"), parts), _moment(row.get("regularMarketTime"))
    missing = {
        "price": None if price is not None else _why(row.get("regularMarketPrice")),
        "time": None if time is not None else _why(row.get("regularMarketTime")),
        "currency": None if currency is not None else _why(row.get("currency")),
    }
    state, delay = _word(row.get("marketState")), row.get("exchangeDataDelayedBy")
    volume = row.get("regularMarketVolume")
    return Quote(
        symbol=symbol,
        source="yahoo",
        price=price,
        currency=currency,
        time=time,
        previous_close=_price(row.get("regularMarketPreviousClose"), parts),
        volume=volume if type(volume) is int and volume >= 0 else None,
        raw_currency=raw,
        market_state=state.upper() if state and state.upper() in MARKET_STATES else None,
        delay_minutes=delay if type(delay) is int and 0 <= delay <= LONGEST_DELAY else None,
        timezone=_zone(row.get("exchangeTimezoneName")),
        exchange=_word(row.get("exchange")),
        kind=_word(row.get("quoteType")),
        name=_text(row.get("longName")) or _text(row.get("shortName")),
        seen=now,
        note="; ".join(f"Yahoo gives no {what}{why}" for what, why in missing.items() if why is not None) or None,
    )


def _price(value: Any, parts: int) -> Decimal | None:
    """A number as a price in the major unit, given in one of its `parts`; None if it is no price."""
    if type(value) is not int and not isinstance(value, Decimal):
        return None
    price = Decimal(value) / parts
    return price if LOWEST_PRICE <= price <= HIGHEST_PRICE else None


def _moment(value: Any) -> datetime | None:
    """Whole seconds since 1970 as a moment; None for anything else, such as milliseconds."""
    if type(value) is not int or not 0 < value < LATEST_EPOCH:
        return None
    return datetime.fromtimestamp(value, UTC)


def _why(value: Any) -> str:
    """What stands where a price, time or currency should, for a note; empty if nothing that can be shown does."""
    return f" ({clean(str(value), LONGEST_CODE)})" if isinstance(value, str | int | Decimal) else ""


def _text(value: Any) -> str | None:
    return clean(value) or None if isinstance(value, str) else None


def _word(value: Any) -> str | None:
    """A code: a short word, as it is written; None for anything else."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_CODE or clean(value) != value:
        return None
    return value


@lru_cache(maxsize=256)
def _known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; no name of one; a directory of zones
        return False
    return True


def _zone(value: Any) -> str | None:
    name = _word(value)
    return name if name and _known_zone(name) else None
