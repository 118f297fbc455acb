"""The book: what the entries of a ledger add up to. Pure: a head and entries in, positions and cash out."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from core.book.entries import Entry, EntryLot, Head
from core.book.lots import (
    HeldLot,
    basis_of,
    basis_to_take,
    bought_key,
    key_order,
    opening_key,
    to_grid,
)
from core.money import ONE, OUTPUT_DECIMALS, ZERO, plain, rounded

__all__ = ["Book", "BookBuilder", "BookProblem", "HeldLot", "Position", "Split", "build_book", "head_in_force"]


class Split(NamedTuple):
    """From `day` on there are `ratio` units for each one before."""

    day: date
    ratio: Decimal


class BookProblem(NamedTuple):
    """An entry that does not fit what was there before it."""

    seq: int
    what: str


class Position(Struct, frozen=True):
    """What is held of one symbol: its lots in the order in which they came, none if all was sold."""

    symbol: str
    currency: str
    lots: tuple[HeldLot, ...] = ()

    @property
    def quantity(self) -> Decimal:
        """The units held."""
        return sum((lot.quantity for lot in self.lots), ZERO)

    @property
    def cost(self) -> Decimal | None:
        """What they cost, in the asset's currency; None if the basis of any of them is unknown."""
        total = ZERO
        for lot in self.lots:
            basis = lot.basis
            if basis is None:
                return None
            total += basis
        return total

    def held_on(self, day: date) -> tuple[HeldLot, ...]:
        """What a new sale dated `day` may take: lots acquired by then, less what any recorded sale takes."""
        return tuple(lot for lot in self.lots if lot.held_on(day))


class Book(Struct, frozen=True):
    """What the ledger adds up to.

    `counts` is how many entries name each symbol, voids and voided ones included. `trades` are those in force, by
    day, then number; `splits` those in force of each symbol. `skipped` are the numbers of entries that are dated on
    or before the day the portfolio was opened.
    """

    positions: dict[str, Position]
    cash: dict[str, Decimal]
    counts: dict[str, int] = {}
    trades: tuple[Entry, ...] = ()
    skipped: tuple[int, ...] = ()
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

    A sale names the lots that it takes, so trades may come in any order in which no sale precedes its lots. Splits,
    and what is paid in another currency, depend on what was before them: `takes` says whether an entry comes in
    time. What does not, and what takes back earlier ones (a void, an adoption), needs a new builder.
    """

    def __init__(self, head: Head, entries: Sequence[Entry] = ()) -> None:
        self._head, self._adopted = head_in_force(head, entries)
        self._lots: dict[str, dict[str, HeldLot]] = {}
        self._currencies: dict[str, str] = {}
        self._positions: dict[str, Position] = {}  # frozen ones, dropped when a symbol changes
        self._shuffled: set[str] = set()  # symbols whose lots no longer stand in the order of their days
        self._cash = dict(self._head.balances)
        self._counts: dict[str, int] = {}
        self._trades: list[Entry] = []
        self._skipped: list[int] = []
        self._problems: list[BookProblem] = []
        self._latest = date.min
        self._splits: dict[str, list[Split]] = {}
        self._split_by: dict[str, int] = {}  # by lot: the number of the newest split that applied to it
        self._latest_trade: dict[str, date] = {}  # by symbol
        self._latest_payment: dict[str, date] = {}  # by currency
        for asset in self._head.assets:
            self._currencies[asset.symbol] = asset.currency
            self._lots[asset.symbol] = {
                key: HeldLot(key, asset.symbol, lot.quantity, lot.price, lot.acquired)
                for index, lot in enumerate(asset.lots)
                for key in (opening_key(asset.symbol, index),)
            }
        voided = {entry.void_of for entry in entries}
        for entry in sorted(entries, key=_order):
            self.add(entry, in_force=entry.seq not in voided)

    def add(self, entry: Entry, *, in_force: bool = True) -> None:
        """Counts `entry` in; one not in force, a void and an adoption count only for their symbol."""
        if entry.symbol is not None:
            self._counts[entry.symbol] = self._counts.get(entry.symbol, 0) + 1
        if not in_force or entry.kind not in ("trade", "cash", "split"):
            return
        if self._head.opened is not None and entry.effective <= self._head.opened:
            insort(self._skipped, entry.seq)
        elif entry.kind == "cash":
            self._pay(entry.currency, entry.amount or ZERO, entry.effective)
        elif entry.kind == "split":
            self._split(entry)
        else:
            self._trade(entry)

    def takes(self, entry: Entry) -> bool:
        """Whether `entry`, not yet added, comes in time: nothing that was added depends on what was before it."""
        day, symbol = entry.effective, entry.symbol or ""
        if entry.kind == "split":
            return day >= self._latest_trade.get(symbol, date.min)
        if any(split.day > day for split in self._splits.get(symbol, ())):
            return False
        return entry.currency == self._head.base_currency or day >= self._latest_payment.get(
            entry.currency, date.min
        )

    def held_on(self, symbol: str, day: date) -> tuple[HeldLot, ...]:
        """What a new sale of `symbol` dated `day` may take, in the units of that day."""
        lots = tuple(lot for lot in self._lots.get(symbol, {}).values() if lot.held_on(day))
        for split in reversed(self._splits.get(symbol, ())):
            if split.day > day:
                lots = tuple(lot.split(ONE, split.ratio) if lot.before(split.day) else lot for lot in lots)
        return lots

    def cash(self, currency: str) -> Decimal:
        """The balance in `currency`."""
        return self._cash.get(currency, ZERO)

    @property
    def head(self) -> Head:
        """The opening facts that count."""
        return self._head

    @property
    def problems(self) -> tuple[BookProblem, ...]:
        """The entries so far that do not fit."""
        return tuple(self._problems)

    def book(self) -> Book:
        """What has been added up so far, frozen."""
        for symbol in self._shuffled:
            self._lots[symbol] = {lot.key: lot for lot in sorted(self._lots[symbol].values(), key=_arrival)}
        self._shuffled.clear()
        for symbol, lots in self._lots.items():
            if symbol not in self._positions:
                self._positions[symbol] = Position(symbol, self._currencies[symbol], tuple(lots.values()))
        return Book(
            positions={symbol: self._positions[symbol] for symbol in self._lots},
            cash=dict(self._cash),
            counts=dict(self._counts),
            trades=tuple(self._trades),
            skipped=tuple(self._skipped),
            problems=tuple(self._problems),
            splits={symbol: tuple(splits) for symbol, splits in self._splits.items()},
        )

    def _pay(self, currency: str, amount: Decimal, day: date) -> None:
        self._cash[currency] = self._cash.get(currency, ZERO) + amount
        self._latest_payment[currency] = max(day, self._latest_payment.get(currency, day))

    def _pay_for(self, entry: Entry, amount: Decimal) -> None:
        """Takes `amount` from the currency's own balance, and the rest from base at the entry's rate.

        Without a rate nothing can be converted: the own balance then goes below zero.
        """
        base, own = self._head.base_currency, self._cash.get(entry.currency, ZERO)
        rest = ZERO
        if entry.currency != base and entry.rate is not None:
            rest = amount - min(max(own, ZERO), amount)
        self._pay(entry.currency, rest - amount, entry.effective)
        if rest and entry.rate is not None:
            self._pay(base, -to_grid(rest * entry.rate), entry.effective)

    def _split(self, entry: Entry) -> None:
        """Puts the lots held before that day into new units; one acquired on it is in new units already."""
        symbol, new, old = entry.symbol, entry.new, entry.old
        if symbol is None or not new or not old:
            self._problems.append(BookProblem(entry.seq, "is not a whole split"))
            return
        lots = self._lots.setdefault(symbol, {})
        self._currencies.setdefault(symbol, entry.currency)
        self._positions.pop(symbol, None)
        for key, lot in lots.items():
            if not lot.before(entry.effective):
                continue
            if not rounded(lot.quantity * new / old, OUTPUT_DECIMALS):
                self._problems.append(BookProblem(entry.seq, f"leaves nothing of {plain(lot.quantity)} {symbol}"))
                return
            lots[key] = lot.split(new, old)
            self._split_by[key] = max(entry.seq, self._split_by.get(key, 0))
        self._splits.setdefault(symbol, []).append(Split(entry.effective, new / old))
        self._latest_trade[symbol] = max(entry.effective, self._latest_trade.get(symbol, entry.effective))

    def _trade(self, entry: Entry) -> None:
        symbol, quantity, price = entry.symbol, entry.quantity, entry.price
        if symbol is None or entry.side is None or quantity is None or price is None:
            self._problems.append(BookProblem(entry.seq, "is not a whole trade"))
            return
        currency = self._currencies.setdefault(symbol, entry.currency)
        if currency != entry.currency:
            self._problems.append(BookProblem(entry.seq, f"is in {entry.currency}, but {symbol} is in {currency}"))
            return
        lots = self._lots.setdefault(symbol, {})
        self._positions.pop(symbol, None)
        value, fees = to_grid(quantity * price), entry.fees or ZERO
        self._latest_trade[symbol] = max(entry.effective, self._latest_trade.get(symbol, entry.effective))
        if entry.side == "buy":
            key = bought_key(entry.seq)
            lots[key] = HeldLot(key, symbol, quantity, (value + fees) / quantity, entry.effective)
            if entry.effective < self._latest:
                self._shuffled.add(symbol)
            self._pay_for(entry, value + fees)
        else:
            self._take(entry, symbol, quantity, lots)
            self._pay(currency, value - fees, entry.effective)
        self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        if entry.effective < self._latest:
            insort(self._trades, entry, key=_order)
        else:
            self._trades.append(entry)
            self._latest = entry.effective

    def _take(self, entry: Entry, symbol: str, quantity: Decimal, lots: dict[str, HeldLot]) -> None:
        """Takes the recorded parts of a sale out of `lots`."""
        taken = ZERO
        for part in entry.lots:
            taken += part.quantity
            lot = lots.get(part.lot)
            have = lot.quantity if lot is not None and lot.held_on(entry.effective) else ZERO
            if lot is None or not 0 < part.quantity <= have:
                what = f"sells {plain(part.quantity)} {symbol} of lot {part.lot}, which has {plain(have)} left"
                self._problems.append(BookProblem(entry.seq, what))
            elif part.quantity == have:
                del lots[part.lot]
            else:
                lots[part.lot] = lot.without(part.quantity, self._basis(entry, part, lot))
        if taken != quantity:
            what = f"sells {plain(quantity)} {symbol}, but its lots add up to {plain(taken)}"
            self._problems.append(BookProblem(entry.seq, what))

    def _basis(self, entry: Entry, part: EntryLot, lot: HeldLot) -> Decimal | None:
        """The basis that a part takes with it: recorded, or its share if the lot was corrected or split since."""
        corrected = lot.opening and entry.seq < self._adopted
        if part.price is None or corrected or entry.seq < self._split_by.get(part.lot, 0):
            return basis_to_take(lot, part.quantity)
        return basis_of(part.quantity, part.price)


def _order(entry: Entry) -> tuple[date, int]:
    return entry.effective, entry.seq


def _arrival(lot: HeldLot) -> tuple[bool, date, tuple[bool, int]]:
    """Opening lots first, as the file lists them; then bought ones by day and number."""
    return not lot.opening, date.min if lot.opening or not lot.acquired else lot.acquired, key_order(lot.key)
