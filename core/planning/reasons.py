"""Why a trade is proposed, in one line with its numbers."""

from __future__ import annotations

from core.book.entries import Side
from core.policy.valuation import Line, Valuation
from core.portfolio.model import Portfolio


def reason(line: Line, side: Side, valuation: Valuation, portfolio: Portfolio, *, everything: bool) -> str:
    """What the line's own breach says, or else what the trade does for the others."""
    if line.target == 0.0 and side == "sell":
        return "its target is 0: sold out"
    if line.state == "above" and side == "sell":
        return f"{_stands(line, valuation, portfolio)} is above {_edge(line, line.upper, portfolio)}"
    if line.state == "below" and side == "buy":
        return f"{_stands(line, valuation, portfolio)} is below {_edge(line, line.lower, portfolio)}"
    drift = f"{(line.drift or 0.0) * 100:+.2f} points from its target"
    if everything:
        return f"to its target on request: {drift}"
    if portfolio.policy.scope == "all":
        return f"the whole portfolio goes to target: {drift}"
    if side == "sell":
        return f"pays for what is missing: {drift}"
    return f"takes what is left over: {drift}"


def percent(weight: float | None) -> str:
    """A weight as `66.50 %`."""
    return "?" if weight is None else f"{weight * 100:.2f} %"


def _stands(line: Line, valuation: Valuation, portfolio: Portfolio) -> str:
    if line.asset.target_value is not None and line.value is not None:
        return f"{line.value:,.2f} {portfolio.base_currency}"
    return percent(line.weight)


def _edge(line: Line, edge: float | None, portfolio: Portfolio) -> str:
    if line.asset.target_value is not None and edge is not None and line.target:
        return f"{float(line.asset.target_value) * edge / line.target:,.2f}"
    return percent(edge)
