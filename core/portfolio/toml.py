"""Reads a file that a user wrote in TOML into exact values, or says what is wrong with it and where."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from core.errors import BadInput
from core.text import clean

LARGEST_FILE: Final = 1_000_000  # bytes
_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def contents(path: Path, where: str, kind: str, example: str) -> str:
    """The text of the file; BadInput if it has none. `kind` is what it should be, `example` where to begin."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise BadInput("no such file", where=where, fix=f"check the path, or {example}") from error
    except IsADirectoryError as error:
        raise BadInput(f"is a directory, not a {kind}", where=where, fix="name a file in it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(
            f"cannot be read: {reason}", where=where, fix="check the path and its permissions"
        ) from error
    if len(data) > LARGEST_FILE:
        raise BadInput(f"is larger than 1 MB, no {kind}", where=where, fix=example)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = "is not text in UTF-8"
        raise BadInput(what, where=f"{where}: line {line}", fix="save it as plain text in UTF-8") from error


def parsed(text: str, where: str, kind: str, example: str, tables: str) -> dict[str, object]:
    """What `text` says; numbers with a point exactly. `tables` says where what repeats is written."""
    if not text.strip():
        raise BadInput("is empty", where=where, fix=example)
    if "\0" in text:
        raise BadInput("is a binary file, not text", where=where, fix=f"name a {kind} (TOML)")
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except RecursionError as error:
        raise BadInput("is nested too deeply", where=where, fix=f"a {kind} is flat: check its brackets") from error
    except ValueError as error:  # also an integer of thousands of digits
        message = str(error)
        found = _LINE.search(message)
        line = f": line {found[1] or text.rstrip().count(chr(10)) + 1}" if found else ""
        what = clean(_LINE.sub("", message), 120)
        fix = f"write {tables}, in double brackets"
        if not what.startswith("Cannot declare"):
            fix = "correct that line: text stands in quotes, each key once, tables in [brackets]"
        raise BadInput(f"broken TOML: {what}", where=f"{where}{line}", fix=fix) from error


def _decimal(text: str) -> Decimal:
    """The exact number; infinity, refused wherever it is read, for one beyond what a Decimal can hold."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")
