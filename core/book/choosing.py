"""Which lots a sale takes, by each method, with the gain of every part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from msgspec import Struct

from core.book.entries import EntryLot, Method
from core.book.lots import HeldLot, cash_moved, key_order, share, to_grid
from core.book.terms import term
from core.money import ONE, ZERO, exact, plain
from core.portfolio.model import Tax

NO_TAX: Final = Tax()
CLOSE: Final = Decimal("1e-20")  # a basis that differs by less is the same: the order of sales moves last digits


class Sale(Struct, frozen=True):
    """What is sold, as far as the choice of lots needs it: money per unit in the asset's currency.

    `rate` is base currency per unit of it, None if unknown; `tax` gives the regime and its rates.
    """

    quantity: Decimal
    price: Decimal
    fees: Decimal = ZERO
    day: date | None = None
    rate: Decimal | None = ONE
    tax: Tax = NO_TAX

    @property
    def proceeds(self) -> Decimal:
        """What it brings, after fees."""
        return cash_moved("sell", self.quantity, self.price, self.fees)

    def term_of(self, lot: HeldLot) -> str | None:
        """Whether the gain on `lot` is short-term or long-term; None where there is no such difference."""
        return term(lot.held_since, self.day) if self.tax.regime == "us" and self.day is not None else None


def take(lots: Iterable[HeldLot], sale: Sale, method: Method = "fifo") -> tuple[EntryLot, ...]:
    """The parts of `lots` that `sale` takes by `method`; ValueError if there are too few.

    `specific` takes the oldest where nobody named any. With `average` all units cost the same, and the oldest are
    taken. Unknown basis or day goes first with `fifo` (Fidelity's rule), with all other methods last; ties go to
    the oldest.
    """
    held = list(lots)
    if method == "average":
        held = averaged(held)
    picks: list[tuple[HeldLot, Decimal]] = []
    missing = sale.quantity
    for lot in sorted(held, key=_order(method, held, sale)) if len(held) > 1 else held:
        if missing <= 0:
            break
        taken = min(missing, lot.quantity)
        picks.append((lot, taken))
        missing -= taken
    if missing > 0:
        raise ValueError(f"{plain(sale.quantity)} cannot be sold")
    return _parts(picks, sale)


def take_named(lots: Iterable[HeldLot], chosen: Sequence[EntryLot], sale: Sale) -> tuple[EntryLot, ...]:
    """The parts of `lots` that `chosen` names by key and quantity, with their gains; ValueError if they are not
    there or not the whole quantity. Of a lot in pieces of several prices, the one of the named price goes first.
    """
    held: dict[str, list[HeldLot]] = {}
    for lot in lots:
        held.setdefault(lot.key, []).append(lot)
    picks: list[tuple[HeldLot, Decimal]] = []
    for part in chosen:
        pieces = held.get(part.lot, [])
        if not 0 < part.quantity <= sum((piece.quantity for piece in pieces), ZERO):
            raise ValueError(f"{plain(part.quantity)} of lot {part.lot} cannot be sold")
        taken, held[part.lot] = taken_of(pieces, part)
        picks += [(one.piece, one.units) for one in taken]
    named = sum((taken for _, taken in picks), ZERO)
    if named != sale.quantity:
        raise ValueError(f"the lots named add up to {plain(named)}, the sale is of {plain(sale.quantity)}")
    return _parts(picks, sale)


class Pick(NamedTuple):
    """A lot named by its day of purchase (None: unknown), how much of it (None: what is needed), and its price.

    The price is per unit, for where several were bought that day.
    """

    acquired: date | None
    quantity: Decimal | None = None
    price: Decimal | None = None


def pick_of(text: str) -> Pick:
    """The lot that `ACQUIRED[:QTY][@PRICE]` names, `unknown` being a day; ValueError for anything else."""
    text, _, price = text.partition("@")
    acquired, _, quantity = text.partition(":")
    try:
        day = None if acquired == "unknown" else date.fromisoformat(acquired)
    except ValueError:
        raise ValueError(f"{acquired!r} is no date like 2024-01-31") from None
    number = exact(quantity) if quantity else None
    if number is not None and number <= 0:
        raise ValueError(f"{quantity} of a lot is nothing")
    return Pick(day, number, exact(price) if price else None)


def picked(lots: Iterable[HeldLot], picks: Sequence[Pick], quantity: Decimal) -> tuple[EntryLot, ...]:
    """The parts of `lots` that `picks` name, for `take_named`; ValueError if no such lot is there, or not enough.

    A day is that of the purchase, or the one from which a lot counts as held; of several lots of one day the first
    goes first.
    """
    held = sorted(lots, key=lambda lot: key_order(lot.key))
    used: dict[int, Decimal] = {}
    parts: list[EntryLot] = []
    missing = quantity
    for pick in picks:
        wanted = missing if pick.quantity is None else pick.quantity
        of_day = [
            lot for lot in held if pick.acquired in (lot.acquired, lot.held_since) and _costs(lot, pick.price)
        ]
        named = "an unknown day" if pick.acquired is None else str(pick.acquired)
        named += "" if pick.price is None else f" at {plain(pick.price)}"
        if not of_day:
            days = sorted({str(lot.acquired or "an unknown day") for lot in held})
            raise ValueError(f"there is no lot of {named}: there are lots of {', '.join(days) or 'no day'}")
        for lot in of_day:
            units = min(lot.quantity - used.get(id(lot), ZERO), wanted)
            if units > 0:
                used[id(lot)] = used.get(id(lot), ZERO) + units
                parts.append(EntryLot(lot.key, units, price=lot.price))
                wanted, missing = wanted - units, missing - units
        if pick.quantity is not None and wanted > 0:
            have = plain(pick.quantity - wanted)
            raise ValueError(f"the lots of {named} have {have} left, not {plain(pick.quantity)}")
    if missing:
        had = plain(quantity - missing)
        raise ValueError(f"the lots named add up to {had}, the sale is of {plain(quantity)}")
    return tuple(parts)


def _costs(lot: HeldLot, price: Decimal | None) -> bool:
    """Whether a lot costs `price` per unit, as far as its decimals tell; any does if there is none."""
    if price is None or lot.price is None:
        return price is None
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and round(lot.price, max(-exponent, 0)) == price


class Taken(NamedTuple):
    """What a sale takes of one piece of a lot, and what that cost; None if unknown."""

    piece: HeldLot
    units: Decimal
    basis: Decimal | None


def taken_of(pieces: Sequence[HeldLot], part: EntryLot) -> tuple[list[Taken], list[HeldLot]]:
    """What `part` takes of the `pieces` of one lot, which suffice, and what is left of them.

    The piece of the price that the part names goes first, then the others in their order.
    """
    if len(pieces) == 1:
        basis, rest = pieces[0].cut(part.quantity)
        return [Taken(pieces[0], part.quantity, basis)], [] if rest is None else [rest]
    picks: list[Taken] = []
    left: dict[int, HeldLot] = dict(enumerate(pieces))
    missing = part.quantity
    for place in sorted(left, key=lambda at: not _named(pieces[at], part)):
        if missing <= 0:
            break
        piece = left.pop(place)
        units = min(missing, piece.quantity)
        basis, rest = piece.cut(units)
        picks.append(Taken(piece, units, basis))
        missing -= units
        if rest is not None:
            left[place] = rest
    return picks, [left[place] for place in sorted(left)]


def _named(piece: HeldLot, part: EntryLot) -> bool:
    """Whether `part` names the price of `piece`: its share of the basis, on the grid, moves the last digits."""
    if piece.price is None or part.price is None:
        return piece.price is part.price
    return abs(piece.price - part.price) * part.quantity <= CLOSE


def averaged(lots: Sequence[HeldLot]) -> list[HeldLot]:
    """`lots` with the average basis per unit of all, in both currencies; unknown if any of it is.

    Source: Treas. Reg. 1.1012-1(e); the days of purchase stay.
    """
    units = sum((lot.quantity for lot in lots), ZERO)
    if len(lots) < 2 or not units:
        return list(lots)
    known = [lot.basis for lot in lots if lot.basis is not None]
    rates = [lot.basis * lot.rate for lot in lots if lot.basis is not None and lot.rate is not None]
    whole = sum(known, ZERO) if len(known) == len(lots) else None
    in_base = sum(rates, ZERO) if len(rates) == len(lots) else None
    one_rate = lots[0].rate if all(lot.rate == lots[0].rate for lot in lots) else None
    rate = one_rate or (in_base / whole if in_base is not None and whole else None)
    found, left = [], whole
    for number, lot in enumerate(lots, start=1):
        basis = None
        if whole is not None and left is not None:
            basis = left if number == len(lots) else share(whole, lot.quantity, units)
            left -= basis
        found.append(HeldLot(lot.key, lot.symbol, lot.quantity, None if basis is None else basis / lot.quantity,
                             lot.acquired, rate, lot.since, lot.absorbed))  # fmt: skip
    return found


def _order(method: Method, lots: Sequence[HeldLot], sale: Sale) -> Callable[[HeldLot], Any]:
    """The key by which `method` sorts lots."""
    if method == "lifo":
        return lambda lot: (lot.acquired is None, -_ordinal(lot), tuple(-part for part in key_order(lot.key)))
    if method in ("hifo", "lofo", "min_tax"):
        in_base = sale.rate is not None and all(lot.base_price is not None for lot in lots if lot.price is not None)
        received = sale.proceeds / sale.quantity * (sale.rate if in_base and sale.rate is not None else ONE)

        def cost(lot: HeldLot) -> Decimal | None:
            return lot.base_price if in_base else lot.price

        def figure(lot: HeldLot) -> Decimal:
            basis = cost(lot) or ZERO
            if method == "min_tax":
                return (received - basis) * _rate(sale, lot)
            return -basis if method == "hifo" else basis

        return lambda lot: (cost(lot) is None, figure(lot), _ordinal(lot), key_order(lot.key))
    return lambda lot: (lot.price is not None and lot.acquired is not None, _ordinal(lot), key_order(lot.key))


def _rate(sale: Sale, lot: HeldLot) -> Decimal:
    """The tax rate on a gain of `lot`; one that is unknown counts as short-term."""
    if sale.tax.regime == "none":
        return ONE
    if sale.tax.regime == "uk":
        return sale.tax.long_rate or ONE
    return sale.tax.long_rate if sale.term_of(lot) == "long" else sale.tax.short_rate


def _ordinal(lot: HeldLot) -> int:
    return 0 if lot.acquired is None else lot.acquired.toordinal()


def _parts(picks: Sequence[tuple[HeldLot, Decimal]], sale: Sale) -> tuple[EntryLot, ...]:
    """One part per pick; each has its share of the proceeds after fees, the last what remains of them."""
    left = proceeds = sale.proceeds
    parts = []
    for number, (lot, taken) in enumerate(picks, start=1):
        received = left if number == len(picks) else share(proceeds, taken, sale.quantity)
        left -= received
        basis, _ = lot.cut(taken)
        unit = lot.price if taken == lot.quantity or basis is None else basis / taken
        parts.append(
            EntryLot(
                lot=lot.key,
                quantity=taken,
                acquired=lot.held_since,
                price=unit,
                gain=None if basis is None else received - basis,
                term=sale.term_of(lot),  # type: ignore[arg-type]
            )
        )
    return tuple(parts)


def in_base(amount: Decimal | None, rate: Decimal | None) -> Decimal | None:
    """`amount` in base currency, on the grid; None if either is unknown."""
    if amount is None or rate is None:
        return None
    return amount if rate == ONE else to_grid(amount * rate)
