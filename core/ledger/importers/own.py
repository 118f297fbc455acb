"""A ledger's own export as a table (`ledger export --format csv`), read back: each entry as it was recorded.

Ids, lots and signs are those of the entries. What was voided, and voids, count in no book and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from core.book.entries import Draft, EntryLot, HeadLot
from core.ledger.exporters.csv_rows import unquoted
from core.ledger.importers.cells import Unreadable, day, moment, needed, number, shown
from core.ledger.importers.items import Item, ignored
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Columns, Names
from core.ledger.importers.sheet import Line

Part = TypeVar("Part", EntryLot, HeadLot)

OWN: Final[Names] = frozenset({"seq", "recorded_at", "void_of", "voided_by", "received", "lots"})
_KINDS: Final = frozenset(
    {"trade", "cash", "dividend", "interest", "fee", "split", "spinoff", "rename", "transfer"}
)
_NUMBERS: Final = ("quantity", "price", "fees", "amount", "withheld", "new", "old", "basis_share", "rate")
_N: Final = r"[0-9]{1,12}"
_TAKEN: Final = re.compile(
    rf"(?P<quantity>\S+) of (?P<lot>(?:x:{_N}/)*(?:open:.+?:{_N}|e:{_N}|t:{_N}:{_N}))"
    r"(?: of \S+)?(?: at (?P<price>[^\s,]+))?(?:, gain \S+)?"
)
_RECEIVED: Final = re.compile(
    r"(?P<quantity>\S+)(?: of (?P<acquired>\S+))?(?: at (?P<price>(?!rate )\S+))?(?: at rate (?P<rate>\S+))?"
)


def own_item(line: Line, at: Columns, maker: Maker) -> Item:
    """The entry in a row of an export, as it is recorded again; Unreadable if it does not say one."""
    kind, seq = at(line, "kind"), at(line, "seq")
    if kind == "void":
        return ignored(line, "a void: what it took back is left out too")
    if kind == "adopt":
        return ignored(line, "the portfolio file itself says what was adopted")
    if voided := at(line, "voided_by"):
        return ignored(line, f"entry {seq} was voided, by entry {voided}")
    if kind not in _KINDS:
        raise Unreadable(f"{shown(kind)} is no kind of entry")
    if not (seq.isascii() and seq.isdigit() and len(seq) < 12 and int(seq) > 0):
        raise Unreadable(f"{shown(seq)} is no number of an entry")
    executed = at(line, "executed")
    symbol, to = unquoted(at(line, "symbol")), unquoted(at(line, "to"))
    fields: dict[str, Any] = {name: number(at(line, name)) for name in _NUMBERS}
    draft = Draft(
        kind=kind,  # type: ignore[arg-type]  # one of _KINDS
        effective=day(at(line, "date"), "year-month-day"),
        currency=unquoted(at(line, "currency")),
        id=unquoted(at(line, "id")),
        executed=moment(executed) if executed else None,
        symbol=_asset(symbol, maker, old_name=kind == "rename"),
        to=_asset(to, maker),
        side=at(line, "side") or None,  # type: ignore[arg-type]  # checked below
        method=at(line, "method") or None,  # type: ignore[arg-type]  # what it does not know, `take` refuses
        lots=tuple(_each(unquoted(at(line, "lots")), _taken)),
        received=tuple(_each(unquoted(at(line, "received")), _received)),
        note=unquoted(at(line, "note")),
        **fields,
    )
    if draft.side not in (None, "buy", "sell"):
        raise Unreadable(f"{shown(at(line, 'side'))} is no side of a trade")
    if not draft.id:
        raise Unreadable("the id of the entry is missing")
    return Item(line=line.number, text=line.text, said="recorded", id=draft.id, draft=draft, seq=int(seq))


def _asset(symbol: str, maker: Maker, *, old_name: bool = False) -> str | None:
    """The portfolio's symbol; one that was renamed may have left the file."""
    if not symbol or (old_name and not maker.holds(symbol)):
        return symbol or None
    return maker.asset((symbol,)).symbol


def _each(text: str, read: Callable[[str], Part]) -> list[Part]:
    return [read(part) for part in text.split("; ")] if text else []


def _taken(text: str) -> EntryLot:
    """`65 of open:VTI:0 of 2023-05-01 at 80, gain 1300.00`: which lot, how much, and of which of its pieces."""
    found = _TAKEN.fullmatch(text)
    if found is None:
        raise Unreadable(f"{shown(text)} is no part of a lot")
    price = number(found["price"] or "")
    return EntryLot(found["lot"], needed(number(found["quantity"]), "quantity"), price=price)


def _received(text: str) -> HeadLot:
    """`5 of 2020-01-02 at 70 at rate 1.1`."""
    found = _RECEIVED.fullmatch(text)
    if found is None:
        raise Unreadable(f"{shown(text)} is no lot that came from elsewhere")
    acquired = day(found["acquired"], "year-month-day") if found["acquired"] else None
    price, rate = number(found["price"] or ""), number(found["rate"] or "")
    return HeadLot(needed(number(found["quantity"]), "quantity"), price, acquired, rate)
