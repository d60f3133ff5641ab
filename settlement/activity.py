"""Fixed plus variable: what activity beyond its threshold adds to an agreed value, or takes from it.

Belongs here: the arithmetic, each line a step. More activity pays more, so this is no saving and no gain.
Not here: where the number comes from (`counts`), rounding (`lines`).
"""

from __future__ import annotations

from fractions import Fraction

from settlement.counts import NOT_COUNTED, Count
from settlement.exact import exact
from settlement.score import Score, formula_name
from settlement.statement import Given, Statement, Step
from settlement.terms_counted import Activity, ActivityElement

PATH = "terms:finance.activity"


def planned_units(element: ActivityElement, period_id: str) -> Fraction:
    """The planned units of a period. The rules of the terms see to a plan for every period."""
    return {planned.period: exact(planned.units) for planned in element.planned}[period_id]


def fixed_pounds(agreed: Activity, period_id: str) -> Fraction:
    """The fixed element of a period, in pounds."""
    return {fixed.period: exact(fixed.fixed_gbp) for fixed in agreed.fixed}[period_id]


def is_block(agreed: Activity, period_id: str) -> bool:
    """Whether the agreed value of the period is so low that no variance is paid on it."""
    if agreed.block_below_gbp is None:
        return False
    planned = (planned_units(element, period_id) * exact(element.price_gbp) for element in agreed.elements)
    return fixed_pounds(agreed, period_id) + sum(planned, Fraction(0)) < exact(agreed.block_below_gbp)


def held_elements(agreed: Activity, score: Score, period_id: str) -> tuple[str, ...]:
    """KPIs of elements that are withheld: until their causes are recorded, the line waits. A block waits for none."""
    if is_block(agreed, period_id):
        return ()
    return tuple(sorted(element.kpi for element in agreed.elements if score.counts[element.kpi].action == "withhold"))


def _take_agreed(statement: Statement, agreed: Activity) -> Step:
    """The value that is paid if activity is as planned: fixed element and planned units at their price."""
    period = statement.period_id
    path = f"{PATH}.fixed.{period}.fixed_gbp"
    uses: dict[str, Given | Step] = {
        "fixed_element": statement.step(
            "fixed_element",
            "Fixed element of the period, paid whatever the activity",
            "fixed",
            {"fixed": Given(fixed_pounds(agreed, period), "GBP", path)},
            "GBP",
            path,
        )
    }
    for element in sorted(agreed.elements, key=lambda one: one.id):
        own = f"{PATH}.elements.{element.id}"
        uses[formula_name("planned", element.id)] = statement.step(
            f"planned_value.{element.id}",
            f"{element.name}: value of the planned activity",
            "planned * price",
            {
                "planned": Given(planned_units(element, period), "ratio", f"{own}.planned.{period}.units"),
                "price": Given(exact(element.price_gbp), "GBP", f"{own}.price_gbp"),
            },
            "GBP",
            own,
        )
    return statement.step(
        "agreed_value",
        "Agreed value of the period, paid as planned: no part of any gain",
        " + ".join(uses),
        uses,
        "GBP",
        PATH,
    )


def _take_variance(statement: Statement, element: ActivityElement, count: Count) -> Step:
    """(Units − threshold) × price × the agreed part of it; 0 where the figure does not count."""
    own, period = f"{PATH}.elements.{element.id}", statement.period_id
    step_id = f"variance.{element.id}"
    if count.action in ("neutral", "withhold"):
        words = f"{element.name}: no variance, its figure {NOT_COUNTED[count.action]}"
        return statement.step(step_id, words.replace("figure withheld", "figure is withheld"), "0", {}, "GBP", own)
    threshold = "planned"
    uses: dict[str, Given | Step] = {
        "planned": Given(planned_units(element, period), "ratio", f"{own}.planned.{period}.units")
    }
    if element.threshold_pct is not None:
        threshold = "threshold * planned"
        uses["threshold"] = Given(exact(element.threshold_pct) / 100, "ratio", f"{own}.threshold_pct")
    limit = statement.step(
        f"threshold.{element.id}",
        f"{element.name}: activity ({element.unit}) from which more is paid, and below which less",
        threshold,
        uses,
        "ratio",
        own,
    )
    # What was forfeited is taken as none delivered: not reporting may never pay.
    number = count.number or Given(Fraction(0), "ratio", "terms:gate.causes")
    above = number.exact >= limit.exact
    part = element.above_pct if above else element.below_pct
    words = "more than the threshold is paid" if above else "less than the threshold is taken back"
    if count.number is None:
        words = f"{NOT_COUNTED['forfeit']}, and {words}"
    return statement.step(
        step_id,
        f"{element.name}: {words}",
        "(units - threshold) * price * part",
        {
            "units": number,
            "threshold": limit,
            "price": Given(exact(element.price_gbp), "GBP", f"{own}.price_gbp"),
            "part": Given(exact(part) / 100, "ratio", f"{own}.{'above_pct' if above else 'below_pct'}"),
        },
        "GBP",
        own,
    )


def variance_bounds(agreed: Activity, period_id: str) -> tuple[Fraction | None, Fraction]:
    """The most and the least the variance of a period can be, in pounds; a most of None has no bound."""
    if is_block(agreed, period_id):
        return Fraction(0), Fraction(0)
    least, bounded = Fraction(0), True
    for element in agreed.elements:
        threshold = exact(element.threshold_pct if element.threshold_pct is not None else 100) / 100
        planned = planned_units(element, period_id) * exact(element.price_gbp)
        least -= threshold * planned * exact(element.below_pct) / 100
        bounded = bounded and not (element.above_pct and element.price_gbp)
    return (Fraction(0) if bounded else None), least


def take_activity(statement: Statement, agreed: Activity, score: Score) -> Step:
    """The variance of all elements in pounds, signed; 0 where the agreed value is a block."""
    value = _take_agreed(statement, agreed)
    if is_block(agreed, statement.period_id):
        least = Given(exact(agreed.block_below_gbp or 0), "GBP", f"{PATH}.block_below_gbp")
        statement.step(
            "is_block",
            "The agreed value is below that of a block (1): no variance is paid or taken back",
            "1 if agreed_value < block_below else 0",
            {"agreed_value": value, "block_below": least},
            "ratio",
            least.reference,
        )
        return statement.step("activity", "Activity variance: none, a block", "0", {}, "GBP", PATH)
    uses: dict[str, Given | Step] = {
        formula_name("variance", element.id): _take_variance(statement, element, score.counts[element.kpi])
        for element in sorted(agreed.elements, key=lambda one: one.id)
    }
    return statement.step(
        "activity", "Activity variance, all elements (negative: taken back)", " + ".join(uses), uses, "GBP", PATH
    )
