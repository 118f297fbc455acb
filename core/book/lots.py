"""Lots: what is held of one purchase, and the arithmetic of its basis.

A lot's basis is an amount on a grid of 30 decimals and its price per unit keeps 50 digits, so that price times
quantity, put back on the grid, is the basis to its last digit (below 1e18). Parts therefore always add up exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.book.entries import Ratio, Side
from core.book.splits import split_quantity
from core.money import ONE, ZERO

GRID_DECIMALS: Final = 30
_GRID: Final = Decimal(1).scaleb(-GRID_DECIMALS)
_OPENING: Final = "open"
_SPUN: Final = "x"


class HeldLot(Struct, frozen=True, gc=False):
    """What is still held of a lot. `price` is its basis per unit in the asset's currency, fees and disallowed
    losses included; None if unknown. `rate` is base currency per unit of that currency when it was bought.

    `acquired` is the real day of purchase, by which lots are ordered; `since` the day from which its holding
    period counts if a wash sale carried that of another lot over. `absorbed` tells that a disallowed loss is in it:
    no share takes two. `key` names the lot for as long as the ledger lives:
    `open:SYMBOL:INDEX` held at the start, `e:SEQ` bought by entry SEQ, `t:SEQ:INDEX` transferred in by it,
    `x:SEQ/KEY` spun off by it from the lot KEY.
    """

    key: str
    symbol: str
    quantity: Decimal
    price: Decimal | None = None
    acquired: date | None = None
    rate: Decimal | None = None
    since: date | None = None
    absorbed: bool = False

    @property
    def basis(self) -> Decimal | None:
        """What the whole of it cost, in the asset's currency; None if unknown."""
        return basis_of(self.quantity, self.price)

    @property
    def base_price(self) -> Decimal | None:
        """Its basis per unit in base currency; None if unknown."""
        if self.price is None or self.rate is None:
            return None
        return self.price if self.rate == ONE else self.price * self.rate

    @property
    def held_since(self) -> date | None:
        """The day from which its holding period counts."""
        return self.since or self.acquired

    @property
    def opening(self) -> bool:
        """Whether it was held at the start instead of bought by an entry."""
        return self.key.startswith(_OPENING)

    @property
    def purchased(self) -> bool:
        """Whether it can replace what was sold at a loss: it was bought, not spun off."""
        return not self.key.startswith(_SPUN)

    def split(self, ratio: Ratio) -> HeldLot:
        """The same lot in new units, its basis unchanged; ValueError if nothing or too much would be left."""
        return self.recounted(split_quantity(self.quantity, ratio))

    def recounted(self, quantity: Decimal) -> HeldLot:
        """The same lot as `quantity` units that cost the same, to the last digit."""
        price = None if self.basis is None else self.basis / quantity
        return replace(self, quantity=quantity, price=price)

    def costing(self, basis: Decimal | None, quantity: Decimal | None = None) -> HeldLot:
        """The same lot, or `quantity` of it, with another basis."""
        units = self.quantity if quantity is None else quantity
        return replace(self, quantity=units, price=None if basis is None else basis / units)

    def cut(self, quantity: Decimal) -> tuple[Decimal | None, HeldLot | None]:
        """What `quantity` units of it cost, and what remains without them; None if that is nothing."""
        basis = self.basis
        if quantity == self.quantity:
            return basis, None
        rest = self.quantity - quantity
        taken = None if basis is None else share(basis, quantity, self.quantity)
        price = None if basis is None or taken is None else (basis - taken) / rest
        left = HeldLot(self.key, self.symbol, rest, price, self.acquired, self.rate, self.since, self.absorbed)
        return taken, left


def opening_key(symbol: str, index: int) -> str:
    """The key of the `index`-th opening lot of `symbol`, counted from 0."""
    return f"{_OPENING}:{symbol}:{index}"


def bought_key(seq: int) -> str:
    """The key of the lot that entry `seq` bought."""
    return f"e:{seq}"


def transferred_key(seq: int, index: int) -> str:
    """The key of the `index`-th lot that entry `seq` brought in."""
    return f"t:{seq}:{index}"


def spun_key(seq: int, parent: str) -> str:
    """The key of what entry `seq` spun off from the lot `parent`."""
    return f"{_SPUN}:{seq}/{parent}"


def renumbered_key(key: str, numbers: Mapping[int, int]) -> str:
    """`key` where entries have other `numbers`; KeyError for an entry that is not among them."""
    kind, _, rest = key.partition(":")
    if kind == _OPENING:
        return key
    if kind == _SPUN:
        seq, _, parent = rest.partition("/")
        return spun_key(numbers[int(seq)], renumbered_key(parent, numbers))
    seq, colon, index = rest.partition(":")
    return f"{kind}:{numbers[int(seq)]}{colon}{index}"


@lru_cache(maxsize=1 << 16)
def key_order(key: str) -> tuple[int, ...]:
    """Sorts keys: opening lots in the file's order, then others by their entry; what was spun off as its parent."""
    kind, _, rest = key.partition(":")
    if kind == _SPUN:
        return key_order(rest.partition("/")[2])
    if kind == _OPENING:
        return 0, int(rest.rpartition(":")[2])
    return 1, *map(int, rest.split(":"))


def cash_moved(side: Side, quantity: Decimal, price: Decimal, fees: Decimal | None) -> Decimal:
    """What a trade adds to the cash of its currency: the proceeds of a sale, less fees; minus what a buy costs."""
    value, fees = to_grid(quantity * price), fees or ZERO
    return value - fees if side == "sell" else -value - fees


def to_grid(number: Decimal) -> Decimal:
    """`number` as it is, or rounded half even to 30 decimals where it has more."""
    try:
        rounded = number.quantize(_GRID)
    except InvalidOperation:  # above 1e20 there are no digits left for more than 30 decimals
        return number
    return number if rounded == number else rounded


def basis_of(quantity: Decimal, price: Decimal | None) -> Decimal | None:
    """What `quantity` units cost at `price` per unit, exactly; None if the price is unknown."""
    return None if price is None else to_grid(price * quantity)


def share(whole: Decimal, part: Decimal, total: Decimal) -> Decimal:
    """The share of `whole` that falls on `part` out of `total`, on the grid."""
    return to_grid(whole * part / total)
