"""The bytes of a durable JSON store: journal lines, sealed snapshots, the lock, and what a power cut may leave.

    <path>            snapshot: plain JSON {table: {id: document}} plus {"_journal": {"1": {"seq", "crc32"}}}
    <path>.log        journal: one line per commit, numbered without a gap from the snapshot's seq on
    <path>.lock       flock target, never replaced; holds the pid of its last holder
    <path>.tmp        the next snapshot, while it is written
    <path>.log.torn   last lines that a crash cut off, kept; the next ones are .log.torn.2, .log.torn.3, ...

A line is `crc32 {"n":seq,"o":[[table,id,document],...]}`. A null document removes that id; with a null id the whole
table is dropped (null document) or emptied ({}).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import msgspec

from core.errors import BadInput, Busy, Conflict, Problem, StrikezoneError

Document = dict[str, Any]
Tables = dict[str, dict[str, Document]]
Change = tuple[str, int | None, Mapping[str, object] | None]  # table, id, document: as handed in
Operation = tuple[str, int | None, Document | None]  # the same as read back from a line
Identity = tuple[int, int, int, int]

RESERVED: Final = "_journal"  # the snapshot's own table, never the user's
LOCK_RETRY_SECONDS: Final = 0.005
AT_ONCE: Final = 200  # documents encoded in one go
MOST_PROBLEMS: Final = 20  # of one file; more of them tell nobody more
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_PERMISSION: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_SEAL_BYTES: Final = len(b',"crc32":"00000000"}}}')
_PUT_BACK: Final = "put back a copy of the ledger's files; nothing was changed"


class Snapshot(NamedTuple):
    """What a snapshot file says; `seq` is None if it cannot be believed."""

    tables: Tables
    seq: int | None
    problems: tuple[Problem, ...] = ()


class Journal(NamedTuple):
    """What a journal says: the commits that are new, where the sound lines end, and what follows them."""

    commits: list[list[Operation]]
    seq: int
    size: int
    tail: bytes
    problems: tuple[Problem, ...] = ()


# ---------------------------------------------------------------------------------------------- encoding


def encode_json(value: object) -> str:
    """`value` as compact ASCII JSON; TypeError or ValueError for what JSON cannot hold, NaN among it."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def encode_line(seq: int, changes: Iterable[Change]) -> bytes:
    """The journal line of commit `seq`; TypeError or ValueError for anything that could not be read back."""
    rows = [[table, doc_id, None if doc is None else dict(doc)] for table, doc_id, doc in changes]
    for row in rows:
        if not _is_operation(row):
            raise ValueError(f"not a table, a whole number and a document: {row!r}")
    payload = encode_json({"n": seq, "o": rows}).encode()
    return b"%08x %s\n" % (zlib.crc32(payload), payload)


def decode_line(line: bytes) -> tuple[int, list[Operation]] | None:
    """Number and operations of a journal line without its newline; None if its checksum is wrong.

    ValueError if the checksum is right and it still is no line of ours.
    """
    payload = line[9:]
    if line[:9] != b"%08x " % zlib.crc32(payload):
        return None
    record = _decode_json(payload)
    if not isinstance(record, dict) or type(record.get("n")) is not int or type(record.get("o")) is not list:
        raise ValueError("no journal line")
    if not all(_is_operation(row) for row in record["o"]):
        raise ValueError("an operation of unknown form")
    return record["n"], [(table, doc_id, doc) for table, doc_id, doc in record["o"]]


def snapshot_chunks(tables: Tables, seq: int) -> Iterator[bytes]:
    """`tables` as plain TinyDB JSON, with the number of the last commit in it and a checksum over both.

    In parts, each encoded within a millisecond or so, for other threads wait while one is.
    """
    crc = 0
    for part in _parts(tables):
        crc = zlib.crc32(part, crc)
        yield part
    last = b'%s:{"1":{"seq":%d' % (encode_json(RESERVED).encode(), seq)
    crc = zlib.crc32(last + b"}}}", crc)
    yield b'%s,"crc32":"%08x"}}}' % (last, crc)


def _parts(tables: Tables) -> Iterator[bytes]:
    """The tables without the braces around all documents of one, and with a comma after each."""
    yield b"{"
    for name, documents in tables.items():
        rows = iter(documents.items())
        before = f"{encode_json(name)}:{{"
        while some := dict(islice(rows, AT_ONCE)):
            yield f"{before}{encode_json(some)[1:-1]}".encode()
            before = ","
        yield b"}," if before == "," else f"{before}}},".encode()


def decode_snapshot(raw: bytes, path: Path) -> Snapshot:
    """What the snapshot `raw`, read from `path`, says; one without `_journal` is stock TinyDB's and is taken."""
    try:
        tables = _decode_json(raw)
        if not _is_tables(tables):
            return _unbelievable(path, "the file is not a TinyDB document")
    except (ValueError, RecursionError) as error:
        return _unbelievable(path, f"the ledger cannot be read as JSON: {error}")
    head = tables.pop(RESERVED, {"1": {"seq": 0}}).get("1", {})
    seq, seal = head.get("seq"), raw[-_SEAL_BYTES:]
    if type(seq) is not int or seq < 0 or not head.keys() <= {"seq", "crc32"}:
        return _unbelievable(path, f"the table {RESERVED} is not as it should be")
    if "crc32" in head or seal.startswith(b',"crc32":'):
        body = zlib.crc32(b"}}}", zlib.crc32(memoryview(raw)[:-_SEAL_BYTES]))
        if seal != b',"crc32":"%08x"}}}' % body:
            return _unbelievable(path, "the checksum does not fit: the file was changed by something else")
    return Snapshot(tables, seq)


def is_sealed(path: Path) -> bool:
    """Whether the file ends with a checksum, as every snapshot does that was folded here. OSError if unreadable."""
    with opened(path, os.O_RDONLY) as descriptor:
        start = max(os.fstat(descriptor).st_size - _SEAL_BYTES, 0)
        return re.fullmatch(rb',"crc32":"[0-9a-f]{8}"}}}', os.pread(descriptor, _SEAL_BYTES, start)) is not None


def decode_journal(raw: bytes, path: Path, seq: int | None, *, previous: int | None = None) -> Journal:
    """What the journal bytes `raw` add to commit `seq`; what is wrong is returned, not raised.

    `previous` is the number of the line before `raw`, if any. With `seq` None (unbelievable snapshot) nothing is
    known to be new and only the lines themselves are judged.
    """
    commits: list[list[Operation]] = []
    problems: list[Problem] = []
    expected = None if previous is None else previous + 1
    position, number = 0, 0
    while position < len(raw) and len(problems) < MOST_PROBLEMS:
        number += 1
        where = f"{path}, line {number}"
        end = raw.find(b"\n", position)
        try:
            record = decode_line(raw[position:end]) if end >= 0 else None
        except (ValueError, RecursionError) as error:
            problems.append(Problem(f"not a line of this ledger: {error}", where, _PUT_BACK))
            expected = None
        else:
            if record is None and end in (-1, len(raw) - 1):
                break
            if record is None:
                problems.append(Problem("the line is damaged (its checksum does not fit)", where, _PUT_BACK))
                expected = None
            else:
                n, operations = record
                if expected is None and not problems and seq is not None and n > seq + 1:
                    expected = seq + 1
                if expected not in (None, n):
                    what = f"commit {n} stands where commit {expected} should: something is missing or doubled"
                    problems.append(Problem(what, where, _PUT_BACK))
                if seq is not None and n > seq:
                    commits.append(operations)
                expected = n + 1
        position = end + 1
    last = (seq or 0) if expected is None else expected - 1
    if last < (seq or 0):
        what = f"the journal ends at {last}, before the {seq} of the ledger beside it: one of them is older"
        problems.append(Problem(what, str(path), _PUT_BACK))
    return Journal(commits, last, position, raw[position:], tuple(problems))


def apply(tables: Tables, operations: Iterable[Operation]) -> None:
    """Carry out the decoded `operations` of one commit in `tables`."""
    for table, doc_id, document in operations:
        if doc_id is None and document is None:
            tables.pop(table, None)
        elif doc_id is None:
            tables[table] = {}
        elif document is None:
            tables.get(table, {}).pop(str(doc_id), None)
        else:
            tables.setdefault(table, {})[str(doc_id)] = document


def _decode_json(raw: bytes) -> Any:
    """msgspec takes half the time of the standard library, which knows a few more forms and words its errors."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return json.loads(raw, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_operation(row: object) -> bool:
    if type(row) is not list or len(row) != 3:
        return False
    table, doc_id, document = row
    if type(table) is not str or table == RESERVED:
        return False
    if doc_id is None:
        return document in (None, {})
    return type(doc_id) is int and isinstance(document, dict | None)


def _is_tables(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(table, dict)
        and all(_is_id(doc_id) and isinstance(document, dict) for doc_id, document in table.items())
        for table in value.values()
    )


def _is_id(key: str) -> bool:
    return key.removeprefix("-").isdecimal() and str(int(key)) == key


def _unbelievable(path: Path, what: str) -> Snapshot:
    return Snapshot({}, None, (Problem(what, str(path), _PUT_BACK),))


# -------------------------------------------------------------------------------------------------- disk


def identity(status: os.stat_result) -> Identity:
    """What tells one version of a file from another."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def stat(path: Path) -> os.stat_result | None:
    """`path`'s status; None if it does not exist."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def read_from(descriptor: int, start: int) -> bytes:
    """Everything in the file from `start` on."""
    chunks = []
    while chunk := os.pread(descriptor, max(os.fstat(descriptor).st_size - start, 1), start):
        chunks.append(chunk)
        start += len(chunk)
    return b"".join(chunks)


def sync_data(descriptor: int) -> None:
    """Put the file's content on the disk: fdatasync, or fsync where the system lacks it."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_directory(directory: Path) -> None:
    """Put the names in `directory` on the disk."""
    with opened(directory, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        os.fsync(descriptor)


def make_directory(directory: Path) -> None:
    """Create `directory` and its missing parents, each open to its owner only."""
    missing = [path for path in (directory, *directory.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)
        sync_directory(path.parent)


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A descriptor for `path`, closed at the end; a file it creates is its owner's only."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def exclusive(path: Path, timeout: float) -> Iterator[None]:
    """Hold the flock on `path`; Busy, naming the holder, after `timeout` seconds.

    The kernel frees the lock of a process that dies. The file is opened anew each time: a fork must not share it.
    """
    with opened(path, os.O_RDWR | os.O_CREAT) as descriptor:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                    raise Busy(
                        f"the ledger is locked by process {holder}",
                        where=str(path),
                        fix="wait for it to finish, or end it, and try again",
                    ) from None
                time.sleep(LOCK_RETRY_SECONDS)
        try:
            holder_line = b"%-10d\n" % os.getpid()
            if os.pread(descriptor, 32, 0) != holder_line:
                with contextlib.suppress(OSError):  # a full disk: the lock holds without a name in it
                    os.pwrite(descriptor, holder_line, 0)
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def append(descriptor: int, line: bytes, start: int) -> None:
    """Put `line` at the journal's end `start` with one write and one fdatasync, or leave the journal as it was.

    OSError if nothing was recorded; Conflict if that cannot be told.
    """
    try:
        if os.write(descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync_data(descriptor)
    except OSError as error:
        try:
            os.ftruncate(descriptor, start)
            sync_data(descriptor)
        except OSError:
            raise Conflict(
                f"the disk failed ({error.strerror}), and whether this was recorded cannot be told",
                fix="check the disk, then look at the ledger before doing it again",
            ) from error
        raise


def replace(path: Path, data: bytes) -> None:
    """Make `data` the content of `path`: at any moment, after any crash, the old or the new is there, whole."""
    temporary = path.with_name(path.name + ".tmp")
    write_whole(temporary, os.O_TRUNC, data)
    os.replace(temporary, path)
    sync_directory(path.parent)


def set_aside(log: Path, tail: bytes) -> Path:
    """Keep a copy of the torn `tail` beside the journal `log`, under a name never used before."""
    names = (f"{log.name}.torn" if number == 1 else f"{log.name}.torn.{number}" for number in count(1))
    copy = next(path for path in map(log.with_name, names) if not path.exists())
    write_whole(copy, os.O_EXCL, tail)
    sync_directory(log.parent)
    return copy


def write_whole(path: Path, flag: int, data: bytes) -> None:
    """Create `path` with `data` on the disk; OSError, and no such file, if that fails."""
    with opened(path, os.O_WRONLY | os.O_CREAT | flag) as descriptor:
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write the whole of `data`, however little the system takes at once."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def refused(error: OSError, path: Path, done: str = "recorded") -> StrikezoneError:
    """Why the ledger at `path` was not written, for its user; `done` is what was not."""
    if error.errno in NO_SPACE:
        return Conflict(
            f"nothing was {done}: {error.strerror}", where=str(path), fix="free some space and try again"
        )
    if error.errno in NO_PERMISSION:
        return BadInput(
            f"nothing was {done}: the ledger is read-only here ({error.strerror})",
            where=str(path),
            fix="give yourself write permission to the file and its directory, or use another data directory",
        )
    return Conflict(f"nothing was {done}: {error.strerror}", where=str(path), fix="check the disk and try again")
