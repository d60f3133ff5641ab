"""Small files about invented people, one good file a feed and layout, to start from and spoil.

Rows are written in canonical columns and ISO dates; `file_of` turns them into a sender's layout.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from deliveries import csv_of, deliver, manifest_of

from foundation.home import Home
from ingest.contract import DATE_FORMATS, Contract

Row = dict[str, str]
# numbers of the test range with their check digits, as no patient has them
NUMBERS = ("9434765919", "9434765870", "9876543210")


def token(kind: str, number: int) -> str:
    return "k1:" + hashlib.sha256(f"{kind} {number}".encode()).hexdigest()


def person(number: int, *names: str) -> Row:
    """The token block of an invented person."""
    block = {
        "person_token": token("person", number),
        "match_token": token("match", number),
        "local_token": token("local", number),
        "nhs_number_status": "valid",
        "birth_month": f"{1940 + number}-0{number % 9 + 1}",
        "sex": str(number % 2 + 1),
    }
    return {name: block[name] for name in names}


def _register(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"R{number}",
            **person(number, "person_token", "match_token", "nhs_number_status", "birth_month", "sex"),
            "practice_code": "Z90001",
            "lsoa_code": "E01001234",
            "valid_from": "2024-04-01",
            "valid_to": "2024-09-30" if number == 1 else "",
        }
        for number in range(4)
    ]


def _conditions(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"C{number}",
            **person(number, "person_token"),
            "condition": "hypertension",
            "snapshot_date": "2024-06-30",
            "diagnosed_on": "2019-05-02",
            "last_bp_on": "" if number == 2 else "2024-02-03",
            "systolic": "" if number == 2 else str(130 + number),
            "diastolic": "" if number == 2 else "80",
        }
        for number in range(4)
    ]


def _checks(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"H{number}",
            **person(number, "person_token"),
            "invited_on": "2024-04-10",
            "attended_on": "" if number else "2024-05-10",
        }
        for number in range(4)
    ]


def _achievement(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "quality_service": "LDHC",
            "service_name": "Learning disability health checks",
            "practice_code": practice,
            "ach_date": "2024-06-30",
            "ind_code": "LDHC01",
            "field_name": field,
            "value": value,
        }
        for practice in ("Z90001", "Z90002")
        for field, value in (("NUMERATOR", "12"), ("DENOMINATOR", "20"))
    ]


def _episodes(organisation: str) -> list[Row]:
    rows = [
        {
            "organisation": organisation,
            "episode_id": f"E{number}",
            **person(number, "person_token", "match_token", "local_token", "nhs_number_status", "birth_month", "sex"),
            "consent": "Y",
            "substance": "opiate",
            "referral_date": "2023-02-01",
            "triage_date": "2023-02-10",
            "discharge_date": "2024-01-31" if number else "",
            "discharge_reason": "completed" if number else "",
            "extract_month": "2024-06",
        }
        for number in range(4)
    ]
    # without consent nothing but the agency, its references and the consent
    for name in rows[3]:
        if name not in ("organisation", "episode_id", "local_token", "consent", "extract_month"):
            rows[3][name] = ""
    rows[3]["consent"] = "N"
    return rows


def _quits(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"Q{number}",
            **person(number, "person_token", "match_token", "local_token", "nhs_number_status", "birth_month", "sex"),
            "quit_date": "2024-05-01",
            "follow_up_date": "" if number == 1 else "2024-05-29",
            "outcome": "lost" if number == 1 else "quit_co_verified",
        }
        for number in range(4)
    ]


def _spells(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "spell_id": f"S{number}",
            **person(number, "person_token", "local_token", "nhs_number_status", "birth_month", "sex"),
            "admission_date": "2024-04-02",
            "admission_method": "21",
            "discharge_date": f"2024-04-1{number}",
            "discharge_ready_date": "2024-04-09",
            "discharge_destination": "19",
            "primary_diagnosis": "S720",
            "external_cause": "W18",
            "same_day_emergency_care": "N",
        }
        for number in range(4)
    ]


def _referrals(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "referral_id": f"F{number}",
            **person(number, "person_token", "local_token", "nhs_number_status"),
            "referred_on": "2024-04-03",
            "urgent": "N",
            "first_contact_on": "2024-04-20" if number else "",
            "closed_reason": "seen" if number else "",
        }
        for number in range(4)
    ]


def _emergencies(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "attendance_id": f"E{number}",
            **person(number, "person_token", "local_token", "nhs_number_status", "birth_month", "sex"),
            "department_type": "01",
            "arrival_date": "2024-04-20",
            "attendance_category": "1",
            "by_ambulance": "Y",
            "acuity": "3",
            "injury": "N",
            "assessed_after_minutes": "12",
            "left_after_minutes": "190",
            "departure_date": "2024-04-21",
            "discharge_status": "discharged",
        }
        for number in range(4)
    ]


def _contacts(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "care_contact_id": f"K{number}",
            "referral_id": f"F{number}",
            **person(number, "person_token", "local_token", "nhs_number_status", "birth_month"),
            "contact_date": "2024-04-20",
            "subject": "01",
            "attendance": "5" if number else "2",
            "medium": "01",
            "duration_minutes": "30" if number else "",
            "cancelled_on": "" if number else "2024-04-19",
        }
        for number in range(4)
    ]


def _responses(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "referral_id": f"U{number // 2}",
            "contact_number": str(number % 2 + 1),
            **person(number // 2, "person_token", "local_token", "nhs_number_status", "birth_month"),
            "clock_start_date": "2024-04-03",
            "clock_start_time": "22:40:00",
            "contact_date": f"2024-04-0{3 + number % 2}",
            "contact_time": "00:40:00" if number % 2 else "",
            "attendance": "5",
        }
        for number in range(4)
    ]


def _clients(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "nhs_number": number,
            "forename": f"Testforename{place}",
            "surname": "O'Testsurname",
            "date_of_birth": f"194{place}-03-09",
            "postcode": "SE10 8EW",
            "local_id": f"LA{place}",
            "client_type": "Service User",
            "event_type": "Service" if place else "Request",
            "event_reference": f"V{place}",
            "service_type": "Short Term Support: ST-Max" if place else "",
            "event_start_date": "2024-05-01",
            "event_end_date": "2024-06-01" if place else "",
            "event_outcome": "",
        }
        for place, number in enumerate((*NUMBERS, ""))
    ]


def _attendances(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"A{number}",
            "patient_id": f"P{number}",
            "activity": "LARC-IUS",
            "gender": "2",
            "age": str(25 + number),
            "lsoa_code": "E01001234",
            "attendance_date": "2024-04-20",
        }
        for number in range(4)
    ]


def _deaths(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"D{number}",
            **person(number, "person_token", "nhs_number_status"),
            "date_of_death": "2024-07-07",
            "place_of_death": "home",
            "external_or_neonatal": "N",
        }
        for number in range(4)
    ]


def _practices(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "practice_code": f"Z9000{number}",
            "pcn_code": "ZPN1",
            "valid_from": "2019-07-01",
            "valid_to": "",
        }
        for number in range(4)
    ]


def _areas(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "lsoa_code": f"E0100123{number}",
            "area_code": "E09000011",
            "imd_rank": str(900 + number),
            "population": "1700",
            "as_at": "2020-06-30",
        }
        for number in range(4)
    ]


_BLOCK = ("person_token", "match_token", "local_token", "nhs_number_status", "birth_month")


def _plans(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"L{number}",
            **person(number, *_BLOCK),
            "plan_created_on": "2023-02-01",
            "reviewed_on": "" if number else "2024-02-01",
            "preferred_place": "home" if number else "not_discussed",
            "second_choice": "hospice" if number else "",
            "resuscitation_decision": "Y",
            "plan_ended_on": "2024-05-02" if number == 2 else "",
        }
        for number in range(4)
    ]


def _courses(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"W{number}",
            **person(number, *_BLOCK),
            "programme": "activity_on_referral" if number == 1 else "adult_weight_management",
            "referred_on": "2023-09-01",
            "started_on": "2023-09-12" if number else "",
            "ended_on": "2023-12-05" if number else "",
            "end_status": "completed" if number else "",
            "height_cm": "172.5",
            "start_weight_kg": "96.4" if number > 1 else "",
            "end_weight_kg": "91.9" if number > 1 else "",
            "start_active_minutes": "20" if number == 1 else "",
            "end_active_minutes": "160" if number == 1 else "",
        }
        for number in range(4)
    ]


def _carers(organisation: str) -> list[Row]:
    kinds = ("Request", "Assessment", "Service", "Review")
    return [
        {
            "organisation": organisation,
            "event_reference": f"K{number}",
            **person(number, *_BLOCK),
            "carer_kind": "adult",
            "event_type": kind,
            "event_start_date": "2024-03-01",
            "event_end_date": "" if kind == "Service" else "2024-03-20",
            "support": "managed_budget" if kind == "Service" else "",
            "hours_caring_a_week": "35" if kind == "Assessment" else "",
            "outcome": "support_planned" if kind == "Assessment" else "",
        }
        for number, kind in enumerate(kinds)
    ]


def _offers(organisation: str) -> list[Row]:
    return [
        {
            "organisation": organisation,
            "record_id": f"O{number}",
            **person(number, *_BLOCK),
            "offered_on": "2023-10-09",
            "accepted": "" if number else "Y",
        }
        for number in range(4)
    ]


MAKERS = {
    "pcn_register": _register,
    "pcn_long_term_conditions": _conditions,
    "nhs_health_checks": _checks,
    "pcn_achievement": _achievement,
    "treatment_episodes": _episodes,
    "stop_smoking": _quits,
    "admitted_care": _spells,
    "community_referrals": _referrals,
    "community_contacts": _contacts,
    "emergency_care": _emergencies,
    "urgent_community_response": _responses,
    "council_client_level": _clients,
    "sexual_health": _attendances,
    "deaths": _deaths,
    "end_of_life_plans": _plans,
    "weight_and_activity": _courses,
    "carers": _carers,
    "winter_plans": _offers,
    "reference_practices": _practices,
    "reference_areas": _areas,
}
COVERS = {
    "pcn_register": ("2024-04-01", "2025-03-31"),
    "pcn_long_term_conditions": ("2024-04-01", "2024-06-30"),
    "nhs_health_checks": ("2023-07-01", "2024-06-30"),
    "pcn_achievement": ("2024-04-01", "2024-06-30"),
    "treatment_episodes": ("2022-04-01", "2024-06-30"),
    "stop_smoking": ("2024-01-01", "2024-06-30"),
    "admitted_care": ("2024-04-01", "2024-04-30"),
    "community_referrals": ("2024-01-01", "2024-06-30"),
    "community_contacts": ("2024-04-01", "2024-06-30"),
    "emergency_care": ("2024-04-01", "2024-06-30"),
    "urgent_community_response": ("2024-04-01", "2024-06-30"),
    "council_client_level": ("2023-07-01", "2024-06-30"),
    "sexual_health": ("2024-04-01", "2024-06-30"),
    "deaths": ("2023-10-01", "2024-09-30"),
    "end_of_life_plans": ("2022-04-01", "2024-06-30"),
    "weight_and_activity": ("2022-04-01", "2024-06-30"),
    "carers": ("2022-04-01", "2024-06-30"),
    "winter_plans": ("2022-04-01", "2024-06-30"),
    "reference_practices": ("2023-04-01", "2025-06-30"),
    "reference_areas": ("2023-04-01", "2025-06-30"),
}


def first_sender(contract: Contract) -> str:
    return next(iter(contract.custom.senders))


def file_of(contract: Contract, organisation: str, rows: Sequence[Mapping[str, str]]) -> bytes:
    """Rows in the layout of a sender: its names, its dates, its codes and units."""
    layout = contract.layout_of(organisation)
    assert layout is not None
    names = contract.layout_names(layout)

    theirs = {name: {ours: code for code, ours in codes.items()} for name, codes in layout.codes.items()}

    def sent(name: str, value: str) -> str:
        if value in theirs.get(name, {}):
            return theirs[name][value]
        if name in layout.units and value.replace(".", "", 1).isdigit():
            return f"{(Decimal(value) / Decimal(layout.units[name].factor)).normalize():f}"
        if contract.by_name[name].kind != "date":
            return value
        try:
            return date.fromisoformat(value).strftime(DATE_FORMATS[layout.dateFormat])
        except ValueError:
            return value

    return csv_of(list(names.values()), [[sent(name, row.get(name, "")) for name in names] for row in rows])


def deliver_people(
    home: Home,
    contract: Contract,
    organisation: str | None = None,
    rows: Sequence[Mapping[str, str]] | None = None,
    **changes: Any,
) -> Path:
    """Put a good file of a feed (or `rows`) into the mailbox of a sender."""
    sender = organisation or first_sender(contract)
    made = MAKERS[contract.feed](sender) if rows is None else rows
    data = file_of(contract, sender, made)
    first, last = COVERS[contract.feed]
    return deliver(home, manifest_of(contract.feed, sender, first, last, data, len(made), **changes), data)
