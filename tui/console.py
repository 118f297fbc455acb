"""Plain reports with Rich: for pipes, small terminals, and everything that is no screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from core.book.entries import EntryLot
from core.desk.snapshot import Snapshot
from core.market.quotes import Quote
from core.money import ONE, ZERO, plain
from core.planning.proposal import Proposal
from core.policy.valuation import Line
from tui import format as written
from tui.ways import way_lines

OVER, UNDER, NEAR, DIM = "blue", "dark_orange", "yellow", "dim"
HOLDINGS = ("symbol", ">price", ">value", ">weight", ">target", ">drift", "zone", "state")
QUOTES = ("symbol", ">price", "currency", ">age", "market", ">delay", "source", "trust")
WAYS = ("way back", ">drift", ">cost", ">tax", "trades", "")
WIDEST = 1000  # cells, where the output is no terminal
STATES = {
    "above": ("▲ over", OVER),
    "below": ("▼ under", UNDER),
    "near_upper": ("△ near", NEAR),
    "near_lower": ("▽ near", NEAR),
    "inside": ("● in", ""),
    "untargeted": ("· untargeted", DIM),
    "outside": ("· outside", DIM),
    "unpriced": ("◌ no price", DIM),
    None: ("◌ unknown", DIM),
}


def print_report(snapshot: Snapshot) -> None:
    """One look: holdings, cash, micro-trades and warnings."""
    console = plain_console()
    portfolio, valuation = snapshot.portfolio, snapshot.valuation
    worth = f"{written.money(valuation.value)} {portfolio.base_currency}"
    drift = written.percent(valuation.drift)
    console.print(Text(f"{portfolio.name or portfolio.id}  {written.moment(snapshot.as_of)}", "bold"))
    console.print(Text(f"value {worth}   day {written.money(valuation.day_change, sign=True)}   drift {drift}"))
    cash = snapshot.cash
    last = (
        Text("cash"),
        Text(""),
        Text(written.money(cash.value)),
        Text(written.hundredths(cash.weight)),
        Text(written.hundredths(cash.target)),
        Text(written.points(cash.drift)),
        Text(_zone(cash.lower, cash.upper)),
        Text(*STATES[cash.state]) if cash.lower is not None else Text(""),
    )
    print_table(console, HOLDINGS, [*map(_holding, snapshot.lines), last], spare=("zone", ">price", ">target"))
    if snapshot.proposals:
        _print_proposals(console, snapshot.proposals)
        _print_ways(console, snapshot)
    else:
        console.print(Text("no micro-trades"))
    for warning in filter(None, [snapshot.feed.detail, *snapshot.warnings]):
        console.print(Text(f"! {warning}", NEAR), soft_wrap=True)


def print_quotes(snapshot: Snapshot) -> None:
    """The quote board, a line each, and below it why what is not trusted is not."""
    console = plain_console()
    appraisal = snapshot.appraisal
    console.print(
        Text(f"{snapshot.portfolio.name or snapshot.portfolio.id}  {written.moment(snapshot.as_of)}", "bold")
    )
    rows, remarks = [], []
    for symbol, trust in appraisal.trusts.items():
        quote = appraisal.board.get(symbol)
        style = "" if trust.trusted else DIM
        delay = "" if quote is None or quote.delay_minutes is None else f"{quote.delay_minutes} min"
        cells = (
            symbol,
            written.exact_price(quote.price) if quote else "-",
            _unit(quote),
            written.age(trust.age_seconds),
            (quote.market_state or "-").lower() if quote else "-",
            delay,
            quote.source if quote else "-",
            "trusted" if trust.trusted else f"◌ {written.doubt(trust)}",
        )
        rows.append(tuple(Text(cell, style) for cell in cells))
        if trust.reason:
            remarks.append(Text(f"! {symbol}: {trust.reason}", NEAR))
        elif trust.note:
            remarks.append(Text(f"· {symbol}: {trust.note}", DIM))
    print_table(console, QUOTES, rows, spare=(">delay", "source", "market"))
    if snapshot.feed.detail:
        console.print(Text(f"! {snapshot.feed.detail}", NEAR), soft_wrap=True)
    for remark in remarks:
        console.print(remark, soft_wrap=True)


def _unit(quote: Quote | None) -> str:
    """The currency, and the unit that the source quotes in if that is another."""
    if quote is None or quote.currency is None:
        return "-"
    raw = quote.raw_currency
    return quote.currency if raw in (None, quote.currency) else f"{quote.currency} (in {raw})"


def print_review(proposals: Sequence[Proposal]) -> None:
    """What is about to be recorded, on standard error, so that the result stays alone on standard output."""
    _print_proposals(plain_console(error=True), proposals)


def _holding(line: Line) -> tuple[Text, ...]:
    word, style = STATES[line.state]
    if line.state not in ("unpriced", None) and not line.trust.trusted:
        word, style = f"◌ {written.doubt(line.trust)}", DIM
    return (
        Text(line.symbol),
        Text(written.price(line.price) + _foreign(line)),
        Text(written.money(line.value)),
        Text(written.hundredths(line.weight)),
        Text(written.hundredths(line.target)),
        Text(written.points(line.drift), style),
        Text(_zone(line.lower, line.upper)),
        Text(word, style),
    )


def _foreign(line: Line) -> str:
    """The currency of a price that is not in the portfolio's, behind a space."""
    return "" if line.rate == ONE or line.price is None else f" {line.asset.currency}"


def _print_proposals(console: Console, proposals: Sequence[Proposal]) -> None:
    """Two lines each: the trade with its cost and effect, then why, and what speaks against it."""
    trades = [f"{p.side:4} {plain(p.quantity)} {p.symbol} @ {written.price(p.price)}" for p in proposals]
    widest = max((len(trade) for trade in trades), default=0)
    lines: list[Text] = []
    for p, trade in zip(proposals, trades, strict=True):
        style = {"propose": "bold", "snoozed": DIM}.get(p.verdict, NEAR)
        unit = f" {p.currency}" if p.foreign else ""
        figures = f"{written.money(p.value):>12}{unit}  cost {written.money(p.costs.total)}{unit}"
        lines.append(Text(f"{p.id}  {trade:{widest}}  {figures}  {p.verdict}", style))
        if p.lots:
            lines.append(Text(f"          {_lots_and_tax(p)}", DIM))
        effect = f"{written.percent(p.weight_before)} to {written.percent(p.weight_after)}"
        lines.append(Text(f"          {effect}: {p.reason}", DIM))
        lines += [
            Text(f"          {guard.verdict} {guard.name}: {guard.detail}", NEAR)
            for guard in p.guards
            if guard.verdict != "pass"
        ]
    console.print(Text("\n").join(lines), soft_wrap=True)


def _lots_and_tax(p: Proposal) -> str:
    """The lots that a sale would take, the gain, and the tax where it is computed."""
    said = f"lots {taken(p.lots)}"
    gains = [lot.gain for lot in p.lots]
    if None not in gains:
        said += f"; gain {written.money(sum((g for g in gains if g is not None), ZERO), sign=True)}"
        said += f" {p.currency}" if p.foreign else ""
    if p.tax.estimated is not None:
        said += f", tax {written.money(p.tax.estimated)}"
    return said


def taken(lots: Sequence[EntryLot]) -> str:
    """The parts of lots that a sale takes: `28 of 2007-10-15 (short)`."""
    parts = [
        f"{plain(lot.quantity)} of {lot.acquired or 'an unknown day'}" + (f" ({lot.term})" if lot.term else "")
        for lot in lots
    ]
    return ", ".join(parts)


def _print_ways(console: Console, snapshot: Snapshot) -> None:
    """The ways back into the bands, where tax makes them differ."""
    if snapshot.portfolio.tax.regime == "none":
        return
    rows = [tuple(map(Text, line)) for line in way_lines(snapshot.alternatives())]
    if rows:
        console.print()
        print_table(console, WAYS, rows, spare=("trades",))


def _zone(lower: float | None, upper: float | None) -> str:
    return "" if lower is None else f"{written.hundredths(lower)}..{written.hundredths(upper)}"


def print_table(
    console: Console, columns: tuple[str, ...], rows: Sequence[tuple[Text, ...]], spare: tuple[str, ...]
) -> None:
    """The table, without its `spare` columns if the terminal is too narrow; never a number cut short.

    A name that begins with `>` is that of a column of numbers.
    """
    names = [column.lstrip(">") for column in columns]
    widths = [max([cell_len(name), *(row[at].cell_len for row in rows)]) for at, name in enumerate(names)]
    shown = list(range(len(columns)))
    for name in spare:
        if _table_width([widths[at] for at in shown]) <= console.width:
            break
        shown = [at for at in shown if columns[at] != name]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for at in shown:
        justify: JustifyMethod = "right" if columns[at].startswith(">") else "left"
        table.add_column(names[at], justify=justify, no_wrap=True, width=widths[at])
    for row in rows:
        table.add_row(*(row[at] for at in shown))
    console.width = max(_table_width([widths[at] for at in shown]), console.width)
    console.print(table)


def _table_width(widths: Sequence[int]) -> int:
    """What a table takes whose columns stand two cells apart."""
    return sum(widths) + 2 * (len(widths) - 1)


def plain_console(*, error: bool = False) -> Console:
    """A console that draws nothing on its own, as wide as all rows where the output is no terminal."""
    console = Console(stderr=error, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = WIDEST
    return console
