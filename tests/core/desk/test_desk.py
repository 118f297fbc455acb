"""The desk: what a snapshot holds, what a confirmation records, and what is remembered between looks."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.book.entries import Draft, Entry
from core.desk.confirmation import Executed, PriceMoved, Request
from core.desk.desk import Desk
from core.desk.report import check_code, check_json
from core.errors import BadInput, Conflict, NoTrustedPrices
from core.ledger.state import load_state
from core.market.sessions import exchange_day
from core.planning.proposal import Proposal
from tests.core.desk.books import NOON, ScriptedFeed, book, csv, desk, replay


def sell(of: Desk) -> Proposal:
    """The proposed sale of VTI."""
    return next(p for p in of.look().proposals if p.symbol == "VTI" and p.side == "sell")


def verdicts(of: Desk) -> dict[str, str]:
    return {p.symbol: p.verdict for p in of.look().proposals}


def trades_of(found: Iterable[Proposal | Entry]) -> list[str]:
    return [f"{trade.side} {trade.quantity} {trade.symbol}" for trade in found]


def test_a_snapshot_is_the_portfolio_as_it_stands(tmp_path: Path) -> None:
    with_feed = desk(tmp_path)
    look = with_feed.look()
    assert (look.portfolio.id, look.as_of, look.entries, look.conflicts) == ("two", NOON, 0, ())
    assert look.valuation.value == 100_000
    assert look.valuation.drift == pytest.approx(0.065)
    assert [(line.symbol, line.state) for line in look.lines] == [("VTI", "above"), ("BND", "below")]
    assert trades_of(look.proposals) == ["sell 65 VTI", "buy 65 BND"]
    assert (look.triggered, look.stands, look.feed.source, look.feed.state) == (True, True, "yahoo", "live")
    assert with_feed.look().number == look.number + 1
    assert check_code(look) == 1


def test_a_replays_snapshot_says_where_it_stands(tmp_path: Path) -> None:
    feed = desk(tmp_path, replay(2)).look().feed
    assert (feed.source, feed.state, feed.row, feed.rows, feed.speed) == ("replay", "live", 3, 4, 1.0)
    assert desk(tmp_path, replay(3)).look().feed.state == "ended"
    assert desk(tmp_path, csv(3)).look().feed.state == "still"


def test_a_feeds_trouble_is_in_the_snapshot_and_in_the_report(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    feed.trouble = "no network"
    look = desk(tmp_path, feed).look()
    assert (look.feed.state, look.feed.detail) == ("down", "no network")
    assert check_json(look)["warnings"] == ["no network"]


def test_looking_at_past_prices_creates_nothing(tmp_path: Path) -> None:
    on = desk(tmp_path, csv(3))
    on.look()
    on.close()
    assert not (tmp_path / "data").exists()


def test_confirming_records_and_uses_the_id_up(tmp_path: Path) -> None:
    on = desk(tmp_path)
    proposals = on.look().proposals
    confirmed = on.confirm([Request(p.id, pinned=p.quantity, seen_price=p.price) for p in proposals])
    assert trades_of(confirmed.recorded) == ["sell 65 VTI", "buy 65 BND"]
    assert [entry.seq for entry in confirmed.recorded] == [1, 2]
    assert on.look().proposals == ()
    with pytest.raises(Conflict, match="already recorded, as entry 1"):
        on.confirm([Request(proposals[0].id)])


def test_a_preview_is_what_would_be_recorded_and_records_nothing(tmp_path: Path) -> None:
    on = desk(tmp_path)
    (shown,) = on.preview([Request(sell(on).id, quantity=Decimal(60), price=Decimal(101), fees=Decimal(2))])
    assert (shown.quantity, shown.price, shown.costs.total) == (Decimal(60), Decimal(101), Decimal(2))
    assert shown.lots[0].gain == 60 * 21 - 2
    assert on.entries() == ()
    with pytest.raises(Conflict):
        on.preview([Request("00000000")])
    with pytest.raises(BadInput, match="are missing"):
        on.preview([Request(p.id) for p in on.look().proposals if p.side == "buy"])


def test_a_reviewed_edit_passes_the_guards_again(tmp_path: Path) -> None:
    on = desk(tmp_path, limits="max_trade = 10")
    proposal = sell(on)
    assert on.review(proposal.id).verdict == "propose"
    larger = on.review(proposal.id, quantity=Decimal(101))
    assert larger.verdict == "blocked"
    assert [g.name for g in larger.guards if g.verdict == "block"] == ["max_trade"]
    dearer = on.review(proposal.id, price=Decimal(160))
    assert dearer.verdict == "blocked"
    with pytest.raises(BadInput, match="max_trade"):
        on.confirm([Request(proposal.id, quantity=Decimal(101))])
    assert on.entries() == ()


def test_the_guards_of_an_edit_count_the_rest_of_the_plan(tmp_path: Path) -> None:
    on = desk(tmp_path, limits="max_turnover_day = 8")
    proposal = sell(on)
    assert on.review(proposal.id).verdict == "propose"  # (6,500 + 6,500) / 2 of 100,000
    guards = on.review(proposal.id, quantity=Decimal(100)).guards
    assert next(g for g in guards if g.name == "max_turnover_day").verdict == "block"  # (10,000 + 6,500) / 2


@pytest.mark.parametrize("price", ["100.50", "99.50"])
def test_a_price_within_half_a_percent_is_recorded(tmp_path: Path, price: str) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed)
    seen = sell(on)
    feed.put(VTI=price)
    (entry,) = on.confirm([Request(seen.id, seen_price=seen.price)]).recorded
    assert entry.price == Decimal(price)


@pytest.mark.parametrize("price", ["100.51", "99.49"])
def test_a_price_that_moved_further_is_asked_about_again(tmp_path: Path, price: str) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed)
    seen = sell(on)
    feed.put(VTI=price)
    with pytest.raises(PriceMoved, match="VTI moved"):
        on.confirm([Request(seen.id, seen_price=seen.price)])
    assert on.entries() == ()


def test_a_plan_that_changed_is_a_conflict_with_both_quantities(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed)
    seen = sell(on)
    feed.put(VTI="102")
    with pytest.raises(Conflict, match=r"looked at 65, now \d+ is proposed"):
        on.confirm([Request(seen.id, pinned=seen.quantity)])


def test_a_price_that_lost_its_trust_is_not_traded_on(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed)
    seen = sell(on)
    feed.stand(3600)
    with pytest.raises((NoTrustedPrices, BadInput)):
        on.confirm([Request(seen.id, seen_price=seen.price)])
    assert on.entries() == ()


def test_one_price_that_lost_its_trust_is_asked_about_again(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed, limits="max_jump = 0.1")
    seen = sell(on)
    feed.put(VTI="100.2")
    with pytest.raises(PriceMoved, match="no longer trusted: jumped"):
        on.confirm([Request(seen.id, seen_price=seen.price)])
    assert on.entries() == ()


def test_a_plan_that_changed_on_the_screen_is_asked_about_again(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed)
    seen = sell(on)
    feed.put(VTI="100.40")
    with pytest.raises(PriceMoved, match=r"looked at 65, now 66 is proposed"):
        on.confirm([Request(seen.id, pinned=seen.quantity, seen_price=seen.price)])


def test_a_jump_is_judged_against_the_last_trusted_price(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed)
    on.look()
    feed.put(VTI="125")
    line = on.look().lines[0]
    assert not line.trust.trusted
    assert line.trust.jump == pytest.approx(0.25)
    assert on.look().lines[0].trust.jump == pytest.approx(0.25)  # and does not become the last trusted one


def test_a_replay_may_jump(tmp_path: Path) -> None:
    on = desk(tmp_path, replay())
    on.look()
    on.advance()
    assert all(line.trust.trusted for line in on.look().lines)


def test_a_dismissed_trade_stays_dismissed_until_its_asset_was_back_inside(tmp_path: Path) -> None:
    on = desk(tmp_path, replay())
    id_ = sell(on).id
    on.dismiss(id_)
    assert verdicts(on)["VTI"] == "snoozed"
    assert verdicts(on)["VTI"] == "snoozed"
    on.advance()
    assert on.look().proposals == ()
    on.advance()
    assert verdicts(on)["VTI"] == "propose"


def test_a_dismissal_holds_in_every_process(tmp_path: Path) -> None:
    on = desk(tmp_path)
    on.dismiss(sell(on).id)
    on.close()
    assert verdicts(desk(tmp_path))["VTI"] == "snoozed"


def test_a_dismissed_trade_comes_back_when_the_ledger_counts_another_entry_of_it(tmp_path: Path) -> None:
    on = desk(tmp_path)
    on.dismiss(sell(on).id)
    on.record(trade("VTI", "1"))
    assert verdicts(on)["VTI"] == "propose"


def test_a_snoozed_trade_comes_back_after_its_time(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed)
    on.snooze(sell(on).id)
    assert verdicts(on)["VTI"] == "snoozed"
    assert next(p for p in on.look().proposals if p.symbol == "VTI").snoozed_until == NOON + timedelta(hours=24)
    feed.later(hours=23, minutes=59)
    assert verdicts(on)["VTI"] == "snoozed"
    feed.later(minutes=1)
    assert verdicts(on)["VTI"] == "propose"


@pytest.mark.parametrize("way", ["dismiss", "snooze"])
def test_unsnooze_takes_both_back(tmp_path: Path, way: str) -> None:
    on = desk(tmp_path)
    getattr(on, way)(sell(on).id)
    on.unsnooze("VTI")
    assert verdicts(on)["VTI"] == "propose"


@pytest.mark.parametrize("way", ["dismiss", "snooze"])
def test_an_id_overrides_its_snooze(tmp_path: Path, way: str) -> None:
    on = desk(tmp_path)
    id_ = sell(on).id
    getattr(on, way)(id_)
    (entry,) = on.confirm([Request(id_)]).recorded
    assert (entry.id, entry.quantity) == (id_, Decimal(65))


def test_what_is_not_proposed_cannot_be_dismissed(tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        desk(tmp_path).dismiss("00000000")


def test_a_breach_must_dwell_and_desks_add_their_looks_up(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    first = desk(tmp_path, feed, policy="dwell = 600")
    assert first.look().proposals == ()
    feed.later(seconds=599)
    second = desk(tmp_path, feed, policy="dwell = 600")
    assert second.look().proposals == ()
    feed.later(seconds=1)
    assert len(desk(tmp_path, feed, policy="dwell = 600").look().proposals) == 2


def test_a_breach_that_went_away_dwells_from_the_start(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed, policy="dwell = 600")
    on.look()
    feed.put(VTI="75.5639")
    feed.later(seconds=300)
    on.look()
    assert load_state(tmp_path / "data" / "two").first_breach == {}


def test_where_nothing_can_be_written_a_breach_dwells_in_memory(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = Desk.open(book(tmp_path, "dwell = 600"), tmp_path / "data", feed, readonly=True)
    assert on.look().proposals == ()
    feed.later(seconds=600)
    assert len(on.look().proposals) == 2
    assert not (tmp_path / "data").exists()


def test_a_cooldown_blocks_and_passes(tmp_path: Path) -> None:
    feed = ScriptedFeed(VTI="100", BND="100")
    on = desk(tmp_path, feed, policy="cooldown = 24")
    on.confirm([Request(p.id) for p in on.look().proposals])
    feed.put(VTI="115")
    feed.later(hours=1)
    assert {p.verdict for p in on.look().proposals} == {"blocked"}
    feed.later(hours=23)
    assert {p.verdict for p in on.look().proposals} == {"propose"}


def test_the_day_of_the_limits_begins_at_the_portfolios_midnight(tmp_path: Path) -> None:
    """In Kolkata it does so at half past an hour of UTC."""
    feed = ScriptedFeed(VTI="100", BND="100")
    feed.clock.moment = datetime.fromisoformat("2026-11-20T18:10+00:00")
    feed.put(VTI="100", BND="100")
    portfolio = book(tmp_path)
    path = Path(portfolio.path)
    path.write_text(path.read_text().replace('"UTC"', '"Asia/Kolkata"'))
    from core.portfolio.file import load_portfolio

    on = Desk.open(load_portfolio(path), tmp_path / "data", feed)
    on.confirm([Request(p.id) for p in on.look().proposals])
    assert on.look().past.day_trades == 2
    feed.later(minutes=25)
    assert on.look().past.day_trades == 0


def test_two_desks_on_one_ledger_see_each_others_entries(tmp_path: Path) -> None:
    one, other = desk(tmp_path), desk(tmp_path)
    assert other.look().entries == 0
    one.confirm([Request(p.id) for p in one.look().proposals])
    assert other.changed_elsewhere()
    assert not other.changed_elsewhere()
    look = other.look()
    assert (look.entries, look.proposals) == (2, ())
    assert other.void(2).void_of == 2
    assert one.look().entries == 3


def test_of_two_desks_in_threads_one_records_and_the_other_is_refused(tmp_path: Path) -> None:
    desks = [desk(tmp_path) for _ in range(4)]
    id_ = sell(desks[0]).id
    start, outcomes = threading.Barrier(4, timeout=10), []

    def confirm(on: Desk) -> None:
        start.wait()
        try:
            outcomes.append(len(on.confirm([Request(id_)]).recorded))
        except Conflict:
            outcomes.append(0)

    threads = [threading.Thread(target=confirm, args=(on,)) for on in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == [0, 0, 0, 1]


def test_a_file_that_differs_from_the_ledger_proposes_and_records_nothing(tmp_path: Path) -> None:
    on = desk(tmp_path)
    on.record(trade("VTI", "1"))
    on.close()
    path = tmp_path / "two.toml"
    path.write_text(path.read_text().replace("quantity = 665", "quantity = 700"))
    from core.portfolio.file import load_portfolio

    changed = Desk.open(load_portfolio(path), tmp_path / "data", ScriptedFeed(VTI="100", BND="100"))
    look = changed.look()
    assert look.proposals == ()
    assert [problem.where for problem in look.conflicts] == ["[[asset]] VTI, lots"]
    assert check_code(look) == 4
    with pytest.raises(Conflict):
        changed.record(trade("VTI", "1"))
    with pytest.raises(Conflict):
        changed.confirm([])
    with pytest.raises(Conflict):
        changed.void(1)


def test_a_symbol_that_the_file_lacks_cannot_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="XYZ is not in the portfolio"):
        desk(tmp_path).record(trade("XYZ", "1"))


def test_amending_gives_the_reversal_and_the_correction(tmp_path: Path) -> None:
    on = desk(tmp_path)
    on.confirm([Request(sell(on).id)])
    moment = datetime.fromisoformat("2026-11-20T02:00+00:00")
    void, new = on.amend(1, price=Decimal(99), executed=Executed(moment=moment))
    assert (void.void_of, new.amends, new.price, new.executed) == (1, 1, Decimal(99), moment)
    assert new.effective == date(2026, 11, 19)  # in New York
    _, again = on.amend(new.seq, executed=Executed(day=date(2026, 11, 18)))
    assert (again.effective, again.executed) == (date(2026, 11, 18), None)


def test_the_day_of_a_trade_is_that_of_its_exchange(tmp_path: Path) -> None:
    asset = book(tmp_path).assets[0]
    late = datetime.fromisoformat("2026-11-20T02:00+00:00")
    assert exchange_day(asset, None, late) == date(2026, 11, 19)
    assert exchange_day(asset, "Europe/London", late) == date(2026, 11, 20)
    assert exchange_day(asset, "Asia/Tokyo", late + timedelta(hours=20)) == date(2026, 11, 21)


@pytest.mark.parametrize(
    "edit",
    [
        {"quantity": "0"}, {"quantity": "-1"}, {"quantity": "0.5"}, {"quantity": "666"}, {"quantity": "1e60"},
        {"price": "0"}, {"price": "1e999999"}, {"price": "1e-30"}, {"fees": "-1"}, {"fees": "1e15"},
    ],
)  # fmt: skip
def test_edits_that_cannot_be_are_refused(tmp_path: Path, edit: dict[str, str]) -> None:
    on = desk(tmp_path)
    numbers: dict[str, Any] = {name: Decimal(text) for name, text in edit.items()}
    with pytest.raises(BadInput):
        on.review(sell(on).id, **numbers)


def test_selling_one_may_leave_the_floor_untouched_and_buying_may_not_break_it(tmp_path: Path) -> None:
    on = desk(tmp_path)
    plan = on.look().proposals
    with pytest.raises(BadInput, match=r"6,500\.00 USD are missing"):
        on.confirm([Request(plan[1].id)])
    on.confirm([Request(plan[0].id, quantity=Decimal(10))])
    with pytest.raises(Conflict):
        on.confirm([Request(plan[1].id, pinned=plan[1].quantity), Request(plan[0].id)])
    assert len(on.entries()) == 1


def trade(symbol: str, quantity: str) -> Draft:
    return Draft(
        kind="trade", effective=date(2026, 11, 19), currency="USD", symbol=symbol, side="buy",
        quantity=Decimal(quantity), price=Decimal(100), fees=Decimal(0),
    )  # fmt: skip
