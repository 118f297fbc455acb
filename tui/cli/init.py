"""`init`: a first portfolio file from holdings that are typed in or given as options, checked against the feed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

import click
from msgspec.structs import replace

from core.disk import create_whole, private_directory
from core.errors import BadInput, NoTrustedPrices, StrikezoneError
from core.ledger.state import LEDGER_FILE
from core.market.currency import rate_symbol
from core.market.open import ask_once
from core.market.quotes import Quote, QuoteBoard
from core.money import ZERO, plain
from core.places import portfolios_directory
from core.portfolio import readers
from core.portfolio.file import parse_portfolio
from core.portfolio.table import Wrong
from core.portfolio.write import NewAsset, NewPortfolio, written
from core.text import clean
from tui.cli.answers import LOT, amount, band_text, holding, listed_symbol, lot, option_value, pairs, percent
from tui.cli.common import data_at, print_json, shared, warn

Read = TypeVar("Read")
HUNDRED: Final = Decimal(100)
CASH: Final = ""  # cash among the targets; no symbol is empty
KINDS: Final = {"ETF": "etf", "EQUITY": "stock", "MUTUALFUND": "fund", "CRYPTOCURRENCY": "crypto"}
LEAST_SHARE: Final = Decimal("0.1")
TOLERANCE: Final = Decimal("0.01")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]*")


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--id", "id_", metavar="ID", help="Names the ledger: a-z, 0-9 and -.")
@click.option("--name", default="", help="What the screen calls it.")
@click.option("--base", metavar="CUR", help="The base currency (default USD).")
@click.option("--holding", "holdings", multiple=True, metavar="SYMBOL=QTY[@PRICE[@DATE]]", help="What is held.")
@click.option("--target", "targets", multiple=True, metavar="SYMBOL=PERCENT", help="What it should be.")
@click.option("--cash-target", metavar="PERCENT", help="How much of it stays in cash (default 0).")
@click.option("--keep-weights", is_flag=True, help="Today's weights, cash included, are the targets.")
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
    cash_target: str | None,
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
    if file is not None and str(file) != clean(str(file), len(str(file))):
        raise BadInput(f"FILE {clean(str(file))!r} has control characters in its name", fix="give another FILE")
    if file is not None and id_ is None:  # each file its own ledger
        id_ = _slug(file.stem)
    asking = not holdings and not targets
    if asking and not sys.stdin.isatty():
        raise BadInput("nothing is given, and there is no terminal to ask on", fix="give --holding SYMBOL=QTY, ...")
    base = option_value("--base", readers.major_currency, base) if base else ""
    chosen = NewPortfolio(
        id=option_value("--id", readers.portfolio_id, id_) if id_ else "",
        base_currency=base or "USD",
        assets=[holding(text) for text in holdings],
        name=clean(name),
        balances=pairs("--cash", balances, readers.major_currency, readers.signed_amount),
        cash_target=option_value("--cash-target", percent, cash_target or "0"),
        band=band_text(band or "3"),
    )
    if asking:
        made = _Questions(chosen, data_at(data_dir), base, band, offline).answered()
    else:
        wanted = pairs("--target", targets, listed_symbol, readers.amount)
        made = _from_options(chosen, wanted, data_at(data_dir), keep_weights, offline)
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
        board = _with_rates(board, assets, chosen, data)
        targets = _weights(assets, board, chosen)
        if not targets:
            without = [a.symbol for a in assets if _base_price(a, board, chosen.base_currency) is None]
            without += [c for c in chosen.balances if _rate(c, board, chosen.base_currency) is None]
            raise NoTrustedPrices(
                f"--keep-weights needs a price of everything; there is none of {', '.join(without) or 'it'}",
                fix="nothing was written; give --target instead",
            )
        chosen = replace(chosen, cash_target=targets.pop(CASH))
    total = sum(targets.values(), chosen.cash_target)
    if targets and abs(total - HUNDRED) > TOLERANCE:
        raise BadInput(
            f"the targets sum to {plain(total)}, not 100",
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
        id_ = self._chosen.id or self._ask("Short name for its ledger", self._new_id, _slug(name))
        base = self._base or self._ask("Base currency", readers.major_currency, "USD")
        assets = self._holdings(base)
        if not self._offline:
            assets = self._check(assets, base)
        assets = [_checked(asset, self._board.get(asset.symbol), base) for asset in assets]
        balances = dict(self._chosen.balances) or {base: self._ask(f"Cash in {base}", amount, "0")}
        band = self._chosen.band if self._band else self._ask("Tolerance band, in points or as 10%", band_text, "3")
        answers = replace(self._chosen, id=id_, name=name, base_currency=base, balances=balances, band=band)
        targets = self._targets(assets, answers)
        return replace(
            answers,
            cash_target=targets.pop(CASH),
            assets=[replace(asset, target=targets.get(asset.symbol)) for asset in assets],
        )

    def _new_id(self, text: str) -> str:
        """An id that nothing is recorded under."""
        id_ = readers.portfolio_id(text)
        _refuse_ledger(id_, self._data)
        return id_

    def _holdings(self, base: str) -> list[NewAsset]:
        click.echo(f"What you hold, a line each: {LOT}. An empty line ends.", err=True)
        found: list[NewAsset] = []
        while True:
            line = click.prompt("  holding", default="", show_default=False, err=True).strip()
            if not line:
                if found:
                    return found
                click.echo("  at least one, please: VTI 100, for example", err=True)
                continue
            try:
                asset = replace(lot(line.split()), currency=base)
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
                    lambda text: listed_symbol(text) if text else "",
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

    def _targets(self, assets: list[NewAsset], answers: NewPortfolio) -> dict[str, Decimal]:
        """A target of each and of cash, in percent, that sum to 100; today's weights are offered."""
        board = self._board if self._offline else _with_rates(self._board, assets, answers, self._data)
        even = dict(zip((a.symbol for a in assets), _shares([Decimal(1)] * len(assets)), strict=True))
        offered = _weights(assets, board, answers) or {**even, CASH: ZERO}
        has_cash = any(answers.balances.values())
        click.echo("Targets, in percent of the portfolio; they sum to 100.", err=True)
        while True:
            targets = {
                name: self._ask(f"  target of {name or 'cash'}", percent, plain(share))
                if name or has_cash
                else ZERO
                for name, share in offered.items()
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
    if any((data / id_ / name).exists() for name in (LEDGER_FILE, LEDGER_FILE + ".log")):
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
    if raw not in (None, currency) and asset.price and quote.price and asset.price > 10 * quote.price:
        currency = str(raw)
        warn([f"{asset.symbol}: {plain(asset.price)} is taken to be in {raw}"])
    return replace(asset, currency=currency, name=quote.name or "", kind=KINDS.get(quote.kind or "", ""))


def _weights(assets: Sequence[NewAsset], board: QuoteBoard, chosen: NewPortfolio) -> dict[str, Decimal]:
    """Today's weights of assets and CASH, in percent with one decimal; empty if a price or a rate is missing."""
    base = chosen.base_currency
    values: list[Decimal] = []
    for asset in assets:
        price = _base_price(asset, board, base)
        if price is None:
            return {}
        values.append(asset.quantity * price)
    cash = ZERO
    for currency, balance in chosen.balances.items():
        rate = _rate(currency, board, base)
        if rate is None:
            return {}
        cash += balance * rate
    values.append(max(cash, ZERO))
    if not sum(values, ZERO):
        return {}
    return dict(zip([*(asset.symbol for asset in assets), CASH], _shares(values), strict=True))


def _with_rates(board: QuoteBoard, assets: Sequence[NewAsset], chosen: NewPortfolio, data: Path) -> QuoteBoard:
    """The board with the rates of all other currencies."""
    quoted = {quote.currency for asset in assets if (quote := board.get(asset.symbol)) is not None}
    foreign = sorted(c for c in {*quoted, *chosen.balances} if c and c != chosen.base_currency)
    if not foreign:
        return board
    rates = [rate_symbol(currency, chosen.base_currency) for currency in foreign]
    found, _ = ask_once(data, [*(asset.symbol for asset in assets), *rates])
    return board.merged(found.quotes.values())


def _rate(currency: str, board: QuoteBoard, base: str) -> Decimal | None:
    """What a unit of the currency is in base currency, as far as is known."""
    if currency == base:
        return Decimal(1)
    rate = board.get(rate_symbol(currency, base))
    return None if rate is None else rate.price


def _base_price(asset: NewAsset, board: QuoteBoard, base: str) -> Decimal | None:
    """What a unit costs in base currency, as far as is known."""
    quote = board.get(asset.symbol)
    if quote is None or quote.price is None or quote.currency is None:
        return None
    rate = _rate(quote.currency, board, base)
    return None if rate is None else quote.price * rate


def _shares(values: Sequence[Decimal]) -> list[Decimal]:
    """The values in percent with one decimal, adding up to exactly 100: the largest takes what rounding leaves.

    What is held gets a tenth at least: a target of 0 would sell it.
    """
    total = sum(values, ZERO)
    shares = [max(round(HUNDRED * value / total, 1), LEAST_SHARE if value else ZERO) for value in values]
    shares[max(range(len(values)), key=lambda i: values[i])] += HUNDRED - sum(shares, ZERO)
    return shares


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "portfolio"
