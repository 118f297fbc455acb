"""Several processes and one ledger: what one of them records, the others find recorded."""

from __future__ import annotations

import multiprocessing
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from core.errors import Conflict
from core.ledger.ledger import Ledger
from core.ledger.state import load_state
from tests.core.book.samples import NOW, buy, portfolio

PROCESSES = 8


def confirm(folder: str, price: str, start: Barrier, outcomes: multiprocessing.Queue[str]) -> None:
    """What a process that confirms the one proposal ends with."""
    with Ledger.open(Path(folder), portfolio()) as ledger:
        start.wait()
        try:
            done = ledger.append([buy(3, price, id="b51c9a7e")], NOW)
            outcomes.put("recorded" if done.recorded else f"already {done.already}")
        except Conflict as conflict:
            outcomes.put(f"conflict {conflict.exit_code}")


def dismiss(folder: str, symbol: str, start: Barrier, outcomes: multiprocessing.Queue[str]) -> None:
    """Dismiss `symbol`, each process another one."""
    with Ledger.open(Path(folder), portfolio()) as ledger:
        start.wait()
        ledger.save_state(lambda state: type(state)(dismissed={**state.dismissed, symbol: 0}))
        outcomes.put("saved")


def run(target: object, folder: Path, arguments: list[str]) -> list[str]:
    """What each of the processes ended with, sorted."""
    context = multiprocessing.get_context("spawn")
    start, outcomes = context.Barrier(len(arguments)), context.Queue()
    processes = [
        context.Process(target=target, args=(str(folder), argument, start, outcomes))  # type: ignore[arg-type]
        for argument in arguments
    ]
    for process in processes:
        process.start()
    ended = sorted(outcomes.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    return ended


@pytest.mark.parametrize(
    ("prices", "others"),
    [(["100"] * PROCESSES, "already ('b51c9a7e',)"), ([f"10{n}" for n in range(PROCESSES)], "conflict 4")],
    ids=["same content", "other content"],
)
def test_of_eight_that_record_the_same_id_one_does(tmp_path: Path, prices: list[str], others: str) -> None:
    folder = tmp_path / "classic-60-40"
    assert sorted(run(confirm, folder, prices)) == sorted([*([others] * (PROCESSES - 1)), "recorded"])
    with Ledger.open(folder, portfolio()) as ledger:
        assert [entry.seq for entry in ledger.entries] == [1]
        assert ledger.book.positions["VTI"].quantity == Decimal(103)
        assert ledger.verify() == []


def test_no_change_of_the_state_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "classic-60-40"
    symbols = [f"S{number}" for number in range(PROCESSES)]
    assert run(dismiss, folder, symbols) == ["saved"] * PROCESSES
    assert set(load_state(folder).dismissed) == set(symbols)
