"""Where things are kept: the data directory, the configuration file, the user's portfolio files."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from core.errors import BadInput

APP = "strikezone"
_ID = re.compile(r"[a-z0-9-]+")


def data_directory(option: str | None = None) -> Path:
    """`--data-dir`, else $STRIKEZONE_DATA_DIR, else the platform's user data directory. Nothing is created."""
    given = option or os.environ.get("STRIKEZONE_DATA_DIR")
    if given:
        return _home_in(given).absolute()
    from platformdirs import user_data_path

    return _at_home(user_data_path(APP, appauthor=False), "--data-dir or STRIKEZONE_DATA_DIR")


def config_file() -> Path:
    """$STRIKEZONE_CONFIG, else `config.toml` in the platform's configuration directory."""
    given = os.environ.get("STRIKEZONE_CONFIG")
    if given:
        return _home_in(given).absolute()
    from platformdirs import user_config_path

    return _at_home(user_config_path(APP, appauthor=False), "STRIKEZONE_CONFIG") / "config.toml"


def portfolios_directory() -> Path:
    """Where portfolio files may live to be named by their id: beside the configuration."""
    return config_file().parent / "portfolios"


def portfolio_file(given: str) -> Path:
    """The file that a user means by a path, or by the id of a file in the portfolios directory."""
    path = _home_in(given)
    if path.is_file() or not _ID.fullmatch(given):
        return path
    named = _of_id(given)
    if named is not None:
        return named
    if path.exists():
        return path
    raise BadInput(
        f"there is no file {given}, nor a portfolio of that id in {portfolios_directory()}",
        fix="give the path of a portfolio file; `strikezone demo` shows one at work",
    )


def default_file(named: str) -> Path:
    """The file that the configuration means: an id, or a path from the configuration's own directory."""
    found = _of_id(named) if _ID.fullmatch(named) else None
    return found or config_file().parent / _home_in(named)


def _of_id(portfolio_id: str) -> Path | None:
    """The file in the portfolios directory that is called by the id, else one that says that it is its own."""
    folder = portfolios_directory()
    named = folder / f"{portfolio_id}.toml"
    if named.exists():
        return named
    return next((path for path in sorted(folder.glob("*.toml")) if _id_in(path) == portfolio_id), None)


def _id_in(path: Path) -> object:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("id")
    except (OSError, ValueError):  # not the file that is looked for
        return None


def _home_in(given: str) -> Path:
    """`given` with `~` written out."""
    try:
        return Path(given).expanduser()
    except RuntimeError as error:
        raise BadInput(f"{given}: there is no such home directory", fix="write the path out") from error


def _at_home(path: Path, instead: str) -> Path:
    if not path.is_absolute():
        raise BadInput("your home directory is not known", fix=f"set HOME, or name the place with {instead}")
    return path
