"""Holding periods by calendar months. Dates: reference/rebalancing.md 3.6 and the sources it names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.book.terms import carried_over, first_long_day, term
from tests.core.book.samples import day


@pytest.mark.parametrize(
    ("acquired", "first"),
    [
        ("2012-09-19", "2013-09-20"),
        ("1998-11-01", "1999-11-02"),
        ("2005-01-01", "2006-01-02"),
        ("2015-02-28", "2016-03-01"),  # fairmark.com: not 2016-02-29
        ("2023-02-27", "2024-02-28"),
        ("2024-02-28", "2025-03-01"),
        ("2024-02-29", "2025-03-01"),
        ("2025-11-21", "2026-11-22"),
        ("2024-11-30", "2025-12-01"),
    ],
)
def test_a_sale_is_long_term_from_the_day_after_a_year(acquired: str, first: str) -> None:
    assert first_long_day(day(acquired)) == day(first)
    assert term(day(acquired), day(first)) == "long"
    assert term(day(acquired), day(first) - timedelta(days=1)) == "short"


def test_an_unknown_day_has_no_term_and_the_end_of_time_has_one() -> None:
    assert term(None, day("2026-11-20")) is None
    assert first_long_day(date.max) == date.max


def test_a_replacement_is_held_for_as_much_longer_as_the_lost_lot_was() -> None:
    """5/1 bought, 7/1 sold, replaced 7/5: it counts from 5/5 on."""
    assert carried_over(day("2025-07-05"), day("2025-05-01"), day("2025-07-01")) == day("2025-05-05")
    assert carried_over(day("2025-07-05"), None, day("2025-07-01")) == day("2025-07-05")
