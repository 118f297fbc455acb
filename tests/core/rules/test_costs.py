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
