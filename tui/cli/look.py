"""`check`: one look at a portfolio."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from core.desk.report import check_code, check_json
from core.errors import Conflict
from tui.cli.common import desk_on, portfolio_at, priced, print_json, shared


@click.command()
@click.argument("file", required=False)
@click.option("--now", is_flag=True, help="Plan everything to target, although all is inside.")
@priced
@shared
def check(
    file: str | None, now: bool, prices: Path | None, at: date | None, data_dir: str | None, as_json: bool
) -> int:
    """One look: values, drift, proposals. Exits with 1 if something is outside its band."""
    portfolio = portfolio_at(file)
    with desk_on(portfolio, data_dir, prices, at) as desk:
        snapshot = desk.look(everything=now)
    if snapshot.conflicts:
        raise Conflict("", problems=snapshot.conflicts)
    if as_json:
        print_json(check_json(snapshot))
    else:
        from tui.console import print_report

        print_report(snapshot)
    return check_code(snapshot)
