"""What a sale would realise is what it realises once it is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from core.book.book import BookBuilder
from core.book.changes import entry_of
from core.book.choosing import Sale, take
from core.book.drafts import checked
from core.book.entries import Draft, Entry, Method
from core.book.foresight import foreseen
from core.book.wash import Member
from core.portfolio.model import Tax
from tests.core.book.samples import NOW, buy, day, dec, entry, head, sell

EMPTY = head(cash="100000")
TWO_LOTS = buy(10, 200, "2025-09-15"), buy(10, 190, "2025-09-25")


def both(
    *before: Draft, sold: Draft, method: Method = "fifo", members: tuple[Member, ...] = ()
) -> tuple[Any, Any, BookBuilder]:
    """The gains of `sold` as foreseen and as recorded, and the book with it."""
    tax = Tax(regime="us", method=method)
    entries: list[Entry] = [entry(seq, draft) for seq, draft in enumerate(before, start=1)]
    builder = BookBuilder(EMPTY, entries, tax, members)
    position = builder.book().positions["VTI"]
    assert sold.quantity is not None
    assert sold.price is not None
    sale = Sale(sold.quantity, sold.price, sold.fees or dec(0), sold.effective, dec(1), tax)
    expected = foreseen(position, take(position.lots, sale, method), sale, method)
    whole = checked(sold, new_id=lambda: "sold")
    made = entry_of(whole, len(entries) + 1, NOW, builder.held_on, tax=tax)
    after = BookBuilder(EMPTY, [*entries, made], tax, members, rows=True)
    return [facts(row) for row in expected], [facts(row) for row in after.gains], after


def facts(row: Any) -> Any:
    return row.quantity, row.proceeds, row.basis, row.gain, row.disallowed, row.acquired, row.term


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "lofo", "min_tax", "average"])
def test_a_lot_that_a_later_part_of_the_sale_takes_bears_the_loss_of_an_earlier_one(method: Method) -> None:
    """Lots of 2,000 and 1,900, both sold for 1,800: the loss of the one is in the basis of the other."""
    expected, recorded, _ = both(*TWO_LOTS, sold=sell(20, 180, "2025-10-05"), method=method)
    assert expected == recorded
    assert sum(row[3] + row[4] for row in recorded) == -300
    assert sum(row[4] for row in recorded) > 0


def test_the_same_purchase_in_another_ledger_replaces_what_is_sold_here() -> None:
    """Both bought 10 on one day with their first entry: the lots look the same and are two."""
    bought = buy(10, 200, "2025-09-15")
    members = (Member("other", EMPTY, (entry(1, bought),)),)
    expected, recorded, _ = both(bought, sold=sell(10, 180, "2025-10-05"), members=members)
    assert expected == recorded
    assert [row[4] for row in expected] == [200]


def test_nothing_is_disallowed_where_wash_sales_are_off() -> None:
    tax = Tax(regime="us", wash_sales="off")
    book = BookBuilder(EMPTY, [entry(seq, one) for seq, one in enumerate(TWO_LOTS, start=1)], tax).book()
    lots, sale = book.positions["VTI"], Sale(dec(10), dec(180), day=day("2025-10-05"), tax=tax)
    assert [row.disallowed for row in foreseen(lots, take(lots.lots, sale), sale)] == [0]
