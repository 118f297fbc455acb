"""A small portfolio and short ways to write drafts, entries and lots, for the tests of book and ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from core.book.book import BookBuilder
from core.book.changes import entry_of
from core.book.drafts import checked
from core.book.entries import Draft, Entry, EntryLot, Head, HeadAsset, HeadLot, Side
from core.book.lots import HeldLot
from core.portfolio.model import Asset, Cash, OpeningLot, Portfolio

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)


def dec(number: str | int) -> Decimal:
    return Decimal(str(number))


def decs(*numbers: str | int) -> tuple[Decimal, ...]:
    return tuple(map(dec, numbers))


def day(text: str) -> date:
    return date.fromisoformat(text)


def portfolio(
    *,
    vti: Iterable[OpeningLot] = (OpeningLot(dec(100), dec(80), day("2023-05-01")),),
    bnd: Iterable[OpeningLot] = (),
    cash: str | Cash = "1000",
    opened: date | None = None,
    **fields: Any,
) -> Portfolio:
    """VTI (100 at 80 of 2023-05-01) and BND (none), 1000 USD."""
    defaults: dict[str, Any] = {"path": "classic.toml", "id": "classic-60-40", "base_currency": "USD"}
    assets = (Asset("VTI", "USD", lots=tuple(vti)), Asset("BND", "USD", lots=tuple(bnd)))
    money = Cash(balances={"USD": dec(cash)}) if isinstance(cash, str) else cash
    return Portfolio(**{**defaults, "assets": assets, "cash": money, "opened": opened, **fields})


def abroad(**fields: Any) -> Portfolio:
    """VTI in USD as in `portfolio`, SAP (10 at 100 EUR of 2024-01-02, rate 1.10), 1000 USD and 200 EUR."""
    sap = Asset("SAP", "EUR", lots=(OpeningLot(dec(10), dec(100), day("2024-01-02"), dec("1.10")),))
    vti = Asset("VTI", "USD", lots=(OpeningLot(dec(100), dec(80), day("2023-05-01")),))
    money = Cash(balances={"USD": dec(1000), "EUR": dec(200)})
    return portfolio(**{"assets": (vti, sap), "cash": money, **fields})


def head(*lots: HeadLot, opened: date | None = None, cash: str = "1000", portfolio: str = "classic-60-40") -> Head:
    """VTI with `lots` and `cash` in USD."""
    return Head(portfolio, "USD", opened, {"USD": dec(cash)}, (HeadAsset("VTI", "USD", lots),))


def buy(quantity: str | int, price: str | int, on: str = "2026-11-20", **fields: Any) -> Draft:
    return _trade("buy", quantity, price, on, fields)


def sell(quantity: str | int, price: str | int, on: str = "2026-11-20", **fields: Any) -> Draft:
    return _trade("sell", quantity, price, on, fields)


def pay(amount: str | int, on: str = "2026-11-20", **fields: Any) -> Draft:
    values: dict[str, Any] = {"currency": "USD", **fields}
    return Draft(kind="cash", effective=day(on), amount=dec(amount), **values)


def split(ratio: str, on: str = "2026-11-20", symbol: str = "VTI", **fields: Any) -> Draft:
    new, old = map(dec, ratio.split(":"))
    values: dict[str, Any] = {"currency": "USD", **fields}
    return Draft(kind="split", symbol=symbol, effective=day(on), new=new, old=old, **values)


def entry(seq: int, draft: Draft, **fields: Any) -> Entry:
    """`draft` as entry `seq`, as a ledger would have recorded it; a sale needs its `lots`."""
    copied = {name: getattr(draft, name) for name in draft.__struct_fields__ if name != "kept"}
    if draft.currency == "USD":
        copied["rate"] = dec(1)
    return Entry(**{**copied, "seq": seq, "id": draft.id or f"id-{seq}", "recorded_at": NOW, **fields})


def take(seq: int, start: Head, draft: Draft, *before: Entry) -> Entry:
    """`draft` as entry `seq` with the lots that it takes of what `start` and the entries `before` leave."""
    return entry_of(checked(draft, new_id=lambda: f"id-{seq}"), seq, NOW, BookBuilder(start, before).held_on)


def void(seq: int, of: Entry) -> Entry:
    return Entry(
        seq=seq,
        id=f"id-{seq}",
        kind="void",
        recorded_at=NOW,
        effective=of.effective,
        currency=of.currency,
        symbol=of.symbol,
        void_of=of.seq,
    )


def part(lot: str, quantity: str | int, price: str | int | None = None) -> EntryLot:
    return EntryLot(lot, dec(quantity), price=None if price is None else dec(price))


def held(key: str, quantity: str | int, price: str | int | None, acquired: str | None) -> HeldLot:
    return HeldLot(
        key, "VTI", dec(quantity), None if price is None else dec(price), day(acquired) if acquired else None
    )


def _trade(side: Side, quantity: str | int, price: str | int, on: str, fields: dict[str, Any]) -> Draft:
    values: dict[str, Any] = {"symbol": "VTI", "currency": "USD", "fees": dec(0), **fields}
    if values["currency"] == "USD":
        values.setdefault("rate", dec(1))
    return Draft(kind="trade", side=side, quantity=dec(quantity), price=dec(price), effective=day(on), **values)
