"""Where there is a terminal: questions asked, answers taken, interruptions; and outputs that are no terminal."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pexpect
import pytest

from tests.tui.cli.support import STRIKEZONE, Desk60, edited


def asked(cli: Desk60, *words: str) -> pexpect.spawn:
    child = pexpect.spawn(str(STRIKEZONE), cli.words(*words), encoding="utf-8", timeout=30, dimensions=(24, 80))
    child.expect(r"\[y/N\]: ")
    return child


def ended(child: pexpect.spawn) -> int:
    child.expect(pexpect.EOF)
    child.close()
    assert isinstance(child.exitstatus, int)
    return child.exitstatus


@pytest.mark.parametrize(("answer", "recorded"), [("y", 1), ("n", 0), ("", 0)])
def test_confirm_asks_and_a_no_is_0(cli: Desk60, answer: str, recorded: int) -> None:
    child = asked(cli, "confirm", "FILE", cli.ids()["VTI"], "PRICES")
    assert "sell 65 VTI @ 100.00" in child.before
    assert "66.50 % to 60.00 %" in child.before
    assert "Record 1 trade?" in child.before
    child.sendline(answer)
    assert ended(child) == 0
    assert len(cli.entries()) == recorded


def test_ctrl_c_at_the_question_is_130_and_records_nothing(cli: Desk60) -> None:
    child = asked(cli, "confirm", "FILE", "--all", "PRICES")
    child.sendintr()
    assert ended(child) == 130
    assert "Traceback" not in child.before
    assert cli.entries() == []


def test_what_was_recorded_elsewhere_while_it_asked_is_4(cli: Desk60) -> None:
    child = asked(cli, "confirm", "FILE", cli.ids()["VTI"], "PRICES")
    assert cli("record", "buy", "FILE", "VTI", "10", "100").code == 0
    child.sendline("y")
    assert ended(child) == 4
    assert [entry["side"] for entry in cli.entries()] == ["buy"]


def test_a_plan_that_changed_while_it_asked_is_4(cli: Desk60) -> None:
    child = asked(cli, "confirm", "FILE", cli.ids()["VTI"], "PRICES")
    assert cli("record", "deposit", "FILE", "1000").code == 0
    child.sendline("y")
    assert ended(child) == 4
    assert [entry["kind"] for entry in cli.entries()] == ["cash"]


def test_what_cannot_be_recorded_is_refused_before_it_asks(cli: Desk60) -> None:
    words = cli.words("confirm", "FILE", "00000000", "PRICES")
    child = pexpect.spawn(str(STRIKEZONE), words, encoding="utf-8", timeout=30)
    assert ended(child) == 4
    assert "[y/N]" not in child.before


def test_void_and_amend_name_the_entry_they_ask_about(cli: Desk60) -> None:
    cli("record", "deposit", "FILE", "100")
    child = asked(cli, "ledger", "void", "FILE", "1")
    assert "Void #1 cash +100.00 USD?" in child.before
    child.sendline("n")
    assert ended(child) == 0
    cli("record", "buy", "FILE", "VTI", "1", "100")
    child = asked(cli, "ledger", "amend", "FILE", "2", "--price", "99")
    assert "Amend #2 buy 1 VTI @ 100?" in child.before
    child.sendline("y")
    assert ended(child) == 0
    assert [entry["kind"] for entry in cli.entries()] == ["cash", "trade", "void", "trade"]


def test_on_a_narrow_terminal_columns_go_and_no_number_is_cut(cli: Desk60) -> None:
    cli.write(edited(("quantity = 665", "quantity = 665000000000")))
    words = cli.words("check", "FILE", "PRICES")
    child = pexpect.spawn(
        str(STRIKEZONE), words, encoding="utf-8", timeout=30, dimensions=(24, 60),
        env={**os.environ, "COLUMNS": "60", "TERM": "xterm"},
    )  # fmt: skip
    assert ended(child) == 1
    assert "66,500,000,000,000.00" in child.before
    assert "zone" not in child.before
    assert "…" not in child.before


def shell(cli: Desk60, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = " ".join(f"'{word}'" for word in cli.words("check", "FILE", "PRICES"))
    return subprocess.run(
        ["bash", "-c", script.replace("CHECK", f"{STRIKEZONE} {words}")],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


def test_a_reader_that_stops_early_is_no_error(cli: Desk60) -> None:
    done = shell(cli, "CHECK | head -1")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_takes_nothing_is_told_and_2(cli: Desk60, unbuffered: str) -> None:
    done = shell(cli, "CHECK > /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("script", ["CHECK >&-", "CHECK <&-", "CHECK 2>&-", "CHECK <&- >&- 2>&-"])
def test_closed_streams_change_nothing(cli: Desk60, script: str) -> None:
    done = shell(cli, script)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_any_encoding_of_the_output_will_do(cli: Desk60, encoding: str) -> None:
    done = shell(cli, "CHECK", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (1, "")
    assert ("▲ over" if encoding == "utf-8" else "^ over") in done.stdout


@pytest.mark.parametrize("name", ["LANG", "LC_ALL"])
def test_the_c_locale_will_do(cli: Desk60, name: str) -> None:
    done = shell(cli, "CHECK --json", **{name: "C"})
    assert done.returncode == 1
    assert done.stdout.isascii()


def test_a_name_from_outside_cannot_steer_the_terminal(cli: Desk60, tmp_path: Path) -> None:
    done = cli("check", "\x1b]52;c;aGk=\x07.toml")
    assert done.code == 2
    assert "\x1b" not in done.complaint
    assert cli("record", "deposit", "FILE", "1", "--id", "\x1b[31mred").code == 2
    assert cli("record", "deposit", "FILE", "1", "--id", "a\nb").code == 2


def test_no_color_and_a_dumb_terminal_get_no_escape_sequence(cli: Desk60) -> None:
    for environment in ({"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb", "NO_COLOR": ""}):
        child = pexpect.spawn(
            str(STRIKEZONE), cli.words("check", "FILE", "PRICES"), encoding="utf-8", timeout=30,
            env={**os.environ, **environment},
        )  # fmt: skip
        assert ended(child) == 1
        colours = [part for part in child.before.split("\x1b")[1:] if not part.startswith(("[0m", "[1m", "[2m"))]
        assert colours == []
