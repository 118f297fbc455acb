"""A ledger as a double-entry journal: what each entry moves becomes postings that add up to nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.book.entries import Entry, Head
from core.book.lots import basis_of, bought_key, cash_moved, share
from core.errors import BadInput
from core.ledger.exporters.accounts import Accounts
from core.ledger.exporters.commodities import Commodities, commodities
from core.ledger.exporters.movements import NEAR, Holdings, Lot, Movement, Movements, Rules
from core.ledger.exporters.writing import exact, line, money
from core.money import ZERO

YEARS: Final = range(1400, 2999)  # which both beancount and ledger can read, with a day after them
NOISE: Final = Decimal("1e-18")  # what is left of a sum whose terms were rounded beyond 24 decimals
_DAYS: Final = f"a journal holds days from {YEARS.start} to {YEARS.stop - 1}; csv and json hold any"
_POOLED: Final = "gains here go by lots; those that count in the UK, by a pool, are in `strikezone ledger gains`"
_BEGINNING: Final = date(1970, 1, 1)


class Posting(Struct, frozen=True, gc=False):
    """`number` of a commodity into an account, or if negative out of it.

    With `total` it weighs that much `currency` instead of itself: the basis of `lot`, or without a lot what it was
    exchanged for. `price` per unit is what it was traded at.
    """

    account: str
    number: Decimal
    commodity: str
    lot: Lot | None = None
    total: Decimal | None = None
    currency: str = ""
    price: Decimal | None = None


class Transaction(Struct, frozen=True, gc=False):
    """Postings of one day; `facts` are what else is known, by name."""

    day: date
    title: str
    postings: tuple[Posting, ...]
    facts: tuple[tuple[str, str], ...] = ()


class Journal(Struct, frozen=True):
    """All of it: `balances` are what is left at the end of the day before `end`, by account and commodity.

    `rates` are base currency per unit of another one by day; `left_out` says why an entry has no transaction.
    """

    title: str
    base: str
    names: Commodities
    start: date
    end: date
    transactions: tuple[Transaction, ...]
    balances: tuple[tuple[str, Decimal, str], ...]
    rates: tuple[tuple[date, str, Decimal], ...]
    left_out: tuple[str, ...]


def journal(
    head: Head, entries: Sequence[Entry], accounts: Accounts, rules: Rules, year: int | None = None
) -> Journal:
    """The journal of `entries`, or of one year with what was held before it as its opening balances.

    BadInput if a day lies outside 1400 to 2998, Conflict if an entry does not fit.
    """
    if year is not None and year not in YEARS:
        raise BadInput(f"a journal of {year}", fix=_DAYS)
    moves = Movements(head, entries, rules, until=year)
    _check_days(moves.entries)
    names = commodities(moves.currencies, moves.symbols)
    if year is not None:
        for _ in moves.go_on(date(year, 1, 1)):
            pass
    start = _start(moves, year)
    writer = _Writer(accounts, names)
    transactions = [writer.opening(start, moves.held())]
    transactions += [writer.transaction(movement) for movement in moves.go_on()]
    moves.check()
    last = max([start, *(one.day for one in transactions[-1:])])
    counted = [entry for entry in moves.entries if year in (None, entry.effective.year)]
    return Journal(
        title=moves.head.portfolio,
        base=names.currencies[moves.head.base_currency],
        names=names,
        start=start,
        end=last + timedelta(days=1) if year is None else date(year + 1, 1, 1),
        transactions=tuple(one for one in transactions if one.postings),
        balances=tuple(writer.balances(moves.held(), moves.symbols)),
        rates=tuple(_rates(counted, moves.head.base_currency, names)),
        left_out=(*([_POOLED] if rules.tax.regime == "uk" else []), *_left_out(entries, moves.head, year)),
    )


def _check_days(entries: Iterable[Entry]) -> None:
    for entry in entries:
        if entry.effective.year not in YEARS:
            raise BadInput(f"entry {entry.seq} is of {entry.effective}", fix=_DAYS)


def _start(moves: Movements, year: int | None) -> date:
    """The day of the opening balances."""
    if year is not None:
        return date(year, 1, 1)
    if moves.head.opened is not None:
        return max(moves.head.opened, date(YEARS.start, 1, 1))
    days = [entry.effective for entry in moves.entries[:1]]
    days += [lot.since for lot in moves.held().lots if lot.since and lot.since.year in YEARS]
    return min(days, default=_BEGINNING)


def _rates(entries: Iterable[Entry], base: str, names: Commodities) -> Iterator[tuple[date, str, Decimal]]:
    """The last rate of each day."""
    found = {
        (entry.effective, names.currencies[entry.currency]): entry.rate
        for entry in entries
        if entry.currency != base and entry.rate is not None
    }
    return ((day, currency, rate) for (day, currency), rate in found.items())


def _left_out(entries: Sequence[Entry], head: Head, year: int | None) -> Iterator[str]:
    voids = {entry.void_of: entry.seq for entry in entries if entry.void_of is not None}
    for entry in entries:
        if year not in (None, entry.effective.year) and entry.kind != "adopt":
            continue
        if entry.seq in voids:
            yield f"entry {entry.seq}, {entry.kind} of {entry.effective}: voided by entry {voids[entry.seq]}"
        elif entry.kind == "adopt":
            yield f"entry {entry.seq}: corrected opening lots and balances, with which this begins"
        elif entry.kind != "void" and head.opened is not None and entry.effective <= head.opened:
            yield f"entry {entry.seq}, {entry.kind} of {entry.effective}: in the opening balances of {head.opened}"


class _Writer:
    """Turns movements into transactions."""

    def __init__(self, accounts: Accounts, names: Commodities) -> None:
        self._accounts = accounts
        self._names = names

    def opening(self, day: date, held: Holdings) -> Transaction:
        """What is there at the start, out of an account of its own."""
        postings = [self._lot(lot, lot.quantity, lot.basis) for lot in held.lots]
        postings += [self._cash(currency, amount) for currency, amount in held.cash.items() if amount]
        return Transaction(day, "Opening balances", (*postings, *_rest(postings, self._accounts.opening)))

    def balances(self, held: Holdings, symbols: Iterable[str]) -> Iterator[tuple[str, Decimal, str]]:
        """The units of every asset, sold out ones too, and every balance."""
        units = dict.fromkeys(symbols, ZERO)
        for lot in held.lots:
            units[lot.symbol] += lot.quantity
        for symbol, quantity in units.items():
            name = self._names.assets[symbol]
            yield self._accounts.asset(name), quantity, name
        for currency, amount in held.cash.items():
            yield self._accounts.cash, amount, self._names.currencies[currency]

    def transaction(self, movement: Movement) -> Transaction:
        """One entry's; what nothing explains goes to `adjustments`, where it can be seen."""
        entry = movement.entry
        if movement.averaging or not movement.own:
            name = self._names.assets[str(entry.symbol)]
            postings = list(self._lots(movement))
            postings += _rest(postings, self._accounts.adjustments if movement.own else self._accounts.disallowed)
            title = "Average cost of" if movement.own else "A loss in another portfolio, disallowed:"
            return Transaction(entry.effective, f"{title} {name}", tuple(postings))
        postings = [*self._lots(movement), *self._income(movement)]
        own = self._names.currencies[entry.currency]
        postings += self._money(movement, needed=_weights(postings).get(own, ZERO))
        postings += _rest(postings, self._accounts.adjustments)
        return Transaction(entry.effective, self._title(entry), tuple(postings), tuple(_facts(entry, own)))

    def _lots(self, movement: Movement) -> Iterator[Posting]:
        entry = movement.entry
        proceeds, bought = _proceeds(movement), bought_key(entry.seq)
        for lot in movement.sold:
            if lot.basis is not None:
                yield self._lot(lot, -lot.quantity, -lot.basis, entry.price)
            else:
                received = share(max(proceeds, ZERO), lot.quantity, entry.quantity or ZERO)
                yield self._lot(lot, -lot.quantity, -received, exchanged=True)
        for lot in movement.gone:
            yield self._lot(lot, -lot.quantity, None if lot.basis is None else -lot.basis)
        for lot in movement.added:
            yield self._lot(lot, lot.quantity, lot.basis, entry.price if lot.label.startswith(bought) else None)

    def _lot(
        self,
        lot: Lot,
        number: Decimal,
        total: Decimal | None,
        price: Decimal | None = None,
        *,
        exchanged: bool = False,
    ) -> Posting:
        """A lot at its basis; units alone where that is unknown; units for money where they are `exchanged`."""
        name = self._names.assets[lot.symbol]
        account, currency = self._accounts.asset(name), self._names.currencies[lot.currency]
        if total is None:
            return Posting(account, number, name)
        return Posting(account, number, name, None if exchanged else lot, total, currency, price)

    def _money(self, movement: Movement, needed: Decimal) -> Iterator[Posting]:
        """The change of cash; what it lacks of what is `needed` was exchanged for base currency."""
        entry = movement.entry
        lacking = needed + movement.cash.get(entry.currency, ZERO)
        for currency, change in movement.cash.items():
            posting = self._cash(currency, change)
            if currency != entry.currency and lacking > 0 > change:
                posting = replace(posting, total=-lacking, currency=self._names.currencies[entry.currency])
            yield posting

    def _cash(self, currency: str, amount: Decimal) -> Posting:
        return Posting(self._accounts.cash, amount, self._names.currencies[currency])

    def _income(self, movement: Movement) -> Iterator[Posting]:
        """What stands against the change: a gain, income, an expense, or money from elsewhere."""
        entry, accounts = movement.entry, self._accounts
        amount, withheld = entry.amount or ZERO, entry.withheld or ZERO
        currency = self._names.currencies[entry.currency]
        if entry.side == "sell":
            losses = [
                row.native_basis - row.native_proceeds for row in movement.rows if row.native_basis is not None
            ]
            if losses:
                yield Posting(accounts.gains, sum(losses, ZERO), currency)
            lost = _known(row.native_proceeds for row in movement.rows if row.native_basis is None)
            if lost < 0:  # fees beyond what a lot of unknown basis brought: no gain to take them off
                yield Posting(accounts.fees, -lost, currency)
        elif entry.kind in ("dividend", "interest"):
            income = accounts.dividends if entry.kind == "dividend" else accounts.interest
            yield Posting(income, -amount - withheld, currency)
            if withheld:
                yield Posting(accounts.withheld, withheld, currency)
        elif entry.kind == "fee":
            yield Posting(accounts.fees, -amount, currency)
        elif entry.kind == "cash":
            yield Posting(accounts.transfers, -amount, currency)
        elif entry.kind == "transfer":
            yield Posting(accounts.transfers, -_cost(entry), currency)
            for lot in movement.added:
                if lot.basis is None:
                    yield Posting(accounts.transfers, -lot.quantity, self._names.assets[lot.symbol])
        yield from self._disallowed(movement, currency)

    def _disallowed(self, movement: Movement, currency: str) -> Iterator[Posting]:
        """What the basis of lots has more than they cost: a loss that a wash sale makes count later."""
        more = _known(lot.basis for lot in movement.added) - _cost(movement.entry)
        more -= _known(lot.basis for lot in (*movement.gone, *movement.sold))
        more += _known(row.native_basis for row in movement.rows)
        if abs(more) > NEAR:
            yield Posting(self._accounts.disallowed, -more, currency)

    def _title(self, entry: Entry) -> str:
        """In words of ours and names that are safe everywhere."""
        name = self._names.assets[entry.symbol] if entry.symbol is not None else ""
        if entry.kind == "trade":
            what = "Buy" if entry.side == "buy" else "Sell"
            return f"{what} {exact(entry.quantity or ZERO)} {name} at {exact(entry.price or ZERO)}"
        if entry.kind == "cash":
            return "Deposit" if (entry.amount or ZERO) > 0 else "Withdrawal"
        if entry.kind in ("split", "spinoff") and entry.ratio is not None:
            other = f" {self._names.assets[entry.to]}" if entry.to is not None else ""
            return f"{entry.kind.capitalize()} of {name}, {exact(entry.ratio.new)}:{exact(entry.ratio.old)}{other}"
        if entry.to is not None:
            return f"{name} becomes {self._names.assets[entry.to]}"
        return f"{entry.kind.capitalize()} {name}".rstrip()


def _cost(entry: Entry) -> Decimal:
    """What the lots cost that an entry brings, as far as that is known."""
    if entry.kind == "transfer":
        return sum((basis_of(lot.quantity, lot.price) or ZERO for lot in entry.received), ZERO)
    if entry.side == "sell" or entry.quantity is None or entry.price is None:
        return ZERO
    return -cash_moved("buy", entry.quantity, entry.price, entry.fees)


def _known(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum of those that are known."""
    return sum((amount for amount in amounts if amount is not None), ZERO)


def _proceeds(movement: Movement) -> Decimal:
    """What a sale brought in its own currency, after fees; negative if the fees were more."""
    return movement.cash.get(movement.entry.currency, ZERO)


def _weights(postings: Iterable[Posting]) -> dict[str, Decimal]:
    """What `postings` add up to, by commodity."""
    sums: dict[str, Decimal] = {}
    for one in postings:
        commodity, weight = (one.commodity, one.number) if one.total is None else (one.currency, one.total)
        sums[commodity] = sums.get(commodity, ZERO) + weight
    return sums


def _rest(postings: Iterable[Posting], account: str) -> list[Posting]:
    """What has to go to `account` for `postings` to add up to nothing."""
    left = _weights(postings)
    return [Posting(account, -weight, commodity) for commodity, weight in left.items() if abs(weight) > NOISE]


def _facts(entry: Entry, currency: str) -> Iterator[tuple[str, str]]:
    """What a reader needs to find the entry again."""
    yield "entry", str(entry.seq)
    yield "id", line(entry.id)
    if entry.fees:
        yield "fees", f"{money(entry.fees)} {currency}"
    if entry.amends is not None:
        yield "amends", str(entry.amends)
    if entry.note:
        yield "note", line(entry.note)
