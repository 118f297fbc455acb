"""The configuration file: strict, and its errors name the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput
from core.settings import LedgerOptions, Settings, load_settings


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_without_a_file_everything_is_as_by_default(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "no" / "config.toml") == Settings()


def test_every_key_is_read(tmp_path: Path) -> None:
    text = 'theme = "nord"\nascii = true\nmouse = true\nportfolio = "mine"\n[keymap]\nquit = "x"\n'
    text += "[ledger]\nbackups = 3\n"
    expected = Settings("nord", True, True, "mine", {"quit": "x"}, ledger=LedgerOptions(3))
    assert load_settings(write(tmp_path, text)) == expected
    assert load_settings(write(tmp_path, b"\xef\xbb\xbf" + text.encode())) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('thme = "nord"', "thme"),
        ("theme = 3", "theme"),
        ('ascii = "yes"', "ascii"),
        ('keymap = "x"', "keymap"),
        ("[keymap]\nquit = 1", "keymap"),
        ("[ledger]\nbackups = -1", "ledger.backups"),
        ("[ledger]\nbackups = 2.5", "ledger.backups"),
        ("[ledger]\nbackup = 2", "backup"),
        ("theme = ", "TOML"),
        ("theme = 'a'\ntheme = 'b'", "TOML"),
        (b"\xff\xfe", "text file"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        load_settings(write(tmp_path, text))
    (problem,) = caught.value.problems
    assert said in f"{problem} {problem.fix}"
    assert "config.toml" in problem.where
    assert problem.fix


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_settings(tmp_path)
