"""The properties of SETTLEMENT for an outcome top-up on a protected base, alone and beside shared cost.

Numbers are those of that page; 5, 12 and 17 concern shared cost and stand in `test_settlement_properties`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, gate_for, ledger_rows
from top_up_world import (
    AT_26,
    by_line,
    by_member,
    greenwich,
    quickly_recorded,
    rows_of,
    settle_top_up,
    with_shared_cost,
)

from foundation.canonical import content_id
from foundation.errors import Refused
from settlement.engine import Settlement, settle
from settlement.exact import exact, round_half_up
from settlement.extremes import party_extremes
from settlement.files import write_rows
from settlement.postings import Posting, lines_of
from settlement.terms import Terms
from settlement.top_up import bonus_curve, pool_curve

# `make soak` asks for more through this name.
WANTED = int(os.environ.get("OUTTURN_PROPERTY_CASES", "60"))
# Terms are large: shrinking them takes longer than reading the case that was found.
PHASES = tuple(phase for phase in Phase if phase is not Phase.shrink)
CASES = settings(max_examples=WANTED, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
FEWER = settings(CASES, max_examples=max(WANTED // 2, 1))
KPIS = tuple(AT_26)
MEMBERS = greenwich().member_ids
SMALL = ("community-link-charity", "youth-charity")
EXPERT = "independent-expert"
# Every action a KPI can meet, with the cause that selects it.
ACTIONS: dict[str, tuple[str, str, Decimal | None]] = {
    "pay": ("pay", "", None),
    "withhold": ("withhold", "", None),
    "forfeit": ("forfeit", "party_did_not_report", None),
    "neutral": ("neutral", "definition_withdrawn", None),
    "small": ("neutral", "", None),
}


def tenths(least: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda whole: Decimal(whole) / 10)


@st.composite
def parts_of_100(draw: st.DrawFn, count: int) -> list[Decimal]:
    parts = [draw(st.integers(1, 40)) for _ in range(count)]
    found = [Decimal(part * 1000 // sum(parts)) / 10 for part in parts]
    found[0] += 100 - sum(found)
    return found


@st.composite
def agreements(draw: st.DrawFn, *, shared: bool | None = None) -> Terms:
    """Valid terms with a top-up, alone or beside shared cost."""
    changes: dict[str, Any] = {}
    for index, share in enumerate(draw(parts_of_100(6))):
        changes[f"parties.members.{index}.share_pct"] = share
    for index, weight in enumerate(draw(parts_of_100(6))):
        changes[f"framework.kpis.{index}.weight"] = weight
    scores = sorted(draw(st.sets(tenths(-1000, 1000), min_size=1, max_size=4)))
    percents = sorted(draw(tenths(0, 1000)) for _ in scores)
    begins = draw(tenths(-1000, 900))
    bonus = {"pct_of_base": draw(tenths(0, 50)), "from_score": begins, "full_score": begins + draw(tenths(1, 900))}
    base = Decimal(draw(st.integers(1, 2_000_000_000))) / 100
    changes |= {
        "finance.top_up.base": [{"period": PERIOD, "base_gbp": base}],
        "finance.top_up.pool_pct_of_base": draw(tenths(0, 300)),
        "finance.top_up.pool_share": [
            {"score": score, "share_pct": percent} for score, percent in zip(scores, percents, strict=True)
        ],
        "finance.top_up.bonus": draw(st.none() | st.just(bonus)),
        "finance.top_up.learning_and_development.withhold_gbp": Decimal(draw(st.integers(0, 2_000_000))) / 100,
        "scoring.minimum_live_weight_pct": draw(tenths(1, 600)),
        "scoring.between_levels": draw(st.sampled_from(["linear", "stepped"])),
    }
    if draw(st.integers(0, 3)) == 0 if shared is None else shared:
        return with_shared_cost(changes)
    return greenwich(changes)


@st.composite
def kpi_values(draw: st.DrawFn) -> dict[str, Decimal]:
    """Values around the levels of each KPI, clamped ends included."""
    around = {"G1": (20, 100), "G2": (700, 950), "G4": (300, 560), "G5": (360, 600), "G6": (540, 750), "G7": (310, 500)}
    return {kpi: draw(tenths(least, most)) for kpi, (least, most) in around.items()}


ABSENT = st.lists(st.sampled_from(MEMBERS), unique=True, max_size=3)
ADVANCES = st.dictionaries(st.sampled_from(SMALL), st.integers(0, 10**8))
PENCE = st.integers(13_000_000_000, 15_500_000_000)


def run(
    terms: Terms,
    values: Mapping[str, Decimal],
    actions: Mapping[str, str] | None = None,
    pence: int = 14_000_000_000,
    **more: Any,
) -> Settlement:
    """Settle; KPIs under `small` rest on too few people. Absences and awards through `recorded`."""
    chosen = dict(actions or {})
    return settle_top_up(
        terms,
        values,
        {kpi: ACTIONS[action] for kpi, action in chosen.items() if action != "small"},
        pence=None if terms.finance.shared_cost is None else pence,
        small=[kpi for kpi, action in chosen.items() if action == "small" and kpi != "settlement"],
        **more,
    )


def total(made: Settlement, *lines: str) -> int:
    return sum(pence for line, pence in by_line(made).items() if not lines or line in lines)


def live_share(terms: Terms, actions: Mapping[str, str]) -> Fraction:
    weights = {kpi.id: exact(kpi.weight or Decimal(0)) for kpi in terms.paid_kpis}
    dead = ("withhold", "neutral", "small")
    return sum((weight for kpi, weight in weights.items() if actions.get(kpi) not in dead), Fraction(0)) / 100


CHOSEN = st.dictionaries(st.sampled_from(KPIS), st.sampled_from(sorted(ACTIONS)), max_size=4)


@CASES
@given(agreements(), kpi_values(), CHOSEN, ABSENT, PENCE)
def test_1_4_14_16_conservation_caps_evidence_and_base(
    terms: Terms, values: dict[str, Decimal], actions: dict[str, str], absent: list[str], pence: int
) -> None:
    """Lines are the sum of their parts; no line above its cap; each rests on its step; GRW-58: the base is whole."""
    made = run(terms, values, actions, pence, recorded=quickly_recorded(terms, absent))
    for posting in made.postings:
        assert sum(by_member(made, posting.line).values()) == posting.amount_pence
        with pytest.raises(TypeError, match="gate's record"):
            Posting(**posting.row(), gate=None, evidence=made.step("overall_score"))
    base, lines = terms.base_pounds(PERIOD), by_line(made)
    assert made.step("base").exact == base
    assert made.step("base_instalment").exact * 12 == base
    pool = base * exact(terms.top_up.pool_pct_of_base) / 100
    assert 0 <= lines["top_up"] <= round_half_up(pool * live_share(terms, actions) * 100)
    if terms.top_up.bonus is not None:
        greatest = base * exact(terms.top_up.bonus.pct_of_base) / 100
        assert 0 <= lines["bonus"] <= round_half_up(greatest * live_share(terms, actions) * 100)
    parts, held = by_member(made, "top_up"), by_member(made, "condition")
    learning = terms.top_up.learning_and_development
    assert learning is not None
    most = round_half_up(exact(learning.withhold_gbp) * 100)
    for member in MEMBERS:
        expected = -min(parts[member], most) if member in absent else 0
        assert held.get(member, 0) == expected
    extremes = party_extremes(terms, PERIOD)
    for member in MEMBERS:
        gained = sum(by_member(made, line).get(member, 0) for line in lines)
        assert gained <= (extremes[member].greatest_gain_pence or 0) + 3
        if terms.finance.shared_cost is None:
            assert gained >= 0
            assert extremes[member].greatest_loss_pence == 0


@CASES
@given(agreements(shared=False), kpi_values(), CHOSEN)
def test_the_lines_are_the_page_s_formula(terms: Terms, values: dict[str, Decimal], actions: dict[str, str]) -> None:
    """KRA pool × (Σ live w / Σ w) × M(Q), rounded once; Q, the live weight and M worked out here on their own."""
    made = run(terms, values, actions)
    weights = {kpi.id: exact(kpi.weight or Decimal(0)) for kpi in terms.paid_kpis}
    counted, upper = Fraction(0), Fraction(0)
    for kpi in terms.paid_kpis:
        action = actions.get(kpi.id, "pay")
        if action in ("neutral", "small"):
            continue
        worst = action in ("withhold", "forfeit")
        score = Fraction(-100) if worst else terms.curve(kpi).at(exact(values[kpi.id]))
        counted, upper = counted + weights[kpi.id], upper + weights[kpi.id] * score
    live = live_share(terms, actions)
    if live < exact(terms.scoring.minimum_live_weight_pct) / 100:
        assert (made.status, total(made)) == ("withheld", 0)
        return
    overall, base = upper / counted, terms.base_pounds(PERIOD)
    pool = base * exact(terms.top_up.pool_pct_of_base) / 100
    assert by_line(made)["top_up"] == round_half_up(pool * live * pool_curve(terms).at(overall) * 100)
    if terms.top_up.bonus is not None:
        share = bonus_curve(terms.top_up.bonus).at(overall)
        most = base * exact(terms.top_up.bonus.pct_of_base) / 100
        assert by_line(made)["bonus"] == round_half_up(most * live * share * 100)


@CASES
@given(agreements(), kpi_values(), kpi_values(), CHOSEN, PENCE)
def test_3_doing_better_never_costs(
    terms: Terms, values: dict[str, Decimal], others: dict[str, Decimal], actions: dict[str, str], pence: int
) -> None:
    """A better score never pays less on any line; nor does spending less, where cost is shared."""
    worse = {kpi: min(values[kpi], others[kpi]) for kpi in KPIS}
    better = {kpi: max(values[kpi], others[kpi]) for kpi in KPIS}
    low, high = run(terms, worse, actions, pence), run(terms, better, actions, pence)
    for line in ("top_up", "bonus"):
        assert by_line(high).get(line, 0) >= by_line(low).get(line, 0)
    assert total(high) >= total(low)
    assert total(run(terms, worse, actions, pence // 2)) >= total(low)


@FEWER
@given(agreements(), st.lists(st.fractions(-200, 200), min_size=2, max_size=6))
def test_6_share_and_bonus_rise_within_their_ends(terms: Terms, scores: list[Fraction]) -> None:
    curves = [pool_curve(terms)] + ([bonus_curve(terms.top_up.bonus)] if terms.top_up.bonus else [])
    for curve in curves:
        heights = [curve.at(score) for score in sorted(scores)]
        assert heights == sorted(heights)
        assert 0 <= curve.worst <= heights[0]
        assert heights[-1] <= curve.best <= 1


@FEWER
@given(agreements(), kpi_values(), ADVANCES, ABSENT)
def test_7_advances_are_recouped_out_of_top_up_and_carried(
    terms: Terms, values: dict[str, Decimal], balances: dict[str, int], absent: list[str]
) -> None:
    """Recouped and carried are the balance; what a member is paid on its top-up never falls below nothing."""
    assume(terms.top_up.advances is not None)
    made = run(terms, values, advances=balances, recorded=quickly_recorded(terms, absent))
    top_up, held, recouped = (by_member(made, line) for line in ("top_up", "condition", "recoup"))
    for member, carried in made.carried_pence:
        assert -recouped.get(member, 0) + carried == balances[member]
        assert recouped.get(member, 0) <= 0
        assert top_up[member] + held.get(member, 0) + recouped.get(member, 0) >= 0
    assert total(made, "recoup") == sum(recouped.values())


@FEWER
@given(
    agreements(),
    st.lists(st.tuples(kpi_values(), st.integers(0, 3), PENCE), min_size=2, max_size=3),
    ADVANCES,
    ABSENT,
)
def test_8_restating_posts_differences(
    terms: Terms, cuts: list[tuple[dict[str, Decimal], int, int]], balances: dict[str, int], absent: list[str]
) -> None:
    """Line by line and member by member the postings sum to the latest settlement; the same cut posts nothing.

    Absences become known one after another, as the log grows.
    """
    posted: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    known = 0
    for values, more, pence in cuts:
        known = min(known + more, len(absent))
        recorded = quickly_recorded(terms, absent[:known])
        made = run(terms, values, pence=pence, advances=balances, prior=posted, recorded=recorded)
        posted += made.posting_rows()
        lines += made.member_rows()
        again = run(terms, values, pence=pence, advances=balances, prior=posted, recorded=recorded)
        assert (again.postings, again.member_lines) == ((), ())
    values, _, pence = cuts[-1]
    alone = run(terms, values, pence=pence, advances=balances, recorded=recorded)
    assert _sums(posted, "line") == _sums(alone.posting_rows(), "line")
    assert _sums(lines, "line", "member_id") == _sums(alone.member_rows(), "line", "member_id")


def _sums(rows: Sequence[Mapping[str, Any]], *keys: str) -> dict[tuple[Any, ...], int]:
    found: dict[tuple[Any, ...], int] = {}
    for row in rows:
        place = tuple(row[key] for key in keys)
        found[place] = found.get(place, 0) + row["amount_pence"]
    return {place: amount for place, amount in found.items() if amount}


@FEWER
@given(agreements(shared=False), kpi_values(), st.sampled_from(["withhold", "forfeit", "neutral"]))
def test_9_nothing_is_paid_on_a_settlement_that_is_stopped(
    terms: Terms, values: dict[str, Decimal], action: str
) -> None:
    """Also not an award everybody voted for; the base is paid all the same."""
    recorded = quickly_recorded(terms, award_pence=100_000)
    made = run(terms, values, {"settlement": action}, recorded=recorded)
    assert total(made) == 0
    assert all(line.amount_pence == 0 for line in made.member_lines)
    assert (made.status == "withheld") == (action == "withhold")
    assert made.step("base").exact == terms.base_pounds(PERIOD)


@CASES
@given(agreements(), kpi_values(), kpi_values(), st.sampled_from(KPIS), CHOSEN)
def test_9_15_no_party_gains_by_a_figure_that_fails(
    terms: Terms, values: dict[str, Decimal], others: dict[str, Decimal], kpi: str, actions: dict[str, str]
) -> None:
    """Forfeited or withheld, a KPI pays no more than with any value it could have had."""
    rest = {name: action for name, action in actions.items() if name != kpi}
    paid = run(terms, {**values, kpi: others[kpi]}, rest)
    for fault in ("forfeit", "withhold"):
        failed = run(terms, values, {**rest, kpi: fault})
        assert total(failed, "top_up") <= total(paid, "top_up")
        assert total(failed, "bonus") <= total(paid, "bonus")


@FEWER
@given(agreements(), kpi_values(), kpi_values(), st.sampled_from(KPIS), st.sampled_from(["neutral", "small"]))
def test_10_a_neutral_kpi_has_no_value_and_its_part_goes_to_nobody(
    terms: Terms, values: dict[str, Decimal], others: dict[str, Decimal], kpi: str, how: str
) -> None:
    """As if that KPI's own pool were 0: its value does not matter, and the others' pool is not enlarged."""
    made = run(terms, values, {kpi: how})
    other = run(terms, {**values, kpi: others[kpi]}, {kpi: "neutral" if how == "small" else "small"})
    assert by_line(made) == by_line(other)
    weight = next(one.weight for one in terms.paid_kpis if one.id == kpi)
    assert weight is not None
    rest = terms.base_pounds(PERIOD) * exact(terms.top_up.pool_pct_of_base) / 100 * (100 - exact(weight)) / 100
    assert by_line(made)["top_up"] <= round_half_up(rest * 100)


@FEWER
@given(agreements(), kpi_values(), CHOSEN, ABSENT, st.integers(0, 2**32))
def test_2_11_13_same_inputs_in_any_order_same_bytes_and_no_float(
    terms: Terms, values: dict[str, Decimal], actions: dict[str, str], absent: list[str], seed: int
) -> None:
    recorded = quickly_recorded(terms, absent)
    made, again = run(terms, values, actions, recorded=recorded), run(terms, values, actions, recorded=recorded)
    chance = random.Random(seed)
    data = terms.model_dump(mode="python", exclude_none=True)
    for part, name in (("parties", "members"), ("framework", "kpis"), ("gate", "causes")):
        turned = list(data[part][name])
        chance.shuffle(turned)
        data[part][name] = turned
    other = Terms.model_validate(data)
    assert other.terms_hash == terms.terms_hash
    assert run(other, values, actions, recorded=recorded).settlement_id == made.settlement_id
    for table, rows, others in (
        ("steps", made.step_rows(), again.step_rows()),
        ("postings", made.posting_rows(), again.posting_rows()),
        ("member_lines", made.member_rows(), again.member_rows()),
    ):
        assert write_rows(table, rows) == write_rows(table, others)
        assert all(not isinstance(cell, float) for row in rows for cell in row.values())
        # A float anywhere would have no canonical form.
        assert content_id(rows)
    assert all(type(step.exact) is Fraction for step in made.steps)
    assert [posting.line for posting in made.postings] == [line for line in lines_of(terms) if line in by_line(made)]


def test_13_a_float_is_refused() -> None:
    terms = greenwich()
    rows = rows_of(terms, AT_26)
    rows[0]["value"] = 6.6
    with pytest.raises(Refused):
        settle(terms, PERIOD, rows, [], gate_for(terms))


@FEWER
@given(agreements(), kpi_values(), PENCE, st.integers(0, 2**32))
def test_18_who_produced_what_changes_nothing(terms: Terms, values: dict[str, Decimal], pence: int, seed: int) -> None:
    """GRW-52: no figure by member enters; the open book moves no line of the top-up, and no row of it is needed."""
    chance = random.Random(seed)
    made = run(terms, values, pence=pence)
    book = ledger_rows(terms, pence)
    order = list(terms.member_ids)
    chance.shuffle(order)
    turned = [{**row, "member_id": dict(zip(terms.member_ids, order, strict=True))[row["member_id"]]} for row in book]
    again = settle(terms, PERIOD, rows_of(terms, values), turned, gate_for(terms))
    assert by_line(again) == by_line(made)
    assert [line.amount_pence for line in again.member_lines] == [line.amount_pence for line in made.member_lines]


@FEWER
@given(agreements(shared=False), kpi_values(), st.integers(1, 3))
def test_an_award_is_added_and_takes_nothing_away(terms: Terms, values: dict[str, Decimal], pounds: int) -> None:
    recorded = quickly_recorded(terms, award_pence=pounds * 101)
    plain, more = run(terms, values), run(terms, values, recorded=recorded)
    assert {line: pence for line, pence in by_line(more).items() if line != "award"} == by_line(plain)
    assert by_line(more)["award"] == pounds * 101


@pytest.mark.soak
def test_a_thousand_cases_each() -> None:
    """Every property of this file with 1,000 cases, in its own process: Hypothesis reads its counts at import.

    2,000 are asked for, because some take half of them.
    """
    command = [sys.executable, "-m", "pytest", str(Path(__file__)), "-m", "not soak", "--timeout", "0"]
    environment = {**os.environ, "OUTTURN_PROPERTY_CASES": "2000"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:]
