"""`confirm`: records proposals, all or none."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import click

from core.book.report import entry_json
from core.desk.confirmation import Confirmed, Request
from core.desk.desk import Desk
from core.desk.report import SCHEMA
from core.desk.snapshot import Snapshot
from core.errors import BadInput
from core.money import exact
from tui.cli.common import (
    DECIMAL,
    agreed,
    default_portfolio,
    desk_on,
    executed_at,
    portfolio_at,
    priced,
    print_json,
    shared,
    warn,
)

_ID = re.compile(r"[0-9a-f]{8}(@.*)?")


@click.command()
@click.argument("words", nargs=-1, metavar="FILE [ID[@QTY]...]")
@click.option("--all", "everything", is_flag=True, help="All that is proposed.")
@click.option("--price", type=DECIMAL, help="The price it was made at (one ID).")
@click.option("--quantity", type=DECIMAL, help="The quantity that was traded (one ID).")
@click.option("--fees", type=DECIMAL, help="What was charged (one ID).")
@click.option("--executed", metavar="TIME", help="When it was made; without a zone in the portfolio's.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--now", is_flag=True, help="Of the plan that `check --now` shows.")
@priced
@shared
def confirm(
    words: tuple[str, ...],
    everything: bool,
    price: Decimal | None,
    quantity: Decimal | None,
    fees: Decimal | None,
    executed: str | None,
    yes: bool,
    now: bool,
    prices: Path | None,
    at: date | None,
    data_dir: str | None,
    as_json: bool,
) -> int:
    """Record proposed trades that you have placed with your broker. ID@QTY pins what you looked at."""
    file, ids = _file_and_ids(words)
    edits = [edit for edit in (price, quantity, fees) if edit is not None]
    if everything and ids:
        raise BadInput("--all and IDs exclude each other", fix="give one or the other")
    if edits and (everything or len(ids) != 1):
        raise BadInput("--price, --quantity and --fees need exactly one ID", fix="confirm that trade alone")
    if not everything and not ids:
        raise BadInput("nothing is named to be confirmed", fix="give IDs from `strikezone check`, or --all")
    portfolio = portfolio_at(file)
    when = executed_at(executed, portfolio.timezone)
    with desk_on(portfolio, data_dir, prices, at) as desk:
        snapshot = desk.look(everything=now)
        requests = [_request(word, price, quantity, fees) for word in dict.fromkeys(ids)]
        if everything:
            requests = [Request(p.id, pinned=p.quantity) for p in snapshot.proposals if p.verdict == "propose"]
        if everything and not requests and not snapshot.conflicts and snapshot.stands:
            return _report(Confirmed(()), as_json)
        if not yes:
            _show(desk, snapshot, requests)
        if not agreed(f"Record {len(requests)} trade(s)?", yes=yes, what="recording"):
            return _report(Confirmed(()), as_json)
        confirmed = desk.confirm(requests, executed=when, everything=now)
    return _report(confirmed, as_json)


def _report(confirmed: Confirmed, as_json: bool) -> int:
    warn(confirmed.warnings + confirmed.skipped)
    if as_json:
        print_json(confirmed_json(confirmed))
    else:
        from tui.console import print_confirmed

        print_confirmed(confirmed)
    return 0


def confirmed_json(confirmed: Confirmed) -> dict[str, object]:
    """The object that `confirm` and `record` print."""
    report: dict[str, object] = {
        "schema": SCHEMA,
        "recorded": [entry_json(entry) for entry in confirmed.recorded],
        "already": list(confirmed.already),
    }
    if confirmed.skipped:
        report["skipped"] = list(confirmed.skipped)
    return report


def _file_and_ids(words: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """FILE may be left out where the configuration names a default portfolio."""
    if words and not (_ID.fullmatch(words[0]) and not Path(words[0]).exists() and default_portfolio()):
        return words[0], words[1:]
    return None, words


def _request(word: str, price: Decimal | None, quantity: Decimal | None, fees: Decimal | None) -> Request:
    id_, at, pinned = word.partition("@")
    try:
        return Request(id_, exact(pinned) if at else None, quantity, price, fees)
    except ValueError as error:
        raise BadInput(f"{word}: {error}", fix="write ID@QUANTITY, as in b51c9a7e@65") from error


def _show(desk: Desk, snapshot: Snapshot, requests: list[Request]) -> None:
    from tui.console import print_review

    proposals = {p.id: p for p in snapshot.proposals}
    shown = []
    for request in requests:
        if request.edited:
            shown.append(desk.review(request.id, quantity=request.quantity, price=request.price, fees=request.fees))
        elif request.id in proposals:
            shown.append(proposals[request.id])
    print_review(shown)
