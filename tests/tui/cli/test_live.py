"""Commands on the live feed: the real program with an unmodified yfinance, against a loopback Yahoo."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.tui.cli.support import ROOT, STRIKEZONE, Done
from tests.yahoo import Yahoo

BOOK = """schema = 1
id = "live"
base_currency = "USD"

[[asset]]
symbol = "VTI"
target = 60
lots = [ { quantity = 100, price = 80, acquired = 2023-05-01 } ]

[[asset]]
symbol = "BND"
target = 40
lots = [ { quantity = 335, price = 90, acquired = 2023-05-01 } ]
"""

Live = Callable[..., Done]
D = Decimal
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def live(yahoo_environment: dict[str, str], tmp_path: Path) -> Live:
    """Runs a command as a process of its own; FILE is the book."""
    book = tmp_path / "live.toml"
    book.write_text(BOOK)
    environment = {
        **yahoo_environment,
        "STRIKEZONE_DATA_DIR": str(tmp_path / "data"),
        "STRIKEZONE_CONFIG": str(tmp_path / "config.toml"),
        "COLUMNS": "100",
    }

    def run(*words: str) -> Done:
        done = subprocess.run(
            [STRIKEZONE, *(str(book) if word == "FILE" else word for word in words)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def quote_of(done: Done, symbol: str) -> dict[str, Any]:
    found: dict[str, Any] = next(quote for quote in done.json["quotes"] if quote["symbol"] == symbol)
    return found


def test_a_first_look_asks_once_and_says_nothing_on_standard_error(
    live: Live, yahoo: Yahoo, tmp_path: Path
) -> None:
    done = live("check", "FILE", "--json")
    assert done.code == 1
    assert done.err == ""
    assert done.json["value"] == "49804.00"
    assert done.json["holdings"][0]["quote"]["source"] == "yahoo"
    assert [request.symbols for request in yahoo.quote_requests] == [("VTI", "BND")]
    assert yahoo.refused == []
    for path in (tmp_path / "data").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_board_younger_than_the_interval_is_not_asked_for_again(live: Live, yahoo: Yahoo) -> None:
    live("check", "FILE")
    asked = len(yahoo.requests)
    assert live("quotes", "FILE", "--json").code == 0
    assert len(yahoo.requests) == asked


def test_quotes_are_as_the_contract_says(live: Live, yahoo: Yahoo) -> None:
    done = live("quotes", "FILE", "--json")
    vti = quote_of(done, "VTI")
    expected = {
        "price": "255.5", "currency": "USD", "raw_currency": "USD", "source": "yahoo", "trusted": True,
        "reason": None, "previous_close": "254", "delay_minutes": 0, "market_state": "REGULAR",
    }  # fmt: skip
    assert {key: vti[key] for key in expected} == expected
    assert vti["time"].endswith("Z")


def test_commands_at_once_share_one_request(live: Live, yahoo: Yahoo) -> None:
    with ThreadPoolExecutor(5) as pool:
        done = list(pool.map(lambda _: live("check", "FILE", "--json"), range(5)))
    assert [one.code for one in done] == [1] * 5
    assert len(yahoo.quote_requests) == 1


def test_an_unknown_symbol_is_said_and_costs_nothing(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    book = tmp_path / "live.toml"
    book.write_text(BOOK + '\n[[asset]]\nsymbol = "NOPE"\n')
    done = live("quotes", "FILE", "--json")
    assert done.code == 0
    assert quote_of(done, "NOPE")["reason"] == "Yahoo does not know this symbol"
    assert len(yahoo.quote_requests) == 1


def test_without_a_network_the_last_known_prices_stay_with_their_age(
    live: Live, yahoo: Yahoo, tmp_path: Path
) -> None:
    live("check", "FILE")
    board = tmp_path / "data" / "feed" / "quotes.json"
    later = datetime.now(UTC) - timedelta(hours=1)
    kept = json.loads(board.read_text())
    kept["asked"] = {symbol: later.isoformat() for symbol in kept["asked"]}
    kept["attempted_at"] = kept["polled_at"] = later.isoformat()
    for quote in kept["quotes"].values():
        quote["time"] = quote["seen"] = later.isoformat()
    board.write_text(json.dumps(kept))
    yahoo.offline()
    try:
        done = live("check", "FILE", "--json")
        assert done.code == 3
        assert done.json["holdings"][0]["price"] == "255.5"
        assert 3600 <= done.json["holdings"][0]["quote"]["age_seconds"] < 3700
        assert not done.json["holdings"][0]["quote"]["trusted"]
        assert done.json["proposals"] == []
        assert "no connection to Yahoo" in done.json["warnings"][0]
        assert live("quotes", "FILE").code == 3
    finally:
        yahoo.online()


def test_while_yahoo_wants_us_to_wait_no_command_asks(live: Live, yahoo: Yahoo) -> None:
    yahoo.fault("v7/finance/quote", "status", 429)
    done = live("check", "FILE", "--json")
    assert done.code == 3
    assert "429" in done.json["warnings"][0]
    assert "next try at" in done.json["warnings"][0]
    asked = len(yahoo.requests)
    for _ in range(3):
        assert live("check", "FILE", "--json").code == 3
    assert len(yahoo.requests) == asked


def test_a_split_overnight_freezes_the_symbol_until_its_user_decides(
    live: Live, yahoo: Yahoo, tmp_path: Path
) -> None:
    assert live("quotes", "FILE").code == 0
    yahoo.world["VTI"].price = 127.9
    expire(tmp_path)
    done = live("check", "FILE", "--json")
    assert done.code == 3
    assert done.json["proposals"] == []
    frozen = quote_of(live("quotes", "FILE", "--json"), "VTI")
    assert not frozen["trusted"]
    assert frozen["suspected_split"] == "2:1"
    accepted = live("quotes", "FILE", "--accept", "VTI", "--json")
    assert quote_of(accepted, "VTI")["trusted"]
    assert live("check", "FILE", "--json").code == 1


def test_the_split_behind_a_suspect_price_is_recorded_and_explains_it(
    live: Live, yahoo: Yahoo, tmp_path: Path
) -> None:
    value = live("check", "FILE", "--json").json["value"]
    yahoo.world["VTI"].price = 127.75
    expire(tmp_path)
    assert live("check", "FILE").code == 3
    done = live("quotes", "FILE", "--split", "VTI", "2:1", "--json")
    assert "recorded #1 split of VTI" in done.err
    assert quote_of(done, "VTI")["trusted"]
    look = live("check", "FILE", "--json").json
    assert (look["holdings"][0]["quantity"], look["value"]) == ("200", value)
    assert live("ledger", "list", "FILE", "--json").json["entries"][0]["ratio"] == "2:1"


def test_a_split_of_another_ratio_explains_nothing(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    live("check", "FILE")
    yahoo.world["VTI"].price = 127.75
    expire(tmp_path)
    done = live("quotes", "FILE", "--split", "VTI", "3:1", "--json")
    assert not quote_of(done, "VTI")["trusted"]


FOREIGN = """schema = 1
id = "live"
base_currency = "USD"

[cash]
balances = { USD = 100, GBP = 50.50 }

[[asset]]
symbol = "VTI"
target = 50
lots = [ { quantity = 10, price = 80, acquired = 2023-05-01 } ]

[[asset]]
symbol = "VOD.L"
currency = "GBp"
target = 25
lots = [ { quantity = 1000, price = 80, acquired = 2023-05-01 } ]

[[asset]]
symbol = "SAP.DE"
currency = "EUR"
target = 25
lots = [ { quantity = 3, price = 80, acquired = 2023-05-01 } ]
"""


def test_rates_come_with_the_quotes_in_one_request(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(FOREIGN)
    look = live("check", "FILE", "--json").json
    # 10 x 255.50 + 1,000 x 0.7112 x 1.27 + 3 x 212.35 x 1.085 + 100 + 50.50 x 1.27
    assert look["value"] == "4313.55825" == str(D("2555") + D("903.224") + D("691.19925") + 100 + D("64.135"))
    assert [sorted(request.symbols) for request in yahoo.quote_requests] == [
        ["EURUSD=X", "GBPUSD=X", "SAP.DE", "VOD.L", "VTI"]
    ]
    board = live("quotes", "FILE", "--json")
    assert quote_of(board, "VOD.L")["price"] == "0.7112"
    assert quote_of(board, "VOD.L")["raw_currency"] == "GBp"
    assert quote_of(board, "GBPUSD=X")["trusted"]


def test_pence_typed_for_pounds_are_not_recorded(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(FOREIGN)
    told = live("record", "buy", "FILE", "VOD.L", "1", "0.70", "--rate", "1.27")
    assert "0.7 is taken to be in GBP; --currency GBp says otherwise" in told.err
    live("check", "FILE")
    refused = live("record", "buy", "FILE", "VOD.L", "1", "70", "--rate", "1.27")
    assert refused.code == 2
    assert "70 GBP for VOD.L, whose last price was 0.7112" in refused.complaint
    assert live("record", "buy", "FILE", "VOD.L", "1", "70", "--rate", "1.27", "--currency", "GBp").code == 0


def test_an_untrusted_rate_makes_everything_in_its_currency_untrusted(
    live: Live, yahoo: Yahoo, tmp_path: Path
) -> None:
    (tmp_path / "live.toml").write_text(FOREIGN)
    yahoo.world["GBPUSD=X"].as_of = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    done = live("check", "FILE", "--json")
    assert done.code == 3
    vodafone = done.json["holdings"][1]
    assert not vodafone["quote"]["trusted"]
    assert "GBPUSD=X" in vodafone["quote"]["reason"]
    assert done.json["holdings"][2]["quote"]["trusted"]
    assert any("cash in GBP" in warning for warning in done.json["warnings"])


def test_market_hours_block_what_is_closed_and_say_so(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(BOOK.replace("[[asset]]", "[limits]\nmarket_hours = true\n\n[[asset]]", 1))
    assert {p["verdict"] for p in live("check", "FILE", "--json").json["proposals"]} == {"propose"}
    yahoo.world["VTI"].state = "PRE"
    expire(tmp_path)
    proposals = live("check", "FILE", "--json").json["proposals"]
    blocked = next(p for p in proposals if p["symbol"] == "VTI")
    guard = next(g for g in blocked["guards"] if g["name"] == "market_hours")
    assert (blocked["verdict"], guard["verdict"]) == ("blocked", "block")
    assert "its venue is in state pre" in guard["detail"]
    assert blocked["reason"].endswith(f"at the close of {datetime.now(UTC).astimezone(NEW_YORK):%Y-%m-%d}")


def test_a_manual_portfolio_asks_nobody(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(BOOK.replace("[[asset]]", '[feed]\nsource = "manual"\n\n[[asset]]', 1))
    assert live("check", "FILE").code == 3
    live("quotes", "FILE", "--set", "VTI", "100")
    live("quotes", "FILE", "--set", "BND", "100")
    look = live("check", "FILE", "--json")
    assert (look.code, look.json["value"]) == (1, "43500.00")
    assert "typed by you" in look.json["proposals"][0]["reason"]
    assert yahoo.requests == []


def test_a_typed_price_does_not_outlive_a_split(live: Live, tmp_path: Path) -> None:
    (tmp_path / "live.toml").write_text(BOOK.replace("[[asset]]", '[feed]\nsource = "manual"\n\n[[asset]]', 1))
    for symbol in ("VTI", "BND"):
        live("quotes", "FILE", "--set", symbol, "100")
    refused = live("quotes", "FILE", "--split", "VTI", "2:1")
    assert (refused.code, "does not look like a split" in refused.complaint) == (2, True)
    assert live("ledger", "list", "FILE", "--json").json["entries"] == []
    assert live("record", "split", "FILE", "VTI", "2:1").code == 0
    look = live("check", "FILE", "--json")
    assert (look.code, look.json["proposals"]) == (3, [])


def test_a_command_ends_in_time_although_nothing_answers(live: Live, yahoo: Yahoo) -> None:
    yahoo.fault(".", "hang")
    done = live("check", "FILE", "--json")
    assert done.code == 3
    assert re.search("no answer in time|has not answered for", done.json["warnings"][0])


def test_a_typed_price_counts_and_can_be_taken_back(live: Live, yahoo: Yahoo) -> None:
    typed = live("quotes", "FILE", "--set", "VTI", "260", "--json")
    vti = quote_of(typed, "VTI")
    assert (vti["price"], vti["source"], vti["trusted"]) == ("260", "manual", True)
    assert "260 USD counts until" in typed.err
    assert live("check", "FILE", "--json").json["holdings"][0]["price"] == "260"
    assert quote_of(live("quotes", "FILE", "--unset", "VTI", "--json"), "VTI")["source"] == "yahoo"


def test_an_unusual_typed_price_needs_a_yes(live: Live, yahoo: Yahoo) -> None:
    live("quotes", "FILE")
    refused = live("quotes", "FILE", "--set", "VTI", "900")
    assert refused.code == 2
    assert quote_of(live("quotes", "FILE", "--json"), "VTI")["source"] == "yahoo"
    assert live("quotes", "FILE", "--set", "VTI", "900", "--yes").code == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--accept", "VTI"), "VTI is trusted already"),
        (("--accept", "XXX"), "XXX is not in the portfolio"),
        (("--set", "XXX", "1"), "XXX is not in the portfolio"),
        (("--set", "VTI", "0"), "0 is no believable price"),
        (("--set", "VTI", "1", "--unset", "VTI"), "exclude each other"),
    ],
)
def test_what_cannot_be_done_with_a_price_is_said(
    live: Live, yahoo: Yahoo, words: tuple[str, ...], complaint: str
) -> None:
    done = live("quotes", "FILE", *words)
    assert done.code == 2
    assert complaint in done.complaint


def expire(tmp_path: Path) -> None:
    """Makes the board look as if it was asked for a minute ago."""
    board = tmp_path / "data" / "feed" / "quotes.json"
    kept = json.loads(board.read_text())
    ago = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    kept["asked"] = dict.fromkeys(kept["asked"], ago)
    kept["attempted_at"] = kept["polled_at"] = ago
    board.write_text(json.dumps(kept))
