"""Fixtures of the command line's tests."""

from tests.tui.cli.support import desk60 as cli

__all__ = ["cli"]
