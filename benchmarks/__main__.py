"""Runs the benchmarks and says which figure is beyond its limit."""

from __future__ import annotations

import importlib
import sys

NAMES = ("command", "planning", "recording", "opening", "gains", "paint", "change", "feed")


def main(names: list[str]) -> int:
    """0 if all figures are within their limits, else 1."""
    beyond = [name for name in names or NAMES if not importlib.import_module(f"benchmarks.{name}").run()]
    print(f"beyond the limit: {', '.join(beyond)}" if beyond else "all within their limits")
    return 1 if beyond else 0


sys.exit(main(sys.argv[1:]))
