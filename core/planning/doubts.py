"""Whether a plan stands although some prices are not trusted: only if they could not turn a decision."""

from __future__ import annotations

from core.money import ZERO
from core.policy.valuation import Line, Valuation
from core.rules.bands import TOLERANCE


def doubtful(valuation: Valuation, *, acting: bool, everything: bool) -> tuple[str, ...]:
    """Why the untrusted prices leave no plan standing: which decisions they could turn; empty if none.

    A symbol of weight w whose price may be off by p moves every weight, its own too, by at most w p; so does a
    balance by its rate. `acting` says that a trade is called for, `everything` that all goes to target.
    """
    lines = valuation.lines
    reach = _reach_of_cash(valuation) + sum(
        (line.weight or 0.0) * line.trust.error
        for line in lines
        if line.quantity and not line.trust.trusted and not line.asset.outside
    )
    turned = []
    for line in lines:
        if line.asset.outside or line.target is None or line.weight is None:
            continue
        if line.state == "unpriced":
            empty_is_outside = line.lower is not None and line.lower > TOLERANCE
            if line.target > 0 and (acting or empty_is_outside):
                turned.append(f"nothing is proposed: {line.symbol} has {line.trust.reason}")
            continue
        if reach and _could_turn(line, reach):
            turned.append(f"nothing is proposed: {line.symbol} could stand elsewhere than it seems ({reach:.2%})")
    cash = valuation.cash
    if reach and any(
        edge is not None and abs((cash.weight or 0.0) - edge) <= reach for edge in (cash.lower, cash.upper)
    ):
        turned.append(f"nothing is proposed: cash could stand elsewhere than it seems ({reach:.2%})")
    if reach and everything and not turned:
        turned.append("nothing is proposed: a price is not trusted, and every trade would depend on it")
    return tuple(turned)


def _reach_of_cash(valuation: Valuation) -> float:
    """By how much balances at doubtful rates could move weights."""
    doubtful_rates = [rate for rate in valuation.rates.values() if not rate.trust.trusted]
    if not doubtful_rates or not valuation.value:
        return 0.0
    worth = valuation.cash.worth
    return sum(
        abs(float(worth.get(rate.currency, ZERO) / valuation.value)) * rate.trust.error for rate in doubtful_rates
    )


def _could_turn(line: Line, by: float) -> bool:
    """Whether moving its weight by at most `by` takes the line across an edge of its band."""
    assert line.weight is not None
    edges = (line.lower, line.upper)
    return line.target != 0.0 and any(edge is not None and abs(line.weight - edge) <= by for edge in edges)
