"""The way back: a verified backup takes the ledger's place, and what stood there is kept."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BadInput, Busy, Conflict, LedgerDamaged
from core.ledger import backups, reading
from core.ledger import restore as restoring
from core.ledger.journal import snapshot_chunks
from core.ledger.ledger import Ledger
from core.ledger.restore import find, restore, verified
from core.ledger.storage import DurableTinyDB
from core.portfolio.model import Portfolio
from tests.core.book.samples import NOW, buy, pay, portfolio


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(restoring, "LOCK_TIMEOUT_SECONDS", 0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Entries 1 and 2 in the snapshot, 1 in its backup, 3 in the journal."""
    folder = tmp_path / "classic-60-40"
    for amount in (1, 2):
        record(folder, amount, fold=True)
    record(folder, 3)
    return folder


def record(folder: Path, amount: int, *, fold: bool = False, of: Portfolio | None = None) -> None:
    with_ledger = Ledger.open(folder, of or portfolio())
    with_ledger.append([pay(amount)], NOW)
    with_ledger.close(fold=fold)


def backup(folder: Path) -> Path:
    return backups.backups_of(folder / "ledger.json")[0]


def amounts(folder: Path) -> list[int]:
    with Ledger.open(folder, portfolio()) as ledger:
        assert ledger.verify() == []
        return [int(entry.amount or 0) for entry in ledger.entries]


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and file.suffix != ".lock"}


def test_a_backup_takes_the_ledgers_place_and_the_files_are_kept(folder: Path) -> None:
    snapshot, log = ((folder / name).read_bytes() for name in ("ledger.json", "ledger.json.log"))
    kept = restore(folder, verified(backup(folder), portfolio()))
    assert [path.read_bytes() for path in kept] == [snapshot, log]
    assert [path.name.split(".replaced-")[0] for path in kept] == ["ledger.json", "ledger.json.log"]
    assert amounts(folder) == [1]
    record(folder, 4)
    assert amounts(folder) == [1, 4]


def test_what_a_backup_holds_is_told(folder: Path) -> None:
    found = verified(backup(folder), portfolio())
    assert (found.entries, found.newest) == (1, NOW)


def test_files_kept_before_are_never_overwritten(folder: Path) -> None:
    before = files(folder)
    kept: list[Path] = []
    for _ in range(3):
        kept += restore(folder, verified(backup(folder), portfolio()))
    assert len(set(kept)) == 6
    assert kept[0].read_bytes() == before["ledger.json"]
    assert kept[1].read_bytes() == before["ledger.json.log"]


def test_a_ledger_that_is_gone_comes_back(folder: Path) -> None:
    found = verified(backup(folder), portfolio())
    (folder / "ledger.json").unlink()
    (folder / "ledger.json.log").unlink()
    assert restore(folder, found) == ()
    assert amounts(folder) == [1]


@pytest.mark.parametrize("damaged", ["ledger.json", "ledger.json.log"])
def test_a_damaged_ledger_is_replaced_and_kept(folder: Path, damaged: str) -> None:
    record(folder, 4)
    path = folder / damaged
    raw = bytearray(path.read_bytes())
    raw[40] ^= 1
    path.write_bytes(raw)
    with pytest.raises(LedgerDamaged):
        Ledger.open(folder, portfolio())
    kept = restore(folder, verified(backup(folder), portfolio()))
    assert bytes(raw) in [one.read_bytes() for one in kept]
    assert amounts(folder) == [1]


def test_a_copy_of_a_whole_directory_is_a_backup(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, content in files(folder).items():
        (copy / name).write_bytes(content)
    record(folder, 4)
    restore(folder, verified(copy / "ledger.json", portfolio()))
    assert amounts(folder) == [1, 2, 3]


def damaged_backups(good: bytes) -> Iterator[tuple[str, bytes]]:
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    yield "a flipped bit", bytes(flipped)
    yield "cut off", good[:-10]
    yield "empty", b""
    yield "no checksum", b'{"entries": {}}'
    yield "no json", b"hello"


def test_a_damaged_backup_is_refused(folder: Path) -> None:
    path, before = backup(folder), files(folder)
    for what, raw in damaged_backups(path.read_bytes()):
        path.write_bytes(raw)
        with pytest.raises(LedgerDamaged) as caught:
            verified(path, portfolio())
        assert (what, caught.value.exit_code, str(path) in str(caught.value)) == (what, 4, True)
    assert files(folder) == before


def test_a_backup_whose_entries_do_not_fit_is_refused(folder: Path) -> None:
    with DurableTinyDB(folder / "ledger.json") as db:
        tables = {name: dict(documents) for name, documents in (db.storage.read() or {}).items()}
    del tables["entries"]["2"]
    path = backup(folder)
    path.write_bytes(b"".join(snapshot_chunks(tables, 9)))  # its checksum is right
    with pytest.raises(LedgerDamaged, match="entry 2"):
        verified(path, portfolio())


def test_the_backup_of_another_portfolio_is_refused(folder: Path) -> None:
    with pytest.raises(BadInput, match="belongs to portfolio classic-60-40, the file says other") as caught:
        verified(backup(folder), portfolio(id="other"))
    assert caught.value.exit_code == 2


def test_a_backup_without_entries_is_refused(folder: Path) -> None:
    path = backup(folder)
    path.write_bytes(b"".join(snapshot_chunks({}, 0)))
    with pytest.raises(BadInput, match="holds no entry"):
        verified(path, portfolio())


def test_a_backup_is_found_by_its_path_and_by_its_name(folder: Path) -> None:
    path = backup(folder)
    assert find(folder, str(path)) == path
    assert find(folder, path.name) == path
    for wrong in ("ledger-20200101T000000Z.json", "../ledger.json", str(folder)):
        with pytest.raises(BadInput, match="there is no backup") as caught:
            find(folder, wrong)
        assert path.name in caught.value.problems[0].fix


def test_a_lock_held_elsewhere_is_told_and_nothing_is_changed(folder: Path) -> None:
    found, before = verified(backup(folder), portfolio()), files(folder)
    holder = DurableTinyDB(folder / "ledger.json")
    with holder.locked(), pytest.raises(Busy, match="locked by process"):
        restore(folder, found)
    holder.close(fold=False)
    assert files(folder) == before


def test_a_process_that_has_it_open_refuses_to_go_on(folder: Path) -> None:
    ledger = Ledger.open(folder, portfolio())
    restore(folder, verified(backup(folder), portfolio()))
    with pytest.raises(LedgerDamaged, match="it was there before"):
        ledger.append([pay(5)], NOW)
    ledger.close()
    assert amounts(folder) == [1]


def test_a_process_that_has_it_open_is_not_fooled_by_as_many_new_entries(folder: Path) -> None:
    ledger = Ledger.open(folder, portfolio())
    restore(folder, verified(backup(folder), portfolio()))
    other = Ledger.open(folder, portfolio())
    other.append([buy(1, 2), buy(3, 4), buy(5, 6)], NOW)
    other.close()
    with pytest.raises(LedgerDamaged, match="entry 3 is another than it was before"):
        ledger.append([pay(5)], NOW)
    ledger.close()


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_disk_that_refuses_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    found, before = verified(backup(folder), portfolio()), amounts(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        said = "whether this was restored cannot be told" if call == "replace" else "nothing was restored: No space"
        with pytest.raises(Conflict, match=said):
            restore(folder, found)
    assert amounts(folder) == before
    restore(folder, found)
    assert amounts(folder) == [1]


def test_a_backup_that_cannot_be_read_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, really = backup(folder), os.open

    def refusing(name: object, *args: int) -> int:
        if name == path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return really(name, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(BadInput, match="the backup cannot be read: Permission denied"):
        verified(path, portfolio())


def test_where_backups_should_be_there_may_be_anything(folder: Path) -> None:
    for one in backups.backups_of(folder / "ledger.json"):
        one.unlink()
    (folder / "backups").rmdir()
    (folder / "backups").write_text("a file")
    with pytest.raises(BadInput, match="there is no backup x"):
        find(folder, "x")
    record(folder, 4, fold=True)
    assert amounts(folder) == [1, 2, 3, 4]
