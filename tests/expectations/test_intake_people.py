"""Feeds about people: a good file of every sender is taken in, and each kind of fault gets what it must get.

GRW-02: providers with different layouts; GRW-04: nothing outside a sharing agreement; CNI-27: faults are named. Where a
case has an id, it is the one of the catalogue of bad inputs.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from deliveries import deliver, manifest_of
from people_deliveries import COVERS, MAKERS, NUMBERS, Row, deliver_people, file_of, first_sender, token

from expectations.intake import take_in
from expectations.suites import suite_of
from foundation.home import Home
from ingest import lake
from ingest.contract import load_contracts
from ingest.register import Receipt

CONTRACTS = load_contracts()
SENT = [(feed, sender) for feed in MAKERS for sender in CONTRACTS[feed].custom.senders]
FILE, RECORD, WARN, FINE = "reject_file", "reject_record", "warn", "accept_normalised"


def taken(home: Home, feed: str, rows: list[Row] | None = None, sender: str | None = None) -> Receipt:
    return take_in(home, deliver_people(home, CONTRACTS[feed], sender, rows), CONTRACTS)


def good(feed: str) -> list[Row]:
    return MAKERS[feed](first_sender(CONTRACTS[feed]))


@pytest.mark.parametrize(("feed", "sender"), SENT, ids=[f"{feed}-{sender}" for feed, sender in SENT])
def test_a_good_file_of_every_sender_is_accepted(feed: str, sender: str, home: Home) -> None:
    receipt = taken(home, feed, sender=sender)
    assert (receipt.outcome, receipt.findings) == ("accept", ())
    assert receipt.rows_accepted == receipt.rows_read == 4
    stored = lake.read_rows(home, [path for path, _ in receipt.lake_files])
    assert not set(stored[0]) & set(CONTRACTS[feed].custom.identifyingColumns)


@pytest.mark.parametrize("feed", [feed for feed in MAKERS if len(set(CONTRACTS[feed].custom.senders)) > 1])
def test_the_same_events_in_every_layout_are_the_same_rows(feed: str, home: Home) -> None:
    """GRW-02: the layout of a sender leaves no trace in the lake."""
    found = set()
    for sender in CONTRACTS[feed].custom.senders:
        receipt = taken(home, feed, sender=sender)
        found.add(tuple(value for _, value in receipt.lake_files))
    assert len(found) == 1


@pytest.mark.parametrize("feed", [feed for feed in MAKERS if not feed.startswith(("reference_", "pcn_register"))])
def test_a_nil_return_is_accepted(feed: str, home: Home) -> None:
    receipt = taken(home, feed, [])
    assert (receipt.outcome, receipt.accepted, receipt.lake_files) == ("accept", True, ())


@pytest.mark.parametrize("feed", ["pcn_register", "reference_practices", "reference_areas"])
def test_a_register_of_nothing_is_refused(feed: str, home: Home) -> None:
    receipt = taken(home, feed, [])
    assert (receipt.outcome, {item.rule for item in receipt.findings}) == (FILE, {"delivery.no_rows"})


@dataclass(frozen=True)
class Case:
    """One cell changed in row 2 of a good file, and what it must get."""

    feed: str
    column: str
    value: str
    outcome: str
    rule: str
    id: str = ""


CASES = [
    Case("pcn_register", "nhs_number_status", "", RECORD, "row.required"),
    Case("pcn_register", "practice_code", "Z9001", RECORD, "row.pattern"),
    Case("pcn_register", "lsoa_code", "Greenwich 001A", RECORD, "row.pattern"),
    Case("pcn_register", "person_token", "9434765919", RECORD, "row.pattern"),
    Case("pcn_register", "person_token", "", RECORD, "row.cross_field"),
    Case("pcn_register", "sex", "F", RECORD, "row.code"),
    Case("pcn_register", "birth_month", "1950-13", RECORD, "row.pattern"),
    Case("pcn_register", "birth_month", "2024-05", RECORD, "row.cross_field", "B074"),
    Case("pcn_register", "valid_to", "2023-01-01", RECORD, "row.cross_field"),
    Case("pcn_register", "valid_from", "2023-03-31", RECORD, "row.outside_window"),
    Case("pcn_register", "valid_from", "45383", RECORD, "value.date"),
    Case("pcn_register", "valid_from", "04/13/2024", FILE, "value.date_format"),
    Case("pcn_register", "record_id", "R0", FILE, "table.key_conflict"),
    Case("pcn_long_term_conditions", "systolic", "1300", RECORD, "row.range"),
    Case("pcn_long_term_conditions", "diastolic", "8", RECORD, "row.range"),
    Case("pcn_long_term_conditions", "systolic", "", RECORD, "row.cross_field"),
    Case("pcn_long_term_conditions", "diastolic", "180", WARN, "analysis.unlikely"),
    Case("pcn_long_term_conditions", "last_bp_on", "2024-07-01", RECORD, "row.cross_field"),
    Case("pcn_long_term_conditions", "condition", "gout", RECORD, "row.code"),
    Case("nhs_health_checks", "attended_on", "2024-04-09", RECORD, "row.cross_field"),
    Case("nhs_health_checks", "attended_on", "2026-04-09", WARN, "analysis.unlikely"),
    Case("pcn_achievement", "value", "-1", RECORD, "row.range"),
    Case("pcn_achievement", "value", "1.0", RECORD, "value.integer"),
    Case("pcn_achievement", "field_name", "EXCLUSIONS", RECORD, "row.code"),
    Case("treatment_episodes", "triage_date", "2023-01-31", RECORD, "row.cross_field"),
    Case("treatment_episodes", "discharge_date", "2023-02-09", RECORD, "row.cross_field", "B073"),
    Case("treatment_episodes", "substance", "cannabis", RECORD, "row.code"),
    Case("treatment_episodes", "consent", "N", RECORD, "row.cross_field"),
    Case("treatment_episodes", "consent", "yes", FINE, "value.answer_normalised", "B085"),
    Case("treatment_episodes", "consent", "perhaps", RECORD, "row.cross_field"),
    Case("treatment_episodes", "extract_month", "2024-07", RECORD, "row.outside_window"),
    Case("treatment_episodes", "triage_date", "2015-01-01", RECORD, "row.cross_field"),
    Case("stop_smoking", "follow_up_date", "2024-04-30", RECORD, "row.cross_field"),
    Case("stop_smoking", "follow_up_date", "2024-12-24", WARN, "analysis.unlikely"),
    Case("stop_smoking", "outcome", "quit", RECORD, "row.code"),
    Case("admitted_care", "discharge_date", "2024-04-01", RECORD, "row.cross_field"),
    Case("admitted_care", "discharge_ready_date", "2024-04-20", RECORD, "row.cross_field"),
    Case("admitted_care", "discharge_ready_date", "2024-04-01", RECORD, "row.cross_field"),
    Case("admitted_care", "admission_method", "99", RECORD, "row.code"),
    Case("admitted_care", "same_day_emergency_care", "TRUE", FINE, "value.answer_normalised", "B085"),
    Case("admitted_care", "primary_diagnosis", "Fracture", RECORD, "row.pattern"),
    Case("admitted_care", "admission_date", "2021-04-02", WARN, "analysis.unlikely"),
    Case("admitted_care", "discharge_date", "2024-05-01", RECORD, "row.outside_window"),
    Case("community_referrals", "first_contact_on", "2024-04-02", RECORD, "row.cross_field"),
    Case("community_referrals", "closed_reason", "gone", RECORD, "row.code"),
    Case("emergency_care", "departure_date", "2024-04-19", RECORD, "row.cross_field"),
    Case("emergency_care", "attendance_category", "5", RECORD, "row.code"),
    Case("emergency_care", "arrival_date", "2024-07-01", RECORD, "row.outside_window"),
    Case("community_contacts", "attendance", "9", RECORD, "row.code"),
    Case("community_contacts", "cancelled_on", "2024-04-21", RECORD, "row.cross_field"),
    Case("community_contacts", "contact_date", "2024-07-01", RECORD, "row.outside_window"),
    Case("urgent_community_response", "clock_start_time", "24:00:00", RECORD, "row.pattern"),
    Case("urgent_community_response", "contact_time", "9:30", RECORD, "row.pattern"),
    Case("urgent_community_response", "contact_date", "2024-04-02", RECORD, "row.cross_field"),
    Case("urgent_community_response", "attendance", "", RECORD, "row.cross_field"),
    Case("urgent_community_response", "contact_offset", "+02:00", RECORD, "row.code"),
    Case("urgent_community_response", "contact_number", "0", RECORD, "row.range"),
    Case("council_client_level", "service_type", "", RECORD, "row.cross_field"),
    Case("council_client_level", "event_end_date", "2024-04-30", RECORD, "row.cross_field"),
    Case("council_client_level", "event_type", "Visit", RECORD, "row.code"),
    Case("council_client_level", "date_of_birth", "2024-06-09", RECORD, "row.cross_field", "B074"),
    Case("council_client_level", "local_id", "", RECORD, "row.required"),
    Case("sexual_health", "age", "130", RECORD, "row.range"),
    Case("sexual_health", "age", "9", WARN, "analysis.unlikely"),
    Case("sexual_health", "activity", "LARC", RECORD, "row.code"),
    Case("deaths", "place_of_death", "sea", RECORD, "row.code"),
    Case("deaths", "external_or_neonatal", "n", FINE, "value.answer_normalised", "B085"),
    Case("reference_practices", "pcn_code", "network 1", RECORD, "row.pattern"),
    Case("reference_practices", "valid_to", "2019-06-30", RECORD, "row.cross_field"),
    Case("reference_areas", "imd_rank", "0", RECORD, "row.range"),
    Case("reference_areas", "imd_rank", "900", WARN, "analysis.unlikely"),
    Case("reference_areas", "population", "1,700", RECORD, "value.integer"),
]


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case.id or 'more'}-{case.feed}-{case.column}-{case.value}" for case in CASES]
)
def test_a_spoilt_cell_gets_what_it_must_get(case: Case, home: Home) -> None:
    rows = good(case.feed)
    rows[1][case.column] = case.value
    receipt = taken(home, case.feed, rows)
    found = {item.rule for item in receipt.findings}
    assert receipt.outcome == case.outcome, found
    assert case.rule in found
    assert receipt.rows_read == receipt.rows_accepted + receipt.rows_quarantined + receipt.rows_deduplicated
    if case.outcome == RECORD:
        assert receipt.rows_quarantined == 1
        assert {item.row for item in receipt.findings} == {2}
    if case.value:
        assert not any(case.value in item.message for item in receipt.findings if len(case.value) > 4)


def _two_people_under_one_number(rows: list[Row]) -> None:
    rows[1]["person_token"] = rows[0]["person_token"]


def _two_numbers_of_one_person(rows: list[Row]) -> None:
    rows[1]["match_token"] = rows[0]["match_token"]


def _admitted_after_death(rows: list[Row]) -> None:
    rows[0]["discharge_destination"] = "79"
    rows[1]["person_token"], rows[1]["birth_month"] = rows[0]["person_token"], rows[0]["birth_month"]
    rows[1]["admission_date"] = rows[1]["discharge_ready_date"] = "2024-04-11"


@pytest.mark.parametrize(
    ("feed", "spoil", "rule", "rows"),
    [
        ("pcn_register", _two_people_under_one_number, "analysis.person_conflict", {1, 2}),
        ("pcn_register", _two_numbers_of_one_person, "analysis.person_conflict", {1, 2}),
        ("admitted_care", _admitted_after_death, "analysis.event_after_death", {2}),
    ],
    ids=["B066", "B067", "B075"],
)
def test_people_who_contradict_themselves_are_told(
    feed: str, spoil: Callable[[list[Row]], None], rule: str, rows: set[int], home: Home
) -> None:
    made = good(feed)
    spoil(made)
    receipt = taken(home, feed, made)
    assert (receipt.outcome, receipt.rows_accepted) == (WARN, 4)
    assert {item.rule for item in receipt.findings} == {rule}
    assert {item.row for item in receipt.findings} == rows
    assert not any("k1:" in item.message for item in receipt.findings)


def _many(feed: str, count: int, change: Callable[[int, Row], None]) -> list[Row]:
    base, rows = good(feed)[1], []
    key = CONTRACTS[feed].key[-1]
    for number in range(count):
        row = {**base, key: f"N{number}"}
        for name in ("person_token", "match_token", "local_token"):
            if name in row:
                row[name] = token(name, 1000 + number)
        change(number, row)
        rows.append(row)
    return rows


def _without_number(number: int, row: Row) -> None:
    if number % 10 == 0:
        row["person_token"], row["nhs_number_status"] = "", "missing"


def _lost(number: int, row: Row) -> None:
    if number % 3:
        row["outcome"], row["follow_up_date"] = "lost", ""
    else:
        row["outcome"], row["follow_up_date"] = "not_quit", "2024-05-29"


@pytest.mark.parametrize(
    ("feed", "change", "rule"),
    [
        ("pcn_register", _without_number, "analysis.number_missing"),
        ("stop_smoking", _lost, "analysis.share_unusual"),
    ],
)
def test_an_unusual_share_is_a_warning_about_the_file(
    feed: str, change: Callable[[int, Row], None], rule: str, home: Home
) -> None:
    few = taken(home, feed, _many(feed, 20, change))
    assert few.outcome == "accept"
    path = deliver_people(home, CONTRACTS[feed], rows=_many(feed, 200, change), sequence=2)
    receipt = take_in(home, path, CONTRACTS)
    assert (receipt.outcome, receipt.rows_accepted) == (WARN, 200)
    assert [(item.rule, item.row) for item in receipt.findings] == [(rule, None)]


def test_an_identifier_in_a_token_layout_refuses_the_file(home: Home, tmp_path: Path) -> None:
    """Canary: identifiers in a column nobody declared never reach the lake."""
    for feed in MAKERS:
        contract = CONTRACTS[feed]
        lines = file_of(contract, first_sender(contract), good(feed)).decode().splitlines()
        lines[0] += ",Extra"
        data = "\n".join([lines[0], *(f"{line},{NUMBERS[0]}" for line in lines[1:])]) + "\n"
        first, last = COVERS[feed]
        told = manifest_of(feed, first_sender(contract), first, last, data.encode(), len(lines) - 1)
        receipt = take_in(home, deliver(home, told, data.encode()), CONTRACTS)
        assert (receipt.outcome, receipt.lake_files) == (FILE, ())
        assert {item.rule for item in receipt.findings} == {"structure.column_identifying"}


def test_the_ids_are_the_catalogue_s(shared: Path) -> None:
    with (shared / "oracles/bad_inputs/catalogue.csv").open(newline="") as handle:
        expected = {row["id"]: row["expected"] for row in csv.DictReader(handle)}
    assert {case.id: case.outcome for case in CASES if case.id} == {
        case.id: expected[case.id] for case in CASES if case.id
    }
    assert {key: expected[key] for key in ("B066", "B067", "B075")} == dict.fromkeys(("B066", "B067", "B075"), WARN)


def test_every_contract_of_people_says_why_it_may_be_held() -> None:
    """INTAKE: article 6 and 9, schedule 1, common law, opt-out, impact assessment, sharing agreement, retention."""
    for feed in MAKERS:
        custom = CONTRACTS[feed].custom
        assert custom.lawfulBasis.nationalOptOut
        assert (str(custom.dataSharingAgreement.start), str(custom.dataSharingAgreement.end)) == (
            "2022-04-01",
            "2027-03-31",
        )
        assert custom.openlyPublished == feed.startswith("reference_")
        assert suite_of(CONTRACTS[feed]).hash
        identity = CONTRACTS[feed].identity
        justified = identity.clear_justification if identity is not None else {}
        assert set(justified) == ({"ZCC1"} if feed == "council_client_level" else set())
