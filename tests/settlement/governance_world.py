"""A log that grows entry by entry, for the tests of governance: terms with boards, assurance, accreditation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from settlement_world import PERIOD, SIGNED, log_for, quick_terms

from settlement.certificates import LineState, line_states, lines_hash
from settlement.decisions import Record, append_record, key_from_seed, public_key_text, read_log
from settlement.entry_faults import entry_fault
from settlement.terms import Terms

CFO = str(SIGNED["approver"])
FIRST, SECOND = "1" * 64, "2" * 64
MEMBERS = ("acute-trust", "city-council", "community-trust", "county-council", "mental-health-trust")
# Pence of FIRST by member; the acute trust is owed, the county council owes.
AMOUNTS = {"acute-trust": 50_000, "city-council": 10_000, "community-trust": 20_000, "county-council": -5_000}


def live_terms(**governance: Any) -> Terms:
    """The real agreement outside shadow, with entries of its governance replaced."""
    return quick_terms({"agreement.shadow": False, **{f"governance.{k}": v for k, v in governance.items()}})


def posting(line: str = "gain") -> str:
    return f"posting:derbyshire-real-only:{PERIOD}:{line}"


def figure(member: str, line: str = "gain") -> str:
    return f"member:derbyshire-real-only:{PERIOD}:{line}:{member}"


def rows(settlement_id: str = FIRST, amounts: Mapping[str, int] = AMOUNTS) -> list[dict[str, Any]]:
    """Member lines of a settlement."""
    return [
        {"figure_id": figure(member), "agreement_id": "derbyshire-real-only", "period_id": PERIOD,
         "settlement_id": settlement_id, "line": "gain", "member_id": member, "amount_pence": pence}
        for member, pence in amounts.items()
    ]  # fmt: skip


class Log:
    """A proved log under terms; every entry is signed with the party's key at ten o'clock of a day."""

    def __init__(self, terms: Terms, raw: bytes | None = None) -> None:
        self.terms = terms
        self.raw = log_for(terms) if raw is None else raw

    @property
    def records(self) -> tuple[Record, ...]:
        return read_log(self.raw)

    def add(self, kind: str, signer: str, day: str, *, key: str | None = None, **body: Any) -> None:
        """Append an entry; WrongUsage when the log itself does not take it."""
        self.raw += append_record(
            self.raw, agreement_id=self.terms.id, kind=kind, signer=signer, signed_at=f"{day}T10:00:00Z",
            place="Derby", body=body, key=key_from_seed(b"test", key or signer),
        )  # fmt: skip

    def fault(self) -> str | None:
        """Why the last entry counts for nothing."""
        return entry_fault(self.records, self.terms)

    def try_(self, kind: str, signer: str, day: str, *, key: str | None = None, **body: Any) -> str:
        """The reason an entry counts for nothing, which is not kept; the empty text if it counts."""
        kept = self.raw
        self.add(kind, signer, day, key=key, **body)
        found, self.raw = self.fault(), kept
        return found or ""

    def delegate(self, party: str, approver: str, day: str, *, key: str, until: str = "", **extra: str) -> None:
        self.add(
            "authority_delegated", party, day, approver=approver, delegated_by="board", valid_from=day, valid_to=until,
            public_key=public_key_text(key_from_seed(b"test", key)), **extra,
        )  # fmt: skip

    def certificate(self, **changes: str) -> dict[str, str]:
        gross = sum(abs(pence) for pence in AMOUNTS.values())
        return {
            "approver": CFO, "terms_hash": self.terms.terms_hash, "period_id": PERIOD, "settlement_id": FIRST,
            "supersedes": "", "lines_hash": lines_hash(rows()), "gross_pence": str(gross), **changes,
        }  # fmt: skip

    def certify(self, day: str, signer: str = "integrated-care-board", **changes: str) -> None:
        self.add("settlement_certified", signer, day, **self.certificate(**changes))
        assert self.fault() is None

    def challenge(self, member: str, day: str, settlement_id: str = FIRST, signer: str | None = None) -> None:
        self.add(
            "line_challenged", signer or member, day, approver=CFO, settlement_id=settlement_id,
            figure_id=figure(member), reason="two bays were closed",
        )  # fmt: skip

    def determine(self, member: str, day: str, finding: str, settlement_id: str = FIRST) -> None:
        self.add(
            "line_determined", "independent-expert", day, approver=CFO, settlement_id=settlement_id,
            figure_id=figure(member), finding=finding, reason="read the register",
        )  # fmt: skip

    def states(self, on: str | None = None, status: str = "payable", **changes: Any) -> dict[str, LineState]:
        day = None if on is None else date.fromisoformat(on)
        found = line_states(
            self.records, self.terms, changes.get("settlement_id", FIRST), status, changes.get("rows", rows()), day
        )
        return {one.member_id: one for one in found}


def log_without(terms: Terms, *signers: str, kind: str = "terms_voted") -> Log:
    """The founding log without some votes, signed anew."""
    log = Log(terms, b"")
    for record in read_log(log_for(terms)):
        if not (record.kind == kind and record.signer in signers):
            log.add(record.kind, record.signer, record.signed_at[:10], **record.body)
    return log
