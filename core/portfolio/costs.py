"""Reads `[costs]`: a broker's preset, the keys that stand beside it, and the regulatory fees of the markets."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from core.portfolio import readers
from core.portfolio.fees import MARKETS, own_fees, shipped, unrounded
from core.portfolio.model import Costs, Fee, Market
from core.portfolio.readers import one_of
from core.portfolio.table import Table, Wrong, shown


class Preset(NamedTuple):
    """What a broker charges, and the markets whose regulatory fees it passes on."""

    costs: Costs = Costs()
    markets: tuple[Market, ...] = ()


# ibkr: interactivebrokers.co.uk, commissions; the first tier, without exchange and clearing fees
PRESETS: Final[dict[str, Preset]] = {
    "": Preset(),
    "us-zero": Preset(markets=("us",)),
    "ibkr-fixed": Preset(
        Costs(per_share=Decimal("0.005"), minimum=Decimal(1), maximum_rate=Decimal("0.01")), ("us",)
    ),
    "ibkr-tiered": Preset(
        Costs(per_share=Decimal("0.0035"), minimum=Decimal("0.35"), maximum_rate=Decimal("0.01")), ("us",)
    ),
    "uk-flat": Preset(Costs(per_order=Decimal("5.99")), ("uk",)),
}


def read_costs(table: Table, folder: Path, fees: tuple[Fee, ...] | None = None) -> Costs:
    """The costs; a path in them starts from `folder`. The spread is the assets'. With `fees` no table is read."""
    preset, markets = PRESETS[table.take("preset", one_of(*PRESETS), "")]
    return Costs(
        per_order=table.take("per_order", readers.amount, preset.per_order),
        per_share=table.take("per_share", readers.amount, preset.per_share),
        rate=table.take("rate_bps", readers.bps, preset.rate),
        minimum=table.take("minimum", readers.amount, preset.minimum),
        maximum_rate=table.take("maximum_percent", readers.percent, preset.maximum_rate),
        impact=table.take("impact", readers.number(0, 1000), preset.impact),
        fx=table.take("fx_bps", readers.bps, preset.fx),
        fees=_fees(table, table.take("fees", _markets, markets), folder, fees),
    )


def _fees(
    table: Table, markets: tuple[Market, ...], folder: Path, known: tuple[Fee, ...] | None
) -> tuple[Fee, ...]:
    rounding = table.take("fee_rounding", one_of("per_trade_up", "none", "daily_up"), "per_trade_up")
    if rounding == "daily_up":
        what = 'fee_rounding = "daily_up" is not supported yet'
        table.problem("fee_rounding", what, 'write "per_trade_up" or "none"')
    own = table.take("fee_table", readers.file_path, "")
    if known is not None:
        return known
    if own and not markets:
        table.problem(
            "fee_table", "is given, but no fees are asked for", 'write fees = "us", or leave fee_table out'
        )
    elif own:
        fees = tuple(own_fees(Path(os.path.abspath(folder / own)), markets, table.problems).values())
    if not own or not markets:
        fees = tuple(fee for market in markets for fee in shipped(market).values())
    return unrounded(fees) if rounding == "none" else fees


def _markets(value: object) -> tuple[Market, ...]:
    """The markets whose fees are asked for: none, one, or a list of them."""
    words = value if isinstance(value, list) and value else [value]
    if words == ["none"]:
        return ()
    markets = tuple(market for market in MARKETS if market in words)
    if len(markets) != len(words):
        fix = 'write "none", "us", "uk" or ["us", "uk"]'
        raise Wrong(f'must be "none", "us", "uk" or a list of markets, not {shown(value)}', fix)
    return markets
