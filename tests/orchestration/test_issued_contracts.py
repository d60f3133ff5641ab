"""What is made from a contract is what the contract says: page, template, sample, dbt source and suite do not drift."""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook

from dbt_project.sources import SOURCES, source_table, sources_text
from expectations.examine import check_file
from expectations.suites import suite_of
from expectations.suites.common import contract_rules
from expectations.suites.persons import person_rules
from foundation.errors import OutturnError, Refused, WrongUsage
from ingest.contract import CONTRACTS as FOLDER
from ingest.contract import Contract, load_contracts, parse_contract
from ingest.layout_file import template_bytes
from ingest.sample import sample_of
from orchestration.issuing import REQUIREMENT, SOURCE, SUITE, TEMPLATE, WORKBOOK, for_keeper, for_sender, issue

CONTRACTS = load_contracts()


def _first_of_each_layout(contract: Contract) -> list[str]:
    return sorted({entry.layout: sender for sender, entry in contract.custom.senders.items()}.values())


SENT = [(feed, sender) for feed, contract in sorted(CONTRACTS.items()) for sender in _first_of_each_layout(contract)]


def words_of(page: bytes) -> str:
    """Text of a page without its style sheet, spaces made one."""
    text = re.sub(r"<style>.*?</style>", " ", page.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.parametrize(("feed", "sender"), SENT)
def test_the_check_passes_every_sample_and_takes_every_template(feed: str, sender: str, tmp_path: Path) -> None:
    """GRW-02: what a sender is given is what intake takes."""
    contract = CONTRACTS[feed]
    made = for_sender(contract, sender)
    sample = sample_of(contract, sender)
    name = sample.manifest().file
    assert set(made) - {WORKBOOK} == {REQUIREMENT, TEMPLATE, name, f"{name}.manifest.json"}
    assert (WORKBOOK in made) == ("xlsx" in contract.custom.containers)
    for file, data in made.items():
        (tmp_path / file).write_bytes(data)
    report = check_file(tmp_path / name, contract, tmp_path / f"{name}.manifest.json")
    assert (report.outcome, report.findings) == ("accept", ())
    assert report.rows_accepted == len(sample.rows) >= 10
    # an empty template is no submission; that it is empty is all there is to say, and without a row nothing says that
    # the sender is the one who may send identifiers
    unknown = {"structure.column_identifying"} if contract.is_clear(sample.layout) else set()
    for template in sorted({TEMPLATE, WORKBOOK} & set(made)):
        empty = check_file(tmp_path / template, contract)
        assert {item.rule for item in empty.findings} == {"delivery.no_rows"} | unknown, template


@pytest.mark.parametrize("feed", [name for name, contract in CONTRACTS.items() if "xlsx" in contract.custom.containers])
def test_a_workbook_filled_in_by_hand_is_what_was_typed(feed: str, tmp_path: Path) -> None:
    """GRW-02: a template with the sample typed into its cells is read as the sample itself is."""
    contract = CONTRACTS[feed]
    sample = sample_of(contract, _first_of_each_layout(contract)[0])
    template = for_sender(contract, sample.organisation)[WORKBOOK]
    assert template == for_sender(contract, sample.organisation)[WORKBOOK]
    book = load_workbook(BytesIO(template))
    sheet = book.worksheets[0]
    typed = list(csv.reader(sample.file().decode().splitlines()))
    assert [cell.value for cell in sheet[1]] == typed[0]
    assert {sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]} == {"@"}
    for number, record in enumerate(typed[1:], start=2):
        for position, text in enumerate(record, start=1):
            sheet.cell(number, position, text or None)
    book.save(tmp_path / "typed.xlsx")
    (tmp_path / "sample.csv").write_bytes(sample.file())
    filled, plain = (check_file(tmp_path / name, contract) for name in ("typed.xlsx", "sample.csv"))
    assert (filled.outcome, filled.rows_accepted) == (plain.outcome, plain.rows_accepted)
    assert [item.rule for item in filled.findings] == [item.rule for item in plain.findings]
    assert filled.rows_accepted == len(sample.rows)


@pytest.mark.parametrize(("feed", "sender"), SENT)
def test_the_page_says_what_the_contract_says(feed: str, sender: str) -> None:
    """GRW-46: purpose, owner, lawful basis and agreement stand where a data lead reads them."""
    contract = CONTRACTS[feed]
    custom, layout = contract.custom, contract.layout_of(sender)
    assert layout is not None
    page = words_of(for_sender(contract, sender)[REQUIREMENT])
    agreement = contract.agreement_of(sender)
    expected = [
        " ".join(contract.words["purpose"].split()),
        custom.owner,
        custom.captureMethod.description,
        agreement.reference,
        f"{agreement.end.day} {agreement.end:%B %Y}",
        custom.lawfulBasis.article6,
        custom.lawfulBasis.article9,
        custom.lawfulBasis.commonLaw,
        custom.lawfulBasis.nationalOptOut,
        custom.lawfulBasis.dpiaReference,
        *custom.controllers,
        layout.dateFormat
        if any(contract.by_name[name].kind == "date" for name in contract.layout_names(layout))
        else "",
        *(rule.description for rule in custom.crossFieldRules),
        *contract.layout_names(layout).values(),
    ]
    for name in contract.layout_names(layout):
        column = contract.by_name[name]
        expected += [column.description, *(layout.codes.get(name) or column.allowed)]
    assert [text for text in expected if " ".join(text.split()) not in page] == []
    assert "http" not in page


def test_the_sources_of_dbt_are_those_of_the_contracts() -> None:
    present = SOURCES.read_text(encoding="utf-8")
    assert present == sources_text(present, CONTRACTS.values()), "run `python -m dbt_project.sources`"
    lake = next(item for item in yaml.safe_load(present)["sources"] if item["name"] == "lake")
    assert lake["tables"] == [source_table(contract) for _, contract in sorted(CONTRACTS.items())]


@pytest.mark.parametrize("feed", sorted(CONTRACTS))
def test_every_suite_starts_with_what_its_contract_declares(feed: str) -> None:
    contract = CONTRACTS[feed]
    written = json.loads(for_keeper(contract)[SUITE])
    for scope in suite_of(contract).scopes:
        built = [item.as_json() for item in suite_of(contract).build(scope)]
        base = [item.as_json() for item in person_rules(contract, scope)]
        declared = [item.as_json() for item in contract_rules(contract, scope)]
        assert built[: len(base)] == base
        assert base[: len(declared)] == declared
        kinds = {item["rule"] for item in declared}
        assert {"row.required", "table.key_conflict"} <= kinds
        assert len(written["layouts"][scope.layout]["from_the_contract"]) == len(base)
        assert len(written["layouts"][scope.layout]["of_this_feed"]) == len(built) - len(base)


STOP = (FOLDER / "stop_smoking.yaml").read_text(encoding="utf-8")
_NEW = """      - name: heaviness
        logicalType: integer
        logicalTypeOptions: {format: i64, minimum: 0, maximum: 6}
        required: true
        description: Heaviness of smoking index.
      - name: outcome
"""


def a_property_more(text: str) -> str:
    return text.replace("      - name: outcome\n", _NEW)


def a_code_less(text: str) -> str:
    return text.replace("quit_self_report, ", "", 1).replace("Quit (self-reported): quit_self_report, ", "")


def another_name(text: str) -> str:
    return text.replace("quit_date: Quit date\n", "quit_date: Day quit\n")


def no_rule(text: str) -> str:
    return text.replace("kind: not_before", "kind: filled_together").replace(
        "column: follow_up_date\n        other: quit_date", "columns: [follow_up_date, quit_date]"
    )


def artefacts(contract: Contract) -> dict[str, bytes]:
    """What is made for a sender of the layout with names and codes of its own, and for the keeper, by kind."""
    made = for_sender(contract, "ZSS1")
    name = sample_of(contract, "ZSS1").manifest().file
    return {
        "page": made[REQUIREMENT],
        "template": made[TEMPLATE],
        "sample": made[name],
        "source": for_keeper(contract)[SOURCE],
        "suite": json.dumps(json.loads(for_keeper(contract)[SUITE])["layouts"]).encode(),
    }


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (a_property_more, {"page", "template", "sample", "source", "suite"}),
        (a_code_less, {"page", "sample", "suite"}),
        (another_name, {"page", "template", "sample"}),
        (no_rule, {"page", "sample", "suite"}),
    ],
)
def test_a_changed_contract_changes_what_is_made_of_it(change: Callable[[str], str], moved: set[str]) -> None:
    """The comparisons above can fail: each thing made follows the contract, and only what the change is about."""
    text = STOP.replace("ZSS1: {layout: canonical}", "ZSS1: {layout: service_system}")
    assert text != STOP
    assert change(text) != text
    before = artefacts(parse_contract(text.encode(), "stop_smoking.yaml"))
    after = artefacts(parse_contract(change(text).encode(), "stop_smoking.yaml"))
    assert {name for name in before if before[name] != after[name]} == moved


def test_the_sources_file_follows_a_changed_contract() -> None:
    present = SOURCES.read_text(encoding="utf-8")
    changed = parse_contract(a_property_more(STOP).encode(), "stop_smoking.yaml")
    text = sources_text(present, {**CONTRACTS, "stop_smoking": changed}.values())
    assert text != present
    assert "heaviness" in text
    # what is written by hand below stays
    assert text.split("  - name: run\n")[1] == present.split("  - name: run\n")[1]


def test_a_sample_the_check_would_not_pass_is_given_to_nobody(tmp_path: Path) -> None:
    """Examples that contradict a rule of the feed's own suite or contract are found before a sender sees them."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    text = (FOLDER / "pcn_long_term_conditions.yaml").read_text(encoding="utf-8")
    swapped = text.replace("['128', '146', '134']", "['60', '61', '62']")
    assert swapped != text
    (folder / "pcn_long_term_conditions.yaml").write_text(swapped, encoding="utf-8")
    with pytest.raises(Refused, match=r"analysis\.unlikely; systolic"):
        issue("pcn_long_term_conditions", "ZPN1", tmp_path / "out", folder)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("feed", "organisation", "said"),
    [
        ("nothing", "ZSS1", "stop_smoking"),
        ("../stop_smoking", "ZSS1", "there is no contract"),
        ("stop_smoking", "ZZZ9", "ZSS1"),
    ],
)
def test_what_is_not_there_is_named(feed: str, organisation: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as refusal:
        issue(feed, organisation, tmp_path)
    error: OutturnError = refusal.value
    assert said in f"{error.message} {error.mend}"
    assert list(tmp_path.iterdir()) == []


def test_a_template_of_another_layout_is_another_template() -> None:
    contract = CONTRACTS["emergency_care"]
    templates = {template_bytes(contract, layout) for layout in contract.custom.layouts.values()}
    assert len(templates) == len(contract.custom.layouts)
