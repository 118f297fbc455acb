"""Full disks, real where they can be mounted: nothing acknowledged is lost, and with room again all goes on."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import Conflict
from core.ledger import backups
from core.ledger.ledger import Ledger
from core.ledger.restore import restore, verified
from core.ledger.state import State, load_state, save_state
from tests.core.book.samples import NOW, pay, portfolio
from tests.tui.cli.support import BOOK, PRICES, Desk60

SIZE = 512 * 1024


class Disk:
    """A place that can be filled up."""

    def __init__(self, place: Path, kind: str) -> None:
        self.place = place
        self.kind = kind

    @contextmanager
    def full(self) -> Iterator[None]:
        """No file can grow meanwhile."""
        if self.kind == "limit":
            before = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
            try:
                yield
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            return
        ballast = self.place / "ballast"
        descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(descriptor, bytes(4096))
        except OSError:
            os.close(descriptor)
        try:
            yield
        finally:
            ballast.unlink()


@pytest.fixture(params=["tmpfs", "limit"])
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    if request.param == "limit":
        yield Disk(place, "limit")
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(place)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield Disk(place, "tmpfs")
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)  # a failed test may still hold files


@pytest.fixture
def folder(disk: Disk) -> Path:
    """A ledger of three entries: a backup of one, a snapshot of two, the third in the journal; and a state."""
    folder = disk.place / "data" / "classic-60-40"
    for amount in (1, 2, 3):
        ledger = Ledger.open(folder, portfolio())
        ledger.append([pay(amount)], NOW)
        ledger.close(fold=amount < 3)
    save_state(folder, lambda _: State(dismissed={"VTI": 1}))
    return folder


def amounts(folder: Path) -> list[int]:
    """What is recorded, by what stands on the disk."""
    with Ledger.open(folder, portfolio(), readonly=True) as ledger:
        assert ledger.verify() == []
        return [int(entry.amount or 0) for entry in ledger.entries]


def test_entries_are_recorded_whole_or_refused(disk: Disk, folder: Path) -> None:
    ledger = Ledger.open(folder, portfolio())
    acknowledged = [1, 2, 3]
    with disk.full():
        with pytest.raises(Conflict) as caught:
            _append_until_refused(ledger, acknowledged)
        assert caught.value.exit_code == 4
        assert "nothing was recorded: " in str(caught.value)
        assert caught.value.problems[0].fix == "free some space and try again"
        assert [entry.amount for entry in ledger.entries] == acknowledged
        assert amounts(folder) == acknowledged
    ledger.append([pay(1000)], NOW)
    ledger.close(fold=True)
    assert amounts(folder) == [*acknowledged, 1000]


def _append_until_refused(ledger: Ledger, acknowledged: list[int]) -> None:
    """What is left of the last block may take some."""
    for amount in range(4, 1000):
        ledger.append([pay(amount)], NOW)
        acknowledged.append(amount)


def test_a_fold_that_finds_no_room_is_told_and_made_later(disk: Disk, folder: Path) -> None:
    with disk.full():
        ledger = Ledger.open(folder, portfolio())
        ledger.close(fold=True)
        assert len(ledger.notices) == 1
        assert "could not be folded into it" in ledger.notices[0]
        assert "nothing is lost" in ledger.notices[0]
        assert amounts(folder) == [1, 2, 3]
    assert not list(folder.glob("*.tmp"))
    ledger = Ledger.open(folder, portfolio())
    ledger.append([pay(4)], NOW)
    ledger.close(fold=True)
    assert ledger.notices == ()
    assert (folder / "ledger.json.log").stat().st_size == 0
    assert amounts(folder) == [1, 2, 3, 4]
    assert [verified(path, portfolio()).entries for path in backups.backups_of(folder / "ledger.json")] == [1, 2]


def test_a_state_that_finds_no_room_stays_as_it_was(disk: Disk, folder: Path) -> None:
    with disk.full():
        with pytest.raises(Conflict) as caught:
            save_state(folder, lambda _: State(dismissed={f"S{number}": number for number in range(1000)}))
        assert caught.value.problems[0].fix == "free some space and try again"
        assert load_state(folder) == State(dismissed={"VTI": 1})
        assert amounts(folder) == [1, 2, 3]
    assert save_state(folder, lambda _: State(paused=True)) == load_state(folder) == State(paused=True)


def test_a_restore_that_finds_no_room_changes_nothing(disk: Disk, folder: Path) -> None:
    found = verified(backups.backups_of(folder / "ledger.json")[0], portfolio())
    with disk.full():
        with pytest.raises(Conflict, match="nothing was restored: ") as caught:
            restore(folder, found)
        assert caught.value.problems[0].fix == "free some space and try again"
        assert amounts(folder) == [1, 2, 3]
    restore(folder, found)
    assert amounts(folder) == [1]


@pytest.mark.parametrize("disk", ["tmpfs"], indirect=True)
def test_commands_on_a_full_disk(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIKEZONE_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("STRIKEZONE_DATA_DIR", str(disk.place / "data"))
    cli = Desk60(tmp_path).write(BOOK, PRICES)
    assert cli("record", "deposit", "FILE", "1").code == 0
    with disk.full():
        done = cli("record", "deposit", "FILE", "2", "--id", "x" * 80)
        while done.code == 0:
            done = cli("record", "deposit", "FILE", "2")
        assert done.code == 4
        assert "nothing was recorded: No space left on device" in done.complaint
        assert "free some space and try again" in done.err
        count = len(cli.entries())
        assert cli("check", "FILE", "PRICES").code == 1
        assert cli("ledger", "verify", "FILE").code == 0
        assert cli("confirm", "FILE", "--all", "--yes", "PRICES").code == 4
    assert cli("record", "deposit", "FILE", "3").code == 0
    assert len(cli.entries()) == count + 1
    assert cli("ledger", "verify", "FILE").code == 0
