"""Books, snapshots, a desk and a runner for the tests of the screen: no disk, no network, a clock that stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from core.book.book import Book, HeldLot, Position
from core.book.choosing import Pick
from core.book.entries import Entry
from core.desk import confirmation
from core.desk.confirmation import Confirmed, Executed, PriceMoved, Request
from core.desk.snapshot import FeedStatus, Snapshot
from core.errors import Conflict
from core.market.quotes import Quote, QuoteBoard
from core.market.trust import TrustLimits, judge
from core.planning.planner import Situation, plan
from core.planning.proposal import Proposal
from core.policy.triggers import breached
from core.policy.valuation import value_book
from core.portfolio.model import AbsoluteBand, Asset, Cash, Costs, Portfolio

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
REPLAY = FeedStatus("replay", "live", row=12, rows=250, speed=2.0)


def d(number: str | int) -> Decimal:
    return Decimal(number)


def asset(symbol: str, target: float | None, width: float = 0.03, **rest: object) -> Asset:
    band = None if target is None else AbsoluteBand(width, width)
    return Asset(symbol, "USD", target=target, band=band, **rest)  # type: ignore[arg-type]


def lot(symbol: str, quantity: str, price: str | None, day: date | None, index: int = 0) -> HeldLot:
    return HeldLot(f"open:{symbol}:{index}", symbol, d(quantity), None if price is None else d(price), day)


def book(cash: str = "0", **quantities: str) -> Book:
    """Two lots of each symbol, a third of it older."""
    positions = {}
    for symbol, held in quantities.items():
        third = (d(held) / 3).quantize(Decimal(1))
        lots = (
            lot(symbol, str(third), "80", date(2023, 5, 1)),
            lot(symbol, str(d(held) - third), "92.50", date(2025, 2, 14), 1),
        )
        positions[symbol] = Position(symbol, "USD", tuple(part for part in lots if part.quantity))
    return Book(positions, {"USD": d(cash)})


def quote(symbol: str, price: str | None, *, age: int = 4, close: str | None = None) -> Quote:
    return Quote(
        symbol,
        "yahoo",
        None if price is None else d(price),
        "USD",
        NOW - timedelta(seconds=age),
        None if close is None else d(close),
    )


def snapshot(
    portfolio: Portfolio,
    held: Book,
    quotes: Sequence[Quote],
    *,
    feed: FeedStatus = REPLAY,
    warnings: tuple[str, ...] = (),
    now: datetime = NOW,
) -> Snapshot:
    """What a desk would show of this book by these quotes."""
    board = QuoteBoard().with_quotes(quotes)
    limits = TrustLimits("USD", 120.0, 0.2)
    trusts = {a.symbol: judge(board.get(a.symbol), None, now, limits) for a in portfolio.assets}
    valuation = value_book(portfolio, held, board, trusts)
    situation = Situation(portfolio, valuation, frozenset(breached(valuation)), now, held.counts)
    planned = plan(situation)
    return Snapshot(
        portfolio=portfolio,
        as_of=now,
        valuation=valuation,
        proposals=planned.proposals,
        warnings=(*warnings, *planned.warnings),
        feed=feed,
        stands=planned.stands,
        triggered=valuation.breached,
        situation=situation,
    )


def classic(name: str = "Classic 60/40", costs: Costs | None = None) -> Portfolio:
    return Portfolio(
        "classic.toml",
        "classic-60-40",
        "USD",
        (asset("VTI", 0.6, name="US total market"), asset("BND", 0.4, name="US bonds")),
        name=name,
        costs=costs or Costs(),
    )


def breach(vti: str = "100", **rest: object) -> Snapshot:
    """The mission's example: 66.5 % in VTI, three and a half points over its zone."""
    quotes = [quote("VTI", vti, close="98.50"), quote("BND", "100", close="100.20")]
    return snapshot(classic(), book(VTI="665", BND="335"), quotes, **rest)  # type: ignore[arg-type]


def varied(*, stale: bool = False) -> Snapshot:
    """A book with one of everything: over, under, near, in, untargeted, outside, no price."""
    portfolio = Portfolio(
        "varied.toml",
        "varied",
        "USD",
        (
            asset("VTI", 0.30, name="US total market"),
            asset("VXUS", 0.20, name="World ex US"),
            asset("BND", 0.20, 0.04, name="US bonds"),
            asset("GLD", 0.10, 0.02, name="Gold", average_daily_value=d(1000000)),
            asset("BTC-USD", 0.05, 0.02, name="Bitcoin", kind="crypto", step=d("0.0001")),
            asset("VNQ", 0.10, 0.03, name="Real estate"),
            asset("OLD", None, name="Old employer"),
            asset("HOUSE", None, name="The house", outside=True),
        ),
        name="Everything, everywhere",
        cash=Cash({"USD": d(5000)}, 0.05),
        costs=Costs(per_order=d(1)),
    )
    held = book(
        "5200.40", VTI="140", VXUS="310", BND="260", GLD="52", VNQ="120", OLD="7", HOUSE="1", **{"BTC-USD": "0.05"}
    )
    held.positions["BTC-USD"] = Position("BTC-USD", "USD", (lot("BTC-USD", "0.0512", "31000", date(2024, 1, 9)),))
    quotes = [
        quote("VTI", "291.37", close="287.10"),
        quote("VXUS", "63.12", close="63.90"),
        quote("BND", "72.955", close="72.96", age=900 if stale else 4),
        quote("GLD", "245.60", close="241.33"),
        quote("BTC-USD", "97231.55", close="98810.02"),
        quote("VNQ", "92.41", close="91.87", age=4000 if stale else 4),
        quote("OLD", "41.2", close="41.0"),
        quote("HOUSE", "320000"),
    ]
    warnings = ("OLD: untargeted, 0.24 % of the portfolio",)
    return snapshot(portfolio, held, quotes, warnings=warnings)


def many(count: int = 500, bump: int | None = None, cents: int = 1) -> Snapshot:
    """A book of `count` assets, all in their zones; `bump` raises the price of that one by `cents`."""
    assets = tuple(asset(f"A{n:03d}", 1 / count, 0.01, name=f"Asset number {n}") for n in range(count))
    portfolio = Portfolio("many.toml", "many", "USD", assets, name="Many")
    held = Book(
        {a.symbol: Position(a.symbol, "USD", (lot(a.symbol, "100", "90", NOW.date()),)) for a in assets}, {}
    )
    quotes = [
        quote(a.symbol, "100.00" if n != bump else f"{100 + cents / 100:.2f}", close="99.50")
        for n, a in enumerate(assets)
    ]
    return snapshot(portfolio, held, quotes)


class FakeDesk:
    """A desk that looks at the snapshot it was given and keeps what it was asked to do."""

    def __init__(self, first: Snapshot, entries: Sequence[Entry] = ()) -> None:
        self.portfolio = first.portfolio
        self.now = first
        self.ledger = list(entries)
        self.confirmed: list[Request] = []
        self.calls: list[tuple[object, ...]] = []
        self.refuses: list[Exception] = []

    def look(self) -> Snapshot:
        return self.now

    def review(
        self,
        id: str,  # noqa: A002
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        fees: Decimal | None = None,
        lots: tuple[Pick, ...] = (),
    ) -> Proposal:
        self.calls.append(("review", id, quantity, price, fees))
        request = Request(id, quantity=quantity, price=price, fees=fees, lots=lots)
        return confirmation.wanted(request, self.now, {})

    def confirm(self, requests: Sequence[Request], *, executed: Executed | None = None) -> Confirmed:
        self.calls.append(("confirm", *requests))
        if self.refuses:
            raise self.refuses.pop(0)
        proposals = [confirmation.wanted(request, self.now, {}) for request in requests]
        self.confirmed += requests
        entries = tuple(trade(len(self.ledger) + n, p) for n, p in enumerate(proposals, 1))
        self.ledger += entries
        return Confirmed(entries)

    def dismiss(self, id: str) -> None:  # noqa: A002
        self.calls.append(("dismiss", id))

    def snooze(self, id: str, hours: float = 24) -> None:  # noqa: A002
        self.calls.append(("snooze", id, hours))

    def unsnooze(self, symbol: str) -> None:
        self.calls.append(("unsnooze", symbol))

    def unusual(self, symbol: str, price: Decimal) -> str | None:
        line = self.now.valuation.line(symbol)
        assert line is not None
        assert line.price is not None
        return "far from the last trusted price" if abs(price / line.price - 1) > d("0.2") else None

    def type_price(self, symbol: str, price: Decimal | None) -> None:
        self.calls.append(("type", symbol, price))

    def accept(self, symbol: str) -> None:
        self.calls.append(("accept", symbol))

    def split(self, symbol: str, new: Decimal, old: Decimal) -> None:
        self.calls.append(("split", symbol, new, old))

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self.ledger)

    def explain(self, seq: int) -> str:
        self.calls.append(("explain", seq))
        return f"entry {seq}, decided again on the prices of then, comes out the same"

    def void(self, seq: int) -> Entry:
        self.calls.append(("void", seq))
        entry = Entry(
            seq=len(self.ledger) + 1, id=f"void-{seq}", kind="void", recorded_at=NOW, effective=NOW.date(),
            currency="USD", void_of=seq,
        )  # fmt: skip
        self.ledger.append(entry)
        return entry

    def amend(
        self,
        seq: int,
        *,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        fees: Decimal | None = None,
    ) -> tuple[Entry, ...]:
        self.calls.append(("amend", seq, quantity, price, fees))
        if seq > len(self.ledger):
            raise Conflict(f"there is no entry {seq}")
        old = self.ledger[seq - 1]
        void = self.void(seq)
        new = replace(
            old, seq=void.seq + 1, id=f"amend-{seq}", amends=seq, quantity=quantity or old.quantity,
            price=price or old.price, fees=old.fees if fees is None else fees,
        )  # fmt: skip
        self.ledger.append(new)
        return void, new

    def close(self) -> None:
        self.calls.append(("close",))


class FakeRunner:
    """A runner without a thread: the test publishes."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.publish: Callable[[Snapshot], None] | None = None
        self.calls: list[str] = []
        self.holds = 0

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")

    def refresh(self) -> None:
        self.calls.append("refresh")

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def step(self) -> None:
        self.calls.append("step")

    def faster(self) -> None:
        self.calls.append("faster")

    def slower(self) -> None:
        self.calls.append("slower")

    def hold(self) -> None:
        self.holds += 1

    def release(self) -> None:
        self.holds -= 1

    def show(self, snapshot: Snapshot) -> None:
        """Publishes `snapshot`, and makes it what the desk sees."""
        self.desk.now = snapshot
        assert self.publish is not None
        self.publish(snapshot)


def trade(seq: int, proposal: Proposal) -> Entry:
    """The entry of a confirmed proposal."""
    return Entry(
        seq=seq,
        id=proposal.id,
        kind="trade",
        recorded_at=NOW,
        effective=NOW.date(),
        currency=proposal.currency,
        symbol=proposal.symbol,
        side=proposal.side,
        quantity=proposal.quantity,
        price=proposal.price,
        fees=proposal.costs.cash,
        lots=proposal.lots,
        decision={"reason": proposal.reason, "weight_before": proposal.weight_before,
                  "weight_after": proposal.weight_after, "source": proposal.quote.source},
    )  # fmt: skip


def runner(first: Snapshot, entries: Sequence[Entry] = ()) -> FakeRunner:
    return FakeRunner(FakeDesk(first, entries))


def moved(symbol: str, price: str) -> PriceMoved:
    return PriceMoved(f"{symbol} moved to {price} while you looked", fix="nothing was recorded; look at it again")
