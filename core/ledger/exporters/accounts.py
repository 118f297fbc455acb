"""The accounts that an exported journal moves money between, and their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.errors import BadInput
from core.text import clean

# beancount 3, core/account.py: components of letters, digits and -, the first one of five names
_ACCOUNT: Final = re.compile(r"(?:Assets|Liabilities|Equity|Income|Expenses)(?::[A-Z0-9][A-Za-z0-9-]*)+", re.ASCII)
_STRANGE: Final = re.compile(r"[^A-Z0-9-]", re.ASCII)


class Accounts(Struct, frozen=True):
    """Names by what they are for. Each asset has one of its own below `holdings`."""

    holdings: str
    cash: str
    opening: str
    transfers: str
    adjustments: str
    conversions: str
    gains: str
    disallowed: str
    dividends: str
    interest: str
    withheld: str
    fees: str

    def asset(self, commodity: str) -> str:
        """The account of one asset; `commodity` is its name as in `Commodities`."""
        return f"{self.holdings}:{_STRANGE.sub('-', commodity)}"


def accounts(portfolio: str, given: Iterable[str] = ()) -> Accounts:
    """Those of the portfolio called so; `given` are others, as `gains=Income:Shares`. BadInput if one is none."""
    root = f"Strikezone:{portfolio[:1].upper()}{portfolio[1:]}"
    names = Accounts(
        holdings=f"Assets:{root}:Holdings",
        cash=f"Assets:{root}:Cash",
        opening=f"Equity:{root}:Opening",
        transfers=f"Equity:{root}:Transfers",
        adjustments=f"Equity:{root}:Adjustments",
        conversions=f"Equity:{root}:Conversions",
        gains=f"Income:{root}:Gains",
        disallowed=f"Income:{root}:Disallowed",
        dividends=f"Income:{root}:Dividends",
        interest=f"Income:{root}:Interest",
        withheld=f"Expenses:{root}:Withheld",
        fees=f"Expenses:{root}:Fees",
    )
    return replace(names, **dict(map(_chosen, given)))


def _chosen(given: str) -> tuple[str, str]:
    role, equals, name = given.partition("=")
    if role not in Accounts.__struct_fields__ or not equals:
        fix = f"write ROLE=ACCOUNT; the roles are {', '.join(Accounts.__struct_fields__)}"
        raise BadInput(f"{clean(given)!r} names no account", fix=fix)
    if not _ACCOUNT.fullmatch(name):
        raise BadInput(
            f"{clean(name)!r} is no account",
            where=role,
            fix="write one like Assets:Broker:Cash, each part with a capital letter or digit first",
        )
    return role, name
