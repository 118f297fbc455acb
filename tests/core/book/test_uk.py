"""Share matching of the United Kingdom. Vectors: reference/rebalancing.md 3.8; HMRC Helpsheet HS284, Example 3."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.book.audit import audit
from core.book.book import BookBuilder
from core.book.entries import Draft, Entry
from core.book.gains import totals
from core.book.wash import Gain
from core.portfolio.model import Tax
from tests.core.book.samples import buy, day, dec, entry, head, sell, split, take

UK = Tax(regime="uk")
EMPTY = head(cash="100000")
HS284 = (
    buy(1000, 4, "2014-04-01", fees=dec(150)),
    buy(500, "4.10", "2017-09-01", fees=dec(80)),
    sell(700, "4.80", "2018-05-01", fees=dec(100)),
    sell(400, "5.20", "2019-02-01", fees=dec(105)),
)


def derived(*drafts: Draft) -> BookBuilder:
    entries: list[Entry] = []
    for seq, draft in enumerate(drafts, start=1):
        if draft.side == "sell":
            entries.append(take(seq, EMPTY, draft, *entries))
        else:
            entries.append(entry(seq, draft))
    assert audit(EMPTY, entries, UK) == []
    return BookBuilder(EMPTY, entries, UK, rows=True)


def gains(*drafts: Draft) -> Any:
    return derived(*drafts).gains


def whole(rows: tuple[Gain, ...], seq: int) -> Decimal:
    return sum((row.gain or Decimal(0) for row in rows if row.seq == seq), Decimal(0))


def test_the_pool_of_helpsheet_284_example_3() -> None:
    """Pool of 1,500 at 6,280; gains of 329 and 300; 400 shares are left."""
    builder: Any = derived(*HS284)
    assert [round(row.gain or 0) for row in builder.gains] == [329, 300]
    position = builder.book().positions["VTI"]
    assert position.pool is not None
    assert (position.quantity, position.pool.quantity, round(position.cost or 0, 2)) == (400, 400, dec("1674.67"))
    assert [row.acquired for row in builder.gains] == [None, None]
    assert [(lot.quantity, lot.acquired) for lot in position.shown] == [(400, None)]


def test_what_is_bought_within_30_days_is_matched_first() -> None:
    """150 more on 25 February 2019: 830 + 250/800 of 3,349.33 cost 1,876.67, a gain of about 98."""
    rows = gains(*HS284, buy(150, 5, "2019-02-25", fees=dec(80)))
    later = [row for row in rows if row.seq == 4]
    assert [(row.acquired, row.quantity) for row in later] == [(day("2019-02-25"), 150), (None, 250)]
    assert round(sum((row.basis or Decimal(0) for row in later), Decimal(0)), 2) == dec("1876.67")
    assert round(whole(rows, 4)) == 98


def test_the_thirtieth_day_counts_and_the_next_does_not() -> None:
    before = buy(10, 4, "2019-01-01"), sell(10, 10, "2020-01-01")
    assert whole(gains(*before, buy(10, 3, "2020-01-31")), 2) == 70
    assert whole(gains(*before, buy(10, 3, "2020-02-01")), 2) == 60


def test_the_same_day_goes_before_the_next_30() -> None:
    rows = gains(
        buy(10, 4, "2019-01-01"), sell(10, 10, "2020-01-01"), buy(4, 8, "2020-01-01"), buy(10, 3, "2020-01-10")
    )
    assert [(row.acquired, row.quantity) for row in rows] == [(day("2020-01-01"), 4), (day("2020-01-10"), 6)]


def test_what_was_matched_by_its_own_day_is_not_there_for_an_earlier_sale() -> None:
    """The purchase of the 10th belongs to the sale of the 10th first, although that of the 1st is earlier."""
    rows = gains(
        buy(20, 4, "2019-01-01"), sell(10, 10, "2020-01-01"), buy(10, 3, "2020-01-10"), sell(10, 9, "2020-01-10")
    )
    assert [(row.seq, row.acquired) for row in rows] == [(2, None), (4, day("2020-01-10"))]


def test_all_that_is_bought_on_one_day_is_one_purchase_at_its_average() -> None:
    rows = gains(buy(10, 4, "2020-01-01"), buy(10, 6, "2020-01-01"), sell(10, 10, "2020-01-01"))
    assert [row.basis for row in rows] == [50]


def test_a_split_between_sale_and_purchase_does_not_matter() -> None:
    rows = gains(
        buy(20, 4, "2019-01-01"), sell(10, 10, "2020-01-01"), split("2:1", "2020-01-05"), buy(10, 3, "2020-01-10")
    )
    assert [(row.acquired, row.quantity, row.basis) for row in rows] == [
        (day("2020-01-10"), 5, 30),
        (None, 5, 20),
    ]


def test_there_is_no_term_and_no_disallowance() -> None:
    rows = gains(*HS284)
    assert {(row.term, row.disallowed) for row in rows} == {(None, None)}
    sums = totals(rows, UK)
    assert (sums.short, sums.long, sums.disallowed) == (None, None, None)
    assert round(sums.gain or 0) == 630  # 329.33 and 300.33


def test_what_was_bought_and_sold_on_the_day_of_a_split_is_in_new_units_already() -> None:
    builder = derived(
        *(buy(2, 10, "2024-01-02"), buy(2, 10, "2024-01-26"), sell(3, 6, "2024-01-26")),
        split("2:1", "2024-01-26"),
    )
    position: Any = builder.book().positions["VTI"]
    assert (position.quantity, position.pool.quantity) == (1, 1)


def test_a_pool_knows_what_was_bought_on_its_last_day() -> None:
    """A sale of that day takes it first: 10 at 10 and 10 at 50 cost 500, not 300; 15 cost 550."""
    pool: Any = derived(buy(10, 10, "2024-01-02"), buy(10, 50, "2024-06-03")).book().positions["VTI"].pool
    assert pool.base_cost_of(dec(10), day("2024-06-03")) == 500
    assert pool.base_cost_of(dec(15), day("2024-06-03")) == 550
    assert pool.base_cost_of(dec(10), day("2024-06-04")) == 300
