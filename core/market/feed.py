"""What a feed is: something that has a board of quotes, a clock that belongs to them, and can be asked for more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from core.clock import Clock
from core.market.quotes import QuoteBoard

Source: TypeAlias = Literal["csv", "replay", "yahoo", "manual", "none"]


class Feed(Protocol):
    """A source of quotes. Only the thread that owns it calls `advance`; the rest may be read from any."""

    @property
    def source(self) -> Source:
        """What kind of source it is."""

    @property
    def clock(self) -> Clock:
        """The time that its quotes belong to."""

    @property
    def board(self) -> QuoteBoard:
        """The last-known quotes."""

    @property
    def interval(self) -> float:
        """Seconds until `advance` should be called again."""

    @property
    def version(self) -> int:
        """A number that changes with the board, and with the trouble."""

    @property
    def trouble(self) -> str:
        """What is wrong with the feed, in one line; empty if nothing is."""

    @property
    def answered(self) -> datetime | None:
        """When the source last answered; None if it never did, or cannot."""

    @property
    def asking(self) -> bool:
        """Whether the first answer is still to come."""

    def want(self, symbols: Iterable[str]) -> None:
        """Quote these symbols from now on."""

    def settle(self) -> None:
        """Wait, a bounded time, until what is wanted was asked for: for those who look once."""

    def advance(self) -> bool:
        """Take in newer quotes; whether there may be more later."""

    def close(self) -> None:
        """Let go of whatever it holds."""


class EmptyFeed:
    """No source at all: nothing is ever quoted, unless its user types a price."""

    interval = 15.0
    version = 0
    asking = False
    answered = None

    def __init__(self, clock: Clock, trouble: str, source: Source = "none") -> None:
        self.source: Source = source
        self.clock: Clock = clock
        self.board = QuoteBoard()
        self.trouble = trouble

    def want(self, symbols: Iterable[str]) -> None:
        """Nothing is ever asked for."""

    def settle(self) -> None:
        """There is nothing to wait for."""

    def advance(self) -> bool:
        """There is never more."""
        return False

    def close(self) -> None:
        """There is nothing to let go of."""
