"""Regulatory fees on the command line: shown by `check`, recorded by `confirm`, of the day of the trade."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.cli.support import Desk60

# 4,000 shares at 10 and 20,000 in cash, target 50 %: 1,000 are sold at 10
BOOK = """schema = 1
id = "fees"
base_currency = "USD"
timezone = "America/New_York"

[cash]
balances = {{ USD = 20000 }}
target = 50

[costs]
{costs}

[[asset]]
symbol = "VTI"
target = 50
lots = [ {{ quantity = 4000, price = 8, acquired = 2023-05-01 }} ]
"""
PRICES = "date,VTI\n2026-05-04,10\n2026-09-30,10\n2026-10-01,10\n2027-01-04,10\n"


@pytest.fixture
def cli(cli: Desk60) -> Desk60:
    return with_costs(cli, 'fees = "us"')


def with_costs(desk: Desk60, costs: str, asset: str = "") -> Desk60:
    return desk.write(BOOK.format(costs=costs) + asset + "\n", PRICES)


def proposal(cli: Desk60, at: str = "2026-05-04") -> Any:
    [one] = cli("check", "FILE", "PRICES", "--at", at, "--json").json["proposals"]
    return one


def test_a_sale_shows_its_fees_rounded_up_each(cli: Desk60) -> None:
    sale = proposal(cli)
    assert (sale["side"], sale["quantity"], sale["value"]) == ("sell", "1000", "10000.00")
    # 10,000 x 20.60 / 1,000,000 = .206; 1,000 x .000195 = .195; 1,000 x .000003 = .003
    assert sale["fee_details"] == {"sec": "0.21", "taf": "0.20", "cat": "0.01"}
    assert sale["costs"] == {
        "commission": "0.00", "fees": "0.42", "spread": "0.00", "impact": "0.00", "fx": "0.00", "total": "0.42",
    }  # fmt: skip
    assert sale["worth_it"]["cost"] == "0.42"


def test_without_rounding_they_are_exact(cli: Desk60) -> None:
    sale = proposal(with_costs(cli, 'fees = "us"\nfee_rounding = "none"'))
    assert sale["fee_details"] == {"sec": "0.206", "taf": "0.195", "cat": "0.003"}
    assert sale["costs"]["fees"] == "0.404"


@pytest.mark.parametrize(("at", "taf"), [("2026-09-30", "0.20"), ("2026-10-01", "0.00"), ("2027-01-04", "0.24")])
def test_the_fees_are_those_of_the_day(cli: Desk60, at: str, taf: str) -> None:
    assert proposal(cli, at)["fee_details"]["taf"] == taf


def test_confirm_records_them_beside_the_commission(cli: Desk60) -> None:
    with_costs(cli, 'preset = "ibkr-fixed"')
    done = cli("confirm", "FILE", "--all", "--yes", "PRICES", "--at", "2026-05-04", "--json")
    [entry] = done.json["recorded"]
    assert (entry["effective"], entry["quantity"], entry["fees"]) == ("2026-05-04", "1000", "5.42")
    assert entry["decision"]["costs"]["commission"] == "5.00"
    assert entry["decision"]["costs"]["fees"] == "0.42"
    assert entry["decision"]["fee_details"] == {"sec": "0.21", "taf": "0.20", "cat": "0.01"}
    positions = cli("ledger", "positions", "FILE", "--json").json
    assert positions["cash"] == {"USD": "29994.58"}


def test_a_smaller_quantity_pays_its_own_fees(cli: Desk60) -> None:
    words = (proposal(cli)["id"], "--quantity", "100", "--price", "2.62", "--yes")
    [entry] = cli("confirm", "FILE", *words, "PRICES", "--at", "2026-05-04", "--json").json["recorded"]
    assert entry["fees"] == "0.04"  # .0053972, .0195 and .0003, each rounded up


def test_a_trade_made_on_another_day_pays_that_days_fees(cli: Desk60) -> None:
    words = (proposal(cli, "2026-10-01")["id"], "--executed", "2026-09-30T15:00", "--yes")
    [entry] = cli("confirm", "FILE", *words, "PRICES", "--at", "2026-10-01", "--json").json["recorded"]
    assert (entry["effective"], entry["fees"]) == ("2026-09-30", "0.42")


def test_fees_that_are_typed_are_the_fees(cli: Desk60) -> None:
    words = (proposal(cli)["id"], "--fees", "0.39", "--executed", "2026-10-01T15:00", "--yes")
    [entry] = cli("confirm", "FILE", *words, "PRICES", "--at", "2026-05-04", "--json").json["recorded"]
    assert entry["fees"] == "0.39"
    assert entry["decision"]["fee_details"] == {}


def test_a_fund_pays_none(cli: Desk60) -> None:
    sale = proposal(with_costs(cli, 'fees = "us"', 'kind = "fund"'))
    assert (sale["costs"]["fees"], sale["fee_details"]) == ("0.00", {})


def test_a_table_of_ones_own_counts(cli: Desk60) -> None:
    with_costs(cli, 'fees = "us"\nfee_table = "fees.toml"')
    table = "schema = 1\n[taf]\n[[taf.rows]]\nfrom = 2026-10-01\nrate = 0.001\ncap = 0.50\n"
    (cli.folder / "fees.toml").write_text(table)
    assert proposal(cli, "2026-05-04")["fee_details"]["taf"] == "0.20"
    assert proposal(cli, "2026-10-01")["fee_details"]["taf"] == "0.50"


def test_what_is_wrong_with_a_table_is_bad_input(cli: Desk60) -> None:
    with_costs(cli, 'fees = "us"\nfee_table = "fees.toml"')
    done = cli("check", "FILE", "PRICES")
    assert done.code == 2
    assert "fees.toml: no such file" in done.complaint
    (cli.folder / "fees.toml").write_text("schema = 1\n[taf]\n[[taf.rows]]\nfrom = 2027-01-01\n")
    assert "fees.toml: taf.rows[1].rate: is missing" in cli("check", "FILE", "PRICES").complaint
