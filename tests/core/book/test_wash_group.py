"""In a wash group every disallowed loss is in one basis, whichever ledger is asked: random trades of three."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.book.audit import audit
from core.book.book import BookBuilder
from core.book.changes import entry_of
from core.book.drafts import checked
from core.book.entries import Entry
from core.book.lots import cash_moved
from core.book.wash import Member
from core.errors import BadInput
from core.money import ZERO
from core.portfolio.model import Tax
from tests.core.book.samples import NOW, buy, head, sell

US = Tax(regime="us", wash_group="family")
NEAR = Decimal("1e-15")


def traded(dice: random.Random, name: str) -> Member:
    """A few purchases and sales, many of them on the same days."""
    start, entries, on = head(cash="1000000", portfolio=name), list[Entry](), date(2024, 1, 1)
    for seq in range(1, dice.randint(3, 9)):
        on += timedelta(days=dice.choice([0, 0, 5, 10, 29, 30, 31]))
        make = dice.choice([buy, sell])
        draft = replace(make(dice.randint(1, 5), dice.randint(5, 15), str(on)), id=f"{name}-{seq}")
        try:
            held_on = BookBuilder(start, entries, US).held_on
            entries.append(entry_of(checked(draft, new_id=str), len(entries) + 1, NOW, held_on, tax=US))
        except BadInput:
            continue
    return Member(name, start, tuple(entries))


@pytest.mark.parametrize("seed", range(40))
def test_what_is_disallowed_in_a_group_is_what_its_bases_gain(seed: int) -> None:
    dice = random.Random(seed)
    group = [traded(dice, name) for name in ("a", "b", "c")]
    disallowed = gained = ZERO
    for one in group:
        others = [other for other in group if other is not one]
        builder = BookBuilder(one.head, one.entries, US, others, rows=True)
        assert audit(one.head, one.entries, US, others) == []
        paid = [
            -cash_moved("buy", e.quantity or ZERO, e.price or ZERO, e.fees) for e in one.entries if e.side == "buy"
        ]
        there = builder.book().positions["VTI"].cost or ZERO
        gained += there + sum((row.native_basis or ZERO for row in builder.gains), ZERO) - sum(paid, ZERO)
        disallowed += sum((row.disallowed or ZERO for row in builder.gains), ZERO)
    assert abs(gained - disallowed) < NEAR
