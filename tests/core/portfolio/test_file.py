"""The portfolio file as section 2 of the contract describes it."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import BadInput
from core.money import SMALLEST_STEP
from core.portfolio.file import load_portfolio, parse_portfolio
from core.portfolio.model import (
    AbsoluteBand,
    Asset,
    Band,
    Cash,
    Costs,
    FeedSettings,
    Limit,
    Limits,
    LooserBand,
    OpeningLot,
    Policy,
    Portfolio,
    RangeBand,
    RelativeBand,
    Tax,
    TighterBand,
)

HEAD = 'schema = 1\nid = "book"\nbase_currency = "USD"\n'
VTI = '[[asset]]\nsymbol = "VTI"\ntarget = 60\n'
BND = '[[asset]]\nsymbol = "BND"\ntarget = 40\n'
BOOK = HEAD + VTI + BND
SAP = '[[asset]]\nsymbol = "SAP.DE"\ncurrency = "EUR"\n'
FIXED = HEAD + '[[asset]]\nsymbol = "VTI"\ntarget_value = 50000\n'

CONTRACT_EXAMPLE = """
schema = 1
id = "classic-60-40"
name = "Classic 60/40"
base_currency = "USD"
timezone = ""
[feed]
source = "yahoo"
prices = ""
interval = 15
stale_after = 120
[cash]
balances = { USD = 1000.00 }
target = 0
floor = 0
[policy]
band = 3
destination = "target"
scope = "breached"
near = 75
min_trade = 0
cooldown = 0
dwell = 0
mode = "both"
worth_it = "warn"
risk_aversion = 3
horizon = 0.25
[costs]
per_order = 0
per_share = 0
rate_bps = 0
minimum = 0
maximum_percent = 0
spread_bps = 0
impact = 0
fx_bps = 0
fees = "none"
[tax]
regime = "none"
method = "fifo"
short_rate = 35
long_rate = 15
wash_sales = "warn"
wash_group = ""
[limits]
max_trade = "warn:25"
max_turnover_day = 100
max_turnover_month = 100
max_trades_day = "warn:20"
max_participation = 0
max_jump = 20
max_sector = 0
market_hours = false
[[asset]]
symbol = "VTI"
name = "US total market"
sector = "broad"
kind = "etf"
currency = "USD"
target = 60
band = 3
destination = "target"
step = 1
buy = true
sell = true
outside = false
spread_bps = 2
market = "us"
stamp = false
average_daily_value = 0
daily_volatility = 0
lots = [ { quantity = 100, price = 210.50, acquired = 2023-05-01 } ]
[[asset]]
symbol = "BND"
target = 40
"""


def parse(text: str) -> Portfolio:
    return parse_portfolio(text, "book.toml", Path("/books"))


def problems(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(BadInput) as caught:
        parse(text)
    return [(problem.where, problem.what, problem.fix) for problem in caught.value.problems]


def only_problem(text: str) -> tuple[str, str, str]:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def asset(text: str) -> Asset:
    return parse(text).assets[0]


# what is read


def test_a_minimal_file_gets_every_default() -> None:
    text = HEAD + '[[asset]]\nsymbol = "VTI"\n'
    portfolio = parse(text)
    assert portfolio == Portfolio("book.toml", "book", "USD", (Asset("VTI", "USD"),), text=text)
    assert not portfolio.has_targets


def test_the_example_of_the_contract_states_the_defaults() -> None:
    portfolio = parse(CONTRACT_EXAMPLE)
    assert (portfolio.id, portfolio.name, portfolio.base_currency) == ("classic-60-40", "Classic 60/40", "USD")
    assert portfolio.timezone == ""
    assert portfolio.opened is None
    assert portfolio.feed == FeedSettings()
    assert portfolio.cash == Cash(balances={"USD": Decimal(1000)})
    assert portfolio.policy == Policy()
    assert portfolio.costs == Costs()
    assert portfolio.limits == Limits()
    assert portfolio.warnings == ()
    vti, bnd = portfolio.assets
    assert vti == Asset(
        symbol="VTI",
        currency="USD",
        name="US total market",
        sector="broad",
        kind="etf",
        target=0.6,
        band=AbsoluteBand(0.03, 0.03),
        spread=Decimal("0.0002"),
        lots=(OpeningLot(Decimal(100), Decimal("210.50"), date(2023, 5, 1)),),
    )
    assert bnd == Asset("BND", "USD", target=0.4, band=AbsoluteBand(0.03, 0.03))


def test_money_and_quantities_are_exact() -> None:
    lots = "lots = [{ quantity = 0.123456789012345678, price = 98765432109.87 }]\n"
    lot = asset(HEAD + VTI + lots + BND).lots[0]
    assert lot == OpeningLot(Decimal("0.123456789012345678"), Decimal("98765432109.87"), None)


def test_percents_become_fractions() -> None:
    text = HEAD + (
        "[cash]\ntarget = 10\nfloor = 2.5\n[policy]\nnear = 80\n"
        "[costs]\nrate_bps = 5\nmaximum_percent = 0.5\nspread_bps = 3\n"
        '[[asset]]\nsymbol = "VTI"\ntarget = 60\ndaily_volatility = 1.2\n[[asset]]\nsymbol = "BND"\ntarget = 30\n'
    )
    portfolio = parse(text)
    assert (portfolio.cash.target, portfolio.cash.floor, portfolio.policy.near) == (0.1, 0.025, 0.8)
    assert (portfolio.costs.rate, portfolio.costs.maximum_rate) == (Decimal("0.0005"), Decimal("0.005"))
    assert [a.target for a in portfolio.assets] == [0.6, 0.3]
    assert portfolio.assets[0].daily_volatility == Decimal("0.012")
    assert portfolio.assets[0].spread == Decimal("0.0003")


def test_every_other_key_that_is_built_takes_its_values() -> None:
    text = HEAD + (
        'timezone = "Europe/London"\nopened = 2026-11-01\n'
        '[policy]\nband = "10%"\ndestination = "half"\nscope = "all"\nmin_trade = 99.50\n'
        "cooldown = 24\ndwell = 30\n"
        'mode = "buy_only"\nworth_it = "off"\n'
        "[costs]\nper_order = 1\nper_share = 0.005\nminimum = 1\nimpact = 0\n"
        '[limits]\nmax_trade = 10\nmax_turnover_day = "warn:50"\nmax_turnover_month = 200\nmax_trades_day = 5\n'
        'max_jump = "warn: 12.5"\n' + VTI + "buy = false\nsell = false\nmarket = 'none'\n"
        "average_daily_value = 1e9\n" + BND
    )
    portfolio = parse(text)
    assert portfolio.timezone == "Europe/London"
    assert portfolio.opened == date(2026, 11, 1)
    assert portfolio.policy == Policy(
        band=RelativeBand(0.1, 0.1),
        destination=0.5,
        scope="all",
        min_trade=Decimal("99.50"),
        cooldown_hours=24.0,
        dwell_seconds=30.0,
        mode="buy_only",
        worth_it="off",
    )
    assert portfolio.costs == Costs(per_order=Decimal(1), per_share=Decimal("0.005"), minimum=Decimal(1))
    assert portfolio.limits == Limits(Limit(0.1), Limit(0.5, True), Limit(2.0), Limit(5), Limit(0.125, True))
    vti = portfolio.assets[0]
    assert (vti.buy, vti.sell, vti.market, vti.average_daily_value) == (False, False, "none", Decimal(10**9))


def test_an_asset_inherits_band_destination_and_spread_and_may_override_them() -> None:
    text = HEAD + (
        '[policy]\nband = 5\ndestination = "edge"\n[costs]\nspread_bps = 4\n'
        + VTI
        + BND
        + 'band = 2\ndestination = "half"\nspread_bps = 0\n'
    )
    vti, bnd = parse(text).assets
    assert (vti.band, vti.destination, vti.spread) == (AbsoluteBand(0.05, 0.05), 0.0, Decimal("0.0004"))
    assert (bnd.band, bnd.destination, bnd.spread) == (AbsoluteBand(0.02, 0.02), 0.5, Decimal(0))


@pytest.mark.parametrize(
    ("written", "band"),
    [
        ("3", AbsoluteBand(0.03, 0.03)),
        ("2.5", AbsoluteBand(0.025, 0.025)),
        ("0", AbsoluteBand(0.0, 0.0)),
        ('{ kind = "absolute", width = 3 }', AbsoluteBand(0.03, 0.03)),
        ('{ kind = "absolute", lower_width = 2, upper_width = 4 }', AbsoluteBand(0.02, 0.04)),
        ('"10%"', RelativeBand(0.1, 0.1)),
        ('" 12.5 % "', RelativeBand(0.125, 0.125)),
        ('{ kind = "relative", width = 10 }', RelativeBand(0.1, 0.1)),
        ('{ kind = "relative", lower_width = 10, upper_width = 20 }', RelativeBand(0.1, 0.2)),
        ('"5/25"', TighterBand(0.05, 0.25)),
        ('{ kind = "tighter", absolute = 5, relative = 25 }', TighterBand(0.05, 0.25)),
        ('{ kind = "looser", absolute = 1, relative = 20 }', LooserBand(0.01, 0.2)),
        ('"55-70"', RangeBand(0.55, 0.7)),
        ('{ kind = "range", lower = 55, upper = 60 }', RangeBand(0.55, 0.6)),
    ],
)
def test_a_band_in_each_notation(written: str, band: Band) -> None:
    assert asset(HEAD + VTI + f"band = {written}\n" + BND).band == band


@pytest.mark.parametrize(
    ("written", "back"), [('"target"', 1.0), ('"half"', 0.5), ('"edge"', 0.0), ("0.25", 0.25), ("1", 1.0)]
)
def test_a_destination_in_each_notation(written: str, back: float) -> None:
    assert asset(HEAD + VTI + f"destination = {written}\n" + BND).destination == back


def test_lots_may_stand_inline_or_as_tables() -> None:
    inline = asset(
        HEAD + VTI + 'lots = [{ quantity = 2, price = 5, acquired = "2023-05-01" }, { quantity = 1 }]\n' + BND
    )
    tables = asset(
        HEAD
        + VTI
        + "[[asset.lots]]\nquantity = 2\nprice = 5\nacquired = 2023-05-01\n[[asset.lots]]\nquantity = 1\n"
        + BND
    )
    assert (
        inline.lots == tables.lots == (OpeningLot(Decimal(2), Decimal(5), date(2023, 5, 1)), OpeningLot(Decimal(1)))
    )


def test_a_quantity_alone_is_a_lot_of_unknown_basis() -> None:
    assert asset(HEAD + VTI + "quantity = 12.5\n" + BND).lots == (OpeningLot(Decimal("12.5"), None, None),)
    assert asset(HEAD + VTI + "quantity = 0\n" + BND).lots == ()


def test_step_0_is_any_fraction() -> None:
    assert asset(HEAD + VTI + "step = 0\n" + BND).step == SMALLEST_STEP
    assert asset(HEAD + VTI + "step = 0.01\n" + BND).step == Decimal("0.01")


def test_target_0_needs_no_band() -> None:
    text = HEAD + '[policy]\nband = "60-100"\n[cash]\ntarget = 100\n[[asset]]\nsymbol = "OLD"\ntarget = 0\n'
    assert asset(text).target == 0.0
    assert parse(text).has_targets


def test_an_untargeted_or_outside_asset_has_no_band() -> None:
    extra = '[[asset]]\nsymbol = "OLD"\n[[asset]]\nsymbol = "STAFF"\noutside = true\nquantity = 5\n'
    *_, old, staff = parse(BOOK + extra).assets
    assert (old.band, old.targeted) == (None, False)
    assert (staff.band, staff.outside) == (None, True)


@pytest.mark.parametrize("symbol", ["BRK-B", "VOD.L", "EURUSD=X", "^GSPC", "BTC-USD", "MES=F", "M&M.NS", "0700.HK"])
def test_real_symbols_pass(symbol: str) -> None:
    assert asset(HEAD + f'[[asset]]\nsymbol = "{symbol}"\n').symbol == symbol


def test_text_from_the_file_is_cleaned_and_capped() -> None:
    found = asset(HEAD + r"[[asset]]" + '\nsymbol = "VTI"\nname = "a\\u001b[31m\\u202eb' + "x" * 200 + '"\n')
    assert found.name.startswith("a[31mbxxx")
    assert len(found.name) == 80


def test_prices_are_relative_to_the_file() -> None:
    text = HEAD + '[feed]\nsource = "replay"\nprices = "prices/a.csv"\n[[asset]]\nsymbol = "VTI"\n'
    assert parse(text).feed == FeedSettings(source="replay", prices="/books/prices/a.csv")


@pytest.mark.parametrize("total", ["39.99", "40.01"])
def test_targets_may_miss_100_by_a_hundredth(total: str) -> None:
    assert parse(HEAD + VTI + f'[[asset]]\nsymbol = "BND"\ntarget = {total}\n').has_targets


# fixed values


def test_with_target_value_the_default_band_is_3_percent_of_the_value() -> None:
    portfolio = parse(FIXED)
    assert portfolio.fixed_value
    assert portfolio.policy.band == RelativeBand(0.03, 0.03)
    assert asset(FIXED).band == RelativeBand(0.03, 0.03)
    assert asset(FIXED).target_value == Decimal(50000)


@pytest.mark.parametrize("written", ["5", '"5%"', '{ kind = "relative", width = 5 }'])
def test_with_target_value_a_number_and_a_percent_are_percent_of_the_value(written: str) -> None:
    assert asset(FIXED + f"band = {written}\n").band == RelativeBand(0.05, 0.05)
    assert asset(FIXED + f"[policy]\nband = {written}\n").band == RelativeBand(0.05, 0.05)


@pytest.mark.parametrize("written", ['"5/25"', '"22-30"', '{ kind = "absolute", width = 3 }'])
def test_with_target_value_other_bands_are_refused(written: str) -> None:
    where, what, fix = only_problem(FIXED + f"band = {written}\n")
    assert where == "book.toml: asset[1] VTI: band"
    assert "fixed value" in what
    assert "write band = 5" in fix
    assert only_problem(FIXED + f"[policy]\nband = {written}\n")[0] == "book.toml: policy.band"


def test_with_target_value_cash_is_only_the_reserve() -> None:
    assert parse(FIXED + "[cash]\nfloor = 10\ntarget = 0\n").cash.floor == 0.1
    found = problems(FIXED + '[cash]\ntarget = 10\nband = 5\n[policy]\nscope = "all"\n')
    assert [where for where, *_ in found] == [
        "book.toml: cash.target",
        "book.toml: cash.band",
        "book.toml: policy.scope",
    ]


def test_target_and_target_value_do_not_mix() -> None:
    where, what, fix = only_problem(FIXED + '[[asset]]\nsymbol = "BND"\ntarget = 100\n')
    assert where == "book.toml: target"
    assert "asset[2] BND has target, asset[1] VTI target_value" in what
    assert "all" in fix


# what is refused

BAD: list[tuple[str, str, str]] = [
    # the whole file
    ("", "book.toml", "is empty"),
    ("\n \n", "book.toml", "is empty"),
    ("a\0b", "book.toml", "binary"),
    ("schema = 1\nid = \n", "book.toml: line 2", "broken TOML: Invalid value"),
    ("schema = 1\nschema = 1", "book.toml: line 2", "broken TOML: Cannot overwrite a value"),
    ("a = " + "[" * 5000, "book.toml", "nested too deeply"),
    ("a = " + "9" * 5000, "book.toml", "broken TOML: Exceeds the limit"),
    (BOOK.replace("schema = 1", "schema = 2"), "book.toml: schema", "schema 2, this version reads schema 1"),
    (BOOK.replace("schema = 1\n", ""), "book.toml: schema", "is missing"),
    (BOOK.replace("schema = 1", 'schema = "1"'), "book.toml: schema", 'must be a number, not "1"'),
    (HEAD, "book.toml: asset", "there is no [[asset]]"),
    (HEAD + "asset = []", "book.toml: asset", "there is no [[asset]]"),
    (HEAD + '[asset]\nsymbol = "VTI"', "book.toml: asset", "must be a list of tables, not a table"),
    (HEAD + "asset = [1]", "book.toml: asset[1]", "must be a table, not 1"),
    (HEAD + "[[policy]]\n" + VTI + BND, "book.toml: policy", "must be one table, not a list"),
    (HEAD + "tolerence = 1\n" + VTI + BND, "book.toml: tolerence", "unknown key"),
    (BOOK + "[import]\nsymbol = {}\n", "book.toml: import.symbol", "unknown key"),
    (
        BOOK + "[import.symbols]\nUS9229087690 = 5\n",
        "book.toml: import.symbols.US9229087690",
        "must be text, not 5",
    ),
    # names
    (BOOK.replace('id = "book"\n', ""), "book.toml: id", "is missing"),
    (BOOK.replace('"book"', '"My Book"'), "book.toml: id", "must be of a-z, 0-9 and -"),
    (BOOK.replace('"book"', '"../up"'), "book.toml: id", "must be of a-z, 0-9 and -"),
    (BOOK.replace('"book"', '"feed"'), "book.toml: id", "a folder of ours"),
    (BOOK.replace('"book"', f'"{"x" * 65}"'), "book.toml: id", "must be of a-z"),
    (BOOK.replace('base_currency = "USD"\n', ""), "book.toml: base_currency", "is missing"),
    (BOOK.replace('"USD"', '"usd"'), "book.toml: base_currency", 'must be a currency code, not "usd"'),
    (BOOK.replace('"USD"', '"GBp"'), "book.toml: base_currency", "a minor unit of GBP"),
    (HEAD + 'timezone = "Mars/Base"\n' + VTI + BND, "book.toml: timezone", "not a known time zone"),
    (HEAD + 'timezone = "../../etc"\n' + VTI + BND, "book.toml: timezone", "not a known time zone"),
    (HEAD + "opened = 2026-11-01T10:00:00\n" + VTI + BND, "book.toml: opened", "must be a day"),
    (HEAD + 'opened = "2026-02-30"\n' + VTI + BND, "book.toml: opened", "there is no day 2026-02-30"),
    (HEAD + "name = 5\n" + VTI + BND, "book.toml: name", "must be text, not 5"),
    # feed, cash
    (BOOK + "[feed]\ninterval = 4\n", "book.toml: feed.interval", "must be at least 5"),
    (BOOK + '[feed]\nsource = "bloomberg"\n', "book.toml: feed.source", 'must be "yahoo" or "replay" or "manual"'),
    (BOOK + '[feed]\nsource = "replay"\n', "book.toml: feed.prices", "a replay needs prices"),
    (BOOK + "[cash]\nbalances = { usd = 5 }\n", "book.toml: cash.balances.usd", "must be a currency code"),
    (BOOK + "[cash]\nbalances = { GBp = 5 }\n", "book.toml: cash.balances.GBp", "a minor unit of GBP"),
    (BOOK + '[limits]\nmarket_hours = "warn:true"\n', "book.toml: limits.market_hours", "must be true or false"),
    (BOOK + "[costs]\nfx_bps = -1\n", "book.toml: costs.fx_bps", "cannot be negative"),
    (BOOK + SAP + "lots = [{ quantity = 1, rate = 0 }]\n", "book.toml: asset[3] SAP.DE: lots[1].rate", "above 0"),
    (BOOK + SAP + "lots = [{ quantity = 1, rate = -1 }]\n", "book.toml: asset[3] SAP.DE: lots[1].rate", "negative"),
    (
        BOOK + "lots = [{ quantity = 1, rate = 1.1 }]\n",
        "book.toml: asset[2] BND: lots[1].rate",
        "in base currency, where it is 1",
    ),
    (BOOK + "[cash]\nbalances = { USD = true }\n", "book.toml: cash.balances.USD", "must be a number, not true"),
    (BOOK + "[cash]\nbalances = 5\n", "book.toml: cash.balances", "must be one table, not 5"),
    (BOOK + "[cash]\nfloor = 101\n", "book.toml: cash.floor", "must be at most 100, not 101"),
    (BOOK + '[cash]\nband = "2-10"\n', "book.toml: cash.band", "2-10 cannot hold the target 0"),
    # policy, costs, limits
    (BOOK + "[policy]\nbandd = 3\n", "book.toml: policy.bandd", "unknown key"),
    (BOOK + "[policy]\nnear = 101\n", "book.toml: policy.near", "must be at most 100"),
    (BOOK + '[policy]\nnear = "75%"\n', "book.toml: policy.near", 'must be a number, not "75%"'),
    (BOOK + "[policy]\nmin_trade = nan\n", "book.toml: policy.min_trade", "must be a finite number"),
    (BOOK + "[policy]\nmin_trade = -inf\n", "book.toml: policy.min_trade", "must be a finite number"),
    (BOOK + "[policy]\nmin_trade = 1e999999999999999999999\n", "book.toml: policy.min_trade", "finite number"),
    (BOOK + "[policy]\nmin_trade = 1e300\n", "book.toml: policy.min_trade", "must be at most"),
    (BOOK + "[policy]\nmin_trade = 0." + "1" * 30 + "\n", "book.toml: policy.min_trade", "too many digits"),
    (BOOK + '[policy]\nscope = "some"\n', "book.toml: policy.scope", 'must be "breached" or "all", not "some"'),
    (BOOK + "[policy]\ndestination = 2\n", "book.toml: policy.destination", "a number from 0 to 1, not 2"),
    (BOOK + '[policy]\nworth_it = "block"\n', "book.toml: policy.worth_it", "not supported yet"),
    (BOOK + "[costs]\nper_order = -1\n", "book.toml: costs.per_order", "cannot be negative"),
    (BOOK + '[limits]\nmax_trade = "stop:25"\n', "book.toml: limits.max_trade", 'a number or "warn:NUMBER"'),
    (BOOK + "[limits]\nmax_trades_day = 2.5\n", "book.toml: limits.max_trades_day", "must be a whole number"),
    # assets
    (HEAD + "[[asset]]\n", "book.toml: asset[1]: symbol", "is missing"),
    (HEAD + '[[asset]]\nsymbol = ""\n', "book.toml: asset[1]: symbol", "is empty"),
    (HEAD + '[[asset]]\nsymbol = "V TI"\n', "book.toml: asset[1] V TI: symbol", "must be a symbol"),
    (HEAD + '[[asset]]\nsymbol = "[/x]"\n', "book.toml: asset[1] [/x]: symbol", "must be a symbol"),
    (HEAD + '[[asset]]\nsymbol = "A\\u001bB"\n', "book.toml: asset[1] AB: symbol", "must be a symbol"),
    (BOOK + '[[asset]]\nsymbol = "VTI"\n', "book.toml: asset[3] VTI: symbol", "VTI is already asset[1]"),
    (BOOK + '[[asset]]\nsymbol = "X"\nweight = 5\n', "book.toml: asset[3] X: weight", "unknown key"),
    (BOOK + "kind = 'coin'\n", "book.toml: asset[2] BND: kind", 'not "coin"'),
    (BOOK + "buy = 1\n", "book.toml: asset[2] BND: buy", "must be true or false, not 1"),
    (BOOK + "step = -1\n", "book.toml: asset[2] BND: step", "cannot be negative"),
    (BOOK + "step = 0.0000001\n", "book.toml: asset[2] BND: step", "must be at least 0.000001"),
    (BOOK + "quantity = -5\n", "book.toml: asset[2] BND: quantity", "cannot be negative"),
    (BOOK + "quantity = 5\nlots = []\n", "book.toml: asset[2] BND: quantity", "stands beside lots"),
    (BOOK + "lots = [{ price = 5 }]\n", "book.toml: asset[2] BND: lots[1].quantity", "is missing"),
    (BOOK + "lots = [{ quantity = 0 }]\n", "book.toml: asset[2] BND: lots[1].quantity", "must be above 0"),
    (BOOK + "lots = [{ quantity = 1, price = -1 }]\n", "book.toml: asset[2] BND: lots[1].price", "be negative"),
    (BOOK + "lots = [{ quantity = 1, acquired = 5 }]\n", "book.toml: asset[2] BND: lots[1].acquired", "a day"),
    (BOOK + "lots = [{ quantity = 1, prize = 5 }]\n", "book.toml: asset[2] BND: lots[1].prize", "unknown key"),
    (BOOK + "lots = 5\n", "book.toml: asset[2] BND: lots", "must be a list of tables, not 5"),
    # targets
    (HEAD + VTI, "book.toml: target", "sum to 60, not 100"),
    (HEAD + VTI + BND.replace("40", "40.02"), "book.toml: target", "sum to 100.02, not 100"),
    (BOOK + "[cash]\ntarget = 5\n", "book.toml: target", "cash included, sum to 105, not 100"),
    (
        HEAD + VTI.replace("60", "0.6") + BND.replace("40", "0.4"),
        "book.toml: target",
        "targets look like fractions: write 60, not 0.6",
    ),
    (BOOK.replace("40", "true"), "book.toml: asset[2] BND: target", "must be a number, not true"),
    (BOOK.replace("40", '"40%"'), "book.toml: asset[2] BND: target", 'must be a number, not "40%"'),
    (BOOK.replace("40", "140"), "book.toml: asset[2] BND: target", "must be at most 100, not 140"),
    (
        BOOK + '[[asset]]\nsymbol = "X"\noutside = true\ntarget = 5\n',
        "book.toml: asset[3] X: target",
        "an outside asset cannot have a target",
    ),
    # bands
    (BOOK + "band = -3\n", "book.toml: asset[2] BND: band", "cannot be negative: -3"),
    (BOOK + "band = true\n", "book.toml: asset[2] BND: band", "must be a band, not true"),
    (BOOK + 'band = "wide"\n', "book.toml: asset[2] BND: band", 'must be a band, not "wide"'),
    (BOOK + 'band = "-5%"\n', "book.toml: asset[2] BND: band", "must be a band"),
    (BOOK + 'band = "50-60"\n', "book.toml: asset[2] BND: band", "the band 50-60 cannot hold the target 40"),
    (BOOK + 'band = "45-35"\n', "book.toml: asset[2] BND: band", "lower edge 45 is above the upper 35"),
    (BOOK + "band = {}\n", "book.toml: asset[2] BND: band.kind", "is missing"),
    (BOOK + "band = { kind = 'box' }\n", "book.toml: asset[2] BND: band.kind", 'not "box"'),
    (BOOK + "band = { kind = 'absolute' }\n", "book.toml: asset[2] BND: band.width", "is missing"),
    (
        BOOK + "band = { kind = 'absolute', lower_width = 1 }\n",
        "book.toml: asset[2] BND: band.upper_width",
        "is missing",
    ),
    (
        BOOK + "band = { kind = 'absolute', width = 1, lower_width = 1, upper_width = 1 }\n",
        "book.toml: asset[2] BND: band.width",
        "stands beside lower_width",
    ),
    (
        BOOK + "band = { kind = 'range', lower = 1, uper = 50, upper = 50 }\n",
        "book.toml: asset[2] BND: band.uper",
        "unknown key",
    ),
    (
        BOOK + '[policy]\nband = "30-50"\n',
        "book.toml: asset[1] VTI: band",
        "policy.band 30-50 cannot hold the target 60",
    ),
]


@pytest.mark.parametrize(("text", "where", "what"), BAD)
def test_bad_input_is_one_problem_that_names_its_place(text: str, where: str, what: str) -> None:
    found_where, found_what, fix = only_problem(text)
    assert found_where == where
    assert what in found_what
    assert fix


NOT_YET = [
    ('[costs]\nfee_rounding = "daily_up"\n', "costs.fee_rounding"),
    ("[limits]\nmax_participation = 5\n", "limits.max_participation"),
    ("[limits]\nmax_sector = 30\n", "limits.max_sector"),
    ("[policy]\nrisk_aversion = 4\n", "policy.risk_aversion"),
    ("[policy]\nhorizon = 1\n", "policy.horizon"),
    ('[policy]\nband = "auto"\n', "policy.band"),
    ('[policy]\nband = { kind = "cost_optimal" }\n', "policy.band.kind"),
    ('[policy]\nband = { kind = "volatility", multiple = 1.5, volatility = 20 }\n', "policy.band.kind"),
    ('[[sleeve]]\nname = "equity"\n', "sleeve"),
    ('[[tilt]]\nsymbol = "VTI"\n', "tilt"),
    ("[[contribution]]\namount = 500\n", "contribution"),
    ('[[overlay]]\nsymbol = "MES=F"\n', "overlay"),
    ('[[asset]]\nsymbol = "X"\nsleeve = "equity"\n', "asset[3] X: sleeve"),
]


@pytest.mark.parametrize(("extra", "key"), NOT_YET)
def test_what_is_not_built_is_refused_unless_it_is_the_default(extra: str, key: str) -> None:
    where, what, _ = only_problem(BOOK + extra)
    assert where == f"book.toml: {key}"
    assert "not supported yet" in what


def test_assets_and_balances_may_be_in_any_currency() -> None:
    portfolio = parse(BOOK + SAP + "[cash]\nbalances = { CHF = 5, JPY = 6 }\n")
    assert [asset.currency for asset in portfolio.assets] == ["USD", "USD", "EUR"]
    assert portfolio.cash.balances == {"CHF": 5, "JPY": 6}
    assert portfolio.warnings == ()


@pytest.mark.parametrize(
    ("unit", "currency", "price"),
    [("GBp", "GBP", "0.7112"), ("GBX", "GBP", "0.7112"), ("ZAc", "ZAR", "0.7112"), ("ILA", "ILS", "0.7112")],
)
def test_prices_written_in_a_minor_unit_become_those_of_the_major_one(unit: str, currency: str, price: str) -> None:
    written = (
        f'[[asset]]\nsymbol = "X"\ncurrency = "{unit}"\nlots = [{{ quantity = 2, price = 71.12, rate = 1.3 }}]\n'
    )
    found = asset(HEAD + written)
    assert (found.currency, found.price_unit) == (currency, unit)
    assert found.lots == (OpeningLot(Decimal(2), Decimal(price), rate=Decimal("1.3")),)


def test_a_minor_unit_of_the_base_currency_is_in_base_currency() -> None:
    found = asset(HEAD.replace("USD", "GBP") + '[[asset]]\nsymbol = "VOD.L"\ncurrency = "GBp"\n')
    assert (found.currency, found.price_unit) == ("GBP", "GBp")


def test_a_rate_of_1_in_base_currency_says_nothing() -> None:
    assert asset(HEAD + VTI + "lots = [{ quantity = 1, rate = 1 }]\n" + BND).lots == (OpeningLot(Decimal(1)),)


def test_what_is_converted_may_cost() -> None:
    assert parse(BOOK + "[costs]\nfx_bps = 3\n").costs.fx == Decimal("0.0003")


def test_trades_may_be_kept_to_market_hours() -> None:
    assert parse(BOOK + "[limits]\nmarket_hours = true\n").limits.market_hours


def test_prices_may_be_typed() -> None:
    assert parse(BOOK + '[feed]\nsource = "manual"\n').feed.source == "manual"


@pytest.mark.parametrize(
    ("key", "meant"),
    [("symbl", "symbol"), ("Target", "target"), ("targt", "target"), ("ticker", "symbol"), ("weight", "target")],
)
def test_an_unknown_key_gets_the_nearest_known_one(key: str, meant: str) -> None:
    *_, fix = only_problem(BOOK + f'[[asset]]\nsymbol = "X"\n{key} = 1\n')
    assert fix == f"did you mean {meant}?"


def test_an_unknown_key_like_no_other_gets_the_list_of_known_ones() -> None:
    *_, fix = only_problem(BOOK + "[cash]\nzzz = 1\n")
    assert fix == "known here: balances, band, floor, target"


def test_all_errors_of_a_file_come_together() -> None:
    text = (
        'id = "No Good"\nbase_currency = "usd"\nfoo = 1\n[feed]\ninterval = 1\n[policy]\nband = -1\n'
        '[tax]\nmethod = "oldest"\n[[asset]]\nsymbol = "VTI"\ntarget = "60"\nband = "auto"\n'
        '[[asset]]\nsymbol = "VTI"\nstep = -1\nlots = [{ quantity = -1, price = nan }]\n'
    )
    places = {where.removeprefix("book.toml: ") for where, *_ in problems(text)}
    assert places == {
        "schema",
        "id",
        "base_currency",
        "foo",
        "feed.interval",
        "policy.band",
        "tax.method",
        "asset[1] VTI: target",
        "asset[1] VTI: band",
        "asset[2] VTI: symbol",
        "asset[2] VTI: step",
        "asset[2] VTI: lots[1].quantity",
        "asset[2] VTI: lots[1].price",
    }


def test_tax_rules_are_read_as_fractions_and_amounts() -> None:
    text = (
        '[tax]\nregime = "us"\nmethod = "min_tax"\nshort_rate = 32\nlong_rate = 18.8\nwash_sales = "block"\n'
        'wash_group = "family"\nloss_limit = 1500\ncarried_short = 10.50\ncarried_long = 20\n'
    )
    assert parse(HEAD + text + VTI + BND).tax == Tax(
        regime="us",
        method="min_tax",
        short_rate=Decimal("0.32"),
        long_rate=Decimal("0.188"),
        wash_sales="block",
        wash_group="family",
        loss_limit=Decimal(1500),
        carried_short=Decimal("10.50"),
        carried_long=Decimal(20),
    )
    assert parse(HEAD + VTI + BND).tax == Tax(short_rate=Decimal("0.35"), long_rate=Decimal("0.15"))


def test_an_average_basis_for_a_single_stock_is_warned_of() -> None:
    text = HEAD + '[tax]\nregime = "us"\nmethod = "average"\n' + VTI + 'kind = "stock"\n' + BND
    assert parse(text).warnings == ("VTI: an average basis is for funds only: the oldest lots are sold first",)
    assert parse(text.replace('"us"', '"none"')).warnings == ()


def test_a_wrong_type_says_what_was_found_and_what_to_write() -> None:
    _, what, fix = only_problem(BOOK.replace("40", '"40%"'))
    assert what == 'must be a number, not "40%"'
    assert fix == "write 40, without quotes"


# warnings


def test_an_edge_further_than_half_the_target_is_warned_of() -> None:
    text = HEAD + '[[asset]]\nsymbol = "VTI"\ntarget = 95\n[[asset]]\nsymbol = "TIP"\ntarget = 5\n'
    assert parse(text).warnings == ("TIP: its band from 2 % to 8 % reaches further from 5 % than half of it",)
    assert parse(text + "band = 2.5\n").warnings == ()
    assert "40 % to 160 % of its value" in parse(FIXED + "band = 60\n").warnings[0]


def test_impact_without_volume_or_volatility_is_warned_of() -> None:
    text = "[costs]\nimpact = 0.5\n" + VTI + "average_daily_value = 1e9\ndaily_volatility = 1\n" + BND
    (warning,) = parse(HEAD + text).warnings
    assert warning.startswith("BND: its impact is unknown")


def test_what_is_legal_but_odd_is_warned_of() -> None:
    text = HEAD + (
        "opened = 2026-01-01\n[cash]\nbalances = { USD = -5 }\n[policy]\nnear = 0.75\nband = 0.03\n"
        "[limits]\nmax_trade = 0\n" + VTI + "lots = [{ quantity = 1, acquired = 2026-02-01 }]\n" + BND
    )
    warnings = "\n".join(parse(text).warnings)
    for part in ("75 may be meant", "bands are written in percent", "negative", "blocks every trade", "VTI: a lot"):
        assert part in warnings
    assert len(parse(text).warnings) == 5


# files


def load_problem(path: Path) -> tuple[str, str]:
    with pytest.raises(BadInput) as caught:
        load_portfolio(path)
    (problem,) = caught.value.problems
    assert problem.fix
    return problem.where, problem.what


def test_a_file_is_loaded_and_knows_its_path(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    path.write_bytes(b"\xef\xbb\xbf" + BOOK.replace("\n", "\r\n").encode())
    assert load_portfolio(path).path == str(path)


def test_a_file_that_is_none_is_one_clear_problem(tmp_path: Path) -> None:
    binary, latin, huge, empty = (tmp_path / name for name in ("binary", "latin", "huge", "empty"))
    binary.write_bytes(b"\x7fELF\x00\x01")
    latin.write_bytes(BOOK.encode() + 'name = "café"'.encode("latin-1"))
    huge.write_bytes(b"#" * 1_000_001)
    empty.touch()
    assert load_problem(tmp_path / "none.toml") == (str(tmp_path / "none.toml"), "no such file")
    assert "is a directory" in load_problem(tmp_path)[1]
    assert "binary" in load_problem(binary)[1]
    assert load_problem(latin) == (f"{latin}: line 10", "is not text in UTF-8")
    assert "larger than 1 MB" in load_problem(huge)[1]
    assert "is empty" in load_problem(empty)[1]
    assert "cannot be read" in load_problem(Path("a\0b"))[1]
    assert "cannot be read" in load_problem(empty / "below-a-file")[1]


def test_an_unreadable_file_is_one_clear_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything, so no mode would do
    assert load_problem(tmp_path / "book.toml")[1] == "cannot be read: Permission denied"


def test_reading_a_file_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from core.portfolio.file import parse_portfolio;"
        f"parse_portfolio({BOOK!r}, 'a', Path('/'));"
        "print([m for m in ('difflib', 'zoneinfo', 'numpy', 'textual', 'click', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_broker_calls_an_asset_is_read() -> None:
    written = BOOK + '[import.symbols]\nUS9229087690 = "VTI"\n"BRK B" = "BND"\n'
    assert parse_portfolio(written, "book.toml", Path()).import_symbols == {"US9229087690": "VTI", "BRK B": "BND"}
