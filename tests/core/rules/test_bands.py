"""Bands: edges, states, destinations, and the price move that reaches an edge."""

from __future__ import annotations

import math

import pytest

from core.rules import bands


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        (bands.absolute_edges(0.60, 0.03, 0.03), (0.57, 0.63)),
        (bands.absolute_edges(0.60, 0.02, 0.05), (0.58, 0.65)),
        (bands.relative_edges(0.60, 0.10, 0.10), (0.54, 0.66)),
        (bands.relative_edges(0.60, 0.05, 0.20), (0.57, 0.72)),
        # 5/25 is the lesser of 5 points and a quarter of the target; they cross at 20 % (reference 2.6).
        (bands.tighter_edges(0.60, 0.05, 0.25), (0.55, 0.65)),
        (bands.tighter_edges(0.20, 0.05, 0.25), (0.15, 0.25)),
        (bands.tighter_edges(0.10, 0.05, 0.25), (0.075, 0.125)),
        (bands.tighter_edges(0.05, 0.05, 0.25), (0.0375, 0.0625)),
        (bands.tighter_edges(0.02, 0.05, 0.25), (0.015, 0.025)),
        (bands.looser_edges(0.03, 0.01, 0.20), (0.02, 0.04)),
        (bands.looser_edges(0.60, 0.01, 0.20), (0.48, 0.72)),
        (bands.absolute_edges(0.02, 0.05, 0.05), (0.0, 0.07)),
        (bands.absolute_edges(0.98, 0.05, 0.05), (0.93, 1.0)),
        (bands.relative_edges(0.60, 1.5, 1.5), (0.0, 1.0)),
    ],
)
def test_edges(edges: tuple[float, float], expected: tuple[float, float]) -> None:
    assert edges == pytest.approx(expected)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (0.60, bands.INSIDE),
        (0.6224, bands.INSIDE),
        (0.6225, bands.NEAR_UPPER),
        (0.63, bands.NEAR_UPPER),
        (0.63 + 1e-9, bands.NEAR_UPPER),
        (0.63 + 2e-9, bands.ABOVE),
        (0.5776, bands.INSIDE),
        (0.5775, bands.NEAR_LOWER),
        (0.57, bands.NEAR_LOWER),
        (0.57 - 1e-9, bands.NEAR_LOWER),
        (0.57 - 2e-9, bands.BELOW),
        (0.0, bands.BELOW),
        (1.2, bands.ABOVE),
    ],
)
def test_a_weight_on_an_edge_is_inside_and_near_begins_at_three_quarters_of_the_way(
    weight: float, expected: int
) -> None:
    assert bands.state(weight, 0.60, 0.57, 0.63, 0.75) == expected


def test_near_is_measured_on_its_own_side() -> None:
    assert bands.state(0.64, 0.60, 0.58, 0.70, 0.75) == bands.INSIDE
    assert bands.state(0.584, 0.60, 0.58, 0.70, 0.75) == bands.NEAR_LOWER


def test_at_the_target_it_is_inside_however_wide_near_is() -> None:
    assert bands.state(0.60, 0.60, 0.57, 0.63, 0.0) == bands.INSIDE
    assert bands.state(0.601, 0.60, 0.57, 0.63, 0.0) == bands.NEAR_UPPER


def test_a_target_on_its_own_edge_is_inside() -> None:
    assert bands.state(0.22, 0.22, 0.22, 0.30, 0.75) == bands.INSIDE
    assert bands.state(0.21, 0.22, 0.22, 0.30, 0.75) == bands.BELOW


@pytest.mark.parametrize(("back", "upper", "lower"), [(1.0, 0.60, 0.60), (0.5, 0.615, 0.585), (0.0, 0.63, 0.57)])
def test_destination_lies_between_edge_and_target(back: float, upper: float, lower: float) -> None:
    assert bands.destination(0.60, 0.63, back) == pytest.approx(upper)
    assert bands.destination(0.60, 0.57, back) == pytest.approx(lower)


@pytest.mark.parametrize(
    ("edge", "move"),
    [
        (0.63, 0.13514),
        (0.57, -0.11628),
        (0.65, 0.23810),
        (0.55, -0.18519),
        (0.66, 0.29412),
        (0.54, -0.21739),
        (0.665, 0.32338),
        (0.53, -0.24823),
    ],
)
def test_the_price_move_from_60_percent_to_an_edge(edge: float, move: float) -> None:
    """Vectors: reference/rebalancing.md section 1."""
    assert bands.price_move(0.60, edge) == pytest.approx(move, abs=5e-6)


def test_no_price_move_reaches_an_edge_of_100_percent_or_moves_nothing_held() -> None:
    assert bands.price_move(0.60, 1.0) == math.inf
    assert bands.price_move(0.0, 0.03) == math.inf
    assert bands.price_move(0.60, 0.0) == -1.0
