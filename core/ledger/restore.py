"""The way back: a verified backup takes the ledger's place, and what stood there is kept under another name."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

from core.book.audit import audit
from core.book.book import head_in_force
from core.errors import BadInput, Busy, Conflict, LedgerDamaged, Problem
from core.ledger import backups, journal
from core.ledger.folding import drafted
from core.ledger.head import foreign
from core.ledger.journal import Tables
from core.ledger.reading import close, look
from core.ledger.record import Record
from core.ledger.state import LEDGER_FILE, LOCK_TIMEOUT_SECONDS
from core.portfolio.model import Portfolio

_ANOTHER = "nothing was changed; take another one"


class Backup(NamedTuple):
    """What a sound backup holds: tables, the number of its last commit, how many entries, and the newest's time."""

    path: Path
    tables: Tables
    seq: int
    entries: int
    newest: datetime


def find(folder: Path, given: str) -> Path:
    """The file that a user means by a path, or by the name of one of the backups of the ledger in `folder`."""
    path = Path(os.path.expanduser(given))
    named = backups.folder_of(folder / LEDGER_FILE) / given
    with contextlib.suppress(OSError):  # a name that no file can have
        if path.is_file():
            return path
        if path.name == given and named.is_file():
            return named
    there: list[str] = []
    with contextlib.suppress(OSError):
        there = [one.name for one in backups.backups_of(folder / LEDGER_FILE)]
    newest = f"; the newest is {there[-1]}" if there else ""
    raise BadInput(f"there is no backup {given}", fix=f"{len(there)} are in {named.parent}{newest}")


def verified(path: Path, portfolio: Portfolio) -> Backup:
    """The backup at `path`, once all that it says has been checked.

    LedgerDamaged if it cannot be believed; BadInput if it holds nothing, or the ledger of another portfolio.
    """
    try:
        sealed = journal.is_sealed(path)
    except OSError as error:
        raise BadInput(f"the backup cannot be read: {error.strerror}", where=str(path), fix=_ANOTHER) from error
    if not sealed:
        raise LedgerDamaged("the backup is not whole: its checksum is missing", where=str(path), fix=_ANOTHER)
    record = Record(path, readonly=True)
    try:
        record.catch_up()
        if record.first is None:
            raise BadInput("the backup holds no entry", where=str(path), fix=_ANOTHER)
        head, _ = head_in_force(record.first, record.entries)
        if strange := foreign(head, portfolio):
            raise BadInput("", problems=[Problem(one.what, f"{path}, {one.where}", _ANOTHER) for one in strange])
        if found := [*record.verify(), *audit(record.first, record.entries)]:
            raise LedgerDamaged("", problems=[Problem(what, str(path), _ANOTHER) for what in found])
        newest = max(entry.recorded_at for entry in record.entries)
        entries = len(record.entries)
    finally:
        record.close(fold=False)
    log = path.with_name(path.name + ".log")  # a copy of a whole directory has one
    disk = look(path, log, lambda: os.open(log, os.O_RDONLY | os.O_CLOEXEC))
    close(disk.descriptor)
    return Backup(path, disk.tables, disk.seq, entries, newest)


def restore(folder: Path, backup: Backup) -> tuple[Path, ...]:
    """Let `backup` be the ledger in `folder`; gives what the files that stood there are called now.

    Whatever happens meanwhile, the old ledger or the new one is there, whole: the snapshot that is put in place
    claims all the commits of the journal beside it, so that these count no more even before they are gone. A
    process that has the ledger open finds its entries changed, and refuses to go on.
    """
    path = Path(os.path.realpath(folder / LEDGER_FILE))
    log, lock = (path.with_name(path.name + end) for end in (".log", ".lock"))
    begun = False
    try:
        journal.make_directory(path.parent)
        with journal.exclusive(lock, LOCK_TIMEOUT_SECONDS):
            with drafted(path, backup.tables, max(backup.seq, _last_commit(path, log))) as draft:
                if draft is None:
                    raise Busy("another process is folding the ledger", where=str(path), fix="try again")
                empty = log.with_name(log.name + ".tmp")
                journal.write_whole(empty, os.O_TRUNC, b"")
                kept = _set_aside(path, log)
                begun = True
                os.replace(draft, path)
                journal.sync_directory(path.parent)
                os.replace(empty, log)
                journal.sync_directory(path.parent)
            return kept
    except OSError as error:
        if begun:
            raise Conflict(
                f"the disk failed ({error.strerror}), and whether this was restored cannot be told",
                where=str(path),
                fix="check the disk, then look with: strikezone ledger verify",
            ) from error
        raise journal.refused(error, path, "restored") from error


def _last_commit(path: Path, log: Path) -> int:
    """The highest number of a commit that can be read in the files that are there, damaged ones included."""
    highest = 0
    if path.exists():
        highest = journal.decode_snapshot(path.read_bytes(), path).seq or 0
    for line in log.read_bytes().split(b"\n") if log.exists() else ():
        try:
            found = journal.decode_line(line)
        except (ValueError, RecursionError):
            continue
        highest = max(highest, found[0]) if found else highest
    return highest


def _set_aside(path: Path, log: Path) -> tuple[Path, ...]:
    """Give the ledger's files second names, never used before, that stay when they are replaced."""
    stamp = backups.stamp(datetime.now(UTC))
    ends = (f"{stamp}" if number == 1 else f"{stamp}-{number}" for number in count(1))
    files = [file for file in (path, log) if file.exists()]
    for end in ends:
        names = [file.with_name(f"{file.name}.replaced-{end}") for file in (path, log)]
        if not any(os.path.lexists(name) for name in names):
            break
    pairs = [(file, file.with_name(f"{file.name}.replaced-{end}")) for file in files]
    for file, name in pairs:
        backups.link(file, name)
    journal.sync_directory(path.parent)
    return tuple(name for _, name in pairs)
