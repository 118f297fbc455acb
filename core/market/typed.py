"""Prices typed by the user: facts with a time, a source and an end, like any other quote."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct

from core.market.quotes import Quote

LASTS: Final = timedelta(hours=24)
FUND_LASTS: Final = timedelta(days=4)


class TypedPrice(Struct, frozen=True):
    """What the user said one unit costs, in `currency`, when, and until when it counts."""

    price: Decimal
    currency: str
    time: datetime
    expires: datetime

    def as_quote(self, symbol: str, known: Quote | None) -> Quote:
        """It as a quote; the venue is that of the quote that is `known`."""
        return Quote(
            symbol=symbol,
            source="manual",
            price=self.price,
            currency=self.currency,
            raw_currency=self.currency,
            time=self.time,
            seen=self.time,
            expires=self.expires,
            previous_close=known.previous_close if known and known.currency == self.currency else None,
            timezone=known.timezone if known else None,
            exchange=known.exchange if known else None,
            kind=known.kind if known else None,
            name=known.name if known else None,
        )


def typed_now(price: Decimal, currency: str, now: datetime, *, fund: bool = False) -> TypedPrice:
    """A price typed at `now`: it lasts a day, that of a fund four."""
    return TypedPrice(price, currency, now, now + (FUND_LASTS if fund else LASTS))
