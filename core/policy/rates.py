"""What a unit of another currency is worth in base currency, and what a doubtful rate means for what it values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.market.currency import rate_symbol
from core.market.quotes import Quote, QuoteBoard
from core.market.trust import Trust

CERTAIN: Final = Trust(True, True)  # of the base currency against itself
_NO_QUOTE: Final = Trust(False, False, "no quote")


class Rate(Struct, frozen=True):
    """Base currency per unit of `currency`: its quote, None if that cannot be used at all, and its trust."""

    currency: str
    symbol: str
    trust: Trust
    quote: Quote | None = None

    @property
    def price(self) -> Decimal | None:
        """Base currency per unit; None if unknown."""
        return self.quote.price if self.quote else None

    @property
    def previous(self) -> Decimal | None:
        """The same at the previous close."""
        return self.quote.previous_close if self.quote else None


def rates_of(
    currencies: Iterable[str], base: str, board: QuoteBoard, trusts: Mapping[str, Trust]
) -> dict[str, Rate]:
    """The rate of each of `currencies` but the base itself, by currency."""
    rates = {}
    for currency in sorted(set(currencies) - {base}):
        symbol = rate_symbol(currency, base)
        trust = trusts.get(symbol, _NO_QUOTE)
        rates[currency] = Rate(currency, symbol, trust, board.get(symbol) if trust.usable else None)
    return rates


def cash_doubt(rate: Rate) -> str:
    """What is wrong with a balance whose rate is not trusted."""
    return f"cash in {rate.currency}: {rate.symbol}: {rate.trust.reason}"


def joined(price: Trust, rate: Rate | None) -> Trust:
    """How far to trust a value that takes both a price and a rate (None: in base currency)."""
    if rate is None or rate.trust.trusted or not price.usable:
        return price
    reason = f"{rate.symbol}: {rate.trust.reason}"
    return replace(
        price,
        trusted=False,
        usable=rate.trust.usable,
        reason=reason if price.trusted else f"{price.reason}; {reason}",
        suspicion=None,  # a limit that only warns of a jump says nothing about the rate
        jump=None if price.trusted else price.jump,
        error=(1 + price.error) * (1 + rate.trust.error) - 1,
    )
