"""`prices`: history as a price file that the other commands read."""

from __future__ import annotations

import csv
import signal
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.tui.cli.support import ROOT, STRIKEZONE
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


def age(kept: Path, by: timedelta) -> None:
    """Make a file of the cache one that was written so long ago, and knows as much less."""
    from msgspec import Raw, json
    from msgspec.structs import replace

    from core.market.history import History, Kept, _checksum

    history = json.decode(json.decode(kept.read_bytes(), type=Kept).history, type=History)
    end = history.complete_to - by
    assert history.asked_at is not None
    told = json.encode(
        replace(
            history,
            asked_at=history.asked_at - by,
            complete_to=end,
            closes={day: close for day, close in history.closes.items() if day <= end},
        )
    )
    kept.write_bytes(json.encode(Kept(_checksum(told), Raw(told))))


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


def test_a_run_a_day_later_asks_only_for_the_open_end(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    words = ("prices", "FILE", "--from", "2026-06-01", "--out", str(tmp_path / "prices.csv"))
    live(*words)
    for kept in (tmp_path / "data" / "feed" / "history").iterdir():
        age(kept, timedelta(days=1))
    asked = len(yahoo.chart_requests)
    assert live(*words).code == 0
    again = yahoo.chart_requests[asked:]
    assert [request.path.rpartition("/")[2] for request in again] == ["VTI", "BND"]
    recent = datetime.now(UTC) - timedelta(days=30)
    assert all(int(request.query["period1"]) > recent.timestamp() for request in again)


def test_a_split_is_told_if_it_is_within_the_days_written(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.world["VTI"].splits[date(2026, 9, 1)] = (2, 1)
    words = ("prices", "FILE", "--out", str(tmp_path / "p.csv"), "--from")
    told = "VTI split on 2026-09-01: closes are as traded"
    assert told in live(*words, "2026-08-03").err
    assert told not in live(*words, "2026-09-07").err  # the cache knows of it
    assert told not in live(*words, "2026-08-03", "--adjusted").err


def test_adjusted_closes_know_no_split(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    history = {date(2026, 9, day): price for day, price in ((1, 100.0), (2, 102.0), (3, 51.5), (4, 52.0))}
    yahoo.world.add(Listing("VTI", 60.0, history=history, splits={date(2026, 9, 3): (2, 1)}))
    out = tmp_path / "p.csv"
    words = ("prices", "FILE", "--from", "2026-09-01", "--to", "2026-09-04", "--out", str(out))
    assert live(*words).code == 0
    assert [row["VTI"] for row in rows(out)] == ["100", "102", "51.5", "52"]
    assert live(*words, "--adjusted").code == 0
    assert [row["VTI"] for row in rows(out)] == ["50", "51", "51.5", "52"]


def test_a_symbol_that_ends_early_is_told(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    history = {date(2026, 9, day): 100.0 for day in (1, 2, 3, 4)}
    yahoo.world.add(Listing("BND", 100.0, history=history))
    out = tmp_path / "p.csv"
    done = live("prices", "FILE", "--from", "2026-09-01", "--to", "2026-10-30", "--out", str(out))
    assert "BND ends 2026-09-04" in done.err
    assert rows(out)[-1]["date"] == "2026-09-04"


def test_interrupted_it_leaves_the_file_as_it_was_and_keeps_what_came(
    live: Live, yahoo: Yahoo, yahoo_environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "p.csv"
    out.write_text("date,A\n2026-01-01,1\n")
    words = ["prices", str(tmp_path / "live.toml"), "--from", "2026-09-01", "--out", str(out)]
    fault = yahoo.fault("chart/BND", "hang")
    child = subprocess.Popen(
        [STRIKEZONE, *words],
        cwd=ROOT,
        env={**yahoo_environment, "STRIKEZONE_DATA_DIR": str(tmp_path / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yahoo.wait_for(lambda: fault.hits, 30)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    assert child.returncode == 130
    assert said[0] == ""
    assert "Traceback" not in said[1]
    assert [path.name for path in folder.iterdir()] == ["p.csv"]
    assert out.read_text() == "date,A\n2026-01-01,1\n"
    yahoo.clear()
    assert live(*words).code == 0
    assert [request.path.rpartition("/")[2] for request in yahoo.chart_requests] == ["VTI", "BND", "BND"]


def test_a_link_is_written_through(live: Live, tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    link.symlink_to(real)
    assert live("prices", "FILE", "--from", "2026-11-01", "--out", str(link)).code == 0
    assert link.is_symlink()
    assert real.read_text().startswith("date,VTI,BND\n")


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
