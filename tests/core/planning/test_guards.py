"""Guards: each passes, warns or blocks, with its numbers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

import pytest
from msgspec.structs import replace

from core.book.entries import Entry
from core.market.trust import Trust
from core.planning.guards import History, history
from core.planning.planner import Plan, plan
from core.portfolio.model import Limit, Limits, Policy
from tests.core.planning.samples import NOW, OFF, asset, planned, situation, trades

D = Decimal
ASSETS = [asset("VTI", 60), asset("BND", 40)]
HELD = {"VTI": ("665", "100"), "BND": ("335", "100")}


def verdicts(made: Plan, name: str) -> list[str]:
    return [guard.verdict for p in made.proposals for guard in p.guards if guard.name == name]


def with_limit(limits: Limits, past: History | None = None) -> Plan:
    return plan(situation(ASSETS, HELD, limits=limits, past=past or History()))


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [(Limit(0.065), "pass"), (Limit(0.0649), "block"), (Limit(0.0649, warn=True), "warn")],
)
def test_max_trade_is_a_share_of_the_portfolio(limit: Limit, verdict: str) -> None:
    made = with_limit(replace(OFF, max_trade=limit))
    assert verdicts(made, "max_trade") == [verdict, verdict]
    detail = next(guard.detail for guard in made.proposals[0].guards if guard.name == "max_trade")
    assert detail.startswith("6.50 % of the portfolio, limit 6.")


def test_a_warned_limit_lets_the_proposal_stand_with_a_warning() -> None:
    made = with_limit(replace(OFF, max_trade=Limit(0.05, warn=True)))
    assert trades(made) == {"VTI": D(-65), "BND": D(65)}
    assert made.warnings == (
        "VTI: max_trade: 6.50 % of the portfolio, limit 5 %",
        "BND: max_trade: 6.50 % of the portfolio, limit 5 %",
    )


def test_a_blocked_asset_is_listed_and_the_rest_planned_again() -> None:
    held = {"A": ("500", "100"), "B": ("260", "100"), "C": ("230", "100")}
    assets = [asset("A", 40), asset("B", 30), asset("C", 30)]
    made = planned(assets, held, "1000", limits=replace(OFF, max_trade=Limit(0.08)))
    assert {p.symbol: p.verdict for p in made.proposals} == {"A": "blocked", "C": "propose"}
    assert trades(made) == {"C": D(10)}


@pytest.mark.parametrize(("limit", "verdict"), [(0.065, "propose"), (0.064, "blocked")])
@pytest.mark.parametrize("name", ["max_turnover_day", "max_turnover_month"])
def test_turnover_is_half_the_sum_of_absolute_trades(
    name: Literal["max_turnover_day", "max_turnover_month"], limit: float, verdict: str
) -> None:
    limits = (
        replace(OFF, max_turnover_day=Limit(limit))
        if name == "max_turnover_day"
        else replace(OFF, max_turnover_month=Limit(limit))
    )
    assert [p.verdict for p in with_limit(limits).proposals] == [verdict, verdict]


def test_turnover_counts_what_was_traded_already() -> None:
    limits = replace(OFF, max_turnover_day=Limit(0.10), max_turnover_month=Limit(0.10))
    assert trades(with_limit(limits, History(D(7000), D(7000))))
    assert not trades(with_limit(limits, History(D(7001), D(7001))))
    assert verdicts(with_limit(limits, History(D(0), D(9000))), "max_turnover_day") == ["pass", "pass"]
    assert verdicts(with_limit(limits, History(D(0), D(9000))), "max_turnover_month") == ["block", "block"]


def test_trades_of_the_day_are_counted_with_the_plan() -> None:
    limits = replace(OFF, max_trades_day=Limit(3))
    assert verdicts(with_limit(limits, History(day_trades=1)), "max_trades_day") == ["pass", "pass"]
    assert verdicts(with_limit(limits, History(day_trades=2)), "max_trades_day") == ["block", "block"]


@pytest.mark.parametrize(("hours_ago", "verdict"), [(23.9, "block"), (24, "pass"), (48, "pass")])
def test_cooldown_is_of_the_asset_since_its_last_trade(hours_ago: float, verdict: str) -> None:
    past = History(last_trade={"VTI": NOW - timedelta(hours=hours_ago)})
    made = plan(situation(ASSETS, HELD, "7000", policy=Policy(cooldown_hours=24), past=past))
    assert verdicts(made, "cooldown")[0] == verdict if verdict == "block" else verdict in verdicts(made, "cooldown")
    assert ("VTI" in trades(made)) is (verdict == "pass")


def test_a_stale_price_blocks_its_own_trade() -> None:
    old = Trust(False, True, "900 s old, limit 120 s", 900, 120.0, error=0.2)
    held = {"A": ("900", "100"), "B": ("50", "100"), "C": ("50", "100")}
    made = planned([asset("A", 60), asset("B", 20), asset("C", 20)], held, doubts={"B": old})
    blocked = next(p for p in made.proposals if p.symbol == "B")
    found = next(guard for guard in blocked.guards if guard.name == "stale_price")
    assert (found.verdict, found.detail) == ("block", "900 s old, limit 120 s")


@pytest.mark.parametrize(("warn", "verdict"), [(False, "blocked"), (True, "propose")])
def test_a_suspect_jump_blocks_or_warns(warn: bool, verdict: str) -> None:
    jumped = Trust(False, True, "jumped +25.0% from 80, limit 20%", 0, 120.0, 0.25, 0.25, suspicion="jump")
    held = {"A": ("900", "100"), "B": ("50", "100"), "C": ("50", "100")}
    limits = replace(OFF, max_jump=Limit(0.2, warn))
    made = planned([asset("A", 60), asset("B", 20), asset("C", 20)], held, doubts={"B": jumped}, limits=limits)
    assert next(p.verdict for p in made.proposals if p.symbol == "B") == verdict


# History


def entry(day: date, executed: datetime | None = None, recorded: datetime = NOW, price: str = "100") -> Entry:
    return Entry(
        seq=1,
        id="x",
        kind="trade",
        recorded_at=recorded,
        effective=day,
        currency="USD",
        executed=executed,
        symbol="VTI",
        side="sell",
        quantity=D(10),
        price=D(price),
        fees=D(0),
    )


def test_history_adds_up_the_day_and_the_month() -> None:
    past = history((entry(date(2026, 11, 20)), entry(date(2026, 11, 2)), entry(date(2026, 10, 31))), NOW, "UTC")
    assert (past.day_value, past.month_value, past.day_trades) == (D(1000), D(2000), 1)


def test_a_day_is_one_of_the_portfolios_time_zone() -> None:
    late = datetime.fromisoformat("2026-11-20T23:30:00+00:00")
    trade = entry(date(2026, 11, 20), executed=late)
    assert history((trade,), late, "UTC").day_trades == 1
    assert history((trade,), late + timedelta(hours=1), "UTC").day_trades == 0
    assert history((trade,), late + timedelta(hours=1), "America/New_York").day_trades == 1


def test_the_last_trade_is_its_moment_else_that_of_recording_on_its_day_else_midday() -> None:
    moment = NOW - timedelta(hours=5)
    assert history((entry(NOW.date(), executed=moment),), NOW, "UTC").last_trade["VTI"] == moment
    assert history((entry(NOW.date()),), NOW, "UTC").last_trade["VTI"] == NOW
    yesterday = NOW.date() - timedelta(days=1)
    assert history((entry(yesterday),), NOW, "UTC").last_trade["VTI"].hour == 12
