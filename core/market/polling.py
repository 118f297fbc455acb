"""What a poll does to the shared board: when one is due, what an answer changes, what a failure says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from core.market.boardfile import Shared
from core.market.breaker import CLOSED, FailureKind, after_failure
from core.market.fetcher import Period, Question
from core.market.quotes import Quote
from core.market.wanted import Wanted
from core.market.yahoo import Reply

NEW_SYMBOL_SECONDS: Final = 1.0  # between two polls, however many new symbols come
PATIENCE_SECONDS: Final = 10.0  # after which a question without an answer is told
GRACE_SECONDS: Final = 30.0  # a poller that is so late, beyond three intervals, stands still
WITHOUT_SESSIONS: Final = frozenset({"CURRENCY", "CRYPTOCURRENCY", "MUTUALFUND"})
UNKNOWN: Final = "Yahoo does not know this symbol"


def due(shared: Shared, wanted: Wanted, now: datetime) -> bool:
    """Whether the source is to be asked again: after the interval, and at once for what was never asked for."""
    last = shared.attempted_at
    if last is None or last > now + timedelta(seconds=wanted.interval):
        return True
    new = any(symbol not in shared.asked for symbol in wanted.symbols)
    stale = not all(shared.fresh(symbol, wanted.interval, now) for symbol in wanted.symbols)
    early = new or (stale and not shared.trouble)
    return (now - last).total_seconds() >= (NEW_SYMBOL_SECONDS if early else wanted.interval)


def late(interval: float) -> timedelta:
    """After how long a silence somebody else should ask."""
    return timedelta(seconds=3 * interval + GRACE_SECONDS)


def answered(shared: Shared, question: Question, reply: Reply, now: datetime) -> Shared:
    """The board after `reply`; a symbol that the source does not know says so."""
    asked = dict.fromkeys(question.symbols, question.asked)
    strange = [Quote(symbol, "yahoo", seen=question.asked, note=UNKNOWN) for symbol in reply.unknown]
    return replace(
        shared,
        polled_at=question.asked,
        trouble="",
        breaker=CLOSED,
        asked={**shared.asked, **asked},
        unknown=tuple(sorted((set(shared.unknown) - asked.keys()) | set(reply.unknown))),
        quotes=shared.board.merged((*reply.quotes, *strange)).quotes,
    ).forgetting(now)


def failed(shared: Shared, kind: FailureKind, detail: str, now: datetime, random: float) -> Shared:
    """The board after a failure: its quotes stay, and the breaker opens."""
    return replace(shared, trouble=detail, breaker=after_failure(shared.breaker, kind, now, random))


def with_sessions(shared: Shared, sessions: Mapping[str, Period]) -> Shared:
    """The board with the regular sessions of the venues of these symbols, for all that is quoted there."""
    known: dict[str, Quote] = {}
    for symbol, (opens, closes) in sessions.items():
        quote = shared.quotes.get(symbol)
        if quote is not None and quote.exchange is not None:
            there = (q for q in shared.quotes.values() if q.exchange == quote.exchange)
            known |= {q.symbol: replace(q, session_open=opens, session_close=closes) for q in there}
    return replace(shared, quotes={**shared.quotes, **known}) if known else shared


def venue_of(shared: Shared, symbol: str) -> str | None:
    """The venue whose sessions `symbol` is traded in; None if it has none, or is not known yet."""
    quote = shared.quotes.get(symbol)
    return None if quote is None or quote.kind in WITHOUT_SESSIONS else quote.exchange


def may_be_silent(shared: Shared) -> bool:
    """Whether no venue that is quoted is open, so that a stream need not say anything."""
    quotes = shared.quotes.values()
    return not any(quote.market_state == "REGULAR" or quote.kind == "CRYPTOCURRENCY" for quote in quotes)


def trouble(shared: Shared, under_way: Question | None, interval: float, now: datetime) -> str:
    """What is wrong with the feed at `now`, in one line; empty if nothing is."""
    until = shared.breaker.until
    if shared.trouble and until is not None and shared.breaker.is_open(now):
        return f"{shared.trouble}; next try at {until.astimezone(UTC):%H:%M:%S} UTC"
    if shared.trouble:
        return shared.trouble
    if under_way is not None and not under_way.sessions:
        waited = (now - under_way.asked).total_seconds()
        if waited > PATIENCE_SECONDS:
            return f"Yahoo has not answered for {waited:.0f} s"
    if shared.polled_at is not None and now - shared.polled_at > late(interval):
        return f"the prices are of {shared.polled_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return ""
