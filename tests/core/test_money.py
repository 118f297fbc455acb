"""Exact amounts, in and out."""

from __future__ import annotations

import threading
from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import OUTPUT_DECIMALS, PRECISION, amount, exact, plain, typed

numbers = st.decimals(
    allow_nan=False, allow_infinity=False, places=OUTPUT_DECIMALS, min_value=-(10**30), max_value=10**30
)


@given(numbers)
def test_plain_round_trips_exactly_without_exponent(number: Decimal) -> None:
    assert Decimal(plain(number)) == number
    assert "e" not in plain(number).lower()


@given(numbers)
def test_an_amount_has_at_least_two_decimals_and_is_exact(number: Decimal) -> None:
    text = amount(number)
    assert Decimal(text) == number
    assert len(text.partition(".")[2]) >= 2


@pytest.mark.parametrize(
    ("number", "text", "money"),
    [
        ("100", "100", "100.00"),
        ("1E+3", "1000", "1000.00"),
        ("1E+49", "1" + 49 * "0", "1" + 49 * "0" + ".00"),
        ("0.7112", "0.7112", "0.7112"),
        ("6500.50", "6500.5", "6500.50"),
        ("0.0825", "0.0825", "0.0825"),
        ("0.000001", "0.000001", "0.000001"),
        ("-0.00", "0", "0.00"),
        ("-1.5", "-1.5", "-1.50"),
    ],
)
def test_how_numbers_are_written(number: str, text: str, money: str) -> None:
    assert plain(Decimal(number)) == text
    assert amount(Decimal(number)) == money


def test_what_does_not_end_is_rounded_half_even_to_12_decimals() -> None:
    assert plain(Decimal(1) / 3) == "0.333333333333"
    assert plain(Decimal("0.0000000000005")) == "0"
    assert plain(Decimal("0.0000000000015")) == "0.000000000002"
    assert plain(Decimal("-0.0000000000001")) == "0"


@pytest.mark.parametrize(
    "text", ["", "x", "NaN", "sNaN", "Infinity", "-inf", "1,5", "1e31", "1e-31", "1e999999", "9" * 51]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|too many"):
        exact(text)


@pytest.mark.parametrize("text", ["0", "1.10", "-3", "1e3", "0.000001"])
def test_numbers_are_read_exactly(text: str) -> None:
    assert exact(text) == Decimal(text)


def test_new_threads_compute_as_precisely() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(getcontext().prec))
    thread.start()
    thread.join()
    assert found == [PRECISION]


@pytest.mark.parametrize(
    ("text", "number"), [("1,250.50", "1250.50"), ("12,345,678", "12345678"), ("100", "100"), ("-1,000", "-1000")]
)
def test_commas_group_thousands_in_what_is_typed(text: str, number: str) -> None:
    assert typed(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1,5", "99,50", "1,25.5", "1.000,50", ",500", "1,,000", "1000,000", "0,125"])
def test_a_comma_that_may_be_a_decimal_point_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="groups no thousands"):
        typed(text)
