"""Every error a user can meet: what happened, where, and what to do about it.

StrikezoneError
├── BadInput            exit 2: bad usage, a bad file, a refused request
├── NoTrustedPrices     exit 3: nothing to decide on
└── Conflict            exit 4: recorded, voided or changed meanwhile
    ├── Busy            exit 4: another process holds the lock
    └── LedgerDamaged   exit 4: a ledger file that cannot be believed
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong: `what` happened, `where` (file, key, line; may be empty), `fix` to do."""

    what: str
    where: str = ""
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class StrikezoneError(Exception):
    """Base of all errors shown to the user; carries one or more problems and the exit code."""

    exit_code: ClassVar[int] = 70

    def __init__(self, what: str, *, where: str = "", fix: str = "", problems: Iterable[Problem] = ()) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(what, where, fix),)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class BadInput(StrikezoneError):
    """The user's file, option or request cannot be used as it stands."""

    exit_code = 2


class NoTrustedPrices(StrikezoneError):
    """There is no price good enough to decide on."""

    exit_code = 3


class Conflict(StrikezoneError):
    """What was asked for contradicts what is recorded."""

    exit_code = 4


class Busy(Conflict):
    """Another process holds the ledger's lock; nothing was changed."""


class LedgerDamaged(Conflict):
    """A ledger file is unreadable, inconsistent or not ours; nothing was changed."""
