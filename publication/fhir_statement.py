"""`members/statement.fhir.json`: the settlements in the vocabulary of HL7's value-based performance reporting.

Belongs here: the Bundle, and what of a statement becomes which element (docs/reference/fhir.md says so in full). Not
here: the statement itself, any claim that an American profile fits an English alliance.

A Measure for each agreement under its terms, an Organization for each commissioner and for the alliance, a
MeasureReport for each settlement: one group a step and a posting, a posting's parts of members as strata; and a
MeasureReport for each KPI. Numbers are written as their decimal digits: no pence pass through a binary fraction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from foundation.canonical import plain_decimal, readable_json
from publication.inputs import Row
from publication.statement_workbook import StatementOf, kpi_of, kpis_used
from publication.wording import rounded
from settlement.stage import stage_of
from settlement.statement import Step
from settlement.terms import Terms

VBP = "http://hl7.org/fhir/us/davinci-vbpr"
REPORT_PROFILE = f"{VBP}/StructureDefinition/vbp-performance-measurereport"
CATEGORY = "http://hl7.org/fhir/StructureDefinition/measurereport-category"
OWN = "urn:outturn"
# what a line is in the guide's list of payment streams; another line has none there
_STREAMS = {"loss": "ssl", "top_up": "qip", "bonus": "qip"}
_STREAM_WORDS = {
    "ssl": "Shared savings loss percent", "ssp": "Shared savings percent", "qip": "Quality incentive payment",
}  # fmt: skip
# the only step that is one of the guide's metrics as it defines them
_METRICS = {"target_cost": ("med-cost-target", "Medical cost target")}
EIGHTEEN = Context(prec=18, rounding=ROUND_HALF_UP)
_DIGITS = re.compile(r'"\\u0000(-?[0-9]+(?:\.[0-9]+)?)\\u0000"')


def _number(value: Decimal) -> str:
    """A number that is written as its digits, at most eighteen of them."""
    return f"\0{plain_decimal(EIGHTEEN.plus(value))}\0"


def _pounds(pence: int) -> str:
    return f"\0{'-' if pence < 0 else ''}{abs(pence) // 100}.{abs(pence) % 100:02d}\0"


def _urn(name: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{OWN}:{name}')}"


def _extension(name: str, **value: Any) -> dict[str, Any]:
    return {"url": f"{VBP}/StructureDefinition/{name}", **value}


def _category() -> dict[str, Any]:
    coding = {"system": "http://hl7.org/fhir/CodeSystem/measurereport-category", "code": "vbp"}
    return {"url": CATEGORY, "valueCodeableConcept": {"coding": [coding]}}


def _concept(system: str, code: str, text: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def _money(digits: str) -> dict[str, Any]:
    return {"extension": [_extension("alternate-measurescore", valueMoney={"value": digits, "currency": "GBP"})]}


def _measure_url(terms: Terms) -> str:
    return f"{OWN}:agreement:{terms.id}"


def _stream(terms: Terms, line: str) -> str | None:
    if line == "gain":
        return "ssp" if terms.finance.loss is None else "ssl"
    return _STREAMS.get(line)


def _group_id(kind: str, name: str) -> str:
    return f"{kind}-{name}"


def _step_group(step: Step) -> dict[str, Any]:
    metric = _METRICS.get(step.step_id)
    code = (
        _concept(f"{VBP}/CodeSystem/vbp-performance-metric", *metric) if metric
        else {"coding": [{"system": f"{OWN}:step", "code": step.step_id}], "text": step.label}
    )  # fmt: skip
    if step.unit == "pence":
        score = _money(_pounds(int(step.exact)))
    elif step.unit == "GBP":
        score = _money(_number(step.value))
    else:
        score = {"value": _number(step.value), "unit": step.unit}
    return {"id": _group_id("step", step.step_id), "code": code, "measureScore": score}


def _posting_groups(one: StatementOf) -> Iterator[dict[str, Any]]:
    for item in one.made.postings:
        stream = _stream(one.terms, item.line)
        group: dict[str, Any] = {"id": _group_id("posting", item.line)}
        if stream is not None:
            concept = _concept(f"{VBP}/CodeSystem/payment-stream", stream, _STREAM_WORDS[stream])
            group["extension"] = [_extension("payment-stream", valueCodeableConcept=concept)]
        group["code"] = {"coding": [{"system": f"{OWN}:posting", "code": item.line}], "text": item.figure_id}
        group["measureScore"] = _money(_pounds(item.amount_pence))
        strata = [
            {"value": {"coding": [{"system": f"{OWN}:member", "code": part.member_id}], "text": part.member_id},
             "measureScore": _money(_pounds(part.amount_pence))}
            for part in one.made.member_lines if part.line == item.line
        ]  # fmt: skip
        if strata:
            group["stratifier"] = [{"code": [{"text": "Member of the alliance"}], "stratum": strata}]
        yield group


def _kpi_report(one: StatementOf, row: Row, measure: str, reporter: str) -> dict[str, Any]:
    group: dict[str, Any] = {"code": {"text": str(row["kpi_id"])}}
    if row["value"] is not None:
        group["measureScore"] = {
            "value": _number(rounded(row["value"], row["value_decimals"] or 0)),
            "unit": row["unit"],
        }
    report: dict[str, Any] = {
        "resourceType": "MeasureReport",
        "extension": [_category()],
        "status": "complete" if row["data_cut_status"] == "freeze" else "pending",
        "type": "summary",
        "measure": measure,
        "reporter": {"reference": reporter},
        "period": {"start": row["measurement_start"].isoformat(), "end": row["measurement_end"].isoformat()},
        "group": [group],
    }
    if row["data_complete_as_at"] is not None:
        report["date"] = row["data_complete_as_at"].isoformat()
    return report


def _entry(name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    return {"fullUrl": _urn(name), "resource": resource}


def _agreement_entries(terms: Terms) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure and organisations of an agreement under one version of its terms, by name."""
    agreement = terms.agreement
    period: dict[str, Any] = {"start": agreement.effective_from.isoformat()}
    if agreement.effective_to is not None:
        period["end"] = agreement.effective_to.isoformat()
    yield f"measure:{terms.id}:{terms.terms_hash}", {
        "resourceType": "Measure", "url": _measure_url(terms), "version": terms.terms_hash,
        "identifier": [{"system": f"{OWN}:agreement", "value": terms.id}],
        "name": re.sub(r"[^A-Za-z0-9]+", "_", f"Agreement_{terms.id}"), "title": agreement.name, "status": "active",
        "experimental": bool(agreement.shadow or agreement.illustrative),
        "publisher": terms.parties.commissioners[0].name,
        "description": agreement.label, "effectivePeriod": period,
    }  # fmt: skip
    for party in terms.parties.commissioners:
        yield f"commissioner:{terms.id}:{party.id}", {
            "resourceType": "Organization", "active": True, "name": party.name,
            "identifier": [{"system": f"{OWN}:party:{terms.id}", "value": party.id}],
        }  # fmt: skip
    yield f"alliance:{terms.id}", {
        "resourceType": "Organization", "active": True, "name": f"{agreement.name}: the members together",
        "identifier": [{"system": f"{OWN}:alliance", "value": terms.id}],
    }  # fmt: skip


def _report_entries(one: StatementOf, kpi_return: Sequence[Row]) -> Iterator[tuple[str, dict[str, Any]]]:
    terms, made = one
    reporter = _urn(f"commissioner:{terms.id}:{terms.parties.commissioners[0].id}")
    used = kpis_used([one])
    kpis = [row for row in kpi_return if row["agreement_id"] == terms.id and kpi_of(row["figure_id"]) in used]
    known = {kpi.id: kpi for kpi in terms.framework.kpis}
    for row in kpis:
        kpi = known[row["kpi_id"]]
        measure = f"{OWN}:indicator:{kpi.indicator_id}|{kpi.indicator_version}"
        yield f"{row['figure_id']}:{made.settlement_id}", _kpi_report(one, row, measure, reporter)
    judged = [kpi.id for kpi in terms.framework.kpis if kpi.role != "monitored"]
    stage = stage_of(kpi_return, terms.id, made.period_id, judged)
    ends = [row["data_complete_as_at"] for row in kpis if row["data_complete_as_at"] is not None]
    period = terms.period(made.period_id)
    subject = {"extension": [_extension("organization-subject",
                                        valueReference={"reference": _urn(f"alliance:{terms.id}")})]}  # fmt: skip
    report: dict[str, Any] = {
        "resourceType": "MeasureReport",
        "meta": {"profile": [REPORT_PROFILE]},
        "extension": [_category()],
        "identifier": [{"system": f"{OWN}:settlement", "value": made.settlement_id}],
        "status": "complete" if stage == "final" else "pending",
        "type": "summary",
        "measure": f"{_measure_url(terms)}|{terms.terms_hash}",
        "subject": subject,
        "date": max(ends, default=period.end).isoformat(),
        "reporter": {"reference": reporter},
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
        "group": [*(_step_group(step) for step in made.steps), *_posting_groups(one)],
    }
    scored = {step.step_id for step in made.steps}
    references = [
        {
            "extension": [
                _extension("group-reference", valueString=_group_id("step", name))
                for name in (f"score.{row['kpi_id']}",) if name in scored
            ],
            "reference": _urn(f"{row['figure_id']}:{made.settlement_id}"),
        }
        for row in kpis
    ]  # fmt: skip
    if references:
        report["evaluatedResource"] = [{k: v for k, v in one.items() if v} for one in references]
    yield f"settlement:{made.settlement_id}", report


def fhir_statement(settled: Sequence[StatementOf], kpi_return: Sequence[Row]) -> bytes:
    """The Bundle of a release's settlements, in the order given; without entries where nothing is settled."""
    entries: dict[str, dict[str, Any]] = {}
    for one in settled:
        entries.update(_agreement_entries(one.terms))
        entries.update(_report_entries(one, kpi_return))
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    if entries:
        bundle["entry"] = [_entry(name, resource) for name, resource in entries.items()]
    return _DIGITS.sub(r"\1", readable_json(bundle).decode()).encode()
