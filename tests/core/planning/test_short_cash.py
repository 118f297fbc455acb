"""What no plan may do while cash is short and steps are coarse, on thousands of seeded books."""

from __future__ import annotations

import os
from functools import cache

import pytest

from core.planning.planner import plan
from tests.core.planning.samples import trades
from tests.core.planning.short import Judge, book, shuffled

BOOKS = 6000 if "STRIKEZONE_STRESS_KILLS" in os.environ else 400

pytestmark = pytest.mark.stress


@cache
def judged() -> dict[int, Judge]:
    """The plan of every book, by its seed."""
    return {seed: Judge(book(seed)) for seed in range(BOOKS)}


def test_the_books_are_short_and_their_plans_sell_buy_and_fund() -> None:
    plans = judged().values()
    assert sum(any(" short" in said for said in judge.made.warnings) for judge in plans) > BOOKS / 8
    assert sum(bool(judge.funding) for judge in plans) > BOOKS / 12
    assert sum(len(judge.proposed) > len(judge.sells) for judge in plans) > BOOKS / 4


def test_nothing_is_sold_past_its_own_target_by_more_than_half_a_step() -> None:
    assert {seed: broken for seed, judge in judged().items() if (broken := judge.sold_past_target())} == {}


def test_nothing_is_sold_out_of_the_other_side_of_its_band() -> None:
    assert {seed: broken for seed, judge in judged().items() if (broken := judge.sold_through_band())} == {}


def test_no_sale_costs_what_it_brings() -> None:
    assert {seed: broken for seed, judge in judged().items() if (broken := judge.sold_for_nothing())} == {}


def test_nothing_is_sold_for_others_who_do_not_need_it() -> None:
    assert {seed: broken for seed, judge in judged().items() if (broken := judge.sold_for_nobody())} == {}


def test_what_is_below_is_never_sold_and_what_is_above_never_bought() -> None:
    assert {seed: broken for seed, judge in judged().items() if (broken := judge.against_its_side())} == {}


def test_nothing_ends_further_from_its_destination_than_it_was() -> None:
    assert {seed: broken for seed, judge in judged().items() if (broken := judge.further_away())} == {}


def test_buys_never_spend_more_than_the_cash_after_the_sells_all_costs_and_the_floor() -> None:
    assert {seed: broken for seed, judge in judged().items() if (broken := judge.overspent())} == {}


def test_the_order_of_the_assets_in_the_file_changes_nothing() -> None:
    for seed, judge in judged().items():
        assert trades(plan(shuffled(judge.situation, seed))) == trades(judge.made), seed
