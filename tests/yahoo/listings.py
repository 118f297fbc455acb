"""The default world: a dozen symbols of several venues, currencies and kinds; tests may rely on the figures."""

from __future__ import annotations

from datetime import date, time
from typing import Any, Final

from tests.yahoo.world import Listing

US: Final[dict[str, Any]] = {"extended": (time(4), time(20))}
LONDON: Final[dict[str, Any]] = {
    "exchange": "LSE", "timezone": "Europe/London", "delay": 15, "hours": (time(8), time(16, 30)),
}  # fmt: skip
XETRA: Final[dict[str, Any]] = {
    "exchange": "GER", "timezone": "Europe/Berlin", "delay": 15, "hours": (time(9), time(17, 30)),
    "currency": "EUR",
}  # fmt: skip
TOKYO: Final[dict[str, Any]] = {
    "exchange": "JPX", "timezone": "Asia/Tokyo", "delay": 20, "hours": (time(9), time(15, 30)), "currency": "JPY",
}  # fmt: skip
FX: Final[dict[str, Any]] = {
    "exchange": "CCY", "timezone": "Europe/London", "kind": "CURRENCY", "hours": (time(0), time(23, 59)),
}  # fmt: skip
RATES: Final = {
    "EURUSD=X": 1.085, "GBPUSD=X": 1.27, "JPYUSD=X": 0.0066, "EURGBP=X": 0.8543, "GBPEUR=X": 1.1705,
    "USDEUR=X": 0.9217, "USDGBP=X": 0.7874, "JPYEUR=X": 0.006083, "USDJPY=X": 151.52, "ZARUSD=X": 0.0553,
}  # fmt: skip


def default_listings() -> list[Listing]:
    """Fresh listings of the default world."""
    rates = [
        Listing(pair, rate, currency=pair[3:6], name=f"{pair[:3]}/{pair[3:6]}", previous_close=rate, **FX)
        for pair, rate in RATES.items()
    ]
    return [
        Listing("AAPL", 189.5, name="Apple Inc.", previous_close=188.0, **US,
                dividends={date(2026, 2, 6): 0.26, date(2026, 5, 11): 0.27, date(2026, 8, 10): 0.27},
                splits={date(2020, 8, 31): (4, 1)}),
        Listing("MSFT", 415.25, name="Microsoft Corporation", previous_close=412.0, **US),
        Listing("VTI", 255.5, exchange="PCX", kind="ETF", name="Vanguard Total Stock Market ETF",
                previous_close=254.0, dividends={date(2026, 6, 29): 0.95, date(2026, 9, 28): 0.91}, **US),
        Listing("BND", 72.4, exchange="NGM", kind="ETF", name="Vanguard Total Bond Market ETF",
                previous_close=72.5, dividends={date(2026, 9, 1): 0.23, date(2026, 10, 1): 0.22}, **US),
        Listing("VFIAX", 505.12, exchange="NAS", kind="MUTUALFUND", name="Vanguard 500 Index Admiral",
                previous_close=503.4),
        Listing("^GSPC", 5470.25, exchange="SNP", kind="INDEX", name="S&P 500", previous_close=5450.0),
        Listing("VOD.L", 71.12, currency="GBp", name="Vodafone Group PLC", previous_close=70.8, **LONDON,
                dividends={date(2026, 6, 4): 1.97}),
        Listing("CPG.L", 33.1, currency="USD", name="Compass Group PLC", previous_close=33.0, **LONDON),
        Listing("SAP.DE", 212.35, name="SAP SE", previous_close=211.0, **XETRA),
        Listing("7203.T", 2890.0, name="Toyota Motor Corporation", previous_close=2875.5, **TOKYO),
        Listing("NPN.JO", 385_000.0, currency="ZAc", exchange="JNB", timezone="Africa/Johannesburg", delay=15,
                hours=(time(9), time(17)), name="Naspers Limited", previous_close=384_000.0),
        Listing("TEVA.TA", 6150.0, currency="ILA", exchange="TLV", timezone="Asia/Jerusalem", delay=15,
                hours=(time(9, 30), time(17, 15)), name="Teva Pharmaceutical", previous_close=6100.0),
        Listing("BTC-USD", 67_350.25, exchange="CCC", timezone="UTC", kind="CRYPTOCURRENCY", name="Bitcoin USD",
                previous_close=66_900.0, hours=None),
        *rates,
    ]  # fmt: skip
