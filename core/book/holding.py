"""What is held of one symbol, as buys, sales and splits left it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from core.book.entries import Entry, EntryLot, Ratio
from core.book.lots import HeldLot, basis_of, basis_to_take, bought_key, key_order
from core.book.splits import factor, floored
from core.money import ZERO, plain


class Position(Struct, frozen=True):
    """What is held of one symbol: its lots in the order in which they came, none if all was sold."""

    symbol: str
    currency: str
    lots: tuple[HeldLot, ...] = ()

    @property
    def quantity(self) -> Decimal:
        """The units held."""
        return sum((lot.quantity for lot in self.lots), ZERO)

    @property
    def cost(self) -> Decimal | None:
        """What they cost, in the asset's currency; None if the basis of any of them is unknown."""
        total = ZERO
        for lot in self.lots:
            basis = lot.basis
            if basis is None:
                return None
            total += basis
        return total

    def held_on(self, day: date) -> tuple[HeldLot, ...]:
        """The lots that were acquired by `day`, less what any recorded sale takes, in shares of today."""
        return tuple(lot for lot in self.lots if lot.held_on(day))


class Holding:
    """The lots of one symbol while entries are added to them.

    A sale names the lots that it takes, so buys and sales may come in any order in which no sale precedes its lots;
    where there are splits, entries have to come by day, then number. With `opened` the opening lots are as held at
    the end of that day, so that every split changes them; without it they are in shares of the day they were
    acquired. Recorded sales from before entry `adopted` carry the basis of other opening lots.
    """

    def __init__(
        self,
        symbol: str,
        currency: str,
        opening: Sequence[HeldLot] = (),
        *,
        opened: date | None = None,
        adopted: int = 0,
    ) -> None:
        self.symbol = symbol
        self.currency = currency
        self.revised: list[int] = []  # sales whose basis is another than they recorded: a split was recorded later
        self._opening = tuple(opening)
        self._opened = opened
        self._adopted = adopted
        self._lots = {lot.key: lot for lot in opening}
        self._entries: list[Entry] = []
        self._splits: list[Entry] = []
        self._latest = self._latest_split = date.min
        self._shuffled = False  # whether the lots no longer stand in the order of their days
        self._position: Position | None = None  # the frozen one, dropped with each change

    def follows(self, entry: Entry) -> bool:
        """Whether nothing that is here already, but comes after `entry`, depends on it."""
        return entry.effective >= (self._latest if entry.kind == "split" else self._latest_split)

    def position(self) -> Position:
        """What is held now, frozen."""
        if self._position is None:
            if self._shuffled:
                self._lots = {lot.key: lot for lot in sorted(self._lots.values(), key=_arrival)}
                self._shuffled = False
            self._position = Position(self.symbol, self.currency, tuple(self._lots.values()))
        return self._position

    def held_on(self, day: date) -> tuple[HeldLot, ...]:
        """What a new sale dated `day` may take, in shares of that day: what no recorded sale takes."""
        lots = [lot for lot in self._lots.values() if lot.held_on(day)]
        if day >= self._latest_split:
            return tuple(lots)
        left = self._left(day)
        return tuple(lot.recounted(left[lot.key]) for lot in lots if left.get(lot.key))

    @property
    def splits(self) -> tuple[Entry, ...]:
        """Those in force so far, in their order."""
        return tuple(self._splits)

    def split_on(self, day: date, ratio: Ratio) -> Entry | None:
        """The split by `ratio` on `day` that is in force, if there is one."""
        return next((one for one in self._splits if one.effective == day and one.ratio == ratio), None)

    def buy(self, entry: Entry, quantity: Decimal, cost: Decimal) -> None:
        """A lot of `quantity` units that cost `cost`, fees included."""
        self._add(entry)
        key = bought_key(entry.seq)
        self._lots[key] = HeldLot(key, self.symbol, quantity, cost / quantity, entry.effective)

    def sell(self, entry: Entry, quantity: Decimal) -> list[str]:
        """Takes the recorded parts of a sale out of the lots; gives what does not fit."""
        self._add(entry)
        unfit = []
        taken, lots = ZERO, self._lots
        for part in entry.lots:
            taken += part.quantity
            lot = lots.get(part.lot)
            have = lot.quantity if lot is not None and lot.held_on(entry.effective) else ZERO
            if lot is None or not 0 < part.quantity <= have:
                what = f"sells {plain(part.quantity)} {self.symbol} of lot {part.lot}"
                unfit.append(f"{what}, which has {plain(have)} left")
                continue
            resplit = self._resplit(entry, lot)
            if resplit:
                self.revised.append(entry.seq)
            if part.quantity == have:
                del lots[part.lot]
            else:
                lots[part.lot] = lot.without(part.quantity, self._basis(entry, part, lot, resplit))
        if taken != quantity:
            unfit.append(f"sells {plain(quantity)} {self.symbol}, but its lots add up to {plain(taken)}")
        return unfit

    def split(self, entry: Entry, ratio: Ratio) -> list[str]:
        """Multiplies the lots held before its day, which keep their basis; gives what cannot be split."""
        self._add(entry)
        unfit = []
        self._splits.append(entry)
        self._latest_split = max(self._latest_split, entry.effective)
        for key, lot in self._lots.items():
            if self._changes(entry, lot):
                try:
                    self._lots[key] = lot.split(ratio)
                except ValueError as error:
                    unfit.append(f"makes {error} of the {plain(lot.quantity)} {self.symbol} of lot {key}")
        return unfit

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._position = None
        if entry.effective < self._latest:
            self._shuffled = True
        else:
            self._latest = entry.effective

    def _changes(self, split: Entry, lot: HeldLot) -> bool:
        """Whether `lot` was held before the day of `split`."""
        if lot.acquired is None or (lot.opening and self._opened is not None):
            return True
        return lot.acquired < split.effective

    def _basis(self, entry: Entry, part: EntryLot, lot: HeldLot, resplit: bool) -> Decimal | None:
        """The basis that a part takes with it: recorded, or its share if the lot was corrected or split since."""
        if part.price is None or resplit or (lot.opening and entry.seq < self._adopted):
            return basis_to_take(lot, part.quantity)
        return basis_of(part.quantity, part.price)

    def _resplit(self, sale: Entry, lot: HeldLot) -> bool:
        """Whether a split that was recorded after `sale`, but counts before it, applied to `lot`."""
        return any(split.seq > sale.seq and self._changes(split, lot) for split in self._splits)

    def _left(self, day: date) -> dict[str, Decimal]:
        """By lot: what was held at the end of `day` and no later sale takes, in shares of that day."""
        held = {lot.key: lot for lot in self._opening}
        taken: dict[str, Fraction] = {}
        grown: dict[str, Fraction] = {}  # by how much the splits after `day` have multiplied each lot so far
        for entry in sorted(self._entries, key=entry_order):
            past = entry.effective <= day
            if entry.ratio is not None:
                for key, lot in held.items():
                    if not self._changes(entry, lot):
                        continue
                    if past:
                        held[key] = lot.split(entry.ratio)
                    else:
                        grown[key] = grown.get(key, Fraction(1)) * factor(entry.ratio)
            elif entry.side == "buy" and past:
                key = bought_key(entry.seq)
                held[key] = HeldLot(key, self.symbol, entry.quantity or ZERO, acquired=entry.effective)
            for part in entry.lots:
                if part.lot not in held:
                    continue
                if not past:
                    units = Fraction(part.quantity) / grown.get(part.lot, Fraction(1))
                    taken[part.lot] = taken.get(part.lot, Fraction(0)) + units
                elif part.quantity < held[part.lot].quantity:
                    held[part.lot] = held[part.lot].without(part.quantity, None)
                else:
                    del held[part.lot]
        return {
            key: floored(Fraction(lot.quantity) - taken[key]) if key in taken else lot.quantity
            for key, lot in held.items()
        }


def entry_order(entry: Entry) -> tuple[date, int]:
    """Sorts entries into the order in which they count: by day, then by number."""
    return entry.effective, entry.seq


def _arrival(lot: HeldLot) -> tuple[bool, date, tuple[bool, int]]:
    """Opening lots first, as the file lists them; then bought ones by day and number."""
    return not lot.opening, date.min if lot.opening or not lot.acquired else lot.acquired, key_order(lot.key)
