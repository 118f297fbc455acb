"""A feed that polls for hours does not grow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.yahoo import Yahoo

ROOT = Path(__file__).parents[2]
FULL = "STRIKEZONE_STRESS_KILLS" in os.environ
POLLS = 2000 if FULL else 200
GROWTH_MB = 3.0

# Polls on a clock of its own, looks each time, and prints its resident memory in MB on the way.
CHILD = """
import json, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from core.clock import StandingClock
from core.desk.desk import Desk
from core.market.live import SharedFeed
from core.market.shared import FeedHub
from core.market.yahoo import YahooClient
from core.portfolio.file import parse_portfolio

polls, folder = int(sys.argv[1]), Path(sys.argv[2])
rows = "".join(f'[[asset]]\\nsymbol = "S{n:03}"\\ntarget = 1\\nquantity = 100\\n' for n in range(100))
portfolio = parse_portfolio('schema = 1\\nid = "many"\\nbase_currency = "USD"\\n' + rows, "many.toml", folder)
clock = StandingClock(datetime.now(UTC))
hub = FeedHub(folder / "feed", YahooClient(folder / "feed" / "yfinance"), clock=clock)
desk = Desk.open(portfolio, folder, SharedFeed(hub, 15))

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))

sizes = []
for number in range(polls):
    clock.moment += timedelta(seconds=15)
    hub.beat()
    while hub._fetcher.under_way is not None:
        with hub._wake:
            hub._wake.wait(0.05)
        hub.beat()
    desk.look()
    if number % (polls // 10) == polls // 10 - 1:
        sizes.append(resident())
assert hub.shared.polled_at is not None and hub.shared.trouble == "", hub.shared.trouble
desk.close()
hub.stop()
print(json.dumps(sizes))
"""


@pytest.mark.stress
def test_memory_is_flat_over_many_polls(yahoo_environment: dict[str, str], yahoo: Yahoo, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(POLLS), str(tmp_path / "data")],
        cwd=ROOT, env=yahoo_environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sizes: list[float] = json.loads(done.stdout)
    print(f"{POLLS} polls of 100 symbols: {sizes[0]:.1f} MB, {sizes[-1]:.1f} MB at the end")
    assert sizes[-1] - sizes[1] <= GROWTH_MB
    assert len(yahoo.quote_requests) == 2 * POLLS
