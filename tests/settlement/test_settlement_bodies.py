"""One body in two roles, such as a council that commissions and provides: who could gain, and whose vote counts."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from settlement_world import PERIOD, SIGNED, log_for
from top_up_world import changed, greenwich, log_with, problems_with, recorded_in, recording

from settlement.approvals import found_agreement, terms_approved
from settlement.decisions import append_record, key_from_seed, public_key_text, read_log
from settlement.terms import Terms

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


def _approved(terms: Terms, log: bytes) -> tuple[str, ...]:
    return terms_approved(read_log(log), terms, PERIOD).reasons


BOTH = ("council", PROVIDER)


def _hand(party: str) -> Ed25519PrivateKey:
    """The key one person signs with for both roles of the council; everybody else has the one of the founded log."""
    return key_from_seed(b"one hand" if party in BOTH else b"test", party)


def _signed_by_one_hand(terms: Terms) -> bytes:
    """A founded log whose second council role votes by the approver of the first, before its own signatory does."""
    whole = log_for(terms)
    records = read_log(whole)
    first = next(record for record in records if record.kind == "terms_voted")
    log = b"".join(line + b"\n" for line in whole.split(b"\n")[: first.sequence - 1])
    approver = SIGNED["approver"]
    since = {"valid_from": "2024-03-20", "valid_to": "2026-03-31", "delegated_by": "board"}
    more: list[tuple[str, str, dict[str, Any]]] = [
        (
            "authority_delegated",
            party,
            {"approver": approver, "public_key": public_key_text(_hand(party)), **since},
        )
        for party in BOTH
    ]
    more += [
        (
            "terms_voted",
            party,
            {"approver": approver, "terms_hash": terms.terms_hash, "vote": "approve", "conflicts": []},
        )
        for party in terms.approver_ids
    ]
    for kind, signer, body in more:
        log += append_record(
            log,
            agreement_id=terms.id,
            kind=kind,
            signer=signer,
            signed_at="2024-03-21T10:00:00Z",
            place="Greenwich",
            body=body,
            key=key_from_seed(b"test", signer) if kind == "authority_delegated" else _hand(signer),
        )
    return log


def test_two_roles_of_one_body_have_two_signatories() -> None:
    assert _approved(TERMS, log_for(TERMS)) == ()
    reasons = _approved(TERMS, _signed_by_one_hand(TERMS))
    assert reasons == (
        f"{SIGNED['approver']} signed for council and for {PROVIDER}, two roles of council: a body with two roles has two "
        "signatories",
    )
    # two bodies may have officers of the same title
    assert _approved(greenwich(), _signed_by_one_hand(greenwich())) == ()


def test_a_founded_log_names_a_signatory_for_each_role_of_a_body() -> None:
    keys = {party: key_from_seed(b"test", party) for party in TERMS.party_ids}
    votes = {
        record.signer: record.body["approver"]
        for record in read_log(found_agreement(TERMS, keys, **SIGNED))
        if record.kind == "terms_voted"
    }
    assert len({votes["council"], votes[PROVIDER], SIGNED["approver"]}) == 3
    assert votes["youth-charity"] == SIGNED["approver"]


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


def test_one_hand_votes_no_award_for_two_roles() -> None:
    log = _signed_by_one_hand(TERMS)
    said = {"terms_hash": TERMS.terms_hash, "vote": "approve", "conflicts": [], "outcome": "One", "amount_pence": "100"}
    body = {"approver": SIGNED["approver"], "period_id": PERIOD, **said}
    for party in TERMS.approver_ids:
        log += append_record(
            log, agreement_id=TERMS.id, kind="award_voted", signer=party, signed_at="2025-05-01T09:00:00Z",
            place="Greenwich", body=body, key=_hand(party),
        )  # fmt: skip
    assert recorded_in(TERMS, log).awards == ()
    plain = greenwich()
    log = log_with(plain, [("One", 100, plain.approver_ids)])
    assert len(recorded_in(plain, log).awards) == 1


def test_a_body_is_no_part_of_what_was_agreed_without_one() -> None:
    assert changed({}).terms_hash != TERMS.terms_hash
    assert "body" not in greenwich().model_dump(exclude_none=True)["parties"]["members"][0]
