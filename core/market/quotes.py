"""A quote is facts: what somebody said a symbol cost, in which currency, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]  # read from a file, it has to say its zone
FUTURE_TOLERANCE_SECONDS: Final = 60  # how far the clocks of an exchange and of this machine may differ


class Quote(Struct, frozen=True):
    """One price as it was given. What is missing is None, never guessed; `time` is the exchange's, in UTC.

    `price` and `previous_close` are in `currency`, a major unit; `raw_currency` is the unit the source quoted in.
    `seen` is when the source said so last: `market_state` (PREPRE, PRE, REGULAR, POST, POSTPOST, CLOSED) is as of
    then. `session_open` and `session_close` bound the regular session that was current then, if it is known.
    """

    symbol: str
    source: str
    price: Decimal | None = None
    currency: str | None = None
    time: Moment | None = None
    previous_close: Decimal | None = None
    volume: int | None = None  # units traded this session
    raw_currency: str | None = None
    market_state: str | None = None
    delay_minutes: int | None = None
    timezone: str | None = None  # the exchange's IANA zone
    exchange: str | None = None  # the source's code of it, such as NMS or LSE
    kind: str | None = None  # the source's word: EQUITY, ETF, MUTUALFUND, CURRENCY, CRYPTOCURRENCY, INDEX, FUTURE
    name: str | None = None
    seen: Moment | None = None
    session_open: Moment | None = None
    session_close: Moment | None = None
    expires: Moment | None = None  # of a typed price
    note: str | None = None  # why the newest answer of the source gave no price, if it gave none

    @property
    def priced(self) -> bool:
        """Whether it says at least what, when and in which currency."""
        return self.price is not None and self.time is not None and self.currency is not None


class QuoteBoard(Struct, frozen=True):
    """The last quote of each symbol. Frozen: `with_quotes` and `merged` give a new board."""

    quotes: dict[str, Quote] = {}

    def get(self, symbol: str) -> Quote | None:
        """The last quote of `symbol`, if there is one."""
        return self.quotes.get(symbol)

    def with_quotes(self, quotes: Iterable[Quote]) -> QuoteBoard:
        """This board with `quotes` put over it."""
        return QuoteBoard({**self.quotes, **{quote.symbol: quote for quote in quotes}})

    def merged(self, quotes: Iterable[Quote]) -> QuoteBoard:
        """This board improved by `quotes`: no price is lost to an answer without one, nor to an older one."""
        board = dict(self.quotes)
        for quote in quotes:
            board[quote.symbol] = merged(board.get(quote.symbol), quote)
        return QuoteBoard(board)


def merged(old: Quote | None, new: Quote) -> Quote:
    """What is known after `new` was said where `old` was known: the later price, the later state of the market."""
    if old is None or not old.priced:
        return _with_kept(new, old)
    assert old.time is not None
    if not new.priced:
        return replace(
            old,
            note=new.note or "the feed gives no price now",
            seen=new.seen or old.seen,
            market_state=new.market_state or old.market_state,
        )
    assert new.time is not None
    if new.time < old.time and not _impossible(old.time, new.seen):
        kept = _with_kept(new, old)
        return replace(
            kept,
            price=old.price,
            currency=old.currency,
            raw_currency=old.raw_currency,
            time=old.time,
            source=old.source,
        )
    return _with_kept(new, old)


def _impossible(time: datetime, seen: datetime | None) -> bool:
    """Whether a price's time lies ahead of an answer that came after it: no such price was ever traded."""
    return seen is not None and (time - seen).total_seconds() > FUTURE_TOLERANCE_SECONDS


def _with_kept(new: Quote, old: Quote | None) -> Quote:
    """`new` with what only `old` knows; a tick of a stream says little beside the price."""
    if old is None:
        return new
    return replace(
        new,
        previous_close=new.previous_close if new.previous_close is not None else old.previous_close,
        volume=new.volume if new.volume is not None else old.volume,
        market_state=new.market_state or old.market_state,
        delay_minutes=new.delay_minutes if new.delay_minutes is not None else old.delay_minutes,
        timezone=new.timezone or old.timezone,
        exchange=new.exchange or old.exchange,
        kind=new.kind or old.kind,
        name=new.name or old.name,
        seen=new.seen or old.seen,
        session_open=new.session_open or old.session_open,
        session_close=new.session_close or old.session_close,
    )
