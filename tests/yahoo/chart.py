"""`/v8/finance/chart`: bars of a listing's history with its dividends and splits, in Yahoo's words."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from tests.yahoo.quotes import VENUES
from tests.yahoo.world import DAY, Listing, World

RANGES: Final = ("1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max")
INTRADAY: Final = {"1m": 60, "2m": 120, "5m": 300, "15m": 900, "30m": 1800, "60m": 3600, "90m": 5400, "1h": 3600}
GROUPS: Final = {"1d": "%Y%j", "5d": "%G%V", "1wk": "%G%V", "1mo": "%Y%m", "3mo": ""}
MOST_BARS: Final = 60_000
EPOCH: Final = date(1970, 1, 1).toordinal()


class Bar(NamedTuple):
    """One bar; `day` is its session's, `volume` in shares."""

    stamp: int
    day: date
    opening: float
    high: float
    low: float
    close: float
    volume: int = 1_000_000


class Unusable(Exception):
    """What the request asks for does not exist; the text is Yahoo's."""


def chart(world: World, listing: Listing, query: Mapping[str, str]) -> dict[str, Any]:
    """The one result of a chart request."""
    interval, span = query.get("interval", "1d"), query.get("range", "")
    if interval not in INTRADAY and interval not in GROUPS:
        raise Unusable(f"Invalid input - interval={interval} is not supported")
    all_closes = world.closes(listing)
    if "period1" in query or "period2" in query:
        first, last = float(query.get("period1", 0)), float(query.get("period2", world.clock.now()))
    else:
        span = span or "1d"
        first, last = _since(listing, all_closes, span), world.clock.now() + 1
    closes = _near(all_closes, first, last)
    if interval in INTRADAY:
        bars = list(_intraday(world, listing, closes, INTRADAY[interval], first, last))
    else:
        bars = _grouped(_daily(world, listing, closes, first, last), interval)
    meta = _meta(world, listing, interval, span, _before(world, listing, all_closes, first))
    adjusted = [
        bar.close * factor for bar, factor in zip(bars, _dividend_factors(world, listing, bars), strict=True)
    ]
    result: dict[str, Any] = {
        "meta": meta,
        "timestamp": [bar.stamp for bar in bars],
        "indicators": {
            "quote": [
                {
                    "open": [bar.opening for bar in bars],
                    "high": [bar.high for bar in bars],
                    "low": [bar.low for bar in bars],
                    "close": [bar.close for bar in bars],
                    "volume": [bar.volume for bar in bars],
                }
            ],
        },
    }
    if interval in INTRADAY:
        meta["tradingPeriods"] = [[_period(world, listing, day)] for day in sorted({bar.day for bar in bars})]
    else:
        result["indicators"]["adjclose"] = [{"adjclose": adjusted}]
    events = _events(world, listing, first, last, query.get("events", "div,splits"))
    if not bars:
        del result["timestamp"]
        result["indicators"] = {"quote": [{}], "adjclose": [{}]}
    return result | ({"events": events} if events else {})


def _near(closes: list[tuple[date, float]], first: float, last: float) -> list[tuple[date, float]]:
    """The sessions from a little before `first` to a little after `last`, and the present one."""
    start, stop = (date.fromordinal(EPOCH + int(min(max(at, -1e9), 1e11) // 86_400)) for at in (first, last))
    at = bisect_left(closes, (start - 10 * DAY, 0.0))
    to = bisect_left(closes, (stop + 2 * DAY, 0.0))
    return [*closes[at:to], *(closes[-1:] if to < len(closes) else ())]


def _since(listing: Listing, closes: list[tuple[date, float]], span: str) -> float:
    """The moment a range such as 5d, 3mo or max begins."""
    last = closes[-1][0]
    match = re.fullmatch(r"(\d+)(d|wk|mo|y)", span)
    if span == "max":
        day = closes[0][0]
    elif span == "ytd":
        day = date(last.year, 1, 1)
    elif match is None:
        raise Unusable(f"Invalid input - range={span} is not supported")
    elif match[2] == "d":
        day = closes[-min(int(match[1]), len(closes))][0]
    else:
        days = {"wk": 7, "mo": 30.44, "y": 365.25}[match[2]] * int(match[1])
        day = last - timedelta(days=round(days))
    return datetime.combine(day, time(0), listing.zone).timestamp()


def _daily(
    world: World, listing: Listing, closes: list[tuple[date, float]], first: float, last: float
) -> Iterator[Bar]:
    previous = closes[0][1]
    live = world.state_of(listing) == "REGULAR"
    for day, close in closes:
        stamp = world.bounds(listing, day)[0]
        is_live = live and day == closes[-1][0]
        if first <= stamp < last or (is_live and first <= world.time_of(listing) < last):
            yield _bar(int(world.time_of(listing) if is_live else stamp), day, previous, close)
        previous = close


def _intraday(
    world: World, listing: Listing, closes: list[tuple[date, float]], step: int, first: float, last: float
) -> Iterator[Bar]:
    previous = closes[0][1]
    made = 0
    for day, close in closes:
        opening, end = world.bounds(listing, day)
        if end > first and opening < last:
            stop = min(end, last, world.clock.now())
            count = max(0, int((stop - opening + step - 1) // step))
            for n in range(count):
                stamp = opening + n * step
                if stamp >= first and made < MOST_BARS:
                    made += 1
                    here, there = (previous + (close - previous) * k / count for k in (n, n + 1))
                    yield _bar(int(stamp), day, here, there)
        previous = close


def _bar(stamp: int, day: date, opening: float, close: float) -> Bar:
    return Bar(stamp, day, opening, max(opening, close), min(opening, close), close)


def _grouped(bars: Iterable[Bar], interval: str) -> list[Bar]:
    """Days joined to weeks, months or quarters, each at the stamp of its first day."""
    groups: dict[str, Bar] = {}
    for bar in bars:
        pattern = GROUPS[interval]
        key = bar.day.strftime(pattern) if pattern else f"{bar.day.year}{(bar.day.month - 1) // 3}"
        old = groups.get(key)
        groups[key] = bar if old is None else Bar(
            old.stamp, old.day, old.opening, max(old.high, bar.high), min(old.low, bar.low), bar.close,
            old.volume + bar.volume,
        )  # fmt: skip
    return list(groups.values())


def _before(world: World, listing: Listing, closes: list[tuple[date, float]], first: float) -> float:
    """The last close before the range."""
    before = (close for day, close in reversed(closes) if world.bounds(listing, day)[0] < first)
    return next(before, closes[0][1])


def _dividend_factors(world: World, listing: Listing, bars: list[Bar]) -> list[float]:
    """For each bar, the product of (1 - dividend / close before) over the dividends after it."""
    factors, factor = [1.0] * len(bars), 1.0
    pending = sorted((day for day in listing.dividends if day <= world.session(listing)), reverse=True)
    for at in range(len(bars) - 1, -1, -1):
        while pending and pending[0] > bars[at].day:
            day = pending.pop(0)
            factor *= 1 - listing.dividends[day] / world.split_factor(listing, day) / bars[at].close
        factors[at] = factor
    return factors


def _events(world: World, listing: Listing, first: float, last: float, wanted: str) -> dict[str, Any]:
    session = world.session(listing)

    def within(day: date) -> bool:
        return day <= session and first <= world.bounds(listing, day)[0] < last

    events: dict[str, Any] = {}
    if "div" in wanted:
        events["dividends"] = {
            str(stamp): {"amount": amount / world.split_factor(listing, day), "date": stamp}
            for day, amount in sorted(listing.dividends.items())
            if within(day) and (stamp := int(world.bounds(listing, day)[0]))
        }
    if "split" in wanted:
        events["splits"] = {
            str(stamp): {"date": stamp, "numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}
            for day, (new, old) in sorted(listing.splits.items())
            if within(day) and (stamp := int(world.bounds(listing, day)[0]))
        }
    return {name: rows for name, rows in events.items() if rows}


def _period(world: World, listing: Listing, day: date) -> dict[str, Any]:
    start, end = world.bounds(listing, day)
    return _span(world, listing, start, end)


def _span(world: World, listing: Listing, start: float, end: float) -> dict[str, Any]:
    local = datetime.fromtimestamp(start, listing.zone)
    offset = local.utcoffset()
    assert offset is not None
    return {
        "timezone": local.tzname(),
        "start": int(start),
        "end": int(end),
        "gmtoffset": int(offset.total_seconds()),
    }


def _trading_period(world: World, listing: Listing) -> dict[str, Any]:
    """pre, regular and post of the session that is on, or else of the next one."""
    day = world.session(listing)
    start, end = world.bounds(listing, day)
    if world.clock.now() >= end:
        for _ in range(30):
            day += DAY
            if world.trades_on(listing, day):
                break
        start, end = world.bounds(listing, day)
    first, last = start, end
    if listing.extended is not None and world.by_hours:
        first, last = (datetime.combine(day, hour, listing.zone).timestamp() for hour in listing.extended)
    return {
        "pre": _span(world, listing, first, start),
        "regular": _span(world, listing, start, end),
        "post": _span(world, listing, end, last),
    }


def _meta(world: World, listing: Listing, interval: str, span: str, before: float) -> dict[str, Any]:
    local = world.local(listing)
    offset = local.utcoffset()
    assert offset is not None
    meta: dict[str, Any] = {
        "currency": listing.currency,
        "symbol": listing.symbol,
        "exchangeName": listing.exchange,
        "fullExchangeName": VENUES.get(listing.exchange, listing.exchange),
        "instrumentType": listing.kind,
        "firstTradeDate": int(world.bounds(listing, listing.listed)[0]),
        "regularMarketTime": int(world.time_of(listing)),
        "hasPrePostMarketData": listing.extended is not None,
        "gmtoffset": int(offset.total_seconds()),
        "timezone": local.tzname(),
        "exchangeTimezoneName": listing.timezone,
        "regularMarketPrice": listing.price,
        "regularMarketDayHigh": max(listing.price, listing.closed_before),
        "regularMarketDayLow": min(listing.price, listing.closed_before),
        "regularMarketVolume": 1_000_000,
        "longName": listing.name or listing.symbol,
        "shortName": listing.name or listing.symbol,
        "chartPreviousClose": before,
        "priceHint": 4 if listing.kind == "CURRENCY" else 2,
        "currentTradingPeriod": _trading_period(world, listing),
        "dataGranularity": interval,
        "range": span,
        "validRanges": list(RANGES),
    }
    if interval in INTRADAY:
        meta |= {"previousClose": listing.closed_before, "scale": 3}
    return {name: value for name, value in meta.items() if name not in listing.absent}
