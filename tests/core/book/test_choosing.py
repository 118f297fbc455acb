"""Which lots each method sells. Numbers: reference/rebalancing.md 3.5 unless another source is named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.book.choosing import Sale, averaged, take, take_named
from core.book.entries import EntryLot, Method
from core.book.lots import HeldLot, basis_of
from core.money import ZERO
from core.portfolio.model import Tax
from tests.core.book.samples import day, dec, held, part

US = Tax(regime="us", short_rate=dec("0.35"), long_rate=dec("0.15"))
FOUR = [
    replace(held("open:VTI:0", 10, 100, "2023-01-10"), rate=dec(1)),  # A
    replace(held("open:VTI:1", 10, 150, "2024-06-01"), rate=dec(1)),  # B
    replace(held("open:VTI:2", 10, 130, "2025-12-01"), rate=dec(1)),  # C, short-term
    replace(held("open:VTI:3", 10, 90, "2026-03-02"), rate=dec(1)),  # D, short-term
]
NAMES = dict(zip(["open:VTI:0", "open:VTI:1", "open:VTI:2", "open:VTI:3"], "ABCD", strict=True))
FIFTEEN = Sale(dec(15), dec(120), day=day("2026-11-22"), tax=US)


def said(parts: tuple[EntryLot, ...]) -> str:
    return " ".join(f"{NAMES[one.lot]}{one.quantity}" for one in parts)


def of_term(parts: tuple[EntryLot, ...], term: str) -> Any:
    return sum((one.gain or ZERO for one in parts if one.term == term), ZERO)


@pytest.mark.parametrize(
    ("method", "taken", "short", "long", "tax"),
    [
        ("fifo", "A10 B5", 0, 50, "7.5"),
        ("lifo", "D10 C5", 250, 0, "87.5"),
        ("hifo", "B10 C5", -50, -300, "-62.5"),
        ("lofo", "D10 A5", 300, 100, "120"),
        ("min_tax", "B10 C5", -50, -300, "-62.5"),
    ],
)
def test_each_method_takes_its_lots_first(method: Method, taken: str, short: int, long: int, tax: str) -> None:
    parts = take(FOUR, FIFTEEN, method)
    assert (said(parts), of_term(parts, "short"), of_term(parts, "long")) == (taken, short, long)
    due = of_term(parts, "short") * US.short_rate + of_term(parts, "long") * US.long_rate
    assert due == dec(tax)


def test_the_average_is_that_of_all_units_and_the_days_stay() -> None:
    """117.50 a share: a gain of 37.50."""
    parts = take(FOUR, FIFTEEN, "average")
    assert said(parts) == "A10 B5"
    assert {one.price for one in parts} == {dec("117.5")}
    assert sum((one.gain or ZERO for one in parts), ZERO) == dec("37.5")
    assert [one.term for one in parts] == ["long", "long"]


def test_the_average_basis_of_irs_publication_564() -> None:
    """Table 3 of 2009: 410 shares cost 9,100; 210 of them have a basis of 4,660.98."""
    lots = [
        held("e:1", 160, 25, "2008-01-02"),
        held("e:2", 240, 20, "2008-06-02"),
        held("e:3", 10, 30, "2008-12-02"),
    ]
    parts = take(lots, Sale(dec(210), dec(32)), "average")
    basis = sum((basis_of(one.quantity, one.price) or ZERO for one in parts), ZERO)
    assert round(basis, 2) == dec("4660.98")
    half = take(
        [held("e:1", 100, 30, "2008-01-02"), held("e:2", 200, 9, "2008-06-02")], Sale(dec(150), dec(1)), "average"
    )
    assert sum((basis_of(one.quantity, one.price) or ZERO for one in half), ZERO) == 2400


def test_least_tax_is_not_always_the_highest_cost() -> None:
    """A gain of 10 at 35 % costs more than one of 20 at 15 %."""
    lots = [
        replace(held("e:1", 1, 110, "2026-03-02"), rate=dec(1)),
        replace(held("e:2", 1, 100, "2020-01-02"), rate=dec(1)),
    ]
    sale = Sale(dec(1), dec(120), day=day("2026-11-22"), tax=US)
    assert [one.lot for one in take(lots, sale, "hifo")] == ["e:1"]
    assert [one.lot for one in take(lots, sale, "min_tax")] == ["e:2"]


def test_costs_are_compared_in_base_currency() -> None:
    """100 at a rate of 1.2 cost more than 110 at one of 1.0."""
    lots = [
        replace(held("e:1", 1, 110, "2020-01-02"), rate=dec(1)),
        replace(held("e:2", 1, 100, "2020-01-03"), rate=dec("1.2")),
    ]
    assert [one.lot for one in take(lots, Sale(dec(1), dec(120), rate=dec("1.1")), "hifo")] == ["e:2"]


@pytest.mark.parametrize(("method", "first"), [("fifo", "e:2"), ("lifo", "e:1"), ("hifo", "e:1"), ("lofo", "e:1")])
def test_an_unknown_basis_goes_first_with_fifo_and_else_last(method: Method, first: str) -> None:
    lots = [held("e:1", 1, 80, "2001-01-01"), held("e:2", 1, None, None)]
    assert take(lots, Sale(dec(1), dec(120)), method)[0].lot == first


@pytest.mark.parametrize("method", ["hifo", "lofo", "min_tax"])
def test_a_tie_goes_to_the_oldest(method: Method) -> None:
    lots = [held("e:2", 1, 80, "2002-01-01"), held("e:1", 1, 80, "2001-01-01")]
    assert take(lots, Sale(dec(1), dec(120)), method)[0].lot == "e:1"


def test_named_pieces_of_one_lot_are_told_apart_by_their_price() -> None:
    pieces = [held("e:1", 5, 15, "2024-01-02"), held("e:1", 5, 10, "2024-01-02")]
    (sold,) = take_named(pieces, [part("e:1", 5, 10)], Sale(dec(5), dec(12)))
    assert sold.gain == 10


money = st.decimals("0.01", "99999", places=4)
quantities = st.decimals("0.000001", "5000", places=6)
bought = st.lists(
    st.tuples(quantities, money, st.dates(day("2020-01-01"), day("2026-01-01"))), min_size=1, max_size=6
)


@given(bought, money)
def test_everything_sold_realises_the_same_by_every_method(
    lots: list[tuple[Decimal, Decimal, object]], price: Decimal
) -> None:
    held_lots = [
        HeldLot(f"e:{seq}", "VTI", quantity, cost, on, dec(1))  # type: ignore[arg-type]
        for seq, (quantity, cost, on) in enumerate(lots, start=1)
    ]
    total = sum((lot.quantity for lot in held_lots), ZERO)
    basis = sum((quantity * cost for quantity, cost, _ in lots), ZERO)
    for method in ("fifo", "lifo", "hifo", "lofo", "average", "min_tax", "specific"):
        parts = take(held_lots, Sale(total, price, day=day("2026-11-22"), tax=US), method)
        assert sum((one.gain or ZERO for one in parts), ZERO) == total * price - basis


@given(bought)
def test_averaging_keeps_quantities_and_the_whole_basis(lots: list[tuple[Decimal, Decimal, object]]) -> None:
    held_lots = [
        HeldLot(f"e:{seq}", "VTI", quantity, cost, on, dec(1))  # type: ignore[arg-type]
        for seq, (quantity, cost, on) in enumerate(lots, start=1)
    ]
    even = averaged(held_lots)
    assert [lot.quantity for lot in even] == [lot.quantity for lot in held_lots]
    assert sum((lot.basis or ZERO for lot in even), ZERO) == sum((lot.basis or ZERO for lot in held_lots), ZERO)
