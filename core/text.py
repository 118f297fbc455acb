"""Cleans text that came from outside, at the border: no control, escape or direction character gets in."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST: Final = 80
# Cc controls (ESC and C1 too), Cf formats (bidi overrides, zero widths), Cs surrogates, Co private, line separators
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str, longest: int = LONGEST) -> str:
    """`text` on one line with nothing that could steer a terminal, at most `longest` characters long."""
    if text.isascii() and text.isprintable() and len(text) <= longest:
        return text
    spaced = text.replace("\n", " ").replace("\t", " ").replace("\r", " ")
    kept = "".join(c for c in spaced if unicodedata.category(c) not in _DROPPED).strip()
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"
