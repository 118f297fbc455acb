"""One portfolio's view of the shared feed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from core.clock import Clock
from core.market.quotes import QuoteBoard
from core.market.shared import BEAT_SECONDS, FeedHub

SETTLE_SECONDS: Final = 20.0  # that a look waits for the feed: commands end within 30 s


class SharedFeed:
    """A feed over a hub. Closing it closes the hub if the feed owns it."""

    source: Final = "yahoo"
    interval = BEAT_SECONDS

    def __init__(self, hub: FeedHub, interval: float, *, owns_hub: bool = False) -> None:
        self._hub = hub
        self._every = interval
        self._owns = owns_hub
        self._symbols: tuple[str, ...] = ()
        self.clock: Clock = hub.clock

    def want(self, symbols: Iterable[str]) -> None:
        """Have these symbols polled from now on."""
        self._symbols = tuple(dict.fromkeys(symbols))
        self._hub.want(self, self._symbols, self._every)

    def settle(self) -> None:
        """Start the hub, and wait until it has asked for what is wanted, or cannot."""
        self._hub.start()
        self._hub.settle(self._symbols, self._every, SETTLE_SECONDS)

    @property
    def board(self) -> QuoteBoard:
        """The last-known quotes of all sessions."""
        return self._hub.board

    @property
    def unknown(self) -> frozenset[str]:
        """The symbols that the source does not know."""
        return frozenset(self._hub.shared.unknown)

    @property
    def version(self) -> int:
        """A number that changes with the board."""
        return self._hub.version

    @property
    def trouble(self) -> str:
        """What is wrong with the feed, in one line; empty if nothing is."""
        return self._hub.trouble(self._every)

    @property
    def answered(self) -> datetime | None:
        """When Yahoo last answered."""
        return self._hub.shared.polled_at

    @property
    def asking(self) -> bool:
        """Whether the first answer is still to come."""
        return self._hub.shared.polled_at is None and not self._hub.shared.trouble

    def advance(self) -> bool:
        """The hub asks by itself; there may always be more."""
        self._hub.start()
        return True

    def close(self) -> None:
        """Want nothing any more."""
        self._hub.forget(self)
        if self._owns:
            self._hub.stop()
