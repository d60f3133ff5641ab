"""The most each member bears of what the alliance owes in a period: stop-loss by turnover, and limits of its own.

Belongs here: these sums, and the steps that show them. Not here: sharing under them (`postings`, `allocate`).

A limit holds for the loss on cost and what is owed of a KRA pool together.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from settlement.exact import exact
from settlement.statement import Given, Statement, Step
from settlement.terms import Terms
from settlement.terms_finance import StopLoss
from settlement.terms_loss_limits import MemberLimits

PATH = "terms:finance.loss_limits"


def _stop_loss(terms: Terms) -> StopLoss | None:
    return None if terms.finance.loss is None else terms.finance.loss.stop_loss


def _own(terms: Terms) -> dict[str, MemberLimits]:
    agreed = terms.finance.loss_limits
    return {} if agreed is None else {entry.member: entry for entry in agreed.members}


def refills(terms: Terms) -> bool:
    """Whether the other members bear what exceeds a member's limit, before the commissioner does."""
    agreed = terms.finance.loss_limits or _stop_loss(terms)
    return agreed is not None and agreed.excess_to == "other_members"


def member_caps(terms: Terms) -> dict[str, int]:
    """The most each member bears, in pence rounded down; members without a limit are left out."""
    caps: dict[str, Fraction] = {}
    stop_loss = _stop_loss(terms)
    if stop_loss is not None:
        rate = exact(stop_loss.pct_of_turnover)
        caps = {member.id: exact(member.turnover_gbp) * rate for member in terms.parties.members}
    for member, entry in _own(terms).items():
        sums = [exact(limit.amount_gbp) * exact(limit.pct) for limit in entry.limits]
        caps[member] = min([*sums, caps[member]] if member in caps else sums)
    # Pounds times percent are pence.
    return {member: cap.numerator // cap.denominator for member, cap in caps.items()}


def room_left(caps: Mapping[str, int], borne: Mapping[str, int]) -> dict[str, int]:
    """What each member may still bear after its signed parts of an earlier line."""
    return {member: max(cap + min(borne.get(member, 0), 0), 0) for member, cap in caps.items()}


def take_loss_limits(statement: Statement, terms: Terms) -> None:
    """A step for each member with a limit of its own: what is least."""
    stop_loss, turnover = _stop_loss(terms), {member.id: member.turnover_gbp for member in terms.parties.members}
    for member, entry in sorted(_own(terms).items()):
        path = f"{PATH}.members.{member}"
        sums, uses = [], dict[str, Given | Step]()
        for number, limit in enumerate(entry.limits, start=1):
            uses[f"part_{number}"] = Given(exact(limit.pct) / 100, "ratio", f"{path}.limits.{number}.pct")
            uses[f"sum_{number}"] = Given(exact(limit.amount_gbp), "GBP", f"{path}.limits.{number}.amount_gbp")
            sums.append(f"part_{number} * sum_{number}")
        named = ", ".join(limit.of for limit in entry.limits)
        if stop_loss is not None:
            uses["stop_loss"] = Given(exact(stop_loss.pct_of_turnover) / 100, "ratio", "terms:finance.loss.stop_loss")
            uses["turnover"] = Given(exact(turnover[member]), "GBP", f"terms:parties.members.{member}.turnover_gbp")
            sums.append("stop_loss * turnover")
            named += ", turnover"
        statement.step(
            f"loss_limit.{member}",
            f"Most that {member} bears of what the alliance owes: the least part of {named}",
            f"min({', '.join(sums)})" if len(sums) > 1 else sums[0],
            uses,
            "GBP",
            path,
        )
