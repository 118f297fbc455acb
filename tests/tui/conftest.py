"""What the tests of the screen share: an app on a hand-made book, with a clock of its own for keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Input

from core.desk.snapshot import Snapshot
from tests.tui.books import FakeRunner, breach, runner
from tui.app import StrikezoneApp


class KeyClock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds

    def forward(self, seconds: float = 1.0) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> KeyClock:
    return KeyClock()


@pytest.fixture
def driver() -> FakeRunner:
    return runner(breach())


@pytest.fixture
def app(driver: FakeRunner, clock: KeyClock) -> StrikezoneApp:
    return StrikezoneApp([driver], first=[driver.desk.now], clock=clock)


@pytest.fixture
def app_of(clock: KeyClock) -> Callable[[Snapshot], StrikezoneApp]:
    def make(snapshot: Snapshot) -> StrikezoneApp:
        return StrikezoneApp([runner(snapshot)], first=[snapshot], clock=clock)

    return make


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cursors do not blink, and the environment chooses no colours."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda self: None)
    monkeypatch.delenv("NO_COLOR", raising=False)


def on(app: StrikezoneApp, kind: type[Screen[Any]]) -> bool:
    """Whether the screen that hears the keys is of this kind."""
    return isinstance(app.screen, kind)
