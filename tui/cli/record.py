"""`record`: what happened elsewhere, typed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import click

from core.book.entries import Draft, Side
from core.clock import local_zone
from core.desk.desk import Desk
from core.errors import BadInput
from core.ledger.state import load_state
from core.money import MINOR_UNITS, ONE, ZERO, exact, plain
from core.portfolio.model import Portfolio
from core.text import clean
from tui.cli.common import DAY, DECIMAL, ID, default_portfolio, opened, portfolio_at, print_json, shared, warn
from tui.cli.confirm import confirmed_json
from tui.cli.quotes import split_ratio


@click.group()
def record() -> None:
    """Record what happened elsewhere: buys, sells, deposits, withdrawals and splits."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for decorator in (
        shared,
        click.option("--id", "id_", type=ID, default="", help="Recorded once, however often it is given."),
        click.option("--rate", type=DECIMAL, help="Base currency per unit of currency on that day."),
        click.option("--currency", help="Default: the asset's, or the portfolio's."),
        click.option("--date", "day", type=DAY, help="When it happened (default: today)."),
    ):
        command = decorator(command)
    return command


def _trade_options(command: Callable[..., Any]) -> Callable[..., Any]:
    return _options(
        click.option("--fees", type=DECIMAL, default="0", help="Commission and all other fees.")(command)
    )


@record.command("buy")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL QTY PRICE")
@_trade_options
def buy(words: tuple[str, ...], **options: Any) -> int:
    """A purchase; its fees add to the basis."""
    return _trade("buy", words, options)


@record.command("sell")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL QTY PRICE")
@click.option("--method", type=click.Choice(["fifo"]), default="fifo", help="Which lots are sold.")
@_trade_options
def sell(words: tuple[str, ...], method: str, **options: Any) -> int:
    """A sale; its fees reduce the proceeds."""
    return _trade("sell", words, options)


@record.command("deposit")
@click.argument("words", nargs=-1, metavar="FILE AMOUNT")
@_options
def deposit(words: tuple[str, ...], **options: Any) -> int:
    """Cash paid in."""
    return _cash(1, words, options)


@record.command("withdraw")
@click.argument("words", nargs=-1, metavar="FILE AMOUNT")
@_options
def withdraw(words: tuple[str, ...], **options: Any) -> int:
    """Cash taken out."""
    return _cash(-1, words, options)


@record.command("split")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL NEW:OLD")
@click.option("--id", "id_", type=ID, default="", help="Recorded once, however often it is given.")
@click.option("--date", "day", type=DAY, help="The first day in new units (default: today).")
@shared
def split(words: tuple[str, ...], **options: Any) -> int:
    """New units for old ones; lots held before that day change, their basis stays."""
    portfolio, (symbol, ratio) = _words(words, ("SYMBOL", "NEW:OLD"))
    new, old = split_ratio(ratio)
    asset = portfolio.asset(symbol)
    currency = asset.currency if asset else portfolio.base_currency
    if options["day"] is not None and options["day"] > datetime.now(UTC).date() + timedelta(days=1):
        raise BadInput(f"{options['day']} is still to come", fix="record the split on its first day in new units")
    return _record(
        portfolio,
        {**options, "currency": None, "rate": None},
        lambda day: Draft(
            id=options["id_"], kind="split", effective=day, currency=currency, symbol=symbol, new=new, old=old
        ),
    )


def _trade(side: Side, words: tuple[str, ...], options: dict[str, Any]) -> int:
    portfolio, (symbol, quantity, price) = _words(words, ("SYMBOL", "QTY", "PRICE"))
    asset = portfolio.asset(symbol)
    currency = asset.currency if asset else portfolio.base_currency
    parts = _parts(options["currency"], currency)
    _say_rate_unit(options)
    fees: Decimal = options["fees"]
    if fees < 0:
        raise BadInput("--fees cannot be negative", fix="give what was charged")
    return _record(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="trade",
            effective=day,
            symbol=symbol,
            side=side,
            quantity=_positive(quantity, "QTY"),
            price=_positive(price, "PRICE") / parts,
            fees=fees / parts,
            currency=currency,
            rate=options["rate"],
        ),
    )


def _cash(sign: int, words: tuple[str, ...], options: dict[str, Any]) -> int:
    portfolio, (amount,) = _words(words, ("AMOUNT",))
    _say_rate_unit(options)
    currency, parts = MINOR_UNITS.get(options["currency"], (options["currency"] or portfolio.base_currency, 1))
    return _record(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="cash",
            effective=day,
            amount=sign * _positive(amount, "AMOUNT") / parts,
            currency=currency,
            rate=options["rate"],
        ),
    )


def _say_rate_unit(options: dict[str, Any]) -> None:
    """A rate is per pound, also where amounts are in pence: with both given it could be meant otherwise."""
    if options["rate"] is not None and options["currency"] in MINOR_UNITS:
        warn([f"--rate {plain(options['rate'])} is taken to be per {MINOR_UNITS[options['currency']][0]}"])


def _parts(given: str | None, currency: str) -> int:
    """How many of the unit that `--currency` names are one of the asset's currency: 100 for GBp and GBP."""
    major, parts = MINOR_UNITS.get(given or currency, (given or currency, 1))
    if major != currency:
        raise BadInput(
            f"--currency {given} is not {currency}, the currency of the asset",
            fix=f"give the price in {currency}; `currency` in the portfolio file says what an asset is traded in",
        )
    return parts


def _check_unit(draft: Draft, desk: Desk, given: str | None) -> None:
    """A price of an asset that is quoted in pence, typed without a unit: pounds, unless that cannot be."""
    asset = desk.portfolio.asset(draft.symbol or "")
    if draft.kind != "trade" or asset is None or not asset.price_unit or given is not None or not draft.price:
        return
    minor, price = asset.price_unit, plain(draft.price)
    known = load_state(desk.ledger.folder).prices.get(asset.symbol)
    if known is not None and known.trusted is not None and 20 < draft.price / known.trusted.price < 2000:
        raise BadInput(
            f"{price} {asset.currency} for {asset.symbol}, whose last price was {plain(known.trusted.price)}",
            fix=f"nothing was recorded; add --currency {minor} if that is {minor}, or --currency {asset.currency}",
        )
    warn([f"{asset.symbol}: {price} is taken to be in {asset.currency}; --currency {minor} says otherwise"])


def _check_currency(draft: Draft, desk: Desk) -> None:
    """A payment may be in any currency that the portfolio knows; another one is a slip."""
    portfolio = desk.portfolio
    known = {portfolio.base_currency, *(a.currency for a in portfolio.assets), *desk.ledger.book.cash}
    if draft.currency not in known:
        raise BadInput(
            f"--currency {clean(draft.currency, 8)}: the portfolio has nothing in it",
            fix=f"its currencies are {', '.join(sorted(known))}; an asset or a balance in the file adds another",
        )
    if draft.currency == portfolio.base_currency and draft.rate not in (None, ONE):
        raise BadInput(f"--rate must be 1: the money is in {draft.currency}, the base currency", fix="leave it out")


def _record(
    portfolio: Portfolio,
    options: dict[str, Any],
    make: Callable[[date], Draft],
) -> int:
    today = datetime.now(UTC).astimezone(local_zone(portfolio.timezone)).date()
    given: date | None = options["day"]
    if given is not None and given > today:
        warn((f"{given} is in the future",))
    with opened(portfolio, options["data_dir"]) as desk:
        day = given or _recorded_day(desk, options["id_"]) or today
        draft = make(day)
        _check_currency(draft, desk)
        _check_unit(draft, desk, options["currency"])
        confirmed = desk.record(draft)
    warn(confirmed.warnings + confirmed.skipped)
    if any(entry.rate is None and entry.kind != "split" for entry in confirmed.recorded):
        base = portfolio.base_currency
        warn([f"no --rate: what this was worth in {base} on that day is unknown, and so will its gain be"])
    if options["as_json"]:
        print_json(confirmed_json(confirmed))
    else:
        from tui.console import print_confirmed

        print_confirmed(confirmed)
    return 0


def _recorded_day(desk: Desk, id_: str) -> date | None:
    """The day of the entry `id_`: said again on another day without --date, it is still the same."""
    return next((entry.effective for entry in desk.entries() if id_ and entry.id == id_), None)


def _words(words: tuple[str, ...], names: tuple[str, ...]) -> tuple[Portfolio, tuple[str, ...]]:
    """The portfolio and the other arguments; FILE may be left out where there is a default portfolio."""
    if len(words) == len(names) + 1:
        return portfolio_at(words[0]), words[1:]
    if len(words) == len(names) and default_portfolio() is not None:
        return portfolio_at(None), words
    raise BadInput(
        f"it takes {len(names) + 1} arguments, not {len(words)}",
        fix=f"give FILE {' '.join(names)}; FILE may be left out where the configuration names a default",
    )


def _positive(text: str, name: str) -> Decimal:
    try:
        number = exact(text)
    except ValueError as error:
        raise BadInput(f"{name}: {error}", fix="write it like 12.5") from error
    if number <= ZERO:
        raise BadInput(f"{name} must be positive, not {text}", fix="correct it")
    return number
