"""`ledger export --format csv`, then `import`: the same book in an empty ledger, nothing new in the same one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.cli.support import Desk60, edited

FOREIGN = (
    '\n[[asset]]\nsymbol = "SAP.DE"\ncurrency = "EUR"\n\n[[asset]]\nsymbol = "NEW"\n\n[[asset]]\nsymbol = "SPUN"\n'
)
CASH = '[cash]\nbalances = { USD = 100000, EUR = 5000 }\n\n[tax]\nregime = "us"\n\n[[asset]]\n'
KINDS = (
    ("deposit", "FILE", "1000"),
    ("withdraw", "FILE", "7.25", "--currency", "EUR", "--rate", "1.1"),
    ("buy", "FILE", "VTI", "10", "90", "--fees", "1.01"),
    ("buy", "FILE", "SAP.DE", "3", "33.333", "--rate", "1.0875"),
    ("buy", "FILE", "SAP.DE", "1", "30"),
    ("interest", "FILE", "5", "--withheld", "0.5", "--symbol", "BND"),
    ("fee", "FILE", "3", "--note", "=SUM(A1)"),
    ("dividend", "FILE", "BND", "12", "--withheld", "2"),
    ("dividend", "FILE", "BND", "12", "--reinvest", "0.12@98.5", "--fees", "0.18"),
    ("transfer", "FILE", "NEW", "--lot", "2020-01-02:5@10", "--lot", "2021-01-02:2", "--lot", ":1@3"),
    ("transfer", "FILE", "SAP.DE", "--lot", "2020-01-02:5@10*1.2", "--lot", "2020-01-03:1*1.3"),
    ("split", "FILE", "VTI", "3:2"),
    ("spinoff", "FILE", "VTI", "SPUN", "1:7", "--basis", "33.3"),
    ("sell", "FILE", "VTI", "11", "50", "--lot", "2026-03-03", "--id", "=1+1"),
    ("sell", "FILE", "SPUN", "2", "50", "--method", "lifo"),
    ("sell", "FILE", "NEW", "5.5", "9", "--fees", "0.5"),
    ("rename", "FILE", "NEW", "VTI2"),
)  # fmt: skip


@pytest.fixture
def full(cli: Desk60) -> Desk60:
    """A ledger with every kind of entry, something voided, something amended, and a purchase dated back."""
    cli.write(edited(("[[asset]]\n", CASH)) + FOREIGN + '\n[[asset]]\nsymbol = "VTI2"\n')
    for number, words in enumerate(KINDS, start=1):
        assert cli("record", *words, "--date", f"2026-03-{number:02}").code == 0, words
    assert cli("record", "buy", "FILE", "VTI", "4", "95", "--date", "2026-01-05").code == 0
    assert cli("ledger", "void", "FILE", "1", "--yes").code == 0
    assert cli("ledger", "amend", "FILE", "15", "--price", "51", "--yes").code == 0
    return cli


def exported(cli: Desk60, *words: str) -> Path:
    path = cli.folder / "out.csv"
    assert cli("ledger", "export", "FILE", "--format", "csv", "--out", path, *words).code == 0
    return path


def book(cli: Desk60) -> tuple[Any, Any]:
    gains = cli("ledger", "gains", "FILE", "--json").json
    rows = sorted(sorted((k, str(v)) for k, v in row.items() if k != "seq") for row in gains["gains"])
    return cli("ledger", "positions", "FILE", "--json").json, (rows, gains["totals"])


def elsewhere(cli: Desk60, *words: object) -> Desk60:
    """The same book with an empty ledger, after importing there."""
    cli.data.rename(cli.folder / "old")
    return cli


def test_an_empty_ledger_gets_the_same_book_and_ids(full: Desk60) -> None:
    before, path = book(full), exported(full)
    ids = {e["id"] for e in full.entries() if e["kind"] != "void"}
    voided = {e["void_of"] for e in full.entries()}
    ids -= {e["id"] for e in full.entries() if e["seq"] in voided}
    assert full("import", "FILE", path, "--broker", "generic", "--yes").code == 0
    other = elsewhere(full)
    done = other("import", "FILE", path, "--yes", "--json")
    assert (done.code, done.json["unreadable"]) == (0, [])
    assert book(other) == before
    assert {e["id"] for e in other.entries()} == ids
    assert other("ledger", "verify", "FILE").code == 0


def test_the_ledger_that_it_came_from_has_it_already(full: Desk60) -> None:
    path, entries = exported(full), full.entries()
    done = full("import", "FILE", path, "--yes", "--json")
    assert (done.code, done.json["new"], done.json["recorded"], done.json["probable"]) == (0, [], [], [])
    assert len(done.json["already"]) == 17
    assert full.entries() == entries


def test_a_second_import_elsewhere_records_nothing(full: Desk60) -> None:
    path = exported(full)
    other = elsewhere(full)
    assert other("import", "FILE", path, "--yes").code == 0
    done = other("import", "FILE", path, "--yes", "--json")
    assert (done.code, done.json["new"], done.json["unreadable"]) == (0, [], [])


def test_sales_keep_their_lots_beside_other_entries(full: Desk60) -> None:
    """Numbers differ there: the lots are called by the new ones."""
    path, gains = exported(full), book(full)[1]
    other = elsewhere(full)
    assert other("record", "buy", "FILE", "VTI", "4", "95", "--date", "2026-01-02").code == 0
    assert other("import", "FILE", path, "--yes").code == 0
    assert book(other)[1] == gains
    assert other("ledger", "verify", "FILE").code == 0


def test_a_sale_whose_lots_are_not_in_the_file_is_unreadable(full: Desk60) -> None:
    assert full("record", "buy", "FILE", "BND", "5", "90", "--date", "2025-03-01").code == 0
    done = full("record", "sell", "FILE", "BND", "5", "90", "--lot", "2025-03-01", "--date", "2026-05-01")
    assert done.code == 0
    path = exported(full, "--year", "2026")
    other = elsewhere(full)
    done = other("import", "FILE", path, "--yes")
    assert done.code == 2
    assert "sells what entry 22 brought, which is neither in the file nor recorded" in done.err
    assert not other.ledger.exists()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("11 of e:3", "11 of e:3x", "no part of a lot"),
        (",sell,", ",sel,", "no side"),
        ("5 of 2020-01-02 at 10 ", "5 since 2020 at 10 ", "no lot that came from elsewhere"),
        ("EUR", "X", "traded in EUR, not in X"),
    ],
)
def test_an_edited_row_is_refused(full: Desk60, old: str, new: str, why: str) -> None:
    path = exported(full)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    other = elsewhere(full)
    done = other("import", "FILE", path, "--yes")
    assert done.code == 2
    assert why in done.out + done.err
    assert not other.ledger.exists()


def test_a_sale_keeps_the_piece_of_a_lot_that_it_took(cli: Desk60) -> None:
    """Two losses are in one lot, which is two pieces since; the recorded price says which was sold."""
    cli.write(edited(("[[asset]]\n", CASH)))
    for words in (
        ("sell", "FILE", "VTI", "7", "33", "--date", "2026-01-05"),
        ("buy", "FILE", "VTI", "100", "10", "--date", "2026-01-04"),
        ("sell", "FILE", "VTI", "7", "1", "--date", "2026-01-05"),
        ("buy", "FILE", "VTI", "1", "1", "--date", "2026-01-05"),
        ("sell", "FILE", "VTI", "0.333", "1", "--method", "hifo", "--date", "2026-01-05"),
    ):
        assert cli("record", *words).code == 0
    assert cli("ledger", "void", "FILE", "4", "--yes").code == 0
    before, path = book(cli), exported(cli)
    other = elsewhere(cli)
    assert other("import", "FILE", path, "--yes").code == 0
    assert book(other) == before


def test_lots_of_one_day_keep_their_order(cli: Desk60) -> None:
    """They go by the numbers of their entries, also where a later number has the earlier day."""
    for price, day in ((10, "2026-11-05"), (20, "2026-11-04")):
        lot = f"2020-01-02:5@{price}"
        assert cli("record", "transfer", "FILE", "VTI", "--lot", lot, "--date", day).code == 0
    before, path = book(cli), exported(cli)
    other = elsewhere(cli)
    assert other("import", "FILE", path, "--yes").code == 0
    assert book(other) == before
