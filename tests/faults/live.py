"""A whole desk on the shared feed and an unmodified yfinance; clock and loopback Yahoo are in the test's hands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

from core.clock import StandingClock
from core.desk.desk import Desk
from core.desk.snapshot import Snapshot
from core.market.live import SharedFeed
from core.market.shared import FeedHub, OpenTicker
from core.market.yahoo import YahooClient
from core.portfolio.file import parse_portfolio
from tests.yahoo import Yahoo

MONDAY = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # New York and London are open, Tokyo is closed
INTERVAL = 15.0
BOOK = """schema = 1
id = "faults"
base_currency = "USD"

[[asset]]
symbol = "VTI"
target = 60
lots = [ { quantity = 100, price = 80, acquired = 2023-05-01 } ]

[[asset]]
symbol = "BND"
target = 40
lots = [ { quantity = 335, price = 90, acquired = 2023-05-01 } ]
"""


class Session:
    """One session: `poll` lets an interval pass and waits for what comes of it."""

    def __init__(self, folder: Path, yahoo: Yahoo, book: str = BOOK, ticker: OpenTicker | None = None) -> None:
        self.yahoo = yahoo
        self.clock = StandingClock(MONDAY)
        self.portfolio = parse_portfolio(book, "book.toml", folder)
        feed = folder / "data" / "feed"
        self.hub = FeedHub(feed, YahooClient(feed / "yfinance"), ticker=ticker, clock=self.clock)
        self.desk = Desk.open(self.portfolio, folder / "data", SharedFeed(self.hub, INTERVAL))

    def stage(self, at: datetime) -> None:
        """Stand at that moment, the world with it."""
        self.clock.moment = at
        self.yahoo.world.stage(at)

    def start(self) -> Snapshot:
        """The first poll, and what it brings."""
        self.stage(self.clock.moment)
        self._round()
        return self.desk.look()

    def poll(self, seconds: float = INTERVAL) -> Snapshot:
        """What there is `seconds` later, after the poll that falls due, if one does."""
        self.stage(self.clock.moment + timedelta(seconds=seconds))
        self._round()
        return self.desk.look()

    def close(self) -> None:
        self.desk.close()
        self.hub.stop()

    def _round(self) -> None:
        """Beats until nothing is under way any more."""
        self.hub.beat()
        self._until(lambda: self.hub._fetcher.under_way is None)

    def _until(self, condition: Callable[[], bool]) -> None:
        end = monotonic() + 20
        while not condition():
            assert monotonic() < end, "it never came"
            sleep(0.002)
            self.hub.beat()
