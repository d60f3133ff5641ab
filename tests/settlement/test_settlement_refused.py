"""Seven ways to decide without the right to: each refused with its reason, and each leaves what was decided as it was.

Then who is conflicted on terms and would apply them, assurers who disagree, and challenges determined one by one.
GRW-42, GRW-44, THM-12, THM-13, CNI-13, CNI-16.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

import pytest
from governance_world import CFO, FIRST, Log, figure, live_terms, log_without
from settlement_world import PERIOD, quick_terms

from settlement.approvals import gate_causes, terms_approved
from settlement.certificates import apply_log, settlement_words
from settlement.decision_bodies import PARTS
from settlement.entry_faults import mend_of
from settlement.terms import Terms

ICB, COUNCIL, TRUST, EXPERT = "integrated-care-board", "city-council", "acute-trust", "independent-expert"
SEATS = [ICB, TRUST, COUNCIL, "community-trust", EXPERT]
BOARD = {"id": "board", "name": "Programme board", "seats": SEATS, "quorum": 3, "passes_by": "majority",
         "decides": ["certificate"]}  # fmt: skip
PLAIN = live_terms()
SEATED = live_terms(boards=[BOARD])
BEFORE, AFTER = "2024-03-21", "2024-04-01"  # the period opens on 1 April 2024


class Try(NamedTuple):
    """What somebody signs: kind, party, day, and entries of the body that differ from a vote that would count."""

    kind: str
    party: str
    day: str
    changes: dict[str, Any]


def _body(log: Log, one: Try) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "terms_voted": {"approver": CFO, "terms_hash": log.terms.terms_hash, "vote": "approve", "conflicts": []},
        "board_voted": {"approver": CFO, "board": "board", "subject": FIRST, "vote": "approve", "conflicts": []},
        "settlement_certified": log.certificate(),
    }
    return {**bodies[one.kind], **one.changes}


def _missing_vote() -> Log:
    """All but the city council have agreed."""
    return log_without(PLAIN, COUNCIL)


def _conflicted() -> Log:
    log = _missing_vote()
    log.add("conflict_declared", COUNCIL, "2024-03-20", approver=CFO, terms_hash=PLAIN.terms_hash, conflict="its hub")
    return log


def _expired() -> Log:
    log = _missing_vote()
    log.delegate(COUNCIL, CFO, "2024-03-20", key=COUNCIL, until="2024-03-20")
    return log


def _without_quorum() -> Log:
    log = Log(SEATED)
    for party in (TRUST, COUNCIL, "community-trust"):
        log.add("conflict_declared", party, "2025-05-01", approver=CFO, subject=FIRST, conflict="is paid by it")
    return log


SEVEN: dict[str, tuple[Callable[[], Log], Try, str]] = {
    "n-1": (
        _missing_vote,
        Try("settlement_certified", ICB, "2025-05-01", {}),
        "the terms are not agreed for 2024-25: city-council has not approved",
    ),
    "expired delegation": (
        _expired,
        Try("terms_voted", COUNCIL, BEFORE, {}),
        f"the authority of {CFO} for city-council was not in date on 2024-03-21",
    ),
    "declared conflict": (
        _conflicted,
        Try("terms_voted", COUNCIL, BEFORE, {}),
        f"{CFO} of city-council declared a conflict",
    ),
    "non-member": (
        _missing_vote,
        Try("terms_voted", EXPERT, BEFORE, {}),
        "independent-expert does not approve these terms: "
        "acute-trust, city-council, community-trust, county-council, integrated-care-board, mental-health-trust do",
    ),
    "wrong hash": (
        _missing_vote,
        Try("terms_voted", COUNCIL, BEFORE, {"terms_hash": "e" * 64}),
        "these are other terms than those on file",
    ),
    "late approval": (
        _missing_vote,
        Try("terms_voted", COUNCIL, AFTER, {}),
        "it is too late: 2024-25, the last period of these terms, opened on 2024-04-01",
    ),
    "quorum lost by exclusion": (
        _without_quorum,
        Try("board_voted", EXPERT, "2025-05-02", {}),
        "Programme board cannot decide: 2 of its 5 bodies are left once vacant seats and declared conflicts are taken "
        "out, and its quorum is 3",
    ),
}


@pytest.mark.parametrize("case", SEVEN)
def test_each_of_the_seven_is_refused_with_its_reason(case: str) -> None:
    make, one, reason = SEVEN[case]
    log = make()
    body = _body(log, one)
    assert log.try_(one.kind, one.party, one.day, **body) == reason
    assert not mend_of(reason).startswith("see `outturn")
    # nor does it count where it stands in the log all the same
    log.add(one.kind, one.party, one.day, **body)
    if one.kind == "terms_voted":
        assert not terms_approved(log.records, log.terms, PERIOD).ok
    assert apply_log(log.records, log.terms).certificates == ()


def test_without_the_fault_each_of_them_counts() -> None:
    """The same entries, with nothing against them: what is refused above is refused for its reason alone."""
    log = _missing_vote()
    log.add("terms_voted", COUNCIL, BEFORE, **_body(log, Try("terms_voted", COUNCIL, BEFORE, {})))
    assert log.fault() is None
    assert terms_approved(log.records, PLAIN, PERIOD).ok
    log.certify("2025-05-01")
    seated = Log(SEATED)
    assert seated.try_("board_voted", EXPERT, "2025-05-02", **_body(seated, Try("board_voted", EXPERT, "", {}))) == ""


# --- a conflict on the terms -----------------------------------------------------------------------------------------


def _declare(log: Log, party: str, **what: str) -> None:
    log.add("conflict_declared", party, "2025-04-01", approver=CFO, conflict="owns the hub",
            **(what or {"terms_hash": log.terms.terms_hash}))  # fmt: skip


def test_who_is_conflicted_on_terms_does_not_apply_them() -> None:
    """THM-12: certifies, assures, determines, records no cause; another approver of the same party does."""
    terms = live_terms(assured_by=[EXPERT])
    words = "declared a conflict on these terms, and so does not apply them either"
    cause = {"approver": CFO, "period_id": PERIOD, "data_cut_id": "c", "scope": "D1", "check_id": "kpi.complete_days",
             "cause": "measuring_system", "reason": "r"}  # fmt: skip
    assured = {"approver": CFO, "period_id": PERIOD, "settlement_id": FIRST, "vote": "approve", "reason": "recomputed"}
    log = Log(terms)
    assert log.try_("gate_cause_recorded", EXPERT, "2025-04-02", **cause) == ""
    _declare(log, EXPERT)
    for kind, body in (("assurance_given", assured), ("gate_cause_recorded", cause)):
        reason = log.try_(kind, EXPERT, "2025-04-02", **body)
        assert reason == f"{CFO} of {EXPERT} {words}"
        assert "another approver" in mend_of(reason)
        log.add(kind, EXPERT, "2025-04-02", **body)
    assert gate_causes(log.records, terms, PERIOD, "c") == ()
    assert "has not given assurance" in log.try_("settlement_certified", ICB, "2025-05-01", **log.certificate())
    log.delegate(EXPERT, "deputy", "2025-04-03", key="deputy")
    log.add("assurance_given", EXPERT, "2025-04-03", key="deputy", **{**assured, "approver": "deputy"})
    assert log.fault() is None
    certifier = Log(terms, log.raw)
    _declare_later = {"approver": CFO, "terms_hash": terms.terms_hash, "conflict": "its own project"}
    certifier.add("conflict_declared", ICB, "2025-04-30", **_declare_later)
    reason = certifier.try_("settlement_certified", ICB, "2025-05-01", **certifier.certificate())
    assert reason == f"{CFO} of {ICB} {words}"
    log.certify("2025-05-01")
    log.challenge(TRUST, "2025-05-02")
    found = {"approver": CFO, "settlement_id": FIRST, "figure_id": figure(TRUST), "finding": "stands", "reason": "r"}
    assert words in log.try_("line_determined", EXPERT, "2025-05-05", **found)
    # what was decided before the conflict was declared stands
    log.add("conflict_declared", ICB, "2025-05-06", **_declare_later)
    assert len(apply_log(log.records, terms).certificates) == 1
    # a conflict of one's own interest takes no one's right to challenge
    log.add("conflict_declared", COUNCIL, "2025-05-06", **_declare_later)
    log.challenge(COUNCIL, "2025-05-07")
    assert log.fault() is None


@pytest.mark.parametrize("how", ["declared", "with the vote on the terms", "on a part"])
def test_a_seat_conflicted_on_the_terms_is_taken_out_before_the_quorum_is_tested(how: str) -> None:
    """Three of five seats: two bodies are left for a certificate under these terms, and none of their votes counts."""
    log = Log(SEATED)
    vote: dict[str, Any] = {
        "approver": CFO,
        "terms_hash": SEATED.terms_hash,
        "vote": "approve",
        "conflicts": ["owns the hub"],
    }
    for party in (TRUST, COUNCIL, "community-trust"):
        if how == "declared":
            _declare(log, party)
        elif how == "on a part":
            part: dict[str, Any] = {"approver": CFO, "part": PARTS[-1], "part_hash": SEATED.part_hash(PARTS[-1]), "vote": "approve",
                    "conflicts": ["owns the hub"]}  # fmt: skip
            log.add("part_voted", party, "2025-04-01", **part)
        else:
            log.add("terms_voted", party, "2025-04-01", **vote)
    body = _body(log, Try("board_voted", TRUST, "", {}))
    assert "declared a conflict on these terms" in log.try_("board_voted", TRUST, "2025-05-01", **body)
    assert "cannot decide: 2 of its 5 bodies" in log.try_("board_voted", EXPERT, "2025-05-01", **body)
    for party in SEATS:
        log.add("board_voted", party, "2025-05-01", **body)
    assert "cannot decide: 2 of its 5" in log.try_("settlement_certified", ICB, "2025-05-02", **log.certificate())


# --- several assurers ------------------------------------------------------------------------------------------------


def _assured_by(*assurers: str) -> Terms:
    independents = [{"id": one, "name": f"Independent {one}"} for one in (EXPERT, "analyst")]
    return quick_terms(
        {"agreement.shadow": False, "parties.independents": independents, "governance.assured_by": list(assurers)}
    )


def _assure(log: Log, who: str, vote: str, day: str) -> None:
    log.add("assurance_given", who, day, approver=CFO, period_id=PERIOD, settlement_id=FIRST, vote=vote,
            reason=f"{who} read it")  # fmt: skip
    assert log.fault() is None


@pytest.mark.parametrize("order", [(EXPERT, "analyst"), ("analyst", EXPERT)])
def test_the_rejection_of_one_assurer_stands_whatever_another_says(order: tuple[str, str]) -> None:
    """THM-13: before or after the other's approval; until whoever gave it approves."""
    rejects, approves = order
    terms = _assured_by(*order)
    log = Log(terms)
    _assure(log, rejects, "reject", "2025-05-01")
    _assure(log, approves, "approve", "2025-05-02")
    words = f"{rejects} rejected it: {rejects} read it"
    assert log.try_("settlement_certified", ICB, "2025-05-03", **log.certificate()) == words
    assert "that assurer approve it" in mend_of(words)
    _assure(log, approves, "approve", "2025-05-03")
    assert log.try_("settlement_certified", ICB, "2025-05-03", **log.certificate()) == words
    _assure(log, rejects, "approve", "2025-05-04")
    log.certify("2025-05-05")
    both = Log(terms)
    for who in order:
        _assure(both, who, "reject", "2025-05-01")
    reason = both.try_("settlement_certified", ICB, "2025-05-03", **both.certificate())
    assert reason == f"analyst rejected it: analyst read it; {EXPERT} rejected it: {EXPERT} read it"


def test_the_rejection_of_an_assurer_that_has_left_waits_for_another_that_knows_of_it() -> None:
    """THM-13: nobody is left who could take it back; ending an assurer's part does not by itself undo what it said."""
    log = Log(_assured_by(EXPERT, "analyst"))
    _assure(log, "analyst", "approve", "2025-05-01")
    _assure(log, EXPERT, "reject", "2025-05-02")
    log.add("party_ended", ICB, "2025-05-05", party=EXPERT, valid_to="2025-05-06", reason="retired")
    words = (
        f"{EXPERT} rejected it: {EXPERT} read it (its part ended on 2025-05-06: another assurer approves after that)"
    )
    assert log.try_("settlement_certified", ICB, "2025-05-07", **log.certificate()) == words
    _assure(log, "analyst", "approve", "2025-05-06")  # on its last day the expert may still speak
    assert log.try_("settlement_certified", ICB, "2025-05-07", **log.certificate()) == words
    _assure(log, "analyst", "reject", "2025-05-07")
    assert words in log.try_("settlement_certified", ICB, "2025-05-07", **log.certificate())
    _assure(log, "analyst", "approve", "2025-05-08")
    log.certify("2025-05-09")
    # dated back over an approval that was given before anybody knew of the end
    late = Log(_assured_by(EXPERT, "analyst"))
    _assure(late, EXPERT, "reject", "2025-05-02")
    _assure(late, "analyst", "approve", "2025-05-03")
    late.add("party_ended", ICB, "2025-05-05", party=EXPERT, valid_to="2025-05-02", reason="retired")
    assert "another assurer approves" in late.try_("settlement_certified", ICB, "2025-05-06", **late.certificate())
    _assure(late, "analyst", "approve", "2025-05-06")
    late.certify("2025-05-07")


# --- challenges, one by one ------------------------------------------------------------------------------------------


def _found(finding: str, challenger: str = "") -> dict[str, str]:
    body = {
        "approver": CFO,
        "settlement_id": FIRST,
        "figure_id": figure(TRUST),
        "finding": finding,
        "reason": "read it",
    }
    return {**body, "challenger": challenger} if challenger else body


def test_each_challenge_of_a_line_is_determined_by_itself() -> None:
    """GRW-42, CNI-16: what the expert finds of one challenge closes no other; the line is paid when all are answered."""
    log = Log(PLAIN)
    log.certify("2025-05-01")
    log.challenge(TRUST, "2025-05-02")
    log.challenge(TRUST, "2025-05-03", signer=COUNCIL)
    unnamed = log.try_("line_determined", EXPERT, "2025-05-05", **_found("stands"))
    assert unnamed == "acute-trust, city-council challenge this line: name whose challenge is determined"
    assert "--challenger" in mend_of(unnamed)
    nobody = _found("stands", "county-council")
    assert "county-council has no open challenge" in log.try_("line_determined", EXPERT, "2025-05-05", **nobody)
    log.add("line_determined", EXPERT, "2025-05-05", **_found("stands", TRUST))
    assert log.fault() is None
    state = log.states("2025-06-01")[TRUST]
    assert (state.state, state.words) == ("disputed", "disputed by city-council on 3 May 2025")
    # another party may still challenge within the window; who was answered may not ask again
    log.challenge(TRUST, "2025-05-06", signer=ICB)
    assert log.fault() is None
    again = {"approver": CFO, "settlement_id": FIRST, "figure_id": figure(TRUST), "reason": "again"}
    assert "by acute-trust is determined, and a determination is final" in log.try_(
        "line_challenged", TRUST, "2025-05-06", **again
    )
    assert log.states("2025-06-01")[TRUST].words == (
        "disputed by city-council on 3 May 2025 and integrated-care-board on 6 May 2025"
    )
    log.add("challenge_withdrawn", ICB, "2025-05-07", **again)
    assert log.states("2025-06-01")[TRUST].state == "disputed"
    log.add("line_determined", EXPERT, "2025-06-10", **_found("stands", COUNCIL))
    found = log.states("2025-07-01")[TRUST]
    assert (found.state, found.payable_from) == ("payable", date(2025, 6, 10))
    words = settlement_words(apply_log(log.records, PLAIN), FIRST)
    assert "disputed by acute-trust (it stands)" in words
    assert "disputed by integrated-care-board (withdrawn)" in words


def test_one_finding_to_restate_is_enough_once_all_are_answered() -> None:
    log = Log(PLAIN)
    log.certify("2025-05-01")
    log.challenge(TRUST, "2025-05-02")
    log.challenge(TRUST, "2025-05-02", signer=COUNCIL)
    log.add("line_determined", EXPERT, "2025-05-05", **_found("restate", COUNCIL))
    assert log.states("2025-06-01")[TRUST].state == "disputed"
    # the last one that is open need not be named
    log.add("line_determined", EXPERT, "2025-05-06", **_found("stands"))
    assert log.fault() is None
    assert log.states("2025-06-01")[TRUST].state == "to_be_restated"
