"""The monitor: holdings against their zones, the micro-trades that bring them back, and the asset pointed at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container
from textual.events import Resize
from textual.geometry import Size
from textual.widgets import Input

from core.desk.confirmation import Confirmed
from core.desk.snapshot import Snapshot
from core.errors import StrikezoneError
from core.money import ZERO, plain
from core.planning.proposal import Proposal
from tui import format as fmt
from tui.commands import bindings
from tui.messages import Runner
from tui.screens.prices import PriceActions
from tui.widgets.detail import Detail
from tui.widgets.holdings import Holdings
from tui.widgets.lines import Lines
from tui.widgets.status import KeyLine, MessageLine, Notices, StatusLine
from tui.widgets.trades import Trades

_WIDE, _TALL, _SHORT = 120, 30, 20


class FilterInput(Input):
    """Where the filter is typed: Enter keeps it, Esc clears it."""

    BINDINGS = bindings("filter")

    def action_keep(self) -> None:
        """Back to the holdings, filtered."""
        self.screen.set_class(False, "-filtering")
        self.screen.query_one(Holdings).focus()

    def action_clear(self) -> None:
        """Back to all holdings."""
        self.value = ""
        self.action_keep()


class MonitorScreen(PriceActions):
    """Shows one runner's snapshots and sends its desk what the keys ask for."""

    BINDINGS = bindings("monitor", "replay")
    AUTO_FOCUS = "#holdings"

    def __init__(self, runner: Runner, first: Snapshot | None = None, place: str = "") -> None:
        super().__init__()
        self.runner = runner
        self.snapshot = first
        self._place = place
        self._fitted = Size(0, 0)
        self._whole = False  # its widgets come in several steps, and snapshots may come between them

    def compose(self) -> ComposeResult:
        """Top to bottom: status, warnings, holdings, micro-trades and detail, message, keys."""
        self._fit(self.app.size.width, self.app.size.height, update=False)  # before there is anything to restyle
        yield StatusLine()
        yield Notices()
        yield Holdings(id="holdings")
        with Container(id="below"):
            yield Trades(id="trades")
            yield Detail(id="detail")
        yield MessageLine()
        yield FilterInput(id="filter", placeholder="symbol or name", select_on_focus=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """The first frame already shows the holdings, if there is a first snapshot."""
        self._whole = True
        if self.snapshot is not None:
            self.show(self.snapshot)
        else:
            self.query_one(MessageLine).say("looking…", "dim")

    def on_resize(self, event: Resize) -> None:
        """Other sizes have room for other things."""
        if event.size != self._fitted:
            self._fit(event.size.width, event.size.height)
            self.call_after_refresh(self._redraw)

    def _fit(self, width: int, height: int, *, update: bool = True) -> None:
        self._fitted = Size(width, height)
        self.set_class(width >= _WIDE, "-wide", update=update)
        self.set_class(height >= _TALL, "-tall", update=update)
        self.set_class(height < _SHORT, "-short", update=update)

    def _redraw(self) -> None:
        if self.snapshot is not None:
            self.show(self.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Shows `snapshot`; only what reads differently is drawn. It is kept until the screen is whole."""
        before, self.snapshot = self.snapshot, snapshot
        if not self._whole:
            return
        if before is None:
            self.query_one(MessageLine).say("")
        self.query_one(StatusLine).show(snapshot, self._place)
        self.query_one(Notices).show(snapshot)
        self.query_one(Holdings).show(snapshot)
        self.query_one(Trades).show(snapshot)
        self._point()
        if before is None or before.feed.source != snapshot.feed.source:
            self.refresh_bindings()

    def _point(self) -> None:
        """Lets detail and micro-trades follow the holdings' cursor."""
        if self.snapshot is None:
            return
        line = self.query_one(Holdings).selected
        if line is not None and not self.query_one(Trades).has_focus:
            self.query_one(Trades).select(line.symbol)
        self.query_one(Detail).show(line, self.snapshot)

    def on_lines_moved(self, event: Lines.Moved) -> None:
        """The cursors of holdings and micro-trades stand on the same asset."""
        trades = self.query_one(Trades)
        if event.lines is trades and trades.selected is not None:
            self.query_one(Holdings).select(trades.selected.symbol)
        self._point()

    def say(self, text: str, style: str = "text") -> None:
        """Writes what just happened into the message line."""
        self.query_one(MessageLine).say(text, style)

    # the micro-trades

    def action_review(self) -> None:
        """Opens the review of the selected asset's micro-trade."""
        proposal = self._wanted()
        if proposal is None or self.snapshot is None:
            return
        from tui.screens.review import ReviewScreen

        self.runner.hold()
        self.app.push_screen(ReviewScreen(self.runner.desk, self.snapshot, proposal), self._reviewed)

    def action_review_all(self) -> None:
        """Opens the review of all that is proposed."""
        if self.snapshot is None:
            return
        from tui.screens.review import ReviewAllScreen, proposed

        if not proposed(self.snapshot):
            self.say("no micro-trade is ready", "dim")
            return
        self.runner.hold()
        self.app.push_screen(ReviewAllScreen(self.runner.desk, self.snapshot), self._reviewed)

    def _reviewed(self, confirmed: Confirmed | None) -> None:
        self.runner.release()
        if confirmed is None:
            self.say("nothing recorded", "dim")
            return
        parts = [
            f"recorded #{e.seq} {e.side} {plain(e.quantity or ZERO)} {e.symbol} @ {fmt.exact_price(e.price)}"
            for e in confirmed.recorded
        ]
        parts += [f"{id} was recorded already" for id in confirmed.already]  # noqa: A001
        parts += [*confirmed.skipped, *confirmed.warnings]
        self.say(" · ".join(parts), "bold")
        self.runner.refresh()

    def action_dismiss(self) -> None:  # type: ignore[override]
        """Takes the selected micro-trade off the table."""
        if (proposal := self._wanted()) is not None:
            desk, what = self.runner.desk, f"{proposal.side} {proposal.symbol}"
            self._do(lambda: desk.dismiss(proposal.id), f"dismissed: {what}")

    def action_snooze(self) -> None:
        """Puts the selected micro-trade to sleep for a day, or wakes it."""
        if (proposal := self._wanted()) is None:
            return
        desk, what = self.runner.desk, f"{proposal.side} {proposal.symbol}"
        if proposal.verdict == "snoozed":
            self._do(lambda: desk.unsnooze(proposal.symbol), f"awake again: {what}")
        else:
            self._do(lambda: desk.snooze(proposal.id), f"snoozed for 24 hours: {what}")

    def _wanted(self) -> Proposal | None:
        proposal = self.query_one(Trades).selected
        if proposal is None:
            line = self.query_one(Holdings).selected
            self.say(f"no micro-trade for {line.symbol}" if line else "nothing selected", "dim")
        return proposal

    def _do(self, call: Callable[[], object], done: str) -> None:
        async def work() -> None:
            try:
                await asyncio.to_thread(call)
            except (StrikezoneError, OSError) as error:
                self.say(str(error), "trouble")
            else:
                self.say(done)
                self.runner.refresh()

        self.run_worker(work(), group="desk")

    # moving about

    def action_other(self) -> None:
        """Between holdings and micro-trades."""
        trades, holdings = self.query_one(Trades), self.query_one(Holdings)
        if trades.has_focus or not trades.items:
            holdings.focus()
        else:
            trades.focus()
            if trades.selected is None:
                trades.point_at(0)
                self.on_lines_moved(Lines.Moved(trades, 0))

    def action_ledger(self) -> None:
        """Opens the ledger."""
        from tui.screens.ledger import LedgerScreen

        self.app.push_screen(LedgerScreen(self.runner))

    def action_filter(self) -> None:
        """Opens the line in which the filter is typed."""
        self.set_class(True, "-filtering")
        self.query_one("#filter").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters as it is typed."""
        if self.snapshot is not None:
            self.query_one(Holdings).show(self.snapshot, event.value.strip())
            self._point()
            self.say(f"filter: {event.value.strip()}  (Esc clears)" if event.value.strip() else "", "dim")

    def action_back(self) -> None:
        """Clears the filter and the message, and goes back to the holdings."""
        self.query_one(FilterInput).value = ""
        self.say("")
        self.query_one(Holdings).focus()

    # a replay

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a replay can be paused, stepped and sped up."""
        if action in ("pause", "step", "faster", "slower"):
            return self.snapshot is not None and self.snapshot.feed.source == "replay"
        return True

    def action_pause(self) -> None:
        """Stops the replay, or lets it run on."""
        if self.snapshot is not None and self.snapshot.feed.state == "paused":
            self.runner.resume()
        else:
            self.runner.pause()

    def action_step(self) -> None:
        """One row further."""
        self.runner.step()

    def action_faster(self) -> None:
        """Replays faster."""
        self.runner.faster()

    def action_slower(self) -> None:
        """Replays slower."""
        self.runner.slower()
