"""`ledger gains` for one year of a mixed ledger of 100,000 entries, whole process, under each tax regime."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.ledgers import write_ledger
from benchmarks.timing import as_installed, best, process

ENTRIES = 100_000
YEAR = 2020
LIMIT_SECONDS = 2.0
REPEATS = 3
REGIMES = ("none", "us", "uk")  # the limit counts for the first: the others reckon dense trading share by share


def run() -> bool:
    """Prints a line for each regime; whether the first is within the limit."""
    ok = True
    with tempfile.TemporaryDirectory() as name:
        book, _, data = write_ledger(Path(name), ENTRIES)
        text = book.read_text(encoding="utf-8")
        env = as_installed(STRIKEZONE_DATA_DIR=str(data), STRIKEZONE_CONFIG=f"{name}/config.toml")
        strikezone = str(Path(sys.executable).with_name("strikezone"))
        for regime in REGIMES:
            book.write_text(
                text.replace("[[asset]]", f'[tax]\nregime = "{regime}"\n\n[[asset]]', 1), encoding="utf-8"
            )
            words = [strikezone, "ledger", "gains", str(book), "--year", str(YEAR), "--json"]
            seconds = best(process(words, env), REPEATS)
            limit = f", limit {LIMIT_SECONDS:.0f} s" if regime == REGIMES[0] else ""
            print(f"gains of a year of {ENTRIES:,} entries, {regime}: {seconds:.2f} s{limit}")
            if regime == REGIMES[0]:
                ok = seconds <= LIMIT_SECONDS
    return ok
