"""Text from outside is shown as it is: no markup, no escape sequence, whatever screen it reaches."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.desk.snapshot import FeedStatus
from core.errors import Conflict, Problem
from core.planning.proposal import GuardResult
from tests.tui.books import book, classic, quote, runner, snapshot, trade
from tests.tui.conftest import KeyClock
from tui.app import StrikezoneApp
from tui.widgets.lines import Lines

KEYS = "enter y e escape n A n slash [ / x escape l j v n escape question_mark escape"
TUI = Path(__file__).parents[2] / "tui"
HOSTILE = [
    "[/",
    "[/x]",
    "[true, false]",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[31m",
    "\x9b31m",
    "a\u202eb",
    "名前" * 30,
    "$over",
]


@pytest.mark.parametrize("bad", HOSTILE)
async def test_hostile_text_reaches_every_screen_and_harms_none(bad: str, clock: KeyClock) -> None:
    portfolio = classic(name=bad)
    portfolio = replace(portfolio, assets=tuple(replace(a, name=bad) for a in portfolio.assets))
    first = snapshot(portfolio, book(VTI="665", BND="335"), [quote("VTI", "100"), quote("BND", "100")])
    guard = GuardResult(bad, "warn", bad)
    first = replace(
        first,
        proposals=tuple(replace(p, reason=bad, guards=(guard,)) for p in first.proposals),
        warnings=(bad,),
        conflicts=(Problem(bad, bad, bad),),
        feed=FeedStatus("yahoo", "down", bad),
    )
    entries = [
        replace(trade(n, p), decision={"reason": bad, "source": bad}) for n, p in enumerate(first.proposals, 1)
    ]
    driver = runner(first, entries)
    driver.desk.refuses.append(Conflict(bad, where=bad, fix=bad))
    app = StrikezoneApp([driver], first=[first], clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        for key in KEYS.split():
            await pilot.press(key)
            await app.workers.wait_for_complete()
            await pilot.pause()
            clock.forward()
            for lines in app.screen.query(Lines):
                for y in range(lines.size.height):
                    text = lines.render_line(y).text
                    assert text.isprintable(), text
        assert app.is_running


def calls(name: str) -> list[tuple[str, ast.Call]]:
    found = []
    for path in sorted(TUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == name:
                    found.append((f"{path.relative_to(TUI)}:{node.lineno}", node))
    return found


@pytest.mark.parametrize("name", ["notify", "Static", "Label"])
def test_nothing_shows_text_with_markup_switched_on(name: str) -> None:
    for where, call in calls(name):
        off = [k for k in call.keywords if k.arg == "markup" and getattr(k.value, "value", None) is False]
        assert off, f"{where}: {name}(...) without markup=False"


def test_border_titles_are_content() -> None:
    lines = subprocess.run(
        ["grep", "-rnE", r"border_(sub)?title = ", TUI], capture_output=True, text=True, check=True
    )
    assert all("Content(" in line for line in lines.stdout.splitlines()), lines.stdout
