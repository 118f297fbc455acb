"""Form 8949: its columns, its two parts, cents that add up, and blanks where something is not known.

Columns and code W: IRS, Instructions for Form 8949, "How To Complete Form 8949, Columns (f) and (g)".
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.book.wash import Gain
from core.errors import BadInput
from core.ledger.exporters.form_8949 import COLUMNS, form_8949
from core.money import ZERO
from tests.core.book.samples import day, dec
from tests.core.ledger.exporters.hostile import HOSTILE

PROCEEDS, BASIS, CODE, ADJUSTMENT, GAIN = COLUMNS[4:9]


def sold(proceeds: str | None, basis: str | None, **fields: Any) -> Gain:
    values: dict[str, Any] = {
        "seq": 7,
        "symbol": "VTI",
        "currency": "USD",
        "quantity": dec(65),
        "acquired": day("2023-05-01"),
        "sold": day("2026-11-20"),
        "proceeds": None if proceeds is None else dec(proceeds),
        "basis": None if basis is None else dec(basis),
        "native_proceeds": dec(proceeds or 0),
        "native_basis": None,
        "term": "long",
        "disallowed": dec(0),
    }
    return Gain(**{**values, **fields})


def form(*rows: Gain, **options: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(form_8949(rows, "USD", **options), newline="")))


def totals(lines: list[dict[str, str]], part: str) -> dict[str, str]:
    (found,) = [line for line in lines if line["Part"] == part and line["(a) Description of property"] == "Totals"]
    return found


def test_a_long_term_gain_is_a_row_of_part_ii() -> None:
    row = next(line for line in form(sold("6500", "5200")) if line["Part"] == "II")
    assert list(row.values()) == [
        "II", "65 sh. VTI", "05/01/2023", "11/20/2026", "6500.00", "5200.00", "", "", "1300.00", "",
    ]  # fmt: skip


def test_a_disallowed_loss_is_positive_in_g_with_code_w() -> None:
    row = form(sold("900", "1000", term="short", disallowed=dec(40)))[0]
    assert (row["Part"], row[CODE], row[ADJUSTMENT], row[GAIN]) == ("I", "W", "40.00", "-60.00")


def test_of_a_loss_that_is_disallowed_whole_no_cent_is_left() -> None:
    row = form(sold("33.335", "100.004", term="short", disallowed=dec("66.669")))[0]
    assert row[GAIN] == "0.00"


def test_each_part_has_its_totals() -> None:
    lines = form(sold("10", "4", term="short"), sold("20", "5"), sold("1", "3", disallowed=dec(2)))
    assert [totals(lines, "I")[c] for c in (PROCEEDS, BASIS, GAIN)] == ["10.00", "4.00", "6.00"]
    assert [totals(lines, "II")[c] for c in (PROCEEDS, BASIS, ADJUSTMENT, GAIN)] == [
        "21.00",
        "8.00",
        "2.00",
        "15.00",
    ]


def test_the_parts_of_a_sale_add_up_to_its_rounded_whole() -> None:
    lines = form(sold("33.335", "1"), sold("33.335", "1"), sold("33.33", "1"))
    assert [line[PROCEEDS] for line in lines if line["Part"] == "II"] == ["33.34", "33.33", "33.33", "100.00"]


amounts = st.decimals(0, 10**6, places=5)


@given(st.lists(st.tuples(st.integers(1, 3), amounts, amounts, st.booleans()), max_size=12))
def test_rows_add_up_to_totals_and_sales_to_their_cents(parts: list[tuple[int, Decimal, Decimal, bool]]) -> None:
    rows = [
        sold(str(d), str(e), seq=seq, disallowed=max(e - d, ZERO) / 3 if washed else ZERO)
        for seq, d, e, washed in sorted(parts)
    ]
    lines = [line for line in form(*rows) if line["Part"] == "II"]
    for line in lines:
        assert dec(line[GAIN]) == dec(line[PROCEEDS]) - dec(line[BASIS]) + dec(line[ADJUSTMENT] or 0)
    for column in (PROCEEDS, BASIS, GAIN):
        assert dec(lines[-1][column]) == sum(dec(line[column]) for line in lines[:-1])
    for seq in {row.seq for row in rows}:
        ours = [line for line, row in zip(lines, rows, strict=False) if row.seq == seq]
        whole = sum((row.proceeds or ZERO for row in rows if row.seq == seq), ZERO)
        assert abs(sum((dec(line[PROCEEDS]) for line in ours), ZERO) - whole) <= dec("0.005")


def test_an_unknown_basis_is_blank_and_so_is_what_follows_from_it() -> None:
    lines = form(sold("500", None), sold("20", "5"))
    row = next(line for line in lines if line["Part"] == "II")
    assert (row[PROCEEDS], row[BASIS], row[GAIN], row["Note"]) == ("500.00", "", "", "the basis is unknown")
    assert (totals(lines, "II")[PROCEEDS], totals(lines, "II")[BASIS], totals(lines, "II")[GAIN]) == (
        "520.00",
        "",
        "",
    )
    assert totals(lines, "II")["Note"] == "blank for 1 row without an amount"


def test_without_a_day_a_row_belongs_to_neither_part() -> None:
    lines = form(sold("500", "400", acquired=None, term=None))
    row = next(line for line in lines if "VTI" in line["(a) Description of property"])
    assert (row["Part"], row["(b) Date acquired"]) == ("", "")
    assert "the holding period is unknown" in row["Note"]
    assert totals(lines, "II")[PROCEEDS] == "0.00"


def test_a_sale_without_a_rate_has_no_proceeds() -> None:
    row = form(sold(None, "1"))[1]
    assert (row[PROCEEDS], row[GAIN], row["Note"]) == ("", "", "the exchange rate of the sale is unknown")


def test_names_and_coins() -> None:
    lines = form(
        sold("1", "1"),
        sold("1", "1", symbol="BTC-USD", quantity=dec("0.5")),
        names={"VTI": "Total"},
        coins={"BTC-USD"},
    )
    assert [line["(a) Description of property"] for line in lines[1:3]] == ["65 sh. Total", "0.5 BTC-USD"]


def test_it_is_in_dollars_only() -> None:
    with pytest.raises(BadInput, match="EUR"):
        form_8949([sold("1", "1")], "EUR")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_breaks_out_of_its_cell(text: str) -> None:
    lines = form(sold("1", "1", symbol=text), names={text: text})
    assert [line["Part"] for line in lines] == ["I", "II", "II"]
    assert lines[1][GAIN] == "0.00"
