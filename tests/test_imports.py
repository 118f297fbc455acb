"""What is really loaded: `core` knows no screen, and a command without one pays for none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.cli.support import ROOT, Desk60, desk60

cli = desk60
SCREEN = {"textual", "rich"}
HEAVY = {"numpy", "pandas", "yfinance", "curl_cffi", "requests", "scipy", "numba"}
RUN = """
import io, json, sys
from contextlib import redirect_stdout
from tui.cli import run
with redirect_stdout(io.StringIO()):
    code = run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


def loaded(code: str, *arguments: str) -> tuple[int, set[str]]:
    """The exit code of `code` run in a fresh interpreter, and the top-level names of the modules it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    result, modules = json.loads(done.stdout)
    return result, {module.partition(".")[0] for module in modules}


def rooms() -> list[str]:
    """Every module of `core`."""
    files = sorted((ROOT / "core").rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in files]


def test_the_desk_loads_no_screen_and_nothing_heavy() -> None:
    _, modules = loaded("import json, sys, core.desk.desk; print(json.dumps([0, sorted(sys.modules)]))")
    assert not modules & (SCREEN | HEAVY | {"click", "tui"})


def test_no_room_of_core_loads_a_screen() -> None:
    code = f"import json, sys, {', '.join(rooms())}; print(json.dumps([0, sorted(sys.modules)]))"
    _, modules = loaded(code)
    assert not modules & (SCREEN | HEAVY | {"click", "tui"})


COMMANDS = [
    (("--version",), 0),
    (("check", "FILE", "PRICES", "--json"), 1),
    (("confirm", "FILE", "--all", "--yes", "PRICES", "--json"), 0),
    (("record", "deposit", "FILE", "1", "--json"), 0),
    (("import", "FILE", str(ROOT / "sample_portfolios" / "exports" / "vanguard.csv"), "--json"), 0),
    (("ledger", "list", "FILE", "--json"), 0),
    (("ledger", "positions", "FILE", "--json"), 0),
    (("ledger", "verify", "FILE"), 0),
    (("ledger", "adopt", "FILE"), 0),
    (("locate", "FILE"), 0),
    (("check", "no-such-file.toml"), 2),
    (("--help",), 0),
]


@pytest.mark.parametrize(("words", "code"), COMMANDS, ids=[" ".join(row[0]) for row in COMMANDS])
def test_a_command_without_a_screen_loads_none(cli: Desk60, words: tuple[str, ...], code: int) -> None:
    result, modules = loaded(RUN, *cli.words(*words))
    assert result == code
    assert not modules & (SCREEN | HEAVY)


def test_voiding_loads_none_either(cli: Desk60) -> None:
    cli("record", "deposit", "FILE", "1")
    result, modules = loaded(RUN, *cli.words("ledger", "void", "FILE", "1", "--yes", "--json"))
    assert result == 0
    assert not modules & (SCREEN | HEAVY)


def test_a_plain_report_loads_rich_but_not_textual(cli: Desk60) -> None:
    result, modules = loaded(RUN, *cli.words("check", "FILE", "PRICES"))
    assert result == 1
    assert "rich" in modules
    assert not modules & (HEAVY | {"textual"})


@pytest.mark.parametrize("words", [("check", "FILE", "PRICES", "--json"), ("ledger", "list", "FILE", "--json")])
def test_a_command_that_needs_no_history_does_not_load_it(cli: Desk60, words: tuple[str, ...]) -> None:
    only_it = RUN.replace("sorted(sys.modules)", "[name for name in sys.modules if 'market.history' in name]")
    _, modules = loaded(only_it, *cli.words(*words))
    assert modules == set()


def test_the_version_does_not_load_the_ledger() -> None:
    _, modules = loaded(RUN, "--version")
    assert not modules & {"tinydb", "msgspec"}


def test_the_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stdout
