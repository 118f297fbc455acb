"""The ledger's head: the copy of the file's opening facts that counts from the first entry on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from core.book.entries import Head, HeadAsset, HeadLot
from core.errors import Problem
from core.money import ZERO, amount, plain
from core.portfolio.model import Portfolio

_NONE = "none"


def head_of(portfolio: Portfolio) -> Head:
    """The head that a ledger begun with `portfolio` gets."""
    return Head(
        portfolio=portfolio.id,
        base_currency=portfolio.base_currency,
        opened=portfolio.opened,
        balances=dict(portfolio.cash.balances),
        assets=tuple(
            HeadAsset(
                asset.symbol,
                asset.currency,
                tuple(HeadLot(lot.quantity, lot.price, lot.acquired, lot.rate) for lot in asset.lots),
            )
            for asset in portfolio.assets
        ),
    )


def foreign(head: Head, portfolio: Portfolio) -> tuple[Problem, ...]:
    """Why the ledger cannot be that of `portfolio` at all: what no adoption can make good."""
    fix = "use another data directory, or give the portfolio an id of its own"
    return (
        *_unlike("id", "belongs to portfolio", head.portfolio, portfolio.id, fix),
        *_unlike("base_currency", "is kept in", head.base_currency, portfolio.base_currency, fix),
    )


def differences(
    head: Head,
    portfolio: Portfolio,
    traded: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> tuple[Problem, ...]:
    """Where `portfolio` differs from the head that counts, one problem per line of the file.

    `traded` gives the currency of each symbol that the ledger's entries name: such an asset cannot be left out. One
    that is `renamed` may stand under its new symbol, with its lots.
    """
    fix = f"put the line back, or record it with: strikezone ledger adopt {portfolio.path}"
    return (
        *foreign(head, portfolio),
        *(Problem(what, where, fix) for where, what in _lines(head, portfolio, traded or {}, renamed or {})),
    )


def _unlike(where: str, verb: str, ours: str, theirs: str, fix: str) -> Iterator[Problem]:
    if ours != theirs:
        yield Problem(f"foreign ledger: it {verb} {ours}, the file says {theirs}", where, fix)


def _lines(
    head: Head, portfolio: Portfolio, traded: Mapping[str, str], renamed: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Key and difference of each line that does not say what the head says."""
    filed = head_of(portfolio)
    if head.opened != filed.opened:
        yield "opened", _differ(_day(head.opened), _day(filed.opened))
    for currency in sorted(head.balances.keys() | filed.balances.keys()):
        ours, theirs = head.balances.get(currency, ZERO), filed.balances.get(currency, ZERO)
        if ours != theirs:
            yield f"[cash] balances, {currency}", _differ(amount(ours), amount(theirs))
    kept = {asset.symbol: asset for asset in head.assets}
    written = {asset.symbol: asset for asset in filed.assets}
    moved = _moved(kept, written, renamed)
    for symbol in [*kept, *(symbol for symbol in written if symbol not in kept)]:
        if symbol not in moved:
            yield from _asset(symbol, kept.get(symbol), written.get(symbol), traded.get(symbol))


def _moved(
    kept: Mapping[str, HeadAsset], written: Mapping[str, HeadAsset], renamed: Mapping[str, str]
) -> frozenset[str]:
    """Old and new symbols of assets that stand in the file under the new one, with the lots of the old one."""
    found: set[str] = set()
    for old in renamed:
        new = old
        while new in renamed and renamed[new] != old:
            new = renamed[new]
        ours, theirs = kept.get(old), written.get(new)
        if old not in written and theirs is not None and theirs.lots == (ours.lots if ours else ()):
            found |= {old, new}
    return frozenset(found)


def _asset(
    symbol: str, ours: HeadAsset | None, theirs: HeadAsset | None, traded: str | None
) -> Iterator[tuple[str, str]]:
    """How an asset differs; without lots and entries it may come, go and change."""
    our_lots, their_lots = (ours.lots if ours else ()), (theirs.lots if theirs else ())
    if not our_lots and not their_lots and traded is None:
        return
    if theirs is None:
        yield f"[[asset]] {symbol}", "the ledger has it, the file does not"
        return
    currency = ours.currency if ours and (our_lots or traded is None) else traded
    if currency is not None and currency != theirs.currency:
        yield f"[[asset]] {symbol}, currency", _differ(currency, theirs.currency)
    if our_lots != their_lots:
        yield f"[[asset]] {symbol}, lots", _differ(_lots(our_lots), _lots(their_lots))


def _differ(ours: str, theirs: str) -> str:
    return f"the ledger has {ours}, the file {theirs}"


def _lots(lots: Iterable[HeadLot]) -> str:
    """`100 at 210.5 of 2023-05-01, 5` for a person."""
    written = (plain(lot.quantity) + _price(lot.price) + _of(lot.acquired) + _rate(lot.rate) for lot in lots)
    return ", ".join(written) or _NONE


def _price(price: Decimal | None) -> str:
    return "" if price is None else f" at {plain(price)}"


def _rate(rate: Decimal | None) -> str:
    return "" if rate is None else f" at rate {plain(rate)}"


def _of(day: date | None) -> str:
    return "" if day is None else f" of {day}"


def _day(day: date | None) -> str:
    return str(day) if day else _NONE
