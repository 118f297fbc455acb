"""The shared quote board on disk: last-known quotes, when they were asked for, and whether Yahoo may be asked."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.disk import replace_whole
from core.market.breaker import CLOSED, Breaker
from core.market.quotes import Moment, Quote, QuoteBoard

FILE: Final = "quotes.json"
SCHEMA: Final = 1
KEPT: Final = timedelta(days=60)  # quotes that nobody has asked for since are forgotten
_FUTURE: Final = timedelta(minutes=1)

Identity = tuple[int, int, int]


class Shared(Struct, frozen=True):
    """All that sessions share. `asked` is when each symbol was last answered for, be it as unknown.

    `attempted_at` is the last try of whoever polls, `polled_at` the last that was answered; `trouble` says what was
    wrong with the last try.
    """

    schema: int = SCHEMA
    attempted_at: Moment | None = None
    polled_at: Moment | None = None
    trouble: str = ""
    breaker: Breaker = CLOSED
    asked: dict[str, Moment] = {}
    unknown: tuple[str, ...] = ()
    quotes: dict[str, Quote] = {}

    @property
    def board(self) -> QuoteBoard:
        """The quotes."""
        return QuoteBoard(self.quotes)

    def fresh(self, symbol: str, seconds: float, now: datetime) -> bool:
        """Whether the source answered for `symbol` at most `seconds` ago; not in the future of `now`."""
        at = self.asked.get(symbol)
        return at is not None and now - timedelta(seconds=seconds) <= at <= now + _FUTURE

    def forgetting(self, now: datetime) -> Shared:
        """Without the quotes that nobody wanted for long."""
        old = {symbol for symbol, at in self.asked.items() if now - at > KEPT}
        if not old:
            return self
        return replace(
            self,
            asked={s: at for s, at in self.asked.items() if s not in old},
            unknown=tuple(s for s in self.unknown if s not in old),
            quotes={s: quote for s, quote in self.quotes.items() if s not in old},
        )


class BoardFile:
    """Reads and writes the board; a reader sees it whole, and decodes it only when it has changed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._identity: Identity | None = None

    def read(self) -> Shared | None:
        """The board if it changed since the last read or write; None if not, or if there is none to be read."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                identity = (status.st_ino, status.st_size, status.st_mtime_ns)
                if identity == self._identity:
                    return None
                self._identity = identity
                shared = _DECODER.decode(file.read())
        except (OSError, ValueError):  # no board, or no board of ours: it will be fetched anew
            return None
        return shared if shared.schema == SCHEMA else None

    def changed(self) -> bool:
        """Whether a read would bring anything new, for the price of one stat."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_ino, status.st_size, status.st_mtime_ns) != self._identity

    def write(self, shared: Shared) -> None:
        """Make `shared` the board. OSError if the disk refuses."""
        replace_whole(self.path, msgspec.json.encode(shared))
        status = os.stat(self.path)
        self._identity = (status.st_ino, status.st_size, status.st_mtime_ns)


_DECODER: Final = msgspec.json.Decoder(Shared)
