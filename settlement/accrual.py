"""What a period is likely to come to before it can be settled: a point and a range, never payable.

Belongs here: carrying figures whose window is still open to its end, cost to the end of the period, and the three
settlements that follow. Not here: settling itself (`engine`), which is the only path to a sum.

Each case goes through the gate's own record and the engine, with nothing changed but what is not known yet. No posting
and no payment leaves this module, so nobody can be paid on an accrual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import Any

from foundation.errors import Refused
from foundation.period import month_of, months_between
from settlement.engine import settle
from settlement.exact import round_half_up
from settlement.gate_record import SETTLEMENT_SCOPE, GateRecord, seal_record
from settlement.innovation_pot import is_of_pot
from settlement.open_book import CATEGORIES
from settlement.recorded import PeriodRecords, all_met, nothing_recorded
from settlement.score import find_row, level_of
from settlement.statement import Step
from settlement.terms import Terms
from settlement.terms_parts import Kpi

Rows = Sequence[Mapping[str, Any]]

ALLIANCE = "alliance"
CASES = ("worst", "point", "best")


@dataclass(frozen=True)
class AccrualLine:
    """What a party, or the alliance as a whole, would be posted in each case, in pence; negative: it would owe."""

    agreement_id: str
    period_id: str
    party: str
    worst_pence: int
    point_pence: int
    best_pence: int
    terms_hash: str
    data_cut_id: str
    note: str

    def row(self) -> dict[str, Any]:
        """The line as a row of docs/reference/files.md#accrual."""
        return dict(vars(self))


@dataclass(frozen=True)
class Accrual:
    """An estimate at a data cut. basis: one sentence for each thing that is not known yet. steps: of the point."""

    lines: tuple[AccrualLine, ...]
    basis: tuple[str, ...]
    steps: tuple[Step, ...]


def _ends(kpi: Kpi) -> tuple[Decimal, Decimal]:
    """The worst and the best value that can matter, at the published precision, rounded outwards."""
    unit = Decimal(1).scaleb(-kpi.value_decimals)
    worse, better = (ROUND_FLOOR, ROUND_CEILING) if kpi.polarity == "high" else (ROUND_CEILING, ROUND_FLOOR)
    if kpi.levels is not None:
        return kpi.levels.failure.quantize(unit, worse), kpi.levels.game_breaking.quantize(unit, better)
    reached = (kpi.must_reach or Decimal(0)).quantize(unit, better)
    step = unit if kpi.polarity == "high" else -unit
    return reached - step, reached


def _is_open(row: Mapping[str, Any]) -> bool:
    """Whether a figure is there and its window is not yet covered to its end."""
    complete, ends = row["data_complete_as_at"], row["measurement_end"]
    return row["value"] is not None and complete is not None and ends is not None and complete < ends


def _values(kpi: Kpi, row: Mapping[str, Any]) -> dict[str, Decimal]:
    """The value in each case. What is missing for another reason than time counts as the worst, as it scores now."""
    worst, best = _ends(kpi)
    if not _is_open(row):
        return {"worst": worst, "point": worst, "best": best}
    point: Decimal = row["value"]
    low, high = row["lower"], row["upper"]
    if low is None or high is None:
        low, high = sorted((worst, best))
    low, high = min(low, point), max(high, point)
    return dict(zip(CASES, (low, point, high) if kpi.polarity == "high" else (high, point, low), strict=True))


def _as_if_fit(kpi: Kpi, row: Mapping[str, Any], value: Decimal) -> dict[str, Any]:
    """The row as it would stand with this value once its window has closed, resting on enough people."""
    return {
        **row,
        "value": value,
        "level": "" if kpi.levels is None else level_of(value, kpi.levels, kpi.polarity),
        "quality_status": "fit",
        "quality_reason": "",
        "numerator": None,
        "denominator": None,
        "data_complete_as_at": row["measurement_end"],
    }


def _judged(terms: Terms, gate: GateRecord, waiting: Sequence[Kpi]) -> GateRecord:
    """The gate's own record, with KPIs let through that only wait."""
    scopes = {kpi.id for kpi in waiting}
    entries = [
        replace(entry, status="passed", action="pay") if entry.scope in scopes and entry.action == "withhold" else entry
        for entry in gate.entries
    ]
    return seal_record(
        terms,
        gate.period_id,
        gate.data_cut_id,
        entries,
        definitions_hash=gate.definitions_hash,
        code_version=gate.code_version,
        required_hash=gate.required_hash,
        verdict_hashes=dict(gate.verdict_hashes),
        approvals=gate.approvals,
    )


def _monthly(rows: Rows, member: str, category: str, months: Sequence[str]) -> list[int]:
    """Pence a member booked under a category in each of these months."""
    own = [row for row in rows if row["member_id"] == member and row["category"] == category]
    return [sum(row["amount_pence"] for row in own if row["month"] == month) for month in months]


def _fill(known: list[int], case: str) -> int:
    """A month to come: the member's mean month, its dearest where things go badly, its cheapest where they go well."""
    if case == "point":
        return round_half_up(Fraction(sum(known), len(known)))
    return max(known) if case == "worst" else min(known)


def _books(terms: Terms, period_id: str, rows: Rows) -> tuple[dict[str, Rows], list[str]]:
    """The open book in each case, its missing months filled member by member, and what was filled in words."""
    if terms.finance.shared_cost is None:
        return dict.fromkeys(CASES, rows), []
    if terms.shared_cost.actual_cost.completeness != "every_member_every_month":
        raise Refused(
            f"cost to come cannot be told for {terms.id}: its members do not report by month.",
            "accrue where the terms ask for `every_member_every_month`; here, wait for the members' returns.",
        )
    period = terms.period(period_id)
    months = [month.label for month in months_between(month_of(period.start), month_of(period.end))]
    own = [row for row in rows if row["agreement_id"] == terms.id and row["period_id"] == period_id]
    own = [row for row in own if not is_of_pot(terms, row)]
    filled: dict[str, list[Mapping[str, Any]]] = {case: list(rows) for case in CASES}
    words = []
    for member in terms.member_ids:
        reported = [month for month in months if any((r["member_id"], r["month"]) == (member, month) for r in own)]
        missing = [month for month in months if month not in reported]
        if not reported:
            raise Refused(
                f"{member} has reported no month of {period_id}, so its cost to come cannot be told.",
                "accrue once every member has reported a month.",
            )
        if missing:
            count = f"{len(missing)} month{'' if len(missing) == 1 else 's'}"
            words.append(f"{count} of {member} are estimated from the {len(reported)} it has reported.")
        template = next(row for row in own if row["member_id"] == member)
        for month in missing:
            for category in CATEGORIES:
                known = _monthly(own, member, category, reported)
                line = {**template, "month": month, "line_id": f"accrued-{category}", "category": category}
                for case in CASES:
                    filled[case].append({**line, "amount_pence": _fill(known, case)})
    return dict(filled), words


def _undecided(known: PeriodRecords, best: PeriodRecords) -> list[str]:
    """What the decision log does not hold yet, a sentence each."""
    conditions = [one.condition for one in best.conditions if one not in known.conditions]
    certificates = [(one.signer, one.row) for one in best.certificates if one not in known.certificates]
    return [
        *(f"Condition {name} is not recorded yet: not met, and met at best." for name in sorted(conditions)),
        *(
            f"{signer} has not certified {row} yet: no cash, and at best all the terms allow."
            for signer, row in sorted(certificates)
        ),
    ]


def accrue(
    terms: Terms,
    period_id: str,
    kpi_return_rows: Rows,
    ledger_rows: Rows,
    gate: GateRecord,
    recorded: PeriodRecords | None = None,
) -> Accrual:
    """Point and range of a period that cannot be settled in full yet.

    A withheld figure whose window is open is taken at its value, and between its own 95 % limits; any other withheld
    one at its worst, and between its worst and best. Months nobody has reported are estimated from those that are.
    A condition nobody has judged is not met, and cash nobody has certified is none, except at best.
    Advances are left alone: they are a balance, neither earned nor lost.
    Refused as `settle` refuses, where what is paid by number is withheld, and where nothing is open: then the
    period is settled, not accrued.
    """
    if gate.decide(SETTLEMENT_SCOPE).action == "withhold":
        raise Refused(
            f"the settlement of {terms.id} {period_id} is withheld as a whole.", "record its cause, then accrue."
        )
    waiting: list[tuple[Kpi, Mapping[str, Any]]] = [
        (kpi, find_row(terms, period_id, kpi, kpi_return_rows, gate))
        for kpi in sorted(terms.judged_kpis, key=lambda one: one.id)
        if gate.decide(kpi.id).action == "withhold"
    ]
    if counted := ", ".join(kpi.id for kpi, _ in waiting if kpi.role == "counted"):
        raise Refused(
            f"{counted} is paid by number and withheld, and nobody knows how many are still to come.",
            "accrue once its figure is fit, or its cause is recorded: a part of the number would be a smaller total.",
        )
    books, basis = _books(terms, period_id, ledger_rows)
    for kpi, row in waiting:
        cases = _values(kpi, row)
        told = "so far" if _is_open(row) else "withheld, so at its worst"
        basis.append(f"{kpi.id} is {cases['point']} {told}, between {cases['worst']} and {cases['best']}.")
    known = nothing_recorded(terms, period_id) if recorded is None else recorded
    records = {**dict.fromkeys(CASES, known), "best": all_met(terms, period_id, known)}
    basis += _undecided(known, records["best"])
    if not basis:
        raise Refused(f"nothing of {terms.id} {period_id} is open.", "settle the period: there is nothing to estimate.")
    judged = _judged(terms, gate, [kpi for kpi, _ in waiting])
    found = {}
    for case in CASES:
        given = {row["figure_id"]: _as_if_fit(kpi, row, _values(kpi, row)[case]) for kpi, row in waiting}
        rows = [given.get(row["figure_id"], row) for row in kpi_return_rows]
        found[case] = settle(terms, period_id, rows, books[case], judged, recorded=records[case])

    def pence(party: str) -> dict[str, int]:
        return {
            f"{case}_pence": sum(line.amount_pence for line in made.member_lines if party in (ALLIANCE, line.member_id))
            for case, made in found.items()
        }

    parties = [ALLIANCE, *terms.member_ids]
    others = {line.member_id for made in found.values() for line in made.member_lines} - set(parties)
    lines = tuple(
        AccrualLine(
            agreement_id=terms.id,
            period_id=period_id,
            party=party,
            terms_hash=terms.terms_hash,
            data_cut_id=gate.data_cut_id,
            note="accrual, an estimate: not payable",
            **pence(party),
        )
        for party in [*parties, *sorted(others)]
    )
    return Accrual(lines, tuple(basis), found["point"].steps)
