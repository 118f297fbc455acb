"""`check` on 50 assets as a whole process, beside a process that only imports what it stands on."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.books import write_book
from benchmarks.timing import as_installed, in_turn, process

LIMIT = 4.0


def run() -> bool:
    """Prints the ratio; whether it is within the limit."""
    with tempfile.TemporaryDirectory() as name:
        book, prices = write_book(Path(name), 50)
        env = as_installed(STRIKEZONE_DATA_DIR=f"{name}/data")
        strikezone = str(Path(sys.executable).with_name("strikezone"))
        ok = True
        bare = process([sys.executable, "-c", "import click, msgspec, tinydb"], env)
        for extra in (["--json"], []):
            check = process([strikezone, "check", str(book), "--prices", str(prices), *extra], env)
            ours, theirs, ratio = in_turn(check, bare, 15)
            kind = "JSON" if extra else "report"
            print(
                f"check, 50 assets, {kind:6}: {ours * 1000:6.1f} ms, "
                f"imports alone {theirs * 1000:5.1f} ms, ratio {ratio:.2f}, limit {LIMIT:.0f}"
            )
            ok = ok and ratio <= LIMIT
    return ok
