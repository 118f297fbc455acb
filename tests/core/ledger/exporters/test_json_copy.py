"""The JSON copy: every entry and the head can be read back from it as they were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.book.documents import entry_from, head_from
from core.book.entries import Entry, Head, HeadLot
from core.book.report import entry_json, positions_json
from core.ledger.exporters.json_copy import json_copy
from tests.core.book.samples import buy, dec, entry, head, pay, sell, take, void
from tests.core.ledger.exporters.hostile import HOSTILE
from tests.core.ledger.exporters.samples import traded


def copied(start: Head, *entries: Entry, year: int | None = None) -> Any:
    """As a reader of its text sees it."""
    return json.loads(json.dumps(json_copy(start, entries, year=year), allow_nan=False))


def test_five_years_come_back_as_they_were(tmp_path: Path) -> None:
    kept = traded(tmp_path, 7)
    copy = copied(kept.head, *kept.entries)
    assert tuple(map(entry_from, copy["entries"])) == kept.entries
    assert head_from(copy["head"]) == kept.head


def test_entries_have_what_ledger_list_shows(tmp_path: Path) -> None:
    kept = traded(tmp_path, 8, days=40)
    for ours, theirs in zip(
        copied(kept.head, *kept.entries)["entries"], map(entry_json, kept.entries), strict=True
    ):
        assert ours.keys() >= theirs.keys()
        for key in theirs.keys() - {"lots", "price", "quantity", "ratio", "note", "received"}:
            assert ours[key] == theirs[key], key


def test_positions_and_cash_are_those_of_the_ledger(tmp_path: Path) -> None:
    kept = traded(tmp_path, 9)
    copy, shown = copied(kept.head, *kept.entries), positions_json(kept.book)
    assert [(p["symbol"], dec(p["quantity"])) for p in copy["positions"]] == [
        (symbol, position.quantity) for symbol, position in kept.book.positions.items() if position.lots
    ]
    assert {code: dec(text) for code, text in copy["cash"].items()} == kept.book.cash
    assert copy["cash"].keys() == shown["cash"].keys()


def test_no_digit_is_lost() -> None:
    lot = HeadLot(dec("0.000000000000000000000001"), dec("1") / dec("3"))
    start = head(lot)
    assert head_from(copied(start)["head"]) == start
    bought = entry(1, buy("1.000000000000000000000001", "0.123456789012345678"))
    (found,) = copied(start, bought)["entries"]
    assert (found["quantity"], found["price"]) == ("1.000000000000000000000001", "0.123456789012345678")


def test_a_year_has_its_entries_and_what_was_held_at_its_end() -> None:
    start = head(HeadLot(dec(10), dec(80)))
    sold = take(1, start, sell(4, 100, "2025-06-01"))
    copy = copied(start, sold, entry(2, pay(7, "2026-01-02")), year=2025)
    assert [one["seq"] for one in copy["entries"]] == [1]
    assert copy["positions"][0]["quantity"] == "6"
    assert copy["cash"] == {"USD": "1400.00"}


def test_what_is_unknown_is_null() -> None:
    copy = copied(head(HeadLot(dec(10))), entry(1, pay(1, currency="EUR"), rate=None))
    assert copy["positions"][0]["cost"] is None
    assert copy["entries"][0]["rate"] is None


@pytest.mark.parametrize("text", [text for text in HOSTILE if text != "\ud800"])
def test_any_text_comes_back_as_it_was(text: str) -> None:
    bought = entry(1, buy(1, 1, symbol=text, note=text))
    written = json.dumps(json_copy(head(), [bought, void(2, bought)]))
    assert written.isascii()
    assert entry_from(json.loads(written)["entries"][0]) == bought
