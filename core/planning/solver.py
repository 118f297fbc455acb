"""Finds the trades: how many steps of each asset to buy or sell, decided in floats.

Nothing here is money: the planner recomputes every amount exactly, and its exact cash check decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from core.rules import funding, rounding

EXACT_LINES: Final = 12  # up to so many traded lines the search under short cash is exact
NODES: Final = 1000  # that it may look at
OPTIONS: Final = 7  # numbers of steps of each line that it chooses from
FINEST_OPTIONS: Final = 24  # of the line with the smallest step, which takes what the others leave
LEVELLING: Final = 0.1  # what a distance from a line's share of short money counts against one from its goal
OUTSIDE: Final = 10.0  # and what a distance from a band counts that rounding must not leave
SMALLER: Final = 1e-9  # and what the size of a trade counts: it only breaks ties
FEE_ROUNDS: Final = 12  # fees change the value that weights are of, which changes the trades, which changes fees
STEP_ROUNDS: Final = 3
ROUGHLY: Final = 1e-7  # of the value: costs that change by less are near enough for the first loop
SETTLED: Final = 1e-10  # and for the second
BUDGET_NOISE: Final = 1e-12  # of the value: rounding noise of the sums; the planner's exact check has the last word


class SolverLine(Struct, frozen=True):
    """A line that may be traded. Money in base currency; weights and targets as fractions of the portfolio.

    `wanted` is the weight it is to be traded to, or None if it only takes part in the levelling; in a
    fixed-value portfolio `target_value` and `wanted_value` say the same in money.
    """

    symbol: str
    value: float
    price: float
    step: float
    held_steps: int
    target: float
    can_buy: bool
    can_sell: bool
    costs: Callable[[float], tuple[float, float]]  # quantity (negative: sold) -> (cash, expected)
    wanted: float | None = None
    target_value: float | None = None
    wanted_value: float | None = None
    keep_inside: tuple[float, float] | None = None  # band edges that rounding must respect, of the value before
    fx: float = 0.0  # what converting for a buy costs, as a fraction of its value


class SolverCash(Struct, frozen=True):
    """The cash line: its value in base currency, its weights; `wanted` if it is itself to be traded."""

    value: float
    target: float
    floor: float  # of the value before the plan
    wanted: float | None = None


class Solution(Struct, frozen=True):
    """Steps to trade by symbol (negative: sell; no zeros), and the money that was short for wanted buys."""

    steps: dict[str, int]
    short: float


def solve(
    lines: Sequence[SolverLine], cash: SolverCash, value: float, *, everything: bool, levelled: bool
) -> Solution:
    """The whole plan. `lines` must stand in the order of their symbols: ties then do not depend on the file.

    With `everything` all lines go to their targets; else those with a `wanted` weight, and what funds them. Fees
    change the value that weights are of, so both loops run until fees and trades agree: first with any fraction
    of a step, then with whole ones.
    """
    problem = _Problem(lines, cash, value, everything, levelled)
    fees = kept_free = 0.0
    for _ in range(FEE_ROUNDS):
        old = fees + kept_free
        fees, kept_free = problem.costs_of(problem.fund(fees, kept_free))
        if fees >= value:
            fees = kept_free = 0.0
            break
        if abs(fees + kept_free - old) <= ROUGHLY * value:
            break
    for _ in range(STEP_ROUNDS):
        funded = problem.fund(fees, kept_free)
        chosen = problem.whole_steps(funded)
        short = max(funded.short * funded.after - kept_free, 0.0)
        old = fees + kept_free
        spent = [trade.costs(steps) for trade, steps in chosen]
        fees, kept_free = sum(cost[0] for cost in spent), sum(cost[1] for cost in spent)
        if fees >= value or abs(fees + kept_free - old) <= SETTLED * value:
            break
    return Solution({trade.line.symbol: steps for trade, steps in chosen}, short)


class _Funded(NamedTuple):
    """Where every line is to end, in weights of the value `after` fees; `bottom` is the cash that has to stay."""

    after: float
    kept_free: float
    weights: list[float]
    targets: list[float]
    wanted: list[float]
    ends: list[float]
    short: float
    bottom: float
    floor: float


class _Trade(NamedTuple):
    """One line to be traded, in steps of `unit` weight: `best` ends at its `goal`, `middle` at what it gets."""

    line: SolverLine
    weight: float
    target: float
    unit: float
    goal: float
    end: float
    best: int
    middle: int
    most: int  # steps that it may be sold if cash is short
    funds: bool  # it is only traded for others' sake
    edges: tuple[float, float]  # that it should end between
    known: dict[int, tuple[float, float]]  # costs by number of steps

    def costs(self, steps: int) -> tuple[float, float]:
        """The fees and the expected costs of so many steps."""
        found = self.known.get(steps)
        if found is None:
            fees, expected = self.line.costs(steps * self.line.step)
            if self.line.fx and steps > 0:
                fees += self.line.fx * steps * self.line.step * self.line.price
            found = self.known[steps] = (fees, expected)
        return found

    def spend(self, steps: int, after: float) -> float:
        """What it takes from the cash, as a weight, with all its costs; negative for a sale."""
        fees, expected = self.costs(steps)
        return steps * self.unit + (fees + expected) / after


class _Problem:
    """One plan to be found: what does not change from round to round."""

    def __init__(
        self, lines: Sequence[SolverLine], cash: SolverCash, value: float, everything: bool, levelled: bool
    ) -> None:
        self.lines, self.cash, self.value = lines, cash, value
        self.everything, self.levelled = everything, levelled
        self.can_buy = [line.can_buy for line in lines]
        self.may_sell = [line.can_sell and (everything or not _below(line, value)) for line in lines]
        self.raises = cash.wanted is not None and cash.wanted * value > cash.value
        self.known: list[dict[int, tuple[float, float]]] = [{} for _ in lines]

    def fund(self, fees: float, kept_free: float) -> _Funded:
        """Where the lines are to end if the plan's costs are these."""
        after = self.value - fees
        weights = [line.value / after for line in self.lines]
        targets = [_weight(line.target, line.target_value, after) for line in self.lines]
        least = [
            weights[i] - line.held_steps * line.step * line.price / after if self.may_sell[i] else weights[i]
            for i, line in enumerate(self.lines)
        ]
        wanted = self._wanted(weights, targets, least, after)
        cash, floor = self.cash.value / after, self.cash.floor * self.value / after
        if self.everything and self.levelled:
            ends, short, bottom = funding.fund_all(
                weights, targets, wanted, cash, floor, fees / after, kept_free / after
            )
        else:
            ends, short, bottom = funding.fund(
                weights,
                targets,
                wanted,
                least,
                self.can_buy,
                self.levelled,
                cash,
                cash if self.cash.wanted is None else self.cash.wanted,
                self.cash.target if self.levelled else 0.0,
                floor,
                fees / after,
                kept_free / after,
            )
        return _Funded(after, kept_free / after, weights, targets, wanted, ends, short, bottom, floor)

    def costs_of(self, funded: _Funded) -> tuple[float, float]:
        """The fees and the expected costs of these trades, if they need not be whole steps."""
        fees = expected = 0.0
        for i, line in enumerate(self.lines):
            quantity = (funded.ends[i] - funded.weights[i]) * funded.after / line.price
            if abs(quantity) > line.step / 2:
                more_fees, more_expected = line.costs(quantity)
                if line.fx and quantity > 0:
                    more_fees += line.fx * quantity * line.price
                fees += more_fees
                expected += more_expected
        return fees, expected

    def whole_steps(self, funded: _Funded) -> list[tuple[_Trade, int]]:
        """The trades with their steps: those nearest to their goals, or what the cash allows."""
        trades = [trade for i in range(len(self.lines)) if (trade := self._trade(funded, i)) is not None]
        chosen = [trade.best for trade in trades]
        bottom = funded.bottom - funded.kept_free
        if any(steps > 0 for steps in chosen):
            stays = bottom if funded.short > funding.DUST else funded.floor
            budget = self.cash.value / funded.after - stays + BUDGET_NOISE
            spend = sum(trade.spend(trade.best, funded.after) for trade in trades)
            if spend > budget:
                chosen = _affordable(trades, funded.after, budget)
                if not any(steps > 0 for steps in chosen):
                    chosen = [0 if trade.funds and not self.raises else min(trade.best, 0) for trade in trades]
        spend = sum(trade.spend(steps, funded.after) for trade, steps in zip(trades, chosen, strict=True))
        _give_back(trades, chosen, self.cash.value / funded.after - bottom - spend)
        return [(trade, steps) for trade, steps in zip(trades, chosen, strict=True) if steps]

    def _wanted(self, weights: list[float], targets: list[float], least: list[float], after: float) -> list[float]:
        wanted = list(weights)
        for i, line in enumerate(self.lines):
            if self.everything:
                goal = targets[i]
            elif line.wanted is None:
                continue
            else:
                goal = _weight(line.wanted, line.wanted_value, after)
                if line.keep_inside is not None:
                    goal = _inside(line, weights[i], goal, self.value, after)
            if goal > weights[i] and self.can_buy[i]:
                wanted[i] = goal
            elif goal < weights[i]:
                wanted[i] = max(goal, least[i])
        return wanted

    def _trade(self, funded: _Funded, i: int) -> _Trade | None:
        line, weight, end = self.lines[i], funded.weights[i], funded.ends[i]
        goal = max(end, funded.wanted[i]) if funded.wanted[i] > weight else end
        if abs(goal - weight) <= funding.DUST:
            return None
        unit = line.step * line.price / funded.after
        funds = line.wanted is None and not self.everything
        whole = line.target == 0.0 and not funds
        best = -line.held_steps if whole else max(rounding.nearest(goal - weight, unit), -line.held_steps)
        middle = best if end == goal else min(rounding.nearest(end - weight, unit), best)
        if best == 0 and goal > weight:
            return None
        most = -best
        if best <= 0 and not whole:
            most = max(most, min(self._room(weight, funded.targets[i], goal, unit, funds), line.held_steps))
        edges = (-math.inf, math.inf) if self.everything else _edges(line, self.value, funded.after)
        return _Trade(
            line, weight, funded.targets[i], unit, goal, end, best, middle, most, funds, edges, self.known[i]
        )

    def _room(self, weight: float, target: float, goal: float, unit: float, funds: bool) -> int:
        """The steps that a line may be sold to pay for others: to those nearest to its own target, or to its goal
        where only cash funds; one that only funds never passes its target."""
        lowest = target if self.levelled or self.everything else goal
        return math.floor((weight - lowest) / unit + (0.0 if funds else 0.5) + rounding.NOISE)


def _below(line: SolverLine, value: float) -> bool:
    """Whether it is to be bought; fees, which shrink the whole, must not turn it into a seller."""
    if line.wanted is None:
        return False
    return line.value < _weight(line.wanted * value, line.wanted_value, 1.0)


def _weight(weight: float, money: float | None, after: float) -> float:
    return weight if money is None else money / after


def _inside(line: SolverLine, weight: float, goal: float, value: float, after: float) -> float:
    """The goal, or the whole step next to it that ends inside the band if the line must and one fits."""
    lower, upper = _edges(line, value, after)
    unit = line.step * line.price / after
    steps = rounding.nearest(goal - weight, unit)
    inside = rounding.towards_inside(steps, weight, unit, lower, upper)
    return goal if inside == steps else weight + inside * unit


def _edges(line: SolverLine, value: float, after: float) -> tuple[float, float]:
    """The edges that rounding must respect, as weights after fees; those around a fixed value are fixed values."""
    if line.keep_inside is None:
        return -math.inf, math.inf
    lower, upper = line.keep_inside
    return (lower, upper) if line.target_value is None else (lower * value / after, upper * value / after)


def _affordable(trades: list[_Trade], after: float, budget: float) -> list[int]:
    """The steps that end closest to the goals within `budget`; of those who are short, the furthest below first."""
    over = sum(trade.spend(trade.middle, after) for trade in trades) - budget
    chosen = _searched(trades, after, budget, over) if len(trades) <= EXACT_LINES else _trimmed(trades, over)
    left = budget - sum(trade.spend(steps, after) for trade, steps in zip(trades, chosen, strict=True))
    if left < 0:
        return _trimmed(trades, -left, chosen)
    _fill(trades, chosen, after, left)
    return chosen


def _searched(trades: list[_Trade], after: float, budget: float, over: float) -> list[int]:
    """The best for a few lines."""
    several = sum(trade.middle < trade.best for trade in trades) > 1
    reach = max(trade.unit for trade in trades if trade.best > 0)
    finest = min(range(len(trades)), key=lambda i: (trades[i].unit, i))
    choices: list[list[int]] = []
    errors: list[list[float]] = []
    spends: list[list[float]] = []
    for i, trade in enumerate(trades):
        some = _options(trade, max(over, 0.0) + reach, FINEST_OPTIONS if i == finest else OPTIONS)
        end = trade.end if several else trade.goal  # one that is short alone has nobody to be levelled with
        choices.append(some)
        errors.append([_error(trade, end, steps) for steps in some])
        spends.append([trade.spend(steps, after) for steps in some])
    found = rounding.cheapest(errors, spends, budget, NODES)
    if found is None:
        return [0] * len(trades)
    return [choices[i][found[i]] for i in range(len(trades))]


def _trimmed(trades: list[_Trade], over: float, steps: list[int] | None = None) -> list[int]:
    """Enough steps taken back from `steps` (what each line gets) to save `over`: the best for many lines."""
    chosen = [trade.middle for trade in trades] if steps is None else steps
    least = [_least(trade, over) for trade in trades]
    units = [trade.unit for trade in trades]
    gaps = [trade.weight + k * trade.unit - trade.end for trade, k in zip(trades, chosen, strict=True)]
    return rounding.trim(chosen, least, units, gaps, over)


def _options(trade: _Trade, money: float, limit: int) -> list[int]:
    """The numbers of steps that may be traded instead of the best where `money` is to be saved."""
    slack = math.ceil(money / trade.unit) + 1
    return rounding.options(trade.middle, trade.best, _least(trade, money), slack, limit)


def _least(trade: _Trade, money: float) -> int:
    """The least spending number of steps: a buyer never sells; a seller sells no more than `money` beyond its best,
    nor more than its most."""
    if trade.best > 0:
        return 0
    return trade.best - max(min(math.ceil(money / trade.unit), trade.most + trade.best), 0)


def _error(trade: _Trade, end: float, steps: int) -> float:
    """How far from its goal it ends, which counts most but for ending outside its band where it should not, and how
    far from its share of short money; on a tie the smaller trade."""
    at = trade.weight + steps * trade.unit
    outside = max(trade.edges[0] - at, at - trade.edges[1], 0.0)
    wrong = abs(at - trade.goal) + OUTSIDE * outside + LEVELLING * abs(at - end)
    return wrong + SMALLER * abs(steps) * trade.unit


def _fill(trades: list[_Trade], chosen: list[int], after: float, left: float) -> None:
    """Spends what is `left` on buyers that are below their goals, the furthest below first."""
    below = [i for i, trade in enumerate(trades) if 0 <= chosen[i] < trade.best]
    for i in sorted(below, key=lambda i: (trades[i].weight + chosen[i] * trades[i].unit - trades[i].target, i)):
        trade = trades[i]
        more = min(trade.best - chosen[i], int(left / trade.unit))
        if more <= 0:
            continue
        spent = trade.spend(chosen[i], after)
        while more > 0 and (over := trade.spend(chosen[i] + more, after) - spent - left) > 0:
            more -= math.ceil(over / trade.unit)
        if more > 0:
            left -= trade.spend(chosen[i] + more, after) - spent
            chosen[i] += more


def _give_back(trades: list[_Trade], chosen: list[int], left: float) -> None:
    """Takes back what is sold only to fund others and is `left` over once everything is in whole steps.

    The funders are levelled again for what is needed, each then sells one step more than that at the most.
    """
    funders = [i for i, trade in enumerate(trades) if trade.funds and chosen[i] < 0]
    if left <= 0.0 or not funders:
        return
    given = [-chosen[i] * trades[i].unit for i in funders]
    heights = [trades[i].weight - trades[i].target for i in funders]
    shares = dict(zip(funders, funding.level(heights, given, sum(given) - left), strict=True))
    gains: list[tuple[float, int]] = []
    for i, share in shares.items():
        unit = trades[i].unit
        steps = -math.ceil(share / unit - rounding.NOISE)
        left -= (steps - chosen[i]) * unit
        chosen[i] = steps
        over = -steps * unit - share
        gains.append(((abs(over - unit) - abs(over)) / unit, i))
    for _gain, i in sorted(gains):
        steps = min(max(int(left / trades[i].unit), 0), -chosen[i])
        left -= steps * trades[i].unit
        chosen[i] += steps
