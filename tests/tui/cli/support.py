"""What the tests of the command line share: the contract's own book, and strikezone run here or as a process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tui.cli import run

ROOT = Path(__file__).parents[3]
STRIKEZONE = Path(sys.executable).with_name("strikezone")

# contract 5: VTI 665 and BND 335 at 100, no costs
BOOK = """schema = 1
id = "classic-60-40"
name = "Classic 60/40"
base_currency = "USD"
timezone = "America/New_York"

[[asset]]
symbol = "VTI"
target = 60
band = 3
lots = [ { quantity = 665, price = 80, acquired = 2023-05-01 } ]

[[asset]]
symbol = "BND"
target = 40
band = 3
lots = [ { quantity = 335, price = 90, acquired = 2023-05-01 } ]
"""
PRICES = "date,VTI,BND\n2026-11-18,90,100\n2026-11-20,100,100\n"


class Done(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output, which holds nothing else."""
        assert self.out.endswith("}\n")
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The error, after checking its form: one line what, one line what to do, no result, no traceback."""
        lines = self.err.splitlines()
        assert self.out == ""
        assert len(lines) == 2, self.err
        assert lines[0].startswith("strikezone: ")
        assert lines[1].startswith("  ")
        assert lines[1].strip()
        assert "Traceback" not in self.err
        return lines[0]


class Desk60(NamedTuple):
    """A folder with the contract's book in it; calling it runs a command there."""

    folder: Path

    @property
    def book(self) -> Path:
        return self.folder / "book.toml"

    @property
    def prices(self) -> Path:
        return self.folder / "prices.csv"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def ledger(self) -> Path:
        return self.data / "classic-60-40" / "ledger.json"

    def __call__(self, *words: object) -> Done:
        """The command in this process; `FILE` and `PRICES` stand for the book and `--prices` with its file."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(self.words(*words))
        return Done(code, out.getvalue(), err.getvalue())

    def process(self, *words: object, **environment: str) -> Done:
        """The same as a process of its own."""
        done = subprocess.run(
            [STRIKEZONE, *self.words(*words)],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def words(self, *words: object) -> list[str]:
        places = {"FILE": [str(self.book)], "PRICES": ["--prices", str(self.prices)]}
        return [word for given in words for word in places.get(str(given), [str(given)])]

    def write(self, text: str = BOOK, prices: str = PRICES) -> Desk60:
        self.book.write_text(text)
        self.prices.write_text(prices)
        return self

    def ids(self) -> dict[str, str]:
        """The ids that are proposed now, by symbol."""
        return {p["symbol"]: p["id"] for p in self("check", "FILE", "PRICES", "--json").json["proposals"]}

    def entries(self) -> Any:
        return self("ledger", "list", "FILE", "--json").json["entries"]


def edited(*changes: tuple[str, str]) -> str:
    """The book with each text replaced, once, by the other."""
    text = BOOK
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    return text


@pytest.fixture
def desk60(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk60:
    """The contract's book in a folder of its own, with its own data directory and no configuration."""
    desk = Desk60(tmp_path).write()
    monkeypatch.setenv("STRIKEZONE_DATA_DIR", str(desk.data))
    monkeypatch.setenv("STRIKEZONE_CONFIG", str(tmp_path / "config" / "config.toml"))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    return desk


Run = Callable[..., Done]
