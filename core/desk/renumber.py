"""Entries of one ledger in another: the lots that sales name are called by the numbers that entries get here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from core.book.entries import Draft, EntryLot
from core.book.lots import renumbered_key
from core.ledger.importers.items import Row


def renumbered(
    rows: Sequence[Row], known: Mapping[int, int], first: int
) -> tuple[list[Row], list[tuple[Row, str]]]:
    """`rows` with their lots as they are called here, and those whose lots are not here, with why.

    `known` gives the number here of what is recorded already, by its number there; the first row gets `first`.
    """
    taken, lacking = list(rows), list[tuple[Row, str]]()
    while True:
        numbers = {**known, **_numbers(taken, first)}
        lost = {at: why for at, row in enumerate(taken) if (why := _lost(row, numbers))}
        lacking += [(taken[at], why) for at, why in lost.items()]
        if not lost:
            return [_moved(row, numbers) for row in taken], lacking
        taken = [row for at, row in enumerate(taken) if at not in lost]


def _numbers(rows: Sequence[Row], first: int) -> dict[int, int]:
    numbers, here = dict[int, int](), first
    for row in rows:
        if row.seq is not None:
            numbers[row.seq] = here
        here += len(row.drafts)
    return numbers


def _lost(row: Row, numbers: Mapping[int, int]) -> str | None:
    for part in _parts(row):
        try:
            renumbered_key(part.lot, numbers)
        except KeyError as error:
            return (
                f"sells what entry {error.args[0]} brought, which is neither in the file nor recorded: "
                "export all years"
            )
    return None


def _parts(row: Row) -> list[EntryLot]:
    return [part for draft in row.drafts for part in draft.lots] if row.seq is not None else []


def _moved(row: Row, numbers: Mapping[int, int]) -> Row:
    if not _parts(row):
        return row
    return replace(row, drafts=tuple(_renamed(draft, numbers) for draft in row.drafts))


def _renamed(draft: Draft, numbers: Mapping[int, int]) -> Draft:
    return replace(draft, lots=tuple(replace(part, lot=renumbered_key(part.lot, numbers)) for part in draft.lots))
