"""A data directory that cannot be written: everything that reads works and says so once; recording is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from core.desk.remarks import READ_ONLY
from tests.tui.cli.support import STRIKEZONE, Desk60, Done, edited

BOUND = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]  # root without root's privilege


def command() -> list[str]:
    """How strikezone is started so that permission bits count."""
    if os.geteuid():
        return [str(STRIKEZONE)]
    if shutil.which("setpriv") is None or subprocess.run([*BOUND, "true"], check=False).returncode:
        pytest.skip("root cannot give up its privilege here")
    return [*BOUND, str(STRIKEZONE)]


class ReadOnly:
    """The contract's book with one entry, its data directory without write permission."""

    def __init__(self, cli: Desk60) -> None:
        self.cli = cli
        self.before = self.files()

    def files(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.cli.data.rglob("*") if path.is_file()}

    def __call__(self, *words: str) -> Done:
        done = subprocess.run(
            [*command(), *self.cli.words(*words)], capture_output=True, text=True, check=False, timeout=60
        )
        return Done(done.returncode, done.stdout, done.stderr)


def close(path: Path, *, writable: bool) -> None:
    for directory, _, names in os.walk(path):
        os.chmod(directory, 0o700 if writable else 0o500)
        for name in names:
            os.chmod(Path(directory, name), 0o600 if writable else 0o400)


@pytest.fixture
def closed(cli: Desk60) -> Iterator[ReadOnly]:
    assert cli("record", "deposit", "FILE", "1000", "--date", "2026-11-20").code == 0
    made = ReadOnly(cli)
    close(cli.data, writable=False)
    yield made
    close(cli.data, writable=True)
    assert made.files() == made.before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check", "FILE", "PRICES"), 1),
        (("check", "FILE", "PRICES", "--json"), 1),
        (("quotes", "FILE", "PRICES"), 0),
        (("quotes", "FILE", "PRICES", "--json"), 0),
        (("ledger", "list", "FILE"), 0),
        (("ledger", "list", "FILE", "--json"), 0),
        (("ledger", "positions", "FILE"), 0),
        (("ledger", "positions", "FILE", "--json"), 0),
        (("ledger", "verify", "FILE"), 0),
        (("ledger", "verify", "FILE", "--json"), 0),
    ],
)
def test_what_reads_gives_the_same_and_says_once_that_it_is_read_only(
    closed: ReadOnly, words: tuple[str, ...], code: int
) -> None:
    done = closed(*words)
    copy = shutil.copytree(closed.cli.data, closed.cli.folder / "copy")
    close(copy, writable=True)
    writable = closed.cli("--data-dir", copy, *words)
    assert (done.code, writable.code) == (code, code)
    assert (done.out + done.err).count(READ_ONLY) == 1
    if words[0] != "check":  # whose report has it among its warnings
        assert done.out == writable.out or words[0] == "quotes"
        assert done.err == f"strikezone: {READ_ONLY}\n"


@pytest.mark.parametrize(
    "words",
    [
        ("record", "deposit", "FILE", "1"),
        ("confirm", "FILE", "--all", "--yes", "PRICES"),
        ("ledger", "void", "FILE", "1", "--yes"),
    ],
)
def test_what_records_is_refused_with_what_to_do(closed: ReadOnly, words: tuple[str, ...]) -> None:
    done = closed(*words)
    assert done.code == 2
    assert "nothing was recorded: the ledger is read-only here (Permission denied)" in done.complaint
    assert "give yourself write permission" in done.err


def test_a_directory_that_cannot_be_made_is_read_as_an_empty_ledger(cli: Desk60, tmp_path: Path) -> None:
    place = tmp_path / "closed"
    place.mkdir(0o500)
    words = ["--data-dir", str(place / "data"), *cli.words("check", "FILE", "PRICES")]
    done = subprocess.run([*command(), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count(READ_ONLY)) == (1, 1)
    words = ["--data-dir", str(place / "data"), *cli.words("record", "deposit", "FILE", "1")]
    done = subprocess.run([*command(), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, "read-only" in done.stderr) == (2, True)


def test_restoring_is_refused(closed: ReadOnly) -> None:
    log = closed.cli.ledger.with_name("ledger.json.log")
    close(closed.cli.data, writable=True)
    assert closed.cli("ledger", "verify", "FILE").code == 0
    closed.before = closed.files()
    close(closed.cli.data, writable=False)
    assert log.exists()
    done = closed("ledger", "restore", "FILE", str(closed.cli.ledger), "--yes")
    assert done.code == 2
    assert "nothing was restored: the ledger is read-only here" in done.complaint


def test_the_app_shows_it_and_refuses_to_record(closed: ReadOnly) -> None:
    replayed = edited(("[[asset]]", '[feed]\nsource = "replay"\nprices = "prices.csv"\n\n[[asset]]'))
    closed.cli.book.write_text(replayed)
    first, *rest = [*command(), "--data-dir", str(closed.cli.data), "open", str(closed.cli.book)]
    child = pexpect.spawn(
        first,
        rest,
        encoding="utf-8",
        timeout=30,
        dimensions=(40, 140),
        env={**os.environ, "TERM": "xterm-256color"},
    )
    child.expect("the data directory cannot be written")
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
