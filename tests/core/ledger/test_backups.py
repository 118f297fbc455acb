"""Backups: each fold keeps the snapshot that it replaces, the newest ones stay, nothing else is touched."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from core.ledger import backups, journal, reading
from core.ledger.storage import DurableTinyDB
from tests.core.ledger.test_storage import numbers


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SETTLE_SECONDS", 0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.json"


def folded(path: Path, times: int = 1, kept: int = backups.KEPT) -> list[str]:
    """Insert and fold `times`; what was told."""
    db = DurableTinyDB(path, kept=kept)
    for _ in range(times):
        db.insert({"number": len(db)})
        db.fold()
    db.close()
    return db.notices


def held(backup: Path) -> list[int]:
    return [document["number"] for document in json.loads(backup.read_bytes())["_default"].values()]


def test_the_first_fold_has_nothing_to_keep(path: Path) -> None:
    folded(path)
    assert backups.backups_of(path) == []
    assert not (path.parent / "backups").exists()


def test_a_fold_keeps_the_snapshot_that_it_replaces(path: Path) -> None:
    folded(path)
    before = path.read_bytes()
    folded(path)
    (backup,) = backups.backups_of(path)
    assert backup.parent == path.parent / "backups"
    assert re.fullmatch(r"ledger-\d{8}T\d{6}Z\.json", backup.name)
    assert backup.read_bytes() == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert backup.parent.stat().st_mode & 0o777 == 0o700


def test_a_backup_is_on_the_disk_before_the_snapshot_is_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded(path)
    db = DurableTinyDB(path)
    db.insert({"number": 1})
    order: list[str] = []
    really_sync, really_replace, really_link = os.fsync, os.replace, os.link

    def sync(descriptor: int) -> None:
        order.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        really_sync(descriptor)

    def replace(source: Path, target: Path) -> None:
        order.append(f"replace {target.name}")
        really_replace(source, target)

    def link(source: Path, target: Path) -> None:
        order.append("link")
        really_link(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "link", link)
    db.fold()
    db.close()
    kept = ["link", "sync backups", "replace ledger.json"]
    assert order[order.index("link") : order.index("replace ledger.json") + 1] == kept


def test_the_newest_stay(path: Path) -> None:
    folded(path, 14, kept=3)
    assert [held(backup) for backup in backups.backups_of(path)] == [
        list(range(11)),
        list(range(12)),
        list(range(13)),
    ]
    assert numbers(path) == list(range(14))


def test_ten_stay_unless_told_otherwise(path: Path) -> None:
    folded(path, 13)
    assert len(backups.backups_of(path)) == 10


def test_with_none_to_keep_none_is_made_and_none_removed(path: Path) -> None:
    folded(path, 3)
    before = backups.backups_of(path)
    assert len(before) == 2
    folded(path, 3, kept=0)
    assert backups.backups_of(path) == before


@pytest.mark.parametrize(
    "name",
    [
        "ledger-20200101T000000Z.json.bak",
        "ledger-20200101T000000Z.json.tmp",
        "ledger-20200101T000000.json",
        "ledger-20201301T000000Z.json",
        "ledger-20200101T256000Z.json",
        "Ledger-20200101T000000Z.json",
        "my-ledger-20200101T000000Z.json",
        "ledger-20200101T000000Z.json\n",
        "ledger-２0200101T000000Z.json",
        "ledger-.json",
        "notes.txt",
    ],
)
def test_nothing_of_another_name_is_removed_or_counted(path: Path, name: str) -> None:
    folder = path.parent / "backups"
    folder.mkdir()
    (folder / name).write_text("mine")
    folded(path, 4, kept=1)
    assert (folder / name).read_text() == "mine"
    assert len(backups.backups_of(path)) == 1


def test_a_directory_or_a_link_of_such_a_name_is_left_alone(path: Path) -> None:
    folder = path.parent / "backups"
    (folder / "ledger-20200101T000000Z.json").mkdir(parents=True)
    (folder / "ledger-20200102T000000Z.json").symlink_to(path)
    folded(path, 4, kept=1)
    assert (folder / "ledger-20200101T000000Z.json").is_dir()
    assert (folder / "ledger-20200102T000000Z.json").is_symlink()


def test_a_clock_that_went_back_makes_no_newer_backup_the_oldest(path: Path) -> None:
    folded(path, 2)
    (backup,) = backups.backups_of(path)
    ahead = backup.with_name("ledger-20991231T235959Z.json")
    backup.rename(ahead)
    folded(path, 1, kept=2)
    assert [one.name for one in backups.backups_of(path)] == [ahead.name, "ledger-21000101T000000Z.json"]


def test_a_copy_that_says_the_same_is_not_kept_twice(path: Path) -> None:
    folded(path, 2)
    (backup,) = backups.backups_of(path)
    log = path.with_name("ledger.json.log")
    path.write_bytes(backup.read_bytes())  # as if it had been put back
    log.unlink()
    folded(path)
    assert backups.backups_of(path) == [backup]


def test_a_fold_that_changes_nothing_keeps_nothing(path: Path) -> None:
    db = DurableTinyDB(path)
    db.insert({"number": 0})
    log = path.with_name("ledger.json.log")
    lines = log.read_bytes()
    db.close()
    log.write_bytes(lines)  # a crash between new snapshot and new journal
    DurableTinyDB(path).close()
    assert log.read_bytes() == b""
    assert backups.backups_of(path) == []


@pytest.mark.parametrize("call", ["link", "mkdir", "unlink", "listdir"])
def test_a_backup_that_fails_keeps_no_fold_from_being_made(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    folded(path, 1 if call == "mkdir" else 3)
    with monkeypatch.context() as patch:
        if call != "link":
            patch.setattr(os, call, _full)
        else:
            patch.setattr(os, "link", _full)
            really = journal.write_whole
            patch.setattr(
                journal, "write_whole", lambda to, *rest: _full() if "backups" in to.parts else really(to, *rest)
            )
        told = folded(path, kept=1)
    said = {"unlink": [False, True], "listdir": [True, True]}.get(call, [True, False])
    failures = ("what it was before could not be kept in backups", "its oldest backups could not be removed")
    assert [any(failure in notice for notice in told) for failure in failures] == said
    assert all("(No space left on device); nothing is lost" in notice for notice in told)
    assert path.with_name("ledger.json.log").read_bytes() == b""
    assert numbers(path) == list(range(2 if call == "mkdir" else 4))


def _full(*_: object, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_where_there_are_no_links_a_copy_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    assert folded(path, 2) == []
    (backup,) = backups.backups_of(path)
    assert held(backup) == [0]
    assert [file.name for file in backup.parent.iterdir()] == [backup.name]


def test_the_backup_of_a_public_file_is_private(path: Path) -> None:
    path.write_text('{"_default": {"1": {"number": 0}}}')
    path.chmod(0o644)
    folded(path)
    (backup,) = backups.backups_of(path)
    assert backup.stat().st_mode & 0o777 == 0o600


def test_backups_lie_beside_the_file_behind_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "mine.json", tmp_path / "data" / "ledger.json"
    real.parent.mkdir()
    link.parent.mkdir()
    folded(real)
    link.symlink_to(real)
    folded(link)
    (backup,) = backups.backups_of(link)
    assert backup.parent == real.parent / "backups"
    assert backup.name.startswith("mine-")
