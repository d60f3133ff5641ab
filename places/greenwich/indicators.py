"""What the truth counts: one entry an indicator, in the words of the demo place.

Belongs here: the statistic, periods and breakdowns each true figure is told for, and who may be counted. Not here:
how a figure is worked out (`tally`), and nothing read from the product's own catalogue: the truth must not lean on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Statistic = Literal["proportion", "crude_rate", "dsr", "mean", "median", "share_of_events"]

_ALL_KINDS = ("month", "quarter", "year", "rolling_year")
_LONG_KINDS = ("quarter", "year", "rolling_year")
_EVERY = ("all", "pcn", "deprivation", "age")
_PLACES = ("all", "pcn", "deprivation")
_ADULTS, _OLDER = (18, 200), (65, 200)


@dataclass(frozen=True)
class Indicator:
    """How one indicator is told.

    residents_only: a row counts only when its person is on the spine in the month of the event; otherwise such a row
    counts under "unknown". ages: least and most age counted, of rows and of the population below a rate.
    women_inside: the population below a rate is women living in the place's own areas.
    bands: first five-year band of a directly standardised rate.
    """

    indicator_id: str
    statistic: Statistic
    multiplier: int
    decimals: int
    kinds: tuple[str, ...]
    breakdowns: tuple[str, ...]
    residents_only: bool = False
    ages: tuple[int, int] = (0, 200)
    women_inside: bool = False
    first_band: int = 0


_TABLE = (
    Indicator("opiate_treatment_completion", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("non_opiate_treatment_completion", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("alcohol_treatment_completion", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("sustained_recovery_6_months", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("sustained_recovery", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("sustained_recovery_24_months", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("re_presentation_6_months", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("deaths_in_treatment", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("treatment_wait", "median", 1, 1, _ALL_KINDS, _PLACES),
    Indicator("four_week_quit", "proportion", 100, 1, _ALL_KINDS, _EVERY),
    Indicator("four_week_quit_self_reported", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("quit_lost_to_follow_up", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("health_check_uptake", "proportion", 100, 1, _LONG_KINDS, _PLACES, residents_only=True, ages=(40, 74)),
    Indicator("health_check_offered", "crude_rate", 1000, 1, _LONG_KINDS, _PLACES, residents_only=True, ages=(40, 74)),
    Indicator("health_check_received", "crude_rate", 1000, 1, _LONG_KINDS, _PLACES, residents_only=True, ages=(40, 74)),
    Indicator("hypertension_treated", "proportion", 100, 1, _LONG_KINDS, _EVERY, residents_only=True, ages=_ADULTS),
    Indicator(
        "hypertension_treated_79_under", "proportion", 100, 1, _LONG_KINDS, _PLACES, residents_only=True, ages=(18, 79)
    ),
    Indicator("emergency_admissions", "dsr", 100_000, 1, _ALL_KINDS, _PLACES, residents_only=True),
    Indicator(
        "falls_admissions_65_over",
        "dsr",
        100_000,
        0,
        _ALL_KINDS,
        _PLACES,
        residents_only=True,
        ages=_OLDER,
        first_band=13,
    ),
    Indicator(
        "emergency_admissions_65_over",
        "crude_rate",
        100_000,
        0,
        _ALL_KINDS,
        _PLACES,
        residents_only=True,
        ages=_OLDER,
    ),
    Indicator("emergency_bed_days_65_over", "mean", 1, 1, _ALL_KINDS, _EVERY, residents_only=True, ages=_OLDER),
    Indicator("chronic_acsc_admissions", "dsr", 100_000, 1, _ALL_KINDS, _PLACES, residents_only=True),
    Indicator("frequent_emergency_admissions", "proportion", 100, 1, ("year", "rolling_year"), _EVERY),
    Indicator("discharged_to_usual_place", "proportion", 100, 1, _ALL_KINDS, _EVERY, residents_only=True, ages=_ADULTS),
    Indicator("weekend_discharges", "proportion", 100, 1, _LONG_KINDS, _EVERY, residents_only=True, ages=_ADULTS),
    Indicator("discharged_on_ready_date", "proportion", 100, 1, _ALL_KINDS, _EVERY, residents_only=True, ages=_ADULTS),
    Indicator("emergency_readmission_30d", "proportion", 100, 1, _ALL_KINDS, _EVERY, residents_only=True),
    Indicator("discharge_delay", "mean", 1, 1, _ALL_KINDS, _EVERY, residents_only=True, ages=_ADULTS),
    Indicator(
        "care_home_admissions_65_over",
        "crude_rate",
        100_000,
        0,
        _LONG_KINDS,
        _PLACES,
        residents_only=True,
        ages=_OLDER,
    ),
    Indicator("hospital_to_care_home", "proportion", 100, 1, _LONG_KINDS, _EVERY, residents_only=True, ages=_OLDER),
    Indicator("at_home_91_days", "proportion", 100, 1, _LONG_KINDS, _EVERY, residents_only=True, ages=_OLDER),
    Indicator("acute_stays_before_reablement", "mean", 1, 2, _LONG_KINDS, _EVERY, residents_only=True, ages=_OLDER),
    Indicator("days_at_home_91", "mean", 1, 1, _LONG_KINDS, _EVERY, residents_only=True, ages=_OLDER),
    Indicator("at_home_12_weeks", "proportion", 100, 1, _LONG_KINDS, _EVERY, residents_only=True, ages=_OLDER),
    Indicator(
        "larc_prescribed", "crude_rate", 1000, 1, _LONG_KINDS, ("all", "deprivation"), ages=(15, 44), women_inside=True
    ),
    Indicator(
        "chlamydia_detection_15_24",
        "crude_rate",
        100_000,
        0,
        _LONG_KINDS,
        ("all", "deprivation"),
        ages=(15, 24),
        women_inside=True,
    ),
    Indicator("community_wait", "median", 1, 1, _ALL_KINDS, _PLACES),
    Indicator("first_contact_28_days", "proportion", 100, 1, _ALL_KINDS, _EVERY),
    Indicator("onward_referral_completed", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("waiting_over_42_days", "proportion", 100, 1, ("quarter", "year"), _EVERY),
    Indicator("people_waiting", "proportion", 100, 2, ("month", "quarter", "year"), _EVERY, residents_only=True),
    Indicator("community_share_of_contacts", "share_of_events", 100, 1, _ALL_KINDS, _EVERY),
    Indicator("frequent_emergency_attendance", "proportion", 100, 1, ("year", "rolling_year"), _EVERY),
    Indicator("supported_while_waiting", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("urgent_response_2_hours", "proportion", 100, 1, _ALL_KINDS, _EVERY),
    Indicator("urgent_response_not_timed", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("deaths_in_hospital", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("emergencies_before_death", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("deaths_usual_place", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("preferred_place_recorded", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("died_in_preferred_place", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("weight_loss_5_percent", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("became_active", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("left_inactivity", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("carers_answered_28_days", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("carers_personal_budget", "proportion", 100, 1, _LONG_KINDS, _EVERY),
    Indicator("carers_budget_reviewed", "proportion", 100, 1, ("quarter", "year"), _EVERY),
    Indicator(
        "winter_plan_offered_85_over",
        "proportion",
        100,
        1,
        ("year",),
        _PLACES,
        residents_only=True,
        ages=(85, 200),
    ),
    Indicator("learning_disability_check", "proportion", 100, 1, ("quarter", "year"), ("all", "pcn")),
    Indicator("cholesterol_to_target", "proportion", 100, 1, ("quarter", "year"), ("all", "pcn")),
    Indicator("smi_physical_health_check", "proportion", 100, 1, ("quarter", "year"), ("all", "pcn")),
)
INDICATORS: dict[str, Indicator] = {entry.indicator_id: entry for entry in _TABLE}
