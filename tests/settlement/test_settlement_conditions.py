"""Non-negotiables that no indicator measures: recorded with evidence by a role that cannot gain. DER-08."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from other_lines_world import agreed, amounts, problems
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows, log_for
from top_up_world import greenwich, recording, settle_top_up

from foundation.errors import WrongUsage
from settlement.decisions import read_log
from settlement.engine import Settlement, settle
from settlement.recorded import PeriodRecords, period_records
from settlement.terms import Terms

EXPERT = "independent-expert"
CONDITIONS = [
    {"id": "no-quality-notice", "meaning": "No quality notice is unresolved.", "recorded_by": [EXPERT]},
    {"id": "income-follows-cost", "meaning": "Redistribution reconciles to cost.", "recorded_by": [EXPERT]},
]
MET = [(EXPERT, "no-quality-notice", "yes"), (EXPERT, "income-follows-cost", "yes")]


def judged(terms: Terms, given: Sequence[tuple[str, str, str]], **changes: Any) -> PeriodRecords:
    log = log_for(terms)
    for signer, condition, met in given:
        body = {"condition": condition, "met": met, "evidence": "minutes of 3 May", **changes}
        log = recording(log, terms, "condition_judged", signer, body)
    return period_records(read_log(log), terms, PERIOD)


def settled(terms: Terms, recorded: PeriodRecords | None, pence: int) -> Settlement:
    return settle(
        terms,
        PERIOD,
        [kpi_row(terms, "D1", Decimal(430))],
        ledger_rows(terms, pence),
        gate_for(terms),
        recorded=recorded,
    )


def test_all_recorded_as_met_pays_as_without_conditions() -> None:
    terms = agreed([], {"conditions": CONDITIONS})
    made = settled(terms, judged(terms, MET), 14_000_000_000)
    assert amounts(made) == amounts(settled(agreed([]), None, 14_000_000_000))
    step = made.step("must_pass.no-quality-notice")
    assert step.exact == 1
    assert step.label == (
        "Must-pass condition no-quality-notice (No quality notice is unresolved.) 1 met, 0 not: "
        "recorded on minutes of 3 May"
    )
    assert step.inputs[0].startswith("decision:")


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ([], {}),
        (MET[:1], {}),
        ([*MET, (EXPERT, "no-quality-notice", "no")], {}),  # the latest counts
        ([("acute-trust", name, met) for _, name, met in MET], {}),
        (MET, {"period_id": "2025-26"}),
        (MET, {"approver": "somebody"}),
        ([*MET[:1], (EXPERT, "another", "yes")], {}),
    ],
)
def test_what_is_not_recorded_as_met_bars_the_gain_and_leaves_the_pain(
    given: Sequence[tuple[str, str, str]], changes: Mapping[str, Any]
) -> None:
    terms = agreed([], {"conditions": CONDITIONS})
    recorded = judged(terms, given, **changes)
    made = settled(terms, recorded, 14_000_000_000)
    assert amounts(made) == {"gain": 0}
    assert made.reason.startswith("No gain: a must-pass condition is not met (")
    pain = settled(terms, recorded, 14_510_000_000)
    assert amounts(pain) == amounts(settled(agreed([]), None, 14_510_000_000))


def test_a_condition_bars_a_top_up_and_leaves_the_base() -> None:
    terms = greenwich({"conditions": CONDITIONS[:1]})
    made = settle_top_up(terms)
    assert {posting.amount_pence for posting in made.postings} == {0}
    assert "no-quality-notice" in made.reason
    assert made.step("base").exact == 9_600_000
    assert "nobody has recorded it" in made.step("must_pass.no-quality-notice").label


def test_a_record_says_yes_or_no() -> None:
    terms = agreed([], {"conditions": CONDITIONS})
    with pytest.raises(WrongUsage, match="yes or no"):
        judged(terms, [(EXPERT, "no-quality-notice", "perhaps")])


def test_only_an_independent_role_judges_a_condition() -> None:
    wrong = [{**CONDITIONS[0], "recorded_by": ["acute-trust", "integrated-care-board", "who"]}, CONDITIONS[0]]
    told = [problem.what for problem in problems([], {"conditions": wrong})]
    assert sum("could gain and may not record whether" in what for what in told) == 3
    assert "the condition `no-quality-notice` is named twice." in told
