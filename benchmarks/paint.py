"""First painted holdings of a 50-asset book, beside a bare Textual app with header and footer, in a real pty."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pexpect

from benchmarks.books import write_book
from benchmarks.timing import as_installed

LIMIT = 1.3
BARE = """
import os
os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_FPS="15")
from textual.app import App
from textual.widgets import Footer, Header

class Bare(App):
    TITLE = "BARE-APP"
    BINDINGS = [("q", "quit", "leave-it")]
    def compose(self):
        yield Header()
        yield Footer()

Bare().run(mouse=False)
"""


def painted_seconds(command: Sequence[str], shown: str, env: dict[str, str]) -> float:
    """From the start of the process to the moment at which `shown` has reached the terminal."""
    start = time.perf_counter()
    child = pexpect.spawn(
        command[0], list(command[1:]), env=env, dimensions=(40, 120), encoding="utf-8", timeout=20
    )
    try:
        child.expect_exact(shown)
        return time.perf_counter() - start
    finally:
        child.send("q")
        child.expect(pexpect.EOF)
        child.close(force=True)


def run() -> bool:
    """Prints the ratio; whether it is within the limit."""
    with tempfile.TemporaryDirectory() as name:
        book, _prices = write_book(Path(name), 50, source="replay")
        env = as_installed(
            STRIKEZONE_DATA_DIR=f"{name}/data",
            STRIKEZONE_CONFIG=f"{name}/config.toml",
            TERM="xterm-256color",
            COLORTERM="truecolor",
        )
        bare_file = Path(name) / "bare.py"
        bare_file.write_text(BARE, encoding="utf-8")
        strikezone = str(Path(sys.executable).with_name("strikezone"))
        ours_command, bare_command = [strikezone, "open", str(book)], [sys.executable, str(bare_file)]
        pairs = []
        for turn in range(12):
            ours = painted_seconds(ours_command, "S010", env)
            bare = painted_seconds(bare_command, "leave-it", env)
            if turn:  # the first fills the caches
                pairs.append((ours, bare))
    ours, bare = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    print(
        f"first holdings of 50: {ours * 1000:.0f} ms, bare app {bare * 1000:.0f} ms, "
        f"ratio {ratio:.2f}, limit {LIMIT}"
    )
    return ratio <= LIMIT
