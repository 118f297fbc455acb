"""`ledger export`: every format to standard output or into a file of one's own, which is never written over."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from beancount import loader

from core.book.documents import entry_from
from tests.tui.cli.support import STRIKEZONE, Desk60, edited

FORMATS = ("csv", "json", "beancount", "ledger")


@pytest.fixture
def traded(cli: Desk60) -> Desk60:
    """The book with its whole plan recorded, and a deposit of 2025."""
    assert cli("confirm", "FILE", "--all", "--yes", "PRICES").code == 0
    assert cli("record", "deposit", "FILE", "500", "--date", "2025-03-01").code == 0
    return cli


def exported(cli: Desk60, form: str, *options: str) -> str:
    done = cli("ledger", "export", "FILE", "--format", form, *options)
    assert (done.code, done.err) == (0, "")
    return done.out


def test_csv_has_a_row_for_each_entry(traded: Desk60) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(traded, "csv"), newline="")))
    assert [(row["kind"], row["side"], row["symbol"], row["quantity"]) for row in rows] == [
        ("trade", "sell", "VTI", "65"),
        ("trade", "buy", "BND", "65"),
        ("cash", "", "", ""),
    ]


def test_json_is_what_list_and_positions_show_and_the_head(traded: Desk60) -> None:
    copy = json.loads(exported(traded, "json"))
    assert [entry["id"] for entry in copy["entries"]] == [entry["id"] for entry in traded.entries()]
    assert entry_from(copy["entries"][0]).decision == traded.entries()[0]["decision"]
    positions = traded("ledger", "positions", "FILE", "--json").json
    assert [(p["symbol"], p["cost"]) for p in copy["positions"]] == [
        (p["symbol"], p["cost"]) for p in positions["positions"]
    ]
    assert copy["cash"] == positions["cash"]
    decided_on = json.loads(copy["kept"][copy["entries"][0]["decision"]["inputs"]])
    assert 'id = "classic-60-40"' in copy["kept"][decided_on["file"]]
    assert copy["head"]["portfolio"] == "classic-60-40"


def test_json_alone_means_the_format(traded: Desk60) -> None:
    assert traded("ledger", "export", "FILE", "--json").out == exported(traded, "json")


def test_bean_check_accepts_the_beancount_file(traded: Desk60, tmp_path: Path) -> None:
    path = tmp_path / "book.beancount"
    path.write_text(exported(traded, "beancount"))
    check = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([check, path], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_ledger_journal_says_what_is_held(traded: Desk60) -> None:
    text = exported(traded, "ledger")
    assert "[Assets:Strikezone:Classic-60-40:Holdings:VTI]  0 VTI = 600 VTI\n" in text
    assert "[Assets:Strikezone:Classic-60-40:Cash]  0 USD = 500 USD\n" in text


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_ledger_can_be_exported(cli: Desk60, form: str) -> None:
    text = exported(cli, form)
    if form == "beancount":
        assert loader.load_string(text, dedent=False)[1] == []
    assert text.endswith("\n")


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_private_and_the_same_as_on_standard_output(traded: Desk60, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"book.{form}"
    done = traded("ledger", "export", "FILE", "--format", form, "--out", out)
    assert (done.code, done.out, done.err) == (0, f"{out}: 3 entries\n", "")
    assert out.read_bytes().decode() == exported(traded, form)
    assert out.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob("*.tmp"))


def test_what_was_written_can_be_told_as_json(traded: Desk60, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    done = traded("ledger", "export", "FILE", "--format", "csv", "--year", "2025", "--out", out, "--json")
    assert done.json == {"schema": 1, "path": str(out), "format": "csv", "entries": 1}


def a_file(path: Path) -> None:
    path.write_text("mine")


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


@pytest.mark.parametrize("make", [a_file, a_link_to_nothing])
def test_nothing_is_written_over_unless_forced(
    traded: Desk60, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    out = tmp_path / "there.csv"
    make(out)
    done = traded("ledger", "export", "FILE", "--format", "csv", "--out", out)
    assert done.code == 2
    assert "is there already" in done.complaint
    assert not out.exists() or out.read_text() == "mine"
    assert traded("ledger", "export", "FILE", "--format", "csv", "--out", out, "--force").code == 0
    assert out.read_text().startswith("date,kind,")
    assert out.resolve().stat().st_mode & 0o777 == 0o600


def test_a_year_is_that_year_alone(traded: Desk60) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(traded, "csv", "--year", "2025"), newline="")))
    assert [row["amount"] for row in rows] == ["500.00"]
    text = exported(traded, "beancount", "--year", "2025")
    assert loader.load_string(text, dedent=False)[1] == []
    assert "2026-01-01 balance Assets:Strikezone:Classic-60-40:Holdings:VTI  665 " in text


def test_accounts_are_named_by_option(traded: Desk60) -> None:
    text = exported(traded, "beancount", "--account", "cash=Assets:Bank", "--account", "gains=Income:Shares")
    assert loader.load_string(text, dedent=False)[1] == []
    assert "  Assets:Bank  6500.00 USD\n" in text
    assert "Income:Shares  -1300.00 USD" in text


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--format", "xml"),
        ("--format", "csv", "--json"),
        ("--format", "csv", "--account", "cash=Assets:Bank"),
        ("--format", "ledger", "--account", "cash=Bank"),
        ("--format", "csv", "--year", "0"),
        ("--format", "beancount", "--year", "900"),
        ("--format", "csv", "--out", "."),
        ("--format", "csv", "--out", "no/such/place.csv"),
    ],
)
def test_bad_usage_is_2_and_says_what_to_do(traded: Desk60, options: tuple[str, ...]) -> None:
    done = traded("ledger", "export", "FILE", *options)
    assert done.code == 2
    assert done.complaint


def test_a_file_that_differs_is_told_and_is_4(traded: Desk60) -> None:
    traded.write(edited(("quantity = 665", "quantity = 666")))
    done = traded("ledger", "export", "FILE", "--format", "csv")
    assert done.code == 4
    assert len(done.out.splitlines()) == 4
    assert "VTI, lots" in done.err


def test_a_reader_that_stops_reading_is_no_error_of_ours(traded: Desk60) -> None:
    words = " ".join(map(str, traded.words("ledger", "export", "FILE", "--format", "csv")))
    strikezone = Path(sys.executable).with_name("strikezone")
    done = subprocess.run(
        ["sh", "-c", f"{strikezone} {words} | head -c 1"], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("d", "")


def test_exporting_loads_no_screen_and_no_arrays(traded: Desk60) -> None:
    words = traded.words("ledger", "export", "FILE", "--format", "beancount")
    code = (
        "import contextlib, io, sys; from tui.cli import run\n"
        f"with contextlib.redirect_stdout(io.StringIO()): assert run({words!r}) == 0\n"
        "print(sorted({'textual', 'numpy', 'pandas', 'beancount', 'yfinance'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("format_", ["beancount", "ledger"])
def test_a_replacement_that_took_a_whole_loss_is_in_the_journal(cli: Desk60, format_: str) -> None:
    """A wash sale within one ledger: the lot bought before the loss has it in its basis."""
    cli.write(edited(("[[asset]]\n", '[tax]\nregime = "us"\n\n[[asset]]\n')))
    cli("record", "buy", "FILE", "VTI", "2", "10", "--date", "2026-01-08")
    cli("record", "sell", "FILE", "VTI", "5", "7", "--date", "2026-01-31")
    done = cli("ledger", "export", "FILE", "--format", format_)
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("name", ["ledger.json", "ledger.json.log", "state.json", "mine.csv"])
def test_nothing_is_written_among_the_ledgers(cli: Desk60, name: str) -> None:
    """Before its first folding a ledger has no `ledger.json`: an export of that name would have taken its place."""
    cli("record", "deposit", "FILE", "5")
    for force in ((), ("--force",)):
        done = cli("ledger", "export", "FILE", "--format", "csv", "--out", cli.ledger.with_name(name), *force)
        assert done.code == 2
        assert "is in the data directory" in done.complaint
    assert [entry["amount"] for entry in cli.entries()] == ["5.00"]


def test_an_export_does_not_take_the_portfolio_files_place(cli: Desk60) -> None:
    cli("record", "deposit", "FILE", "5")
    text = cli.book.read_text()
    (cli.folder / "link.csv").symlink_to(cli.book)
    for out in (cli.book, cli.folder / "link.csv"):
        done = cli("ledger", "export", "FILE", "--format", "csv", "--out", out, "--force")
        assert done.code == 2
        assert "is the portfolio file" in done.complaint
    assert cli.book.read_text() == text


@pytest.mark.parametrize("form", ["csv", "beancount"])
def test_an_export_is_utf_8_whatever_the_terminal_is(cli: Desk60, form: str) -> None:
    """A table or journal whose letters became question marks would be another one."""
    cli("record", "fee", "FILE", "5", "--id", "Gebühr € 5", "--note", "Gebühr €")
    words = cli.words("ledger", "export", "FILE", "--format", form)
    done = subprocess.run(
        [STRIKEZONE, *words], capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "latin-1"}
    )
    assert "Gebühr €" in done.stdout.decode("utf-8")
