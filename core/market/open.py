"""Opens the feed that a portfolio file asks for, or the price file that a command was given instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.clock import WallClock
from core.errors import BadInput
from core.market.currency import rate_currency
from core.market.feed import EmptyFeed, Feed
from core.market.prices import load_prices
from core.market.quotes import QuoteBoard
from core.market.replay import CsvFeed, ReplayFeed
from core.portfolio.model import Portfolio

if TYPE_CHECKING:
    from core.market.live import SharedFeed
    from core.market.quotes import Quote
    from core.market.shared import FeedHub
    from core.market.stream import Stream

FEED_FOLDER: Final = "feed"  # of the data directory
LIBRARY_FOLDER: Final = "yfinance"  # in it: the library's cookies


def open_feed(
    portfolio: Portfolio, data_directory: Path, prices: Path | None = None, at: date | None = None
) -> Feed:
    """The feed to look at once: the row of `prices`, or of the file's own replay, on or before `at` or the last.

    A live feed shares the board below `data_directory`; `settle` makes it ask.
    """
    if prices is not None or portfolio.feed.source == "replay":
        table = load_prices(prices or Path(portfolio.feed.prices))
        return CsvFeed(table, price_units(portfolio, table.symbols), table.row_on(at))
    if at is not None:
        raise BadInput("--at needs --prices", where=portfolio.path, fix="add --prices CSV")
    if portfolio.feed.source == "manual":
        return _manual()
    return _for_one_look(data_directory, portfolio.feed.interval)


def ask_once(data_directory: Path, symbols: Iterable[str], interval: float = 15.0) -> tuple[QuoteBoard, str]:
    """What the shared board has of `symbols` after asking for what is not fresh on it, and what was wrong, if
    anything."""
    feed = _for_one_look(data_directory, interval)
    try:
        feed.want(symbols)
        feed.settle()
        return feed.board, feed.trouble
    finally:
        feed.close()


def _for_one_look(data_directory: Path, interval: float) -> SharedFeed:
    """A feed over a hub of its own, without a stream."""
    from core.market.live import SharedFeed
    from core.market.shared import QUICK_BEAT_SECONDS, FeedHub
    from core.market.yahoo import YahooClient

    folder = data_directory / FEED_FOLDER
    hub = FeedHub(folder, YahooClient(folder / LIBRARY_FOLDER), beat_seconds=QUICK_BEAT_SECONDS)
    return SharedFeed(hub, interval, owns_hub=True)


class LiveFeeds:
    """The feeds of the screens of one process: they share one hub, which is opened when the first needs it."""

    def __init__(self, data_directory: Path, *, stream: bool = True) -> None:
        self._folder = data_directory / FEED_FOLDER
        self._stream = stream
        self._hub: FeedHub | None = None

    def open(self, portfolio: Portfolio) -> Feed:
        """The feed for a screen that stays open: a replay starts at its first row."""
        if portfolio.feed.source == "replay":
            table = load_prices(Path(portfolio.feed.prices))
            return ReplayFeed(table, price_units(portfolio, table.symbols))
        if portfolio.feed.source == "manual":
            return _manual()
        from core.market.live import SharedFeed

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

        client = YahooClient(self._folder / LIBRARY_FOLDER)
        return FeedHub(self._folder, client, ticker=_open_stream if self._stream else None)


def _open_stream(
    on_quotes: Callable[[list[Quote]], None],
    unit_of: Callable[[str], str | None],
    may_be_silent: Callable[[], bool],
) -> Stream:
    from core.market.stream import Stream

    stream = Stream(on_quotes, unit_of=unit_of, may_be_silent=may_be_silent)
    stream.start()
    return stream


def _manual() -> Feed:
    return EmptyFeed(WallClock(), "", "manual")


def price_units(portfolio: Portfolio, columns: Iterable[str]) -> dict[str, str]:
    """The unit of each column of a price file that the portfolio knows: its assets, and every rate to its base."""
    base = portfolio.base_currency
    rates = {column: base for column in columns if rate_currency(column, base)}
    return rates | {asset.symbol: asset.price_unit or asset.currency for asset in portfolio.assets}
