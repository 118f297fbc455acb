"""Cash in several currencies: a buy is paid from its own balance first, the rest converted from base currency."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.book.book import Book, BookBuilder, build_book
from core.book.entries import Draft, Head
from core.ledger.head import head_of
from tests.core.book.samples import abroad, buy, dec, entry, pay, sell, take

HEAD: Head = head_of(abroad())


def sap(quantity: str | int, price: str | int, on: str = "2026-11-20", rate: str | None = "1.20") -> Draft:
    return buy(quantity, price, on, symbol="SAP", currency="EUR", rate=None if rate is None else dec(rate))


def book(*drafts: Draft) -> Book:
    return build_book(HEAD, [entry(seq, draft) for seq, draft in enumerate(drafts, start=1)])


def test_what_its_own_balance_covers_is_not_converted() -> None:
    assert book(sap(1, 150)).cash == {"USD": 1000, "EUR": 50}


def test_the_rest_is_converted_from_base_currency_at_the_entrys_rate() -> None:
    assert book(sap(5, 100)).cash == {"USD": 1000 - 300 * dec("1.20"), "EUR": 0}


def test_fees_are_paid_with_it() -> None:
    paid = book(buy(2, 100, symbol="SAP", currency="EUR", rate=dec("1.20"), fees=dec(10)))
    assert paid.cash == {"USD": 1000 - 10 * dec("1.20"), "EUR": 0}
    assert paid.positions["SAP"].cost == 1210


def test_a_negative_balance_of_its_own_pays_for_nothing_and_is_not_made_good() -> None:
    drawn = pay(-300, "2026-11-19", currency="EUR", rate=dec("1.20"))
    assert book(drawn, sap(1, 100)).cash == {"USD": 1000 - 120, "EUR": -100}


def test_without_a_rate_nothing_is_converted() -> None:
    assert book(sap(5, 100, rate=None)).cash == {"USD": 1000, "EUR": -300}


def test_proceeds_stay_in_their_currency() -> None:
    sold = take(1, HEAD, sell(4, 120, symbol="SAP", currency="EUR", rate=dec("1.20"), fees=dec(2)))
    assert build_book(HEAD, [sold]).cash == {"USD": 1000, "EUR": 200 + 478}


def test_fees_above_the_proceeds_are_paid_like_a_buy() -> None:
    sold = take(1, HEAD, sell(1, 1, symbol="SAP", currency="EUR", rate=dec("1.20"), fees=dec(301)))
    assert build_book(HEAD, [sold]).cash == {"USD": 1000 - 120, "EUR": 0}


def test_a_withdrawal_is_never_converted() -> None:
    assert book(pay(-250, currency="EUR", rate=dec("1.20"))).cash == {"USD": 1000, "EUR": -50}


def test_a_buy_in_base_currency_leaves_the_others_alone() -> None:
    assert book(buy(20, 100)).cash == {"USD": -1000, "EUR": 200}


def test_what_is_converted_is_rounded_to_thirty_decimals() -> None:
    rate = "1." + "3" * 20
    paid = book(sap("1", "200." + "1" * 20, rate=rate)).cash["USD"]
    assert paid == 1000 - (dec("0." + "1" * 20) * dec(rate)).quantize(Decimal("1e-30"))


@pytest.mark.parametrize("late", [pay(100, "2026-11-18", currency="EUR"), sap(1, 50, "2026-11-18")])
def test_what_is_dated_earlier_counts_earlier_whenever_it_was_recorded(late: Draft) -> None:
    first, second = entry(1, sap(3, 100)), entry(2, late)
    builder = BookBuilder(HEAD, [first])
    assert not builder.takes(second)
    renumbered = [entry(1, late), entry(2, sap(3, 100))]
    assert build_book(HEAD, [first, second]).cash == build_book(HEAD, renumbered).cash


def test_base_currency_may_come_in_any_order() -> None:
    builder = BookBuilder(HEAD, [entry(1, sap(3, 100)), entry(2, buy(1, 10))])
    assert builder.takes(entry(3, buy(1, 10, "2026-11-01")))
    assert builder.takes(entry(3, pay(1, "2026-11-01")))
    assert builder.takes(entry(3, pay(1, currency="EUR")))
