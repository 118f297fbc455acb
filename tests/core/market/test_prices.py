"""Price files: header date,SYM1,...; ISO dates ascending; one row a day; empty = no price; nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.market.prices import PriceTable, load_prices, parse_prices

GOOD = "date,VTI,BND\n2026-11-18,100,80.5\n2026-11-19,101.25,\n2026-11-20,102,81\n"
DOLLARS = {"VTI": "USD", "BND": "USD"}


def table(text: str = GOOD) -> PriceTable:
    return parse_prices(text, "p.csv")


def test_prices_are_read_exactly() -> None:
    assert table().prices(0) == {"VTI": Decimal(100), "BND": Decimal("80.5")}


def test_an_empty_cell_is_no_price_and_never_filled_in() -> None:
    assert table().prices(1) == {"VTI": Decimal("101.25")}
    assert [quote.symbol for quote in table().quotes(1, DOLLARS, "csv")] == ["VTI"]


def test_a_row_as_quotes_stands_at_its_close_with_the_row_before_as_previous() -> None:
    vti, bnd = table().quotes(2, DOLLARS, "csv")
    assert vti.time == datetime(2026, 11, 20, 21, tzinfo=UTC)
    assert (vti.price, vti.previous_close, vti.currency, vti.source) == (
        Decimal(102),
        Decimal("101.25"),
        "USD",
        "csv",
    )
    assert bnd.previous_close is None
    assert all(quote.previous_close is None for quote in table().quotes(0, DOLLARS, "csv"))


def test_columns_that_nobody_asked_for_are_left_out() -> None:
    assert [quote.symbol for quote in table().quotes(0, {"BND": "USD", "GLD": "USD"}, "csv")] == ["BND"]


@pytest.mark.parametrize(
    ("unit", "currency", "price"),
    [("GBp", "GBP", "1.0"), ("GBX", "GBP", "1"), ("ZAc", "ZAR", "1"), ("ILA", "ILS", "1")],
)
def test_minor_units_are_converted(unit: str, currency: str, price: str) -> None:
    quote = table().quotes(2, {"VTI": unit}, "csv")[0]
    assert (quote.currency, quote.raw_currency, quote.price) == (currency, unit, Decimal("1.02") * Decimal(price))
    assert quote.previous_close == Decimal("1.0125")


@pytest.mark.parametrize(
    ("day", "row"), [(None, 2), (date(2026, 11, 18), 0), (date(2026, 11, 19), 1), (date(2030, 1, 1), 2)]
)
def test_the_row_on_a_day_is_the_last_on_or_before_it(day: date | None, row: int) -> None:
    assert table().row_on(day) == row


def test_weekends_take_the_row_before() -> None:
    assert table("date,A\n2026-11-20,1\n2026-11-23,2\n").row_on(date(2026, 11, 22)) == 0


def test_before_the_first_row_there_is_none() -> None:
    with pytest.raises(BadInput, match="no row on or before 2026-11-17"):
        table().row_on(date(2026, 11, 17))


@pytest.mark.parametrize("text", [GOOD.replace("\n", "\r\n"), GOOD.rstrip("\n"), GOOD + "\n\n"])
def test_line_ends_do_not_matter(text: str) -> None:
    assert table(text).prices(2) == table().prices(2)


@pytest.mark.parametrize("encoded", [b"\xef\xbb\xbf" + GOOD.encode(), GOOD.replace("\n", "\r\n").encode()])
def test_a_file_may_begin_with_a_byte_order_mark(encoded: bytes, tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes(encoded)
    assert load_prices(file).symbols == ("VTI", "BND")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no rows"),
        ("date,A\n", "has no rows"),
        ("Date,A\n2026-11-20,1\n", "line 1: the header must be"),
        ("date\n2026-11-20\n", "line 1: the header must be"),
        ("date,A,A\n2026-11-20,1,2\n", "line 1: A has two columns"),
        ("date,A,\n2026-11-20,1,2\n", "line 1: '' is no symbol"),
        ('date,"A"\n2026-11-20,1\n', "line 1: '\"A\"' is no symbol"),
        ("date,A\x1b[31m\n2026-11-20,1\n", "is no symbol"),
        ("date,A\n2026-11-20,1\n2026-11-20,2\n", "line 3: 2026-11-20 stands twice"),
        ("date,A\n2026-11-20,1\n2026-11-19,2\n", "line 3: 2026-11-19 comes after 2026-11-20"),
        ("date,A\n2026-13-20,1\n", "line 2: 2026-13-20 is no date"),
        ("date,A\n20.11.2026,1\n", "line 2: '20.11.2026' is no date"),
        ("date,A\n2026-11-20,1,2\n", "line 2: has 3 cells, the header 2"),
        ("date,A\n2026-11-20\n", "line 2: has 1 cells"),
        ("date,A\n\n2026-11-20,1\n", "line 2: has 1 cells"),
        ("date,A\n2026-11-20,0\n", "line 2: A: 0 is no believable price"),
        ("date,A\n2026-11-20,0.000\n", "is no believable price"),
        ("date,A\n2026-11-20,1e10\n", "is no believable price"),
        ("date,A\n2026-11-20,1000000000.5\n", "is no believable price"),
        ("date,A\n2026-11-20,0.0000000001\n", "is no believable price"),
        ("date,A\n2026-11-20,-1\n", "line 2: A: '-1' is no price"),
        ("date,A\n2026-11-20,nan\n", "A: 'nan' is no price"),
        ("date,A\n2026-11-20,#N/A\n", "is no price"),
        ("date,A\n2026-11-20, 1\n", "is no price"),
        ('date,A\n2026-11-20,"1"\n', "is no price"),
        ("date,A\n2026-11-20,1_0\n", "is no price"),
        ("date,A\n2026-11-20,\u0661\u0662\n", "is no price"),
        ("date,A\n\u0662\u0660\u0662\u0666-11-20,1\n", "is no date"),
    ],
)
def test_anything_else_is_bad_input_that_names_file_and_line(text: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        table(text)
    assert said in str(caught.value)
    assert "p.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("none.csv", None, "cannot be read"), ("b.csv", b"\xff\xfe\x00", "not a text file")],
)
def test_a_file_that_cannot_be_read_is_bad_input(
    name: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=said):
        load_prices(tmp_path / name)


@given(st.text(alphabet=st.sampled_from("date,AB0123456789-.eE\n\r \u0661+"), max_size=60))
def test_no_text_crashes_the_parser(text: str) -> None:
    try:
        found = parse_prices("date,A\n" + text, "p.csv")
    except BadInput:
        return
    assert all(
        Decimal("1e-9") <= price <= Decimal("1e9")
        for row in range(len(found.days))
        for price in found.prices(row).values()
    )
