"""The loopback Yahoo and child processes: unmodified programs, the standalone server, other hosts, many starts."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.tui.cli.support import ROOT
from tests.yahoo import Yahoo

QUOTE = """
import json, sys, warnings
from yfinance.data import YfData
answer = YfData().get_raw_json(
    "https://query1.finance.yahoo.com/v7/finance/quote", params={"symbols": "AAPL,VOD.L"}, timeout=10)
print(json.dumps([quote["regularMarketPrice"] for quote in answer["quoteResponse"]["result"]]))
"""
STREAM = """
import asyncio, json, yfinance
async def main():
    async with yfinance.AsyncWebSocket(verbose=False) as stream:
        await stream.subscribe("AAPL")
        frame = json.loads(await asyncio.wait_for(stream._ws.recv(), 10))
        print(stream._decode_message(frame["message"])["price"])
asyncio.run(main())
"""


def run(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_child_process_needs_nothing_but_its_environment(yahoo: Yahoo, yahoo_environment: dict[str, str]) -> None:
    assert json.loads(run(QUOTE, yahoo_environment)) == [189.5, 71.12]
    assert len(yahoo.requests) == 3


def test_a_second_process_finds_the_cookie_of_the_first(yahoo: Yahoo, yahoo_environment: dict[str, str]) -> None:
    for _ in range(2):
        run(QUOTE, yahoo_environment)
    assert len(yahoo.requests_to("fc.yahoo.com")) == 1
    assert len(yahoo.requests) == 5


def test_a_child_process_hears_the_stream(yahoo: Yahoo, yahoo_environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STREAM], env=yahoo_environment, stdout=subprocess.PIPE, text=True
    ) as child:
        assert yahoo.wait_for(lambda: "AAPL" in yahoo.subscriptions, 30)
        yahoo.tick("AAPL", 123.25)
        out, _ = child.communicate(timeout=30)
    assert out == "123.25\n"


def test_the_caches_of_a_child_are_under_the_home_it_was_given(
    yahoo: Yahoo, yahoo_environment: dict[str, str], tmp_path: Path
) -> None:
    run(QUOTE, yahoo_environment)
    assert (tmp_path / "yahoo" / "cache" / "py-yfinance" / "cookies.db").exists()


# Other hosts


@pytest.fixture
def proxy() -> Iterator[Yahoo]:
    """A server of its own: the shared one minds being asked for other hosts."""
    with Yahoo() as server:
        yield server


def connect(proxy: Yahoo, line: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), 5) as sock:
        sock.sendall(line + b"\r\nHost: example\r\n\r\n")
        return sock.recv(100)


@pytest.mark.parametrize("target", ["example.com:443", "finance.yahoo.com:80", "yahoo.com:443", "127.0.0.1:443"])
def test_every_other_host_is_refused_and_logged(proxy: Yahoo, target: str) -> None:
    assert connect(proxy, f"CONNECT {target} HTTP/1.1".encode()).startswith(b"HTTP/1.1 403 ")
    assert proxy.refused == [target.rpartition(":")[0]]
    assert proxy.hosts == proxy.refused
    assert proxy.requests == []


def test_plain_http_through_the_proxy_is_refused_and_logged(proxy: Yahoo) -> None:
    assert connect(proxy, b"GET http://example.com/ HTTP/1.1").startswith(b"HTTP/1.1 403 ")
    assert proxy.refused == ["example.com"]


def test_what_is_no_http_ends_the_connection(proxy: Yahoo) -> None:
    assert connect(proxy, b"\x16\x03\x01 nonsense") == b""


def test_offline_the_port_refuses_and_stays_ours(proxy: Yahoo) -> None:
    proxy.offline()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy, b"CONNECT example.com:443 HTTP/1.1")
    proxy.online()
    assert connect(proxy, b"CONNECT example.com:443 HTTP/1.1").startswith(b"HTTP/1.1 403 ")


def test_a_port_that_somebody_listens_on_is_not_shared(proxy: Yahoo) -> None:
    with pytest.raises(OSError, match="in use"), Yahoo(proxy.port):
        pass


def test_it_can_be_started_many_times_over() -> None:
    for _ in range(10):
        with Yahoo() as yahoo:
            assert connect(yahoo, b"CONNECT example.com:443 HTTP/1.1").startswith(b"HTTP/1.1 403 ")


def test_its_modules_load_neither_yfinance_nor_what_that_drags_in() -> None:
    code = (
        "import sys\nfrom tests.yahoo import Yahoo\nwith Yahoo(): pass\n"
        "print({'yfinance', 'pandas', 'numpy', 'curl_cffi', 'google'} & set(sys.modules))"
    )
    assert run(code, os.environ | {"PYTHONPATH": str(ROOT)}) == "set()\n"


# Standalone


class Standalone:
    """`python -m tests.yahoo`, as a shell sees it."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        self.exports: dict[str, str] = {}
        for line in iter(child.stdout.readline, ""):
            if line.startswith("#"):
                break
            name, _, value = line.removeprefix("export ").strip().partition("=")
            self.exports[name] = value

    def tell(self, verb: str, **what: Any) -> dict[str, Any]:
        request = Request(f"{self.exports['HTTPS_PROXY']}/__ctl/{verb}", json.dumps(what).encode())
        with build_opener(ProxyHandler({})).open(request, timeout=5) as answer:
            told: dict[str, Any] = json.load(answer)
        return told


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[Standalone]:
    words = [sys.executable, "-m", "tests.yahoo", "--home", str(tmp_path / "standalone")]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Standalone(child)
        finally:
            child.terminate()
            assert child.wait(10) == 0


def test_standalone_it_prints_what_a_shell_must_export_and_obeys_posts(standalone: Standalone) -> None:
    assert {"HTTPS_PROXY", "SSL_CERT_FILE", "XDG_CACHE_HOME"} <= standalone.exports.keys()
    standalone.tell("set", symbol="AAPL", price=7.5)
    standalone.tell("fault", pattern="v7/finance/quote", kind="status", value=429, times=1)
    standalone.tell("clock", stage="2026-11-21T20:00:00+00:00")
    assert json.loads(run(QUOTE, os.environ | standalone.exports)) == [7.5, 71.12]
    log = standalone.tell("log")
    assert [request["path"] for request in log["requests"]].count("/v7/finance/quote") == 2
    assert (log["refused"], log["subscriptions"]) == ([], [])


def test_standalone_it_refuses_what_it_does_not_know(standalone: Standalone) -> None:
    for verb, what in (("dance", {}), ("set", {"symbol": "AAPL", "weight": 1}), ("fault", {"pattern": "x"})):
        with pytest.raises(OSError, match="400"):
            standalone.tell(verb, **what)
