"""Taxes end to end: gains by year, lots by name and method, wash sales, ways back, decisions made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.cli.support import Desk60

LOTS = """lots = [
  { quantity = 300, price = 60, acquired = 2023-01-10 },
  { quantity = 200, price = 104, acquired = 2026-11-10 },
  { quantity = 165, price = 90, acquired = 2025-12-01 },
]"""


def change(cli: Desk60, old: str, new: str) -> None:
    """Edits the portfolio file."""
    text = cli.book.read_text()
    assert old in text
    cli.book.write_text(text.replace(old, new, 1))


def taxed(cli: Desk60, tax: str = "", lots: str = LOTS) -> None:
    """The contract's book with several lots of VTI, and the rules of the United States."""
    change(cli, "lots = [ { quantity = 665, price = 80, acquired = 2023-05-01 } ]", f'kind = "etf"\n{lots}')
    rules = f'[tax]\nregime = "us"\n{tax}\n[[asset]]\nsymbol = "VTI"'
    change(cli, '[[asset]]\nsymbol = "VTI"', rules)


def sell_of(cli: Desk60) -> Any:
    report = cli("check", "FILE", "PRICES", "--json").json
    return next(one for one in report["proposals"] if one["side"] == "sell")


# -- proposals


def test_a_proposal_names_its_lots_their_gains_and_the_tax(cli: Desk60) -> None:
    """Contract 5: 65 at 100 of a lot at 80 realise 1,300 long-term, 195 of tax at 15 %."""
    change(cli, '[[asset]]\nsymbol = "VTI"', '[tax]\nregime = "us"\n[[asset]]\nsymbol = "VTI"')
    sale = sell_of(cli)
    assert sale["lots"] == [
        {"acquired": "2023-05-01", "quantity": "65", "price": "80", "gain": "1300.00", "term": "long"}
    ]
    assert {key: sale["tax"][key] for key in ("short_gain", "long_gain", "estimated")} == {
        "short_gain": "0.00", "long_gain": "1300.00", "estimated": "195.00",
    }  # fmt: skip
    assert sale["worth_it"]["cost"] == "195.00"


def test_without_a_regime_no_tax_is_computed(cli: Desk60) -> None:
    sale = sell_of(cli)
    assert {*sale["tax"].values(), sale["gain"]} == {None}


@pytest.mark.parametrize(
    ("method", "acquired", "tax"),
    [
        ("fifo", "2023-01-10", "390.00"),  # 65 x 40 x 15 %
        ("lifo", "2026-11-10", "-91.00"),  # 65 x -4 x 35 %
        ("hifo", "2026-11-10", "-91.00"),
        ("lofo", "2023-01-10", "390.00"),
        ("min_tax", "2026-11-10", "-91.00"),
    ],
)
def test_the_method_of_the_file_chooses_the_lots_and_the_record_keeps_them(
    cli: Desk60, method: str, acquired: str, tax: str
) -> None:
    taxed(cli, f'method = "{method}"')
    sale = sell_of(cli)
    assert ([lot["acquired"] for lot in sale["lots"]], sale["tax"]["estimated"]) == ([acquired], tax)
    cli("confirm", "FILE", "--all", "--yes", "PRICES")
    change(cli, f'method = "{method}"', 'method = "fifo"')
    (entry,) = [one for one in cli("ledger", "list", "FILE", "--json").json["entries"] if one["side"] == "sell"]
    assert (entry["method"], [lot["acquired"] for lot in entry["lots"]]) == (method, [acquired])
    assert [row["acquired"] for row in cli("ledger", "gains", "FILE", "--json").json["gains"]] == [acquired]


def test_lots_are_named_by_their_day_when_it_is_confirmed(cli: Desk60) -> None:
    taxed(cli)
    done = cli(
        "confirm",
        "FILE",
        sell_of(cli)["id"],
        "--lot",
        "2025-12-01:60",
        "--lot",
        "2023-01-10",
        "--yes",
        "PRICES",
        "--json",
    )
    (entry,) = done.json["recorded"]
    assert [(lot["acquired"], lot["quantity"], lot["gain"], lot["term"]) for lot in entry["lots"]] == [
        ("2025-12-01", "60", "600.00", "short"),
        ("2023-01-10", "5", "200.00", "long"),
    ]
    assert entry["method"] == "specific"


@pytest.mark.parametrize(
    ("lots", "what"),
    [
        (("--lot", "2024-01-01"), "there is no lot of 2024-01-01"),
        (("--lot", "2025-12-01:200"), "have 165 left, not 200"),
        (("--lot", "2025-12-01:5"), "add up to 5, the sale is of 65"),
        (("--lot", "tomorrow"), "no date"),
    ],
)
def test_lots_that_are_not_there_are_refused(cli: Desk60, lots: tuple[str, ...], what: str) -> None:
    taxed(cli)
    done = cli("confirm", "FILE", sell_of(cli)["id"], *lots, "--yes", "PRICES")
    assert done.code == 2
    assert what in done.complaint


def test_waiting_for_the_long_term_is_said_with_what_it_saves(cli: Desk60) -> None:
    """165 bought 2025-12-01 at 90 are long-term from 2026-12-02 on: 12 days; 65 x 10 x 20 %."""
    taxed(cli, 'method = "lofo"', "lots = [ { quantity = 665, price = 90, acquired = 2025-12-01 } ]")
    report = cli("check", "FILE", "PRICES", "--json").json
    sale = next(one for one in report["proposals"] if one["side"] == "sell")
    assert sale["waiting"] == [{"days": 12, "date": "2026-12-02", "saves": "130.00"}]
    assert any("12 days until its gain is long-term" in line for line in report["warnings"])


# -- ways back


def test_the_ways_back_stand_side_by_side(cli: Desk60) -> None:
    taxed(cli)
    ways = {way["name"]: way for way in cli("check", "FILE", "PRICES", "--json").json["alternatives"]}
    assert {name: way["tax"] for name, way in ways.items()} == {
        "cash_only": "0.00",
        "loss_lots": "-91.00",
        "long_term_lots": "390.00",
        "any_lot": "390.00",
    }
    assert (ways["cash_only"]["trades"], ways["cash_only"]["outside"]) == ([], ["VTI", "BND"])
    assert ways["loss_lots"]["drift"] == pytest.approx(0)
    out = cli("check", "FILE", "PRICES").out
    assert "loss lots" in out
    assert "cheapest" in out


def test_there_are_no_ways_back_where_nothing_is_outside(cli: Desk60) -> None:
    taxed(cli)
    cli.prices.write_text("date,VTI,BND\n2026-11-20,76,100\n")
    assert cli("check", "FILE", "PRICES", "--json").json["alternatives"] == []


# -- wash sales


def test_a_loss_sale_after_a_purchase_is_warned_of(cli: Desk60) -> None:
    taxed(cli, 'method = "hifo"')
    cli("record", "buy", "FILE", "VTI", "5", "99", "--date", "2026-11-19")
    sale = sell_of(cli)
    (guard,) = [one for one in sale["guards"] if one["name"] == "wash_sale"]
    assert guard["verdict"] == "warn"
    assert "bought 2026-11-19; from 2026-12-20 on it counts" in guard["detail"]
    change(cli, 'method = "hifo"', 'method = "hifo"\nwash_sales = "block"')
    assert sell_of(cli)["verdict"] == "blocked"
    change(cli, 'wash_sales = "block"', 'wash_sales = "off"')
    assert "wash_sale" not in {one["name"] for one in sell_of(cli)["guards"]}


def test_a_purchase_after_a_loss_sale_is_warned_of(cli: Desk60) -> None:
    taxed(cli)
    cli("record", "sell", "FILE", "BND", "100", "85", "--date", "2026-11-10")
    report = cli("check", "FILE", "PRICES", "--json").json
    buy = next(one for one in report["proposals"] if one["symbol"] == "BND")
    (guard,) = [one for one in buy["guards"] if one["name"] == "wash_sale"]
    assert (buy["side"], guard["verdict"]) == ("buy", "warn")
    assert "a loss of 500.00 from the sale of 2026-11-10; from 2026-12-11 on it would not" in guard["detail"]


def test_the_ledgers_of_a_wash_group_are_searched_together(cli: Desk60, tmp_path: Path) -> None:
    taxed(cli, 'wash_group = "family"')
    text = cli.book.read_text()
    other = tmp_path / "other.toml"
    other.write_text(text.replace('id = "classic-60-40"', 'id = "other"'))
    cli("record", "sell", "FILE", "BND", "100", "85", "--date", "2026-11-02")
    gains = cli("ledger", "gains", "FILE", "--json").json
    assert gains["totals"]["disallowed"] == "0.00"
    cli("record", "buy", str(other), "BND", "40", "84", "--date", "2026-11-12")
    gains = cli("ledger", "gains", "FILE", "--json").json
    assert gains["totals"]["disallowed"] == "200.00"  # 40 of 100, 5 each
    held = cli("ledger", "positions", str(other), "--json").json["positions"]
    lots = next(one["lots"] for one in held if one["symbol"] == "BND")
    assert lots[-1]["price"] == "89"
    assert cli("ledger", "verify", "FILE").code == 0
    cli("ledger", "void", str(other), "1", "--yes")
    assert cli("ledger", "gains", "FILE", "--json").json["totals"]["disallowed"] == "0.00"


def test_a_purchase_in_an_untaxed_ledger_of_the_group_is_warned_of(cli: Desk60, tmp_path: Path) -> None:
    """An IRA's purchase disallows the loss for good: Rev. Rul. 2008-5."""
    taxed(cli, 'wash_group = "family"')
    ira = tmp_path / "ira.toml"
    text = cli.book.read_text().replace('id = "classic-60-40"', 'id = "ira"')
    ira.write_text(text.replace('regime = "us"', 'regime = "none"'))
    cli("record", "sell", "FILE", "BND", "100", "85", "--date", "2026-11-10")
    cli("record", "sell", "FILE", "BND", "10", "80", "--date", "2026-11-12")

    def guard() -> Any:
        report = cli("check", str(ira), "PRICES", "--json").json
        buy = next(one for one in report["proposals"] if one["side"] == "buy")
        return buy["verdict"], [one for one in buy["guards"] if one["name"] == "wash_sale"]

    verdict, (warned,) = guard()
    assert (verdict, warned["verdict"]) == ("propose", "warn")
    assert "500.00 from the sale of 2026-11-10" not in warned["detail"]  # it buys fewer than 100
    assert "for good, in a taxed ledger of its wash group; from 2026-12-11 on it would not" in warned["detail"]
    ira.write_text(ira.read_text().replace('wash_group = "family"', 'wash_group = "family"\nwash_sales = "block"'))
    assert guard()[0] == "blocked"
    cli("record", "buy", str(ira), "BND", "105", "82", "--date", "2026-11-20")
    assert cli("ledger", "gains", "FILE", "--json").json["totals"]["disallowed"] == "550.00"
    lots = cli("ledger", "positions", str(ira), "--json").json["positions"][1]["lots"]
    assert [(lot["quantity"], lot["price"]) for lot in lots] == [("335", "90"), ("105", "82")]
    report = cli("ledger", "gains", "FILE", "--json").json
    assert report["wash_group"] == {"name": "family", "ledgers": ["ira"]}
    assert "wash group family: ira" in cli("ledger", "gains", "FILE").out


# -- gains


def test_gains_of_a_year_with_their_totals(cli: Desk60) -> None:
    taxed(cli)
    cli("record", "sell", "FILE", "VTI", "10", "100", "--date", "2025-12-31", "--fees", "1")
    cli("record", "sell", "FILE", "VTI", "10", "50", "--date", "2026-03-02", "--lot", "2025-12-01")
    report = cli("ledger", "gains", "FILE", "--year", "2026", "--json").json
    (row,) = report["gains"]
    assert {key: row[key] for key in ("seq", "acquired", "sold", "proceeds", "basis", "gain", "term")} == {
        "seq": 2,
        "acquired": "2025-12-01",
        "sold": "2026-03-02",
        "proceeds": "500.00",
        "basis": "900.00",
        "gain": "-400.00",
        "term": "short",
    }
    assert report["totals"]["short"] == "-400.00"
    assert cli("ledger", "gains", "FILE", "--json").json["totals"]["long"] == "399.00"
    assert "nothing was realised in 2024" in cli("ledger", "gains", "FILE", "--year", "2024").out


def test_gains_in_the_columns_of_form_8949(cli: Desk60) -> None:
    taxed(cli)
    cli("record", "sell", "FILE", "VTI", "10", "100", "--date", "2026-11-20", "--fees", "1")
    done = cli("ledger", "gains", "FILE", "--year", "2026", "--format", "8949")
    assert done.code == 0
    assert "10 sh. VTI" in done.out
    assert ",999.00,600.00,,,399.00" in done.out
    change(cli, 'regime = "us"', 'regime = "uk"')
    done = cli("ledger", "gains", "FILE", "--format", "8949")
    assert (done.code, "of the United States" in done.complaint) == (2, True)


def test_an_average_basis_is_refused_for_a_single_stock(cli: Desk60) -> None:
    change(cli, 'symbol = "VTI"', 'symbol = "VTI"\nkind = "stock"')
    change(cli, '[[asset]]\nsymbol = "VTI"', '[tax]\nregime = "us"\nmethod = "average"\n[[asset]]\nsymbol = "VTI"')
    done = cli("record", "sell", "FILE", "VTI", "1", "100", "--date", "2026-11-19", "--method", "average")
    assert (done.code, "for funds only" in done.complaint) == (2, True)
    (entry,) = cli("record", "sell", "FILE", "VTI", "1", "100", "--date", "2026-11-19", "--json").json["recorded"]
    assert entry["method"] == "fifo"


# -- decisions again


def test_a_decision_comes_out_the_same_when_it_is_made_again(cli: Desk60) -> None:
    taxed(cli, 'method = "min_tax"')
    cli("confirm", "FILE", "--all", "--yes", "PRICES")
    cli("record", "buy", "FILE", "VTI", "5", "99", "--date", "2026-11-19")  # what came later is not known then
    change(cli, "target = 60", "target = 55")
    change(cli, "target = 40", "target = 45")
    for seq in ("1", "2"):
        done = cli("ledger", "explain", "FILE", seq, "--json")
        assert (done.code, done.json["same"]) == (0, True)
    assert "it comes out the same" in cli("ledger", "explain", "FILE", "1").out


def test_an_edited_decision_is_made_again_with_its_edits(cli: Desk60) -> None:
    taxed(cli)
    cli(
        "confirm",
        "FILE",
        sell_of(cli)["id"],
        "--quantity",
        "60",
        "--price",
        "99.5",
        "--fees",
        "2",
        "--yes",
        "PRICES",
    )
    done = cli("ledger", "explain", "FILE", "1", "--json")
    assert (done.code, done.json["edited"]) == (0, {"quantity": "60", "price": "99.5", "fees": "2"})


def test_what_was_amended_differs_from_its_decision_and_says_so(cli: Desk60) -> None:
    cli("confirm", "FILE", sell_of(cli)["id"], "--yes", "PRICES")
    cli("ledger", "amend", "FILE", "1", "--price", "99.9", "--yes")
    done = cli("ledger", "explain", "FILE", "3", "--json")
    assert (done.code, [one["what"] for one in done.json["compared"] if not one["same"]]) == (4, ["price"])


def test_what_was_recorded_by_hand_has_no_decision(cli: Desk60) -> None:
    cli("record", "buy", "FILE", "VTI", "1", "100", "--date", "2026-11-20")
    done = cli("ledger", "explain", "FILE", "1")
    assert (done.code, "recorded by hand" in done.complaint) == (2, True)


def test_the_estimate_is_the_tax_on_what_the_sale_then_realises(cli: Desk60) -> None:
    """Of 33 at 120 held for years and 32 at 110 of this month the loss on 32 goes to the second lot, and with it
    their holding period: -20 - 32 x (10 + 20) are long-term, -147.00 at 15 %."""
    lots = """lots = [
  { quantity = 600, price = 60, acquired = 2023-01-10 },
  { quantity = 33, price = 120, acquired = 2024-01-10 },
  { quantity = 32, price = 110, acquired = 2026-11-10 },
]"""
    taxed(cli, 'method = "hifo"', lots)
    tax = sell_of(cli)["tax"]
    done = cli("confirm", "FILE", sell_of(cli)["id"], "--yes", "PRICES")
    assert "no longer holds" not in done.err
    totals = cli("ledger", "gains", "FILE", "--json").json["totals"]
    assert (tax["short_gain"], tax["long_gain"]) == (totals["short"], totals["long"]) == ("0.00", "-980.00")
    assert tax["estimated"] == "-147.00"


def test_a_sale_of_another_day_is_decided_by_the_terms_of_that_day(cli: Desk60) -> None:
    """On the 20th 18 long-term cost 2.70 and 7.90 short-term cost 2.765; on the 19th the 18 are short-term, too."""
    lots = """lots = [
  { quantity = 600, price = 82, acquired = 2025-11-19 },
  { quantity = 65, price = 92.1, acquired = 2026-10-10 },
]"""
    taxed(cli, 'method = "min_tax"', lots)
    assert [lot["acquired"] for lot in sell_of(cli)["lots"]] == ["2025-11-19"]
    done = cli("confirm", "FILE", sell_of(cli)["id"], "--executed", "2026-11-19", "--yes", "PRICES", "--json")
    (entry,) = done.json["recorded"]
    assert [(lot["acquired"], lot["term"]) for lot in entry["lots"]] == [("2026-10-10", "short")]
    assert entry["decision"]["lots"] == entry["lots"]


def test_a_lot_bought_after_the_day_of_a_sale_is_not_shown_for_it(cli: Desk60) -> None:
    taxed(cli, 'method = "lifo"')
    cli("record", "buy", "FILE", "VTI", "5", "99", "--date", "2026-11-20")
    done = cli("confirm", "FILE", sell_of(cli)["id"], "--executed", "2026-11-19", "--yes", "PRICES", "--json")
    (entry,) = done.json["recorded"]
    assert [lot["acquired"] for lot in entry["lots"]] == ["2026-11-10"]
    assert entry["decision"]["lots"] == entry["lots"]


# -- lots that are named


def test_with_specific_a_sale_that_names_no_lot_is_refused_and_says_which_there_are(cli: Desk60) -> None:
    taxed(cli, 'method = "specific"')
    done = cli("confirm", "FILE", "--all", "--yes", "PRICES")
    assert (done.code, "no lot is named" in done.complaint) == (2, True)
    assert "2023-01-10:300, 2026-11-10:200, 2025-12-01:165" in done.err
    done = cli("record", "sell", "FILE", "VTI", "1", "100", "--date", "2026-11-20")
    assert (done.code, "no lot is named" in done.complaint) == (2, True)
    assert cli("ledger", "list", "FILE", "--json").json["entries"] == []
    assert cli("confirm", "FILE", sell_of(cli)["id"], "--lot", "2023-01-10", "--yes", "PRICES").code == 0


def test_an_amended_quantity_keeps_the_lots_that_were_named(cli: Desk60) -> None:
    taxed(cli)
    lots = "--lot", "2025-12-01:6", "--lot", "2026-11-10:4"
    cli("record", "sell", "FILE", "VTI", "10", "100", "--date", "2026-11-20", *lots)
    (_, again) = cli("ledger", "amend", "FILE", "1", "--quantity", "8", "--yes", "--json").json["recorded"]
    assert [(lot["acquired"], lot["quantity"]) for lot in again["lots"]] == [
        ("2025-12-01", "6"),
        ("2026-11-10", "2"),
    ]
    done = cli("ledger", "amend", "FILE", "3", "--quantity", "9", "--yes")
    assert (done.code, "void it, and record it anew with --lot" in done.err) == (2, True)


def test_of_several_lots_of_one_day_the_price_names_one(cli: Desk60) -> None:
    two = [
        f"{{ quantity = {held}, price = {price}, acquired = 2023-01-10 }}" for held, price in ((300, 60), (365, 70))
    ]
    taxed(cli, lots=f"lots = [{', '.join(two)}]")
    sale = "record", "sell", "FILE", "VTI", "5", "100", "--date", "2026-11-20"
    done = cli(*sale, "--lot", "2023-01-10:5@70", "--json")
    assert [lot["price"] for lot in done.json["recorded"][0]["lots"]] == ["70"]
    done = cli(*sale, "--lot", "2023-01-10:5@80")
    assert "there is no lot of 2023-01-10 at 80" in done.complaint


def test_a_price_far_from_the_quote_is_recorded_and_said(cli: Desk60) -> None:
    done = cli("confirm", "FILE", sell_of(cli)["id"], "--price", "10", "--yes", "PRICES")
    assert done.code == 0
    assert "VTI: 10 is far from 100, its price then" in done.err


@pytest.mark.parametrize("regime", ["none", "us", "uk"])
def test_the_gains_of_a_year_are_those_of_all_that_fall_in_it(cli: Desk60, regime: str) -> None:
    taxed(cli)
    change(cli, 'regime = "us"', f'regime = "{regime}"')
    for day in ("2025-12-31", "2026-01-02", "2026-11-20"):
        cli("record", "sell", "FILE", "VTI", "7", "100", "--date", day, "--fees", "1.01")
    every = cli("ledger", "gains", "FILE", "--json").json["gains"]
    for year in (2025, 2026, 2027):
        shown = cli("ledger", "gains", "FILE", "--year", str(year), "--json").json["gains"]
        assert shown == [row for row in every if row["sold"].startswith(str(year))]
    assert len(every) == 3
