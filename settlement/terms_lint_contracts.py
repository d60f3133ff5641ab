"""Rules of the contract model: the entries an alliance, a prime provider and a prime contractor need and may not have.

Belongs here: one function a subject, each yielding the entry, what is wrong and the mend.
Not here: the shape of the entries (`terms_contracts`), rules of payment (`terms_lint_payments`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from settlement.exact import add
from settlement.terms_contracts import Contracts
from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms

Path = tuple[str | int, ...]


def _unwanted(terms: Terms, paths: tuple[Path, ...]) -> Iterator[Problem]:
    for path in paths:
        yield Problem(
            path,
            f"`{path[-1]}` does not belong to the contract model `{terms.agreement.contract_model}`.",
            "remove it, or agree the contract model it belongs to.",
        )


def _missing(terms: Terms, path: Path, entry: str) -> Iterator[Problem]:
    yield Problem(
        path, f"the contract model `{terms.agreement.contract_model}` needs `{entry}`.", f"write `{entry}:` there."
    )


def _provider(terms: Terms, contracts: Contracts) -> Iterator[Problem]:
    """The prime delivers: it is a member, and its share is what sub-contract incentives leave."""
    if terms.parties.prime_contractor is not None:
        yield from _unwanted(terms, (("parties", "prime_contractor"),))
    if contracts.prime not in terms.member_ids:
        yield Problem(
            ("contracts", "prime"),
            f"`{contracts.prime}` is no member, and a prime provider delivers services itself.",
            "name the member that holds the head contract.",
        )
    if len(terms.member_ids) == 1:
        yield Problem(("parties", "members"), "the prime has no sub-contractor.", "name the members it sub-contracts.")
    at_most = contracts.sub_incentives_at_most_pct
    if at_most is None:
        yield from _missing(terms, ("contracts",), "sub_incentives_at_most_pct")
    else:
        subs = add([member.share_pct for member in terms.parties.members if member.id != contracts.prime])
        if subs > at_most:
            yield Problem(
                ("contracts", "sub_incentives_at_most_pct"),
                f"sub-contractors hold {subs} percent of the head's incentive, more than the agreed {at_most}.",
                "agree lower shares for them, or a higher part.",
            )
    promised = contracts.promised or ()
    yield from named_twice([one.member for one in promised], ("contracts", "promised"), "member", "sub-contractor")
    for index, one in enumerate(promised):
        if one.member == contracts.prime or one.member not in terms.member_ids:
            yield Problem(
                ("contracts", "promised", index, "member"),
                f"`{one.member}` is no sub-contractor here.",
                "name a member that is not the prime.",
            )


def _contractor(terms: Terms, contracts: Contracts) -> Iterator[Problem]:
    """The prime delivers nothing: it is no member, holds no share and keeps nothing of the incentive."""
    contractor = terms.parties.prime_contractor
    if contractor is None:
        yield from _missing(terms, ("parties",), "prime_contractor")
    elif contracts.prime != contractor.id:
        yield Problem(
            ("contracts", "prime"),
            f"`{contracts.prime}` is not the prime contractor, which delivers nothing and is no member.",
            f"write `{contractor.id}`.",
        )
    given = (
        ("sub_incentives_at_most_pct", contracts.sub_incentives_at_most_pct is not None),
        ("promised", contracts.promised is not None),
    )
    yield from _unwanted(terms, tuple(("contracts", name) for name, is_given in given if is_given))


def contract_problems(terms: Terms) -> Iterator[Problem]:
    """Every rule of the contract model that the terms break."""
    contracts, model = terms.contracts, terms.agreement.contract_model
    if model == "alliance":
        given: tuple[tuple[Path, object], ...] = (
            (("contracts",), contracts),
            (("parties", "prime_contractor"), terms.parties.prime_contractor),
        )
        yield from _unwanted(terms, tuple(path for path, entry in given if entry is not None))
        return
    if contracts is None:
        yield from _missing(terms, (), "contracts")
        return
    yield from _provider(terms, contracts) if model == "prime_provider" else _contractor(terms, contracts)
    for path, payment in terms.finance.payments.items():
        if payment.payee != contracts.prime:
            yield Problem(
                (*path, "payee"),
                f"`{payment.payee}` is paid, and under `{model}` the head contract pays the prime.",
                f"write `{contracts.prime}`: sub-contractors are paid by it.",
            )
