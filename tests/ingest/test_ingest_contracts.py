"""Contracts: complete or refused, and the reference pages say exactly what the code enforces."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from foundation.errors import Refused, WrongUsage
from ingest import rules
from ingest.contract import (
    COLUMN_PROPERTIES,
    CONTRACTS,
    LAKE_KEYS,
    TOP_PROPERTIES,
    Coverage,
    CrossFieldRule,
    LawfulBasis,
    Limits,
    load_contract,
    load_contracts,
    parse_contract,
)

DAILY = (CONTRACTS / "daily_discharge_return.yaml").read_text()


def table(page: str, heading: str) -> dict[str, list[str]]:
    """Rows of the first table under a heading, by the name in their first cell."""
    part = re.split(rf"^#+ {re.escape(heading)}$", page, maxsplit=1, flags=re.MULTILINE)[1]
    lines = [
        line for line in re.split(r"^#", part, maxsplit=1, flags=re.MULTILINE)[0].splitlines() if line.startswith("|")
    ]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_a_feeds_name_stands_for_the_contract_supplied_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ours = load_contract(Path("cost_ledger"))
    assert (ours.feed, ours.hash) == ("cost_ledger", load_contracts()["cost_ledger"].hash)
    with pytest.raises(WrongUsage, match="the name of a feed"):
        load_contract(Path("cost_legder"))
    # a path is a path, and a file of that name comes first
    with pytest.raises(WrongUsage):
        load_contract(tmp_path / "cost_ledger")
    (tmp_path / "cost_ledger").write_text("no contract")
    with pytest.raises(Refused):
        load_contract(Path("cost_ledger"))


def test_all_contracts_load_and_say_who_owns_them() -> None:
    """GRW-46: owner and controller are recorded per dataset; GRW-02: one contract a source."""
    contracts = load_contracts()
    assert set(contracts) == {
        "admitted_care",
        "aggregate_kpi_return",
        "carers",
        "community_contacts",
        "community_referrals",
        "cost_ledger",
        "council_client_level",
        "daily_discharge_return",
        "deaths",
        "emergency_care",
        "end_of_life_plans",
        "mental_health",
        "nhs_health_checks",
        "pcn_achievement",
        "pcn_long_term_conditions",
        "pcn_register",
        "populations",
        "reference_areas",
        "reference_organisations",
        "reference_practices",
        "resident_survey",
        "sexual_health",
        "stop_smoking",
        "treatment_episodes",
        "urgent_community_response",
        "waiting_lists",
        "weight_and_activity",
        "winter_plans",
    }
    for contract in contracts.values():
        assert contract.custom.owner
        assert contract.custom.controllers
        assert not set(contract.stored_columns) & set(LAKE_KEYS)


def test_types_in_the_lake() -> None:
    contracts = load_contracts()
    assert contracts["cost_ledger"].schema.field("amount").type == pa.decimal128(18, 2)
    assert contracts["aggregate_kpi_return"].schema.field("value").type == pa.decimal128(20, 9)
    assert contracts["daily_discharge_return"].schema.field("date").type == pa.date32()
    assert contracts["daily_discharge_return"].schema.field("discharged_total").type == pa.int64()


def test_the_layouts_agreed_with_the_senders() -> None:
    contract = load_contracts()["daily_discharge_return"]
    sent = {
        sender: list(contract.layout_names(contract.custom.layouts[entry.layout]).values())
        for sender, entry in contract.custom.senders.items()
    }
    assert sent == {
        "E54000058": [
            "organisation",
            "date",
            "no_criteria_to_reside",
            "discharged_by_1700",
            "discharged_1700_to_2359",
            "discharged_total",
        ],
        "RTG": ["org_code", "reporting_date", "dis_by_1700", "dis_1700_2359", "dis_total"],
        "RFS": ["Organisation", "Date", "Discharged by 17:00", "Discharged 17:00 to 23:59", "Discharged total"],
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("apiVersion: v3.1.0", "apiVersion: v2.2.0", "apiVersion"),
        ("      commonLaw: not applicable, no confidential patient information\n", "", "lawfulBasis.commonLaw"),
        ("  - {property: owner, value: intelligence lead of the integrated care board}\n", "", "owner"),
        ("{property: delimiter, value: ','}", "{property: delimiter, value: auto}", "delimiter"),
        ("{property: eventColumn, value: date}", "{property: eventColumn, value: day}", "eventColumn"),
        ("RFS: {layout: trust_b}", "RFS: {layout: trust_c}", "trust_c"),
        ("dateFormat: DD/MM/YYYY", "dateFormat: guess", "dateFormat"),
        ("logicalType: date", "logicalType: timestamp", "logicalType"),
        ("total: discharged_total", "total: discharged", "discharged"),
        ("absent: [no_criteria_to_reside]", "absent: [date]", "absent"),
        ("      - name: date\n", "      - name: feed\n", "there is no column date"),
        ("      - name: discharged_by_1700\n", "      - name: discharged_total\n", "two columns"),
        ("end: '2027-03-31'", "end: '2020-03-31'", "ends before it starts"),
        ("status: active", "status: active\nstatus: draft", "given twice"),
        ("status: active", "status: active\ninfo: {}", "info"),
        ("value: {kind: single, months: 1}", "value: {kind: single, months: 2}", "single coverage"),
        ("value: {kind: single, months: 1}", "value: {kind: cumulative, months: 2}", "months"),
        ("rowCountRatio: ['0.5', '2']", "rowCountRatio: [0.5, 2]", "rowCountRatio"),
        ("value: [utf-8, utf-16]", "value: [whatever]", "encodings"),
        ("kind: DataContract", "kind: [", "line"),
    ],
)
def test_an_incomplete_contract_is_refused_and_says_where(old: str, new: str, said: str) -> None:
    """INTAKE: a feed without its lawful basis is refused, and so is a property nobody declared."""
    assert old in DAILY
    with pytest.raises(Refused) as refusal:
        parse_contract(DAILY.replace(old, new).encode(), "daily.yaml")
    assert "daily.yaml" in refusal.value.message
    assert said in refusal.value.message
    assert refusal.value.mend


def test_the_hash_is_of_the_content() -> None:
    before = parse_contract(DAILY.encode(), "x").hash
    assert parse_contract(("# a remark\n" + DAILY).encode(), "x").hash == before
    assert parse_contract(DAILY.replace("version: 1.0.0", "version: 1.0.1").encode(), "x").hash != before


def test_loading_from_folders(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        load_contract(tmp_path / "none.yaml")
    with pytest.raises(WrongUsage):
        load_contracts(tmp_path)
    (tmp_path / "other.yaml").write_text(DAILY)
    with pytest.raises(Refused):
        load_contracts(tmp_path)


def test_the_contracts_page_is_the_code(repository: Path) -> None:
    page = (repository / "docs/reference/contracts.md").read_text()
    assert list(table(page, "Custom properties of a contract")) == list(TOP_PROPERTIES)
    assert tuple(table(page, "Custom properties of a column")) == COLUMN_PROPERTIES
    kinds = CrossFieldRule.model_fields["kind"].annotation
    assert set(table(page, "Cross-field rules")) == set(kinds.__args__)  # type: ignore[union-attr]
    properties = table(page, "Custom properties of a contract")
    for name in Limits.model_fields:
        assert name in properties["limits"][0]
    for name in LawfulBasis.model_fields:
        assert name in properties["lawfulBasis"][0]
    for name in Coverage.model_fields:
        assert name in properties["coverage"][0]


def test_the_rules_page_is_the_code(repository: Path) -> None:
    page = (repository / "docs/reference/intake-rules.md").read_text()
    listed: dict[str, list[str]] = {}
    headings = (
        "Delivery",
        "Containers",
        "Encoding",
        "Structure",
        "Values",
        "People",
        "Rows",
        "Table",
        "Plausibility",
        "Earlier periods",
    )
    for heading in headings:
        listed.update(table(page, heading))
    assert listed == {name: [f"`{rule.severity}`", rule.meaning, rule.mend] for name, rule in rules.RULES.items()}
    assert tuple(table(page, "Outcomes")) == rules.OUTCOMES


def test_every_rule_is_used_somewhere(repository: Path) -> None:
    """A rule that nothing can break would be a promise nobody keeps."""
    code = "".join(
        path.read_text()
        for room in ("ingest", "expectations")
        for path in sorted((repository / room).rglob("*.py"))
        if path.name != "rules.py"
    )
    repeated = {"delivery.repeated"}
    assert {name for name in rules.RULES if f'"{name}"' not in code} == repeated


def test_contracts_are_plain_yaml_without_floats() -> None:
    def walk(value: object) -> None:
        assert not isinstance(value, float)
        for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(item)

    for path in CONTRACTS.glob("*.yaml"):
        walk(yaml.safe_load(path.read_text()))
