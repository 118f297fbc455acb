"""Times things side by side, in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence


def as_installed(**variables: str) -> dict[str, str]:
    """The environment with `variables`, in which Python keeps its compiled modules, as on a user's machine."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | variables


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def best(function: Callable[[], object], repeats: int) -> float:
    """The median of `repeats` calls, in seconds, after one that does not count."""
    function()
    return statistics.median(seconds(function) for _ in range(repeats))


def process(command: Sequence[str], env: Mapping[str, str] | None = None) -> Callable[[], object]:
    """A function that runs `command` to its end, its output read and thrown away."""
    return lambda: subprocess.run(command, capture_output=True, check=False, env=env)


def in_turn(one: Callable[[], object], other: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Median seconds of both, and the median of their ratios pair by pair."""
    one(), other()
    pairs = [(seconds(one), seconds(other)) for _ in range(repeats)]
    return (
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[0] / pair[1] for pair in pairs),
    )
