"""The world that the loopback Yahoo reports on: listings, their histories, and a clock of its own."""

from __future__ import annotations

import math
import re
import time as _time
import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

DAY: Final = timedelta(days=1)
Hours = tuple[time, time]


class Clock:
    """Seconds since 1970. It runs with the machine's until it is told to stand."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stands: float | None = None

    def now(self) -> float:
        return self._stands if self._stands is not None else _time.time() + self._ahead

    def stand(self, at: datetime | float | None = None) -> None:
        """Stand still, at `at` or at the present moment."""
        self._stands = self.now() if at is None else at.timestamp() if isinstance(at, datetime) else float(at)

    def forward(self, seconds: float) -> None:
        if self._stands is None:
            self._ahead += seconds
        else:
            self._stands += seconds

    def run(self) -> None:
        """Go on from where it stands."""
        if self._stands is not None:
            self._ahead, self._stands = self._stands - _time.time(), None


@dataclass
class Listing:
    """One symbol. What is None is derived: state and `as_of` from the clock and the hours, history from a formula.

    `history` holds closes as they were traded on the day, before any later split; `splits` says new for old.
    `fields` is laid over its quote at the very end, in v7's names, and the names in `absent` are left out.
    """

    symbol: str
    price: float
    currency: str = "USD"
    exchange: str = "NMS"
    timezone: str = "America/New_York"
    kind: str = "EQUITY"
    name: str = ""
    delay: int = 0  # minutes
    previous_close: float | None = None
    state: str | None = None
    as_of: float | None = None  # when the price was made
    hours: Hours | None = (time(9, 30), time(16))  # None: every hour of every day
    extended: Hours | None = None
    extended_price: float | None = None  # before the opening and after the close
    history: dict[date, float] | None = None
    dividends: dict[date, float] = field(default_factory=dict)
    splits: dict[date, tuple[int, int]] = field(default_factory=dict)
    listed: date = date(2015, 1, 2)
    fields: dict[str, Any] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def closed_before(self) -> float:
        """The close before the present session."""
        return self.previous_close if self.previous_close is not None else self.price


class World:
    """Listings. Every venue is open round the clock until `by_hours` is set; S000 to S999 exist once asked for."""

    def __init__(self, listings: list[Listing] | None = None) -> None:
        from tests.yahoo.listings import default_listings

        made = default_listings() if listings is None else listings
        self.listings: dict[str, Listing] = {listing.symbol: listing for listing in made}
        self.clock = Clock()
        self.by_hours = False
        self.holidays: set[date] = set()

    def __getitem__(self, symbol: str) -> Listing:
        found = self.find(symbol)
        if found is None:
            raise KeyError(symbol)
        return found

    def find(self, symbol: str) -> Listing | None:
        found = self.listings.get(symbol)
        if found is None and re.fullmatch(r"S\d{3}", symbol):
            found = self.add(Listing(symbol, round(10 + int(symbol[1:]) * 0.37, 2), name=f"Numbered {symbol}"))
        return found

    def add(self, listing: Listing) -> Listing:
        self.listings[listing.symbol] = listing
        return listing

    def remove(self, symbol: str) -> None:
        self.listings.pop(symbol, None)

    def stage(self, at: datetime | float) -> None:
        """Stand the clock at `at`, and let every venue keep its hours."""
        self.by_hours = True
        self.clock.stand(at)

    def local(self, listing: Listing) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), listing.zone)

    def trades_on(self, listing: Listing, day: date) -> bool:
        if listing.hours is None:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def session(self, listing: Listing) -> date:
        """The day of the last session that has begun."""
        now = self.local(listing)
        if listing.hours is None or not self.by_hours:
            return now.date()
        day = now.date() if now.time() >= listing.hours[0] else now.date() - DAY
        for _ in range(30):
            if self.trades_on(listing, day):
                return day
            day -= DAY
        raise ValueError(f"{listing.symbol} has had no session for 30 days")

    def bounds(self, listing: Listing, day: date) -> tuple[float, float]:
        """Opening and close of the regular session on `day`."""
        if listing.hours is None or (not self.by_hours and day == self.session(listing)):
            start = datetime.combine(day, time(0), listing.zone)
            return start.timestamp(), datetime.combine(day + DAY, time(0), listing.zone).timestamp()
        opening, close = (datetime.combine(day, hour, listing.zone).timestamp() for hour in listing.hours)
        return opening, close

    def state_of(self, listing: Listing) -> str:
        """Yahoo's marketState."""
        if listing.state is not None:
            return listing.state
        if listing.hours is None or not self.by_hours:
            return "REGULAR"
        now = self.local(listing)
        if not self.trades_on(listing, now.date()):
            return "CLOSED"
        opening, close = listing.hours
        if opening <= now.time() < close:
            return "REGULAR"
        if listing.extended is None:
            return "CLOSED"
        first, last = listing.extended
        if now.time() < opening:
            return "PRE" if now.time() >= first else "PREPRE"
        return "POST" if now.time() < last else "POSTPOST"

    def time_of(self, listing: Listing) -> float:
        """When the price was made: a delay ago while the venue is open, else at its close (a fund: at 20:00)."""
        if listing.as_of is not None:
            return listing.as_of
        now = self.clock.now()
        if listing.kind == "MUTUALFUND":
            return self._last_pricing(listing)
        if listing.hours is None or not self.by_hours:
            return now - listing.delay * 60
        opening, close = self.bounds(listing, self.session(listing))
        return min(max(opening, now - listing.delay * 60), close)

    def _last_pricing(self, listing: Listing) -> float:
        day = self.local(listing).date()
        for _ in range(30):
            priced = datetime.combine(day, time(20), listing.zone).timestamp()
            if self.trades_on(listing, day) and priced <= self.clock.now():
                return priced
            day -= DAY
        raise ValueError(f"{listing.symbol} has had no price for 30 days")

    def closes(self, listing: Listing) -> list[tuple[date, float]]:
        """Every session so far and its close, split-adjusted as Yahoo gives it; the last is the present price."""
        last = self.session(listing)
        if listing.history is not None:
            days = [day for day in sorted(listing.history) if day <= last]
            past = [(day, listing.history[day] / self._later_splits(listing, day, last)) for day in days]
            return past if last in listing.history else [*past, (last, listing.price)]
        span = range((last - listing.listed).days)
        days = [day for n in span if self.trades_on(listing, day := listing.listed + n * DAY)]
        if not days:
            return [(last, listing.price)]
        scale = listing.closed_before / _shape(listing.symbol, days[-1])
        return [*((day, round(scale * _shape(listing.symbol, day), 6)) for day in days), (last, listing.price)]

    def _later_splits(self, listing: Listing, day: date, last: date) -> float:
        return math.prod(new / old for on, (new, old) in listing.splits.items() if day < on <= last)

    def split_factor(self, listing: Listing, day: date) -> float:
        """How many of today's shares one share of `day` has become."""
        return self._later_splits(listing, day, self.session(listing))


def _shape(symbol: str, day: date) -> float:
    seed = zlib.crc32(symbol.encode()) / 2**32 * math.tau
    n = day.toordinal()
    waves = 0.08 * math.sin(n / 58 + seed) + 0.03 * math.sin(n / 9.1 + 2 * seed) + 0.006 * math.sin(n * 1.7 + seed)
    return math.exp(0.0002 * (n - 736_000) + waves)


def utc(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)
