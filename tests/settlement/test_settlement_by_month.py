"""Best and worst case of each party by month: accrued to the ends of the period, to the penny."""

from __future__ import annotations

from hypothesis import given
from settlement_world import PERIOD, quick_terms
from test_settlement_properties import CASES, agreements
from top_up_world import AT_72, greenwich, settle_top_up

from settlement.by_month import advances_of, party_months
from settlement.extremes import party_extremes
from settlement.terms import Terms


def test_a_small_members_year_by_hand() -> None:
    """CNI-09: 5 % of a pool of £480,000, a bonus of £96,000 and an award of £40,000 is £30,800 a year, £2,566.66 a month;
    half of 5 % of 80 % of the pool, £9,600, may be drawn in April."""
    mine = [one for one in party_months(greenwich(), PERIOD) if one.party == "youth-charity"]
    assert [one.month for one in mine] == [f"2024-{month:02d}" for month in range(4, 13)] + [
        "2025-01",
        "2025-02",
        "2025-03",
    ]
    assert (mine[0].best_pence, mine[5].best_pence, mine[-1].best_pence) == (256_666, 1_540_000, 3_080_000)
    assert {one.worst_pence for one in mine} == {0}
    assert [one.advance_pence for one in mine] == [960_000] + [0] * 11
    made = settle_top_up(greenwich(), AT_72)
    assert {member: made.step(f"advance.{member}").exact * 100 for member in advances_of(greenwich(), PERIOD)} == (
        advances_of(greenwich(), PERIOD)
    )
    assert advances_of(greenwich({"finance.top_up.advances": None}), PERIOD) == {}
    assert advances_of(quick_terms({}), PERIOD) == {}


def test_no_bound_is_no_number() -> None:
    terms = quick_terms({"finance.loss.cap_pct_of_target": None, "finance.loss.stop_loss": None})
    assert {one.worst_pence for one in party_months(terms, PERIOD)} == {None}


@CASES
@given(agreements())
def test_months_rise_to_the_ends_of_the_period(terms: Terms) -> None:
    """CNI-09: the last month is what the engine's extremes say; no month goes back."""
    ends = party_extremes(terms, PERIOD)
    by_party: dict[str, list[tuple[int | None, int | None]]] = {}
    for one in party_months(terms, PERIOD):
        by_party.setdefault(one.party, []).append((one.best_pence, one.worst_pence))
    assert set(by_party) == set(ends)
    for party, months in by_party.items():
        lost = ends[party].greatest_loss_pence
        assert months[-1] == (ends[party].greatest_gain_pence, None if lost is None else -lost)
        assert len(months) == 12
        best = [pence for pence, _ in months if pence is not None]
        worst = [pence for _, pence in months if pence is not None]
        assert best == sorted(best)
        assert worst == sorted(worst, reverse=True)
