"""Vanguard (US): the transaction history as CSV (`OfxDownload.csv`). Dollars, `month/day/year` or ISO days.

Layout: a table of holdings, blank lines, then `Account Number,Trade Date,Settlement Date,Transaction Type,
Transaction Description,Investment Name,Symbol,Shares,Share Price,Principal Amount,Commissions and Fees,Net Amount,
Accrued Interest,Account Type,`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from core.ledger.importers.cells import Unreadable, day, number, shown
from core.ledger.importers.items import Item, Said, ignored, items_of
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Columns, Names, Profile, alone, one_account
from core.ledger.importers.sheet import Line
from core.money import ZERO

_SETTLEMENT: Final = frozenset({"VMFXX", "VMMXX"})  # the fund in which an account keeps its cash
_SAID: Final[dict[str, Said]] = {
    "buy": "buy",
    "buy (exchange)": "buy",
    "sell": "sell",
    "sell (exchange)": "sell",
    "dividend": "dividend",
    "capital gain (lt)": "dividend",
    "capital gain (st)": "dividend",
    "reinvestment": "reinvest",
    "reinvestment (lt gain)": "reinvest",
    "reinvestment (st gain)": "reinvest",
    "interest": "interest",
    "fee": "fee",
    "advisory fee": "fee",
    "withholding": "tax",
    "foreign tax paid": "tax",
    **dict.fromkeys(
        (
            "funds received", "contribution", "withdrawal", "distribution", "transfer (incoming)",
            "transfer (outgoing)", "rollover (incoming)", "rollover (outgoing)", "deposit",
        ),
        "cash",
    ),
}  # fmt: skip
_DECLARED: Final = {
    "stock split": ("split", "Vanguard does not say its ratio: record it first, with `strikezone record split`"),
    "reverse split": ("split", "Vanguard does not say its ratio: record it first, with `strikezone record split`"),
    "spin-off": (
        "spinoff",
        "Vanguard does not say its share of the basis: record it first, with `strikezone record spinoff`",
    ),
    "conversion (incoming)": ("rename", "record it first, with `strikezone record rename`"),
    "conversion (outgoing)": ("rename", "record it first, with `strikezone record rename`"),
}


def _header(names: Names) -> bool:
    return {"trade date", "transaction type", "symbol", "shares", "net amount"} <= names


def _read(lines: Sequence[Line], maker: Maker) -> list[Item]:
    at = Columns(lines[0])
    one_account([line for line in lines[1:] if not alone(line)], lambda line: at(line, "account number"))

    def read(line: Line) -> Item:
        if alone(line) and not at(line, "trade date"):
            return ignored(line, "a remark, no transaction")
        at.check(line)
        return _item(line, at, maker)

    return list(items_of(lines[1:], read))


def _item(line: Line, at: Columns, maker: Maker) -> Item:
    kind, symbol = at(line, "transaction type").lower(), at(line, "symbol")
    shares, amount = number(at(line, "shares")) or ZERO, number(at(line, "net amount"))
    cash = symbol in _SETTLEMENT and not maker.holds(symbol)
    if kind in ("sweep in", "sweep out") or (cash and kind in ("reinvestment", "buy", "sell")):
        return ignored(line, "cash stays cash: the settlement fund")
    fields: dict[str, Any] = {
        "line": line.number, "text": line.text, "day": _day(at(line, "trade date")), "currency": "USD",
    }  # fmt: skip
    if kind in _DECLARED:
        declared, what = _DECLARED[kind]
        return Item(said="declared", match=declared, what=what, names=(symbol,), **fields)
    said = _SAID.get(kind)
    if said is None:
        raise Unreadable(f"{shown(at(line, 'transaction type'))} is not read yet: record it by hand")
    if said in ("buy", "sell", "reinvest"):
        fees = number(at(line, "commissions and fees", "commission fees"))
        return Item(
            said=said,
            names=(symbol,),
            quantity=abs(shares),
            price=number(at(line, "share price")),
            fees=None if fees is None else abs(fees),
            total=None if amount is None else abs(amount),
            **fields,
        )
    if said == "cash" and shares and symbol and not cash:
        what = "Vanguard does not say what the shares cost: record them first, with `strikezone record transfer`"
        return Item(said="declared", match="transfer", what=what, names=(symbol,), **fields)
    if said == "dividend" and cash:
        said = "interest"
    note = at(line, "transaction description")
    of_cash = said == "cash" or cash or not symbol
    described = note if said in ("cash", "interest", "fee") else ""
    return Item(said=said, names=() if of_cash else (symbol,), amount=amount, note=note, match=described, **fields)


def _day(text: str) -> date:
    return day(text, "year-month-day" if text[4:5] == "-" else "month/day/year")


VANGUARD: Final = Profile(
    "vanguard",
    "Vanguard (US), transaction history",
    "Trade Date, Transaction Type, Symbol, Shares, Net Amount",
    _header,
    _read,
)
