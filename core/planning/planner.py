"""From a valued book to proposals: which trades, what they cost, what guards say; exact where money is.

The solver decides the number of steps in floats. Here quantities, amounts and costs are computed in Decimal, the
cash is checked exactly, and every trade passes the guards; what is blocked is taken out and the rest planned again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.book.entries import Side
from core.costs.fees import cost_estimators, trade_costs
from core.market.sessions import exchange_day
from core.money import ZERO, amount
from core.planning import guards as guard_rules
from core.planning.cashier import Cashier, Trade
from core.planning.doubts import doubtful
from core.planning.guards import History
from core.planning.offer import make_proposal
from core.planning.proposal import GuardResult, Proposal, Verdict
from core.planning.reasons import dated, outside, reason, stuck, waiting
from core.planning.solver import Solution, SolverCash, SolverLine, solve
from core.planning.taxes import Kind, sellable
from core.policy.triggers import CASH
from core.policy.valuation import Line, Valuation
from core.portfolio.model import Portfolio
from core.rules import rounding

CURRENCY_ROUNDS: Final = 6  # plans are made again until they know which cash is stuck and what is converted


class Situation(Struct, frozen=True):
    """All that a plan is made from. `due` are the symbols whose breach calls for a trade now.

    `held_back` are snoozed or dismissed symbols with the moment until which, `counts` the number of ledger entries
    of each symbol, and with `everything` all is planned to target although nothing may be outside. Only lots of
    `kind` are sold.
    """

    portfolio: Portfolio
    valuation: Valuation
    due: frozenset[str]
    now: datetime
    counts: Mapping[str, int] = {}
    past: History = History()
    held_back: Mapping[str, datetime | None] = {}
    everything: bool = False
    kind: Kind = "any"


class Plan(Struct, frozen=True):
    """What is proposed, sells first, and what should be said. `stands` is False if prices are too doubtful."""

    proposals: tuple[Proposal, ...] = ()
    warnings: tuple[str, ...] = ()
    stands: bool = True


def plan(situation: Situation) -> Plan:
    """The proposals for the situation; none if its prices do not allow a decision."""
    valuation = situation.valuation
    if valuation.value is None or valuation.value <= 0 or not situation.portfolio.has_targets:
        return Plan((), _value_warnings(situation), valuation.value is not None)
    acting = bool(situation.due) or situation.everything
    doubts = doubtful(situation.valuation, acting=acting, everything=situation.everything)
    if doubts:
        return Plan((), doubts, False)
    return _Planner(situation, valuation.value).run()


def _value_warnings(situation: Situation) -> tuple[str, ...]:
    if situation.valuation.value is not None and not situation.portfolio.has_targets:
        return ("no asset has a target: nothing is proposed",)
    missing = [line for line in situation.valuation.lines if line.value is None and not line.asset.outside]
    return tuple(f"{line.symbol}: {line.trust.reason}; nothing is proposed without its price" for line in missing)


class _Planner:
    """One planning: solves, checks, takes out what may not be traded, and solves again until nothing changes."""

    def __init__(self, situation: Situation, value: Decimal) -> None:
        self.situation = situation
        self.portfolio = situation.portfolio
        self.valuation = situation.valuation
        self.value = value
        self.everything = situation.everything or (self.portfolio.policy.scope == "all" and bool(situation.due))
        self.estimator = cost_estimators(self.portfolio.costs)
        self.out: set[str] = set()
        self.stuck: dict[str, str] = {}  # breached symbols that nothing helps, with the reason
        self.set_aside: list[Proposal] = []
        self.warnings: list[str] = []
        self.lines = {
            line.symbol: line
            for line in sorted(self.valuation.lines, key=lambda line: line.symbol)
            if line.target is not None and line.base_price is not None and line.weight is not None
        }
        self.days = self._days()
        self.solver_lines = {symbol: self._solver_line(line) for symbol, line in self.lines.items()}
        self.cashier = Cashier(self.portfolio, self.valuation, self.lines, value)

    def run(self) -> Plan:
        breached_only = not self.everything
        while True:
            due = {s for s in self.situation.due if s not in self.out and s not in self.stuck}
            if breached_only and not due:
                return self._finished([])
            solution, trades = self._planned(due)
            stuck = self._stuck(due, trades, solution)
            if stuck and breached_only:
                self.stuck |= stuck
                continue
            dropped = self._too_small(trades) or self._bring_nothing(trades) or self._held(trades)
            if dropped:
                self._take_out(dropped)
                continue
            whole = self._plan_guards(trades)
            fees = _fees(trades)
            checked = [self._proposal(trade, fees) for trade in trades]
            blocked = [proposal for proposal in checked if proposal.verdict == "blocked"]
            if blocked:
                self.set_aside += [self._with_guards(proposal, whole) for proposal in blocked]
                self._take_out({proposal.symbol for proposal in blocked})
                continue
            self.stuck |= stuck
            self._say_left(trades, solution)
            self.warnings += waiting(checked, self.portfolio.base_currency)
            return self._finished([self._with_guards(proposal, whole) for proposal in checked])

    def _take_out(self, symbols: set[str]) -> None:
        """Trade these no more; what no money could be found for may find some now."""
        self.out |= symbols
        self.stuck.clear()

    def _solver_line(self, line: Line) -> SolverLine:
        asset, policy = line.asset, self.portfolio.policy
        assert line.base_price is not None
        assert line.target is not None
        price = float(line.base_price)
        money = None if asset.target_value is None else float(asset.target_value)
        wanted, wanted_money = line.destination, None
        if money is not None and wanted is not None:
            wanted_money = wanted * float(self.value)
        at_edge = line.breached and asset.destination == 0.0 and line.lower is not None and line.upper is not None
        return SolverLine(
            symbol=line.symbol,
            value=float(line.value or ZERO),
            price=price,
            step=float(asset.step),
            held_steps=int(self._sellable(line) // asset.step),
            target=line.target,
            can_buy=asset.buy and policy.mode != "sell_only",
            can_sell=asset.sell and policy.mode != "buy_only",
            costs=self.estimator(asset, price, float(line.rate or 1), self.days[line.symbol]),
            wanted=wanted,
            target_value=money,
            wanted_value=wanted_money,
            keep_inside=(line.lower or 0.0, line.upper or 1.0) if at_edge else None,
        )

    def _sellable(self, line: Line) -> Decimal:
        """How much of what is held may be sold."""
        if self.situation.kind == "any" or line.price is None:
            return line.quantity
        lots = sellable(line, line.price, self.portfolio, self._recorded_on(line), self.situation.kind)
        return sum((lot.quantity for lot in lots), ZERO)

    def _days(self) -> dict[str, date]:
        """The date of a trade made now at the exchange of each line; without fees none is needed."""
        now, found = self.situation.now, dict[tuple[bool, str | None, str], date]()
        if not self.portfolio.costs.fees and self.portfolio.tax.regime == "none":
            return dict.fromkeys(self.lines, now.date())
        days = {}
        for symbol, line in self.lines.items():
            asset, timezone = line.asset, line.quote.timezone if line.quote else None
            place = (asset.kind == "crypto", timezone, asset.market)
            if place not in found:
                found[place] = exchange_day(asset, timezone, now)
            days[symbol] = found[place]
        return days

    def _recorded_on(self, line: Line) -> date:
        """The date with which a trade at the line's quote is recorded, by which its gains are taxed."""
        if self.portfolio.tax.regime == "none" or line.quote is None or line.quote.time is None:
            return self.days[line.symbol]
        return exchange_day(line.asset, line.quote.timezone, line.quote.time)

    def _planned(self, due: set[str]) -> tuple[Solution, list[Trade]]:
        """The plan in exact money. With several currencies it is made again until it uses only the cash that can
        pay for what it buys, and expects the conversions that it takes."""
        self.cashier.forget()
        for _ in range(CURRENCY_ROUNDS):
            solution = self._solve(due)
            wished = [self._trade(symbol, steps) for symbol, steps in _sells_first(solution.steps)]
            if not self.cashier.learns(wished):
                break
        trades = self.cashier.payable(wished, self._trade)
        if self.cashier.left(trades):  # cash that the plan as a whole could not use
            wanted = self._still_wanted(due, float(self.value - _fees(trades)))
            trades = self.cashier.filled(trades, wanted, self._trade)
            bought = {trade.line.symbol: trade.steps for trade in trades}
            units = {
                symbol: self.solver_lines[symbol].step * self.solver_lines[symbol].price for symbol, _ in wanted
            }
            short = sum(max(most - bought.get(symbol, 0), 0) * units[symbol] for symbol, most in wanted)
            solution = replace(solution, short=short)
        if not self.everything:
            trades = self.cashier.needed(trades, due, self._stays(due, trades))
        return solution, trades

    def _stays(self, due: set[str], trades: list[Trade]) -> Decimal:
        """The cash that nothing may be bought from while a sale pays for it, in base currency."""
        cash, rules = self.valuation.cash, self.portfolio.cash
        assert cash.value is not None
        after = self.value - _fees(trades)
        kept = min(cash.value, Decimal(repr(rules.target)) * after)
        if CASH in due and cash.state == "below" and cash.destination is not None:
            kept = max(kept, Decimal(repr(cash.destination)) * after)
        return max(kept, Decimal(repr(rules.floor)) * self.value)

    def _still_wanted(self, due: set[str], after: float) -> list[tuple[str, int]]:
        """What is to be bought, the furthest below first, and how many steps at most if all is worth `after`."""
        wanted = []
        for symbol, line in self.solver_lines.items():
            goal = line.target if self.everything else line.wanted
            if goal is None or not line.can_buy or symbol in self.out or not (self.everything or symbol in due):
                continue
            whole = after if line.target_value is None else float(self.value)
            most = rounding.nearest(goal * whole - line.value, line.step * line.price)
            if most > 0:
                wanted.append((line.value / whole - line.target, symbol, most))
        return [(symbol, most) for _, symbol, most in sorted(wanted)]

    def _solve(self, due: set[str]) -> Solution:
        cash = self.valuation.cash
        assert cash.value is not None
        lines = []
        for symbol, line in self.solver_lines.items():
            if symbol in self.out or symbol in self.stuck:
                continue
            wanted = line.wanted is not None and symbol in due
            known = self.cashier.adapted(line, pays_for_others=not wanted and not self.everything)
            lines.append(known if wanted or known.wanted is None else replace(known, wanted=None))
        wanted_cash = cash.destination if CASH in due else None
        return solve(
            lines,
            SolverCash(float(cash.value), self.portfolio.cash.target, self.cashier.floor, wanted_cash),
            float(self.value),
            everything=self.everything,
            levelled=not self.portfolio.fixed_value,
        )

    def _trade(self, symbol: str, steps: int) -> Trade:
        line = self.lines[symbol]
        assert line.price is not None
        assert line.rate is not None
        quantity = abs(steps) * line.asset.step
        side: Side = "buy" if steps > 0 else "sell"
        costs = trade_costs(
            line.asset, self.portfolio.costs, side, self.days[symbol], quantity, line.price, line.rate
        )
        return Trade(line, steps, quantity, quantity * line.price, costs)

    def _stuck(self, due: set[str], trades: list[Trade], solution: Solution) -> dict[str, str]:
        """The breached assets that no trade helps, with the reason: nothing else is traded for their sake."""
        traded = {trade.line.symbol for trade in trades}
        return {
            symbol: f"cash is {self.valuation.cash.state} its band but nothing can be traded for it: left as it is"
            if symbol == CASH
            else stuck(self.lines[symbol], self._may(symbol), short=solution.short > 0)
            for symbol in sorted(due - traded)
            if symbol != CASH or not trades
        }

    def _may(self, symbol: str) -> bool:
        """Whether the trade that would help a breached line is allowed."""
        line = self.solver_lines[symbol]
        return line.can_buy if self.lines[symbol].state == "below" else line.can_sell

    def _too_small(self, trades: list[Trade]) -> set[str]:
        small = [trade for trade in trades if trade.base_value < self.portfolio.policy.min_trade]
        if not small:
            return set()
        smallest = min(small, key=lambda trade: (trade.base_value, trade.line.symbol))
        if smallest.line.breached:
            self.warnings.append(
                f"{smallest.line.symbol}: a trade of {amount(smallest.base_value)} is below min_trade "
                f"{amount(self.portfolio.policy.min_trade)}: left as it is"
            )
        return {smallest.line.symbol}

    def _bring_nothing(self, trades: list[Trade]) -> set[str]:
        """The sales that cost in cash what they bring: without them less is missing, not more."""
        dropped = [trade for trade in trades if trade.steps < 0 and trade.costs.cash >= trade.value]
        self.warnings += [
            f"{trade.line.symbol}: a sale of {amount(trade.base_value)} would cost "
            f"{amount(trade.costs.cash * trade.rate)}: left as it is"
            for trade in dropped
            if trade.line.breached
        ]
        return {trade.line.symbol for trade in dropped}

    def _held(self, trades: list[Trade]) -> set[str]:
        held = [trade for trade in trades if trade.line.symbol in self.situation.held_back]
        for trade in held:
            until = self.situation.held_back[trade.line.symbol]
            shown = self._with_guards(self._proposal(trade, _fees(trades)), self._plan_guards(trades))
            verdict: Verdict = "blocked" if shown.verdict == "blocked" else "snoozed"
            self.set_aside.append(replace(shown, verdict=verdict, snoozed_until=until))
        return {trade.line.symbol for trade in held}

    def _proposal(self, trade: Trade, fees: Decimal) -> Proposal:
        line, portfolio = trade.line, self.portfolio
        checks = guard_rules.trade_guards(
            line, trade.base_value, self.value, portfolio, self.situation.past, self.situation.now
        )
        return make_proposal(
            portfolio,
            line,
            trade.side,
            trade.quantity,
            trade.costs,
            self.value - fees,
            self.situation.counts.get(line.symbol, 0),
            checks,
            dated(reason(line, trade.side, self.valuation, portfolio, everything=self.situation.everything), line),
            self._recorded_on(line),
            kind=self.situation.kind,
        )

    def _plan_guards(self, trades: list[Trade]) -> tuple[GuardResult, ...]:
        total = sum((trade.base_value for trade in trades), ZERO)
        return guard_rules.plan_guards(total, len(trades), self.value, self.portfolio, self.situation.past)

    @staticmethod
    def _with_guards(proposal: Proposal, whole: tuple[GuardResult, ...]) -> Proposal:
        verdict: Verdict = "blocked" if guard_rules.blocks(whole) else proposal.verdict
        return replace(proposal, guards=proposal.guards + whole, verdict=verdict)

    def _say_left(self, trades: list[Trade], solution: Solution) -> None:
        """Says what the plan leaves outside its band, or takes out of it: money was short, or steps are coarse."""
        after = float(self.value - _fees(trades))
        moved = {trade.line.symbol: trade.quantity if trade.steps > 0 else -trade.quantity for trade in trades}
        currency = self.portfolio.base_currency
        for symbol, line in self.lines.items():
            said = symbol in self.stuck or symbol in self.out
            waiting = line.breached and symbol not in self.situation.due
            if said or waiting or not line.target or line.lower is None or line.upper is None:
                continue
            held = float(line.quantity + moved.get(symbol, ZERO)) * float(line.base_price or ZERO)
            scale = float(self.value) / after if line.asset.target_value is not None else 1.0
            lower, upper = line.lower * scale, line.upper * scale
            short = f": {solution.short:,.2f} {currency} short" if solution.short > 0 else ""
            self.warnings += outside(symbol, held / after, lower, upper, short)
        if solution.short > 0 or self.stuck:
            self._say_idle(trades)
        cash = self.valuation.cash
        if cash.lower is not None and cash.upper is not None and (not cash.breached or CASH in self.situation.due):
            left = (cash.value or ZERO) - _fees(trades) + sum((trade.moved for trade in trades), ZERO)
            self.warnings += outside("cash", float(left) / after, cash.lower, cash.upper)

    def _say_idle(self, trades: list[Trade]) -> None:
        """Names the cash that could pay for what was short, were it converted."""
        left = [f"{balance:,.2f} {currency}" for currency, balance in self.cashier.left(trades).items()]
        if left:
            base = self.portfolio.base_currency
            self.warnings.append(f"{' and '.join(left)} pay only for what is traded in them: converted to {base} "
                                 "they could pay for what is short")  # fmt: skip

    def _finished(self, proposals: list[Proposal]) -> Plan:
        self.warnings += self.stuck.values()
        ordered = sorted([*proposals, *self.set_aside], key=lambda p: (p.side == "buy", p.symbol))
        for proposal in ordered:
            self.warnings += [
                f"{proposal.symbol}: {guard.name}: {guard.detail}"
                for guard in proposal.guards
                if guard.verdict == "warn"
            ]
        return Plan(tuple(ordered), tuple(dict.fromkeys(self.warnings)))


def _fees(trades: list[Trade]) -> Decimal:
    """What the trades cost in cash, in base currency."""
    return sum((trade.costs.cash * trade.rate for trade in trades), ZERO)


def _sells_first(steps: Mapping[str, int]) -> list[tuple[str, int]]:
    """By symbol, sells before buys: the order in which a plan is paid."""
    return sorted(steps.items(), key=lambda item: (item[1] > 0, item[0]))
