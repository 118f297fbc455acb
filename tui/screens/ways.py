"""The ways back into the bands as rows of a review."""

from __future__ import annotations

from collections.abc import Sequence

from core.planning.alternatives import Alternative
from tui.ways import way_lines
from tui.widgets.lines import Row, Span, left, right


def way_rows(ways: Sequence[Alternative], room: int) -> list[Row]:
    """The ways as a small table."""
    lines = way_lines(ways)
    if not lines:
        return []
    head = f"{'':<14} {'DRIFT':>7} {'COST':>8} {'TAX':>10}"
    rows: list[Row] = [(), (Span(f" {'ways back':<10}", "dim"), Span(head, "title"))]
    for name, drift, cost, tax, _, rest in lines:
        figures = f"{name:<14} {right(drift, 7)} {right(cost, 8)} {right(tax, 10)}  "
        more = left(rest, max(room - 11 - len(figures), 8)).rstrip()
        rows.append((Span(" " * 11), Span(figures), Span(more, "dim")))
    return [*rows, ()]
