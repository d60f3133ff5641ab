"""What went before: advances to take back, earlier postings to restate as differences.

Belongs here: reading both, the steps they add, and the pence left to post.
Not here: the first-time amount of a line (`pool`), the members' parts (`postings`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.figures import figure_id
from settlement.allocate import Allocation
from settlement.postings import LINES
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms


@dataclass(frozen=True)
class Prior:
    """What earlier settlements of the period have posted: pence by line, and the settlement now superseded."""

    totals: Mapping[str, int]
    supersedes: str


def read_prior(terms: Terms, period_id: str, rows: Sequence[Mapping[str, Any]]) -> Prior | None:
    """Sum of earlier postings of this agreement and period; None if there are none.

    Refused when they are not the whole-pence postings of one chain of settlements with the terms' status.
    """
    own = [row for row in rows if row["agreement_id"] == terms.id and row["period_id"] == period_id]
    if not own:
        return None
    mend = "give every posting of the earlier settlements of this period, as published."
    moves = "shadow" if terms.agreement.shadow else "payable"
    totals = dict.fromkeys(LINES, 0)
    chain: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for row in own:
        line, amount, status = row["line"], row["amount_pence"], row["status"]
        key = (row["settlement_id"], line)
        if line not in LINES or type(amount) is not int or key in seen or status not in (moves, "withheld"):
            raise Refused(f"an earlier posting of {terms.id} {period_id} (line {line}) cannot be restated.", mend)
        if status == "withheld" and amount != 0:
            raise Refused("an earlier posting is withheld and yet has an amount.", mend)
        if chain.setdefault(row["settlement_id"], row["supersedes"]) != row["supersedes"]:
            raise Refused("an earlier settlement supersedes two others.", mend)
        seen.add(key)
        totals[line] += amount
    heads = sorted(set(chain) - set(chain.values()))
    known = all(parent == "" or parent in chain for parent in chain.values())
    if len(heads) != 1 or not known or sum(parent == "" for parent in chain.values()) != 1:
        raise Refused("the earlier postings are not one chain of settlements.", mend)
    return Prior(totals, heads[0])


def read_advances(terms: Terms, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Balances by member, in pence, before anything is recouped for the period. Refused for what is no member's."""
    balances: dict[str, int] = {}
    for row in rows:
        if row["agreement_id"] != terms.id:
            continue
        member, balance = row["member_id"], row["balance_pence"]
        if member not in terms.member_ids or member in balances or type(balance) is not int or balance < 0:
            raise Refused(
                f"the advance of {member} cannot be recouped.",
                "give one balance per member of the terms, in whole pence, 0 or more.",
            )
        balances[member] = balance
    if balances and not terms.finance.advances_recouped:
        raise Refused(f"the terms of {terms.id} know no advances.", "leave advances out, or agree `advances_recouped`.")
    return balances


def check_recoup(prior: Prior, recoup: Allocation) -> None:
    """Refused unless what was recouped before follows from the earlier gain and the balances given."""
    if sum(recoup.parts.values()) != prior.totals["recoup"]:
        raise Refused(
            "the earlier recoup does not follow from the advances given.",
            "give the balances as they stood before anything was recouped for this period.",
        )


def take_recoup(statement: Statement, gain: Allocation, balances: Mapping[str, int]) -> None:
    """A step per member with an advance: recoup = min(max(gain, 0), balance)."""
    for member in sorted(balances):
        reference = figure_id(
            "member", agreement=statement.agreement_id, period=statement.period_id, line="gain", member=member
        )
        statement.step(
            f"recoup.{member}",
            f"Advance taken back from {member}",
            "-min(max(gain_part, 0), balance)",
            {
                "gain_part": Given(Fraction(gain.parts[member]), "pence", reference),
                "balance": Given(Fraction(balances[member]), "pence", f"advances:{member}"),
            },
            "pence",
            "terms:finance.advances_recouped",
        )


def take_amounts(
    statement: Statement, totals: Mapping[str, int], prior: Prior | None, posted: Step, *, withheld: bool
) -> dict[str, int]:
    """Pence to post, by line. First settlement: its own line, and others that are not 0. Restatement: differences.

    While a settlement is withheld, what earlier ones posted stands and nothing more moves.
    """
    own = posted.step_id.removesuffix("_posted")
    if prior is None:
        return {name: totals[name] for name in LINES if name == own or totals.get(name, 0) != 0}
    if withheld:
        return {}
    amounts = {}
    for name in LINES:
        reference = figure_id("posting", agreement=statement.agreement_id, period=statement.period_id, line=name)
        fresh = posted if name == own else Given(Fraction(totals.get(name, 0)), "pence", "terms:finance")
        difference = statement.step(
            f"difference.{name}",
            f"Difference to post on {name} against earlier settlements of the period",
            "new - posted_before",
            {"new": fresh, "posted_before": Given(Fraction(prior.totals[name]), "pence", reference)},
            "pence",
            "terms:finance",
        )
        if difference.exact != 0:
            amounts[name] = int(difference.exact)
    return amounts
