"""The payments of a settlement as double entry, in each party's own books: what a finance lead exports.

Belongs here: accounts, entries, what is brought forward of advances, balances. Not here: who pays whom (`payments`).

Every entry balances by itself and lies in one party's books: the payer's and the payee's are two. A restatement posts
differences, so an earlier entry is never edited: a difference the other way is the entry that takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from foundation.figures import figure_id
from settlement.payments import Payment, payments_of, uncertified
from settlement.postings import RESIDUE, MemberLine
from settlement.terms import Terms

CURRENCY = "GBP"
# The chart where the terms name no account of their own: name, code, what it holds.
CHART = {
    "incentive_income": ("4100", "Incentives earned"),
    "loss_recovered": ("4200", "Overspend borne by members"),
    "incentive_expense": ("5100", "Incentives to be paid"),
    "loss_borne": ("5200", "Part of an overspend"),
    "receivable": ("1100", "Owed by other parties"),
    "advances_given": ("1200", "Advances still to be taken back"),
    "payable": ("2100", "Owed to other parties"),
    "advances_received": ("2200", "Advances still to be given back"),
    "advances_given_up": ("5300", "Advances written off"),
    "advances_forgiven": ("4300", "Advances that need not be given back"),
    "brought_forward": ("3900", "Brought forward from earlier periods"),
}
# A settlement in shadow is booked beside the books.
MEMORANDUM = "memo-"
BROUGHT_FORWARD = "brought_forward"
WRITTEN_OFF = "written_off"
# What moves no money has no standing in the decision log.
_UNPAID = (BROUGHT_FORWARD, WRITTEN_OFF)
# Debit and credit of a payment by line, in the payer's books and in the payee's; the other way where money flows back.
_INCENTIVE = (("incentive_expense", "payable"), ("receivable", "incentive_income"))
_PAIRS = {
    "loss": (("loss_recovered", "receivable"), ("payable", "loss_borne")),
    "recoup": (("advances_given", "payable"), ("receivable", "advances_received")),
    BROUGHT_FORWARD: (("advances_given", BROUGHT_FORWARD), (BROUGHT_FORWARD, "advances_received")),
    WRITTEN_OFF: (("advances_given_up", "advances_given"), ("advances_received", "advances_forgiven")),
}


@dataclass(frozen=True)
class JournalLine:
    """One side of an entry: pence to debit or to credit of an account in one party's books."""

    figure_id: str
    agreement_id: str
    period_id: str
    settlement_id: str
    entry: int
    date: date
    status: str
    party: str
    account: str
    account_name: str
    debit_pence: int
    credit_pence: int
    currency: str
    reference: str
    narrative: str

    def row(self) -> dict[str, Any]:
        """The line as a row of docs/reference/files.md#journal, before anybody has certified it."""
        return {**vars(self), **uncertified("" if self.status in _UNPAID else self.status)}


@dataclass(frozen=True)
class _Flow:
    """What is booked once with the payer and once with the payee."""

    kind: str
    day: date
    status: str
    payment: Payment
    narrative: str

    @property
    def reference(self) -> str:
        return self.payment.document_reference or self.payment.figure_id

    def sides(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """The party and what it debits and credits, the payer first."""
        pairs = _PAIRS.get(self.kind, _INCENTIVE)
        for party, (debit, credit) in zip((self.payment.payer, self.payment.payee), pairs, strict=True):
            yield party, (debit, credit) if self.payment.amount_pence > 0 else (credit, debit)


def account_of(terms: Terms, name: str) -> str:
    """The code of an account: the terms' own, else the chart's."""
    own = None if terms.finance.accounts is None else getattr(terms.finance.accounts, name)
    return own or CHART[name][0]


def _moves(payments: Iterable[Payment]) -> list[Payment]:
    """Payments there is something to book of: what no member may bear is nobody's debt."""
    return [payment for payment in payments if payment.amount_pence and payment.payee != RESIDUE]


def _advances(terms: Terms, period_id: str, settlement_id: str, balances: Mapping[str, int]) -> list[Payment]:
    """What each member drew before the period, along the contracts through which it is taken back."""
    drawn = [
        MemberLine("", terms.id, period_id, settlement_id, "recoup", member, "member", None, pence, None, "")
        for member, pence in sorted(balances.items())
    ]
    return _moves(payments_of(terms, period_id, settlement_id, "shadow", drawn))


def _flows(
    terms: Terms,
    period_id: str,
    payments: Sequence[Payment],
    advances: Sequence[Payment],
    supersedes: str,
    given_up: Sequence[Payment],
) -> Iterator[_Flow]:
    period = terms.period(period_id)
    for payment in advances:
        words = f"advance of {payment.payee} as it stood before {period_id}"
        yield _Flow(BROUGHT_FORWARD, period.start, BROUGHT_FORWARD, payment, words)
    for payment in given_up:
        words = f"advance of {payment.payee} written off in {period_id}: nothing is paid"
        yield _Flow(WRITTEN_OFF, period.start, WRITTEN_OFF, payment, words)
    restated = f"; difference to settlement {supersedes[:8]}" if supersedes else ""
    for payment in _moves(payments):
        words = f"{payment.line.replace('_', ' ')} {period_id}, {payment.payer} and {payment.payee}{restated}"
        yield _Flow(payment.line, period.end, payment.status, payment, words)


def journal_of(
    terms: Terms,
    period_id: str,
    settlement_id: str,
    payments: Sequence[Payment],
    balances: Mapping[str, int],
    supersedes: str,
    written_off: Mapping[str, int] | None = None,
) -> tuple[JournalLine, ...]:
    """Every entry of one settlement, debit before credit, numbered from 1.

    balances: advances before anything is recouped for the period that are not booked yet, by member: all of them in the
    first settlement of the period, afterwards what a restated former period makes of them. written_off: what of other
    advances is given up and not booked yet, by member: brought forward and given up in one.
    """
    given_up = written_off or {}
    advances = _advances(terms, period_id, settlement_id, {**balances, **given_up})
    dropped = _advances(terms, period_id, settlement_id, given_up)
    memo = MEMORANDUM if terms.is_shadow(period_id) else ""
    lines: list[JournalLine] = []
    for flow in _flows(terms, period_id, payments, advances, supersedes, dropped):
        pence = abs(flow.payment.amount_pence)
        for party, accounts in flow.sides():
            entry = len(lines) // 2 + 1
            for row, name in enumerate(accounts, start=1):
                lines.append(
                    JournalLine(
                        figure_id("journal", agreement=terms.id, period=period_id, entry=str(entry), row=str(row)),
                        terms.id,
                        period_id,
                        settlement_id,
                        entry,
                        flow.day,
                        flow.status,
                        party,
                        memo + account_of(terms, name),
                        CHART[name][1],
                        pence if row == 1 else 0,
                        pence if row == 2 else 0,
                        CURRENCY,
                        flow.reference,
                        flow.narrative,
                    )
                )
    return tuple(lines)


def balances_of(lines: Iterable[JournalLine]) -> dict[tuple[str, str], int]:
    """Debit less credit in pence, by party and account. They sum to 0 in every party's books."""
    found: dict[tuple[str, str], int] = {}
    for line in lines:
        key = (line.party, line.account)
        found[key] = found.get(key, 0) + line.debit_pence - line.credit_pence
    return found
