"""Who pays for a rebalance and who gets what is left: levels drifts against each other under the cash rules.

All amounts are weights: money over the portfolio's value after the fees of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence

DUST = 1e-12  # weights below this are rounding noise


def level(heights: Sequence[float], capacities: Sequence[float], amount: float) -> list[float]:
    """Take `amount` off the highest first, down to one common level; nobody gives more than its capacity.

    Gives what each is to give: clamp(height - level, 0, capacity), adding up to the smaller of `amount` and
    the sum of the capacities.
    """
    taken = [0.0] * len(heights)
    if amount <= 0.0:
        return taken
    if amount >= sum(capacities):
        return [max(capacity, 0.0) for capacity in capacities]
    # Going down, a line starts to give at its height and has given all at height - capacity.
    marks: list[tuple[float, int]] = []
    for i in range(len(heights)):
        if capacities[i] > 0.0:
            marks.append((heights[i], 1))
            marks.append((heights[i] - capacities[i], -1))
    marks.sort(reverse=True)
    given, giving, at = 0.0, 0, marks[0][0]
    for mark, change in marks:
        slice_ = giving * (at - mark)
        if given + slice_ >= amount:
            break
        given += slice_
        giving += change
        at = mark
    surface = at - (amount - given) / giving if giving else at
    for i in range(len(heights)):
        taken[i] = min(max(heights[i] - surface, 0.0), max(capacities[i], 0.0))
    return taken


def fund(
    weights: Sequence[float],
    targets: Sequence[float],
    wanted: Sequence[float],
    least: Sequence[float],
    can_buy: Sequence[bool],
    levelled: bool,
    cash: float,
    cash_wanted: float,
    cash_target: float,
    floor: float,
    fees: float,
    kept_free: float,
) -> tuple[list[float], float, float]:
    """The weights to trade to, how much of what was wanted could not be paid, and the cash that has to stay.

    `wanted` is each line's destination if it is to be traded, else its weight; `least` is the weight that it can be
    sold down to, its own if it may not be sold. What is missing comes from cash
    above its floor and target, then from the lines furthest above their targets; what is left over fills cash
    to the larger of floor and target, then goes to the lines furthest below. Lines that are traded take part
    from their destination on; a buyer is never sold nor a seller bought; nobody passes its own target. Short
    money goes to the furthest below first. `cash_wanted` differs from `cash` if cash itself is to be lowered
    or raised. `fees` leave the account, `kept_free` must remain in it above the floor. Without `levelled` only
    cash funds and takes.
    """
    n = len(weights)
    ends = [wanted[i] for i in range(n)]
    buys = [max(wanted[i] - weights[i], 0.0) for i in range(n)]
    sells = [max(weights[i] - wanted[i], 0.0) for i in range(n)]
    bought = sum(buys)
    base = max(floor, cash_target)
    after = cash + sum(sells) - bought - fees
    raised = max(cash_wanted - cash, 0.0)

    bottom = max(min(cash, base), floor, cash_wanted if raised > 0.0 else floor, floor + kept_free)
    missing = bottom - after if bought > DUST or raised > DUST else 0.0
    if missing > DUST:
        heights, rooms = [0.0] * n, [0.0] * n
        if levelled:
            for i in range(n):
                heights[i] = ends[i] - targets[i]
                if buys[i] <= 0.0:
                    rooms[i] = max(ends[i] - max(targets[i], least[i]), 0.0)
        given = level(heights, rooms, missing)
        short = missing - sum(given)
        if short > DUST:
            below = [targets[i] - weights[i] for i in range(n)]
            below.append(cash_target - cash)
            shares = level(below, [*buys, raised], bought + raised - short)
            for i in range(n):
                ends[i] = weights[i] + shares[i] if buys[i] > 0.0 else ends[i]
            if sum(shares) <= DUST:
                given = [0.0] * n  # nothing can be bought, so nothing is sold to buy it
        for i in range(n):
            ends[i] -= given[i]
        return ends, max(short, 0.0), bottom

    ceiling = max(cash_wanted if cash_wanted < cash else cash, base, floor + kept_free)
    left = after - ceiling
    if left > DUST and levelled:
        heights, rooms = [0.0] * n, [0.0] * n
        for i in range(n):
            heights[i] = targets[i] - ends[i]
            if can_buy[i] and sells[i] <= 0.0:
                rooms[i] = max(heights[i], 0.0)
        taken = level(heights, rooms, left)
        for i in range(n):
            ends[i] += taken[i]
    return ends, 0.0, floor + kept_free


def fund_all(
    weights: Sequence[float],
    targets: Sequence[float],
    wanted: Sequence[float],
    cash: float,
    floor: float,
    fees: float,
    kept_free: float,
) -> tuple[list[float], float, float]:
    """Every line to where it is `wanted`, cash the remainder but never below its floor; the rest as in `fund`.

    Short money goes to the furthest below first.
    """
    n = len(weights)
    ends = [min(wanted[i], weights[i]) for i in range(n)]
    buys = [max(wanted[i] - weights[i], 0.0) for i in range(n)]
    spendable = cash + sum(weights) - sum(ends) - fees - kept_free - floor
    shares = level([targets[i] - weights[i] for i in range(n)], buys, max(spendable, 0.0))
    for i in range(n):
        ends[i] += shares[i]
    return ends, max(sum(buys) - sum(shares), 0.0), floor + kept_free
