"""Which cash can pay for a plan: balances of several currencies, what is converted, and what cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.book.entries import Side
from core.costs.model import TradeCosts
from core.money import ZERO
from core.planning.payment import Payment, Settled, settle, worth
from core.planning.solver import SolverLine
from core.policy.valuation import Line, Valuation
from core.portfolio.model import Portfolio

SAME_SHARE: Final = 1e-5  # of a buy: conversions that differ by less are the same


class Trade(Struct, frozen=True):
    """One trade of a plan in exact money; value and costs are in the asset's currency."""

    line: Line
    steps: int
    quantity: Decimal
    value: Decimal
    costs: TradeCosts

    @property
    def rate(self) -> Decimal:
        """Base currency per unit of the trade's."""
        assert self.line.rate is not None
        return self.line.rate

    @property
    def base_value(self) -> Decimal:
        """What is traded, in base currency."""
        return self.value * self.rate

    @property
    def moved(self) -> Decimal:
        """What it adds to the cash without its costs, in base currency."""
        return self.base_value if self.steps < 0 else -self.base_value

    @property
    def side(self) -> Side:
        """Whether it buys or sells."""
        return "buy" if self.steps > 0 else "sell"

    @property
    def payment(self) -> Payment:
        """What it moves, its conversion apart."""
        charged = self.costs.commission + self.costs.fees
        return Payment(self.side, self.line.asset.currency, self.rate, self.value, charged, self.costs.expected)

    def cut(self, missing: Decimal) -> tuple[Decimal, str, int]:
        """The money by which a buy is cut to save `missing`, its symbol, and the steps that are left of it."""
        assert self.line.base_price is not None
        unit = self.line.asset.step * self.line.base_price
        fewer = min(int(missing // unit) + (missing % unit > 0), self.steps)
        return fewer * unit, self.line.symbol, self.steps - fewer


class Cashier:
    """Knows the balances of one planning. In one currency there is nothing to learn, and cash is cash."""

    def __init__(
        self, portfolio: Portfolio, valuation: Valuation, lines: Mapping[str, Line], value: Decimal
    ) -> None:
        self._portfolio = portfolio
        self._balances = valuation.cash.balances
        self._value = value
        self._base = portfolio.base_currency
        self._rates = {c: rate.price for c, rate in valuation.rates.items() if rate.price is not None}
        self._foreign = {s: line.asset.currency for s, line in lines.items() if line.asset.currency != self._base}
        others = (currency for currency, balance in self._balances.items() if balance)
        self._several = bool(self._foreign) or any(currency != self._base for currency in others)
        self._stuck: dict[str, Decimal] = {}  # balances, in base currency, that cannot pay for what is bought
        self._converting: dict[str, float] = {}  # by currency: what conversion costs, as a share of what is bought

    @property
    def floor(self) -> float:
        """The cash that has to stay, as a fraction of the value: the policy's floor, or what cannot be used."""
        return max(self._portfolio.cash.floor, float(sum(self._stuck.values(), ZERO) / self._value))

    def forget(self) -> None:
        """Begin anew, with other trades."""
        self._stuck, self._converting = {}, {}

    def adapted(self, line: SolverLine, *, pays_for_others: bool) -> SolverLine:
        """The line with what its conversion costs; one whose proceeds would be stuck pays for nobody else."""
        currency = self._foreign.get(line.symbol)
        if currency is None:
            return line
        may_sell = line.can_sell and not (pays_for_others and currency in self._stuck)
        return replace(line, fx=self._converting.get(currency, 0.0), can_sell=may_sell)

    def learns(self, trades: Sequence[Trade]) -> bool:
        """Whether the trades show other balances stuck, or other conversions, than they were planned with."""
        if not self._several:
            return False
        paid = self._paid(trades)
        converting: dict[str, float] = {}
        for currency in set(self._foreign.values()):
            bought = [
                (trade.value, fx)
                for trade, fx in zip(trades, paid.fx, strict=True)
                if trade.steps > 0 and trade.line.asset.currency == currency
            ]
            value = sum((value for value, _ in bought), ZERO)
            converting[currency] = float(sum((fx for _, fx in bought), ZERO) / value) if value else 0.0
        stuck = dict(self._stuck)
        if paid.balances[self._base] < paid.kept_free_in_base:
            stuck |= {c: b * self._rates[c] for c, b in paid.balances.items() if c != self._base and b > 0}
        news = stuck != self._stuck or any(
            abs(share - self._converting.get(currency, 0.0)) > SAME_SHARE for currency, share in converting.items()
        )
        self._stuck, self._converting = stuck, converting
        return news

    def payable(self, wished: Sequence[Trade], remake: Callable[[str, int], Trade]) -> list[Trade]:
        """The trades, sells first, their buys cut until the cash of every currency pays for them."""
        trades = {trade.line.symbol: trade for trade in wished}
        floor = Decimal(repr(self._portfolio.cash.floor)) * self._value
        while True:
            ordered = list(trades.values())
            paid = self._paid(ordered)
            missing = floor + paid.kept_free - worth(paid.balances, self._base, self._rates)
            buys = [trade for trade in ordered if trade.steps > 0]
            if self._several and missing <= 0:
                missing = paid.kept_free_in_base - paid.balances[self._base]
                drawing = zip(ordered, paid.converted, strict=True)
                buys = [t for t, more in drawing if t.steps > 0 and (more or t.line.asset.currency == self._base)]
            if missing <= 0 or not buys:
                return self._with_fx(list(trades.values()))
            _, symbol, steps = min(trade.cut(missing) for trade in buys)
            if steps:
                trades[symbol] = remake(symbol, steps)
            else:
                del trades[symbol]

    def filled(
        self, planned: Sequence[Trade], wanted: Sequence[tuple[str, int]], remake: Callable[[str, int], Trade]
    ) -> list[Trade]:
        """The trades with more bought of what is `wanted` (symbol, steps at most; the first comes first).

        It is paid by cash of its own currency that nothing else was planned for, then by what base cash that frees.
        """
        trades = {trade.line.symbol: trade for trade in planned}
        foreign = [(symbol, most) for symbol, most in wanted if symbol in self._foreign]
        before = self._paid(self._ordered(trades))
        for some, by_base in ((foreign, False), (wanted, True)):
            for symbol, most in some:
                has = trades[symbol].steps if symbol in trades else 0
                if has >= most:
                    continue
                least, steps = has, has + 1
                while least < most:  # the largest number that is paid for; most lines get none
                    if self._pays(self._ordered({**trades, symbol: remake(symbol, steps)}), before, by_base):
                        least = steps
                    else:
                        most = steps - 1 if least > has else least
                    steps = (least + most + 1) // 2
                if least > has:
                    trades[symbol] = remake(symbol, least)
                    before = self._paid(self._ordered(trades))
        return self._with_fx(self._ordered(trades))

    def needed(self, planned: Sequence[Trade], due: AbstractSet[str], stays: Decimal) -> list[Trade]:
        """The trades without sales for others' sake, of what is not `due`, that the others are paid for without,
        `stays` being left in base currency; the smallest first."""
        trades = {trade.line.symbol: trade for trade in planned}
        sales = [trade for trade in planned if trade.steps < 0 and trade.line.symbol not in due]
        sales.sort(key=lambda trade: (trade.base_value, trade.line.symbol))
        paid = self._paid(planned) if sales else None
        for trade in sales:
            assert paid is not None
            own = paid.balances[trade.line.asset.currency]
            brings = trade.value - trade.costs.cash
            spare = worth(paid.balances, self._base, self._rates) - stays - paid.kept_free
            in_base = paid.balances[self._base] - paid.kept_free_in_base
            if trade.line.asset.currency != self._base:
                in_base += own * trade.rate
            if (brings - trade.costs.expected) * trade.rate > min(spare, in_base):
                continue
            others = [other for other in trades.values() if other is not trade]
            without = self._paid(others)
            enough = worth(without.balances, self._base, self._rates) >= stays + without.kept_free
            if enough and without.balances[self._base] >= without.kept_free_in_base:
                del trades[trade.line.symbol]
                paid = without
        return self._with_fx(self._ordered(trades)) if len(trades) < len(planned) else list(planned)

    def left(self, planned: Sequence[Trade]) -> dict[str, Decimal]:
        """The cash in other currencies that the trades leave."""
        balances = self._paid(planned).balances if self._several else {}
        return {c: balance for c, balance in sorted(balances.items()) if c != self._base and balance > 0}

    def _pays(self, trades: Sequence[Trade], old: Settled, by_base: bool) -> bool:
        """Whether the cash pays for the trades and the cash that has to stay is left; without `by_base` they may
        take nothing more from base than the `old` ones."""
        paid = self._paid(trades)
        left = paid.balances[self._base] - paid.kept_free_in_base
        if left < (0 if by_base else old.balances[self._base] - old.kept_free_in_base):
            return False
        cash = self._portfolio.cash
        stays = Decimal(repr(max(cash.floor, cash.target if by_base else 0.0))) * self._value
        return worth(paid.balances, self._base, self._rates) >= stays + paid.kept_free

    @staticmethod
    def _ordered(trades: Mapping[str, Trade]) -> list[Trade]:
        return sorted(trades.values(), key=lambda trade: (trade.steps > 0, trade.line.symbol))

    def _with_fx(self, trades: Sequence[Trade]) -> list[Trade]:
        """The trades, each with what its own conversion costs."""
        paid = self._paid(trades)
        return [
            replace(trade, costs=replace(trade.costs, fx=fx)) if fx != trade.costs.fx else trade
            for trade, fx in zip(trades, paid.fx, strict=True)
        ]

    def _paid(self, trades: Sequence[Trade]) -> Settled:
        payments = [trade.payment for trade in trades]
        return settle(self._balances, self._base, self._portfolio.costs.fx, payments)
