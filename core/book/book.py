"""The book: what the entries of a ledger add up to. Pure: a head and entries in, positions and cash out."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from core.book.entries import Entry, Head, HeadAsset, Ratio
from core.book.holding import Holding, Position, entry_order
from core.book.lots import HeldLot, cash_moved, opening_key
from core.book.purse import Purse
from core.book.splits import check_ratio
from core.errors import BadInput
from core.money import ZERO

__all__ = ["Book", "BookBuilder", "BookProblem", "HeldLot", "Position", "Split", "build_book", "head_in_force"]


class Split(NamedTuple):
    """From `day` on there are `ratio` units for each one before."""

    day: date
    ratio: Decimal


class BookProblem(NamedTuple):
    """An entry that does not fit what was there before it."""

    seq: int
    what: str


class Book(Struct, frozen=True):
    """What the ledger adds up to.

    `counts` is how many entries name each symbol, voids and voided ones included. `trades` are those in force, by
    day, then number. `skipped` are the numbers of entries dated on or before the day the portfolio was opened,
    `revised` those of sales that took another basis than they recorded, because a split of their lots was recorded
    after them; `splits` are those in force of each symbol.
    """

    positions: dict[str, Position]
    cash: dict[str, Decimal]
    counts: dict[str, int] = {}
    trades: tuple[Entry, ...] = ()
    skipped: tuple[int, ...] = ()
    revised: tuple[int, ...] = ()
    problems: tuple[BookProblem, ...] = ()
    splits: dict[str, tuple[Split, ...]] = {}

    def held_on(self, symbol: str, day: date) -> tuple[HeldLot, ...]:
        """What a new sale of `symbol` dated `day` may take; empty if it is unknown."""
        position = self.positions.get(symbol)
        return position.held_on(day) if position else ()


def build_book(head: Head, entries: Sequence[Entry]) -> Book:
    """The book of `entries` on top of the newest adopted head, or of `head` if none was adopted."""
    return BookBuilder(head, entries).book()


def head_in_force(head: Head, entries: Iterable[Entry]) -> tuple[Head, int]:
    """The head that counts and the number of the entry that adopted it (0: `head`, the first one)."""
    adopted = 0
    for entry in entries:
        if entry.head is not None and entry.seq > adopted:
            head, adopted = entry.head, entry.seq
    return head, adopted


class BookBuilder:
    """Adds entries up one by one, so that a book of many does not start over for one more.

    Only entries that `takes` accepts may be added to those that are there: cash that is converted and lots that
    are split depend on the order. What takes back earlier ones (a void, an adoption) needs a new builder, too.
    """

    def __init__(self, head: Head, entries: Sequence[Entry] = ()) -> None:
        self._head, self._adopted = head_in_force(head, entries)
        self._purse = Purse(self._head.base_currency, self._head.balances)
        self._holdings = {asset.symbol: self._opening(asset) for asset in self._head.assets}
        self._counts: dict[str, int] = {}
        self._trades: list[Entry] = []
        self._skipped: list[int] = []
        self._problems: list[BookProblem] = []
        self._latest = date.min
        voided = {entry.void_of for entry in entries}
        for entry in sorted(entries, key=entry_order):
            self.add(entry, in_force=entry.seq not in voided)

    def takes(self, entry: Entry) -> bool:
        """Whether `entry` comes in time: adding it gives the same book as adding all entries up anew."""
        if entry.kind in ("void", "adopt"):
            return False
        if entry.kind != "split" and not self._purse.follows(entry):
            return False
        holding = self._holdings.get(entry.symbol) if entry.symbol is not None else None
        return holding is None or holding.follows(entry)

    def add(self, entry: Entry, *, in_force: bool = True) -> None:
        """Counts `entry` in; one not in force, a void and an adoption count only for their symbol."""
        if entry.symbol is not None:
            self._counts[entry.symbol] = self._counts.get(entry.symbol, 0) + 1
        if not in_force or entry.kind in ("void", "adopt"):
            return
        if self._head.opened is not None and entry.effective <= self._head.opened:
            insort(self._skipped, entry.seq)
        elif entry.kind in ("cash", "interest", "fee"):
            self._purse.pay(entry, entry.amount or ZERO)
        elif entry.kind == "split":
            self._split(entry)
        else:
            self._trade(entry)

    def held_on(self, symbol: str, day: date) -> tuple[HeldLot, ...]:
        """What a new sale of `symbol` dated `day` may take, in shares of that day."""
        holding = self._holdings.get(symbol)
        return holding.held_on(day) if holding else ()

    def split_on(self, symbol: str, day: date, ratio: Ratio) -> Entry | None:
        """The split of `symbol` by `ratio` on `day` that is in force, if there is one."""
        holding = self._holdings.get(symbol)
        return holding.split_on(day, ratio) if holding else None

    def cash(self, currency: str) -> Decimal:
        """The balance in `currency`."""
        return self._purse.balances.get(currency, ZERO)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those in which there is or was cash, the base currency first."""
        return tuple(dict.fromkeys((self._head.base_currency, *self._purse.balances)))

    @property
    def head(self) -> Head:
        """The opening facts that count."""
        return self._head

    @property
    def problems(self) -> tuple[BookProblem, ...]:
        """The entries so far that do not fit."""
        return tuple(self._problems)

    @property
    def revised(self) -> tuple[int, ...]:
        """The sales so far whose basis is another than they recorded, because of a split."""
        return tuple(sorted({seq for holding in self._holdings.values() for seq in holding.revised}))

    def book(self) -> Book:
        """What has been added up so far, frozen."""
        return Book(
            positions={symbol: holding.position() for symbol, holding in self._holdings.items()},
            cash=dict(self._purse.balances),
            counts=dict(self._counts),
            trades=tuple(self._trades),
            skipped=tuple(self._skipped),
            revised=self.revised,
            problems=tuple(self._problems),
            splits={
                symbol: tuple(Split(one.effective, one.ratio.new / one.ratio.old) for one in splits if one.ratio)
                for symbol, holding in self._holdings.items()
                if (splits := holding.splits)
            },
        )

    def _opening(self, asset: HeadAsset) -> Holding:
        """What is held of an asset at the start."""
        lots = [
            HeldLot(opening_key(asset.symbol, index), asset.symbol, lot.quantity, lot.price, lot.acquired)
            for index, lot in enumerate(asset.lots)
        ]
        return Holding(asset.symbol, asset.currency, lots, opened=self._head.opened, adopted=self._adopted)

    def _holding(self, symbol: str, currency: str) -> Holding:
        """The lots of `symbol`; none yet if it is new."""
        if symbol not in self._holdings:
            self._holdings[symbol] = Holding(symbol, currency, opened=self._head.opened)
        return self._holdings[symbol]

    def _trade(self, entry: Entry) -> None:
        symbol, quantity, price = entry.symbol, entry.quantity, entry.price
        if symbol is None or entry.side is None or quantity is None or price is None:
            self._problem(entry, "is not a whole trade")
            return
        holding = self._holding(symbol, entry.currency)
        if holding.currency != entry.currency:
            self._problem(entry, f"is in {entry.currency}, but {symbol} is in {holding.currency}")
            return
        moved = cash_moved(entry.side, quantity, price, entry.fees)
        if entry.side == "buy":
            holding.buy(entry, quantity, -moved)
        else:
            for what in holding.sell(entry, quantity):
                self._problem(entry, what)
        self._purse.settle(entry, moved)
        self._keep(entry)

    def _split(self, entry: Entry) -> None:
        if entry.symbol is None or entry.ratio is None:
            self._problem(entry, "is not a whole split")
            return
        try:
            check_ratio(entry.ratio)
        except BadInput as error:
            self._problem(entry, error.problems[0].what)
            return
        for what in self._holding(entry.symbol, entry.currency).split(entry, entry.ratio):
            self._problem(entry, what)

    def _keep(self, entry: Entry) -> None:
        if entry.effective < self._latest:
            insort(self._trades, entry, key=entry_order)
        else:
            self._trades.append(entry)
            self._latest = entry.effective

    def _problem(self, entry: Entry, what: str) -> None:
        self._problems.append(BookProblem(entry.seq, what))
