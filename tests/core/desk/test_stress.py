"""kill -9 at random moments of a desk that confirms: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from core.desk.desk import Desk
from core.ledger.state import load_state
from tests.core.desk.books import ROWS, book, csv
from tests.tui.cli.support import ROOT

KILLS = int(os.environ.get("STRIKEZONE_STRESS_KILLS", "10"))
LONGEST_LIFE_SECONDS = 0.25
LIMITS = "\n".join(f'{name} = "warn:1"' for name in ("max_turnover_day", "max_turnover_month", "max_trades_day"))

# Confirms what is proposed (the prices go to and fro, so that always something is), records, dismisses, voids and
# corrects until it is killed; says each id once it is recorded.
CONFIRMER = """
import os, random, sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from core.book.entries import Draft
from core.desk.confirmation import Executed, Request
from core.desk.desk import Desk
from core.ledger import files
from core.market.prices import parse_prices
from core.market.replay import CsvFeed
from core.portfolio.file import load_portfolio

path, data, name, rows = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
draw = random.Random(name)
files.FOLD_BYTES = draw.choice((20_000, 200_000, 4_000_000))
table, portfolio = parse_prices(rows, "rows"), load_portfolio(path)


def say(entries):
    os.write(1, "".join(f"{entry.id}\\n" for entry in entries).encode())


row = 0
number = 0
desk = Desk.open(portfolio, data, CsvFeed(table, {"VTI": "USD", "BND": "USD"}, row))
while True:
    look = desk.look()
    asked = [Request(p.id, pinned=p.quantity) for p in look.proposals if p.verdict == "propose"]
    if asked:
        say(desk.confirm(asked, executed=Executed(day=date(2026, 11, 19))).recorded)
    number += 1
    say(desk.record(Draft(id=f"{name}-{number}", kind="cash", effective=date(2026, 11, 19), currency="USD",
                          amount=Decimal(1))).recorded)
    if number % 3 == 0:
        say([desk.void(desk.entries()[-1].seq)])
    elif number % 7 == 0:
        say(desk.amend(desk.entries()[-1].seq, executed=Executed(day=date(2026, 11, 18))))
    desk.ledger.save_state(lambda state: type(state)(dismissed={"VTI": number}))
    if number % 5 == 0:
        desk.close(fold=draw.random() < 0.5)
        row = (row + 1) % len(table.days)
        desk = Desk.open(portfolio, data, CsvFeed(table, {"VTI": "USD", "BND": "USD"}, row))
"""


@pytest.mark.stress
def test_killed_at_any_moment_a_confirming_desk_loses_and_doubles_nothing(tmp_path: Path) -> None:
    portfolio = book(tmp_path, limits=LIMITS)
    data, said = tmp_path / "data", tmp_path / "said"
    draw = random.Random(20261122)
    acknowledged: list[str] = []
    trades = 0
    for kill in range(KILLS):
        with said.open("wb") as output:
            command = [sys.executable, "-c", CONFIRMER, portfolio.path, str(data), f"k{kill}", ROWS]
            child = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.PIPE)
        while not said.stat().st_size:
            if child.poll() is not None:
                pytest.fail(child.communicate()[1].decode())
            time.sleep(0.001)
        time.sleep(draw.uniform(0, LONGEST_LIFE_SECONDS))
        child.kill()
        complaint = child.communicate()[1].decode()
        assert complaint == ""
        acknowledged += said.read_text().split()
        desk = Desk.open(portfolio, data, csv())
        ids = [entry.id for entry in desk.entries()]
        assert max(Counter(ids).values()) == 1
        assert set(acknowledged) <= set(ids)
        assert len(set(ids) - set(acknowledged)) <= 2  # one plan of two trades, recorded and not yet said
        acknowledged = ids
        assert desk.ledger.verify() == []
        load_state(data / "two")
        trades = sum(entry.decision is not None for entry in desk.entries())
        desk.look()
        desk.close()
    assert trades > KILLS / 2
