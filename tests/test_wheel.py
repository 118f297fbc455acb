"""The wheel: built here, installed into an empty environment, it shows the demo and looks at a shipped sample."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.cli.support import ROOT

SAMPLES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "sample_portfolios").rglob("*.toml"))
PRICES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "sample_portfolios").rglob("*.csv"))


def call(*command: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "STRIKEZONE"))}
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=600, cwd=cwd,
        env={**clean, "NO_COLOR": "1", **environment}, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def shared_folder(name: str, factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that all of pytest-xdist's workers share, and that one of them at a time may fill."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root / name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the working tree."""
    with shared_folder("wheel", tmp_path_factory) as folder:
        if not folder.exists():
            done = call(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, ROOT, cwd=folder.parent)
            assert done.returncode == 0, done.stderr
        (built,) = folder.glob("strikezone-*.whl")
        return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `strikezone` of an environment that holds nothing but the wheel and what it needs."""
    with shared_folder("environment", tmp_path_factory) as folder:
        if not (folder / "bin" / "strikezone").exists():
            venv.create(folder, with_pip=True)
            done = call(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
            assert done.returncode == 0, done.stderr
        return folder / "bin" / "strikezone"


def test_samples_prices_styles_and_fee_tables_are_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    styles = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tui" / "styles").rglob("*.tcss")}
    assert SAMPLES
    assert PRICES
    assert names >= {*SAMPLES, *PRICES, *styles}
    assert names >= {"core/portfolio/tables/us.toml", "core/portfolio/tables/uk.toml"}
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {
        "core", "tui", "sample_portfolios",
    }  # fmt: skip


def test_the_demo_runs_from_an_empty_environment(installed: Path, tmp_path: Path) -> None:
    done = call(installed, "demo", cwd=tmp_path, STRIKEZONE_DATA_DIR=str(tmp_path / "data"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "propose" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_shipped_sample_is_found_and_looked_at(installed: Path, tmp_path: Path) -> None:
    places = json.loads(call(installed, "locate", "--json", cwd=tmp_path, HOME=str(tmp_path)).stdout)
    samples = Path(places["samples"])
    assert ROOT not in samples.parents
    for name in SAMPLES:
        done = call(installed, "check", samples / Path(name).name, "--json", cwd=tmp_path, HOME=str(tmp_path))
        assert done.returncode in (0, 1), done.stderr
        assert json.loads(done.stdout)["schema"] == 1
        assert done.stderr == ""
