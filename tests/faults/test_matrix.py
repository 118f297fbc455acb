"""The fault matrix: each fault at start-up and at a poll. The app keeps running, shows age and reason, proposes
nothing from what it cannot trust, asks nothing while its breaker is open, and recovers by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.desk.report import check_code
from core.desk.snapshot import Snapshot
from core.market import library
from tests.faults.live import Session
from tests.yahoo import Yahoo

QUOTE = "v7/finance/quote"
# fault -> (pattern, kind, value, layer), what the trouble says
FAILING: dict[str, tuple[tuple[Any, ...], str]] = {
    "429": ((QUOTE, "status", 429), "Yahoo answers 429 (too many requests)"),
    "429 for the crumb": (("getcrumb", "status", 429), "Yahoo answers 429 (too many requests)"),
    "401": ((QUOTE, "status", 401), "Yahoo answers 401"),
    "404": ((QUOTE, "status", 404), "Yahoo answers 404"),
    "500": ((QUOTE, "status", 500), "Yahoo answers 500"),
    "503": ((QUOTE, "status", 503), "Yahoo answers 503"),
    "hang": ((QUOTE, "hang"), "no connection to Yahoo: no answer in time"),
    "too late": ((QUOTE, "delay", 3.0), "no connection to Yahoo: no answer in time"),
    "reset": ((QUOTE, "reset"), "no connection to Yahoo"),
    "malformed": ((QUOTE, "malformed"), "Yahoo's answer cannot be read"),
    "truncated": ((QUOTE, "truncated"), "no connection to Yahoo"),
    "html": ((QUOTE, "html"), "Yahoo's answer cannot be read"),
    "empty": ((QUOTE, "empty"), "Yahoo's answer cannot be read: it is empty"),
    "a list": ((QUOTE, "text", "[]"), "Yahoo's answer cannot be read"),
    "null": ((QUOTE, "text", "null"), "Yahoo's answer cannot be read"),
    "no result": ((QUOTE, "text", '{"quoteResponse": {"result": null}}'), "Yahoo's answer cannot be read"),
    "proxy refuses": (("query1", "status", 403, "connect"), "no connection to Yahoo"),
    "proxy hangs": (("query1", "hang", None, "connect"), "no connection to Yahoo: no answer in time"),
    "proxy resets": (("query1", "reset", None, "connect"), "no connection to Yahoo"),
}
# faults of one symbol -> what is said of it
SPOILING: dict[str, tuple[tuple[Any, ...], str]] = {
    "no price": ((QUOTE, "noprice"), "price"),
    "price 0": ((QUOTE, "price", 0), "price"),
    "negative price": ((QUOTE, "price", -255.5), "price"),
    "price is text": ((QUOTE, "price", "255.5"), "price"),
    "price is true": ((QUOTE, "price", True), "price"),
    "price is null": ((QUOTE, "price", None), "price"),
    "price of 1e12": ((QUOTE, "price", 1e12), "price"),
    "price of 1e-12": ((QUOTE, "price", 1e-12), "price"),
    "no time": ((QUOTE, "notime"), "time"),
    "time is text": ((QUOTE, "set", {"regularMarketTime": "now"}), "time"),
    "time in milliseconds": ((QUOTE, "set", {"regularMarketTime": 1795449600000}), "time"),
    "time with a fraction": ((QUOTE, "set", {"regularMarketTime": 1795449600.5}), "time"),
    "no currency": ((QUOTE, "nocurrency"), "currency"),
}


@pytest.fixture
def session(yahoo_here: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setattr(library, "REQUEST_SECONDS", 0.4)  # of a hang
    made = Session(tmp_path, yahoo_here)
    yield made
    yahoo_here.clear()
    made.close()


def add(yahoo: Yahoo, fault: tuple[Any, ...], symbol: str = "") -> None:
    pattern, kind, value, layer = (*fault, None, None)[:4]
    yahoo.fault(pattern, kind, value, layer=layer, symbols=(symbol,) if symbol else ())


def wait_for_the_breaker(session: Session) -> Snapshot:
    """Until it lets a request through again; meanwhile nothing is asked."""
    asked = len(session.yahoo.requests)
    until = session.hub.shared.breaker.until
    assert until is not None
    session.poll((until - session.clock.moment).total_seconds() - 0.5)
    assert len(session.yahoo.requests) == asked, "it asked while the breaker was open"
    return session.poll()


def seen(snapshot: Snapshot, symbol: str = "VTI") -> tuple[bool, str]:
    """Whether the symbol's price is trusted, and what is said of it."""
    trust = snapshot.appraisal.trusts[symbol]
    return trust.trusted, trust.reason or ""


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_feed_at_start_up(session: Session, name: str) -> None:
    fault, said = FAILING[name]
    add(session.yahoo, fault)
    first = session.start()
    assert said in first.feed.detail
    assert "next try at" in first.feed.detail
    assert first.feed.state == "down"
    assert first.proposals == ()
    assert check_code(first) == 3
    session.yahoo.clear()
    later = wait_for_the_breaker(session)
    assert later.feed.detail == ""
    assert later.proposals
    assert seen(later) == (True, "")


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_feed_at_a_poll(session: Session, name: str) -> None:
    fault, said = FAILING[name]
    before = session.start()
    assert before.proposals
    session.yahoo.expire()  # so that the crumb is asked for again
    session.yahoo.offline()  # and the proxy for a tunnel
    session.yahoo.online()
    add(session.yahoo, fault)
    during = session.poll()
    assert said in during.feed.detail
    line = during.valuation.line("VTI")
    assert line is not None
    assert line.price == before.valuation.line("VTI").price  # type: ignore[union-attr]
    assert line.trust.age_seconds == 15
    old = session.poll(150)
    assert old.proposals == ()
    assert check_code(old) == 3
    trusted, reason = seen(old)
    assert not trusted
    assert reason.startswith("165 s old, limit 120 s")
    assert old.valuation.value is not None
    session.yahoo.clear()
    later = wait_for_the_breaker(session)
    assert later.feed.detail == ""
    assert later.proposals
    assert seen(later) == (True, "")


@pytest.mark.parametrize("name", SPOILING)
def test_a_spoilt_quote_at_start_up(session: Session, name: str) -> None:
    fault, said = SPOILING[name]
    add(session.yahoo, fault, "VTI")
    first = session.start()
    trusted, reason = seen(first)
    assert not trusted
    assert said in reason
    assert seen(first, "BND") == (True, "")
    assert first.feed.detail == ""
    assert first.proposals == ()
    assert check_code(first) == 3
    line = first.valuation.line("VTI")
    assert line is not None
    assert line.state == "unpriced"
    assert line.value is None
    session.yahoo.clear()
    assert seen(session.poll()) == (True, "")


@pytest.mark.parametrize("name", SPOILING)
def test_a_spoilt_quote_at_a_poll(session: Session, name: str) -> None:
    fault, said = SPOILING[name]
    price = session.start().valuation.line("VTI").price  # type: ignore[union-attr]
    add(session.yahoo, fault, "VTI")
    requests = len(session.yahoo.quote_requests)
    during = session.poll()
    assert len(session.yahoo.quote_requests) == requests + 1
    line = during.valuation.line("VTI")
    assert line is not None
    assert line.price == price  # the last that was one, with its own age; but not decided on any more
    assert line.trust.age_seconds == 15
    trusted, reason = seen(during)
    assert not trusted
    assert f"no {said}" in reason
    assert reason.endswith("; the last price is 15 s old")
    assert during.proposals == ()
    for _ in range(9):
        later = session.poll()
    assert seen(later)[1].endswith("; the last price is 150 s old")
    assert later.proposals == ()
    assert seen(later, "BND") == (True, "")
    session.yahoo.clear()
    assert seen(session.poll()) == (True, "")


def test_another_currency_is_never_decided_on(session: Session) -> None:
    session.start()
    session.yahoo.fault(QUOTE, "set", {"currency": "JPY"}, symbols=("VTI",))
    during = session.poll()
    assert seen(during) == (False, "quoted in JPY, not in USD")
    assert during.proposals == ()
    assert check_code(during) == 3
    session.yahoo.clear()
    assert seen(session.poll()) == (True, "")


def test_offline_from_the_start_and_back(session: Session) -> None:
    session.yahoo.offline()
    try:
        first = session.start()
        assert "no connection to Yahoo" in first.feed.detail
        assert first.proposals == ()
    finally:
        session.yahoo.online()
    assert seen(wait_for_the_breaker(session)) == (True, "")


def test_an_absurd_jump_is_no_price_and_passes_with_the_fault(session: Session) -> None:
    session.start()
    session.yahoo.fault(QUOTE, "price", 2.555, symbols=("VTI",))
    during = session.poll()
    trusted, reason = seen(during)
    assert not trusted
    assert reason == "looks like a 100:1 split: 255.5 became 2.555"
    assert during.proposals == ()
    session.yahoo.clear()
    assert seen(session.poll()) == (True, "")


def test_only_yahoos_hosts_are_asked_for(session: Session) -> None:
    session.start()
    assert session.yahoo.hosts
    assert session.yahoo.refused == []
