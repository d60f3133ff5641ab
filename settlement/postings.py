"""What is posted: lines in whole pence and each member's part of them.

Belongs here: postings and member lines, and sharing a line out.
Not here: how much the alliance is owed (`pool`), what earlier settlements posted (`restate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass
from typing import Any

from foundation.figures import figure_id
from settlement.allocate import Allocation, allocate
from settlement.exact import exact, render, round_half_up
from settlement.gate_record import GateRecord
from settlement.loss_limits import member_caps, refills, room_left
from settlement.nesting import SUB_CONTRACT, keep_promises, promise_payment
from settlement.statement import Step
from settlement.terms import Terms
from settlement.terms_finance import OTHER_ENTRIES
from settlement.terms_parts import Payment

# Lines a settlement can post, in the order in which they stand. Of `kra_pool` and `activity` a part below 0 is owed by
# the alliance, as of `loss`. `sub_contract` lies between a prime and those it sub-contracts; `condition` holds back
# what a member loses by not taking part; `recoup` takes advances back out of gain or top-up.
LINES = (
    "gain",
    "loss",
    "top_up",
    "bonus",
    "award",
    "kra_pool",
    "rate_card",
    "activity",
    "sub_contract",
    "condition",
    "recoup",
)
# Lines that concern the alliance as a whole; the others concern single members and are no public matter.
ALLIANCE_LINES = ("gain", "loss", "top_up", "bonus", "award", "kra_pool", "rate_card", "activity")
COST_LINES = ("gain", "loss")
TOP_UP_LINES = ("top_up", "bonus", "award", "condition")
# Lines that stand beside cost and top-up: each is called as its entry of the terms.
OTHER_LINES = OTHER_ENTRIES
STATUSES = ("shadow", "payable", "withheld")
RESIDUE = "commissioner-residue"


def line_words(line: str) -> str:
    """A line as a statement calls it."""
    return {"kra_pool": "KRA pool", "rate_card": "rate card", "activity": "activity variance"}.get(
        line, line.replace("_", "-")
    )


@dataclass(frozen=True)
class Posting:
    """One posted line. It cannot be built without the gate's record and the step that shows what it rests on:
    the saving, or for a top-up the overall score."""

    figure_id: str
    agreement_id: str
    period_id: str
    settlement_id: str
    line: str
    status: str
    payer: str
    payee: str
    amount_pence: int
    contract_reference: str
    funding_source: str
    vat_treatment: str
    document_reference: str
    supersedes: str
    gate: InitVar[GateRecord]
    evidence: InitVar[Step]

    def __post_init__(self, gate: GateRecord, evidence: Step) -> None:
        own = (self.agreement_id, self.period_id)
        if not isinstance(gate, GateRecord) or (gate.agreement_id, gate.period_id) != own:
            raise TypeError("a posting needs the gate's record of its own agreement and period")
        if not isinstance(evidence, Step) or (evidence.agreement_id, evidence.period_id) != own:
            raise TypeError("a posting needs the step of its own statement that shows what it rests on")
        if self.line not in LINES or self.status not in STATUSES or type(self.amount_pence) is not int:
            raise TypeError("a posting is a known line, with a known status, in whole pence")
        if self.status == "withheld" and self.amount_pence != 0:
            raise TypeError("nothing moves while a settlement is withheld")

    def row(self) -> dict[str, Any]:
        """The posting as a row of docs/reference/files.md#postings."""
        return dict(vars(self))


@dataclass(frozen=True)
class MemberLine:
    """One member's signed part of a posting, or the residue the commissioner carries."""

    figure_id: str
    agreement_id: str
    period_id: str
    settlement_id: str
    line: str
    member_id: str
    role: str
    weight: Any
    amount_pence: int
    cap_pence: int | None
    note: str

    def row(self) -> dict[str, Any]:
        """The line as a row of docs/reference/files.md#member_lines."""
        return dict(vars(self))


def _is_borne(line: str, pence: int) -> bool:
    """Whether a part of a line is a loss that the members' limits hold for. Work not done is no loss."""
    return line == "loss" or (line == "kra_pool" and pence < 0)


def share_line(terms: Terms, line: str, total_pence: int, borne: Mapping[str, int] | None = None) -> Allocation:
    """The total of a line over the agreed shares; what is owed under the members' limits. borne: of them already."""
    if not _is_borne(line, total_pence):
        return allocate(total_pence, terms.shares)
    caps = room_left(member_caps(terms), borne or {})
    return allocate(total_pence, terms.shares, caps, refill=refills(terms))


def lines_of(terms: Terms) -> tuple[str, ...]:
    """The lines these terms can post, in order."""
    top_up = terms.finance.top_up
    agreed = set(COST_LINES) if terms.finance.shared_cost is not None else set()
    agreed |= {name for name in OTHER_LINES if getattr(terms.finance, name) is not None}
    if top_up is not None:
        agreed.add("top_up")
        parts = (("bonus", top_up.bonus), ("award", top_up.unplanned_award))
        agreed |= {name for name, part in (*parts, ("condition", top_up.learning_and_development)) if part is not None}
    if terms.contracts is not None and terms.contracts.promised is not None:
        agreed.add(SUB_CONTRACT)
    return tuple(name for name in LINES if name in agreed or name == "recoup")


def recouped_from(terms: Terms) -> str:
    """The line out of which advances are taken back."""
    top_up = terms.finance.top_up
    if top_up is not None and (top_up.advances is not None or terms.finance.shared_cost is None):
        return "top_up"
    if terms.finance.shared_cost is not None:
        return "gain"
    # Terms without cost and without top-up: out of the first line they agree.
    return next(name for name in OTHER_LINES if getattr(terms.finance, name) is not None)


def hold_back(terms: Terms, top_up: Allocation, absent: Sequence[str]) -> Allocation:
    """What is held back from each member that did not take part: the agreed sum, and never more than its top-up."""
    learning = terms.top_up.learning_and_development
    most = 0 if learning is None else round_half_up(exact(learning.withhold_gbp) * 100)
    parts = {
        member: -min(max(part, 0), most) if member in absent else 0 for member, part in sorted(top_up.parts.items())
    }
    return Allocation(parts, 0, frozenset())


def share_recoup(payable: Mapping[str, int], balances: Mapping[str, int]) -> Allocation:
    """Each member's advance taken back out of what it would be paid: min(max(part, 0), balance), a negative part."""
    parts = {member: -min(max(part, 0), balances.get(member, 0)) for member, part in payable.items()}
    return Allocation(parts, 0, frozenset())


def share_lines(
    terms: Terms,
    totals: Mapping[str, int],
    balances: Mapping[str, int],
    absent: Sequence[str] = (),
    *,
    live: bool = True,
) -> dict[str, Allocation]:
    """Every line's parts; what is held back, promised or recouped follows from the members' own parts.

    live: whether anything moves; what sub-contracts promise is owed only then.
    """
    shared: dict[str, Allocation] = {}
    for line in lines_of(terms):
        if line in ALLIANCE_LINES:
            borne = shared["loss"].parts if "loss" in shared else {}
            shared[line] = share_line(terms, line, totals.get(line, 0), borne if line == "kra_pool" else None)
    if terms.contracts is not None and SUB_CONTRACT in lines_of(terms):
        shared[SUB_CONTRACT] = keep_promises(terms, terms.contracts.prime, shared, live=live)
    payable = dict(shared[recouped_from(terms)].parts)
    if "condition" in lines_of(terms):
        shared["condition"] = hold_back(terms, shared["top_up"], absent)
        if recouped_from(terms) == "top_up":
            payable = {member: part + shared["condition"].parts[member] for member, part in payable.items()}
    owed = {member: sum(owed_beside(terms, shared, member).values()) for member in payable}
    return {**shared, "recoup": share_recoup({name: part + owed[name] for name, part in payable.items()}, balances)}


def owed_beside(terms: Terms, shared: Mapping[str, Allocation], member: str) -> dict[str, int]:
    """What a member owes on each line beside the one advances are taken out of, 0 or less; empty for nothing owed.

    An advance comes out of what a member is paid, so that nobody owes for having been paid beforehand.
    """
    beside = {line: one for line, one in shared.items() if line not in (recouped_from(terms), "condition", "recoup")}
    return {line: one.parts[member] for line, one in beside.items() if one.parts.get(member, 0) < 0}


def _note(terms: Terms, allocation: Allocation, member: str, line: str) -> str:
    if member in allocation.capped:
        return "held at the member's stop-loss; the excess is not borne by this member"
    if line == "recoup":
        return f"advance taken back out of this member's {line_words(recouped_from(terms))}"
    if line == SUB_CONTRACT and allocation.parts[member] > 0:
        return "what its sub-contract promises beyond its part, paid by the prime"
    if line == SUB_CONTRACT and allocation.parts[member] < 0:
        return "what the prime pays beyond the parts of its sub-contractors"
    if line == "condition" and allocation.parts[member]:
        return "held back: this member did not take part in learning and development"
    return ""


def payment_of(terms: Terms, line: str) -> Payment:
    """The terms' payer, payee, contract and budget of a line: the regime's own entry where it has one."""
    if terms.contracts is not None and line == SUB_CONTRACT:
        return promise_payment(terms.contracts.prime)
    source, regime = recouped_from(terms) if line == "recoup" else line, None
    if source in TOP_UP_LINES:
        regime = terms.finance.top_up
    elif source in OTHER_LINES:
        regime = getattr(terms.finance, source)
    return terms.finance.payment if regime is None or regime.payment is None else regime.payment


def posting_draft(terms: Terms, period_id: str, line: str, pence: int, status: str, supersedes: str) -> dict[str, Any]:
    """A posting's entries but for the settlement's id. Payment follows the terms' payer, payee and contract."""
    payment = payment_of(terms, line)
    return {
        "figure_id": figure_id("posting", agreement=terms.id, period=period_id, line=line),
        "agreement_id": terms.id,
        "period_id": period_id,
        "line": line,
        "status": status,
        "payer": payment.payer,
        "payee": payment.payee,
        "amount_pence": pence,
        "contract_reference": payment.contract_reference,
        "funding_source": payment.funding_source,
        "vat_treatment": payment.vat_treatment,
        "document_reference": "",
        "supersedes": supersedes,
    }


def member_lines(
    terms: Terms,
    period_id: str,
    settlement_id: str,
    line: str,
    now: Allocation,
    before: Allocation | None,
    borne: Mapping[str, int] | None = None,
) -> tuple[MemberLine, ...]:
    """The members' parts of a posting, by member id, then the residue where there is one. `before`: already posted.

    borne: what members bear on an earlier line under the same limits, which leaves so much less for this one."""
    owed = sum(now.parts.values()) + now.residue
    caps = room_left(member_caps(terms), borne or {}) if _is_borne(line, owed) else {}
    shares = terms.shares

    def build(member: str, role: str, amount: int, note: str) -> MemberLine:
        weight = render(shares[member]) if member in shares else None
        return MemberLine(
            figure_id("member", agreement=terms.id, period=period_id, line=line, member=member),
            terms.id,
            period_id,
            settlement_id,
            line,
            member,
            role,
            weight,
            amount,
            caps.get(member),
            note,
        )

    earlier = before.parts if before is not None else {}
    restated = "" if before is None else "difference from what was posted before"
    built = [
        build(member, "member", part - earlier.get(member, 0), _note(terms, now, member, line) or restated)
        for member, part in now.parts.items()
    ]
    residue = now.residue - (before.residue if before is not None else 0)
    if residue:
        built.append(
            build(
                RESIDUE,
                "commissioner",
                residue,
                "what no member may bear under its stop-loss, carried by the commissioner",
            )
        )
    return tuple(built)
