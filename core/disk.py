"""Files that others may read at any moment, also after a crash: whole ones in private directories, and locks."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


def private_directory(directory: Path) -> None:
    """Create `directory` and its missing parents, each open to its owner only. OSError if that is refused."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def replace_whole(path: Path, data: bytes) -> None:
    """Make `data` the content of `path`: a reader sees the old or the new, whole, however the writer dies.

    Nothing is synced: this is for what can be fetched again. The temporary file is the process's own.
    """
    temporary = _temporary(path, data)
    try:
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def create_whole(path: Path, data: bytes) -> None:
    """Make a new file of `data`, whole or not at all; FileExistsError if something is there."""
    temporary = _temporary(path, data)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path, data: bytes) -> Path:
    """A file of the process's own beside `path` with `data` in it; none is left if that fails."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def remove_temporaries(path: Path) -> None:
    """Removes what writers of `path` that were killed have left beside it."""
    for left in path.parent.glob(f"{path.name}.*.tmp"):
        with contextlib.suppress(OSError):
            left.unlink()


class FileLock:
    """A lock that the kernel frees when its holder dies. Whoever finds the file replaced has lost it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether it is held here, by the file that stands at its path now."""
        if self._descriptor is None:
            return False
        with contextlib.suppress(OSError):
            there, ours = os.stat(self.path), os.fstat(self._descriptor)
            if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                return True
        self.release()
        return False

    def acquire(self) -> bool:
        """Take it if nobody holds it; whether it is held now. OSError where files cannot be locked."""
        if self._descriptor is not None:
            return self.held
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self.held  # it may have been replaced between the two calls

    def write(self, data: bytes) -> None:
        """Put `data` into the held file, for others to read."""
        assert self._descriptor is not None, "only the holder writes"
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))

    def release(self, *, remove: bool = False) -> None:
        """Let go of it; with `remove` the file goes with it."""
        if self._descriptor is None:
            return
        if remove:
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = None
