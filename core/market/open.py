"""Opens the feed that a portfolio file asks for, or the price file that a command was given instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from core.clock import WallClock
from core.errors import BadInput
from core.market.feed import EmptyFeed, Feed
from core.market.prices import load_prices
from core.market.replay import CsvFeed, ReplayFeed
from core.portfolio.model import Portfolio


def open_feed(portfolio: Portfolio, prices: Path | None = None, at: date | None = None) -> Feed:
    """The feed to look at once: the row of `prices`, or of the file's own replay, on or before `at` or the last.

    A live source that is not built yet is a feed without quotes that says so.
    """
    if prices is not None:
        table = load_prices(prices)
        return CsvFeed(table, _currencies(portfolio), table.row_on(at))
    if portfolio.feed.source == "replay":
        table = load_prices(Path(portfolio.feed.prices))
        return CsvFeed(table, _currencies(portfolio), table.row_on(at))
    if at is not None:
        raise BadInput("--at needs --prices", where=portfolio.path, fix="add --prices CSV")
    return EmptyFeed(WallClock(), "live prices are not built yet: give --prices CSV, or replay one")


def open_live(portfolio: Portfolio) -> Feed:
    """The feed for a screen that stays open: a replay starts at its first row."""
    if portfolio.feed.source == "replay":
        return ReplayFeed(load_prices(Path(portfolio.feed.prices)), _currencies(portfolio))
    return open_feed(portfolio)


def _currencies(portfolio: Portfolio) -> dict[str, str]:
    return {asset.symbol: asset.currency for asset in portfolio.assets}
