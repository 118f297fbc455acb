"""What a broker's profile is: how to tell its files, and how to read them; and the table that most of them are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from core.errors import BadInput
from core.ledger.importers.cells import Unreadable
from core.ledger.importers.items import Item
from core.ledger.importers.making import Maker
from core.ledger.importers.sheet import Line
from core.text import clean

Names = frozenset[str]  # the cells of a row, stripped and in small letters


class Profile(NamedTuple):
    """`header` tells whether a row heads what `read` reads, which gets it first; `wants` names its columns."""

    name: str
    title: str
    wants: str
    header: Callable[[Names], bool]
    read: Callable[[Sequence[Line], Maker], list[Item]]


def names_of(line: Line) -> Names:
    """The cells of a row as `Profile.header` compares them."""
    return frozenset(cell.strip().lower() for cell in line.cells)


class Columns:
    """The columns of a table by their names in the header, whatever their order."""

    def __init__(self, header: Line) -> None:
        self._names = [cell.strip().lower() for cell in header.cells]
        self._places: dict[str, int] = {}
        self._found: dict[tuple[str, ...], int | None] = {}  # by the names that were asked for
        for place, name in enumerate(self._names):
            if name:
                self._places.setdefault(name, place)

    def __call__(self, line: Line, *names: str) -> str:
        """The cell in the first of the columns called `names` that the table has; empty if it has none."""
        place = self._place(names)
        return line.cells[place].strip() if place is not None and place < len(line.cells) else ""

    def beside(self, line: Line, *names: str) -> str:
        """The cell to the right of that column, where the header has no name for it; empty if it has one."""
        place = self._place(names)
        if place is None or place + 1 >= len(self._names) or self._names[place + 1]:
            return ""
        return line.cells[place + 1].strip() if place + 1 < len(line.cells) else ""

    def _place(self, names: tuple[str, ...]) -> int | None:
        if names not in self._found:
            self._found[names] = next((self._places[name] for name in names if name in self._places), None)
        return self._found[names]

    def named(self, start: str) -> str:
        """The first column whose name begins with `start`; empty if there is none."""
        return next((name for name in self._names if name.startswith(start)), "")

    def check(self, line: Line) -> None:
        """Unreadable for a row with more cells than there are columns: a comma stands where none should."""
        if any(cell.strip() for cell in line.cells[len(self._names) :]):
            raise Unreadable("it has more cells than the header has columns: a comma or a quotation mark is wrong")


def one_account(lines: Sequence[Line], column: Callable[[Line], str]) -> None:
    """BadInput for an export of several accounts: one portfolio's ledger would mix them."""
    accounts = {account for account in map(column, lines) if account}
    if len(accounts) > 1:
        some = ", ".join(clean(account, 20) for account in sorted(accounts)[:3])
        raise BadInput(f"it holds {len(accounts)} accounts ({some})", fix="export one account at a time")


def alone(line: Line) -> bool:
    """Whether a row is a single remark: a disclaimer, a title."""
    return sum(1 for cell in line.cells if cell.strip()) == 1
