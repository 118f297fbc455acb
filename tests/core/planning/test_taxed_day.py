"""By which day the gains of what is proposed are taxed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from core.book.lots import HeldLot, opening_key
from core.planning.planner import Situation, plan
from core.portfolio.model import Tax
from tests.core.book.samples import day, dec
from tests.core.planning.samples import NOW, asset, situation


def taxed(look: Situation, lot: HeldLot) -> Situation:
    """The same look by the rules of the United States, with one lot of VTI."""
    lines = []
    for line in look.valuation.lines:
        if line.symbol == "VTI":
            assert line.position is not None
            line = replace(line, position=replace(line.position, lots=(lot,)))
        lines.append(line)
    valuation = replace(look.valuation, lines=tuple(lines))
    return replace(look, portfolio=replace(look.portfolio, tax=Tax(regime="us")), valuation=valuation)


def test_gains_are_taxed_by_the_day_of_the_quote_with_which_they_are_recorded() -> None:
    """At the close of Friday 2026-11-20 what a year before was bought is short-term; on Saturday it is not."""
    lot = HeldLot(opening_key("VTI", 0), "VTI", dec(665), dec(80), day("2025-11-20"), dec(1))
    book = situation([asset("VTI", 60), asset("BND", 40)], {"VTI": ("665", "100"), "BND": ("335", "100")})
    look = replace(taxed(book, lot), now=NOW + timedelta(days=1))
    (sold,) = [one for one in plan(look).proposals if one.side == "sell"]
    assert [part.term for part in sold.lots] == ["short"]
    assert (sold.tax.short_gain, sold.tax.long_gain) == (dec(1300), dec(0))
    assert sold.tax.estimated == Decimal(455)
