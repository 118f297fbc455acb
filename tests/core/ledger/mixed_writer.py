"""A process that records entries of every kind until it is killed, and says the id of each once it is recorded.

`python -m tests.core.ledger.mixed_writer FOLDER NAME`. Another kind of entry is one more line in KINDS.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from core.book.entries import Entry
from core.errors import StrikezoneError
from core.ledger import files
from core.ledger.ledger import Ledger
from core.ledger.state import State
from tests.core.book.samples import NOW, buy, dec, pay, portfolio, sell, split

DAYS: Final = [f"2026-{month:02}-{day:02}" for month in (9, 10, 11) for day in (2, 9, 16)]

Kind = Callable[[random.Random, Ledger], Sequence[Entry]]


def _buy(draw: random.Random, ledger: Ledger) -> Sequence[Entry]:
    return ledger.append([buy(draw.randrange(1, 9), "101.35", draw.choice(DAYS))], NOW).recorded


def _sell(draw: random.Random, ledger: Ledger) -> Sequence[Entry]:
    return ledger.append([sell(draw.randrange(1, 9), "99.10", draw.choice(DAYS), fees=dec(1))], NOW).recorded


def _plan(draw: random.Random, ledger: Ledger) -> Sequence[Entry]:
    """A sale and a buy in one commit, both with what they were decided on."""
    decision = {"reason": "x" * draw.randrange(3_000), "drift": 0.065}
    drafts = [sell(1, 100, decision=decision), buy(2, 50, symbol="BND", decision=decision)]
    return ledger.append(drafts, NOW).recorded


def _cash(draw: random.Random, ledger: Ledger) -> Sequence[Entry]:
    return ledger.append([pay(draw.choice((5, -3)), draw.choice(DAYS))], NOW).recorded


def _split(draw: random.Random, ledger: Ledger) -> Sequence[Entry]:
    return ledger.append([split(draw.choice(("2:1", "1:2")), draw.choice(DAYS), symbol="BND")], NOW).recorded


def _void(draw: random.Random, ledger: Ledger) -> Sequence[Entry]:
    return ledger.void(draw.randrange(1, len(ledger.entries) + 1), NOW).recorded


def _amend(draw: random.Random, ledger: Ledger) -> Sequence[Entry]:
    return ledger.amend(draw.randrange(1, len(ledger.entries) + 1), NOW, fees=dec(draw.randrange(9))).recorded


KINDS: Final[Sequence[Kind]] = (_buy, _buy, _sell, _plan, _cash, _split, _void, _amend)


def main(folder: Path, name: str) -> None:
    """Record without end."""
    draw = random.Random(name)
    files.FOLD_BYTES = draw.choice((1_000, 10_000, 4_000_000))  # type: ignore[misc]
    while True:
        ledger = Ledger.open(folder, portfolio(), kept=2)
        for _ in range(draw.randrange(5, 40)):
            try:
                recorded = draw.choice(KINDS)(draw, ledger)
            except (StrikezoneError, ValueError) as error:  # too few to sell, needed by a later one, none there yet
                if "lock" in str(error) or "disk" in str(error):
                    raise
                continue
            os.write(1, "".join(f"{entry.id}\n" for entry in recorded).encode())
            if draw.random() < 0.3:
                state = State(dismissed={"VTI": draw.randrange(99)})
                ledger.save_state(lambda _, state=state: state)  # type: ignore[misc]
            if draw.random() < 0.3:
                ledger.tidy()
        ledger.close(fold=draw.random() < 0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
