"""What the tests of the importers share: shipped exports, a portfolio that holds what is in them, ways to read."""

from __future__ import annotations

from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

from core.book.entries import Draft
from core.ledger.importers.items import ImportTable, Row
from core.ledger.importers.read import read_csv
from core.ledger.importers.sheet import decode
from core.portfolio.model import Asset, Cash, Portfolio

EXPORTS = Path(str(files("sample_portfolios"))) / "exports"
ISINS = {"US9229087690": "VTI", "DE0007164600": "SAP.DE", "GB00BH4HKS39": "VOD.L", "BRKB": "BRK-B", "SAP": "SAP.DE"}


def book(base: str = "USD", **fields: Any) -> Portfolio:
    """VTI, BND, BRK-B and NVDA in USD, SAP.DE in EUR, VOD.L in GBP."""
    assets = (
        *(Asset(symbol, "USD") for symbol in ("VTI", "BND", "BRK-B", "NVDA")),
        Asset("SAP.DE", "EUR"),
        Asset("VOD.L", "GBP", price_unit="GBp", market="uk"),
    )
    defaults = {"path": "mine.toml", "id": "mine", "assets": assets, "cash": Cash()}
    return Portfolio(**{**defaults, "base_currency": base, **fields})


def shipped(name: str) -> str:
    """The text of a shipped export."""
    return decode((EXPORTS / name).read_bytes(), name)


def read(
    text: str, broker: str | None = None, base: str = "USD", symbols: dict[str, str] | None = None
) -> ImportTable:
    return read_csv(text, broker, book(base), symbols=ISINS if symbols is None else symbols)


def drafts(table: ImportTable) -> list[Draft]:
    """What can be recorded, by line."""
    return [draft for row in table.rows if row.state == "read" for draft in row.drafts]


def left(table: ImportTable, state: str) -> dict[int, str]:
    """The reasons of the rows in `state`, by line."""
    return {row.line: row.reason for row in table.rows if row.state == state}


def said(draft: Draft) -> tuple[object, ...]:
    """A draft in a few words: day, what, symbol, then quantity, price and fees, or amount and withheld."""
    base = (draft.effective.isoformat(), draft.side or draft.kind, draft.symbol)
    if draft.kind == "trade":
        return (*base, plain(draft.quantity), plain(draft.price), plain(draft.fees), draft.currency)
    if draft.kind == "split":
        return (*base, f"{draft.new}:{draft.old}")
    return (*base, plain(draft.amount), plain(draft.withheld), draft.currency)


def plain(number: Decimal | None) -> str | None:
    return None if number is None else format(number.normalize(), "f")


def only(table: ImportTable) -> Row:
    (row,) = table.rows
    return row
