"""Ledgers to export: years of random trading in several currencies, made by the ledger itself."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from core.book.book import Book
from core.book.entries import Draft, Entry, Head
from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from core.money import ONE, ZERO
from core.portfolio.model import Asset, Cash, OpeningLot, Portfolio
from tests.core.book.samples import NOW, day, dec

FIRST = date(2021, 1, 4)
YEARS = 5
CURRENCIES = {
    "VTI": "USD", "BRK-B": "USD", "^GSPC": "USD", "EURUSD=X": "USD", "SAP": "EUR", "VOD.L": "GBP", "1234.T": "JPY",
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
    ),
    cash=Cash(balances={"USD": dec(250_000), "EUR": dec("800.5")}),
)


class Kept(NamedTuple):
    """What a ledger holds."""

    head: Head
    entries: tuple[Entry, ...]
    book: Book


def kept(ledger: Ledger) -> Kept:
    return Kept(ledger.head, ledger.entries, ledger.book)


def traded(folder: Path, seed: int, days: int = 260) -> Kept:
    """Five years of trades, payments, splits, voids and corrections; some of them entered late."""
    chance = random.Random(seed)
    with Ledger.open(folder, PORTFOLIO) as ledger:
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
        )  # fmt: skip
    elif what < 0.82:
        new, old = map(dec, chance.choice(RATIOS))
        yield Draft(kind="split", effective=on, currency=currency, symbol=symbol, new=new, old=old)
    else:
        kind = chance.choice(["cash", "interest", "fee"])
        amount = _number(chance, 500, 2) * (-1 if kind == "fee" else chance.choice([1, -1]))
        withheld = _number(chance, 9, 2) if kind == "interest" and amount > 0 else None
        if amount:
            yield Draft(kind=kind, effective=on, currency=currency, rate=rate, amount=amount, withheld=withheld)  # type: ignore[arg-type]


def _correct(chance: random.Random, ledger: Ledger) -> None:
    seq = chance.randrange(1, len(ledger.entries) + 1)
    if chance.random() < 0.5:
        ledger.void(seq, NOW)
    else:
        ledger.amend(seq, NOW, price=_number(chance, 300, 3), fees=ZERO)


def _number(chance: random.Random, below: int, decimals: int) -> Decimal:
    return Decimal(chance.randrange(1, below * 10**decimals)).scaleb(-decimals)
