"""A snapshot as the JSON object that scripts rely on, and as the exit code that goes with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.clock import iso
from core.desk.snapshot import Snapshot
from core.money import ZERO, amount, plain
from core.planning.alternatives import Alternative
from core.planning.proposal import Proposal
from core.policy.rates import Rate
from core.policy.valuation import CashLine, Line

SCHEMA = 1
DECIMALS = 12  # of weights and drifts


def check_code(snapshot: Snapshot) -> int:
    """The exit code of a look: 4 for a conflict, 3 without prices to decide on, 1 outside a band, else 0."""
    if snapshot.conflicts:
        return 4
    if not snapshot.stands:
        return 3
    return 1 if snapshot.triggered else 0


def check_json(snapshot: Snapshot) -> dict[str, Any]:
    """The object that `check --json` prints: money as strings, weights as numbers, the unknown as null."""
    valuation = snapshot.valuation
    return {
        "schema": SCHEMA,
        "portfolio": snapshot.portfolio.id,
        "as_of": iso(snapshot.as_of),
        "base_currency": snapshot.portfolio.base_currency,
        "value": _amount(valuation.value),
        "day_change": _amount(valuation.day_change),
        "drift": _fraction(valuation.drift),
        "cash": _cash(snapshot.cash, snapshot.portfolio.base_currency),
        "rates": {rate.symbol: _rate(rate) for rate in valuation.rates.values()},
        "holdings": [_holding(line) for line in snapshot.lines],
        "proposals": [proposal_json(proposal) for proposal in snapshot.proposals],
        "alternatives": [_alternative(way) for way in snapshot.alternatives()],
        "optimality_gap_bps": None,
        "warnings": [*filter(None, [snapshot.feed.detail]), *snapshot.warnings],
    }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """One proposal, whole."""
    costs = proposal.costs
    return {
        "id": proposal.id,
        "side": proposal.side,
        "symbol": proposal.symbol,
        "quantity": plain(proposal.quantity),
        "price": plain(proposal.price),
        "value": amount(proposal.value),
        "currency": proposal.currency,
        "reason": proposal.reason,
        "weight_before": _fraction(proposal.weight_before),
        "weight_after": _fraction(proposal.weight_after),
        "costs": {
            "commission": amount(costs.commission),
            "fees": amount(costs.fees),
            "spread": amount(costs.spread),
            "impact": _amount(costs.impact),
            "fx": amount(costs.fx),
            "total": amount(costs.total),
        },
        "fee_details": {name: amount(fee) for name, fee in costs.fee_details},
        "lots": [
            {
                "acquired": None if lot.acquired is None else lot.acquired.isoformat(),
                "quantity": plain(lot.quantity),
                "price": None if lot.price is None else plain(lot.price),
                "gain": _amount(lot.gain),
                "term": lot.term,
            }
            for lot in proposal.lots
        ],
        "tax": {
            "short_gain": _amount(proposal.tax.short_gain),
            "long_gain": _amount(proposal.tax.long_gain),
            "estimated": _amount(proposal.tax.estimated),
        },
        "gain": _amount(proposal.tax.gain),
        "waiting": [
            {"days": one.days, "date": one.day.isoformat(), "saves": amount(one.saves)}
            for one in proposal.tax.waiting
        ],
        "worth_it": {
            "benefit": _amount(proposal.worth_it.benefit),
            "cost": amount(proposal.worth_it.cost),
            "verdict": proposal.worth_it.verdict,
        },
        "guards": [
            {"name": guard.name, "verdict": guard.verdict, "detail": guard.detail} for guard in proposal.guards
        ],
        "quote": {
            "price": None if proposal.quote.price is None else plain(proposal.quote.price),
            "currency": proposal.quote.currency,
            "time": None if proposal.quote.time is None else iso(proposal.quote.time),
            "source": proposal.quote.source,
        },
        "verdict": proposal.verdict,
        "snoozed_until": None if proposal.snoozed_until is None else iso(proposal.snoozed_until),
    }


def _alternative(way: Alternative) -> dict[str, Any]:
    """One way back into the bands; money in base currency."""
    return {
        "name": way.name,
        "drift": _fraction(way.drift),
        "outside": list(way.outside),
        "cost": amount(way.cost),
        "tax": _amount(way.tax),
        "trades": [
            {"side": trade.side, "symbol": trade.symbol, "quantity": plain(trade.quantity)} for trade in way.trades
        ],
    }


def _holding(line: Line) -> dict[str, Any]:
    quote, trust = line.quote, line.trust
    return {
        "symbol": line.symbol,
        "name": line.asset.name,
        "quantity": plain(line.quantity),
        "price": None if line.price is None else plain(line.price),
        "currency": line.asset.currency,
        "value": _amount(line.value),
        "weight": _fraction(line.weight),
        "target": _fraction(line.target),
        "drift": _fraction(line.drift),
        "lower": _fraction(line.lower),
        "upper": _fraction(line.upper),
        "state": line.state,
        "quote": {
            "time": None if quote is None or quote.time is None else iso(quote.time),
            "age_seconds": trust.age_seconds,
            "source": None if quote is None else quote.source,
            "trusted": trust.trusted,
            "reason": trust.reason,
        },
    }


def _rate(rate: Rate) -> dict[str, Any]:
    """Base currency per unit of another one, as a quote."""
    quote, trust = rate.quote, rate.trust
    return {
        "currency": rate.currency,
        "price": None if rate.price is None else plain(rate.price),
        "time": None if quote is None or quote.time is None else iso(quote.time),
        "age_seconds": trust.age_seconds,
        "source": None if quote is None else quote.source,
        "trusted": trust.trusted,
        "reason": trust.reason,
    }


def _cash(cash: CashLine, base_currency: str) -> dict[str, Any]:
    balances = {base_currency: ZERO, **cash.balances}
    return {
        "value": _amount(cash.value),
        "weight": _fraction(cash.weight),
        "target": _fraction(cash.target),
        "drift": _fraction(cash.drift),
        "lower": _fraction(cash.lower),
        "upper": _fraction(cash.upper),
        "state": cash.state,
        "balances": {currency: amount(balance) for currency, balance in balances.items()},
        "values": {
            currency: _amount(cash.worth.get(currency, ZERO if not balance else None))
            for currency, balance in balances.items()
        },
    }


def _fraction(number: float | None) -> float | None:
    """`number` without the last bits that arithmetic leaves: 0.065, not 0.06500000000000003."""
    return None if number is None else round(number, DECIMALS) + 0.0


def _amount(number: Decimal | None) -> str | None:
    return None if number is None else amount(number)
