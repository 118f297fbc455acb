"""`prices`: history as a price file that the other commands read."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.tui.cli.support import STRIKEZONE
from tests.tui.cli.test_live import Live, live
from tests.yahoo import Listing, Yahoo

__all__ = ["live"]

FOREIGN = """schema = 1
id = "foreign"
base_currency = "USD"
cash = { balances = { USD = 100, EUR = 50 } }

[[asset]]
symbol = "VTI"
target = 60
lots = [ { quantity = 10, price = 80, acquired = 2023-05-01 } ]

[[asset]]
symbol = "VOD.L"
currency = "GBp"
target = 40
lots = [ { quantity = 1000, price = 80, acquired = 2023-05-01 } ]
"""


@pytest.fixture(autouse=True)
def _hours(yahoo: Yahoo) -> None:
    yahoo.world.by_hours = True


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_is_read_back_by_check(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    out = tmp_path / "prices.csv"
    done = live("prices", "FILE", "--from", "2026-01-01", "--out", str(out), "--json")
    assert done.code == 0, done.err
    assert done.json["symbols"] == ["VTI", "BND"]
    assert out.read_text().startswith("date,VTI,BND\n2026-01-0")
    assert done.json["rows"] == len(rows(out)) > 200
    look = live("check", "FILE", "--prices", str(out), "--json")
    assert look.code in (0, 1)
    assert look.json["holdings"][0]["price"] == rows(out)[-1]["VTI"]
    assert yahoo.refused == []


def test_rates_have_columns_and_pence_stay_pence(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(FOREIGN)
    out = tmp_path / "prices.csv"
    done = live("prices", "FILE", "--from", "2026-09-01", "--out", str(out))
    assert done.code == 0, done.err
    last = rows(out)[-1]
    assert list(last) == ["date", "VTI", "VOD.L", "EURUSD=X", "GBPUSD=X"]
    assert 60 < float(last["VOD.L"]) < 90
    look = live("check", "FILE", "--prices", str(out), "--json").json
    assert look["holdings"][1]["currency"] == "GBP"
    assert look["value"] is not None


def test_days_without_a_price_of_all_are_left_out_and_told(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    history = {date(2026, 10, day): 100.0 + day for day in (12, 13, 14, 15, 16)}
    yahoo.world.add(Listing("BND", 117.0, history=history, listed=date(2026, 10, 12)))
    out = tmp_path / "prices.csv"
    done = live("prices", "FILE", "--from", "2026-10-01", "--to", "2026-10-16", "--out", str(out), "--json")
    assert done.json["left_out"] > 0
    assert "BND begins 2026-10-12" in done.err
    assert "have no price are left out" in done.err
    kept = live("prices", "FILE", "--from", "2026-10-01", "--to", "2026-10-16", "--out", str(out), "--all-days")
    assert kept.code == 0
    assert any(row["BND"] == "" for row in rows(out))


def test_a_second_run_asks_for_nothing(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    words = ("prices", "FILE", "--from", "2026-06-01", "--out", str(tmp_path / "prices.csv"))
    live(*words)
    asked = len(yahoo.chart_requests)
    assert asked == 2
    assert live(*words).code == 0
    assert len(yahoo.chart_requests) == asked


def test_it_can_be_printed(live: Live) -> None:
    done = live("prices", "FILE", "--from", "2026-11-01", "--out", "-")
    assert done.out.startswith("date,VTI,BND\n")


def test_nothing_fetched_is_3_and_leaves_the_file_alone(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    out = tmp_path / "prices.csv"
    out.write_text("date,A\n2026-01-01,1\n")
    yahoo.fault("v8/finance/chart", "status", 429)
    done = live("prices", "FILE", "--from", "2026-01-01", "--out", str(out))
    assert done.code == 3
    assert "429" in done.complaint
    assert out.read_text() == "date,A\n2026-01-01,1\n"


def test_unknown_symbols_are_warned_of(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.world.remove("BND")
    done = live("prices", "FILE", "--from", "2026-11-01", "--out", str(tmp_path / "p.csv"))
    assert done.code == 0
    assert "BND: Yahoo does not know this symbol" in done.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--from", "2030-01-01", "--out", "p.csv"), "comes after"),
        (("--from", "2026-01-01", "--out", "live.toml"), "is no price file"),
        (("--from", "2026-01-01", "--out", "no/such/p.csv"), "there is no directory"),
        (("--from", "2026-01-01", "--out", "."), "is no file that could be replaced"),
        (("--from", "2026-01-01", "--out", "/dev/stdout"), "is no file that could be replaced"),
    ],
)
def test_bad_input_is_told(live: Live, tmp_path: Path, words: tuple[str, ...], what: str) -> None:
    given = [str(tmp_path / word) if "." in word else word for word in words]
    done = live("prices", "FILE", *given)
    assert done.code == 2
    assert what in done.complaint


def test_on_a_terminal_it_says_how_far_it_is(
    live: Live, yahoo: Yahoo, yahoo_environment: dict[str, str], tmp_path: Path
) -> None:
    words = ["prices", str(tmp_path / "live.toml"), "--from", "2026-11-01", "--out", str(tmp_path / "p.csv")]
    child: Any = pexpect.spawn(
        str(STRIKEZONE), words,
        env={**yahoo_environment, "STRIKEZONE_DATA_DIR": str(tmp_path / "data"), "TERM": "xterm"},
        encoding="utf-8", timeout=30,
    )  # fmt: skip
    child.expect_exact("1 of 2: VTI")
    child.expect_exact("2 of 2: BND")
    child.expect_exact("2 symbols")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
