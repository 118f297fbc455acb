"""Values, weights, drifts and states of every kind of line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.market.trust import Trust
from core.policy.valuation import Valuation, value_book
from core.portfolio.model import (
    AbsoluteBand,
    Band,
    Cash,
    LooserBand,
    Portfolio,
    RangeBand,
    RelativeBand,
    TighterBand,
)
from tests.core.planning.samples import asset, board_of, book_of, fixed, situation, trust_in

D = Decimal
NO_PRICE = Trust(False, False, "no price")


def sixty(band: Band, weight: int = 600) -> tuple[float | None, float | None, str | None]:
    """Edges and state of a target of 60 % at `weight` per mille."""
    look = situation(
        [asset("A", 60, band), asset("B", 40)], {"A": (str(weight), "100"), "B": (str(1000 - weight), "100")}
    )
    line = look.valuation.lines[0]
    return line.lower, line.upper, line.state


@pytest.mark.parametrize(
    ("band", "lower", "upper"),
    [
        (AbsoluteBand(0.03, 0.03), 0.57, 0.63),
        (AbsoluteBand(0.01, 0.05), 0.59, 0.65),
        (RelativeBand(0.10, 0.10), 0.54, 0.66),
        (TighterBand(0.05, 0.25), 0.55, 0.65),
        (LooserBand(0.01, 0.20), 0.48, 0.72),
        (RangeBand(0.22, 0.61), 0.22, 0.61),
        (AbsoluteBand(0.7, 0.7), 0.0, 1.0),
    ],
)
def test_the_edges_of_every_kind_of_band(band: Band, lower: float, upper: float) -> None:
    assert sixty(band)[:2] == pytest.approx((lower, upper))


@pytest.mark.parametrize(
    ("weight", "state"),
    [
        (600, "inside"),
        (622, "inside"),
        (623, "near_upper"),
        (630, "near_upper"),
        (631, "above"),
        (570, "near_lower"),
        (569, "below"),
    ],
)
def test_states(weight: int, state: str) -> None:
    assert sixty(AbsoluteBand(0.03, 0.03), weight)[2] == state


def test_drift_counts_every_line_cash_and_untargeted_included() -> None:
    held = {"A": ("500", "100"), "B": ("300", "100"), "U": ("100", "100")}
    found = situation([asset("A", 60), asset("B", 40), asset("U", None, None)], held, "10000").valuation
    assert found.drift == pytest.approx((0.10 + 0.10 + 0.10 + 0.10) / 2)
    assert found.cash.weight == pytest.approx(0.1)


def test_untargeted_counts_in_the_total_and_has_no_target_drift_or_edges() -> None:
    line = situation(
        [asset("A", 100), asset("U", None, None)], {"A": ("50", "1"), "U": ("50", "1")}
    ).valuation.lines[1]
    assert (line.state, line.weight) == ("untargeted", 0.5)
    assert (line.target, line.drift, line.lower, line.upper, line.destination) == (None, None, None, None, None)


def test_outside_is_shown_but_not_in_value_weights_or_drift() -> None:
    held = {"A": ("50", "1"), "O": ("500", "1")}
    found = situation([asset("A", 100), asset("O", None, None, outside=True)], held).valuation
    assert found.value == 50
    assert found.drift == 0.0
    assert (found.lines[1].state, found.lines[1].weight, found.lines[1].value) == ("outside", None, D(500))


def test_an_outside_asset_without_a_price_hides_nothing() -> None:
    held = {"A": ("50", "1"), "O": ("500", "1")}
    assets = [asset("A", 100), asset("O", None, None, outside=True)]
    assert situation(assets, held, doubts={"O": NO_PRICE}).valuation.value == 50


def test_a_held_asset_without_any_price_makes_value_drift_and_weights_unknown() -> None:
    held = {"A": ("50", "1"), "B": ("50", "1")}
    found = situation([asset("A", 60), asset("B", 40)], held, doubts={"B": NO_PRICE}).valuation
    assert (found.value, found.drift, found.cash.weight) == (None, None, None)
    assert [line.weight for line in found.lines] == [None, None]
    assert found.lines[1].state == "unpriced"
    assert found.lines[0].value == 50


def test_an_asset_that_is_not_held_needs_no_price() -> None:
    held = {"A": ("50", "1"), "B": ("0", "1")}
    found = situation([asset("A", 60), asset("B", 40)], held, doubts={"B": NO_PRICE}).valuation
    assert found.value == 50
    assert (found.lines[1].state, found.lines[1].weight, found.lines[1].target) == ("unpriced", 0.0, 0.4)


def test_an_untrusted_price_still_weighs() -> None:
    held = {"A": ("50", "1"), "B": ("50", "1")}
    old = Trust(False, True, "old", 900, 120.0, error=0.2)
    found = situation([asset("A", 60), asset("B", 40)], held, doubts={"B": old}).valuation
    assert found.lines[1].weight == 0.5


@pytest.mark.parametrize(("quantity", "state"), [("1", "above"), ("0.99", "inside"), ("0", "inside")])
def test_target_0_is_above_while_a_step_is_held(quantity: str, state: str) -> None:
    held = {"A": ("50", "1"), "Z": (quantity, "1")}
    line = situation([asset("A", 100), asset("Z", 0, AbsoluteBand(0.5, 0.5))], held).valuation.lines[1]
    assert (line.lower, line.upper, line.state) == (0.0, 0.0, state)


@pytest.mark.parametrize(
    ("destination", "weight", "to"),
    [(1.0, 665, 0.6), (0.5, 665, 0.615), (0.0, 665, 0.63), (0.5, 530, 0.585), (0.5, 600, None)],
)
def test_the_destination_of_a_breach(destination: float, weight: int, to: float | None) -> None:
    held = {"A": (str(weight), "100"), "B": (str(1000 - weight), "100")}
    line = situation([asset("A", 60, destination=destination), asset("B", 40)], held).valuation.lines[0]
    assert line.destination == (None if to is None else pytest.approx(to))


def test_a_fixed_value_has_its_band_around_the_value_and_is_never_clipped() -> None:
    held = {"A": ("480", "100"), "B": ("520", "100")}
    found = situation(
        [fixed("A", "50000", RelativeBand(0.03, 0.03)), fixed("B", "150000", RelativeBand(0.05, 0.05))], held
    ).valuation
    line = found.lines[0]
    assert (line.target, line.lower, line.upper) == pytest.approx((0.5, 0.485, 0.515))
    assert line.state == "below"
    assert found.lines[1].lower == pytest.approx(1.425)


def test_the_drift_of_fixed_values_counts_untargeted_but_not_the_reserve() -> None:
    held = {"A": ("480", "100"), "U": ("20", "100")}
    assets = [fixed("A", "50000", RelativeBand(0.03, 0.03)), asset("U", None, None)]
    found = situation(assets, held, "50000").valuation
    assert found.drift == pytest.approx((2000 + 2000) / 100_000 / 2)


@pytest.mark.parametrize(
    ("cash", "state", "to"),
    [("5000", "inside", None), ("8000", "near_upper", None), ("8100", "above", 0.05), ("1900", "below", 0.05)],
)
def test_cash_with_a_band_is_a_line_like_any_other(cash: str, state: str, to: float | None) -> None:
    held = {"A": (str((100_000 - int(cash)) / 100), "100")}
    rules = Cash(target=0.05, band=AbsoluteBand(0.03, 0.03))
    line = situation([asset("A", 95, AbsoluteBand(0.5, 0.5))], held, cash, cash_rules=rules).valuation.cash
    assert (line.state, line.destination) == (state, to)
    assert (line.lower, line.upper) == pytest.approx((0.02, 0.08))


def test_cash_without_a_band_is_never_outside() -> None:
    line = situation([asset("A", 100)], {"A": ("1", "100")}, "10000").valuation.cash
    assert (line.state, line.lower, line.upper, line.breached) == ("inside", None, None, False)


@pytest.mark.parametrize("cash", ["0", "-500"])
def test_a_book_worth_nothing_has_no_weights(cash: str) -> None:
    found = situation([asset("A", 100)], {"A": ("0", "100")}, cash).valuation
    assert found.value == D(cash)
    assert found.drift is None
    assert found.lines[0].weight is None


def test_without_targets_there_is_no_drift() -> None:
    assert situation([asset("A", None, None)], {"A": ("5", "1")}).valuation.drift is None


def test_lines_stand_in_the_files_order() -> None:
    held = {"B": ("5", "1"), "A": ("5", "1")}
    assert [line.symbol for line in valued(held).lines] == ["B", "A"]


def valued(held: dict[str, tuple[str, str]]) -> Valuation:
    portfolio = Portfolio("p", "p", "USD", (asset("B", 50), asset("A", 50)))
    board = board_of({symbol: price for symbol, (_, price) in held.items()})
    return value_book(portfolio, book_of(held, "0"), board, {s: trust_in(board, s) for s in held})
