"""Reversals and corrections: always by new entries, refused where later ones need what they would take away."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput, Conflict
from core.ledger.ledger import Ledger
from tests.core.book.samples import NOW, buy, day, dec, pay, portfolio, sell


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "classic-60-40", portfolio())


def test_a_void_undoes_an_entry_on_its_own_day(ledger: Ledger) -> None:
    before = ledger.book
    ledger.append([buy(3, 100, "2026-11-10")], NOW)
    (void,) = ledger.void(1, NOW).recorded
    assert (void.kind, void.void_of, void.symbol, void.effective) == ("void", 1, "VTI", day("2026-11-10"))
    assert ledger.book.positions == before.positions
    assert ledger.book.cash == before.cash
    assert ledger.book.counts == {"VTI": 2}


def test_voiding_a_sale_gives_its_lots_back(ledger: Ledger) -> None:
    ledger.append([sell(60, 100)], NOW)
    ledger.void(1, NOW)
    (lot,) = ledger.book.positions["VTI"].lots
    assert (lot.key, lot.quantity, lot.basis) == ("open:VTI:0", dec(100), dec(8000))


def test_an_entry_whose_lots_are_sold_cannot_be_voided_and_the_sales_are_named(ledger: Ledger) -> None:
    ledger.append([buy(5, 90), sell(101, 100), sell(2, 100)], NOW)
    with pytest.raises(Conflict) as refused:
        ledger.void(1, NOW)
    assert [problem.fix for problem in refused.value.problems] == ["void entry 2 first", "void entry 3 first"]
    ledger.void(3, NOW)
    ledger.void(2, NOW)
    ledger.void(1, NOW)
    assert ledger.book.positions["VTI"].quantity == 100


def test_twice_is_a_conflict(ledger: Ledger) -> None:
    ledger.append([pay(5)], NOW)
    ledger.void(1, NOW)
    with pytest.raises(Conflict, match="entry 1 is already voided, by entry 2"):
        ledger.void(1, NOW)
    with pytest.raises(Conflict, match="already voided"):
        ledger.amend(1, NOW, effective=day("2026-11-01"))


def test_a_void_stays(ledger: Ledger) -> None:
    ledger.append([pay(5)], NOW)
    ledger.void(1, NOW)
    with pytest.raises(Conflict, match="entry 2 is a void and stays"):
        ledger.void(2, NOW)


@pytest.mark.parametrize("seq", [0, -1, 2])
def test_an_unknown_number_is_bad_input(ledger: Ledger, seq: int) -> None:
    ledger.append([pay(5)], NOW)
    with pytest.raises(BadInput, match=f"there is no entry {seq}"):
        ledger.void(seq, NOW)


def test_voiding_a_deposit_that_is_spent_warns(ledger: Ledger) -> None:
    ledger.append([pay(500), pay(-1500)], NOW)
    assert ledger.void(1, NOW).warnings == ("cash is -500.00 USD after this",)


def test_an_amendment_is_a_reversal_and_the_corrected_entry_in_one_commit(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append([buy(3, 100, decision={"drift": 0.1})], NOW)
    void, corrected = ledger.amend(1, NOW, price=dec(101), fees=dec(1)).recorded
    assert (void.seq, void.void_of) == (2, 1)
    assert (corrected.seq, corrected.amends, corrected.side, corrected.symbol) == (3, 1, "buy", "VTI")
    assert (corrected.quantity, corrected.price, corrected.fees) == (dec(3), dec(101), dec(1))
    assert corrected.decision == {"drift": 0.1}
    assert corrected.id != ledger.entries[0].id
    assert ledger.book.cash == {"USD": dec(1000 - 304)}
    assert len((tmp_path / "classic-60-40" / "ledger.json.log").read_bytes().splitlines()) == 2


def test_an_amended_entry_can_be_amended_again(ledger: Ledger) -> None:
    ledger.append([buy(3, 100)], NOW)
    ledger.amend(1, NOW, quantity=dec(4))
    ledger.amend(3, NOW, quantity=dec(5))
    assert ledger.book.positions["VTI"].quantity == 105
    assert ledger.verify() == []


def test_a_sale_keeps_its_lots_when_only_its_price_or_fees_change(ledger: Ledger) -> None:
    ledger.append([buy(5, 70, "2020-01-01")], NOW)  # recorded late: older than the opening lot
    ledger.append([sell(2, 100)], NOW)
    ledger.append([buy(5, 60, "2019-01-01")], NOW)
    _, corrected = ledger.amend(2, NOW, price=dec(110), fees=dec(2)).recorded
    assert [(part.lot, part.gain) for part in corrected.lots] == [("e:1", dec(2 * 40 - 2))]


@pytest.mark.parametrize("change", [{"quantity": dec(3)}, {"effective": day("2026-11-19")}])
def test_a_sale_takes_the_oldest_lots_anew_when_its_quantity_or_day_changes(
    ledger: Ledger, change: dict[str, object]
) -> None:
    ledger.append([buy(5, 70, "2020-01-01")], NOW)
    ledger.append([sell(2, 100)], NOW)
    ledger.append([buy(5, 60, "2019-01-01")], NOW)
    _, corrected = ledger.amend(2, NOW, **change).recorded  # type: ignore[arg-type]
    assert [part.lot for part in corrected.lots] == ["e:3"]


def test_a_sale_may_be_amended_to_more_while_its_own_lots_are_free_again(ledger: Ledger) -> None:
    ledger.append([sell(60, 100)], NOW)
    ledger.amend(1, NOW, quantity=dec(100))
    assert ledger.book.positions["VTI"].quantity == 0


def test_a_sale_cannot_be_amended_to_more_than_is_held(ledger: Ledger) -> None:
    ledger.append([sell(60, 100)], NOW)
    with pytest.raises(BadInput, match="101 cannot be sold"):
        ledger.amend(1, NOW, quantity=dec(101))
    assert len(ledger.entries) == 1
    assert ledger.book.positions["VTI"].quantity == 40


def test_a_buy_whose_lot_is_sold_cannot_be_amended(ledger: Ledger) -> None:
    ledger.append([buy(5, 90), sell(101, 100)], NOW)
    with pytest.raises(Conflict, match="entry 1 cannot be amended: entry 2 needs it"):
        ledger.amend(1, NOW, price=dec(91))


def test_an_amendment_that_changes_nothing_is_refused(ledger: Ledger) -> None:
    ledger.append([buy(5, 90)], NOW)
    for change in ({}, {"price": dec("90.00")}):
        with pytest.raises(BadInput, match="entry 1 says so already"):
            ledger.amend(1, NOW, **change)  # type: ignore[arg-type]


def test_the_moment_alone_can_be_amended(ledger: Ledger) -> None:
    ledger.append([buy(5, 90)], NOW)
    _, corrected = ledger.amend(1, NOW, executed=NOW).recorded
    assert corrected.executed == NOW


def test_a_payment_has_no_price(ledger: Ledger) -> None:
    ledger.append([pay(5)], NOW)
    with pytest.raises(BadInput, match="entry 1 is a payment and has no price"):
        ledger.amend(1, NOW, price=dec(1))


def test_an_entry_cannot_be_amended_into_the_time_before_the_opening(tmp_path: Path) -> None:
    file = portfolio(opened=day("2026-11-01"))
    with Ledger.open(tmp_path / "classic-60-40", file) as ledger:
        ledger.append([pay(5)], NOW)
        with pytest.raises(BadInput, match="on or before 2026-11-01"):
            ledger.amend(1, NOW, effective=day("2026-11-01"))
