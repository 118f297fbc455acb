"""First in, first out, and gains that add up to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.book.choosing import Sale, take, take_named
from core.book.entries import EntryLot
from core.book.lots import HeldLot, basis_of
from core.money import ZERO
from tests.core.book.samples import dec, held, part


def keys(parts: tuple[EntryLot, ...]) -> list[str]:
    return [part.lot for part in parts]


def test_the_oldest_lots_are_sold_first() -> None:
    """reference/rebalancing.md 3.5: of A 10@100, B 10@150, C, D, selling 15 at 120 takes A10 B5 for +50."""
    lots = [
        held("open:VTI:3", 10, 90, "2026-03-02"),
        held("open:VTI:1", 10, 150, "2024-06-01"),
        held("open:VTI:0", 10, 100, "2023-01-10"),
        held("open:VTI:2", 10, 130, "2025-12-01"),
    ]
    sold = take(lots, Sale(dec(15), dec(120)))
    assert [(one.lot, one.quantity, one.gain) for one in sold] == [
        ("open:VTI:0", dec(10), dec(200)),
        ("open:VTI:1", dec(5), dec(-150)),
    ]
    assert [one.term for one in sold] == [None, None]


def test_the_basis_is_that_of_irs_publication_564() -> None:
    """Table 3 of 2009: 160 at 25, 240 at 20, 10 at 30 reinvested; 210 sold at 32 have a basis of 5,000."""
    lots = [
        held("e:1", 160, 25, "2008-01-02"),
        held("e:2", 240, 20, "2008-06-02"),
        held("e:3", 10, 30, "2008-12-02"),
    ]
    sold = take(lots, Sale(dec(210), dec(32)))
    assert sum((basis_of(one.quantity, one.price) or ZERO for one in sold), ZERO) == 5000
    assert sum((one.gain or ZERO for one in sold), ZERO) == 210 * 32 - 5000


def test_an_unknown_basis_or_day_goes_before_the_oldest() -> None:
    """Fidelity's rule."""
    lots = [
        held("open:VTI:0", 1, 80, "2001-01-01"),
        held("open:VTI:1", 1, 80, None),
        held("open:VTI:2", 1, None, "2020-01-01"),
        held("open:VTI:3", 1, None, None),
    ]
    assert keys(take(lots, Sale(sum((lot.quantity for lot in lots), ZERO), dec(100)))) == [
        "open:VTI:1",
        "open:VTI:3",
        "open:VTI:2",
        "open:VTI:0",
    ]


def test_lots_of_one_day_go_by_their_number_not_by_their_spelling() -> None:
    lots = [held(key, 1, 80, "2024-01-02") for key in ("e:10", "e:9", "open:VTI:10", "open:VTI:2")]
    assert keys(take(lots, Sale(sum((lot.quantity for lot in lots), ZERO), dec(100)))) == [
        "open:VTI:2",
        "open:VTI:10",
        "e:9",
        "e:10",
    ]


def test_the_gain_is_unknown_where_the_basis_is() -> None:
    lots = [held("open:VTI:0", 4, None, None), held("e:1", 4, 10, "2024-01-02")]
    first, second = take(lots, Sale(dec(6), dec(12)))
    assert (first.price, first.gain) == (None, None)
    assert (second.price, second.gain) == (dec(10), dec(4))


def test_fees_are_shared_by_quantity_and_the_last_part_takes_the_remainder() -> None:
    lots = [held("e:1", 1, 10, "2024-01-02"), held("e:2", 2, 10, "2024-01-03")]
    first, second = take(lots, Sale(dec(3), dec(10), fees=dec(1)))
    assert first.gain == Decimal("-0." + "3" * 30)
    assert (first.gain or ZERO) + (second.gain or ZERO) == -1


def test_more_than_is_held_is_refused() -> None:
    with pytest.raises(ValueError, match="6 cannot be sold"):
        take([held("e:1", 5, 10, "2024-01-02")], Sale(dec(6), dec(10)))


def test_named_lots_are_taken_as_named() -> None:
    lots = [held("e:1", 5, 10, "2024-01-02"), held("e:2", 5, 11, "2024-01-03")]
    (sold,) = take_named(lots, [part("e:2", 3)], Sale(dec(3), dec(12)))
    assert (sold.lot, sold.price, sold.gain) == ("e:2", dec(11), dec(3))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([part("e:9", 3)], "3 of lot e:9"),
        ([part("e:1", 6)], "6 of lot e:1"),
        ([part("e:1", 5), part("e:1", 1)], "1 of lot e:1"),
        ([part("e:1", 2)], "add up to 2, the sale is of 3"),
    ],
)
def test_named_lots_that_are_not_there_or_not_enough_are_refused(chosen: list[EntryLot], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        take_named([held("e:1", 5, 10, "2024-01-02")], chosen, Sale(dec(3), dec(12)))


money = st.decimals("0.01", "99999", places=4)
quantities = st.decimals("0.000001", "5000", places=6)


@given(st.lists(st.tuples(quantities, money, money), min_size=1, max_size=6), money, money, st.data())
def test_gains_and_basis_of_all_parts_add_up_exactly(
    bought: list[tuple[Decimal, Decimal, Decimal]], price: Decimal, fees: Decimal, data: st.DataObject
) -> None:
    lots = [
        HeldLot(f"e:{seq}", "VTI", quantity, (quantity * cost + paid) / quantity)
        for seq, (quantity, cost, paid) in enumerate(bought, start=1)
    ]
    total = sum((lot.quantity for lot in lots), ZERO)
    quantity = data.draw(st.decimals("0.000001", total, places=6))
    sold = take(lots, Sale(quantity, price, fees))
    basis = sum((basis_of(one.quantity, one.price) or ZERO for one in sold), ZERO)
    assert sum((one.quantity for one in sold), ZERO) == quantity
    assert sum((one.gain or ZERO for one in sold), ZERO) == quantity * price - fees - basis
    if quantity == total:
        assert basis == sum((q * c + paid for q, c, paid in bought), ZERO)
