"""Whole steps: the nearest, the inside one, and the best that a budget allows, against brute force."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import rounding

ENOUGH = 100_000


@pytest.mark.parametrize(
    ("change", "steps"),
    [(0.034, 3), (0.035, 3), (0.0351, 4), (-0.034, -3), (-0.035, -3), (-0.0351, -4), (0.005, 0), (0.0, 0)],
)
def test_the_nearest_step_and_on_a_tie_the_smaller_trade(change: float, steps: int) -> None:
    assert rounding.nearest(change, 0.01) == steps


def test_towards_the_inside_where_a_step_fits() -> None:
    assert rounding.towards_inside(-3, 0.665, 0.01, 0.57, 0.63) == -4
    assert rounding.towards_inside(3, 0.536, 0.01, 0.57, 0.63) == 4
    assert rounding.towards_inside(-4, 0.665, 0.01, 0.57, 0.63) == -4
    assert rounding.towards_inside(-1, 0.665, 0.06, 0.599, 0.601) == -1


Lines = list[list[tuple[int, int]]]
choices = st.lists(
    st.lists(st.tuples(st.integers(0, 20), st.integers(-10, 20)), min_size=1, max_size=4, unique_by=lambda o: o[1]),
    min_size=1,
    max_size=4,
)


@given(choices, st.integers(-20, 40))
def test_the_cheapest_is_what_brute_force_finds(lines: Lines, budget: int) -> None:
    ordered = [sorted(line, key=lambda option: option[1]) for line in lines]
    errors = [[float(e) for e, _ in line] for line in ordered]
    spends = [[float(s) for _, s in line] for line in ordered]
    best = min(
        (sum(e for e, _ in picked) for picked in product(*ordered) if sum(s for _, s in picked) <= budget),
        default=None,
    )
    found = rounding.cheapest(errors, spends, budget, ENOUGH)
    greedy = rounding.hull(errors, spends, budget)
    assert (found is None) == (best is None)
    assert (greedy is None) == (best is None)
    if found is not None and greedy is not None:
        assert sum(errors[i][found[i]] for i in range(len(lines))) == best
        assert sum(spends[i][found[i]] for i in range(len(lines))) <= budget
        assert sum(spends[i][greedy[i]] for i in range(len(lines))) <= budget


def test_the_search_ends_when_its_nodes_are_used_up() -> None:
    """25 like lines once took seconds: without the limit there are 4^25 ways to be equally good."""
    errors, spends = [[3.0, 2.0, 1.0, 0.0]] * 25, [[0.0, 1.0, 2.0, 3.0]] * 25
    found = rounding.cheapest(errors, spends, 37.0, 1000)
    assert found is not None
    assert sum(spends[i][found[i]] for i in range(25)) <= 37


def test_on_a_tie_the_first_line_keeps_its_best() -> None:
    assert rounding.cheapest([[1.0, 0.0]] * 2, [[0.0, 1.0]] * 2, 1.0, ENOUGH) == [1, 0]


def test_options_are_all_between_if_few_and_never_outside() -> None:
    assert rounding.options(3, 4, 0, 2, 7) == [0, 1, 2, 3, 4]
    many = rounding.options(500, 1000, 0, 50, 10)
    assert {0, 498, 499, 500, 501, 502, 1000} <= set(many)
    assert len(many) < 25
    assert many == sorted(many)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.floats(0.001, 0.1), st.floats(-0.05, 0.05)), min_size=1, max_size=8),
    st.floats(0, 0.5),
)
def test_trimming_saves_what_it_should_if_it_can(lines: list[tuple[int, float, float]], over: float) -> None:
    steps, units, gaps = ([line[i] for line in lines] for i in range(3))
    trimmed = rounding.trim([int(k) for k in steps], [0] * len(lines), units, gaps, over)
    saved = sum((k - t) * u for k, t, u in zip(steps, trimmed, units, strict=True))
    assert all(0 <= t <= k for t, k in zip(trimmed, steps, strict=True))
    assert saved >= min(over, sum(k * u for k, u in zip(steps, units, strict=True))) - 1e-9
