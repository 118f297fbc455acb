"""The stream's supervisor: ticks become quotes, and whatever closes, garbles or silences it, it comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

import pytest
from msgspec.structs import replace

from core.market.quotes import Quote
from core.market.stream import Pace, Stream
from core.money import shortest
from tests.yahoo import Yahoo

QUICK = Pace(
    first=0.02, longest=0.1, healthy=5.0, silence=0.3, resubscribe=0.2, gather=0.01, opening=2.0, closing=0.2
)


class Watcher:
    """A stream and what it handed over."""

    def __init__(self, yahoo: Yahoo, *, quiet: bool = False, pace: Pace = QUICK) -> None:
        self.yahoo = yahoo
        self.quotes: list[Quote] = []
        self.quiet = quiet
        self.units = {"VTI": "USD", "VOD.L": "GBp", "SAP.DE": "EUR"}
        self.stream = Stream(
            self.quotes.extend,
            unit_of=self.units.get,
            may_be_silent=lambda: self.quiet,
            pace=pace,
            random=lambda: 0.5,
        )

    def start(self, *symbols: str) -> Watcher:
        self.stream.watch(symbols or ("VTI", "VOD.L"))
        self.stream.start()
        self.subscribed(*(symbols or ("VTI", "VOD.L")))
        return self

    def subscribed(self, *symbols: str) -> None:
        until(lambda: set(symbols) <= self.yahoo.subscriptions)

    def tick(self, symbol: str, price: float, **fields: Any) -> Quote:
        """The quote that a tick becomes; it is sent until it arrives. Each price is used once."""
        before = len(self.quotes)

        def arrived() -> bool:
            self.yahoo.tick(symbol, price, **fields)
            return any(quote.symbol == symbol for quote in self.quotes[before:])

        until(arrived)
        return next(quote for quote in reversed(self.quotes) if quote.symbol == symbol)


def until(condition: Callable[[], object]) -> None:
    end = monotonic() + 10
    while not condition():
        assert monotonic() < end, "it never came"
        sleep(0.01)


@pytest.fixture
def watcher(yahoo_here: Yahoo) -> Iterator[Watcher]:
    made = Watcher(yahoo_here)
    yield made
    yahoo_here.clear()
    made.stream.stop()
    assert not any(thread.name == "yahoo-stream" for thread in threading.enumerate())


def test_a_tick_becomes_a_quote(watcher: Watcher) -> None:
    quote = watcher.start().tick("VTI", 256.42)
    assert (quote.symbol, quote.source, quote.price, quote.currency) == ("VTI", "yahoo", Decimal("256.42"), "USD")
    assert quote.time is not None
    assert quote.time.microsecond == 0
    assert (quote.seen, quote.market_state) == (None, None)


def test_pence_are_converted_by_the_unit_that_the_poll_saw(watcher: Watcher) -> None:
    quote = watcher.start().tick("VOD.L", 71.34)
    assert (quote.price, quote.currency, quote.raw_currency) == (Decimal("0.7134"), "GBP", "GBp")


@pytest.mark.parametrize(
    ("single", "meant"),
    [(88.41999816894531, "88.42"), (0.7112, "0.7112"), (67350.25, "67350.2"), (1.0, "1"), (1234.5, "1234.5")],
)
def test_a_single_precision_float_is_what_its_sender_meant(single: float, meant: str) -> None:
    import struct

    [as_sent] = struct.unpack("<f", struct.pack("<f", float(meant)))
    assert shortest(as_sent) == Decimal(meant)
    assert abs(shortest(single) - Decimal(meant)) < Decimal("0.1")


@pytest.mark.parametrize(
    "fields",
    [
        {"market_hours": 0},
        {"market_hours": 2},
        {"currency": "EUR"},
        {"time": 0},
        {"price": 0.0},
        {"price": -1.0},
        {"price": 1e12},
        {"price": float("nan")},
    ],
)
def test_a_tick_in_doubt_is_dropped(watcher: Watcher, fields: dict[str, Any]) -> None:
    watcher.start().tick("VTI", 256.0)
    watcher.yahoo.tick("VTI", **{"price": 300.0, **fields})
    watcher.tick("VOD.L", 71.5)
    assert {quote.price for quote in watcher.quotes if quote.symbol == "VTI"} == {Decimal(256)}


def test_a_tick_that_names_no_currency_is_in_the_unit_that_the_poll_saw(watcher: Watcher) -> None:
    watcher.yahoo.fault("streamer", "nocurrency", layer="stream")
    quote = watcher.start().tick("VOD.L", 71.34)
    assert (quote.price, quote.currency) == (Decimal("0.7134"), "GBP")


def test_a_tick_whose_unit_nobody_knows_is_dropped(watcher: Watcher) -> None:
    watcher.start().tick("VTI", 256.0)
    del watcher.units["VTI"]
    watcher.yahoo.fault("streamer", "nocurrency", layer="stream")
    watcher.yahoo.tick("VTI", 300.0)
    watcher.tick("VOD.L", 71.5)
    assert {quote.price for quote in watcher.quotes if quote.symbol == "VTI"} == {Decimal(256)}


def test_what_nobody_asked_for_is_dropped(watcher: Watcher) -> None:
    watcher.start("VTI").tick("VTI", 256.0)
    assert {quote.symbol for quote in watcher.quotes} == {"VTI"}


def test_other_symbols_are_subscribed_to_on_the_same_connection(watcher: Watcher) -> None:
    watcher.start("VTI")
    watcher.stream.watch(["SAP.DE"])
    until(lambda: watcher.yahoo.subscriptions == {"SAP.DE"})
    assert watcher.tick("SAP.DE", 212.5).currency == "EUR"


def test_the_same_symbols_again_are_not_told_again(yahoo_here: Yahoo) -> None:
    watcher = Watcher(yahoo_here, pace=replace(QUICK, resubscribe=60.0, silence=60.0)).start("VTI")
    for _ in range(20):
        watcher.stream.watch(["VTI"])
        watcher.tick("VTI", 256.0)
    watcher.stream.watch(["SAP.DE"])
    until(lambda: watcher.yahoo.subscriptions == {"SAP.DE"})
    watcher.stream.stop()
    assert watcher.yahoo.streams.subscribed == [("VTI",), ("SAP.DE",)]


@pytest.mark.parametrize("code", [1000, 1001, 1012, None])
def test_after_any_close_it_comes_back(watcher: Watcher, code: int | None) -> None:
    watcher.start().tick("VTI", 256.0)
    watcher.yahoo.drop(code)
    until(lambda: watcher.yahoo.tick("VTI", 257.0) and watcher.quotes[-1].price == 257)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("close", 1000), ("close", 1001), ("abort", None), ("close", 1012), ("status", 503), ("garbage", "nonsense")],
)
def test_it_tries_again_until_the_fault_is_over(watcher: Watcher, kind: Any, value: Any) -> None:
    fault = watcher.yahoo.fault("streamer", kind, value, layer="stream")
    watcher.stream.watch(["VTI"])
    watcher.stream.start()
    until(lambda: (watcher.yahoo.tick("VTI", 250.0), fault.hits >= 3)[1])
    assert watcher.quotes == []
    fault.clear()
    assert watcher.tick("VTI", 256.0).price == 256


def test_a_proxy_that_refuses_is_asked_again(watcher: Watcher) -> None:
    fault = watcher.yahoo.fault("streamer", "status", 403, layer="connect")
    watcher.stream.watch(["VTI"])
    watcher.stream.start()
    until(lambda: fault.hits >= 3)
    assert "has stopped" in watcher.stream.trouble
    fault.clear()
    watcher.tick("VTI", 256.0)
    assert watcher.stream.trouble == ""


def test_silence_is_a_reason_to_connect_anew_unless_it_is_right(yahoo_here: Yahoo) -> None:
    yahoo_here.fault("streamer", "silent", layer="stream")
    impatient = Watcher(yahoo_here, pace=replace(QUICK, silence=0.1, resubscribe=60.0))
    patient = Watcher(yahoo_here, quiet=True, pace=replace(QUICK, silence=0.1, resubscribe=60.0))
    try:
        patient.start("VOD.L")
        impatient.start("VTI")
        until(lambda: yahoo_here.streams.subscribed.count(("VTI",)) >= 4)
        assert yahoo_here.streams.subscribed.count(("VOD.L",)) == 1
    finally:
        patient.stream.stop()
        impatient.stream.stop()


@pytest.mark.parametrize(
    ("kind", "value", "layer"),
    [
        ("close", 1000, "stream"),
        ("abort", None, "stream"),
        ("status", 503, "stream"),
        ("status", 403, "connect"),
        ("reset", None, "connect"),
    ],
)
def test_between_two_attempts_it_waits(yahoo_here: Yahoo, kind: Any, value: Any, layer: Any) -> None:
    fault = yahoo_here.fault("streamer", kind, value, layer=layer)
    watcher = Watcher(yahoo_here, pace=replace(QUICK, first=600.0, longest=600.0))
    watcher.stream.watch(["VTI"])
    watcher.stream.start()
    until(lambda: watcher.stream.trouble)
    for _ in range(100):  # each a round trip: time enough for a loop that does not wait
        yahoo_here.tick("VTI", 256.0)
    watcher.stream.watch(["VTI", "BND"])
    watcher.stream.stop()
    assert fault.hits == 1
    assert not any(thread.name == "yahoo-stream" for thread in threading.enumerate())


@pytest.mark.parametrize("layer", ["connect", "nothing to watch"])
def test_it_can_be_stopped_whatever_it_waits_for(yahoo_here: Yahoo, layer: str) -> None:
    watcher = Watcher(yahoo_here, pace=replace(QUICK, opening=600.0))
    if layer == "connect":
        fault = yahoo_here.fault("streamer", "hang", layer="connect")
        watcher.stream.watch(["VTI"])
        watcher.stream.start()
        until(lambda: fault.hits)
    else:
        watcher.stream.start()
    watcher.stream.stop()
    assert not any(thread.name == "yahoo-stream" for thread in threading.enumerate())


def test_stopping_is_prompt_and_final(watcher: Watcher) -> None:
    watcher.start().tick("VTI", 256.0)
    watcher.stream.stop()
    count = len(watcher.quotes)
    watcher.yahoo.tick("VTI", 300.0)
    assert len(watcher.quotes) == count
    watcher.stream.start()
    assert not any(thread.name == "yahoo-stream" for thread in threading.enumerate())
