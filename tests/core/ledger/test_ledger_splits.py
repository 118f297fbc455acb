"""Splits in a ledger: recorded once, dated back, taken back, and refused where recorded sales need otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.book.book import build_book
from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from tests.core.book.samples import NOW, buy, day, dec, pay, portfolio, sell, split

FOLDER = "classic-60-40"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / FOLDER, portfolio())


def held(ledger: Ledger) -> dict[str, Any]:
    return {lot.key: lot.quantity for lot in ledger.book.positions["VTI"].lots}


def test_a_split_is_an_entry_like_others(ledger: Ledger, tmp_path: Path) -> None:
    (entry,) = ledger.append([split("2:1", id="s")], NOW).recorded
    assert (entry.seq, entry.kind, entry.symbol, entry.rate) == (1, "split", "VTI", dec(1))
    assert entry.ratio == (dec(2), dec(1))
    assert ledger.append([split("2:1", id="s")], NOW).already == ("s",)
    ledger.close()
    with Ledger.open(tmp_path / FOLDER, portfolio()) as again:
        assert again.entries == (entry,)
        assert held(again) == {"open:VTI:0": 200}
        assert again.verify() == []


def test_a_split_with_the_same_id_but_another_ratio_is_a_conflict(ledger: Ledger) -> None:
    ledger.append([split("2:1", id="s")], NOW)
    with pytest.raises(Conflict, match="s is already recorded"):
        ledger.append([split("3:1", id="s")], NOW)


def test_the_same_split_of_a_day_counts_once(ledger: Ledger) -> None:
    ledger.append([split("2:1")], NOW)
    with pytest.raises(Conflict, match="VTI is split so on 2026-11-20 already, by entry 1"):
        ledger.append([split("2:1")], NOW)
    ledger.void(1, NOW)
    assert ledger.append([split("2:1")], NOW).recorded
    assert ledger.append([split("1:2"), split("2:1", "2026-11-19"), split("2:1", symbol="BND")], NOW).recorded
    assert held(ledger) == {"open:VTI:0": 200}


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (split("2:1", symbol="TSLA"), "TSLA is not in the portfolio file"),
        (split("2:1", currency="EUR"), "VTI is traded in USD, not in EUR"),
    ],
)
def test_what_is_no_split_of_an_asset_is_refused(ledger: Ledger, draft: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ledger.append([draft], NOW)


def test_a_split_that_leaves_nothing_is_refused(ledger: Ledger) -> None:
    ledger.append([buy("0.0000001", 100, "2026-11-02")], NOW)
    with pytest.raises(BadInput, match=r"makes nothing of the 0\.0000001 VTI of lot e:1"):
        ledger.append([split("1:999999")], NOW)
    assert len(ledger.entries) == 1
    assert held(ledger) == {"open:VTI:0": 100, "e:1": dec("0.0000001")}


def test_sales_after_a_split_take_what_it_made(ledger: Ledger) -> None:
    ledger.append([split("2:1", "2026-11-10")], NOW)
    (sold,) = ledger.append([sell(150, 50)], NOW).recorded
    assert [(one.lot, one.quantity, one.price, one.gain) for one in sold.lots] == [
        ("open:VTI:0", dec(150), dec(40), dec(1500))
    ]
    assert held(ledger) == {"open:VTI:0": 50}


def test_a_back_dated_buy_is_split_as_well(ledger: Ledger) -> None:
    ledger.append([split("2:1", "2026-11-10")], NOW)
    ledger.append([buy(3, 100, "2026-11-09"), buy(3, 100, "2026-11-10")], NOW)
    assert held(ledger) == {"open:VTI:0": 200, "e:2": 6, "e:3": 3}
    assert ledger.book == build_book(ledger.head, ledger.entries)


def test_a_back_dated_sale_takes_what_was_held_before_the_split(ledger: Ledger) -> None:
    ledger.append([split("2:1", "2026-11-10"), sell(50, 50, "2026-11-12")], NOW)
    with pytest.raises(BadInput, match="76 cannot be sold: of what was held on 2026-11-09, 75 is still there"):
        ledger.append([sell(76, 100, "2026-11-09")], NOW)
    (sold,) = ledger.append([sell(75, 100, "2026-11-09")], NOW).recorded
    assert [one.gain for one in sold.lots] == [dec(1500)]
    assert held(ledger) == {}
    assert ledger.verify() == []


def test_a_back_dated_split_that_a_recorded_sale_does_not_survive_is_refused_and_names_it(ledger: Ledger) -> None:
    ledger.append([pay(1), sell(50, 100, "2026-11-12")], NOW)
    with pytest.raises(Conflict, match="entry 2 would not fit any more") as refused:
        ledger.append([split("1:10", "2026-11-10")], NOW)
    assert [problem.fix for problem in refused.value.problems] == ["void entry 2 first"]
    assert len(ledger.entries) == 2
    assert held(ledger) == {"open:VTI:0": 50}
    ledger.append([split("1:10", "2026-11-13")], NOW)
    assert held(ledger) == {"open:VTI:0": 5}


def test_a_back_dated_split_that_fits_says_whose_gain_it_makes_another(ledger: Ledger) -> None:
    ledger.append([sell(50, 100, "2026-11-12")], NOW)
    done = ledger.append([split("2:1", "2026-11-10")], NOW)
    assert done.warnings == (
        "the gain that entry 1 was recorded with no longer holds: this counts before it; "
        "`strikezone ledger gains` has it as it is now",
    )
    assert (held(ledger), ledger.book.positions["VTI"].cost) == ({"open:VTI:0": 150}, dec(6000))
    assert ledger.append([buy(1, 1)], NOW).warnings == ()
    assert ledger.verify() == []


def test_a_split_that_later_sales_need_cannot_be_voided(ledger: Ledger) -> None:
    ledger.append([split("2:1", "2026-11-10"), sell(150, 50)], NOW)
    with pytest.raises(Conflict, match="entry 2 sells in the units after it") as refused:
        ledger.void(1, NOW)
    assert [problem.fix for problem in refused.value.problems] == ["void entry 2 first"]
    ledger.void(2, NOW)
    ledger.void(1, NOW)
    assert held(ledger) == {"open:VTI:0": 100}


def test_a_sale_of_before_a_split_does_not_need_it_whenever_it_was_recorded(ledger: Ledger) -> None:
    ledger.append([split("2:1", "2026-11-10")], NOW)
    ledger.append([sell(10, 100, "2026-11-09")], NOW)
    ledger.void(1, NOW)
    assert held(ledger) == {"open:VTI:0": 90}
    assert ledger.verify() == []


def test_the_day_of_a_split_can_be_amended_and_its_ratio_cannot(ledger: Ledger) -> None:
    ledger.append([split("2:1", "2026-11-10"), buy(1, 100, "2026-11-09")], NOW)
    _, corrected = ledger.amend(1, NOW, effective=day("2026-11-09")).recorded
    assert (corrected.kind, corrected.effective) == ("split", day("2026-11-09"))
    assert corrected.ratio == (dec(2), dec(1))
    assert held(ledger) == {"open:VTI:0": 200, "e:2": 1}
    with pytest.raises(BadInput, match="entry 4 is a split and has no price"):
        ledger.amend(corrected.seq, NOW, price=dec(1))


def test_a_split_on_or_before_the_opening_day_is_left_out_and_said(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / FOLDER, portfolio(opened=day("2026-11-01"))) as ledger:
        done = ledger.append([split("2:1", "2026-11-01")], NOW)
        assert (done.recorded, len(done.skipped)) == ((), 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"new": "1"}, "entry 1: 1:1 is no split"),
        ({"old": "0"}, "entry 1: 2:0 is no split"),
        ({"new": "-2"}, "entry 1: -2:1 is no split"),
        ({"old": None}, "entry 1: is not a whole split"),
        ({"new": "1", "old": "2"}, "entry 2: sells 150 VTI of lot open:VTI:0, which has 50 left"),
        ({"effective": "2026-11-21"}, "entry 2: sells 150 VTI of lot open:VTI:0, which has 100 left"),
    ],
)
def test_verify_names_the_entry_that_a_changed_split_leaves_unfit(
    ledger: Ledger, tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    path = tmp_path / FOLDER / "ledger.json"
    ledger.append([split("2:1", "2026-11-10"), sell(150, 50)], NOW)
    ledger.close(fold=True)
    tables = json.loads(path.read_text())
    del tables["_journal"]["1"]["crc32"]
    tables["entries"]["1"].update(fields)
    path.write_text(json.dumps(tables))
    with Ledger.open(tmp_path / FOLDER, portfolio()) as again:
        assert message in again.verify()
