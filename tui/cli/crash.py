"""Keeps the traceback of an internal error in a file, so that the user sees a line and a report can be made."""

from __future__ import annotations

import contextlib
import os
import tempfile
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core.errors import StrikezoneError
from core.places import data_directory

LOG_NAME = "errors.log"


def report_crash(error: BaseException) -> Path:
    """Appends the traceback to `errors.log` in the data directory, or in the temporary one; gives its path."""
    text = f"{datetime.now(UTC).isoformat()}\n{''.join(traceback.format_exception(error))}\n"
    for folder in _folders():
        path = folder / LOG_NAME
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
            with open(descriptor, "a", encoding="utf-8", errors="backslashreplace") as log:
                log.write(text)
        except OSError:
            continue
        return path
    return Path(os.devnull)


def _folders() -> Iterator[Path]:
    with contextlib.suppress(StrikezoneError):  # it cannot be told where that is
        yield data_directory()
    with contextlib.suppress(FileNotFoundError):  # there is none that can be written
        yield Path(tempfile.gettempdir())
