"""Where things are kept, by option, by environment and by the platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput
from core.places import config_file, data_directory, default_file, portfolio_file, portfolios_directory


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own, and nothing in the environment."""
    for name in ("STRIKEZONE_DATA_DIR", "STRIKEZONE_CONFIG", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_the_option_beats_the_environment_and_that_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data_directory() == tmp_path / ".local" / "share" / "strikezone"
    monkeypatch.setenv("STRIKEZONE_DATA_DIR", "~/there")
    assert data_directory() == tmp_path / "there"
    assert data_directory("here") == tmp_path / "here"
    assert data_directory("") == tmp_path / "there"


def test_the_configuration_and_the_portfolios_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config_file() == tmp_path / ".config" / "strikezone" / "config.toml"
    monkeypatch.setenv("STRIKEZONE_CONFIG", str(tmp_path / "my.toml"))
    assert config_file() == tmp_path / "my.toml"
    assert portfolios_directory() == tmp_path / "portfolios"


def test_asking_creates_nothing(tmp_path: Path) -> None:
    data_directory()
    config_file()
    portfolios_directory()
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_path", lambda *_, **__: Path("~/.local/share/strikezone"))
    with pytest.raises(BadInput, match="home directory") as caught:
        data_directory()
    assert "STRIKEZONE_DATA_DIR" in caught.value.problems[0].fix
    with pytest.raises(BadInput, match="no such home"):
        data_directory("~no-such-user/x")


def test_a_path_is_taken_as_it_is_and_an_id_is_looked_up(tmp_path: Path) -> None:
    folder = portfolios_directory()
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('id = "mine"')
    (folder / "odd name.toml").write_text('id = "by-key"')
    assert portfolio_file("./mine.toml") == Path("mine.toml")
    assert portfolio_file("mine") == folder / "mine.toml"
    assert portfolio_file("by-key") == folder / "odd name.toml"
    (tmp_path / "mine").write_text("a file of that very name is meant first")
    assert portfolio_file("mine") == Path("mine")
    with pytest.raises(BadInput, match="no-such"):
        portfolio_file("no-such")


def test_the_default_is_the_same_wherever_one_stands(tmp_path: Path) -> None:
    folder = portfolios_directory()
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('id = "mine"')
    (tmp_path / "mine").write_text("not this one")
    assert default_file("mine") == folder / "mine.toml"
    assert default_file("sub/mine.toml") == config_file().parent / "sub" / "mine.toml"
    assert default_file("~/mine.toml") == tmp_path / "mine.toml"
    assert default_file(str(tmp_path / "x.toml")) == tmp_path / "x.toml"
