"""Rates that depend on people, on standards and on what is left of another rate: by hand, and the properties."""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, gate_for, gate_rows, kpi_row, ledger_rows, quick_terms, waived_terms
from test_settlement_properties import CASES, MEMBERS, PENCE, TARGET, VALUES, WANTED, bands, knots, tenths, total

from settlement.engine import Settlement, settle
from settlement.exact import exact, round_half_up
from settlement.extremes import party_extremes
from settlement.files import write_rows
from settlement.gate_record import read_gate_rows
from settlement.terms import Terms

# Three settlements or more an example, so a third of the examples of the neighbouring page.
FEW = settings(CASES, max_examples=max(WANTED // 3, 1))
HALVES = [{"score": Decimal(-100), "factor": Decimal(0)}, {"score": Decimal(100), "factor": Decimal(1)}]
PEOPLE = [{"people": 5_000, "pct": Decimal("3.9")}, {"people": 5_999, "pct": Decimal("3.6")}]
# D2 and D3 as must-pass KPIs: 50 or less is reached by D2, 50 or more by D3.
GATES: dict[str, Any] = {
    "framework.kpis.1.role": "gate",
    "framework.kpis.1.must_reach": Decimal(50),
    "framework.kpis.2.role": "gate",
    "framework.kpis.2.must_reach": Decimal(50),
}
REACHED = {"D2": Decimal(50), "D3": Decimal(50)}
MISSED = {"D2": Decimal("50.1"), "D3": Decimal(49)}
Actions = Mapping[str, tuple[str, str, Decimal | None]]


def run(
    terms: Terms,
    value: Decimal,
    pence: int | Mapping[str, int],
    reached: tuple[str, ...] = ("D2", "D3"),
    actions: Actions | None = None,
    **more: Any,
) -> Settlement:
    rows = [kpi_row(terms, "D1", value)]
    rows += [kpi_row(terms, kpi, (REACHED if kpi in reached else MISSED)[kpi]) for kpi in ("D2", "D3")]
    return settle(terms, PERIOD, rows, ledger_rows(terms, pence), gate_for(terms, actions), **more)


def saving(pounds: int) -> int:
    return TARGET - pounds * 100


def labels(made: Settlement) -> str:
    return "\n".join(step.label for step in made.steps)


def test_a_corridor_by_people_by_hand() -> None:
    """5,333 people: 3.9 % less a third of 0.3 points; the step says for how many people, and exactly it pays."""
    terms = quick_terms(
        {
            **GATES,
            "finance.corridor": {"least_saving_by_people": PEOPLE, "least_loss_pct": 1, "shared_from": "first_pound"},
            "finance.target_cost.0.people": 5_333,
        }
    )
    least = run(terms, Decimal(430), saving(0)).step("least_saving")
    assert least.exact == Fraction(39, 1000) - Fraction(333, 999) * Fraction(3, 1000) == Fraction(38, 1000)
    assert "for so many people" in least.label
    assert f"terms:finance.target_cost.{PERIOD}.people" in least.inputs
    edge = TARGET * 38 // 1000
    assert run(terms, Decimal(430), TARGET - edge).step("pool").exact == Fraction(edge, 100)
    assert run(terms, Decimal(430), TARGET - edge + 1).step("pool").exact == 0
    # the other side keeps its own corridor
    assert run(terms, Decimal(430), TARGET + TARGET // 100).step("pool").exact == -Fraction(TARGET, 10_000)


@pytest.mark.parametrize(("people", "pct"), [(1, "3.9"), (5_000, "3.9"), (5_999, "3.6"), (10**9, "3.6")])
def test_a_corridor_by_people_is_clamped(people: int, pct: str) -> None:
    terms = quick_terms(
        {
            **GATES,
            "finance.corridor": {
                "least_saving_by_people": PEOPLE,
                "least_loss_by_people": PEOPLE,
                "shared_from": "first_pound",
            },
            "finance.target_cost.0.people": people,
        }
    )
    made = run(terms, Decimal(430), saving(0))
    assert [made.step(f"least_{side}").exact for side in ("saving", "loss")] == [Fraction(Decimal(pct)) / 100] * 2


def test_a_small_saving_by_hand() -> None:
    """Half of a saving under the least one is shared, from so many people on."""
    small = {"share_pct": 50, "least_people": 5_000}
    for people, part in ((5_000, Fraction(1, 2)), (4_999, Fraction(0))):
        terms = quick_terms(
            {
                **GATES,
                "finance.corridor.small_savings": small,
                "finance.target_cost.0.people": people,
            }
        )
        made = run(terms, Decimal(430), saving(1_000_000))
        assert made.step("small_saving_share").exact == part
        assert made.step("pool").exact == 1_000_000 * part
        assert run(terms, Decimal(430), saving(2_000_000)).step("pool").exact == 2_000_000
        assert run(terms, Decimal(430), saving(-1_000_000)).step("pool").exact == 0
        assert run(terms, Decimal(430), saving(-2_000_000)).step("pool").exact == -2_000_000


def _standard_terms() -> Terms:
    return quick_terms(
        {
            **GATES,
            "finance.gain": {
                "bands": [{"rate_pct": 75}],
                "standards": [{"kpi": "D2"}, {"kpi": "D3", "score_factor": HALVES}],
            },
            "finance.loss": {
                "complement": {
                    "of_rate_pct": 75,
                    "score_factor": HALVES,
                    "standards": ["D2", "D3"],
                    "least_pct": 40,
                    "greatest_pct": 70,
                }
            },
        }
    )


@pytest.mark.parametrize(
    ("reached", "gain", "loss", "words"),
    [
        # score +50, so a factor of 0.75; 1 - 0.75 x 0.75 = 0.4375
        (("D2", "D3"), "7500000", "-4375000", "D2 is the first that is reached"),
        (("D2",), "7500000", "-4375000", "D2 is the first that is reached"),
        (("D3",), "5625000", "-4375000", "D3 is the first that is reached"),
        ((), "0", "-7000000", "none is reached, so nothing"),
    ],
)
def test_standards_by_hand(reached: tuple[str, ...], gain: str, loss: str, words: str) -> None:
    """Each standard is a step on the published value; the first that is reached decides; a loss is borne all the same."""
    terms = _standard_terms()
    won = run(terms, Decimal(430), saving(10_000_000), reached)
    lost = run(terms, Decimal(430), saving(-10_000_000), reached)
    assert (total(won), total(lost)) == (int(gain) * 100, int(loss) * 100)
    assert words in labels(won)
    for kpi in ("D2", "D3"):
        step = won.step(f"standard.{kpi}")
        assert step.exact == (kpi in reached)
        assert f"kpi:{terms.id}:{kpi}:{PERIOD}:value" in step.inputs
    assert "within the agreed bounds" in lost.step("loss_rate").label
    extremes = party_extremes(terms, PERIOD)
    assert extremes[MEMBERS[0]].greatest_gain_pence == TARGET * 75 * 38 // 10_000
    assert extremes[MEMBERS[0]].greatest_loss_pence is None


@pytest.mark.parametrize(("score", "rate"), [(530, "0.7"), (340, "0.4"), (430, "0.4375")])
def test_a_complement_is_bounded_on_both_sides(score: int, rate: str) -> None:
    made = run(_standard_terms(), Decimal(score), saving(-10_000_000))
    assert made.step("loss_rate").exact == Fraction(Decimal(rate))


def test_relief_is_a_sum_and_then_a_part() -> None:
    terms = quick_terms(
        {
            **GATES,
            "finance.target_cost.0.loss_relief_gbp": Decimal(100_000),
            "finance.target_cost.0.loss_relief_pct": Decimal(25),
            "finance.loss": {"bands": [{"rate_pct": 50}], "cap_pct_of_target": 1},
        }
    )
    # 50 % of 10 million, capped at 1,431,000, less 100,000, three quarters of it
    assert total(run(terms, Decimal(430), saving(-10_000_000))) == -99_825_000
    whole = quick_terms(
        {**GATES, "finance.target_cost.0.loss_relief_pct": Decimal(100), "finance.loss.cap_pct_of_target": None}
    )
    assert total(run(whole, Decimal(530), saving(-100_000_000))) == 0
    assert party_extremes(whole, PERIOD)[MEMBERS[0]].greatest_loss_pence == 0


def test_a_standard_that_is_not_proved_is_not_reached() -> None:
    """Withheld or forfeited: not reached. Neutral, whose cause nobody who gains may record: taken as reached."""
    terms = _standard_terms()
    for action, cause in (("withhold", ""), ("forfeit", "party_did_not_report")):
        made = run(terms, Decimal(430), saving(10_000_000), actions={"D2": (action, cause, None)})
        assert made.step("standard.D2").exact == 0
        assert total(made) == 562_500_000
    made = run(terms, Decimal(430), saving(10_000_000), (), actions={"D2": ("neutral", "definition_withdrawn", None)})
    assert made.step("standard.D2").exact == 1


def test_numbers_too_small_to_score_open_nothing() -> None:
    """A standard met or missed by a handful is not reached: the next one decides, and the overspend's rate is the
    greatest. 0 of 20 used to open the whole gain that 0 of 40 does not."""
    few = {"least_denominator": 30, "least_count": 1, "action": "neutral"}
    data = _standard_terms().model_dump(mode="python", exclude_none=True)
    data["gate"]["small_numbers"] = few
    for kpi in data["framework"]["kpis"]:
        kpi["unit"] = "percent" if kpi["id"] in ("D2", "D3") else kpi["unit"]
    terms = Terms.model_validate(data)
    small = {"numerator": Decimal(0), "denominator": Decimal(20), "quality_status": "too_small"}
    whole = {"numerator": Decimal(20), "denominator": Decimal(40)}

    def made(pence: int, d2: dict[str, Any], d3: dict[str, Any]) -> Settlement:
        rows = [kpi_row(terms, "D1", Decimal(430)), kpi_row(terms, "D2", REACHED["D2"], **d2)]
        rows.append(kpi_row(terms, "D3", REACHED["D3"], **d3))
        told = [
            {**row, "status": "passed", "action": "neutral", "cause": ""}
            if row["scope"] in {name for name, sent in (("D2", d2), ("D3", d3)) if sent is small}
            else row
            for row in gate_rows(terms)
        ]
        return settle(terms, PERIOD, rows, ledger_rows(terms, pence), read_gate_rows(told, terms, PERIOD))

    assert total(made(saving(10_000_000), whole, whole)) == 750_000_000
    one = made(saving(10_000_000), small, whole)
    assert one.step("standard.D2").exact == 0 and "too small to tell" in one.step("standard.D2").label
    assert total(one) == 562_500_000
    none = made(saving(10_000_000), small, small)
    assert total(none) == 0
    assert made(saving(-10_000_000), small, small).step("standard.D3").exact == 0


def test_the_best_standard_bounds_what_can_be_gained() -> None:
    """One that opens the whole gain beside one that opens more: the most is that of the other."""
    more = [{"score": Decimal(-100), "factor": Decimal(1)}, {"score": Decimal(100), "factor": Decimal("1.25")}]
    gain = {"bands": [{"rate_pct": 60}], "standards": [{"kpi": "D2", "score_factor": more}, {"kpi": "D3"}]}
    plain = {**gain, "standards": [{"kpi": "D3"}]}
    most, least = (
        sum(one.greatest_gain_pence or 0 for one in party_extremes(terms, PERIOD).values())
        for terms in (quick_terms({**GATES, "finance.gain": agreed}) for agreed in (gain, plain))
    )
    assert most == pytest.approx(least * 1.25, abs=10)


def test_a_must_pass_kpi_that_is_no_standard_still_bars_the_gain() -> None:
    terms = quick_terms({**GATES, "finance.gain": {"bands": [{"rate_pct": 75}], "standards": [{"kpi": "D2"}]}})
    assert total(run(terms, Decimal(430), saving(10_000_000), ("D2",))) == 0
    assert total(run(terms, Decimal(430), saving(10_000_000), ("D2", "D3"))) == 750_000_000


def test_below_the_least_score_no_standard_opens_the_gain() -> None:
    gain = {"bands": [{"rate_pct": 75}], "least_score": Decimal(50), "standards": [{"kpi": "D2"}]}
    terms = quick_terms({**GATES, "finance.gain": gain})
    assert total(run(terms, Decimal(430), saving(10_000_000))) == 750_000_000
    assert total(run(terms, Decimal("430.1"), saving(10_000_000))) == 0


def test_a_least_score_that_no_figure_can_reach_leaves_no_gain_to_gain() -> None:
    """A game-breaking score is 100: the words shown before signing promise nothing."""
    for least, most in ((100, 143_100_000 * 2 * 38 // 100), (Decimal("100.1"), 0)):
        terms = quick_terms({"finance.gain.least_score": Decimal(least)})
        assert party_extremes(terms, PERIOD)["acute-trust"].greatest_gain_pence == most
        assert total(run(terms, Decimal(340), saving(100_000_000))) == (286_200_000 if most else 0)


@st.composite
def _by_people(draw: st.DrawFn) -> list[dict[str, Any]]:
    people = sorted(draw(st.sets(st.integers(1, 20_000), min_size=1, max_size=4)))
    return [{"people": number, "pct": draw(tenths(0, 50))} for number in people]


@st.composite
def rated(draw: st.DrawFn) -> Terms:
    """Valid terms with every entry of this page drawn or left out."""
    first_pound = draw(st.booleans())
    corridor: dict[str, Any] = {"shared_from": "first_pound" if first_pound else "beyond"}
    for side in ("saving", "loss"):
        by_people = draw(_by_people()) if draw(st.booleans()) else None
        if by_people:
            corridor[f"least_{side}_by_people"] = by_people
        else:
            corridor[f"least_{side}_pct"] = draw(tenths(0, 50))
    if first_pound and draw(st.booleans()):
        corridor["small_savings"] = {"share_pct": draw(tenths(0, 1000)), "least_people": draw(st.integers(1, 20_000))}
    gain: dict[str, Any] = {"bands": draw(bands())}
    match draw(st.sampled_from(["none", "one", "two"])):
        case "one":
            gain["standards"] = [{"kpi": "D2", "score_factor": draw(knots(rising=True))}]
        case "two":
            gain["standards"] = [{"kpi": "D2"}, {"kpi": "D3"}]
            factor = draw(knots(rising=True)) or []
            # the first gives the whole gain, so the second may give no more
            if factor and max(knot["factor"] for knot in factor) <= 1:
                gain["standards"][1]["score_factor"] = factor
    gain |= {
        "levy_factor": draw(st.none() | tenths(0, 10)),
        "cap_pct_of_target": draw(st.none() | tenths(0, 100)),
    }
    if draw(st.booleans()):
        least = draw(tenths(0, 1000))
        loss: dict[str, Any] = {
            "complement": {
                "of_rate_pct": draw(tenths(0, 1000)),
                "score_factor": draw(knots(rising=True)),
                "standards": draw(st.none() | st.sampled_from([["D2"], ["D3"], ["D3", "D2"]])),
                "least_pct": least,
                "greatest_pct": max(least, draw(tenths(0, 1000))),
            }
        }
    else:
        loss = {"bands": draw(bands())}
    loss["cap_pct_of_target"] = draw(st.none() | tenths(0, 100))
    return waived_terms(
        {
            **GATES,
            "finance.corridor": corridor,
            "finance.gain": gain,
            "finance.loss": loss,
            "finance.target_cost.0.people": draw(st.integers(1, 20_000)),
            "finance.target_cost.0.loss_relief_gbp": draw(st.none() | st.integers(0, 10**6).map(Decimal)),
            "finance.target_cost.0.loss_relief_pct": draw(st.none() | tenths(0, 1000)),
            "finance.advances_recouped": True,
        }
    )


STANDARDS = st.sampled_from([(), ("D2",), ("D3",), ("D2", "D3")])


@FEW
@given(rated(), VALUES, PENCE, STANDARDS)
def test_1_4_conservation_and_caps(terms: Terms, value: Decimal, pence: int, reached: tuple[str, ...]) -> None:
    made = run(terms, value, pence, reached)
    (posting,) = made.postings
    assert sum(line.amount_pence for line in made.member_lines) == posting.amount_pence
    side = terms.finance.gain if posting.line == "gain" else terms.finance.loss
    assert side is not None
    assert posting.amount_pence >= 0 if posting.line == "gain" else posting.amount_pence <= 0
    if side.cap_pct_of_target is not None:
        cap = exact(side.cap_pct_of_target) * made.step("target_cost").exact
        assert abs(posting.amount_pence) <= round_half_up(cap)
    if posting.line == "loss" and "loss_rate" in {step.step_id for step in made.steps}:
        complement = terms.shared_cost.loss and terms.shared_cost.loss.complement
        assert complement
        rate = made.step("loss_rate").exact * 100
        assert complement.least_pct <= rate <= complement.greatest_pct
    bound = party_extremes(terms, PERIOD)[made.member_lines[0].member_id]
    assert made.member_lines[0].amount_pence <= (bound.greatest_gain_pence or 0) + 1
    # without a stop-loss nobody is held at less than the greatest loss
    if bound.greatest_loss_pence is not None:
        assert -made.member_lines[0].amount_pence <= bound.greatest_loss_pence + 1


@FEW
@given(rated(), VALUES, VALUES, PENCE, PENCE, STANDARDS, STANDARDS)
def test_3_spending_less_doing_better_and_reaching_more_never_cost(
    terms: Terms,
    value: Decimal,
    other: Decimal,
    pence: int,
    less: int,
    reached: tuple[str, ...],
    more: tuple[str, ...],
) -> None:
    """CNI-06: less spent, a better score or one more standard never pays less nor owes more."""
    pence, less = max(pence, less), min(pence, less)
    worse, better = max(value, other), min(value, other)  # low is better
    more = tuple(sorted({*reached, *more}))
    assert total(run(terms, value, less, reached)) >= total(run(terms, value, pence, reached))
    assert total(run(terms, better, pence, reached)) >= total(run(terms, worse, pence, reached))
    assert total(run(terms, value, pence, more)) >= total(run(terms, value, pence, reached))


@FEW
@given(rated(), VALUES, PENCE, STANDARDS, st.sampled_from(["D2", "D3"]))
def test_9_15_a_standard_not_reported_never_helps(
    terms: Terms, value: Decimal, pence: int, reached: tuple[str, ...], kpi: str
) -> None:
    for action, cause in (("forfeit", "party_did_not_report"), ("withhold", "")):
        made = run(terms, value, pence, reached, {kpi: (action, cause, None)})
        assert total(made) <= total(run(terms, value, pence, reached))


@FEW
@given(rated(), VALUES, PENCE, STANDARDS, st.integers(0, 2**32))
def test_2_11_17_order_and_who_spent_it_do_not_matter(
    terms: Terms, value: Decimal, pence: int, reached: tuple[str, ...], seed: int
) -> None:
    """KPIs, parties and rows in any order give the same bytes; cost moved between members moves no total."""
    chance = random.Random(seed)
    made = run(terms, value, pence, reached)
    data = terms.model_dump(mode="python", exclude_none=True)
    for part, name in (("parties", "members"), ("framework", "kpis")):
        turned = list(data[part][name])
        chance.shuffle(turned)
        data[part][name] = turned
    again = run(Terms.model_validate(data), value, pence, reached)
    assert again.settlement_id == made.settlement_id
    assert write_rows("steps", again.step_rows()) == write_rows("steps", made.step_rows())
    moved = run(terms, value, {member: pence if member == MEMBERS[0] else 0 for member in MEMBERS}, reached)
    assert total(moved) == total(made)


@FEW
@given(rated(), st.lists(st.tuples(VALUES, PENCE, STANDARDS), min_size=2, max_size=3), st.integers(0, 10**10))
def test_7_8_advances_and_restatement(
    terms: Terms, cuts: list[tuple[Decimal, int, tuple[str, ...]]], balance: int
) -> None:
    """What was recouped and what is carried is the balance; the ledger sums to the latest settlement."""
    advances = [{"agreement_id": terms.id, "member_id": MEMBERS[0], "balance_pence": balance}]
    posted: list[dict[str, Any]] = []
    for value, pence, reached in cuts:
        made = run(terms, value, pence, reached, advances=advances, prior_postings=posted)
        posted += made.posting_rows()
        again = run(terms, value, pence, reached, advances=advances, prior_postings=posted)
        assert again.postings == ()
        alone = run(terms, value, pence, reached, advances=advances)
        recouped = -sum(item.amount_pence for item in alone.postings if item.line == "recoup")
        assert recouped + dict(made.carried_pence)[MEMBERS[0]] == balance
        assert sum(row["amount_pence"] for row in posted) == total(alone)


@FEW
@given(_by_people(), st.integers(1, 20_000), st.sampled_from(["first_pound", "beyond"]))
def test_12_exactly_the_least_saving_for_so_many_people_pays(
    agreed: list[dict[str, Any]], people: int, shared_from: str
) -> None:
    sides = {f"least_{side}_by_people": agreed for side in ("saving", "loss")}
    terms = quick_terms(
        {
            **GATES,
            "finance.corridor": {**sides, "shared_from": shared_from},
            "finance.target_cost.0.people": people,
        }
    )
    least = run(terms, Decimal(430), TARGET).step("least_saving").exact
    assert min(knot["pct"] for knot in agreed) <= least * 100 <= max(knot["pct"] for knot in agreed)
    edge = -((-least * TARGET).__floor__())
    for sign in (1, -1):
        at = run(terms, Decimal(430), TARGET - sign * edge).step("pool").exact
        assert at == sign * (Fraction(edge, 100) - (least * TARGET / 100 if shared_from == "beyond" else 0))
        if edge:
            assert run(terms, Decimal(430), TARGET - sign * (edge - 1)).step("pool").exact == 0
