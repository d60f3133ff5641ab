"""Terms tried on years in which nothing changed: the same years everywhere, and as often as the arithmetic says."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import comb, exp, factorial
from statistics import NormalDist, pstdev
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_lines_world import agreed, count_row
from settlement_world import PERIOD, RAW, kpi_row, ledger_rows, quick_terms, terms_with
from test_settlement_avoided import COUNTS, southwark
from top_up_world import AT_72, greenwich, row_of, rows_of, with_shared_cost

from foundation.errors import OutturnError, Refused, WrongUsage
from orchestration.stressing import stress_terms
from publication.stress import false_payment, stress_files
from settlement.draws import binomial, deviate, poisson, uniform
from settlement.noise import Noise, deviation, digits, drawn_by, noise_from_history, read_noise
from settlement.postings import RESIDUE
from settlement.stress import Plan, Stress, make_plan, quantile, run_stress
from settlement.supposed import PAY, Figure, Ruling, gate_of, ruled
from settlement.terms import Terms, load_terms

NOISE = ("D1=sd:9", "cost=1")


def plan_of(terms: Terms | None = None, *texts: str, **more: Any) -> Plan:
    terms = load_terms(RAW) if terms is None else terms
    return make_plan(terms, noise=read_noise(texts or NOISE), **{"draws": 60, **more})


@pytest.fixture(scope="module")
def years() -> Stress:
    return run_stress(plan_of(draws=1000))


# --- draws


def test_counts_and_deviates_are_those_of_chance() -> None:
    """Every weight is the distribution's own; 4,000 deviates scatter as they should."""
    eight = binomial(8, Fraction(3, 10))
    weights = [high - low for low, high in zip((0, *eight.sums), eight.sums, strict=False)]
    assert (eight.first, len(weights)) == (0, 9)
    for count, weight in enumerate(weights):
        exact = Fraction(comb(8, count)) * Fraction(3, 10) ** count * Fraction(7, 10) ** (8 - count)
        assert abs(Fraction(weight, eight.sums[-1]) - exact) < Fraction(1, 10**40)
    events = poisson(Fraction(7, 2))
    at_two = Fraction(events.sums[2] - events.sums[1], events.sums[-1])
    assert float(at_two) == pytest.approx(exp(-3.5) * 3.5**2 / factorial(2))
    assert [binomial(5, Fraction(share)).at(Fraction(1, 2)) for share in (0, 1)] == [0, 5]
    assert events.at(Fraction(0)) == 0
    drawn = [float(deviate("test", number)) for number in range(4000)]
    assert abs(sum(drawn)) / 4000 < 0.06
    assert pstdev(drawn) == pytest.approx(1, abs=0.05)
    assert sum(abs(one) > NormalDist().inv_cdf(0.975) for one in drawn) / 4000 == pytest.approx(0.05, abs=0.014)
    assert uniform(1, "a") == uniform(1, "a") != uniform(1, "b")
    with pytest.raises(ValueError, match="binomial"):
        binomial(0, Fraction(1, 2))
    with pytest.raises(ValueError, match="mean of events"):
        poisson(Fraction(0))


# --- the years


def test_the_false_payment_rate_is_the_one_that_can_be_worked_out(years: Stress) -> None:
    """CNI-11. Derbyshire pays when cost falls 1 % and D1 is printed at 478.6 or less.

    One standard deviation of cost is 1 %, so the first happens with the chance 0.1587; D1 scatters by 9 around 478.6
    and is printed to a tenth, so the second with that of 0.05 / 9 deviations or less, 0.5022. Together 0.0797: 1 year
    in 12.5. Of 1,000 years 79.7 are paid on average, with a standard deviation of 8.6.
    """
    chance = (1 - NormalDist().cdf(1)) * NormalDist().cdf(0.05 / 9)
    assert chance == pytest.approx(0.0797, abs=0.0001)
    assert abs(years.at_least(1) - 1000 * chance) < 3 * (1000 * chance * (1 - chance)) ** 0.5
    owing = sum(year.alliance < 0 for year in years.years)
    assert abs(owing - 158.7) < 3 * (158.7 * 0.8413) ** 0.5


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 10**9))
def test_the_same_seed_gives_the_same_years(seed: int) -> None:
    """CNI-11. Byte for byte, and another seed gives others."""
    first, again = (stress_files(run_stress(plan_of(seed=seed, draws=50))) for _ in range(2))
    assert first == again
    assert stress_files(run_stress(plan_of(seed=seed + 1, draws=50)))["years.csv"] != first["years.csv"]


def test_a_year_keeps_its_luck_when_the_terms_change() -> None:
    """Two drafts are tried on the same figures: what differs is the terms."""
    draft = quick_terms({"finance.gain.cap_pct_of_target": Decimal("0.2")})
    one, other = run_stress(plan_of(draws=60)), run_stress(plan_of(draft, draws=60))
    assert [year.figures for year in one.years] == [year.figures for year in other.years]
    assert all(low.alliance <= high.alliance for low, high in zip(other.years, one.years, strict=True))
    assert other.at_least(1) == one.at_least(1)


def test_members_and_residue_add_up_in_every_year(years: Stress) -> None:
    for year in years.years:
        assert sum(year.by_member.values()) == year.alliance
        assert all(year.worst_month[member] <= year.by_member[member] for member in year.by_member)
    for part in ("income", "risk", "reward"):
        parts = [getattr(fair, part) for fair in years.fairness.values()]
        assert sum(parts) == 100
    # the city council is held at its stop-loss, so the commissioner carries a part of the risk and of no reward
    assert years.fairness[RESIDUE].risk
    assert years.fairness[RESIDUE].reward == 0


def test_a_kpi_whose_levels_lie_closer_than_chance_is_too_blunt() -> None:
    """The closest levels of D1 lie 25 apart (530 and 505): 30 is more than that, 20 less than 1.5 times, 9 far less."""
    words = [run_stress(plan_of(None, f"D1=sd:{size}", "cost=1")).kpis[0] for size in (30, 20, 9, 0)]
    assert [one.word for one in words] == ["too blunt to pay on", "thin", "sharp enough", "sharp enough"]
    assert words[-1].apart is None
    assert words[-1].other_level == 0


def test_counts_scatter_as_counts_and_small_ones_are_neutral() -> None:
    """Binomial KPIs carry their counts; 60 cases with 6 % are too few by Greenwich's rule in most years."""
    terms = greenwich()
    texts = [f"{kpi.id}=binomial:900" if kpi.unit == "percent" else f"{kpi.id}=poisson:800" for kpi in terms.paid_kpis]
    many = run_stress(make_plan(terms, noise=read_noise(texts), draws=60))
    rate = next(one for one in many.kpis if one.kpi_id == "G1")
    assert float(rate.deviation) == pytest.approx((6 * 94 / 900) ** 0.5, rel=0.2)
    women = next(one for one in many.kpis if one.kpi_id == "G7")
    assert float(women.deviation) == pytest.approx(38 / 800**0.5, rel=0.2)
    few = run_stress(make_plan(terms, noise=read_noise(["G1=binomial:60", *texts[1:]]), draws=60))
    assert any(low.alliance < high.alliance for low, high in zip(few.years, many.years, strict=True))
    # nobody shares cost or loss: the worst month is one in which nothing comes, and risk is nobody's
    assert {fair.risk for fair in many.fairness.values()} == {None}
    assert min(min(year.worst_month.values()) for year in many.years) == 0
    assert b"kpis.svg" in stress_files(many)["stress.md"]


def test_all_of_a_years_quarters_are_drawn() -> None:
    quarters = [{"period": f"2024-25-q{n}", "baseline_gbp": Decimal(1000 * n)} for n in (2, 1)]
    terms = quick_terms({"agreement.settle_by": "quarter", "finance.target_cost": quarters})
    found = run_stress(plan_of(terms, draws=60))
    assert found.plan.periods == ("2024-25-q1", "2024-25-q2")
    assert all(len(year.scores) == 2 for year in found.years)
    assert found.fairness["acute-trust"].greatest.greatest_gain_pence == 760 + 1520


def test_a_must_pass_condition_is_judged_too() -> None:
    """A condition has no levels: how often it is judged otherwise than it truly stands. Truth at 480, passed at 490."""
    gate = {"role": "gate", "weight": None, "levels": None, "baseline": None, "must_reach": "490"}
    terms = terms_with({f"framework.kpis.1.{name}": value for name, value in gate.items()})
    with pytest.raises(Refused, match=r"D2 .* has no baseline"):
        plan_of(terms, *NOISE, "D2=sd:10")
    found = run_stress(plan_of(terms, *NOISE, "D2=sd:10", unchanged={"D2": Decimal(480)}))
    condition = found.kpis[1]
    assert (condition.word, condition.apart) == ("must pass", None)
    assert condition.other_level is not None
    assert 0.05 < condition.other_level < 0.3  # one deviation: 0.159
    high = run_stress(plan_of(terms, *NOISE, "D2=sd:0", unchanged={"D2": Decimal(500)}))
    assert high.kpis[1].other_level == high.at_least(1) == 0


CONDITION = {"id": "no-notice", "meaning": "No notice is open", "recorded_by": ["independent-expert"]}


def test_conditions_are_supposed_met() -> None:
    """Nobody has judged a year that is only drawn: it pays what it pays without the condition, and that is said."""
    free, bound = (run_stress(plan_of(agreed([], changes), draws=50)) for changes in ({}, {"conditions": [CONDITION]}))
    assert [year.alliance for year in bound.years] == [year.alliance for year in free.years]
    assert bound.at_least(1) > 0
    assert "Every must-pass condition is recorded as met: no-notice." in bound.plan.said
    assert not any("condition" in line for line in free.plan.said)


def test_certificates_are_supposed_to_bound_nothing() -> None:
    """Counts that avoided £720,000 and £920,000 of cash: a saving is shared, and cash still bounds it by the terms.

    At target or dearer nothing is shared; the most is half of £1,640,000, however much was saved.
    """
    terms = southwark()
    noise = ("D1=sd:0", "A1=sd:0", "A2=sd:0", "cost=5")
    unchanged = {name: Decimal(number) for name, number in COUNTS.items()}
    found = run_stress(plan_of(terms, *noise, draws=50, unchanged=unchanged))
    assert max(year.alliance for year in found.years) == 82_000_000
    assert any("no certificate bounds a payment" in line for line in found.plan.said)


def test_what_is_paid_by_number_is_drawn_by_number() -> None:
    """131 settled homes at £3,500 are £458,500; 96 in work at £1,250 are £120,000, capped at £100,000."""
    terms = agreed(["rate_card"])
    rest = ("D1=sd:0", "cost=0")
    unchanged = {"R1": Decimal(131), "R2": Decimal(96)}
    still = run_stress(plan_of(terms, "R1=sd:0", "R2=sd:0", *rest, draws=50, unchanged=unchanged))
    assert {year.alliance for year in still.years} == {55_850_000}
    assert [(one.kpi_id, one.word) for one in still.kpis[1:]] == [("R1", "paid by number"), ("R2", "paid by number")]
    # there is no level to be at, and the unit of a value is not that of a number
    text = stress_files(still)["stress.md"].decode()
    assert "| – | 131 | 0 | – | – | paid by number |" in text
    assert "- R1 is truly at a number of 131: one standard deviation of 0, as stated." in text
    chance = run_stress(plan_of(terms, "R1=poisson:131", "R2=binomial:1000", *rest, draws=300, unchanged=unchanged))
    drawn = {kpi: [year.figures[kpi][0].numerator or Decimal(0) for year in chance.years] for kpi in ("R1", "R2")}
    assert all(number == int(number) >= 0 for numbers in drawn.values() for number in numbers)
    assert pstdev(float(number) for number in drawn["R1"]) == pytest.approx(131**0.5, rel=0.2)
    assert pstdev(float(number) for number in drawn["R2"]) == pytest.approx((96 * 0.904) ** 0.5, rel=0.2)
    # it cannot fall below nothing
    wide = run_stress(plan_of(terms, "R1=sd:500", "R2=sd:0", *rest, draws=50, unchanged=unchanged))
    assert min(year.figures["R1"][0].numerator or Decimal(0) for year in wide.years) == 0
    with pytest.raises(Refused, match="no number among 50 cases"):
        run_stress(plan_of(terms, "R1=binomial:50", "R2=sd:0", *rest, unchanged=unchanged))


def test_a_number_is_read_off_its_numerators() -> None:
    terms = agreed(["rate_card"])
    kpi = next(kpi for kpi in terms.judged_kpis if kpi.id == "R1")
    rows = [{**count_row(terms, "R1", number), "period_id": f"20{year}-{year + 1}", "lower": Decimal(0),
             "upper": Decimal(9)} for year, number in ((20, 110), (21, 120), (22, 130))]  # fmt: skip
    assert noise_from_history(terms, kpi, rows[:2]) == Noise("poisson", Fraction(120), "from its number of 2021-22")
    assert noise_from_history(terms, kpi, rows) == Noise(
        "sd", Fraction(10), "from its own 3 numbers, a trend among them included"
    )
    history = [*rows, *({**row, "kpi_id": "R2", "indicator_id": "count_r2"} for row in rows)]
    assert plan_of(terms, history=history).unchanged["R1"] == 130
    without = [{**row, "numerator": None} for row in rows]
    with pytest.raises(Refused, match=r"R1 .* is paid by number, and nothing says how many"):
        plan_of(terms, history=without)
    for nothing in (without, [{**rows[0], "numerator": Decimal(0)}]):
        with pytest.raises(Refused, match="nothing says how far chance alone moves R1"):
            noise_from_history(terms, kpi, nothing)
    # what is counted is never too small
    people = greenwich()
    counted = kpi.model_copy(update={"unit": "percent"})
    assert ruled(people, counted, Figure(Decimal(1), Decimal(1), Decimal(10)), PAY) == PAY


# --- the past


def past(terms: Terms, period: str, value: str, **more: Any) -> dict[str, Any]:
    return {**kpi_row(terms, "D1", Decimal(value)), "period_id": period, **more}


def test_the_past_is_put_through_the_terms() -> None:
    """With its own open book where there is a whole one: £140,000,000.00 and 453.1 pay what the worked example pays."""
    terms = load_terms(RAW)
    history = [past(terms, "2023-24", "478.6"), past(terms, "2024-25", "453.1"), past(terms, "2022-23", "500.0")]
    costs = ledger_rows(terms)
    found = run_stress(plan_of(terms, history=history, costs=costs), history, costs)
    assert {year.name: year.alliance for year in found.history} == {
        "2022-23, cost at target": 0,
        "2023-24, cost at target": 0,
        f"{PERIOD}, its own cost": 107_997_685,
    }
    assert "open book of 2024-25" in " ".join(found.plan.said)
    text = stress_files(found)["stress.md"].decode()
    assert "| 2024-25, its own cost | 26.23 | £1,079,976.85 |" in text
    # an open book that lacks a member says nothing of parts
    partly = [row for row in costs if row["member_id"] != "acute-trust"]
    assert "taken to be its agreed share" in " ".join(plan_of(terms, costs=partly).said)
    assert all(year.name.endswith("at target") for year in run_stress(plan_of(terms), history, partly).history)


def test_another_agreements_rows_are_no_history() -> None:
    """A release holds the books of several agreements; a member of two of them spends in each."""
    terms = quick_terms({})
    costs = ledger_rows(terms, {member: 1_000_000 * n for n, member in enumerate(terms.member_ids, start=1)})
    others = [{**row, "agreement_id": "another", "amount_pence": 7 * row["amount_pence"] + 5} for row in costs[:12]]
    assert plan_of(terms, costs=[*others, *costs]).parts == plan_of(terms, costs=costs).parts
    history = [kpi_row(terms)]
    mixed = [{**kpi_row(terms), "agreement_id": "another", "value": Decimal(600)}, *history]
    plan = plan_of(terms, costs=costs)
    assert run_stress(plan, mixed, [*others, *costs]).history == run_stress(plan, history, costs).history
    # an earlier agreement of the same members goes on under a new name; which of two, nobody can say
    renamed = [{**row, "agreement_id": "another"} for row in costs]
    assert plan_of(terms, costs=renamed).parts == plan_of(terms, costs=costs).parts
    with pytest.raises(Refused, match="another, third, and nothing says"):
        plan_of(terms, costs=[*renamed, {**costs[0], "agreement_id": "third"}])


def test_what_was_spent_of_the_innovation_pot_is_no_cost() -> None:
    """One member spent £10,000,000.00 of the pot beside an even open book: parts and the past stay those of the book."""
    terms = with_shared_cost({"finance.top_up.innovation_pot.ledger_line": "innovation"})
    book = ledger_rows(terms)
    own = next(row for row in book if row["member_id"] == terms.member_ids[0])
    spent = [*book, {**own, "line_id": "innovation", "amount_pence": 1_000_000_000}]
    history, noise = rows_of(terms, AT_72), [*(f"{kpi.id}=sd:0" for kpi in terms.judged_kpis), "cost=0"]
    without, given = (plan_of(terms, *noise, draws=50, history=history, costs=costs) for costs in (book, spent))
    assert given.parts == without.parts
    assert sum(given.parts.values()) == 1
    past_of, past_given = (
        run_stress(plan, history, costs).history for plan, costs in ((without, book), (given, spent))
    )
    assert past_given == past_of
    assert [year.name for year in past_given] == [f"{PERIOD}, its own cost"]
    # a member that only spent of the pot has reported no cost
    nothing = [row for row in spent if row["member_id"] != own["member_id"] or row["line_id"] == "innovation"]
    assert "taken to be its agreed share" in " ".join(plan_of(terms, *noise, history=history, costs=nothing).said)


def test_noise_is_read_off_the_history() -> None:
    """Counts first, then the interval, then how the KPI's own figures scattered; else it has to be stated."""
    terms = load_terms(RAW)
    kpi = terms.paid_kpis[0]
    wide = past(terms, "2023-24", "478.6", lower=Decimal("459.0"), upper=Decimal("498.2"))
    assert noise_from_history(terms, kpi, [wide]).size == 10
    three = [
        past(terms, f"20{year}-{year + 1}", value) for year, value in ((20, "470.0"), (21, "480.0"), (22, "490.0"))
    ]
    assert noise_from_history(terms, kpi, three).size == 10
    for rows in (three[:2], [{**row, "quality_status": "withheld"} for row in three]):
        with pytest.raises(Refused, match="nothing says how far chance alone moves D1"):
            noise_from_history(terms, kpi, rows)
    people = greenwich()
    counted = noise_from_history(people, people.paid_kpis[0], [row_of(people, "G1", AT_72["G1"])])
    assert counted == Noise("binomial", Fraction(1000), "from its figure of 2024-25")
    assert deviation([Fraction(1), Fraction(3)]) ** 2 == pytest.approx(2)
    # without a baseline the last figure is where it stands unchanged
    gate = {
        "role": "gate",
        "weight": None,
        "levels": None,
        "baseline": None,
        "must_reach": "9",
        "indicator_id": "census",
    }
    bare = terms_with({f"framework.kpis.1.{name}": value for name, value in gate.items()})
    own = [{**row, "kpi_id": "D2", "indicator_id": "census"} for row in three]
    assert plan_of(bare, history=own).unchanged["D2"] == 490


def test_a_loss_capped_at_the_fee_needs_the_fee() -> None:
    terms = quick_terms({"finance.loss.capped_at_fee": True})
    with pytest.raises(Refused, match="nothing says what the fee is"):
        plan_of(terms)
    costs = ledger_rows(terms, 14_000_000_000) + [
        {**row, "line_id": "2", "category": "fee"} for row in ledger_rows(terms, 1_000_000)
    ]
    found = run_stress(plan_of(terms, costs=costs))
    assert min(year.alliance for year in found.years) < 0
    assert sum(found.plan.parts.values()) == 1


def test_a_completion_factor_is_taken_out_of_an_unchanged_cost() -> None:
    terms = quick_terms({"finance.actual_cost.completion_factor": Decimal("1.25")})
    found = run_stress(plan_of(terms, "D1=sd:9", "cost=0.1"))
    assert {year.alliance for year in found.years} == {0}


# --- what is typed


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (["D1=sd"], "cannot be read"), (["D1=sd:x"], "cannot be read"), (["D1=sd:-1"], "cannot be read"),
        (["D1=normal:3"], "cannot be read"), (["=sd:3"], "cannot be read"), (["D1=sd:1", "D1=sd:2"], "cannot be read"),
        (["D1=binomial:2.5"], "cannot be read"), (["D1=binomial:0"], "counts nothing"), (["D1=sd:Infinity"], "read"),
        (["cost=one"], "cannot be read"), (["D9=sd:1"], "money does not depend on D9"),
        (["D1=sd:9"], "nothing says how far chance alone moves it"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(texts: list[str], what: str) -> None:
    with pytest.raises(OutturnError, match=what) as fault:
        plan_of(None, *texts)
    assert fault.value.mend


def test_years_draws_and_shares_that_cannot_be() -> None:
    with pytest.raises(WrongUsage, match="2031-32"):
        plan_of(year="2031-32")
    assert plan_of(year="2024-25").periods == (PERIOD,)
    for draws in (49, 100_001):
        with pytest.raises(WrongUsage, match="draws"):
            plan_of(draws=draws)
    terms = greenwich()
    kpi = next(kpi for kpi in terms.paid_kpis if kpi.id == "G1")
    with pytest.raises(Refused, match="no share of cases scatters around that"):
        drawn_by(kpi, Noise("binomial", Fraction(50), "as stated"), Fraction(100))
    spread = drawn_by(kpi, Noise("sd", Fraction(1000), "as stated"), Fraction(50))
    values = [spread(1, number).value or Decimal(0) for number in range(60)]
    assert min(values) == 0
    assert max(values) == 100
    assert digits(Fraction(12345678, 1000)) == "12,345.678"


def test_supposed_rulings_follow_the_terms() -> None:
    """What the gate would do with figures nobody sent, as the terms allow it."""
    terms, people = load_terms(RAW), greenwich()
    kpi, share = terms.paid_kpis[0], people.paid_kpis[0]
    assert ruled(terms, kpi, Figure(None), PAY) == Ruling("withhold")
    assert ruled(terms, kpi, Figure(Decimal(480)), Ruling("forfeit", "unheard_of")) == Ruling("withhold")
    shock = Ruling("deem", "external_shock")
    assert ruled(terms, kpi, Figure(None), shock) == shock
    assert gate_of(terms, PERIOD, {"D1": shock}).decide("D1").deem_value == Decimal("478.6")
    few = Figure(Decimal("10.0"), Decimal(1), Decimal(10))
    assert ruled(people, share, few, PAY) == Ruling("neutral", passed=True)
    assert ruled(terms, kpi, few, Ruling("neutral", passed=True)) == PAY
    whole = gate_of(terms, PERIOD, {"settlement": Ruling("forfeit", "party_did_not_report")})
    assert whole.decide("settlement").action == "forfeit"


# --- the report


def test_the_words_are_those_of_the_design() -> None:
    assert false_payment(78, 1000) == "Had nothing changed, a payment this large would occur about 1 year in 13."
    assert false_payment(1, 2000) == "Had nothing changed, a payment this large would occur about 1 year in 2,000."
    assert "less often than about 1 year in 2,000" in false_payment(0, 2000)
    assert [quantile([3, 1, 2, 4], Fraction(part, 4)) for part in range(5)] == [1, 1, 2, 3, 4]


def test_the_report_says_what_a_finance_lead_asks(years: Stress) -> None:
    """CNI-11: payments, members, blunt KPIs, fairness and every assumption, in one page."""
    files = stress_files(years, [107_997_685])
    assert sorted(files) == [
        "fairness.svg", "history.csv", "kpis.csv", "kpis.svg", "members.csv", "members.svg", "payments.csv",
        "stress.md", "years.csv",
    ]  # fmt: skip
    text = files["stress.md"].decode()
    assert f"Any payment at all: {false_payment(years.at_least(1), 1000)}" in text
    assert f"| as asked | £1,079,976.85 | {false_payment(years.at_least(107_997_685), 1000)} |" in text
    assert "no proof of what caused it" in text
    assert "the alliance would owe something about 1 year in 6" in text
    assert all(f"- {line}" in text for line in years.plan.said)
    assert files["members.csv"].count(b"\n") == 7  # head, five members, residue
    assert files["years.csv"].count(b"\n") == 1001
    # one that bears more than it can gain is named; none has to be where parts agree
    assert "% of the risk and has" not in text
    blunt = run_stress(plan_of(None, "D1=sd:60", "cost=1"))
    assert "levels lie closer than chance alone moves the figure: D1." in stress_files(blunt)["stress.md"].decode()
    thin = run_stress(plan_of(None, "D1=sd:20", "cost=1"))
    assert "Thin, levels less than 1.5 standard deviations apart: D1." in stress_files(thin)["stress.md"].decode()


def test_who_bears_more_than_it_can_gain_is_named() -> None:
    """Without a stop-loss for others: acute trust and others refill what the city council may not bear."""
    changes = {f"parties.members.{n}.turnover_gbp": Decimal(1000) for n in (1, 2, 3, 4)}
    stop = {"pct_of_turnover": Decimal("0.5"), "excess_to": "other_members"}
    terms = quick_terms({**changes, "finance.loss.stop_loss": stop})
    text = stress_files(run_stress(plan_of(terms)))["stress.md"].decode()
    assert "Acute trust bears " in text
    still = quick_terms({"finance.loss": None})
    text = stress_files(run_stress(plan_of(still, "D1=sd:0", "cost=1")))["stress.md"].decode()
    assert "would owe nothing in any of the years drawn" in text


def test_from_the_command_line(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    agreement = tmp_path / "terms.yaml"
    agreement.write_bytes(RAW)
    asked: dict[str, Any] = {"history": None, "noise": NOISE, "unchanged": (), "year": None, "draws": 60, "seed": 1}
    stress_terms(agreement, tmp_path / "out", payments=["1000.50"], **asked)
    assert "a payment this large would occur" in capsys.readouterr().out
    assert (tmp_path / "out" / "stress.md").is_file()
    for changed, what in (
        ({"payments": ["-1"]}, "no payment"), ({"payments": ["x"]}, "no payment"),
        ({"unchanged": ["D1=x"]}, "cannot be read"), ({"unchanged": ["D1=1", "D1=2"]}, "cannot be read"),
        ({"history": tmp_path}, "is missing"),
    ):  # fmt: skip
        with pytest.raises(OutturnError, match=what):
            stress_terms(agreement, tmp_path / "out", **{"payments": (), **asked, **changed})
    with pytest.raises(WrongUsage, match="is not a file"):
        stress_terms(tmp_path / "none.yaml", tmp_path / "out", payments=(), **asked)
