"""Which profile a file is of, and what the file says: text in, a table of rows out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from core.errors import BadInput
from core.ledger.importers.degiro import DEGIRO, DEGIRO_ACCOUNT
from core.ledger.importers.fidelity import FIDELITY
from core.ledger.importers.generic import GENERIC
from core.ledger.importers.ibkr import IBKR
from core.ledger.importers.items import ImportTable
from core.ledger.importers.making import Maker
from core.ledger.importers.profile import Profile, names_of
from core.ledger.importers.schwab import SCHWAB
from core.ledger.importers.sheet import DELIMITERS, first_lines, lines_of, seen
from core.ledger.importers.trading212 import TRADING212
from core.ledger.importers.vanguard import VANGUARD
from core.portfolio.model import Portfolio

PROFILES: Final[dict[str, Profile]] = {
    profile.name: profile
    for profile in (IBKR, SCHWAB, FIDELITY, VANGUARD, TRADING212, DEGIRO, DEGIRO_ACCOUNT, GENERIC)
}
_TITLE_LINES: Final = 2000  # a table of holdings may stand before the one of transactions


class Layout(NamedTuple):
    """How a file is to be read: by which profile, with which delimiter, from which of its lines on."""

    profile: Profile
    delimiter: str
    header: int


def read_csv(
    text: str,
    broker: str | None,
    portfolio: Portfolio,
    *,
    symbols: Mapping[str, str] | None = None,
    where: str = "the file",
) -> ImportTable:
    """The rows of an export, each with its drafts or the reason why it has none; `broker` None: told by its header.

    `symbols` gives the portfolio's symbol for a broker's ticker or ISIN. BadInput if no profile, or more than one,
    reads such a file.
    """
    layout = detect(text, broker, where)
    lines = [line for line in lines_of(text, layout.delimiter, where) if line.number >= layout.header]
    maker = Maker(layout.profile.name.partition("-")[0], portfolio, symbols or {})
    try:
        items = layout.profile.read(lines, maker)
    except BadInput as error:
        raise BadInput(error.problems[0].what, where=where, fix=error.problems[0].fix) from error
    return ImportTable(layout.profile.name, maker.rows(items))


def detect(text: str, broker: str | None, where: str = "the file") -> Layout:
    """The layout of a file; BadInput that names what is known, and what was seen, if there is not exactly one."""
    if broker is not None and broker not in PROFILES:
        raise BadInput(f"there is no profile for {broker!r}", fix=f"--broker takes {', '.join(PROFILES)}")
    profiles = [
        profile
        for name, profile in PROFILES.items()
        if broker is None or name == broker or name.startswith(f"{broker}-")
    ]
    found: dict[str, Layout] = {}
    for delimiter in DELIMITERS:
        for line in first_lines(text, delimiter, _TITLE_LINES):
            names = names_of(line)
            for profile in profiles:
                if profile.name not in found and profile.header(names):
                    found[profile.name] = Layout(profile, delimiter, line.number)
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise BadInput(
            f"could be of {' or '.join(found)}", where=where, fix=f"say which: --broker {next(iter(found))}"
        )
    first = seen(first_lines(text, ",", 50))
    if broker is not None:
        wants = "; or ".join(profile.wants for profile in profiles)
        raise BadInput(
            f"is no export of {PROFILES[broker].title}: it begins with {first}",
            where=where,
            fix=f"a row with these columns is looked for: {wants}",
        )
    raise BadInput(
        f"no profile reads it: it begins with {first}",
        where=where,
        fix=f"export it in English, or bring it into strikezone's own layout; --broker takes {', '.join(PROFILES)}",
    )
