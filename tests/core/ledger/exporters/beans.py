"""What beancount's own loader makes of a file."""

from __future__ import annotations

import decimal
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from beancount import loader
from beancount.core import data
from beancount.core.inventory import Inventory

from core.money import ZERO

BEANCOUNT_DIGITS: Final = 28  # of Python's own context, with which bean-check calculates
Lots = dict[tuple[str, str | None], tuple[Decimal, Decimal | None]]


def load(text: str) -> list[Any]:
    """The directives, after all of beancount's checks passed."""
    with decimal.localcontext() as context:
        context.prec = BEANCOUNT_DIGITS
        directives, errors, _ = loader.load_string(text, dedent=False)
    assert errors == [], [error.message for error in errors][:3]
    return list(directives)


def totals(directives: Sequence[Any]) -> dict[str, Inventory]:
    """What is in each account after all transactions."""
    found: dict[str, Inventory] = {}
    for directive in directives:
        if isinstance(directive, data.Transaction):
            for posting in directive.postings:
                found.setdefault(posting.account, Inventory()).add_position(posting)
    return found


def held(directives: Sequence[Any]) -> Lots:
    """Units and cost of each lot, by commodity and key; of units without a cost together."""
    found: Lots = {}
    for account, inventory in totals(directives).items():
        for position in inventory if ":Holdings:" in account else ():
            units, cost = position.units.number or ZERO, position.cost
            key = None if cost is None else key_of(str(cost.label))
            count(found, (position.units.currency, key), units, None if cost is None else units * cost.number)
    return found


def key_of(label: str) -> str:
    """The key of the lot that a label names, or a piece of it."""
    return re.sub(r"/\d+$", "", label)


def count(found: Lots, place: tuple[str, str | None], units: Decimal, cost: Decimal | None) -> None:
    """Adds units and cost to what was found of a lot."""
    before = found.get(place, (ZERO, None))
    found[place] = (before[0] + units, None if cost is None else (before[1] or ZERO) + cost)


def only(directives: Sequence[Any], seq: int) -> Any:
    """The transaction of entry `seq`."""
    (found,) = [d for d in directives if isinstance(d, data.Transaction) and d.meta.get("entry") == str(seq)]
    return found


def moved(transaction: Any) -> list[tuple[str, Any]]:
    """Last part of each account's name, and what went into it."""
    return [(posting.account.rpartition(":")[2], posting.units) for posting in transaction.postings]


def written(transaction: Any) -> dict[str, str]:
    """The same as text, of a transaction with one posting to an account."""
    return {name: str(units) for name, units in moved(transaction)}
