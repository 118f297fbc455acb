"""`doctor`: one line for each thing, whatever is broken; it fails only where something does."""

from __future__ import annotations

import fcntl
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.tui.cli.support import Done
from tests.tui.cli.test_live import Live, live
from tests.yahoo import Yahoo
from tui.cli.doctor import WELL_KNOWN

__all__ = ["live"]


def checks(done: Done) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in done.json["checks"]}


def verdicts(done: Done) -> dict[str, str]:
    return {name: check["verdict"] for name, check in checks(done).items()}


def test_on_a_sound_machine_nothing_fails(live: Live, yahoo: Yahoo) -> None:
    done = live("doctor", "FILE", "--json")
    assert done.code == 0
    assert done.err == ""
    found = checks(done)
    assert {"versions", "configuration", "data", "portfolio", "terminal", "encoding", "board", "feed", "clock"} <= (
        found.keys()
    )
    assert found["feed"]["detail"].startswith("Yahoo answered for 2 symbols")
    assert [request.symbols for request in yahoo.quote_requests] == [("VTI", "BND")]


def test_it_prints_a_line_for_each(live: Live) -> None:
    done = live("doctor")
    assert done.code == 0
    assert [line[:4] for line in done.out.splitlines() if line[0] != " "].count("ok  ") >= 6


def test_without_a_file_and_a_directory_it_makes_only_what_asking_makes(live: Live, tmp_path: Path) -> None:
    live("doctor")
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["feed"]


def test_offline_only_the_feed_fails(live: Live, yahoo: Yahoo) -> None:
    yahoo.offline()
    try:
        done = live("doctor", "FILE", "--json")
        assert done.code == 1
        assert {name for name, verdict in verdicts(done).items() if verdict == "fail"} == {"feed"}
        again = live("doctor", "FILE", "--json")
        assert "no request before" in checks(again)["board"]["detail"]
    finally:
        yahoo.online()


def test_symbols_without_an_answer_are_named(live: Live, tmp_path: Path) -> None:
    book = tmp_path / "live.toml"
    book.write_text(book.read_text() + '\n[[asset]]\nsymbol = "NOPE"\n')
    feed = checks(live("doctor", "FILE", "--json"))["feed"]
    assert (feed["verdict"], "NOPE: Yahoo does not know this symbol" in feed["detail"]) == ("warn", True)


def test_a_clock_that_is_behind_is_told_by_how_much(live: Live, yahoo: Yahoo) -> None:
    for symbol in ("VTI", "BND"):
        yahoo.world[symbol].as_of = (datetime.now(UTC) + timedelta(minutes=10)).timestamp()
    done = live("doctor", "FILE", "--json")
    clock = checks(done)["clock"]
    assert done.code == 1
    assert clock["verdict"] == "fail"
    assert 590 <= int(clock["detail"].split(" s ahead")[0].rsplit(" ", 1)[1]) <= 600


def test_a_bad_configuration_and_a_bad_file_are_failures(live: Live, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("colour = 1")
    (tmp_path / "live.toml").write_text("schema = 2")
    done = live("doctor", "FILE", "--json")
    assert done.code == 1
    found = verdicts(done)
    assert (found["configuration"], found["portfolio"], found["feed"]) == ("fail", "fail", "ok")


def test_files_that_others_may_read_are_told(live: Live, tmp_path: Path) -> None:
    live("check", "FILE")
    (tmp_path / "data" / "feed" / "quotes.json").chmod(0o644)
    assert verdicts(live("doctor", "--json"))["data"] == "warn"


def test_a_ledger_is_looked_at_and_a_locked_or_damaged_one_told(live: Live, tmp_path: Path) -> None:
    live("record", "deposit", "FILE", "100")
    ledger = tmp_path / "data" / "live" / "ledger.json"
    assert checks(live("doctor", "--json"))["ledger live"]["detail"] == "1 entries"
    with ledger.with_name("ledger.json.lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        locked = checks(live("doctor", "--json"))["ledger live"]
        assert (locked["verdict"], "locked by process" in locked["detail"]) == ("warn", True)
    log = ledger.with_name("ledger.json.log")
    target = log if log.exists() and log.stat().st_size else ledger
    damaged = bytearray(target.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    target.write_bytes(bytes(damaged) + (b"x\n" * 3 if target == log else b""))
    done = live("doctor", "--json")
    assert done.code == 1
    assert verdicts(done)["ledger live"] == "fail"


def test_a_poller_that_is_asked_to_wait_is_told(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.fault("v7/finance/quote", "status", 429)
    live("check", "FILE")
    board = checks(live("doctor", "--json"))["board"]
    assert board["verdict"] == "warn"
    assert "Yahoo asked us to wait" in board["detail"]
    assert json.loads((tmp_path / "data" / "feed" / "quotes.json").read_text())["breaker"]["kind"] == "rate_limited"


def test_a_dangling_link_in_the_data_directory_breaks_nothing(live: Live, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700, exist_ok=True)
    (tmp_path / "data" / "gone").symlink_to(tmp_path / "nowhere")
    assert verdicts(live("doctor", "--json"))["data"] == "ok"


def test_a_damaged_ledger_without_a_lock_file_is_found(live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "restored"
    folder.mkdir(mode=0o700, parents=True)
    (folder / "ledger.json").write_text('{"entries": {"1": {"kind"')
    done = live("doctor", "--json")
    assert (done.code, verdicts(done)["ledger restored"]) == (1, "fail")


def test_a_replayed_portfolio_asks_for_none_of_its_symbols(live: Live, yahoo: Yahoo) -> None:
    live("doctor", Path(__file__).parents[3] / "sample_portfolios" / "classic-60-40.toml")
    assert [request.symbols for request in yahoo.quote_requests] == [WELL_KNOWN]
