"""What went before, by hand: the chain of earlier postings, advances, what is held back and taken back, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from settlement_world import PERIOD, quick_terms
from top_up_world import greenwich

from foundation.errors import Refused
from settlement.allocate import Allocation
from settlement.postings import share_lines
from settlement.restate import (
    Prior,
    read_advances,
    read_prior,
    share_before,
    take_amounts,
    take_held_back,
    take_recoup,
    take_standing_recoup,
)
from settlement.statement import Given, Statement

TERMS = quick_terms({"finance.advances_recouped": True})
TOP_UP = greenwich()
SMALL = ("community-link-charity", "youth-charity")


def row(settlement: str, pence: Any, supersedes: str = "", **changes: Any) -> dict[str, Any]:
    plain = {"agreement_id": TERMS.id, "period_id": PERIOD, "line": "gain", "status": "shadow"}
    return {**plain, "settlement_id": settlement, "amount_pence": pence, "supersedes": supersedes, **changes}


def test_a_chain_of_postings_adds_up() -> None:
    """100 gained, 30 of it taken back, then a loss of 5: the last settlement is the one superseded next."""
    rows = [row("a", 100), row("b", -30, "a"), row("c", -70, "b"), row("c", -5, "b", line="loss")]
    for order in (rows, rows[::-1]):
        prior = read_prior(TERMS, PERIOD, order)
        assert prior == Prior({"gain": 0, "loss": -5, "recoup": 0}, "c", True)


def test_postings_of_others_are_not_restated() -> None:
    others = [row("x", 7, agreement_id="elsewhere"), row("y", 7, period_id="2025-26")]
    assert read_prior(TERMS, PERIOD, others) is None
    assert read_prior(TERMS, PERIOD, []) is None
    assert read_prior(TERMS, PERIOD, [*others, row("a", 3)]) == Prior({"gain": 3, "loss": 0, "recoup": 0}, "a", True)


def test_whether_anything_ever_moved() -> None:
    still = row("a", 0, status="withheld")
    assert read_prior(TERMS, PERIOD, [still]) == Prior({"gain": 0, "loss": 0, "recoup": 0}, "a", False)
    moved = read_prior(TERMS, PERIOD, [still, row("b", 4, "a")])
    assert moved == Prior({"gain": 4, "loss": 0, "recoup": 0}, "b", True)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([row("a", 0, line="bonus")], "cannot be restated"),
        ([row("a", "1")], "cannot be restated"),
        ([row("a", True)], "cannot be restated"),
        ([row("a", 1), row("a", 1)], "cannot be restated"),
        ([row("a", 1, status="payable")], "cannot be restated"),
        ([row("a", 1, status="withheld")], "withheld and yet has an amount"),
        ([row("a", -1, status="withheld")], "withheld and yet has an amount"),
        ([row("a", 1), row("b", 1, "a"), row("b", 1, "c", line="loss")], "supersedes two others"),
        ([row("a", 1, "z")], "one chain"),  # what it supersedes is not given
        ([row("a", 1, "a")], "one chain"),
        ([row("a", 1), row("b", 1)], "one chain"),  # two beginnings
        ([row("a", 1), row("b", 1, "a"), row("c", 1, "a")], "one chain"),  # two ends
        ([row("a", 1), row("b", 1, "c"), row("c", 1, "b")], "one chain"),  # one end, and two in a circle
        ([row("a", 1), row("b", 1, "a"), row("c", 1, "z")], "one chain"),
        ([row("b", 1, "c"), row("c", 1, "b"), row("d", 1, "b")], "one chain"),  # no beginning
    ],
)
def test_what_is_no_chain(rows: Sequence[Mapping[str, Any]], words: str) -> None:
    with pytest.raises(Refused, match=words):
        read_prior(TERMS, PERIOD, rows)


def advance(member: str, pence: Any, agreement: str = TERMS.id) -> dict[str, Any]:
    return {"agreement_id": agreement, "member_id": member, "balance_pence": pence}


def test_advances_by_member() -> None:
    """A balance of nought is a balance."""
    rows = [advance("acute-trust", 5), advance("city-council", 0)]
    assert read_advances(TERMS, rows) == {"acute-trust": 5, "city-council": 0}
    assert read_advances(TERMS, []) == {}
    assert read_advances(quick_terms({}), []) == {}
    assert read_advances(TOP_UP, [advance(member, 9, TOP_UP.id) for member in SMALL]) == dict.fromkeys(SMALL, 9)


@pytest.mark.parametrize(
    "rows",
    [
        [advance("somebody", 5)],
        [advance("acute-trust", -1)],
        [advance("acute-trust", Decimal(5))],
        [advance("acute-trust", None)],
        [advance("acute-trust", 5), advance("acute-trust", 5)],
    ],
)
def test_advances_that_cannot_be_recouped(rows: Sequence[Mapping[str, Any]]) -> None:
    with pytest.raises(Refused, match="cannot be recouped"):
        read_advances(TERMS, rows)


def test_advances_the_terms_do_not_know() -> None:
    with pytest.raises(Refused, match="know no advances"):
        read_advances(quick_terms({}), [advance("acute-trust", 5)])
    with pytest.raises(Refused, match="give no advance to gp-federation"):
        read_advances(TOP_UP, [advance("gp-federation", 5, TOP_UP.id), advance("youth-charity", 5, TOP_UP.id)])


def test_what_is_held_back_as_steps() -> None:
    """£5,000 agreed; of a top-up of £4,000 all of it; a member that would owe pays nothing for having stayed away."""
    statement = Statement(TOP_UP.id, PERIOD)
    parts = {"gp-federation": 900_000, "youth-charity": 400_000, "community-link-charity": -7}
    take_held_back(statement, TOP_UP, Allocation(parts, 0, frozenset()), ["youth-charity", "gp-federation"])
    take_held_back(statement, TOP_UP, Allocation(parts, 0, frozenset()), ["community-link-charity"])
    found = {step.step_id: step.exact for step in statement.steps}
    assert found == {
        "condition.gp-federation": -500_000,
        "condition.youth-charity": -400_000,
        "condition.community-link-charity": 0,
    }
    assert [step.step_number for step in statement.steps] == [1, 2, 3]
    without = Statement(TOP_UP.id, PERIOD)
    plain = greenwich({"finance.top_up.learning_and_development": None})
    take_held_back(without, plain, Allocation(parts, 0, frozenset()), list(parts))
    assert without.steps == ()


def test_what_is_taken_back_as_steps() -> None:
    """Top-up 900, 400 held back, 100 owed on activity: 400 can be taken back; of an advance of 250, that."""
    for balance, back in ((1_000, 400), (250, 250), (0, 0)):
        statement = Statement(TOP_UP.id, PERIOD)
        statement.step("condition.youth-charity", "x", "-400", {}, "pence", "terms:finance")
        now = {
            "top_up": Allocation({"youth-charity": 900}, 0, frozenset()),
            "activity": Allocation({"youth-charity": -100}, 0, frozenset()),
            "bonus": Allocation({"youth-charity": 50}, 0, frozenset()),
        }
        take_recoup(statement, TOP_UP, now, {"youth-charity": balance})
        step = statement["recoup.youth-charity"]
        assert step.exact == -back
        assert step.formula == "-min(max(top_up_part + held_back + activity_owed, 0), balance)"
        assert step.terms_reference == "terms:finance.top_up.advances"


def test_what_is_taken_back_out_of_gain() -> None:
    """Nothing is held back from a gain, whatever is held back from a top-up beside it; a member that owes pays nothing."""
    statement = Statement(TERMS.id, PERIOD)
    statement.step("condition.acute-trust", "x", "-400", {}, "pence", "terms:finance")
    parts = {"acute-trust": 900, "city-council": 20, "county-council": 30}
    owed = {"acute-trust": 0, "city-council": -20, "county-council": -31}
    now = {"gain": Allocation(parts, 0, frozenset()), "loss": Allocation(owed, 0, frozenset())}
    take_recoup(statement, TERMS, now, dict.fromkeys(parts, 1_000))
    assert {member: statement[f"recoup.{member}"].exact for member in parts} == {
        "acute-trust": -900,
        "city-council": 0,
        "county-council": 0,
    }
    assert statement["recoup.acute-trust"].terms_reference == "terms:finance.advances_recouped"
    standing = Statement(TERMS.id, PERIOD)
    take_standing_recoup(standing, TERMS, Allocation({"acute-trust": -7}, 0, frozenset()), {"acute-trust": 9})
    assert standing["recoup.acute-trust"].exact == -7


def _posted(statement: Statement, name: str, pence: int) -> Any:
    given = Given(Fraction(pence), "pence", "terms:finance")
    return statement.step(f"{name}_posted", "x", "amount", {"amount": given}, "pence", "terms:finance")


def test_the_first_settlement_posts_its_own_lines() -> None:
    statement = Statement(TERMS.id, PERIOD)
    posted = {"gain": _posted(statement, "gain", 0)}
    for totals, moved, amounts in (
        ({"gain": 0}, (), {"gain": 0}),
        ({"gain": 0, "recoup": -5}, (), {"gain": 0, "recoup": -5}),
        ({"gain": 0, "recoup": 1}, (), {"gain": 0, "recoup": 1}),
        ({"gain": 0, "recoup": 0}, ("recoup",), {"gain": 0, "recoup": 0}),
    ):
        made = take_amounts(statement, TERMS, totals, None, posted, moved, withheld=True)
        assert made == amounts


def test_a_restatement_posts_differences() -> None:
    """90 instead of 100, and 40 taken back instead of 41; a loss whose parts alone move is posted as nought."""
    prior = Prior({"gain": 100, "loss": 0, "recoup": -41}, "a", True)
    statement = Statement(TERMS.id, PERIOD)
    posted = {"gain": _posted(statement, "gain", 90)}
    totals = {"gain": 90, "recoup": -40}
    assert take_amounts(statement, TERMS, totals, prior, posted, ("loss",), withheld=False) == {
        "gain": -10,
        "loss": 0,
        "recoup": 1,
    }
    assert statement["difference.gain"].formula == "new - posted_before"
    same = Statement(TERMS.id, PERIOD)
    assert take_amounts(same, TERMS, prior.totals, prior, {}, (), withheld=False) == {}
    assert take_amounts(same, TERMS, totals, prior, {}, ("loss",), withheld=True) == {}


def test_what_was_held_back_before_follows_from_one_of_the_absences_known() -> None:
    """The first that explains what was posted is it; none is refused, and so is a recoup that does not follow."""
    absences: tuple[tuple[str, ...], ...] = ((), ("youth-charity",), ("youth-charity", "gp-federation"))
    balances = dict.fromkeys(SMALL, 100_000)
    for absent in absences:
        shared = share_lines(TOP_UP, {"top_up": 100_000_000}, balances, absent)
        totals = {line: sum(one.parts.values()) for line, one in shared.items()}
        assert totals["condition"] == -500_000 * len(absent)
        assert share_before(TOP_UP, Prior(totals, "a", True), balances, absences) == shared
        with pytest.raises(Refused, match="the earlier recoup does not follow"):
            share_before(TOP_UP, Prior({**totals, "recoup": totals["recoup"] + 1}, "a", True), balances, absences)
        with pytest.raises(Refused, match="does not follow from the decision log"):
            share_before(TOP_UP, Prior({**totals, "condition": -1}, "a", True), balances, absences)
