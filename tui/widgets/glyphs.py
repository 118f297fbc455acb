"""The glyphs of the screen, and the filter that writes each of them, and everything else, in ASCII."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from core.policy.valuation import State

OVER, UNDER, NEAR, INSIDE, STALE, NONE, BLOCK = "▲", "▼", "△", "●", "◌", "·", "■"

STATES: Final[dict[State | None, tuple[str, str, str]]] = {  # glyph, word, style
    "above": (OVER, "over", "over"),
    "below": (UNDER, "under", "under"),
    "near_upper": (NEAR, "near", "near"),
    "near_lower": (NEAR, "near", "near"),
    "inside": (INSIDE, "in", "inside"),
    "untargeted": (NONE, "untargeted", "dim"),
    "outside": (NONE, "outside", "dim"),
    "unpriced": (STALE, "no price", "stale"),
    None: (NONE, "unknown", "dim"),  # another holding has no price, so no weight is known
}

_ASCII: Final = {
    "▲": "^", "▼": "v", "△": "~", "●": "o", "◌": "?", "·": ".", "■": "x", "◇": "~", "…": "~", "─": "-", "┼": "+",
    "│": "|", "◀": "<", "▶": ">", "→": ">", "▌": "|", "▐": "|", "█": "#", "▁": "_", "▔": "-", "×": "x", "−": "-",
    "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "╸": "-", "━": "-", "❯": ">", "€": "E", "£": "L",
    "┌": "+", "┐": "+", "└": "+", "┘": "+", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "├": "+", "┤": "+", "²": "2",
    "•": "*", "↑": "^", "↓": "v", "⏎": "<", "┃": "|", "▎": "|", "▊": "|", "▄": " ", "▀": " ",
}  # fmt: skip


def to_ascii(text: str) -> str:
    """`text` in as many cells of plain ASCII: `▲` as `^`, `é` as `e`, what has no likeness as `?`."""
    return text if text.isascii() else "".join(_letter(c) for c in text)


def _letter(character: str) -> str:
    if character.isascii():
        return character
    if character in _ASCII:
        return _ASCII[character]
    base = unicodedata.normalize("NFKD", character)[0]
    return base if base.isascii() and cell_len(character) == 1 else "?" * cell_len(character)


class AsciiFilter(LineFilter):
    """The last thing before the terminal: no character beyond ASCII passes, whichever widget drew it."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments with their text in ASCII."""
        return [Segment(to_ascii(text), style, control) for text, style, control in segments]
