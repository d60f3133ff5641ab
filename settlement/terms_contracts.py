"""The head contract of an agreement under a prime, as its terms hold it: who is the prime, and what nests under it.

Belongs here: the shape of these entries. Not here: rules across parts (`terms_lint_contracts`), the arithmetic
(`nesting`), who pays whom (`payments`).

The members' own `contract_reference` and `vat_treatment` are then those of their sub-contracts; the head contract's are
those of `finance.payment`.
"""

from __future__ import annotations

from pydantic import Field

from settlement.terms_parts import Part, Percent, PoundsNotNegative, RoleId


class Promise(Part):
    """What a sub-contract pays its member for a settlement period at least, whatever the head contract earns."""

    member: RoleId
    at_least_gbp: PoundsNotNegative


class Contracts(Part):
    """The prime of the head contract, the most of its incentive that sub-contracts may hold, and what they promise."""

    prime: RoleId
    sub_incentives_at_most_pct: Percent | None = None
    promised: tuple[Promise, ...] | None = Field(default=None, min_length=1)
