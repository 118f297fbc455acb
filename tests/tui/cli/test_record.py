"""`record`: what happened elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.tui.cli.support import Desk60, edited


def positions(cli: Desk60) -> dict[str, dict[str, object]]:
    report = cli("ledger", "positions", "FILE", "--json").json
    return {position["symbol"]: position for position in report["positions"]}


def cash(cli: Desk60) -> object:
    return cli("ledger", "positions", "FILE", "--json").json["cash"]


def test_a_buy_adds_its_fees_to_the_basis(cli: Desk60) -> None:
    done = cli("record", "buy", "FILE", "VTI", "10", "100", "--fees", "5", "--date", "2026-11-20", "--json")
    (entry,) = done.json["recorded"]
    assert (done.code, done.json["schema"], done.json["already"]) == (0, 1, [])
    assert {key: entry[key] for key in ("seq", "kind", "effective", "side", "quantity", "price", "fees")} == {
        "seq": 1, "kind": "trade", "effective": "2026-11-20", "side": "buy", "quantity": "10", "price": "100",
        "fees": "5.00",
    }  # fmt: skip
    assert (entry["decision"], entry["void_of"], entry["rate"], entry["currency"]) == (None, None, "1", "USD")
    vti = positions(cli)["VTI"]
    assert vti["quantity"] == "675"
    assert vti["cost"] == "54205.00"  # 665 x 80 + 10 x 100 + 5
    assert vti["lots"] == [
        {"acquired": "2023-05-01", "quantity": "665", "price": "80"},
        {"acquired": "2026-11-20", "quantity": "10", "price": "100.5"},
    ]
    assert cash(cli) == {"USD": "-1005.00"}
    assert "cash is -1005.00 USD" in done.err


def test_a_sale_takes_the_oldest_lots_and_fees_reduce_its_proceeds(cli: Desk60) -> None:
    cli("record", "buy", "FILE", "VTI", "10", "100", "--date", "2026-11-19")
    done = cli("record", "sell", "FILE", "VTI", "670", "90", "--fees", "3", "--date", "2026-11-20", "--json")
    (entry,) = done.json["recorded"]
    assert [(lot["acquired"], lot["quantity"]) for lot in entry["lots"]] == [
        ("2023-05-01", "665"),
        ("2026-11-19", "5"),
    ]
    assert sum(float(lot["gain"]) for lot in entry["lots"]) == pytest.approx(670 * 90 - 3 - 665 * 80 - 5 * 100)
    assert cash(cli) == {"USD": "59297.00"}


def test_deposits_and_withdrawals_move_cash(cli: Desk60) -> None:
    (entry,) = cli("record", "deposit", "FILE", "1000.50", "--date", "2026-11-20", "--json").json["recorded"]
    assert (entry["kind"], entry["amount"], entry["symbol"], entry["lots"]) == ("cash", "1000.50", None, [])
    (entry,) = cli("record", "withdraw", "FILE", "400", "--json").json["recorded"]
    assert entry["amount"] == "-400.00"
    assert cash(cli) == {"USD": "600.50"}
    done = cli("record", "withdraw", "FILE", "601", "--json")
    assert done.code == 0
    assert "cash is -0.50 USD" in done.err


def test_without_a_date_it_is_today_in_the_portfolios_zone(cli: Desk60) -> None:
    from zoneinfo import ZoneInfo

    days = [datetime.now(UTC).astimezone(ZoneInfo("America/New_York")).date().isoformat()]
    (entry,) = cli("record", "deposit", "FILE", "1", "--json").json["recorded"]
    days.append(datetime.now(UTC).astimezone(ZoneInfo("America/New_York")).date().isoformat())
    assert entry["effective"] in days


def test_the_same_id_twice_is_recorded_once(cli: Desk60) -> None:
    words = ("record", "buy", "FILE", "VTI", "10", "100", "--id", "broker-7", "--date", "2026-11-20", "--json")
    assert cli(*words).json["recorded"][0]["id"] == "broker-7"
    done = cli(*words)
    assert (done.code, done.json) == (0, {"schema": 1, "recorded": [], "already": ["broker-7"]})
    assert len(cli.entries()) == 1
    assert cli(*words[:-1]).out == "broker-7 was recorded already\n"


@pytest.mark.parametrize("change", [("10", "11"), ("100", "101"), ("VTI", "BND"), ("2026-11-20", "2026-11-19")])
def test_the_same_id_with_other_content_is_4(cli: Desk60, change: tuple[str, str]) -> None:
    words = ["record", "buy", "FILE", "VTI", "10", "100", "--id", "broker-7", "--date", "2026-11-20"]
    cli(*words)
    done = cli(*(change[1] if word == change[0] else word for word in words))
    assert done.code == 4
    assert "broker-7 is already recorded, as entry 1" in done.complaint
    assert len(cli.entries()) == 1


def test_said_again_on_another_day_without_a_date_it_is_still_the_same(cli: Desk60) -> None:
    cli("record", "deposit", "FILE", "100", "--id", "salary", "--date", "2026-11-02")
    done = cli("record", "deposit", "FILE", "100", "--id", "salary", "--json")
    assert (done.code, done.json["already"]) == (0, ["salary"])


def test_an_id_of_a_voided_entry_is_not_recorded_again_and_said_so(cli: Desk60) -> None:
    words = ("record", "deposit", "FILE", "100", "--id", "salary", "--date", "2026-11-02", "--json")
    cli(*words)
    cli("ledger", "void", "FILE", "1", "--yes")
    done = cli(*words)
    assert done.json["already"] == ["salary"]
    assert "voided by entry 2" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sell", "FILE", "VTI", "666", "100"), "665"),
        (("sell", "FILE", "VTI", "1", "100", "--date", "2020-01-01", "--method", "oldest"), "oldest"),
        (("buy", "FILE", "XYZ", "1", "100"), "XYZ is not in the portfolio"),
        (("buy", "FILE", "VTI", "0", "100"), "QTY must be positive"),
        (("buy", "FILE", "VTI", "x", "100"), "QTY"),
        (("buy", "FILE", "VTI", "nan", "100"), "QTY"),
        (("buy", "FILE", "VTI", "1e400", "100"), "QTY"),
        (("buy", "FILE", "VTI", "1", "0"), "PRICE must be positive"),
        (("buy", "FILE", "VTI", "1", "100", "--fees", "-1"), "--fees cannot be negative"),
        (("buy", "FILE", "VTI", "1", "100", "--date", "20.11.2026"), "is no date"),
        (("buy", "FILE", "VTI", "1", "100", "--currency", "EUR"), "EUR"),
        (("buy", "FILE", "VTI", "1", "100", "--rate", "1.1"), "--rate"),
        (("buy", "FILE", "VTI", "1"), "FILE SYMBOL QTY PRICE"),
        (("deposit", "FILE"), "FILE AMOUNT"),
        (("deposit", "FILE", "0"), "AMOUNT must be positive"),
        (("withdraw", "FILE", "1e-30"), "-30"),
    ],
)
def test_what_cannot_be_recorded_is_2_and_nothing_is(cli: Desk60, words: tuple[str, ...], said: str) -> None:
    done = cli("record", *words)
    assert done.code == 2
    assert done.complaint
    assert said in done.err
    assert cli.entries() == []


def test_an_entry_on_or_before_the_opening_day_is_skipped_and_said_so(cli: Desk60) -> None:
    cli.write(edited(("timezone", "opened = 2026-11-01\ntimezone")))
    done = cli("record", "buy", "FILE", "VTI", "1", "100", "--date", "2026-11-01", "--json")
    assert (done.code, done.json["recorded"]) == (0, [])
    assert len(done.json["skipped"]) == 1
    assert "2026-11-01 is on or before 2026-11-01" in done.err
    assert cli("record", "buy", "FILE", "VTI", "1", "100", "--date", "2026-11-02").code == 0


def test_a_date_in_the_future_is_warned_of(cli: Desk60) -> None:
    done = cli("record", "deposit", "FILE", "1", "--date", "2100-01-01")
    assert done.code == 0
    assert "2100-01-01 is in the future" in done.err


def test_numbers_are_kept_exactly(cli: Desk60) -> None:
    words = ("record", "buy", "FILE", "VTI", "0.1234567", "99.123456789012", "--json")
    (entry,) = cli(*words).json["recorded"]
    assert (entry["quantity"], entry["price"]) == ("0.1234567", "99.123456789012")
    assert cli.entries() == [entry]


def test_without_a_kind_the_kinds_are_listed(cli: Desk60) -> None:
    done = cli("record")
    assert done.code == 2
    assert "withdraw" in done.err
    assert "strikezone: Usage" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--date", "2999-01-01"),
        ("--currency", "GBp", "--rate", "1.3"),
        (),
    ],
)
def test_a_refusal_says_nothing_but_what_and_what_to_do(cli: Desk60, words: tuple[str, ...]) -> None:
    """What would have been remarked on, had it been recorded, would be a third line."""
    cli.write(edited(("[[asset]]\n", '[[asset]]\nsymbol = "VOD.L"\ncurrency = "GBp"\n\n[[asset]]\n')))
    done = cli("record", "sell", "FILE", "VOD.L", "1", "70", *words)
    assert done.code == 2
    assert "1 cannot be sold" in done.complaint


SOLD = ("record", "sell", "FILE", "VTI", "6", "100", "--id", "x", "--date", "2026-11-20")


@pytest.mark.parametrize(
    ("first", "others"),
    [
        (("--lot", "2026-11-02:4", "--lot", "2023-05-01"), (("--lot", "2023-05-01"), ("--method", "lifo"))),
        (("--lot", "2026-11-02:4", "--lot", "2023-05-01"), (("--lot", "2026-11-02:3", "--lot", "2023-05-01"),)),
        (("--lot", "2023-05-01"), (("--lot", "2026-11-02"), ("--lot", "1999-01-01"))),
        (("--method", "lifo"), (("--method", "fifo"), ("--lot", "2023-05-01"))),
        ((), (("--method", "hifo"), ("--lot", "2026-11-02"))),
    ],
)
def test_a_sale_said_again_with_other_lots_is_4(
    cli: Desk60, first: tuple[str, ...], others: tuple[tuple[str, ...], ...]
) -> None:
    cli("record", "buy", "FILE", "VTI", "10", "90", "--date", "2026-11-02")
    assert cli(*SOLD, *first).code == 0
    cli("record", "sell", "FILE", "VTI", "8", "100", "--lot", "2026-11-02:4", "--lot", "2023-05-01:4")
    for same in (first, first, ()):
        assert cli(*SOLD, *same, "--json").json["already"] == ["x"]
    for other in others:
        done = cli(*SOLD, *other)
        assert done.code == 4, other
        assert "x is already recorded, as entry 2" in done.complaint


def test_a_change_of_symbol_that_is_still_to_come_is_refused(cli: Desk60) -> None:
    """What is held would be called by the new symbol at once."""
    done = cli("record", "rename", "FILE", "VTI", "BND", "--date", "2999-01-01")
    assert done.code == 2
    assert "2999-01-01 is still to come" in done.complaint


def test_a_rate_of_base_currency_is_refused_for_a_lot_that_came(cli: Desk60) -> None:
    done = cli("record", "transfer", "FILE", "VTI", "--lot", "2020-01-02:5@70*1.2")
    assert done.code == 2
    assert "the rate of a lot in USD, the base currency, is 1" in done.complaint
    assert cli("record", "transfer", "FILE", "VTI", "--lot", "2020-01-02:5@70*1").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("transfer", "FILE", "VTI", "--lot", "2020-01-02:5@70"),
        ("spinoff", "FILE", "VTI", "BND", "1:5", "--basis", "20"),
        ("rename", "FILE", "VTI", "BND"),
    ],
)
def test_what_moves_no_cash_says_nothing_of_cash(cli: Desk60, words: tuple[str, ...]) -> None:
    cli("record", "withdraw", "FILE", "1", "--date", "2026-11-18")
    done = cli("record", *words, "--date", "2026-11-20")
    assert (done.code, done.err) == (0, "")
