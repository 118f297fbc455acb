"""Share matching of the United Kingdom: same day, then the next 30 days, then the pool at average cost.

Source: TCGA 1992 s.105, s.106A and s.104; HMRC, Helpsheet HS284. Pure; quantities are fractions in the units of the
last day, so that splits between two legs do not matter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from msgspec import Struct

from core.book.choosing import in_base
from core.book.entries import Entry, Ratio
from core.book.lots import HeldLot, bought_key, cash_moved, share, to_grid, transferred_key
from core.book.splits import factor, floored
from core.book.wash import Gain
from core.money import ZERO

LATER: Final = timedelta(days=30)  # the thirtieth day counts, the thirty-first does not
_NOTHING: Final = Fraction(0)


class Pool(Struct, frozen=True):
    """A section 104 holding: units, and their cost in the asset's currency and in base currency; None if unknown.

    What was matched with a disposal by day is not in it. Of it, `fresh` units at `fresh_base` (base currency) were
    bought on `bought`, the last day of a purchase: a sale of that day takes them first.
    """

    quantity: Decimal
    cost: Decimal | None
    base_cost: Decimal | None
    bought: date | None = None
    fresh: Decimal = ZERO
    fresh_base: Decimal | None = None

    def base_cost_of(self, units: Decimal, day: date) -> Decimal | None:
        """What a sale of `units` on `day`, the last one, costs in base currency; None if unknown."""
        if self.base_cost is None or not 0 < units <= self.quantity:
            return None
        if day != self.bought or not self.fresh:
            return share(self.base_cost, units, self.quantity)
        if self.fresh_base is None:
            return None
        first = min(units, self.fresh)
        cost, rest = share(self.fresh_base, first, self.fresh), self.quantity - self.fresh
        return cost + share(self.base_cost - self.fresh_base, units - first, rest) if units > first else cost


class Money(NamedTuple):
    """An amount in the asset's currency and in base currency; None if unknown."""

    native: Decimal | None
    base: Decimal | None

    def plus(self, other: Money) -> Money:
        """Both together."""
        return Money(_sum(self.native, other.native), _sum(self.base, other.base))

    def less(self, other: Money) -> Money:
        """What is left without `other`."""
        return Money(_sum(self.native, _minus(other.native)), _sum(self.base, _minus(other.base)))

    def part(self, units: Fraction, of: Fraction) -> Money:
        """The share of `units` out of `of`; all of it if they are all."""
        return self if units == of else Money(_part(self.native, units, of), _part(self.base, units, of))


_FREE: Final = Money(ZERO, ZERO)


class _Acquired(Struct):
    """What was bought on one day: `left` of `units` is not matched yet."""

    units: Fraction
    left: Fraction
    cost: Money


class _Split(NamedTuple):
    """A split, and what each symbol was called then."""

    entry: Entry
    names: Mapping[str, str]


class _Disposal(Struct):
    """One sale: `left` units are not matched yet; `scale` is units of the last day per unit of its own.

    `matches` are the day (None: pool), the units and the cost of each part.
    """

    entry: Entry
    left: Fraction
    scale: Fraction
    matches: list[tuple[date | None, Fraction, Money]]


class Matched(Struct, frozen=True):
    """The gains of one symbol, by sale, and its pool."""

    rows: tuple[Gain, ...]
    pool: Pool


class _Security:
    """One symbol, or several that are the same by a change of symbol."""

    def __init__(self) -> None:
        self.bought: dict[date, _Acquired] = {}
        self.sold: list[_Disposal] = []
        self.units = _NOTHING
        self.cost = _FREE
        self.rows: list[Gain] = []

    def buy(self, day: date, units: Fraction, cost: Money) -> None:
        """All that is bought on one day is one acquisition (s.105)."""
        known = self.bought.get(day)
        if known is None:
            self.bought[day] = _Acquired(units, units, cost)
        else:
            self.bought[day] = _Acquired(known.units + units, known.left + units, known.cost.plus(cost))

    def match(self) -> None:
        """Same day first, for all sales; then the 30 days after each, in the order of the sales."""
        for sale in self.sold:
            self._match(sale, sale.entry.effective)
        days = sorted(self.bought)
        for sale in self.sold:
            sold = sale.entry.effective
            for day in days[bisect_right(days, sold) :]:
                if not sale.left or day - sold > LATER:
                    break
                self._match(sale, day)

    def _match(self, sale: _Disposal, day: date) -> None:
        bought = self.bought.get(day)
        units = min(sale.left, bought.left) if bought else _NOTHING
        if bought is None or units <= 0:
            return
        cost = bought.cost.part(units, bought.left)
        bought.cost, bought.left = bought.cost.less(cost), bought.left - units
        sale.left -= units
        sale.matches.append((day, units, cost))

    def pool(self, units: Fraction, cost: Money) -> None:
        """Adds to the pool."""
        self.cost = cost if not self.units else self.cost.plus(cost)
        self.units += units

    def pooled(self) -> Pool:
        """The pool as it is at the end."""
        day = max(self.bought, default=None)
        last = _Acquired(_NOTHING, _NOTHING, _FREE) if day is None else self.bought[day]
        fresh = floored(min(last.left, self.units))
        return Pool(floored(self.units), self.cost.native, self.cost.base, day, fresh, last.cost.base)

    def dispose(self, sale: _Disposal) -> None:
        """What no acquisition was matched with comes out of the pool."""
        units = min(sale.left, self.units)
        if units > 0:
            cost = self.cost.part(units, self.units)
            self.cost, self.units = self.cost.less(cost), self.units - units
            sale.left -= units
            sale.matches.append((None, units, cost))
        self.rows += _rows(sale)


def matched(
    currencies: Mapping[str, str],
    opening: Sequence[HeldLot],
    entries: Sequence[Entry],
    opened: date | None,
    spun: Mapping[int, Decimal],
) -> dict[str, Matched]:
    """The gains and pools of symbols that are linked by spin-offs and renamings, by the symbol of the end.

    `spun` are the units that each spin-off gave: what is held then is not what the pool has.
    """
    names = _names(currencies, entries)
    splits = _splits(currencies, entries)
    securities = {name: _Security() for name in set(names.values())}
    pooled: list[tuple[date, str, Fraction, Money]] = []
    first = min((entry.effective for entry in entries), default=date.max)
    for lot in opening:
        scale = _scale(splits, lot.symbol, opened if opened is not None else lot.acquired or date.min)
        day = lot.acquired if lot.acquired is not None and lot.acquired <= first else date.min
        pooled.append((day, names[lot.symbol], Fraction(lot.quantity) * scale, _money(lot.basis, lot.rate)))
    bought = _came(entries)
    for entry in entries:
        _sort_in(entry, securities, names, splits, bought, pooled)
    for security in securities.values():
        security.match()
    got = {
        e.seq: Fraction(spun.get(e.seq, ZERO)) * _scale(splits, str(e.to), e.effective)
        for e in entries
        if e.kind == "spinoff"
    }
    _pool(securities, names, entries, pooled, got)
    return {name: Matched(tuple(security.rows), security.pooled()) for name, security in securities.items()}


def _sort_in(
    entry: Entry,
    securities: Mapping[str, _Security],
    names: Mapping[str, str],
    splits: Sequence[_Split],
    bought: Mapping[str, date],
    pooled: list[tuple[date, str, Fraction, Money]],
) -> None:
    """Puts a purchase, a sale or a transfer where it belongs."""
    if entry.symbol is None:
        return
    name = names[entry.symbol]
    quantity, price = entry.quantity, entry.price
    if entry.side == "sell" and quantity is not None:
        units = _units_sold(entry, splits, bought)
        securities[name].sold.append(_Disposal(entry, units, units / Fraction(quantity), []))
    elif entry.kind in ("trade", "dividend") and quantity is not None and price is not None:
        cost = _money(-cash_moved("buy", quantity, price, entry.fees), entry.rate)
        scale = _scale(splits, entry.symbol, entry.effective)
        securities[name].buy(entry.effective, Fraction(quantity) * scale, cost)
    elif entry.kind == "transfer":
        scale = _scale(splits, entry.symbol, entry.effective)
        for lot in entry.received:
            basis = None if lot.price is None else to_grid(lot.price * lot.quantity)
            day = lot.acquired or entry.effective
            pooled.append((day, name, Fraction(lot.quantity) * scale, _money(basis, lot.rate)))


def _came(entries: Sequence[Entry]) -> dict[str, date]:
    """By key: the day on which a lot was bought or transferred in."""
    found = {bought_key(entry.seq): entry.effective for entry in entries if entry.quantity is not None}
    for entry in entries:
        found |= {transferred_key(entry.seq, at): entry.effective for at in range(len(entry.received))}
    return found


def _units_sold(entry: Entry, splits: Sequence[_Split], bought: Mapping[str, date]) -> Fraction:
    """What a sale takes, in units of the last day: a later split of its day does not apply to lots of that day."""
    symbol, quantity = str(entry.symbol), Fraction(entry.quantity or ZERO)
    of_day = sum((Fraction(p.quantity) for p in entry.lots if bought.get(p.lot) == entry.effective), _NOTHING)
    units = of_day * _scale(splits, symbol, entry.effective)
    return units + (quantity - of_day) * _scale(splits, symbol, entry.effective, entry.seq)


def _pool(
    securities: Mapping[str, _Security],
    names: Mapping[str, str],
    entries: Sequence[Entry],
    pooled: Iterable[tuple[date, str, Fraction, Money]],
    spun: Mapping[int, Fraction],
) -> None:
    """Fills the pools day by day, and takes from them what is sold or spun off.

    What is left of a day's purchases comes last: then no sale of that day needs it, and no spin-off is on it.
    """
    steps: list[tuple[date, int, int, str, object]] = []
    for number, (day, name, units, cost) in enumerate(pooled):
        steps.append((day, 0, number, name, (units, cost)))
    for name, security in securities.items():
        for day, bought in security.bought.items():
            if bought.left:
                steps.append((day, 2, 0, name, (bought.left, bought.cost)))
        steps += [(s.entry.effective, 1, s.entry.seq, name, s) for s in security.sold]
    steps += [(e.effective, 1, e.seq, names[str(e.symbol)], e) for e in entries if e.kind == "spinoff"]
    for _, _, _, name, what in sorted(steps, key=lambda step: step[:4]):
        security = securities[name]
        if isinstance(what, _Disposal):
            security.dispose(what)
        elif isinstance(what, Entry):
            _spin_off(what, security, securities[names[str(what.to)]], spun[what.seq])
        elif isinstance(what, tuple):
            security.pool(*what)


def _spin_off(entry: Entry, security: _Security, to: _Security, units: Fraction) -> None:
    """A share of the pool's cost goes to the new security's pool, for the `units` it gave (TCGA 1992 s.130)."""
    if entry.basis_share is None or not security.units or not units:
        return
    part = Fraction(entry.basis_share)
    cost = security.cost.part(part, Fraction(1)) if part else _FREE
    security.cost = security.cost.less(cost)
    to.pool(units, cost)


def _rows(sale: _Disposal) -> list[Gain]:
    """One row for each match; each has its share of the proceeds, the last what remains of them."""
    entry = sale.entry
    left = _money(cash_moved("sell", entry.quantity or ZERO, entry.price or ZERO, entry.fees), entry.rate)
    units = sum((units for _, units, _ in sale.matches), _NOTHING)
    rows = []
    for day, part, cost in sale.matches:
        proceeds = left.part(part, units)
        left, units = left.less(proceeds), units - part
        rows.append(
            Gain(
                seq=entry.seq,
                symbol=entry.symbol or "",
                currency=entry.currency,
                quantity=floored(part / sale.scale),
                acquired=day,
                sold=entry.effective,
                proceeds=proceeds.base,
                basis=cost.base,
                native_proceeds=proceeds.native or ZERO,
                native_basis=cost.native,
            )
        )
    return rows


def _names(currencies: Mapping[str, str], entries: Iterable[Entry]) -> dict[str, str]:
    """By symbol: what it is called at the end."""
    names = {symbol: symbol for symbol in currencies}
    for entry in entries:
        if entry.kind == "rename":
            names = _renamed(names, entry)
    return names


def _splits(currencies: Mapping[str, str], entries: Iterable[Entry]) -> list[_Split]:
    """The splits in their order."""
    names, found = {symbol: symbol for symbol in currencies}, []
    for entry in entries:
        if entry.kind == "rename":
            names = _renamed(names, entry)
        elif entry.kind == "split":
            found.append(_Split(entry, names))
    return found


def _renamed(names: Mapping[str, str], entry: Entry) -> dict[str, str]:
    old, new = str(entry.symbol), str(entry.to)
    return {symbol: new if name == old else name for symbol, name in names.items()}


def _scale(splits: Iterable[_Split], symbol: str, day: date, seq: int | None = None) -> Fraction:
    """Units of the last day for one of `day`: with `seq` as of that entry, else as of the day's end."""
    found = Fraction(1)
    for split, names in splits:
        ratio: Ratio | None = split.ratio
        after = split.effective > day or (seq is not None and split.effective == day and split.seq > seq)
        if after and ratio is not None and names[symbol] == split.symbol:
            found *= factor(ratio)
    return found


def _money(native: Decimal | None, rate: Decimal | None) -> Money:
    return Money(native, in_base(native, rate))


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _part(amount: Decimal | None, units: Fraction, of: Fraction) -> Decimal | None:
    if amount is None:
        return None
    fraction = units / of
    return to_grid(amount * fraction.numerator / fraction.denominator)
