"""The head: what a file may change once something is recorded, what it may not, and how a change is adopted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict
from core.ledger.ledger import Ledger
from core.portfolio.model import Asset, Cash, OpeningLot, Portfolio
from tests.core.book.samples import NOW, buy, day, dec, pay, portfolio, sell

LOT = OpeningLot(dec(100), dec(80), day("2023-05-01"))


def recorded(tmp_path: Path, *drafts: Any) -> None:
    with Ledger.open(tmp_path / "classic-60-40", portfolio()) as ledger:
        ledger.append(drafts or (pay(5),), NOW)


def reopened(tmp_path: Path, file: Portfolio) -> Ledger:
    return Ledger.open(tmp_path / "classic-60-40", file)


def test_without_entries_the_file_counts(tmp_path: Path) -> None:
    with reopened(tmp_path, portfolio(cash="7")) as ledger:
        assert ledger.conflicts == ()
        assert ledger.head.balances == {"USD": 7}
        assert ledger.adopt(portfolio(cash="8"), NOW) is None


def test_the_head_counts_from_the_first_entry_on(tmp_path: Path) -> None:
    recorded(tmp_path)
    with reopened(tmp_path, portfolio(cash="7")) as ledger:
        assert ledger.book.cash == {"USD": 1005}


@pytest.mark.parametrize(
    ("file", "where", "what"),
    [
        (portfolio(opened=day("2026-01-01")), "opened", "the ledger has none, the file 2026-01-01"),
        (portfolio(cash="1000.01"), "[cash] balances, USD", "the ledger has 1000.00, the file 1000.01"),
        (
            portfolio(vti=[LOT, OpeningLot(dec(5))]),
            "[[asset]] VTI, lots",
            "the ledger has 100 at 80 of 2023-05-01, the file 100 at 80 of 2023-05-01, 5",
        ),
        (portfolio(vti=[]), "[[asset]] VTI, lots", "the ledger has 100 at 80 of 2023-05-01, the file none"),
        (portfolio(bnd=[LOT]), "[[asset]] BND, lots", "the ledger has none, the file 100 at 80 of 2023-05-01"),
        (
            portfolio(assets=(Asset("VTI", "EUR", lots=(LOT,)),)),
            "[[asset]] VTI, currency",
            "the ledger has USD, the file EUR",
        ),
        (portfolio(assets=(Asset("BND", "USD"),)), "[[asset]] VTI", "the ledger has it, the file does not"),
        (
            portfolio(assets=(Asset("VTI", "USD", lots=(LOT,)), Asset("NEW", "USD", lots=(LOT,)))),
            "[[asset]] NEW, lots",
            "the ledger has none, the file 100 at 80 of 2023-05-01",
        ),
    ],
)
def test_a_changed_line_is_named_with_both_values(tmp_path: Path, file: Portfolio, where: str, what: str) -> None:
    recorded(tmp_path)
    with reopened(tmp_path, file) as ledger:
        (problem,) = ledger.conflicts
        assert (problem.where, problem.what) == (where, what)
        assert problem.fix == "put the line back, or record it with: strikezone ledger adopt classic.toml"


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger: ledger.append([pay(1)], NOW),
        lambda ledger: ledger.void(1, NOW),
        lambda ledger: ledger.amend(1, NOW, effective=day("2026-11-01")),
    ],
    ids=["append", "void", "amend"],
)
def test_nothing_is_recorded_while_the_file_differs(tmp_path: Path, change: Callable[[Ledger], object]) -> None:
    recorded(tmp_path)
    with reopened(tmp_path, portfolio(cash="7")) as ledger:
        with pytest.raises(Conflict, match=r"the ledger has 1000\.00, the file 7\.00"):
            change(ledger)
        assert len(ledger.entries) == 1


@pytest.mark.parametrize(
    "file",
    [
        portfolio(cash="1000.00"),
        portfolio(name="Renamed", path="elsewhere.toml"),
        portfolio(assets=(Asset("BND", "USD", target=1.0), Asset("VTI", "USD", lots=(LOT,)))),
        portfolio(assets=(Asset("VTI", "USD", lots=(LOT,)), Asset("NEW", "EUR"))),
        portfolio(assets=(Asset("VTI", "USD", lots=(LOT,)),)),
        portfolio(assets=(Asset("VTI", "USD", lots=(LOT,)), Asset("BND", "EUR"))),
    ],
    ids=["same amount", "other name", "other order and target", "new asset", "asset left out", "unused currency"],
)
def test_what_has_neither_lots_nor_entries_may_change(tmp_path: Path, file: Portfolio) -> None:
    recorded(tmp_path)
    with reopened(tmp_path, file) as ledger:
        assert ledger.conflicts == ()


def test_an_asset_with_entries_cannot_be_left_out_or_change_its_currency(tmp_path: Path) -> None:
    recorded(tmp_path, buy(5, 10, symbol="BND"))
    for assets, where in (
        ((Asset("VTI", "USD", lots=(LOT,)),), "[[asset]] BND"),
        ((Asset("VTI", "USD", lots=(LOT,)), Asset("BND", "EUR")), "[[asset]] BND, currency"),
    ):
        with reopened(tmp_path, portfolio(assets=assets)) as ledger:
            assert [problem.where for problem in ledger.conflicts] == [where]


@pytest.mark.parametrize(
    ("fields", "where"), [({"id": "other"}, "id"), ({"base_currency": "EUR"}, "base_currency")]
)
def test_the_ledger_of_another_portfolio_is_foreign_and_cannot_be_adopted(
    tmp_path: Path, fields: dict[str, Any], where: str
) -> None:
    recorded(tmp_path)
    file = portfolio(**fields)
    with reopened(tmp_path, file) as ledger:
        (problem,) = ledger.conflicts
        assert problem.where == where
        assert problem.what.startswith("foreign ledger")
        with pytest.raises(Conflict, match="foreign ledger"):
            ledger.adopt(file, NOW)


def test_an_adoption_is_an_entry_from_which_the_new_head_counts(tmp_path: Path) -> None:
    recorded(tmp_path)
    file = portfolio(vti=[LOT, OpeningLot(dec(5), dec(90), day("2024-01-02"))], cash="900")
    with reopened(tmp_path, file) as ledger:
        entry = ledger.adopt(file, NOW)
        assert entry is not None
        assert (entry.seq, entry.kind) == (2, "adopt")
        assert ledger.conflicts == ()
        assert ledger.book.positions["VTI"].quantity == 105
        assert ledger.book.cash == {"USD": 905}
        assert ledger.adopt(file, NOW) is None
        assert ledger.verify() == []
    with reopened(tmp_path, file) as again:
        assert again.conflicts == ()
        assert again.book.cash == {"USD": 905}
        with pytest.raises(Conflict, match="entry 2 is an adoption"):
            again.void(2, NOW)


def test_an_adoption_that_leaves_sales_without_lots_is_refused_and_names_them(tmp_path: Path) -> None:
    recorded(tmp_path, sell(60, 100), pay(1), sell(30, 100))
    with reopened(tmp_path, portfolio(vti=[OpeningLot(dec(70))])) as ledger:
        with pytest.raises(Conflict) as refused:
            ledger.adopt(ledger.portfolio, NOW)
        assert [problem.fix for problem in refused.value.problems] == ["void entry 3 first"]
        assert len(ledger.entries) == 3


def test_balances_of_nothing_are_no_difference(tmp_path: Path) -> None:
    recorded(tmp_path)
    with reopened(tmp_path, portfolio(cash=Cash({"USD": dec(1000), "EUR": dec(0)}))) as ledger:
        assert ledger.conflicts == ()
