"""Settle one agreement for one period: KPI return and open book in, statement, postings and member lines out.

Belongs here: the order of the computation and the settlement it makes. Pure: the same inputs give the same bytes.
Not here: each part's arithmetic (`score`, `lines`, `pool`, `top_up`, `postings`), reading files (`files`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation.canonical import content_id, plain_decimal
from foundation.errors import Refused
from settlement.advances import rows_of_period, stood_before, take_balances, take_left, take_paid, taken_back_from
from settlement.conditions import take_conditions
from settlement.drawn import Drawn, take_drawn
from settlement.flags import take_flags
from settlement.gate_record import GateRecord
from settlement.journal import JournalLine, journal_of
from settlement.lines import Rows, take_lines
from settlement.nesting import SUB_CONTRACT, take_nesting
from settlement.payments import Payment, payments_of
from settlement.postings import RESIDUE, MemberLine, Posting, member_lines, posting_draft, share_lines
from settlement.recorded import PeriodRecords, nothing_recorded
from settlement.restate import (
    read_advances,
    read_prior,
    share_before,
    take_amounts,
    take_held_back,
    take_recoup,
    take_standing_recoup,
)
from settlement.score import score_kpis
from settlement.standing import take_small_overpayments, take_waiting
from settlement.statement import Statement, Step
from settlement.terms import Terms
from settlement.write_offs import kept, take_written_off, written_off

# Raised when the same inputs may give another result. A release says by which one it was settled (`engine_version` of
# its manifest), since only that one gives its settlements again.
ENGINE_VERSION = "3"


@dataclass(frozen=True)
class Settlement:
    """The statement of one agreement and period, what it posts, and the gate's record it rests on.

    reason: one plain sentence for whoever reads only the total. carried_pence: advances left, by member.
    """

    settlement_id: str
    agreement_id: str
    period_id: str
    status: str
    terms_hash: str
    data_cut_id: str
    engine_version: str
    supersedes: str
    reason: str
    steps: tuple[Step, ...]
    postings: tuple[Posting, ...]
    member_lines: tuple[MemberLine, ...]
    carried_pence: tuple[tuple[str, int], ...]
    gate: GateRecord
    payments: tuple[Payment, ...]
    journal: tuple[JournalLine, ...]
    # Pence by line and party that stand posted after it, earlier settlements of the period included.
    stands: tuple[tuple[str, str, int], ...] = ()
    # What was drawn of advances, in the order in which the log says so.
    drawn: tuple[Drawn, ...] = ()

    def step(self, step_id: str) -> Step:
        """The step with this id; KeyError if the settlement did not take it."""
        return {step.step_id: step for step in self.steps}[step_id]

    @property
    def score(self) -> Decimal:
        return self.step("overall_score").value

    def step_rows(self) -> list[dict[str, Any]]:
        return [step.row() for step in self.steps]

    def posting_rows(self) -> list[dict[str, Any]]:
        return [posting.row() for posting in self.postings]

    def member_rows(self) -> list[dict[str, Any]]:
        return [line.row() for line in self.member_lines]

    def payment_rows(self) -> list[dict[str, Any]]:
        return [payment.row() for payment in self.payments]

    def journal_rows(self) -> list[dict[str, Any]]:
        return [line.row() for line in self.journal]


def _check_gate(terms: Terms, period_id: str, gate: GateRecord) -> None:
    if not isinstance(gate, GateRecord):
        raise TypeError("settle needs the gate's record")
    if (gate.agreement_id, gate.period_id, gate.terms_hash) != (terms.id, period_id, terms.terms_hash):
        raise Refused(
            "the gate judged another agreement, another period or other terms.",
            "judge the gate for exactly these terms and this period.",
        )


def _hashable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain_decimal(value) if isinstance(value, Decimal) else value for key, value in row.items()}


def _beyond(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """Pence by member beyond those that are known already."""
    return {member: now.get(member, 0) - before.get(member, 0) for member in sorted({*now, *before})}


def settle(
    terms: Terms,
    period_id: str,
    kpi_return_rows: Rows,
    ledger_rows: Rows,
    gate: GateRecord,
    advances: Rows = (),
    prior_postings: Rows = (),
    recorded: PeriodRecords | None = None,
) -> Settlement:
    """The settlement of one period.

    Rows have the columns and types of docs/reference/files.md (Decimal, int, date, text; None for blank); rows of
    other agreements and periods are left alone. advances: balances before anything is recouped for this period.
    prior_postings: every posting of earlier settlements of the period; the new postings are then the differences.
    recorded: awards and absences of the period, from `recorded.period_records`; None where nothing is recorded.
    Refused when the rows do not agree with the terms or with the gate's record.
    """
    _check_gate(terms, period_id, gate)
    recorded = nothing_recorded(terms, period_id) if recorded is None else recorded
    if (recorded.agreement_id, recorded.period_id) != (terms.id, period_id):
        raise Refused(
            "awards and absences of another agreement or period were given.",
            "read the decision log for exactly this agreement and period.",
        )
    terms.period(period_id)
    statement = Statement(terms.id, period_id)
    score = score_kpis(statement, terms, kpi_return_rows, gate)
    score = take_conditions(statement, terms, score, recorded)
    prior = read_prior(terms, period_id, prior_postings)
    lines = take_lines(statement, terms, gate, ledger_rows, score, recorded, prior)
    take_flags(statement, terms, gate, kpi_return_rows)
    take_paid(statement, terms)
    take_drawn(statement, recorded.drawn)
    take_balances(statement, terms, advances)
    opened, back = rows_of_period(advances, terms, period_id), taken_back_from(terms)
    former = () if prior is None else stood_before(advances, terms, period_id, prior.supersedes)
    balances, stood = (read_advances(terms, kept(rows, back)) for rows in (opened, former))
    given_up, given_up_before = (written_off(rows, back) for rows in (opened, former))
    take_written_off(statement, given_up)

    posted = take_waiting(statement, lines.posted, lines.waiting, prior)
    if not lines.withheld:
        posted = take_small_overpayments(statement, terms, posted, prior)
    totals = {name: int(step.exact) for name, step in posted.items()}
    now = share_lines(terms, totals, balances, recorded.absent, live=not lines.withheld)
    before = None if prior is None else share_before(terms, prior, stood, recorded.known_at(prior.supersedes))
    evidence = dict(lines.evidence)
    if terms.contracts is not None:
        take_nesting(statement, terms, terms.contracts, posted, now, live=not lines.withheld)
        evidence[SUB_CONTRACT] = statement["sub_incentives"]
    if "condition" in now:
        take_held_back(statement, terms, now["top_up"], recorded.absent)
    if lines.withheld and before is not None:
        # Nothing moves while it is withheld: what was recouped before stands, and so does what is carried.
        now = {**now, "recoup": before["recoup"]}
        take_standing_recoup(statement, terms, now["recoup"], balances)
    else:
        take_recoup(statement, terms, now, balances)
    take_left(statement, terms, advances)
    totals |= {name: sum(now[name].parts.values()) for name in ("condition", "recoup") if name in now}
    moved = [name for name in now if before is not None and now[name].parts != before[name].parts]
    if prior is not None and (stood != balances or given_up != given_up_before):
        # Posted even where it comes to nothing: the next restatement has to know what this one started from.
        moved.append("recoup")
    if before is None and SUB_CONTRACT in now and any(now[SUB_CONTRACT].parts.values()):
        moved = [SUB_CONTRACT]
    amounts = take_amounts(statement, terms, totals, prior, posted, moved, withheld=lines.withheld)

    def build_lines(settlement_id: str) -> tuple[MemberLine, ...]:
        return tuple(
            built
            for name in amounts
            for built in member_lines(
                terms,
                period_id,
                settlement_id,
                name,
                now[name],
                before[name] if before else None,
                now["loss"].parts if name == "kra_pool" and "loss" in now else None,
            )
        )

    # Brought forward once, by the first settlement in which something moves; a restated balance as its difference.
    known = prior is not None and prior.moved
    booked = {} if lines.withheld else _beyond(balances, stood if known else {})
    dropped = {} if lines.withheld else _beyond(given_up, given_up_before if known else {})
    status = "withheld" if lines.withheld else "shadow" if terms.is_shadow(period_id) else "payable"
    supersedes = "" if prior is None else prior.supersedes
    drafts = [posting_draft(terms, period_id, name, pence, status, supersedes) for name, pence in amounts.items()]
    # The id covers everything the settlement says; the rows that carry it are built afterwards.
    settlement_id = content_id(
        {
            "engine_version": ENGINE_VERSION,
            "terms_hash": terms.terms_hash,
            "gate": gate.record_hash,
            "steps": [_hashable(step.row()) for step in statement.steps],
            "postings": drafts,
            "member_lines": [_hashable(built.row()) for built in build_lines("")],
        }
    )
    postings = tuple(
        Posting(**draft, settlement_id=settlement_id, gate=gate, evidence=evidence[draft["line"]]) for draft in drafts
    )
    shared = build_lines(settlement_id)
    posted_before = {line: {**one.parts, RESIDUE: one.residue} for line, one in (before or {}).items()}
    payments = payments_of(terms, period_id, settlement_id, status, shared, posted_before)
    return Settlement(
        settlement_id,
        terms.id,
        period_id,
        status,
        terms.terms_hash,
        gate.data_cut_id,
        ENGINE_VERSION,
        supersedes,
        lines.reason,
        statement.steps,
        postings,
        shared,
        tuple((member, balances[member] + now["recoup"].parts[member]) for member in sorted(balances)),
        gate,
        payments,
        journal_of(terms, period_id, settlement_id, payments, booked, supersedes, dropped),
        tuple(
            (line, party, pence)
            for line, one in (before if lines.withheld and before is not None else now).items()
            for party, pence in {**one.parts, RESIDUE: one.residue}.items()
        ),
        recorded.drawn,
    )
