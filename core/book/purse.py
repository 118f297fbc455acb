"""Cash by currency, as entries pay into it and out of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from core.book.entries import Entry
from core.book.lots import to_grid
from core.money import ZERO


class Purse:
    """The balances of a book while entries are added.

    What a trade costs is paid from the balance of its own currency as far as that goes, and the rest converted from
    base currency at the entry's rate; what it brings stays in its currency. Where the rate is unknown nothing is
    converted: the own balance becomes negative. What is converted is rounded to 30 decimals if it has more.
    """

    def __init__(self, base: str, balances: Mapping[str, Decimal]) -> None:
        self.base = base
        self.balances = dict(balances)
        self._latest: dict[str, date] = {}  # the day of the last entry in each foreign currency

    def follows(self, entry: Entry) -> bool:
        """Whether no entry that is here already, but comes after `entry`, can have been paid from its balance."""
        return entry.currency == self.base or entry.effective >= self._latest.get(entry.currency, date.min)

    def pay(self, entry: Entry, amount: Decimal) -> None:
        """Moves `amount` in the entry's currency: in, or if negative out, and never converted."""
        self._move(entry.currency, amount)
        self._pass(entry)

    def settle(self, entry: Entry, amount: Decimal) -> None:
        """Moves what a trade brings, or if negative costs, converting from base currency what its own lacks."""
        own = self.balances.get(entry.currency, ZERO)
        lacking = -amount - max(own, ZERO)
        if amount >= 0 or lacking <= 0 or entry.rate is None or entry.currency == self.base:
            self._move(entry.currency, amount)
        else:
            if own > 0:
                self._move(entry.currency, -own)
            self._move(self.base, -to_grid(lacking * entry.rate))
        self._pass(entry)

    def _move(self, currency: str, amount: Decimal) -> None:
        self.balances[currency] = self.balances.get(currency, ZERO) + amount

    def _pass(self, entry: Entry) -> None:
        if entry.currency != self.base:
            self._latest[entry.currency] = max(entry.effective, self._latest.get(entry.currency, date.min))
