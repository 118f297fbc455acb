"""`ledger restore`: puts a backup in the ledger's place."""

from __future__ import annotations

from pathlib import Path

import click

from core.desk.report import SCHEMA
from core.errors import BadInput, StrikezoneError
from core.ledger.ledger import Ledger
from core.ledger.restore import Backup, find, restore, verified
from core.portfolio.model import Portfolio
from tui.cli.common import agreed, data_at, portfolio_at, print_json, shared


@click.command("restore")
@click.argument("words", nargs=-1, metavar="FILE BACKUP")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared
def restore_(words: tuple[str, ...], yes: bool, data_dir: str | None, as_json: bool) -> int:
    """Put a backup in the ledger's place: a path, or a name in `backups/`. What stood there is kept."""
    if len(words) not in (1, 2):
        raise BadInput("it takes FILE and a backup", fix="`strikezone locate FILE` says where the backups are")
    portfolio = portfolio_at(words[0] if len(words) == 2 else None)
    folder = data_at(data_dir) / portfolio.id
    backup = verified(find(folder, words[-1]), portfolio)
    question = f"Replace {_present(folder, portfolio)} by {_described(backup)}?"
    kept: tuple[Path, ...] = ()
    done = yes or agreed(question, what="restoring")
    if done:
        kept = restore(folder, backup)
    if as_json:
        restored = {"restored": str(backup.path) if done else None, "entries": backup.entries if done else None}
        print_json({"schema": SCHEMA, **restored, "kept": [str(path) for path in kept]})
    elif done:
        click.echo(f"restored {_described(backup)}")
        for path in kept:
            click.echo(f"kept what was there as {path}")
        click.echo("end and start the app if it is open")
    return 0


def _present(folder: Path, portfolio: Portfolio) -> str:
    """What is about to be replaced."""
    try:
        with Ledger.open(folder, portfolio, readonly=True) as ledger:
            return f"the ledger's {_entries(len(ledger.entries))}"
    except StrikezoneError:
        return "the damaged ledger"


def _described(backup: Backup) -> str:
    return f"the {_entries(backup.entries)} of {backup.path.name}, up to {backup.newest:%Y-%m-%d %H:%M} UTC"


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
