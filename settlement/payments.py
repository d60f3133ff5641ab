"""Who pays what to whom: every member line as a payment under the bilateral contract that carries it.

Belongs here: the payments that follow from member lines and terms, what they need before anything is payable, and
which document goes with each. Not here: how much (`lines`), members' parts (`postings`), booking them (`journal`).

The agreement arches over contracts and replaces none: money moves under the contract of commissioner and member. VAT is
what the members' finance leads recorded; nothing here computes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.figures import figure_id
from settlement.allocate import share_out
from settlement.exact import exact
from settlement.finance_words import is_grant, is_undecided
from settlement.nesting import OWN_FUNDS, SUB_CONTRACT
from settlement.postings import LINES, RESIDUE, MemberLine, payment_of
from settlement.terms import Terms
from settlement.terms_parts import Payment as Agreed

# What comes with a payment, by its direction: the payee's invoice, or its credit note where money flows back.
DOCUMENTS = {"invoice": "INV", "credit_note": "CRN"}
# Digits of the settlement's id in a document's reference.
_ID_DIGITS = 8


def uncertified(status: str) -> dict[str, Any]:
    """How what a settlement posts stands when it is made: nobody has certified it."""
    return {"standing": "not_certified" if status == "payable" else status, "payable_from": None}


@dataclass(frozen=True)
class Payment:
    """One payment: signed pence from payer to payee (negative: back), under one contract, from one budget.

    net_pence: the cash that moves, 0 where payer and payee are one body, and where nobody is paid (the residue).
    """

    figure_id: str
    agreement_id: str
    period_id: str
    settlement_id: str
    line: str
    tier: str
    status: str
    payer: str
    payee: str
    payee_body: str
    paid_to: str
    acts_for: str
    amount_pence: int
    net_pence: int
    contract_reference: str
    funding_source: str
    vat_treatment: str
    document: str
    document_reference: str
    note: str

    def row(self) -> dict[str, Any]:
        """The payment as a row of docs/reference/files.md#payments, before anybody has certified it."""
        return {**vars(self), **uncertified(self.status)}


@dataclass(frozen=True)
class _Payee:
    """Who receives: the role, the legal body it is, who is paid for it, and under which contract and VAT."""

    role: str
    body: str
    paid_to: str
    acts_for: str
    contract_reference: str
    vat_treatment: str
    note: str = ""


def _body(terms: Terms, role: str) -> str:
    """The commissioner role of the same body, where there is one: what passes between the two is no cash."""
    body = terms.body_of(role)
    return next((one for one in sorted(terms.commissioner_ids) if terms.body_of(one) == body), role)


def _member(terms: Terms, member_id: str) -> _Payee:
    member = next((member for member in terms.parties.members if member.id == member_id), None)
    if member is None:
        # it left: nothing is paid to it, and what it had up front is written off
        return _Payee(member_id, member_id, member_id, "", "", "")
    return _Payee(
        member.id,
        _body(terms, member.id),
        member.nominated_payee or member.name,
        member.acts_for or "",
        member.contract_reference,
        member.vat_treatment,
    )


def _residue(agreed: Agreed, payer: str) -> _Payee:
    note = "carried by the commissioner: nothing is paid"
    return _Payee(RESIDUE, payer, "", "", agreed.contract_reference, agreed.vat_treatment, note)


def _payers(agreed: Agreed) -> dict[str, tuple[Fraction, str]]:
    """Agreed part and budget of each payer of a line."""
    if agreed.payers is None:
        return {agreed.payer: (Fraction(1), agreed.funding_source)}
    return {one.payer: (exact(one.share_pct), one.funding_source) for one in agreed.payers}


def _refuse_grant(terms: Terms, line: str, payer: str, funding_source: str) -> None:
    """The ring-fenced grant pays for public health alone, and a shared saving of care budgets is none of it."""
    if line == "gain" and is_grant(funding_source, terms.finance.grant_sources):
        raise Refused(
            f"the gain of {terms.id} would be paid by {payer} out of the ring-fenced public health grant.",
            "agree another budget for gain: base, grant and gain are separate lines.",
        )


def _refuse_undecided(terms: Terms, payee: _Payee, funding_source: str) -> None:
    """Whatever finance needs to post a payment is recorded before anything is payable."""
    needed = {
        "contract_reference": payee.contract_reference,
        "funding_source": funding_source,
        "vat_treatment": payee.vat_treatment,
    }
    if missing := [name for name, text in needed.items() if is_undecided(text)]:
        raise Refused(
            f"nothing can be paid to {payee.role} under {terms.id}: {', '.join(missing)} is not recorded.",
            "let the member's finance lead record it, and agree it as a variation of the terms.",
        )


@dataclass(frozen=True)
class _Common:
    """What the payments of one settlement share."""

    terms: Terms
    period_id: str
    settlement_id: str
    status: str

    def build(self, line: str, tier: str, payer: str, payee: _Payee, pence: int, funding_source: str) -> Payment:
        """One payment; Refused when it may not be made, or when it is payable and something of it is not recorded."""
        is_own = self.terms.body_of(payee.body) == self.terms.body_of(payer)
        moves = payee.role != RESIDUE and not is_own
        _refuse_grant(self.terms, line, payer, funding_source)
        if self.status == "payable" and pence and moves:
            _refuse_undecided(self.terms, payee, funding_source)
        document = ""
        if self.status == "payable" and pence and moves:
            document = "invoice" if pence > 0 else "credit_note"
        reference = ""
        if document:
            prefix, suffix = DOCUMENTS[document], self.settlement_id[:_ID_DIGITS]
            reference = "-".join((prefix, self.period_id, line, payee.role, payer, suffix))
        note = payee.note
        if not note and is_own:
            note = "payer and payee are one body: no cash moves"
        return Payment(
            figure_id(
                "payment", agreement=self.terms.id, period=self.period_id, line=line, payer=payer, payee=payee.role
            ),
            self.terms.id,
            self.period_id,
            self.settlement_id,
            line,
            tier,
            self.status,
            payer,
            payee.role,
            payer if is_own else payee.body,
            payee.paid_to,
            payee.acts_for,
            pence,
            pence if moves else 0,
            payee.contract_reference,
            funding_source,
            payee.vat_treatment,
            document,
            reference,
            note,
        )


def _split(pence: int, payers: Mapping[str, tuple[Fraction, str]]) -> dict[str, int]:
    """A signed sum over its payers, to the penny; pennies left over by largest remainder, ties by payer."""
    sign = -1 if pence < 0 else 1
    parts = share_out(abs(pence), {payer: weight for payer, (weight, _) in payers.items()})
    return {payer: sign * part for payer, part in parts.items()}


def _from_payers(
    common: _Common, line: str, tier: str, payee: _Payee | None, pence: int, before: int
) -> Iterator[Payment]:
    """A sum from every payer of its line to one payee; None: what the commissioners carry themselves.

    before: what stands posted to the payee. A difference is split as what it makes of the whole, so that however often
    it is restated each payer ends where one settlement would have put it.
    """
    agreed = payment_of(common.terms, line)
    payers = _payers(agreed)
    whole, stands = _split(before + pence, payers), _split(before, payers)
    for payer in sorted(payers):
        to = _residue(agreed, payer) if payee is None else payee
        yield common.build(line, tier, payer, to, whole[payer] - stands[payer], payers[payer][1])


def _prime(terms: Terms, prime: str, agreed: Agreed) -> _Payee:
    """The prime as payee of the head contract, whose reference and VAT treatment are those of the line."""
    for member in terms.parties.members:
        if member.id == prime:
            paid_to = member.nominated_payee or member.name
            return _Payee(
                prime,
                _body(terms, prime),
                paid_to,
                member.acts_for or "",
                agreed.contract_reference,
                agreed.vat_treatment,
            )
    contractor = terms.parties.prime_contractor
    name = prime if contractor is None else contractor.name
    return _Payee(prime, _body(terms, prime), name, "", agreed.contract_reference, agreed.vat_treatment)


def _nested(
    common: _Common, line: str, prime: str, own: Sequence[MemberLine], before: Mapping[str, int]
) -> Iterator[Payment]:
    """One payment under the head contract, and one under each sub-contract of what nests in it."""
    agreed = payment_of(common.terms, line)
    members = [item for item in own if item.member_id != RESIDUE]
    if line != SUB_CONTRACT:
        whole = sum(item.amount_pence for item in members)
        stands = sum(before.get(item.member_id, 0) for item in members)
        yield from _from_payers(common, line, "head", _prime(common.terms, prime, agreed), whole, stands)
    budget = OWN_FUNDS if line == SUB_CONTRACT else "what the head contract pays"
    for item in members:
        if item.member_id != prime:
            payee = _member(common.terms, item.member_id)
            yield common.build(line, "sub_contract", prime, payee, item.amount_pence, budget)


def payments_of(
    terms: Terms,
    period_id: str,
    settlement_id: str,
    status: str,
    member_lines: Sequence[MemberLine],
    before: Mapping[str, Mapping[str, int]] | None = None,
) -> tuple[Payment, ...]:
    """Every payment that follows from the member lines of one settlement, by line, payer and payee.

    before: pence that stand posted from earlier settlements of the period, by line and member (the residue among them).
    What a party receives less what it pays is its member line, to the penny. Refused when the grant would fund gain, or
    when a payable one lacks its contract, budget or VAT treatment.
    """
    common = _Common(terms, period_id, settlement_id, status)
    found: list[Payment] = []
    for line in LINES:
        own = [item for item in member_lines if item.line == line]
        stands = (before or {}).get(line, {})
        if own and terms.contracts is not None:
            found.extend(_nested(common, line, terms.contracts.prime, own, stands))
        for item in own:
            if terms.contracts is not None and item.member_id != RESIDUE:
                continue
            payee = None if item.member_id == RESIDUE else _member(terms, item.member_id)
            found.extend(_from_payers(common, line, "direct", payee, item.amount_pence, stands.get(item.member_id, 0)))
    return tuple(sorted(found, key=lambda one: (LINES.index(one.line), one.tier, one.payer, one.payee)))
