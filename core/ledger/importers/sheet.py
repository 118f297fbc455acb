"""A broker's file as lines of cells: bytes decoded, quotation marks undone, each with its line's number."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from core.errors import BadInput
from core.text import clean

DELIMITERS: Final = (",", ";", "\t")
_LONGEST_SHOWN: Final = 160
_EXPORT_CSV: Final = "export the transactions as CSV instead"
_NOT_TEXT: Final = {  # how a file begins -> what it is
    b"PK\x03\x04": ("is an Excel workbook or another zip file", "save it as CSV (UTF-8) in the spreadsheet, or "),
    b"\xd0\xcf\x11\xe0": ("is an old Excel workbook", "save it as CSV (UTF-8) in the spreadsheet, or "),
    b"%PDF": ("is a PDF", "a statement in PDF cannot be read: "),
    b"\x1f\x8b": ("is compressed", "unpack it first, or "),
    b"OFXHEADER": ("is an OFX or QFX file", ""),
    b"<": ("is XML or a web page", "for Interactive Brokers take the Activity Statement as CSV; else "),
    b"{": ("is JSON", ""),
}


class Line(NamedTuple):
    """The cells of one row and the number of the file's line at which it begins."""

    number: int
    cells: list[str]

    @property
    def text(self) -> str:
        """The row for a person, short and harmless."""
        return clean(" | ".join(cell[:_LONGEST_SHOWN] for cell in self.cells[:30] if cell), _LONGEST_SHOWN)

    @property
    def blank(self) -> bool:
        """Whether all its cells are empty."""
        return not any(cell.strip() for cell in self.cells)


def decode(data: bytes, where: str) -> str:
    """The text of an export in UTF-8, UTF-16 or Windows-1252; BadInput for a file that is no text."""
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:16]
    for magic, (what, fix) in _NOT_TEXT.items():
        if start.startswith(magic):
            raise BadInput(what, where=where, fix=fix + _EXPORT_CSV)
    if not start:
        raise BadInput("is empty", where=where, fix=_EXPORT_CSV)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif data[1:2] == b"\0":
        encoding = "utf-16-le"
    else:
        encoding = "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")  # only names and descriptions differ
    if "\0" in text:
        raise BadInput("is a binary file, not text", where=where, fix=_EXPORT_CSV)
    return text


def lines_of(text: str, delimiter: str, where: str) -> list[Line]:
    """The rows that `text` holds, blank ones included; BadInput for quotation marks that are never closed."""
    return list(_lines(text, delimiter, where, strict=True))


def first_lines(text: str, delimiter: str, most: int) -> list[Line]:
    """The first rows, as far as they can be told apart with this delimiter, be it the right one or not."""
    found: list[Line] = []
    with contextlib.suppress(BadInput):
        found.extend(itertools.islice(_lines(text, delimiter, "", strict=False), most))
    return found


def _lines(text: str, delimiter: str, where: str, *, strict: bool) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    begins = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            what = "has a cell that never ends, or text behind a quotation mark"
            raise BadInput(what, where=f"{where}: line {begins}", fix="export it again") from error
        if cells is None:
            return
        yield Line(begins, cells)
        begins = reader.line_num + 1


def seen(lines: Sequence[Line]) -> str:
    """What the first rows say, for a message about a file that is none of ours."""
    rows = [line.text for line in lines if not line.blank]
    return clean(rows[0], 120) if rows else "nothing"
