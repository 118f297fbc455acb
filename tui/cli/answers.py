"""What a user types or gives as options, read into values: holdings, pairs, amounts, bands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from core.errors import BadInput
from core.money import OUTPUT_DECIMALS, plain, typed
from core.portfolio import readers
from core.portfolio.table import Wrong
from core.portfolio.write import NewAsset
from core.text import clean

Read = TypeVar("Read")
LOT: Final = "SYMBOL QUANTITY [PRICE [DATE]]"


def holding(text: str) -> NewAsset:
    """`SYMBOL=QTY[@PRICE[@DATE]]`."""
    symbol, equals, rest = text.rpartition("=")
    if not equals:
        raise BadInput(f"--holding {clean(text)} is not understood", fix="write SYMBOL=QTY, as in VTI=100@210.50")
    try:
        return lot([symbol, *rest.split("@")])
    except Wrong as wrong:
        raise BadInput(f"--holding {clean(text)}: it {wrong.what}", fix=wrong.fix) from wrong


def lot(words: Sequence[str]) -> NewAsset:
    """Symbol, quantity, and if known the price and the day of purchase."""
    if not 2 <= len(words) <= 4:
        raise BadInput(f"that is not {LOT}", fix="for example VTI 100 210.50 2023-05-01")
    price = readers.amount(number(words[2])) if len(words) > 2 else None
    acquired: date | None = readers.day(words[3]) if len(words) > 3 else None
    if acquired is not None and acquired > datetime.now(UTC).date() + timedelta(days=1):
        raise Wrong("is bought on a day that is still to come", "write the day of purchase")
    return NewAsset(listed_symbol(words[0]), readers.amount(number(words[1])), "", price, acquired)


def listed_symbol(text: object) -> str:
    """A symbol in capitals, as Yahoo lists them all."""
    return readers.symbol(text).upper()


def pairs(
    option: str,
    texts: Sequence[str],
    read_name: Callable[[object], str],
    read_number: Callable[[object], Decimal],
) -> dict[str, Decimal]:
    """What `option` said, each name once."""
    found: dict[str, Decimal] = {}
    for text in texts:
        name, value = pair(option, text, read_name, read_number)
        if name in found:
            raise BadInput(f"{option}: {name} is given twice", fix="give it once")
        found[name] = value
    return found


def pair(
    option: str, text: str, read_name: Callable[[object], str], read_number: Callable[[object], Decimal]
) -> tuple[str, Decimal]:
    name, equals, value = text.rpartition("=")
    try:
        if not equals:
            raise Wrong("has no =", "write NAME=NUMBER")
        return read_name(name), read_number(number(value))
    except Wrong as wrong:
        raise BadInput(f"{option} {clean(text)}: it {wrong.what}", fix=wrong.fix) from wrong


def option_value(option: str, read: Callable[[str], Read], text: str) -> Read:
    try:
        return read(text)
    except Wrong as wrong:
        raise BadInput(f"{option}: it {wrong.what}", fix=wrong.fix) from wrong


def number(text: str) -> Decimal:
    try:
        read = typed(text)
        if Decimal(plain(read)) != read:
            raise ValueError(f"{text!r} has more than {OUTPUT_DECIMALS} decimals")
        return read
    except ValueError as error:
        raise Wrong(f"must be a number: {clean(str(error), 80)}", "write it like 100 or 210.50") from error


def amount(text: str) -> Decimal:
    return readers.signed_amount(number(text))


def percent(text: str) -> Decimal:
    return readers.number(0, 100)(number(text.removesuffix("%")))


def band_text(text: str) -> str:
    """A band as a user writes it, if the file can hold it."""
    text = text.strip()
    if not re.fullmatch(r"\d{1,3}(\.\d+)?(\s*%|\s*/\s*\d{1,3}(\.\d+)?)?", text, re.ASCII):
        raise BadInput(f"{clean(text, 20)!r} is no band", fix='write 3, "10%" or "5/25"')
    if any(not 0 < float(part) <= 100 for part in re.findall(r"[\d.]+", text)):
        raise BadInput(f"{clean(text, 20)!r} is no band: it is above 0 and at most 100", fix="write 3, for example")
    return text
