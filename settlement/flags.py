"""Raise the flags of the terms: how many of the named KPIs were worse than a level, or reached it, for how long.

Belongs here: the steps that count, and the flag with its evidence by figure id. No money depends on them.
Not here: deciding anything on a flag.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from foundation.errors import Refused
from foundation.period import Period
from settlement.exact import exact
from settlement.gate_record import GateRecord
from settlement.periods import settlement_period_of
from settlement.score import formula_name
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.terms_flags import EvidenceFlag
from settlement.terms_parts import Kpi

Rows = Sequence[Mapping[str, Any]]


def _periods(flag: EvidenceFlag, settled: Period) -> list[Period]:
    """The periods of the flag's kind within the settled one, and those before it that a run may begin in."""
    found, day = list[Period](), settled.end
    while day >= settled.start:
        found.insert(0, settlement_period_of(day, flag.of_periods))
        day = found[0].start - timedelta(days=1)
    for _ in range(flag.running - 1):
        found.insert(0, settlement_period_of(found[0].start - timedelta(days=1), flag.of_periods))
    return found


def _value(terms: Terms, kpi: Kpi, period: Period, rows: Rows, cut: str) -> Given | None:
    """The KPI's value in a period; None where it is not known, or not good enough to rest on."""
    own = [row for row in rows if (row["agreement_id"], row["kpi_id"]) == (terms.id, kpi.id)]
    own = [row for row in own if (row["period_id"], row["period_kind"]) == (period.label, period.kind)]
    if len(own) > 1:
        raise Refused(
            f"the KPI return of {kpi.id} has {len(own)} rows for {period.label}.",
            "build the KPI return again on one data cut.",
        )
    for row in own:
        same = (row["indicator_version"], row["data_cut_id"]) == (kpi.indicator_version, cut)
        if same and row["quality_status"] == "fit" and row["value"] is not None:
            return Given(exact(row["value"]), "ratio", str(row["figure_id"]))
    return None


def _take_count(statement: Statement, terms: Terms, flag: EvidenceFlag, period: Period, rows: Rows, cut: str) -> Step:
    """How many of the named KPIs meet the flag's condition in a period. What is not known counts for nothing."""
    level = flag.worse_than or flag.reaches
    uses: dict[str, Given | Step] = {}
    tests, unknown = [], []
    for kpi in sorted(terms.paid_kpis, key=lambda one: one.id):
        if kpi.id not in flag.kpis or kpi.levels is None:
            continue
        value = _value(terms, kpi, period, rows, cut)
        if value is None:
            unknown.append(kpi.id)
            continue
        name, knot = formula_name("value", kpi.id), formula_name("level", kpi.id)
        reference = f"terms:framework.kpis.{kpi.id}.levels.{level}"
        uses |= {name: value, knot: Given(exact(getattr(kpi.levels, str(level))), "ratio", reference)}
        better = ">=" if flag.reaches else "<"
        if kpi.polarity == "low":
            better = better.replace(">", "<") if flag.reaches else ">"
        tests.append(f"(1 if {name} {better} {knot} else 0)")
    words = f"worse than {level}" if flag.worse_than else f"at {level} or better"
    label = f"KPIs of the flag {flag.id} that were {words} in {period.label}"
    if unknown:
        label += f" (not known, so not counted: {', '.join(unknown)})"
    step_id = f"flag_count.{flag.id}.{period.label}"
    return statement.step(step_id, label, " + ".join(tests) or "0", uses, "ratio", f"terms:flags.{flag.id}")


def take_flags(statement: Statement, terms: Terms, gate: GateRecord, rows: Rows) -> None:
    """A step for each flag: 1 where it is raised, on the counts of the periods of some run that ends in this one.

    rows: the KPI return, of which the rows of other periods are read too.
    """
    for flag in sorted(terms.flags or (), key=lambda one: one.id):
        periods = _periods(flag, terms.period(gate.period_id))
        uses: dict[str, Given | Step] = {}
        for number, period in enumerate(periods, start=1):
            uses[f"count_{number}"] = _take_count(statement, terms, flag, period, rows, gate.data_cut_id)
        names = list(uses)
        runs = [names[first : first + flag.running] for first in range(len(names) - flag.running + 1)]
        least = [f"min({', '.join(run)})" if len(run) > 1 else run[0] for run in runs]
        reached = f"max({', '.join(least)})" if len(least) > 1 else least[0]
        statement.step(
            f"flag.{flag.id}",
            f"Flag (1 raised, 0 not; nothing follows from it by itself): {flag.meaning}",
            f"1 if {reached} >= at_least else 0",
            {**uses, "at_least": Given(exact(flag.at_least), "ratio", f"terms:flags.{flag.id}.at_least")},
            "ratio",
            f"terms:flags.{flag.id}",
        )
