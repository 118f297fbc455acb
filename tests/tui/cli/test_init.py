"""`init`: a first file from options or answers, checked against the feed in one request, never over another."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from core.portfolio.file import load_portfolio
from core.portfolio.model import Portfolio
from tests.tui.cli.support import STRIKEZONE
from tests.tui.cli.test_live import Live, live
from tests.yahoo import Yahoo

__all__ = ["live"]

TWO = ("--holding", "VTI=100@210.50@2023-05-01", "--holding", "BND=190")


def made(tmp_path: Path, id_: str = "portfolio") -> Portfolio:
    """The file that was written beside the configuration."""
    path = tmp_path / "portfolios" / f"{id_}.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    return load_portfolio(path)


def test_options_alone_make_a_file_that_check_opens_by_its_id(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    done = live("init", *TWO, "--target", "VTI=60", "--target", "BND=40", "--cash", "USD=1,000", "--id", "mine")
    assert done.code == 0, done.err
    portfolio = made(tmp_path, "mine")
    assert [(a.symbol, a.target, a.kind) for a in portfolio.assets] == [("VTI", 0.6, "etf"), ("BND", 0.4, "etf")]
    assert [request.symbols for request in yahoo.quote_requests] == [("VTI", "BND")]
    assert "strikezone check mine" in done.out
    assert live("check", "mine", "--json").json["value"] == "40306.00"


def test_todays_weights_can_be_the_targets(live: Live, tmp_path: Path) -> None:
    assert live("init", *TWO, "--keep-weights").code == 0
    assert [round(100 * (a.target or 0), 1) for a in made(tmp_path).assets] == [65.0, 35.0]
    assert live("check", "portfolio", "--json").json["proposals"] == []


def test_what_the_feed_says_of_a_symbol_is_written(live: Live, tmp_path: Path) -> None:
    done = live("init", "--holding", "VOD.L=1000@71.5", "--holding", "SAP.DE=3", "--holding", "BTC-USD=0.05")
    vodafone, sap, bitcoin = made(tmp_path).assets
    assert (vodafone.name, vodafone.currency, vodafone.price_unit) == ("Vodafone Group PLC", "GBP", "GBp")
    assert str(vodafone.lots[0].price) == "0.715"
    assert "71.5 is taken to be in GBp" in done.err
    assert (sap.currency, bitcoin.kind, str(bitcoin.step)) == ("EUR", "crypto", "0.0001")


def test_a_price_in_pounds_is_one_in_pounds(live: Live, tmp_path: Path) -> None:
    live("init", "--holding", "VOD.L=1000@0.715")
    [vodafone] = made(tmp_path).assets
    assert (str(vodafone.lots[0].price), vodafone.price_unit) == ("0.715", "")


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("--holding", "NOPE=1"), 2, "Yahoo does not know NOPE"),
        (("--holding", "VTI"), 2, "is not understood"),
        (("--holding", "VTI=x"), 2, "must be a number"),
        (("--holding", "VTI=-1"), 2, "cannot be negative"),
        (("--holding", "VTI=1@2@2023-13-01"), 2, "2023-13-01"),
        (("--holding", "VTI=1", "--holding", "VTI=2"), 2, "given twice"),
        (("--holding", "VTI=1", "--target", "VTI=60"), 2, "sum to 60"),
        (("--holding", "VTI=1", "--band", "wide"), 2, "is no band"),
        (("--holding", "VTI=1", "--id", "My Id"), 2, "--id"),
        (("--holding", "VTI=1", "--base", "dollars"), 2, "--base"),
        (("--holding", "VTI=1", "--cash", "USD"), 2, "--cash"),
        (("--holding", "VTI=1", "--cash", "USD=1", "--cash", "USD=2"), 2, "--cash: USD is given twice"),
        (("--holding", "VTI=1", "--target", "VTI=50", "--target", "vti=50"), 2, "--target: VTI is given twice"),
        (("--holding", "VTI=1@200@2099-01-04"), 2, "still to come"),
        (("--holding", "VTI=0.000000000000001"), 2, "more than 12 decimals"),
        (("--holding", "VTI=1", "--band", "500"), 2, "is no band"),
        (("--holding", "VTI=1", "--cash-target", "x"), 2, "--cash-target"),
        (("a\x1b[2J.toml", "--holding", "VTI=1"), 2, "control characters"),
        ((), 2, "no terminal to ask on"),
    ],
)
def test_bad_options_write_nothing(
    live: Live, tmp_path: Path, words: tuple[str, ...], code: int, what: str
) -> None:
    done = live("init", *words)
    assert done.code == code
    assert what in done.complaint
    assert not (tmp_path / "portfolios").exists()


def test_a_file_that_is_there_stays(live: Live, tmp_path: Path) -> None:
    live("init", *TWO)
    before = (tmp_path / "portfolios" / "portfolio.toml").read_bytes()
    done = live("init", "--holding", "AAPL=1")
    assert done.code == 2
    assert "is there already" in done.complaint
    assert (tmp_path / "portfolios" / "portfolio.toml").read_bytes() == before
    assert [path.name for path in (tmp_path / "portfolios").iterdir()] == ["portfolio.toml"]


def test_a_name_is_an_id(live: Live, tmp_path: Path) -> None:
    assert live("init", "mine", *TWO).code == 0
    assert made(tmp_path, "mine").id == "mine"


def test_what_is_held_is_never_given_a_target_of_0(live: Live, tmp_path: Path) -> None:
    live("init", "small", "--holding", "VTI=10000", "--holding", "BND=1", "--keep-weights")
    assert [str(round(100 * (a.target or 0), 1)) for a in made(tmp_path, "small").assets] == ["99.9", "0.1"]


def test_an_id_whose_ledger_is_there_is_refused(live: Live, tmp_path: Path) -> None:
    live("init", "mine", *TWO)
    live("record", "deposit", "mine", "100")
    (tmp_path / "portfolios" / "mine.toml").unlink()
    done = live("init", "mine", *TWO)
    assert done.code == 2
    assert "has a ledger already" in done.complaint


def test_without_a_network_it_writes_only_if_told_to(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.offline()
    try:
        done = live("init", *TWO)
        assert done.code == 3
        assert "no connection to Yahoo" in done.complaint
        assert live("init", *TWO, "--offline").code == 0
        assert len(made(tmp_path).assets) == 2
    finally:
        yahoo.online()


class Asked:
    """`init` on a terminal."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.child: Any = pexpect.spawn(
            str(STRIKEZONE), ["init"], env=environment, encoding="utf-8", timeout=20, dimensions=(24, 100)
        )

    def answer(self, *pairs: tuple[str, str]) -> Asked:
        for question, answer in pairs:
            self.child.expect_exact(question)
            self.child.sendline(answer)
        return self

    def end(self) -> int:
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert "Traceback" not in (self.child.before or "")
        return int(self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus)


@pytest.fixture
def asked(yahoo_environment: dict[str, str], tmp_path: Path) -> Iterator[Asked]:
    made = Asked(
        {
            **os.environ,
            **yahoo_environment,
            "STRIKEZONE_DATA_DIR": str(tmp_path / "data"),
            "STRIKEZONE_CONFIG": str(tmp_path / "config.toml"),
            "TERM": "xterm",
        }
    )
    yield made
    made.child.close(force=True)


def test_questions_forgive_typing_errors(asked: Asked, tmp_path: Path) -> None:
    asked.answer(
        ("Name [My portfolio]", "Mine & yours"),
        ("Short name for its ledger [mine-yours]", "Not Good"),
        ("Short name for its ledger", ""),
        ("Base currency [USD]", "usd"),
        ("Base currency", ""),
        ("holding", "VTI"),
        ("holding", "VTI 100 210.50 2023-05-01"),
        ("holding", "VTI 5"),
        ("holding", "BNDX 190"),
        ("holding", ""),
        ("Yahoo does not know BNDX", "BND"),
        ("Cash in USD [0]", "lots"),
        ("Cash in USD", "1,000"),
        ("Tolerance band", "5/25"),
        ("target of VTI [63.4]", "60"),
        ("target of BND [34.1]", "30"),
        ("target of cash [2.5]", "0"),
        ("target of VTI [60]", ""),
        ("target of BND [30]", "40"),
        ("target of cash [0]", ""),
    )
    assert asked.end() == 0
    portfolio = made(tmp_path, "mine-yours")
    assert (portfolio.name, [a.target for a in portfolio.assets]) == ("Mine & yours", [0.6, 0.4])


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_leaving_writes_nothing(asked: Asked, tmp_path: Path, key: str) -> None:
    asked.answer(("Name", ""), ("Short name", ""), ("Base currency", ""))
    asked.child.expect_exact("holding")
    asked.child.send(key)
    assert asked.end() == 130
    assert not (tmp_path / "portfolios").exists()


def test_when_the_feed_fails_it_offers_to_go_on(asked: Asked, yahoo: Yahoo, tmp_path: Path) -> None:
    yahoo.fault("v7/finance/quote", "status", 429)
    asked.answer(
        ("Name", ""),
        ("Short name", ""),
        ("Base currency", ""),
        ("holding", "VTI 100"),
        ("holding", ""),
        ("Go on without checking", "y"),
        ("Cash in USD", ""),
        ("Tolerance band", ""),
        ("target of VTI [100]", ""),
    )
    assert asked.end() == 0
    assert made(tmp_path, "my-portfolio").assets[0].target == 1.0


def test_todays_weights_of_foreign_assets_count_at_their_rates(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    done = live("init", "--holding", "VTI=10", "--holding", "VOD.L=1000", "--keep-weights")
    assert done.code == 0, done.err
    vti = 10 * yahoo.world["VTI"].price
    vodafone = 1000 * yahoo.world["VOD.L"].price / 100 * yahoo.world["GBPUSD=X"].price
    share = 100 * vti / (vti + vodafone)
    assert 100 * (made(tmp_path).assets[0].target or 0) == pytest.approx(share, abs=0.06)


def test_weights_that_are_not_known_are_no_targets(live: Live, yahoo: Yahoo, tmp_path: Path) -> None:
    done = live("init", *TWO, "--keep-weights", "--cash", "CHF=100")
    assert done.code == 3
    assert "there is none of CHF" in done.complaint
    assert not (tmp_path / "portfolios").exists()


def test_a_decimal_comma_is_refused(live: Live, tmp_path: Path) -> None:
    done = live("init", "--holding", "VTI=1,5")
    assert done.code == 2
    assert "write a point before decimals" in done.complaint
    assert not (tmp_path / "portfolios").exists()


def test_kept_weights_count_cash_so_that_nothing_is_bought_with_it(live: Live, tmp_path: Path) -> None:
    assert live("init", *TWO, "--cash", "USD=30000", "--keep-weights").code == 0
    portfolio = made(tmp_path)
    assert portfolio.cash.target > 0.3
    assert portfolio.cash.target + sum(a.target or 0 for a in portfolio.assets) == pytest.approx(1, abs=1e-9)
    assert live("check", "portfolio", "--json").json["proposals"] == []


def test_a_price_in_pounds_far_below_todays_is_not_in_pence(live: Live, tmp_path: Path) -> None:
    live("init", "--holding", "VOD.L=1000@0.05")
    [vodafone] = made(tmp_path).assets
    assert (str(vodafone.lots[0].price), vodafone.price_unit) == ("0.05", "")


def test_two_files_have_two_ledgers_and_symbols_are_in_capitals(live: Live, tmp_path: Path) -> None:
    for name in ("First one.toml", "second.toml"):
        done = live("init", str(tmp_path / name), "--holding", "vti=1", "--target", "VTI=100", "--offline")
        assert done.code == 0, done.err
    first, second = (load_portfolio(tmp_path / name) for name in ("First one.toml", "second.toml"))
    assert (first.id, second.id) == ("first-one", "second")
    assert [a.symbol for a in first.assets] == ["VTI"]
