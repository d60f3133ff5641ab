"""Outcomes at a price: each row of the rate card is its number times its price, up to its cap.

Belongs here: the arithmetic, each row a step. Not here: where the number comes from (`counts`), rounding (`lines`).
"""

from __future__ import annotations

from fractions import Fraction

from foundation.errors import Refused
from settlement.counts import NOT_COUNTED, Count
from settlement.exact import exact, render
from settlement.score import Score, formula_name
from settlement.statement import Given, Statement, Step
from settlement.terms_counted import RateCard, RateRow

PATH = "terms:finance.rate_card"


def row_cap(row: RateRow, period_id: str) -> Fraction:
    """The most a row pays in a period, in pounds. The rules of the terms see to a cap for every period."""
    return {cap.period: exact(cap.cap_gbp) for cap in row.caps}[period_id]


def _check(row: RateRow, count: Count, number: Fraction) -> None:
    if number.denominator != 1:
        raise Refused(
            f"the rate card's row {row.id} counts {render(number)} of {row.kpi}, which is no whole number.",
            f"count each {row.counting_unit} once and build the KPI return again.",
        )
    if row.counting_unit == "person" and count.people is not None and number > count.people:
        raise Refused(
            f"the rate card's row {row.id} counts more persons than {row.kpi} has people.",
            "count each person once, or agree `counting_unit: claim`.",
        )


def _take_row(statement: Statement, row: RateRow, count: Count, period_id: str) -> Step:
    path, step_id = f"{PATH}.rows.{row.id}", f"rate.{row.id}"
    if count.number is None:
        return statement.step(step_id, f"{row.name}: {NOT_COUNTED[count.action]}", "0", {}, "GBP", path)
    _check(row, count, count.number.exact)
    plural = f"{row.counting_unit}s"
    return statement.step(
        step_id,
        f"{row.name}: {plural} at the price of one, up to the cap",
        f"min({plural} * price, cap)",
        {
            plural: count.number,
            "price": Given(exact(row.price_gbp), "GBP", f"{path}.price_gbp"),
            "cap": Given(row_cap(row, period_id), "GBP", f"{path}.caps.{period_id}.cap_gbp"),
        },
        "GBP",
        path,
    )


def take_rate_card(statement: Statement, agreed: RateCard, score: Score) -> Step:
    """Σ min(n·price, cap) in pounds, never negative."""
    rows = sorted(agreed.rows, key=lambda row: row.id)
    uses: dict[str, Given | Step] = {
        formula_name("rate", row.id): _take_row(statement, row, score.counts[row.kpi], statement.period_id)
        for row in rows
    }
    return statement.step("rate_card", "Outcomes of the rate card, all rows", " + ".join(uses), uses, "GBP", PATH)
