"""The colours: what is over is orange, what is under is blue, and neither is good or bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

DARK: Final = Theme(
    name="strikezone",
    primary="#5fafff",
    secondary="#87afd7",
    accent="#ffaf5f",
    warning="#ffaf5f",
    error="#ff875f",
    success="#5fafff",
    foreground="#d7dce2",
    background="#12161c",
    surface="#171c24",
    panel="#1f2630",
    dark=True,
)
LIGHT: Final = Theme(
    name="strikezone-light",
    primary="#005faf",
    secondary="#3a5f87",
    accent="#af5f00",
    warning="#af5f00",
    error="#af3f00",
    success="#005faf",
    foreground="#1c2127",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#e7e4dc",
    dark=False,
)

_ON_DARK: Final = {
    "over": "#ffaf5f", "under": "#5fafff", "near": "#d7c787", "inside": "#87a0af", "stale": "#7f8894",
    "quiet": "#8d98a6", "faint": "#4e5866", "key": "#87d7d7", "cursor": "#263241",
}  # fmt: skip
_ON_LIGHT: Final = {
    "over": "#af5f00", "under": "#005fd7", "near": "#7a6a1a", "inside": "#4f6a7a", "stale": "#80868e",
    "quiet": "#5c6670", "faint": "#b3b6ba", "key": "#00707a", "cursor": "#dbe6f2",
}  # fmt: skip
_ANSI_DARK: Final = {
    "over": "ansi_yellow", "under": "ansi_bright_blue", "near": "ansi_bright_white", "inside": "ansi_default",
    "stale": "ansi_bright_black", "quiet": "ansi_white", "faint": "ansi_bright_black", "key": "ansi_cyan",
    "cursor": "ansi_default",
}  # fmt: skip
_ANSI_LIGHT: Final = {
    "over": "ansi_magenta", "under": "ansi_blue", "near": "ansi_black", "inside": "ansi_default",
    "stale": "ansi_bright_black", "quiet": "ansi_bright_black", "faint": "ansi_bright_black", "key": "ansi_blue",
    "cursor": "ansi_default",
}  # fmt: skip


def variables(theme: Theme) -> dict[str, str]:
    """The variables of the screen's own meanings that go with `theme`, unless it sets them itself."""
    if theme.ansi:
        return dict(_ANSI_DARK if theme.dark else _ANSI_LIGHT)
    return dict(_ON_DARK if theme.dark else _ON_LIGHT)


# what a span's style name means: a theme variable for its colour, and its attributes. These are not CSS component
# classes, because Textual computes those for each widget anew: with ten widgets that is half of the start-up.
_LOOKS: Final = {
    "text": ("", ""),
    "bold": ("", "bold"),
    "dim": ("quiet", ""),
    "faint": ("faint", ""),
    "title": ("quiet", "bold"),
    "over": ("over", ""),
    "under": ("under", ""),
    "near": ("near", ""),
    "inside": ("inside", ""),
    "stale": ("stale", "italic"),
    "warn": ("near", ""),
    "trouble": ("over", "bold"),
    "gone": ("stale", "strike"),
    "key": ("key", "bold"),
    "choice": ("", "reverse bold"),
    "cursor": ("on cursor", "bold"),
}
# with the terminal's own colours the cursor's row is reversed, and what recedes is dim
_ANSI_LOOKS: Final = {
    **_LOOKS,
    "faint": ("faint", "dim"),
    "stale": ("stale", "dim"),
    "cursor": ("cursor", "reverse bold"),
}


def look(name: str, variables: Mapping[str, str], *, ansi: bool) -> Style:
    """The style that `name` means with a theme's `variables`: only what it changes of the widget's own."""
    colour, attributes = (_ANSI_LOOKS if ansi else _LOOKS)[name]
    style = Style.parse(attributes) if attributes else Style()
    if not colour:
        return style
    ground, _, variable = colour.rpartition(" ")
    parsed = Color.parse(variables[variable]).rich_color
    return style + (Style(bgcolor=parsed) if ground else Style(color=parsed))
