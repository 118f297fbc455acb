"""Each broker's shipped export, row by row: what is in it is what is made of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.ledger.importers.read import PROFILES
from tests.core.ledger.importers.exports import EXPORTS, drafts, left, read, said, shipped

BROKERS = {
    "ibkr.csv": ("ibkr", "USD"),
    "schwab.csv": ("schwab", "USD"),
    "fidelity.csv": ("fidelity", "USD"),
    "vanguard.csv": ("vanguard", "USD"),
    "trading212.csv": ("trading212", "GBP"),
    "degiro-transactions.csv": ("degiro", "EUR"),
    "degiro-account.csv": ("degiro-account", "EUR"),
}


def everything(name: str) -> list[tuple[object, ...]]:
    broker, base = BROKERS[name]
    table = read(shipped(name), base=base)
    assert table.broker == broker
    assert left(table, "unreadable") == {}
    return [said(draft) for draft in drafts(table)]


def test_there_is_an_export_for_each_profile() -> None:
    assert {path.name for path in EXPORTS.glob("*.csv")} == {*BROKERS, "generic.csv"}
    assert {broker for broker, _ in BROKERS.values()} | {"generic"} == set(PROFILES)


def test_interactive_brokers() -> None:
    assert everything("ibkr.csv") == [
        ("2026-02-10", "buy", "SAP.DE", "20", "180.5", "1.75", "EUR"),
        ("2026-02-03", "buy", "BRK-B", "4", "490.25", "1", "USD"),
        ("2026-02-03", "buy", "NVDA", "1000", "1.35", "5", "USD"),
        ("2026-05-12", "sell", "NVDA", "2500", "0.2", "12.5", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "1", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "1", "USD"),
        ("2026-04-01", "sell", "VTI", "12", "320.5", "1.05", "USD"),
        ("2026-02-10", "cash", None, "4000", None, "EUR"),
        ("2026-02-10", "cash", None, "-4320", None, "USD"),
        ("2026-02-10", "fee", None, "-2", None, "USD"),
        ("2026-05-11", "split", "NVDA", "10:1"),
        ("2026-01-05", "cash", None, "20000", None, "USD"),
        ("2026-06-15", "cash", None, "-500", None, "USD"),
        ("2026-05-20", "dividend", "SAP.DE", "34.6", "12.4", "EUR"),
        ("2026-03-31", "dividend", "VTI", "16.15", "2.85", "USD"),
        ("2026-03-04", "interest", None, "3.56", "0.88", "USD"),
        ("2026-04-06", "interest", None, "-0.73", None, "USD"),
        ("2026-03-03", "fee", None, "-1.5", None, "USD"),
    ]


def test_interactive_brokers_says_what_it_left_out() -> None:
    assert left(read(shipped("ibkr.csv")), "ignored") == {
        16: "taken back in line 17",
        17: "cancels line 16",
        36: "taken back in line 37",
        37: "takes back line 36",
        40: "withheld of line 32",
        42: "withheld of line 35",
        43: "withheld of line 46",
    }


def test_a_foreign_currency_bought_is_worth_what_was_paid_for_it() -> None:
    (bought,) = [d for d in drafts(read(shipped("ibkr.csv"))) if d.amount == 4000]
    assert bought.rate == Decimal("1.08")  # USD per EUR: 4320 for 4000


def test_schwab() -> None:
    assert everything("schwab.csv") == [
        ("2026-06-30", "cash", None, "-1250", None, "USD"),
        ("2026-06-15", "fee", None, "-19.67", None, "USD"),
        ("2026-05-29", "interest", None, "1.63", None, "USD"),
        # 12 at the printed 320.5055, less 0.02, are 3846.046; 3846.05 were paid
        ("2026-04-15", "sell", "VTI", "12", "320.50583333333333333333", "0.02", "USD"),
        ("2026-04-01", "dividend", "BND", "48", None, "USD"),
        ("2026-03-31", "dividend", "VTI", "16.15", "2.85", "USD"),
        ("2026-03-31", "dividend", "BRK-B", "2", None, "USD"),
        ("2026-03-02", "fee", "BRK-B", "-0.5", None, "USD"),
        ("2026-02-03", "buy", "BRK-B", "4", "490.25", "1", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "0", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "0", "USD"),
        ("2026-02-02", "buy", "BND", "1000", "73", "0", "USD"),
        ("2026-01-05", "cash", None, "100000", None, "USD"),
    ]


def test_a_reinvested_dividend_has_what_was_bought_with_it() -> None:
    (bond,) = [d for d in drafts(read(shipped("schwab.csv"))) if d.symbol == "BND" and d.kind == "dividend"]
    assert (bond.amount, bond.quantity) == (Decimal(48), Decimal("0.6531"))
    assert bond.quantity is not None
    assert bond.price is not None
    assert round(bond.quantity * bond.price, 15) == 48  # at the printed 73.50 they would be 48.00285


def test_fidelity() -> None:
    assert everything("fidelity.csv") == [
        ("2026-06-30", "cash", None, "-500", None, "USD"),
        ("2026-06-30", "interest", None, "4.21", None, "USD"),
        ("2026-06-15", "fee", None, "-15", None, "USD"),
        ("2026-04-15", "sell", "VTI", "12", "320.5", "0.02", "USD"),
        ("2026-04-01", "dividend", "VTI", "16.15", "2.85", "USD"),
        ("2026-03-05", "interest", None, "0.35", None, "USD"),
        ("2026-02-03", "buy", "BRK-B", "4", "490.25", "4.95", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "0", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "0", "USD"),
        ("2026-01-05", "cash", None, "10000", None, "USD"),
    ]
    (paid,) = [d for d in drafts(read(shipped("fidelity.csv"))) if d.kind == "dividend"]
    assert paid.quantity == Decimal("0.052")
    # 0.052 at the printed 310.77 are 16.16; 16.15 were paid
    assert paid.price == Decimal("310.57692307692307692308")


def test_vanguard() -> None:
    assert everything("vanguard.csv") == [
        ("2026-06-30", "cash", None, "-500", None, "USD"),
        ("2026-06-30", "interest", None, "4.21", None, "USD"),
        ("2026-06-01", "fee", None, "-25", None, "USD"),
        ("2026-04-15", "sell", "VTI", "12", "320.5", "0.02", "USD"),
        ("2026-04-01", "dividend", "VTI", "19", None, "USD"),
        ("2026-03-31", "dividend", "BND", "7.5", None, "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "0", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "0", "USD"),
        ("2026-01-05", "cash", None, "10000", None, "USD"),
    ]


def test_trading_212() -> None:
    assert everything("trading212.csv") == [
        ("2026-01-05", "cash", None, "10000", None, "GBP"),
        ("2026-02-03", "buy", "VTI", "10", "300", "4.5", "USD"),  # 3.60 GBP at 1.25
        ("2026-02-03", "buy", "VOD.L", "1000", "0.7112", "3.56", "GBP"),  # 71.12 pence
        ("2026-04-01", "sell", "VTI", "4", "320", "1.92", "USD"),  # 1.50 GBP at 1.28
        ("2026-04-01", "cash", None, "-1278.08", None, "USD"),
        ("2026-04-01", "cash", None, "998.5", None, "GBP"),
        ("2026-03-31", "dividend", "VTI", "8.075", "1.43", "USD"),
        ("2026-03-31", "cash", None, "-8.075", None, "USD"),
        ("2026-03-31", "cash", None, "6.41", None, "GBP"),
        ("2026-02-27", "dividend", "VOD.L", "45", None, "GBP"),
        ("2026-05-11", "split", "NVDA", "10:1"),
        ("2026-03-01", "interest", None, "1.87", None, "GBP"),
        ("2026-05-01", "cash", None, "-500", None, "GBP"),
        ("2026-05-01", "cash", None, "630", None, "USD"),
        ("2026-06-15", "cash", None, "-250", None, "GBP"),
    ]


def test_a_trade_settled_in_another_currency_costs_what_was_paid_to_the_cent() -> None:
    """2403.60 GBP left the account for 10 VTI at 300 USD, its conversion fee of 3.60 GBP included."""
    (bought,) = [d for d in drafts(read(shipped("trading212.csv"), base="GBP")) if d.id.endswith("EOF00000000001")]
    assert bought.quantity is not None
    assert bought.price is not None
    assert bought.fees is not None
    assert bought.rate is not None
    assert round((bought.quantity * bought.price + bought.fees) * bought.rate, 12) == Decimal("2403.60")


def test_degiro_transactions() -> None:
    assert everything("degiro-transactions.csv") == [
        ("2026-04-01", "sell", "VTI", "4", "320.5", "2.1609", "USD"),  # 2 EUR at 1282 / 1186.55
        ("2026-04-01", "cash", None, "-1279.8391", None, "USD"),
        ("2026-04-01", "cash", None, "1184.55", None, "EUR"),
        ("2026-02-10", "buy", "SAP.DE", "20", "180.5", "3.9", "EUR"),
        ("2026-02-03", "buy", "VOD.L", "1000", "0.7112", "4.1405", "GBP"),  # 4.90 EUR at 711.20 / 841.66
        ("2026-02-03", "buy", "VTI", "10", "300", "2.16", "USD"),
        ("2026-02-03", "buy", "VTI", "10", "300", "0", "USD"),
    ]


def test_degiro_account() -> None:
    assert everything("degiro-account.csv") == [
        ("2026-06-15", "cash", None, "-250", None, "EUR"),
        ("2026-05-21", "dividend", "SAP.DE", "34.6", "12.4", "EUR"),
        ("2026-04-02", "cash", None, "14.95", None, "EUR"),
        ("2026-04-02", "cash", None, "-16.15", None, "USD"),
        ("2026-03-31", "dividend", "VTI", "16.15", "2.85", "USD"),
        ("2026-03-02", "fee", None, "-2.5", None, "EUR"),
        ("2026-03-01", "interest", None, "0.31", None, "EUR"),
        ("2026-01-05", "cash", None, "10000", None, "EUR"),
    ]


@pytest.mark.parametrize("name", BROKERS)
def test_an_export_gives_the_same_ids_each_time_and_no_id_twice(name: str) -> None:
    broker, base = BROKERS[name]
    first, again = (drafts(read(shipped(name), base=base)) for _ in range(2))
    ids = [draft.id for draft in first]
    assert ids == [draft.id for draft in again]
    assert len(set(ids)) == len(ids)
    assert all(id_.startswith(f"{broker.partition('-')[0]}:") and len(id_) <= 80 for id_ in ids)


@pytest.mark.parametrize("name", BROKERS)
def test_every_line_of_an_export_is_accounted_for_once(name: str) -> None:
    table = read(shipped(name), base=BROKERS[name][1])
    lines = [row.line for row in table.rows]
    assert lines == sorted(lines)
    assert len(drafts(table)) + len(left(table, "ignored")) >= len(set(lines))
