"""The JSON of entries and positions, key by key as the contract has it."""

from __future__ import annotations

from datetime import UTC, datetime

from core.book.book import build_book
from core.book.entries import EntryLot, HeadLot
from core.book.report import entry_json, positions_json
from tests.core.book.samples import buy, day, dec, entry, head, part, pay, sell

OPENING = HeadLot(dec(665), dec(80), day("2023-05-01"))


def test_a_trade_has_every_key_and_exact_strings() -> None:
    lot = EntryLot("open:VTI:0", dec(65), day("2023-05-01"), dec("80.00"), dec(1300))
    made = datetime(2026, 11, 20, 20, 59, tzinfo=UTC)
    assert entry_json(entry(7, sell(65, 100, executed=made, decision={"drift": 0.065}), lots=(lot,))) == {
        "seq": 7,
        "id": "id-7",
        "kind": "trade",
        "recorded_at": "2026-11-20T21:00:00Z",
        "effective": "2026-11-20",
        "executed": "2026-11-20T20:59:00Z",
        "symbol": "VTI",
        "side": "sell",
        "quantity": "65",
        "price": "100",
        "amount": None,
        "withheld": None,
        "currency": "USD",
        "rate": "1",
        "fees": "0.00",
        "method": None,
        "lots": [{"acquired": "2023-05-01", "quantity": "65", "price": "80", "gain": "1300.00", "term": None}],
        "note": None,
        "void_of": None,
        "amends": None,
        "decision": {"drift": 0.065},
    }


def test_what_an_entry_does_not_have_is_null() -> None:
    paid = entry_json(entry(1, pay("-12.5")))
    assert paid["amount"] == "-12.50"
    assert [key for key, value in paid.items() if value is None] == [
        *("executed", "symbol", "side", "quantity", "price", "withheld", "fees", "method", "note", "void_of"),
        *("amends", "decision"),
    ]


def test_positions_show_lots_cost_and_cash() -> None:
    sold = entry(1, sell(65, 100), lots=(part("open:VTI:0", 65, 80),))
    assert positions_json(build_book(head(OPENING, cash="0"), [sold])) == {
        "schema": 1,
        "positions": [
            {
                "symbol": "VTI",
                "quantity": "600",
                "cost": "48000.00",
                "lots": [{"acquired": "2023-05-01", "quantity": "600", "price": "80"}],
            }
        ],
        "cash": {"USD": "6500.00"},
    }


def test_a_basis_per_unit_that_does_not_end_is_rounded_to_twelve_decimals_and_the_cost_is_not() -> None:
    (position,) = positions_json(build_book(head(), [entry(1, buy(3, 100, fees=dec(1)))]))["positions"]
    assert position["cost"] == "301.00"
    assert position["lots"][0]["price"] == "100.333333333333"


def test_empty_positions_are_left_out_and_an_unknown_basis_is_null() -> None:
    assert positions_json(build_book(head(), []))["positions"] == []
    (position,) = positions_json(build_book(head(HeadLot(dec(5))), []))["positions"]
    assert position["cost"] is None
    assert position["lots"] == [{"acquired": None, "quantity": "5", "price": None}]
