"""The innovation pot: a ring-fenced sum, what the open book says was spent of it, and what was not.

Belongs here: these steps, and which ledger rows are of the pot. Not here: cost that counts for a gain (`open_book`).

The pot is nobody's gain: what is spent of it is no cost against a target, and what is left is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.figures import figure_id
from foundation.period import month_of, months_between
from settlement.exact import exact
from settlement.score import formula_name
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms

PATH = "terms:finance.top_up.innovation_pot"
Rows = Sequence[Mapping[str, Any]]


def _line(terms: Terms) -> str | None:
    pot = None if terms.finance.top_up is None else terms.finance.top_up.innovation_pot
    return None if pot is None else pot.ledger_line


def is_of_pot(terms: Terms, row: Mapping[str, Any]) -> bool:
    """Whether a ledger row was paid out of the pot."""
    return _line(terms) is not None and row["line_id"] == _line(terms)


def _spent(terms: Terms, period_id: str, rows: Rows) -> dict[str, Given]:
    """Pence by member that reported the pot's line in every month of the period; {} where a month of one is missing.

    Refused for a row that is no member's whole pence, 0 or more, or that stands twice.
    """
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if (row["agreement_id"], row["period_id"]) != (terms.id, period_id) or not is_of_pot(terms, row):
            continue
        member, pence = row["member_id"], row["amount_pence"]
        months = found.setdefault(member, {})
        if member not in terms.member_ids or type(pence) is not int or pence < 0 or row["month"] in months:
            raise Refused(
                f"what {member} spent of the innovation pot in {row['month']} cannot be read.",
                "correct the member's return: a line a month of a member of the terms, in whole pence, 0 or more.",
            )
        months[row["month"]] = pence
    period = terms.period(period_id)
    wanted = {month.label for month in months_between(month_of(period.start), month_of(period.end))}
    if any(set(months) != wanted for months in found.values()):
        return {}
    return {
        member: Given(
            Fraction(sum(months.values())),
            "pence",
            figure_id("ledger", agreement=terms.id, period=period_id, member=member),
        )
        for member, months in sorted(found.items())
    }


def take_innovation_pot(statement: Statement, terms: Terms, ledger_rows: Rows) -> None:
    """The ring-fenced pot, reported beside the lines; what was spent and what is left, where the book says so."""
    pot = terms.top_up.innovation_pot
    if pot is None:
        return
    agreed = statement.step(
        "innovation_pot",
        "Innovation pot, ring-fenced and reported: no gain of anybody, and what is unspent is reported",
        "agreed_pot",
        {"agreed_pot": Given(exact(pot.amount_gbp), "GBP", f"{PATH}.amount_gbp")},
        "GBP",
        PATH,
    )
    if pot.ledger_line is None:
        return
    path = f"{PATH}.ledger_line"
    spent = _spent(terms, statement.period_id, ledger_rows)
    if not spent:
        # Missing is not zero: nobody has said that nothing was spent.
        label = f"Innovation pot: the line {pot.ledger_line} is not reported for every month: what is left is unknown"
        statement.step("innovation_not_reported", f"{label} (1)", "1", {}, "ratio", path)
        return
    uses: dict[str, Given | Step] = {formula_name("spent", member): given for member, given in spent.items()}
    total = statement.step(
        "innovation_spent",
        "Innovation pot: spent in the period, as the open book says",
        f"({' + '.join(uses)}) / 100",
        uses,
        "GBP",
        path,
    )
    statement.step(
        "innovation_unspent",
        "Innovation pot: unspent, stays ring-fenced (negative: spent beyond the pot, which it does not cover)",
        "innovation_pot - innovation_spent",
        {"innovation_pot": agreed, "innovation_spent": total},
        "GBP",
        path,
    )
