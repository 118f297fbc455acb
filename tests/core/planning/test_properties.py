"""What holds for every plan of every valid portfolio."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from core.planning.planner import Plan, Situation, plan
from core.portfolio.fees import shipped
from core.portfolio.model import (
    AbsoluteBand,
    Asset,
    Band,
    Cash,
    Costs,
    Limit,
    LooserBand,
    Policy,
    RelativeBand,
    TighterBand,
)
from tests.core.planning.samples import ANY_FRACTION, OFF, after, situation, trades

Draw = Callable[[st.SearchStrategy[Any]], Any]
SLOW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
FREE = Costs()
COSTLY = Costs(
    per_order=Decimal("0.5"),
    per_share=Decimal("0.005"),
    rate=Decimal("0.001"),
    minimum=Decimal(1),
    maximum_rate=Decimal("0.02"),
    impact=Decimal(1),
)
UK_LIKE = (
    replace(fee, market="us", currency="USD", kinds=("other",), stamped=False) for fee in shipped("uk").values()
)
CHARGED = Costs(fees=(*shipped("us").values(), *UK_LIKE))


@st.composite
def bands(draw: Draw) -> Band:
    width = draw(st.integers(1, 30)) / 200
    kinds: list[Band] = [
        AbsoluteBand(width, draw(st.integers(1, 30)) / 200),
        RelativeBand(2 * width, 2 * width),
        TighterBand(width, 0.25),
        LooserBand(width, 0.2),
    ]
    return kinds[draw(st.integers(0, 3))]


@st.composite
def looks(draw: Draw, fixed: bool = False, free: bool = False, plain: bool = False) -> Situation:
    """Any book: bands, steps, flags, floors, costs, modes, scopes; `plain` lacks what leaves breaches standing."""
    count = draw(st.integers(1, 6))
    cash_share = draw(st.sampled_from([0, 0, 5, 10])) if not fixed else 0
    weights = [draw(st.integers(0 if count > 1 else 1, 60)) for _ in range(count)]
    assume(sum(weights))
    size = draw(st.sampled_from([Decimal(1), Decimal("0.001"), Decimal(10**6)]))
    assets, held = [], {}
    for i, weight in enumerate(weights):
        symbol = f"S{i}"
        shared: dict[str, Any] = {
            "destination": draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])),
            "step": draw(st.sampled_from([Decimal(1), Decimal("0.01"), ANY_FRACTION, Decimal(5)])),
            "buy": plain or draw(st.integers(0, 5)) > 0,
            "sell": plain or draw(st.integers(0, 5)) > 0,
            "spread": Decimal(0) if free else draw(st.sampled_from([Decimal(0), Decimal("0.002")])),
            "average_daily_value": Decimal(10**6),
            "daily_volatility": Decimal("0.02"),
        }
        if fixed:
            share = Decimal(weight * 1000) * size
            assets.append(Asset(symbol, "USD", target_value=share, band=RelativeBand(0.05, 0.05), **shared))
        else:
            target = weight * (100 - cash_share) / sum(weights) / 100
            assets.append(Asset(symbol, "USD", target=target, band=draw(bands()), **shared))
        price = Decimal(draw(st.integers(1, 30_000))) / 100 * size
        held[symbol] = (Decimal(draw(st.integers(0, 60_000))) / 100, price)
    if draw(st.booleans()) and not plain:
        assets.append(Asset("U", "USD"))
        held["U"] = (Decimal(draw(st.integers(0, 50))), Decimal(100) * size)
    policy = Policy(
        destination=draw(st.sampled_from([0.0, 0.5, 1.0])),
        scope="breached" if fixed else draw(st.sampled_from(["breached", "all"])),
        mode="both" if plain else draw(st.sampled_from(["both", "both", "buy_only", "sell_only"])),
        min_trade=Decimal(0) if plain else draw(st.sampled_from([Decimal(0), Decimal(0), Decimal(200)])) * size,
    )
    cash_band = None if fixed else draw(st.sampled_from([None, None, AbsoluteBand(0.03, 0.03)]))
    rules = Cash(target=cash_share / 100, floor=draw(st.sampled_from([0.0, 0.0, 0.02, 0.1])), band=cash_band)
    costs = FREE if free else draw(st.sampled_from([FREE, COSTLY, CHARGED]))
    limits = OFF if plain else draw(st.sampled_from([OFF, replace(OFF, max_trade=Limit(0.1))]))
    cash = Decimal(draw(st.integers(-2_000 if not plain else 0, 20_000))) * size
    look = situation(
        assets,
        held,
        cash,
        cash_rules=rules,
        policy=policy,
        costs=costs,
        limits=limits,
        everything=not plain and draw(st.integers(0, 5)) == 0,
    )
    assume(look.valuation.value is not None and look.valuation.value > 0)
    return look


def again(look: Situation, made: Plan) -> Situation:
    """The next look, once the whole plan has been made at the same prices."""
    quantities, cash = after(look, made)
    prices = {line.symbol: line.price or Decimal(1) for line in look.valuation.lines}
    return situation(
        look.portfolio.assets,
        {symbol: (quantity, prices[symbol]) for symbol, quantity in quantities.items()},
        cash,
        cash_rules=look.portfolio.cash,
        policy=look.portfolio.policy,
        costs=look.portfolio.costs,
        limits=look.portfolio.limits,
    )


@pytest.mark.parametrize("fixed", [False, True])
def test_a_plan_never_spends_more_than_there_is(fixed: bool) -> None:
    @SLOW
    @given(looks(fixed=fixed))
    def check(look: Situation) -> None:
        made = plan(look)
        proposed = [p for p in made.proposals if p.verdict == "propose"]
        spent = sum((p.value if p.side == "buy" else -p.value) + p.costs.total for p in proposed)
        if any(p.side == "buy" for p in proposed):
            value = look.valuation.value
            assert value is not None
            assert look.valuation.cash.value is not None
            assert look.valuation.cash.value - spent >= Decimal(repr(look.portfolio.cash.floor)) * value
        for p in proposed:
            line = look.valuation.line(p.symbol)
            assert line is not None
            asset, mode = line.asset, look.portfolio.policy.mode
            assert p.quantity > 0
            assert p.quantity % asset.step == 0
            assert p.value >= look.portfolio.policy.min_trade
            if p.side == "sell":
                assert asset.sell
                assert mode != "buy_only"
                assert p.quantity <= line.quantity
                assert line.weight is not None
                assert line.target is not None
                assert line.weight > line.target - 1e-9, "a buyer is never sold"
            else:
                assert asset.buy
                assert mode != "sell_only"
                assert line.weight is not None
                assert line.target is not None
                assert line.weight < line.target + 0.01, "a seller is never bought"

    check()


@SLOW
@given(looks())
def test_weight_after_is_what_the_book_has_once_the_plan_is_made(look: Situation) -> None:
    made = plan(look)
    assume(trades(made))
    assume(all(p.verdict == "propose" for p in made.proposals))
    then = again(look, made).valuation
    for p in made.proposals:
        line = then.line(p.symbol)
        assert line is not None
        assert line.weight == pytest.approx(p.weight_after, abs=1e-12)


@SLOW
@given(looks(), st.randoms(use_true_random=False))
def test_the_order_of_the_assets_in_the_file_changes_nothing(look: Situation, random: Any) -> None:
    assets = list(look.portfolio.assets)
    random.shuffle(assets)
    lines = list(look.valuation.lines)
    random.shuffle(lines)
    other = replace(
        look,
        portfolio=replace(look.portfolio, assets=tuple(assets)),
        valuation=replace(look.valuation, lines=tuple(lines)),
    )
    assert plan(other).proposals == plan(look).proposals


@pytest.mark.parametrize("fixed", [False, True])
def test_the_unit_of_money_changes_nothing(fixed: bool) -> None:
    @SLOW
    @given(looks(fixed=fixed), st.sampled_from([Decimal(2), Decimal(1024), Decimal("0.5"), Decimal("0.0078125")]))
    def check(look: Situation, factor: Decimal) -> None:
        assume(not look.portfolio.costs.fees)  # a cent and the PTM levy's 10,000 pounds do not change with it
        assert trades(plan(scaled(look, factor))) == trades(plan(look))

    check()


def scaled(look: Situation, factor: Decimal) -> Situation:
    """The same book with everything that is money times `factor`; powers of 2 leave every float as it is."""
    old = look.portfolio
    costs = old.costs
    return situation(
        [
            replace(
                asset,
                target_value=None if asset.target_value is None else asset.target_value * factor,
                average_daily_value=asset.average_daily_value * factor,
            )
            for asset in old.assets
        ],
        {line.symbol: (line.quantity, (line.price or Decimal(1)) * factor) for line in look.valuation.lines},
        (look.valuation.cash.value or Decimal(0)) * factor,
        cash_rules=old.cash,
        policy=replace(old.policy, min_trade=old.policy.min_trade * factor),
        costs=replace(
            costs,
            per_order=costs.per_order * factor,
            per_share=costs.per_share * factor,
            minimum=costs.minimum * factor,
        ),
        limits=old.limits,
        everything=look.everything,
    )


@SLOW
@given(looks())
def test_nothing_is_proposed_while_nothing_is_outside(look: Situation) -> None:
    if not look.valuation.breached and not look.everything:
        assert plan(look).proposals == ()


def fine(look: Situation) -> bool:
    """Whether every step is at most half the way from its target to either edge, and all fit cash's band."""
    value = float(look.valuation.value or 1)
    units = {line.symbol: float(line.asset.step * (line.price or 0)) / value for line in look.valuation.lines}
    cash = look.valuation.cash
    if cash.lower is not None and cash.upper is not None:
        if look.portfolio.cash.floor > cash.target:
            return False
        room = min(cash.upper - cash.target, cash.target - cash.lower if cash.target else 1.0)
        if sum(units.values()) > room:
            return False
    return all(
        units[line.symbol] <= min(line.target - (line.lower or 0.0), (line.upper or 1.0) - line.target) / 2
        for line in look.valuation.lines
        if line.target
    )


@SLOW
@given(looks(plain=True, free=True))
def test_a_second_look_after_a_plan_that_left_nothing_proposes_nothing(look: Situation) -> None:
    """What can still call for a trade, most of it as the plan's own warnings say:

    money that was missing; steps too coarse for the band; trades dropped or blocked; fees, which shrink the whole
    and may push an untouched line over its edge; the spread that was kept free while money was short, and is still
    there if the fill was no worse than the quote; a cash band below the cash floor.
    """
    assume(fine(look))
    made = plan(look)
    assume(not made.warnings)
    assert trades(plan(again(look, made))) == {}
