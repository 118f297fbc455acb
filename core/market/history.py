"""Daily history from Yahoo's chart: closes as they were traded, splits and dividends apart, kept on disk.

Yahoo adjusts all closes for the splits since. What is kept here is undone: prices as they were traded on their day,
so that a later split changes nothing of what is on the disk.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.disk import private_directory, replace_whole
from core.market.trust import HIGHEST_PRICE, LOWEST_PRICE, KnownSplit
from core.market.yahoo import LATEST_EPOCH, FeedError, YahooClient
from core.money import MINOR_UNITS, shortest

SCHEMA: Final = 2
OVERLAP: Final = timedelta(days=10)  # of what is known that is asked for again: it must still say the same
SAME: Final = Decimal("1e-6")
FRESH: Final = timedelta(minutes=10)  # so long the open end is not asked for again
SETTLED: Final = timedelta(minutes=30)  # after its regular session a day's close stands
LATE_DAYS: Final = 7  # so long Yahoo may still fill in a close that is null, or a bar that is not there
LARGEST_SINGLE: Final = 3e38
SINGLE_DIGITS: Final = 10  # a number with more of them may be a single-precision float written out in full
_SINGLE: Final = Context(prec=7)  # digits that a single-precision float vouches for
_DOUBLE: Final = Context(prec=15)
FOLDER: Final = "history"
_ENDS: Final = ("start", "end")

Sent = tuple[Decimal, bool]  # a number, and whether it came as a single-precision float


class Dividend(Struct, frozen=True, array_like=True):
    """`amount` for each unit as it was on `day`, in major units."""

    day: date
    amount: Decimal


class History(Struct, frozen=True):
    """The daily closes of one symbol from `asked_from` to `complete_to`, as traded, in `currency`.

    A day without an entry had no close; nothing is known if `complete_to` comes before `asked_from`. `splits` and
    `dividends` are those of the same range.
    """

    symbol: str
    currency: str
    asked_from: date
    complete_to: date
    closes: dict[date, Decimal]
    splits: tuple[KnownSplit, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    asked_at: datetime | None = None
    schema: int = SCHEMA

    def covers(self, start: date, end: date) -> bool:
        """Whether nothing between the two days, both included, is missing that there was to know."""
        return self.asked_from <= start and end <= self.complete_to

    def between(self, start: date, end: date) -> dict[date, Decimal]:
        """The closes from `start` to `end`, both included."""
        return {day: close for day, close in self.closes.items() if start <= day <= end}

    def in_units_of_today(self) -> dict[date, Decimal]:
        """The closes adjusted for the splits after them, as a chart shows them."""
        return {day: close / _factor(self.splits, day) for day, close in self.closes.items()}


def _factor(splits: Sequence[KnownSplit], day: date) -> Decimal:
    """How many units of today one unit of `day` is."""
    factor = Decimal(1)
    for split in splits:
        if split.day > day:
            factor *= split.ratio
    return factor


class Kept(Struct, frozen=True):
    """A file of the cache: a history as JSON, and its checksum."""

    checksum: str
    history: msgspec.Raw


class HistoryStore:
    """Histories from the cache, completed from Yahoo: what is served as complete was answered for."""

    def __init__(self, feed_folder: Path, client: YahooClient) -> None:
        self._folder = feed_folder / FOLDER
        self._client = client

    def get(self, symbol: str, start: date, end: date, now: datetime) -> History:
        """The history of `symbol` that covers `start` to `end`, as far as days have closed by `now`.

        FeedError if Yahoo gives nothing; with status 404 if it does not know the symbol.
        """
        kept = self._kept(symbol)
        if kept is not None and kept.asked_from <= start:
            lately = kept.asked_at is not None and timedelta(0) <= now - kept.asked_at < FRESH
            if lately or kept.covers(start, end):
                return kept
        if kept is None or start < kept.asked_from:
            fresh = self._ask(symbol, start, now)
        else:
            tail = self._ask(symbol, max(kept.complete_to - OVERLAP, kept.asked_from), now)
            joined = _joined(kept, tail) if tail.closes else kept
            fresh = self._ask(symbol, kept.asked_from, now) if joined is None else joined
            fresh = fresh if fresh.closes else kept
        if fresh.closes and fresh is not kept:  # an answer without any close says nothing that could be kept
            self._keep(fresh)
        return fresh

    def get_all(
        self,
        symbols: Sequence[str],
        start: date,
        end: date,
        now: datetime,
        progress: Callable[[int, str], None] = lambda done, symbol: None,
    ) -> Iterator[tuple[str, History | FeedError]]:
        """Each symbol with its history, or with why there is none; a refusal to answer at all is raised."""
        for done, symbol in enumerate(symbols):
            progress(done, symbol)
            try:
                yield symbol, self.get(symbol, start, end, now)
            except FeedError as error:
                if error.status != 404:
                    raise
                yield symbol, error

    def _ask(self, symbol: str, start: date, now: datetime) -> History:
        """What Yahoo has from `start` to now; always to now, for the splits since decide what a close was."""
        since = datetime.combine(start, time(), UTC) - timedelta(days=1)
        params = {
            "period1": str(int(since.timestamp())),
            "period2": str(int((now + timedelta(days=1)).timestamp())),
            "interval": "1d",
            "events": "div,splits",
            "includePrePost": "false",
        }
        return history_of(symbol, self._client.chart(symbol, params), start, now)

    def _path(self, symbol: str) -> Path:
        digest = hashlib.blake2s(symbol.encode(), digest_size=4).hexdigest()
        return self._folder / f"{re.sub('[^A-Za-z0-9]+', '-', symbol)[:32]}-{digest}.json"

    def _kept(self, symbol: str) -> History | None:
        try:
            file = msgspec.json.decode(self._path(symbol).read_bytes(), type=Kept)
            if file.checksum != _checksum(file.history):
                return None
            kept = msgspec.json.decode(file.history, type=History)
        except (OSError, ValueError):  # none, or none of ours: it is fetched anew
            return None
        return kept if kept.symbol == symbol and kept.schema == SCHEMA else None

    def _keep(self, history: History) -> None:
        try:
            private_directory(self._folder)
            told = msgspec.json.encode(history)
            kept = Kept(_checksum(told), msgspec.Raw(told))
            replace_whole(self._path(history.symbol), msgspec.json.encode(kept))
        except OSError:  # a full or read-only disk: the history itself is good
            return


def _checksum(data: bytes | msgspec.Raw) -> str:
    return hashlib.blake2s(data, digest_size=8).hexdigest()


def history_of(symbol: str, chart: Mapping[str, Any], start: date, now: datetime) -> History:
    """The history in a chart of Yahoo's; FeedError if it cannot be read."""
    meta = _object(chart.get("meta"))
    raw = meta.get("currency")
    if not isinstance(raw, str) or not raw:
        raise FeedError("answer", f"Yahoo's chart of {symbol} has no currency")
    if meta.get("dataGranularity", "1d") != "1d":
        raise FeedError("answer", f"Yahoo's chart of {symbol} is not one of days")
    currency, parts = MINOR_UNITS.get(raw, (raw, 1))
    zone = _zone(meta)
    today = now.astimezone(zone).date()
    bars = dict(_bars(symbol, chart, zone))
    final = _complete_to(bars, start, _last_final_day(meta, zone, now), today)
    events = _object(chart.get("events"))
    splits = tuple(sorted(split for split in _splits(_object(events.get("splits")), zone) if split.day <= today))
    closes = {
        day: traded
        for day, close in bars.items()
        if close is not None
        and start <= day <= final
        and LOWEST_PRICE <= (traded := _undone(close, _factor(splits, day)) / parts) <= HIGHEST_PRICE
    }
    dividends = tuple(
        Dividend(day, _undone(amount, _factor(splits, day)) / parts)
        for day, amount, parts in sorted(_dividends(_object(events.get("dividends")), raw, zone))
        if start <= day <= final
    )
    of_range = tuple(split for split in splits if start <= split.day <= final)
    return History(symbol, currency, start, final, closes, of_range, dividends, now)


def _joined(kept: History, tail: History) -> History | None:
    """What is kept, made longer by `tail`; None if the two contradict each other.

    A split or dividend that Yahoo publishes days late, or takes back, is a contradiction too.
    """
    for day, close in tail.closes.items():
        known = kept.closes.get(day)
        if day <= kept.complete_to and (known is None or abs(close / known - 1) > SAME):
            return None
    if kept.currency != tail.currency:
        return None
    both = (tail.asked_from, min(kept.complete_to, tail.complete_to))
    if _events(kept, *both) != _events(tail, *both):
        return None
    return replace(
        kept,
        asked_at=tail.asked_at,
        complete_to=max(kept.complete_to, tail.complete_to),
        closes={**kept.closes, **{d: c for d, c in tail.closes.items() if d > kept.complete_to}},
        splits=(*kept.splits, *(s for s in tail.splits if s.day > kept.complete_to)),
        dividends=(*kept.dividends, *(d for d in tail.dividends if d.day > kept.complete_to)),
    )


def _events(history: History, start: date, end: date) -> tuple[set[KnownSplit], set[Dividend]]:
    """The splits and dividends from `start` to `end`, both included."""
    splits = {split for split in history.splits if start <= split.day <= end}
    return splits, {dividend for dividend in history.dividends if start <= dividend.day <= end}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _zone(meta: Mapping[str, Any]) -> ZoneInfo:
    name = meta.get("exchangeTimezoneName")
    try:
        return ZoneInfo(name if isinstance(name, str) else "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _last_final_day(meta: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> date:
    """The last day whose close stands: today only if its regular session has been over for a while."""
    today = now.astimezone(zone).date()
    period = _object(_object(meta.get("currentTradingPeriod")).get("regular"))
    last, opens, closes = (_moment(value) for value in (meta.get("regularMarketTime"), *map(period.get, _ENDS)))
    if last is None or opens is None or closes is None or last.astimezone(zone).date() != today:
        return today - timedelta(days=1)
    over = now >= closes + SETTLED or now < opens  # the period is that of today, or already the next
    return today if over else today - timedelta(days=1)


def _complete_to(bars: Mapping[date, Sent | None], start: date, final: date, today: date) -> date:
    """The last day that was answered for: up to `final`, but a close that is lately missing may still come.

    Without any close it is the day before `start`.
    """
    answered = [day for day, close in bars.items() if close is not None and day <= final]
    if not answered:
        return start - timedelta(days=1)
    return max(max(answered), min(final, today - timedelta(days=LATE_DAYS + 1)))


def _moment(stamp: Any) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if type(stamp) is int and abs(stamp) < LATEST_EPOCH else None


def _day(stamp: Any, zone: ZoneInfo) -> date | None:
    moment = _moment(stamp)
    return None if moment is None else moment.astimezone(zone).date()


def _bars(symbol: str, chart: Mapping[str, Any], zone: ZoneInfo) -> Iterator[tuple[date, Sent | None]]:
    """Day and split-adjusted close of each bar; None where Yahoo has none. FeedError if they do not fit."""
    stamps = chart.get("timestamp")
    quotes = _object(chart.get("indicators")).get("quote")
    closes = _object(quotes[0]).get("close") if isinstance(quotes, list) and quotes else None
    if not stamps and not closes:
        return
    if not isinstance(stamps, list) or not isinstance(closes, list) or len(stamps) != len(closes):
        raise FeedError("answer", f"Yahoo's chart of {symbol} has not one close for each day")
    for stamp, close in zip(stamps, closes, strict=True):
        day = _day(stamp, zone)
        if day is not None:
            yield day, _sent(close)


def _splits(events: Mapping[str, Any], zone: ZoneInfo) -> Iterator[KnownSplit]:
    for event in map(_object, events.values()):
        day, new, old = (
            _day(event.get("date"), zone),
            _sent(event.get("numerator")),
            _sent(event.get("denominator")),
        )
        if day is not None and new is not None and old is not None:
            yield KnownSplit(day, new[0] / old[0])


def _dividends(events: Mapping[str, Any], unit: str, zone: ZoneInfo) -> Iterator[tuple[date, Sent, int]]:
    """Day, split-adjusted amount, parts of its unit; one in another currency than the closes' is left out."""
    currency = MINOR_UNITS.get(unit, (unit, 1))[0]
    for event in map(_object, events.values()):
        day, amount, own = _day(event.get("date"), zone), _sent(event.get("amount")), event.get("currency")
        paid_in, parts = MINOR_UNITS.get(own or unit, (own or unit, 1)) if isinstance(own, str | None) else ("", 1)
        if day is not None and amount is not None and paid_in == currency:
            yield day, amount, parts


def _sent(number: Any) -> Sent | None:
    """`number` if it is one above 0, as it was meant: charts hold single-precision floats, 150.82000732421875."""
    if (type(number) is not int and not isinstance(number, Decimal)) or number <= 0:
        return None
    exact, wide = Decimal(number), float(number)
    if len(exact.as_tuple().digits) <= SINGLE_DIGITS or wide > LARGEST_SINGLE:
        return exact, False
    single = struct.unpack("<f", struct.pack("<f", wide))[0] == wide
    return (shortest(wide), True) if single else (exact, False)


def _undone(sent: Sent, factor: Decimal) -> Decimal:
    """The number before its adjustment for splits by `factor`, in the digits that what was sent vouches for."""
    number, single = sent
    return number if factor == 1 else (_SINGLE if single else _DOUBLE).multiply(number, factor)
