"""What the screen may cost: counted calls, counted bytes, and what is loaded before the first frame."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.strip import Strip

from tests.tui.books import FakeRunner, many, runner
from tui.app import StrikezoneApp
from tui.widgets.holdings import Holdings
from tui.widgets.lines import Lines

HEAVY = {"numpy", "pandas", "yfinance", "curl_cffi", "scipy", "requests"}


def test_the_app_loads_nothing_heavy() -> None:
    code = "import sys, tui.app; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_dialogs_help_ledger_and_palette_are_loaded_when_they_are_opened() -> None:
    code = "import sys, tui.app; print(*[name for name in sys.modules if name.startswith('tui.screens.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"tui.screens.monitor", "tui.screens.dialog", "tui.screens.prices"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every line that is asked for, by widget and place."""
    calls: list[tuple[str, int]] = []
    real = Lines.render_line

    def count(self: Lines, y: int) -> Strip:
        calls.append((type(self).__name__, y))
        return real(self, y)

    monkeypatch.setattr(Lines, "render_line", count)
    return calls


async def test_one_change_among_500_draws_one_row(drawn: list[tuple[str, int]]) -> None:
    driver: FakeRunner = runner(many())
    app = StrikezoneApp([driver], first=[driver.desk.now])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        before = app.screen.query_one(Holdings).rows
        drawn.clear()
        driver.show(many(bump=4, cents=7))
        await pilot.pause()
        after = app.screen.query_one(Holdings).rows
        changed = [place for place, (was, now) in enumerate(zip(before, after, strict=True)) if was != now]
        assert changed == [4]
        rows = [y for name, y in drawn if name == "Holdings"]
        assert rows == [
            5,
            app.screen.query_one(Holdings).size.height - 1,
        ]  # the row, under the header, and the total
        # beside the status line, only the distances of the selected asset in money: the total has changed
        assert {name for name, _ in drawn} - {"Detail"} == {"Holdings", "StatusLine"}
        assert len([name for name, _ in drawn if name == "Detail"]) <= 2


async def test_a_change_that_reads_the_same_draws_nothing(drawn: list[tuple[str, int]]) -> None:
    driver: FakeRunner = runner(many())
    app = StrikezoneApp([driver], first=[driver.desk.now])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        drawn.clear()
        driver.show(many())
        await pilot.pause()
        assert drawn == []


async def test_a_change_off_the_screen_draws_no_row(drawn: list[tuple[str, int]]) -> None:
    driver: FakeRunner = runner(many())
    app = StrikezoneApp([driver], first=[driver.desk.now])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        drawn.clear()
        driver.show(many(bump=400, cents=7))
        await pilot.pause()
        total = app.screen.query_one(Holdings).size.height - 1
        assert [y for name, y in drawn if name == "Holdings"] == [total]


async def test_moving_the_cursor_draws_two_rows_of_the_table(drawn: list[tuple[str, int]]) -> None:
    driver: FakeRunner = runner(many())
    app = StrikezoneApp([driver], first=[driver.desk.now])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        drawn.clear()
        await pilot.press("j")
        await pilot.pause()
        assert sorted(y for name, y in drawn if name == "Holdings") == [1, 2]
