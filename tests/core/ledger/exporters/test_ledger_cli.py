"""What ledger makes of an export: by a strict reader of what is written of its grammar, and by ledger itself where
it is installed (or named by STRIKEZONE_LEDGER).

The reader follows ledger 3, "Journal Format": commodities, prices, transactions that have to balance to the
decimals that ledger compares, lots that have to be there before they are taken, and balance assertions.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import pytest

from core.book.entries import Entry, Head, HeadAsset, HeadLot
from core.ledger.exporters.accounts import accounts
from core.ledger.exporters.commodities import commodities
from core.ledger.exporters.ledger_cli import ledger_cli
from core.money import ZERO
from core.portfolio.model import Tax
from tests.core.book.samples import buy, day, dec, entry, head, part, sell, split, take, void
from tests.core.ledger.exporters.hostile import HOSTILE
from tests.core.ledger.exporters.samples import CURRENCIES, Kept, traded

ROUNDS = int(os.environ.get("STRIKEZONE_STRESS_KILLS", "12")) // 8
NAMES = commodities(["USD", *CURRENCIES.values()], CURRENCIES)
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_NAME: Final = r"""(?:[A-Z]+|"[A-Z][A-Z0-9'._-]*")"""
_ACCOUNT: Final = r"(?:Assets|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+"
_DAY: Final = r"\d{4}-\d\d-\d\d"
_LOT: Final = rf" \{{({_NUMBER}) ({_NAME})\}}(?: \[({_DAY})\])? \(([A-Za-z0-9:.=^_+&$!/-]+)\) @ {_NUMBER} {_NAME}"
_TEXT: Final = r"[^\[\]\x00-\x1f\x7f]"
_POSTING: Final = re.compile(rf"    ({_ACCOUNT})  ({_NUMBER}) ({_NAME})(?:{_LOT})?")
_ASSERTION: Final = re.compile(rf"    \[({_ACCOUNT})\]  0 ({_NAME}) = ({_NUMBER}) ({_NAME})")
_OTHER: Final = re.compile(
    rf"; {_TEXT}*|commodity {_NAME}|    note {_TEXT}+|    ; [a-z]+: {_TEXT}*|P {_DAY} {_NAME} {_NUMBER} {_NAME}|"
)


class Reader:
    """What is in each account and each lot after the whole file."""

    def __init__(self, text: str) -> None:
        self.units: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.lots: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)  # commodity, price, key
        self.asserted = 0
        self._open: dict[str, Decimal] = {}
        self._decimals: dict[str, int] = defaultdict(int)
        for line in text.removesuffix("\n").split("\n"):
            self._read(line)
        self._close()

    def _read(self, line: str) -> None:
        if re.fullmatch(rf"{_DAY} \* [^\n;]+", line):
            self._close()
            return
        posting, assertion = _POSTING.fullmatch(line), _ASSERTION.fullmatch(line)
        if posting:
            account, number, name, price, currency, _, key = posting.groups()
            self._post(account, number, name, (price, currency, key) if price else None)
        elif assertion:
            account, name, number, same = assertion.groups()
            assert name == same
            assert self.units[account, name] == dec(number), line
            self.asserted += 1
        else:
            assert _OTHER.fullmatch(line), line

    def _post(self, account: str, number: str, name: str, lot: tuple[str, str, str] | None) -> None:
        units = dec(number)
        self.units[account, name] += units
        if lot is None:
            self._decimals[name] = max(self._decimals[name], len(number.partition(".")[2]))
            self._open[name] = self._open.get(name, ZERO) + units
            return
        price, currency, key = lot
        self.lots[name, price, key] += units
        assert self.lots[name, price, key] >= 0, "taken of a lot that is not there"
        self._open[currency] = self._open.get(currency, ZERO) + units * dec(price)

    def _close(self) -> None:
        for name, left in self._open.items():
            assert abs(left) * 2 < Decimal(1).scaleb(-self._decimals[name]), f"{left} {name} are left over"
        self._open = {}


def of(start: Head, *entries: Entry) -> str:
    return ledger_cli(start, entries, accounts(start.portfolio))


def accepted_by_ledger(text: str, folder: Path) -> None:
    """Nothing where ledger is not installed; else that it reads the file and its assertions hold."""
    program = os.environ.get("STRIKEZONE_LEDGER") or shutil.which("ledger")
    if program:
        path = folder / "journal.ledger"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [program, "-f", path, "balance"], capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr[:2000]


def agree(kept: Kept, folder: Path) -> None:
    text = ledger_cli(kept.head, kept.entries, accounts(kept.head.portfolio), kept.rules)
    found = Reader(text)
    assert found.asserted == len(kept.book.positions.keys() | set(CURRENCIES)) + len(set(CURRENCIES.values()))
    for symbol, position in kept.book.positions.items():
        name = NAMES.assets[symbol]
        quoted = name if name.isalpha() else f'"{name}"'
        cost = sum((units * dec(price) for (lot, price, _), units in found.lots.items() if lot == quoted), ZERO)
        known = sum((lot.basis for lot in position.lots if lot.basis is not None), ZERO)
        assert abs(cost - known) < Decimal("0.000001"), symbol
        account = f"Assets:Strikezone:Five-years:Holdings:{name.replace('.', '-')}"
        assert found.units[account, quoted] == position.quantity
    for currency, balance in kept.book.cash.items():
        assert abs(found.units["Assets:Strikezone:Five-years:Cash", currency] - balance) < Decimal("1e-6")
    accepted_by_ledger(text, folder)


@pytest.mark.stress
@pytest.mark.parametrize("regime", ["none", "us", "uk"])
def test_five_years_of_random_trading_agree_with_the_book(
    tmp_path: Path, regime: Literal["none", "us", "uk"]
) -> None:
    for seed in range(100, 100 + ROUNDS):
        agree(traded(tmp_path / str(seed), seed, tax=Tax(regime=regime)), tmp_path)


def test_a_lot_has_price_day_and_key_and_a_sale_takes_it(tmp_path: Path) -> None:
    start = head(HeadLot(dec(10), dec(80), day("2023-05-01")), HeadLot(dec(10), dec(80), day("2023-05-01")))
    text = of(start, take(1, start, sell(4, 100, lots=(part("open:VTI:1", 4),))))
    assert "Holdings:VTI  -4 VTI {80 USD} [2023-05-01] (open:VTI:1) @ 100 USD\n" in text
    assert "Gains  -80.00 USD\n" in text
    assert Reader(text).lots == {("VTI", "80", "open:VTI:0"): 10, ("VTI", "80", "open:VTI:1"): 6}
    accepted_by_ledger(text, tmp_path)


def test_a_price_that_does_not_end_is_the_same_wherever_the_lot_stands(tmp_path: Path) -> None:
    bought = entry(1, buy(3, 100, fees=dec(1)))
    text = of(head(), bought, take(2, head(), sell(1, 110), bought))
    assert text.count("{100.333333333333333333333333 USD}") == 2
    Reader(text)
    accepted_by_ledger(text, tmp_path)


def test_a_split_takes_all_of_a_lot_and_puts_it_back_at_the_same_cost(tmp_path: Path) -> None:
    start = head(HeadLot(dec(10), dec(80), day("2023-05-01")))
    text = of(start, entry(1, split("2:1")))
    assert {key: units for key, units in Reader(text).lots.items() if units} == {("VTI", "40", "open:VTI:0"): 20}
    accepted_by_ledger(text, tmp_path)


def test_a_foreign_buy_is_paid_by_an_exchange_that_is_no_lot(tmp_path: Path) -> None:
    start = Head("p", "USD", None, {"USD": dec(1000), "EUR": dec(200)}, ())
    text = of(start, entry(1, buy(3, 100, symbol="SAP", currency="EUR", rate=dec("1.1"))))
    assert "    Equity:Strikezone:P:Conversions  -100.00 EUR\n" in text
    assert "P 2026-11-20 EUR 1.1 USD\n" in text
    Reader(text)
    accepted_by_ledger(text, tmp_path)


def test_free_shares_cost_nothing(tmp_path: Path) -> None:
    text = of(head(), entry(1, buy(3, 0)))
    Reader(text)
    accepted_by_ledger(text, tmp_path)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_breaks_out(tmp_path: Path, hostile: str) -> None:
    lot = HeadLot(dec(10), dec(80), day("2023-05-01"))
    start = Head(hostile[:20], "USD", None, {"USD": dec(9)}, (HeadAsset(hostile, "USD", (lot,)),))
    bought = entry(1, buy(1, 1, symbol=hostile, note=hostile, id=hostile))
    wrong = entry(2, buy(1, 1, symbol=hostile))
    text = ledger_cli(start, [bought, wrong, void(3, wrong)], accounts("p"))
    assert Reader(text).asserted == 2
    assert len(re.findall(r"^\d", text, re.MULTILINE)) == 3  # opening, the buy, the balances
    accepted_by_ledger(text, tmp_path)
