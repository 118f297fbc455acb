"""Whatever is wrong, from the portfolio file to the disk: an exit code, what and what to do, and nothing lost."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.cli.support import BOOK, PRICES, ROOT, STRIKEZONE, Desk60, Done, desk60, edited

cli = desk60
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


@pytest.fixture
def traded(cli: Desk60) -> Desk60:
    """The book with its plan and a deposit recorded, in two commits."""
    assert cli("record", "deposit", "FILE", "0.01", "--date", "2026-11-19").code == 0
    assert cli("confirm", "FILE", "--all", "--yes", "PRICES").code == 0
    return cli


def asset(line: str) -> str:
    return edited(("target = 60", f"target = 60\n{line}"))


def top(line: str) -> str:
    return edited(("[[asset]]", f"{line}\n\n[[asset]]"))


# portfolio file: name, text (None: there is no file), what the message must hold
BOOKS: list[tuple[str, str | bytes | None, tuple[str, ...]]] = [
    ("missing", None, ("book.toml", "no such file")),
    ("empty", "", ("book.toml", "is empty", "sample portfolios")),
    ("nothing but a comment", "# to do\n", ("book.toml",)),
    ("binary", b"\x00\xff\xfe\x80schema", ("book.toml",)),
    ("not utf-8", "schema = 1 # é".encode("latin-1"), ("book.toml",)),
    ("broken TOML", "schema = 1\nid = ", ("book.toml", "line 2")),
    ("a key twice", "schema = 1\nschema = 1\n", ("book.toml",)),
    ("schema of the future", edited(("schema = 1", "schema = 2")), ("schema",)),
    ("no schema", edited(("schema = 1\n", "")), ("schema",)),
    ("no id", edited(('id = "classic-60-40"\n', "")), ("id",)),
    ("wrong id", edited(('"classic-60-40"', '"../up"')), ("id",)),
    ("no currency", edited(('base_currency = "USD"\n', "")), ("base_currency",)),
    ("wrong currency", edited(('"USD"', '"dollars"')), ("base_currency",)),
    ("wrong zone", edited(('"America/New_York"', '"Mars/Base"')), ("timezone",)),
    ("no asset", "schema = 1\nid = 'a'\nbase_currency = 'USD'\n", ("asset",)),
    ("unknown key", edited(("schema", "shema = 1\nschema")), ("shema",)),
    ("unknown table", top("[polcy]\nband = 3"), ("polcy",)),
    ("unknown key of an asset", asset("simbol = 'X'"), ("simbol",)),
    ("unknown key of a policy", top("[policy]\nbands = 3"), ("bands",)),
    ("unknown key of costs", top("[costs]\nper_oder = 3"), ("per_oder",)),
    ("unknown limit", top("[limits]\nmax_trad = 3"), ("max_trad",)),
    ("unknown key of a feed", top("[feed]\nsorce = 'yahoo'"), ("sorce",)),
    ("unknown key of cash", top("[cash]\nbalence = 3"), ("balence",)),
    ("wrong type", edited(("target = 60", "target = 'sixty'")), ("target",)),
    ("a boolean for a number", edited(("target = 60", "target = true")), ("target",)),
    ("not a number", edited(("quantity = 665", "quantity = nan")), ("quantity",)),
    ("infinite", edited(("price = 80", "price = inf")), ("price",)),
    ("negative", edited(("quantity = 665", "quantity = -1")), ("quantity",)),
    ("a date that is none", edited(("2023-05-01", "'May'")), ("acquired",)),
    ("sum is not 100", edited(("target = 40", "target = 41")), ("100", "101")),
    ("fractions for percents", edited(("target = 60", "target = 0.6"), ("target = 40", "target = 0.4")), ("60",)),
    ("a symbol twice", edited(('"BND"', '"VTI"')), ("VTI",)),
    ("a band that cannot hold its target", asset("").replace("band = 3", 'band = "22-30"', 1), ("band", "60")),
    ("a negative band", edited(("band = 3", "band = -3")), ("band",)),
    ("an outside asset with a target", asset("outside = true"), ("outside", "target")),
    ("targets of both kinds", edited(("target = 40", "target_value = 40")), ("target_value",)),
    ("an unknown destination", top("[policy]\ndestination = 'middle'"), ("destination",)),
    ("a step below zero", asset("step = -1"), ("step",)),
    ("a key that is not built yet", top("[limits]\nmax_sector = 30"), ("max_sector", "not supported yet")),
    ("a table that is not built yet", BOOK + "[[sleeve]]\nname = 'x'\n", ("sleeve", "not supported yet")),
    ("a currency that is none", asset("currency = 'Euro'"), ("currency", "currency code")),
]

# price file: name, text, exit code of `check`, what the message must hold (in the report for 3)
CSVS: list[tuple[str, str | bytes | None, int, tuple[str, ...]]] = [
    ("missing", None, 2, ("prices.csv", "No such file")),
    ("empty", "", 2, ("prices.csv",)),
    ("only a header", "date,VTI,BND\n", 2, ("has no rows",)),
    ("binary", b"\x00\xff\xfe", 2, ("prices.csv",)),
    ("no header", "2026-11-20,100,100\n2026-11-21,1,1\n", 2, ("line 1", "header")),
    ("dates out of order", "date,VTI,BND\n2026-11-20,1,1\n2026-11-19,1,1\n", 2, ("line 3", "ascend")),
    ("a day twice", "date,VTI,BND\n2026-11-20,1,1\n2026-11-20,1,1\n", 2, ("line 3", "twice")),
    ("a day that is none", "date,VTI,BND\n2026-02-30,1,1\n", 2, ("line 2", "2026-02-30")),
    ("a column twice", "date,VTI,VTI\n2026-11-20,1,1\n", 2, ("VTI has two columns",)),
    ("a cell too many", "date,VTI,BND\n2026-11-20,1,1,1\n", 2, ("line 2", "cells")),
    ("no number", "date,VTI,BND\n2026-11-20,n/a,1\n", 2, ("line 2", "VTI")),
    ("not finite", "date,VTI,BND\n2026-11-20,nan,1\n", 2, ("line 2", "VTI")),
    ("negative", "date,VTI,BND\n2026-11-20,-1,1\n", 2, ("line 2", "VTI")),
    ("zero", "date,VTI,BND\n2026-11-20,0,1\n", 2, ("line 2", "VTI")),
    ("too large", "date,VTI,BND\n2026-11-20,1e10,1\n", 2, ("line 2", "VTI")),
    ("semicolons", "date;VTI;BND\n2026-11-20;100;100\n", 2, ("line 1",)),
    ("a symbol without a column", "date,VTI\n2026-11-20,100\n", 3, ("BND: no quote",)),
    ("an empty cell", "date,VTI,BND\n2026-11-20,100,\n", 3, ("BND: no quote",)),
]


def put(path: Path, text: str | bytes | None) -> None:
    if text is None:
        path.unlink()
    elif isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text)


def well_formed(done: Done) -> None:
    """Each error one line what and one line what to do; never a traceback, never a result."""
    lines = done.err.splitlines()
    assert done.out == ""
    assert lines
    assert len(lines) % 2 == 0, done.err
    assert all(line.startswith("strikezone: ") for line in lines[::2]), done.err
    assert all(line.startswith("  ") and line.strip() for line in lines[1::2]), done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("text", "said"), [row[1:] for row in BOOKS], ids=[row[0] for row in BOOKS])
def test_a_bad_portfolio_file(traded: Desk60, text: str | bytes | None, said: tuple[str, ...]) -> None:
    before = traded.entries()
    put(traded.book, text)
    for words in (
        ("check", "FILE", "PRICES"),
        ("check", "FILE", "PRICES", "--json"),
        ("confirm", "FILE", "--all", "--yes", "PRICES"),
        ("record", "deposit", "FILE", "1"),
        ("ledger", "list", "FILE"),
        ("open", "FILE"),
    ):
        done = traded(*words)
        assert done.code == 2, (words, done)
        well_formed(done)
        assert all(part in done.err for part in said), done.err
    traded.write()
    assert traded.entries() == before


def test_all_errors_of_a_file_are_listed_together(cli: Desk60) -> None:
    cli.write(edited(("target = 60", "target = 'x'\nstep = -1"), ("timezone", "tiemzone")))
    done = cli("check", "FILE", "PRICES")
    well_formed(done)
    assert all(key in done.err for key in ("target", "step", "tiemzone"))
    assert len(done.err.splitlines()) >= 6


@pytest.mark.parametrize(("text", "code", "said"), [row[1:] for row in CSVS], ids=[row[0] for row in CSVS])
def test_a_bad_price_file(traded: Desk60, text: str | bytes | None, code: int, said: tuple[str, ...]) -> None:
    before = traded.entries()
    put(traded.prices, text)
    look = traded("check", "FILE", "PRICES")
    assert look.code == code
    if code == 2:
        well_formed(look)
    assert all(part in look.out + look.err for part in said), look
    done = traded("confirm", "FILE", "--all", "--yes", "PRICES", "--json")
    assert done.code == code
    well_formed(done)
    assert traded.entries() == before


def foreign(cli: Desk60) -> None:
    cli("ledger", "verify", "FILE")
    other = cli.data / "other"
    cli.ledger.parent.rename(other)
    cli.write(edited(('"classic-60-40"', '"other"')))


def another_currency(cli: Desk60) -> None:
    cli("ledger", "verify", "FILE")
    cli.write(edited(('"USD"', '"EUR"')))


def broken_snapshot(cli: Desk60) -> None:
    cli("ledger", "verify", "FILE")
    cli.ledger.write_bytes(cli.ledger.read_bytes()[:-40])


def empty_snapshot(cli: Desk60) -> None:
    cli("ledger", "verify", "FILE")
    cli.ledger.write_bytes(b"")


def no_document(cli: Desk60) -> None:
    cli("ledger", "verify", "FILE")
    cli.ledger.write_text("[1, 2]")


def altered_log(cli: Desk60) -> None:
    log = cli.ledger.with_name("ledger.json.log")
    log.write_bytes(log.read_bytes().replace(b"0.01", b"9.01", 1))


def lost_line(cli: Desk60) -> None:
    log = cli.ledger.with_name("ledger.json.log")
    log.write_bytes(log.read_bytes().split(b"\n", 1)[1])


def ledger_is_a_directory(cli: Desk60) -> None:
    cli("ledger", "verify", "FILE")
    cli.ledger.rename(cli.folder / "kept")
    cli.ledger.mkdir()


def log_is_a_directory(cli: Desk60) -> None:
    log = cli.ledger.with_name("ledger.json.log")
    log.rename(cli.folder / "kept")
    log.mkdir()


def link_to_itself(cli: Desk60) -> None:
    cli("ledger", "verify", "FILE")
    cli.ledger.rename(cli.folder / "kept")
    cli.ledger.symlink_to(cli.ledger)


LEDGERS: list[tuple[Callable[[Desk60], None], set[int], str]] = [
    (foreign, {4}, "foreign ledger"),
    (another_currency, {4}, "USD"),
    (broken_snapshot, {4}, "ledger.json"),
    (empty_snapshot, {4}, "ledger.json"),
    (no_document, {4}, "ledger.json"),
    (altered_log, {4}, "ledger.json.log, line 1"),
    (lost_line, {4}, "ledger.json"),
    (ledger_is_a_directory, {2, 4}, "ledger"),
    (log_is_a_directory, {2, 4}, "ledger"),
    (link_to_itself, {2, 4}, "ledger"),
]


@pytest.mark.parametrize(("spoil", "codes", "said"), LEDGERS, ids=[row[0].__name__ for row in LEDGERS])
def test_a_bad_ledger_stops_every_command_and_is_left_as_it_is(
    traded: Desk60, spoil: Callable[[Desk60], None], codes: set[int], said: str
) -> None:
    spoil(traded)
    files = {path: path.read_bytes() for path in traded.data.rglob("*") if path.is_file()}
    for words in (
        ("check", "FILE", "PRICES"),
        ("confirm", "FILE", "--all", "--yes", "PRICES"),
        ("record", "deposit", "FILE", "1"),
        ("ledger", "verify", "FILE"),
        ("ledger", "adopt", "FILE"),
        ("ledger", "void", "FILE", "1", "--yes"),
    ):
        done = traded(*words)
        assert done.code in codes, (words, done)
        assert said in done.err
        well_formed(Done(done.code, "", done.err))
    kept = {path: path.read_bytes() for path in traded.data.rglob("*") if path.is_file()}
    assert {path: kept[path] for path in files if path.suffix != ".lock"} == {
        path: data for path, data in files.items() if path.suffix != ".lock"
    }


def test_a_torn_last_line_is_set_aside_and_told(traded: Desk60) -> None:
    before = traded.entries()
    log = traded.ledger.with_name("ledger.json.log")
    log.write_bytes(log.read_bytes() + b'0badc0de {"n": 3, "o": [["ent')
    done = traded("ledger", "list", "FILE", "--json")
    assert (done.code, done.json["entries"]) == (0, before)
    assert "the last line is incomplete" in done.err
    assert traded("ledger", "verify", "FILE").code == 0


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"snoozed": 3}', b"\xff\xfe", b'{"first_breach": {"VTI": "x"}}']
)
def test_a_bad_state_file_is_2_and_costs_nothing_recorded(traded: Desk60, text: bytes) -> None:
    before = traded.entries()
    state = traded.ledger.with_name("state.json")
    state.write_bytes(text)
    done = traded("check", "FILE", "PRICES")
    assert done.code == 2
    well_formed(done)
    assert "state.json" in done.err
    assert "delete the file" in done.err
    assert traded.entries() == before
    assert traded("record", "deposit", "FILE", "1").code == 0
    state.unlink()
    assert traded("check", "FILE", "PRICES").code == 0


@pytest.mark.parametrize("below", ["data", "data/classic-60-40"])
def test_a_data_directory_below_a_file(cli: Desk60, below: str) -> None:
    path = cli.folder / below
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file, no directory")
    for words in (("confirm", "FILE", "--all", "--yes", "PRICES"), ("record", "deposit", "FILE", "1")):
        done = cli(*words)
        assert done.code in (2, 4), done
        well_formed(done)
    assert path.read_text() == "a file, no directory"


# Everything is imported before, for the interpreter's own files may be for root only.
NOBODYS = """
import encodings.utf_8_sig, os, sys, traceback
from tui.cli import confirm, ledger, look, places, record, run
import tui.console, core.settings, core.market.replay, importlib.resources
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
sys.exit(run(sys.argv[1:]))
"""


def as_nobody(cli: Desk60, *words: str) -> Done:
    """The command as a user who owns nothing."""
    done = subprocess.run(
        [sys.executable, "-c", NOBODYS, *cli.words(*words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def let_in(folder: Path) -> None:
    """Lets everybody pass to `folder`, as far as the tests own its parents."""
    for path in (folder, *folder.parents):
        if path.name.startswith("pytest-") or path == folder or "pytest-of" in str(path):
            path.chmod(0o755)


@ROOT_ONLY
def test_another_user_may_look_if_the_files_let_him_and_records_nothing(traded: Desk60) -> None:
    before = traded.entries()
    let_in(traded.folder)
    traded.data.chmod(0o755)
    traded.ledger.parent.chmod(0o755)
    for path in traded.ledger.parent.iterdir():
        path.chmod(0o644)
    look = as_nobody(traded, "check", "FILE", "PRICES", "--json")
    assert look.code == 0, look
    assert "the data directory cannot be written: nothing can be recorded" in look.json["warnings"]
    for words in (("record", "deposit", "FILE", "1"), ("ledger", "void", "FILE", "1", "--yes")):
        done = as_nobody(traded, *words)
        assert done.code == 2, done
        well_formed(done)
        assert "read-only" in done.err
    assert as_nobody(traded, "ledger", "list", "FILE", "--json").json["entries"] == before
    assert traded.entries() == before


@ROOT_ONLY
def test_what_may_not_be_read_is_2(traded: Desk60) -> None:
    let_in(traded.folder)
    done = as_nobody(traded, "check", "FILE", "PRICES")
    assert done.code == 2, done
    well_formed(done)
    assert "ermission" in done.err
    traded.book.chmod(0o600)
    done = as_nobody(traded, "check", "FILE", "PRICES")
    assert done.code == 2, done
    assert "book.toml" in done.err


@ROOT_ONLY
def test_a_data_directory_that_cannot_be_made_is_2(cli: Desk60) -> None:
    let_in(cli.folder)
    assert as_nobody(cli, "check", "FILE", "PRICES").code == 1
    done = as_nobody(cli, "confirm", "FILE", "--all", "--yes", "PRICES")
    assert done.code == 2, done
    well_formed(done)
    assert not cli.data.exists()


def on_a_full_disk(cli: Desk60, size: int, *words: str) -> Done:
    """The command where no file may grow beyond `size` bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [STRIKEZONE, *cli.words(*words)], capture_output=True, text=True, check=False, timeout=60, preexec_fn=limit
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_full_disk_records_nothing_and_loses_nothing(traded: Desk60, room: int) -> None:
    before = traded.entries()
    size = traded.ledger.with_name("ledger.json.log").stat().st_size
    for words in (("record", "buy", "FILE", "VTI", "1", "100"), ("ledger", "void", "FILE", "1", "--yes")):
        done = on_a_full_disk(traded, size + room, *words)
        assert done.code == 4, done
        well_formed(done)
        assert "nothing was recorded" in done.err
        assert traded.entries() == before
    assert on_a_full_disk(traded, size + room, "check", "FILE", "PRICES").code == 0
    assert on_a_full_disk(traded, size + 5000, "record", "deposit", "FILE", "1").code == 0


def test_a_disk_that_is_full_from_the_start(cli: Desk60) -> None:
    done = on_a_full_disk(cli, 0, "confirm", "FILE", "--all", "--yes", "PRICES")
    assert done.code == 4
    well_formed(done)
    assert cli.entries() == []
    assert cli("confirm", "FILE", "--all", "--yes", "PRICES").code == 0


def test_a_full_disk_keeps_the_state_file_as_it_was(cli: Desk60) -> None:
    cli.write(edited(("[[asset]]", "[policy]\ndwell = 60\n\n[[asset]]")))
    done = on_a_full_disk(cli, 0, "check", "FILE", "PRICES")
    assert done.code == 4
    well_formed(done)
    assert cli("check", "FILE", "PRICES").code == 1


def test_links_are_followed_and_stay(traded: Desk60) -> None:
    before = traded.entries()
    elsewhere = traded.folder / "elsewhere"
    traded.data.rename(elsewhere)
    traded.data.symlink_to(elsewhere)
    link = traded.folder / "link.toml"
    link.symlink_to(traded.book)
    assert traded("check", link, "PRICES").code == 0
    assert traded("record", "deposit", link, "1").code == 0
    assert traded.entries()[:-1] == before
    assert traded.data.is_symlink()
    assert link.is_symlink()


def test_a_ledger_behind_a_link_is_written_where_it_is(traded: Desk60) -> None:
    before = traded.entries()
    traded("ledger", "verify", "FILE")
    kept = traded.folder / "kept.json"
    for end in ("", ".log", ".lock"):
        traded.ledger.with_name(f"ledger.json{end}").rename(kept.with_name(f"kept.json{end}"))
    traded.ledger.symlink_to(kept)
    assert traded.entries() == before
    assert traded("record", "deposit", "FILE", "1").code == 0
    assert traded("ledger", "verify", "FILE").code == 0
    assert traded.ledger.is_symlink()
    assert len(traded.entries()) == len(before) + 1


def test_prices_from_a_pipe_are_read(cli: Desk60) -> None:
    script = f"{STRIKEZONE} check {cli.book} --prices <(cat {cli.prices}) --json"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_byte_order_mark_and_windows_lines_are_no_error(cli: Desk60) -> None:
    cli.prices.write_bytes(b"\xef\xbb\xbf" + PRICES.replace("\n", "\r\n").encode())
    cli.book.write_bytes(BOOK.replace("\n", "\r\n").encode())
    assert cli("check", "FILE", "PRICES").code == 1
