"""Whatever is done to a ledger, by whomever: its book is what its entries give, to the last digit."""

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

from core.book.book import build_book
from core.book.entries import Draft, Entry
from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from core.money import ZERO
from core.portfolio.model import OpeningLot
from tests.core.book.samples import NOW, day, dec, portfolio

FILE = portfolio(
    vti=[OpeningLot(dec(7), dec("33.337"), day("2026-01-01")), OpeningLot(dec(3), dec("41"), day("2025-01-01"))],
    bnd=[OpeningLot(dec("0.333333"), dec("99.99"), day("2026-01-01"))],
    opened=day("2026-11-01"),
)
START = day("2026-10-31")

days = st.integers(0, 12).map(lambda number: START + timedelta(number))
quantities = st.one_of(st.integers(1, 9).map(Decimal), st.decimals("0.000001", "9", places=6))
prices = st.decimals("0.01", "500", places=3)
fees = st.decimals(0, 5, places=2)

trades = st.builds(
    Draft,
    kind=st.just("trade"),
    effective=days,
    currency=st.just("USD"),
    symbol=st.sampled_from(["VTI", "BND"]),
    side=st.sampled_from(["buy", "sell", "sell"]),
    quantity=quantities,
    price=prices,
    fees=fees,
)
payments = st.builds(
    Draft,
    kind=st.just("cash"),
    effective=days,
    currency=st.just("USD"),
    amount=st.decimals(-500, 500, places=2).filter(bool),
)
drafts = st.lists(st.one_of(trades, trades, payments), min_size=1, max_size=3)
numbers = st.integers(1, 30)
changes = st.fixed_dictionaries(
    {}, optional={"price": prices, "quantity": quantities, "fees": fees, "effective": days}
)
steps = st.one_of(
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("append"), drafts),
    st.tuples(st.just("void"), numbers),
    st.tuples(st.just("amend"), numbers, changes),
    st.tuples(st.just("reopen"), st.booleans()),
)


def do(ledger: Ledger, step: tuple[Any, ...], recorded: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The entries after one step; what is refused adds nothing to those `recorded` before."""
    try:
        if step[0] == "append":
            done = ledger.append(step[1], NOW)
        elif step[0] == "void":
            done = ledger.void(step[1] % (len(recorded) + 1), NOW)
        else:
            done = ledger.amend(step[1] % (len(recorded) + 1), NOW, **step[2])
    except (BadInput, Conflict):
        ledger.refresh()
        assert ledger.entries == recorded
        return recorded
    assert ledger.entries == (*recorded, *done.recorded)
    return ledger.entries


def in_force(entries: Sequence[Entry]) -> list[Entry]:
    voided = {entry.void_of for entry in entries}
    return [entry for entry in entries if entry.kind in ("trade", "cash") and entry.seq not in voided]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.booleans(), steps), min_size=1, max_size=40))
def test_any_history_gives_the_same_book_to_everybody_and_accounts_for_every_cent(
    history: list[tuple[bool, tuple[Any, ...]]],
) -> None:
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        folder = Path(place) / FILE.id
        ledgers = [stack.enter_context(Ledger.open(folder, FILE)) for _ in range(2)]
        recorded: tuple[Entry, ...] = ()
        for second, step in history:
            if step[0] == "reopen":
                ledgers[second].close(fold=step[1])
                ledgers[second] = stack.enter_context(Ledger.open(folder, FILE))
            else:
                recorded = do(ledgers[second], step, recorded)
        one, other = ledgers
        one.refresh()
        other.refresh()
        assert one.entries == other.entries == recorded
        assert one.book == other.book == build_book(one.head, one.entries)
        assert one.verify() == []

        kept = in_force(one.entries)
        gains = sum((part.gain or ZERO for entry in kept for part in entry.lots), ZERO)
        paid = sum((entry.amount or ZERO for entry in kept), ZERO)
        began = 1000 + 7 * dec("33.337") + 3 * dec("41") + dec("0.333333") * dec("99.99")
        cost = sum((position.cost or ZERO for position in one.book.positions.values()), ZERO)
        assert one.book.cash["USD"] + cost == began + paid + gains
