"""What the commands share: options, the portfolio and desk they work on, and printing JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from core.book.choosing import Pick, pick_of
from core.clock import WallClock
from core.desk.confirmation import Executed
from core.desk.desk import Desk
from core.desk.remarks import READ_ONLY
from core.errors import BadInput, StrikezoneError
from core.ledger.backups import KEPT
from core.market.feed import EmptyFeed, Feed
from core.market.open import open_feed
from core.money import ZERO, exact, plain
from core.places import config_file, data_directory, default_file, portfolio_file
from core.portfolio.file import load_portfolio
from core.portfolio.model import Portfolio
from core.settings import load_settings
from core.text import clean

Command = TypeVar("Command", bound=Callable[..., Any])

LONGEST_LINE = 1000
FAR = Decimal("1.5")  # times the last price, beyond which a typed one may be a slip
YEARS = range(1900, 3000)  # of an --executed: beyond them it is a slip, and zones run out


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


class IdType(click.ParamType[str]):
    """An entry's id: any short line of text."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The id, or a usage error."""
        text = str(value)
        if clean(text) != text:
            self.fail("an id is one line of at most 80 characters, none of them invisible", param, ctx)
        return text


DECIMAL = DecimalType()
DAY = DayType()
ID = IdType()


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
        named = load_settings(config_file()).portfolio
        if not named:
            raise BadInput(
                "no portfolio file is given, and the configuration names no default",
                fix="give FILE; `strikezone demo` shows a sample at work",
            )
        return load_portfolio(default_file(named))
    return load_portfolio(portfolio_file(given))


def default_portfolio() -> Path | None:
    """The file of the configuration's default portfolio, if it names one."""
    named = load_settings(config_file()).portfolio
    return default_file(named) if named else None


def data_at(option: str | None) -> Path:
    """The data directory that `--data-dir` means, given to the command or before it."""
    context = click.get_current_context(silent=True)
    return data_directory(option or (context.find_root().obj if context else None))


def refuse_own_files(out: Path, portfolio: Portfolio, data_dir: str | None) -> None:
    """BadInput if what is written to `out` would stand among the ledgers, or in the portfolio file's place."""
    target, data = out.resolve(), data_at(data_dir).resolve()
    if target.is_relative_to(data):
        raise BadInput(f"{out} is in the data directory, where ledgers are kept", fix="give another directory")
    if target == Path(portfolio.path).resolve():
        raise BadInput(f"{out} is the portfolio file", fix="give another name")


@contextmanager
def desk_on(
    portfolio: Portfolio,
    data_dir: str | None,
    prices: Path | None = None,
    at: date | None = None,
    *,
    feed: Feed | None = None,
) -> Iterator[Desk]:
    """A desk on the portfolio, its ledger and `feed`, else one look's feed; closed at the end."""
    data = data_at(data_dir)
    desk = Desk.open(portfolio, data, feed or open_feed(portfolio, data, prices, at), kept=_kept())
    try:
        if feed is not None:
            warn(desk.ledger.notices)
        else:
            desk.feed.settle()
        yield desk
    finally:
        context = click.get_current_context(silent=True)
        if context is None:
            desk.close()
        else:
            context.call_on_close(lambda: _finish(desk))


def _kept() -> int:
    """How many backups a ledger keeps; by default where the configuration is wrong, as `doctor` says."""
    try:
        return load_settings(config_file()).ledger.backups
    except StrikezoneError:
        return KEPT


def _finish(desk: Desk) -> None:
    """Puts the ledger's files in order, once the answer has been given, and closes them."""
    try:
        with suppress(OSError, ValueError):  # which the last flush of all tells
            sys.stdout.flush()
        before = len(desk.ledger.notices)
        desk.ledger.tidy()
        warn(desk.ledger.notices[before:])
    except StrikezoneError as error:  # what was asked for is done and said
        warn(map(str, error.problems))
    finally:
        desk.close()


def opened(portfolio: Portfolio, data_dir: str | None) -> AbstractContextManager[Desk]:
    """A desk on the portfolio's ledger alone, for what needs no prices; what its files have to tell is told."""
    return desk_on(portfolio, data_dir, feed=EmptyFeed(WallClock(), ""))


def tell_read_only(desk: Desk) -> None:
    """Says so where nothing can be recorded, for commands that only read."""
    if desk.ledger.readonly:
        warn([READ_ONLY])


def print_json(report: dict[str, Any]) -> None:
    """One object on standard output, in ASCII: whatever the terminal's encoding, it is what was meant."""
    click.echo(json.dumps(report, allow_nan=False))


def warn(lines: Iterable[str]) -> None:
    """Lines for the user that are no result: on standard error."""
    for line in lines:
        click.echo(f"strikezone: {clean(line, LONGEST_LINE)}", err=True)


def executed_at(text: str | None, timezone: str) -> Executed | None:
    """A moment (without a zone: in the portfolio's) or a day, as `--executed` gives it."""
    if text is None:
        return None
    try:
        if len(text) == len("2026-11-20"):
            day = date.fromisoformat(text)
            _warn_of_future(text, datetime.combine(day, time(), UTC))
            return Executed(day=day)
        moment = datetime.fromisoformat(text)
        if moment.year not in YEARS:
            raise ValueError("the year is none to trade in")
    except ValueError as error:
        raise BadInput(
            f"--executed: {text!r} is no time like 2026-11-20T15:30 or 2026-11-20T15:30+01:00", fix="correct it"
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(timezone)) if timezone else moment.astimezone()
    _warn_of_future(text, moment)
    return Executed(moment=moment.astimezone(UTC))


def _warn_of_future(text: str, moment: datetime) -> None:
    if moment > datetime.now(UTC) + timedelta(days=1):  # today is earlier or later elsewhere
        warn([f"{text} is in the future"])


def require_terminal(what: str) -> None:
    """Refuses `what` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise BadInput(
            f"{what} needs a yes, and there is no terminal to ask on", fix="add --yes to agree beforehand"
        )


def agreed(question: str, *, what: str) -> bool:
    """Whether the user says an explicit y on a terminal; refused where there is none."""
    require_terminal(what)
    return click.confirm(question, default=False, err=True)


def far_price(what: str, price: Decimal, known: Decimal) -> list[str]:
    """What to say of a typed price that is far from the one that is known: a digit too many is easily typed."""
    if price <= known * FAR and price * FAR >= known:
        return []
    return [f"{what}: {plain(price)} is far from {plain(known)}, its price then: void it if that was a slip"]


def pick(text: str) -> Pick:
    """The lot that `--lot ACQUIRED[:QTY]` names; BadInput for anything else."""
    try:
        return pick_of(text)
    except ValueError as error:
        raise BadInput(f"--lot {clean(text, 40)}: {error}", fix="write it like 2024-01-31:25") from error


def positive(text: str, name: str) -> Decimal:
    """The number that `text` writes, above 0; BadInput naming the argument `name` for anything else."""
    try:
        number = exact(text)
    except ValueError as error:
        raise BadInput(f"{name}: {error}", fix="write it like 12.5") from error
    if number <= ZERO:
        raise BadInput(f"{name} must be positive, not {text}", fix="correct it")
    return number
