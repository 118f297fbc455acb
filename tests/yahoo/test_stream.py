"""The stream of the loopback Yahoo and its faults, heard through yfinance's own socket in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidProxyMessage, InvalidStatus

from tests.yahoo import Yahoo
from tests.yahoo.stream import pricing_data

EVENT_SECONDS = 5.0


@asynccontextmanager
async def listening(yahoo: Yahoo, *symbols: str) -> AsyncIterator[Any]:
    """yfinance's socket, subscribed to `symbols` as far as the server is concerned."""
    from yfinance import AsyncWebSocket

    socket = AsyncWebSocket(verbose=False)
    before = len(yahoo.streams.subscribed)
    try:
        await socket.subscribe(list(symbols))
        await until(yahoo, lambda: len(yahoo.streams.subscribed) > before)
        yield socket
    finally:
        await socket.close()


async def until(yahoo: Yahoo, condition: Callable[[], object]) -> None:
    await asyncio.to_thread(yahoo.wait_for, condition, EVENT_SECONDS)


async def received(socket: Any) -> dict[str, Any]:
    """The next price, as yfinance decodes it."""
    frame = await asyncio.wait_for(socket._ws.recv(), EVENT_SECONDS)
    decoded: dict[str, Any] = socket._decode_message(json.loads(frame)["message"])
    return decoded


async def test_a_tick_reaches_those_who_subscribed_to_its_symbol(yahoo_here: Yahoo) -> None:
    async with listening(yahoo_here, "AAPL", "BTC-USD") as socket:
        assert yahoo_here.subscriptions == {"AAPL", "BTC-USD"}
        yahoo_here.world["AAPL"].as_of = 1_795_000_000
        assert yahoo_here.tick("VTI", 256.0) == 0
        assert yahoo_here.tick("AAPL", 190.25, bid=190.2) == 1
        tick = await received(socket)
    assert (tick["id"], tick["price"], tick["currency"], tick["time"]) == ("AAPL", 190.25, "USD", "1795000000000")
    assert (tick["exchange"], tick["quote_type"], tick["market_hours"], tick["bid"]) == ("NMS", 8, 1, 190.2)
    assert yahoo_here.world["AAPL"].price == 190.25
    assert yahoo_here.hosts == ["streamer.finance.yahoo.com"]


async def test_a_tick_before_the_opening_has_no_market_hours(yahoo_here: Yahoo) -> None:
    yahoo_here.world["AAPL"].state = "PRE"
    async with listening(yahoo_here, "AAPL") as socket:
        yahoo_here.tick("AAPL")
        assert "market_hours" not in await received(socket)


async def test_a_symbol_can_be_unsubscribed(yahoo_here: Yahoo) -> None:
    async with listening(yahoo_here, "AAPL", "VTI") as socket:
        await socket.unsubscribe(["VTI"])
        await until(yahoo_here, lambda: yahoo_here.subscriptions == {"AAPL"})
        assert yahoo_here.tick("VTI") == 0


@pytest.mark.parametrize("code", [1000, 1001, 1012])
async def test_the_stream_is_closed_with_a_code_for_all_who_listen(yahoo_here: Yahoo, code: int) -> None:
    async with listening(yahoo_here, "AAPL") as socket:
        assert yahoo_here.drop(code) == 1
        with pytest.raises(ConnectionClosed) as closed:
            await received(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    await until(yahoo_here, lambda: yahoo_here.streams.count == 0)


async def test_the_stream_is_cut_without_a_word(yahoo_here: Yahoo) -> None:
    async with listening(yahoo_here, "AAPL") as socket:
        yahoo_here.drop(None)
        with pytest.raises(ConnectionClosed) as closed:
            await received(socket)
    assert closed.value.rcvd is None


@pytest.mark.parametrize(("kind", "value"), [("close", 1000), ("close", 1012), ("abort", None)])
async def test_whoever_subscribes_is_closed_on_so_many_times(yahoo_here: Yahoo, kind: Any, value: Any) -> None:
    fault = yahoo_here.fault("streamer", kind, value, times=1)
    async with listening(yahoo_here, "AAPL") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await received(socket)
    assert (closed.value.rcvd.code if closed.value.rcvd else None) == value
    assert fault.hits == 1
    async with listening(yahoo_here, "AAPL") as socket:
        yahoo_here.tick("AAPL", 3.5)
        assert (await received(socket))["price"] == 3.5


async def test_a_silent_stream_stays_open_and_says_nothing(yahoo_here: Yahoo) -> None:
    fault = yahoo_here.fault("streamer", "silent")
    async with listening(yahoo_here, "AAPL") as socket:
        assert yahoo_here.tick("AAPL", 1.0) == 0
        assert fault.hits == 1
        fault.clear()
        yahoo_here.tick("AAPL", 2.0)
        assert (await received(socket))["price"] == 2.0


async def test_garbage_comes_instead_of_a_tick(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("streamer", "garbage", times=1)
    yahoo_here.fault("streamer", "garbage", b"\xff\x00", times=1)
    async with listening(yahoo_here, "AAPL") as socket:
        yahoo_here.tick("AAPL", 1.0)
        with pytest.raises(ValueError, match="Expecting"):
            await received(socket)
        yahoo_here.tick("AAPL", 1.5)
        assert await socket._ws.recv() == b"\xff\x00"
        yahoo_here.tick("AAPL", 2.0)
        assert (await received(socket))["price"] == 2.0


async def test_any_frame_can_be_sent(yahoo_here: Yahoo) -> None:
    async with listening(yahoo_here, "AAPL") as socket:
        assert yahoo_here.send("{}") == 1
        assert await socket._ws.recv() == "{}"


@pytest.mark.parametrize(
    ("kind", "value", "field", "seen"),
    [
        ("price", -5.0, "price", -5.0),
        ("price", 1e12, "price", pytest.approx(1e12)),
        ("price", 0, "price", None),
        ("noprice", None, "price", None),
        ("notime", None, "time", None),
        ("nocurrency", None, "currency", None),
    ],
)
async def test_a_tick_may_be_absurd_or_incomplete(
    yahoo_here: Yahoo, kind: Any, value: Any, field: str, seen: object
) -> None:
    yahoo_here.fault("streamer", kind, value, layer="stream", times=1)
    async with listening(yahoo_here, "AAPL") as socket:
        yahoo_here.tick("AAPL")
        assert (await received(socket)).get(field) == seen


async def test_a_handshake_can_be_refused(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("streamer", "status", 503, layer="stream", times=1)
    with pytest.raises(InvalidStatus, match="503"):
        async with listening(yahoo_here, "AAPL"):
            pass
    async with listening(yahoo_here, "AAPL"):
        assert yahoo_here.subscriptions == {"AAPL"}


async def test_a_tunnel_to_the_stream_can_be_refused(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("streamer", "reset", layer="connect")
    with pytest.raises(InvalidProxyMessage):
        async with listening(yahoo_here, "AAPL"):
            pass


async def test_several_clients_listen_to_different_symbols(yahoo_here: Yahoo) -> None:
    async with listening(yahoo_here, "AAPL") as one, listening(yahoo_here, "AAPL", "VTI") as two:
        assert yahoo_here.tick("AAPL", 1.25) == 2
        assert yahoo_here.tick("VTI", 2.25) == 1
        assert [(await received(one))["price"], (await received(two))["price"]] == [1.25, 1.25]
        assert (await received(two))["id"] == "VTI"


def test_the_bytes_of_a_tick_are_those_of_protobuf() -> None:
    from yfinance.pricing_pb2 import PricingData

    values: dict[str, Any] = {
        "id": "VOD.L", "price": 71.12, "time": 1_795_000_000_123, "currency": "GBp", "exchange": "LSE",
        "quote_type": 8, "market_hours": 0, "change_percent": -0.5, "day_volume": 1_000_000_000_000,
        "change": -0.25, "last_size": -3, "price_hint": 2, "short_name": "Vodafone – Gruppe",
    }  # fmt: skip
    assert pricing_data(values) == PricingData(**values).SerializeToString()
