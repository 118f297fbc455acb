"""The table: RFC 4180, every digit, signs as recorded, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest

from core.book.entries import Draft, Entry, EntryLot, HeadLot
from core.ledger.exporters.csv_rows import COLUMNS, csv_rows
from tests.core.book.samples import buy, day, dec, entry, pay, sell, split, void
from tests.core.ledger.exporters.hostile import HOSTILE

IMPORTED = ["date", "kind", "symbol", "quantity", "price", "fees", "amount", "currency", "rate", "withheld", "id"]


def rows(*entries: Entry, year: int | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_rows(entries, year), newline="")))


def test_the_columns_that_an_import_reads_come_first() -> None:
    assert list(COLUMNS[: len(IMPORTED)]) == IMPORTED
    assert csv_rows([]) == ",".join(COLUMNS) + "\r\n"


def test_a_sale_has_a_positive_quantity_its_side_and_its_lots() -> None:
    part = EntryLot("open:VTI:0", dec(65), day("2023-05-01"), dec("80.50"), dec("1267.50"), "long")
    (row,) = rows(entry(1, sell(65, 100, fees=dec("0.5")), lots=(part,)))
    assert (row["date"], row["kind"], row["side"], row["symbol"]) == ("2026-11-20", "trade", "sell", "VTI")
    assert (row["quantity"], row["price"], row["fees"], row["amount"]) == ("65", "100", "0.50", "")
    assert row["lots"] == "65 of open:VTI:0 of 2023-05-01 at 80.5, gain 1267.50"


def test_amounts_have_the_sign_of_the_entry() -> None:
    paid, fee = rows(
        entry(1, pay("-12.345")),
        entry(2, Draft(kind="fee", effective=day("2026-11-20"), currency="USD", amount=dec(-3))),
    )
    assert (paid["amount"], fee["amount"]) == ("-12.345", "-3.00")


def test_every_digit_is_written_and_no_exponent() -> None:
    (row,) = rows(entry(1, buy("0.000000000000000000000001", "123456789012345.678901")))
    assert row["quantity"] == "0.000000000000000000000001"
    assert row["price"] == "123456789012345.678901"


def test_an_unknown_rate_is_empty() -> None:
    (row,) = rows(entry(1, pay(5, currency="EUR"), rate=None))
    assert row["rate"] == ""


def test_a_split_and_a_transfer_have_all_their_numbers() -> None:
    lots = (HeadLot(dec(5), dec(70), day("2020-01-02"), dec("1.1")), HeadLot(dec(2)))
    moved = Draft(kind="transfer", effective=day("2026-11-20"), currency="USD", symbol="VTI", received=lots)
    first, second = rows(entry(1, split("3:2")), entry(2, moved))
    assert (first["new"], first["old"]) == ("3", "2")
    assert second["received"] == "5 of 2020-01-02 at 70 at rate 1.1; 2"


def test_voids_and_what_they_void_are_there_and_name_each_other() -> None:
    bought = entry(1, buy(1, 100))
    first, second = rows(bought, void(2, bought))
    assert (first["seq"], first["voided_by"]) == ("1", "2")
    assert (second["kind"], second["void_of"]) == ("void", "1")


def test_a_year_has_its_entries_only() -> None:
    found = rows(entry(1, buy(1, 1, "2025-12-31")), entry(2, buy(1, 1, "2026-01-01")), year=2025)
    assert [row["seq"] for row in found] == ["1"]


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "＝1"])
def test_a_text_that_would_be_a_formula_is_made_a_text(text: str) -> None:
    (row,) = rows(entry(1, buy(1, 1, symbol=text, note=text, id=text)))
    assert row["symbol"] == row["note"] == row["id"] == f"'{text}"


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_out_of_its_cell(text: str) -> None:
    written = csv_rows([entry(1, buy(1, 1, symbol=text, note=text, id=text)), entry(2, buy(2, 2))])
    assert written.count("\r\n") == 3
    first, second = csv.DictReader(io.StringIO(written, newline=""))
    assert (first["kind"], first["seq"], second["seq"]) == ("trade", "1", "2")
    assert not any(ord(c) < 32 or ord(c) == 127 for c in written.replace("\r\n", ""))
    assert all(not cell or cell[0] not in "=+-@\t\r\n" for cell in first.values())
