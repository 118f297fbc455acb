"""How a plan is paid: a buy from its own currency's balance first, the rest converted from base; sales stay where
they are made. Pure and exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from core.book.entries import Side
from core.money import OUTPUT_DECIMALS, ZERO, rounded


class Payment(Struct, frozen=True, gc=False):
    """What one trade moves in `currency`: its `value`, the `fees` that are charged, what is `expected` beyond them.

    `rate` is base currency per unit of `currency`.
    """

    side: Side
    currency: str
    rate: Decimal
    value: Decimal
    fees: Decimal
    expected: Decimal


class Settled(Struct, frozen=True):
    """The balances after all payments; what was converted for each, and what that cost, in the payment's currency.

    `kept_free` is what must remain for fills that are worse than quoted, in base currency: all of it, and the part
    that the base balance itself has to keep.
    """

    balances: dict[str, Decimal]
    fx: tuple[Decimal, ...]
    converted: tuple[Decimal, ...]
    kept_free: Decimal
    kept_free_in_base: Decimal


def settle(balances: Mapping[str, Decimal], base: str, fx_rate: Decimal, payments: Sequence[Payment]) -> Settled:
    """Carries out `payments` in their order; the conversion costs `fx_rate` of what is converted."""
    after = dict(balances)
    after.setdefault(base, ZERO)
    fx: list[Decimal] = []
    all_converted: list[Decimal] = []
    kept_free = kept_free_in_base = ZERO
    for payment in payments:
        own = after.get(payment.currency, ZERO)
        kept_free += payment.expected * payment.rate
        cost = converted = ZERO
        if payment.side == "sell":
            after[payment.currency] = own + payment.value - payment.fees
        elif payment.currency == base:
            after[base] = own - payment.value - payment.fees
        else:
            needed = payment.value + payment.fees
            converted = needed - min(max(own, ZERO), needed)
            cost = rounded(converted * fx_rate, OUTPUT_DECIMALS)
            after[payment.currency] = own - (needed - converted)
            after[base] -= (converted + cost) * payment.rate
        if payment.currency == base or converted:
            kept_free_in_base += payment.expected * payment.rate
        fx.append(cost)
        all_converted.append(converted)
    return Settled(after, tuple(fx), tuple(all_converted), kept_free, kept_free_in_base)


def worth(balances: Mapping[str, Decimal], base: str, rates: Mapping[str, Decimal]) -> Decimal:
    """The balances in base currency; `rates` are base currency per unit."""
    return sum((b * (rates[c] if c != base else 1) for c, b in balances.items() if b), ZERO)
