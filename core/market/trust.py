"""How far to trust a quote: a pure judgement that screen, JSON and guards show and never compute again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from core.market.memory import Memory, Print, confirmed, counted, print_of, split_ratio, suspected
from core.market.quotes import FUTURE_TOLERANCE_SECONDS, Quote
from core.market.sessions import may_trade, next_opening, opening_time, sessions_missed

LOWEST_PRICE: Final = Decimal("1e-9")
HIGHEST_PRICE: Final = Decimal("1e9")
FUND_SECONDS: Final = 4 * 86400.0  # funds are priced once a day, after the close, and not over a weekend
CLOSED_STATES: Final = frozenset({"CLOSED", "PRE", "PREPRE", "POST", "POSTPOST"})
NOON: Final = time(12)
BEFORE_OPENING: Final = frozenset({"PRE", "PREPRE"})
SAME_SESSION: Final = timedelta(hours=12)
MOST_MISSED: Final = 2  # days of trading that a holiday may make out of a closed venue's last close
MOST_MISSED_IN_ASIA: Final = 6  # where whole weeks are holidays
REPEATS: Final = 20  # prints of the same price and volume at later times, for
REPEATED_FOR: Final = timedelta(minutes=30)  # so long: a feed that stands still and only moves its clock
BY_AGE: Final = frozenset({"crypto", "fx"})

Suspicion: TypeAlias = Literal["jump", "split"]


class KnownSplit(NamedTuple):
    """A split in the ledger: `ratio` new shares for each old one, from `day` on."""

    day: date
    ratio: Decimal


class TrustLimits(Struct, frozen=True):
    """What a quote may be: `stale_after` seconds on top of its delay, `max_jump` as a fraction (None: any).

    `kind` is the asset's, or `fx` for a rate. `last_session` is the latest exchange time known of anything on the
    same venue. `splits` are those that the ledger has: they explain a move, and date a price.
    """

    currency: str
    stale_after: float
    max_jump: float | None
    kind: str = "other"
    last_session: datetime | None = None
    splits: Sequence[KnownSplit] = ()


class Trust(Struct, frozen=True):
    """The judgement of one quote. `usable` says that it has a price, a time and a currency at all."""

    trusted: bool
    usable: bool
    reason: str | None = None
    age_seconds: int | None = None
    stale_limit: float | None = None
    jump: float | None = None  # against the last trusted price, as a fraction; None if there was none
    error: float = 0.0  # how far the price may be off, as a fraction, if untrusted but usable
    note: str | None = None  # what should be said of a trusted price, such as whose close it is
    suspicion: Suspicion | None = None  # what only further prints, or its user, can take away
    split: str | None = None  # the suspected split as NEW:OLD
    closed: bool = False  # its venue is closed; the price is of the last session


class _Age(NamedTuple):
    limit: float
    stale: str | None
    note: str | None = None
    closed: bool = False


def judge(quote: Quote | None, memory: Memory | None, now: datetime, limits: TrustLimits) -> Trust:
    """Whether `quote` may be decided on at `now`; fails closed, with the reason."""
    if quote is None:
        return Trust(False, False, "no quote")
    unusable = _unusable(quote, limits)
    seen = print_of(quote)
    if unusable or seen is None:
        return Trust(False, False, unusable)
    age = math.floor((now - seen.time).total_seconds())
    if age < -FUTURE_TOLERANCE_SECONDS:
        return Trust(False, False, f"its time is {-age} s ahead of the clock", age)
    aged = _aged(quote, seen.time, age, now, limits)
    before = _baseline(quote, memory, seen, limits)
    jump = None if before is None else float(seen.price / before - 1)
    error = _error(seen.price, before, limits)
    if quote.source == "manual":
        stale = aged.stale or _before_split(quote, seen, limits)
        return Trust(stale is None, True, stale, max(age, 0), aged.limit, jump, error, aged.note)
    if quote.note is not None:  # its newest answer was no price: what it said before is shown, and not decided on
        said = f"{quote.note}; the last price is {age} s old"
        return Trust(False, True, said, age, aged.limit, jump, error, closed=aged.closed)
    doubt = _doubt(quote, memory, seen, before, limits)
    if aged.stale is not None and doubt.suspicion is None:
        return Trust(False, True, aged.stale, age, aged.limit, jump, error, closed=aged.closed)
    if doubt.reason is not None:
        return Trust(
            False, True, doubt.reason, age, aged.limit, jump, error, None, doubt.suspicion, doubt.split, aged.closed
        )
    return Trust(True, True, None, max(age, 0), aged.limit, jump, note=aged.note, closed=aged.closed)


def remember(memory: Memory, quote: Quote | None, trust: Trust, limits: TrustLimits) -> Memory:
    """What to keep in mind after `quote` was judged: it, if trusted; a further print of its jump, if not."""
    seen = print_of(quote) if quote is not None and quote.source != "manual" else None
    if seen is None or limits.max_jump is None or not trust.usable:
        return memory
    if trust.trusted:
        if memory.trusted is not None and memory.trusted.time >= seen.time and not memory.suspects:
            return memory
        return counted(memory, seen, quote.volume if quote is not None else None)
    if trust.suspicion is not None and memory.trusted is not None:
        return suspected(memory, seen, limits.max_jump)
    return memory


def _unusable(quote: Quote, limits: TrustLimits) -> str | None:
    """Why it is no quote at all."""
    if quote.price is None:
        return quote.note or "no price"
    if not quote.price.is_finite() or not LOWEST_PRICE <= quote.price <= HIGHEST_PRICE:
        return f"price {quote.price} is not believable"
    if quote.time is None:
        return "no time"
    if quote.currency is None:
        return "no currency"
    if quote.currency != limits.currency:
        return f"quoted in {quote.currency}, not in {limits.currency}"
    return None


def _aged(quote: Quote, time: datetime, age: int, now: datetime, limits: TrustLimits) -> _Age:
    """Whether it is too old, by the exchange's time and never by when it was fetched."""
    if quote.source == "manual":
        return _typed(quote, time, age, now)
    limit = limits.stale_after + 60.0 * (quote.delay_minutes or 0)
    if limits.kind == "fund" or (limits.kind == "other" and quote.kind == "MUTUALFUND"):
        limit = max(limit, FUND_SECONDS)
        note = None if age <= limits.stale_after else f"fund price of {_day(quote, time)}"
        return _Age(limit, _stale(age, limit), note)
    by_age = limits.kind in BY_AGE or quote.kind in ("CRYPTOCURRENCY", "CURRENCY")
    if not by_age and _closed(quote, now, limit):
        return _Age(limit, _not_the_last(quote, time, now, limits), f"at the close of {_day(quote, time)}", True)
    return _Age(limit, _stale(age, limit))


def _typed(quote: Quote, time: datetime, age: int, now: datetime) -> _Age:
    """A price typed by the user counts until its own end."""
    if quote.expires is None or now >= quote.expires:
        return _Age(0.0, f"the price typed {age} s ago has expired")
    limit = (quote.expires - time).total_seconds()
    return _Age(limit, None, f"typed by you, counts until {quote.expires:%Y-%m-%d %H:%M} UTC")


def _stale(age: int, limit: float) -> str | None:
    return None if age <= limit else f"{age} s old, limit {limit:.0f} s"


def _closed(quote: Quote, now: datetime, limit: float) -> bool:
    """Whether its venue is closed: said so lately, or it cannot have opened since it was said."""
    if quote.market_state not in CLOSED_STATES or quote.seen is None:
        return False
    if quote.market_state == "CLOSED" and _within_session(quote, quote.seen):  # a lunch break
        return False
    lately = timedelta(0) <= now - quote.seen <= timedelta(seconds=limit)
    zone = None if quote.timezone is None else ZoneInfo(quote.timezone)
    if zone is None or _may_open_at_once(quote, quote.seen.astimezone(zone), zone):
        return lately
    before = now < next_opening(quote.seen, zone, quote.session_open)
    return before or (lately and quote.session_open is None)


def _within_session(quote: Quote, moment: datetime) -> bool:
    opens, closes = quote.session_open, quote.session_close
    return opens is not None and closes is not None and opens <= moment < closes


def _may_open_at_once(quote: Quote, seen: datetime, zone: ZoneInfo) -> bool:
    """Whether it was said at an hour, local, after which its venue may open any moment of the same day."""
    if quote.market_state in BEFORE_OPENING:
        latest = time.max
    elif quote.market_state == "CLOSED" and quote.session_open is None:
        latest = NOON  # what is closed after it has closed
    else:
        return False
    return opening_time(zone, quote.session_open) <= seen.time() < latest and may_trade(seen.date(), zone)


def _not_the_last(quote: Quote, time: datetime, now: datetime, limits: TrustLimits) -> str | None:
    """Why the price of a closed venue is not the close of its last session; None if it may be."""
    day = _day(quote, time)
    if limits.last_session is not None and time + SAME_SESSION < limits.last_session:
        return f"last traded on {day}, its venue on {limits.last_session:%Y-%m-%d}"
    zone = ZoneInfo(quote.timezone or "UTC")
    if sessions_missed(time, now, zone) > (MOST_MISSED_IN_ASIA if zone.key.startswith("Asia/") else MOST_MISSED):
        return f"last traded on {day}: too long ago for the last close"
    return None


def _day(quote: Quote, time: datetime) -> date:
    return time.astimezone(ZoneInfo(quote.timezone or "UTC")).date()


def _baseline(quote: Quote, memory: Memory | None, seen: Print, limits: TrustLimits) -> Decimal | None:
    """The last trusted price, in shares of the quote's day: splits that the ledger has since then are undone."""
    if memory is None or memory.trusted is None or memory.trusted.currency != seen.currency:
        return None
    price = memory.trusted.price
    then, today = _day(quote, memory.trusted.time), _day(quote, seen.time)
    for split in limits.splits:
        if then < split.day <= today:
            price /= split.ratio
    return price


def _error(price: Decimal, before: Decimal | None, limits: TrustLimits) -> float:
    """How far the price may be off, as a fraction of it: up to the limit, and as far as the one before."""
    moved = 0.0 if before is None else max(abs(float(price / before - 1)), abs(float(before / price - 1)))
    return max(limits.max_jump or 0.0, moved)


def _stands_still(quote: Quote, memory: Memory, seen: Print, limits: TrustLimits) -> bool:
    """Whether the source goes on saying the same with later times while the venue is open."""
    last, since = memory.trusted, memory.same_since
    if quote.market_state != "REGULAR" or limits.kind in (*BY_AGE, "fund") or last is None or since is None:
        return False
    same = bool(quote.volume) and quote.volume == memory.volume and seen.price == last.price
    return same and memory.repeats >= REPEATS and seen.time - since >= REPEATED_FOR


def _before_split(quote: Quote, seen: Print, limits: TrustLimits) -> str | None:
    """Why its price is of another number of units; None if no known split came after it."""
    later = [split.day for split in limits.splits if split.day > _day(quote, seen.time)]
    return f"its price is from before the split of {later[-1]}" if later else None


class _Doubt(NamedTuple):
    reason: str | None = None
    suspicion: Suspicion | None = None
    split: str | None = None


def _doubt(quote: Quote, memory: Memory | None, seen: Print, before: Decimal | None, limits: TrustLimits) -> _Doubt:
    """Whether the price is of another number of shares, or jumped too far to be believed at once."""
    if limits.max_jump is not None and (earlier := _before_split(quote, seen, limits)):
        return _Doubt(earlier)
    if before is None or limits.max_jump is None or memory is None:
        return _Doubt()
    if _stands_still(quote, memory, seen, limits):
        return _Doubt("the same price and volume for more than 30 minutes of trading: the feed may stand still")
    jump = float(seen.price / before - 1)
    ratio = split_ratio(before, seen.price) if limits.kind not in BY_AGE else None
    beyond = abs(jump) > limits.max_jump + 1e-12
    if ratio is not None and (beyond or abs(math.log1p(jump)) > math.log(1.4)):
        return _Doubt(f"looks like a {ratio} split: {before:f} became {seen.price:f}", "split", ratio)
    if not beyond or confirmed(memory, seen, limits.max_jump):
        return _Doubt()
    return _Doubt(f"jumped {jump:+.1%} from {before:f}, limit {limits.max_jump:.0%}", "jump")
