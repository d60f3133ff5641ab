"""An agreement's terms: load them from YAML, hash what was agreed, and show them to the other rooms.

Belongs here: the whole of the terms, loading with errors that name line and mend, hash, JSON Schema, views.
Not here: the shape of single parts (`terms_parts`), rules across parts (`terms_lint`), approval (`approvals`).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from operator import itemgetter
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from foundation.canonical import content_id, readable_json
from foundation.errors import WrongUsage
from foundation.period import Period
from settlement.curves import Curve
from settlement.exact import exact, trim
from settlement.periods import following, period_of_kind, settlement_period_of
from settlement.terms_conditions import Condition
from settlement.terms_contracts import Contracts
from settlement.terms_cost_parts import PeriodRisk
from settlement.terms_finance import Finance, SharedCost, TargetCost
from settlement.terms_flags import EvidenceFlag
from settlement.terms_governance import Governance
from settlement.terms_lint import Problem, find_problems
from settlement.terms_parts import (
    LEVELS,
    Framework,
    Gate,
    Identity,
    Kpi,
    Mandate,
    Part,
    Parties,
    Scoring,
    SpendLine,
)
from settlement.terms_top_up import PoolPoints, TopUp
from settlement.yaml_lines import LinedData, TermsError, read_lined_yaml

_SHOWN_PROBLEMS = 12
# Roles the rule for small numbers concerns: a number that is counted is never too small to count.
_SMALL = ("paid", "gate")
# Lists of entries with one of these names are sets: their order in the file means nothing.
_KEYS = ("id", "period", "cause", "check")


def _plain(value: Any) -> Any:
    """One form for one agreement: `38` and `38.00` alike, members and KPIs in any order."""
    if isinstance(value, Decimal):
        return trim(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_plain(item) for item in value]
        if items and all(isinstance(item, str) for item in items):
            return sorted(items)
        for key in _KEYS:
            if items and all(isinstance(item, dict) and key in item for item in items):
                return sorted(items, key=itemgetter(key))
        return items
    return value


class Terms(Part):
    """One version of one agreement's terms. Build it with `load_terms`, which also checks the rules across parts."""

    terms_format: Literal[1]
    agreement: Identity
    mandate: Mandate
    parties: Parties
    framework: Framework
    scoring: Scoring
    finance: Finance
    gate: Gate
    governance: Governance
    spend_levels: Annotated[tuple[SpendLine, ...], Field(min_length=1)] | None = None
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    flags: Annotated[tuple[EvidenceFlag, ...], Field(min_length=1)] | None = None
    contracts: Contracts | None = None

    @property
    def id(self) -> str:
        return self.agreement.id

    @cached_property
    def terms_hash(self) -> str:
        """Hash of what was agreed: layout, comments and the order of parties, KPIs and checks do not count."""
        return content_id(_plain(self.model_dump(mode="python", exclude_none=True)))

    def part_hash(self, part: str) -> str:
        """Hash of one part of the agreement, for terms that are agreed part by part (`governance.parts_in_order`)."""
        held = self.model_dump(mode="python", exclude_none=True)
        framework = held["framework"]
        content: dict[str, Any] = {
            "mandate": held["mandate"],
            "outcomes": framework["outcomes"],
            "levels": {"kpis": framework["kpis"], "scoring": held["scoring"]},
            "gain_and_pain": {"finance": held["finance"], "parties": held["parties"]},
        }
        return content_id(_plain({"part": part, "content": content[part]}))

    @property
    def paid_kpis(self) -> tuple[Kpi, ...]:
        return tuple(kpi for kpi in self.framework.kpis if kpi.role == "paid")

    @property
    def judged_kpis(self) -> tuple[Kpi, ...]:
        """KPIs that money depends on: paid ones, must-pass ones, and those whose number is paid for."""
        return tuple(kpi for kpi in self.framework.kpis if kpi.role in ("paid", "gate", "counted"))

    @property
    def member_ids(self) -> tuple[str, ...]:
        return tuple(sorted(member.id for member in self.parties.members))

    @property
    def commissioner_ids(self) -> frozenset[str]:
        return frozenset(party.id for party in self.parties.commissioners)

    @property
    def party_ids(self) -> frozenset[str]:
        return self.commissioner_ids | frozenset(self.member_ids) | self.independent_ids | {*self._contractor}

    @property
    def independent_ids(self) -> frozenset[str]:
        return frozenset(party.id for party in self.parties.independents or ())

    @property
    def _contractor(self) -> tuple[str, ...]:
        contractor = self.parties.prime_contractor
        return () if contractor is None else (contractor.id,)

    @property
    def approver_ids(self) -> tuple[str, ...]:
        """Every party whose approval unanimity needs: all members, a prime contractor, commissioners that approve."""
        approving = [party.id for party in self.parties.commissioners if party.approves]
        return tuple(sorted([*self.member_ids, *self._contractor, *approving]))

    @property
    def standard_ids(self) -> frozenset[str]:
        """Must-pass KPIs that open the gain one by one (`gain.standards`), in place of barring it together."""
        gain = self.finance.gain
        return frozenset(standard.kpi for standard in (gain.standards if gain else None) or ())

    @property
    def rated_ids(self) -> frozenset[str]:
        """Must-pass KPIs on which a rate depends: `gain.standards` and `loss.complement.standards`."""
        loss = self.finance.loss
        complement = None if loss is None else loss.complement
        return self.standard_ids | frozenset((complement.standards if complement else None) or ())

    @property
    def shares(self) -> dict[str, Fraction]:
        return {member.id: exact(member.share_pct) for member in self.parties.members}

    def body_of(self, party: str) -> str:
        """The organisation behind a role: it has one vote, whatever number of roles it plays."""
        named = {one.id: one.body for one in self.parties.commissioners}
        named |= {one.id: one.body for one in self.parties.members}
        named |= {one.id: one.body for one in self.parties.independents or ()}
        if self.parties.prime_contractor is not None:
            named[self.parties.prime_contractor.id] = self.parties.prime_contractor.body
        return named.get(party) or party

    def gains_from(self, role: str, action: str) -> bool:
        """Whether a role, or its body in another role, could profit: who pays from forfeit, who is paid from deem, both
        from neutral."""
        body = self.body_of(role)
        pays = any(self.body_of(one) == body for one in self.commissioner_ids)
        shares = any(self.body_of(one) == body for one in (*self.member_ids, *self._contractor))
        return {"forfeit": pays, "deem": shares, "neutral": pays or shares}[action]

    def curve(self, kpi: Kpi) -> Curve:
        """Value → points of a paid KPI."""
        if kpi.levels is None:
            raise ValueError(f"{kpi.id} is not scored")
        points = zip(kpi.levels.values(), self.scoring.level_points.values(), strict=True)
        return Curve.through(
            ((exact(value), exact(score)) for value, score in points), stepped=self.scoring.between_levels == "stepped"
        )

    @property
    def shared_cost(self) -> SharedCost:
        """How saving and overspend are shared. For terms that share cost; ValueError for others."""
        if self.finance.shared_cost is None:
            raise ValueError(f"the terms of {self.id} share no cost")
        return self.finance.shared_cost

    @property
    def top_up(self) -> TopUp:
        """The outcome top-up. For terms that agree one; ValueError for others."""
        if self.finance.top_up is None:
            raise ValueError(f"the terms of {self.id} agree no top-up")
        return self.finance.top_up

    def base_pounds(self, period_id: str) -> Fraction:
        """The agreed base of a settlement period, in pounds; WrongUsage if none is agreed."""
        for base in self.top_up.base:
            if base.period == period_id:
                return exact(base.base_gbp)
        raise WrongUsage(
            f"the terms of {self.id} agree no base for {period_id}.",
            "settle a period of the terms, or agree a variation with its base.",
        )

    def pool_points(self, period_id: str) -> PoolPoints:
        """The agreed points of a settlement period; WrongUsage if none are agreed."""
        for points in self.top_up.pool_points or ():
            if points.period == period_id:
                return points
        raise WrongUsage(
            f"the terms of {self.id} agree no points for {period_id}.",
            "settle a period of the terms, or agree a variation with its points.",
        )

    def target(self, period_id: str) -> TargetCost:
        """The agreed target of a settlement period; WrongUsage if none is agreed."""
        for target in self.finance.target_cost or ():
            if target.period == period_id:
                return target
        raise WrongUsage(
            f"the terms of {self.id} agree no target cost for {period_id}.",
            "settle a period of the terms, or agree a variation with its target.",
        )

    @staticmethod
    def target_pounds(target: TargetCost) -> Fraction:
        """(Baseline × trend × mix + signed agreed adjustments) less the agreed efficiency, in pounds."""
        factors = exact(target.trend or Decimal(1)) * exact(target.mix or Decimal(1))
        if target.trend == 0 or target.mix == 0:
            factors = Fraction(0)
        adjustments = (exact(adjustment.amount_gbp) for adjustment in target.adjustments or ())
        gross = exact(target.baseline_gbp) * factors + sum(adjustments, Fraction(0))
        return gross * (1 - exact(target.efficiency_pct or 0) / 100)

    def _risk(self, period_id: str) -> PeriodRisk | None:
        return next((risk for risk in self.finance.risk_by_period or () if risk.period == period_id), None)

    def is_shadow(self, period_id: str) -> bool:
        """Whether nothing is payable in a settlement period: the whole agreement, or that period, is in shadow."""
        risk = self._risk(period_id)
        return self.agreement.shadow or (risk is not None and bool(risk.shadow))

    def loss_part_pct(self, period_id: str) -> Decimal | None:
        """The agreed part of a loss that is borne in a settlement period; None where all of it is."""
        risk = self._risk(period_id)
        return None if risk is None else risk.loss_part_pct

    @property
    def first_period_id(self) -> str:
        """The label of the settlement period that begins with these terms."""
        return settlement_period_of(self.agreement.effective_from, self.agreement.settle_by).label

    def period(self, period_id: str) -> Period:
        """The settlement period with this label, within the agreement's dates; WrongUsage otherwise."""
        found = period_of_kind(period_id, self.agreement.settle_by)
        ends = self.agreement.effective_to
        if found.start < self.agreement.effective_from or (ends is not None and found.end > ends):
            raise WrongUsage(f"{self.id} is not in force in {period_id}.", "name a period within its dates.")
        return found

    def settlement_periods(self, until: date | None = None) -> tuple[Period, ...]:
        """Settlement periods in order, up to the one that holds `until`.

        Without `until`: up to the end of the agreement, or, for an open-ended one, to the last period
        for which a target cost, a base or another sum is agreed.
        """
        ends = self.agreement.effective_to
        if until is None:
            agreed = [self.period(label).end for label in self.finance.agreed_periods]
            until = ends if ends is not None else max(agreed)
        last = until if ends is None else min(until, ends)
        periods, current = [], settlement_period_of(self.agreement.effective_from, self.agreement.settle_by)
        while current.start <= last:
            periods.append(current)
            current = following(current)
        return tuple(periods)

    def kpi_rows(self) -> list[dict[str, Any]]:
        """One row per KPI for the warehouse's `agreement_kpis`, by KPI id. Levels are None where not scored."""
        missing, small = self.gate.fitness[0].max_missing_pct, self.gate.small_numbers
        rows = []
        for kpi in sorted(self.framework.kpis, key=lambda one: one.id):
            levels = dict(zip(LEVELS, kpi.levels.values() if kpi.levels else (None,) * 5, strict=True))
            rows.append(
                {
                    "agreement_id": self.id,
                    "kpi_id": kpi.id,
                    "indicator_id": kpi.indicator_id,
                    "indicator_version": kpi.indicator_version,
                    "area_code": kpi.area_code,
                    "role": kpi.role,
                    "value_decimals": kpi.value_decimals,
                    "polarity": kpi.polarity,
                    "unit": kpi.unit,
                    "baseline_value": None if kpi.baseline is None else kpi.baseline.value,
                    **levels,
                    "max_missing_pct": missing,
                    "population_basis": kpi.population_basis,
                    "effective_from": self.agreement.effective_from,
                    "effective_to": self.agreement.effective_to,
                    "settle_by": self.agreement.settle_by,
                    "breakdown_kind": "all" if kpi.breakdown is None else kpi.breakdown.kind,
                    "breakdown_group": "all" if kpi.breakdown is None else kpi.breakdown.group,
                    "measurement_lag_months": kpi.measurement_lag_months or 0,
                    # The rule decides money, so it concerns figures that money depends on.
                    "least_denominator": small.least_denominator if small and kpi.role in _SMALL else None,
                    "least_count": small.least_count if small and kpi.role in _SMALL else None,
                }
            )
        return rows

    def spend_level_rows(self) -> list[dict[str, Any]]:
        """One row per entry for the warehouse's `agreement_spend_levels`, by member, line and day."""
        rows = [
            {
                "agreement_id": self.id,
                "level": entry.level,
                "member_id": entry.member,
                "line_id": entry.line,
                "effective_from": entry.effective_from or self.agreement.effective_from,
                "effective_to": self.agreement.effective_to,
            }
            for entry in self.spend_levels or ()
        ]
        return sorted(rows, key=lambda row: (row["member_id"], row["line_id"] or "", row["effective_from"]))


def _mend(detail: ErrorDetails, name: str) -> str:
    match detail["type"]:
        case "missing":
            return f"write `{name}:` there."
        case "extra_forbidden":
            return "remove it, or correct its name (docs/reference/terms.md lists the entries)."
        case "literal_error":
            return f"write {detail.get('ctx', {}).get('expected', 'one of the allowed words')}."
        case "value_error":
            return "see docs/reference/terms.md for what the entry holds."
    return "correct the entry; docs/reference/terms.md says what it holds."


def _shape_problem(detail: ErrorDetails) -> Problem:
    path = tuple(detail["loc"])
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "the file"
    said = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "missing":
        return Problem(path[:-1], f"`{name}` is missing.", _mend(detail, str(path[-1])))
    if detail["type"] == "extra_forbidden":
        return Problem(path, f"`{name}` is not an entry of the terms.", _mend(detail, name))
    return Problem(path, f"`{name}`: {said[:1].lower()}{said[1:]}.", _mend(detail, name))


def _refuse(problems: list[Problem], lined: LinedData) -> TermsError:
    found = sorted((lined.line(problem.path), problem.what, problem.mend) for problem in problems)
    shown = [f"line {line}: {what} Mend: {mend}" for line, what, mend in found[:_SHOWN_PROBLEMS]]
    if len(found) > _SHOWN_PROBLEMS:
        shown.append(f"and {len(found) - _SHOWN_PROBLEMS} more.")
    return TermsError("\n".join(["the terms cannot be used.", *shown]), "correct these lines and load the file again.")


def load_terms(raw: bytes) -> Terms:
    """Terms from the bytes of a YAML file. TermsError naming the line and the mend of everything that is wrong."""
    lined = read_lined_yaml(raw)
    try:
        terms = Terms.model_validate(lined.data)
    except ValidationError as fault:
        raise _refuse([_shape_problem(detail) for detail in fault.errors()], lined) from None
    if problems := find_problems(terms):
        raise _refuse(problems, lined)
    return terms


def terms_schema() -> bytes:
    """The JSON Schema of a terms file, as published in docs/reference/terms.schema.json."""
    schema = Terms.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return readable_json(schema)
