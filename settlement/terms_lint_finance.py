"""Rules that hold across the finance part of an agreement's terms.

Belongs here: one function a subject, each yielding the entry, what is wrong and the mend.
Not here: the shape of a single entry (`terms_finance`, `terms_top_up`), rules of other parts (`terms_lint`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from settlement.curves import Curve
from settlement.exact import exact
from settlement.terms_advances import advance_problems
from settlement.terms_finance import (
    COST_ENTRIES,
    OTHER_ENTRIES,
    Band,
    Corridor,
    FactorKnot,
    Loss,
    SharedCost,
    Standard,
    TargetCost,
)
from settlement.terms_lint_periods import period_problems
from settlement.terms_lint_whole import above_whole
from settlement.terms_problem import Problem, named_twice
from settlement.terms_top_up import TopUp

if TYPE_CHECKING:
    from settlement.terms import Terms

# What no agreed factor amounts to.
_WHOLE_FACTOR = FactorKnot(score=Decimal(0), factor=Decimal(1))


def _knots(knots: Sequence[FactorKnot] | None, path: tuple[str | int, ...], *, rising: bool) -> Iterator[Problem]:
    if knots is None:
        return
    if not knots:
        yield Problem(path, "the factor has no knots.", "write at least one knot, or remove the entry.")
    ordered = sorted(knots, key=lambda knot: knot.score)
    yield from named_twice([str(knot.score.normalize()) for knot in knots], path, "score", "score")
    if any(left.factor > right.factor if rising else left.factor < right.factor for left, right in pairwise(ordered)):
        yield Problem(
            path,
            f"the factor {'falls' if rising else 'rises'} as the score rises.",
            "a better score may never pay less, nor owe more: put the factors in order.",
        )


def _bands(bands: Sequence[Band], path: tuple[str | int, ...]) -> Iterator[Problem]:
    reached = Decimal(0)
    for index, band in enumerate(bands):
        if band.up_to_pct is None:
            if index != len(bands) - 1:
                yield Problem(
                    (*path, index),
                    "a band without `up_to_pct` is followed by another.",
                    "only the last band may be without end.",
                )
        elif band.up_to_pct <= reached:
            yield Problem(
                (*path, index, "up_to_pct"),
                "the bands are not in rising order.",
                "let `up_to_pct` rise from band to band.",
            )
        else:
            reached = band.up_to_pct


def _corridor_side(
    corridor: Corridor, side: str, targets: Sequence[TargetCost], path: tuple[str | int, ...], *, needed: bool
) -> Iterator[Problem]:
    """One way to say how far the cost must move, and people where it depends on them."""
    name = f"least_{side}"
    agreed = corridor.least_saving_pct if side == "saving" else corridor.least_loss_pct
    knots = corridor.least_saving_by_people if side == "saving" else corridor.least_loss_by_people
    if agreed is not None and knots is not None:
        yield Problem(
            (*path, f"{name}_by_people"), f"the least {side} is agreed twice.", "keep one of the two entries."
        )
    elif agreed is None and knots is None and needed:
        yield Problem(
            path, f"`finance.corridor.{name}_pct` is missing.", f"write `{name}_pct:` or `{name}_by_people:` there."
        )
    if knots is None:
        return
    where = (*path, f"{name}_by_people")
    if not knots:
        yield Problem(where, f"`{name}_by_people` has no knots.", "write at least one knot, or remove the entry.")
    yield from named_twice([str(knot.people) for knot in knots], where, "people", "number of people")
    yield from _needs_people(targets, f"`{name}_by_people`")


def _needs_people(targets: Sequence[TargetCost], entry: str) -> Iterator[Problem]:
    for index, target in enumerate(targets):
        if target.people is None:
            yield Problem(
                ("finance", "target_cost", index),
                f"{entry} needs to know how many people the target of {target.period} is for.",
                "write `people:` there.",
            )


def _corridor(cost: SharedCost) -> Iterator[Problem]:
    corridor, path = cost.corridor, ("finance", "corridor")
    yield from _corridor_side(corridor, "saving", cost.target_cost, path, needed=True)
    yield from _corridor_side(corridor, "loss", cost.target_cost, path, needed=cost.loss is not None)
    small = corridor.small_savings
    if small is None:
        return
    if corridor.shared_from == "beyond":
        yield Problem(
            (*path, "small_savings"),
            "a saving under the least one would be shared, and one that just reaches it would not.",
            "write `shared_from: first_pound`, or remove `small_savings`.",
        )
    if small.least_people is not None:
        yield from _needs_people(cost.target_cost, "`small_savings.least_people`")


def _worse_than(knots: Sequence[FactorKnot] | None, other: Sequence[FactorKnot] | None) -> bool:
    """Whether a factor lies below another at some score; no knots stand for a factor of 1."""
    lines = [
        Curve.through((exact(knot.score), exact(knot.factor)) for knot in found or (_WHOLE_FACTOR,))
        for found in (knots, other)
    ]
    # Straight lines between knots: if one is below the other anywhere, it is so at a knot of either.
    return any(lines[0].at(score) < lines[1].at(score) for line in lines for score, _ in line.knots)


def _must_pass(terms: Terms, kpi_id: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if not any(kpi.id == kpi_id and kpi.role == "gate" for kpi in terms.framework.kpis):
        yield Problem(path, f"`{kpi_id}` is no must-pass KPI here.", "name a KPI of the role `gate`.")


def _standards(terms: Terms, cost: SharedCost) -> Iterator[Problem]:
    gain, path = cost.gain, ("finance", "gain", "standards")
    agreed = gain.standards
    if agreed is None:
        return
    if not agreed:
        yield Problem(path, "`standards` names none.", "name at least one, or remove the entry.")
    if gain.score_factor is not None:
        yield Problem(
            ("finance", "gain", "score_factor"),
            "the factor on gain is agreed twice: for all of it, and by standards.",
            "write `score_factor` under each standard that has one.",
        )
    yield from named_twice([standard.kpi for standard in agreed], path, "kpi", "standard")
    for index, standard in enumerate(agreed):
        yield from _must_pass(terms, standard.kpi, (*path, index, "kpi"))
        yield from _knots(standard.score_factor, (*path, index, "score_factor"), rising=True)
        later = agreed[index + 1] if index + 1 < len(agreed) else None
        drawable = later is not None and _distinct(standard) and _distinct(later)
        if later is not None and drawable and _worse_than(standard.score_factor, later.score_factor):
            yield Problem(
                (*path, index),
                f"reaching {standard.kpi} could pay less than reaching {later.kpi} alone.",
                "put the standard that pays more first.",
            )


def _distinct(standard: Standard) -> bool:
    scores = [knot.score for knot in standard.score_factor or ()]
    return len(set(scores)) == len(scores)


def _complement(terms: Terms, loss: Loss) -> Iterator[Problem]:
    path: tuple[str | int, ...] = ("finance", "loss")
    complement = loss.complement
    if (loss.bands is None) == (complement is None):
        yield Problem(
            path,
            "the rate of an overspend is agreed "
            + ("twice." if complement else "nowhere: `finance.loss.bands` is missing."),
            "write one of `bands` and `complement`.",
        )
    if complement is None:
        return
    path = (*path, "complement")
    if complement.least_pct > complement.greatest_pct:
        yield Problem(
            (*path, "least_pct"), "the least rate is above the greatest.", "let `least_pct` be at most `greatest_pct`."
        )
    yield from _knots(complement.score_factor, (*path, "score_factor"), rising=True)
    if complement.standards is not None:
        if not complement.standards:
            yield Problem((*path, "standards"), "`standards` names none.", "name at least one, or remove the entry.")
        yield from named_twice(list(complement.standards), (*path, "standards"), None, "standard")
        for index, kpi_id in enumerate(complement.standards):
            yield from _must_pass(terms, kpi_id, (*path, "standards", index))


def _regimes(terms: Terms) -> Iterator[Problem]:
    """Shared cost is agreed whole or not at all, and something is agreed."""
    finance = terms.finance
    given = [name for name in (*COST_ENTRIES, "loss") if getattr(finance, name) is not None]
    if not given and not finance.periods_by_entry:
        yield Problem(
            ("finance",),
            "`finance` agrees neither shared cost nor a `top_up`: nothing could be settled.",
            f"write {', '.join(f'`{name}`' for name in COST_ENTRIES)}, or `top_up` (or one of "
            + ", ".join(f"`{name}`" for name in OTHER_ENTRIES)
            + ").",
        )
    for name in COST_ENTRIES if given else ():
        if getattr(finance, name) is None:
            yield Problem(
                ("finance",),
                f"`finance.{name}` is missing.",
                f"write `{name}:` there; the entries of shared cost stand together.",
            )
    if finance.shared_cost is not None and finance.top_up is not None:
        targets = {target.period for target in finance.shared_cost.target_cost}
        if odd := sorted(targets ^ {base.period for base in finance.top_up.base}):
            yield Problem(
                ("finance", "top_up", "base"),
                f"{', '.join(odd)} has a target cost or a base, and not both.",
                "agree both for every settlement period.",
            )


def _shared_cost(terms: Terms, cost: SharedCost) -> Iterator[Problem]:
    path: tuple[str | int, ...] = ("finance", "target_cost")
    yield from period_problems(terms, [target.period for target in cost.target_cost], path)
    for index, target in enumerate(cost.target_cost):
        if terms.target_pounds(target) <= 0:
            yield Problem(
                (*path, index),
                f"the target cost of {target.period} is not above 0.",
                "agree a target above 0.",
            )
    yield from named_twice(
        list(cost.actual_cost.categories), ("finance", "actual_cost", "categories"), None, "category"
    )
    factor = cost.actual_cost.completion_factor
    if factor is not None and factor < 1:
        yield Problem(
            ("finance", "actual_cost", "completion_factor"),
            f"the completion factor {factor} makes the cost less than the open book holds.",
            "it adds cost that is not yet in the book: agree 1 or more, or remove the entry.",
        )
    yield from above_whole(terms, cost)
    yield from _bands(cost.gain.bands, ("finance", "gain", "bands"))
    yield from _knots(cost.gain.score_factor, ("finance", "gain", "score_factor"), rising=True)
    yield from _corridor(cost)
    yield from _standards(terms, cost)
    if cost.loss is not None:
        yield from _complement(terms, cost.loss)
        yield from _bands(cost.loss.bands or (), ("finance", "loss", "bands"))
        yield from _knots(cost.loss.score_factor, ("finance", "loss", "score_factor"), rising=False)


def _pool(terms: Terms, top_up: TopUp, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """One way to say how large the pool is; points for every period with a base."""
    points = top_up.pool_points
    if (points is None) == (top_up.pool_pct_of_base is None):
        yield Problem(
            path,
            "the pool is agreed twice."
            if points is not None
            else "the pool is agreed nowhere: `finance.top_up.pool_pct_of_base` is missing.",
            "write one of `pool_pct_of_base` and `pool_points`.",
        )
    if points is None:
        return
    path = (*path, "pool_points")
    yield from period_problems(terms, [agreed.period for agreed in points], path)
    if odd := sorted({agreed.period for agreed in points} ^ {base.period for base in top_up.base}):
        yield Problem(path, f"{', '.join(odd)} has points or a base, and not both.", "agree both for every period.")
    for index, agreed in enumerate(points):
        for name, adjusters in (("value_adjusters", agreed.value_adjusters), ("adjusters", agreed.adjusters)):
            if adjusters is not None:
                ids = [adjuster.id for adjuster in adjusters]
                yield from named_twice(ids, (*path, index, name), "id", "adjuster")


def _top_up(terms: Terms, top_up: TopUp) -> Iterator[Problem]:
    path: tuple[str | int, ...] = ("finance", "top_up")
    yield from period_problems(terms, [base.period for base in top_up.base], (*path, "base"))
    for index, base in enumerate(top_up.base):
        if base.base_gbp == 0:
            yield Problem((*path, "base", index), f"the base of {base.period} is not above 0.", "agree a base above 0.")
    yield from _pool(terms, top_up, path)
    shares = [FactorKnot(score=knot.score, factor=knot.share_pct) for knot in top_up.pool_share]
    yield from _knots(shares, (*path, "pool_share"), rising=True)
    if top_up.bonus is not None and top_up.bonus.from_score >= top_up.bonus.full_score:
        yield Problem(
            (*path, "bonus", "full_score"),
            "the bonus is full at a score that is not above the one it begins at.",
            "let `full_score` be above `from_score`.",
        )
    if top_up.learning_and_development is not None:
        independent = {party.id for party in terms.parties.independents or ()}
        for index, role in enumerate(top_up.learning_and_development.recorded_by):
            if role not in independent or terms.gains_from(role, "neutral"):
                yield Problem(
                    (*path, "learning_and_development", "recorded_by", index),
                    f"`{role}` could gain and may not record who did not take part.",
                    "name an independent role of the terms: it neither pays nor is paid.",
                )
    if top_up.advances is not None and top_up.advances.periods is not None:
        where = (*path, "advances", "periods")
        agreed = {base.period for base in top_up.base}
        yield from named_twice(list(top_up.advances.periods), where, None, "period")
        for index, label in enumerate(top_up.advances.periods):
            if label not in agreed:
                yield Problem(
                    (*where, index), f"no base is agreed for {label}.", "pay the advance in a period with a base."
                )
    if top_up.advances is not None and terms.finance.advances_recouped:
        yield Problem(
            ("finance", "advances_recouped"),
            "advances would be taken back out of gain and out of top-up.",
            "an advance comes back once: remove one of the two entries.",
        )


def finance_problems(terms: Terms) -> Iterator[Problem]:
    """Every rule of the finance part that the terms break."""
    finance = terms.finance
    yield from _regimes(terms)
    yield from advance_problems(terms)
    if finance.shared_cost is not None:
        yield from _shared_cost(terms, finance.shared_cost)
    if finance.top_up is not None:
        yield from _top_up(terms, finance.top_up)
