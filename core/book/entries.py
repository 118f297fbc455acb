"""What a ledger records: entries that are appended and never edited, and the head that they start from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from msgspec import Struct

Side = Literal["buy", "sell"]
Happening = Literal["trade", "cash", "dividend", "interest", "fee", "split", "spinoff", "rename", "transfer"]
Kind = Happening | Literal["void", "adopt"]
Method = Literal["fifo", "lifo", "hifo", "lofo", "average", "min_tax", "specific"]


class Ratio(NamedTuple):
    """Of a split: `old` units become `new` ones."""

    new: Decimal
    old: Decimal


class EntryLot(Struct, frozen=True, omit_defaults=True, gc=False):
    """The part of a lot that a recorded sale took: `lot` is the lot's key in the book.

    `price` is its basis per unit in the asset's currency; it and what follows from it are None if unknown.
    """

    lot: str
    quantity: Decimal
    acquired: date | None = None
    price: Decimal | None = None
    gain: Decimal | None = None
    term: Literal["short", "long"] | None = None


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """One fact in the ledger. `seq` counts from 1; `id` is unique and makes repetition harmless.

    - trade: symbol, side, quantity (positive), price per unit, fees; a sale has its `lots` and their `method`
    - cash, interest, fee: `amount` is what it adds to the cash, negative for what leaves it; interest may have a
      symbol and what was `withheld` of it
    - dividend: symbol, `amount` received after what was `withheld`; one that is reinvested also has the quantity,
      price and fees of what was bought with it
    - split: symbol, `new` units for `old` ones
    - spinoff: for `old` units of symbol, which stay, there are `new` ones of `to`; they take over `basis_share`
      (0 to 1) of the basis, and the days of purchase
    - rename: what was held of symbol is held of `to` from then on
    - transfer: lots `received` from elsewhere, with their own basis, days and rates
    - void: `void_of`; adoption: the `head` that counts from then on

    Money is in `currency`; `rate` is base currency per unit of it that day, None if unknown. `executed` is the
    moment, if known; `effective` is the day in the exchange's time zone. `decision` is what a confirmed trade was
    decided on, None if recorded by hand; `note` is free text.
    """

    seq: int
    id: str
    kind: Kind
    recorded_at: datetime
    effective: date
    currency: str
    rate: Decimal | None = Decimal(1)
    executed: datetime | None = None
    symbol: str | None = None
    side: Side | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal | None = None
    amount: Decimal | None = None
    withheld: Decimal | None = None
    new: Decimal | None = None
    old: Decimal | None = None
    to: str | None = None
    basis_share: Decimal | None = None
    lots: tuple[EntryLot, ...] = ()
    method: Method | None = None
    received: tuple[HeadLot, ...] = ()
    note: str = ""
    void_of: int | None = None
    amends: int | None = None
    head: Head | None = None
    decision: dict[str, Any] | None = None

    @property
    def ratio(self) -> Ratio | None:
        """Of a split that has both numbers."""
        return None if self.new is None or self.old is None else Ratio(self.new, self.old)


class Draft(Struct, frozen=True, kw_only=True):
    """An entry before it is recorded, as in `Entry`. Without `id` it gets one of its own.

    Without `lots` a sale takes those of its `method` (default: the oldest); with them only `lot` and `quantity`
    count, the rest is derived. In base currency the rate is 1 whether it is given or not. `kept` are texts that the
    decision names by their digest; the ledger stores each once.
    """

    kind: Happening
    effective: date
    currency: str
    id: str = ""
    rate: Decimal | None = None
    executed: datetime | None = None
    symbol: str | None = None
    side: Side | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal | None = None
    amount: Decimal | None = None
    withheld: Decimal | None = None
    new: Decimal | None = None
    old: Decimal | None = None
    to: str | None = None
    basis_share: Decimal | None = None
    lots: tuple[EntryLot, ...] = ()
    method: Method | None = None
    received: tuple[HeadLot, ...] = ()
    note: str = ""
    decision: dict[str, Any] | None = None
    kept: dict[str, str] = {}


class HeadAsset(Struct, frozen=True):
    """What the head keeps of one asset: its currency and opening lots (quantity, price, day, rate)."""

    symbol: str
    currency: str
    lots: tuple[HeadLot, ...] = ()


class HeadLot(Struct, frozen=True):
    """An opening lot as it was when the ledger began; price, day and rate None if unknown."""

    quantity: Decimal
    price: Decimal | None = None
    acquired: date | None = None
    rate: Decimal | None = None


class Head(Struct, frozen=True):
    """The copy of the file's opening facts that counts from the first entry on."""

    portfolio: str
    base_currency: str
    opened: date | None
    balances: dict[str, Decimal]
    assets: tuple[HeadAsset, ...]
