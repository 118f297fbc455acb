"""`ledger restore`, and what `doctor` and `locate` say of backups."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from core.ledger import files, journal
from tests.tui.cli.support import ROOT, STRIKEZONE, Desk60, edited


def amounts(cli: Desk60) -> list[str]:
    return [entry["amount"] for entry in cli.entries()]


def backups(cli: Desk60) -> list[Path]:
    return sorted(cli.ledger.with_name("backups").glob("*"))


@pytest.fixture
def three(cli: Desk60) -> Desk60:
    """A ledger of three entries with a backup of one and a backup of two."""
    for amount in (1, 2, 3):
        assert cli("record", "deposit", "FILE", amount, "--date", "2026-11-20").code == 0
        assert cli("ledger", "verify", "FILE").code == 0  # folds what is sound
    assert [len(json.loads(path.read_bytes())["entries"]) for path in backups(cli)] == [1, 2]
    return cli


def test_a_backup_is_put_back_by_its_name(three: Desk60) -> None:
    name = backups(three)[0].name
    done = three("ledger", "restore", "FILE", name, "--yes")
    assert done.code == 0
    assert done.out.startswith(f"restored the 1 entry of {name}, up to 20")
    assert amounts(three) == ["1.00"]
    kept = list(three.ledger.parent.glob("ledger.json.replaced-*"))
    assert all(str(path) in done.out for path in kept)
    assert any("3.00" in path.read_text() or '"3"' in path.read_text() for path in kept)
    assert three("ledger", "verify", "FILE").code == 0
    assert three("record", "deposit", "FILE", 9).code == 0


def test_a_backup_is_put_back_by_its_path_and_told_in_json(three: Desk60) -> None:
    path = backups(three)[1]
    report = three("ledger", "restore", "FILE", path, "--yes", "--json").json
    assert (report["schema"], report["restored"], report["entries"]) == (1, str(path), 2)
    assert [Path(kept).exists() for kept in report["kept"]] == [True, True]


def test_without_a_terminal_it_needs_a_yes(three: Desk60) -> None:
    done = three.process("ledger", "restore", "FILE", backups(three)[0].name)
    assert (done.code, "--yes" in done.err) == (2, True)
    assert len(amounts(three)) == 3


@pytest.mark.parametrize(("answer", "left"), [("y", 1), ("n", 3), ("", 3)])
def test_on_a_terminal_it_asks(three: Desk60, answer: str, left: int) -> None:
    name = backups(three)[0].name
    words = three.words("--data-dir", three.data, "ledger", "restore", "FILE", name)
    child = pexpect.spawn(str(STRIKEZONE), words, encoding="utf-8", timeout=30, dimensions=(24, 200))
    child.expect_exact(f"Replace the ledger's 3 entries by the 1 entry of {name}")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert len(amounts(three)) == left


def test_a_damaged_ledger_is_told_the_way_back_and_restored(three: Desk60) -> None:
    raw = bytearray(three.ledger.read_bytes())
    raw[len(raw) // 2] ^= 1
    three.ledger.write_bytes(raw)
    assert three("ledger", "list", "FILE").code == 4
    said = three("doctor").out
    newest = backups(three)[1].name
    assert f"strikezone ledger restore FILE {newest}" in said
    assert three("ledger", "restore", "FILE", newest, "--yes").code == 0
    assert amounts(three) == ["1.00", "2.00"]


def test_a_damaged_backup_is_4_and_named(three: Desk60) -> None:
    path = backups(three)[1]
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    done = three("ledger", "restore", "FILE", path.name, "--yes")
    assert done.code == 4
    assert str(path) in done.complaint
    assert len(amounts(three)) == 3


def test_the_backup_of_another_portfolio_is_2(three: Desk60) -> None:
    path = backups(three)[1]
    three.book.write_text(edited(("classic-60-40", "another")))
    done = three("ledger", "restore", "FILE", path, "--yes")
    assert done.code == 2
    assert "belongs to portfolio classic-60-40" in done.complaint
    assert not (three.data / "another").exists()


@pytest.mark.parametrize("words", [(), ("FILE", "nothing.json"), ("FILE", "a", "b"), ("FILE", ".")])
def test_what_is_no_backup_is_2(three: Desk60, words: tuple[str, ...]) -> None:
    done = three("ledger", "restore", *words, "--yes")
    assert done.code == 2
    assert done.complaint


def test_doctor_counts_the_backups(three: Desk60) -> None:
    checks = {check["name"]: check for check in three("doctor", "--json").json["checks"]}
    assert checks["backups classic-60-40"]["verdict"] == "ok"
    folder, newest = three.ledger.with_name("backups"), backups(three)[1].name
    assert checks["backups classic-60-40"]["detail"] == f"2 in {folder}, the newest is {newest}"


def test_the_configuration_says_how_many_are_kept(three: Desk60) -> None:
    config = three.folder / "config"
    config.mkdir(exist_ok=True)
    (config / "config.toml").write_text("[ledger]\nbackups = 1\n")
    before = backups(three)
    assert three("record", "deposit", "FILE", 4).code == 0
    assert three("ledger", "verify", "FILE").code == 0
    (only,) = backups(three)
    assert only not in before


TIDYING = """
import os
from core.ledger import files
tidy, files.FOLD_BYTES = files.Files.tidy, 10

def watched(self):
    os.write(2, f"{os.fstat(1).st_size} bytes were out".encode())
    tidy(self)

files.Files.tidy = watched
from tui.cli import main
main()
"""


def test_a_command_folds_after_its_answer_is_out(cli: Desk60, tmp_path: Path) -> None:
    said = tmp_path / "said"
    for number in range(3):
        words = cli.words("--data-dir", cli.data, "record", "deposit", "FILE", number + 1, "--json")
        with said.open("wb") as output:
            command = [sys.executable, "-c", TIDYING, *words]
            done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
        assert (done.returncode, done.stderr) == (0, f"{said.stat().st_size} bytes were out")
        assert json.loads(said.read_text())["recorded"][0]["seq"] == number + 1
        assert cli.ledger.with_name("ledger.json.log").stat().st_size == 0
    assert len(backups(cli)) == 2


def test_a_fold_that_fails_after_the_answer_is_told_and_the_answer_stands(
    cli: Desk60, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "FOLD_BYTES", 10)
    monkeypatch.setattr(journal, "write_all", full)
    done = cli("record", "deposit", "FILE", 1)
    assert done.code == 0
    assert "recorded #1" in done.out
    assert "could not be folded into it (No space left on device); nothing is lost" in done.err


@pytest.mark.parametrize("name", ["1" * 5000, "a/" + "1" * 300, "~nobody-of-that-name/x"])
def test_a_name_that_no_backup_can_have_is_refused(three: Desk60, name: str) -> None:
    done = three("ledger", "restore", "FILE", name, "--yes")
    assert done.code == 2
    assert "there is no backup" in done.complaint
    assert amounts(three) == ["1.00", "2.00", "3.00"]
