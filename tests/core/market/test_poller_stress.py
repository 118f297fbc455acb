"""Pollers killed with -9: the board is never torn, another takes over within two intervals, nobody asks twice."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from time import monotonic, sleep

import pytest

from core.market.boardfile import BoardFile, Shared

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("STRIKEZONE_STRESS_KILLS", "12"))
INTERVAL = 30.0  # on the sessions' clock, which runs SPEED times as fast as ours
SPEED = 30.0
SYMBOLS = 60

# A session on a clock that runs fast, whose source answers at once; each poll is a line in a log of all sessions.
SESSION = """
import os, sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from core.market import polling, shared
from core.market.quotes import Quote
from core.market.yahoo import Reply

folder, log, speed, interval, symbols = Path(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:6])
START = datetime(2026, 11, 20, tzinfo=UTC)

class Clock:
    def now(self):
        real = datetime.now(UTC)
        return START + (real - START) * speed

class Source:
    def fetch(self, symbols, now):
        with open(log, "a") as file:
            file.write(f"{os.getpid()} {now.timestamp()}\\n")
        quotes = (Quote(s, "yahoo", Decimal(100), "USD", now, seen=now, name="x" * 60) for s in symbols)
        return Reply(tuple(quotes), ())

    def periods(self, symbols, now):
        return {}

polling.NEW_SYMBOL_SECONDS = interval  # on this clock a second is nothing
hub = shared.FeedHub(folder, Source(), clock=Clock(), beat_seconds=0.02)
hub.want("me", [f"S{n:03}" for n in range(int(symbols))], interval)
hub.start()
print("ready", flush=True)
sys.stdin.read()
hub.stop()
"""


class Sessions:
    """Live sessions in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        arguments = [str(self.folder), str(self.log), str(SPEED), str(INTERVAL), str(SYMBOLS)]
        process = subprocess.Popen(
            [sys.executable, "-c", SESSION, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    def poller(self) -> subprocess.Popen[bytes]:
        """The one that polled last."""
        last = int(self.log.read_text().splitlines()[-1].split()[0])
        return next(process for process in self.processes if process.pid == last)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        self._reap(process)

    def end(self) -> None:
        for process in list(self.processes):
            self._reap(process)

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait(20)
        process.stdout.close()
        self.processes.remove(process)

    def polls(self) -> list[float]:
        return [float(line.split()[1]) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    made = Sessions(tmp_path)
    yield made
    made.end()


def board_of(folder: Path) -> Shared:
    """The board as a newcomer reads it: whole."""
    shared = BoardFile(folder).read()
    assert shared is not None, "the board is torn"
    assert not shared.quotes or len(shared.quotes) == SYMBOLS
    return shared


def wait_for_polls(sessions: Sessions, count: int) -> None:
    end = monotonic() + 30
    while len(sessions.polls()) < count:
        assert monotonic() < end, "nobody polls"
        if (sessions.folder / "quotes.json").exists():
            board_of(sessions.folder)
        sleep(0.005)


@pytest.mark.stress
def test_killed_pollers_are_replaced_and_leave_a_whole_board(sessions: Sessions) -> None:
    draw = random.Random(7)
    for _ in range(3):
        sessions.start()
    wait_for_polls(sessions, 2)
    late = 0
    for _ in range(KILLS):
        sleep(draw.random() * INTERVAL / SPEED)
        sessions.kill(sessions.poller())
        before = len(sessions.polls())
        board_of(sessions.folder)
        wait_for_polls(sessions, before + 1)
        polls = sessions.polls()
        late += polls[-1] - polls[-2] > 2 * INTERVAL
        sessions.start()
    board_of(sessions.folder)
    gaps = [after - before for before, after in pairwise(sessions.polls())]
    assert min(gaps) > INTERVAL * 0.9, "two sessions polled at once"
    assert late == 0
    assert len(list((sessions.folder / "wanted").iterdir())) <= len(sessions.processes) + 1
    print(f"{KILLS} pollers killed, {len(gaps) + 1} polls, longest gap {max(gaps) / INTERVAL:.2f} intervals")


@pytest.mark.stress
def test_a_poller_that_is_stopped_is_replaced_and_finds_out(sessions: Sessions) -> None:
    import signal

    for _ in range(2):
        sessions.start()
    wait_for_polls(sessions, 2)
    stopped = sessions.poller()
    stopped.send_signal(signal.SIGSTOP)
    try:
        # the lock file must look old to be taken away: nothing but the poller touches it
        os.utime(sessions.folder / "lock", (1e9, 1e9))
        count = len(sessions.polls())
        wait_for_polls(sessions, count + 3)
        assert sessions.poller() is not stopped
    finally:
        stopped.send_signal(signal.SIGCONT)
    wait_for_polls(sessions, count + 6)
    polls = sessions.polls()[count:]
    # stopped between its last look and its question, it asks that one question when it goes on, and none after it
    early = [after - before for before, after in pairwise(polls) if after - before <= INTERVAL * 0.9]
    assert len(early) <= 1, early
