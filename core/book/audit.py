"""Whether a ledger is sound in itself: everything its entries claim is derived again from the first one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal

from core.book.book import BookBuilder
from core.book.choosing import CLOSE, NO_TAX
from core.book.entries import Entry, Head
from core.book.lots import basis_of, cash_moved, to_grid
from core.book.wash import Member
from core.money import ONE, ZERO, plain
from core.portfolio.model import Tax


def audit(head: Head, entries: Sequence[Entry], tax: Tax = NO_TAX, members: Sequence[Member] = ()) -> list[str]:
    """What is wrong with `entries` on top of `head`, each naming its entry or symbol; empty if sound."""
    found = [*_chain(entries)]
    for entry in entries:
        found += _rate(entry, head.base_currency)
        if entry.kind in ("cash", "interest", "fee", "dividend") and entry.amount is None:
            found.append(f"entry {entry.seq}: a payment without an amount")
        elif entry.kind == "split" and not (entry.symbol and entry.new and entry.old):
            found.append(f"entry {entry.seq}: a split without symbol or ratio")
        elif entry.side == "sell":
            found += _sale(entry)
    builder = BookBuilder(head, entries, tax, members, rows=True)
    found += (f"entry {seq}: {what}" for seq, what in builder.problems)
    return found if found else [*_sums(builder, entries, members)]


def _sums(builder: BookBuilder, entries: Sequence[Entry], members: Sequence[Member]) -> Iterator[str]:
    """Whether what came in is what is there and what went out: basis by symbols, and cash of the base currency."""
    head, book = builder.head, builder.book()
    voided = {entry.void_of for entry in entries}
    counted = [e for e in entries if e.seq not in voided and (head.opened is None or e.effective > head.opened)]
    balances = dict(head.balances)
    for entry in counted:
        balances[entry.currency] = balances.get(entry.currency, ZERO) + _cash(entry)
    if set(balances) <= {head.base_currency}:
        derived, summed = book.cash.get(head.base_currency, ZERO), balances.get(head.base_currency, ZERO)
        if derived != summed:
            yield f"cash: the book has {plain(derived)}, its entries add up to {plain(summed)}"
    for symbols, gains in builder.families():
        came = _came(symbols, head, counted)
        costs = [book.positions[symbol].cost for symbol in symbols]
        went = [gain.native_basis for gain in gains]
        if came is None or None in costs or None in went:
            continue  # of an unknown basis nothing can be said
        if members or any(gain.disallowed and gain.currency != head.base_currency for gain in gains):
            continue  # part of a loss may be in the basis of another ledger, or was converted
        there = sum((cost for cost in costs if cost is not None), ZERO)
        there += sum((basis for basis in went if basis is not None), ZERO)
        added = sum((gain.disallowed for gain in gains if gain.disallowed is not None), ZERO)
        if abs(came + added - there) > CLOSE:
            named, left = "/".join(symbols), plain(there - added)
            yield f"{named}: a basis of {plain(came)} came in, {left} is accounted for"


def _came(symbols: Collection[str], head: Head, entries: Iterable[Entry]) -> Decimal | None:
    """What all that was ever held of `symbols` cost; None if that is unknown."""
    total = ZERO
    lots = [lot for asset in head.assets if asset.symbol in symbols for lot in asset.lots]
    lots += [lot for entry in entries if entry.symbol in symbols for lot in entry.received]
    for lot in lots:
        if lot.price is None:
            return None
        total += to_grid(lot.price * lot.quantity)
    for entry in entries:
        bought = entry.side == "buy" or (entry.kind == "dividend" and entry.quantity is not None)
        if entry.symbol in symbols and bought:
            total -= cash_moved("buy", entry.quantity or ZERO, entry.price or ZERO, entry.fees)
    return total


def _cash(entry: Entry) -> Decimal:
    """What an entry adds to the cash of its currency, nothing being converted."""
    moved = entry.amount or ZERO
    if entry.quantity is not None and entry.price is not None and entry.kind in ("trade", "dividend"):
        moved += cash_moved(entry.side or "buy", entry.quantity, entry.price, entry.fees)
    return moved


def _chain(entries: Sequence[Entry]) -> list[str]:
    """Numbers, ids, and what voids and corrections refer to."""
    found = []
    known: dict[int, Entry] = {}
    ids: dict[str, int] = {}
    voided: dict[int, int] = {}
    for number, entry in enumerate(entries, start=1):
        seq = entry.seq
        if seq != number:
            found.append(f"entry {seq} stands where entry {number} should")
        if entry.id in ids:
            found.append(f"entry {seq}: its id {entry.id} is that of entry {ids[entry.id]}")
        ids[entry.id] = seq
        if entry.kind == "adopt" and entry.head is None:
            found.append(f"entry {seq}: an adoption without a head")
        if entry.kind == "void" or entry.void_of is not None:
            target = known.get(entry.void_of or 0)
            if target is None or target.kind in ("void", "adopt"):
                found.append(f"entry {seq}: voids {entry.void_of}, which is no earlier trade or payment")
            elif target.seq in voided:
                found.append(f"entry {seq}: voids {target.seq}, which entry {voided[target.seq]} already voids")
            else:
                voided[target.seq] = seq
        if entry.amends is not None and entry.amends not in voided:
            found.append(f"entry {seq}: corrects {entry.amends}, which no earlier entry voids")
        known[seq] = entry
    return found


def _rate(entry: Entry, base: str) -> list[str]:
    """Whether the rate can be one: that of base currency is 1."""
    rate = entry.rate
    if rate is None or (rate > 0 and (rate == ONE or entry.currency != base)):
        return []
    return [f"entry {entry.seq}: a rate of {plain(rate)} {base} per {entry.currency}"]


def _sale(entry: Entry) -> list[str]:
    """Whether the gains of a sale's parts and what they cost add up to its proceeds."""
    total = ZERO
    for part in entry.lots:
        basis = basis_of(part.quantity, part.price)
        if basis is None or part.gain is None:
            return []
        total += basis + part.gain
    if entry.quantity is None or entry.price is None:
        return []
    proceeds = cash_moved("sell", entry.quantity, entry.price, entry.fees)
    if total == proceeds:
        return []
    return [f"entry {entry.seq}: its lots account for {plain(total)}, its proceeds are {plain(proceeds)}"]
