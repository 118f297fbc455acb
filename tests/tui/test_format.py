from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.market.trust import Trust
from tui import format as fmt


def d(text: str) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("6500", "6,500.00"), ("1234567.891", "1,234,567.89"), ("-12.3", "-12.30"), ("-0.001", "0.00"), ("0", "0.00")],
)
def test_money_has_two_decimals_and_separators(amount: str, text: str) -> None:
    assert fmt.money(d(amount)) == text


def test_signed_money_has_a_sign_unless_it_is_zero() -> None:
    assert fmt.money(d("5"), sign=True) == "+5.00"
    assert fmt.money(d("-5"), sign=True) == "-5.00"
    assert fmt.money(d("0.001"), sign=True) == "0.00"


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("203217.8822", "203,217.88"),
        ("100", "100.00"),
        ("7.1", "7.10"),
        ("7.12345", "7.1234"),
        ("0.7112", "0.7112"),
        ("0.00001234567", "0.00001235"),
        ("0", "0.00"),
    ],
)
def test_price_keeps_the_digits_that_matter(price: str, text: str) -> None:
    assert fmt.price(d(price)) == text


def test_exact_price_loses_nothing() -> None:
    assert fmt.exact_price(d("1234.5")) == "1,234.50"
    assert fmt.exact_price(d("212.4036738")) == "212.4036738"


def test_quantity_is_exact() -> None:
    assert fmt.quantity(d("1250.0")) == "1,250"
    assert fmt.quantity(d("0.015")) == "0.015"
    assert fmt.quantity(d("1E+3")) == "1,000"


def test_percent_and_points() -> None:
    assert fmt.percent(0.665) == "66.50 %"
    assert fmt.points(0.065) == "+6.50"
    assert fmt.points(-0.032, 1) == "-3.2"
    assert fmt.points(-0.000001) == "0.00"
    assert fmt.move(0.041) == "+4.1 %"
    assert fmt.move(float("inf")) == "never"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172800, "2d"), (-5, "0s")],
)
def test_age_in_its_largest_unit(seconds: int, text: str) -> None:
    assert fmt.age(seconds) == text


def test_moment_is_utc() -> None:
    assert fmt.moment(datetime(2026, 11, 20, 21, 0, tzinfo=UTC)) == "2026-11-20 21:00:00 UTC"


def test_unknown_is_a_dash() -> None:
    unknown = [
        fmt.money(None),
        fmt.price(None),
        fmt.quantity(None),
        fmt.percent(None),
        fmt.points(None),
        fmt.age(None),
    ]
    assert set(unknown) == {"-"}


def test_doubt_says_what_is_wrong_with_a_quote() -> None:
    assert fmt.doubt(Trust(True, True)) == ""
    assert fmt.doubt(Trust(False, False, "no price")) == "no price"
    assert fmt.doubt(Trust(False, False, "quoted in EUR, not in USD")) == "unusable"
    assert fmt.doubt(Trust(False, True, "130 s old, limit 120 s", 130, 120.0)) == "stale 2m"
    assert fmt.doubt(Trust(False, True, "jumped", 3, 120.0, 0.25)) == "jump +25%"
