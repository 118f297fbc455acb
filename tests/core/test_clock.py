"""Clocks and how moments are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from core.clock import StandingClock, WallClock, close_of, iso, local_zone


def test_a_rows_close_is_21_utc() -> None:
    assert close_of(date(2026, 11, 20)) == datetime(2026, 11, 20, 21, tzinfo=UTC)


def test_moments_are_written_in_utc_with_z() -> None:
    east = timezone(timedelta(hours=2))
    assert iso(datetime(2026, 11, 20, 23, tzinfo=east)) == "2026-11-20T21:00:00Z"
    assert iso(datetime(2026, 11, 20, 21, 0, 0, 500_000, tzinfo=UTC)) == "2026-11-20T21:00:00.500000Z"


def test_a_standing_clock_shows_what_it_was_set_to() -> None:
    clock = StandingClock(close_of(date(2026, 11, 20)))
    clock.moment = close_of(date(2026, 11, 23))
    assert clock.now() == close_of(date(2026, 11, 23))


def test_the_wall_clock_is_in_utc() -> None:
    assert WallClock().now().tzinfo is UTC


def test_no_name_is_the_machines_own_zone() -> None:
    assert local_zone("") is None
    assert str(local_zone("Europe/London")) == "Europe/London"
