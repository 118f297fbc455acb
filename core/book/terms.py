"""Holding periods of the United States: from which day on a gain is long-term, counted in calendar months."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias

Term: TypeAlias = Literal["short", "long"]


@lru_cache(maxsize=1 << 12)
def first_long_day(acquired: date) -> date:
    """The first day on which a sale of what was `acquired` then is long-term: more than one year later.

    The day of purchase does not count, the day of sale does; what was acquired on the last day of a month ends its
    months on their last days, so that 2015-02-28 is long from 2016-03-01 on. The last of all days if there is none.
    Source: Rev. Rul. 66-7, 66-97 and 70-598.
    """
    year = acquired.year + 1
    if year > date.max.year:
        return date.max
    last = calendar.monthrange(year, acquired.month)[1]
    at_end = acquired.day == calendar.monthrange(acquired.year, acquired.month)[1]
    try:
        return date(year, acquired.month, last if at_end else acquired.day) + timedelta(days=1)
    except OverflowError:
        return date.max


def term(acquired: date | None, sold: date) -> Term | None:
    """Whether a sale on `sold` is long-term; None if the day of purchase is unknown."""
    if acquired is None:
        return None
    return "long" if sold >= first_long_day(acquired) else "short"


def carried_over(acquired: date | None, since: date | None, sold: date) -> date | None:
    """From when a replacement bought on `acquired` counts as held: earlier by the days for which the lot that was
    held `since` and `sold` at a loss was held. Source: IRC 1223(3)."""
    if acquired is None or since is None:
        return acquired
    try:
        return acquired - (sold - since)
    except OverflowError:
        return date.min
