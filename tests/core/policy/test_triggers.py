"""Which breaches call for a trade now."""

from __future__ import annotations

from datetime import timedelta

from core.market.trust import Trust
from core.policy.triggers import CASH, breached, due, first_breaches
from core.policy.valuation import Valuation
from core.portfolio.model import AbsoluteBand, Cash
from tests.core.planning.samples import NOW, asset, situation

MINUTE = timedelta(minutes=1)


def look(stocks: int = 665, cash: str = "0") -> Valuation:
    held = {"VTI": (str(stocks), "100"), "BND": ("335", "100")}
    rules = Cash(band=AbsoluteBand(0.02, 0.02))
    return situation([asset("VTI", 60), asset("BND", 40)], held, cash, cash_rules=rules).valuation


def test_all_that_is_outside_is_breached_cash_too() -> None:
    assert breached(look()) == ("BND", "VTI")
    assert CASH in breached(look(600, "6500"))
    assert breached(look(503)) == ()


def test_a_breach_keeps_the_time_it_was_first_seen_until_it_is_back_inside() -> None:
    first = first_breaches(look(), {}, NOW)
    assert first == {"BND": NOW, "VTI": NOW}
    assert first_breaches(look(), first, NOW + MINUTE) == first
    assert first_breaches(look(503), first, NOW + MINUTE) == {}


def test_what_cannot_be_weighed_stays_as_known() -> None:
    held = {"VTI": ("665", "100"), "BND": ("335", "100")}
    blind = situation([asset("VTI", 60), asset("BND", 40)], held, doubts={"VTI": Trust(False, False, "no price")})
    assert first_breaches(blind.valuation, {"VTI": NOW}, NOW + MINUTE) == {"VTI": NOW}


def test_a_breach_counts_once_it_has_lasted_the_dwell() -> None:
    first = {"VTI": NOW, "BND": NOW + MINUTE}
    ready, waiting = due(look(), first, 60, NOW + MINUTE)
    assert ready == {"VTI"}
    assert waiting == {"BND": 0.0}
    assert due(look(), first, 60, NOW + 2 * MINUTE)[0] == {"VTI", "BND"}


def test_without_a_dwell_every_breach_counts_at_once() -> None:
    assert due(look(), {}, 0, NOW)[0] == {"VTI", "BND"}
