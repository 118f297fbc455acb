"""Appending to a mixed ledger of 1,000 and of 100,000 entries, durable each time; and folding the large one."""

from __future__ import annotations

import statistics
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from benchmarks.books import symbols
from benchmarks.ledgers import SYMBOLS, write_ledger
from benchmarks.timing import seconds
from core.book.entries import Draft
from core.ledger.ledger import Ledger
from core.portfolio.file import load_portfolio

LIMIT = 1.5
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def drafts(first: int, count: int) -> list[Draft]:
    """`count` purchases with ids from `first` on."""
    names = symbols(SYMBOLS)
    return [
        Draft(
            id=f"bench-{number}",
            kind="trade",
            effective=date(2026, 1, 2),
            currency="USD",
            symbol=names[number % SYMBOLS],
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
        ledgers = {}
        for size in (1_000, 100_000):
            folder = Path(name) / str(size)
            folder.mkdir()
            book, _, data = write_ledger(folder, size)
            portfolio = load_portfolio(book)
            ledgers[size] = Ledger.open(data / portfolio.id, portfolio)
            assert len(ledgers[size].entries) == size
        small, large = [], []
        for turn in range(20):
            small.append(append_seconds(ledgers[1_000], 1_000_000 + turn * 100, 20))
            large.append(append_seconds(ledgers[100_000], 1_000_000 + turn * 100, 20))
        folding = seconds(lambda: ledgers[100_000].close(fold=True))
        ledgers[1_000].close()
    ratio = statistics.median(b / a for a, b in zip(small, large, strict=True))
    print(
        f"append: {statistics.median(small) * 1000:.3f} ms at 1,000 entries, "
        f"{statistics.median(large) * 1000:.3f} ms at 100,000, ratio {ratio:.2f}, limit {LIMIT}"
    )
    print(f"folding 100,000 entries, while others record: {folding:.2f} s")
    return ratio <= LIMIT
