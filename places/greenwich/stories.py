"""Twenty hand-written residents on the boundaries of registration, invitation, blood pressure and death.

Belongs here: who they are, what befalls them, and what each must contribute, reckoned by hand from the story alone.
Not here: stories of treatment, hospitals, quitting, referrals and social care (`care.story_book`).

"On the first" is the first of a month, the day on which a month's population is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from places.greenwich.geography import OUTSIDE, areas
from places.greenwich.people import Expectation, NumberStatus, Registration, StoryPerson

_AREAS = areas().codes
# Two areas of the two ends of the list, and the day everybody ordinary was registered long before.
_HOME, _ELSEWHERE = _AREAS[10], _AREAS[120]
_LONG_AGO = date(2015, 5, 18)


@dataclass(frozen=True)
class StoryInvitation:
    """An invitation to a health check, and the day the person came."""

    story_id: str
    invited: date
    attended: date | None = None


@dataclass(frozen=True)
class StoryReading:
    """A row of a quarter's snapshot of people with hypertension, in the register of a network (1 to 6)."""

    story_id: str
    network: int
    snapshot: date
    read: date | None
    systolic: int
    diastolic: int


@dataclass(frozen=True)
class StoryDeath:
    """Where a person died; the day stands with the person."""

    story_id: str
    place: str
    external: bool = False


@dataclass(frozen=True)
class StoryPlan:
    """A plan for the end of life; sender 0 is the hospice, 1 the community provider."""

    story_id: str
    sender: int
    created: date
    place: str
    reviewed: date | None = None
    ended: date | None = None


@dataclass(frozen=True)
class StoryCourse:
    """A course of weight management or activity. weights: tenths of a kilogram at start and end, -1 where not taken."""

    story_id: str
    sender: int
    programme: str
    started: date
    ended: date | None = None
    status: str | None = None
    weights: tuple[int, int] = (-1, -1)
    minutes: tuple[int, int] = (-1, -1)


@dataclass(frozen=True)
class StoryCarer:
    """An event of a carer; sender 0 is the council, 1 the carers centre."""

    story_id: str
    sender: int
    kind: str
    start: date
    end: date | None = None
    support: str | None = None


@dataclass(frozen=True)
class StoryOffer:
    """A winter plan offered."""

    story_id: str
    offered: date


def _person(
    story_id: str,
    sentence: str,
    names: str,
    sex: int,
    born: date,
    *,
    registrations: tuple[Registration, ...] = (Registration(2, _HOME, _LONG_AGO),),
    died: date | None = None,
    number: NumberStatus = "valid",
    postcode: str = "ZZ98 1AA",
) -> StoryPerson:
    forename, _, surname = names.partition(" ")
    return StoryPerson(story_id, sentence, forename, surname, sex, born, registrations, died, number, postcode)


STORY_PEOPLE: tuple[StoryPerson, ...] = (
    _person(
        "came-on-day-182",
        "Invited on 1 July 2023, came 182 days later: the last day that counts.",
        "Orla Vantage",
        2,
        date(1968, 3, 9),
    ),
    _person(
        "came-on-day-183",
        "Invited on 1 July 2023, came 183 days later: one day too late. The pressure read then serves for 365 days.",
        "Odo Vantage",
        1,
        date(1967, 8, 2),
    ),
    _person(
        "forty-this-month",
        "Invited three weeks before the fortieth birthday: the month of birth makes 40 of it on 1 May 2024.",
        "Tamsel Brook",
        2,
        date(1984, 5, 31),
    ),
    _person(
        "forty-next-month",
        "Invited on the eve of the fortieth birthday, which lies in the next month: 39 on 1 May 2024.",
        "Rufel Brook",
        1,
        date(1984, 6, 1),
    ),
    _person(
        "seventy-four-still",
        "Invited and seen on the eve of the seventy-fifth birthday: 74 on 1 June 2024, so in.",
        "Hesta Quill",
        2,
        date(1949, 7, 1),
    ),
    _person(
        "seventy-five-this-month",
        "Invited on 1 June 2024, 75 at the end of that month: 75 by the month of birth, so out.",
        "Bertil Quill",
        1,
        date(1949, 6, 30),
    ),
    _person(
        "joined-on-the-second",
        "Registered on 2 March 2024 and invited that month: not yet here on the first, so not counted.",
        "Junia Marrow",
        2,
        date(1970, 10, 10),
        registrations=(Registration(9, _HOME, date(2024, 3, 2)),),
    ),
    _person(
        "left-on-the-first",
        "Registration ends on 1 February 2024 and the invitation is of that day: still here on the first.",
        "Alden Marrow",
        1,
        date(1971, 1, 20),
        registrations=(Registration(9, _HOME, _LONG_AGO, date(2024, 2, 1)),),
    ),
    _person(
        "left-the-day-before",
        "Registration ends on 31 January 2024, the invitation is of the next day: no longer here.",
        "Edda Marrow",
        2,
        date(1972, 4, 4),
        registrations=(Registration(9, _HOME, _LONG_AGO, date(2024, 1, 31)),),
    ),
    _person(
        "told-too-late",
        "Lives outside the place. Came 318 days after the invitation, when no further file spoke of it.",
        "Wystan Thole",
        1,
        date(1965, 12, 24),
        registrations=(Registration(14, OUTSIDE[2], _LONG_AGO),),
    ),
    _person(
        "no-number",
        "Nobody holds an NHS number: on the spine by name, but checks and snapshots cannot be linked.",
        "Ysolde Fenn",
        2,
        date(1960, 2, 29),
        number="missing",
    ),
    _person(
        "invalid-number",
        "The number held fails its check digit; died in a hospice, counted with everything unknown.",
        "Corvin Fenn",
        1,
        date(1958, 7, 17),
        died=date(2024, 5, 20),
        registrations=(Registration(20, _ELSEWHERE, _LONG_AGO, date(2024, 6, 10)),),
        number="invalid",
    ),
    _person(
        "eighty-in-april",
        "Blood pressure on the limits through the eightieth birthday: 140/90 until March 2024, 150/90 from then on.",
        "Agnet Summers",
        2,
        date(1944, 4, 30),
    ),
    _person(
        "reading-a-year-old",
        "One reading of 1 January 2024: 365 days before the last snapshot of 2024, too old for the next.",
        "Piran Summers",
        1,
        date(1955, 9, 9),
    ),
    _person(
        "two-networks-on-the-first",
        "Moves to another network on 1 May 2024; the old one keeps a row until August, with an older reading.",
        "Ketty Lowmoor",
        2,
        date(1959, 4, 1),
        registrations=(
            Registration(4, _HOME, _LONG_AGO, date(2024, 8, 15)),
            Registration(28, _ELSEWHERE, date(2024, 5, 1)),
        ),
    ),
    _person(
        "died-on-the-first",
        "Died at home on 1 March 2024: here on the first of March, so the death is of a known resident.",
        "Osric Penhale",
        1,
        date(1938, 11, 11),
        died=date(2024, 3, 1),
        registrations=(Registration(33, _ELSEWHERE, _LONG_AGO, date(2024, 3, 21)),),
    ),
    _person(
        "died-the-day-before",
        "Died on 29 February 2024; the practice learned of it three weeks later and still sent an invitation in March.",
        "Nerys Penhale",
        2,
        date(1952, 6, 6),
        died=date(2024, 2, 29),
        registrations=(Registration(33, _ELSEWHERE, _LONG_AGO, date(2024, 3, 21)),),
    ),
    _person(
        "practice-changes-network",
        "Sixty-five on 1 April 2024; the practice joins another network on 1 October 2024, nobody moved.",
        "Garmon Idle",
        1,
        date(1959, 4, 1),
        registrations=(Registration(6, _HOME, _LONG_AGO),),
    ),
    _person(
        "twin-one",
        "Same surname, birthday and postcode as the other twin: invited, and came.",
        "Merrin Twinefield",
        2,
        date(1975, 1, 1),
        postcode="ZZ98 7TW",
    ),
    _person(
        "twin-two",
        "Same surname, birthday and postcode as the other twin: invited, and did not come.",
        "Morwen Twinefield",
        2,
        date(1975, 1, 1),
        postcode="ZZ98 7TW",
    ),
)

INVITATIONS: tuple[StoryInvitation, ...] = (
    StoryInvitation("came-on-day-182", date(2023, 7, 1), date(2023, 12, 30)),
    StoryInvitation("came-on-day-183", date(2023, 7, 1), date(2023, 12, 31)),
    StoryInvitation("forty-this-month", date(2024, 5, 10)),
    StoryInvitation("forty-next-month", date(2024, 5, 31), date(2024, 6, 14)),
    StoryInvitation("seventy-four-still", date(2024, 6, 30), date(2024, 6, 30)),
    StoryInvitation("seventy-five-this-month", date(2024, 6, 1), date(2024, 6, 20)),
    StoryInvitation("joined-on-the-second", date(2024, 3, 15), date(2024, 4, 2)),
    StoryInvitation("left-on-the-first", date(2024, 2, 1)),
    StoryInvitation("left-the-day-before", date(2024, 2, 1)),
    StoryInvitation("told-too-late", date(2023, 5, 20), date(2024, 4, 2)),
    StoryInvitation("no-number", date(2024, 1, 10), date(2024, 1, 31)),
    StoryInvitation("two-networks-on-the-first", date(2024, 5, 1), date(2024, 5, 31)),
    StoryInvitation("died-the-day-before", date(2024, 3, 5)),
    StoryInvitation("practice-changes-network", date(2024, 10, 1), date(2025, 3, 31)),
    StoryInvitation("twin-one", date(2024, 9, 2), date(2024, 9, 30)),
    StoryInvitation("twin-two", date(2024, 9, 2)),
)

_Q3, _Q4 = date(2023, 12, 31), date(2024, 3, 31)
_NEXT_Q1, _NEXT_Q2, _NEXT_Q3, _NEXT_Q4 = date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31), date(2025, 3, 31)
READINGS: tuple[StoryReading, ...] = (
    StoryReading("eighty-in-april", 1, _Q3, date(2023, 12, 31), 150, 90),
    StoryReading("eighty-in-april", 1, _Q4, date(2024, 3, 31), 140, 90),
    StoryReading("eighty-in-april", 1, _NEXT_Q1, date(2024, 6, 3), 150, 90),
    StoryReading("eighty-in-april", 1, _NEXT_Q2, date(2024, 9, 3), 151, 90),
    StoryReading("eighty-in-april", 1, _NEXT_Q3, date(2024, 12, 3), 150, 91),
    StoryReading("reading-a-year-old", 1, _NEXT_Q3, date(2024, 1, 1), 120, 70),
    StoryReading("reading-a-year-old", 1, _NEXT_Q4, date(2024, 1, 1), 120, 70),
    StoryReading("came-on-day-183", 1, _NEXT_Q2, date(2023, 12, 31), 131, 79),
    StoryReading("came-on-day-183", 1, _NEXT_Q3, date(2023, 12, 31), 131, 79),
    StoryReading("no-number", 1, _NEXT_Q1, date(2024, 6, 3), 120, 70),
    StoryReading("two-networks-on-the-first", 1, _NEXT_Q1, date(2023, 11, 6), 171, 101),
    StoryReading("two-networks-on-the-first", 5, _NEXT_Q1, date(2024, 5, 31), 128, 78),
)

DEATHS: tuple[StoryDeath, ...] = (
    StoryDeath("invalid-number", "hospice"),
    StoryDeath("died-on-the-first", "home"),
    StoryDeath("died-the-day-before", "care_home"),
)

# The wish told last counts, also on the day of the death; a plan closed on its eve does not.
PLANS: tuple[StoryPlan, ...] = (
    StoryPlan("died-on-the-first", 0, date(2023, 11, 1), "home", date(2024, 2, 10), date(2024, 3, 1)),
    StoryPlan("died-on-the-first", 1, date(2024, 1, 8), "hospital", date(2024, 2, 9)),
    StoryPlan("died-on-the-first", 1, date(2024, 2, 20), "not_discussed"),
    StoryPlan("died-the-day-before", 0, date(2023, 12, 5), "care_home", None, date(2024, 2, 28)),
    StoryPlan("died-in-hospital", 1, date(2024, 5, 2), "hospital", date(2024, 8, 20), date(2024, 8, 29)),
    StoryPlan("died-in-hospital", 0, date(2024, 4, 2), "home", date(2024, 8, 21)),
    StoryPlan("died-within-the-year", 0, date(2023, 7, 3), "hospice", date(2023, 8, 1)),
    StoryPlan("invalid-number", 0, date(2024, 1, 15), "hospice", date(2024, 4, 2)),
)

# The 182nd day and the next; a twentieth of the weight and a tenth of a kilogram less.
_WEIGHT_COURSE, _ACTIVITY_COURSE, _MAY = "adult_weight_management", "activity_on_referral", date(2024, 5, 1)
COURSES: tuple[StoryCourse, ...] = (
    StoryCourse("came-on-day-182", 0, _WEIGHT_COURSE, _MAY, date(2024, 10, 30), "completed", (1000, 950)),
    StoryCourse("came-on-day-183", 0, _WEIGHT_COURSE, _MAY, date(2024, 10, 31), "completed", (1000, 950)),
    StoryCourse("twin-one", 1, _WEIGHT_COURSE, _MAY, date(2024, 7, 24), "completed", (1000, 951)),
    StoryCourse("twin-two", 1, _WEIGHT_COURSE, _MAY, date(2024, 7, 1), "left_early", (1000, 900)),
    StoryCourse("reading-a-year-old", 1, _WEIGHT_COURSE, _MAY),
    StoryCourse("came-on-day-182", 1, _ACTIVITY_COURSE, _MAY, date(2024, 7, 24), "completed", minutes=(29, 150)),
    StoryCourse("came-on-day-183", 0, _ACTIVITY_COURSE, _MAY, date(2024, 7, 24), "completed", minutes=(30, 149)),
    StoryCourse("twin-one", 0, _ACTIVITY_COURSE, _MAY, date(2024, 7, 24), "completed", minutes=(149, 150)),
    StoryCourse("twin-two", 0, _ACTIVITY_COURSE, _MAY, date(2024, 7, 24), "completed", minutes=(150, 240)),
)

# Answered on the 28th day and on the next, by advice alone, by respite; not at all, with the 28 days just over or not.
_MARCH, _JUNE = date(2024, 3, 1), date(2025, 6, 2)
CARERS: tuple[StoryCarer, ...] = (
    StoryCarer("forty-this-month", 0, "Request", _MARCH, _MARCH),
    StoryCarer("forty-this-month", 1, "Assessment", date(2024, 3, 20), date(2024, 3, 29)),
    StoryCarer("forty-this-month", 0, "Service", date(2024, 3, 31), None, "direct_payment"),
    StoryCarer("forty-this-month", 0, "Review", date(2024, 6, 3), date(2024, 6, 3)),
    StoryCarer("forty-next-month", 0, "Request", _MARCH, _MARCH),
    StoryCarer("forty-next-month", 0, "Assessment", date(2024, 3, 20), date(2024, 3, 30)),
    StoryCarer("forty-next-month", 0, "Service", date(2024, 4, 1), None, "managed_budget"),
    StoryCarer("seventy-four-still", 0, "Request", _MARCH, _MARCH),
    StoryCarer("seventy-four-still", 0, "Service", date(2024, 3, 4), None, "information_and_advice"),
    StoryCarer("twin-one", 1, "Request", _MARCH, _MARCH),
    StoryCarer("twin-one", 1, "Service", date(2024, 3, 29), date(2024, 6, 30), "respite"),
    StoryCarer("twin-two", 1, "Request", _JUNE, _JUNE),
    StoryCarer("joined-on-the-second", 1, "Request", date(2025, 6, 3), date(2025, 6, 3)),
)

# Eighty-five in the month of November 2023, offered on the last day that counts; before the first; on it a year later.
OFFERS: tuple[StoryOffer, ...] = (
    StoryOffer("died-on-the-first", date(2023, 12, 31)),
    StoryOffer("reablement-and-care-home", date(2023, 8, 31)),
    StoryOffer("reablement-and-care-home", date(2024, 9, 1)),
    StoryOffer("eighty-in-april", date(2024, 10, 1)),
)

_CHECK, _PRESSURE, _DEATH = "health_check_uptake", "hypertension_treated", "deaths_usual_place"
_OFFERED, _RECEIVED = "health_check_offered", "health_check_received"
_PRESSURE_79 = "hypertension_treated_79_under"
_LIGHTER, _ACTIVE, _INACTIVE = "weight_loss_5_percent", "became_active", "left_inactivity"
_ANSWERED, _BUDGET = "carers_answered_28_days", "carers_personal_budget"
_REVIEWED = "carers_budget_reviewed"
_WINTER = "winter_plan_offered_85_over"
_RECORDED, _MET = "preferred_place_recorded", "died_in_preferred_place"
EXPECTED: tuple[Expectation, ...] = (
    Expectation("came-on-day-182", _CHECK, "2023-07-01", 1, 1),
    Expectation("came-on-day-183", _CHECK, "2023-07-01", 0, 1),
    Expectation("came-on-day-183", _PRESSURE, "2024-25-q2", 1, 1),
    Expectation("came-on-day-183", _PRESSURE, "2024-25-q3", 0, 1),
    Expectation("forty-this-month", _CHECK, "2024-05-10", 0, 1),
    Expectation("forty-next-month", _CHECK, "2024-05-31", 0, 0),
    Expectation("seventy-four-still", _CHECK, "2024-06-30", 1, 1),
    Expectation("seventy-five-this-month", _CHECK, "2024-06-01", 0, 0),
    Expectation("joined-on-the-second", _CHECK, "2024-03-15", 0, 0),
    Expectation("left-on-the-first", _CHECK, "2024-02-01", 0, 1),
    Expectation("left-the-day-before", _CHECK, "2024-02-01", 0, 0),
    Expectation("told-too-late", _CHECK, "2023-05-20", 0, 1),
    Expectation("came-on-day-182", _OFFERED, "2023-07-01", 1, 1),
    Expectation("came-on-day-182", _RECEIVED, "2023-12-30", 1, 1),
    Expectation("came-on-day-183", _RECEIVED, "2023-12-31", 1, 1),
    Expectation("forty-this-month", _OFFERED, "2024-05-10", 1, 1),
    Expectation("forty-next-month", _OFFERED, "2024-05-31", 0, 0),
    Expectation("forty-next-month", _RECEIVED, "2024-06-14", 1, 1),
    Expectation("seventy-four-still", _OFFERED, "2024-06-30", 1, 1),
    Expectation("seventy-four-still", _RECEIVED, "2024-06-30", 1, 1),
    Expectation("seventy-five-this-month", _OFFERED, "2024-06-01", 0, 0),
    Expectation("seventy-five-this-month", _RECEIVED, "2024-06-20", 0, 0),
    Expectation("joined-on-the-second", _OFFERED, "2024-03-15", 0, 0),
    Expectation("joined-on-the-second", _RECEIVED, "2024-04-02", 1, 1),
    Expectation("told-too-late", _OFFERED, "2023-05-20", 1, 1),
    Expectation("told-too-late", _RECEIVED, "2024-04-02", 0, 0),
    Expectation("practice-changes-network", _RECEIVED, "2025-03-31", 1, 1),
    Expectation("no-number", _CHECK, "2024-01-10", 0, 0),
    Expectation("no-number", _PRESSURE, "2024-25-q1", 0, 0),
    # counted, but as the death of nobody in particular
    Expectation("invalid-number", _DEATH, "2024-05-20", 0, 0),
    Expectation("eighty-in-april", _PRESSURE, "2023-24-q3", 0, 1),
    Expectation("eighty-in-april", _PRESSURE, "2023-24-q4", 1, 1),
    Expectation("eighty-in-april", _PRESSURE, "2023-24", 1, 1),
    Expectation("eighty-in-april", _PRESSURE, "2024-03-r12", 1, 1),
    Expectation("eighty-in-april", _PRESSURE, "2024-25-q1", 1, 1),
    Expectation("eighty-in-april", _PRESSURE, "2024-25-q2", 0, 1),
    Expectation("eighty-in-april", _PRESSURE, "2024-25-q3", 0, 1),
    Expectation("eighty-in-april", _PRESSURE_79, "2023-24-q3", 0, 1),
    Expectation("eighty-in-april", _PRESSURE_79, "2023-24-q4", 1, 1),
    Expectation("eighty-in-april", _PRESSURE_79, "2024-25-q1", 0, 0),
    Expectation("reading-a-year-old", _PRESSURE, "2024-25-q3", 1, 1),
    Expectation("reading-a-year-old", _PRESSURE, "2024-25-q4", 0, 1),
    Expectation("two-networks-on-the-first", _CHECK, "2024-05-01", 1, 1),
    Expectation("two-networks-on-the-first", _PRESSURE, "2024-25-q1", 1, 1),
    Expectation("died-on-the-first", _DEATH, "2024-03-01", 1, 1),
    Expectation("died-the-day-before", _DEATH, "2024-02-29", 1, 1),
    Expectation("died-the-day-before", _CHECK, "2024-03-05", 0, 0),
    Expectation("practice-changes-network", _CHECK, "2024-10-01", 1, 1),
    Expectation("twin-one", _CHECK, "2024-09-02", 1, 1),
    Expectation("twin-two", _CHECK, "2024-09-02", 0, 1),
    Expectation("died-on-the-first", _RECORDED, "2024-03-01", 1, 1),
    Expectation("died-on-the-first", _MET, "2024-03-01", 1, 1),
    Expectation("died-the-day-before", _RECORDED, "2024-02-29", 0, 1),
    Expectation("died-the-day-before", _MET, "2024-02-29", 0, 0),
    Expectation("invalid-number", _RECORDED, "2024-05-20", 0, 0),
    Expectation("invalid-number", _MET, "2024-05-20", 0, 0),
    Expectation("died-in-hospital", _RECORDED, "2024-08-20", 1, 1),
    Expectation("died-in-hospital", _MET, "2024-08-20", 0, 1),
    Expectation("died-within-the-year", _RECORDED, "2024-06-01", 1, 1),
    Expectation("died-within-the-year", _MET, "2024-06-01", 0, 1),
    Expectation("came-on-day-182", _LIGHTER, "2024-05-01", 1, 1),
    Expectation("came-on-day-183", _LIGHTER, "2024-05-01", 0, 1),
    Expectation("twin-one", _LIGHTER, "2024-05-01", 0, 1),
    Expectation("twin-two", _LIGHTER, "2024-05-01", 0, 1),
    Expectation("reading-a-year-old", _LIGHTER, "2024-05-01", 0, 1),
    Expectation("came-on-day-182", _ACTIVE, "2024-05-01", 1, 1),
    Expectation("came-on-day-182", _INACTIVE, "2024-05-01", 1, 1),
    Expectation("came-on-day-183", _ACTIVE, "2024-05-01", 0, 1),
    Expectation("came-on-day-183", _INACTIVE, "2024-05-01", 0, 0),
    Expectation("twin-one", _ACTIVE, "2024-05-01", 1, 1),
    Expectation("twin-two", _ACTIVE, "2024-05-01", 0, 0),
    Expectation("forty-this-month", _ANSWERED, "2024-03-01", 1, 1),
    Expectation("forty-next-month", _ANSWERED, "2024-03-01", 0, 1),
    Expectation("seventy-four-still", _ANSWERED, "2024-03-01", 0, 1),
    Expectation("twin-one", _ANSWERED, "2024-03-01", 1, 1),
    Expectation("twin-two", _ANSWERED, "2025-06-02", 0, 1),
    Expectation("joined-on-the-second", _ANSWERED, "2025-06-03", 0, 0),
    Expectation("forty-this-month", _BUDGET, "2023-24-q4", 1, 1),
    Expectation("forty-this-month", _BUDGET, "2024-25", 1, 1),
    Expectation("forty-next-month", _BUDGET, "2023-24-q4", 0, 0),
    Expectation("seventy-four-still", _BUDGET, "2023-24-q4", 0, 0),
    Expectation("twin-one", _BUDGET, "2024-25-q1", 0, 1),
    Expectation("twin-one", _BUDGET, "2024-25-q2", 0, 0),
    Expectation("forty-this-month", _REVIEWED, "2024-25-q3", 0, 0),
    Expectation("forty-this-month", _REVIEWED, "2024-25-q4", 1, 1),
    Expectation("forty-this-month", _REVIEWED, "2025-26-q1", 0, 1),
    Expectation("forty-next-month", _REVIEWED, "2024-25-q4", 0, 0),
    Expectation("died-on-the-first", _WINTER, "2023-11-01", 1, 1),
    Expectation("died-on-the-first", _WINTER, "2024-11-01", 0, 0),
    Expectation("reablement-and-care-home", _WINTER, "2023-11-01", 0, 1),
    Expectation("reablement-and-care-home", _WINTER, "2024-11-01", 1, 1),
    Expectation("eighty-in-april", _WINTER, "2024-11-01", 0, 0),
)
