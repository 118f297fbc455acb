"""From neutral items to drafts: symbols of the portfolio, exact prices and rates, ids that repeat themselves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from core.book.drafts import checked
from core.book.entries import Draft, HeadLot, Side
from core.errors import BadInput
from core.ledger.importers.cells import Unreadable, needed
from core.ledger.importers.items import Declared, Item, Row
from core.ledger.importers.joining import joined
from core.money import ZERO, plain, rounded
from core.portfolio.model import Asset, Portfolio
from core.text import clean

_CENT: Final = Decimal("0.01")
_NEAR: Final = Decimal("0.005")  # of what was paid: how far a rounded price may be off, if that is more
_RATE_NEAR: Final = Decimal("0.03")  # a broker's own rate includes its charge
_DECIMALS: Final = 20  # of a price or rate that does not end: with fewer, what was paid would not come out
_FEE_DECIMALS: Final = 4  # of a fee that was paid in another currency
_LONGEST_NOTE: Final = 60
_LONGEST_ID: Final = 60
_HASH_DIGITS: Final = 24
_CONVERSION: Final = "conversion"
_ORIGIN: Final = (
    "line",
    "text",
    "rate",
    "note",
    "what",
    "executed",
    "withheld",
    "cancelled_by",
)  # not part of an id


class Maker:
    """Makes the rows of one export. `symbols` maps the broker's names (ticker, ISIN) to the portfolio's symbols."""

    def __init__(self, broker: str, portfolio: Portfolio, symbols: Mapping[str, str]) -> None:
        self.broker = broker
        self.portfolio = portfolio
        self._symbols = symbols
        self._assets = {asset.symbol: asset for asset in portfolio.assets}
        self._currencies = {
            portfolio.base_currency, *portfolio.cash.balances, *(asset.currency for asset in portfolio.assets)
        }  # fmt: skip
        self._known: dict[tuple[str, ...], Asset | None] = {}

    def rows(self, items: Sequence[Item]) -> tuple[Row, ...]:
        """A row for each item, by line."""
        repeated: Counter[str] = Counter()
        first: dict[str, Item] = {}
        made = []
        for item in joined(items):
            try:
                made.append(self._row(item, repeated, first))
            except Unreadable as error:
                made.append(Row(line=item.line, text=item.text, state="unreadable", reason=str(error)))
            except BadInput as error:
                problem = error.problems[0]
                made.append(Row(line=item.line, text=item.text, state="unreadable", reason=problem.what))
        return tuple(sorted(made, key=lambda row: row.line))

    def asset(self, names: tuple[str, ...]) -> Asset:
        """The asset that the broker calls so; Unreadable if the portfolio has none."""
        if names not in self._known:
            self._known[names] = self._find(names)
        asset = self._known[names]
        if asset is None:
            raise Unreadable(self._stranger(names))
        return asset

    def holds(self, name: str) -> bool:
        """Whether the portfolio has an asset that the broker calls so."""
        return self._find((name,)) is not None

    def _find(self, names: tuple[str, ...]) -> Asset | None:
        mapped = next((self._symbols[name] for name in names if name in self._symbols), None)
        if mapped is not None:
            return self._assets.get(mapped)
        for name in names:
            for symbol in (name, name.translate(_CLASS)):
                if symbol in self._assets:
                    return self._assets[symbol]
        return None

    def _stranger(self, names: tuple[str, ...]) -> str:
        """Why no asset is called by any of `names`, and how to say which one is meant."""
        called = [said for name in names if (said := clean(name[:400], 32))]
        if not called:
            return "the asset's symbol is missing"
        mapped = next((self._symbols[name] for name in names if name in self._symbols), None)
        if mapped is not None:
            return f"{called[0]} is mapped to {clean(mapped, 32)}, which is not in the portfolio"
        alike = [s for s in self._assets if s.partition(".")[0] in called]
        guess = alike[0] if len(alike) == 1 else "SYMBOL"
        return (
            f"{' / '.join(called)} is not in the portfolio: add an [[asset]] for it, or say which one it is with "
            f"--map {called[-1]}={guess}"
        )

    def _row(self, item: Item, repeated: Counter[str], first: dict[str, Item]) -> Row:
        if item.said in ("ignored", "unreadable"):
            return Row(line=item.line, text=item.text, state=item.said, reason=item.what)
        if item.said == "declared":
            asset = self.asset(item.names)
            assert item.day is not None, "a declared row has a day"
            return Row(
                line=item.line, text=item.text, state="declared", reason=item.what,
                declared=Declared(item.match, asset.symbol, item.day),
            )  # fmt: skip
        if item.id and item.id in first:
            known = first[item.id]
            if _content(known) == _content(item):
                why = f"the same transaction as line {known.line}"
                return Row(line=item.line, text=item.text, state="ignored", reason=why)
            raise Unreadable(f"has the broker's id of line {known.line}, {clean(item.id, 40)}, and says otherwise")
        if item.said in _PAYMENTS and item.amount == 0 and not item.withheld:
            return Row(line=item.line, text=item.text, state="ignored", reason="an amount of nothing")
        drafts = _MAKERS[item.said](self, item)
        id_ = self._id(item, repeated)
        if item.id:
            first[item.id] = item
        named = [_finished(draft, f"{id_}{_SUFFIXES[at]}") for at, draft in enumerate(drafts)]
        if item.cancelled_by is not None:
            why = f"taken back in line {item.cancelled_by}"
            return Row(line=item.line, text=item.text, state="ignored", drafts=tuple(named), reason=why)
        return Row(line=item.line, text=item.text, state="read", drafts=tuple(named), time=item.time, seq=item.seq)

    def _id(self, item: Item, repeated: Counter[str]) -> str:
        """The broker's own id, else a hash of what the row says and how often it said so before."""
        if item.draft is not None:
            return item.draft.id
        if item.id and clean(item.id, _LONGEST_ID) == item.id:
            return f"{self.broker}:{item.id}"
        content = "\x1f".join((self.broker, *_content(item)))
        repeated[content] += 1
        digest = hashlib.sha256(f"{content}\x1f{repeated[content]}".encode("utf-8", "replace")).hexdigest()
        return f"{self.broker}:{digest[:_HASH_DIGITS]}"

    # -- the drafts of one row

    def _trade(self, item: Item) -> list[Draft]:
        asset, quantity = self._traded(item), needed(item.quantity, "quantity")
        side: Side = "buy" if item.said == "buy" else "sell"
        fees = item.fees or ZERO
        if item.settled and item.settled != item.currency:
            return self._converted(item, asset, side, quantity)
        price = _price_paid(item, side, quantity, fees)
        return [
            self._draft(item, "trade", symbol=asset.symbol, side=side, quantity=quantity, price=price, fees=fees)
        ]

    def _converted(self, item: Item, asset: Asset, side: Side, quantity: Decimal) -> list[Draft]:
        """A trade that the broker settled in another currency: at the rate at which the cash comes out exactly.

        What a sale brings is changed at once; so is what a purchase costs, unless it is paid in base currency: then
        the book converts by itself.
        """
        price, total = needed(item.price, "price"), needed(item.total, "total")
        paid, value = item.settled, quantity * price
        own_fees, foreign = item.fees or ZERO, item.foreign_fees or ZERO
        sign = 1 if side == "buy" else -1
        if value + sign * own_fees <= 0 or not total:
            raise Unreadable("a trade of no value in another currency than it was settled in")
        net = (total - sign * foreign) / (value + sign * own_fees)  # settled currency per unit of the trade's
        if net <= 0:
            raise Unreadable("its fees are more than it brought")
        if item.rate is not None and abs(net - item.rate) > abs(item.rate) * _RATE_NEAR:
            raise Unreadable(f"{plain(total)} {paid} is not what it comes to at the rate in the row")
        fees = own_fees + rounded(foreign / net, _FEE_DECIMALS)
        own = value + sign * fees
        if own <= 0:
            raise Unreadable("its fees are more than it brought")
        rate = rounded(total / own, _DECIMALS) if paid == self.portfolio.base_currency else None
        trade = self._draft(
            item, "trade", symbol=asset.symbol, side=side, quantity=quantity, price=price, fees=fees, rate=rate
        )
        if side == "buy" and rate is not None:
            return [trade]
        here = self._draft(item, "cash", amount=sign * own, rate=rate, note=_CONVERSION)
        there = self._draft(item, "cash", amount=-sign * total, currency=paid, rate=None, note=_CONVERSION)
        return [there, here, trade] if side == "buy" else [trade, here, there]

    def _dividend(self, item: Item) -> list[Draft]:
        asset = self._traded(item)
        amount = needed(item.amount, "amount") - (item.withheld or ZERO)
        if item.settled and item.settled != item.currency:
            return self._changed(item, asset, amount)
        fields: dict[str, Any] = {}
        if item.quantity is not None:
            price = _price_paid(item, "buy", item.quantity, item.fees or ZERO)
            fields = {"quantity": item.quantity, "price": price, "fees": item.fees}
        return [self._draft(item, "dividend", symbol=asset.symbol, amount=amount, withheld=item.withheld, **fields)]

    def _changed(self, item: Item, asset: Asset, amount: Decimal) -> list[Draft]:
        """A dividend that the broker changed into another currency at once."""
        total, paid = needed(item.total, "total"), item.settled
        if not amount or not total:
            raise Unreadable("a dividend of nothing")
        rate = rounded(total / amount, _DECIMALS) if paid == self.portfolio.base_currency else None
        return [
            self._draft(item, "dividend", symbol=asset.symbol, amount=amount, withheld=item.withheld, rate=rate),
            self._draft(item, "cash", amount=-amount, rate=rate, note=_CONVERSION),
            self._draft(item, "cash", amount=total, currency=paid, rate=None, note=_CONVERSION),
        ]

    def _payment(self, item: Item) -> list[Draft]:
        amount = needed(item.amount, "amount")
        if item.said == "interest":
            amount -= item.withheld or ZERO
        symbol = None
        if any(item.names) and item.said != "cash":
            symbol = self._traded(item).symbol
        elif item.currency not in self._currencies:
            raise Unreadable(
                f"the portfolio has nothing in {item.currency}: add `{item.currency} = 0` to [cash] balances"
            )
        withheld = item.withheld if item.said == "interest" else None
        return [self._draft(item, item.said, symbol=symbol, amount=amount, withheld=withheld, note=_note(item))]

    def _split(self, item: Item) -> list[Draft]:
        return [self._draft(item, "split", symbol=self.asset(item.names).symbol, new=item.new, old=item.old)]

    def _to_another(self, item: Item) -> list[Draft]:
        asset, other = self.asset(item.names), self.asset((item.to,))
        fields = (
            {"new": item.new, "old": item.old, "basis_share": item.basis_share} if item.said == "spinoff" else {}
        )
        return [self._draft(item, item.said, symbol=asset.symbol, to=other.symbol, **fields)]

    def _transfer(self, item: Item) -> list[Draft]:
        lot = HeadLot(needed(item.quantity, "quantity"), item.price, item.acquired, item.rate)
        return [self._draft(item, "transfer", symbol=self._traded(item).symbol, received=(lot,), rate=None)]

    def _recorded(self, item: Item) -> list[Draft]:
        assert item.draft is not None, "what was recorded has been read whole"
        return [item.draft]

    def _traded(self, item: Item) -> Asset:
        """The item's asset, in the item's currency."""
        asset = self.asset(item.names)
        if asset.currency != item.currency:
            raise Unreadable(
                f"it is in {item.currency}, but {asset.symbol} is traded in {asset.currency} in the portfolio"
            )
        return asset

    def _draft(self, item: Item, kind: Any, **fields: Any) -> Draft:
        assert item.day is not None, "what is recorded has a day"
        values: dict[str, Any] = {"currency": item.currency, "rate": item.rate, **fields}
        if kind in ("split", "spinoff", "rename"):
            values["currency"] = self.asset(item.names).currency
        if values["currency"] == self.portfolio.base_currency:
            values["rate"] = None
        return Draft(kind=kind, effective=item.day, executed=item.executed, **values)


_CLASS: Final = str.maketrans(" /.", "---")  # BRK B, BRK/B and BRK.B are Yahoo's BRK-B
_PAYMENTS: Final = frozenset({"cash", "interest", "fee", "dividend"})
_SUFFIXES: Final = ("", "/2", "/3")
_MAKERS: Final[dict[str, Callable[[Maker, Item], list[Draft]]]] = {
    "buy": Maker._trade,
    "sell": Maker._trade,
    "dividend": Maker._dividend,
    "cash": Maker._payment,
    "interest": Maker._payment,
    "fee": Maker._payment,
    "split": Maker._split,
    "spinoff": Maker._to_another,
    "rename": Maker._to_another,
    "transfer": Maker._transfer,
    "recorded": Maker._recorded,
}


def _price_paid(item: Item, side: Side, quantity: Decimal, fees: Decimal) -> Decimal:
    """The row's price; where the cash would not come out at what was paid, exactly what was paid for one."""
    price, total = item.price, item.total
    if total is None:
        return needed(price, "price")
    if quantity <= 0:
        raise Unreadable(f"a quantity of {plain(quantity)}")
    value = total - fees if side == "buy" else total + fees
    if price is not None and quantity * price == value:
        return price
    off = abs(quantity * (price or ZERO) - value)
    if price is None or value < 0 or (off > _CENT and off > abs(value) * _NEAR):
        said = "no price" if price is None else plain(quantity * price)
        raise Unreadable(f"quantity times price is {said}, but {plain(value)} was paid for it")
    return rounded(value / quantity, _DECIMALS)


def _finished(draft: Draft, id_: str) -> Draft:
    return checked(replace(draft, id=id_), new_id=lambda: id_)


def _content(item: Item) -> tuple[str, ...]:
    """What a row says in itself, whatever other rows were worked into it and however it was written."""
    bought = ("quantity", "price", "fees", "total") if item.said == "dividend" else ()
    fields = (getattr(item, name) for name in item.__struct_fields__ if name not in _ORIGIN and name not in bought)
    return tuple(plain(value) if isinstance(value, Decimal) else str(value) for value in fields)


def _note(item: Item) -> str:
    return clean(item.note[:400], _LONGEST_NOTE)
