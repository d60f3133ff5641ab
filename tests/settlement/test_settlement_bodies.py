"""One body in two roles, such as a council that commissions and provides: who could gain, and whose vote counts."""

from __future__ import annotations

from typing import Any

import pytest
from top_up_world import changed, greenwich, log_with, problems_with, recorded_in, recording

# The council pays, and a council role provides leisure and healthy living.
TWO_ROLES: dict[str, Any] = {"parties.members.2.body": "council"}
TERMS = greenwich(TWO_ROLES)
PROVIDER = "healthy-living-trust"


def test_a_body_gains_in_each_of_its_roles() -> None:
    assert TERMS.body_of("council") == TERMS.body_of(PROVIDER) == "council"
    plain = greenwich()
    for action, before, now in (
        ("forfeit", (True, False), (True, True)),
        ("deem", (False, True), (True, True)),
        ("neutral", (True, True), (True, True)),
    ):
        assert tuple(plain.gains_from(role, action) for role in ("council", PROVIDER)) == before
        assert tuple(TERMS.gains_from(role, action) for role in ("council", PROVIDER)) == now
    assert not TERMS.gains_from("independent-expert", "neutral")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"parties.independents.0.body": "youth-charity"}, "`independent-expert` could gain from `deem`"),
        ({"parties.independents.0.body": "council"}, "could gain and may not record who did not take part"),
        ({**TWO_ROLES, "gate.causes.0.recorded_by": [PROVIDER]}, "could gain from `forfeit`"),
        ({"parties.members.5.body": "youth", "parties.members.4.body": "youth"}, "two members, with two votes"),
        ({"parties.members.5.body": "gp-federation"}, "two members, with two votes"),
    ],
)
def test_what_a_role_may_not_its_body_may_not_in_another(changes: dict[str, Any], words: str) -> None:
    problems = problems_with(changes)
    assert any(words in problem.what for problem in problems), problems
    assert all(problem.mend for problem in problems)


def test_who_provides_may_record_a_forfeit_where_it_is_a_body_of_its_own() -> None:
    fine = {"gate.causes.0.recorded_by": [PROVIDER]}
    assert not any("could gain" in problem.what for problem in problems_with(fine))


EVERYBODY = greenwich().approver_ids


def _awards(*awards: tuple[str, int]) -> list[tuple[str, int]]:
    terms = greenwich()
    log = log_with(terms, [(outcome, pence, EVERYBODY) for outcome, pence in awards])
    return [(award.outcome, award.amount_pence) for award in recorded_in(terms, log).awards]


def test_an_award_voted_twice_counts_once() -> None:
    """GRW-56: the last amount everybody approved for an outcome, however it is spaced or capitalised."""
    assert _awards(("Peer group", 100_000), ("Peer group", 100_000)) == [("Peer group", 100_000)]
    assert _awards(("Peer group", 100_000), ("peer  Group ", 100_000)) == [("Peer group", 100_000)]
    assert _awards(("Peer group", 100_000), ("Peer group", 150_000)) == [("Peer group", 150_000)]
    assert _awards(("Peer group", 100_000), ("Peer group", 150_000), ("Peer group", 100_000)) == [
        ("Peer group", 100_000)
    ]
    # £40,000 is the greatest; what it supersedes makes room, another outcome's award does not
    assert _awards(("One", 3_000_000), ("Two", 1_000_000), ("One", 2_500_000), ("Two", 1_600_000)) == [
        ("Two", 1_000_000),
        ("One", 2_500_000),
    ]


def test_one_party_alone_supersedes_no_award() -> None:
    terms = greenwich()
    log = log_with(terms, [("One", 100, EVERYBODY)])
    said = {"terms_hash": terms.terms_hash, "vote": "approve", "conflicts": []}
    log = recording(log, terms, "award_voted", EVERYBODY[0], {"outcome": "One", "amount_pence": "200", **said})
    assert [award.amount_pence for award in recorded_in(terms, log).awards] == [100]


def test_a_body_is_no_part_of_what_was_agreed_without_one() -> None:
    assert changed({}).terms_hash != TERMS.terms_hash
    assert "body" not in greenwich().model_dump(exclude_none=True)["parties"]["members"][0]
