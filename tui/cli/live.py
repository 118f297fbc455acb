"""`open` and `demo`: the app, and what stands for it where there is no terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import click

from core.desk.desk import Desk
from core.desk.runner import Runner
from core.errors import BadInput, Conflict
from core.market.open import LiveFeeds
from core.places import config_file
from core.portfolio.file import load_portfolio
from core.portfolio.model import Portfolio
from core.settings import Settings, load_settings
from tui.cli.common import data_at, default_portfolio, portfolio_at

SAMPLE = "classic-60-40.toml"


@click.command("open")
@click.argument("given", nargs=-1, metavar="[FILE...]")
@click.option("--ascii", "plain", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--data-dir", metavar="DIR", help="Where ledgers are kept.")
def open_(given: tuple[str, ...], plain: bool, data_dir: str | None) -> int:
    """The app: watch, review, confirm by key. Several files are tabs."""
    portfolios = [portfolio_at(file) for file in given or (None,)]
    twice = {p.id for p in portfolios if sum(other.id == p.id for other in portfolios) > 1}
    if twice:
        raise BadInput(
            f"two of the files have the id {sorted(twice)[0]}", fix="give each portfolio an id of its own"
        )
    if not _terminal():
        raise BadInput("the app needs a terminal", fix="`strikezone check FILE` prints a report instead")
    return _run(portfolios, data_at(data_dir), plain)


@click.command()
@click.option("--ascii", "plain", is_flag=True, help="Draw with ASCII characters only.")
def demo(plain: bool) -> int:
    """Watch a sample portfolio drift by real prices. Nothing is kept: it runs in a throw-away directory."""
    with _throw_away() as folder:
        portfolio = load_portfolio(Path(str(files("sample_portfolios"))) / SAMPLE)
        if _terminal():
            return _run([portfolio], Path(folder), plain)
        return _report(portfolio, Path(folder))


@contextmanager
def _throw_away() -> Iterator[str]:
    """A directory that is gone afterwards."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="strikezone-demo-")
    except OSError as error:
        raise BadInput(
            f"no temporary directory can be made: {error.strerror}",
            fix="set TMPDIR to a directory you can write to",
        ) from error
    with folder:
        yield folder.name


def open_default(data_dir: str | None) -> int:
    """What `strikezone` alone does: opens the default portfolio, or says how to begin."""
    if default_portfolio() is None:
        click.echo("strikezone watches a portfolio drift and proposes the few small trades")
        click.echo("that bring it back.")
        click.echo("  strikezone demo         a sample portfolio on real prices; nothing is kept")
        click.echo("  strikezone init         your own: a few questions, and a first file is written")
        click.echo("  strikezone open FILE    the monitor")
        click.echo("  strikezone locate       where samples, configuration and ledgers are")
        click.echo("  strikezone --help       everything else")
        return 0
    if not _terminal():
        raise BadInput("the app needs a terminal", fix="`strikezone check` prints a report instead")
    return _run([portfolio_at(None)], data_at(data_dir), False)


def _report(portfolio: Portfolio, folder: Path) -> int:
    """Replays until a band is crossed, and prints that day's report."""
    from tui.console import print_report

    desk = Desk.open(portfolio, folder, LiveFeeds(folder).open(portfolio))
    snapshot = desk.look()
    while not snapshot.triggered and desk.advance():
        snapshot = desk.look()
    desk.close()
    print_report(snapshot)
    click.echo("This is a sample on past prices. On a terminal `strikezone demo` replays it live.")
    return 0


def _run(portfolios: Sequence[Portfolio], data_directory: Path, plain: bool) -> int:
    settings = load_settings(config_file())
    _set_up_terminal(settings)
    runners: list[Runner] = []
    feeds = LiveFeeds(data_directory, stream=settings.feed.stream)
    try:
        for portfolio in portfolios:
            desk = Desk.open(portfolio, data_directory, feeds.open(portfolio), kept=settings.ledger.backups)
            runners.append(Runner(desk))
            _refuse_conflicts(runners[-1].desk)
        from tui.app import StrikezoneApp

        app = StrikezoneApp(
            runners,
            first=[runner.first() for runner in runners],
            ascii=plain or settings.ascii,
            mouse=settings.mouse,
            theme=settings.theme or None,
            keymap=settings.keymap,
        )
        app.run(mouse=settings.mouse)
        return app.return_code or 0
    finally:
        for runner in runners:
            runner.stop()
        feeds.close()


def _refuse_conflicts(desk: Desk) -> None:
    if desk.ledger.conflicts:
        raise Conflict("", problems=desk.ledger.conflicts)


def _set_up_terminal(settings: Settings) -> None:
    """Textual reads its variables once, at import: calm output for slow lines unless the user says otherwise."""
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    os.environ.setdefault("TEXTUAL_FPS", "15")
    if os.environ.get("NO_COLOR") and not settings.theme:
        os.environ.setdefault("TEXTUAL_THEME", "ansi-dark")


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
