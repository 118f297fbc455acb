"""A ledger as one JSON object that loses nothing: every field of every entry, every digit of every number.

Its entries are those of `ledger list`, and more: `core.book.documents.entry_from` reads each back as it was, and
`head_from` the head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from core.book.entries import Entry, Head
from core.book.report import SCHEMA
from core.clock import iso
from core.ledger.exporters.movements import RULES, Rules
from core.ledger.exporters.writing import exact, money

_MONEY: Final = frozenset({"amount", "fees", "withheld", "gain", "balances"})


def json_copy(
    head: Head,
    entries: Sequence[Entry],
    rules: Rules = RULES,
    year: int | None = None,
    kept: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The head that counts, the entries (of one year if it is given), and what is held after them.

    `kept` are the texts that decisions name by their digests.
    """
    book = rules.book_of(head, entries, year)
    return {
        "schema": SCHEMA,
        "portfolio": head.portfolio,
        "base_currency": head.base_currency,
        "year": year,
        "head": _document(head),
        "entries": [_entry(entry) for entry in entries if year in (None, entry.effective.year)],
        "positions": [
            {
                "symbol": position.symbol,
                "currency": position.currency,
                "quantity": exact(position.quantity),
                "cost": None if position.cost is None else money(position.cost),
                "lots": [_document(lot) for lot in position.lots],
            }
            for position in book.positions.values()
            if position.lots
        ],
        "kept": dict(kept or {}),
        "cash": {head.base_currency: "0.00", **{code: money(balance) for code, balance in book.cash.items()}},
    }


def _entry(entry: Entry) -> dict[str, Any]:
    ratio = entry.ratio if entry.kind == "split" else None
    extra = {} if ratio is None else {"ratio": f"{exact(ratio.new)}:{exact(ratio.old)}"}
    return {**extra, **_document(entry)}


def _document(value: Struct) -> dict[str, Any]:
    return {name: _plain(getattr(value, name), name) for name in value.__struct_fields__}


def _plain(value: Any, name: str) -> Any:
    """`value` of the field `name` as JSON knows it; what was JSON already stays."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return money(value) if name in _MONEY else exact(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Struct):
        return _document(value)
    if isinstance(value, tuple):
        return [_plain(one, name) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one, name) for key, one in value.items()}
    return value
