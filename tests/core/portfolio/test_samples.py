"""The sample portfolios that are shipped: they load, and replay prices of every symbol they name."""

from __future__ import annotations

import csv
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from core.portfolio.bands import edges
from core.portfolio.file import load_portfolio
from core.portfolio.model import Portfolio

FOLDER = Path(str(files("sample_portfolios")))
SAMPLES = sorted(FOLDER.glob("*.toml"))
NAMES = {"classic-60-40", "taxable", "microcap-2", "multi-asset", "fixed-value", "in-band"}


def rows(portfolio: Portfolio) -> list[dict[str, str]]:
    with open(portfolio.feed.prices, newline="") as file:
        return list(csv.DictReader(file))


def weights(portfolio: Portfolio, row: dict[str, str]) -> dict[str, float]:
    """Of the opening book at the prices of a row."""
    values = {
        a.symbol: sum(lot.quantity for lot in a.lots) * Decimal(row[a.symbol])
        for a in portfolio.assets
        if not a.outside
    }
    total = sum(values.values()) + sum(portfolio.cash.balances.values())
    return {symbol: float(value / total) for symbol, value in values.items()}


def breached(portfolio: Portfolio, row: dict[str, str]) -> set[str]:
    found = weights(portfolio, row)
    bands = {a.symbol: edges(a.band, a.target) for a in portfolio.assets if a.band and a.target is not None}
    return {symbol for symbol, (lower, upper) in bands.items() if not lower <= found[symbol] <= upper}


def test_there_is_one_of_each() -> None:
    assert {path.stem for path in SAMPLES} == NAMES


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_loads_and_its_prices_have_every_symbol(path: Path) -> None:
    portfolio = load_portfolio(path)
    found = rows(portfolio)
    assert portfolio.id == path.stem
    assert portfolio.warnings == ()
    assert portfolio.feed.source == "replay"
    assert list(found[0]) == ["date", *(asset.symbol for asset in portfolio.assets)]
    assert 250 <= len(found) <= 500
    assert all(Decimal(row[asset.symbol]) > 0 for row in found for asset in portfolio.assets)
    assert all(earlier["date"] < later["date"] for earlier, later in pairwise(found))
    assert portfolio.opened is not None
    assert portfolio.opened.isoformat() < found[0]["date"]
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("name", ["classic-60-40", "microcap-2"])
def test_a_band_is_crossed_within_the_first_10_rows_but_not_at_once(name: str) -> None:
    portfolio = load_portfolio(FOLDER / f"{name}.toml")
    found = rows(portfolio)
    assert not breached(portfolio, found[0])
    assert any(breached(portfolio, row) for row in found[1:8])


def test_the_calm_year_stays_in_its_bands() -> None:
    portfolio = load_portfolio(FOLDER / "in-band.toml")
    assert not any(breached(portfolio, row) for row in rows(portfolio))


def test_every_price_file_names_its_source() -> None:
    text = (FOLDER / "prices" / "README.md").read_text()
    for path in (FOLDER / "prices").glob("*.csv"):
        assert f"`{path.name}`" in text
    for source in ("Kenneth R. French", "skfolio", "BSD 3-Clause", "hindsight", "total return"):
        assert source in text
