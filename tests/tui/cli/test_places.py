"""`locate`, `demo`, `open` without a terminal, `strikezone` alone, `--version`, and the default portfolio."""

from __future__ import annotations

import importlib.metadata
import tempfile
from pathlib import Path

import pytest

from tests.tui.cli.support import BOOK, Desk60
from tui.cli import COMMANDS
from tui.cli.crash import report_crash


def configure(cli: Desk60, text: str) -> Path:
    folder = cli.folder / "config"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text)
    return folder


def test_locate_prints_every_place(cli: Desk60) -> None:
    done = cli("locate", "FILE", "--json")
    places = done.json
    assert done.code == 0
    assert places["schema"] == 1
    assert places["data"] == str(cli.data)
    assert places["feed"] == str(cli.data / "feed")
    assert places["configuration"] == str(cli.folder / "config" / "config.toml")
    assert places["portfolios"] == str(cli.folder / "config" / "portfolios")
    assert places["portfolio"] == str(cli.book)
    assert places["ledger"] == str(cli.ledger)
    assert places["backups"] == str(cli.ledger.with_name("backups"))
    assert places["state"] == str(cli.ledger.with_name("state.json"))
    assert Path(places["samples"], "classic-60-40.toml").is_file()
    plain = cli("locate", "FILE").out
    assert all(place in plain for name, place in places.items() if name != "schema")


def test_locate_without_a_portfolio(cli: Desk60) -> None:
    assert "ledger" not in cli("locate", "--json").json


def test_an_unknown_home_is_2(cli: Desk60) -> None:
    done = cli("--data-dir", "~no-such-user/x", "locate")
    assert done.code == 2
    assert "home directory" in done.complaint


def test_a_portfolio_in_the_configurations_folder_is_named_by_its_id(cli: Desk60) -> None:
    folder = configure(cli, "") / "portfolios"
    folder.mkdir()
    (folder / "classic-60-40.toml").write_text(BOOK)
    (folder / "other.toml").write_text(BOOK.replace("classic-60-40", "by-its-key"))
    (folder / "broken.toml").write_text("id = ")
    assert cli("check", "classic-60-40", "PRICES", "--json").json["portfolio"] == "classic-60-40"
    assert cli("check", "by-its-key", "PRICES", "--json").json["portfolio"] == "by-its-key"
    (cli.folder / "classic-60-40").mkdir()  # a folder of that name is not meant
    assert cli("check", "classic-60-40", "PRICES").code == 1
    done = cli("check", "no-such", "PRICES")
    assert done.code == 2
    assert "no-such" in done.complaint


def test_without_a_file_the_default_portfolio_is_meant(cli: Desk60) -> None:
    folder = configure(cli, 'portfolio = "mine.toml"')  # from the configuration's own folder
    (folder / "mine.toml").write_text(BOOK)
    look = cli("check", "PRICES", "--json").json
    assert look["portfolio"] == "classic-60-40"
    sell = look["proposals"][0]["id"]
    assert cli("record", "deposit", "100").code == 0
    assert cli("confirm", sell, "--quantity", "1", "--yes", "PRICES").code == 0
    assert cli("confirm", "--all", "--yes", "PRICES").code == 0
    assert len(cli("ledger", "list", "--json").json["entries"]) == 4
    assert cli("ledger", "void", "4", "--yes").code == 0
    assert "ledger" in cli("locate", "--json").json


def test_without_a_file_and_a_default_it_is_2(cli: Desk60) -> None:
    for words in (("check",), ("confirm", "--all", "--yes"), ("ledger", "positions"), ("ledger", "list")):
        done = cli(*words)
        assert done.code == 2, words
        assert "no portfolio file is given" in done.complaint


def test_a_wrong_configuration_is_2_and_names_the_key(cli: Desk60) -> None:
    configure(cli, 'portfolios = "x"')
    done = cli("check")
    assert done.code == 2
    assert "portfolios" in done.complaint
    assert "config.toml" in done.complaint


def test_version(cli: Desk60) -> None:
    done = cli("--version")
    assert (done.code, done.out, done.err) == (0, f"strikezone {importlib.metadata.version('strikezone')}\n", "")


def test_strikezone_alone_says_how_to_begin(cli: Desk60) -> None:
    done = cli.process()
    assert done.code == 0
    assert "strikezone demo" in done.out
    assert "strikezone open FILE" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_strikezone_alone_with_a_default_and_no_terminal_points_to_check(cli: Desk60) -> None:
    folder = configure(cli, 'portfolio = "mine.toml"')
    (folder / "mine.toml").write_text(BOOK)
    done = cli.process()
    assert done.code == 2
    assert "strikezone check" in done.err


def test_open_without_a_terminal_is_2(cli: Desk60) -> None:
    done = cli.process("open", "FILE")
    assert done.code == 2
    assert "needs a terminal" in done.complaint
    assert not cli.data.exists()


def test_open_of_two_files_with_one_id_is_2(cli: Desk60) -> None:
    done = cli("open", "FILE", "FILE")
    assert done.code == 2
    assert "classic-60-40" in done.complaint


def test_demo_without_a_terminal_prints_a_breached_book_and_keeps_nothing(cli: Desk60) -> None:
    temporary = cli.folder / "tmp"
    temporary.mkdir()
    done = cli.process("demo", TMPDIR=str(temporary))
    assert (done.code, done.err) == (0, "")
    assert "▼ under" in done.out or "▲ over" in done.out
    assert "propose" in done.out
    assert list(temporary.iterdir()) == []
    assert not cli.data.exists()


def test_demo_without_a_temporary_directory_is_2(cli: Desk60, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(cli.book / "no"))
    done = cli("demo")
    assert done.code == 2
    assert "TMPDIR" in done.err


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_a_help_of_at_most_80_columns(cli: Desk60, command: str) -> None:
    done = cli(command, "--help")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert command in cli("--help").out


def test_an_internal_error_is_70_and_names_its_log(cli: Desk60, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("broken \x1b[31m")

    monkeypatch.setattr("tui.cli.look.check_json", broken)
    done = cli("check", "FILE", "PRICES", "--json")
    assert done.code == 70
    assert "ZeroDivisionError" in done.complaint
    log = cli.data / "errors.log"
    assert str(log) in done.err
    assert "in broken" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_where_no_log_can_be_written_the_temporary_directory_takes_it(
    cli: Desk60, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIKEZONE_DATA_DIR", str(cli.book / "below a file"))
    monkeypatch.setattr(tempfile, "tempdir", str(cli.folder))
    assert report_crash(ValueError("x")) == cli.folder / "errors.log"
    monkeypatch.setenv("STRIKEZONE_DATA_DIR", "~no-such-user")
    assert report_crash(ValueError("x")) == cli.folder / "errors.log"


def test_ctrl_c_is_130(cli: Desk60, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tui.cli.look.check_json", interrupted)
    done = cli("check", "FILE", "PRICES", "--json")
    assert (done.code, done.out, done.err) == (130, "", "\n")
