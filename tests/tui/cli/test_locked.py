"""Commands while another process holds the ledger's lock: reading goes on, recording says who holds it."""

from __future__ import annotations

import pytest

from tests.holder import held
from tests.tui.cli.support import Desk60


@pytest.fixture
def one(cli: Desk60) -> Desk60:
    assert cli("record", "deposit", "FILE", "1000", "--date", "2026-11-20").code == 0
    return cli


@pytest.mark.parametrize(
    "words",
    [
        ("record", "deposit", "FILE", "1"),
        ("confirm", "FILE", "--all", "--yes", "PRICES"),
        ("ledger", "void", "FILE", "1", "--yes"),
    ],
)
def test_recording_is_4_and_names_the_process(one: Desk60, words: tuple[str, ...]) -> None:
    with held(one.ledger) as holder:
        done = one.process(*words)
    assert done.code == 4
    assert f"the ledger is locked by process {holder}" in done.complaint
    assert "wait for it to finish, or end it, and try again" in done.err
    assert len(one.entries()) == 1


def test_reading_does_not_wait_for_the_lock(one: Desk60) -> None:
    before = one("ledger", "list", "FILE", "--json").out
    with held(one.ledger):
        assert one("check", "FILE", "PRICES", "--json").code == 1
        assert one("ledger", "list", "FILE", "--json").out == before
        assert one("ledger", "positions", "FILE").code == 0
        assert one("quotes", "FILE", "PRICES").code == 0
