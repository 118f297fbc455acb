"""The costs of one trade from the portfolio's and the asset's figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.costs.fees import cost_estimators, trade_costs
from core.portfolio.model import Asset, Costs

D = Decimal
DAY = date(2026, 5, 4)
FULL = Costs(D(1), D("0.005"), D("0.0001"), D(2), D("0.05"), D(1))
LIQUID = Asset("A", "USD", spread=D("0.0004"), average_daily_value=D(10**6), daily_volatility=D("0.02"))


def test_commission_is_cash_and_spread_and_impact_are_expected() -> None:
    costs = trade_costs(LIQUID, FULL, "buy", DAY, D(100), D(100))
    assert costs.commission == D("2.5")
    assert costs.spread == D(2)
    assert costs.impact == D(20)  # 1 % of the daily value: 20 bp of 10,000
    assert (costs.cash, costs.expected, costs.total) == (D("2.5"), D(22), D("24.5"))


def test_impact_that_was_asked_for_but_cannot_be_computed_is_unknown_not_zero() -> None:
    costs = trade_costs(Asset("A", "USD"), FULL, "buy", DAY, D(100), D(100))
    assert costs.impact is None
    assert costs.total == costs.commission
    assert trade_costs(Asset("A", "USD"), Costs(), "buy", DAY, D(100), D(100)).impact == 0


@given(st.integers(1, 10**9), st.integers(1, 10**8))
def test_the_planners_estimate_is_the_exact_cost(millionths: int, cents: int) -> None:
    quantity, price = D(millionths) / 10**6, D(cents) / 100
    exact = trade_costs(LIQUID, FULL, "buy", DAY, quantity, price)
    cash, expected = cost_estimators(FULL)(LIQUID, float(price), 1.0, DAY)(float(quantity))
    assert cash == pytest.approx(float(exact.cash))
    assert expected == pytest.approx(float(exact.expected))


def test_nothing_traded_costs_nothing() -> None:
    assert cost_estimators(FULL)(LIQUID, 100.0, 1.0, DAY)(0.0) == (0.0, 0.0)
