"""The review of a micro-trade, or of all of them: what `y` records, shown in full, asked again if it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from core.book.choosing import Pick
from core.desk.confirmation import Confirmed, PriceMoved, Request
from core.desk.snapshot import Snapshot
from core.errors import StrikezoneError
from core.money import plain
from core.planning.alternatives import Alternative
from core.planning.proposal import Proposal
from tui import format as fmt
from tui.messages import Desk
from tui.screens.dialog import Dialog
from tui.screens.review_rows import plan_rows, review_rows
from tui.widgets.lines import Row, Span

if TYPE_CHECKING:
    from tui.screens.edit import Values


class Edit(NamedTuple):
    """What the user changed of a trade; None is as proposed."""

    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal | None = None
    lots: tuple[Pick, ...] | None = None

    @property
    def names(self) -> list[str]:
        """What was changed."""
        return [name for name in self._fields if getattr(self, name) is not None]


def told(error: StrikezoneError | OSError) -> list[str]:
    """An error in plain words: each problem, then what to do about it."""
    if not isinstance(error, StrikezoneError):
        return [f"not recorded: {error.strerror or error}"]
    lines: list[str] = []
    for problem in error.problems:
        lines.append(str(problem))
        if problem.fix:
            lines.append(problem.fix)
    return lines


class ReviewBase(Dialog[Confirmed]):
    """What the reviews of one trade and of many share: confirming in a thread, and being asked again."""

    def __init__(self, title: str, desk: Desk, snapshot: Snapshot) -> None:
        super().__init__(title)
        self.desk = desk
        self.snapshot = snapshot
        self.ways: tuple[Alternative, ...] = ()

    def on_mount(self) -> None:
        """Shows the trade, and a little later the other ways back."""
        super().on_mount()
        self.weigh()

    def weigh(self) -> None:
        """Plans the other ways back, where tax makes them differ, off the screen's loop."""
        if self.snapshot.portfolio.tax.regime == "none":
            return
        self.run_worker(self._weigh(self.snapshot), group="ways", exclusive=True)

    async def _weigh(self, snapshot: Snapshot) -> None:
        self.ways = await asyncio.to_thread(snapshot.alternatives)
        if self.ways and not self._busy:
            self.show()

    def requests(self) -> list[Request]:
        """What `y` confirms."""
        raise NotImplementedError

    async def look_again(self, why: Sequence[str]) -> None:
        """Fetches what is proposed now, shows it with the reason, and asks again."""
        raise NotImplementedError

    def action_accept(self) -> None:
        """Records what is shown, unless the price moved meanwhile."""
        requests = self.requests()
        self.busy("recording…")
        self.run_worker(self._confirm(requests), group="desk", exclusive=True)

    async def _confirm(self, requests: list[Request]) -> None:
        try:
            confirmed = await asyncio.to_thread(self.desk.confirm, requests)
        except PriceMoved as moved:
            await self.look_again([str(problem) for problem in moved.problems])
        except (StrikezoneError, OSError) as error:
            self.idle(told(error))
        else:
            self.dismiss(confirmed)


class ReviewScreen(ReviewBase):
    """One micro-trade, and its edit."""

    def __init__(self, desk: Desk, snapshot: Snapshot, proposal: Proposal) -> None:
        super().__init__("review", desk, snapshot)
        self.proposal = proposal
        self.planned = proposal.quantity
        self.edit = Edit()

    def rows(self, room: int) -> Sequence[Row]:
        """The trade in full."""
        return review_rows(self.proposal, self.snapshot, room, self.edit.names, self.ways)

    def requests(self) -> list[Request]:
        """The trade as it is shown; `pinned` is the plan's quantity that it was shown for."""
        return [
            Request(
                self.proposal.id,
                pinned=self.planned,
                quantity=self.edit.quantity,
                price=self.edit.price,
                fees=self.edit.fees,
                lots=self.edit.lots or (),
                seen_price=self.proposal.quote.price,
                seen_rate=self.proposal.seen_rate,
            )
        ]

    def action_edit(self) -> None:
        """Opens the form over the review."""
        self._open_form()

    def _open_form(self, typed: Mapping[str, str] | None = None, problem: Sequence[str] = ()) -> None:
        """The form, with what was typed before and why that cannot be."""
        from tui.screens.edit import EditScreen

        fees = self.proposal.costs.cash
        fields = (("quantity", self.proposal.quantity), ("price", self.proposal.price), ("fees", fees))
        heading = f"edit: {self.proposal.side} {self.proposal.symbol}"
        numbers = {name: value for name, value in self.edit._asdict().items() if name != "lots"}
        lots = self._lots() if self.proposal.side == "sell" and self.proposal.lots else None
        form = EditScreen(heading, fields, numbers, lots=lots, typed_before=typed, problem=problem)
        self.app.push_screen(form, self._edited)

    def _lots(self) -> str:
        """The lots that the sale takes, as they are named."""
        parts = self.proposal.lots
        return " ".join(f"{part.acquired or 'unknown'}:{plain(part.quantity)}" for part in parts)

    def _edited(self, values: Values | None) -> None:
        self.arm()
        if values is not None:
            numbers, lots = values.numbers, self.edit.lots if values.lots is None else values.lots
            edit = Edit(numbers["quantity"], numbers["price"], numbers["fees"], lots or None)
            self.busy("looking at it again…")
            self.run_worker(self._apply(edit, [], values.typed), group="desk", exclusive=True)

    async def look_again(self, why: Sequence[str]) -> None:
        """The same trade by the prices of now."""
        await self._apply(self.edit, why)

    async def _apply(self, edit: Edit, why: Sequence[str], typed: Mapping[str, str] | None = None) -> None:
        """Shows the trade with `edit`; where that cannot be, what was `typed` stands in the form again."""
        identity = self.proposal.id
        try:
            snapshot = await asyncio.to_thread(self.desk.look)
            plan = await asyncio.to_thread(self.desk.review, identity)
            shown = plan
            if edit.names:
                shown = await asyncio.to_thread(
                    self.desk.review,
                    identity,
                    quantity=edit.quantity,
                    price=edit.price,
                    fees=edit.fees,
                    lots=edit.lots or (),
                )
        except (StrikezoneError, OSError) as error:
            self.idle([*why, *told(error)])
            if typed is not None:
                self._open_form(typed, told(error))
            return
        self.snapshot, self.planned, self.proposal, self.edit = snapshot, plan.quantity, shown, edit
        self.idle(why, "near")
        self.weigh()

    def update(self, snapshot: Snapshot) -> None:
        """Follows a newer snapshot: if another quantity is planned now, it is shown and asked again."""
        if self._busy:
            return
        now = next((p for p in snapshot.proposals if p.id == self.proposal.id), None)
        if now is None or now.quantity == self.planned:
            return
        why = f"the plan changed while you looked: {fmt.quantity(self.planned)} became {fmt.quantity(now.quantity)}"
        self.busy("looking at it again…")
        self.run_worker(self._apply(self.edit, [why]), group="desk", exclusive=True)


class ReviewAllScreen(ReviewBase):
    """All proposed micro-trades together: recorded all or none."""

    def __init__(self, desk: Desk, snapshot: Snapshot) -> None:
        self.proposals = proposed(snapshot)
        super().__init__(f"review of {len(self.proposals)} micro-trades", desk, snapshot)

    def rows(self, room: int) -> Sequence[Row]:
        """The trades and what they add up to."""
        return plan_rows(self.proposals, self.snapshot, room, self.ways)

    def answers(self) -> Row:
        """As for one, but there is no edit."""
        return (
            Span("   No   ", "choice"),
            Span("   n or Esc", "dim"),
            Span("     y", "key"),
            Span(f" record all {len(self.proposals)}", "text"),
        )

    def requests(self) -> list[Request]:
        """All that are shown, as they are shown."""
        return [
            Request(p.id, pinned=p.quantity, seen_price=p.quote.price, seen_rate=p.seen_rate)
            for p in self.proposals
        ]

    async def look_again(self, why: Sequence[str]) -> None:
        """The plan by the prices of now; nothing left to propose closes it."""
        try:
            self.snapshot = await asyncio.to_thread(self.desk.look)
        except (StrikezoneError, OSError) as error:
            self.idle([*why, *told(error)])
            return
        self.proposals = proposed(self.snapshot)
        if not self.proposals:
            self.dismiss(None)
            return
        self.query_one("#box").border_title = Content(f"review of {len(self.proposals)} micro-trades")
        self.idle(why, "near")
        self.weigh()

    def update(self, snapshot: Snapshot) -> None:
        """Follows a newer snapshot: another plan is shown and asked again."""
        shown = [(p.id, p.quantity) for p in self.proposals]
        if not self._busy and [(p.id, p.quantity) for p in proposed(snapshot)] != shown:
            self.busy("looking at it again…")
            self.run_worker(self.look_again(["the plan changed while you looked"]), group="desk", exclusive=True)


def proposed(snapshot: Snapshot) -> tuple[Proposal, ...]:
    """The trades that can be confirmed, sells first."""
    ready = [p for p in snapshot.proposals if p.verdict == "propose"]
    return tuple(sorted(ready, key=lambda p: p.side == "buy"))
