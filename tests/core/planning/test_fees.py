"""Regulatory fees in plans: of the side, of the day at the exchange, and paid before anything else is bought."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from core.planning.planner import Plan, Situation, plan
from core.portfolio.fees import shipped
from core.portfolio.model import Costs
from tests.core.planning.samples import ANY_FRACTION, after, asset, situation, trades

D = Decimal
US = Costs(fees=tuple(shipped("us").values()))
UK = Costs(fees=tuple(shipped("uk").values()))
MAY = datetime(2026, 5, 4, 20, tzinfo=UTC)
HELD = {"VTI": ("6650", "10"), "BND": ("3350", "10")}


def look(costs: Costs, now: datetime = MAY, cash: str = "0", **others: Any) -> Situation:
    """6,650 of one and 3,350 of the other at 10, targets 60 and 40."""
    assets = [asset("VTI", 60, **others), asset("BND", 40, **others)]
    return replace(situation(assets, HELD, cash, costs=costs), now=now)


def fees(made: Plan) -> dict[str, dict[str, Decimal]]:
    return {p.symbol: {name: fee for name, fee in p.costs.fee_details if fee} for p in made.proposals}


def test_each_side_pays_what_is_asked_of_it() -> None:
    made = plan(look(US))
    assert trades(made) == {"VTI": D(-650), "BND": D(649)}  # a share less is bought: .29 must be paid
    # 6,500 x 20.60 / 1,000,000 = .1339; 650 x .000195 = .12675; 650 x .000003 = .00195
    assert fees(made) == {"VTI": {"sec": D(".14"), "taf": D(".13"), "cat": D(".01")}, "BND": {"cat": D(".01")}}


def test_what_is_left_after_the_fees_is_what_the_weights_are_of() -> None:
    situation = look(US, step=ANY_FRACTION)
    made = plan(situation)
    quantities, cash = after(situation, made)
    total = cash + 10 * sum(quantities.values())
    assert total == 100_000 - sum(p.costs.cash for p in made.proposals)
    for p in made.proposals:
        assert p.weight_after == pytest.approx(float(10 * quantities[p.symbol] / total), abs=1e-12)
        assert p.weight_after == pytest.approx({"VTI": 0.6, "BND": 0.4}[p.symbol], abs=1e-6)
    assert cash >= 0


@pytest.mark.parametrize(
    ("now", "paused"),
    [
        (datetime(2026, 10, 1, 3, 59, tzinfo=UTC), False),  # 30 September, 23:59 in New York
        (datetime(2026, 10, 1, 4, tzinfo=UTC), True),
        (datetime(2027, 1, 1, 4, 59, tzinfo=UTC), True),
        (datetime(2027, 1, 1, 5, tzinfo=UTC), False),
    ],
)
def test_the_day_of_a_plan_is_that_of_now_at_the_exchange(now: datetime, paused: bool) -> None:
    sold = fees(plan(look(US, now)))["VTI"]
    assert ("taf" not in sold) == paused
    assert "sec" in sold


def test_stamp_duty_is_kept_free_before_a_buy() -> None:
    listed: dict[str, Any] = {"market": "uk", "kind": "stock", "stamp": True}
    situation = look(UK, **listed)
    pounds = [replace(one, currency="GBP") for one in situation.portfolio.assets]
    lines = tuple(replace(line, asset=one) for line, one in zip(situation.valuation.lines, pounds, strict=True))
    in_pounds = replace(
        situation,
        portfolio=replace(situation.portfolio, base_currency="GBP", assets=tuple(pounds)),
        valuation=replace(situation.valuation, lines=lines, cash=replace(situation.valuation.cash, balances={})),
    )
    made = plan(in_pounds)
    # 0.5 % of 6,480 is 32.40: 6,512.40 of the 6,520 that the sale brings
    assert trades(made) == {"VTI": D(-652), "BND": D(648)}
    assert fees(made) == {"VTI": {}, "BND": {"stamp": D("32.40")}}
