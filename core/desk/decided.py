"""What a confirmed trade was decided on, whole: enough to make the same decision again, years later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from core.book.book import Book
from core.book.documents import digest_of
from core.desk.confirmation import Executed, Request
from core.desk.snapshot import FeedStatus, Snapshot
from core.market.appraisal import Appraisal
from core.market.quotes import Quote, QuoteBoard
from core.market.trust import Trust
from core.planning.guards import History
from core.planning.planner import Situation, plan
from core.policy.valuation import value_book
from core.portfolio.file import parse_portfolio
from core.portfolio.model import Fee, Portfolio

PLACE: Final = "the portfolio file as it was"


class Inputs(Struct, frozen=True):
    """All that a decision was made from, the book apart, which the entries before number `before` give.

    `file` is the digest of the portfolio file's text, `fees` its regulatory fees; `group` says how many entries
    each other ledger of the wash group had; `requests` are what its user asked for, all confirmed together.
    """

    before: int
    now: datetime
    file: str
    board: dict[str, Quote]
    trusts: dict[str, Trust]
    requests: tuple[Request, ...]
    due: tuple[str, ...] = ()
    held_back: dict[str, datetime | None] = {}
    past: History = History()
    everything: bool = False
    executed: Executed | None = None
    group: dict[str, int] = {}
    fees: tuple[Fee, ...] = ()


def kept_texts(
    snapshot: Snapshot, requests: Sequence[Request], executed: Executed | None, group: Mapping[str, int]
) -> tuple[str, dict[str, str]]:
    """The digest of the inputs, and what must be kept by its digest: they, and the portfolio file.

    Nothing where there is no file, or no plan to be made again.
    """
    situation, text = snapshot.situation, snapshot.portfolio.text
    if situation is None or not text:
        return "", {}
    inputs = Inputs(
        before=snapshot.entries + 1,
        now=snapshot.as_of,
        file=digest_of(text),
        board=dict(snapshot.appraisal.board.quotes),
        trusts=dict(snapshot.appraisal.trusts),
        requests=tuple(requests),
        due=tuple(sorted(situation.due)),
        held_back=dict(situation.held_back),
        past=situation.past,
        everything=situation.everything,
        executed=executed,
        group=dict(group),
        fees=snapshot.portfolio.costs.fees,
    )
    written = msgspec.json.encode(inputs).decode()
    return digest_of(written), {digest_of(written): written, inputs.file: text}


def read_inputs(text: str) -> Inputs:
    """The inputs that `text` holds; ValueError if it holds none."""
    return msgspec.json.decode(text, type=Inputs)


def file_of(inputs: Inputs, text: str) -> Portfolio:
    """The portfolio file as it was."""
    return parse_portfolio(text, PLACE, Path(), inputs.fees)


def snapshot_of(inputs: Inputs, portfolio: Portfolio, book: Book) -> Snapshot:
    """What its user looked at: the same book at the same prices, planned again."""
    board = QuoteBoard(inputs.board)
    valuation = value_book(portfolio, book, board, inputs.trusts)
    situation = Situation(
        portfolio,
        valuation,
        frozenset(inputs.due),
        inputs.now,
        book.counts,
        inputs.past,
        inputs.held_back,
        everything=inputs.everything,
    )
    planned = plan(situation)
    return Snapshot(
        portfolio=portfolio,
        as_of=inputs.now,
        valuation=valuation,
        proposals=planned.proposals,
        warnings=planned.warnings,
        feed=FeedStatus("manual", "still"),
        stands=planned.stands,
        triggered=valuation.breached,
        entries=inputs.before - 1,
        counts=book.counts,
        past=inputs.past,
        situation=situation,
        appraisal=Appraisal(board, inputs.trusts, {}),
    )
