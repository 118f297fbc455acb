"""The book: what the entries of a ledger add up to. Pure: a head and entries in, positions and cash out."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from core.book.choosing import NO_TAX
from core.book.entries import Entry, Head, Ratio
from core.book.holding import Holding, Position, opening_lots
from core.book.lots import HeldLot, cash_moved
from core.book.purse import Purse
from core.book.replay import Unfit, entry_order
from core.book.splits import check_ratio
from core.book.wash import Gain, Member
from core.errors import BadInput
from core.money import ZERO
from core.portfolio.model import Tax

__all__ = ["Book", "BookBuilder", "HeldLot", "Position", "Split", "Unfit", "build_book", "head_in_force"]

_PAYMENTS = frozenset({"cash", "interest", "fee"})
_OF_LOTS = frozenset({"split", "spinoff", "rename", "transfer"})


class Split(NamedTuple):
    """From `day` on there are `ratio` units for each one before."""

    day: date
    ratio: Decimal


class Book(Struct, frozen=True):
    """What the ledger adds up to.

    `counts` is how many entries name each symbol, voids and voided ones included. `trades` are those in force, by
    day, then number. `skipped` are the numbers of entries dated on or before the day the portfolio was opened,
    `revised` those of sales that take another basis than they recorded, because what counts before them was
    recorded after them; `splits` are those in force of each symbol, `renamed` the new symbol of each old one.
    """

    positions: dict[str, Position]
    cash: dict[str, Decimal]
    counts: dict[str, int] = {}
    trades: tuple[Entry, ...] = ()
    skipped: tuple[int, ...] = ()
    revised: tuple[int, ...] = ()
    problems: tuple[Unfit, ...] = ()
    splits: dict[str, tuple[Split, ...]] = {}
    renamed: dict[str, str] = {}

    def held_on(self, symbol: str, day: date) -> tuple[HeldLot, ...]:
        """What a new sale of `symbol` dated `day` may take; empty if it is unknown."""
        position = self.positions.get(symbol)
        return position.held_on(day) if position else ()


def build_book(head: Head, entries: Sequence[Entry], tax: Tax = NO_TAX, members: Sequence[Member] = ()) -> Book:
    """The book of `entries` on top of the newest adopted head, or of `head` if none was adopted.

    `tax` says by which rules losses are disallowed or shares matched, `members` are the others of its wash group.
    """
    return BookBuilder(head, entries, tax, members).book()


def head_in_force(head: Head, entries: Iterable[Entry]) -> tuple[Head, int]:
    """The head that counts and the number of the entry that adopted it (0: `head`, the first one)."""
    adopted = 0
    for entry in entries:
        if entry.head is not None and entry.seq > adopted:
            head, adopted = entry.head, entry.seq
    return head, adopted


class BookBuilder:
    """Adds entries up one by one, so that a book of many does not start over for one more.

    Only entries that `takes` accepts may be added to those that are there: cash that is converted depends on the
    order. What takes back earlier ones (a void, an adoption) or links two symbols needs a new builder, too. With
    `rows` all gains are kept, at least those of a year if it is one.
    """

    def __init__(
        self,
        head: Head,
        entries: Sequence[Entry] = (),
        tax: Tax = NO_TAX,
        members: Sequence[Member] = (),
        *,
        rows: bool | int = False,
    ) -> None:
        self._head, self._adopted = head_in_force(head, entries)
        self._tax, self._members, self._rows = tax, members, rows
        self._purse = Purse(self._head.base_currency, self._head.balances)
        self._holdings: dict[str, Holding] = {}
        self._counts: dict[str, int] = {}
        self._trades: list[Entry] = []
        self._skipped: list[int] = []
        self._problems: list[Unfit] = []
        self._renamed: dict[str, str] = {}
        self._latest = date.min
        voided = {entry.void_of for entry in entries}
        in_force = [entry for entry in entries if entry.seq not in voided]
        self._link(in_force)
        for entry in sorted(entries, key=entry_order):
            self.add(entry, in_force=entry.seq not in voided)

    def takes(self, entry: Entry) -> bool:
        """Whether `entry` comes in time: adding it gives the same book as adding all entries up anew."""
        if entry.kind in ("void", "adopt", "spinoff", "rename"):
            return False
        return entry.kind in _OF_LOTS or self._purse.follows(entry)

    def add(self, entry: Entry, *, in_force: bool = True) -> None:
        """Counts `entry` in; one not in force, a void and an adoption count only for their symbol."""
        if entry.symbol is not None:
            self._counts[entry.symbol] = self._counts.get(entry.symbol, 0) + 1
        if entry.to is not None:
            self._counts[entry.to] = self._counts.get(entry.to, 0) + 1
        if not in_force or entry.kind in ("void", "adopt"):
            return
        if self._head.opened is not None and entry.effective <= self._head.opened:
            insort(self._skipped, entry.seq)
        elif entry.kind in _PAYMENTS:
            self._purse.pay(entry, entry.amount or ZERO)
        elif entry.kind in _OF_LOTS:
            self._change_lots(entry)
        elif entry.kind == "dividend":
            self._dividend(entry)
        else:
            self._trade(entry)

    def held_on(self, symbol: str, day: date) -> tuple[HeldLot, ...]:
        """What a new sale of `symbol` dated `day` may take, in shares of that day."""
        holding = self._holdings.get(symbol)
        return holding.held_on(symbol, day) if holding else ()

    def split_on(self, symbol: str, day: date, ratio: Ratio) -> Entry | None:
        """The split of `symbol` by `ratio` on `day` that is in force, if there is one."""
        holding = self._holdings.get(symbol)
        return holding.split_on(symbol, day, ratio) if holding else None

    def cash(self, currency: str) -> Decimal:
        """The balance in `currency`."""
        return self._purse.balances.get(currency, ZERO)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those in which there is or was cash, the base currency first."""
        return tuple(dict.fromkeys((self._head.base_currency, *self._purse.balances)))

    @property
    def latest(self) -> date:
        """The day of the last trade so far."""
        return self._latest

    @property
    def head(self) -> Head:
        """The opening facts that count."""
        return self._head

    @property
    def renamed(self) -> Mapping[str, str]:
        """By old symbol: the new one."""
        return self._renamed

    @property
    def problems(self) -> tuple[Unfit, ...]:
        """The entries so far that do not fit."""
        return (*self._problems, *(unfit for holding in self._all() for unfit in holding.unfit))

    @property
    def revised(self) -> tuple[int, ...]:
        """The sales so far whose basis is another than they recorded."""
        return tuple(sorted({seq for holding in self._all() for seq in holding.revised}))

    @property
    def gains(self) -> tuple[Gain, ...]:
        """What was realised, by day, then number; needs `rows`."""
        found = [row for holding in self._all() for row in holding.gains]
        return tuple(sorted(found, key=lambda row: (row.sold, row.seq)))

    def families(self) -> Iterator[tuple[tuple[str, ...], list[Gain]]]:
        """The symbols that belong together, and what their sales realised; needs `rows`."""
        for holding in self._all():
            yield tuple(holding.currencies), holding.gains

    def book(self) -> Book:
        """What has been added up so far, frozen."""
        return Book(
            positions={symbol: holding.position(symbol) for symbol, holding in self._holdings.items()},
            cash=dict(self._purse.balances),
            counts=dict(self._counts),
            trades=tuple(self._trades),
            skipped=tuple(self._skipped),
            revised=self.revised,
            problems=self.problems,
            splits=self._splits(),
            renamed=dict(self._renamed),
        )

    def _all(self) -> tuple[Holding, ...]:
        """Each holding once: linked symbols share one."""
        return tuple({id(holding): holding for holding in self._holdings.values()}.values())

    def _splits(self) -> dict[str, tuple[Split, ...]]:
        found: dict[str, list[Split]] = {}
        for holding in self._all():
            for one in holding.splits:
                if one.ratio and one.symbol:
                    found.setdefault(one.symbol, []).append(Split(one.effective, one.ratio.new / one.ratio.old))
        return {symbol: tuple(splits) for symbol, splits in found.items()}

    def _link(self, entries: Iterable[Entry]) -> None:
        """Makes a holding for each symbol of the head, and one for all that entries link."""
        currencies = {asset.symbol: asset.currency for asset in self._head.assets}
        for member in self._members:
            currencies |= {e.symbol: e.currency for e in member.entries if e.symbol and e.symbol not in currencies}
        groups = {symbol: {symbol} for symbol in currencies}
        own = tuple(entries)
        self._renamed = {e.symbol: e.to for e in own if e.kind == "rename" and e.symbol and e.to}
        for entry in (*own, *(e for member in self._members for e in member.entries)):
            if entry.to is None or entry.symbol is None:
                continue
            for symbol in (entry.symbol, entry.to):
                currencies.setdefault(symbol, entry.currency)
                groups.setdefault(symbol, {symbol})
            together = groups[entry.symbol] | groups[entry.to]
            for symbol in together:
                groups[symbol] = together
        for symbol, group in groups.items():
            if symbol not in self._holdings:
                holding = self._begun({one: currencies[one] for one in currencies if one in group})
                self._holdings |= dict.fromkeys(group, holding)
        self._holdings = {symbol: self._holdings[symbol] for symbol in groups}

    def _begun(self, currencies: Mapping[str, str]) -> Holding:
        """The lots of some symbols at the start."""
        lots = [lot for lot in opening_lots(self._head) if lot.symbol in currencies]
        return Holding(
            currencies,
            lots,
            opened=self._head.opened,
            tax=self._tax,
            members=self._members,
            rows=self._rows,
            name=self._head.portfolio,
        )

    def _holding(self, symbol: str, currency: str) -> Holding:
        """The lots of `symbol`; none yet if it is new."""
        if symbol not in self._holdings:
            self._holdings[symbol] = self._begun({symbol: currency})
        return self._holdings[symbol]

    def _fitting(self, entry: Entry) -> Holding | None:
        """The holding of an entry's symbol; None, and a problem, if it is in another currency."""
        symbol = str(entry.symbol)
        holding = self._holding(symbol, entry.currency)
        if holding.currencies[symbol] == entry.currency:
            return holding
        self._problem(entry, f"is in {entry.currency}, but {symbol} is in {holding.currencies[symbol]}")
        return None

    def _trade(self, entry: Entry) -> None:
        if entry.symbol is None or entry.side is None or entry.quantity is None or entry.price is None:
            self._problem(entry, "is not a whole trade")
            return
        holding = self._fitting(entry)
        if holding is not None:
            holding.add(entry)
            self._purse.settle(entry, cash_moved(entry.side, entry.quantity, entry.price, entry.fees))
            self._keep(entry)

    def _dividend(self, entry: Entry) -> None:
        """Cash, less what it bought if it was reinvested."""
        paid, holding = entry.amount or ZERO, self._fitting(entry)
        if holding is None:
            return
        if entry.quantity is not None and entry.price is not None:
            holding.add(entry)
            paid += cash_moved("buy", entry.quantity, entry.price, entry.fees)
        self._purse.pay(entry, paid)

    def _change_lots(self, entry: Entry) -> None:
        """What changes lots and moves no cash."""
        lacks_ratio = entry.kind in ("split", "spinoff") and entry.ratio is None
        lacks_other = entry.kind in ("spinoff", "rename") and entry.to is None
        if entry.symbol is None or lacks_ratio or lacks_other:
            names = {"split": "a whole split", "spinoff": "a whole spin-off", "rename": "a whole change of symbol"}
            self._problem(entry, f"is not {names.get(entry.kind, 'a whole transfer')}")
            return
        try:
            if entry.ratio is not None:
                check_ratio(entry.ratio, same=entry.kind == "spinoff")
        except BadInput as error:
            self._problem(entry, error.problems[0].what)
            return
        self._holding(entry.symbol, entry.currency).add(entry)

    def _keep(self, entry: Entry) -> None:
        if entry.effective < self._latest:
            insort(self._trades, entry, key=entry_order)
        else:
            self._trades.append(entry)
            self._latest = entry.effective

    def _problem(self, entry: Entry, what: str) -> None:
        self._problems.append(Unfit(entry.seq, what))
