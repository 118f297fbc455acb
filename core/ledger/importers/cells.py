"""Single cells of a broker's export: numbers, days and times, each in the one form that its profile has fixed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final, Literal, TypeVar

from core.money import MINOR_UNITS, exact
from core.text import clean

When = TypeVar("When", date, datetime)
Style = Literal["point", "comma"]  # which of the two stands before the decimals

_LONGEST_NUMBER: Final = 60
_LONGEST_SHOWN: Final = 40
_NOTHING: Final = frozenset({"", "-", "--", "n/a", "N/A"})
_SYMBOLS: Final = re.compile(r"[$€£\s\u00a0\u202f']")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_POINT: Final = re.compile(r"(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?([eE][+-]?\d{1,2})?", re.ASCII)
_COMMA: Final = re.compile(r"(\d{1,3}(\.\d{3})+|\d+)?(,\d*)?([eE][+-]?\d{1,2})?", re.ASCII)
_UNDECIDED: Final = re.compile(r"[1-9]\d{0,2}([.,])\d{3}", re.ASCII)  # 1,234: a thousand, or one and a bit
_US_DAY: Final = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})", re.ASCII)
_EU_DAY: Final = re.compile(r"(?P<day>\d{2})-(?P<month>\d{2})-(?P<year>\d{4})", re.ASCII)
_ISO_DAY: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII)
_YEARS: Final = range(1900, 3000)
_FORMS: Final = {
    "month/day/year": _US_DAY,
    "day-month-year": _EU_DAY,
    "year-month-day": _ISO_DAY,
}
Form = Literal["month/day/year", "day-month-year", "year-month-day"]
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,6})?)?", re.ASCII)


class Unreadable(Exception):
    """A row cannot be made an entry; the text says why, and what to do."""


def shown(text: str) -> str:
    """A cell in quotation marks, short and harmless enough for a message."""
    return f'"{clean(text[:400], _LONGEST_SHOWN)}"'


def number(text: str, style: Style = "point") -> Decimal | None:
    """The exact number in a cell, None if it is empty; Unreadable for anything else.

    Currency signs and grouping go; a minus may stand before, behind, or be parentheses.
    """
    if not text:
        return None
    bare = text if len(text) > _LONGEST_NUMBER else _SYMBOLS.sub("", text)
    if text.strip() in _NOTHING:
        return None
    digits, negative = _unsigned(bare)
    pattern = _POINT if style == "point" else _COMMA
    if len(bare) > _LONGEST_NUMBER or not pattern.fullmatch(digits) or not any(c.isdigit() for c in digits):
        raise Unreadable(f"{shown(text)} is no number")
    plain = digits.replace(",", "") if style == "point" else digits.replace(".", "").replace(",", ".")
    try:
        value = exact(plain)
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is no number that can be kept") from error
    return -value if negative and value else value


def _unsigned(bare: str) -> tuple[str, bool]:
    """The text without its sign, and whether that was a minus."""
    bare = bare.replace("\N{MINUS SIGN}", "-")
    if bare.startswith("(") and bare.endswith(")"):
        return bare[1:-1], True
    if bare.startswith("-"):
        return bare[1:], True
    if bare.endswith("-"):
        return bare[:-1], True
    return bare.removeprefix("+"), False


def needed(value: Decimal | None, name: str) -> Decimal:
    """`value`, Unreadable if the cell called `name` was empty."""
    if value is None:
        raise Unreadable(f"the {name} is missing")
    return value


def style_of(cells: Iterable[str]) -> Style | None:
    """How a file writes decimals, told by the cells that leave no doubt; None if there is none.

    Unreadable if some say one thing and some the other.
    """
    seen: set[Style] = set()
    for cell in cells:
        bare = _unsigned(_SYMBOLS.sub("", cell[:_LONGEST_NUMBER]))[0]
        last = max(bare.rfind("."), bare.rfind(","))
        if last < 0 or _UNDECIDED.fullmatch(bare) or not bare.replace(",", "").replace(".", "").isdigit():
            continue
        grouped = bare.count(bare[last]) > 1
        seen.add("point" if (bare[last] == ".") != grouped else "comma")
    if len(seen) > 1:
        raise Unreadable("some numbers have a decimal comma, others a decimal point")
    return seen.pop() if seen else None


def undecided(cell: str) -> bool:
    """Whether a number could mean two things where the file's style is not known: `1,234`."""
    return bool(_UNDECIDED.fullmatch(_unsigned(_SYMBOLS.sub("", cell[:_LONGEST_NUMBER]))[0]))


def day(text: str, form: Form) -> date:
    """The day in a cell of this form; no other is tried."""
    found = _FORMS[form].fullmatch(text.strip()) if len(text) < _LONGEST_SHOWN else None
    if found is None:
        raise Unreadable(f"{shown(text)} is no day written {form}")
    try:
        return _plausible(date(int(found["year"]), int(found["month"]), int(found["day"])))
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is no day of the calendar") from error


def _plausible(when: When) -> When:
    """`when`, ValueError if its year is a slip: beyond them zones run out."""
    if when.year not in _YEARS:
        raise ValueError("the year is none to trade in")
    return when


def clock(text: str) -> time | None:
    """The time of day in a cell, None if it is empty."""
    if not text.strip():
        return None
    found = _TIME.fullmatch(text.strip()) if len(text) < _LONGEST_SHOWN else None
    if found is None:
        raise Unreadable(f"{shown(text)} is no time of day")
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is no time of day") from error


def moment(text: str) -> datetime:
    """The moment in a cell, as ISO 8601 with or without a zone."""
    try:
        if len(text) > _LONGEST_SHOWN:
            raise ValueError("too long")
        return _plausible(datetime.fromisoformat(text.strip()))
    except ValueError as error:
        raise Unreadable(f"{shown(text)} is no time written year-month-day hour:minute") from error


def unit(text: str) -> tuple[str, int]:
    """The currency in a cell, and how many of the unit it names are one of it: `GBX` is (GBP, 100)."""
    code = text.strip()
    if code in MINOR_UNITS:
        return MINOR_UNITS[code]
    if not _CURRENCY.fullmatch(code):
        raise Unreadable(f"{shown(text)} is no currency" if code else "the currency is missing")
    return code, 1
