"""The sentences of the contract's section 3 on what is proposed, one by one, through the whole planner."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.market.trust import Trust
from core.money import ZERO
from core.planning.offer import proposal_id
from core.planning.planner import plan
from core.planning.proposal import Proposal
from core.portfolio.model import (
    AbsoluteBand,
    Band,
    Cash,
    Costs,
    Policy,
    RelativeBand,
    TighterBand,
)
from tests.core.planning.samples import ANY_FRACTION, NOW, asset, fixed, planned, situation, trades

D = Decimal
RELATIVE = RelativeBand(0.10, 0.10)
SWEDROE = TighterBand(0.05, 0.25)
WIDE = AbsoluteBand(0.5, 0.5)
RATE = Costs(rate=D("0.001"))


def sixty_forty(weight: str, band: Band, destination: float = 1.0) -> dict[str, Decimal]:
    """The trades of a 60/40 book of 100,000 at a price of 100 with `weight` percent in VTI."""
    assets = [asset("VTI", 60, band, destination=destination), asset("BND", 40, WIDE)]
    stocks = D(weight) * 10
    return trades(planned(assets, {"VTI": (stocks, "100"), "BND": (1000 - stocks, "100")}))


# The seed's vectors: reference/rebalancing.md section 1.


@pytest.mark.parametrize(
    ("band", "weight", "destination", "traded"),
    [
        (AbsoluteBand(0.03, 0.03), "66.5", 1.0, -65),
        (AbsoluteBand(0.03, 0.03), "66.5", 0.5, -50),
        (AbsoluteBand(0.03, 0.03), "66.5", 0.0, -35),
        (AbsoluteBand(0.03, 0.03), "53", 1.0, 70),
        (AbsoluteBand(0.03, 0.03), "53", 0.5, 55),
        (AbsoluteBand(0.03, 0.03), "53", 0.0, 40),
        (AbsoluteBand(0.03, 0.03), "63", 1.0, 0),
        (AbsoluteBand(0.03, 0.03), "64", 1.0, -40),
        (AbsoluteBand(0.03, 0.03), "64", 0.5, -25),
        (AbsoluteBand(0.03, 0.03), "64", 0.0, -10),
        (RELATIVE, "66.5", 1.0, -65),
        (RELATIVE, "53", 1.0, 70),
        (RELATIVE, "63", 1.0, 0),
        (RELATIVE, "64", 1.0, 0),
        (SWEDROE, "66.5", 1.0, -65),
        (SWEDROE, "53", 1.0, 70),
        (SWEDROE, "63", 1.0, 0),
        (SWEDROE, "64", 1.0, 0),
    ],
)
def test_the_seeds_vectors(band: Band, weight: str, destination: float, traded: int) -> None:
    assert sixty_forty(weight, band, destination).get("VTI", ZERO) == traded


def test_what_one_leaves_the_other_takes() -> None:
    assert sixty_forty("66.5", RELATIVE) == {"VTI": D(-65), "BND": D(65)}


def test_a_proposal_carries_its_weights_and_its_reason() -> None:
    made = planned([asset("VTI", 60), asset("BND", 40)], {"VTI": ("665", "100"), "BND": ("335", "100")})
    sell, buy = made.proposals
    assert (sell.side, sell.symbol) == ("sell", "VTI")
    assert (sell.quantity, sell.price, sell.value) == (D(65), D(100), D(6500))
    assert (sell.weight_before, sell.weight_after) == (0.665, 0.6)
    assert sell.reason == "66.50 % is above 63.00 %"
    assert sell.verdict == "propose"
    assert sell.lots[0].gain == 1300
    assert (buy.side, buy.symbol, buy.lots) == ("buy", "BND", ())


# Costs inside the size: S = (A - wV)/(1 - lambda w), B = (wV - A)/(1 + lambda w).
# It holds where only the one asset is traded at a cost and cash is the other leg.


@pytest.mark.parametrize(("held", "traded"), [("665", "-65.03902"), ("530", "69.95803")])
def test_costs_are_inside_the_size(held: str, traded: str) -> None:
    rest = D(100_000) - D(held) * 100
    made = planned(
        [asset("VTI", 60, step=ANY_FRACTION)],
        {"VTI": (held, "100")},
        rest,
        cash_rules=Cash(target=0.4),
        costs=RATE,
    )
    assert trades(made)["VTI"] == pytest.approx(D(traded), abs=D("0.00001"))
    assert made.proposals[0].weight_after == pytest.approx(0.6, abs=1e-9)


def test_destinations_are_of_the_value_after_the_fees_of_the_whole_plan() -> None:
    made = planned(
        [asset("VTI", 60, step=ANY_FRACTION), asset("BND", 40, step=ANY_FRACTION)],
        {"VTI": ("665", "100"), "BND": ("335", "100")},
        costs=Costs(rate=D("0.01")),
    )
    assert [p.weight_after for p in made.proposals] == pytest.approx([0.6, 0.4], abs=1e-9)


# Funding


def test_a_buy_is_paid_by_cash_first() -> None:
    held = {"A": ("380", "100"), "B": ("320", "100"), "C": ("220", "100")}
    made = planned([asset("A", 40), asset("B", 30), asset("C", 30)], held, "8000")
    assert trades(made) == {"C": D(80)}


def test_then_by_what_is_furthest_above_its_target() -> None:
    # C needs 5.4: 1.0 of cash, 2.9 of B and 1.5 of A, who have no more above their targets.
    held = {"A": ("315", "100"), "B": ("329", "100"), "C": ("346", "100")}
    assert trades(planned([asset("A", 30), asset("B", 30), asset("C", 40)], held, "1000")) == {
        "A": D(-15),
        "B": D(-29),
        "C": D(54),
    }


def test_funders_are_levelled_by_drift() -> None:
    # C needs 5.0 and cash has 2.0; B, 2.6 above, and A, 1.6 above, give 3.0 down to one level of 0.6.
    held = {"A": ("316", "100"), "B": ("326", "100"), "C": ("338", "100")}
    made = planned([asset("A", 30), asset("B", 30), asset("C", 40, destination=0.6)], held, "2000")
    assert trades(made) == {"A": D(-10), "B": D(-20), "C": D(50)}


def test_cash_funds_only_what_is_above_its_floor_and_its_target() -> None:
    held = {"A": ("350", "100"), "B": ("600", "100")}
    assets = [asset("A", 40), asset("B", 60, WIDE)]
    assert trades(planned(assets, held, "5000")) == {"A": D(50)}
    assert trades(planned(assets, held, "5000", cash_rules=Cash(floor=0.02))) == {"A": D(30)}
    less = [asset("A", 38), asset("B", 60, WIDE)]
    assert trades(
        planned(less, {"A": ("345", "100"), "B": ("605", "100")}, "5000", cash_rules=Cash(target=0.02))
    ) == {
        "A": D(35),
        "B": D(-5),
    }


def test_what_is_left_first_fills_cash_to_its_target_and_then_goes_to_the_furthest_below() -> None:
    # A gives 10 points: cash takes 5, then C (4 below) and B (1 below) are levelled at 0: 4 and 1.
    held = {"A": ("500", "100"), "B": ("290", "100"), "C": ("210", "100")}
    made = planned(
        [asset("A", 40), asset("B", 30, WIDE), asset("C", 25, WIDE)], held, "0", cash_rules=Cash(target=0.05)
    )
    assert trades(made) == {"A": D(-100), "B": D(10), "C": D(40)}


def test_what_is_left_fills_cash_to_a_floor_that_is_larger_than_the_target() -> None:
    held = {"A": ("500", "100"), "B": ("250", "100"), "C": ("250", "100")}
    rules = Cash(floor=0.08)
    made = planned([asset("A", 40), asset("B", 30, WIDE), asset("C", 30, WIDE)], held, "0", cash_rules=rules)
    assert trades(made) == {"A": D(-100), "B": D(10), "C": D(10)}


def test_leftovers_go_to_the_furthest_below_levelled_by_drift() -> None:
    # A gives 4: B is 3.5 below, C 2.5 below, D 2.0 above. Levelled at 1.0: B takes 2.5, C 1.5.
    held = {"A": ("340", "100"), "B": ("265", "100"), "C": ("175", "100"), "D": ("220", "100")}
    assets = [asset("A", 30), asset("B", 30, WIDE), asset("C", 20, WIDE), asset("D", 20, WIDE)]
    assert trades(planned(assets, held)) == {"A": D(-40), "B": D(25), "C": D(15)}


def test_nobody_passes_its_own_target_and_the_rest_stays_in_cash() -> None:
    held = {"A": ("500", "100"), "B": ("290", "100"), "C": ("210", "100")}
    made = planned([asset("A", 40), asset("B", 30, WIDE), asset("C", 30, WIDE, buy=False)], held)
    assert trades(made) == {"A": D(-100), "B": D(10)}


def test_breached_assets_take_part_from_their_destination_on() -> None:
    # Half way back A would keep 41.5; B needs 8.5 to its half way of 28.5, so A gives to 40 and B gets all of it.
    held = {"A": ("480", "100"), "B": ("200", "100"), "C": ("320", "100")}
    assets = [
        asset("A", 40, destination=0.5),
        asset("B", 30, destination=0.5),
        asset("C", 30, buy=False, sell=False),
    ]
    made = trades(planned(assets, held))
    assert made == {"A": D(-80), "B": D(80)}


def test_a_seller_is_not_bought_and_a_buyer_not_sold() -> None:
    held = {"A": ("500", "100"), "B": ("200", "100"), "C": ("300", "100")}
    made = trades(planned([asset("A", 40, destination=0.0), asset("B", 30, destination=0.0), asset("C", 30)], held))
    assert made["A"] < 0 < made["B"]
    assert "C" not in made


def test_short_money_goes_to_the_furthest_below_first() -> None:
    held = {"A": ("150", "100"), "B": ("240", "100"), "C": ("600", "100")}
    assets = [asset("A", 25), asset("B", 28), asset("C", 47, sell=False)]
    made = planned(assets, held, "1000")
    assert trades(made) == {"A": D(10)}
    assert made.warnings[0].startswith("A stays at 16.00")
    assert any("B is below its band and no cash can be found for it" in said for said in made.warnings)


def test_two_that_are_short_are_levelled() -> None:
    # A is 10 below, B 6 below, 8 in cash: A gets 6, B 2, both end 4 below.
    held = {"A": ("200", "100"), "B": ("240", "100"), "C": ("480", "100")}
    assets = [asset("A", 30), asset("B", 30), asset("C", 40, sell=False)]
    assert trades(planned(assets, held, "8000")) == {"A": D(60), "B": D(20)}


def test_flags_and_modes_hold() -> None:
    held = {"A": ("500", "100"), "B": ("300", "100")}
    assets = [asset("A", 40), asset("B", 60)]
    assert trades(planned(assets, held, "20000", policy=Policy(mode="buy_only"))) == {"B": D(200)}
    assert trades(planned(assets, held, "20000", policy=Policy(mode="sell_only"))) == {"A": D(-100)}
    keep = [asset("A", 40, sell=False), asset("B", 60)]
    made = planned(keep, held, "20000")
    assert trades(made) == {"B": D(200)}
    assert "A is above its band but may not be sold: left as it is" in made.warnings
    assert trades(planned([asset("A", 40), asset("B", 60, buy=False)], held, "20000")) == {"A": D(-100)}


def test_untargeted_and_outside_assets_are_never_traded() -> None:
    held = {"A": ("300", "100"), "U": ("400", "100"), "O": ("900", "100")}
    assets = [asset("A", 100), asset("U", None, None), asset("O", None, None, outside=True)]
    assert trades(planned(assets, held, "10000")) == {"A": D(100)}


def test_what_is_short_is_not_taken_from_a_seller_beyond_its_own_target() -> None:
    # A step of A is 10 points; S is 6 above, C may not be sold. 10 of S would leave it at 46, below its band.
    held = {"A": ("2", "10000"), "C": ("240", "100"), "S": ("560", "100")}
    assets = [asset("A", 30), asset("C", 20, sell=False), asset("S", 50)]
    made = planned(assets, held)
    assert trades(made) == {"S": D(-60)}
    assert "A is below its band and no cash can be found for it: left as it is" in made.warnings


def test_a_seller_on_the_half_step_goes_the_step_further_if_that_pays_for_another() -> None:
    # S is 2.5 steps of 2 points above: 2 and 3 steps end equally far from its target, and 3 pay for all of A's 6.
    held = {"A": ("440", "100"), "S": ("27.5", "2000"), "Z": ("0", "100")}
    assets = [asset("A", 50), asset("S", 50)]
    assert trades(planned(assets, held, "1000")) == {"A": D(60), "S": D(-3)}


def test_no_more_is_sold_for_a_buyer_than_it_takes_in_whole_steps() -> None:
    # A needs 4 points and takes one step of 3; of F, 6 above, 3 are sold, not 4.
    held = {"A": ("12", "3000"), "B": ("280", "100"), "F": ("360", "100")}
    assets = [asset("A", 40), asset("B", 30, WIDE, buy=False), asset("F", 30, WIDE)]
    assert trades(planned(assets, held)) == {"A": D(1), "F": D(-30)}


def test_what_no_more_is_needed_is_given_back_levelled() -> None:
    # Of A's 4 points it takes one step of 3; F (5 above) and G (4 above) would level at 2.5, and do so at 3.
    held = {"A": ("12", "3000"), "B": ("250", "100"), "F": ("200", "100"), "G": ("190", "100")}
    assets = [asset("A", 40), asset("B", 30, WIDE, buy=False), asset("F", 15, WIDE), asset("G", 15, WIDE)]
    assert trades(planned(assets, held)) == {"A": D(1), "F": D(-20), "G": D(-10)}


def test_what_is_below_is_not_sold_because_fees_shrink_the_whole() -> None:
    # A is 0.01 below its edge of 57; the 400 that S costs lift it to 57.22, two steps above its destination.
    held = {"A": ("569.9", "100"), "S": ("330", "100"), "U": ("100.1", "100")}
    assets = [asset("A", 60, destination=0.0), asset("S", 10), asset("U", None, None)]
    made = planned(assets, held, cash_rules=Cash(target=0.3), costs=Costs(per_order=D(400)))
    assert trades(made) == {"S": D(-230)}


def test_negative_cash_is_filled_before_anything_is_bought() -> None:
    held = {"A": ("600", "100"), "B": ("500", "100")}
    made = planned([asset("A", 50), asset("B", 50, WIDE)], held, "-10000")
    assert trades(made) == {"A": D(-100)}


# Cash as a line


def test_cash_above_its_band_goes_to_what_is_furthest_below() -> None:
    held = {"A": ("480", "100"), "B": ("420", "100")}
    rules = Cash(target=0.02, band=AbsoluteBand(0.03, 0.03))
    made = planned([asset("A", 50, WIDE), asset("B", 48, WIDE)], held, "10000", cash_rules=rules)
    assert trades(made) == {"A": D(20), "B": D(60)}


@pytest.mark.parametrize(("destination", "bought"), [(1.0, 80), (0.5, 65), (0.0, 50)])
def test_cash_with_a_band_uses_the_policys_destination(destination: float, bought: int) -> None:
    rules = Cash(target=0.02, band=AbsoluteBand(0.03, 0.03))
    made = planned(
        [asset("A", 98, WIDE)],
        {"A": ("900", "100")},
        "10000",
        cash_rules=rules,
        policy=Policy(destination=destination),
    )
    assert trades(made) == {"A": D(bought)}


def test_cash_below_its_band_is_raised_by_what_is_furthest_above() -> None:
    held = {"A": ("560", "100"), "B": ("440", "100")}
    rules = Cash(target=0.1, band=AbsoluteBand(0.03, 0.03))
    made = planned([asset("A", 50, WIDE), asset("B", 40, WIDE)], held, "0", cash_rules=rules)
    assert trades(made) == {"A": D(-60), "B": D(-40)}


def test_cash_with_a_band_and_target_0_may_stand_up_to_its_edge() -> None:
    rules = Cash(band=AbsoluteBand(0.05, 0.05))
    assert trades(planned([asset("A", 100, WIDE)], {"A": ("951", "100")}, "4900", cash_rules=rules)) == {}
    assert trades(planned([asset("A", 100, WIDE)], {"A": ("940", "100")}, "6000", cash_rules=rules)) == {"A": D(60)}


def test_cash_that_nothing_can_be_traded_for_is_said() -> None:
    rules = Cash(target=0.1, band=AbsoluteBand(0.03, 0.03))
    made = planned([asset("A", 90, WIDE, sell=False)], {"A": ("1000", "100")}, "0", cash_rules=rules)
    assert made.proposals == ()
    assert made.warnings == ("cash is below its band but nothing can be traded for it: left as it is",)


# Scope


def test_under_scope_all_one_breach_sends_everything_to_target() -> None:
    held = {"A": ("440", "100"), "B": ("285", "100"), "C": ("275", "100")}
    assets = [asset("A", 40, destination=0.0), asset("B", 30), asset("C", 30)]
    made = planned(assets, held, policy=Policy(scope="all"))
    assert trades(made) == {"A": D(-40), "B": D(15), "C": D(25)}
    assert made.proposals[1].reason.startswith("the whole portfolio goes to target")


def test_under_scope_all_nothing_happens_without_a_breach() -> None:
    held = {"A": ("420", "100"), "B": ("285", "100"), "C": ("295", "100")}
    assert trades(planned([asset("A", 40), asset("B", 30), asset("C", 30)], held, policy=Policy(scope="all"))) == {}


def test_under_scope_all_cash_is_the_remainder_but_never_below_its_floor() -> None:
    held = {"A": ("300", "100"), "B": ("650", "100")}
    assets = [asset("A", 50), asset("B", 50)]
    made = planned(assets, held, "5000", policy=Policy(scope="all"), cash_rules=Cash(floor=0.04))
    assert trades(made) == {"A": D(160), "B": D(-150)}


def test_check_now_plans_everything_to_target_although_all_is_inside() -> None:
    held = {"A": ("410", "100"), "B": ("590", "100")}
    assets = [asset("A", 40), asset("B", 60)]
    assert trades(planned(assets, held)) == {}
    made = planned(assets, held, everything=True)
    assert trades(made) == {"A": D(-10), "B": D(10)}
    assert made.proposals[0].reason == "to its target on request: +1.00 points from its target"


def test_under_scope_all_the_rest_is_planned_again_although_the_breach_is_taken_out() -> None:
    held = {"A": ("31", "100"), "B": ("419", "100"), "C": ("550", "100")}
    assets = [asset("A", 2, RELATIVE), asset("B", 43), asset("C", 55)]
    made = planned(assets, held, policy=Policy(scope="all", min_trade=D(1150)))
    assert trades(made) == {}
    look = situation(assets, held, policy=Policy(scope="all"), held_back={"A": NOW})
    assert [(p.symbol, p.verdict) for p in plan(look).proposals] == [("A", "snoozed")]
    look = situation(assets, held, "1000", policy=Policy(scope="all"), held_back={"A": NOW})
    assert trades(plan(look))["B"] > 0


# Steps, minimum trades


def test_quantities_are_the_nearest_multiples_of_the_step_and_ties_go_to_the_smaller() -> None:
    # 6.5 points are 21.67 steps of 300; 6.5 steps of 1,000 are a tie.
    held = {"VTI": ("66.5", "1000"), "BND": ("335", "100")}
    assert trades(planned([asset("VTI", 60), asset("BND", 40, WIDE, buy=False)], held))["VTI"] == -6
    made = trades(
        planned(
            [asset("VTI", 60, step=D(3)), asset("BND", 40, WIDE)], {"VTI": ("665", "100"), "BND": ("335", "100")}
        )
    )
    assert made["VTI"] == -66


def test_any_fraction_is_a_multiple_of_a_millionth() -> None:
    held = {"VTI": ("1.5", "100000"), "BND": ("0.85", "100000")}
    made = trades(planned([asset("VTI", 60, step=ANY_FRACTION), asset("BND", 40, step=ANY_FRACTION)], held))
    assert made == {"VTI": D("-0.09"), "BND": D("0.09")}


def test_a_destination_on_the_edge_is_rounded_to_the_inside() -> None:
    # 66.5 to 63 is 3.5 steps of 1 %: 3 would leave 63.5, above; 4 ends at 62.5.
    assets = [asset("VTI", 60, destination=0.0), asset("BND", 40, WIDE)]
    assert trades(planned(assets, {"VTI": ("66.5", "1000"), "BND": ("335", "100")}))["VTI"] == -4
    assert trades(planned(assets, {"VTI": ("53.6", "1000"), "BND": ("464", "100")}))["VTI"] == 4


def test_where_no_step_fits_inside_the_nearest_is_taken() -> None:
    narrow = AbsoluteBand(0.003, 0.003)
    assets = [asset("VTI", 60, narrow, destination=0.0), asset("BND", 40, WIDE)]
    assert trades(planned(assets, {"VTI": ("66.5", "1000"), "BND": ("335", "100")}))["VTI"] == -6


def test_an_asset_that_no_step_brings_closer_is_said_and_nothing_is_traded_for_its_sake() -> None:
    held = {"VTI": ("6.4", "10000"), "BND": ("360", "100")}
    made = planned([asset("VTI", 60), asset("BND", 40, WIDE)], held)
    assert trades(made) == {}
    assert made.warnings == ("VTI is above its band but no step of 1 brings it closer: left as it is",)


def test_a_trade_below_min_trade_is_dropped_and_the_rest_planned_again() -> None:
    # C needs 4.5: A could give 2.5 and B 0.5 (below 1,000); without B, A gives all of its 2.5 and cash the rest.
    held = {"A": ("325", "100"), "B": ("305", "100"), "C": ("355", "100")}
    assets = [asset("A", 30, WIDE), asset("B", 30, WIDE), asset("C", 40)]
    assert trades(planned(assets, held, "1500")) == {"A": D(-25), "B": D(-5), "C": D(45)}
    made = planned(assets, held, "1500", policy=Policy(min_trade=D(1000)))
    assert trades(made) == {"A": D(-25), "C": D(40)}


def test_min_trades_are_dropped_smallest_first_until_none_is_left() -> None:
    # A needs 40 steps; F3 is 19 above and the others 7 each. All of 7 go, one by one, and F3 alone pays.
    assets = [asset("A", 28), *(asset(f"F{i}", 18, WIDE) for i in range(4))]
    held = {"A": ("240", "100"), **{f"F{i}": ("187", "100") for i in range(4)}}
    made = planned(assets, {**held, "F3": ("199", "100")}, policy=Policy(min_trade=D(1500)))
    assert all(p.value >= 1500 for p in made.proposals)
    assert trades(made) == {"A": D(19), "F3": D(-19)}


def test_a_breach_whose_trade_is_too_small_is_said() -> None:
    held = {"A": ("431", "100"), "B": ("569", "100")}
    made = planned([asset("A", 40, destination=0.0), asset("B", 60, WIDE)], held, policy=Policy(min_trade=D(150)))
    assert trades(made) == {}
    assert made.warnings == ("A: a trade of 100.00 is below min_trade 150.00: left as it is",)


# Target 0


def test_target_0_is_sold_out_whole_band_or_not() -> None:
    held = {"A": ("999.5", "100"), "Z": ("0.5", "100")}
    assets = [asset("A", 100, WIDE), asset("Z", 0, AbsoluteBand(0.05, 0.05), step=D("0.5"))]
    made = planned(assets, held)
    assert trades(made) == {"Z": D("-0.5")}
    assert made.proposals[0].reason == "its target is 0: sold out"


def test_what_is_smaller_than_one_step_is_left() -> None:
    held = {"A": ("99", "100"), "Z": ("2.7", "100")}
    look = situation([asset("A", 100, WIDE), asset("Z", 0)], held)
    assert trades(plan(look)) == {"Z": D(-2), "A": D(2)}
    rest = situation([asset("A", 100, WIDE), asset("Z", 0)], {"A": ("101", "100"), "Z": ("0.7", "100")})
    assert rest.due == frozenset()


def test_what_cannot_be_sold_of_a_target_of_0_funds_nobody() -> None:
    # Z has 4 points but less than one step of 5; B's 4 come from A, although Z is further above its target.
    held = {"A": ("340", "100"), "B": ("260", "100"), "C": ("360", "100"), "Z": ("0.8", "5000")}
    assets = [asset("A", 30, WIDE), asset("B", 30), asset("C", 40, buy=False), asset("Z", 0)]
    assert trades(planned(assets, held)) == {"A": D(-40), "B": D(40)}


# Fixed values


def test_a_fixed_value_above_its_zone_is_sold_to_its_value_into_the_reserve() -> None:
    zone = RelativeBand(0.03, 0.03)
    held = {"A": ("520", "100"), "B": ("495", "100")}
    made = planned([fixed("A", "50000", zone), fixed("B", "50000", zone)], held, "1000")
    assert trades(made) == {"A": D(-20)}
    assert made.proposals[0].reason == "52,000.00 USD is above 51,500.00"


def test_only_the_reserve_funds_and_nothing_inside_is_sold() -> None:
    zone = RelativeBand(0.03, 0.03)
    held = {"A": ("480", "100"), "B": ("514", "100")}
    assets = [fixed("A", "50000", zone), fixed("B", "50000", zone)]
    assert trades(planned(assets, held, "1200")) == {"A": D(12)}
    made = planned(assets, held, "0")
    assert trades(made) == {}
    assert made.warnings == ("A is below its band and no cash can be found for it: left as it is",)


def test_what_is_sold_pays_what_is_bought_in_a_fixed_value_book() -> None:
    zone = RelativeBand(0.03, 0.03)
    held = {"A": ("480", "100"), "B": ("525", "100")}
    made = planned([fixed("A", "50000", zone), fixed("B", "50000", zone)], held, "0")
    assert trades(made) == {"A": D(20), "B": D(-25)}


def test_the_reserve_keeps_its_floor() -> None:
    zone = RelativeBand(0.03, 0.03)
    made = planned([fixed("A", "50000", zone)], {"A": ("480", "100")}, "2000", cash_rules=Cash(floor=0.02))
    assert trades(made) == {"A": D(10)}


def test_a_fixed_value_with_fees_is_bought_to_its_value_not_to_a_share() -> None:
    made = planned(
        [fixed("A", "50000", RelativeBand(0.03, 0.03), step=ANY_FRACTION)],
        {"A": ("480", "100")},
        "9000",
        costs=Costs(per_order=D(100)),
    )
    assert trades(made) == {"A": D(20)}


# Order, cash and costs


def test_sells_come_before_buys() -> None:
    made = planned([asset("A", 60), asset("B", 40)], {"A": ("530", "100"), "B": ("470", "100")})
    assert [(p.side, p.symbol) for p in made.proposals] == [("sell", "B"), ("buy", "A")]


def test_a_buy_that_just_fits_the_cash_is_not_cut_by_rounding_noise() -> None:
    # 0.1 + 0.2 - 0.3 is not 0 in floats.
    held = {"A": ("0", "100"), "B": ("100", "100"), "C": ("900", "100")}
    made = planned([asset("A", 10), asset("B", 30), asset("C", 60)], held)
    assert trades(made) == {"A": D(100), "B": D(200), "C": D(-300)}


def test_commission_is_paid_out_of_what_the_buy_may_cost() -> None:
    held = {"A": ("500", "100"), "B": ("400", "100")}
    made = planned([asset("A", 60), asset("B", 40, sell=False)], held, "10000", costs=Costs(per_order=D(150)))
    assert trades(made) == {"A": D(98)}


def test_the_expected_spread_is_kept_free_but_not_counted_in_the_weights() -> None:
    assets = [asset("A", 100, spread=D("0.02"), step=ANY_FRACTION)]
    made = planned(assets, {"A": ("900", "100")}, "10000")
    (buy,) = made.proposals
    assert buy.costs.spread == buy.value * D("0.01")
    assert buy.value + buy.costs.total <= 10_000
    assert buy.value + buy.costs.total > D("9999.99")
    assert buy.weight_after == float((900 + buy.quantity) * 100 / 100_000)


def test_a_fine_buyer_takes_what_a_coarse_seller_leaves() -> None:
    # B sells one step of 3 % (3.2 are wanted); A, in millionths, buys what that and 0.5 of cash pay, not 0.
    held = {"A": ("0.563", "100000"), "B": ("14.4", "3000")}
    assets = [asset("A", 60, step=ANY_FRACTION), asset("B", 40)]
    made = trades(planned(assets, held, "500"))
    assert made == {"A": D("0.035"), "B": D(-1)}


def test_a_sale_that_costs_what_it_brings_pays_for_nobody() -> None:
    # A needs 5 points: B is 4.9 above and F 0.1, 100 that would cost 150 to sell.
    held = {"A": ("350", "100"), "B": ("349", "100"), "F": ("301", "100")}
    assets = [asset("A", 40), asset("B", 30, WIDE), asset("F", 30, WIDE)]
    made = planned(assets, held, costs=Costs(per_order=D(150)))
    assert set(trades(made)) == {"A", "B"}


def test_a_breach_whose_sale_costs_what_it_brings_is_said() -> None:
    held = {"A": ("990", "100"), "Z": ("4", "10")}
    made = planned([asset("A", 100, WIDE), asset("Z", 0)], held, "960", costs=Costs(per_order=D(40)))
    assert trades(made) == {}
    assert made.warnings == ("Z: a sale of 40.00 would cost 40.00: left as it is",)


# Taken out


def test_a_snoozed_asset_is_listed_and_the_rest_planned_without_it() -> None:
    held = {"A": ("450", "100"), "B": ("250", "100"), "C": ("300", "100")}
    assets = [asset("A", 40), asset("B", 30), asset("C", 30)]
    look = situation(assets, held, "1000", held_back={"A": NOW})
    made = plan(look)
    assert [(p.symbol, p.verdict, p.snoozed_until) for p in made.proposals] == [
        ("A", "snoozed", NOW),
        ("B", "propose", None),
    ]
    assert trades(made) == {"B": D(10)}


def test_what_was_short_is_planned_again_when_another_is_taken_out() -> None:
    # All short money would go to B; B is snoozed, so A gets it.
    held = {"A": ("260", "100"), "B": ("230", "100"), "C": ("500", "100")}
    assets = [asset("A", 30), asset("B", 30), asset("C", 40, sell=False)]
    assert trades(planned(assets, held, "1000")) == {"B": D(10)}
    assert trades(plan(situation(assets, held, "1000", held_back={"B": None}))) == {"A": D(10)}


# Doubtful prices: a symbol of weight w whose price may be off by p moves other weights by at most w p.


def stale(error: float) -> Trust:
    """A price that is too old and may be off by `error`."""
    return Trust(False, True, "900 s old, limit 120 s", 900, 120.0, error=error)


def test_a_plan_stands_if_no_decision_changes_within_the_doubt() -> None:
    held = {"A": ("700", "100"), "B": ("280", "100"), "C": ("20", "100")}
    assets = [asset("A", 60), asset("B", 38, WIDE), asset("C", 2, WIDE)]
    made = planned(assets, held, doubts={"C": stale(0.2)})  # 2 % x 20 % = 0.4 points; A stands 7 above its edge
    assert made.stands
    assert trades(made) == {"A": D(-100), "B": D(100)}


def test_a_plan_falls_if_a_decision_could_change() -> None:
    held = {"A": ("628", "100"), "B": ("352", "100"), "C": ("20", "100")}
    assets = [asset("A", 60), asset("B", 38, WIDE), asset("C", 2, WIDE)]
    made = planned(assets, held, doubts={"C": stale(0.2)})  # A stands 0.2 inside its edge, the doubt is 0.4
    assert not made.stands
    assert made.proposals == ()
    assert "A could stand elsewhere than it seems" in made.warnings[0]


def test_the_doubts_of_several_prices_add_up() -> None:
    # 0.3 points each: alone neither reaches A's edge, 0.5 away, nor its own.
    held = {"A": ("625", "100"), "B": ("345", "100"), "C": ("15", "100"), "E": ("15", "100")}
    assets = [asset("A", 60), asset("B", 37, WIDE), asset("C", 1.5, WIDE), asset("E", 1.5, WIDE)]
    assert planned(assets, held, doubts={"C": stale(0.2)}).stands
    assert not planned(assets, held, doubts={"C": stale(0.2), "E": stale(0.2)}).stands


def test_a_doubtful_asset_is_not_traded_itself() -> None:
    held = {"A": ("900", "100"), "B": ("50", "100"), "C": ("50", "100")}
    assets = [asset("A", 60), asset("B", 20), asset("C", 20)]
    made = planned(assets, held, doubts={"B": stale(0.2)})
    assert made.stands
    blocked = {p.symbol: p.verdict for p in made.proposals}
    assert blocked["B"] == "blocked"
    assert "B" not in trades(made)
    assert trades(made)["C"] == 150


def test_without_a_price_for_what_is_held_nothing_is_proposed() -> None:
    held = {"A": ("900", "100"), "B": ("50", "100")}
    made = planned([asset("A", 60), asset("B", 40)], held, doubts={"B": Trust(False, False, "no price")})
    assert made.proposals == ()
    assert not made.stands
    assert made.warnings == ("B: no price; nothing is proposed without its price",)


def test_without_a_price_for_what_should_be_held_nothing_is_proposed() -> None:
    held = {"A": ("900", "100"), "B": ("0", "100")}
    made = planned([asset("A", 60), asset("B", 40)], held, doubts={"B": Trust(False, False, "no price")})
    assert not made.stands
    assert made.proposals == ()


def test_a_file_without_targets_proposes_nothing() -> None:
    made = planned([asset("A", None, None)], {"A": ("10", "100")}, "1000")
    assert made.proposals == ()
    assert made.stands


# Ids


def test_an_id_is_of_portfolio_symbol_side_and_number_of_entries() -> None:
    one = proposal_id("book", "VTI", "sell", 0)
    assert len(one) == 8
    assert int(one, 16) >= 0
    assert one == proposal_id("book", "VTI", "sell", 0)
    others = [
        ("other", "VTI", "sell", 0),
        ("book", "BND", "sell", 0),
        ("book", "VTI", "buy", 0),
        ("book", "VTI", "sell", 1),
    ]
    assert len({one, *(proposal_id(*other) for other in others)}) == 5


def test_recording_a_symbols_entry_changes_its_id_only() -> None:
    def ids(counts: dict[str, int]) -> dict[str, str]:
        look = situation(
            [asset("A", 60), asset("B", 40)], {"A": ("665", "100"), "B": ("335", "100")}, counts=counts
        )
        return {p.symbol: p.id for p in plan(look).proposals}

    first, second = ids({}), ids({"A": 1})
    assert first["A"] != second["A"]
    assert first["B"] == second["B"]
    assert first["A"] == proposal_id("book", "A", "sell", 0)


def test_every_proposal_carries_its_guards_quote_and_costs() -> None:
    made = planned([asset("A", 60), asset("B", 40)], {"A": ("665", "100"), "B": ("335", "100")}, "100", costs=RATE)
    for p in made.proposals:
        assert isinstance(p, Proposal)
        assert [guard.name for guard in p.guards] == [
            "stale_price",
            "max_jump",
            "max_trade",
            "max_turnover_day",
            "max_turnover_month",
            "max_trades_day",
        ]
        assert p.quote.symbol == p.symbol
        assert p.costs.commission == p.value / 1000
        assert p.worth_it.cost == p.costs.total
        assert p.worth_it.benefit is None
