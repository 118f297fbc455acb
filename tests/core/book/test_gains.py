"""Totals, netting and losses carried forward. Vectors: reference/rebalancing.md 3.7, loss netting."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.book import gains as rules
from core.book.gains import gains_json
from core.book.terms import Term
from core.book.wash import Gain
from core.portfolio.model import Tax
from tests.core.book.samples import day, dec

US = Tax(regime="us")
LIMIT = dec(3000)
net: Any = rules.net
totals: Any = rules.totals
by_year: Any = rules.by_year


def row(gain: int | None, term: Term | None = "long", sold: str = "2024-05-01", disallowed: int = 0) -> Gain:
    basis = None if gain is None else dec(1000 - gain)
    return Gain(1, "VTI", "USD", dec(1), None, day(sold), dec(1000), basis, dec(1000), basis, term, dec(disallowed))


def test_short_term_losses_reduce_other_income_first_and_the_rest_is_carried_with_its_character() -> None:
    """LT -7,000 and ST -2,000: 3,000 are deducted (2,000 ST, 1,000 LT), LT 6,000 carried; then 3,000, then 0."""
    first = net(2024, dec(-2000), dec(-7000), (dec(0), dec(0)), LIMIT)
    assert (first.deducted, first.carried_short, first.carried_long) == (3000, 0, 6000)
    second = net(2025, dec(0), dec(0), (first.carried_short, first.carried_long), LIMIT)
    assert (second.deducted, second.carried_short, second.carried_long) == (3000, 0, 3000)
    third = net(2026, dec(0), dec(0), (second.carried_short, second.carried_long), LIMIT)
    assert (third.deducted, third.carried_short, third.carried_long) == (3000, 0, 0)


def test_each_kind_is_netted_by_itself_and_then_against_the_other() -> None:
    """ST -15,500; LT +11,600 -4,500: a net ST loss of 8,400, of which 3,000 are deducted and 5,400 carried."""
    year = net(2024, dec(-15500), dec(11600 - 4500), (dec(0), dec(0)), LIMIT)
    assert (year.deducted, year.carried_short, year.carried_long) == (3000, 5400, 0)


@pytest.mark.parametrize(
    ("short", "long", "deducted", "carried"),
    [(500, 700, 0, (0, 0)), (5000, -4000, 0, (0, 0)), (-7000, 0, 3000, (4000, 0)), (100, -200, 100, (0, 0))],
)
def test_the_yearly_limit(short: int, long: int, deducted: int, carried: tuple[int, int]) -> None:
    year = net(2024, dec(short), dec(long), (dec(0), dec(0)), LIMIT)
    assert (year.deducted, (year.carried_short, year.carried_long)) == (deducted, carried)


def test_losses_of_before_the_ledger_are_brought_forward() -> None:
    tax = Tax(regime="us", carried_short=dec(1000), carried_long=dec(5000), loss_limit=dec(1500))
    (year,) = by_year([row(2000)], tax, 2024)
    assert (year.short, year.long, year.deducted) == (-1000, -3000, 1500)
    assert (year.carried_short, year.carried_long) == (0, 2500)


def test_totals_are_after_disallowance_and_gains_before_it() -> None:
    sums = totals([row(-100, "short", disallowed=60), row(300)], US)
    assert (sums.short, sums.long, sums.gain, sums.disallowed) == (-40, 300, 260, 60)


def test_an_unknown_gain_makes_the_totals_unknown() -> None:
    sums = totals([row(None), row(300)], US)
    assert (sums.short, sums.long, sums.gain, sums.unknown) == (None, None, None, 1)
    assert by_year([row(None)], US, 2024) == []


def test_the_json_of_a_year_has_its_rows_and_what_earlier_years_left() -> None:
    rows = [row(-10000, sold="2023-05-01"), row(1000)]
    shown = gains_json(rows, US, "USD", 2024)
    assert [one["gain"] for one in shown["gains"]] == ["1000.00"]
    assert shown["totals"] == {
        "short": "0.00",
        "long": "1000.00",
        "disallowed": "0.00",
        "gain": "1000.00",
        "unknown": 0,
    }
    assert shown["years"] == [
        {"year": 2024, "short": "0.00", "long": "-6000.00", "deducted": "3000.00", "carried_short": "0.00",
         "carried_long": "3000.00"}
    ]  # fmt: skip
    assert isinstance(rows[0].gain, Decimal)
