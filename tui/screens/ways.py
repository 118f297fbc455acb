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
    head = f"{'':<14} {'DRIFT':>8} {'COST':>9} {'TAX':>11}"
    rows: list[Row] = [(), (Span(f" {'ways back':<10}", "dim"), Span(head, "title"))]
    for name, drift, cost, tax, count, rest in lines:
        figures = f"{name:<14} {right(drift, 8)} {right(cost, 9)} {right(tax, 11)}  "
        more = left(f"{count}, {rest}", max(room - 12 - len(figures), 8)).rstrip()
        rows.append((Span(" " * 11), Span(figures), Span(more, "dim")))
    return [*rows, ()]
