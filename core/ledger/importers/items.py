"""What brokers' rows say, in words that all of them share, and what an import makes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from core.book.entries import Draft
from core.ledger.importers.cells import Unreadable
from core.ledger.importers.sheet import Line

Said = Literal[
    "buy", "sell", "cancel", "dividend", "tax", "reinvest", "cash", "interest", "fee", "split", "spinoff", "rename",
    "transfer", "recorded", "declared", "ignored", "unreadable",
]  # fmt: skip
State = Literal["read", "declared", "ignored", "unreadable"]


class Item(Struct, frozen=True, kw_only=True, gc=False):
    """One row of an export. Money is in `currency`, a major unit; `names` are the broker's for the asset.

    - buy, sell: quantity, price and fees are not negative; `total` is the cash that moved if the row says so, with
      the fees, not negative, in `settled` (default: the currency)
    - cancel: as the trade that it takes back, whose side is `match`
    - dividend: `amount` before tax, negative if it takes one back; tax: what was withheld, negative, or given back
    - reinvest: quantity, price and `total` of what a dividend bought
    - cash, interest, fee: the signed `amount`
    - split: `new` for `old`; declared: something in `what` that the row alone does not tell whole
    - recorded: the `draft` of an entry, which had the number `seq` in another ledger
    - ignored, unreadable: `what` is the reason

    `match` is what rows that belong together have in common beside asset, day and currency. `foreign_fees` are in
    `settled`. `rate` is base currency per unit of currency.
    """

    line: int
    text: str
    said: Said
    what: str = ""
    id: str = ""
    names: tuple[str, ...] = ()
    day: date | None = None
    time: time | None = None
    executed: datetime | None = None
    currency: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal | None = None
    amount: Decimal | None = None
    total: Decimal | None = None
    settled: str = ""
    foreign_fees: Decimal | None = None
    rate: Decimal | None = None
    withheld: Decimal | None = None
    new: Decimal | None = None
    old: Decimal | None = None
    to: str = ""
    basis_share: Decimal | None = None
    acquired: date | None = None
    match: str = ""
    note: str = ""
    cancelled_by: int | None = None  # the line that takes it back
    draft: Draft | None = None
    seq: int | None = None


class Declared(Struct, frozen=True, gc=False):
    """A corporate action that an export names without all that it takes to record it."""

    kind: str
    symbol: str
    day: date


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """A row of the export and what comes of it: `drafts`, or the `reason` why there are none.

    An ignored row that has drafts was taken back by the broker: they must not be recorded, or no longer be.
    A `declared` row is settled by an entry of its kind that was recorded by hand, within a few days of it. `seq` is
    the number of the entry in the ledger that a row comes from, by which its lots are called there.
    """

    line: int
    text: str
    state: State
    drafts: tuple[Draft, ...] = ()
    reason: str = ""
    declared: Declared | None = None
    time: time | None = None
    seq: int | None = None


class ImportTable(Struct, frozen=True):
    """All rows of an export by the number of their line, and the name of the profile that read them."""

    broker: str
    rows: tuple[Row, ...]


def items_of(lines: Iterable[Line], read: Callable[[Line], Item | Sequence[Item] | None]) -> Iterator[Item]:
    """What `read` makes of each line; a line that it cannot read is an item that says so."""
    for line in lines:
        if line.blank:
            continue
        try:
            made = read(line)
        except Unreadable as error:
            made = Item(line=line.number, text=line.text, said="unreadable", what=str(error))
        if isinstance(made, Item):
            yield made
        else:
            yield from made or ()


def ignored(line: Line, why: str) -> Item:
    """A row that moves nothing."""
    return Item(line=line.number, text=line.text, said="ignored", what=why)
