"""Makes portfolio files and price files of any size for the benchmarks: regular, or of a seed's chance."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

RATES = {"EUR": "1.1", "GBP": "1.3105", "JPY": "0.0065"}  # dollars for one


def symbols(count: int) -> list[str]:
    """`count` symbols: S000, S001, ..."""
    return [f"S{number:03}" for number in range(count)]


def write_book(
    folder: Path, count: int, *, days: int = 250, source: str = "yahoo", band: str = "20%"
) -> tuple[Path, Path]:
    """A portfolio of `count` assets, some outside their bands, and its prices; gives both paths."""
    names = symbols(count)
    target = 100 / count
    lines = [
        "schema = 1",
        f'id = "bench-{count}"',
        'base_currency = "USD"',
        f'feed = {{ source = "{source}", prices = "prices.csv" }}',
        "cash = { balances = { USD = 1000 } }",
        f'policy = {{ band = "{band}", destination = "half" }}',
        "costs = { per_share = 0.005, minimum = 1, maximum_percent = 1, spread_bps = 4 }",
    ]
    for number, name in enumerate(names):
        quantity = 100 + (number * 37) % 61
        lines += [
            "[[asset]]",
            f'symbol = "{name}"',
            f"target = {target:.12f}",
            f"lots = [{{ quantity = {quantity}, price = {80 + number % 40}.25, acquired = 2023-05-01 }}]",
        ]
    book = folder / "book.toml"
    book.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [",".join(["date", *names])]
    start = date(2025, 1, 1)
    for day in range(days):
        cells = [f"{100 + (number * 13 + day * (1 + number % 3)) % 50}.{day % 10}" for number in range(count)]
        rows.append(",".join([(start + timedelta(days=day)).isoformat(), *cells]))
    prices = folder / "prices.csv"
    prices.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return book, prices


def write_foreign_book(folder: Path, count: int, seed: int) -> tuple[Path, Path]:
    """A portfolio of `count` assets in four currencies with little cash, and one day's prices; gives both paths."""
    chance = random.Random(seed)
    names = symbols(count)
    dollars = chance.choice([0, 1000, 50_000])
    lines = [
        "schema = 1",
        f'id = "foreign-{count}"',
        'base_currency = "USD"',
        'feed = { source = "replay", prices = "prices.csv" }',
        f"cash = {{ balances = {{ USD = {dollars}, EUR = 500, JPY = 90000 }}, floor = 0.1 }}",
        f'policy = {{ band = "15%", destination = {chance.choice([0, 0.5, 1])} }}',
        "costs = { per_share = 0.005, minimum = 1, maximum_percent = 1, spread_bps = 4, fx_bps = 20 }",
    ]
    prices = []
    for name in names:
        currency = chance.choice(["USD", "USD", *RATES])
        price = chance.randint(2_000, 15_000) / 100 * (100 if currency == "JPY" else 1)
        value = 10_000 * chance.uniform(0.75, 1.25) / float(RATES.get(currency, "1"))
        prices.append(f"{price:.2f}")
        lines += [
            "[[asset]]",
            f'symbol = "{name}"',
            f'currency = "{currency}"',
            f"target = {100 / count:.12f}",
            f"lots = [{{ quantity = {value / price:.0f}, price = {price:.2f}, acquired = 2023-05-01, rate = 1 }}]",
        ]
    book, table = folder / "foreign.toml", folder / "foreign.csv"
    book.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = [
        ",".join(["date", *names, *(f"{currency}USD=X" for currency in RATES)]),
        ",".join(["2025-01-01", *prices, *RATES.values()]),
    ]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return book, table
