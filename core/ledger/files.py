"""The tables in memory and the files that keep them: reading, refreshing, committing, folding, repairing.

Reads show memory. `refresh` brings in what other processes wrote, and so do `locked` and every write.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from core.errors import BadInput, Busy, Conflict, LedgerDamaged, Problem
from core.ledger import backups, journal
from core.ledger.folding import Moment, drafted
from core.ledger.journal import Change, Operation, Tables
from core.ledger.reading import close, look, version_of

_UNFOLDED: Final = "the journal could not be folded into it"
_UNKEPT: Final = "what it was before could not be kept in backups"
_UNPRUNED: Final = "its oldest backups could not be removed"
FOLD_BYTES: Final = 4_000_000  # a journal is long beyond this, or beyond a tenth of its snapshot


class Files:
    """The tables in memory, and the files they are kept in; safe between threads and between processes."""

    def __init__(
        self, path: Path, *, readonly: bool = False, lock_timeout: float = 5.0, kept: int = backups.KEPT
    ) -> None:
        self.path = Path(os.path.realpath(path))  # behind a link, for `replace` would replace the link
        self.log, self.lock = (self.path.with_name(self.path.name + end) for end in (".log", ".lock"))
        self.lock_timeout = lock_timeout
        self.kept = kept  # how many of the snapshots that were replaced; 0: none, and those that are there stay
        self.readonly = readonly or not _writable(self.path, self.log, self.lock)
        self.notices: list[str] = []
        self.tables: Tables = {}
        self.version = 0  # grows whenever the tables change
        self.mutex = threading.RLock()
        self._last_ids: dict[str, int] = {}
        self._seq = 0
        self._snapshot: journal.Identity | None = None
        self._descriptor: int | None = None  # of the log; kept open, so that its inode is not used again
        self._inode: tuple[int, int] | None = None
        self._size = 0  # of the log's sound lines
        self._synced = 0  # how many bytes of them are surely on the disk
        self._fold_at = 0  # after a failed fold: the log size at which to try again
        self._held = False
        self._foreign = False
        self._closed = False
        self._open()

    # -- reading

    def read(self) -> Tables:
        """The tables; the outer dict is a copy, the rest is memory's own."""
        with self.mutex:
            return dict(self.tables)

    def next_id(self, table: str) -> int:
        """The lowest id above all that `table` holds."""
        with self.mutex:
            if table not in self._last_ids:
                self._last_ids[table] = max(map(int, self.tables.get(table, ())), default=0)
            return self._last_ids[table] + 1

    @property
    def log_size(self) -> int:
        """Bytes of sound lines in the journal."""
        return self._size

    @property
    def snapshot_size(self) -> int:
        """Bytes of the snapshot; 0 if there is none."""
        return self._snapshot[2] if self._snapshot else 0

    def refresh(self) -> bool:
        """Bring in what others wrote; True if there was anything since the last call. One stat if there was not."""
        with self.mutex:
            self._catch_up()
            foreign, self._foreign = self._foreign, False
            return foreign

    def verify(self) -> list[str]:
        """Read the files from scratch and say what is wrong with them, or how memory differs; empty if sound."""
        with self.mutex:
            try:
                disk = look(self.path, self.log, self._open_log)
            except OSError as error:
                return [f"{self.path}: the ledger cannot be read: {error.strerror}"]
            close(disk.descriptor)
            found = [str(problem) for problem in disk.problems]
            if disk.tail:
                found.append(f"{self.log}: the last line is incomplete ({len(disk.tail)} bytes)")
            if not found and disk.seq == self._seq and disk.tables != self.tables:
                found.append(f"{self.path}: what is on the disk differs from what this process holds")
            return found

    # -- writing

    @contextlib.contextmanager
    def locked(self, *, wait: bool = True) -> Iterator[None]:
        """Hold the lock, and with it the newest state, over read, decide and write; may be nested.

        Conflict, naming the holder, if it is not free in time; without `wait`, Busy at once.
        """
        with self.mutex, contextlib.ExitStack() as stack:
            if not self._held:
                self._require_writable()
                try:
                    journal.make_directory(self.path.parent)
                    stack.enter_context(journal.exclusive(self.lock, self.lock_timeout if wait else 0.0))
                    self._catch_up(exclusive=True)
                except OSError as error:
                    raise self._refused(error) from error
                stack.callback(setattr, self, "_held", False)
                self._held = True
            yield

    def commit(self, changes: Iterable[Change]) -> None:
        """Record `changes`, all or none: one line, one write, one fdatasync; then memory shows them."""
        changes = list(changes)
        if not changes:
            return
        with self.locked():
            line = journal.encode_line(self._seq + 1, changes)
            try:
                if self._descriptor is None:
                    self._use_log(self._open_log(os.O_CREAT))
                    journal.sync_directory(self.path.parent)
                assert self._descriptor is not None
                if os.fstat(self._descriptor).st_size != self._size:  # an append failed under this very lock
                    raise OSError(errno.EIO, "the journal's end is not where it should be")
                journal.append(self._descriptor, line, self._size)
            except OSError as error:
                raise self._refused(error) from error
            self._size += len(line)
            self._synced = self._size
            self._adopt(cast(tuple[int, list[Operation]], journal.decode_line(line[:-1]))[1])

    def write(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """Make `data` the whole content, for callers that know only stock TinyDB's storages."""
        with self.locked():
            dropped: list[Change] = [(name, None, None) for name in self.tables if name not in data]
            emptied: list[Change] = [(name, None, {}) for name in data]
            filled = [(name, int(doc_id), doc) for name, docs in data.items() for doc_id, doc in docs.items()]
            self.commit([*dropped, *emptied, *filled])

    @property
    def outgrown(self) -> bool:
        """Whether the journal is long enough to be folded."""
        return self._size > max(FOLD_BYTES, self.snapshot_size // 10, self._fold_at)

    def tidy(self) -> None:
        """Fold a journal that has outgrown its limit, unless the lock is held elsewhere: then another time."""
        if self.outgrown and not self.readonly and not self._closed:
            with contextlib.suppress(Busy):
                self.fold(wait=False)

    def fold(self, *, wait: bool = True) -> None:
        """Write everything into the snapshot and take it out of the journal; what the disk refuses is told.

        What is written meanwhile stays in the journal: the lock is held only at the beginning and at the end, for
        moments. Without `wait`, Busy if another process holds it.
        """
        with self.locked(wait=wait):
            if not self._size:
                return
            tables = {name: dict(documents) for name, documents in self.tables.items()}
            moment = Moment(tables, self._seq, self._size, self._inode, self._snapshot)
        try:
            with drafted(self.path, moment.tables, moment.seq) as draft:
                if draft is not None:
                    with self.locked(wait=wait):
                        self._put_in_place(draft, moment)
                        self._tell(_UNFOLDED, None)
        except OSError as error:
            self._fold_at = self._size * 2
            self._tell(_UNFOLDED, error)

    def _put_in_place(self, draft: Path, moment: Moment) -> None:
        """Let `draft` be the snapshot, and leave in the journal what came after `moment`."""
        if (self._snapshot, self._inode) != (moment.snapshot, moment.log):
            return  # somebody else has folded meanwhile
        assert self._descriptor is not None
        rest = journal.read_from(self._descriptor, moment.size)
        self._back_up(_UNKEPT, lambda: backups.keep(self.path, draft))
        try:
            os.replace(draft, self.path)
            journal.sync_directory(self.path.parent)
            self._snapshot = journal.identity(os.stat(self.path))
            journal.replace(self.log, rest)
            self._use_log(self._open_log())
            self._size = self._synced = len(rest)
            self._fold_at = 0
        except OSError:
            if self._replaced(journal.stat(self.log)):
                self._use_log(None)
                self._size = self._synced = len(rest)
            raise
        self._back_up(_UNPRUNED, lambda: backups.prune(self.path, self.kept))

    def _back_up(self, failure: str, step: Callable[[], None]) -> None:
        """Do what backups need; what the disk refuses is told, and keeps nothing else from being done."""
        try:
            if self.kept:
                step()
                self._tell(failure, None)
        except OSError as error:
            self._tell(failure, error)

    def _tell(self, what: str, error: OSError | None) -> None:
        """A notice of `what` the disk refused, in the place of the one before; none if it refused nothing."""
        start = f"{self.path}: {what}"
        self.notices[:] = [notice for notice in self.notices if not notice.startswith(start)]
        if error is not None:
            self.notices.append(f"{start} ({error.strerror}); nothing is lost")

    def close(self, fold: bool = True) -> None:
        """Let go of the files, after folding what there is to fold; a lock held elsewhere puts that off."""
        with self.mutex:
            if self._closed:
                return
            try:
                if fold and self._size and not self.readonly:
                    self.fold()
            except LedgerDamaged:
                raise
            except (BadInput, Conflict) as error:
                self.notices.append(f"not folded: {error}; nothing is lost")
            finally:
                self._closed = True
                self._use_log(None)

    # -- the files

    def _open(self) -> None:
        try:
            tail = self._reload()
        except OSError as error:
            raise BadInput(
                f"the ledger cannot be read: {error.strerror}",
                where=str(self.path),
                fix="check its permissions",
            ) from error
        if tail and self.readonly:
            self._tell_of_tail(tail, "was not read")
        elif tail:
            try:
                with self.locked():  # whose first act is to put the journal in order
                    pass
            except LedgerDamaged:
                self._use_log(None)
                raise
            except (BadInput, Conflict) as error:  # a full disk or a busy writer keeps nobody from reading
                self._tell_of_tail(tail, f"was left as it is, for {error}")
        self._foreign = False

    def _catch_up(self, *, exclusive: bool = False) -> None:
        """Bring memory to the files' state; with the lock held, also put the files in order."""
        if self._closed:
            raise ValueError(f"{self.path} is closed")
        if self._held:
            return
        log = journal.stat(self.log)
        tail = b""
        if self._replaced(log) or ((exclusive or log is None) and self._snapshot != version_of(self.path)):
            tail = self._reload()
        elif log is not None and log.st_size > self._size:
            tail = self._read_on()
            if tail and exclusive:  # nothing is cut off before the whole journal was judged
                tail = self._reload()
        if exclusive and tail:
            self._repair(tail)
        if exclusive and self._descriptor is not None and self._synced < self._size:
            journal.sync_data(self._descriptor)  # lines of a writer that died before it could
            self._synced = self._size

    def _reload(self) -> bytes:
        """Read everything anew; gives the journal's torn tail. LedgerDamaged leaves memory as it was."""
        disk = look(self.path, self.log, self._open_log)
        problems = disk.problems
        if not problems and disk.seq < self._seq:
            what = f"the ledger went back from commit {self._seq} to {disk.seq} while it was open"
            fix = "put the newer files back, or start again to go on with the older ones"
            problems = (Problem(what, str(self.path), fix),)
        if problems:
            close(disk.descriptor)
            raise LedgerDamaged("", problems=problems)
        if disk.tables != self.tables:
            self.tables, self._foreign = disk.tables, True
            self.version += 1
            self._last_ids.clear()
        self._use_log(disk.descriptor)
        self._seq, self._size, self._synced, self._snapshot = disk.seq, disk.size, 0, disk.snapshot
        return disk.tail

    def _read_on(self) -> bytes:
        """Read what was added to the journal; gives its torn tail."""
        assert self._descriptor is not None
        raw = journal.read_from(self._descriptor, self._size)
        news = journal.decode_journal(raw, self.log, self._seq, previous=self._seq)
        if news.problems:
            return self._reload()
        for operations in news.commits:
            self._adopt(operations)
            self._foreign = True
        self._size += news.size
        return news.tail

    def _repair(self, tail: bytes) -> None:
        """Cut the torn `tail` off the journal, after keeping a copy."""
        assert self._descriptor is not None
        copy = journal.set_aside(self.log, tail)
        os.ftruncate(self._descriptor, self._size)
        journal.sync_data(self._descriptor)
        self._tell_of_tail(tail, f"was moved to {copy}")

    def _tell_of_tail(self, tail: bytes, fate: str) -> None:
        self.notices.append(
            f"{self.log}: the last line is incomplete ({len(tail)} bytes) and {fate}; "
            "it was never acknowledged, unless the disk altered it since"
        )

    def _adopt(self, operations: list[Operation]) -> None:
        """Show one recorded commit in memory."""
        journal.apply(self.tables, operations)
        for table, doc_id, _ in operations:
            if doc_id is None:
                self._last_ids.pop(table, None)
            elif table in self._last_ids:
                self._last_ids[table] = max(self._last_ids[table], doc_id)
        self._seq += 1
        self.version += 1

    def _open_log(self, flags: int = 0) -> int:
        if not self.readonly:
            try:
                return os.open(self.log, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
            except OSError as error:
                if flags or error.errno not in journal.NO_PERMISSION:
                    raise
                self.readonly = True
        return os.open(self.log, os.O_RDONLY | os.O_CLOEXEC)

    def _use_log(self, descriptor: int | None) -> None:
        close(self._descriptor)
        self._descriptor = descriptor
        status = None if descriptor is None else os.fstat(descriptor)
        self._inode = status and (status.st_dev, status.st_ino)

    def _replaced(self, log: os.stat_result | None) -> bool:
        """Whether `log` is another file than the one read so far, or a shorter one."""
        if log is None:
            return self._descriptor is not None
        return (log.st_dev, log.st_ino) != self._inode or log.st_size < self._size

    def _require_writable(self) -> None:
        if self.readonly:
            raise journal.refused(PermissionError(errno.EACCES, os.strerror(errno.EACCES)), self.path)

    def _refused(self, error: OSError) -> Exception:
        self.readonly = self.readonly or error.errno in journal.NO_PERMISSION
        return journal.refused(error, self.path)


def _writable(*paths: Path) -> bool:
    """Whether all of `paths` that exist, and their directory or its nearest parent that exists, can be written."""
    existing = [path for path in paths if os.path.exists(path)]
    directory = next(parent for parent in paths[0].parents if os.path.exists(parent))
    return all(os.access(path, os.W_OK) for path in [directory, *existing])
