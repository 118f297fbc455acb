"""HTTP/1.1 on a stream: heads in, answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.yahoo.routes import Answer

HEAD_LIMIT: Final = 65_536
BODY_LIMIT: Final = 1_000_000


class Head(NamedTuple):
    """A request line and its headers (names in lower case); `raw` is all of it as it came."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes
    body: bytes = b""

    @property
    def path(self) -> str:
        return split(self.target)[0]

    @property
    def query(self) -> Mapping[str, str]:
        return split(self.target)[1]

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, equals, value in pairs if equals}


@lru_cache(maxsize=256)
def split(target: str) -> tuple[str, Mapping[str, str]]:
    """Path and query of a request's target; polls that ask the same share them, so that a long log stays small."""
    parts = urlsplit(target)
    return unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))


@lru_cache(maxsize=256)
def symbols_of(target: str) -> tuple[str, ...]:
    """The symbols that a request's target names, in its query or at the end of its path."""
    path, query = split(target)
    if path.startswith(("/v8/finance/chart/", "/v10/finance/quoteSummary/")):
        return (path.rpartition("/")[2],)
    return tuple(filter(None, query.get("symbols", "").split(",")))


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next request, or None when the client has nothing more to ask or asks what is no HTTP."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if length > BODY_LIMIT:
            return None
        content = await reader.readexactly(length) if length else b""
        return Head(method, target, headers, raw, content)
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError):
        return None


def encoded(answer: Answer, *, sent: bytes | None = None) -> bytes:
    """The bytes of `answer`; with `sent`, that stands for its body while the length still says the whole."""
    known = answer.status in {status.value for status in HTTPStatus}
    reason = HTTPStatus(answer.status).phrase if known else "Unknown"
    head = [
        f"HTTP/1.1 {answer.status} {reason}",
        f"Content-Type: {answer.kind}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: private, max-age=0",
        *(f"{name}: {value}" for name, value in answer.headers),
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + (answer.body if sent is None else sent)
