"""Wash sales in the United States. Vectors: reference/rebalancing.md 3.7 and the sources it names."""

from __future__ import annotations

from typing import Any

import pytest

from core.book.audit import audit
from core.book.book import BookBuilder, HeldLot, build_book
from core.book.changes import entry_of
from core.book.drafts import checked
from core.book.entries import Draft, Entry, HeadLot
from core.book.wash import Gain, Member
from core.money import ZERO
from core.portfolio.model import Tax
from tests.core.book.samples import NOW, buy, day, dec, entry, head, part, sell, split

US = Tax(regime="us")
EMPTY = head(cash="1000000")


def recorded(*drafts: Draft, tax: Tax = US, members: tuple[Member, ...] = ()) -> list[Entry]:
    """The drafts as entries, recorded one after the other."""
    entries: list[Entry] = []
    for seq, draft in enumerate(drafts, start=1):
        builder = BookBuilder(EMPTY, entries, tax, members)
        whole = checked(draft, new_id=lambda seq=seq: f"id-{seq}")  # type: ignore[misc]
        entries.append(entry_of(whole, seq, NOW, builder.held_on, tax=tax))
    return entries


def outcome(*drafts: Draft, tax: Tax = US, members: tuple[Member, ...] = ()) -> tuple[Any, Any]:
    """The gains and the lots at the end; the ledger is sound, and the same when it grows by one entry at a time."""
    entries = recorded(*drafts, tax=tax, members=members)
    builder = BookBuilder(EMPTY, entries, tax, members, rows=True)
    assert builder.problems == ()
    assert audit(EMPTY, [*entries], tax, members) == []
    growing = BookBuilder(EMPTY, (), tax, members)
    for one in entries:
        growing.add(one)
    assert growing.book() == build_book(EMPTY, entries, tax, members)
    return builder.gains, builder.book().positions["VTI"].lots


def lost(gains: tuple[Gain, ...]) -> Any:
    return sum((row.disallowed or ZERO for row in gains), ZERO)


def bases(lots: tuple[HeldLot, ...]) -> Any:
    return [lot.basis for lot in lots]


def test_a_loss_with_a_replacement_is_disallowed_and_added_to_its_basis() -> None:
    """Publication 550: bought for 1,000, sold for 750, bought again for 800 within 30 days."""
    gains, lots = outcome(buy(100, 10, "2024-01-02"), sell(100, "7.5", "2024-03-01"), buy(100, 8, "2024-03-20"))
    assert (lost(gains), bases(lots)) == (250, [1050])


@pytest.mark.parametrize(("rebought", "basis"), [(90, 110), (70, 90)])
def test_the_examples_of_regulation_1_1091_2(rebought: int, basis: int) -> None:
    _, lots = outcome(buy(1, 100, "2023-10-01"), sell(1, 80, "2024-01-15"), buy(1, rebought, "2024-02-01"))
    assert bases(lots) == [basis]


def test_several_replacements_take_the_loss_in_the_order_of_their_purchase() -> None:
    gains, lots = outcome(
        buy(100, 50, "2013-12-01"),
        sell(100, 40, "2014-02-06"),
        *(buy(50, 20, f"2014-02-{number}") for number in (11, 12, 13, 14)),
    )
    assert (lost(gains), bases(lots)) == (1000, [1500, 1500, 1000, 1000])


def test_what_was_bought_by_the_same_order_replaces_nothing() -> None:
    gains, lots = outcome(buy(200, 50, "2024-03-01"), sell(100, 40, "2024-03-12"))
    assert (lost(gains), bases(lots)) == (0, [5000])


def test_a_loss_of_the_day_is_in_the_basis_of_what_is_bought_later_that_day() -> None:
    gains, lots = outcome(
        buy(100, 10, "2024-03-01"),
        sell(100, 9, "2024-03-01"),
        buy(100, 8, "2024-03-01"),
        sell(100, 9, "2024-03-01"),
    )
    assert [(row.basis, row.gain, row.disallowed) for row in gains] == [(1000, -100, 100), (900, 0, 0)]
    assert lots == ()


def test_a_lot_that_is_sold_in_the_same_sale_replaces_the_one_before_it() -> None:
    """Lots of 9/15 (2,000) and 9/25 (1,900) sold on 10/5 for 1,800 each."""
    gains, _ = outcome(buy(10, 200, "2024-09-15"), buy(10, 190, "2024-09-25"), sell(20, 180, "2024-10-05"))
    assert [(row.basis, row.gain, row.disallowed) for row in gains] == [(2000, -200, 200), (2100, -300, 0)]


def test_the_holding_period_is_carried_over() -> None:
    gains, lots = outcome(buy(1, 100, "2025-05-01"), sell(1, 80, "2025-07-01"), buy(1, 80, "2025-07-05"))
    assert (lots[0].acquired, lots[0].held_since) == (day("2025-07-05"), day("2025-05-05"))
    gains, _ = outcome(
        buy(1, 100, "2025-05-01"),
        sell(1, 80, "2025-07-01"),
        buy(1, 80, "2025-07-05"),
        sell(1, 120, "2026-05-06"),
    )
    assert [(row.acquired, row.term, row.gain) for row in gains[1:]] == [(day("2025-05-05"), "long", 20)]


@pytest.mark.parametrize(
    ("sold", "first", "last"),
    [
        ("2024-12-27", "2024-11-27", "2025-01-26"),
        ("2026-03-01", "2026-01-30", "2026-03-31"),
        ("2024-02-15", "2024-01-16", "2024-03-16"),
    ],
)
def test_the_window_is_61_days_long(sold: str, first: str, last: str) -> None:
    def disallowed(bought: str) -> Any:
        drafts = [buy(1, 100, "2023-01-02"), sell(1, 80, sold)]
        drafts.insert(1 if bought < sold else 2, buy(1, 90, bought))
        return lost(outcome(*drafts)[0])

    inside = [day(first), day(last)]
    for bought in inside:
        assert disallowed(bought.isoformat()) == 20
    assert disallowed((day(first) - (day("2024-01-02") - day("2024-01-01"))).isoformat()) == 0
    assert disallowed((day(last) + (day("2024-01-02") - day("2024-01-01"))).isoformat()) == 0


def test_a_partial_replacement_disallows_its_share_and_leaves_the_rest() -> None:
    gains, lots = outcome(buy(100, 10, "2024-01-02"), sell(100, 8, "2024-03-01"), buy(30, 8, "2024-03-20"))
    assert (lost(gains), bases(lots)) == (60, [300])


def test_a_larger_replacement_is_in_two_pieces() -> None:
    gains, lots = outcome(buy(30, 10, "2024-01-02"), sell(30, 8, "2024-03-01"), buy(100, 8, "2024-03-20"))
    assert lost(gains) == 60
    assert [(lot.key, lot.quantity, lot.basis) for lot in lots] == [("e:3", 30, 300), ("e:3", 70, 560)]
    assert [lot.held_since for lot in lots] == [day("2024-01-21"), day("2024-03-20")]


def test_no_share_takes_two_losses() -> None:
    gains, lots = outcome(
        buy(10, 10, "2024-01-02"),
        buy(10, 10, "2024-01-03"),
        sell(10, 8, "2024-03-01"),
        sell(10, 7, "2024-03-02"),
        buy(10, 8, "2024-03-20"),
    )
    assert [row.disallowed for row in gains] == [20, 0]
    assert bases(lots) == [100]


def test_a_replacement_that_was_sold_before_the_loss_replaces_nothing() -> None:
    gains, _ = outcome(
        buy(10, 10, "2023-01-02"),
        buy(10, 9, "2024-02-20"),
        sell(10, 9, "2024-02-25", lots=()),
        sell(10, 8, "2024-03-01"),
        tax=Tax(regime="us", method="lifo"),
    )
    assert [row.disallowed for row in gains] == [0, 0]


def test_gains_are_never_disallowed() -> None:
    gains, lots = outcome(buy(10, 10, "2024-01-02"), sell(10, 12, "2024-03-01"), buy(10, 12, "2024-03-02"))
    assert (lost(gains), bases(lots)) == (0, [120])


def test_a_split_between_loss_and_replacement_counts() -> None:
    """100 sold at a loss are 200 new ones: 100 new ones replace half of them."""
    gains, lots = outcome(
        buy(200, 10, "2024-01-02"),
        sell(100, 8, "2024-03-01"),
        split("2:1", "2024-03-05"),
        buy(100, 4, "2024-03-20"),
    )
    assert lost(gains) == 100
    assert bases(lots) == [1000, 500]


def test_without_accounting_no_loss_is_disallowed() -> None:
    drafts = buy(100, 10, "2024-01-02"), sell(100, 8, "2024-03-01"), buy(100, 8, "2024-03-20")
    for tax in (Tax(regime="us", wash_sales="off"), Tax()):
        gains, lots = outcome(*drafts, tax=tax)
        assert lost(gains) == 0
        assert bases(lots) == [800]


def test_an_opening_lot_bought_in_the_window_replaces() -> None:
    start = head(HeadLot(dec(10), dec(10), day("2024-01-02")), HeadLot(dec(10), dec(9), day("2024-02-20")))
    sale = sell(10, 8, "2024-03-01", rate=dec(1))
    entry = entry_of(checked(sale, new_id=lambda: "x"), 1, NOW, BookBuilder(start, (), US).held_on, tax=US)
    builder = BookBuilder(start, [entry], US, rows=True)
    assert lost(builder.gains) == 20
    assert bases(builder.book().positions["VTI"].lots) == [110]


# -- other ledgers of the group


def elsewhere(*drafts: Draft, taxed: bool = True) -> tuple[Member, ...]:
    return (Member("other", EMPTY, tuple(recorded(*drafts)), taxed),)


def test_a_purchase_in_another_ledger_disallows_the_loss_and_bears_it() -> None:
    members = elsewhere(buy(100, 8, "2024-03-20"))
    gains, _ = outcome(buy(100, 10, "2024-01-02"), sell(100, 8, "2024-03-01"), members=members)
    assert lost(gains) == 200


def test_a_loss_in_another_ledger_is_added_to_the_replacement_here() -> None:
    members = elsewhere(buy(100, 10, "2024-01-02"), sell(100, 8, "2024-03-01"))
    gains, lots = outcome(buy(100, 8, "2024-03-20"), members=members)
    assert (gains, bases(lots)) == ((), [1000])


def test_a_purchase_where_nothing_is_taxed_makes_the_loss_vanish() -> None:
    """Rev. Rul. 2008-5: an IRA's purchase disallows the loss, and its basis does not grow."""
    members = elsewhere(buy(100, 8, "2024-03-20"), taxed=False)
    gains, _ = outcome(buy(100, 10, "2024-01-02"), sell(100, 8, "2024-03-01"), members=members)
    assert lost(gains) == 200


def test_a_replacement_elsewhere_serves_one_loss_only() -> None:
    members = elsewhere(buy(60, 8, "2024-03-10"))
    gains, lots = outcome(
        buy(100, 10, "2024-01-02"), sell(100, 8, "2024-03-01"), buy(100, 8, "2024-03-20"), members=members
    )
    assert lost(gains) == 200
    assert [(lot.quantity, lot.basis) for lot in lots] == [(40, 400), (60, 480)]


def test_a_loss_split_by_another_ledger_of_the_group_is_replaced_in_new_units() -> None:
    """100 sold here before 2 for 1, which only the ledger that still holds some records: 200 replace them."""
    members = elsewhere(buy(10, 10, "2023-01-02"), split("2:1", "2024-03-10"))
    gains, lots = outcome(
        buy(100, 10, "2024-01-02"), sell(100, 8, "2024-03-01"), buy(100, 4, "2024-03-20"), members=members
    )
    assert (lost(gains), bases(lots)) == (100, [500])


def test_a_split_that_both_ledgers_record_counts_once_for_a_loss() -> None:
    members = elsewhere(buy(10, 10, "2023-01-02"), split("2:1", "2024-03-10"))
    gains, lots = outcome(
        *(buy(100, 10, "2024-01-02"), sell(50, 8, "2024-03-01")),
        *(split("2:1", "2024-03-10"), buy(50, 4, "2024-03-20")),
        members=members,
    )
    assert (lost(gains), bases(lots)) == (50, [500, 250])


def test_of_purchases_on_one_day_in_two_ledgers_the_same_one_bears_the_loss_in_both() -> None:
    """A loss goes to one replacement: by the names of the ledgers, `classic-60-40` before `other`."""
    mine = recorded(buy(10, 10, "2024-01-02"), sell(10, 8, "2024-03-01"), buy(10, 8, "2024-03-20"))
    theirs = recorded(buy(10, 8, "2024-03-20"))
    other = head(cash="1000000", portfolio="other")
    here: Any = build_book(EMPTY, mine, US, [Member("other", other, tuple(theirs))])
    there: Any = build_book(other, theirs, US, [Member(EMPTY.portfolio, EMPTY, tuple(mine))])
    assert [bases(book.positions["VTI"].lots) for book in (here, there)] == [[100], [80]]


def test_of_losses_on_one_day_in_two_ledgers_the_same_one_is_disallowed_in_both() -> None:
    lossy = buy(10, 10, "2024-01-02"), sell(10, 8, "2024-03-01")
    mine, theirs = recorded(*lossy, buy(10, 8, "2024-03-20")), recorded(*lossy)
    other = head(cash="1000000", portfolio="other")
    here = BookBuilder(EMPTY, mine, US, [Member("other", other, tuple(theirs))], rows=True)
    there = BookBuilder(other, theirs, US, [Member(EMPTY.portfolio, EMPTY, tuple(mine))], rows=True)
    assert (lost(here.gains), lost(there.gains)) == (20, 0)


def test_a_loss_of_another_ledger_is_found_after_a_change_of_symbol_that_only_it_has() -> None:
    renamed = Draft(kind="rename", symbol="OLD", to="VTI", currency="USD", effective=day("2024-02-01"))
    entries = [
        entry(1, buy(100, 10, "2024-01-02", symbol="OLD")),
        entry(2, renamed),
        entry(3, sell(100, 8, "2024-03-01"), lots=(part("e:1", 100),)),
    ]
    gains, lots = outcome(buy(100, 8, "2024-03-20"), members=(Member("other", EMPTY, tuple(entries)),))
    assert (gains, bases(lots)) == ((), [1000])


def test_a_change_of_symbol_that_only_another_ledger_has_leaves_its_losses_near() -> None:
    renamed = Draft(kind="rename", symbol="VTI", to="NEW", currency="USD", effective=day("2024-03-05"))
    entries = [
        entry(1, buy(100, 10, "2024-01-02")),
        entry(2, sell(100, 8, "2024-03-01"), lots=(part("e:1", 100),)),
        entry(3, renamed),
    ]
    members = (Member("other", EMPTY, tuple(entries)),)
    position = build_book(EMPTY, [], US, members).positions["VTI"]
    assert [loss.quantity for loss in position.losses] == [100]
    gains, lots = outcome(buy(100, 8, "2024-03-20"), members=members)
    assert (gains, bases(lots)) == ((), [1000])


# -- last digits and the order of one day


def test_a_part_takes_the_piece_that_it_names_although_its_price_does_not_end() -> None:
    """The loss of the first part goes to one of the three shares at 16/3; the second takes another of them."""
    gains, lots = outcome(
        buy(1, 14, "2024-01-04"), buy(3, 5, "2024-01-04", fees=dec(1)), sell(2, 8, "2024-02-03", method="fifo")
    )
    assert [round(row.gain or 0, 2) for row in gains] == [-6, dec("2.67")]
    assert [(lot.quantity, round(lot.basis or 0, 2), lot.absorbed) for lot in lots] == [
        (1, dec("11.33"), True),
        (1, dec("5.33"), False),
    ]


def test_a_loss_before_a_split_of_its_day_is_replaced_in_new_units() -> None:
    """3 sold on the day of 2 for 1, before it, are 6 new ones: 2 bought bear a third of the loss of 6."""
    gains, lots = outcome(
        buy(5, 8, "2024-01-04"), sell(3, 6, "2024-01-12"), split("2:1", "2024-01-12"), buy(2, 6, "2024-02-11")
    )
    assert (lost(gains), bases(lots)) == (2, [16, 14])


def test_what_was_bought_and_lost_on_the_day_of_a_split_is_in_new_units_already() -> None:
    gains, lots = outcome(
        buy(3, 8, "2024-01-12"), sell(3, 6, "2024-01-12"), split("2:1", "2024-01-12"), buy(2, 6, "2024-02-11")
    )
    assert (lost(gains), bases(lots)) == (4, [16])


def test_a_loss_of_which_a_split_leaves_nothing_is_replaced_by_nothing() -> None:
    gains, lots = outcome(
        *(buy(3, 8, "2024-01-04"), sell("0.000000000001", 6, "2024-01-12")),
        *(split("1:3", "2024-01-15"), buy(2, 20, "2024-02-11")),
    )
    assert (lost(gains), bases(lots)[1]) == (0, 40)
