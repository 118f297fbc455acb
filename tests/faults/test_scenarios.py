"""Nights, weekends, splits and collapses, as a whole desk sees them on the live feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.desk.report import check_code
from core.errors import BadInput
from tests.faults.live import BOOK, Session
from tests.yahoo import Yahoo

SATURDAY_EVENING = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture
def session(yahoo_here: Yahoo, tmp_path: Path) -> Iterator[Session]:
    made = Session(tmp_path, yahoo_here)
    yield made
    made.close()


def test_on_saturday_evening_fridays_close_is_decided_on_and_says_so(session: Session) -> None:
    session.clock.moment = SATURDAY_EVENING
    look = session.start()
    trust = look.appraisal.trusts["VTI"]
    assert (trust.trusted, trust.note) == (True, "at the close of 2026-11-20")
    assert look.feed.state == "closed"
    assert {p.side for p in look.proposals} == {"sell", "buy"}
    stale = next(guard for guard in look.proposals[0].guards if guard.name == "stale_price")
    assert (stale.verdict, stale.detail) == ("pass", "at the close of 2026-11-20")


def test_a_quote_of_friday_is_stale_on_monday_morning_until_the_feed_has_a_newer_one(session: Session) -> None:
    session.clock.moment = SATURDAY_EVENING
    session.start()
    session.yahoo.fault("v7/finance/quote", "status", 500)
    asleep = session.poll((datetime(2026, 11, 23, 12, 30, tzinfo=UTC) - SATURDAY_EVENING).total_seconds())
    assert asleep.appraisal.trusts["VTI"].trusted  # 07:30 in New York: nothing can have opened
    open_ = session.poll(2.25 * 3600)
    trust = open_.appraisal.trusts["VTI"]
    assert not trust.trusted
    assert "s old, limit 120 s" in (trust.reason or "")
    assert open_.proposals == ()


def test_a_split_overnight_freezes_the_symbol_and_proposes_nothing(session: Session) -> None:
    session.clock.moment = FRIDAY
    assert session.start().appraisal.trusts["VTI"].trusted
    session.stage(MONDAY)
    session.yahoo.world["VTI"].price = 128.3  # 2:1 of 255.50, and half a percent more
    for _ in range(6):
        look = session.poll()
        trust = look.appraisal.trusts["VTI"]
        assert (trust.trusted, trust.split) == (False, "2:1")
        assert look.proposals == ()
        assert check_code(look) == 3
    session.desk.accept("VTI")
    assert session.desk.look().appraisal.trusts["VTI"].trusted


def test_what_was_frozen_stays_so_in_the_next_session(session: Session, yahoo_here: Yahoo, tmp_path: Path) -> None:
    session.clock.moment = FRIDAY
    session.start()
    session.close()
    other = Session(tmp_path, yahoo_here)
    try:
        yahoo_here.world["VTI"].price = 127.75
        other.clock.moment = MONDAY
        assert other.start().appraisal.trusts["VTI"].split == "2:1"
    finally:
        other.close()


def test_a_collapse_by_a_split_ratio_is_released_by_its_user_alone(session: Session) -> None:
    session.clock.moment = FRIDAY
    session.yahoo.world["VTI"].price = 13.44
    session.start()
    session.stage(MONDAY)
    session.yahoo.world["VTI"].price = 1.375
    assert all(session.poll().appraisal.trusts["VTI"].split == "10:1" for _ in range(5))
    session.desk.accept("VTI")
    assert session.poll().appraisal.trusts["VTI"].trusted


def test_a_fall_of_seven_percent_is_trusted(session: Session) -> None:
    session.clock.moment = FRIDAY
    session.start()
    session.stage(MONDAY)
    session.yahoo.world["VTI"].price = 255.5 * 0.93
    assert session.poll().appraisal.trusts["VTI"].trusted


def test_a_jump_is_believed_after_three_further_prints(session: Session) -> None:
    session.start()
    trusted = []
    for price in (180.0, 181.0, 180.5, 180.2):
        session.yahoo.world["VTI"].price = price
        trusted.append(session.poll().appraisal.trusts["VTI"].trusted)
    assert trusted == [False, False, False, True]


def test_prints_that_stand_still_do_not_confirm_a_jump(session: Session) -> None:
    session.start()
    session.yahoo.world["VTI"].price = 180.0
    session.yahoo.world["VTI"].as_of = session.clock.moment.timestamp() + 15
    assert not any(session.poll().appraisal.trusts["VTI"].trusted for _ in range(7))


def test_only_what_is_suspect_can_be_accepted(session: Session) -> None:
    session.start()
    with pytest.raises(BadInput, match="trusted already"):
        session.desk.accept("VTI")
    session.yahoo.fault("v7/finance/quote", "noprice", symbols=("VTI",))
    for _ in range(10):
        session.poll()
    with pytest.raises(BadInput, match="cannot be accepted"):
        session.desk.accept("VTI")


def test_a_hundred_symbols_cost_two_requests_a_poll(yahoo_here: Yahoo, tmp_path: Path) -> None:
    rows = "".join(f'\n[[asset]]\nsymbol = "S{n:03}"\n' for n in range(98))
    session = Session(tmp_path, yahoo_here, BOOK + rows)
    try:
        session.start()
        warm = len(yahoo_here.requests)
        for _ in range(3):
            session.poll()
        assert [len(request.symbols) for request in yahoo_here.requests[warm:]] == [50, 50] * 3
    finally:
        session.close()


def test_unknown_symbols_cost_no_further_request(yahoo_here: Yahoo, tmp_path: Path) -> None:
    session = Session(tmp_path, yahoo_here, BOOK + '\n[[asset]]\nsymbol = "NOPE"\n')
    try:
        session.start()
        warm = len(yahoo_here.requests)
        session.poll()
        assert len(yahoo_here.requests) == warm + 1
    finally:
        session.close()
