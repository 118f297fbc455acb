"""Tolerance bands: their edges, where a weight stands in them, and where a breach is traded to.

Weights, targets and edges are fractions of the portfolio. A weight exactly on an edge is inside.
"""

from __future__ import annotations

from typing import Final

TOLERANCE: Final = 1e-9  # a weight this close beyond an edge still counts as on it

BELOW: Final = -2
NEAR_LOWER: Final = -1
INSIDE: Final = 0
NEAR_UPPER: Final = 1
ABOVE: Final = 2


def absolute_edges(target: float, lower_width: float, upper_width: float) -> tuple[float, float]:
    """Edges at fixed widths in fractions of the portfolio, clipped to 0 and 1."""
    return max(target - lower_width, 0.0), min(target + upper_width, 1.0)


def relative_edges(target: float, lower_width: float, upper_width: float) -> tuple[float, float]:
    """Edges at widths in fractions of the target, clipped to 0 and 1."""
    return max(target * (1.0 - lower_width), 0.0), min(target * (1.0 + upper_width), 1.0)


def tighter_edges(target: float, absolute: float, relative: float) -> tuple[float, float]:
    """The narrower of an absolute and a relative band (5/25: Swedroe, whitecoatinvestor.com)."""
    width = min(absolute, relative * target)
    return absolute_edges(target, width, width)


def looser_edges(target: float, absolute: float, relative: float) -> tuple[float, float]:
    """The wider of an absolute and a relative band."""
    width = max(absolute, relative * target)
    return absolute_edges(target, width, width)


def state(weight: float, target: float, lower: float, upper: float, near: float) -> int:
    """Where `weight` stands: BELOW, NEAR_LOWER, INSIDE, NEAR_UPPER or ABOVE.

    Near is at least the fraction `near` of the way from the target to the edge on its side.
    """
    if weight > upper + TOLERANCE:
        return ABOVE
    if weight < lower - TOLERANCE:
        return BELOW
    drift = weight - target
    if drift > TOLERANCE and drift >= near * (upper - target) - TOLERANCE:
        return NEAR_UPPER
    if drift < -TOLERANCE and -drift >= near * (target - lower) - TOLERANCE:
        return NEAR_LOWER
    return INSIDE


def destination(target: float, edge: float, back: float) -> float:
    """The weight to which a breach of `edge` is traded: `back` is 0 for the edge, 1 for the target."""
    return target + (1.0 - back) * (edge - target)


def price_move(weight: float, edge: float) -> float:
    """The move of its price, as a fraction, that brings an asset from `weight` to `edge`, all others still.

    Infinite where no move does: for a weight of 0, or an edge of 1.
    """
    if weight <= 0.0 or edge >= 1.0:
        return float("inf")
    return edge * (1.0 - weight) / (weight * (1.0 - edge)) - 1.0
