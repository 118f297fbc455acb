"""`check`: the contract's own example, its JSON, its exit codes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.tui.cli.support import Desk60, edited

MONEY = re.compile(r"-?\d+\.\d{2,}")
PLAIN = re.compile(r"-?\d+(\.\d+)?")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def report(cli: Desk60, *words: object) -> Any:
    return cli("check", "FILE", "PRICES", "--json", *words).json


def test_the_contracts_example(cli: Desk60) -> None:
    done = cli("check", "FILE", "PRICES", "--json")
    look = done.json
    assert done.code == 1
    assert done.err == ""
    assert look["schema"] == 1
    assert look["portfolio"] == "classic-60-40"
    assert look["as_of"] == "2026-11-20T21:00:00Z"
    assert look["base_currency"] == "USD"
    assert look["value"] == "100000.00"
    assert look["drift"] == 0.065
    cash = look["cash"]
    assert (cash["value"], cash["weight"], cash["target"]) == ("0.00", 0.0, 0.0)
    assert cash["balances"] == {"USD": "0.00"}
    holding = {key: look["holdings"][0][key] for key in look["holdings"][0] if key != "name"}
    assert holding == {
        "symbol": "VTI", "quantity": "665", "price": "100", "currency": "USD", "value": "66500.00",
        "weight": 0.665, "target": 0.6, "drift": 0.065, "lower": 0.57, "upper": 0.63, "state": "above",
        "quote": {
            "time": "2026-11-20T21:00:00Z", "age_seconds": 0, "source": "csv", "trusted": True, "reason": None,
        },
    }  # fmt: skip
    sell, buy = look["proposals"]
    assert (sell["side"], sell["symbol"], sell["quantity"], sell["price"]) == ("sell", "VTI", "65", "100")
    assert (sell["value"], sell["currency"], sell["reason"]) == ("6500.00", "USD", "66.50 % is above 63.00 %")
    assert (sell["weight_before"], sell["weight_after"], sell["verdict"]) == (0.665, 0.6, "propose")
    assert sell["costs"] == dict.fromkeys(("commission", "fees", "spread", "impact", "fx", "total"), "0.00")
    assert sell["lots"] == [
        {"acquired": "2023-05-01", "quantity": "65", "price": "80", "gain": "1300.00", "term": None}
    ]
    assert sell["guards"][0] == {"name": "stale_price", "verdict": "pass", "detail": "0 s old, limit 120 s"}
    assert (buy["side"], buy["symbol"], buy["quantity"], buy["lots"]) == ("buy", "BND", "65", [])
    assert look["warnings"] == []


def test_what_is_not_computed_is_null(cli: Desk60) -> None:
    look = report(cli)
    sell = look["proposals"][0]
    assert look["optimality_gap_bps"] is None
    assert sell["tax"] == {"short_gain": None, "long_gain": None, "estimated": None}
    assert sell["worth_it"] == {"benefit": None, "cost": "0.00", "verdict": None}


def test_money_is_text_and_weights_are_numbers(cli: Desk60) -> None:
    cli.write(edited(("[[asset]]", "[costs]\nper_order = 1.5\nspread_bps = 3\n\n[[asset]]")))
    look = report(cli)
    assert MONEY.fullmatch(look["value"])
    assert isinstance(look["drift"], float)
    for holding in look["holdings"]:
        assert PLAIN.fullmatch(holding["quantity"])
        assert PLAIN.fullmatch(holding["price"])
        assert MONEY.fullmatch(holding["value"])
        assert all(isinstance(holding[key], float) for key in ("weight", "target", "drift", "lower", "upper"))
        assert MOMENT.fullmatch(holding["quote"]["time"])
        assert isinstance(holding["quote"]["age_seconds"], int)
    for proposal in look["proposals"]:
        assert re.fullmatch(r"[0-9a-f]{8}", proposal["id"])
        assert all(MONEY.fullmatch(cost) for cost in proposal["costs"].values())
        assert proposal["costs"]["commission"] == "1.50"
        assert all(guard["verdict"] in ("pass", "warn", "block") for guard in proposal["guards"])


def test_holdings_stand_in_the_files_order_and_sells_come_first(cli: Desk60) -> None:
    turned = edited(("quantity = 665", "quantity = 530"), ("quantity = 335", "quantity = 470"))
    cli.write(turned)
    look = report(cli)
    assert [holding["symbol"] for holding in look["holdings"]] == ["VTI", "BND"]
    assert [(p["side"], p["symbol"], p["quantity"]) for p in look["proposals"]] == [
        ("sell", "BND", "70"),
        ("buy", "VTI", "70"),
    ]


@pytest.mark.parametrize(
    ("destination", "sold"), [("target", "65"), ("half", "50"), ("edge", "35")]
)  # issue 2: 6,500, 5,000, 3,500
def test_destinations_of_the_example(cli: Desk60, destination: str, sold: str) -> None:
    cli.write(edited(("[[asset]]", f'[policy]\ndestination = "{destination}"\n\n[[asset]]')))
    assert report(cli)["proposals"][0]["quantity"] == sold


def test_an_asset_exactly_on_its_edge_is_inside_and_the_code_is_0(cli: Desk60) -> None:
    cli.write(edited(("quantity = 665", "quantity = 630"), ("quantity = 335", "quantity = 370")))
    done = cli("check", "FILE", "PRICES", "--json")
    assert done.code == 0
    assert done.json["proposals"] == []
    assert done.json["holdings"][0]["state"] == "near_upper"


def test_now_plans_to_target_although_all_is_inside_and_the_code_stays_0(cli: Desk60) -> None:
    cli.write(edited(("quantity = 665", "quantity = 620"), ("quantity = 335", "quantity = 380")))
    done = cli("check", "FILE", "PRICES", "--json", "--now")
    assert done.code == 0
    assert [(p["side"], p["quantity"]) for p in done.json["proposals"]] == [("sell", "20"), ("buy", "20")]


def test_at_takes_the_last_row_on_or_before_the_day(cli: Desk60) -> None:
    look = report(cli, "--at", "2026-11-19")
    assert look["as_of"] == "2026-11-18T21:00:00Z"
    assert look["holdings"][0]["price"] == "90"
    assert look["holdings"][0]["quote"]["age_seconds"] == 0


def test_a_symbol_without_a_column_is_unpriced_and_the_code_is_3(cli: Desk60) -> None:
    cli.write(prices="date,VTI\n2026-11-20,100\n")
    done = cli("check", "FILE", "PRICES", "--json")
    look = done.json
    assert done.code == 3
    assert (look["value"], look["drift"], look["cash"]["weight"], look["proposals"]) == (None, None, None, [])
    bond = look["holdings"][1]
    assert bond["state"] == "unpriced"
    assert bond["quote"] == {
        "time": None, "age_seconds": None, "source": None, "trusted": False, "reason": "no quote",
    }  # fmt: skip
    assert look["holdings"][0]["weight"] is None
    assert look["holdings"][0]["value"] == "66500.00"
    assert look["warnings"] == ["BND: no quote; nothing is proposed without its price"]


def test_a_live_feed_that_is_not_there_is_told_and_the_code_is_3(cli: Desk60) -> None:
    done = cli("check", "FILE", "--json")
    assert done.code == 3
    assert "no connection to Yahoo" in done.json["warnings"][0]
    assert "no connection to Yahoo" in cli("check", "FILE").out


def test_a_sample_is_looked_at_by_its_own_prices(cli: Desk60) -> None:
    from tests.tui.cli.support import ROOT

    done = cli("check", ROOT / "sample_portfolios" / "in-band.toml", "--json")
    assert done.code == 0
    assert done.json["holdings"][0]["quote"]["source"] == "csv"


def test_looking_creates_nothing_on_the_disk(cli: Desk60) -> None:
    before = sorted(cli.folder.rglob("*"))
    assert cli("check", "FILE", "PRICES").code == 1
    assert cli("ledger", "list", "FILE").code == 0
    assert cli("ledger", "positions", "FILE").code == 0
    assert cli("ledger", "verify", "FILE").code == 0
    assert cli("locate", "FILE").code == 0
    assert sorted(cli.folder.rglob("*")) == before


def test_the_plain_report_shows_each_number_whole_in_80_columns(cli: Desk60) -> None:
    done = cli.process("check", "FILE", "PRICES")
    assert done.code == 1
    assert "value 100,000.00 USD" in done.out
    assert "drift 6.50 %" in done.out
    assert re.search(r"VTI +100\.00 +66,500\.00 +66\.50 +60\.00 +\+6\.50 +57\.00\.\.63\.00 +▲ over", done.out)
    assert re.search(r"[0-9a-f]{8}  sell 65 VTI @ 100\.00 +6,500\.00  cost 0\.00  propose", done.out)
    assert "66.50 % to 60.00 %: 66.50 % is above 63.00 %" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_report_in_a_file_is_as_wide_as_it_must_be(cli: Desk60) -> None:
    cli.write(edited(("quantity = 665", "quantity = 665000000000")))
    done = cli.process("check", "FILE", "PRICES")
    assert "66,500,000,000,000.00" in done.out
    assert "…" not in done.out


def test_an_untargeted_holding_is_named_with_its_share(cli: Desk60) -> None:
    more = '\n[[asset]]\nsymbol = "GLD"\nquantity = 100\n'
    cli.write(edited() + more, "date,VTI,BND,GLD\n2026-11-20,100,100,100\n")
    look = report(cli)
    gold = look["holdings"][2]
    assert (gold["state"], gold["target"], gold["drift"], gold["lower"]) == ("untargeted", None, None, None)
    assert "GLD has no target: 9.09 % of the portfolio is never traded" in look["warnings"]


def test_a_dwell_lasts_across_processes(cli: Desk60) -> None:
    rows = "date,VTI,BND\n" + "".join(f"2026-11-{day},100,100\n" for day in (17, 18, 19))
    cli.write(edited(("[[asset]]", "[policy]\ndwell = 86400\n\n[[asset]]")), rows)
    first = report(cli, "--at", "2026-11-17")
    assert first["proposals"] == []
    assert sorted(first["warnings"]) == [
        "BND is outside for 0 s; it counts after 86400 s",
        "VTI is outside for 0 s; it counts after 86400 s",
    ]
    assert [p["symbol"] for p in report(cli, "--at", "2026-11-18")["proposals"]] == ["VTI", "BND"]


def test_a_breach_seen_at_a_later_time_counts_for_nothing_when_time_goes_back(cli: Desk60) -> None:
    rows = "date,VTI,BND\n" + "".join(f"2026-11-{day},100,100\n" for day in (16, 17, 18, 19))
    cli.write(edited(("[[asset]]", "[policy]\ndwell = 86400\n\n[[asset]]")), rows)
    report(cli, "--at", "2026-11-19")
    assert report(cli, "--at", "2026-11-16")["proposals"] == []
    assert len(report(cli, "--at", "2026-11-17")["proposals"]) == 2


@pytest.mark.parametrize("word", ["--nonsense", "--at"])
def test_a_wrong_option_is_2_and_points_to_the_help(cli: Desk60, word: str) -> None:
    done = cli("check", "FILE", word)
    assert done.code == 2
    assert word in done.complaint
    assert "strikezone check --help" in done.err
