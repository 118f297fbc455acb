"""One poller for all sessions of a machine: whoever holds the lock asks Yahoo, everyone reads the shared board."""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from msgspec.structs import replace

from core.clock import Clock, WallClock
from core.disk import FileLock, private_directory, remove_temporaries
from core.market import polling
from core.market.boardfile import BoardFile, Shared
from core.market.breaker import FailureKind
from core.market.fetcher import Client, Fetcher, Question
from core.market.quotes import Quote, QuoteBoard
from core.market.wanted import LEAST_INTERVAL, Wanted, WantedFile, wanted_by_all
from core.text import clean

LOCK: Final = "lock"
BEAT_SECONDS: Final = 1.0
QUICK_BEAT_SECONDS: Final = 0.05  # while somebody waits for the first answer
DEADLINE_SECONDS: Final = 25.0  # of one question; yfinance's own cookie calls may take 30 s each
TICKS_TO_DISK_SECONDS: Final = 5.0
SHARE_AGAIN_SECONDS: Final = 60.0
STOP_SECONDS: Final = 2.0


class Ticker(Protocol):
    """A stream of quotes between the polls (core.market.stream.Stream)."""

    def watch(self, symbols: Iterable[str]) -> None:
        """Stream these from now on."""

    def stop(self) -> None:
        """End it."""


# takes whom to give quotes to, the unit that a symbol is quoted in, and whether nothing need come
OpenTicker = Callable[[Callable[[list[Quote]], None], Callable[[str], str | None], Callable[[], bool]], Ticker]


class FeedHub:
    """This process's part of the shared feed, in a thread of its own: wants, polls if nobody else does, reads.

    `ticker` opens a stream that improves on the polls; None for none. Without a folder that can be written the hub
    polls for itself alone.
    """

    def __init__(
        self,
        folder: Path,
        client: Client,
        *,
        ticker: OpenTicker | None = None,
        clock: Clock | None = None,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self.folder = folder
        self.clock: Clock = clock or WallClock()
        self._lock = FileLock(folder / LOCK)
        self._file = BoardFile(folder)
        self._own = WantedFile(folder)
        self._fetcher = Fetcher(client, self._wake_up)
        self._open_ticker = ticker
        self._ticker: Ticker | None = None
        self._ticks: list[Quote] = []
        self._ticks_written = 0.0
        self._wants: dict[object, Wanted] = {}
        self._wake = threading.Condition()
        self._woken = False
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._alone = False
        self._tried_to_share = 0.0
        self._beat_seconds = beat_seconds
        self._venues: dict[str, date] = {}  # whose sessions were asked for, and on which day
        self._late: Question | None = None
        self._failed = ""  # what an error that nobody expected said, until a round went well
        self.version = 0
        self.shared = self._file.read() or Shared()

    # -- what sessions ask of it, from any thread

    @property
    def board(self) -> QuoteBoard:
        """The last-known quotes."""
        return self.shared.board

    @property
    def polling(self) -> bool:
        """Whether this process is the one that asks Yahoo."""
        return self._alone or self._lock.held

    def want(self, who: object, symbols: Iterable[str], interval: float) -> None:
        """Let `who` have these symbols polled, at least every `interval` seconds."""
        wanted = Wanted(tuple(dict.fromkeys(symbols)), max(interval, LEAST_INTERVAL))
        with self._wake:
            if self._wants.get(who) != wanted:
                self._wants[who] = wanted
                self._notify()

    def forget(self, who: object) -> None:
        """`who` wants nothing any more."""
        with self._wake:
            self._wants.pop(who, None)

    def start(self) -> None:
        """Start the thread; once is enough."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, and leave the polling to others."""
        with self._wake:
            self._stopping = True
            self._notify()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        else:
            self._let_go()

    def settle(self, symbols: Iterable[str], interval: float, seconds: float) -> None:
        """Wait until all `symbols` were answered for within `interval`, or a try has failed; at most `seconds`."""
        began, end = self.clock.now(), monotonic() + seconds
        wanted = tuple(symbols)
        while monotonic() < end:
            now, shared = self.clock.now(), self.shared
            if all(shared.fresh(symbol, interval, now) for symbol in wanted) or shared.breaker.is_open(now):
                return
            failed = shared.trouble and shared.attempted_at is not None and shared.attempted_at >= began
            if failed and self._fetcher.under_way is None:
                return
            with self._wake:
                self._wake.wait(QUICK_BEAT_SECONDS)

    def trouble(self, interval: float) -> str:
        """What is wrong with the feed now, in one line; empty if nothing is."""
        known = polling.trouble(self.shared, self._fetcher.under_way, interval, self.clock.now())
        return self._failed or known

    # -- the thread

    def _notify(self) -> None:
        self._woken = True
        self._wake.notify_all()

    def _wake_up(self) -> None:
        with self._wake:
            self._notify()

    def _run(self) -> None:
        while True:
            try:
                self.beat()
                self._failed = ""
            except Exception as error:  # the next beat may do better; until then the screen says so
                self._failed = f"the feed failed: {type(error).__name__}: {clean(str(error), 80)}"
            with self._wake:
                if not self._woken and not self._stopping:
                    self._wake.wait(self._beat_seconds)
                self._woken = False
                if self._stopping:
                    break
        self._let_go()

    def _let_go(self) -> None:
        self._fetcher.stop()
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
        self._own.withdraw()
        self._lock.release()

    def beat(self) -> None:
        """One round: say what is wanted, read what others wrote, and ask Yahoo if that falls to this process."""
        with self._wake:
            wanted = Wanted()
            for one in self._wants.values():
                wanted = wanted.joined(one)
        if not self._alone or monotonic() - self._tried_to_share > SHARE_AGAIN_SECONDS:
            self._tried_to_share = monotonic()
            try:
                self._share(wanted)
                self._alone = False
            except OSError:
                self._alone = True  # the folder cannot be written, or not locked: poll for this process only
        if self.polling:
            self._poll(wanted)
        else:
            self._stand_by()

    def _share(self, wanted: Wanted) -> None:
        private_directory(self.folder)
        if wanted.symbols:
            self._own.say(wanted)
        self._read()
        if not self._lock.held and wanted.symbols:
            self._replace_if_standing_still(wanted.interval)
            if self._lock.acquire():
                self._lock.write(b"%d\n" % os.getpid())
                remove_temporaries(self._file.path)
                self._read()

    def _read(self) -> None:
        if (shared := self._file.read()) is not None:
            self._use(replace(shared, quotes=self.board.merged(shared.quotes.values()).quotes))

    def _replace_if_standing_still(self, interval: float) -> None:
        """A poller that is stopped keeps its lock: after a long silence its lock file is put out of its way."""
        now, shared = self.clock.now(), self.shared
        last = max(filter(None, (shared.attempted_at, shared.breaker.until)), default=None)
        if last is None or now - last > polling.late(interval):
            with contextlib.suppress(FileNotFoundError):
                held_since = datetime.fromtimestamp(self._lock.path.stat().st_mtime, UTC)
                if now - held_since > polling.late(interval):
                    self._lock.path.unlink()

    def _stand_by(self) -> None:
        """Somebody else polls: no stream, and nothing to be asked."""
        if self._ticker is not None:
            self._ticker.stop()
            self._ticker = None
        self._fetcher.answer()

    def _poll(self, wanted: Wanted) -> None:
        for other in () if self._alone else wanted_by_all(self.folder, self._own.path):
            wanted = wanted.joined(other)
        now = self.clock.now()
        self._take_in(now)
        self._take_ticks()
        if wanted.symbols and self._fetcher.under_way is None and not self.shared.breaker.is_open(now):
            if polling.due(self.shared, wanted, now):
                self._save(replace(self.shared, attempted_at=now))
                if self.polling:  # if this process was stopped meanwhile, another may have taken its place
                    self._fetcher.ask(Question(wanted.symbols, now))
            elif (symbol := self._without_session(wanted, now)) is not None:
                self._fetcher.ask(Question((symbol,), now, sessions=True))
        if self._open_ticker is not None and self.shared.polled_at is not None and not self.shared.trouble:
            if self._ticker is None:
                self._ticker = self._open_ticker(self._tick, self._unit_of, self._may_be_silent)
            self._ticker.watch(s for s in wanted.symbols if s not in self.shared.unknown)

    def _take_in(self, now: datetime) -> None:
        """What came of the question under way, or that it has had no answer for too long."""
        answer = self._fetcher.answer()
        if answer is not None:
            self._late = None
            if answer.sessions:
                self._save(polling.with_sessions(self.shared, answer.sessions))
            elif answer.reply is not None:
                self._save(polling.answered(self.shared, answer.question, answer.reply, now))
            elif answer.error is not None and (not answer.question.sessions or answer.error.kind == "rate_limited"):
                self._fail(answer.error.kind, answer.error.detail, now)
            return
        question = self._fetcher.under_way
        if question is None or question is self._late:
            return
        if now - question.asked > timedelta(seconds=DEADLINE_SECONDS):
            self._late = question
            self._fail("network", f"Yahoo did not answer within {DEADLINE_SECONDS:.0f} s", now)

    def _fail(self, kind: FailureKind, detail: str, now: datetime) -> None:
        self._save(polling.failed(self.shared, kind, detail, now, random.random()))

    def _without_session(self, wanted: Wanted, now: datetime) -> str | None:
        """A symbol of a venue whose regular session was not asked for today."""
        if self._open_ticker is None:  # a one-shot look can do without
            return None
        for symbol in wanted.symbols:
            venue = polling.venue_of(self.shared, symbol)
            if venue is not None and self._venues.get(venue) != now.date():
                self._venues[venue] = now.date()
                return symbol
        return None

    def _tick(self, quotes: list[Quote]) -> None:
        """Takes quotes from the stream's thread."""
        with self._wake:
            self._ticks += quotes

    def _take_ticks(self) -> None:
        with self._wake:
            ticks, self._ticks = self._ticks, []
        known: Mapping[str, Quote] = self.shared.quotes
        ticks = [tick for tick in ticks if tick.symbol in known]  # the stream only improves on the poll
        if not ticks:
            return
        shared = replace(self.shared, quotes=self.board.merged(ticks).quotes)
        if monotonic() - self._ticks_written >= TICKS_TO_DISK_SECONDS:
            self._ticks_written = monotonic()
            self._save(shared)
        else:
            self._use(shared)

    def _unit_of(self, symbol: str) -> str | None:
        """The unit in which the poll saw a symbol quoted."""
        quote = self.shared.quotes.get(symbol)
        return quote.raw_currency if quote else None

    def _may_be_silent(self) -> bool:
        return polling.may_be_silent(self.shared)

    def _save(self, shared: Shared) -> None:
        self._use(shared)
        if self._alone:
            return
        if self._lock.held:
            with contextlib.suppress(OSError):  # a full disk: the others see older prices, and their age
                self._file.write(shared)

    def _use(self, shared: Shared) -> None:
        with self._wake:
            self.shared = shared
            self.version += 1
            self._wake.notify_all()
