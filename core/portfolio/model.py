"""The portfolio as its file describes it: frozen values, weights as fractions, money and quantities exact.

Everything is resolved: an asset carries the band, destination and spread that count for it, whether they were
written beside it or came from `[policy]` and `[costs]`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import Struct

from core.money import ONE, ZERO


class AbsoluteBand(Struct, frozen=True):
    """Edges at `lower_width` below and `upper_width` above the target, in fractions of the portfolio."""

    lower_width: float
    upper_width: float


class RelativeBand(Struct, frozen=True):
    """Edges at `lower_width` below and `upper_width` above the target, in fractions of the target."""

    lower_width: float
    upper_width: float


class TighterBand(Struct, frozen=True):
    """The narrower of an absolute width (of the portfolio) and a relative one (of the target)."""

    absolute: float
    relative: float


class LooserBand(Struct, frozen=True):
    """The wider of an absolute width (of the portfolio) and a relative one (of the target)."""

    absolute: float
    relative: float


class RangeBand(Struct, frozen=True):
    """Edges at fixed weights, whatever the target."""

    lower: float
    upper: float


Band: TypeAlias = AbsoluteBand | RelativeBand | TighterBand | LooserBand | RangeBand


Kind: TypeAlias = Literal["stock", "etf", "fund", "bond", "crypto", "other"]
Market: TypeAlias = Literal["us", "uk", "none"]


class OpeningLot(Struct, frozen=True):
    """A lot held at the start; price and day are None where the file gives only a quantity (basis unknown).

    `price` is per unit, in the asset's currency; `rate` is base currency per unit of it on the day of purchase,
    None if unknown and for an asset in base currency.
    """

    quantity: Decimal
    price: Decimal | None = None
    acquired: date | None = None
    rate: Decimal | None = None


class Asset(Struct, frozen=True):
    """One `[[asset]]`. Targeted if it has `target` (fraction) or `target_value` (base currency), never both.

    `currency` is a major unit; `price_unit` is the unit of its column in a price file, empty if that is `currency`.
    """

    symbol: str
    currency: str
    name: str = ""
    sector: str = ""
    kind: Kind = "other"
    target: float | None = None
    target_value: Decimal | None = None
    band: Band | None = None  # None if untargeted
    destination: float = 1.0  # from the edge (0) back to the target (1)
    step: Decimal = ONE  # smallest tradable quantity, never 0: "any fraction" is 0.000001
    buy: bool = True
    sell: bool = True
    outside: bool = False
    market: Market = "us"  # whose regulatory fees it pays
    spread: Decimal = ZERO  # full spread, as a fraction of the price
    average_daily_value: Decimal = ZERO  # traded a day, in base currency; 0 = unknown
    daily_volatility: Decimal = ZERO  # fraction a day; 0 = unknown
    lots: tuple[OpeningLot, ...] = ()
    price_unit: str = ""
    stamp: bool = False  # its purchases pay UK stamp duty reserve tax

    @property
    def targeted(self) -> bool:
        """Whether it has a target, be it 0."""
        return self.target is not None or self.target_value is not None


class Cash(Struct, frozen=True):
    """`[cash]`: opening balances by currency; target and floor as fractions of the portfolio."""

    balances: dict[str, Decimal] = {}
    target: float = 0.0
    floor: float = 0.0
    band: Band | None = None


class Policy(Struct, frozen=True):
    """`[policy]`; `near` as a fraction of the way to an edge, `min_trade` in base currency."""

    band: Band = AbsoluteBand(0.03, 0.03)
    destination: float = 1.0
    scope: Literal["breached", "all"] = "breached"
    near: float = 0.75
    min_trade: Decimal = ZERO
    cooldown_hours: float = 0.0
    dwell_seconds: float = 0.0
    mode: Literal["both", "buy_only", "sell_only"] = "both"
    worth_it: Literal["off", "warn", "block"] = "warn"
    risk_aversion: float = 3.0
    horizon_years: float = 0.25


class FeeRow(Struct, frozen=True, cache_hash=True):
    """What a fee is from `start` to `until`, both included; None: for ever.

    `rate` is a fraction of the trade's value, or money per share or per trade, as the fee's `basis` says; `cap` is
    the most that one trade pays. A trade of a value up to `above` pays nothing.
    """

    start: date
    until: date | None
    rate: Decimal
    cap: Decimal | None = None
    above: Decimal = ZERO
    source: str = ""
    note: str = ""

    def covers(self, day: date) -> bool:
        """Whether it counts on `day`."""
        return self.start <= day and (self.until is None or day <= self.until)


class Fee(Struct, frozen=True, cache_hash=True):
    """One regulatory fee with its dated rows, the first that covers a day counts. Its money is in `currency`.

    It is paid by assets of its market, currency and kinds; a `stamped` one by assets with `stamp`, whatever their
    market.
    """

    name: str
    title: str
    market: Market
    currency: str
    side: Literal["buy", "sell", "both"]
    basis: Literal["million", "percent", "share", "trade"]  # what its table's rates count; the first two the value
    rounding: Literal["up", "nearest", "none"]  # to the hundredth, of each trade
    kinds: tuple[Kind, ...]
    rows: tuple[FeeRow, ...]
    stamped: bool = False

    def asked_of(self, market: Market, currency: str, kind: Kind, *, stamp: bool) -> bool:
        """Whether trades of an asset like this pay the fee at all."""
        concerned = stamp if self.stamped else market == self.market
        return concerned and currency == self.currency and kind in self.kinds

    def on(self, day: date) -> FeeRow | None:
        """The row that counts on `day`: before the first day that is known the earliest one, in a gap none."""
        for row in self.rows:
            if row.covers(day):
                return row
        first = min(self.rows, key=lambda row: row.start)
        return first if day < first.start else None


class Costs(Struct, frozen=True):
    """`[costs]`: rates as fractions of the trade's value, amounts in base currency."""

    per_order: Decimal = ZERO
    per_share: Decimal = ZERO
    rate: Decimal = ZERO
    minimum: Decimal = ZERO
    maximum_rate: Decimal = ZERO  # 0 = no maximum
    impact: Decimal = ZERO  # square-root impact coefficient
    fx: Decimal = ZERO  # of what is converted from base currency
    fees: tuple[Fee, ...] = ()  # regulatory, each in its own currency


class Limit(Struct, frozen=True):
    """A guard's limit; with `warn` the proposal stands with a warning."""

    value: float
    warn: bool = False


class Limits(Struct, frozen=True):
    """`[limits]`: fractions of the portfolio, but `max_trades_day` (a count) and `max_jump` (of the price).

    With `market_hours` an asset is traded only in its regular session.
    """

    max_trade: Limit = Limit(0.25, True)
    max_turnover_day: Limit = Limit(1.0)
    max_turnover_month: Limit = Limit(1.0)
    max_trades_day: Limit = Limit(20, True)
    max_jump: Limit = Limit(0.20)
    market_hours: bool = False


class Tax(Struct, frozen=True):
    """`[tax]`: rates as fractions; `loss_limit` in base currency a year, of losses against other income.

    Under `uk` there is one rate, `long_rate`. `carried_short` and `carried_long` are losses (as positive amounts)
    that were brought forward from before the ledger begins.
    """

    regime: Literal["none", "us", "uk"] = "none"
    method: Literal["fifo", "lifo", "hifo", "lofo", "average", "min_tax", "specific"] = "fifo"
    short_rate: Decimal = Decimal("0.35")
    long_rate: Decimal = Decimal("0.15")
    wash_sales: Literal["off", "warn", "block"] = "warn"
    wash_group: str = ""
    loss_limit: Decimal = Decimal(3000)
    carried_short: Decimal = ZERO
    carried_long: Decimal = ZERO

    def averages(self, asset: Asset) -> bool:
        """Whether `asset` may have an average basis: in the United States only funds, and what may be one.

        Source: Treas. Reg. 1.1012-1(e); Publication 550.
        """
        return self.regime != "us" or asset.kind in ("fund", "etf", "other")

    @property
    def washes(self) -> bool:
        """Whether purchases around losses are looked at: also of one that is not taxed itself, for its group."""
        return self.wash_sales != "off" and (
            self.regime == "us" or (self.regime == "none" and bool(self.wash_group))
        )


class FeedSettings(Struct, frozen=True):
    """`[feed]`; `prices` is an absolute path once read, `interval` and `stale_after` are seconds."""

    source: Literal["yahoo", "replay", "manual"] = "yahoo"
    prices: str = ""
    interval: float = 15.0
    stale_after: float = 120.0


class Portfolio(Struct, frozen=True):
    """One portfolio file, read and checked. `warnings` are what is legal but odd in it, `text` is all of it."""

    path: str
    id: str
    base_currency: str
    assets: tuple[Asset, ...]
    name: str = ""
    timezone: str = ""
    opened: date | None = None
    feed: FeedSettings = FeedSettings()
    cash: Cash = Cash()
    policy: Policy = Policy()
    costs: Costs = Costs()
    limits: Limits = Limits()
    tax: Tax = Tax()
    warnings: tuple[str, ...] = ()
    text: str = ""
    import_symbols: dict[str, str] = {}  # a broker's ticker or ISIN -> the symbol of an asset

    @property
    def fixed_value(self) -> bool:
        """Whether its targets are amounts of money instead of weights."""
        return any(asset.target_value is not None for asset in self.assets)

    @property
    def has_targets(self) -> bool:
        """Whether anything can be proposed at all."""
        return any(asset.targeted for asset in self.assets)

    def asset(self, symbol: str) -> Asset | None:
        """The asset called `symbol`, if the file has it."""
        return next((asset for asset in self.assets if asset.symbol == symbol), None)
