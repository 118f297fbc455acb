"""The colours: what is over is orange, what is under is blue, and neither is good or bad."""

from __future__ import annotations

from typing import Final

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
