"""A quote is facts: what somebody said a symbol cost, in which currency, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from msgspec import Struct


class Quote(Struct, frozen=True):
    """One price as it was given. What is missing is None, never guessed; `time` is the exchange's, in UTC.

    `price` and `previous_close` are in `currency`, a major unit; `raw_currency` is the unit the source quoted in.
    """

    symbol: str
    source: str
    price: Decimal | None = None
    currency: str | None = None
    time: datetime | None = None
    previous_close: Decimal | None = None
    raw_currency: str | None = None
    market_state: str | None = None
    delay_minutes: int | None = None
    timezone: str | None = None  # the exchange's IANA zone


class QuoteBoard(Struct, frozen=True):
    """The last quote of each symbol. Frozen: `with_quotes` gives a new board."""

    quotes: dict[str, Quote] = {}

    def get(self, symbol: str) -> Quote | None:
        """The last quote of `symbol`, if there is one."""
        return self.quotes.get(symbol)

    def with_quotes(self, quotes: Iterable[Quote]) -> QuoteBoard:
        """This board with `quotes` put over it."""
        return QuoteBoard({**self.quotes, **{quote.symbol: quote for quote in quotes}})
