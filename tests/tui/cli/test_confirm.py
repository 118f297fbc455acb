"""`confirm`: recording proposals, all or none, once."""

from __future__ import annotations

import re
import stat
import subprocess

import pytest

from tests.tui.cli.support import STRIKEZONE, Desk60, edited

LIMITED = ("[[asset]]", "[limits]\nmax_trade = 10\n\n[[asset]]")


def policy(*lines: str) -> tuple[str, str]:
    return "[[asset]]", "[policy]\n" + "\n".join(lines) + "\n\n[[asset]]"


def test_all_records_the_whole_plan_and_a_second_look_proposes_nothing(cli: Desk60) -> None:
    done = cli("confirm", "FILE", "--all", "--yes", "PRICES", "--json")
    report = done.json
    assert (done.code, done.err) == (0, "")
    assert (report["schema"], report["already"]) == (1, [])
    sell, buy = report["recorded"]
    assert {key: sell[key] for key in ("seq", "kind", "effective", "symbol", "side", "quantity", "price")} == {
        "seq": 1, "kind": "trade", "effective": "2026-11-20", "symbol": "VTI", "side": "sell", "quantity": "65",
        "price": "100",
    }  # fmt: skip
    assert (sell["currency"], sell["rate"], sell["fees"], sell["void_of"]) == ("USD", "1", "0.00", None)
    assert sell["lots"] == [
        {"acquired": "2023-05-01", "quantity": "65", "price": "80", "gain": "1300.00", "term": None}
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", sell["recorded_at"])
    assert (buy["seq"], buy["side"], buy["symbol"], buy["quantity"], buy["lots"]) == (2, "buy", "BND", "65", [])
    again = cli("check", "FILE", "PRICES", "--json")
    assert again.code == 0
    assert again.json["proposals"] == []
    assert again.json["holdings"][0]["weight"] == 0.6


def test_a_trade_keeps_what_it_was_decided_on(cli: Desk60) -> None:
    decision = cli("confirm", "FILE", "--all", "--yes", "PRICES", "--json").json["recorded"][0]["decision"]
    assert decision["source"] == "csv"
    assert decision["quotes"]["BND"] == {
        "price": "100", "currency": "USD", "time": "2026-11-20T21:00:00Z", "source": "csv", "trusted": True,
        "note": None,
    }  # fmt: skip
    assert decision["bands"]["VTI"]["upper"] == pytest.approx(0.63)
    assert decision["portfolio_drift"] == pytest.approx(0.065)
    assert decision["reason"] == "66.50 % is above 63.00 %"
    assert {guard["name"] for guard in decision["guards"]} >= {"stale_price", "max_trade", "max_turnover_day"}


def test_nothing_proposed_is_0(cli: Desk60) -> None:
    cli("confirm", "FILE", "--all", "--yes", "PRICES")
    done = cli("confirm", "FILE", "--all", "PRICES", "--json")
    assert (done.code, done.json) == (0, {"schema": 1, "recorded": [], "already": []})
    assert cli("confirm", "FILE", "--all", "PRICES").out == "nothing recorded\n"


def test_a_pinned_quantity_that_is_still_planned_is_recorded(cli: Desk60) -> None:
    ids = cli.ids()
    done = cli("confirm", "FILE", f"{ids['VTI']}@65", f"{ids['BND']}@65.0", "--yes", "PRICES", "--json")
    assert (done.code, len(done.json["recorded"])) == (0, 2)


def test_a_pinned_quantity_that_is_not_planned_any_more_is_4_and_names_both(cli: Desk60) -> None:
    done = cli("confirm", "FILE", f"{cli.ids()['VTI']}@64", "--yes", "PRICES")
    assert done.code == 4
    assert "64" in done.complaint
    assert "65" in done.complaint
    assert cli.entries() == []


@pytest.mark.parametrize("pin", ["x", "-5", "0", "nan", "1e99999", ""])
def test_a_pin_that_is_no_quantity_is_2(cli: Desk60, pin: str) -> None:
    done = cli("confirm", "FILE", f"{cli.ids()['VTI']}@{pin}", "--yes", "PRICES")
    assert done.code == 2
    assert "ID@QUANTITY" in done.err
    assert done.complaint


def test_an_unknown_id_is_4(cli: Desk60) -> None:
    done = cli("confirm", "FILE", "00000000", "--yes", "PRICES")
    assert done.code == 4
    assert "00000000" in done.complaint


def test_a_used_id_is_4_and_names_its_entry(cli: Desk60) -> None:
    sell = cli.ids()["VTI"]
    assert cli("confirm", "FILE", sell, "--yes", "PRICES").code == 0
    done = cli("confirm", "FILE", sell, "--yes", "PRICES")
    assert done.code == 4
    assert "already recorded, as entry 1" in done.complaint
    assert len(cli.entries()) == 1


def test_all_or_none(cli: Desk60) -> None:
    done = cli("confirm", "FILE", cli.ids()["VTI"], "00000000", "--yes", "PRICES")
    assert done.code == 4
    assert cli.entries() == []


def test_an_id_named_twice_is_one_trade(cli: Desk60) -> None:
    sell = cli.ids()["VTI"]
    done = cli("confirm", "FILE", sell, sell, "--yes", "PRICES", "--json")
    assert (len(done.json["recorded"]), done.json["already"]) == (1, [])


def test_an_id_named_twice_with_two_pins_is_2(cli: Desk60) -> None:
    sell = cli.ids()["VTI"]
    assert cli("confirm", "FILE", f"{sell}@65", f"{sell}@64", "--yes", "PRICES").code == 2
    assert cli.entries() == []


def test_a_buy_that_cash_cannot_pay_without_its_sells_is_2(cli: Desk60) -> None:
    done = cli("confirm", "FILE", cli.ids()["BND"], "--yes", "PRICES")
    assert done.code == 2
    assert "6,500.00 USD are missing" in done.complaint
    assert cli.entries() == []


def test_the_sell_alone_is_recorded_and_pays_for_the_buy_afterwards(cli: Desk60) -> None:
    ids = cli.ids()
    assert cli("confirm", "FILE", ids["VTI"], "--yes", "PRICES").code == 0
    assert cli.ids()["BND"] == ids["BND"]
    assert cli("confirm", "FILE", ids["BND"], "--yes", "PRICES").code == 0


def test_a_blocked_trade_is_2_and_all_leaves_it_out(cli: Desk60) -> None:
    cli.write(edited(("[[asset]]", "[limits]\nmax_trade = 5\n\n[[asset]]")))
    look = cli("check", "FILE", "PRICES", "--json").json
    blocked = next(p for p in look["proposals"] if p["verdict"] == "blocked")
    done = cli("confirm", "FILE", blocked["id"], "--yes", "PRICES")
    assert done.code == 2
    assert "max_trade" in done.complaint
    rest = cli("confirm", "FILE", "--all", "--yes", "PRICES", "--json")
    assert (rest.code, rest.json["recorded"]) == (0, [])
    assert f"left out: {blocked['id']}" in rest.err


@pytest.mark.parametrize("edit", [("--price", "101"), ("--quantity", "10"), ("--fees", "1")])
def test_edits_need_exactly_one_id(cli: Desk60, edit: tuple[str, str]) -> None:
    ids = cli.ids()
    for words in ([*ids.values()], ["--all"], []):
        done = cli("confirm", "FILE", *words, *edit, "--yes", "PRICES")
        assert done.code == 2
        assert "exactly one ID" in done.complaint
    assert cli.entries() == []


def test_price_quantity_and_fees_are_recorded_as_given(cli: Desk60) -> None:
    words = ("--price", "101.25", "--quantity", "60", "--fees", "1.5")
    entry = cli("confirm", "FILE", cli.ids()["VTI"], *words, "--yes", "PRICES", "--json").json["recorded"][0]
    assert (entry["price"], entry["quantity"], entry["fees"]) == ("101.25", "60", "1.50")
    assert entry["lots"][0]["gain"] == "1273.50"  # 60 x (101.25 - 80) - 1.50


def test_a_larger_quantity_passes_every_guard_again(cli: Desk60) -> None:
    cli.write(edited(LIMITED))
    sell = cli.ids()["VTI"]
    done = cli("confirm", "FILE", sell, "--quantity", "101", "--yes", "PRICES")
    assert done.code == 2
    assert "max_trade" in done.complaint
    assert cli("confirm", "FILE", sell, "--quantity", "100", "--yes", "PRICES").code == 0


@pytest.mark.parametrize(
    "edit",
    [
        ("--quantity", "666"), ("--quantity", "0"), ("--quantity", "0.5"), ("--quantity", "1e60"),
        ("--quantity", "nan"), ("--price", "0"), ("--price", "1e999999"), ("--price", "x"), ("--fees", "-1"),
        ("--fees", "1e-30"),
    ],
)  # fmt: skip
def test_edits_that_cannot_be_are_2(cli: Desk60, edit: tuple[str, str]) -> None:
    done = cli("confirm", "FILE", cli.ids()["VTI"], *edit, "--yes", "PRICES")
    assert done.code == 2
    assert done.complaint
    assert cli.entries() == []


@pytest.mark.parametrize(
    ("executed", "effective", "moment"),
    [
        ("2026-11-20T15:30", "2026-11-20", "2026-11-20T20:30:00Z"),  # the portfolio's zone: New York
        ("2026-11-20T23:30", "2026-11-20", "2026-11-21T04:30:00Z"),
        ("2026-11-20T03:00+01:00", "2026-11-19", "2026-11-20T02:00:00Z"),  # the day at the exchange
        ("2026-11-20T02:00Z", "2026-11-19", "2026-11-20T02:00:00Z"),
        ("2026-11-19", "2026-11-19", None),
    ],
)
def test_executed_gives_the_day_at_the_exchange(
    cli: Desk60, executed: str, effective: str, moment: str | None
) -> None:
    words = ("--executed", executed, "--yes", "PRICES", "--json")
    entry = cli("confirm", "FILE", cli.ids()["VTI"], *words).json["recorded"][0]
    assert (entry["effective"], entry["executed"]) == (effective, moment)


def test_a_portfolio_in_another_zone_reads_a_bare_time_in_it(cli: Desk60) -> None:
    cli.write(edited(('"America/New_York"', '"Asia/Tokyo"')))
    words = ("--executed", "2026-11-20T09:00", "--yes", "PRICES", "--json")
    entry = cli("confirm", "FILE", cli.ids()["VTI"], *words).json["recorded"][0]
    assert (entry["effective"], entry["executed"]) == ("2026-11-19", "2026-11-20T00:00:00Z")


def test_crypto_trades_on_the_day_in_utc(cli: Desk60) -> None:
    cli.write(edited(("target = 60", 'kind = "crypto"\ntarget = 60')))
    words = ("--executed", "2026-11-20T22:00-05:00", "--yes", "PRICES", "--json")
    assert cli("confirm", "FILE", cli.ids()["VTI"], *words).json["recorded"][0]["effective"] == "2026-11-21"


@pytest.mark.parametrize("executed", ["yesterday", "0001-01-01T00:00", "9999-12-31T23:59-12:00", "2026-13-01", ""])
def test_an_executed_that_is_no_time_is_2(cli: Desk60, executed: str) -> None:
    done = cli("confirm", "FILE", cli.ids()["VTI"], "--executed", executed, "--yes", "PRICES")
    assert done.code == 2
    assert "--executed" in done.complaint


@pytest.mark.parametrize("executed", ["2200-01-01", "2200-01-01T10:00"])
def test_an_executed_in_the_future_is_warned_of(cli: Desk60, executed: str) -> None:
    done = cli("confirm", "FILE", cli.ids()["VTI"], "--executed", executed, "--yes", "PRICES")
    assert done.code == 0
    assert f"{executed} is in the future" in done.err


def test_a_trade_before_the_portfolio_was_opened_is_skipped_and_said_so(cli: Desk60) -> None:
    cli.write(edited(("timezone", "opened = 2026-11-19\ntimezone")))
    words = ("--executed", "2026-11-19", "--yes", "PRICES", "--json")
    done = cli("confirm", "FILE", cli.ids()["VTI"], *words)
    assert (done.code, done.json["recorded"]) == (0, [])
    assert "2026-11-19" in done.err


def test_a_voided_trade_still_counts_so_that_its_id_is_not_proposed_again(cli: Desk60) -> None:
    sell = cli.ids()["VTI"]
    cli("confirm", "FILE", sell, "--yes", "PRICES")
    assert cli("ledger", "void", "FILE", "1", "--yes").code == 0
    assert cli.ids()["VTI"] != sell
    assert cli("confirm", "FILE", sell, "--yes", "PRICES").code == 4


def test_without_yes_and_without_a_terminal_it_refuses_and_shows_nothing(cli: Desk60) -> None:
    done = cli.process("confirm", "FILE", cli.ids()["VTI"], "PRICES")
    assert done.code == 2
    assert "--yes" in done.err
    assert done.complaint
    assert not cli.data.exists()


@pytest.mark.parametrize(("words", "said"), [([], "nothing is named"), (["--all", "00000000"], "exclude")])
def test_usage(cli: Desk60, words: list[str], said: str) -> None:
    done = cli("confirm", "FILE", *words, "--yes", "PRICES")
    assert done.code == 2
    assert said in done.complaint


def test_without_trusted_prices_it_is_3(cli: Desk60) -> None:
    ids = cli.ids()
    cli.write(prices="date,VTI\n2026-11-20,100\n")
    for words in ([ids["VTI"]], ["--all"]):
        done = cli("confirm", "FILE", *words, "--yes", "PRICES")
        assert done.code == 3
        assert "BND" in done.complaint
    assert cli.entries() == []


def test_a_plan_on_request_is_confirmed_on_request(cli: Desk60) -> None:
    cli.write(edited(("quantity = 665", "quantity = 620"), ("quantity = 335", "quantity = 380")))
    found = cli("check", "FILE", "PRICES", "--json", "--now").json["proposals"]
    assert cli("confirm", "FILE", found[0]["id"], "--yes", "PRICES").code == 4
    words = ("confirm", "FILE", found[0]["id"], "--quantity", "10", "--yes", "--now", "PRICES", "--json")
    assert cli(*words).json["recorded"][0]["quantity"] == "10"


def test_min_trade_and_costs_are_recorded_as_fees(cli: Desk60) -> None:
    cli.write(edited(("[[asset]]", "[costs]\nper_order = 2.5\nspread_bps = 10\n\n[[asset]]")))
    recorded = cli("confirm", "FILE", "--all", "--yes", "PRICES", "--json").json["recorded"]
    assert [entry["fees"] for entry in recorded] == ["2.50", "2.50"]
    assert cli("check", "FILE", "PRICES", "--json").json["proposals"] == []


def test_the_data_directory_is_its_owners_only(cli: Desk60) -> None:
    cli.process("confirm", "FILE", "--all", "--yes", "PRICES")
    for folder in (cli.data, cli.ledger.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(cli.ledger.parent.iterdir())
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_data_directory_is_where_the_option_says_before_or_after_the_command(cli: Desk60) -> None:
    there = cli.folder / "there"
    assert cli("--data-dir", there, "confirm", "FILE", "--all", "--yes", "PRICES").code == 0
    assert (there / "classic-60-40").is_dir()
    assert not cli.data.exists()
    listed = cli("ledger", "list", "FILE", "--data-dir", there, "--json").json
    assert len(listed["entries"]) == 2


def test_of_eight_processes_that_confirm_one_proposal_one_records_it_and_seven_are_4(cli: Desk60) -> None:
    sell = cli.ids()["VTI"]
    command = [str(STRIKEZONE), *cli.words("confirm", "FILE", f"{sell}@65", "--yes", "PRICES", "--json")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)
    ]
    ended = [process.communicate(timeout=60) for process in started]
    codes = [process.returncode for process in started]
    assert sorted(codes) == [0] + [4] * 7, ended
    assert all("already recorded, as entry 1" in err for (_, err), code in zip(ended, codes, strict=True) if code)
    assert [entry["id"] for entry in cli.entries()] == [sell]
