"""What each of Yahoo's paths answers: a request and the state of the server in, status, headers and body out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from email.utils import formatdate
from html import escape
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlencode

from tests.yahoo.chart import Unusable, chart
from tests.yahoo.faults import Fault, changer
from tests.yahoo.quotes import KINDS, VENUES, chosen, quote
from tests.yahoo.world import World

JSON: Final = "application/json;charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain;charset=utf-8"
PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Yahoo</title></head><body><h1>Will be right back...</h1></body></html>"
)
SYMBOLS_ASKED: Final = 1500
REASONS: Final = {
    401: ("Unauthorized", "Invalid Crumb"),
    404: ("Not Found", "No data found, symbol may be delisted"),
    500: ("Internal Server Error", "An internal error occurred"),
    503: ("Service Unavailable", "The service is unavailable"),
}


class Asked(NamedTuple):
    """One request as its route needs it."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    cookies: dict[str, str]
    body: bytes = b""


class Answer(NamedTuple):
    """What goes back; `headers` are those beside length and type."""

    status: int
    body: bytes
    kind: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


class Visitors:
    """Cookies and the crumbs that belong to them. A new generation makes every crumb given so far wrong."""

    def __init__(self) -> None:
        self.generation = 0
        self._given = 0

    def cookie(self) -> str:
        self._given += 1
        return f"d=loopback{self._given}&S=AQ"

    def crumb(self, cookie: str) -> str:
        return f"Lp{zlib.crc32(cookie.encode()) % 100_000}/{self.generation}.x"


def as_json(value: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def refusal(part: str, status: int, code: str = "", words: str = "") -> Answer:
    """An error in the envelope of `part`: finance, chart, quoteSummary."""
    if status == 429:
        return Answer(429, b"Too Many Requests\r\n", TEXT)
    usual = REASONS.get(status, ("Error", f"status {status}"))
    error = {"code": code or usual[0], "description": words or usual[1]}
    return as_json({part: {"result": None, "error": error}}, status)


def page(text: str = PAGE, status: int = 200, *headers: tuple[str, str]) -> Answer:
    return Answer(status, text.encode(), HTML, headers)


def redirect(to: str) -> Answer:
    return page("", 302, ("Location", to))


def answer(asked: Asked, world: World, visitors: Visitors, faults: list[Fault]) -> Answer:
    """The answer to `asked`, its content changed by `faults`."""
    if asked.host == "fc.yahoo.com":
        return page("", 404, _cookie(visitors))
    if asked.host in ("guce.yahoo.com", "consent.yahoo.com"):
        return _consent(asked, visitors)
    if asked.host == "finance.yahoo.com":
        return page("<!DOCTYPE html><html><body>Yahoo Finance</body></html>")
    for start, route in ROUTES.items():
        if asked.path.startswith(start):
            return route(asked, world, visitors, faults)
    return refusal("finance", 404, words="HTTP 404 Not Found")


def _cookie(visitors: Visitors) -> tuple[str, str]:
    expires = formatdate(4_070_908_800, usegmt=True)  # 2099
    value = f"A3={visitors.cookie()}; Expires={expires}; Domain=.yahoo.com; Path=/; Secure; HttpOnly; SameSite=None"
    return "Set-Cookie", value


def _consent(asked: Asked, visitors: Visitors) -> Answer:
    session = asked.query.get("sessionId", "1_loopback")
    if asked.path == "/consent":
        return redirect(f"https://consent.yahoo.com/v2/collectConsent?sessionId={session}")
    if asked.path == "/v2/collectConsent" and asked.method == "POST":
        form = {name: values[-1] for name, values in parse_qs(asked.body.decode()).items()}
        done = form.get("originalDoneUrl", "https://finance.yahoo.com/")
        return redirect(f"https://guce.yahoo.com/copyConsent?{urlencode({'sessionId': session, 'done': done})}")
    if asked.path == "/v2/collectConsent":
        done = asked.query.get("done", "https://finance.yahoo.com/")
        inputs = {"csrfToken": "loopback", "sessionId": session, "originalDoneUrl": done, "namespace": "yahoo"}
        hidden = "".join(f'<input type="hidden" name="{n}" value="{escape(v)}">' for n, v in inputs.items())
        agree = '<button type="submit" name="agree" value="agree">Accept all</button>'
        return page(f'<html><body><form method="post" action="">{hidden}{agree}</form></body></html>')
    if asked.path == "/copyConsent":
        to = asked.query.get("done", "https://finance.yahoo.com/")
        cookie = () if "A3" in asked.cookies else (_cookie(visitors),)
        return page("", 302, ("Location", to), *cookie)
    return page("", 404)


def consent_redirect(asked: Asked, url: str) -> Answer:
    """Where a visitor from a country that wants consent is sent first."""
    query = urlencode({"sessionId": "1_loopback", "done": url})
    return redirect(f"https://consent.yahoo.com/v2/collectConsent?{query}")


def _crumb(asked: Asked, world: World, visitors: Visitors, faults: list[Fault]) -> Answer:
    cookie = asked.cookies.get("A3")
    if not cookie:
        return refusal("finance", 401, words="Invalid Cookie")
    return Answer(200, visitors.crumb(cookie).encode(), TEXT)


def _known(asked: Asked, visitors: Visitors) -> bool:
    cookie = asked.cookies.get("A3")
    return cookie is not None and asked.query.get("crumb") == visitors.crumb(cookie)


def _quotes(asked: Asked, world: World, visitors: Visitors, faults: list[Fault]) -> Answer:
    if not _known(asked, visitors):
        return refusal("finance", 401)
    symbols = [symbol for symbol in asked.query.get("symbols", "").split(",") if symbol]
    if not symbols or len(symbols) > SYMBOLS_ASKED:
        return refusal("quoteResponse", 400, "argument-error", 'Missing value for the "symbols" argument')
    change = changer(faults)
    listings = [found for symbol in dict.fromkeys(symbols) if (found := world.find(symbol)) is not None]
    fields = asked.query.get("fields", "")
    result = [change(chosen(quote(world, listing), fields)) for listing in listings]
    return as_json({"quoteResponse": {"result": result, "error": None}})


def _chart(asked: Asked, world: World, visitors: Visitors, faults: list[Fault]) -> Answer:
    listing = world.find(asked.path.rpartition("/")[2])
    if listing is None:
        return refusal("chart", 404)
    try:
        result = chart(world, listing, asked.query)
    except Unusable as error:
        return refusal("chart", 422, "Unprocessable Entity", str(error))
    here = [fault for fault in faults if not fault.symbols or listing.symbol in fault.symbols]
    result["meta"] = changer(here)(result["meta"])
    for fault in here:
        for bars in result["indicators"].values():
            if fault.kind == "nullclose":
                for name, column in bars[0].items():
                    bars[0][name] = _without_last(column, fault.value)
            elif fault.kind == "price" and bars[0].get("close"):
                bars[0]["close"][-1] = fault.value
    return as_json({"chart": {"result": [result], "error": None}})


def _without_last(column: list[Any], count: int | None) -> list[Any]:
    kept = 0 if count is None else max(0, len(column) - count)
    return column[:kept] + [None] * (len(column) - kept)


def _summary(asked: Asked, world: World, visitors: Visitors, faults: list[Fault]) -> Answer:
    listing = world.find(asked.path.rpartition("/")[2])
    if not _known(asked, visitors):
        return refusal("finance", 401)
    if listing is None:
        return refusal("quoteSummary", 404, words=f"Quote not found for symbol: {asked.path.rpartition('/')[2]}")
    entry = quote(world, listing)
    parts = {
        "price": {"maxAge": 1, **entry},
        "quoteType": {
            "maxAge": 1,
            **{name: entry.get(name) for name in ("symbol", "quoteType", "exchange", "longName")},
        },
        "summaryDetail": {"maxAge": 1, "currency": entry.get("currency"), "previousClose": listing.closed_before},
    }
    modules = asked.query.get("modules", "").split(",")
    result = {name: part for name, part in parts.items() if name in modules}
    return as_json({"quoteSummary": {"result": [result], "error": None}})


def _timeseries(asked: Asked, world: World, visitors: Visitors, faults: list[Fault]) -> Answer:
    meta = {"symbol": [asked.path.rpartition("/")[2]], "type": []}
    return as_json({"timeseries": {"result": [{"meta": meta}], "error": None}})


def _search(asked: Asked, world: World, visitors: Visitors, faults: list[Fault]) -> Answer:
    words = asked.query.get("q", "").casefold()
    most = int(asked.query.get("quotesCount", "8"))
    found = [
        listing for listing in list(world.listings.values())
        if words and (listing.symbol.casefold().startswith(words) or words in listing.name.casefold())
    ]  # fmt: skip
    quotes: list[Mapping[str, Any]] = [
        {
            "exchange": listing.exchange,
            "exchDisp": VENUES.get(listing.exchange, listing.exchange),
            "shortname": listing.name,
            "longname": listing.name,
            "quoteType": listing.kind,
            "typeDisp": KINDS.get(listing.kind, listing.kind.title()),
            "symbol": listing.symbol,
            "index": "quotes",
            "score": 1000.0 - at,
            "isYahooFinance": True,
        }
        for at, listing in enumerate(found[:most])
    ]
    return as_json({"explains": [], "count": len(quotes), "quotes": quotes, "news": [], "nav": [], "lists": []})


ROUTES: Final[dict[str, Callable[[Asked, World, Visitors, list[Fault]], Answer]]] = {
    "/v1/test/getcrumb": _crumb,
    "/v7/finance/quote": _quotes,
    "/v8/finance/chart/": _chart,
    "/v10/finance/quoteSummary/": _summary,
    "/ws/fundamentals-timeseries/": _timeseries,
    "/v1/finance/search": _search,
}
