"""What is held of one symbol, and of those that it became or came from, as entries leave it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from core.book import uk
from core.book.entries import Entry, Head, Ratio
from core.book.lots import HeldLot, opening_key
from core.book.replay import Replay, Start, Unfit, entry_order, in_order
from core.book.splits import factor, floored
from core.book.uk import Pool
from core.book.wash import Gain, Member
from core.money import ONE, ZERO
from core.portfolio.model import Tax


class LossNearby(Struct, frozen=True):
    """A sale at a loss on `day` of which `quantity` units, a loss of `amount` in base currency, would be disallowed
    by a purchase until `until`."""

    day: date
    until: date
    quantity: Decimal
    amount: Decimal


class Position(Struct, frozen=True):
    """What is held of one symbol: its lots in the order in which they came, none if all was sold.

    Under the rules of the United Kingdom `pool` is what counts for its gains. `losses` are those whose windows for
    a wash sale were still open at its last entry, `elsewhere` what other ledgers of the wash group then had bought
    in the 30 days before.
    """

    symbol: str
    currency: str
    lots: tuple[HeldLot, ...] = ()
    pool: Pool | None = None
    losses: tuple[LossNearby, ...] = ()
    elsewhere: tuple[HeldLot, ...] = ()

    @property
    def quantity(self) -> Decimal:
        """The units held."""
        return sum((lot.quantity for lot in self.lots), ZERO)

    @property
    def shown(self) -> tuple[HeldLot, ...]:
        """The lots by which its gains are reckoned: the pool is one, without a day."""
        pool = self.pool
        if pool is None:
            return self.lots
        if not pool.quantity:
            return ()
        price = None if pool.cost is None else pool.cost / pool.quantity
        return (HeldLot(f"pool:{self.symbol}", self.symbol, pool.quantity, price),)

    @property
    def cost(self) -> Decimal | None:
        """What they cost, in the asset's currency; None if the basis of any of them is unknown."""
        if self.pool is not None:
            return self.pool.cost
        total = ZERO
        for lot in self.lots:
            basis = lot.basis
            if basis is None:
                return None
            total += basis
        return total

    def held_on(self, day: date) -> tuple[HeldLot, ...]:
        """The lots that were acquired by `day`, less what any recorded sale takes, in shares of today."""
        return tuple(lot for lot in self.lots if lot.opening or lot.acquired is None or lot.acquired <= day)


def opening_lots(head: Head) -> Iterator[HeldLot]:
    """What was held at the start; the rate of the base currency is 1."""
    for asset in head.assets:
        for index, lot in enumerate(asset.lots):
            rate = ONE if asset.currency == head.base_currency else lot.rate
            key = opening_key(asset.symbol, index)
            yield HeldLot(key, asset.symbol, lot.quantity, lot.price, lot.acquired, rate)


class Holding:
    """The lots of one symbol, and of those linked to it by spin-offs and renamings, while entries are added.

    Entries may come in any order: they count by day, then number, and are gone through anew from the first one
    where one comes late. With `opened` the opening lots are as held at the end of that day, so that every split
    changes them; without it they are in shares of the day they were acquired.
    """

    def __init__(
        self,
        currencies: Mapping[str, str],
        opening: Sequence[HeldLot] = (),
        *,
        opened: date | None = None,
        tax: Tax | None = None,
        members: Sequence[Member] = (),
        rows: bool | int = False,
        name: str = "",
    ) -> None:
        self.currencies = dict(currencies)
        self._tax = tax or Tax()
        self._rows = rows
        taxed = self._tax.regime == "us"
        self._starts = [Start(tuple(opening), opened, taxed, name), *(self._start(member) for member in members)]
        self._others = [tuple(e for e in m.entries if e.symbol in self.currencies) for m in members]
        self._latest_other = max((e.effective for entries in self._others for e in entries), default=date.min)
        self._entries: list[Entry] = []
        self._applied: Replay | None = None
        self._count = 0  # how many entries `_applied` has
        self._past: tuple[int, Replay] | None = None  # of the first so many entries, for sales that come late
        self._positions: dict[str, Position] = {}
        self._pools: Mapping[str, uk.Matched] | None = None

    def add(self, entry: Entry) -> None:
        """Counts `entry` in."""
        self._positions.clear()
        self._pools = None
        last = self._entries[-1] if self._entries else None
        if last is not None and entry.effective <= last.effective and entry_order(entry) < entry_order(last):
            place = bisect_right(self._entries, entry_order(entry), key=entry_order)
            self._entries.insert(place, entry)
            self._applied = None
            if self._past is not None and place < self._past[0]:
                self._past = None
        else:
            self._entries.append(entry)

    @property
    def unfit(self) -> Sequence[Unfit]:
        """The entries that do not fit what was there before them."""
        return self._replayed().unfit

    @property
    def revised(self) -> Sequence[int]:
        """Sales whose basis is another than they recorded: something that counts before them was recorded later."""
        return self._replayed().revised

    @property
    def gains(self) -> list[Gain]:
        """What was realised, by sale; needs `rows`."""
        if self._tax.regime == "uk":
            rows = [row for one in self._matched().values() for row in one.rows]
            return sorted(rows, key=lambda row: (row.sold, row.seq))
        return self._replayed().gains

    def position(self, symbol: str) -> Position:
        """What is held of `symbol` now, frozen."""
        if symbol not in self._positions:
            replay = self._replayed()
            pool = self._matched()[symbol].pool if self._tax.regime == "uk" and symbol in self._matched() else None
            losses = tuple(
                LossNearby(loss.day, loss.until, loss.left, loss.amount) for loss in replay.washes.near(symbol)
            )
            currency = self.currencies[symbol]
            elsewhere = tuple(replay.washes.bought_elsewhere(symbol))
            self._positions[symbol] = Position(symbol, currency, replay.lots(symbol), pool, losses, elsewhere)
        return self._positions[symbol]

    def held_on(self, symbol: str, day: date) -> tuple[HeldLot, ...]:
        """What a new sale dated `day` may take, in shares of that day: what no recorded sale takes."""
        if not self._entries or day >= self._entries[-1].effective:
            return self._replayed().lots(symbol)
        here = bisect_right(self._entries, day, key=lambda entry: entry.effective)
        past = self._replayed_to(here, day)
        taken = self._taken_after(past, self._entries[here:])
        return tuple(self._less(past.lots(symbol), taken))

    @property
    def splits(self) -> tuple[Entry, ...]:
        """The splits in force so far, in their order."""
        return tuple(entry for entry in self._entries if entry.kind == "split")

    def split_on(self, symbol: str, day: date, ratio: Ratio) -> Entry | None:
        """The split by `ratio` on `day` that is in force, if there is one."""
        of_day = (one for one in self.splits if one.symbol == symbol and one.effective == day)
        return next((one for one in of_day if one.ratio == ratio), None)

    def _start(self, member: Member) -> Start:
        lots = tuple(lot for lot in opening_lots(member.head) if lot.symbol in self.currencies)
        return Start(lots, member.head.opened, member.taxed, member.name)

    def _replayed(self) -> Replay:
        """The replay of all entries: gone on with, or begun anew."""
        fresh = self._entries[self._count :]
        among = any(entry.effective <= self._latest_other for entry in fresh)
        if self._applied is None or among:
            self._applied, self._count = self._run(self._entries), len(self._entries)
        for entry in self._entries[self._count :]:
            self._applied.apply(entry)
        self._count = len(self._entries)
        return self._applied

    def _replayed_to(self, count: int, day: date) -> Replay:
        """A replay of the first `count` entries, those until `day`; it goes on where it was last."""
        done, replay = self._past or (0, None)
        if replay is None or done > count or any(self._others):
            replay = self._run(self._entries[:count], day)
        else:
            for entry in self._entries[done:count]:
                replay.apply(entry)
        self._past = count, replay
        return replay

    def _run(self, entries: Sequence[Entry], until: date | None = None) -> Replay:
        """A replay of `entries`, with those of the wash group until that day among them."""
        replay = Replay(self._starts, self.currencies, self._tax, rows=self._rows)
        for entry, account in in_order(entries, self._others, self._starts):
            if until is None or account == 0 or entry.effective <= until:
                replay.apply(entry, account)
        return replay

    def _matched(self) -> Mapping[str, uk.Matched]:
        """The gains and the pools by the rules of the United Kingdom."""
        if self._pools is None:
            start, spun = self._starts[0], self._replayed().spun
            self._pools = uk.matched(self.currencies, start.lots, self._entries, start.opened, spun)
        return self._pools

    def _taken_after(self, past: Replay, later: Iterable[Entry]) -> dict[str, Fraction]:
        """By lot: what `later` sales take of it, in units of the day of `past`."""
        own = past.accounts[0]
        symbols = {key: pieces[0].symbol for key, pieces in own.lots.items()}
        taken: dict[str, Fraction] = {}
        grown: dict[str, Fraction] = {}
        for entry in later:
            if entry.kind == "rename":
                symbols |= {key: str(entry.to) for key, symbol in symbols.items() if symbol == entry.symbol}
            elif entry.ratio is not None and entry.kind == "split":
                for key, symbol in symbols.items():
                    if symbol == entry.symbol and past.changes(entry, own.lots[key][0]):
                        grown[key] = grown.get(key, Fraction(1)) * factor(entry.ratio)
            for part in entry.lots:
                if part.lot in symbols:
                    units = Fraction(part.quantity) / grown.get(part.lot, Fraction(1))
                    taken[part.lot] = taken.get(part.lot, Fraction(0)) + units
        return taken

    @staticmethod
    def _less(lots: Iterable[HeldLot], taken: dict[str, Fraction]) -> Iterable[HeldLot]:
        """`lots` without what is `taken`, in the order of their pieces."""
        for lot in lots:
            gone = taken.get(lot.key, Fraction(0))
            if not gone:
                yield lot
                continue
            left = floored(max(Fraction(lot.quantity) - gone, Fraction(0)))
            taken[lot.key] = max(gone - Fraction(lot.quantity), Fraction(0))
            if left:
                _, rest = lot.cut(lot.quantity - left)
                yield lot if rest is None else rest
