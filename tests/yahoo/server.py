"""The server: one thread, one event loop, one port that is a CONNECT proxy and, behind it, all of Yahoo's hosts."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from tests.yahoo import certificates
from tests.yahoo.control import control
from tests.yahoo.faults import Fault, Faults, Kind, Layer
from tests.yahoo.routes import PAGE, TEXT, Answer, Asked, Visitors, answer, consent_redirect, page, refusal
from tests.yahoo.stream import Streams
from tests.yahoo.wire import HEAD_LIMIT, Head, encoded, read_head, symbols_of
from tests.yahoo.world import World

STREAMER: Final = "streamer.finance.yahoo.com"
REQUESTS_A_CONNECTION: Final = 1_000_000
T = TypeVar("T")


class Request(NamedTuple):
    """One request that reached a host of Yahoo's. `when` is `time.monotonic`."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    symbols: tuple[str, ...]
    when: float


class Yahoo:
    """A loopback Yahoo, running while its context is open. Everything on it may be used from any thread."""

    def __init__(self, port: int = 0, world: World | None = None) -> None:
        self.world = world or World()
        self.visitors = Visitors()
        self.faults = Faults()
        self.streams = Streams(self)
        self.requests: list[Request] = []
        self.hosts: list[str] = []
        self.refused: list[str] = []
        self.broken: list[Exception] = []  # defects of this server; empty at the end of every good test
        self.changed = threading.Condition()
        self._wanted_port = port
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    # Its life

    def __enter__(self) -> Self:
        self.certificate, self._context = certificates.authority()
        _bound(self._wanted_port, share=False).close()  # raises if somebody listens there
        self._reserved = _bound(self._wanted_port)
        self.port: int = self._reserved.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopback Yahoo", daemon=True)
        self._thread.start()
        self.online()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.offline()
        self._call(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
        self._reserved.close()
        if self.broken and error is None:
            raise ExceptionGroup("the loopback Yahoo broke", self.broken)

    def online(self) -> None:
        """Listen; the port stays the same."""
        self._call(self._listen())

    def offline(self) -> None:
        """Refuse every connection, as a machine without a network does, and cut those there are."""
        self._call(self._hang_up())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, home: Path) -> dict[str, str]:
        """What a child process needs in its environment to take this for Yahoo; `home` holds its caches."""
        home.mkdir(parents=True, exist_ok=True)
        pem = home / "loopback-yahoo.pem"
        pem.write_bytes(self.certificate)
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), self.url)
        bundles = dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"), str(pem))
        direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        caches = {"XDG_CACHE_HOME": str(home / "cache"), "HOME": str(home)}
        return proxies | bundles | direct | caches

    # What the test does to it

    def fault(
        self,
        pattern: str,
        kind: Kind,
        value: Any = None,
        *,
        times: int | None = None,
        layer: Layer | None = None,
        symbols: Iterable[str] = (),
    ) -> Fault:
        """Something goes wrong from now on where `pattern` is found in host, path and query: see `faults.py`."""
        return self.faults.add(pattern, kind, value, times=times, layer=layer, symbols=symbols)

    def clear(self) -> None:
        """End every fault; what hangs goes on hanging."""
        self.faults.clear()

    def tick(self, symbol: str, price: float | None = None, **fields: Any) -> int:
        """Give `symbol` a new price, if one is named, and stream it; to how many clients it went.

        `fields` are further ones of PricingData by name, such as `bid=1.5`.
        """
        if price is not None:
            self.world[symbol].price = price
        return self._call(self.streams.tick(symbol, fields))

    def drop(self, code: int | None = 1001) -> int:
        """Close every stream there is with `code`; None cuts the connection (1006). How many there were."""
        return self._call(self.streams.drop(code))

    def send(self, frame: str | bytes) -> int:
        """Send one frame as it is to every stream; to how many clients it went."""
        return self._call(self.streams.send(frame))

    def expire(self) -> None:
        """Every crumb given so far is wrong from now on."""
        self.visitors.generation += 1

    def reset(self, world: World | None = None) -> None:
        """As if freshly started: faults, counts, cookies and the world forgotten, connections cut."""
        self.offline()
        self.forget(world)
        self.online()

    def forget(self, world: World | None = None) -> None:
        """`reset` without cutting the connections there are."""
        self.clear()
        self.world = world or World()
        self.visitors = Visitors()
        for log in (self.requests, self.hosts, self.refused, self.broken, self.streams.subscribed):
            log.clear()

    # What the test sees

    def requests_to(self, path: str) -> list[Request]:
        """The requests whose host and path hold `path`."""
        return [request for request in list(self.requests) if path in request.host + request.path]

    @property
    def quote_requests(self) -> list[Request]:
        return self.requests_to("/v7/finance/quote")

    @property
    def chart_requests(self) -> list[Request]:
        return self.requests_to("/v8/finance/chart/")

    @property
    def subscriptions(self) -> frozenset[str]:
        """The symbols that some stream is subscribed to now."""
        return self.streams.symbols

    def wait_for(self, condition: Callable[[], T], seconds: float = 10.0) -> T:
        """What `condition` gives as soon as that is true: asked at every event and 20 times a second."""
        end = time.monotonic() + seconds
        with self.changed:
            while not (got := condition()):
                left = end - time.monotonic()
                if left <= 0:
                    last = [request.host + request.path for request in self.requests[-20:]]
                    raise TimeoutError(f"not within {seconds:g} s; last requests: {last}")
                self.changed.wait(min(left, 0.05))
        return got

    def notice(self) -> None:
        """Wake those who wait: something has happened."""
        with self.changed:
            self.changed.notify_all()

    def log(self, host: str, head: Head) -> None:
        """Count a request."""
        self.requests.append(
            Request(head.method, host, head.path, head.query, symbols_of(head.target), time.monotonic())
        )
        self.notice()

    # How it works

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        if self._server is None:
            sock = _bound(self.port)
            self._server = await asyncio.start_server(self._accept, sock=sock, limit=HEAD_LIMIT, backlog=256)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._proxy(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client went away, or the server does
        except Exception as error:
            self.broken.append(error)
        finally:
            writer.transport.abort()
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 1)
            self._tasks.discard(task)

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """CONNECT opens a tunnel to one of Yahoo's hosts; /__ctl/ drives the server; all else is refused."""
        for _ in range(REQUESTS_A_CONNECTION):
            head = await read_head(reader)
            if head is None:
                return
            if head.method == "CONNECT":
                await self._tunnel(head, reader, writer)
                return
            if head.path.startswith("/__ctl/") and not head.target.startswith("http"):
                writer.write(encoded(await control(self, head.path.removeprefix("/__ctl/"), head.body)))
            else:
                self._refuse(urlsplit(head.target).hostname or head.headers.get("host", head.target))
                writer.write(encoded(Answer(403, b"not Yahoo\n", TEXT)))
            await writer.drain()

    def _refuse(self, host: str) -> None:
        self.hosts.append(host)
        self.refused.append(host)
        self.notice()

    async def _tunnel(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = head.target.rpartition(":")
        if host not in certificates.HOSTS or port != "443":
            self._refuse(host)
            writer.write(encoded(Answer(403, b"not Yahoo\n", TEXT)))
            await writer.drain()
            return
        self.hosts.append(host)
        self.notice()
        fault = self.faults.take("connect", host)
        if fault is not None and not await self._suffer(fault, writer, "finance"):
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.start_tls(self._context)
        for _ in range(REQUESTS_A_CONNECTION):
            asked = await read_head(reader)
            if asked is None:
                return
            if host == STREAMER:
                await self.streams.serve(asked, reader, writer)
                return
            if not await self._answer(host, asked, writer):
                return

    async def _answer(self, host: str, head: Head, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection lives on."""
        self.log(host, head)
        target = host + head.target
        asked = Asked(head.method, host, head.path, head.query, head.cookies, head.body)
        part = "chart" if "/chart/" in head.path else "finance"
        fault = self.faults.take("http", target)
        if fault is not None and fault.kind == "consent":
            writer.write(encoded(consent_redirect(asked, f"https://{target}")))
            await writer.drain()
            return True
        if fault is not None and not await self._suffer(fault, writer, part):
            return False
        if fault is None or fault.kind == "delay":
            reply = answer(asked, self.world, self.visitors, self.faults.content("http", target))
            writer.write(encoded(reply))
        elif fault.kind == "truncated":
            whole = answer(asked, self.world, self.visitors, [])
            writer.write(encoded(whole, sent=whole.body[: len(whole.body) // 2]))
        await writer.drain()
        return fault is None or fault.kind != "truncated"

    async def _suffer(self, fault: Fault, writer: asyncio.StreamWriter, part: str) -> bool:
        """Do what `fault` says to this connection; whether it lives on."""
        match fault.kind:
            case "hang":
                await asyncio.get_running_loop().create_future()
            case "delay":
                await asyncio.sleep(float(fault.value or 0.1))
            case "reset":
                sock = writer.transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
            case "status":
                writer.write(encoded(_faulty(part, int(fault.value or 500))))
            case "malformed":
                writer.write(encoded(Answer(200, b'{"quoteResponse": {"result": [{"symbol": ')))
            case "html":
                writer.write(encoded(page()))
            case "empty":
                writer.write(encoded(Answer(200, b"")))
            case "text":
                writer.write(encoded(Answer(200, str(fault.value or "").encode(), TEXT)))
        await writer.drain()
        return True


def _faulty(part: str, status: int) -> Answer:
    return page(PAGE, status) if status == 200 else refusal(part, status)


def _bound(port: int, *, share: bool = True) -> socket.socket:
    """A socket on 127.0.0.1; with `share` its port can be bound twice: it stays ours while nobody listens."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(share))
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock
