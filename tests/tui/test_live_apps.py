"""Live apps in real terminals: five cause the requests of one, a killed poller is replaced, a stalled screen stalls
nobody's feed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pexpect
import pytest

from core.market.boardfile import BoardFile
from tests.tui.cli.support import STRIKEZONE
from tests.tui.cli.test_live import BOOK
from tests.yahoo import Yahoo

INTERVAL = 5.0
FEED = f"\n[feed]\ninterval = {INTERVAL:g}\n"


class Apps:
    """Apps on one data directory, each with a portfolio of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {
            **environment,
            "STRIKEZONE_DATA_DIR": str(folder / "data"),
            "STRIKEZONE_CONFIG": str(folder / "config.toml"),
            "TERM": "xterm-256color",
        }
        self.children: list[Any] = []

    def open(self) -> Any:
        number = len(self.children)
        book = self.folder / f"live{number}.toml"
        book.write_text(BOOK.replace('id = "live"', f'id = "live{number}"') + FEED)
        child = pexpect.spawn(
            str(STRIKEZONE), ["open", str(book)], env=self.environment, encoding="utf-8", timeout=30,
            dimensions=(24, 80),
        )  # fmt: skip
        self.children.append(child)
        child.expect_exact("yahoo live")
        return child

    @property
    def poller(self) -> int:
        return int((self.folder / "data" / "feed" / "lock").read_text())


@pytest.fixture
def apps(yahoo_environment: dict[str, str], tmp_path: Path) -> Iterator[Apps]:
    made = Apps(tmp_path, yahoo_environment)
    yield made
    for child in made.children:
        child.close(force=True)


def polls(yahoo: Yahoo) -> list[float]:
    return [request.when for request in yahoo.quote_requests]


def wait_for_polls(yahoo: Yahoo, apps: Apps, count: int) -> None:
    """Reads the screens meanwhile, so that no app waits for its terminal."""
    end = monotonic() + 60
    while len(polls(yahoo)) < count:
        assert monotonic() < end, "nobody polls"
        for child in apps.children:
            if child.isalive():
                drained(child)
        sleep(0.05)


def drained(child: Any) -> None:
    try:
        while child.read_nonblocking(100_000, timeout=0):
            pass
    except (pexpect.TIMEOUT, pexpect.EOF):
        return


def test_five_apps_cause_the_requests_of_one_and_replace_a_killed_poller(apps: Apps, yahoo: Yahoo) -> None:
    for _ in range(5):
        apps.open()
    start = len(polls(yahoo))
    wait_for_polls(yahoo, apps, start + 2)
    assert min(after - before for before, after in pairwise(polls(yahoo)[start - 1 :])) > 0.8 * INTERVAL
    assert {request.symbols for request in yahoo.quote_requests} == {("VTI", "BND")}
    assert yahoo.streams.count <= 1
    killed = apps.poller
    os.kill(killed, signal.SIGKILL)
    wait_for_polls(yahoo, apps, len(polls(yahoo)) + 1)
    assert apps.poller != killed
    assert polls(yahoo)[-1] - polls(yahoo)[-2] <= 2 * INTERVAL
    board = BoardFile(apps.folder / "data" / "feed").read()
    assert board is not None
    assert board.quotes.keys() == {"VTI", "BND"}


def test_a_terminal_that_stops_reading_does_not_stall_the_feed(apps: Apps, yahoo: Yahoo) -> None:
    child = apps.open()
    for number in range(60):  # each size is a whole new screen, and nobody reads them
        child.setwinsize(30 + number % 20, 100 + number % 20)
        sleep(0.02)
    count = len(polls(yahoo))
    end = monotonic() + 60
    while len(polls(yahoo)) < count + 2:
        assert monotonic() < end, "the feed waits for the terminal"
        sleep(0.05)
    assert child.isalive()


def test_without_a_network_it_opens_with_the_last_known_prices_and_says_so_in_one_line(
    apps: Apps, yahoo: Yahoo
) -> None:
    first = apps.open()
    first.send("q")
    first.expect(pexpect.EOF)
    yahoo.offline()
    try:
        child = pexpect.spawn(
            str(STRIKEZONE), ["open", str(apps.folder / "live0.toml")], env=apps.environment, encoding="utf-8",
            timeout=30, dimensions=(24, 80),
        )  # fmt: skip
        apps.children.append(child)
        child.expect_exact("255.50")  # drawn from the disk
        child.expect_exact("no connection to Yahoo")
    finally:
        yahoo.online()
    child.expect_exact("yahoo live")  # and back by itself
