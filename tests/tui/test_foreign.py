"""What the screen says of trades in several currencies: sums are in one, and every amount says in which it is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.costs.model import TradeCosts
from core.desk.confirmation import PriceMoved, Request, wanted
from core.desk.snapshot import FeedStatus, Snapshot
from core.planning.planner import plan
from core.portfolio.model import Costs
from tests.core.planning.test_currencies import foreign, look
from tui.screens.review_rows import plan_rows, review_rows
from tui.widgets.detail import detail_rows
from tui.widgets.holdings import chosen
from tui.widgets.lines import Row
from tui.widgets.trades import trade_rows

D = Decimal


def text(row: Row) -> str:
    return "".join(span.text for span in row)


@pytest.fixture
def shown() -> Snapshot:
    """Sells 30 SAP.DE at 200 EUR (6,600 USD at 1.1); buys 33 BND at 100 USD with the 3,340 USD that there are."""
    situation = look(
        [foreign("SAP.DE", "EUR", 50), foreign("BND", "USD", 50)],
        {"SAP.DE": ("80", "200"), "BND": ("30", "100")},
        {"USD": "3340"},
        costs=Costs(per_order=D(2)),
    )
    made = plan(situation)
    return Snapshot(
        situation.portfolio,
        situation.now,
        situation.valuation,
        made.proposals,
        made.warnings,
        FeedStatus("csv", "still"),
    )


def test_the_sums_of_a_plan_are_in_base_currency(shown: Snapshot) -> None:
    sell, buy = shown.proposals
    rows = [text(row) for row in plan_rows(shown.proposals, shown, 76)]
    assert "VALUE USD" in rows[0]
    sold, bought = sell.quantity * 220, buy.quantity * 100
    assert f"{sold:,.2f}" in rows[1]
    said = {row.split()[0]: row.split()[1] for row in rows[4:] if row.strip()}
    assert said["sold"] == f"{sold:,.2f}"
    assert said["bought"] == f"{bought:,.2f}"
    assert said["costs"] == "4.00"
    assert said["cash"] == f"{D(3340) + sold - bought - 4:,.2f}"


def test_one_trade_says_its_currency_its_worth_and_the_rate(shown: Snapshot) -> None:
    sell = shown.proposals[0]
    rows = "\n".join(text(row) for row in review_rows(sell, shown, 76))
    assert f"{sell.value:,.2f} EUR   {sell.quantity * 220:,.2f} USD at 1.10" in rows
    assert "EUR" in text(trade_rows(sell, 76)[0])
    assert "EUR" not in text(trade_rows(shown.proposals[1], 76)[0])


def test_a_row_that_is_too_narrow_leaves_out_spaces_and_no_number(shown: Snapshot) -> None:
    sell = shown.proposals[0]
    assert sell.costs == TradeCosts(commission=D("1.818181818182"))
    assert text(trade_rows(sell, 62)[0]).endswith("EUR  cost 1.82")


def test_a_holding_says_what_it_is_worth_in_base_currency(shown: Snapshot) -> None:
    line = shown.valuation.line("SAP.DE")
    assert line is not None
    assert "80 @ 200.00 EUR = 17,600.00 USD at 1.10" in "\n".join(text(row) for row in detail_rows(line, shown, 76))


def test_a_rate_that_moved_while_a_trade_was_looked_at_is_asked_about(shown: Snapshot) -> None:
    sell = shown.proposals[0]
    assert sell.seen_rate == D("1.1")
    near = Request(sell.id, seen_price=sell.price, seen_rate=D("1.104"))
    assert wanted(near, shown, {}) == sell
    with pytest.raises(PriceMoved, match=r"the rate of EUR moved to 1\.1 while you looked"):
        wanted(replace(near, seen_rate=D("1.12")), shown, {})


def test_currencies_have_a_column_only_where_there_are_several() -> None:
    assert "CUR" in {column.title for column in chosen(118, foreign=True)}
    assert "CUR" not in {column.title for column in chosen(118)}
