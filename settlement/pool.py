"""From cost to gain or loss: target, open book, corridor, bands, score factors, levy, caps, relief.

Belongs here: the arithmetic of SETTLEMENT's order, each line a step. Levy before cap.
Not here: scores (`score`), sharing among members (`allocate`), posting (`engine`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from settlement.curves import Curve
from settlement.exact import exact
from settlement.score import Score, formula_name
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.terms_finance import Band, Complement, FactorKnot, PeopleKnot, TargetCost

# What a step takes its numbers from: the terms, figures of other tables, earlier steps.
Uses = dict[str, Given | Step]


def _term(value: Decimal, unit: str, path: str) -> Given:
    return Given(exact(value), unit, f"terms:{path}")


def _percent(value: Decimal, path: str) -> Given:
    return Given(exact(value) / 100, "ratio", f"terms:{path}")


def take_target(statement: Statement, terms: Terms, period_id: str) -> Step:
    """T = baseline × trend × mix + signed agreed adjustments, less the agreed efficiency, which is netted off first."""
    target, path = terms.target(period_id), f"finance.target_cost.{period_id}"
    uses: Uses = {"agreed_baseline": _term(target.baseline_gbp, "GBP", f"{path}.baseline_gbp")}
    formula = "agreed_baseline"
    for name, factor in (("trend", target.trend), ("mix", target.mix)):
        if factor is not None:
            uses[name] = _term(factor, "ratio", f"{path}.{name}")
            formula += f" * {name}"
    for number, adjustment in enumerate(target.adjustments or (), start=1):
        uses[f"adjustment_{number}"] = _term(adjustment.amount_gbp, "GBP", f"{path}.adjustments.{number}")
        formula += f" + adjustment_{number}"
    if target.efficiency_pct is None:
        return statement.step("target_cost", "Target cost of the period", formula, uses, "GBP", f"terms:{path}")
    label = "Gross target of the period, before the agreed efficiency"
    gross = statement.step("gross_target", label, formula, uses, "GBP", f"terms:{path}")
    efficiency = statement.step(
        "efficiency",
        "Efficiency of the commissioners' budget, netted off first: no part of any gain",
        "efficiency_rate * gross_target",
        {"efficiency_rate": _percent(target.efficiency_pct, f"{path}.efficiency_pct"), "gross_target": gross},
        "GBP",
        f"terms:{path}.efficiency_pct",
    )
    return statement.step(
        "target_cost",
        "Target cost of the period",
        "gross_target - efficiency",
        {"gross_target": gross, "efficiency": efficiency},
        "GBP",
        f"terms:{path}",
    )


def take_actual(statement: Statement, terms: Terms, costs: Mapping[str, Given]) -> Step:
    """A = sum of the members' open books (pence, by member) × the agreed completion factor."""
    uses: Uses = {}
    for member in sorted(costs):
        uses[f"cost_{member.replace('-', '_')}"] = statement.step(
            f"cost.{member}",
            f"Open-book cost of {member}",
            "book / 100",
            {"book": costs[member]},
            "GBP",
            "terms:finance.actual_cost",
        )
    formula = " + ".join(uses)
    if (factor := terms.shared_cost.actual_cost.completion_factor) is not None:
        formula = f"({formula}) * completion_factor"
        uses["completion_factor"] = _term(factor, "ratio", "finance.actual_cost.completion_factor")
    return statement.step("actual_cost", "Actual cost, all members", formula, uses, "GBP", "terms:finance.actual_cost")


def take_on_line(
    statement: Statement,
    step_id: str,
    label: str,
    curve: Curve,
    at: Given | Step,
    words: tuple[str, str, str],
    path: str,
) -> Step:
    """A ratio on straight lines between knots, clamped. words: the name of x in the formula, of its ends, of y."""
    (name, end, height), part = words, curve.segment(at.exact)
    if part.is_flat:
        reached = f"{height}_reached"
        return statement.step(step_id, label, reached, {reached: Given(part.y0, "ratio", path)}, "ratio", path)
    unit = "points" if at.unit == "points" else "ratio"
    uses: Uses = {
        f"lower_{height}": Given(part.y0, "ratio", path),
        f"upper_{height}": Given(part.y1, "ratio", path),
        f"lower_{end}": Given(part.x0, unit, path),
        f"upper_{end}": Given(part.x1, unit, path),
        name: at,
    }
    formula = (
        f"lower_{height} + ({name} - lower_{end}) / (upper_{end} - lower_{end}) * (upper_{height} - lower_{height})"
    )
    return statement.step(step_id, label, formula, uses, "ratio", path)


def people_curve(knots: Sequence[PeopleKnot]) -> Curve:
    """People → least saving or loss as a ratio of the target."""
    return Curve.through((Fraction(knot.people), exact(knot.pct) / 100) for knot in knots)


def _people(target: TargetCost) -> Given:
    if target.people is None:
        raise ValueError(f"the target of {target.period} says nothing of people")
    return Given(Fraction(target.people), "ratio", f"terms:finance.target_cost.{target.period}.people")


def _take_side(statement: Statement, terms: Terms, side: str, period_id: str) -> Given | Step:
    """How far cost must move on one side (`saving`, `loss`): a percentage of the terms, or a step from people."""
    corridor, name = terms.shared_cost.corridor, f"least_{side}"
    agreed = corridor.least_saving_pct if side == "saving" else corridor.least_loss_pct
    if agreed is not None:
        return _percent(agreed, f"finance.corridor.{name}_pct")
    knots = corridor.least_saving_by_people if side == "saving" else corridor.least_loss_by_people
    return take_on_line(
        statement,
        name,
        f"Least {side} that is shared, as a share of the target, for so many people",
        people_curve(knots or ()),
        _people(terms.target(period_id)),
        ("people", "people", "share"),
        f"terms:finance.corridor.{name}_by_people",
    )


def _take_small_share(statement: Statement, terms: Terms, period_id: str) -> Step | None:
    """The part of a saving under the least saving that is shared all the same; None where none is agreed."""
    small, path = terms.shared_cost.corridor.small_savings, "finance.corridor.small_savings"
    if small is None:
        return None
    label = "Part of a saving under the least saving that is shared all the same"
    uses: Uses = {"agreed_share": _percent(small.share_pct, f"{path}.share_pct")}
    formula = "agreed_share"
    if small.least_people is not None:
        uses |= {
            "people": _people(terms.target(period_id)),
            "least_people": _term(Decimal(small.least_people), "ratio", f"{path}.least_people"),
        }
        formula += " if people >= least_people else 0"
    return statement.step("small_saving_share", label, formula, uses, "ratio", f"terms:{path}")


def take_pool(statement: Statement, terms: Terms, target: Step, actual: Step) -> Step:
    """Saving (positive) or overspend (negative) beyond the corridor; exactly the least saving pays."""
    corridor, path, period_id = terms.shared_cost.corridor, "terms:finance.corridor", statement.period_id
    saving = statement.step(
        "saving",
        "Saving against the target (negative: overspend)",
        "target_cost - actual_cost",
        {"target_cost": target, "actual_cost": actual},
        "GBP",
        "terms:finance",
    )
    rate = statement.step(
        "saving_rate",
        "Saving as a share of the target",
        "saving / target_cost",
        {"saving": saving, "target_cost": target},
        "ratio",
        "terms:finance",
    )
    least_saving = _take_side(statement, terms, "saving", period_id)
    uses: Uses = {"saving": saving, "saving_rate": rate, "least_saving": least_saving}
    beyond = corridor.shared_from == "beyond"
    gain_side = "saving - least_saving * target_cost" if beyond else "saving"
    otherwise = "0"
    if terms.finance.loss is not None:
        uses["least_loss"] = _take_side(statement, terms, "loss", period_id)
        loss_side = "saving + least_loss * target_cost" if beyond else "saving"
        otherwise = f"({loss_side} if saving_rate <= -least_loss else 0)"
    if (small := _take_small_share(statement, terms, period_id)) is not None:
        uses["small_saving_share"] = small
        otherwise = f"(small_saving_share * saving if saving_rate > 0 else {otherwise})"
    if beyond:
        uses["target_cost"] = target
    return statement.step(
        "pool",
        "Pool: what is shared once the corridor is crossed",
        f"{gain_side} if saving_rate >= least_saving else {otherwise}",
        uses,
        "GBP",
        path,
    )


def _take_shared(statement: Statement, side: str, bands: Sequence[Band], pool: Step, target: Step) -> Step:
    """The alliance's part: Σ over marginal bands of rate × the pool's width in the band. Never negative."""
    path, label = f"finance.{side}.bands", f"The alliance's part of the {'saving' if side == 'gain' else 'overspend'}"
    if len(bands) == 1 and bands[0].up_to_pct is None:
        return statement.step(
            "shared",
            label,
            "share_rate * abs(pool)",
            {"share_rate": _percent(bands[0].rate_pct, f"{path}.1"), "pool": pool},
            "GBP",
            f"terms:{path}",
        )
    uses: Uses = {"pool": pool, "target_cost": target}
    parts, previous = [], ""
    for number, band in enumerate(bands, start=1):
        uses[f"rate_{number}"] = _percent(band.rate_pct, f"{path}.{number}.rate_pct")
        reached = "abs(pool)"
        if band.up_to_pct is not None:
            uses[f"upto_{number}"] = _percent(band.up_to_pct, f"{path}.{number}.up_to_pct")
            reached = f"min(abs(pool), upto_{number} * target_cost)"
        parts.append(f"rate_{number} * " + (f"max({reached} - {previous} * target_cost, 0)" if previous else reached))
        previous = f"upto_{number}"
    return statement.step("shared", label, " + ".join(parts), uses, "GBP", f"terms:{path}")


def _take_factor(
    statement: Statement, side: str, knots: Sequence[FactorKnot] | None, score: Step, least_score: Decimal | None
) -> Step:
    """The factor of the overall score: a straight line between knots, clamped; for gain 0 below the least score."""
    path, step_id = f"terms:finance.{side}.score_factor", f"{side}_factor"
    label = f"Factor of the overall score on {side}"
    if least_score is not None and score.exact < exact(least_score):
        least = _term(least_score, "points", f"finance.{side}.least_score")
        return statement.step(
            step_id,
            f"{label}: below the least score, so nothing",
            "0 if overall_score < least_score else 1",
            {"overall_score": score, "least_score": least},
            "ratio",
            least.reference,
        )
    if knots is None:
        return statement.step(step_id, f"{label}: none agreed", "1", {}, "ratio", path)
    return take_on_line(
        statement, step_id, label, factor_curve(knots), score, ("overall_score", "score", "factor"), path
    )


def factor_curve(knots: Sequence[FactorKnot]) -> Curve:
    """Overall score → factor."""
    return Curve.through((exact(knot.score), exact(knot.factor)) for knot in knots)


def _take_standard_factor(statement: Statement, terms: Terms, score: Score) -> Step:
    """The factor of the first agreed standard that is reached; 0 while none is."""
    path, step_id, label = "terms:finance.gain.standards", "gain_factor", "Factor of the standards on gain"
    agreed = terms.shared_cost.gain.standards or ()
    least = terms.shared_cost.gain.least_score
    if least is not None and score.overall.exact < exact(least):
        return _take_factor(statement, "gain", None, score.overall, least)
    for standard in agreed:
        taken = score.standards[standard.kpi]
        if not taken.exact:
            continue
        uses: Uses = {formula_name("standard", standard.kpi): taken}
        if standard.score_factor is not None:
            uses["factor"] = take_on_line(
                statement,
                "standard_factor",
                f"Factor of the overall score under the standard {standard.kpi}",
                factor_curve(standard.score_factor),
                score.overall,
                ("overall_score", "score", "factor"),
                path,
            )
        return statement.step(
            step_id, f"{label}: {standard.kpi} is the first that is reached", " * ".join(uses), uses, "ratio", path
        )
    uses = {formula_name("standard", standard.kpi): score.standards[standard.kpi] for standard in agreed}
    return statement.step(step_id, f"{label}: none is reached, so nothing", " + ".join(uses), uses, "ratio", path)


def _take_complement(statement: Statement, agreed: Complement, pool: Step, score: Score) -> Step:
    """The alliance's part of an overspend by what is left of a rate of saving, within the agreed bounds."""
    path = "finance.loss.complement"
    uses: Uses = {"of_rate": _percent(agreed.of_rate_pct, f"{path}.of_rate_pct")}
    kept = ["of_rate"]
    if agreed.standards is not None:
        named = {formula_name("standard", kpi): score.standards[kpi] for kpi in sorted(agreed.standards)}
        uses |= named
        kept.append(f"min({' + '.join(named)}, 1)" if len(named) > 1 else next(iter(named)))
    if agreed.score_factor is not None:
        uses["kept_factor"] = take_on_line(
            statement,
            "kept_factor",
            "Factor of the overall score on what is taken off the rate of an overspend",
            factor_curve(agreed.score_factor),
            score.overall,
            ("overall_score", "score", "factor"),
            f"terms:{path}.score_factor",
        )
        kept.append("kept_factor")
    uses |= {
        "least_rate": _percent(agreed.least_pct, f"{path}.least_pct"),
        "greatest_rate": _percent(agreed.greatest_pct, f"{path}.greatest_pct"),
    }
    rate = statement.step(
        "loss_rate",
        "The alliance's rate of an overspend: what is left of the rate of a saving, within the agreed bounds",
        f"max(least_rate, min(greatest_rate, 1 - {' * '.join(kept)}))",
        uses,
        "ratio",
        f"terms:{path}",
    )
    return statement.step(
        "shared",
        "The alliance's part of the overspend",
        "loss_rate * abs(pool)",
        {"loss_rate": rate, "pool": pool},
        "GBP",
        f"terms:{path}",
    )


def take_gain(
    statement: Statement, terms: Terms, pool: Step, target: Step, score: Score, *, barred: str | None
) -> Step:
    """Gain in pounds, never negative: shared × G(Q) × levy, then capped. `barred`: why no gain may be paid, if so."""
    gain = terms.shared_cost.gain
    shared = _take_shared(statement, "gain", gain.bands, pool, target)
    if gain.standards is None:
        factor = _take_factor(statement, "gain", gain.score_factor, score.overall, gain.least_score)
    else:
        factor = _take_standard_factor(statement, terms, score)
    uses: Uses = {"shared": shared, "gain_factor": factor}
    formula = "shared * gain_factor"
    if gain.levy_factor is not None:
        uses["levy_factor"] = _term(gain.levy_factor, "ratio", "finance.gain.levy_factor")
        formula += " * levy_factor"
    result = statement.step(
        "gain", "Gain after the score factor and the levy, before the cap", formula, uses, "GBP", "terms:finance.gain"
    )
    if gain.cap_pct_of_target is not None:
        cap = _percent(gain.cap_pct_of_target, "finance.gain.cap_pct_of_target")
        result = statement.step(
            "capped_gain",
            "Gain after the cap",
            "min(gain, gain_cap * target_cost)",
            {"gain": result, "gain_cap": cap, "target_cost": target},
            "GBP",
            cap.reference,
        )
    if barred is not None:
        result = statement.step("barred_gain", f"No gain: {barred}", "0", {}, "GBP", "terms:gate")
    return result


def take_borne_part(statement: Statement, terms: Terms, owed: Step, line: str) -> Step:
    """What is owed on a line in this settlement period: all of it, or the part the terms agree for the period."""
    part = terms.loss_part_pct(statement.period_id)
    if part is None:
        return owed
    given = _percent(part, f"finance.risk_by_period.{statement.period_id}.loss_part_pct")
    return statement.step(
        f"borne_part.{line}",
        "What of it is borne in this period, as agreed for it",
        "owed * borne_part",
        {"owed": owed, "borne_part": given},
        "GBP",
        given.reference,
    )


def take_loss(
    statement: Statement, terms: Terms, pool: Step, target: Step, score: Score, fee: Given, period_id: str
) -> Step:
    """Loss in pounds, never negative: shared × L(Q), capped, less relief (a sum, then a part), never below 0."""
    loss = terms.finance.loss
    if loss is None:
        raise ValueError("these terms share no loss")
    if loss.complement is not None:
        shared = _take_complement(statement, loss.complement, pool, score)
    else:
        shared = _take_shared(statement, "loss", loss.bands or (), pool, target)
    factor = _take_factor(statement, "loss", loss.score_factor, score.overall, None)
    result = statement.step(
        "loss",
        "Loss after the score factor, before caps",
        "shared * loss_factor",
        {"shared": shared, "loss_factor": factor},
        "GBP",
        "terms:finance.loss",
    )
    result = take_borne_part(statement, terms, result, "loss")
    uses: Uses = {"loss": result}
    limits = []
    if loss.cap_pct_of_target is not None:
        uses |= {"loss_cap": _percent(loss.cap_pct_of_target, "finance.loss.cap_pct_of_target"), "target_cost": target}
        limits.append("loss_cap * target_cost")
    if loss.cap_of_revenue is not None:
        path = "finance.loss.cap_of_revenue"
        uses |= {
            "revenue_cap": _percent(loss.cap_of_revenue.pct, f"{path}.pct"),
            "revenue": _term(loss.cap_of_revenue.revenue_gbp, "GBP", f"{path}.revenue_gbp"),
        }
        limits.append("revenue_cap * revenue")
    if loss.capped_at_fee:
        uses["fee"] = fee
        limits.append("fee / 100")
    if limits:
        result = statement.step(
            "capped_loss", "Loss after the caps", f"min(loss, {', '.join(limits)})", uses, "GBP", "terms:finance.loss"
        )
    relief = terms.target(period_id).loss_relief_gbp
    if relief is not None:
        given = _term(relief, "GBP", f"finance.target_cost.{period_id}.loss_relief_gbp")
        result = statement.step(
            "relieved_loss",
            "Loss after relief",
            "max(owed - relief, 0)",
            {"owed": result, "relief": given},
            "GBP",
            given.reference,
        )
    share = terms.target(period_id).loss_relief_pct
    if share is not None:
        given = _percent(share, f"finance.target_cost.{period_id}.loss_relief_pct")
        result = statement.step(
            "part_relieved_loss",
            "Loss after the agreed part of it is relieved",
            "owed * (1 - relieved_part)",
            {"owed": result, "relieved_part": given},
            "GBP",
            given.reference,
        )
    return result
