"""Figures that are supposed, in the form in which settled ones come: for asking what a settlement would come to.

Belongs here: a KPI return, a gate and an open book that say what would be, so that every such question goes through
`engine.settle` like a payment does. Not here: the questions (`stress`, `bridge`, `what_if`).

Nothing that is supposed is ever posted: what comes out is read for its amounts and left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation.figures import figure_id
from foundation.period import month_of, months_between
from settlement.gate import action_of
from settlement.gate_record import APPROVAL_CHECK, SETTLEMENT_SCOPE, TOO_SMALL, GateRecord, read_gate_rows
from settlement.periods import measurement_window
from settlement.score import PROPORTION_UNIT, is_too_small, level_of
from settlement.terms import Terms
from settlement.terms_parts import Kpi

CUT = "supposed"


@dataclass(frozen=True)
class Figure:
    """A KPI's value, rounded as agreed, and the counts behind it where they are known."""

    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None


@dataclass(frozen=True)
class Ruling:
    """What the gate does with a scope: the action, and the recorded cause where one selected it.

    passed: the check passed; then every other action than `pay` is the agreed rule for small numbers.
    """

    action: str
    cause: str = ""
    passed: bool = False


PAY = Ruling("pay", passed=True)


def kpi_row(terms: Terms, period_id: str, kpi: Kpi, figure: Figure, *, too_small: bool = False) -> dict[str, Any]:
    """The row of the KPI return that would say so, with the columns `settle` reads."""
    period = terms.period(period_id)
    start, end = period.start, period.end
    if kpi.measurement_lag_months is not None:
        start, end = measurement_window(period, kpi.measurement_lag_months)
    level = ""
    if figure.value is not None and kpi.levels is not None:
        level = level_of(figure.value, kpi.levels, kpi.polarity)
    return {
        "figure_id": figure_id("kpi", agreement=terms.id, kpi=kpi.id, period=period_id, measure="value"),
        "agreement_id": terms.id,
        "kpi_id": kpi.id,
        "period_id": period_id,
        "period_kind": period.kind,
        "period_start": period.start,
        "period_end": period.end,
        "measurement_start": start,
        "measurement_end": end,
        "indicator_id": kpi.indicator_id,
        "indicator_version": kpi.indicator_version,
        "area_code": kpi.area_code,
        "value": figure.value,
        "value_decimals": kpi.value_decimals,
        "unit": kpi.unit,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "polarity": kpi.polarity,
        "baseline_value": None if kpi.baseline is None else kpi.baseline.value,
        "level": level,
        "quality_status": TOO_SMALL if too_small else "fit" if figure.value is not None else "not_available",
        "data_complete_as_at": end,
        "population_basis": kpi.population_basis,
        "data_cut_id": CUT,
    }


def ruled(terms: Terms, kpi: Kpi, figure: Figure, ruling: Ruling) -> Ruling:
    """The ruling as these terms allow it: by their rule for small numbers, and by causes they know.

    A figure without a value cannot pay, and a cause the terms do not know selects nothing: both are withheld.
    """
    if ruling.passed:
        row = {"numerator": figure.numerator, "denominator": figure.denominator}
        rule = terms.gate.small_numbers
        # what is counted is never too small: a small number pays little
        small = rule is not None and kpi.role != "counted" and is_too_small(rule, kpi, row)
        if small and (kpi.unit == PROPORTION_UNIT or ruling.action == "neutral"):
            return Ruling("neutral", passed=True)
        return PAY if figure.value is not None else Ruling("withhold")
    if ruling.cause not in {rule.cause for rule in terms.gate.causes}:
        return Ruling("withhold")
    action, _ = action_of(terms, ruling.cause, kpi.id)
    return Ruling(action, "" if action == "withhold" else ruling.cause)


def gate_of(terms: Terms, period_id: str, rulings: Mapping[str, Ruling]) -> GateRecord:
    """The gate's record that would rule so; KPIs without a ruling pay. Rulings are those of `ruled`."""
    common: dict[str, Any] = {
        "agreement_id": terms.id,
        "period_id": period_id,
        "data_cut_id": CUT,
        "terms_hash": terms.terms_hash,
        "reason": "Supposed.",
        "mend": "",
        "responsible": "",
        "deem_value": None,
        "cause": "",
    }
    passed = {**common, "kind": "integrity", "scope": SETTLEMENT_SCOPE, "status": "passed", "action": "pay"}
    rows = [{**passed, "check_id": check} for check in (APPROVAL_CHECK, *terms.gate.integrity)]
    checks = [(kpi.id, check.check) for kpi in terms.judged_kpis for check in terms.gate.fitness]
    if SETTLEMENT_SCOPE in rulings:
        checks.append((SETTLEMENT_SCOPE, terms.gate.fitness[0].check))
    for scope, check in checks:
        ruling = rulings.get(scope, PAY)
        deemed = action_of(terms, ruling.cause, scope)[1] if ruling.action == "deem" else None
        rows.append(
            {
                **common,
                "kind": "fitness",
                "scope": scope,
                "check_id": check,
                "status": "passed" if ruling.passed else "failed",
                "action": ruling.action,
                "deem_value": deemed,
                "cause": ruling.cause,
            }
        )
    return read_gate_rows(rows, terms, period_id)


def rulings_of(gate: GateRecord, terms: Terms) -> dict[str, Ruling]:
    """What a gate's record does, by scope: the most severe entry of each, as the engine reads it."""
    found = {}
    scopes = [kpi.id for kpi in terms.judged_kpis]
    if any(entry.kind == "fitness" and entry.scope == SETTLEMENT_SCOPE for entry in gate.entries):
        scopes.append(SETTLEMENT_SCOPE)
    for scope in scopes:
        entry = gate.decide(scope)
        found[scope] = Ruling(entry.action, entry.cause, passed=entry.status == "passed" and not entry.cause)
    return found


def months_of(terms: Terms, period_id: str) -> list[str]:
    """Labels of a settlement period's months."""
    period = terms.period(period_id)
    return [month.label for month in months_between(month_of(period.start), month_of(period.end))]


def ledger_of(terms: Terms, period_id: str, pence: Mapping[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    """The open book with these pence by (member, month, category). Every member has a line in every month."""
    months = months_of(terms, period_id)
    wanted = {(member, month, "reimbursable_cost"): 0 for member in terms.member_ids for month in months}
    return [
        {
            "agreement_id": terms.id,
            "period_id": period_id,
            "member_id": member,
            "month": month,
            "line_id": category,
            "category": category,
            "amount_pence": amount,
        }
        for (member, month, category), amount in sorted({**wanted, **pence}.items())
    ]
