"""Yahoo's stream of prices under a supervisor of our own: whatever closes, garbles or silences it, it comes back.

It only improves on what is polled: a tick becomes a quote if nothing about it is in doubt, else it is dropped.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random as chance
import socket
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from core.market.library import LONGEST_DETAIL, pricing_data
from core.market.quotes import Quote
from core.market.trust import HIGHEST_PRICE, LOWEST_PRICE
from core.money import MINOR_UNITS, shortest
from core.text import clean

STREAM: Final = "wss://streamer.finance.yahoo.com/?version=2"
REGULAR_HOURS: Final = 1  # 0 is pre-market (and, in proto3, absent), 2 post-market
LATEST_MILLISECONDS: Final = 32503680000_000  # the year 3000
STOP_SECONDS: Final = 2.0


class Pace(Struct, frozen=True):
    """Seconds: between attempts from `first` to `longest`, anew after `healthy` ones; of silence; and others."""

    first: float = 1.0
    longest: float = 60.0
    healthy: float = 60.0
    silence: float = 90.0
    resubscribe: float = 15.0
    gather: float = 0.25  # ticks of so long are handed over together
    opening: float = 10.0
    closing: float = 0.5


_PACE: Final = Pace()


class Stream:
    """Subscribes to ticks in a thread and an event loop of its own and hands them over as quotes, in that thread.

    `unit_of` says in which unit (GBp, USD) the poll saw a symbol quoted, for many ticks name none. `may_be_silent`
    says that no tick is to be expected, as when all markets are closed. Nothing is raised: `trouble` says why.
    """

    def __init__(
        self,
        on_quotes: Callable[[list[Quote]], None],
        *,
        unit_of: Callable[[str], str | None] = lambda symbol: None,
        may_be_silent: Callable[[], bool] = lambda: False,
        url: str = STREAM,
        pace: Pace = _PACE,
        random: Callable[[], float] = chance.random,
    ) -> None:
        self._on_quotes = on_quotes
        self._unit_of = unit_of
        self._may_be_silent = may_be_silent
        self._url = url
        self._pace = pace
        self._random = random
        self._symbols: dict[str, str] = {}  # as Yahoo writes them -> as they were asked for
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._stopped = False
        self._lock = threading.Lock()
        self.live = False
        self.trouble = ""

    def watch(self, symbols: Iterable[str]) -> None:
        """Subscribe to these symbols and no others, from any thread."""
        named = {symbol.upper(): symbol for symbol in symbols}
        with self._lock:
            if named != self._symbols:
                self._symbols = named
                self._call(self._changed.set)

    def start(self) -> None:
        """Begin; once, before `stop`."""
        with self._lock:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="yahoo-stream", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End, within STOP_SECONDS whatever the network does. Nothing is handed over afterwards."""
        with self._lock:
            self._stopped = True
            thread = self._thread
            if self._task is not None:
                self._call(self._task.cancel)
        if thread is not None and thread is not threading.current_thread():
            thread.join(STOP_SECONDS)

    def _call(self, act: Callable[[], object]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                self._loop.call_soon_threadsafe(act)

    # -- in the thread

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=_Loop) as runner, contextlib.suppress(asyncio.CancelledError):
            runner.run(self._begin())

    async def _begin(self) -> None:
        with self._lock:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            self._loop.set_exception_handler(lambda loop, context: None)
            if self._stopped:
                return
        await self._supervise()

    async def _supervise(self) -> None:
        """Connect again and again, after longer and longer waits until a connection has held."""
        clock = asyncio.get_running_loop().time
        wait = self._pace.first
        while True:
            began = clock()
            try:
                await self._listen_once()
            except Exception as error:  # of the network, the libraries or a frame: all mean a new attempt
                self.trouble = f"the stream of prices has stopped: {_named(error)}"
            finally:
                self.live = False
            if clock() - began >= self._pace.healthy:
                wait = self._pace.first
            await asyncio.sleep(min(max(wait * (0.8 + 0.4 * self._random()), self._pace.first), self._pace.longest))
            wait = min(wait * 2, self._pace.longest)

    async def _listen_once(self) -> None:
        """One connection, until it fails."""
        while not self._symbols:
            self._changed.clear()
            await self._changed.wait()
        decode = pricing_data()
        from websockets.asyncio.client import connect

        opening, closing = self._pace.opening, self._pace.closing
        connection = connect(self._url, open_timeout=opening, close_timeout=closing)
        async with connection as socket, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._subscribe(socket))
            tasks.create_task(self._receive(socket, decode))

    async def _subscribe(self, socket: Any) -> None:
        """Keep the server told what is wanted: at once, at each change, and again every few seconds."""
        told: set[str] = set()
        while True:
            self._changed.clear()
            wanted = set(self._symbols)
            if told - wanted:
                await socket.send(json.dumps({"unsubscribe": sorted(told - wanted)}))
            if wanted:
                await socket.send(json.dumps({"subscribe": sorted(wanted)}))
            told = wanted
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.resubscribe):
                    await self._changed.wait()

    async def _receive(self, socket: Any, decode: Callable[[bytes], Any]) -> None:
        """Hand over what comes; TimeoutError after a silence that nothing explains, ValueError for garbage."""
        clock = asyncio.get_running_loop().time
        heard = clock()
        due = 0.0
        pending: dict[str, Quote] = {}
        try:
            while True:
                if pending and clock() >= due:
                    self._hand_over(pending)
                try:
                    async with asyncio.timeout_at(due if pending else heard + self._pace.silence):
                        frame = await socket.recv()
                except TimeoutError:
                    if not pending and not self._silence_is_right():
                        raise TimeoutError("nothing has come for too long") from None
                    heard = heard if pending else clock()
                    continue
                heard = clock()
                self.live, self.trouble = True, ""
                quote = self._quote(frame, decode)
                if quote is not None:
                    due = due if pending else heard + self._pace.gather
                    pending[quote.symbol] = quote
        finally:
            self._hand_over(pending)

    def _silence_is_right(self) -> bool:
        return not self._symbols or self._may_be_silent()

    def _hand_over(self, pending: dict[str, Quote]) -> None:
        quotes = list(pending.values())
        pending.clear()
        if quotes and not self._stopped:
            self._on_quotes(quotes)

    def _quote(self, frame: str | bytes, decode: Callable[[bytes], Any]) -> Quote | None:
        """The quote in one frame; None if it is none, ValueError if it cannot be read."""
        said = json.loads(frame)
        if not isinstance(said, dict):
            raise ValueError("a frame that is no object")
        message = said.get("message")
        if not isinstance(message, str):
            return None
        tick = decode(base64.b64decode(message, validate=True))
        symbol = self._symbols.get(tick.id.upper())
        return None if symbol is None else quote_of(tick, symbol, self._unit_of(symbol))


def quote_of(tick: Any, symbol: str, unit: str | None) -> Quote | None:
    """A tick of the regular session as a quote; None for any other, or if price, time or unit are in doubt.

    `unit` is what the poll saw. The market's state is left open: a tick of a delayed venue comes after its close.
    """
    raw = clean(tick.currency) or unit
    if tick.market_hours != REGULAR_HOURS or raw is None or (unit is not None and raw != unit):
        return None
    if not 0 < tick.time < LATEST_MILLISECONDS:
        return None
    currency, parts = MINOR_UNITS.get(raw, (raw, 1))
    price = shortest(tick.price) / parts
    if not price.is_finite() or not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        return None
    return Quote(
        symbol=symbol,
        source="yahoo",
        price=price,
        currency=currency,
        raw_currency=raw,
        time=datetime.fromtimestamp(tick.time // 1000, UTC),
    )


def _named(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return clean(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, LONGEST_DETAIL)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose name lookups end with the process; asyncio's own would keep it from ending."""

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """As the base class, in a thread that nobody waits for."""
        answer = self.create_future()

        def settle(setter: Callable[[Any], None], value: Any) -> None:
            if not answer.done():
                setter(value)

        def look_up() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                try:
                    found = socket.getaddrinfo(host, port, **options)
                except OSError as error:
                    self.call_soon_threadsafe(settle, answer.set_exception, error)
                else:
                    self.call_soon_threadsafe(settle, answer.set_result, found)

        threading.Thread(target=look_up, name="yahoo-lookup", daemon=True).start()
        return await answer
