"""What an alliance is paid in three limbs: cost reimbursed with an open book, fee, and gain or loss.

Belongs here: the steps that add the limbs up. Not here: reading the book (`open_book`), gain and loss (`pool`).

Only the third limb is posted. The first two are paid by the contracts beneath the agreement and stand here so that a
reader sees all that is paid.
"""

from __future__ import annotations

from collections.abc import Mapping

from settlement.score import formula_name
from settlement.statement import Given, Statement, Step
from settlement.terms_cost_parts import Limbs

PATH = "terms:finance.limbs"


def take_limbs(
    statement: Statement, agreed: Limbs, books: Mapping[str, Mapping[str, Given]], stands: Mapping[str, Step]
) -> Step:
    """Limb 1 + limb 2 + limb 3 = what is paid in all, in pounds. books: category → member → pence.

    stands: gain or loss as it stands posted, or both where what was overpaid on the one and the other is kept.
    """
    taken: dict[str, Given | Step] = {}
    for step_id, category, words in (
        ("limb_1", "reimbursable_cost", f"Limb 1, reimbursed with an open book: {agreed.reimbursed}"),
        ("limb_2", "fee", f"Limb 2, fee: {agreed.fee}"),
    ):
        uses: dict[str, Given | Step] = {
            formula_name("book", member): book for member, book in sorted(books[category].items())
        }
        formula = f"({' + '.join(uses)}) / 100"
        path = f"{PATH}.{'reimbursed' if step_id == 'limb_1' else 'fee'}"
        taken[step_id] = statement.step(step_id, words, formula, uses, "GBP", path)
    third: dict[str, Given | Step] = {"posted": next(iter(stands.values()))} if len(stands) == 1 else {**stands}
    taken["limb_3"] = statement.step(
        "limb_3",
        f"Limb 3, gain or loss as posted: {agreed.gain_or_loss}",
        "posted / 100" if len(stands) == 1 else f"({' + '.join(sorted(stands))}) / 100",
        third,
        "GBP",
        f"{PATH}.gain_or_loss",
    )
    return statement.step("three_limbs", "Paid in all, three limbs", " + ".join(taken), taken, "GBP", PATH)
