"""Writes a first portfolio file: valid TOML, whatever was typed, with a few words that teach its reader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from core.money import plain


class NewAsset(Struct, frozen=True):
    """One asset as typed in. `target` is in percent, `price` per unit in `currency`."""

    symbol: str
    quantity: Decimal
    currency: str
    price: Decimal | None = None
    acquired: date | None = None
    target: Decimal | None = None
    name: str = ""
    kind: str = ""

    @property
    def step(self) -> Decimal:
        """The smallest quantity that it seems to be traded in."""
        if self.kind == "crypto":
            return Decimal("0.0001")
        exponent = self.quantity.normalize().as_tuple().exponent
        decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        return Decimal(1).scaleb(-min(decimals, 6))


class NewPortfolio(Struct, frozen=True):
    """All that a first file says. `band` is as a user writes it: `3`, `10%`, `5/25`."""

    id: str
    base_currency: str
    assets: Sequence[NewAsset]
    name: str = ""
    balances: Mapping[str, Decimal] = {}
    band: str = "3"
    cash_target: Decimal = Decimal(0)


def written(portfolio: NewPortfolio) -> str:
    """The file's text."""
    return "\n".join(_lines(portfolio)) + "\n"


def _lines(portfolio: NewPortfolio) -> Iterator[str]:
    yield "schema = 1"
    yield f"id = {_text(portfolio.id)}"
    if portfolio.name:
        yield f"name = {_text(portfolio.name)}"
    yield f"base_currency = {_text(portfolio.base_currency)}"
    yield ""
    yield "[cash]"
    balances = ", ".join(f"{code} = {plain(amount)}" for code, amount in portfolio.balances.items())
    yield f"balances = {{ {balances} }}" if balances else "balances = {}"
    if portfolio.cash_target:
        yield f"target = {plain(portfolio.cash_target)}"
    yield ""
    yield "[policy]"
    plain_number = portfolio.band.replace(".", "", 1).isdigit()
    yield f"band = {portfolio.band if plain_number else _text(portfolio.band)}"
    yield '# 3 is three points to each side of the target; "10%" is of the target; "5/25" the narrower of both'
    yield 'destination = "target"  # or "half", "edge": how far back a trade goes'
    yield ""
    yield (
        "[costs]  # in "
        + portfolio.base_currency
        + "; what your broker charges makes a micro-trade worth it or not"
    )
    yield "per_order = 0  # or a preset instead, with regulatory fees:"
    yield '# preset = "us-zero"  # or "ibkr-fixed", "ibkr-tiered", "uk-flat"'
    yield "spread_bps = 2"
    for asset in portfolio.assets:
        yield ""
        yield from _asset(asset, portfolio.base_currency)


def _asset(asset: NewAsset, base: str) -> Iterator[str]:
    yield "[[asset]]"
    yield f"symbol = {_text(asset.symbol)}"
    if asset.name:
        yield f"name = {_text(asset.name)}"
    if asset.kind:
        yield f"kind = {_text(asset.kind)}"
    if asset.currency != base:
        yield f"currency = {_text(asset.currency)}  # its prices in this file are in {asset.currency}"
    if asset.target is not None:
        yield f"target = {plain(asset.target)}"
    if asset.step != 1:
        yield f"step = {plain(asset.step)}  # the smallest quantity that your broker trades"
    if not asset.quantity:
        return
    if asset.price is None:
        yield f"quantity = {plain(asset.quantity)}  # with lots instead, what they cost is known"
        return
    acquired = f", acquired = {asset.acquired.isoformat()}" if asset.acquired else ""
    yield f"lots = [ {{ quantity = {plain(asset.quantity)}, price = {plain(asset.price)}{acquired} }} ]"


def _text(text: str) -> str:
    """`text` as a TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)
