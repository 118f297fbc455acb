"""Fidelity: the account history as CSV (`Accounts_History.csv`). Newest first, dollars, `month/day/year`.

Layout: blank lines, then `Run Date,[Account,Account Number,]Action,Symbol,Description,Type,Quantity,Price ($),
Commission ($),Fees ($),Accrued Interest ($),Amount ($),[Cash Balance ($),]Settlement Date`, quantity and price in
either order and the `($)` missing in some exports; then blank lines and disclaimers. The action is a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from core.ledger.importers.cells import Unreadable, day, number, shown
from core.ledger.importers.items import Item, Said, ignored, items_of
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Columns, Names, Profile, alone, one_account
from core.ledger.importers.sheet import Line
from core.money import ZERO

_CORE: Final = frozenset({"SPAXX", "FDRXX", "FZFXX", "FCASH", "CORE"})  # where an account keeps its cash
_UNREAD: Final = re.compile(r"YOU (BOUGHT|SOLD) (OPENING|CLOSING|SHORT SALE|SHORT COVER|ASSIGNED|EXERCISED|CANCEL)")
_SAID: Final[tuple[tuple[str, Said], ...]] = (
    ("YOU BOUGHT", "buy"),
    ("YOU SOLD", "sell"),
    ("DIVIDEND RECEIVED", "dividend"),
    ("LONG-TERM CAP GAIN", "dividend"),
    ("SHORT-TERM CAP GAIN", "dividend"),
    ("REINVESTMENT", "reinvest"),
    ("INTEREST", "interest"),
    ("MARGIN INTEREST", "interest"),
    ("FOREIGN TAX PAID", "tax"),
    ("NON-RESIDENT TAX", "tax"),
    ("FEE CHARGED", "fee"),
    ("ADVISORY FEE", "fee"),
    ("ADR FEE", "fee"),
    ("FOREIGN CUSTODY FEE", "fee"),
    *(
        (words, "cash")
        for words in (
            "ELECTRONIC FUNDS TRANSFER", "DIRECT DEPOSIT", "DIRECT DEBIT", "CHECK RECEIVED", "CHECK PAID",
            "WIRE TRANSFER", "CASH CONTRIBUTION", "CONTRIBUTION", "PARTIC CONTR", "CO CONTR", "NORMAL DISTR",
            "TRANSFERRED FROM", "TRANSFERRED TO", "TRANSFER OF ASSETS", "JOURNALED", "BILL PAYMENT", "DEBIT CARD",
            "ROLLOVER CASH",
        )
    ),
)  # fmt: skip
_DECLARED: Final = (
    ("REVERSE SPLIT", "split", "record it first, with `strikezone record split`"),
    ("DISTRIBUTION", "split", "Fidelity does not say its ratio: record it first, with `strikezone record split`"),
    ("NAME CHANGED", "rename", "record it first, with `strikezone record rename`"),
    (
        "TRANSFER",
        "transfer",
        "Fidelity does not say what the shares cost: record them first, with `strikezone record transfer`",
    ),
    (
        "JOURNALED",
        "transfer",
        "Fidelity does not say what the shares cost: record them first, with `strikezone record transfer`",
    ),
)


def _header(names: Names) -> bool:
    amounts = {name.removesuffix(" ($)") for name in names}
    return {"run date", "action", "symbol"} <= names and {"amount", "quantity"} <= amounts


def _read(lines: Sequence[Line], maker: Maker) -> list[Item]:
    at = Columns(lines[0])
    one_account([line for line in lines[1:] if not alone(line)], lambda line: at(line, "account number"))

    def read(line: Line) -> Item:
        if alone(line) and not at(line, "run date")[:2].isdigit():
            return ignored(line, "a remark, no transaction")
        at.check(line)
        return _item(line, at, maker)

    return list(items_of(lines[1:], read))


def _item(line: Line, at: Columns, maker: Maker) -> Item:
    action, symbol = at(line, "action").strip().upper(), at(line, "symbol")
    quantity, amount = _number(line, at, "quantity") or ZERO, _number(line, at, "amount")
    cash = symbol in _CORE and not maker.holds(symbol)
    if "CORE ACCOUNT" in action or (cash and action.startswith("REINVESTMENT")):
        return ignored(line, "cash stays cash: the core account")
    fields: dict[str, Any] = {
        "line": line.number, "text": line.text, "day": day(at(line, "run date"), "month/day/year"),
        "currency": at(line, "currency") or "USD",
    }  # fmt: skip
    for start, kind, what in _DECLARED:
        if action.startswith(start) and quantity and symbol:
            return Item(said="declared", match=kind, what=what, names=(symbol,), **fields)
    said = next((said for start, said in _SAID if action.startswith(start)), None)
    if said is None or _UNREAD.match(action) or at(line, "type").lower() == "short":
        raise Unreadable(f"{shown(at(line, 'action'))} is not read yet: record it by hand")
    if said in ("buy", "sell", "reinvest"):
        return Item(
            said=said,
            names=(symbol,),
            quantity=abs(quantity),
            price=_number(line, at, "price"),
            fees=abs(_number(line, at, "commission") or ZERO) + abs(_number(line, at, "fees") or ZERO),
            total=None if amount is None else abs(amount),
            **fields,
        )
    if said == "dividend" and cash:
        said = "interest"
    described = action if said in ("cash", "interest", "fee") else ""
    of_cash = said == "cash" or cash or symbol in ("", "NO DESCRIPTION")
    return Item(
        said=said,
        names=() if of_cash else (symbol,),
        amount=amount,
        note=at(line, "action"),
        match=described,
        **fields,
    )


def _number(line: Line, at: Columns, name: str) -> Decimal | None:
    return number(at(line, f"{name} ($)", name))


FIDELITY: Final = Profile(
    "fidelity", "Fidelity, account history", "Run Date, Action, Symbol, Quantity, Amount ($)", _header, _read
)
