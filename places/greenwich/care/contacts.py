"""Contacts of community services: visits after the first one, support while people wait, and the quarterly files.

Belongs here: which contacts follow from the referrals, what they come to, their files. Not here: referrals and waits
(`community`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from places.base import Submission
from places.greenwich.care import dirt
from places.greenwich.care.community import ABANDONED, PROVIDER, REFUSED, Referrals, known_closed, known_contact
from places.greenwich.care.contributions import Contribution, proportion
from places.greenwich.care.files import dirty_submission
from places.greenwich.care.records import take
from places.greenwich.care.residents import Residents, status_texts, texts_of, token_texts
from places.greenwich.care.writing import Table, Texts, day_texts, numbered, repeated
from places.greenwich.dates import FIRST_DAY, LAST_DAY, NEVER, Mask, Positions
from places.greenwich.files import rolling_windows
from places.greenwich.tally import TruthRow, tally_proportion
from places.greenwich.world import World

FEED = "community_contacts"
WINDOWS = rolling_windows(3)
# A wait is looked at from the 15th day on, and for 90 days.
LONGER_THAN, LOOKED_AT = 14, 90
_ATTENDANCE = np.array([2, 3, 4, 5, 6, 7])
_SHARES = [0.03, 0.05, 0.03, 0.84, 0.04, 0.01]
_MEDIA = ("01", "02", "11")
_SUPPORTED = 0.16


@dataclass(frozen=True)
class Contacts:
    """One place a contact. referral: position of the referral it belongs to. attendance: its code."""

    referral: Positions
    day: Positions
    attendance: Positions
    medium: Positions
    minutes: Positions


def decide(world: World, referrals: Referrals) -> Contacts:
    """Contacts in order of day and referral: the first one of each referral, later visits, and support in the wait."""
    random = world.rng("care/contacts")
    count = len(referrals.person)
    death = Residents(world).death_day[referrals.person].astype(np.int64)
    has_first = referrals.contact != NEVER
    first = np.flatnonzero(has_first)
    visits = np.repeat(first, np.minimum(random.geometric(0.55, size=len(first)) - 1, 6))
    later = referrals.contact[visits] + 3 + np.floor(random.random(len(visits)) * 60).astype(np.int64)
    # somebody looks after a few of those who wait, up to the day before they are seen
    waiting = ~referrals.urgent & (referrals.closed != REFUSED) & (random.random(count) < _SUPPORTED)
    helped = np.repeat(np.flatnonzero(waiting), random.integers(1, 4, size=int(waiting.sum())))
    span = np.minimum(np.where(has_first, referrals.contact, referrals.referred + 100) - referrals.referred, 100)
    when = referrals.referred[helped] + 1 + np.floor(random.random(len(helped)) * span[helped]).astype(np.int64)
    before = when < np.where(has_first, referrals.contact, NEVER)[helped]
    referral = np.concatenate([first, visits, helped[before]])
    day = np.concatenate([referrals.contact[first], later, when[before]])
    kept = (day >= FIRST_DAY) & (day <= LAST_DAY) & (day <= death[referral])
    referral, day = referral[kept], day[kept]
    code = random.choice(_ATTENDANCE, size=len(day), p=_SHARES)
    # what the provider calls the first contact was attended
    code = np.where(day == referrals.contact[referral], 5, code)
    whole = Contacts(
        referral,
        day,
        code.astype(np.int64),
        random.integers(0, len(_MEDIA), size=len(day)),
        5 * random.integers(1, 13, size=len(day)),
    )
    return take(whole, np.lexsort((whole.referral, whole.day)))


def attended(contacts: Contacts) -> Mask:
    """Contacts at which the person was seen."""
    return np.isin(contacts.attendance, (5, 6))


def supported(world: World, referrals: Referrals, contacts: Contacts) -> tuple[Positions, Mask]:
    """Referrals that made somebody wait long, and which of these waits a contact supports."""
    seen = known_contact(referrals)
    told = np.where(seen == NEVER, referrals.referred + LOOKED_AT + 1, seen)
    person = np.where(referrals.linked, referrals.person, -1)
    dead = np.where(person >= 0, Residents(world).known_death[person], NEVER)
    end = np.minimum(np.minimum(told, dead), referrals.referred + LOOKED_AT + 1)
    stays = ~referrals.urgent & ~_given_up(referrals) & (end - referrals.referred > LONGER_THAN)
    # earlier waits first: a contact goes to the first of them that is open
    chosen = np.flatnonzero(stays)
    chosen = chosen[np.lexsort((chosen, referrals.referred[chosen]))]
    open_waits: dict[int, list[int]] = {}
    for place in chosen.tolist():
        open_waits.setdefault(int(referrals.person[place]), []).append(place)
    helped = np.zeros(len(referrals.person), dtype=bool)
    there = attended(contacts)
    who, days = referrals.person[contacts.referral[there]].tolist(), contacts.day[there].tolist()
    for patient, day in zip(who, days, strict=True):
        for place in open_waits.get(patient, ()):
            if referrals.referred[place] < day < end[place]:
                helped[place] = True
                break
    return chosen, helped[chosen]


def _given_up(referrals: Referrals) -> Mask:
    """Refused or abandoned, as far as a file tells."""
    return np.isin(known_closed(referrals), (REFUSED, ABANDONED))


def contributions(world: World, referrals: Referrals, contacts: Contacts) -> list[Contribution]:
    """Long waits, and which of them were supported."""
    waits, helped = supported(world, referrals, contacts)
    person = np.where(referrals.linked, referrals.person, -1)[waits]
    return [proportion("supported_while_waiting", referrals.referred[waits], person, helped.astype(np.int64))]


def truth_rows(world: World, referrals: Referrals, contacts: Contacts) -> list[TruthRow]:
    """True figures of support while waiting."""
    rows: list[TruthRow] = []
    for item in contributions(world, referrals, contacts):
        rows += tally_proportion(world, item.indicator_id, np.asarray(item.when), item.person, item.numerator)
    return rows


_NAMES = {
    "organisation": "ORGANISATION IDENTIFIER (CODE OF PROVIDER)",
    "care_contact_id": "CARE CONTACT IDENTIFIER",
    "referral_id": "SERVICE REQUEST IDENTIFIER",
    "person_token": "PERSON TOKEN",
    "local_token": "LOCAL TOKEN",
    "nhs_number_status": "NHS NUMBER STATUS",
    "birth_month": "PERSON BIRTH MONTH",
    "contact_date": "CARE CONTACT DATE",
    "subject": "CARE CONTACT SUBJECT",
    "attendance": "ATTENDED OR DID NOT ATTEND CODE",
    "medium": "CONSULTATION MEDIUM USED",
    "duration_minutes": "CLINICAL CONTACT DURATION OF CARE CONTACT",
    "cancelled_on": "CARE CONTACT CANCELLATION DATE",
}
_DIRT = dirt.Rules(
    _NAMES["care_contact_id"],
    _NAMES["medium"],
    (_NAMES["attendance"], "9"),
    (_NAMES["cancelled_on"], _NAMES["contact_date"]),
)


def submissions(world: World, referrals: Referrals, contacts: Contacts, planted: dirt.Planted) -> Iterator[Submission]:
    """The quarterly files, oldest first."""
    reference = numbered("CC", np.arange(1, len(contacts.day) + 1))
    for place, (start, end) in enumerate(WINDOWS):
        rows = np.flatnonzero((contacts.day >= start) & (contacts.day <= end))
        own = take(contacts, rows)
        table, cancelled = _table(world, referrals, own, reference[rows])
        random = world.rng(f"care/contacts/dirt/{place}")
        # swapped dates must leave the row inside the quarter the file covers
        inside = (cancelled >= start) & (cancelled <= end)
        yield dirty_submission(
            planted, random, _DIRT, (FEED, PROVIDER), (start, end, 1), table.renamed([*_NAMES.values()]), inside
        )


def _table(world: World, referrals: Referrals, rows: Contacts, reference: Texts) -> tuple[Table, Positions]:
    of = take(referrals, rows.referral)
    cancelled = np.where(np.isin(rows.attendance, (2, 4)), rows.day - 1 - rows.minutes % 3, NEVER)
    return Table(
        {
            "organisation": repeated(PROVIDER, len(rows.day)),
            "care_contact_id": reference,
            "referral_id": numbered("CR", rows.referral + 1),
            "person_token": token_texts(world.person_token(of.person), of.linked),
            "local_token": texts_of(world.local_token(PROVIDER, numbered("P", of.person).tolist())),
            "nhs_number_status": status_texts(world, of.person, ~of.linked),
            "birth_month": texts_of(world.birth_months(of.person)),
            "contact_date": day_texts(rows.day),
            "subject": repeated("01", len(rows.day)),
            "attendance": rows.attendance.astype(str).astype(object),
            "medium": np.array(_MEDIA, dtype=object)[rows.medium],
            "duration_minutes": np.where(attended(rows), rows.minutes.astype(str), "").astype(object),
            "cancelled_on": day_texts(cancelled),
        }
    ), cancelled
