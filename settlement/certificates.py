"""Applying terms: a certificate, its challenge window, disputes of single lines, what is payable.

Belongs here: which certificates, challenges and determinations count, and the state of each member's line.
Not here: the sums (`engine`), the form of entries (`decision_bodies`), who may sign what (`authority`).

Nobody has a veto here. A settlement is certified; for some working days a party may challenge a line; what nobody
challenges is paid after that; of each challenge an independent expert determines that the line stands or that it is to
be restated. No one types an amount: a line that is to be restated waits for a settlement that restates it, and goes
with that one's certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from foundation.canonical import content_id
from foundation.working_days import after_working_days
from settlement.accreditation import held
from settlement.approvals import terms_approved
from settlement.authority import authority_fault, conflict_fault, ended_on, limit_fault
from settlement.boards import board_for, resolution
from settlement.decision_bodies import FINDINGS
from settlement.decisions import Record
from settlement.postings import recouped_from
from settlement.terms import Terms

STATES = (
    "shadow",
    "withheld",
    "not_certified",
    "in_window",
    "disputed",
    "to_be_restated",
    "accreditation_missing",
    "payable",
)
DISPUTES = ("line_challenged", "challenge_withdrawn", "line_determined")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate that counts. window_ends: the last day on which a line may be challenged."""

    settlement_id: str
    period_id: str
    supersedes: str
    lines_hash: str
    gross_pence: int
    certified_by: str
    certified_on: date
    window_ends: date


@dataclass(frozen=True)
class Challenge:
    """A challenge of one line that counts. finding: `stands` or `restate`, `withdrawn`, or blank while it is open."""

    figure_id: str
    challenger: str
    reason: str
    challenged_on: date
    finding: str = ""
    finding_reason: str = ""
    found_on: date | None = None


@dataclass(frozen=True)
class LineState:
    """How one member's line of a settlement stands.

    payable_from: the day from which it may be paid if nothing else is recorded; None while something else must happen.
    """

    settlement_id: str
    figure_id: str
    line: str
    member_id: str
    amount_pence: int
    state: str
    payable_from: date | None
    words: str


def certifiers(terms: Terms) -> tuple[str, ...]:
    """Roles of which one certifies a settlement: those the terms name, else the commissioners."""
    return terms.governance.certified_by or tuple(sorted(terms.commissioner_ids))


def experts(terms: Terms) -> tuple[str, ...]:
    """Roles of which one determines what is disputed: those the terms name, else the independents."""
    return terms.governance.determined_by or tuple(sorted(terms.independent_ids))


def gross_pence(member_rows: Sequence[Mapping[str, Any]]) -> int:
    """All that moves in a settlement, whoever pays it: the sum of the members' lines without their signs."""
    return sum(abs(int(row["amount_pence"])) for row in member_rows)


def lines_hash(member_rows: Sequence[Mapping[str, Any]]) -> str:
    """Hash of every member's line and amount: what a certificate is of, whatever run computed it."""
    return content_id(sorted([str(row["figure_id"]), int(row["amount_pence"])] for row in member_rows))


def _assurance_fault(records: Sequence[Record], terms: Terms, settlement_id: str) -> str | None:
    """Why independent assurance does not let a settlement be certified; the last word of each assurer counts.

    No assurer overrules another: a rejection stands until whoever gave it approves. One that has left cannot: its
    rejection stands until another approves that knows of it, after the entry that says so and after that day.
    """
    assurers = terms.governance.assured_by
    if assurers is None:
        return None
    given = [
        record
        for record in records
        if record.kind == "assurance_given"
        and record.signer in assurers
        and record.body["settlement_id"] == settlement_id
        and not conflict_fault(records, record, terms)
        and not authority_fault(records, record)
    ]
    if not given:
        return f"{' or '.join(assurers)} has not given assurance"
    last = {record.signer: record for record in given}
    rejected = []
    for who, record in sorted(last.items()):
        if record.body["vote"] != "reject":
            continue
        words, left = f"{who} rejected it: {record.body['reason']}", ended_on(records, who)
        if left is not None:
            told = max(one.sequence for one in records if one.kind == "party_ended" and one.body["party"] == who)
            words += f" (its part ended on {left.isoformat()}: another assurer approves after that)"
            if any(one.body["vote"] == "approve" and one.sequence > told and one.day > left for one in last.values()):
                continue
        rejected.append(words)
    return "; ".join(rejected) or None


def _certificate_fault(
    before: Sequence[Record], terms: Terms, record: Record, earlier: Sequence[Certificate]
) -> str | None:
    body = record.body
    if record.agreement_id != terms.id or body["terms_hash"] != terms.terms_hash:
        return "it is of other terms than these"
    if record.signer not in certifiers(terms):
        return f"{record.signer} does not certify under these terms: {' or '.join(certifiers(terms))} does"
    fault = conflict_fault(before, record, terms) or authority_fault(before, record)
    if fault or (fault := limit_fault(before, record, int(body["gross_pence"]))):
        return fault
    if body["period_id"] not in [period.label for period in terms.settlement_periods()]:
        return "the terms are not in force in the period it names"
    approved = terms_approved(before, terms, body["period_id"])
    if not approved.ok:
        return f"the terms are not agreed for {body['period_id']}: {'; '.join(approved.reasons)}"
    if fault := _assurance_fault(before, terms, body["settlement_id"]):
        return fault
    if (board := board_for(terms, "certificate")) is not None:
        resolved = resolution(before, terms, board, body["settlement_id"])
        if not resolved.passed:
            return resolved.reason
    certified = [one.settlement_id for one in earlier]
    if body["settlement_id"] in certified:
        return "this settlement is certified already; a certificate is final, and only a restatement supersedes it"
    if body["supersedes"] and body["supersedes"] not in certified:
        return "the settlement it restates is not certified: certify that one first"
    if body["supersedes"] and any(one.supersedes == body["supersedes"] for one in earlier):
        return "another certified settlement restates that one already"
    if any(one.settlement_id == body["supersedes"] and one.period_id != body["period_id"] for one in earlier):
        return "the settlement it restates is of another period"
    return None


def _challenge_fault(
    before: Sequence[Record],
    terms: Terms,
    entry: Record,
    certificate: Certificate | None,
    standing: Sequence[Challenge],
) -> str | None:
    if certificate is None:
        return "the settlement is not certified: there is nothing to challenge yet"
    on_line = [one for one in standing if one.figure_id == entry.body["figure_id"]]
    unanswered = [one.challenger for one in on_line if not one.finding]
    match entry.kind:
        case "line_challenged":
            if entry.signer not in (*terms.member_ids, *terms.commissioner_ids):
                return f"{entry.signer} is neither a member nor a commissioner of these terms"
            if entry.day > certificate.window_ends:
                return f"the challenge window closed on {certificate.window_ends.isoformat()}"
            if any(one.finding in FINDINGS and one.challenger == entry.signer for one in on_line):
                return f"the challenge of this line by {entry.signer} is determined, and a determination is final"
            if entry.signer in unanswered:
                return f"{entry.signer} has challenged this line already"
        case "challenge_withdrawn":
            if entry.signer not in unanswered:
                return f"{entry.signer} has no open challenge of this line"
        case _:
            if entry.signer not in experts(terms):
                named = " or ".join(experts(terms)) or "nobody"
                return f"{entry.signer} does not determine disputes under these terms: {named} does"
            if not unanswered:
                return "no challenge of this line is open"
            named = entry.body.get("challenger", "")
            if named and named not in unanswered:
                return f"{named} has no open challenge of this line"
            if not named and len(unanswered) > 1:
                return f"{', '.join(unanswered)} challenge this line: name whose challenge is determined"
            if fault := conflict_fault(before, entry, terms):
                return fault
    return authority_fault(before, entry)


@dataclass(frozen=True)
class Applied:
    """What a log amounts to in applying terms: certificates and challenges that count, and why other entries do not.

    challenges: by settlement id. faults: by the sequence of the entry.
    """

    certificates: tuple[Certificate, ...]
    challenges: Mapping[str, tuple[Challenge, ...]]
    faults: Mapping[int, str]


def apply_log(records: Sequence[Record], terms: Terms) -> Applied:
    """One pass over a proved log."""
    certified: dict[str, Certificate] = {}
    found: dict[str, list[Challenge]] = {}
    faults: dict[int, str] = {}
    for index, record in enumerate(records):
        before, body = records[:index], record.body
        if record.kind == "settlement_certified":
            if fault := _certificate_fault(before, terms, record, tuple(certified.values())):
                faults[record.sequence] = fault
                continue
            ends = after_working_days(record.day, terms.governance.challenge_window_working_days)
            certified[body["settlement_id"]] = Certificate(
                body["settlement_id"], body["period_id"], body["supersedes"], body["lines_hash"],
                int(body["gross_pence"]), record.signer,
                record.day, ends,
            )  # fmt: skip
        elif record.kind in DISPUTES:
            standing = found.setdefault(body["settlement_id"], [])
            certificate = certified.get(body["settlement_id"])
            if fault := _challenge_fault(before, terms, record, certificate, standing):
                faults[record.sequence] = fault
            else:
                _take_in(standing, record)
    return Applied(tuple(certified.values()), {name: tuple(all_of) for name, all_of in found.items()}, faults)


def _take_in(standing: list[Challenge], entry: Record) -> None:
    body = entry.body
    if entry.kind == "line_challenged":
        standing.append(Challenge(body["figure_id"], entry.signer, body["reason"], entry.day))
        return
    withdrawn = entry.kind == "challenge_withdrawn"
    finding = "withdrawn" if withdrawn else body["finding"]
    # A determination that names nobody is of the only challenge that is open.
    answered = entry.signer if withdrawn else body.get("challenger", "")
    for index, one in enumerate(standing):
        if one.figure_id == body["figure_id"] and not one.finding and one.challenger == (answered or one.challenger):
            standing[index] = replace(one, finding=finding, finding_reason=body["reason"], found_on=entry.day)


def _posting_figure(row: Mapping[str, Any]) -> str:
    return f"posting:{row['agreement_id']}:{row['period_id']}:{row['line']}"


def _day_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _open_words(certificate: Certificate) -> str:
    made, ends = _day_words(certificate.certified_on), _day_words(certificate.window_ends)
    return f"certified on {made}, may be challenged to {ends}"


def _one_state(
    records: Sequence[Record],
    terms: Terms,
    applied: Applied,
    chain: Sequence[Certificate],
    row: Mapping[str, Any],
    on: date | None,
) -> tuple[str, date | None, str]:
    """State, day from which it is payable and words of a line, from the first certificate of a chain on."""
    certificate, later = chain[0], chain[1:]
    figures = (str(row["figure_id"]), _posting_figure(row))
    own = [one for one in applied.challenges.get(certificate.settlement_id, ()) if one.figure_id in figures]
    disputed = [f"{one.challenger} on {_day_words(one.challenged_on)}" for one in own if not one.finding]
    if disputed:
        # Each challenge is determined by itself: a finding on one leaves the line in dispute while another is open.
        return "disputed", None, f"disputed by {' and '.join(disputed)}"
    found = [one.finding_reason for one in own if one.finding == "restate"]
    if found and later:
        # What is in dispute goes with the settlement that restates it.
        state, day, words = _one_state(records, terms, applied, later, row, on)
        return state, day, f"goes with its restatement, which is {words}"
    if found:
        return "to_be_restated", None, f"found to be restated: {'; '.join(found)}"
    stands = [one.found_on for one in own if one.finding == "stands" and one.found_on is not None]
    free = max([certificate.window_ends + _DAY, *stands])
    missing = [one for one in held(records, terms, str(row["member_id"]), free if on is None else max(on, free))
               if one.withholds]  # fmt: skip
    if on is not None and on <= certificate.window_ends:
        return "in_window", None if missing else free, _open_words(certificate)
    if missing and int(row["amount_pence"]) > 0:
        return "accreditation_missing", None, missing[0].words
    what = "determined: it stands; " if stands else ""
    return "payable", free, f"{what}{_open_words(certificate)}, payable from {_day_words(free)}"


def _chain_from(found: Sequence[Certificate], first: Certificate) -> list[Certificate]:
    """A certificate, and those of the settlements that restate its settlement, one after another."""
    chain = [first]
    for one in found:
        if one.supersedes == chain[-1].settlement_id:
            chain.append(one)
    return chain


def covering(
    applied: Applied, settlement_id: str, status: str, member_rows: Sequence[Mapping[str, Any]]
) -> Certificate | None:
    """The certificate of exactly these lines; None without one.

    A shadow settlement is made anew by every run. One that says what a certified one said is certified with it.
    """
    digest, found = lines_hash(member_rows), None
    periods = {str(row["period_id"]) for row in member_rows}
    for one in applied.certificates:
        same = one.settlement_id == settlement_id or (status == "shadow" and {one.period_id} == periods)
        if same and one.lines_hash == digest and one.gross_pence == gross_pence(member_rows):
            found = one
    return found


def line_states(
    records: Sequence[Record],
    terms: Terms,
    settlement_id: str,
    status: str,
    member_rows: Sequence[Mapping[str, Any]],
    on: date | None = None,
) -> tuple[LineState, ...]:
    """How each member's line of a settlement stands on a day, or, without one, once its window has passed.

    status: that of its postings. member_rows: its rows of member_lines.csv. A certificate of other sums counts for
    nothing. In shadow and while withheld nothing is payable, whatever is certified.
    """
    applied = apply_log(records, terms)
    certificate = covering(applied, settlement_id, status, member_rows)
    chain = [] if certificate is None else _chain_from(applied.certificates, certificate)
    rejected = None if chain else _assurance_fault(records, terms, settlement_id)
    waiting = f"not certified: {rejected}" if rejected else "not certified yet"
    found = []
    for row in member_rows:
        state, day, words = (
            _one_state(records, terms, applied, chain, row, on) if chain else ("not_certified", None, waiting)
        )
        if status in ("shadow", "withheld"):
            state, day, words = status, None, f"{status}, nothing is payable; {words}"
        found.append(
            LineState(
                settlement_id, str(row["figure_id"]), str(row["line"]), str(row["member_id"]),
                int(row["amount_pence"]), state, day, words,
            )
        )  # fmt: skip
    # What is taken back out of a line, or held back from it, waits with it.
    source = {one.member_id: one for one in found if one.line == recouped_from(terms)}
    return tuple(
        replace(one, state=source[one.member_id].state, payable_from=None, words=source[one.member_id].words)
        if one.line in ("recoup", "condition")
        and one.state == "payable"
        and one.member_id in source
        and source[one.member_id].state != "payable"
        else one
        for one in found
    )


def settlement_words(applied: Applied, settlement_id: str) -> str:
    """How a settlement stands as a whole, for a reader who has not its lines: its certificate, and what is disputed."""
    certificate = next((one for one in applied.certificates if one.settlement_id == settlement_id), None)
    if certificate is None:
        return "not certified yet"
    told = [_open_words(certificate)]
    for one in applied.challenges.get(settlement_id, ()):
        became = {"": "open", "stands": "it stands", "restate": "to be restated"}.get(one.finding, one.finding)
        told.append(f"{one.figure_id} disputed by {one.challenger} ({became})")
    return "; ".join(told)


def payable_pence(states: Sequence[LineState]) -> int:
    """What may be paid now, signed, over the lines of a settlement that are payable."""
    return sum(one.amount_pence for one in states if one.state == "payable")
