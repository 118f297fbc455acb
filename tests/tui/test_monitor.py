from __future__ import annotations

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.message import Message
from textual.widgets import Input

from core.desk.snapshot import FeedStatus
from core.errors import Conflict, Problem
from core.portfolio.model import Portfolio
from tests.tui.books import (
    FakeRunner,
    asset,
    book,
    breach,
    quote,
    runner,
    snapshot,
    varied,
)
from tests.tui.conftest import on
from tui.app import StrikezoneApp
from tui.messages import SnapshotReady
from tui.screens.monitor import MonitorScreen
from tui.screens.review import ReviewAllScreen
from tui.widgets.detail import Detail
from tui.widgets.holdings import Holdings
from tui.widgets.status import KeyLine, MessageLine, Notices, StatusLine
from tui.widgets.trades import Trades


def text(app: StrikezoneApp, kind: type) -> str:
    return app.screen.query_one(kind).plain()


async def test_first_frame_shows_the_holdings(app: StrikezoneApp) -> None:
    async with app.run_test(size=(120, 40)):
        table = text(app, Holdings)
        assert "VTI" in table
        assert "▲ over +6.5" in table
        assert "▼ under -6.5" in table
        assert "100,000.00 USD" in text(app, StatusLine)
        assert "drift 6.50" in text(app, StatusLine)
        assert "2026-11-20 21:00:00 UTC" in text(app, StatusLine)


async def test_a_snapshot_may_come_before_the_screen_is_whole() -> None:
    driver = runner(breach())
    app = StrikezoneApp([driver], first=[driver.desk.now])
    monitor = app.monitors[0]
    compose = monitor.compose

    def halfway() -> ComposeResult:
        yield from compose()
        monitor.show(varied())  # while none of the widgets is there yet

    monitor.compose = halfway  # type: ignore[method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        driver.show(varied())
        await pilot.pause()
        assert monitor.snapshot == varied()
        assert text(app, Trades)


async def test_a_snapshot_may_come_before_a_review_is_drawn(app: StrikezoneApp) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        app.monitors[0].action_review_all()
        assert isinstance(app.screen, ReviewAllScreen)
        app.publish(0, varied())  # another plan
        app.on_snapshot_ready(SnapshotReady(0))
        await pilot.pause()
        assert isinstance(app.screen, ReviewAllScreen)


async def test_at_80_columns_what_matters_fits(app: StrikezoneApp) -> None:
    async with app.run_test(size=(80, 24)):
        head, first = text(app, Holdings).splitlines()[:2]
        for title in ("SYMBOL", "PRICE", "WEIGHT", "TARGET", "DRIFT", "ZONE", "STATE"):
            assert title in head
        assert first.split() == ["VTI", "100.00", "66.50", "60.00", "+6.50", "····[──┼──]··●·", "▲", "over", "+6.5"]
        lines = "\n".join(text(app, part) for part in (StatusLine, KeyLine))
        assert all(len(line) <= 80 for line in lines.splitlines())


async def test_micro_trades_say_what_and_why(app: StrikezoneApp) -> None:
    async with app.run_test(size=(120, 40)):
        trades = text(app, Trades)
        assert "65 VTI" in trades
        assert "6,500.00" in trades
        assert "66.50 % is above 63.00 %" in trades
        assert "● ready" in trades


async def test_detail_shows_edges_in_points_money_and_price(app: StrikezoneApp) -> None:
    async with app.run_test(size=(120, 40)):
        detail = text(app, Detail)
        # 0.63 (1 - 0.665) / (0.665 (1 - 0.63)) - 1 = -14.2 %
        assert "-3.50 pt    3,500.00  -14.2 % back in" in detail
        assert "-9.50 pt    9,500.00  -33.2 % breaches" in detail
        assert "2023-05-01" in detail


async def test_states_are_glyph_and_word() -> None:
    first = varied(stale=True)
    app = StrikezoneApp([runner(first)], first=[first])
    async with app.run_test(size=(120, 40)):
        table = text(app, Holdings)
        for state in ("▲ over +5.9", "△ near -2.8", "● in", "◌ stale 15m", "· untargeted", "· outside"):
            assert state in table
        assert "too doubtful" in text(app, Notices)


async def test_no_price_is_said_and_the_table_is_not_blank() -> None:
    held = book(VTI="665", BND="335")
    first = snapshot(breach().portfolio, held, [quote("VTI", "100"), quote("BND", None)])
    app = StrikezoneApp([runner(first)], first=[first])
    async with app.run_test(size=(80, 24)):
        assert "◌ no price" in text(app, Holdings)
        assert "100.00" in text(app, Holdings)


async def test_a_newer_snapshot_is_one_message_and_replaces_the_older(driver: FakeRunner) -> None:
    seen: list[Message] = []
    app = StrikezoneApp([driver], first=[driver.desk.now])
    async with app.run_test(size=(120, 40), message_hook=seen.append) as pilot:
        for price in ("101", "102", "103"):
            driver.show(breach(price))
        await pilot.pause()
        assert len([m for m in seen if isinstance(m, SnapshotReady)]) == 1
        assert "103.00" in text(app, Holdings)


async def test_the_cursor_stays_on_its_asset_and_moves_both_lists(app: StrikezoneApp, driver: FakeRunner) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("j")
        holdings, trades = app.screen.query_one(Holdings), app.screen.query_one(Trades)
        assert holdings.selected is not None
        assert trades.selected is not None
        assert (holdings.selected.symbol, trades.selected.symbol) == ("BND", "BND")
        assert "BND" in text(app, Detail)
        driver.show(breach("101"))
        await pilot.pause()
        assert holdings.selected.symbol == "BND"
        await pilot.press("tab", "k")
        assert trades.has_focus
        assert holdings.selected.symbol == "VTI"
        await pilot.press("escape")
        assert holdings.has_focus


async def test_filter_by_symbol_or_name_and_escape_clears() -> None:
    first = varied()
    app = StrikezoneApp([runner(first)], first=[first])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("slash", *"gold")
        holdings = app.screen.query_one(Holdings)
        assert holdings.items == 1
        assert holdings.selected is not None
        assert holdings.selected.symbol == "GLD"
        await pilot.press("enter")
        assert holdings.has_focus
        assert holdings.items == 1
        await pilot.press("escape")
        assert holdings.items == 8
        await pilot.press("slash", *"zzz")
        assert "nothing matches 'zzz'" in text(app, Holdings)
        await pilot.press("escape")
        assert app.screen.query_one(Input).value == ""
        assert app.is_running


async def test_dismiss_and_snooze_reach_the_desk(app: StrikezoneApp, driver: FakeRunner) -> None:
    async with app.run_test() as pilot:
        await pilot.press("d")
        await app.workers.wait_for_complete()
        identity = driver.desk.now.proposals[0].id
        assert driver.desk.calls == [("dismiss", identity)]
        await pilot.press("z")
        await app.workers.wait_for_complete()
        assert driver.desk.calls[1:] == [("snooze", identity, 24)]
        assert driver.calls.count("refresh") == 2
        assert "snoozed" in text(app, MessageLine)


async def test_a_snoozed_trade_is_woken(driver: FakeRunner) -> None:
    now = driver.desk.now
    asleep = replace(now, proposals=tuple(replace(p, verdict="snoozed") for p in now.proposals))
    driver.desk.now = asleep
    app = StrikezoneApp([driver], first=[asleep])
    async with app.run_test() as pilot:
        assert "◌ snoozed" in text(app, Trades)
        await pilot.press("z")
        await app.workers.wait_for_complete()
        assert driver.desk.calls == [("unsnooze", "VTI")]


async def test_what_the_desk_refuses_is_said_and_stays(app: StrikezoneApp, driver: FakeRunner) -> None:
    def refuse(id: str) -> None:  # noqa: A002
        raise Conflict(f"{id} is not proposed any more")

    driver.desk.dismiss = refuse  # type: ignore[method-assign]
    async with app.run_test() as pilot:
        await pilot.press("d")
        await app.workers.wait_for_complete()
        assert "is not proposed any more" in text(app, MessageLine)


async def test_the_replay_keys_work_only_in_a_replay(app: StrikezoneApp, driver: FakeRunner) -> None:
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.press("space", "full_stop", "plus", "minus")
        assert driver.calls == ["start", "pause", "step", "faster", "slower"]
        assert "pause" in text(app, KeyLine)
        driver.show(replace(breach(), feed=FeedStatus("replay", "paused", row=3, rows=9)))
        await pilot.pause()
        await pilot.press("space")
        assert driver.calls[-1] == "resume"
        driver.show(replace(breach(), feed=FeedStatus("yahoo", "live")))
        await pilot.pause()
        await pilot.press("space", "s")
        assert driver.calls[-1] == "resume"
        assert "pause" not in text(app, KeyLine)


async def test_trouble_conflicts_and_warnings_are_lines_that_stay() -> None:
    first = replace(
        breach(warnings=("one", "two", "three", "four")),
        feed=FeedStatus("yahoo", "down", "HTTP 429, again in 60 s"),
        conflicts=(Problem("lots of VTI changed", "classic.toml", "run `strikezone ledger adopt`"),),
        proposals=(),
    )
    app = StrikezoneApp([runner(first)], first=[first])
    async with app.run_test(size=(120, 40)):
        notices = text(app, Notices)
        assert "conflict: classic.toml: lots of VTI changed. run `strikezone ledger adopt`" in notices
        assert "feed: HTTP 429, again in 60 s" in notices
        assert "and 1 more" in notices
        assert "yahoo down" in text(app, StatusLine)
        assert "file and the ledger disagree" in text(app, Trades)


async def test_a_book_without_targets_looks_meant() -> None:
    portfolio = Portfolio("p.toml", "p", "USD", (asset("VTI", None),))
    first = snapshot(portfolio, book(VTI="10"), [quote("VTI", "100")])
    app = StrikezoneApp([runner(first)], first=[first])
    async with app.run_test(size=(80, 24)):
        assert "no targets" in text(app, Trades)


async def test_several_portfolios_are_tabs() -> None:
    runners = [runner(breach()), runner(varied())]
    app = StrikezoneApp(runners, first=[r.desk.now for r in runners])
    async with app.run_test(size=(120, 40)) as pilot:
        assert "1/2" in text(app, StatusLine)
        await pilot.press("2")
        assert "2/2" in text(app, StatusLine)
        assert "BTC-USD" in text(app, Holdings)
        await pilot.press("right_square_bracket")
        assert "1/2" in text(app, StatusLine)
        runners[1].show(replace(varied(), warnings=("news of the other",)))
        await pilot.pause()
        await pilot.press("left_square_bracket")
        assert "news of the other" in text(app, Notices)
    assert all(r.calls == ["start", "stop"] for r in runners)


async def test_escape_never_quits_and_q_does(app: StrikezoneApp) -> None:
    async with app.run_test() as pilot:
        await pilot.press("escape", "escape")
        assert app.is_running
        assert on(app, MonitorScreen)
        await pilot.press("q")
        await pilot.pause()
        assert not app.is_running
