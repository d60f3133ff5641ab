"""Settle one agreement for one period: KPI return and open book in, statement, postings and member lines out.

Belongs here: the order of the computation and the settlement it makes. Pure: the same inputs give the same bytes.
Not here: each part's arithmetic (`score`, `pool`, `allocate`, `postings`), reading files (`files`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation.canonical import content_id, plain_decimal
from foundation.errors import Refused
from settlement.exact import exact
from settlement.gate_record import SETTLEMENT_SCOPE, GateRecord
from settlement.open_book import read_book
from settlement.pool import take_actual, take_gain, take_loss, take_pool, take_target
from settlement.postings import MemberLine, Posting, member_lines, posting_draft, share_lines
from settlement.restate import check_recoup, read_advances, read_prior, take_amounts, take_recoup
from settlement.score import Score, score_kpis
from settlement.statement import Statement, Step
from settlement.terms import Terms

# Raised when the same inputs may give another result.
ENGINE_VERSION = "1"
Rows = Sequence[Mapping[str, Any]]


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


def _check_gate(terms: Terms, period_id: str, gate: GateRecord) -> None:
    if not isinstance(gate, GateRecord):
        raise TypeError("settle needs the gate's record")
    if (gate.agreement_id, gate.period_id, gate.terms_hash) != (terms.id, period_id, terms.terms_hash):
        raise Refused(
            "the gate judged another agreement, another period or other terms.",
            "judge the gate for exactly these terms and this period.",
        )


def _barred(score: Score, whole: str) -> str | None:
    """Why no gain may be paid whatever the pool is; None if it may."""
    if whole == "forfeit":
        return "the settlement's gain is forfeit by its recorded cause"
    if not score.conditions_met:
        return f"a must-pass condition is not met ({', '.join(score.failed_conditions)})"
    return None


def _is_withheld(terms: Terms, score: Score, whole: str) -> bool:
    least = exact(terms.scoring.minimum_live_weight_pct) / 100
    return whole == "withhold" or score.live_weight.exact < least


@dataclass(frozen=True)
class _Line:
    """The one line of gain or loss: its name, its pence (a step), and why it is what it is."""

    name: str
    posted: Step
    reason: str
    withheld: bool


def _take_line(statement: Statement, terms: Terms, gate: GateRecord, ledger_rows: Rows, score: Score) -> _Line:
    """The steps from cost to the line, rounded once: half up to a penny; a loss is negative."""
    whole = gate.decide(SETTLEMENT_SCOPE).action
    book = read_book(terms, gate.period_id, ledger_rows)
    target = take_target(statement, terms, gate.period_id)
    pool = take_pool(statement, terms, target, take_actual(statement, terms, book.costs))
    barred = _barred(score, whole)
    if pool.exact < 0:
        name, reason = "loss", "The alliance spent more than its target."
        amount = take_loss(statement, terms, pool, target, score.overall, book.fee, gate.period_id)
    else:
        name, reason = "gain", "The alliance spent less than its target."
        amount = take_gain(statement, terms, pool, target, score.overall, barred=barred)
        if barred is not None:
            reason = f"No gain: {barred}."
    if pool.exact == 0:
        reason = "The cost stayed within the corridor: nothing is shared."
    elif amount.exact == 0 and barred is None:
        reason += " Under the terms and the score nothing is posted for it."
    if whole == "neutral":
        reason = "The settlement is neutral by its recorded cause: neither gain nor loss."
        amount = statement.step("neutral_settlement", reason, "0", {}, "GBP", "terms:gate.causes")
    withheld = _is_withheld(terms, score, whole)
    if withheld:
        reason = "Withheld: too little of the agreed weight can be settled on until the cause is recorded."
        amount = statement.step("withheld_settlement", reason, "0", {}, "GBP", "terms:scoring.minimum_live_weight_pct")
    posted = statement.step(
        f"{name}_posted",
        f"{name.capitalize()} of the alliance, rounded once to a whole penny",
        "-round_half_up(amount * 100)" if name == "loss" else "round_half_up(amount * 100)",
        {"amount": amount},
        "pence",
        "terms:finance.payment",
    )
    return _Line(name, posted, reason, withheld)


def _hashable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: plain_decimal(value) if isinstance(value, Decimal) else value for key, value in row.items()}


def settle(
    terms: Terms,
    period_id: str,
    kpi_return_rows: Rows,
    ledger_rows: Rows,
    gate: GateRecord,
    advances: Rows = (),
    prior_postings: Rows = (),
) -> Settlement:
    """The settlement of one period.

    Rows have the columns and types of docs/reference/files.md (Decimal, int, date, text; None for blank); rows of
    other agreements and periods are left alone. advances: balances before anything is recouped for this period.
    prior_postings: every posting of earlier settlements of the period; the new postings are then the differences.
    Refused when the rows do not agree with the terms or with the gate's record.
    """
    _check_gate(terms, period_id, gate)
    terms.period(period_id)
    statement = Statement(terms.id, period_id)
    score = score_kpis(statement, terms, kpi_return_rows, gate)
    line = _take_line(statement, terms, gate, ledger_rows, score)
    balances = read_advances(terms, advances)
    prior = read_prior(terms, period_id, prior_postings)

    now = share_lines(terms, {line.name: int(line.posted.exact)}, balances)
    before = None if prior is None else share_lines(terms, prior.totals, balances)
    if prior is not None and before is not None:
        check_recoup(prior, before["recoup"])
    take_recoup(statement, now["gain"], balances)
    totals = {line.name: int(line.posted.exact), "recoup": sum(now["recoup"].parts.values())}
    amounts = take_amounts(statement, totals, prior, line.posted, withheld=line.withheld)

    def build_lines(settlement_id: str) -> tuple[MemberLine, ...]:
        return tuple(
            built
            for name in amounts
            for built in member_lines(
                terms, period_id, settlement_id, name, now[name], before[name] if before else None
            )
        )

    status = "withheld" if line.withheld else "shadow" if terms.agreement.shadow else "payable"
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
        Posting(**draft, settlement_id=settlement_id, gate=gate, evidence=statement["saving"]) for draft in drafts
    )
    return Settlement(
        settlement_id,
        terms.id,
        period_id,
        status,
        terms.terms_hash,
        gate.data_cut_id,
        ENGINE_VERSION,
        supersedes,
        line.reason,
        statement.steps,
        postings,
        build_lines(settlement_id),
        tuple((member, balances[member] + now["recoup"].parts[member]) for member in sorted(balances)),
        gate,
    )
