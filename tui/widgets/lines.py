"""Lines of styled text on Textual's Line API: only lines whose text changed are drawn again and sent.

Everything on the screen is made of it: status, holdings, micro-trades, detail, dialogs and key line. A line is a
tuple of spans; a span is text and the names of styles (`over bold`). No text is ever parsed as markup, and what
could steer a terminal is dropped here once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from core.text import clean
from tui.commands import bindings
from tui.styles.themes import look

_MARKER: Final = 2  # cells that a list keeps for its `>`
_LONGEST: Final = 1000


class Span(NamedTuple):
    """A piece of text and the names of its styles."""

    text: str
    style: str = "text"


Row: TypeAlias = tuple[Span, ...]


def left(text: str, width: int) -> str:
    """`text` in exactly `width` cells, cut with `…` if it is longer."""
    if text.isascii():
        return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"
    size = cell_len(text)
    return text + " " * (width - size) if size <= width else set_cell_size(text, width - 1) + "…"


def right(text: str, width: int) -> str:
    """`text` against the right edge of `width` cells."""
    return text.rjust(width) if text.isascii() and len(text) <= width else _pushed(text, width)


def wrapped(text: str, width: int) -> list[str]:
    """`text` broken between words into lines of at most `width` characters; one piece at least."""
    pieces: list[str] = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            pieces.append(line)
            line = ""
        line = f"{line} {word}" if line else left(word, min(len(word), width))
    return [*pieces, line]


def _pushed(text: str, width: int) -> str:
    size = cell_len(text)
    return " " * (width - size) + text if size <= width else left(text, width)


class Lines(ScrollView, inherit_bindings=False, can_focus=False):
    """Shows lines, with an optional header above and pinned lines below them that do not scroll."""

    BINDINGS = bindings("list")
    ITEM_HEIGHT: ClassVar[int] = 1
    HAS_CURSOR: ClassVar[bool] = False

    class Moved(Message):
        """The cursor is on another item."""

        def __init__(self, lines: Lines, item: int) -> None:
            super().__init__()
            self.lines = lines
            self.item = item

        @property
        def control(self) -> Lines:
            """The list whose cursor moved."""
            return self.lines

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Row, ...] = ()
        self._header: tuple[Row, ...] = ()
        self._pinned: tuple[Row, ...] = ()
        self._strips: dict[tuple[Row, str, int], Strip] = {}
        self._styles: dict[tuple[str, str], Style] = {}
        self.cursor = 0 if self.HAS_CURSOR else -1

    @property
    def rows(self) -> tuple[Row, ...]:
        """The lines that scroll."""
        return self._rows

    @property
    def items(self) -> int:
        """How many items there are for the cursor."""
        return len(self._rows) // self.ITEM_HEIGHT

    @property
    def room(self) -> int:
        """The cells that a row may fill: the width, less the cursor's marker."""
        width = self.scrollable_content_region.width or self.app.size.width
        return width - (_MARKER if self.HAS_CURSOR else 0)

    def plain(self) -> str:
        """The text as it stands, header and pinned lines included."""
        return "\n".join(
            "".join(s.text for s in row).rstrip() for row in (*self._header, *self._rows, *self._pinned)
        )

    def set_lines(self, rows: Sequence[Row], *, header: Sequence[Row] = (), pinned: Sequence[Row] = ()) -> None:
        """Shows `rows`; only the lines that differ from what stands there are drawn again."""
        old = (self._header, self._rows, self._pinned)
        new = (tuple(header), tuple(rows), tuple(pinned))
        self._header, self._rows, self._pinned = new
        if len(self._strips) > 4 * (len(new[1]) + 100):
            self._strips.clear()
        if [len(part) for part in old] != [len(part) for part in new]:
            self.virtual_size = Size(0, sum(len(part) for part in new))
            self.refresh()
            return
        line = 0
        for before, after in zip(old, new, strict=True):
            for was, now in zip(before, after, strict=True):
                if was is not now and was != now:
                    self._refresh_line(line, _changed_until(was, now))
                line += 1

    def point_at(self, item: int) -> None:
        """Puts the cursor on `item` without telling anybody; -1 is nowhere."""
        item = min(item, self.items - 1)
        if item != self.cursor:
            before, self.cursor = self.cursor, item
            self._refresh_item(before)
            self._refresh_item(item)
        self._reveal()

    def action_move(self, by: int) -> None:
        """One item up or down; without a cursor one line."""
        if not self.HAS_CURSOR:
            self.scroll_to(y=self.scroll_offset.y + by, animate=False)
        else:
            self._go(self.cursor + by)

    def action_page(self, direction: int) -> None:
        """One page up or down."""
        page = max(self._visible_rows // self.ITEM_HEIGHT, 1)
        if not self.HAS_CURSOR:
            self.scroll_to(y=self.scroll_offset.y + direction * page, animate=False)
        else:
            self._go(self.cursor + direction * page)

    def action_edge(self, direction: int) -> None:
        """To the first or the last item."""
        if not self.HAS_CURSOR:
            self.scroll_to(y=0 if direction < 0 else self.max_scroll_y, animate=False)
        else:
            self._go(0 if direction < 0 else self.items - 1)

    def on_focus(self) -> None:
        """The cursor of the list that hears the keys looks different."""
        self._refresh_item(self.cursor)

    def on_blur(self) -> None:
        """See `on_focus`."""
        self._refresh_item(self.cursor)

    def notify_style_update(self) -> None:
        """Another theme: what was drawn with the old one is forgotten."""
        self._strips.clear()
        self._styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """The line at `y`, from the cache if its text has been drawn before."""
        line = self._line_at(y)
        if line is None:
            return Strip.blank(self.size.width, self._style("text", ""))
        row, mark = line
        key = (row, mark, self.size.width)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._draw(row, mark, self.size.width)
        return strip

    @property
    def _visible_rows(self) -> int:
        return min(len(self._rows), max(self.size.height - len(self._header) - len(self._pinned), 0))

    def _line_at(self, y: int) -> tuple[Row, str] | None:
        if y < len(self._header):
            return self._header[y], "fixed"
        y -= len(self._header)
        if y < self._visible_rows:
            index = y + self.scroll_offset.y
            if index >= len(self._rows):
                return None
            item, part = divmod(index, self.ITEM_HEIGHT)
            if not self.HAS_CURSOR:
                return self._rows[index], "fixed"
            if item != self.cursor or item >= self.items:
                return self._rows[index], ""
            mark = "cursor" if self.has_focus else "resting"
            return self._rows[index], mark if part == 0 else f"{mark}-rest"
        y -= self._visible_rows
        return (self._pinned[y], "fixed") if y < len(self._pinned) else None

    def _draw(self, row: Row, mark: str, width: int) -> Strip:
        under = mark.partition("-")[0] if mark not in ("", "fixed", "resting", "resting-rest") else ""
        spans: list[Span] = []
        if mark != "fixed":
            marker = {"cursor": "> ", "resting": "> "}.get(mark, "  ")
            spans.append(Span(marker, "key" if mark == "cursor" else "dim"))
        spans.extend(row)
        segments: list[Segment] = []
        for text, name in spans:
            shown = text if text.isprintable() else clean(text, _LONGEST)
            style = self._style(name, under)
            if segments and (segments[-1].style == style or _blends(shown, segments[-1].style, style)):
                segments[-1] = Segment(segments[-1].text + shown, segments[-1].style)
            else:
                segments.append(Segment(shown, style))
        return Strip(segments).adjust_cell_length(width, self._style("text", under))

    def _style(self, name: str, under: str) -> Style:
        key = (name, under)
        if key not in self._styles:
            style = self.rich_style
            for part in (*name.split(), *([under] if under else [])):
                style += look(part, self.app.theme_variables, ansi=self.app.native_ansi_color)
            self._styles[key] = style
        return self._styles[key]

    def _refresh_line(self, line: int, until: int) -> None:
        """Marks `line`, counted over header, rows and pinned lines, to be drawn again up to cell `until`."""
        first, rows = len(self._header), len(self._rows)
        if first <= line < first + rows:
            y = line - self.scroll_offset.y
            if not first <= y < first + self._visible_rows:
                return
            until += _MARKER if self.HAS_CURSOR else 0
        elif line >= first + rows:
            y = line - rows + self._visible_rows
        else:
            y = line
        self.refresh(Region(0, y, min(until, self.size.width) or self.size.width, 1))

    def _refresh_item(self, item: int) -> None:
        if 0 <= item < self.items:
            for line in range(item * self.ITEM_HEIGHT, (item + 1) * self.ITEM_HEIGHT):
                self._refresh_line(line + len(self._header), self.size.width)

    def _go(self, item: int) -> None:
        item = max(0, min(item, self.items - 1))
        if self.items and item != self.cursor:
            self.point_at(item)
            self.post_message(self.Moved(self, item))

    def _reveal(self) -> None:
        top, bottom = self.cursor * self.ITEM_HEIGHT, (self.cursor + 1) * self.ITEM_HEIGHT
        shown, start = self._visible_rows, self.scroll_offset.y
        if self.cursor < 0 or not shown:
            return
        if top < start:
            self.scroll_to(y=top, animate=False, force=True)
        elif bottom > start + shown:
            self.scroll_to(y=bottom - shown, animate=False, force=True)


def _blends(text: str, before: Style | None, style: Style) -> bool:
    """Whether blank `text` looks the same in the style `before` it, which saves a change of style."""
    if before is None or text.strip() or before.bgcolor != style.bgcolor:
        return False
    return not any(s.reverse or s.underline or s.strike for s in (before, style))


def _changed_until(was: Row, now: Row) -> int:
    """The cell after the last one in which two lines differ."""
    widths = [sum(cell_len(span.text) for span in row) for row in (was, now)]
    if widths[0] != widths[1]:  # the same text at the end stands elsewhere
        return max(widths)
    same = 0
    for before, after in zip(reversed(was), reversed(now), strict=False):
        if before != after:
            break
        same += cell_len(after.text)
    return widths[0] - same
