"""The most that can be gained and lost, worked by hand on a target of £10,000,000 and for a member whose share is 38 %."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from other_lines_world import agreed
from settlement_world import PERIOD, quick_terms
from test_settlement_nesting import CONTRACTOR, PROMISING, PROVIDER, nested_terms
from test_settlement_pool import BANDS, PLAIN
from test_settlement_rates import GATES
from top_up_world import changed, greenwich

from settlement.extremes import Extreme, party_extremes
from settlement.postings import RESIDUE
from settlement.terms import Terms

LEAST = {"least_loss_pct": Decimal(1)}
PEOPLE = [{"people": 5_000, "pct": Decimal("3.9")}, {"people": 5_999, "pct": Decimal("3.6")}]
FIVE = [{"up_to_pct": Decimal(5), "rate_pct": Decimal(40)}]
CAP = {"finance.loss.cap_pct_of_target": Decimal(3)}
HALF_BEYOND = [{"rate_pct": Decimal(50)}]
SCORES = ({"score": Decimal(-100), "factor": Decimal("1.5")}, {"score": Decimal(100), "factor": Decimal("0.5")})
HALF = ({"score": Decimal(0), "factor": Decimal("0.25")}, {"score": Decimal(100), "factor": Decimal("0.5")})
RISING = ({"score": Decimal(0), "factor": Decimal("0.5")}, {"score": Decimal(100), "factor": Decimal("1.25")})


def terms_of(changes: Mapping[str, Any]) -> Terms:
    return quick_terms(copy.deepcopy({**PLAIN, **changes}))


def ends(terms: Terms) -> tuple[Fraction | None, Fraction | None]:
    """Greatest gain and loss of the alliance in pounds, from those of the member with 38 % of both."""
    found = party_extremes(terms, PERIOD)["acute-trust"]
    gain, loss = found.greatest_gain_pence, found.greatest_loss_pence
    return tuple(None if pence is None else Fraction(pence, 38) for pence in (gain, loss))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("changes", "pounds"),
    [
        ({}, 5_000_000),  # cost falls to nothing: half of all
        ({"finance.corridor": {**LEAST, "least_saving_pct": Decimal(2), "shared_from": "beyond"}}, 4_900_000),
        ({"finance.corridor": {**LEAST, "least_saving_pct": Decimal(2), "shared_from": "first_pound"}}, 5_000_000),
        ({"finance.corridor": {**LEAST, "least_saving_pct": Decimal(100), "shared_from": "beyond"}}, 0),
        (
            {
                "finance.corridor": {**LEAST, "least_saving_by_people": PEOPLE, "shared_from": "beyond"},
                "finance.target_cost.0.people": 5_999,
            },
            4_820_000,  # half of 96.4 %
        ),
        ({"finance.gain.bands": BANDS}, 4_830_000),  # 20,000 + 60,000 + half of 9,500,000
        ({"finance.gain.bands": FIVE}, 200_000),
        # nothing of the pool lies beyond the whole target
        ({"finance.gain.bands": [{"up_to_pct": Decimal(100), "rate_pct": Decimal(10)}, *HALF_BEYOND]}, 1_000_000),
        ({"finance.gain.score_factor": list(RISING)}, 6_250_000),
        ({"finance.gain.levy_factor": Decimal("0.9")}, 4_500_000),
        ({"finance.gain.cap_pct_of_target": Decimal(2)}, 200_000),
        ({"finance.gain.cap_pct_of_target": Decimal(60)}, 5_000_000),
        ({"finance.gain.least_score": Decimal(100)}, 5_000_000),
    ],
)
def test_the_most_that_can_be_gained(changes: Mapping[str, Any], pounds: int) -> None:
    assert ends(terms_of(changes))[0] == pounds


def test_where_no_score_reaches_the_least_nothing_can_be_gained() -> None:
    terms = terms_of({})
    gain = terms.shared_cost.gain.model_copy(update={"least_score": Decimal(101)})
    barred = terms.model_copy(update={"finance": terms.finance.model_copy(update={"gain": gain})})
    assert ends(barred)[0] == 0


def test_the_best_standard_decides() -> None:
    """Without a factor a standard opens all of the gain; with one at its best score; the better of two counts."""

    def best(*standards: Mapping[str, Any]) -> Fraction | None:
        return ends(
            terms_of({**GATES, "finance.gain": {"bands": [{"rate_pct": Decimal(50)}], "standards": standards}})
        )[0]

    assert best({"kpi": "D2"}) == 5_000_000
    assert best({"kpi": "D2", "score_factor": list(RISING)}) == 6_250_000
    assert best({"kpi": "D2", "score_factor": list(HALF)}) == 2_500_000
    assert best({"kpi": "D2"}, {"kpi": "D3", "score_factor": list(HALF)}) == 5_000_000


COMPLEMENT = {"of_rate_pct": Decimal(75), "least_pct": Decimal(40), "greatest_pct": Decimal(70)}


@pytest.mark.parametrize(
    ("changes", "pounds"),
    [
        ({"finance.loss": None}, 0),
        ({}, None),  # half of an overspend without end
        (CAP, 300_000),
        ({"finance.loss.bands": FIVE}, 200_000),
        ({"finance.loss.bands": [*FIVE, {"rate_pct": Decimal(0)}]}, 200_000),
        ({"finance.loss.bands": FIVE, **CAP}, 200_000),
        ({"finance.loss.bands": FIVE, "finance.loss.score_factor": list(SCORES)}, 300_000),  # at −100 points
        (
            {
                "finance.loss.bands": FIVE,
                "finance.loss.score_factor": [dict(HALF[1], score=Decimal(0)), dict(HALF[0], score=Decimal(100))],
            },
            100_000,
        ),
        ({"finance.loss.cap_of_revenue": {"revenue_gbp": Decimal(4_000_000), "pct": Decimal(4)}}, 160_000),
        ({**CAP, "finance.loss.cap_of_revenue": {"revenue_gbp": Decimal(4_000_000), "pct": Decimal(4)}}, 160_000),
        ({**CAP, "finance.target_cost.0.loss_relief_gbp": Decimal(50_000)}, 250_000),
        ({**CAP, "finance.target_cost.0.loss_relief_pct": Decimal(20)}, 240_000),
        (
            {
                **CAP,
                "finance.target_cost.0.loss_relief_gbp": Decimal(50_000),
                "finance.target_cost.0.loss_relief_pct": Decimal(20),
            },
            200_000,
        ),
        ({**CAP, "finance.target_cost.0.loss_relief_gbp": Decimal(300_001)}, 0),
        ({"finance.target_cost.0.loss_relief_pct": Decimal(100)}, 0),
        ({"finance.target_cost.0.loss_relief_pct": Decimal(99)}, None),
        ({"finance.loss": {"complement": COMPLEMENT}}, None),
        ({"finance.loss": {"complement": COMPLEMENT, "cap_pct_of_target": Decimal(3)}}, 300_000),
        # what is left of 100 % of a saving is nothing, so of an overspend nothing is borne
        (
            {"finance.loss": {"complement": {**COMPLEMENT, "of_rate_pct": Decimal(100), "least_pct": Decimal(0)}}},
            0,
        ),
        # of 75 % a quarter is left, of 99.5 % half a per cent: without end either way
        ({"finance.loss": {"complement": {**COMPLEMENT, "least_pct": Decimal(0)}}}, None),
        (
            {"finance.loss": {"complement": {**COMPLEMENT, "of_rate_pct": Decimal("99.5"), "least_pct": Decimal(0)}}},
            None,
        ),
        # but at the worst score half of it is left, or with no standard reached all of it
        (
            {
                "finance.loss": {
                    "complement": {
                        **COMPLEMENT,
                        "of_rate_pct": Decimal(100),
                        "least_pct": Decimal(0),
                        "score_factor": [
                            dict(knot, factor=Decimal(factor)) for knot, factor in zip(SCORES, (0, 1), strict=True)
                        ],
                    }
                }
            },
            None,
        ),
        (
            {
                **GATES,
                "finance.loss": {
                    "complement": {
                        **COMPLEMENT,
                        "of_rate_pct": Decimal(100),
                        "least_pct": Decimal(0),
                        "standards": ["D2"],
                    }
                },
            },
            None,
        ),
        (
            {"finance.loss.bands": FIVE, "finance.risk_by_period": [{"period": PERIOD, "loss_part_pct": Decimal(25)}]},
            50_000,
        ),
        ({**CAP, "finance.risk_by_period": [{"period": PERIOD, "loss_part_pct": Decimal(25)}]}, 300_000),
        ({"finance.risk_by_period": [{"period": PERIOD, "loss_part_pct": Decimal(0)}]}, 0),
    ],
)
def test_the_most_that_can_be_lost(changes: Mapping[str, Any], pounds: int | None) -> None:
    assert ends(terms_of(changes))[1] == pounds


def test_the_commissioner_carries_what_limits_leave() -> None:
    """38 % of 300,000 is 114,000; the acute trust bears 14,000 of it."""
    limits = [{"of": "turnover", "amount_gbp": Decimal(140_000), "pct": Decimal(10)}]
    limited = {
        "finance.loss_limits": {"excess_to": "commissioner", "members": [{"member": "acute-trust", "limits": limits}]}
    }
    found = party_extremes(terms_of({**CAP, **limited}), PERIOD)
    assert found["acute-trust"] == Extreme(190_000_000, 1_400_000)
    assert found[RESIDUE] == Extreme(0, 10_000_000)
    without_end = party_extremes(terms_of(limited), PERIOD)
    assert without_end["acute-trust"].greatest_loss_pence == 1_400_000
    assert without_end["city-council"].greatest_loss_pence is None
    assert without_end[RESIDUE] == Extreme(0, None)


def test_lines_beside_cost_add_to_both_ends() -> None:
    """KRA pool: all 500,000, or half of it owed. Rate card: caps of 700,000 and 100,000. Activity: no bound above."""
    capped = {f"finance.{side}.cap_pct_of_target": Decimal(1) for side in ("gain", "loss")}
    base = {"finance.target_cost.0.baseline_gbp": Decimal(10_000_000), "finance.loss.stop_loss": None, **capped}
    assert ends(agreed(["kra_pool"], base)) == (100_000 + 500_000, 100_000 + 250_000)
    assert ends(agreed(["kra_pool", "rate_card"], base)) == (100_000 + 500_000 + 800_000, 350_000)
    assert ends(agreed(["activity"], base)) == (None, 100_000 + 780_000)  # 75 % of 104 % of a million
    assert ends(agreed(["rate_card"], cost=False)) == (800_000, 0)
    quarter = {"finance.risk_by_period": [{"period": PERIOD, "loss_part_pct": Decimal(25)}]}
    assert ends(agreed(["kra_pool"], quarter, cost=False)) == (500_000, 62_500)


def test_the_lines_of_a_top_up_together() -> None:
    """Every KPI at its best: the whole pool, the whole bonus, the greatest award; a base is neither gained nor lost."""
    terms = greenwich()
    top_up = terms.top_up
    assert top_up.bonus is not None and top_up.unplanned_award is not None
    found = party_extremes(terms, PERIOD)
    assert {one.greatest_loss_pence for one in found.values()} == {0}
    total = sum(found[member].greatest_gain_pence or 0 for member in terms.member_ids)
    bonus = Fraction(top_up.bonus.pct_of_base) / 100 * terms.base_pounds(PERIOD)
    plain = greenwich({"finance.top_up.bonus": None, "finance.top_up.unplanned_award": None})
    pool = sum(one.greatest_gain_pence or 0 for one in party_extremes(plain, PERIOD).values())
    assert total == pool + bonus * 100 + Fraction(top_up.unplanned_award.greatest_gbp) * 100


@pytest.mark.parametrize(
    ("shares", "gain", "loss"),
    [
        ((-50, 0), 0, 250_000),  # can only be owed
        ((0, 100), 500_000, 0),  # can only be paid
        ((-50, -10), 0, 250_000),
        ((10, 100), 500_000, 0),
        ((0, 0), 0, 0),
    ],
)
def test_a_kra_pool_that_runs_one_way(shares: tuple[int, int], gain: int, loss: int) -> None:
    knots = [{"score": Decimal(x), "share_pct": Decimal(y)} for x, y in zip((-100, 100), shares, strict=True)]
    assert ends(agreed(["kra_pool"], {"finance.kra_pool.pool_share": knots}, cost=False)) == (gain, loss)


def test_under_a_prime_contractor_there_is_no_other_end() -> None:
    assert party_extremes(greenwich(CONTRACTOR), PERIOD) == party_extremes(greenwich(), PERIOD)


def test_what_is_promised_is_the_primes_to_lose() -> None:
    """A sub-contract that promises £1,000 can gain no less and loses nothing; without a bound it is the prime that has none."""
    limits = [{"of": "turnover", "amount_gbp": Decimal(140_000), "pct": Decimal(10)}]
    limited = {
        "finance.loss_limits": {
            "excess_to": "commissioner",
            "members": [{"member": "community-trust", "limits": limits}],
        }
    }
    share = quick_terms({}).shares["community-trust"]
    for changes, most in ((limited, None), ({**limited, **CAP}, 114_000_00 + 14_000_00 + 1_000_00)):
        terms = nested_terms(terms_of(changes), "prime_provider", [1_000])
        found = party_extremes(terms, PERIOD)
        assert found["community-trust"] == Extreme(int(5_000_000 * share), 0, 1_000_00)
        assert found["acute-trust"].greatest_loss_pence == most


def test_what_learning_may_hold_back_lessens_what_is_promised() -> None:
    """£5,000 are held back from who does not take part: of £90,000 promised £85,000 are left, of £5,000 and of £3,000 nothing."""
    for promised, left in (("90000", 85_000_00), ("5000", 0), ("5000.01", 1), ("3000", 0)):
        least = [{"member": "gp-federation", "at_least_gbp": Decimal(promised)}]
        terms = greenwich({**PROMISING, "contracts": {**PROVIDER["contracts"], "promised": least}})
        assert terms.top_up.learning_and_development is not None
        assert terms.top_up.learning_and_development.withhold_gbp == 5_000
        assert party_extremes(terms, PERIOD)["gp-federation"].at_least_pence == left
    pennies = greenwich({**PROMISING, "finance.top_up.learning_and_development.withhold_gbp": Decimal("4999.99")})
    assert party_extremes(pennies, PERIOD)["gp-federation"].at_least_pence == 85_000_01
    without = greenwich({**PROMISING, "finance.top_up.learning_and_development": None})
    assert party_extremes(without, PERIOD)["gp-federation"].at_least_pence == 90_000_00


def test_all_that_nobody_may_bear_is_carried() -> None:
    """No member may bear a penny of a loss of £100,000 and of £250,000 of a KRA pool: the commissioner carries both."""
    limits = [{"of": "turnover", "amount_gbp": Decimal(0), "pct": Decimal(0)}]
    members = [{"member": member, "limits": limits} for member in quick_terms({}).member_ids]
    changes = {
        "finance.target_cost.0.baseline_gbp": Decimal(10_000_000),
        "finance.loss.cap_pct_of_target": Decimal(1),
        "finance.loss.stop_loss": None,
        "finance.loss_limits": {"excess_to": "commissioner", "members": members},
    }
    found = party_extremes(agreed(["kra_pool"], changes), PERIOD)
    assert found[RESIDUE] == Extreme(0, 35_000_000)
    assert {found[member].greatest_loss_pence for member in quick_terms({}).member_ids} == {0}


def test_a_top_up_that_is_never_whole() -> None:
    """At its best the score earns half of the pool of £480,000, and with a bonus that is whole at 200 points half of £96,000 too."""
    half = [{"score": Decimal(0), "share_pct": Decimal(0)}, {"score": Decimal(100), "share_pct": Decimal(50)}]
    terms = changed(
        {
            "finance.top_up.pool_share": half,
            "finance.top_up.bonus": {"pct_of_base": Decimal(1), "from_score": Decimal(0), "full_score": Decimal(200)},
            "finance.top_up.unplanned_award": None,
        }
    )
    total = sum(one.greatest_gain_pence or 0 for one in party_extremes(terms, PERIOD).values())
    assert total == 24_000_000 + 4_800_000
