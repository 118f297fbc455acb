"""`quotes`: what each price is, how old, from whom, and whether it is trusted; releases one that only jumped."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from core.book.entries import Entry
from core.desk.desk import Desk
from core.desk.quotes import quotes_code, quotes_json
from core.errors import BadInput
from core.money import exact, plain
from tui.cli.common import DECIMAL, agreed, desk_on, portfolio_at, priced, print_json, shared, tell_read_only, warn


@click.command()
@click.argument("file", required=False)
@click.option("--accept", metavar="SYMBOL", help="Believe a price that jumped or looks like a split.")
@click.option("--split", nargs=2, metavar="SYMBOL NEW:OLD", help="Record the split behind a suspect price.")
@click.option(
    "--set",
    "typed",
    type=(str, DECIMAL),
    metavar="SYMBOL PRICE",
    help="Type a price: it counts at most a day.",
)
@click.option("--unset", metavar="SYMBOL", help="Forget a typed price.")
@click.option("--yes", is_flag=True, help="Do not ask about a typed price that is far from the last one.")
@priced
@shared
def quotes(
    file: str | None,
    accept: str | None,
    split: tuple[str, str] | None,
    typed: tuple[str, Decimal] | None,
    unset: str | None,
    yes: bool,
    prices: Path | None,
    at: date | None,
    data_dir: str | None,
    as_json: bool,
) -> int:
    """The quote board. Exits with 3 if no price is trusted."""
    portfolio = portfolio_at(file)
    changes = [change for change in (accept, split, typed, unset) if change]
    if len(changes) > 1:
        raise BadInput("--accept, --split, --set and --unset exclude each other", fix="give one of them")
    with desk_on(portfolio, data_dir, prices, at) as desk:
        if changes and not desk.prices.live:
            raise BadInput("these prices are of a file: nothing in them is suspect", fix="correct the price file")
        done = _change(desk, accept, split, typed, unset, yes)
        snapshot = desk.look()
        tell_read_only(desk)
    warn(done)
    if as_json:
        print_json(quotes_json(snapshot))
    else:
        from tui.console import print_quotes

        print_quotes(snapshot)
    return quotes_code(snapshot)


def _change(
    desk: Desk,
    accept: str | None,
    split: tuple[str, str] | None,
    typed: tuple[str, Decimal] | None,
    unset: str | None,
    yes: bool,
) -> list[str]:
    """What was asked for, done; a line for each thing that was."""
    if accept:
        quote = desk.accept(accept)
        return [f"{accept}: {_amount(quote.price)} {quote.currency} is believed from now on"]
    if split:
        symbol, ratio = split
        confirmed = desk.split(symbol, *split_ratio(ratio))
        return [*map(_told, confirmed.recorded), *confirmed.skipped, *confirmed.warnings]
    if typed:
        symbol, price = typed
        desk.prices.check_typed(symbol, price)
        odd = desk.unusual(symbol, price)
        if (
            odd
            and not yes
            and not agreed(
                f"{symbol}: {plain(price)} is {odd}. Use it?", what=f"{symbol} at {plain(price)}, {odd},"
            )
        ):
            return [f"{symbol}: nothing was changed"]
        kept = desk.type_price(symbol, price)
        assert kept is not None, "a price was given"
        end = f"{kept.expires:%Y-%m-%d %H:%M} UTC"
        return [f"{symbol}: {plain(price)} {kept.currency} counts until {end}, or until the feed has a later one"]
    if unset:
        if unset not in desk.prices.typed():
            return [f"{unset}: no price was typed"]
        desk.type_price(unset, None)
        return [f"{unset}: the feed's price counts again"]
    return []


def split_ratio(text: str) -> tuple[Decimal, Decimal]:
    """New and old shares, as `NEW:OLD` gives them; BadInput for anything else."""
    new, _, old = text.partition(":")
    try:
        numbers = exact(new), exact(old)
    except ValueError as error:
        raise BadInput(f"{text!r} is no ratio", fix="write NEW:OLD, as in 2:1 for two shares out of one") from error
    return numbers


def _told(entry: Entry) -> str:
    return f"recorded #{entry.seq} split of {entry.symbol}"


def _amount(price: Any) -> str:
    return "-" if price is None else plain(price)
