"""What can go wrong, asked for by a pattern on `host/path?query`, for so many times or until it is cleared.

http     status 429             that status, with Yahoo's words (200: a page of HTML)
         hang                   an open connection and nothing more
         delay 0.5              the right answer, so many seconds late
         reset                  a TCP reset
         malformed, empty       200 with the beginning of a JSON value, or with nothing
         truncated              half of the body that its length announces
         html                   200 with a page
         text "anything"        200 with it: a wrong crumb, for one
         consent                a redirect to the consent form
         nullclose 2            a chart whose last two bars are null; without a value all of them
         price 0                quotes and charts with that price: also negative, "NaN", 1e12
         noprice, notime, nocurrency            quotes and charts without it
         set {field: value}, drop [field]       quotes with fields (v7's names) changed or left out
connect  status, hang, delay, reset             the same from the proxy; the pattern is on the host
stream   status 503             a refused handshake
         close 1012             a closing handshake once it subscribes
         abort                  a connection cut once it subscribes (1006)
         silent                 no ticks
         garbage "text"         that, or bytes, instead of a tick
         price, noprice, notime, nocurrency     ticks of that kind
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

Layer = Literal["http", "connect", "stream"]
Kind = Literal[
    "status", "hang", "delay", "reset", "malformed", "truncated", "html", "empty", "text", "consent",
    "nullclose", "price", "noprice", "notime", "nocurrency", "set", "drop",
    "close", "abort", "silent", "garbage",
]  # fmt: skip

CONTENT: Final = frozenset({"nullclose", "price", "noprice", "notime", "nocurrency", "set", "drop"})
_WIRE: Final = frozenset({"status", "hang", "delay", "reset"})
_STREAM: Final = frozenset(
    {"status", "close", "abort", "silent", "garbage", "price", "noprice", "notime", "nocurrency"}
)
KINDS: Final[dict[str, frozenset[str]]] = {
    "http": frozenset(get_args(Kind)) - {"close", "abort", "silent", "garbage"},
    "connect": _WIRE,
    "stream": _STREAM,
}
_PRICES: Final = ("regularMarketPrice", "preMarketPrice", "postMarketPrice")


@dataclass
class Fault:
    """One thing that goes wrong. `hits` counts how often it did; `clear()` ends it."""

    pattern: str
    kind: Kind
    value: Any = None
    times: int | None = None
    layer: Layer = "http"
    symbols: frozenset[str] = frozenset()
    hits: int = 0
    over: bool = field(default=False, repr=False)

    def clear(self) -> None:
        self.over = True

    def applies(self, target: str) -> bool:
        left = self.times is None or self.hits < self.times
        return left and not self.over and re.search(self.pattern, target) is not None

    def changed(self, entry: dict[str, Any]) -> dict[str, Any]:
        """`entry`, a quote in v7's names, as this fault gives it."""
        if self.symbols and entry.get("symbol") not in self.symbols:
            return entry
        match self.kind:
            case "price":
                return entry | {"regularMarketPrice": self.value}
            case "noprice":
                return {name: value for name, value in entry.items() if name not in _PRICES}
            case "notime":
                return {name: value for name, value in entry.items() if name != "regularMarketTime"}
            case "nocurrency":
                return {name: value for name, value in entry.items() if name != "currency"}
            case "set":
                return entry | dict(self.value)
            case "drop":
                return {name: value for name, value in entry.items() if name not in self.value}
            case _:
                return entry


class Faults:
    """The faults asked for, in order; each request, tunnel, subscription or tick takes those that fit it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self,
        pattern: str,
        kind: Kind,
        value: Any = None,
        *,
        times: int | None = None,
        layer: Layer | None = None,
        symbols: Iterable[str] = (),
    ) -> Fault:
        """A new fault; the layer is `http` unless the kind is only the stream's."""
        layer = layer or ("http" if kind in KINDS["http"] else "stream")
        if kind not in KINDS[layer]:
            raise ValueError(f"no fault {kind!r} for {layer}: {', '.join(sorted(KINDS[layer]))}")
        re.compile(pattern)
        fault = Fault(pattern, kind, value, times, layer, frozenset(symbols))
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            for fault in self._faults:
                fault.clear()
            self._faults.clear()

    def take(self, layer: Layer, target: str, kinds: Collection[str] = ()) -> Fault | None:
        """The first fault that fits and is no matter of content, counted as a hit."""
        wanted = kinds or KINDS[layer] - CONTENT
        with self._lock:
            for fault in self._faults:
                if fault.layer == layer and fault.kind in wanted and fault.applies(target):
                    fault.hits += 1
                    return fault
        return None

    def content(self, layer: Layer, target: str) -> list[Fault]:
        """All faults of content that fit, each counted as a hit."""
        with self._lock:
            found = [f for f in self._faults if f.layer == layer and f.kind in CONTENT and f.applies(target)]
            for fault in found:
                fault.hits += 1
        return found


def changer(faults: Iterable[Fault]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """All of `faults` over one quote, in order."""
    chosen = list(faults)

    def change(entry: dict[str, Any]) -> dict[str, Any]:
        for fault in chosen:
            entry = fault.changed(entry)
        return entry

    return change
