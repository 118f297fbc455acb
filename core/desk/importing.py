"""An export beside the ledger: what of it is new, known, probably known, too old, or unreadable, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from core.book.changes import same
from core.book.entries import Draft, Entry
from core.book.report import entry_json
from core.desk.desk import Desk
from core.desk.import_lots import with_lots
from core.desk.renumber import renumbered
from core.errors import Conflict
from core.ledger.importers.items import Declared, ImportTable, Row
from core.ledger.ledger import Ledger
from core.money import ONE, ZERO, amount, plain

SCHEMA: Final = 1
PRICE_NEAR: Final = Decimal("0.005")  # of the price: as far as a price typed by hand may be from the broker's
_DECLARED_NEAR: Final = timedelta(days=7)
_FIRST: Final = ("split", "spinoff", "rename")  # count from the start of their day
_MORNING, _EVENING = time.min, time.max


class Left(Struct, frozen=True):
    """A row that is not recorded, and why."""

    line: int
    text: str
    reason: str


class Probable(Struct, frozen=True):
    """A row that says what entry `seq` says, which came another way."""

    row: Row
    seq: int


class ImportPlan(Struct, frozen=True):
    """What an import does: `new` rows are recorded, in their order; those in `unreadable` stop it."""

    broker: str
    new: tuple[Row, ...] = ()
    already: tuple[str, ...] = ()
    probable: tuple[Probable, ...] = ()
    skipped: tuple[Left, ...] = ()
    ignored: tuple[Left, ...] = ()
    unreadable: tuple[Left, ...] = ()

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """What is to be recorded, in the order in which it counts."""
        return tuple(draft for row in self.new for draft in row.drafts)


class Imported(Struct, frozen=True):
    """What came of an import: the plan as it was carried out, the entries, and what the user should know."""

    plan: ImportPlan
    recorded: tuple[Entry, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_import(desk: Desk, table: ImportTable, *, include_probable: bool = False) -> ImportPlan:
    """What importing `table` would do now; Conflict if the file and the ledger differ. Nothing is recorded."""
    desk.changed_elsewhere()
    if desk.ledger.conflicts:
        raise Conflict("", problems=desk.ledger.conflicts)
    sorting = _Sorting(desk.ledger, {draft.id for row in table.rows for draft in row.drafts}, include_probable)
    for row in table.rows:
        sorting.take(row)
    held, lacking = with_lots(desk.ledger, _sorted(sorting.new))
    new, lost = renumbered(held, sorting.numbers, len(desk.ledger.entries) + 1)
    left = (Left(row.line, row.text, why) for row, why in [*lacking, *lost])
    unreadable = sorted([*sorting.unreadable, *left], key=lambda one: one.line)
    return ImportPlan(
        broker=table.broker,
        new=tuple(new),
        already=tuple(sorting.already),
        probable=tuple(sorting.probable),
        skipped=tuple(sorting.skipped),
        ignored=tuple(sorting.ignored),
        unreadable=tuple(unreadable),
    )


def record_import(
    desk: Desk, table: ImportTable, *, include_probable: bool = False, skip_unreadable: bool = False
) -> Imported:
    """Records what is new in `table`, all of it or nothing. For one thread at a time.

    With anything unreadable in it nothing is recorded, unless `skip_unreadable`.
    """
    with desk.ledger.locked():
        plan = plan_import(desk, table, include_probable=include_probable)
        if not plan.new or (plan.unreadable and not skip_unreadable):
            return Imported(plan)
        confirmed = desk.record(*plan.drafts)
    return Imported(plan, confirmed.recorded, confirmed.warnings + confirmed.skipped)


class _Sorting:
    """Puts rows where they belong, beside what the ledger has."""

    def __init__(self, ledger: Ledger, ids: set[str], include_probable: bool) -> None:
        self.new: list[Row] = []
        self.already: list[str] = []
        self.probable: list[Probable] = []
        self.skipped: list[Left] = []
        self.ignored: list[Left] = []
        self.unreadable: list[Left] = []
        self.numbers: dict[int, int] = {}  # of entries that are here already: as the export has them, and here
        self._opened = ledger.head.opened
        self._base = ledger.head.base_currency
        self._include_probable = include_probable
        self._by_id = {entry.id: entry for entry in ledger.entries}
        voided = {entry.void_of for entry in ledger.entries}
        self._in_force = [e for e in ledger.entries if e.seq not in voided and e.kind not in ("void", "adopt")]
        self._renamed = {e.symbol: (e.to, e.effective) for e in self._in_force if e.kind == "rename"}
        self._unmatched: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
        for entry in self._in_force:
            if entry.id not in ids:
                self._unmatched[_likeness(entry)].append(entry)

    def take(self, row: Row) -> None:
        """Sorts one row in."""
        if row.state == "unreadable":
            self.unreadable.append(Left(row.line, row.text, row.reason))
        elif row.state == "declared":
            assert row.declared is not None, "it says what"
            self._declared(row, row.declared)
        elif row.state == "ignored":
            self._ignored(row)
        elif self._too_old(row.drafts[0].effective):
            self._skip(row, row.drafts[0].effective)
        else:
            self._read(row)

    def _read(self, row: Row) -> None:
        known = [self._by_id[draft.id] for draft in row.drafts if draft.id in self._by_id]
        if known:
            self._number(row, known[0])
            self._known(row, known)
            return
        gone = next(filter(None, map(self._gone, row.drafts)), None)
        if gone is not None:
            self.unreadable.append(Left(row.line, row.text, gone))
            return
        entry = self._alike(row.drafts)
        if entry is None:
            self.new.append(row)
        elif entry.kind == "split":
            self.already.append(entry.id)
            self._number(row, entry)
        elif self._include_probable:
            self.new.append(row)
        else:
            self._number(row, entry)
            self.probable.append(Probable(row, entry.seq))

    def _number(self, row: Row, entry: Entry) -> None:
        if row.seq is not None:
            self.numbers[row.seq] = entry.seq

    def _gone(self, draft: Draft) -> str | None:
        """Why nothing more can happen to an asset whose symbol has changed."""
        to, since = self._renamed.get(draft.symbol, (None, date.max))
        moves_lots = draft.quantity is not None or draft.received or draft.new is not None
        if draft.effective < since or not moves_lots:
            return None
        return f"{draft.symbol} is {to} since {since}: say so with --map {draft.symbol}={to}"

    def _known(self, row: Row, known: Sequence[Entry]) -> None:
        drafts = [self._as_recorded(draft) for draft in row.drafts]
        if len(known) == len(drafts) and all(map(same, known, drafts)):
            self.already += [entry.id for entry in known]
            return
        entry = next((e for e, d in zip(known, drafts, strict=False) if not same(e, d)), known[0])
        said = _difference(entry, drafts)
        self.unreadable.append(
            Left(row.line, row.text, f"entry {entry.seq} records it otherwise{said}: void it, then import again")
        )

    def _as_recorded(self, draft: Draft) -> Draft:
        if draft.currency != self._base:
            return draft
        return replace(draft, rate=ONE, received=tuple(replace(lot, rate=ONE) for lot in draft.received))

    def _alike(self, drafts: Sequence[Draft]) -> Entry | None:
        """The entry with another id that says what the row says, each entry for one row."""
        main = next((draft for draft in drafts if draft.kind != "cash"), drafts[0])
        candidates = self._unmatched.get(_likeness(main), [])
        found = next((entry for entry in candidates if _near(entry, main)), None)
        if found is not None:
            candidates.remove(found)
        return found

    def _declared(self, row: Row, declared: Declared) -> None:
        if self._too_old(declared.day):
            self._skip(row, declared.day)
            return
        for entry in self._in_force:
            if (
                entry.kind == declared.kind
                and declared.symbol in (entry.symbol, entry.to)
                and abs(entry.effective - declared.day) <= _DECLARED_NEAR
            ):
                self.already.append(entry.id)
                return
        self.unreadable.append(Left(row.line, row.text, row.reason))

    def _ignored(self, row: Row) -> None:
        voided = {entry.id for entry in self._in_force}
        recorded = [self._by_id[draft.id] for draft in row.drafts if draft.id in voided]
        if recorded:
            fix = f"void it with `strikezone ledger void FILE {recorded[0].seq}`"
            reason = f"{row.reason}, but recorded as entry {recorded[0].seq}: {fix}"
            self.unreadable.append(Left(row.line, row.text, reason))
        else:
            self.ignored.append(Left(row.line, row.text, row.reason))

    def _too_old(self, day: date) -> bool:
        return self._opened is not None and day <= self._opened

    def _skip(self, row: Row, day: date) -> None:
        reason = f"{day} is on or before {self._opened}: the opening lots and balances hold it already"
        self.skipped.append(Left(row.line, row.text, reason))


def _likeness(said: Entry | Draft) -> tuple[object, ...]:
    """What an entry and a row have in common if they may tell of the same thing."""
    base = (said.kind, said.symbol, said.effective, said.currency)
    if said.kind == "trade":
        return (*base, said.side, said.quantity)
    if said.kind == "split":
        return (said.kind, said.symbol, said.effective, said.new, said.old)
    if said.kind == "transfer":
        return (*base, sum((lot.quantity for lot in said.received), ZERO))
    return (*base, said.to)


def _near(entry: Entry, draft: Draft) -> bool:
    """Whether price, or the amount of a payment, are the same but for rounding."""
    for ours, theirs in ((entry.price, draft.price), (entry.amount, draft.amount)):
        if ours is None or theirs is None:
            if ours is not theirs and draft.kind != "dividend":
                return False
        elif abs(ours - theirs) > abs(theirs) * PRICE_NEAR:
            return False
    return True


def _difference(entry: Entry, drafts: Iterable[Draft]) -> str:
    """Which field is recorded with another value than the export has now."""
    draft = next((draft for draft in drafts if draft.id == entry.id), None)
    for name in ("quantity", "price", "fees", "amount", "withheld", "rate", "effective"):
        ours, theirs = getattr(entry, name), getattr(draft, name, None)
        if draft is not None and ours != theirs:
            return f" ({name} {_said(ours)} there, {_said(theirs)} here)"
    return ""


def _said(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else "none" if value is None else str(value)


def _sorted(rows: Sequence[Row]) -> list[Row]:
    """`rows` in the order in which they are recorded.

    Lots of one day go by the numbers of their entries. Those that came from elsewhere have days of their own: with
    such, what comes from a ledger is recorded in its order there; else by day, which is quicker.
    """
    if any(row.seq is not None and draft.received for row in rows for draft in row.drafts):
        return sorted(rows, key=lambda row: row.seq or 0)
    return sorted(rows, key=_order)


def _order(row: Row) -> tuple[date, int, time, int]:
    """By day; corporate actions first; then by time, and without one purchases before sales. What comes from a
    ledger goes by its numbers there."""
    main = next((draft for draft in row.drafts if draft.kind != "cash"), row.drafts[0])
    if row.seq is not None:
        return (main.effective, 0, _MORNING, row.seq)
    if main.kind in _FIRST:
        return (main.effective, 0, _MORNING, row.line)
    if row.time is not None:
        return (main.effective, 1, row.time, row.line)
    if main.side == "sell" or (main.side is None and (main.amount or ZERO) < 0):
        return (main.effective, 2, _EVENING, row.line)
    rank = 1 if main.side is None else 2
    return (main.effective, rank, _MORNING, row.line)


# -- as JSON


def import_json(plan: ImportPlan, recorded: Sequence[Entry] = ()) -> dict[str, Any]:
    """The object that `import` prints."""
    return {
        "schema": SCHEMA,
        "broker": plan.broker,
        "new": [draft_json(draft, row.line) for row in plan.new for draft in row.drafts],
        "already": list(plan.already),
        "probable": [
            {"line": one.row.line, "text": one.row.text, "id": one.row.drafts[0].id, "entry": one.seq}
            for one in plan.probable
        ],
        "skipped": list(_left_json(plan.skipped)),
        "ignored": list(_left_json(plan.ignored)),
        "unreadable": list(_left_json(plan.unreadable)),
        "recorded": [entry_json(entry) for entry in recorded],
    }


def _left_json(left: Iterable[Left]) -> Iterator[Mapping[str, object]]:
    return ({"line": one.line, "text": one.text, "reason": one.reason} for one in left)


def draft_json(draft: Draft, line: int) -> dict[str, Any]:
    """What a row is about to become, in the words of an ENTRY."""
    return {
        "line": line,
        "id": draft.id,
        "kind": draft.kind,
        "effective": draft.effective.isoformat(),
        "symbol": draft.symbol,
        "side": draft.side,
        "quantity": None if draft.quantity is None else plain(draft.quantity),
        "price": None if draft.price is None else plain(draft.price),
        "amount": None if draft.amount is None else amount(draft.amount),
        "withheld": None if draft.withheld is None else amount(draft.withheld),
        "currency": draft.currency,
        "rate": None if draft.rate is None else plain(draft.rate),
        "fees": None if draft.fees is None else amount(draft.fees),
        **({"ratio": f"{plain(draft.new)}:{plain(draft.old)}"} if draft.new and draft.old else {}),
        "note": draft.note,
    }
