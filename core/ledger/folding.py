"""A new snapshot, written beside the old one while others go on recording, and put in its place at the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from core.ledger import journal
from core.ledger.journal import Identity, Tables


class Moment(NamedTuple):
    """The tables at one commit: up to which byte of which journal beside which snapshot."""

    tables: Tables
    seq: int
    size: int
    log: tuple[int, int] | None
    snapshot: Identity | None


@contextlib.contextmanager
def drafted(path: Path, tables: Tables, seq: int) -> Iterator[Path | None]:
    """A new snapshot for `path`, whole and on the disk, to be renamed; None if somebody else writes one just now.

    The kernel keeps two from writing it at once; what one that was killed has left, the next one takes over.
    """
    draft = path.with_name(path.name + ".tmp")
    with journal.opened(draft, os.O_WRONLY | os.O_CREAT) as descriptor:
        if not _taken(descriptor) or not _is(draft, descriptor):
            yield None
            return
        try:
            os.ftruncate(descriptor, 0)
            for chunk in journal.snapshot_chunks(tables, seq):
                journal.write_all(descriptor, chunk)
            os.fsync(descriptor)
            yield draft
        finally:
            if _is(draft, descriptor):  # it was not renamed
                draft.unlink(missing_ok=True)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is(path: Path, descriptor: int) -> bool:
    """Whether the open file is the one that stands at `path`: the one before may have renamed it meanwhile."""
    there = journal.stat(path)
    return there is not None and os.path.samestat(there, os.fstat(descriptor))
