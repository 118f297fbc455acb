"""What a poll costs beside yfinance's own requests, and the memory of an app with Yahoo loaded, on a loopback."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import pexpect

from benchmarks.books import symbols, write_book
from tests.yahoo import Yahoo

CPU_LIMIT_MS: Final = 5.0  # of a warm poll of 100 symbols, on top of yfinance
MEMORY_LIMIT_MB: Final = 150.0
SYMBOLS: Final = 100
POLLS: Final = 200

# Asks for the same symbols by yfinance alone and by the whole hub, in turn; prints the CPU of both in milliseconds.
POLLER: Final = """
import json, sys, time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from core.clock import StandingClock
from core.market.shared import FeedHub
from core.market.yahoo import YahooClient
from yfinance.data import YfData

names, polls, folder = sys.argv[1].split(","), int(sys.argv[2]), Path(sys.argv[3])
URL = "https://query1.finance.yahoo.com/v7/finance/quote"
PARAMS = {"formatted": "false", "lang": "en-US", "region": "US", "fields": sys.argv[4]}
clock = StandingClock(datetime(2026, 11, 23, 16, tzinfo=UTC))
hub = FeedHub(folder, YahooClient(folder / "yfinance"), clock=clock)
hub.want("me", names, 15)

def theirs():
    data = YfData()
    for start in range(0, len(names), 50):
        data.get_raw_json(URL, params={**PARAMS, "symbols": ",".join(names[start:start + 50])}, timeout=10)

def ours():
    clock.moment += timedelta(seconds=15)
    hub.beat()
    while hub._fetcher.under_way is not None:
        with hub._wake:
            hub._wake.wait(0.05)
        hub.beat()

def cpu(work):
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000

ours(), theirs()
pairs = [(cpu(ours), cpu(theirs)) for _ in range(polls)]
assert len(hub.board.quotes) == len(names), hub.shared.trouble
hub.stop()
print(json.dumps(pairs))
"""


def run() -> bool:
    """Prints the figures; whether they are within their limits."""
    with tempfile.TemporaryDirectory() as name, Yahoo() as yahoo:
        folder = Path(name)
        env = os.environ | yahoo.environment(folder / "home")
        return _poll(folder, env) & _memory(folder, env)


def _poll(folder: Path, env: dict[str, str]) -> bool:
    from core.market import yahoo as client

    words = [",".join(symbols(SYMBOLS)), str(POLLS), str(folder / "feed"), client._FIELDS]
    done = subprocess.run(
        [sys.executable, "-c", POLLER, *words], env=env, capture_output=True, text=True, check=True
    )
    pairs: list[tuple[float, float]] = json.loads(done.stdout)
    ours, theirs = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    more = statistics.median(ours - theirs for ours, theirs in pairs)
    print(
        f"a warm poll of {SYMBOLS} symbols: {ours:.1f} ms CPU, yfinance's requests alone {theirs:.1f} ms, "
        f"{more:.1f} ms on top, limit {CPU_LIMIT_MS:.0f} ms"
    )
    return more <= CPU_LIMIT_MS


def _memory(folder: Path, env: dict[str, str]) -> bool:
    book, _ = write_book(folder, 50)
    env |= {
        "STRIKEZONE_DATA_DIR": str(folder / "data"),
        "STRIKEZONE_CONFIG": str(folder / "config.toml"),
        "TERM": "xterm-256color",
    }
    strikezone = str(Path(sys.executable).with_name("strikezone"))
    child: Any = pexpect.spawn(
        strikezone, ["open", str(book)], env=env, dimensions=(40, 120), encoding="utf-8", timeout=30
    )
    try:
        child.expect_exact("yahoo live")
        end = time.monotonic() + 3  # the stream comes after the first poll
        while time.monotonic() < end:
            child.read_nonblocking(100_000, timeout=1)
    except pexpect.TIMEOUT:
        pass
    finally:
        megabytes = _resident(child.pid)
        child.send("q")
        child.expect(pexpect.EOF)
        child.close(force=True)
    print(f"the app with Yahoo loaded, 50 assets: {megabytes:.0f} MB, limit {MEMORY_LIMIT_MB:.0f} MB")
    return megabytes <= MEMORY_LIMIT_MB


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
