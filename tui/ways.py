"""The ways back into the bands, side by side, as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.planning.alternatives import Alternative, cheapest
from tui import format as fmt

NAMES: Final = {
    "cash_only": "cash only",
    "loss_lots": "loss lots",
    "long_term_lots": "long-term lots",
    "any_lot": "any lot",
}


def way_lines(ways: Sequence[Alternative]) -> list[tuple[str, ...]]:
    """For each way: its name, the drift that it leaves, cost, tax, trades, and what stays outside; none if all make
    the same trades."""
    made = {tuple((trade.side, trade.symbol, trade.quantity) for trade in way.trades) for way in ways}
    if len(made) < 2:
        return []
    best = cheapest(tuple(ways))
    lines: list[tuple[str, ...]] = []
    for way in ways:
        outside = f"{', '.join(way.outside)} out" if way.outside else "all in"
        tax = fmt.money(way.tax) if way.tax is not None else "-"
        count = "1 trade" if len(way.trades) == 1 else f"{len(way.trades)} trades"
        rest = f"{outside}{', cheapest' if way is best else ''}"
        lines.append((NAMES[way.name], fmt.percent(way.drift), fmt.money(way.cost), tax, count, rest))
    return lines
