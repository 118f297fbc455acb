"""Opens the feed that a portfolio file asks for, or the price file that a command was given instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.clock import WallClock
from core.errors import BadInput
from core.market.feed import EmptyFeed, Feed
from core.market.prices import load_prices
from core.market.replay import CsvFeed, ReplayFeed
from core.portfolio.model import Portfolio

if TYPE_CHECKING:
    from core.market.shared import FeedHub

FEED_FOLDER: Final = "feed"  # of the data directory
LIBRARY_FOLDER: Final = "yfinance"  # in it: the library's cookies


def open_feed(
    portfolio: Portfolio, data_directory: Path, prices: Path | None = None, at: date | None = None
) -> Feed:
    """The feed to look at once: the row of `prices`, or of the file's own replay, on or before `at` or the last.

    A live feed shares the board below `data_directory`; `settle` makes it ask.
    """
    if prices is not None:
        table = load_prices(prices)
        return CsvFeed(table, _currencies(portfolio), table.row_on(at))
    if portfolio.feed.source == "replay":
        table = load_prices(Path(portfolio.feed.prices))
        return CsvFeed(table, _currencies(portfolio), table.row_on(at))
    if at is not None:
        raise BadInput("--at needs --prices", where=portfolio.path, fix="add --prices CSV")
    if portfolio.feed.source == "manual":
        return _manual()
    from core.market.shared import QUICK_BEAT_SECONDS, FeedHub, SharedFeed
    from core.market.yahoo import YahooClient

    folder = data_directory / FEED_FOLDER
    hub = FeedHub(folder, YahooClient(folder / LIBRARY_FOLDER), beat_seconds=QUICK_BEAT_SECONDS)
    return SharedFeed(hub, portfolio.feed.interval, owns_hub=True)


class LiveFeeds:
    """The feeds of the screens of one process: they share one hub, which is opened when the first needs it."""

    def __init__(self, data_directory: Path, *, stream: bool = True) -> None:
        self._folder = data_directory / FEED_FOLDER
        self._stream = stream
        self._hub: FeedHub | None = None

    def open(self, portfolio: Portfolio) -> Feed:
        """The feed for a screen that stays open: a replay starts at its first row."""
        if portfolio.feed.source == "replay":
            return ReplayFeed(load_prices(Path(portfolio.feed.prices)), _currencies(portfolio))
        if portfolio.feed.source == "manual":
            return _manual()
        from core.market.shared import SharedFeed

        if self._hub is None:
            self._hub = self._open_hub()
        return SharedFeed(self._hub, portfolio.feed.interval)

    def close(self) -> None:
        """End the polling of this process."""
        if self._hub is not None:
            self._hub.stop()

    def _open_hub(self) -> FeedHub:
        from core.market.shared import FeedHub
        from core.market.yahoo import YahooClient

        return FeedHub(self._folder, YahooClient(self._folder / LIBRARY_FOLDER))


def _manual() -> Feed:
    return EmptyFeed(WallClock(), "", "manual")


def _currencies(portfolio: Portfolio) -> dict[str, str]:
    return {asset.symbol: asset.currency for asset in portfolio.assets}
