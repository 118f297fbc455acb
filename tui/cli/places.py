"""`locate`: where everything is kept."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from core.errors import StrikezoneError
from core.ledger.backups import folder_of
from core.places import config_file, portfolios_directory
from tui.cli.common import data_at, default_portfolio, portfolio_at, print_json, shared


@click.command()
@click.argument("file", required=False)
@shared
def locate(file: str | None, data_dir: str | None, as_json: bool) -> int:
    """Print the places of configuration, portfolios, data, feed, samples and ledger."""
    data = data_at(data_dir)
    places = {
        "configuration": str(config_file()),
        "portfolios": str(portfolios_directory()),
        "data": str(data),
        "feed": str(data / "feed"),
        "samples": str(files("sample_portfolios")),
    }
    if file is not None or _has_default():
        portfolio = portfolio_at(file)
        places["portfolio"] = str(Path(portfolio.path).absolute())
        places["ledger"] = str(data / portfolio.id / "ledger.json")
        places["backups"] = str(folder_of(data / portfolio.id / "ledger.json"))
        places["state"] = str(data / portfolio.id / "state.json")
    if as_json:
        print_json({"schema": 1, **places})
    else:
        for name, place in places.items():
            click.echo(f"{name:14} {place}")
    return 0


def _has_default() -> bool:
    try:
        return default_portfolio() is not None
    except StrikezoneError:
        return False
