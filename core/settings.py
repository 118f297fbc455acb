"""The user's configuration file: strict, and never written by the app."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from core.errors import BadInput


class FeedOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[feed]`: with `stream`, prices also come between the polls."""

    stream: bool = True


class LedgerOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[ledger]`: how many of a ledger's former snapshots stay in `backups/`; with 0 none is added or removed."""

    backups: Annotated[int, msgspec.Meta(ge=0)] = 10


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `config.toml` may say. `keymap` gives other keys to commands by their id."""

    theme: str = ""
    ascii: bool = False
    mouse: bool = False
    portfolio: str = ""  # the default portfolio: a path or an id
    keymap: dict[str, str] = {}
    feed: FeedOptions = FeedOptions()
    ledger: LedgerOptions = LedgerOptions()


def load_settings(path: Path) -> Settings:
    """The settings in `path`; the defaults if there is no such file. BadInput names the key that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot be read: {error}", where=str(path), fix="make it a readable text file") from error
    try:
        return msgspec.convert(tomllib.loads(text), Settings)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"is not valid TOML: {error}", where=str(path), fix="correct the line") from error
    except msgspec.ValidationError as error:
        known = ", ".join(Settings.__struct_fields__)
        raise BadInput(str(error), where=str(path), fix=f"the keys are {known}") from error
