"""`ledger`: what is recorded, and how to take it back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import click

from core.book.entries import Entry
from core.book.gains import gains_json
from core.book.report import entry_json, positions_json
from core.book.wash import Gain
from core.clock import WallClock
from core.desk.confirmation import Confirmed
from core.desk.desk import Desk
from core.desk.report import SCHEMA
from core.errors import BadInput, Conflict, LedgerDamaged, Problem
from core.ledger.reading import uncollected
from tui.cli.backups import restore_
from tui.cli.common import DECIMAL, agreed, executed_at, opened, portfolio_at, print_json, shared, tell_read_only
from tui.cli.exporting import export

_SEQ: Final = re.compile(r"[0-9]{1,18}")
_PUT_BACK: Final = "put back a copy of the ledger's files; nothing was changed"


@click.group()
def ledger() -> None:
    """What is recorded, and how to take it back."""


ledger.add_command(restore_)
ledger.add_command(export)


def _tell_differences(desk: Desk) -> int:
    """What was asked for is printed from the ledger's own head; a file that differs is told, and is exit code 4."""
    if desk.ledger.conflicts:
        raise Conflict("", problems=desk.ledger.conflicts)
    return 0


@ledger.command("list")
@click.argument("file", required=False)
@shared
def list_(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """All entries, in the order of their numbers."""
    with opened(portfolio_at(file), data_dir) as desk:
        tell_read_only(desk)
        entries = desk.entries()
        if as_json:
            print_json({"schema": SCHEMA, "entries": [entry_json(entry) for entry in entries]})
        else:
            from tui.records import print_entries

            print_entries(entries)
        return _tell_differences(desk)


@ledger.command("positions")
@click.argument("file", required=False)
@shared
def positions(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """What is held, lot by lot, and the cash."""
    with opened(portfolio_at(file), data_dir) as desk:
        tell_read_only(desk)
        book = desk.ledger.book
        if as_json:
            report = positions_json(book)
            print_json({**report, "cash": {desk.portfolio.base_currency: "0.00", **report["cash"]}})
        else:
            from tui.records import print_positions

            print_positions(book, desk.portfolio.base_currency)
        return _tell_differences(desk)


@ledger.command("gains")
@click.argument("file", required=False)
@click.option("--year", type=click.IntRange(1900, 2999), help="Of that calendar year only.")
@click.option("--format", "form", type=click.Choice(["8949"]), help="As CSV in the columns of Form 8949.")
@shared
def gains(file: str | None, year: int | None, form: str | None, data_dir: str | None, as_json: bool) -> int:
    """What sales realised, by the portfolio's tax rules, each part by itself."""
    if form and as_json:
        raise BadInput("--format 8949 is CSV, --json is not", fix="give one of both")
    with opened(portfolio_at(file), data_dir) as desk:
        with uncollected():
            rows = desk.ledger.gains_of(year)
        tax, base = desk.portfolio.tax, desk.portfolio.base_currency
        if form:
            click.echo(_form_8949(desk, rows, year), nl=False)
        elif as_json:
            group = {"name": tax.wash_group, "ledgers": list(desk.ledger.group)} if tax.wash_group else None
            print_json({**gains_json(rows, tax, base, year), "wash_group": group})
        else:
            from tui.records import print_gains

            print_gains(rows, tax, base, year)
            if tax.wash_group:
                others = ", ".join(desk.ledger.group) or "no other ledger yet: each is found once it was used"
                click.echo(f"wash group {tax.wash_group}: {others}")
        return _tell_differences(desk)


@ledger.command("verify")
@click.argument("file", required=False)
@shared
def verify(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """Check the files and every entry; 0 is sound, 4 is damaged."""
    portfolio = portfolio_at(file)
    try:
        with opened(portfolio, data_dir) as desk:
            tell_read_only(desk)
            problems = [Problem(what, fix=_PUT_BACK) for what in desk.ledger.verify()]
            differences = list(desk.ledger.conflicts) if not problems else []
            count = len(desk.entries())
    except LedgerDamaged as error:
        problems, differences, count = list(error.problems), [], 0
    if as_json:
        said = {"problems": [str(p) for p in problems], "differences": [str(p) for p in differences]}
        print_json({"schema": SCHEMA, "sound": not problems, **said})
    elif not problems:
        click.echo(f"sound: {count} {'entry' if count == 1 else 'entries'}")
    if problems or differences:
        raise Conflict("", problems=[*problems, *differences])
    return 0


@ledger.command("adopt")
@click.argument("file", required=False)
@shared
def adopt(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """Let the file's changed opening lots and balances count."""
    with opened(portfolio_at(file), data_dir) as desk:
        begun = bool(desk.entries())
        entry = desk.ledger.adopt(desk.portfolio, WallClock().now()) if begun else None
    if as_json:
        print_json({"schema": SCHEMA, "recorded": [] if entry is None else [entry_json(entry)], "already": []})
    else:
        click.echo(
            "nothing to adopt" if entry is None else f"recorded #{entry.seq}: the file's opening facts count now"
        )
    return 0


@ledger.command("void")
@click.argument("words", nargs=-1, metavar="FILE SEQ")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def void(words: tuple[str, ...], yes: bool, data_dir: str | None, as_json: bool) -> int:
    """Take entry SEQ back by a new one; nothing is ever erased."""
    file, seq = _file_and_seq(words)
    with opened(portfolio_at(file), data_dir) as desk:
        _tell_differences(desk)
        if not yes and not agreed(f"Void {_entry(desk, seq)}?", what="voiding"):
            return _print(as_json, [])
        return _print(as_json, [desk.void(seq)])


@ledger.command("amend")
@click.argument("words", nargs=-1, metavar="FILE SEQ")
@click.option("--price", type=DECIMAL)
@click.option("--quantity", type=DECIMAL)
@click.option("--fees", type=DECIMAL)
@click.option("--executed", metavar="TIME", help="When it was made; without a zone in the portfolio's.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def amend(
    words: tuple[str, ...],
    price: Decimal | None,
    quantity: Decimal | None,
    fees: Decimal | None,
    executed: str | None,
    yes: bool,
    data_dir: str | None,
    as_json: bool,
) -> int:
    """Take entry SEQ back and record it corrected, both or neither."""
    file, seq = _file_and_seq(words)
    if price is None and quantity is None and fees is None and executed is None:
        raise BadInput("nothing is to be amended", fix="give --price, --quantity, --fees or --executed")
    with opened(portfolio_at(file), data_dir) as desk:
        _tell_differences(desk)
        when = executed_at(executed, desk.portfolio.timezone)
        if not yes and not agreed(f"Amend {_entry(desk, seq)}?", what="amending"):
            return _print(as_json, [])
        return _print(as_json, desk.amend(seq, price=price, quantity=quantity, fees=fees, executed=when))


@ledger.command("explain")
@click.argument("words", nargs=-1, metavar="FILE SEQ")
@shared
def explain(words: tuple[str, ...], data_dir: str | None, as_json: bool) -> int:
    """Make the decision behind entry SEQ again; 0 if it comes out the same, 4 if not."""
    from core.desk.explain import explain as decide_again
    from core.desk.explain import explanation_json

    file, seq = _file_and_seq(words)
    with opened(portfolio_at(file), data_dir) as desk:
        explanation = decide_again(desk.ledger, seq)
    if as_json:
        print_json(explanation_json(explanation))
    else:
        from tui.explanation import print_explanation

        print_explanation(explanation)
    return 0 if explanation.same else 4


def _form_8949(desk: Desk, rows: Sequence[Gain], year: int | None) -> str:
    """The gains of a year in the columns of the form."""
    from core.ledger.exporters.form_8949 import form_8949

    if desk.portfolio.tax.regime != "us":
        raise BadInput(
            "Form 8949 is of the United States",
            where=f"{desk.portfolio.path}: tax.regime",
            fix='write regime = "us" under [tax] if that is where these gains are taxed',
        )
    names = {asset.symbol: asset.name for asset in desk.portfolio.assets if asset.name}
    coins = {asset.symbol for asset in desk.portfolio.assets if asset.kind == "crypto"}
    of_year = [row for row in rows if year is None or row.sold.year == year]
    return form_8949(of_year, desk.portfolio.base_currency, names, coins)


def _entry(desk: Desk, seq: int) -> str:
    """Entry `seq` as a question names it."""
    from tui.records import describe

    return next((describe(entry) for entry in desk.entries() if entry.seq == seq), f"entry {seq}")


def _print(as_json: bool, entries: Sequence[Entry]) -> int:
    if as_json:
        print_json({"schema": SCHEMA, "recorded": [entry_json(entry) for entry in entries], "already": []})
    else:
        from tui.records import print_confirmed

        print_confirmed(Confirmed(tuple(entries)))
    return 0


def _file_and_seq(words: tuple[str, ...]) -> tuple[str | None, int]:
    if len(words) not in (1, 2) or not _SEQ.fullmatch(words[-1]):
        raise BadInput(
            "it takes FILE and the number of an entry", fix="`strikezone ledger list FILE` shows the numbers"
        )
    return (words[0] if len(words) == 2 else None), int(words[-1])
