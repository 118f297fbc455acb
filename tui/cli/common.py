"""What the commands share: options, the portfolio and desk they work on, and printing JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from core.desk.confirmation import Executed
from core.desk.desk import Desk
from core.errors import BadInput
from core.market.open import open_feed
from core.money import exact
from core.places import config_file, data_directory, portfolio_file
from core.portfolio.file import load_portfolio
from core.portfolio.model import Portfolio

Command = TypeVar("Command", bound=Callable[..., Any])


class DecimalType(click.ParamType[Decimal]):
    """A number, read exactly."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The exact number, or a usage error."""
        if isinstance(value, Decimal):
            return value
        try:
            return exact(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DayType(click.ParamType[date]):
    """A day as ISO date."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date like 2026-11-20", param, ctx)


DECIMAL = DecimalType()
DAY = DayType()


def shared(command: Command) -> Command:
    """Adds `--data-dir` and `--json`."""
    command = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)
    return click.option("--data-dir", metavar="DIR", help="Where ledgers are kept.")(command)


def priced(command: Command) -> Command:
    """Adds `--prices` and `--at`."""
    command = click.option("--at", type=DAY, metavar="DATE", help="Its last row on or before DATE.")(command)
    prices = click.Path(path_type=Path)
    return click.option("--prices", type=prices, metavar="CSV", help="Take prices from a file.")(command)


def portfolio_at(given: str | None) -> Portfolio:
    """The portfolio that a FILE argument means; without one the default of the configuration."""
    if given is None:
        from core.settings import load_settings

        given = load_settings(config_file()).portfolio
        if not given:
            raise BadInput(
                "no portfolio file is given, and the configuration names no default",
                fix="give FILE; `strikezone demo` shows a sample at work",
            )
    return load_portfolio(portfolio_file(given))


def default_portfolio() -> str | None:
    """The default portfolio of the configuration, if it names one."""
    from core.settings import load_settings

    return load_settings(config_file()).portfolio or None


def data_at(option: str | None) -> Path:
    """The data directory that `--data-dir` means, given to the command or before it."""
    context = click.get_current_context(silent=True)
    return data_directory(option or (context.find_root().obj if context else None))


@contextmanager
def desk_on(
    portfolio: Portfolio, data_dir: str | None, prices: Path | None = None, at: date | None = None
) -> Iterator[Desk]:
    """A desk on the portfolio, its ledger and one look's feed; closed at the end."""
    desk = Desk.open(portfolio, data_at(data_dir), open_feed(portfolio, prices, at))
    try:
        yield desk
    finally:
        desk.close()


def print_json(report: dict[str, Any]) -> None:
    """One object on standard output."""
    click.echo(json.dumps(report, ensure_ascii=False, allow_nan=False))


def warn(lines: tuple[str, ...]) -> None:
    """Lines for the user that are no result: on standard error."""
    for line in lines:
        click.echo(f"strikezone: {line}", err=True)


def executed_at(text: str | None, timezone: str) -> Executed | None:
    """A moment (without a zone: in the portfolio's) or a day, as `--executed` gives it."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-20"):
            return Executed(day=date.fromisoformat(text))
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            f"--executed: {text!r} is no time like 2026-11-20T15:30 or 2026-11-20T15:30+01:00", fix="correct it"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone)) if timezone else moment.astimezone()
    return Executed(moment=moment.astimezone(UTC))


def agreed(question: str, *, yes: bool, what: str) -> bool:
    """Whether the user agrees: `--yes`, or an explicit y on a terminal; refused without either."""
    if yes:
        return True
    if not click.get_text_stream("stdin").isatty():
        raise BadInput(f"{what} needs a yes, and there is no terminal to ask on", fix="add --yes")
    return click.confirm(question, default=False, err=True)
