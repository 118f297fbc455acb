from __future__ import annotations

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from core.desk.confirmation import Request
from core.errors import BadInput, Conflict
from core.planning.proposal import GuardResult
from core.portfolio.fees import shipped
from core.portfolio.model import Costs
from tests.tui.books import FakeRunner, book, breach, classic, d, moved, quote, runner, snapshot
from tests.tui.conftest import KeyClock, on
from tui.app import StrikezoneApp
from tui.screens.dialog import Body, Dialog
from tui.screens.edit import EditScreen
from tui.screens.monitor import MonitorScreen
from tui.screens.review import ReviewAllScreen, ReviewScreen
from tui.widgets.lines import Lines
from tui.widgets.status import MessageLine


def shown(app: StrikezoneApp) -> str:
    return "\n".join(lines.plain() for lines in app.screen.query(Lines) if lines.display)


def message(app: StrikezoneApp) -> str:
    return app.monitors[0].query_one(MessageLine).plain().strip()


async def settled(app: StrikezoneApp, pilot: Pilot[None]) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


async def open_review(pilot: Pilot[None], clock: KeyClock) -> None:
    await pilot.press("enter")
    await pilot.pause()
    clock.forward()


async def open_edit(pilot: Pilot[None]) -> None:
    await pilot.press("e")
    await pilot.pause()


async def test_y_records_what_is_shown_and_the_line_comes_from_the_entry(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        assert on(app, ReviewScreen)
        assert driver.holds == 1
        await pilot.press("y")
        await settled(app, pilot)
        identity = driver.desk.now.proposals[0].id
        assert driver.desk.confirmed == [Request(identity, pinned=d(65), seen_price=d(100))]
        assert message(app) == "recorded #1 sell 65 VTI @ 100.00"
        assert on(app, MonitorScreen)
        assert driver.holds == 0
        assert "refresh" in driver.calls


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_no_escape_and_enter_refuse(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock, key: str
) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await pilot.press(key)
        await settled(app, pilot)
        assert on(app, MonitorScreen)
        assert driver.desk.calls == []
        assert message(app) == "nothing recorded"
        assert driver.holds == 0


@pytest.mark.parametrize("key", ["y", "n", "escape", "enter", "e", "ctrl+p"])
async def test_keys_of_the_first_300_ms_are_not_heard(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock, key: str
) -> None:
    async with app.run_test() as pilot:
        await pilot.press("enter")
        await pilot.pause()
        clock.forward(0.29)
        await pilot.press(key)
        await settled(app, pilot)
        assert on(app, ReviewScreen)
        assert driver.desk.calls == []
        clock.forward(0.02)
        await pilot.press("n")
        await settled(app, pilot)
        assert on(app, MonitorScreen)


async def test_q_does_not_quit_over_a_review(app: StrikezoneApp, clock: KeyClock) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await pilot.press("q", "d", "tab")
        assert app.is_running
        assert on(app, ReviewScreen)


async def test_a_review_shows_all_that_its_user_needs(clock: KeyClock) -> None:
    costs = Costs(per_order=d("1.25"), rate=d("0.0001"))
    first = snapshot(classic(costs=costs), book(VTI="665", BND="335"), [quote("VTI", "100"), quote("BND", "100")])
    app = StrikezoneApp([runner(first)], first=[first], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        text = shown(app)
        for part in (
            "SELL 65 VTI",
            "100.00 USD   yahoo, 2026-11-20 20:59:56 UTC",
            "6,500.00 USD",
            "commission 1.90",
            "tax not computed",
            "66.50 %  →  60.00 %",
            "zone 57.00 to 63.00, target 60.00",
            "66.50 % is above 63.00 %",
            "2023-05-01",
            "gain +1,298.10",
            "● pass  stale_price",
            "4 s old, limit 120 s",
        ):
            assert part in text
        assert app.screen.focused is app.screen.query_one(Body)


async def test_a_review_splits_the_regulatory_fees_and_fits_a_small_terminal(clock: KeyClock) -> None:
    costs = Costs(per_order=d("1.25"), fees=tuple(shipped("us").values()))
    first = snapshot(classic(costs=costs), book(VTI="665", BND="335"), [quote("VTI", "100"), quote("BND", "100")])
    app = StrikezoneApp([runner(first)], first=[first], clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_review(pilot, clock)
        text = shown(app)
        assert "commission 1.25  fees 0.15  spread 0.00" in text
        assert "fees: sec 0.14, cat 0.01" in text  # the TAF is paused on 2026-11-20
        assert "reason" in text


async def test_guards_that_object_come_first_with_their_numbers(clock: KeyClock) -> None:
    now = breach()
    guard = GuardResult("max_trade", "warn", "6.50 % of the portfolio, limit 5 %")
    proposals = tuple(replace(p, guards=(*p.guards, guard)) for p in now.proposals)
    first = replace(now, proposals=proposals)
    app = StrikezoneApp([runner(first)], first=[first], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        text = shown(app)
        assert "△ warn  max_trade" in text
        assert text.index("warn") < text.index("pass")
        assert "limit 5 %" in text


async def test_an_edit_returns_to_the_review_and_only_there_y_is_heard(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        assert on(app, EditScreen)
        await pilot.press(*"40y", "backspace")
        await pilot.press("enter")
        await settled(app, pilot)
        assert on(app, ReviewScreen)
        assert "SELL 40 VTI" in shown(app)
        assert "edited: quantity" in shown(app)
        identity = driver.desk.now.proposals[0].id
        assert ("review", identity, d(40), None, None) in driver.desk.calls
        await pilot.press("y")  # too early: the 300 ms start anew
        await settled(app, pilot)
        assert driver.desk.confirmed == []
        clock.forward()
        await pilot.press("y")
        await settled(app, pilot)
        assert driver.desk.confirmed == [Request(identity, pinned=d(65), quantity=d(40), seen_price=d(100))]
        assert message(app) == "recorded #1 sell 40 VTI @ 100.00"


async def test_price_and_fees_can_be_edited_and_edits_add_up(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        app.screen.query_one("#price", Input).value = "101.5"
        await pilot.press("enter")
        await settled(app, pilot)
        clock.forward()
        await open_edit(pilot)
        app.screen.query_one("#fees", Input).value = "2"
        await pilot.press("enter")
        await settled(app, pilot)
        assert "edited: price, fees" in shown(app)
        assert "quoted 100.00" in shown(app)
        clock.forward()
        await pilot.press("y")
        await settled(app, pilot)
        (request,) = driver.desk.confirmed
        assert (request.quantity, request.price, request.fees) == (None, d("101.5"), d(2))
        assert request.seen_price == d(100)


async def test_escape_leaves_the_edit_and_nothing_is_edited(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await pilot.press("e", *"1", "escape")
        await settled(app, pilot)
        assert on(app, ReviewScreen)
        assert "SELL 65 VTI" in shown(app)


@pytest.mark.parametrize("typed", ["x", "-5", "0", "NaN"])
async def test_what_is_no_number_is_said_in_the_form(app: StrikezoneApp, clock: KeyClock, typed: str) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        app.screen.query_one("#quantity", Input).value = typed
        await pilot.press("enter")
        await pilot.pause()
        assert on(app, EditScreen)
        assert typed in app.screen.query_one("#hint-quantity", Lines).plain()


async def test_an_edit_that_the_desk_refuses_stays_in_the_form_and_nothing_is_recorded(
    app: StrikezoneApp, clock: KeyClock
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        app.screen.query_one("#quantity", Input).value = "9999"
        await pilot.press("enter")
        await settled(app, pilot)
        assert on(app, EditScreen)
        assert app.screen.query_one("#quantity", Input).value == "9999"
        assert "665 VTI are held, 9999 cannot be sold" in app.screen.query_one("#trouble", Lines).plain()
        clock.forward()
        await pilot.press("y", "escape")
        await settled(app, pilot)
        assert "SELL 65 VTI" in shown(app)
        assert "665 VTI are held, 9999 cannot be sold" in shown(app)


async def test_a_moved_price_is_shown_and_asked_again(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        driver.desk.now = breach("102")
        driver.desk.refuses.append(moved("VTI", "102"))
        await pilot.press("y")
        await settled(app, pilot)
        assert on(app, ReviewScreen)
        text = shown(app)
        assert "VTI moved to 102 while you looked" in text
        assert "102.00 USD" in text
        await pilot.press("y")
        await settled(app, pilot)
        assert driver.desk.confirmed == []
        clock.forward()
        await pilot.press("y")
        await settled(app, pilot)
        (request,) = driver.desk.confirmed
        assert request.seen_price == d(102)
        assert request.pinned == driver.desk.now.proposals[0].quantity


async def test_a_plan_that_changes_while_it_is_looked_at_is_asked_again(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        driver.show(breach("104"))
        await settled(app, pilot)
        assert "the plan changed while you looked: 65 became" in shown(app)
        assert "104.00 USD" in shown(app)
        await pilot.press("y")
        await settled(app, pilot)
        assert driver.desk.confirmed == []


@pytest.mark.parametrize(
    "error",
    [
        Conflict("b51c is already recorded, as entry 7", fix="look at the ledger"),
        BadInput("cash cannot pay for BND"),
    ],
)
async def test_refusals_are_said_in_the_dialog(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock, error: Conflict | BadInput
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        driver.desk.refuses.append(error)
        await pilot.press("y")
        await settled(app, pilot)
        assert on(app, ReviewScreen)
        assert str(error) in shown(app)
        assert error.problems[0].fix in shown(app)


async def test_a_full_disk_is_said_and_nothing_claims_to_be_recorded(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        driver.desk.refuses.append(OSError(28, "No space left on device"))
        await pilot.press("y")
        await settled(app, pilot)
        assert "not recorded: No space left on device" in shown(app)


async def test_all_are_recorded_together_sells_first(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("A")
        await pilot.pause()
        clock.forward()
        assert on(app, ReviewAllScreen)
        text = shown(app)
        assert text.index("sell") < text.index("buy")
        assert "sold            6,500.00 USD" in text
        assert "0.00 USD   now 0.00" in text
        await pilot.press("e")
        assert on(app, ReviewAllScreen)
        await pilot.press("y")
        await settled(app, pilot)
        assert [request.pinned for request in driver.desk.confirmed] == [d(65), d(65)]
        assert message(app) == "recorded #1 sell 65 VTI @ 100.00 · recorded #2 buy 65 BND @ 100.00"


async def test_without_a_trade_there_is_no_review(clock: KeyClock) -> None:
    first = snapshot(classic(), book(VTI="600", BND="400"), [quote("VTI", "100"), quote("BND", "100")])
    app = StrikezoneApp([runner(first)], first=[first], clock=clock)
    async with app.run_test() as pilot:
        await pilot.press("enter")
        assert message(app) == "no micro-trade for VTI"
        await pilot.press("A")
        assert message(app) == "no micro-trade is ready"
        assert not on(app, Dialog)


async def test_tab_goes_from_field_to_field_and_what_is_typed_arrives(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        await pilot.press(*"40", "tab", *"101.5", "tab", *"2", "enter")
        await settled(app, pilot)
        identity = driver.desk.now.proposals[0].id
        assert ("review", identity, d(40), d("101.5"), d(2)) in driver.desk.calls


async def test_a_decimal_comma_is_not_taken_for_a_thousand(
    app: StrikezoneApp, driver: FakeRunner, clock: KeyClock
) -> None:
    async with app.run_test() as pilot:
        await open_review(pilot, clock)
        await open_edit(pilot)
        app.screen.query_one("#price", Input).value = "99,50"
        await pilot.press("enter")
        await pilot.pause()
        assert on(app, EditScreen)
        assert "write a point before decimals" in app.screen.query_one("#hint-price", Lines).plain()
