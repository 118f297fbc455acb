"""Makes a recorded decision again from what was stored with it, and says whether it comes out the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from msgspec import Struct

from core.book.entries import Draft, Entry
from core.book.report import lot_json
from core.clock import iso
from core.desk import confirmation
from core.desk.confirmation import Request
from core.desk.decided import Inputs, file_of, read_inputs, snapshot_of
from core.desk.snapshot import Snapshot
from core.errors import BadInput, Conflict, StrikezoneError
from core.ledger.ledger import Ledger
from core.money import plain
from core.planning.proposal import Proposal

_FIELDS: Final = ("side", "symbol", "quantity", "price", "fees", "currency", "rate", "effective")
_DECIDED: Final = (
    *("reason", "portfolio_value", "portfolio_drift", "weight_before", "weight_after", "costs", "guards", "lots"),
)


class Compared(NamedTuple):
    """One thing that was recorded, and what it is when decided again."""

    what: str
    recorded: Any
    again: Any

    @property
    def same(self) -> bool:
        """Whether both are equal."""
        return bool(self.recorded == self.again)


class Explanation(Struct, frozen=True):
    """A decision made again. `request` is what its user changed of the proposal, `proposal` what was proposed."""

    entry: Entry
    inputs: Inputs
    snapshot: Snapshot
    proposal: Proposal | None
    request: Request
    compared: tuple[Compared, ...]

    @property
    def same(self) -> bool:
        """Whether everything comes out as it was recorded."""
        return all(one.same for one in self.compared)

    @property
    def said(self) -> str:
        """Whether it comes out the same, in a line."""
        entry = f"entry {self.entry.seq}, decided again on the prices of then,"
        if self.same:
            return f"{entry} comes out the same"
        amended = f" (it amends entry {self.entry.amends})" if self.entry.amends is not None else ""
        return f"{entry} differs in {', '.join(one.what for one in self.compared if not one.same)}{amended}"


def explain(ledger: Ledger, seq: int) -> Explanation:
    """Decides entry `seq` again; BadInput if it was not decided here, Conflict if what it takes is gone."""
    entry = next((one for one in ledger.entries if one.seq == seq), None)
    if entry is None:
        raise BadInput(f"there is no entry {seq}", where=str(ledger.path), fix="see: strikezone ledger list")
    decision = entry.decision or {}
    digest = decision.get("inputs")
    if not digest:
        what = "recorded by hand" if entry.decision is None else "recorded before decisions could be made again"
        raise BadInput(
            f"entry {seq} was {what}: there is no decision to explain", where=str(ledger.path),
            fix="entries that `confirm` or the review recorded have one",
        )  # fmt: skip
    inputs = _inputs(ledger, entry, str(digest))
    text = ledger.kept(inputs.file)
    if text is None:
        raise _gone(ledger, seq, "the portfolio file that it was decided by")
    portfolio = file_of(inputs, text)
    snapshot = snapshot_of(inputs, portfolio, ledger.book_before(inputs.before, portfolio.tax, inputs.group))
    request = next((one for one in inputs.requests if one.id == _first_id(ledger, entry)), None)
    if request is None:
        raise _gone(ledger, seq, "what was asked for")
    again = _again(inputs, snapshot, request.id)
    proposal = next((one for one in snapshot.proposals if one.id == request.id), None)
    return Explanation(entry, inputs, snapshot, proposal, request, tuple(_compared(entry, again)))


def _first_id(ledger: Ledger, entry: Entry) -> str:
    """The id of the proposal: that of the entry, or of the one that it corrects."""
    while entry.amends is not None:
        entry = ledger.entries[entry.amends - 1]
    return entry.id


def _inputs(ledger: Ledger, entry: Entry, digest: str) -> Inputs:
    text = ledger.kept(digest)
    if text is None:
        raise _gone(ledger, entry.seq, "what it was decided on")
    try:
        return read_inputs(text)
    except ValueError as error:
        raise Conflict(
            f"what entry {entry.seq} was decided on cannot be read: {error}", where=str(ledger.path),
            fix="it was written by another version of strikezone; what is recorded is not touched by this",
        ) from error  # fmt: skip


def _gone(ledger: Ledger, seq: int, what: str) -> Conflict:
    return Conflict(
        f"{what}, of entry {seq}, is not in the ledger", where=str(ledger.path), fix="run: strikezone ledger verify"
    )


def _again(inputs: Inputs, snapshot: Snapshot, id_: str) -> Draft | str:
    """The draft that would be recorded now, or why none would."""
    try:
        wanted = [confirmation.wanted(request, snapshot, {}, inputs.executed) for request in inputs.requests]
        proposals = confirmation.together(inputs.requests, wanted, snapshot)
        confirmation.check_confirmable(proposals, snapshot)
    except StrikezoneError as error:
        return str(error)
    proposal = next(one for one in proposals if one.id == id_)
    return confirmation.draft(proposal, snapshot, inputs.executed)


def _compared(entry: Entry, again: Draft | str) -> list[Compared]:
    if isinstance(again, str):
        return [Compared("decision", "recorded", again)]
    found = [Compared(name, _shown(getattr(entry, name)), _shown(getattr(again, name))) for name in _FIELDS]
    recorded, decided = entry.decision or {}, again.decision or {}
    found += [Compared(name, recorded.get(name), decided.get(name)) for name in _DECIDED]
    return found


def _shown(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value if isinstance(value, str | None) else str(value)


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """What `ledger explain` prints."""
    entry, inputs = explanation.entry, explanation.inputs
    edits = {name: getattr(explanation.request, name) for name in ("quantity", "price", "fees")}
    return {
        "schema": 1,
        "seq": entry.seq,
        "same": explanation.same,
        "decided_at": iso(inputs.now),
        "edited": {name: plain(value) for name, value in edits.items() if value is not None},
        "quotes": {
            symbol: {"price": plain(quote.price), "time": iso(quote.time), "source": quote.source}
            for symbol, quote in inputs.board.items()
            if quote.price is not None and quote.time is not None
        },
        "lots": [lot_json(part) for part in entry.lots],
        "compared": [
            {"what": one.what, "recorded": one.recorded, "again": one.again, "same": one.same}
            for one in explanation.compared
        ],
    }
