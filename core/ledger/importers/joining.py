"""Rows that belong together made one: a dividend and its tax, what was reinvested, what was taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from core.ledger.importers.items import Item
from core.money import ZERO

_NO_DIVIDEND = "withholding tax whose dividend is not in the file"


class _Group(NamedTuple):
    """What rows of one payment have in common."""

    names: tuple[str, ...]
    day: date | None
    currency: str


def joined(items: Sequence[Item]) -> list[Item]:
    """`items` in their order; what was cancelled, withheld and reinvested is worked into the row it belongs to."""
    kept = {at: item for at, item in enumerate(items)}
    _cancel_trades(kept)
    _cancel_dividends(kept)
    _withhold(kept)
    _reinvest(kept)
    _repeat_splits(kept)
    return [kept[at] for at in sorted(kept)]


def _group(item: Item) -> _Group:
    return _Group(item.names, item.day, item.currency)


def _of(kept: dict[int, Item], *said: str) -> dict[int, Item]:
    return {at: item for at, item in kept.items() if item.said in said}


def _ignore(kept: dict[int, Item], at: int, why: str) -> None:
    item = kept[at]
    kept[at] = Item(line=item.line, text=item.text, said="ignored", what=why)


def _cancel_trades(kept: dict[int, Item]) -> None:
    """A trade that another row cancels, and no other trade could be meant, is none."""
    cancels = _of(kept, "cancel")
    trades = _of(kept, "buy", "sell") if cancels else {}
    for at, cancel in cancels.items():
        meant = [
            other
            for other, trade in trades.items()
            if kept[other].cancelled_by is None
            and _trade_of(trade) == _trade_of(cancel)
            and _not_after(trade, cancel)
        ]
        if len({_exactly(kept[other]) for other in meant}) == 1:
            trade = kept[meant[-1]]
            kept[meant[-1]] = replace(trade, cancelled_by=cancel.line)
            _ignore(kept, at, f"cancels line {trade.line}")
        else:
            what = "cancels a trade that is not in the file" if not meant else "cancels one of several trades"
            kept[at] = replace(
                cancel, said="unreadable", what=f"{what}: correct it by hand, with `strikezone ledger`"
            )


def _trade_of(item: Item) -> tuple[object, ...]:
    side = item.match if item.said == "cancel" else item.said
    return (item.names, side, item.quantity, item.price, item.currency)


def _exactly(item: Item) -> tuple[object, ...]:
    return (item.day, item.time, item.fees, item.total)


def _not_after(trade: Item, cancel: Item) -> bool:
    return trade.day is not None and cancel.day is not None and trade.day <= cancel.day


def _cancel_dividends(kept: dict[int, Item]) -> None:
    """A dividend that another row takes back exactly is none; one that is taken back alone cannot be read."""
    paid: dict[tuple[_Group, str, Decimal], list[int]] = defaultdict(list)
    for at, item in _of(kept, "dividend").items():
        if item.amount is not None and item.amount > 0:
            paid[_group(item), item.match, item.amount].append(at)
    for at, item in _of(kept, "dividend").items():
        if item.amount is None or item.amount >= 0:
            continue
        partners = paid[_group(item), item.match, -item.amount]
        if partners:
            partner = partners.pop()
            line = kept[partner].line
            kept[partner] = replace(kept[partner], cancelled_by=item.line)
            _ignore(kept, at, f"takes back line {line}")
        else:
            what = "takes back a dividend that is not in the file: correct it by hand, with `strikezone ledger`"
            kept[at] = replace(item, said="unreadable", what=what)


def _withhold(kept: dict[int, Item]) -> None:
    """Tax goes to the dividend or interest of its asset and day; what has none is a fee of its own."""
    groups: dict[_Group, list[int]] = defaultdict(list)
    for at, item in _of(kept, "tax").items():
        groups[_group(item)].append(at)
    payments: dict[_Group, list[int]] = defaultdict(list)
    if groups:
        for at, item in _of(kept, "dividend", "interest").items():
            payments[_group(item)].append(at)
    for group, taxes in groups.items():
        for at in taxes:
            tax = kept[at]
            partner = _payer(kept, payments[group], tax)
            if partner is None:
                continue
            paid = kept[partner]
            kept[partner] = replace(paid, withheld=(paid.withheld or ZERO) - (tax.amount or ZERO))
            _ignore(kept, at, f"withheld of line {paid.line}")
        left = [at for at in taxes if kept[at].said == "tax"]
        if left and not sum((kept[at].amount or ZERO for at in left), ZERO):
            for at in left:
                _ignore(kept, at, "adds up to nothing with the other rows of this tax")
        for at in left:
            if kept[at].said == "tax":
                kept[at] = replace(kept[at], said="fee", note=_NO_DIVIDEND)
    for at in {at for group in groups for at in payments[group]}:
        _split_excess(kept, at)


def _payer(kept: dict[int, Item], payments: Sequence[int], tax: Item) -> int | None:
    """The payment that `tax` was withheld of: the one of the same wording, else the largest."""
    positive = [at for at in payments if (kept[at].amount or ZERO) > 0 and kept[at].cancelled_by is None]
    alike = [at for at in positive if kept[at].match == tax.match]
    return max(alike or positive, key=lambda at: kept[at].amount or ZERO, default=None)


def _split_excess(kept: dict[int, Item], at: int) -> None:
    """A tax that is more than its payment, or was given back on the whole, cannot be withheld of it."""
    item = kept[at]
    withheld, amount = item.withheld or ZERO, item.amount or ZERO
    if not withheld or ZERO < withheld <= amount:
        return
    what = "the tax of its rows is negative, or more than the payment: record it by hand"
    kept[at] = replace(item, said="unreadable", what=what)


def _reinvest(kept: dict[int, Item]) -> None:
    """What a dividend bought is part of it if day and amount agree; else it is a purchase of its own."""
    dividends: dict[tuple[_Group, Decimal], list[int]] = defaultdict(list)
    for at, item in _of(kept, "dividend").items():
        if item.cancelled_by is not None:
            continue
        dividends[_group(item), (item.amount or ZERO) - (item.withheld or ZERO)].append(at)
    for at, item in _of(kept, "reinvest").items():
        partners = dividends.get((_group(item), item.total or ZERO), [])
        if partners and item.total:
            partner = partners.pop()
            paid = kept[partner]
            kept[partner] = replace(
                paid, quantity=item.quantity, price=item.price, fees=item.fees, total=item.total
            )
            _ignore(kept, at, f"bought with the dividend of line {paid.line}")
        else:
            kept[at] = replace(item, said="buy")


def _repeat_splits(kept: dict[int, Item]) -> None:
    """A split that stands in two rows, as of two parts of one holding, is one."""
    seen: dict[tuple[object, ...], int] = {}
    for at, item in _of(kept, "split").items():
        first = seen.setdefault((item.names, item.day, item.new, item.old), item.line)
        if first != item.line:
            _ignore(kept, at, f"the split of line {first}")
