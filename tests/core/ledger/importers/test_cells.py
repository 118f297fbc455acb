"""Cells: one form each, never guessed."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest

from core.ledger.importers.cells import Form, Style, Unreadable, clock, day, number, style_of, undecided, unit


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("100", "100"),
        ("$1,234.56", "1234.56"),
        ("-$1,234.56", "-1234.56"),
        ("$-20", "-20"),
        ("($20.50)", "-20.50"),
        ("20.50-", "-20.50"),
        ("\N{MINUS SIGN}3", "-3"),
        ("+7", "7"),
        (" 7\N{NO-BREAK SPACE}000 ", "7000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E-05", "0.00001"),
        ("-0", "0"),
        ("1'234.5", "1234.5"),
    ],
)
def test_a_number_is_read_exactly_whatever_decorates_it(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", " ", "-", "--", "n/a"])
def test_an_empty_number_is_none(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("1,23,456", "12,34", "1.234,56", "abc", "=1+1", "NaN", "Infinity", "1e999", "0x10", "1_000", "٣"),
        *("9" * 10**7, "1" * 55, "()", "$", "1 2 x", "1e-99", "--5"),
    ],
)
def test_what_is_no_number_is_said_so(text: str) -> None:
    with pytest.raises(Unreadable, match="is no number"):
        number(text)


@pytest.mark.parametrize(("text", "value"), [("1.234,56", "1234.56"), ("-33,9", "-33.9"), ("1.000", "1000")])
def test_a_decimal_comma_is_read_where_the_file_has_it(text: str, value: str) -> None:
    assert number(text, "comma") == Decimal(value)


@pytest.mark.parametrize("text", ["1,234.56", "33.9"])
def test_a_decimal_point_is_refused_where_the_file_has_commas(text: str) -> None:
    with pytest.raises(Unreadable):
        number(text, "comma")


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        (["33,90", "1.000"], "comma"),
        (["1.234,56"], "comma"),
        (["-97.93", "1,234"], "point"),
        (["1,234,567"], "point"),
        (["1,234", "EUR", "", "7"], None),
    ],
)
def test_a_file_tells_how_it_writes_decimals(cells: list[str], style: Style | None) -> None:
    assert style_of(cells) == style


def test_a_file_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(Unreadable, match="some numbers have a decimal comma"):
        style_of(["33,90", "33.90"])


def test_a_number_that_could_mean_two_things_is_known_as_such() -> None:
    assert undecided("1,234")
    assert undecided("-1.234")
    assert not undecided("0,234")
    assert not undecided("12,34")


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("03/04/2026", "month/day/year", date(2026, 3, 4)),
        ("3/4/2026", "month/day/year", date(2026, 3, 4)),
        ("03-04-2026", "day-month-year", date(2026, 4, 3)),
        ("2026-03-04", "year-month-day", date(2026, 3, 4)),
    ],
)
def test_a_day_is_read_in_its_profiles_form(text: str, form: Form, value: date) -> None:
    assert day(text, form) == value


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("13/04/2026", "month/day/year"),  # a day-first file must not pass for a month-first one
        ("2026-03-04", "month/day/year"),
        ("03/04/2026", "day-month-year"),
        ("02/30/2026", "month/day/year"),
        ("03/04/26", "month/day/year"),
        ("03/04/0202", "month/day/year"),
        ("", "year-month-day"),
        ("2026-03-04T10:00", "year-month-day"),
        ("1" * 10**6, "year-month-day"),
    ],
)
def test_a_day_in_another_form_is_refused(text: str, form: Form) -> None:
    with pytest.raises(Unreadable):
        day(text, form)


def test_a_time_of_day() -> None:
    assert clock("9:05") == time(9, 5)
    assert clock("15:59:59") == time(15, 59, 59)
    assert clock("") is None
    with pytest.raises(Unreadable):
        clock("25:00")


def test_pence_are_a_hundredth_of_a_pound() -> None:
    assert unit("GBX") == unit("GBp") == ("GBP", 100)
    assert unit("USD") == ("USD", 1)
    for text in ("usd", "", "U$D", "DOLLARS"):
        with pytest.raises(Unreadable):
            unit(text)
