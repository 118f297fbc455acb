"""The other ledgers of a wash group: found in the data directory by what their state says, and only read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from core.book.book import head_in_force
from core.book.wash import Member
from core.errors import StrikezoneError
from core.ledger import journal
from core.ledger.record import Record
from core.ledger.state import LEDGER_FILE, Change, State, load_state
from core.portfolio.model import Portfolio

Version = tuple[journal.Identity | None, journal.Identity | None]


class _Read(NamedTuple):
    """A ledger as it was read."""

    version: Version
    member: Member


class Group:
    """The ledgers whose purchases disallow losses of one portfolio, and the other way round."""

    def __init__(self, folder: Path, portfolio: Portfolio) -> None:
        self.notices: tuple[str, ...] = ()
        self.trouble: tuple[str, ...] = ()  # why others may not find this ledger
        self._folder = folder
        self._portfolio = portfolio
        self._read: dict[str, _Read] = {}
        self._members: tuple[Member, ...] = ()

    def join(self, save: Callable[[Change], State], *, readonly: bool) -> None:
        """Write into the state what others find this ledger by; what keeps that from being done is `trouble`."""
        tax = self._portfolio.tax
        joined = tax.wash_group, bool(tax.wash_group) and tax.regime == "us"
        try:
            state = load_state(self._folder)
            if not readonly and (state.wash_group, state.taxed) != joined:
                save(lambda old: replace(old, wash_group=joined[0], taxed=joined[1]))
        except StrikezoneError as error:
            self.trouble = (f"the wash group could not be kept: {error}",) if tax.wash_group else ()

    @property
    def members(self) -> tuple[Member, ...]:
        """The others, as they were at the last `refresh`, by name."""
        return self._members

    def refresh(self) -> bool:
        """Read what is new; True if anything of a member changed, came or went."""
        group = self._portfolio.tax.wash_group
        if not group or not self._portfolio.tax.washes:
            return False
        found: dict[str, _Read] = {}
        notices = []
        for folder in sorted(self._folder.parent.glob("*/")):
            if folder.name == self._folder.name:
                continue
            with contextlib.suppress(FileNotFoundError):
                try:
                    state = load_state(folder)
                    if state.wash_group == group:
                        found[folder.name] = self._look(folder, taxed=state.taxed)
                except StrikezoneError as error:
                    notices.append(f"wash group {group}: {folder.name} could not be read and is left out: {error}")
        base = self._portfolio.base_currency
        for name in [name for name, read in found.items() if read.member.head.base_currency != base]:
            notices.append(f"wash group {group}: {name} is not kept in {base} and is left out")
            del found[name]
        changed = {n: r.version for n, r in found.items()} != {n: r.version for n, r in self._read.items()}
        self._read, self.notices = found, tuple(notices)
        self._members = tuple(read.member for read in found.values())
        return changed

    def as_of(self, sizes: Mapping[str, int]) -> tuple[Member, ...]:
        """The members of which `sizes` gives how many entries they had, with these; those that are gone are not."""
        found = []
        for name, count in sorted(sizes.items()):
            path = (self._folder.parent / name / LEDGER_FILE).resolve()
            with contextlib.suppress(FileNotFoundError):
                taxed = load_state(self._folder.parent / name).taxed
                found.append(_member(name, path, taxed=taxed, count=count))
        return tuple(found)

    def _look(self, folder: Path, *, taxed: bool) -> _Read:
        path = (folder / LEDGER_FILE).resolve()
        version = (_identity(path), _identity(path.with_name(path.name + ".log")))
        known = self._read.get(folder.name)
        if known is not None and known.version == version and known.member.taxed == taxed:
            return known
        if version == (None, None):
            raise FileNotFoundError(path)
        return _Read(version, _member(folder.name, path, taxed=taxed))


def _member(name: str, path: Path, *, taxed: bool, count: int | None = None) -> Member:
    """The ledger at `path`, or its first `count` entries; FileNotFoundError if it has none."""
    record = Record(path, readonly=True)
    try:
        record.catch_up()
    finally:
        record.close(fold=False)
    if record.first is None:
        raise FileNotFoundError(path)
    known = record.entries if count is None else record.entries[:count]
    voided = {entry.void_of for entry in known}
    head, _ = head_in_force(record.first, known)
    after = (e for e in known if head.opened is None or e.effective > head.opened)
    entries = tuple(e for e in after if e.symbol is not None and e.kind != "void" and e.seq not in voided)
    return Member(name, head, entries, taxed, len(known))


def _identity(path: Path) -> journal.Identity | None:
    status = journal.stat(path)
    return status and journal.identity(status)
