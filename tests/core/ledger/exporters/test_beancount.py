"""What beancount's own loader makes of an export: no error, and the lots, costs, cash and gains of the book."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from beancount import loader
from beancount.core import data
from beancount.core.amount import Amount

from core.book.book import Book, build_book
from core.book.changes import adoption
from core.book.entries import Draft, Entry, Head, HeadAsset, HeadLot
from core.book.wash import Member
from core.errors import BadInput, Conflict
from core.ledger.exporters.accounts import accounts
from core.ledger.exporters.beancount import beancount
from core.ledger.exporters.commodities import commodities
from core.ledger.exporters.movements import Rules
from core.ledger.exporters.writing import line
from core.money import ZERO
from core.portfolio.model import Tax
from tests.core.book.samples import NOW, buy, day, dec, entry, head, part, sell, split, take, void
from tests.core.ledger.exporters.beans import Lots, count, held, key_of, load, moved, only, totals, written
from tests.core.ledger.exporters.hostile import HOSTILE
from tests.core.ledger.exporters.samples import CURRENCIES, Kept, traded

ROUNDS = int(os.environ.get("STRIKEZONE_STRESS_KILLS", "12")) // 8
CENT = Decimal("0.005")
NEAR = Decimal("1e-9")
Regime = Literal["none", "us", "uk"]
NAMES = commodities(["USD", *CURRENCIES.values()], CURRENCIES)


def lots(book: Book) -> Lots:
    """The same, of the book."""
    found: Lots = {}
    for symbol, position in book.positions.items():
        for lot in position.lots:
            place = (NAMES.assets[symbol], None if lot.basis is None else lot.key)
            count(found, place, lot.quantity, lot.basis)
    return found


def agree(kept: Kept) -> None:
    directives = load(beancount(kept.head, kept.entries, accounts(kept.head.portfolio), kept.rules))
    theirs, ours = held(directives), lots(kept.book)
    assert theirs.keys() == ours.keys()
    for place, (units, cost) in ours.items():
        assert abs(theirs[place][0] - units) < Decimal("1e-12"), place
        if cost is not None:
            assert abs((theirs[place][1] or ZERO) - cost) < CENT, place
    there = totals(directives)
    cash = {p.units.currency: p.units.number for p in there["Assets:Strikezone:Five-years:Cash"]}
    for currency, balance in kept.book.cash.items():
        assert abs(cash.get(currency, ZERO) - balance) < NEAR, currency
    for directive in (d for d in directives if isinstance(d, data.Transaction)):
        for name, units in moved(directive):  # nothing is left unexplained but what averaging makes unknown
            if name == "Adjustments" and units.currency in cash:
                assert str(directive.narration).startswith("Average cost") or abs(units.number) < NEAR
    sales_agree(kept, directives)


def sales_agree(kept: Kept, directives: Sequence[Any]) -> None:
    """Every sale takes the lots that it recorded, and where all their bases are known, has the recorded gain."""
    booked: dict[int, Any] = {
        int(d.meta["entry"]): d for d in directives if isinstance(d, data.Transaction) and "entry" in d.meta
    }
    voided = {one.void_of for one in kept.entries}
    sales = [one for one in kept.entries if one.side == "sell" and one.seq not in voided]
    assert sales
    for sale in sales:
        sold: dict[str | None, Decimal] = defaultdict(Decimal)
        named: dict[str, Decimal] = defaultdict(Decimal)
        for posting in booked[sale.seq].postings:
            if ":Holdings:" in posting.account:
                sold[key_of(posting.cost.label) if posting.cost else None] -= posting.units.number
        for lot in sale.lots:
            named[lot.lot] += lot.quantity
        unknown = sold.pop(None, ZERO)
        assert sum(sold.values(), unknown) == sale.quantity
        assert all(named[str(key)] == units for key, units in sold.items() if units)
        gains = [taken.gain for taken in sale.lots if taken.gain is not None]
        if not unknown and len(gains) == len(sale.lots) and sale.seq not in kept.book.revised:
            (gain,) = [p.units.number for p in booked[sale.seq].postings if p.account.endswith(":Gains")]
            assert abs((gain or ZERO) + sum(gains, ZERO)) < NEAR


@pytest.mark.stress
@pytest.mark.parametrize("regime", ["none", "us", "uk"])
def test_five_years_of_random_trading_agree_with_the_book(tmp_path: Path, regime: Regime) -> None:
    for seed in range(ROUNDS):
        kept = traded(tmp_path / str(seed), seed, tax=Tax(regime=regime))
        kinds = Counter(entry.kind for entry in kept.entries)
        assert min(kinds[kind] for kind in ("trade", "cash", "interest", "fee", "split", "void")) > 0
        agree(kept)


def of(start: Head, *entries: Entry, year: int | None = None) -> str:
    return beancount(start, entries, accounts(start.portfolio), year=year)


LOT = HeadLot(dec(10), dec(80), day("2023-05-01"))


def test_a_sale_takes_the_lot_it_named_of_two_that_are_alike() -> None:
    start = head(LOT, LOT)
    sold = take(1, start, sell(4, 100, lots=(part("open:VTI:1", 4),)))
    directives = load(of(start, sold))
    assert held(directives) == {
        ("VTI", "open:VTI:0"): (dec(10), dec(800)),
        ("VTI", "open:VTI:1"): (dec(6), dec(480)),
    }
    assert written(only(directives, 1)) == {"VTI": "-4 VTI", "Gains": "-80.00 USD", "Cash": "400.00 USD"}


def test_fees_are_in_the_basis_of_a_buy_and_out_of_the_gain_of_a_sale() -> None:
    bought = entry(1, buy(3, 100, fees=dec(1)))
    sold = take(2, head(), sell(3, 110, fees=dec(2)), bought)
    directives = load(of(head(), bought, sold))
    assert only(directives, 1).postings[0].cost.number * 3 == pytest.approx(dec(301))
    assert written(only(directives, 2))["Gains"] == "-27.00 USD"
    assert only(directives, 2).meta["fees"] == "2.00 USD"


def test_a_split_keeps_what_each_lot_cost() -> None:
    directives = load(of(head(LOT), entry(1, split("7:3"))))
    ((units, cost),) = held(directives).values()
    assert units == dec("23.333333333333")
    assert abs((cost or ZERO) - 800) < NEAR


def test_a_lot_of_unknown_basis_has_no_cost_and_its_sale_no_gain() -> None:
    start = head(HeadLot(dec(10)))
    directives = load(of(start, take(1, start, sell(4, 100, fees=dec(1)))))
    assert held(directives) == {("VTI", None): (dec(6), None)}
    assert written(only(directives, 1)) == {"VTI": "-4 VTI", "Cash": "399.00 USD"}


def test_fees_beyond_what_a_lot_of_unknown_basis_brought_are_fees() -> None:
    start = head(HeadLot(dec(10)))
    directives = load(of(start, take(1, start, sell(4, "0.5", fees=dec(3)))))
    assert written(only(directives, 1)) == {"VTI": "-4 VTI", "Fees": "1.00 USD", "Cash": "-1.00 USD"}


def test_a_lot_without_a_day_keeps_its_cost_and_says_so() -> None:
    start = head(HeadLot(dec(10), dec(80)))
    directives = load(of(start, take(1, start, sell(4, 100))))
    assert held(directives) == {("VTI", "open:VTI:0"): (dec(6), dec(480))}
    opening = next(d for d in directives if isinstance(d, data.Transaction))
    assert (opening.postings[0].meta or {})["acquired"] == "unknown"


def test_what_a_foreign_buy_lacks_is_exchanged_for_base_currency() -> None:
    start = Head("p", "USD", None, {"USD": dec(1000), "EUR": dec(200)}, ())
    bought = entry(1, buy(3, 100, symbol="SAP", currency="EUR", rate=dec("1.1")))
    directives = load(of(start, bought))
    cash = [p for p in only(directives, 1).postings if p.account.endswith(":Cash")]
    assert sorted(str(p.units) for p in cash) == ["-110 USD", "-200.00 EUR"]
    (price,) = [d for d in directives if isinstance(d, data.Price)]
    assert (price.currency, price.amount) == ("EUR", Amount(dec("1.1"), "USD"))


def test_interest_is_split_into_what_came_and_what_was_withheld() -> None:
    paid = Draft(kind="interest", effective=day("2026-11-20"), currency="USD", amount=dec(85), withheld=dec(15))
    assert written(only(load(of(head(), entry(1, paid))), 1)) == {
        "Interest": "-100.00 USD",
        "Withheld": "15.00 USD",
        "Cash": "85.00 USD",
    }


def test_a_dividend_is_income_before_what_was_withheld() -> None:
    paid = Draft(
        kind="dividend", effective=day("2026-11-20"), currency="USD", symbol="VTI", amount=dec(85), withheld=dec(15)
    )
    assert written(only(load(of(head(LOT), entry(1, paid))), 1)) == {
        "Dividends": "-100.00 USD",
        "Withheld": "15.00 USD",
        "Cash": "85.00 USD",
    }


def test_a_dividend_that_is_reinvested_buys_a_lot_of_its_own() -> None:
    paid = Draft(
        kind="dividend", effective=day("2026-11-20"), currency="USD", symbol="VTI", amount=dec(100),
        quantity=dec("0.8"), price=dec(110), fees=dec(12),
    )  # fmt: skip
    directives = load(of(head(LOT), entry(1, paid)))
    assert held(directives)["VTI", "e:1"] == (dec("0.8"), dec(100))
    assert written(only(directives, 1)) == {"VTI": "0.8 VTI", "Dividends": "-100.00 USD"}


def test_lots_that_come_from_elsewhere_keep_their_days_and_costs() -> None:
    lots = (HeadLot(dec(5), dec(70), day("2020-01-02")), HeadLot(dec(2)))
    brought = Draft(kind="transfer", effective=day("2026-11-20"), currency="USD", symbol="VTI", received=lots)
    directives = load(of(head(), entry(1, brought)))
    assert held(directives) == {("VTI", "t:1:0"): (dec(5), dec(350)), ("VTI", None): (dec(2), None)}
    assert only(directives, 1).postings[0].cost.date == day("2020-01-02")
    assert ("Transfers", Amount(dec("-350.00"), "USD")) in moved(only(directives, 1))


def test_a_spin_off_moves_its_share_of_the_basis() -> None:
    spun = Draft(
        kind="spinoff", effective=day("2026-11-20"), currency="USD", symbol="VTI", to="NEW", new=dec(1), old=dec(5),
        basis_share=dec("0.25"),
    )  # fmt: skip
    directives = load(of(head(LOT), entry(1, spun)))
    assert held(directives) == {
        ("VTI", "open:VTI:0"): (dec(10), dec(600)),
        ("NEW", "x:1/open:VTI:0"): (dec(2), dec(200)),
    }
    assert {p.cost.date for p in only(directives, 1).postings} == {day("2023-05-01")}


def test_a_new_symbol_takes_the_lots_over() -> None:
    renamed = Draft(kind="rename", effective=day("2026-11-20"), currency="USD", symbol="VTI", to="ITV")
    assert held(load(of(head(LOT), entry(1, renamed)))) == {("ITV", "open:VTI:0"): (dec(10), dec(800))}


def test_a_disallowed_loss_is_in_the_basis_of_what_replaces_it() -> None:
    # IRS Publication 550, "Wash Sales", example 1: 100 bought at 1,000, sold at 750, 100 bought again at 800
    us = Rules(Tax(regime="us"))
    bought = entry(1, buy(100, 10, "2026-01-05"))
    sold = take(2, head(), sell(100, "7.5", "2026-06-01"), bought)
    again = entry(3, buy(100, 8, "2026-06-15"))
    directives = load(beancount(head(), [bought, sold, again], accounts("p"), us))
    assert held(directives) == {("VTI", "e:3"): (dec(100), dec(1050))}
    assert written(only(directives, 2))["Gains"] == "250.00 USD"
    assert written(only(directives, 3)) == {"VTI": "100 VTI", "Disallowed": "-250.00 USD", "Cash": "-800.00 USD"}


def test_a_sale_at_average_cost_evens_the_lots_out_first() -> None:
    start = head(HeadLot(dec(10), dec(80), day("2023-05-01")), HeadLot(dec(10), dec(120), day("2024-05-01")))
    sold = entry(1, sell(4, 110), method="average", lots=(part("open:VTI:0", 4, 100),))
    directives = load(of(start, sold))
    assert held(directives) == {
        ("VTI", "open:VTI:0"): (dec(6), dec(600)),
        ("VTI", "open:VTI:1"): (dec(10), dec(1000)),
    }
    assert written(only(directives, 1))["Gains"] == "-40.00 USD"


def test_a_loss_in_another_ledger_of_the_group_is_in_the_basis_of_what_replaces_it_here() -> None:
    theirs = entry(1, buy(5, 100, "2024-01-02"))
    lost = entry(2, sell(5, 98, "2026-06-01"), lots=(part("e:1", 5),))
    rules = Rules(Tax(regime="us"), (Member("other", head(), (theirs, lost)),))
    bought = entry(1, buy(5, 2, "2026-05-20"))
    directives = load(beancount(head(), [bought], accounts("p"), rules))
    book = build_book(head(), [bought], rules.tax, rules.members)
    assert held(directives)["VTI", "e:1"] == (dec(5), book.positions["VTI"].cost) == (dec(5), dec(20))
    assert any("A loss in another portfolio" in str(getattr(d, "narration", "")) for d in directives)


def test_a_year_knows_nothing_of_what_another_ledger_does_later() -> None:
    theirs = entry(1, buy(5, 100, "2024-01-02"))
    lost = entry(2, sell(5, 98, "2026-01-10"), lots=(part("e:1", 5),))
    rules = Rules(Tax(regime="us"), (Member("other", head(), (theirs, lost)),))
    bought = entry(1, buy(5, 2, "2025-12-20"))
    directives = load(beancount(head(), [bought], accounts("p"), rules, year=2025))
    assert held(directives) == {("VTI", "e:1"): (dec(5), dec(10))}


def test_in_the_uk_it_says_that_gains_go_by_a_pool() -> None:
    text = beancount(head(LOT), [], accounts("p"), Rules(Tax(regime="uk")))
    assert "; gains here go by lots; those that count in the UK, by a pool" in text


def test_voided_entries_and_those_before_the_opening_are_left_out_and_said() -> None:
    start = head(LOT, opened=day("2026-01-01"))
    early, wrong = entry(1, buy(1, 1, "2025-01-01")), entry(2, buy(2, 2))
    text = of(start, early, wrong, void(3, wrong))
    assert held(load(text)) == {("VTI", "open:VTI:0"): (dec(10), dec(800))}
    assert "; entry 1, trade of 2025-01-01: in the opening balances of 2026-01-01" in text
    assert "; entry 2, trade of 2026-11-20: voided by entry 3" in text


def test_an_adopted_head_is_what_it_begins_with() -> None:
    start = head(LOT)
    adopted = adoption(head(HeadLot(dec(12), dec(70), day("2023-05-01"))), 2, "a", NOW)
    sold = take(1, start, sell(4, 100))
    assert held(load(of(start, sold, adopted))) == {("VTI", "open:VTI:0"): (dec(8), dec(560))}


def test_a_year_begins_with_what_was_held_before_it_and_ends_with_it() -> None:
    start = head(LOT)
    first = take(1, start, sell(4, 100, "2024-06-03"))
    second = take(2, start, sell(1, 110, "2025-06-03"), first)
    third = take(3, start, sell(5, 120, "2026-06-03"), first, second)
    text = of(start, first, second, third, year=2025)
    directives = load(text)
    assert held(directives) == {("VTI", "open:VTI:0"): (dec(5), dec(400))}
    assert [d.meta.get("entry") for d in directives if isinstance(d, data.Transaction)] == [None, "2"]
    assert {d.date for d in directives if isinstance(d, data.Balance)} == {day("2026-01-01")}


def test_every_position_and_balance_is_asserted() -> None:
    start = Head("p", "USD", None, {"USD": dec(5), "EUR": dec(7)}, (HeadAsset("VTI", "USD", (LOT,)),))
    asserted = {str(d.amount) for d in load(of(start)) if isinstance(d, data.Balance)}
    assert asserted == {"10 VTI", "5 USD", "7 EUR"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Gains  -27.00 USD", "Gains  -27.00001 USD"),
        ("Cash  -301.00 USD", "Cash  -301.000001 USD"),
        ('-3 VTI {2026-11-20, "e:1"}', '-3 VTI {2026-11-20, "e:2"}'),
        ('-3 VTI {2026-11-20, "e:1"}', '-2.999999 VTI {2026-11-20, "e:1"}'),
        ("Cash  1027 ~", "Cash  1027.00001 ~"),
    ],
)
def test_no_tolerance_hides_an_error(right: str, wrong: str) -> None:
    bought = entry(1, buy(3, 100, fees=dec(1)))
    text = of(head(), bought, take(2, head(), sell(3, 110, fees=dec(2)), bought))
    load(text)
    assert text.count(right) == 1
    _, errors, _ = loader.load_string(text.replace(right, wrong), dedent=False)
    assert errors


def test_accounts_can_be_named() -> None:
    given = accounts("p", ["gains=Income:Shares", "holdings=Assets:Broker"])
    text = beancount(head(LOT), [take(1, head(LOT), sell(4, 100))], given)
    load(text)
    assert "Income:Shares  -80.00 USD" in text
    assert "Assets:Broker:VTI  -4 VTI" in text


@pytest.mark.parametrize(
    "given", ["gains", "gains=", "gains=Income", "gains=Evil:X", "loss=Income:X", 'gains=Income:"']
)
def test_an_account_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(BadInput):
        accounts("p", [given])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_breaks_out(hostile: str) -> None:
    start = Head(hostile[:20], "USD", None, {"USD": dec(9)}, (HeadAsset(hostile, "USD", (LOT,)),))
    bought = entry(1, buy(1, 1, symbol=hostile, note=hostile, id=hostile))
    wrong = entry(2, buy(1, 1, symbol=hostile))
    text = beancount(start, [bought, wrong, void(3, wrong)], accounts("p"))
    directives = load(text)
    kinds = Counter(type(d).__name__ for d in directives)
    assert kinds == {"Commodity": 1, "Open": 3, "Transaction": 2, "Balance": 2}
    assert only(directives, 1).meta["note"] == line(hostile)
    assert not any(ord(c) < 32 for c in text.replace("\n", ""))


@pytest.mark.parametrize("on", ["0001-01-01", "9999-12-31"])
def test_a_day_that_no_journal_can_hold_is_refused(on: str) -> None:
    with pytest.raises(BadInput, match="entry 1"):
        of(head(), entry(1, buy(1, 1, on)))


def test_an_entry_that_does_not_fit_is_named() -> None:
    sold = entry(1, sell(99, 1), lots=(part("open:VTI:0", 99, 80),))
    with pytest.raises(Conflict, match="entry 1"):
        of(head(LOT), sold)
