from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Input

from core.book.entries import Entry
from tests.tui.books import NOW, FakeRunner, breach, d, runner, trade
from tests.tui.conftest import KeyClock, on
from tui.app import StrikezoneApp
from tui.screens.edit import EditScreen
from tui.screens.ledger import ConfirmChange, Entries, LedgerScreen
from tui.screens.monitor import MonitorScreen
from tui.widgets.lines import Lines
from tui.widgets.status import MessageLine


def ledger() -> FakeRunner:
    first = breach()
    sell, buy = first.proposals
    deposit = Entry(
        seq=3, id="x", kind="cash", recorded_at=NOW, effective=NOW.date(), currency="USD", amount=d("-250.5")
    )
    return runner(first, [trade(1, sell), trade(2, buy), deposit])


async def opened(app: StrikezoneApp, pilot: Pilot[None], clock: KeyClock, *keys: str) -> None:
    await pilot.press("l")
    await settled(app, pilot)
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)
        clock.forward()


async def settled(app: StrikezoneApp, pilot: Pilot[None]) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


async def test_entries_stand_newest_first(clock: KeyClock) -> None:
    driver = ledger()
    app = StrikezoneApp([driver], first=[driver.desk.now], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot, clock)
        rows = app.screen.query_one(Entries).plain().splitlines()[1:]
        assert [row.split()[0] for row in rows] == ["#3", "#2", "#1"]
        assert "-250.50 USD" in rows[0]
        await pilot.press("G")
        await pilot.pause()
        assert "66.50 % is above 63.00 %" in app.screen.query_one("#decision", Lines).plain()
        await pilot.press("escape")
        assert on(app, MonitorScreen)


async def test_v_and_y_void_and_the_entry_says_so(clock: KeyClock) -> None:
    driver = ledger()
    app = StrikezoneApp([driver], first=[driver.desk.now], clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot, clock, "j", "v")
        assert on(app, ConfirmChange)
        await pilot.press("y")
        await settled(app, pilot)
        assert driver.desk.calls == [("void", 2)]
        assert on(app, LedgerScreen)
        rows = app.screen.query_one(Entries).plain().splitlines()
        assert "takes back #2" in rows[1]
        assert "void" in next(row for row in rows if row.strip("> ").startswith("#2"))
        assert "voided #2" in app.screen.query_one(MessageLine).plain()
        await pilot.press("v")
        assert "void already" in app.screen.query_one(MessageLine).plain()


async def test_early_y_and_enter_void_nothing(clock: KeyClock) -> None:
    driver = ledger()
    app = StrikezoneApp([driver], first=[driver.desk.now], clock=clock)
    async with app.run_test() as pilot:
        await opened(app, pilot, clock)
        await pilot.press("v")
        await pilot.pause()
        await pilot.press("y")
        await settled(app, pilot)
        assert on(app, ConfirmChange)
        clock.forward()
        await pilot.press("enter")
        await settled(app, pilot)
        assert driver.desk.calls == []
        assert driver.holds == 0


async def test_amending_asks_with_before_and_after(clock: KeyClock) -> None:
    driver = ledger()
    app = StrikezoneApp([driver], first=[driver.desk.now], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot, clock, "G", "a")
        assert on(app, EditScreen)
        app.screen.query_one("#price", Input).value = "99.5"
        await pilot.press("enter")
        await pilot.pause()
        assert on(app, ConfirmChange)
        assert "100  →  99.5" in app.screen.query_one("#body", Lines).plain()
        clock.forward()
        await pilot.press("y")
        await settled(app, pilot)
        assert driver.desk.calls[0] == ("amend", 1, None, d("99.5"), None)
        rows = app.screen.query_one(Entries).plain()
        assert "amends #1" in rows


async def test_cash_is_not_amended_and_an_empty_ledger_looks_meant(clock: KeyClock) -> None:
    driver = ledger()
    app = StrikezoneApp([driver], first=[driver.desk.now], clock=clock)
    async with app.run_test() as pilot:
        await opened(app, pilot, clock, "a")
        assert on(app, LedgerScreen)
        assert "only trades can be amended" in app.screen.query_one(MessageLine).plain()
    empty = runner(breach())
    app = StrikezoneApp([empty], first=[empty.desk.now], clock=clock)
    async with app.run_test() as pilot:
        await opened(app, pilot, clock, "v")
        assert "nothing recorded yet" in app.screen.query_one(Entries).plain()
        assert "there is no entry" in app.screen.query_one(MessageLine).plain()


async def test_x_decides_the_entry_again_and_says_how_it_comes_out(clock: KeyClock) -> None:
    driver = ledger()
    app = StrikezoneApp([driver], first=[driver.desk.now], clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot, clock, "G", "x")
        assert driver.desk.calls == [("explain", 1)]
        assert "comes out the same" in app.screen.query_one(MessageLine).plain()
