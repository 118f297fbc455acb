"""Plans against a brute force that tries every combination of steps, in exact fractions, on tiny coarse books."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import ceil
from typing import NamedTuple

import pytest

from core.planning.planner import Situation, plan
from core.portfolio.model import AbsoluteBand, Cash, Costs, Policy
from tests.core.planning.samples import asset, situation, trades

NARROW = AbsoluteBand(0.0001, 0.0001)
NOISE = Fraction(1, 10**12)  # levels are found in floats
NO_COSTS = Costs()
SOME_COSTS = Costs(per_order=Decimal("0.25"), rate=Decimal("0.01"), minimum=Decimal("0.5"))


class Tiny(NamedTuple):
    """A book of a few assets whose steps are percents of the whole, all to be traded to their targets."""

    look: Situation
    held: list[int]
    prices: list[int]
    goals: list[Fraction]
    cash: int
    floor: Fraction

    @property
    def value(self) -> int:
        return sum(q * p for q, p in zip(self.held, self.prices, strict=True)) + self.cash

    def error(self, steps: tuple[int, ...]) -> Fraction:
        """The sum of |weight - destination| after so many steps of each."""
        parts = zip(self.held, steps, self.prices, self.goals, strict=True)
        return sum((abs(Fraction((q + k) * p, self.value) - goal) for q, k, p, goal in parts), Fraction(0))

    def shares(self) -> list[Fraction]:
        """Where each ends if steps did not matter: at its goal, or as far below as all whom the money reaches."""
        weights = [Fraction(q * p, self.value) for q, p in zip(self.held, self.prices, strict=True)]
        ends = list(weights)
        money = Fraction(self.cash, self.value) - self.floor
        below: dict[int, Fraction] = {}
        for i, held in enumerate(self.look.portfolio.assets):
            if self.goals[i] < weights[i] and held.sell:
                money += weights[i] - self.goals[i]
                ends[i] = self.goals[i]
            elif self.goals[i] > weights[i] and held.buy:
                below[i] = self.goals[i] - weights[i]
        furthest = sorted(below.values(), reverse=True)
        level = Fraction(0)
        for reached in range(1, len(furthest) + 1):
            level = max((sum(furthest[:reached]) - max(money, Fraction(0))) / reached, Fraction(0))
            if reached == len(furthest) or level >= furthest[reached]:
                break
        for i, gap in below.items():
            ends[i] = self.goals[i] - min(level, gap)
        return ends

    def several_short(self, shares: list[Fraction]) -> bool:
        """Whether the shares of more than one leave it short of the steps nearest to its goal."""
        short = 0
        for i, share in enumerate(shares):
            unit = Fraction(self.prices[i], self.value)
            best, gets = (
                ceil((end - self.held[i] * unit) / unit - Fraction(1, 2)) for end in (self.goals[i], share)
            )
            short += 0 <= gets < best
        return short > 1

    def wrong(self, steps: tuple[int, ...], shares: list[Fraction]) -> Fraction:
        """The error, and a tenth of the distances from the shares: what several that are short are judged by."""
        parts = zip(self.held, steps, self.prices, shares, strict=True)
        unlevelled = sum((abs(Fraction((q + k) * p, self.value) - share) for q, k, p, share in parts), Fraction(0))
        return self.error(steps) + unlevelled / 10

    def affordable(self, steps: tuple[int, ...]) -> bool:
        """Whether its buys leave the floor of the value before, with every cost, expected ones too."""
        if not any(k > 0 for k in steps):
            return True
        spent = sum((self.spend(i, k) for i, k in enumerate(steps)), Fraction(0))
        return self.cash - spent >= self.floor * self.value

    def spend(self, i: int, k: int) -> Fraction:
        """What `k` steps take from the cash."""
        costs, traded = self.look.portfolio.costs, self.look.portfolio.assets[i]
        if not k:
            return Fraction(0)
        value = Fraction(abs(k) * self.prices[i])
        commission = max(Fraction(costs.per_order) + Fraction(costs.rate) * value, Fraction(costs.minimum))
        return k * self.prices[i] + commission + value * Fraction(traded.spread) / 2

    def choices(self) -> Iterator[tuple[int, ...]]:
        """Every combination in which buyers are not sold, sellers not bought, flags hold, and each trade helps.

        Nobody is sold further past its own target than half a step, to pay for another.
        """
        ranges = []
        for i, held in enumerate(self.look.portfolio.assets):
            weight = Fraction(self.held[i] * self.prices[i], self.value)
            gap, unit = self.goals[i] - weight, Fraction(self.prices[i], self.value)
            if gap > 0 and held.buy:
                ranges.append([k for k in range(int(gap / unit) + 2) if abs(gap - k * unit) <= gap])
            elif gap < 0 and held.sell:
                ranges.append([-k for k in range(self.held[i] + 1) if k * unit <= -gap + unit / 2])
            else:
                ranges.append([0])
        return product(*ranges)

    def planned(self) -> tuple[int, ...]:
        """The steps that are proposed."""
        made = trades(plan(self.look))
        return tuple(int(made.get(line.symbol, 0)) for line in self.look.portfolio.assets)


def tiny(seed: int, costs: Costs = NO_COSTS) -> Tiny:
    """One of 10,000 and more such books: 2 to 4 assets, tight cash."""
    chance = random.Random(seed)
    count = chance.choice([2, 3, 4])
    prices = [chance.choice([7, 10, 13, 20, 25, 33, 40, 50, 70]) for _ in range(count)]
    cash = chance.choice([0, 0, 5, 17, 30, 60])
    held = [chance.randint(1, max(1, int(1600 / count / price))) for price in prices]
    shares = [chance.randint(5, 60) for _ in range(count)]
    whole = [100 * share // sum(shares) for share in shares[:-1]]
    targets = [*whole, 100 - sum(whole)]
    floor = chance.choice([0, 0, 2])
    assets = [
        asset(
            f"S{i}",
            target,
            NARROW,
            buy=chance.random() > 0.1,
            sell=chance.random() > 0.1,
            spread=Decimal("0.004") if costs is SOME_COSTS else Decimal(0),
        )
        for i, target in enumerate(targets)
    ]
    look = situation(
        assets,
        {f"S{i}": (str(q), str(p)) for i, (q, p) in enumerate(zip(held, prices, strict=True))},
        str(cash),
        policy=Policy(scope=chance.choice(["breached", "all"])),
        cash_rules=Cash(floor=floor / 100),
        costs=costs,
    )
    goals = [Fraction(target, 100) for target in targets]
    return Tiny(look, held, prices, goals, cash, Fraction(floor, 100))


@pytest.mark.parametrize("costs", [NO_COSTS, SOME_COSTS])
def test_no_combination_is_overspent_sold_against_its_side_or_against_flags(costs: Costs) -> None:
    for seed in range(400):
        book = tiny(seed, costs)
        steps = book.planned()
        assert book.affordable(steps), seed
        if costs is NO_COSTS:  # fees move the goals a little, and with them who is a buyer
            assert steps in set(book.choices()), seed


def test_no_plan_is_closer_that_the_cash_allows() -> None:
    compared = levelled = 0
    for seed in range(400):
        book = tiny(seed)
        if not book.look.due:
            continue
        allowed = [other for other in book.choices() if book.affordable(other)]
        shares = book.shares()
        if book.several_short(shares):
            least = min(book.wrong(other, shares) for other in allowed)
            assert book.wrong(book.planned(), shares) <= least + NOISE, seed
            levelled += 1
        else:
            assert book.error(book.planned()) == min(book.error(other) for other in allowed), seed
            compared += 1
    assert compared > 300
    assert levelled > 20


def test_of_two_equally_good_plans_the_smaller_is_taken() -> None:
    """A is 4 steps short of money and B could be sold past its target for them: no gain, so it is not."""
    look = situation(
        [asset("A", 50), asset("B", 50)],
        {"A": ("300", "100"), "B": ("650", "100")},
        "5000",
        policy=Policy(scope="all"),
        cash_rules=Cash(floor=0.04),
    )
    assert trades(plan(look)) == {"A": Decimal(160), "B": Decimal(-150)}


def test_of_two_like_assets_the_first_by_symbol_is_bought() -> None:
    held = {"A": ("46", "100"), "B": ("46", "100"), "C": ("7", "100")}
    assets = [asset("B", 47, NARROW), asset("A", 47, NARROW), asset("C", 6, NARROW, sell=False)]
    assert trades(plan(situation(assets, held, "100"))) == {"A": Decimal(1)}
