"""kill -9 among entries of every kind: what was acknowledged is there once, unaltered, and the ledger is sound."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from core.book.entries import Entry
from core.ledger import backups
from core.ledger.ledger import Ledger
from core.ledger.restore import verified
from core.ledger.state import load_state
from tests.core.book.samples import portfolio
from tests.core.ledger.test_storage import ROOT

KILLS = int(os.environ.get("STRIKEZONE_STRESS_KILLS", "6"))  # with one writer, and again with two
LONGEST_LIFE_SECONDS = 0.2
KILLS_A_LEDGER = 25  # then a new one is begun, for it grows
MOST_IN_A_COMMIT = 2


class Writer:
    """A process that records, and what it said."""

    def __init__(self, folder: Path, name: str) -> None:
        self.said = folder.with_name(f"said-{name}")
        command = [sys.executable, "-m", "tests.core.ledger.mixed_writer", str(folder), name]
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.PIPE)

    def wait(self) -> None:
        """Until it has recorded something."""
        while not self.said.stat().st_size:
            if self.process.poll() is not None:
                pytest.fail(self.process.communicate()[1].decode())
            time.sleep(0.001)

    def kill(self) -> list[str]:
        """End it as it is; what it has acknowledged."""
        self.process.kill()
        assert self.process.communicate()[1].decode() == ""
        return self.said.read_text().split()


def check(folder: Path, known: dict[str, Entry], acknowledged: list[str], writers: int) -> dict[str, Entry]:
    """What is recorded now, after checking that it is all there was, all that was acknowledged, and little more."""
    with Ledger.open(folder, portfolio(), kept=2) as ledger:
        entries = ledger.entries
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert max(Counter(entry.id for entry in entries).values()) == 1
        now = {entry.id: entry for entry in entries}
        assert {id_: now.get(id_) for id_ in known} == known
        assert set(acknowledged) <= now.keys()
        assert len(now.keys() - known.keys() - set(acknowledged)) <= MOST_IN_A_COMMIT * writers
        assert ledger.conflicts == ()
        assert ledger.verify() == []
    load_state(folder)
    for backup in backups.backups_of(folder / "ledger.json"):
        assert verified(backup, portfolio()).entries <= len(now)
    return now


@pytest.mark.stress
@pytest.mark.parametrize("writers", [1, 2])
def test_killed_at_any_moment_nothing_is_lost_altered_or_doubled(tmp_path: Path, writers: int) -> None:
    draw = random.Random(20261125 + writers)
    known: dict[str, Entry] = {}
    kinds: Counter[str] = Counter()
    for kill in range(0, KILLS, writers):
        folder = tmp_path / str(kill // KILLS_A_LEDGER) / "classic-60-40"
        if not folder.exists():
            folder.mkdir(parents=True)
            known = {}
        running = [Writer(folder, f"{kill}{letter}") for letter in "ab"[:writers]]
        for writer in running:
            writer.wait()
        acknowledged: list[str] = []
        for writer in running:
            time.sleep(draw.uniform(0, LONGEST_LIFE_SECONDS))
            acknowledged += writer.kill()
        now = check(folder, known, acknowledged, writers)
        kinds.update(entry.side or entry.kind for id_, entry in now.items() if id_ not in known)
        kinds.update("amended" for id_, entry in now.items() if id_ not in known and entry.amends)
        known = now
    print(dict(kinds))
    if KILLS >= 100:
        assert min(kinds[kind] for kind in ("buy", "sell", "cash", "split", "void", "amended")) > 20
