"""A ledger for beancount: every sale takes the lots that were recorded, and the balances are asserted at the end.

Syntax and checks: beancount 3, https://beancount.github.io/docs/beancount_language_syntax.html. Each lot carries
its key as label, so that lots alike in price and day stay apart. Costs are totals, which always end. No difference
of more than a hundred-millionth of a unit passes its checks: beancount calculates with 28 digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from core.book.entries import Entry, Head
from core.ledger.exporters.accounts import Accounts
from core.ledger.exporters.journal import YEARS, Journal, Posting, Transaction, journal
from core.ledger.exporters.movements import RULES, Lot, Rules
from core.ledger.exporters.writing import exact, line, money

TOLERANCE: Final = "0.000000001"
MULTIPLIER: Final = "0.0000001"  # of the last digit of an amount: 0.01 USD may hide a billionth of a USD


def beancount(
    head: Head, entries: Sequence[Entry], accounts: Accounts, rules: Rules = RULES, year: int | None = None
) -> str:
    """The whole ledger, or one year of it, as a file that `bean-check` accepts."""
    whole = journal(head, entries, accounts, rules, year)
    currencies = frozenset(whole.names.currencies.values())
    body = [text for one in whole.transactions for text in (*_transaction(one, currencies), "")]
    return "\n".join([*_opening(whole), *body, *_closing(whole)]) + "\n"


def _opening(whole: Journal) -> Iterator[str]:
    yield f"; the ledger of {_text(whole.title)}, written by strikezone"
    yield from (f"; {_text(why)}" for why in whole.left_out)
    yield ""
    yield f'option "title" "{_text(whole.title)}"'
    yield f'option "operating_currency" "{whole.base}"'
    yield f'option "tolerance_multiplier" "{MULTIPLIER}"'
    for currency in whole.names.currencies.values():
        yield f'option "inferred_tolerance_default" "{currency}:{TOLERANCE}"'
    yield ""
    for symbol, name in whole.names.assets.items():
        yield f"{whole.start} commodity {name}"
        yield f'  symbol: "{_text(symbol)}"'
    used = dict.fromkeys(posting.account for one in whole.transactions for posting in one.postings)
    used |= dict.fromkeys(account for account, _, _ in whole.balances)
    yield from (f"{whole.start} open {account}" for account in used)
    yield ""
    for day, currency, rate in whole.rates:
        yield f"{day} price {currency} {exact(rate)} {whole.base}"
    yield ""


def _closing(whole: Journal) -> Iterator[str]:
    for account, number, commodity in whole.balances:
        yield f"{whole.end} balance {account}  {exact(number)} ~ {TOLERANCE} {commodity}"


def _transaction(one: Transaction, currencies: frozenset[str]) -> Iterator[str]:
    yield f'{one.day} * "{_text(one.title)}"'
    for name, text in one.facts:
        yield f'  {name}: "{_text(text)}"'
    for posting in one.postings:
        yield f"  {posting.account}  {_posting(posting, currencies)}"
        if posting.lot is not None and _day(posting.lot) is None:
            yield f'    acquired: "{posting.lot.since or "unknown"}"'


def _posting(posting: Posting, currencies: frozenset[str]) -> str:
    if posting.total is None:
        number = money(posting.number) if posting.commodity in currencies else exact(posting.number)
        return f"{number} {posting.commodity}"
    units = f"{exact(posting.number)} {posting.commodity}"
    if posting.lot is None:
        return f"{units} @@ {money(abs(posting.total))} {posting.currency}"
    day = _day(posting.lot)
    named = [*([day] if day else []), f'"{_text(posting.lot.label)}"']
    price = "" if posting.price is None else f" @ {exact(posting.price)} {posting.currency}"
    if posting.number < 0:
        return f"{units} {{{', '.join(named)}}}{price}"
    return f"{units} {{{{{', '.join([f'{money(posting.total)} {posting.currency}', *named])}}}}}{price}"


def _day(lot: Lot) -> str | None:
    """The day of purchase, if beancount can read it."""
    return lot.since.isoformat() if lot.since and lot.since.year in YEARS else None


def _text(text: str) -> str:
    """What may stand between quotes, and in a comment."""
    return line(text).replace("\\", "\\\\").replace('"', '\\"')
