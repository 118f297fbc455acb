"""The risk controls: each looks at one trade, or at a whole plan, and passes, warns or blocks with its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.book.entries import Entry
from core.clock import local_zone
from core.money import ZERO
from core.planning.proposal import GuardResult
from core.policy.valuation import Line
from core.portfolio.model import Limit, Portfolio

TOLERANCE = 1e-9


class History(Struct, frozen=True):
    """What was traded already: values in base currency of this day and month, and when each asset last was."""

    day_value: Decimal = ZERO
    month_value: Decimal = ZERO
    day_trades: int = 0
    last_trade: Mapping[str, datetime] = {}


def history(
    trades: tuple[Entry, ...], now: datetime, timezone: str, rates: Mapping[str, Decimal] | None = None
) -> History:
    """What `trades` amount to on the day and in the month of `now`, in the portfolio's time zone.

    `rates` (base currency per unit) stand in for those that were not recorded.
    """
    zone = local_zone(timezone)
    today = now.astimezone(zone).date()
    day_value = month_value = ZERO
    day_trades = 0
    last: dict[str, datetime] = {}
    for entry in trades:
        if entry.symbol is None or entry.quantity is None or entry.price is None:
            continue
        moment = _moment(entry)
        last[entry.symbol] = max(last.get(entry.symbol, moment), moment)
        day = _day(entry, zone)
        if (day.year, day.month) != (today.year, today.month):
            continue
        rate = entry.rate if entry.rate is not None else (rates or {}).get(entry.currency, ZERO)
        value = entry.quantity * entry.price * rate
        month_value += value
        if day == today:
            day_value += value
            day_trades += 1
    return History(day_value, month_value, day_trades, last)


def trade_guards(
    line: Line, value: Decimal, total: Decimal, portfolio: Portfolio, past: History, now: datetime
) -> tuple[GuardResult, ...]:
    """The verdicts on one trade of `value` in base currency, in a portfolio worth `total`."""
    results = [_stale_price(line, portfolio), _jump(line, portfolio)]
    share = float(value) / float(total)
    results.append(_limit("max_trade", portfolio.limits.max_trade, share, f"{_percent(share)} of the portfolio"))
    if portfolio.limits.market_hours:
        results.append(_market_hours(line))
    if portfolio.policy.cooldown_hours > 0:
        results.append(_cooldown(line.symbol, portfolio.policy.cooldown_hours, past, now))
    return tuple(results)


def plan_guards(
    value: Decimal, count: int, total: Decimal, portfolio: Portfolio, past: History
) -> tuple[GuardResult, ...]:
    """The verdicts on a whole plan of `count` trades whose absolute values add up to `value`."""
    limits = portfolio.limits
    day = float((past.day_value + value) / total) / 2
    month = float((past.month_value + value) / total) / 2
    trades = past.day_trades + count
    return (
        _limit("max_turnover_day", limits.max_turnover_day, day, f"{_percent(day)} today with this plan"),
        _limit("max_turnover_month", limits.max_turnover_month, month, f"{_percent(month)} this month with it"),
        _limit("max_trades_day", limits.max_trades_day, trades, f"{trades} today with this plan", count=True),
    )


def blocks(guards: tuple[GuardResult, ...]) -> bool:
    """Whether any of them forbids the trade."""
    return any(guard.verdict == "block" for guard in guards)


def _limit(name: str, limit: Limit, figure: float, said: str, *, count: bool = False) -> GuardResult:
    shown = f"{limit.value:.0f}" if count else f"{limit.value * 100:g} %"
    detail = f"{said}, limit {shown}"
    if figure <= limit.value + TOLERANCE:
        return GuardResult(name, "pass", detail)
    return GuardResult(name, "warn" if limit.warn else "block", detail)


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.2f} %"


def _stale_price(line: Line, portfolio: Portfolio) -> GuardResult:
    trust = line.trust
    limit = trust.stale_limit if trust.stale_limit is not None else portfolio.feed.stale_after
    if trust.age_seconds is None:
        return GuardResult("stale_price", "block", trust.reason or "age unknown")
    detail = f"{trust.age_seconds} s old, limit {limit:.0f} s"
    if trust.trusted:
        return GuardResult("stale_price", "pass", trust.note or detail)
    stale = trust.suspicion is None or trust.age_seconds > limit
    return GuardResult("stale_price", "block" if stale else "pass", trust.reason or detail if stale else detail)


def _jump(line: Line, portfolio: Portfolio) -> GuardResult:
    trust, limit = line.trust, portfolio.limits.max_jump
    if trust.suspicion == "split":
        return GuardResult("max_jump", "block", trust.reason or "looks like a split")
    if trust.suspicion == "jump":
        return GuardResult("max_jump", "warn" if limit.warn else "block", trust.reason or "not trusted")
    moved = "no earlier price" if trust.jump is None else f"{trust.jump * 100:+.2f} % from the last price"
    return GuardResult("max_jump", "pass", f"{moved}, limit {limit.value * 100:g} %")


def _market_hours(line: Line) -> GuardResult:
    """Only in the regular session of the asset's own venue. Past closes and crypto have no sessions."""
    quote, name = line.quote, "market_hours"
    if quote is None:
        return GuardResult(name, "block", "no quote")
    if quote.source in ("csv", "replay"):
        return GuardResult(name, "pass", f"a price of a {quote.source} file has no session")
    if line.asset.kind == "crypto" or quote.kind == "CRYPTOCURRENCY":
        return GuardResult(name, "pass", "it trades at all hours")
    state = (quote.market_state or "unknown").lower()
    until = f", it opens at {quote.session_open:%H:%M} UTC" if quote.session_open and state != "regular" else ""
    open_now = state == "regular" and not line.trust.closed
    return GuardResult(name, "pass" if open_now else "block", f"its venue is in state {state}{until}")


def _cooldown(symbol: str, hours: float, past: History, now: datetime) -> GuardResult:
    last = past.last_trade.get(symbol)
    if last is None:
        return GuardResult("cooldown", "pass", "never traded")
    left = timedelta(hours=hours) - (now - last)
    ago = (now - last).total_seconds() / 3600
    return GuardResult(
        "cooldown", "block" if left > timedelta(0) else "pass", f"last traded {ago:.1f} h ago, limit {hours:g} h"
    )


def _moment(entry: Entry) -> datetime:
    """When the trade was made: its moment, else the moment of recording if that was the same day, else midday."""
    if entry.executed is not None:
        return entry.executed
    if entry.recorded_at.date() == entry.effective:
        return entry.recorded_at
    return datetime(entry.effective.year, entry.effective.month, entry.effective.day, 12, tzinfo=UTC)


def _day(entry: Entry, zone: ZoneInfo | None) -> date:
    if entry.executed is None:
        return entry.effective
    return entry.executed.astimezone(zone).date()
