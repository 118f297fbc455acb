"""`import`: a broker's export into the ledger, once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.tui.cli.support import ROOT, STRIKEZONE, Desk60, edited

HEADER = "date,kind,symbol,quantity,price,fees,amount,currency\n"
DEPOSIT = "2026-11-02,deposit,,,,,1000,USD\n"
BUY = "2026-11-03,buy,VTI,5,100,1,,USD\n"
SELL = "2026-11-04,sell,BND,3,101,,,USD\n"
BAD = "2026-11-05,buy,TSLA,3,101,,,USD\n"


def export(cli: Desk60, *rows: str, name: str = "export.csv", header: str = HEADER) -> Path:
    path = cli.folder / name
    path.write_text(header + "".join(rows))
    return path


def cash(cli: Desk60) -> Any:
    return cli("ledger", "positions", "FILE", "--json").json["cash"]


def test_a_plain_import_without_a_terminal_records(cli: Desk60) -> None:
    done = cli.process("import", "FILE", export(cli, DEPOSIT, BUY, SELL))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == "recorded 3 entries"
    assert [(e["kind"], e["side"], e["quantity"]) for e in cli.entries()] == [
        ("cash", None, None), ("trade", "buy", "5"), ("trade", "sell", "3"),
    ]  # fmt: skip
    assert cash(cli) == {"USD": "802.00"}  # 1000 - 501 + 303


def test_the_second_time_nothing_is_recorded(cli: Desk60) -> None:
    path = export(cli, DEPOSIT, BUY)
    first = cli("import", "FILE", path, "--json").json
    again = cli("import", "FILE", path, "--json")
    assert (again.code, again.json["recorded"], again.json["new"]) == (0, [], [])
    assert again.json["already"] == [entry["id"] for entry in first["recorded"]]
    assert cli("import", "FILE", path).out.splitlines()[-1] == "recorded 0 entries"
    assert len(cli.entries()) == 2


def test_the_json_has_what_the_contract_promises(cli: Desk60) -> None:
    report = cli("import", "FILE", export(cli, DEPOSIT, BUY), "--json").json
    assert set(report) >= {"schema", "broker", "new", "already", "skipped", "unreadable", "recorded"}
    assert (report["schema"], report["broker"], report["skipped"], report["unreadable"]) == (1, "generic", [], [])
    bought = {"line": 3, "kind": "trade", "side": "buy", "symbol": "VTI", "quantity": "5", "price": "100"}
    assert report["new"][1].items() >= {**bought, "fees": "1.00", "effective": "2026-11-03"}.items()
    assert [entry["seq"] for entry in report["recorded"]] == [1, 2]


def test_a_dry_run_shows_everything_and_writes_nothing(cli: Desk60) -> None:
    done = cli("import", "FILE", export(cli, DEPOSIT, BUY), "--dry-run")
    assert done.code == 0
    assert done.out.splitlines()[0] == "generic: 2 new"
    assert "2026-11-03  buy   VTI" in done.out
    assert not cli.data.exists() or not cli.ledger.exists()
    assert cli("import", "FILE", export(cli, DEPOSIT, BUY), "--dry-run", "--json").json["recorded"] == []
    assert cli.entries() == []


def test_what_cannot_be_read_stops_the_import_with_its_line(cli: Desk60) -> None:
    path = export(cli, DEPOSIT, BAD, BUY)
    for options in ((), ("--dry-run",)):
        done = cli("import", "FILE", path, *options)
        assert done.code == 2
        assert "export.csv: line 3: TSLA is not in the portfolio" in done.err
        assert "--map TSLA=SYMBOL" in done.err
    assert cli.entries() == []
    assert [row["line"] for row in cli("import", "FILE", path, "--json").json["unreadable"]] == [3]


def test_the_rest_is_recorded_if_that_is_asked_for(cli: Desk60) -> None:
    done = cli("import", "FILE", export(cli, DEPOSIT, BAD, BUY), "--skip-unreadable", "--json")
    assert (done.code, len(done.json["recorded"]), len(done.json["unreadable"])) == (0, 2, 1)


def test_many_unreadable_rows_are_told_in_few_lines(cli: Desk60) -> None:
    done = cli("import", "FILE", export(cli, *[BAD] * 50))
    assert len(done.err.splitlines()) <= 8
    assert "47 more rows cannot be read" in done.err


def test_a_symbol_is_mapped_by_option_or_by_the_file(cli: Desk60) -> None:
    path = export(cli, BAD)
    done = cli("import", "FILE", path, "--map", "TSLA=VTI", "--dry-run", "--json")
    assert [draft["symbol"] for draft in done.json["new"]] == ["VTI"]
    cli.write(edited(("[[asset]]", '[import.symbols]\nTSLA = "BND"\n\n[[asset]]')))
    assert cli("import", "FILE", path, "--json").json["recorded"][0]["symbol"] == "BND"


@pytest.mark.parametrize("given", ["TSLA", "=VTI", "TSLA=", "TSLA=XYZ"])
def test_a_mapping_that_cannot_be_meant_is_refused(cli: Desk60, given: str) -> None:
    done = cli("import", "FILE", export(cli, BUY), "--map", given)
    assert done.code == 2
    assert done.complaint


def test_a_mapping_in_the_file_to_no_asset_is_refused_with_its_place(cli: Desk60) -> None:
    cli.write(edited(("[[asset]]", '[import.symbols]\nTSLA = "XYZ"\n\n[[asset]]')))
    done = cli("import", "FILE", export(cli, BUY))
    assert (done.code, "book.toml" in done.complaint) == (2, True)


def test_what_is_probably_recorded_is_shown_and_left_out(cli: Desk60) -> None:
    cli("record", "buy", "FILE", "VTI", "5", "100.20", "--date", "2026-11-03")
    path = export(cli, BUY)
    done = cli("import", "FILE", path)
    assert done.code == 0
    assert "line 2 is probably recorded as entry 1" in done.out
    assert "--include-probable" in done.out
    assert len(cli.entries()) == 1
    assert cli("import", "FILE", path, "--json").json["probable"][0]["entry"] == 1
    assert len(cli("import", "FILE", path, "--include-probable", "--json").json["recorded"]) == 1


def test_a_sale_of_what_is_not_held_is_explained(cli: Desk60) -> None:
    done = cli("import", "FILE", export(cli, SELL.replace(",3,", ",400,")))
    assert done.code == 2
    assert "sells 400 BND on 2026-11-04, but 65 of them are not held" in done.err
    assert "transfer" in done.err


def test_on_a_terminal_it_asks_and_no_is_an_answer(cli: Desk60) -> None:
    words = cli.words("import", "FILE", export(cli, DEPOSIT, BUY))
    for answer, count in (("n", 0), ("y", 2)):
        child = pexpect.spawn(str(STRIKEZONE), words, encoding="utf-8", timeout=30)
        child.expect("Record 2 entries")
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        assert (child.exitstatus, len(cli.entries())) == (0, count)


def test_on_a_terminal_it_does_not_ask_with_yes_or_with_nothing_to_record(cli: Desk60) -> None:
    words = cli.words("import", "FILE", export(cli, DEPOSIT), "--yes")
    for said, extra in (("recorded 1 entry", words), ("recorded 0 entries", words[:-1])):
        child = pexpect.spawn(str(STRIKEZONE), extra, encoding="utf-8", timeout=30)
        child.expect(said)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("book.xlsx", b"PK\x03\x04", "Excel"),
        ("statement.pdf", b"%PDF-1.4", "PDF"),
        ("empty.csv", b"", "empty"),
        ("nul.csv", b"date,kind\n\0\0,x\n", "binary"),
        ("other.csv", b"a,b,c\n1,2,3\n", "no profile reads it"),
    ],
)
def test_a_file_that_is_no_export_is_refused(cli: Desk60, name: str, content: bytes, what: str) -> None:
    (cli.folder / name).write_bytes(content)
    done = cli("import", "FILE", cli.folder / name)
    assert (done.code, what in done.complaint) == (2, True)


def test_a_path_that_leads_nowhere_is_refused(cli: Desk60) -> None:
    assert "no such file" in cli("import", "FILE", "nowhere.csv").complaint
    assert "is a directory" in cli("import", "FILE", cli.folder).complaint
    assert cli("import", "FILE").code == cli("import", "FILE", "a", "b").code == 2


def test_a_broker_that_is_not_known_is_refused_with_those_that_are(cli: Desk60) -> None:
    done = cli("import", "FILE", export(cli, BUY), "--broker", "etrade")
    assert (done.code, "ibkr" in done.err, "generic" in done.err) == (2, True, True)


def test_a_portfolio_file_that_differs_from_the_ledger_is_a_conflict(cli: Desk60) -> None:
    path = export(cli, DEPOSIT)
    cli("import", "FILE", path)
    cli.write(edited(("quantity = 335", "quantity = 336")))
    assert cli("import", "FILE", export(cli, BUY), "--dry-run").code == 4


def test_hostile_text_leaves_no_escape_on_the_terminal(cli: Desk60) -> None:
    path = cli.folder / "hostile.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "kind", "symbol", "quantity", "price", "amount", "note"])
        writer.writerow(["2026-11-02", "deposit", "", "", "", "5", "\x1b]52;c;aGk=\x07[/red]"])
        writer.writerow(["\x1b[2J", "buy", "[/]", "\u202e1", "=1+1", "", ""])
    for options in ((), ("--dry-run",), ("--skip-unreadable",)):
        done = cli("import", "FILE", path, *options)
        assert "Traceback" not in done.err
        assert all(line.isprintable() for line in (done.out + done.err).splitlines())
    assert "\x1b" not in cli("ledger", "list", "FILE").out


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "sample_portfolios/exports").glob("*.csv")))
def test_every_shipped_export_is_recorded_once_and_leaves_a_sound_ledger(cli: Desk60, name: str) -> None:
    base = {"trading212.csv": "GBP", "degiro-account.csv": "EUR", "degiro-transactions.csv": "EUR"}.get(name, "USD")
    held = "lots = [ { quantity = 400, price = 50, acquired = 2019-01-02 } ]"
    dollars = dict.fromkeys(("VTI", "BND", "BRK-B", "NVDA", "USMV", "QUAL", "XOM"), "USD")
    assets = {**dollars, "SAP.DE": "EUR", "VOD.L": "GBp"}
    cli.book.write_text(
        f'schema = 1\nid = "classic-60-40"\nbase_currency = "{base}"\n'
        '[import.symbols]\nUS9229087690 = "VTI"\nDE0007164600 = "SAP.DE"\nSAP = "SAP.DE"\n'
        'GB00BH4HKS39 = "VOD.L"\nBRKB = "BRK-B"\n'
        + "".join(f'[[asset]]\nsymbol = "{s}"\ncurrency = "{c}"\n{held}\n' for s, c in assets.items())
    )
    path = ROOT / "sample_portfolios" / "exports" / name
    done = cli("import", "FILE", path, "--json")
    assert done.code == 0, done.err
    assert len(done.json["recorded"]) == len(done.json["new"]) > 0
    assert cli("import", "FILE", path, "--json").json["recorded"] == []
    assert cli("ledger", "verify", "FILE").code == 0


# what each broker's own export says is left: every amount of the file added up
CASH = {
    "ibkr.csv": ("USD", "10208.93", {"EUR": "422.85"}),
    "schwab.csv": ("USD", "21633.66", {}),
    "fidelity.csv": ("USD", "5369.59", {}),
    "vanguard.csv": ("USD", "7332.69", {}),
    "trading212.csv": ("GBP", "7183.42", {"USD": "630.00"}),
}


@pytest.mark.parametrize("name", CASH)
def test_the_cash_comes_out_at_the_cent(cli: Desk60, name: str) -> None:
    base, amount, others = CASH[name]
    test_every_shipped_export_is_recorded_once_and_leaves_a_sound_ledger(cli, name)
    balances = cash(cli)
    assert balances.pop(base) == amount
    assert {currency: left for currency, left in balances.items() if left != "0.00"} == others


def test_both_files_of_degiro_add_up(cli: Desk60) -> None:
    test_every_shipped_export_is_recorded_once_and_leaves_a_sound_ledger(cli, "degiro-transactions.csv")
    cli("import", "FILE", ROOT / "sample_portfolios" / "exports" / "degiro-account.csv")
    assert {currency: left for currency, left in cash(cli).items() if left != "0.00"} == {"EUR": "963.89"}


def test_a_gain_is_the_one_that_the_broker_reckoned(cli: Desk60) -> None:
    """The export's own `Result` of selling 4 of 10: 998.50 received, less 4/10 of the 2403.60 paid, with fees."""
    cli.book.write_text(
        'schema = 1\nid = "classic-60-40"\nbase_currency = "GBP"\n[import.symbols]\nVOD = "VOD.L"\n'
        '[[asset]]\nsymbol = "VTI"\ncurrency = "USD"\n[[asset]]\nsymbol = "VOD.L"\ncurrency = "GBp"\n'
        '[[asset]]\nsymbol = "NVDA"\ncurrency = "USD"\n'
    )
    cli("import", "FILE", ROOT / "sample_portfolios" / "exports" / "trading212.csv")
    (row,) = cli("ledger", "gains", "FILE", "--json").json["gains"]
    assert (row["proceeds"], row["basis"], row["gain"]) == ("998.50", "961.44", "37.06")


TRANSFERRED = "date,kind,symbol,quantity,price,acquired\n2026-11-05,transfer,VTI,5,70,2020-01-02\n"


def test_shares_that_came_from_elsewhere_are_recorded_once(cli: Desk60) -> None:
    """In base currency their rate is 1, written or not."""
    path = export(cli, header=TRANSFERRED)
    assert len(cli("import", "FILE", path, "--yes", "--json").json["recorded"]) == 1
    done = cli("import", "FILE", path, "--yes", "--json")
    assert (done.code, done.json["recorded"], len(done.json["already"])) == (0, [], 1)


def test_another_number_of_shares_that_came_that_day_is_new(cli: Desk60) -> None:
    cli("record", "transfer", "FILE", "VTI", "--lot", "2020-01-02:4@70", "--date", "2026-11-05")
    done = cli("import", "FILE", export(cli, header=TRANSFERRED), "--yes", "--json")
    assert (len(done.json["recorded"]), done.json["probable"]) == (1, [])


def test_shares_that_came_and_were_recorded_by_hand_are_probably_known(cli: Desk60) -> None:
    cli("record", "transfer", "FILE", "VTI", "--lot", "2020-01-02:5@70", "--date", "2026-11-05")
    done = cli("import", "FILE", export(cli, header=TRANSFERRED), "--yes", "--json")
    assert (done.json["recorded"], len(done.json["probable"])) == ([], 1)
