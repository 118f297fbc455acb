"""From a board to what may be decided on: each quote judged, typed prices where the feed's are worse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from core.market.memory import Memory
from core.market.quotes import FUTURE_TOLERANCE_SECONDS, Quote, QuoteBoard
from core.market.trust import Trust, TrustLimits, judge, remember
from core.market.typed import TypedPrice


class Appraisal(Struct, frozen=True):
    """The quotes that count, how far each is trusted, and what to keep in mind of each."""

    board: QuoteBoard
    trusts: dict[str, Trust]
    memories: dict[str, Memory]


def appraise(
    board: QuoteBoard,
    limits: Mapping[str, TrustLimits],
    memories: Mapping[str, Memory],
    typed: Mapping[str, TypedPrice],
    now: datetime,
) -> Appraisal:
    """Judges the quote of each symbol in `limits` at `now`.

    A typed price counts until it expires or the feed has a later one that is trusted.
    """
    sessions = _last_sessions(board, now)
    quotes: dict[str, Quote] = {}
    trusts: dict[str, Trust] = {}
    kept: dict[str, Memory] = {}
    for symbol, limit in limits.items():
        quote, memory = board.get(symbol), memories.get(symbol, Memory())
        if quote is not None and quote.exchange is not None:
            limit = replace(limit, last_session=sessions.get(quote.exchange))
        trust = judge(quote, memory, now, limit)
        kept[symbol] = remember(memory, quote, trust, limit)
        own = typed.get(symbol)
        if own is not None and not (trust.trusted and quote is not None and _later(quote, own)):
            said = own.as_quote(symbol, quote)
            of_typed = judge(said, memory, now, limit)
            if of_typed.trusted or not trust.usable:
                quote, trust = said, of_typed
        if quote is not None:
            quotes[symbol] = quote
        trusts[symbol] = trust
    return Appraisal(QuoteBoard(quotes), trusts, kept)


def _later(quote: Quote, typed: TypedPrice) -> bool:
    return quote.time is not None and quote.time > typed.time


def _last_sessions(board: QuoteBoard, now: datetime) -> dict[str, datetime]:
    """The latest exchange time of anything on each venue; none that is still to come."""
    latest_possible = now + timedelta(seconds=FUTURE_TOLERANCE_SECONDS)
    latest: dict[str, datetime] = {}
    for quote in board.quotes.values():
        if quote.exchange is not None and quote.time is not None and quote.time <= latest_possible:
            latest[quote.exchange] = max(quote.time, latest.get(quote.exchange, quote.time))
    return latest
