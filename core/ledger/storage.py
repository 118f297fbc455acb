"""TinyDB that survives kill -9, power cuts, full disks and second processes: one call is one synced line."""

from __future__ import annotations

import contextlib
import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.storages import Storage
from tinydb.table import Document, Table

from core.ledger import backups, journal
from core.ledger.files import Files
from core.ledger.journal import Change

Fields = Mapping[str, Any] | Callable[[MutableMapping[str, Any]], None]


class DurableStorage(Files, Storage):
    """The files as a storage of TinyDB's."""


class _Overlay(MutableMapping[int, dict[str, Any]]):
    """A table as an updater sees it: documents are copied when touched, and the table itself stays as it is."""

    def __init__(self, documents: Mapping[str, dict[str, Any]]) -> None:
        self._documents = documents
        self._touched: dict[int, dict[str, Any] | None] = {}  # None: removed
        self._cleared = False
        self.highest = 0

    def __getitem__(self, doc_id: int) -> dict[str, Any]:
        if doc_id not in self:
            raise KeyError(doc_id)
        document = self._touched.get(doc_id)
        if document is None:
            document = self._touched[doc_id] = _copy(self._documents[str(doc_id)])
        return document

    def __setitem__(self, doc_id: int, document: dict[str, Any]) -> None:
        self._touched[doc_id] = document
        self.highest = max(self.highest, doc_id)

    def __delitem__(self, doc_id: int) -> None:
        if doc_id not in self:
            raise KeyError(doc_id)
        self._touched[doc_id] = None

    def __contains__(self, doc_id: object) -> bool:
        if doc_id in self._touched:
            return self._touched[doc_id] is not None
        return not self._cleared and type(doc_id) is int and str(doc_id) in self._documents

    def __iter__(self) -> Iterator[int]:
        kept = [] if self._cleared else [i for i in map(int, self._documents) if i not in self._touched]
        return iter([*kept, *(doc_id for doc_id, document in self._touched.items() if document is not None)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        self._touched, self._cleared = {}, True

    def changes(self, table: str) -> list[Change]:
        """What must be recorded so that `table` becomes what this overlay shows."""
        found: list[Change] = [(table, None, {})] if self._cleared else []
        for doc_id, document in self._touched.items():
            before = None if self._cleared else self._documents.get(str(doc_id))
            if document is None and before is None:
                continue
            # compared as JSON, since 1 == 1.0 == True
            if document is None or before is None or journal.encode_json(document) != journal.encode_json(before):
                found.append((table, doc_id, document))
        return found


class DurableTable(Table):
    """A TinyDB table whose every writing call is one commit; what it gives out is the caller's to change."""

    _storage: DurableStorage

    def __init__(self, storage: DurableStorage, name: str, **options: Any) -> None:
        self._overlay: _Overlay | None = None
        self._version = storage.version
        super().__init__(storage, name, **options)

    def insert(self, document: Mapping[str, Any]) -> int:
        with self._storage.locked():
            return super().insert(document)

    def update(
        self, fields: Fields, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None
    ) -> list[int]:
        with self._storage.locked():
            return super().update(fields, cond, self._matching(cond, doc_ids))

    def upsert(self, document: Mapping[str, Any], cond: QueryLike | None = None) -> list[int]:
        with self._storage.locked():
            return super().upsert(document, cond)

    def remove(self, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None) -> list[int]:
        with self._storage.locked():
            return super().remove(cond, self._matching(cond, doc_ids))

    def search(self, cond: QueryLike) -> list[Document]:
        with self._storage.mutex:
            if self._version != self._storage.version:
                self.clear_cache()
                self._version = self._storage.version
            return [_own(document, document.doc_id) for document in super().search(cond)]

    def get(self, *args: Any, **options: Any) -> Any:
        with self._storage.mutex:
            found = super().get(*args, **options)
            if isinstance(found, list):
                return [_own(document, document.doc_id) for document in found]
            return None if found is None else _own(found, found.doc_id)

    def __iter__(self) -> Iterator[Document]:
        with self._storage.mutex:
            return iter([_own(document, int(doc_id)) for doc_id, document in self._read_table().items()])

    def __len__(self) -> int:
        with self._storage.mutex:
            return len(self._read_table())

    def _matching(self, cond: QueryLike | None, doc_ids: Iterable[int] | None) -> Iterable[int] | None:
        """The ids that an update or removal is about: found in memory, so that only they are copied."""
        if doc_ids is not None or cond is None:
            return doc_ids
        return [int(doc_id) for doc_id, document in self._read_table().items() if cond(document)]

    def _get_next_id(self) -> int:
        highest = 0 if self._overlay is None else self._overlay.highest
        return max(self._storage.next_id(self.name), highest + 1)

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        with self._storage.locked():
            self._overlay = _Overlay(self._storage.tables.get(self.name, {}))
            try:
                updater(self._overlay)
                self._storage.commit(self._overlay.changes(self.name))
            finally:
                self._overlay = None


class DurableTinyDB(TinyDB):
    """TinyDB over durable files: `path`, `path.log` and `path.lock`; nothing is created before the first write.

    Reads show the state of the last `refresh`, `locked` or write. A place without write permission opens read-only.
    """

    table_class: type[Table] = DurableTable
    _storage: DurableStorage

    def __init__(
        self, path: Path, *, readonly: bool = False, lock_timeout: float = 5.0, kept: int = backups.KEPT
    ) -> None:
        super().__init__(path, readonly=readonly, lock_timeout=lock_timeout, kept=kept, storage=DurableStorage)

    @property
    def notices(self) -> list[str]:
        """What the user must be told about these files."""
        return self._storage.notices

    @property
    def readonly(self) -> bool:
        """Whether writes are refused."""
        return self._storage.readonly

    @property
    def log_size(self) -> int:
        """Bytes of sound lines in the journal."""
        return self._storage.log_size

    @property
    def snapshot_size(self) -> int:
        """Bytes of the snapshot; 0 if there is none."""
        return self._storage.snapshot_size

    def refresh(self) -> bool:
        """Bring in what other processes wrote; True if there was anything since the last call."""
        return self._storage.refresh()

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Hold the ledger's lock, and with it the newest state, over read, decide and write; may be nested."""
        return self._storage.locked()

    def commit(self, operations: Iterable[tuple[str, int, Mapping[str, object] | None]]) -> None:
        """Set (or, with None, remove) documents in several tables: all or none, on the disk when it returns."""
        self._storage.commit(operations)

    def next_id(self, table: str) -> int:
        """The id for a new document in `table`; it stays free only while the lock is held."""
        return self._storage.next_id(table)

    def verify(self) -> list[str]:
        """Read the files from scratch and say what is wrong with them; empty if they are sound."""
        return self._storage.verify()

    def fold(self) -> None:
        """Write everything into the snapshot, readable by stock TinyDB, and empty the journal."""
        self._storage.fold()

    def tidy(self) -> None:
        """Fold a journal that has outgrown its limit; put off while another process holds the lock."""
        self._storage.tidy()

    def close(self, fold: bool = True) -> None:
        """Let go of the files, after folding the journal if there is anything in it."""
        self._opened = False
        self._storage.close(fold)

    def drop_table(self, name: str) -> None:
        """Drop a table with all its documents."""
        with self.locked():
            if name in self.tables():
                self._storage.commit([(name, None, None)])
            self._tables.pop(name, None)

    def drop_tables(self) -> None:
        """Drop all tables in one commit."""
        with self.locked():
            self._storage.commit([(name, None, None) for name in sorted(self.tables())])
            self._tables.clear()


def _copy(value: Any) -> Any:
    """A deep copy; marshal is the quickest for plain JSON values."""
    return marshal.loads(marshal.dumps(value))


def _own(document: Mapping[str, Any], doc_id: int) -> Document:
    """A Document of `document` that shares nothing with it that can be changed."""
    owned = Document(document, doc_id)
    owned.update((key, _copy(value)) for key, value in document.items() if isinstance(value, (dict, list)))
    return owned
