"""What each live session wants to be polled: a file of its own, believed as long as its owner holds its lock."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from core.disk import FileLock

FOLDER: Final = "wanted"
LEAST_INTERVAL: Final = 5.0
MOST_SYMBOLS: Final = 2000  # of one session; more than that is no portfolio


class Wanted(Struct, frozen=True):
    """Symbols to be polled every `interval` seconds."""

    symbols: tuple[str, ...] = ()
    interval: float = 3600.0

    def joined(self, other: Wanted) -> Wanted:
        """Both: the union of the symbols at the shorter interval."""
        union = dict.fromkeys((*self.symbols, *other.symbols))
        return Wanted(tuple(union), min(self.interval, other.interval))


class WantedFile:
    """This session's own file. The kernel frees its lock when the session dies, however it dies."""

    def __init__(self, feed: Path) -> None:
        self._folder = feed / FOLDER
        self._lock: FileLock | None = None
        self._said: Wanted | None = None

    def say(self, wanted: Wanted) -> None:
        """Make `wanted` what this session wants; also if somebody removed the file. OSError if it cannot be."""
        if self._lock is not None and not self._lock.held:
            self._lock = self._said = None
        if self._lock is None:
            self._lock = self._own_file()
        if wanted != self._said:
            self._lock.write(msgspec.json.encode(wanted))
            self._said = wanted

    def withdraw(self) -> None:
        """This session wants nothing any more."""
        if self._lock is not None:
            self._lock.release(remove=True)
        self._lock = self._said = None

    @property
    def path(self) -> Path | None:
        """Where it is, once something was said."""
        return self._lock.path if self._lock else None

    def _own_file(self) -> FileLock:
        """The file named by the process; a second session in the process gets a number behind it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for number in range(1, 100):
            suffix = "" if number == 1 else f".{number}"
            lock = FileLock(self._folder / f"{os.getpid()}{suffix}")
            if lock.acquire():
                return lock
        raise OSError("too many sessions in one process")


def wanted_by_all(feed: Path, own: Path | None) -> Iterator[Wanted]:
    """What the other live sessions want; files of sessions that died are removed."""
    try:
        paths = [path for path in (feed / FOLDER).iterdir() if path != own]
    except OSError:
        return
    for path in sorted(paths):
        lock = FileLock(path)
        with contextlib.suppress(OSError, ValueError):
            if lock.acquire():
                lock.release(remove=True)
            else:
                wanted = msgspec.json.decode(path.read_bytes(), type=Wanted)
                yield Wanted(wanted.symbols[:MOST_SYMBOLS], max(wanted.interval, LEAST_INTERVAL))
