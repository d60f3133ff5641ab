"""Inputs of a release over invented figures: two trusts, days that one of them did not report, one settled year.

Nothing here is a real figure. The shape is that of the demo place: a census with a gap in December 2024 and in April
to June and August 2025, a ratio beside it, a short history of published percentages, an indicator that ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from foundation.canonical import canonical_json, content_id, sha256_bytes
from foundation.figures import figure_id
from foundation.period import Period, financial_year_of, month_of, months_between, quarter_of
from publication.inputs import Place, ReleaseInputs, SettledAgreement, Source

AREA, AREA_NAME = "E54000058", "Exampleshire"
FIRST, LAST = date(2023, 4, 1), date(2025, 8, 31)
TERMS = Path(__file__).resolve().parents[2] / "agreements" / "derbyshire-real-only" / "2024-04-01.yaml"
CODE_VERSION, DEFINITIONS = "0.1.0+fixture", "d" * 64
SENDERS = ("RXA", "RXB")
CENSUS, RATIO, ENDED, HISTORY = (
    "no_criteria_to_reside", "no_criteria_to_reside_per_100_discharges", "discharged_by_1700",
    "talking_therapies_reliable_recovery",
)  # fmt: skip
MEMBERS = {"acute-trust": 40, "community-trust": 30, "mental-health-trust": 15, "city-council": 9, "county-council": 6}


def missing_days() -> frozenset[date]:
    """Days on which a trust did not report: 7 in December 2024, 20 in quarter 1 of 2025/26, 7 in August 2025."""
    spells = ((date(2024, 12, 3), 7), (date(2025, 4, 1), 6), (date(2025, 5, 5), 7), (date(2025, 6, 2), 7),
              (date(2025, 8, 4), 7))  # fmt: skip
    return frozenset(start + timedelta(days=n) for start, count in spells for n in range(count))


def census(day: date) -> int:
    """Invented patients on a day: a slow fall, a winter hump, a weekly wave."""
    index = (day - FIRST).days
    winter = 18 if day.month in (12, 1, 2) else 0
    return 489 - index // 18 + winter + (index * 37 % 23) - 11 + (6 if day.weekday() in (0, 6) else 0)


def discharges(day: date) -> int:
    """Invented discharges on a day."""
    index = (day - FIRST).days
    return 348 + (index * 29 % 61) - 30 - (90 if day.weekday() >= 5 else 0)


def all_days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def half_up(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def periods() -> list[Period]:
    months = months_between(month_of(FIRST), month_of(LAST))
    quarters = dict.fromkeys(quarter_of(month.start) for month in months)
    years = dict.fromkeys(financial_year_of(month.start) for month in months)
    return [*months, *quarters, *years]


# The rest of a definition, for tables that are about something else.
DEFINED = {
    "metric": "Invented metric", "domain": "invented", "clinical_or_functional": "functional",
    "local_or_national": "local", "population_basis": "registered", "measurement_window": "Events in the period",
    "follow_up_window": "None", "maturity": "With the period", "lag": "About six weeks",
    "capture_method": "Invented returns", "clinical_reviewer": None, "reference_ids": None, "bridge": None,
    "feeds": "invented_return", "period_kinds": "month quarter year", "breakdowns": None,
    "effective_from": date(2022, 4, 1), "definition_hash": "0" * 64,
    "look_back_days": 0,
    "events_repeat": False,
    "by_last_day": False,
    "breaks": None, "family": None, "family_lead": False, "numerator_counts": None, "denominator_counts": None,
    "case_values": None,
}  # fmt: skip
INDICATORS = [
    {
        **DEFINED, "reference_ids": "collection:invented_series", "bridge": "The series leaves no day out",
        "indicator_id": CENSUS, "version": 1, "name": "Patients who no longer meet the criteria to reside",
        "outcome": "People leave hospital when they are ready",
        "definition": "The number of people in an acute hospital bed who are well enough to leave it, counted once a "
        "day and averaged over the days on which every organisation that must report did",
        "numerator_definition": "Patients who no longer meet the criteria to reside, summed over complete days",
        "denominator_definition": "Complete days", "exclusions": "Days on which a trust sent no figure or a zero",
        "statistic": "census_mean", "unit": "patients", "polarity": "low", "value_decimals": 1, "kind": "outcome",
        "owner": "head of urgent care", "source": "Invented for tests; Open Government Licence v3.0",
        "caveat": "The count depends on how each trust records the criteria to reside",
    },
    {
        **DEFINED, "indicator_id": RATIO, "version": 1,
        "name": "Patients who no longer meet the criteria to reside, per 100 discharges",
        "outcome": "People leave hospital when they are ready",
        "definition": "The daily count of patients who no longer meet the criteria to reside, for every 100 patients "
        "discharged on the same days",
        "numerator_definition": "Patients who no longer meet the criteria to reside, summed over complete days",
        "denominator_definition": "Patients discharged, summed over the same days",
        "exclusions": "Days on which a trust sent no figure or a zero", "statistic": "ratio_of_sums",
        "unit": "per 100 discharges", "polarity": "low", "value_decimals": 1, "kind": "outcome",
        "owner": "head of urgent care", "source": "Invented for tests; Open Government Licence v3.0",
        "caveat": "It falls when hospitals discharge more patients with short stays",
    },
    {
        **DEFINED, "indicator_id": ENDED, "version": 1, "name": "Patients discharged by 17:00",
        "outcome": "People leave hospital at a time of day when support at home can start",
        "definition": "Of all patients discharged on complete days, the share discharged by 17:00",
        "numerator_definition": "Patients discharged by 17:00, summed over complete days with the hour",
        "denominator_definition": "Patients discharged, summed over complete days with the hour",
        "exclusions": "Days without the hour of discharge", "statistic": "proportion", "unit": "percent",
        "polarity": "high", "value_decimals": 1, "kind": "process", "owner": "head of urgent care",
        "source": "Invented for tests; Open Government Licence v3.0", "caveat": "Not available from June 2023",
    },
    {
        **DEFINED, "indicator_id": HISTORY, "version": 1, "name": "Reliable recovery after talking therapy",
        "outcome": "People with depression or anxiety recover",
        "definition": "Of the people who finished a course of talking therapy, the share that recovered reliably",
        "numerator_definition": "People who recovered reliably (not published)",
        "denominator_definition": "People who finished a course (not published)", "exclusions": "None",
        "statistic": "published_percentage", "unit": "percent", "polarity": "high", "value_decimals": 0,
        "kind": "outcome", "owner": "mental health commissioning lead",
        "source": "Invented for tests; Open Government Licence v3.0",
        "caveat": "History only; whole percentages cannot be pooled",
    },
]  # fmt: skip


def _measure(indicator: dict[str, Any], period: Period, numerator: int | None, denominator: int | None,
             missing: int, covered: int, last: date, last_covered: date) -> dict[str, Any]:  # fmt: skip
    decimals = indicator["value_decimals"]
    factor = {"census_mean": 1, "ratio_of_sums": 100, "proportion": 100}.get(indicator["statistic"], 1)
    value = (
        half_up(Decimal(numerator) * factor / denominator, decimals) if numerator is not None and denominator else None
    )
    withheld = covered > 0 and missing * 10 > covered
    provisional = period.end > date(2025, 6, 30)
    marker = "x" if value is None else "w" if withheld else "p" if provisional else ""
    reason = {
        "w": f"{covered and missing} of the {covered} days lack figures from at least one organisation that must "
             "report; the agreed limit is 10 %",
        "x": "The figure is no longer collected", "p": "Returns for this period may still be corrected", "": "",
    }[marker]  # fmt: skip
    interval = indicator["statistic"] == "census_mean" and period.kind != "month" and value is not None
    return {
        "figure_id": figure_id("indicator", indicator=indicator["indicator_id"], area=AREA, period=period.label,
                               measure="value"),
        "indicator_id": indicator["indicator_id"], "indicator_version": 1, "indicator_name": indicator["name"],
        "area_code": AREA, "area_name": AREA_NAME, "period_kind": period.kind, "period_id": period.label,
        "period_start": period.start, "period_end": period.end, "value": value, "marker": marker, "reason": reason,
        "unit": indicator["unit"],
        "numerator": None if numerator is None else Decimal(numerator),
        "denominator": None if denominator is None else Decimal(denominator),
        "lower": value - Decimal("8.4") if interval and value is not None else None,
        "upper": value + Decimal("8.4") if interval and value is not None else None,
        "interval_method": "Student's t on monthly means" if interval else "none for a single month",
        "window_days": period.days, "covered_days": covered, "missing_days": missing,
        "data_complete_as_at": last_covered, "data_cut_status": "flex" if provisional else "freeze",
    }  # fmt: skip


def measures() -> list[dict[str, Any]]:
    """Rows of `measures`, withheld values kept."""
    gone, rows = missing_days(), []
    for period in periods():
        covered = [day for day in all_days(period.start, period.end) if FIRST <= day <= LAST]
        complete = [day for day in covered if day not in gone]
        missing = len(covered) - len(complete)
        patients = sum(census(day) for day in complete)
        left = sum(discharges(day) for day in complete)
        rows.append(_measure(INDICATORS[0], period, patients, len(complete), missing, len(covered), LAST, LAST))
        rows.append(_measure(INDICATORS[1], period, patients, left, missing, len(covered), LAST, LAST))
        if period.kind == "month":
            hour = period.start < date(2023, 6, 1)
            early = sum(discharges(day) * 61 // 100 for day in complete)
            rows.append(_measure(INDICATORS[2], period, early if hour else None, left if hour else None, 0,
                                 len(covered), LAST, LAST))  # fmt: skip
        if period.kind == "month" and period.start < date(2024, 2, 1):
            row = _measure(INDICATORS[3], period, None, None, 0, period.days, LAST, date(2024, 1, 31))
            row |= {"value": Decimal(44 + period.start.month * 5 % 9), "marker": "", "reason": "",
                    "interval_method": "none: the parts of the percentage are not published"}  # fmt: skip
            rows.append(row)
    return rows


def spc_points(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """XmR limits over the published months of each indicator; a run chart with the median below 13."""
    points = []
    for indicator in INDICATORS:
        months = [
            r for r in rows
            if r["indicator_id"] == indicator["indicator_id"] and r["period_kind"] == "month"
            and r["marker"] in ("", "p")
        ]  # fmt: skip
        values = [r["value"] for r in months]
        if not values:
            continue
        run = len(values) < 13
        mean = half_up(sorted(values)[len(values) // 2] if run else sum(values) / len(values), 9)
        moved = [abs(a - b) for a, b in zip(values[1:], values, strict=False)]
        width = half_up(Decimal("2.66") * sum(moved) / len(moved), 9)
        for r in months:
            outside = not run and abs(r["value"] - mean) > width
            better = (r["value"] < mean) == (indicator["polarity"] == "low")
            points.append(
                {"figure_id": r["figure_id"], "indicator_id": r["indicator_id"], "area_code": AREA,
                 "period_id": r["period_id"], "period_start": r["period_start"], "value": r["value"],
                 "chart": "run" if run else "xmr", "centre_line": mean,
                 "lower_limit": None if run else mean - width, "upper_limit": None if run else mean + width,
                 "point_type": f"special_cause_{'improvement' if better else 'concern'}" if outside else "common_cause",
                 "special_cause": "Astronomical Point" if outside else "Common Cause"}
            )  # fmt: skip
    return points


def completeness() -> list[dict[str, Any]]:
    gone, rows = missing_days(), []
    for indicator in (CENSUS, RATIO):
        for month in months_between(month_of(FIRST), month_of(LAST)):
            missing = sum(day in gone for day in all_days(month.start, month.end))
            rows.append(
                {"indicator_id": indicator, "period_id": month.label, "period_start": month.start,
                 "expected_days": month.days, "complete_days": month.days - missing, "missing_days": missing,
                 "missing_pct": half_up(Decimal(100 * missing) / month.days, 1),
                 "withheld": missing * 10 > month.days}
            )  # fmt: skip
    return rows


def data_cut() -> dict[str, Any]:
    """Submissions of two trusts and the area by month, of the members' ledgers, and the list of organisations."""
    wanted = [
        ("daily_discharge_return", sender, month) for sender in (*SENDERS, AREA)
        for month in months_between(month_of(FIRST), month_of(LAST))
    ] + [
        ("cost_ledger", member, month) for member in MEMBERS
        for month in months_between(month_of(date(2024, 4, 1)), month_of(date(2025, 3, 1)))
    ]  # fmt: skip
    submissions = []
    for feed, sender, month in wanted:
        digest = hashlib.sha256(f"{feed} {sender} {month.label}".encode()).hexdigest()
        body = {"feed": feed, "organisation": sender, "covers": {"from": month.start, "to": month.end}, "sequence": 1,
                "sha256": digest}  # fmt: skip
        submissions.append(
            {"submission_id": content_id(body), "feed": feed, "organisation": sender,
             "covers_from": month.start.isoformat(), "covers_to": month.end.isoformat(), "sequence": 1,
             "sha256": digest, "rows_accepted": month.days}
        )  # fmt: skip
    submissions.sort(key=lambda item: str(item["submission_id"]))
    return {"submissions": submissions, "link_table": None, "opt_outs": None}


def ledger(cut: dict[str, Any]) -> list[dict[str, Any]]:
    """£140,000,000.00 in 2024/25, by member and month."""
    ids = {(s["feed"], s["organisation"], s["covers_from"][:7]): s["submission_id"] for s in cut["submissions"]}
    rows = []
    for member, share in MEMBERS.items():
        yearly = 140_000_000_00 * share // 100
        months = months_between(month_of(date(2024, 4, 1)), month_of(date(2025, 3, 1)))
        for number, month in enumerate(months):
            amount = yearly // 12 + (yearly % 12 if number == 11 else 0)
            rows.append(
                {"agreement_id": "derbyshire-real-only", "period_id": "2024-25", "member_id": member,
                 "month": month.label, "line_id": "total", "category": "reimbursable_cost", "amount_pence": amount,
                 "contract_reference": f"C-{member}", "funding_source": "ICB programme allocation",
                 "vat_treatment": "outside scope", "submission_id": ids["cost_ledger", member, month.label]}
            )  # fmt: skip
    return rows


def level(value: Decimal | None) -> str | None:
    """The best of the five levels of D1 that a value reaches (lower is better)."""
    if value is None:
        return None
    found = "failure"
    for name, knot in (("failure", "530"), ("poor", "505"), ("minimum", "478.6"), ("stretch", "430"),
                       ("game_breaking", "340")):  # fmt: skip
        if value <= Decimal(knot):
            found = name
    return found


def kpi_return(rows: Iterable[dict[str, Any]], cut_id: str) -> list[dict[str, Any]]:
    found = []
    for kpi, indicator, unit in (("D1", CENSUS, "patients"), ("D2", RATIO, "per 100 discharges")):
        for r in rows:
            if r["indicator_id"] != indicator:
                continue
            quality = {"w": "withheld", "x": "not_available"}.get(r["marker"], "fit")
            found.append(
                {"figure_id": figure_id("kpi", agreement="derbyshire-real-only", kpi=kpi, period=r["period_id"],
                                        measure="value"),
                 "agreement_id": "derbyshire-real-only", "kpi_id": kpi, "period_id": r["period_id"],
                 "period_kind": r["period_kind"], "period_start": r["period_start"], "period_end": r["period_end"],
                 "measurement_start": r["period_start"], "measurement_end": r["period_end"],
                 "indicator_id": indicator, "indicator_version": 1, "area_code": AREA, "value": r["value"],
                 "value_decimals": 1, "unit": unit, "numerator": r["numerator"], "denominator": r["denominator"],
                 "lower": r["lower"], "upper": r["upper"], "interval_method": r["interval_method"], "polarity": "low",
                 "baseline_value": Decimal("478.6") if kpi == "D1" else None,
                 "level": level(r["value"]) if kpi == "D1" else None, "quality_status": quality,
                 "quality_reason": "" if quality == "fit" else r["reason"], "window_days": r["window_days"],
                 "covered_days": r["covered_days"], "missing_days": r["missing_days"],
                 "data_complete_as_at": r["data_complete_as_at"], "data_cut_status": r["data_cut_status"],
                 "payable_from": r["period_end"] + timedelta(days=60), "population_basis": "caseload",
                 "data_cut_id": cut_id}
            )  # fmt: skip
    return found


def lineage(
    rows: Iterable[dict[str, Any]], kpis: Iterable[dict[str, Any]], cut: dict[str, Any]
) -> list[dict[str, str]]:
    daily = [s for s in cut["submissions"] if s["feed"] == "daily_discharge_return"]
    found = []
    for r in [*rows, *kpis]:
        start, end = r["period_start"].isoformat(), r["period_end"].isoformat()
        found += [
            {"figure_id": r["figure_id"], "submission_id": s["submission_id"]}
            for s in daily if start <= s["covers_from"] <= end
        ]  # fmt: skip
    for member in MEMBERS:
        found += [
            {"figure_id": f"ledger:derbyshire-real-only:2024-25:{member}", "submission_id": s["submission_id"]}
            for s in cut["submissions"] if (s["feed"], s["organisation"]) == ("cost_ledger", member)
        ]  # fmt: skip
    return found


def required_and_verdicts(
    cut_id: str, terms: Any, status_of: Callable[[str], str], judged: Iterable[str] = ("2024-25", "2025-26-q1")
) -> tuple[bytes, dict[str, bytes]]:
    """`required.json` and one verdict a check, all passed unless `status_of` says otherwise."""
    checks = [{"check_id": check, "kind": "integrity", "scope": "cut"} for check in terms.gate.integrity]
    checks += [
        {"check_id": "kpi.complete_days", "kind": "fitness", "scope": f"{terms.id}/D1/{period}"}
        for period in judged
    ]  # fmt: skip
    required = canonical_json(
        {"data_cut_id": cut_id, "definitions_hash": DEFINITIONS, "code_version": CODE_VERSION, "checks": checks}
    )
    verdicts = {}
    for check in checks:
        stem = check["check_id"] + ("@" + check["scope"].replace("/", "@") if check["kind"] == "fitness" else "")
        failed = stem.endswith("2025-26-q1")
        verdicts[stem] = canonical_json(
            {**check, "status": "failed" if failed else status_of(stem), "data_cut_id": cut_id,
             "definitions_hash": DEFINITIONS, "code_version": CODE_VERSION, "required_hash": sha256_bytes(required),
             "observed": {"missing_days": 20 if failed else 0},
             "reason": "20 of 91 days are not complete" if failed else "As agreed",
             "mend": "send the missing daily returns" if failed else "",
             "responsible": "performance lead of the organisation concerned" if failed else ""}
        )  # fmt: skip
    return required, verdicts


@cache
def build_inputs() -> ReleaseInputs:
    """Inputs of a release with one settled shadow year, through the settlement's own gate and engine."""
    from publication import columns
    from publication.inputs import rows_of
    from publication.recompute import engine_rows
    from settlement.approvals import found_agreement, terms_approved
    from settlement.decisions import key_from_seed, read_log
    from settlement.engine import settle
    from settlement.gate import judge
    from settlement.gate_record import GateRecord
    from settlement.terms import load_terms

    raw = TERMS.read_bytes()
    terms = load_terms(raw)
    cut = data_cut()
    cut_id = content_id(cut)
    rows = measures()
    kpis, book = kpi_return(rows, cut_id), ledger(cut)
    required, verdicts = required_and_verdicts(cut_id, terms, lambda _: "passed")
    log = found_agreement(
        terms, {party: key_from_seed(b"fixture", party) for party in terms.party_ids},
        signed_at="2024-03-20T10:00:00Z", place="Exampleshire", approver="chief officer", valid_to="2027-03-31",
    )  # fmt: skip
    record = judge(
        required, verdicts, cut_id=cut_id, definitions_hash=DEFINITIONS, code_version=CODE_VERSION, terms=terms,
        terms_approved=terms_approved(read_log(log), terms, "2024-25"), period_id="2024-25",
    )  # fmt: skip
    assert isinstance(record, GateRecord), record
    typed = [
        engine_rows(schema, rows_of(schema, given))
        for schema, given in ((columns.KPI_RETURN, kpis), (columns.LEDGER, book))
    ]  # fmt: skip
    settlement = settle(terms, "2024-25", typed[0], typed[1], record)
    settled = SettledAgreement(
        terms_yaml=raw, decisions_jsonl=log, gate_json=record.to_json(), steps=settlement.step_rows(),
        postings=settlement.posting_rows(), member_lines=settlement.member_rows(),
        payments=settlement.payment_rows(), journal=settlement.journal_rows(),
    )  # fmt: skip
    return ReleaseInputs(
        place=Place(
            id="exampleshire", title="Exampleshire outcomes", area_code=AREA, area_name=AREA_NAME,
            subtitle="What the health and care alliance of Exampleshire achieved",
            sources=(
                Source("Invented figures for tests", "Open Government Licence v3.0",
                       "Contains no public sector information: every figure is invented."),
            ),
            illustration_note="Every figure, member and sum on these pages is invented to test them.",
        ),
        data_cut=cut, code_version=CODE_VERSION, definitions_hash=DEFINITIONS, required_json=required,
        verdicts=verdicts, measures=table(columns.MEASURES, rows),
        spc_points=table(columns.SPC_POINTS, spc_points(rows)), indicators=table(columns.INDICATORS, INDICATORS),
        completeness=table(columns.COMPLETENESS, completeness()), kpi_return=table(columns.KPI_RETURN, kpis),
        ledger=table(columns.LEDGER, book), lineage=pa.Table.from_pylist(lineage(rows, kpis, cut)),
        settlements=(settled,), openly_published=frozenset({"daily_discharge_return"}),
    )  # fmt: skip


def table(schema: Any, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as Arrow in the types of the contract between the rooms."""
    from publication.inputs import rows_of
    from publication.warehouse import arrow_table

    return arrow_table(schema, rows_of(schema, rows))


def with_verdict(inputs: ReleaseInputs, stem: str, raw: bytes | None) -> ReleaseInputs:
    """The same inputs with one verdict changed, or taken out."""
    verdicts = {name: content for name, content in inputs.verdicts.items() if name != stem}
    if raw is not None:
        verdicts[stem] = raw
    return replace(inputs, verdicts=verdicts)
