"""The runner: snapshots as the feed moves, and a thread that ends when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.desk import runner as runner_module
from core.desk.confirmation import Request
from core.desk.desk import Desk
from core.desk.runner import Runner
from core.desk.snapshot import Snapshot
from core.errors import BadInput
from core.ledger import files, journal
from core.ledger.journal import Tables
from core.market.replay import ReplayFeed
from tests.core.desk.books import ScriptedFeed, desk, replay
from tests.core.desk.test_desk import trade
from tests.holder import held

PATIENCE = 10.0  # seconds that a thread may take to do what takes it milliseconds


class Seen:
    """What a runner published, and a way to wait for it."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self._changed = threading.Condition()

    def __call__(self, snapshot: Snapshot) -> None:
        with self._changed:
            self.snapshots.append(snapshot)
            self._changed.notify_all()

    def wait(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        """The first snapshot that meets `condition`, published already or soon."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(condition, self.snapshots)), PATIENCE), self.snapshots[
                -1:
            ]
            return next(filter(condition, self.snapshots))

    def last_row(self) -> int:
        with self._changed:
            return self.snapshots[-1].feed.row if self.snapshots else 0


@contextmanager
def running(on: Desk) -> Iterator[tuple[Runner, Seen]]:
    seen = Seen()
    runner = Runner(on, seen)
    runner.first()
    runner.start()
    try:
        yield runner, seen
    finally:
        runner.stop()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("desk ")]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet runner looks around often, so that no test waits for it."""
    monkeypatch.setattr(runner_module, "LISTEN_SECONDS", 0.02)


def fast(row: int = 0) -> ReplayFeed:
    feed = replay(row)
    feed.speed = 50.0
    return feed


def slow(row: int = 0) -> ReplayFeed:
    feed = replay(row)
    feed.speed = 0.001
    return feed


def test_a_replay_runs_to_its_end_and_says_so(tmp_path: Path) -> None:
    with running(desk(tmp_path, fast())) as (_, seen):
        last = seen.wait(lambda s: s.feed.state == "ended")
        assert last.feed.row == 4
    assert [s.feed.row for s in seen.snapshots] == [2, 3, 4]
    assert [s.number for s in seen.snapshots] == sorted(s.number for s in seen.snapshots)


def test_paused_it_stands_still_and_says_so(tmp_path: Path) -> None:
    with running(desk(tmp_path, fast())) as (runner, seen):
        runner.pause()
        at = seen.wait(lambda s: s.feed.state in ("paused", "ended")).feed
        assert runner.paused
        runner.refresh()
        count = len(seen.snapshots)
        seen.wait(lambda _: len(seen.snapshots) > count)
        assert seen.last_row() == at.row
        runner.resume()
        seen.wait(lambda s: s.feed.state == "ended")
        assert not runner.paused


def test_a_step_pauses_and_goes_one_row_on(tmp_path: Path) -> None:
    with running(desk(tmp_path, slow())) as (runner, seen):
        runner.step()
        look = seen.wait(lambda s: s.feed.row == 2)
        assert look.feed.state == "paused"
        runner.step()
        seen.wait(lambda s: s.feed.row == 3)
        assert runner.paused


def test_while_it_is_held_no_row_passes(tmp_path: Path) -> None:
    with running(desk(tmp_path, slow())) as (runner, seen):
        runner.hold()
        runner.hold()
        runner.step()
        runner.refresh()
        assert seen.wait(lambda s: s.feed.state == "paused").feed.row == 1
        runner.release()
        runner.refresh()
        count = len(seen.snapshots)
        seen.wait(lambda _: len(seen.snapshots) > count)
        assert seen.last_row() == 1
        runner.release()
        seen.wait(lambda s: s.feed.row == 2)  # the step that waited


def test_faster_takes_effect_at_once(tmp_path: Path) -> None:
    feed = replay()
    feed.speed = 0.25
    with running(desk(tmp_path, feed)) as (runner, seen):
        for _ in range(6):
            runner.faster()
        assert feed.speed == 50.0
        seen.wait(lambda s: s.feed.state == "ended")
        runner.slower()
        assert feed.speed == 10.0


def test_refreshing_often_does_not_keep_the_next_row_back(tmp_path: Path) -> None:
    with running(desk(tmp_path, fast())) as (runner, seen):
        for _ in range(1000):
            runner.refresh()
            if seen.snapshots and seen.last_row() == 4:
                break
            seen.wait(lambda _: True)
        seen.wait(lambda s: s.feed.row == 4)


@pytest.mark.parametrize("failure", [BadInput("the feed is gone"), OSError("no route"), ZeroDivisionError("oh")])
def test_a_feed_that_fails_is_down_and_the_thread_lives(tmp_path: Path, failure: Exception) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    feed.interval = 0.01
    feed.failure = failure
    with running(desk(tmp_path, feed)) as (_, seen):
        down = seen.wait(lambda s: s.feed.state == "down")
        assert str(failure) in down.feed.detail
        assert len(down.proposals) == 2  # what was last known stays on the screen
        feed.failure = None
        count = len(seen.snapshots)
        seen.wait(lambda s: s.feed.state == "live" and seen.snapshots.index(s) >= count)


def test_what_another_session_records_is_published(tmp_path: Path) -> None:
    with running(desk(tmp_path, ScriptedFeed(VTI="100", BND="100"))) as (_, seen):
        other = desk(tmp_path)
        other.record(trade("VTI", "1"))
        other.close()
        assert seen.wait(lambda s: s.entries == 1).valuation.value == 100_000


def test_a_quiet_runner_publishes_nothing(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    with running(desk(tmp_path, feed)) as (runner, seen):
        runner.refresh()
        seen.wait(lambda _: True)
    assert len(seen.snapshots) == 1
    assert feed.advanced == 0


def test_stop_folds_and_closes_and_may_be_said_twice(tmp_path: Path) -> None:
    on = desk(tmp_path, slow())
    runner = Runner(on)
    runner.start()
    on.record(trade("VTI", "1"))
    runner.stop()
    runner.stop()
    assert (tmp_path / "data" / "two" / "ledger.json.log").read_bytes() == b""
    with pytest.raises(ValueError, match="closed"):
        on.entries()


def test_a_runner_that_never_started_stops(tmp_path: Path) -> None:
    Runner(desk(tmp_path)).stop()


def test_only_a_replay_can_be_stepped(tmp_path: Path) -> None:
    runner = Runner(desk(tmp_path))
    assert runner.replay is None
    runner.faster()
    runner.slower()
    runner.stop()
    replaying = Runner(desk(tmp_path, slow()))
    assert replaying.replay is not None
    replaying.stop()


def test_a_long_journal_is_folded_while_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FOLD_BYTES", 1_000)
    with running(desk(tmp_path, ScriptedFeed(VTI="100", BND="100"))) as (runner, _):
        log = tmp_path / "data" / "two" / "ledger.json.log"
        for _ in range(9):
            runner.desk.record(trade("VTI", "1"))
        folded = threading.Event()
        while log.stat().st_size > 1_000:
            assert not folded.wait(0.005)
        runner.desk.record(trade("VTI", "1"))
        assert runner.desk.ledger.verify() == []


def test_a_confirmation_does_not_wait_for_a_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fold stands still in the middle of its writing until the confirmation has been recorded."""
    monkeypatch.setattr(files, "FOLD_BYTES", 1_000)
    really, begun, recorded = journal.snapshot_chunks, threading.Event(), threading.Event()

    def chunks(tables: Tables, seq: int) -> Iterator[bytes]:
        yield from really(tables, seq)
        begun.set()
        assert recorded.wait(PATIENCE)

    monkeypatch.setattr(journal, "snapshot_chunks", chunks)
    with running(desk(tmp_path, ScriptedFeed(VTI="100", BND="100"))) as (runner, _):
        for _ in range(9):
            runner.desk.record(trade("VTI", "1"))
        assert begun.wait(PATIENCE)
        (sale, *_rest) = runner.desk.look().proposals
        assert runner.desk.confirm([Request(sale.id)]).recorded[0].seq == 10
        recorded.set()
    assert len(desk(tmp_path).entries()) == 10


def test_a_ledger_locked_elsewhere_is_folded_another_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FOLD_BYTES", 100)
    on = desk(tmp_path, ScriptedFeed(VTI="100", BND="100"))
    on.record(trade("VTI", "1"))
    ledger = tmp_path / "data" / "two" / "ledger.json"
    on.ledger._record._db.storage.lock_timeout = 0.0  # type: ignore[attr-defined]
    with held(ledger), running(on) as (runner, seen):
        runner.refresh()
        assert seen.wait(lambda s: s.entries == 1).feed.state == "live"
        on.ledger.tidy()
        assert not ledger.exists()
    assert "not folded: " in on.ledger.notices[0]
    desk(tmp_path).close(fold=True)
    assert ledger.exists()
