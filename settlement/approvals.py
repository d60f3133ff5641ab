"""What the decision log amounts to: whether terms are agreed, and which causes are recorded.

Belongs here: unanimity, delegated authority, conflicts, who may record a cause; the records that found an agreement.
Not here: the form and proof of the log (`decisions`).

Unanimous to agree terms; one party, one vote; a vote counts when its approver held delegated authority on the day
and declared no conflict. Once every vote is in, the decision is final: later votes change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.period import Period
from settlement.decisions import Record, append_record, public_key_text
from settlement.terms import Terms

_SEAL = object()


@dataclass(frozen=True)
class ApprovalResult:
    """Whether the terms with this hash are agreed for this period. Made by `terms_approved` alone.

    reasons: why not, in plain words; approvals: hashes of the deciding records, in party order.
    """

    ok: bool
    reasons: tuple[str, ...]
    terms_hash: str
    period_id: str
    approvals: tuple[str, ...]
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("an approval result comes from the decision log: call terms_approved")


@dataclass(frozen=True)
class GateCause:
    """A recorded cause of a failed fitness check. Made by `gate_causes` alone, after the recorder's right is proved."""

    scope: str
    check_id: str
    cause: str
    reason: str
    recorded_by: str
    record_hash: str
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("a recorded cause comes from the decision log: call gate_causes")


def authority_fault(records: Sequence[Record], vote: Record) -> str | None:
    """Why the approver of a record held no authority when it signed; None if it did."""
    grants = [
        record
        for record in records
        if record.sequence < vote.sequence
        and record.kind == "authority_delegated"
        and record.signer == vote.signer
        and record.body["approver"] == vote.body["approver"]
        and record.body["public_key"] == vote.public_key
    ]
    if not grants:
        return f"{vote.body['approver']} was given no authority by {vote.signer}"
    day = vote.day.isoformat()
    # The latest delegation to this approver replaces earlier ones.
    grant = grants[-1].body
    if day < grant["valid_from"] or (grant["valid_to"] and day > grant["valid_to"]):
        return f"the authority of {vote.body['approver']} for {vote.signer} was not in date on {day}"
    return None


def vote_fault(records: Sequence[Record], vote: Record) -> str | None:
    """Why a vote does not count: a declared conflict, or no authority in date; None if it counts."""
    if vote.body["conflicts"]:
        return f"{vote.body['approver']} of {vote.signer} declared a conflict"
    for record in records:
        same = record.kind == "conflict_declared" and record.signer == vote.signer
        if (
            same
            and record.sequence < vote.sequence
            and record.body["approver"] == vote.body["approver"]
            and (record.body["terms_hash"] == vote.body["terms_hash"])
        ):
            return f"{vote.body['approver']} of {vote.signer} declared a conflict"
    return authority_fault(records, vote)


def hand_fault(records: Sequence[Record], vote: Record, terms: Terms) -> str | None:
    """Why a vote does not count beside another: one approver voted for two roles of one body; None if it counts.

    A body that commissions and provides has two signatories.
    """
    for record in records:
        if (record.kind, record.body.get("terms_hash")) != (vote.kind, vote.body["terms_hash"]):
            continue
        earlier = record.signer != vote.signer and record.sequence < vote.sequence
        own = terms.body_of(record.signer) == terms.body_of(vote.signer)
        if earlier and own and record.body["approver"] == vote.body["approver"]:
            return f"{vote.body['approver']} votes for {record.signer} already, a role of the same body"
    return None


def _membership_faults(records: Sequence[Record], terms: Terms, opens: str) -> list[str]:
    """Parties admitted in time that the terms do not name in their role, and parties of the terms never admitted."""
    roles = dict.fromkeys(terms.commissioner_ids, "commissioner") | dict.fromkeys(terms.member_ids, "member")
    admitted = {
        str(record.body["party"]): str(record.body["role"])
        for record in records
        if record.kind == "party_admitted" and record.body["valid_from"] <= opens
    }
    faults = [
        f"{party} was admitted as {role}, and the terms do not name it so: a new party re-opens approval"
        for party, role in sorted(admitted.items())
        if role in ("member", "commissioner") and roles.get(party) != role
    ]
    if records and records[0].signer not in terms.commissioner_ids:
        faults.append("the log was not opened by a commissioner of the terms")
    faults += [f"{party} has not been admitted" for party in terms.approver_ids if party not in admitted]
    return faults


def terms_approved(records: Sequence[Record], terms: Terms, period: Period | str) -> ApprovalResult:
    """Whether every party approved exactly these terms before the period opened, and if not, every reason.

    records: a proved log (`decisions.read_log`) of this agreement. One party, one vote, whatever its share.
    """
    chosen = terms.period(period if isinstance(period, str) else period.label)
    opens = chosen.start.isoformat()
    reasons = _membership_faults(records, terms, opens)
    if any(record.agreement_id != terms.id for record in records):
        reasons.append("the log belongs to another agreement")
    votes: dict[str, Record] = {}
    left_out: dict[str, str] = {}
    for record in records:
        if record.kind != "terms_voted" or record.signer not in terms.approver_ids:
            continue
        if record.body["terms_hash"] != terms.terms_hash:
            left_out.setdefault(record.signer, f"{record.signer} voted on other terms")
        elif record.day >= chosen.start:
            late = f"{record.signer} voted on {record.day.isoformat()}, after the period opened"
            left_out.setdefault(record.signer, late)
        elif fault := vote_fault(records, record) or hand_fault(records, record, terms):
            left_out[record.signer] = fault
        elif not _is_final(votes, terms):
            votes[record.signer] = record
    for party in terms.approver_ids:
        if party not in votes:
            reasons.append(left_out.get(party, f"{party} has not approved"))
        elif votes[party].body["vote"] != "approve":
            reasons.append(f"{party} rejected the terms")
    return ApprovalResult(
        not reasons,
        tuple(reasons),
        terms.terms_hash,
        chosen.label,
        tuple(votes[party].hash for party in terms.approver_ids if party in votes),
        seal=_SEAL,
    )


def _is_final(votes: Mapping[str, Record], terms: Terms) -> bool:
    return all(party in votes and votes[party].body["vote"] == "approve" for party in terms.approver_ids)


def gate_causes(records: Sequence[Record], terms: Terms, period_id: str, data_cut_id: str) -> tuple[GateCause, ...]:
    """The causes recorded for this period and data cut by roles that the terms let record them, in log order.

    A cause recorded by anybody else, or without authority in date, is left out: the figure then stays withheld. So it
    does when whoever recorded the cause withdraws it: `gate_cause_withdrawn`, for the same scope and check.
    """
    allowed = {rule.cause: rule.recorded_by for rule in terms.gate.causes}
    found: list[GateCause] = []
    for record in records:
        body = record.body
        if record.kind not in ("gate_cause_recorded", "gate_cause_withdrawn") or record.agreement_id != terms.id:
            continue
        if (body["period_id"], body["data_cut_id"]) != (period_id, data_cut_id):
            continue
        if record.kind == "gate_cause_withdrawn":
            if not authority_fault(records, record):
                own = (body["scope"], body["check_id"], record.signer)
                found = [cause for cause in found if (cause.scope, cause.check_id, cause.recorded_by) != own]
            continue
        if record.signer not in allowed.get(body["cause"], ()) or authority_fault(records, record):
            continue
        found.append(
            GateCause(
                body["scope"], body["check_id"], body["cause"], body["reason"], record.signer, record.hash, seal=_SEAL
            )
        )
    return tuple(found)


def found_agreement(
    terms: Terms,
    keys: Mapping[str, Ed25519PrivateKey],
    *,
    signed_at: str,
    place: str,
    approver: str,
    valid_to: str,
) -> bytes:
    """A log that admits every party of the terms, delegates authority to one approver each, and approves the terms.

    keys: one key per party, which signs for the party and for its approver. For demonstrations and tests: in life
    each party signs on its own machine.
    """
    roles = dict.fromkeys(sorted(terms.commissioner_ids), "commissioner")
    roles |= dict.fromkeys(terms.member_ids, "member")
    roles |= dict.fromkeys(sorted(terms.party_ids - set(roles)), "independent")
    founder, since, log = next(iter(roles)), signed_at[:10], b""
    bodies = [terms.body_of(party) for party in roles]
    # a body with two roles has a signatory for each
    hands = {p: approver if bodies.count(terms.body_of(p)) == 1 else f"{approver} ({p})" for p in roles}
    drafts = [
        (
            "party_admitted",
            founder,
            {"party": party, "role": role, "public_key": public_key_text(keys[party]), "valid_from": since},
        )
        for party, role in roles.items()
    ]
    drafts += [
        (
            "authority_delegated",
            party,
            {
                "approver": hands[party],
                "public_key": public_key_text(keys[party]),
                "delegated_by": f"governing body of {party}",
                "valid_from": since,
                "valid_to": valid_to,
            },
        )
        for party in roles
    ]
    for kind, signer, body in drafts:
        log += append_record(
            log,
            agreement_id=terms.id,
            kind=kind,
            signer=signer,
            signed_at=signed_at,
            place=place,
            body=body,
            key=keys[signer],
        )
    for party in terms.approver_ids:
        log += append_record(
            log,
            agreement_id=terms.id,
            kind="terms_voted",
            signer=party,
            signed_at=signed_at,
            place=place,
            body={"approver": hands[party], "terms_hash": terms.terms_hash, "vote": "approve", "conflicts": []},
            key=keys[party],
        )
    return log
