"""Books whose cash is short and whose steps are coarse, and what no plan of them may do: the contract's section 3,
computed here and not by the planner's own rules."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from core.planning.planner import Plan, Situation, plan
from core.planning.proposal import Proposal
from core.policy.triggers import CASH
from core.policy.valuation import Line
from core.portfolio.model import AbsoluteBand, Asset, Band, Cash, Costs, Policy, RelativeBand
from tests.core.planning.test_currencies import RATES, balances_after, look

D = Decimal
WORTH: Final = 10_000.0  # about what a book is worth
NOISE: Final = 1e-9
COSTS: Final = (
    Costs(),
    Costs(per_order=D(1)),
    Costs(per_order=D("0.25"), rate=D("0.005"), minimum=D("0.5"), fx=D("0.002")),
    Costs(per_order=D(30)),
)


def book(seed: int) -> Situation:
    """One of any number of books of 2 to 16 assets: steps from 0.01 % to 12 % of the whole, hardly any cash."""
    chance = random.Random(seed)
    count = chance.choice([2, 3, 3, 4, 5, 6, 8, 16])
    fixed = chance.random() < 0.15
    currencies = ["USD", "USD", "EUR", "GBP"] if chance.random() < 0.25 else ["USD"]
    cash_target = 0.0 if fixed else chance.choice([0.0, 0.0, 0.05])
    shares = [chance.randint(3, 60) for _ in range(count)]
    if count > 2 and not fixed and chance.random() < 0.15:
        shares[0] = 0
    assets: list[Asset] = []
    held: dict[str, tuple[str | Decimal, str | Decimal]] = {}
    for i, share in enumerate(shares):
        currency = chance.choice(currencies)
        target = share / sum(shares) * (1 - cash_target)
        unit = WORTH * 10 ** chance.uniform(-4, -0.92)
        step = chance.choice([D(1), D(1), D("0.5"), D(5)])
        price = round(D(unit) / step / RATES.get(currency, D(1)), 4)
        weight = max(target + chance.choice([0, 1, 1]) * chance.uniform(-0.12, 0.12), 0.0) or 0.02
        whole = chance.random() < 0.8
        steps = D(round(weight * WORTH / unit)) if whole else round(D(weight * WORTH / unit), 2)
        assets.append(_asset(chance, f"S{i:02}", currency, target, step, fixed=fixed))
        held[f"S{i:02}"] = (steps * step, price)
    balances: dict[str, str | Decimal] = {
        c: D(chance.choice([0, 0, 17, 60, 250])) for c in dict.fromkeys(currencies)
    }
    if chance.random() < 0.1:
        balances["USD"] = D(-100)
    costs = chance.choice(COSTS)
    rules = Cash(
        target=cash_target,
        floor=chance.choice([0.0, 0.0, 0.01, 0.03]),
        band=None if fixed or chance.random() < 0.8 else AbsoluteBand(0.02, 0.02),
    )
    policy = Policy(
        scope="all" if not fixed and chance.random() < 0.2 else "breached",
        destination=chance.choice([0.0, 0.5, 1.0]),
    )
    return look(assets, held, balances, costs=costs, rules=rules, policy=policy)


def _asset(
    chance: random.Random, symbol: str, currency: str, target: float, step: Decimal, *, fixed: bool
) -> Asset:
    width = chance.choice([0.005, 0.01, 0.03, 0.05])
    shared: dict[str, Any] = {
        "destination": chance.choice([0.0, 0.5, 1.0, 1.0]),
        "step": step,
        "buy": chance.random() > 0.1,
        "sell": chance.random() > 0.1,
        "spread": chance.choice([D(0), D(0), D("0.004")]),
    }
    if fixed:
        money = D(round(target * WORTH))
        return Asset(symbol, currency, target_value=money, band=RelativeBand(5 * width, 5 * width), **shared)
    kinds: list[Band] = [AbsoluteBand(width, width), AbsoluteBand(width, 2 * width), RelativeBand(0.1, 0.1)]
    return Asset(symbol, currency, target=target, band=chance.choice(kinds), **shared)


def shuffled(situation: Situation, seed: int) -> Situation:
    """The same book with its assets in another order."""
    lines = list(situation.valuation.lines)
    random.Random(seed).shuffle(lines)
    valuation = replace(situation.valuation, lines=tuple(lines))
    return replace(
        situation,
        valuation=valuation,
        portfolio=replace(situation.portfolio, assets=tuple(line.asset for line in lines)),
    )


class Judge:
    """One plan of one book. Each rule gives the symbols of the trades that break it.

    Weights are of the value after fees. Fees turn on the trades and the trades on the fees, and in whole steps the
    two need not meet: a trade breaks a rule of weights if it does so at no fees, at the plan's and at twice these.
    """

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.made = plan(situation)
        self.proposed = [p for p in self.made.proposals if p.verdict == "propose"]
        self.everything = situation.portfolio.policy.scope == "all"
        assert situation.valuation.value is not None
        self.value = situation.valuation.value
        fees = float(sum((p.costs.cash * p.rate for p in self.proposed), D(0)))
        self.after = float(self.value) - fees
        self.wholes = sorted({float(self.value), self.after, max(self.after - fees, self.after / 2)})

    @property
    def sells(self) -> list[Proposal]:
        return [p for p in self.proposed if p.side == "sell"]

    @property
    def funding(self) -> list[Proposal]:
        """The sells for others' sake."""
        return [p for p in self.sells if not self.due(p)]

    def due(self, p: Proposal) -> bool:
        """Whether it is traded for its own sake."""
        return self.everything or p.symbol in self.situation.due

    def sold_past_target(self) -> list[str]:
        """What ends below its target, or in a fixed-value book its destination, by more than half its step; but a
        target of 0 is sold out, and an edge rounded to the inside."""

        def breaks(at: _Weights) -> bool:
            limit = at.destination if self.situation.portfolio.fixed_value else at.target
            return at.target > 0 and at.end < limit - at.unit / 2 - NOISE

        return [p.symbol for p in self.sells if all(breaks(at) and not self._inside(p, at) for at in self._at(p))]

    def sold_through_band(self) -> list[str]:
        """What ends on the other side of its band although half a step is no wider than that side."""

        def breaks(at: _Weights) -> bool:
            return at.end < at.lower - NOISE and at.unit / 2 <= at.target - at.lower

        return [p.symbol for p in self.sells if all(breaks(at) for at in self._at(p))]

    def sold_for_nothing(self) -> list[str]:
        """Sales that cost in cash what they bring."""
        return [p.symbol for p in self.sells if p.costs.cash >= p.value]

    def sold_for_nobody(self) -> list[str]:
        """Sales for others' sake without which all is paid for all the same, and the cash kept or raised."""
        return [p.symbol for p in self.funding if self._paid([other for other in self.proposed if other is not p])]

    def against_its_side(self) -> list[str]:
        """What is sold although it is below its band, or bought although above."""
        sides = {"below": "buy", "above": "sell"}
        found = ((p, self.line(p)) for p in self.proposed if not self.everything)
        return [p.symbol for p, line in found if line.breached and sides[str(line.state)] != p.side]

    def further_away(self) -> list[str]:
        """What ends further than it was both from its destination and from the target that it is levelled to."""

        def breaks(at: _Weights) -> bool:
            return all(abs(at.end - g) > abs(at.start - g) + NOISE for g in (at.target, at.destination))

        return [
            p.symbol for p in self.proposed if all(breaks(at) and not self._inside(p, at) for at in self._at(p))
        ]

    def overspent(self) -> list[str]:
        """What is bought, if it is more than the cash after the sells, all costs and the floor, in any currency."""
        buys = [p.symbol for p in self.proposed if p.side == "buy"]
        cash = self.situation.valuation.cash
        after = balances_after(self.situation, self.made)
        kept_free = sum((p.costs.expected * p.rate for p in self.proposed), D(0))
        floor = D(repr(self.situation.portfolio.cash.floor)) * self.value
        least = min(D(0), *cash.balances.values())
        return buys if _worth(after) < floor + kept_free or min(after.values()) < least else []

    def line(self, p: Proposal) -> Line:
        found = self.situation.valuation.line(p.symbol)
        assert found is not None
        return found

    def _at(self, p: Proposal) -> list[_Weights]:
        """Its weights, of each of the values."""
        line = self.line(p)
        assert line.base_price is not None
        assert line.target is not None
        assert line.lower is not None
        assert line.upper is not None
        traded = p.quantity if p.side == "buy" else -p.quantity
        own = self.due(p) and not self.everything and line.destination is not None
        destination = line.destination if own and line.destination is not None else line.target
        found = []
        for whole in self.wholes:
            price = float(line.base_price) / whole
            scale = 1.0 if line.asset.target_value is None else float(self.value) / whole
            found.append(
                _Weights(
                    start=float(line.quantity) * price,
                    end=float(line.quantity + traded) * price,
                    unit=float(line.asset.step) * price,
                    target=line.target * scale,
                    destination=destination * scale,
                    lower=line.lower * scale,
                    upper=line.upper * scale,
                )
            )
        return found

    def _inside(self, p: Proposal, at: _Weights) -> bool:
        """Whether it is the first step from the outside that ends inside the band, as a destination `edge` asks."""
        if self.line(p).asset.destination != 0.0 or self.everything or not self.due(p):
            return False
        inside = at.lower - NOISE <= at.end <= at.upper + NOISE
        if p.side == "sell":
            return inside and at.end + at.unit > at.upper - NOISE
        return inside and at.end - at.unit < at.lower + NOISE

    def _paid(self, proposed: list[Proposal]) -> bool:
        """Whether the cash pays for these and is still what has to be kept, or raised."""
        cash, rules = self.situation.valuation.cash, self.situation.portfolio.cash
        assert cash.value is not None
        after = balances_after(self.situation, Plan(tuple(proposed)))
        kept_free = sum((p.costs.expected * p.rate for p in proposed), D(0))
        stays = min(cash.value, D(rules.target) * D(self.after))
        if CASH in self.situation.due and cash.state == "below" and cash.destination is not None:
            stays = D(cash.destination * self.after)
        floor = D(repr(rules.floor)) * self.value
        return (
            _worth(after) >= max(stays, floor) + kept_free
            and after["USD"] >= kept_free
            and min(after.values()) >= 0
        )


class _Weights(NamedTuple):
    start: float
    end: float
    unit: float
    target: float
    destination: float
    lower: float
    upper: float


def _worth(balances: Mapping[str, Decimal]) -> Decimal:
    return sum((balance * RATES.get(currency, D(1)) for currency, balance in balances.items()), D(0))
