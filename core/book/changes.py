"""How entries come about: a draft checked and made an entry, a reversal, a corrected copy. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from core.book.documents import plain_copy
from core.book.entries import Draft, Entry, Head, Ratio
from core.book.lots import HeldLot, take_fifo, take_named
from core.book.splits import FINEST as FINEST
from core.book.splits import LARGEST as LARGEST
from core.book.splits import check_ratio
from core.errors import BadInput
from core.money import ZERO, plain

_CONTENT: Final = (
    "kind", "symbol", "side", "quantity", "price", "fees", "amount", "new", "old", "currency", "effective", "rate",
)  # fmt: skip

HeldOn = Callable[[str, date], tuple[HeldLot, ...]]  # what a sale of a symbol on a day may take


def checked(draft: Draft, *, new_id: Callable[[], str]) -> Draft:
    """`draft` in the form in which it is recorded, with an id; BadInput if it is no whole trade, payment, split."""
    for name in ("rate", "quantity", "price", "fees", "amount", "new", "old"):
        _check_size(name, getattr(draft, name))
    if draft.rate is not None and draft.rate <= 0:
        raise BadInput(f"a rate of {plain(draft.rate)} is none", fix="give base currency per unit of the currency")
    if draft.kind == "cash":
        if not draft.amount:
            raise BadInput("a payment of nothing", fix="give an amount other than 0")
        draft = replace(draft, symbol=None, side=None, quantity=None, price=None, fees=None, lots=())
    elif draft.kind == "split":
        draft = _whole_split(draft)
    else:
        draft = replace(_whole_trade(draft), amount=None, fees=draft.fees or ZERO)
    executed = draft.executed.astimezone(UTC) if draft.executed else None
    decision = None if draft.decision is None else plain_copy(draft.decision)
    return replace(draft, id=draft.id or new_id(), executed=executed, decision=decision)


def entry_of(draft: Draft, seq: int, now: datetime, held_on: HeldOn, *, amends: int | None = None) -> Entry:
    """The entry that a checked `draft` becomes; a sale gets its lots; BadInput if they are not held on its day."""
    fields = {name: getattr(draft, name) for name in draft.__struct_fields__}
    entry = Entry(seq=seq, recorded_at=now.astimezone(UTC), amends=amends, **fields)
    if entry.side != "sell":
        return replace(entry, lots=())
    symbol, quantity, price = str(entry.symbol), entry.quantity or ZERO, entry.price or ZERO
    held = held_on(symbol, entry.effective)
    try:
        if entry.lots:
            parts = take_named(held, entry.lots, quantity, price, entry.fees or ZERO)
        else:
            parts = take_fifo(held, quantity, price, entry.fees or ZERO)
    except ValueError as error:
        total = plain(sum((lot.quantity for lot in held), ZERO))
        raise BadInput(
            f"{error}: of what was held on {entry.effective}, {total} is still there",
            where=symbol,
            fix="sell at most that, or record first what is missing",
        ) from error
    return replace(entry, lots=parts)


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
    """`entry` again with what is given instead; its lots stay unless its quantity or day changed."""
    fields = {name: getattr(entry, name) for name in Draft.__struct_fields__}
    given = {"price": price, "quantity": quantity, "fees": fees, "executed": executed, "effective": effective}
    changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    if effective is not None and executed is None:
        changes["executed"] = None  # only the day is known now
    trade_only = sorted(changes.keys() - {"executed", "effective"})
    if entry.kind != "trade" and trade_only:
        what = "a payment" if entry.kind == "cash" else "a split"
        raise BadInput(f"entry {entry.seq} is {what} and has no {trade_only[0]}", fix="void it and record it anew")
    draft = checked(Draft(**{**fields, **changes, "id": entry_id}), new_id=lambda: entry_id)
    if same(entry, draft) and draft.executed == entry.executed:
        raise BadInput(f"entry {entry.seq} says so already", fix="give the value that is to change")
    moved = draft.quantity != entry.quantity or draft.effective != entry.effective
    return replace(draft, lots=()) if moved else draft


def _whole_split(draft: Draft) -> Draft:
    if not draft.symbol or draft.new is None or draft.old is None:
        raise BadInput("a split needs a symbol, and new units for old ones")
    check_ratio(Ratio(draft.new, draft.old))
    return replace(draft, side=None, quantity=None, price=None, fees=None, amount=None, lots=())


def _whole_trade(draft: Draft) -> Draft:
    if not draft.symbol or draft.side is None or draft.quantity is None or draft.price is None:
        raise BadInput("a trade needs a symbol, a side, a quantity and a price")
    if draft.quantity <= 0:
        raise BadInput(f"a quantity of {plain(draft.quantity)}", where=draft.symbol, fix="give one above 0")
    for name, number in (("price", draft.price), ("fees", draft.fees or ZERO)):
        if number < 0:
            raise BadInput(f"the {name} cannot be negative: {plain(number)}", where=draft.symbol)
    if draft.quantity * draft.price >= LARGEST:
        raise BadInput("the trade's value is too large", where=draft.symbol, fix=f"it is below {plain(LARGEST)}")
    return draft


def _check_size(name: str, number: Decimal | None) -> None:
    if number is None:
        return
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise BadInput(f"the {name} is not a number: {number}")
    if abs(number) >= LARGEST or exponent < FINEST:
        raise BadInput(
            f"the {name} cannot be kept exactly: {number}",
            fix=f"numbers are below {plain(LARGEST)} and have at most {-FINEST} decimals",
        )
