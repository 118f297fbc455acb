"""An export beside the ledger: recorded once, however often it comes, and never doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.book.entries import Draft
from core.desk.desk import Desk
from core.desk.importing import Imported, ImportPlan, plan_import, record_import
from core.errors import Conflict
from core.ledger.importers.read import read_csv
from core.market.feed import EmptyFeed
from core.portfolio.model import Asset, Cash, OpeningLot, Portfolio

HEADER = "date,time,kind,symbol,quantity,price,fees,amount,currency,withheld,ratio,to,id\n"
DEPOSIT = "2026-01-05,,deposit,,,,,10000,USD,,,,\n"
BUY = "2026-02-03,,buy,VTI,10,300,1,,USD,,,,\n"
SELL = "2026-04-01,,sell,VTI,4,320,1,,USD,,,,\n"
SPLIT = "2026-05-11,,split,VTI,,,,,USD,,2:1,,\n"


class StillClock:
    def now(self) -> datetime:
        return datetime(2026, 6, 1, tzinfo=UTC)


class Trying:
    """A desk of VTI, BND and SAP, on which exports are tried."""

    def __init__(self, folder: Path, **fields: Any) -> None:
        assets = (Asset("VTI", "USD"), Asset("BND", "USD"), Asset("SAP", "EUR"))
        defaults = {"path": "mine.toml", "id": "mine", "base_currency": "USD", "assets": assets, "cash": Cash()}
        self.portfolio = Portfolio(**{**defaults, **fields})
        self.desk = Desk.open(self.portfolio, folder, EmptyFeed(StillClock(), ""))

    def plan(self, rows: str, **options: bool) -> ImportPlan:
        return plan_import(self.desk, read_csv(HEADER + rows, None, self.portfolio), **options)

    def record(self, rows: str, **options: bool) -> Imported:
        return record_import(self.desk, read_csv(HEADER + rows, None, self.portfolio), **options)

    def held(self, symbol: str) -> Decimal:
        return self.desk.ledger.book.positions[symbol].quantity


@pytest.fixture
def trying(tmp_path: Path) -> Iterator[Trying]:
    one = Trying(tmp_path)
    yield one
    one.desk.close()


def by_hand(**fields: Any) -> Draft:
    values: dict[str, Any] = {"symbol": "VTI", "currency": "USD", "effective": date(2026, 2, 3), **fields}
    return Draft(**values)


def bought(price: str = "300", **fields: Any) -> Draft:
    return by_hand(kind="trade", side="buy", quantity=Decimal(10), price=Decimal(price), **fields)


def reasons(plan: ImportPlan) -> dict[int, str]:
    return {left.line: left.reason for left in plan.unreadable}


def test_planning_records_nothing(trying: Trying) -> None:
    plan = trying.plan(DEPOSIT + BUY)
    assert len(plan.new) == 2
    assert trying.desk.entries() == ()
    assert not trying.desk.ledger.path.exists()


def test_the_second_import_records_nothing(trying: Trying) -> None:
    first = trying.record(DEPOSIT + BUY + SELL)
    again = trying.record(DEPOSIT + BUY + SELL)
    assert [entry.seq for entry in first.recorded] == [1, 2, 3]
    assert again.recorded == ()
    assert again.plan.new == ()
    assert again.plan.already == tuple(entry.id for entry in first.recorded)
    assert trying.held("VTI") == 6


def test_an_overlapping_export_adds_only_what_the_first_did_not_have(trying: Trying) -> None:
    trying.record(DEPOSIT + BUY)
    done = trying.record(BUY + BUY + SELL)  # a twin of the day that the first export had only half of
    assert [f"{e.side} {e.quantity}" for e in done.recorded] == ["buy 10", "sell 4"]
    assert trying.held("VTI") == 16


def test_rows_count_by_day_and_purchases_before_sales_where_no_time_is_given(trying: Trying) -> None:
    rows = (
        "2026-02-03,,sell,VTI,10,301,,,USD,,,,\n"
        + SELL.replace(",4,", ",5,")
        + BUY
        + BUY.replace("10", "5")
        + DEPOSIT
    )
    done = trying.record(rows)
    assert [(e.effective.day, e.side or e.kind) for e in done.recorded] == [
        (5, "cash"), (3, "buy"), (3, "buy"), (3, "sell"), (1, "sell"),
    ]  # fmt: skip


def test_times_decide_where_the_export_gives_them(trying: Trying) -> None:
    rows = BUY.replace("03,,", "03,15:00,") + "2026-02-03,10:00,sell,VTI,10,301,,,USD,,,,\n"
    assert reasons(trying.plan(rows)) == {
        3: "sells 10 VTI on 2026-02-03, but 10 of them are not held: record first what you held before the export "
        "begins, as lots of the [[asset]] or a transfer"
    }


def test_a_split_counts_before_the_trades_of_its_day(trying: Trying) -> None:
    trying.record("2026-05-11,,sell,VTI,20,150,,,USD,,,,\n" + SPLIT + BUY)
    assert trying.held("VTI") == 0


def test_each_sale_without_lots_is_told_with_what_is_missing(trying: Trying) -> None:
    plan = trying.plan(BUY + SELL.replace(",4,", ",12,") + SELL.replace("VTI,4", "BND,7") + SELL)
    assert {line: reason.partition(":")[0] for line, reason in reasons(plan).items()} == {
        3: "sells 12 VTI on 2026-04-01, but 2 of them are not held",
        4: "sells 7 BND on 2026-04-01, but 7 of them are not held",
    }
    assert [row.line for row in plan.new] == [2, 5]


def test_what_the_file_holds_at_the_start_can_be_sold(tmp_path: Path) -> None:
    lots = (OpeningLot(Decimal(100), Decimal(80), date(2023, 5, 1)),)
    trying = Trying(tmp_path, assets=(Asset("VTI", "USD", lots=lots),))
    assert len(trying.record(SPLIT + "2026-05-12,,sell,VTI,200,160,,,USD,,,,\n").recorded) == 2
    trying.desk.close()


def test_an_older_export_is_counted_beside_what_was_sold_since(trying: Trying) -> None:
    trying.record(BUY + SELL.replace(",4,", ",10,"))
    early = "2026-03-02,,sell,VTI,1,310,,,USD,,,,\n"
    assert list(reasons(trying.plan(early))) == [2]
    assert reasons(trying.plan("2026-03-01,,buy,VTI,1,300,,,USD,,,,\n" + early)) == {}


def test_one_row_that_cannot_be_read_stops_the_whole_import(trying: Trying) -> None:
    rows = DEPOSIT + "2026-02-30,,buy,VTI,10,300,,,USD,,,,\n" + BUY
    stopped = trying.record(rows)
    assert (stopped.recorded, list(reasons(stopped.plan))) == ((), [3])
    assert trying.desk.entries() == ()
    assert len(trying.record(rows, skip_unreadable=True).recorded) == 2


def test_rows_of_the_opening_day_and_before_are_skipped_and_said_so(tmp_path: Path) -> None:
    trying = Trying(tmp_path, opened=date(2026, 2, 3))
    done = trying.record(DEPOSIT + BUY + "2026-02-04,,buy,VTI,1,300,,,USD,,,,\n")
    assert [(left.line, left.reason) for left in done.plan.skipped] == [
        (2, "2026-01-05 is on or before 2026-02-03: the opening lots and balances hold it already"),
        (3, "2026-02-03 is on or before 2026-02-03: the opening lots and balances hold it already"),
    ]
    assert [entry.quantity for entry in done.recorded] == [1]
    trying.desk.close()


# -- what is recorded another way


@pytest.mark.parametrize("price", ["300", "301.5", "298.5"])
def test_a_trade_that_was_recorded_by_hand_is_not_doubled(trying: Trying, price: str) -> None:
    trying.desk.record(bought(price))
    plan = trying.plan(BUY)
    assert [(one.row.line, one.seq) for one in plan.probable] == [(2, 1)]
    assert plan.new == ()
    assert trying.record(BUY).recorded == ()
    assert trying.held("VTI") == 10


def test_it_is_recorded_where_that_is_asked_for_and_then_known(trying: Trying) -> None:
    trying.desk.record(bought())
    assert len(trying.record(BUY, include_probable=True).recorded) == 1
    assert len(trying.record(BUY).plan.already) == 1


@pytest.mark.parametrize(
    "other",
    [
        bought("302"),  # 0.67 % away
        bought(effective=date(2026, 2, 4)),
        by_hand(kind="trade", side="buy", quantity=Decimal(9), price=Decimal(300)),
        bought(symbol="BND"),
    ],
)
def test_another_trade_is_not_taken_for_it(trying: Trying, other: Draft) -> None:
    trying.desk.record(other)
    assert len(trying.plan(BUY).new) == 1


def test_one_entry_stands_for_one_row(trying: Trying) -> None:
    trying.desk.record(bought())
    plan = trying.plan(BUY + BUY)
    assert (len(plan.probable), len(plan.new)) == (1, 1)


def test_an_entry_that_was_voided_stands_for_none(trying: Trying) -> None:
    trying.desk.record(bought())
    trying.desk.void(1)
    assert len(trying.plan(BUY).new) == 1


def test_payments_that_were_typed_in_are_not_doubled_either(trying: Trying) -> None:
    paid = by_hand(kind="cash", symbol=None, amount=Decimal(10000), effective=date(2026, 1, 5))
    dividend = by_hand(kind="dividend", amount=Decimal("16.15"), effective=date(2026, 3, 31))
    trying.desk.record(paid, dividend)
    plan = trying.plan(
        DEPOSIT + "2026-03-31,,dividend,VTI,,,,16.15,USD,2.85,,,\n" + DEPOSIT.replace("10000", "500")
    )
    assert [(one.row.line, one.seq) for one in plan.probable] == [(2, 1), (3, 2)]
    assert [row.line for row in plan.new] == [4]


def test_a_split_that_is_recorded_counts_once(trying: Trying) -> None:
    split = by_hand(kind="split", new=Decimal(2), old=Decimal(1), effective=date(2026, 5, 11), id="mine")
    trying.desk.record(bought(), split)
    assert trying.plan(SPLIT).already == ("mine",)
    assert trying.record(SPLIT, include_probable=True).recorded == ()


def test_an_id_with_other_content_is_told_and_changes_nothing(trying: Trying) -> None:
    row = "2026-02-03,,buy,VTI,10,300,1,,USD,,,,order-1\n"
    trying.record(row)
    plan = trying.plan(row.replace("300", "301") + DEPOSIT)
    assert reasons(plan) == {
        2: "entry 1 records it otherwise (price 300 there, 301 here): void it, then import again"
    }
    assert trying.record(row.replace("300", "301") + DEPOSIT).recorded == ()


def test_an_imported_entry_that_was_amended_stays_amended(trying: Trying) -> None:
    trying.record(BUY)
    trying.desk.amend(1, price=Decimal(299))
    done = trying.record(BUY)
    assert (done.recorded, len(done.plan.already)) == ((), 1)
    assert trying.desk.ledger.book.trades[0].price == 299


def test_a_trade_that_the_broker_took_back_after_it_was_imported_is_told(trying: Trying) -> None:
    head = (
        "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,Proceeds,"
        "Comm/Fee,Code\n"
    )
    trade = 'Trades,Data,Order,Stocks,USD,VTI,"2026-03-02, 11:00:00",5,310,-1550,-1,O\n'
    cancel = 'Trades,Data,Order,Stocks,USD,VTI,"2026-03-02, 11:00:00",-5,310,1550,1,Ca\n'

    def plan(rows: str) -> ImportPlan:
        return plan_import(trying.desk, read_csv(head + rows, None, trying.portfolio))

    assert plan(trade + cancel).new == ()
    record_import(trying.desk, read_csv(head + trade, None, trying.portfolio))
    assert reasons(plan(trade + cancel)) == {
        2: "taken back in line 3, but recorded as entry 1: void it with `strikezone ledger void FILE 1`"
    }
    trying.desk.void(1)
    assert reasons(plan(trade + cancel)) == {}


@pytest.mark.parametrize(("day", "settled"), [("2026-05-11", True), ("2026-05-04", True), ("2026-05-03", False)])
def test_a_split_without_a_ratio_is_settled_by_one_that_was_recorded_by_hand(
    trying: Trying, day: str, settled: bool
) -> None:
    text = (
        '"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"\n'
        '"05/11/2026","Stock Split","VTI","X","10","","",""\n'
    )
    table = read_csv(text, None, trying.portfolio)
    assert "does not say its ratio" in reasons(plan_import(trying.desk, table))[2]
    split = by_hand(kind="split", new=Decimal(2), old=Decimal(1), effective=date.fromisoformat(day), id="mine")
    trying.desk.record(split)
    plan = plan_import(trying.desk, table)
    assert (plan.already, reasons(plan) == {}) == ((("mine",) if settled else ()), settled)


def test_a_file_that_differs_from_the_ledger_records_nothing(trying: Trying, tmp_path: Path) -> None:
    trying.record(DEPOSIT)
    other = Trying(tmp_path, cash=Cash(balances={"USD": Decimal(5)}))
    with pytest.raises(Conflict):
        other.plan(BUY)
    other.desk.close()


def test_a_symbol_that_is_no_more_is_told_with_the_new_one(trying: Trying) -> None:
    trying.record(BUY)
    trying.desk.record(by_hand(kind="rename", to="BND", effective=date(2026, 3, 1)))
    assert reasons(trying.plan(BUY.replace("02-03", "03-02") + SELL.replace("VTI", "BND"))) == {
        2: "VTI is BND since 2026-03-01: say so with --map VTI=BND"
    }


def test_two_who_import_the_same_export_record_it_once(trying: Trying, tmp_path: Path) -> None:
    other = Trying(tmp_path)
    trying.plan(DEPOSIT + BUY)
    other.record(DEPOSIT + BUY)
    assert trying.record(DEPOSIT + BUY).recorded == ()
    other.desk.close()


ROWS = st.lists(
    st.tuples(
        st.integers(1, 6),  # the day
        st.sampled_from(["buy,VTI,{},100,1,,", "sell,VTI,{},100,0.5,,", "deposit,,,,,{},", "dividend,VTI,,,,{},"]),
        st.integers(1, 3),
    ),
    max_size=12,
)


@given(rows=ROWS, first=st.integers(1, 6), last=st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_exports_that_overlap_by_whole_days_record_what_one_export_of_all_does(
    rows: list[tuple[int, str, int]], first: int, last: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def text(days: range) -> str:
        return "".join(f"2026-02-{day:02},,{row.format(count)}USD,,,,\n" for day, row, count in rows if day in days)

    lots = (OpeningLot(Decimal(100), Decimal(80), date(2023, 5, 1)),)
    books = []
    for exports in ([range(1, 7)], [range(1, max(first, last) + 1), range(min(first, last), 7)]):
        trying = Trying(tmp_path_factory.mktemp("books"), assets=(Asset("VTI", "USD", lots=lots),))
        for days in exports:
            trying.record(text(days))
        books.append((trying.held("VTI"), trying.desk.ledger.book.cash, {e.id for e in trying.desk.entries()}))
        trying.desk.close()
    assert books[0] == books[1]
    assert len(books[0][2]) == len(rows)
