"""Reads a portfolio file (TOML) into the model. Here, and only here, percents become fractions."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from core.errors import BadInput, Problem
from core.money import MINOR_UNITS, ONE, ZERO
from core.portfolio import checks, readers
from core.portfolio.bands import read_band
from core.portfolio.checks import Row
from core.portfolio.costs import read_costs
from core.portfolio.model import (
    Asset,
    Cash,
    Fee,
    FeedSettings,
    Limit,
    Limits,
    OpeningLot,
    Policy,
    Portfolio,
    RelativeBand,
    Tax,
)
from core.portfolio.readers import one_of
from core.portfolio.table import Table, Wrong
from core.portfolio.toml import contents, parsed
from core.text import clean

SCHEMA: Final = 1
_KIND: Final = "portfolio file"
_SAMPLES: Final = "start from one of the sample portfolios"
_BAND_OF_VALUE: Final = RelativeBand(0.03, 0.03)  # the default 3, of the value

_FEED, _POLICY, _LIMITS, _TAX = FeedSettings(), Policy(), Limits(), Tax()

_hours: Final = readers.real(readers.number(0, 24 * 3660))
_seconds: Final = readers.real(readers.number(0, 366 * 86400))
_interval: Final = readers.real(readers.number(5, 86400))
_lot_quantity: Final = readers.positive(readers.amount)
_rate: Final = readers.positive(readers.amount)
_share: Final = readers.limit(readers.wide_fraction)
_count: Final = readers.limit(readers.whole)


def load_portfolio(path: Path) -> Portfolio:
    """The portfolio in the file at `path`; BadInput with everything that is wrong with it."""
    where = clean(str(path), 200)
    return _read(contents(path, where, _KIND, _SAMPLES), where, path.parent, str(path))


def parse_portfolio(text: str, where: str, folder: Path, fees: tuple[Fee, ...] | None = None) -> Portfolio:
    """The portfolio that `text` describes; `where` names it in errors, relative paths start from `folder`.

    With `fees` these are the regulatory ones, and no table of them is read.
    """
    return _read(text, where, folder, where, fees)


def _read(text: str, where: str, folder: Path, path: str, fees: tuple[Fee, ...] | None = None) -> Portfolio:
    problems: list[Problem] = []
    top = Table(parsed(text, where, _KIND, _SAMPLES, "each asset under [[asset]]"), where, "", problems)
    _check_schema(top)
    portfolio = _portfolio(top, folder, path, fees)
    top.refuse_unknown()
    if problems:
        raise BadInput("", problems=problems)
    return replace(portfolio, text=text)


def _check_schema(top: Table) -> None:
    """Stops at another schema: nothing else of such a file could be judged."""
    schema = top.require("schema", readers.whole, SCHEMA, f"write schema = {SCHEMA} in the first line")
    if schema != SCHEMA:
        what = f"the file is of schema {schema}, this version reads schema {SCHEMA}"
        raise BadInput(what, where=top.where("schema"), fix=f"write schema = {SCHEMA}, or update strikezone")


def _portfolio(top: Table, folder: Path, path: str, fees: tuple[Fee, ...] | None) -> Portfolio:
    name = top.require("id", readers.portfolio_id, "", 'write id = "my-portfolio"')
    base = top.require("base_currency", readers.major_currency, "", 'write base_currency = "USD"')
    asset_tables = _asset_tables(top)
    of_value = any(t.has("target_value") for t in asset_tables) and not any(t.has("target") for t in asset_tables)
    feed, costs_table, policy_table, cash_table = (top.table(key) for key in ("feed", "costs", "policy", "cash"))
    policy = _policy(policy_table, of_value)
    costs = read_costs(costs_table, folder, fees)
    spread = costs_table.take("spread_bps", readers.bps, ZERO)
    cash = _cash(cash_table)
    portfolio = Portfolio(
        path=path,
        id=name,
        base_currency=base,
        name=top.take("name", readers.text, ""),
        timezone=top.take("timezone", readers.timezone, ""),
        opened=top.take("opened", readers.day, None),
        feed=_feed(feed, folder),
        cash=cash,
        policy=policy,
        costs=costs,
        limits=_limits(top.table("limits")),
        tax=_tax(top.table("tax")),
        assets=tuple(_asset(table, base, policy, spread, of_value) for table in asset_tables),
        import_symbols=_import_symbols(top.table("import")),
    )
    for key in ("sleeve", "tilt", "contribution", "overlay"):
        if top.take(key, _any_rows, False):
            top.problem(key, f"[[{key}]] is not supported yet", "leave it out")
    for table in (feed, costs_table, policy_table, cash_table):
        table.refuse_unknown()
    _check(portfolio, asset_tables, top, cash_table, policy_table, of_value)
    return portfolio if top.problems else _with_warnings(portfolio)


def _check(
    portfolio: Portfolio, asset_tables: list[Table], top: Table, cash: Table, policy: Table, of_value: bool
) -> None:
    rows = [Row(table, asset) for table, asset in zip(asset_tables, portfolio.assets, strict=True)]
    checks.check_symbols(rows)
    checks.check_targets(rows, cash, top)
    if of_value:
        checks.check_fixed_value(cash, policy, portfolio.policy.scope)
    checks.check_bands(rows, cash, portfolio.cash)


def _import_symbols(table: Table) -> dict[str, str]:
    """`[import.symbols]`: which asset a broker means by a ticker or ISIN."""
    names = table.table("symbols")
    table.refuse_unknown()
    return {name: names.take(name, readers.symbol, "") for name in names.values}


def _with_warnings(portfolio: Portfolio) -> Portfolio:
    return replace(portfolio, warnings=checks.odd(portfolio))


def _any_rows(value: object) -> bool:
    return value != []


def _asset_tables(top: Table) -> list[Table]:
    """The `[[asset]]` tables, their places named by number and symbol."""
    tables = top.rows("asset")
    for number, table in enumerate(tables, start=1):
        symbol = table.values.get("symbol")
        named = f" {clean(symbol, 32)}" if isinstance(symbol, str) and symbol else ""
        table.prefix = f"asset[{number}]{named}: "
    if not tables and "asset" not in top.failed and not any(key.startswith("asset[") for key in top.failed):
        top.problem("asset", "there is no [[asset]]", 'write [[asset]] and symbol = "VTI" below it')
    return tables


def _feed(table: Table, folder: Path) -> FeedSettings:
    source = table.take("source", one_of("yahoo", "replay", "manual"), _FEED.source)
    prices = table.take("prices", readers.file_path, "")
    if source == "replay" and not prices and "prices" not in table.failed:
        table.problem("prices", "is missing: a replay needs prices", 'write prices = "prices.csv"')
    return FeedSettings(
        source=source,
        prices=os.path.abspath(folder / prices) if prices else "",
        interval=table.take("interval", _interval, _FEED.interval),
        stale_after=table.take("stale_after", _seconds, _FEED.stale_after),
    )


def _cash(table: Table) -> Cash:
    balances = table.table("balances")
    amounts: dict[str, Decimal] = {}
    for code in balances.values:
        amount = balances.take(code, readers.signed_amount, ZERO)
        try:
            amounts[readers.major_currency(code)] = amount
        except Wrong as wrong:
            balances.problem(clean(code, 32), wrong.what, wrong.fix)
    return Cash(
        balances=amounts,
        target=table.take("target", readers.fraction, 0.0),
        floor=table.take("floor", readers.fraction, 0.0),
        band=read_band(table, "band", of_value=False),
    )


def _policy(table: Table, of_value: bool) -> Policy:
    worth_it = table.take("worth_it", one_of("off", "warn", "block"), _POLICY.worth_it)
    if worth_it == "block":
        table.problem("worth_it", 'worth_it = "block" is not supported yet', 'write "off" or "warn"')
    table.not_yet("risk_aversion", readers.real(readers.amount), _POLICY.risk_aversion)
    table.not_yet("horizon", readers.real(readers.amount), _POLICY.horizon_years)
    return Policy(
        band=read_band(table, "band", of_value=of_value) or (_BAND_OF_VALUE if of_value else _POLICY.band),
        destination=table.take("destination", readers.destination, _POLICY.destination),
        scope=table.take("scope", one_of("breached", "all"), _POLICY.scope),
        near=table.take("near", readers.fraction, _POLICY.near),
        min_trade=table.take("min_trade", readers.amount, _POLICY.min_trade),
        cooldown_hours=table.take("cooldown", _hours, _POLICY.cooldown_hours),
        dwell_seconds=table.take("dwell", _seconds, _POLICY.dwell_seconds),
        mode=table.take("mode", one_of("both", "buy_only", "sell_only"), _POLICY.mode),
        worth_it=worth_it,
    )


def _limits(table: Table) -> Limits:
    table.not_yet("max_participation", _share, Limit(0.0))
    table.not_yet("max_sector", _share, Limit(0.0))
    limits = Limits(
        max_trade=table.take("max_trade", _share, _LIMITS.max_trade),
        max_turnover_day=table.take("max_turnover_day", _share, _LIMITS.max_turnover_day),
        max_turnover_month=table.take("max_turnover_month", _share, _LIMITS.max_turnover_month),
        max_trades_day=table.take("max_trades_day", _count, _LIMITS.max_trades_day),
        max_jump=table.take("max_jump", _share, _LIMITS.max_jump),
        market_hours=table.take("market_hours", readers.flag, _LIMITS.market_hours),
    )
    table.refuse_unknown()
    return limits


def _tax(table: Table) -> Tax:
    tax = Tax(
        regime=table.take("regime", one_of("none", "us", "uk"), _TAX.regime),
        method=table.take(
            "method", one_of("fifo", "lifo", "hifo", "lofo", "average", "min_tax", "specific"), _TAX.method
        ),
        short_rate=table.take("short_rate", readers.percent, _TAX.short_rate),
        long_rate=table.take("long_rate", readers.percent, _TAX.long_rate),
        wash_sales=table.take("wash_sales", one_of("off", "warn", "block"), _TAX.wash_sales),
        wash_group=table.take("wash_group", readers.text, _TAX.wash_group),
        loss_limit=table.take("loss_limit", readers.amount, _TAX.loss_limit),
        carried_short=table.take("carried_short", readers.amount, _TAX.carried_short),
        carried_long=table.take("carried_long", readers.amount, _TAX.carried_long),
    )
    table.refuse_unknown()
    return tax


def _asset(table: Table, base: str, policy: Policy, spread: Decimal, of_value: bool) -> Asset:
    table.not_yet("sleeve", readers.text, "")
    target = table.take("target", readers.fraction, None)
    target_value = table.take("target_value", readers.amount, None)
    own_band = read_band(table, "band", of_value=of_value)
    targeted = target is not None or target_value is not None
    unit = table.take("currency", readers.currency, base)
    currency, parts = MINOR_UNITS.get(unit, (unit, 1))
    asset = Asset(
        symbol=table.require("symbol", readers.symbol, "", 'write symbol = "VTI"'),
        currency=currency,
        name=table.take("name", readers.text, ""),
        sector=table.take("sector", readers.text, ""),
        kind=table.take("kind", readers.kind, "other"),
        target=target,
        target_value=target_value,
        band=(own_band or policy.band) if targeted else None,
        destination=table.take("destination", readers.destination, policy.destination),
        step=table.take("step", readers.step, Decimal(1)),
        buy=table.take("buy", readers.flag, True),
        sell=table.take("sell", readers.flag, True),
        outside=table.take("outside", readers.flag, False),
        market=table.take("market", readers.market, "us"),
        spread=table.take("spread_bps", readers.bps, spread),
        average_daily_value=table.take("average_daily_value", readers.amount, ZERO),
        daily_volatility=table.take("daily_volatility", readers.percent, ZERO),
        lots=_lots(table, parts, in_base=currency == base),
        price_unit="" if unit == currency else unit,
        stamp=table.take("stamp", readers.flag, False),
    )
    table.refuse_unknown()
    return asset


def _lots(table: Table, parts: int, *, in_base: bool) -> tuple[OpeningLot, ...]:
    """What is held at the start: `lots`, or `quantity` alone, whose basis is unknown.

    Prices are written in units of which `parts` are one of the asset's currency.
    """
    quantity = table.take("quantity", readers.amount, ZERO)
    lots = tuple(_lot(row, parts, in_base=in_base) for row in table.rows("lots"))
    if table.has("quantity") and table.has("lots"):
        table.problem("quantity", "stands beside lots", "write either lots, or quantity if their basis is unknown")
    return (OpeningLot(quantity),) if quantity else lots


def _lot(table: Table, parts: int, *, in_base: bool) -> OpeningLot:
    price = table.take("price", readers.amount, None)
    rate = table.take("rate", _rate, None)
    if in_base and rate is not None:
        if rate != ONE:
            table.problem("rate", "is of an asset in base currency, where it is 1", "leave it out")
        rate = None
    lot = OpeningLot(
        quantity=table.require("quantity", _lot_quantity, ZERO, "write quantity = 100"),
        price=None if price is None else price / parts,
        acquired=table.take("acquired", readers.day, None),
        rate=rate,
    )
    table.refuse_unknown()
    return lot
