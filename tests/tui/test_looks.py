"""A dozen pictures of the screen, to be looked at when they change (`pytest --snapshot-update`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from core.desk.snapshot import Snapshot
from core.portfolio.model import Portfolio
from tests.tui.books import book, breach, runner, snapshot, trade, varied
from tests.tui.conftest import KeyClock
from tui.app import StrikezoneApp

Compare = Callable[..., bool]


def app_on(
    first: Snapshot, clock: KeyClock | None = None, *, entries: bool = False, **options: Any
) -> StrikezoneApp:
    ledger = [trade(n, p) for n, p in enumerate(first.proposals, 1)] if entries else []
    return StrikezoneApp([runner(first, ledger)], first=[first], clock=clock, **options)


def press(clock: KeyClock, *keys: str) -> Callable[[Pilot[None]], Any]:
    async def run(pilot: Pilot[None]) -> None:
        for key in keys:
            await pilot.press(key)
            await pilot.app.workers.wait_for_complete()
            await pilot.pause()
            clock.forward()

    return run


def test_monitor_at_120_by_40(snap_compare: Compare) -> None:
    assert snap_compare(app_on(varied()), terminal_size=(120, 40))


def test_monitor_at_80_by_24(snap_compare: Compare) -> None:
    assert snap_compare(app_on(varied()), terminal_size=(80, 24))


def test_breach(snap_compare: Compare) -> None:
    assert snap_compare(app_on(breach()), terminal_size=(120, 30))


def test_stale(snap_compare: Compare) -> None:
    assert snap_compare(app_on(varied(stale=True)), terminal_size=(80, 24))


def test_empty(snap_compare: Compare) -> None:
    first = snapshot(Portfolio("empty.toml", "empty", "USD", (), name="Nothing yet"), book("1000"), [])
    assert snap_compare(app_on(first), terminal_size=(80, 24))


def test_review(snap_compare: Compare, clock: KeyClock) -> None:
    assert snap_compare(app_on(breach(), clock), terminal_size=(80, 24), run_before=press(clock, "enter"))


def test_review_of_all(snap_compare: Compare, clock: KeyClock) -> None:
    assert snap_compare(app_on(varied(), clock), terminal_size=(100, 30), run_before=press(clock, "A"))


def test_edit(snap_compare: Compare, clock: KeyClock) -> None:
    assert snap_compare(app_on(breach(), clock), terminal_size=(80, 24), run_before=press(clock, "enter", "e"))


def test_ledger(snap_compare: Compare, clock: KeyClock) -> None:
    app = app_on(breach(), clock, entries=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=press(clock, "l", "v", "y", "j"))


def test_help(snap_compare: Compare, clock: KeyClock) -> None:
    assert snap_compare(app_on(breach(), clock), terminal_size=(80, 40), run_before=press(clock, "question_mark"))


def test_ascii(snap_compare: Compare) -> None:
    assert snap_compare(app_on(varied(), ascii=True), terminal_size=(80, 24))


def test_light(snap_compare: Compare) -> None:
    assert snap_compare(app_on(varied(), theme="strikezone-light"), terminal_size=(80, 24))


def test_terminal_colours(snap_compare: Compare) -> None:
    assert snap_compare(app_on(varied(), theme="ansi-dark"), terminal_size=(80, 24))
