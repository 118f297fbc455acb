"""What time it is: the wall clock, or one that stands where a replay or a price file has put it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final, Protocol
from zoneinfo import ZoneInfo

CLOSE_UTC: Final = time(21, 0, tzinfo=UTC)  # when a day's row of a price file is taken to be seen


class Clock(Protocol):
    """Anything that knows the time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""


class WallClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)


class StandingClock:
    """A clock that shows what it was set to."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment it was set to, in UTC."""
        return self.moment


def close_of(day: date) -> datetime:
    """The moment at which a price file's row for `day` is seen: 21:00 UTC."""
    return datetime.combine(day, CLOSE_UTC)


def iso(moment: datetime) -> str:
    """`moment` as ISO 8601 in UTC with `Z`, to the second or finer where it has a fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local_zone(name: str) -> ZoneInfo | None:
    """The IANA zone called `name`; None (the machine's own zone, for `astimezone`) if the name is empty."""
    return ZoneInfo(name) if name else None
