"""Finds the trades: how many steps of each asset to buy or sell, decided in floats.

Nothing here is money: the planner recomputes every amount exactly, and its exact cash check decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from core.rules import funding, rounding

EXACT_LINES: Final = 12  # up to so many traded lines the search under short cash is exact
FEE_ROUNDS: Final = 12  # fees change the value that weights are of, which changes the trades, which changes fees


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
    costs: Callable[[float], tuple[float, float]]  # quantity -> (cash, expected)
    wanted: float | None = None
    target_value: float | None = None
    wanted_value: float | None = None
    keep_inside: tuple[float, float] | None = None  # band edges that rounding must respect


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

    With `everything` all lines go to their targets; else those with a `wanted` weight, and what funds them.
    """
    fees = kept_free = 0.0
    solution = Solution({}, 0.0)
    for _ in range(FEE_ROUNDS):
        after = value - fees
        weights = [line.value / after for line in lines]
        targets = [_weight(line.target, line.target_value, after) for line in lines]
        floor = cash.floor * value / after
        if everything and levelled:
            ends, short = funding.fund_all(
                weights,
                targets,
                [line.can_buy for line in lines],
                [line.can_sell for line in lines],
                cash.value / after,
                floor,
                fees / after,
                kept_free / after,
            )
        else:
            ends, short = funding.fund(
                weights,
                targets,
                _wanted(lines, weights, targets, after, everything),
                [line.can_buy for line in lines],
                [line.can_sell for line in lines],
                levelled,
                cash.value / after,
                cash.value / after if cash.wanted is None else cash.wanted,
                cash.target if levelled else 0.0,
                floor,
                fees / after,
                kept_free / after,
            )
        steps = _round(lines, weights, ends, after, cash.value / after - floor)
        spent = [line.costs(abs(steps[line.symbol]) * line.step) for line in lines if line.symbol in steps]
        next_fees, next_free = sum(cost[0] for cost in spent), sum(cost[1] for cost in spent)
        settled = steps == solution.steps and abs(next_fees - fees) + abs(next_free - kept_free) < 1e-9 * value
        solution = Solution(steps, short * after)
        if settled or next_fees >= value:
            break
        fees, kept_free = next_fees, next_free
    return solution


def _weight(weight: float, money: float | None, after: float) -> float:
    return weight if money is None else money / after


def _wanted(
    lines: Sequence[SolverLine], weights: list[float], targets: list[float], after: float, everything: bool
) -> list[float]:
    wanted = list(weights)
    for i, line in enumerate(lines):
        goal = targets[i] if everything else line.wanted
        if goal is None:
            continue
        if not everything:
            goal = _weight(goal, line.wanted_value, after)
        if (goal > weights[i] and line.can_buy) or (goal < weights[i] and line.can_sell):
            wanted[i] = goal
    return wanted


def _round(
    lines: Sequence[SolverLine], weights: list[float], ends: list[float], after: float, budget: float
) -> dict[str, int]:
    traded = [i for i in range(len(lines)) if abs(ends[i] - weights[i]) > funding.DUST]
    best: dict[int, int] = {}
    for i in traded:
        line, step = lines[i], lines[i].step * lines[i].price / after
        steps = max(rounding.nearest(ends[i] - weights[i], step), -line.held_steps)
        if line.target == 0.0 and ends[i] == 0.0:
            steps = -line.held_steps
        elif line.keep_inside is not None:
            steps = rounding.towards_inside(steps, weights[i], step, *line.keep_inside)
            ends[i] = weights[i] + steps * step if steps else ends[i]
        best[i] = steps
    if any(steps > 0 for steps in best.values()) and _spend(lines, best, after) > budget:
        best = _affordable(lines, weights, ends, best, after, budget)
    return {lines[i].symbol: steps for i, steps in best.items() if steps}


def _spend(lines: Sequence[SolverLine], chosen: dict[int, int], after: float) -> float:
    return sum(_line_spend(lines[i], steps, after) for i, steps in chosen.items())


def _line_spend(line: SolverLine, steps: int, after: float) -> float:
    return (steps * line.step * line.price + sum(line.costs(abs(steps) * line.step))) / after


def _affordable(
    lines: Sequence[SolverLine],
    weights: list[float],
    ends: list[float],
    best: dict[int, int],
    after: float,
    budget: float,
) -> dict[int, int]:
    choices: list[list[int]] = []
    errors: list[list[float]] = []
    spends: list[list[float]] = []
    for i, steps in best.items():
        line, step = lines[i], lines[i].step * lines[i].price / after
        fixed = line.target == 0.0 and steps < 0
        some = [steps] if fixed else rounding.options(steps, line.held_steps)
        choices.append(some)
        # equal errors: the smaller trade
        errors.append([abs(weights[i] + k * step - ends[i]) + 10 * rounding.TIE * abs(k) * step for k in some])
        spends.append([_line_spend(line, k, after) for k in some])
    search = rounding.cheapest if len(choices) <= EXACT_LINES else rounding.hull
    found = search(errors, spends, budget)
    if found is None:
        return {i: min(steps, 0) for i, steps in best.items()}
    return {i: choices[at][found[at]] for at, i in enumerate(best)}
