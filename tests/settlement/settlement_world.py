"""Builders for the settlement tests: terms, log, verdicts, KPI return, ledger. Roles and illustrative money only."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from foundation.canonical import canonical_json, sha256_bytes
from foundation.period import month_of, months_between
from settlement.approvals import ApprovalResult, found_agreement, terms_approved
from settlement.decisions import key_from_seed, read_log
from settlement.engine import Settlement, settle
from settlement.gate import judge
from settlement.gate_record import APPROVAL_CHECK, GateRecord, read_gate_rows
from settlement.score import level_of
from settlement.terms import Terms, load_terms
from settlement.terms_lint import find_problems
from settlement.yaml_lines import read_lined_yaml

ROOT = Path(__file__).resolve().parents[2]
AGREEMENT = ROOT / "agreements" / "derbyshire-real-only" / "2024-04-01.yaml"
PERIOD, CUT, DEFINITIONS, CODE = "2024-25", "c" * 64, "d" * 64, "0.1.0+test"
RAW = AGREEMENT.read_bytes()
SIGNED = {
    "signed_at": "2024-03-20T10:00:00Z",
    "place": "Derby",
    "approver": "chief finance officer",
    "valid_to": "2026-03-31",
}


def terms_with(changes: Mapping[str, Any] | None = None) -> Terms:
    """The real agreement with entries replaced by dotted path; None removes one."""
    data = yaml.load(RAW, Loader=yaml.BaseLoader)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        node: Any = data
        for parent in parents:
            node = node[int(parent)] if isinstance(node, list) else node.setdefault(parent, {})
        if value is None:
            node.pop(last, None)
        elif isinstance(node, list):
            node[int(last)] = value
        else:
            node[last] = value
    return load_terms(yaml_of(data))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def yaml_of(data: Any) -> bytes:
    # BaseLoader text back out unquoted: numbers, dates and words read as in the file.
    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(
        str,
        lambda dumper, text: dumper.represent_scalar(
            "tag:yaml.org,2002:str", text, style=None if len(text) < 90 and text.strip() and ": " not in text else '"'
        ),
    )
    Dumper.yaml_implicit_resolvers = {}
    return yaml.dump(_plain(data), Dumper=Dumper, sort_keys=False, width=1000, allow_unicode=True).encode()


def log_for(terms: Terms) -> bytes:
    return found_agreement(terms, {party: key_from_seed(b"test", party) for party in terms.party_ids}, **SIGNED)


def approval_for(terms: Terms, log: bytes | None = None) -> ApprovalResult:
    return terms_approved(read_log(log_for(terms) if log is None else log), terms, PERIOD)


def verdict_set(terms: Terms, changes: Mapping[str, Mapping[str, Any]] | None = None) -> tuple[bytes, dict[str, bytes]]:
    """required.json and verdicts that pass, with entries of single verdicts replaced."""
    checks = [{"check_id": check, "kind": "integrity", "scope": "cut"} for check in terms.gate.integrity]
    checks += [
        {"check_id": check.check, "kind": "fitness", "scope": f"{terms.id}/{kpi.id}/{PERIOD}"}
        for check in terms.gate.fitness
        for kpi in terms.judged_kpis
    ]
    required = canonical_json(
        {
            "data_cut_id": CUT,
            "definitions_hash": DEFINITIONS,
            "code_version": CODE,
            "checks": sorted(checks, key=lambda check: (check["check_id"], check["scope"])),
        }
    )
    verdicts = {}
    for check in checks:
        key = (
            check["check_id"]
            if check["kind"] == "integrity"
            else f"{check['check_id']}@{check['scope'].replace('/', '@')}"
        )
        verdicts[key] = canonical_json(
            {
                **check,
                "status": "passed",
                "data_cut_id": CUT,
                "definitions_hash": DEFINITIONS,
                "code_version": CODE,
                "required_hash": sha256_bytes(required),
                "observed": {},
                "reason": "All good.",
                "mend": "nothing",
                "responsible": "data engineer",
                **(changes or {}).get(key, {}),
            }
        )
    return required, verdicts


def kpi_row(
    terms: Terms, kpi_id: str = "D1", value: Decimal | None = Decimal("453.1"), **changes: Any
) -> dict[str, Any]:
    """A row of the KPI return for the settlement year."""
    kpi = next(kpi for kpi in terms.framework.kpis if kpi.id == kpi_id)
    period = terms.period(PERIOD)
    level = "" if value is None or kpi.levels is None else level_of(value, kpi.levels, kpi.polarity)
    return {
        "figure_id": f"kpi:{terms.id}:{kpi.id}:{PERIOD}:value",
        "agreement_id": terms.id,
        "kpi_id": kpi.id,
        "period_id": PERIOD,
        "period_kind": "year",
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
        "numerator": None,
        "denominator": None,
        "lower": None,
        "upper": None,
        "interval_method": "none",
        "polarity": kpi.polarity,
        "baseline_value": kpi.baseline.value if kpi.baseline else None,
        "level": level,
        "quality_status": "fit",
        "quality_reason": "",
        "window_days": 365,
        "covered_days": 365,
        "missing_days": 9,
        "data_complete_as_at": date(2025, 8, 31),
        "data_cut_status": "freeze",
        "payable_from": date(2025, 4, 1),
        "population_basis": kpi.population_basis,
        "data_cut_id": CUT,
        **changes,
    }


def ledger_rows(
    terms: Terms, pence: int | Mapping[str, int] = 14_000_000_000, category: str = "reimbursable_cost"
) -> list[dict[str, Any]]:
    """An open book with these pence in all (shared out evenly) or by member; every member, every month."""
    period = terms.period(PERIOD)
    months = [month.label for month in months_between(month_of(period.start), month_of(period.end))]
    members = terms.member_ids
    if isinstance(pence, int):
        each, rest = divmod(pence, len(members))
        pence = {member: each + (rest if member == members[0] else 0) for member in members}
    rows = []
    for member in members:
        each, rest = divmod(pence[member], len(months))
        for month in months:
            rows.append(
                {
                    "agreement_id": terms.id,
                    "period_id": PERIOD,
                    "member_id": member,
                    "month": month,
                    "line_id": "1",
                    "category": category,
                    "amount_pence": each + (rest if month == months[0] else 0),
                    "contract_reference": "C",
                    "funding_source": "F",
                    "vat_treatment": "V",
                    "submission_id": "",
                }
            )
    return rows


def gate_rows(
    terms: Terms, actions: Mapping[str, tuple[str, str, Decimal | None]] | None = None
) -> list[dict[str, Any]]:
    """Rows of an audited gate file; `actions` by scope: (action, cause, deem value)."""
    common = {
        "agreement_id": terms.id,
        "period_id": PERIOD,
        "data_cut_id": CUT,
        "terms_hash": terms.terms_hash,
        "reason": "Said.",
        "mend": "",
        "responsible": "",
    }
    rows = [
        {
            **common,
            "kind": "integrity",
            "scope": "settlement",
            "check_id": check,
            "status": "passed",
            "action": "pay",
            "deem_value": None,
            "cause": "",
        }
        for check in (APPROVAL_CHECK, *terms.gate.integrity)
    ]
    wanted = {kpi.id: ("pay", "", None) for kpi in terms.judged_kpis} | dict(actions or {})
    for scope, (action, cause, value) in wanted.items():
        rows.append(
            {
                **common,
                "kind": "fitness",
                "scope": scope,
                "check_id": "kpi.complete_days",
                "status": "passed" if action == "pay" else "failed",
                "action": action,
                "deem_value": value,
                "cause": cause,
            }
        )
    return rows


def gate_for(terms: Terms, actions: Mapping[str, tuple[str, str, Decimal | None]] | None = None) -> GateRecord:
    return read_gate_rows(gate_rows(terms, actions), terms, PERIOD)


def settle_simply(
    terms: Terms,
    value: Decimal | None = Decimal("453.1"),
    pence: int | Mapping[str, int] = 14_000_000_000,
    actions: Mapping[str, tuple[str, str, Decimal | None]] | None = None,
    advances: Sequence[Mapping[str, Any]] = (),
    prior: Sequence[Mapping[str, Any]] = (),
) -> Settlement:
    """Settle terms with the single KPI D1 at a value and an open book of so many pence."""
    return settle(
        terms,
        PERIOD,
        [kpi_row(terms, value=value)],
        ledger_rows(terms, pence),
        gate_for(terms, actions),
        advances,
        prior,
    )


@dataclass(frozen=True)
class World:
    """Everything of the real agreement that a settlement needs, in order."""

    terms: Terms
    log: bytes
    approval: ApprovalResult
    required: bytes
    verdicts: dict[str, bytes]
    gate: GateRecord
    kpi_return: list[dict[str, Any]]
    ledger: list[dict[str, Any]]


def judge_world(
    terms: Terms, required: bytes, verdicts: Mapping[str, bytes], approval: ApprovalResult, **changes: Any
) -> Any:
    bound: dict[str, Any] = {"cut_id": CUT, "definitions_hash": DEFINITIONS, "code_version": CODE}
    return judge(required, verdicts, terms=terms, terms_approved=approval, period_id=PERIOD, **{**bound, **changes})


def build_world() -> World:
    terms = load_terms(RAW)
    log = log_for(terms)
    approval = approval_for(terms, log)
    required, verdicts = verdict_set(terms)
    gate = judge_world(terms, required, verdicts, approval)
    assert isinstance(gate, GateRecord), gate
    quarter = kpi_row(terms, period_id="2024-25-q1", period_kind="quarter")
    return World(terms, log, approval, required, verdicts, gate, [kpi_row(terms), quarter], ledger_rows(terms))


def quick_terms(changes: Mapping[str, Any]) -> Terms:
    """The real agreement with typed entries replaced by dotted path, without going through YAML text."""
    terms = _changed(changes)
    assert find_problems(terms) == []
    return terms


def waived_terms(changes: Mapping[str, Any]) -> Terms:
    """As `quick_terms`, with the waiver that a rate times factor above the whole needs, on the side that needs it."""
    over = [problem.path[1] for problem in find_problems(_changed(changes)) if "above_whole_waiver" in problem.mend]
    return quick_terms({**changes, **{f"finance.{side}.above_whole_waiver": "Agreed by all." for side in over}})


def _changed(changes: Mapping[str, Any]) -> Terms:
    data = copy.deepcopy(_DATA)
    for path, value in changes.items():
        *parents, last = path.split(".")
        node: Any = data
        for parent in parents:
            node = node[int(parent)] if isinstance(node, list) else node[parent]
        if value is None:
            node.pop(last, None)
        elif isinstance(node, list):
            node[int(last)] = value
        else:
            node[last] = value
    return Terms.model_validate(data)


_DATA = read_lined_yaml(RAW).data
