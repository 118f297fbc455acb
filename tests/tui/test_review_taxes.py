"""A review where gains are taxed: the ways back side by side, and lots that are named."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace
from textual.widgets import Input

from core.book.choosing import Pick
from core.desk.snapshot import Snapshot
from core.portfolio.model import Tax
from tests.tui.books import book, classic, d, quote, runner, snapshot
from tests.tui.conftest import KeyClock, on
from tests.tui.test_review import open_edit, open_review, settled, shown
from tui.app import StrikezoneApp
from tui.screens.edit import EditScreen
from tui.screens.review import ReviewScreen
from tui.widgets.lines import Lines


def taxed() -> Snapshot:
    """665 VTI in two lots, at 80 (2023) and 92.50 (2025), all of it long-term at a gain."""
    held = book(VTI="665", BND="335")
    lots = [replace(lot, rate=d(1)) for lot in held.positions["VTI"].lots]
    positions = {**held.positions, "VTI": replace(held.positions["VTI"], lots=tuple(lots))}
    quotes = [quote("VTI", "100"), quote("BND", "100")]
    return snapshot(replace(classic(), tax=Tax(regime="us")), replace(held, positions=positions), quotes)


def app_on(first: Snapshot, clock: KeyClock) -> StrikezoneApp:
    return StrikezoneApp([runner(first)], first=[first], clock=clock)


async def test_the_ways_back_stand_side_by_side_with_what_they_cost(clock: KeyClock) -> None:
    app = app_on(taxed(), clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        await settled(app, pilot)
        text = shown(app)
        assert "tax 195.00" in text  # 65 x 20 x 15 %
        for way in ("cash only", "loss lots", "long-term lots", "any lot"):
            assert way in text
        assert "VTI, BND out" in text
        assert "cheapest" in text


async def test_lots_are_named_in_the_edit_and_recorded_as_named(clock: KeyClock) -> None:
    first = taxed()
    driver = runner(first)
    app = StrikezoneApp([driver], first=[first], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        assert app.screen.query_one("#lots", Input).value == "2023-05-01:65"
        app.screen.query_one("#lots", Input).value = "2025-02-14:60 2023-05-01"
        await pilot.press("enter")
        await settled(app, pilot)
        assert on(app, ReviewScreen)
        text = shown(app)
        assert "edited: lots" in text
        assert "tax 82.50" in text  # 60 x 7.50 and 5 x 20, at 15 %
        clock.forward()
        await pilot.press("y")
        await settled(app, pilot)
    (request,) = driver.desk.confirmed
    assert request.lots == (Pick(date(2025, 2, 14), d(60)), Pick(date(2023, 5, 1), None))


async def test_what_names_no_lot_is_said_in_the_form(clock: KeyClock) -> None:
    app = app_on(taxed(), clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        app.screen.query_one("#lots", Input).value = "May"
        await pilot.press("enter")
        await pilot.pause()
        assert on(app, EditScreen)
        assert "'May' is no date" in app.screen.query_one("#hint-lots", Lines).plain()


async def test_lots_that_are_not_there_leave_the_trade_as_it_was(clock: KeyClock) -> None:
    app = app_on(taxed(), clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        app.screen.query_one("#lots", Input).value = "2020-01-01"
        await pilot.press("enter")
        await settled(app, pilot)
        assert on(app, EditScreen)
        assert app.screen.query_one("#lots", Input).value == "2020-01-01"
        assert "there is no lot of 2020-01-01" in app.screen.query_one("#trouble", Lines).plain()
