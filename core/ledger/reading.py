"""The files as they stand, read without the lock: what seems wrong while others may write is looked at twice."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep
from typing import Final, NamedTuple

from core.errors import Conflict, Problem
from core.ledger import journal
from core.ledger.journal import Identity, Tables

SETTLE_SECONDS: Final = 0.02  # between two looks at files that somebody may be writing
MOST_LOOKS: Final = 100
MANY_OBJECTS: Final = 50_000


class Disk(NamedTuple):
    """The files as they were read: what they hold, which versions they were, what is wrong with them."""

    tables: Tables
    seq: int
    size: int
    tail: bytes
    snapshot: Identity | None
    descriptor: int | None  # of the journal, the caller's to close
    problems: tuple[Problem, ...]


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Read without the garbage collector: none of a million new objects is garbage, and looking takes as long.

    Nor will they be later: where there are many, no collection looks at them again.
    """
    running, before = gc.isenabled(), gc.get_count()[0]
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] - before > MANY_OBJECTS:
            gc.freeze()
        if running:
            gc.enable()


@uncollected()
def look(path: Path, log: Path, open_log: Callable[[], int]) -> Disk:
    """Read the snapshot at `path` and the journal `log`; what seems wrong must be seen twice."""
    before: object = None
    for _ in range(MOST_LOOKS):
        disk = _look_once(path, log, open_log)
        if disk is None:  # folded meanwhile
            continue
        wrong = disk.problems, disk.tail
        if wrong in (((), b""), before):
            return disk
        close(disk.descriptor)
        before = wrong
        sleep(SETTLE_SECONDS)
    raise Conflict("the ledger's files keep changing", where=str(path), fix="try again")


def version_of(path: Path) -> Identity | None:
    """Which version of the file stands there now; None if there is none."""
    status = journal.stat(path)
    return status and journal.identity(status)


def close(descriptor: int | None) -> None:
    """Close it if it is open."""
    if descriptor is not None:
        os.close(descriptor)


def _look_once(path: Path, log: Path, open_log: Callable[[], int]) -> Disk | None:
    """Read the snapshot, then the journal; None if the snapshot was replaced meanwhile."""
    with contextlib.ExitStack() as stack:
        version, snapshot = None, journal.Snapshot({}, 0)
        with contextlib.suppress(FileNotFoundError):
            descriptor = stack.enter_context(journal.opened(path, os.O_RDONLY))
            version = journal.identity(os.fstat(descriptor))
            snapshot = journal.decode_snapshot(journal.read_from(descriptor, 0), path)
        opened, raw = None, b""
        with contextlib.suppress(FileNotFoundError):
            opened = open_log()
        on_error = stack.enter_context(contextlib.ExitStack())
        on_error.callback(close, opened)
        if opened is not None:
            raw = journal.read_from(opened, 0)
        if version != version_of(path):
            return None
        news = journal.decode_journal(raw, log, snapshot.seq)
        for operations in news.commits:
            journal.apply(snapshot.tables, operations)
        on_error.pop_all()
        problems = snapshot.problems + news.problems
        return Disk(snapshot.tables, news.seq, news.size, news.tail, version, opened, problems)
