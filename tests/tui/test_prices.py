"""What a user can do about a price: type it, take it back, believe it, record the split behind it."""

from __future__ import annotations

from msgspec.structs import replace
from textual.pilot import Pilot

from core.desk.snapshot import Snapshot
from core.market.trust import Trust
from core.policy.valuation import Line
from tests.tui.books import FakeRunner, breach, d, runner
from tests.tui.conftest import KeyClock, on
from tui.app import StrikezoneApp
from tui.screens.edit import EditScreen
from tui.screens.ledger import ConfirmChange
from tui.screens.monitor import MonitorScreen
from tui.widgets.lines import Lines
from tui.widgets.status import MessageLine


async def settled(app: StrikezoneApp, pilot: Pilot[None]) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


async def pressed(app: StrikezoneApp, pilot: Pilot[None], clock: KeyClock, *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(app, pilot)
        clock.forward()


def app_of(driver: FakeRunner, clock: KeyClock) -> StrikezoneApp:
    return StrikezoneApp([driver], first=[driver.desk.now], clock=clock)


def said(app: StrikezoneApp) -> str:
    return app.screen.query_one(MessageLine).plain()


def with_line(snapshot: Snapshot, symbol: str, **changes: object) -> Snapshot:
    """The snapshot with one line changed."""

    def changed(line: Line) -> Line:
        return replace(line, **changes) if line.symbol == symbol else line

    lines = tuple(changed(line) for line in snapshot.lines)
    return replace(snapshot, valuation=replace(snapshot.valuation, lines=lines))


def suspect(split: str | None = "2:1") -> Snapshot:
    reason = "looks like a 2:1 split: 200 became 100" if split else "jumped -33.0% from 149, limit 20%"
    trust = Trust(False, True, reason, 4, 120.0, -0.5, 1.0, None, "split" if split else "jump", split)
    return with_line(breach(), "VTI", trust=trust)


async def test_p_types_a_price(clock: KeyClock) -> None:
    driver = runner(breach())
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "p")
        assert on(app, EditScreen)
        await pressed(app, pilot, clock, *"101.5", "enter")
        assert on(app, MonitorScreen)
        assert driver.desk.calls == [("type", "VTI", d("101.5"))]
        assert "VTI 101.5 USD counts until" in said(app)


async def test_the_price_that_stands_there_can_be_typed_too(clock: KeyClock) -> None:
    driver = runner(breach())
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "p", *"100", "enter")
        assert driver.desk.calls == [("type", "VTI", d("100"))]


async def test_an_unusual_price_is_asked_about_and_enter_refuses_it(clock: KeyClock) -> None:
    driver = runner(breach())
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "p", *"900", "enter")
        assert on(app, ConfirmChange)
        assert "far from the last trusted price" in app.screen.query_one("#body", Lines).plain()
        await pressed(app, pilot, clock, "enter")
        assert driver.desk.calls == []
        await pressed(app, pilot, clock, "p", *"900", "enter", "y")
        assert driver.desk.calls == [("type", "VTI", d("900"))]
        assert driver.holds == 0


async def test_nothing_typed_changes_nothing(clock: KeyClock) -> None:
    driver = runner(breach())
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "p", "enter")
        await pressed(app, pilot, clock, "p", "escape")
        await pressed(app, pilot, clock, "p", *"abc", "enter")
        assert on(app, EditScreen)
        await pressed(app, pilot, clock, "escape", "P")
        assert driver.desk.calls == []
        assert "no price is typed for VTI" in said(app)


async def test_capital_p_takes_a_typed_price_back(clock: KeyClock) -> None:
    first = breach()
    quote = first.lines[0].quote
    assert quote is not None
    driver = runner(with_line(first, "VTI", quote=replace(quote, source="manual")))
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "P")
        assert driver.desk.calls == [("type", "VTI", None)]


async def test_b_believes_a_suspect_price_after_a_yes(clock: KeyClock) -> None:
    driver = runner(suspect(None))
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "b")
        assert on(app, ConfirmChange)
        assert "jumped -33.0% from 149" in app.screen.query_one("#body", Lines).plain()
        await pressed(app, pilot, clock, "n")
        assert driver.desk.calls == []
        await pressed(app, pilot, clock, "b", "y")
        assert driver.desk.calls == [("accept", "VTI")]
        assert "VTI is believed" in said(app)


async def test_capital_s_records_the_split_that_a_price_looks_like(clock: KeyClock) -> None:
    driver = runner(suspect())
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "S")
        body = app.screen.query_one("#body", Lines).plain()
        assert "2 new for 1 old" in body
        assert "665 become 1,330" in body
        await pressed(app, pilot, clock, "y")
        assert driver.desk.calls == [("split", "VTI", d(2), d(1))]


async def test_what_is_not_suspect_is_neither_believed_nor_split(clock: KeyClock) -> None:
    driver = runner(breach())
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("b", "S"):
            await pressed(app, pilot, clock, key)
            assert "is not suspect" in said(app)
        assert on(app, MonitorScreen)
    driver = runner(suspect(None))
    app = app_of(driver, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        await pressed(app, pilot, clock, "S")
        assert "does not look like a split" in said(app)
    assert driver.desk.calls == []
