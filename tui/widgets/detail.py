"""The selected asset up close: what is held, how far each edge is, and its lots."""

from __future__ import annotations

from decimal import Decimal

from core.book.book import HeldLot
from core.desk.snapshot import Snapshot
from core.money import ONE
from core.policy.valuation import Line
from core.rules.bands import price_move
from tui import format as fmt
from tui.widgets.lines import Lines, Row, Span, left, right
from tui.widgets.trades import heading


def detail_rows(line: Line, snapshot: Snapshot, room: int) -> list[Row]:
    """The lines about one asset: its quote, the two edges, its lots."""
    currency = line.asset.currency
    value = fmt.money(line.value)
    rows: list[Row] = [
        *edge_rows(line, snapshot.valuation.value),
        (
            Span(f" {fmt.quantity(line.quantity)} @ {fmt.exact_price(line.price)} {currency}", "text"),
            Span(f" = {value}{_rate(line, snapshot)}" if line.quantity else "  nothing held", "text"),
        ),
        _quote(line, room),
    ]
    lots = line.position.lots if line.position else ()
    if lots:
        rows += [lot_row(lot, line.price) for lot in lots]
    elif line.quantity:
        rows.append((Span(" no lots: basis unknown", "dim"),))
    return rows


def _rate(line: Line, snapshot: Snapshot) -> str:
    """In which currency a foreign holding is valued, and by which rate."""
    if line.rate in (None, ONE):
        return ""
    return f" {snapshot.portfolio.base_currency} at {fmt.exact_price(line.rate)}"


def _quote(line: Line, room: int) -> Row:
    if line.quote is None:
        return (Span(" no quote yet", "stale"),)
    text = f" {line.quote.source}, {fmt.moment(line.quote.time)}"
    if line.trust.note:
        text += f", {line.trust.note}"
    if line.trust.trusted:
        return (Span(left(text, room).rstrip(), "dim"),)
    return Span(text, "dim"), Span(left(f"  {line.trust.reason}", max(room - len(text), 8)).rstrip(), "stale")


def edge_rows(line: Line, total: Decimal | None) -> list[Row]:
    """How far each edge is, in points, in money and as a move of the price alone."""
    if line.lower is None or line.upper is None or line.weight is None:
        return []
    rows: list[Row] = []
    for name, edge, beyond in (
        ("upper", line.upper, line.weight > line.upper),
        ("lower", line.lower, line.weight < line.lower),
    ):
        distance = edge - line.weight
        amount = None if total is None else abs(total * Decimal(repr(distance)))
        move = price_move(line.weight, edge)
        breached = beyond and line.breached
        if move == float("inf"):
            verb = "out of reach"
        else:
            verb = f"{fmt.move(move)} {'back in' if breached else 'breaches'}"
        style = ("over" if name == "upper" else "under") if breached else "text"
        rows.append(
            (
                Span(f" {name} {right(fmt.hundredths(edge), 6)}", "dim"),
                Span(f"{right(fmt.points(distance), 8)} pt {right(fmt.money(amount), 11)}", style),
                Span(f"  {verb}", "dim"),
            )
        )
    return rows


def lot_row(lot: HeldLot, price: Decimal | None) -> Row:
    """One lot: day, quantity, basis and what it has gained."""
    day = lot.acquired.isoformat() if lot.acquired else "at the start"
    if lot.price is None:
        return Span(f" {day:<11}", "dim"), Span(f"{right(fmt.quantity(lot.quantity), 8)} basis unknown", "text")
    text = f"{right(fmt.quantity(lot.quantity), 8)} @ {left(fmt.price(lot.price), 9)}"
    gain = ""
    if price is not None:
        gain = right(fmt.money((price - lot.price) * lot.quantity, sign=True), 11)
        if lot.price:
            gain += f" {right(fmt.hundredths(float(price / lot.price - 1), 1, sign=True), 7)} %"
    return Span(f" {day:<11}", "dim"), Span(text + gain, "text")


class Detail(Lines):
    """The pane about the selected asset."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shown: tuple[Line | None, Snapshot] | None = None

    def on_resize(self) -> None:
        """The texts are cut to the width."""
        if self._shown is not None:
            self.show(*self._shown)

    def show(self, line: Line | None, snapshot: Snapshot) -> None:
        """Shows `line`, or how to get somewhere when there is none."""
        self._shown = (line, snapshot)
        room = self.room
        if line is None:
            self.set_lines([(Span(" nothing selected", "dim"),)], header=[heading("asset", room)])
            return
        name = f"· {line.asset.name}" if line.asset.name else ""
        note = left(name, min(len(name), max(room - len(line.symbol) - 8, 1)))
        self.set_lines(
            detail_rows(line, snapshot, room),
            header=[heading(left(line.symbol, min(len(line.symbol), 24)), room, note)],
        )
