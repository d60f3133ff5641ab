"""Who may make which entry: every kind that its signer's role may not make is told so, with who may."""

from __future__ import annotations

from typing import Any

import pytest
from governance_world import CFO, FIRST, PERIOD, SECOND, Log, live_terms, rows
from settlement_world import CUT, quick_terms
from test_settlement_avoided import BOARD, TRUST, southwark
from test_settlement_conditions import CONDITIONS, EXPERT
from top_up_world import greenwich

from settlement.certificates import lines_hash
from settlement.terms import Terms

DAY = "2025-05-01"
GREENWICH, AVOIDED = greenwich(), southwark()
JUDGED = quick_terms({"conditions": CONDITIONS})
BODIES: dict[str, dict[str, Any]] = {
    "gate_cause_withdrawn": {"data_cut_id": CUT, "scope": "G1", "check_id": "kpi.complete_days", "reason": "r"},
    "absence_recorded": {"member": "youth-charity", "reason": "r"},
    "absence_withdrawn": {"member": "youth-charity", "settlement": "", "reason": "r"},
    "condition_judged": {"condition": "no-quality-notice", "met": "yes", "evidence": "minutes"},
    "cash_certified": {
        "row": "admissions", "amount_pence": "5", "terms_hash": AVOIDED.terms_hash, "conflicts": [],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "kind", "signer", "changes", "told"),
    [
        (GREENWICH, "gate_cause_withdrawn", EXPERT, {}, ""),
        (GREENWICH, "gate_cause_withdrawn", "youth-charity", {}, "records causes under these terms: independent-expert is"),
        (GREENWICH, "absence_recorded", EXPERT, {}, ""),
        (GREENWICH, "absence_withdrawn", "council", {}, "records absences under these terms: independent-expert is"),
        (JUDGED, "condition_judged", EXPERT, {}, ""),
        (JUDGED, "condition_judged", TRUST, {}, "judges no-quality-notice under these terms: independent-expert is"),
        (JUDGED, "condition_judged", EXPERT, {"condition": "other"}, "no must-pass condition `other`"),
        (GREENWICH, "condition_judged", EXPERT, {}, "no must-pass condition `no-quality-notice`"),
        (AVOIDED, "cash_certified", BOARD, {}, ""),
        (AVOIDED, "cash_certified", "community-trust", {}, f"certifies cash under these terms: {BOARD}, {TRUST} is"),
        (AVOIDED, "cash_certified", TRUST, {"terms_hash": "0" * 64}, "other terms than those on file"),
        (AVOIDED, "cash_certified", TRUST, {"row": "beds"}, "avoid nothing called `beds`"),
        (GREENWICH, "cash_certified", "council", {"terms_hash": GREENWICH.terms_hash}, "avoid nothing called `admissions`"),
        (GREENWICH, "assurance_given", "council", {"settlement_id": FIRST, "vote": "approve", "reason": "r"}, "nobody is"),
    ],
)  # fmt: skip
def test_an_entry_is_made_by_the_role_that_the_terms_name(
    terms: Terms, kind: str, signer: str, changes: dict[str, Any], told: str
) -> None:
    body = {"approver": CFO, "period_id": PERIOD, **BODIES.get(kind, {}), **changes}
    reason = Log(terms).try_(kind, signer, DAY, **body)
    assert told in reason
    assert bool(told) == bool(reason)


def test_the_roles_that_record_causes_are_told_in_order() -> None:
    """The same words in every run, however many roles there are."""
    named = ["independent-expert", "assessor", "auditor"]
    others = [{"id": name, "name": name.capitalize()} for name in named]
    recorders = {f"gate.causes.{index}.recorded_by": named for index in range(len(JUDGED.gate.causes))}
    terms = quick_terms({"parties.independents": others, **recorders})
    body = {"approver": CFO, "period_id": PERIOD, **BODIES["gate_cause_withdrawn"], "scope": "D1"}
    reason = Log(terms).try_("gate_cause_withdrawn", TRUST, DAY, **body)
    assert reason.endswith("under these terms: assessor, auditor, independent-expert is")


def test_a_restatement_is_certified_of_what_it_restates_once() -> None:
    """Two restatements of one certificate would both be paid; one of another period would be paid beside it."""
    log = Log(live_terms())
    log.certify("2025-05-01")
    again = {"supersedes": FIRST, "lines_hash": lines_hash(rows(SECOND)), "gross_pence": "85000"}
    log.certify("2025-05-02", settlement_id=SECOND, **again)
    body = log.certificate(settlement_id="3" * 64, **again)
    assert "another certified settlement restates that one already" in log.try_(
        "settlement_certified", "integrated-care-board", "2025-05-03", **body
    )
    two_years = Log(greenwich())
    two_years.certify("2025-05-01", "council")
    body = two_years.certificate(settlement_id=SECOND, period_id="2025-26", **again)
    assert "the settlement it restates is of another period" in two_years.try_(
        "settlement_certified", "council", "2026-03-30", **body
    )
