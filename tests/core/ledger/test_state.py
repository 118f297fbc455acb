"""state.json: read, changed and written whole, with everything in it that this version does not know."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from core.ledger.state import State, load_state, save_state
from tests.core.book.samples import NOW, pay, portfolio

FULL = State(first_breach={"VTI": NOW}, snoozed={"BND": NOW + timedelta(days=1)}, dismissed={"VTI": 3}, paused=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "classic-60-40"


def test_a_missing_state_is_an_empty_one(folder: Path) -> None:
    assert load_state(folder) == State()
    assert not folder.exists()


def test_what_is_saved_is_loaded(folder: Path) -> None:
    assert save_state(folder, lambda _: FULL) == FULL
    assert load_state(folder) == FULL


def test_the_file_is_plain_json_with_its_schema(folder: Path) -> None:
    save_state(folder, lambda _: FULL)
    assert json.loads((folder / "state.json").read_text()) == {
        "schema": 1,
        "first_breach": {"VTI": "2026-11-20T21:00:00Z"},
        "snoozed": {"BND": "2026-11-21T21:00:00Z"},
        "dismissed": {"VTI": 3},
        "paused": True,
        "prices": {},
        "typed": {},
        "wash_group": "",
        "taxed": False,
    }


def test_a_change_is_made_to_what_stands_in_the_file(folder: Path) -> None:
    save_state(folder, lambda _: FULL)
    assert save_state(folder, lambda state: replace(state, paused=False)) == replace(FULL, paused=False)


def test_no_change_writes_nothing(folder: Path) -> None:
    save_state(folder, lambda _: FULL)
    before = (folder / "state.json").stat()
    save_state(folder, lambda state: replace(state, paused=True))
    after = (folder / "state.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_no_change_creates_nothing(folder: Path) -> None:
    with Ledger.open(folder, portfolio()) as ledger:
        assert ledger.save_state(lambda state: state) == State()
    assert save_state(folder, lambda state: state) == State()
    assert not folder.exists()


def test_keys_of_a_newer_version_stay(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "state.json").write_text('{"schema": 2, "alerts": {"VTI": [1, 2]}, "paused": true}')
    save_state(folder, lambda state: replace(state, paused=False))
    kept = json.loads((folder / "state.json").read_text())
    assert (kept["schema"], kept["alerts"], kept["paused"]) == (2, {"VTI": [1, 2]}, False)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe", b"[]", b'{"paused": 3}', b'{"snoozed": {"VTI": "soon"}}']
)
def test_what_cannot_be_read_is_named_with_what_to_do(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "state.json").write_bytes(content)
    with pytest.raises(BadInput) as refused:
        load_state(folder)
    (problem,) = refused.value.problems
    assert problem.where == str(folder / "state.json")
    assert "delete the file" in problem.fix
    assert "nothing recorded is lost" in problem.fix
    with pytest.raises(BadInput):
        save_state(folder, lambda _: FULL)
    assert (folder / "state.json").read_bytes() == content


def test_folder_and_file_are_their_owners_only_and_nothing_is_left_over(folder: Path) -> None:
    save_state(folder, lambda _: FULL)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "state.json": 0o600,
        "ledger.json.lock": 0o600,
    }


def test_it_is_saved_under_the_ledgers_lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.ledger.state.LOCK_TIMEOUT_SECONDS", 0.0)
    with Ledger.open(folder, portfolio()) as ledger:
        ledger.append([pay(1)], NOW)
        with ledger.locked():
            with pytest.raises(Conflict, match="locked by process"):
                save_state(folder, lambda _: FULL)
            assert ledger.save_state(lambda _: FULL) == FULL
        assert save_state(folder, lambda _: State()) == State()


def test_a_place_that_cannot_be_written_is_said(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file where the folder should be")
    with pytest.raises((BadInput, Conflict)):
        save_state(folder, lambda _: FULL)
