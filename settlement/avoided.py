"""Avoided demand: its value, which is published and never paid, and the cash that bounds what is shared.

Belongs here: the arithmetic, each line a step, and how the commissioners keep their part. Not here: the saving itself
(`pool`), proving certificates (`recorded`).

Urgent care sits mostly in fixed payments, so an admission that does not happen is rarely cash. A pool never exceeds
what every certifier certifies.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from settlement.counts import NOT_COUNTED, Count
from settlement.exact import exact
from settlement.recorded import Certificate
from settlement.score import Score, formula_name
from settlement.statement import Given, Statement, Step
from settlement.terms_avoided import Avoided, AvoidedRow

PATH = "terms:finance.avoided"


def _take_value(statement: Statement, row: AvoidedRow, count: Count) -> Step:
    path, step_id = f"{PATH}.rows.{row.id}", f"avoided_value.{row.id}"
    if count.number is None:
        return statement.step(step_id, f"{row.name}: value unknown, {NOT_COUNTED[count.action]}", "0", {}, "GBP", path)
    expected = {one.period: exact(one.number) for one in row.expected}[statement.period_id]
    return statement.step(
        step_id,
        f"{row.name}: value of what was avoided (negative: more than expected), published and never paid",
        "(expected - counted) * price",
        {
            "expected": Given(expected, "ratio", f"{path}.expected.{statement.period_id}.number"),
            "counted": count.number,
            "price": Given(exact(row.price_gbp), "GBP", f"{path}.price_gbp"),
        },
        "GBP",
        path,
    )


def _take_certified(
    statement: Statement, agreed: Avoided, row: AvoidedRow, value: Step, certificates: Sequence[Certificate]
) -> Step:
    """The least that was certified, never more than the part of the value that may be; 0 until all have certified."""
    own = {one.signer: one for one in certificates if one.row == row.id}
    step_id, path = f"certified.{row.id}", f"{PATH}.certified_by"
    if missing := sorted(set(agreed.certified_by) - set(own)):
        words = f"{row.name}: no cash, not yet certified by {', '.join(missing)}"
        return statement.step(step_id, words, "0", {}, "GBP", path)
    uses: dict[str, Given | Step] = {
        formula_name("by", signer): Given(Fraction(one.amount_pence), "pence", f"decision:{one.record_hash}")
        for signer, one in sorted(own.items())
    }
    limits = [f"{name} / 100" for name in uses]
    part = ""
    if row.cashable_pct is not None:
        uses["cashable"] = Given(exact(row.cashable_pct) / 100, "ratio", f"{PATH}.rows.{row.id}.cashable_pct")
        part = "cashable * "
    uses["value"] = value
    limits.append(f"{part}max(value, 0)")
    words = f"{row.name}: cash-releasing, as every certifier certified it"
    return statement.step(step_id, words, f"min({', '.join(limits)})", uses, "GBP", path)


def take_certified_pool(
    statement: Statement, agreed: Avoided, pool: Step, score: Score, certificates: Sequence[Certificate]
) -> Step:
    """The pool that may be shared: a saving up to the certified cash; an overspend as it is. In pounds."""
    certified: dict[str, Given | Step] = {}
    for row in sorted(agreed.rows, key=lambda one: one.id):
        value = _take_value(statement, row, score.counts[row.kpi])
        certified[formula_name("certified", row.id)] = _take_certified(statement, agreed, row, value, certificates)
    cash = statement.step(
        "certified_cash", "Cash-releasing amounts certified, all rows", " + ".join(certified), certified, "GBP", PATH
    )
    if pool.exact <= 0:
        return pool
    return statement.step(
        "certified_pool",
        "Pool, never more than what is certified as cash-releasing",
        "min(pool, certified_cash)",
        {"pool": pool, "certified_cash": cash},
        "GBP",
        PATH,
    )


def take_kept(statement: Statement, agreed: Avoided, posted: Step) -> None:
    """A step for each commissioner that saved: its part of what is left of the pool, by the cash it saved.

    Nothing flows: a commissioner keeps what it has not spent.
    """
    cash = statement["certified_cash"]
    if "certified_pool" not in statement or not cash.exact:
        return
    left = statement.step(
        "kept_by_commissioners",
        "What is left of the pool to those who saved",
        "certified_pool - gain / 100",
        {"certified_pool": statement["certified_pool"], "gain": posted},
        "GBP",
        PATH,
    )
    for saver in sorted({row.saved_by for row in agreed.rows}):
        own = sorted(row.id for row in agreed.rows if row.saved_by == saver)
        uses: dict[str, Given | Step] = {formula_name("certified", row): statement[f"certified.{row}"] for row in own}
        saved = " + ".join(uses)
        statement.step(
            f"kept_by.{saver}",
            f"Kept by {saver}, by the cash it saved",
            f"kept_by_commissioners * ({saved}) / certified_cash",
            {"kept_by_commissioners": left, **uses, "certified_cash": cash},
            "GBP",
            f"{PATH}.rows",
        )
