"""Degiro, in English: `Transactions.csv` for the trades, `Account.csv` for everything else. `day-month-year`.

Transactions: `Date,Time,Product,ISIN,Reference exchange,Venue,Quantity,Price,,Local value,,Value,,Exchange rate,
Transaction and/or third party fees,,Total,,Order ID`; a currency stands in the column without a name to the right
of its amount, in newer exports in the header (`Value EUR`). An order may be filled in several rows of one id. A
trade in another currency than its total was converted at once (AutoFX). Account: `Date,Time,Value date,Product,
ISIN,Description,FX,Change,,Balance,,Order Id`, the currency before the amount. Decimals have a comma or a point, as
the account is set: the file itself has to tell which.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from core.errors import BadInput
from core.ledger.importers.cells import (
    Style,
    Unreadable,
    clock,
    day,
    needed,
    number,
    shown,
    style_of,
    undecided,
    unit,
)
from core.ledger.importers.items import Item, Said, ignored, items_of
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Columns, Names, Profile
from core.ledger.importers.sheet import Line
from core.money import ZERO, rounded

_RATE_DECIMALS: Final = 20
_FORM: Final = "day-month-year"
_IN_NAME: Final = re.compile(r" (?!fee)([a-z]{3})$")
_TRADE: Final = re.compile(r"^(buy|sell) .* ?@ ?", re.IGNORECASE)
_WITH_TRADES: Final = "it comes with the trades: import Transactions.csv for these"
_SAID: Final[tuple[tuple[str, Said], ...]] = (
    ("dividend tax", "tax"),
    ("dividend", "dividend"),
    ("fund distribution", "dividend"),
    ("capital return", "unreadable"),
    ("flatex interest", "interest"),
    ("interest", "interest"),
    ("degiro exchange connection fee", "fee"),
    ("exchange connection fee", "fee"),
    ("adr/gdr pass-through fee", "fee"),
    ("flatex deposit", "cash"),
    ("deposit", "cash"),
    ("ideal deposit", "cash"),
    ("sofort deposit", "cash"),
    ("trustly/sofort deposit", "cash"),
    ("instant deposit", "cash"),
    ("withdrawal", "cash"),
    ("flatex withdrawal", "cash"),
    ("processed flatex withdrawal", "cash"),
    ("promotion", "cash"),
    ("fx credit", "cash"),
    ("currency exchange", "cash"),
    ("fx debit", "cash"),
)
_INSIDE: Final = (
    "degiro cash sweep transfer", "transfer to your cash account", "transfer from your",
    "reservation ideal", "cash market fund", "money market fund",
)  # fmt: skip
_CHANGES: Final = (
    "stock split",
    "isin change",
    "product change",
    "spin-off",
    "merger",
    "delisting",
    "rights issue",
)


def _trades_header(names: Names) -> bool:
    return {"date", "time", "product", "isin", "quantity", "price"} <= names and any(
        name.startswith("order id") for name in names
    )


def _account_header(names: Names) -> bool:
    return {"date", "time", "value date", "product", "isin", "description", "change"} <= names


def _style(lines: Sequence[Line], columns: Sequence[str], at: Columns) -> Style | None:
    """How the file writes decimals; BadInput if it contradicts itself."""
    cells = (at(line, name) for line in lines for name in columns)
    beside = (at.beside(line, name) for line in lines for name in ("change", "balance"))
    try:
        return style_of([*cells, *beside])
    except Unreadable as error:
        raise BadInput(str(error), fix="export it again: one file has either commas or points") from error


class _Numbers:
    """Reads a file's numbers; one that could mean two things is refused where nothing in the file tells which."""

    def __init__(self, style: Style | None) -> None:
        self.style = style

    def __call__(self, text: str) -> Decimal | None:
        if self.style is None and undecided(text):
            raise Unreadable(f"{shown(text)} could be thousands or decimals, and no number of the file tells which")
        return number(text, self.style or "point")


def _read_trades(lines: Sequence[Line], _maker: Maker) -> list[Item]:
    at = Columns(lines[0])
    value, total = at.named("value"), at.named("total")
    fees = [name for name in (at.named("transaction"), at.named("autofx fee")) if name]
    columns = ["quantity", "price", "local value", "exchange rate", value, total, *fees]
    read_number = _Numbers(_style(lines[1:], columns, at))

    def amount(line: Line, name: str) -> tuple[Decimal | None, str]:
        code = at.beside(line, name) or (found[1].upper() if (found := _IN_NAME.search(name)) else "")
        read = read_number(at(line, name))
        if read is None:
            return None, code
        currency, parts = unit(code) if code else ("", 1)
        return read / parts, currency

    def read(line: Line) -> Item:
        quantity = needed(read_number(at(line, "quantity")), "quantity")
        price, currency = amount(line, "price")
        whole, settled = amount(line, total)
        charged = [amount(line, name) for name in fees]
        if any(fee and code not in ("", settled) for fee, code in charged):
            raise Unreadable("its fees are in another currency than its total")
        paid = sum((abs(fee) for fee, _ in charged if fee is not None), ZERO)
        own = settled == currency
        return Item(
            line=line.number,
            text=line.text,
            said="buy" if quantity > 0 else "sell",
            names=(at(line, "isin"),),
            day=day(at(line, "date"), _FORM),
            time=clock(at(line, "time")),
            currency=currency,
            quantity=abs(quantity),
            price=needed(price, "price"),
            fees=paid if own else ZERO,
            foreign_fees=ZERO if own else paid,
            total=None if whole is None else abs(whole),
            settled=settled,
            match=at(line, at.named("order id")),
        )

    return list(items_of(lines[1:], read))


def _read_account(lines: Sequence[Line], maker: Maker) -> list[Item]:
    at = Columns(lines[0])
    read_number = _Numbers(_style(lines[1:], ("fx",), at))
    base = maker.portfolio.base_currency

    def read(line: Line) -> Item:
        text = at(line, "description")
        description, order = text.lower(), at(line, "order id")
        if not at(line, "date"):
            return ignored(line, "the rest of the row before it")
        if description.startswith(_INSIDE):
            return ignored(line, "moves cash inside Degiro")
        if _TRADE.match(text) or "transaction and/or third" in description or "transaction fee" in description:
            return ignored(line, _WITH_TRADES)
        fields: dict[str, Any] = {
            "line": line.number, "text": line.text, "day": day(at(line, "date"), _FORM),
            "time": clock(at(line, "time")),
        }  # fmt: skip
        if description.startswith(_CHANGES):
            return _change(fields, at(line, "isin"), description)
        said = next((said for start, said in _SAID if description.startswith(start)), None)
        if said in (None, "unreadable"):
            raise Unreadable(f"{shown(text)} is not read yet: record it by hand")
        if said == "cash" and order and description.startswith("fx"):
            return ignored(line, _WITH_TRADES)
        currency, parts = unit(at(line, "change"))
        amount = needed(read_number(at.beside(line, "change")), "change") / parts
        isin = at(line, "isin")
        if said in ("dividend", "tax"):
            fields["time"] = None
        return Item(
            said=said,
            names=(isin,) if said in ("dividend", "tax") else (),
            currency=currency,
            amount=amount,
            rate=_rate(read_number(at(line, "fx")), currency, base),
            note=text,
            match="" if said in ("dividend", "tax") else description,
            **fields,
        )

    return list(items_of(lines[1:], read))


def _rate(given: Decimal | None, currency: str, base: str) -> Decimal | None:
    """Base currency per unit, of the row's units per one of base currency."""
    return None if not given or currency == base or base != "EUR" else rounded(1 / given, _RATE_DECIMALS)


def _change(fields: dict[str, Any], isin: str, description: str) -> Item:
    """A corporate action, whose rows do not tell all that it takes."""
    kinds = {"stock split": "split", "spin-off": "spinoff", "isin change": "rename", "product change": "rename"}
    kind = next((kind for start, kind in kinds.items() if description.startswith(start)), None)
    if kind is None:
        raise Unreadable(f"{shown(description)} is not read yet: record it by hand")
    what = f"the row does not tell it whole: record it first, with `strikezone record {kind}`"
    return Item(said="declared", match=kind, what=what, names=(isin,), **fields)


DEGIRO: Final = Profile(
    "degiro",
    "Degiro (English), Transactions.csv",
    "Date, Time, Product, ISIN, Quantity, Price, Order ID",
    _trades_header,
    _read_trades,
)
DEGIRO_ACCOUNT: Final = Profile(
    "degiro-account",
    "Degiro (English), Account.csv",
    "Date, Time, Value date, Product, ISIN, Description, Change",
    _account_header,
    _read_account,
)
