"""What each entry of a ledger moves: which lots it takes and adds, and how cash changes. Pure.

The lots are those that the book's own rules leave after each entry. After everything was moved, what is left is
compared with the book, and a journal that says anything else is not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from core.book.book import Book, BookBuilder, build_book
from core.book.choosing import NO_TAX, averaged
from core.book.entries import Entry, Head
from core.book.holding import opening_lots
from core.book.lots import HeldLot, bought_key
from core.book.replay import Replay, Start, entry_order, in_order
from core.book.wash import Gain, Member
from core.errors import Conflict, Problem, StrikezoneError
from core.money import ZERO
from core.portfolio.model import Tax

NEAR: Final = Decimal("1e-9")  # within which two prices or balances are one
_REPORT: Final = "nothing was written; please report it, with `strikezone ledger export --format json`"
_PAYMENTS: Final = frozenset({"cash", "interest", "fee"})  # they move no lot


class Rules(NamedTuple):
    """What besides the entries decides the basis of a lot, as in `BookBuilder`; `book` is what all of them add up
    to by that, if it is there already."""

    tax: Tax = NO_TAX
    members: Sequence[Member] = ()
    book: Book | None = None

    def book_of(self, head: Head, entries: Sequence[Entry], until: int | None) -> Book:
        """The book of `entries`, of years up to `until` if it is given."""
        if until is None and self.book is not None:
            return self.book
        return build_book(head, up_to(until, entries), self.tax, self.members_until(until))

    def members_until(self, year: int | None) -> Sequence[Member]:
        """The other ledgers as they were at the end of `year`."""
        if year is None:
            return self.members
        return [replace(member, entries=tuple(up_to(year, member.entries))) for member in self.members]


RULES: Final = Rules()


class Lot(Struct, frozen=True, gc=False):
    """A lot or a part of one: `quantity` units that cost `basis` in `currency`; None if unknown.

    `label` is the lot's key in the book; a second piece of a lot, where a wash sale has made pieces of it, has `/2`
    after it. `since` is the day from which it counts as held.
    """

    label: str
    symbol: str
    quantity: Decimal
    basis: Decimal | None
    since: date | None
    currency: str


class Movement(Struct, frozen=True, gc=False):
    """What one entry does: parts of lots that it sells, lots that go and that come, and the change of cash.

    A lot that changes goes and comes again. `rows` are what a sale realised, as the book reckons it. A sale by
    average cost has a movement before its own, which is `averaging`; `own` is False where the entry of another
    ledger changed a lot.
    """

    entry: Entry
    sold: tuple[Lot, ...]
    gone: tuple[Lot, ...]
    added: tuple[Lot, ...]
    cash: dict[str, Decimal]
    rows: tuple[Gain, ...] = ()
    averaging: bool = False
    own: bool = True


class Holdings(Struct, frozen=True):
    """What is held at one moment: lots in their order, and cash by currency."""

    lots: tuple[Lot, ...]
    cash: dict[str, Decimal]


class _Piece(NamedTuple):
    held: HeldLot
    label: str


class Movements:
    """The entries in force in the order in which they count, from the head that counts; of years up to `until`.

    Conflict if an entry does not fit what was there before it.
    """

    def __init__(self, head: Head, entries: Sequence[Entry], rules: Rules, until: int | None = None) -> None:
        counted = up_to(until, entries)
        self.book = rules.book_of(head, entries, until)
        if self.book.problems:
            fix = "look at it with: strikezone ledger verify"
            raise Conflict("", problems=[Problem(what, f"entry {seq}", fix) for seq, what in self.book.problems])
        self._purse = BookBuilder(head, [entry for entry in entries if entry.kind == "adopt"])
        self.head = self._purse.head
        self.entries = _in_force(counted, self.head)
        self._currencies = {asset.symbol: asset.currency for asset in self.head.assets}
        for entry in self.entries:
            for symbol in filter(None, (entry.symbol, entry.to)):
                self._currencies.setdefault(symbol, entry.currency)
        members = rules.members_until(until)
        starts = [_start(self.head, rules.tax), *(_start(one.head, rules.tax, one) for one in members)]
        self._lots = Replay(starts, self._currencies, rules.tax, rows=True)
        others = [[e for e in member.entries if e.symbol in self._currencies] for member in members]
        self._order = in_order(self.entries, others, starts)
        self._done = 0
        self._pieces: dict[str, tuple[_Piece, ...]] = {}
        self._seen: dict[
            str, Sequence[HeldLot]
        ] = {}  # the book's own lists, which it replaces where it changes them
        for key in list(self._lots.accounts[0].lots):
            self._change(key, sale=False)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every asset that is or was held or named."""
        return tuple(self._currencies)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Every currency in which there is cash, an entry or an asset, the base currency first."""
        named = (*self._purse.currencies, *(entry.currency for entry in self.entries), *self._currencies.values())
        return tuple(dict.fromkeys(named))

    def held(self) -> Holdings:
        """What is held after the movements so far."""
        lots = [self._lot(one.held, one.label) for pieces in self._pieces.values() for one in pieces]
        return Holdings(tuple(lots), {currency: self._purse.cash(currency) for currency in self.currencies})

    def go_on(self, to: date | None = None) -> Iterator[Movement]:
        """What the next entries move, those before the day `to` if it is given."""
        while self._done < len(self._order):
            entry, account = self._order[self._done]
            if to is not None and entry.effective >= to:
                return
            self._done += 1
            if account == 0:
                yield from self._averaged(entry)
                yield self._own(entry)
            else:
                yield from self._others(entry, account)

    def check(self) -> None:
        """StrikezoneError if what was moved here does not leave what the book has."""
        ours: dict[str, list[HeldLot]] = {symbol: [] for symbol in self._currencies}
        for pieces in self._pieces.values():
            for one in pieces:
                ours[one.held.symbol].append(one.held)
        for symbol, lots in ours.items():
            position = self.book.positions.get(symbol)
            theirs = position.lots if position else ()
            if sorted(map(_facts, lots)) != sorted(map(_facts, theirs)):
                raise StrikezoneError(f"the lots of {symbol} in the export are not those of the book", fix=_REPORT)
        for currency in self.currencies:
            if abs(self._purse.cash(currency) - self.book.cash.get(currency, ZERO)) > NEAR:
                raise StrikezoneError(f"the {currency} in the export are not those of the book", fix=_REPORT)

    def _own(self, entry: Entry) -> Movement:
        base = self.head.base_currency
        touched = (base,) if entry.currency == base else (base, entry.currency)
        before = [self._purse.cash(currency) for currency in touched]
        self._purse.add(entry)
        cash = {
            currency: change
            for currency, was in zip(touched, before, strict=True)
            if (change := self._purse.cash(currency) - was)
        }
        if entry.kind in _PAYMENTS:
            self._lots.apply(entry)
            return Movement(entry, (), (), (), cash)
        near = self._near()
        self._lots.apply(entry)
        sold: list[Lot] = []
        gone: list[Lot] = []
        added: list[Lot] = []
        for key in self._touched(entry, near):
            out, into = self._change(key, sale=(selling := any(part.lot == key for part in entry.lots)))
            (sold if selling else gone).extend(out)
            added += into
        rows = tuple(self._lots.gains)
        self._lots.gains.clear()
        return Movement(entry, tuple(sold), tuple(gone), tuple(added), cash, rows)

    def _others(self, entry: Entry, account: int) -> Iterator[Movement]:
        """What an entry of another ledger does to the lots of this one."""
        near = self._near()
        self._lots.apply(entry, account)
        gone, added = [], []
        for key in self._changed(near):
            out, into = self._change(key, sale=False)
            gone += out
            added += into
        if gone:
            yield Movement(entry, (), tuple(gone), tuple(added), {}, own=False)

    def _touched(self, entry: Entry, near: Sequence[str]) -> Iterable[str]:
        """The keys of lots that `entry` may have changed: few of many where it is a trade."""
        if entry.kind not in ("trade", "dividend"):
            return dict.fromkeys((*self._pieces, *self._lots.accounts[0].lots))
        if entry.side == "sell":
            return dict.fromkeys((*(part.lot for part in entry.lots), *self._changed(near)))
        return [bought_key(entry.seq)] if entry.quantity is not None else []

    def _near(self) -> list[str]:
        """The keys of lots to whose basis the next entry may add a disallowed loss."""
        if not self._lots.tax.washes:
            return []
        return [one.key for one in self._lots.washes.recent if one.account == 0]

    def _changed(self, keys: Iterable[str]) -> list[str]:
        """Those of the lots called `keys` that are not as they were."""
        lots, seen = self._lots.accounts[0].lots, self._seen
        return [key for key in keys if lots.get(key) is not seen.get(key)]

    def _averaged(self, entry: Entry) -> Iterator[Movement]:
        """What a sale by average cost does to all lots before it takes of them."""
        if entry.method != "average" or entry.side != "sell":
            return
        held: dict[str, list[HeldLot]] = {}
        for lot in averaged(list(self._lots.accounts[0].of(str(entry.symbol)))):
            held.setdefault(lot.key, []).append(lot)
        gone, added = [], []
        for key, lots in held.items():
            out, into = self._change(key, sale=False, after=lots)
            gone += out
            added += into
        if gone:
            yield Movement(entry, (), tuple(gone), tuple(added), {}, averaging=True)

    def _change(
        self, key: str, *, sale: bool, after: Sequence[HeldLot] | None = None
    ) -> tuple[list[Lot], list[Lot]]:
        """Takes over what a lot is now, and gives what went of it and what came.

        Of a `sale` only what it takes goes; otherwise a piece that changed goes whole and comes again.
        """
        now = self._lots.accounts[0].lots.get(key, ()) if after is None else after
        self._seen[key] = now
        left = list(self._pieces.get(key, ()))
        kept: list[_Piece] = []
        fresh: list[HeldLot] = []
        gone: list[Lot] = []
        for held in now:
            same = next((one for one in left if one.held == held), None)
            if same is not None:
                left.remove(same)
                kept.append(same)
                continue
            cut = next((one for one in left if _is_rest(held, one.held)), None) if sale else None
            if cut is None:
                fresh.append(held)
                continue
            left.remove(cut)
            kept.append(_Piece(held, cut.label))
            gone.append(self._cut(cut, held))
        gone += [self._lot(one.held, one.label) for one in left]
        added = []
        for held in fresh:
            label = _label(key, kept)
            kept.append(_Piece(held, label))
            added.append(self._lot(held, label))
        if kept:
            self._pieces[key] = tuple(kept)
        else:
            self._pieces.pop(key, None)
        return gone, added

    def _lot(self, held: HeldLot, label: str) -> Lot:
        currency = self._currencies[held.symbol]
        return Lot(label, held.symbol, held.quantity, held.basis, held.held_since, currency)

    def _cut(self, piece: _Piece, rest: HeldLot) -> Lot:
        """What was taken of a piece of which `rest` is left."""
        whole, left = piece.held.basis, rest.basis
        basis = None if whole is None or left is None else whole - left
        quantity, currency = piece.held.quantity - rest.quantity, self._currencies[rest.symbol]
        return Lot(piece.label, rest.symbol, quantity, basis, rest.held_since, currency)


def up_to(year: int | None, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Those of `entries` that count at the end of `year`: of the heads, the newest always does."""
    return [e for e in entries if year is None or e.effective.year <= year or e.kind == "adopt"]


def _in_force(entries: Sequence[Entry], head: Head) -> list[Entry]:
    voided = {entry.void_of for entry in entries}
    return [
        entry
        for entry in sorted(entries, key=entry_order)
        if entry.kind not in ("void", "adopt")
        and entry.seq not in voided
        and (head.opened is None or entry.effective > head.opened)
    ]


def _start(head: Head, tax: Tax, member: Member | None = None) -> Start:
    """What the ledger of `head`, or a `member` of its wash group, held at the start: as the book takes it."""
    lots = opening_lots(head)
    if member is None:
        return Start(tuple(lots), head.opened, tax.regime == "us", head.portfolio)
    return Start(tuple(lots), head.opened, member.taxed, member.name)


def _is_rest(rest: HeldLot, whole: HeldLot) -> bool:
    """Whether `rest` can be what a sale left of `whole`."""
    if rest.symbol != whole.symbol or rest.quantity >= whole.quantity or rest.held_since != whole.held_since:
        return False
    if rest.price is None or whole.price is None:
        return rest.price is whole.price
    return abs(rest.price - whole.price) <= NEAR


def _label(key: str, taken: Iterable[_Piece]) -> str:
    """The key, or if another piece has that already, the key with the first number that is free."""
    used = {one.label for one in taken}
    number, label = 1, key
    while label in used:
        number += 1
        label = f"{key}/{number}"
    return label


def _facts(lot: HeldLot) -> tuple[str, Decimal, str]:
    """What has to be equal of a lot, and can be sorted."""
    return lot.key, lot.quantity, "" if lot.basis is None else str(lot.basis.quantize(NEAR))
