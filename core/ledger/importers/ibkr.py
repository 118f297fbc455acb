"""Interactive Brokers: the Activity Statement as CSV, in English. Sections, each with its own header rows.

Layout: `Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,C. Price,
Proceeds,Comm/Fee,Basis,Realized P/L,MTM P/L,Code`, then `Trades,Data,Order,Stocks,...`; `Dividends`, `Withholding
Tax`, `Interest`, `Fees`, `Deposits & Withdrawals`, `Corporate Actions` alike, and `SubTotal` and `Total` rows
everywhere. Fees of a trade are negative; a `Forex` trade moves cash of two currencies; code `Ca` cancels a trade. A
split counts from the report date on: its time is after the close of the day before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from core.ledger.importers.cells import Unreadable, clock, day, needed, number, shown, unit
from core.ledger.importers.items import Item, Said, ignored, items_of
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Columns, Names, Profile, one_account
from core.ledger.importers.sheet import Line
from core.money import ZERO, rounded

_FORM: Final = "year-month-day"
_SECTIONS: Final = frozenset(
    {
        "statement",
        "account information",
        "trades",
        "dividends",
        "withholding tax",
        "deposits & withdrawals",
        "corporate actions",
    }
)
_PAID: Final = re.compile(r"(?P<symbol>[^()]+?)\s*\((?P<isin>[A-Z0-9]{9,12})\)\s*(?P<rest>.*)")
_PER_SHARE: Final = re.compile(r"\s+-\s+|\s*\(")
_SPLIT: Final = re.compile(r"\bSplit (?P<new>\d{1,6}) for (?P<old>\d{1,6})\b", re.IGNORECASE)
_COMMISSION: Final = "comm"
_RATE_DECIMALS: Final = 20
_MOVES: Final = frozenset(
    {"option exercises, assignments and expirations", "commission adjustments", "grant activity", "advisor fees",
     "bond interest", "sales tax details", "incentive coupon accrual details"}
)  # fmt: skip
_UNREAD: Final = "is not read yet: record it by hand"


def _header(names: Names) -> bool:
    return "header" in names and bool(names & _SECTIONS)


def _read(lines: Sequence[Line], maker: Maker) -> list[Item]:
    return list(items_of(lines, _Statement(lines, maker).read))


class _Statement:
    """One statement: the columns of the section that is being read, and the ISIN of each symbol."""

    def __init__(self, lines: Sequence[Line], maker: Maker) -> None:
        self._base = maker.portfolio.base_currency
        self._maker = maker
        self._columns = Columns(lines[0])
        self._isins = _isins(lines)
        trades = [line.cells[2] for line in lines if line.cells[:2] == ["Trades", "Data"] and len(line.cells) > 2]
        self._fills = "Order" not in trades  # then the rows of single executions are all there is
        self._sections: dict[str, Callable[[Line, Columns], Item | list[Item]]] = {
            "trades": self._trade,
            "dividends": self._dividend,
            "withholding tax": self._tax,
            "interest": self._interest,
            "fees": self._fee,
            "transaction fees": self._transaction_fee,
            "deposits & withdrawals": self._cash,
            "corporate actions": self._action,
            "transfers": self._transfer,
        }
        _one_account(lines)

    def read(self, line: Line) -> Item | list[Item] | None:
        """The items of a row; None for headers, totals, and sections that only inform."""
        section, kind = (cell.strip().lower() for cell in (*line.cells[:2], "", "")[:2])
        if kind == "header":
            self._columns = Columns(line)
            return None
        if kind != "data":
            return None
        if section in _MOVES:
            raise Unreadable(f"the section {shown(line.cells[0])} {_UNREAD}")
        read = self._sections.get(section)
        at = self._columns
        if read is None or any(
            at(line, name).lower().startswith("total") for name in ("currency", "asset category")
        ):
            return None
        if any(cell.strip().lower() == "total" for cell in line.cells[2:4]):
            return None
        at.check(line)
        return read(line, at)

    def _trade(self, line: Line, at: Columns) -> Item | list[Item]:
        level, category = at(line, "datadiscriminator").lower(), at(line, "asset category").lower()
        if level != "order" and not (self._fills and level in ("trade", "execution")):
            return ignored(line, "a detail of the order above it")
        when, at_time = _when(at(line, "date/time"))
        quantity = needed(number(at(line, "quantity")), "quantity")
        commission = at.named(_COMMISSION)
        fields: dict[str, Any] = {"line": line.number, "text": line.text, "day": when, "time": at_time}
        codes = {code.strip() for code in at(line, "code").split(";")}
        if category.startswith("forex"):
            return self._forex(line, at, fields, quantity, commission)
        if not category.startswith("stocks"):
            raise Unreadable(f"{shown(at(line, 'asset category'))} {_UNREAD}")
        currency, parts = unit(at(line, "currency"))
        side: Said = "buy" if quantity > 0 else "sell"
        fees = -(number(at(line, commission)) or ZERO) / parts
        cancels = "Ca" in codes
        if cancels:
            side = "sell" if side == "buy" else "buy"
        proceeds = number(at(line, "proceeds"))
        total = None
        if proceeds is not None and fees >= 0:
            value = abs(proceeds) / parts
            total = value + fees if side == "buy" else value - fees
        if fees < 0 and not cancels:
            raise Unreadable("its commission is a rebate: record it by hand, as a trade and a payment")
        return Item(
            said="cancel" if cancels else side,
            names=self._names(at(line, "symbol")),
            currency=currency,
            quantity=abs(quantity),
            price=needed(number(at(line, "t. price")), "price") / parts,
            fees=abs(fees),
            total=None if cancels else total,
            match=side if cancels else "",
            **fields,
        )

    def _forex(
        self, line: Line, at: Columns, fields: dict[str, Any], quantity: Decimal, commission: str
    ) -> list[Item]:
        """An exchange of currencies: cash of both, and its commission, in the currency that its column names."""
        first, point, second = at(line, "symbol").partition(".")
        proceeds = needed(number(at(line, "proceeds")), "proceeds")
        if not point or not quantity or not proceeds:
            raise Unreadable(f"{shown(at(line, 'symbol'))} is no pair of currencies")
        legs = []
        for amount, code, other, into in ((quantity, first, proceeds, second), (proceeds, second, quantity, first)):
            rate = rounded(abs(other / amount), _RATE_DECIMALS) if into == self._base else None
            match = f"conversion {at(line, 'symbol')}"
            legs.append(
                Item(
                    said="cash", amount=amount, currency=unit(code)[0], rate=rate, note=match, match=match, **fields
                )
            )
        fee = number(at(line, commission))
        if fee:
            code = commission.rpartition(" ")[2].upper() if " in " in commission else second
            note = f"commission of {at(line, 'symbol')}"
            legs.append(Item(said="fee", amount=fee, currency=unit(code)[0], note=note, match=note, **fields))
        return legs

    def _dividend(self, line: Line, at: Columns) -> Item:
        text = at(line, "description")
        if "return of capital" in text.lower():
            raise Unreadable("a return of capital lowers the basis, which is not kept yet: record it by hand")
        names, match = self._payer(text)
        return self._payment(line, at, "dividend", names, match)

    def _tax(self, line: Line, at: Columns) -> Item:
        text = at(line, "description")
        if "interest" in text.lower() and not _PAID.match(text):
            return self._payment(line, at, "tax", (), "")
        names, match = self._payer(text)
        return self._payment(line, at, "tax", names, match)

    def _interest(self, line: Line, at: Columns) -> Item:
        return self._payment(line, at, "interest", (), at(line, "description"))

    def _fee(self, line: Line, at: Columns) -> Item:
        found = _PAID.match(at(line, "description"))
        names = self._names(found["symbol"], found["isin"]) if found else ()
        known = names if names and any(self._maker.holds(name) for name in names) else ()
        return self._payment(line, at, "fee", known, at(line, "description"))

    def _transaction_fee(self, line: Line, at: Columns) -> Item:
        when, at_time = _when(at(line, "date/time"))
        currency, parts = unit(at(line, "currency"))
        amount = needed(number(at(line, "amount")), "amount") / parts
        note = at(line, "description")
        return Item(
            line=line.number, text=line.text, said="fee", names=self._names(at(line, "symbol")), day=when,
            time=at_time, currency=currency, amount=amount, note=note, match=note,
        )  # fmt: skip

    def _cash(self, line: Line, at: Columns) -> Item:
        return self._payment(line, at, "cash", (), at(line, "description"))

    def _payment(self, line: Line, at: Columns, said: Said, names: tuple[str, ...], match: str) -> Item:
        currency, parts = unit(at(line, "currency"))
        return Item(
            line=line.number,
            text=line.text,
            said=said,
            names=names,
            day=day(at(line, "date", "settle date"), _FORM),
            currency=currency,
            amount=needed(number(at(line, "amount")), "amount") / parts,
            note=at(line, "description"),
            match=match,
        )

    def _action(self, line: Line, at: Columns) -> Item:
        text = at(line, "description")
        if "Ca" in {code.strip() for code in at(line, "code").split(";")}:
            raise Unreadable("a cancelled corporate action: record by hand what counts in the end")
        found = _PAID.match(text)
        if found is None:
            raise Unreadable(f"{shown(text)} {_UNREAD}")
        fields: dict[str, Any] = {
            "line": line.number, "text": line.text, "day": day(at(line, "report date"), _FORM),
            "names": self._names(found["symbol"], found["isin"]),
        }  # fmt: skip
        split = _SPLIT.search(text)
        if split is not None:
            if ".OLD" in text.upper():
                return ignored(line, "the old shares, which the row of the new ones tells of")
            return Item(said="split", new=Decimal(split["new"]), old=Decimal(split["old"]), **fields)
        if "spinoff" in text.lower():
            what = (
                "its share of the basis is not in the statement: record it first, with `strikezone record spinoff`"
            )
            return Item(said="declared", match="spinoff", what=what, **fields)
        if "cusip/isin change" in text.lower():
            return Item(
                said="declared", match="rename", what="record it first, with `strikezone record rename`", **fields
            )
        raise Unreadable(f"{shown(text)} {_UNREAD}")

    def _transfer(self, line: Line, at: Columns) -> Item:
        what = "what the shares cost is not in the statement: record them first, with `strikezone record transfer`"
        return Item(
            line=line.number, text=line.text, said="declared", match="transfer", what=what,
            names=self._names(at(line, "symbol")), day=day(at(line, "date"), _FORM),
        )  # fmt: skip

    def _payer(self, text: str) -> tuple[tuple[str, ...], str]:
        """Whose payment a description tells of, and the words that its dividend and its tax have in common."""
        found = _PAID.match(text)
        if found is None:
            raise Unreadable(f"{shown(text)} names no asset: record it by hand")
        return self._names(found["symbol"], found["isin"]), _PER_SHARE.split(found["rest"])[0].strip().lower()

    def _names(self, symbol: str, isin: str = "") -> tuple[str, ...]:
        isin = isin or self._isins.get(symbol, "")
        return (symbol, isin) if isin else (symbol,)


def _isins(lines: Sequence[Line]) -> dict[str, str]:
    """The security id of each symbol, from the statement's own list of instruments."""
    found, at = dict[str, str](), None
    for line in lines:
        if not line.cells or line.cells[0].strip() != "Financial Instrument Information":
            continue
        if line.cells[1:2] == ["Header"]:
            at = Columns(line)
        elif at is not None:
            for symbol in at(line, "symbol").split(","):
                found[symbol.strip()] = at(line, "security id")
    return found


def _one_account(lines: Sequence[Line]) -> None:
    """BadInput for a statement of several accounts."""
    at: Columns | None = None
    accounts = []
    for line in lines:
        if line.cells[:2] == ["Trades", "Header"]:
            at = Columns(line)
        elif at is not None and line.cells[:2] == ["Trades", "Data"]:
            accounts.append((line, at))
    columns = dict((line.number, at(line, "account")) for line, at in accounts)
    one_account([line for line, _ in accounts], lambda line: columns[line.number])


def _when(text: str) -> tuple[date, time | None]:
    """Day and time of `2026-11-20, 10:30:00`, with or without the comma, the time or the seconds."""
    days, _, hours = text.replace(",", " ").strip().partition(" ")
    return day(days, _FORM), clock(hours.strip())


IBKR: Final = Profile(
    "ibkr",
    "Interactive Brokers, Activity Statement",
    "Statement,Header,... or Trades,Header,DataDiscriminator,Asset Category,...",
    _header,
    _read,
)
