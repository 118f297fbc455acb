"""Reading large files, and JSON that only the standard library takes."""

from __future__ import annotations

import contextlib
import gc
from pathlib import Path

import pytest

from core.ledger import reading
from core.ledger.storage import DurableTinyDB


@pytest.mark.parametrize(
    "document",
    [
        {"text": "\ud800 alone"},
        {"number": 10**40},
        {"number": -0.0},
        {"number": 5e-324},
        {"text": "\u2028 é 🎉"},
        {"deep": [[[[{"er": None}]]]]},
    ],
)
def test_what_was_written_is_read_the_same(tmp_path: Path, document: dict[str, object]) -> None:
    path = tmp_path / "ledger.json"
    for fold in (False, True):
        db = DurableTinyDB(path)
        db.insert(document)
        db.close(fold=fold)
    db = DurableTinyDB(path)
    assert [dict(one) for one in db.all()] == [document, document]
    assert db.verify() == []
    db.close()


@pytest.mark.parametrize("running", [True, False])
def test_the_collector_is_left_as_it_was(running: bool) -> None:
    before = gc.isenabled()
    (gc.enable if running else gc.disable)()
    try:
        with contextlib.suppress(ZeroDivisionError), reading.uncollected():
            assert not gc.isenabled()
            raise ZeroDivisionError
        assert gc.isenabled() is running
    finally:
        (gc.enable if before else gc.disable)()


def test_much_that_was_read_is_not_looked_at_again_and_little_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MANY_OBJECTS", 1_000)
    for count, frozen in ((100, False), (2_000, True)):
        before = gc.get_freeze_count()
        with reading.uncollected():
            kept = [[number] for number in range(count)]
        assert (gc.get_freeze_count() > before + len(kept) / 2) is frozen
        gc.unfreeze()
