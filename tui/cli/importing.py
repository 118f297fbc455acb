"""`import`: a broker's transactions, as often as one likes, each recorded once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from core.desk.importing import ImportPlan, import_json, plan_import, record_import
from core.errors import BadInput, Problem
from core.ledger.importers.items import ImportTable
from core.ledger.importers.read import PROFILES, read_csv
from core.ledger.importers.sheet import decode
from core.portfolio.model import Portfolio
from core.text import clean
from tui.cli.common import default_portfolio, opened, portfolio_at, print_json, shared, warn

LARGEST_FILE: Final = 200_000_000  # bytes
_MOST_TOLD: Final = 3  # unreadable rows in the error; the table and --json have all


@click.command("import")
@click.argument("words", nargs=-1, metavar="FILE CSV")
@click.option(
    "--broker", metavar="NAME", help=f"Whose layout it is: {', '.join(PROFILES)} (default: its header says)."
)
@click.option(
    "--map", "maps", multiple=True, metavar="NAME=SYMBOL", help="What a ticker or ISIN of the broker's means."
)
@click.option("--dry-run", is_flag=True, help="Only show what would be recorded.")
@click.option("--include-probable", is_flag=True, help="Record also what probably is recorded already.")
@click.option("--skip-unreadable", is_flag=True, help="Record the rest although some rows cannot be read.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def import_(
    words: tuple[str, ...],
    broker: str | None,
    maps: tuple[str, ...],
    dry_run: bool,
    include_probable: bool,
    skip_unreadable: bool,
    yes: bool,
    data_dir: str | None,
    as_json: bool,
) -> int:
    """Record a broker's transactions from its CSV export; what is recorded already is not recorded again."""
    portfolio, path = _files(words)
    table = _table(portfolio, path, broker, maps)
    with opened(portfolio, data_dir) as desk:
        plan = plan_import(desk, table, include_probable=include_probable)
        stopped = bool(plan.unreadable) and not skip_unreadable
        if not as_json:
            from tui.import_report import print_plan

            print_plan(plan)
        if dry_run or stopped or not _agreed(plan, yes):
            if as_json:
                print_json(import_json(plan))
            if stopped:
                raise _refusal(plan, str(path), dry_run=dry_run)
            return 0
        done = record_import(desk, table, include_probable=include_probable, skip_unreadable=skip_unreadable)
    warn(done.warnings)
    if as_json:
        print_json(import_json(done.plan, done.recorded))
    else:
        click.echo(f"recorded {_counted(len(done.recorded), 'entry', 'entries')}")
    if done.plan.unreadable and not skip_unreadable:
        raise _refusal(done.plan, str(path), dry_run=False)
    return 0


def _files(words: Sequence[str]) -> tuple[Portfolio, Path]:
    """The portfolio, which may be left out where the configuration names a default, and the export's path."""
    if len(words) == 2:
        return portfolio_at(words[0]), Path(words[1])
    if len(words) == 1 and default_portfolio() is not None:
        return portfolio_at(None), Path(words[0])
    raise BadInput(
        f"it takes 2 arguments, not {len(words)}",
        fix="give FILE CSV; FILE may be left out where the configuration names a default",
    )


def _table(portfolio: Portfolio, path: Path, broker: str | None, maps: Sequence[str]) -> ImportTable:
    where = clean(str(path), 200)
    symbols = dict(portfolio.import_symbols)
    for text in maps:
        name, equals, symbol = text.rpartition("=")
        if not equals or not name or not symbol:
            raise BadInput(f"--map {clean(text)} has no =", fix="write NAME=SYMBOL, as in US9229087690=VTI")
        symbols[name] = symbol
    for name, symbol in symbols.items():
        if portfolio.asset(symbol) is None:
            raise BadInput(
                f"{clean(name, 32)} is mapped to {clean(symbol, 32)}, which is not in the portfolio",
                where=portfolio.path,
                fix="add an [[asset]] for it, or correct the symbol",
            )
    return read_csv(decode(_contents(path, where), where), broker, portfolio, symbols=symbols, where=where)


def _contents(path: Path, where: str) -> bytes:
    """The bytes of the export."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise BadInput("no such file", where=where, fix="check the path of the export") from error
    except IsADirectoryError as error:
        raise BadInput("is a directory", where=where, fix="name the CSV file in it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(
            f"cannot be read: {reason}", where=where, fix="check the path and its permissions"
        ) from error
    if len(data) > LARGEST_FILE:
        raise BadInput("is larger than 200 MB", where=where, fix="export a shorter period")
    return data


def _agreed(plan: ImportPlan, yes: bool) -> bool:
    """Whether to record: without a question where there is nobody to ask or nothing to record."""
    if yes or not plan.new or not sys.stdin.isatty():
        return True
    return click.confirm(f"Record {_counted(len(plan.drafts), 'entry', 'entries')}?", default=False, err=True)


def _refusal(plan: ImportPlan, where: str, *, dry_run: bool) -> BadInput:
    """What stops the import, each row with its reason."""
    told = plan.unreadable[:_MOST_TOLD]
    done = "nothing was recorded; " if not dry_run else ""
    fix = f"{done}correct it, or leave such rows out with --skip-unreadable"
    problems = [Problem(left.reason, f"{clean(where, 200)}: line {left.line}", fix) for left in told]
    more = len(plan.unreadable) - len(told)
    if more:
        problems.append(
            Problem(f"{_counted(more, 'more row', 'more rows')} cannot be read", clean(where, 200), fix)
        )
    return BadInput("", problems=problems)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
