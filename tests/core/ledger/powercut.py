"""A model of power cuts: all calls that reach the disk are recorded, and each state a cut may leave is rebuilt.

Of what was not synced, a file may have kept nothing, all, the first half of each write, or its length but zeros; a
directory any of its changes. What was synced is there. A model, and no test of a real disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import pytest

Kept = Literal["none", "all", "half", "zeros"]
CALLS: Final = (
    "open", "write", "pwrite", "ftruncate", "fsync", "fdatasync", "replace", "link", "unlink", "mkdir",
)  # fmt: skip
KEPT: Final[tuple[Kept, ...]] = ("none", "all", "half", "zeros")


class Event(NamedTuple):
    """A call that reached the disk, or an acknowledgement (`ack`) of everything so far."""

    what: str
    where: Any  # the number of a file, or the path of a directory
    rest: tuple[Any, ...] = ()


class Disk:
    """What is surely there, and what is not yet: by file its writes, by directory its changes of names."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[int, bytes] = {}
        self.names: dict[Path, dict[str, int]] = {}
        self.writes: dict[int, list[Event]] = {}
        self.changes: dict[Path, list[Event]] = {}
        for directory, _, names in os.walk(root):
            for name in names:
                path = Path(directory, name)
                self.files[path.stat().st_ino] = path.read_bytes()
            self.names[Path(directory)] = {name: Path(directory, name).stat().st_ino for name in names}

    def take(self, event: Event) -> None:
        """Let `event` happen."""
        if event.what in ("write", "truncate"):
            self.writes.setdefault(event.where, []).append(event)
        elif event.what in ("name", "rename", "remove", "mkdir"):
            self.changes.setdefault(event.where, []).append(event)
        elif event.what == "sync":
            self.files[event.where] = self._content(event.where, "all")
            self.writes.pop(event.where, None)
        elif event.what == "sync directory":
            for change in self.changes.pop(event.where, []):
                _apply(self.names, change)

    def states(self) -> Iterator[dict[Path, bytes | None]]:
        """What a cut now may leave: content by path below the root, None for a directory."""
        pending = [change for changes in self.changes.values() for change in changes]
        for count in range(len(pending) + 1):
            for done in combinations(pending, count):
                names = {directory: dict(there) for directory, there in self.names.items()}
                for change in done:
                    _apply(names, change)
                for kept in KEPT:
                    yield dict(self._tree(names, self.root, kept))

    def _tree(
        self, names: dict[Path, dict[str, int]], directory: Path, kept: Kept
    ) -> Iterator[tuple[Path, bytes | None]]:
        yield directory.relative_to(self.root), None
        for name, number in names[directory].items():
            if number >= 0:
                yield (directory / name).relative_to(self.root), self._content(number, kept)
        for inner in names:
            if inner.parent == directory and inner != directory:
                yield from self._tree(names, inner, kept)

    def _content(self, number: int, kept: Kept) -> bytes:
        content = bytearray(self.files.get(number, b""))
        for event in self.writes.get(number, ()) if kept != "none" else ():
            if event.what == "truncate":
                if kept != "half":
                    del content[event.rest[0] :]
                continue
            offset, data = event.rest
            data = data[: len(data) // 2] if kept == "half" else bytes(len(data)) if kept == "zeros" else data
            content.extend(bytes(max(offset - len(content), 0)))
            content[offset : offset + len(data)] = data
        return bytes(content)


def _apply(names: dict[Path, dict[str, int]], change: Event) -> None:
    if change.what == "mkdir":
        names.setdefault(change.where / change.rest[0], {})
        return
    there = names.get(change.where)
    if there is None:  # its directory is not there itself
        return
    if change.what == "remove":
        there.pop(change.rest[0], None)
    elif change.what == "name":
        there[change.rest[0]] = change.rest[1]
    else:
        source, target, number = change.rest
        there.pop(source, None)
        there[target] = number


class Recorder:
    """Records what is done below `root` from `start` on."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.events: list[Event] = []
        self.start = Disk(root)
        self._numbers = {number: number for number in self.start.files}  # by inode, which may be used again
        for name in CALLS:
            monkeypatch.setattr(os, name, self._recording(name, getattr(os, name)))

    def ack(self, label: object) -> None:
        """From here on `label` is what must be there."""
        self.events.append(Event("ack", label))

    def states(self) -> Iterator[tuple[list[object], dict[Path, bytes | None]]]:
        """Each state that a cut may leave, once, with the labels of which one must be there."""
        labels = [event.where for event in self.events if event.what == "ack"]
        disk, acknowledged = self.start, 0
        seen: set[object] = set()
        for event in [*self.events, Event("end", None)]:
            if event.what == "ack":
                acknowledged += 1
            disk.take(event)
            allowed = labels[max(acknowledged - 1, 0) : acknowledged + 1]
            for state in disk.states():
                key = (acknowledged, frozenset(state.items()))
                if key not in seen:
                    seen.add(key)
                    yield allowed, state

    def _recording(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def recording(*args: Any, **options: Any) -> Any:
            before = self._before(name, args)
            given = call(*args, **options)
            self._after(name, args, given, before)
            return given

        return recording

    def _before(self, name: str, args: tuple[Any, ...]) -> Any:
        if name == "open":
            return os.path.lexists(args[0])
        return os.stat(args[0]).st_ino if name in ("replace", "link") else None

    def _after(self, name: str, args: tuple[Any, ...], given: Any, before: Any) -> None:
        path = Path(os.path.abspath(args[0])) if isinstance(args[0], str | Path) else None
        if path is not None and not path.is_relative_to(self.root):
            return
        if name == "open" and not before:
            inode = os.fstat(given).st_ino
            self._numbers[inode] = max(self._numbers.values(), default=0) + 1
            self._say("name", path.parent if path else None, path.name if path else "", self._numbers[inode])
        elif name == "open" and path is not None and args[1] & os.O_TRUNC:
            self._say("truncate", self._numbers[os.fstat(given).st_ino], 0)
        elif name == "mkdir" and path is not None:
            self._say("mkdir", path.parent, path.name)
        elif name in ("replace", "link") and path is not None:
            target = Path(args[1])
            number = self._numbers[before]
            if name == "link" or target.parent != path.parent:
                self._say("name", target.parent, target.name, number)
            else:
                self._say("rename", path.parent, path.name, target.name, number)
        elif name == "unlink" and path is not None:
            self._say("remove", path.parent, path.name)
        elif name not in ("open", "mkdir", "replace", "link", "unlink"):
            self._data(name, args, given)

    def _data(self, name: str, args: tuple[Any, ...], given: Any) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{args[0]}"))
        if not place.is_relative_to(self.root):
            return
        if place.is_dir():
            self._say("sync directory", place)
            return
        number = self._numbers[os.fstat(args[0]).st_ino]
        if name in ("fsync", "fdatasync"):
            self._say("sync", number)
        elif name == "ftruncate":
            self._say("truncate", number, args[1])
        else:
            offset = args[2] if name == "pwrite" else os.lseek(args[0], 0, os.SEEK_CUR) - given
            self._say("write", number, offset, bytes(args[1][:given]))

    def _say(self, what: str, where: Any, *rest: Any) -> None:
        self.events.append(Event(what, where, rest))


def rebuild(state: dict[Path, bytes | None], root: Path) -> Path:
    """The files of `state` in the new directory `root`."""
    for path, content in state.items():
        if content is None:
            (root / path).mkdir()
        else:
            (root / path).write_bytes(content)
    return root
