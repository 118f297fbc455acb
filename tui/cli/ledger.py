"""`ledger`: what is recorded, and how to take it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import click

from core.book.report import entry_json, positions_json
from core.desk.desk import Desk
from core.desk.report import SCHEMA
from core.errors import BadInput, Conflict
from tui.cli.common import DECIMAL, agreed, data_at, executed_at, portfolio_at, print_json, shared, warn


@click.group()
def ledger() -> None:
    """What is recorded, and how to take it back."""


@contextmanager
def _opened(file: str | None, data_dir: str | None) -> Iterator[Desk]:
    from core.clock import WallClock
    from core.market.feed import EmptyFeed

    portfolio = portfolio_at(file)
    desk = Desk.open(portfolio, data_at(data_dir), EmptyFeed(WallClock(), ""))
    try:
        warn(tuple(desk.ledger.notices))
        yield desk
    finally:
        desk.close()


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
    with _opened(file, data_dir) as desk:
        entries = desk.entries()
        if as_json:
            print_json({"schema": SCHEMA, "entries": [entry_json(entry) for entry in entries]})
        else:
            from tui.console import print_entries

            print_entries(entries)
        return _tell_differences(desk)


@ledger.command("positions")
@click.argument("file", required=False)
@shared
def positions(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """What is held, lot by lot, and the cash."""
    with _opened(file, data_dir) as desk:
        book = desk.ledger.book
        if as_json:
            print_json(positions_json(book))
        else:
            from tui.console import print_positions

            print_positions(book)
        return _tell_differences(desk)


@ledger.command("verify")
@click.argument("file", required=False)
@shared
def verify(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """Check the files and every entry; 0 is sound, 4 is damaged."""
    with _opened(file, data_dir) as desk:
        problems = desk.ledger.verify()
        if as_json:
            print_json({"schema": SCHEMA, "sound": not problems, "problems": list(problems)})
        elif not problems:
            click.echo(f"sound: {len(desk.entries())} entries")
        for problem in desk.ledger.conflicts:
            warn((f"the file differs from the ledger: {problem}",))
        warn(tuple(problems))
        return 4 if problems else 0


@ledger.command("adopt")
@click.argument("file", required=False)
@shared
def adopt(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """Record what the file changed of its opening lots and balances as a correction."""
    from core.clock import WallClock

    with _opened(file, data_dir) as desk:
        entry = desk.ledger.adopt(desk.portfolio, WallClock().now())
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
    with _opened(file, data_dir) as desk:
        _tell_differences(desk)
        if not agreed(f"Void entry {seq}?", yes=yes, what="voiding"):
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
    with _opened(file, data_dir) as desk:
        _tell_differences(desk)
        if not agreed(f"Amend entry {seq}?", yes=yes, what="amending"):
            return _print(as_json, [])
        when = executed_at(executed, desk.portfolio.timezone)
        return _print(as_json, list(desk.amend(seq, price=price, quantity=quantity, fees=fees, executed=when)))


def _print(as_json: bool, entries: list[object]) -> int:
    if as_json:
        print_json({"schema": SCHEMA, "recorded": [entry_json(entry) for entry in entries], "already": []})  # type: ignore[arg-type]
    else:
        from core.desk.confirmation import Confirmed
        from tui.console import print_confirmed

        print_confirmed(Confirmed(tuple(entries)))  # type: ignore[arg-type]
    return 0


def _file_and_seq(words: tuple[str, ...]) -> tuple[str | None, int]:
    if len(words) not in (1, 2) or not words[-1].isascii() or not words[-1].isdigit():
        raise BadInput(
            "it takes FILE and the number of an entry", fix="`strikezone ledger list FILE` shows the numbers"
        )
    return (words[0] if len(words) == 2 else None), int(words[-1])
