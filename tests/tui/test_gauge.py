from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.widgets.gauge import WIDTH, gauge


def drawn(weight: float | None, lower: float, upper: float, target: float, outside: bool = False) -> str:
    return "".join(span.text for span in gauge(weight, target, lower, upper, outside, "over"))


@pytest.mark.parametrize(
    ("weight", "outside", "text"),
    [
        (0.60, False, "····[──●──]····"),
        (0.57, False, "····[●─┼──]····"),
        (0.63, False, "····[──┼─●]····"),
        (0.6301, True, "····[──┼──]●···"),
        (0.665, True, "····[──┼──]··●·"),
        (0.5699, True, "···●[──┼──]····"),
        (0.90, True, "····[──┼──]···▶"),
        (0.10, True, "◀···[──┼──]····"),
        (None, False, "····[──┼──]····"),
    ],
)
def test_gauge_of_a_zone_from_57_to_63(weight: float | None, outside: bool, text: str) -> None:
    assert drawn(weight, 0.57, 0.63, 0.60, outside) == text


def test_the_target_stands_where_it_is_in_a_lopsided_zone() -> None:
    assert drawn(None, 0.20, 0.30, 0.21) == "····[┼────]····"


def test_a_zone_without_width_is_the_target_alone() -> None:
    assert drawn(0.0, 0.0, 0.0, 0.0) == "····[──●──]····"
    assert drawn(0.1, 0.0, 0.0, 0.0, outside=True) == "····[──┼──]···▶"


def test_no_zone_no_gauge() -> None:
    assert "".join(span.text for span in gauge(0.1, None, None, None, False, "dim")) == " " * WIDTH


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_inside_is_drawn_inside_and_outside_outside(weight: float, one: float, other: float) -> None:
    lower, upper = sorted((one, other))
    outside = weight < lower or weight > upper
    text = drawn(weight, lower, upper, (lower + upper) / 2, outside)
    assert len(text) == WIDTH
    place = next(i for i, c in enumerate(text) if c in "●◀▶")
    assert (4 < place < 10) is not outside
    if outside:
        assert (place > 10) is (weight > upper)
