"""Rules that hold across the parts of an agreement's terms.

Belongs here: one function a subject, each yielding the entry, what is wrong and the mend.
Not here: the shape of a single entry (`terms_parts`), rules of the finance part (`terms_lint_finance`), or whether
terms are approved (`approvals`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from settlement.exact import add
from settlement.periods import settlement_period_of
from settlement.terms_lint_contracts import contract_problems
from settlement.terms_lint_finance import finance_problems
from settlement.terms_lint_flags import flag_problems
from settlement.terms_lint_governance import governance_problems
from settlement.terms_lint_other_lines import other_line_problems
from settlement.terms_lint_payments import payment_problems
from settlement.terms_parts import AGE_GROUPS, QUINTILES, Kpi
from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms

__all__ = ["Problem", "find_problems"]

RESERVED_ROLES = ("alliance", "commissioner-residue")


def _identity(terms: Terms) -> Iterator[Problem]:
    identity, path = terms.agreement, ("agreement",)
    first = settlement_period_of(identity.effective_from, identity.settle_by)
    if first.start != identity.effective_from:
        yield Problem(
            (*path, "effective_from"),
            f"the agreement does not begin with a whole {identity.settle_by}.",
            f"begin on {first.start.isoformat()} or on the first day of a later {identity.settle_by}.",
        )
    if identity.effective_to is None:
        return
    if identity.effective_to < identity.effective_from:
        yield Problem((*path, "effective_to"), "the agreement ends before it begins.", "put the dates in order.")
    last = settlement_period_of(identity.effective_to, identity.settle_by)
    if last.end != identity.effective_to:
        yield Problem(
            (*path, "effective_to"),
            f"the agreement does not end with a settlement {identity.settle_by}.",
            f"end on {last.end.isoformat()}, or leave the entry out.",
        )


def _parties(terms: Terms) -> Iterator[Problem]:
    parties = terms.parties
    everyone: list[tuple[str, tuple[str | int, ...]]] = []
    for group in ("commissioners", "members", "independents"):
        for index, party in enumerate(getattr(parties, group) or ()):
            everyone.append((party.id, ("parties", group, index, "id")))
    if parties.prime_contractor is not None:
        everyone.append((parties.prime_contractor.id, ("parties", "prime_contractor", "id")))
    seen: set[str] = set()
    for role, path in everyone:
        if role in seen or role in RESERVED_ROLES:
            yield Problem(path, f"the role `{role}` is taken.", "give every party its own role id.")
        seen.add(role)
    for index, member in enumerate(parties.members):
        path = ("parties", "members", index)
        if member.share_pct == 0 and member.zero_share_waiver is None:
            yield Problem(
                (*path, "share_pct"),
                f"{member.id} holds no share (CNI-12).",
                "give every member a share above 0, or record `zero_share_waiver` with its reason.",
            )
        if member.share_pct > 0 and member.zero_share_waiver is not None:
            yield Problem((*path, "zero_share_waiver"), f"{member.id} holds a share and needs no waiver.", "remove it.")
    holders: set[str] = set()
    for index, member in enumerate(parties.members):
        if (body := terms.body_of(member.id)) in holders:
            yield Problem(
                ("parties", "members", index, "body"),
                f"`{body}` would be two members, with two votes.",
                "one body is one member: join its shares in one role.",
            )
        holders.add(body)
    total = add([member.share_pct for member in parties.members])
    if total != 100:
        yield Problem(
            ("parties", "members"),
            f"the shares sum to {total}, not 100 (CNI-12).",
            "agree shares that sum to 100 percent.",
        )
    if not any(commissioner.approves for commissioner in parties.commissioners):
        yield Problem(
            ("parties", "commissioners"),
            "no commissioner role approves these terms.",
            "let at least one commissioner role approve.",
        )


def _needs(
    kpi: Kpi, path: tuple[str | int, ...], wanted: tuple[str, ...], barred: tuple[str, ...]
) -> Iterator[Problem]:
    for name in wanted:
        if getattr(kpi, name) is None:
            yield Problem(path, f"the {kpi.role} KPI {kpi.id} has no `{name}`.", f"agree and write its `{name}`.")
    for name in barred:
        if getattr(kpi, name) is not None:
            yield Problem(
                (*path, name),
                f"the {kpi.role} KPI {kpi.id} is never scored and has no `{name}`.",
                "remove the entry, or make it a paid KPI.",
            )


def _kpi(kpi: Kpi, path: tuple[str | int, ...]) -> Iterator[Problem]:
    match kpi.role:
        case "paid":
            yield from _needs(kpi, path, ("weight", "levels", "baseline"), ())
            if kpi.weight == 0:
                yield Problem(
                    (*path, "weight"),
                    f"the paid KPI {kpi.id} weighs nothing.",
                    "give it a weight above 0, or make it a monitored KPI.",
                )
            if kpi.kind != "outcome" and kpi.process_waiver is None:
                yield Problem(
                    (*path, "kind"),
                    f"{kpi.id} is paid and is no outcome (DER-02).",
                    "pay on an outcome, or record `process_waiver` with its reason.",
                )
        case "gate":
            yield from _needs(kpi, path, ("must_reach",), ("weight", "levels"))
        case _:  # monitored, or counted
            yield from _needs(kpi, path, (), ("weight", "levels", "must_reach"))
    if kpi.levels is not None:
        values = kpi.levels.values()
        ordered = all(left < right if kpi.polarity == "high" else left > right for left, right in pairwise(values))
        if not ordered:
            better = "rise" if kpi.polarity == "high" else "fall"
            yield Problem(
                (*path, "levels"),
                f"the levels of {kpi.id} are not in order (CNI-01).",
                f"with polarity `{kpi.polarity}` the values must {better} from failure to game_breaking.",
            )


def _measured(kpi: Kpi, settle_by: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """What a KPI looks at: its group of people, and how long before the period ends its window ends."""
    groups = {"deprivation": QUINTILES, "age": AGE_GROUPS}
    if kpi.breakdown is not None and kpi.breakdown.group not in groups.get(kpi.breakdown.kind, (kpi.breakdown.group,)):
        yield Problem(
            (*path, "breakdown", "group"),
            f"{kpi.id} looks at `{kpi.breakdown.group}`, which is no group by {kpi.breakdown.kind}.",
            f"write one of: {', '.join(groups[kpi.breakdown.kind])}.",
        )
    if settle_by == "quarter" and (kpi.measurement_lag_months or 0) % 3:
        yield Problem(
            (*path, "measurement_lag_months"),
            f"the window of {kpi.id} would not end with a quarter.",
            "in an agreement settled by the quarter, write a multiple of 3.",
        )


def _framework(terms: Terms) -> Iterator[Problem]:
    framework = terms.framework
    outcomes = [outcome.id for outcome in framework.outcomes]
    yield from named_twice(outcomes, ("framework", "outcomes"), "id", "outcome")
    yield from named_twice([kpi.id for kpi in framework.kpis], ("framework", "kpis"), "id", "KPI")
    for index, kpi in enumerate(framework.kpis):
        path = ("framework", "kpis", index)
        if kpi.outcome not in outcomes:
            yield Problem(
                (*path, "outcome"),
                f"{kpi.id} serves `{kpi.outcome}`, which is no outcome here (CNI-32).",
                f"link it to one of: {', '.join(outcomes)}.",
            )
        yield from _kpi(kpi, path)
        yield from _measured(kpi, terms.agreement.settle_by, path)
    weights = [kpi.weight for kpi in terms.paid_kpis if kpi.weight is not None]
    # Terms that only count (a rate card, activity) have no score: nothing is weighed.
    if (weights or terms.finance.is_scored) and add(weights) not in (Decimal(1), Decimal(100)):
        yield Problem(
            ("framework", "kpis"),
            f"the weights of the paid KPIs sum to {add(weights)}, not 100 (CNI-04).",
            "agree weights that sum to 100 (or to 1).",
        )
    points = terms.scoring.level_points.values()
    if not all(left < right for left, right in pairwise(points)):
        yield Problem(
            ("scoring", "level_points"),
            "the points of the levels do not rise.",
            "let the points rise from failure to game_breaking.",
        )


def _gate(terms: Terms) -> Iterator[Problem]:
    gate = terms.gate
    yield from named_twice(list(gate.integrity), ("gate", "integrity"), None, "check")
    yield from named_twice([check.check for check in gate.fitness], ("gate", "fitness"), "check", "check")
    for index, check in enumerate(gate.fitness):
        if check.check in gate.integrity:
            yield Problem(
                ("gate", "fitness", index, "check"),
                f"`{check.check}` is an integrity check already.",
                "a check is of one kind: remove one of the two.",
            )
    yield from named_twice([rule.cause for rule in gate.causes], ("gate", "causes"), "cause", "cause")
    for index, rule in enumerate(gate.causes):
        path = ("gate", "causes", index)
        if (rule.action == "deem") != (rule.deem is not None):
            yield Problem(
                path,
                f"the cause `{rule.cause}` has an action and a `deem` entry that do not fit.",
                "write `deem` exactly when the action is `deem`.",
            )
        for place, role in enumerate(rule.recorded_by):
            where = (*path, "recorded_by", place)
            if role not in terms.party_ids:
                yield Problem(where, f"`{role}` is no party here.", "name a role of the terms.")
            elif terms.gains_from(role, rule.action):
                yield Problem(
                    where,
                    f"`{role}` could gain from `{rule.action}` and may not record its cause.",
                    "name a role that cannot gain: an independent one, or the side that pays for it.",
                )


def _spend_levels(terms: Terms) -> Iterator[Problem]:
    seen: set[tuple[str, str | None, date]] = set()
    for index, entry in enumerate(terms.spend_levels or ()):
        path = ("spend_levels", index)
        begins = entry.effective_from or terms.agreement.effective_from
        if entry.member not in terms.member_ids:
            yield Problem((*path, "member"), f"`{entry.member}` is no member here.", "name a member's role.")
        ends = terms.agreement.effective_to
        if begins.day != 1 or begins < terms.agreement.effective_from or (ends is not None and begins > ends):
            yield Problem(
                (*path, "effective_from"),
                f"{begins.isoformat()} is no first day of a month of the agreement.",
                "lines are booked by the month: begin on the first day of one, within the agreement's dates.",
            )
        if (key := (entry.member, entry.line, begins)) in seen:
            yield Problem(
                path, "these lines are put on a level twice from the same day.", "keep one of the two entries."
            )
        seen.add(key)


def _conditions(terms: Terms) -> Iterator[Problem]:
    conditions, path = terms.conditions or (), ("conditions",)
    yield from named_twice([condition.id for condition in conditions], path, "id", "condition")
    independent = {party.id for party in terms.parties.independents or ()}
    for index, condition in enumerate(conditions):
        for place, role in enumerate(condition.recorded_by):
            if role not in independent:
                yield Problem(
                    (*path, index, "recorded_by", place),
                    f"`{role}` could gain and may not record whether {condition.id} is met.",
                    "name an independent role of the terms: it neither pays nor is paid.",
                )


def find_problems(terms: Terms) -> list[Problem]:
    """Every rule the terms break, in the order of the file's parts."""
    found: list[Problem] = []
    for rule in (
        _identity,
        _parties,
        _framework,
        finance_problems,
        other_line_problems,
        payment_problems,
        contract_problems,
        _gate,
        _spend_levels,
        _conditions,
        flag_problems,
        governance_problems,
    ):
        found.extend(rule(terms))
    return found
