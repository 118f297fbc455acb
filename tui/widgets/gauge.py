"""The band gauge: where a weight stands in its zone, drawn to the zone's own scale.

    ····[──┼─●]····     inside, close to the upper edge
    ····[──┼──]·●··     above: two fifths of the zone's width beyond its upper edge
    ····[──┼──]···▶     farther out than the gauge reaches

One rule for every row: five cells are the zone, so one cell is a fifth of its width; what is inside is always drawn
between the brackets and what is outside always beyond them.
"""

from __future__ import annotations

from typing import Final

from tui.widgets.glyphs import INSIDE
from tui.widgets.lines import Span

_ZONE: Final = 5
_BEYOND: Final = 4
WIDTH: Final = _ZONE + 2 * (_BEYOND + 1)
_EMPTY: Final = "····[─────]····"
_FAR_LEFT, _FAR_RIGHT, _TARGET = "◀", "▶", "┼"


def gauge(
    weight: float | None, target: float | None, lower: float | None, upper: float | None, outside: bool, style: str
) -> tuple[Span, ...]:
    """The gauge in three spans, the middle one being the marker in `style`; blank without a zone."""
    if lower is None or upper is None or target is None:
        return (Span(" " * WIDTH),)
    cells = list(_EMPTY)
    cells[_cell(target, lower, upper, outside=False)] = _TARGET
    if weight is None:
        return (Span("".join(cells), "faint"),)
    at = _cell(weight, lower, upper, outside)
    marker = INSIDE
    if not 0 <= at < WIDTH:
        marker = _FAR_LEFT if at < 0 else _FAR_RIGHT
        at = 0 if at < 0 else WIDTH - 1
    line = "".join(cells)
    return Span(line[:at], "faint"), Span(marker, style), Span(line[at + 1 :], "faint")


def _cell(weight: float, lower: float, upper: float, outside: bool) -> int:
    """The cell of `weight`; below 0 or from WIDTH on if it is farther out than the gauge reaches."""
    first = _BEYOND + 1
    if upper <= lower:  # a zone without width: its one weight is the middle, any other is far out
        return first + _ZONE // 2 if not outside else (WIDTH if weight > upper else -1)
    place = (weight - lower) / (upper - lower) * _ZONE
    if outside and weight > upper:
        return first + _ZONE + 1 + int(min(place - _ZONE, WIDTH))
    if outside:
        return first - 2 - int(min(-place, WIDTH))
    return first + min(max(int(place + 1e-9), 0), _ZONE - 1)
