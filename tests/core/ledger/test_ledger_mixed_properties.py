"""Several currencies and splits: the book is that of the days, however entries come in, and no money is made up."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.book.book import Book, build_book
from core.book.entries import Draft, Entry, Head
from core.book.lots import basis_of
from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from core.money import ZERO
from core.portfolio.model import Asset, Cash, OpeningLot, Portfolio
from tests.core.book.samples import NOW, day, dec, portfolio

BASE = "USD"
CURRENCIES = {"VTI": "USD", "SAP": "EUR", "SHEL": "GBP"}
FILE = portfolio(
    assets=(
        Asset("VTI", "USD", lots=(OpeningLot(dec(7), dec("33.337"), day("2026-11-04")),)),
        Asset(
            "SAP", "EUR", lots=(OpeningLot(dec(3), dec(41), day("2025-01-01"), dec("1.1")), OpeningLot(dec("0.5")))
        ),
        Asset("SHEL", "GBP"),
    ),
    cash=Cash({"USD": dec(1000), "EUR": dec(150)}),
)
OPENED = portfolio(assets=FILE.assets, cash=FILE.cash, opened=day("2026-11-02"))
START = day("2026-11-01")

days = st.integers(0, 9).map(lambda number: START + timedelta(number))
symbols = st.sampled_from(list(CURRENCIES))
quantities = st.one_of(st.integers(1, 9).map(Decimal), st.decimals("0.000001", "9", places=6))
prices = st.decimals("0.01", "300", places=3)
fees = st.decimals(0, 5, places=2)
rates = st.one_of(st.none(), st.decimals("0.5", "2", places=4))
ratios = st.sampled_from([("2", "1"), ("3", "2"), ("1", "3"), ("1", "10"), ("7", "3"), ("1.05", "1")])


def in_its_currency(draft: Draft) -> Draft:
    currency = CURRENCIES[draft.symbol or ""] if draft.symbol else draft.currency
    return Draft(**{**{name: getattr(draft, name) for name in draft.__struct_fields__}, "currency": currency,
                    "rate": None if currency == BASE else draft.rate})  # fmt: skip


trades = st.builds(
    Draft, kind=st.just("trade"), effective=days, currency=st.just(""), symbol=symbols, rate=rates,
    side=st.sampled_from(["buy", "sell", "sell"]), quantity=quantities, price=prices, fees=fees,
)  # fmt: skip
payments = st.builds(
    Draft, kind=st.just("cash"), effective=days, currency=st.sampled_from(["USD", "EUR", "GBP"]), rate=rates,
    amount=st.decimals(-300, 300, places=2).filter(bool),
)  # fmt: skip
splits = st.builds(
    Draft, kind=st.just("split"), effective=days, currency=st.just(""), symbol=symbols,
    new=ratios.map(lambda pair: dec(pair[0])), old=ratios.map(lambda pair: dec(pair[1])),
)  # fmt: skip
drafts = st.lists(st.one_of(trades, trades, payments, splits).map(in_its_currency), min_size=1, max_size=4)
numbers = st.integers(1, 30)
changes = st.fixed_dictionaries(
    {}, optional={"price": prices, "quantity": quantities, "fees": fees, "effective": days}
)
steps = st.one_of(
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("void"), numbers),
    st.tuples(st.just("amend"), numbers, changes),
)


def do(ledger: Ledger, step: tuple[Any, ...]) -> None:
    """One step; what is refused leaves everything as it was."""
    ledger.refresh()
    before = ledger.entries, ledger.book
    try:
        if step[0] == "append":
            ledger.append(step[1], NOW)
        elif step[0] == "void":
            ledger.void(step[1] % (len(before[0]) + 1), NOW)
        else:
            ledger.amend(step[1] % (len(before[0]) + 1), NOW, **step[2])
    except (BadInput, Conflict):
        ledger.refresh()
        assert (ledger.entries, ledger.book) == before


def in_force(head: Head, entries: Sequence[Entry]) -> list[Entry]:
    """What counts, in its order."""
    voided = {entry.void_of for entry in entries}
    counting = [entry for entry in entries if entry.kind not in ("void", "adopt") and entry.seq not in voided]
    return sorted(counting, key=lambda entry: (entry.effective, entry.seq))


@settings(deadline=None, max_examples=80)
@given(st.sampled_from([FILE, OPENED]), st.lists(st.tuples(st.booleans(), steps), min_size=3, max_size=25))
def test_any_order_of_recording_gives_the_book_of_the_days(
    file: Portfolio, history: list[tuple[bool, tuple[Any, ...]]]
) -> None:
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place) / file.id
        ledgers = [stack.enter_context(Ledger.open(folder, file)) for _ in range(2)]
        for second, step in history:
            do(ledgers[second], step)
            assert ledgers[second].book == build_book(ledgers[second].head, ledgers[second].entries)
        one, other = ledgers
        one.refresh()
        other.refresh()
        assert one.book == other.book
        assert one.verify() == []
        with Ledger.open(folder, file) as fresh:
            assert fresh.entries == one.entries
            assert fresh.book == one.book
        check_every_step(one.head, one.entries)


def check_every_step(head: Head, entries: Sequence[Entry]) -> None:
    """What each entry in force does to cash and lots, one after the other in the order in which they count."""
    whole = build_book(head, entries)
    counting = in_force(head, entries)
    dead = [entry for entry in entries if entry not in counting]
    before = build_book(head, dead)
    for count in range(1, len(counting) + 1):
        entry = counting[count - 1]
        after = build_book(head, [*dead, *counting[:count]])
        check_cash(entry, before, after)
        if entry.kind == "split":
            assert bases(after) == bases(before)
        elif entry.side == "sell" and entry.seq not in whole.revised:
            taken = [basis_of(part.quantity, part.price) for part in entry.lots]
            assert None in taken or total(before) - total(after) == sum((basis or ZERO for basis in taken), ZERO)
        before = after
    assert before.cash == whole.cash
    assert before.positions == whole.positions


def check_cash(entry: Entry, before: Book, after: Book) -> None:
    """What moved is the entry's flow, part of it at its rate from base currency if it is a trade that costs."""
    moved = {
        currency: after.cash.get(currency, ZERO) - before.cash.get(currency, ZERO)
        for currency in before.cash.keys() | after.cash.keys()
    }
    flow = entry.amount or ZERO
    if entry.kind == "trade":
        value = (entry.quantity or ZERO) * (entry.price or ZERO)
        flow = (value if entry.side == "sell" else -value) - (entry.fees or ZERO)
    own, base = moved.pop(entry.currency, ZERO), ZERO
    if entry.currency != BASE:
        base = moved.pop(BASE, ZERO)
    assert not any(moved.values())
    if entry.rate is None or entry.currency == BASE:
        assert (own, base) == (flow, ZERO)
    else:
        assert (own - flow) * entry.rate + base == 0
    if base:
        assert entry.kind == "trade"
        assert base < 0
        assert after.cash.get(entry.currency, ZERO) == min(before.cash.get(entry.currency, ZERO), ZERO)


def bases(book: Book) -> dict[str, Decimal | None]:
    return {lot.key: lot.basis for position in book.positions.values() for lot in position.lots}


def total(book: Book) -> Decimal:
    return sum((basis or ZERO for basis in bases(book).values()), ZERO)
