"""A replay steps its clock from row to row; a price file that is only looked at stands still."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from core.market.prices import parse_prices
from core.market.replay import SPEEDS, CsvFeed, ReplayFeed

TABLE = parse_prices("date,A,B\n2026-11-18,1,5\n2026-11-19,2,\n2026-11-20,3,7\n", "p.csv")
DOLLARS = {"A": "USD", "B": "USD"}


def test_it_starts_at_its_first_row_with_the_clock_at_the_close() -> None:
    feed = ReplayFeed(TABLE, DOLLARS)
    assert feed.clock.now() == datetime(2026, 11, 18, 21, tzinfo=UTC)
    assert feed.source == "replay"
    assert (feed.rows, feed.row, feed.ended) == (3, 0, False)


def test_advancing_steps_clock_and_board_together_and_fills_no_gap() -> None:
    feed = ReplayFeed(TABLE, DOLLARS)
    assert feed.advance()
    quote = feed.board.get("A")
    assert quote is not None
    assert (quote.price, quote.time) == (Decimal(2), feed.clock.now())
    assert feed.board.get("B") is None


def test_at_its_end_it_stays() -> None:
    feed = ReplayFeed(TABLE, DOLLARS, row=1)
    assert not feed.advance()
    assert feed.ended
    before = feed.board, feed.clock.now()
    assert not feed.advance()
    assert (feed.board, feed.clock.now()) == before


def test_speed_goes_up_and_down_its_steps_and_no_further() -> None:
    feed = ReplayFeed(TABLE, DOLLARS)
    assert feed.interval == 1.0
    feed.faster()
    assert (feed.speed, feed.interval) == (2.0, 0.5)
    for _ in SPEEDS:
        feed.faster()
    assert feed.speed == SPEEDS[-1]
    for _ in SPEEDS:
        feed.slower()
    assert feed.speed == SPEEDS[0]


def test_a_price_file_that_is_looked_at_stands_still() -> None:
    feed = CsvFeed(TABLE, DOLLARS, 1)
    assert feed.source == "csv"
    assert not feed.advance()
    assert feed.clock.now() == datetime(2026, 11, 19, 21, tzinfo=UTC)
    quote = feed.board.get("A")
    assert quote is not None
    assert quote.source == "csv"
