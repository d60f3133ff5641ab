"""Turn the KPI return into levels, scores and one overall score.

Belongs here: proving that a row of the KPI return is the KPI of the terms, its level, its points, weights.
Not here: where a value came from (the warehouse), or what a score is worth in money (`pool`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.figures import figure_id
from settlement.exact import exact, has_places, trim
from settlement.gate_record import TOO_SMALL, GateEntry, GateRecord
from settlement.periods import measurement_window
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.terms_parts import LEVELS, Kpi, Levels, SmallNumbers

# A figure in this unit is a proportion: its denominator less its numerator counts those without the outcome.
PROPORTION_UNIT = "percent"


@dataclass(frozen=True)
class Score:
    """The overall score (a step), the live share of the weight, and whether every must-pass KPI passed.

    standards: by KPI, the step that is 1 where a standard on which a rate depends is reached, and 0 where it is not.
    A standard that opens the gain by itself (`gain.standards`) is not among the failed conditions but among the failed
    standards: it bars every other line. all_forfeit: a KPI is forfeit and none counts by its own or a deemed value, so
    that nobody earned the score.
    """

    overall: Step
    live_weight: Step
    conditions_met: bool
    failed_conditions: tuple[str, ...]
    standards: Mapping[str, Step]
    failed_standards: tuple[str, ...] = ()
    all_forfeit: bool = False


def level_of(value: Decimal, levels: Levels, polarity: str) -> str:
    """The best level whose knot the published value reaches; `failure` when it reaches none."""
    reached = LEVELS[0]
    for level, knot in zip(LEVELS, levels.values(), strict=True):
        if (value >= knot) if polarity == "high" else (value <= knot):
            reached = level
    return reached


def _refuse(kpi: Kpi, what: str, mend: str = "build the KPI return again on this cut and these terms.") -> Refused:
    return Refused(f"the KPI return of {kpi.id} does not agree with the terms: {what}.", mend)


def _same(found: object, wanted: object) -> bool:
    if isinstance(wanted, (int, Decimal)) and isinstance(found, (int, Decimal)) and not isinstance(found, bool):
        return exact(found) == exact(wanted)
    return type(found) is type(wanted) and found == wanted


def find_row(
    terms: Terms, period_id: str, kpi: Kpi, rows: Sequence[Mapping[str, Any]], gate: GateRecord
) -> Mapping[str, Any]:
    """The one row of a KPI in the settlement period, proved to be the KPI of the terms on the gate's data cut.

    Refused when it is missing or double, or when indicator, version, baseline, precision, level, dates or cut differ.
    """
    own = [
        row for row in rows if (row["agreement_id"], row["kpi_id"], row["period_id"]) == (terms.id, kpi.id, period_id)
    ]
    if len(own) != 1:
        raise _refuse(kpi, f"it has {len(own)} rows for {period_id}, not one")
    row, period = own[0], terms.period(period_id)
    wanted: dict[str, object] = {
        "figure_id": figure_id("kpi", agreement=terms.id, kpi=kpi.id, period=period_id, measure="value"),
        "indicator_id": kpi.indicator_id,
        "indicator_version": kpi.indicator_version,
        "area_code": kpi.area_code,
        "polarity": kpi.polarity,
        "value_decimals": kpi.value_decimals,
        "unit": kpi.unit,
        "population_basis": kpi.population_basis,
        "period_kind": period.kind,
        "period_start": period.start,
        "period_end": period.end,
        "data_cut_id": gate.data_cut_id,
    }
    if kpi.baseline is not None:
        wanted["baseline_value"] = kpi.baseline.value
    if kpi.measurement_lag_months is not None:
        window = measurement_window(period, kpi.measurement_lag_months)
        wanted["measurement_start"], wanted["measurement_end"] = window
    for column, value in wanted.items():
        if not _same(row[column], value):
            raise _refuse(kpi, f"`{column}` is {row[column]}, and must be {value}")
    value = row["value"]
    if value is None:
        return row
    if not isinstance(value, Decimal) or not has_places(value, kpi.value_decimals):
        raise _refuse(kpi, f"its value is not rounded to {kpi.value_decimals} decimals: paid must equal printed")
    if kpi.levels is not None and row["level"] != level_of(value, kpi.levels, kpi.polarity):
        reached = level_of(value, kpi.levels, kpi.polarity)
        raise _refuse(kpi, f"its level is {row['level']}, and the value reaches {reached}")
    return row


def _is_too_small(rule: SmallNumbers, kpi: Kpi, row: Mapping[str, Any]) -> bool | None:
    """Whether the numbers behind a figure are too small by the agreed rule; None where it has none to tell by."""
    numerator, denominator = row["numerator"], row["denominator"]
    if numerator is None or denominator is None:
        return None
    counts = [numerator] if kpi.unit != PROPORTION_UNIT else [numerator, denominator - numerator]
    return bool(denominator < rule.least_denominator or any(count < rule.least_count for count in counts))


def _check_small_numbers(terms: Terms, kpi: Kpi, entry: GateEntry, row: Mapping[str, Any]) -> None:
    """The agreed rule for small numbers is applied exactly where the numbers ask for it."""
    rule, mend = terms.gate.small_numbers, "build the KPI return and judge the gate again on one data cut."
    if rule is None:
        return
    small = _is_too_small(rule, kpi, row)
    by_rule = entry.status == "passed" and entry.action != "pay"
    if by_rule and (row["quality_status"] != TOO_SMALL or not small):
        raise _refuse(kpi, "the gate applies the rule for small numbers, and its numbers are not too small", mend)
    if entry.action == "pay" and small and kpi.unit == PROPORTION_UNIT:
        raise _refuse(kpi, "the gate lets it pay, and its numbers are too small by the terms", mend)


def _check_fit(kpi: Kpi, row: Mapping[str, Any]) -> None:
    """A KPI that the gate lets pay has a value, is not marked otherwise, and its window is covered to its end."""
    mend = "build the KPI return and judge the gate again on one data cut."
    if row["value"] is None:
        raise _refuse(kpi, "the gate lets it pay, and it has no value", mend)
    if row["quality_status"] != "fit":
        raise _refuse(kpi, f"the gate lets it pay, and its status is {row['quality_status']}", mend)
    complete, ends = row["data_complete_as_at"], row["measurement_end"]
    if complete is None or ends is None or complete < ends:
        raise _refuse(kpi, "its measurement window is not yet covered to its end", "settle when the window has closed.")


def _deemed(terms: Terms, kpi: Kpi, entry: GateEntry, row: Mapping[str, Any]) -> Fraction:
    """The value a deemed KPI is scored on: the level's, or the better of that and its own."""
    assert entry.deem_value is not None
    rule = next(rule for rule in terms.gate.causes if rule.cause == entry.cause)
    deemed = exact(entry.deem_value)
    if rule.deem is None or not rule.deem.better_of_own or row["value"] is None:
        return deemed
    better = max if kpi.polarity == "high" else min
    return better(deemed, exact(row["value"]))


def _score_on_curve(statement: Statement, terms: Terms, kpi: Kpi, value: Given, words: str) -> Step:
    part = terms.curve(kpi).segment(value.exact)
    reference = f"terms:framework.kpis.{kpi.id}.levels"
    step_id, label = f"score.{kpi.id}", f"Score of {kpi.id} ({kpi.name}): {words}"
    if part.is_flat:
        return statement.step(
            step_id,
            label,
            "points_reached",
            {"points_reached": Given(part.y0, "points", reference)},
            "points",
            reference,
        )
    # Written from the worse knot to the better one, whichever way the values run.
    (x0, y0), (x1, y1) = sorted(((part.x0, part.y0), (part.x1, part.y1)), key=lambda knot: knot[1])
    uses = {
        "lower_points": Given(y0, "points", "terms:scoring.level_points"),
        "upper_points": Given(y1, "points", "terms:scoring.level_points"),
        "lower_value": Given(x0, "ratio", reference),
        "upper_value": Given(x1, "ratio", reference),
        "value": value,
    }
    formula = "lower_points + (value - lower_value) / (upper_value - lower_value) * (upper_points - lower_points)"
    return statement.step(step_id, label, formula, uses, "points", reference)


def _published_words(kpi: Kpi, row: Mapping[str, Any]) -> str:
    words = f"published value {trim(row['value'])} {kpi.unit}"
    if not kpi.measurement_lag_months:
        return words
    start, end = row["measurement_start"], row["measurement_end"]
    return f"{words}, measured from {start.isoformat()} to {end.isoformat()}"


def _score_kpi(statement: Statement, terms: Terms, kpi: Kpi, entry: GateEntry, row: Mapping[str, Any]) -> Step:
    """Points of one paid KPI by the gate's action; forfeit and withhold score the curve's worst."""
    if entry.action == "pay":
        _check_fit(kpi, row)
        given = Given(exact(row["value"]), "ratio", str(row["figure_id"]))
        return _score_on_curve(statement, terms, kpi, given, _published_words(kpi, row))
    if entry.action == "deem":
        deemed = Given(_deemed(terms, kpi, entry, row), "ratio", f"terms:gate.causes.{entry.cause}")
        return _score_on_curve(statement, terms, kpi, deemed, f"value deemed because of {entry.cause}")
    reference = f"terms:framework.kpis.{kpi.id}.levels"
    words = {"forfeit": f"forfeited because of {entry.cause}", "withhold": "withheld until its cause is recorded"}
    return statement.step(
        f"score.{kpi.id}",
        f"Score of {kpi.id} ({kpi.name}): {words[entry.action]}, the curve's worst",
        "worst_points",
        {"worst_points": Given(terms.curve(kpi).worst, "points", reference)},
        "points",
        reference,
    )


def formula_name(word: str, kpi_id: str) -> str:
    """How a formula names a KPI's step or number."""
    return f"{word}_{kpi_id.replace('-', '_')}"


def _condition_failed(terms: Terms, kpi: Kpi, entry: GateEntry, row: Mapping[str, Any]) -> bool:
    """A must-pass KPI fails when its value, own or deemed, does not reach its threshold, or when its figure is not fit
    (unless neutral)."""
    if entry.action == "neutral" or kpi.must_reach is None:
        return False
    if entry.action in ("withhold", "forfeit"):
        return True
    if entry.action == "deem":
        value = _deemed(terms, kpi, entry, row)
    else:
        _check_fit(kpi, row)
        value = exact(row["value"])
    reached = value >= exact(kpi.must_reach) if kpi.polarity == "high" else value <= exact(kpi.must_reach)
    return not reached


def _take_standard(statement: Statement, kpi: Kpi, entry: GateEntry, row: Mapping[str, Any], *, failed: bool) -> Step:
    """Whether a standard is reached, as a step of its own: a rate rests on it."""
    label, reference = f"Standard {kpi.id} ({kpi.name})", f"terms:framework.kpis.{kpi.id}.must_reach"
    if entry.action != "pay" or kpi.must_reach is None:
        words = {"forfeit": "forfeited", "withhold": "withheld", "neutral": "does not count", "deem": "deemed"}
        word = "too small to tell" if entry.is_agreed_neutral else words.get(entry.action, "")
        formula = "0" if failed else "1"
        told = f"{label}: {word}, so it is {'not ' if failed else ''}taken as reached (1 reached, 0 not)"
        return statement.step(f"standard.{kpi.id}", told, formula, {}, "ratio", reference)
    uses: Mapping[str, Given | Step] = {
        "value": Given(exact(row["value"]), "ratio", str(row["figure_id"])),
        "must_reach": Given(exact(kpi.must_reach), "ratio", reference),
    }
    formula = f"1 if value {'>=' if kpi.polarity == 'high' else '<='} must_reach else 0"
    return statement.step(
        f"standard.{kpi.id}", f"{label}: 1 if it is reached, 0 if not", formula, uses, "ratio", reference
    )


def score_kpis(statement: Statement, terms: Terms, rows: Sequence[Mapping[str, Any]], gate: GateRecord) -> Score:
    """Take the steps from KPI values to the overall score Q and the live share of the weight.

    Q = Σ w·s / Σ w over KPIs that are not neutral; a withheld KPI keeps its weight at the worst score but is not live.
    """
    scored: dict[str, tuple[Step, Fraction]] = {}
    live = total = Fraction(0)
    failed: list[str] = []
    failed_standards: list[str] = []
    actions: set[str] = set()
    standards: dict[str, Step] = {}
    for kpi in sorted(terms.judged_kpis, key=lambda one: one.id):
        row, entry = find_row(terms, gate.period_id, kpi, rows, gate), gate.decide(kpi.id)
        _check_small_numbers(terms, kpi, entry, row)
        missed = _condition_failed(terms, kpi, entry, row)
        if kpi.id in terms.rated_ids:
            # numbers too small to score prove nothing reached: what they open would be opened by too few cases
            unproved = missed or entry.is_agreed_neutral
            standards[kpi.id] = _take_standard(statement, kpi, entry, row, failed=unproved)
        if missed:
            (failed_standards if kpi.id in terms.standard_ids else failed).append(kpi.id)
        if kpi.weight is None:
            continue
        weight = exact(kpi.weight)
        total += weight
        live += weight if entry.action in ("pay", "forfeit", "deem") else 0
        actions.add(entry.action)
        if entry.action != "neutral":
            scored[kpi.id] = (_score_kpi(statement, terms, kpi, entry, row), weight)
    live_step = statement.step(
        "live_weight",
        "Share of the agreed weight that is live",
        "live / agreed",
        {"live": Given(live, "ratio", "terms:framework.kpis"), "agreed": Given(total, "ratio", "terms:framework.kpis")},
        "ratio",
        "terms:scoring.minimum_live_weight_pct",
    )
    uses: dict[str, Given | Step] = {}
    for kpi_id, (step, weight) in scored.items():
        uses[formula_name("weight", kpi_id)] = Given(weight, "ratio", f"terms:framework.kpis.{kpi_id}.weight")
        uses[formula_name("score", kpi_id)] = step
    if scored:
        weights = [formula_name("weight", kpi_id) for kpi_id in scored]
        upper = " + ".join(
            f"{weight} * {formula_name('score', kpi_id)}" for weight, kpi_id in zip(weights, scored, strict=True)
        )
        formula = f"({upper}) / ({' + '.join(weights)})"
        label = "Overall score of the alliance"
    else:
        # With no weight live the settlement is withheld below; the score then moves no money.
        formula, label = "0", "Overall score: no KPI counts in this period"
    overall = statement.step("overall_score", label, formula, uses, "points", "terms:scoring")
    all_forfeit = "forfeit" in actions and not actions & {"pay", "deem"}
    return Score(
        overall,
        live_step,
        not failed,
        tuple(failed),
        standards,
        failed_standards=tuple(failed_standards),
        all_forfeit=all_forfeit,
    )
