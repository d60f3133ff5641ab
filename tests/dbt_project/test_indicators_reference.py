"""Person-level models on a random place against the definitions in plain Python, row by row."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from people_case import Case
from people_lake import AREA
from people_reference import SUBSTANCES


def test_journeys_equal_the_definition(case: Case) -> None:
    """GRW-10: episodes of several providers in the order of triage, joined and parted by hand."""
    expected = [
        (person, number, one.start, one.end, one.outcome, one.opiate, one.substance, after.start if after else None)
        for person, journeys in case.reference.journeys().items()
        for number, (one, after) in enumerate(zip(journeys, [*journeys[1:], None], strict=True), start=1)
    ]
    found = [tuple(row.values()) for row in case.build.rows("select * from int_treatment_journeys")]
    assert Counter(found) == Counter(expected)
    gaps = {
        (after.start - one.end).days
        for journeys in case.reference.journeys().values()
        for one, after in pairwise(journeys)
        if one.end
    }
    assert {22, 182, 183, 365, 366, 730, 731} <= gaps, "the place does not reach the boundaries"
    assert min(gaps) == 22


def test_spells_equal_the_definition(case: Case) -> None:
    expected = [
        (
            person,
            number,
            spell[0]["admission_date"],
            spell[0]["admission_method"],
            spell[0]["primary_diagnosis"],
            spell[-1]["discharge_date"],
            spell[-1]["discharge_destination"],
            spell[0]["admission_method"].startswith("2"),
        )
        for person, spells in case.reference.spells().items()
        for number, spell in enumerate(spells, start=1)
    ]
    query = """select person_key, spell_number, admission_date, admission_method, primary_diagnosis, discharge_date,
        discharge_destination, is_emergency from int_continuous_spells"""
    assert Counter(tuple(row.values()) for row in case.build.rows(query)) == Counter(expected)
    assert any(len(spell) > 2 for spells in case.reference.spells().values() for spell in spells)


EVENTS = [
    "sustained_recovery_6_months", "sustained_recovery", "sustained_recovery_24_months", "re_presentation_6_months",
    "deaths_in_treatment", "treatment_wait", "four_week_quit", "health_check_uptake", "emergency_admissions",
    "emergency_admissions_65_over", "emergency_bed_days_65_over", "chronic_acsc_admissions",
    "hospital_to_care_home", "days_at_home_91", "at_home_91_days", "acute_stays_before_reablement", "onward_referral_completed", "deaths_in_hospital",
    "emergencies_before_death", "discharged_to_usual_place", "discharged_on_ready_date",
    "falls_admissions_65_over", "emergency_readmission_30d", "discharge_delay", "care_home_admissions_65_over",
    "at_home_12_weeks", "larc_prescribed", "community_wait", "first_contact_28_days", "deaths_usual_place",
    "four_week_quit_self_reported", "quit_lost_to_follow_up", "chlamydia_detection_15_24",
    "health_check_offered", "health_check_received", "weekend_discharges",
    "preferred_place_recorded", "died_in_preferred_place",
    "weight_loss_5_percent", "became_active", "left_inactivity", "carers_answered_28_days",
    "winter_plan_offered_85_over",
    "community_share_of_contacts", "supported_while_waiting", "urgent_response_2_hours", "urgent_response_not_timed",
]  # fmt: skip


@pytest.mark.parametrize("indicator", EVENTS)
def test_events_equal_the_definition(case: Case, indicator: str) -> None:
    """Every event with its numerator, days and the attributes of its month; nothing more and nothing less."""
    expected = Counter({event: n for event, n in case.events.items() if event[0] == indicator})
    query = f"""select indicator_id, person_key, event_date, numerator, amount, pcn, deprivation, age_group, age_band
        from int_indicator_events where indicator_id = '{indicator}'"""
    found = Counter(tuple(row.values()) for row in case.build.rows(query))
    assert found == expected
    assert len(expected) >= 10, "the place says nothing about this indicator"
    days = {"treatment_wait", "community_wait", "discharge_delay", "emergency_bed_days_65_over", "days_at_home_91"}
    days.add("acute_stays_before_reablement")
    if indicator not in days:
        numerators = {event[3] for event in expected}
        rates = {
            "emergency_admissions", "emergency_admissions_65_over", "chronic_acsc_admissions",
            "falls_admissions_65_over", "care_home_admissions_65_over", "larc_prescribed",
            "chlamydia_detection_15_24", "health_check_offered", "health_check_received",
        }  # fmt: skip
        assert numerators == ({1} if indicator in rates else {0, 1})


@pytest.mark.parametrize(
    "indicator",
    [
        *(f"{substance}_treatment_completion" for substance in SUBSTANCES),
        "frequent_emergency_admissions",
        "frequent_emergency_attendance",
        "waiting_over_42_days",
        "hypertension_treated",
        "hypertension_treated_79_under",
        "carers_personal_budget",
        "carers_budget_reviewed",
    ],
)
def test_people_of_a_period_equal_the_definition(case: Case, indicator: str) -> None:
    expected = Counter({row: n for row, n in case.people.items() if row[0] == indicator})
    query = f"""select indicator_id, period_id, person_key, numerator, denominator, pcn, deprivation, age_group
        from int_period_people where indicator_id = '{indicator}'"""
    assert Counter(tuple(row.values()) for row in case.build.rows(query)) == expected
    assert {row[3] for row in expected} == {0, 1}


def test_the_waiting_list_equals_the_definition(case: Case) -> None:
    """GRW-13: the size of the list on the last day of every month, out of everybody on the register, by group."""
    expected = Counter({row: n for row, n in case.people.items() if row[0] == "people_waiting"})
    query = """select indicator_id, period_id, person_key, numerator, denominator, pcn, deprivation, age_group
        from int_period_people where indicator_id = 'people_waiting'"""
    assert Counter(tuple(row.values()) for row in case.build.rows(query)) == expected
    assert sum(row[3] for row in expected) > 100 and 0 in {row[3] for row in expected}


def test_events_hold_the_columns_that_measures_are_made_from(case: Case) -> None:
    events = case.build.rows("select * from int_indicator_events")
    assert list(events[0]) == [
        "indicator_id", "person_key", "event_date", "numerator", "denominator", "amount", "pcn", "deprivation",
        "age_group", "age_band", "area_code",
    ]  # fmt: skip
    assert {row["area_code"] for row in events} == {AREA}
    assert {row["denominator"] for row in events} == {1}
    types = {
        row["column_name"]: row["data_type"]
        for row in case.build.rows(
            "select column_name, data_type from information_schema.columns where table_name = 'int_indicator_events'"
        )
    }
    assert {types[name] for name in ("person_key", "numerator", "denominator", "amount")} == {"BIGINT"}
    assert types["event_date"] == "DATE"
