"""Ends the app on SIGHUP and SIGTERM, cleanly if its loop still runs, and all the same if it does not.

A terminal that no longer reads fills Textual's writer queue, and the loop waits for room in it for good: a handler
of the loop would never be called. Python's own handlers are, between two tries of the lock that it waits for.
Nothing is lost by a hard end: what was confirmed is on the disk.
"""

from __future__ import annotations

import os
import signal
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

GRACE_SECONDS: Final = 4.0  # for a clean end, its ledgers folded, before the process is ended as it is
ENDING: Final = (signal.SIGHUP, signal.SIGTERM)


class EndSignals:
    """Calls `leave` in `loop` with the exit code 128 + the signal's number; `stop` puts the old handlers back."""

    def __init__(self, loop: AbstractEventLoop, leave: Callable[[int], None]) -> None:
        self._loop = loop
        self._leave = leave
        self._last_resorts: list[threading.Timer] = []
        self._before: dict[int, Any] = {number: signal.signal(number, self._end) for number in ENDING}

    def stop(self) -> None:
        """Stop listening: the app has ended by itself."""
        for timer in self._last_resorts:
            timer.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        code = 128 + number
        last_resort = threading.Timer(GRACE_SECONDS, os._exit, (code,))
        last_resort.daemon = True
        last_resort.start()
        self._last_resorts.append(last_resort)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave, code)
