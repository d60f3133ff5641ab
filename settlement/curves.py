"""Agreed curves: what a value is worth in points, or a score in a factor.

Belongs here: knots, straight lines and steps between them, clamping.
Not here: which curve a KPI or a modifier has (the terms), or money.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True)
class Segment:
    """The part of a curve at some x. A flat part has the same y at both ends (also beyond the outer knots)."""

    x0: Fraction
    y0: Fraction
    x1: Fraction
    y1: Fraction

    @property
    def is_flat(self) -> bool:
        return self.y0 == self.y1


@dataclass(frozen=True)
class Curve:
    """Knots in order of x, clamped at both ends; a straight line between knots, or steps."""

    knots: tuple[tuple[Fraction, Fraction], ...]
    stepped: bool = False

    @classmethod
    def through(cls, points: Iterable[tuple[Fraction, Fraction]], *, stepped: bool = False) -> Curve:
        """A curve through points in any order. ValueError without points or with one x twice."""
        knots = tuple(sorted(points))
        if not knots or any(left[0] == right[0] for left, right in pairwise(knots)):
            raise ValueError("a curve needs knots at different places")
        return cls(knots, stepped)

    @property
    def worst(self) -> Fraction:
        return min(y for _, y in self.knots)

    @property
    def best(self) -> Fraction:
        return max(y for _, y in self.knots)

    @property
    def never_falls(self) -> bool:
        return all(left[1] <= right[1] for left, right in pairwise(self.knots))

    @property
    def never_rises(self) -> bool:
        return all(left[1] >= right[1] for left, right in pairwise(self.knots))

    def segment(self, x: Fraction) -> Segment:
        """The part of the curve that gives its value at x; flat at a knot, beyond the ends and on a step.

        A stepped curve gives the best level that is reached: the knot at or below x where better is higher,
        the knot at or above x where better is lower.
        """
        for place, level in self.knots:
            if x == place:
                return Segment(place, level, place, level)
        below = [knot for knot in self.knots if knot[0] < x]
        above = [knot for knot in self.knots if knot[0] > x]
        if not below or not above:
            place, level = (below or above)[-1 if below else 0]
            return Segment(place, level, place, level)
        (x0, y0), (x1, y1) = below[-1], above[0]
        if self.stepped:
            place, level = (x0, y0) if y0 <= y1 else (x1, y1)
            return Segment(place, level, place, level)
        return Segment(x0, y0, x1, y1)

    def at(self, x: Fraction) -> Fraction:
        """The curve's value at x."""
        part = self.segment(x)
        if part.is_flat:
            return part.y0
        return part.y0 + (x - part.x0) / (part.x1 - part.x0) * (part.y1 - part.y0)
