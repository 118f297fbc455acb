"""The prices that a desk decides on: the feed's and its user's, judged by what is remembered of each symbol."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from core.errors import BadInput, StrikezoneError
from core.ledger.ledger import Ledger
from core.ledger.state import State, load_state
from core.market.appraisal import Appraisal, appraise
from core.market.currency import rate_symbols, symbols
from core.market.feed import Feed
from core.market.memory import Memory, near, newer, print_of
from core.market.quotes import Quote
from core.market.trust import HIGHEST_PRICE, LOWEST_PRICE, KnownSplit, Trust, TrustLimits
from core.market.typed import TypedPrice, typed_now
from core.money import plain
from core.portfolio.model import Asset, Portfolio

SAVE_EVERY: Final = timedelta(minutes=10)  # trusted prices go to the disk so often; what is suspect at once
SPLIT_NEAR: Final = 0.1  # how far a price may be from the last one in new units to be explained by the split
UNUSUAL: Final = 0.2  # a typed price this far from the last trusted one needs a second yes


class Prices:
    """What is known of the symbols of one portfolio. For one thread at a time, like the ledger."""

    def __init__(self, portfolio: Portfolio, ledger: Ledger, feed: Feed) -> None:
        self._portfolio = portfolio
        self._ledger = ledger
        self._feed = feed
        self._memories: dict[str, Memory] = {}
        self._saved: dict[str, Memory] = {}
        self._saved_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether they are of now, so that jumps and memories have a meaning."""
        return self._feed.source in ("yahoo", "manual")

    def symbols(self) -> tuple[str, ...]:
        """All that the feed must quote: the assets, and the rates of their currencies and of the cash."""
        return symbols(self._portfolio, self._held())

    def appraise(self, state: State, now: datetime) -> Appraisal:
        """The quotes as they stand, judged; what is to be remembered is kept, and on the disk where it matters."""
        live = self.live
        self._saved = state.prices
        known = {
            symbol: newer(self._memories.get(symbol, Memory()), state.prices.get(symbol, Memory()))
            for symbol in (self._memories.keys() | state.prices.keys() if live else ())
        }
        appraisal = appraise(self._feed.board, self._limits(), known, state.typed if live else {}, now)
        if live:
            self._memories = {**known, **appraisal.memories}
            self._save_if_due(now)
        return appraisal

    def save(self, now: datetime) -> None:
        """Put what is remembered on the disk, if it is not there."""
        changed = {s: m for s, m in self._memories.items() if m != Memory() and m != self._saved.get(s)}
        if not changed or not self.live or self._ledger.readonly:
            return
        self._saved_at = now

        def remembered(state: State) -> State:
            fresh = {s: newer(m, state.prices.get(s, Memory())) for s, m in changed.items()}
            return replace(state, prices={**state.prices, **fresh})

        with contextlib.suppress(StrikezoneError):  # locked, full or read-only: tried again later
            self._saved = self._ledger.save_state(remembered).prices

    def accept(self, symbol: str, quote: Quote | None, trust: Trust) -> None:
        """Release a quote that is only suspect: it is the last trusted one from now on."""
        seen = None if quote is None else print_of(quote)
        if trust.trusted:
            raise BadInput(f"{symbol} is trusted already", fix="nothing was changed")
        if seen is None or trust.suspicion is None:
            raise BadInput(
                f"{symbol} cannot be accepted: {trust.reason}",
                fix="only a price that jumped, or looks like a split, waits for you; "
                "others become trusted by themselves, or are typed",
            )
        self._memories[symbol] = Memory(seen)
        self._ledger.save_state(lambda state: replace(state, prices={**state.prices, symbol: Memory(seen)}))

    def explain(self, symbol: str, quote: Quote | None, trust: Trust, ratio: Decimal) -> None:
        """After a split was recorded: release a price that looked like it, if this ratio is what it looked like."""
        seen, memory = None if quote is None else print_of(quote), self._memories.get(symbol, Memory())
        limit = self._portfolio.limits.max_jump.value
        if seen is None or trust.suspicion is None or memory.trusted is None:
            return
        if near(seen.price, memory.trusted.price / ratio, min(limit or SPLIT_NEAR, SPLIT_NEAR)):
            self.accept(symbol, quote, trust)

    def unusual(self, symbol: str, price: Decimal) -> str | None:
        """What a user should be asked before `price` is typed for `symbol`: it is far from the last trusted one."""
        memory = newer(
            self._memories.get(symbol, Memory()), load_state(self._ledger.folder).prices.get(symbol, Memory())
        )
        if memory.trusted is None or not memory.trusted.price:
            return None
        moved = float(price / memory.trusted.price - 1)
        limit = self._portfolio.limits.max_jump.value or UNUSUAL
        if abs(moved) <= limit:
            return None
        return f"{moved:+.1%} from {plain(memory.trusted.price)}, the last trusted price"

    def type_price(self, symbol: str, price: Decimal | None, now: datetime) -> TypedPrice | None:
        """Let `price`, typed by the user, count for `symbol` until it expires; with None the feed counts again."""
        asset = self.check_typed(symbol, price)
        if price is None:
            self._ledger.save_state(lambda s: replace(s, typed={k: t for k, t in s.typed.items() if k != symbol}))
            return None
        currency = self._portfolio.base_currency if asset is None else asset.currency
        typed = typed_now(price, currency, now, fund=asset is not None and asset.kind == "fund")
        self._ledger.save_state(lambda state: replace(state, typed={**state.typed, symbol: typed}))
        return typed

    def typed(self) -> frozenset[str]:
        """The symbols whose prices are typed, expired ones among them."""
        return frozenset(load_state(self._ledger.folder).typed)

    def forget_typed(self, symbol: str) -> None:
        """After a split: what was typed before it was of other units."""
        if symbol in self.typed():
            self._ledger.save_state(lambda s: replace(s, typed={k: t for k, t in s.typed.items() if k != symbol}))

    def check_typed(self, symbol: str, price: Decimal | None) -> Asset | None:
        """The asset whose price may be typed, None for a rate; BadInput for a strange symbol or price."""
        asset = self._portfolio.asset(symbol)
        if asset is None and symbol not in self._rates():
            raise BadInput(f"{symbol} is not in the portfolio", where=self._portfolio.path, fix="check the symbol")
        if price is not None and not (price.is_finite() and LOWEST_PRICE <= price <= HIGHEST_PRICE):
            raise BadInput(f"{price} is no believable price", where=symbol, fix="give the price of one unit")
        return asset

    def _save_if_due(self, now: datetime) -> None:
        """At once what must outlive a crash: suspects, and the first price that is known at all of a symbol."""
        for symbol, memory in self._memories.items():
            saved = self._saved.get(symbol, Memory())
            first = saved.trusted is None and memory.trusted is not None
            if first or memory.suspects != saved.suspects:
                self.save(now)
                return
        if self._saved_at is None:
            self._saved_at = now
        elif now - self._saved_at >= SAVE_EVERY:
            self.save(now)

    def _limits(self) -> dict[str, TrustLimits]:
        portfolio = self._portfolio
        max_jump = portfolio.limits.max_jump.value if self.live else None
        stale_after = portfolio.feed.stale_after
        splits = self._splits()
        limits = {
            asset.symbol: TrustLimits(
                asset.currency, stale_after, max_jump, asset.kind, None, splits.get(asset.symbol, ())
            )
            for asset in portfolio.assets
        }
        rate = TrustLimits(portfolio.base_currency, stale_after, max_jump, "fx")
        return limits | dict.fromkeys(self._rates(), rate)

    def _rates(self) -> tuple[str, ...]:
        return rate_symbols(self._portfolio, self._held())

    def _held(self) -> list[str]:
        """The currencies in which the ledger has cash."""
        return [currency for currency, balance in self._ledger.book.cash.items() if balance]

    def _splits(self) -> dict[str, list[KnownSplit]]:
        """Those that the ledger has, by symbol."""
        return {s: [KnownSplit(*split) for split in splits] for s, splits in self._ledger.book.splits.items()}
