"""Opening a mixed ledger of 100,000 entries to its first book, in a process of its own; and `check` on it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ledgers import write_ledger
from benchmarks.timing import as_installed, best, process

ENTRIES = 100_000
LIMIT_SECONDS = 2.0
LIMIT_MB = 400.0
REPEATS = 5
OPEN = """
import sys, time
from pathlib import Path
from core.ledger.ledger import Ledger
from core.portfolio.file import load_portfolio
portfolio = load_portfolio(Path(sys.argv[1]))
began = time.perf_counter(), time.process_time()
book = Ledger.open(Path(sys.argv[2]) / portfolio.id, portfolio).book
assert not book.problems and len(book.trades) > 1000
took = time.perf_counter() - began[0], time.process_time() - began[1]
status = Path("/proc/self/status").read_text()  # getrusage would give the parent's peak if that is higher
print(*took, next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")))
"""


def opened(book: Path, data: Path) -> tuple[float, float, float]:
    """Seconds, seconds of the processor and the most megabytes of a process that opens the ledger.

    Of several the one that was disturbed least: others may use the machine.
    """
    command = [sys.executable, "-c", OPEN, str(book), str(data)]
    runs = [
        tuple(map(float, subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()))
        for _ in range(REPEATS)
    ]
    elapsed, busy, megabytes = min(runs)
    return elapsed, busy, megabytes


def run() -> bool:
    """Prints time and memory; whether they are within the limits."""
    ok = True
    with tempfile.TemporaryDirectory() as name:
        for decided, counts in ((0.0, True), (0.05, False)):
            folder = Path(name) / str(decided)
            folder.mkdir()
            book, prices, data = write_ledger(folder, ENTRIES, decided=decided)
            elapsed, busy, megabytes = opened(book, data)
            limits = f", limits {LIMIT_SECONDS:.0f} s and {LIMIT_MB:.0f} MB" if counts else ""
            kind = "" if counts else f", {decided:.0%} of the trades with what they were decided on"
            print(
                f"opening {ENTRIES:,} entries{kind}: {elapsed:.2f} s ({busy:.2f} s of the processor), "
                f"{megabytes:.0f} MB at most{limits}"
            )
            if counts:
                ok = elapsed <= LIMIT_SECONDS and megabytes <= LIMIT_MB
                env = as_installed(STRIKEZONE_DATA_DIR=str(data), STRIKEZONE_CONFIG=f"{name}/config.toml")
                strikezone = str(Path(sys.executable).with_name("strikezone"))
                words = [strikezone, "check", str(book), "--prices", str(prices), "--json"]
                print(f"check --json on them, whole process: {best(process(words, env), REPEATS):.2f} s")
    return ok
