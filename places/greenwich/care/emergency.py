"""Emergency departments: attendances at one trust, what they come to with community contacts, and the quarterly files.

Belongs here: who attends when and how it ends, the true share of contacts in the community, who comes often. Not here:
stays in hospital (`hospital`), contacts of community services (`contacts`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from places.base import Submission
from places.greenwich.care import contacts, dirt
from places.greenwich.care.community import Referrals
from places.greenwich.care.contributions import Contribution, Contributions, of_periods, proportion
from places.greenwich.care.files import dirty_submission
from places.greenwich.care.records import take
from places.greenwich.care.residents import Residents, sex_texts, status_texts, texts_of, token_texts
from places.greenwich.care.writing import Table, Texts, day_texts, numbered, repeated
from places.greenwich.dates import FIRST_DAY, LAST_DAY, Mask, Positions, day_number, spans
from places.greenwich.files import rolling_windows
from places.greenwich.tally import TruthRow, tally_by_period, tally_proportion
from places.greenwich.world import World

FEED, TRUST = "emergency_care", "ZAT1"
WINDOWS = rolling_windows(3)
OFTEN = 5
DEPARTMENTS, _DEPARTMENT_SHARES = ("01", "02", "03", "04", "05"), [0.62, 0.03, 0.24, 0.05, 0.06]
CATEGORIES, _CATEGORY_SHARES = ("1", "2", "3", "4"), [0.9, 0.05, 0.02, 0.03]
STATUSES = ("admitted", "transferred", "discharged", "left_before_treatment", "died")
_STATUS_SHARES = [0.24, 0.02, 0.69, 0.047, 0.003]
SAME_DAY_CARE, PLANNED, LEFT = DEPARTMENTS.index("05"), CATEGORIES.index("4"), STATUSES.index("left_before_treatment")
_YEARLY = ((5, 18, 40, 65, 75, 85), (0.20, 0.10, 0.11, 0.11, 0.16, 0.26, 0.42))
# A few people come again and again.
_OFTEN_SHARE, _OFTEN_TIMES = 0.004, 30.0
_FREQUENT, _SHARE = "frequent_emergency_attendance", "community_share_of_contacts"


@dataclass(frozen=True)
class Attendances:
    """One place an attendance, in order of day and person. Codes point into the tuples of this module.

    linked: whether the trust writes a number that names the person.
    """

    person: Positions
    day: Positions
    department: Positions
    category: Positions
    status: Positions
    minutes: Positions
    acuity: Positions
    linked: Mask


def decide(world: World) -> Attendances:
    """All attendances of drawn people."""
    residents = Residents(world)
    random = world.rng("care/emergency")
    factor = residents.by_fifth((1.35, 1.15, 1.0, 0.88, 0.75))
    factor = factor * np.where(np.arange(world.people) >= world.registered, 0.3, 1.0)
    factor = factor * np.where(random.random(world.people) < _OFTEN_SHARE, _OFTEN_TIMES, 1.0)
    person, day = residents.arrivals(random, _YEARLY, factor, FIRST_DAY, LAST_DAY)
    born = day >= world.birth_day[person]
    person, day = person[born], day[born]
    order = np.lexsort((person, day))
    person, day = person[order], day[order]
    count = len(person)
    unknown = random.random(world.people) < 0.006

    def coded(shares: list[float]) -> Positions:
        return random.choice(len(shares), size=count, p=shares).astype(np.int64)

    return Attendances(
        person,
        day,
        coded(_DEPARTMENT_SHARES),
        coded(_CATEGORY_SHARES),
        coded(_STATUS_SHARES),
        15 + np.floor(random.gamma(2.2, 90.0, size=count)).astype(np.int64),
        1 + coded([0.02, 0.16, 0.45, 0.33, 0.04]),
        world.has_number[person] & ~unknown[person],
    )


def _unplanned(attendances: Attendances) -> Mask:
    found: Mask = (attendances.department != SAME_DAY_CARE) & (attendances.category != PLANNED)
    return found


def _named(attendances: Attendances) -> Positions:
    return np.where(attendances.linked, attendances.person, -1)


def _settings(attendances: Attendances, referrals: Referrals, visits: contacts.Contacts) -> Contribution:
    """Every contact in either setting, and whether it was in the community."""
    acute = take(attendances, _unplanned(attendances) & (attendances.status != LEFT))
    seen = take(visits, contacts.attended(visits))
    patient = np.where(referrals.linked, referrals.person, -1)[seen.referral]
    return proportion(
        _SHARE,
        np.concatenate([acute.day, seen.day]),
        np.concatenate([_named(acute), patient]),
        np.repeat(np.array([0, 1], dtype=np.int64), [len(acute.day), len(seen.day)]),
    )


def frequent(attendances: Attendances) -> dict[tuple[str, str], tuple[Positions, NDArray[np.int64]]]:
    """People who came in each year, and whether they came five times or more.

    Whoever no row names still has one reference at the trust, which makes one person of their attendances.
    """
    kept = take(attendances, _unplanned(attendances))
    found = {}
    for kind in ("year", "rolling_year"):
        for span in spans(kind):
            first, last = day_number(span.period.start), day_number(span.period.end)
            inside = (kept.day >= first) & (kept.day <= last)
            person, where, times = np.unique(kept.person[inside], return_inverse=True, return_counts=True)
            linked = np.zeros(len(person), dtype=bool)
            linked[where] = kept.linked[inside]
            found[kind, span.period.label] = (np.where(linked, person, -1), (times >= OFTEN).astype(np.int64))
    return found


def contributions(attendances: Attendances, referrals: Referrals, visits: contacts.Contacts) -> Contributions:
    """Contacts by setting, and people who came by year."""
    return [_settings(attendances, referrals, visits), *of_periods(_FREQUENT, frequent(attendances))]


def truth_rows(
    world: World, attendances: Attendances, referrals: Referrals, visits: contacts.Contacts
) -> list[TruthRow]:
    """True shares of contacts in the community, and of people who come often."""
    both = _settings(attendances, referrals, visits)
    rows = tally_proportion(world, _SHARE, np.asarray(both.when), both.person, both.numerator)
    return rows + tally_by_period(world, _FREQUENT, frequent(attendances))


_NAMES = {
    "organisation": "provider_code",
    "attendance_id": "attendance.arrival.attendance_identifier",
    "person_token": "person_token",
    "local_token": "local_token",
    "nhs_number_status": "nhs_number_status",
    "birth_month": "birth_month",
    "sex": "stated_gender",
    "department_type": "attendance.location.department_type",
    "arrival_date": "attendance.arrival.date",
    "attendance_category": "attendance.arrival.attendance_category",
    "by_ambulance": "by_ambulance",
    "acuity": "clinical.acuity",
    "injury": "clinical.chief_complaint.is_injury_related",
    "assessed_after_minutes": "attendance.initial_assessment.time_since_arrival",
    "left_after_minutes": "attendance.departure.time_since_arrival",
    "departure_date": "attendance.departure.date",
    "discharge_status": "discharge_status",
}
_DIRT = dirt.Rules(
    _NAMES["attendance_id"],
    _NAMES["department_type"],
    (_NAMES["attendance_category"], "9"),
    (_NAMES["arrival_date"], _NAMES["departure_date"]),
)


def submissions(world: World, attendances: Attendances, planted: dirt.Planted) -> Iterator[Submission]:
    """The quarterly files, oldest first."""
    reference = numbered("ED", np.arange(1, len(attendances.day) + 1))
    for place, (start, end) in enumerate(WINDOWS):
        rows = np.flatnonzero((attendances.day >= start) & (attendances.day <= end))
        own = take(attendances, rows)
        left = own.day + (own.minutes > 360)
        table = _table(world, own, left, reference[rows]).renamed([*_NAMES.values()])
        random = world.rng(f"care/emergency/dirt/{place}")
        # swapped dates must leave the row inside the quarter the file covers
        yield dirty_submission(planted, random, _DIRT, (FEED, TRUST), (start, end, 1), table, left <= end)


def _table(world: World, rows: Attendances, left: Positions, reference: Texts) -> Table:
    def texts(codes: Positions, words: tuple[str, ...]) -> Texts:
        found: Texts = np.array(words, dtype=object)[codes]
        return found

    return Table(
        {
            "organisation": repeated(TRUST, len(rows.day)),
            "attendance_id": reference,
            "person_token": token_texts(world.person_token(rows.person), rows.linked),
            "local_token": texts_of(world.local_token(TRUST, numbered("E", rows.person).tolist())),
            "nhs_number_status": status_texts(world, rows.person, ~rows.linked),
            "birth_month": texts_of(world.birth_months(rows.person)),
            "sex": sex_texts(world, rows.person),
            "department_type": texts(rows.department, DEPARTMENTS),
            "arrival_date": day_texts(rows.day),
            "attendance_category": texts(rows.category, CATEGORIES),
            "by_ambulance": np.where(rows.acuity <= 2, "Y", "N").astype(object),
            "acuity": rows.acuity.astype(str).astype(object),
            "injury": np.where(rows.minutes % 4 == 0, "Y", "N").astype(object),
            "assessed_after_minutes": (rows.minutes // 10).astype(str).astype(object),
            "left_after_minutes": rows.minutes.astype(str).astype(object),
            "departure_date": day_texts(left),
            "discharge_status": texts(rows.status, STATUSES),
        }
    )
