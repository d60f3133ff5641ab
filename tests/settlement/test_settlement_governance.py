"""Who may decide what: boards, bodies with two roles, limits, keys, parts in order, assurance, challenge, payment.

GRW-42, GRW-44, GRW-45, THM-12, THM-13, CNI-13 to CNI-19, CNI-31.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from governance_world import (
    AMOUNTS,
    CFO,
    FIRST,
    MEMBERS,
    SECOND,
    Log,
    figure,
    live_terms,
    log_without,
    posting,
    rows,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, RAW, log_for, quick_terms

from foundation.errors import WrongUsage
from settlement.accreditation import held
from settlement.approvals import exposure_pence, found_agreement, terms_approved
from settlement.boards import board_for, resolution
from settlement.certificates import apply_log, lines_hash, payable_pence, settlement_words
from settlement.decision_bodies import BODIES, PARTS
from settlement.decisions import LogTampered, append_record, key_from_seed, public_key_text, read_log
from settlement.entry_faults import agreed_words, mend_of
from settlement.terms import Terms
from settlement.terms_lint import find_problems

BOARD = {
    "id": "programme-board",
    "name": "Programme board",
    "seats": ["integrated-care-board", "acute-trust", "city-council", "community-trust", "independent-expert"],
    "quorum": 3,
    "passes_by": "majority",
    "decides": ["certificate"],
}
ACCREDITED = {
    "id": "dspt",
    "name": "Data Security and Protection Toolkit",
    "recorded_by": ["integrated-care-board"],
    "when_expired": "withhold",
}
PUBLIC_KEY = public_key_text(key_from_seed(b"test", "somebody else"))
PLAIN = live_terms()


def _public(name: str) -> str:
    return public_key_text(key_from_seed(b"test", name))


# --- the log itself ---------------------------------------------------------------------------------------------------


def _small_log() -> bytes:
    log = b""
    entries: list[tuple[str, dict[str, Any]]] = [
        ("party_admitted", {"party": "icb", "role": "commissioner", "public_key": _public("icb"), "valid_from": "2024-03-01"}),
        ("authority_delegated", {"approver": CFO, "public_key": _public("icb"), "delegated_by": "b",
                                 "valid_from": "2024-03-01", "valid_to": ""}),
        ("release_published", {"approver": CFO, "release_id": "r", "reason": ""}),
    ]  # fmt: skip
    for kind, body in entries:
        log += append_record(
            log, agreement_id="a", kind=kind, signer="icb", signed_at="2024-03-20T10:00:00Z", place="p", body=body,
            key=key_from_seed(b"test", "icb"),
        )  # fmt: skip
    return log


SMALL = _small_log()


def test_every_byte_of_a_small_log_counts() -> None:
    """CNI-17: each byte changed, each byte removed, each byte doubled is detected, without exception."""
    assert len(read_log(SMALL)) == 3
    for place in range(len(SMALL)):
        flipped = SMALL[:place] + bytes([SMALL[place] ^ 1]) + SMALL[place + 1 :]
        for changed in (
            flipped,
            SMALL[:place] + SMALL[place + 1 :],
            SMALL[:place] + SMALL[place : place + 1] + SMALL[place:],
        ):
            if changed in (SMALL, SMALL[:-1] + b"\n"):
                continue
            with pytest.raises(LogTampered):
                read_log(changed)


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(3)), st.lists(st.integers(0, 2), max_size=3))
def test_any_other_order_and_any_replay_is_detected(order: list[int], replayed: list[int]) -> None:
    """CNI-16, CNI-17: only the log itself, or a beginning of it, proves itself."""
    lines = SMALL.splitlines(keepends=True)
    for made in ([lines[index] for index in order], lines + [lines[index] for index in replayed]):
        log = b"".join(made)
        if SMALL.startswith(log):
            continue
        with pytest.raises(LogTampered):
            read_log(log)


def test_a_number_that_is_no_text_and_an_entry_of_another_agreement() -> None:
    first = json.loads(SMALL.splitlines()[0])
    with pytest.raises(LogTampered, match="canonical"):
        read_log(json.dumps({**first, "place": 1.5}).encode() + b"\n")
    with pytest.raises(WrongUsage, match="belongs to another agreement"):
        append_record(
            SMALL, agreement_id="b", kind="release_published", signer="icb", signed_at="2024-03-20T10:00:00Z", place="p",
            body={"approver": CFO, "release_id": "r", "reason": ""}, key=key_from_seed(b"test", "icb"),
        )  # fmt: skip


def test_every_kind_says_what_it_holds() -> None:
    log = Log(PLAIN)
    for kind, form in BODIES.items():
        with pytest.raises(WrongUsage, match="holds"):
            log.add(kind, "integrated-care-board", "2024-03-21", unknown="x")
        assert form.needed


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("line_determined", {"finding": "pay less"}, "stands"),
        ("part_voted", {"part": "the weather"}, "part of the agreement"),
        ("settlement_certified", {"gross_pence": "-1"}, "whole pence"),
        ("settlement_certified", {"settlement_id": ""}, "must be a text"),
        ("party_ended", {"valid_to": ""}, "must be a text"),
        ("conflict_declared", {"subject": "x", "terms_hash": "y"}, "one of"),
        ("conflict_declared", {}, "one of"),
        ("award_voted", {"amount_pence": "0", "vote": "approve", "conflicts": []}, "whole pence above 0"),
    ],
)
def test_entries_of_another_form_are_not_written(kind: str, changes: dict[str, str], words: str) -> None:
    log, body = Log(PLAIN), dict.fromkeys(BODIES[kind].needed, "x")
    whole: dict[str, Any] = {**body, **({"gross_pence": "1"} if kind == "settlement_certified" else {}), **changes}
    if kind == "part_voted":
        whole |= {"vote": "approve", "conflicts": []}
    with pytest.raises(WrongUsage, match=words):
        log.add(kind, "integrated-care-board", "2024-03-21", **whole)


# --- keys and parties -------------------------------------------------------------------------------------------------


def test_a_revoked_key_signs_nothing_more() -> None:
    log = Log(PLAIN)
    log.delegate("city-council", "deputy", "2024-03-21", key="deputy")
    log.add("key_revoked", "city-council", "2024-03-22", public_key=_public("deputy"), reason="left")
    with pytest.raises(WrongUsage, match="was revoked"):
        log.add("terms_voted", "city-council", "2024-03-23", key="deputy", approver="deputy",
                terms_hash="x", vote="approve", conflicts=[])  # fmt: skip
    with pytest.raises(WrongUsage, match="was revoked"):
        log.delegate("city-council", "deputy", "2024-03-23", key="deputy")
    # what it signed before stays signed
    assert terms_approved(log.records, PLAIN, PERIOD).ok


def test_a_party_takes_a_new_key_and_a_lost_one_is_replaced() -> None:
    log = Log(PLAIN)

    def admit(signer: str, party: str, key: str, day: str, by: str, role: str = "member") -> None:
        log.add("party_admitted", signer, day, key=by, party=party, role=role, public_key=_public(key), valid_from=day)

    admit("city-council", "city-council", "new", "2024-03-21", by="city-council")
    with pytest.raises(WrongUsage, match="not signed with the key"):
        log.add("key_revoked", "city-council", "2024-03-21", public_key=_public("new"), reason="r")
    with pytest.raises(WrongUsage, match="admitted already"):
        admit("integrated-care-board", "city-council", "newer", "2024-03-22", by="integrated-care-board")
    log.add("key_revoked", "integrated-care-board", "2024-03-22", public_key=_public("new"), reason="stolen")
    with pytest.raises(WrongUsage, match="admitted already"):
        admit("integrated-care-board", "city-council", "newer", "2024-03-23", by="integrated-care-board", role="expert")
    with pytest.raises(WrongUsage, match="was revoked"):
        admit("integrated-care-board", "city-council", "new", "2024-03-23", by="integrated-care-board")
    admit("integrated-care-board", "city-council", "newer", "2024-03-23", by="integrated-care-board")
    log.add("authority_delegated", "city-council", "2024-03-24", key="newer", approver="treasurer", delegated_by="c",
            public_key=_public("treasurer"), valid_from="2024-03-24", valid_to="")  # fmt: skip
    assert terms_approved(log.records, PLAIN, PERIOD).ok


@pytest.mark.parametrize(
    ("signer", "body", "words"),
    [
        ("acute-trust", {"public_key": _public("city-council"), "reason": "r"}, "may not revoke"),
        ("acute-trust", {"public_key": PUBLIC_KEY, "reason": "r"}, "nobody decides"),
        ("integrated-care-board", {"public_key": _public("integrated-care-board"), "reason": "r"}, "takes a new key"),
    ],
)
def test_keys_that_are_not_revoked(signer: str, body: dict[str, str], words: str) -> None:
    with pytest.raises(WrongUsage, match=words):
        Log(PLAIN).add("key_revoked", signer, "2024-03-21", **body)


def test_membership_ends_on_a_day_and_the_history_stays() -> None:
    """GRW-45, CNI-18: a party that has left decides nothing more, and terms that open later are agreed without it."""
    log = Log(PLAIN)
    log.add("party_ended", "integrated-care-board", "2024-03-21", party="county-council", valid_to="2025-03-31",
            reason="reorganised")  # fmt: skip
    assert terms_approved(log.records, PLAIN, PERIOD).ok
    later = terms_approved(log.records, PLAIN, "2025-26")
    assert later.reasons == ("the part of county-council ended on 2025-03-31: agree terms without it",)
    log.certify("2025-05-01")
    challenge = {"approver": CFO, "settlement_id": FIRST, "figure_id": figure("county-council"), "reason": "r"}
    gone = log.try_("line_challenged", "county-council", "2025-05-02", **challenge)
    assert gone == "the part of county-council ended on 2025-03-31"
    assert mend_of(gone) == "only a party whose part goes on decides."
    for signer, party in (("acute-trust", "city-council"), ("integrated-care-board", "integrated-care-board")):
        with pytest.raises(WrongUsage, match=r"ends its part|no party whose part can end"):
            log.add("party_ended", signer, "2025-10-01", party=party, valid_to="2025-12-31", reason="r")


def test_a_limit_is_no_matter_where_nothing_is_agreed_yet() -> None:
    log = log_without(PLAIN, "city-council")
    log.delegate("city-council", CFO, "2024-03-21", key="city-council", limit_pence="1")
    log.add("terms_voted", "city-council", "2024-03-22", **_vote(PLAIN))
    assert not terms_approved(log.records, PLAIN, PERIOD).ok
    # no sum is agreed for a period without a target: nothing can be above the limit, and nothing can be settled
    assert terms_approved(log.records, PLAIN, "2025-26").ok


def test_a_member_that_joins_later_blocks_nothing_before() -> None:
    """CNI-31: a member admitted from a later day leaves this period agreed, and re-opens approval from then on."""
    log = Log(PLAIN)
    log.add("party_admitted", "integrated-care-board", "2024-03-21", party="hospice", role="member",
            public_key=_public("hospice"), valid_from="2025-04-01")  # fmt: skip
    assert terms_approved(log.records, PLAIN, PERIOD).ok
    assert "re-opens approval" in terms_approved(log.records, PLAIN, "2025-26").reasons[0]
    assert "2024-25: agreed by all" in agreed_words(log.records, PLAIN)[0]


# --- agreeing terms ---------------------------------------------------------------------------------------------------


def _vote(terms: Terms, **changes: Any) -> dict[str, Any]:
    return {"approver": CFO, "terms_hash": terms.terms_hash, "vote": "approve", "conflicts": [], **changes}


def test_the_reasons_a_vote_on_terms_counts_for_nothing() -> None:
    """GRW-44, THM-12, CNI-13, CNI-15, CNI-16: non-member, wrong hash, late, expired, conflict, final."""
    log = log_without(PLAIN, "city-council")
    vote = _vote(PLAIN)
    assert log.try_("terms_voted", "city-council", "2024-03-21", **vote) == ""
    assert "does not approve these terms" in log.try_("terms_voted", "independent-expert", "2024-03-21", **vote)
    assert "other terms" in log.try_("terms_voted", "city-council", "2024-03-21", **_vote(PLAIN, terms_hash="e" * 64))
    late = log.try_("terms_voted", "city-council", "2024-04-01", **vote)
    assert late.startswith("it is too late: 2024-25")
    assert "a period opens" in mend_of(late)
    assert "given no authority" in log.try_("terms_voted", "city-council", "2024-03-21", **_vote(PLAIN, approver="x"))
    log.add("conflict_declared", "city-council", "2024-03-21", approver=CFO, terms_hash=PLAIN.terms_hash, conflict="c")
    assert "declared a conflict" in log.try_("terms_voted", "city-council", "2024-03-22", **vote)
    expired = log_without(PLAIN, "city-council")
    expired.delegate("city-council", CFO, "2024-03-22", key="city-council", until="2024-03-22")
    assert "not in date" in expired.try_("terms_voted", "city-council", "2024-03-23", **vote)
    whole = Log(PLAIN)
    assert "only superseded" in whole.try_("terms_voted", "city-council", "2024-03-21", **_vote(PLAIN, vote="reject"))


def test_authority_is_limited() -> None:
    """A limit below what the party could lose, or the commissioner could have to pay, does not agree the terms."""
    most = exposure_pence(PLAIN, PERIOD, "city-council")
    assert most == 10_000_000
    for limit, ok in ((most, True), (most - 1, False)):
        log = log_without(PLAIN, "city-council")
        log.delegate("city-council", CFO, "2024-03-21", key="city-council", limit_pence=str(limit))
        reason = log.try_("terms_voted", "city-council", "2024-03-22", **_vote(PLAIN))
        assert (reason == "") == ok, reason
        assert ok or "may decide on £99,999.99, and this is £100,000.00" in reason
    assert exposure_pence(PLAIN, PERIOD, "independent-expert") == 0
    assert exposure_pence(PLAIN, PERIOD, "integrated-care-board") == 286_200_000
    unbounded = quick_terms({"finance.loss.cap_pct_of_target": None, "finance.loss.stop_loss": None})
    assert exposure_pence(unbounded, PERIOD, "city-council") is None
    log = log_without(unbounded, "city-council")
    log.delegate("city-council", CFO, "2024-03-21", key="city-council", limit_pence="99999999999")
    assert "without an agreed bound" in log.try_("terms_voted", "city-council", "2024-03-22", **_vote(unbounded))


def test_a_body_with_two_roles_has_two_signatories_and_one_vote() -> None:
    """CNI-14: the council pays and provides; one person does not sign for both, and on a board it counts once."""
    changes = {
        "parties.commissioners": [
            {"id": "integrated-care-board", "name": "ICB"},
            {"id": "council", "name": "City council (commissioner)", "body": "city-council"},
        ],
    }
    terms = quick_terms(changes)
    log = Log(terms)
    assert terms_approved(log.records, terms, PERIOD).ok
    names = {r.signer: r.body["approver"] for r in log.records if r.kind == "terms_voted"}
    assert names["council"] == f"{CFO} (council)"
    assert names["acute-trust"] == CFO
    log = log_without(terms, "city-council")
    log.delegate("city-council", f"{CFO} (council)", "2024-03-21", key="another")
    vote = _vote(terms, approver=f"{CFO} (council)")
    reason = log.try_("terms_voted", "city-council", "2024-03-22", key="another", **vote)
    assert "two signatories" in reason
    assert "another person" in mend_of(reason)
    # on a board the two roles are one body: 2 of 3 bodies are a majority, and half a body is none
    board = {**BOARD, "seats": ["council", "city-council", "acute-trust", "integrated-care-board"], "quorum": 2}
    seated = quick_terms({**changes, "governance.boards": [board]})
    log = Log(seated)

    def vote(party: str, how: str) -> None:
        name = f"{CFO} ({party})" if party in ("council", "city-council") else CFO
        log.add(
            "board_voted", party, "2025-05-01", approver=name, board=board["id"], subject=FIRST, vote=how, conflicts=[]
        )

    def passed() -> bool:
        chosen = board_for(seated, "certificate")
        assert chosen is not None
        return resolution(log.records, seated, chosen, FIRST).passed

    vote("council", "approve")
    vote("acute-trust", "approve")
    assert not passed()
    vote("city-council", "approve")
    assert passed()


def test_parts_are_agreed_in_order() -> None:
    """CNI-19: mandate, outcomes, levels, gain and pain; a vote out of order counts for nothing."""
    terms = live_terms(parts_in_order=True)
    assert terms_approved(read_log(log_for(terms)), terms, PERIOD).ok
    log = log_without(terms, *terms.approver_ids)
    log = Log(terms, b"".join(line for line in log.raw.splitlines(keepends=True) if b'"part_voted"' not in line))

    def part(name: str, signer: str, day: str = "2024-03-21", **changes: Any) -> dict[str, Any]:
        return {"approver": CFO, "part": name, "part_hash": terms.part_hash(name), "vote": "approve", "conflicts": [],
                **changes}  # fmt: skip

    for name in PARTS:
        follows = PARTS[PARTS.index(name) + 1] if name != PARTS[-1] else None
        for signer in terms.approver_ids:
            if follows is not None:
                assert "before what stands above" in log.try_(
                    "part_voted", signer, "2024-03-21", **part(follows, signer)
                )
            assert "before their parts" in log.try_("terms_voted", signer, "2024-03-21", **_vote(terms))
            log.add("part_voted", signer, "2024-03-21", **part(name, signer))
            assert log.fault() is None
    wrong = part("mandate", "acute-trust", part_hash="0" * 64)
    assert log.try_("part_voted", "acute-trust", "2024-03-22", **wrong)
    assert "does not approve" in log.try_("part_voted", "independent-expert", "2024-03-22", **part("mandate", "x"))
    assert "only superseded" in log.try_("part_voted", "acute-trust", "2024-03-22", **part("mandate", "x"))
    for signer in terms.approver_ids:
        log.add("terms_voted", signer, "2024-03-22", **_vote(terms))
    assert terms_approved(log.records, terms, PERIOD).ok
    # each part has its own hash
    assert len({terms.part_hash(name) for name in PARTS}) == len(PARTS)


def test_votes_on_the_terms_before_their_parts_do_not_count() -> None:
    terms = live_terms(parts_in_order=True)
    log = Log(terms, b"")
    founding = read_log(log_for(terms))
    parts = [r for r in founding if r.kind == "part_voted"]
    for record in [*(r for r in founding if r.kind != "part_voted"), *parts]:
        log.add(record.kind, record.signer, "2024-03-20", **record.body)
    found = terms_approved(log.records, terms, PERIOD)
    assert not found.ok
    assert all("before their parts were agreed" in reason for reason in found.reasons)
    unagreed = Log(terms, b"")
    for record in founding:
        changed = {**record.body, "part_hash": "0" * 64} if record.kind == "part_voted" else record.body
        unagreed.add(record.kind, record.signer, "2024-03-20", **changed)
    assert "mandate: acute-trust voted on another version" in terms_approved(unagreed.records, terms, PERIOD).reasons[0]
    late = log_without(terms, "acute-trust", kind="part_voted")
    late.add("part_voted", "acute-trust", "2024-04-01", approver=CFO, part="mandate",
             part_hash=terms.part_hash("mandate"), vote="approve", conflicts=[])  # fmt: skip
    assert any("after the period opened" in reason for reason in terms_approved(late.records, terms, PERIOD).reasons)
    late.add("part_voted", "city-council", "2024-04-01", approver=CFO, part="mandate",
             part_hash=terms.part_hash("mandate"), vote="approve", conflicts=["c"])  # fmt: skip
    conflicted = log_without(terms, "acute-trust", kind="part_voted")
    conflicted.add("part_voted", "acute-trust", "2024-03-21", approver=CFO, part="mandate",
                   part_hash=terms.part_hash("mandate"), vote="approve", conflicts=["c"])  # fmt: skip
    assert any("declared a conflict" in reason for reason in terms_approved(conflicted.records, terms, PERIOD).reasons)


@pytest.mark.parametrize(("day", "ok"), [("2024-03-21", True), ("2024-03-22", False), ("2024-04-01", False)])
def test_a_variation_within_its_notice_counts_for_nothing(day: str, ok: bool) -> None:
    """GRW-47: ten days of notice before 1 April 2024: the last vote may be cast on 21 March."""
    terms = live_terms(notice_days=10)
    log = log_without(terms, "city-council")
    reason = log.try_("terms_voted", "city-council", day, **_vote(terms))
    assert (reason == "") == ok
    assert ok or "10 days of notice" in reason
    log.add("terms_voted", "city-council", day, **_vote(terms))
    found = terms_approved(log.records, terms, PERIOD)
    assert found.ok == ok
    within = "within the notice of 10 days" if day < "2024-04-01" else "after the period opened"
    assert ok or within in found.reasons[0]


@settings(max_examples=25, deadline=None)
@given(st.permutations(PLAIN.approver_ids), st.integers(0, 6), st.integers(0, 6))
def test_all_or_nothing_in_any_order(order: list[str], voting: int, rejecting: int) -> None:
    """CNI-13, CNI-14: agreed exactly when all approve, whoever votes first and whatever anybody's share."""
    log = log_without(PLAIN, *PLAIN.approver_ids)
    for number, party in enumerate(order[:voting]):
        how = "reject" if number == rejecting else "approve"
        log.add("terms_voted", party, "2024-03-21", **_vote(PLAIN, vote=how))
    found = terms_approved(log.records, PLAIN, PERIOD)
    assert found.ok == (voting == 6 and rejecting >= 6)
    assert len(found.reasons) == 6 - voting + (rejecting < voting)


def test_others_approve_where_the_terms_ask_for_it() -> None:
    """An independent role (public health, service users) whose approval the terms need is a vote like the others."""
    terms = live_terms(also_approved_by=["independent-expert"])
    assert terms_approved(read_log(log_for(terms)), terms, PERIOD).ok
    log = log_without(terms, "independent-expert")
    assert terms_approved(log.records, terms, PERIOD).reasons == ("independent-expert has not approved",)


# --- boards -----------------------------------------------------------------------------------------------------------

SEATED = live_terms(boards=[BOARD])


def _resolve(log: Log, party: str, day: str = "2025-05-01", **changes: Any) -> dict[str, Any]:
    return {"approver": CFO, "board": BOARD["id"], "subject": FIRST, "vote": "approve", "conflicts": [], **changes}


def test_a_board_resolves_by_majority_of_those_not_excluded() -> None:
    log = Log(SEATED)
    assert "has not voted" in str(
        log.try_("settlement_certified", "integrated-care-board", "2025-05-01", **log.certificate())
    )
    for party in ("acute-trust", "city-council"):
        log.add("board_voted", party, "2025-05-01", **_resolve(log, party))
        assert log.fault() is None
    assert "2 of 5 bodies" in log.try_(
        "settlement_certified", "integrated-care-board", "2025-05-02", **log.certificate()
    )
    log.add("board_voted", "community-trust", "2025-05-02", **_resolve(log, "community-trust"))
    log.certify("2025-05-03")
    assert "only superseded" in log.try_(
        "board_voted", "acute-trust", "2025-05-04", **_resolve(log, "x", vote="reject")
    )


def test_quorum_is_lost_by_exclusion() -> None:
    """THM-12: three of five seats declare a conflict; the two that are left are no quorum, however they vote."""
    log = Log(SEATED)
    for party in ("acute-trust", "city-council"):
        log.add("conflict_declared", party, "2025-05-01", approver=CFO, subject=FIRST, conflict="is paid by it")
        assert log.fault() is None
    assert "declared a conflict" in log.try_("board_voted", "acute-trust", "2025-05-02", **_resolve(log, "acute-trust"))
    # a conflict declared with a vote excludes like one declared before it
    log.add(
        "board_voted", "community-trust", "2025-05-02", **_resolve(log, "community-trust", conflicts=["owns the hub"])
    )
    reason = log.try_("board_voted", "integrated-care-board", "2025-05-02", **_resolve(log, "integrated-care-board"))
    assert "cannot decide: 2 of its 5 bodies are left" in reason
    assert "`outturn sign seat`" in mend_of(reason)
    for party in ("integrated-care-board", "independent-expert"):
        log.add("board_voted", party, "2025-05-02", **_resolve(log, party))
    assert "cannot decide" in log.try_(
        "settlement_certified", "integrated-care-board", "2025-05-03", **log.certificate()
    )
    # a seat given to somebody without a conflict counts again, and its vote is new
    log.delegate("acute-trust", "deputy", "2025-05-03", key="deputy")
    log.add("seat_given", "acute-trust", "2025-05-03", board=BOARD["id"], approver="deputy", valid_from="2025-05-03",
            valid_to="")  # fmt: skip
    assert log.fault() is None
    assert "held by deputy" in log.try_("board_voted", "acute-trust", "2025-05-04", **_resolve(log, "acute-trust"))
    log.add("board_voted", "acute-trust", "2025-05-04", key="deputy", **_resolve(log, "x", approver="deputy"))
    log.certify("2025-05-05")


def test_seats_are_held_for_a_time_and_by_those_the_terms_name() -> None:
    """GRW-44: a vote by a non-member of the board, or out of term, counts for nothing."""
    log = Log(SEATED)
    assert "has no seat" in log.try_("board_voted", "county-council", "2025-05-01", **_resolve(log, "x"))
    assert "has no seat" in log.try_("board_voted", "acute-trust", "2026-04-01", **_resolve(log, "x"))
    assert "no board" in log.try_("board_voted", "acute-trust", "2025-05-01", **_resolve(log, "x", board="other"))
    board = board_for(SEATED, "certificate")
    assert board is not None
    log.add("board_voted", "county-council", "2025-05-01", **_resolve(log, "x"))
    assert "has not voted" in resolution(log.records, SEATED, board, FIRST).reason
    assert board_for(SEATED, "terms") is None
    seat = {"approver": CFO, "valid_from": "2025-05-01", "valid_to": ""}
    assert "has no seat" in log.try_("seat_given", "county-council", "2025-05-01", board=BOARD["id"], **seat)
    assert "has no seat" in log.try_("seat_given", "acute-trust", "2025-05-01", board="other", **seat)


def test_a_board_agrees_terms_before_the_period_opens() -> None:
    terms = live_terms(boards=[{**BOARD, "decides": ["terms", "certificate"], "passes_by": "unanimous"}])
    assert terms_approved(read_log(log_for(terms)), terms, PERIOD).ok
    log = log_without(terms, "acute-trust", kind="board_voted")
    found = terms_approved(log.records, terms, PERIOD)
    assert "4 of 5 bodies" in found.reasons[0]
    log.add("board_voted", "acute-trust", "2024-04-01", **_resolve(log, "x", subject=terms.terms_hash))
    assert not terms_approved(log.records, terms, PERIOD).ok


# --- applying terms ---------------------------------------------------------------------------------------------------


def test_the_reasons_a_certificate_counts_for_nothing() -> None:
    log = Log(PLAIN)
    body = log.certificate()
    icb = "integrated-care-board"
    assert "does not certify" in log.try_("settlement_certified", "acute-trust", "2025-05-01", **body)
    assert "other terms" in log.try_("settlement_certified", icb, "2025-05-01", **log.certificate(terms_hash="0" * 64))
    assert "certify that one first" in log.try_(
        "settlement_certified", icb, "2025-05-01", **log.certificate(supersedes=SECOND)
    )
    expired = log.try_("settlement_certified", icb, "2026-04-01", **body)
    assert "not in date" in expired
    # n - 1: the terms were never agreed
    short = log_without(PLAIN, "city-council")
    reason = short.try_("settlement_certified", icb, "2025-05-01", **body)
    assert "are not agreed for 2024-25: city-council has not approved" in reason
    log.delegate(icb, CFO, "2025-04-30", key=icb, limit_pence="84999")
    assert "may decide on £849.99, and this is £850.00" in log.try_("settlement_certified", icb, "2025-05-01", **body)
    log.delegate(icb, CFO, "2025-04-30", key=icb, limit_pence="85000")
    log.certify("2025-05-01")
    assert "certified already" in log.try_("settlement_certified", icb, "2025-05-02", **body)
    conflicted = Log(PLAIN)
    conflicted.add("conflict_declared", icb, "2025-04-30", approver=CFO, subject=FIRST, conflict="c")
    assert "declared a conflict" in conflicted.try_("settlement_certified", icb, "2025-05-01", **body)


def test_assurance_approves_or_rejects_with_a_reason() -> None:
    """THM-13: without assurance nothing is certified; a rejection leaves the settlement provisional and keeps its reason."""
    terms = live_terms(assured_by=["independent-expert"], certified_by=["integrated-care-board"])
    log = Log(terms)

    def assure(vote: str, day: str, signer: str = "independent-expert") -> dict[str, str]:
        return {
            "approver": CFO,
            "period_id": PERIOD,
            "settlement_id": FIRST,
            "vote": vote,
            "reason": "bay closed twice",
        }

    body = log.certificate()
    assert "has not given assurance" in log.try_("settlement_certified", "integrated-care-board", "2025-05-01", **body)
    assert "not the one that gives assurance" in log.try_(
        "assurance_given", "acute-trust", "2025-05-01", **assure("approve", "")
    )
    log.add("assurance_given", "independent-expert", "2025-05-01", **assure("reject", ""))
    assert log.fault() is None
    rejected = log.try_("settlement_certified", "integrated-care-board", "2025-05-02", **body)
    assert rejected == "independent-expert rejected it: bay closed twice"
    assert log.states()["acute-trust"].words == f"not certified: {rejected}"
    log.add("assurance_given", "independent-expert", "2025-05-03", **assure("approve", ""))
    log.certify("2025-05-06")
    assert log.states()["acute-trust"].state == "payable"


def test_what_nobody_disputes_is_paid_and_a_disputed_line_waits() -> None:
    """GRW-42: certified on 1 May 2025; fifteen working days, two bank holidays among them, end on 23 May."""
    log = Log(PLAIN)
    assert {one.state for one in log.states("2025-05-01").values()} == {"not_certified"}
    log.certify("2025-05-01")
    before = log.states("2025-05-23")
    assert {one.state for one in before.values()} == {"in_window"}
    assert before["acute-trust"].payable_from == date(2025, 5, 24)
    assert "may be challenged to 23 May 2025" in before["acute-trust"].words
    log.challenge("acute-trust", "2025-05-22")
    assert log.fault() is None
    assert "already" in log.try_("line_challenged", "acute-trust", "2025-05-23", approver=CFO, settlement_id=FIRST,
                                 figure_id=figure("acute-trust"), reason="again")  # fmt: skip
    after = log.states("2025-05-24")
    assert after["acute-trust"].state == "disputed"
    assert {one.state for name, one in after.items() if name != "acute-trust"} == {"payable"}
    assert payable_pence(tuple(after.values())) == sum(AMOUNTS.values()) - AMOUNTS["acute-trust"]
    log.determine("acute-trust", "2025-07-01", "stands")
    assert log.fault() is None
    found = log.states("2025-07-02")["acute-trust"]
    assert (found.state, found.payable_from) == ("payable", date(2025, 7, 1))
    assert "determined: it stands" in found.words
    applied = apply_log(log.records, PLAIN)
    assert settlement_words(applied, SECOND) == "not certified yet"
    assert settlement_words(applied, FIRST).endswith("acute-trust disputed by acute-trust (it stands)")
    # a shadow made anew that says the same is certified with it; outside shadow every settlement is certified itself
    anew = {"settlement_id": SECOND, "rows": rows(SECOND)}
    assert "determined: it stands" in log.states(status="shadow", **anew)["acute-trust"].words
    assert "not certified" in log.states(**anew)["acute-trust"].words
    # in shadow and while withheld nothing is payable, whatever was certified
    for status in ("shadow", "withheld"):
        assert {one.state for one in log.states(status=status).values()} == {status}
    # a certificate of another sum counts for nothing
    other = log.states(rows=rows(amounts={"acute-trust": 1}))
    assert other["acute-trust"].state == "not_certified"


def test_the_reasons_a_challenge_counts_for_nothing() -> None:
    log = Log(PLAIN)
    challenge = {"approver": CFO, "settlement_id": FIRST, "figure_id": figure("acute-trust"), "reason": "r"}
    assert "not certified" in log.try_("line_challenged", "acute-trust", "2025-05-01", **challenge)
    log.certify("2025-05-01")
    late = log.try_("line_challenged", "acute-trust", "2025-05-24", **challenge)
    assert late == "the challenge window closed on 2025-05-23"
    assert "neither a member" in log.try_("line_challenged", "independent-expert", "2025-05-02", **challenge)
    assert "no open challenge" in log.try_("challenge_withdrawn", "acute-trust", "2025-05-02", **challenge)
    finding = {**challenge, "finding": "stands"}
    assert "no challenge of this line is open" in log.try_(
        "line_determined", "independent-expert", "2025-05-02", **finding
    )
    log.challenge("acute-trust", "2025-05-02")
    assert "does not determine" in log.try_("line_determined", "integrated-care-board", "2025-05-03", **finding)
    log.add("conflict_declared", "independent-expert", "2025-05-03", approver=CFO, subject=FIRST, conflict="c")
    assert "declared a conflict" in log.try_("line_determined", "independent-expert", "2025-05-04", **finding)
    log.delegate("independent-expert", "second expert", "2025-05-04", key="second")
    log.add(
        "line_determined", "independent-expert", "2025-05-05", key="second", **{**finding, "approver": "second expert"}
    )
    assert log.fault() is None
    assert "a determination is final" in log.try_("line_challenged", "acute-trust", "2025-05-06", **challenge)
    assert "no challenge" in log.try_("line_determined", "independent-expert", "2025-05-06", key="second",
                                      **{**finding, "approver": "second expert"})  # fmt: skip


def test_a_challenge_is_withdrawn_by_who_made_it() -> None:
    log = Log(PLAIN)
    log.certify("2025-05-01")
    log.challenge("acute-trust", "2025-05-02")
    log.challenge("acute-trust", "2025-05-02", signer="city-council")
    withdrawn = {"approver": CFO, "settlement_id": FIRST, "figure_id": figure("acute-trust"), "reason": "seen it"}
    log.add("challenge_withdrawn", "city-council", "2025-05-03", **withdrawn)
    assert log.states("2025-06-01")["acute-trust"].state == "disputed"
    log.add("challenge_withdrawn", "acute-trust", "2025-05-03", **withdrawn)
    assert log.states("2025-06-01")["acute-trust"].state == "payable"
    # after that the line may be challenged again, and a whole posting with it
    log.add(
        "line_challenged",
        "city-council",
        "2025-05-04",
        approver=CFO,
        settlement_id=FIRST,
        figure_id=posting(),
        reason="r",
    )
    assert {one.state for one in log.states("2025-06-01").values()} == {"disputed"}


def test_a_line_to_be_restated_goes_with_its_restatement() -> None:
    """CNI-16: the certificate stands; what the expert sent back is paid with the settlement that restates it."""
    log = Log(PLAIN)
    log.certify("2025-05-01")
    log.challenge("acute-trust", "2025-05-02")
    log.determine("acute-trust", "2025-05-12", "restate")
    found = log.states("2025-06-01")
    assert found["acute-trust"].state == "to_be_restated"
    assert "read the register" in found["acute-trust"].words
    assert found["city-council"].state == "payable"
    differences = rows(SECOND, {"acute-trust": 700})
    digest = lines_hash(differences)
    log.certify("2025-06-02", settlement_id=SECOND, supersedes=FIRST, lines_hash=digest, gross_pence="700")
    assert log.states("2025-06-03")["acute-trust"].state == "in_window"
    later = log.states("2025-07-01")["acute-trust"]
    assert later.state == "payable"
    assert later.words.startswith("goes with its restatement, which is certified on 2 June 2025")
    assert log.states("2025-07-01", settlement_id=SECOND, rows=differences)["acute-trust"].state == "payable"


# --- accreditation ----------------------------------------------------------------------------------------------------


def _accredit(
    log: Log, day: str, until: str, member: str = "acute-trust", signer: str = "integrated-care-board"
) -> None:
    log.add("accreditation_recorded", signer, day, approver=CFO, member=member, accreditation="dspt", level="standards met",
            evidence="certificate 12", valid_from=day, valid_to=until)  # fmt: skip


def test_an_accreditation_that_ran_out_withholds_what_is_due() -> None:
    """Run out, it is said, and by these terms withholds; a waiver of all, or a new one, lifts it."""
    terms = live_terms(accreditations=[{**ACCREDITED, "members": ["acute-trust", "county-council"]}])
    log = Log(terms)
    _accredit(log, "2025-01-01", "2025-05-10")
    assert log.fault() is None
    log.certify("2025-05-01")
    found = log.states("2025-06-01")
    assert found["acute-trust"].state == "accreditation_missing"
    assert "ran out on 2025-05-10" in found["acute-trust"].words
    # what a member owes does not wait, and nobody else's does
    assert found["county-council"].state == "payable"
    assert found["city-council"].state == "payable"
    assert held(log.records, terms, "county-council", date(2025, 6, 1))[0].state == "missing"
    assert held(log.records, terms, "city-council", date(2025, 6, 1)) == ()
    assert held(log.records, terms, "acute-trust", date(2025, 5, 10))[0].words.startswith("acute-trust holds dspt")
    waiver = {"approver": CFO, "terms_hash": terms.terms_hash, "member": "acute-trust", "accreditation": "dspt",
              "valid_to": "2025-07-31", "reason": "assessor ill", "vote": "approve", "conflicts": []}  # fmt: skip
    for party in terms.approver_ids[:-1]:
        log.add("waiver_voted", party, "2025-06-02", **waiver)
        assert log.fault() is None
    assert log.states("2025-06-02")["acute-trust"].state == "accreditation_missing"
    log.add("waiver_voted", "independent-expert", "2025-06-02", **waiver)
    assert "waives it" in str(log.fault())
    log.add("waiver_voted", terms.approver_ids[-1], "2025-06-02", **waiver)
    assert log.states("2025-06-03")["acute-trust"].state == "payable"
    assert "waived" in held(log.records, terms, "acute-trust", date(2025, 6, 3))[0].words
    assert log.states("2025-08-01")["acute-trust"].state == "accreditation_missing"
    _accredit(log, "2025-08-02", "")
    assert log.states("2025-08-02")["acute-trust"].state == "payable"


def test_accreditations_are_recorded_by_who_may() -> None:
    terms = live_terms(accreditations=[{**ACCREDITED, "when_expired": "flag"}])
    log = Log(terms)
    _accredit(log, "2025-01-01", "2025-02-01", signer="independent-expert")
    assert "not the one that records dspt" in str(log.fault())
    assert held(log.records, terms, "acute-trust", date(2025, 1, 2))[0].state == "missing"
    _accredit(log, "2025-01-01", "2025-02-01", member="nobody")
    assert "ask no accreditation" in str(log.fault())
    flagged = held(log.records, terms, "acute-trust", date(2025, 1, 2))[0]
    assert not flagged.withholds
    assert flagged.words.endswith("flagged.")
    log.certify("2025-05-01")
    assert {one.state for one in log.states("2025-06-01").values()} == {"payable"}


# --- other entries ----------------------------------------------------------------------------------------------------


def test_causes_awards_and_absences_by_who_may_record_them() -> None:
    log = Log(PLAIN)
    cause = {"approver": CFO, "period_id": PERIOD, "data_cut_id": "c", "scope": "D1", "check_id": "kpi.complete_days",
             "cause": "measuring_system", "reason": "r"}  # fmt: skip
    assert log.try_("gate_cause_recorded", "independent-expert", "2025-05-01", **cause) == ""
    assert "records the cause" in log.try_("gate_cause_recorded", "acute-trust", "2025-05-01", **cause)
    assert "know no cause" in log.try_(
        "gate_cause_recorded", "independent-expert", "2025-05-01", **{**cause, "cause": "x"}
    )
    award = {"approver": CFO, "terms_hash": PLAIN.terms_hash, "period_id": PERIOD, "outcome": "o", "amount_pence": "1",
             "vote": "approve", "conflicts": []}  # fmt: skip
    assert "votes on awards" in log.try_("award_voted", "independent-expert", "2025-05-01", **award)
    absence = {"approver": CFO, "period_id": PERIOD, "member": "acute-trust", "reason": "r"}
    assert "nobody is" in log.try_("absence_recorded", "integrated-care-board", "2025-05-01", **absence)
    assert (
        log.try_("release_published", "integrated-care-board", "2025-05-01", approver=CFO, release_id="r", reason="")
        == ""
    )
    assert mend_of("something else").startswith("see `outturn decisions`")


# --- terms ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "value", "words"),
    [
        ("assured_by", ["acute-trust"], "decide in its own case"),
        ("determined_by", ["nobody"], "is no party here"),
        ("also_approved_by", ["acute-trust"], "members approve anyhow"),
        ("certified_by", ["acute-trust"], "commissioner or an independent"),
        ("certified_by", ["integrated-care-board", "integrated-care-board"], "named twice"),
        ("boards", [{**BOARD, "seats": ["nobody"]}], "is no party here"),
        ("boards", [{**BOARD, "quorum": 6}], "never make a quorum of 6"),
        ("boards", [{**BOARD, "decides": ["terms", "terms"]}], "is decided twice"),
        ("boards", [BOARD, {**BOARD, "decides": ["terms"]}], "named twice"),
        ("accreditations", [{**ACCREDITED, "members": ["nobody"]}], "is no member here"),
        ("accreditations", [{**ACCREDITED, "recorded_by": ["acute-trust"]}], "nobody accredits itself"),
        ("accreditations", [ACCREDITED, ACCREDITED], "named twice"),
    ],
)
def test_governance_terms_are_held_to_their_rules(entry: str, value: Any, words: str) -> None:
    changed = Terms.model_validate({**PLAIN.model_dump(exclude_none=True), "governance": {
        **PLAIN.model_dump(exclude_none=True)["governance"], entry: value}})  # fmt: skip
    problems = find_problems(changed)
    assert any(words in f"{one.what} {one.mend}" for one in problems), problems


def test_a_log_opened_by_no_commissioner_of_the_terms_agrees_nothing() -> None:
    commissioners = [{"id": "another-board", "name": "Another board"}]
    other = quick_terms({"parties.commissioners": commissioners, "finance.payment.payer": "another-board"})
    found = terms_approved(read_log(log_for(PLAIN)), other, PERIOD)
    assert "the log was not opened by a commissioner of the terms" in found.reasons


def test_terms_that_ask_for_nothing_of_it_keep_their_hash() -> None:
    from settlement.terms import load_terms

    terms = load_terms(RAW)
    assert terms.body_of("acute-trust") == "acute-trust"
    keys = {party: key_from_seed(b"test", party) for party in terms.party_ids}
    log = found_agreement(terms, keys, signed_at="2024-03-20T10:00:00Z", place="Derby", approver=CFO, valid_to="")
    assert {record.kind for record in read_log(log)} == {"party_admitted", "authority_delegated", "terms_voted"}
    assert tuple(AMOUNTS) == MEMBERS[:4]
