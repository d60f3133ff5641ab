"""Urgent community response: referrals under the two-hour standard, their contacts, and the quarterly files.

Belongs here: decisions, true figures and files of the one provider's response team. Not here: its other referrals
(`community`).

Everything is decided in seconds that really pass, from midnight UTC of 1 January 1970. A clock on the wall in London is
only read when a row is written: the two nights a year on which it is changed can then not be judged by what it showed.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from places.base import Submission
from places.greenwich.care import dirt
from places.greenwich.care.contributions import Contributions, proportion
from places.greenwich.care.files import dirty_submission
from places.greenwich.care.records import stack, take
from places.greenwich.care.residents import Residents, status_texts, texts_of, token_texts
from places.greenwich.care.writing import Table, Texts, blank_where, day_texts, numbered, repeated
from places.greenwich.dates import FIRST_DAY, LAST_DAY, NEVER, Mask, Positions, as_date, day_number
from places.greenwich.files import rolling_windows
from places.greenwich.tally import TruthRow, tally_proportion
from places.greenwich.world import World

FEED, PROVIDER = "urgent_community_response", "ZCM1"
WINDOWS = rolling_windows(3)
IN_TIME = 2 * 3600
_DAY, _HOUR = 86_400, 3_600
NONE, BY_PATIENT, NOT_IN, BY_PROVIDER, SEEN = 0, 2, 3, 4, 5
# What follows the first attended contact: nothing, another an hour later, another on its day without a time.
ALONE, AGAIN, AGAIN_UNTIMED = range(3)
_YEARLY = ((18, 65, 75, 85), (0.0, 0.002, 0.016, 0.055, 0.16))
_MEDIAN_MINUTES, _SPREAD = 78.0, 0.55
_EXACTLY, _A_SECOND_MORE = 0.015, 0.015
_ATTEMPTS, _UNSEEN = (0.02, 0.03, 0.01), 0.04
_START_BLANK, _CONTACT_BLANK = 0.01, 0.02
# Referrals of each night on which the clocks change, beside those that chance brings.
_ON_A_NIGHT = 6


@dataclass(frozen=True)
class Responses:
    """One place a referral. start: when the clock started. elapsed: seconds to the first attended contact, where seen.

    attempt: what came before, a contact that was none, or NONE. after: ALONE, AGAIN or AGAIN_UNTIMED. offset_told:
    whether the team writes down which of the two hours it was, in the night that has it twice.
    """

    person: Positions
    start: Positions
    seen: Mask
    elapsed: Positions
    attempt: Positions
    after: Positions
    start_blank: Mask
    contact_blank: Mask
    offset_told: Mask


def decide(world: World) -> Responses:
    """All referrals, in order of the clock's start."""
    residents = Residents(world)
    random = world.rng("care/urgent")
    factor = residents.by_fifth((1.3, 1.1, 1.0, 0.9, 0.8))
    person, day = residents.arrivals(random, _YEARLY, factor, FIRST_DAY, LAST_DAY)
    hour = np.where(random.random(len(person)) < 0.12, 0, 7) + random.random(len(person)) * 14
    drawn = _drawn(random, person, day * _DAY + np.floor(hour * 60).astype(np.int64) * 60)
    nights = np.repeat([change for change in _changes() if FIRST_DAY * _DAY < change < LAST_DAY * _DAY], _ON_A_NIGHT)
    lasting = (residents.first_day <= FIRST_DAY) & (residents.last_day >= LAST_DAY)
    who = residents.draw(random, lasting.astype(np.float64), len(nights))
    odd = _drawn(random, who, nights[: len(who)] + random.integers(-3 * _HOUR, _HOUR, size=len(who)))
    all_of_them = stack(drawn, odd)
    return take(all_of_them, np.lexsort((all_of_them.person, all_of_them.start)))


def _drawn(random: np.random.Generator, person: Positions, start: Positions) -> Responses:
    count = len(person)
    minutes = np.floor(_MEDIAN_MINUTES * random.lognormal(0.0, _SPREAD, size=count)).astype(np.int64)
    elapsed = np.minimum(minutes, 40 * 60) * 60
    chance = random.random(count)
    elapsed = np.where(chance < _EXACTLY, IN_TIME, elapsed)
    elapsed = np.where((chance >= _EXACTLY) & (chance < _EXACTLY + _A_SECOND_MORE), IN_TIME + 1, elapsed)
    seen = random.random(count) >= _UNSEEN
    attempt = random.choice(
        [BY_PATIENT, NOT_IN, BY_PROVIDER, NONE], size=count, p=[*_ATTEMPTS, 1 - sum(_ATTEMPTS)]
    ).astype(np.int64)
    after = random.choice([ALONE, AGAIN, AGAIN_UNTIMED], size=count, p=[0.9, 0.095, 0.005]).astype(np.int64)
    return Responses(
        person,
        start,
        seen,
        elapsed,
        # an attempt lies between the start and the first attended contact
        np.where(seen & (elapsed < _HOUR), NONE, attempt),
        np.where(seen, after, ALONE),
        random.random(count) < _START_BLANK,
        random.random(count) < _CONTACT_BLANK,
        random.random(count) < 0.4,
    )


def _changes() -> tuple[int, ...]:
    """When clocks are changed, in turn forward and back: 01:00 UTC on the last Sundays of March and October."""
    found = []
    for year in range(as_date(FIRST_DAY).year, as_date(LAST_DAY).year + 1):
        for month in (3, 10):
            last = date(year, month, monthrange(year, month)[1])
            found.append((day_number(last) - last.isoweekday() % 7) * _DAY + _HOUR)
    return tuple(found)


def on_the_wall(moment: NDArray[np.int64]) -> Positions:
    """What a clock in London shows at each moment, as if its hours were all the same."""
    passed = np.searchsorted(np.array(_changes()), moment, side="right")
    return moment + np.where(passed % 2 == 1, _HOUR, 0)


def _readings(moment: Positions, told: Mask) -> tuple[Positions, Positions]:
    """The earliest and the latest moment a row may mean: an hour apart where its time came twice, untold which."""
    earliest = moment.copy()
    latest = moment.copy()
    for back in _changes()[1::2]:
        first = ~told & (moment >= back - _HOUR) & (moment < back)
        second = ~told & (moment >= back) & (moment < back + _HOUR)
        latest = np.where(first, moment + _HOUR, latest)
        earliest = np.where(second, moment - _HOUR, earliest)
    return earliest, latest


def event_day(responses: Responses) -> Positions:
    """The day on the wall on which each clock started."""
    return on_the_wall(responses.start) // _DAY


def judged(responses: Responses) -> tuple[Mask, Mask, Mask]:
    """Which referrals count at all, of which it can be told, and which of these were answered in time."""
    counts = responses.seen | (responses.attempt != BY_PATIENT)
    start_earliest, start_latest = _readings(responses.start, responses.offset_told)
    contact_earliest, contact_latest = _readings(responses.start + responses.elapsed, responses.offset_told)
    longest, shortest = contact_latest - start_earliest, contact_earliest - start_latest
    lacks = responses.start_blank | responses.contact_blank | (responses.after == AGAIN_UNTIMED)
    in_time = responses.seen & ~lacks & (longest >= 0) & (longest <= IN_TIME)
    late = ~responses.seen | (~lacks & (shortest > IN_TIME))
    return counts, counts & (in_time | late), in_time


def contributions(world: World, responses: Responses) -> Contributions:
    """Referrals that can be timed and which were answered in time; all referrals and which cannot be timed."""
    counts, told, in_time = judged(responses)
    day, person = event_day(responses), np.where(world.has_number[responses.person], responses.person, -1)
    return [
        proportion("urgent_response_2_hours", day[told], person[told], in_time[told].astype(np.int64)),
        proportion("urgent_response_not_timed", day[counts], person[counts], (~told)[counts].astype(np.int64)),
    ]


def truth_rows(world: World, responses: Responses) -> list[TruthRow]:
    """True figures of urgent community response."""
    rows: list[TruthRow] = []
    for item in contributions(world, responses):
        rows += tally_proportion(world, item.indicator_id, np.asarray(item.when), item.person, item.numerator)
    return rows


_DIRT = dirt.Rules("referral_id", "nhs_number_status", ("attendance", "9"), ("clock_start_date", "contact_date"))


def submissions(world: World, responses: Responses, planted: dirt.Planted) -> Iterator[Submission]:
    """The quarterly files, oldest first."""
    reference = numbered("UR", np.arange(1, len(responses.person) + 1))
    day = event_day(responses)
    for place, (start, end) in enumerate(WINDOWS):
        rows = np.flatnonzero((day >= start) & (day <= end))
        table, contact_day = _table(world, take(responses, rows), reference[rows])
        random = world.rng(f"care/urgent/dirt/{place}")
        # swapped dates must leave the row inside the quarter the file covers
        inside = (contact_day >= start) & (contact_day <= end)
        yield dirty_submission(planted, random, _DIRT, (FEED, PROVIDER), (start, end, 1), table, inside)


def _table(world: World, rows: Responses, reference: Texts) -> tuple[Table, Positions]:
    """A row a contact, and one for a referral without any; with the day of each contact."""
    made = rows.start + rows.elapsed
    there = [rows.attempt != NONE, rows.seen, rows.after != ALONE]
    there.append(~(there[0] | there[1]))
    moments = [rows.start + _HOUR // 2, made, np.where(rows.after == AGAIN_UNTIMED, made, made + _HOUR), made]
    codes = [rows.attempt, np.full(len(made), SEEN), np.full(len(made), SEEN), np.zeros(len(made), dtype=np.int64)]
    blank = [np.zeros(len(made), dtype=bool), rows.contact_blank, rows.after == AGAIN_UNTIMED, rows.seen]
    referral, kind = np.nonzero(np.stack(there, axis=1))
    moment = np.stack(moments, axis=1)[referral, kind]
    code = np.stack(codes, axis=1)[referral, kind]
    untimed = np.stack(blank, axis=1)[referral, kind]
    number = np.arange(len(referral)) - np.searchsorted(referral, referral) + 1
    own = take(rows, referral)
    none = code == NONE
    shown = world.has_number[own.person]
    day = np.where(none, NEVER, on_the_wall(moment) // _DAY)
    return Table(
        {
            "organisation": repeated(PROVIDER, len(referral)),
            "referral_id": reference[referral],
            "contact_number": number.astype(str).astype(object),
            "person_token": token_texts(world.person_token(own.person), shown),
            "local_token": texts_of(world.local_token(PROVIDER, numbered("U", own.person).tolist())),
            "nhs_number_status": status_texts(world, own.person),
            "birth_month": texts_of(world.birth_months(own.person)),
            "clock_start_date": day_texts(on_the_wall(own.start) // _DAY),
            "clock_start_time": blank_where(own.start_blank, _time_texts(own.start)),
            "clock_start_offset": blank_where(own.start_blank | ~own.offset_told, _offset_texts(own.start)),
            "contact_date": day_texts(day),
            "contact_time": blank_where(none | untimed, _time_texts(moment)),
            "contact_offset": blank_where(none | untimed | ~own.offset_told, _offset_texts(moment)),
            "attendance": blank_where(none, code.astype(str).astype(object)),
        }
    ), day


def _time_texts(moment: Positions) -> Texts:
    seconds = (on_the_wall(moment) % _DAY).tolist()
    return np.array([f"{one // 3600:02d}:{one // 60 % 60:02d}:{one % 60:02d}" for one in seconds], dtype=object)


def _offset_texts(moment: Positions) -> Texts:
    return np.where(on_the_wall(moment) > moment, "+01:00", "+00:00").astype(object)
