"""What pages need to know of an agreement's terms: its name, KPIs, five levels, members.

Belongs here: reading those from the terms through the settlement's own loader. Not here: applying terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from publication.wording import LEVELS

# Lines that concern the alliance as a whole; what is held or taken back from single members is no public matter.
# A rate card and activity pay by number: a sum divided by its agreed price would tell how many people there were.
ALLIANCE_LINES = ("gain", "loss", "top_up", "bonus", "award", "kra_pool")
# Parts of the ids of steps from which a counted number, or the level of a figure of another period, could be told.
# What nests in a head contract holds the sum of all lines, those by number among them.
_NESTED = ("head_incentive", "sub_incentive", "prime_")
_FOR_MEMBERS = (
    *("rate.", "rate_card", "variance.", "activity", "avoided_value.", "certified", "kept_by", "flag"),
    *("advance_written_off.", *_NESTED),
)


@dataclass(frozen=True)
class Level:
    """One of the five levels: the value that reaches it and its score."""

    name: str
    threshold: Decimal
    score: Decimal


@dataclass(frozen=True)
class KpiTerms:
    """One KPI as agreed."""

    kpi_id: str
    name: str
    role: str
    indicator_id: str
    area_code: str
    weight: Decimal | None
    polarity: str
    unit: str
    decimals: int
    baseline: Decimal | None
    baseline_period: str
    levels: tuple[Level, ...]
    breakdown_kind: str = "all"
    breakdown_group: str = "all"
    lag_months: int = 0


@dataclass(frozen=True)
class Agreement:
    """One agreement at one version of its terms."""

    agreement_id: str
    name: str
    label: str
    shadow: bool
    illustrative: bool
    settle_by: str
    max_missing_pct: Decimal | None
    terms_hash: str
    kpis: tuple[KpiTerms, ...]
    members: tuple[tuple[str, str], ...]
    # settlement periods: label, first and last day, as far as sums are agreed
    periods: tuple[tuple[str, date, date], ...] = ()
    challenge_days: int = 0
    notice_days: int | None = None

    def kpi_of(self, indicator_id: str) -> KpiTerms | None:
        """The KPI an indicator is agreed as; a scored one before one that is only watched."""
        mine = [kpi for kpi in self.kpis if kpi.indicator_id == indicator_id]
        return next((kpi for kpi in mine if kpi.weight), mine[0] if mine else None)


def read_agreement(terms_yaml: bytes) -> Agreement:
    """The agreement in a terms file; raises what the settlement's loader raises when the terms are not well formed."""
    from settlement.terms import load_terms

    terms = load_terms(terms_yaml)
    points = terms.scoring.level_points
    kpis = []
    for kpi in terms.framework.kpis:
        levels: tuple[Level, ...] = ()
        if kpi.levels is not None:
            levels = tuple(Level(name, getattr(kpi.levels, name), getattr(points, name)) for name in LEVELS)
        kpis.append(
            KpiTerms(
                kpi_id=kpi.id, name=kpi.name, role=kpi.role, indicator_id=kpi.indicator_id, area_code=kpi.area_code,
                weight=kpi.weight, polarity=kpi.polarity, unit=kpi.unit, decimals=kpi.value_decimals,
                baseline=kpi.baseline.value if kpi.baseline else None,
                baseline_period=kpi.baseline.period if kpi.baseline else "", levels=levels,
                breakdown_kind=kpi.breakdown.kind if kpi.breakdown else "all",
                breakdown_group=str(kpi.breakdown.group) if kpi.breakdown else "all",
                lag_months=kpi.measurement_lag_months or 0,
            )
        )  # fmt: skip
    limits = [check.max_missing_pct for check in terms.gate.fitness]
    return Agreement(
        agreement_id=terms.id, name=terms.agreement.name, label=terms.agreement.label,
        shadow=terms.agreement.shadow, illustrative=terms.agreement.illustrative, settle_by=terms.agreement.settle_by,
        max_missing_pct=min(limits) if limits else None, terms_hash=terms.terms_hash, kpis=tuple(kpis),
        members=tuple((member.id, member.name) for member in terms.parties.members),
        periods=tuple((one.label, one.start, one.end) for one in terms.settlement_periods()),
        challenge_days=terms.governance.challenge_window_working_days, notice_days=terms.governance.notice_days,
    )  # fmt: skip


def steps_for_public(
    steps: list[dict[str, Any]], private: frozenset[str], closed: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """The steps that speak of the alliance as a whole: number, id, label, formula, value, unit, figure id.

    `private`: ids of members. A step whose name or label speaks of one member is left out, and so is one from which a
    number that is counted could be told. A formula that lists members is left blank, and arithmetic and inputs are
    never given, because they may hold one member's money.
    `closed`: KPIs whose exact value is for members; the label of their step ends before it.
    """
    names = {form for member in private for form in (member, member.replace("-", "_"), member.replace("-", " "))}

    def speaks_of_a_member(*texts: object) -> bool:
        words = " ".join(str(text).lower() for text in texts)
        return any(name.lower() in words for name in names)

    chosen = []
    for step in steps:
        if speaks_of_a_member(step["step_id"], step["label"]) or any(one in step["step_id"] for one in _FOR_MEMBERS):
            continue
        public = {name: step[name] for name in ("step_number", "step_id", "label", "formula", "value", "unit")}
        public["figure_id"] = step["figure_id"]
        if str(step["step_id"]).removeprefix("score.") in closed:
            public["label"] = str(step["label"]).partition(": ")[0]
        if speaks_of_a_member(step["formula"]):
            public["formula"] = ""
        chosen.append(public)
    return chosen
