"""Splits: which lots they change, to what, and that the basis stays as it is to the last digit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.book.book import Book, BookBuilder, build_book
from core.book.entries import Entry, Head, HeadLot, Ratio
from core.book.lots import HeldLot
from core.book.splits import check_ratio, floored, split_quantity
from core.errors import BadInput
from core.money import plain
from tests.core.book.samples import buy, day, dec, entry, head, part, sell, split, take, void

OPENING = HeadLot(dec(100), dec(80), day("2023-05-01"))
HEAD = head(OPENING)


def ratio_of(text: str) -> Ratio:
    new, old = map(dec, text.split(":"))
    return Ratio(new, old)


def quantities(book: Book) -> dict[str, Decimal]:
    return {lot.key: lot.quantity for lot in book.positions["VTI"].lots}


# -- ratios and quantities


@pytest.mark.parametrize("text", ["0:1", "1:0", "-2:1", "2:2", "nan:1", "1e7:1", "1e-13:1"])
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is no split"):
        check_ratio(ratio_of(text))


@pytest.mark.parametrize("text", ["2:1", "1:10", "3:2", "1.05:1"])
def test_what_is_a_ratio_is_none_of_them(text: str) -> None:
    check_ratio(ratio_of(text))


@pytest.mark.parametrize(
    ("quantity", "ratio", "after"),
    [
        ("100", "2:1", "200"),
        ("7", "3:2", "10.5"),
        ("5", "1:10", "0.5"),
        ("0.123456789012345678", "2:1", "0.246913578024691356"),
        ("100", "1:3", "33.333333333333"),
        ("200", "1:3", "66.666666666667"),
        ("1", "1:7", "0.142857142857"),
    ],
)
def test_a_quantity_is_exact_where_it_ends_and_else_has_twelve_decimals(
    quantity: str, ratio: str, after: str
) -> None:
    result = split_quantity(dec(quantity), ratio_of(ratio))
    assert result == dec(after)
    assert str(result) == after


def test_a_split_that_leaves_nothing_or_too_much_is_none() -> None:
    with pytest.raises(ValueError, match="nothing"):
        split_quantity(dec("0.0000001"), ratio_of("1:999999"))
    with pytest.raises(ValueError, match="too much"):
        split_quantity(dec("1e14"), ratio_of("10:1"))


def test_what_can_be_sold_before_a_split_is_rounded_down() -> None:
    assert floored(Fraction(200, 3)) == dec("66.666666666666")
    assert floored(Fraction(1, 8)) == dec("0.125")


parts = st.decimals("0.01", "1000", places=2)


@given(
    st.decimals("0.000001", "1e9", places=6),
    st.decimals("0.01", "1e6", places=4),
    st.lists(st.builds(Ratio, parts, parts), min_size=1, max_size=5),
)
def test_the_basis_stays_to_the_last_digit_through_any_splits(
    quantity: Decimal, price: Decimal, ratios: list[Ratio]
) -> None:
    lot = HeldLot("e:1", "VTI", quantity, price)
    for ratio in ratios:
        try:
            lot = lot.split(ratio)
        except ValueError:
            assume(False)
    assert lot.basis == quantity * price


# -- which lots


def test_what_was_held_before_its_day_is_multiplied_and_costs_the_same() -> None:
    book = build_book(HEAD, [entry(1, buy(3, 100, "2026-11-19", fees=dec(1))), entry(2, split("2:1"))])
    assert quantities(book) == {"open:VTI:0": 200, "e:1": 6}
    assert [lot.basis for lot in book.positions["VTI"].lots] == [8000, 301]
    assert book.positions["VTI"].lots[0].price == 40
    assert book.cash == {"USD": 1000 - 301}
    assert (book.counts, book.trades) == ({"VTI": 2}, (entry(1, buy(3, 100, "2026-11-19", fees=dec(1))),))


@pytest.mark.parametrize("seqs", [(1, 2), (2, 1)])
def test_a_lot_bought_on_its_day_is_not_split_whatever_the_numbers(seqs: tuple[int, int]) -> None:
    bought, made = seqs
    book = build_book(HEAD, [entry(bought, buy(3, 50)), entry(made, split("2:1"))])
    assert quantities(book) == {"open:VTI:0": 200, f"e:{bought}": 3}


def test_of_one_day_a_sale_before_it_by_number_takes_what_was_held_before() -> None:
    early = take(1, HEAD, sell(60, 100))
    assert quantities(build_book(HEAD, [early, entry(2, split("2:1"))])) == {"open:VTI:0": 80}
    made = entry(1, split("2:1"))
    late = take(2, HEAD, sell(60, 50), made)
    assert [(one.quantity, one.price, one.gain) for one in late.lots] == [(dec(60), dec(40), dec(600))]
    assert quantities(build_book(HEAD, [made, late])) == {"open:VTI:0": 140}


@pytest.mark.parametrize(
    ("acquired", "opened", "on", "quantity"),
    [
        ("2023-05-01", None, "2023-05-02", 200),
        ("2023-05-01", None, "2023-05-01", 100),
        ("2023-05-01", None, "2020-01-01", 100),
        (None, None, "2020-01-01", 200),
        ("2023-05-01", "2026-11-01", "2026-11-02", 200),
        ("2023-05-01", "2026-11-01", "2026-11-01", 100),
        ("2027-05-01", "2026-11-01", "2026-11-02", 200),
    ],
)
def test_opening_lots_are_in_shares_of_their_day_or_of_the_opening(
    acquired: str | None, opened: str | None, on: str, quantity: int
) -> None:
    lot = HeadLot(dec(100), dec(80), day(acquired) if acquired else None)
    start = head(lot, opened=day(opened) if opened else None)
    book = build_book(start, [entry(1, split("2:1", on))])
    assert quantities(book) == {"open:VTI:0": quantity}
    assert book.skipped == ((1,) if opened and day(on) <= day(opened) else ())


def test_a_lot_of_unknown_basis_is_split_and_stays_unknown() -> None:
    (lot,) = build_book(head(HeadLot(dec(5))), [entry(1, split("2:1"))]).positions["VTI"].lots
    assert (lot.quantity, lot.basis) == (dec(10), None)


def test_another_symbol_is_left_alone_and_one_without_lots_is_no_problem() -> None:
    book = build_book(HEAD, [entry(1, split("2:1", symbol="BND"))])
    assert quantities(book) == {"open:VTI:0": 100}
    assert (book.problems, book.counts) == ((), {"BND": 1})


def test_a_void_takes_a_split_back() -> None:
    made = entry(1, split("2:1"))
    assert quantities(build_book(HEAD, [made, void(2, made)])) == {"open:VTI:0": 100}


def test_what_is_printed_of_a_fraction_can_be_sold_whole() -> None:
    made = entry(1, split("1:3"))
    (lot,) = build_book(HEAD, [made]).positions["VTI"].lots
    sold = take(2, HEAD, sell(plain(lot.quantity), 300), made)
    assert build_book(HEAD, [made, sold]).positions["VTI"].lots == ()
    assert sum(one.gain or 0 for one in sold.lots) == lot.quantity * 300 - 8000


# -- order


def test_what_is_added_behind_a_split_counts_before_it() -> None:
    entries = [
        entry(1, split("2:1", "2026-11-10")),
        entry(2, buy(1, 10, "2026-11-09")),
        entry(3, buy(1, 10, "2026-11-12")),
        entry(4, split("3:1", "2026-11-11")),
    ]
    builder = BookBuilder(HEAD, entries[:1])
    for one in entries[1:]:
        assert builder.takes(one)
        builder.add(one)
    assert quantities(builder.book()) == {"open:VTI:0": 600, "e:2": 6, "e:3": 1}
    assert builder.book() == build_book(HEAD, entries)


def test_a_sale_dated_before_a_split_takes_what_was_held_then() -> None:
    made = entry(1, split("2:1", "2026-11-10"))
    later = take(2, HEAD, sell(50, 50, "2026-11-12"), made)
    (lot,) = BookBuilder(HEAD, [made, later]).held_on("VTI", day("2026-11-09"))
    assert (lot.quantity, lot.basis) == (dec(75), dec(6000))
    early = take(3, HEAD, sell(75, 100, "2026-11-09"), made, later)
    assert [one.gain for one in early.lots] == [dec(1500)]
    book = build_book(HEAD, [made, later, early])
    assert (book.positions["VTI"].lots, book.problems, book.revised) == ((), (), ())


def test_what_a_split_rounded_is_still_whole_before_it() -> None:
    made = entry(1, split("1:3", "2026-11-10"))
    (lot,) = BookBuilder(HEAD, [made]).held_on("VTI", day("2026-11-09"))
    assert (lot.quantity, lot.basis) == (dec(100), dec(8000))
    later = take(2, HEAD, sell(1, 50, "2026-11-12"), made)
    (lot,) = BookBuilder(HEAD, [made, later]).held_on("VTI", day("2026-11-09"))
    assert lot.quantity == 97


def test_earlier_sales_and_later_buys_are_seen_from_the_day_of_a_sale_before_a_split() -> None:
    entries: list[Entry] = [
        take(1, HEAD, sell(10, 100, "2026-11-02")),
        entry(2, buy(5, 100, "2026-11-03")),
        entry(3, split("2:1", "2026-11-10")),
        entry(4, buy(7, 50, "2026-11-10")),
        entry(5, split("2:1", "2026-11-12")),
    ]
    held = {lot.key: lot.quantity for lot in BookBuilder(HEAD, entries).held_on("VTI", day("2026-11-09"))}
    assert held == {"open:VTI:0": 90, "e:2": 5}
    held = {lot.key: lot.quantity for lot in BookBuilder(HEAD, entries).held_on("VTI", day("2026-11-11"))}
    assert held == {"open:VTI:0": 180, "e:2": 10, "e:4": 7}


def test_a_sale_recorded_before_a_split_of_its_lots_was_takes_its_share_of_the_basis() -> None:
    sold = take(1, HEAD, sell(50, 100, "2026-11-12"))
    book = build_book(HEAD, [sold, entry(2, split("2:1", "2026-11-10"))])
    assert book.revised == (1,)
    (lot,) = book.positions["VTI"].lots
    assert (lot.quantity, lot.basis) == (dec(150), dec(6000))


# -- what does not fit


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"new": None}, "is not a whole split"),
        ({"symbol": None}, "is not a whole split"),
        ({"new": dec(0)}, "0:1 is no split"),
        ({"old": dec(-1)}, "2:-1 is no split"),
    ],
)
def test_a_split_that_is_none_is_a_problem(fields: dict[str, object], what: str) -> None:
    assert build_book(HEAD, [entry(1, split("2:1"), **fields)]).problems == ((1, what),)


def test_a_split_that_leaves_nothing_of_a_lot_is_a_problem() -> None:
    start: Head = head(HeadLot(dec("0.0000001"), dec(80), day("2023-05-01")))
    (problem,) = build_book(start, [entry(1, split("1:999999"))]).problems
    assert problem == (1, "makes nothing of the 0.0000001 VTI of lot open:VTI:0")


def test_a_sale_that_a_split_leaves_too_little_for_is_a_problem() -> None:
    sold = entry(1, sell(50, 100), lots=(part("open:VTI:0", 50, 80),))
    book = build_book(HEAD, [sold, entry(2, split("1:10", "2026-11-10"))])
    assert book.problems == ((1, "sells 50 VTI of lot open:VTI:0, which has 10 left"),)
