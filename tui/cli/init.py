"""`init`: a first portfolio file from holdings that are typed in or given as options, checked against the feed."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

import click
from msgspec.structs import replace

from core.disk import create_whole, private_directory
from core.errors import BadInput, NoTrustedPrices, StrikezoneError
from core.market.open import ask_once
from core.market.quotes import Quote, QuoteBoard
from core.money import ZERO, exact, plain
from core.places import portfolios_directory
from core.portfolio import readers
from core.portfolio.file import parse_portfolio
from core.portfolio.table import Wrong
from core.portfolio.write import NewAsset, NewPortfolio, written
from core.text import clean
from tui.cli.common import data_at, print_json, shared, warn

Read = TypeVar("Read")
HUNDRED: Final = Decimal(100)
KINDS: Final = {"ETF": "etf", "EQUITY": "stock", "MUTUALFUND": "fund", "CRYPTOCURRENCY": "crypto"}
LEAST_SHARE: Final = Decimal("0.1")
TOLERANCE: Final = Decimal("0.01")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_LOT: Final = "SYMBOL QUANTITY [PRICE [DATE]]"


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--id", "id_", metavar="ID", help="Names the ledger: a-z, 0-9 and -.")
@click.option("--name", default="", help="What the screen calls it.")
@click.option("--base", metavar="CUR", help="The base currency (default USD).")
@click.option("--holding", "holdings", multiple=True, metavar="SYMBOL=QTY[@PRICE[@DATE]]", help="What is held.")
@click.option("--target", "targets", multiple=True, metavar="SYMBOL=PERCENT", help="What it should be.")
@click.option("--keep-weights", is_flag=True, help="Today's weights are the targets.")
@click.option("--cash", "balances", multiple=True, metavar="CUR=AMOUNT", help="Cash that is held.")
@click.option("--band", metavar="BAND", help='Tolerance: 3, "10%", "5/25" (default 3).')
@click.option("--offline", is_flag=True, help="Do not ask the feed whether the symbols are right.")
@shared
def init(
    file: Path | None,
    id_: str | None,
    name: str,
    base: str | None,
    holdings: Sequence[str],
    targets: Sequence[str],
    keep_weights: bool,
    balances: Sequence[str],
    band: str | None,
    offline: bool,
    data_dir: str | None,
    as_json: bool,
) -> int:
    """Write a first portfolio file. Without --holding it asks, one question at a time."""
    if file is not None and id_ is None and _ID.fullmatch(str(file)):  # as everywhere: a name is an id
        file, id_ = None, str(file)
    asking = not holdings and not targets
    if asking and not sys.stdin.isatty():
        raise BadInput("nothing is given, and there is no terminal to ask on", fix="give --holding SYMBOL=QTY, ...")
    base = _option("--base", readers.major_currency, base) if base else ""
    chosen = NewPortfolio(
        id=_option("--id", readers.portfolio_id, id_) if id_ else "",
        base_currency=base or "USD",
        assets=[_holding(text) for text in holdings],
        name=clean(name),
        balances=dict(_pair("--cash", text, readers.major_currency, readers.signed_amount) for text in balances),
        band=_band(band or "3"),
    )
    if asking:
        made = _Questions(chosen, data_at(data_dir), base, band, offline).answered()
    else:
        made = _from_options(chosen, dict(_pair("--target", t, readers.symbol, readers.amount) for t in targets),
                             data_at(data_dir), keep_weights, offline)  # fmt: skip
    _refuse_ledger(made.id, data_at(data_dir))
    path = _put(made, file)
    if as_json:
        print_json({"schema": 1, "path": str(path), "id": made.id, "symbols": [a.symbol for a in made.assets]})
    else:
        opened = made.id if path.parent == portfolios_directory() else str(path)
        click.echo(f"wrote {path}")
        click.echo(f"  strikezone check {opened}    one look")
        click.echo(f"  strikezone open {opened}     the monitor")
    return 0


def _from_options(
    chosen: NewPortfolio, targets: dict[str, Decimal], data: Path, keep_weights: bool, offline: bool
) -> NewPortfolio:
    assets = list(chosen.assets)
    known = {asset.symbol for asset in assets}
    if len(known) < len(assets):
        raise BadInput("--holding: a symbol is given twice", fix="more lots of it can be added in the file")
    assets += [NewAsset(symbol, ZERO, chosen.base_currency) for symbol in targets if symbol not in known]
    board = QuoteBoard()
    if not offline:
        board, trouble = ask_once(data, [asset.symbol for asset in assets])
        if trouble and not all(board.get(asset.symbol) for asset in assets):
            raise NoTrustedPrices(trouble, fix="nothing was written; try again, or add --offline")
        if strange := [a.symbol for a in assets if not _known(board.get(a.symbol))]:
            raise BadInput(
                f"Yahoo does not know {', '.join(strange)}",
                fix="nothing was written; look the symbol up on the feed's site, or add --offline",
            )
    assets = [_checked(asset, board.get(asset.symbol), chosen.base_currency) for asset in assets]
    if keep_weights and not targets:
        targets = _weights(assets, board, chosen.base_currency)
        if not targets:
            raise NoTrustedPrices("--keep-weights needs a price of everything", fix="give --target instead")
    if targets and abs(sum(targets.values(), ZERO) - HUNDRED) > TOLERANCE:
        raise BadInput(
            f"the targets sum to {plain(sum(targets.values(), ZERO))}, not 100",
            fix="nothing was written; correct --target",
        )
    return replace(
        chosen,
        id=chosen.id or "portfolio",
        assets=[replace(asset, target=targets.get(asset.symbol)) for asset in assets],
    )


class _Questions:
    """The questions of `init`, one at a time on standard error; Enter takes what is shown in brackets."""

    def __init__(self, chosen: NewPortfolio, data: Path, base: str, band: str | None, offline: bool) -> None:
        self._chosen, self._data, self._base, self._band, self._offline = chosen, data, base, band, offline
        self._board = QuoteBoard()

    def answered(self) -> NewPortfolio:
        """The portfolio as answered."""
        click.echo("A first portfolio file, in a few questions; Ctrl-C leaves and writes nothing.", err=True)
        name = self._chosen.name or self._ask("Name", clean, "My portfolio")
        id_ = self._chosen.id or self._ask("Short name for its ledger", readers.portfolio_id, _slug(name))
        base = self._base or self._ask("Base currency", readers.major_currency, "USD")
        assets = self._holdings(base)
        if not self._offline:
            assets = self._check(assets, base)
        assets = [_checked(asset, self._board.get(asset.symbol), base) for asset in assets]
        balances = dict(self._chosen.balances) or {base: self._ask(f"Cash in {base}", _amount, "0")}
        band = self._chosen.band if self._band else self._ask("Tolerance band, in points or as 10%", _band, "3")
        targets = self._targets(assets, base)
        return replace(
            self._chosen,
            id=id_,
            name=name,
            base_currency=base,
            balances=balances,
            band=band,
            assets=[replace(asset, target=targets.get(asset.symbol)) for asset in assets],
        )

    def _holdings(self, base: str) -> list[NewAsset]:
        click.echo(f"What you hold, a line each: {_LOT}. An empty line ends.", err=True)
        found: list[NewAsset] = []
        while True:
            line = click.prompt("  holding", default="", show_default=False, err=True).strip()
            if not line:
                if found:
                    return found
                click.echo("  at least one, please: VTI 100, for example", err=True)
                continue
            try:
                asset = replace(_lot(line.split()), currency=base)
                if any(asset.symbol == other.symbol for other in found):
                    raise BadInput(
                        f"{asset.symbol} is there already", fix="more lots of it can be added in the file"
                    )
                found.append(asset)
            except (BadInput, Wrong) as error:
                _say(error)

    def _check(self, assets: list[NewAsset], base: str) -> list[NewAsset]:
        """The assets whose symbols the feed knows, after asking for others in place of those it does not."""
        while True:
            self._board, trouble = ask_once(self._data, [asset.symbol for asset in assets])
            if trouble and not any(self._board.get(asset.symbol) for asset in assets):
                click.echo(f"  {trouble}", err=True)
                if click.confirm("  Go on without checking the symbols?", default=False, err=True):
                    return assets
                raise click.Abort
            kept: list[NewAsset] = []
            again = False
            for asset in assets:
                quote = self._board.get(asset.symbol)
                if _known(quote):
                    assert quote is not None
                    price = "-" if quote.price is None else plain(quote.price)
                    click.echo(f"  {asset.symbol:10} {quote.name or ''}  {price} {quote.currency or ''}", err=True)
                    kept.append(asset)
                    continue
                other = self._ask(
                    f"  Yahoo does not know {asset.symbol}; its symbol there, or Enter to leave it out",
                    lambda text: readers.symbol(text) if text else "",
                    "",
                )
                if other:
                    kept.append(replace(asset, symbol=other))
                    again = True
            assets = kept
            if not assets:
                raise BadInput("nothing is left", fix="nothing was written; begin again")
            if not again:
                return assets

    def _targets(self, assets: list[NewAsset], base: str) -> dict[str, Decimal]:
        """A target of each, in percent, that sum to 100; today's weights are offered."""
        shown = _weights(assets, self._board, base)
        even = {a.symbol: share for a, share in zip(assets, _shares([Decimal(1)] * len(assets)), strict=True)}
        offered = shown or even
        click.echo("Targets, in percent of the portfolio; they sum to 100.", err=True)
        while True:
            targets = {
                asset.symbol: self._ask(f"  target of {asset.symbol}", _percent, plain(offered[asset.symbol]))
                for asset in assets
            }
            total = sum(targets.values(), ZERO)
            if abs(total - HUNDRED) <= TOLERANCE:
                return targets
            click.echo(f"  these sum to {plain(total)}: once more, please", err=True)
            offered = targets

    def _ask(self, question: str, read: Callable[[str], Read], default: str) -> Read:
        while True:
            text = click.prompt(question, default=default, show_default=bool(default), err=True)
            try:
                return read(str(text).strip())
            except (BadInput, Wrong, ValueError) as error:
                _say(error)


def _say(error: Exception) -> None:
    """One line about what was typed."""
    if isinstance(error, Wrong):
        click.echo(f"  it {error.what}; {error.fix}", err=True)
    elif isinstance(error, StrikezoneError):
        click.echo(f"  {error}; {error.problems[0].fix}", err=True)
    else:
        click.echo(f"  {error}", err=True)


def _refuse_ledger(id_: str, data: Path) -> None:
    """A ledger of that name holds what was recorded for another file."""
    if any((data / id_ / name).exists() for name in ("ledger.json", "ledger.json.log")):
        raise BadInput(
            f"{data / id_} has a ledger already",
            fix="nothing was written; give another --id, or move the ledger away",
        )


def _put(made: NewPortfolio, file: Path | None) -> Path:
    """Writes the file where none is, after reading it back."""
    path = file or portfolios_directory() / f"{made.id}.toml"
    text = written(made)
    parse_portfolio(text, str(path), path.parent)
    try:
        private_directory(path.absolute().parent)
        create_whole(path.absolute(), text.encode())
    except FileExistsError as error:
        raise BadInput(f"{path} is there already", fix="nothing was written; give another FILE or --id") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}", fix="give another FILE") from error
    return path


def _known(quote: Quote | None) -> bool:
    """Whether the feed knows the symbol, be it without a price at present."""
    return quote is not None and (quote.price is not None or quote.currency is not None)


def _checked(asset: NewAsset, quote: Quote | None, base: str) -> NewAsset:
    """The asset with what the feed says of it: name, kind, currency, and the unit in which its price was typed."""
    if quote is None or quote.currency is None:
        return replace(asset, currency=base)
    currency = quote.currency
    raw = quote.raw_currency
    if raw not in (None, currency) and asset.price and quote.price:
        in_minor = abs(math.log(float(asset.price / quote.price))) > math.log(10)
        if in_minor:
            currency = str(raw)
            warn([f"{asset.symbol}: {plain(asset.price)} is taken to be in {raw}"])
    return replace(asset, currency=currency, name=quote.name or "", kind=KINDS.get(quote.kind or "", ""))


def _weights(assets: Sequence[NewAsset], board: QuoteBoard, base: str) -> dict[str, Decimal]:
    """Today's weights in percent with one decimal; empty if a price is missing or in another currency."""
    values = []
    for asset in assets:
        quote = board.get(asset.symbol)
        if quote is None or quote.price is None or quote.currency != base:
            return {}
        values.append(asset.quantity * quote.price)
    if not sum(values, ZERO):
        return {}
    return {asset.symbol: share for asset, share in zip(assets, _shares(values), strict=True)}


def _shares(values: Sequence[Decimal]) -> list[Decimal]:
    """The values in percent with one decimal, adding up to exactly 100: the largest takes what rounding leaves.

    What is held gets a tenth at least: a target of 0 would sell it.
    """
    total = sum(values, ZERO)
    shares = [max(round(HUNDRED * value / total, 1), LEAST_SHARE if value else ZERO) for value in values]
    shares[max(range(len(values)), key=lambda i: values[i])] += HUNDRED - sum(shares, ZERO)
    return shares


def _holding(text: str) -> NewAsset:
    """`SYMBOL=QTY[@PRICE[@DATE]]`."""
    symbol, equals, rest = text.rpartition("=")
    if not equals:
        raise BadInput(f"--holding {clean(text)} is not understood", fix="write SYMBOL=QTY, as in VTI=100@210.50")
    try:
        return _lot([symbol, *rest.split("@")])
    except Wrong as wrong:
        raise BadInput(f"--holding {clean(text)}: it {wrong.what}", fix=wrong.fix) from wrong


def _lot(words: Sequence[str]) -> NewAsset:
    """Symbol, quantity, and if known the price and the day of purchase."""
    if not 2 <= len(words) <= 4:
        raise BadInput(f"that is not {_LOT}", fix="for example VTI 100 210.50 2023-05-01")
    price = readers.amount(_number(words[2])) if len(words) > 2 else None
    acquired: date | None = readers.day(words[3]) if len(words) > 3 else None
    return NewAsset(readers.symbol(words[0]), readers.amount(_number(words[1])), "", price, acquired)


def _pair(
    option: str, text: str, read_name: Callable[[object], str], read_number: Callable[[object], Decimal]
) -> tuple[str, Decimal]:
    name, equals, number = text.rpartition("=")
    try:
        if not equals:
            raise Wrong("has no =", "write NAME=NUMBER")
        return read_name(name), read_number(_number(number))
    except Wrong as wrong:
        raise BadInput(f"{option} {clean(text)}: it {wrong.what}", fix=wrong.fix) from wrong


def _option(option: str, read: Callable[[object], str], text: str) -> str:
    try:
        return read(text)
    except Wrong as wrong:
        raise BadInput(f"{option}: it {wrong.what}", fix=wrong.fix) from wrong


def _number(text: str) -> Decimal:
    try:
        return exact(text.replace(",", ""))
    except ValueError as error:
        raise Wrong(f"must be a number: {clean(text, 20)!r}", "write it like 100 or 210.50") from error


def _amount(text: str) -> Decimal:
    return readers.signed_amount(_number(text))


def _percent(text: str) -> Decimal:
    return readers.number(0, 100)(_number(text.removesuffix("%")))


def _band(text: str) -> str:
    """A band as a user writes it, if the file can hold it."""
    text = text.strip()
    if not re.fullmatch(r"\d{1,3}(\.\d+)?(\s*%|\s*/\s*\d{1,3}(\.\d+)?)?", text, re.ASCII):
        raise BadInput(f"{clean(text, 20)!r} is no band", fix='write 3, "10%" or "5/25"')
    return text


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "portfolio"
