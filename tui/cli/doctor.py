"""`doctor`: whether everything that strikezone stands on is in order, a line each, with what to do."""

from __future__ import annotations

import contextlib
import fcntl
import locale
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final, Literal

import click
from msgspec import Struct

from core.errors import StrikezoneError
from core.ledger.backups import backups_of, folder_of
from core.market.boardfile import FILE as BOARD
from core.market.boardfile import BoardFile
from core.market.open import FEED_FOLDER, ask_once
from core.market.quotes import QuoteBoard
from core.places import config_file
from core.settings import load_settings
from core.text import clean
from tui.cli.common import data_at, portfolio_at, print_json, shared

Verdict = Literal["ok", "warn", "fail"]
PACKAGES: Final = ("textual", "rich", "yfinance", "tinydb")
WELL_KNOWN: Final = ("AAPL", "EURUSD=X")
LEAST_FREE_BYTES: Final = 100_000_000
CLOCK_SECONDS: Final = 60
PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
MARKS: Final = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


class Check(Struct, frozen=True):
    """What one check found; `fix` says what to do about it."""

    name: str
    verdict: Verdict
    detail: str
    fix: str = ""


@click.command()
@click.argument("file", required=False)
@shared
def doctor(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """Look at feed, clock, terminal, files and locks. Exits with 1 if something fails."""
    data = data_at(data_dir)
    checks = list(_checks(file, data, None if as_json else _show))
    if as_json:
        print_json(
            {
                "schema": 1,
                "checks": [
                    {"name": c.name, "verdict": c.verdict, "detail": c.detail, "fix": c.fix or None} for c in checks
                ],
            }
        )
    return 1 if any(check.verdict == "fail" for check in checks) else 0


def _checks(file: str | None, data: Path, show: Callable[[Check], None] | None) -> Iterator[Check]:
    """Every check, told as it is made."""
    symbols: Sequence[str] = WELL_KNOWN
    found: list[Check] = [*_versions(), _configuration(), *_data(data), *_ledgers(data)]
    if file is not None:
        try:
            portfolio = portfolio_at(file)
            from core.market.currency import symbols as wanted

            symbols = wanted(portfolio) if portfolio.feed.source == "yahoo" else WELL_KNOWN
            found.append(Check("portfolio", "ok", f"{portfolio.path}: {len(portfolio.assets)} assets"))
        except StrikezoneError as error:
            found.append(Check("portfolio", "fail", clean(str(error.problems[0]), 300), error.problems[0].fix))
    found += _terminal()
    for check in found:
        if show:
            show(check)
        yield check
    for check in _feed(data, symbols):
        if show:
            show(check)
        yield check


def _show(check: Check) -> None:
    click.echo(f"{MARKS[check.verdict]}  {check.name:14} {clean(check.detail, 300)}")
    if check.fix and check.verdict != "ok":
        click.echo(f"      {'':14} {clean(check.fix, 300)}")


def _versions() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        python = ".".join(map(str, sys.version_info[:3]))
        yield Check("versions", "ok", f"strikezone {version('strikezone')}, Python {python}, {found}")
    except PackageNotFoundError as error:
        yield Check("versions", "fail", f"{error.name} is not installed", "install strikezone again")


def _configuration() -> Check:
    try:
        path = config_file()
        load_settings(path)
    except StrikezoneError as error:
        return Check("configuration", "fail", str(error.problems[0]), error.problems[0].fix)
    return Check("configuration", "ok", str(path) if path.exists() else f"{path} (not there: defaults)")


def _data(data: Path) -> Iterator[Check]:
    """The data directory: there, private, writable, with room."""
    if not data.exists():
        yield Check("data", "ok", f"{data} (made with the first record)")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield Check(
            "data", "fail", f"{data} cannot be written", "give yourself write permission, or use --data-dir"
        )
        return
    loose = [path for path in (data, *data.rglob("*")) if _is_open_to_others(path)]
    if loose:
        more = f" and {len(loose) - 1} more" if len(loose) > 1 else ""
        yield Check("data", "warn", f"others may read {loose[0]}{more}", f"chmod -R go= {data}")
    else:
        yield Check("data", "ok", f"{data}, yours alone")
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE_BYTES:
        yield Check("disk", "warn", f"{free // 10**6} MB free", "free some space: records need room to be kept")
    else:
        yield Check("disk", "ok", f"{free // 10**9} GB free")


def _ledgers(data: Path) -> Iterator[Check]:
    """Each portfolio's ledger: readable, not locked, nothing torn."""
    from core.ledger.storage import DurableTinyDB

    for folder in sorted({path.parent for path in data.glob("*/ledger.json*")}):
        ledger = folder / "ledger.json"
        name = f"ledger {ledger.parent.name}"
        if (holder := _holder(folder / "ledger.json.lock")) is not None:
            yield Check(name, "warn", f"locked by process {holder}", "if that process hangs, end it")
            continue
        try:
            db = DurableTinyDB(ledger, readonly=True)
            problems, entries = db.verify(), len((db.storage.read() or {}).get("entries", {}))
            db.close(fold=False)
        except (StrikezoneError, OSError) as error:
            yield Check(name, "fail", clean(str(error), 300), _way_back(ledger))
            yield _backups(ledger)
            continue
        torn = len(list(ledger.parent.glob("*.torn*")))
        if problems:
            yield Check(name, "fail", clean(problems[0], 300), _way_back(ledger))
        elif torn:
            yield Check(name, "warn", f"{entries} entries; {torn} torn tails of a crash are kept", "look at them")
        else:
            yield Check(name, "ok", f"{entries} entries")
        yield _backups(ledger)


def _backups(ledger: Path) -> Check:
    """How many dated copies there are, and which is the newest."""
    name = f"backups {ledger.parent.name}"
    try:
        there = backups_of(ledger)
    except OSError as error:
        return Check(name, "warn", f"{folder_of(ledger)} cannot be read: {error.strerror}", "check its permissions")
    newest = f", the newest is {there[-1].name}" if there else ""
    return Check(name, "ok", f"{len(there)} in {folder_of(ledger)}{newest}")


def _way_back(ledger: Path) -> str:
    """What to do about a damaged ledger."""
    with contextlib.suppress(OSError):
        if there := backups_of(ledger):
            return f"put back a copy of the files, or: strikezone ledger restore FILE {there[-1].name}"
    return "put back a copy of the ledger's files; see `strikezone ledger verify`"


def _is_open_to_others(path: Path) -> bool:
    """Whether anybody else may read it; what is gone meanwhile, and a link, may not."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return not stat.S_ISLNK(mode) and bool(mode & 0o077)


def _holder(lock: Path) -> str | None:
    """The process that holds the lock, if one does."""
    try:
        with lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read(32).decode(errors="replace").strip() or "unknown"
    except OSError:
        return None
    return None


def _terminal() -> Iterator[Check]:
    """What the screen would be drawn on."""
    term = os.environ.get("TERM", "")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield Check("terminal", "warn", "this is no terminal", "the app needs one; all commands work without")
    elif term in ("", "dumb"):
        yield Check("terminal", "warn", f"TERM is {term or 'not set'}", "set TERM, for example to xterm-256color")
    else:
        width, height = shutil.get_terminal_size()
        small = width < 80 or height < 24
        over = " over ssh" if os.environ.get("SSH_CONNECTION") else ""
        inside = " in tmux" if os.environ.get("TMUX") else ""
        colours = (
            "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM") or "256 or less"
        )
        yield Check(
            "terminal",
            "warn" if small else "ok",
            f"{term}{inside}{over}, {width}x{height}, colours: {colours}",
            "80x24 is the least that shows everything" if small else "",
        )
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") == "utf8":
        yield Check("encoding", "ok", encoding)
    else:
        yield Check(
            "encoding", "warn", f"{encoding} lacks the glyphs", "set LANG to a UTF-8 locale, or use --ascii"
        )


def _feed(data: Path, symbols: Sequence[str]) -> Iterator[Check]:
    """Who polls, what Yahoo answers, and whether its times and the machine's clock agree."""
    folder = data / FEED_FOLDER
    yield _poller(folder)
    proxies = [name for name in PROXIES if os.environ.get(name)]
    if proxies:
        yield Check("proxy", "ok", f"{proxies[0]} is set")
    began = monotonic()
    board, trouble = ask_once(data, symbols)
    took = f"{monotonic() - began:.1f} s"
    priced = [symbol for symbol in symbols if (quote := board.get(symbol)) is not None and quote.priced]
    missing = [symbol for symbol in symbols if symbol not in priced]
    if trouble:
        yield Check("feed", "fail", trouble, "prices stay as they were; the app asks again by itself")
    elif missing:
        said = "; ".join(f"{s}: {quote.note if (quote := board.get(s)) else 'no quote'}" for s in missing[:3])
        yield Check("feed", "warn", f"{len(priced)} of {len(symbols)} answered: {said}", "check these symbols")
    else:
        yield Check("feed", "ok", f"Yahoo answered for {len(priced)} symbols, in {took}")
    yield _clock(board, priced)


def _poller(folder: Path) -> Check:
    shared_board = BoardFile(folder).read()
    if shared_board is None:
        return Check("board", "ok", f"{folder / BOARD} is not there yet")
    at = shared_board.polled_at
    age = "never answered" if at is None else f"answered {(datetime.now(UTC) - at).total_seconds():.0f} s ago"
    holder = _holder(folder / "lock")
    who = f"process {holder} polls" if holder else "nobody polls now"
    waiting = f"; {shared_board.breaker.text}" if shared_board.breaker.is_open(datetime.now(UTC)) else ""
    return Check("board", "warn" if waiting else "ok", f"{len(shared_board.quotes)} quotes, {age}; {who}{waiting}")


def _clock(board: QuoteBoard, symbols: Sequence[str]) -> Check:
    """A clock that is behind makes quotes come from the future; one that is ahead makes them old."""
    now = datetime.now(UTC)
    times = [quote.time for s in symbols if (quote := board.get(s)) is not None and quote.time is not None]
    if not times:
        return Check("clock", "warn", "there is no quote to compare it with", "try again when the feed answers")
    ahead = (max(times) - now).total_seconds()
    if ahead > CLOCK_SECONDS:
        return Check(
            "clock",
            "fail",
            f"the newest quote is {ahead:.0f} s ahead of this machine's clock, {now:%Y-%m-%d %H:%M:%S} UTC",
            "set the clock (timedatectl set-ntp true): until then nothing is trusted",
        )
    return Check("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC, the newest quote is {max(-ahead, 0):.0f} s old")
