"""Reads TOML tables key by key and collects all that is wrong, so that the errors of a file come together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from core.errors import Problem
from core.text import clean

T = TypeVar("T")

_LONGEST_SHOWN: Final = 32
_MOST_SUGGESTIONS: Final = 100  # difflib takes about a millisecond for each
# what people write, where no similar spelling leads to the key
_MEANT: Final = {
    "ticker": "symbol",
    "weight": "target",
    "allocation": "target",
    "amount": "quantity",
    "shares": "quantity",
    "units": "quantity",
    "cost": "price",
    "basis": "price",
    "date": "acquired",
    "tolerance": "band",
    "currency": "base_currency",
}


class Wrong(Exception):
    """A value cannot be used: what is wrong with it, and what to write instead."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class Table:
    """One table of a file. What cannot be used becomes a problem; a key that nobody asked for is unknown."""

    def __init__(self, values: dict[str, object], file: str, prefix: str, problems: list[Problem]) -> None:
        self.values = values
        self.file = file
        self.prefix = prefix
        self.problems = problems
        self.known: dict[str, None] = {}
        self.failed: set[str] = set()

    def where(self, key: str) -> str:
        """File and key: `book.toml: asset[2] VTI: band`."""
        return f"{self.file}: {self.prefix}{key}"

    def problem(self, key: str, what: str, fix: str) -> None:
        """Notes that `key` cannot be used."""
        self.failed.add(key)
        self.problems.append(Problem(what, self.where(key), fix))

    def has(self, key: str) -> bool:
        """Whether the file writes `key`, right or wrong."""
        return key in self.values

    def take(self, key: str, read: Callable[[object], T], default: T) -> T:
        """What the file says at `key`; `default` if it says nothing or nothing that can be used."""
        self.known[key] = None
        if key not in self.values:
            return default
        try:
            return read(self.values[key])
        except Wrong as wrong:
            self.problem(key, wrong.what, wrong.fix)
            return default

    def require(self, key: str, read: Callable[[object], T], default: T, fix: str) -> T:
        """As `take`, for a key that the file must have."""
        if key not in self.values:
            self.known[key] = None
            self.problem(key, "is missing", fix)
            return default
        return self.take(key, read, default)

    def not_yet(self, key: str, read: Callable[[object], T], default: T) -> None:
        """Accepts `key` with its default; any other valid value has no effect that is built."""
        value = self.take(key, read, default)
        if value != default:
            self.problem(key, f"{key} = {shown(self.values[key])} is not supported yet", f"leave {key} out")

    def table(self, key: str) -> Table:
        """The table at `key`; an empty one if it is missing or something else."""
        return Table(self.take(key, _table(key), {}), self.file, f"{self.prefix}{key}.", self.problems)

    def rows(self, key: str) -> list[Table]:
        """The tables of the array at `key`, numbered from 1 in their places."""
        rows: list[Table] = []
        nothing: list[object] = []
        for number, values in enumerate(self.take(key, _array(key), nothing), start=1):
            place = f"{key}[{number}]"
            if isinstance(values, dict):
                rows.append(Table(values, self.file, f"{self.prefix}{place}.", self.problems))
            else:
                self.problem(place, f"must be a table, not {shown(values)}", "write { key = value, ... }")
        return rows

    def refuse_unknown(self) -> None:
        """Notes every key that nothing has asked for, with the nearest known one."""
        for key in self.values:
            if key not in self.known:
                self.problem(clean(key, _LONGEST_SHOWN), "unknown key", self._suggestion(key))

    def _suggestion(self, key: str) -> str:
        if _MEANT.get(key) in self.known:
            return f"did you mean {_MEANT[key]}?"
        if len(self.problems) < _MOST_SUGGESTIONS:
            from difflib import get_close_matches

            for near in get_close_matches(key.lower(), self.known, n=1):
                return f"did you mean {near}?"
        return f"known here: {', '.join(sorted(self.known))}"


def shown(value: object) -> str:
    """A value of the file, short and harmless enough for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{clean(value, _LONGEST_SHOWN)}"'
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, int) and abs(value) >= 10**_LONGEST_SHOWN:
        return "a huge number"
    return clean(str(value), _LONGEST_SHOWN)


def listed(words: Iterable[str], most: int = 5) -> str:
    """The first few words, and how many more there are: `VTI, BND and 3 more`."""
    words = list(words)
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")


def _table(key: str) -> Callable[[object], dict[str, object]]:
    def read(value: object) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        raise Wrong(f"must be one table, not {shown(value)}", f"write [{key}] once, in single brackets")

    return read


def _array(key: str) -> Callable[[object], list[object]]:
    def read(value: object) -> list[object]:
        if isinstance(value, list):
            return value
        raise Wrong(f"must be a list of tables, not {shown(value)}", f"write [[{key}]], in double brackets")

    return read
