"""What a look at a portfolio should say besides its proposals, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from core.ledger.ledger import Ledger
from core.money import amount, plain
from core.policy.rates import cash_doubt
from core.policy.triggers import CASH
from core.policy.valuation import Line, Valuation
from core.portfolio.model import Portfolio

READ_ONLY: Final = "the data directory cannot be written: nothing can be recorded"
# what its user can do about a suspect price, by what it is suspected of
_WAYS: Final = {
    "split": " (keys S, b; or `strikezone quotes --split`, `--accept`)",
    "jump": " (further prints will tell; or key b, `strikezone quotes --accept`)",
    None: "",
}


def remarks(
    portfolio: Portfolio, valuation: Valuation, waiting: Mapping[str, float], ledger: Ledger
) -> tuple[str, ...]:
    """Warnings of the file and the ledger, untargeted holdings, missing prices, breaches that are too young."""
    said = [*portfolio.warnings, *ledger.notices]
    if ledger.readonly:
        said.append(READ_ONLY)
    for seq in ledger.book.skipped:
        said.append(f"entry {seq} is dated on or before the day the portfolio was opened: skipped")
    said += _cash(valuation)
    for line in valuation.lines:
        if line.state == "unpriced" and (line.quantity or line.asset.target or line.asset.target_value):
            said.append(f"{line.symbol}: {line.trust.reason}")
        elif line.state not in ("unpriced", "outside") and not line.trust.trusted:
            said.append(f"{line.symbol} is not trusted: {line.trust.reason}{_WAYS.get(line.trust.suspicion, '')}")
        elif _odd_day(line, portfolio):
            move = f"{(line.day_change or 0.0) * 100:+.1f} % since its previous close"
            said.append(f"{line.symbol} moved {move}: if it split, record it with `strikezone record split`")
        if line.state == "untargeted" and line.quantity:
            share = "an unknown share" if line.weight is None else f"{line.weight * 100:.2f} %"
            said.append(f"{line.symbol} has no target: {share} of the portfolio is never traded")
        left = line.quantity % line.asset.step
        if line.asset.targeted and not (line.asset.target or line.asset.target_value) and left:
            said.append(f"{line.symbol}: {plain(left)} is less than one step of {plain(line.asset.step)}: left")
    for symbol, lasted in waiting.items():
        name = "cash" if symbol == CASH else symbol
        said.append(f"{name} is outside for {lasted:.0f} s; it counts after {portfolio.policy.dwell_seconds:g} s")
    return tuple(said)


def _odd_day(line: Line, portfolio: Portfolio) -> bool:
    """Whether a trusted live price is further from its previous close than a jump may be."""
    change, limit = line.day_change, portfolio.limits.max_jump.value
    live = line.quote is not None and line.quote.source == "yahoo"
    return live and bool(line.quantity) and bool(limit) and change is not None and abs(change) > limit


def _cash(valuation: Valuation) -> Iterator[str]:
    """Balances below zero, and those whose rate is unknown or not trusted."""
    for currency, balance in valuation.cash.balances.items():
        rate = valuation.rates.get(currency)
        if balance < 0:
            yield f"cash is {amount(balance)} {currency}"
        if balance and rate is not None and not rate.trust.trusted:
            yield cash_doubt(rate)
