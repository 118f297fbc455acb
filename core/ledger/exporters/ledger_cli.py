"""A ledger for ledger-cli: lots with `{price} [day] (key)`, and the balances asserted at the end.

Syntax: ledger 3, https://ledger-cli.org/doc/ledger3.html, "Buying and Selling Stock" and "Balance assertions". The
price per unit is part of a lot's name there, so it has the same digits wherever the lot stands, 24 decimals if it
does not end. ledger checks and shows sums at as many decimals as any amount in the file has: amounts are rounded to
twelve, and a gain makes good what its sale's other amounts lost by that. Only where a half would be left over,
which ledger would take for an error, all have more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from core.book.entries import Entry, Head
from core.errors import StrikezoneError
from core.ledger.exporters.accounts import Accounts
from core.ledger.exporters.journal import YEARS, Journal, Posting, Transaction, journal
from core.ledger.exporters.movements import RULES, Lot, Rules
from core.ledger.exporters.writing import exact, line, money
from core.money import OUTPUT_DECIMALS, ZERO, rounded

UNIT_DECIMALS: Final = 24
_LONGEST: Final = 100  # characters of a key: what tells two apart stands at its end
_FAR: Final = Decimal("0.000001")  # more than all the rounding of a ledger adds up to
_STRANGE: Final = re.compile(r"[^A-Za-z0-9:.=^_+&$!/-]", re.ASCII)
_BRACKETS: Final = str.maketrans("[]{}", "()()")  # in a note ledger reads them: as a day


class _Line(Struct, frozen=True):
    """A posting as it is written: `lot` is what names one, `weight` what it counts in its transaction."""

    account: str
    number: Decimal
    commodity: str
    weight: Decimal
    currency: str
    lot: str = ""


def ledger_cli(
    head: Head, entries: Sequence[Entry], accounts: Accounts, rules: Rules = RULES, year: int | None = None
) -> str:
    """The whole ledger, or one year of it, as a file that `ledger` accepts."""
    whole = journal(head, entries, accounts, rules, year)
    decimals = OUTPUT_DECIMALS
    while True:
        writer = _Writer(accounts, frozenset(whole.names.currencies.values()), decimals)
        body = [text for one in whole.transactions for text in (*writer.transaction(one), "")]
        if writer.needed == decimals:
            break
        decimals = writer.needed
    return "\n".join([*_opening(whole), *body, *_closing(whole, writer)]) + "\n"


def _opening(whole: Journal) -> Iterator[str]:
    yield f"; the ledger of {_note(whole.title)}, written by strikezone"
    yield from (f"; {_note(why)}" for why in whole.left_out)
    yield ""
    for symbol, name in whole.names.assets.items():
        yield f"commodity {_name(name)}"
        if note := _note(symbol):
            yield f"    note {note}"
    yield ""
    for day, currency, rate in whole.rates:
        yield f"P {day} {_name(currency)} {exact(rate)} {_name(whole.base)}"
    yield ""


def _closing(whole: Journal, writer: _Writer) -> Iterator[str]:
    yield f"{whole.end} * Balances"
    for account, number, commodity in whole.balances:
        name = _name(commodity)
        yield f"    [{account}]  0 {name} = {exact(writer.written(account, commodity, number))} {name}"


class _Writer:
    """Writes transactions in their order; knows the price per unit of each lot, and what it has written so far."""

    def __init__(self, accounts: Accounts, currencies: frozenset[str], decimals: int) -> None:
        self.needed = decimals  # for nothing to be left over that is half of the last one
        self._decimals = decimals
        self._accounts = accounts
        self._currencies = currencies
        self._units: dict[tuple[str, str], Decimal] = {}
        self._sums: dict[tuple[str, str], Decimal] = {}

    def written(self, account: str, commodity: str, number: Decimal) -> Decimal:
        """What all postings to `account` add up to, which is `number` but for rounding."""
        total = self._sums.get((account, commodity), ZERO)
        if abs(total - number) > _FAR:
            raise StrikezoneError(
                f"{account} has {exact(total)} {commodity} in the export, the ledger has {exact(number)}",
                fix="nothing was written; please report it, with `strikezone ledger export --format json`",
            )
        return total

    def transaction(self, one: Transaction) -> Iterator[str]:
        """The lines of one."""
        yield f"{one.day} * {_note(one.title)}"
        for name, text in one.facts:
            yield f"    ; {name}: {_note(text)}"
        for row in self._balanced([row for posting in one.postings for row in self._rows(posting)]):
            place = (row.account, row.commodity)
            self._sums[place] = self._sums.get(place, ZERO) + row.number
            number = money(row.number) if row.commodity in self._currencies else exact(row.number)
            yield f"    {row.account}  {number} {_name(row.commodity)}{row.lot}"

    def _rows(self, posting: Posting) -> Iterator[_Line]:
        account, number, commodity = posting.account, posting.number, posting.commodity
        if posting.lot is not None:
            yield self._lot(posting, posting.lot)
            return
        yield self._plain(account, number, commodity)
        if posting.total is not None:
            # both sides go through an account of their own: a price would make a lot of what has none
            yield self._plain(self._accounts.conversions, -number, commodity)
            yield self._plain(self._accounts.conversions, posting.total, posting.currency)

    def _lot(self, posting: Posting, lot: Lot) -> _Line:
        number, place = posting.number, (posting.commodity, lot.label)
        if number > 0 or place not in self._units:
            self._units[place] = rounded((posting.total or ZERO) / number, UNIT_DECIMALS)
        unit, currency = self._units[place], _name(posting.currency)
        day = f" [{lot.since}]" if lot.since and lot.since.year in YEARS else ""
        price = unit if number > 0 or posting.price is None else posting.price
        key = _STRANGE.sub("-", lot.label)[-_LONGEST:]
        name = f" {{{exact(unit)} {currency}}}{day} ({key}) @ {exact(price)} {currency}"
        return _Line(posting.account, number, posting.commodity, number * unit, posting.currency, name)

    def _balanced(self, rows: list[_Line]) -> list[_Line]:
        """`rows` with what they lack by rounding in the last that is neither a lot nor cash, or in a new one."""
        left: dict[str, Decimal] = {}
        last: dict[str, int] = {}
        for index, row in enumerate(rows):
            left[row.currency] = left.get(row.currency, ZERO) + row.weight
            if row.commodity in self._currencies and not row.lot and row.account != self._accounts.cash:
                last[row.currency] = index
        for currency in left.keys() & self._currencies:
            off = rounded(left[currency], self._decimals)
            self._require_more(left[currency] - off)
            if off and currency in last:
                row = rows[last[currency]]
                rows[last[currency]] = self._plain(row.account, row.number - off, currency)
            elif off:
                rows.append(self._plain(self._accounts.adjustments, -off, currency))
        return rows

    def _require_more(self, rest: Decimal) -> None:
        if abs(rest) * 2 == Decimal(1).scaleb(-self._decimals):
            self.needed = max(self.needed, self._decimals + 1)

    def _plain(self, account: str, number: Decimal, commodity: str) -> _Line:
        """An amount by itself, money rounded."""
        if commodity in self._currencies:
            number = rounded(number, self._decimals)
        return _Line(account, number, commodity, number, commodity)


def _name(commodity: str) -> str:
    """Quoted where it is not of letters alone."""
    return commodity if commodity.isalpha() else f'"{commodity}"'


def _note(text: str) -> str:
    return line(text).translate(_BRACKETS)
