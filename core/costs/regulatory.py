"""Regulatory fees: which of them a trade pays on its day, exactly for the trade and in floats for the planner."""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from core.money import ONE, ZERO
from core.portfolio.model import Asset, Fee, FeeRow, Kind, Market
from core.rules import costs as rules

Side: TypeAlias = Literal["buy", "sell"]
Details: TypeAlias = tuple[tuple[str, Decimal], ...]

_CENT: Final = Decimal("0.01")
_UNLIMITED: Final = Decimal("Infinity")
_ROUNDING: Final = {"up": ROUND_CEILING, "nearest": ROUND_HALF_UP}


def regulatory_fees(
    fees: tuple[Fee, ...], asset: Asset, side: Side, day: date, quantity: Decimal, value: Decimal
) -> Details:
    """What each fee takes from a trade of `quantity` and `value`, in the asset's currency, by the fee's name.

    `day` is the trade date. Fees that concern the trade are listed though they be 0.
    """
    due = _due(fees, asset.market, asset.currency, asset.kind, asset.stamp, side, day)
    return tuple([(fee.name, _charged(fee, row, quantity, value)) for fee, row in due])


@lru_cache(maxsize=256)
def _due(
    fees: tuple[Fee, ...], market: Market, currency: str, kind: Kind, stamp: bool, side: Side, day: date
) -> tuple[tuple[Fee, FeeRow], ...]:
    """The fees that trades of assets like this pay on `day`; a plan asks it for every trade."""
    return tuple(
        (fee, row)
        for fee in fees
        if fee.side in (side, "both")
        and fee.asked_of(market, currency, kind, stamp=stamp)
        and (row := fee.on(day)) is not None
    )


def _charged(fee: Fee, row: FeeRow, quantity: Decimal, value: Decimal) -> Decimal:
    if not row.rate or value <= row.above:
        return ZERO
    counted = quantity if fee.basis == "share" else ONE if fee.basis == "trade" else value
    charged = rules.levy(counted, row.rate, _UNLIMITED if row.cap is None else row.cap)
    rounding = _ROUNDING.get(fee.rounding)
    return charged if rounding is None else charged.quantize(_CENT, rounding)


class FeeEstimate(NamedTuple):
    """One fee in floats as it is on one day, as `core.rules.costs.levies` takes it: in the asset's currency."""

    of_value: float
    per_share: float
    per_trade: float
    cap: float
    above: float
    cents: float
    shift: float


Estimates: TypeAlias = tuple[FeeEstimate, ...]


def fee_estimates(fees: tuple[Fee, ...], asset: Asset, day: date) -> tuple[Estimates, Estimates]:
    """The fees that a purchase and a sale of `asset` on `day` pay, for the planner; none that take nothing."""
    return _estimates(fees, asset.market, asset.currency, asset.kind, asset.stamp, day)


@lru_cache(maxsize=256)
def _estimates(
    fees: tuple[Fee, ...], market: Market, currency: str, kind: Kind, stamp: bool, day: date
) -> tuple[Estimates, Estimates]:
    def of(side: Side) -> Estimates:
        due = _due(fees, market, currency, kind, stamp, side, day)
        return tuple(_estimate(fee, row) for fee, row in due if row.rate)

    return of("buy"), of("sell")


def _estimate(fee: Fee, row: FeeRow) -> FeeEstimate:
    rate, of_value = float(row.rate), fee.basis in ("million", "percent")
    return FeeEstimate(
        rate if of_value else 0.0,
        rate if fee.basis == "share" else 0.0,
        rate if fee.basis == "trade" else 0.0,
        math.inf if row.cap is None else float(row.cap),
        float(row.above),
        *rules.cents(fee.rounding),
    )
