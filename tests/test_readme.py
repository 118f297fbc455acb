"""Every command that the README shows works as it is written, in the order in which it stands there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*?)(?:\s{2,}#.*)?$", README, re.MULTILINE)
BIN = Path(sys.executable).parent


def run(command: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, shell=True, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture
def env(tmp_path: Path, yahoo_environment: dict[str, str]) -> dict[str, str]:
    """As a new user has it, but that Yahoo is the loopback one."""
    return {
        **yahoo_environment,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "STRIKEZONE_DATA_DIR": str(tmp_path / "data"),
        "STRIKEZONE_CONFIG": str(tmp_path / "config.toml"),
        "TERM": "xterm-256color",
    }


def test_every_shown_command_does_what_the_readme_says(tmp_path: Path, env: dict[str, str]) -> None:
    shutil.copytree(ROOT / "sample_portfolios", tmp_path / "sample_portfolios")
    shown = [command for command in COMMANDS if command.startswith("strikezone ")]
    assert len(shown) >= 10
    expected = {"check": 1, "open": 2}  # outside its zone; the app needs a terminal
    codes: dict[str, int] = {}
    for command in shown:
        done = run(command, tmp_path, env)
        assert "Traceback" not in done.stderr, command
        word = command.split()[1]
        confirmed = any(other.split()[1:3] == ["confirm", command.split()[2]] for other in codes)
        later = "--at 2008-10-08" in command and "taxable" in command  # when it is outside again
        wanted = 0 if word == "check" and confirmed and not later else expected.get(word, 0)
        codes[command] = done.returncode
        assert done.returncode == wanted, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("target", re.findall(r"`?make (\w+)", README))
def test_every_shown_make_target_exists(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_shown_portfolio_file_is_valid_and_proposes(tmp_path: Path, env: dict[str, str]) -> None:
    text = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert text is not None
    (tmp_path / "mine.toml").write_text(text[1], encoding="utf-8")
    (tmp_path / "closes.csv").write_text("date,VTI,BND\n2026-11-20,290,73.5\n", encoding="utf-8")
    done = run("strikezone check mine.toml --prices closes.csv", tmp_path, env)
    assert done.returncode == 1, done.stderr
    assert "sell" in done.stdout


def test_the_shown_fee_table_is_read(tmp_path: Path, env: dict[str, str]) -> None:
    book, table = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    own = '[costs]\nfees = "us"\nfee_table = "fees.toml"'
    (tmp_path / "mine.toml").write_text(book.replace("[costs]", own), encoding="utf-8")
    (tmp_path / "fees.toml").write_text(table, encoding="utf-8")
    (tmp_path / "closes.csv").write_text("date,VTI,BND\n2027-01-04,290,73.5\n", encoding="utf-8")
    done = run("strikezone check mine.toml --prices closes.csv --json", tmp_path, env)
    [sale] = [p for p in json.loads(done.stdout)["proposals"] if p["side"] == "sell"]
    assert sale["fee_details"]["taf"] == "0.01"


def test_pictures_and_links_exist() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_version_is_the_one_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    done = subprocess.run([BIN / "strikezone", "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["strikezone", version]
