"""What a portfolio file must satisfy as a whole, across its keys; and what it says that is legal but odd."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from core.money import ZERO
from core.portfolio.bands import far_edges
from core.portfolio.model import AbsoluteBand, Asset, Band, Cash, Portfolio, RangeBand, RelativeBand
from core.portfolio.table import Table, listed
from core.rules.bands import TOLERANCE

HUNDRED: Final = Decimal(100)
FEE_CURRENCIES: Final = {"us": "USD", "uk": "GBP"}  # of the fees of each market
_SUM_TOLERANCE: Final = Decimal("0.01")
_NARROW: Final = 0.001  # a band of less than a tenth of a percent was probably meant as a fraction


class Row(NamedTuple):
    """An asset and the table that it was read from."""

    table: Table
    asset: Asset


def check_symbols(rows: Sequence[Row]) -> None:
    """No symbol stands twice."""
    first: dict[str, int] = {}
    for number, (table, asset) in enumerate(rows, start=1):
        earlier = first.setdefault(asset.symbol, number)
        if asset.symbol and earlier != number:
            table.problem(
                "symbol", f"{asset.symbol} is already asset[{earlier}]", "put its lots under one [[asset]]"
            )


def check_targets(rows: Sequence[Row], cash: Table, top: Table) -> None:
    """Outside assets have no target, the others one kind of it, and weights sum to 100."""
    for table, asset in rows:
        key = "target_value" if table.has("target_value") else "target"
        if asset.outside and table.has(key):
            table.problem(key, "an outside asset cannot have a target", f"leave out {key} or outside")
    inside = [table for table, asset in rows if not asset.outside]
    weights = [table for table in inside if table.has("target")]
    values = [table for table in inside if table.has("target_value")]
    if weights and values:
        names = f"{weights[0].prefix.rstrip(': ')} has target, {values[0].prefix.rstrip(': ')} target_value"
        top.problem("target", names, "write target in all targeted assets, or target_value in all of them")
    elif not values and (weights or cash.has("target")):
        _check_sum(weights, cash, top)


def _check_sum(weights: list[Table], cash: Table, top: Table) -> None:
    if any("target" in table.failed for table in (*weights, cash)):
        return
    targets = [_written(table) for table in weights]
    for_assets, for_cash = sum(targets, ZERO), _written(cash)
    total = for_assets + for_cash
    if (for_assets or for_cash) and abs(total - HUNDRED) <= _SUM_TOLERANCE:
        return
    fractions = [*targets, for_cash]
    if max(fractions) <= 1 and any(abs(found - 1) <= _SUM_TOLERANCE for found in (for_assets, total)):
        top.problem("target", "targets look like fractions: write 60, not 0.6", "write targets in percent")
        return
    lines = [f"{table.values.get('symbol')} {target}" for table, target in zip(weights, targets, strict=True)]
    lines += [f"cash {for_cash}"] if for_cash else []
    fix = f"write targets that sum to 100 with cash.target; now {listed(lines, 8)}"
    top.problem("target", f"the targets, cash included, sum to {total}, not 100", fix)


def _written(table: Table) -> Decimal:
    """The percent at `target`, already known to be a number."""
    value = table.values.get("target", 0)
    return Decimal(value) if isinstance(value, int | Decimal) else ZERO


def check_fixed_value(cash: Table, policy: Table, scope: str) -> None:
    """In a file of fixed values cash is the reserve, and only what is outside its band trades."""
    if _written(cash) or "target" in cash.failed:
        cash.problem("target", "with target_value cash is the reserve and has no target", "leave it out")
    if cash.has("band"):
        cash.problem("band", "with target_value cash is the reserve and has no band", "leave it out")
    if scope != "breached":
        policy.problem("scope", 'must be "breached" with target_value', "leave it out")


def check_bands(rows: Sequence[Row], cash_table: Table, cash: Cash) -> None:
    """Every band holds its target. Target 0 is sold out whole and needs none."""
    for table, asset in rows:
        if asset.target and asset.band and not {"band", "target"} & table.failed:
            _check_band(table, asset.band, asset.target)
    if cash.band and not {"band", "target"} & cash_table.failed:
        _check_band(cash_table, cash.band, cash.target)


def _check_band(table: Table, band: Band, target: float) -> None:
    """Only a range can fail to hold its target: the other bands lie around it."""
    if isinstance(band, RangeBand) and not band.lower - TOLERANCE <= target <= band.upper + TOLERANCE:
        whose = "the band" if table.has("band") else "policy.band"
        what = f"{whose} {100 * band.lower:g}-{100 * band.upper:g} cannot hold the target {100 * target:g}"
        table.problem("band", what, "write a band around the target, such as band = 3")


def odd(portfolio: Portfolio) -> tuple[str, ...]:
    """What is legal, but probably not what was meant."""
    assets = portfolio.assets
    found = [
        *_odd_bands(portfolio),
        *_odd_lots(portfolio),
        *_odd_fees(portfolio),
        *_odd_method(portfolio),
        *_odd_rates(portfolio),
    ]
    unknown = [a.symbol for a in assets if a.targeted and not (a.average_daily_value and a.daily_volatility)]
    if portfolio.costs.impact and unknown:
        needs = "average_daily_value or daily_volatility is missing"
        found.append(f"{listed(unknown)}: its impact is unknown, {needs}")
    if 0 < portfolio.policy.near <= 0.01:
        near = 100 * portfolio.policy.near
        found.append(
            f"policy.near = {near:g} is {near:g} percent of the way to an edge: {100 * near:g} may be meant"
        )
    for code, balance in portfolio.cash.balances.items():
        if balance < 0:
            found.append(f"the opening balance of {balance} {code} is negative")
    for name in ("max_trade", "max_turnover_day", "max_turnover_month", "max_trades_day"):
        limit = getattr(portfolio.limits, name)
        if not limit.value and not limit.warn:
            found.append(f"limits.{name} = 0 blocks every trade")
    return tuple(found)


def _odd_bands(portfolio: Portfolio) -> Iterable[str]:
    for asset in portfolio.assets:
        if asset.band is None:
            continue
        if asset.target_value is not None:
            yield from _wide_of_value(asset)
        elif asset.target:
            yield from _wide(asset.symbol, asset.band, asset.target)
    if portfolio.cash.band and portfolio.cash.target:
        yield from _wide("cash", portfolio.cash.band, portfolio.cash.target)
    narrow = portfolio.policy.band
    if isinstance(narrow, AbsoluteBand | RelativeBand) and 0 < narrow.lower_width < _NARROW:
        width = 100 * narrow.lower_width
        yield f"policy.band = {width:g} is {width:g} percent: bands are written in percent, as band = 3"


def _wide(name: str, band: Band, target: float) -> Iterable[str]:
    if far := far_edges(band, target):
        lower, upper = (f"{100 * edge:g} %" for edge in far)
        yield f"{name}: its band from {lower} to {upper} reaches further from {100 * target:g} % than half of it"


def _wide_of_value(asset: Asset) -> Iterable[str]:
    band = asset.band
    if asset.target_value and isinstance(band, RelativeBand) and max(band.lower_width, band.upper_width) > 0.5:
        lower, upper = f"{100 - 100 * band.lower_width:g} %", f"{100 + 100 * band.upper_width:g} %"
        yield f"{asset.symbol}: its band from {lower} to {upper} of its value reaches further than half of it"


def _odd_lots(portfolio: Portfolio) -> Iterable[str]:
    opened = portfolio.opened
    for asset in portfolio.assets if opened else ():
        for lot in asset.lots:
            if lot.acquired and opened and lot.acquired > opened:
                yield f"{asset.symbol}: a lot acquired {lot.acquired} was not held when the book opened, {opened}"


def _odd_method(portfolio: Portfolio) -> Iterable[str]:
    """Assets whose lots are chosen by another method than the file says."""
    if portfolio.tax.method == "average":
        single = [asset.symbol for asset in portfolio.assets if not portfolio.tax.averages(asset)]
        if single:
            yield f"{listed(single)}: an average basis is for funds only: the oldest lots are sold first"


def _odd_rates(portfolio: Portfolio) -> Iterable[str]:
    """Rates that look like fractions."""
    if portfolio.tax.regime != "none":
        for name in ("short_rate", "long_rate"):
            rate = 100 * getattr(portfolio.tax, name)
            if 0 < rate < 1:
                meant = f"{100 * rate.normalize():f}"
                yield f"tax.{name} = {rate.normalize():f} is less than one percent: {meant} may be meant"


def _odd_fees(portfolio: Portfolio) -> Iterable[str]:
    """Assets that pay no regulatory fees although somebody who asks for them may think so."""
    markets = {fee.market for fee in portfolio.costs.fees}
    assets = [asset for asset in portfolio.assets if not asset.outside]
    stamped = [asset for asset in assets if asset.stamp]
    if stamped and "uk" not in markets:
        symbols = listed(asset.symbol for asset in stamped)
        yield f'{symbols}: stamp = true counts nothing without fees = "uk" (or a list with it) in [costs]'
    elif foreign := [a.symbol for a in stamped if a.currency != "GBP" and a.market != "uk"]:
        yield f"{listed(foreign)}: stamp = true counts nothing, stamp duty is reckoned only of a price in GBP"
    exempt = [asset.symbol for asset in stamped if asset.kind in ("etf", "fund", "crypto")]
    if exempt:
        yield f"{listed(exempt)}: stamp = true, though funds, ETFs and coins pay no stamp duty"
    unsaid = [asset.symbol for asset in stamped if asset.kind == "other" and asset.market == "uk"]
    if unsaid and "uk" in markets:
        yield f'{listed(unsaid)}: kind is not "stock": no PTM levy is reckoned'
    shares = [asset for asset in assets if asset.kind in ("stock", "etf", "other")]
    for market, currency in FEE_CURRENCIES.items():
        others = [a.symbol for a in shares if a.market == market in markets and a.currency != currency]
        if others:
            yield (
                f'{listed(others)}: market = "{market}", but the price is not in {currency}: '
                f'its fees are not reckoned; write market = "none" or the market it is traded in'
            )
    pounds = [a.symbol for a in shares if a.market == "us" and a.currency == "GBP"]
    if pounds and "uk" in markets and "us" not in markets:
        yield f'{listed(pounds)}: in GBP, but market is "us": write market = "uk" for the fees of UK shares'
