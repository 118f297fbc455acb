"""What reaches the screen from other threads: one message when there is a newer snapshot; and whom it talks to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from threading import Lock
from typing import Protocol

from textual.message import Message

from core.book.choosing import Pick
from core.book.entries import Entry
from core.desk.confirmation import Confirmed, Executed, Request
from core.desk.snapshot import Snapshot
from core.planning.proposal import Proposal
from core.portfolio.model import Portfolio


class Desk(Protocol):
    """One live portfolio (core.desk.desk.Desk). Every method may block: it is called in a thread."""

    portfolio: Portfolio

    def look(self) -> Snapshot:
        """The portfolio as it stands now."""

    def review(
        self,
        id: str,  # noqa: A002
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        fees: Decimal | None = None,
        lots: tuple[Pick, ...] = (),
    ) -> Proposal:
        """The proposal with an edit applied, costs, weights and guards computed again."""

    def confirm(self, requests: Sequence[Request], *, executed: Executed | None = None) -> Confirmed:
        """Records them all or none."""

    def dismiss(self, id: str) -> None:  # noqa: A002
        """Takes a proposal off the table until its plan changes."""

    def snooze(self, id: str, hours: float = 24) -> None:  # noqa: A002
        """Puts a proposal to sleep."""

    def unsnooze(self, symbol: str) -> None:
        """Wakes it again."""

    def unusual(self, symbol: str, price: Decimal) -> str | None:
        """Why a typed price needs a second yes, if it does."""

    def type_price(self, symbol: str, price: Decimal | None) -> object:
        """Lets a typed price count; with None the feed's counts again."""

    def accept(self, symbol: str) -> object:
        """Believes a price that is only suspect."""

    def split(self, symbol: str, new: Decimal, old: Decimal) -> object:
        """Records a split of the symbol."""

    def entries(self) -> tuple[Entry, ...]:
        """The ledger, in order."""

    def void(self, seq: int) -> Entry:
        """Takes an entry back by a new one."""

    def amend(
        self,
        seq: int,
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        fees: Decimal | None = None,
    ) -> tuple[Entry, ...]:
        """Corrects an entry by new ones."""

    def explain(self, seq: int) -> str:
        """Decides an entry again, and says in a line whether it comes out the same."""

    def close(self) -> None:
        """Folds the ledger and lets go of the feed."""


class Runner(Protocol):
    """What drives a desk in its own thread (core.desk.runner.Runner) and publishes its snapshots."""

    publish: Callable[[Snapshot], None] | None

    @property
    def desk(self) -> Desk:
        """What it drives."""

    def start(self) -> None:
        """Begins to look at the feed."""

    def stop(self) -> None:
        """Ends, and waits for its thread."""

    def refresh(self) -> None:
        """Looks again at once, and publishes."""

    def pause(self) -> None:
        """Stops a replay's clock."""

    def resume(self) -> None:
        """Lets it run on."""

    def step(self) -> None:
        """One row further."""

    def faster(self) -> None:
        """The next higher speed."""

    def slower(self) -> None:
        """The next lower speed."""

    def hold(self) -> None:
        """A review is open: a replay waits."""

    def release(self) -> None:
        """The review is closed."""


class SnapshotReady(Message):
    """A runner has a newer snapshot than the one on the screen: it lies in that runner's `Latest`."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def can_replace(self, message: Message) -> bool:
        """Whether this and an unread `message` say the same."""
        return isinstance(message, SnapshotReady) and message.index == self.index


class Latest:
    """Holds only the newest snapshot, so that a screen which does not keep up costs memory for one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._snapshot: Snapshot | None = None

    def put(self, snapshot: Snapshot) -> bool:
        """Keeps `snapshot`; True if nobody has been told yet that there is one."""
        with self._lock:
            untold = self._snapshot is None
            self._snapshot = snapshot
        return untold

    def take(self) -> Snapshot | None:
        """The newest snapshot, once."""
        with self._lock:
            snapshot, self._snapshot = self._snapshot, None
        return snapshot
