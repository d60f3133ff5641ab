"""What is paid by number stays with the members: a sum divided by its agreed price would tell how many people there were."""

from __future__ import annotations

import pytest

from publication.agreement import ALLIANCE_LINES, steps_for_public


def _step(step_id: str) -> dict[str, object]:
    own = {"step_id": step_id, "label": "L", "formula": "a", "value": 1, "unit": "GBP", "figure_id": f"step:{step_id}"}
    return {"step_number": 1, "arithmetic": "3 * £3,500.00", "inputs": "kpi:x", **own}


@pytest.mark.parametrize(
    "step_id",
    [
        "rate.settled-home",
        "rate_card",
        "rate_card_posted",
        "difference.rate_card",
        "overpaid.rate_card",
        "variance.elective",
        "activity",
        "waiting.activity",
        "avoided_value.admissions",
        "certified.admissions",
        "certified_pool",
        "kept_by.council",
        "flag_count.right-to-revert.2024-25-q1",
        "flag.right-to-revert",
    ],
)
def test_a_counted_number_is_for_members(step_id: str) -> None:
    assert steps_for_public([_step(step_id)], frozenset()) == []


@pytest.mark.parametrize("step_id", ["saving_rate", "kra_pool", "agreed_value", "efficiency", "gain_posted"])
def test_what_concerns_the_alliance_as_a_whole_is_public_without_its_numbers(step_id: str) -> None:
    (public,) = steps_for_public([_step(step_id)], frozenset())
    assert "arithmetic" not in public
    assert "inputs" not in public


def test_lines_paid_by_number_are_no_public_rows() -> None:
    assert "kra_pool" in ALLIANCE_LINES
    assert not {"rate_card", "activity", "condition", "recoup"} & set(ALLIANCE_LINES)
