"""What the decision log amounts to: whether terms are agreed, and which causes are recorded.

Belongs here: unanimity, the order in which parts are agreed, who may record a cause; the records that found an
agreement. Not here: the form and proof of the log (`decisions`), the right of one approver to one entry (`authority`),
boards (`boards`), applying terms (`certificates`).

Unanimous to agree terms and to vary them; one body, one vote; a vote counts when its approver held delegated authority
on the day, within its limit, and declared no conflict. Once every vote is in, the decision is final: later votes change
nothing, and only other terms, agreed by all, take the place of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass
from datetime import date, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.period import Period
from settlement.authority import Count, approvers, ended_on, limit_fault, vote_fault
from settlement.boards import board_for, resolution
from settlement.decision_bodies import PARTS
from settlement.decisions import Record, append_record, public_key_text
from settlement.extremes import party_extremes
from settlement.terms import Terms

_SEAL = object()
_NEVER = 10**12


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


def _membership_faults(records: Sequence[Record], terms: Terms, opens: str) -> list[str]:
    """Parties admitted in time that the terms do not name in their role, and parties of the terms never admitted."""
    # What is signed once the period has opened changes nothing of it: nobody has a veto to apply.
    records = [record for record in records if record.day.isoformat() < opens]
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
    faults += [f"{party} has not been admitted" for party in approvers(terms) if party not in admitted]
    for party in sorted(terms.party_ids):
        if (left := ended_on(records, party)) is not None and left.isoformat() < opens:
            faults.append(f"the part of {party} ended on {left.isoformat()}: agree terms without it")
    return faults


def exposure_pence(terms: Terms, period_id: str, party: str) -> int | None:
    """What a party decides on when it agrees terms: a member's greatest loss, what a commissioner may have to pay.

    0 for a party without either; None where nothing bounds it.
    """
    extremes = party_extremes(terms, period_id)
    if party in terms.member_ids:
        return extremes[party].greatest_loss_pence
    if party not in terms.commissioner_ids:
        return 0
    paid = [extremes[member].greatest_gain_pence for member in terms.member_ids]
    return None if None in paid else sum(pence or 0 for pence in paid)


def _terms_limit(records: Sequence[Record], terms: Terms, period_id: str, vote: Record) -> str | None:
    # The extremes are worked out only where a limit might be passed.
    if limit_fault(records, vote, None) is None or period_id not in terms.finance.agreed_periods:
        return None
    return limit_fault(records, vote, exposure_pence(terms, period_id, vote.signer))


def closes_on(terms: Terms, opens: date) -> date:
    """The first day on which a vote is too late for a period: the day it opens, or the agreed notice before."""
    return opens - timedelta(days=terms.governance.notice_days or 0)


def _too_late(terms: Terms, record: Record, what: str, opens: date) -> str:
    voted = f"{record.signer} voted{what} on {record.day.isoformat()}"
    if record.day >= opens:
        return f"{voted}, after the period opened"
    return f"{voted}, within the notice of {terms.governance.notice_days} days before the period opens"


def part_counts(records: Sequence[Record], terms: Terms, opens: date) -> dict[str, Count]:
    """The votes on each part of the agreement, in order: a vote before the part above is agreed is left out."""
    counts: dict[str, Count] = {}
    agreed_at = 0
    for part in PARTS:
        count = counts[part] = Count(approvers(terms))
        wanted = terms.part_hash(part)
        for record in records:
            body = record.body
            if record.kind != "part_voted" or body["part"] != part or record.signer not in count.needed:
                continue
            if body["part_hash"] != wanted:
                count.left_out.setdefault(record.signer, f"{record.signer} voted on another version of {part}")
            elif record.day >= closes_on(terms, opens):
                count.left_out.setdefault(record.signer, _too_late(terms, record, f" for {part}", opens))
            elif part != PARTS[0] and (not agreed_at or record.sequence < agreed_at):
                early = f"{record.signer} voted on {part} before what stands above it was agreed"
                count.left_out[record.signer] = early
            elif fault := vote_fault(records, record, terms):
                count.left_out[record.signer] = fault
            else:
                count.add(terms, record)
        agreed_at = 0 if count.final is None else count.final.sequence
    return counts


def count_terms_votes(records: Sequence[Record], terms: Terms, chosen: Period, parts_at: int = 0) -> Count:
    """The votes on exactly these terms for a period: those that count, and why others do not.

    parts_at: the entry by which the parts of the agreement were agreed, where they are agreed one by one.
    """
    count = Count(approvers(terms))
    for record in records:
        if record.kind != "terms_voted" or record.signer not in count.needed:
            continue
        if record.body["terms_hash"] != terms.terms_hash:
            count.left_out.setdefault(record.signer, f"{record.signer} voted on other terms")
        elif record.day >= closes_on(terms, chosen.start):
            count.left_out.setdefault(record.signer, _too_late(terms, record, "", chosen.start))
        elif record.sequence < parts_at:
            count.left_out[record.signer] = f"{record.signer} voted on the terms before their parts were agreed"
        elif fault := vote_fault(records, record, terms) or _terms_limit(records, terms, chosen.label, record):
            count.left_out[record.signer] = fault
        else:
            count.add(terms, record)
    return count


def parts_agreed(records: Sequence[Record], terms: Terms, chosen: Period) -> tuple[int, tuple[str, ...]]:
    """The entry by which the last part was agreed, and why parts are not; an entry that never comes while they are not.

    (0, ()) for terms that are agreed as a whole.
    """
    if not terms.governance.parts_in_order:
        return 0, ()
    counts = part_counts(records, terms, chosen.start)
    last = counts[PARTS[-1]].final
    reasons = tuple(f"{part}: {reason}" for part, count in counts.items() for reason in count.reasons("it"))
    return (_NEVER if last is None else last.sequence), reasons


def terms_approved(records: Sequence[Record], terms: Terms, period: Period | str) -> ApprovalResult:
    """Whether every party approved exactly these terms before the period opened, and if not, every reason.

    records: a proved log (`decisions.read_log`) of this agreement. One body, one vote, whatever its share.
    """
    chosen = terms.period(period if isinstance(period, str) else period.label)
    reasons = _membership_faults(records, terms, chosen.start.isoformat())
    if any(record.agreement_id != terms.id for record in records):
        reasons.append("the log belongs to another agreement")
    parts_at, unagreed = parts_agreed(records, terms, chosen)
    count = count_terms_votes(records, terms, chosen, parts_at)
    reasons += [*unagreed, *count.reasons("the terms")]
    if (board := board_for(terms, "terms")) is not None:
        early = [record for record in records if record.day < closes_on(terms, chosen.start)]
        resolved = resolution(early, terms, board, terms.terms_hash)
        reasons += [] if resolved.passed else [resolved.reason]
    return ApprovalResult(
        not reasons,
        tuple(reasons),
        terms.terms_hash,
        chosen.label,
        tuple(count.votes[party].hash for party in count.needed if party in count.votes),
        seal=_SEAL,
    )


def gate_causes(records: Sequence[Record], terms: Terms, period_id: str, data_cut_id: str) -> tuple[GateCause, ...]:
    """The causes recorded for this period and data cut by roles that the terms let record them, in log order.

    A cause recorded by anybody else, without authority in date, or with a conflict on the terms is left out: the figure
    then stays withheld. So it does when whoever recorded the cause withdraws it: `gate_cause_withdrawn`, for the same
    scope and check.
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
            if not vote_fault(records, record, terms):
                own = (body["scope"], body["check_id"], record.signer)
                found = [cause for cause in found if (cause.scope, cause.check_id, cause.recorded_by) != own]
            continue
        if record.signer not in allowed.get(body["cause"], ()) or vote_fault(records, record, terms):
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

    keys: one key per party, which signs for the party and for its approver; a body with two roles has an approver for
    each. For demonstrations and tests: in life each party signs on its own machine.
    """
    roles = dict.fromkeys(sorted(terms.commissioner_ids), "commissioner")
    roles |= dict.fromkeys(terms.member_ids, "member")
    roles |= dict.fromkeys(sorted(terms.party_ids - set(roles)), "independent")
    bodies = [terms.body_of(party) for party in roles]
    named = {p: approver if bodies.count(terms.body_of(p)) == 1 else f"{approver} ({p})" for p in roles}
    founder, since = next(iter(roles)), signed_at[:10]
    drafts: list[tuple[str, str, dict[str, object]]] = [
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
                "approver": named[party],
                "public_key": public_key_text(keys[party]),
                "delegated_by": f"governing body of {party}",
                "valid_from": since,
                "valid_to": valid_to,
            },
        )
        for party in roles
    ]
    boards = terms.governance.boards or ()
    drafts += [
        (
            "seat_given",
            party,
            {"board": board.id, "approver": named[party], "valid_from": since, "valid_to": valid_to},
        )
        for board in boards
        for party in board.seats
    ]
    for part in PARTS if terms.governance.parts_in_order else ():
        drafts += [
            ("part_voted", party, {"part": part, "part_hash": terms.part_hash(part)}) for party in approvers(terms)
        ]
    drafts += [("terms_voted", party, {"terms_hash": terms.terms_hash}) for party in approvers(terms)]
    drafts += [
        ("board_voted", party, {"board": board.id, "subject": terms.terms_hash})
        for board in boards
        if "terms" in board.decides
        for party in board.seats
    ]
    log = b""
    for kind, signer, content in drafts:
        if kind.endswith("_voted"):
            content = {"approver": named[signer], "vote": "approve", "conflicts": [], **content}
        log += append_record(
            log,
            agreement_id=terms.id,
            kind=kind,
            signer=signer,
            signed_at=signed_at,
            place=place,
            body=content,
            key=keys[signer],
        )
    return log
