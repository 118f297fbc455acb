"""The fault matrix, third column: the stream only improves on the poll, whatever happens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from core.market.quotes import Quote
from core.market.stream import Pace, Stream
from tests.faults.live import Session
from tests.yahoo import Yahoo

QUICK = Pace(first=0.02, longest=0.1, healthy=5.0, silence=0.2, resubscribe=0.1, gather=0.01, closing=0.2)
FAULTS: dict[str, tuple[str, Any]] = {
    "closed 1000": ("close", 1000),
    "closed 1001": ("close", 1001),
    "closed 1006": ("abort", None),
    "closed 1012": ("close", 1012),
    "refused": ("status", 503),
    "silent": ("silent", None),
    "garbage": ("garbage", "\x00 no json"),
    "a list": ("garbage", "[1, 2]"),
    "no base64": ("garbage", '{"type": "pricing", "message": "%%%"}'),
    "no protobuf": ("garbage", '{"type": "pricing", "message": "/////w=="}'),
    "no price": ("noprice", None),
    "no time": ("notime", None),
    "price 0": ("price", 0.0),
    "negative price": ("price", -5.0),
    "price of 1e12": ("price", 1e12),
}


def open_quickly(
    on_quotes: Callable[[list[Quote]], None],
    unit_of: Callable[[str], str | None],
    may_be_silent: Callable[[], bool],
) -> Stream:
    stream = Stream(on_quotes, unit_of=unit_of, may_be_silent=may_be_silent, pace=QUICK)
    stream.start()
    return stream


@pytest.fixture
def session(yahoo_here: Yahoo, tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path, yahoo_here, ticker=open_quickly)
    yield made
    yahoo_here.clear()
    made.close()


def until(session: Session, condition: Callable[[], object]) -> None:
    end = monotonic() + 10
    while not condition():
        assert monotonic() < end, "it never came"
        session.hub.beat()
        sleep(0.01)


def price(session: Session) -> Decimal | None:
    quote = session.hub.board.get("VTI")
    return None if quote is None else quote.price


def bond(session: Session) -> Decimal | None:
    quote = session.hub.board.get("BND")
    return None if quote is None else quote.price


def test_a_tick_improves_the_price_between_two_polls(session: Session) -> None:
    session.start()
    until(session, lambda: {"VTI", "BND"} <= session.yahoo.subscriptions)
    requests = len(session.yahoo.quote_requests)
    session.yahoo.world.clock.forward(3)
    until(session, lambda: session.yahoo.tick("VTI", 256.25) and price(session) == Decimal("256.25"))
    look = session.desk.look()
    line = look.valuation.line("VTI")
    assert line is not None
    assert line.price == Decimal("256.25")
    assert line.trust.trusted
    assert line.quote is not None
    assert line.quote.market_state == "REGULAR"  # as the poll said
    assert line.quote.previous_close == 254
    assert len(session.yahoo.quote_requests) == requests


def test_a_tick_that_is_older_than_the_poll_changes_nothing(session: Session) -> None:
    session.start()
    until(session, lambda: {"VTI", "BND"} <= session.yahoo.subscriptions)
    old = int((session.clock.moment.timestamp() - 60) * 1000)
    for _ in range(5):
        session.yahoo.tick("VTI", 99.0, time=old)
        until(session, lambda: session.yahoo.tick("BND", 72.5) and True)
    session.yahoo.world["VTI"].price = 255.5
    assert price(session) == Decimal("255.5")


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_stream_leaves_the_poll_alone_and_passes(session: Session, name: str) -> None:
    kind, value = FAULTS[name]
    session.yahoo.fault("streamer", kind, value, layer="stream")  # type: ignore[arg-type]
    first = session.start()
    assert first.appraisal.trusts["VTI"].trusted
    for _ in range(30):
        session.yahoo.tick("VTI", 250.0)
        session.hub.beat()
        sleep(0.01)
    session.yahoo.world["VTI"].price = 255.5
    look = session.poll()
    assert look.feed.detail == ""
    assert look.appraisal.trusts["VTI"].trusted
    assert price(session) == Decimal("255.5")
    session.yahoo.clear()
    session.yahoo.world.clock.forward(1)
    until(session, lambda: session.yahoo.tick("VTI", 256.75) and price(session) == Decimal("256.75"))


@pytest.mark.parametrize("fields", [{"currency": "EUR"}, {"market_hours": 0}, {"market_hours": 2}])
def test_a_tick_of_another_currency_or_session_is_never_decided_on(
    session: Session, fields: dict[str, Any]
) -> None:
    session.start()
    until(session, lambda: {"VTI", "BND"} <= session.yahoo.subscriptions)
    session.yahoo.world.clock.forward(3)
    session.yahoo.tick("VTI", 300.0, **fields)
    until(session, lambda: session.yahoo.tick("BND", 72.5) and bond(session) == Decimal("72.5"))
    assert price(session) == Decimal("255.5")
    prices = {one.price for one in session.desk.look().proposals if one.symbol == "VTI"}
    assert prices == {Decimal("255.5")}
    session.yahoo.world["VTI"].price = 255.5


def test_a_jump_on_the_stream_is_as_suspect_as_one_of_a_poll(session: Session) -> None:
    session.start()
    session.desk.look()
    until(session, lambda: {"VTI", "BND"} <= session.yahoo.subscriptions)
    session.yahoo.world.clock.forward(2)
    until(session, lambda: session.yahoo.tick("VTI", 127.75) and price(session) == Decimal("127.75"))
    look = session.desk.look()
    assert look.appraisal.trusts["VTI"].split == "2:1"
    assert look.proposals == ()
