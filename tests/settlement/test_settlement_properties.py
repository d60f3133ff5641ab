"""The properties of SETTLEMENT that hold for any valid terms, scores and costs. Numbers are those of that page."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, gate_for, kpi_row, ledger_rows, quick_terms, settle_simply, waived_terms

from foundation.canonical import content_id
from foundation.errors import Refused
from settlement.allocate import allocate, share_out
from settlement.curves import Curve
from settlement.engine import Settlement, settle
from settlement.exact import exact, render, round_half_up
from settlement.extremes import party_extremes
from settlement.files import write_rows
from settlement.loss_limits import member_caps
from settlement.postings import RESIDUE
from settlement.score import level_of
from settlement.terms import Terms
from settlement.terms_parts import LEVELS, Levels

# `make soak` asks for more through this name.
WANTED = int(os.environ.get("OUTTURN_PROPERTY_CASES", "120"))
# Terms are large: shrinking them takes longer than reading the case that was found.
PHASES = tuple(phase for phase in Phase if phase is not Phase.shrink)
CASES = settings(max_examples=WANTED, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
FEWER = settings(CASES, max_examples=max(WANTED // 2, 1))
MEMBERS = ("acute-trust", "community-trust", "mental-health-trust", "city-council", "county-council")
TARGET = 14_310_000_000


def tenths(least: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda whole: Decimal(whole) / 10)


@st.composite
def knots(draw: st.DrawFn, *, rising: bool) -> list[dict[str, Decimal]] | None:
    scores = sorted(draw(st.sets(tenths(-1000, 1000), max_size=4)))
    if not scores:
        return None
    factors = sorted((draw(tenths(0, 20)) for _ in scores), reverse=not rising)
    return [{"score": score, "factor": factor} for score, factor in zip(scores, factors, strict=True)]


@st.composite
def bands(draw: st.DrawFn) -> list[dict[str, Decimal]]:
    ends = sorted(draw(st.sets(tenths(1, 300), max_size=3)))
    found = [{"up_to_pct": end, "rate_pct": draw(tenths(0, 1000))} for end in ends]
    if not found or draw(st.booleans()):
        found.append({"rate_pct": draw(tenths(0, 1000))})
    return found


@st.composite
def agreements(draw: st.DrawFn, *, shared: bool = True) -> Terms:
    """Valid terms of any kind this engine knows."""
    parts = [draw(st.integers(1, 40)) for _ in MEMBERS]
    whole = sum(parts)
    shares = [Decimal(part * 1000 // whole) / 10 for part in parts]
    shares[0] += 100 - sum(shares)
    changes: dict[str, Any] = {f"parties.members.{index}.share_pct": share for index, share in enumerate(shares)}
    changes |= {f"parties.members.{index}.turnover_gbp": Decimal(draw(st.integers(0, 10**9))) for index in range(5)}
    changes |= {
        "finance.corridor.least_saving_pct": draw(tenths(0, 50)),
        "finance.corridor.least_loss_pct": draw(tenths(0, 50)),
        "finance.corridor.shared_from": draw(st.sampled_from(["first_pound", "beyond"])),
        "finance.gain.bands": draw(bands()),
        "finance.loss.bands": draw(bands()),
        "finance.gain.least_score": draw(st.none() | tenths(-1000, 1000)),
        "finance.gain.score_factor": draw(knots(rising=True)),
        "finance.loss.score_factor": draw(knots(rising=False)),
        "finance.gain.levy_factor": draw(st.none() | tenths(0, 10)),
        "finance.gain.cap_pct_of_target": draw(st.none() | tenths(0, 100)),
        "finance.loss.cap_pct_of_target": draw(st.none() | tenths(0, 100)),
        "finance.loss.cap_of_revenue": draw(st.none() | st.just({"revenue_gbp": Decimal(20_000_000), "pct": 4})),
        "finance.loss.capped_at_fee": draw(st.none() | st.just(True)) if draw(st.booleans()) else None,
        "finance.loss.stop_loss": draw(
            st.none()
            | st.fixed_dictionaries(
                {"pct_of_turnover": tenths(0, 20), "excess_to": st.sampled_from(["commissioner", "other_members"])}
            )
        ),
        "finance.target_cost.0.loss_relief_gbp": draw(st.none() | st.integers(0, 10**6).map(Decimal)),
        "finance.target_cost.0.trend": draw(st.none() | st.just(Decimal("1.031"))),
        "finance.target_cost.0.adjustments": draw(
            st.none() | st.just([{"reason": "x", "amount_gbp": Decimal("-10.55")}])
        ),
        "finance.actual_cost.completion_factor": draw(st.none() | st.just(Decimal("1.007"))),
        "finance.advances_recouped": True,
        "scoring.between_levels": draw(st.sampled_from(["linear", "stepped"])),
    }
    if not shared:
        changes = {path: value for path, value in changes.items() if not path.startswith("finance.")}
    elif draw(st.integers(0, 9)) == 0:
        changes = {path: value for path, value in changes.items() if not path.startswith("finance.loss")}
        changes["finance.loss"] = None
    return waived_terms(changes)


VALUES = tenths(3000, 5800)
PENCE = st.integers(0, 2 * TARGET) | st.integers(TARGET * 9 // 10, TARGET * 11 // 10)


def total(made: Settlement) -> int:
    return sum(posting.amount_pence for posting in made.postings)


@CASES
@given(agreements(), VALUES, PENCE)
def test_1_4_14_conservation_caps_and_evidence(terms: Terms, value: Decimal, pence: int) -> None:
    """Lines and residue are the posting; every cap holds after the levy; each posting has its saving step."""
    made = settle_simply(terms, value, pence)
    (posting,) = made.postings
    assert sum(line.amount_pence for line in made.member_lines) == posting.amount_pence
    assert made.step("saving").exact == terms.target_pounds(terms.target(PERIOD)) - made.step("actual_cost").exact
    target, gain, loss = made.step("target_cost").exact, terms.finance.gain, terms.finance.loss
    if posting.line == "gain":
        assert posting.amount_pence >= 0
        if gain.cap_pct_of_target is not None:
            assert posting.amount_pence <= round_half_up(exact(gain.cap_pct_of_target) * target)
    else:
        assert posting.amount_pence <= 0
        assert loss is not None
        if loss.cap_pct_of_target is not None:
            assert -posting.amount_pence <= round_half_up(exact(loss.cap_pct_of_target) * target)
        if loss.cap_of_revenue is not None:
            assert -posting.amount_pence <= 80_000_000
        if loss.capped_at_fee:
            assert posting.amount_pence == 0  # this book holds no fee
        for member, cap in member_caps(terms).items():
            assert -{line.member_id: line.amount_pence for line in made.member_lines}[member] <= cap
    extremes = party_extremes(terms, PERIOD)
    bound = extremes[made.member_lines[0].member_id]
    assert made.member_lines[0].amount_pence <= (bound.greatest_gain_pence or 0) + 1
    if bound.greatest_loss_pence is not None and (loss is None or loss.stop_loss is None):
        assert -made.member_lines[0].amount_pence <= bound.greatest_loss_pence + 1


@FEWER
@given(
    agreements(),
    VALUES,
    st.integers(TARGET * 12 // 10, 2 * TARGET),
    st.lists(st.integers(0, 10**6), min_size=5, max_size=5),
    tenths(0, 20),
    st.sampled_from(["commissioner", "other_members"]),
)
def test_4_no_member_bears_more_than_its_stop_loss(
    terms: Terms, value: Decimal, pence: int, turnovers: list[int], pct: Decimal, excess_to: str
) -> None:
    """An overspend of a fifth of the target or more, shared by members so small that it always meets their stop-loss."""
    data = terms.model_dump(mode="python", exclude_none=True)
    stop_loss = {"pct_of_turnover": pct, "excess_to": excess_to}
    data["finance"]["loss"] = {"bands": [{"rate_pct": Decimal(50)}], "stop_loss": stop_loss}
    for member, turnover in zip(data["parties"]["members"], turnovers, strict=True):
        member["turnover_gbp"] = Decimal(turnover)
    made = settle_simply(Terms.model_validate(data), value, pence)
    borne = {line.member_id: -line.amount_pence for line in made.member_lines}
    (posting,) = made.postings
    assert posting.line == "loss"
    assert sum(borne.values()) == -posting.amount_pence > 0
    for member, turnover in zip(data["parties"]["members"], turnovers, strict=True):
        assert 0 <= borne[member["id"]] <= turnover * pct
    assert borne[RESIDUE] > 0, "what nobody may bear is the commissioner's"


@FEWER
@given(agreements(), VALUES, PENCE, st.integers(0, 2**32))
def test_2_order_does_not_matter(terms: Terms, value: Decimal, pence: int, seed: int) -> None:
    """Rows and parties in any order give the same bytes."""
    chance = random.Random(seed)
    made = settle_simply(terms, value, pence)
    data = terms.model_dump(mode="python", exclude_none=True)
    members = list(data["parties"]["members"])
    chance.shuffle(members)
    data["parties"]["members"] = members
    turned = Terms.model_validate(data)
    assert turned.terms_hash == terms.terms_hash
    book, returns = (
        ledger_rows(terms, pence),
        [kpi_row(terms, value=value), kpi_row(terms, value=value, period_id="2024-25-q2")],
    )
    chance.shuffle(book)
    chance.shuffle(returns)
    again = settle(turned, PERIOD, returns, book, gate_for(turned))
    assert again.settlement_id == made.settlement_id
    assert again.member_lines == made.member_lines


@CASES
@given(agreements(), VALUES, VALUES, PENCE, PENCE)
def test_3_spending_less_and_doing_better_never_cost(
    terms: Terms, value: Decimal, other: Decimal, pence: int, less: int
) -> None:
    """CNI-06: spending less never pays less; a better score never pays less nor owes more."""
    pence, less = max(pence, less), min(pence, less)
    worse, better = max(value, other), min(value, other)  # low is better
    assert total(settle_simply(terms, value, less)) >= total(settle_simply(terms, value, pence))
    assert total(settle_simply(terms, better, pence)) >= total(settle_simply(terms, worse, pence))


@CASES
@given(
    bands(),
    tenths(0, 50),
    st.sampled_from(["first_pound", "beyond"]),
    st.none() | tenths(0, 100),
    st.integers(0, TARGET),
)
def test_5_gain_and_loss_of_the_same_size_are_opposite(
    agreed: list[dict[str, Decimal]], least: Decimal, shared_from: str, cap: Decimal | None, size: int
) -> None:
    terms = quick_terms(
        {
            "finance.gain": {"bands": agreed} | ({} if cap is None else {"cap_pct_of_target": cap}),
            "finance.loss": {"bands": agreed} | ({} if cap is None else {"cap_pct_of_target": cap}),
            "finance.corridor": {"least_saving_pct": least, "least_loss_pct": least, "shared_from": shared_from},
        }
    )
    gain, loss = settle_simply(terms, pence=TARGET - size), settle_simply(terms, pence=TARGET + size)
    assert total(gain) == -total(loss)
    assert [line.amount_pence for line in gain.member_lines] == [-line.amount_pence for line in loss.member_lines]


@CASES
@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=6, unique=True),
    st.lists(st.integers(-500, 500), min_size=6, max_size=6),
    st.booleans(),
    st.booleans(),
    st.fractions(-2 * 10**6, 2 * 10**6),
    st.fractions(-2 * 10**6, 2 * 10**6),
)
def test_6_a_curve_is_monotone_within_its_knots(
    places: list[int], heights: list[int], rising: bool, stepped: bool, x: Fraction, other: Fraction
) -> None:
    ordered = sorted(heights[: len(places)], reverse=not rising)
    curve = Curve.through(
        ((Fraction(place), Fraction(height)) for place, height in zip(sorted(places), ordered, strict=True)),
        stepped=stepped,
    )
    low, high = curve.at(min(x, other)), curve.at(max(x, other))
    assert curve.worst <= min(low, high) <= max(low, high) <= curve.best
    assert low <= high if rising else low >= high
    assert all(curve.at(place) == height for place, height in curve.knots)
    assert curve.never_falls if rising else curve.never_rises


@FEWER
@given(agreements(), VALUES, PENCE, st.dictionaries(st.sampled_from(MEMBERS), st.integers(0, 10**9), min_size=1))
def test_7_advances_are_recouped_and_carried(
    terms: Terms, value: Decimal, pence: int, balances: Mapping[str, int]
) -> None:
    advances = [
        {"agreement_id": terms.id, "member_id": member, "balance_pence": balance}
        for member, balance in balances.items()
    ]
    made = settle_simply(terms, value, pence, advances=advances)
    parts = {(line.line, line.member_id): line.amount_pence for line in made.member_lines}
    for member, carried in made.carried_pence:
        recouped = -parts.get(("recoup", member), 0)
        assert recouped + carried == balances[member]
        assert min(recouped, carried) >= 0
        if recouped:
            assert parts["gain", member] - recouped >= 0
    assert sum(amount for (line, _), amount in parts.items() if line == "recoup") == sum(
        posting.amount_pence for posting in made.postings if posting.line == "recoup"
    )


@FEWER
@given(
    agreements(),
    st.lists(st.tuples(VALUES, PENCE, st.booleans()), min_size=2, max_size=4),
    st.dictionaries(st.sampled_from(MEMBERS), st.integers(0, 10**9), min_size=1),
)
def test_7_recouped_and_carried_are_the_balance_however_often_it_is_restated(
    terms: Terms, cuts: list[tuple[Decimal, int, bool]], balances: Mapping[str, int]
) -> None:
    """Restated, withheld, restated back: at every point what the ledger recouped and what is carried are the balance."""
    advances = [
        {"agreement_id": terms.id, "member_id": member, "balance_pence": balance}
        for member, balance in balances.items()
    ]
    posted: list[dict[str, Any]] = []
    recouped = dict.fromkeys(balances, 0)
    for value, pence, withheld in [*cuts, (*cuts[0][:2], False)]:
        waits = {"settlement": ("withhold", "", None)} if withheld else None
        made = settle_simply(terms, value, pence, waits, advances=advances, prior=posted)
        posted += made.posting_rows()
        for line in made.member_lines:
            if line.line == "recoup" and line.member_id in recouped:
                recouped[line.member_id] -= line.amount_pence
        assert {member: balance - recouped[member] for member, balance in balances.items()} == dict(made.carried_pence)
        assert all(made.step(f"recoup.{member}").exact == -pence for member, pence in recouped.items())
        assert all(0 <= taken <= balances[member] for member, taken in recouped.items())


@FEWER
@given(
    agreements(),
    st.lists(st.tuples(VALUES, PENCE), min_size=2, max_size=4),
    st.dictionaries(st.sampled_from(MEMBERS), st.integers(0, 10**9)),
)
def test_8_restating_posts_differences(
    terms: Terms, cuts: list[tuple[Decimal, int]], balances: Mapping[str, int]
) -> None:
    """The ledger sums to the latest settlement, line by line and member by member; the same cut posts nothing."""
    advances = [
        {"agreement_id": terms.id, "member_id": member, "balance_pence": balance}
        for member, balance in balances.items()
    ]
    posted: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for value, pence in cuts:
        made = settle_simply(terms, value, pence, advances=advances, prior=posted)
        if posted and made.postings:
            assert made.supersedes == posted[-1]["settlement_id"]
        posted += made.posting_rows()
        lines += made.member_rows()
        again = settle_simply(terms, value, pence, advances=advances, prior=posted)
        assert again.postings == ()
        assert again.member_lines == ()
    value, pence = cuts[-1]
    alone = settle_simply(terms, value, pence, advances=advances)

    def sums(rows: list[dict[str, Any]], *keys: str) -> dict[tuple[Any, ...], int]:
        found: dict[tuple[Any, ...], int] = {}
        for row in rows:
            place = tuple(row[key] for key in keys)
            found[place] = found.get(place, 0) + row["amount_pence"]
        return {place: amount for place, amount in found.items() if amount}

    assert sums(posted, "line") == sums(alone.posting_rows(), "line")
    assert sums(lines, "line", "member_id") == sums(alone.member_rows(), "line", "member_id")


@FEWER
@given(
    agreements(),
    VALUES,
    PENCE,
    st.sampled_from(
        [
            ("forfeit", "party_did_not_report", "settlement"),
            ("withhold", "", "D1"),
            ("withhold", "", "settlement"),
            ("neutral", "definition_withdrawn", "settlement"),
            ("neutral", "definition_withdrawn", "D1"),
        ]
    ),
)
def test_9_10_no_gain_on_what_is_not_proved(
    terms: Terms, value: Decimal, pence: int, fault: tuple[str, str, str]
) -> None:
    """Forfeit or withhold: no positive posting. Neutral: the value does not matter."""
    action, cause, scope = fault
    made = settle_simply(terms, value, pence, {scope: (action, cause, None)})
    assert total(made) <= 0
    assert all(line.amount_pence <= 0 for line in made.member_lines)
    if action == "withhold":
        assert (made.status, total(made)) == ("withheld", 0)
    if action == "neutral":
        other = settle_simply(terms, Decimal(300), pence, {scope: (action, cause, None)})
        assert total(other) == total(made) == 0


@FEWER
@given(agreements(), VALUES, PENCE)
def test_9_15_a_forfeited_kpi_never_helps(terms: Terms, value: Decimal, pence: int) -> None:
    """A party that does not report is never better off than with any value it could have reported."""
    forfeited = settle_simply(terms, value, pence, {"D1": ("forfeit", "party_did_not_report", None)})
    assert total(forfeited) <= total(settle_simply(terms, value, pence))
    assert forfeited.score == render(exact(terms.scoring.level_points.failure))


@FEWER
@given(VALUES)
def test_stepped_points_are_those_of_the_level_reached(value: Decimal) -> None:
    """CNI-01: low or high, a stepped curve gives the points of exactly the level the published value reaches."""
    for polarity in ("low", "high"):
        numbers = [Decimal(530), Decimal(505), Decimal("478.6"), Decimal(430), Decimal(340)]
        levels = dict(zip(LEVELS, numbers if polarity == "low" else reversed(numbers), strict=True))
        terms = quick_terms(
            {
                "scoring.between_levels": "stepped",
                "framework.kpis.0.levels": levels,
                "framework.kpis.0.polarity": polarity,
            }
        )
        kpi = terms.paid_kpis[0]
        assert kpi.levels is not None
        for at in (value, *numbers):
            level = level_of(at, kpi.levels, polarity)
            points = getattr(terms.scoring.level_points, level)
            assert terms.curve(kpi).at(exact(at)) == points
            assert settle_simply(terms, at).score == points


@pytest.mark.parametrize("polarity", ["low", "high"])
def test_levels_are_reached_exactly_at_their_knot(polarity: str) -> None:
    """CNI-01, CNI-02: boundaries in both directions; game-breaking off the known scale is a level like the others."""
    numbers = [Decimal(whole) for whole in (10, 20, 30, 40, 1000)]
    if polarity == "low":
        numbers.reverse()
    levels = Levels(**dict(zip(LEVELS, numbers, strict=True)))
    worse = Decimal("-0.1") if polarity == "high" else Decimal("0.1")
    for index, number in enumerate(numbers):
        assert level_of(number, levels, polarity) == LEVELS[index]
        assert level_of(number - worse, levels, polarity) == LEVELS[index]
        assert level_of(number + worse, levels, polarity) == LEVELS[max(index - 1, 0)]


def _two_kpis() -> Terms:
    second = dict(quick_terms({}).model_dump(mode="python", exclude_none=True)["framework"]["kpis"][0])
    second |= {"id": "D1b", "weight": Decimal(30), "indicator_id": "other"}
    return quick_terms({"framework.kpis.0.weight": Decimal(70), "framework.kpis.1": second})


@FEWER
@given(VALUES, VALUES, PENCE)
def test_weights_live_and_withheld(value: Decimal, other: Decimal, pence: int) -> None:
    """Neutral leaves Q to the others; withheld keeps its weight at the worst score; too little live withholds."""
    terms = _two_kpis()
    rows = [kpi_row(terms, "D1", value), kpi_row(terms, "D1b", other)]
    book = ledger_rows(terms, pence)

    def run(actions: Mapping[str, tuple[str, str, Decimal | None]]) -> Settlement:
        return settle(terms, PERIOD, rows, book, gate_for(terms, actions))

    first, second = (run({}).step(f"score.{kpi}").exact for kpi in ("D1", "D1b"))
    assert run({}).step("overall_score").exact == (70 * first + 30 * second) / 100
    neutral = run({"D1b": ("neutral", "definition_withdrawn", None)})
    assert neutral.step("overall_score").exact == first
    assert neutral.status == "shadow"
    withheld = run({"D1b": ("withhold", "", None)})
    assert withheld.step("overall_score").exact == (70 * first - 3000) / 100
    assert withheld.status == "shadow"
    assert run({"D1": ("withhold", "", None)}).status == "withheld"
    assert total(withheld) <= total(run({}))


@FEWER
@given(agreements(), VALUES, PENCE)
def test_11_13_same_inputs_same_bytes_and_no_float(terms: Terms, value: Decimal, pence: int) -> None:
    made, again = settle_simply(terms, value, pence), settle_simply(terms, value, pence)
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


@pytest.mark.parametrize("where", ["value", "amount"])
def test_13_a_float_is_refused(where: str) -> None:
    terms = quick_terms({})
    row, book = kpi_row(terms), ledger_rows(terms)
    if where == "value":
        row["value"] = 453.1
    else:
        book[0]["amount_pence"] = float(book[0]["amount_pence"])
    with pytest.raises(Refused):
        settle(terms, PERIOD, [row], book, gate_for(terms))
    with pytest.raises(TypeError):
        exact(1.5)


@CASES
@given(tenths(1, 50), st.sampled_from(["first_pound", "beyond"]))
def test_12_exactly_the_least_saving_pays(least: Decimal, shared_from: str) -> None:
    terms = quick_terms(
        {"finance.corridor": {"least_saving_pct": least, "least_loss_pct": least, "shared_from": shared_from}}
    )
    edge = int(TARGET * least / 100)
    assert edge * 100 == TARGET * least
    for sign in (1, -1):
        at = settle_simply(terms, pence=TARGET - sign * edge).step("pool").exact
        below = settle_simply(terms, pence=TARGET - sign * (edge - 1)).step("pool").exact
        beyond = settle_simply(terms, pence=TARGET - sign * (edge + 100)).step("pool").exact
        assert at == (sign * Fraction(edge, 100) if shared_from == "first_pound" else 0)
        assert below == 0
        assert sign * beyond > 0


@FEWER
@given(agreements(), VALUES, PENCE, st.integers(0, 2**32))
def test_16_17_18_cost_moved_between_members_changes_nothing(
    terms: Terms, value: Decimal, pence: int, seed: int
) -> None:
    """CNI-23: only the alliance's cost and agreed shares count. Gain is a line of its own: base pay is not in it."""
    chance = random.Random(seed)
    cuts = sorted(chance.randint(0, pence) for _ in range(4))
    moved = dict(
        zip(MEMBERS, (right - left for left, right in zip([0, *cuts], [*cuts, pence], strict=True)), strict=True)
    )
    made, other = settle_simply(terms, value, pence), settle_simply(terms, value, moved)
    assert made.posting_rows()[0]["amount_pence"] == other.posting_rows()[0]["amount_pence"]
    assert [line.amount_pence for line in made.member_lines] == [line.amount_pence for line in other.member_lines]
    assert {posting.line for posting in made.postings} <= {"gain", "loss"}


@CASES
@given(
    st.integers(-(10**12), 10**12),
    st.dictionaries(st.sampled_from("abcdefgh"), st.fractions(0, 1000), min_size=1),
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10**11)),
    st.booleans(),
)
def test_allocation_adds_up_and_keeps_caps(
    pence: int, weights: dict[str, Fraction], caps: dict[str, int], refill: bool
) -> None:
    if not any(weights.values()):
        weights["a"] = Fraction(1)
    found = allocate(pence, weights, caps, refill=refill)
    assert sum(found.parts.values()) + found.residue == pence
    assert all(abs(part) <= caps.get(member, abs(part)) for member, part in found.parts.items())
    assert all(part * pence >= 0 for part in [*found.parts.values(), found.residue])
    assert found.residue == 0 or found.capped
    if refill and found.residue:
        assert all(weights[member] == 0 or abs(found.parts[member]) == caps[member] for member in weights)
    free = {member: part for member, part in found.parts.items() if member not in caps}
    for member, part in free.items():
        if not refill:
            assert abs(abs(part) - abs(pence) * weights[member] / sum(weights.values())) < 1


def test_largest_remainder_of_the_oracle_vectors(shared: Any) -> None:
    import json

    vectors = [
        vector
        for vector in json.loads((shared / "oracles/settlement/vectors.json").read_text())
        if vector["fn"] == "allocate"
    ]
    assert vectors
    for vector in vectors:
        weights = {f"m{index:02d}": Fraction(str(weight)) for index, weight in enumerate(vector["input"]["weights"])}
        total_pence = vector["input"]["total"]
        sign = -1 if total_pence < 0 else 1
        assert [sign * part for part in share_out(abs(total_pence), weights).values()] == vector["expected"], vector[
            "id"
        ]


@CASES
@given(st.fractions())
def test_digits_and_pence_of_a_fraction(value: Fraction) -> None:
    shown = render(value)
    assert abs(Fraction(shown) - value) <= abs(value) / 10**27
    assert abs(round_half_up(value) - value) <= Fraction(1, 2)
    assert round_half_up(-value) == -round_half_up(value)
    assert round_half_up(Fraction(5, 2)) == 3
