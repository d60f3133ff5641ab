"""The catalogue's person-level indicators: their settled parameters, the page that shows them, the feeds they rest on."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

import pytest
from dbt_lake import PROJECT

from dbt_project.catalogue import Indicator, load_catalogue
from dbt_project.catalogue.page import PAGE, page
from ingest.contract import CONTRACTS, load_contract

ALL = ("month", "quarter", "year", "rolling_year")
LONG = ("quarter", "year", "rolling_year")
AGED = ("pcn", "deprivation", "age")
PLACED = ("pcn", "deprivation")
REGISTER = {"pcn_register", "reference_practices", "reference_areas", "deaths"}
# Nothing is watched after the period, but readings are looked for before its end.
LOOK_BACK = {"hypertension_treated", "hypertension_treated_79_under"}
RATES = {"crude_rate", "dsr"}
# statistic, unit, multiplier, decimals, polarity, follow-up days, period kinds, breakdowns
SETTLED = {
    "opiate_treatment_completion": ("proportion", "percent", 100, 1, "high", 182, LONG, AGED),
    "sustained_recovery": ("maintained_proportion", "percent", 100, 1, "high", 365, LONG, AGED),
    "non_opiate_treatment_completion": ("proportion", "percent", 100, 1, "high", 182, LONG, AGED),
    "alcohol_treatment_completion": ("proportion", "percent", 100, 1, "high", 182, LONG, AGED),
    "sustained_recovery_6_months": ("maintained_proportion", "percent", 100, 1, "high", 182, LONG, AGED),
    "sustained_recovery_24_months": ("maintained_proportion", "percent", 100, 1, "high", 730, LONG, AGED),
    "re_presentation_6_months": ("proportion", "percent", 100, 1, "low", 182, LONG, AGED),
    "deaths_in_treatment": ("proportion", "percent", 100, 1, "low", 0, LONG, AGED),
    "treatment_wait": ("median", "days", 1, 1, "low", 0, ALL, PLACED),
    "four_week_quit": ("proportion", "percent", 100, 1, "high", 42, ALL, AGED),
    "health_check_uptake": ("proportion", "percent", 100, 1, "high", 182, LONG, PLACED),
    "health_check_offered": ("crude_rate", "per 1,000", 1_000, 1, "high", 0, LONG, PLACED),
    "health_check_received": ("crude_rate", "per 1,000", 1_000, 1, "high", 0, LONG, PLACED),
    "hypertension_treated": ("proportion", "percent", 100, 1, "high", 0, LONG, AGED),
    "four_week_quit_self_reported": ("proportion", "percent", 100, 1, "high", 42, LONG, AGED),
    "quit_lost_to_follow_up": ("proportion", "percent", 100, 1, "low", 42, LONG, AGED),
    "hypertension_treated_79_under": ("proportion", "percent", 100, 1, "high", 0, LONG, PLACED),
    "chlamydia_detection_15_24": ("crude_rate", "per 100,000", 100_000, 0, "high", 0, LONG, ("deprivation",)),
    "emergency_admissions": ("dsr", "per 100,000", 100_000, 1, "low", 0, ALL, PLACED),
    "emergency_admissions_65_over": ("crude_rate", "per 100,000", 100_000, 0, "low", 0, ALL, PLACED),
    "emergency_bed_days_65_over": ("mean", "days", 1, 1, "low", 0, ALL, AGED),
    "chronic_acsc_admissions": ("dsr", "per 100,000", 100_000, 1, "low", 0, ALL, PLACED),
    "frequent_emergency_admissions": ("proportion", "percent", 100, 1, "low", 0, ("year", "rolling_year"), AGED),
    "discharged_to_usual_place": ("proportion", "percent", 100, 1, "high", 0, ALL, AGED),
    "weekend_discharges": ("proportion", "percent", 100, 1, "high", 0, LONG, AGED),
    "discharged_on_ready_date": ("proportion", "percent", 100, 1, "high", 0, ALL, AGED),
    "falls_admissions_65_over": ("dsr", "per 100,000", 100_000, 0, "low", 0, ALL, PLACED),
    "emergency_readmission_30d": ("proportion", "percent", 100, 1, "low", 30, ALL, AGED),
    "discharge_delay": ("mean", "days", 1, 1, "low", 0, ALL, AGED),
    "care_home_admissions_65_over": ("crude_rate", "per 100,000", 100_000, 0, "low", 0, LONG, PLACED),
    "hospital_to_care_home": ("proportion", "percent", 100, 1, "low", 28, LONG, AGED),
    "at_home_91_days": ("maintained_proportion", "percent", 100, 1, "high", 91, LONG, AGED),
    "acute_stays_before_reablement": ("mean", "stays", 1, 2, "low", 0, LONG, AGED),
    "days_at_home_91": ("mean", "days", 1, 1, "high", 91, LONG, AGED),
    "onward_referral_completed": ("proportion", "percent", 100, 1, "high", 90, LONG, AGED),
    "waiting_over_42_days": ("proportion", "percent", 100, 1, "low", 0, ("quarter", "year"), AGED),
    "people_waiting": ("proportion", "percent", 100, 2, "low", 0, ("month", "quarter", "year"), AGED),
    "community_share_of_contacts": ("share_of_events", "percent", 100, 1, "high", 0, ALL, AGED),
    "frequent_emergency_attendance": ("proportion", "percent", 100, 1, "low", 0, ("year", "rolling_year"), AGED),
    "supported_while_waiting": ("proportion", "percent", 100, 1, "high", 90, LONG, AGED),
    "urgent_response_2_hours": ("proportion", "percent", 100, 1, "high", 0, ALL, AGED),
    "urgent_response_not_timed": ("proportion", "percent", 100, 1, "low", 0, LONG, AGED),
    "deaths_in_hospital": ("proportion", "percent", 100, 1, "neutral", 0, LONG, AGED),
    "winter_plan_offered_85_over": ("proportion", "percent", 100, 1, "high", 0, ("year",), PLACED),
    "carers_answered_28_days": ("proportion", "percent", 100, 1, "high", 28, LONG, AGED),
    "carers_personal_budget": ("proportion", "percent", 100, 1, "high", 0, LONG, AGED),
    "carers_budget_reviewed": ("proportion", "percent", 100, 1, "high", 0, ("quarter", "year"), AGED),
    "weight_loss_5_percent": ("proportion", "percent", 100, 1, "high", 182, LONG, AGED),
    "became_active": ("proportion", "percent", 100, 1, "high", 182, LONG, AGED),
    "left_inactivity": ("proportion", "percent", 100, 1, "high", 182, LONG, AGED),
    "preferred_place_recorded": ("proportion", "percent", 100, 1, "high", 0, LONG, AGED),
    "died_in_preferred_place": ("proportion", "percent", 100, 1, "high", 0, LONG, AGED),
    "emergencies_before_death": ("proportion", "percent", 100, 1, "low", 0, LONG, AGED),
    "at_home_12_weeks": ("maintained_proportion", "percent", 100, 1, "high", 84, LONG, AGED),
    "larc_prescribed": ("crude_rate", "per 1,000", 1_000, 1, "high", 0, LONG, ("deprivation",)),
    "community_wait": ("median", "days", 1, 1, "low", 0, ALL, PLACED),
    "first_contact_28_days": ("proportion", "percent", 100, 1, "high", 28, ALL, AGED),
    "deaths_usual_place": ("proportion", "percent", 100, 1, "high", 0, LONG, AGED),
    "learning_disability_check": ("proportion", "percent", 100, 1, "high", 0, ("quarter", "year"), ("pcn",)),
    "cholesterol_to_target": ("proportion", "percent", 100, 1, "high", 0, ("quarter", "year"), ("pcn",)),
    "smi_physical_health_check": ("proportion", "percent", 100, 1, "high", 0, ("quarter", "year"), ("pcn",)),
}


@cache
def catalogue() -> dict[str, Indicator]:
    return {one.indicator_id: one for one in load_catalogue()}


@cache
def models() -> dict[str, str]:
    """Model -> its SQL without comments."""
    paths = (PROJECT / "models").rglob("*.sql")
    return {path.stem: re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8")) for path in paths}


def used_by(model: str) -> set[str]:
    """Models whose rows a model's rows are made from; periods, the coverage and the area's name are no rows."""
    text = models()[model]
    found = set(re.findall(r"ref\('(\w+)'\)", text))
    found |= {f"stg_{feed}" for feed in re.findall(r"in_force\('(\w+)'", text)}
    if "as_at(" in text:
        found.add("int_person_months")
    labels = {"int_alliance_area", "int_periods", "int_calendar", "int_submission_coverage", "int_newest_submissions"}
    return {name for name in found - labels if name in models()}


def feeds_below(model: str) -> set[str]:
    below = set().union(*(feeds_below(one) for one in used_by(model)))
    own = {model.removeprefix("stg_")} if model.startswith("stg_") else set()
    return (below | own) - {"submissions"}


def model_of(indicator: str) -> str:
    return next(name for name in models() if name.rsplit("__", 1)[0] == f"ind_{indicator}")


def test_the_page_is_what_the_definitions_say() -> None:
    """GRW-15, GRW-46: definition, numerator, denominator, kind, source, direction and owner stand with each indicator."""
    assert PAGE.read_text(encoding="utf-8") == page(load_catalogue()), "python -m dbt_project.catalogue.page"


@pytest.mark.parametrize("indicator", SETTLED)
def test_parameters_are_the_settled_ones(indicator: str) -> None:
    """GRW-23: the follow-up is a parameter of the definition."""
    one = catalogue()[indicator]
    assert one.version == 1
    assert SETTLED[indicator] == (
        one.statistic, one.unit, one.multiplier, one.value_decimals, one.polarity, one.follow_up_days,
        one.period_kinds, one.breakdowns,
    )  # fmt: skip
    assert (one.follow_up_window == "None") == (one.follow_up_days == 0) or indicator in LOOK_BACK
    assert str(one.follow_up_days) in one.follow_up_window or one.follow_up_days == 0
    assert one.spc_fix_after == (12 if "month" in one.period_kinds else None)


def test_every_indicator_about_people_is_settled() -> None:
    assert {name for name, one in catalogue().items() if one.person_level} == set(SETTLED)


@pytest.mark.parametrize("indicator", SETTLED)
def test_feeds_are_those_the_rows_are_made_from(indicator: str) -> None:
    """A feed that is forgotten makes a figure look complete that is not; one too many withholds it without need."""
    one = catalogue()[indicator]
    population = REGISTER if one.statistic in RATES else set()
    assert set(one.feeds) == feeds_below(model_of(indicator)) | population


@pytest.mark.parametrize(
    ("indicator", "feed"),
    [
        ("health_check_uptake", "nhs_health_checks"), ("four_week_quit", "stop_smoking"),
        ("first_contact_28_days", "community_referrals"), ("onward_referral_completed", "community_referrals"),
    ],
)  # fmt: skip
def test_a_follow_up_is_no_longer_than_the_senders_files_tell(indicator: str, feed: str) -> None:
    """What a row itself is followed up for: its last file ends as many months later as coverage exceeds the cadence."""
    custom = load_contract(CONTRACTS / f"{feed}.yaml").custom
    assert (custom.coverage.kind, custom.cadence) == ("rolling", "quarterly")
    months = (custom.coverage.months or 0) - 3
    # the shortest run of so many months after a quarter's last day
    ends = [date(2022, 12, 31), date(2023, 3, 31), date(2023, 6, 30), date(2023, 9, 30)]
    shortest = min((_months_later(end, months) - end).days for end in ends)
    assert catalogue()[indicator].follow_up_days <= shortest


def _months_later(end: date, months: int) -> date:
    count = end.year * 12 + end.month + months
    return date(count // 12, count % 12 + 1, 1) - timedelta(days=1)


@pytest.mark.parametrize(("union", "suffix"), [("int_indicator_events", "__events"), ("int_period_people", "__people")])
def test_every_model_is_in_its_union(union: str, suffix: str) -> None:
    listed = re.findall(r"'([a-z0-9_]+)'", models()[union].split("%}", 1)[0])
    assert sorted(listed) == sorted(
        name.removeprefix("ind_").removesuffix(suffix) for name in models() if name.endswith(suffix)
    )
    assert len(set(listed)) == len(listed)
