"""Rules of what stands beside shared cost and top-up: KRA pool, rate card, activity, and the KPIs they count.

Belongs here: one function a subject, each yielding the entry, what is wrong and the mend.
Not here: the shape of the entries (`terms_kra_pool`, `terms_counted`), rules of cost and top-up (`terms_lint_finance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from settlement.terms_avoided import Avoided
from settlement.terms_cost_parts import FutureWork, PeriodRisk
from settlement.terms_counted import Activity, RateCard
from settlement.terms_kra_pool import KraPool
from settlement.terms_lint_periods import period_problems
from settlement.terms_loss_limits import LossLimits
from settlement.terms_problem import Problem, named_twice

if TYPE_CHECKING:
    from settlement.terms import Terms

Path = tuple[str | int, ...]
_COST_AND_BASE = ("target_cost", "top_up")


def _kra_pool(terms: Terms, agreed: KraPool) -> Iterator[Problem]:
    path: Path = ("finance", "kra_pool")
    yield from period_problems(terms, [pool.period for pool in agreed.pools], (*path, "pools"))
    knots = sorted(agreed.pool_share, key=lambda knot: knot.score)
    scores = [str(knot.score.normalize()) for knot in agreed.pool_share]
    yield from named_twice(scores, (*path, "pool_share"), "score", "score")
    if any(left.share_pct > right.share_pct for left, right in pairwise(knots)):
        yield Problem(
            (*path, "pool_share"),
            "the share of the KRA pool falls as the score rises.",
            "a better score may never pay less, nor owe more: put the shares in order.",
        )


def _counted(terms: Terms, kpi_id: str, path: Path) -> Iterator[Problem]:
    if not any(kpi.id == kpi_id and kpi.role == "counted" for kpi in terms.framework.kpis):
        yield Problem(path, f"`{kpi_id}` is no counted KPI here.", "name a KPI of the role `counted`.")


def _rate_card(terms: Terms, agreed: RateCard) -> Iterator[Problem]:
    path: Path = ("finance", "rate_card", "rows")
    yield from named_twice([row.id for row in agreed.rows], path, "id", "row")
    kpis = {kpi.id: kpi for kpi in terms.framework.kpis}
    for index, row in enumerate(agreed.rows):
        yield from _counted(terms, row.kpi, (*path, index, "kpi"))
        yield from period_problems(terms, [cap.period for cap in row.caps], (*path, index, "caps"))
        kpi = kpis.get(row.kpi)
        if kpi is not None and kpi.kind != "outcome" and kpi.process_waiver is None:
            yield Problem(
                (*path, index, "kpi"),
                f"{row.kpi} is paid for and is no outcome (DER-02).",
                "pay on an outcome, or record `process_waiver` with its reason.",
            )


def _activity(terms: Terms, agreed: Activity) -> Iterator[Problem]:
    path: Path = ("finance", "activity")
    yield from period_problems(terms, [fixed.period for fixed in agreed.fixed], (*path, "fixed"))
    yield from named_twice([element.id for element in agreed.elements], (*path, "elements"), "id", "element")
    for index, element in enumerate(agreed.elements):
        own = (*path, "elements", index)
        yield from _counted(terms, element.kpi, (*own, "kpi"))
        yield from period_problems(terms, [planned.period for planned in element.planned], (*own, "planned"))
    if agreed.block_below_gbp is not None and terms.agreement.settle_by != "year":
        yield Problem(
            (*path, "block_below_gbp"),
            "a block is told by the agreed value of a year, and this agreement is not settled by the year.",
            "write `settle_by: year`, or remove `block_below_gbp`.",
        )


def _avoided(terms: Terms, agreed: Avoided) -> Iterator[Problem]:
    path: Path = ("finance", "avoided")
    if terms.finance.shared_cost is None:
        yield Problem(
            path,
            "what is avoided bounds a saving, and no cost is shared.",
            "agree the entries of shared cost, or remove the entry.",
        )
    yield from named_twice(list(agreed.certified_by), (*path, "certified_by"), None, "certifier")
    for index, role in enumerate(agreed.certified_by):
        if role not in terms.party_ids:
            yield Problem((*path, "certified_by", index), f"`{role}` is no party here.", "name a role of the terms.")
    certifiers = set(agreed.certified_by)
    if not certifiers & terms.commissioner_ids or not certifiers & set(terms.member_ids):
        yield Problem(
            (*path, "certified_by"),
            "cash is certified by one side alone.",
            "name at least one commissioner and one member.",
        )
    yield from named_twice([row.id for row in agreed.rows], (*path, "rows"), "id", "row")
    for index, row in enumerate(agreed.rows):
        own = (*path, "rows", index)
        yield from _counted(terms, row.kpi, (*own, "kpi"))
        yield from period_problems(terms, [expected.period for expected in row.expected], (*own, "expected"))
        if row.saved_by not in terms.commissioner_ids:
            yield Problem(
                (*own, "saved_by"),
                f"`{row.saved_by}` is no commissioner here.",
                f"name one of: {', '.join(sorted(terms.commissioner_ids))}.",
            )


def _counted_once(terms: Terms) -> Iterator[Problem]:
    """Each counted KPI is taken in one place: twice would pay one outcome twice, nowhere would be no term."""
    finance = terms.finance
    named = [row.kpi for row in finance.rate_card.rows] if finance.rate_card is not None else []
    named += [element.kpi for element in finance.activity.elements] if finance.activity is not None else []
    named += [row.kpi for row in finance.avoided.rows] if finance.avoided is not None else []
    for index, kpi in enumerate(terms.framework.kpis):
        times = named.count(kpi.id)
        if kpi.role == "counted" and times != 1:
            yield Problem(
                ("framework", "kpis", index),
                f"{kpi.id} is counted, and {times} entries of `rate_card`, `activity` and `avoided` take its number.",
                "let exactly one entry name it, or make it a monitored KPI.",
            )


def _same_periods(terms: Terms) -> Iterator[Problem]:
    """Every regime that is agreed covers the same settlement periods. Cost and top-up have a rule of their own."""
    by_entry = terms.finance.periods_by_entry
    for name, periods in by_entry.items():
        entry, others = name.split(".")[0], dict(by_entry)
        if entry in _COST_AND_BASE:
            others = {other: found for other, found in by_entry.items() if other.split(".")[0] not in _COST_AND_BASE}
        if missing := sorted(set().union(*others.values()) - periods):
            yield Problem(
                ("finance", entry),
                f"`{name}` says nothing for {', '.join(missing)}, which other entries of `finance` settle.",
                "agree every entry for every settlement period.",
            )


def _loss_limits(terms: Terms, agreed: LossLimits) -> Iterator[Problem]:
    path: Path = ("finance", "loss_limits")
    loss = terms.finance.loss
    if not _can_lose(terms):
        yield Problem(
            path,
            "limits of a loss are agreed, and nothing can be lost.",
            "agree `loss`, or a `kra_pool` with a share below 0, or remove the entry.",
        )
    if loss is not None and loss.stop_loss is not None and loss.stop_loss.excess_to != agreed.excess_to:
        yield Problem(
            (*path, "excess_to"),
            "the stop-loss says otherwise who bears what exceeds a limit.",
            "write the same `excess_to` in both.",
        )
    yield from named_twice([entry.member for entry in agreed.members], (*path, "members"), "member", "member")
    for index, entry in enumerate(agreed.members):
        if entry.member not in terms.member_ids:
            yield Problem(
                (*path, "members", index, "member"), f"`{entry.member}` is no member here.", "name a member's role."
            )


def _can_lose(terms: Terms) -> bool:
    pool = terms.finance.kra_pool
    return terms.finance.loss is not None or (pool is not None and any(knot.share_pct < 0 for knot in pool.pool_share))


def _limbs(terms: Terms) -> Iterator[Problem]:
    if terms.finance.limbs is not None and terms.finance.shared_cost is None:
        yield Problem(
            ("finance", "limbs"),
            "limbs are agreed, and no cost is shared.",
            "agree the entries of shared cost, or remove the entry.",
        )


def _risk_by_period(terms: Terms, agreed: Sequence[PeriodRisk]) -> Iterator[Problem]:
    path: Path = ("finance", "risk_by_period")
    yield from period_problems(terms, [risk.period for risk in agreed], path)
    for index, risk in enumerate(agreed):
        if risk.shadow is None and risk.loss_part_pct is None:
            yield Problem((*path, index), f"{risk.period} says nothing.", "write `shadow`, `loss_part_pct`, or both.")
        if risk.shadow is not None and terms.agreement.shadow:
            yield Problem(
                (*path, index, "shadow"),
                "the whole agreement is in shadow already.",
                "write `agreement.shadow: false`, or remove the entry.",
            )
        if risk.loss_part_pct is not None and not _can_lose(terms):
            yield Problem(
                (*path, index, "loss_part_pct"),
                "a part of a loss is agreed, and nothing can be lost.",
                "agree `loss`, or a `kra_pool` with a share below 0, or remove the entry.",
            )


def _future_work(terms: Terms, agreed: FutureWork) -> Iterator[Problem]:
    path: Path = ("finance", "future_work")
    yield from named_twice([str(knot.score.normalize()) for knot in agreed.share], (*path, "share"), "score", "score")
    if any(left.share_pct > right.share_pct for left, right in pairwise(sorted(agreed.share, key=lambda k: k.score))):
        yield Problem(
            (*path, "share"),
            "the share of future work falls as the score rises.",
            "a better score may never earn less: put the shares in order.",
        )
    if not terms.finance.is_scored:
        yield Problem(path, "a score earns future work, and no KPI is scored.", "agree a scored regime, or remove it.")


def other_line_problems(terms: Terms) -> Iterator[Problem]:
    """Every rule of KRA pool, rate card and activity that the terms break."""
    finance = terms.finance
    if finance.kra_pool is not None:
        yield from _kra_pool(terms, finance.kra_pool)
    if finance.rate_card is not None:
        yield from _rate_card(terms, finance.rate_card)
    if finance.activity is not None:
        yield from _activity(terms, finance.activity)
    if finance.loss_limits is not None:
        yield from _loss_limits(terms, finance.loss_limits)
    yield from _limbs(terms)
    if finance.future_work is not None:
        yield from _future_work(terms, finance.future_work)
    if finance.avoided is not None:
        yield from _avoided(terms, finance.avoided)
    if finance.risk_by_period is not None:
        yield from _risk_by_period(terms, finance.risk_by_period)
    yield from _counted_once(terms)
    yield from _same_periods(terms)
