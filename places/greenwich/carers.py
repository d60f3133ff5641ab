"""Unpaid carers: what they ask for, when they are assessed, what they are given, and when it is looked at again.

Belongs here: events of carers, the `carers` files of the council and of the carers centre, true timeliness, personal
budgets and their reviews. Not here: the people cared for (`care.council`).

A request, an assessment or a review that is not over on the last day of the data is in no file and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from places.greenwich.dates import LAST_DAY, MONTH_STARTS, NEVER, Positions, day_number, spans
from places.greenwich.files import BRITISH, Columns, Extract, day_texts, number_texts
from places.greenwich.service_files import FIRST_DAY_SENT, Sender, extracts
from places.greenwich.stories import CARERS
from places.greenwich.tally import TruthRow, tally_by_period, tally_proportion
from places.greenwich.world import World

FEED = "carers"
IN_TIME, BUDGET, REVIEWED = "carers_answered_28_days", "carers_personal_budget", "carers_budget_reviewed"
EVENTS = ("Request", "Assessment", "Service", "Review")
REQUEST, ASSESSMENT, SERVICE, REVIEW = range(4)
SUPPORT = ("direct_payment", "managed_budget", "respite", "information_and_advice", "other")
BUDGETS, ADVICE = 2, 3
OUTCOMES = ("support_planned", "information_given", "no_further_action", "declined")
FOLLOW_UP_DAYS, REVIEW_DAYS = 28, 365
_CLD_NAMES = {
    "organisation": "LA_Code",
    "event_reference": "Event_Reference",
    "person_token": "Person_Token",
    "match_token": "Match_Token",
    "local_token": "LA_Person_Token",
    "nhs_number_status": "NHS_Number_Status",
    "birth_month": "Birth_Month",
    "carer_kind": "Carer_Kind",
    "event_type": "Event_Type",
    "event_start_date": "Event_Start_Date",
    "event_end_date": "Event_End_Date",
    "support": "Service_Type",
    "hours_caring_a_week": "Hours_Caring",
    "outcome": "Event_Outcome",
}
_CLD_CODES = {
    "direct_payment": "Direct Payment",
    "managed_budget": "CASSR Managed Personal Budget",
    "respite": "Respite",
    "information_and_advice": "Information and Advice",
    "other": "Other",
    "support_planned": "Progress to Support Planning",
    "information_given": "Information and Advice",
    "no_further_action": "NFA",
    "declined": "NFA - Support Declined",
}
SENDERS = (Sender("ZCC1", BRITISH, _CLD_NAMES, _CLD_CODES), Sender("ZCX1"))
_YEARLY, _EARLIER = 0.008, 0.004
_SUPPORT_SHARES = np.array([0.32, 0.2, 0.15, 0.2, 0.13])
Row = tuple[int, int, int, int, int, int]
ByPeriod = dict[tuple[str, str], tuple[Positions, Positions]]


@dataclass(frozen=True, eq=False)
class Events:
    """One place an event, in the order of first days. end: `NEVER` while a service runs. support: -1 for none."""

    person: Positions
    sender: Positions
    kind: Positions
    start: Positions
    end: Positions
    support: Positions


def decide(world: World) -> Events:
    """Events of drawn people and of stories."""
    random = world.rng("carers")
    age = (MONTH_STARTS[len(MONTH_STARTS) // 2] - world.birth_day[: world.background]) / 365.25
    person, asked = world.events("carers/requests", np.where(age >= 19, _YEARLY, 0.0))
    known = np.flatnonzero((age >= 20) & (random.random(world.background) < _EARLIER))
    earlier = random.integers(FIRST_DAY_SENT, MONTH_STARTS[0], size=len(known))
    rows: list[Row] = []
    for one, day in zip(person.tolist(), asked.tolist(), strict=True):
        rows += _asked(random, one, day)
    for one, day in zip(known.tolist(), earlier.tolist(), strict=True):
        rows += _served(random, one, day)
    rows = [row for row in rows if row[3] <= world.death_day[row[0]]]
    rows += [
        (
            world.story(item.story_id),
            item.sender,
            EVENTS.index(item.kind),
            day_number(item.start),
            NEVER if item.end is None else day_number(item.end),
            -1 if item.support is None else SUPPORT.index(item.support),
        )
        for item in CARERS
    ]
    columns = dict(zip((field.name for field in fields(Events)), np.array(rows, dtype=np.int64).T, strict=True))
    serves = columns["kind"] == SERVICE
    ends = np.where(serves, np.minimum(columns["end"], world.death_day[columns["person"]]), columns["end"])
    columns["end"] = np.where(ends > LAST_DAY, NEVER, ends)
    told = (columns["start"] <= LAST_DAY) & (serves | (columns["end"] != NEVER))
    order = np.lexsort((columns["kind"], columns["person"], columns["start"]))
    order = order[told[order]]
    return Events(**{name: column[order] for name, column in columns.items()})


def _asked(random: np.random.Generator, person: int, day: int) -> Iterator[Row]:
    """A request and what comes of it: often an assessment, often around the last day that counts; often support."""
    sender = int(random.random() < 0.3)
    yield person, sender, REQUEST, day, day + int(random.integers(0, 3)), -1
    if random.random() < 0.72:
        done = day + FOLLOW_UP_DAYS + int(random.integers(-1, 3))
        if random.random() < 0.85:
            done = day + int(random.gamma(2.0, 9.0))
        begun = max(day, done - int(random.integers(0, 11)))
        other = 1 - sender if random.random() < 0.15 else sender
        yield person, other, ASSESSMENT, begun, done, -1
    if random.random() < 0.45:
        yield from _served(random, person, day + int(random.integers(0, 61)))


def _served(random: np.random.Generator, person: int, day: int) -> Iterator[Row]:
    """A service, and the reviews of one that is a budget."""
    support = int(random.choice(len(SUPPORT), p=_SUPPORT_SHARES))
    end = NEVER if random.random() < 0.7 else day + int(random.integers(0, 500))
    yield person, int(random.random() < 0.2), SERVICE, day, end, support
    seen = day
    while support < BUDGETS:
        seen += int(random.integers(250, 460))
        if seen > min(end, LAST_DAY):
            return
        if random.random() < 0.8:
            yield person, 0, REVIEW, seen, seen + int(random.integers(0, 6)), -1


def answered(events: Events) -> tuple[Positions, Positions, Positions]:
    """Day, person and numerator of each request whose 28 days are over in the data."""
    answers: dict[int, list[int]] = {}
    given = (events.kind == SERVICE) & (events.support != ADVICE)
    for row in np.flatnonzero((events.kind == ASSESSMENT) | given).tolist():
        when = events.start[row] if events.kind[row] == SERVICE else events.end[row]
        answers.setdefault(int(events.person[row]), []).append(int(when))
    asked = np.flatnonzero((events.kind == REQUEST) & (events.start + FOLLOW_UP_DAYS <= LAST_DAY))
    day, person = events.start[asked], events.person[asked]
    in_time = [
        any(first <= when <= first + FOLLOW_UP_DAYS for when in answers.get(one, ()))
        for first, one in zip(day.tolist(), person.tolist(), strict=True)
    ]
    return day, person, np.array(in_time, dtype=np.int64)


def budgets(events: Events) -> ByPeriod:
    """Carers given support at some time of each period, and those given it as a budget of their own."""
    given = (events.kind == SERVICE) & (events.support != ADVICE)
    found: ByPeriod = {}
    for kind in ("quarter", "year", "rolling_year"):
        for span in spans(kind):
            first, last = day_number(span.period.start), day_number(span.period.end)
            there = given & (events.start <= last) & (events.end >= first)
            people = np.unique(events.person[there])
            own = np.isin(people, events.person[there & (events.support < BUDGETS)])
            found[kind, span.period.label] = people, own.astype(np.int64)
    return found


def reviews(events: Events) -> ByPeriod:
    """Carers whose budget runs on a period's last day and is a year old, and those seen again in the year before."""
    own = (events.kind == SERVICE) & (events.support >= 0) & (events.support < BUDGETS)
    found: ByPeriod = {}
    for kind in ("quarter", "year"):
        for span in spans(kind):
            last = day_number(span.period.end)
            if last > LAST_DAY:
                continue
            due = own & (events.start <= last - REVIEW_DAYS) & (events.end >= last)
            people = np.unique(events.person[due])
            recent = (events.kind == REVIEW) & (events.end <= last) & (events.end >= last - REVIEW_DAYS)
            found[kind, span.period.label] = people, np.isin(people, events.person[recent]).astype(np.int64)
    return found


def truth_rows(world: World, events: Events) -> list[TruthRow]:
    """True shares of requests answered in time, of carers with a budget, and of budgets reviewed."""
    return [
        *tally_proportion(world, IN_TIME, *answered(events)),
        *tally_by_period(world, BUDGET, budgets(events)),
        *tally_by_period(world, REVIEWED, reviews(events)),
    ]


def sent(world: World, events: Events) -> list[Extract]:
    """The files of the council and of the carers centre."""
    random = world.rng("carers/words")
    hours = random.integers(5, 100, size=len(events.kind))
    outcome = random.integers(0, len(OUTCOMES), size=len(events.kind))
    outcome = np.where(events.kind <= ASSESSMENT, outcome, -1)

    def columns(sender: Sender, rows: Positions) -> Columns:
        return {
            "carer_kind": ["adult"] * len(rows),
            "event_type": sender.texts(events.kind[rows], EVENTS),
            "event_start_date": day_texts(events.start[rows], sender.style),
            "event_end_date": day_texts(events.end[rows], sender.style),
            "support": sender.texts(events.support[rows], SUPPORT),
            "hours_caring_a_week": number_texts(hours[rows], events.kind[rows] != ASSESSMENT),
            "outcome": sender.texts(outcome[rows], OUTCOMES),
        }

    return extracts(
        world, FEED, SENDERS, (events.sender, events.person, events.start), ("event_reference", "CE"), columns
    )
