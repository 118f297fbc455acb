"""The ways back into the bands, side by side: with cash only, by selling losses, long-term lots, or any lot."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from core.money import ZERO
from core.planning.planner import Plan, Situation, plan
from core.planning.proposal import Proposal
from core.planning.taxes import Kind
from core.policy.valuation import after_trades

Name = Literal["cash_only", "loss_lots", "long_term_lots", "any_lot"]
_KINDS: Final[tuple[tuple[Name, Kind], ...]] = (
    ("cash_only", "any"),
    ("loss_lots", "loss"),
    ("long_term_lots", "long"),
    ("any_lot", "any"),
)


class Alternative(Struct, frozen=True):
    """One way back. `drift` is the portfolio's after it, `outside` the symbols that it leaves outside their bands.

    `cost` is what it costs without tax, `tax` the estimate (None where it is not computed), both in base currency.
    """

    name: Name
    trades: tuple[Proposal, ...]
    drift: float | None
    outside: tuple[str, ...]
    cost: Decimal
    tax: Decimal | None

    @property
    def total(self) -> Decimal:
        """Cost and tax."""
        return self.cost + (self.tax or ZERO)


def alternatives(situation: Situation, made: Plan) -> tuple[Alternative, ...]:
    """The ways back that the situation has, `made` being the plan with any lot; none if nothing is outside.

    Losses and long-term lots are ways only where gains are taxed by lots and by term.
    """
    if not situation.due or not made.stands or situation.valuation.value is None:
        return ()
    portfolio = situation.portfolio
    found = []
    for name, kind in _KINDS:
        if kind != "any" and portfolio.tax.regime != "us":
            continue
        planned = made
        if name != "any_lot":
            mode = "buy_only" if name == "cash_only" else portfolio.policy.mode
            policy = replace(portfolio.policy, mode=mode)
            planned = plan(replace(situation, portfolio=replace(portfolio, policy=policy), kind=kind))
        found.append(_weighed(name, situation, planned))
    return tuple(found)


def cheapest(ways: tuple[Alternative, ...]) -> Alternative | None:
    """The one that costs least, tax included, of those that leave the fewest assets outside."""
    return min(ways, key=lambda way: (len(way.outside), way.total, len(way.trades)), default=None)


def _weighed(name: Name, situation: Situation, planned: Plan) -> Alternative:
    trades = tuple(p for p in planned.proposals if p.verdict == "propose")
    moved = {p.symbol: p.quantity if p.side == "buy" else -p.quantity for p in trades}
    cash = sum((-p.base_value if p.side == "buy" else p.base_value for p in trades), ZERO)
    cash -= sum((p.costs.cash * p.rate for p in trades), ZERO)
    after = after_trades(situation.valuation, situation.portfolio, moved, cash)
    sales = [p.tax.estimated for p in trades if p.side == "sell"]
    taxed = situation.portfolio.tax.regime != "none"
    known = [tax for tax in sales if tax is not None]
    return Alternative(
        name=name,
        trades=trades,
        drift=after.drift,
        outside=tuple(line.symbol for line in after.lines if line.breached),
        cost=sum((p.costs.total * p.rate for p in trades), ZERO),
        tax=sum(known, ZERO) if taxed and len(known) == len(sales) else None,
    )
