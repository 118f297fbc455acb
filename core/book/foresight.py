"""What a sale would realise if it were recorded now: by the rules of the book, on its lots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal

from core.book.choosing import Sale
from core.book.entries import Entry, EntryLot, Method
from core.book.holding import Position
from core.book.lots import HeldLot
from core.book.replay import Replay, Start
from core.book.wash import Gain


def foreseen(
    position: Position, parts: Sequence[EntryLot], sale: Sale, method: Method = "specific"
) -> tuple[Gain, ...]:
    """The gains of a sale that takes `parts`, each with what purchases near it would disallow of a loss.

    A sale by `average` averages all lots first. What other ledgers of the wash group bought counts; the sale itself
    is not recorded, and nothing of `position` changes.
    """
    if sale.day is None:
        return ()
    starts = [Start((), None, True)] * (1 + len(position.elsewhere))
    replay = Replay(starts, {position.symbol: position.currency}, sale.tax, rows=True)
    for lot in position.lots:
        _hold(replay, 0, position.symbol, lot)
    for account, lot in enumerate(position.elsewhere, start=1):
        _hold(replay, account, position.symbol, lot)
    replay.apply(_entry(position, parts, sale, method))
    return tuple(replay.gains)


def _hold(replay: Replay, account: int, symbol: str, lot: HeldLot) -> None:
    """Gives an account a lot or a piece of one; it can replace what is lost if it was bought."""
    pieces = replay.accounts[account].lots.setdefault(lot.key, [])
    pieces.append(lot)
    if len(pieces) == 1 and lot.purchased and replay.tax.washes:
        replay.washes.bought(account, lot.key, symbol, lot.acquired)


def _entry(position: Position, parts: Sequence[EntryLot], sale: Sale, method: Method) -> Entry:
    day = sale.day
    assert day is not None
    quantity = sum((part.quantity for part in parts), Decimal(0))
    return Entry(
        seq=0,
        id="",
        kind="trade",
        recorded_at=datetime.combine(day, time.min, UTC),
        effective=day,
        currency=position.currency,
        rate=sale.rate,
        symbol=position.symbol,
        side="sell",
        quantity=quantity,
        price=sale.price,
        fees=sale.fees,
        lots=tuple(parts),
        method=method,
    )
