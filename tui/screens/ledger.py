"""The ledger: what was recorded, newest first; nothing is edited, a mistake is voided or amended by a new entry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal

from textual.app import ComposeResult
from textual.screen import Screen

from core.book.entries import Entry
from core.book.report import ratio
from core.errors import StrikezoneError
from core.money import ONE, ZERO, plain
from tui import format as fmt
from tui.commands import bindings
from tui.messages import Runner
from tui.screens.dialog import Dialog
from tui.screens.edit import EditScreen, Values
from tui.screens.review import told
from tui.widgets.lines import Lines, Row, Span, left, right
from tui.widgets.status import KeyLine, MessageLine
from tui.widgets.trades import SIDES, fitted, heading


def voided(entries: Sequence[Entry]) -> frozenset[int]:
    """The numbers of the entries that another one has taken back."""
    taken = {entry.void_of for entry in entries if entry.void_of is not None}
    return frozenset(seq for seq in taken if seq is not None)


def entry_row(entry: Entry, gone: frozenset[int], room: int) -> Row:
    """One entry in a line; one that was voided is struck through and says so."""
    word = "void" if entry.seq in gone or entry.kind == "void" else "amend" if entry.amends is not None else ""
    number = Span(f"{'#' + str(entry.seq):>6}  {entry.effective.isoformat()}  {word:<6}", "dim")
    if entry.kind == "void":
        return number, Span(f"takes back #{entry.void_of}", "dim")
    if entry.kind == "adopt":
        return number, Span("adopts the file's opening lots and balances", "dim")
    head, rest = _said(entry)
    if entry.kind == "trade":
        fees = f"  fees {fmt.money(entry.fees)}"
        if len(number.text) + len(head) + len(rest) + len(fees) + 1 <= room:
            rest += fees
    if entry.seq in gone:
        return fitted([number, Span(f"{head:<4} {rest}", "gone")], room)
    note = f"  amends #{entry.amends}" if entry.amends is not None else ""
    if entry.kind == "trade" and entry.decision is None and not note:
        note = "  by hand"
    return fitted(
        [number, Span(f"{head:<4} ", f"bold {SIDES.get(head, 'text')}"), Span(rest), Span(note, "dim")], room
    )


def _said(entry: Entry) -> tuple[str, str]:
    """The kind of an entry, and what it says."""
    paid = f"{right(fmt.money(entry.amount, sign=True), 15)} {entry.currency}"
    of = f"  {entry.symbol}" if entry.symbol else ""
    match entry.kind:
        case "cash" | "interest" | "fee":
            return entry.kind, paid + of
        case "dividend":
            bought = f", reinvested in {fmt.quantity(entry.quantity)}" if entry.quantity is not None else ""
            return "dividend", paid + of + bought
        case "split":
            return "split", f"{right(ratio(entry), 7)} {entry.symbol}"
        case "spinoff":
            return "spin-off", f"{ratio(entry)} {entry.to} from {entry.symbol}"
        case "rename":
            return "rename", f"{entry.symbol} is {entry.to} now"
        case "transfer":
            units = sum((lot.quantity for lot in entry.received), ZERO)
            return "transfer", f"{fmt.quantity(units)} {entry.symbol} in"
    value = (entry.quantity or ZERO) * (entry.price or ZERO)
    rest = (
        f"{right(fmt.quantity(entry.quantity), 8)} {left(entry.symbol or '', 9)} "
        f"@ {left(fmt.price(entry.price), 10)}{right(fmt.money(value), 12)}"
    )
    return entry.side or "", rest + ("" if entry.rate == ONE else f" {entry.currency}")


class Entries(Lines, can_focus=True):
    """The list of entries."""

    HAS_CURSOR = True


class ConfirmChange(Dialog[bool]):
    """Asks before a ledger entry is voided or amended; does it, and says so only once it is done."""

    def __init__(self, title: str, lines: Sequence[Row], yes: str, act: Callable[[], object]) -> None:
        super().__init__(title)
        self._lines = lines
        self._yes = yes
        self._act = act

    def rows(self, room: int) -> Sequence[Row]:
        """The entry, and what becomes of it."""
        return self._lines

    def answers(self) -> Row:
        """What `y` does here."""
        return (
            Span("   No   ", "choice"),
            Span("   n or Esc", "dim"),
            Span("     y", "key"),
            Span(f" {self._yes}", "text"),
        )

    def action_accept(self) -> None:
        """Does it."""
        self.busy("recording…")
        self.run_worker(self._do(), group="desk", exclusive=True)

    async def _do(self) -> None:
        try:
            await asyncio.to_thread(self._act)
        except (StrikezoneError, OSError) as error:
            self.idle(told(error))
        else:
            self.dismiss(True)


class LedgerScreen(Screen[None]):
    """The entries of one portfolio's ledger."""

    BINDINGS = bindings("ledger")

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self.runner = runner
        self.entries: tuple[Entry, ...] = ()

    def compose(self) -> ComposeResult:
        """The list, what the selected entry was decided on, a message, the keys."""
        yield Entries(id="entries")
        yield Lines(id="decision")
        yield MessageLine()
        yield KeyLine()

    def on_mount(self) -> None:
        """Reads the ledger in a thread."""
        self.query_one(Entries).focus()
        self.run_worker(self._read(), group="read", exclusive=True)

    async def _read(self) -> None:
        was = self.selected
        try:
            self.entries = await asyncio.to_thread(self.runner.desk.entries)
        except (StrikezoneError, OSError) as error:
            self.query_one(MessageLine).say(" ".join(told(error)), "trouble")
            return
        self._show()
        if was is not None:  # the cursor stays on its entry when newer ones come in above it
            self.query_one(Entries).point_at(
                next(i for i, e in enumerate(reversed(self.entries)) if e.seq == was.seq)
            )
            self._decision()

    def on_resize(self) -> None:
        """Draws it for another width."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        entries = self.query_one(Entries)
        gone = voided(self.entries)
        rows = [entry_row(entry, gone, entries.room) for entry in reversed(self.entries)]
        if not rows:
            rows = [(Span("nothing recorded yet: confirm a micro-trade and it stands here", "dim"),)]
        name = self.runner.desk.portfolio.name or self.runner.desk.portfolio.id
        note = left(name, min(len(name), 40))
        if not self.entries:
            entries.point_at(-1)
        entries.set_lines(rows, header=[heading("ledger", entries.room + 2, note)])
        self._decision()

    @property
    def selected(self) -> Entry | None:
        """The entry under the cursor."""
        place = self.query_one(Entries).cursor
        return self.entries[-1 - place] if 0 <= place < len(self.entries) else None

    def on_lines_moved(self) -> None:
        """Another entry, another decision."""
        self._decision()

    def _decision(self) -> None:
        lines, entry = self.query_one("#decision", Lines), self.selected
        header = [heading(f"entry #{entry.seq}" if entry else "entry", lines.room)]
        if entry is None:
            lines.set_lines([], header=header)
            return
        rows: list[Row] = [(Span(f" recorded {fmt.moment(entry.recorded_at)}   id {entry.id}", "dim"),)]
        decision = entry.decision or {}
        if reason := decision.get("reason"):
            rows.append(fitted([Span(" decided on  ", "dim"), Span(str(reason))], lines.room))
        if (before := decision.get("weight_before")) is not None:
            weights = f" {fmt.percent(before)} → {fmt.percent(decision.get('weight_after'))}"
            rows.append((Span(f"{weights}   prices from {decision.get('source', 'unknown')}", "dim"),))
        if entry.lots:
            taken = ", ".join(f"{plain(lot.quantity)} of {lot.acquired or 'the start'}" for lot in entry.lots)
            rows.append(fitted([Span(" lots  ", "dim"), Span(taken)], lines.room))
        lines.set_lines(rows, header=header)

    def action_void(self) -> None:
        """Asks whether to void the selected entry."""
        if (entry := self._changeable()) is None:
            return
        desk, seq = self.runner.desk, entry.seq
        rows: list[Row] = [
            entry_row(entry, frozenset(), 90),
            (),
            (Span(" A new entry takes it back; this one stays, struck through.", "dim"),),
        ]
        dialog = ConfirmChange(f"void entry #{seq}", rows, "void it", lambda: desk.void(seq))
        self._ask(dialog, f"voided #{seq}")

    def action_explain(self) -> None:
        """Makes the decision of the selected entry again."""
        if (entry := self.selected) is not None:
            self.run_worker(self._explain(entry.seq), group="explain", exclusive=True)

    async def _explain(self, seq: int) -> None:
        try:
            said, style = await asyncio.to_thread(self.runner.desk.explain, seq), "bold"
        except (StrikezoneError, OSError) as error:
            said, style = " ".join(told(error)), "dim"
        self.query_one(MessageLine).say(said, style)

    def action_amend(self) -> None:
        """Opens the form, and then asks whether to amend."""
        entry = self._changeable()
        if entry is None:
            return
        if entry.kind != "trade":
            self.query_one(MessageLine).say("only trades can be amended: void it and record it anew", "dim")
            return
        fields = (("quantity", entry.quantity), ("price", entry.price), ("fees", entry.fees))
        self.app.push_screen(
            EditScreen(f"amend entry #{entry.seq}", fields), lambda values: self._amended(entry, values)
        )

    def _amended(self, entry: Entry, values: Values | None) -> None:
        changed = {name: value for name, value in (values.numbers if values else {}).items() if value is not None}
        if not changed:
            self.query_one(MessageLine).say("nothing amended", "dim")
            return
        old: dict[str, Decimal | None] = {"quantity": entry.quantity, "price": entry.price, "fees": entry.fees}
        rows: list[Row] = [entry_row(entry, frozenset(), 90), ()]
        rows += [
            (Span(f" {name:<10}", "dim"), Span(f"{_plain(old[name])}  →  "), Span(_plain(value), "bold"))
            for name, value in changed.items()
        ]
        desk, seq = self.runner.desk, entry.seq
        dialog = ConfirmChange(f"amend entry #{seq}", rows, "amend it", lambda: desk.amend(seq, **changed))
        self._ask(dialog, f"amended #{seq}")

    def _ask(self, dialog: ConfirmChange, done: str) -> None:
        def answered(yes: bool | None) -> None:
            self.runner.release()
            if yes:
                self.query_one(MessageLine).say(done, "bold")
                self.runner.refresh()
                self.run_worker(self._read(), group="read", exclusive=True)
            else:
                self.query_one(MessageLine).say("nothing changed", "dim")

        self.runner.hold()
        self.app.push_screen(dialog, answered)

    def _changeable(self) -> Entry | None:
        entry = self.selected
        if entry is None:
            self.query_one(MessageLine).say("there is no entry", "dim")
        elif entry.kind in ("void", "adopt"):
            self.query_one(MessageLine).say(f"#{entry.seq} cannot be taken back", "dim")
        elif entry.seq in voided(self.entries):
            self.query_one(MessageLine).say(f"#{entry.seq} is void already", "dim")
        else:
            return entry
        return None

    def action_back(self) -> None:
        """Back to the monitor."""
        self.dismiss(None)


def _plain(value: Decimal | None) -> str:
    return fmt.UNKNOWN if value is None else plain(value)
