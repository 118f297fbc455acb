"""How entries come about: a checked draft made an entry, a reversal, a corrected copy. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from core.book.choosing import NO_TAX, Sale, averaged, take, take_named
from core.book.drafts import checked
from core.book.entries import Draft, Entry, EntryLot, Head
from core.book.lots import HeldLot
from core.book.splits import FINEST as FINEST
from core.book.splits import LARGEST as LARGEST
from core.errors import BadInput
from core.money import ZERO, plain
from core.portfolio.model import Tax

_CONTENT: Final = (
    "kind", "symbol", "side", "quantity", "price", "fees", "amount", "withheld", "new", "old", "to", "basis_share",
    "received", "currency", "effective", "rate",
)  # fmt: skip
_SPOKEN: Final = {
    "cash": "a payment", "interest": "interest", "fee": "a fee", "dividend": "a dividend", "split": "a split",
    "spinoff": "a spin-off", "rename": "a change of symbol", "transfer": "a transfer",
}  # fmt: skip

_SHARED: Final = tuple(name for name in Draft.__struct_fields__ if name != "kept")  # by drafts and entries

HeldOn = Callable[[str, date], tuple[HeldLot, ...]]  # what a sale of a symbol on a day may take


def entry_of(
    draft: Draft, seq: int, now: datetime, held_on: HeldOn, *, amends: int | None = None, tax: Tax = NO_TAX
) -> Entry:
    """The entry that a checked `draft` becomes; a sale gets its lots; BadInput if they are not held on its day.

    A sale without a method goes by that of `tax`; one that names its lots is `specific` unless it says otherwise.
    """
    fields = {name: getattr(draft, name) for name in _SHARED}
    entry = Entry(seq=seq, recorded_at=now.astimezone(UTC), amends=amends, **fields)
    if entry.side != "sell":
        return replace(entry, lots=())
    symbol = str(entry.symbol)
    sale = Sale(entry.quantity or ZERO, entry.price or ZERO, entry.fees or ZERO, entry.effective, entry.rate, tax)
    method = entry.method or ("specific" if entry.lots else tax.method)
    if method == "specific" and not entry.lots:
        method = "fifo"
    held = held_on(symbol, entry.effective)
    if method == "average":
        held = tuple(averaged(held))
    try:
        parts = take_named(held, entry.lots, sale) if entry.lots else take(held, sale, method)
    except ValueError as error:
        total = plain(sum((lot.quantity for lot in held), ZERO))
        raise BadInput(
            f"{error}: of what was held on {entry.effective}, {total} is still there",
            where=symbol,
            fix="sell at most that, or record first what is missing",
        ) from error
    return replace(entry, lots=parts, method=method)


def same(entry: Entry, draft: Draft) -> bool:
    """Whether a checked `draft` says what `entry` already records."""
    return all(getattr(entry, name) == getattr(draft, name) for name in _CONTENT)


def reversal(entry: Entry, seq: int, entry_id: str, now: datetime) -> Entry:
    """The void of `entry`: it takes effect on the same day."""
    return Entry(
        seq=seq,
        id=entry_id,
        kind="void",
        recorded_at=now.astimezone(UTC),
        effective=entry.effective,
        currency=entry.currency,
        rate=entry.rate,
        symbol=entry.symbol,
        void_of=entry.seq,
    )


def adoption(head: Head, seq: int, entry_id: str, now: datetime) -> Entry:
    """The entry that makes `head` count from now on."""
    moment = now.astimezone(UTC)
    return Entry(
        seq=seq,
        id=entry_id,
        kind="adopt",
        recorded_at=moment,
        effective=moment.date(),
        currency=head.base_currency,
        head=head,
    )


def correction(
    entry: Entry,
    entry_id: str,
    *,
    price: Decimal | None = None,
    quantity: Decimal | None = None,
    fees: Decimal | None = None,
    executed: datetime | None = None,
    effective: date | None = None,
) -> Draft:
    """`entry` again with what is given instead; its lots stay unless its quantity grew or its day changed.

    Of fewer units the last parts go. Lots that were named cannot become more without being named again.
    """
    fields = {name: getattr(entry, name) for name in _SHARED}
    given = {"price": price, "quantity": quantity, "fees": fees, "executed": executed, "effective": effective}
    changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if effective is not None and executed is None:
        changes["executed"] = None  # only the day is known now
    trade_only = sorted(changes.keys() - {"executed", "effective"})
    if entry.kind != "trade" and trade_only:
        what = _SPOKEN.get(entry.kind, entry.kind)
        raise BadInput(f"entry {entry.seq} is {what} and has no {trade_only[0]}", fix="void it and record it anew")
    draft = checked(Draft(**{**fields, **changes, "id": entry_id}), new_id=lambda: entry_id)
    if same(entry, draft) and draft.executed == entry.executed:
        raise BadInput(f"entry {entry.seq} says so already", fix="give the value that is to change")
    if draft.effective == entry.effective and (draft.quantity or ZERO) <= (entry.quantity or ZERO):
        return replace(draft, lots=_first_of(entry.lots, draft.quantity or ZERO))
    if entry.method == "specific" and entry.lots:
        raise BadInput(
            f"entry {entry.seq} sells lots that were named: they do not suffice for this",
            fix="void it, and record it anew with --lot",
        )
    return replace(draft, lots=())


def _first_of(parts: Sequence[EntryLot], quantity: Decimal) -> tuple[EntryLot, ...]:
    """The parts of a sale until they add up to `quantity`."""
    found = []
    for part in parts:
        units = min(part.quantity, quantity)
        if units > 0:
            found.append(replace(part, quantity=units))
            quantity -= units
    return tuple(found)
