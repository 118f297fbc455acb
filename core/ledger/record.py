"""The entries as they stand on the disk: documents decoded, checked for form and counted; new ones put there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from core.book.documents import Document, digest_of, document_of, entry_from, head_from
from core.book.entries import Entry, Head
from core.errors import Conflict, LedgerDamaged
from core.ledger import backups
from core.ledger.reading import uncollected
from core.ledger.storage import DurableTinyDB

SCHEMA: Final = 2
OLDEST: Final = 1  # that is still read; what it lacks is filled in while reading

Row = tuple[str, int, Mapping[str, object] | None]  # table, number, document


class Record:
    """What the database of one ledger holds. `entries` stand in their order, number 1 first."""

    def __init__(self, path: Path, *, readonly: bool = False, kept: int = backups.KEPT) -> None:
        self.path = path
        self.first: Head | None = None  # what the ledger began with; None while it is empty
        self.entries: list[Entry] = []
        self.ids: dict[str, Entry] = {}
        self.voids: dict[int, int] = {}  # number of a voided entry -> that of its void
        self.traded: dict[str, str] = {}  # symbol that any entry names -> its currency
        self._kept: dict[str, str] = {}  # texts by their digest, as far as they were asked for
        self._db = DurableTinyDB(path, readonly=readonly, kept=kept)

    @property
    def readonly(self) -> bool:
        """Whether nothing can be written."""
        return self._db.readonly

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user must be told about the files."""
        return tuple(self._db.notices)

    @property
    def next_seq(self) -> int:
        """The number that the next entry gets."""
        return len(self.entries) + 1

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Hold the lock over read, decide and write."""
        return self._db.locked()

    def refresh(self) -> None:
        """Bring the database up to the files."""
        self._db.refresh()

    def catch_up(self) -> Sequence[Entry]:
        """Decode what the database holds beyond `entries`, and give it.

        LedgerDamaged, naming the entry, for what cannot be read; Conflict for a newer schema.
        """
        documents = self._documents("entries")
        if len(documents) < len(self.entries):
            raise self._damage(f"entry {len(documents) + 1} is missing; it was there before")
        if self.entries and not _is_of(documents.get(str(len(self.entries)), {}), self.entries[-1]):
            raise self._damage(f"entry {len(self.entries)} is another than it was before")
        if len(documents) == len(self.entries):
            return ()
        self._check_schema()
        self.first = self.first or self._head(1)
        with uncollected():
            numbers = range(self.next_seq, len(documents) + 1)
            fresh = [self._entry(seq, documents.get(str(seq))) for seq in numbers]
        self._remember(fresh)
        return fresh

    def write(self, fresh: Sequence[Entry], head: Head, kept: Mapping[str, str] | None = None) -> None:
        """Put `fresh` entries on the disk in one commit, with `head` before them if they are the first.

        `kept` are texts by their digest; what is there already is not written again.
        """
        rows: list[Row] = []
        known = {document.get("digest") for document in self._documents("kept").values()}
        new = [(digest, text) for digest, text in (kept or {}).items() if digest not in known]
        number = self._db.next_id("kept") if new else 0
        rows += [("kept", number + at, {"digest": digest, "text": text}) for at, (digest, text) in enumerate(new)]
        if self._schema() != SCHEMA:
            rows.append(("meta", 1, {"schema": SCHEMA}))
        if not self.entries:
            rows.append(("head", 1, document_of(head)))
        rows += [("head", self._db.next_id("head"), document_of(entry.head)) for entry in fresh if entry.head]
        rows += [("entries", entry.seq, document_of(entry)) for entry in fresh]
        self._db.commit(rows)
        self.first = self.first or head
        self._remember(fresh)

    def kept(self, digest: str) -> str | None:
        """The text that was kept under `digest`; None if there is none."""
        documents = self._documents("kept")
        if len(self._kept) != len(documents):
            self._kept = {str(one.get("digest")): str(one.get("text")) for one in documents.values()}
        return self._kept.get(digest)

    def verify(self) -> list[str]:
        """What is wrong with the files, or with the heads beside the entries."""
        found = self._db.verify()
        if self.first is not None:
            adopted = [self.first, *(entry.head for entry in self.entries if entry.head)]
            kept = [self._head(number) for number in range(1, len(self._documents("head")) + 1)]
            if kept != adopted:
                found.append(f"{self.path}: the heads kept are not those that were adopted")
        found += (
            f"{self.path}: the text kept as {document.get('digest')} is another one"
            for document in self._documents("kept").values()
            if digest_of(str(document.get("text"))) != document.get("digest")
        )
        return found

    def fold(self) -> None:
        """Put everything into one plain TinyDB file."""
        self._db.fold()

    def tidy(self) -> None:
        """The same if it is due and nobody holds the lock."""
        self._db.tidy()

    def close(self, *, fold: bool) -> None:
        """Let go of the files, with `fold` after putting them in order."""
        self._db.close(fold=fold)

    def _documents(self, table: str) -> Mapping[str, Document]:
        """The documents of `table` by their number, as they are in memory: a table's own methods copy each."""
        return (self._db.storage.read() or {}).get(table, {})

    def _remember(self, fresh: Sequence[Entry]) -> None:
        for entry in fresh:
            self.entries.append(entry)
            self.ids[entry.id] = entry
            if entry.void_of is not None:
                self.voids[entry.void_of] = entry.seq
            if entry.symbol is not None:
                self.traded.setdefault(entry.symbol, entry.currency)

    def _check_schema(self) -> None:
        schema = self._schema()
        if isinstance(schema, int) and schema > SCHEMA:
            raise Conflict(
                f"written by a newer strikezone (schema {schema}, this one knows {SCHEMA})",
                where=str(self.path),
                fix="upgrade strikezone; nothing was changed",
            )
        if not isinstance(schema, int) or schema < OLDEST:
            raise self._damage("its schema number is missing")

    def _schema(self) -> object:
        """The schema that the files say; None if they say none."""
        return self._documents("meta").get("1", {}).get("schema")

    def _head(self, number: int) -> Head:
        document = self._documents("head").get(str(number))
        if document is None:
            raise self._damage(f"its head {number} is missing")
        try:
            return head_from(document)
        except ValueError as error:
            raise self._damage(f"its head {number} cannot be read: {error}") from error

    def _entry(self, seq: int, document: Document | None) -> Entry:
        if document is None:
            raise self._damage(f"entry {seq} is missing")
        try:
            entry = entry_from(_migrated(document))
        except ValueError as error:
            raise self._damage(f"entry {seq} cannot be read: {error}") from error
        if entry.seq != seq:
            raise self._damage(f"entry {seq} says that it is {entry.seq}")
        return entry

    def _damage(self, what: str) -> LedgerDamaged:
        return LedgerDamaged(
            what, where=str(self.path), fix="put back a copy of the ledger's files; nothing was changed"
        )


def _migrated(document: Document) -> Document:
    """`document` in the form of today; what a recorded entry says is never changed on the disk.

    Schema 1 had one way to choose the lots of a sale, and did not write it down.
    """
    if document.get("side") == "sell" and "method" not in document:
        return {**document, "method": "fifo"}
    return document


def _is_of(document: Document, entry: Entry) -> bool:
    """Whether `document` is the one that `entry` was read from, by its id and the moment it was recorded."""
    try:
        moment = msgspec.convert(document.get("recorded_at"), datetime)
    except msgspec.ValidationError:
        return False
    return document.get("id") == entry.id and moment == entry.recorded_at
