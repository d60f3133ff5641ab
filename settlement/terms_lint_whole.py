"""No more is shared than there is: a rate times its factor stays at or under the whole, unless the terms say otherwise.

Belongs here: the greatest part of one more pound of a saving or of an overspend that the terms can give the alliance.
Not here: other rules of the finance part (`terms_lint_finance`), caps, which bound a sum and not a pound (`pool`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from settlement.curves import Curve
from settlement.exact import exact, render
from settlement.terms_finance import Band, FactorKnot, SharedCost
from settlement.terms_problem import Problem

if TYPE_CHECKING:
    from settlement.terms import Terms


def _factor(knots: Sequence[FactorKnot] | None, score: Fraction) -> Fraction:
    """The factor at a score; 1 where none is agreed, the greatest where the knots are no curve (another rule tells)."""
    if not knots:
        return Fraction(1)
    if len({knot.score for knot in knots}) < len(knots):
        return max(exact(knot.factor) for knot in knots)
    return Curve.through((exact(knot.score), exact(knot.factor)) for knot in knots).at(score)


def _greatest(bands: Sequence[Band]) -> Fraction:
    return max((exact(band.rate_pct) for band in bands), default=Fraction(0)) / 100


def _parts(terms: Terms, cost: SharedCost) -> Iterator[tuple[str, str, Fraction, str | None]]:
    """Side, what is shared on it, the greatest part of one more pound of it, the waiver that stands there."""
    points, gain, loss = terms.scoring.level_points, cost.gain, cost.loss
    best, worst = exact(points.game_breaking), exact(points.failure)
    if gain.standards is None:
        factor = _factor(gain.score_factor, best)
    else:
        factor = max((_factor(standard.score_factor, best) for standard in gain.standards), default=Fraction(0))
    levy = Fraction(1) if gain.levy_factor is None else exact(gain.levy_factor)
    yield "gain", "saving", _greatest(gain.bands) * factor * levy, gain.above_whole_waiver
    if loss is not None:
        rate = _greatest(loss.bands or ()) if loss.complement is None else exact(loss.complement.greatest_pct) / 100
        yield "loss", "overspend", rate * _factor(loss.score_factor, worst), loss.above_whole_waiver


def above_whole(terms: Terms, cost: SharedCost) -> Iterator[Problem]:
    """One more pound of a saving pays the alliance no more than a pound, nor does one of an overspend cost it more."""
    for side, word, part, waiver in _parts(terms, cost):
        if part > 1 and waiver is None:
            yield Problem(
                ("finance", side),
                f"the alliance's part of the {word} can reach {render(part * 100)} percent: rate times factor.",
                f"lower one of the two, or record `above_whole_waiver` under `{side}` with its reason.",
            )
        if part <= 1 and waiver is not None:
            yield Problem(
                ("finance", side, "above_whole_waiver"),
                f"the alliance's part of the {word} never exceeds the whole and needs no waiver.",
                "remove it.",
            )
