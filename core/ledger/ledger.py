"""The ledger of one portfolio: entries are appended, voided and corrected by further entries, never edited.

Every change reads, decides and writes under the lock, and is on the disk, whole or not at all, when it returns.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from core.book.audit import audit
from core.book.book import Book, BookBuilder, build_book
from core.book.changes import adoption, correction, entry_of, reversal
from core.book.entries import Draft, Entry, Head
from core.book.growth import Growth, remarks, sales_after
from core.book.lots import HeldLot
from core.book.wash import Gain
from core.errors import BadInput, Conflict, Problem
from core.ledger.backups import KEPT
from core.ledger.group import Group
from core.ledger.head import differences, foreign, head_of
from core.ledger.reading import uncollected
from core.ledger.record import Record
from core.ledger.refusals import as_recorded, known_as, refuse_repeated, refuse_unfit, stood_against
from core.ledger.state import LEDGER_FILE, Change, State, load_state, write_state
from core.portfolio.model import Portfolio, Tax

_UNFIT: Final = "would not fit any more"


class Skipped(NamedTuple):
    """A draft that was not recorded, and why."""

    draft: Draft
    why: str


class Appended(NamedTuple):
    """What was recorded, the ids that already were, the drafts left out, and what the user should know."""

    recorded: tuple[Entry, ...] = ()
    already: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()


class Ledger:
    """The entries of one portfolio and the book they add up to. For one thread at a time."""

    def __init__(self, folder: Path, portfolio: Portfolio, record: Record) -> None:
        self.folder = folder
        self.path = folder / LEDGER_FILE
        self.portfolio = portfolio
        self._record = record
        self._builder: BookBuilder | None = None  # None: the entries have to be added up anew
        self._entries: tuple[Entry, ...] | None = None
        self._book: Book | None = None
        self._conflicts: tuple[Problem, ...] | None = None
        self._group = Group(folder, portfolio)
        self._catch_up()

    @classmethod
    def open(cls, folder: Path, portfolio: Portfolio, *, readonly: bool = False, kept: int = KEPT) -> Self:
        """The ledger in `folder`, empty if there is none; nothing is created before the first entry."""
        record = Record(folder / LEDGER_FILE, readonly=readonly, kept=kept)
        try:
            return cls(folder, portfolio, record)
        except BaseException:
            record.close(fold=False)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- reading

    @property
    def head(self) -> Head:
        """The opening facts that count: the newest adopted, else the first; the file's if nothing is recorded."""
        return self._adding().head

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries by number, voids and voided ones included."""
        if self._entries is None:
            self._entries = tuple(self._record.entries)
        return self._entries

    @property
    def book(self) -> Book:
        """What the entries add up to."""
        if self._book is None:
            self._book = self._adding().book()
        return self._book

    def held_on(self, symbol: str, day: date, before: int | None = None) -> tuple[HeldLot, ...]:
        """What a sale of `symbol` dated `day` may take now, or before entry `before`, in shares of that day."""
        builder = self._adding() if before is None else self._built(self._record.entries[: before - 1])
        return builder.held_on(symbol, day)

    def kept(self, digest: str) -> str | None:
        """The text that a decision names by its digest."""
        return self._record.kept(digest)

    @property
    def group(self) -> dict[str, int]:
        """By name: how many entries each other ledger of its wash group has."""
        return {member.name: member.count for member in self._group.members}

    def book_before(self, seq: int, tax: Tax, group: Mapping[str, int]) -> Book:
        """The book as it was when entry `seq` was about to be recorded, by `tax`, and with so many entries of each
        other ledger of the wash group."""
        before = self._record.entries[: seq - 1]
        return build_book(self._first_head(), before, tax, self._group.as_of(group))

    @property
    def gains(self) -> tuple[Gain, ...]:
        """What its sales realised, by day, then number, by the portfolio's tax rules; derived anew."""
        return self.gains_of(None)

    def gains_of(self, year: int | None) -> tuple[Gain, ...]:
        """The same, of a year at least: what no other year depends on need not be reckoned for all."""
        rows = year if year and self.portfolio.tax.regime == "none" else True
        builder = self._built(self._record.entries, rows=rows)
        self._builder = self._builder or builder
        return builder.gains

    @property
    def conflicts(self) -> tuple[Problem, ...]:
        """Why nothing may be proposed or recorded: the file differs from the head, or an entry does not fit."""
        if self._conflicts is None:
            fix = "look at it with: strikezone ledger verify"
            unfit = (Problem(what, f"{self.path}, entry {seq}", fix) for seq, what in self._adding().problems)
            self._conflicts = (*self._differences(self.portfolio), *unfit)
        return self._conflicts

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user must be told about the files."""
        return (*self._record.notices, *self._group.notices, *self._group.trouble)

    @property
    def readonly(self) -> bool:
        """Whether it cannot be written."""
        return self._record.readonly

    def refresh(self) -> bool:
        """Bring in what other processes recorded; True if there was anything."""
        self._record.refresh()
        return self._catch_up()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock, and with it the newest entries, over read, decide and write; may be nested."""
        with self._record.locked():
            self._catch_up()
            yield

    def tidy(self) -> None:
        """Put the files in order if that is due; put off while another process holds the lock."""
        self._record.tidy()

    def close(self, *, fold: bool = False) -> None:
        """Let go of the files; with `fold`, as the app does at its end, put them in order first."""
        self._record.close(fold=fold)

    # -- writing

    def append(self, drafts: Sequence[Draft], now: datetime) -> Appended:
        """Record `drafts`, all in one commit or none.

        An id that is recorded with the same content is reported under `already`, with another it is a Conflict.
        A sale without lots takes the oldest that are held on its day; BadInput if there are too few.
        """
        with self._deciding() as builder:
            known, opened, revised = dict[str, Entry](), builder.head.opened, builder.revised
            growth = Growth(builder, lambda fresh: self._rebuilt(fresh, "it cannot be recorded", _UNFIT))
            already, skipped, where = [], [], str(self.path)
            warnings: list[str] = []
            for draft in (as_recorded(draft, self.portfolio, _new_id) for draft in drafts):
                earlier = known.get(draft.id) or self._record.ids.get(draft.id)
                if opened is not None and draft.effective <= opened:
                    why = (
                        f"{draft.effective} is on or before {opened}: the opening lots and balances hold it already"
                    )
                    skipped.append(Skipped(draft, why))
                elif earlier is not None:
                    already.append(known_as(earlier, draft, where))
                    warnings += self._voided_since(earlier)
                else:
                    refuse_repeated(draft, lambda: growth.builder, where)
                    seq = self._record.next_seq + len(growth.fresh)
                    entry = entry_of(draft, seq, now, growth.held_on, tax=self.portfolio.tax)
                    known[draft.id] = entry
                    growth.add(entry)
            recorded = tuple(growth.fresh)
            warnings += remarks(growth.builder, recorded, recorded, revised)
            kept = {digest: text for draft in drafts for digest, text in draft.kept.items()}
            self._write(recorded, growth.builder, kept)
        return Appended(recorded, tuple(already), tuple(skipped), tuple(warnings))

    def void(self, seq: int, now: datetime) -> Appended:
        """Reverse entry `seq` as of its own day; Conflict if later entries need it, or it is voided already."""
        with self._deciding():
            return self._replace(self._in_force(seq), None, now)

    def amend(
        self,
        seq: int,
        now: datetime,
        *,
        price: Decimal | None = None,
        quantity: Decimal | None = None,
        fees: Decimal | None = None,
        executed: datetime | None = None,
        effective: date | None = None,
    ) -> Appended:
        """Reverse entry `seq` and record it corrected, in one commit.

        A sale whose quantity or day changed takes the oldest lots of its day, else it keeps its own.
        """
        with self._deciding():
            target = self._in_force(seq)
            draft = correction(
                target,
                _new_id(),
                price=price,
                quantity=quantity,
                fees=fees,
                executed=executed,
                effective=effective,
            )
            return self._replace(target, draft, now)

    def adopt(self, portfolio: Portfolio, now: datetime) -> Entry | None:
        """Make the opening facts of `portfolio` count from now on; None if there is nothing to adopt.

        Conflict if recorded sales would then lack their lots, or if the ledger is not this portfolio's at all.
        """
        with self.locked():
            if not self._differences(portfolio):
                return None
            if strange := foreign(self.head, portfolio):
                raise Conflict("", problems=strange)
            entry = adoption(head_of(portfolio), self._record.next_seq, _new_id(), now)
            self._write([entry], self._rebuilt([entry], "the file cannot be adopted"))
            self.portfolio = portfolio
            return entry

    def save_state(self, change: Change) -> State:
        """Read, change and write what is remembered beside the ledger, under its lock."""
        state = load_state(self.folder)
        if change(state) == state:
            return state
        with self.locked():
            return write_state(self.folder, change)

    def join_group(self) -> None:
        """Let the ledgers of the same wash group find this one; what keeps that from being written is a notice."""
        self._group.join(self.save_state, readonly=self.readonly)

    def verify(self) -> list[str]:
        """What is wrong with the files or with what they say, each naming its entry; folds them if nothing is."""
        self.refresh()
        found = self._record.verify()
        if self._record.first is not None:
            found += audit(self._record.first, self._record.entries, self.portfolio.tax, self._group.members)
        if not found and not self.readonly and self._record.entries:
            self._record.fold()
        return found

    # -- how a change is made

    @contextlib.contextmanager
    def _deciding(self) -> Iterator[BookBuilder]:
        """The lock, a ledger without conflicts, and a builder that is forgotten if nothing is recorded."""
        with self.locked():
            if self.conflicts:
                raise Conflict("", problems=self.conflicts)
            try:
                yield self._adding()
            except BaseException:
                self._builder = None
                raise

    def _voided_since(self, entry: Entry) -> Iterator[str]:
        void = self._record.voids.get(entry.seq)
        if void is not None:
            yield f"{entry.id} was entry {entry.seq}, voided by entry {void}: it is not recorded again"

    def _in_force(self, seq: int) -> Entry:
        """Entry `seq`, if it can be voided."""
        if not 1 <= seq < self._record.next_seq:
            raise BadInput(f"there is no entry {seq}", where=str(self.path), fix="see: strikezone ledger list")
        entry = self._record.entries[seq - 1]
        if entry.kind in ("void", "adopt"):
            what = "a void" if entry.kind == "void" else "an adoption"
            raise Conflict(f"entry {seq} is {what} and stays", fix="record what is right as a new entry")
        if seq in self._record.voids:
            raise Conflict(f"entry {seq} is already voided, by entry {self._record.voids[seq]}")
        return entry

    def _replace(self, target: Entry, draft: Draft | None, now: datetime) -> Appended:
        """Void `target` and record `draft`, if any, in its place."""
        self._refuse_if_sold_since(target)
        first = reversal(target, self._record.next_seq, _new_id(), now)
        revised = self._adding().revised
        refusal = f"entry {target.seq} cannot be {'amended' if draft else 'voided'}"
        growth = Growth(None, lambda fresh: self._rebuilt(fresh, refusal))
        growth.add(first)
        if draft is not None:
            opened = self.head.opened
            if opened is not None and draft.effective <= opened:
                raise BadInput(f"{draft.effective} is on or before {opened}, the day the portfolio was opened")
            tax = self.portfolio.tax
            growth.add(entry_of(draft, first.seq + 1, now, growth.held_on, amends=target.seq, tax=tax))
        recorded = tuple(growth.fresh)
        if differing := self._differences(self.portfolio, growth.builder):
            raise Conflict("", problems=[one._replace(what=f"{refusal}: {one.what}") for one in differing])
        warnings = tuple(remarks(growth.builder, [target], recorded, revised))
        self._write(recorded, growth.builder)
        return Appended(recorded, warnings=warnings)

    def _refuse_if_sold_since(self, split: Entry) -> None:
        """Sales recorded after a split are in its units: it cannot be taken back below them."""
        if split.kind != "split":
            return
        after = self._record.entries[split.seq :]
        needing = [entry for entry in sales_after(split, after) if entry.seq not in self._record.voids]
        if needing:
            against = [(entry.seq, "sells in the units after it") for entry in needing]
            raise stood_against(f"entry {split.seq} cannot be taken back", against, str(self.path))

    def _rebuilt(self, fresh: Sequence[Entry], refusal: str, why: str = "needs it") -> BookBuilder:
        """A builder with the entries and `fresh` ones; Conflict, naming them, if some then lack what they need."""
        builder = self._built([*self._record.entries, *fresh])
        refuse_unfit(builder, self._record.next_seq, refusal, str(self.path), why)
        return builder

    def _built(self, entries: Sequence[Entry], *, rows: bool | int = False) -> BookBuilder:
        """A builder with `entries`, by the portfolio's tax rules and with its wash group."""
        with uncollected():
            return BookBuilder(self._first_head(), entries, self.portfolio.tax, self._group.members, rows=rows)

    def _write(self, fresh: Sequence[Entry], builder: BookBuilder, kept: Mapping[str, str] | None = None) -> None:
        """Put `fresh`, which `builder` has, on the disk, and the texts `kept` for them."""
        refuse_unfit(builder, self._record.next_seq, "it cannot be recorded", str(self.path), _UNFIT)
        if fresh:
            self._record.write(fresh, self._first_head(), kept)
            self._use(builder)
            self.join_group()

    # -- what is added up

    def _catch_up(self) -> bool:
        """Bring in what the database has beyond the entries known here; True if there was anything."""
        fresh = self._record.catch_up()
        regrouped = self._group.refresh()
        if not fresh and not regrouped:
            return False
        builder = None if regrouped else self._builder
        for entry in fresh:
            if builder is None or entry.kind in ("void", "adopt") or not builder.takes(entry):
                builder = None
                break
            builder.add(entry)
        self._use(builder)
        return True

    def _use(self, builder: BookBuilder | None) -> None:
        self._builder = builder
        self._entries = self._book = self._conflicts = None

    def _adding(self) -> BookBuilder:
        """The builder that has all entries so far."""
        if self._builder is None:
            self._builder = self._built(self._record.entries)
        return self._builder

    def _first_head(self) -> Head:
        return self._record.first or head_of(self.portfolio)

    def _differences(self, portfolio: Portfolio, builder: BookBuilder | None = None) -> tuple[Problem, ...]:
        if self._record.first is None:
            return ()
        return differences(self.head, portfolio, self._record.traded, (builder or self._adding()).renamed)


def _new_id() -> str:
    return os.urandom(16).hex()
