"""The lines around the table: status and warnings above it, what just happened and the keys below."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from rich.cells import cell_len

from core.desk.snapshot import FeedStatus, Snapshot
from core.errors import Problem
from tui import format as fmt
from tui.commands import rank
from tui.widgets.glyphs import BLOCK, INSIDE, NEAR, STALE
from tui.widgets.lines import Lines, Row, Span, left

_FEEDS: Final[dict[str, tuple[str, str, str]]] = {  # glyph, word, style
    "live": (INSIDE, "live", "inside"),
    "asking": (STALE, "asking", "dim"),
    "closed": ("·", "closed", "dim"),
    "paused": (BLOCK, "paused", "near"),
    "ended": (BLOCK, "ended", "near"),
    "down": (STALE, "down", "trouble"),
    "still": ("·", "still", "dim"),
}
_MOST_WARNINGS: Final = 3  # on a low screen one
_LOW: Final = 30


def status_row(snapshot: Snapshot, room: int, place: str = "") -> Row:
    """Name, value, day, drift on the left; feed and clock on the right; what does not fit is left out."""
    portfolio, valuation = snapshot.portfolio, snapshot.valuation
    name = portfolio.name or portfolio.id
    value = f"{fmt.money(valuation.value)} {portfolio.base_currency}"
    day = _day(snapshot)
    drift = f"drift {fmt.hundredths(valuation.drift)}"
    glyph, word, style = _FEEDS[snapshot.feed.state]
    feed = f"{glyph} {_feed(snapshot, word, room)}"
    wide = f"{snapshot.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    short = f"{snapshot.as_of.astimezone(UTC):%d %b %H:%M}Z"
    must = sum(len(t) + 2 for t in (value, drift, feed)) + 1
    clock = wide if room >= 110 else short
    with_day = day if must + len(clock) + len(day) + 14 <= room else ""
    title_room = room - must - len(clock) - len(with_day) - len(place) - 3
    title = left(name, min(cell_len(name), max(title_room, 4)))
    parts = [Span(f" {title}", "bold"), Span(place, "dim"), Span("  "), Span(value, "bold"), Span("  ")]
    if with_day:
        parts += [Span(with_day, "text"), Span("  ")]
    breached = snapshot.triggered
    parts.append(Span(drift, "bold" if breached else "text"))
    used = sum(cell_len(s.text) for s in parts)
    tail = f"{feed}  {clock}"
    parts.append(Span(" " * max(room - used - cell_len(tail) - 1, 1)))
    parts += [Span(feed, style), Span(f"  {clock}", "dim")]
    return tuple(parts)


def _day(snapshot: Snapshot) -> str:
    change, value = snapshot.valuation.day_change, snapshot.valuation.value
    if change is None or value is None:
        return ""
    before = value - change
    share = fmt.percent(float(change / before), sign=True) if before else ""
    return f"day {fmt.money(change, sign=True)} {share}".rstrip()


def _feed(snapshot: Snapshot, word: str, room: int) -> str:
    feed = snapshot.feed
    if feed.source == "replay" and room < 100:
        return f"{word} {feed.row}/{feed.rows}"
    if feed.source == "replay":
        return f"replay {word} {_speed(feed)}{feed.row}/{feed.rows}"
    if feed.answered is None:
        return f"{feed.source} {word}"
    return f"{feed.source} {word} {fmt.age((snapshot.as_of - feed.answered).total_seconds())}"


def _speed(feed: FeedStatus) -> str:
    return f"x{feed.speed:g} " if feed.state == "live" else ""


def notice_rows(snapshot: Snapshot, room: int, most: int = _MOST_WARNINGS) -> list[Row]:
    """One line for each conflict, for the feed's trouble and for the first warnings; the rest is counted."""
    rows: list[Row] = [_notice(BLOCK, "conflict", _problem(p), "trouble", room) for p in snapshot.conflicts]
    if snapshot.feed.detail:
        rows.append(_notice(STALE, "feed", snapshot.feed.detail, "trouble", room))
    if not snapshot.stands:
        text = "the prices are too doubtful to propose anything"
        rows.append(_notice(STALE, "prices", text, "trouble", room))
    for warning in snapshot.warnings[:most]:
        rows.append(_notice(NEAR, "", warning, "warn", room))
    if (more := len(snapshot.warnings) - most) > 0:
        rows.append((Span(f"   and {more} more: `strikezone check` lists them", "dim"),))
    return rows


def _problem(problem: Problem) -> str:
    return f"{problem}. {problem.fix}" if problem.fix else str(problem)


def _notice(glyph: str, word: str, text: str, style: str, room: int) -> Row:
    head = f" {glyph} {word}: " if word else f" {glyph} "
    return Span(head, style), Span(left(text, max(room - cell_len(head) - 1, 10)), "text")


class StatusLine(Lines):
    """The first line."""

    def show(self, snapshot: Snapshot, place: str = "") -> None:
        """Shows the status of `snapshot`; `place` says which of several portfolios it is."""
        self.set_lines([status_row(snapshot, self.room, place)])


class Notices(Lines):
    """Warnings, conflicts and the feed's trouble: they stay as long as they are true."""

    def show(self, snapshot: Snapshot) -> None:
        """Shows those of `snapshot`; takes no room without any."""
        rows = notice_rows(snapshot, self.room, _MOST_WARNINGS if self.app.size.height >= _LOW else 1)
        self.display = bool(rows)
        self.set_lines(rows)


class MessageLine(Lines):
    """What the last key did."""

    def say(self, text: str, style: str = "text") -> None:
        """Shows `text` until the next message."""
        self.set_lines([(Span(" " + left(text, max(self.room - 2, 10)).rstrip(), style),)])


class KeyLine(Lines):
    """The keys that work here: as many as fit, the important ones first, from the bindings in force."""

    def on_mount(self) -> None:
        """Follows the bindings, also when a keymap moves them."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.show())
        self.call_after_refresh(self.show)

    def on_resize(self) -> None:
        """More or fewer keys may fit."""
        self.show()

    def show(self) -> None:
        """Shows the keys of the screen as it stands."""
        if not self.is_attached or not self.screen.is_attached:
            return
        found: dict[str, tuple[int, str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            place = rank(binding.id)
            if place and active.enabled and binding.id and binding.id not in found:
                found[binding.id] = (place, self.app.get_key_display(binding), binding.description)
        spans: list[Span] = [Span(" ")]
        room = self.room - 1
        for _, key, title in sorted(found.values()):
            needed = cell_len(key) + cell_len(title) + 3
            if needed - 2 > room:
                break
            spans += [Span(key, "key"), Span(f" {title}  ", "dim")]
            room -= needed
        self.set_lines([tuple(spans)])
