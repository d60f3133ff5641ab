"""The head contract of an agreement under a prime, what nests under it, and the accounts its payments are booked on.

Belongs here: the shape of these entries. Not here: rules across parts (`terms_lint_contracts`), the arithmetic
(`nesting`), who pays whom (`payments`).

Under a prime the members' own `contract_reference` and `vat_treatment` are those of their sub-contracts; the head
contract's are those of `finance.payment`.
"""

from __future__ import annotations

from pydantic import Field

from settlement.terms_parts import Code, Part, Percent, PoundsNotNegative, RoleId


class Accounts(Part):
    """The members' own codes for accounts of the journal; what is left out has the chart's."""

    incentive_income: Code | None = None
    loss_recovered: Code | None = None
    incentive_expense: Code | None = None
    loss_borne: Code | None = None
    receivable: Code | None = None
    advances_given: Code | None = None
    payable: Code | None = None
    advances_received: Code | None = None
    brought_forward: Code | None = None
    advances_given_up: Code | None = None
    advances_forgiven: Code | None = None


class Promise(Part):
    """What a sub-contract pays its member for a settlement period at least, whatever the head contract earns."""

    member: RoleId
    at_least_gbp: PoundsNotNegative


class Contracts(Part):
    """The prime of the head contract, the most of its incentive that sub-contracts may hold, and what they promise."""

    prime: RoleId
    sub_incentives_at_most_pct: Percent | None = None
    promised: tuple[Promise, ...] | None = Field(default=None, min_length=1)
