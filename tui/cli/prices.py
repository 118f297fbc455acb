"""`prices`: daily closes from Yahoo into a price file that `check`, a replay and a backtest can read."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from core.disk import replace_whole
from core.errors import BadInput, NoTrustedPrices
from core.market.currency import symbols
from core.market.history import History, HistoryStore
from core.market.open import FEED_FOLDER, LIBRARY_FOLDER, price_units
from core.market.yahoo import FeedError, YahooClient
from core.money import MINOR_UNITS, plain
from core.portfolio.model import Portfolio
from tui.cli.common import DAY, data_at, portfolio_at, print_json, refuse_own_files, shared, warn

STANDARD_OUTPUT: Final = Path("-")
HEADER: Final = b"date,"


class Written(Struct, frozen=True):
    """The rows of a price file, and what should be said of them."""

    rows: dict[date, list[str]]
    remarks: tuple[str, ...]
    left_out: int


@click.command()
@click.argument("file", required=False)
@click.option("--from", "start", type=DAY, required=True, metavar="DATE", help="The first day.")
@click.option("--to", "end", type=DAY, metavar="DATE", help="The last day (default: the last that has closed).")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="CSV", help="Where to; - prints it.")
@click.option("--all-days", is_flag=True, help="Keep days on which some of the symbols have no price.")
@click.option("--adjusted", is_flag=True, help="Adjust for later splits, instead of prices as they were traded.")
@shared
def prices(
    file: str | None,
    start: date,
    end: date | None,
    out: Path,
    all_days: bool,
    adjusted: bool,
    data_dir: str | None,
    as_json: bool,
) -> int:
    """Write the daily closes of the file's assets, and the rates they need, as a price file."""
    portfolio, now = portfolio_at(file), datetime.now(UTC)
    last = end or now.date()
    if start > last:
        raise BadInput(f"--from {start} comes after {last}", fix="give an earlier day")
    _check_target(out)
    if out != STANDARD_OUTPUT:
        refuse_own_files(out, portfolio, data_dir)
    histories, remarks = _fetch(portfolio, data_at(data_dir), start, last, now)
    written = rows_of(portfolio, histories, start, last, adjusted=adjusted, all_days=all_days)
    if not written.rows:
        raise NoTrustedPrices(
            "there is no day on which all of them have a price",
            where=portfolio.path,
            fix="nothing was written; --all-days keeps days on which some have none",
        )
    text = _csv(list(histories), written.rows)
    if out == STANDARD_OUTPUT:
        click.echo(text, nl=False)
    else:
        _write(out, text)
    warn([*remarks, *written.remarks])
    days = sorted(written.rows)
    if as_json and out != STANDARD_OUTPUT:
        print_json(
            {
                "schema": 1,
                "path": str(out),
                "symbols": list(histories),
                "first": days[0].isoformat(),
                "last": days[-1].isoformat(),
                "rows": len(days),
                "left_out": written.left_out,
            }
        )
    elif out != STANDARD_OUTPUT:
        click.echo(f"{out}: {len(days)} days from {days[0]} to {days[-1]}, {len(histories)} symbols")
    return 0


def rows_of(
    portfolio: Portfolio,
    histories: Mapping[str, History],
    start: date,
    end: date,
    *,
    adjusted: bool = False,
    all_days: bool = False,
) -> Written:
    """One row a day, in the file's own units; days that lack a symbol's price only with `all_days`."""
    units = price_units(portfolio, histories)
    columns: list[dict[date, Decimal]] = []
    remarks = []
    for symbol, history in histories.items():
        closes = history.in_units_of_today() if adjusted else history.closes
        parts = MINOR_UNITS.get(units[symbol], (units[symbol], 1))[1]
        column = {day: close * parts for day, close in closes.items() if start <= day <= end}
        columns.append(column)
        if column and (min(column) - start).days > 7:
            remarks.append(f"{symbol} begins {min(column)}")
        if not adjusted:
            within = [split for split in history.splits if start < split.day <= end]
            remarks += [f"{symbol} split on {split.day}: closes are as traded" for split in within]
    days = sorted(set().union(*columns))
    remarks += [
        f"{symbol} ends {max(column)}"
        for symbol, column in zip(histories, columns, strict=True)
        if column and (days[-1] - max(column)).days > 7
    ]
    whole = [day for day in days if all(day in column for column in columns)]
    kept = days if all_days else whole
    if len(whole) < len(days):
        verb = "are kept" if all_days else "are left out"
        remarks.append(f"{len(days) - len(whole)} days on which some have no price {verb}")
    rows = {day: [plain(column[day]) if day in column else "" for column in columns] for day in kept}
    return Written(rows, tuple(remarks), len(days) - len(kept))


def _fetch(
    portfolio: Portfolio, data: Path, start: date, end: date, now: datetime
) -> tuple[dict[str, History], list[str]]:
    """The history of each symbol that has one, and why others have none."""
    folder = data / FEED_FOLDER
    store = HistoryStore(folder, YahooClient(folder / LIBRARY_FOLDER))
    wanted = symbols(portfolio)
    expected = {asset.symbol: asset.currency for asset in portfolio.assets}
    found: dict[str, History] = {}
    remarks: list[str] = []
    try:
        for symbol, got in store.get_all(wanted, start, end, now, _Progress(len(wanted))):
            if isinstance(got, FeedError):
                remarks.append(f"{symbol}: Yahoo does not know this symbol")
            elif got.currency != (currency := expected.get(symbol, portfolio.base_currency)):
                remarks.append(f"{symbol}: quoted in {got.currency}, not in {currency}: left out")
            elif not got.between(start, end):
                remarks.append(f"{symbol}: no closes from {start} to {end}")
            else:
                found[symbol] = got
    except FeedError as error:
        raise NoTrustedPrices(
            error.detail, fix="nothing was written; what came is kept: try again later"
        ) from error
    finally:
        _Progress.clear()
    if not found:
        raise NoTrustedPrices(
            f"there are no closes from {start} to {end}: {'; '.join(remarks)}", fix="nothing was written"
        )
    return found, remarks


class _Progress:
    """Says on a terminal how far it is, in one line that goes away."""

    def __init__(self, total: int) -> None:
        self._total = total

    def __call__(self, done: int, symbol: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{done + 1} of {self._total}: {symbol}", nl=False, err=True)

    @staticmethod
    def clear() -> None:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)


def _csv(columns: Sequence[str], rows: Mapping[date, Sequence[str]]) -> str:
    lines = [",".join(("date", *columns))]
    lines += [",".join((day.isoformat(), *cells)) for day, cells in sorted(rows.items())]
    return "\n".join(lines) + "\n"


def _check_target(out: Path) -> None:
    """Refuses to write over what is no price file."""
    if out == STANDARD_OUTPUT:
        return
    if out.exists() and not out.is_file():
        raise BadInput(f"{out} is no file that could be replaced", fix="give another name; - prints it")
    try:
        with out.open("rb") as file:
            if file.read(len(HEADER)) not in (HEADER, b""):
                raise BadInput(f"{out} is there and is no price file", fix="give another name, or move it away")
    except FileNotFoundError:
        if not out.absolute().parent.is_dir():
            raise BadInput(f"there is no directory {out.absolute().parent}", fix="make it first") from None
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}", fix="give another name") from error


def _write(out: Path, text: str) -> None:
    try:
        replace_whole(out.resolve(), text.encode())  # what a link points to, not the link
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}", fix="nothing was changed") from error
