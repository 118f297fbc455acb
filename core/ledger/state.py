"""What a portfolio remembers beside its ledger: first breaches, snoozes, dismissals, prices, whether it is paused.

To lose it is to lose nothing that was recorded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.errors import BadInput
from core.ledger import journal
from core.market.memory import Memory
from core.market.typed import TypedPrice

STATE_FILE: Final = "state.json"
LEDGER_FILE: Final = "ledger.json"
LOCK_TIMEOUT_SECONDS: Final = 5.0
SCHEMA: Final = 1


class State(Struct, frozen=True):
    """By symbol: since when it has been outside its band, until when it is snoozed, and how many ledger entries
    it had when it was dismissed; what its prices were, and what its user typed. `paused` stops all proposals.
    `wash_group` is that of its file, by which others find it; `taxed` whether its gains are taxed by them."""

    first_breach: dict[str, datetime] = {}
    snoozed: dict[str, datetime] = {}
    dismissed: dict[str, int] = {}
    paused: bool = False
    prices: dict[str, Memory] = {}
    typed: dict[str, TypedPrice] = {}
    wash_group: str = ""
    taxed: bool = False


Change = Callable[[State], State]


def load_state(folder: Path) -> State:
    """The state kept in `folder`; an empty one if there is none; BadInput if it cannot be read."""
    return _read(folder / STATE_FILE)[0]


def save_state(folder: Path, change: Change) -> State:
    """Read, `change` and write the state under the ledger's lock; `Ledger.save_state` if that is already held."""
    state = load_state(folder)
    if change(state) == state:
        return state
    with _reported(folder):
        journal.make_directory(folder)
        with journal.exclusive(_lock(folder), LOCK_TIMEOUT_SECONDS):
            return write_state(folder, change)


def write_state(folder: Path, change: Change) -> State:
    """The same for a caller that holds the lock. Keys of a newer version stay; nothing new is not written."""
    path = folder / STATE_FILE
    state, kept = _read(path)
    changed = change(state)
    if changed != state:
        fields = {"schema": SCHEMA, **kept, **msgspec.to_builtins(changed)}
        with _reported(folder):
            journal.make_directory(folder)
            journal.replace(path, msgspec.json.format(msgspec.json.encode(fields), indent=1) + b"\n")
    return changed


def _read(path: Path) -> tuple[State, dict[str, Any]]:
    """The state in `path`, and everything else that stands there."""
    try:
        fields = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        return msgspec.convert(fields, State), fields
    except FileNotFoundError:
        return State(), {}
    except (OSError, ValueError) as error:
        raise BadInput(
            f"cannot be read: {error}",
            where=str(path),
            fix="delete the file: snoozes and dismissals are forgotten, nothing recorded is lost",
        ) from error


def _lock(folder: Path) -> Path:
    """The ledger's lock, where `Files` looks for it: behind a link."""
    ledger = (folder / LEDGER_FILE).resolve()
    return ledger.with_name(ledger.name + ".lock")


@contextlib.contextmanager
def _reported(folder: Path) -> Iterator[None]:
    """What the disk refuses, as an error for the user."""
    try:
        yield
    except OSError as error:
        raise journal.refused(error, folder / STATE_FILE) from error
