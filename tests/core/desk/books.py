"""Books, feeds and desks for the tests of the desk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.clock import StandingClock
from core.desk.desk import Desk
from core.market.feed import Source
from core.market.prices import parse_prices
from core.market.quotes import Quote, QuoteBoard
from core.market.replay import CsvFeed, ReplayFeed
from core.portfolio.file import load_portfolio
from core.portfolio.model import Portfolio

BOOK = """schema = 1
id = "two"
base_currency = "USD"
timezone = "UTC"

[policy]
{policy}

[limits]
{limits}

[[asset]]
symbol = "VTI"
target = 60
band = 3
lots = [ {{ quantity = 665, price = 80, acquired = 2023-05-01 }} ]

[[asset]]
symbol = "BND"
target = 40
band = 3
lots = [ {{ quantity = 335, price = 90, acquired = 2023-05-01 }} ]
"""
# the weight of VTI: 66.5 % out, 60 % in, 66.5 % out, 50.2 % out below
ROWS = "date,VTI,BND\n2026-11-16,100,100\n2026-11-17,75.5639,100\n2026-11-18,100,100\n2026-11-19,50.7937,100\n"
NOON = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class ScriptedFeed:
    """A live feed in the test's hands: it shows what was `put`, and fails when `failure` is set."""

    source: Source = "yahoo"
    interval = 3600.0
    trouble = ""
    asking = False
    answered = None

    def __init__(self, **prices: str) -> None:
        self.clock = StandingClock(NOON)
        self.board = QuoteBoard()
        self.failure: Exception | None = None
        self.advanced = 0
        self.put(**prices)

    @property
    def version(self) -> int:
        return self.advanced

    def want(self, symbols: Iterable[str]) -> None:
        self.wanted = tuple(symbols)

    def settle(self) -> None:
        pass

    def close(self) -> None:
        pass

    def put(self, **prices: str) -> None:
        """New prices by symbol, of this moment."""
        time = self.clock.now()
        self.board = self.board.with_quotes(
            Quote(symbol, "yahoo", Decimal(price), "USD", time, raw_currency="USD")
            for symbol, price in prices.items()
        )

    def later(self, **change: float) -> None:
        """Let time pass, the quotes with it."""
        self.clock.moment += timedelta(**change)
        self.put(**{symbol: str(quote.price) for symbol, quote in self.board.quotes.items()})

    def stand(self, seconds: float) -> None:
        """Let time pass without a new quote."""
        self.clock.moment += timedelta(seconds=seconds)

    def advance(self) -> bool:
        """Count, and fail if told to."""
        self.advanced += 1
        if self.failure is not None:
            raise self.failure
        return True


def book(folder: Path, policy: str = "", limits: str = "") -> Portfolio:
    """VTI 665 and BND 335, target 60/40, 3 points each."""
    path = folder / "two.toml"
    path.write_text(BOOK.format(policy=policy, limits=limits))
    return load_portfolio(path)


def replay(row: int = 0, rows: str = ROWS) -> ReplayFeed:
    """A replay of `rows` at `row`."""
    return ReplayFeed(parse_prices(rows, "rows"), {"VTI": "USD", "BND": "USD"}, row)


def csv(row: int = 0, rows: str = ROWS) -> CsvFeed:
    """One row, looked at."""
    return CsvFeed(parse_prices(rows, "rows"), {"VTI": "USD", "BND": "USD"}, row)


def desk(folder: Path, feed: ScriptedFeed | ReplayFeed | None = None, policy: str = "", limits: str = "") -> Desk:
    """A desk in `folder`, on a feed that stands at 100 and 100 unless another is given."""
    return Desk.open(book(folder, policy, limits), folder / "data", feed or ScriptedFeed(VTI="100", BND="100"))
