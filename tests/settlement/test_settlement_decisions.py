"""The decision log: who may decide, and that every changed, removed, re-ordered or replayed byte shows (CNI-13..18)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from settlement_world import PERIOD, World, build_world, log_for, terms_with

from foundation.canonical import canonical_json
from foundation.errors import Refused, WrongUsage
from settlement import store
from settlement.approvals import ApprovalResult, terms_approved
from settlement.decisions import LogTampered, append_record, head_of, key_from_seed, public_key_text, read_log

WORLD = build_world()
CFO = "chief finance officer"


def _key(party: str) -> Ed25519PrivateKey:
    return key_from_seed(b"test", party)


def _append(
    log: bytes,
    kind: str,
    signer: str,
    body: dict[str, Any],
    *,
    key: Ed25519PrivateKey | None = None,
    signed_at: str = "2024-03-21T10:00:00Z",
) -> bytes:
    return log + append_record(
        log,
        agreement_id=WORLD.terms.id,
        kind=kind,
        signer=signer,
        signed_at=signed_at,
        place="Derby",
        body=body,
        key=key or _key(signer),
    )


def _vote(log: bytes, party: str, **changes: Any) -> bytes:
    extra = {name: changes.pop(name) for name in ("key", "signed_at") if name in changes}
    body = {"approver": CFO, "terms_hash": WORLD.terms.terms_hash, "vote": "approve", "conflicts": [], **changes}
    return _append(log, "terms_voted", party, body, **extra)


def _without_votes(*parties: str) -> bytes:
    """The founding log with the votes of these parties not cast."""
    log = b""
    for line in WORLD.log.splitlines(keepends=True):
        record = json.loads(line)
        if record["kind"] == "terms_voted" and record["signer"] in parties:
            continue
        log += append_record(
            log,
            agreement_id=record["agreement_id"],
            kind=record["kind"],
            signer=record["signer"],
            signed_at=record["signed_at"],
            place=record["place"],
            body=record["body"],
            key=_key(record["signer"]),
        )
    return log


def _result(log: bytes) -> ApprovalResult:
    return terms_approved(read_log(log), WORLD.terms, PERIOD)


def test_every_party_approved() -> None:
    assert _result(WORLD.log).ok
    assert len(_result(WORLD.log).approvals) == 6
    assert _result(_vote(_without_votes("city-council"), "city-council")).ok


@pytest.mark.parametrize("party", WORLD.terms.approver_ids)
def test_one_vote_missing_never_finalises(party: str) -> None:
    """CNI-13, CNI-14: n−1 is not enough, whatever the share of the one."""
    found = _result(_without_votes(party))
    assert not found.ok
    assert found.reasons == (f"{party} has not approved",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vote": "reject"}, "city-council rejected the terms"),
        ({"conflicts": ["sits on both boards"]}, "declared a conflict"),
        ({"terms_hash": "e" * 64}, "voted on other terms"),
        ({"signed_at": "2024-04-01T00:00:00Z"}, "after the period opened"),
        ({"approver": "somebody"}, "was given no authority"),
    ],
)
def test_votes_that_do_not_count(change: dict[str, Any], words: str) -> None:
    found = _result(_vote(_without_votes("city-council"), "city-council", **change))
    assert not found.ok
    assert words in found.reasons[0]


@pytest.mark.parametrize(("since", "until"), [("2024-01-01", "2024-03-20"), ("2024-03-22", "2025-01-01")])
def test_authority_out_of_date(since: str, until: str) -> None:
    """CNI-15, CNI-18: the approver's authority must be in date on the day; a new delegation replaces the old."""
    log = _append(
        _without_votes("city-council"),
        "authority_delegated",
        "city-council",
        {
            "approver": CFO,
            "public_key": public_key_text(_key("city-council")),
            "delegated_by": "council",
            "valid_from": since,
            "valid_to": until,
        },
    )
    found = _result(_vote(log, "city-council"))
    assert not found.ok
    assert "not in date" in found.reasons[0]


def test_declared_conflict_excludes_the_approver_and_not_the_party() -> None:
    """THM-12: a conflicted approver's vote does not count; another approver of the party may vote."""
    log = _append(
        _without_votes("city-council"),
        "conflict_declared",
        "city-council",
        {"approver": CFO, "terms_hash": WORLD.terms.terms_hash, "conflict": "owns the hub"},
    )
    assert not _result(_vote(log, "city-council")).ok
    other = key_from_seed(b"test", "city-council deputy")
    log = _append(
        log,
        "authority_delegated",
        "city-council",
        {
            "approver": "deputy",
            "public_key": public_key_text(other),
            "delegated_by": "council",
            "valid_from": "2024-01-01",
            "valid_to": "",
        },
    )
    assert _result(_vote(log, "city-council", approver="deputy", key=other)).ok


def test_a_new_member_reopens_approval() -> None:
    log = _append(
        WORLD.log,
        "party_admitted",
        "integrated-care-board",
        {
            "party": "hospice",
            "role": "member",
            "public_key": public_key_text(_key("hospice")),
            "valid_from": "2024-03-21",
        },
    )
    found = _result(log)
    assert not found.ok
    assert "re-opens approval" in found.reasons[0]


def test_a_final_decision_is_not_withdrawn() -> None:
    """CNI-16: once every vote is in, a later rejection changes nothing; before that, the last word counts."""
    assert _result(_vote(WORLD.log, "city-council", vote="reject")).ok
    log = _vote(_without_votes("acute-trust"), "city-council", vote="reject")
    assert not _result(_vote(log, "acute-trust")).ok


def test_approval_is_of_one_hash_and_one_agreement() -> None:
    other = terms_with({"finance.gain.cap_pct_of_target": 3})
    found = terms_approved(read_log(WORLD.log), other, PERIOD)
    assert not found.ok
    assert all("voted on other terms" in reason for reason in found.reasons)
    elsewhere = terms_with({"agreement.id": "elsewhere"})
    assert "the log belongs to another agreement" in terms_approved(read_log(WORLD.log), elsewhere, PERIOD).reasons


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda log: _vote(log, "hospice"), "has not been admitted"),
        (lambda log: _vote(log, "city-council", key=_key("acute-trust")), "no authority"),
        (lambda log: _vote(log, "city-council", vote="maybe"), "approve or reject"),
        (lambda log: _vote(log, "city-council", conflicts="none"), "list of texts"),
        (lambda log: _vote(log, "city-council", signed_at="2024-03-19T10:00:00Z"), "before the line above"),
        (lambda log: _vote(log, "city-council", signed_at="2024-13-19T10:00:00Z"), "time"),
        (
            lambda log: _append(
                log,
                "party_admitted",
                "city-council",
                {"party": "hospice", "role": "member", "public_key": "0" * 64, "valid_from": "2024-01-01"},
            ),
            "admits parties",
        ),
        (
            lambda log: _append(
                log,
                "party_admitted",
                "integrated-care-board",
                {"party": "acute-trust", "role": "member", "public_key": "0" * 64, "valid_from": "2024-01-01"},
            ),
            "admitted already",
        ),
        (
            lambda log: _append(
                log,
                "authority_delegated",
                "city-council",
                {
                    "approver": CFO,
                    "public_key": public_key_text(_key("acute-trust")),
                    "delegated_by": "c",
                    "valid_from": "2024-01-01",
                    "valid_to": "",
                },
            ),
            "another party",
        ),
        (
            lambda log: _append(
                log,
                "authority_delegated",
                "city-council",
                {"approver": CFO},
            ),
            "holds approver",
        ),
        (
            lambda log: _append(
                log,
                "authority_delegated",
                "city-council",
                {"approver": CFO, "public_key": "0" * 64, "delegated_by": "c", "valid_from": "soon", "valid_to": ""},
            ),
            "date",
        ),
        (
            lambda log: _append(
                log,
                "conflict_declared",
                "city-council",
                {"approver": CFO, "terms_hash": "x", "conflict": "y"},
                key=_key("acute-trust"),
            ),
            "not signed with the key",
        ),
        (lambda log: _append(log, "invented", "city-council", {}), "unknown"),
        (
            lambda log: _append(
                b"",
                "party_admitted",
                "acute-trust",
                {
                    "party": "acute-trust",
                    "role": "member",
                    "public_key": public_key_text(_key("acute-trust")),
                    "valid_from": "2024-01-01",
                },
            ),
            "opens with a commissioner",
        ),
    ],
)
def test_records_that_cannot_be_written(make: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(WrongUsage, match=words):
        make(WORLD.log)


LINES = WORLD.log.splitlines(keepends=True)
HEAD = head_of(read_log(WORLD.log))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WORLD.log) - 1), st.integers(1, 255))
def test_any_changed_byte_is_detected(place: int, change: int) -> None:
    changed = bytearray(WORLD.log)
    changed[place] ^= change
    with pytest.raises(LogTampered, match=r"line \d+"):
        read_log(bytes(changed))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(WORLD.log) - 1))
def test_any_removed_byte_is_detected(place: int) -> None:
    with pytest.raises(LogTampered):
        read_log(WORLD.log[:place] + WORLD.log[place + 1 :])


def test_any_removed_repeated_or_moved_line_is_detected() -> None:
    for index in range(len(LINES)):
        gone = b"".join(LINES[:index] + LINES[index + 1 :])
        with pytest.raises(LogTampered):
            read_log(gone, expected_head=HEAD)
        with pytest.raises(LogTampered):
            read_log(b"".join([*LINES[: index + 1], LINES[index], *LINES[index + 1 :]]))
        with pytest.raises(LogTampered):
            read_log(WORLD.log + LINES[index])
    for index in range(len(LINES) - 1):
        swapped = [*LINES[:index], LINES[index + 1], LINES[index], *LINES[index + 2 :]]
        with pytest.raises(LogTampered):
            read_log(b"".join(swapped))


def test_a_line_of_another_log_is_detected() -> None:
    other = log_for(terms_with({"agreement.id": "elsewhere"}))
    with pytest.raises(LogTampered):
        read_log(WORLD.log + other.splitlines(keepends=True)[-1])
    with pytest.raises(LogTampered):
        read_log(b"".join(LINES[:-1]) + other.splitlines(keepends=True)[-1])


@pytest.mark.parametrize("raw", [b"{}\n", b"[]\n", b"\xff\n", b"1e999\n", b'{"a": 1.5}\n', b"\n", b"x"])
def test_lines_that_are_no_records(raw: bytes) -> None:
    with pytest.raises(LogTampered):
        read_log(raw)
    with pytest.raises(LogTampered):
        read_log(WORLD.log + raw)
    first = json.loads(LINES[0])
    for bad in ({**first, "sequence": True}, {**first, "place": ""}, {**first, "sequence": 1.0}):
        with pytest.raises((LogTampered, TypeError)):
            read_log(canonical_json(bad))


def test_the_store_appends_and_misses_what_is_cut_off(tmp_path: Path, world: World) -> None:
    records = store.append_signed(tmp_path, world.terms.id, world.log, "2024-03-20T12:00:00Z")
    assert len(records) == len(LINES)
    assert store.read_bytes(tmp_path, world.terms.id) == world.log
    made = store.append(
        tmp_path,
        world.terms.id,
        kind="release_published",
        signer="integrated-care-board",
        signed_at="2025-06-01T09:00:00Z",
        place="Derby",
        body={"approver": CFO, "release_id": "r" * 64, "reason": ""},
        key=_key("integrated-care-board"),
    )
    assert store.read_records(tmp_path, world.terms.id)[-1] == made
    path = store.log_path(tmp_path, world.terms.id)
    whole = path.read_bytes()
    path.write_bytes(world.log)
    with pytest.raises(LogTampered, match="are gone"):
        store.read_bytes(tmp_path, world.terms.id)
    path.unlink()
    with pytest.raises(LogTampered):
        store.read_bytes(tmp_path, world.terms.id)
    # A writer killed between the line and the remembered head leaves a log one record longer: that is whole.
    head = tmp_path / f"{world.terms.id}.head.json"
    path.write_bytes(whole)
    head.write_bytes(canonical_json({"head": HEAD, "records": len(LINES)}))
    assert store.read_bytes(tmp_path, world.terms.id) == whole
    # ... until the head is there, nobody would notice that the line was taken away again
    store.catch_up(tmp_path, world.terms.id)
    path.write_bytes(world.log)
    with pytest.raises(LogTampered, match="are gone"):
        store.catch_up(tmp_path, world.terms.id)
    path.write_bytes(whole)
    store.catch_up(tmp_path, world.terms.id)
    assert store.read_bytes(tmp_path, world.terms.id) == whole
    head.write_bytes(b"{}")
    with pytest.raises(Refused):
        store.read_bytes(tmp_path, world.terms.id)
    head.unlink()
    with pytest.raises(LogTampered):
        store.read_bytes(tmp_path, world.terms.id)


def test_the_store_keeps_agreements_apart(tmp_path: Path, world: World) -> None:
    assert store.read_bytes(tmp_path, "nothing-yet") == b""
    assert store.append_signed(tmp_path, "elsewhere", b"", "2024-03-20T12:00:00Z") == ()
    store.log_path(tmp_path, "elsewhere").write_bytes(LINES[0])
    with pytest.raises(LogTampered, match="another agreement"):
        store.read_bytes(tmp_path, "elsewhere")
