"""Several currencies and splits in the book: the same whether added up one by one or derived anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.book.audit import audit
from core.book.book import Book, BookBuilder, build_book
from core.book.changes import entry_of
from core.book.drafts import checked
from core.book.entries import Draft, Entry, Head, HeadAsset, HeadLot
from core.errors import BadInput
from tests.core.book.samples import NOW, day

D = Decimal
HEAD = Head(
    "p",
    "USD",
    None,
    {"USD": D(1000), "EUR": D(300)},
    (
        HeadAsset("VTI", "USD", (HeadLot(D(100), D(80), date(2023, 5, 1)),)),
        HeadAsset("SAP.DE", "EUR", (HeadLot(D(10), D("101.30"), date(2024, 1, 2), D("1.0945")),)),
    ),
)


def trade(side: str, quantity: str, price: str, on: str, **fields: Any) -> Draft:
    values = {"symbol": "SAP.DE", "currency": "EUR", "rate": D("1.1"), "fees": D(0)} | fields
    return Draft(kind="trade", side=side, quantity=D(quantity), price=D(price), effective=day(on), **values)  # type: ignore[arg-type]


def split(symbol: str, new: int, old: int, on: str) -> Draft:
    currency = "USD" if symbol == "VTI" else "EUR"
    return Draft(kind="split", symbol=symbol, new=D(new), old=D(old), effective=day(on), currency=currency)


def recorded(*drafts: Draft, head: Head = HEAD) -> tuple[Book, list[Entry]]:
    """The book of drafts recorded in this order, each on the lots that are there."""
    entries: list[Entry] = []
    for seq, draft in enumerate(drafts, start=1):
        builder = BookBuilder(head, entries)
        entries.append(entry_of(checked(draft, new_id=lambda seq=seq: f"id-{seq}"), seq, NOW, builder.held_on))  # type: ignore[misc]
    return build_book(head, entries), entries


# what is paid in another currency


def test_a_buy_is_paid_from_its_own_currency_first_and_the_rest_converted_from_base() -> None:
    book, _ = recorded(trade("buy", "5", "100", "2026-11-20", fees=D("2.50")))
    assert book.cash == {"EUR": D(0), "USD": D(1000) - D("202.50") * D("1.1")}


def test_what_its_own_balance_pays_needs_no_rate() -> None:
    book, _ = recorded(trade("buy", "2", "100", "2026-11-20", rate=None))
    assert book.cash == {"EUR": D(100), "USD": D(1000)}


def test_without_a_rate_nothing_is_converted() -> None:
    book, _ = recorded(trade("buy", "5", "100", "2026-11-20", rate=None))
    assert book.cash == {"EUR": D(-200), "USD": D(1000)}


def test_a_balance_below_zero_pays_for_nothing() -> None:
    out = Draft(kind="cash", effective=day("2026-11-19"), currency="EUR", amount=D(-400))
    book, _ = recorded(out, trade("buy", "1", "100", "2026-11-20"))
    assert book.cash == {"EUR": D(-100), "USD": D(890)}


def test_the_proceeds_of_a_sale_stay_in_its_currency() -> None:
    book, _ = recorded(trade("sell", "4", "120", "2026-11-20", fees=D(1)))
    assert book.cash == {"EUR": D(779), "USD": D(1000)}


def test_a_deposit_that_is_recorded_late_pays_for_the_buy_after_it() -> None:
    late = Draft(kind="cash", effective=day("2026-11-19"), currency="EUR", amount=D(200))
    book, entries = recorded(trade("buy", "5", "100", "2026-11-20"), late)
    assert book.cash == {"EUR": D(0), "USD": D(1000)}
    assert not BookBuilder(HEAD, entries[:1]).takes(entries[1])


# splits


def test_a_split_changes_quantities_and_keeps_the_basis() -> None:
    book, entries = recorded(split("VTI", 3, 1, "2026-11-20"))
    lot = book.positions["VTI"].lots[0]
    assert (lot.quantity, lot.basis, lot.acquired) == (D(300), D(8000), date(2023, 5, 1))
    assert book.splits["VTI"] == ((date(2026, 11, 20), D(3)),)
    assert audit(HEAD, entries) == []


def test_a_reverse_split_that_does_not_end_is_rounded_to_twelve_decimals_and_keeps_the_basis() -> None:
    book, _ = recorded(split("VTI", 1, 3, "2026-11-20"))
    lot = book.positions["VTI"].lots[0]
    assert (lot.quantity, lot.basis) == (D("33.333333333333"), D(8000))


def test_a_split_on_the_day_a_lot_was_acquired_does_not_apply_to_it() -> None:
    buy = trade("buy", "5", "100", "2026-11-20", symbol="VTI", currency="USD", rate=D(1))
    book, _ = recorded(buy, split("VTI", 2, 1, "2026-11-20"))
    assert [lot.quantity for lot in book.positions["VTI"].lots] == [D(200), D(5)]


def test_a_sale_after_a_split_takes_split_lots() -> None:
    sale = trade("sell", "150", "45", "2026-11-21", symbol="VTI", currency="USD", rate=D(1))
    book, entries = recorded(split("VTI", 2, 1, "2026-11-20"), sale)
    assert book.positions["VTI"].quantity == 50
    assert entries[1].lots[0].gain == D(150) * 45 - D(150) * 40


def test_a_sale_of_before_a_split_that_is_recorded_after_it_is_in_old_units() -> None:
    sale = trade("sell", "60", "90", "2026-11-19", symbol="VTI", currency="USD", rate=D(1))
    book, entries = recorded(split("VTI", 2, 1, "2026-11-20"), sale)
    assert entries[1].lots[0].quantity == 60
    assert entries[1].lots[0].price == 80
    assert book.positions["VTI"].quantity == 80
    assert book.positions["VTI"].cost == 3200
    assert book.problems == ()


def test_before_the_opening_day_a_split_is_in_the_lots_already() -> None:
    opened = Head("p", "USD", date(2026, 11, 20), {}, HEAD.assets)
    book, _ = recorded(split("VTI", 2, 1, "2026-11-20"), head=opened)
    assert (book.positions["VTI"].quantity, book.skipped) == (D(100), (1,))


def test_a_split_before_a_recorded_sale_of_more_than_is_left_is_a_problem() -> None:
    sale = trade("sell", "90", "90", "2026-11-21", symbol="VTI", currency="USD", rate=D(1))
    _, entries = recorded(sale)
    late = entry_of(checked(split("VTI", 1, 2, "2026-11-20"), new_id=lambda: "x"), 2, NOW, lambda *_: ())
    builder = BookBuilder(HEAD, entries)
    builder.add(late)
    assert builder.problems == build_book(HEAD, [*entries, late]).problems
    assert builder.problems[0].seq == 1


def test_a_split_that_is_recorded_after_a_sale_of_its_units_corrects_what_the_sale_took() -> None:
    sale = trade("sell", "50", "45", "2026-11-21", symbol="VTI", currency="USD", rate=D(1))
    _, entries = recorded(sale)
    late = entry_of(checked(split("VTI", 2, 1, "2026-11-20"), new_id=lambda: "x"), 2, NOW, lambda *_: ())
    book = build_book(HEAD, [*entries, late])
    lot = book.positions["VTI"].lots[0]
    assert (lot.quantity, lot.basis) == (D(150), D(6000))


@pytest.mark.parametrize(("new", "old"), [(0, 1), (1, 0), (-2, 1), (2, 2)])
def test_a_ratio_that_is_none_is_refused(new: int, old: int) -> None:
    with pytest.raises(BadInput, match="is no split"):
        checked(split("VTI", new, old, "2026-11-20"), new_id=lambda: "x")


# any ledger

SYMBOLS = {"VTI": "USD", "SAP.DE": "EUR", "7203.T": "JPY"}
MANY = Head("p", "USD", None, {"USD": D(10**6), "EUR": D(5000)}, tuple(HeadAsset(s, c) for s, c in SYMBOLS.items()))
START = date(2026, 1, 1)
Draw = Callable[[st.SearchStrategy[Any]], Any]


@st.composite
def drafts(draw: Draw) -> Draft:
    symbol = draw(st.sampled_from(sorted(SYMBOLS)))
    currency = SYMBOLS[symbol]
    on = START + timedelta(days=draw(st.integers(0, 20)))
    rates = {"USD": D(1), "EUR": D("1.0825"), "JPY": D("0.00647")}
    rate = rates[currency] if currency == "USD" or draw(st.integers(0, 5)) else None
    kind = draw(st.sampled_from(["buy", "buy", "sell", "cash", "split"]))
    if kind == "split":
        new, old = draw(st.sampled_from([(2, 1), (3, 2), (1, 3), (10, 1)]))
        return Draft(kind="split", symbol=symbol, new=D(new), old=D(old), effective=on, currency=currency)
    if kind == "cash":
        amount = D(draw(st.integers(-50_000, 50_000).filter(bool))) / 100
        return Draft(kind="cash", amount=amount, effective=on, currency=currency, rate=rate)
    return Draft(
        kind="trade", side=kind, symbol=symbol, quantity=D(draw(st.integers(1, 5000))) / 100,
        price=D(draw(st.integers(1, 99_999))) / 100, fees=D(draw(st.integers(0, 300))) / 100, effective=on,
        currency=currency, rate=rate,
    )  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(drafts(), max_size=25))
def test_added_one_by_one_or_derived_anew_the_book_is_the_same(made: list[Draft]) -> None:
    builder, entries = BookBuilder(MANY), list[Entry]()
    for draft in made:
        seq = len(entries) + 1
        try:
            entry = entry_of(checked(draft, new_id=lambda seq=seq: f"id-{seq}"), seq, NOW, builder.held_on)  # type: ignore[misc]
        except BadInput:  # more than is held on that day
            continue
        if builder.takes(entry):
            builder.add(entry)
        else:
            anew = BookBuilder(MANY, [*entries, entry])
            if anew.problems:  # refused: a later entry needs what it changes
                continue
            builder = anew
        entries.append(entry)
        assert builder.book() == build_book(MANY, entries)
    assert builder.problems == ()
    assert audit(MANY, entries) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([(2, 1), (3, 2), (1, 3), (7, 4), (1, 10)]), max_size=6), st.integers(1, 10**6))
def test_no_number_of_splits_changes_what_was_paid(ratios: list[tuple[int, int]], cents: int) -> None:
    head = Head(
        "p", "USD", None, {}, (HeadAsset("VTI", "USD", (HeadLot(D(7), D(cents) / 100, date(2020, 1, 1)),)),)
    )
    made = [split("VTI", new, old, f"2026-11-{number:02}") for number, (new, old) in enumerate(ratios, start=1)]
    book, _ = recorded(*made, head=head)
    assert book.positions["VTI"].cost == D(7) * D(cents) / 100
