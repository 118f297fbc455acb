"""When Yahoo may be asked again after it failed: a pure circuit breaker, kept by whoever does the asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from core.market.quotes import Moment

FailureKind: TypeAlias = Literal["rate_limited", "network", "answer"]

JITTER: Final = 0.2  # either way, so that many machines do not come back at the same moment
_FIRST_SECONDS: Final[dict[FailureKind, float]] = {"rate_limited": 60.0, "network": 5.0, "answer": 5.0}
_MOST_SECONDS: Final[dict[FailureKind, float]] = {"rate_limited": 900.0, "network": 60.0, "answer": 60.0}
_MOST_DOUBLINGS: Final = 10
_SAID: Final[dict[FailureKind, str]] = {
    "rate_limited": "Yahoo asked us to wait",
    "network": "Yahoo cannot be reached",
    "answer": "Yahoo's answers cannot be used",
}


class Breaker(Struct, frozen=True):
    """What failed, how many times in a row, and until when nothing is asked. Without a kind it is closed."""

    kind: FailureKind | None = None
    failures: int = 0
    until: Moment | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether no request may be made at `now`. A moment beyond the longest wait is a clock set back."""
        if self.kind is None or self.until is None:
            return False
        return now < self.until <= now + timedelta(seconds=_MOST_SECONDS[self.kind])

    @property
    def text(self) -> str:
        """What it says to a person, in one line; empty when it is closed."""
        if self.kind is None or self.until is None:
            return ""
        return f"{_SAID[self.kind]}: no request before {self.until.astimezone(UTC):%H:%M:%S} UTC"


CLOSED: Final = Breaker()


def after_failure(breaker: Breaker, kind: FailureKind, now: datetime, random: float) -> Breaker:
    """The breaker after a request failed at `now`; `random`, from 0 to 1, spreads the moment of the next one.

    A refusal (429) waits 60 s, 120 s, ... up to 15 min, anything else 5 s, 10 s, ... up to 1 min; counted apart.
    """
    refused = kind == "rate_limited"
    counted = breaker.failures if breaker.kind is not None and (breaker.kind == "rate_limited") == refused else 0
    seconds = _FIRST_SECONDS[kind] * 2 ** min(counted, _MOST_DOUBLINGS)
    seconds = min(seconds * (1 - JITTER + 2 * JITTER * random), _MOST_SECONDS[kind])
    return Breaker(kind, counted + 1, now + timedelta(seconds=seconds))
