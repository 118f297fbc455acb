"""A confirmation while another process holds the ledger's lock: told on the screen, which goes on meanwhile."""

from __future__ import annotations

from pathlib import Path

from core.desk.runner import Runner
from tests.core.desk.books import desk
from tests.holder import held
from tests.tui.conftest import KeyClock, on
from tests.tui.test_review import message, open_review, settled, shown
from tui.app import StrikezoneApp
from tui.screens.monitor import MonitorScreen
from tui.screens.review import ReviewScreen

WAIT_SECONDS = 2.0  # instead of five


async def test_a_lock_held_elsewhere_ends_in_its_holders_number(tmp_path: Path, clock: KeyClock) -> None:
    runner = Runner(desk(tmp_path))
    runner.desk.ledger._record._db.storage.lock_timeout = WAIT_SECONDS  # type: ignore[attr-defined]
    app = StrikezoneApp([runner], first=[runner.first()], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await open_review(pilot, clock)
        with held(tmp_path / "data" / "two" / "ledger.json") as holder:
            await pilot.press("y")
            await pilot.pause()
            assert "recording…" in shown(app)
            await pilot.resize_terminal(100, 30)  # while the confirmation waits for the lock
            await pilot.pause()
            assert "recording…" in shown(app)
            assert app.screen.size.width == 100
            await settled(app, pilot)
            assert f"the ledger is locked by process {holder}" in shown(app).replace("\n", "")
            assert "wait for it to finish, or end it, and try again" in shown(app)
            assert on(app, ReviewScreen)
            assert runner.desk.entries() == ()
        clock.forward()
        await pilot.press("y")
        await settled(app, pilot)
        assert on(app, MonitorScreen)
        assert message(app).startswith("recorded #1 sell 65 VTI")
