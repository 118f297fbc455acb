"""No text from outside may steer a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("Vanguard Total", "Vanguard Total"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]52;c;aGk=\x07", "]52;c;aGk="),
        ("\x9b31mred", "31mred"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("two\nlines\tand\rmore", "two lines and more"),
        ("a\u2028b", "ab"),
        ("Zürich Börse", "Zürich Börse"),
        ("日本株", "日本株"),
        ("[/]", "[/]"),
        ("\ud800x", "x"),
    ],
)
def test_what_steers_is_dropped_and_what_is_text_stays(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


def test_long_text_is_cut() -> None:
    assert clean("x" * 100, 10) == "x" * 9 + "…"
    assert clean("x" * 10, 10) == "x" * 10


@given(st.text(max_size=200), st.integers(1, 90))
def test_cleaned_text_is_short_one_line_harmless_and_stays_as_it_is(text: str, longest: int) -> None:
    cleaned = clean(text, longest)
    assert len(cleaned) <= longest
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in cleaned)
    assert clean(cleaned, longest) == cleaned
