"""What a review shows of a micro-trade: everything that its user needs to say yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.book.entries import EntryLot
from core.desk.snapshot import Snapshot
from core.money import ZERO
from core.planning.alternatives import Alternative
from core.planning.proposal import Proposal
from tui import format as fmt
from tui.screens.ways import way_rows
from tui.widgets.gauge import gauge
from tui.widgets.glyphs import BLOCK, INSIDE, NEAR
from tui.widgets.lines import Row, Span, left, right, wrapped
from tui.widgets.trades import SIDES, gain

_GUARDS = {"pass": (INSIDE, "inside"), "warn": (NEAR, "near"), "block": (BLOCK, "trouble")}
_LABEL = 10


def review_rows(
    proposal: Proposal,
    snapshot: Snapshot,
    room: int,
    edited: Sequence[str] = (),
    ways: Sequence[Alternative] = (),
) -> list[Row]:
    """One trade in full; `edited` names what the user has changed, `ways` are those back into the bands."""
    asset = snapshot.portfolio.asset(proposal.symbol)
    name = f"  {asset.name}" if asset and asset.name else ""
    rows: list[Row] = [
        (
            Span(f" {proposal.side.upper()} {fmt.quantity(proposal.quantity)} ", f"bold {SIDES[proposal.side]}"),
            Span(proposal.symbol, "bold"),
            Span(left(name, min(len(name), 40)), "dim"),
            Span(f"  edited: {', '.join(edited)}" if edited else "", "near"),
        ),
        (),
        *_money(proposal, snapshot),
        *_weights(proposal, snapshot),
        *_wrapped("reason", proposal.reason, room),
    ]
    rows += [_lot(lot, index) for index, lot in enumerate(proposal.lots)]
    rows += way_rows(ways, room)
    rows += _guards(proposal, room)
    return rows


def _line(label: str, *spans: Span) -> Row:
    return (Span(f" {label:<{_LABEL}}", "dim"), *spans)


def _money(proposal: Proposal, snapshot: Snapshot) -> list[Row]:
    quote, costs = proposal.quote, proposal.costs
    quoted = f"   {quote.source}, {fmt.moment(quote.time)}"
    if quote.price is not None and quote.price != proposal.price:
        quoted = f"   quoted {fmt.exact_price(quote.price)}{quoted[2:]}"
    parts = (
        ("commission", costs.commission),
        ("fees", costs.fees),
        ("fx", costs.fx),
        ("spread", costs.spread),
        ("impact", costs.impact),
    )
    shown = [f"{name} {fmt.money(amount)}" for name, amount in parts if amount or name in ("commission", "spread")]
    rows = [
        _line("price", Span(f"{fmt.exact_price(proposal.price)} {proposal.currency}"), Span(quoted, "dim")),
        _line(
            "value", Span(f"{fmt.money(proposal.value)} {proposal.currency}", "bold"), _in_base(proposal, snapshot)
        ),
        _line("cost", Span(fmt.money(costs.total), "bold"), Span(f"   {'  '.join(shown)}", "dim")),
    ]
    details = [f"{name} {fmt.money(fee)}" for name, fee in costs.fee_details if fee]
    if details:
        rows.append(_line("", Span(f"fees: {', '.join(details)}", "dim")))
    if proposal.side == "sell":
        unit = f" {proposal.currency}" if proposal.foreign else ""
        rows.append(_line("gain", Span(f"{gain(proposal)}{unit}"), Span(_tax(proposal), "dim")))
    worth = proposal.worth_it
    if worth.benefit is not None:
        verdict = "worth it" if worth.verdict else "costs more than it is worth"
        rows.append(
            _line(
                "worth",
                Span(f"{fmt.money(worth.benefit)} against {fmt.money(worth.cost)}"),
                Span(f"   {verdict}", "text" if worth.verdict else "near"),
            )
        )
    return rows


def _in_base(proposal: Proposal, snapshot: Snapshot) -> Span:
    """What a trade in another currency is worth in the portfolio's, and by which rate."""
    if not proposal.foreign:
        return Span("")
    base = snapshot.portfolio.base_currency
    return Span(f"   {fmt.money(proposal.base_value)} {base} at {fmt.exact_price(proposal.rate)}", "dim")


def _tax(proposal: Proposal) -> str:
    tax = proposal.tax
    if tax.estimated is None:
        return "   tax not computed"
    if tax.short_gain is None or tax.long_gain is None:
        return f"   tax {fmt.money(tax.estimated)}  (pool)"
    return (
        f"   tax {fmt.money(tax.estimated)}  (short {fmt.money(tax.short_gain, sign=True)}, "
        f"long {fmt.money(tax.long_gain, sign=True)})"
    )


def _weights(proposal: Proposal, snapshot: Snapshot) -> list[Row]:
    line = next((line for line in snapshot.lines if line.symbol == proposal.symbol), None)
    before, after = proposal.weight_before, proposal.weight_after
    arrow = Span(f"{fmt.percent(before)}  →  {fmt.percent(after)}", "bold")
    if line is None or line.lower is None or line.upper is None or line.target is None:
        return [_line("weight", arrow)]
    edges = f"{fmt.hundredths(line.lower)} to {fmt.hundredths(line.upper)}"
    zone = f"   zone {edges}, target {fmt.hundredths(line.target)}"
    rows = [_line("weight", arrow, Span(zone, "dim"))]
    drawn: list[Span] = []
    for weight in (before, after):
        out = weight > line.upper + 1e-9 or weight < line.lower - 1e-9
        style = "inside" if not out else ("over" if weight > line.upper else "under")
        drawn += [*gauge(weight, line.target, line.lower, line.upper, out, f"bold {style}"), Span("  →  ", "dim")]
    return [*rows, _line("", *drawn[:-1])]


def _lot(lot: EntryLot, index: int) -> Row:
    day = lot.acquired.isoformat() if lot.acquired else "at the start"
    basis = f"@ {fmt.price(lot.price)}" if lot.price is not None else "basis unknown"
    rest = f"gain {fmt.money(lot.gain, sign=True)}" + (f"  {lot.term}" if lot.term else "")
    return _line(
        "lots" if index == 0 else "",
        Span(f"{day:<12} {right(fmt.quantity(lot.quantity), 9)} {left(basis, 14)}"),
        Span(f" {rest}", "dim"),
    )


def _guards(proposal: Proposal, room: int) -> list[Row]:
    """The guards, those that object first."""
    order = {"block": 0, "warn": 1, "pass": 2}
    rows: list[Row] = []
    for index, guard in enumerate(sorted(proposal.guards, key=lambda g: order[g.verdict])):
        glyph, style = _GUARDS[guard.verdict]
        head = f"{glyph} {guard.verdict:<5} {left(guard.name, 18)} "
        look = "dim" if guard.verdict == "pass" else "text"
        label, space = "guards" if index == 0 else "", max(room - _LABEL - len(head) - 2, 10)
        details = wrapped(guard.detail, space)
        rows.append(_line(label, Span(head, style), Span(details[0], look)))
        rows += [_line("", Span(" " * len(head)), Span(detail, look)) for detail in details[1:]]
    return rows


def _wrapped(label: str, text: str, room: int) -> list[Row]:
    pieces = wrapped(text, max(room - _LABEL - 2, 10))
    return [_line(label if index == 0 else "", Span(piece)) for index, piece in enumerate(pieces)]


def plan_rows(
    proposals: Sequence[Proposal], snapshot: Snapshot, room: int, ways: Sequence[Alternative] = ()
) -> list[Row]:
    """Several trades together, sells first, with the sums and the cash that is left, all in base currency."""
    currency = snapshot.portfolio.base_currency
    value = f"VALUE {currency}" if any(p.foreign for p in proposals) else "VALUE"
    rows: list[Row] = [
        (Span(f" {'':4} {'QUANTITY':>10} {'SYMBOL':<9} {'PRICE':>10} {value:>12} {'COST':>8}  WEIGHT", "title"),)
    ]
    for p in proposals:
        rows.append(
            (
                Span(f" {p.side:<4} {right(fmt.quantity(p.quantity), 10)}", f"bold {SIDES[p.side]}"),
                Span(
                    f" {left(p.symbol, 9)} {right(fmt.price(p.price), 10)} {right(fmt.money(p.base_value), 12)} "
                    f"{right(fmt.money(p.costs.total * p.rate), 8)}"
                ),
                Span(f"  {fmt.hundredths(p.weight_before)} → {fmt.hundredths(p.weight_after)}", "dim"),
            )
        )
        warned = [g for g in p.guards if g.verdict == "warn"]
        rows += [
            (Span(f"      {NEAR} {left(f'{g.name}: {g.detail}', room - 10).rstrip()}", "warn"),) for g in warned
        ]
    sold = _sum(p.base_value for p in proposals if p.side == "sell")
    bought = _sum(p.base_value for p in proposals if p.side == "buy")
    cash_costs = _sum(p.costs.cash * p.rate for p in proposals)
    left_over = (snapshot.cash.value or ZERO) + sold - bought - cash_costs
    rows += [
        (),
        _line("sold", Span(f"{right(fmt.money(sold), 14)} {currency}")),
        _line("bought", Span(f"{right(fmt.money(bought), 14)} {currency}")),
        _line(
            "costs",
            Span(f"{right(fmt.money(_sum(p.costs.total * p.rate for p in proposals)), 14)} {currency}"),
            Span(f"   of which {fmt.money(cash_costs)} in cash", "dim"),
        ),
        _line(
            "cash",
            Span(f"{right(fmt.money(left_over), 14)} {currency}", "bold"),
            Span(f"   now {fmt.money(snapshot.cash.value)}", "dim"),
        ),
        *_plan_tax(proposals, currency),
        *way_rows(ways, room),
    ]
    return rows


def _plan_tax(proposals: Sequence[Proposal], currency: str) -> list[Row]:
    """The estimated tax of all sales, where one is computed."""
    known = [p.tax.estimated for p in proposals if p.tax.estimated is not None]
    if not known:
        return []
    return [_line("tax", Span(f"{right(fmt.money(_sum(known)), 14)} {currency}"), Span("   estimated", "dim"))]


def _sum(amounts: object) -> Decimal:
    return sum(amounts, ZERO)  # type: ignore[call-overload,no-any-return]
