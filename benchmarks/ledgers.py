"""Makes large mixed ledgers for the benchmarks: buys, sales, payments, splits, voids and corrections of many years.

The same seed gives the same entries. They are made by the rules that the ledger itself follows, and written in
commits of many, so that 100,000 take seconds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from benchmarks.books import symbols, write_book
from core.book.book import BookBuilder
from core.book.changes import correction, entry_of, reversal
from core.book.drafts import checked
from core.book.entries import Draft, Entry
from core.ledger.head import head_of
from core.ledger.record import Record
from core.ledger.state import LEDGER_FILE
from core.portfolio.file import load_portfolio

SYMBOLS: Final = 20
FIRST_DAY: Final = date(2016, 1, 4)
LAST_DAY: Final = date(2025, 12, 31)
SEED: Final = 20261125
MOST_LOTS: Final = 40  # of a symbol; beyond them it is sold
COMMIT: Final = 10_000
SPLIT_EVERY: Final = 2_500  # entries
SPLITS: Final = ((2, 1), (3, 2), (1, 4), (5, 4))
VOIDED: Final = 0.02  # share of the entries that are taken back at once; half of them are recorded corrected


def write_ledger(folder: Path, entries: int, *, decided: float = 0.0, seed: int = SEED) -> tuple[Path, Path, Path]:
    """A book of 20 assets in `folder`, its prices, and a data directory with its ledger of `entries` entries.

    `decided` is the share of the trades that carry a decision, as those confirmed in the app do.
    """
    book, prices = write_book(folder, SYMBOLS)
    portfolio, data = load_portfolio(book), folder / "data"
    record = Record(data / portfolio.id / LEDGER_FILE)
    head = head_of(portfolio)
    waiting: list[Entry] = []
    for entry in mixed(BookBuilder(head), entries, decided=decided, seed=seed):
        waiting.append(entry)
        if len(waiting) == COMMIT:
            record.write(waiting, head)
            waiting = []
    if waiting:
        record.write(waiting, head)
    record.close(fold=True)
    return book, prices, data


def mixed(builder: BookBuilder, count: int, *, decided: float = 0.0, seed: int = SEED) -> Iterator[Entry]:
    """`count` entries, by day, each of which fits what `builder` and those before it leave."""
    draw = random.Random(seed)
    names, days, seq = symbols(SYMBOLS), (LAST_DAY - FIRST_DAY).days, 0
    while seq < count:
        day = FIRST_DAY + timedelta(days=days * seq // count)
        now = datetime(day.year, day.month, day.day, 21, tzinfo=UTC)
        draft = checked(_draft(draw, builder, names, day, seq, decided), new_id=lambda at=seq: f"m{at + 1}")  # type: ignore[misc]
        seq += 1
        entry = entry_of(draft, seq, now, builder.held_on)
        if entry.kind != "split" and seq <= count - 2 and draw.random() < VOIDED:
            yield entry
            builder.add(entry, in_force=False)
            void = reversal(entry, seq + 1, f"m{seq + 1}", now)
            yield void
            builder.add(void)
            seq += 1
            if entry.kind != "trade" or draw.random() < 0.5:
                continue
            again = correction(entry, f"m{seq + 1}", price=(entry.price or Decimal(1)) + Decimal("0.01"))
            seq += 1
            entry = entry_of(again, seq, now, builder.held_on, amends=seq - 2)
        builder.add(entry)
        yield entry


def _draft(
    draw: random.Random, builder: BookBuilder, names: list[str], day: date, at: int, decided: float
) -> Draft:
    """The next thing that happens: a split now and then, else a payment, a buy or a sale of what is held."""
    symbol = draw.choice(names)
    common: dict[str, Any] = {"effective": day, "currency": "USD", "rate": Decimal(1)}
    if at % SPLIT_EVERY == SPLIT_EVERY - 1:
        new, old = draw.choice(SPLITS)
        return Draft(kind="split", symbol=symbol, new=Decimal(new), old=Decimal(old), **common)
    if draw.random() < 0.12:
        cents = draw.choice((200_000, 12_345, -7_500, 199))
        return Draft(kind="cash", amount=Decimal(cents).scaleb(-2), **common)
    lots = builder.held_on(symbol, day)
    side = "sell" if len(lots) > draw.randrange(2, MOST_LOTS) else "buy"
    quantity = Decimal(draw.randrange(1, 60))
    if side == "sell":
        quantity = min(quantity * 2, sum((lot.quantity for lot in lots), Decimal(0)))
    common["decision"] = _decision(draw, names) if draw.random() < decided else None
    price = Decimal(draw.randrange(2_000, 40_000)).scaleb(-2)
    moment = datetime(day.year, day.month, day.day, 15, draw.randrange(60), tzinfo=UTC)
    return Draft(
        kind="trade",
        symbol=symbol,
        side=side,  # type: ignore[arg-type]
        quantity=quantity,
        price=price,
        fees=Decimal("1.00"),
        executed=moment,
        **common,
    )


def _decision(draw: random.Random, names: list[str]) -> dict[str, Any]:
    """What a confirmed trade keeps of what it was decided on, in the size and shape of the desk's own."""
    weight = draw.random()
    quote = {"price": "101.35", "time": "2026-11-20T14:03:00Z", "source": "yahoo", "trusted": True}
    line = {"weight": weight, "target": 0.05, "lower": 0.04, "upper": 0.06, "state": "inside"}
    return {
        "as_of": "2026-11-20T14:03:20Z",
        "reason": f"{weight * 100:.2f} % is above 6.00 %",
        "portfolio_value": "100000.00",
        "portfolio_drift": weight / 10,
        "quotes": {name: quote for name in names},
        "weights": {name: line for name in names},
        "guards": [{"name": "max_trade", "verdict": "pass", "detail": "1.20 % of the portfolio, limit 25 %"}] * 8,
    }
