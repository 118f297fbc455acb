"""Whatever stands in a cell, an export is read, or refused with a reason: never a crash, never text that steers."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, Problem
from core.ledger.importers.items import ImportTable
from core.ledger.importers.sheet import decode
from core.text import clean
from tests.core.ledger.importers.exports import EXPORTS, drafts, read, shipped

BASES = {"trading212.csv": "GBP", "degiro-account.csv": "EUR", "degiro-transactions.csv": "EUR"}
NASTY = st.one_of(
    st.sampled_from(
        ["", "0", "-0", "0.00", "-1", "1e30", "-1e-30", "9" * 49, "1,234", "1.234", "NaN", "(5)", "$", "USD", "GBX",
         "2026-02-30", "02/30/2026", "31-02-2026", "00:61", "0001-01-01", "9999-12-31", "buy", "sell", "2:1", "0:1",
         "Ca", "Total", "Data", "Header", "Stock split open", "\x1b[2J", "\u202e", '"', "\n", ","]
    ),
    st.text(max_size=12),
)  # fmt: skip


def told(text: str, base: str = "USD") -> ImportTable | None:
    """The table that `text` holds; None if it was refused, in words that harm nobody."""
    problems: tuple[Problem, ...] = ()
    try:
        return read(text, base=base)
    except BadInput as error:
        problems = error.problems
    assert all(harmless(f"{problem} {problem.fix}") and problem.fix for problem in problems)
    return None


def harmless(text: str) -> bool:
    """Whether nothing in `text` could steer a terminal."""
    return clean(text, 10_000).strip() == text.strip()


@pytest.mark.parametrize("name", sorted(path.name for path in EXPORTS.glob("*.csv")))
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), NASTY), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_cell_may_hold_anything(name: str, changes: list[tuple[int, int, str]]) -> None:
    rows = [row for row in csv.reader(io.StringIO(shipped(name))) if row]
    for line, column, cell in changes:
        row = rows[line % len(rows)]
        row[column % len(row)] = cell
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    table = told(written.getvalue(), base=BASES.get(name, "USD"))
    if table is None:
        return
    assert all(harmless(row.text) and harmless(row.reason) for row in table.rows)
    ids = [draft.id for draft in drafts(table)]
    assert len(set(ids)) == len(ids)
    assert all(
        draft.note.isprintable() and id_.isprintable() for draft, id_ in zip(drafts(table), ids, strict=True)
    )


@given(data=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        text = decode(data, "x")
    except BadInput as error:
        text = str(error)
    told(text)
