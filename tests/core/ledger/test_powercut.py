"""Power cuts at every call: whatever a cut may leave is sound, holds what was acknowledged, and goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.ledger import backups, journal, reading
from core.ledger.journal import Tables
from core.ledger.ledger import Ledger
from core.ledger.restore import restore, verified
from core.ledger.state import State, load_state, save_state
from tests.core.book.samples import NOW, buy, dec, pay, portfolio, sell, split
from tests.core.ledger.powercut import Recorder, rebuild

ID = "classic-60-40"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SETTLE_SECONDS", 0.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def ids(ledger: Ledger) -> tuple[str, ...]:
    return tuple(entry.id for entry in ledger.entries)


def opened(data: Path, kept: int = 2) -> Ledger:
    return Ledger.open(data / ID, portfolio(), kept=kept)


def check_all(recorder: Recorder, place: Path, check: Callable[[Path, list[object]], None]) -> int:
    """Check every state, without waiting for a real disk; how many there were."""
    count = 0
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fsync", "fdatasync"):
            patch.setattr(os, name, lambda _: None)
        for allowed, state in recorder.states():
            check(rebuild(state, place), allowed)
            shutil.rmtree(place)
            count += 1
    print(f"{count} states")
    return count


def sound(data: Path, allowed: list[object]) -> None:
    """The ledger holds one of `allowed`, nothing is wrong with it, and it takes another entry."""
    with opened(data) as ledger:
        before = ids(ledger)
        assert before in allowed
        assert ledger.verify() == []
        ledger.append([pay(7)], NOW)
    with opened(data) as ledger:
        assert ids(ledger)[:-1] == before
        assert ledger.verify() == []
    for backup in backups.backups_of(data / ID / "ledger.json"):
        assert verified(backup, portfolio()).entries <= len(before)


def test_entries_of_every_kind(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        recorder = Recorder(data, patch)
        recorder.ack(())
        ledger = opened(data)
        steps: tuple[Callable[[], object], ...] = (
            lambda: ledger.append([buy(3, 100)], NOW),
            lambda: ledger.append([sell(4, 110), pay(5)], NOW),
            lambda: ledger.append([split("2:1")], NOW),
            lambda: ledger.void(3, NOW),
            lambda: ledger.amend(1, NOW, fees=dec(1)),
        )
        for step in steps:
            step()
            recorder.ack(ids(ledger))
        ledger.close()
    assert check_all(recorder, tmp_path / "cut", sound) > 40


def test_folds_with_backups_and_others_recording_meanwhile(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, other = opened(data), opened(data)
    ledger.append([buy(1, 100)], NOW)
    ledger.close(fold=True)
    ledger = opened(data)
    really = journal.snapshot_chunks

    def chunks(tables: Tables, seq: int) -> Iterator[bytes]:
        yield from really(tables, seq)
        other.append([pay(1)], NOW)
        recorder.ack(ids(other))

    with monkeypatch.context() as patch:
        recorder = Recorder(data, patch)
        recorder.ack(ids(ledger))
        for number in range(4):
            ledger.append([buy(number + 1, 100)], NOW)
            recorder.ack(ids(ledger))
            if number == 2:
                patch.setattr(journal, "snapshot_chunks", chunks)
            ledger._record.fold()
            patch.setattr(journal, "snapshot_chunks", really)
            ledger.refresh()
        ledger.close()
        other.close()
    assert len(backups.backups_of(data / ID / "ledger.json")) == 2
    assert check_all(recorder, tmp_path / "cut", sound) > 100


def test_a_restored_backup(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for amount in (1, 2, 3):
        ledger = opened(data)
        ledger.append([pay(amount)], NOW)
        old = ids(ledger)
        ledger.close(fold=amount < 3)
    found = verified(backups.backups_of(data / ID / "ledger.json")[0], portfolio())
    with monkeypatch.context() as patch:
        recorder = Recorder(data, patch)
        recorder.ack(old)
        kept = restore(data / ID, found)
        with opened(data) as ledger:
            recorder.ack(ids(ledger))
            assert len(ids(ledger)) == 1
    content = {path.relative_to(data): path.read_bytes() for path in kept}

    def check(place: Path, allowed: list[object]) -> None:
        if old not in allowed:
            assert {path: (place / path).read_bytes() for path in content} == content
        with opened(place) as ledger:
            if len(ids(ledger)) == 1:  # before it can be seen, what it replaced has another name
                assert {path: (place / path).read_bytes() for path in content} == content
        sound(place, allowed)

    assert check_all(recorder, tmp_path / "cut", check) > 10


def test_a_torn_line_that_is_moved_aside(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(data) as ledger:
        ledger.append([pay(1)], NOW)
        ledger.append([pay(2)], NOW)
        before = ids(ledger)
    with (data / ID / "ledger.json.log").open("ab") as log:
        log.write(b'0badf00d {"n":3,')
    with monkeypatch.context() as patch:
        recorder = Recorder(data, patch)
        recorder.ack(before)
        with opened(data) as ledger:
            ledger.append([pay(3)], NOW)
            recorder.ack(ids(ledger))

    def check(place: Path, allowed: list[object]) -> None:
        sound(place, allowed)
        torn = b"".join(path.read_bytes() for path in (place / ID).glob("*.torn*"))
        assert b'0badf00d {"n":3,' in torn

    assert check_all(recorder, tmp_path / "cut", check) > 8


def test_the_state_beside_the_ledger(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(data) as ledger:
        ledger.append([pay(1)], NOW)
        recorded = ids(ledger)
    with monkeypatch.context() as patch:
        recorder = Recorder(data, patch)
        recorder.ack(State())
        for number in range(3):
            recorder.ack(save_state(data / ID, lambda state, n=number: State(dismissed={"VTI": n})))  # type: ignore[misc]

    def check(place: Path, allowed: list[object]) -> None:
        assert load_state(place / ID) in allowed
        save_state(place / ID, lambda _: State(paused=True))
        assert load_state(place / ID) == State(paused=True)
        sound(place, [recorded])

    assert check_all(recorder, tmp_path / "cut", check) > 15


def test_the_model_sees_what_a_missing_sync_would_lose(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same check, of a ledger that does not sync, finds states without what was acknowledged."""
    with monkeypatch.context() as patch:
        patch.setattr(journal, "sync_data", lambda _: None)
        recorder = Recorder(data, patch)
        recorder.ack(())
        with opened(data) as ledger:
            ledger.append([pay(1)], NOW)
            recorder.ack(ids(ledger))
    with pytest.raises(AssertionError):
        check_all(recorder, tmp_path / "cut", sound)
