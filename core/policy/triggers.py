"""Which breaches call for a trade now: those that have lasted long enough."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core.policy.valuation import Valuation

CASH: Final = "cash:"  # stands for the cash line where symbols are keys; no symbol has a colon


def breached(valuation: Valuation) -> tuple[str, ...]:
    """The symbols that stand outside their bands, `CASH` for cash, sorted."""
    symbols = [line.symbol for line in valuation.lines if line.breached]
    if valuation.cash.breached:
        symbols.append(CASH)
    return tuple(sorted(symbols))


def first_breaches(valuation: Valuation, known: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """When each present breach was first seen: as `known`, else `now`. What cannot be weighed stays as known."""
    if valuation.value is None:
        return dict(known)
    return {symbol: known.get(symbol, now) for symbol in breached(valuation)}


def due(
    valuation: Valuation, first: Mapping[str, datetime], dwell_seconds: float, now: datetime
) -> tuple[frozenset[str], dict[str, float]]:
    """The breaches that have lasted `dwell_seconds`, and how many seconds each other has lasted."""
    ready, waiting = set(), {}
    for symbol in breached(valuation):
        lasted = (now - first.get(symbol, now)).total_seconds()
        if lasted >= dwell_seconds:
            ready.add(symbol)
        else:
            waiting[symbol] = lasted
    return frozenset(ready), waiting
