"""What decided stays come to as figures: emergency admissions, nights, falls, readmissions, discharges, delays.

Belongs here: counting decisions. Not here: deciding (`hospital`), writing files (`hospital_files`).
"""

from __future__ import annotations

import numpy as np

from places.greenwich import deaths
from places.greenwich.care.contributions import Contribution, Contributions, events, of_periods, proportion
from places.greenwich.care.hospital import (
    DIAGNOSES,
    FIRST_EMERGENCY,
    TO_DEATH,
    TO_HOME,
    TO_HOSPITAL,
    Hospital,
    Spells,
    Stays,
    is_fall,
)
from places.greenwich.care.records import take
from places.greenwich.dates import NEVER, Mask, Positions, day_number, spans
from places.greenwich.indicators import INDICATORS
from places.greenwich.tally import (
    TruthRow,
    tally_by_period,
    tally_dsr,
    tally_mean,
    tally_proportion,
    tally_rate,
)
from places.greenwich.world import World

# The last day after a discharge on which a new emergency is a readmission.
_LAST_DAY_BACK = 29
# The last days of life: the day of death and those before it.
_LAST_DAYS = 90
_FREQUENT, _OFTEN = "frequent_emergency_admissions", 3
# Diagnoses here that care outside hospital can often treat: heart failure, chronic lung disease, diabetes.
_CHRONIC = [DIAGNOSES.index(code) for code in ("I500", "J440", "E119")]
# More days than any date has: makes one number of a person and a day.
_SPAN = 1 << 21


def truth_rows(world: World, hospital: Hospital) -> list[TruthRow]:
    """True figures of the indicators of hospital care."""
    rows: list[TruthRow] = []
    for item in _dated(world, hospital):
        told = (world, item.indicator_id, np.asarray(item.when), item.person)
        match INDICATORS[item.indicator_id].statistic:
            case "dsr":
                rows += tally_dsr(*told)
            case "crude_rate":
                rows += tally_rate(*told)
            case _:
                rows += tally_proportion(*told, item.numerator)
    noted = _ready(hospital)
    rows += tally_mean(world, "discharge_delay", noted.discharge, noted.person, noted.discharge - noted.ready)
    nights = take(hospital.stays, _overnight(hospital.stays))
    rows += tally_mean(
        world, "emergency_bed_days_65_over", nights.discharge, nights.person, nights.discharge - nights.admission
    )
    return rows + tally_by_period(world, _FREQUENT, frequent(world, hospital.stays))


def contributions(world: World, hospital: Hospital) -> Contributions:
    """Who contributes what; stays nobody can link are left out."""
    return [*_dated(world, hospital), *of_periods(_FREQUENT, frequent(world, hospital.stays))]


def _overnight(stays: Stays) -> Mask:
    """Known emergencies that lasted past midnight and were no same-day care."""
    urgent = stays.method >= FIRST_EMERGENCY
    return stays.known & urgent & ~stays.same_day_care & (stays.discharge > stays.admission)


def _ready(hospital: Hospital) -> Spells:
    """Known spells that note the day the person could have left, and did not end in death."""
    spells = hospital.spells
    return take(spells, spells.known & (spells.ready != NEVER) & (spells.destination != TO_DEATH))


def _dated(world: World, hospital: Hospital) -> list[Contribution]:
    stays = take(hospital.stays, hospital.stays.known)
    urgent = stays.method >= FIRST_EMERGENCY
    overnight = take(stays, _overnight(stays))
    chronic = take(overnight, np.isin(overnight.diagnosis, _CHRONIC))
    fell = take(stays, urgent & is_fall(stays))
    alive = stays.destination != TO_DEATH
    back = _back(stays, urgent)
    left = take(stays, alive & (stays.destination != TO_HOSPITAL) & (stays.discharge > stays.admission))
    noted = _ready(hospital)
    return [
        events("emergency_admissions", overnight.discharge, overnight.person),
        events("emergency_admissions_65_over", overnight.discharge, overnight.person),
        events("chronic_acsc_admissions", chronic.discharge, chronic.person),
        events("falls_admissions_65_over", fell.discharge, fell.person),
        proportion(
            "emergency_readmission_30d", stays.discharge[alive], stays.person[alive], back[alive].astype(np.int64)
        ),
        proportion(
            "discharged_to_usual_place", left.discharge, left.person, (left.destination == TO_HOME).astype(np.int64)
        ),
        proportion("weekend_discharges", left.discharge, left.person, _at_the_weekend(left.discharge)),
        proportion(
            "discharged_on_ready_date", noted.discharge, noted.person, (noted.ready == noted.discharge).astype(np.int64)
        ),
        _before_death(world, stays),
    ]


def _at_the_weekend(day: Positions) -> Positions:
    """1 for Saturdays and Sundays: 1 January 1970, day 0, was a Thursday."""
    return ((day + 3) % 7 >= 5).astype(np.int64)


def _before_death(world: World, stays: Stays) -> Contribution:
    """Deaths of known people, and those after three or more emergencies that began on the last 90 days."""
    decided = deaths.decide(world)
    person = deaths.named(world, decided)
    counts = deaths.counting(decided) & (person >= 0)
    person, day = person[counts], decided.day[counts].astype(np.int64)
    lasting = (stays.discharge > stays.admission) | (stays.destination == TO_DEATH)
    urgent = take(stays, (stays.method >= FIRST_EMERGENCY) & ~stays.same_day_care & lasting)
    begun = np.sort(urgent.person * _SPAN + urgent.admission)
    last = person * _SPAN + day
    times = np.searchsorted(begun, last, side="right") - np.searchsorted(begun, last - _LAST_DAYS, side="right")
    return proportion("emergencies_before_death", day, person, (times >= _OFTEN).astype(np.int64))


def frequent(world: World, stays: Stays) -> dict[tuple[str, str], tuple[Positions, Positions]]:
    """People with an overnight emergency in each year, and whether they had three or more."""
    overnight = take(stays, _overnight(stays))
    overnight = take(overnight, world.attributes(overnight.person, overnight.discharge).in_spine)
    found = {}
    for kind in ("year", "rolling_year"):
        for span in spans(kind):
            first, last = day_number(span.period.start), day_number(span.period.end)
            inside = (overnight.discharge >= first) & (overnight.discharge <= last)
            person, times = np.unique(overnight.person[inside], return_counts=True)
            found[kind, span.period.label] = (person, (times >= _OFTEN).astype(np.int64))
    return found


def _back(stays: Stays, urgent: Mask) -> Mask:
    """Stays after which the person came back as an emergency on day 0 to 29.

    A person's stays follow each other, so it is the first emergency that begins on or after the day of discharge and
    is not the stay itself: a stay of one day begins on its own day of discharge.
    """
    starts = stays.person[urgent] * _SPAN + stays.admission[urgent]
    out = stays.person * _SPAN + stays.discharge
    own_day = urgent & (stays.admission == stays.discharge)
    place: Positions = np.searchsorted(starts, np.where(own_day, out + 1, out), side="left")
    following = np.append(starts, np.iinfo(np.int64).max)[place]
    return following <= out + _LAST_DAY_BACK
