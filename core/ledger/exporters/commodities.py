"""Names of assets and currencies as plain-text accounting takes them: two that differ never get the same one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

# beancount 3, parser/lexer.l: a capital letter, then capitals, digits and ' . _ -, the last none of these
_VALID: Final = re.compile(r"[A-Z](?:[A-Z0-9'._-]*[A-Z0-9])?", re.ASCII)
_STRANGE: Final = re.compile(r"[^A-Z0-9'._-]", re.ASCII)
_OUTER: Final = "'._-"
_WORDS: Final = frozenset({"TRUE", "FALSE", "NULL"})  # which its lexer takes for values
_DIGEST: Final = 8
_LONGEST: Final = 40  # characters: ledger reads at most 255


class Commodities(Struct, frozen=True):
    """The names of currencies and of assets, by code and by symbol. One that can stay as it is stays."""

    currencies: dict[str, str]
    assets: dict[str, str]


def commodities(currencies: Iterable[str], symbols: Iterable[str]) -> Commodities:
    """A name for each, whatever the order in which they are given."""
    codes, assets = set(currencies), set(symbols)
    money = _named(codes, frozenset())
    return Commodities(money, _named(assets, frozenset(money.values())))


def _named(words: set[str], taken: frozenset[str]) -> dict[str, str]:
    """Where several words come near the same name, or near a taken one, each gets a digest of itself."""
    names = {word: word for word in words if _fits(word) and word not in taken}
    near = {word: _near(word) for word in words if word not in names}
    counts = Counter(near.values())
    kept = {*taken, *names}
    for word, name in near.items():
        alone = counts[name] == 1 and _fits(name) and name not in kept
        names[word] = name if alone else f"{name}-{_digest(word)}"
    return names


def _fits(word: str) -> bool:
    return len(word) <= _LONGEST and _VALID.fullmatch(word) is not None and word not in _WORDS


def _near(word: str) -> str:
    """What is left of `word` in the letters of a name: `EURUSD-X` of `EURUSD=X`, `X1234.T` of `1234.T`."""
    name = _STRANGE.sub("-", word.upper()).strip(_OUTER)
    return (name if name[:1].isalpha() else f"X{name}")[:_LONGEST].strip(_OUTER)


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "backslashreplace")).hexdigest()[:_DIGEST].upper()
