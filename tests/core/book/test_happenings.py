"""Dividends, interest, fees, spin-offs, changes of symbol and transfers, and what they do to lots and cash."""

from __future__ import annotations

from typing import Any

import pytest

from core.book.audit import audit
from core.book.book import BookBuilder, build_book
from core.book.changes import entry_of
from core.book.drafts import checked
from core.book.entries import Draft, Entry, HeadLot
from core.errors import BadInput
from core.portfolio.model import Tax
from tests.core.book.samples import NOW, buy, day, dec, entry, head, sell, split, take

OPENING = HeadLot(dec(100), dec(80), day("2023-05-01"))
HEAD = head(OPENING)


def happened(kind: str, on: str = "2026-11-20", **fields: Any) -> Draft:
    return Draft(kind=kind, effective=day(on), currency="USD", **fields)  # type: ignore[arg-type]


def dividend(amount: str, **fields: Any) -> Draft:
    return happened("dividend", symbol="VTI", amount=dec(amount), **fields)


def spinoff(ratio: str, share: str, **fields: Any) -> Draft:
    new, old = map(dec, ratio.split(":"))
    return happened("spinoff", symbol="VTI", to="SPUN", new=new, old=old, basis_share=dec(share), **fields)


def rename(**fields: Any) -> Draft:
    return happened("rename", symbol="VTI", to="NEW", **fields)


def transfer(*lots: HeadLot, **fields: Any) -> Draft:
    return happened("transfer", symbol="VTI", received=lots, **fields)


def lots(entries: list[Entry], symbol: str = "VTI", tax: Tax | None = None) -> Any:
    book = build_book(HEAD, entries, tax or Tax())
    assert audit(HEAD, entries, tax or Tax()) == []
    return [(lot.key, lot.quantity, lot.basis, lot.held_since) for lot in book.positions[symbol].lots]


# -- payments


def test_a_dividend_adds_what_was_received_and_leaves_the_lots() -> None:
    book = build_book(HEAD, [entry(1, dividend("85", withheld=dec(15)))])
    assert book.cash == {"USD": 1085}
    assert book.positions["VTI"].quantity == 100
    assert book.counts == {"VTI": 1}


def test_a_reinvested_dividend_is_a_lot_of_its_own() -> None:
    paid = entry(1, dividend("85.50", quantity=dec("0.85"), price=dec(100), fees=dec("0.25")))
    assert build_book(HEAD, [paid]).cash == {"USD": dec("1000.25")}
    assert lots([paid])[1] == ("e:1", dec("0.85"), dec("85.25"), day("2026-11-20"))


def test_interest_and_fees_move_cash() -> None:
    entries = [
        entry(1, happened("interest", amount=dec("4.20"), withheld=dec("0.80"))),
        entry(2, happened("fee", amount=dec("-1.25"))),
    ]
    assert build_book(HEAD, entries).cash == {"USD": dec("1002.95")}


# -- spin-offs


def test_a_spin_off_shares_the_basis_and_keeps_the_days() -> None:
    made = [entry(1, spinoff("1:4", "0.1"))]
    assert lots(made) == [("open:VTI:0", 100, 7200, day("2023-05-01"))]
    assert lots(made, "SPUN") == [("x:1/open:VTI:0", 25, 800, day("2023-05-01"))]


def test_of_a_spin_off_what_was_bought_on_its_day_has_no_part() -> None:
    made = [entry(1, buy(4, 90)), entry(2, spinoff("1:4", "0.1"))]
    assert [key for key, *_ in lots(made, "SPUN")] == ["x:2/open:VTI:0"]


def test_spun_off_lots_are_sold_and_split_as_others() -> None:
    made = [entry(1, spinoff("1:4", "0.1")), entry(2, split("2:1", "2026-11-21", symbol="SPUN"))]
    sold = take(3, HEAD, sell(30, 20, "2026-11-22", symbol="SPUN"), *made)
    assert sold.lots[0].gain == 30 * 20 - 30 * 16
    assert lots([*made, sold], "SPUN") == [("x:1/open:VTI:0", 20, 320, day("2023-05-01"))]


def test_a_sale_dated_before_a_spin_off_takes_the_whole_basis() -> None:
    made = entry(1, spinoff("1:4", "0.1"))
    sold = take(2, HEAD, sell(50, 100, "2026-11-19"), made)
    assert sold.lots[0].price == 80
    assert lots([made, sold]) == [("open:VTI:0", 50, 3600, day("2023-05-01"))]


def test_a_voided_spin_off_leaves_no_trace() -> None:
    made = entry(1, spinoff("1:4", "0.1"))
    gone = Entry(seq=2, id="v", kind="void", recorded_at=NOW, effective=made.effective, currency="USD", void_of=1)
    book = build_book(HEAD, [made, gone])
    assert set(book.positions) == {"VTI"}
    assert book.positions["VTI"].cost == 8000


# -- changes of symbol


def test_a_new_symbol_takes_over_lots_and_holding_periods() -> None:
    made = [entry(1, rename())]
    assert lots(made) == []
    assert lots(made, "NEW") == [("open:VTI:0", 100, 8000, day("2023-05-01"))]
    assert build_book(HEAD, made).renamed == {"VTI": "NEW"}


def test_sales_before_and_after_a_change_of_symbol_take_the_same_lots() -> None:
    made = entry(1, rename())
    early = take(2, HEAD, sell(10, 90, "2026-11-19"), made)
    late = take(3, HEAD, sell(90, 100, "2026-11-21", symbol="NEW"), made, early)
    assert [part.lot for part in (*early.lots, *late.lots)] == ["open:VTI:0", "open:VTI:0"]
    assert lots([made, early, late], "NEW") == []


def test_a_sale_under_the_old_symbol_after_the_change_does_not_fit() -> None:
    with pytest.raises(BadInput, match="1 cannot be sold"):
        take(2, HEAD, sell(1, 90, "2026-11-21"), entry(1, rename()))


def test_a_loss_before_a_change_of_symbol_is_replaced_under_the_new_one() -> None:
    tax = Tax(regime="us")
    drafts = sell(100, 70, "2026-11-10"), rename(), buy(100, 60, "2026-11-25", symbol="NEW")
    entries: list[Entry] = []
    for seq, draft in enumerate(drafts, start=1):
        builder = BookBuilder(HEAD, entries, tax)
        entries.append(entry_of(checked(draft, new_id=lambda seq=seq: str(seq)), seq, NOW, builder.held_on))  # type: ignore[misc]
    (gain,) = BookBuilder(HEAD, entries, tax, rows=True).gains
    assert gain.disallowed == 1000
    assert [basis for _, _, basis, _ in lots(entries, "NEW", tax)] == [7000]


def test_nothing_is_bought_under_a_symbol_that_is_no_more() -> None:
    book = build_book(HEAD, [entry(1, rename()), entry(2, buy(1, 90, "2026-11-21"))])
    assert [tuple(problem) for problem in book.problems] == [(2, "is of VTI, which is NEW since 2026-11-20")]


def test_nothing_is_spun_off_into_a_symbol_that_is_no_more() -> None:
    gone = happened("rename", "2026-11-10", symbol="SPUN", to="OTHER")
    made = spinoff("1:1", "0.5")
    for entries in ([entry(1, gone), entry(2, made)], [entry(1, made), entry(2, gone)]):
        problems = build_book(HEAD, entries).problems
        assert [what for _, what in problems] == ["is of SPUN, which is OTHER since 2026-11-10"]


# -- transfers


def test_transferred_lots_keep_their_basis_and_days() -> None:
    came = entry(1, transfer(HeadLot(dec(5), dec(60), day("2019-03-01"), dec(1)), HeadLot(dec(3))))
    assert lots([came])[1:] == [("t:1:1", 3, None, None), ("t:1:0", 5, 300, day("2019-03-01"))]


def test_before_the_transfer_its_lots_cannot_be_sold() -> None:
    came = entry(1, transfer(HeadLot(dec(5), dec(60), day("2019-03-01"), dec(1))))
    with pytest.raises(BadInput, match="of what was held on 2026-11-19, 100 is still there"):
        take(2, HEAD, sell(101, 90, "2026-11-19"), came)
    assert take(2, HEAD, sell(101, 90, "2026-11-20"), came).lots[0].lot == "t:1:0"


def test_a_split_of_before_the_transfer_is_in_its_lots_already() -> None:
    came = entry(1, transfer(HeadLot(dec(5), dec(60), day("2019-03-01"), dec(1))))
    early, late = entry(2, split("2:1", "2026-11-19")), entry(3, split("3:1", "2026-11-21"))
    assert [quantity for key, quantity, *_ in lots([came, early, late]) if key == "t:1:0"] == [15]


# -- refused


@pytest.mark.parametrize(
    ("draft", "message"),
    [
        (dividend("-1"), "a dividend of -1"),
        (dividend("0"), "a dividend of 0"),
        (dividend("1", quantity=dec(1)), "needs both quantity and price"),
        (dividend("1", withheld=dec("-0.5")), "the tax withheld cannot be negative"),
        (happened("dividend", amount=dec(1)), "a dividend needs a symbol"),
        (happened("fee", amount=dec(0)), "a payment of nothing"),
        (spinoff("1:4", "1.1"), "the share of the basis"),
        (spinoff("0:4", "0.1"), "0:4 is no split"),
        (happened("spinoff", symbol="VTI"), "a spin-off needs a symbol"),
        (happened("rename", symbol="VTI", to="VTI"), "the old symbol and the new"),
        (happened("rename", symbol="VTI"), "a change of symbol needs"),
        (transfer(), "the lots that came with it"),
        (transfer(HeadLot(dec(0))), "a lot of 0"),
        (transfer(HeadLot(dec(1), dec(-1))), "a lot at -1"),
        (transfer(HeadLot(dec(1), dec(1), day("2027-01-01"))), "after the transfer"),
        (transfer(HeadLot(dec(1), dec(1), None, dec(0))), "at a rate of 0"),
    ],
)
def test_what_is_not_whole_is_refused(draft: Draft, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        checked(draft, new_id=lambda: "x")


def test_a_spin_off_of_one_for_one_is_none_of_a_split() -> None:
    assert lots([entry(1, spinoff("1:1", "0.5"))], "SPUN")[0][1] == 100


UK = Tax(regime="uk")


def pool(made: list[Entry], symbol: str) -> Any:
    position = build_book(HEAD, made, UK).positions[symbol]
    assert position.pool is not None
    return position.quantity, position.pool.quantity, position.pool.cost


def test_a_later_split_of_the_old_shares_does_not_multiply_the_pool_of_the_new_ones() -> None:
    made = [entry(1, spinoff("1:1", "0.25", on="2026-11-10")), entry(2, split("2:1", "2026-11-20"))]
    assert [pool(made, symbol) for symbol in ("VTI", "SPUN")] == [(200, 200, 6000), (100, 100, 2000)]


def test_a_later_split_of_the_new_shares_multiplies_their_pool() -> None:
    made = [entry(1, spinoff("1:1", "0.25", on="2026-11-10")), entry(2, split("2:1", "2026-11-20", symbol="SPUN"))]
    assert pool(made, "SPUN") == (200, 200, 2000)


def test_what_is_bought_on_the_day_of_a_spin_off_has_no_new_shares_in_the_pool() -> None:
    made = [entry(1, spinoff("1:1", "0.25", on="2026-11-10")), entry(2, buy(50, 60, "2026-11-10"))]
    assert [pool(made, symbol) for symbol in ("VTI", "SPUN")] == [(150, 150, 9000), (100, 100, 2000)]


def test_what_was_sold_before_a_spin_off_and_is_matched_after_it_has_no_new_shares() -> None:
    first = take(1, HEAD, sell(50, 70, "2026-11-01"))
    made = [first, entry(2, spinoff("1:1", "0.25", on="2026-11-10")), entry(3, buy(50, 60, "2026-11-20"))]
    quantity, pooled, _ = pool(made, "SPUN")
    assert (quantity, pooled) == (50, 50)


def test_a_split_of_the_new_symbol_before_the_change_leaves_the_pool_of_the_old_one() -> None:
    made = [entry(1, split("2:1", "2026-11-05", symbol="NEW")), entry(2, rename())]
    assert pool(made, "NEW") == (100, 100, 8000)


def test_where_a_spin_off_gives_nothing_the_basis_stays() -> None:
    made = [entry(1, buy("0.000000000001", 5, "2026-11-10")), entry(2, spinoff("1:3", "0.5"))]
    assert lots(made)[1][2] == dec("0.000000000005")
    assert [key for key, *_ in lots(made, "SPUN")] == ["x:2/open:VTI:0"]
