"""`record`: what happened elsewhere, typed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, get_args

import click
from msgspec.structs import replace

from core.book.choosing import Pick, picked
from core.book.entries import Draft, Entry, EntryLot, Method, Side
from core.clock import local_zone
from core.desk.desk import Desk
from core.errors import BadInput, Conflict
from core.ledger.state import load_state
from core.money import MINOR_UNITS, ONE, ZERO, plain
from core.portfolio.model import Portfolio
from core.text import clean
from tui.cli.common import (
    DAY,
    DECIMAL,
    ID,
    default_portfolio,
    far_price,
    opened,
    pick,
    portfolio_at,
    positive,
    print_json,
    shared,
    warn,
)
from tui.cli.confirm import confirmed_json

METHODS: Final = get_args(Method)
LONGEST_NOTE: Final = 200
NEAR_DAYS: Final = 7  # within which the last trusted price says something of another day's
_MONEYLESS: Final = frozenset({"split", "spinoff", "rename", "transfer"})


@click.group()
def record() -> None:
    """Record what happened elsewhere: trades, payments, dividends, fees, splits, spin-offs, transfers."""


def options_of_all(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what every kind of entry may be given, its money apart."""
    for decorator in (
        shared,
        click.option("--note", default="", help="A line of your own."),
        click.option("--id", "id_", type=ID, default="", help="Recorded once, however often it is given."),
        click.option("--date", "day", type=DAY, help="When it happened (default: today)."),
    ):
        command = decorator(command)
    return command


def options_of_money(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what every payment may be given."""
    for decorator in (
        options_of_all,
        click.option("--rate", type=DECIMAL, help="Base currency per unit of currency on that day."),
        click.option("--currency", help="Default: the asset's, or the portfolio's."),
    ):
        command = decorator(command)
    return command


def _trade_options(command: Callable[..., Any]) -> Callable[..., Any]:
    return options_of_money(
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
@click.option(
    "--method", type=click.Choice(METHODS), help="Which lots are sold (default: the file's [tax] method)."
)
@click.option(
    "--lot",
    "lots",
    multiple=True,
    metavar="ACQUIRED[:QTY]",
    help="Sell of the lot bought that day; may be repeated.",
)
@_trade_options
def sell(words: tuple[str, ...], **options: Any) -> int:
    """A sale; its fees reduce the proceeds."""
    if options["lots"] and options["method"] not in (None, "specific"):
        raise BadInput(f"--lot names the lots, --method {options['method']} chooses them", fix="give one of both")
    return _trade("sell", words, options)


@record.command("deposit")
@click.argument("words", nargs=-1, metavar="FILE AMOUNT")
@options_of_money
def deposit(words: tuple[str, ...], **options: Any) -> int:
    """Cash paid in."""
    return _cash(1, words, options)


@record.command("withdraw")
@click.argument("words", nargs=-1, metavar="FILE AMOUNT")
@options_of_money
def withdraw(words: tuple[str, ...], **options: Any) -> int:
    """Cash taken out."""
    return _cash(-1, words, options)


def _trade(side: Side, words: tuple[str, ...], options: dict[str, Any]) -> int:
    portfolio, (symbol, quantity, price) = words_of(words, ("SYMBOL", "QTY", "PRICE"))
    asset = portfolio.asset(symbol)
    currency = asset.currency if asset else portfolio.base_currency
    parts = _parts(options["currency"], currency)
    fees: Decimal = options["fees"]
    if fees < 0:
        raise BadInput("--fees cannot be negative", fix="give what was charged")
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="trade",
            effective=day,
            symbol=symbol,
            side=side,
            quantity=positive(quantity, "QTY"),
            price=positive(price, "PRICE") / parts,
            fees=fees / parts,
            currency=currency,
            rate=options["rate"],
            method=options.get("method"),
            note=note_of(options),
        ),
        [pick(text) for text in options.get("lots", ())],
    )


def _cash(sign: int, words: tuple[str, ...], options: dict[str, Any]) -> int:
    portfolio, (amount,) = words_of(words, ("AMOUNT",))
    currency, parts = MINOR_UNITS.get(options["currency"], (options["currency"] or portfolio.base_currency, 1))
    return record_draft(
        portfolio,
        options,
        lambda day: Draft(
            id=options["id_"],
            kind="cash",
            effective=day,
            amount=sign * positive(amount, "AMOUNT") / parts,
            currency=currency,
            rate=options["rate"],
            note=note_of(options),
        ),
    )


def _rate_unit(options: dict[str, Any]) -> Iterator[str]:
    """A rate is per pound, also where amounts are in pence: with both given it could be meant otherwise."""
    rate, currency = options.get("rate"), options.get("currency")
    if rate is not None and currency in MINOR_UNITS:
        yield f"--rate {plain(rate)} is taken to be per {MINOR_UNITS[currency][0]}"


def _parts(given: str | None, currency: str) -> int:
    """How many of the unit that `--currency` names are one of the asset's currency: 100 for GBp and GBP."""
    major, parts = MINOR_UNITS.get(given or currency, (given or currency, 1))
    if major != currency:
        raise BadInput(
            f"--currency {given} is not {currency}, the currency of the asset",
            fix=f"give the price in {currency}; `currency` in the portfolio file says what an asset is traded in",
        )
    return parts


def _unit(draft: Draft, desk: Desk, given: str | None) -> Iterator[str]:
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
    yield f"{asset.symbol}: {price} is taken to be in {asset.currency}; --currency {minor} says otherwise"


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


def note_of(options: dict[str, Any]) -> str:
    """The note, cleaned."""
    return clean(options["note"], LONGEST_NOTE)


def record_draft(
    portfolio: Portfolio,
    options: dict[str, Any],
    make: Callable[[date], Draft],
    picks: Sequence[Pick] = (),
) -> int:
    """Records what `make` drafts for the day that is meant, and says so; `picks` name the lots of a sale."""
    today = datetime.now(UTC).astimezone(local_zone(portfolio.timezone)).date()
    given: date | None = options["day"]
    said = [] if given is None or given <= today else [f"{given} is in the future"]
    said += _rate_unit(options)
    with opened(portfolio, options["data_dir"]) as desk:
        day = given or _recorded_day(desk, options["id_"]) or today
        draft = _with_lots(make(day), desk, picks)
        _check_currency(draft, desk)
        said += _unit(draft, desk, options.get("currency"))
        said += _far(draft, desk)
        confirmed = desk.record(draft)
    warn(said)
    warn(confirmed.warnings + confirmed.skipped)
    if any(entry.rate is None and entry.kind not in _MONEYLESS for entry in confirmed.recorded):
        base = portfolio.base_currency
        warn([f"no --rate: what this was worth in {base} on that day is unknown, and so will its gain be"])
    if options["as_json"]:
        print_json(confirmed_json(confirmed))
    else:
        from tui.records import print_confirmed

        print_confirmed(confirmed)
    return 0


def _far(draft: Draft, desk: Desk) -> list[str]:
    """What to say of a price that is far from the last trusted one, if that is of about the same day."""
    if draft.kind != "trade" or draft.price is None:
        return []
    try:
        known = load_state(desk.ledger.folder).prices.get(draft.symbol or "")
    except BadInput:  # what is remembered of prices keeps nobody from recording
        return []
    if known is None or known.trusted is None:
        return []
    if abs((known.trusted.time.date() - draft.effective).days) > NEAR_DAYS:
        return []
    return far_price(draft.symbol or "", draft.price, known.trusted.price)


def _require_lots(draft: Draft, desk: Desk) -> None:
    """Refuses a sale whose lots are to be named, and are not, where there is a choice."""
    method = draft.method or desk.portfolio.tax.method
    if draft.side != "sell" or method != "specific":
        return
    lots = desk.ledger.held_on(draft.symbol or "", draft.effective)
    if len(lots) > 1 and (draft.quantity or ZERO) < sum((lot.quantity for lot in lots), ZERO):
        named = ", ".join(f"{lot.held_since or 'unknown'}:{plain(lot.quantity)}" for lot in lots[:6])
        raise BadInput(
            'the method is "specific", and no lot is named', where=draft.symbol or "",
            fix=f"nothing was recorded; add --lot: {named}",
        )  # fmt: skip


def _with_lots(draft: Draft, desk: Desk, picks: Sequence[Pick]) -> Draft:
    """`draft` with the lots that were named; said again under its id, they have to be those of its entry."""
    known = next((entry for entry in desk.entries() if draft.id and entry.id == draft.id), None)
    if known is not None:
        _check_said_again(known, draft, desk, picks)
        return draft
    if not picks:
        _require_lots(draft, desk)
        return draft
    try:
        lots = picked(desk.ledger.held_on(draft.symbol or "", draft.effective), picks, draft.quantity or ZERO)
    except ValueError as error:
        raise BadInput(
            f"--lot: {error}",
            where=draft.symbol or "",
            fix="nothing was recorded; `strikezone ledger positions` shows the lots",
        ) from error
    return replace(draft, lots=lots)


def _check_said_again(known: Entry, draft: Draft, desk: Desk, picks: Sequence[Pick]) -> None:
    """Conflict if a sale that is recorded as `known` is said again with another method, or with other lots."""
    if known.side != "sell" or draft.side != "sell":
        return
    method = "specific" if picks else "fifo" if draft.method == "specific" else draft.method
    alike = method in (None, known.method)
    if alike and picks:
        held = desk.ledger.held_on(str(known.symbol), known.effective, before=known.seq)
        try:
            named = picked(held, picks, draft.quantity or ZERO)
        except ValueError:
            named = ()
        alike = _by_lot(named) == _by_lot(known.lots)
    if not alike:
        raise Conflict(
            f"{draft.id} is already recorded, as entry {known.seq}, with other lots",
            fix="nothing was recorded; give another id, or void that entry first",
        )


def _by_lot(parts: Sequence[EntryLot]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for part in parts:
        sums[part.lot] = sums.get(part.lot, ZERO) + part.quantity
    return sums


def _recorded_day(desk: Desk, id_: str) -> date | None:
    """The day of the entry `id_`: said again on another day without --date, it is still the same."""
    return next((entry.effective for entry in desk.entries() if id_ and entry.id == id_), None)


def words_of(words: tuple[str, ...], names: tuple[str, ...]) -> tuple[Portfolio, tuple[str, ...]]:
    """The portfolio and the other arguments; FILE may be left out where there is a default portfolio."""
    if len(words) == len(names) + 1:
        return portfolio_at(words[0]), words[1:]
    if len(words) == len(names) and default_portfolio() is not None:
        return portfolio_at(None), words
    raise BadInput(
        f"it takes {len(names) + 1} arguments, not {len(words)}",
        fix=f"give FILE {' '.join(names)}; FILE may be left out where the configuration names a default",
    )
