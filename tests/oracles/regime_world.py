"""Terms of the oracles' regimes from YAML, and the rows a settlement under them reads.

Belongs here: laying a regime's entries over the common ones, loading them as any terms are loaded, the KPI return, open
book and gate of one organisation. Not here: what a suite compares (`settlement_suites`).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from settlement.engine import Settlement, settle
from settlement.exact import render
from settlement.gate_record import APPROVAL_CHECK, GateRecord, read_gate_rows
from settlement.score import level_of
from settlement.terms import Terms, load_terms
from settlement.terms_lint import find_problems
from settlement.yaml_lines import read_lined_yaml

TERMS = Path(__file__).resolve().parent / "terms"
CUT = "0" * 64
Data = dict[str, Any]


@cache
def _read(name: str) -> Data:
    data: Data = read_lined_yaml((TERMS / f"{name}.yaml").read_bytes()).data
    return data


def laid_over(below: Any, above: Any) -> Any:
    """Entries of `above` in place of those of `below`; lists of entries with an id are joined by it."""
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: laid_over(below.get(key), value) for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list) and all("id" in item for item in [*below, *above]):
        found = {item["id"]: item for item in below}
        return list((found | {item["id"]: laid_over(found.get(item["id"]), item) for item in above}).values())
    return copy.deepcopy(above)


def layers(name: str, fits: Mapping[str, Any]) -> Data:
    """The common terms under every layer of a file that fits: `tracks`, `years`, `revenue`, `started_from`."""
    found = _read("common")
    for layer in _read(name)["layers"]:
        years = layer.get("years", {})
        if (
            fits["track"] in layer.get("tracks", [fits["track"]])
            and years.get("from", fits["year"]) <= fits["year"] <= years.get("to", fits["year"])
            and layer.get("revenue", fits["revenue"]) == fits["revenue"]
            and layer.get("started_from", fits["started"]) <= fits["started"]
        ):
            found = laid_over(found, {key: layer[key] for key in ("framework", "finance", "target") if key in layer})
    return found


def regime(name: str) -> Data:
    """The common terms under one regime of regimes.yaml."""
    found: Data = laid_over(_read("common"), _read("regimes")["regimes"][name])
    return found


def yaml_text(value: Any) -> str:
    """Values of terms as YAML, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {yaml_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(yaml_text(item) for item in value) + "]"
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, date) else format(Decimal(value), "f")


def load(data: Data) -> Terms:
    """Terms by way of YAML bytes, as an agreement's file is loaded."""
    return load_terms(yaml_text(data).encode())


def check(data: Data) -> Terms:
    """Terms from the values `load` would read from YAML, held to the same rules, without writing and reading text."""
    terms = Terms.model_validate(data)
    if problems := find_problems(terms):
        raise ValueError(f"{problems[0].path}: {problems[0].what}")
    return terms


def label(year: int) -> str:
    return f"{year}-{(year + 1) % 100:02d}"


@dataclass(frozen=True)
class Case:
    """One settlement: year, cost and fee in pence, values by KPI (None: not published), advances, earlier postings,
    numbers of counted KPIs."""

    year: int
    cost_pence: int
    values: Mapping[str, Decimal | None] = field(default_factory=dict)
    fee_pence: int = 0
    balance_pence: int | None = None
    prior: Sequence[Mapping[str, Any]] = ()
    counts: Mapping[str, Decimal] = field(default_factory=dict)


def _kpi_rows(terms: Terms, case: Case) -> list[Data]:
    period = terms.period(label(case.year))
    rows = []
    for kpi in terms.judged_kpis:
        value = case.values.get(kpi.id, Decimal(0))
        rows.append(
            {
                "figure_id": f"kpi:{terms.id}:{kpi.id}:{period.label}:value",
                "agreement_id": terms.id,
                "kpi_id": kpi.id,
                "period_id": period.label,
                "period_kind": period.kind,
                "period_start": period.start,
                "period_end": period.end,
                "measurement_start": period.start,
                "measurement_end": period.end,
                "indicator_id": kpi.indicator_id,
                "indicator_version": kpi.indicator_version,
                "area_code": kpi.area_code,
                "value": value,
                "value_decimals": kpi.value_decimals,
                "unit": kpi.unit,
                "numerator": case.counts.get(kpi.id),
                "denominator": None,
                "polarity": kpi.polarity,
                "baseline_value": kpi.baseline.value if kpi.baseline else None,
                "level": level_of(value, kpi.levels, kpi.polarity) if kpi.levels and value is not None else "",
                "quality_status": "fit",
                "data_complete_as_at": period.end,
                "population_basis": kpi.population_basis,
                "data_cut_id": CUT,
            }
        )
    return rows


def _gate(terms: Terms, case: Case) -> GateRecord:
    common = {
        "agreement_id": terms.id,
        "period_id": label(case.year),
        "data_cut_id": CUT,
        "terms_hash": terms.terms_hash,
        "deem_value": None,
        "reason": "",
        "mend": "",
        "responsible": "",
    }
    integrity = {"kind": "integrity", "scope": "settlement", "status": "passed", "action": "pay", "cause": ""}
    rows = [{**common, **integrity, "check_id": check} for check in (APPROVAL_CHECK, *terms.gate.integrity)]
    for kpi in terms.judged_kpis:
        known = case.values.get(kpi.id, Decimal(0)) is not None
        rows.append(
            {
                **common,
                "kind": "fitness",
                "scope": kpi.id,
                "check_id": "kpi.published",
                "status": "passed" if known else "failed",
                "action": "pay" if known else "forfeit",
                "cause": "" if known else "not_reported",
            }
        )
    return read_gate_rows(rows, terms, label(case.year))


def _book(terms: Terms, case: Case) -> list[Data]:
    costs = {"reimbursable_cost": case.cost_pence, "fee": case.fee_pence}
    return [
        {
            "agreement_id": terms.id,
            "period_id": label(case.year),
            "member_id": "organisation",
            "month": f"{case.year}-04",
            "line_id": category,
            "category": category,
            "amount_pence": pence,
        }
        for category, pence in costs.items()
    ]


def settled(terms: Terms, case: Case) -> Settlement:
    """The production engine on one case."""
    advances = []
    if case.balance_pence is not None:
        advances = [{"agreement_id": terms.id, "member_id": "organisation", "balance_pence": case.balance_pence}]
    return settle(
        terms,
        label(case.year),
        _kpi_rows(terms, case),
        _book(terms, case),
        _gate(terms, case),
        advances,
        case.prior,
    )


def posted(made: Settlement, *lines: str) -> Fraction:
    """What the lines of a settlement post, in pounds or dollars."""
    return Fraction(sum(posting.amount_pence for posting in made.postings if posting.line in lines), 100)


def plain(value: Fraction) -> Decimal:
    """A fraction of a few decimals as the terms write it; ValueError where it has no such form."""
    found = render(value)
    if Fraction(found) != value:
        raise ValueError(f"{value} is no plain decimal")
    return found
