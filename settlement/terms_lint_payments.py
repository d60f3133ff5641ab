"""Rules on who pays whom: payers, budgets, VAT treatments, members that are no legal bodies.

Belongs here: one function a subject, each yielding the entry, what is wrong and the mend.
Not here: the payments themselves (`payments`), other rules of the finance part (`terms_lint_finance`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from settlement.exact import add
from settlement.finance_words import is_grant, is_no_entity, is_undecided
from settlement.terms_parts import Payment
from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms

Path = tuple[str | int, ...]


def _commissioner(terms: Terms, role: str, path: Path) -> Iterator[Problem]:
    if role not in terms.commissioner_ids:
        yield Problem(
            path, f"`{role}` is no commissioner here.", f"name one of: {', '.join(sorted(terms.commissioner_ids))}."
        )


def _payers(terms: Terms, payment: Payment, path: Path) -> Iterator[Problem]:
    """Where several pay: each a commissioner, once, and their parts are the whole."""
    agreed, where = payment.payers, (*path, "payers")
    if agreed is None:
        return
    yield from named_twice([one.payer for one in agreed], where, "payer", "payer")
    for index, one in enumerate(agreed):
        yield from _commissioner(terms, one.payer, (*where, index, "payer"))
    if payment.payer not in [one.payer for one in agreed]:
        yield Problem(where, f"`{payment.payer}` pays and is not among the payers.", "name it there, with its part.")
    if (total := add([one.share_pct for one in agreed])) != 100:
        yield Problem(
            where, f"the parts of the payers sum to {total}, not 100.", "agree parts that sum to 100 percent."
        )


def _budgets(payment: Payment, path: Path) -> Iterator[tuple[str, Path]]:
    yield payment.funding_source, (*path, "funding_source")
    for index, one in enumerate(payment.payers or ()):
        yield one.funding_source, (*path, "payers", index, "funding_source")


def _grant(terms: Terms, payment: Payment, path: Path) -> Iterator[Problem]:
    """The budget of gain is never the ring-fenced grant. What pays for outcomes or for work may be paid from it."""
    for source, where in _budgets(payment, path):
        if is_grant(source, terms.finance.grant_sources):
            yield Problem(
                where,
                "gain would be paid out of the ring-fenced public health grant.",
                "name the budget that gain is paid from; what the grant may pay has a payment of its own, such as "
                "`finance.top_up.payment`.",
            )


def _recorded(terms: Terms, payment: Payment, path: Path) -> Iterator[Problem]:
    """Where money moves, what finance posts with is recorded and not put off."""
    if terms.agreement.shadow:
        return
    entries: list[tuple[str, Path]] = [*_budgets(payment, path), (payment.vat_treatment, (*path, "vat_treatment"))]
    entries.append((payment.contract_reference, (*path, "contract_reference")))
    yield from _undecided(entries)


def _undecided(entries: list[tuple[str, Path]]) -> Iterator[Problem]:
    for text, where in entries:
        if is_undecided(text):
            yield Problem(
                where,
                f"`{where[-1]}` says `{text}`, and the agreement is payable.",
                "write what the finance leads recorded, or agree a shadow period first.",
            )


def _members(terms: Terms) -> Iterator[Problem]:
    for index, member in enumerate(terms.parties.members):
        path: Path = ("parties", "members", index)
        if member.nominated_payee is None and (member.acts_for is not None or is_no_entity(member.id, member.name)):
            who = "stands for others" if member.acts_for is not None else "is a network and no legal entity"
            yield Problem(
                path,
                f"{member.id} {who}, and nobody is named who is paid.",
                "write `nominated_payee`, and `acts_for` for whom it holds the contract.",
            )
        if not terms.agreement.shadow:
            names = ("contract_reference", "funding_source", "vat_treatment")
            yield from _undecided([(getattr(member, name), (*path, name)) for name in names])


def payment_problems(terms: Terms) -> Iterator[Problem]:
    """Every rule on payments that the terms break."""
    finance = terms.finance
    for path, payment in finance.payments.items():
        yield from _commissioner(terms, payment.payer, (*path, "payer"))
        yield from _payers(terms, payment, path)
        yield from _recorded(terms, payment, path)
    if finance.shared_cost is not None:
        yield from _grant(terms, finance.payment, ("finance", "payment"))
    yield from _members(terms)
