"""What day it is at a venue, and when it can open again, without a calendar of holidays: rather too early, so that
trust ends too soon."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.portfolio.model import Asset

EARLIEST_OPENING: Final = time(8)  # local; no large exchange opens its regular session before
SATURDAY, SUNDAY = 5, 6
# venues that trade on Sundays, and may on Fridays too
_SUNDAY_ZONES: Final = frozenset(
    {"Asia/Jerusalem", "Asia/Riyadh", "Asia/Kuwait", "Asia/Qatar", "Asia/Dubai", "Asia/Bahrain", "Africa/Cairo"}
)

_MARKET_ZONES: Final = {"us": "America/New_York", "uk": "Europe/London"}


def exchange_day(asset: Asset, timezone: str | None, moment: datetime) -> date:
    """The day of `moment` in the time zone of the asset's exchange; UTC for crypto and unknown exchanges."""
    if asset.kind == "crypto":
        return moment.astimezone(UTC).date()
    name = timezone or _MARKET_ZONES.get(asset.market)
    return moment.astimezone(ZoneInfo(name) if name else UTC).date()


def may_trade(day: date, zone: ZoneInfo) -> bool:
    """Whether the venues of `zone` trade on that day of the week; holidays are not known here."""
    if day.weekday() == SUNDAY:
        return zone.key in _SUNDAY_ZONES
    return day.weekday() != SATURDAY


def opening_time(zone: ZoneInfo, session_open: datetime | None) -> time:
    """The local time at which the regular session opens, or the earliest at which it may if that is not known."""
    return EARLIEST_OPENING if session_open is None else session_open.astimezone(zone).time()


def next_opening(after: datetime, zone: ZoneInfo, session_open: datetime | None = None) -> datetime:
    """The first moment after `after` at which the regular session could open, at the local time it is known to."""
    opens = opening_time(zone, session_open)
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, opens, zone)
        if moment > after and may_trade(day, zone):
            return moment
        day += timedelta(days=1)


def sessions_missed(last: datetime, until: datetime, zone: ZoneInfo) -> int:
    """How many whole days of trading lie between the day of `last` and that of `until`, at most 30."""
    day, end = last.astimezone(zone).date() + timedelta(days=1), until.astimezone(zone).date()
    missed = 0
    while day < end and missed < 30:
        missed += may_trade(day, zone)
        day += timedelta(days=1)
    return missed
