"""Replays a price file row by row, on a clock that stands at each row's close: as fast as asked, or by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from core.clock import StandingClock, close_of
from core.market.feed import Source
from core.market.prices import PriceTable
from core.market.quotes import QuoteBoard

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0)  # rows a second


class ReplayFeed:
    """A feed of past closes. The clock stands at the present row's day, 21:00 UTC, so no quote is ever old.

    A symbol without a price in a row has no quote in it: a gap is never filled in.
    """

    source: Source = "replay"
    trouble = ""
    asking = False
    answered = None

    def __init__(self, table: PriceTable, currencies: dict[str, str], row: int = 0, speed: float = 1.0) -> None:
        self._table = table
        self._currencies = currencies
        self.row = row
        self.speed = speed
        self.clock = StandingClock(close_of(table.days[row]))
        self.board = self._board()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._table.days)

    @property
    def ended(self) -> bool:
        """Whether the last row is on the board."""
        return self.row + 1 >= self.rows

    @property
    def version(self) -> int:
        """The number of the row."""
        return self.row

    @property
    def interval(self) -> float:
        """Seconds until the next row."""
        return 1.0 / self.speed

    def advance(self) -> bool:
        """Put the next row on the board and the clock at its close; whether there is another one after it."""
        if not self.ended:
            self.row += 1
            self.clock.moment = close_of(self._table.days[self.row])
            self.board = self._board()
        return not self.ended

    def want(self, symbols: Iterable[str]) -> None:
        """The price file has what it has."""

    def settle(self) -> None:
        """There is nothing to wait for."""

    def close(self) -> None:
        """There is nothing to let go of."""

    def faster(self) -> None:
        """The next higher speed."""
        self.speed = min((s for s in SPEEDS if s > self.speed), default=SPEEDS[-1])

    def slower(self) -> None:
        """The next lower speed."""
        self.speed = max((s for s in SPEEDS if s < self.speed), default=SPEEDS[0])

    def _board(self) -> QuoteBoard:
        return QuoteBoard().with_quotes(self._table.quotes(self.row, self._currencies, self.source))


class CsvFeed(ReplayFeed):
    """One row of a price file, standing still: what `--prices` and `--at` look at."""

    source: Source = "csv"

    def advance(self) -> bool:
        """A price file that is only looked at has no next row."""
        return False
