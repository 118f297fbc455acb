"""Folding the journal into the snapshot: never in the path of a commit, and with others going on meanwhile."""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tinydb import TinyDB

from core.ledger import files, journal, reading
from core.ledger.journal import Tables
from core.ledger.storage import DurableTinyDB
from tests.core.ledger.test_storage import in_child, log_lines, log_of, numbers, written


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(files, "FOLD_BYTES", 1_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.json"


@pytest.fixture
def midway(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What to call while the next fold is writing its snapshot, before it has the lock again."""
    waiting: list[object] = []
    really = journal.snapshot_chunks

    def chunks(tables: Tables, seq: int) -> Iterator[bytes]:
        yield from really(tables, seq)
        while waiting:
            step = waiting.pop()
            assert callable(step)
            step()

    monkeypatch.setattr(journal, "snapshot_chunks", chunks)
    return waiting


def test_a_commit_never_folds(path: Path) -> None:
    db = DurableTinyDB(path)
    sizes = []
    for number in range(100):
        db.insert({"number": number})
        sizes.append(db.log_size)
    assert sizes == sorted(sizes)
    assert not path.exists()
    db.close(fold=False)


def test_tidying_folds_what_has_outgrown_its_limit(path: Path) -> None:
    db = DurableTinyDB(path)
    sizes = []
    for number in range(100):
        db.insert({"number": number})
        db.tidy()
        sizes.append(db.log_size)
    assert max(sizes) <= 1_000
    assert sizes.count(0) > 1
    db.close(fold=False)
    assert numbers(path) == list(range(100))


def test_the_limit_grows_to_a_tenth_of_the_snapshot(path: Path) -> None:
    db = DurableTinyDB(path)
    db.insert({"text": "x" * 100_000})
    db.tidy()
    assert (db.log_size, db.snapshot_size > 100_000) == (0, True)
    for _ in range(60):
        db.insert({"text": "y" * 100})
        db.tidy()
    assert db.log_size > 5_000
    db.close(fold=False)


def test_tidying_is_put_off_while_another_process_holds_the_lock(path: Path) -> None:
    written(path, 100)
    holder, db = DurableTinyDB(path), DurableTinyDB(path, lock_timeout=60.0)
    with holder.locked():
        db.tidy()
        assert not path.exists()
    db.tidy()
    assert path.exists()
    assert db.notices == []
    db.close()
    holder.close(fold=False)


def test_what_others_record_during_a_fold_stays_in_the_journal(path: Path, midway: list[object]) -> None:
    written(path)
    db, other = DurableTinyDB(path), DurableTinyDB(path)
    midway.append(lambda: other.insert({"number": 4}))
    db.fold()
    assert [document["number"] for document in db.all()] == [1, 2, 3, 4]
    assert len(json.loads(path.read_bytes())["_default"]) == 3
    assert len(log_lines(path)) == 1
    db.insert({"number": 5})
    assert other.refresh() is True
    assert len(other) == 5
    assert db.verify() == other.verify() == []
    db.close(fold=False)
    other.close(fold=False)
    assert numbers(path) == [1, 2, 3, 4, 5]


def test_a_thread_records_during_a_fold_without_waiting_for_it(path: Path, midway: list[object]) -> None:
    written(path)
    db = DurableTinyDB(path)

    def record() -> None:
        thread = threading.Thread(target=db.insert, args=({"number": 4},))
        thread.start()
        thread.join(10)
        assert not thread.is_alive()

    midway.append(record)
    db.fold()
    assert len(log_lines(path)) == 1
    assert db.verify() == []
    db.close(fold=False)
    assert numbers(path) == [1, 2, 3, 4]


def test_of_two_that_fold_at_once_one_does(path: Path, midway: list[object]) -> None:
    written(path)
    db, other = DurableTinyDB(path), DurableTinyDB(path)
    midway.append(other.fold)
    db.fold()
    assert log_lines(path) == []
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "ledger.json",
        "ledger.json.lock",
        "ledger.json.log",
    ]
    assert db.notices == other.notices == []
    db.insert({"number": 4})
    db.close()
    other.close()
    assert numbers(path) == [1, 2, 3, 4]


def test_a_fold_that_another_one_overtook_is_dropped(path: Path, midway: list[object]) -> None:
    written(path)
    db, other = DurableTinyDB(path), DurableTinyDB(path)

    def overtake() -> None:
        path.with_name(path.name + ".tmp").unlink()  # as if the other had been first
        other.insert({"number": 4})
        other.fold()

    midway.append(overtake)
    db.fold()
    assert [document["number"] for document in db.all()] == [1, 2, 3, 4]
    assert len(json.loads(path.read_bytes())["_default"]) == 4
    assert db.verify() == []
    db.close()
    other.close()


def test_a_snapshot_that_a_killed_process_left_half_written_is_written_anew(path: Path) -> None:
    written(path)
    draft = path.with_name(path.name + ".tmp")
    draft.write_bytes(b"x" * 10_000)
    DurableTinyDB(path).close()
    assert not draft.exists()
    with TinyDB(path) as stock:
        assert len(stock) == 3


def test_a_kill_while_another_process_records_loses_nothing(path: Path, midway: list[object]) -> None:
    written(path)

    def fold() -> str:
        def dying() -> None:
            other = DurableTinyDB(path)
            other.insert({"number": 4})
            os.kill(os.getpid(), 9)

        midway.append(dying)
        DurableTinyDB(path).fold()
        return "folded"

    assert in_child(fold) == ""
    assert numbers(path) == [1, 2, 3, 4]
    db = DurableTinyDB(path)
    assert db.verify() == []
    db.close()
    assert log_of(path).stat().st_size == 0


@pytest.mark.parametrize(
    "tables", [{}, {"a": {}}, {"b": {"1": {"x": "é"}}}, {"c": {str(n): {"n": n} for n in range(1000)}}]
)
def test_a_snapshot_in_parts_is_the_json_of_the_whole(path: Path, tables: Tables) -> None:
    raw = b"".join(journal.snapshot_chunks(tables, 7))
    body = json.dumps({**tables, "_journal": {"1": {"seq": 7}}}, separators=(",", ":")).encode()
    assert raw.startswith(body[:-3])
    assert journal.decode_snapshot(raw, path) == (tables, 7, ())
    assert json.loads(raw)["_journal"]["1"].keys() == {"seq", "crc32"}


def test_what_a_disk_refused_is_told_until_it_refuses_no_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    db = DurableTinyDB(path)
    db.insert({"number": 1})
    with monkeypatch.context() as patch:
        patch.setattr(journal, "write_all", full)
        db.fold()
        db.fold()
    assert len(db.notices) == 1
    assert "could not be folded into it (No space left on device); nothing is lost" in db.notices[0]
    db.fold()
    assert db.notices == []
    db.close()
