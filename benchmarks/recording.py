"""Appending to a ledger of 1,000 and of 100,000 entries, durable each time."""

from __future__ import annotations

import statistics
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from benchmarks.timing import seconds
from core.book.entries import Draft
from core.ledger.ledger import Ledger
from core.portfolio.file import parse_portfolio

LIMIT = 1.5
BOOK = """
schema = 1
id = "bench"
base_currency = "USD"
[[asset]]
symbol = "VTI"
target = 100
"""
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def drafts(first: int, count: int) -> list[Draft]:
    """`count` purchases with ids from `first` on."""
    return [
        Draft(
            id=f"bench-{number}",
            kind="trade",
            effective=date(2026, 1, 2),
            currency="USD",
            symbol="VTI",
            side="buy",
            quantity=Decimal(1 + number % 7),
            price=Decimal("231.50"),
            fees=Decimal("1.00"),
        )
        for number in range(first, first + count)
    ]


def append_seconds(ledger: Ledger, first: int, count: int) -> float:
    """The median time of one durable append."""
    return statistics.median(seconds(lambda d=d: ledger.append([d], NOW)) for d in drafts(first, count))  # type: ignore[misc]


def run() -> bool:
    """Prints the ratio; whether it is within the limit."""
    with tempfile.TemporaryDirectory() as name:
        portfolio = parse_portfolio(BOOK, "bench.toml", Path(name))
        ledgers = {}
        for size in (1_000, 100_000):
            ledgers[size] = Ledger.open(Path(name) / str(size), portfolio)
            for at in range(0, size, 10_000):
                ledgers[size].append(drafts(at, min(size, 10_000)), NOW)
        small, large = [], []
        for turn in range(10):
            small.append(append_seconds(ledgers[1_000], 1_000_000 + turn * 100, 20))
            large.append(append_seconds(ledgers[100_000], 1_000_000 + turn * 100, 20))
        for ledger in ledgers.values():
            ledger.close()
    ratio = statistics.median(b / a for a, b in zip(small, large, strict=True))
    print(
        f"append: {statistics.median(small) * 1000:.3f} ms at 1,000 entries, "
        f"{statistics.median(large) * 1000:.3f} ms at 100,000, ratio {ratio:.2f}, limit {LIMIT}"
    )
    return ratio <= LIMIT
