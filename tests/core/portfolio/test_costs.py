"""`[costs]`: presets, whose fees, and the user's own fee table (contract, section 2)."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.portfolio.fees import TABLES, shipped
from core.portfolio.file import load_portfolio, parse_portfolio
from core.portfolio.model import Costs, Fee, Portfolio
from tests.core.portfolio.test_file_fuzz import WRITTEN

D = Decimal
BOOK = 'schema = 1\nid = "book"\nbase_currency = "USD"\n[[asset]]\nsymbol = "VTI"\n'
TABLE = "schema = 1\n[taf]\n[[taf.rows]]\nfrom = 2027-01-01\nrate = 0.000195\ncap = 9.79\n"


def parse(costs: str, asset: str = "") -> Portfolio:
    return parse_portfolio(f"{BOOK}{asset}\n[costs]\n{costs}\n", "book.toml", Path("/books"))


def fee_names(costs: Costs) -> list[str]:
    return [fee.name for fee in costs.fees]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book with the fees of the US and a table of its own."""
    path = tmp_path / "book.toml"
    path.write_text(BOOK + '[costs]\nfees = "us"\nfee_table = "fees.toml"\n')
    return path


def with_table(book: Path, table: str) -> dict[str, Fee]:
    (book.parent / "fees.toml").write_text(table)
    return {fee.name: fee for fee in load_portfolio(book).costs.fees}


def problems(book: Path, table: str) -> list[tuple[str, str, str]]:
    with pytest.raises(BadInput) as caught:
        with_table(book, table)
    folder = f"{book.parent}/"
    return [(p.where.replace(folder, ""), p.what, p.fix) for p in caught.value.problems]


# presets


@pytest.mark.parametrize(
    ("preset", "costs", "fees"),
    [
        ("us-zero", Costs(), ["sec", "taf", "cat"]),
        (
            "ibkr-fixed",
            Costs(per_share=D("0.005"), minimum=D(1), maximum_rate=D("0.01")),
            ["sec", "taf", "cat"],
        ),
        (
            "ibkr-tiered",
            Costs(per_share=D("0.0035"), minimum=D("0.35"), maximum_rate=D("0.01")),
            ["sec", "taf", "cat"],
        ),
        ("uk-flat", Costs(per_order=D("5.99")), ["stamp", "ptm"]),
    ],
)
def test_a_preset_is_what_the_contract_says(preset: str, costs: Costs, fees: list[str]) -> None:
    found = parse(f'preset = "{preset}"').costs
    assert fee_names(found) == fees
    assert (found.per_order, found.per_share, found.minimum) == (costs.per_order, costs.per_share, costs.minimum)
    assert (found.maximum_rate, found.rate, found.fx) == (costs.maximum_rate, D(0), D(0))


# interactivebrokers.co.uk (its own examples and LEAN's tests): quantity, price, fixed, tiered without exchange fees
@pytest.mark.parametrize(
    ("quantity", "price", "fixed", "tiered"),
    [
        ("100", "25", "1.00", ".35"),
        ("1000", "25", "5.00", "3.50"),
        ("1000", "0.25", "2.50", "2.50"),
        ("1", "100", "1.00", ".35"),
        ("1000", "100", "5.00", "3.50"),
        ("10", "5", "0.50", ".35"),
    ],
)
def test_commissions_of_interactive_brokers(quantity: str, price: str, fixed: str, tiered: str) -> None:
    from core.costs.fees import trade_costs

    for preset, commission in (("ibkr-fixed", fixed), ("ibkr-tiered", tiered)):
        portfolio = parse(f'preset = "{preset}"')
        costs = trade_costs(portfolio.assets[0], portfolio.costs, "buy", date(2026, 5, 4), D(quantity), D(price))
        assert costs.commission == D(commission)


def test_keys_beside_a_preset_override_it() -> None:
    costs = parse('preset = "ibkr-fixed"\nminimum = 0\nper_order = 2\nfees = "none"').costs
    assert costs == Costs(per_order=D(2), per_share=D("0.005"), maximum_rate=D("0.01"))


def test_fees_of_both_markets_are_asked_for_by_a_list() -> None:
    assert fee_names(parse('fees = ["uk", "us"]').costs) == ["sec", "taf", "cat", "stamp", "ptm"]
    assert parse('fees = "none"').costs == parse("").costs == Costs()


@pytest.mark.parametrize("written", ['"fr"', "true", "[]", '["us", "us"]', '["us", 1]', '["none", "us"]', "[[]]"])
def test_whose_fees_must_be_known(written: str) -> None:
    with pytest.raises(BadInput, match=r"costs\.fees: must be .* or a list of markets"):
        parse(f"fees = {written}")


def test_rounding_up_can_be_left_to_the_day_and_the_tax_cannot() -> None:
    rounding = {fee.name: fee.rounding for fee in parse('fees = ["us", "uk"]\nfee_rounding = "none"').costs.fees}
    assert rounding == {"sec": "none", "taf": "none", "cat": "none", "stamp": "nearest", "ptm": "nearest"}
    assert {fee.rounding for fee in parse('fees = "us"\nfee_rounding = "per_trade_up"').costs.fees} == {"up"}


def test_stamp_is_read() -> None:
    assert [a.stamp for a in parse("", "stamp = true\nmarket = 'uk'").assets] == [True]


# what is odd


@pytest.mark.parametrize(
    ("costs", "asset", "said"),
    [
        (
            'fees = "us"',
            'currency = "GBP"\nmarket = "uk"\nstamp = true',
            "stamp = true counts nothing without fees",
        ),
        ('fees = "uk"', 'market = "uk"\nstamp = true\nkind = "stock"', "the price is not in GBP"),
        ('fees = "uk"', 'currency = "EUR"\nmarket = "none"\nstamp = true', "only of a price in GBP"),
        ('fees = "uk"', 'market = "uk"\ncurrency = "GBP"\nstamp = true', "no PTM levy"),
        ('fees = "uk"', 'market = "uk"\ncurrency = "GBP"\nstamp = true\nkind = "etf"', "pay no stamp duty"),
        ('fees = "us"', 'currency = "EUR"', 'market = "us", but the price is not in USD'),
        ('fees = "uk"', 'currency = "USD"\nmarket = "uk"', 'market = "uk", but the price is not in GBP'),
        ('fees = "uk"', 'currency = "GBP"', 'write market = "uk"'),
    ],
)
def test_an_asset_that_pays_less_than_its_owner_may_think_is_told(costs: str, asset: str, said: str) -> None:
    [warning] = parse(costs, asset).warnings
    assert warning.startswith("VTI: ")
    assert said in warning


@pytest.mark.parametrize(
    ("costs", "asset"),
    [
        ('fees = "us"', ""),
        ('fees = "us"', 'currency = "EUR"\nmarket = "none"'),
        ('fees = "us"', 'currency = "EUR"\nkind = "crypto"'),
        ('fees = "none"', 'currency = "EUR"'),
        ('fees = "uk"', 'currency = "GBp"\nmarket = "uk"\nstamp = true\nkind = "stock"'),
        ('fees = ["us", "uk"]', ""),
    ],
)
def test_what_pays_its_fees_or_none_by_choice_is_not(costs: str, asset: str) -> None:
    assert parse(costs, asset).warnings == ()


# the user's own table


def test_a_row_of_ones_own_counts_on_its_days_and_the_shipped_ones_on_the_others(book: Path) -> None:
    taf = with_table(book, TABLE)["taf"]
    shipped_row = shipped("us")["taf"].on(date(2026, 11, 2))
    for day in (date(2027, 1, 1), date(2028, 5, 1)):
        row = taf.on(day)
        assert row is not None
        assert (row.rate, row.cap) == (D("0.000195"), D("9.79"))
    assert taf.on(date(2026, 11, 2)) == shipped_row
    assert (taf.side, taf.basis, taf.title) == ("sell", "share", "FINRA trading activity fee")


def test_a_row_with_an_end_gives_way_to_the_shipped_ones(book: Path) -> None:
    taf = with_table(book, TABLE.replace("rate", "until = 2027-12-31\nrate"))["taf"]
    row = taf.on(date(2028, 1, 1))
    assert row is not None
    assert row.rate == D("0.00024")


def test_a_fee_of_ones_own_is_added(book: Path) -> None:
    table = (
        'schema = 1\n[adr]\nside = "buy"\nbasis = "percent"\ncurrency = "USD"\nkinds = ["stock"]\n'
        "[[adr.rows]]\nfrom = 2020-01-01\nrate = 0.3\n"
    )
    fees = with_table(book, table)
    assert list(fees) == ["sec", "taf", "cat", "adr"]
    assert (fees["adr"].market, fees["adr"].rows[0].rate) == ("us", D("0.003"))


def test_the_shipped_tables_are_of_the_format_of_ones_own(book: Path) -> None:
    fees = with_table(book, (TABLES / "us.toml").read_text())
    for day in (date(2020, 1, 1), date(2026, 11, 2), date(2029, 1, 1)):
        assert {n: fee.on(day) for n, fee in fees.items()} == {n: f.on(day) for n, f in shipped("us").items()}


def test_the_table_lies_beside_the_portfolio_file(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert "taf" in with_table(book, TABLE)


def test_a_table_without_fees_is_refused() -> None:
    with pytest.raises(BadInput, match=r"costs\.fee_table: is given, but no fees are asked for"):
        parse('fee_table = "fees.toml"')


def row(line: str) -> str:
    return TABLE + line + "\n"


@pytest.mark.parametrize(
    ("table", "where", "what"),
    [
        ("", "fees.toml", "is empty"),
        ("schema = 1\n[taf", "fees.toml: line 2", "broken TOML"),
        (TABLE.replace("schema = 1", ""), "fees.toml: schema", "is missing"),
        (TABLE.replace("schema = 1", "schema = 2"), "fees.toml: schema", "schema 2"),
        ("schema = 1\n[taf]\n", "fees.toml: taf.rows", "is missing"),
        ("schema = 1\ntaf = 5\n", "fees.toml: taf", "must be one table"),
        (row("rte = 5"), "fees.toml: taf.rows[1].rte", "unknown key"),
        (TABLE.replace("[taf]", "[taf]\nsid = 'buy'"), "fees.toml: taf.sid", "unknown key"),
        (TABLE.replace("from = 2027-01-01", ""), "fees.toml: taf.rows[1].from", "is missing"),
        (TABLE.replace("2027-01-01", "'soon'"), "fees.toml: taf.rows[1].from", "must be a day"),
        (TABLE.replace("0.000195", "-1"), "fees.toml: taf.rows[1].rate", "cannot be negative"),
        (TABLE.replace("0.000195", "'1'"), "fees.toml: taf.rows[1].rate", "must be a number"),
        (TABLE.replace("rate = 0.000195", ""), "fees.toml: taf.rows[1].rate", "is missing"),
        (row("until = 2026-01-01"), "fees.toml: taf.rows[1].until", "is before"),
        (row("[[taf.rows]]\nfrom = 2027-01-01\nrate = 1"), "fees.toml: taf.rows[2].from", "is not after"),
        (
            row("until = 2027-05-01\n[[taf.rows]]\nfrom = 2027-05-01\nrate = 1"),
            "fees.toml: taf.rows[2].from",
            "is covered by the row before it",
        ),
        (TABLE.replace("[taf]", "[taf]\nbasis = 'trade'"), "fees.toml: taf.basis", 'of taf is "share"'),
        (TABLE.replace("[taf]", "[taf]\nkinds = 'etf'"), "fees.toml: taf.kinds", "must be a list of kinds"),
        (TABLE.replace("taf", "ptm"), "fees.toml: ptm", 'is a fee of the market "uk"'),
        (TABLE.replace("taf", "Ta$f").replace("Ta$f", '"Ta$f"'), "fees.toml: Ta$f", "cannot be the name of a fee"),
        (
            "schema = 1\n[adr]\nside = 'buy'\ncurrency = 'USD'\n[[adr.rows]]\nfrom = 2020-01-01\nrate = 3\n",
            "fees.toml: adr.basis",
            "is missing",
        ),
    ],
)
def test_what_is_wrong_with_a_table_names_file_and_key(book: Path, table: str, where: str, what: str) -> None:
    [(found_where, found_what, fix)] = problems(book, table)
    assert found_where == where
    assert what in found_what
    assert fix


def test_the_errors_of_book_and_table_come_together(book: Path) -> None:
    book.write_text(book.read_text().replace('"VTI"', '""'))
    found = [where for where, _, _ in problems(book, TABLE.replace("0.000195", "-1"))]
    assert found == ["fees.toml: taf.rows[1].rate", "book.toml: asset[1]: symbol"]


@settings(deadline=None)
@given(st.integers(0, 200), WRITTEN)
def test_any_value_at_any_key_of_a_table_is_read_or_refused_with_its_place(line: int, written: str) -> None:
    lines = (TABLES / "us.toml").read_text().splitlines()
    keys = [i for i, text in enumerate(lines) if "=" in text and not text.startswith("#")]
    at = keys[line % len(keys)]
    lines[at] = f"{lines[at].split('=')[0]}= {written}"
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.toml"
        book.write_text(BOOK + '[costs]\nfees = "us"\nfee_table = "fees.toml"\n')
        (Path(folder) / "fees.toml").write_text("\n".join(lines))
        try:
            load_portfolio(book)
        except BadInput as error:
            for problem in error.problems:
                assert "fees.toml" in problem.where
                assert problem.what
                assert problem.fix


def test_a_table_that_is_not_there_is_named(book: Path) -> None:
    with pytest.raises(BadInput, match=r"fees\.toml: no such file"):
        load_portfolio(book)
