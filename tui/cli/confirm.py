"""`confirm`: records proposals, all or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
from msgspec.structs import replace

from core.book.changes import LARGEST
from core.book.entries import Entry
from core.book.report import entry_json
from core.desk.confirmation import Confirmed, Request
from core.desk.report import SCHEMA
from core.errors import BadInput
from core.money import exact
from core.planning.proposal import Proposal
from tui.cli.common import (
    DECIMAL,
    agreed,
    default_portfolio,
    desk_on,
    executed_at,
    far_price,
    pick,
    portfolio_at,
    priced,
    print_json,
    require_terminal,
    shared,
    warn,
)

_PIN_FIX = "write ID@QUANTITY, as in b51c9a7e@65"
_ID = re.compile(r"[0-9a-f]{8}(@.*)?")


@click.command()
@click.argument("words", nargs=-1, metavar="FILE [ID[@QTY]...]")
@click.option("--all", "everything", is_flag=True, help="All that is proposed.")
@click.option("--price", type=DECIMAL, help="The price it was made at (one ID).")
@click.option("--quantity", type=DECIMAL, help="The quantity that was traded (one ID).")
@click.option("--fees", type=DECIMAL, help="What was charged (one ID).")
@click.option("--lot", "lots", multiple=True, metavar="ACQUIRED[:QTY]", help="A lot to sell (one ID).")
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
    lots: tuple[str, ...],
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
    edits = [edit for edit in (price, quantity, fees, lots or None) if edit is not None]
    if everything and ids:
        raise BadInput("--all and IDs exclude each other", fix="give one or the other")
    if edits and (everything or len(ids) != 1):
        raise BadInput("--price, --quantity, --fees and --lot need exactly one ID", fix="confirm that trade alone")
    if not everything and not ids:
        raise BadInput("nothing is named to be confirmed", fix="give IDs from `strikezone check`, or --all")
    portfolio = portfolio_at(file)
    when = executed_at(executed, portfolio.timezone)
    requests = _requests(ids, Request("", None, quantity, price, fees, lots=tuple(map(pick, lots))))
    with desk_on(portfolio, data_dir, prices, at) as desk:
        if everything:
            found = desk.look(everything=now).proposals
            requests = [Request(p.id, pinned=p.quantity) for p in found if p.verdict == "propose"]
            warn(
                [f"left out: {p.id}, {p.side} {p.symbol}, is {p.verdict}" for p in found if p.verdict != "propose"]
            )
        if requests and not yes:
            require_terminal("recording")  # before anything is shown
            from tui.console import print_review

            shown = desk.preview(requests, executed=when, everything=now)
            print_review(shown)
            if not agreed(f"Record {_trades(len(shown))}?", what="recording"):
                return _report(Confirmed(()), as_json)
            requests = [_as_shown(*pair) for pair in zip(requests, shown, strict=True)]
        confirmed = desk.confirm(requests, executed=when, everything=now)
    if price is not None:
        warn([line for entry in confirmed.recorded for line in _far(entry)])
    return _report(confirmed, as_json)


def _far(entry: Entry) -> list[str]:
    """What to say of a price that is far from the quote that the trade was decided on."""
    quote = ((entry.decision or {}).get("quotes") or {}).get(entry.symbol)
    if quote is None or entry.price is None:
        return []
    return far_price(str(entry.symbol), entry.price, exact(quote["price"]))


def _report(confirmed: Confirmed, as_json: bool) -> int:
    warn(confirmed.warnings + confirmed.skipped)
    if as_json:
        print_json(confirmed_json(confirmed))
    else:
        from tui.records import print_confirmed

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
    """The file, which may be left out where the configuration names a default portfolio, and the ids."""
    if words and not (_ID.fullmatch(words[0]) and not Path(words[0]).exists() and default_portfolio()):
        return words[0], words[1:]
    return None, words


def _requests(words: Sequence[str], edits: Request) -> list[Request]:
    """A request for each ID or ID@QTY, with `edits`; an id that stands twice is one, if both say the same."""
    requests: dict[str, Request] = {}
    for word in words:
        id_, at, pinned = word.partition("@")
        request = replace(edits, id=id_, pinned=_pin(word, pinned) if at else None)
        if requests.setdefault(id_, request) != request:
            raise BadInput(f"{id_} is named twice, with different quantities", fix="name it once")
    return list(requests.values())


def _pin(word: str, text: str) -> Decimal:
    try:
        number = exact(text)
    except ValueError as error:
        raise BadInput(f"{word}: {error}", fix=_PIN_FIX) from error
    if not 0 < number < LARGEST:
        raise BadInput(f"{word}: that is no quantity", fix=_PIN_FIX)
    return number


def _as_shown(request: Request, shown: Proposal) -> Request:
    """`request`, pinned to what its user has just said yes to."""
    return replace(
        request,
        pinned=request.pinned if request.quantity is not None else shown.quantity,
        seen_price=None if request.price is not None else shown.price,
        seen_rate=shown.seen_rate,
    )


def _trades(count: int) -> str:
    return "1 trade" if count == 1 else f"{count} trades"
