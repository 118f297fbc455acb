"""Another process that holds a ledger's lock until it is told to let go."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOLDER = """
import sys
from pathlib import Path
from core.ledger.storage import DurableTinyDB
with DurableTinyDB(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(ledger: Path) -> Iterator[int]:
    """The number of a process that holds the lock of `ledger` meanwhile."""
    command = [sys.executable, "-c", HOLDER, str(ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.kill()
