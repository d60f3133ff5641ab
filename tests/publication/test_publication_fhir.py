"""`members/statement.fhir.json`: the elements the guide requires, every pence exact, and what does not follow is named.

The guide's own validator needs Java and the network; what is tested here are the rules its profile states
(docs/reference/fhir.md lists them with their source).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from release_forgery import reseal
from test_publication_statement_workbook import AGREEMENTS, OVERSPENT, worked

from publication.crosscheck_statement import statement_agrees
from publication.fhir_statement import CATEGORY, EIGHTEEN, REPORT_PROFILE, VBP, fhir_statement
from publication.reader import open_release
from publication.statement_workbook import StatementOf

EXTENSIONS = f"{VBP}/StructureDefinition/"


@pytest.fixture(scope="module", params=[*AGREEMENTS, OVERSPENT])
def made(request: pytest.FixtureRequest) -> tuple[StatementOf, dict[str, Any]]:
    books = worked(request.param)
    one = StatementOf(books.terms, books.settle())
    raw = fhir_statement([one], books.kpi_return)
    assert raw == fhir_statement([one], books.kpi_return)
    return one, json.loads(raw, parse_float=Decimal, parse_int=Decimal)


def resources(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def report_of(bundle: dict[str, Any]) -> dict[str, Any]:
    (found,) = [r for r in resources(bundle, "MeasureReport") if "meta" in r]
    return found


def inside(value: Any) -> Iterator[Any]:
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(item)


def extended(element: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [item for item in element.get("extension", []) if item["url"] == EXTENSIONS + name]


def money_of(group: dict[str, Any]) -> Decimal:
    (score,) = extended(group["measureScore"], "alternate-measurescore")
    assert score["valueMoney"]["currency"] == "GBP"
    found = score["valueMoney"]["value"]
    assert isinstance(found, Decimal)
    return found


def test_the_report_has_what_the_profile_requires(made: tuple[StatementOf, dict[str, Any]]) -> None:
    """vbp-performance-measurereport, STU 1: cardinalities and fixed values."""
    one, bundle = made
    report = report_of(bundle)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    assert report["meta"]["profile"] == [REPORT_PROFILE]
    (category,) = [item for item in report["extension"] if item["url"] == CATEGORY]
    assert [coding["code"] for coding in category["valueCodeableConcept"]["coding"]] == ["vbp"]
    assert report["type"] == "summary"
    assert report["status"] in ("complete", "pending", "error")
    assert len(extended(report["subject"], "organization-subject")) == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", report["date"])
    assert report["period"] == {"start": "2024-04-01", "end": "2025-03-31"}
    assert "improvementNotation" not in report
    assert report["measure"] == f"urn:outturn:agreement:{one.terms.id}|{one.terms.terms_hash}"
    ids = [group["id"] for group in report["group"]]
    assert len(set(ids)) == len(ids)
    assert not any(re.search(r"\s", name) for name in ids)
    for group in report["group"]:
        assert group["code"]["text"]
    for item in report["evaluatedResource"]:
        for reference in extended(item, "group-reference"):
            assert reference["valueString"] in ids


def test_measures_and_organisations_are_in_the_bundle(made: tuple[StatementOf, dict[str, Any]]) -> None:
    one, bundle = made
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert {v["reference"] for v in inside(bundle) if isinstance(v, dict) and "reference" in v} <= set(urls)
    (measure,) = resources(bundle, "Measure")
    assert measure["experimental"] is True
    assert (measure["status"], measure["version"]) == ("active", one.terms.terms_hash)
    assert measure["effectivePeriod"]["start"] == one.terms.agreement.effective_from.isoformat()
    assert all(body["active"] is True and body["name"] for body in resources(bundle, "Organization"))
    for report in resources(bundle, "MeasureReport"):
        assert report["reporter"]["reference"] in urls
    # a JSON of FHIR has no empty object, list or text, and no null
    assert not [value for value in inside(bundle) if value is None or value in ({}, [], "")]


def test_every_step_and_every_penny_is_in_it(made: tuple[StatementOf, dict[str, Any]]) -> None:
    one, bundle = made
    groups = {group["id"]: group for group in report_of(bundle)["group"]}
    for step in one.made.steps:
        group = groups[f"step-{step.step_id}"]
        if step.unit == "pence":
            assert money_of(group) * 100 == step.exact
        elif step.unit == "GBP":
            assert money_of(group) == EIGHTEEN.plus(step.value)
        else:
            assert (group["measureScore"]["value"], group["measureScore"]["unit"]) == (
                EIGHTEEN.plus(step.value),
                step.unit,
            )
    for item in one.made.postings:
        group = groups[f"posting-{item.line}"]
        assert money_of(group) * 100 == item.amount_pence
        parts = {part.member_id: part.amount_pence for part in one.made.member_lines if part.line == item.line}
        strata = group["stratifier"][0]["stratum"] if parts else []
        assert {line["value"]["text"]: money_of(line) * 100 for line in strata} == parts
        streams = [stream["valueCodeableConcept"]["coding"][0]["code"] for stream in extended(group, "payment-stream")]
        wanted = {"loss": ["ssl"], "top_up": ["qip"], "bonus": ["qip"]}
        if item.line == "gain":
            assert streams == (["ssp"] if one.terms.finance.loss is None else ["ssl"])
        else:
            assert streams == wanted.get(item.line, [])
    assert len(groups) == len(one.made.steps) + len(one.made.postings)


def test_kpis_are_reports_of_their_own(made: tuple[StatementOf, dict[str, Any]]) -> None:
    one, bundle = made
    reports = [report for report in resources(bundle, "MeasureReport") if "meta" not in report]
    references = {given.reference for step in one.made.steps for _, given in step.uses}
    used = {name.rpartition(":")[0] for name in references if name.startswith("kpi:")}
    assert len(reports) == len(used)
    known = {f"urn:outturn:indicator:{kpi.indicator_id}|{kpi.indicator_version}" for kpi in one.terms.framework.kpis}
    assert {report["measure"] for report in reports} <= known


def test_a_bundle_that_does_not_follow_is_named(copy: Path) -> None:
    path = copy / "members" / "statement.fhir.json"
    text = path.read_text()
    assert not statement_agrees(open_release(copy), [])
    assert '"value": 937654.32\n' in text
    path.write_text(text.replace('"value": 937654.32\n', '"value": 937654.33\n'))
    reseal(copy)
    (problem,) = statement_agrees(open_release(copy), [])
    assert re.search(
        r"statement\.fhir\.json: line \d+ is \"value\": 937654\.33, and \"value\": 937654\.32 follows", str(problem)
    )
    path.write_text(text + "{}\n")
    assert "is {}, and none follows" in str(statement_agrees(open_release(copy), [])[0])
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert "ends its lines otherwise" in str(statement_agrees(open_release(copy), [])[0])
    assert json.loads(fhir_statement([], [])) == {"resourceType": "Bundle", "type": "collection"}
