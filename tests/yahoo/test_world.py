"""The world behind the loopback Yahoo: clock, hours and states, without a network."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.yahoo import Clock, Listing, World
from tests.yahoo.chart import chart
from tests.yahoo.quotes import quote

FRIDAY_NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)  # in New York


def test_a_clock_that_stands_moves_only_when_told() -> None:
    clock = Clock()
    clock.stand(1000.0)
    assert clock.now() == 1000.0
    clock.forward(60)
    assert clock.now() == 1060.0


def test_a_clock_that_runs_again_goes_on_from_where_it_stood() -> None:
    clock = Clock()
    clock.stand(1000.0)
    clock.run()
    assert 1000.0 <= clock.now() < 1100.0
    clock.forward(3600)
    assert clock.now() >= 4600.0


@pytest.mark.parametrize(
    ("hour", "minute", "state"),
    [(8, 30, "PREPRE"), (9, 0, "PRE"), (14, 30, "REGULAR"), (20, 59, "REGULAR"), (21, 0, "POST"), (23, 59, "POST")],
)
def test_new_york_goes_through_its_states(hour: int, minute: int, state: str) -> None:
    world = World()
    world.stage(datetime(2026, 11, 20, hour, minute, tzinfo=UTC))
    assert world.state_of(world["AAPL"]) == state


def test_a_venue_without_extended_hours_is_open_or_closed() -> None:
    world = World()
    for hour, state in ((7, "CLOSED"), (12, "REGULAR"), (17, "CLOSED")):
        world.stage(datetime(2026, 11, 20, hour, tzinfo=UTC))
        assert world.state_of(world["VOD.L"]) == state


def test_a_holiday_is_no_session() -> None:
    world = World()
    world.holidays.add(date(2026, 11, 20))
    world.stage(FRIDAY_NOON)
    assert world.state_of(world["AAPL"]) == "CLOSED"
    assert world.session(world["AAPL"]) == date(2026, 11, 19)


def test_every_venue_is_open_until_hours_are_staged() -> None:
    world = World()
    world.clock.stand(datetime(2026, 11, 22, 3, tzinfo=UTC))  # a Sunday
    assert {world.state_of(listing) for listing in world.listings.values()} == {"REGULAR"}
    period = chart(world, world["AAPL"], {})["meta"]["currentTradingPeriod"]["regular"]
    assert period["start"] <= world.clock.now() < period["end"]


def test_a_delayed_price_is_as_old_as_its_delay_but_no_older_than_the_opening() -> None:
    world = World()
    world.stage(datetime(2026, 11, 20, 12, tzinfo=UTC))
    assert world.clock.now() - world.time_of(world["VOD.L"]) == 15 * 60
    world.stage(datetime(2026, 11, 20, 8, 5, tzinfo=UTC))
    assert world.clock.now() - world.time_of(world["VOD.L"]) == 5 * 60


def test_a_fund_is_priced_once_a_day() -> None:
    world = World()
    world.stage(FRIDAY_NOON)
    assert world.time_of(world["VFIAX"]) == datetime(2026, 11, 20, 1, tzinfo=UTC).timestamp()  # Thursday 20:00


def test_only_what_can_be_found_is_listed() -> None:
    world = World()
    assert world.find("NOPE") is None
    assert world.find("S1000") is None
    assert world["S999"].symbol == "S999"
    world.remove("AAPL")
    assert world.find("AAPL") is None


def test_a_split_of_tomorrow_adjusts_nothing_today() -> None:
    world = World()
    listing = world.add(
        Listing("NEW", 100.0, history={date(2026, 11, 19): 98.0}, splits={date(2026, 11, 23): (2, 1)})
    )
    world.stage(FRIDAY_NOON)
    assert world.closes(listing) == [(date(2026, 11, 19), 98.0), (date(2026, 11, 20), 100.0)]
    world.stage(datetime(2026, 11, 23, 17, tzinfo=UTC))
    assert world.closes(listing)[0] == (date(2026, 11, 19), 49.0)


def test_rates_agree_with_their_inverses_and_crosses() -> None:
    world = World()
    price = {symbol: listing.price for symbol, listing in world.listings.items()}
    assert price["EURGBP=X"] * price["GBPEUR=X"] == pytest.approx(1, abs=1e-4)
    assert price["EURUSD=X"] / price["GBPUSD=X"] == pytest.approx(price["EURGBP=X"], abs=1e-4)
    assert price["USDJPY=X"] * price["JPYUSD=X"] == pytest.approx(1, abs=1e-3)
    assert world["JPYUSD=X"].currency == "USD"


def test_all_listings_make_a_quote_and_a_chart() -> None:
    world = World()
    for stage in (None, FRIDAY_NOON, datetime(2026, 11, 22, 3, tzinfo=UTC)):
        if stage is not None:
            world.stage(stage)
        for listing in world.listings.values():
            assert quote(world, listing)["regularMarketPrice"] == listing.price
            for query in ({"range": "1d"}, {"range": "5d", "interval": "15m"}):
                assert chart(world, listing, query)["timestamp"]


def test_the_whole_history_in_quarters_begins_with_the_listing() -> None:
    world = World()
    world.stage(FRIDAY_NOON)
    stamps = chart(world, world["AAPL"], {"range": "max", "interval": "3mo"})["timestamp"]
    assert datetime.fromtimestamp(stamps[0], UTC).date() == world["AAPL"].listed
    assert len(stamps) == 48
