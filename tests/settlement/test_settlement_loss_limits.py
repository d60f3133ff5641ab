"""Limits of what single members bear: by hand, beside a stop-loss, over two lines, the law they keep.
GRW-59, GRW-63."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_lines_world import agreed, amounts, parts, problems, settle_lines
from settlement_world import PERIOD
from test_settlement_properties import CASES

from settlement.extremes import party_extremes
from settlement.loss_limits import member_caps, room_left
from settlement.postings import RESIDUE
from settlement.terms import Terms

LIMITS = "finance.loss_limits"
CHARITY = {
    "member": "city-council",
    "limits": [
        {"of": "alliance income", "amount_gbp": Decimal(1_600_000), "pct": Decimal(2)},
        {"of": "free reserves", "amount_gbp": Decimal(400_000), "pct": Decimal(5)},
    ],
}
NONE = {"member": "county-council", "limits": [{"of": "turnover", "amount_gbp": Decimal(0), "pct": Decimal(0)}]}
PLAIN = {"finance.loss.score_factor": None, "finance.loss.stop_loss": None}


def limited(excess_to: str = "commissioner", changes: Mapping[str, Any] | None = None, *lines: str) -> Terms:
    entry = {"excess_to": excess_to, "members": [CHARITY, NONE]}
    return agreed(lines, {**PLAIN, LIMITS: entry, **(changes or {})})


def test_limits_by_hand() -> None:
    """An overspend of 2,000,000, half of it, is 1,000,000: parts of 80,000 and 60,000 held at 20,000 and 0."""
    made = settle_lines(limited(), pence=14_510_000_000)
    assert amounts(made) == {"loss": -100_000_000}
    found = parts(made, "loss")
    assert (found["city-council"], found["county-council"]) == (-2_000_000, 0)
    assert found[RESIDUE] == -12_000_000
    step = made.step("loss_limit.city-council")
    assert step.exact == 20_000
    assert step.label == (
        "Most that city-council bears of what the alliance owes: the least part of alliance income, free reserves"
    )
    assert made.step("loss_limit.county-council").formula == "part_1 * sum_1"
    caps = {line.member_id: line.cap_pence for line in made.member_lines}
    assert (caps["city-council"], caps["county-council"], caps["acute-trust"]) == (2_000_000, 0, None)


def test_the_other_members_bear_the_excess_where_it_is_agreed() -> None:
    found = parts(settle_lines(limited("other_members"), pence=14_510_000_000), "loss")
    assert RESIDUE not in found
    assert found["acute-trust"] == -43_302_326  # 98,000,000 x 38 / 86, the largest remainder
    assert sum(found.values()) == -100_000_000


def test_beside_a_stop_loss_the_least_counts() -> None:
    """0.5 % of a turnover of 20,000,000 is 100,000, and of 1,000,000 is 5,000."""
    for turnover, cap in ((20_000_000, 2_000_000), (1_000_000, 500_000)):
        changes = {"finance.loss.stop_loss": {"pct_of_turnover": Decimal("0.5"), "excess_to": "commissioner"}}
        terms = limited("commissioner", {**changes, "parties.members.3.turnover_gbp": Decimal(turnover)})
        assert member_caps(terms)["city-council"] == cap
        made = settle_lines(terms, pence=14_510_000_000)
        assert made.step("loss_limit.city-council").exact * 100 == cap
        assert made.step("loss_limit.city-council").label.endswith("free reserves, turnover")


def test_one_limit_holds_for_cost_and_kra_pool_together() -> None:
    """A loss of 200,000 (16,000 of the charity's) leaves it 4,000 of the 10,000 it would owe on the KRA pool."""
    terms = limited("commissioner", {"finance.corridor.least_loss_pct": Decimal(0)}, "kra_pool")
    made = settle_lines(terms, values={"D1": "505"}, pence=14_350_000_000)
    assert amounts(made) == {"loss": -20_000_000, "kra_pool": -12_500_000}
    assert parts(made, "loss")["city-council"] == -1_600_000
    assert parts(made, "kra_pool")["city-council"] == -400_000
    assert parts(made, "kra_pool")[RESIDUE] == -600_000 - 750_000
    gained = settle_lines(terms, values={"D1": "430"}, pence=14_350_000_000)
    assert parts(gained, "kra_pool")["city-council"] == 2_000_000
    assert {line.cap_pence for line in gained.member_lines if line.line == "kra_pool"} == {None}
    worst = party_extremes(terms, PERIOD)
    assert worst["city-council"].greatest_loss_pence == 2_000_000
    unbounded = limited("commissioner", {"finance.loss.cap_pct_of_target": None}, "kra_pool", "activity")
    assert party_extremes(unbounded, PERIOD)["city-council"].greatest_loss_pence == 2_000_000 + 6_240_000
    assert party_extremes(unbounded, PERIOD)["acute-trust"].greatest_loss_pence is None


@CASES
@given(
    st.integers(14_000_000_000, 16_000_000_000),
    st.integers(3400, 5300),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from(["commissioner", "other_members"]),
)
def test_no_member_bears_more_than_its_limit_and_nothing_is_lost(
    pence: int, value: int, income: int, reserves: int, excess_to: str
) -> None:
    """Properties 1 and 4: both lines add up, and together never take more from a member than it agreed to bear."""
    limits = [
        {"of": "alliance income", "amount_gbp": Decimal(income), "pct": Decimal(2)},
        {"of": "free reserves", "amount_gbp": Decimal(reserves), "pct": Decimal(5)},
    ]
    entry = {"excess_to": excess_to, "members": [{"member": "city-council", "limits": limits}, NONE]}
    terms = agreed(["kra_pool"], {**PLAIN, LIMITS: entry})
    made = settle_lines(terms, values={"D1": str(Decimal(value) / 10)}, pence=pence)
    for line, posted in amounts(made).items():
        assert sum(parts(made, line).values()) == posted
    for member, most in member_caps(terms).items():
        owed = sum(min(parts(made, line).get(member, 0), 0) for line in amounts(made))
        assert -owed <= most


def test_the_largest_member_changes_no_limit_of_a_small_one() -> None:
    shares = {"parties.members.0.share_pct": Decimal(1), "parties.members.1.share_pct": Decimal(67)}
    gone = {**shares, "parties.members.0.turnover_gbp": Decimal(0)}
    assert member_caps(limited("commissioner", gone)) == member_caps(limited())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({LIMITS: {"excess_to": "commissioner", "members": [NONE, NONE]}}, "`county-council` is named twice"),
        ({LIMITS: {"excess_to": "commissioner", "members": [{**NONE, "member": "who"}]}}, "`who` is no member here"),
        ({"finance.loss.stop_loss": {"pct_of_turnover": 1, "excess_to": "other_members"}}, "the stop-loss says otherw"),
        ({"finance.loss": None}, "nothing can be lost"),
    ],
)
def test_what_limits_may_not_say(changes: Mapping[str, Any], told: str) -> None:
    entry = {LIMITS: {"excess_to": "commissioner", "members": [CHARITY]}}
    found = problems([], {**PLAIN, **entry, **changes} if told[0] != "n" else {**entry, **changes})
    assert any(told in problem.what for problem in found), [problem.what for problem in found]


def test_a_kra_pool_that_only_pays_has_nothing_to_limit() -> None:
    entry = {"excess_to": "commissioner", "members": [CHARITY]}
    knots = [{"score": Decimal(0), "share_pct": Decimal(0)}, {"score": Decimal(9), "share_pct": Decimal(9)}]
    changes = {LIMITS: entry, "finance.kra_pool.pool_share": knots}
    assert any("nothing can be lost" in one.what for one in problems(["kra_pool"], changes, cost=False))
    assert problems(["kra_pool"], {LIMITS: entry}, cost=False) == []


def test_the_room_that_is_left_under_a_limit() -> None:
    """10 less the 4 borne already; what was gained makes no more room, and nobody's room is below nought."""
    caps = {"a": 10, "b": 10, "c": 10, "d": 10}
    assert room_left(caps, {"a": -4, "b": 3, "c": -11, "x": -5}) == {"a": 6, "b": 10, "c": 0, "d": 10}
