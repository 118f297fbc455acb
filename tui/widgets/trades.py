"""The micro-trades: two lines each, what to do on the first and why on the second."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from core.desk.snapshot import Snapshot
from core.money import ZERO
from core.planning.proposal import Proposal
from tui import format as fmt
from tui.widgets.glyphs import BLOCK, INSIDE, NEAR, STALE
from tui.widgets.lines import Lines, Row, Span, left, right

SIDES: Final = {"sell": "over", "buy": "under"}  # what is over is sold, what is under is bought
_VERDICTS: Final[dict[str, tuple[str, str]]] = {
    "propose": (f"{INSIDE} ready", "text"),
    "not_worth_it": ("◇ not worth it", "near"),
    "blocked": (f"{BLOCK} blocked", "trouble"),
    "snoozed": (f"{STALE} snoozed", "stale"),
}


def heading(text: str, room: int, note: str = "") -> Row:
    """A rule with a title in it, that parts the screen without a box."""
    rest = max(room - cell_len(text) - cell_len(note) - 6, 0)
    return (
        Span("── ", "faint"),
        Span(text, "title"),
        Span(f" {note}" if note else "", "dim"),
        Span(" " + "─" * rest, "faint"),
    )


def gain(proposal: Proposal) -> str:
    """The gain that the lots of a sale realise, with its sign; `-` if the basis of any is unknown."""
    gains = [lot.gain for lot in proposal.lots]
    known = [g for g in gains if g is not None]
    return fmt.money(sum(known, ZERO), sign=True) if gains and len(known) == len(gains) else fmt.UNKNOWN


def trade_rows(proposal: Proposal, room: int) -> tuple[Row, Row]:
    """The two lines of one micro-trade: its numbers, then whether and why."""
    style, side = ("dim", "dim") if proposal.verdict == "snoozed" else ("text", SIDES[proposal.side])
    price, value = fmt.price(proposal.price), fmt.money(proposal.value)
    unit = f" {proposal.currency}" if proposal.foreign else ""
    cost = f"  cost {fmt.money(proposal.costs.total)}"
    text = f" {left(proposal.symbol, 9)} @ {left(price, 10)}{right(value, 12)}{unit}{cost}"
    if cell_len(text) + 14 > room:
        text = f" {proposal.symbol} @ {price} = {value}{unit}{cost}"
    if proposal.worth_it.benefit is not None:
        text += f"  worth {fmt.money(proposal.worth_it.benefit)}"
    realised = f"  gain {gain(proposal)}{unit}" if proposal.lots else ""
    if cell_len(text) + len(realised) + 14 <= room:
        text += realised
    first = fitted(
        [
            Span(f"{proposal.side:<4} {right(fmt.quantity(proposal.quantity), 9)}", f"bold {side}"),
            Span(text, style),
        ],
        room,
    )
    return first, _why(proposal, room)


def _verdict(proposal: Proposal) -> tuple[str, str]:
    word, style = _VERDICTS[proposal.verdict]
    if proposal.snoozed_until is not None and proposal.verdict == "snoozed":
        return f"{word} until {proposal.snoozed_until:%d %b %H:%M} UTC", style
    if proposal.worth_it.verdict is False and proposal.verdict == "propose":
        return "◇ costs more than it is worth", "near"
    return word, style


def _why(proposal: Proposal, room: int) -> Row:
    word, style = _verdict(proposal)
    weights = f"{fmt.hundredths(proposal.weight_before)} → {fmt.hundredths(proposal.weight_after)}"
    spans = [Span(f"     {left(word, max(cell_len(word), 9))}", style)]
    for guard in proposal.guards:
        if guard.verdict == "block":
            spans += [Span("  "), Span(f"{BLOCK} {guard.name}: {guard.detail}", "trouble")]
        elif guard.verdict == "warn":
            spans += [Span("  "), Span(f"{NEAR} {guard.name}: {guard.detail}", "warn")]
    spans += [Span(f"  {weights}  {proposal.reason}", "dim")]
    return fitted(spans, room)


def fitted(spans: list[Span], room: int) -> Row:
    """The spans, cut where the row is full."""
    kept: list[Span] = []
    for span in spans:
        size = cell_len(span.text)
        if size > room:
            return (*kept, Span(left(span.text, max(room, 1)), span.style)) if room > 1 else tuple(kept)
        kept.append(span)
        room -= size
    return tuple(kept)


class Trades(Lines, can_focus=True):
    """The list of micro-trades, those asleep dimmed and last."""

    HAS_CURSOR = True
    ITEM_HEIGHT = 2

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._snapshot: Snapshot | None = None
        self._proposals: tuple[Proposal, ...] = ()

    @property
    def items(self) -> int:
        """How many micro-trades there are; the line that says why there are none does not count."""
        return len(self._proposals)

    @property
    def selected(self) -> Proposal | None:
        """The micro-trade under the cursor."""
        return self._proposals[self.cursor] if 0 <= self.cursor < len(self._proposals) else None

    def show(self, snapshot: Snapshot) -> None:
        """Shows the micro-trades of `snapshot`; the cursor stays on its asset."""
        was = self.selected
        self._snapshot = snapshot
        self._proposals = tuple(sorted(snapshot.proposals, key=lambda p: p.verdict == "snoozed"))
        self._build()
        if was is not None:
            self.select(was.symbol)

    def select(self, symbol: str) -> None:
        """Puts the cursor on the micro-trade of `symbol`, or nowhere if it has none."""
        self.point_at(next((i for i, p in enumerate(self._proposals) if p.symbol == symbol), -1))

    def on_resize(self) -> None:
        """The texts are cut to the width."""
        if self._snapshot is not None:
            self._build()

    def _build(self) -> None:
        assert self._snapshot is not None
        room = self.room
        awake = sum(p.verdict == "propose" for p in self._proposals)
        note = f"{len(self._proposals)}, {awake} ready" if self._proposals else ""
        rows = [row for proposal in self._proposals for row in trade_rows(proposal, room)]
        if not rows:
            rows = [(Span("  "), *quiet(self._snapshot))]
        self.set_lines(rows, header=[heading("micro-trades", self.room + 2, note)])


def quiet(snapshot: Snapshot) -> Row:
    """Why there is no micro-trade, in one line."""
    if snapshot.conflicts:
        return (Span("nothing is proposed while the file and the ledger disagree", "dim"),)
    if not snapshot.portfolio.has_targets:
        return (Span("this portfolio has no targets: it is shown, nothing is proposed", "dim"),)
    if not snapshot.stands:
        return (Span("the prices are too doubtful to propose anything", "dim"),)
    if snapshot.valuation.value is None:
        return (Span("a held asset has no price at all: nothing is proposed", "dim"),)
    if snapshot.triggered:
        return (Span("outside its zone, but no trade is possible or wanted now", "dim"),)
    return Span(f"{INSIDE} ", "inside"), Span("all in their zones: nothing to do", "dim")
