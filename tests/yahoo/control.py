"""Driving the server from another process: plain POSTs of JSON to `http://127.0.0.1:PORT/__ctl/...`.

fault  {"pattern": "v7/finance/quote", "kind": "status", "value": 429, "times": 1, "layer": "http", "symbols": []}
clear  {}                        ends every fault
set    {"symbol": "AAPL", "price": 201.5, "state": "PRE", ...}         any attribute of a listing
add    {"symbol": "NEW", "price": 10, "currency": "EUR", ...}          remove {"symbol": "NEW"}
tick   {"symbol": "AAPL", "price": 202, "bid": 201.9}
clock  {"stage": "2026-11-21T20:00:00+00:00"} or {"stand": ISO or seconds}, {"forward": seconds}, {"run": true}
drop   {"code": 1012} or {"code": null}       send {"frame": "text"}       expire {}       reset {}
log    {}                        requests, hosts, refused, subscriptions
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.yahoo.routes import Answer, as_json

if TYPE_CHECKING:
    from tests.yahoo.server import Yahoo


async def control(yahoo: Yahoo, verb: str, body: bytes) -> Answer:
    """Do `verb` with the JSON object in `body`."""
    try:
        told = json.loads(body or b"{}")
        done = await _do(yahoo, verb, dict(told))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return as_json({"error": f"{type(error).__name__}: {error}"}, 400)
    return as_json({"ok": True, **done})


async def _do(yahoo: Yahoo, verb: str, told: dict[str, Any]) -> dict[str, Any]:
    match verb:
        case "fault":
            yahoo.fault(told.pop("pattern"), told.pop("kind"), told.pop("value", None), **told)
        case "clear":
            yahoo.clear()
        case "set":
            _set(yahoo, told)
        case "add":
            from tests.yahoo.world import Listing

            yahoo.world.add(Listing(**told))
        case "remove":
            yahoo.world.remove(told["symbol"])
        case "tick":
            return {"clients": await _tick(yahoo, told)}
        case "clock":
            return _clock(yahoo, told)
        case "drop":
            return {"clients": await yahoo.streams.drop(told.get("code", 1001))}
        case "send":
            return {"clients": await yahoo.streams.send(told["frame"])}
        case "expire":
            yahoo.expire()
        case "reset":
            yahoo.forget()
        case "log":
            return {
                "requests": [request._asdict() for request in list(yahoo.requests)],
                "hosts": list(yahoo.hosts),
                "refused": list(yahoo.refused),
                "subscriptions": sorted(yahoo.subscriptions),
            }
        case _:
            raise ValueError(f"no such verb: {verb}")
    return {}


def _set(yahoo: Yahoo, told: dict[str, Any]) -> None:
    listing = yahoo.world[told.pop("symbol")]
    for name, value in told.items():
        getattr(listing, name)
        setattr(listing, name, value)


async def _tick(yahoo: Yahoo, told: dict[str, Any]) -> int:
    symbol, price = told.pop("symbol"), told.pop("price", None)
    if price is not None:
        yahoo.world[symbol].price = float(price)
    return await yahoo.streams.tick(symbol, told)


def _clock(yahoo: Yahoo, told: dict[str, Any]) -> dict[str, Any]:
    clock = yahoo.world.clock
    if "stage" in told:
        yahoo.world.stage(datetime.fromisoformat(told["stage"]))
    if "stand" in told:
        at = told["stand"]
        clock.stand(datetime.fromisoformat(at) if isinstance(at, str) else at)
    if "forward" in told:
        clock.forward(float(told["forward"]))
    if told.get("run"):
        clock.run()
    return {"now": clock.now()}
