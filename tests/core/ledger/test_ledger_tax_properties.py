"""Every kind of entry under every tax regime: however it was recorded, the book and gains are those of the days,
and `verify` finds that all basis and cash is accounted for."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.book.book import BookBuilder, build_book
from core.book.entries import Draft, HeadLot
from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from core.portfolio.model import Asset, Cash, OpeningLot, Portfolio, Tax
from tests.core.book.samples import NOW, day, dec, portfolio

SYMBOLS = ("VTI", "OLD", "NEW", "SPUN")
START = day("2025-11-20")
REGIMES = [
    Tax(),
    Tax(regime="us"),
    Tax(regime="us", method="average"),
    Tax(regime="us", method="min_tax", wash_sales="off"),
    Tax(method="hifo"),
    Tax(regime="uk", method="lifo"),
]


def file(tax: Tax) -> Portfolio:
    lots = (OpeningLot(dec(7), dec("33.337"), day("2025-11-04")), OpeningLot(dec(2), dec(50), day("2024-11-30")))
    assets = (
        Asset("VTI", "USD", kind="etf", lots=lots),
        *(Asset(symbol, "USD", kind="etf") for symbol in SYMBOLS[1:]),
    )
    return portfolio(assets=assets, cash=Cash({"USD": dec(1000)}), tax=tax)


days = st.one_of(st.integers(0, 20), st.integers(355, 400)).map(lambda number: START + timedelta(number))
symbols = st.sampled_from(SYMBOLS)
quantities = st.one_of(st.integers(1, 9).map(Decimal), st.decimals("0.000001", "9", places=6))
prices = st.decimals("0.01", "99", places=3)
fees = st.decimals(0, 5, places=2)
ratios = st.sampled_from([("2", "1"), ("3", "2"), ("1", "3"), ("1", "10"), ("7", "3")])
lots = st.lists(
    st.builds(HeadLot, quantities, st.one_of(prices, prices, prices, st.none()), st.sampled_from([None, START])),
    min_size=1,
    max_size=3,
).map(tuple)


def draft(kind: str, **fields: Any) -> st.SearchStrategy[Draft]:
    return st.builds(Draft, kind=st.just(kind), effective=days, currency=st.just("USD"), **fields)


def split(pair: tuple[str, str]) -> st.SearchStrategy[Draft]:
    return draft("split", symbol=symbols, new=st.just(dec(pair[0])), old=st.just(dec(pair[1])))


def spinoff(pair: tuple[str, str]) -> st.SearchStrategy[Draft]:
    share = st.decimals(0, 1, places=3)
    parents = st.sampled_from(["VTI", "OLD"])
    new, old = st.just(dec(pair[0])), st.just(dec(pair[1]))
    return draft("spinoff", symbol=parents, to=st.just("SPUN"), new=new, old=old, basis_share=share)


trades = draft(
    "trade", symbol=symbols, side=st.sampled_from(["buy", "sell", "sell"]), quantity=quantities, price=prices,
    fees=fees, method=st.sampled_from([None, None, "fifo", "lifo", "hifo", "average"]),
)  # fmt: skip
happenings = st.one_of(
    draft("dividend", symbol=symbols, amount=prices, withheld=st.one_of(st.none(), fees)),
    draft("dividend", symbol=symbols, amount=prices, quantity=quantities, price=prices, fees=fees),
    draft("interest", amount=prices),
    draft("fee", amount=prices.map(lambda price: -price)),
    draft("cash", amount=st.decimals(-300, 300, places=2).filter(bool)),
    ratios.flatmap(split),
    ratios.flatmap(spinoff),
    draft("rename", symbol=st.just("OLD"), to=st.just("NEW")),
    draft("transfer", symbol=symbols, received=lots),
)
drafts = st.lists(st.one_of(trades, trades, trades, happenings), min_size=1, max_size=4)
numbers = st.integers(1, 30)
changes = st.fixed_dictionaries({}, optional={"price": prices, "quantity": quantities, "effective": days})
steps = st.one_of(
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("void"), numbers),
    st.tuples(st.just("amend"), numbers, changes),
    st.tuples(st.just("fold")),
)


def do(ledger: Ledger, step: tuple[Any, ...]) -> None:
    """One step; what is refused leaves everything as it was."""
    ledger.refresh()
    before = ledger.entries, ledger.book
    try:
        if step[0] == "append":
            ledger.append(step[1], NOW)
        elif step[0] == "fold":
            assert ledger.verify() == []
        elif step[0] == "void":
            ledger.void(step[1] % (len(before[0]) + 1), NOW)
        else:
            ledger.amend(step[1] % (len(before[0]) + 1), NOW, **step[2])
    except (BadInput, Conflict):
        ledger.refresh()
        assert (ledger.entries, ledger.book) == before


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(REGIMES), st.lists(st.tuples(st.booleans(), steps), min_size=3, max_size=20))
def test_a_random_ledger_is_derived_the_same_from_its_first_entry(
    tax: Tax, history: list[tuple[bool, tuple[Any, ...]]]
) -> None:
    kept = file(tax)
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place) / kept.id
        ledgers = [stack.enter_context(Ledger.open(folder, kept)) for _ in range(2)]
        for second, step in history:
            do(ledgers[second], step)
            assert ledgers[second].book == build_book(ledgers[second].head, ledgers[second].entries, tax)
        one, other = ledgers
        one.refresh()
        other.refresh()
        assert one.book == other.book
        assert one.verify() == []
        gains = BookBuilder(one.head, one.entries, tax, rows=True).gains
        assert one.gains == gains
        with Ledger.open(folder, kept) as fresh:
            assert (fresh.entries, fresh.book, fresh.gains) == (one.entries, one.book, gains)
