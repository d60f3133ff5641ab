"""Scores, postings and lines at their edges, worked by hand: the figure at which something begins, and the next one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from other_lines_world import agreed, amounts, parts, settle_lines
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows, quick_terms, settle_simply
from test_settlement_pool import PLAIN, posted, saved
from test_settlement_rates import GATES, run
from top_up_world import AT_26, AT_72, greenwich, settle_top_up, with_shared_cost

from foundation.errors import Refused
from settlement.allocate import Allocation
from settlement.engine import Settlement, settle
from settlement.gate_record import GateRecord
from settlement.postings import (
    RESIDUE,
    Posting,
    hold_back,
    member_lines,
    owed_beside,
    recouped_from,
    share_line,
    share_lines,
    share_recoup,
)
from settlement.score import is_too_small
from settlement.terms import Terms
from settlement.terms_parts import SmallNumbers

TOP_UP = greenwich()


# --- scores ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "numerator", "denominator", "small"),
    [
        ("percent", 5, 50, False),  # 5 with the outcome and 45 without it, of 50: exactly enough
        ("percent", 45, 50, False),
        ("percent", 4, 50, True),
        ("percent", 46, 50, True),  # 4 without it
        ("percent", 25, 49, True),
        ("percent", 2, 9, True),
        ("per_1000", 45, 46, True),
        ("per_1000", 50, 50, False),  # no proportion: nobody is counted as being without it
        ("per_1000", 4, 90, True),
        ("percent", None, 50, None),
        ("percent", 5, None, None),
        ("percent", None, None, None),
    ],
)
def test_numbers_too_small(unit: str, numerator: int | None, denominator: int | None, small: bool | None) -> None:
    rule = SmallNumbers(least_denominator=50, least_count=5, action="neutral")
    kpi = quick_terms({}).framework.kpis[0].model_copy(update={"unit": unit})
    row = {
        "numerator": None if numerator is None else Decimal(numerator),
        "denominator": None if denominator is None else Decimal(denominator),
    }
    assert is_too_small(rule, kpi, row) is small


@pytest.mark.parametrize(
    ("complete", "mend"), [("2025-03-30", "its measurement window"), ("2025-03-31", ""), ("2025-04-01", "")]
)
def test_a_window_covered_to_its_last_day_is_settled(complete: str, mend: str) -> None:
    terms = quick_terms({})
    rows = [kpi_row(terms, data_complete_as_at=date.fromisoformat(complete))]
    if mend:
        with pytest.raises(Refused, match=mend):
            settle(terms, PERIOD, rows, ledger_rows(terms), gate_for(terms))
    else:
        assert settle(terms, PERIOD, rows, ledger_rows(terms), gate_for(terms)).status == "shadow"


@pytest.mark.parametrize("decimals", [True, 1.0, "1", None])
def test_a_number_of_the_return_is_a_number(decimals: object) -> None:
    """`value_decimals` is 1: neither true nor a text nor a float is the same."""
    terms = quick_terms({})
    assert kpi_row(terms)["value_decimals"] == 1
    with pytest.raises(Refused, match="`value_decimals` is"):
        settle(terms, PERIOD, [kpi_row(terms, value_decimals=decimals)], ledger_rows(terms), gate_for(terms))


def weighted(first: str, second: str, changes: Mapping[str, Any] | None = None) -> Terms:
    """Two paid KPIs with these weights, and at least 60 % of the weight live."""
    other = dict(quick_terms({}).model_dump(mode="python", exclude_none=True)["framework"]["kpis"][0])
    other |= {"id": "D1b", "weight": Decimal(second), "indicator_id": "other"}
    entries = {"framework.kpis.0.weight": Decimal(first), "framework.kpis.1": other}
    return quick_terms(copy.deepcopy({**PLAIN, **entries, **(changes or {})}))


def run_two(
    terms: Terms, actions: Mapping[str, tuple[str, str, Decimal | None]], pence: int = 920_000_000
) -> Settlement:
    rows = [kpi_row(terms, "D1", Decimal(430)), kpi_row(terms, "D1b", Decimal("478.6"))]
    return settle(terms, PERIOD, rows, ledger_rows(terms, pence), gate_for(terms, actions))


@pytest.mark.parametrize(
    ("live", "status"), [("60.0", "shadow"), ("59.9", "withheld"), ("59.5", "withheld"), ("60.5", "shadow")]
)
def test_exactly_the_least_live_weight_settles(live: str, status: str) -> None:
    made = run_two(weighted(live, str(100 - Decimal(live))), {"D1b": ("withhold", "", None)})
    assert made.step("live_weight").exact == Fraction(Decimal(live)) / 100
    assert made.status == status


def test_a_score_of_two_by_their_weights() -> None:
    """60 of the weight at 50 points and 40 at 0 are 30; a forfeited one counts at −100 and stays live: −10."""
    assert run_two(weighted("60", "40"), {}).step("overall_score").exact == 30
    forfeit = run_two(weighted("60", "40"), {"D1b": ("forfeit", "party_did_not_report", None)})
    assert (forfeit.step("overall_score").exact, forfeit.step("live_weight").exact) == (-10, 1)
    neutral = run_two(weighted("60", "40"), {"D1b": ("neutral", "definition_withdrawn", None)})
    assert (neutral.step("overall_score").exact, neutral.step("live_weight").exact) == (50, Fraction(3, 5))


def test_no_kpi_that_counts_has_the_score_nought() -> None:
    gone = ("neutral", "definition_withdrawn", None)
    made = run_two(weighted("60", "40"), {"D1": gone, "D1b": gone})
    assert made.step("overall_score").exact == 0
    assert made.step("overall_score").label == "Overall score: no KPI counts in this period"
    assert made.status == "withheld"


# --- what a settlement says of itself ----------------------------------------------------------------------------

OPEN = {
    "finance.corridor": {"least_saving_pct": Decimal(0), "least_loss_pct": Decimal(0), "shared_from": "first_pound"}
}


@pytest.mark.parametrize(
    ("saving", "changes", "pence", "reason"),
    [
        (0, {}, 0, "The cost stayed within the corridor: nothing is shared."),
        (1, {}, 0, "The cost stayed within the corridor: nothing is shared."),
        (1, OPEN, 50, "The alliance spent less than its target."),
        (2, OPEN, 100, "The alliance spent less than its target."),
        (-1, OPEN, -50, "The alliance spent more than its target."),
        (-2, OPEN, -100, "The alliance spent more than its target."),
        (
            -800_000,
            {"finance.target_cost.0.loss_relief_pct": Decimal(100)},
            0,
            "The alliance spent more than its target. Under the terms and the score nothing is posted for it.",
        ),
        (
            800_000,
            {"finance.gain.least_score": Decimal(60)},
            0,
            "The alliance spent less than its target. Under the terms and the score nothing is posted for it.",
        ),
    ],
)
def test_why_a_cost_line_is_what_it_is(saving: int, changes: Mapping[str, Any], pence: int, reason: str) -> None:
    made = saved(saving, changes)
    assert sum(posted(made).values()) == pence
    assert made.reason == reason


def test_why_a_top_up_is_what_it_is() -> None:
    nothing = {kpi.id: str(kpi.levels.minimum) for kpi in TOP_UP.paid_kpis if kpi.levels}
    assert settle_top_up(TOP_UP, nothing).reason == "The score earns no top-up; the base is paid all the same."
    said = "The score earns a part of the top-up pool{}, beside the base."
    assert settle_top_up(TOP_UP, AT_26).reason == said.format("")
    assert settle_top_up(TOP_UP, AT_72).reason == said.format(" and a bonus")


@pytest.mark.parametrize(
    ("value", "paid", "reason"),
    [
        ("478.6", 0, "Nothing is posted on the KRA pool."),
        ("430", 1, "The score earns a part of the KRA pool."),
        ("530", -1, "The alliance owes a part of the KRA pool by its score."),
    ],
)
@pytest.mark.parametrize("pounds", [500_000, 2])
def test_why_a_kra_pool_is_what_it_is(value: str, paid: int, reason: str, pounds: int) -> None:
    pool = {
        "finance.kra_pool.pools": [{"period": PERIOD, "pool_gbp": Decimal(pounds)}],
        "finance.kra_pool.pool_share": [
            {"score": Decimal(score), "share_pct": Decimal(share)} for score, share in ((-100, -10), (0, 0), (50, 10))
        ],
    }
    terms = agreed(["kra_pool"], pool, cost=False)
    made = settle_lines(terms, values={"D1": value})
    assert made.step("kra_pool").exact == paid * Fraction(pounds, 10)
    assert made.reason == reason
    (posting,) = (one for one in made.postings if one.line == "kra_pool")
    assert posting.amount_pence == made.step("kra_pool").exact * 100
    forfeit = settle_lines(
        terms, values={"D1": value}, actions={"settlement": ("forfeit", "party_did_not_report", None)}
    )
    assert amounts(forfeit)["kra_pool"] == min(posting.amount_pence, 0)
    assert (
        forfeit.reason == "Nothing is paid on the KRA pool: the settlement's gain is forfeit by its recorded cause."
    ) is (paid > 0)


def test_each_line_that_is_barred_says_so_itself() -> None:
    terms = agreed(["kra_pool", "rate_card"], cost=False)
    forfeit = {"settlement": ("forfeit", "party_did_not_report", None)}
    made = settle_lines(terms, {"R1": 2, "R2": 3}, {"D1": "430"}, forfeit)
    for line, words in (("kra_pool", "KRA pool"), ("rate_card", "rate card")):
        assert made.step(f"barred_{line}").exact == 0
        assert made.step(f"barred_{line}").label.startswith(f"Nothing is paid on the {words}: ")
    assert amounts(made) == {"kra_pool": 0, "rate_card": 0}


def test_a_penny_of_bonus_is_a_bonus() -> None:
    """A base of one pound: five pence of top-up and one penny of bonus."""
    terms = greenwich({"finance.top_up.base": [{"period": PERIOD, "base_gbp": Decimal(1)}]})
    best = {kpi.id: str(kpi.levels.game_breaking) for kpi in terms.paid_kpis if kpi.levels}
    made = settle_top_up(terms, best)
    assert [made.step(f"{line}_posted").exact for line in ("top_up", "bonus")] == [5, 1]
    assert made.reason == "The score earns a part of the top-up pool and a bonus, beside the base."


# --- postings ----------------------------------------------------------------------------------------------------


def test_what_is_held_back_is_never_more_than_the_top_up() -> None:
    """£5,000 from who stayed away; of a smaller top-up all of it, of none nothing."""
    members = TOP_UP.member_ids
    top_up = Allocation(dict.fromkeys(members, 600_000) | {members[1]: 400_000, members[2]: 0}, 7, frozenset())
    held = hold_back(TOP_UP, top_up, members[:3])
    assert held.parts == dict.fromkeys(sorted(members), 0) | {members[0]: -500_000, members[1]: -400_000}
    assert (held.residue, held.capped) == (0, frozenset())
    assert list(held.parts) == sorted(members)
    owing = hold_back(TOP_UP, Allocation({members[0]: -5}, 0, frozenset()), members[:1])
    assert owing.parts == {members[0]: 0}
    assert hold_back(
        greenwich({"finance.top_up.learning_and_development": None}), top_up, members
    ).parts == dict.fromkeys(members, 0)


def test_what_is_taken_back_is_never_more_than_is_paid() -> None:
    payable = {"a": 100, "b": 100, "c": 0, "d": -50, "e": 1}
    assert share_recoup(payable, {"a": 40, "b": 140, "c": 9, "d": 9}) == Allocation(
        {"a": -40, "b": -100, "c": 0, "d": 0, "e": 0}, 0, frozenset()
    )


def test_an_advance_comes_out_of_what_is_left_after_what_is_held_back() -> None:
    """A member with a top-up of £10,000 that stayed away is paid £5,000, out of which an advance of £8,000 comes back."""
    members, total = TOP_UP.member_ids, 10_000_000
    shared = share_lines(TOP_UP, {"top_up": total}, dict.fromkeys(members, total), [members[0]])
    for member in members:
        paid = shared["top_up"].parts[member] + shared["condition"].parts[member]
        assert shared["recoup"].parts[member] == -paid
    assert shared["condition"].parts[members[0]] == -min(500_000, shared["top_up"].parts[members[0]])


def test_the_line_that_advances_come_out_of() -> None:
    assert recouped_from(TOP_UP) == "top_up"
    assert recouped_from(greenwich({"finance.top_up.advances": None})) == "top_up"
    assert recouped_from(with_shared_cost()) == "top_up"
    assert recouped_from(with_shared_cost({"finance.top_up.advances": None})) == "gain"
    assert recouped_from(quick_terms({})) == "gain"
    assert recouped_from(agreed(["rate_card", "activity"], cost=False)) == "rate_card"


def test_what_is_owed_beside_the_line_that_advances_come_out_of() -> None:
    terms = quick_terms({})
    shared = {
        "gain": Allocation({"a": -9}, 0, frozenset()),
        "loss": Allocation({"a": -1, "b": 0, "c": 1}, 0, frozenset()),
        "activity": Allocation({"a": -5, "b": -7}, 0, frozenset()),
        "recoup": Allocation({"a": -3}, 0, frozenset()),
        "condition": Allocation({"a": -2}, 0, frozenset()),
    }
    assert owed_beside(terms, shared, "a") == {"loss": -1, "activity": -5}
    assert owed_beside(terms, shared, "b") == {"activity": -7}
    assert owed_beside(terms, shared, "c") == {}
    assert owed_beside(terms, shared, "d") == {}


LIMITED = {
    "finance.loss.stop_loss": None,
    "finance.loss_limits": {
        "excess_to": "commissioner",
        "members": [
            {"member": member, "limits": [{"of": "turnover", "amount_gbp": Decimal(0), "pct": Decimal(0)}]}
            for member in quick_terms({}).member_ids
        ],
    },
}


def test_the_limits_hold_for_what_is_owed_and_for_nothing_else() -> None:
    """Nobody may bear a penny: of a loss and of a KRA pool that is owed all is carried, of activity nothing."""
    terms = agreed(["kra_pool", "activity"], LIMITED)
    for line, pence in (("loss", -100), ("kra_pool", -1), ("kra_pool", -100)):
        assert share_line(terms, line, pence).residue == pence
        assert set(share_line(terms, line, pence).parts.values()) == {0}
    for line, pence in (("kra_pool", 1), ("kra_pool", 100), ("activity", -100), ("gain", 100)):
        assert share_line(terms, line, pence).residue == 0
        assert sum(share_line(terms, line, pence).parts.values()) == pence


def test_the_lines_of_members_are_differences_with_their_caps() -> None:
    terms = agreed(["kra_pool"], LIMITED)
    members = sorted(terms.member_ids)
    now = Allocation(dict.fromkeys(members, -2), -30, frozenset(members[:1]))
    before = Allocation(dict.fromkeys(members, -1), -10, frozenset())
    first = member_lines(terms, PERIOD, "s", "kra_pool", now, None)
    assert [line.amount_pence for line in first] == [-2] * len(members) + [-30]
    assert {line.cap_pence for line in first[:-1]} == {0}
    assert (first[-1].member_id, first[-1].role, first[-1].cap_pence) == (RESIDUE, "commissioner", None)
    later = member_lines(terms, PERIOD, "s", "kra_pool", now, before)
    assert [line.amount_pence for line in later] == [-1] * len(members) + [-20]
    assert later[1].note == "difference from what was posted before"
    assert later[0].note.startswith("held at the member's stop-loss")
    same = member_lines(terms, PERIOD, "s", "kra_pool", now, now)
    assert [line.amount_pence for line in same] == [0] * len(members)
    # what is paid is under no limit, also where a residue makes up for it
    paid = member_lines(terms, PERIOD, "s", "kra_pool", Allocation(dict.fromkeys(members, 5), -1, frozenset()), None)
    assert {line.cap_pence for line in paid} == {None}
    owed = member_lines(terms, PERIOD, "s", "kra_pool", Allocation(dict.fromkeys(members, 0), -1, frozenset()), None)
    assert {line.cap_pence for line in owed[:-1]} == {0}


def test_a_posting_is_built_of_what_belongs_together() -> None:
    made = saved(800_000)
    (row,), step, gate = made.posting_rows(), made.step("saving"), gate_for(quick_terms({}))
    other = settle_simply(quick_terms({"agreement.id": "elsewhere"})).step("saving")
    assert Posting(**row, gate=gate, evidence=step) == made.postings[0]
    for changes, words in (
        ({"gate": object()}, "the gate's record"),
        ({"gate": gate_for(quick_terms({"agreement.id": "elsewhere"}))}, "the gate's record"),
        ({"evidence": object()}, "the step of its own"),
        ({"evidence": other}, "the step of its own"),
        ({"line": "tip"}, "a known line"),
        ({"status": "paid"}, "a known line"),
        ({"amount_pence": True}, "whole pence"),
        ({"amount_pence": Decimal(1)}, "whole pence"),
        ({"status": "withheld"}, "nothing moves"),
    ):
        with pytest.raises(TypeError, match=words):
            Posting(**{**row, "gate": gate, "evidence": step, **changes})
    assert isinstance(gate, GateRecord)
    assert Posting(**{**row, "status": "withheld", "amount_pence": 0}, gate=gate, evidence=step).amount_pence == 0


def test_what_a_member_owes_on_activity_is_left_before_an_advance_comes_back() -> None:
    """Activity of nought against a plan takes back; the gain beside it pays that first."""
    terms = agreed(["activity"], {"finance.gain.score_factor": None, "finance.advances_recouped": True})
    drawn = dict.fromkeys(terms.member_ids, 10**12)
    made = settle_lines(terms, {"E1": 0}, pence=13_000_000_000, advances=drawn)
    for member in terms.member_ids:
        gain, owed = parts(made, "gain")[member], parts(made, "activity")[member]
        assert gain > 0 > owed
        assert parts(made, "recoup")[member] == -max(gain + owed, 0)


# --- figures that do not count by their own value ----------------------------------------------------------------


@pytest.mark.parametrize(("value", "own"), [("430", 50), ("505", 0), (None, 0)])
def test_the_better_of_its_own_value_is_agreed_or_not(value: str | None, own: int) -> None:
    """Deemed at the minimum, 0 points: a better value of its own counts only where the terms say so."""
    plain = {"finance.gain.least_score": None}
    without = {**plain, "gate.causes.2.deem": {"level": "minimum", "better_of_own": False}}
    for changes, points in ((plain, own), (without, 0)):
        terms = quick_terms(changes)
        given = None if value is None else Decimal(value)
        shock = {"D1": ("deem", "external_shock", Decimal("478.6"))}
        assert settle_simply(terms, given, actions=shock).step("overall_score").exact == points


def test_a_number_is_the_same_however_it_is_written() -> None:
    terms = quick_terms({})
    for changes in ({"value_decimals": Decimal("1.0")}, {"baseline_value": Decimal("478.60")}):
        row = kpi_row(terms, **changes)
        assert settle(terms, PERIOD, [row], ledger_rows(terms), gate_for(terms)).status == "shadow"
    with pytest.raises(Refused, match="`unit` is 5"):
        settle(terms, PERIOD, [kpi_row(terms, unit=5)], ledger_rows(terms), gate_for(terms))


@pytest.mark.parametrize(
    ("action", "cause", "reached", "words"),
    [
        ("forfeit", "party_did_not_report", 0, "forfeited, so it is not taken as reached (1 reached, 0 not)"),
        ("withhold", "", 0, "withheld, so it is not taken as reached (1 reached, 0 not)"),
        ("neutral", "definition_withdrawn", 1, "does not count, so it is taken as reached (1 reached, 0 not)"),
    ],
)
def test_a_standard_that_was_not_measured_says_how_it_is_taken(
    action: str, cause: str, reached: int, words: str
) -> None:
    standards = {"bands": [{"rate_pct": Decimal(50)}], "standards": [{"kpi": "D2"}]}
    terms = quick_terms(copy.deepcopy({**PLAIN, **GATES, "finance.gain": standards}))
    step = run(terms, Decimal(430), 900_000_000, actions={"D2": (action, cause, None)}).step("standard.D2")
    assert step.exact == reached
    assert step.label.endswith(f": {words}")
    own = run(terms, Decimal(430), 900_000_000).step("standard.D2")
    assert own.label.endswith(": 1 if it is reached, 0 if not")


def test_notes_and_caps_begin_with_a_penny() -> None:
    """One penny beyond a promise is paid by the prime and says so; of a KRA pool of nought nobody has a cap."""
    terms = agreed(["kra_pool"], LIMITED)
    first, second, third, *_ = sorted(terms.member_ids)
    promised = Allocation({first: 1, second: -1, third: 0}, 0, frozenset())
    lines = member_lines(terms, PERIOD, "s", "sub_contract", promised, None)
    assert [line.note for line in lines] == [
        "what its sub-contract promises beyond its part, paid by the prime",
        "what the prime pays beyond the parts of its sub-contractors",
        "",
    ]
    still = member_lines(terms, PERIOD, "s", "kra_pool", Allocation({first: 0}, 0, frozenset()), None)
    assert [(line.amount_pence, line.cap_pence) for line in still] == [(0, None)]
    held = member_lines(terms, PERIOD, "s", "condition", Allocation({first: -1, second: 0}, 0, frozenset()), None)
    assert [line.note for line in held] == [
        "held back: this member did not take part in learning and development",
        "",
    ]


def test_what_stops_a_whole_settlement() -> None:
    """Neutral: nothing either way. Withheld: nothing until the cause is recorded, where there is one to record."""
    neutral = {"settlement": ("neutral", "definition_withdrawn", None)}
    for saving, line in ((800_000, "gain"), (-800_000, "loss")):
        made = saved(saving, actions=neutral)
        assert made.step("neutral_settlement").exact == 0
        assert posted(made) == {line: 0}
        assert made.reason == "The settlement is neutral by its recorded cause: neither gain nor loss."
    withheld = saved(800_000, actions={"D1": ("withhold", "", None)})
    words = "Withheld: too little of the agreed weight can be settled on"
    assert (withheld.status, withheld.reason) == ("withheld", f"{words} until the cause is recorded.")
    small = settle_top_up(TOP_UP, AT_72, small=tuple(AT_72))
    assert (small.status, small.reason) == ("withheld", f"{words}. The base is paid all the same.")
