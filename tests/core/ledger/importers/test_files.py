"""Which file is whose, how it may be written, and what is refused before any row is looked at."""

from __future__ import annotations

import pytest

from core.errors import BadInput
from core.ledger.importers.read import PROFILES, detect
from core.ledger.importers.sheet import decode
from tests.core.ledger.importers.exports import EXPORTS, drafts, only, read, said, shipped

SCHWAB = '"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"\n'
DEGIRO = (
    "Date,Time,Product,ISIN,Reference exchange,Venue,Quantity,Price,,Local value,,Value,,Exchange rate,"
    "Transaction and/or third party fees,,Total,,Order ID\n"
)
GENERIC = (
    "date,time,kind,symbol,quantity,price,fees,amount,currency,rate,withheld,ratio,to,basis_share,acquired,id\n"
)


# -- whose file it is


@pytest.mark.parametrize("path", sorted(EXPORTS.glob("*.csv")), ids=lambda path: path.name)
def test_the_header_tells_whose_file_it_is(path: object) -> None:
    name = getattr(path, "name", "")
    expected = {"degiro-transactions.csv": "degiro"}.get(name, name.removesuffix(".csv"))
    assert detect(shipped(name), None).profile.name == expected


def test_an_unknown_file_is_told_with_what_was_seen_and_what_is_known() -> None:
    with pytest.raises(BadInput, match=r"begins with Datum \| Tijd \| Product") as caught:
        read("Datum,Tijd,Product,ISIN,Aantal,Koers\n01-02-2026,09:00,X,Y,1,2\n")
    assert all(name in caught.value.problems[0].fix for name in PROFILES)


def test_an_ambiguous_file_is_not_guessed() -> None:
    both = SCHWAB.replace('"Amount"', '"Amount","Kind"')
    with pytest.raises(BadInput, match="could be of schwab or generic") as caught:
        read(both)
    assert "--broker" in caught.value.problems[0].fix
    assert read(both, "schwab").broker == "schwab"


def test_a_broker_that_is_named_must_be_known_and_fit() -> None:
    with pytest.raises(BadInput, match="no profile for 'etrade'"):
        read(SCHWAB, "etrade")
    with pytest.raises(BadInput, match="is no export of Fidelity") as caught:
        read(SCHWAB, "fidelity")
    assert "Run Date" in caught.value.problems[0].fix


def test_both_files_of_degiro_are_read_under_its_name() -> None:
    assert read(shipped("degiro-account.csv"), "degiro", base="EUR").broker == "degiro-account"


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel workbook"),
        (b"%PDF-1.7", "PDF"),
        (b"OFXHEADER:100", "OFX"),
        (b"<?xml version='1.0'?>", "XML"),
        (b'{"BrokerageTransactions": []}', "JSON"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"date,kind\n2026-01-05,bu\0y\n", "binary"),
        (b"", "empty"),
        (b" \n\n", "empty"),
    ],
)
def test_another_kind_of_file_is_named_with_what_to_export_instead(start: bytes, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        decode(start, "x")
    assert "CSV" in caught.value.problems[0].fix


# -- how it is written


ROWS = (
    'date,kind,amount,currency,note\n2026-01-05,deposit,"1,250.50",USD,"two\nlines"\n2026-01-06,deposit,5,USD,é\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_line_ends_and_delimiters_make_no_difference(encoding: str, ends: str, delimiter: str) -> None:
    written = ROWS.replace('"1,250.50"', "@").replace(",", delimiter).replace("@", '"1,250.50"').replace("\n", ends)
    table = read(decode(written.encode(encoding), "x"))
    assert [(row.line, said(row.drafts[0])) for row in table.rows] == [
        (2, ("2026-01-05", "cash", None, "1250.5", None, "USD")),
        (4, ("2026-01-06", "cash", None, "5", None, "USD")),
    ]
    assert [d.id for d in drafts(table)] == [d.id for d in drafts(read(ROWS))]


def test_a_quotation_mark_that_is_never_closed_swallows_no_rows() -> None:
    with pytest.raises(BadInput, match="a cell that never ends") as caught:
        read('date,kind,amount,note\n2026-01-05,deposit,5,"open\n2026-01-06,deposit,6,x\n')
    assert "line 2" in str(caught.value)


def test_a_row_with_too_many_cells_is_not_read_as_if_it_had_fewer() -> None:
    row = only(read("date,kind,amount\n2026-01-05,deposit,1,250.50\n"))
    assert row.state == "unreadable"
    assert "more cells" in row.reason


def test_degiro_is_read_with_a_point_where_the_account_writes_one() -> None:
    row = (
        '01-04-2026,15:59,SAP,DE0007164600,XET,XETA,20,180.50,EUR,"-3,610.00",EUR,"-3,610.00",EUR,,'
        '-3.90,EUR,"-3,613.90",EUR,o1\n'
    )
    assert said(only(read(DEGIRO + row, base="EUR")).drafts[0])[3:6] == ("20", "180.5", "3.9")


def test_degiro_refuses_a_number_that_could_be_thousands_or_decimals() -> None:
    row = '01-04-2026,15:59,SAP,DE0007164600,XET,XETA,"1,234",180,EUR,,,,,,,,,EUR,o1\n'
    refused = only(read(DEGIRO + row, base="EUR"))
    assert (refused.state, "thousands or decimals" in refused.reason) == ("unreadable", True)


def test_degiro_refuses_a_file_that_has_commas_and_points() -> None:
    row = "01-04-2026,15:59,SAP,DE0007164600,XET,XETA,20,{},EUR,,,,,,,,,EUR,o1\n"
    with pytest.raises(BadInput, match="some numbers have a decimal comma"):
        read(DEGIRO + row.format('"180,5"') + row.format("180.5"), base="EUR")


# -- several accounts, hostile content


@pytest.mark.parametrize("name", ["fidelity.csv", "vanguard.csv"])
def test_an_export_of_several_accounts_is_refused(name: str) -> None:
    text = shipped(name)
    number = "Z00000000" if name == "fidelity.csv" else "\n00000000,0"
    start = text.rindex(number)
    other = text[:start] + number.replace("00000000", "11111111") + text[start + len(number) :]
    with pytest.raises(BadInput, match="2 accounts"):
        read(other)


@pytest.mark.parametrize(
    "cell",
    [
        "\x1b]52;c;aGk=\x07",
        "\x1b[2J",
        "=cmd|' /C calc'!A0",
        "[/red]",
        "\u202egnp",
        "x" * 100_000,
        "9" * 100_000,
        "\x9b31m",
    ],
)
def test_hostile_cells_reach_nobody(cell: str) -> None:
    table = read(GENERIC + f"{cell},,buy,{cell},{cell},{cell},,,{cell},,,,,,,{cell}\n")
    row = only(table)
    assert row.state == "unreadable"
    for told in (row.text, row.reason):
        assert told.isprintable()
        assert len(told) < 400


def test_a_cell_beyond_all_sizes_is_refused_with_its_line() -> None:
    with pytest.raises(BadInput, match="line 2"):
        read(GENERIC + "x" * 2_000_000 + ",,buy,,,,,,,,,,,,,\n")


@pytest.mark.parametrize("quantity", ["1e15", "0.0000000000000000000000001", "-3", "0"])
def test_quantities_that_cannot_be_kept_are_refused(quantity: str) -> None:
    assert only(read(GENERIC + f"2026-02-03,,buy,VTI,{quantity},300,,,USD,,,,,,,\n")).state == "unreadable"
