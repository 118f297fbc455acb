"""The holdings table: one line per asset, as many columns as fit, the cash and the total pinned below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from core.desk.snapshot import Snapshot
from core.policy.valuation import CashLine, Line
from tui import format as fmt
from tui.widgets.gauge import WIDTH, gauge
from tui.widgets.glyphs import OVER, STALE, STATES, UNDER
from tui.widgets.lines import Lines, Row, Span, left, right


class Column(NamedTuple):
    """One column: how wide, how important (1 stays longest), and whether its header stands on the right."""

    title: str
    width: int
    rank: int
    number: bool = True


# in the order in which they stand; the ranks say which of them fit first
COLUMNS: Final = (
    Column("SYMBOL", 9, 1, False),
    Column("NAME", 16, 8, False),
    Column("QUANTITY", 11, 9),
    Column("PRICE", 10, 2),
    Column("CUR", 3, 3, False),
    Column("DAY %", 7, 6),
    Column("VALUE", 13, 7),
    Column("WEIGHT", 7, 1),
    Column("TARGET", 7, 1),
    Column("DRIFT", 7, 1),
    Column("LOWER", 7, 10),
    Column("UPPER", 7, 10),
    Column("ZONE", WIDTH, 1, False),
    Column("STATE", 14, 1, False),
)
_GAP: Final = " "
_WIDE_GAP: Final = "  "  # before what stands on the left: the gauge and the state


def chosen(room: int, *, foreign: bool = False) -> tuple[Column, ...]:
    """The columns that fit into `room` cells; columns are left out whole, never made narrower.

    Currencies have a column only where there are `foreign` ones.
    """
    kept: set[str] = set()
    used = 0
    columns = [column for column in COLUMNS if foreign or column.title != "CUR"]
    for rank in sorted({column.rank for column in columns}):
        group = [column for column in columns if column.rank == rank]
        width = sum(len(_gap(column)) + column.width for column in group)
        if used + width - 1 > room and kept:
            break
        kept.update(column.title for column in group)
        used += width
    return tuple(column for column in COLUMNS if column.title in kept)


def _gap(column: Column) -> str:
    return _WIDE_GAP if column.title in ("ZONE", "STATE") else _GAP


def state(line: Line) -> tuple[str, str]:
    """The state of a holding as glyph and word, and the style that goes with it: `▲ over +6.5`."""
    glyph, word, style = STATES[line.state]
    doubt = fmt.doubt(line.trust) if line.state != "outside" or line.quantity else ""
    if doubt and not (line.state == "untargeted" and not line.quantity):
        return f"{STALE} {doubt}", "stale"
    if line.breached or line.state in ("near_lower", "near_upper"):
        return f"{glyph} {word} {fmt.points(line.drift, 1)}", style
    return f"{glyph} {word}", style


class Holdings(Lines, can_focus=True):
    """The table of holdings. Shows what `show` was given last, in the columns for its width."""

    HAS_CURSOR = True

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._snapshot: Snapshot | None = None
        self._lines: tuple[Line, ...] = ()
        self._filter = ""
        self._drawn: dict[str, tuple[tuple[object, ...], Row]] = {}
        self._columns: tuple[Column, ...] = ()

    @property
    def items(self) -> int:
        """How many holdings are shown; the line that says why there are none does not count."""
        return len(self._lines)

    @property
    def selected(self) -> Line | None:
        """The holding under the cursor."""
        return self._lines[self.cursor] if 0 <= self.cursor < len(self._lines) else None

    @property
    def filter_text(self) -> str:
        """What the holdings are filtered by; empty for all."""
        return self._filter

    def show(self, snapshot: Snapshot, filter_text: str | None = None) -> None:
        """Shows the holdings of `snapshot` that match the filter; the cursor stays on its symbol."""
        was = self.selected
        self._snapshot = snapshot
        if filter_text is not None:
            self._filter = filter_text
        wanted = self._filter.casefold()
        self._lines = tuple(
            line
            for line in snapshot.lines
            if wanted in line.symbol.casefold() or wanted in line.asset.name.casefold()
        )
        self._build()
        if was is not None:
            again = next((i for i, line in enumerate(self._lines) if line.symbol == was.symbol), None)
            self.point_at(min(self.cursor, len(self._lines) - 1) if again is None else again)
        elif self._lines and self.cursor < 0:
            self.point_at(0)

    def select(self, symbol: str) -> None:
        """Puts the cursor on `symbol`, if it is shown."""
        for index, line in enumerate(self._lines):
            if line.symbol == symbol:
                self.point_at(index)

    def on_resize(self) -> None:
        """Other columns may fit."""
        if self._snapshot is not None:
            self._build()

    def _build(self) -> None:
        assert self._snapshot is not None
        base = self._snapshot.portfolio.base_currency
        columns = chosen(self.room, foreign=any(line.asset.currency != base for line in self._snapshot.lines))
        if columns != self._columns:
            self._columns = columns
            self._drawn.clear()
        rows = [self._row(line) for line in self._lines]
        if not rows:
            text = (
                f"nothing matches {self._filter!r}: Esc clears" if self._filter else "no assets in this portfolio"
            )
            rows = [(Span(f"  {text}", "dim"),)]
        self.set_lines(
            rows, header=[self._head()], pinned=[self._cash(self._snapshot), self._total(self._snapshot)]
        )

    def _head(self) -> Row:
        titles = (_cell(column, column.title) for column in self._columns)
        return (Span("  " + "".join(_gap(c) + t for c, t in zip(self._columns, titles, strict=True))[1:], "title"),)

    def _row(self, line: Line) -> Row:
        told, style = state(line)
        # the same text is the same row object: what has not changed is neither built nor compared again
        key = (line.quantity, line.price, line.day_change, line.value, line.weight, line.target, line.lower,
               line.upper, line.state, told)  # fmt: skip
        drawn = self._drawn.get(line.symbol)
        if drawn is not None and drawn[0] == key:
            return drawn[1]
        row = self._compose_row(lambda title: _text(line, title), line, told, style)
        self._drawn[line.symbol] = (key, row)
        return row

    def _compose_row(self, text: Callable[[str], str], line: Line | CashLine, told: str, style: str) -> Row:
        spans: list[Span] = []
        quiet = "dim" if style in ("stale", "dim") else "text"
        loud = style if style not in ("inside", "dim", "stale") else quiet
        for index, column in enumerate(self._columns):
            gap = _gap(column) if index else ""
            if column.title == "ZONE":
                outside = line.state in ("above", "below")
                spans.append(Span(gap))
                spans.extend(gauge(line.weight, line.target, line.lower, line.upper, outside, style))
            elif column.title == "STATE":
                spans.append(Span(gap + told, style))
            else:
                part = loud if column.title == "DRIFT" else quiet
                spans.append(Span(gap + _cell(column, text(column.title)), part))
        return _merged(spans)

    def _cash(self, snapshot: Snapshot) -> Row:
        cash = snapshot.cash
        banded = cash.lower is not None
        glyph, word, style = STATES[cash.state]
        told = f"{glyph} {word}" + (f" {fmt.points(cash.drift, 1)}" if cash.state not in ("inside", None) else "")
        symbol = "cash" if len(cash.balances) != 1 else f"cash {next(iter(cash.balances))}"
        texts = {"SYMBOL": symbol, "VALUE": fmt.money(cash.value), **_weights(cash)}
        row = self._compose_row(lambda title: texts.get(title, ""), cash, told if banded else "", style)
        return (Span("  "), *row)

    def _total(self, snapshot: Snapshot) -> Row:
        valuation = snapshot.valuation
        texts = {"SYMBOL": "total", "VALUE": fmt.money(valuation.value), "DRIFT": ""}
        if valuation.value is not None:
            texts["WEIGHT"] = fmt.hundredths(1.0)
        if "VALUE" not in {c.title for c in self._columns}:
            texts["SYMBOL"], texts["PRICE"] = "total", _fits(fmt.money(valuation.value), 10)
        spans = (_gap(c) + _cell(c, texts.get(c.title, "")) for c in self._columns)
        over = sum(line.state == "above" for line in snapshot.lines)
        under = sum(line.state == "below" for line in snapshot.lines)
        told = "  ".join(t for t in (f"{OVER} {over}" if over else "", f"{UNDER} {under}" if under else "") if t)
        text = "".join(spans)[1:].rstrip()
        width = sum(len(_gap(c)) + c.width for c in self._columns[:-1]) - 1
        return (Span("  " + text.ljust(width) + _WIDE_GAP, "bold"), Span(told, "dim"))


def _text(line: Line, title: str) -> str:
    match title:
        case "SYMBOL":
            return line.symbol
        case "NAME":
            return line.asset.name
        case "QUANTITY":
            return fmt.quantity(line.quantity)
        case "PRICE":
            return fmt.price(line.price)
        case "CUR":
            return line.asset.currency
        case "DAY %":
            return fmt.hundredths(line.day_change, sign=True)
        case "VALUE":
            return fmt.money(line.value)
        case _:
            return _weights(line).get(title, "")


def _weights(line: Line | CashLine) -> dict[str, str]:
    return {
        "WEIGHT": fmt.hundredths(line.weight),
        "TARGET": fmt.hundredths(line.target),
        "DRIFT": fmt.points(line.drift),
        "LOWER": fmt.hundredths(line.lower),
        "UPPER": fmt.hundredths(line.upper),
    }


def _cell(column: Column, text: str) -> str:
    if not column.number:
        return left(text, column.width)
    return right(_fits(text, column.width), column.width)


def _fits(text: str, width: int) -> str:
    """A number that is too wide for its column, without its decimals."""
    return text.partition(".")[0] if len(text) > width and "." in text else text


def _merged(spans: list[Span]) -> Row:
    """The row with neighbours of one style joined: fewer changes of style, fewer bytes on the wire."""
    merged: list[Span] = []
    for span in spans:
        if merged and (merged[-1].style == span.style or not span.text.strip()):
            merged[-1] = Span(merged[-1].text + span.text, merged[-1].style)
        else:
            merged.append(span)
    return tuple(merged)
