"""What trades cost, in Decimal and in float alike."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from core.rules import costs

D = Decimal
NONE = D(0)


@pytest.mark.parametrize(
    ("quantity", "price", "fixed", "tiered"),
    [
        ("100", "25", "1.00", "0.35"),
        ("1000", "25", "5.00", "3.50"),
        ("1000", "0.25", "2.50", "2.50"),
        ("1", "100", "1.00", "0.35"),
        ("1000", "100", "5.00", "3.50"),
        ("10", "5", "0.50", "0.35"),
    ],
)
def test_ibkr_the_cap_beats_the_minimum(quantity: str, price: str, fixed: str, tiered: str) -> None:
    """Vectors: reference/rebalancing.md section 3.2."""
    shares, value = D(quantity), D(quantity) * D(price)
    assert costs.commission(shares, value, NONE, D("0.005"), NONE, D(1), D("0.01")) == D(fixed)
    assert costs.commission(shares, value, NONE, D("0.0035"), NONE, D("0.35"), D("0.01")) == D(tiered)
    in_float = costs.commission(float(shares), float(value), 0.0, 0.005, 0.0, 1.0, 0.01)
    assert in_float == pytest.approx(float(fixed))


def test_order_share_and_rate_add_up_and_no_maximum_is_none() -> None:
    assert costs.commission(D(10), D(1000), D(2), D("0.1"), D("0.001"), NONE, NONE) == D(4)
    assert costs.commission(D(10), D(1000), NONE, NONE, NONE, D(99), NONE) == D(99)


@pytest.mark.parametrize(
    ("share", "bps"), [(0.0001, 2.0), (0.001, 6.3246), (0.01, 20.0), (0.04, 40.0), (0.1, 63.2456)]
)
def test_impact_is_the_square_root_law(share: float, bps: float) -> None:
    """Vectors at 2 % a day: reference/rebalancing.md section 3.1."""
    assert costs.impact(1e4, 1.0, 0.02, math.sqrt(share)) == pytest.approx(bps, abs=5e-5)


def test_half_the_spread_is_paid() -> None:
    assert costs.half_spread(D(10_000), D("0.0004")) == D(2)


@pytest.mark.parametrize(
    ("fee", "up", "nearest", "exactly"),
    [
        (0.206, 0.21, 0.21, 0.206),
        (0.201, 0.21, 0.20, 0.201),
        (0.205, 0.21, 0.21, 0.205),  # a half goes up
        (1.005, 1.01, 1.01, 1.005),  # and is one, though its float lies below
        (0.57, 0.57, 0.57, 0.57),  # 100 x 0.57 is 56.99999999999999
        (0.07, 0.07, 0.07, 0.07),  # 100 x 0.07 is 7.000000000000001
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_a_fee_in_float_is_rounded_as_its_decimal_would_be(
    fee: float, up: float, nearest: float, exactly: float
) -> None:
    for rounding, rounded in (("up", up), ("nearest", nearest), ("none", exactly)):
        assert costs.levies(1.0, 1.0, [(fee, 0.0, 0.0, math.inf, 0.0, *costs.cents(rounding))]) == rounded


def test_fees_of_one_trade_add_up_each_rounded_and_capped_by_itself() -> None:
    up = costs.cents("up")
    fees = [
        (20.6e-6, 0.0, 0.0, math.inf, 0.0, *up),
        (0.0, 0.000195, 0.0, 9.79, 0.0, *up),
        (0.0, 0.0, 1.5, math.inf, 10_000.0, *up),
    ]
    assert costs.levies(1_000.0, 10_000.0, fees) == pytest.approx(0.21 + 0.20)
    assert costs.levies(100_000.0, 5_000_000.0, fees) == pytest.approx(103 + 9.79 + 1.5)


def test_a_levy_ends_at_its_cap() -> None:
    assert costs.levy(D(50_205), D("0.000195"), D("9.79")) == D("9.789975")
    assert costs.levy(D(50_206), D("0.000195"), D("9.79")) == D("9.79")
