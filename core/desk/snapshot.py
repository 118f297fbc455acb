"""Everything a screen or a report shows of one portfolio at one moment, in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from core.errors import Problem
from core.market.appraisal import Appraisal
from core.market.feed import Source
from core.market.quotes import QuoteBoard
from core.planning.alternatives import Alternative, alternatives
from core.planning.guards import History
from core.planning.planner import Plan, Situation
from core.planning.proposal import Proposal
from core.policy.valuation import CashLine, Line, Valuation
from core.portfolio.model import Portfolio

FeedState: TypeAlias = Literal["live", "asking", "closed", "paused", "ended", "down", "still"]


class FeedStatus(Struct, frozen=True):
    """How the feed does. `row` of `rows` and `speed` (rows a second) are a replay's; 0 for any other."""

    source: Source
    state: FeedState
    detail: str = ""  # one line to show when something is wrong
    row: int = 0
    rows: int = 0
    speed: float = 0.0
    answered: datetime | None = None  # when a live feed last had an answer


class Snapshot(Struct, frozen=True):
    """One portfolio as it stands. `stands` is False if the prices are too doubtful to propose anything."""

    portfolio: Portfolio
    as_of: datetime
    valuation: Valuation
    proposals: tuple[Proposal, ...]
    warnings: tuple[str, ...]
    feed: FeedStatus
    stands: bool = True
    triggered: bool = False  # whether anything is outside its band
    entries: int = 0  # how many the ledger holds
    conflicts: tuple[Problem, ...] = ()  # where the file differs from the ledger's head: nothing is proposed
    counts: Mapping[str, int] = {}  # ledger entries by symbol
    past: History = History()  # what was traded already today and this month
    situation: Situation | None = None  # what the plan was made from
    number: int = 0  # counts the snapshots of one desk
    appraisal: Appraisal = Appraisal(QuoteBoard(), {}, {})  # every quote that counts, rates included, judged

    def alternatives(self) -> tuple[Alternative, ...]:
        """The ways back into the bands, side by side; planned when asked for: as long as three plans."""
        if self.situation is None or self.conflicts:
            return ()
        return alternatives(self.situation, Plan(self.proposals, self.warnings, self.stands))

    @property
    def lines(self) -> tuple[Line, ...]:
        """The holdings, in the file's order."""
        return self.valuation.lines

    @property
    def cash(self) -> CashLine:
        """The cash line."""
        return self.valuation.cash
