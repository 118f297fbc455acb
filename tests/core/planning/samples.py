"""Small books to plan on, built from real portfolios, books and quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from core.book.book import Book, Position
from core.book.lots import HeldLot, opening_key
from core.market.quotes import Quote, QuoteBoard
from core.market.trust import Trust
from core.planning.planner import Plan, Situation, plan
from core.policy.triggers import due
from core.policy.valuation import value_book
from core.portfolio.model import AbsoluteBand, Asset, Band, Cash, Costs, Limit, Limits, Policy, Portfolio

NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
THREE = AbsoluteBand(0.03, 0.03)
ANY_FRACTION = Decimal("0.000001")  # what the file's `step = 0` is read as
OFF = Limits(max_trade=Limit(9.0), max_turnover_day=Limit(9.0), max_turnover_month=Limit(9.0))

Held = Mapping[str, tuple[str | Decimal, str | Decimal]]


def asset(symbol: str, target: float | None = None, band: Band | None = THREE, **others: Any) -> Asset:
    """An asset with its target in percent."""
    share = None if target is None else target / 100
    return Asset(symbol, "USD", target=share, band=band, **others)


def fixed(symbol: str, value: str, band: Band, **others: Any) -> Asset:
    """An asset with its target in money."""
    return Asset(symbol, "USD", target_value=Decimal(value), band=band, **others)


def situation(
    assets: Sequence[Asset],
    held: Held,
    cash: str | Decimal = "0",
    *,
    cash_rules: Cash | None = None,
    policy: Policy | None = None,
    costs: Costs | None = None,
    limits: Limits = OFF,
    doubts: Mapping[str, Trust] | None = None,
    **others: Any,
) -> Situation:
    """What a look at these holdings (quantity, price) would plan from; prices are trusted but for `doubts`."""
    portfolio = Portfolio(
        path="book.toml",
        id="book",
        base_currency="USD",
        assets=tuple(assets),
        cash=cash_rules or Cash(),
        policy=policy or Policy(),
        costs=costs or Costs(),
        limits=limits,
    )
    book = book_of(held, cash)
    board = board_of({symbol: price for symbol, (_, price) in held.items()})
    trusts = {one.symbol: trust_in(board, one.symbol) for one in assets} | dict(doubts or {})
    valuation = value_book(portfolio, book, board, trusts)
    ready, _ = due(valuation, {}, portfolio.policy.dwell_seconds, NOW)
    return Situation(portfolio, valuation, ready, NOW, **others)


def planned(assets: Sequence[Asset], held: Held, cash: str | Decimal = "0", **others: Any) -> Plan:
    """The plan for these holdings."""
    return plan(situation(assets, held, cash, **others))


def trades(made: Plan) -> dict[str, Decimal]:
    """What is proposed, by symbol: positive bought, negative sold."""
    return {
        p.symbol: p.quantity if p.side == "buy" else -p.quantity for p in made.proposals if p.verdict == "propose"
    }


def book_of(held: Held, cash: str | Decimal) -> Book:
    """A book of one opening lot for each symbol."""
    positions = {
        symbol: Position(
            symbol,
            "USD",
            (HeldLot(opening_key(symbol, 0), symbol, Decimal(quantity), Decimal("80"), date(2023, 5, 1)),)
            if Decimal(quantity)
            else (),
        )
        for symbol, (quantity, _) in held.items()
    }
    return Book(positions, {"USD": Decimal(cash)})


def board_of(prices: Mapping[str, str | Decimal]) -> QuoteBoard:
    """Quotes of now."""
    return QuoteBoard(
        {symbol: Quote(symbol, "csv", Decimal(price), "USD", NOW) for symbol, price in prices.items()}
    )


def trust_in(board: QuoteBoard, symbol: str) -> Trust:
    """Trust in what has a price."""
    if board.get(symbol) is None:
        return Trust(False, False, "no quote")
    return Trust(True, True, None, 0, 120.0)


def after(look: Situation, made: Plan) -> tuple[dict[str, Decimal], Decimal]:
    """The quantities and the cash once the plan's proposals have been made at their prices."""
    quantities = {line.symbol: line.quantity for line in look.valuation.lines}
    cash = look.valuation.cash.value
    assert cash is not None
    for p in made.proposals:
        if p.verdict == "propose":
            sign = 1 if p.side == "buy" else -1
            quantities[p.symbol] += sign * p.quantity
            cash -= sign * p.value + p.costs.cash
    return quantities, cash
