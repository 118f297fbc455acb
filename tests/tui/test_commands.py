from __future__ import annotations

from textual.command import CommandPalette

from tests.tui.books import FakeRunner, breach, runner
from tests.tui.conftest import KeyClock, on
from tui.app import StrikezoneApp
from tui.commands import COMMANDS, TITLES
from tui.screens.help import HelpScreen, Page
from tui.screens.review import ReviewAllScreen, ReviewScreen
from tui.widgets.status import KeyLine


def test_each_command_is_defined_once_with_help_and_a_place() -> None:
    identities = [command.id for command in COMMANDS]
    assert len(set(identities)) == len(identities)
    assert all(command.help and command.context in TITLES for command in COMMANDS)


def test_no_command_takes_a_key_that_tmux_or_the_terminal_takes() -> None:
    taken = {f"ctrl+{letter}" for letter in "abhimsq"}
    keys = {key for command in COMMANDS for key in command.keys.split(",")}
    assert not taken & keys
    assert not [key for key in keys if key.startswith("alt+")]


async def test_help_shows_every_command(app: StrikezoneApp) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert on(app, HelpScreen)
        text = app.screen.query_one(Page).plain()
        for command in COMMANDS:
            if not command.id.startswith("tabs.show"):
                assert command.help in text
        await pilot.press("escape")
        assert app.is_running


async def test_a_keymap_moves_a_command_in_binding_footer_and_help(driver: FakeRunner) -> None:
    app = StrikezoneApp([driver], first=[driver.desk.now], keymap={"monitor.dismiss": "x"})
    async with app.run_test(size=(120, 40)) as pilot:
        assert "x dismiss" in app.screen.query_one(KeyLine).plain()
        await pilot.press("d")
        assert driver.desk.calls == []
        await pilot.press("x")
        await app.workers.wait_for_complete()
        assert driver.desk.calls[0][0] == "dismiss"
        await pilot.press("question_mark")
        await pilot.pause()
        (line,) = [r for r in app.screen.query_one(Page).plain().splitlines() if "Dismiss the" in r]
        assert line.split()[0] == "x"


async def test_the_palette_runs_a_command_by_name(clock: KeyClock) -> None:
    driver = runner(breach())
    app = StrikezoneApp([driver], first=[driver.desk.now], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert on(app, CommandPalette)
        await pilot.press(*"all proposed")
        await app.workers.wait_for_complete()
        await pilot.pause(0.3)
        await pilot.press("enter")
        await pilot.pause(0.3)
        if on(app, CommandPalette):
            await pilot.press("enter")
            await pilot.pause(0.3)
        assert on(app, ReviewAllScreen)
        assert not on(app, ReviewScreen)
