"""What each entry of a ledger moves: which lots it takes and adds, and how cash changes. Pure.

Where the book and a journal could disagree is decided here: after everything was moved, the lots that are left are
compared with those of the book, and a journal that says anything else is not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from core.book.book import BookBuilder
from core.book.entries import Entry, EntryLot, Head
from core.book.holding import entry_order
from core.book.lots import HeldLot, basis_of, bought_key, cash_moved, share
from core.errors import Conflict, Problem, StrikezoneError
from core.money import ZERO

NEAR: Final = Decimal("1e-9")  # within which two bases are one: both were rounded on their way
FAR: Final = Decimal("1e-6")  # beyond which the lots moved here are not those of the book
_NEITHER: Final = frozenset({"cash", "interest", "fee"})  # kinds that move no lot


class Lot(Struct, frozen=True, gc=False):
    """A lot or a part of one: `quantity` units that cost `basis` in `currency`; None if unknown."""

    key: str
    symbol: str
    quantity: Decimal
    basis: Decimal | None
    acquired: date | None
    currency: str


class Movement(Struct, frozen=True, gc=False):
    """What one entry does: parts of lots that it takes and adds, and its change of cash by currency."""

    entry: Entry
    taken: tuple[Lot, ...]
    added: tuple[Lot, ...]
    cash: dict[str, Decimal]


class Holdings(Struct, frozen=True):
    """What is held at one moment: lots in their order, and cash by currency."""

    lots: tuple[Lot, ...]
    cash: dict[str, Decimal]


class Replay:
    """The entries in force in the order in which they count, from the head that counts.

    Conflict if an entry does not fit what was there before it.
    """

    def __init__(self, head: Head, entries: Sequence[Entry]) -> None:
        self._builder = BookBuilder(head, [entry for entry in entries if entry.kind == "adopt"])
        self.head = self._builder.head
        voided = {entry.void_of for entry in entries}
        opened = self.head.opened
        self.entries = [
            entry
            for entry in sorted(entries, key=entry_order)
            if entry.kind not in ("void", "adopt")
            and entry.seq not in voided
            and (opened is None or entry.effective > opened)
        ]
        self._currencies = {asset.symbol: asset.currency for asset in self.head.assets}
        for entry in self.entries:
            for symbol in (entry.symbol, entry.to):
                if symbol is not None:
                    self._currencies.setdefault(symbol, entry.currency)
        self._reckoned_anew = frozenset(_reckoned_anew(self.entries, entries))
        self._lots: dict[str, dict[str, Lot]] = {symbol: {} for symbol in self._currencies}
        self._watched = dict.fromkeys((self.head.base_currency, *self.head.balances))
        for symbol in self._lots:
            self._resync(symbol)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every asset that is or was held or named."""
        return tuple(self._currencies)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency in which there is cash, an entry or an asset, the base currency first."""
        named = (*self._watched, *(entry.currency for entry in self.entries), *self._currencies.values())
        return tuple(dict.fromkeys(named))

    def held(self) -> Holdings:
        """What is held after the movements so far."""
        lots = tuple(lot for symbol in self._lots.values() for lot in symbol.values())
        return Holdings(lots, {currency: self._builder.cash(currency) for currency in self.currencies})

    def movements(self, entries: Iterable[Entry]) -> Iterator[Movement]:
        """What each of `entries` moves, which are the next ones of `self.entries`."""
        base = self.head.base_currency
        for entry in entries:
            touched = (base,) if entry.currency == base else (base, entry.currency)
            before = [self._builder.cash(currency) for currency in touched]
            self._builder.add(entry)
            if len(self._builder.problems) > 0:
                self._refuse()
            cash = {
                currency: change
                for currency, was in zip(touched, before, strict=True)
                if (change := self._builder.cash(currency) - was)
            }
            taken, added = self._moved(entry)
            yield Movement(entry, tuple(taken), tuple(added), cash)

    def check(self) -> None:
        """StrikezoneError if the lots moved here are not those of the book."""
        for symbol, ours in self._lots.items():
            theirs = self._theirs(symbol)
            if ours.keys() != theirs.keys() or not all(_alike(lot, theirs[key], FAR) for key, lot in ours.items()):
                raise StrikezoneError(
                    f"the lots of {symbol} in the export are not those of the ledger",
                    fix="nothing was written; please report it, with `strikezone ledger export --format json`",
                )

    def _refuse(self) -> None:
        fix = "look at it with: strikezone ledger verify"
        unfit = [Problem(what, f"entry {seq}", fix) for seq, what in self._builder.problems]
        raise Conflict("", problems=unfit)

    def _moved(self, entry: Entry) -> tuple[list[Lot], list[Lot]]:
        symbol = entry.symbol
        if symbol is None or entry.kind in _NEITHER:
            return [], []
        if entry.kind == "trade":
            return self._traded(entry, symbol)
        taken, added = self._resync(symbol)
        if entry.to is not None:
            more_taken, more_added = self._resync(entry.to)
            return taken + more_taken, added + more_added
        return taken, added

    def _traded(self, entry: Entry, symbol: str) -> tuple[list[Lot], list[Lot]]:
        """A trade touches few of many lots: they are moved here, one by one, without asking the book for all."""
        lots, quantity, price = self._lots[symbol], entry.quantity or ZERO, entry.price or ZERO
        if entry.side == "buy":
            cost, key = -cash_moved("buy", quantity, price, entry.fees), bought_key(entry.seq)
            lots[key] = lot = Lot(key, symbol, quantity, cost, entry.effective, entry.currency)
            return [], [lot]
        taken = []
        theirs = self._theirs(symbol) if entry.seq in self._reckoned_anew else None
        for part in entry.lots:
            lot = lots[part.lot]
            if part.quantity == lot.quantity:
                del lots[part.lot]
                taken.append(lot)
                continue
            rest = _rest(lot, part) if theirs is None else theirs[part.lot].basis
            basis = None if lot.basis is None or rest is None else lot.basis - rest
            taken.append(_changed(lot, part.quantity, basis))
            lots[part.lot] = _changed(lot, lot.quantity - part.quantity, rest)
        return taken, []

    def _resync(self, symbol: str) -> tuple[list[Lot], list[Lot]]:
        """Takes over the book's lots of `symbol`; gives those that are gone or changed, as they were and are."""
        ours, theirs = self._lots[symbol], self._theirs(symbol)
        taken = [lot for key, lot in ours.items() if not _same(lot, theirs.get(key))]
        added = [lot for key, lot in theirs.items() if not _same(lot, ours.get(key))]
        self._lots[symbol] = {key: ours[key] if _same(lot, ours.get(key)) else lot for key, lot in theirs.items()}
        return taken, added

    def _theirs(self, symbol: str) -> dict[str, Lot]:
        held, currency = self._builder.held_on(symbol, date.max), self._currencies[symbol]
        return {lot.key: _lot(lot, currency) for lot in held}


def _reckoned_anew(in_force: Iterable[Entry], entries: Iterable[Entry]) -> Iterator[int]:
    """Sales that may take another basis than they recorded: what changes their lots was recorded after them."""
    adopted = max((entry.seq for entry in entries if entry.kind == "adopt"), default=0)
    latest: dict[str | None, int] = {}
    for entry in in_force:
        if entry.side == "sell":
            if entry.seq < max(adopted, latest.get(entry.symbol, 0)):
                yield entry.seq
        elif entry.kind not in _NEITHER and entry.kind != "trade":
            for symbol in (entry.symbol, entry.to):
                latest[symbol] = max(entry.seq, latest.get(symbol, 0))


def _rest(lot: Lot, part: EntryLot) -> Decimal | None:
    """The basis that is left of `lot` after a sale took `part`, which has its own on record."""
    if lot.basis is None:
        return None
    recorded = basis_of(part.quantity, part.price)
    return lot.basis - (share(lot.basis, part.quantity, lot.quantity) if recorded is None else recorded)


def _lot(lot: HeldLot, currency: str) -> Lot:
    return Lot(lot.key, lot.symbol, lot.quantity, lot.basis, lot.acquired, currency)


def _changed(lot: Lot, quantity: Decimal, basis: Decimal | None) -> Lot:
    return Lot(lot.key, lot.symbol, quantity, basis, lot.acquired, lot.currency)


def _same(lot: Lot, other: Lot | None) -> bool:
    """Whether nothing moved between the two."""
    return other is not None and lot.acquired == other.acquired and _alike(lot, other)


def _alike(lot: Lot, other: Lot, within: Decimal = NEAR) -> bool:
    if lot.quantity != other.quantity:
        return False
    if lot.basis is None or other.basis is None:
        return lot.basis is other.basis
    return abs(lot.basis - other.basis) <= within
