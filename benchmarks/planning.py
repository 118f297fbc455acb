"""The planner on 50 and on 1,000 assets, the breached ones and all, with and without regulatory fees."""

from __future__ import annotations

import tempfile
from datetime import date
from itertools import product
from pathlib import Path

from msgspec.structs import replace

from benchmarks.books import RATES, write_book
from benchmarks.timing import best
from core.book.book import build_book
from core.clock import close_of
from core.ledger.head import head_of
from core.market.prices import load_prices
from core.market.quotes import QuoteBoard
from core.market.trust import TrustLimits, judge
from core.planning.planner import Situation, plan
from core.policy.triggers import breached
from core.policy.valuation import value_book
from core.portfolio.fees import shipped
from core.portfolio.file import load_portfolio
from core.portfolio.model import Portfolio

LIMITS_MS = {50: 5.0, 1000: 50.0}


def situation(portfolio: Portfolio, prices: Path, day: date | None = None) -> Situation:
    """What a look at the last row of `prices` would plan from."""
    table = load_prices(prices)
    row = table.row_on(day)
    now = close_of(table.days[row])
    currencies = {asset.symbol: asset.currency for asset in portfolio.assets}
    currencies |= {f"{c}USD=X": "USD" for c in RATES if f"{c}USD=X" in table.symbols}
    board = QuoteBoard().with_quotes(table.quotes(row, currencies, "csv"))
    trusts = {s: judge(board.get(s), None, now, TrustLimits(c, 120, None)) for s, c in currencies.items()}
    valuation = value_book(portfolio, build_book(head_of(portfolio), ()), board, trusts)
    return Situation(portfolio, valuation, frozenset(breached(valuation)), now)


def run() -> bool:
    """Prints the times; whether they are within the limits."""
    ok = True
    for count, limit in LIMITS_MS.items():
        with tempfile.TemporaryDirectory() as name:
            book, prices = write_book(Path(name), count, days=30)
            portfolio = load_portfolio(book)
            charged = replace(portfolio.costs, fees=tuple(shipped("us").values()))
            for costs, scope in product((portfolio.costs, charged), ("breached", "all")):
                policy = replace(portfolio.policy, scope=scope)
                look = situation(replace(portfolio, policy=policy, costs=costs), prices)
                trades = len(plan(look).proposals)
                took = best(lambda look=look: plan(look), 20) * 1000  # type: ignore[misc]
                fees = "US fees" if costs.fees else "no fees"
                print(
                    f"plan, {count:5} assets, scope {scope:8}, {fees}: {took:6.2f} ms for {trades} trades, "
                    f"limit {limit:.0f} ms"
                )
                ok = ok and took <= limit
    return ok
