"""Judge whether a settlement may be made: every integrity check proved, every paid figure fit or its cause recorded.

Belongs here: refusing with reasons, and what a failed fitness check does to a KPI.
Not here: the form of verdicts (`verdicts`), running checks, reading folders, what an action is worth in money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.canonical import sha256_bytes
from settlement.approvals import ApprovalResult, GateCause
from settlement.gate_record import (
    APPROVAL_CHECK,
    SETTLEMENT_SCOPE,
    TOO_SMALL,
    GateEntry,
    GateRecord,
    deemed_value,
    seal_record,
)
from settlement.refusal import Refusal
from settlement.terms import Terms
from settlement.verdicts import NOT_VERDICTS, Bound, Judgement, fitness_key, read_required, read_verdict

__all__ = ["fitness_key", "judge"]


def _is_too_small(terms: Terms, verdict: Mapping[str, Any]) -> bool:
    """Whether a figure is complete and yet rests on fewer people than the terms ask for.

    A figure whose window is open or has gaps fails its check: it may be small because somebody did not report, and
    waits for its cause.
    """
    rule, observed = terms.gate.small_numbers, verdict["observed"]
    return rule is not None and verdict["status"] == "passed" and observed.get("quality_status") == TOO_SMALL


def _fitness_entry(terms: Terms, kpi_id: str, verdict: Mapping[str, Any], causes: Sequence[GateCause]) -> GateEntry:
    """What a fitness verdict does to its KPI: pay, withhold, what the recorded cause selects, or the agreed rule for
    small numbers."""
    small = _is_too_small(terms, verdict)
    common: dict[str, Any] = {
        "kind": "fitness",
        "scope": kpi_id,
        "check_id": str(verdict["check_id"]),
        "status": str(verdict["status"]),
        "reason": str(verdict["reason"]),
        "mend": str(verdict["mend"]),
        "responsible": str(verdict["responsible"]),
    }
    if small:
        common |= {
            "reason": f"{verdict['reason']} Too few people to tell a change from chance.",
            "mend": "nothing: the figure counts again when it rests on enough people",
            "responsible": "",
        }
    if verdict["status"] == "passed" and not small:
        return GateEntry(action="pay", deem_value=None, cause="", **common)
    recorded = [cause for cause in causes if cause.scope == kpi_id and cause.check_id == verdict["check_id"]]
    action: str
    value: Decimal | None
    # A recorded cause comes first: a party that made a figure small does not profit from the rule for small numbers.
    action, value = action_of(terms, recorded[-1].cause, kpi_id) if recorded else ("withhold", None)
    if small and action == "withhold":
        common["reason"] += " Neutral, as agreed beforehand; no cause is recorded."
        return GateEntry(action="neutral", deem_value=None, cause="", **common)
    cause = "" if action == "withhold" else recorded[-1].cause
    return GateEntry(action=action, deem_value=value, cause=cause, **common)


def action_of(terms: Terms, cause: str, scope: str) -> tuple[str, Decimal | None]:
    """The action a recorded cause selects for a KPI or the settlement, and the value to score for `deem`."""
    rule = next(rule for rule in terms.gate.causes if rule.cause == cause)
    if rule.deem is None:
        return rule.action, None
    value = deemed_value(terms, rule, scope)
    # Where there is nothing to deem it stays withheld.
    return ("withhold", None) if value is None else (rule.action, value)


def _settlement_entry(terms: Terms, cause: GateCause) -> GateEntry:
    """What a cause recorded for the whole settlement does to it."""
    action, _ = action_of(terms, cause.cause, cause.scope)
    return GateEntry(
        "fitness",
        SETTLEMENT_SCOPE,
        cause.check_id,
        "failed",
        action,
        None,
        "" if action == "withhold" else cause.cause,
        cause.reason,
        "supersede the recorded cause",
        cause.recorded_by,
    )


def _effect(terms: Terms, period_id: str) -> str:
    words = "shadow statement" if terms.agreement.shadow else "settlement"
    return (
        f"No {words} is made for {terms.id} {period_id}: no gain and no loss is posted and no release is published; "
        "the release in force stays as it is."
    )


def judge(
    required_json: bytes,
    verdicts: Mapping[str, bytes],
    *,
    cut_id: str,
    definitions_hash: str,
    code_version: str,
    terms: Terms,
    terms_approved: ApprovalResult,
    period_id: str,
    kpi_ids: Iterable[str] | None = None,
    causes: Sequence[GateCause] = (),
) -> GateRecord | Refusal:
    """The gate's record for one agreement, period and data cut; or a refusal: why, who mends it, what it means.

    required_json, verdicts: bytes of `verdicts/<cut>/required.json` and, by file stem, of the verdicts beside it.
    kpi_ids: the KPIs to be paid, which must be exactly those of the terms (None takes them from the terms).
    causes: recorded causes of failed fitness checks, from `approvals.gate_causes`.
    """
    terms.period(period_id)
    bound = Bound(cut_id, definitions_hash, code_version, sha256_bytes(required_json))
    judgement = Judgement(_effect(terms, period_id))
    wanted_kpis = sorted(kpi.id for kpi in terms.judged_kpis)
    if kpi_ids is not None and sorted(kpi_ids) != wanted_kpis:
        judgement.refuse(
            "terms.kpis",
            "the KPIs to be settled are not the KPIs of the terms",
            f"the terms pay on {', '.join(wanted_kpis)}",
            "settle exactly the KPIs of the terms",
        )
    if not terms_approved.ok or (terms_approved.terms_hash, terms_approved.period_id) != (terms.terms_hash, period_id):
        why = "; ".join(terms_approved.reasons) or "the approval is of other terms or of another period"
        judgement.refuse(
            APPROVAL_CHECK,
            "the terms are not approved for this period",
            why,
            "record the missing approvals before a period opens, or settle under approved terms",
            "members and commissioners",
        )
    required = read_required(required_json, bound, judgement)
    by_stem = {name.removesuffix(".json"): raw for name, raw in verdicts.items()}
    for stem in sorted(set(by_stem) - set(required) - set(NOT_VERDICTS)):
        judgement.refuse(
            stem,
            f"the result {stem} is not on the list of required checks",
            "what is not declared does not count",
            "remove it, or run the checks again with it on the list",
        )
    fitness = {
        fitness_key(check.check, terms.id, kpi, period_id): (check.check, kpi)
        for check in terms.gate.fitness
        for kpi in wanted_kpis
    }
    for key, kind in [
        *((check, "integrity") for check in terms.gate.integrity),
        *((key, "fitness") for key in fitness),
    ]:
        if key not in required or required[key]["kind"] != kind:
            judgement.refuse(
                key,
                f"{key} is not on the list of required checks",
                "the approved terms demand it",
                "run the checks again with the list the terms demand",
                status="missing",
            )
    # Integrity: everything on the list. Fitness: this agreement's KPIs in this period; the others concern others.
    trusted: dict[str, dict[str, Any]] = {}
    for key, check in sorted(required.items()):
        if check["kind"] == "integrity" or key in fitness:
            verdict = read_verdict(key, check, by_stem.get(key), bound, judgement)
            if verdict is not None:
                trusted[key] = verdict
    if judgement.reasons:
        return Refusal(terms.id, period_id, cut_id, terms.terms_hash, tuple(judgement.reasons))
    entries = [GateEntry.passed(APPROVAL_CHECK, "Every party approved exactly these terms before the period opened.")]
    for key, verdict in trusted.items():
        if key in fitness:
            entries.append(_fitness_entry(terms, fitness[key][1], verdict, causes))
        else:
            entries.append(GateEntry.passed(key, str(verdict["reason"])))
    whole = {cause.check_id: cause for cause in causes if cause.scope == SETTLEMENT_SCOPE}
    entries.extend(_settlement_entry(terms, cause) for cause in whole.values())
    return seal_record(
        terms,
        period_id,
        cut_id,
        entries,
        definitions_hash=definitions_hash,
        code_version=code_version,
        required_hash=bound.required_hash,
        verdict_hashes={key: sha256_bytes(by_stem[key]) for key in trusted},
        approvals=terms_approved.approvals,
    )
