"""Our own layout, for brokers that have no profile and for spreadsheets; `docs/import.md` describes it.

Columns in any order, of which `date` and `kind` must be there; ISO days, a decimal point, a currency's major unit
or a minor one such as `GBX`. Kinds: buy, sell, deposit, withdrawal, dividend, interest, fee, split, spinoff,
rename, transfer. What `ledger export --format csv` writes is told by its columns and read as what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from core.ledger.importers.cells import Unreadable, clock, day, needed, number, shown, unit
from core.ledger.importers.items import Item, Said, items_of
from core.ledger.importers.making import Maker
from core.ledger.importers.own import OWN, own_item
from core.ledger.importers.profile import Columns, Names, Profile, names_of
from core.ledger.importers.sheet import Line
from core.money import ZERO

_FORM: Final = "year-month-day"
_SIGNS: Final = {"deposit": 1, "withdrawal": -1, "fee": -1}
_KINDS: Final[dict[str, Said]] = {
    "buy": "buy", "sell": "sell", "deposit": "cash", "withdrawal": "cash", "dividend": "dividend",
    "interest": "interest", "fee": "fee", "split": "split", "spinoff": "spinoff", "rename": "rename",
    "transfer": "transfer",
}  # fmt: skip


def _header(names: Names) -> bool:
    return {"date", "kind"} <= names


def _read(lines: Sequence[Line], maker: Maker) -> list[Item]:
    at = Columns(lines[0])
    item = own_item if names_of(lines[0]) >= OWN else _item

    def read(line: Line) -> Item:
        at.check(line)
        return item(line, at, maker)

    return list(items_of(lines[1:], read))


def _item(line: Line, at: Columns, maker: Maker) -> Item:
    kind, symbol = at(line, "kind").lower(), at(line, "symbol")
    if kind not in _KINDS:
        raise Unreadable(f"{shown(at(line, 'kind'))} is no kind: write one of {', '.join(_KINDS)}")
    given = at(line, "currency")
    if not given:
        asset = maker.asset((symbol,)) if symbol else None
        given = (asset.price_unit or asset.currency) if asset else maker.portfolio.base_currency
    currency, parts = unit(given)
    values = {name: _of(number(at(line, name)), parts) for name in ("price", "fees", "amount", "withheld")}
    fields: dict[str, Any] = {
        "line": line.number, "text": line.text, "id": at(line, "id"), "note": at(line, "note"),
        "day": day(at(line, "date"), _FORM), "time": clock(at(line, "time")), "currency": currency,
        "names": (symbol,) if symbol else (), "rate": number(at(line, "rate")),
        "quantity": number(at(line, "quantity")),
    }  # fmt: skip
    said = _KINDS[kind]
    if said in ("buy", "sell", "transfer"):
        acquired = at(line, "acquired")
        price, total = values["price"], _absolute(values["amount"])
        if said != "transfer":
            return Item(said=said, total=total, price=price, fees=values["fees"], **fields)
        return Item(said=said, price=price, acquired=day(acquired, _FORM) if acquired else None, **fields)
    if said in ("split", "spinoff", "rename"):
        share = number(at(line, "basis_share"))
        new, old = _ratio(at(line, "ratio")) if said != "rename" else (None, None)
        to = at(line, "to")
        basis = None if share is None else share / 100
        return Item(said=said, new=new, old=old, to=to, basis_share=basis, **{**fields, "quantity": None})
    amount = needed(values["amount"], "amount")
    if kind in _SIGNS:
        if amount < 0 and kind != "fee":
            raise Unreadable(f"a {kind} is written without a sign, not {shown(at(line, 'amount'))}")
        amount *= _SIGNS[kind]
    withheld = values["withheld"]
    if said == "dividend" and fields["quantity"] is not None:
        return Item(
            said=said, amount=amount + (withheld or ZERO), withheld=withheld, price=values["price"],
            fees=values["fees"], **fields,
        )  # fmt: skip
    return Item(said=said, amount=amount + (withheld or ZERO), withheld=withheld, **{**fields, "quantity": None})


def _of(value: Decimal | None, parts: int) -> Decimal | None:
    return None if value is None else value / parts


def _absolute(value: Decimal | None) -> Decimal | None:
    return None if value is None else abs(value)


def _ratio(text: str) -> tuple[Decimal, Decimal]:
    new, colon, old = text.partition(":")
    if not colon:
        raise Unreadable(f"{shown(text)} is no ratio: write NEW:OLD, as in 2:1")
    return needed(number(new), "ratio"), needed(number(old), "ratio")


GENERIC: Final = Profile("generic", "strikezone's own layout (docs/import.md)", "date, kind", _header, _read)
