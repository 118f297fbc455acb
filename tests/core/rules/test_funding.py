"""Who pays and who takes, in weights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.funding import level

heights = st.floats(-1, 1, allow_subnormal=False)
rooms = st.floats(0, 1, allow_subnormal=False)


def test_the_highest_gives_first() -> None:
    assert level([0.05, 0.02], [1, 1], 0.02) == pytest.approx([0.02, 0.0])


def test_then_all_give_down_to_one_level() -> None:
    assert level([0.05, 0.02, -0.01], [1, 1, 1], 0.05) == pytest.approx([0.04, 0.01, 0.0])


def test_nobody_gives_more_than_it_has() -> None:
    assert level([0.05, 0.02], [0.01, 1], 0.03) == pytest.approx([0.01, 0.02])
    assert level([0.05, 0.02], [0.01, 0.02], 1.0) == [0.01, 0.02]


def test_nothing_asked_nothing_given() -> None:
    assert level([0.05], [1], 0.0) == [0.0]
    assert level([], [], 0.5) == []


@given(st.lists(st.tuples(heights, rooms), min_size=1, max_size=8), st.floats(0, 3, allow_subnormal=False))
def test_it_adds_up_and_ends_on_one_level(lines: list[tuple[float, float]], amount: float) -> None:
    tops, capacities = [h for h, _ in lines], [c for _, c in lines]
    given_ = level(tops, capacities, amount)
    assert sum(given_) == pytest.approx(min(amount, sum(capacities)), abs=1e-9)
    assert all(0 <= g <= c for g, c in zip(given_, capacities, strict=True))
    partly = [h - g for h, g, c in zip(tops, given_, capacities, strict=True) if 1e-9 < g < c - 1e-9]
    assert not partly or max(partly) - min(partly) < 1e-9
    surface = max(partly, default=None)
    for h, g, c in zip(tops, given_, capacities, strict=True):
        if surface is not None and g <= 1e-9 < c:
            assert h <= surface + 1e-8
