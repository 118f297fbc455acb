"""What is written as a first file reads back as what was typed, whatever that was."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.portfolio.file import parse_portfolio
from core.portfolio.write import NewAsset, NewPortfolio, written
from core.text import clean

D = Decimal
names = st.text(max_size=60).map(clean)
symbols = st.from_regex(r"[A-Z0-9^][A-Z0-9.=^-]{0,8}[A-Z0-9]", fullmatch=True)
amounts = st.decimals(0, 10**9, places=4, allow_nan=False)
days = st.dates(date(1980, 1, 1), date(2030, 1, 1))


@settings(deadline=None)
@given(
    name=names,
    rows=st.lists(st.tuples(symbols, names, amounts, amounts | st.none(), days | st.none()), min_size=1, max_size=5,
                  unique_by=lambda row: row[0]),
    cash=amounts,
    band=st.sampled_from(["3", "2.5", "10%", "5/25"]),
)  # fmt: skip
def test_any_names_and_numbers_read_back_as_they_were(
    name: str,
    rows: list[tuple[str, str, Decimal, Decimal | None, date | None]],
    cash: Decimal,
    band: str,
) -> None:
    assets = [NewAsset(s, q, "USD", price, day, None, title) for s, title, q, price, day in rows]
    text = written(NewPortfolio("p-1", "USD", assets, name, {"USD": cash}, band))
    read = parse_portfolio(text, "p.toml", Path())
    assert (read.name, read.cash.balances) == (name, {"USD": cash})
    for asset, (symbol, title, quantity, price, day) in zip(read.assets, rows, strict=True):
        assert (asset.symbol, asset.name) == (symbol, title)
        if not quantity:
            assert asset.lots == ()
            continue
        [lot] = asset.lots
        assert lot.quantity == quantity
        assert lot.price == price
        assert lot.acquired == (day if price is not None else None)
        assert quantity % asset.step == 0


def test_targets_and_currencies_are_written() -> None:
    assets = [NewAsset("VTI", D(1), "USD", target=D("62.5")), NewAsset("SAP.DE", D(2), "EUR", target=D("37.5"))]
    read = parse_portfolio(written(NewPortfolio("p", "USD", assets)), "p.toml", Path())
    assert [(a.target, a.currency) for a in read.assets] == [(0.625, "USD"), (0.375, "EUR")]
