"""Charles Schwab: the transaction history as CSV. Newest first, dollars, `month/day/year`.

Layout: `"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"`, after a title in older
exports; the last row is `Transactions Total`. A split says how many shares came, not its ratio.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from core.ledger.importers.cells import Unreadable, day, number, shown
from core.ledger.importers.items import Item, Said, ignored, items_of
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Columns, Names, Profile
from core.ledger.importers.sheet import Line

_SAID: Final[dict[str, Said]] = {
    "buy": "buy",
    "sell": "sell",
    "reinvest shares": "reinvest",
    "cancel buy": "cancel",
    "cancel sell": "cancel",
    **dict.fromkeys(
        (
            "cash dividend", "qualified dividend", "non-qualified div", "special dividend", "special qual div",
            "special non qual div", "reinvest dividend", "qual div reinvest", "pr yr cash div",
            "pr yr div reinvest",
            "pr yr non qual div", "pr yr special div", "long term cap gain", "short term cap gain",
            "long term cap gain reinvest", "short term cap gain reinvest", "substitute payment",
        ),
        "dividend",
    ),
    **dict.fromkeys(("nra tax adj", "nra withholding", "foreign tax paid", "foreign tax reclaim"), "tax"),
    **dict.fromkeys(("credit interest", "bank interest", "bond interest", "margin interest"), "interest"),
    **dict.fromkeys(("advisor fee", "adr mgmt fee", "service fee", "misc fee"), "fee"),
    **dict.fromkeys(
        (
            "moneylink transfer", "moneylink deposit", "moneylink adj", "wire sent", "wire funds", "wire received",
            "wire funds received", "wire funds adj", "funds received", "funds paid", "internal transfer", "journal",
            "bank transfer", "promotional award", "misc cash entry", "misc credits", "auto s1 credit",
            "auto s1 debit",
            "atm withdrawal", "visa purchase", "check received", "deposit", "withdrawal",
        ),
        "cash",
    ),
}  # fmt: skip
_DECLARED: Final = {
    "stock split": "split",
    "reverse split": "split",
    "spin-off": "spinoff",
    "name change": "rename",
    "journaled shares": "transfer",
    "security transfer": "transfer",
    "stock plan activity": "transfer",
}
_FIX: Final = {
    "split": "Schwab does not say its ratio: record it first, with `strikezone record split`",
    "spinoff": "Schwab does not say its share of the basis: record it first, with `strikezone record spinoff`",
    "rename": "record it first, with `strikezone record rename`",
    "transfer": "Schwab does not say what the shares cost: record them first, with `strikezone record transfer`",
}
_CUSIP: Final = re.compile(r"(?=.*\d)[0-9A-Z]{9}")
_AS_OF: Final = " as of "


def _header(names: Names) -> bool:
    return {"date", "action", "symbol", "fees & comm", "amount"} <= names


def _read(lines: Sequence[Line], _maker: Maker) -> list[Item]:
    at = Columns(lines[0])

    def read(line: Line) -> Item:
        if at(line, "date").lower().startswith("transactions total"):
            return ignored(line, "a total")
        at.check(line)
        return _item(line, at)

    return list(items_of(lines[1:], read))


def _item(line: Line, at: Columns) -> Item:
    action = at(line, "action").lower()
    posted, _, as_of = at(line, "date").partition(_AS_OF)
    symbol, quantity = at(line, "symbol"), number(at(line, "quantity"))
    fields: dict[str, Any] = {"line": line.number, "text": line.text, "names": (symbol,), "currency": "USD"}
    if action in _DECLARED:
        if _CUSIP.fullmatch(symbol) and (quantity or 0) < 0:
            return ignored(line, "the old shares, which the row of the new ones tells of")
        kind = _DECLARED[action]
        return Item(said="declared", day=day(posted, "month/day/year"), match=kind, what=_FIX[kind], **fields)
    said = _SAID.get(action)
    if said is None:
        raise Unreadable(f"{shown(at(line, 'action'))} is not read yet: record it by hand")
    fields["day"] = day(as_of or posted, "month/day/year")
    amount, fees = number(at(line, "amount")), number(at(line, "fees & comm"))
    if said in ("buy", "sell", "reinvest", "cancel"):
        match = action.removeprefix("cancel ") if said == "cancel" else ""
        return Item(
            said=said,
            quantity=None if quantity is None else abs(quantity),
            price=number(at(line, "price")),
            fees=None if fees is None else abs(fees),
            total=None if amount is None else abs(amount),
            match=match,
            **fields,
        )
    if said in ("cash", "interest", "fee") and (said == "cash" or not symbol):
        fields["names"] = ()
    if said == "cash" and quantity:
        raise Unreadable("it moves shares, not cash: record it with `strikezone record transfer`")
    return Item(said=said, amount=amount, note=at(line, "description"), match=_match(said, at, line), **fields)


def _match(said: Said, at: Columns, line: Line) -> str:
    """What tells payments of one day apart."""
    return at(line, "description") if said in ("cash", "interest", "fee") else ""


SCHWAB: Final = Profile(
    "schwab", "Charles Schwab, transaction history", "Date, Action, Symbol, Fees & Comm, Amount", _header, _read
)
