"""The outcome top-up worked by hand, to the penny: Greenwich's alliance variant, AGREEMENTS part 1.

Scores by hand, weight × score, six KPIs whose weights sum to 100.
Q = 26: G1 6.6 → 20, G2 84.0 → 25, G4 44.2 → 42, G5 47.0 → 25, G6 63.0 → 25, G7 39.2 → 15:
375 + 625 + 787.5 + 312.5 + 312.5 + 187.5 = 2600. Share of the pool 26/50 of 80 % = 41.6 % of £480,000.
Q = 72: G1 8.4 → 80, G2 89.6 → 80, G4 44.9 → 49, G5 53.9 → 85, G6 69.9 → 85, G7 42.3 → 52.5:
1500 + 2000 + 918.75 + 1062.5 + 1062.5 + 656.25 = 7200. Share 80 % + 22/50 of 20 % = 88.8 %; bonus 22/50 of £96,000.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import yaml
from settlement_world import PERIOD, ROOT, approval_for, gate_for, judge_world, ledger_rows, log_for, verdict_set
from top_up_world import (
    AT_26,
    AT_72,
    COST_ENTRIES,
    DERBYSHIRE,
    RAW,
    absent_in,
    by_line,
    by_member,
    gate_with,
    greenwich,
    log_with,
    member_figure,
    problems_with,
    recorded_in,
    recording,
    row_of,
    rows_of,
    settle_top_up,
    with_shared_cost,
)

from foundation.errors import OutturnError, Refused, WrongUsage
from settlement.engine import Settlement, settle
from settlement.extremes import party_extremes
from settlement.files import read_rows, write_rows
from settlement.gate_record import GateRecord, read_gate_json, read_gate_rows
from settlement.postings import ALLIANCE_LINES
from settlement.recompute import first_difference, recompute
from settlement.recorded import PeriodRecords
from settlement.score import PROPORTION_UNIT
from settlement.statement import Statement
from settlement.terms import load_terms
from settlement.terms_parts import Kpi
from settlement.top_up import take_advances

TERMS = greenwich()
TOP_UP_26 = {
    "drug-alcohol-charity": 7_188_480,
    "sexual-health-provider": 4_992_000,
    "healthy-living-trust": 2_995_200,
    "gp-federation": 2_396_160,
    "community-link-charity": 1_397_760,
    "youth-charity": 998_400,
}
TOP_UP_72 = {
    "drug-alcohol-charity": 15_344_640,
    "sexual-health-provider": 10_656_000,
    "healthy-living-trust": 6_393_600,
    "gp-federation": 5_114_880,
    "community-link-charity": 2_983_680,
    "youth-charity": 2_131_200,
}
BONUS_72 = {
    "drug-alcohol-charity": 1_520_640,
    "sexual-health-provider": 1_056_000,
    "healthy-living-trust": 633_600,
    "gp-federation": 506_880,
    "community-link-charity": 295_680,
    "youth-charity": 211_200,
}


def test_the_agreement_is_what_the_paper_and_the_illustration_say() -> None:
    """Roles, shares, KPIs and their windows; the council has one vote and no share."""
    terms = load_terms(RAW)
    assert (terms.id, terms.agreement.shadow, terms.agreement.illustrative) == ("greenwich-public-health", True, True)
    assert {member: int(share) for member, share in terms.shares.items()} == {
        "drug-alcohol-charity": 36,
        "sexual-health-provider": 25,
        "healthy-living-trust": 15,
        "gp-federation": 12,
        "community-link-charity": 7,
        "youth-charity": 5,
    }
    assert terms.commissioner_ids == {"council"}
    assert terms.approver_ids == tuple(sorted(["council", *terms.shares]))
    assert terms.finance.loss is None
    assert [period.label for period in terms.settlement_periods()] == ["2024-25", "2025-26"]
    rows = {row["kpi_id"]: row for row in terms.kpi_rows()}
    lags = {kpi: rows[kpi]["measurement_lag_months"] for kpi in ("G1", "G2", "G4", "G5", "G6", "G7")}
    assert lags == {"G1": 6, "G2": 12, "G4": 3, "G5": 6, "G6": 0, "G7": 3}
    assert (rows["G5"]["breakdown_kind"], rows["G5"]["breakdown_group"]) == ("deprivation", "1")
    assert (rows["G1"]["breakdown_kind"], rows["G1"]["breakdown_group"]) == ("all", "all")
    assert (rows["G1"]["least_denominator"], rows["G1"]["least_count"]) == (100, 10)
    assert (rows["M1"]["least_denominator"], rows["M1"]["least_count"]) == (None, None)
    with pytest.raises(WrongUsage, match="agree no base for 2026-27"):
        terms.base_pounds("2026-27")


@pytest.mark.parametrize("kpi", TERMS.framework.kpis, ids=lambda kpi: str(kpi.id))
def test_each_kpi_is_the_indicator_of_the_catalogue(kpi: Kpi) -> None:
    """What is scored is what is published: version, unit, direction, precision and kind are those of the definition."""
    entry = yaml.safe_load((ROOT / "dbt_project" / "catalogue" / f"{kpi.indicator_id}.yaml").read_text())
    for name, wanted in (
        ("version", kpi.indicator_version),
        ("unit", kpi.unit),
        ("polarity", kpi.polarity),
        ("value_decimals", kpi.value_decimals),
        ("kind", kpi.kind),
    ):
        assert entry[name] == wanted, name
    assert (entry["statistic"] in ("proportion", "maintained_proportion")) == (kpi.unit == PROPORTION_UNIT)
    if kpi.breakdown is not None:
        assert kpi.breakdown.kind in entry["breakdowns"]
    if kpi.measurement_lag_months:
        assert "rolling_year" in entry["period_kinds"]


def test_every_step_below_stretch_by_hand() -> None:
    """GRW-54: base and top-up are components of their own, each a step with formula and place in the terms."""
    made = settle_top_up(TERMS, AT_26)
    assert {step.step_id: step.exact for step in made.steps} == {
        "score.G1": 20,
        "score.G2": 25,
        "score.G4": 42,
        "score.G5": 25,
        "score.G6": 25,
        "score.G7": 15,
        "live_weight": 1,
        "overall_score": 26,
        "base": 9_600_000,
        "base_instalment": 800_000,
        "top_up_pool": 480_000,
        "top_up_share": Fraction(416, 1000),
        "top_up": 199_680,
        "top_up_posted": 19_968_000,
        "bonus_share": 0,
        "bonus": 0,
        "bonus_posted": 0,
        "innovation_pot": 60_000,
        # 50 % × share × 80 % of the pool
        "advance.community-link-charity": 13_440,
        "advance.youth-charity": 9_600,
    }
    assert by_line(made) == {"top_up": 19_968_000, "bonus": 0}
    assert by_member(made, "top_up") == TOP_UP_26
    assert set(by_member(made, "bonus").values()) == {0}
    assert made.step("top_up").arithmetic == "£480,000.00 * 1 * 0.416"
    assert made.step("top_up").inputs == tuple(
        f"step:{TERMS.id}:{PERIOD}:{name}" for name in ("top_up_pool", "live_weight", "top_up_share")
    )
    assert all(step.terms_reference.startswith("terms:") for step in made.steps)
    assert made.status == "shadow"
    assert made.reason == "The score earns a part of the top-up pool, beside the base."


def test_above_stretch_by_hand() -> None:
    """GRW-55: the bonus begins above stretch and is a line of its own."""
    made = settle_top_up(TERMS, AT_72)
    assert made.step("overall_score").exact == 72
    assert made.step("top_up_share").exact == Fraction(888, 1000)
    assert made.step("bonus_share").exact == Fraction(22, 50)
    assert by_line(made) == {"top_up": 42_624_000, "bonus": 4_224_000}
    assert by_member(made, "top_up") == TOP_UP_72
    assert by_member(made, "bonus") == BONUS_72
    for posting in made.postings:
        assert (posting.payer, posting.payee, posting.status) == ("council", "alliance members", "shadow")
        assert posting.funding_source == "ring-fenced public health grant"
        assert posting.figure_id == f"posting:{TERMS.id}:{PERIOD}:{posting.line}"


@pytest.mark.parametrize(
    ("score", "top_up", "bonus"),
    [
        (-100, 0, 0),
        (0, 0, 0),
        (1, 768_000, 0),
        (50, 38_400_000, 0),
        (51, 38_592_000, 192_000),
        (100, 48_000_000, 9_600_000),
    ],
)
def test_the_knots(score: int, top_up: int, bonus: int) -> None:
    """Nothing at and below 0, 80 % at stretch, everything at 100; the base is the same at each."""
    level = {-100: "failure", 0: "minimum", 50: "stretch", 100: "game_breaking"}.get(score)
    if level is not None:
        made = settle_top_up(TERMS, {kpi.id: str(getattr(kpi.levels, level)) for kpi in TERMS.paid_kpis})
    else:
        # One KPI whose points are its value.
        points = {"failure": -100, "poor": -50, "minimum": 0, "stretch": 50, "game_breaking": 100}
        terms = greenwich({f"framework.kpis.{place}.levels": points for place in range(6)})
        made = settle_top_up(terms, dict.fromkeys(AT_26, str(score)))
    assert made.step("overall_score").exact == score
    assert by_line(made) == {"top_up": top_up, "bonus": bonus}
    assert (made.step("base").exact, made.step("base_instalment").exact) == (9_600_000, 800_000)
    if top_up == 0:
        assert made.reason == "The score earns no top-up; the base is paid all the same."


def test_a_neutral_kpi_leaves_its_part_of_the_pool_to_nobody() -> None:
    """By hand: without G1 the live weight is 81.25 and Q = 5700 / 81.25; £390,000 × 88.06… % = £343,440."""
    made = settle_top_up(TERMS, AT_72, {"G1": ("neutral", "definition_withdrawn", None)})
    assert made.step("live_weight").exact == Fraction(8125, 10000)
    assert made.step("overall_score").exact == Fraction(5700_00, 8125)
    assert by_line(made) == {"top_up": 34_344_000, "bonus": 3_144_000}
    assert "score.G1" not in {step.step_id for step in made.steps}


def test_shares_and_pennies_of_an_uneven_pool() -> None:
    """Largest remainder by hand: £480,000.05 at Q = 100 over 36, 25, 15, 12, 7, 5."""
    terms = greenwich({"finance.top_up.base.0.base_gbp": Decimal("9600001.00")})
    made = settle_top_up(terms, {kpi.id: str(kpi.levels.game_breaking) for kpi in terms.paid_kpis if kpi.levels})
    assert by_line(made) == {"top_up": 48_000_005, "bonus": 9_600_001}
    # Remainders of 5 p: 1.80, 1.25, 0.75, 0.60, 0.35, 0.25; three whole pence, then the greatest fractions.
    assert by_member(made, "top_up") == {
        "drug-alcohol-charity": 17_280_002,
        "sexual-health-provider": 12_000_001,
        "healthy-living-trust": 7_200_001,
        "gp-federation": 5_760_001,
        "community-link-charity": 3_360_000,
        "youth-charity": 2_400_000,
    }


# --- who did not take part, advances, awards ----------------------------------------------------------------------


def test_learning_and_development_is_held_back_from_who_stayed_away() -> None:
    made = settle_top_up(TERMS, AT_26, recorded=absent_in(TERMS, "youth-charity", "gp-federation"))
    assert by_line(made) == {"top_up": 19_968_000, "bonus": 0, "condition": -1_000_000}
    held = by_member(made, "condition")
    assert {member: pence for member, pence in held.items() if pence} == {
        "gp-federation": -500_000,
        "youth-charity": -500_000,
    }
    assert by_member(made, "top_up") == TOP_UP_26
    notes = {line.member_id: line.note for line in made.member_lines if line.line == "condition"}
    assert "did not take part" in notes["youth-charity"]
    assert notes["drug-alcohol-charity"] == ""
    assert made.step("condition.youth-charity").inputs[0] == member_figure(TERMS, "top_up", "youth-charity")
    # Never more than the top-up there is: the base is not touched.
    nothing = settle_top_up(
        TERMS,
        {kpi.id: str(kpi.levels.minimum) for kpi in TERMS.paid_kpis if kpi.levels},
        recorded=absent_in(TERMS, "youth-charity"),
    )
    assert by_line(nothing) == {"top_up": 0, "bonus": 0}
    assert nothing.step("base").exact == 9_600_000


@pytest.mark.parametrize("signer", ["council", "youth-charity"])
def test_who_could_gain_records_no_absence(signer: str) -> None:
    log = log_with(TERMS, absent=[("gp-federation", signer)])
    assert recorded_in(TERMS, log).absent == ()


def test_absences_of_strangers_and_other_periods_do_not_count() -> None:
    log = log_with(TERMS, absent=[("somebody-else", "independent-expert")])
    body = {"period_id": "2025-26", "member": "youth-charity", "reason": "x"}
    log = recording(log, TERMS, "absence_recorded", "independent-expert", body)
    assert recorded_in(TERMS, log).absent == ()
    plain = greenwich({"finance.top_up.learning_and_development": None})
    assert recorded_in(plain, log_with(plain, absent=[("youth-charity", "independent-expert")])).absent == ()


def test_advances_come_back_out_of_top_up_only() -> None:
    """GRW-57: advance and reconciliation add up to the penny; what is left is carried, never a bill."""
    drawn = {"youth-charity": 960_000, "community-link-charity": 1_344_000}
    made = settle_top_up(TERMS, AT_26, advances=drawn)
    assert by_line(made) == {"top_up": 19_968_000, "bonus": 0, "recoup": -2_304_000}
    assert made.carried_pence == (("community-link-charity", 0), ("youth-charity", 0))
    # A score near nothing: £3,840 × 5 % = £192.00 comes back, the rest is carried; the bonus is not touched.
    low = {**AT_26, "G1": "6.0", "G2": "82.0", "G4": "40.0", "G5": "45.0", "G6": "61.0", "G7": "38.3"}
    made = settle_top_up(TERMS, low, advances=drawn)
    assert made.step("overall_score").exact == Fraction(375, 1000) * Fraction(125, 100)
    youth = by_member(made, "top_up")["youth-charity"]
    assert by_member(made, "recoup")["youth-charity"] == -youth
    assert dict(made.carried_pence)["youth-charity"] == 960_000 - youth
    # A member that stayed away pays its advance back out of what is left to it.
    made = settle_top_up(TERMS, AT_26, advances={"youth-charity": 10**9}, recorded=absent_in(TERMS, "youth-charity"))
    assert by_member(made, "recoup")["youth-charity"] == -(998_400 - 500_000)
    assert made.step("recoup.youth-charity").formula == "-min(max(top_up_part + held_back, 0), balance)"


@pytest.mark.parametrize("member", ["gp-federation", "drug-alcohol-charity"])
def test_only_small_members_have_advances(member: str) -> None:
    with pytest.raises(Refused, match=f"give no advance to {member}"):
        settle_top_up(TERMS, AT_26, advances={member: 1})
    plain = greenwich({"finance.top_up.advances": None})
    with pytest.raises(Refused, match="know no advances"):
        settle_top_up(plain, AT_26, advances={"youth-charity": 1})


EVERYBODY = TERMS.approver_ids


def test_an_award_needs_every_vote() -> None:
    """GRW-56: by unanimous record only, in a line of its own."""
    award = ("Peer group founded by residents", 2_500_000)
    for voters in (EVERYBODY[1:], EVERYBODY[:-1], ()):
        assert recorded_in(TERMS, log_with(TERMS, [(*award, voters)])).awards == ()
    recorded = recorded_in(TERMS, log_with(TERMS, [(*award, EVERYBODY)]))
    made = settle_top_up(TERMS, AT_26, recorded=recorded)
    assert by_line(made) == {"top_up": 19_968_000, "bonus": 0, "award": 2_500_000}
    assert by_member(made, "award")["youth-charity"] == 125_000
    assert made.step("award").inputs == (f"decision:{recorded.awards[0].record_hash}",)
    # Also at a score that earns nothing; never while the settlement waits or is forfeit.
    nothing = {kpi.id: str(kpi.levels.failure) for kpi in TERMS.paid_kpis if kpi.levels}
    assert by_line(settle_top_up(TERMS, nothing, recorded=recorded))["award"] == 2_500_000
    for action, cause in (("withhold", ""), ("forfeit", "party_did_not_report"), ("neutral", "definition_withdrawn")):
        stopped = settle_top_up(TERMS, AT_72, {"settlement": (action, cause, None)}, recorded=recorded)
        assert sum(by_line(stopped).values()) == 0


def test_awards_above_the_agreed_greatest_are_void() -> None:
    two = [("First", 2_500_000, EVERYBODY), ("Second", 1_500_001, EVERYBODY), ("Third", 1_500_000, EVERYBODY)]
    assert [award.outcome for award in recorded_in(TERMS, log_with(TERMS, two)).awards] == ["First", "Third"]
    plain = greenwich({"finance.top_up.unplanned_award": None})
    assert recorded_in(plain, log_with(plain, two)).awards == ()


def test_votes_that_do_not_count() -> None:
    """Other terms, a declared conflict, a vote taken back before the last one is in; a final award stays."""
    award = {"outcome": "First", "amount_pence": "100", "vote": "approve", "conflicts": []}
    last = EVERYBODY[-1]
    started = log_with(TERMS, [("First", 100, EVERYBODY[:-1])])
    for change in (
        {"terms_hash": "e" * 64},
        {"conflicts": ["trustee of both"]},
        {"vote": "reject"},
        {"period_id": "2025-26"},
    ):
        body = {**award, "terms_hash": TERMS.terms_hash, **change}
        assert recorded_in(TERMS, recording(started, TERMS, "award_voted", last, body)).awards == ()
    ours = {**award, "terms_hash": TERMS.terms_hash}
    back = recording(started, TERMS, "award_voted", EVERYBODY[0], {**ours, "vote": "reject"})
    assert recorded_in(TERMS, recording(back, TERMS, "award_voted", last, ours)).awards == ()
    final = recording(started, TERMS, "award_voted", last, ours)
    late = recording(final, TERMS, "award_voted", EVERYBODY[0], {**ours, "vote": "reject"})
    assert [given.amount_pence for given in recorded_in(TERMS, late).awards] == [100]
    for amount in ("0", "-5", "1.5", "x", "1e3"):
        with pytest.raises(OutturnError, match="whole pence"):
            recording(started, TERMS, "award_voted", last, {**ours, "amount_pence": amount})


def test_records_come_from_the_log_alone() -> None:
    with pytest.raises(TypeError, match="comes from the decision log"):
        PeriodRecords(TERMS.id, PERIOD, (), ("youth-charity",), (), seal=object())
    other = greenwich({"agreement.id": "elsewhere"})
    with pytest.raises(Refused, match="another agreement"):
        settle_top_up(TERMS, AT_26, recorded=recorded_in(other, log_for(other)))


# --- the gate: small numbers, lagged windows ----------------------------------------------------------------------


def _judged(changes: dict[str, Any] | None = None, kpi: str = "G5") -> GateRecord:
    key = f"kpi.complete_days@{TERMS.id}@{kpi}@{PERIOD}"
    required, verdicts = verdict_set(TERMS, {key: changes} if changes else None)
    gate = judge_world(TERMS, required, verdicts, approval_for(TERMS))
    assert isinstance(gate, GateRecord), gate
    return gate


SMALL = {
    "reason": "330 of 365 days are complete.",
    "observed": {"quality_status": "too_small", "window_days": 365, "covered_days": 365, "missing_days": 35},
}


def test_too_small_is_neutral_without_a_recorded_cause() -> None:
    """Agreed beforehand: below 100 people, or 10 with or without the outcome, a KPI does not count."""
    gate = _judged(SMALL)
    entry = gate.decide("G5")
    assert (entry.action, entry.cause, entry.status) == ("neutral", "", "passed")
    assert "as agreed beforehand; no cause is recorded" in entry.reason
    assert read_gate_json(gate.to_json(), TERMS) == (gate,)
    assert read_gate_rows(gate.rows(), TERMS, PERIOD).decide("G5").is_agreed_neutral
    rows = rows_of(
        TERMS, AT_72, G5={"numerator": Decimal(9), "denominator": Decimal(200), "quality_status": "too_small"}
    )
    made = settle(TERMS, PERIOD, rows, [], gate)
    assert made.step("live_weight").exact == Fraction(875, 1000)
    assert made.status == "shadow"
    # What is paid is that of the others: Q = (7200 − 1062.5) / 87.5.
    assert made.step("overall_score").exact == Fraction(61375, 875)


@pytest.mark.parametrize("status", ["too_small", "withheld", "not_available"])
def test_what_is_not_complete_waits_for_its_cause(status: str) -> None:
    """SETTLEMENT property 15: nobody makes an indicator drop by not reporting, however small it then is."""
    gate = _judged({"status": "failed", "observed": {"quality_status": status}})
    assert (gate.decide("G5").action, gate.decide("G5").cause) == ("withhold", "")


def test_without_the_rule_small_numbers_do_not_pay() -> None:
    terms = greenwich({"gate.small_numbers": None})
    required, verdicts = verdict_set(terms, {f"kpi.complete_days@{terms.id}@G5@{PERIOD}": SMALL})
    gate = judge_world(terms, required, verdicts, approval_for(terms))
    assert gate.decide("G5").action == "pay"
    few = {"numerator": Decimal(9), "denominator": Decimal(200), "quality_status": "too_small"}
    with pytest.raises(Refused, match="its status is too_small"):
        settle(terms, PERIOD, rows_of(terms, AT_72, G5=few), [], gate)
    with pytest.raises(Refused, match="is passed and its action is neutral"):
        gate_with(terms, ["G5"])


def test_a_neutral_entry_needs_its_cause_or_the_rule() -> None:
    for actions in ({"G5": ("neutral", "", None)}, {"settlement": ("neutral", "", None)}):
        with pytest.raises(Refused, match="the terms know no cause ``"):
            gate_for(TERMS, actions)


def test_a_recorded_cause_comes_before_the_rule_for_small_numbers() -> None:
    """A party that caused the small numbers forfeits; the agreed rule does not save it."""
    from settlement_world import CUT

    from settlement.approvals import gate_causes
    from settlement.decisions import read_log

    body = {
        "data_cut_id": CUT,
        "scope": "G5",
        "check_id": "kpi.complete_days",
        "cause": "party_did_not_report",
        "reason": "Half the invitations were kept back.",
    }
    log = recording(log_for(TERMS), TERMS, "gate_cause_recorded", "independent-expert", body)
    causes = gate_causes(read_log(log), TERMS, PERIOD, CUT)
    required, verdicts = verdict_set(TERMS, {f"kpi.complete_days@{TERMS.id}@G5@{PERIOD}": SMALL})
    gate = judge_world(TERMS, required, verdicts, approval_for(TERMS), causes=causes)
    assert (gate.decide("G5").action, gate.decide("G5").status) == ("forfeit", "passed")
    assert read_gate_json(gate.to_json(), TERMS) == (gate,)
    few = {"numerator": Decimal(9), "denominator": Decimal(200), "quality_status": "too_small"}
    made = settle(TERMS, PERIOD, rows_of(TERMS, AT_72, G5=few), [], gate)
    assert made.step("score.G5").exact == -100
    # Such a cause stands only where the numbers are small.
    with pytest.raises(Refused, match="not too small"):
        settle(TERMS, PERIOD, rows_of(TERMS, AT_72), [], gate)


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [("9", "1000"), ("991", "1000"), ("50", "99"), ("0", "0")],
)
def test_the_rule_is_held_to_the_numbers_themselves(numerator: str, denominator: str) -> None:
    few = {"numerator": Decimal(numerator), "denominator": Decimal(denominator)}
    left_out = gate_with(TERMS, ["G5"])
    rows = rows_of(TERMS, AT_72, G5={**few, "quality_status": "too_small"})
    assert settle(TERMS, PERIOD, rows, [], left_out).step("live_weight").exact == Fraction(7, 8)
    with pytest.raises(Refused, match=r"G5.*too small by the terms"):
        settle(TERMS, PERIOD, rows_of(TERMS, AT_72, G5=few), [], gate_for(TERMS))


@pytest.mark.parametrize(
    "changes",
    [
        {"numerator": Decimal(10), "denominator": Decimal(100), "quality_status": "too_small"},
        {"numerator": Decimal(90), "denominator": Decimal(100), "quality_status": "too_small"},
        {"numerator": Decimal(9), "denominator": Decimal(100), "quality_status": "fit"},
        {"numerator": None, "denominator": None, "quality_status": "too_small"},
    ],
)
def test_nothing_is_left_out_that_is_not_too_small(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"G5.*not too small"):
        settle(TERMS, PERIOD, rows_of(TERMS, AT_72, G5=changes), [], gate_with(TERMS, ["G5"]))


def test_everything_too_small_withholds_the_settlement() -> None:
    made = settle_top_up(TERMS, AT_72, small=tuple(AT_72))
    assert made.status == "withheld"
    assert by_line(made) == {"top_up": 0, "bonus": 0}
    assert all(line.amount_pence == 0 for line in made.member_lines)
    assert made.reason == (
        "Withheld: too little of the agreed weight can be settled on. The base is paid all the same."
    )
    assert made.step("base").exact == 9_600_000
    # 56.25 % live pays, 43.75 % does not.
    assert settle_top_up(TERMS, AT_72, small=("G2", "G1")).status == "shadow"
    assert settle_top_up(TERMS, AT_72, small=("G2", "G1", "G7")).status == "withheld"


def test_a_lagged_kpi_is_scored_on_its_own_window() -> None:
    made = settle_top_up(TERMS, AT_26)
    assert "measured from 2023-10-01 to 2024-09-30" in made.step("score.G1").label
    assert "measured from 2023-04-01 to 2024-03-31" in made.step("score.G2").label
    assert "measured from 2024-01-01 to 2024-12-31" in made.step("score.G7").label
    assert "measured" not in made.step("score.G6").label
    row = row_of(TERMS, "G1", "6.6")
    for change in ("measurement_start", "measurement_end"):
        wrong = {**row, change: row["period_end" if change == "measurement_end" else "period_start"]}
        rows = [wrong, *(other for other in rows_of(TERMS, AT_26) if other["kpi_id"] != "G1")]
        with pytest.raises(Refused, match=f"`{change}` is .*, and must be"):
            settle(TERMS, PERIOD, rows, [], gate_for(TERMS))


# --- restatement, recomputing, extremes ---------------------------------------------------------------------------


def _sums(*made: Settlement) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for one in made:
        for line in one.member_lines:
            key = (line.line, line.member_id)
            found[key] = found.get(key, 0) + line.amount_pence
    return {key: pence for key, pence in found.items() if pence}


def test_restatement_of_several_lines() -> None:
    """Each line posts its own difference; an absence heard of later is told from an earlier one."""
    drawn = {"youth-charity": 700_000}
    log = log_with(TERMS, absent=[("youth-charity", "independent-expert")])
    later = recording(
        log, TERMS, "absence_recorded", "independent-expert", {"member": "gp-federation", "reason": "Left early."}
    )
    first = settle_top_up(TERMS, AT_26, advances=drawn, recorded=recorded_in(TERMS, log))
    second = settle_top_up(TERMS, AT_72, advances=drawn, prior=first.posting_rows(), recorded=recorded_in(TERMS, later))
    assert by_line(second) == {
        "top_up": 42_624_000 - 19_968_000,
        "bonus": 4_224_000,
        "condition": -500_000,
        "recoup": -(700_000 - 498_400),
    }
    assert second.supersedes == first.settlement_id
    assert second.step("difference.top_up").inputs[1] == f"posting:{TERMS.id}:{PERIOD}:top_up"
    alone = settle_top_up(TERMS, AT_72, advances=drawn, recorded=recorded_in(TERMS, later))
    assert _sums(first, second) == _sums(alone)
    posted = [*first.posting_rows(), *second.posting_rows()]
    again = settle_top_up(TERMS, AT_72, advances=drawn, prior=posted, recorded=recorded_in(TERMS, later))
    assert (again.postings, again.member_lines) == ((), ())
    # While it is withheld nothing more moves.
    waits = settle_top_up(
        TERMS,
        AT_72,
        {"settlement": ("withhold", "", None)},
        advances=drawn,
        prior=posted,
        recorded=recorded_in(TERMS, later),
    )
    assert (waits.status, waits.postings) == ("withheld", ())
    with pytest.raises(Refused, match="does not follow from the decision log"):
        settle_top_up(TERMS, AT_72, advances=drawn, prior=first.posting_rows())


def test_parts_that_move_while_their_sum_stands_are_posted() -> None:
    """Twelve parts of the first top-up are recouped from two members, and seven of a larger one from one of them: the
    same pence, which the other member gets back."""
    shares = [{"score": 26, "share_pct": 28}, {"score": 72, "share_pct": 48}]
    terms = greenwich(
        {
            "finance.top_up.pool_share": shares,
            "finance.top_up.bonus": None,
            "finance.top_up.learning_and_development.withhold_gbp": Decimal(100_000_000),
        }
    )
    drawn = {"community-link-charity": 10**10, "youth-charity": 10**10}
    absent = recorded_in(terms, log_with(terms, absent=[("youth-charity", "independent-expert")]))
    first = settle_top_up(terms, AT_26, advances=drawn)
    second = settle_top_up(terms, AT_72, advances=drawn, prior=first.posting_rows(), recorded=absent)
    alone = settle_top_up(terms, AT_72, advances=drawn, recorded=absent)
    recouped = by_line(first)["recoup"]
    assert recouped < 0
    assert by_line(second)["recoup"] == 0
    assert by_line(alone)["recoup"] == recouped
    assert {row["member_id"]: row["amount_pence"] for row in second.member_rows() if row["line"] == "recoup"} == {
        **dict.fromkeys(terms.member_ids, 0),
        "community-link-charity": recouped * 5 // 12,
        "youth-charity": -recouped * 5 // 12,
    }
    assert _sums(first, second) == _sums(alone)
    posted = [*first.posting_rows(), *second.posting_rows()]
    again = settle_top_up(terms, AT_72, advances=drawn, prior=posted, recorded=absent)
    assert (again.postings, again.member_lines) == ((), ())


@pytest.mark.parametrize("line", ["gain", "loss", "gift"])
def test_a_line_the_terms_do_not_know_is_not_restated(line: str) -> None:
    (row, *_) = settle_top_up(TERMS, AT_26).posting_rows()
    with pytest.raises(Refused, match="cannot be restated"):
        settle_top_up(TERMS, AT_26, prior=[{**row, "line": line}])


def _members_folder(log: bytes, values: dict[str, str]) -> dict[str, bytes]:
    required, verdicts = verdict_set(TERMS)
    gate = judge_world(TERMS, required, verdicts, approval_for(TERMS, log))
    assert isinstance(gate, GateRecord), gate
    return {
        "terms.yaml": RAW,
        "kpi_return.csv": write_rows("kpi_return", rows_of(TERMS, values)),
        "ledger.csv": write_rows("ledger", ledger_rows(TERMS, 0)),
        "gate.json": gate.to_json(),
        "decisions.jsonl": log,
        # a balance that somebody states, not one that is carried from period to period
        "advances.csv": write_rows(
            "advances",
            [
                {
                    "agreement_id": TERMS.id,
                    "member_id": "youth-charity",
                    "balance_pence": 960_000,
                    "period_id": "",
                    "settlement_id": "",
                    "carried_pence": None,
                    "carried_from": "",
                }
            ],
        ),
        "prior_postings.csv": write_rows("prior_postings", []),
    }


def test_the_open_book_recomputes_every_line() -> None:
    """CNI-20: votes and absences are read from the decision log itself; a penny in any line is named."""
    log = log_with(TERMS, [("Peer group", 2_500_000, EVERYBODY)], [("gp-federation", "independent-expert")])
    files = _members_folder(log, AT_72)
    made = recompute(files)
    assert by_line(made) == {
        "top_up": 42_624_000,
        "bonus": 4_224_000,
        "award": 2_500_000,
        "condition": -500_000,
        "recoup": -960_000,
    }
    tables = [write_rows("steps", made.step_rows()), write_rows("postings", made.posting_rows())]
    tables.append(write_rows("member_lines", made.member_rows()))
    assert first_difference(recompute(files), *tables) is None
    for place, old, figure in (
        (1, b",4224000,", f"posting:{TERMS.id}:{PERIOD}:bonus"),
        (2, b",1520640,", f"member:{TERMS.id}:{PERIOD}:bonus:drug-alcohol-charity"),
        (2, b",-960000,", f"member:{TERMS.id}:{PERIOD}:recoup:youth-charity"),
        (0, b",426240.00,", f"step:{TERMS.id}:{PERIOD}:top_up"),
    ):
        written = list(tables)
        assert old in written[place]
        written[place] = written[place].replace(old, old.replace(b"0", b"1", 1), 1)
        found = first_difference(recompute(files), *written)
        assert found is not None
        assert found.figure_id == figure
    # Without the votes and the absence the award and the sum held back do not follow.
    found = first_difference(recompute({**files, "decisions.jsonl": log_for(TERMS)}), *tables)
    assert found is not None
    read = {name: read_rows(name, raw) for name, raw in zip(("steps", "postings", "member_lines"), tables, strict=True)}
    assert [row["line"] for row in read["postings"]] == ["top_up", "bonus", "award", "condition", "recoup"]


def test_a_small_number_needs_no_cause_in_the_log() -> None:
    gate = _judged(SMALL)
    files = _members_folder(log_for(TERMS), AT_72)
    few = {"numerator": Decimal(9), "denominator": Decimal(200), "quality_status": "too_small"}
    files["gate.json"] = gate.to_json()
    files["kpi_return.csv"] = write_rows("kpi_return", rows_of(TERMS, AT_72, G5=few))
    assert recompute(files).step("live_weight").exact == Fraction(7, 8)
    # The same gate for a figure that is not small.
    with pytest.raises(Refused, match="not too small"):
        recompute({**files, "kpi_return.csv": write_rows("kpi_return", rows_of(TERMS, AT_72))})


def test_extremes_per_party() -> None:
    """CNI-09: the greatest gain is what the engine reaches with every KPI at its best and the greatest award."""
    best = {kpi.id: str(kpi.levels.game_breaking) for kpi in TERMS.paid_kpis if kpi.levels}
    worst = {kpi.id: str(kpi.levels.failure) for kpi in TERMS.paid_kpis if kpi.levels}
    recorded = recorded_in(TERMS, log_with(TERMS, [("Peer group", 4_000_000, EVERYBODY)]))
    made = settle_top_up(TERMS, best, recorded=recorded)
    extremes = party_extremes(TERMS, PERIOD)
    for member in TERMS.member_ids:
        assert extremes[member].greatest_gain_pence == sum(
            by_member(made, line)[member] for line in ("top_up", "bonus", "award")
        )
        assert extremes[member].greatest_loss_pence == 0
    assert min(line.amount_pence for line in settle_top_up(TERMS, worst).member_lines) == 0
    both = with_shared_cost()
    wide = party_extremes(both, PERIOD)["youth-charity"]
    # 2 % of £143,100,000 comes on top: 5 % of £2,862,000.
    assert wide.greatest_gain_pence == (extremes["youth-charity"].greatest_gain_pence or 0) + 14_310_000
    assert (wide.greatest_loss_pence or 0) > 0


# --- both regimes, and terms that do not hold together ------------------------------------------------------------


def test_both_regimes_side_by_side() -> None:
    """An alliance that shares cost 50:50, with a separate pool for outcomes: each line as if it stood alone."""
    terms = with_shared_cost()
    made = settle_top_up(terms, AT_72, pence=14_000_000_000)
    factor = Fraction(1, 2) + Fraction(3, 4) * Fraction(72, 100)
    assert by_line(made) == {"gain": int(155_000_000 * factor), "top_up": 42_624_000, "bonus": 4_224_000}
    assert by_member(made, "top_up") == TOP_UP_72
    assert made.reason.startswith("The alliance spent less than its target. The score earns")
    over = settle_top_up(terms, AT_72, pence=15_000_000_000)
    assert by_line(over)["loss"] < 0
    assert by_line(over)["top_up"] == 42_624_000
    barred = settle_top_up(
        terms, AT_72, {"settlement": ("forfeit", "party_did_not_report", None)}, pence=14_000_000_000
    )
    assert sum(by_line(barred).values()) == 0
    waits = settle_top_up(terms, AT_72, {"settlement": ("withhold", "", None)}, pence=14_000_000_000)
    assert (waits.status, sum(by_line(waits).values())) == ("withheld", 0)
    own = with_shared_cost(
        {"finance.top_up.payment": {**dict(vars(terms.finance.payment)), "funding_source": "another budget"}}
    )
    sources = {
        posting.line: posting.funding_source for posting in settle_top_up(own, AT_72, pence=14_000_000_000).postings
    }
    assert sources == {
        "gain": "ICB programme allocation",
        "top_up": "another budget",
        "bonus": "another budget",
    }


@pytest.mark.parametrize(
    ("periods", "paid"),
    [(None, [PERIOD]), (["2025-26"], ["2025-26"]), ([PERIOD, "2025-26"], [PERIOD, "2025-26"]), ([], [])],
)
def test_an_advance_is_paid_once_in_each_period_agreed_for_it(periods: list[str] | None, paid: list[str]) -> None:
    """Two settlement years; where no period is named it is the first one, and not every one again."""
    terms = greenwich({} if periods is None else {"finance.top_up.advances.periods": periods})
    found = []
    for label in (PERIOD, "2025-26"):
        statement = Statement(terms.id, label)
        statement.step("top_up_pool", "Pool", "1000000", {}, "GBP", "terms:finance.top_up")
        take_advances(statement, terms)
        drawn = {step.step_id: step.exact for step in statement.steps if step.step_id.startswith("advance.")}
        # 50 % × 7 and 5 % × 80 % of the pool
        assert drawn in ({}, {"advance.community-link-charity": 28_000, "advance.youth-charity": 20_000})
        found += [label] if drawn else []
    assert found == paid


def test_where_advances_come_back_with_both_regimes() -> None:
    top_up = with_shared_cost()
    made = settle_top_up(top_up, AT_26, pence=14_000_000_000, advances={"youth-charity": 10**9})
    assert by_member(made, "recoup")["youth-charity"] == -998_400
    gain = with_shared_cost({"finance.top_up.advances": None, "finance.advances_recouped": True})
    made = settle_top_up(gain, AT_26, pence=14_000_000_000, advances={"youth-charity": 10**9})
    assert by_member(made, "recoup")["youth-charity"] == -by_member(made, "gain")["youth-charity"]


RULES: list[tuple[str, dict[str, Any], str]] = [
    ("no regime", {"finance.top_up": None}, "neither shared cost nor a `top_up`"),
    ("half a regime", {"finance.corridor": {"least_saving_pct": 1, "least_loss_pct": 1, "shared_from": "beyond"}}, "`finance.gain` is missing"),
    ("loss alone", {"finance.loss": {"bands": [{"rate_pct": 50}]}}, "`finance.target_cost` is missing"),
    ("period", {"finance.top_up.base.0.period": "2024-25-q1"}, "is no year"),
    ("period outside", {"finance.top_up.base.0.period": "2023-24"}, "outside the agreement"),
    ("period twice", {"finance.top_up.base.1.period": "2024-25"}, "named twice"),
    ("no base", {"finance.top_up.base.0.base_gbp": 0}, "not above 0"),
    ("share falls", {"finance.top_up.pool_share.2.share_pct": 70}, "falls as the score rises"),
    ("share twice", {"finance.top_up.pool_share.2.score": 50}, "named twice"),
    ("bonus backwards", {"finance.top_up.bonus.full_score": 50}, "not above the one it begins at"),
    ("payer records", {"finance.top_up.learning_and_development.recorded_by": ["council"]}, "could gain"),
    ("member records", {"finance.top_up.learning_and_development.recorded_by": ["youth-charity"]}, "could gain"),
    ("advance twice", {"finance.advances_recouped": True}, "an advance comes back once"),
    ("advance without a base", {"finance.top_up.advances.periods": ["2026-27"]}, "no base is agreed for 2026-27"),
    ("advance twice in a period", {"finance.top_up.advances.periods": [PERIOD, PERIOD]}, "named twice"),
    ("payer", {"finance.top_up.payment": {"payer": "youth-charity", "payee": "x", "contract_reference": "x", "funding_source": "x", "vat_treatment": "x"}}, "no commissioner"),
    ("quintile", {"framework.kpis.3.breakdown.group": "6"}, "no group by deprivation"),
    ("age", {"framework.kpis.3.breakdown": {"kind": "age", "group": "40-74"}}, "no group by age"),
    ("process paid", {"framework.kpis.3.process_waiver": None}, "is no outcome"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_a_broken_rule_is_named_with_its_mend(changes: dict[str, Any], words: str) -> None:
    problems = problems_with(changes)
    assert any(words in problem.what or words in problem.mend for problem in problems), problems
    assert all(problem.mend for problem in problems)


def test_cost_and_top_up_are_agreed_for_the_same_periods() -> None:
    both = {f"finance.{name}": DERBYSHIRE["finance"][name] for name in COST_ENTRIES}
    told = [problem for problem in problems_with(both) if "has a target cost or a base" in problem.what]
    assert [(problem.path, problem.what[:8]) for problem in told] == [(("finance", "top_up", "base"), "2025-26 ")]


def test_without_an_award_less_can_be_gained() -> None:
    """5 % of an award of at most 40,000."""
    plain = greenwich({"finance.top_up.unplanned_award": None})
    most = [party_extremes(terms, PERIOD)["youth-charity"].greatest_gain_pence or 0 for terms in (TERMS, plain)]
    assert most[0] - most[1] == 4_000_000 * 5 // 100


def test_a_lag_ends_with_a_quarter_where_quarters_are_settled() -> None:
    changes: dict[str, Any] = {"agreement.settle_by": "quarter", "framework.kpis.0.measurement_lag_months": 4}
    assert any("end with a quarter" in problem.what for problem in problems_with(changes))
    fine = {**changes, "framework.kpis.0.measurement_lag_months": 3}
    assert not any("end with a quarter" in problem.what for problem in problems_with(fine))


@pytest.mark.parametrize("lag", [-1, 25, "6", True])
def test_a_lag_is_a_number_of_months(lag: Any) -> None:
    with pytest.raises(ValueError, match="measurement_lag_months"):
        problems_with({"framework.kpis.0.measurement_lag_months": lag})


def test_a_group_is_the_same_written_as_number_or_text() -> None:
    text = RAW.replace(b"group: 1}", b'group: "1"}')
    assert text != RAW
    assert load_terms(text).terms_hash == TERMS.terms_hash


def test_what_is_public_never_speaks_of_a_member() -> None:
    """CNI-22: steps of the alliance name no member, and lines that concern single members are told apart."""
    recorded = recorded_in(
        TERMS, log_with(TERMS, [("Peer group", 4_000_000, EVERYBODY)], [("youth-charity", "independent-expert")])
    )
    made = settle_top_up(TERMS, AT_72, advances={"youth-charity": 960_000}, recorded=recorded)
    members = {form for member in TERMS.member_ids for form in (member, member.replace("-", "_"))}
    own = ("condition.", "advance.", "recoup.")
    for step in made.steps:
        speaks = any(member in f"{step.step_id} {step.label} {step.formula}" for member in members)
        assert speaks == step.step_id.startswith(own), step.step_id
    assert [line for line in by_line(made) if line not in ALLIANCE_LINES] == ["condition", "recoup"]
