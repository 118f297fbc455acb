"""The quote board of one portfolio: what each symbol costs, how old that is, and how far it is trusted."""

from __future__ import annotations

from typing import Any, Final

from core.clock import iso
from core.desk.snapshot import Snapshot
from core.market.quotes import Quote
from core.market.trust import Trust
from core.money import plain

SCHEMA: Final = 1


def quotes_code(snapshot: Snapshot) -> int:
    """The exit code of `quotes`: 0 if at least one is trusted, else 3."""
    return 0 if any(trust.trusted for trust in snapshot.appraisal.trusts.values()) else 3


def quotes_json(snapshot: Snapshot) -> dict[str, Any]:
    """The object that `quotes --json` prints: every symbol that the portfolio needs, rates after the assets."""
    appraisal = snapshot.appraisal
    return {
        "schema": SCHEMA,
        "portfolio": snapshot.portfolio.id,
        "as_of": iso(snapshot.as_of),
        "quotes": [
            _quote(symbol, appraisal.board.get(symbol), trust) for symbol, trust in appraisal.trusts.items()
        ],
        "warnings": [snapshot.feed.detail] if snapshot.feed.detail else [],
    }


def _quote(symbol: str, quote: Quote | None, trust: Trust) -> dict[str, Any]:
    quote = quote or Quote(symbol, "none")
    return {
        "symbol": symbol,
        "name": quote.name,
        "price": None if quote.price is None else plain(quote.price),
        "currency": quote.currency,
        "raw_currency": quote.raw_currency,
        "time": None if quote.time is None else iso(quote.time),
        "age_seconds": trust.age_seconds,
        "market_state": quote.market_state,
        "delay_minutes": quote.delay_minutes,
        "exchange": quote.exchange,
        "timezone": quote.timezone,
        "session_open": None if quote.session_open is None else iso(quote.session_open),
        "session_close": None if quote.session_close is None else iso(quote.session_close),
        "previous_close": None if quote.previous_close is None else plain(quote.previous_close),
        "source": None if quote.source == "none" else quote.source,
        "trusted": trust.trusted,
        "reason": trust.reason,
        "note": trust.note,
        "suspected_split": trust.split,
    }
