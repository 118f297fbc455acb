"""The lots of one symbol, and of those that it became or came from, while entries go by in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from core.book.choosing import CLOSE, Taken, averaged, in_base, taken_of
from core.book.entries import Entry, EntryLot, Ratio
from core.book.lots import (
    HeldLot,
    basis_of,
    bought_key,
    cash_moved,
    key_order,
    share,
    spun_key,
    transferred_key,
)
from core.book.splits import split_quantity
from core.book.terms import term
from core.book.wash import Gain, OpenLoss, Pieces, Washes
from core.money import ZERO, plain
from core.portfolio.model import Tax

CLOSE_PRICE: Final = Decimal("1e-24")  # per unit


class Start(NamedTuple):
    """What one account held at the start: its lots, the day on which it was opened, whether it is taxed, and the
    name of its ledger."""

    lots: tuple[HeldLot, ...]
    opened: date | None
    taxed: bool
    name: str = ""


class Unfit(NamedTuple):
    """An entry that does not fit what was there before it."""

    seq: int
    what: str


class Replay:
    """Goes through entries by day, then number. Account 0 is the ledger's own; others are of its wash group.

    With `rows` what sales realised is kept; if it is a year, of that year at least.
    """

    def __init__(
        self, starts: Sequence[Start], currencies: Mapping[str, str], tax: Tax, *, rows: bool | int = False
    ) -> None:
        self.tax = tax
        self.unfit: list[Unfit] = []
        self.revised: list[int] = []  # sales that took another basis than they recorded
        self.gains: list[Gain] = []
        self.spun: dict[int, Decimal] = {}  # by spin-off: the units that account 0 got
        self._rows = rows
        self._realises = rows is True or tax.washes  # else of the year that `rows` names, if any
        self._renamed: dict[str, tuple[str, date]] = {}
        self._currencies = currencies
        self._opened = [start.opened for start in starts]
        self.accounts = [Pieces(start.taxed) for start in starts]
        self.washes = Washes(self.accounts, ranks_of(starts))
        for start, account in zip(starts, self.accounts, strict=True):
            for lot in start.lots:
                account.put(lot)
        for number, start in enumerate(starts if tax.washes else ()):
            for lot in start.lots:
                self.washes.bought(number, lot.key, lot.symbol, lot.acquired)

    def apply(self, entry: Entry, account: int = 0) -> None:
        """Counts `entry` in."""
        if self.tax.washes:
            self.washes.pass_to(entry.effective)
        gone = self._gone(entry) if self._renamed and account == 0 else None
        if gone is not None:
            to, since = self._renamed[gone]
            self._unfit(entry, account, f"is of {gone}, which is {to} since {since}")
        elif entry.kind == "trade" and entry.side == "sell":
            self._sell(entry, account)
        elif entry.kind in ("trade", "dividend"):
            self._buy(entry, account)
        elif entry.kind == "split":
            self._split(entry, account)
        elif entry.kind == "spinoff":
            self._spin_off(entry, account)
        elif entry.kind == "rename":
            self._rename(entry, account)
        elif entry.kind == "transfer":
            self._transfer(entry, account)

    def _gone(self, entry: Entry) -> str | None:
        """The symbol of an entry that is called something else by then; None if there is none."""
        named = (entry.symbol, entry.to) if entry.kind == "spinoff" else (entry.symbol,)
        return next((symbol for symbol in named if symbol in self._renamed), None)

    def lots(self, symbol: str) -> tuple[HeldLot, ...]:
        """What account 0 holds of `symbol`: opening lots first, as the file lists them; then by day and number."""
        account = self.accounts[0]
        if account.shuffled:
            account.lots = dict(sorted(account.lots.items(), key=_arrival))
            account.shuffled = False
        return tuple(account.of(symbol)) if account.taxed else tuple(_whole(account.of(symbol)))

    def _unfit(self, entry: Entry, account: int, what: str) -> None:
        if account == 0:
            self.unfit.append(Unfit(entry.seq, what))

    def _put(self, account: int, lot: HeldLot, arrived: date | None = None) -> None:
        pieces = self.accounts[account]
        pieces.put(lot)
        if arrived is not None:
            pieces.arrived[lot.key] = arrived
            pieces.shuffled = True
        if self.tax.washes and lot.purchased:
            self.washes.bought(account, lot.key, lot.symbol, lot.acquired)

    def _buy(self, entry: Entry, account: int) -> None:
        symbol, quantity, price = entry.symbol, entry.quantity, entry.price
        if symbol is None or quantity is None or price is None:
            return  # a dividend that was not reinvested
        cost = -cash_moved("buy", quantity, price, entry.fees)
        lot = HeldLot(bought_key(entry.seq), symbol, quantity, cost / quantity, entry.effective, entry.rate)
        self._put(account, lot)

    def _sell(self, entry: Entry, account: int) -> None:
        """Takes the recorded parts out of the lots."""
        symbol, quantity = entry.symbol or "", entry.quantity or ZERO
        own = self.accounts[account]
        if entry.method == "average":
            self._average(own, symbol)
        realises = self._realises or self._rows == entry.effective.year
        proceeds = left = cash_moved("sell", quantity, entry.price or ZERO, entry.fees) if realises else ZERO
        named = ZERO
        for number, part in enumerate(entry.lots, start=1):
            named += part.quantity
            received = left
            if realises and number < len(entry.lots):
                received = share(proceeds, part.quantity, quantity)
                left -= received
            pieces = own.lots.get(part.lot, [])
            have = _held(pieces, symbol)
            if not 0 < part.quantity <= have:
                what = f"sells {plain(part.quantity)} {symbol} of lot {part.lot}, which has {plain(have)} left"
                self._unfit(entry, account, what)
                continue
            picks, rest = taken_of(pieces, part)
            if rest:
                own.lots[part.lot] = rest
            else:
                del own.lots[part.lot]
            if account == 0 and _revised(part, picks):
                self.revised.append(entry.seq)
            if realises:
                self._realise(entry, account, part, picks, received)
        if named != quantity:
            what = f"sells {plain(quantity)} {symbol}, but its lots add up to {plain(named)}"
            self._unfit(entry, account, what)

    def _realise(
        self, entry: Entry, account: int, part: EntryLot, picks: Sequence[Taken], received: Decimal
    ) -> None:
        """The gain of one recorded part, by the pieces that it took; a loss opens its window."""
        left = received
        for number, one in enumerate(picks, start=1):
            brought = left if number == len(picks) else share(received, one.units, part.quantity)
            left -= brought
            self._gain(entry, account, one, brought)

    def _gain(self, entry: Entry, account: int, one: Taken, brought: Decimal) -> None:
        us, lot = self.tax.regime == "us", one.piece
        row = Gain(
            seq=entry.seq,
            symbol=lot.symbol,
            currency=entry.currency,
            quantity=one.units,
            acquired=lot.held_since,
            sold=entry.effective,
            proceeds=in_base(brought, entry.rate),
            basis=in_base(one.basis, lot.rate),
            native_proceeds=brought,
            native_basis=one.basis,
            term=term(lot.held_since, entry.effective) if us else None,
            disallowed=ZERO if us else None,
            account=account,
        )
        if self._rows and account == 0:
            self.gains.append(row)
        gain = row.gain
        if self.tax.washes and self.accounts[account].taxed and gain is not None and gain < 0:
            since, came = lot.held_since, self._came(lot, account)
            loss = OpenLoss(lot.symbol, entry.effective, since, lot.key, account, one.units, -gain, row, came)
            self.washes.lose(loss)

    def _average(self, own: Pieces, symbol: str) -> None:
        """All units of `symbol` cost the same from now on."""
        held = list(own.of(symbol))
        for lot in held:
            own.lots[lot.key] = []
        for lot in averaged(held):
            own.lots[lot.key].append(lot)

    def _split(self, entry: Entry, account: int) -> None:
        """Multiplies the lots held before its day, which keep their basis."""
        symbol, ratio, own = entry.symbol or "", entry.ratio, self.accounts[account]
        if ratio is None:
            return
        for key, pieces in own.lots.items():
            if pieces[0].symbol != symbol or not self.changes(entry, pieces[0], account):
                continue
            try:
                own.lots[key] = [piece.split(ratio) for piece in pieces]
            except ValueError as error:
                have = plain(sum((piece.quantity for piece in pieces), ZERO))
                self._unfit(entry, account, f"makes {error} of the {have} {symbol} of lot {key}")
        self.washes.split(symbol, entry.effective, ratio, account)

    def changes(self, event: Entry, lot: HeldLot, account: int = 0) -> bool:
        """Whether `lot` was held before the day of `event`."""
        return self._came(lot, account) < event.effective

    def _came(self, lot: HeldLot, account: int) -> date:
        """The day on which `lot` came; the first of all days if it was there at the start."""
        came = self.accounts[account].arrived.get(lot.key, lot.acquired)
        return date.min if came is None or (lot.opening and self._opened[account] is not None) else came

    def _spin_off(self, entry: Entry, account: int) -> None:
        """New units beside those held before its day; they take over a share of the basis, and the day."""
        symbol, to, ratio, part = entry.symbol or "", entry.to or "", entry.ratio, entry.basis_share
        if ratio is None or part is None:
            return
        own = self.accounts[account]
        for key, pieces in list(own.lots.items()):
            if pieces[0].symbol != symbol or not self.changes(entry, pieces[0], account):
                continue
            kept, spun = [], []
            for piece in pieces:
                units = _spun_units(piece.quantity, ratio)
                if not units:  # nothing is there to take over a basis
                    kept.append(piece)
                    continue
                gone = None if piece.basis is None else share(piece.basis, part, Decimal(1))
                kept.append(piece.costing(None if piece.basis is None or gone is None else piece.basis - gone))
                price = None if gone is None else gone / units
                spun.append(replace(piece, key=spun_key(entry.seq, key), symbol=to, quantity=units, price=price))
            own.lots[key] = kept
            if spun:
                own.lots[spun[0].key] = spun
                own.arrived[spun[0].key] = entry.effective
                own.shuffled = True
            if account == 0:
                got = sum((piece.quantity for piece in spun), ZERO)
                self.spun[entry.seq] = self.spun.get(entry.seq, ZERO) + got

    def _rename(self, entry: Entry, account: int) -> None:
        """What was held of the old symbol is held of the new one."""
        symbol, to, own = entry.symbol or "", entry.to or "", self.accounts[account]
        for key, pieces in own.lots.items():
            if pieces[0].symbol == symbol:
                own.lots[key] = [replace(piece, symbol=to) for piece in pieces]
        if account == 0:
            self._renamed[symbol] = to, entry.effective
            self._renamed.pop(to, None)
        self.washes.rename(symbol, to)

    def _transfer(self, entry: Entry, account: int) -> None:
        """Lots from elsewhere, as they were bought there."""
        for index, lot in enumerate(entry.received):
            key = transferred_key(entry.seq, index)
            price, symbol = lot.price, entry.symbol or ""
            self._put(account, HeldLot(key, symbol, lot.quantity, price, lot.acquired, lot.rate), entry.effective)


def entry_order(entry: Entry) -> tuple[date, int]:
    """Sorts entries into the order in which they count: by day, then by number."""
    return entry.effective, entry.seq


def ranks_of(starts: Sequence[Start]) -> list[int]:
    """The place of each account among those of its wash group on one day: by name, so that all ledgers of the group
    see the same order and each loss goes to one replacement."""
    by_name = sorted(range(len(starts)), key=lambda account: starts[account].name)
    return [by_name.index(account) for account in range(len(starts))]


def in_order(
    own: Iterable[Entry], others: Sequence[Iterable[Entry]], starts: Sequence[Start]
) -> list[tuple[Entry, int]]:
    """The entries of all accounts by day; those of one day by account, then number. `own` stand in their order."""
    if not any(others):
        return [(entry, 0) for entry in own]
    ranks = ranks_of(starts)
    tagged = [(entry, 0) for entry in own]
    tagged += [(entry, account) for account, entries in enumerate(others, start=1) for entry in entries]
    return sorted(tagged, key=lambda one: (one[0].effective, ranks[one[1]], one[0].seq))


def _whole(pieces: Iterable[HeldLot]) -> Iterator[HeldLot]:
    """Pieces of one lot as one again where nothing tells them apart: losses of others add nothing where no gain is
    taxed."""
    before: HeldLot | None = None
    for piece in pieces:
        if before is not None and (before.key, before.price) == (piece.key, piece.price):
            before = replace(before, quantity=before.quantity + piece.quantity, absorbed=False)
            continue
        if before is not None:
            yield before
        before = piece
    if before is not None:
        yield before


def _held(pieces: Sequence[HeldLot], symbol: str) -> Decimal:
    """How much of a lot is there, if it is of `symbol`."""
    if len(pieces) == 1:
        return pieces[0].quantity if pieces[0].symbol == symbol else ZERO
    return sum((piece.quantity for piece in pieces if piece.symbol == symbol), ZERO)


def _revised(part: EntryLot, picks: Sequence[Taken]) -> bool:
    """Whether a part takes another basis than it recorded."""
    recorded = part.price
    if recorded is None or all(_close(one.piece.price, recorded) for one in picks):
        return False
    whole, basis = basis_of(part.quantity, recorded), ZERO
    for one in picks:
        if one.basis is None:
            return False
        basis += one.basis
    return whole is not None and abs(whole - basis) > CLOSE


def _close(price: Decimal | None, other: Decimal) -> bool:
    return price is not None and abs(price - other) <= CLOSE_PRICE


def _spun_units(quantity: Decimal, ratio: Ratio) -> Decimal:
    """The new units for `quantity` old ones; 0 where there would be nothing."""
    try:
        return split_quantity(quantity, ratio)
    except ValueError:
        return ZERO


def _arrival(held: tuple[str, list[HeldLot]]) -> tuple[bool, date, tuple[int, ...]]:
    """Opening lots first, as the file lists them; then the others by day and number."""
    key, pieces = held
    lot = pieces[0]
    return not lot.opening, date.min if lot.opening or not lot.acquired else lot.acquired, key_order(key)
