"""What went before: advances to take back, earlier postings to restate as differences.

Belongs here: reading both, the steps they add, and the pence left to post.
Not here: the first-time amount of a line (`pool`), the members' parts (`postings`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.figures import figure_id
from settlement.allocate import Allocation
from settlement.exact import exact
from settlement.postings import line_words, lines_of, owed_beside, recouped_from, share_lines
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.top_up import small_members


@dataclass(frozen=True)
class Prior:
    """What earlier settlements of the period have posted: pence by line, and the settlement now superseded."""

    totals: Mapping[str, int]
    supersedes: str
    # Whether anything ever moved: all of it may have been withheld.
    moved: bool


def read_prior(terms: Terms, period_id: str, rows: Sequence[Mapping[str, Any]]) -> Prior | None:
    """Sum of earlier postings of this agreement and period; None if there are none.

    Refused when they are not the whole-pence postings of one chain of settlements with the terms' status.
    """
    own = [row for row in rows if row["agreement_id"] == terms.id and row["period_id"] == period_id]
    if not own:
        return None
    mend = "give every posting of the earlier settlements of this period, as published."
    moves = "shadow" if terms.is_shadow(period_id) else "payable"
    totals = dict.fromkeys(lines_of(terms), 0)
    chain: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for row in own:
        line, amount, status = row["line"], row["amount_pence"], row["status"]
        key = (row["settlement_id"], line)
        if line not in totals or type(amount) is not int or key in seen or status not in (moves, "withheld"):
            raise Refused(f"an earlier posting of {terms.id} {period_id} (line {line}) cannot be restated.", mend)
        if status == "withheld" and amount != 0:
            raise Refused("an earlier posting is withheld and yet has an amount.", mend)
        if chain.setdefault(row["settlement_id"], row["supersedes"]) != row["supersedes"]:
            raise Refused("an earlier settlement supersedes two others.", mend)
        seen.add(key)
        totals[line] += amount
    heads = sorted(set(chain) - set(chain.values()))
    # From the last back to the first: a settlement that is not met on the way belongs to no chain, or to a circle.
    met = heads[:1]
    while met and (parent := chain.get(met[-1], "")) and len(met) <= len(chain):
        met.append(parent)
    if len(heads) != 1 or sorted(met) != sorted(chain):
        raise Refused("the earlier postings are not one chain of settlements.", mend)
    return Prior(totals, heads[0], any(row["status"] != "withheld" for row in own))


def read_advances(terms: Terms, rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Balances by member, in pence, from rows of one agreement and period. Refused for what is no member's."""
    balances: dict[str, int] = {}
    for row in rows:
        member, balance = row["member_id"], row["balance_pence"]
        if member not in terms.member_ids or member in balances or type(balance) is not int or balance < 0:
            raise Refused(
                f"the advance of {member} cannot be recouped.",
                "give one balance per member of the terms, in whole pence, 0 or more.",
            )
        balances[member] = balance
    advances = None if terms.finance.top_up is None else terms.finance.top_up.advances
    if balances and not terms.finance.advances_recouped and advances is None:
        raise Refused(f"the terms of {terms.id} know no advances.", "leave advances out, or agree `advances_recouped`.")
    if advances is not None and (others := sorted(set(balances) - set(small_members(terms, advances)))):
        raise Refused(
            f"the terms of {terms.id} give no advance to {', '.join(others)}.",
            "give balances of the small members alone: those below the agreed turnover.",
        )
    return balances


def share_before(
    terms: Terms, prior: Prior, balances: Mapping[str, int], known: Sequence[Sequence[str]]
) -> dict[str, Allocation]:
    """The members' parts of what earlier settlements posted, by line.

    known: the absences that may have been known then, one after another: what was held back before tells which.
    Refused unless what was held back and recouped follows from the earlier lines, the log and the balances given.
    """
    for absent in known:
        shared = share_lines(terms, prior.totals, balances, absent, live=prior.moved)
        if all(sum(shared[line].parts.values()) == prior.totals[line] for line in ("condition",) if line in shared):
            break
    else:
        raise Refused(
            "what was held back before does not follow from the decision log.",
            "restore the decision log and every posting of the earlier settlements as they were published.",
        )
    if sum(shared["recoup"].parts.values()) != prior.totals["recoup"]:
        raise Refused(
            "the earlier recoup does not follow from the advances given.",
            "give the balances as they stood before anything was recouped for this period.",
        )
    return shared


def take_held_back(statement: Statement, terms: Terms, top_up: Allocation, absent: Sequence[str]) -> None:
    """A step per member that did not take part: the agreed sum, never more than its own top-up."""
    learning = terms.top_up.learning_and_development
    path = "terms:finance.top_up.learning_and_development"
    if learning is None:
        return
    for member in sorted(absent):
        reference = figure_id(
            "member", agreement=statement.agreement_id, period=statement.period_id, line="top_up", member=member
        )
        statement.step(
            f"condition.{member}",
            f"Held back from {member}, which did not take part in learning and development",
            "-min(max(top_up_part, 0), round_half_up(withhold * 100))",
            {
                "top_up_part": Given(Fraction(top_up.parts[member]), "pence", reference),
                "withhold": Given(exact(learning.withhold_gbp), "GBP", f"{path}.withhold_gbp"),
            },
            "pence",
            path,
        )


def take_recoup(statement: Statement, terms: Terms, now: Mapping[str, Allocation], balances: Mapping[str, int]) -> None:
    """A step per member with an advance: recoup = min(max(what it is paid, 0), balance): its gain or top-up after what
    is held back and what it owes on other lines."""
    line = recouped_from(terms)
    for member in sorted(balances):
        reference = figure_id(
            "member", agreement=statement.agreement_id, period=statement.period_id, line=line, member=member
        )
        uses: dict[str, Given | Step] = {
            f"{line}_part": Given(Fraction(now[line].parts[member]), "pence", reference),
            "balance": Given(Fraction(balances[member]), "pence", f"advances:{member}"),
        }
        payable = f"{line}_part"
        if line == "top_up" and f"condition.{member}" in statement:
            uses["held_back"] = statement[f"condition.{member}"]
            payable += " + held_back"
        for other, part in owed_beside(terms, now, member).items():
            own = figure_id(
                "member", agreement=statement.agreement_id, period=statement.period_id, line=other, member=member
            )
            uses[f"{other}_owed"] = Given(Fraction(part), "pence", own)
            payable += f" + {other}_owed"
        statement.step(
            f"recoup.{member}",
            f"Advance taken back from {member}",
            f"-min(max({payable}, 0), balance)",
            uses,
            "pence",
            _recoup_reference(terms),
        )


def take_standing_recoup(statement: Statement, terms: Terms, recoup: Allocation, balances: Mapping[str, int]) -> None:
    """A step per member with an advance while a restatement is withheld: what was taken back before stands."""
    for member in sorted(balances):
        reference = figure_id(
            "member", agreement=statement.agreement_id, period=statement.period_id, line="recoup", member=member
        )
        statement.step(
            f"recoup.{member}",
            f"Advance taken back from {member} before; it stands while this settlement is withheld",
            "recouped_before",
            {"recouped_before": Given(Fraction(recoup.parts[member]), "pence", reference)},
            "pence",
            _recoup_reference(terms),
        )


def _recoup_reference(terms: Terms) -> str:
    return "terms:finance.top_up.advances" if recouped_from(terms) == "top_up" else "terms:finance.advances_recouped"


def take_amounts(
    statement: Statement,
    terms: Terms,
    totals: Mapping[str, int],
    prior: Prior | None,
    posted: Mapping[str, Step],
    moved: Collection[str],
    *,
    withheld: bool,
) -> dict[str, int]:
    """Pence to post, by line. First settlement: its own lines, and others that are not 0. Restatement: differences.

    posted: the rounding step of each line this settlement computes. moved: lines of which a member's part is another
    than before; where the parts move and their sum does not, nothing is posted on the line but from member to member.
    While a settlement is withheld, what earlier ones posted stands and nothing more moves.
    """
    lines = lines_of(terms)
    if prior is None:
        return {
            name: totals.get(name, 0) for name in lines if name in posted or name in moved or totals.get(name, 0) != 0
        }
    if withheld:
        return {}
    amounts = {}
    for name in lines:
        reference = figure_id("posting", agreement=statement.agreement_id, period=statement.period_id, line=name)
        given = Given(Fraction(totals.get(name, 0)), "pence", "terms:finance")
        difference = statement.step(
            f"difference.{name}",
            f"Difference to post on {line_words(name)} against earlier settlements of the period",
            "new - posted_before",
            {
                "new": posted.get(name, given),
                "posted_before": Given(Fraction(prior.totals[name]), "pence", reference),
            },
            "pence",
            "terms:finance",
        )
        if difference.exact != 0 or name in moved:
            amounts[name] = int(difference.exact)
    return amounts
