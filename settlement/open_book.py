"""The open book: prove the ledger rows of a period and add them up by member.

Belongs here: what a ledger row must be, completeness, totals in pence. Not here: what cost means for gain (`pool`).

A member or month that is missing is missing, never zero: a gap in the book would look like a saving.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.figures import figure_id
from foundation.period import month_of, months_between
from settlement.innovation_pot import is_of_pot
from settlement.statement import Given
from settlement.terms import Terms

CATEGORIES = ("reimbursable_cost", "fee")


@dataclass(frozen=True)
class OpenBook:
    """Cost that counts, by member, and the fee (limb 2), both in pence. books: every category, by member."""

    costs: Mapping[str, Given]
    fee: Given
    books: Mapping[str, Mapping[str, Given]]


def _refuse(what: str, mend: str = "correct the member's return and take it in again.") -> Refused:
    return Refused(f"the open book cannot be settled on: {what}.", mend)


def _check_row(row: Mapping[str, Any], members: tuple[str, ...], months: frozenset[str]) -> None:
    place = f"{row['member_id']} {row['month']} line {row['line_id']}"
    if row["member_id"] not in members:
        raise _refuse(f"{place} is of no member of these terms")
    if row["month"] not in months:
        raise _refuse(f"{place} lies outside the settlement period")
    if row["category"] not in CATEGORIES:
        raise _refuse(f"{place} has the unknown category `{row['category']}`")
    pence = row["amount_pence"]
    if isinstance(pence, bool) or not isinstance(pence, int) or pence < 0:
        raise _refuse(f"{place} is not a whole number of pence, 0 or more")


def _check_complete(rows: Sequence[Mapping[str, Any]], terms: Terms, months: Sequence[str]) -> None:
    every_month = terms.shared_cost.actual_cost.completeness == "every_member_every_month"
    held = {(row["member_id"], row["month"] if every_month else "") for row in rows}
    wanted = [(member, month) for member in terms.member_ids for month in (months if every_month else [""])]
    if gaps := [f"{member} {month}".strip() for member, month in wanted if (member, month) not in held]:
        shown = ", ".join(gaps[:6]) + (f" and {len(gaps) - 6} more" if len(gaps) > 6 else "")
        raise _refuse(
            f"no cost is reported for {shown}, and missing is not zero",
            "ask the member for its return; a month without cost is a line of 0.",
        )


def read_book(terms: Terms, period_id: str, rows: Sequence[Mapping[str, Any]]) -> OpenBook:
    """Totals of the period's ledger rows (docs/reference/files.md#ledger); rows of other periods are left alone.

    Refused for an unknown member, month or category, an amount that is not whole pence, a line twice, or a gap.
    """
    period = terms.period(period_id)
    months = [month.label for month in months_between(month_of(period.start), month_of(period.end))]
    own = [row for row in rows if row["agreement_id"] == terms.id and row["period_id"] == period_id]
    for row in rows:
        # A row of this agreement may not hide under another period's label.
        if row["agreement_id"] == terms.id and row["period_id"] != period_id and row["month"] in months:
            raise _refuse(f"{row['member_id']} {row['month']} stands under {row['period_id']}")
    seen: set[tuple[str, str, str]] = set()
    for row in own:
        _check_row(row, terms.member_ids, frozenset(months))
        key = (row["member_id"], row["month"], row["line_id"])
        if key in seen:
            raise _refuse(f"{row['member_id']} {row['month']} line {row['line_id']} stands twice")
        seen.add(key)
    # What was spent of a ring-fenced pot is no cost against the target.
    own = [row for row in own if not is_of_pot(terms, row)]
    _check_complete(own, terms, months)

    def total(member: str, categories: Collection[str]) -> Given:
        pence = sum(row["amount_pence"] for row in own if row["member_id"] == member and row["category"] in categories)
        reference = figure_id("ledger", agreement=terms.id, period=period_id, member=member)
        return Given(Fraction(pence), "pence", reference)

    counted = terms.shared_cost.actual_cost.categories
    costs = {member: total(member, counted) for member in terms.member_ids}
    books = {category: {member: total(member, (category,)) for member in terms.member_ids} for category in CATEGORIES}
    fee = sum((one.exact for one in books["fee"].values()), Fraction(0))
    return OpenBook(costs, Given(fee, "pence", "terms:finance.loss.capped_at_fee"), books)
