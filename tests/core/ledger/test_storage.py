"""What the durable TinyDB promises about its files: one line a call, nothing lost, nothing silent."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB, where
from tinydb.operations import increment
from tinydb.table import Document

from core.errors import BadInput, Conflict, LedgerDamaged, StrikezoneError
from core.ledger import files, reading
from core.ledger.storage import DurableTinyDB

ROOT = Path(__file__).parents[3]
NOBODY = 65534


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SETTLE_SECONDS", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.json"


@pytest.fixture
def public(tmp_path: Path) -> Iterator[Path]:
    """A directory that another user can enter."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        yield Path(place)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of the calls that reach the disk was made."""
    counted: Counter[str] = Counter()
    for name in ("write", "fdatasync", "fsync", "stat", "open", "replace"):
        monkeypatch.setattr(os, name, _counting(counted, name, getattr(os, name)))
    return counted


def _counting(counted: Counter[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def counting(*args: Any, **options: Any) -> Any:
        counted[name] += 1
        return call(*args, **options)

    return counting


def log_of(path: Path) -> Path:
    return path.with_name(path.name + ".log")


def log_lines(path: Path) -> list[bytes]:
    return log_of(path).read_bytes().splitlines()


def everything(directory: Path) -> dict[str, bytes]:
    """Name and content of every file, but for the lock's pid."""
    return {f.name: f.read_bytes() for f in directory.iterdir() if not f.name.endswith(".lock")}


def written(path: Path, documents: int = 3) -> None:
    """A ledger with `documents` documents, all of them in the journal."""
    db = DurableTinyDB(path)
    for number in range(1, documents + 1):
        db.insert({"number": number})
    db.close(fold=False)


def numbers(path: Path) -> list[int]:
    db = DurableTinyDB(path, readonly=True)
    found = [document["number"] for document in db.all()]
    db.close()
    return found


def in_child(action: Callable[[], str], uid: int | None = None) -> str:
    """What `action` gives in a forked process, run as `uid` if this one may change it."""
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        try:
            if uid is not None and os.geteuid() == 0:
                os.setgid(uid)
                os.setuid(uid)
            os.write(sending, action().encode())
        finally:
            os._exit(0)
    os.close(sending)
    with open(receiving, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text


def python(code: str, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


# ------------------------------------------------------------------------------------ what is on the disk


def test_opening_a_missing_path_reads_as_empty_and_creates_nothing(tmp_path: Path) -> None:
    db = DurableTinyDB(tmp_path / "new" / "ledger.json")
    assert (len(db), db.all(), db.tables(), db.refresh(), db.verify()) == (0, [], set(), False, [])
    db.close()
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_creates_private_files_in_a_private_directory(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "ledger.json"
    db = DurableTinyDB(path)
    db.insert({})
    db.close()
    assert {f.name: f.stat().st_mode & 0o777 for f in path.parent.iterdir()} == {
        "ledger.json": 0o600,
        "ledger.json.log": 0o600,
        "ledger.json.lock": 0o600,
    }
    assert path.parent.stat().st_mode & 0o777 == path.parent.parent.stat().st_mode & 0o777 == 0o700


def test_a_journal_line_is_a_checksum_a_number_and_operations(path: Path) -> None:
    db = DurableTinyDB(path)
    db.commit([("entries", 1, {"id": "a"}), ("decisions", 7, {"bands": [0.1]})])
    db.commit([("entries", 1, None)])
    db.close(fold=False)
    payloads = [
        b'{"n":1,"o":[["entries",1,{"id":"a"}],["decisions",7,{"bands":[0.1]}]]}',
        b'{"n":2,"o":[["entries",1,null]]}',
    ]
    assert log_lines(path) == [b"%08x %s" % (zlib.crc32(payload), payload) for payload in payloads]


def test_the_snapshot_is_plain_tinydb_json_that_stock_tinydb_reads(path: Path) -> None:
    with DurableTinyDB(path) as db:
        db.insert_multiple({"number": n} for n in range(3))
        db.table("heads").insert({"currency": "EUR", "name": "Zoë"})
    with TinyDB(path) as stock:
        assert [document["number"] for document in stock.all()] == [0, 1, 2]
        assert stock.table("heads").get(doc_id=1) == {"currency": "EUR", "name": "Zoë"}
        assert stock.tables() == {"_default", "heads", "_journal"}
    assert json.loads(path.read_text())["_journal"]["1"]["seq"] == 2
    assert log_of(path).read_bytes() == b""


def test_a_file_of_stock_tinydb_is_taken_over(path: Path) -> None:
    with TinyDB(path) as stock:
        stock.insert({"number": 1})
    with DurableTinyDB(path) as db:
        assert db.insert({"number": 2}) == 2
    assert numbers(path) == [1, 2]


def test_a_ledger_behind_a_symbolic_link_stays_behind_it(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "ledger.json"
    link.symlink_to(tmp_path / "real" / "ledger.json")
    with DurableTinyDB(link) as db:
        db.insert({"number": 1})
    assert link.is_symlink()
    assert numbers(tmp_path / "real" / "ledger.json") == [1]


# ------------------------------------------------------------------------------- one call, one line, one sync

ONE_CALL: dict[str, Callable[[Any], object]] = {
    "insert": lambda db: db.insert({"number": 9}),
    "insert a Document": lambda db: db.insert(Document({"number": 9}, doc_id=50)),
    "insert_multiple": lambda db: db.insert_multiple({"number": n} for n in range(50)),
    "update all": lambda db: db.update({"seen": True}),
    "update by condition": lambda db: db.update(increment("number"), where("number") > 1),
    "update by id": lambda db: db.update({"number": 5}, doc_ids=[1, 99]),
    "update_multiple": lambda db: db.update_multiple([({"seen": 1}, where("number") == 2)]),
    "upsert a present one": lambda db: db.upsert({"seen": 1}, where("number") == 2),
    "upsert an absent one": lambda db: db.upsert({"number": 7}, where("number") == 7),
    "remove by condition": lambda db: db.remove(where("number") < 3),
    "remove by id": lambda db: db.remove(doc_ids=[2, 99]),
    "truncate": lambda db: db.truncate(),
    "drop_table": lambda db: db.drop_table("other"),
    "drop_tables": lambda db: db.drop_tables(),
    "another table": lambda db: db.table("third").insert({"number": 1}),
    "an empty table": lambda db: db.table("fourth", persist_empty=True),
    "commit": lambda db: db.commit([("a", 1, {}), ("b", 1, {}), ("_default", 1, None)]),
    "write": lambda db: db.storage.write({"only": {"1": {"number": 1}}}),
}


@pytest.mark.parametrize("call", ONE_CALL.values(), ids=ONE_CALL.keys())
def test_one_call_is_one_line_one_write_and_one_sync(
    path: Path, calls: Counter[str], call: Callable[[DurableTinyDB], object]
) -> None:
    db = DurableTinyDB(path)
    db.insert_multiple({"number": n} for n in (1, 2, 3))
    db.table("other").insert({})
    calls.clear()
    call(db)
    assert (calls["write"], calls["fdatasync"], len(log_lines(path))) == (1, 1, 3)
    db.close(fold=False)


@pytest.mark.parametrize("name", sorted(ONE_CALL.keys() - {"commit"}))
@pytest.mark.parametrize("fold", [False, True], ids=["from the journal", "from the snapshot"])
def test_every_call_leaves_what_stock_tinydb_would_have_left(
    path: Path, tmp_path: Path, name: str, fold: bool
) -> None:
    results = []
    with TinyDB(tmp_path / "stock.json") as stock:
        db = DurableTinyDB(path)
        for database in (db, stock):
            database.insert_multiple({"number": n} for n in (1, 2, 3))
            database.table("other").insert({})
            result = ONE_CALL[name](database)
            results.append(result if isinstance(result, int | list) else None)
        db.close(fold=fold)
        assert results[0] == results[1]
        reopened = DurableTinyDB(path)
        assert reopened.storage.read() == stock.storage.read()
        reopened.close()


def test_a_call_that_changes_nothing_writes_nothing(path: Path) -> None:
    written(path)
    before = everything(path.parent)
    with DurableTinyDB(path) as db:
        db.update({"number": 1}, doc_ids=[1])
        db.update({"seen": True}, where("number") == 99)
        db.remove(where("number") == 99)
        db.drop_table("unknown")
        db.commit([])
        db.close(fold=False)
    assert everything(path.parent) == before


def test_a_change_of_type_is_a_change(path: Path) -> None:
    written(path, 1)
    db = DurableTinyDB(path)
    db.update({"number": True}, doc_ids=[1])
    db.close(fold=False)
    db = DurableTinyDB(path)
    assert db.get(doc_id=1)["number"] is True
    db.close()


def test_the_first_commit_puts_the_names_of_new_files_on_the_disk(path: Path, calls: Counter[str]) -> None:
    db = DurableTinyDB(path)
    db.insert({})
    assert calls["fsync"] == 1  # of the directory
    db.insert({})
    assert calls["fsync"] == 1
    db.close(fold=False)


def test_lines_found_in_the_journal_are_synced_before_anybody_relies_on_them(
    path: Path, calls: Counter[str]
) -> None:
    written(path)
    calls.clear()
    db = DurableTinyDB(path)
    with db.locked():
        assert calls["fdatasync"] == 1
    with db.locked():
        assert calls["fdatasync"] == 1
    db.close(fold=False)


# ----------------------------------------------------------------------------------------- memory and values


def test_an_exception_in_an_updater_changes_nothing(path: Path) -> None:
    written(path)
    db = DurableTinyDB(path)

    def break_off(document: Any) -> None:
        document["number"] /= document["number"] - 2

    with pytest.raises(ZeroDivisionError):
        db.update(break_off)
    db.close(fold=False)
    assert numbers(path) == [1, 2, 3]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object(), b"bytes"])
def test_what_json_cannot_hold_is_refused_before_anything_is_written(path: Path, value: object) -> None:
    written(path)
    before = everything(path.parent)
    db = DurableTinyDB(path)
    with pytest.raises((TypeError, ValueError)):
        db.insert({"value": value})
    assert len(db) == 3
    assert db.insert({"number": 4}) == 4  # no number was used up
    db.close(fold=False)
    assert before["ledger.json.log"] == b"".join(line + b"\n" for line in log_lines(path)[:3])


@pytest.mark.parametrize(
    "operation",
    [("_journal", 1, {}), ("t", "1", {}), ("t", True, {}), ("t", 1.0, {}), (1, 1, {}), ("t", None, {"a": 1})],
)
def test_an_operation_that_could_not_be_read_back_is_refused(path: Path, operation: Any) -> None:
    db = DurableTinyDB(path)
    with pytest.raises(ValueError, match="whole number"):
        db.commit([("entries", 1, {}), operation])
    assert db.tables() == set()
    db.close()


def test_memory_holds_what_a_reload_would_read(path: Path) -> None:
    db = DurableTinyDB(path)
    db.insert({"pair": (1, 2), 3: "three", "name": "Zoë \ud800 ‮"})
    assert db.all() == [{"pair": [1, 2], "3": "three", "name": "Zoë \ud800 ‮"}]
    assert db.verify() == []
    db.close()


@pytest.mark.parametrize(
    "take",
    [
        lambda db: db.get(doc_id=1),
        lambda db: db.get(where("list").exists()),
        lambda db: db.get(doc_ids=[1])[0],
        lambda db: db.search(where("list").exists())[0],
        lambda db: db.all()[0],
        lambda db: next(iter(db)),
    ],
)
def test_changing_what_was_read_does_not_change_the_ledger(
    path: Path, take: Callable[[DurableTinyDB], Any]
) -> None:
    with DurableTinyDB(path) as db:
        given: dict[str, Any] = {"list": [1]}
        db.insert(given)
        given["list"].append(2)
        taken = take(db)
        assert taken.doc_id == 1
        taken["list"].append(3)
        assert take(db) == {"list": [1]}
        assert db.verify() == []


def test_ids_go_on_from_the_highest_one(path: Path) -> None:
    db = DurableTinyDB(path)
    assert db.insert_multiple([Document({}, doc_id=1), {}, Document({}, doc_id=9), {}]) == [1, 2, 9, 10]
    db.commit([("_default", 40, {})])
    assert (db.insert({}), db.next_id("_default"), db.next_id("other")) == (41, 42, 1)
    with pytest.raises(ValueError, match="already exists"):
        db.insert(Document({}, doc_id=9))
    db.close()


def test_a_search_sees_what_a_commit_changed(path: Path) -> None:
    with DurableTinyDB(path) as db:
        query = where("number") == 1
        assert db.search(query) == []
        db.commit([("_default", 1, {"number": 1})])
        assert db.search(query) == [{"number": 1}]


def test_an_insert_touches_no_other_document(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an insert costs must not depend on how many documents there are: it never walks a table."""

    class Unwalkable(dict[str, Any]):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("walked")

        items = keys = values = copy = __iter__  # type: ignore[assignment]

    written(path)
    db = DurableTinyDB(path)
    db.insert({"number": 4})  # finds the highest id, once
    tables = db.storage.tables  # type: ignore[attr-defined]
    tables["_default"] = Unwalkable(tables["_default"])
    assert db.insert({"number": 5}) == 5
    assert db.insert_multiple([{"number": 6}]) == [6]
    db.update({"number": 7}, doc_ids=[6])
    db.commit([("_default", 7, {"number": 8})])
    assert db.get(doc_id=6) == {"number": 7}
    db.close(fold=False)
    assert numbers(path) == [1, 2, 3, 4, 5, 7, 8]


# --------------------------------------------------------------------------------------------------- folding


def test_closing_folds_only_if_asked_to(path: Path) -> None:
    written(path)
    assert not path.exists()
    DurableTinyDB(path).close()
    assert path.exists()
    assert log_of(path).stat().st_size == 0
    assert numbers(path) == [1, 2, 3]


def test_closing_an_unchanged_ledger_leaves_its_files_alone(path: Path, calls: Counter[str]) -> None:
    written(path)
    DurableTinyDB(path).close()
    calls.clear()
    db = DurableTinyDB(path)
    assert db.log_size == 0
    assert db.snapshot_size == path.stat().st_size
    db.close()
    assert (calls["write"], calls["replace"], calls["fsync"]) == (0, 0, 0)


def test_a_snapshot_is_synced_before_it_takes_the_place_of_the_old_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = DurableTinyDB(path)
    db.insert({})
    order: list[str] = []
    really_sync, really_replace = os.fsync, os.replace

    def sync(descriptor: int) -> None:
        order.append("sync")
        really_sync(descriptor)

    def replace(source: Path, target: Path) -> None:
        order.append(target.name)
        really_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    db.fold()
    db.close()
    # content, name, directory; first the snapshot, then the journal that it makes superfluous
    assert order == ["sync", "ledger.json", "sync", "sync", "ledger.json.log", "sync"]


def test_a_crash_between_new_snapshot_and_new_journal_is_harmless(path: Path) -> None:
    written(path)
    old_log = log_of(path).read_bytes()
    DurableTinyDB(path).close()
    log_of(path).write_bytes(old_log)
    with DurableTinyDB(path) as db:
        assert db.insert({"number": 4}) == 4
        assert db.verify() == []
    assert numbers(path) == [1, 2, 3, 4]


def test_a_kill_at_any_call_of_commit_or_fold_loses_nothing(tmp_path: Path) -> None:
    """The process is killed before its k-th call to the system, for every k."""
    names = ("open", "write", "fdatasync", "fsync", "replace", "ftruncate", "close")
    for kill_at in range(1, 200):
        path = tmp_path / str(kill_at) / "ledger.json"
        written(path)
        DurableTinyDB(path).close()
        child = os.fork()
        if not child:
            try:
                countdown = iter(range(kill_at - 1, -1, -1))
                for name in names:
                    setattr(os, name, _dying(countdown, getattr(os, name)))
                db = DurableTinyDB(path)
                db.insert({"number": 4})
                db.fold()
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        db = DurableTinyDB(path)
        assert db.verify() == []
        assert numbers(path) in ([1, 2, 3], [1, 2, 3, 4])
        db.insert({"number": 5})
        db.close()
        with TinyDB(path) as stock:
            assert [document["number"] for document in stock.all()] in ([1, 2, 3, 5], [1, 2, 3, 4, 5])
        if status == 0:
            assert kill_at > 20
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
    pytest.fail("the child never finished")


def _dying(countdown: Iterator[int], call: Callable[..., Any]) -> Callable[..., Any]:
    def dying(*args: Any, **options: Any) -> Any:
        if next(countdown, -1) == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **options)

    return dying


# ------------------------------------------------------------------------------------ torn and damaged files


def test_a_last_line_cut_at_any_byte_is_moved_aside_and_told(path: Path) -> None:
    written(path)
    whole = log_of(path).read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for end in range(start + 1, len(whole)):
        log_of(path).write_bytes(whole[:end])
        db = DurableTinyDB(path)
        copy = path.with_name("ledger.json.log.torn")
        assert copy.read_bytes() == whole[start:end]
        assert log_of(path).read_bytes() == whole[:start]
        assert str(copy) in db.notices[0]
        assert [document["number"] for document in db.all()] == [1, 2]
        assert db.insert({"number": 30}) == 3
        db.close(fold=False)
        assert numbers(path) == [1, 2, 30]
        copy.unlink()


@pytest.mark.parametrize("tail", [b"\0" * 64, b"\xff" * 64, b"deadbeef {}\n", b"\n", b"0"])
def test_a_last_line_of_rubbish_is_moved_aside_and_told(path: Path, tail: bytes) -> None:
    written(path)
    with log_of(path).open("ab") as log:
        log.write(tail)
    db = DurableTinyDB(path)
    assert len(db.notices) == 1
    assert path.with_name("ledger.json.log.torn").read_bytes() == tail
    assert len(db) == 3
    db.close()


def test_torn_lines_are_all_kept(path: Path) -> None:
    written(path)
    for tail in (b"one", b"two", b"three"):
        with log_of(path).open("ab") as log:
            log.write(tail)
        DurableTinyDB(path).close(fold=False)
    kept = [path.with_name(f"ledger.json.log.torn{end}").read_bytes() for end in ("", ".2", ".3")]
    assert kept == [b"one", b"two", b"three"]


def test_a_tail_left_by_a_writer_that_died_is_repaired_by_the_next_write(path: Path) -> None:
    written(path)
    db = DurableTinyDB(path)
    with log_of(path).open("ab") as log:
        log.write(b"half a li")
    assert db.refresh() is False
    assert db.notices == []
    db.insert({"number": 4})
    assert len(db.notices) == 1
    db.close(fold=False)
    assert numbers(path) == [1, 2, 3, 4]


def test_a_bit_flipped_in_the_journal_is_never_silent(path: Path) -> None:
    written(path)
    whole = log_of(path).read_bytes()
    last_line = whole[:-1].rindex(b"\n") + 1
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        log_of(path).write_bytes(flipped)
        if position < last_line - 1:
            with pytest.raises(LedgerDamaged, match=r"ledger\.json\.log, line [12]: "):
                DurableTinyDB(path, readonly=True)
        elif position == last_line - 1:  # two lines became one, the last
            assert numbers(path) == [1]
        else:
            assert numbers(path) == [1, 2]
            db = DurableTinyDB(path, readonly=True)
            assert "incomplete" in db.notices[0]
            assert len(db.verify()) == 1
            db.close()


def test_a_bit_flipped_in_the_snapshot_is_never_silent(path: Path) -> None:
    written(path)
    DurableTinyDB(path).close()
    whole = path.read_bytes()
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        with pytest.raises(LedgerDamaged):
            DurableTinyDB(path, readonly=True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"[1,2]",
        b"3",
        b'"text"',
        b"null",
        b'{"a":1}',
        b'{"a":{"x":{}}}',
        b'{"a":{"1":2}}',
        b'{"a":{"01":{}}}',
        b'{"a":{"1":{"x":NaN}}}',
        b'{"_journal":{}}',
        b'{"_journal":{"1":{"seq":"3"}}}',
        b'{"_journal":{"1":{"seq":-1}}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":{"%s":{}}}' % (b"9" * 5_000),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged) as caught:
        DurableTinyDB(path)
    problem = caught.value.problems[0]
    assert problem.where == str(path)
    assert problem.fix
    assert everything(path.parent) == {"ledger.json": content}


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        ([0, 2], "line 2"),
        ([1, 2], "line 1"),
        ([0, 1, 1, 2], "line 3"),
        ([0, 1, 2, 0], "line 4"),
    ],
)
def test_a_missing_or_doubled_line_is_damage(path: Path, lines: list[int], where: str) -> None:
    written(path)
    whole = log_lines(path)
    damaged = b"".join(whole[line] + b"\n" for line in lines)
    log_of(path).write_bytes(damaged)
    with pytest.raises(LedgerDamaged, match=where):
        DurableTinyDB(path)
    assert log_of(path).read_bytes() == damaged


@pytest.mark.parametrize("payload", [b"[]", b'{"n":4}', b'{"n":4,"o":[["t",1]]}', b'{"n":4,"o":[["t","1",{}]]}'])
def test_a_sound_line_that_is_not_ours_is_damage_even_as_the_last(path: Path, payload: bytes) -> None:
    written(path)
    with log_of(path).open("ab") as log:
        log.write(b"%08x %s\n" % (zlib.crc32(payload), payload))
    with pytest.raises(LedgerDamaged, match="line 4"):
        DurableTinyDB(path)


def test_an_old_snapshot_beside_a_newer_journal_is_damage(path: Path) -> None:
    written(path)
    DurableTinyDB(path).close()
    old = path.read_bytes()
    with DurableTinyDB(path) as db:
        db.insert({"number": 4})
    db = DurableTinyDB(path)
    db.insert({"number": 5})
    db.close(fold=False)
    path.write_bytes(old)
    with pytest.raises(LedgerDamaged, match="commit 5 stands where commit 4 should"):
        DurableTinyDB(path)


def test_an_old_journal_beside_a_newer_snapshot_is_damage(path: Path) -> None:
    written(path)
    DurableTinyDB(path).close()
    other = path.with_name("other") / "ledger.json"
    written(other, 2)
    shutil.copy(log_of(other), log_of(path))
    with pytest.raises(LedgerDamaged, match="one of them is older"):
        DurableTinyDB(path)


def test_going_back_to_older_files_while_open_is_damage(path: Path) -> None:
    written(path)
    DurableTinyDB(path).close()
    old = path.read_bytes()
    db = DurableTinyDB(path)
    db.insert({"number": 4})
    db.fold()
    path.write_bytes(old)
    with pytest.raises(LedgerDamaged, match="went back from commit 4 to 3"):
        db.insert({"number": 5})
    assert len(db) == 4
    db.close()


def test_verify_names_every_damaged_line(path: Path) -> None:
    written(path, 6)
    db = DurableTinyDB(path)
    assert db.verify() == []
    lines = log_lines(path)
    lines[1], lines[3] = b"rubbish", lines[3].replace(b"4", b"5")
    log_of(path).write_bytes(b"".join(line + b"\n" for line in lines))
    assert [problem.partition(": ")[0] for problem in db.verify()] == [
        f"{log_of(path)}, line 2",
        f"{log_of(path)}, line 4",
    ]
    with pytest.raises(LedgerDamaged):
        db.insert({})
    db.close(fold=False)


def test_damage_that_appears_while_open_keeps_closing_from_folding_over_it(path: Path) -> None:
    written(path)
    db = DurableTinyDB(path)
    log_of(path).write_bytes(b"rubbish\n" + log_of(path).read_bytes())
    before = everything(path.parent)
    with pytest.raises(LedgerDamaged):
        db.close()
    assert everything(path.parent) == before


# ---------------------------------------------------------------------------------- processes and threads


def test_refresh_tells_whether_another_process_wrote(path: Path) -> None:
    here, there = DurableTinyDB(path), DurableTinyDB(path)
    assert here.refresh() is False
    there.insert({"number": 1})
    assert len(here) == 0
    assert here.refresh() is True
    assert here.refresh() is False
    assert here.all() == [{"number": 1}]
    here.insert({"number": 2})
    assert here.refresh() is False  # its own
    there.fold()
    assert there.refresh() is True  # the second document, found on the way
    assert here.refresh() is False  # a fold alone brings nothing new
    there.insert({"number": 3})
    here.insert({"number": 4})
    assert here.refresh() is True  # the third, found while writing the fourth
    assert [document["number"] for document in here.all()] == [1, 2, 3, 4]
    here.close()
    there.close()


def test_refresh_costs_one_stat_when_nothing_changed(path: Path, calls: Counter[str]) -> None:
    written(path)
    db = DurableTinyDB(path)
    calls.clear()
    for _ in range(10):
        assert db.refresh() is False
    assert calls == {"stat": 10}
    db.close(fold=False)


def test_refresh_reads_only_what_was_added(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path)
    here, there = DurableTinyDB(path), DurableTinyDB(path)
    there.insert({"number": 4})
    read: list[bytes] = []
    really_read = os.pread

    def reading(descriptor: int, size: int, start: int) -> bytes:
        read.append(really_read(descriptor, size, start))
        return read[-1]

    monkeypatch.setattr(os, "pread", reading)
    assert here.refresh() is True
    assert [chunk for chunk in read if chunk] == [log_lines(path)[3] + b"\n"]
    here.close()
    there.close()


def test_another_process_dropping_a_table_is_seen(path: Path) -> None:
    here, there = DurableTinyDB(path), DurableTinyDB(path)
    there.table("t").insert({})
    there.fold()
    assert here.refresh() is True
    there.drop_table("t")
    assert here.refresh() is True
    assert here.tables() == set()
    here.close()
    there.close()


def test_a_reader_survives_a_fold_between_snapshot_and_journal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path)
    DurableTinyDB(path).close()
    writer = DurableTinyDB(path)
    look, folds = os.open, iter([True, True])

    def folding(name: Any, flags: int, *args: Any, **options: Any) -> int:
        if str(name) == str(log_of(path)) and flags & os.O_ACCMODE == os.O_RDONLY and next(folds, False):
            writer.insert({"number": 0})
            writer.fold()
        return look(name, flags, *args, **options)

    monkeypatch.setattr(os, "open", folding)
    reader = DurableTinyDB(path, readonly=True)
    assert [document["number"] for document in reader.all()] == [1, 2, 3, 0, 0]
    assert reader.notices == []
    reader.close()
    writer.close()


def test_locked_sees_the_newest_state_and_may_be_nested(path: Path) -> None:
    here, there = DurableTinyDB(path, lock_timeout=0.0), DurableTinyDB(path)
    there.insert({"number": 1})
    with here.locked(), here.locked():
        assert here.insert({"number": len(here) + 1}) == 2
    there.insert({"number": 3})  # the lock is free again
    here.close()
    there.close()
    assert numbers(path) == [1, 2, 3]


def test_a_lock_held_elsewhere_is_a_conflict_that_names_its_holder(path: Path) -> None:
    holder, waiter = DurableTinyDB(path), DurableTinyDB(path, lock_timeout=0.02)
    with holder.locked(), pytest.raises(Conflict, match=f"locked by process {os.getpid()}") as caught:
        waiter.insert({"number": 1})
    assert caught.value.problems[0].where == str(path) + ".lock"
    assert len(waiter) == 0
    waiter.insert({"number": 2})
    waiter.close()
    holder.close()


def test_a_lock_held_elsewhere_only_puts_off_folding_at_close(path: Path) -> None:
    holder, other = DurableTinyDB(path), DurableTinyDB(path, lock_timeout=0.0)
    other.insert({"number": 1})
    with holder.locked():
        other.close()
    assert "not folded" in other.notices[0]
    holder.close()
    assert numbers(path) == [1]


def test_killing_the_holder_of_the_lock_frees_it(path: Path) -> None:
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        with DurableTinyDB(path).locked():
            os.write(sending, b"held")
            signal.pause()
    os.read(receiving, 4)
    db = DurableTinyDB(path, lock_timeout=0.0)
    with pytest.raises(Conflict, match=f"locked by process {child}"):
        db.insert({"number": 1})
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    db.insert({"number": 1})
    db.close()
    os.close(receiving)
    os.close(sending)


def test_the_lock_is_free_after_an_exception(path: Path) -> None:
    db, other = DurableTinyDB(path), DurableTinyDB(path, lock_timeout=0.0)
    with pytest.raises(ZeroDivisionError), db.locked():
        raise ZeroDivisionError
    other.insert({"number": 1})
    other.close()
    db.close()


def test_threads_share_one_instance(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FOLD_BYTES", 2_000)
    db = DurableTinyDB(path)
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(50):
                db.table("entries").insert({"id": f"{name}-{number}"})
                with db.locked():
                    count = len(db.table("counts"))
                    db.commit([("counts", count + 1, {"count": count})])
                assert db.table("entries").contains(where("id") == f"{name}-{number}")
                db.refresh()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert db.verify() == []
    db.close()
    db = DurableTinyDB(path)
    assert len({document["id"] for document in db.table("entries")}) == 200
    assert [document["count"] for document in db.table("counts")] == list(range(200))
    db.close()


# ------------------------------------------------------------------------------- full disks and read-only ones

FULL_DISK = """
import resource, sys
from pathlib import Path
from core.errors import Conflict
from core.ledger.storage import DurableTinyDB
path, limit = Path(sys.argv[1]), int(sys.argv[2])
db = DurableTinyDB(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
for number in range(4, 7):
    try:
        db.commit([("_default", number, {"number": number}), ("other", number, {"text": "x" * 40})])
        print("recorded", number)
    except Conflict as error:
        assert error.exit_code == 4 and "nothing was recorded" in str(error) and "space" in error.problems[0].fix
        print("refused", number)
db.close()
print("notices", len(db.notices))
"""


def test_a_disk_that_fills_up_at_any_byte_takes_a_commit_whole_or_not_at_all(tmp_path: Path) -> None:
    written(tmp_path / "ledger.json")
    start = log_of(tmp_path / "ledger.json").stat().st_size
    for limit in (0, 1, *range(start, start + 360, 23)):
        path = tmp_path / str(limit) / "ledger.json"
        path.parent.mkdir()
        shutil.copy(log_of(tmp_path / "ledger.json"), log_of(path))
        done = python(FULL_DISK, path, limit)
        assert done.returncode == 0, done.stderr
        said = done.stdout.split("\n")
        recorded = [int(line.split()[1]) for line in said if line.startswith("recorded")]
        assert ("notices 1" in said) == (not path.exists())  # not folded, and told
        db = DurableTinyDB(path)
        assert db.notices == []
        assert [document["number"] for document in db.all()] == [1, 2, 3, *recorded]
        assert len(db.table("other")) == len(recorded)
        db.insert({"number": 99})
        db.close()
        with TinyDB(path) as stock:
            assert len(stock) == 4 + len(recorded)


def test_a_failed_sync_records_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(path)
    before = everything(path.parent)
    db = DurableTinyDB(path)
    with db.locked():  # syncs what it found
        pass
    answers = iter([errno.EDQUOT])
    sync = os.fdatasync

    def failing(descriptor: int) -> None:
        for number in answers:
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(Conflict, match="nothing was recorded: Disk quota exceeded"):
        db.insert({"number": 4})
    assert len(db) == 3
    assert everything(path.parent) == before
    assert db.insert({"number": 4}) == 4
    db.close(fold=False)
    assert numbers(path) == [1, 2, 3, 4]


def test_when_a_failure_cannot_be_undone_the_error_says_that_it_is_not_known(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path)
    db = DurableTinyDB(path)
    with db.locked():
        pass
    with monkeypatch.context() as patch, db.locked():

        def failing(*_: object) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        patch.setattr(os, "fdatasync", failing)
        patch.setattr(os, "ftruncate", failing)
        with pytest.raises(Conflict, match="cannot be told"):
            db.insert({"number": 4})
        patch.undo()
        with pytest.raises(Conflict, match="the journal's end is not where it should be"):
            db.insert({"number": 5})  # the same lock: what is on the disk was not looked at again
    assert db.refresh() is True  # it reached the journal after all
    assert len(db) == 4
    db.close()
    assert numbers(path) == [1, 2, 3, 4]


@pytest.mark.parametrize("at", range(1, 14))
def test_a_fold_that_fails_at_any_step_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    written(path)
    DurableTinyDB(path).close()
    db = DurableTinyDB(path)
    db.insert({"number": 4})
    with db.locked(), monkeypatch.context() as patch:
        steps = iter(range(1, 100))
        for name in ("fsync", "replace", "write"):
            patch.setattr(os, name, _failing_at(at, steps, getattr(os, name)))
        db.fold()
        patch.undo()
        if at < 13:
            assert "nothing is lost" in db.notices[0]
        else:
            assert db.notices == []
        db.insert({"number": 5})  # still under the same lock
    assert db.verify() == []
    assert db.refresh() is False
    db.close(fold=False)
    assert numbers(path) == [1, 2, 3, 4, 5]
    DurableTinyDB(path).close()
    assert numbers(path) == [1, 2, 3, 4, 5]


def _failing_at(at: int, steps: Iterator[int], call: Callable[..., Any]) -> Callable[..., Any]:
    def failing(*args: Any) -> Any:
        if next(steps) == at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return call(*args)

    return failing


def test_readonly_reads_and_refuses_to_write(path: Path) -> None:
    written(path)
    before = everything(path.parent)
    db = DurableTinyDB(path, readonly=True)
    assert db.readonly
    assert len(db) == 3
    with pytest.raises(BadInput, match="read-only"):
        db.insert({})
    with pytest.raises(BadInput, match="read-only"):
        db.fold()
    db.close()
    assert everything(path.parent) == before


def test_readonly_reports_a_torn_tail_and_leaves_it(path: Path) -> None:
    written(path)
    with log_of(path).open("ab") as log:
        log.write(b"half")
    before = everything(path.parent)
    db = DurableTinyDB(path, readonly=True)
    assert len(db) == 3
    assert "was not read" in db.notices[0]
    assert db.refresh() is False
    db.close()
    assert everything(path.parent) == before


@pytest.mark.parametrize("closed", ["directory", "journal", "lock"])
def test_a_place_without_write_permission_opens_read_only(public: Path, closed: str) -> None:
    path = public / "ledger.json"
    written(path)
    for file in public.iterdir():
        file.chmod(0o666)
    public.chmod(0o777)
    {"directory": public, "journal": log_of(path), "lock": public / "ledger.json.lock"}[closed].chmod(0o555)

    def visit() -> str:
        db = DurableTinyDB(path)
        try:
            db.insert({})
        except BadInput as error:
            return f"{db.readonly} {len(db)} {error.exit_code} {'read-only' in str(error)}"
        return "written"

    assert in_child(visit, NOBODY) == "True 3 2 True"
    assert len(log_lines(path)) == 3
    public.chmod(0o755)


def test_a_file_that_may_not_be_read_is_an_error_not_an_empty_ledger(public: Path) -> None:
    path = public / "ledger.json"
    written(path)
    log_of(path).chmod(0o000)

    def visit() -> str:
        try:
            DurableTinyDB(path)
        except BadInput as error:
            return str(error)
        return "opened"

    assert "cannot be read: Permission denied" in in_child(visit, NOBODY)


def test_a_file_system_mounted_read_only_is_noticed_at_the_first_write(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path)
    log_of(path).with_name("ledger.json.lock").unlink()
    db = DurableTinyDB(path)
    really_open = os.open

    def refusing(name: Any, flags: int, *args: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return really_open(name, flags, *args, **options)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(BadInput, match="Read-only file system"):
        db.insert({})
    assert db.readonly
    assert len(db) == 3
    db.close()


def test_a_full_disk_keeps_nobody_from_reading_past_a_torn_tail(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path)
    with log_of(path).open("ab") as log:
        log.write(b"half")
    before = everything(path.parent)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        db = DurableTinyDB(path)
        assert len(db) == 3
        assert "left as it is" in db.notices[0]
        assert everything(path.parent) == before
        with pytest.raises(StrikezoneError, match="nothing was recorded"):
            db.insert({})
    db.insert({"number": 4})
    db.close()
    assert numbers(path) == [1, 2, 3, 4]


def test_a_closed_ledger_takes_no_writes(path: Path) -> None:
    db = DurableTinyDB(path)
    db.close()
    db.close()
    with pytest.raises(ValueError, match="is closed"):
        db.insert({})
