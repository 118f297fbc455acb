"""Names for beancount and ledger: as they are where that is possible, valid always, never one for two."""

from __future__ import annotations

import re

import pytest
from beancount.core.amount import CURRENCY_RE
from hypothesis import given
from hypothesis import strategies as st

from core.ledger.exporters.commodities import commodities

NEAR = ["VTI", "VOD.L", "BRK-B", "BRK.B", "BRK B", "^GSPC", "GSPC", "-GSPC", "EURUSD=X", "EURUSD-X", "TRUE"]
symbols = st.one_of(
    st.sampled_from(NEAR),
    st.text("ABab1.-=^_'", min_size=1, max_size=4),
    st.text(min_size=1, max_size=6),
)


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("VTI", "VTI"),
        ("VOD.L", "VOD.L"),
        ("BRK-B", "BRK-B"),
        ("EURUSD=X", "EURUSD-X"),
        ("^GSPC", "GSPC"),
        ("1234.T", "X1234.T"),
        ("btc-usd", "BTC-USD"),
    ],
)
def test_a_symbol_keeps_what_a_name_may_have(symbol: str, name: str) -> None:
    assert commodities(["USD"], [symbol]).assets == {symbol: name}


def test_symbols_that_come_near_each_other_are_told_apart_whatever_their_order() -> None:
    one = commodities(["USD"], ["^GSPC", "GSPC", "=GSPC"]).assets
    assert one["GSPC"] == "GSPC"
    assert len(set(one.values())) == 3
    assert one == commodities(["USD"], ["=GSPC", "GSPC", "^GSPC"]).assets


def test_an_asset_called_as_a_currency_is_not_that_currency() -> None:
    names = commodities(["USD"], ["USD"])
    assert names.currencies["USD"] == "USD"
    assert names.assets["USD"].startswith("USD-")


@pytest.mark.parametrize("word", ["TRUE", "FALSE", "NULL"])
def test_words_that_beancount_takes_for_values_are_no_names(word: str) -> None:
    assert commodities([], [word]).assets[word] != word


@given(st.sets(symbols, max_size=12), st.sets(st.sampled_from(["USD", "EUR", "GBP"])))
def test_every_name_is_valid_and_of_one_symbol_only(given_symbols: set[str], currencies: set[str]) -> None:
    names = commodities(currencies, given_symbols)
    used = [*names.currencies.values(), *names.assets.values()]
    assert len(set(used)) == len(used) == len(currencies) + len(given_symbols)
    for name in used:
        assert re.fullmatch(CURRENCY_RE, name), name
        assert name[-1].isalnum(), name
