"""Entries and positions in the shapes of the contract's JSON: exact decimals as strings, unknown values null."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.book.book import Book, Position
from core.book.entries import Entry, EntryLot
from core.clock import iso
from core.money import amount, plain

SCHEMA = 1


def entry_json(entry: Entry) -> dict[str, Any]:
    """One ENTRY."""
    return {
        "seq": entry.seq,
        "id": entry.id,
        "kind": entry.kind,
        "recorded_at": iso(entry.recorded_at),
        "effective": entry.effective.isoformat(),
        "executed": iso(entry.executed) if entry.executed else None,
        "symbol": entry.symbol,
        "side": entry.side,
        "quantity": _plain(entry.quantity),
        "price": _plain(entry.price),
        "amount": _amount(entry.amount),
        "withheld": _amount(entry.withheld),
        "currency": entry.currency,
        "rate": _plain(entry.rate),
        "fees": _amount(entry.fees),
        "method": entry.method,
        "lots": [lot_json(part) for part in entry.lots],
        **_moved(entry),
        "note": entry.note or None,
        "void_of": entry.void_of,
        "amends": entry.amends,
        "decision": entry.decision,
    }


def _moved(entry: Entry) -> dict[str, Any]:
    """What only splits, spin-offs, changes of symbol and transfers have."""
    found: dict[str, Any] = {}
    if entry.kind in ("split", "spinoff"):
        found["ratio"] = ratio(entry)
    if entry.to is not None:
        found["to"] = entry.to
    if entry.basis_share is not None:
        found["basis_share"] = plain(entry.basis_share)
    if entry.received:
        found["received"] = [
            {"acquired": _day(one.acquired), "quantity": plain(one.quantity), "price": _plain(one.price),
             "rate": _plain(one.rate)} for one in entry.received
        ]  # fmt: skip
    return found


def ratio(entry: Entry) -> str:
    """A split's ratio as `NEW:OLD`; empty for any other entry."""
    return "" if entry.new is None or entry.old is None else f"{plain(entry.new)}:{plain(entry.old)}"


def lot_json(part: EntryLot) -> dict[str, Any]:
    """The part of a lot that a sale takes."""
    return {
        "acquired": _day(part.acquired),
        "quantity": plain(part.quantity),
        "price": _plain(part.price),
        "gain": _amount(part.gain),
        "term": part.term,
    }


def positions_json(book: Book) -> dict[str, Any]:
    """What `ledger positions` prints; what is no longer held is left out."""
    return {
        "schema": SCHEMA,
        "positions": [_position(position) for position in book.positions.values() if position.lots],
        "cash": {currency: amount(balance) for currency, balance in book.cash.items()},
    }


def _position(position: Position) -> dict[str, Any]:
    return {
        "symbol": position.symbol,
        "quantity": plain(position.quantity),
        "cost": _amount(position.cost),
        "lots": [
            {"acquired": _day(lot.held_since), "quantity": plain(lot.quantity), "price": _plain(lot.price)}
            for lot in position.shown
        ],
    }


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _amount(money: Decimal | None) -> str | None:
    return None if money is None else amount(money)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
