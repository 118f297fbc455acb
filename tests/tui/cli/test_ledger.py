"""`ledger`: what is recorded, checked, taken back, corrected and adopted."""

from __future__ import annotations

import json

import pytest

from tests.tui.cli.support import Desk60, edited

LEDGER_COMMANDS = [
    ("check", "FILE", "PRICES"),
    ("check", "FILE", "PRICES", "--json"),
    ("confirm", "FILE", "--all", "--yes", "PRICES"),
    ("confirm", "FILE", "00000000", "--yes", "PRICES"),
    ("record", "deposit", "FILE", "1"),
    ("record", "buy", "FILE", "VTI", "1", "1"),
    ("ledger", "list", "FILE"),
    ("ledger", "positions", "FILE"),
    ("ledger", "verify", "FILE"),
    ("ledger", "void", "FILE", "1", "--yes"),
    ("ledger", "amend", "FILE", "1", "--price", "1", "--yes"),
]
OPENING_CHANGES = [
    (("quantity = 665", "quantity = 666"), "[[asset]] VTI, lots"),
    (("price = 80", "price = 81"), "[[asset]] VTI, lots"),
    (("2023-05-01", "2023-05-02"), "[[asset]] VTI, lots"),
    (("[[asset]]", "[cash]\nbalances = { USD = 5 }\n\n[[asset]]"), "[cash] balances, USD"),
    (("timezone", "opened = 2023-12-31\ntimezone"), "opened"),
]


@pytest.fixture
def traded(cli: Desk60) -> Desk60:
    """The book with its whole plan recorded."""
    assert cli("confirm", "FILE", "--all", "--yes", "PRICES").code == 0
    return cli


def test_an_empty_ledger(cli: Desk60) -> None:
    assert cli("ledger", "list", "FILE", "--json").json == {"schema": 1, "entries": []}
    assert cli("ledger", "list", "FILE").out == "the ledger is empty\n"
    report = cli("ledger", "positions", "FILE", "--json").json
    assert report["schema"] == 1
    assert report["cash"] == {"USD": "0.00"}
    assert report["positions"][0] == {
        "symbol": "VTI", "quantity": "665", "cost": "53200.00",
        "lots": [{"acquired": "2023-05-01", "quantity": "665", "price": "80"}],
    }  # fmt: skip
    assert cli("ledger", "verify", "FILE").out == "sound: 0 entries\n"


def test_positions_after_the_contracts_example(traded: Desk60) -> None:
    report = traded("ledger", "positions", "FILE", "--json").json
    assert [(p["symbol"], p["quantity"], p["cost"]) for p in report["positions"]] == [
        ("VTI", "600", "48000.00"),
        ("BND", "400", "36650.00"),
    ]
    assert report["cash"] == {"USD": "0.00"}


def test_an_asset_sold_out_is_left_out_of_the_positions(cli: Desk60) -> None:
    cli("record", "sell", "FILE", "VTI", "665", "100")
    report = cli("ledger", "positions", "FILE", "--json").json
    assert [position["symbol"] for position in report["positions"]] == ["BND"]


def test_list_gives_every_entry_with_the_contracts_keys(traded: Desk60) -> None:
    entry = traded.entries()[0]
    assert entry.keys() >= {
        "seq", "id", "kind", "recorded_at", "effective", "symbol", "side", "quantity", "price", "currency", "rate",
        "fees", "lots", "void_of", "decision",
    }  # fmt: skip
    plain = traded("ledger", "list", "FILE").out
    assert entry["id"] in plain
    assert "2026-11-20" in plain


def test_verify_of_a_sound_ledger_is_0(traded: Desk60) -> None:
    done = traded("ledger", "verify", "FILE", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json == {"schema": 1, "sound": True, "problems": [], "differences": []}
    assert traded("ledger", "verify", "FILE").out == "sound: 2 entries\n"


def test_verify_of_a_ledger_whose_entries_do_not_fit_is_4_and_names_the_entry(cli: Desk60) -> None:
    cli("record", "buy", "FILE", "VTI", "10", "100", "--date", "2026-11-18")
    cli("record", "sell", "FILE", "VTI", "675", "100", "--date", "2026-11-19")
    cli("ledger", "verify", "FILE")  # folds
    tables = json.loads(cli.ledger.read_text())
    del tables["_journal"]  # and with it the checksum, as if stock TinyDB had written it
    tables["entries"]["2"]["lots"][0]["gain"] = "1"
    cli.ledger.write_text(json.dumps(tables))
    done = cli("ledger", "verify", "FILE", "--json")
    assert done.code == 4
    assert done.json["sound"] is False
    assert "entry 2" in done.json["problems"][0]
    assert "entry 2" in cli("ledger", "verify", "FILE").complaint


def test_verify_of_an_altered_line_is_4_and_names_it(traded: Desk60) -> None:
    traded("record", "deposit", "FILE", "1")
    log = traded.ledger.with_name("ledger.json.log")
    log.write_bytes(log.read_bytes().replace(b"2026-11-20", b"2026-11-21", 1))
    done = traded("ledger", "verify", "FILE")
    assert done.code == 4
    assert "ledger.json.log, line 1" in done.complaint
    assert "put back a copy" in done.err


def test_verify_of_an_unreadable_ledger_is_4_and_still_one_object(traded: Desk60) -> None:
    traded("ledger", "verify", "FILE")
    traded.ledger.write_text('{"entries": ')
    done = traded("ledger", "verify", "FILE", "--json")
    assert done.code == 4
    assert done.json["sound"] is False
    assert "ledger.json" in done.json["problems"][0]


def test_a_void_reverses_an_entry_on_its_own_day(traded: Desk60) -> None:
    done = traded("ledger", "void", "FILE", "2", "--yes", "--json")
    (void,) = done.json["recorded"]
    assert (done.code, done.json["already"]) == (0, [])
    assert (void["seq"], void["kind"], void["void_of"], void["effective"]) == (3, "void", 2, "2026-11-20")
    report = traded("ledger", "positions", "FILE", "--json").json
    assert report["cash"] == {"USD": "6500.00"}
    assert len(traded.entries()) == 3


def test_void_twice_void_of_a_void_and_an_unknown_number(traded: Desk60) -> None:
    traded("ledger", "void", "FILE", "2", "--yes")
    for seq, code in (("2", 4), ("3", 4), ("99", 2), ("0", 2), ("x", 2), ("-1", 2), ("9" * 5000, 2)):
        done = traded("ledger", "void", "FILE", seq, "--yes")
        assert done.code == code, seq
        assert done.complaint
    assert len(traded.entries()) == 3


def test_a_void_that_later_entries_need_is_4_and_names_them(cli: Desk60) -> None:
    cli("record", "buy", "FILE", "VTI", "10", "100", "--date", "2026-11-18")
    cli("record", "sell", "FILE", "VTI", "670", "100", "--date", "2026-11-19")
    done = cli("ledger", "void", "FILE", "1", "--yes")
    assert done.code == 4
    assert "entry 2 needs it" in done.complaint
    assert "void entry 2 first" in done.err
    assert cli("ledger", "void", "FILE", "2", "--yes").code == 0
    assert cli("ledger", "void", "FILE", "1", "--yes").code == 0


def test_void_needs_a_yes(traded: Desk60) -> None:
    done = traded.process("ledger", "void", "FILE", "1")
    assert done.code == 2
    assert "--yes" in done.err
    assert len(traded.entries()) == 2


def test_amend_is_a_reversal_and_the_corrected_entry(traded: Desk60) -> None:
    words = ("--price", "99.5", "--quantity", "60", "--fees", "2")
    void, new = traded("ledger", "amend", "FILE", "1", *words, "--yes", "--json").json["recorded"]
    assert (void["kind"], void["void_of"]) == ("void", 1)
    assert (new["amends"], new["price"], new["quantity"], new["fees"]) == (1, "99.5", "60", "2.00")
    assert new["effective"] == "2026-11-20"
    assert new["decision"] is not None
    assert traded("ledger", "verify", "FILE").code == 0


def test_amend_executed_moves_the_day_to_that_of_the_exchange(traded: Desk60) -> None:
    words = ("--executed", "2026-11-20T02:00Z", "--yes", "--json")
    new = traded("ledger", "amend", "FILE", "1", *words).json["recorded"][1]
    assert (new["effective"], new["executed"]) == ("2026-11-19", "2026-11-20T02:00:00Z")


def test_amended_to_a_day_alone_the_moment_is_no_longer_known(traded: Desk60) -> None:
    new = traded("ledger", "amend", "FILE", "1", "--executed", "2026-11-18", "--yes", "--json").json["recorded"][1]
    assert (new["effective"], new["executed"]) == ("2026-11-18", None)


def test_amend_executed_of_a_payment_moves_it_to_the_portfolios_day(cli: Desk60) -> None:
    cli("record", "deposit", "FILE", "100", "--date", "2026-11-20")
    words = ("--executed", "2026-11-19T02:00Z", "--yes", "--json")
    assert cli("ledger", "amend", "FILE", "1", *words).json["recorded"][1]["effective"] == "2026-11-18"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("1",), 2), (("1", "--price", "-1"), 2), (("1", "--quantity", "0"), 2), (("1", "--quantity", "700"), 2),
        (("9", "--price", "1"), 2), (("1", "--price", "100"), 2), (("1", "--executed", "soon"), 2),
    ],
)  # fmt: skip
def test_amendments_that_cannot_be(traded: Desk60, words: tuple[str, ...], code: int) -> None:
    done = traded("ledger", "amend", "FILE", *words, "--yes")
    assert done.code == code
    assert done.complaint
    assert len(traded.entries()) == 2


def test_what_was_voided_cannot_be_amended(traded: Desk60) -> None:
    traded("ledger", "void", "FILE", "2", "--yes")
    assert traded("ledger", "amend", "FILE", "2", "--price", "1", "--yes").code == 4


@pytest.mark.parametrize(("change", "line"), OPENING_CHANGES)
def test_an_edited_opening_line_stops_every_command_until_it_is_put_back(
    traded: Desk60, change: tuple[str, str], line: str
) -> None:
    before = traded.entries()
    traded.write(edited(change))
    for words in LEDGER_COMMANDS:
        done = traded(*words)
        assert done.code == 4, words
        assert line in done.err, words
        assert "strikezone ledger adopt" in done.err, words
        assert "proposals" not in done.out
    traded.write()
    assert traded.entries() == before
    assert traded("check", "FILE", "PRICES").code == 0


def test_adopt_records_the_change_as_a_correction(traded: Desk60) -> None:
    traded.write(edited(("quantity = 665", "quantity = 675")))
    done = traded("ledger", "adopt", "FILE", "--json")
    (entry,) = done.json["recorded"]
    assert (done.code, entry["kind"], entry["seq"]) == (0, "adopt", 3)
    report = traded("ledger", "positions", "FILE", "--json").json
    assert report["positions"][0]["quantity"] == "610"
    assert traded("ledger", "verify", "FILE").code == 0
    assert traded("ledger", "void", "FILE", "3", "--yes").code == 4


def test_adopt_with_nothing_to_adopt(cli: Desk60) -> None:
    assert cli("ledger", "adopt", "FILE", "--json").json == {"schema": 1, "recorded": [], "already": []}
    assert cli("ledger", "adopt", "FILE").out == "nothing to adopt\n"
    assert not cli.data.exists()


def test_an_adoption_that_leaves_sales_without_their_lots_is_4(traded: Desk60) -> None:
    traded.write(edited(("quantity = 665", "quantity = 64")))
    done = traded("ledger", "adopt", "FILE")
    assert done.code == 4
    assert "entry 1" in done.complaint


def test_adding_and_removing_an_asset_without_lots_is_no_difference(traded: Desk60) -> None:
    traded.write(edited() + '\n[[asset]]\nsymbol = "GLD"\ntarget = 0\n', "date,VTI,BND,GLD\n2026-11-20,100,100,1\n")
    assert traded("check", "FILE", "PRICES").code == 0
    traded.write()
    assert traded("check", "FILE", "PRICES").code == 0


def test_without_a_command_the_commands_are_listed(cli: Desk60) -> None:
    done = cli("ledger")
    assert done.code == 2
    assert "adopt" in done.err


def test_an_entry_that_needs_two_lots_of_what_is_voided_is_named_once(cli: Desk60) -> None:
    lots = ("--lot", "2020-01-02:5@10", "--lot", "2021-01-02:5@10")
    assert cli("record", "transfer", "FILE", "VTI", *lots, "--date", "2026-11-18").code == 0
    assert cli("record", "sell", "FILE", "VTI", "675", "9", "--date", "2026-11-19").code == 0
    done = cli("ledger", "void", "FILE", "1", "--yes")
    assert done.code == 4
    assert "entry 2 needs it" in done.complaint


def test_a_change_of_symbol_that_the_file_has_followed_is_not_voided_below_it(cli: Desk60) -> None:
    """Else every further command would say that file and ledger differ."""
    cli.write(edited(("[[asset]]\n", '[[asset]]\nsymbol = "NEW"\n\n[[asset]]\n')))
    before = cli.book.read_text()
    assert cli("record", "rename", "FILE", "VTI", "NEW", "--date", "2026-11-18").code == 0
    cli.write(edited(("VTI", "NEW")))
    assert cli("ledger", "list", "FILE").code == 0
    done = cli("ledger", "void", "FILE", "1", "--yes")
    assert done.code == 4
    assert "entry 1 cannot be voided: the ledger has it, the file does not" in done.err
    assert "put the line back" in done.err
    assert cli("ledger", "list", "FILE").code == 0
    cli.write(before)
    assert cli("ledger", "void", "FILE", "1", "--yes").code == 0
    assert cli("ledger", "verify", "FILE").code == 0
