"""Which exchange rates a portfolio needs, and what they are called."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core.market.currency import rate_currency, rate_symbol, rate_symbols, symbols
from core.market.open import open_feed
from core.portfolio.model import Asset, Cash, Portfolio

BOOK = Portfolio(
    "book.toml",
    "book",
    "USD",
    (Asset("VOD.L", "GBP", price_unit="GBp"), Asset("VTI", "USD"), Asset("SAP.DE", "EUR"), Asset("AIR.PA", "EUR")),
    cash=Cash({"JPY": Decimal(5000), "CHF": Decimal(0), "USD": Decimal(1)}),
)


def test_a_rate_is_named_from_the_currency_to_the_base() -> None:
    assert rate_symbol("EUR", "USD") == "EURUSD=X"


@pytest.mark.parametrize(
    ("symbol", "currency"),
    [
        ("EURUSD=X", "EUR"),
        ("USDEUR=X", None),
        ("USDUSD=X", None),
        ("VTI", None),
        ("ES=F", None),
        ("EURUSD=XX", None),
    ],
)
def test_a_symbol_is_known_to_be_a_rate_to_the_base(symbol: str, currency: str | None) -> None:
    assert rate_currency(symbol, "USD") == currency


def test_rates_are_needed_of_assets_and_of_balances_that_are_not_0() -> None:
    assert rate_symbols(BOOK) == ("EURUSD=X", "GBPUSD=X", "JPYUSD=X")


def test_rates_are_needed_of_what_the_ledger_holds() -> None:
    assert rate_symbols(BOOK, ["CHF", "USD"]) == ("CHFUSD=X", "EURUSD=X", "GBPUSD=X", "JPYUSD=X")


def test_the_feed_is_asked_for_assets_and_rates_once_each() -> None:
    held = Portfolio("p", "p", "USD", (Asset("EURUSD=X", "USD"), Asset("SAP.DE", "EUR")))
    assert symbols(BOOK)[:5] == ("VOD.L", "VTI", "SAP.DE", "AIR.PA", "EURUSD=X")
    assert symbols(held) == ("EURUSD=X", "SAP.DE")


def test_a_price_file_has_rates_in_base_currency_and_prices_in_the_files_units(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("date,VOD.L,GBPUSD=X,CHFUSD=X,USDJPY=X\n2026-11-20,71.12,1.3105,1.2411,155.2\n")
    board = open_feed(BOOK, tmp_path, path, date(2026, 11, 20)).board
    vodafone, pound = board.quotes["VOD.L"], board.quotes["GBPUSD=X"]
    assert (vodafone.price, vodafone.currency, vodafone.raw_currency) == (Decimal("0.7112"), "GBP", "GBp")
    assert (pound.price, pound.currency) == (Decimal("1.3105"), "USD")
    assert board.quotes.keys() == {"VOD.L", "GBPUSD=X", "CHFUSD=X"}
