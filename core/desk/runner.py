"""Keeps one desk's quotes moving in a thread of its own, and hands out a snapshot whenever something changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

from msgspec.structs import replace

from core.desk.desk import Desk
from core.desk.snapshot import FeedStatus, Snapshot
from core.errors import StrikezoneError
from core.market.replay import ReplayFeed
from core.text import clean

LISTEN_SECONDS: Final = 2.0  # how often a quiet desk looks whether another session wrote to its ledger
AGE_SECONDS: Final = 5.0  # and how often anew although nothing came: prices grow old
STOP_SECONDS: Final = 5.0
LONGEST: Final = 300  # characters of a feed's trouble


class Runner:
    """Ticks the feed, looks, publishes. `publish` is called from the runner's thread and must not block."""

    def __init__(self, desk: Desk, publish: Callable[[Snapshot], None] | None = None) -> None:
        self.desk = desk
        self.publish = publish
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._paused = False
        self._holds = 0
        self._steps = 0
        self._asked = False
        self._last: Snapshot | None = None
        self._version = -1
        self._looked = 0.0

    @property
    def paused(self) -> bool:
        """Whether the user paused the feed."""
        return self._paused

    @property
    def replay(self) -> ReplayFeed | None:
        """The feed, if it is one that can be paused, stepped and sped up."""
        feed = self.desk.feed
        return feed if isinstance(feed, ReplayFeed) and feed.source == "replay" else None

    def first(self) -> Snapshot:
        """A snapshot now, in the caller's thread: for the first painted frame."""
        self._last = self._with_status(self.desk.look())
        return self._last

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=f"desk {self.desk.portfolio.id}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, fold the ledger and close the desk; a feed that does not answer is left behind."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=STOP_SECONDS)
            if self._thread.is_alive():
                return
        self.desk.close(fold=True)

    def refresh(self) -> None:
        """Look and publish now."""
        self._change(asked=True)

    def pause(self) -> None:
        """Stand still until `resume`."""
        self._change(paused=True)

    def resume(self) -> None:
        """Go on."""
        self._change(paused=False)

    def step(self) -> None:
        """Pause, and go one row on."""
        with self._wake:
            self._paused = True
            self._steps += 1
            self._wake.notify_all()

    def faster(self) -> None:
        """The next higher speed of a replay."""
        if self.replay:
            self.replay.faster()
            self._change(asked=True)

    def slower(self) -> None:
        """The next lower speed of a replay."""
        if self.replay:
            self.replay.slower()
            self._change(asked=True)

    def hold(self) -> None:
        """A review is open: a replay waits. Every `hold` needs its `release`."""
        with self._wake:
            self._holds += 1
            self._asked = True  # so that the screen says that it stands still
            self._wake.notify_all()

    def release(self) -> None:
        """A review was closed."""
        with self._wake:
            self._holds = max(self._holds - 1, 0)
            self._asked = True
            self._wake.notify_all()

    def _change(self, *, paused: bool | None = None, asked: bool = True) -> None:
        with self._wake:
            if paused is not None:
                self._paused = paused
            self._asked = self._asked or asked
            self._wake.notify_all()

    def _still(self) -> bool:
        replay = self.replay
        return replay is not None and (self._paused or self._holds > 0 or replay.ended)

    def _run(self) -> None:
        due = monotonic() + self.desk.feed.interval
        while True:
            with self._wake:
                still = self._still()
                if not (self._asked or (self._steps and not self._holds) or self._stopping):
                    due = min(due, monotonic() + self.desk.feed.interval)  # it may have been sped up
                    left = LISTEN_SECONDS if still else min(due - monotonic(), LISTEN_SECONDS)
                    self._wake.wait(max(left, 0.0))
                if still:  # after a pause the next row is a whole interval away
                    due = monotonic() + self.desk.feed.interval
                if self._stopping:
                    return
                asked, self._asked = self._asked, False
                stepping = self._steps > 0 and self._holds == 0
                if stepping:
                    self._steps -= 1
                moving = stepping or (not self._still() and monotonic() >= due)
            if moving:
                due = monotonic() + self.desk.feed.interval
            self._tick(moving, asked)

    def _tick(self, moving: bool, asked: bool) -> None:
        try:
            if not asked:  # else somebody waits for the look
                self.desk.ledger.tidy()
            if moving:
                self.desk.advance()
            if not (asked or self._anything_new(moving) or self.desk.changed_elsewhere()):
                return
            self._version, self._looked = self.desk.feed.version, monotonic()
            self._last = self._with_status(self.desk.look())
        except Exception as error:  # told on the screen; the next look may be better
            if self._last is None:
                return
            detail = str(error) if isinstance(error, StrikezoneError) else f"{type(error).__name__}: {error}"
            self._last = replace(
                self._last, feed=replace(self._last.feed, state="down", detail=clean(detail, LONGEST))
            )
        if self.publish is not None and not self._stopping:
            self.publish(self._last)

    def _anything_new(self, moving: bool) -> bool:
        """Whether the feed has something that was not looked at, or what it has must have grown old."""
        return moving and (self.desk.feed.version != self._version or monotonic() - self._looked >= AGE_SECONDS)

    def _with_status(self, snapshot: Snapshot) -> Snapshot:
        if self.replay is None or snapshot.feed.state == "ended" or not (self._paused or self._holds):
            return snapshot
        return replace(snapshot, feed=_paused(snapshot.feed))


def _paused(feed: FeedStatus) -> FeedStatus:
    return replace(feed, state="paused")
