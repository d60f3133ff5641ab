"""The innovation pot with what was spent of it, and the share of future work: reported, and no gain of anybody. GRW-61."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_lines_world import agreed, amounts, problems, settle_lines
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows
from test_settlement_properties import CASES, WANTED
from top_up_world import AT_72, by_line, gate_with, greenwich, rows_of, with_shared_cost

from foundation.errors import Refused
from settlement.engine import Settlement, settle
from settlement.terms import Terms

LINE = "finance.top_up.innovation_pot.ledger_line"
MONTHS = [f"2024-{month:02d}" for month in range(4, 13)] + ["2025-01", "2025-02", "2025-03"]


def spending(terms: Terms, member: str, pence: Sequence[Any], **changes: Any) -> list[dict[str, Any]]:
    row = next(row for row in ledger_rows(terms, 0) if row["member_id"] == terms.member_ids[0])
    own = {"member_id": member, "line_id": "innovation", **changes}
    return [{**row, "month": month, "amount_pence": paid, **own} for month, paid in zip(MONTHS, pence, strict=False)]


def settled(terms: Terms, ledger: Sequence[Mapping[str, Any]]) -> Settlement:
    return settle(terms, PERIOD, rows_of(terms, AT_72), ledger, gate_with(terms, ()))


def test_what_is_spent_and_unspent_by_hand() -> None:
    """60,000 agreed; 12 x 3,000 and 12 x 500.50 spent: 42,006 in all, 17,994 left. No line moves."""
    terms = greenwich({LINE: "innovation"})
    ledger = [
        *spending(terms, "youth-charity", [300_000] * 12),
        *spending(terms, "gp-federation", [50_050] * 12),
        *spending(terms, "gp-federation", [9] * 12, line_id="staff"),
        *spending(terms, "gp-federation", [9] * 12, agreement_id="another"),
        *spending(terms, "gp-federation", [9] * 12, period_id="2025-26"),
    ]
    made = settled(terms, ledger)
    assert made.step("innovation_spent").exact == 42_006
    assert made.step("innovation_unspent").exact == 17_994
    assert f"ledger:{terms.id}:{PERIOD}:youth-charity" in made.step("innovation_spent").inputs
    plain = settled(greenwich(), ledger)
    assert by_line(made) == by_line(plain)
    assert "innovation_spent" not in {step.step_id for step in plain.steps}
    over = settled(terms, spending(terms, "youth-charity", [600_000] * 12))
    assert over.step("innovation_unspent").exact == -12_000
    assert settled(terms, spending(terms, "youth-charity", [0] * 12)).step("innovation_unspent").exact == 60_000


@pytest.mark.parametrize("months", [0, 11])
def test_what_nobody_reported_is_not_unspent(months: int) -> None:
    terms = greenwich({LINE: "innovation"})
    made = settled(terms, spending(terms, "youth-charity", [1] * months))
    assert made.step("innovation_not_reported").exact == 1
    assert not {"innovation_spent", "innovation_unspent"} & {step.step_id for step in made.steps}


@pytest.mark.parametrize(
    ("pence", "changes"),
    [([-1], {}), ([True], {}), ([1], {"member_id": "who"}), ([1, 1], {"month": "2024-04"})],
)
def test_spending_that_cannot_be_read_is_refused(pence: Sequence[Any], changes: Mapping[str, Any]) -> None:
    terms = greenwich({LINE: "innovation"})
    with pytest.raises(Refused, match="of the innovation pot"):
        settled(terms, spending(terms, "youth-charity", pence, **changes))


@settings(CASES, max_examples=max(WANTED // 6, 1))
@given(st.integers(0, 10**7))
def test_spending_of_the_pot_is_no_cost_against_the_target(pence: int) -> None:
    """The pot is ring-fenced: whatever is spent of it, gain and loss of shared cost stay what they were."""
    terms = with_shared_cost({LINE: "innovation"})
    book = ledger_rows(terms, 14_000_000_000)
    rows, gate = rows_of(terms, AT_72), gate_with(terms, ())
    without = settle(terms, PERIOD, rows, book, gate)
    made = settle(terms, PERIOD, rows, [*book, *spending(terms, terms.member_ids[0], [pence] * 12)], gate)
    assert made.step("actual_cost").exact == without.step("actual_cost").exact == 140_000_000
    assert by_line(made) == by_line(without)
    assert made.step("innovation_spent").exact * 100 == 12 * pence


FUTURE = {
    "meaning": "of the work let next year without competition",
    "share": [{"score": Decimal(0), "share_pct": Decimal(0)}, {"score": Decimal(100), "share_pct": Decimal(40)}],
}


def test_a_share_of_future_work_is_reported_and_moves_no_money() -> None:
    """Score 50 on the line from 0 to 40 % at 100: 20 %."""
    terms = agreed([], {"finance.future_work": FUTURE})
    made = settle(terms, PERIOD, [kpi_row(terms, "D1", Decimal(430))], ledger_rows(terms), gate_for(terms))
    assert made.step("future_work_share").exact * 100 == 20
    assert "nothing follows from it by itself" in made.step("future_work_share").label
    assert amounts(made) == amounts(settle_lines(agreed([]), values={"D1": "430"}, pence=14_000_000_000))


@pytest.mark.parametrize(
    ("share", "told"),
    [([(0, 1), (1, 0)], "falls as the score rises"), ([(0, 1), (0, 1)], "is named twice")],
)
def test_what_future_work_may_not_say(share: list[tuple[int, int]], told: str) -> None:
    knots = [{"score": Decimal(score), "share_pct": Decimal(percent)} for score, percent in share]
    found = problems([], {"finance.future_work": {**FUTURE, "share": knots}})
    assert any(told in problem.what for problem in found)


def test_future_work_needs_a_score() -> None:
    found = problems(["rate_card"], {"finance.future_work": FUTURE}, cost=False)
    assert [problem.what for problem in found] == ["a score earns future work, and no KPI is scored."]


def test_the_order_of_the_book_is_nothing_and_what_is_missing_is_said() -> None:
    """1,200.00 spent, whatever stands before it; of eleven months nothing is known (1)."""
    terms = greenwich({LINE: "innovation"})
    own, others = (
        spending(terms, "youth-charity", [10_000] * 12),
        spending(terms, "gp-federation", [9] * 12, line_id="x"),
    )
    for ledger in ([*others, *own], [*own, *others], [*others[:6], *own, *others[6:]]):
        assert settled(terms, ledger).step("innovation_spent").exact == 1_200
    missing = settled(terms, own[:11]).step("innovation_not_reported")
    assert missing.exact == 1
    assert missing.label.endswith("is not reported for every month: what is left is unknown (1)")
