"""A book in four currencies on the command line: to the cent, and each trade in its own currency."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.tui.cli.support import Desk60

D = Decimal

BOOK = """schema = 1
id = "four"
base_currency = "USD"
timezone = "UTC"

[cash]
balances = { USD = 1520.75, GBP = 310.40, EUR = 2204.18, JPY = 88000 }

[costs]
per_order = 2
fx_bps = 20

[[asset]]
symbol = "VTI"
target = 50
lots = [ { quantity = 120, price = 210.50, acquired = 2023-05-01 } ]

[[asset]]
symbol = "VOD.L"
currency = "GBp"
target = 12
lots = [ { quantity = 15400, price = 80.15, acquired = 2023-05-01, rate = 1.25 } ]

[[asset]]
symbol = "SAP.DE"
currency = "EUR"
target = 26
lots = [ { quantity = 61, price = 101.30, acquired = 2024-01-02 } ]

[[asset]]
symbol = "7203.T"
currency = "JPY"
target = 12
lots = [ { quantity = 900, price = 2050, acquired = 2024-01-02 } ]
"""
PRICES = (
    "date,VTI,VOD.L,SAP.DE,7203.T,GBPUSD=X,EURUSD=X,JPYUSD=X\n"
    "2026-11-20,287.43,71.12,243.15,2871.5,1.3105,1.0825,0.00647\n"
)
# VTI        120   x 287.43                        = 34,491.60
# VOD.L   15,400   x 71.12 / 100 = 10,952.48 GBP   x 1.3105  = 14,353.22504
# SAP.DE      61   x 243.15     = 14,832.15 EUR    x 1.0825  = 16,055.802375
# 7203.T     900   x 2,871.5    = 2,584,350 JPY    x 0.00647 = 16,720.7445
# cash    1,520.75 + 310.40 x 1.3105 + 2,204.18 x 1.0825 + 88,000 x 0.00647
#       = 1,520.75 + 406.7792 + 2,386.02485 + 569.36         =  4,882.91405
VALUE = D("86504.285965")


@pytest.fixture
def cli(cli: Desk60) -> Desk60:
    return cli.write(BOOK, PRICES)


def test_four_currencies_add_up_as_by_hand(cli: Desk60) -> None:
    look = cli("check", "FILE", "PRICES", "--json").json
    assert look["value"] == "86504.285965"
    assert {h["symbol"]: h["value"] for h in look["holdings"]} == {
        "VTI": "34491.60", "VOD.L": "14353.22504", "SAP.DE": "16055.802375", "7203.T": "16720.7445",
    }  # fmt: skip
    assert (look["holdings"][1]["price"], look["holdings"][1]["currency"]) == ("0.7112", "GBP")
    assert look["cash"]["value"] == "4882.91405"
    assert look["cash"]["balances"] == {"USD": "1520.75", "GBP": "310.40", "EUR": "2204.18", "JPY": "88000.00"}
    assert look["rates"]["EURUSD=X"]["price"] == "1.0825"


def test_trades_and_costs_are_in_each_assets_own_currency(cli: Desk60) -> None:
    proposals = {p["symbol"]: p for p in cli("check", "FILE", "PRICES", "--json").json["proposals"]}
    toyota, vodafone, sap = proposals["7203.T"], proposals["VOD.L"], proposals["SAP.DE"]
    assert (toyota["side"], toyota["currency"], toyota["price"]) == ("sell", "JPY", "2871.5")
    assert (vodafone["side"], vodafone["currency"], vodafone["price"]) == ("sell", "GBP", "0.7112")
    assert (sap["side"], sap["currency"]) == ("buy", "EUR")
    assert D(toyota["costs"]["commission"]) == round(D(2) / D("0.00647"), 12)
    assert D(vodafone["costs"]["fx"]) == 0
    assert sap["quantity"] == "9"  # 2,190.20 EUR with its commission: what the 2,204.18 EUR pay, for USD buys VTI
    assert D(sap["costs"]["fx"]) == 0


CONVERTING = BOOK.replace("target = 50", "target = 30").replace("target = 26", "target = 46")


def test_what_has_to_be_converted_costs_fx(cli: Desk60) -> None:
    cli.write(CONVERTING, PRICES)
    proposals = {p["symbol"]: p for p in cli("check", "FILE", "PRICES", "--json").json["proposals"]}
    sap = proposals["SAP.DE"]
    assert (proposals["VTI"]["side"], sap["side"]) == ("sell", "buy")
    needed = D(sap["value"]) + D(sap["costs"]["commission"])
    assert D(sap["costs"]["fx"]) == round((needed - D("2204.18")) * D("0.0020"), 12) > 0
    assert D(sap["costs"]["total"]) == D(sap["costs"]["commission"]) + D(sap["costs"]["fx"])


def test_confirmed_trades_carry_their_rate_and_are_paid_as_planned(cli: Desk60) -> None:
    look = cli("check", "FILE", "PRICES", "--json").json
    done = cli("confirm", "FILE", "PRICES", "--all", "--yes", "--json")
    assert done.code == 0, done.err
    rates = {entry["symbol"]: entry["rate"] for entry in done.json["recorded"]}
    expected = {"VTI": "1", "VOD.L": "1.3105", "SAP.DE": "1.0825", "7203.T": "0.00647"}
    assert rates == {symbol: expected[symbol] for symbol in rates}
    assert {"VOD.L", "SAP.DE", "7203.T"} <= rates.keys()
    after = cli("ledger", "positions", "FILE", "--json").json
    assert all(D(balance) >= 0 for balance in after["cash"].values()), after["cash"]
    again = cli("check", "FILE", "PRICES", "--json")
    assert again.json["proposals"] == []
    fees = sum(
        D(p["costs"]["commission"]) * D(rates[p["symbol"]]) + D(p["costs"]["fx"]) * D(rates[p["symbol"]])
        for p in look["proposals"]
    )
    assert abs(VALUE - fees - D(again.json["value"])) < D("1e-9")
    assert cli("ledger", "verify", "FILE").code == 0


def test_a_rate_without_a_column_leaves_the_book_without_a_value(cli: Desk60) -> None:
    lines = [",".join(line.split(",")[:-1]) for line in PRICES.splitlines()]
    cli.write(BOOK, "\n".join(lines) + "\n")
    done = cli("check", "FILE", "PRICES", "--json")
    assert done.code == 3
    assert (done.json["value"], done.json["proposals"]) == (None, [])
    toyota = done.json["holdings"][3]
    assert (toyota["state"], toyota["quote"]["reason"]) == ("unpriced", "JPYUSD=X: no quote")


def test_buys_that_the_cash_of_their_currency_and_of_base_cannot_pay_are_refused(cli: Desk60) -> None:
    cli.write(CONVERTING, PRICES)
    look = cli("check", "FILE", "PRICES", "--json").json
    buys = [p["id"] for p in look["proposals"] if p["side"] == "buy"]
    done = cli("confirm", "FILE", "PRICES", *buys, "--yes")
    assert done.code == 2
    assert "cannot pay for SAP.DE" in done.complaint
    assert "1,520.75 USD" in done.complaint
    assert cli.entries() == []


def test_a_buy_that_is_confirmed_without_the_sales_beside_it_pays_for_its_own_conversion(cli: Desk60) -> None:
    """In the plan 7203.T is sold, and its JPY pay for 6758.T; alone, 6758.T is converted from USD."""
    book = (
        'schema = 1\nid = "yen"\nbase_currency = "USD"\ncash = { balances = { USD = 20000 } }\n'
        "costs = { fx_bps = 20 }\n"
        '[[asset]]\nsymbol = "7203.T"\ncurrency = "JPY"\ntarget = 50\nquantity = 1000\n'
        '[[asset]]\nsymbol = "6758.T"\ncurrency = "JPY"\ntarget = 30\nquantity = 100\n'
        '[[asset]]\nsymbol = "VTI"\ntarget = 20\nquantity = 1\n'
    )
    cli.write(book, "date,7203.T,6758.T,VTI,JPYUSD=X\n2026-11-20,3000,2500,300,0.0065\n")
    proposals = {p["symbol"]: p for p in cli("check", "FILE", "PRICES", "--json").json["proposals"]}
    sony = proposals["6758.T"]
    assert sony["side"] == "buy"
    done = cli("confirm", "FILE", "PRICES", sony["id"], "--yes", "--json")
    assert done.code == 0, done.err
    entry = done.json["recorded"][0]
    assert D(entry["fees"]) == D(sony["value"]) * D("0.0020")
    cash = cli("ledger", "positions", "FILE", "--json").json["cash"]
    assert D(cash["USD"]) == 20000 - D(sony["value"]) * D("1.0020") * D("0.0065")


def test_money_in_a_known_currency_is_recorded_with_its_rate_or_without(cli: Desk60) -> None:
    known = cli("record", "deposit", "FILE", "500", "--currency", "EUR", "--rate", "1.09", "--json").json
    assert (known["recorded"][0]["currency"], known["recorded"][0]["rate"]) == ("EUR", "1.09")
    unknown = cli("record", "deposit", "FILE", "500", "--currency", "EUR", "--json")
    assert unknown.json["recorded"][0]["rate"] is None
    assert "no --rate" in unknown.err
    assert cli("ledger", "positions", "FILE", "--json").json["cash"]["EUR"] == "3204.18"


def test_a_slip_opens_no_balance(cli: Desk60) -> None:
    done = cli("record", "deposit", "FILE", "500", "--currency", "EUD", "--rate", "1")
    assert done.code == 2
    assert "EUD" in done.complaint
    assert cli("record", "deposit", "FILE", "5", "--rate", "2").code == 2


def test_a_price_can_be_typed_in_pence(cli: Desk60) -> None:
    words = (
        "record",
        "buy",
        "FILE",
        "VOD.L",
        "100",
        "71.12",
        "--currency",
        "GBp",
        "--rate",
        "1.31",
        "--fees",
        "599",
    )
    done = cli(*words)
    assert "100 VOD.L @ 0.7112 GBP, fees 5.99" in done.out
    entry = cli.entries()[0]
    assert (entry["price"], entry["currency"], entry["fees"]) == ("0.7112", "GBP", "5.99")
    assert cli("record", "buy", "FILE", "VTI", "1", "1", "--currency", "GBp").code == 2


def test_a_split_is_recorded_listed_and_voided(cli: Desk60) -> None:
    done = cli("record", "split", "FILE", "VTI", "2:1", "--date", "2026-11-19", "--id", "s1", "--json")
    entry = done.json["recorded"][0]
    assert (entry["kind"], entry["ratio"], entry["effective"]) == ("split", "2:1", "2026-11-19")
    again = cli("record", "split", "FILE", "VTI", "2:1", "--date", "2026-11-19", "--id", "s1", "--json").json
    assert again["already"] == ["s1"]
    position = cli("ledger", "positions", "FILE", "--json").json["positions"][0]
    assert (position["quantity"], position["cost"]) == ("240", "25260.00")
    assert "split 2:1" in cli("ledger", "list", "FILE").out
    assert cli("ledger", "void", "FILE", "1", "--yes").code == 0
    assert cli("ledger", "positions", "FILE", "--json").json["positions"][0]["quantity"] == "120"


@pytest.mark.parametrize("ratio", ["2", "2:", "0:1", "a:b", "1:1", "2/1", "-2:1"])
def test_what_is_no_ratio_is_refused(cli: Desk60, ratio: str) -> None:
    done = cli("record", "split", "FILE", "VTI", ratio)
    assert done.code == 2
    assert cli.entries() == []


def test_a_split_that_was_sold_after_is_voided_only_after_the_sale(cli: Desk60) -> None:
    cli("record", "split", "FILE", "VTI", "2:1", "--date", "2026-11-19")
    cli("record", "sell", "FILE", "VTI", "50", "140", "--date", "2026-11-20")
    refused = cli("ledger", "void", "FILE", "1", "--yes")
    assert refused.code == 4
    assert "entry 2 sells in the units after it" in refused.err
    assert cli("ledger", "void", "FILE", "2", "--yes").code == 0
    assert cli("ledger", "void", "FILE", "1", "--yes").code == 0


def test_a_split_that_a_recorded_sale_does_not_fit_is_refused(cli: Desk60) -> None:
    cli("record", "sell", "FILE", "VTI", "100", "280", "--date", "2026-11-20")
    done = cli("record", "split", "FILE", "VTI", "1:2", "--date", "2026-11-19")
    assert done.code == 4
    assert "entry 1" in done.err
    assert len(cli.entries()) == 1


def test_a_split_yet_to_come_is_refused(cli: Desk60) -> None:
    done = cli("record", "split", "FILE", "VTI", "2:1", "--date", "2099-01-04")
    assert done.code == 2
    assert "2099-01-04" in done.complaint
    assert cli.entries() == []
