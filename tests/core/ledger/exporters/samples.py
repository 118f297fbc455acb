"""Ledgers to export: years of random trading in several currencies, made by the ledger itself."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from core.book.book import Book
from core.book.choosing import NO_TAX
from core.book.entries import Draft, Entry, Head, HeadLot, Method
from core.errors import BadInput, Conflict
from core.ledger.exporters.movements import Rules
from core.ledger.ledger import Ledger
from core.money import ONE, ZERO
from core.portfolio.model import Asset, Cash, OpeningLot, Portfolio, Tax
from tests.core.book.samples import NOW, day, dec

FIRST = date(2021, 1, 4)
YEARS = 5
CURRENCIES = {
    "VTI": "USD", "BRK-B": "USD", "^GSPC": "USD", "EURUSD=X": "USD", "SAP": "EUR", "VOD.L": "GBP", "1234.T": "JPY",
    "SPUN": "USD", "GSPC": "USD", "SAP.DE": "EUR",
}  # fmt: skip
RATES = {"USD": ONE, "EUR": dec("1.0937"), "GBP": dec("1.2711"), "JPY": dec("0.006781")}
RATIOS = [("2", "1"), ("3", "2"), ("1", "10"), ("7", "3"), ("1.05", "1")]
TWIN = OpeningLot(dec(40), dec("81.33"), day("2020-03-02"))  # two lots that only their keys keep apart
PORTFOLIO = Portfolio(
    path="five-years.toml",
    id="five-years",
    base_currency="USD",
    assets=(
        Asset("VTI", "USD", lots=(TWIN, TWIN)),
        Asset("BRK-B", "USD", lots=(OpeningLot(dec("12.5")), OpeningLot(dec(3), dec(210), day("2019-07-01")))),
        Asset("^GSPC", "USD", lots=(OpeningLot(dec(9), dec("17.77")),)),
        Asset("EURUSD=X", "USD"),
        Asset("SAP", "EUR", lots=(OpeningLot(dec(30), dec("101.9"), day("2020-01-15"), dec("1.11")),)),
        Asset("VOD.L", "GBP"),
        Asset("1234.T", "JPY"),
        Asset("SPUN", "USD"),
        Asset("GSPC", "USD"),
        Asset("SAP.DE", "EUR"),
    ),
    cash=Cash(balances={"USD": dec(250_000), "EUR": dec("800.5")}),
)


OTHERS = {"VTI": ("spinoff", "SPUN"), "^GSPC": ("rename", "GSPC"), "SAP": ("rename", "SAP.DE")}
METHODS: tuple[Method, ...] = ("fifo", "lifo", "hifo", "lofo", "average")


class Kept(NamedTuple):
    """What a ledger holds, and by which rules."""

    head: Head
    entries: tuple[Entry, ...]
    book: Book
    rules: Rules = Rules()


def kept(ledger: Ledger) -> Kept:
    return Kept(ledger.head, ledger.entries, ledger.book, Rules(ledger.portfolio.tax))


def traded(folder: Path, seed: int, days: int = 260, tax: Tax = NO_TAX) -> Kept:
    """Five years of everything that can be recorded, voided and corrected; some of it entered late."""
    chance = random.Random(seed)
    with Ledger.open(folder, replace(PORTFOLIO, tax=tax)) as ledger:
        for number in range(days):
            on = FIRST + timedelta(number * YEARS * 365 // days)
            for draft in _day(chance, on):
                with contextlib.suppress(BadInput, Conflict):  # sells what is not held, splits to nothing
                    ledger.append([draft], NOW)
            if chance.random() < 0.08 and ledger.entries:
                with contextlib.suppress(BadInput, Conflict):  # a void, or one that later entries need
                    _correct(chance, ledger)
        return kept(ledger)


def _day(chance: random.Random, on: date) -> Iterator[Draft]:
    if chance.random() < 0.1:
        on -= timedelta(chance.randrange(1, 200))
    what = chance.random()
    symbol = chance.choice(list(CURRENCIES))
    currency = CURRENCIES[symbol]
    rate = None if chance.random() < 0.05 and currency != "USD" else RATES[currency]
    if what < 0.75:
        quantity = Decimal(chance.randrange(1, 60)) if chance.random() < 0.7 else _number(chance, 40, 6)
        price = _number(chance, 300, 3)
        yield Draft(
            kind="trade", effective=on, currency=currency, rate=rate, symbol=symbol,
            side=chance.choice(["buy", "sell"]), quantity=quantity, price=price, fees=_number(chance, 5, 2),
            method=chance.choice(METHODS),
        )  # fmt: skip
    elif what < 0.8:
        new, old = map(dec, chance.choice(RATIOS))
        yield Draft(kind="split", effective=on, currency=currency, symbol=symbol, new=new, old=old)
    elif what < 0.88:
        yield _of_lots(chance, on, symbol, rate)
    else:
        kind = chance.choice(["cash", "interest", "fee"])
        amount = _number(chance, 500, 2) * (-1 if kind == "fee" else chance.choice([1, -1]))
        withheld = _number(chance, 9, 2) if kind == "interest" and amount > 0 else None
        if amount:
            yield Draft(kind=kind, effective=on, currency=currency, rate=rate, amount=amount, withheld=withheld)  # type: ignore[arg-type]


def _of_lots(chance: random.Random, on: date, symbol: str, rate: Decimal | None) -> Draft:
    """A dividend, reinvested or not, a transfer, a spin-off or a change of symbol."""
    currency = CURRENCIES[symbol]
    kind, to = OTHERS.get(symbol, ("dividend", None))
    if kind == "spinoff" and chance.random() < 0.5:
        return Draft(
            kind="spinoff", effective=on, currency=currency, symbol=symbol, to=to, new=dec(1), old=dec(7),
            basis_share=dec("0.137"),
        )  # fmt: skip
    if kind == "rename" and chance.random() < 0.4:
        return Draft(kind="rename", effective=on, currency=currency, symbol=symbol, to=to)
    if chance.random() < 0.3:
        day = on - timedelta(chance.randrange(500))
        lots = (HeadLot(_number(chance, 9, 3), _number(chance, 99, 2), day, rate), HeadLot(dec(2)))
        return Draft(kind="transfer", effective=on, currency=currency, symbol=symbol, received=lots, rate=rate)
    paid = Draft(
        kind="dividend", effective=on, currency=currency, symbol=symbol, amount=_number(chance, 90, 2),
        withheld=_number(chance, 9, 2), rate=rate,
    )  # fmt: skip
    if chance.random() < 0.5:
        return paid
    return replace(paid, quantity=_number(chance, 2, 5), price=_number(chance, 40, 3), fees=ZERO)


def _correct(chance: random.Random, ledger: Ledger) -> None:
    seq = chance.randrange(1, len(ledger.entries) + 1)
    if chance.random() < 0.5:
        ledger.void(seq, NOW)
    else:
        ledger.amend(seq, NOW, price=_number(chance, 300, 3), fees=ZERO)


def _number(chance: random.Random, below: int, decimals: int) -> Decimal:
    return Decimal(chance.randrange(1, below * 10**decimals)).scaleb(-decimals)
