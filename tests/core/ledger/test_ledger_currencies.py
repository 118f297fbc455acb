"""Entries in several currencies: rates, balances, and what is warned of or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.book.book import build_book
from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from core.portfolio.model import Asset, OpeningLot
from tests.core.book.samples import NOW, abroad, buy, day, dec, pay, sell

EUR: dict[str, Any] = {"currency": "EUR", "rate": dec("1.20")}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "classic-60-40", abroad())


def test_base_money_gets_the_rate_one_by_itself(ledger: Ledger) -> None:
    bought, paid = ledger.append([buy(1, 100), pay(5, rate=dec(1))], NOW).recorded
    assert (bought.rate, paid.rate) == (dec(1), dec(1))


@pytest.mark.parametrize("draft", [buy(1, 100, rate=dec("1.1")), pay(5, rate=dec("0.99"))])
def test_another_rate_for_base_money_is_refused(ledger: Ledger, draft: Any) -> None:
    with pytest.raises(BadInput, match="the base currency, is 1"):
        ledger.append([draft], NOW)


def test_a_foreign_entry_keeps_its_rate(ledger: Ledger, tmp_path: Path) -> None:
    done = ledger.append([buy(1, 100, symbol="SAP", **EUR)], NOW)
    assert (done.recorded[0].rate, done.warnings) == (dec("1.20"), ())
    ledger.close()
    with Ledger.open(tmp_path / "classic-60-40", abroad()) as again:
        assert again.entries == done.recorded
        assert again.book.cash == {"USD": 1000, "EUR": 100}


def test_without_a_rate_it_is_unknown_and_stays_so(ledger: Ledger, tmp_path: Path) -> None:
    done = ledger.append([buy(5, 100, symbol="SAP", currency="EUR")], NOW)
    assert done.recorded[0].rate is None
    assert done.warnings == ("cash is -300.00 EUR after this",)
    ledger.close()
    with Ledger.open(tmp_path / "classic-60-40", abroad()) as again:
        assert again.entries[0].rate is None
        assert again.book.cash == {"USD": 1000, "EUR": -300}
        assert again.verify() == []


def test_a_buy_that_overdraws_base_currency_warns_of_that(ledger: Ledger) -> None:
    done = ledger.append([buy(20, 100, symbol="SAP", **EUR)], NOW)
    assert ledger.book.cash == {"USD": 1000 - 1800 * dec("1.20"), "EUR": 0}
    assert done.warnings == ("cash is -1160.00 USD after this",)


@pytest.mark.parametrize("rate", [None, dec("1.21")])
def test_the_same_id_with_another_rate_is_a_conflict(ledger: Ledger, rate: Any) -> None:
    ledger.append([pay(5, id="x", **EUR)], NOW)
    assert ledger.append([pay(5, id="x", **EUR)], NOW).already == ("x",)
    with pytest.raises(Conflict, match="x is already recorded"):
        ledger.append([pay(5, id="x", currency="EUR", rate=rate)], NOW)


def test_a_back_dated_deposit_pays_for_the_buy_that_is_recorded_already(ledger: Ledger) -> None:
    ledger.append([buy(5, 100, symbol="SAP", **EUR)], NOW)
    assert ledger.book.cash == {"USD": 640, "EUR": 0}
    ledger.append([pay(300, "2026-11-19", **EUR)], NOW)
    assert ledger.book.cash == {"USD": 1000, "EUR": 0}
    assert ledger.book == build_book(ledger.head, ledger.entries)


def test_what_another_process_dates_back_comes_in_in_its_place(ledger: Ledger, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "classic-60-40", abroad()) as other:
        ledger.append([buy(5, 100, symbol="SAP", **EUR)], NOW)
        other.append([pay(300, "2026-11-19", **EUR)], NOW)
        ledger.refresh()
        assert ledger.book == other.book
        assert ledger.book.cash == {"USD": 1000, "EUR": 0}


def test_a_void_and_an_amendment_convert_anew(ledger: Ledger) -> None:
    ledger.append([pay(300, **EUR), buy(5, 100, symbol="SAP", **EUR)], NOW)
    assert ledger.book.cash == {"USD": 1000, "EUR": 0}
    ledger.void(1, NOW)
    assert ledger.book.cash == {"USD": 640, "EUR": 0}
    amended = ledger.amend(2, NOW, quantity=dec(4)).recorded[-1]
    assert amended.rate == dec("1.20")
    assert ledger.book.cash == {"USD": 760, "EUR": 0}


def test_many_drafts_in_any_order_of_days_are_one_commit_and_the_book_of_their_order(ledger: Ledger) -> None:
    drafts = [
        buy(4, 100, "2026-11-18", symbol="SAP", **EUR),
        sell(2, 110, "2026-11-17", symbol="SAP", **EUR),
        pay(50, "2026-11-16", **EUR),
        sell(1, 90, "2026-11-15", symbol="SAP", **EUR),
    ]
    assert len(ledger.append(drafts, NOW).recorded) == 4
    assert ledger.book.cash == {"USD": 1000, "EUR": 200 + 90 + 50 + 220 - 400}
    assert ledger.book == build_book(ledger.head, ledger.entries)


# -- the head


def with_rate(rate: str | None) -> Any:
    lot = OpeningLot(dec(10), dec(100), day("2024-01-02"), None if rate is None else dec(rate))
    vti = Asset("VTI", "USD", lots=(OpeningLot(dec(100), dec(80), day("2023-05-01")),))
    return abroad(assets=(vti, Asset("SAP", "EUR", lots=(lot,))))


def test_a_changed_rate_of_a_lot_is_a_difference_that_can_be_adopted(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append([pay(5)], NOW)
    ledger.close()
    with Ledger.open(tmp_path / "classic-60-40", with_rate("1.09")) as again:
        (problem,) = again.conflicts
        assert (problem.where, problem.what) == (
            "[[asset]] SAP, lots",
            "the ledger has 10 at 100 of 2024-01-02 at rate 1.1, the file 10 at 100 of 2024-01-02 at rate 1.09",
        )
        assert again.adopt(again.portfolio, NOW) is not None
        assert again.conflicts == ()
        assert again.verify() == []


# -- tampering


@pytest.mark.parametrize(
    ("number", "fields", "message"),
    [
        ("1", {"rate": "1.5"}, "entry 1: a rate of 1.5 USD per USD"),
        ("2", {"rate": "-1.2"}, "entry 2: a rate of -1.2 USD per EUR"),
        ("2", {"currency": "USD"}, "entry 2: a rate of 1.2 USD per USD"),
        ("2", {"currency": "GBP"}, "entry 2: is in GBP, but SAP is in EUR"),
    ],
)
def test_verify_finds_money_of_another_currency_or_rate(
    ledger: Ledger, tmp_path: Path, number: str, fields: dict[str, str], message: str
) -> None:
    path = tmp_path / "classic-60-40" / "ledger.json"
    ledger.append([pay(5), buy(1, 100, symbol="SAP", **EUR)], NOW)
    ledger.close(fold=True)
    tables = json.loads(path.read_text())
    del tables["_journal"]["1"]["crc32"]
    tables["entries"][number].update(fields)
    path.write_text(json.dumps(tables))
    with Ledger.open(tmp_path / "classic-60-40", abroad()) as again:
        assert message in again.verify()
