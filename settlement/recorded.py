"""What the decision log records for a period beside the gate's causes: awards, cash, absences, conditions, drawings.

Belongs here: an award for an unplanned outcome once every party voted for it; what is certified as cash; members that
did not take part in learning and development, recorded by a role that cannot gain from it.
Not here: the form and proof of the log (`decisions`), agreeing terms and recording causes (`approvals`), the money
(`top_up`, `postings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import InitVar, dataclass, field, replace

from settlement.authority import hand_fault, limit_fault, vote_fault
from settlement.decisions import Record
from settlement.drawn import Drawn, drawn_in
from settlement.exact import exact
from settlement.terms import Terms

_SEAL = object()
# What stands in for the hash of a record nobody has made, and more than any pool: a certificate of it bounds nothing.
_SUPPOSED, _BOUNDLESS = "supposed", 10**17


@dataclass(frozen=True)
class Award:
    """An unplanned outcome, what all parties voted to pay for it, and the hash of the vote that completed it."""

    outcome: str
    amount_pence: int
    record_hash: str


@dataclass(frozen=True)
class Stage:
    """A stretch of the log in which absences are only added: what was known of them, one after another.

    ends_at: the settlement in force when an absence was withdrawn, which ended the stage; empty for the last stage.
    """

    known: tuple[tuple[str, ...], ...]
    ends_at: str


@dataclass(frozen=True)
class Certificate:
    """What one certifier last certified as cash-releasing of a row of `avoided`, and the hash of its record."""

    row: str
    signer: str
    amount_pence: int
    record_hash: str


@dataclass(frozen=True)
class JudgedCondition:
    """Whether a must-pass condition was met, on what evidence, and the hash of the record that last said so."""

    condition: str
    is_met: bool
    evidence: str
    record_hash: str


@dataclass(frozen=True)
class PeriodRecords:
    """What is recorded for one period of an agreement. Made by `period_records` alone.

    absent: members that did not take part, in the order of the log. stages: how that became known and was withdrawn, so
    that an earlier settlement's part can be told.
    """

    agreement_id: str
    period_id: str
    awards: tuple[Award, ...]
    absent: tuple[str, ...]
    stages: tuple[Stage, ...]
    seal: InitVar[object]
    certificates: tuple[Certificate, ...] = field(default=(), kw_only=True)
    conditions: tuple[JudgedCondition, ...] = field(default=(), kw_only=True)
    drawn: tuple[Drawn, ...] = field(default=(), kw_only=True)

    def known_at(self, settlement_id: str) -> tuple[tuple[str, ...], ...]:
        """The absences that may have been known when a settlement was made, one after another."""
        # It was made before the first withdrawal that names it as the one in force, and after all others before that.
        return next((stage for stage in self.stages if stage.ends_at == settlement_id), self.stages[-1]).known

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise TypeError("what is recorded for a period comes from the decision log: call period_records")


def _above_limit(records: Sequence[Record], record: Record) -> bool:
    """Whether the approver decides on a sum above the limit of the authority given."""
    return limit_fault(records, record, int(record.body["amount_pence"])) is not None


def _awards(records: Sequence[Record], terms: Terms, period_id: str) -> tuple[Award, ...]:
    """Awards that every party approved under these terms, in the order in which they became final.

    An outcome has one award: another amount that every party approves for it supersedes the one before. One that would
    exceed the agreed greatest is void: a log cannot be mended, so it must not block what is owed.
    """
    if terms.top_up.unplanned_award is None:
        return ()
    greatest = exact(terms.top_up.unplanned_award.greatest_gbp) * 100
    approved: dict[tuple[str, int], set[str]] = {}
    final: dict[str, Award] = {}
    for record in records:
        body = record.body
        if record.kind != "award_voted" or record.signer not in terms.approver_ids:
            continue
        if (body["period_id"], body["terms_hash"]) != (period_id, terms.terms_hash):
            continue
        if vote_fault(records, record, terms) or hand_fault(records, record, terms) or _above_limit(records, record):
            continue
        # `Peer group` and `peer  group` are one outcome
        outcome, pence = " ".join(body["outcome"].split()).casefold(), int(body["amount_pence"])
        if outcome in final and final[outcome].amount_pence == pence:
            continue
        votes = approved.setdefault((outcome, pence), set())
        if body["vote"] == "approve":
            votes.add(record.signer)
        else:
            votes.discard(record.signer)
        others = sum(award.amount_pence for name, award in final.items() if name != outcome)
        if votes == set(terms.approver_ids) and others + pence <= greatest:
            final.pop(outcome, None)
            final[outcome] = Award(body["outcome"], pence, record.hash)
            votes.clear()
    return tuple(final.values())


_NO_STAGES = (Stage(((),), ""),)


def _stages(records: Sequence[Record], terms: Terms, period_id: str) -> tuple[Stage, ...]:
    """How absences became known and were withdrawn, by roles that may record them."""
    learning = terms.top_up.learning_and_development
    if learning is None:
        return _NO_STAGES
    absent: tuple[str, ...] = ()
    known = [absent]
    stages: list[Stage] = []
    for record in records:
        if record.kind not in ("absence_recorded", "absence_withdrawn") or record.body["period_id"] != period_id:
            continue
        if record.signer not in learning.recorded_by or vote_fault(records, record, terms):
            continue
        member = record.body["member"]
        if record.kind == "absence_recorded" and member in terms.member_ids and member not in absent:
            absent = (*absent, member)
            known.append(absent)
        if record.kind == "absence_withdrawn" and member in absent:
            stages.append(Stage(tuple(known), record.body["settlement"]))
            absent = tuple(one for one in absent if one != member)
            known = [absent]
    return (*stages, Stage(tuple(known), ""))


def _certificates(records: Sequence[Record], terms: Terms, period_id: str) -> tuple[Certificate, ...]:
    """The latest certificate of each certifier for each row, under these terms, by row and certifier."""
    agreed = terms.finance.avoided
    if agreed is None:
        return ()
    rows = {row.id for row in agreed.rows}
    found: dict[tuple[str, str], Certificate] = {}
    for record in records:
        body = record.body
        if record.kind != "cash_certified" or record.signer not in agreed.certified_by or body["row"] not in rows:
            continue
        if (body["period_id"], body["terms_hash"]) != (period_id, terms.terms_hash):
            continue
        if vote_fault(records, record, terms) or _above_limit(records, record):
            continue
        found[body["row"], record.signer] = Certificate(
            body["row"], record.signer, int(body["amount_pence"]), record.hash
        )
    return tuple(found[key] for key in sorted(found))


def _conditions(records: Sequence[Record], terms: Terms, period_id: str) -> tuple[JudgedCondition, ...]:
    """The latest record of each must-pass condition by a role that may judge it."""
    allowed = {condition.id: condition.recorded_by for condition in terms.conditions or ()}
    found: dict[str, JudgedCondition] = {}
    for record in records:
        if record.kind != "condition_judged" or record.body["period_id"] != period_id:
            continue
        name = record.body["condition"]
        if record.signer in allowed.get(name, ()) and not vote_fault(records, record, terms):
            found[name] = JudgedCondition(name, record.body["met"] == "yes", record.body["evidence"], record.hash)
    return tuple(found[name] for name in sorted(found))


def period_records(records: Sequence[Record], terms: Terms, period_id: str) -> PeriodRecords:
    """What a proved log records for a period. Votes and records without right or authority are left out."""
    own = [record for record in records if record.agreement_id == terms.id]
    certificates, conditions = _certificates(own, terms, period_id), _conditions(own, terms, period_id)
    drawn = drawn_in(own, terms, period_id)
    if terms.finance.top_up is None:
        return PeriodRecords(
            terms.id, period_id, (), (), _NO_STAGES, seal=_SEAL, certificates=certificates, conditions=conditions,
            drawn=drawn,
        )  # fmt: skip
    stages = _stages(own, terms, period_id)
    return PeriodRecords(
        terms.id,
        period_id,
        _awards(own, terms, period_id),
        stages[-1].known[-1],
        stages,
        seal=_SEAL,
        certificates=certificates,
        conditions=conditions,
        drawn=drawn,
    )


def nothing_recorded(terms: Terms, period_id: str) -> PeriodRecords:
    """No award, and every member took part."""
    return period_records((), terms, period_id)


def all_met(terms: Terms, period_id: str, recorded: PeriodRecords | None = None) -> PeriodRecords:
    """What is recorded, with every condition nobody has judged met and every missing certificate given without bound.

    Supposed, never posted. Without `recorded`: no award, and every member took part.
    """
    known = nothing_recorded(terms, period_id) if recorded is None else recorded
    judged = {one.condition for one in known.conditions}
    given = {(one.row, one.signer) for one in known.certificates}
    avoided = terms.finance.avoided
    pairs = [] if avoided is None else [(row.id, signer) for row in avoided.rows for signer in avoided.certified_by]
    return replace(
        known,
        conditions=(
            *known.conditions,
            *(
                JudgedCondition(one.id, is_met=True, evidence="nothing: supposed", record_hash=_SUPPOSED)
                for one in terms.conditions or ()
                if one.id not in judged
            ),
        ),
        certificates=(
            *known.certificates,
            *(Certificate(*pair, _BOUNDLESS, _SUPPOSED) for pair in pairs if pair not in given),
        ),
        seal=_SEAL,
    )


def decided_for(terms: Terms, period_id: str, recorded: PeriodRecords | None) -> PeriodRecords:
    """The conditions and certificates of other records, as far as these terms know them, under a period of theirs.

    For asking what would be: no award and no absence goes with them.
    """
    nothing = nothing_recorded(terms, period_id)
    if recorded is None:
        return nothing
    conditions = {one.id for one in terms.conditions or ()}
    avoided = terms.finance.avoided
    pairs = set() if avoided is None else {(row.id, who) for row in avoided.rows for who in avoided.certified_by}
    return replace(
        nothing,
        conditions=tuple(one for one in recorded.conditions if one.condition in conditions),
        certificates=tuple(one for one in recorded.certificates if (one.row, one.signer) in pairs),
        seal=_SEAL,
    )
