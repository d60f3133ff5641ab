"""What decided journeys come to as figures: completion of opiate treatment, sustained recovery, waiting for triage.

Belongs here: counting decisions. Not here: deciding (`treatment`), writing files (`treatment_files`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from places.greenwich.care.contributions import Contributions, of_periods, proportion
from places.greenwich.care.records import take
from places.greenwich.care.residents import Residents
from places.greenwich.care.treatment import Journeys, Treatment
from places.greenwich.dates import NEVER, Mask, Positions, day_number, spans
from places.greenwich.tally import TruthRow, tally_by_period, tally_median, tally_proportion
from places.greenwich.world import World

_HALF_A_YEAR, _A_YEAR = 182, 365


def truth_rows(world: World, treatment: Treatment) -> list[TruthRow]:
    """True figures of the three indicators of treatment."""
    day, person, kept = recovery(world, treatment)
    seen = take(treatment.episodes, treatment.episodes.consent & (treatment.episodes.triage != NEVER))
    return [
        *tally_by_period(world, "opiate_treatment_completion", completion(treatment)),
        *tally_proportion(world, "sustained_recovery", day, person, kept),
        *tally_median(world, "treatment_wait", seen.triage, seen.person, seen.triage - seen.referral),
    ]


def contributions(world: World, treatment: Treatment) -> Contributions:
    """Who contributes what to the proportions."""
    day, person, kept = recovery(world, treatment)
    return [
        *of_periods("opiate_treatment_completion", completion(treatment)),
        proportion("sustained_recovery", day, person, kept),
    ]


def _visible(treatment: Treatment) -> tuple[Journeys, Positions]:
    """Journeys that may be used, and the first day of the same person's next one, NEVER without one."""
    journeys = take(treatment.journeys, treatment.journeys.consent)
    following = np.full(len(journeys.person), NEVER, dtype=np.int64)
    same = journeys.person[1:] == journeys.person[:-1]
    following[:-1][same] = journeys.start[1:][same]
    return journeys, following


def completion(treatment: Treatment) -> dict[tuple[str, str], tuple[Positions, Positions]]:
    """People in opiate treatment in each period, and whether their latest journey in it ended well for half a year."""
    journeys, following = _visible(treatment)
    well = journeys.completed & (following > journeys.end + _HALF_A_YEAR)
    found = {}
    for kind in ("quarter", "year", "rolling_year"):
        for span in spans(kind):
            first, last = day_number(span.period.start), day_number(span.period.end)
            inside = np.flatnonzero(journeys.opiate & (journeys.start <= last) & (journeys.end >= first))
            latest = inside[_last_of_each(journeys.person[inside])]
            numerator = well[latest] & (journeys.end[latest] <= last)
            found[kind, span.period.label] = (journeys.person[latest], numerator.astype(np.int64))
    return found


def _last_of_each(person: Positions) -> Mask:
    """The last place of each run of equal people."""
    if not len(person):
        return np.zeros(0, dtype=bool)
    return np.append(person[1:] != person[:-1], True)


def recovery(world: World, treatment: Treatment) -> tuple[Positions, Positions, NDArray[np.int64]]:
    """Day and person of each completed journey that can be judged, and 1 where nobody saw them back for a year."""
    journeys, following = _visible(treatment)
    death = Residents(world).known_death[journeys.person]
    judged = journeys.completed & ~((death > journeys.end) & (death <= journeys.end + _A_YEAR))
    stayed = following > journeys.end + _A_YEAR
    return journeys.end[judged], journeys.person[judged], stayed[judged].astype(np.int64)
