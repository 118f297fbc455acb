"""Lots: what is held of one purchase, and which lots a sale takes, with the gain of each part.

A lot's basis is an amount on a grid of 30 decimals and its price per unit keeps 50 digits, so that price times
quantity, put back on the grid, is the basis to its last digit (below 1e18). Parts therefore always add up exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec import Struct

from core.book.entries import EntryLot, Ratio, Side
from core.book.splits import split_quantity
from core.money import ZERO, plain

GRID_DECIMALS: Final = 30
_GRID: Final = Decimal(1).scaleb(-GRID_DECIMALS)
_OPENING: Final = "open"


class HeldLot(Struct, frozen=True, gc=False):
    """What is still held of a lot. `price` is its basis per unit, buying fees included; None if unknown.

    `key` is `open:SYMBOL:INDEX` for a lot held at the start, `e:SEQ` for one that entry SEQ bought.
    """

    key: str
    symbol: str
    quantity: Decimal
    price: Decimal | None = None
    acquired: date | None = None

    @property
    def basis(self) -> Decimal | None:
        """What the whole of it cost; None if unknown."""
        return basis_of(self.quantity, self.price)

    @property
    def opening(self) -> bool:
        """Whether it was held at the start instead of bought by an entry."""
        return self.key.startswith(_OPENING)

    def held_on(self, day: date) -> bool:
        """Whether a sale on `day` may take it: opening lots are held from the start."""
        return self.opening or self.acquired is None or self.acquired <= day

    def split(self, ratio: Ratio) -> HeldLot:
        """What a split makes of it, at the same basis; ValueError if that is nothing or too much."""
        return self.recounted(split_quantity(self.quantity, ratio))

    def recounted(self, quantity: Decimal) -> HeldLot:
        """The same lot as `quantity` units that cost the same, to the last digit."""
        price = None if self.basis is None else self.basis / quantity
        return HeldLot(self.key, self.symbol, quantity, price, self.acquired)

    def without(self, quantity: Decimal, basis: Decimal | None) -> HeldLot:
        """What remains after `quantity` units that cost `basis` have left it; `quantity` is less than the whole."""
        rest, own = self.quantity - quantity, self.basis
        price = None if own is None or basis is None else (own - basis) / rest
        return HeldLot(self.key, self.symbol, rest, price, self.acquired)


def opening_key(symbol: str, index: int) -> str:
    """The key of the `index`-th opening lot of `symbol`, counted from 0."""
    return f"{_OPENING}:{symbol}:{index}"


def bought_key(seq: int) -> str:
    """The key of the lot that entry `seq` bought."""
    return f"e:{seq}"


def key_order(key: str) -> tuple[bool, int]:
    """Sorts keys: opening lots in the file's order, then bought lots by their entry."""
    kind, _, number = key.rpartition(":")
    return not kind.startswith(_OPENING), int(number)


def cash_moved(side: Side, quantity: Decimal, price: Decimal, fees: Decimal | None) -> Decimal:
    """What a trade adds to the cash of its currency: the proceeds of a sale, less fees; minus what a buy costs."""
    value, fees = to_grid(quantity * price), fees or ZERO
    return value - fees if side == "sell" else -value - fees


def to_grid(number: Decimal) -> Decimal:
    """`number` as it is, or rounded half even to 30 decimals where it has more."""
    exponent = number.as_tuple().exponent
    return number.quantize(_GRID) if isinstance(exponent, int) and exponent < -GRID_DECIMALS else number


def basis_of(quantity: Decimal, price: Decimal | None) -> Decimal | None:
    """What `quantity` units cost at `price` per unit, exactly; None if the price is unknown."""
    return None if price is None else to_grid(price * quantity)


def share(whole: Decimal, part: Decimal, total: Decimal) -> Decimal:
    """The share of `whole` that falls on `part` out of `total`, on the grid."""
    return to_grid(whole * part / total)


def fifo_order(lots: Iterable[HeldLot]) -> list[HeldLot]:
    """`lots`, oldest first; those of unknown basis or day before all others (Fidelity's rule); ties by key."""
    return sorted(lots, key=_age)


def take_fifo(
    lots: Iterable[HeldLot], quantity: Decimal, price: Decimal, fees: Decimal = ZERO
) -> tuple[EntryLot, ...]:
    """The parts of `lots` that a sale of `quantity` at `price` takes first in, first out; ValueError if too few."""
    picks: list[tuple[HeldLot, Decimal]] = []
    missing = quantity
    for lot in fifo_order(lots):
        if missing <= 0:
            break
        taken = min(missing, lot.quantity)
        picks.append((lot, taken))
        missing -= taken
    if missing > 0:
        raise ValueError(f"{plain(quantity)} cannot be sold")
    return _parts(picks, quantity, price, fees)


def take_named(
    lots: Iterable[HeldLot], chosen: Sequence[EntryLot], quantity: Decimal, price: Decimal, fees: Decimal = ZERO
) -> tuple[EntryLot, ...]:
    """The parts of `lots` that `chosen` names by key and quantity, with gains at `price`; ValueError if they are
    not there or not the whole quantity."""
    held = {lot.key: lot for lot in lots}
    picks: list[tuple[HeldLot, Decimal]] = []
    for part in chosen:
        lot = held.pop(part.lot, None)
        if lot is None or not 0 < part.quantity <= lot.quantity:
            raise ValueError(f"{plain(part.quantity)} of lot {part.lot} cannot be sold")
        picks.append((lot, part.quantity))
    named = sum((taken for _, taken in picks), ZERO)
    if named != quantity:
        raise ValueError(f"the lots named add up to {plain(named)}, the sale is of {plain(quantity)}")
    return _parts(picks, quantity, price, fees)


def _age(lot: HeldLot) -> tuple[bool, date, tuple[bool, int]]:
    known = lot.price is not None and lot.acquired is not None
    return known, lot.acquired or date.min, key_order(lot.key)


def basis_to_take(lot: HeldLot, quantity: Decimal) -> Decimal | None:
    """What `quantity` units of `lot` cost: its share, or all that is left of the basis if they are all of it."""
    whole = lot.basis
    if whole is None or quantity == lot.quantity:
        return whole
    return share(whole, quantity, lot.quantity)


def _parts(
    picks: Sequence[tuple[HeldLot, Decimal]], quantity: Decimal, price: Decimal, fees: Decimal
) -> tuple[EntryLot, ...]:
    """One part per pick; each has its share of the proceeds after fees, the last what remains of them."""
    left = proceeds = cash_moved("sell", quantity, price, fees)
    parts = []
    for number, (lot, taken) in enumerate(picks, start=1):
        received = left if number == len(picks) else share(proceeds, taken, quantity)
        left -= received
        basis = basis_to_take(lot, taken)
        unit = lot.price if taken == lot.quantity or basis is None else basis / taken
        gain = None if basis is None else received - basis
        parts.append(EntryLot(lot=lot.key, quantity=taken, acquired=lot.acquired, price=unit, gain=gain))
    return tuple(parts)
