"""Efficiency, three limbs, risk by contract year, the least that is reclaimed: by hand, every branch, their laws. CNI-37."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_lines_world import agreed, amounts, parts, problems, settle_lines
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows
from test_settlement_properties import CASES

from foundation.errors import Refused
from settlement.at_stake import agreed_sums
from settlement.engine import Settlement, settle
from settlement.extremes import Extreme, party_extremes
from settlement.terms import Terms

TARGET = "finance.target_cost.0"
RISK = "finance.risk_by_period"
LIMBS = {"reimbursed": "direct cost", "fee": "overheads and margin", "gain_or_loss": "50:50"}


# --- efficiency --------------------------------------------------------------------------------------------------


def test_efficiency_is_netted_off_first_and_is_no_gain() -> None:
    """200 people at 65,000 are 13,000,000; 5 % off is 12,350,000; caps of 5 % of that are 617,500."""
    changes = {
        f"{TARGET}.baseline_gbp": Decimal(13_000_000),
        f"{TARGET}.efficiency_pct": Decimal(5),
        "finance.gain.cap_pct_of_target": Decimal(5),
        "finance.gain.score_factor": None,
    }
    terms = agreed([], changes)
    made = settle_lines(terms, pence=1_235_000_000)
    assert made.step("gross_target").exact == 13_000_000
    assert made.step("efficiency").exact == 650_000
    assert made.step("target_cost").exact == 12_350_000
    assert amounts(made) == {"gain": 0}  # spending what is left after the efficiency earns nothing
    assert {stake.what: stake.pence for stake in agreed_sums(terms, PERIOD)}["gain, at most"] == 61_750_000
    # What was saved beyond it: 350,000, shared 50:50.
    assert amounts(settle_lines(terms, pence=1_200_000_000)) == {"gain": 17_500_000}


@CASES
@given(st.integers(0, 99), st.integers(-100, 100))
def test_efficiency_is_taken_of_the_whole_gross_target(percent: int, adjustment: int) -> None:
    changes = {
        f"{TARGET}.efficiency_pct": Decimal(percent),
        f"{TARGET}.trend": Decimal("1.02"),
        f"{TARGET}.adjustments": [{"reason": "x", "amount_gbp": Decimal(adjustment)}],
    }
    terms = agreed([], changes)
    made = settle_lines(terms)
    gross = 143_100_000 * Decimal("1.02") + adjustment
    assert made.step("target_cost").exact * 100 == gross * (100 - percent)
    assert made.step("target_cost").exact == terms.target_pounds(terms.target(PERIOD))
    assert any("not above 0" in one.what for one in problems([], {**changes, f"{TARGET}.efficiency_pct": Decimal(100)}))


# --- three limbs -------------------------------------------------------------------------------------------------


def with_limbs(cost: int, fee: int, changes: Mapping[str, Any] | None = None) -> Settlement:
    terms = agreed([], {"finance.limbs": LIMBS, "finance.loss.capped_at_fee": True, **(changes or {})})
    book = ledger_rows(terms, cost)
    book += [{**row, "line_id": "2"} for row in ledger_rows(terms, fee, "fee")]
    return settle(terms, PERIOD, [kpi_row(terms)], book, gate_for(terms))


def test_three_limbs_add_up_by_hand() -> None:
    """135,000,000 reimbursed, 5,000,000 fee: a saving of 3,100,000 gives the 1,079,976.85 of the worked example."""
    made = with_limbs(13_500_000_000, 500_000_000)
    assert made.step("limb_1").exact == 135_000_000
    assert made.step("limb_2").exact == 5_000_000
    assert made.step("limb_3").value == Decimal("1079976.85")
    assert made.step("three_limbs").value == Decimal("141079976.85")
    assert made.step("limb_2").label == "Limb 2, fee: overheads and margin"
    assert made.step("limb_1").terms_reference == "terms:finance.limbs.reimbursed"


@CASES
@given(st.integers(13_000_000_000, 16_000_000_000), st.integers(0, 10**9))
def test_limb_1_is_always_paid_where_pain_ends_at_the_fee(cost: int, fee: int) -> None:
    """Limb 1 + limb 2 + limb 3 is what is paid, and pain takes no more than limb 2: direct cost is always reimbursed."""
    made = with_limbs(cost, fee)
    (posting,) = made.postings
    assert made.step("three_limbs").exact * 100 == cost + fee + posting.amount_pence
    assert made.step("three_limbs").exact >= made.step("limb_1").exact


def test_limbs_without_shared_cost_mean_nothing() -> None:
    assert any("no cost is shared" in one.what for one in problems(["kra_pool"], {"finance.limbs": LIMBS}, cost=False))


# --- risk by contract year ---------------------------------------------------------------------------------------

YEARS = [
    {"period": "2024-25", "shadow": True},
    {"period": "2025-26", "shadow": False, "loss_part_pct": Decimal(0)},
    {"period": "2026-27"},
]


def by_year(part: int | None = None, *, shadow: bool | None = None, lines: tuple[str, ...] = ()) -> Terms:
    """Terms whose one settlement year has this risk; without pool and cap so that parts can be read off."""
    entry: dict[str, Any] = {"period": PERIOD}
    if shadow is not None:
        entry["shadow"] = shadow
    if part is not None:
        entry["loss_part_pct"] = Decimal(part)
    return agreed(lines, {"agreement.shadow": False, RISK: [entry], "finance.loss.score_factor": None})


def test_a_shadow_year_a_year_of_gain_only_and_a_year_of_pain_in_one_file() -> None:
    """An overspend of 2,000,000 shared 50:50: nothing payable, then nothing at all, then 250,000 at a quarter of it."""
    shadow = settle_lines(by_year(shadow=True), pence=14_510_000_000)
    assert (shadow.status, shadow.postings[0].status, amounts(shadow)) == ("shadow", "shadow", {"loss": -100_000_000})
    again = settle_lines(by_year(shadow=True), pence=14_510_000_000, prior=shadow.posting_rows())
    assert again.postings == ()
    with pytest.raises(Refused, match="cannot be restated"):
        settle_lines(by_year(0), pence=14_510_000_000, prior=shadow.posting_rows())
    none = settle_lines(by_year(0), pence=14_510_000_000)
    assert (none.status, amounts(none)) == ("payable", {"loss": 0})
    assert amounts(settle_lines(by_year(0), pence=14_000_000_000))["gain"] > 0
    quarter = settle_lines(by_year(25, shadow=False), pence=14_510_000_000)
    assert (quarter.status, amounts(quarter)) == ("payable", {"loss": -25_000_000})
    assert quarter.step("borne_part.loss").terms_reference == f"terms:finance.risk_by_period.{PERIOD}.loss_part_pct"
    assert amounts(settle_lines(agreed([], {"agreement.shadow": False}), pence=14_510_000_000))["loss"] < 0


def test_the_part_of_a_period_holds_for_the_kra_pool_below_0_too() -> None:
    """-125,000 at the level poor, a fifth of it borne; what it pays is paid whole."""
    terms = by_year(20, lines=("kra_pool",))
    assert amounts(settle_lines(terms, values={"D1": "505"}))["kra_pool"] == -2_500_000
    assert amounts(settle_lines(terms, values={"D1": "430"}))["kra_pool"] == 25_000_000
    worst = party_extremes(terms, PERIOD)["acute-trust"].greatest_loss_pence
    assert worst == (143_100_000 + 5_000_000) * 38 // 100  # 1 % of the target, and a fifth of 250,000


def test_without_any_part_of_a_loss_nothing_can_be_lost() -> None:
    terms = agreed(
        [], {RISK: [{"period": PERIOD, "loss_part_pct": Decimal(0)}], "finance.loss.cap_pct_of_target": None}
    )
    found = party_extremes(terms, PERIOD)
    assert {extreme.greatest_loss_pence for extreme in found.values()} == {0}
    assert found["commissioner-residue"] == Extreme(0, 0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({RISK: YEARS}, "2026-27 says nothing"),
        ({RISK: YEARS[:1]}, "the whole agreement is in shadow already"),
        ({RISK: YEARS[1:2], "finance.loss": None}, "nothing can be lost"),
        ({RISK: [YEARS[1], YEARS[1]]}, "`2025-26` is named twice"),
    ],
)
def test_what_risk_by_period_may_not_say(changes: Mapping[str, Any], told: str) -> None:
    found = problems([], changes)
    assert any(told in problem.what for problem in found), [problem.what for problem in found]


def test_years_that_say_something_are_agreed() -> None:
    assert problems([], {RISK: YEARS[:2], "agreement.shadow": False}) == []


# --- the least that is reclaimed ---------------------------------------------------------------------------------

LEAST = "finance.reclaim_from_gbp"
PAID = {
    "finance.gain.score_factor": None,
    "finance.gain.cap_pct_of_target": None,
    "finance.corridor.least_saving_pct": 0,
}


def reclaiming(least: str, *lines: str) -> Terms:
    return agreed(lines, {**PAID, "finance.corridor.least_loss_pct": 0, LEAST: Decimal(least)})


def test_an_overpayment_below_the_minimum_is_not_reclaimed_and_an_underpayment_is_made_good() -> None:
    """A pound of cost more is 50p of gain less. 140.00 overpaid stands below 150, and is reclaimed from 140 on."""
    for least, moved in (("150", None), ("140.01", None), ("140", -14_000)):
        terms = reclaiming(least)
        first = settle_lines(terms, pence=14_000_000_000)
        again = settle_lines(terms, pence=14_000_028_000, prior=first.posting_rows())
        assert amounts(again) == ({} if moved is None else {"gain": moved})
        assert any(step.step_id == "kept.gain" for step in again.steps) == (moved is None)
        assert sum(line.amount_pence for line in again.member_lines) == (moved or 0)
        less = settle_lines(terms, pence=13_999_999_900, prior=first.posting_rows())
        assert amounts(less) == {"gain": 50}
    third = settle_lines(terms := reclaiming("150"), pence=14_000_040_000, prior=first.posting_rows())
    assert amounts(third) == {"gain": -20_000}  # differences that grow are reclaimed once they are large enough
    assert terms.finance.reclaim_from_gbp == 150


def test_gain_that_turns_into_loss_is_one_overpayment() -> None:
    """From a gain of 30.00 to a loss of 30.00: 60.00 overpaid, below 100 and not below 50."""
    for least, moved in (("100", {}), ("50", {"gain": -3_000, "loss": -3_000})):
        terms = reclaiming(least)
        terms = agreed(
            [], {**PAID, "finance.corridor.least_loss_pct": 0, LEAST: Decimal(least), "finance.loss.score_factor": None}
        )
        first = settle_lines(terms, pence=14_309_994_000)
        assert amounts(first) == {"gain": 3_000}
        again = settle_lines(terms, pence=14_310_006_000, prior=first.posting_rows())
        assert amounts(again) == moved
        assert ("kept.loss" in {step.step_id for step in again.steps}) == (not moved)


def test_each_line_beside_cost_is_told_by_itself_and_advances_follow_what_stands() -> None:
    """A rate card overpaid by 3,500 stands below 4,000; what a member's advance was taken out of stands with it."""
    terms = agreed(["rate_card"], {LEAST: Decimal(4_000), "finance.advances_recouped": True}, cost=False)
    advances = {"city-council": 4_000_000}
    first = settle_lines(terms, {"R1": 131, "R2": 0}, advances=advances)
    prior = first.posting_rows()
    assert amounts(first)["recoup"] == -3_668_000
    again = settle_lines(terms, {"R1": 130, "R2": 0}, advances=advances, prior=prior)
    assert again.postings == ()
    assert parts(again, "recoup") == {}
    held = settle_lines(
        terms, {"R1": 130, "R2": 0}, advances=advances, prior=prior, actions={"settlement": ("withhold", "", None)}
    )
    assert not any(step.step_id.startswith(("kept", "overpaid")) for step in held.steps)


@CASES
@given(st.lists(st.integers(13_900_000_000, 14_600_000_000), min_size=1, max_size=4), st.integers(0, 3_000_000))
def test_what_stands_is_never_less_than_is_owed_and_overpaid_by_less_than_the_minimum(
    cuts: list[int], least: int
) -> None:
    terms = reclaiming(str(least))
    posted: list[dict[str, Any]] = []
    for pence in cuts:
        posted += settle_lines(terms, pence=pence, prior=posted).posting_rows()
    owed = sum(amounts(settle_lines(terms, pence=cuts[-1])).values())
    overpaid = sum(row["amount_pence"] for row in posted) - owed
    assert 0 <= overpaid < max(least * 100, 1)
    assert settle_lines(terms, pence=cuts[-1], prior=posted).postings == ()
