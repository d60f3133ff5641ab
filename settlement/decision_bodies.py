"""The grammar of the decision log: which kinds of entries there are, and what each holds.

Belongs here: names and form of a body's entries. Not here: the chain and its signatures (`decisions`), whether an
entry counts (`authority`, `approvals`, `boards`, `certificates`, `accreditation`, `recorded`).

Rule for later versions: an entry added to a kind is optional, so that a log written before it stays valid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Form:
    """What a body holds: entries that must stand there, and entries that may. All are text but `conflicts`."""

    needed: frozenset[str]
    optional: frozenset[str] = frozenset()


def _form(needed: str, optional: str = "") -> Form:
    return Form(frozenset(needed.split()), frozenset(optional.split()))


BODIES: dict[str, Form] = {
    # who may decide
    "party_admitted": _form("party role public_key valid_from"),
    "party_ended": _form("party valid_to reason"),
    "authority_delegated": _form("approver public_key delegated_by valid_from valid_to", "limit_pence"),
    "key_revoked": _form("public_key reason"),
    "seat_given": _form("board approver valid_from valid_to"),
    # of what is decided: `terms_hash`, or `subject`, the id of a settlement
    "conflict_declared": _form("approver conflict", "terms_hash subject"),
    # agreeing terms
    "part_voted": _form("approver part part_hash vote conflicts"),
    "terms_voted": _form("approver terms_hash vote conflicts"),
    "board_voted": _form("approver board subject vote conflicts"),
    # applying them
    "gate_cause_recorded": _form("approver period_id data_cut_id scope check_id cause reason"),
    "gate_cause_withdrawn": _form("approver period_id data_cut_id scope check_id reason"),
    "award_voted": _form("approver terms_hash period_id outcome amount_pence vote conflicts"),
    "absence_recorded": _form("approver period_id member reason"),
    # settlement: the one in force when it is withdrawn, so that what was held back before can be told; empty for none
    "absence_withdrawn": _form("approver period_id member settlement reason"),
    # settlement: the certified one that it supersedes; empty while none of the period is certified
    "advance_drawn": _form("approver period_id member drawn_pence settlement reason"),
    "condition_judged": _form("approver period_id condition met evidence"),
    "cash_certified": _form("approver terms_hash period_id row amount_pence conflicts"),
    "assurance_given": _form("approver period_id settlement_id vote reason"),
    "settlement_certified": _form("approver terms_hash period_id settlement_id supersedes lines_hash gross_pence"),
    "line_challenged": _form("approver settlement_id figure_id reason"),
    "challenge_withdrawn": _form("approver settlement_id figure_id reason"),
    "line_determined": _form("approver settlement_id figure_id finding reason", "challenger"),
    # who meets what the terms ask of a member
    "accreditation_recorded": _form("approver member accreditation level evidence valid_from valid_to"),
    "waiver_voted": _form("approver terms_hash member accreditation valid_to reason vote conflicts"),
    # a home's own log
    "release_published": _form("approver release_id reason"),
}
# Kinds a party signs with its own key; the others are signed by an approver it delegated to.
PARTY_SIGNED = (
    "party_admitted",
    "party_ended",
    "authority_delegated",
    "key_revoked",
    "seat_given",
    "conflict_declared",
)
# The order in which the parts of an agreement are agreed.
PARTS = ("mandate", "outcomes", "levels", "gain_and_pain")
FINDINGS = ("stands", "restate")
_MAY_BE_EMPTY = {
    "reason": (
        "gate_cause_recorded", "gate_cause_withdrawn", "release_published", "absence_recorded", "absence_withdrawn",
    ),
    "supersedes": None,
    "settlement": None,
}  # fmt: skip
_DAYS = ("valid_from", "valid_to")
_PENCE = re.compile(r"[1-9][0-9]{0,14}")
_GROSS = re.compile(r"0|[1-9][0-9]{0,16}")
_KEY = re.compile(r"[0-9a-f]{64}")


def is_day(text: object) -> bool:
    """Whether a text is a date such as 2024-04-01."""
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _may_be_empty(kind: str, name: str) -> bool:
    if name == "valid_to":
        return kind != "party_ended"
    return name in _MAY_BE_EMPTY and ((kinds := _MAY_BE_EMPTY[name]) is None or kind in kinds)


def _entry_fault(kind: str, name: str, value: object) -> str | None:
    if name == "conflicts":
        listed = isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
        return None if listed else "conflicts are a list of texts"
    if not isinstance(value, str) or (not value and not _may_be_empty(kind, name)):
        return f"`{name}` must be a text"
    if name in _DAYS and value and not is_day(value):
        return f"`{name}` must be a date"
    if name == "public_key" and not _KEY.fullmatch(value):
        return "a public key is 64 hexadecimal digits"
    if name == "amount_pence" and not _PENCE.fullmatch(value):
        return "an amount is whole pence above 0, in digits"
    if name in ("limit_pence", "gross_pence", "drawn_pence") and not _GROSS.fullmatch(value):
        return f"`{name}` is whole pence, in digits"
    if name == "vote" and value not in ("approve", "reject"):
        return "a vote is approve or reject"
    if name == "met" and value not in ("yes", "no"):
        return "a condition is met: yes or no"
    if name == "finding" and value not in FINDINGS:
        return "a determination finds that a line stands, or that it is to be restated: `stands` or `restate`"
    if name == "part" and value not in PARTS:
        return f"a part of the agreement is one of {', '.join(PARTS)}"
    return None


def body_fault(kind: object, body: object) -> str | None:
    """Why a body is not one of its kind, in plain words; None if it is."""
    if not isinstance(kind, str) or kind not in BODIES:
        return f"the kind `{kind}` is unknown"
    form = BODIES[kind]
    if not isinstance(body, Mapping) or not form.needed <= set(body) <= form.needed | form.optional:
        may = f", and may hold {', '.join(sorted(form.optional))}" if form.optional else ""
        return f"a {kind} record holds {', '.join(sorted(form.needed))}{may}"
    for name, value in body.items():
        if fault := _entry_fault(kind, name, value):
            return fault
    if kind == "conflict_declared" and ("terms_hash" in body) == ("subject" in body):
        return "a conflict concerns terms or a settlement: one of `terms_hash` and `subject`"
    return None


def subject_of(body: Mapping[str, object]) -> str:
    """What a vote or a declared conflict is about: hash of terms or of a part, or id of a settlement."""
    for name in ("subject", "settlement_id", "terms_hash", "part_hash"):
        if name in body:
            return str(body[name])
    return ""
