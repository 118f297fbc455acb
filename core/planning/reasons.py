"""Why a trade is proposed, and what a plan leaves or would better wait for: in one line each, with its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.book.entries import Side
from core.money import amount, plain
from core.planning.guards import TOLERANCE
from core.planning.proposal import Proposal
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


def dated(why: str, line: Line) -> str:
    """The reason, with what has to be said of the price: that it is the last close, or was typed."""
    note = line.trust.note
    return why if note is None else f"{why}, {note}"


def stuck(line: Line, allowed: bool, *, short: bool) -> str:
    """Why a breached line is not traded; `short`: money was missing."""
    named = f"{line.symbol} is {line.state} its band but"
    if not allowed:
        return f"{named} may not be {'bought' if line.state == 'below' else 'sold'}: left as it is"
    if line.state == "below" and short:
        return f"{line.symbol} is below its band and no cash can be found for it: left as it is"
    return f"{named} no step of {plain(line.asset.step)} brings it closer: left as it is"


def outside(name: str, weight: float, lower: float, upper: float, short: str = "") -> Iterator[str]:
    """That something ends outside its band, if it does; `short` says what was missing for it."""
    if weight < lower - TOLERANCE:
        yield f"{name} stays at {percent(weight)}, below {percent(lower)}{short}"
    elif weight > upper + TOLERANCE:
        yield f"{name} stays at {percent(weight)}, above {percent(upper)}"


def waiting(proposals: Iterable[Proposal], currency: str) -> Iterator[str]:
    """Which sales would be taxed less if they waited."""
    for proposal in proposals:
        for one in proposal.tax.waiting[:1]:
            days = "1 day" if one.days == 1 else f"{one.days} days"
            yield (
                f"{proposal.symbol}: {days} until its gain is long-term: waiting until {one.day} saves "
                f"{amount(one.saves)} {currency} of tax"
            )


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
