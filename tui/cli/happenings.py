"""`record dividend`, `interest`, `fee`, `split`, `spinoff`, `rename`, `transfer`: what is no trade of one's own."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

import click

from core.book.entries import Draft, HeadLot
from core.errors import BadInput
from core.money import MINOR_UNITS, ONE, ZERO, exact, plain
from core.portfolio.model import Asset, Portfolio
from core.text import clean
from tui.cli.common import DECIMAL, positive
from tui.cli.quotes import split_ratio
from tui.cli.record import (
    note_of,
    options_of_all,
    options_of_money,
    record,
    record_draft,
    words_of,
)  # fmt: skip

_PURCHASE: Final = re.compile(r"(?P<quantity>[^@]+)@(?P<price>[^@]+)")
_LOT: Final = re.compile(r"(?P<acquired>[^:]*):(?P<quantity>[^@*]+)(?:@(?P<price>[^@*]+))?(?:\*(?P<rate>[^@*]+))?")


@record.command("dividend")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL AMOUNT")
@click.option("--withheld", type=DECIMAL, help="Tax that was kept back; AMOUNT is what came.")
@click.option("--reinvest", metavar="QTY@PRICE", help="What was bought with it.")
@click.option("--fees", type=DECIMAL, help="Of the reinvestment.")
@options_of_money
def dividend(words: tuple[str, ...], **options: Any) -> int:
    """A dividend received, in cash or reinvested."""
    portfolio, (symbol, amount) = words_of(words, ("SYMBOL", "AMOUNT"))
    currency, parts = _currency(options, portfolio, symbol)
    quantity, price = _purchase(options["reinvest"])
    withheld, fees = options["withheld"] or ZERO, options["fees"] or ZERO
    if fees and quantity is None:
        raise BadInput("--fees are those of a reinvestment", fix="give --reinvest QTY@PRICE, or record a fee")
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="dividend",
            effective=day,
            symbol=symbol,
            amount=_not_negative(amount, "AMOUNT") / parts,
            withheld=withheld / parts,
            quantity=quantity,
            price=None if price is None else price / parts,
            fees=fees / parts,
            currency=currency,
            rate=options["rate"],
            note=note_of(options),
        ),
    )


@record.command("interest")
@click.argument("words", nargs=-1, metavar="FILE AMOUNT")
@click.option("--symbol", help="What it was paid for.")
@click.option("--withheld", type=DECIMAL, help="Tax that was kept back; AMOUNT is what came.")
@options_of_money
def interest(words: tuple[str, ...], **options: Any) -> int:
    """Interest received."""
    return _payment("interest", 1, words, options)


@record.command("fee")
@click.argument("words", nargs=-1, metavar="FILE AMOUNT")
@click.option("--symbol", help="What it was charged for.")
@options_of_money
def fee(words: tuple[str, ...], **options: Any) -> int:
    """A charge that belongs to no trade."""
    return _payment("fee", -1, words, options)


@record.command("split")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL NEW:OLD")
@options_of_all
def split(words: tuple[str, ...], **options: Any) -> int:
    """New units for old ones; lots held before that day change, their basis stays."""
    portfolio, (symbol, ratio) = words_of(words, ("SYMBOL", "NEW:OLD"))
    new, old = split_ratio(ratio)
    _refuse_future(options["day"], "split")
    currency = _asset_currency(portfolio, symbol)
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="split",
            effective=day,
            currency=currency,
            symbol=symbol,
            new=new,
            old=old,
            note=note_of(options),
        ),
    )


@record.command("spinoff")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL NEWSYMBOL NEW:OLD")
@click.option("--basis", type=DECIMAL, required=True, help="Percent of the basis that goes to the new shares.")
@options_of_all
def spinoff(words: tuple[str, ...], **options: Any) -> int:
    """NEW units of NEWSYMBOL beside every OLD ones of SYMBOL, with a share of their basis and their days."""
    portfolio, (symbol, to, ratio) = words_of(words, ("SYMBOL", "NEWSYMBOL", "NEW:OLD"))
    new, old = split_ratio(ratio)
    _refuse_future(options["day"], "spin-off")
    currency = _asset_currency(portfolio, symbol)
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="spinoff",
            effective=day,
            currency=currency,
            symbol=symbol,
            to=to,
            new=new,
            old=old,
            basis_share=options["basis"] / 100,
            note=note_of(options),
        ),
    )


@record.command("rename")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL NEWSYMBOL")
@options_of_all
def rename(words: tuple[str, ...], **options: Any) -> int:
    """SYMBOL is called NEWSYMBOL from that day on: its lots and its history go with it."""
    portfolio, (symbol, to) = words_of(words, ("SYMBOL", "NEWSYMBOL"))
    _refuse_future(options["day"], "change of symbol")
    currency = _asset_currency(portfolio, to)
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="rename",
            effective=day,
            currency=currency,
            symbol=symbol,
            to=to,
            note=note_of(options),
        ),
    )


@record.command("transfer")
@click.argument("words", nargs=-1, metavar="FILE SYMBOL")
@click.option(
    "--lot",
    "lots",
    multiple=True,
    metavar="ACQUIRED:QTY[@PRICE][*RATE]",
    help="A lot that came, with its own day, price per unit and exchange rate of that day; may be repeated.",
)
@options_of_all
def transfer(words: tuple[str, ...], **options: Any) -> int:
    """Lots that came from another account, with their own basis and days of purchase."""
    portfolio, (symbol,) = words_of(words, ("SYMBOL",))
    asset = portfolio.asset(symbol)
    if not options["lots"]:
        raise BadInput("no --lot is given", fix="write --lot 2019-03-01:50@120.50 for each lot that came")
    received = tuple(_received(text, asset) for text in options["lots"])
    currency = _asset_currency(portfolio, symbol)
    if currency == portfolio.base_currency and any(lot.rate not in (None, ONE) for lot in received):
        raise BadInput(f"the rate of a lot in {currency}, the base currency, is 1", fix="leave *RATE out")
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="transfer",
            effective=day,
            currency=currency,
            symbol=symbol,
            received=received,
            note=note_of(options),
        ),
    )


def _payment(kind: Literal["interest", "fee"], sign: int, words: tuple[str, ...], options: dict[str, Any]) -> int:
    portfolio, (amount,) = words_of(words, ("AMOUNT",))
    currency, parts = _currency(options, portfolio, options["symbol"])
    withheld: Decimal = options.get("withheld") or ZERO
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind=kind,
            effective=day,
            symbol=options["symbol"],
            amount=sign * positive(amount, "AMOUNT") / parts,
            withheld=withheld / parts,
            currency=currency,
            rate=options["rate"],
            note=note_of(options),
        ),
    )


def _currency(options: dict[str, Any], portfolio: Portfolio, symbol: str | None) -> tuple[str, int]:
    """The currency of an amount, and how many of the unit that was named are one of it."""
    asset = portfolio.asset(symbol or "")
    named = options["currency"] or (asset.currency if asset else portfolio.base_currency)
    return MINOR_UNITS.get(named, (named, 1))


def _asset_currency(portfolio: Portfolio, symbol: str) -> str:
    asset = portfolio.asset(symbol)
    return asset.currency if asset else portfolio.base_currency


def _purchase(text: str | None) -> tuple[Decimal | None, Decimal | None]:
    """`QTY@PRICE`."""
    if text is None:
        return None, None
    found = _PURCHASE.fullmatch(text)
    if found is None:
        raise BadInput(f"--reinvest {clean(text, 40)} is not QTY@PRICE", fix="write it like 0.734@68.12")
    return positive(found["quantity"], "--reinvest QTY"), positive(found["price"], "--reinvest PRICE")


def _received(text: str, asset: Asset | None) -> HeadLot:
    """`ACQUIRED:QTY[@PRICE][*RATE]`; an empty ACQUIRED is an unknown day. Prices are in the unit of the file."""
    found = _LOT.fullmatch(text)
    shown = clean(text, 60)
    if found is None:
        raise BadInput(f"--lot {shown} is no lot", fix="write it like 2019-03-01:50@120.50")
    try:
        acquired = date.fromisoformat(found["acquired"]) if found["acquired"] else None
    except ValueError as error:
        raise BadInput(f"--lot {shown}: no date", fix="write it like 2019-03-01:50@120.50") from error
    _, parts = MINOR_UNITS.get(asset.price_unit if asset else "", ("", 1))
    price = _not_negative(found["price"], "--lot PRICE") / parts if found["price"] else None
    rate = positive(found["rate"], "--lot RATE") if found["rate"] else None
    return HeadLot(positive(found["quantity"], "--lot QTY"), price, acquired, rate)


def _not_negative(text: str, name: str) -> Decimal:
    try:
        number = exact(text)
    except ValueError as error:
        raise BadInput(f"{name}: {error}", fix="write it like 12.5") from error
    if number < 0:
        raise BadInput(f"{name} cannot be negative: {plain(number)}", fix="correct it")
    return number


def _refuse_future(day: date | None, what: str) -> None:
    if day is not None and day > datetime.now(UTC).date() + timedelta(days=1):
        raise BadInput(f"{day} is still to come", fix=f"record the {what} on its first day")
