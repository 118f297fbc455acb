"""A flipped bit in the ledger: in the middle refused with its line's number, at the end moved aside and told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tui.cli.support import Desk60


@pytest.fixture
def log(cli: Desk60) -> Path:
    for amount in (1, 2, 3):
        assert cli("record", "deposit", "FILE", amount, "--date", "2026-11-20").code == 0
    return cli.ledger.with_name("ledger.json.log")


def flip(log: Path, line: int) -> bytes:
    """Flip a bit in the middle of a line, counted from 1; what the file then says."""
    lines = log.read_bytes().splitlines(keepends=True)
    damaged = bytearray(lines[line - 1])
    damaged[len(damaged) // 2] ^= 1
    lines[line - 1] = bytes(damaged)
    log.write_bytes(b"".join(lines))
    return b"".join(lines)


@pytest.mark.parametrize(
    "words",
    [
        ("ledger", "list", "FILE"),
        ("ledger", "positions", "FILE"),
        ("ledger", "verify", "FILE"),
        ("check", "FILE", "PRICES"),
        ("record", "deposit", "FILE", "4"),
        ("confirm", "FILE", "--all", "--yes", "PRICES"),
    ],
)
def test_in_the_middle_it_is_4_and_the_line_is_named(cli: Desk60, log: Path, words: tuple[str, ...]) -> None:
    damaged = flip(log, 2)
    done = cli(*words)
    assert done.code == 4
    assert f"{log}, line 2: the line is damaged" in done.complaint
    assert log.read_bytes() == damaged


def test_verify_names_it_in_json(cli: Desk60, log: Path) -> None:
    flip(log, 2)
    done = cli("ledger", "verify", "FILE", "--json")
    report = json.loads(done.out)
    assert (done.code, report["sound"]) == (4, False)
    assert [f"{log}, line 2" in problem for problem in report["problems"]] == [True]


def test_in_the_last_line_it_is_moved_aside_and_told(cli: Desk60, log: Path) -> None:
    last = flip(log, 3).splitlines(keepends=True)[2]
    done = cli("ledger", "list", "FILE", "--json")
    assert done.code == 0
    assert [entry["amount"] for entry in done.json["entries"]] == ["1.00", "2.00"]
    torn = log.with_name("ledger.json.log.torn")
    assert torn.read_bytes() == last
    assert f"the last line is incomplete ({len(last)} bytes) and was moved to {torn}" in done.err
    assert cli("record", "deposit", "FILE", "4").code == 0
    assert cli("ledger", "verify", "FILE").code == 0
    assert len(cli.entries()) == 3
