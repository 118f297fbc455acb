"""Makes portfolio files and price files of any size for the benchmarks: regular, no randomness."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path


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
