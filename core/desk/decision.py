"""What a trade was decided on, as it is recorded with it: quotes and their times, bands, costs, lots, guards."""

from __future__ import annotations

from typing import Any

from core.book.report import lot_json
from core.clock import iso
from core.desk.snapshot import Snapshot
from core.market.quotes import Quote
from core.market.trust import Trust
from core.money import amount, plain
from core.planning.proposal import Proposal
from core.policy.rates import Rate
from core.policy.valuation import Line


def decision(proposal: Proposal, snapshot: Snapshot) -> dict[str, Any]:
    """What a trade was decided on, in JSON: quotes and their times, bands, drifts, costs, guards, policy."""
    policy, valuation = snapshot.portfolio.policy, snapshot.valuation
    return {
        "as_of": iso(snapshot.as_of),
        "source": proposal.quote.source,
        "reason": proposal.reason,
        "portfolio_value": None if valuation.value is None else amount(valuation.value),
        "portfolio_drift": valuation.drift,
        "cash": None if snapshot.cash.value is None else amount(snapshot.cash.value),
        "weight_before": proposal.weight_before,
        "weight_after": proposal.weight_after,
        "rate": plain(proposal.rate),
        "quotes": {line.symbol: _quote(line) for line in snapshot.lines},
        "rates": {rate.symbol: _rate_quote(rate) for rate in valuation.rates.values()},
        "bands": {
            line.symbol: {"target": line.target, "lower": line.lower, "upper": line.upper, "weight": line.weight}
            for line in snapshot.lines
            if line.target is not None
        },
        "costs": {
            "commission": amount(proposal.costs.commission),
            "fees": amount(proposal.costs.fees),
            "spread": amount(proposal.costs.spread),
            "impact": None if proposal.costs.impact is None else amount(proposal.costs.impact),
            "fx": amount(proposal.costs.fx),
        },
        "lots": [lot_json(part) for part in proposal.lots],
        "fee_details": {name: amount(fee) for name, fee in proposal.costs.fee_details},
        "guards": [{"name": g.name, "verdict": g.verdict, "detail": g.detail} for g in proposal.guards],
        "policy": {"scope": policy.scope, "mode": policy.mode, "min_trade": amount(policy.min_trade)},
    }


def _quote(line: Line) -> dict[str, Any] | None:
    return _quoted(line.quote, line.trust)


def _rate_quote(rate: Rate) -> dict[str, Any] | None:
    return _quoted(rate.quote, rate.trust)


def _quoted(quote: Quote | None, trust: Trust) -> dict[str, Any] | None:
    if quote is None or quote.price is None or quote.time is None:
        return None
    return {
        "price": plain(quote.price),
        "currency": quote.currency,
        "time": iso(quote.time),
        "source": quote.source,
        "trusted": trust.trusted,
        "note": trust.note,
    }
