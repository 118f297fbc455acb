"""Entries and heads as plain JSON documents: decimals as strings, times in UTC with `Z`, what is None left out."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

import msgspec

from core.book.entries import Entry, Head

Document = dict[str, Any]
NUMBERS: Final = ("rate", "quantity", "price", "fees", "amount", "withheld", "new", "old", "basis_share")
_numbers: Final = attrgetter(*NUMBERS)
_ALWAYS: Final = frozenset({"rate"})  # which is 1 where it is left out


def document_of(value: Entry | Head) -> Document:
    """`value` as a document that any reader of JSON understands."""
    fields: Document = msgspec.to_builtins(value, str_keys=True)
    return {key: field for key, field in fields.items() if key in _ALWAYS or field not in (None, (), "")}


def plain_copy(value: Any) -> Any:
    """`value` as a reader of its JSON would see it, sharing nothing with it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def digest_of(text: str) -> str:
    """What names `text` for as long as it stays the same."""
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def entry_from(document: Document) -> Entry:
    """The entry that `document` holds; ValueError if it holds none."""
    if "decision" in document:  # which `convert` would share below its first level
        document = {**document, "decision": plain_copy(document["decision"])}
    entry = msgspec.convert(document, Entry)
    _require_finite(*_numbers(entry))
    for part in entry.lots:
        _require_finite(part.quantity, part.price, part.gain)
    for lot in entry.received:
        _require_finite(lot.quantity, lot.price, lot.rate)
    if entry.recorded_at.tzinfo is None or (entry.executed is not None and entry.executed.tzinfo is None):
        raise ValueError("a time has no zone")
    return entry


def head_from(document: Document) -> Head:
    """The head that `document` holds; ValueError if it holds none."""
    head = msgspec.convert({"opened": None, "assets": [], **document}, Head)
    _require_finite(*head.balances.values())
    for asset in head.assets:
        for lot in asset.lots:
            _require_finite(lot.quantity, lot.price, lot.rate)
    return head


def _require_finite(*numbers: Decimal | None) -> None:
    for number in numbers:
        if number is not None and not number.is_finite():
            raise ValueError(f"{number} is not a number")
