"""What decided stays come to as figures: emergency admissions, falls, readmissions, delays.

Belongs here: counting decisions. Not here: deciding (`hospital`), writing files (`hospital_files`).
"""

from __future__ import annotations

import numpy as np

from places.greenwich.care.contributions import Contributions, events, proportion
from places.greenwich.care.hospital import FIRST_EMERGENCY, TO_DEATH, Hospital, Stays, is_fall
from places.greenwich.care.records import take
from places.greenwich.dates import NEVER, Mask, Positions
from places.greenwich.tally import TruthRow, tally_dsr, tally_mean, tally_proportion
from places.greenwich.world import World

# The last day after a discharge on which a new emergency is a readmission.
_LAST_DAY_BACK = 29
# More days than any date has: makes one number of a person and a day.
_SPAN = 1 << 21


def truth_rows(world: World, hospital: Hospital) -> list[TruthRow]:
    """True figures of the four indicators of hospital care."""
    emergencies, falls, readmissions = contributions(hospital)
    noted = take(hospital.spells, hospital.spells.known & (hospital.spells.ready != NEVER))
    return [
        *tally_dsr(world, emergencies.indicator_id, np.asarray(emergencies.when), emergencies.person),
        *tally_dsr(world, falls.indicator_id, np.asarray(falls.when), falls.person),
        *tally_proportion(
            world, readmissions.indicator_id, np.asarray(readmissions.when), readmissions.person, readmissions.numerator
        ),
        *tally_mean(world, "discharge_delay", noted.discharge, noted.person, noted.discharge - noted.ready),
    ]


def contributions(hospital: Hospital) -> Contributions:
    """Emergency admissions, falls and readmissions, in that order; stays nobody can link are left out."""
    stays = take(hospital.stays, hospital.stays.known)
    urgent = stays.method >= FIRST_EMERGENCY
    overnight = urgent & ~stays.same_day_care & (stays.discharge > stays.admission)
    fell = urgent & is_fall(stays)
    alive = stays.destination != TO_DEATH
    back = _back(stays, urgent)
    return [
        events("emergency_admissions", stays.discharge[overnight], stays.person[overnight]),
        events("falls_admissions_65_over", stays.discharge[fell], stays.person[fell]),
        proportion(
            "emergency_readmission_30d", stays.discharge[alive], stays.person[alive], back[alive].astype(np.int64)
        ),
    ]


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
