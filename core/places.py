"""Where things are kept: the data directory, the configuration file, the user's portfolio files."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.errors import BadInput

APP = "strikezone"
_ID = re.compile(r"[a-z0-9-]+")


def data_directory(option: str | None = None) -> Path:
    """`--data-dir`, else $STRIKEZONE_DATA_DIR, else the platform's user data directory. Nothing is created."""
    given = option or os.environ.get("STRIKEZONE_DATA_DIR")
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False)


def config_file() -> Path:
    """$STRIKEZONE_CONFIG, else `config.toml` in the platform's configuration directory."""
    given = os.environ.get("STRIKEZONE_CONFIG")
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / "config.toml"


def portfolios_directory() -> Path:
    """Where portfolio files may live to be named by their id: beside the configuration."""
    return config_file().parent / "portfolios"


def portfolio_file(given: str) -> Path:
    """The file that a user means by a path, or by the id of a file in the portfolios directory."""
    path = Path(given).expanduser()
    if path.exists() or not _ID.fullmatch(given):
        return path
    named = portfolios_directory() / f"{given}.toml"
    if named.exists():
        return named
    raise BadInput(
        f"there is no file {given}, nor a portfolio of that id in {portfolios_directory()}",
        fix="give the path of a portfolio file; `strikezone demo` shows one at work",
    )
