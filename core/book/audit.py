"""Whether a ledger is sound in itself: everything its entries claim is derived again from the first one."""

from __future__ import annotations

from collections.abc import Sequence

from core.book.book import build_book
from core.book.entries import Entry, Head
from core.book.lots import basis_of, cash_moved
from core.money import ONE, ZERO, plain


def audit(head: Head, entries: Sequence[Entry]) -> list[str]:
    """What is wrong with `entries` on top of `head`, each naming its entry; empty if sound."""
    found = [*_chain(entries)]
    for entry in entries:
        found += _rate(entry, head.base_currency)
        if entry.kind == "cash" and entry.amount is None:
            found.append(f"entry {entry.seq}: a payment without an amount")
        elif entry.kind == "split" and not (entry.symbol and entry.new and entry.old):
            found.append(f"entry {entry.seq}: a split without symbol or ratio")
        elif entry.side == "sell":
            found += _sale(entry)
    found += (f"entry {seq}: {what}" for seq, what in build_book(head, entries).problems)
    return found


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
