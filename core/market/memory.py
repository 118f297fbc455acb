"""What is remembered of a symbol's prices: the last that was trusted, and prints since that were not. Pure."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.market.quotes import Quote

FURTHER_PRINTS: Final = 3  # that must agree with a jump before it is believed
SPLIT_TOLERANCE: Final = 0.03  # of the logarithm of a ratio
SPLIT_RATIOS: Final = (
    *((n, 1) for n in (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100)),
    *((3, 2), (4, 3), (5, 4), (5, 2), (5, 3)),
)
SPLIT_BEYOND: Final = 4.0  # a price this many times away from the last is taken for a split whatever its ratio


class Print(Struct, frozen=True):
    """One price at one moment of the exchange."""

    price: Decimal
    time: datetime
    currency: str


class Memory(Struct, frozen=True, omit_defaults=True):
    """`trusted` is the last trusted print; `suspects` are those since then that jumped away from it, in order.

    `repeats` counts the prints since `same_since` that had the price and the `volume` of the last trusted one.
    """

    trusted: Print | None = None
    suspects: tuple[Print, ...] = ()
    volume: int | None = None
    repeats: int = 0
    same_since: datetime | None = None


def print_of(quote: Quote) -> Print | None:
    """The quote as a print; None if it lacks price, time or currency."""
    if quote.price is None or quote.time is None or quote.currency is None:
        return None
    return Print(quote.price, quote.time, quote.currency)


def counted(memory: Memory, seen: Print, volume: int | None) -> Memory:
    """The memory after `seen` was trusted: how often its price and volume have been said again."""
    last = memory.trusted
    same = bool(volume) and last is not None and last.price == seen.price and volume == memory.volume
    if not same or memory.same_since is None:
        return Memory(seen, (), volume, 0, seen.time)
    return Memory(seen, (), volume, memory.repeats + 1, memory.same_since)


def suspected(memory: Memory, seen: Print, limit: float) -> Memory:
    """`memory` with one more print that jumped; the same one again, or an earlier one, is no further print."""
    suspects = memory.suspects
    if suspects and seen.time <= suspects[-1].time:
        return memory
    if not all(near(seen.price, other.price, limit) for other in suspects):
        suspects = ()
    return replace(memory, suspects=(*suspects, seen)[-FURTHER_PRINTS - 1 :])


def confirmed(memory: Memory, seen: Print, limit: float) -> bool:
    """Whether `seen` is at least the third further print that agrees with the first that jumped."""
    return len(suspected(memory, seen, limit).suspects) > FURTHER_PRINTS


def near(price: Decimal, other: Decimal, limit: float) -> bool:
    """Whether the two prices lie within `limit` (a fraction) of each other."""
    return abs(float(price / other) - 1.0) <= limit + 1e-12


def split_ratio(before: Decimal, now: Decimal) -> str | None:
    """The split that would explain the move, as `NEW:OLD`; None if no usual one does and the move is not huge."""
    move = float(before / now)  # shares after the split for one before it
    for many, one in SPLIT_RATIOS:
        if abs(math.log(move * one / many)) <= SPLIT_TOLERANCE:
            return f"{many}:{one}"
        if abs(math.log(move * many / one)) <= SPLIT_TOLERANCE:
            return f"{one}:{many}"
    if move >= SPLIT_BEYOND:
        return f"{move:.0f}:1"
    return f"1:{1 / move:.0f}" if move <= 1 / SPLIT_BEYOND else None


def newer(one: Memory, other: Memory) -> Memory:
    """The one that knows more: with the later trusted print, else with the later suspect."""
    return max(one, other, key=_knowledge)


def _knowledge(memory: Memory) -> tuple[float, float]:
    trusted = memory.trusted.time.timestamp() if memory.trusted else -math.inf
    return trusted, memory.suspects[-1].time.timestamp() if memory.suspects else -math.inf
