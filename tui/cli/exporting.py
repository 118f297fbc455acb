"""`ledger export`: what is recorded, for other programs."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from core.book.entries import Entry
from core.desk.desk import Desk
from core.disk import create_whole, replace_whole
from core.errors import BadInput, Conflict
from tui.cli.common import opened, portfolio_at, print_json, refuse_own_files, shared, tell_read_only

if TYPE_CHECKING:
    from core.ledger.exporters.movements import Rules

FORMATS: Final = ("csv", "json", "beancount", "ledger")
JOURNALS: Final = ("beancount", "ledger")


@click.command("export")
@click.argument("file", required=False)
@click.option("--format", "form", type=click.Choice(FORMATS), help="What to write.")
@click.option("--out", type=click.Path(path_type=Path), metavar="PATH", help="Where to (default: standard output).")
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.option("--year", type=click.IntRange(1, 9998), metavar="Y", help="Only entries of that year.")
@click.option("--account", "given", multiple=True, metavar="ROLE=NAME", help="Name an account of a journal.")
@shared
def export(
    file: str | None,
    form: str | None,
    out: Path | None,
    force: bool,
    year: int | None,
    given: tuple[str, ...],
    data_dir: str | None,
    as_json: bool,
) -> int:
    """Write the ledger as a table, as one JSON object, or as a journal for beancount or ledger."""
    form = _checked(form, out, given, as_json)
    portfolio = portfolio_at(file)
    if out is not None:
        refuse_own_files(out, portfolio, data_dir)
        _check_target(out, force)
    with opened(portfolio, data_dir) as desk:
        tell_read_only(desk)
        entries = desk.entries()
        text = _text(form, desk, entries, given, year)
        conflicts = desk.ledger.conflicts
    if out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):  # for programs: never in the terminal's own letters
            sys.stdout.reconfigure(encoding="utf-8")
        click.echo(text, nl=False)
    else:
        _write(out, text.encode(), force)
        count = sum(year in (None, entry.effective.year) for entry in entries)
        if as_json:
            print_json({"schema": 1, "path": str(out), "format": form, "entries": count})
        else:
            click.echo(f"{out}: {count} {'entry' if count == 1 else 'entries'}")
    if conflicts:
        raise Conflict("", problems=conflicts)
    return 0


def _checked(form: str | None, out: Path | None, given: tuple[str, ...], as_json: bool) -> str:
    """The format; BadInput where the options do not go together."""
    if form is None:
        if not as_json or out is not None:
            raise BadInput("it is not said what to write", fix=f"give --format {'|'.join(FORMATS)}")
        form = "json"
    if as_json and out is None and form != "json":
        raise BadInput(f"--json and {form} would mix on standard output", fix="give --out, or leave --json out")
    if given and form not in JOURNALS:
        raise BadInput(f"{form} has no accounts", fix="leave --account out")
    return form


def _text(form: str, desk: Desk, entries: Sequence[Entry], given: tuple[str, ...], year: int | None) -> str:
    if form == "csv":
        from core.ledger.exporters.csv_rows import csv_rows

        return csv_rows(entries, year)
    head, rules = desk.ledger.head, _rules(desk)
    if form == "json":
        from core.ledger.exporters.json_copy import json_copy

        copy = json_copy(head, entries, rules, year, _kept(desk, entries))
        return json.dumps(copy, allow_nan=False) + "\n"
    from core.ledger.exporters.accounts import accounts

    names = accounts(head.portfolio, given)
    if form == "beancount":
        from core.ledger.exporters.beancount import beancount

        return beancount(head, entries, names, rules, year)
    from core.ledger.exporters.ledger_cli import ledger_cli

    return ledger_cli(head, entries, names, rules, year)


def _rules(desk: Desk) -> Rules:
    """By which the portfolio's book is kept: its tax rules, the other ledgers of its wash group; and the book."""
    from core.ledger.exporters.movements import Rules
    from core.ledger.group import Group

    group = Group(desk.ledger.folder, desk.portfolio)
    group.refresh()
    return Rules(desk.portfolio.tax, group.members, desk.ledger.book)


def _kept(desk: Desk, entries: Sequence[Entry]) -> dict[str, str]:
    """What decisions were made on, by digest: their inputs, and the portfolio file that these name."""
    found: dict[str, str] = {}
    for entry in entries:
        inputs = str((entry.decision or {}).get("inputs") or "")
        text = desk.ledger.kept(inputs) if inputs and inputs not in found else None
        if text is not None:
            found[inputs] = text
            file = str(json.loads(text).get("file") or "")
            if (filed := desk.ledger.kept(file)) is not None:
                found[file] = filed
    return found


def _check_target(out: Path, force: bool) -> None:
    """BadInput, before anything is worked out, if `out` cannot be written."""
    if out.is_dir() or (out.exists() and not out.is_file()):
        raise BadInput(f"{out} is no file", fix="give the name of a file")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"there is no directory {out.absolute().parent}", fix="make it first")
    if not force and (out.exists() or out.is_symlink()):
        raise _there(out)


def _write(out: Path, data: bytes, force: bool) -> None:
    """All of it or nothing, for its owner only."""
    try:
        if force:
            replace_whole(out.resolve(), data)  # what a link points to, not the link
        else:
            create_whole(out, data)
    except FileExistsError as error:
        raise _there(out) from error
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}", fix="nothing was changed") from error


def _there(out: Path) -> BadInput:
    return BadInput(f"{out} is there already", fix="give another name, or --force to write over it")
