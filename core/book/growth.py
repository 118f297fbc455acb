"""Entries about to be recorded, added to the book as they come, or all anew where one belongs before others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import Final

from core.book.book import BookBuilder
from core.book.entries import Entry
from core.book.lots import HeldLot
from core.money import amount

_MONEYLESS: Final = frozenset({"split", "spinoff", "rename", "transfer"})

Rebuild = Callable[[Sequence[Entry]], BookBuilder]  # a builder with everything recorded and these new entries


class Growth:
    """A builder that grows by `fresh` entries; added up anew only once that is needed, so that many cost one."""

    def __init__(self, builder: BookBuilder | None, rebuild: Rebuild) -> None:
        self.fresh: list[Entry] = []
        self._builder = builder
        self._rebuild = rebuild

    def add(self, entry: Entry) -> None:
        """Counts `entry` in."""
        self.fresh.append(entry)
        if self._builder is not None and self._builder.takes(entry):
            self._builder.add(entry)
        else:
            self._builder = None

    @property
    def builder(self) -> BookBuilder:
        """What everything adds up to; raises what `rebuild` does if something then no longer fits."""
        if self._builder is None:
            self._builder = self._rebuild(self.fresh)
        return self._builder

    def held_on(self, symbol: str, day: date) -> tuple[HeldLot, ...]:
        """What a new sale of `symbol` dated `day` may take."""
        return self.builder.held_on(symbol, day)


def sales_after(split: Entry, recorded: Sequence[Entry]) -> Iterator[Entry]:
    """Those of the entries `recorded` after `split` that sell in its units."""
    for entry in recorded:
        if entry.side == "sell" and entry.symbol == split.symbol and entry.effective >= split.effective:
            yield entry


def remarks(
    builder: BookBuilder, moving: Sequence[Entry], fresh: Sequence[Entry], revised: Collection[int]
) -> Iterator[str]:
    """What the user should know: balances below zero that `moving` entries moved, and gains that no longer hold.

    `revised` are the sales that took another basis than they recorded before. Of the `fresh` ones only those count
    that something else comes after or before: what a part of a sale disallows of another is no news.
    """
    base = builder.head.base_currency
    moved = {currency for entry in moving if entry.kind not in _MONEYLESS for currency in (entry.currency, base)}
    for currency in sorted(moved):
        balance = builder.cash(currency)
        if balance < 0:
            yield f"cash is {amount(balance)} {currency} after this"
    for seq in builder.revised:
        own = next((entry for entry in fresh if entry.seq == seq), None)
        news = own is None or own.effective < builder.latest
        if seq not in revised and news:
            yield (
                f"the gain that entry {seq} was recorded with no longer holds: this counts before it; "
                "`strikezone ledger gains` has it as it is now"
            )
