"""Reads tolerance bands in all their notations, and says where their edges are."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from core.errors import Problem
from core.portfolio import readers
from core.portfolio.model import AbsoluteBand, Band, LooserBand, RangeBand, RelativeBand, TighterBand
from core.portfolio.table import Table, shown
from core.rules.bands import TOLERANCE, absolute_edges, looser_edges, relative_edges, tighter_edges

_N: Final = r"(\d{1,9}(?:\.\d{1,9})?)"
# notation -> the keys of the table that it stands for
_SHORTHANDS: Final = tuple(
    (re.compile(rf"\s*{pattern}\s*", re.ASCII), kind, keys)
    for pattern, kind, keys in (
        (rf"{_N}\s*%", "relative", ("width",)),
        (rf"{_N}\s*/\s*{_N}", "tighter", ("absolute", "relative")),
        (rf"{_N}\s*-\s*{_N}", "range", ("lower", "upper")),
        ("auto", "cost_optimal", ()),
    )
)
_points: Final = readers.fraction
_of_target: Final = readers.real(readers.scaled(readers.number(0, 1000), readers.PERCENT))
_HOW: Final = 'write 3, "10%", "5/25", "22-30" or { kind = "...", ... }'
_HOW_OF_VALUE: Final = "with target_value a band is percent of the value: write band = 5"


def read_band(table: Table, key: str, *, of_value: bool) -> Band | None:
    """The band at `key`; None if there is none or, with its problems noted, none that can be used.

    With `of_value` (files of fixed values) every band is relative, a bare number too.
    """
    table.known[key] = None
    if not table.has(key):
        return None
    value = table.values[key]
    before = len(table.problems)
    if isinstance(value, dict):
        band = _from_table(Table(value, table.file, f"{table.prefix}{key}.", table.problems))
    else:
        band = _from_shorthand(table, key, value, of_value)
    if len(table.problems) > before:
        table.failed.add(key)
        return None
    if of_value and not isinstance(band, RelativeBand):
        table.problem(key, f"{shown(value)} is not a band for a fixed value", _HOW_OF_VALUE)
        return None
    return band


def edges(band: Band, target: float) -> tuple[float, float]:
    """Lower and upper edge of `band` around `target`, clipped to 0 and 1."""
    if isinstance(band, AbsoluteBand):
        return absolute_edges(target, band.lower_width, band.upper_width)
    if isinstance(band, RelativeBand):
        return relative_edges(target, band.lower_width, band.upper_width)
    if isinstance(band, TighterBand):
        return tighter_edges(target, band.absolute, band.relative)
    if isinstance(band, LooserBand):
        return looser_edges(target, band.absolute, band.relative)
    return band.lower, band.upper


def far_edges(band: Band, target: float) -> tuple[float, float] | None:
    """The edges, if one is further from the target than half the target; a target of 0 has no half."""
    if target == 0.0:
        return None
    lower, upper = edges(band, target)
    return (lower, upper) if max(target - lower, upper - target) > target / 2 + TOLERANCE else None


def _from_shorthand(table: Table, key: str, value: object, of_value: bool) -> Band | None:
    values = _keys_of(value, of_value)
    if values is None:
        table.problem(key, f"must be a band, not {shown(value)}", _HOW_OF_VALUE if of_value else _HOW)
        return None
    found: list[Problem] = []
    band = _from_table(Table(values, table.file, "", found))
    table.problems.extend(problem._replace(where=table.where(key)) for problem in found)
    return band


def _keys_of(value: object, of_value: bool) -> dict[str, object] | None:
    """The table that a shorthand stands for; None if it is no shorthand."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return {"kind": "relative" if of_value else "absolute", "width": value}
    if isinstance(value, str):
        for pattern, kind, keys in _SHORTHANDS:
            if match := pattern.fullmatch(value):
                return {"kind": kind, **dict(zip(keys, map(Decimal, match.groups()), strict=True))}
    return None


def _from_table(table: Table) -> Band | None:
    kind = table.require("kind", readers.one_of(*_KINDS), "", 'write kind = "absolute", or another kind')
    if not kind:
        return None
    band = _KINDS[kind](table)
    table.refuse_unknown()
    return band


def _absolute(table: Table) -> Band:
    return AbsoluteBand(*_widths(table, _points))


def _relative(table: Table) -> Band:
    return RelativeBand(*_widths(table, _of_target))


def _tighter(table: Table) -> Band:
    return TighterBand(_width(table, "absolute", _points), _width(table, "relative", _of_target))


def _looser(table: Table) -> Band:
    return LooserBand(_width(table, "absolute", _points), _width(table, "relative", _of_target))


def _range(table: Table) -> Band:
    lower, upper = _width(table, "lower", _points), _width(table, "upper", _points)
    if lower > upper and not table.failed:
        table.problem("lower", f"the lower edge {100 * lower:g} is above the upper {100 * upper:g}", "swap them")
    return RangeBand(lower, upper)


def _volatility(table: Table) -> None:
    table.take("multiple", readers.amount, Decimal(1))
    table.take("volatility", readers.amount, Decimal(0))
    _unsupported(table, "volatility")


def _cost_optimal(table: Table) -> None:
    _unsupported(table, "cost_optimal (auto)")


def _unsupported(table: Table, name: str) -> None:
    table.problem("kind", f"bands of kind {name} are not supported yet", _HOW)


_KINDS: Final[dict[str, Callable[[Table], Band | None]]] = {
    "absolute": _absolute,
    "relative": _relative,
    "tighter": _tighter,
    "looser": _looser,
    "range": _range,
    "volatility": _volatility,
    "cost_optimal": _cost_optimal,
}


def _width(table: Table, key: str, read: Callable[[object], float]) -> float:
    return table.require(key, read, 0.0, f"write {key} = a number in percent")


def _widths(table: Table, read: Callable[[object], float]) -> tuple[float, float]:
    """`width` on both sides, or `lower_width` and `upper_width`."""
    sides = [key for key in ("lower_width", "upper_width") if table.has(key)]
    if sides and table.has("width"):
        table.problem("width", f"stands beside {sides[0]}", "write either width or lower_width and upper_width")
    if sides:
        table.known["width"] = None
        return _width(table, "lower_width", read), _width(table, "upper_width", read)
    table.known.update(dict.fromkeys(("lower_width", "upper_width")))
    width = _width(table, "width", read)
    return width, width
