"""What is paid to members up front under an agreement that takes it back out of gain.

Belongs here: the shape of these entries and their rules. Not here: advances of a top-up, whose size follows from the
terms (`terms_top_up`), balances (`advances`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from settlement.terms_parts import Label, Part, PoundsNotNegative, RoleId
from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms


class PaidToMember(Part):
    """What one member is paid up front."""

    id: RoleId
    amount_gbp: PoundsNotNegative


class AdvancesPaid(Part):
    """What members are paid up front in the first month of a settlement period."""

    period: Label
    members: Annotated[tuple[PaidToMember, ...], Field(min_length=1)]


def advance_problems(terms: Terms) -> Iterator[Problem]:
    """Each period is agreed and named once; each member too; and somebody takes the money back."""
    paid, path = terms.finance.advances_paid, ("finance", "advances_paid")
    if paid is None:
        return
    if not terms.finance.advances_recouped:
        yield Problem(
            path,
            "what is paid up front is never taken back.",
            "agree `advances_recouped: true`, or remove the entry.",
        )
    yield from named_twice([one.period for one in paid], path, "period", "period")
    agreed = terms.finance.agreed_periods
    for index, one in enumerate(paid):
        if one.period not in agreed:
            yield Problem(
                (*path, index, "period"),
                f"no sum is agreed for {one.period}.",
                f"pay up front in one of {', '.join(agreed)}.",
            )
        where = (*path, index, "members")
        yield from named_twice([member.id for member in one.members], where, "id", "member")
        for place, member in enumerate(one.members):
            if member.id not in terms.member_ids:
                yield Problem(
                    (*where, place, "id"),
                    f"`{member.id}` is no member of the agreement.",
                    f"name one of {', '.join(terms.member_ids)}.",
                )
