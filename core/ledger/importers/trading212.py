"""Trading 212: the history as CSV. Oldest first, times in UTC, the account's currency in `Total`.

Layout: `Action,Time,ISIN,Ticker,Name,Notes,ID,No. of shares,Price / share,Currency (Price / share),Exchange rate,
Result,Currency (Result),Total,Currency (Total),Withholding tax,Currency (Withholding tax),...`, and two columns for
each fee, it and its currency, as the account needs them. `Exchange rate` is units of the price per one of the
account's currency; prices in `GBX` are pence. Dividends have no id, and their price is after tax.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from msgspec.structs import replace

from core.ledger.importers.cells import Unreadable, moment, needed, number, shown, unit
from core.ledger.importers.items import Item, Said, items_of
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Columns, Names, Profile
from core.ledger.importers.sheet import Line
from core.market.sessions import exchange_day
from core.money import ZERO, rounded

_FEES: Final = (
    "currency conversion fee", "stamp duty reserve tax", "stamp duty", "french transaction tax", "transaction fee",
    "finra fee", "ptm levy",
)  # fmt: skip
_CASH: Final[dict[str, Said]] = {
    "deposit": "cash",
    "withdrawal": "cash",
    "card debit": "cash",
    "card credit": "cash",
    "spending cashback": "cash",
    "interest on cash": "interest",
    "lending interest": "interest",
    "share lending interest": "interest",
}
_HALF: Final = "its other half is not in the file: record the split first, with `strikezone record split`"
_LARGEST_RATIO: Final = 10_000


def _header(names: Names) -> bool:
    return {"action", "isin", "ticker", "no. of shares", "price / share"} <= names


def _read(lines: Sequence[Line], maker: Maker) -> list[Item]:
    at = Columns(lines[0])

    def read(line: Line) -> Item | list[Item]:
        at.check(line)
        return _item(line, at, maker)

    return _splits(list(items_of(lines[1:], read)))


def _item(line: Line, at: Columns, maker: Maker) -> Item | list[Item]:
    action = at(line, "action").lower()
    when = moment(at(line, "time", "time (utc)"))
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    fields: dict[str, Any] = {"line": line.number, "text": line.text, "id": at(line, "id"), "executed": when}
    total = number(at(line, "total"))
    if action in _CASH:
        settled, parts = unit(at(line, "currency (total)"))
        amount = needed(total, "total") / parts
        if action in ("withdrawal", "card debit"):
            amount = -abs(amount)
        note = at(line, "action")
        return Item(
            said=_CASH[action], amount=amount, currency=settled, note=note, match=action, **fields, **_at(when)
        )
    if action == "currency conversion":
        return _conversion(line, at, {**fields, **_at(when)})
    if not action.endswith((" buy", " sell")) and not action.startswith(("dividend", "stock split")):
        raise Unreadable(f"{shown(at(line, 'action'))} is not read yet: record it by hand")
    if "return of capital" in action:
        raise Unreadable("a return of capital lowers the basis, which is not kept yet: record it by hand")
    names = (at(line, "ticker"), at(line, "isin"))
    asset = maker.asset(names)
    currency, parts = unit(at(line, "currency (price / share)"))
    fields |= {"names": names, "currency": currency, **_at(when)}
    fields["day"] = exchange_day(asset, None, when)
    shares = needed(number(at(line, "no. of shares")), "number of shares")
    if action.startswith("stock split"):
        opening = action.endswith("open")
        what = "split open" if opening else "split close"
        return Item(said="declared", match="split", what=what, quantity=shares, **fields)
    price = needed(number(at(line, "price / share")), "price")
    if action.startswith("dividend"):
        return _dividend(line, at, fields, shares * price / parts, total)
    return _trade(line, at, fields, action, (shares, price, parts), total)


def _trade(
    line: Line,
    at: Columns,
    fields: dict[str, Any],
    action: str,
    traded: tuple[Decimal, Decimal, int],
    total: Decimal | None,
) -> Item:
    shares, price, pence_in_price = traded
    settled, parts = unit(at(line, "currency (total)"))
    own, foreign = ZERO, ZERO
    for name in _FEES:
        fee = number(at(line, name))
        if not fee:
            continue
        currency, pence = unit(at(line, f"currency ({name})"))
        if currency == fields["currency"]:
            own += abs(fee) / pence
        elif currency == settled:
            foreign += abs(fee) / pence
        else:
            raise Unreadable(f"its {name} is in {currency}, neither the price's currency nor the account's")
    given = number(at(line, "exchange rate"))
    return Item(
        said="buy" if action.endswith("buy") else "sell",
        quantity=abs(shares),
        price=price / pence_in_price,
        fees=own,
        foreign_fees=foreign,
        total=None if total is None else abs(total) / parts,
        settled=settled,
        rate=rounded(pence_in_price / given, 20) if given and settled != fields["currency"] else None,
        **fields,
    )


def _dividend(line: Line, at: Columns, fields: dict[str, Any], net: Decimal, total: Decimal | None) -> Item:
    settled, parts = unit(at(line, "currency (total)"))
    paid = needed(total, "total") / parts
    if settled == fields["currency"]:
        net = paid
    withheld = number(at(line, "withholding tax"))
    if withheld:
        currency, pence = unit(at(line, "currency (withholding tax)"))
        if currency != fields["currency"]:
            if currency != settled or not net:
                raise Unreadable(f"the tax is in {currency}, the dividend in {fields['currency']}")
            withheld = rounded(withheld * net / paid, 4) if paid else withheld
        withheld = abs(withheld) / pence
    return Item(
        said="dividend", amount=net + (withheld or ZERO), withheld=withheld, total=paid, settled=settled,
        match=at(line, "action").lower(), **fields,
    )  # fmt: skip


def _conversion(line: Line, at: Columns, fields: dict[str, Any]) -> list[Item]:
    """Two payments, out of one currency and into another, and what it cost."""
    legs = []
    for end, sign in (("from", -1), ("to", 1)):
        amount = needed(number(at(line, f"currency conversion {end} amount")), f"amount {end}")
        code, parts = unit(at(line, f"currency (currency conversion {end} amount)"))
        id_ = f"{fields['id']}/{end}" if fields["id"] else ""
        legs.append(
            Item(said="cash", amount=sign * abs(amount) / parts, currency=code, note="conversion", match=end,
                 **{**fields, "id": id_})
        )  # fmt: skip
    return legs


def _splits(items: list[Item]) -> list[Item]:
    """The two halves of a split made one; a half that is alone is declared."""
    halves = [at for at, item in enumerate(items) if item.said == "declared" and item.match == "split"]
    waiting: dict[tuple[object, ...], int] = {}
    for at in halves:
        item = items[at]
        key = (item.names[-1], item.day)
        other = waiting.pop((*key, "split close" if item.what == "split open" else "split open"), None)
        if other is None:
            waiting[*key, item.what] = at
            continue
        before, after = (items[other], item) if item.what == "split open" else (item, items[other])
        ratio = _ratio(before.quantity, after.quantity)
        keep = max(at, other)
        if ratio is None:
            items[keep] = replace(items[keep], said="unreadable", what="its ratio is unclear: record it by hand")
        else:
            new, old = ratio
            items[keep] = replace(
                items[keep], said="split", new=Decimal(new), old=Decimal(old), quantity=None, what="", match=""
            )
        rest = items[min(at, other)]
        items[min(at, other)] = Item(
            line=rest.line, text=rest.text, said="ignored", what=f"half of the split in line {items[keep].line}"
        )
    for at in waiting.values():
        items[at] = replace(items[at], what=_HALF)
    return items


def _ratio(before: Decimal | None, after: Decimal | None) -> tuple[int, int] | None:
    """New for old, in small whole numbers; None if the quantities, which have ten decimals, are none's."""
    if before is None or after is None or before <= 0 or after <= 0:
        return None
    exactly = Fraction(after) / Fraction(before)
    near = exactly.limit_denominator(_LARGEST_RATIO) if exactly > 1 else 1 / (1 / exactly).limit_denominator(1000)
    if abs(near / exactly - 1) > Fraction(1, 10**6) or near == 1:
        return None
    return near.numerator, near.denominator


def _at(when: datetime) -> dict[str, Any]:
    return {"day": when.date(), "time": when.time().replace(microsecond=0)}


TRADING212: Final = Profile(
    "trading212", "Trading 212, history", "Action, Time, ISIN, Ticker, No. of shares, Price / share", _header, _read
)
