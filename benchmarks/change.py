"""Bytes on the wire when one holding among 500 changes, at 120x40 in truecolor: its row, the status line, and all.

All includes the total and the distances of the selected holding, which the change moves too.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import pexpect

from benchmarks.books import symbols, write_book

LIMIT = 1024
PLACE = re.compile(rb"\x1b\[(\d+);\d+H")


def quiet_bytes(child: pexpect.spawn[bytes], seconds: float) -> bytes:
    """All that arrives until nothing has for `seconds`."""
    got = b""
    while True:
        try:
            got += child.read_nonblocking(65536, timeout=seconds)
        except pexpect.TIMEOUT:
            return got


def parts(output: bytes) -> list[bytes]:
    """What was written, cut where the cursor is put somewhere else."""
    starts = [match.start() for match in PLACE.finditer(output)]
    return [output[start:end] for start, end in zip(starts, [*starts[1:], len(output)], strict=True)]


def run() -> bool:
    """Prints the bytes of each of some steps; whether the most are within the limit."""
    names = symbols(500)
    with tempfile.TemporaryDirectory() as name:
        book, prices = write_book(Path(name), 500, source="replay", band="95%")
        rows = [",".join(["date", *names])]
        for day in range(40):
            cells = ["100"] * 500
            cells[3] = f"{100 + day % 7}.{day % 10}"
            rows.append(",".join([(date(2025, 1, 1) + timedelta(days=day)).isoformat(), *cells]))
        prices.write_text("\n".join(rows) + "\n", encoding="utf-8")
        env = {
            **os.environ,
            "STRIKEZONE_DATA_DIR": f"{name}/data",
            "STRIKEZONE_CONFIG": f"{name}/config.toml",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
        }
        command = str(Path(sys.executable).with_name("strikezone"))
        child = pexpect.spawn(command, ["open", str(book)], env=env, dimensions=(40, 120), timeout=20)
        child.expect_exact("S010")
        child.send(" ")
        time.sleep(1)
        quiet_bytes(child, 1.0)
        child.send(".")  # the first day has no previous close: every row changes
        quiet_bytes(child, 1.0)
        everything, alone = [], []
        for _ in range(8):
            child.send(".")
            got = quiet_bytes(child, 1.0)
            everything.append(len(got))
            alone.append(sum(len(part) for part in parts(got) if b"S003" in part or b"replay paused" in part))
        child.send("q")
        child.expect(pexpect.EOF)
        child.close(force=True)
    print(f"one changed holding of 500: row and status line at most {max(alone)} bytes, limit {LIMIT};")
    print(f"  with the total and the detail pane at most {max(everything)} bytes")
    return 0 < max(alone) <= LIMIT
