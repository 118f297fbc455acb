"""What entries add up to: positions, lots, cash, counts, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest

from core.book.book import BookBuilder, build_book
from core.book.choosing import Sale, take
from core.book.entries import Entry, EntryLot, HeadLot
from core.book.lots import HeldLot
from tests.core.book.samples import NOW, buy, day, dec, entry, head, part, pay, sell, void


def quantities(lots: Iterable[HeldLot]) -> dict[str, Decimal]:
    return {lot.key: lot.quantity for lot in lots}


OPENING = HeadLot(dec(100), dec(80), day("2023-05-01"))


def test_a_book_without_entries_is_its_head() -> None:
    book = build_book(head(OPENING), [])
    (lot,) = book.positions["VTI"].lots
    assert (lot.key, lot.quantity, lot.price, lot.acquired) == ("open:VTI:0", dec(100), dec(80), day("2023-05-01"))
    assert book.cash == {"USD": 1000}
    assert (book.trades, book.counts, book.problems) == ((), {}, ())


def test_a_buy_adds_a_lot_whose_basis_includes_its_fees() -> None:
    book = build_book(head(OPENING), [entry(1, buy(3, 100, fees=dec(1)))])
    bought = book.positions["VTI"].lots[-1]
    assert (bought.key, bought.quantity, bought.basis, bought.acquired) == (
        "e:1",
        dec(3),
        dec(301),
        day("2026-11-20"),
    )
    assert book.cash == {"USD": 1000 - 301}
    assert book.positions["VTI"].cost == 8301


def test_a_sale_takes_the_lots_that_it_names_and_adds_its_proceeds_after_fees() -> None:
    bought = entry(1, buy(10, 90))
    sold = entry(2, sell(4, 95, fees=dec(2)), lots=(part("e:1", 4, 90),))
    book = build_book(head(OPENING), [bought, sold])
    assert quantities(book.positions["VTI"].lots) == {"open:VTI:0": 100, "e:1": 6}
    assert book.cash == {"USD": 1000 - 900 + 380 - 2}
    assert book.trades == (bought, sold)


def test_what_is_left_of_a_lot_keeps_its_basis_to_the_last_digit() -> None:
    bought = entry(1, buy(3, 100, fees=dec(1)))
    lots = take(build_book(head(), [bought]).positions["VTI"].lots, Sale(dec(1), dec(150)))
    assert lots[0].gain == dec(150) - dec("100." + "3" * 30)
    (rest,) = build_book(head(), [bought, entry(2, sell(1, 150), lots=lots)]).positions["VTI"].lots
    assert rest.basis == dec("200." + "6" * 29 + "7")


def test_a_symbol_sold_out_stays_as_an_empty_position() -> None:
    book = build_book(head(OPENING), [entry(1, sell(100, 90), lots=(part("open:VTI:0", 100, 80),))])
    assert book.positions["VTI"].lots == ()
    assert book.positions["VTI"].quantity == 0
    assert book.positions["VTI"].cost == 0


def test_the_cost_is_unknown_if_any_basis_is() -> None:
    assert build_book(head(OPENING, HeadLot(dec(5))), []).positions["VTI"].cost is None


def test_entries_count_by_their_day_then_by_their_number() -> None:
    later, earlier = entry(1, buy(1, 10, "2026-11-20")), entry(2, buy(2, 10, "2026-11-18"))
    book = build_book(head(), [later, earlier])
    assert [trade.seq for trade in book.trades] == [2, 1]
    assert [lot.key for lot in book.positions["VTI"].lots] == ["e:2", "e:1"]


def test_a_voided_entry_and_its_void_have_no_effect_but_count() -> None:
    bought = entry(1, buy(3, 100))
    book = build_book(head(OPENING), [bought, void(2, bought)])
    assert book.positions["VTI"].quantity == 100
    assert book.cash == {"USD": 1000}
    assert book.counts == {"VTI": 2}
    assert book.trades == ()


def test_payments_move_cash_in_their_currency() -> None:
    book = build_book(head(), [entry(1, pay(250)), entry(2, pay("-1300.50"))])
    assert book.cash == {"USD": dec("-50.50")}


def test_entries_on_or_before_the_opening_day_are_skipped() -> None:
    on, after = entry(1, buy(3, 100, "2026-11-01")), entry(2, buy(1, 100, "2026-11-02"))
    book = build_book(head(OPENING, opened=day("2026-11-01")), [on, after])
    assert book.skipped == (1,)
    assert book.positions["VTI"].quantity == 101


def adopted(seq: int, lot: HeadLot) -> Entry:
    return Entry(
        seq=seq, id="a", kind="adopt", recorded_at=NOW, effective=NOW.date(), currency="USD", head=head(lot)
    )


def test_the_newest_adopted_head_counts() -> None:
    book = build_book(head(OPENING), [adopted(1, HeadLot(dec(5))), adopted(2, HeadLot(dec(7)))])
    assert book.positions["VTI"].quantity == 7


def test_a_corrected_opening_price_counts_for_what_is_left_of_a_lot_sold_in_part_before() -> None:
    sold = entry(1, sell(50, 90), lots=(part("open:VTI:0", 50, 80),))
    corrected = HeadLot(dec(100), dec(60), day("2023-05-01"))
    (rest,) = build_book(head(OPENING), [sold, adopted(2, corrected)]).positions["VTI"].lots
    assert (rest.quantity, rest.price) == (dec(50), dec(60))


@pytest.mark.parametrize(
    ("lots", "what"),
    [
        ((part("open:VTI:0", 101),), "sells 101 VTI of lot open:VTI:0, which has 100 left"),
        ((part("e:7", 101),), "sells 101 VTI of lot e:7, which has 0 left"),
        ((part("open:VTI:0", 100),), "sells 101 VTI, but its lots add up to 100"),
        ((part("open:VTI:0", -1), part("open:VTI:0", 102)), "sells -1 VTI of lot open:VTI:0, which has 100 left"),
    ],
)
def test_a_sale_whose_lots_do_not_suffice_is_a_problem_that_names_it(lots: tuple[EntryLot, ...], what: str) -> None:
    book = build_book(head(OPENING), [entry(1, sell(101, 90), lots=lots)])
    assert (1, what) in book.problems


def test_a_sale_of_a_lot_bought_on_a_later_day_is_a_problem() -> None:
    bought = entry(1, buy(5, 10, "2026-11-20"))
    sold = entry(2, sell(5, 10, "2026-11-19"), lots=(part("e:1", 5, 10),))
    assert [problem.seq for problem in build_book(head(), [bought, sold]).problems] == [2]
    builder = BookBuilder(head())
    builder.add(bought)
    builder.add(sold)
    assert [problem.seq for problem in builder.problems] == [2]


def test_a_trade_in_another_currency_than_its_asset_is_a_problem() -> None:
    book = build_book(head(), [entry(1, buy(5, 10, currency="EUR"))])
    assert [problem.seq for problem in book.problems] == [1]


def test_a_new_sale_finds_what_was_held_on_its_day_and_no_recorded_sale_takes() -> None:
    early = entry(1, buy(5, 10, "2026-11-10"))
    late = entry(2, buy(5, 10, "2026-11-18"))
    sold = entry(3, sell(2, 10, "2026-11-19"), lots=(part("e:1", 2, 10),))
    book = build_book(head(HeadLot(dec(1), dec(9), day("2027-01-01"))), [early, late, sold])
    assert quantities(book.held_on("VTI", day("2026-11-15"))) == {"open:VTI:0": 1, "e:1": 3}
    assert book.held_on("BND", day("2026-11-15")) == ()


def test_entries_added_one_by_one_in_any_order_give_the_same_book() -> None:
    entries = [entry(1, buy(1, 10, "2026-11-20")), entry(2, pay(5)), entry(3, buy(2, 10, "2026-11-18"))]
    builder = BookBuilder(head(OPENING, opened=day("2026-11-18")))
    for one in entries:
        builder.add(one)
        builder.book()
    assert builder.book() == build_book(head(OPENING, opened=day("2026-11-18")), entries)
