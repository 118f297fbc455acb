"""Whether what an export sells is held, row by row, before any of it is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from core.book.book import BookBuilder
from core.book.changes import entry_of
from core.book.entries import Draft
from core.book.growth import Growth
from core.book.lots import HeldLot
from core.clock import WallClock
from core.ledger.importers.items import Row
from core.ledger.ledger import Ledger
from core.money import ZERO, plain

_LOTS_CHANGE: Final = ("split", "spinoff", "rename")


def with_lots(ledger: Ledger, rows: Sequence[Row]) -> tuple[list[Row], list[tuple[Row, str]]]:
    """The rows that can be recorded one after the other, and those that sell what is not held, with why."""
    if not any(draft.side == "sell" for row in rows for draft in row.drafts):
        return list(rows), []
    lots = _Lots(ledger, rows)
    taken: list[Row] = []
    lacking: list[tuple[Row, str]] = []
    for row in rows:
        missing = next(filter(None, map(lots.missing, row.drafts)), None)
        if missing is None:
            taken.append(row)
            for draft in row.drafts:
                lots.add(draft)
        else:
            lacking.append((row, missing))
    return taken, lacking


class _Lots:
    """How much of each symbol is held while rows are added.

    Where nothing but trades is added behind what is recorded, quantities tell; else the book itself has to.
    """

    def __init__(self, ledger: Ledger, rows: Sequence[Row]) -> None:
        self._ledger = ledger
        self._held: dict[str, Decimal] = {}
        self._growth: Growth | None = None
        self._difficult: set[str] = set()
        latest: dict[str, date] = {}
        for entry in ledger.entries:
            for symbol in filter(None, (entry.symbol, entry.to)):
                latest[symbol] = max(entry.effective, latest.get(symbol, date.min))
        for draft in (draft for row in rows for draft in row.drafts):
            for symbol in filter(None, (draft.symbol, draft.to)):
                if draft.kind in _LOTS_CHANGE or latest.get(symbol, date.min) > draft.effective:
                    self._difficult.add(symbol)

    def missing(self, draft: Draft) -> str | None:
        """Why a sale cannot be recorded; None for one that can, and for everything else."""
        if draft.side != "sell" or draft.symbol is None:
            return None
        sold, held = draft.quantity or ZERO, self._quantity(draft.symbol, draft.effective)
        if sold <= held:
            return None
        return (
            f"sells {plain(sold)} {draft.symbol} on {draft.effective}, but {plain(sold - held)} of them are not "
            "held: record first what you held before the export begins, as lots of the [[asset]] or a transfer"
        )

    def add(self, draft: Draft) -> None:
        """Counts in what a draft adds to the lots, or takes from them."""
        if draft.symbol is None or draft.kind in ("cash", "interest", "fee"):
            return
        if draft.symbol in self._difficult or draft.to is not None:
            growth = self._grown()
            seq = len(self._ledger.entries) + len(growth.fresh) + 1
            anyhow = replace(
                draft, lots=()
            )  # which lots does not matter here, and their names are another ledger's
            growth.add(entry_of(anyhow, seq, WallClock().now(), growth.held_on))
            return
        moved = sum((lot.quantity for lot in draft.received), draft.quantity or ZERO)
        held = self._quantity(draft.symbol, draft.effective)
        self._held[draft.symbol] = held - moved if draft.side == "sell" else held + moved

    def _quantity(self, symbol: str, day: date) -> Decimal:
        if symbol in self._difficult:
            return _sum(self._grown().held_on(symbol, day))
        if symbol not in self._held:
            self._held[symbol] = _sum(self._ledger.book.held_on(symbol, day))
        return self._held[symbol]

    def _grown(self) -> Growth:
        if self._growth is None:
            head, entries = self._ledger.head, self._ledger.entries
            self._growth = Growth(BookBuilder(head, entries), lambda fresh: BookBuilder(head, [*entries, *fresh]))
        return self._growth


def _sum(lots: Iterable[HeldLot]) -> Decimal:
    return sum((lot.quantity for lot in lots), ZERO)
