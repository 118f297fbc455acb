"""Plain reports with Rich: for pipes, small terminals, and everything that is no screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from core.book.book import Book
from core.book.entries import Entry
from core.book.lots import cash_moved
from core.book.report import ratio
from core.desk.confirmation import Confirmed
from core.desk.snapshot import Snapshot
from core.market.quotes import Quote
from core.money import ONE, ZERO, amount, plain
from core.planning.proposal import Proposal
from core.policy.valuation import Line
from core.text import clean
from tui import format as written

OVER, UNDER, NEAR, DIM = "blue", "dark_orange", "yellow", "dim"
HOLDINGS = ("symbol", ">price", ">value", ">weight", ">target", ">drift", "zone", "state")
QUOTES = ("symbol", ">price", "currency", ">age", "market", ">delay", "source", "trust")
ENTRIES = (">#", "day", "kind", "symbol", ">quantity", ">price", ">fees", ">amount", "id")
LOTS = ("symbol", ">quantity", "acquired", ">basis each", ">basis")
WIDEST = 1000  # cells, where the output is no terminal
LONGEST_ID = 12
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
    console = _console()
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
    _print_table(console, HOLDINGS, [*map(_holding, snapshot.lines), last], spare=("zone", ">price", ">target"))
    if snapshot.proposals:
        _print_proposals(console, snapshot.proposals)
    else:
        console.print(Text("no micro-trades"))
    for warning in filter(None, [snapshot.feed.detail, *snapshot.warnings]):
        console.print(Text(f"! {warning}", NEAR), soft_wrap=True)


def print_quotes(snapshot: Snapshot) -> None:
    """The quote board, a line each, and below it why what is not trusted is not."""
    console = _console()
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
    _print_table(console, QUOTES, rows, spare=(">delay", "source", "market"))
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
    _print_proposals(_console(error=True), proposals)


def print_confirmed(confirmed: Confirmed) -> None:
    """What was recorded, a line each."""
    console = _console()
    for entry in confirmed.recorded:
        console.print(Text(f"recorded {describe(entry)}"))
    for id_ in confirmed.already:
        console.print(Text(f"{id_} was recorded already"))
    if not confirmed.recorded and not confirmed.already:
        console.print(Text("nothing recorded"))


def print_entries(entries: Sequence[Entry]) -> None:
    """The ledger."""
    if not entries:
        _console().print(Text("the ledger is empty"))
        return
    voided = {entry.void_of for entry in entries}
    rows = []
    for entry in entries:
        kind: str = entry.side or entry.kind
        if entry.void_of is not None:
            kind = f"void of {entry.void_of}"
        elif entry.amends is not None:
            kind = f"{kind}, amends {entry.amends}"
        elif entry.kind == "split":
            kind = f"split {ratio(entry)}"
        style = "dim strike" if entry.seq in voided else ""
        cells = (
            str(entry.seq),
            entry.effective.isoformat(),
            kind,
            entry.symbol or "",
            "" if entry.quantity is None else plain(entry.quantity),
            "" if entry.price is None else plain(entry.price) + _currency(entry),
            "" if entry.fees is None else amount(entry.fees),
            _moved(entry),
            clean(entry.id, LONGEST_ID) + (" void" if entry.seq in voided else ""),
        )
        rows.append(tuple(Text(cell, style) for cell in cells))
    _print_table(_console(), ENTRIES, rows, spare=("id", ">fees", ">amount"))


def print_positions(book: Book, base_currency: str) -> None:
    """What is held, lot by lot."""
    console = _console()
    rows = [
        (
            Text(position.symbol),
            Text(plain(lot.quantity)),
            Text("-" if lot.acquired is None else lot.acquired.isoformat()),
            Text("-" if lot.price is None else written.price(lot.price)),
            Text(written.money(lot.basis)),
        )
        for position in book.positions.values()
        for lot in position.lots
    ]
    if rows:
        _print_table(console, LOTS, rows, spare=("acquired",))
    else:
        console.print(Text("nothing is held"))
    for currency, balance in ({base_currency: ZERO} | book.cash).items():
        console.print(Text(f"cash {written.money(balance)} {currency}"))


def _moved(entry: Entry) -> str:
    """What an entry adds to the cash: a payment, the proceeds of a sale, the cost of a buy."""
    moved = entry.amount
    if entry.side is not None and entry.quantity is not None and entry.price is not None:
        moved = cash_moved(entry.side, entry.quantity, entry.price, entry.fees)
    return "" if moved is None else written.money(moved, sign=True) + _currency(entry)


def _currency(entry: Entry) -> str:
    """The entry's currency behind a space, if it is not the base currency."""
    return "" if entry.rate == ONE else f" {entry.currency}"


def describe(entry: Entry) -> str:
    """An entry in a few words: `#7 sell 65 VTI @ 100`."""
    if entry.kind == "void":
        return f"#{entry.seq} void of #{entry.void_of}"
    if entry.kind == "cash":
        return f"#{entry.seq} cash {written.money(entry.amount, sign=True)} {entry.currency}"
    if entry.kind == "split":
        return f"#{entry.seq} split {entry.symbol} {ratio(entry)}"
    if entry.quantity is not None and entry.price is not None:
        fees = f", fees {amount(entry.fees)}" if entry.fees else ""
        price = f"{plain(entry.price)}{_currency(entry)}"
        return f"#{entry.seq} {entry.side} {plain(entry.quantity)} {entry.symbol} @ {price}{fees}"
    return f"#{entry.seq} {entry.kind}"


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
        effect = f"{written.percent(p.weight_before)} to {written.percent(p.weight_after)}"
        lines.append(Text(f"          {effect}: {p.reason}", DIM))
        lines += [
            Text(f"          {guard.verdict} {guard.name}: {guard.detail}", NEAR)
            for guard in p.guards
            if guard.verdict != "pass"
        ]
    console.print(Text("\n").join(lines), soft_wrap=True)


def _zone(lower: float | None, upper: float | None) -> str:
    return "" if lower is None else f"{written.hundredths(lower)}..{written.hundredths(upper)}"


def _print_table(
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


def _console(*, error: bool = False) -> Console:
    console = Console(stderr=error, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = WIDEST
    return console
