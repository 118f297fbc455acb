"""Regulatory fees of the US and the UK, by trade date.

Sources: FINRA Information Notice 4/24/25; SEC Release 34-104909; SR-FINRA-2024-019, SR-FINRA-2026-021 (Release
34-106409, FR 2026-19392); HMRC STSM014030; thetakeoverpanel.org.uk (PTM levy); Alpaca's fee schedule (CAT).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.costs.fees import cost_estimators, trade_costs
from core.costs.regulatory import regulatory_fees
from core.market.sessions import exchange_day
from core.portfolio.fees import shipped, unrounded
from core.portfolio.model import Asset, Costs, Fee, Kind, Market

D = Decimal
MAY = date(2026, 5, 4)
US = tuple(shipped("us").values())
UK = tuple(shipped("uk").values())
SHARE = Asset("A", "USD", kind="stock")
UK_SHARE = Asset("A.L", "GBP", kind="stock", market="uk", stamp=True)


def fees(
    side: Literal["buy", "sell"],
    quantity: str,
    price: str,
    day: date = MAY,
    asset: Asset = SHARE,
    table: tuple[Fee, ...] = US,
) -> dict[str, Decimal]:
    """What each fee takes, by name; those that take nothing left out."""
    details = regulatory_fees(table, asset, side, day, D(quantity), D(quantity) * D(price))
    return {name: fee for name, fee in details if fee}


def in_uk(side: Literal["buy", "sell"], value: str, asset: Asset = UK_SHARE, day: date = MAY) -> dict[str, Decimal]:
    return fees(side, "1", value, day, asset, UK)


@pytest.mark.parametrize(
    ("quantity", "price", "unrounded_sec", "sec", "unrounded_taf", "taf"),
    [
        ("1000", "10", ".206", ".21", ".195", ".20"),
        ("100", "2.62", ".0053972", ".01", ".0195", ".02"),
        ("50206", "1", "1.0342436", "1.04", "9.79", "9.79"),  # the cap binds for the first time
        ("50205", "1", "1.034223", "1.04", "9.789975", "9.79"),
        ("100000", "50", "103", "103.00", "9.79", "9.79"),
        ("10", "50", ".0103", ".02", ".00195", ".01"),
    ],
)
def test_a_us_sale_pays_sec_and_taf_each_rounded_up_to_the_cent(
    quantity: str, price: str, unrounded_sec: str, sec: str, unrounded_taf: str, taf: str
) -> None:
    charged = fees("sell", quantity, price)
    assert (charged["sec"], charged["taf"]) == (D(sec), D(taf))
    exactly = fees("sell", quantity, price, table=unrounded(US))
    assert (exactly["sec"], exactly["taf"]) == (D(unrounded_sec), D(unrounded_taf))


def test_cat_is_paid_by_both_sides_and_nothing_else_by_a_buy() -> None:
    assert fees("sell", "1000", "10")["cat"] == D(".01")  # .003
    assert fees("buy", "1000", "10") == {"cat": D(".01")}
    assert fees("buy", "1000", "10", table=unrounded(US)) == {"cat": D(".003")}


@pytest.mark.parametrize(
    ("day", "per_million"),
    [
        (date(2020, 1, 2), "27.80"),  # before the first row: the earliest that is known
        (date(2024, 5, 22), "27.80"),
        (date(2025, 5, 13), "27.80"),
        (date(2025, 5, 14), "0"),
        (date(2026, 4, 3), "0"),
        (date(2026, 4, 4), "20.60"),
        (date(2026, 11, 25), "20.60"),  # while the TAF is paused
        (date(2030, 1, 2), "20.60"),
    ],
)
def test_the_sec_fee_by_trade_date(day: date, per_million: str) -> None:
    assert fees("sell", "10000", "100", day).get("sec", D(0)) == D(per_million)


@pytest.mark.parametrize(
    ("day", "ten_thousand_shares", "cap"),
    [
        (date(2019, 1, 2), "1.66", "8.30"),
        (date(2024, 6, 3), "1.66", "8.30"),
        (date(2025, 12, 31), "1.66", "8.30"),
        (date(2026, 1, 1), "1.95", "9.79"),
        (date(2026, 9, 30), "1.95", "9.79"),
        (date(2026, 10, 1), "0", "0"),
        (date(2026, 12, 31), "0", "0"),
        (date(2027, 1, 1), "2.32", "11.61"),
        (date(2028, 1, 1), "2.40", "12.05"),
    ],
)
def test_the_taf_by_trade_date(day: date, ten_thousand_shares: str, cap: str) -> None:
    assert fees("sell", "10000", "1", day).get("taf", D(0)) == D(ten_thousand_shares)
    assert fees("sell", "1000000", "1", day).get("taf", D(0)) == D(cap)


def test_the_trade_date_is_the_exchanges() -> None:
    late = datetime(2026, 9, 30, 23, 59, tzinfo=ZoneInfo("America/New_York"))
    assert late.astimezone(UTC).date() == date(2026, 10, 1)
    assert fees("sell", "1000", "10", exchange_day(SHARE, None, late))["taf"] == D(".20")


@pytest.mark.parametrize("kind", ["fund", "bond", "crypto"])
def test_what_is_no_share_pays_no_us_fee(kind: Kind) -> None:
    asset = Asset("A", "USD", kind=kind)
    assert fees("sell", "1000", "10", asset=asset) == fees("buy", "1000", "10", asset=asset) == {}


@pytest.mark.parametrize("kind", ["stock", "etf", "other"])
def test_shares_etfs_and_what_is_not_said_to_be_anything_else_do(kind: Kind) -> None:
    assert fees("sell", "1000", "10", asset=Asset("A", "USD", kind=kind)).keys() == {"sec", "taf", "cat"}


@pytest.mark.parametrize(("market", "currency"), [("uk", "USD"), ("none", "USD"), ("us", "EUR")])
def test_us_fees_are_those_of_us_listings_in_dollars(market: Market, currency: str) -> None:
    assert fees("sell", "1000", "10", asset=Asset("A", currency, market=market)) == {}


@pytest.mark.parametrize(
    ("value", "stamp"),
    [
        ("2690.93", "13.45"),
        ("2690.94", "13.45"),  # 13.4547
        ("2691", "13.46"),  # 13.4550
        ("10000", "50.00"),
        ("1234.56", "6.17"),
        ("1", "0.01"),  # half a penny up
        ("0.99", "0"),
    ],
)
def test_stamp_duty_reserve_tax_is_half_a_percent_to_the_nearest_penny(value: str, stamp: str) -> None:
    assert in_uk("buy", value).get("stamp", D(0)) == D(stamp)
    assert "stamp" not in in_uk("sell", value)


def test_stamp_duty_is_rounded_by_law_whatever_the_broker_does() -> None:
    assert fees("buy", "1", "2691", asset=UK_SHARE, table=unrounded(UK)) == {"stamp": D("13.46")}


def test_stamp_duty_is_of_the_assets_that_say_so() -> None:
    assert in_uk("buy", "5000", Asset("A.L", "GBP", kind="stock", market="uk")) == {}
    assert in_uk("buy", "5000", Asset("A.L", "GBP", stamp=True)) == {"stamp": D(25)}  # `market` not written
    assert in_uk("buy", "5000", Asset("A.L", "USD", market="uk", stamp=True)) == {}  # nothing is converted


def test_the_ptm_levy_is_of_contracts_above_ten_thousand_pounds_in_shares() -> None:
    assert "ptm" not in in_uk("sell", "10000.00")
    assert in_uk("sell", "10000.01") == {"ptm": D("1.50")}
    assert in_uk("buy", "10000.01") == {"stamp": D("50.00"), "ptm": D("1.50")}
    assert in_uk("buy", "20000", Asset("A.L", "GBP", kind="etf", market="uk")) == {}
    assert in_uk("buy", "20000", Asset("A.L", "GBP", market="uk")) == {}
    assert in_uk("buy", "20000", Asset("A", "GBP", kind="stock", market="us")) == {}


def test_the_ptm_levy_was_a_pound_until_december_2024() -> None:
    assert in_uk("sell", "20000", day=date(2024, 12, 1))["ptm"] == D("1.00")
    assert in_uk("sell", "20000", day=date(2024, 12, 2))["ptm"] == D("1.50")


def test_the_sum_is_a_cash_cost_beside_the_commission() -> None:
    costs = trade_costs(SHARE, Costs(per_order=D(1), fees=US), "sell", MAY, D(1000), D(10))
    assert (costs.commission, costs.fees, costs.cash, costs.total) == (D(1), D("0.42"), D("1.42"), D("1.42"))
    assert costs.fee_details == (("sec", D("0.21")), ("taf", D("0.20")), ("cat", D("0.01")))


def test_fees_stay_in_their_own_currency_where_the_commission_is_converted() -> None:
    costs = trade_costs(SHARE, Costs(per_order=D(1), fees=US), "sell", MAY, D(1000), D(10), D("0.8"))
    assert (costs.commission, costs.fees) == (D("1.25"), D("0.42"))


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**7),
    st.sampled_from([SHARE, UK_SHARE]),
    st.booleans(),
    st.sampled_from([date(2025, 1, 2), MAY, date(2026, 11, 2)]),
    st.sampled_from(["1", "1.25", "0.8"]),
)
def test_the_planners_estimate_is_what_is_charged(
    quantity: int, cents: int, asset: Asset, buys: bool, day: date, rate: str
) -> None:
    costs = Costs(fees=US + UK)
    price = D(cents) / 100
    exact = trade_costs(asset, costs, "buy" if buys else "sell", day, D(quantity), price, D(rate))
    estimate = cost_estimators(costs)(asset, float(price * D(rate)), float(rate), day)
    cash, _ = estimate(float(quantity if buys else -quantity))
    assert cash == pytest.approx(float(exact.cash * D(rate)), rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("market", ["us", "uk"])
def test_every_shipped_row_names_its_source_and_the_rows_leave_no_day_out(market: Literal["us", "uk"]) -> None:
    for fee in shipped(market).values():
        assert all(row.source for row in fee.rows)
        for row, following in zip(fee.rows, fee.rows[1:], strict=False):
            assert row.until is not None
            assert (following.start - row.until).days == 1
        assert fee.rows[-1].until is None


def test_conflicting_sources_are_told_in_the_row() -> None:
    rows = {row.start: row.note for row in shipped("us")["taf"].rows}
    assert "conflict" in rows[date(2027, 1, 1)]
    assert "conflict" in rows[date(2028, 1, 1)]
