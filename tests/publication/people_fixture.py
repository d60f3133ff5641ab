"""Inputs of a release over invented people: a borough with six networks, seventeen indicators, parts of every figure.

Nothing here is a real figure and nobody in it is a person. Events are drawn first; every figure is counted from them.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
import release_fixture as made

from foundation.canonical import canonical_json, content_id, sha256_bytes
from foundation.period import (
    Period,
    financial_year_of,
    month_of,
    months_between,
    quarter_of,
    rolling_year_of,
)
from publication import columns
from publication.inputs import Place, ReleaseInputs, Source

AREA, AREA_NAME = "E09000099", "Samplewich"
FIRST, LAST = date(2023, 4, 1), date(2025, 6, 30)
NETWORKS = tuple(f"ZPN{n}" for n in range(1, 7))
FIFTHS, AGES = ("1", "2", "3", "4", "5"), ("0-17", "18-39", "40-64", "65-74", "75-84", "85-over")
GROUPS = {"pcn": NETWORKS, "deprivation": FIFTHS, "age": AGES}
SHORT = ("month", "quarter", "year", "rolling_year")
LONG = ("quarter", "year", "rolling_year")
# id: statistic, unit, decimals, polarity, kinds of period, parts, events a month, chance of the numerator, follow-up
SHAPES: dict[str, tuple[str, str, int, str, Sequence[str], Sequence[str], int, float, int]] = {
    "opiate_treatment_completion": ("proportion", "percent", 1, "high", LONG, ("pcn", "deprivation", "age"), 240, 0.08,
                                    182),
    "sustained_recovery": ("maintained_proportion", "percent", 1, "high", LONG, ("pcn", "deprivation", "age"), 37, 0.82,
                           365),
    "treatment_wait": ("median", "days", 1, "low", SHORT, ("pcn", "deprivation"), 70, 0.0, 0),
    "four_week_quit": ("proportion", "percent", 1, "high", SHORT, ("pcn", "deprivation", "age"), 133, 0.4, 42),
    "health_check_uptake": ("proportion", "percent", 1, "high", LONG, ("pcn", "deprivation"), 800, 0.45, 182),
    "hypertension_treated": ("proportion", "percent", 1, "high", LONG, ("pcn", "deprivation", "age"), 900, 0.6, 0),
    "emergency_admissions": ("dsr", "per 100,000", 1, "low", SHORT, ("pcn", "deprivation"), 900, 1.0, 0),
    "falls_admissions_65_over": ("dsr", "per 100,000", 0, "low", SHORT, ("pcn", "deprivation"), 55, 1.0, 0),
    "emergency_readmission_30d": ("proportion", "percent", 1, "low", SHORT, ("pcn", "deprivation", "age"), 700, 0.12,
                                  30),
    "discharge_delay": ("mean", "days", 1, "low", SHORT, ("pcn", "deprivation", "age"), 260, 0.0, 0),
    "care_home_admissions_65_over": ("crude_rate", "per 100,000", 0, "low", LONG, ("pcn", "deprivation"), 13, 1.0, 0),
    "at_home_12_weeks": ("maintained_proportion", "percent", 1, "high", LONG, ("pcn", "deprivation", "age"), 35, 0.82,
                         84),
    "larc_prescribed": ("crude_rate", "per 1,000", 1, "high", LONG, ("deprivation",), 220, 1.0, 0),
    "community_wait": ("median", "days", 1, "low", SHORT, ("pcn", "deprivation"), 400, 0.0, 0),
    "first_contact_28_days": ("proportion", "percent", 1, "high", SHORT, ("pcn", "deprivation", "age"), 420, 0.7, 28),
    "deaths_usual_place": ("proportion", "percent", 1, "high", LONG, ("pcn", "deprivation", "age"), 130, 0.5, 0),
    "learning_disability_check": ("proportion", "percent", 1, "high", LONG, ("pcn",), 330, 0.7, 0),
}  # fmt: skip
SNAPSHOTS = ("hypertension_treated", "learning_disability_check")
DISTINCT = ("opiate_treatment_completion",)
SENDERS = ("ZCC1", "ZCR1", "ZMH1", "ZAT1", *NETWORKS)


def indicators() -> list[dict[str, Any]]:
    rows = []
    for name, (statistic, unit, decimals, polarity, *_) in SHAPES.items():
        words = name.replace("_", " ")
        rows.append(
            {**made.DEFINED, "indicator_id": name, "version": 1, "name": words.capitalize(), "outcome": f"People live well ({name[0]})",
             "definition": f"Invented: {words}", "numerator_definition": f"Those counted for {words}",
             "denominator_definition": f"Everybody it could have been for {words}", "exclusions": "None",
             "statistic": statistic, "unit": unit, "polarity": polarity, "value_decimals": decimals, "kind": "outcome",
             "owner": "public health lead", "source": "Invented for tests; Open Government Licence v3.0",
             "caveat": f"Invented figures of {words}", "events_repeat": name.startswith("emergency_"),
             "by_last_day": name in SNAPSHOTS}
        )  # fmt: skip
    return rows


CATALOGUE = {row["indicator_id"]: row for row in indicators()}


def periods(kinds: Iterable[str]) -> list[Period]:
    months = months_between(month_of(FIRST), month_of(LAST))
    found = {
        "month": months,
        "quarter": list(dict.fromkeys(quarter_of(month.start) for month in months)),
        "year": list(dict.fromkeys(financial_year_of(month.start) for month in months)),
        "rolling_year": [rolling_year_of(month.end) for month in months[11:]],
    }
    return [period for kind in kinds for period in found[kind]]


Event = dict[str, Any]


def draw_events(indicator: str, scale: float, seed: int) -> list[Event]:
    """Events of one indicator: when, who, where from, counted or not."""
    chance = random.Random(f"{indicator} {seed}")
    *_, often, hit, _ = SHAPES[indicator]
    statistic = SHAPES[indicator][0]
    events = []
    for month in months_between(month_of(FIRST), month_of(LAST)):
        if indicator in SNAPSHOTS and month.end != quarter_of(month.end).end:
            continue
        wave = 1 + (month.start.month - 6) / 60
        count = max(0, round(often * scale * wave + chance.gauss(0, (often * scale) ** 0.5)))
        for _ in range(count):
            lost = chance.random() < 0.01
            days = int(chance.expovariate(1 / 12)) if statistic in ("median", "mean") else None
            when = month.end if indicator in SNAPSHOTS else month.start + timedelta(days=chance.randrange(month.days))
            events.append(
                {"indicator_id": indicator, "person": chance.randrange(max(1, int(often * scale * 4))),
                 "event_date": when, "numerator": int(chance.random() < hit), "denominator": 1, "amount": days,
                 "pcn": "unknown" if lost else chance.choice(NETWORKS),
                 "deprivation": "unknown" if lost else chance.choices(FIFTHS, (30, 25, 20, 15, 10))[0],
                 "age_group": "unknown" if lost else chance.choices(AGES, (5, 20, 30, 20, 15, 10))[0]}
            )  # fmt: skip
    return events


def _counts(indicator: str, period: Period, events: Sequence[Event], share: Decimal, scale: float) -> Any:
    """(numerator, denominator, value) of some events of a period; None where there is no row."""
    statistic, unit, decimals, *_ = SHAPES[indicator]
    months = len(months_between(month_of(period.start), month_of(min(period.end, LAST))))
    if indicator in DISTINCT:
        last = {event["person"]: event for event in sorted(events, key=lambda e: e["event_date"])}
        events = list(last.values())
    if indicator in SNAPSHOTS:
        events = [event for event in events if event["event_date"] == period.end]
    if statistic in ("proportion", "maintained_proportion"):
        top, bottom = sum(e["numerator"] for e in events), len(events)
        return (top, bottom, made.half_up(Decimal(100 * top) / bottom, decimals)) if bottom else None
    if statistic in ("crude_rate", "dsr"):
        people = int(Decimal(60_000 * scale) * share) * months
        if not people:
            return None
        per = 1000 if unit == "per 1,000" else 100_000
        value = made.half_up(Decimal(per * 12 * len(events)) / people, decimals)
        return len(events), people, None if statistic == "dsr" and len(events) < 10 else value
    amounts = sorted(e["amount"] for e in events)
    if not amounts:
        return None
    if statistic == "mean":
        return sum(amounts), len(amounts), made.half_up(Decimal(sum(amounts)) / len(amounts), decimals)
    half = len(amounts) // 2
    twice = 2 * amounts[half] if len(amounts) % 2 else amounts[half - 1] + amounts[half]
    return twice, 2, made.half_up(Decimal(twice) / 2, decimals)


def _row(indicator: str, period: Period, counts: Any, marker: str) -> dict[str, Any]:
    top, bottom, value = counts
    entry = CATALOGUE[indicator]
    reason = {"p": "Not everybody's follow-up has ended", "": ""}[marker]
    if value is None:
        marker, reason = "x", "Fewer than 10 events: no standardised rate is calculated"
    return {
        "indicator_id": indicator, "indicator_version": 1, "indicator_name": entry["name"], "area_code": AREA,
        "period_kind": period.kind, "period_id": period.label, "period_start": period.start, "period_end": period.end,
        "value": value, "marker": marker, "reason": reason, "unit": entry["unit"], "numerator": Decimal(top),
        "denominator": Decimal(bottom), "lower": None if value is None else max(value - 1, Decimal(0)),
        "upper": None if value is None else value + 1, "interval_method": "invented", "data_cut_status": "flex",
    }  # fmt: skip


def figures(indicator: str, events: Sequence[Event], scale: float) -> tuple[list[Any], list[Any]]:
    """Rows of measures and breakdowns of one indicator."""
    *_, kinds, parts, _, _, follow = SHAPES[indicator]
    measures, breakdowns = [], []
    for period in periods(kinds):
        inside = [e for e in events if period.start <= e["event_date"] <= period.end]
        marker = "p" if period.end + timedelta(days=follow) > LAST else ""
        counts = _counts(indicator, period, inside, Decimal(1), scale)
        if counts is None:
            continue
        measures.append(
            {"figure_id": f"indicator:{indicator}:{AREA}:{period.label}:value",
             **_row(indicator, period, counts, marker), "area_name": AREA_NAME, "window_days": period.days + follow,
             "covered_days": (min(period.end, LAST) - period.start).days + 1, "missing_days": 0,
             "data_complete_as_at": LAST}
        )  # fmt: skip
        for kind in parts:
            grouped: dict[str, list[Event]] = defaultdict(list)
            for event in inside:
                grouped[event["age_group" if kind == "age" else kind]].append(event)
            share = Decimal(1) / len(GROUPS[kind])
            for group in (*GROUPS[kind], "unknown"):
                counts = _counts(indicator, period, grouped[group], Decimal(0) if group == "unknown" else share, scale)
                if counts is not None:
                    breakdowns.append(
                        {"figure_id": f"breakdown:{indicator}:{AREA}:{period.label}:{kind}:{group}:value",
                         "breakdown_kind": kind, "breakdown_group": group,
                         **_row(indicator, period, counts, marker)}
                    )  # fmt: skip
    return measures, breakdowns


def completeness() -> list[dict[str, Any]]:
    return [
        {"indicator_id": name, "period_id": month.label, "period_start": month.start, "expected_days": month.days,
         "complete_days": month.days, "missing_days": 0, "missing_pct": Decimal(0), "withheld": False}
        for name in SHAPES for month in months_between(month_of(FIRST), month_of(LAST))
    ]  # fmt: skip


def spc_points(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Limits over the months of indicators that have months."""
    points = []
    for name in SHAPES:
        months = [r for r in rows if r["indicator_id"] == name and r["period_kind"] == "month" and r["value"]]
        if len(months) < 13:
            continue
        mean = made.half_up(sum(r["value"] for r in months) / len(months), 9)
        width = made.half_up(mean / 5, 9)
        points += [
            {"figure_id": r["figure_id"], "indicator_id": name, "area_code": AREA, "period_id": r["period_id"],
             "period_start": r["period_start"], "value": r["value"], "chart": "xmr", "centre_line": mean,
             "lower_limit": mean - width, "upper_limit": mean + width, "point_type": "common_cause",
             "special_cause": "Common Cause"}
            for r in months
        ]  # fmt: skip
    return points


def data_cut() -> dict[str, Any]:
    submissions = []
    for sender in SENDERS:
        for year in ("2023-24", "2024-25", "2025-26"):
            digest = hashlib.sha256(f"{sender} {year}".encode()).hexdigest()
            start = date(int(year[:4]), 4, 1)
            submissions.append(
                {"submission_id": sha256_bytes(digest.encode()), "feed": "people", "organisation": sender,
                 "covers_from": start.isoformat(), "covers_to": (start + timedelta(days=364)).isoformat(),
                 "sequence": 1, "sha256": digest, "rows_accepted": 100}
            )  # fmt: skip
    return {"submissions": submissions, "reference_hash": "e" * 64}


def lineage(rows: Iterable[dict[str, Any]], cut: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"figure_id": row["figure_id"], "submission_id": sent["submission_id"]}
        for row in rows for sent in cut["submissions"]
        if row["period_start"].isoformat() <= sent["covers_to"] and sent["covers_from"] <= row["period_end"].isoformat()
    ]  # fmt: skip


@cache
def everything(scale: float = 1.0, seed: int = 7) -> tuple[list[Any], list[Any], list[Event]]:
    """Measures, breakdowns and events of the place."""
    measures, breakdowns, events = [], [], []
    for name in SHAPES:
        mine = draw_events(name, scale, seed)
        first, second = figures(name, mine, scale)
        measures += first
        breakdowns += second
        events += mine
    return measures, breakdowns, events


def events_table(events: Sequence[Event]) -> pa.Table:
    """Events as analysts receive them, under tokens."""
    rows = [
        {**{name: event[name] for name in columns.INDICATOR_EVENTS.names if name != "person_token"},
         "person_token": hashlib.sha256(f"{event['indicator_id']} {event['person']}".encode()).hexdigest()}
        for event in events
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=pa.schema(
        [columns.INDICATOR_EVENTS.arrow().field(name) for name in columns.INDICATOR_EVENTS.names]))  # fmt: skip


@cache
def build_inputs(scale: float = 1.0, seed: int = 7) -> ReleaseInputs:
    """Inputs of a release without a settlement."""
    measures, breakdowns, events = everything(scale, seed)
    cut = data_cut()
    bound = {"data_cut_id": content_id(cut), "definitions_hash": made.DEFINITIONS, "code_version": made.CODE_VERSION}
    check = {"check_id": "cut.register", "kind": "integrity", "scope": "cut"}
    required = canonical_json({**bound, "checks": [check]})
    verdict = canonical_json(
        {**check, "status": "passed", **bound, "required_hash": sha256_bytes(required), "observed": {},
         "reason": "As agreed", "mend": "", "responsible": ""}
    )  # fmt: skip
    return ReleaseInputs(
        place=Place(
            id="samplewich", title="Samplewich outcomes", area_code=AREA, area_name=AREA_NAME,
            subtitle="What the alliance of Samplewich achieved",
            sources=(Source("Invented figures for tests", "Open Government Licence v3.0", "Every figure is invented."),),
            illustration_note="Every figure and person on these pages is invented to test them.",
        ),
        data_cut=cut, code_version=made.CODE_VERSION, definitions_hash=made.DEFINITIONS, required_json=required,
        verdicts={"cut.register": verdict}, measures=made.table(columns.MEASURES, measures),
        breakdowns=made.table(columns.BREAKDOWNS, breakdowns),
        spc_points=made.table(columns.SPC_POINTS, spc_points(measures)),
        indicators=made.table(columns.INDICATORS, indicators()),
        completeness=made.table(columns.COMPLETENESS, completeness()),
        kpi_return=columns.KPI_RETURN.arrow().empty_table(), ledger=columns.LEDGER.arrow().empty_table(),
        lineage=pa.Table.from_pylist(lineage([*measures, *breakdowns], cut)), events=events_table(events),
    )  # fmt: skip


TERMS = made.TERMS.parents[1] / "greenwich-public-health" / "2024-04-01.yaml"
SETTLED = "2024-25"


def terms_bytes() -> bytes:
    """The top-up agreement of the demonstration, for this place."""
    return TERMS.read_bytes().replace(b"E09000011", AREA.encode())


def _level(value: Decimal, levels: Any, polarity: str) -> str:
    reached = "failure"
    for name in ("failure", "poor", "minimum", "stretch", "game_breaking"):
        threshold = getattr(levels, name)
        if value >= threshold if polarity == "high" else value <= threshold:
            reached = name
    return reached


def kpi_return(terms: Any, measures: Sequence[Any], breakdowns: Sequence[Any], cut_id: str) -> list[dict[str, Any]]:
    """One row a KPI for the settled year: the twelve months that end as much before it as the terms say."""
    exact = {row["figure_id"]: row for row in (*measures, *breakdowns)}
    year = financial_year_of(date(int(SETTLED[:4]), 4, 1))
    found = []
    for kpi in terms.framework.kpis:
        lag = kpi.measurement_lag_months or 0
        months = months_between(month_of(FIRST), month_of(year.end))
        measured = rolling_year_of(months[len(months) - 1 - lag].end)
        place = f"{kpi.indicator_id}:{AREA}:{measured.label}"
        part = f"{kpi.breakdown.kind}:{kpi.breakdown.group}:" if kpi.breakdown else ""
        row = exact.get(f"breakdown:{place}:{part}value" if part else f"indicator:{place}:value")
        assert row is not None, place
        small = row["unit"] == "percent" and (
            row["denominator"] < 100 or min(row["numerator"], row["denominator"] - row["numerator"]) < 10
        )
        found.append(
            {"figure_id": f"kpi:{terms.id}:{kpi.id}:{SETTLED}:value", "agreement_id": terms.id, "kpi_id": kpi.id,
             "period_id": SETTLED, "period_kind": "year", "period_start": year.start, "period_end": year.end,
             "measurement_start": measured.start, "measurement_end": measured.end,
             "indicator_id": kpi.indicator_id, "indicator_version": 1, "area_code": AREA, "value": row["value"],
             "value_decimals": kpi.value_decimals, "unit": kpi.unit, "numerator": row["numerator"],
             "denominator": row["denominator"], "lower": None, "upper": None, "interval_method": "none: invented",
             "polarity": kpi.polarity, "baseline_value": kpi.baseline.value if kpi.baseline else None,
             "level": _level(row["value"], kpi.levels, kpi.polarity) if kpi.levels and row["value"] else None,
             "quality_status": "too_small" if small else "fit",
             "quality_reason": "Fewer than the agreed numbers" if small else "", "window_days": 365,
             "covered_days": 365, "missing_days": 0, "data_complete_as_at": LAST, "data_cut_status": "freeze",
             "payable_from": LAST, "population_basis": kpi.population_basis, "data_cut_id": cut_id}
        )  # fmt: skip
    return found


@cache
def build_settled(scale: float = 1.0, seed: int = 7) -> ReleaseInputs:
    """Inputs of a release with one settled shadow year of an agreement without target cost."""
    from dataclasses import replace

    from publication.inputs import SettledAgreement, rows_of
    from publication.recompute import engine_rows
    from settlement.advances import Chain
    from settlement.approvals import found_agreement, terms_approved
    from settlement.decisions import key_from_seed, read_log
    from settlement.engine import settle
    from settlement.gate import judge
    from settlement.gate_record import GateRecord
    from settlement.terms import load_terms

    raw = terms_bytes()
    terms = load_terms(raw)
    plain = build_inputs(scale, seed)
    measures, breakdowns, _ = everything(scale, seed)
    cut_id = plain.data_cut_id
    kpis = kpi_return(terms, measures, breakdowns, cut_id)
    bound = {"data_cut_id": cut_id, "definitions_hash": made.DEFINITIONS, "code_version": made.CODE_VERSION}
    checks = [{"check_id": name, "kind": "integrity", "scope": "cut"} for name in terms.gate.integrity]
    checks += [
        {"check_id": "kpi.complete_days", "kind": "fitness", "scope": f"{terms.id}/{kpi.id}/{SETTLED}"}
        for kpi in terms.judged_kpis
    ]
    required = canonical_json({**bound, "checks": checks})
    verdicts = {
        check["check_id"] + ("@" + check["scope"].replace("/", "@") if check["kind"] == "fitness" else ""):
        canonical_json(
            {**check, "status": "passed", **bound, "required_hash": sha256_bytes(required), "observed": {},
             "reason": "As agreed", "mend": "", "responsible": ""}
        )
        for check in checks
    }  # fmt: skip
    log = found_agreement(
        terms, {party: key_from_seed(b"people", party) for party in terms.party_ids},
        signed_at="2024-03-20T10:00:00Z", place="Samplewich", approver="chief officer", valid_to="2027-03-31",
    )  # fmt: skip
    record = judge(
        required, verdicts, cut_id=cut_id, definitions_hash=made.DEFINITIONS, code_version=made.CODE_VERSION,
        terms=terms, terms_approved=terms_approved(read_log(log), terms, SETTLED), period_id=SETTLED,
    )  # fmt: skip
    assert isinstance(record, GateRecord), record
    advances = Chain().opening(terms, SETTLED)
    kpi_rows = engine_rows(columns.KPI_RETURN, rows_of(columns.KPI_RETURN, kpis))
    settlement = settle(terms, SETTLED, kpi_rows, [], record, advances)
    return replace(
        plain, required_json=required, verdicts=verdicts, kpi_return=made.table(columns.KPI_RETURN, kpis),
        settlements=(
            SettledAgreement(
                terms_yaml=raw, decisions_jsonl=log, gate_json=record.to_json(), steps=settlement.step_rows(),
                postings=settlement.posting_rows(), member_lines=settlement.member_rows(),
                payments=settlement.payment_rows(), journal=settlement.journal_rows(), advances=advances,
            ),
        ),
    )  # fmt: skip
