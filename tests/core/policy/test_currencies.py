"""A book in several currencies: what it is worth in its base currency, and what a doubtful rate does to it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.book.book import Book, Position
from core.book.lots import HeldLot
from core.market.quotes import Quote, QuoteBoard
from core.market.trust import Trust
from core.policy.rates import Rate, joined
from core.policy.valuation import Valuation, value_book
from core.portfolio.model import AbsoluteBand, Asset, Portfolio
from tests.core.planning.samples import NOW

D = Decimal
SURE = Trust(True, True, None, 0, 120.0)
NONE = Trust(False, False, "no quote")
OLD = Trust(False, True, "900 s old, limit 120 s", 900, 120.0, error=0.2)

# symbol: currency, target, quantity, price, previous close, in the asset's currency
HELD: dict[str, tuple[str, float, str, str, str]] = {
    "VTI": ("USD", 0.50, "120", "287.43", "285.10"),
    "VOD.L": ("GBP", 0.10, "15400", "0.7112", "0.7064"),  # 71.12 GBp
    "SAP.DE": ("EUR", 0.20, "61", "243.15", "240.00"),
    "7203.T": ("JPY", 0.20, "900", "2871.5", "2900"),
}
RATES = {"GBPUSD=X": ("1.3105", "1.3052"), "EURUSD=X": ("1.0825", "1.0811"), "JPYUSD=X": ("0.00647", "0.00650")}
CASH = {"USD": "1520.75", "GBP": "-310.40", "EUR": "2204.18", "JPY": "88000"}

FOREIGN_CENTS = """
    VTI        120   x 287.43             = 34,491.60
    VOD.L   15,400   x   0.7112 x 1.3105  = 10,952.48 x 1.3105 = 14,353.22504
    SAP.DE      61   x 243.15   x 1.0825  = 14,832.15 x 1.0825 = 16,055.802375
    7203.T     900   x 2871.5   x 0.00647 = 2,584,350 x 0.00647 = 16,720.7445
    cash  1,520.75 - 310.40 x 1.3105 + 2,204.18 x 1.0825 + 88,000 x 0.00647
        = 1,520.75 - 406.7792 + 2,386.02485 + 569.36 = 4,069.35565
    all   34,491.60 + 14,353.22504 + 16,055.802375 + 16,720.7445 + 4,069.35565 = 85,690.727565
"""


def valued(trusts: Mapping[str, Trust] | None = None, cash: Mapping[str, str] = CASH, **only: object) -> Valuation:
    """The book above, every quote trusted but for `trusts`; `only` replaces fields of each rate's quote."""
    assets = tuple(
        Asset(symbol, currency, target=target, band=AbsoluteBand(0.05, 0.05))
        for symbol, (currency, target, *_) in HELD.items()
    )
    positions = {
        symbol: Position(symbol, currency, (HeldLot(f"open:{symbol}:0", symbol, D(quantity)),))
        for symbol, (currency, _, quantity, *_) in HELD.items()
    }
    quotes = {
        symbol: Quote(symbol, "csv", D(price), currency, NOW, D(before))
        for symbol, (currency, _, _, price, before) in HELD.items()
    }
    quotes |= {
        symbol: replace(Quote(symbol, "csv", D(price), "USD", NOW, D(before)), **only)
        for symbol, (price, before) in RATES.items()
    }
    book = Book(positions, {currency: D(balance) for currency, balance in cash.items()})
    all_trusts = dict.fromkeys(quotes, SURE) | dict(trusts or {})
    return value_book(Portfolio("p", "p", "USD", assets), book, QuoteBoard(quotes), all_trusts)


def test_a_book_in_four_currencies_adds_up_as_by_hand() -> None:
    found = valued()
    assert [line.value for line in found.lines] == [
        D("34491.60"),
        D("14353.22504"),
        D("16055.802375"),
        D("16720.7445"),
    ], FOREIGN_CENTS
    assert found.cash.value == D("4069.35565"), FOREIGN_CENTS
    assert found.value == D("85690.727565"), FOREIGN_CENTS
    assert found.lines[1].weight == pytest.approx(14353.22504 / 85690.727565)


def test_prices_stay_in_the_assets_currency_and_values_are_in_base_currency() -> None:
    vodafone = valued().lines[1]
    assert (vodafone.price, vodafone.rate, vodafone.base_price) == (D("0.7112"), D("1.3105"), D("0.93202760"))
    assert valued().lines[0].rate == 1


def test_the_worth_of_each_balance_is_known() -> None:
    assert valued().cash.worth == {
        "USD": D("1520.75"), "GBP": D("-406.77920"), "EUR": D("2386.02485"), "JPY": D("569.36"),
    }  # fmt: skip


def test_the_change_of_the_day_is_that_of_prices_and_rates() -> None:
    before = (
        D("120") * D("285.10")
        + D("15400") * D("0.7064") * D("1.3052")
        + D("61") * D("240.00") * D("1.0811")
        + D("900") * D("2900") * D("0.00650")
        + D("1520.75")
        - D("310.40") * D("1.3052")
        + D("2204.18") * D("1.0811")
        + D("88000") * D("0.00650")
    )
    assert valued().day_change == D("85690.727565") - before
    assert valued().lines[1].day_change == pytest.approx(0.7112 / 0.7064 - 1), "in its own currency"


def test_without_the_previous_close_of_a_rate_the_change_of_the_day_is_unknown() -> None:
    found = valued(previous_close=None)
    assert found.value == D("85690.727565")
    assert found.day_change is None


def test_a_rate_without_a_quote_leaves_what_it_values_unpriced_and_the_whole_without_a_value() -> None:
    found = valued({"GBPUSD=X": NONE})
    vodafone = found.lines[1]
    assert (vodafone.state, vodafone.value, vodafone.price) == ("unpriced", None, D("0.7112"))
    assert vodafone.trust.reason == "GBPUSD=X: no quote"
    assert (found.value, found.cash.value, found.drift) == (None, None, None)


def test_a_balance_alone_needs_its_rate() -> None:
    found = valued(cash={"USD": "10", "CHF": "0.01"})
    assert (found.value, found.cash.value) == (None, None)
    assert found.rates["CHF"].trust.reason == "no quote"
    assert valued(cash={"USD": "10", "CHF": "0"}).value is not None, "nothing needs no rate"


def test_a_doubtful_rate_makes_everything_in_its_currency_doubtful() -> None:
    found = valued({"EURUSD=X": OLD})
    trusted = {line.symbol: line.trust.trusted for line in found.lines}
    assert trusted == {"VTI": True, "VOD.L": True, "SAP.DE": False, "7203.T": True}
    assert found.lines[2].trust.reason == "EURUSD=X: 900 s old, limit 120 s"
    assert found.lines[2].trust.error == pytest.approx(0.2)
    assert found.value == D("85690.727565"), "it still counts"


def test_errors_of_price_and_rate_multiply() -> None:
    trust = valued({"EURUSD=X": OLD, "SAP.DE": replace(OLD, error=0.1)}).lines[2].trust
    assert trust.error == pytest.approx(1.1 * 1.2 - 1)
    assert trust.reason == "900 s old, limit 120 s; EURUSD=X: 900 s old, limit 120 s"


def test_an_outside_asset_whose_rate_is_unknown_hides_nothing() -> None:
    assets = (Asset("VTI", "USD", target=1.0, band=AbsoluteBand(0.05, 0.05)), Asset("H", "CHF", outside=True))
    book = Book(
        {
            "VTI": Position("VTI", "USD", (HeldLot("open:VTI:0", "VTI", D(1)),)),
            "H": Position("H", "CHF", (HeldLot("open:H:0", "H", D(1)),)),
        },
        {},
    )
    board = QuoteBoard({s: Quote(s, "csv", D(9), c, NOW) for s, c in (("VTI", "USD"), ("H", "CHF"))})
    found = value_book(Portfolio("p", "p", "USD", assets), book, board, {"VTI": SURE, "H": SURE})
    assert (found.value, found.lines[1].value, found.lines[1].state) == (D(9), None, "outside")


def test_a_jump_that_is_only_warned_of_hides_no_doubtful_rate() -> None:
    jumped = Trust(False, True, "jumped +21.0%", suspicion="jump")
    old = Rate("EUR", "EURUSD=X", Trust(False, True, "3 h old"))
    both = joined(jumped, old)
    assert (both.trusted, both.suspicion) == (False, None)
    assert "3 h old" in (both.reason or "")
    assert joined(jumped, replace(old, trust=Trust(True, True))).suspicion == "jump"
