"""From a proposal that a user says yes to, to what is recorded: looked at again, edited, paid for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.book.changes import FINEST, LARGEST
from core.book.choosing import Pick, picked
from core.book.entries import Draft, Entry, EntryLot
from core.costs.fees import trade_costs
from core.costs.model import TradeCosts
from core.costs.regulatory import regulatory_fees
from core.desk.decision import decision
from core.desk.snapshot import Snapshot
from core.errors import BadInput, Conflict
from core.market.sessions import exchange_day
from core.money import ZERO, plain
from core.planning.guards import plan_guards, trade_guards
from core.planning.offer import make_proposal
from core.planning.payment import Payment, Settled, settle, worth
from core.planning.proposal import Proposal
from core.policy.valuation import Line
from core.portfolio.model import Asset

PRICE_TOLERANCE: Final = Decimal("0.005")  # a price that moved further since it was seen is asked about again


class Request(Struct, frozen=True):
    """One proposal to be confirmed. What is None is as proposed, `lots` are those that a sale is to take.

    `pinned` is the quantity that was looked at: another plan is a conflict. `seen_price` is the price on the
    screen, `seen_rate` the rate: a quote more than 0.5 % away from it is asked about again.
    """

    id: str
    pinned: Decimal | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    fees: Decimal | None = None
    seen_price: Decimal | None = None
    seen_rate: Decimal | None = None
    lots: tuple[Pick, ...] = ()

    @property
    def edited(self) -> bool:
        """Whether anything differs from the proposal."""
        return not (self.quantity is None and self.price is None and self.fees is None and not self.lots)


class Executed(Struct, frozen=True):
    """When a trade was made: a moment, or only a day in its exchange's time zone."""

    moment: datetime | None = None
    day: date | None = None


class Confirmed(Struct, frozen=True):
    """What was recorded, which ids already were, what was skipped, and what the user should know."""

    recorded: tuple[Entry, ...]
    already: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class PriceMoved(Conflict):
    """What was looked at is no longer so: the price moved or lost its trust, or the plan changed with it."""


def wanted(
    request: Request, snapshot: Snapshot, recorded: Mapping[str, int], executed: Executed | None = None
) -> Proposal:
    """The proposal that `request` means, as it stands now, with its edits, and with the fees of the day on which it
    was `executed`; `recorded` are entries by their id."""
    proposal = next((p for p in snapshot.proposals if p.id == request.id), None)
    if proposal is None:
        if request.id in recorded:
            raise Conflict(
                f"{request.id} is already recorded, as entry {recorded[request.id]}",
                fix="nothing was recorded; `strikezone ledger list` shows it",
            )
        raise Conflict(
            f"{request.id} is not proposed any more", fix="nothing was recorded; look again with `strikezone check`"
        )
    if request.pinned is not None and request.pinned != proposal.quantity:
        changed = Conflict if request.seen_price is None else PriceMoved
        raise changed(
            f"{request.id}: you looked at {plain(request.pinned)}, now {plain(proposal.quantity)} is proposed",
            fix=f"nothing was recorded; confirm {request.id}@{plain(proposal.quantity)} if that is what you want",
        )
    if request.seen_price is not None:
        trust = _line(snapshot, proposal.symbol).trust
        if not trust.trusted:
            raise PriceMoved(
                f"the price of {proposal.symbol} is no longer trusted: {trust.reason}",
                fix="nothing was recorded; look at the trade again",
            )
        moved = proposal.price / request.seen_price - 1
        if abs(moved) > PRICE_TOLERANCE:
            raise PriceMoved(
                f"{proposal.symbol} moved {moved * 100:+.2f} % to {plain(proposal.price)} while you looked",
                fix="nothing was recorded; look at the trade again",
            )
    if request.seen_rate is not None and abs(proposal.rate / request.seen_rate - 1) > PRICE_TOLERANCE:
        raise PriceMoved(
            f"the rate of {proposal.currency} moved to {plain(proposal.rate)} while you looked",
            fix="nothing was recorded; look at the trade again",
        )
    anew = request.edited or (executed is not None and _day_matters(proposal, snapshot, executed))
    return edited(proposal, request, snapshot, executed) if anew else proposal


def _day_matters(proposal: Proposal, snapshot: Snapshot, executed: Executed) -> bool:
    """Whether the day on which the trade was made is another than that of the quote, and may have other lots, terms
    and disallowed losses, or other regulatory fees, than it is proposed with."""
    asset = _line(snapshot, proposal.symbol).asset
    day = _traded_on(proposal, asset, executed)
    if snapshot.portfolio.tax.regime != "none" and day != _traded_on(proposal, asset, None):
        return True
    costs = snapshot.portfolio.costs
    fees = regulatory_fees(costs.fees, asset, proposal.side, day, proposal.quantity, proposal.value)
    return fees != proposal.costs.fee_details


def edited(proposal: Proposal, request: Request, snapshot: Snapshot, executed: Executed | None = None) -> Proposal:
    """`proposal` with the request's quantity, price and fees: costs, lots and weights anew, guards run again."""
    portfolio, value = snapshot.portfolio, snapshot.valuation.value
    line = _line(snapshot, proposal.symbol)
    assert value is not None
    quantity = request.quantity if request.quantity is not None else proposal.quantity
    price = request.price if request.price is not None else proposal.price
    _check_edit(quantity, price, request.fees, line, proposal)
    assert line.rate is not None, "what is proposed has a rate"
    day = _traded_on(proposal, line.asset, executed)
    costs = trade_costs(line.asset, portfolio.costs, proposal.side, day, quantity, price, line.rate)
    if request.price is not None:
        costs = replace(costs, spread=ZERO, impact=ZERO)  # the fill is known: nothing is expected of it any more
    if request.fees is not None:
        costs = TradeCosts(commission=request.fees, spread=costs.spread, impact=costs.impact)
    elif proposal.side == "buy":
        costs = replace(costs, fx=_conversion(proposal, quantity * price, costs, snapshot))
    others = _others(proposal, snapshot)
    past, traded = snapshot.past, quantity * price * line.rate
    guards = trade_guards(line, traded, value, portfolio, past, snapshot.as_of)
    total = sum((other.base_value for other in others), traded)
    guards += plan_guards(total, len(others) + 1, value, portfolio, past)
    fees = sum((other.costs.cash * other.rate for other in others), costs.cash * line.rate)
    return make_proposal(
        portfolio,
        line,
        proposal.side,
        quantity,
        costs,
        value - fees,
        snapshot.counts.get(proposal.symbol, 0),
        guards,
        proposal.reason,
        day,
        price,
        _named_lots(proposal, request, line, quantity, day),
    )


def _named_lots(
    proposal: Proposal, request: Request, line: Line, quantity: Decimal, day: date
) -> tuple[EntryLot, ...]:
    """The lots that the request names, as parts of the sale; none if it names none."""
    if not request.lots:
        return ()
    if proposal.side == "buy":
        raise BadInput(f"{proposal.id} buys {proposal.symbol}: it takes no lots", fix="leave --lot out")
    try:
        return picked(line.position.held_on(day) if line.position else (), request.lots, quantity)
    except ValueError as error:
        raise BadInput(
            f"{proposal.id} ({proposal.side} {proposal.symbol}): {error}",
            fix="nothing was recorded; `strikezone ledger positions` shows the lots",
        ) from error


def together(
    requests: Sequence[Request], proposals: Sequence[Proposal], snapshot: Snapshot
) -> tuple[Proposal, ...]:
    """The proposals with what their conversions cost if these, and no others, are made, sells first.

    What its user says was charged stays as it was said.
    """
    said = {request.id for request in requests if request.fees is not None}
    ordered = sells_first(proposals)
    portfolio = snapshot.portfolio
    payments = [_charged(p) if p.id in said else p.payment for p in ordered]
    fx = settle(snapshot.cash.balances, portfolio.base_currency, portfolio.costs.fx, payments).fx
    costs = {p.id: replace(p.costs, fx=cost) for p, cost in zip(ordered, fx, strict=True) if p.id not in said}
    return tuple(p if costs.get(p.id, p.costs) == p.costs else replace(p, costs=costs[p.id]) for p in proposals)


def sells_first(proposals: Sequence[Proposal]) -> list[Proposal]:
    """The order in which a plan is paid and recorded."""
    return sorted(proposals, key=lambda p: (p.side == "buy", p.symbol))


def check_confirmable(proposals: Sequence[Proposal], snapshot: Snapshot) -> None:
    """Refuses what is blocked or not worth it, and buys that the cash cannot pay without sells."""
    for proposal in proposals:
        if proposal.verdict == "blocked":
            blocking = [f"{g.name}: {g.detail}" for g in proposal.guards if g.verdict == "block"]
            raise BadInput(
                f"{proposal.id} ({proposal.side} {proposal.symbol}) is blocked: {'; '.join(blocking)}",
                fix="nothing was recorded; the limits stand in the portfolio file",
            )
        if proposal.verdict == "not_worth_it":
            raise BadInput(
                f"{proposal.id} ({proposal.side} {proposal.symbol}) costs more than it is worth",
                fix='nothing was recorded; set worth_it = "warn" to decide yourself',
            )
        _check_lots_named(proposal, snapshot)
    if any(p.side == "buy" for p in proposals):
        _check_cash(proposals, snapshot)


def _check_lots_named(proposal: Proposal, snapshot: Snapshot) -> None:
    """Refuses a sale whose lots the user wants to name, and did not, where there is a choice."""
    line = _line(snapshot, proposal.symbol)
    choice = line.position is not None and len(line.position.lots) > 1 and proposal.quantity < line.quantity
    if proposal.side == "sell" and snapshot.portfolio.tax.method == "specific" and choice and not proposal.chosen:
        raise BadInput(
            f'{proposal.id} (sell {proposal.symbol}): [tax] method is "specific", and no lot is named',
            fix=f"nothing was recorded; name lots with --lot or `e`: {_lots_of(line)}",
        )


def _lots_of(line: Line) -> str:
    lots = line.position.lots if line.position else ()
    return ", ".join(f"{lot.held_since or 'unknown'}:{plain(lot.quantity)}" for lot in lots[:6])


def _check_cash(proposals: Sequence[Proposal], snapshot: Snapshot) -> None:
    """Refuses what the cash cannot pay: sells first, each buy from its own currency and then from base."""
    portfolio, valuation = snapshot.portfolio, snapshot.valuation
    if valuation.value is None or snapshot.cash.value is None:
        return
    base = portfolio.base_currency
    ordered = sells_first(proposals)
    paid = settle(snapshot.cash.balances, base, ZERO, [_charged(p) for p in ordered])
    rates = {currency: rate.price for currency, rate in valuation.rates.items() if rate.price is not None}
    floor = Decimal(repr(portfolio.cash.floor)) * valuation.value
    missing = floor + paid.kept_free - worth(paid.balances, base, rates)
    drawing = any(p.side == "buy" and (more or p.currency == base) for p, more in _drawn(ordered, paid))
    if drawing:  # what is left in other currencies cannot pay for these
        missing = max(missing, paid.kept_free_in_base - paid.balances[base])
    if missing > 0:
        names = ", ".join(p.symbol for p in ordered if p.side == "buy")
        have = " and ".join(f"{b:,.2f} {c}" for c, b in ({base: ZERO} | snapshot.cash.balances).items())
        raise BadInput(
            f"cash of {have} cannot pay for {names}: {missing:,.2f} {base} are missing",
            fix="nothing was recorded; confirm the sells that pay for it as well, or a smaller quantity",
        )


def _charged(proposal: Proposal) -> Payment:
    """What the proposal moves with everything that is charged, its conversion among it."""
    return replace(proposal.payment, fees=proposal.costs.cash)


def _drawn(proposals: Sequence[Proposal], paid: Settled) -> Iterator[tuple[Proposal, Decimal]]:
    return zip(proposals, paid.converted, strict=True)


def _others(proposal: Proposal, snapshot: Snapshot) -> list[Proposal]:
    """What is proposed beside it."""
    return [p for p in snapshot.proposals if p.verdict == "propose" and p.id != proposal.id]


def _conversion(proposal: Proposal, value: Decimal, costs: TradeCosts, snapshot: Snapshot) -> Decimal:
    """What converting for a buy of another value costs, after all others that are proposed with it."""
    portfolio = snapshot.portfolio
    before = sells_first(_others(proposal, snapshot))
    before = [p for p in before if (p.side == "buy", p.symbol) < (True, proposal.symbol)]
    charged = costs.commission + costs.fees
    own = Payment("buy", proposal.currency, proposal.rate, value, charged, costs.expected)
    payments = [*(p.payment for p in before), own]
    return settle(snapshot.cash.balances, portfolio.base_currency, portfolio.costs.fx, payments).fx[-1]


def draft(proposal: Proposal, snapshot: Snapshot, executed: Executed | None) -> Draft:
    """The entry to record for a confirmed proposal, with all that it was decided on."""
    asset = _line(snapshot, proposal.symbol).asset
    return Draft(
        id=proposal.id,
        kind="trade",
        effective=_traded_on(proposal, asset, executed),
        executed=executed.moment if executed else proposal.quote.time,
        symbol=proposal.symbol,
        side=proposal.side,
        quantity=proposal.quantity,
        price=proposal.price,
        fees=proposal.costs.cash,
        currency=proposal.currency,
        rate=proposal.rate,
        lots=proposal.lots if proposal.chosen else (),
        decision=decision(proposal, snapshot),
    )


def keeping(draft: Draft, digest: str, kept: Mapping[str, str]) -> Draft:
    """`draft` with the digest of what it was decided on, and the texts that are kept for it."""
    return replace(draft, decision={**(draft.decision or {}), "inputs": digest or None}, kept=dict(kept))


def _traded_on(proposal: Proposal, asset: Asset, executed: Executed | None) -> date:
    """The trade date: the day that was said, else that of the moment that was said or of the quote."""
    if executed is not None and executed.day is not None:
        return executed.day
    moment = executed.moment if executed else proposal.quote.time
    assert moment is not None, "a trusted quote has a time"
    return exchange_day(asset, proposal.quote.timezone, moment)


def _line(snapshot: Snapshot, symbol: str) -> Line:
    line = snapshot.valuation.line(symbol)
    assert line is not None, "a proposal is of a line"
    return line


def _check_edit(quantity: Decimal, price: Decimal, fees: Decimal | None, line: Line, proposal: Proposal) -> None:
    if quantity <= 0 or price <= 0:
        raise BadInput("quantity and price must be positive", fix="nothing was recorded")
    if fees is not None and fees < 0:
        raise BadInput("fees cannot be negative", fix="nothing was recorded")
    for name, number in (("quantity", quantity), ("price", price), ("fees", fees or ZERO)):
        exponent = number.as_tuple().exponent
        if number >= LARGEST or not isinstance(exponent, int) or exponent < FINEST:
            raise BadInput(
                f"the {name} cannot be kept exactly: {number}",
                fix=f"nothing was recorded; below {plain(LARGEST)} and with at most {-FINEST} decimals it can",
            )
    if quantity % line.asset.step:
        raise BadInput(
            f"{plain(quantity)} is no multiple of the step of {line.symbol}, {plain(line.asset.step)}",
            fix="nothing was recorded; give a multiple, or record the trade by hand with `strikezone record`",
        )
    if proposal.side == "sell" and quantity > line.quantity:
        raise BadInput(
            f"{plain(line.quantity)} {line.symbol} are held, {plain(quantity)} cannot be sold",
            fix="nothing was recorded; give a smaller quantity",
        )
