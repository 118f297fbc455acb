"""What beancount's own loader makes of an export: no error, and the lots, costs, cash and gains of the book."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data
from beancount.core.inventory import Inventory

from core.book.book import Book
from core.ledger.exporters.accounts import accounts
from core.ledger.exporters.beancount import beancount
from core.ledger.exporters.commodities import commodities
from core.money import ZERO
from tests.core.ledger.exporters.samples import CURRENCIES, Kept, traded

ROUNDS = int(os.environ.get("STRIKEZONE_STRESS_KILLS", "12")) // 4
CENT = Decimal("0.005")
NEAR = Decimal("1e-9")
NAMES = commodities(["USD", *CURRENCIES.values()], CURRENCIES)


def load(text: str) -> list[Any]:
    """The directives, after all of beancount's checks passed."""
    directives, errors, _ = loader.load_string(text, dedent=False)
    assert errors == [], [error.message for error in errors][:3]
    return list(directives)


def totals(directives: Sequence[Any]) -> dict[str, Inventory]:
    """What is in each account after all transactions."""
    found: dict[str, Inventory] = {}
    for entry in directives:
        if isinstance(entry, data.Transaction):
            for posting in entry.postings:
                found.setdefault(posting.account, Inventory()).add_position(posting)
    return found


def held(directives: Sequence[Any]) -> dict[tuple[str, str | None], tuple[Decimal, Decimal | None]]:
    """Units and cost of each lot, by commodity and label; of units without a cost together."""
    return {
        (position.units.currency, position.cost.label if position.cost else None): (
            position.units.number,
            position.units.number * position.cost.number if position.cost else None,
        )
        for account, inventory in totals(directives).items()
        if ":Holdings:" in account
        for position in inventory
    }


def lots(book: Book) -> dict[tuple[str, str | None], tuple[Decimal, Decimal | None]]:
    """The same, of the book."""
    found: dict[tuple[str, str | None], tuple[Decimal, Decimal | None]] = {}
    for symbol, position in book.positions.items():
        for lot in position.lots:
            place = (NAMES.assets[symbol], None if lot.basis is None else lot.key)
            found[place] = (found.get(place, (ZERO, None))[0] + lot.quantity, lot.basis)
    return found


def agree(kept: Kept) -> None:
    directives = load(beancount(kept.head, kept.entries, accounts(kept.head.portfolio)))
    theirs, ours = held(directives), lots(kept.book)
    assert theirs.keys() == ours.keys()
    for place, (units, cost) in ours.items():
        assert abs(theirs[place][0] - units) < Decimal("1e-12"), place
        if cost is not None:
            assert abs((theirs[place][1] or ZERO) - cost) < CENT, place
    there = totals(directives)
    cash = {p.units.currency: p.units.number for p in there["Assets:Strikezone:Five-years:Cash"]}
    for currency, balance in kept.book.cash.items():
        assert abs(cash.get(currency, ZERO) - balance) < NEAR, currency
    for position in there.get("Equity:Strikezone:Five-years:Adjustments", ()):
        assert position.units.currency not in cash or abs(position.units.number) < NEAR
    sales_agree(kept, directives)


def sales_agree(kept: Kept, directives: Sequence[Any]) -> None:
    """Every sale takes the lots that it recorded, and where all their bases are known, has the recorded gain."""
    booked = {int(d.meta["entry"]): d for d in directives if isinstance(d, data.Transaction) and "entry" in d.meta}
    voided = {entry.void_of for entry in kept.entries}
    sales = [entry for entry in kept.entries if entry.side == "sell" and entry.seq not in voided]
    assert sales
    for sale in sales:
        taken = [p for p in booked[sale.seq].postings if ":Holdings:" in p.account]
        assert [(p.cost.label if p.cost else None, -p.units.number) for p in taken] == [
            (None if part.price is None else part.lot, part.quantity) for part in sale.lots
        ]
        gains = [part.gain for part in sale.lots if part.gain is not None]
        if len(gains) == len(sale.lots) and sale.seq not in kept.book.revised:
            (gain,) = [p.units.number for p in booked[sale.seq].postings if p.account.endswith(":Gains")]
            assert abs(gain + sum(gains)) < NEAR


@pytest.mark.stress
def test_five_years_of_random_trading_agree_with_the_book(tmp_path: Path) -> None:
    for seed in range(ROUNDS):
        kept = traded(tmp_path / str(seed), seed)
        kinds = Counter(entry.kind for entry in kept.entries)
        assert min(kinds[kind] for kind in ("trade", "cash", "interest", "fee", "split", "void")) > 0
        agree(kept)
