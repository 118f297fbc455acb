"""The shared feed: one stream of requests for all sessions, taken over when its poller dies, never stuck."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep

import pytest

from core.clock import StandingClock
from core.disk import FileLock
from core.market.boardfile import BoardFile, Shared
from core.market.live import SharedFeed
from core.market.quotes import Quote
from core.market.shared import FeedHub
from core.market.wanted import Wanted, WantedFile, wanted_by_all
from core.market.yahoo import FeedError, Reply

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
KNOWN = ("VTI", "BND", "AAPL")


class Source:
    """A source in the test's hands: it answers at once unless `gate` is shut, and fails with `failure`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.failure: FeedError | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.price = Decimal(100)

    def fetch(self, symbols: Sequence[str], now: datetime) -> Reply:
        self.asked.append(tuple(symbols))
        self.gate.wait(20)
        if self.failure is not None:
            raise self.failure
        quotes = tuple(Quote(s, "yahoo", self.price, "USD", now, seen=now) for s in symbols if s in KNOWN)
        return Reply(quotes, tuple(s for s in symbols if s not in KNOWN))

    def periods(self, symbols: Sequence[str], now: datetime) -> dict[str, tuple[datetime, datetime]]:
        return {}


def until(condition: Callable[[], bool], hub: FeedHub | None = None) -> None:
    """Beats the hub, if one is given, until the condition holds; at most ten seconds."""
    end = monotonic() + 10
    while not condition():
        assert monotonic() < end, "it never came"
        if hub is not None:
            hub.beat()
        sleep(0.005)


@contextmanager
def hub_on(folder: Path, source: Source, clock: StandingClock | None = None) -> Iterator[FeedHub]:
    """A hub without a thread: the test beats it."""
    hub = FeedHub(folder, source, clock=clock or StandingClock(NOW))
    try:
        yield hub
    finally:
        source.gate.set()
        hub.stop()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOW)


def test_the_first_beat_asks_for_all_that_is_wanted_and_keeps_the_answer(
    tmp_path: Path, source: Source, clock: StandingClock
) -> None:
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI", "BND"], 15)
        until(lambda: hub.shared.polled_at is not None, hub)
        assert source.asked == [("VTI", "BND")]
        quote = hub.board.get("VTI")
        assert quote is not None
        assert quote.price == 100
    kept = BoardFile(tmp_path).read()
    assert kept is not None
    assert kept.quotes["VTI"] == quote
    assert (tmp_path / "quotes.json").stat().st_mode & 0o777 == 0o600


def test_it_asks_again_after_the_interval_and_not_before(
    tmp_path: Path, source: Source, clock: StandingClock
) -> None:
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI"], 15)
        until(lambda: hub.shared.polled_at == NOW, hub)
        clock.moment = NOW + timedelta(seconds=14)
        for _ in range(5):
            hub.beat()
        assert len(source.asked) == 1
        clock.moment = NOW + timedelta(seconds=15)
        until(lambda: hub.shared.polled_at == clock.moment, hub)
        assert len(source.asked) == 2


def test_five_sessions_cause_the_requests_of_one(tmp_path: Path, source: Source, clock: StandingClock) -> None:
    hubs = [FeedHub(tmp_path, source, clock=clock) for _ in range(5)]
    try:
        for number, hub in enumerate(hubs):
            hub.want("me", [KNOWN[number % 3]], 15)
            hub._own.say(Wanted((KNOWN[number % 3],), 15.0))  # as each does in its first beat
        for round_ in range(4):
            clock.moment = NOW + timedelta(seconds=15 * round_)
            until(lambda: hubs[0].shared.polled_at == clock.moment, hubs[0])
            for hub in hubs:
                hub.beat()
                assert hub.shared.polled_at == clock.moment
        assert len(source.asked) == 4
        assert all(sorted(symbols) == sorted(KNOWN) for symbols in source.asked)
        assert [hub.polling for hub in hubs] == [True, False, False, False, False]
    finally:
        for hub in hubs:
            hub.stop()


def test_another_takes_over_when_the_poller_lets_go(tmp_path: Path, source: Source, clock: StandingClock) -> None:
    with hub_on(tmp_path, source, clock) as first, hub_on(tmp_path, source, clock) as second:
        for hub in (first, second):
            hub.want("me", ["VTI"], 15)
        until(lambda: first.shared.polled_at == NOW, first)
        second.beat()
        assert second.board.get("VTI") is not None
        first.stop()
        clock.moment = NOW + timedelta(seconds=15)
        until(lambda: second.shared.polled_at == clock.moment, second)
        assert second.polling
        assert len(source.asked) == 2


def test_a_poller_that_stands_still_is_replaced(tmp_path: Path, source: Source, clock: StandingClock) -> None:
    with hub_on(tmp_path, source, clock) as stopped, hub_on(tmp_path, source, clock) as other:
        for hub in (stopped, other):
            hub.want("me", ["VTI"], 15)
        until(lambda: stopped.shared.polled_at == NOW, stopped)
        clock.moment = NOW + timedelta(seconds=70)
        other.beat()
        assert [hub.polling for hub in (stopped, other)] == [True, False]  # 15 s x 3 and the grace are not over
        clock.moment = datetime.now(UTC) + timedelta(seconds=120)  # the lock file's own age counts as well
        until(lambda: other.shared.polled_at == clock.moment, other)
        asked = len(source.asked)
        stopped.beat()  # it goes on, and finds that it is the poller no more
        assert [hub.polling for hub in (stopped, other)] == [False, True]
        assert len(source.asked) == asked


def test_a_poller_that_stopped_before_its_first_try_is_replaced(
    tmp_path: Path, source: Source, clock: StandingClock
) -> None:
    stopped = FileLock(tmp_path / "lock")
    assert stopped.acquire()
    with hub_on(tmp_path, source, clock) as other:
        other.want("me", ["VTI"], 15)
        clock.moment = datetime.now(UTC)
        other.beat()
        assert not other.polling  # it may be about to try
        clock.moment += timedelta(seconds=120)
        until(lambda: other.shared.polled_at == clock.moment, other)
    stopped.release()


def test_a_new_symbol_is_asked_for_at_once(tmp_path: Path, source: Source, clock: StandingClock) -> None:
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI"], 3600)
        until(lambda: hub.shared.polled_at is not None, hub)
        hub.want("other", ["BND"], 3600)
        clock.moment = NOW + timedelta(seconds=1)
        until(lambda: hub.board.get("BND") is not None, hub)
        assert source.asked == [("VTI",), ("VTI", "BND")]


def test_an_unknown_symbol_says_so_and_spoils_nobody(tmp_path: Path, source: Source, clock: StandingClock) -> None:
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI", "NOPE"], 15)
        until(lambda: hub.shared.polled_at is not None, hub)
        nope = hub.board.get("NOPE")
        assert nope is not None
        assert (nope.price, nope.note) == (None, "Yahoo does not know this symbol")
        for _ in range(5):
            clock.moment += timedelta(seconds=2)
            hub.beat()
        assert len(source.asked) == 1


@pytest.mark.parametrize(("kind", "least", "most"), [("rate_limited", 48, 72), ("network", 4, 6)])
def test_while_the_breaker_is_open_nothing_is_asked(
    tmp_path: Path, source: Source, clock: StandingClock, kind: str, least: float, most: float
) -> None:
    source.failure = FeedError(kind, "it failed")  # type: ignore[arg-type]
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI"], 15)
        until(lambda: hub.shared.breaker.kind is not None, hub)
        opens = hub.shared.breaker.until
        assert opens is not None
        assert least <= (opens - NOW).total_seconds() <= most
        assert f"it failed; next try at {opens:%H:%M:%S} UTC" in hub.trouble(15)
        clock.moment = opens - timedelta(seconds=0.1)
        for _ in range(5):
            hub.beat()
        assert len(source.asked) == 1
        source.failure = None
        clock.moment = max(opens, NOW + timedelta(seconds=15))
        until(lambda: hub.shared.polled_at is not None, hub)
        assert hub.trouble(15) == ""
        assert hub.shared.breaker.kind is None


def test_the_breaker_is_shared(tmp_path: Path, source: Source, clock: StandingClock) -> None:
    source.failure = FeedError("rate_limited", "429")
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI"], 15)
        until(lambda: hub.shared.breaker.kind is not None, hub)
    with hub_on(tmp_path, source, clock) as later:
        later.want("me", ["VTI"], 15)
        later.settle(["VTI"], 15, 5)  # returns at once
        later.beat()
        assert "next try at" in later.trouble(15)
        assert len(source.asked) == 1


def test_a_source_that_does_not_answer_is_told_and_not_asked_twice(
    tmp_path: Path, source: Source, clock: StandingClock
) -> None:
    source.gate.clear()
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI"], 15)
        until(lambda: len(source.asked) == 1, hub)
        clock.moment = NOW + timedelta(seconds=12)
        assert hub.trouble(15) == "Yahoo has not answered for 12 s"
        clock.moment = NOW + timedelta(seconds=26)
        hub.beat()
        assert "did not answer within 25 s" in hub.trouble(15)
        clock.moment = NOW + timedelta(seconds=600)
        hub.beat()
        assert len(source.asked) == 1
        source.gate.set()
        until(lambda: hub.trouble(15) == "", hub)


def test_a_poll_with_less_keeps_what_was_known(tmp_path: Path, source: Source, clock: StandingClock) -> None:
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI"], 15)
        until(lambda: hub.shared.polled_at == NOW, hub)
        source.price = Decimal("NaN")
        clock.moment = NOW + timedelta(seconds=15)
        source.fetch = lambda symbols, now: Reply((Quote("VTI", "yahoo", note="halted", seen=now),), ())  # type: ignore[method-assign]
        until(lambda: hub.shared.polled_at == clock.moment, hub)
        quote = hub.board.get("VTI")
        assert quote is not None
        assert (quote.price, quote.time, quote.note, quote.seen) == (Decimal(100), NOW, "halted", clock.moment)


def test_prices_are_on_the_board_before_anything_is_asked(
    tmp_path: Path, source: Source, clock: StandingClock
) -> None:
    BoardFile(tmp_path).write(Shared(quotes={"VTI": Quote("VTI", "yahoo", Decimal(99), "USD", NOW)}))
    with hub_on(tmp_path, source, clock) as hub:
        feed = SharedFeed(hub, 15)
        feed.want(["VTI"])
        quote = feed.board.get("VTI")
        assert quote is not None
        assert quote.price == 99
        assert source.asked == []


NO_ZONE = b'{"polled_at": "2026-11-20T21:00:00", "asked": {"VTI": "2026-11-20T21:00:00"}}'


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff\xfe", b'{"quotes": {"A": 1}}', NO_ZONE]
)
def test_a_board_that_cannot_be_read_is_fetched_anew(
    tmp_path: Path, source: Source, clock: StandingClock, content: bytes
) -> None:
    (tmp_path / "quotes.json").write_bytes(content)
    with hub_on(tmp_path, source, clock) as hub:
        hub.want("me", ["VTI"], 15)
        until(lambda: hub.board.get("VTI") is not None, hub)
    assert BoardFile(tmp_path).read() is not None


def test_where_nothing_can_be_written_it_polls_for_itself(source: Source, clock: StandingClock) -> None:
    with hub_on(Path("/proc/strikezone/feed"), source, clock) as hub:
        hub.want("me", ["VTI"], 15)
        until(lambda: hub.board.get("VTI") is not None, hub)
        assert hub.polling


def test_the_thread_asks_by_itself_and_ends(tmp_path: Path, source: Source) -> None:
    hub = FeedHub(tmp_path, source, beat_seconds=0.01)
    hub.want("me", ["VTI"], 15)
    hub.start()
    try:
        hub.settle(["VTI"], 15, 10)
        assert hub.board.get("VTI") is not None
    finally:
        hub.stop()
    assert not any(thread.name == "feed" for thread in threading.enumerate())
    assert list((tmp_path / "wanted").iterdir()) == []


# what sessions want


def test_wants_are_joined_at_the_shortest_interval(tmp_path: Path) -> None:
    files = [WantedFile(tmp_path) for _ in range(2)]
    files[0].say(Wanted(("A", "B"), 60.0))
    files[1].say(Wanted(("B", "C"), 1.0))
    assert list(wanted_by_all(tmp_path, files[0].path)) == [Wanted(("B", "C"), 5.0)]
    assert Wanted(("A", "B"), 60.0).joined(Wanted(("B", "C"), 5.0)) == Wanted(("A", "B", "C"), 5.0)
    for file in files:
        file.withdraw()


def test_the_want_of_a_session_that_died_is_removed(tmp_path: Path) -> None:
    (tmp_path / "wanted").mkdir()
    dead = tmp_path / "wanted" / "4711"
    dead.write_bytes(b'{"symbols": ["A"], "interval": 5}')
    assert list(wanted_by_all(tmp_path, None)) == []
    assert not dead.exists()


def test_a_want_that_somebody_removed_is_said_again(tmp_path: Path) -> None:
    file = WantedFile(tmp_path)
    file.say(Wanted(("A",), 5.0))
    assert file.path is not None
    file.path.unlink()
    file.say(Wanted(("A",), 5.0))
    assert file.path.exists()
    file.withdraw()


def test_a_lock_whose_file_was_replaced_is_lost(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    lock.path.unlink()
    other = FileLock(tmp_path / "lock")
    assert other.acquire()
    assert not lock.held
    assert other.held
    other.release()


def test_an_error_that_nobody_expected_is_told_and_ends_no_polling(
    tmp_path: Path, source: Source, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[int] = []
    beat = FeedHub.beat

    def first_fails(hub: FeedHub) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise ValueError("out of the blue")
        beat(hub)

    monkeypatch.setattr(FeedHub, "beat", first_fails)
    hub = FeedHub(tmp_path, source, clock=clock, beat_seconds=0.2)
    hub.want("me", ["VTI"], 15)
    hub.start()
    try:
        until(lambda: bool(hub.trouble(15)) or bool(rounds[1:]))
        until(lambda: hub.board.get("VTI") is not None)
        assert hub.trouble(15) == ""
    finally:
        hub.stop()


def test_the_error_is_shown_while_it_lasts(
    tmp_path: Path, source: Source, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: FeedHub) -> None:
        raise ValueError("out of the blue")

    monkeypatch.setattr(FeedHub, "beat", fails)
    hub = FeedHub(tmp_path, source, clock=clock)
    hub.start()
    try:
        until(lambda: "the feed failed: ValueError: out of the blue" in hub.trouble(15))
    finally:
        hub.stop()
