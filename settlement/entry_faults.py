"""Whether an entry of the log counts, said before it is signed and after: the reason if not, and what to do.

Belongs here: one answer for every kind of entry, from the rules of the modules that own them.
Not here: those rules (`authority`, `approvals`, `boards`, `certificates`, `accreditation`), the log's own proof
(`decisions`).
"""

from __future__ import annotations

from collections.abc import Sequence

from settlement.approvals import closes_on, count_terms_votes, part_counts, parts_agreed, terms_approved
from settlement.authority import Count, approvers, limit_fault, vote_fault
from settlement.boards import quorum_fault, resolution, seat_fault
from settlement.certificates import DISPUTES, apply_log
from settlement.decisions import Record
from settlement.drawn import KIND as ADVANCE_DRAWN
from settlement.drawn import drawn_fault
from settlement.terms import Terms
from settlement.terms_governance import Board

_FINAL = "{} agreed already: a final decision is not withdrawn, only superseded by another one that all agree"
# What a reason says -> what to do about it. The first that fits holds.
_MENDS = (
    ("not in date", "let the party delegate authority for today: `outturn sign delegation`."),
    ("was given no authority", "let the party delegate authority to this key: `outturn sign delegation`."),
    ("given no authority by", "let the party delegate authority to this key: `outturn sign delegation`."),
    (
        "was revoked",
        "sign with a key that is in force; a party whose own key was revoked is admitted again with another.",
    ),
    ("declared a conflict", "let another approver of this party decide, under an authority of its own."),
    (
        "cannot decide",
        "fill a vacant seat, or give a conflicted one to somebody without a conflict: `outturn sign seat`.",
    ),
    ("two signatories", "let another person sign for one of the two roles, under an authority of its own."),
    ("may decide on", "let somebody sign whose authority reaches so far."),
    ("does not approve these terms", "let a party that the terms name vote; a variation that all agree names others."),
    ("other terms than", "read the terms on file and sign those: `outturn sign terms` shows them with their hash."),
    ("opened", "agree it before a period opens: a variation holds from the next period on."),
    ("has not been admitted", "the party that opened the log admits it first: `outturn sign admission`."),
    ("no advance is agreed", "name a member and a period for which the terms agree an advance."),
    ("is more than the", "record what was drawn; more than that needs a variation of the terms."),
    ("supersedes it names it", "name it with `--settlement` if it is to be superseded, and settle again."),
    ("none is to be named", "leave `--settlement` out."),
    ("the challenge window closed", "ask for a restatement if the data were wrong: the terms say when one is made."),
    ("final", "agree other terms, or settle again: the new decision stands beside this one."),
    ("are not agreed", "get the missing approvals; until then nothing is settled under these terms."),
    ("assurance", "let the assurer look at it: `outturn sign assurance`."),
    (
        "rejected it",
        "mend what assurance found, settle again, and have the new settlement assured; or let that assurer approve it.",
    ),
    ("name whose", "name the party with `--challenger`: each challenge is determined by itself."),
    ("part of", "only a party whose part goes on decides."),
    ("above it", "agree the parts in order: mandate, outcomes, levels, gain and pain."),
)


def mend_of(fault: str) -> str:
    """What to do about a reason."""
    return next((mend for words, mend in _MENDS if words in fault), "see `outturn decisions` and the terms.")


def _board(terms: Terms, board_id: str) -> Board | None:
    return next((board for board in terms.governance.boards or () if board.id == board_id), None)


def _counted(count: Count, record: Record) -> str | None:
    """Why a vote is not among those that count."""
    if count.votes.get(record.signer) is record:
        return None
    if count.final is not None and count.final.sequence < record.sequence:
        return _FINAL.format("this is")
    return count.left_out.get(record.signer, f"{record.signer} has no vote on it")


def _terms_vote_fault(records: Sequence[Record], record: Record, terms: Terms) -> str | None:
    if record.signer not in approvers(terms):
        return f"{record.signer} does not approve these terms: {', '.join(approvers(terms))} do"
    if record.body["terms_hash"] != terms.terms_hash:
        return "these are other terms than those on file"
    periods = terms.settlement_periods()
    opening = next((period for period in periods if record.day < closes_on(terms, period.start)), None)
    if opening is None:
        last, notice = periods[-1], terms.governance.notice_days
        ahead = f", and {notice} days of notice are agreed" if notice else ""
        return f"it is too late: {last.label}, the last period of these terms, opened on {last.start}{ahead}"
    parts_at, _ = parts_agreed(records, terms, opening)
    return _counted(count_terms_votes(records, terms, opening, parts_at), record)


def _part_fault(records: Sequence[Record], record: Record, terms: Terms) -> str | None:
    if record.signer not in approvers(terms):
        return f"{record.signer} does not approve these terms: {', '.join(approvers(terms))} do"
    opens = max(period.start for period in terms.settlement_periods())
    return _counted(part_counts(records, terms, opens)[record.body["part"]], record)


def _board_fault(records: Sequence[Record], record: Record, terms: Terms) -> str | None:
    subject = record.body["subject"]
    if (board := _board(terms, record.body["board"])) is None:
        return f"the terms know no board `{record.body['board']}`"
    if fault := seat_fault(records, board, record) or vote_fault(records, record, terms):
        return fault
    if resolution(records[:-1], terms, board, subject).passed:
        return _FINAL.format("this is")
    return quorum_fault(records, terms, board, subject, record.day)


def _right_fault(record: Record, terms: Terms) -> str | None:
    """Why the signer's role may not make an entry of this kind at all."""
    body, signer, governance = record.body, record.signer, terms.governance
    who: tuple[str, ...]
    match record.kind:
        case "gate_cause_recorded":
            rule = next((rule for rule in terms.gate.causes if rule.cause == body["cause"]), None)
            if rule is None:
                return f"the terms know no cause `{body['cause']}`"
            what, who = f"records the cause {rule.cause}", rule.recorded_by
        case "award_voted":
            agreed = None if terms.finance.top_up is None else terms.finance.top_up.unplanned_award
            what, who = "votes on awards", () if agreed is None else terms.approver_ids
        case "gate_cause_withdrawn":
            roles = {role for rule in terms.gate.causes for role in rule.recorded_by}
            what, who = "records causes", tuple(sorted(roles))
        case "absence_recorded" | "absence_withdrawn":
            top_up = terms.finance.top_up
            learning = None if top_up is None else top_up.learning_and_development
            what, who = "records absences", () if learning is None else learning.recorded_by
        case "condition_judged":
            rules = {one.id: one.recorded_by for one in terms.conditions or ()}
            if body["condition"] not in rules:
                return f"the terms have no must-pass condition `{body['condition']}`"
            what, who = f"judges {body['condition']}", rules[body["condition"]]
        case "cash_certified":
            if body["terms_hash"] != terms.terms_hash:
                return "these are other terms than those on file"
            avoided = terms.finance.avoided
            if avoided is None or body["row"] not in [row.id for row in avoided.rows]:
                return f"the terms avoid nothing called `{body['row']}`"
            what, who = "certifies cash", avoided.certified_by
        case "assurance_given":
            what, who = "gives assurance", governance.assured_by or ()
        case _:
            asked = next((one for one in governance.accreditations or () if one.id == body["accreditation"]), None)
            if asked is None or body["member"] not in (asked.members or terms.member_ids):
                return f"the terms ask no accreditation `{body['accreditation']}` of {body['member']}"
            waives = record.kind == "waiver_voted"
            what, who = ("waives it", approvers(terms)) if waives else (f"records {asked.id}", asked.recorded_by)
    if signer in who:
        return None
    return f"{signer} is not the one that {what} under these terms: {', '.join(who) or 'nobody'} is"


def entry_fault(records: Sequence[Record], terms: Terms) -> str | None:
    """Why the last of these records counts for nothing under the terms it concerns; None if it counts.

    records: a proved log up to the entry. The log itself has proved its form, its chain, its signature and its key.
    """
    record = records[-1]
    match record.kind:
        case "party_admitted" | "party_ended" | "authority_delegated" | "key_revoked" | "conflict_declared":
            return None
        case "release_published":
            return None
        case "seat_given":
            board = _board(terms, record.body["board"])
            if board is None or record.signer not in board.seats:
                return f"{record.signer} has no seat on a board `{record.body['board']}` of these terms"
            return None
        case "terms_voted":
            return _terms_vote_fault(records, record, terms)
        case "part_voted":
            return _part_fault(records, record, terms)
        case "board_voted":
            return _board_fault(records, record, terms)
        case "settlement_certified":
            return apply_log(records, terms).faults.get(record.sequence)
        case kind if kind == ADVANCE_DRAWN:
            return drawn_fault(records, record, terms)
        case kind if kind in DISPUTES:
            return apply_log(records, terms).faults.get(record.sequence)
    if fault := _right_fault(record, terms) or vote_fault(records, record, terms):
        return fault
    pence = record.body.get("amount_pence")
    return None if pence is None else limit_fault(records, record, int(pence))


def agreed_words(records: Sequence[Record], terms: Terms) -> tuple[str, ...]:
    """One sentence a settlement period: agreed, or every reason why not."""
    found = []
    for period in terms.settlement_periods():
        result = terms_approved(records, terms, period)
        found.append(
            f"{period.label}: " + ("agreed by all" if result.ok else f"not agreed: {'; '.join(result.reasons)}")
        )
    return tuple(found)
