"""The ledger on real files: what is recorded, what is refused, and that nothing half-recorded stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB

from core.book.book import build_book
from core.errors import BadInput, Conflict, LedgerDamaged
from core.ledger.ledger import Ledger
from core.ledger.storage import DurableTinyDB
from core.portfolio.model import Portfolio
from tests.core.book.samples import NOW, buy, day, dec, part, pay, portfolio, sell

FOLDER = "classic-60-40"


def opened(tmp_path: Path, file: Portfolio | None = None, *, readonly: bool = False) -> Ledger:
    return Ledger.open(tmp_path / FOLDER, file or portfolio(), readonly=readonly)


# -- recording


def test_nothing_is_created_before_the_first_entry(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.refresh()
        assert ledger.book.positions["VTI"].quantity == 100
        assert ledger.verify() == []
    assert list(tmp_path.iterdir()) == []


def test_an_entry_is_numbered_and_stamped_and_found_by_the_next_process(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        (entry,) = ledger.append([buy(3, "100.50", id="first", fees=dec("1.10"))], NOW).recorded
        assert (entry.seq, entry.id, entry.recorded_at) == (1, "first", NOW)
    with opened(tmp_path) as again:
        assert again.entries == (entry,)
        assert again.book.positions["VTI"].quantity == 103


def test_the_folder_and_its_files_are_their_owners_only(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([pay(1)], NOW)
        ledger.close(fold=True)
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / FOLDER).iterdir()} == {0o600}


def test_stock_tinydb_reads_a_folded_ledger(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(3, "100.50", id="first")], NOW)
        assert ledger.verify() == []
    with TinyDB(tmp_path / FOLDER / "ledger.json") as stock:
        (document,) = stock.table("entries").all()
        assert (document.doc_id, document["price"], document["effective"]) == (1, "100.50", "2026-11-20")
        assert document["recorded_at"] == "2026-11-20T21:00:00Z"
        assert stock.table("head").all()[0]["portfolio"] == "classic-60-40"
        assert stock.table("meta").all() == [{"schema": 2}]


def test_several_drafts_are_one_commit(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        done = ledger.append([sell(10, 100), buy(5, 100, symbol="BND"), pay(5)], NOW)
        assert [entry.seq for entry in done.recorded] == [1, 2, 3]
    lines = (tmp_path / FOLDER / "ledger.json.log").read_bytes().splitlines()
    assert len(lines) == 1


def test_one_bad_draft_leaves_the_others_unrecorded(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        with pytest.raises(BadInput, match="1000 cannot be sold"):
            ledger.append([buy(5, 100), sell(1000, 100)], NOW)
        assert ledger.entries == ()
        assert ledger.book.positions["VTI"].quantity == 100


def test_what_the_disk_refuses_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise Conflict("nothing was recorded: No space left on device")

    with opened(tmp_path) as ledger:
        ledger.append([buy(5, 100)], NOW)
        with monkeypatch.context() as patch:
            patch.setattr(DurableTinyDB, "commit", full)
            with pytest.raises(Conflict, match="No space"):
                ledger.append([buy(6, 100)], NOW)
        assert ledger.book.positions["VTI"].quantity == 105
        assert ledger.append([buy(7, 100)], NOW).recorded[0].seq == 2


def test_a_readonly_ledger_is_read_and_not_written(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(5, 100)], NOW)
    with opened(tmp_path, readonly=True) as ledger:
        assert ledger.readonly
        assert ledger.book.positions["VTI"].quantity == 105
        with pytest.raises(BadInput):
            ledger.append([buy(5, 100)], NOW)


def test_what_another_process_recorded_comes_in_by_refresh(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as two:
        one.append([buy(5, 100)], NOW)
        assert two.refresh()
        assert two.book.positions["VTI"].quantity == 105
        one.append([sell(2, 100)], NOW)
        one.void(2, NOW)
        assert two.refresh()
        assert two.book == one.book
        assert not two.refresh()


def test_numbers_are_decided_on_the_newest_entries_even_without_refresh(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as two:
        one.append([sell(100, 100)], NOW)
        with pytest.raises(BadInput, match="cannot be sold"):
            two.append([sell(1, 100)], NOW)
        assert two.append([pay(5)], NOW).recorded[0].seq == 2


# -- ids


def test_a_draft_without_an_id_gets_one_of_its_own(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        first, second = ledger.append([pay(5), pay(5)], NOW).recorded
        assert len(first.id) == len(second.id) == 32
        assert first.id != second.id


def test_the_same_id_with_the_same_content_is_recorded_once(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(3, 100, id="x")], NOW)
        done = ledger.append([buy("3.0", "100.00", id="x"), pay(5, id="y"), pay(5, id="y")], NOW)
        assert done.already == ("x", "y")
        assert [entry.id for entry in done.recorded] == ["y"]
        assert len(ledger.entries) == 2


@pytest.mark.parametrize(
    "other",
    [
        sell(3, 100, id="x"),
        buy(4, 100, id="x"),
        buy(3, 101, id="x"),
        buy(3, 100, id="x", fees=dec(1)),
        buy(3, 100, "2026-11-19", id="x"),
        buy(3, 100, id="x", symbol="BND"),
        pay(300, id="x"),
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(tmp_path: Path, other: Any) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(3, 100, id="x")], NOW)
        with pytest.raises(Conflict, match="x is already recorded, as entry 1"):
            ledger.append([pay(1), other], NOW)
        assert len(ledger.entries) == 1


def test_the_id_of_a_voided_entry_stays_used_and_that_is_said(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(3, 100, id="x")], NOW)
        ledger.void(1, NOW)
        done = ledger.append([buy(3, 100, id="x")], NOW)
        assert (done.recorded, done.already) == ((), ("x",))
        assert done.warnings == ("x was entry 1, voided by entry 2: it is not recorded again",)


# -- sales


def test_a_sale_takes_the_oldest_lots_and_records_their_gains(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(10, 90, "2026-11-02")], NOW)
        (sold,) = ledger.append([sell(105, 100, fees=dec("2.10"))], NOW).recorded
        assert [(one.lot, one.quantity, one.gain) for one in sold.lots] == [
            ("open:VTI:0", dec(100), dec("1998.00")),
            ("e:1", dec(5), dec("49.90")),
        ]


def test_a_sale_may_name_its_lots(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(10, 90, "2026-11-02")], NOW)
        (sold,) = ledger.append([sell(4, 100, lots=(part("e:1", 4, "1.23"),))], NOW).recorded
        assert [(one.lot, one.price, one.gain) for one in sold.lots] == [("e:1", dec(90), dec(40))]


def test_selling_more_than_is_held_is_refused_with_what_is_held(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger, pytest.raises(BadInput, match=r"101 cannot be sold.* 100 is still there"):
        ledger.append([sell(101, 100)], NOW)


def test_a_sale_on_a_day_before_its_shares_were_bought_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(50, 90, "2026-11-10")], NOW)
        with pytest.raises(BadInput, match="2026-11-09"):
            ledger.append([sell(101, 100, "2026-11-09")], NOW)
        assert ledger.append([sell(101, 100, "2026-11-10")], NOW).recorded


def test_a_back_dated_sale_cannot_take_what_a_later_sale_took(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([sell(95, 100, "2026-11-15")], NOW)
        with pytest.raises(BadInput, match="6 cannot be sold"):
            ledger.append([sell(6, 100, "2026-11-10")], NOW)
        assert ledger.append([sell(5, 100, "2026-11-10")], NOW).recorded


def test_gains_recorded_out_of_order_leave_what_remains_its_exact_basis(tmp_path: Path) -> None:
    """Of 7 that cost 8, sold 1 and, dated before it, 3: the order changes the 30th decimal of the shares."""
    with opened(tmp_path, portfolio(vti=())) as ledger:
        ledger.append([buy(7, 1, "2026-11-02", fees=dec(1))], NOW)
        ledger.append([sell(1, 2, "2026-11-12")], NOW)
        ledger.append([sell(3, 2, "2026-11-08")], NOW)
        gains = sum((row.gain or dec(0) for row in ledger.gains), dec(0))
        for book in (ledger.book, build_book(ledger.head, ledger.entries)):
            assert book.positions["VTI"].cost == 8 - (4 * 2 - gains)


def test_cash_may_go_negative_with_a_warning(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        assert ledger.append([pay(-1000)], NOW).warnings == ()
        assert ledger.append([pay(-120)], NOW).warnings == ("cash is -120.00 USD after this",)


# -- refused


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (buy(0, 100), "a quantity of 0"),
        (buy(-1, 100), "a quantity of -1"),
        (buy(1, -1), "the price cannot be negative"),
        (buy(1, 1, fees=dec(-1)), "the fees cannot be negative"),
        (buy("NaN", 1), "the quantity is not a number"),
        (buy(1, "1e15"), "the price cannot be kept exactly"),
        (buy(1, "1e-25"), "the price cannot be kept exactly"),
        (buy("1e10", "1e10"), "value is too large"),
        (buy(1, 1, symbol="TSLA"), "TSLA is not in the portfolio file"),
        (buy(1, 1, symbol=None), "a trade needs a symbol"),
        (buy(1, 1, currency="EUR"), "VTI is traded in USD, not in EUR"),
        (buy(1, 1, rate=dec(0)), "a rate of 0"),
        (pay(0), "a payment of nothing"),
    ],
)
def test_a_draft_that_is_no_trade_or_payment_is_refused(tmp_path: Path, draft: Any, message: str) -> None:
    with opened(tmp_path) as ledger:
        with pytest.raises(BadInput, match=message):
            ledger.append([draft], NOW)
        assert ledger.entries == ()


def test_drafts_on_or_before_the_opening_day_are_left_out_and_said(tmp_path: Path) -> None:
    with opened(tmp_path, portfolio(opened=day("2026-11-01"))) as ledger:
        done = ledger.append([buy(1, 10, "2026-11-01"), buy(2, 10, "2026-11-02")], NOW)
        assert [(one.draft.effective, one.why) for one in done.skipped] == [
            (
                day("2026-11-01"),
                "2026-11-01 is on or before 2026-11-01: the opening lots and balances hold it already",
            )
        ]
        assert [entry.quantity for entry in done.recorded] == [2]


# -- what is kept


def test_the_decision_and_its_moment_are_kept_as_json_in_utc(tmp_path: Path) -> None:
    made = datetime(2026, 11, 20, 15, 30, tzinfo=timezone(timedelta(hours=-5)))
    with opened(tmp_path) as ledger:
        decision = {"quote": {"price": Decimal("100.10"), "time": made}, "drift": 0.065, "lots": (1, 2)}
        (entry,) = ledger.append([buy(1, 100, executed=made, decision=decision)], NOW).recorded
        assert entry.executed == datetime(2026, 11, 20, 20, 30, tzinfo=UTC)
        assert entry.decision == {
            "quote": {"price": "100.10", "time": "2026-11-20T15:30:00-05:00"},
            "drift": 0.065,
            "lots": [1, 2],
        }
    with opened(tmp_path) as again:
        assert again.entries == (entry,)


def test_changing_what_a_ledger_gave_out_does_not_reach_its_files(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(1, 100, decision={"quote": {"price": "1"}})], NOW)
    with opened(tmp_path) as ledger:
        decision = ledger.entries[0].decision
        assert decision is not None
        decision["quote"]["price"] = "2"
        ledger.close(fold=True)
    with opened(tmp_path) as again:
        assert again.entries[0].decision == {"quote": {"price": "1"}}


def test_the_book_is_the_one_that_all_entries_give(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([buy(3, 100), sell(1, 110), pay(7)], NOW)
        assert ledger.book == build_book(ledger.head, ledger.entries)
        assert ledger.book is ledger.book


# -- damage


def tampered(tmp_path: Path, table: str, number: str, **fields: Any) -> None:
    """A folded ledger of three entries, changed by hand: without its seal, as any editor would leave it."""
    path = tmp_path / FOLDER / "ledger.json"
    with opened(tmp_path) as ledger:
        ledger.append([buy(3, 100), sell(50, 110), pay(7)], NOW)
        ledger.close(fold=True)
    tables = json.loads(path.read_text())
    tables["_journal"]["1"].pop("crc32", None)
    document = tables[table].pop(number)
    if fields:
        tables[table][number] = {**document, **fields}
    path.write_text(json.dumps(tables))


@pytest.mark.parametrize(
    ("number", "fields", "message"),
    [
        ("2", {"price": "abc"}, "entry 2 cannot be read"),
        ("2", {"price": "NaN"}, "entry 2 cannot be read"),
        ("2", {"kind": "gift"}, "entry 2 cannot be read"),
        ("2", {"recorded_at": "2026-11-20T21:00:00"}, "entry 2 cannot be read: a time has no zone"),
        ("2", {"seq": 5}, "entry 2 says that it is 5"),
        ("2", {}, "entry 2 is missing"),
    ],
)
def test_an_entry_that_cannot_be_believed_is_named(
    tmp_path: Path, number: str, fields: dict[str, Any], message: str
) -> None:
    tampered(tmp_path, "entries", number, **fields)
    with pytest.raises(LedgerDamaged, match=message):
        opened(tmp_path)


def test_a_newer_schema_is_a_conflict_that_says_so(tmp_path: Path) -> None:
    tampered(tmp_path, "meta", "1", schema=3)
    with pytest.raises(Conflict, match=r"newer strikezone \(schema 3, this one knows 2\)"):
        opened(tmp_path)


def test_a_ledger_of_schema_1_is_read_and_its_next_entry_makes_it_one_of_2(tmp_path: Path) -> None:
    """In schema 1 a sale did not say how its lots were chosen: the oldest first."""
    with opened(tmp_path) as ledger:
        ledger.append([sell(5, 90)], NOW)
        ledger.close(fold=True)
    path = tmp_path / FOLDER / "ledger.json"
    tables = json.loads(path.read_text())
    del tables["_journal"]["1"]["crc32"], tables["entries"]["1"]["method"]
    tables["meta"]["1"]["schema"] = 1
    path.write_text(json.dumps(tables))
    with opened(tmp_path) as ledger:
        assert ledger.entries[0].method == "fifo"
        assert ledger.verify() == []
        ledger.append([pay(1)], NOW)
        ledger.close(fold=True)
    written = json.loads(path.read_text())
    assert written["meta"]["1"] == {"schema": 2}
    assert "method" not in written["entries"]["1"]


@pytest.mark.parametrize("table", ["meta", "head"])
def test_a_ledger_without_its_head_or_schema_is_damaged(tmp_path: Path, table: str) -> None:
    tampered(tmp_path, table, "1")
    with pytest.raises(LedgerDamaged, match="missing"):
        opened(tmp_path)


def sale(**fields: Any) -> dict[str, Any]:
    lot = {"lot": "open:VTI:0", "quantity": "50", "acquired": "2023-05-01", "price": "80", "gain": "1500"}
    return {"lots": [{**lot, **fields}]}


@pytest.mark.parametrize(
    ("number", "fields", "message"),
    [
        ("2", sale(quantity="101"), "entry 2: sells 101 VTI of lot open:VTI:0, which has 100 left"),
        ("2", sale(lot="e:9"), "entry 2: sells 50 VTI of lot e:9, which has 0 left"),
        ("2", sale(gain="1501"), "entry 2: its lots account for 5501, its proceeds are 5500"),
        ("2", {"lots": []}, "entry 2: sells 50 VTI, but its lots add up to 0"),
        ("2", {"id": "double"}, "entry 3: its id double is that of entry 2"),
        ("3", {"amount": None}, "entry 3: a payment without an amount"),
        ("3", {"void_of": 3}, "entry 3: voids 3, which is no earlier trade or payment"),
        ("3", {"amends": 1}, "entry 3: corrects 1, which no earlier entry voids"),
    ],
)
def test_verify_names_the_entry_that_does_not_fit(
    tmp_path: Path, number: str, fields: dict[str, Any], message: str
) -> None:
    tampered(tmp_path, "entries", number, **fields)
    if fields.get("id"):
        rewrite_id(tmp_path)
    with opened(tmp_path) as ledger:
        assert message in ledger.verify()


def rewrite_id(tmp_path: Path) -> None:
    path = tmp_path / FOLDER / "ledger.json"
    tables = json.loads(path.read_text())
    tables["entries"]["3"]["id"] = "double"
    path.write_text(json.dumps(tables))


def test_a_ledger_whose_sales_lack_their_lots_records_nothing_more(tmp_path: Path) -> None:
    tampered(tmp_path, "entries", "2", **sale(lot="e:9"))
    with opened(tmp_path) as ledger:
        assert [problem.what for problem in ledger.conflicts] == ["sells 50 VTI of lot e:9, which has 0 left"]
        with pytest.raises(Conflict):
            ledger.append([pay(1)], NOW)


def test_a_sound_ledger_is_folded_by_verify(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([pay(1)], NOW)
        assert ledger.verify() == []
    assert (tmp_path / FOLDER / "ledger.json.log").read_bytes() == b""


def test_an_entry_that_vanishes_while_the_ledger_is_open_is_damage(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.append([pay(1), pay(2)], NOW)
        with DurableTinyDB(tmp_path / FOLDER / "ledger.json") as other:
            other.table("entries").remove(doc_ids=[2])
        with pytest.raises(LedgerDamaged, match="entry 2 is missing; it was there before"):
            ledger.refresh()
