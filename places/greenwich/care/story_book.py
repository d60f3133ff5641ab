"""Twenty hand-written people whose care lies on the boundaries, and everything that was decided for them.

Belongs here: who they are and what happens, date by date. Not here: what the figures must make of it
(`story_expectations`).

Unless a story says otherwise the person is registered and lives in Greenwich throughout.
"""

from __future__ import annotations

from datetime import date as day

from places.greenwich.care.story_shapes import (
    StoryCare,
    StoryEpisode,
    StoryJourney,
    StoryQuit,
    StoryReferral,
    StoryStay,
)
from places.greenwich.people import Registration, StoryPerson

CHARITY, TRUST_SERVICE = "ZCR1", "ZMH1"
FIRST_TRUST, SECOND_TRUST = "ZAT1", "ZAT2"
RESIDENTIAL, NURSING = "Long Term Support: Residential Care", "Long Term Support: Nursing Care"
COMMUNITY = "Long Term Support: Community"
REABLEMENT, OTHER_SHORT = "Short Term Support: ST-Max", "Short Term Support: Other Short Term"


def _person(
    story_id: str, sentence: str, name: str, sex: int, born: day, practice: int, lsoa: str, died: day | None = None
) -> StoryPerson:
    forename, surname = name.split()
    here = Registration(practice, lsoa, day(2015, 6, 1), died)
    return StoryPerson(story_id, sentence, forename, surname, sex, born, (here,), died)


STORY_PEOPLE: tuple[StoryPerson, ...] = (
    _person(
        "gap-of-21-days",
        "Completes at the charity and begins at the trust's service 21 days later: still the same journey.",
        "Orrin Tallowmere", 1, day(1979, 3, 14), 1, "E01001571",
    ),
    _person(
        "gap-of-22-days",
        "Completes at the charity and begins at the trust's service 22 days later: a new journey, not recovered.",
        "Perdita Tallowmere", 2, day(1983, 8, 2), 2, "E01001572",
    ),
    _person(
        "back-after-182-days",
        "Completes opiate treatment and is back at the other provider on day 182: the completion does not count.",
        "Caspian Wrenfold", 1, day(1975, 1, 30), 8, "E01001571",
    ),
    _person(
        "back-after-183-days",
        "Completes opiate treatment and is back at the other provider on day 183: completed, but not for a year.",
        "Isolde Wrenfold", 2, day(1986, 11, 9), 9, "E01001572",
    ),
    _person(
        "back-after-a-year",
        "Completes alcohol treatment and is back on day 366: sustained; completes again and is back on day 365: not.",
        "Lorcan Fennimore", 1, day(1968, 5, 21), 14, "E01001571",
    ),
    _person(
        "died-within-the-year",
        "Completes alcohol treatment and dies seven months later: not among those whose recovery can be judged.",
        "Tobiah Harrowgate", 1, day(1961, 2, 17), 20, "E01001571", day(2024, 6, 1),
    ),
    _person(
        "consent-withheld",
        "Completes with consent, and is back two months later without: nobody may see that, so the completion stands.",
        "Junia Harrowgate", 2, day(1990, 7, 7), 21, "E01001572",
    ),
    _person(
        "seven-quit-dates",
        "Seven quit dates: a clean breath on day 24, 25, 42 and 43; on their own word; told a file late; lost.",
        "Ansel Quillon", 1, day(1977, 10, 10), 26, "E01001571",
    ),
    _person(
        "nights-in-hospital",
        "In hospital over midnight (counts), for a day (does not), and overnight under same-day care (does not).",
        "Hester Vayle", 2, day(1972, 9, 19), 32, "E01001571",
    ),
    _person(
        "between-two-hospitals",
        "Moved to the other hospital on the same day, on the next, and two days later: one stay, one stay, two.",
        "Silas Vayle", 1, day(1958, 1, 5), 33, "E01001572",
    ),
    _person(
        "back-in-hospital",
        "Back as an emergency on day 29, again on day 30, then once by plan: only the first is a readmission.",
        "Odette Marrowby", 2, day(1966, 6, 28), 3, "E01001571",
    ),
    _person(
        "falls-around-65",
        "Falls at 64, in the month of the 65th birthday, and is then struck by an object: one fall counts.",
        "Alaric Marrowby", 1, day(1959, 6, 20), 4, "E01001572",
    ),
    _person(
        "died-in-hospital",
        "Admitted as an emergency and dies there: an admission, but nobody who could be readmitted.",
        "Winifred Ashgrove", 2, day(1941, 3, 3), 10, "E01001571", day(2024, 8, 20),
    ),
    _person(
        "seen-in-28-days",
        "Seen 28 days after referral, 29 days after the next, refused a third; an urgent one is not measured.",
        "Barnaby Ashgrove", 1, day(1953, 12, 12), 11, "E01001572",
    ),
    _person(
        "reablement-and-hospital",
        "Twelve weeks after reablement in hospital for that very night; another time home since the day before.",
        "Cordelia Brackenmoor", 2, day(1941, 5, 15), 16, "E01001571",
    ),
    _person(
        "reablement-and-care-home",
        "Moves into a care home on day 85 of one reablement and day 84 of another, and later into a second home.",
        "Ambrose Brackenmoor", 1, day(1938, 2, 2), 17, "E01001572",
    ),
    _person(
        "reablement-and-death",
        "Dies on day 84 after one reablement and day 85 after another.",
        "Philippa Sedgewold", 2, day(1936, 10, 31), 22, "E01001571", day(2024, 9, 10),
    ),
    _person(
        "number-left-out-once",
        "The council leaves the NHS number out of one row of a client it knows by number: that row counts nowhere.",
        "Gideon Sedgewold", 1, day(1944, 8, 8), 23, "E01001572",
    ),
    _person(
        "never-a-number",
        "The council never had this client's NHS number: someone of their own, not found on the register.",
        "Rosalind Thornebury", 2, day(1943, 1, 19), 28, "E01001571",
    ),
    _person(
        "two-references",
        "The council knows the client under two references, each with a care home: one person, one first admission.",
        "Everard Thornebury", 1, day(1939, 9, 25), 29, "E01001572",
    ),
)  # fmt: skip

STORY_JOURNEYS: tuple[StoryJourney, ...] = (
    StoryJourney(
        "gap-of-21-days", day(2023, 5, 2), day(2024, 12, 10), True, True,
        (
            StoryEpisode(CHARITY, "opiate", day(2023, 4, 28), day(2023, 5, 2), day(2023, 10, 2), "completed"),
            StoryEpisode(TRUST_SERVICE, "opiate", day(2023, 10, 16), day(2023, 10, 23), day(2024, 12, 10), "completed"),
        ),
    ),
    StoryJourney(
        "gap-of-22-days", day(2023, 5, 2), day(2023, 10, 2), True, True,
        (StoryEpisode(CHARITY, "opiate", day(2023, 4, 28), day(2023, 5, 2), day(2023, 10, 2), "completed"),),
    ),
    StoryJourney(
        "gap-of-22-days", day(2023, 10, 24), day(2024, 2, 15), False, True,
        (
            StoryEpisode(
                TRUST_SERVICE, "opiate", day(2023, 10, 17), day(2023, 10, 24), day(2024, 2, 15), "dropped_out"
            ),
        ),
    ),
    StoryJourney(
        "back-after-182-days", day(2023, 6, 1), day(2024, 3, 20), True, True,
        (StoryEpisode(CHARITY, "opiate", day(2023, 5, 25), day(2023, 6, 1), day(2024, 3, 20), "completed"),),
    ),
    StoryJourney(
        "back-after-182-days", day(2024, 9, 18), None, False, True,
        (StoryEpisode(TRUST_SERVICE, "opiate", day(2024, 9, 11), day(2024, 9, 18), None, ""),),
    ),
    StoryJourney(
        "back-after-183-days", day(2023, 6, 1), day(2024, 3, 20), True, True,
        (StoryEpisode(CHARITY, "opiate", day(2023, 5, 25), day(2023, 6, 1), day(2024, 3, 20), "completed"),),
    ),
    StoryJourney(
        "back-after-183-days", day(2024, 9, 19), None, False, True,
        (StoryEpisode(TRUST_SERVICE, "opiate", day(2024, 9, 11), day(2024, 9, 19), None, ""),),
    ),
    StoryJourney(
        "back-after-a-year", day(2023, 1, 16), day(2023, 5, 10), True, False,
        (StoryEpisode(CHARITY, "alcohol", day(2023, 1, 9), day(2023, 1, 16), day(2023, 5, 10), "completed"),),
    ),
    StoryJourney(
        "back-after-a-year", day(2024, 5, 10), day(2024, 6, 20), True, False,
        (StoryEpisode(TRUST_SERVICE, "alcohol", day(2024, 5, 2), day(2024, 5, 10), day(2024, 6, 20), "completed"),),
    ),
    StoryJourney(
        "back-after-a-year", day(2025, 6, 20), None, False, False,
        (StoryEpisode(TRUST_SERVICE, "alcohol", day(2025, 6, 12), day(2025, 6, 20), None, ""),),
    ),
    StoryJourney(
        "died-within-the-year", day(2023, 6, 12), day(2023, 11, 15), True, False,
        (
            # handed over by the charity after some weeks, without a day between
            StoryEpisode(CHARITY, "alcohol", day(2023, 6, 7), day(2023, 6, 12), day(2023, 7, 24), "transferred"),
            StoryEpisode(TRUST_SERVICE, "alcohol", day(2023, 7, 20), day(2023, 7, 24), day(2023, 11, 15), "completed"),
        ),
    ),
    StoryJourney(
        "consent-withheld", day(2023, 7, 3), day(2024, 1, 15), True, True,
        (StoryEpisode(CHARITY, "opiate", day(2023, 6, 29), day(2023, 7, 3), day(2024, 1, 15), "completed"),),
    ),
    StoryJourney(
        "consent-withheld", day(2024, 3, 15), day(2024, 6, 28), False, True,
        (StoryEpisode(TRUST_SERVICE, "opiate", day(2024, 3, 8), day(2024, 3, 15), day(2024, 6, 28), "dropped_out"),),
        consent=False,
    ),
)  # fmt: skip

STORY_QUITS: tuple[StoryQuit, ...] = (
    StoryQuit("seven-quit-dates", day(2023, 5, 8), day(2023, 6, 1), "quit_co_verified"),
    StoryQuit("seven-quit-dates", day(2023, 7, 3), day(2023, 7, 31), "quit_self_report"),
    StoryQuit("seven-quit-dates", day(2023, 9, 11), day(2023, 10, 6), "quit_co_verified"),
    StoryQuit("seven-quit-dates", day(2024, 2, 5), day(2024, 3, 18), "quit_co_verified"),
    StoryQuit("seven-quit-dates", day(2024, 6, 24), day(2024, 7, 22), "quit_co_verified"),
    StoryQuit("seven-quit-dates", day(2024, 10, 7), day(2024, 11, 19), "quit_co_verified"),
    StoryQuit("seven-quit-dates", day(2025, 1, 13), None, "lost"),
)

STORY_STAYS: tuple[StoryStay, ...] = (
    StoryStay("nights-in-hospital", ((FIRST_TRUST, day(2023, 6, 10), day(2023, 6, 11)),)),
    StoryStay("nights-in-hospital", ((FIRST_TRUST, day(2023, 9, 4), day(2023, 9, 4)),)),
    StoryStay("nights-in-hospital", ((SECOND_TRUST, day(2023, 12, 11), day(2023, 12, 12)),), same_day_care=True),
    StoryStay(
        "between-two-hospitals",
        ((FIRST_TRUST, day(2023, 5, 1), day(2023, 5, 6)), (SECOND_TRUST, day(2023, 5, 6), day(2023, 5, 16))),
    ),
    StoryStay(
        "between-two-hospitals",
        ((FIRST_TRUST, day(2023, 10, 2), day(2023, 10, 5)), (SECOND_TRUST, day(2023, 10, 6), day(2023, 10, 20))),
    ),
    StoryStay("between-two-hospitals", ((FIRST_TRUST, day(2024, 5, 6), day(2024, 5, 9)),), ends_transferred=True),
    StoryStay("between-two-hospitals", ((SECOND_TRUST, day(2024, 5, 11), day(2024, 5, 20)),)),
    StoryStay("back-in-hospital", ((FIRST_TRUST, day(2023, 7, 3), day(2023, 7, 10)),)),
    StoryStay("back-in-hospital", ((SECOND_TRUST, day(2023, 8, 8), day(2023, 8, 11)),)),
    StoryStay("back-in-hospital", ((FIRST_TRUST, day(2023, 9, 10), day(2023, 9, 15)),)),
    StoryStay("back-in-hospital", ((FIRST_TRUST, day(2023, 9, 25), day(2023, 9, 26)),), method="11", diagnosis="K802"),
    StoryStay("falls-around-65", ((FIRST_TRUST, day(2024, 5, 28), day(2024, 5, 31)),), diagnosis="S720", cause="W18"),
    StoryStay("falls-around-65", ((FIRST_TRUST, day(2024, 6, 10), day(2024, 6, 14)),), diagnosis="S720", cause="W19"),
    StoryStay("falls-around-65", ((FIRST_TRUST, day(2024, 9, 2), day(2024, 9, 5)),), diagnosis="S000", cause="W20"),
    StoryStay("died-in-hospital", ((SECOND_TRUST, day(2024, 8, 12), day(2024, 8, 20)),), destination="79"),
    StoryStay("reablement-and-hospital", ((FIRST_TRUST, day(2023, 10, 2), day(2023, 10, 3)),)),
    StoryStay("reablement-and-hospital", ((FIRST_TRUST, day(2024, 4, 20), day(2024, 4, 28)),)),
)

STORY_REFERRALS: tuple[StoryReferral, ...] = (
    StoryReferral("seen-in-28-days", day(2023, 6, 5), day(2023, 7, 3), "seen"),
    StoryReferral("seen-in-28-days", day(2024, 1, 8), day(2024, 2, 6), "seen"),
    StoryReferral("seen-in-28-days", day(2024, 6, 3), None, "refused"),
    StoryReferral("seen-in-28-days", day(2024, 9, 2), day(2024, 9, 3), "seen", urgent=True),
)

STORY_CARE: tuple[StoryCare, ...] = (
    StoryCare("reablement-and-hospital", "Service", REABLEMENT, day(2023, 5, 30), day(2023, 7, 10)),
    StoryCare("reablement-and-hospital", "Service", REABLEMENT, day(2023, 12, 27), day(2024, 2, 5)),
    StoryCare("reablement-and-care-home", "Service", REABLEMENT, day(2023, 6, 26), day(2023, 8, 7)),
    StoryCare("reablement-and-care-home", "Service", REABLEMENT, day(2023, 7, 3), day(2023, 8, 8)),
    StoryCare("reablement-and-care-home", "Service", RESIDENTIAL, day(2023, 10, 31), day(2024, 2, 11)),
    StoryCare("reablement-and-care-home", "Service", NURSING, day(2024, 2, 12), None),
    StoryCare("reablement-and-death", "Service", REABLEMENT, day(2024, 5, 7), day(2024, 6, 17)),
    StoryCare("reablement-and-death", "Service", REABLEMENT, day(2024, 5, 8), day(2024, 6, 18)),
    StoryCare("number-left-out-once", "Request", "", day(2024, 5, 7), day(2024, 5, 7)),
    StoryCare("number-left-out-once", "Service", REABLEMENT, day(2024, 5, 20), day(2024, 7, 1)),
    StoryCare("number-left-out-once", "Service", REABLEMENT, day(2024, 8, 26), day(2024, 10, 7), numbered=False),
    StoryCare("never-a-number", "Request", "", day(2024, 5, 7), day(2024, 5, 7), numbered=False),
    StoryCare("never-a-number", "Service", REABLEMENT, day(2024, 5, 20), day(2024, 7, 1), numbered=False),
    StoryCare("two-references", "Service", RESIDENTIAL, day(2024, 5, 20), day(2024, 11, 3)),
    StoryCare("two-references", "Service", NURSING, day(2024, 11, 4), None, reference=1),
)
