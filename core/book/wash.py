"""Wash sales: losses that purchases around them disallow, and what that adds to the replacements.

A loss is disallowed as far as the same security is bought within 30 days before or after the sale. Losses go in the
order of their sales, replacements in that of their purchase; no share takes two losses, and none replaces what was
bought by the same order. The loss is added to the basis of what replaces it, and its holding period with it.
Source: IRC 1091, 1223(3), Treas. Reg. 1.1091-1 and -2.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from msgspec import Struct

from core.book.entries import Entry, Head, Ratio
from core.book.lots import HeldLot, key_order, share, to_grid
from core.book.splits import factor, floored, split_quantity
from core.book.terms import Term, carried_over
from core.money import ONE, ZERO

WINDOW_DAYS: Final = 30  # to each side of the sale: 61 days with its own
MOST_PIECES: Final = 4  # of one lot that took losses; where there are more, they become one


class Member(Struct, frozen=True):
    """Another ledger of the same wash group. Where gains are not taxed (`taxed` False), a purchase disallows a loss
    all the same, and nothing is added to its basis: the loss is gone. Source: Rev. Rul. 2008-5."""

    name: str
    head: Head
    entries: tuple[Entry, ...]
    taxed: bool = True
    count: int = 0  # of all entries that the ledger had


class Gain(Struct, gc=False):
    """What one part of a sale realised. Money is in base currency, and beside it in the asset's; None if unknown.

    `acquired` is the day from which the part counts as held, None of a pool. `gain` is before `disallowed`, which
    grows while replacements are bought; it is positive, None where there are no wash sales. `replaced` are the
    units whose loss that is, `replaced_on` the last day on which any of what replaces them was bought.
    """

    seq: int
    symbol: str
    currency: str
    quantity: Decimal
    acquired: date | None
    sold: date
    proceeds: Decimal | None
    basis: Decimal | None
    native_proceeds: Decimal
    native_basis: Decimal | None
    term: Term | None = None
    disallowed: Decimal | None = None
    account: int = 0
    replaced: Decimal = ZERO
    replaced_on: date | None = None

    @property
    def gain(self) -> Decimal | None:
        """Proceeds less basis."""
        return None if self.proceeds is None or self.basis is None else self.proceeds - self.basis

    def replace(self, units: Decimal, amount: Decimal, bought: date | None) -> None:
        """What was bought on a day replaces `units`, and disallows `amount`."""
        self.disallowed = (self.disallowed or ZERO) + amount
        self.replaced += units
        if bought is not None:
            self.replaced_on = max(self.replaced_on or bought, bought)


class OpenLoss(Struct, gc=False):
    """A loss that a purchase until `until` would still disallow: `left` units of it, worth `amount` (positive).

    What was sold came on the day `came`; `splits` are those that `left` is in the units of.
    """

    symbol: str
    day: date
    since: date | None
    lot: str
    account: int
    left: Decimal
    amount: Decimal
    row: Gain
    came: date = date.min
    splits: frozenset[tuple[date, Ratio]] = frozenset()

    @property
    def until(self) -> date:
        """The last day of its window."""
        return _shifted(self.day, WINDOW_DAYS)


class Pieces:
    """The lots that one account holds, by key; a lot is in pieces where part of it took a loss."""

    def __init__(self, taxed: bool) -> None:
        self.taxed = taxed
        self.lots: dict[str, list[HeldLot]] = {}
        self.arrived: dict[str, date] = {}  # when those came that are older than that
        self.shuffled = False

    def put(self, lot: HeldLot) -> None:
        """Adds a lot."""
        self.lots[lot.key] = [lot]

    def of(self, symbol: str) -> Iterator[HeldLot]:
        """Its lots, in the order in which they came."""
        return (piece for pieces in self.lots.values() for piece in pieces if piece.symbol == symbol)


class Bought(NamedTuple):
    """A purchase that may replace what is sold at a loss near it; `rank` is that of its account on one day."""

    acquired: date
    rank: int
    account: int
    order: tuple[int, ...]
    key: str
    symbol: str


class Washes:
    """The losses whose windows are open, and the purchases near, while the entries of all accounts go by."""

    def __init__(self, accounts: Sequence[Pieces], ranks: Sequence[int]) -> None:
        self._accounts = accounts
        self._ranks = ranks
        self.open: list[OpenLoss] = []
        self.recent: list[Bought] = []
        self.changed: dict[str, None] = {}  # keys of lots of account 0 that took a loss; its reader empties it
        self._oldest = date.max  # of the recent ones
        self._new_names: dict[str, str] = {}

    def name(self, symbol: str) -> str:
        """What `symbol` is called since the last change of it in any account: another may not have recorded it."""
        seen = {symbol}
        while (symbol := self._new_names.get(symbol, symbol)) not in seen:
            seen.add(symbol)
        return symbol

    def lose(self, loss: OpenLoss) -> None:
        """A sale at a loss: what was bought in the 30 days before and is still held replaces it first."""
        first, until = _shifted(loss.day, -WINDOW_DAYS), loss.until
        loss.symbol = self.name(loss.symbol)
        used_up = []
        for at, one in enumerate(self.recent):
            if one.symbol != loss.symbol or not first <= one.acquired <= until:
                continue
            if one.key == loss.lot and one.account == loss.account:
                continue
            lots = self._accounts[one.account].lots
            pieces = lots.get(one.key)
            if pieces is not None and not pieces[-1].absorbed:
                self._absorb(loss, self._accounts[one.account], one.key)
                pieces = lots[one.key]
            if pieces is None or pieces[-1].absorbed:
                used_up.append(at)
            if not loss.left:
                break
        for at in reversed(used_up):
            del self.recent[at]
        if loss.left:
            self.open.append(loss)

    def _free(self, one: Bought) -> bool:
        """Whether any of a purchase is still held and has taken no loss."""
        pieces = self._accounts[one.account].lots.get(one.key)
        return pieces is not None and not pieces[-1].absorbed

    def bought(self, account: int, key: str, symbol: str, acquired: date | None) -> None:
        """A purchase: it replaces what was lost in the 30 days before, the first loss first."""
        if acquired is None:
            return
        symbol = self.name(symbol)
        one = Bought(acquired, self._ranks[account], account, key_order(key), key, symbol)
        insort(self.recent, one)
        self._oldest = min(self._oldest, acquired)
        for loss in self.open:
            first = _shifted(loss.day, -WINDOW_DAYS)
            near = loss.symbol == symbol and first <= acquired <= loss.until
            if near and (account, key) != (loss.account, loss.lot):
                self._absorb(loss, self._accounts[account], key)
                if not self._free(one):
                    break
        if self.open:
            self.open = [loss for loss in self.open if loss.left]

    def pass_to(self, day: date) -> None:
        """Closes the windows that ended before `day`."""
        if self.open and any(loss.until < day for loss in self.open):
            self.open = [loss for loss in self.open if loss.until >= day]
        first = _shifted(day, -WINDOW_DAYS)
        if self._oldest < first:
            self.recent = [one for one in self.recent if one.acquired >= first]
            self._oldest = min((one.acquired for one in self.recent), default=date.max)

    def bought_elsewhere(self, symbol: str) -> Iterator[HeldLot]:
        """What other accounts bought lately and still hold."""
        for one in self.recent:
            if one.account and one.symbol == self.name(symbol):
                yield from self._accounts[one.account].lots.get(one.key, ())

    def near(self, symbol: str) -> Iterator[OpenLoss]:
        """The losses of `symbol` whose windows are open."""
        return (loss for loss in self.open if loss.symbol == self.name(symbol))

    def split(self, symbol: str, day: date, ratio: Ratio, account: int) -> None:
        """What was lost before a split is replaced in new units, whichever account records it, or several.

        Sales of its own day count in old units if they stand before it in their account, unless they took what was
        bought that day.
        """
        done, symbol = (day, ratio), self.name(symbol)
        for loss in self.open:
            before = loss.day < day or (loss.account == account and loss.came < day)
            if loss.symbol == symbol and before and done not in loss.splits:
                loss.left, loss.splits = _in_new_units(loss.left, ratio), loss.splits | {done}
        self.open = [loss for loss in self.open if loss.left]

    def rename(self, symbol: str, to: str) -> None:
        """The same security by another symbol."""
        self._new_names[symbol] = to
        self._new_names.pop(to, None)
        for loss in self.open:
            if loss.symbol == symbol:
                loss.symbol = to
        self.recent = [one._replace(symbol=to) if one.symbol == symbol else one for one in self.recent]

    def _absorb(self, loss: OpenLoss, account: Pieces, key: str) -> None:
        """Adds as much of `loss` as they can take to the pieces of a lot that have taken none."""
        if account is self._accounts[0]:
            self.changed[key] = None
        before: list[HeldLot] = []
        after: list[HeldLot] = []
        for piece in account.lots[key]:
            if piece.absorbed or not loss.left:
                (before if piece.absorbed else after).append(piece)
                continue
            units = min(piece.quantity, loss.left)
            whole = units == piece.quantity
            basis, rest = piece.cut(units)
            taken = piece if whole else piece.costing(basis, units)
            if rest is not None:
                after.append(rest)
            amount = loss.amount if units == loss.left else share(loss.amount, units, loss.left)
            loss.amount, loss.left = loss.amount - amount, loss.left - units
            loss.row.replace(units, amount, piece.acquired)
            before.append(_replaced(taken, amount, loss) if account.taxed else _marked(taken))
        account.lots[key] = (before if len(before) <= MOST_PIECES else [_merged(before)]) + after


def _replaced(lot: HeldLot, amount: Decimal, loss: OpenLoss) -> HeldLot:
    """`lot` with `amount` (base currency) of `loss` in its basis, and held since earlier."""
    basis = lot.basis
    if basis is not None and lot.rate is not None:
        basis += amount if lot.rate == ONE else to_grid(amount / lot.rate)
    since = carried_over(lot.held_since, loss.since, loss.day)
    price = None if basis is None else basis / lot.quantity
    return HeldLot(lot.key, lot.symbol, lot.quantity, price, lot.acquired, lot.rate, since, True)


def _merged(pieces: Sequence[HeldLot]) -> HeldLot:
    """Pieces that took losses as one with the basis of all, held since the latest of their days."""
    first = pieces[0]
    units = sum((piece.quantity for piece in pieces), ZERO)
    bases = [piece.basis for piece in pieces]
    known = [basis for basis in bases if basis is not None]
    price = sum(known, ZERO) / units if len(known) == len(bases) else None
    since = max((piece.held_since for piece in pieces if piece.held_since is not None), default=None)
    return HeldLot(first.key, first.symbol, units, price, first.acquired, first.rate, since, True)


def _marked(lot: HeldLot) -> HeldLot:
    return HeldLot(lot.key, lot.symbol, lot.quantity, lot.price, lot.acquired, lot.rate, lot.since, True)


def _in_new_units(units: Decimal, ratio: Ratio) -> Decimal:
    """What a split makes of units that are not held any more: it may be nothing, or more than can be held."""
    try:
        return split_quantity(units, ratio)
    except ValueError:
        return floored(Fraction(units) * factor(ratio))


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.min if days < 0 else date.max
