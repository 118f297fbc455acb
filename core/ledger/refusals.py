"""What a ledger does not record: drafts that do not belong to its portfolio, repetitions, and what others need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from core.book.book import BookBuilder
from core.book.changes import same
from core.book.drafts import checked
from core.book.entries import Draft, Entry, Ratio
from core.errors import BadInput, Conflict, Problem
from core.money import ONE
from core.portfolio.model import Asset, Portfolio, Tax

_ADD: str = "add it as an [[asset]] first"


def as_recorded(draft: Draft, portfolio: Portfolio, new_id: Callable[[], str]) -> Draft:
    """`draft` as it is recorded, with an id; BadInput if the portfolio has no such asset."""
    draft = checked(draft, new_id=new_id)
    old_name = draft.kind == "rename" and portfolio.asset(draft.symbol or "") is None
    for symbol in filter(None, (None if old_name else draft.symbol, draft.to)):
        asset = portfolio.asset(symbol)
        if asset is None:
            raise BadInput(f"{symbol} is not in the portfolio file", fix=_ADD)
        # interest and fees may come in another currency than what they are for
        if asset.currency != draft.currency and draft.kind not in ("interest", "fee"):
            raise BadInput(f"{symbol} is traded in {asset.currency}, not in {draft.currency}")
    if draft.side == "sell":
        draft = replace(draft, method=_method(draft, portfolio.asset(draft.symbol or ""), portfolio.tax))
    if draft.currency == portfolio.base_currency:
        if draft.rate not in (None, ONE):
            raise BadInput(f"the rate of {draft.currency}, the base currency, is 1", fix="leave the rate out")
        received = tuple(replace(lot, rate=ONE) for lot in draft.received)
        draft = replace(draft, rate=ONE, received=received)
    return draft


def _method(draft: Draft, asset: Asset | None, tax: Tax) -> str | None:
    """The method of a sale; the portfolio's, or the oldest first where that is not allowed for the asset."""
    method = draft.method or ("specific" if draft.lots else tax.method)
    if method != "average" or asset is None or tax.averages(asset):
        return method
    if draft.method is None:
        return "fifo"
    raise BadInput(
        f"{asset.symbol} is a {asset.kind}: an average basis is for funds only",
        fix="nothing was recorded; choose another --method, or correct `kind` in the portfolio file",
    )


def refuse_repeated(draft: Draft, builder: Callable[[], BookBuilder], where: str) -> None:
    """Conflict for a split that is recorded already: what was held would be multiplied twice."""
    if draft.kind != "split" or draft.symbol is None or draft.new is None or draft.old is None:
        return
    split = builder().split_on(draft.symbol, draft.effective, Ratio(draft.new, draft.old))
    if split is not None:
        raise Conflict(
            f"{draft.symbol} is split so on {draft.effective} already, by entry {split.seq}",
            where=where,
            fix="nothing was recorded; it counts once",
        )


def known_as(entry: Entry, draft: Draft, where: str) -> str:
    """The id that both have; Conflict if they differ otherwise."""
    if same(entry, draft):
        return draft.id
    raise Conflict(
        f"{draft.id} is already recorded, as entry {entry.seq}, with other content",
        where=where,
        fix="give another id, or correct the entry with: strikezone ledger amend",
    )


def stood_against(refusal: str, entries: Iterable[tuple[int, str]], where: str) -> Conflict:
    """What refuses a change, naming the entries that stand against it, each once, and why."""
    first: dict[int, str] = {}
    for seq, why in entries:
        first.setdefault(seq, why)
    named = [
        Problem(f"{refusal}: entry {seq} {why}", where, f"void entry {seq} first") for seq, why in first.items()
    ]
    return Conflict(refusal, problems=named)


def refuse_unfit(builder: BookBuilder, next_seq: int, refusal: str, where: str, why: str = "") -> None:
    """Conflict, naming the recorded entries that no longer fit; BadInput if it is a new one that does not."""
    problems = builder.problems
    recorded: Sequence[tuple[int, str]] = [(seq, f"{why} ({what})") for seq, what in problems if seq < next_seq]
    if recorded:
        raise stood_against(refusal, recorded, where)
    if problems:
        raise BadInput(f"{refusal}: it {problems[0].what}", where=where, fix="nothing was recorded")
