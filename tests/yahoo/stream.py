"""The price stream: `wss://streamer.finance.yahoo.com`, base64 of a protobuf PricingData in JSON."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from typing import TYPE_CHECKING, Any, Final

from tests.yahoo.faults import Fault, changer
from tests.yahoo.routes import refusal
from tests.yahoo.wire import Head, encoded

if TYPE_CHECKING:
    from websockets.server import ServerProtocol

    from tests.yahoo.server import Yahoo

# PricingData, proto3: name -> (number, type). Zero values are left out, as protobuf does.
FIELDS: Final[dict[str, tuple[int, str]]] = {
    "id": (1, "text"), "price": (2, "float"), "time": (3, "zigzag"), "currency": (4, "text"),
    "exchange": (5, "text"), "quote_type": (6, "int"), "market_hours": (7, "int"), "change_percent": (8, "float"),
    "day_volume": (9, "zigzag"), "day_high": (10, "float"), "day_low": (11, "float"), "change": (12, "float"),
    "short_name": (13, "text"), "open_price": (15, "float"), "previous_close": (16, "float"),
    "last_size": (22, "zigzag"), "bid": (23, "float"), "bid_size": (24, "zigzag"), "ask": (25, "float"),
    "ask_size": (26, "zigzag"), "price_hint": (27, "zigzag"),
}  # fmt: skip
KINDS: Final = {
    "EQUITY": 8,
    "INDEX": 9,
    "MUTUALFUND": 11,
    "CURRENCY": 14,
    "FUTURE": 18,
    "ETF": 20,
    "CRYPTOCURRENCY": 41,
}
HOURS: Final = {"PRE": 0, "REGULAR": 1, "POST": 2}
FRAMES: Final = 10_000_000


def pricing_data(values: dict[str, Any]) -> bytes:
    """`values` as the bytes of a PricingData."""
    out = bytearray()
    for (number, kind), value in sorted((FIELDS[name], value) for name, value in values.items() if value):
        if kind == "text":
            text = str(value).encode()
            out += _varint(number << 3 | 2) + _varint(len(text)) + text
        elif kind == "float":
            out += _varint(number << 3 | 5) + struct.pack("<f", value)
        else:
            whole = int(value)
            out += _varint(number << 3) + _varint((whole << 1) ^ (whole >> 63) if kind == "zigzag" else whole)
    return bytes(out)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Client:
    """One open stream."""

    def __init__(self, protocol: ServerProtocol, writer: asyncio.StreamWriter) -> None:
        self.protocol = protocol
        self.writer = writer
        self.symbols: set[str] = set()

    async def flush(self) -> None:
        for data in self.protocol.data_to_send():
            if data:
                self.writer.write(data)
        await self.writer.drain()


class Streams:
    """All open streams, and what is sent to them. Used in the server's loop, but for what has no `async`."""

    def __init__(self, yahoo: Yahoo) -> None:
        self._yahoo = yahoo
        self._clients: list[Client] = []
        self.subscribed: list[tuple[str, ...]] = []  # what each subscribing message named, in order

    @property
    def symbols(self) -> frozenset[str]:
        return frozenset[str]().union(*(client.symbols for client in list(self._clients)))

    @property
    def count(self) -> int:
        return len(self._clients)

    async def serve(self, head: Head, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One stream from its handshake to its end."""
        from websockets.http11 import Request
        from websockets.protocol import OPEN
        from websockets.server import ServerProtocol

        yahoo = self._yahoo
        target = f"streamer.finance.yahoo.com{head.target}"
        yahoo.log("streamer.finance.yahoo.com", head)
        refused = yahoo.faults.take("stream", target, {"status"})
        if refused is not None:
            writer.write(encoded(refusal("finance", int(refused.value or 503))))
            await writer.drain()
            return
        protocol = ServerProtocol()
        protocol.receive_data(head.raw)
        client = Client(protocol, writer)
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
        await client.flush()
        if protocol.state is not OPEN:
            return
        self._clients.append(client)
        yahoo.notice()
        try:
            await self._read(client, reader, target)
        finally:
            self._clients.remove(client)
            yahoo.notice()

    async def _read(self, client: Client, reader: asyncio.StreamReader, target: str) -> None:
        from websockets.frames import Frame, Opcode

        for _ in range(FRAMES):
            data = await reader.read(65_536)
            if data:
                client.protocol.receive_data(data)
            else:
                client.protocol.receive_eof()
            for frame in client.protocol.events_received():
                if not isinstance(frame, Frame) or frame.opcode is not Opcode.TEXT:
                    continue
                if not await self._heard(client, bytes(frame.data), target):
                    return
            await client.flush()
            if not data or client.protocol.close_expected():
                return

    async def _heard(self, client: Client, data: bytes, target: str) -> bool:
        """Take one message of a client's; whether its connection lives on."""
        try:
            message = json.loads(data)
        except ValueError:
            return True
        client.symbols |= set(message.get("subscribe", ()))
        if "subscribe" in message:
            self.subscribed.append(tuple(message["subscribe"]))
        client.symbols -= set(message.get("unsubscribe", ()))
        self._yahoo.notice()
        fault = self._yahoo.faults.take("stream", target, {"close", "abort"}) if "subscribe" in message else None
        if fault is None:
            return True
        if fault.kind == "close":
            client.protocol.send_close(int(fault.value or 1000))
            await client.flush()
        return fault.kind == "close"

    async def tick(self, symbol: str, fields: dict[str, Any]) -> int:
        return sum([await self._tick(client, symbol, fields) for client in list(self._clients)])

    async def _tick(self, client: Client, symbol: str, fields: dict[str, Any]) -> bool:
        if symbol not in client.symbols:
            return False
        faults = self._yahoo.faults
        target = "streamer.finance.yahoo.com/"
        fault = faults.take("stream", target, {"silent", "garbage"})
        if fault is not None and fault.kind == "silent":
            return False
        values = self._values(symbol, faults.content("stream", target)) | fields
        frame = json.dumps({"type": "pricing", "message": base64.b64encode(pricing_data(values)).decode()})
        return await self._send(client, frame if fault is None else fault.value or "\x00 no JSON {")

    def _values(self, symbol: str, faults: list[Fault]) -> dict[str, Any]:
        from tests.yahoo.quotes import quote

        world = self._yahoo.world
        listing = world[symbol]
        entry = changer(faults)(quote(world, listing))
        return {
            "id": symbol,
            "price": entry.get("regularMarketPrice", 0.0),
            "time": int(entry.get("regularMarketTime", 0)) * 1000,
            "currency": entry.get("currency", ""),
            "exchange": listing.exchange,
            "quote_type": KINDS.get(listing.kind, 0),
            "market_hours": HOURS.get(world.state_of(listing), 1),
            "change_percent": entry.get("regularMarketChangePercent", 0.0),
            "day_volume": 1_000_000,
            "change": entry.get("regularMarketChange", 0.0),
            "price_hint": 2,
        }

    async def send(self, frame: str | bytes) -> int:
        return sum([await self._send(client, frame) for client in list(self._clients)])

    async def _send(self, client: Client, frame: str | bytes) -> bool:
        from websockets.protocol import OPEN

        if client.protocol.state is not OPEN:
            return False
        if isinstance(frame, str):
            client.protocol.send_text(frame.encode())
        else:
            client.protocol.send_binary(frame)
        await client.flush()
        return True

    async def drop(self, code: int | None) -> int:
        clients = list(self._clients)
        for client in clients:
            if code is None:
                client.writer.transport.abort()
            else:
                client.protocol.send_close(code)
                await client.flush()
        return len(clients)
