"""kill -9 at random moments, and two writers at once: no acknowledged document is lost, none is there twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tinydb import TinyDB

from core.ledger.journal import decode_line
from core.ledger.storage import DurableTinyDB

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("STRIKEZONE_STRESS_KILLS", "12"))
LONGEST_LIFE_SECONDS = 0.2

# Commits trades, each with its decision, until it has done `most` or is killed; says each id once it is recorded.
WRITER = """
import os, random, sys
from pathlib import Path
from core.ledger import files
from core.ledger.storage import DurableTinyDB

path, name, seed, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
draw = random.Random(seed)
files.FOLD_BYTES = draw.choice((2_000, 20_000, 4_000_000))
db = DurableTinyDB(path, lock_timeout=60.0)
for number in range(most):
    with db.locked():
        doc_id = db.next_id("entries")
        trade = {"id": f"{name}-{number}", "kind": "trade", "symbol": "VWCE", "quantity": "12", "price": "101.35",
                 "fees": "1.00", "executed": "2026-11-20T14:03:00Z", "note": "x" * draw.randrange(400)}
        db.commit([("entries", doc_id, trade), ("decisions", doc_id, {"id": trade["id"], "drift": 0.065})])
    os.write(1, (trade["id"] + "\\n").encode())
    if number % 7 == 0:
        db.table("scratch").update({"last": trade["id"]})
        db.table("scratch").insert({"n": number})
    if number % 31 == 30:
        db.table("scratch").truncate()
    if number % 40 == 39:
        db.fold()
db.close()
"""


def start(path: Path, name: str, seed: int, most: int, said: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(seed), str(most)]
    with said.open("ab") as output:
        return subprocess.Popen(command, cwd=ROOT, stdout=output)


def recorded(path: Path) -> list[str]:
    """The ids on disk, in order, after checking that files and tables agree with each other."""
    db = DurableTinyDB(path)
    assert db.verify() == []
    ids = [document["id"] for document in db.table("entries")]
    assert [document["id"] for document in db.table("decisions")] == ids  # both or neither
    db.close()
    with TinyDB(path) as stock:
        assert [document["id"] for document in stock.table("entries")] == ids
    return ids


@pytest.mark.stress
def test_kill_9_loses_no_acknowledged_document_and_doubles_none(tmp_path: Path) -> None:
    path, said = tmp_path / "ledger.json", tmp_path / "said"
    draw = random.Random(20261122)
    acknowledged: set[str] = set()
    for kill in range(KILLS):
        said.write_bytes(b"")
        writer = start(path, str(kill), kill, 1_000_000, said)
        while not said.stat().st_size:
            assert writer.poll() is None
            time.sleep(0.001)
        time.sleep(draw.uniform(0, LONGEST_LIFE_SECONDS))
        writer.kill()
        writer.wait()
        now = said.read_text().split()
        acknowledged.update(now)
        ids = recorded(path)
        assert max(Counter(ids).values()) == 1
        assert acknowledged <= set(ids)
        # at most the one commit that was recorded and not yet acknowledged
        assert set(ids) - acknowledged <= {f"{kill}-{len(now)}"}
        acknowledged.update(ids)


@pytest.mark.stress
def test_two_writers_at_once_record_everything_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    writers = [start(path, name, seed, 100, tmp_path / name) for seed, name in enumerate("ab")]
    assert [writer.wait() for writer in writers] == [0, 0]
    expected = [f"{name}-{number}" for name in "ab" for number in range(100)]
    assert sorted(recorded(path)) == sorted(expected)


@pytest.mark.stress
def test_two_writers_number_their_lines_without_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    code = (
        "import sys; from pathlib import Path; from core.ledger.storage import DurableTinyDB\n"
        "db = DurableTinyDB(Path(sys.argv[1]), lock_timeout=60.0)\n"
        "for _ in range(100): db.insert({})\n"
        "db.close(fold=False)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    lines = (tmp_path / "ledger.json.log").read_bytes().splitlines()
    records = [record for record in map(decode_line, lines) if record]
    assert [n for n, _ in records] == list(range(1, 201))
    assert [operations[0][1] for _, operations in records] == list(range(1, 201))


@pytest.mark.stress
def test_killing_two_writers_in_turn_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    draw = random.Random(7)
    acknowledged: set[str] = set()
    for kill in range(max(KILLS // 4, 2)):
        said = [tmp_path / f"{name}{kill}" for name in "ab"]
        writers = [start(path, file.name, kill, 1_000_000, file) for file in said]
        while not all(file.stat().st_size for file in said):
            time.sleep(0.001)
        for writer in writers:
            time.sleep(draw.uniform(0, LONGEST_LIFE_SECONDS))
            writer.kill()
            writer.wait()
        acknowledged.update(line for file in said for line in file.read_text().split())
        ids = recorded(path)
        assert max(Counter(ids).values()) == 1
        assert acknowledged <= set(ids)
        assert len(set(ids) - acknowledged) <= 2
        acknowledged.update(ids)
