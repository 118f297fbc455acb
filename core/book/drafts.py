"""Drafts checked: each kind of entry with all that it needs, in a form that can be kept exactly. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from core.book.documents import NUMBERS, plain_copy
from core.book.entries import Draft, Ratio
from core.book.splits import FINEST, LARGEST, check_ratio
from core.errors import BadInput
from core.money import ONE, ZERO, plain

_TRADE: Final = frozenset({"side", "quantity", "price", "fees", "lots", "method"})
_RATIO: Final = frozenset({"new", "old"})
_FIELDS: Final[dict[str, frozenset[str]]] = {  # what each kind may have beside what all have
    "trade": _TRADE | {"symbol"},
    "cash": frozenset({"amount"}),
    "interest": frozenset({"symbol", "amount", "withheld"}),
    "fee": frozenset({"symbol", "amount"}),
    "dividend": frozenset({"symbol", "amount", "withheld", "quantity", "price", "fees"}),
    "split": _RATIO | {"symbol"},
    "spinoff": _RATIO | {"symbol", "to", "basis_share"},
    "rename": frozenset({"symbol", "to"}),
    "transfer": frozenset({"symbol", "received"}),
}
_OPTIONAL: Final = frozenset().union(*_FIELDS.values())


def checked(draft: Draft, *, new_id: Callable[[], str]) -> Draft:
    """`draft` in the form in which it is recorded, with an id; BadInput if it lacks what its kind needs."""
    for name in NUMBERS:
        check_size(name, getattr(draft, name))
    if draft.rate is not None and draft.rate <= 0:
        raise BadInput(f"a rate of {plain(draft.rate)} is none", fix="give base currency per unit of the currency")
    empty = Draft(kind=draft.kind, effective=draft.effective, currency=draft.currency)
    unused = _OPTIONAL - _FIELDS[draft.kind]
    draft = replace(draft, **{name: getattr(empty, name) for name in unused})
    draft = _WHOLE[draft.kind](draft)
    executed = draft.executed.astimezone(UTC) if draft.executed else None
    decision = None if draft.decision is None else plain_copy(draft.decision)
    return replace(draft, id=draft.id or new_id(), executed=executed, decision=decision)


def check_size(name: str, number: Decimal | None) -> None:
    """BadInput for a number that sums could not keep exactly."""
    if number is None:
        return
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise BadInput(f"the {name} is not a number: {number}")
    if abs(number) >= LARGEST or exponent < FINEST:
        raise BadInput(
            f"the {name} cannot be kept exactly: {number}",
            fix=f"numbers are below {plain(LARGEST)} and have at most {-FINEST} decimals",
        )


def _trade(draft: Draft) -> Draft:
    if not draft.symbol or draft.side is None or draft.quantity is None or draft.price is None:
        raise BadInput("a trade needs a symbol, a side, a quantity and a price")
    _check_purchase(draft)
    if draft.side == "buy":
        return replace(draft, fees=draft.fees or ZERO, lots=(), method=None)
    return replace(draft, fees=draft.fees or ZERO)


def _check_purchase(draft: Draft) -> None:
    """BadInput unless quantity, price and fees can be those of a trade."""
    quantity, price = draft.quantity or ZERO, draft.price or ZERO
    if quantity <= 0:
        raise BadInput(f"a quantity of {plain(quantity)}", where=draft.symbol or "", fix="give one above 0")
    for name, number in (("price", price), ("fees", draft.fees or ZERO)):
        if number < 0:
            raise BadInput(f"the {name} cannot be negative: {plain(number)}", where=draft.symbol or "")
    if quantity * price >= LARGEST:
        raise BadInput(
            "the trade's value is too large", where=draft.symbol or "", fix=f"it is below {plain(LARGEST)}"
        )


def _payment(draft: Draft) -> Draft:
    if not draft.amount:
        raise BadInput("a payment of nothing", fix="give an amount other than 0")
    return _withholding(draft)


def _withholding(draft: Draft) -> Draft:
    if draft.withheld is not None and draft.withheld < 0:
        raise BadInput(f"the tax withheld cannot be negative: {plain(draft.withheld)}", where=draft.symbol or "")
    return replace(draft, withheld=draft.withheld or None)


def _dividend(draft: Draft) -> Draft:
    if not draft.symbol or draft.amount is None:
        raise BadInput("a dividend needs a symbol and the amount received")
    if draft.amount < 0 or not draft.amount + (draft.withheld or ZERO):
        raise BadInput(
            f"a dividend of {plain(draft.amount)}", where=draft.symbol or "", fix="give what was received, above 0"
        )
    if (draft.quantity is None) != (draft.price is None):
        raise BadInput("a reinvested dividend needs both quantity and price", where=draft.symbol or "")
    if draft.quantity is None:
        return _withholding(replace(draft, fees=None))
    _check_purchase(draft)
    return _withholding(replace(draft, fees=draft.fees or ZERO))


def _split(draft: Draft) -> Draft:
    if not draft.symbol or draft.new is None or draft.old is None:
        raise BadInput("a split needs a symbol, and new units for old ones")
    check_ratio(Ratio(draft.new, draft.old))
    return draft


def _spinoff(draft: Draft) -> Draft:
    if not draft.symbol or not draft.to or draft.new is None or draft.old is None:
        raise BadInput("a spin-off needs a symbol, the new symbol, and new units for old ones")
    check_ratio(Ratio(draft.new, draft.old), same=True)
    if draft.basis_share is None or not ZERO <= draft.basis_share <= ONE:
        raise BadInput(
            "a spin-off needs the share of the basis that goes to the new shares",
            where=draft.symbol or "",
            fix="give it as a percentage between 0 and 100, as the company published it (Form 8937)",
        )
    return _to_another(draft)


def _rename(draft: Draft) -> Draft:
    if not draft.symbol or not draft.to:
        raise BadInput("a change of symbol needs the old symbol and the new one")
    return _to_another(draft)


def _to_another(draft: Draft) -> Draft:
    if draft.symbol == draft.to:
        raise BadInput(f"{draft.symbol} is the old symbol and the new one", fix="give two different ones")
    return draft


def _transfer(draft: Draft) -> Draft:
    if not draft.symbol or not draft.received:
        raise BadInput("a transfer needs a symbol and the lots that came with it")
    for lot in draft.received:
        for name, number in (("quantity", lot.quantity), ("price", lot.price), ("rate", lot.rate)):
            check_size(name, number)
        if lot.quantity <= 0:
            raise BadInput(
                f"a lot of {plain(lot.quantity)}", where=draft.symbol or "", fix="give quantities above 0"
            )
        if lot.price is not None and lot.price < 0:
            raise BadInput(f"a lot at {plain(lot.price)}", where=draft.symbol or "", fix="a price is not negative")
        if lot.rate is not None and lot.rate <= 0:
            raise BadInput(
                f"a lot at a rate of {plain(lot.rate)}", where=draft.symbol or "", fix="a rate is above 0"
            )
        if lot.acquired is not None and lot.acquired > draft.effective:
            raise BadInput(
                f"a lot of {lot.acquired}, after the transfer of {draft.effective}",
                where=draft.symbol or "",
                fix="give the day on which it was bought",
            )
    return draft


_WHOLE: Final[dict[str, Callable[[Draft], Draft]]] = {
    "trade": _trade,
    "cash": _payment,
    "interest": _payment,
    "fee": _payment,
    "dividend": _dividend,
    "split": _split,
    "spinoff": _spinoff,
    "rename": _rename,
    "transfer": _transfer,
}
