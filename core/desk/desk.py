"""One portfolio, live: its book and its quotes in, a snapshot out; a confirmation in, entries recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from core.book.book import Book
from core.book.choosing import Pick
from core.book.entries import Draft, Entry
from core.clock import WallClock, local_zone
from core.desk import confirmation
from core.desk.confirmation import Confirmed, Executed, PriceMoved, Request
from core.desk.decided import kept_texts
from core.desk.explain import explain
from core.desk.prices import Prices
from core.desk.remarks import remarks
from core.desk.snapshot import Snapshot
from core.desk.status import feed_status
from core.errors import BadInput, Conflict, NoTrustedPrices
from core.ledger.backups import KEPT
from core.ledger.ledger import Ledger
from core.ledger.state import State, load_state
from core.market.feed import EmptyFeed, Feed
from core.market.quotes import Quote
from core.market.sessions import exchange_day
from core.market.trust import Trust
from core.market.typed import TypedPrice
from core.planning.guards import History, history
from core.planning.planner import Plan, Situation, plan
from core.planning.proposal import Proposal
from core.policy.triggers import breached, due, first_breaches
from core.policy.valuation import Valuation, value_book
from core.portfolio.model import Portfolio

__all__ = ["Desk", "Executed", "PriceMoved", "Request"]

Kept = TypeVar("Kept")


class Desk:
    """Joins a portfolio file, its ledger and a feed. Every method may block and may be called from any thread."""

    def __init__(self, portfolio: Portfolio, ledger: Ledger, feed: Feed) -> None:
        self.portfolio = portfolio
        self.ledger = ledger
        self.feed = feed
        self._lock = threading.RLock()
        self.prices = Prices(portfolio, ledger, feed)
        self._first_breach: dict[str, datetime] = {}
        self._history: tuple[Book, date, History] | None = None
        self._number = 0
        if not isinstance(feed, EmptyFeed):  # for who only records there is nothing to add up yet
            feed.want(self.prices.symbols())

    @classmethod
    def open(
        cls, portfolio: Portfolio, data_directory: Path, feed: Feed, *, readonly: bool = False, kept: int = KEPT
    ) -> Desk:
        """A desk on the portfolio's ledger below `data_directory`, which keeps `kept` backups.

        Nothing is created before the first entry.
        """
        folder = data_directory / portfolio.id
        return cls(portfolio, Ledger.open(folder, portfolio, readonly=readonly, kept=kept), feed)

    def advance(self) -> bool:
        """Ask the feed for newer quotes; whether there may be more."""
        with self._lock:
            return self.feed.advance()

    def changed_elsewhere(self) -> bool:
        """Whether another process has written to the ledger since the last look."""
        with self._lock:
            return self.ledger.refresh()

    def look(self, *, everything: bool = False) -> Snapshot:
        """The portfolio as it stands; with `everything` all is planned to target, be it outside or not."""
        with self._lock:
            self.ledger.refresh()
            now, book = self.feed.clock.now(), self.ledger.book
            self.feed.want(self.prices.symbols())  # the ledger may have cash in one more currency
            state = load_state(self.ledger.folder)
            if state.wash_group != self.portfolio.tax.wash_group and self.ledger.entries:
                self.ledger.join_group()
            appraisal = self.prices.appraise(state, now)
            valuation = value_book(self.portfolio, book, appraisal.board, appraisal.trusts)
            conflicts = self.ledger.conflicts
            first = self._breaches(valuation, state, now)
            ready, waiting = due(valuation, first, self.portfolio.policy.dwell_seconds, now)
            rates = {c: rate.price for c, rate in valuation.rates.items() if rate.price is not None}
            past = self._past(now, rates)
            held_back = {} if conflicts else self._held_back(state, valuation, book.counts, now)
            situation = Situation(
                self.portfolio, valuation, ready, now, book.counts, past, held_back, everything=everything
            )
            planned = Plan() if conflicts else plan(situation)
            said = [
                line
                for line in remarks(self.portfolio, valuation, waiting, self.ledger)
                if not any(planner_line.startswith(line) for planner_line in planned.warnings)
            ]
            self._number += 1
            return Snapshot(
                portfolio=self.portfolio,
                as_of=now,
                valuation=valuation,
                proposals=planned.proposals,
                warnings=(*said, *planned.warnings),
                feed=feed_status(self.feed, appraisal),
                appraisal=appraisal,
                stands=planned.stands,
                triggered=valuation.breached,
                entries=len(self.ledger.entries),
                conflicts=conflicts,
                counts=book.counts,
                past=past,
                number=self._number,
                situation=situation,
            )

    def review(
        self,
        id: str,  # noqa: A002 - the field's name
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        fees: Decimal | None = None,
        lots: tuple[Pick, ...] = (),
    ) -> Proposal:
        """The proposal as it stands now with these edits applied, every guard run again."""
        with self._lock:
            request = Request(id, quantity=quantity, price=price, fees=fees, lots=lots)
            return confirmation.wanted(request, self.look(), self._recorded())

    def preview(
        self, requests: Sequence[Request], *, executed: Executed | None = None, everything: bool = False
    ) -> tuple[Proposal, ...]:
        """What `confirm` would record now, with the requests' edits; raises what it would. Nothing is recorded."""
        with self._lock:
            return self._confirmable(requests, self.look(everything=everything), executed)

    def confirm(
        self, requests: Sequence[Request], *, executed: Executed | None = None, everything: bool = False
    ) -> Confirmed:
        """Records the proposals, all or none, after looking at them again under the ledger's lock.

        Raises Conflict for what is no longer as it was looked at, PriceMoved if a price left the one that was seen,
        BadInput for what is blocked or cannot be paid, NoTrustedPrices if there is nothing to decide on.
        """
        with self._lock, self.ledger.locked():
            snapshot = self.look(everything=everything)
            proposals = self._confirmable(requests, snapshot, executed)
            drafts = [confirmation.draft(p, snapshot, executed) for p in confirmation.sells_first(proposals)]
            digest, kept = kept_texts(snapshot, requests, executed, self.ledger.group)
            return self._append([confirmation.keeping(one, digest, kept) for one in drafts])

    def record(self, *drafts: Draft) -> Confirmed:
        """Records what happened elsewhere, all or none."""
        with self._lock, self.ledger.locked():
            self._refuse_conflicts()
            known = {asset.symbol for asset in self.portfolio.assets}
            for draft in drafts:
                if draft.symbol is not None and draft.symbol not in known:
                    raise BadInput(
                        f"{draft.symbol} is not in the portfolio",
                        where=self.portfolio.path,
                        fix="add an [[asset]] for it, or correct the symbol",
                    )
            confirmed = self._append(drafts)
            for symbol in {entry.symbol for entry in confirmed.recorded if entry.kind == "split"}:
                self.prices.forget_typed(str(symbol))
            return confirmed

    def entries(self) -> tuple[Entry, ...]:
        """The ledger's entries, by number."""
        with self._lock:
            self.ledger.refresh()
            return self.ledger.entries

    def void(self, seq: int) -> Entry:
        """Takes entry `seq` back by a new one."""
        with self._lock:
            return self.ledger.void(seq, WallClock().now()).recorded[0]

    def amend(
        self,
        seq: int,
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        fees: Decimal | None = None,
        executed: Executed | None = None,
    ) -> tuple[Entry, ...]:
        """Takes entry `seq` back and records it corrected, both or neither."""
        with self._lock:
            moment, day = (executed.moment, executed.day) if executed else (None, None)
            if moment is not None and day is None:
                day = self._day_of(seq, moment)
            return self.ledger.amend(
                seq,
                WallClock().now(),
                quantity=quantity,
                price=price,
                fees=fees,
                executed=moment,
                effective=day,
            ).recorded

    def explain(self, seq: int) -> str:
        """Decides entry `seq` again, and says in a line whether it comes out the same."""
        with self._lock:
            return explain(self.ledger, seq).said

    def dismiss(self, id: str) -> None:  # noqa: A002
        """Does not propose the trade again until its asset has been back inside or its ledger count changes.

        A trade of an asset that is inside, made for others' sake, comes back once nothing is outside any more.
        """
        with self._lock:
            symbol = self._symbol_of(id)
            count = self.ledger.book.counts.get(symbol, 0)
            outside = {s: since for s, since in self._first_breach.items() if s == symbol}
            self._change_state(
                lambda state: replace(
                    state,
                    dismissed={**state.dismissed, symbol: count},
                    first_breach={**state.first_breach, **outside},
                )
            )

    def snooze(self, id: str, hours: float = 24) -> None:  # noqa: A002
        """Does not propose the trade again for `hours`."""
        symbol = self._symbol_of(id)
        until = self.feed.clock.now() + timedelta(hours=hours)
        self._change_state(lambda state: replace(state, snoozed={**state.snoozed, symbol: until}))

    def unsnooze(self, symbol: str) -> None:
        """Proposes the symbol again, snoozed or dismissed."""
        self._change_state(
            lambda state: replace(
                state, snoozed=_without(state.snoozed, {symbol}), dismissed=_without(state.dismissed, {symbol})
            )
        )

    def accept(self, symbol: str) -> Quote:
        """Releases a quote that jumped or looks like a split: its price is believed."""
        with self._lock:
            quote, trust = self._quoted(symbol)
            self.prices.accept(symbol, quote, trust)
            assert quote is not None, "it was accepted"
            return quote

    def split(self, symbol: str, new: Decimal, old: Decimal, day: date | None = None) -> Confirmed:
        """Records that `new` units took the place of `old` ones on `day`, else on the day of the symbol's quote."""
        with self._lock, self.ledger.locked():
            quote, trust = self._quoted(symbol)
            asset = self.portfolio.asset(symbol)
            if asset is None:
                raise BadInput(f"{symbol} is a rate: it does not split", fix="give the symbol of an asset")
            if trust.suspicion is None:
                raise BadInput(
                    f"{symbol}: its price does not look like a split",
                    fix="nothing was recorded; `strikezone record split` takes a split with its --date",
                )
            if day is None:
                now = self.feed.clock.now()
                moment = quote.time if quote is not None and quote.time is not None else now
                day = exchange_day(asset, quote.timezone if quote else None, moment)
            draft = Draft(kind="split", effective=day, currency=asset.currency, symbol=symbol, new=new, old=old)
            confirmed = self.record(draft)
            self.prices.explain(symbol, quote, trust, new / old)
            return confirmed

    def unusual(self, symbol: str, price: Decimal) -> str | None:
        """Why `price`, typed for `symbol`, should be asked about: how far it is from the last trusted one."""
        with self._lock:
            return self.prices.unusual(symbol, price)

    def type_price(self, symbol: str, price: Decimal | None) -> TypedPrice | None:
        """Lets a price typed by the user count until it expires; with None the feed's counts again."""
        with self._lock:
            return self.prices.type_price(symbol, price, self.feed.clock.now())

    def close(self, *, fold: bool = False) -> None:
        """Lets go of the feed and of the ledger's files; with `fold` puts these in order first."""
        with self._lock:
            try:
                self.prices.save(self.feed.clock.now())
            finally:
                self.feed.close()
                self.ledger.close(fold=fold)

    def _quoted(self, symbol: str) -> tuple[Quote | None, Trust]:
        """The quote of `symbol` and its judgement now."""
        appraisal = self.look().appraisal
        if symbol not in appraisal.trusts:
            raise BadInput(f"{symbol} is not in the portfolio", where=self.portfolio.path, fix="check the symbol")
        return appraisal.board.get(symbol), appraisal.trusts[symbol]

    def _confirmable(
        self, requests: Sequence[Request], snapshot: Snapshot, executed: Executed | None
    ) -> tuple[Proposal, ...]:
        self._refuse_conflicts()
        recorded = self._recorded()
        asked = {request.id for request in requests}
        if not snapshot.stands and not (asked and asked <= recorded.keys()):
            raise NoTrustedPrices("; ".join(snapshot.warnings), fix="nothing was recorded; try again with prices")
        wanted = [confirmation.wanted(request, snapshot, recorded, executed) for request in requests]
        proposals = confirmation.together(requests, wanted, snapshot)
        confirmation.check_confirmable(proposals, snapshot)
        return proposals

    def _append(self, drafts: Sequence[Draft]) -> Confirmed:
        appended = self.ledger.append(drafts, WallClock().now())
        skipped = tuple(f"not recorded: {skip.why}" for skip in appended.skipped)
        return Confirmed(appended.recorded, appended.already, skipped, appended.warnings)

    def _refuse_conflicts(self) -> None:
        if self.ledger.conflicts:
            raise Conflict("", problems=self.ledger.conflicts)

    def _recorded(self) -> Mapping[str, int]:
        return {entry.id: entry.seq for entry in self.ledger.entries}

    def _breaches(self, valuation: Valuation, state: State, now: datetime) -> dict[str, datetime]:
        """Since when each breach lasts: from state.json if breaches must dwell, so that looks add up.

        A time that is still to come is of a replay that has been begun anew: it counts for nothing.
        """
        kept = self.portfolio.policy.dwell_seconds > 0 and not self.ledger.readonly
        known = state.first_breach if kept else self._first_breach
        first = first_breaches(valuation, {s: since for s, since in known.items() if since <= now}, now)
        self._first_breach = first
        if kept and first != known:
            self._change_state(lambda old: replace(old, first_breach=first))
        return first

    def _held_back(
        self, state: State, valuation: Valuation, counts: Mapping[str, int], now: datetime
    ) -> dict[str, datetime | None]:
        """The symbols that are snoozed (with their time) or dismissed (None) now; forgets those that ran out."""
        outside = breached(valuation)
        snoozed = {symbol: until for symbol, until in state.snoozed.items() if until > now}
        over = {
            symbol
            for symbol, count in state.dismissed.items()
            if counts.get(symbol, 0) != count
            or (
                valuation.value is not None
                and symbol not in outside
                and (symbol in state.first_breach or not outside)
            )
        }
        if over and not self.ledger.readonly:
            self._change_state(
                lambda old: replace(
                    old, dismissed=_without(old.dismissed, over), first_breach=_without(old.first_breach, over)
                )
            )
        dismissed = _without(state.dismissed, over)
        return {**dict.fromkeys(dismissed), **snoozed}

    def _past(self, now: datetime, rates: Mapping[str, Decimal]) -> History:
        """The history of the trades in force, kept while neither the book nor the portfolio's day changes.

        A trade whose rate is unknown counts by the rate of when it was first looked at.
        """
        book, day = self.ledger.book, now.astimezone(local_zone(self.portfolio.timezone)).date()
        if self._history is None or self._history[0] is not book or self._history[1] != day:
            self._history = (book, day, history(book.trades, now, self.portfolio.timezone, rates))
        return self._history[2]

    def _symbol_of(self, id: str) -> str:  # noqa: A002
        for proposal in self.look().proposals:
            if proposal.id == id:
                return proposal.symbol
        raise Conflict(f"{id} is not proposed any more", fix="look again")

    def _day_of(self, seq: int, moment: datetime) -> date | None:
        """The day of `moment` for entry `seq`: its exchange's for a trade, the portfolio's for a payment."""
        entry = next((entry for entry in self.ledger.entries if entry.seq == seq), None)
        asset = self.portfolio.asset(entry.symbol) if entry and entry.symbol else None
        if asset is not None:
            return exchange_day(asset, None, moment)
        return moment.astimezone(local_zone(self.portfolio.timezone)).date()

    def _change_state(self, change: Callable[[State], State]) -> None:
        with self._lock:
            self.ledger.save_state(change)


def _without(mapping: Mapping[str, Kept], keys: Collection[str]) -> dict[str, Kept]:
    return {name: value for name, value in mapping.items() if name not in keys}
