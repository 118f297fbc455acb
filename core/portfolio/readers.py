"""Turns single values of a portfolio file into exact numbers, fractions, names and days, or says what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias, TypeVar

from core.money import MINOR_UNITS, ONE, SMALLEST_STEP, ZERO
from core.portfolio.model import Kind, Limit, Market
from core.portfolio.table import Wrong, shown
from core.text import clean

Word = TypeVar("Word", bound=str)
Number: TypeAlias = Callable[[object], Decimal]

LARGEST: Final = Decimal(10**15)
_MOST_DIGITS: Final = 24  # a product of two stays exact
_MOST_DECIMALS: Final = 18
PERCENT: Final = -2  # decimal places from a percent, and from a basis point, to a fraction
BASIS_POINTS: Final = -4

_NUMERIC_TEXT: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*%?\s*", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SYMBOL: Final = re.compile(r"[A-Za-z0-9^.][A-Za-z0-9^.=&_:+!$-]{0,31}")
_RESERVED_IDS: Final = frozenset({"feed"})  # a folder of the data directory

DESTINATIONS: Final = {"target": 1.0, "half": 0.5, "edge": 0.0}


# numbers


def number(lowest: Decimal | int | None = None, highest: Decimal | int = LARGEST) -> Number:
    """Reads a finite number from `lowest` to `highest`, exactly."""
    floor = -LARGEST if lowest is None else Decimal(lowest)
    ceiling = Decimal(highest)

    def read(value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise Wrong(f"must be a number, not {shown(value)}", _without_quotes(value))
        if isinstance(value, Decimal) and not value.is_finite():
            raise Wrong(f"must be a finite number, not {shown(value)}", _range_text(floor, ceiling))
        if value < floor:
            text = "cannot be negative" if floor == 0 else f"must be at least {floor}"
            raise Wrong(f"{text}: {shown(value)}", _range_text(floor, ceiling))
        if value > ceiling:
            raise Wrong(f"must be at most {_plain(ceiling)}, not {shown(value)}", _range_text(floor, ceiling))
        return Decimal(value) if isinstance(value, int) else _short_enough(value)

    return read


def scaled(read: Number, places: int) -> Number:
    """Reads a percent or basis points as an exact fraction."""
    return lambda value: read(value).scaleb(places)


def real(read: Number) -> Callable[[object], float]:
    """Reads a number that never becomes money."""
    return lambda value: float(read(value))


def positive(read: Number) -> Number:
    """Reads a number above 0."""

    def read_positive(value: object) -> Decimal:
        result = read(value)
        if not result:
            raise Wrong("must be above 0", "write a number above 0")
        return result

    return read_positive


def _short_enough(value: Decimal) -> Decimal:
    """`value` if products with it stay exact; zero without its sign."""
    if not value:
        return ZERO
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) > _MOST_DIGITS or exponent < -_MOST_DECIMALS:
        limits = f"{_MOST_DIGITS} digits, {_MOST_DECIMALS} of them decimals"
        raise Wrong(f"has too many digits: {shown(value)}", f"write at most {limits}")
    return value


def _plain(bound: Decimal) -> str:
    return format(bound, "f")


def _range_text(floor: Decimal, ceiling: Decimal) -> str:
    if ceiling == LARGEST:
        return f"write a number of at least {floor}" if floor > -LARGEST else "write a number"
    return f"write a number from {floor} to {_plain(ceiling)}"


def _without_quotes(value: object) -> str:
    found = _NUMERIC_TEXT.fullmatch(value) if isinstance(value, str) and len(value) < 40 else None
    return f"write {found[1]}, without quotes" if found else "write a number, without quotes"


amount: Final = number(0)
signed_amount: Final = number()
percent: Final = scaled(number(0, 100), PERCENT)
wide_percent: Final = scaled(number(0, 100_000), PERCENT)
bps: Final = scaled(number(0, 10_000), BASIS_POINTS)
fraction: Final = real(percent)
wide_fraction: Final = real(wide_percent)
flag_fix: Final = "write true or false, without quotes"


def whole(value: object) -> int:
    """A whole number of at least 0."""
    read = amount(value)
    if read != read.to_integral_value():
        raise Wrong(f"must be a whole number, not {shown(value)}", f"write {int(read)} or {int(read) + 1}")
    return int(read)


def step(value: object) -> Decimal:
    """The smallest tradable quantity; 0 stands for any fraction."""
    read = number(0, 10**9)(value)
    if ZERO < read < SMALLEST_STEP:
        raise Wrong(f"must be at least {_plain(SMALLEST_STEP)}, not {shown(value)}", "write 0 for any fraction")
    return read or SMALLEST_STEP


def limit(read: Callable[[object], float]) -> Callable[[object], Limit]:
    """Reads a guard's limit: a number, or text such as "warn:25"."""

    def read_limit(value: object) -> Limit:
        if not isinstance(value, str):
            return Limit(read(value))
        prefix, _, rest = value.partition(":")
        found = _NUMERIC_TEXT.fullmatch(rest) if len(rest) < 40 else None
        if prefix.strip() != "warn" or found is None:
            raise Wrong(
                f'must be a number or "warn:NUMBER", not {shown(value)}', 'write 25, or "warn:25" to be warned only'
            )
        return Limit(read(Decimal(found[1])), warn=True)

    return read_limit


def destination(value: object) -> float:
    """How far back a breach is traded, from the edge (0) to the target (1)."""
    if isinstance(value, str) and value in DESTINATIONS:
        return DESTINATIONS[value]
    try:
        return float(number(0, ONE)(value))
    except Wrong as wrong:
        what = f'must be "target", "half", "edge" or a number from 0 to 1, not {shown(value)}'
        raise Wrong(what, 'write "target", "half", "edge" or a number from 0 to 1') from wrong


# words


def one_of(*words: Word) -> Callable[[object], Word]:
    """Reads one of a few words."""
    choices = " or ".join(f'"{word}"' for word in words)

    def read(value: object) -> Word:
        for word in words:
            if value == word:
                return word
        raise Wrong(f"must be {choices}, not {shown(value)}", f"write {choices}")

    return read


kind: Final[Callable[[object], Kind]] = one_of("stock", "etf", "fund", "bond", "crypto", "other")
market: Final[Callable[[object], Market]] = one_of("us", "uk", "none")


def flag(value: object) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise Wrong(f"must be true or false, not {shown(value)}", flag_fix)


def text(value: object) -> str:
    """Any text, cleaned."""
    if isinstance(value, str):
        return clean(value)
    raise Wrong(f"must be text, not {shown(value)}", 'write it in quotes: "..."')


def file_path(value: object) -> str:
    """A path as it is written; empty for none."""
    name = text(value) and str(value)
    if name != clean(name, len(name)):
        raise Wrong("has characters that no file name should have", "write the path of a file")
    return name


def portfolio_id(value: object) -> str:
    """The name of a ledger."""
    name = text(value)
    if name in _RESERVED_IDS:
        raise Wrong(f"{name} is the name of a folder of ours", f'write another id, such as "my-{name}"')
    if not isinstance(value, str) or not _ID.fullmatch(value):
        fix = "write up to 64 of a-z, 0-9 and -, beginning with a letter or digit"
        raise Wrong(f"must be of a-z, 0-9 and -, not {shown(value)}", fix)
    return value


def symbol(value: object) -> str:
    """The feed's symbol, such as `BRK-B`, `VOD.L`, `EURUSD=X` or `^GSPC`."""
    name = text(value)
    if not isinstance(value, str) or not _SYMBOL.fullmatch(value) or not any(c.isalnum() for c in value):
        fix = "write the feed's symbol: up to 32 letters, digits and . - = ^ & _ : + ! $"
        raise Wrong(f"must be a symbol, not {shown(value)}" if name else "is empty", fix)
    return value


def currency(value: object) -> str:
    """A currency code, or one of the minor units in which some venues quote."""
    code = text(value)
    if code in MINOR_UNITS or _CURRENCY.fullmatch(code):
        return code
    better = code.upper() if _CURRENCY.fullmatch(code.upper()) else "USD"
    raise Wrong(f"must be a currency code, not {shown(value)}", f'write three capital letters: "{better}"')


def major_currency(value: object) -> str:
    """A currency code that is not a minor unit."""
    code = currency(value)
    if code in MINOR_UNITS:
        major = MINOR_UNITS[code][0]
        raise Wrong(f"{code} is a minor unit of {major}", f'write "{major}"')
    return code


def timezone(value: object) -> str:
    """An IANA time zone; empty for the machine's."""
    name = text(value)
    if not name:
        return ""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        fix = 'write an IANA name, such as "America/New_York" or "Europe/London"'
        raise Wrong(f"{shown(value)} is not a known time zone", fix) from error
    return name


def day(value: object) -> date:
    """A TOML date or a text such as "2023-05-01"."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise Wrong(f"there is no day {value}", "write a day such as 2023-05-01") from error
    raise Wrong(f"must be a day, not {shown(value)}", "write a day such as 2023-05-01")
