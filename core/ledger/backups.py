"""Dated copies of a ledger: each fold keeps the snapshot that it replaces, the newest ones stay.

They lie in `backups/` beside the file, as `ledger-YYYYMMDDTHHMMSSZ.json`. Nothing else there is ever touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from core.ledger import journal

FOLDER: Final = "backups"
KEPT: Final = 10
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_TIME: Final = r"([0-9]{8}T[0-9]{6}Z)"


def folder_of(ledger: Path) -> Path:
    """Where the backups of `ledger` lie: beside the file itself, also if `ledger` is a link to it."""
    return Path(os.path.realpath(ledger)).parent / FOLDER


def backups_of(ledger: Path) -> list[Path]:
    """The backups of `ledger`, the oldest first; none if there is no folder. OSError if it cannot be read."""
    folder, stem = folder_of(ledger), Path(os.path.realpath(ledger)).stem
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    return [folder / name for name in names if _moment(stem, name) and _is_file(folder / name)]


def stamp(moment: datetime) -> str:
    """`moment`, to the second, as it stands in names."""
    return moment.astimezone(UTC).strftime(_STAMP)


def keep(ledger: Path, successor: Path) -> None:
    """Keep `ledger` under a name of its own before `successor` replaces it, unless a copy or that says the same.

    For the holder of the ledger's lock. A link is enough: a snapshot is replaced, never written to. OSError if it
    cannot be kept.
    """
    if not ledger.exists() or _same(ledger, successor):
        return
    there = backups_of(ledger)
    if there and _same(ledger, there[-1]):
        return
    folder = folder_of(ledger)
    journal.make_directory(folder)
    link(ledger, folder / f"{ledger.stem}-{stamp(_next(ledger.stem, there))}.json")
    journal.sync_directory(folder)


def prune(ledger: Path, most: int) -> None:
    """Remove the oldest backups beyond `most`. OSError if one cannot be removed."""
    for path in backups_of(ledger)[: -most or None]:
        path.unlink()


def _next(stem: str, there: list[Path]) -> datetime:
    """A moment for a name that sorts behind all that are there: now, or later if the clock went back."""
    now = datetime.now(UTC).replace(microsecond=0)
    newest = _moment(stem, there[-1].name) if there else None
    try:
        return now if newest is None else max(now, newest + timedelta(seconds=1))
    except OverflowError as error:
        raise OSError(0, f"{there[-1].name} leaves no later name") from error


def _moment(stem: str, name: str) -> datetime | None:
    """The moment in `name` if it is a backup's, letter by letter."""
    matched = re.fullmatch(rf"{re.escape(stem)}-{_TIME}\.json", name)
    if matched is None:
        return None
    with contextlib.suppress(ValueError):
        return datetime.strptime(matched[1], _STAMP).replace(tzinfo=UTC)
    return None


def _is_file(path: Path) -> bool:
    """Whether it is a file of its own: no link, no directory."""
    with contextlib.suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def _same(one: Path, other: Path) -> bool:
    """Whether two files are one, or say the same."""
    ours, theirs = one.stat(), other.stat()
    if os.path.samestat(ours, theirs):
        return True
    return ours.st_size == theirs.st_size and one.read_bytes() == other.read_bytes()


def link(source: Path, target: Path) -> None:
    """Make `target` as another name of `source`, for its owner only; a copy where the file system has no links."""
    if source.stat().st_mode & 0o077:
        source.chmod(0o600)
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        temporary = target.with_name(target.name + ".tmp")
        journal.write_whole(temporary, os.O_TRUNC, source.read_bytes())
        os.replace(temporary, target)
