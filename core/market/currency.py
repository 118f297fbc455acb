"""Which exchange rates a portfolio needs, and what they are called: rates are quotes of the same feed.

`EURUSD=X` is what one EUR is worth in USD: its price is base currency per unit, quoted in the base currency.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from core.portfolio.model import Portfolio

_PAIR: Final = re.compile(r"([A-Z]{3})([A-Z]{3})=X", re.ASCII)


def rate_symbol(currency: str, base: str) -> str:
    """The feed's symbol of the rate from `currency` to `base`: `EURUSD=X`."""
    return f"{currency}{base}=X"


def rate_currency(symbol: str, base: str) -> str | None:
    """The currency whose rate to `base` the symbol is; None if it is no such rate."""
    found = _PAIR.fullmatch(symbol)
    return found[1] if found and found[2] == base and found[1] != base else None


def rate_symbols(portfolio: Portfolio, held: Iterable[str] = ()) -> tuple[str, ...]:
    """The rates that valuing the portfolio takes: of its assets, its opening balances and the currencies `held`."""
    balances = (currency for currency, balance in portfolio.cash.balances.items() if balance)
    currencies = {asset.currency for asset in portfolio.assets}.union(balances, held)
    base = portfolio.base_currency
    return tuple(rate_symbol(currency, base) for currency in sorted(currencies - {base}))


def symbols(portfolio: Portfolio, held: Iterable[str] = ()) -> tuple[str, ...]:
    """All that is to be asked of the feed: the assets in the file's order, then the rates; none twice."""
    assets = (asset.symbol for asset in portfolio.assets)
    return tuple(dict.fromkeys((*assets, *rate_symbols(portfolio, held))))
