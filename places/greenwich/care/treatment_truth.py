"""What decided journeys come to as figures: completion of treatment, what came after, waiting for triage.

Belongs here: counting decisions. Not here: deciding (`treatment`), writing files (`treatment_files`).
"""

from __future__ import annotations

import numpy as np

from places.greenwich.care.contributions import Contribution, Contributions, of_periods, proportion
from places.greenwich.care.records import take
from places.greenwich.care.residents import Residents
from places.greenwich.care.treatment import ALCOHOL, NON_OPIATE, OPIATE, Journeys, Treatment
from places.greenwich.dates import NEVER, Mask, Positions, day_number, spans
from places.greenwich.tally import TruthRow, tally_by_period, tally_median, tally_proportion
from places.greenwich.world import World

_HALF_A_YEAR = 182
_COMPLETIONS = {
    "opiate_treatment_completion": OPIATE,
    "non_opiate_treatment_completion": NON_OPIATE,
    "alcohol_treatment_completion": ALCOHOL,
}
_RECOVERIES = {"sustained_recovery_6_months": 182, "sustained_recovery": 365, "sustained_recovery_24_months": 730}


def truth_rows(world: World, treatment: Treatment) -> list[TruthRow]:
    """True figures of the indicators of treatment."""
    seen = take(treatment.episodes, treatment.episodes.consent & (treatment.episodes.triage != NEVER))
    rows = tally_median(world, "treatment_wait", seen.triage, seen.person, seen.triage - seen.referral)
    for indicator, substance in _COMPLETIONS.items():
        rows += tally_by_period(world, indicator, completion(treatment, substance))
    for item in _after(world, treatment):
        rows += tally_proportion(world, item.indicator_id, np.asarray(item.when), item.person, item.numerator)
    return rows


def contributions(world: World, treatment: Treatment) -> Contributions:
    """Who contributes what to the proportions."""
    found = _after(world, treatment)
    for indicator, substance in _COMPLETIONS.items():
        found += of_periods(indicator, completion(treatment, substance))
    return found


def _visible(treatment: Treatment) -> tuple[Journeys, Positions]:
    """Journeys that may be used, and the first day of the same person's next one, NEVER without one."""
    journeys = take(treatment.journeys, treatment.journeys.consent)
    following = np.full(len(journeys.person), NEVER, dtype=np.int64)
    same = journeys.person[1:] == journeys.person[:-1]
    following[:-1][same] = journeys.start[1:][same]
    return journeys, following


def completion(treatment: Treatment, substance: int) -> dict[tuple[str, str], tuple[Positions, Positions]]:
    """People treated for that in each period, and whether their latest journey for it ended well for half a year."""
    journeys, following = _visible(treatment)
    well = journeys.completed & (following > journeys.end + _HALF_A_YEAR)
    found = {}
    for kind in ("quarter", "year", "rolling_year"):
        for span in spans(kind):
            first, last = day_number(span.period.start), day_number(span.period.end)
            inside = np.flatnonzero(
                (journeys.substance == substance) & (journeys.start <= last) & (journeys.end >= first)
            )
            latest = inside[_last_of_each(journeys.person[inside])]
            numerator = well[latest] & (journeys.end[latest] <= last)
            found[kind, span.period.label] = (journeys.person[latest], numerator.astype(np.int64))
    return found


def _last_of_each(person: Positions) -> Mask:
    """The last place of each run of equal people."""
    if not len(person):
        return np.zeros(0, dtype=bool)
    return np.append(person[1:] != person[:-1], True)


def _after(world: World, treatment: Treatment) -> list[Contribution]:
    """What came after journeys that ended: recovery that lasts, a return within half a year, and ends by death."""
    journeys, following = _visible(treatment)
    death = Residents(world).known_death[journeys.person]
    found = []
    for indicator, days in _RECOVERIES.items():
        judged = journeys.completed & (death > journeys.end + days)
        stayed = (following > journeys.end + days)[judged].astype(np.int64)
        found.append(proportion(indicator, journeys.end[judged], journeys.person[judged], stayed))
    done = take(journeys, journeys.completed)
    back = (following <= journeys.end + _HALF_A_YEAR)[journeys.completed].astype(np.int64)
    found.append(proportion("re_presentation_6_months", done.end, done.person, back))
    ended = take(journeys, journeys.end != NEVER)
    found.append(proportion("deaths_in_treatment", ended.end, ended.person, ended.died.astype(np.int64)))
    return found
