"""From cost to gain or loss, worked by hand on a target of £10,000,000: corridors, bands, caps, relief and their edges."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from settlement_world import PERIOD, quick_terms, settle_simply
from test_settlement_rates import GATES, run

from settlement.engine import Settlement

TARGET = 10_000_000
# Nothing but 1 % either side of the target and half of all: what a test is about stands in the test.
PLAIN: dict[str, Any] = {
    "finance.target_cost.0.baseline_gbp": Decimal(TARGET),
    "finance.gain": {"bands": [{"rate_pct": Decimal(50)}]},
    "finance.loss": {"bands": [{"rate_pct": Decimal(50)}]},
}
BANDS = [
    {"up_to_pct": Decimal(2), "rate_pct": Decimal(10)},
    {"up_to_pct": Decimal(5), "rate_pct": Decimal(20)},
    {"rate_pct": Decimal(50)},
]


def saved(pounds: int, changes: Mapping[str, Any] | None = None, value: int | str = 430, **more: Any) -> Settlement:
    """A settlement that saves so many pounds; with 430 days the score is 50, with 478.6 it is 0."""
    terms = quick_terms(copy.deepcopy({**PLAIN, **(changes or {})}))
    return settle_simply(terms, Decimal(value), (TARGET - pounds) * 100, **more)


def posted(made: Settlement) -> dict[str, int]:
    return {posting.line: posting.amount_pence for posting in made.postings}


@pytest.mark.parametrize(
    ("saving", "alliance"),
    [
        (100_000, 10_000),  # 10 %
        (200_000, 20_000),
        (300_000, 40_000),  # 10 % of 200,000 and 20 % of 100,000
        (500_000, 80_000),
        (800_000, 230_000),  # 20,000 + 60,000 + 50 % of 300,000
    ],
)
def test_marginal_bands(saving: int, alliance: int) -> None:
    assert posted(saved(saving, {"finance.gain.bands": BANDS})) == {"gain": alliance * 100}
    lost = saved(-saving, {"finance.loss.bands": BANDS})
    assert posted(lost) == {"loss": -alliance * 100}
    assert lost.step("shared").label == "The alliance's part of the overspend"
    assert [entry for entry in lost.step("shared").inputs if "bands" in entry] == [
        "terms:finance.loss.bands.1.rate_pct",
        "terms:finance.loss.bands.1.up_to_pct",
        "terms:finance.loss.bands.2.rate_pct",
        "terms:finance.loss.bands.2.up_to_pct",
        "terms:finance.loss.bands.3.rate_pct",
    ]


def test_a_single_band_with_an_end() -> None:
    """40 % of the first 5 % of the target, and nothing of the rest."""
    made = saved(800_000, {"finance.gain.bands": [{"up_to_pct": Decimal(5), "rate_pct": Decimal(40)}]})
    assert posted(made) == {"gain": 20_000_000}


@pytest.mark.parametrize(
    ("saving", "first_pound", "beyond"),
    [
        (500_000, 500_000, 300_000),
        (200_000, 200_000, 0),  # exactly the least saving pays, from the first pound
        (199_999, 0, 0),
        (1, 0, 0),
        (0, 0, 0),
        (-299_999, 0, 0),
        (-300_000, -300_000, 0),
        (-500_000, -500_000, -200_000),
    ],
)
def test_a_corridor_of_2_and_3_percent(saving: int, first_pound: int, beyond: int) -> None:
    corridor = {"least_saving_pct": Decimal(2), "least_loss_pct": Decimal(3)}
    for start, pool in (("first_pound", first_pound), ("beyond", beyond)):
        made = saved(saving, {"finance.corridor": {**corridor, "shared_from": start}})
        assert made.step("saving").exact == saving
        assert made.step("saving_rate").exact == Fraction(saving, TARGET)
        assert made.step("pool").exact == pool
        assert sum(posted(made).values()) == pool * 50


def test_where_no_loss_is_shared() -> None:
    for saving, pool in ((99_999, 0), (100_000, 100_000), (-5_000_000, 0)):
        made = saved(saving, {"finance.loss": None})
        assert made.step("pool").exact == pool
        assert posted(made) == {"gain": pool * 50}


def test_a_small_saving_is_shared_from_the_first_pound() -> None:
    """A quarter of what is saved below 4 %; the corridor on the other side stays."""
    corridor = {"least_saving_pct": Decimal(4), "least_loss_pct": Decimal(1), "shared_from": "first_pound"}
    small = {"finance.corridor": {**corridor, "small_savings": {"share_pct": Decimal(25)}}}
    for saving, pool in ((100_000, 25_000), (4, 1), (0, 0), (400_000, 400_000), (-99_999, 0), (-100_000, -100_000)):
        assert saved(saving, small).step("pool").exact == pool


def test_the_target_and_the_cost() -> None:
    """(10,000,000 × 1.02 × 0.99 + 100,000 − 50,000) = 10,148,000; 9,000,000 of cost, completed by 2 %, is 9,180,000."""
    made = saved(
        1_000_000,
        {
            "finance.target_cost.0.trend": Decimal("1.02"),
            "finance.target_cost.0.mix": Decimal("0.99"),
            "finance.target_cost.0.adjustments": [
                {"reason": "more people", "amount_gbp": Decimal(100_000)},
                {"reason": "a ward closed", "amount_gbp": Decimal(-50_000)},
            ],
            "finance.actual_cost.completion_factor": Decimal("1.02"),
        },
    )
    assert made.step("target_cost").exact == 10_148_000
    assert made.step("actual_cost").exact == 9_180_000
    path = f"terms:finance.target_cost.{PERIOD}"
    assert made.step("target_cost").inputs == (
        f"{path}.baseline_gbp",
        f"{path}.trend",
        f"{path}.mix",
        f"{path}.adjustments.1",
        f"{path}.adjustments.2",
    )


def test_levy_before_cap() -> None:
    """Half of 800,000, less a tenth, is 360,000; the cap of 3 % is 300,000."""
    levy = {"finance.gain.levy_factor": Decimal("0.9")}
    assert posted(saved(800_000, levy)) == {"gain": 36_000_000}
    assert posted(saved(800_000, {**levy, "finance.gain.cap_pct_of_target": Decimal(3)})) == {"gain": 30_000_000}
    assert posted(saved(800_000, {**levy, "finance.gain.cap_pct_of_target": Decimal(4)})) == {"gain": 36_000_000}


def test_a_gain_that_is_barred_is_nought() -> None:
    forfeit = {"settlement": ("forfeit", "party_did_not_report", None)}
    made = saved(800_000, actions=forfeit)
    assert made.step("gain").exact == 400_000
    assert made.step("barred_gain").exact == 0
    assert posted(made) == {"gain": 0}
    assert posted(saved(-800_000, actions=forfeit)) == {"loss": -40_000_000}


def test_exactly_the_least_score_earns() -> None:
    """At a score of 0 the factor is a half; below it nothing is earned, whatever the factor would be."""
    scored = {
        "finance.gain.least_score": Decimal(0),
        "finance.gain.score_factor": [
            {"score": Decimal(0), "factor": Decimal("0.5")},
            {"score": Decimal(100), "factor": Decimal("1.5")},
        ],
    }
    assert posted(saved(800_000, scored, "478.6")) == {"gain": 20_000_000}
    assert posted(saved(800_000, scored, "478.7")) == {"gain": 0}
    factor = saved(800_000, scored).step("gain_factor")
    assert factor.exact == 1
    assert factor.arithmetic == "0.5 + (50 - 0) / (100 - 0) * (1.5 - 0.5)"


def test_the_caps_of_a_loss() -> None:
    """Half of 800,000 is 400,000: capped at 3 % of the target, or at 4 % of a revenue of 5,000,000, or at both."""
    of_target = {"finance.loss.cap_pct_of_target": Decimal(3)}
    revenue = {"finance.loss.cap_of_revenue": {"revenue_gbp": Decimal(5_000_000), "pct": Decimal(4)}}
    assert posted(saved(-800_000)) == {"loss": -40_000_000}
    assert posted(saved(-800_000, of_target)) == {"loss": -30_000_000}
    assert posted(saved(-800_000, revenue)) == {"loss": -20_000_000}
    assert posted(saved(-800_000, {**of_target, **revenue})) == {"loss": -20_000_000}
    assert posted(saved(-200_000, {**of_target, **revenue})) == {"loss": -10_000_000}


def test_relief_of_a_loss() -> None:
    """400,000 less 150,000, and of that 250,000 a fifth; a relief above the loss leaves nothing, and gives nothing."""
    relief = {"finance.target_cost.0.loss_relief_gbp": Decimal(150_000)}
    part = {"finance.target_cost.0.loss_relief_pct": Decimal(20)}
    assert posted(saved(-800_000, relief)) == {"loss": -25_000_000}
    assert posted(saved(-800_000, part)) == {"loss": -32_000_000}
    assert posted(saved(-800_000, {**relief, **part})) == {"loss": -20_000_000}
    assert saved(-200_000, relief).step("relieved_loss").exact == 0
    assert posted(saved(-200_000, relief)) == {"loss": 0}


def test_exactly_the_least_score_opens_a_standard() -> None:
    """Score 50, half of the way to 100: with a least score of 50 the standard decides, with 50.1 nothing is earned."""
    knots = [{"score": Decimal(x), "factor": Decimal(y)} for x, y in ((0, 0), (100, 1))]
    for least, pence in (("50", 20_000_000), ("50.1", 0)):
        opened = [{"kpi": "D2", "score_factor": knots}]
        standard = {"bands": [{"rate_pct": Decimal(50)}], "standards": opened, "least_score": Decimal(least)}
        terms = quick_terms(copy.deepcopy({**PLAIN, **GATES, "finance.gain": standard}))
        assert posted(run(terms, Decimal(430), (TARGET - 800_000) * 100)) == {"gain": pence}


def test_a_complement_of_one_standard_is_that_standard() -> None:
    """75 % where it is missed, bounded to 70 %; where it is reached 25 % is left, bounded to 40 %."""
    complement = {"of_rate_pct": 75, "standards": ["D2"], "least_pct": 40, "greatest_pct": 70}
    terms = quick_terms(copy.deepcopy({**PLAIN, **GATES, "finance.loss": {"complement": complement}}))
    for reached, pence in ((("D2",), -32_000_000), ((), -56_000_000)):
        made = run(terms, Decimal(430), (TARGET + 800_000) * 100, reached)
        assert posted(made) == {"loss": pence}
        assert made.step("loss_rate").formula == "max(least_rate, min(greatest_rate, 1 - of_rate * standard_D2))"


def test_a_complement_may_depend_on_nothing_but_its_bounds() -> None:
    """Without standards and without a factor 25 % is left of 75 %, bounded to 40 %."""
    complement = {"of_rate_pct": 75, "least_pct": 40, "greatest_pct": 70}
    made = saved(-800_000, {"finance.loss": {"complement": complement}})
    assert posted(made) == {"loss": -32_000_000}
    assert made.step("loss_rate").formula == "max(least_rate, min(greatest_rate, 1 - of_rate))"


def test_of_standards_none_is_reached() -> None:
    """Each is a nought of its own, and so is their sum."""
    standards = {"bands": [{"rate_pct": Decimal(50)}], "standards": [{"kpi": "D2"}, {"kpi": "D3"}]}
    terms = quick_terms(copy.deepcopy({**PLAIN, **GATES, "finance.gain": standards}))
    factor = run(terms, Decimal(430), (TARGET - 800_000) * 100, ()).step("gain_factor")
    assert (factor.exact, factor.formula) == (0, "standard_D2 + standard_D3")
