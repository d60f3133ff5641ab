"""The person-level definitions once more, in plain Python over the rows of a lake: what the SQL is compared with.

Belongs here: one straightforward function per definition, with loops and dates, written from the definitions and not
from the SQL. Not here: the rows (`random_people`), and how a figure is rounded, limited or published.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from people_lake import FIRST, LAST, key_of

from foundation.period import Period, financial_year_of, month_of, months_between, quarter_of, rolling_year_of

Row = dict[str, Any]
# indicator, person, date, numerator, days, network, deprivation fifth, age group, age band
Event = tuple[str, int | None, date, int, int | None, str, str, str, str | None]
# indicator, period, person, numerator, denominator, network, deprivation fifth, age group
Person = tuple[str, str, int | None, int, int, str, str, str]
NURSING, RESIDENTIAL = "Long Term Support: Nursing Care", "Long Term Support: Residential Care"
SUBSTANCES = ("opiate", "non_opiate", "alcohol")
LONDON = ZoneInfo("Europe/London")
REABLEMENT = "Short Term Support: ST-Max"
# Chronic conditions that care outside hospital can often treat, by the first figures of their codes.
CHRONIC = re.compile(
    "B180|B181|D501|D508|D509|D51|D52|E1[0-4]|F0[0-3]|G4[01]|I10|I110|I119|I130|I20|I25|I48|I50|J4[1-7]|J81"
)
UNKNOWN = ("unknown", "unknown", "unknown", None, None)
GROUPS = ((18, "0-17"), (40, "18-39"), (65, "40-64"), (75, "65-74"), (85, "75-84"), (999, "85-over"))


def days_from(first: date | None, last: date | None) -> int | None:
    return None if first is None or last is None else (last - first).days


def within(days: int | None, least: int, most: int) -> bool:
    return days is not None and least <= days <= most


def moments(row: Row, name: str) -> list[datetime]:
    """What a day and a time on a clock in London may mean: nothing, one moment, or two where the hour comes twice."""
    if row.get(f"{name}_time") is None:
        return []
    local = datetime.combine(row[f"{name}_date"], time.fromisoformat(row[f"{name}_time"]))
    ways = {local.replace(tzinfo=LONDON, fold=fold).astimezone(UTC) for fold in (0, 1)}
    # what is in London at none of these moments was on no clock
    ways = {way for way in ways if way.astimezone(LONDON).replace(tzinfo=None) == local}
    told = row.get(f"{name}_offset")
    if len(ways) == 2 and told:
        return [way for way in ways if way.astimezone(LONDON).isoformat().endswith(told)]
    return sorted(ways)


@dataclass
class Journey:
    """Episodes of one person that belong together."""

    episodes: list[Row]

    @property
    def start(self) -> date:
        return min(row["triage_date"] for row in self.episodes)

    @property
    def end(self) -> date | None:
        ends = [row.get("discharge_date") for row in self.episodes]
        return None if None in ends else max(ends)

    @property
    def outcome(self) -> str | None:
        if self.end is None:
            return None
        last = max(self.episodes, key=lambda row: (row["discharge_date"], row["organisation"], row["episode_id"]))
        return str(last["discharge_reason"])

    @property
    def opiate(self) -> bool:
        return self.substance == "opiate"

    @property
    def substance(self) -> str | None:
        """Opiates before other drugs before alcohol."""
        said = {row.get("substance") for row in self.episodes}
        return next((one for one in ("opiate", "non_opiate", "alcohol") if one in said), None)


def journeys_of(episodes: Iterable[Row]) -> list[Journey]:
    """A person's journeys in order: a gap of 22 days or more parts them, an open episode never ends."""
    found: list[Journey] = []
    for row in sorted(episodes, key=lambda row: (row["triage_date"], row["organisation"], row["episode_id"])):
        if found and (found[-1].end is None or row["triage_date"] <= found[-1].end + timedelta(days=21)):
            found[-1].episodes.append(row)
        else:
            found.append(Journey([row]))
    return found


def spells_of(stays: Iterable[Row]) -> list[list[Row]]:
    """A person's hospital stays joined across transfers, in order."""
    found: list[list[Row]] = []
    for row in sorted(stays, key=lambda row: (row["admission_date"], row["discharge_date"], row["spell_id"])):
        before = found[-1][-1] if found else None
        if (
            before
            and before["discharge_destination"] == "51"
            and within(days_from(before["discharge_date"], row["admission_date"]), 0, 1)
        ):
            found[-1].append(row)
        else:
            found.append([row])
    return found


@dataclass
class Reference:
    """Rows of a lake by feed, each with its `organisation`, and what the definitions make of them."""

    feeds: Mapping[str, list[Row]]
    registered: Mapping[int, list[Row]]
    networks: Mapping[str, str]
    fifths: Mapping[str, str]
    # feed -> of each of its senders the last day it tells of, and the last day it had to report, if any
    senders: Mapping[str, Sequence[tuple[date, date | None]]]
    died: dict[int, date] = field(init=False)
    joined: dict[int, list[list[Row]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.died = {
            person: min(row["date_of_death"] for row in rows) for person, rows in self.by_person("deaths").items()
        }

    @staticmethod
    def person(row: Row) -> int | None:
        if row.get("person_token"):
            return key_of(row["person_token"])
        if row.get("local_token") and row.get("consent") != "N" and not row.get("excluded"):
            return key_of(row["local_token"])
        return None

    def by_person(self, feed: str, keep: Callable[[Row], bool] = lambda row: True) -> dict[int, list[Row]]:
        found: dict[int, list[Row]] = {}
        for row in self.feeds[feed]:
            person = self.person(row)
            if person is not None and keep(row):
                found.setdefault(person, []).append(row)
        return found

    def as_at(self, person: int | None, day: date) -> tuple[str, str, str, str | None, int | None]:
        """Network, fifth, age group, age band and age on the first of the month; all unknown off the register."""
        first = day.replace(day=1)
        states = [
            row
            for row in self.registered.get(person or -1, [])
            if row["valid_from"] <= first and (row.get("valid_to") is None or row["valid_to"] >= first)
        ]
        died = self.died.get(person or -1)
        if person is None or not states or not FIRST <= first <= LAST or (died is not None and died < first):
            return UNKNOWN
        state = max(states, key=lambda row: (row["valid_from"], row["practice_code"]))
        year, month = (int(part) for part in state["birth_month"].split("-"))
        age = (first.year * 12 + first.month - year * 12 - month) // 12
        band = "90+" if age >= 90 else f"{age // 5 * 5}-{age // 5 * 5 + 4}"
        group = next(name for limit, name in GROUPS if age < limit)
        return (self.networks[state["practice_code"]], self.fifths.get(state["lsoa_code"], "unknown"), group, band, age)

    # -- journeys and spells, by person

    def journeys(self) -> dict[int, list[Journey]]:
        rows = self.by_person("treatment_episodes", lambda row: row["consent"] == "Y" and bool(row.get("triage_date")))
        return {person: journeys_of(found) for person, found in rows.items()}

    @staticmethod
    def overnight_emergency(spell: list[Row]) -> bool:
        first, last = spell[0], spell[-1]
        urgent = first["admission_method"].startswith("2") and first["same_day_emergency_care"] == "N"
        return bool(urgent and last["discharge_date"] > first["admission_date"])

    def spells(self) -> dict[int, list[list[Row]]]:
        if not self.joined:
            self.joined = {person: spells_of(rows) for person, rows in self.by_person("admitted_care").items()}
        return self.joined

    def services(self, kinds: Sequence[str]) -> dict[int, list[Row]]:
        return self.by_person(
            "council_client_level", lambda row: row["event_type"] == "Service" and row.get("service_type") in kinds
        )

    # -- events

    def event(self, indicator: str, person: int | None, day: date, numerator: int, days: int | None = None) -> Event:
        pcn, fifth, group, band, _ = self.as_at(person, day)
        return (indicator, person, day, numerator, days, pcn, fifth, group, band)

    def age(self, person: int | None, day: date) -> int:
        """Age on the first of the month; -1 off the register."""
        found = self.as_at(person, day)[4]
        return -1 if found is None else found

    def events(self) -> Counter[Event]:
        return Counter(
            [
                *self.treatment(),
                *self.living(),
                *self.hospital(),
                *self.social_care(),
                *self.others(),
                *self.courses(),
                *self.carers(),
                *self.winters(),
                *self.settings(),
                *self.support(),
                *self.urgent(),
            ]
        )

    def treatment(self) -> Iterable[Event]:
        for person, journeys in self.journeys().items():
            for number, journey in enumerate(journeys):
                if journey.end is None:
                    continue
                yield self.event("deaths_in_treatment", person, journey.end, int(journey.outcome == "died"))
                if journey.outcome != "completed":
                    continue
                returned = [days_from(journey.end, later.start) for later in journeys[number + 1 :]]
                soon = any(within(days, 1, 182) for days in returned)
                yield self.event("re_presentation_6_months", person, journey.end, int(soon))
                for months, days in (("_6_months", 182), ("", 365), ("_24_months", 730)):
                    died = self.died.get(person)
                    if died is not None and died <= journey.end + timedelta(days=days):
                        continue
                    back = any(within(after, 1, days) for after in returned)
                    yield self.event(f"sustained_recovery{months}", person, journey.end, 0 if back else 1)
        for row in self.feeds["treatment_episodes"]:
            wait = days_from(row.get("referral_date"), row.get("triage_date"))
            if row["consent"] == "Y" and wait is not None:
                yield self.event("treatment_wait", self.person(row), row["triage_date"], 1, wait)

    def living(self) -> Iterable[Event]:
        for row in self.feeds["stop_smoking"]:
            followed = days_from(row["quit_date"], row.get("follow_up_date"))
            quit_ = row["outcome"] == "quit_co_verified" and within(followed, 25, 42)
            yield self.event("four_week_quit", self.person(row), row["quit_date"], int(quit_))
            found = within(followed, 25, 42) and row["outcome"] != "lost"
            believed = found and row["outcome"].startswith("quit_")
            yield self.event("four_week_quit_self_reported", self.person(row), row["quit_date"], int(believed))
            yield self.event("quit_lost_to_follow_up", self.person(row), row["quit_date"], int(not found))
        for row in self.feeds["nhs_health_checks"]:
            person, day = self.person(row), row["invited_on"]
            if 40 <= self.age(person, day) <= 74:
                taken_up = within(days_from(day, row.get("attended_on")), 0, 182)
                yield self.event("health_check_uptake", person, day, int(taken_up))
                yield self.event("health_check_offered", person, day, 1)
            came = row.get("attended_on")
            if came is not None and 40 <= self.age(person, came) <= 74:
                yield self.event("health_check_received", person, came, 1)

    def hospital(self) -> Iterable[Event]:
        for person, spells in self.spells().items():
            for number, spell in enumerate(spells):
                first, last = spell[0], spell[-1]
                day = last["discharge_date"]
                if self.age(person, day) < 0:
                    continue
                emergency = first["admission_method"].startswith("2")
                nights = (day - first["admission_date"]).days
                overnight = self.overnight_emergency(spell)
                if overnight:
                    yield self.event("emergency_admissions", person, day, 1)
                    if self.age(person, day) >= 65:
                        yield self.event("emergency_admissions_65_over", person, day, 1)
                        yield self.event("emergency_bed_days_65_over", person, day, 1, nights)
                    if CHRONIC.match(first["primary_diagnosis"]):
                        yield self.event("chronic_acsc_admissions", person, day, 1)
                left = last["discharge_destination"] not in ("51", "79")
                if left and nights > 0 and self.age(person, day) >= 18:
                    home = int(last["discharge_destination"] == "19")
                    yield self.event("discharged_to_usual_place", person, day, home)
                    yield self.event("weekend_discharges", person, day, int(day.isoweekday() in (6, 7)))
                injury = "S00" <= first["primary_diagnosis"][:3] <= "T98"
                fall = "W00" <= (first.get("external_cause") or "")[:3] <= "W19"
                if emergency and injury and fall and self.age(person, day) >= 65:
                    yield self.event("falls_admissions_65_over", person, day, 1)
                if last["discharge_destination"] != "79":
                    back = any(
                        other[0]["admission_method"].startswith("2")
                        and within(days_from(day, other[0]["admission_date"]), 0, 29)
                        for other in spells[number + 1 :]
                    )
                    yield self.event("emergency_readmission_30d", person, day, int(back))
        for row in self.feeds["admitted_care"]:
            delay = days_from(row.get("discharge_ready_date"), row["discharge_date"])
            if row.get("discharge_destination") == "79":
                continue
            if delay is not None and self.age(self.person(row), row["discharge_date"]) >= 18:
                yield self.event("discharge_delay", self.person(row), row["discharge_date"], 1, delay)
                prompt = int(delay == 0)
                yield self.event("discharged_on_ready_date", self.person(row), row["discharge_date"], prompt)

    def social_care(self) -> Iterable[Event]:
        homes = self.services([NURSING, RESIDENTIAL])
        stays = self.by_person("admitted_care")
        yield from self.after_hospital(homes, stays)
        for person, rows in homes.items():
            day = min(row["event_start_date"] for row in rows)
            if self.age(person, day) >= 65:
                yield self.event("care_home_admissions_65_over", person, day, 1)
        for person, rows in self.services([REABLEMENT]).items():
            for row in rows:
                begun = row["event_start_date"]
                if self.age(person, begun) >= 65:
                    before = [
                        spell
                        for spell in self.spells().get(person, [])
                        if self.overnight_emergency(spell)
                        and within(days_from(spell[-1]["discharge_date"], begun), 0, 182)
                    ]
                    yield self.event("acute_stays_before_reablement", person, begun, 1, len(before))
                ended = row.get("event_end_date")
                if ended is None or self.age(person, ended) < 65:
                    continue
                then = ended + timedelta(days=84)
                dead = person in self.died and self.died[person] <= then
                ill = any(stay["admission_date"] <= then <= stay["discharge_date"] for stay in stays.get(person, []))
                moved = any(
                    home["event_start_date"] <= then <= (home.get("event_end_date") or then)
                    for home in homes.get(person, [])
                )
                yield self.event("at_home_12_weeks", person, ended, int(not (dead or ill or moved)))

    def after_hospital(self, homes: Mapping[int, list[Row]], stays: Mapping[int, list[Row]]) -> Iterable[Event]:
        reabled = self.services([REABLEMENT])
        for person, spells in self.spells().items():
            first_home = min((row["event_start_date"] for row in homes.get(person, [])), default=None)
            for spell in spells:
                day = spell[-1]["discharge_date"]
                if spell[-1]["discharge_destination"] in ("51", "79") or self.age(person, day) < 65:
                    continue
                if day > spell[0]["admission_date"] and (first_home is None or first_home >= day):
                    soon = within(days_from(day, first_home), 0, 28)
                    yield self.event("hospital_to_care_home", person, day, int(soon))
                died = self.died.get(person)
                then = day + timedelta(days=91)
                begun = [row["event_start_date"] for row in reabled.get(person, [])]
                if any(self.stay_before(spells, one) is spell for one in begun):
                    gone = (died is not None and died <= then) or any(
                        start <= then <= end
                        for start, end in (
                            *((row["admission_date"], row["discharge_date"]) for row in stays[person]),
                            *(
                                (row["event_start_date"], row.get("event_end_date") or date.max)
                                for row in homes.get(person, [])
                            ),
                        )
                    )
                    yield self.event("at_home_91_days", person, day, int(not gone))
                if not self.overnight_emergency(spell):
                    continue
                # nobody is at home on the day of their death or after it
                away = {n for n in range(1, 92) if died is not None and died <= day + timedelta(days=n)}
                for start, end in (
                    *((row["admission_date"], row["discharge_date"]) for row in stays[person]),
                    *(
                        (row["event_start_date"], row.get("event_end_date") or date.max)
                        for row in homes.get(person, [])
                    ),
                ):
                    away |= {n for n in range(1, 92) if start <= day + timedelta(days=n) <= end}
                yield self.event("days_at_home_91", person, day, 1, 91 - len(away))

    @staticmethod
    def stay_before(spells: list[list[Row]], begun: date) -> list[Row] | None:
        """The last stay of a night or more, ended alive and at no other hospital, in the week before a service."""
        left = [
            spell
            for spell in spells
            if spell[-1]["discharge_destination"] not in ("51", "79")
            and spell[-1]["discharge_date"] > spell[0]["admission_date"]
            and within(days_from(spell[-1]["discharge_date"], begun), 0, 7)
        ]
        return max(enumerate(left), key=lambda item: (item[1][-1]["discharge_date"], item[0]))[1] if left else None

    def dying(self, row: Row) -> int:
        """Emergencies that began on the last 90 days."""
        died = row["date_of_death"]
        return sum(
            within(days_from(spell[0]["admission_date"], died), 0, 89)
            and spell[0]["admission_method"].startswith("2")
            and spell[0]["same_day_emergency_care"] == "N"
            and (spell[-1]["discharge_date"] > spell[0]["admission_date"] or spell[-1]["discharge_destination"] == "79")
            for spell in self.spells().get(self.person(row) or -1, [])
        )

    def others(self) -> Iterable[Event]:
        for row in self.feeds["sexual_health"]:
            if row.get("lsoa_code") not in self.fifths or row["gender"] != "2":
                continue
            when, fifth = row["attendance_date"], self.fifths[row["lsoa_code"]]
            if 15 <= row["age"] <= 44 and row["activity"].startswith("LARC-"):
                yield ("larc_prescribed", None, when, 1, None, "unknown", fifth, "unknown", None)
            if 15 <= row["age"] <= 24 and row["activity"] == "C4":
                yield ("chlamydia_detection_15_24", None, when, 1, None, "unknown", fifth, "unknown", None)
        for row in self.feeds["community_referrals"]:
            wait = days_from(row["referred_on"], row.get("first_contact_on"))
            arrived = int(within(wait, 0, 90))
            yield self.event("onward_referral_completed", self.person(row), row["referred_on"], arrived)
            if row["urgent"] == "Y":
                continue
            if wait is not None:
                yield self.event("community_wait", self.person(row), row["first_contact_on"], 1, wait)
            soon = int(within(wait, 0, 28))
            yield self.event("first_contact_28_days", self.person(row), row["referred_on"], soon)
        for row in self.feeds["deaths"]:
            if row["external_or_neonatal"] == "N":
                usual = row["place_of_death"] in ("home", "care_home", "religious")
                yield self.event("deaths_usual_place", self.person(row), row["date_of_death"], int(usual))
                ill = int(row["place_of_death"] == "hospital")
                yield self.event("deaths_in_hospital", self.person(row), row["date_of_death"], ill)
                if self.person(row) is not None:
                    often = int(self.dying(row) >= 3)
                    yield self.event("emergencies_before_death", self.person(row), row["date_of_death"], often)
                    yield from self.wishes(row)

    def everybody_told(self, feed: str, day: date) -> bool:
        """Whether everybody who had to report a feed on a day did."""
        had_to = [told for told, left in self.senders[feed] if left is None or day <= left]
        return bool(had_to) and min(had_to) >= day

    def carers(self) -> Iterable[Event]:
        """Requests whose 28 days everybody has told of, and whether an assessment ended or support began in them."""
        events = self.by_person("carers")
        for person, rows in events.items():
            for row in rows:
                day = row["event_start_date"]
                if row["event_type"] != "Request" or not self.everybody_told("carers", day + timedelta(days=28)):
                    continue
                answers = [one["event_end_date"] for one in rows if one["event_type"] == "Assessment"]
                answers += [one["event_start_date"] for one in self.supported(rows)]
                soon = any(within(days_from(day, answer), 0, 28) for answer in answers)
                yield self.event("carers_answered_28_days", person, day, int(soon))

    @staticmethod
    def supported(rows: Iterable[Row]) -> list[Row]:
        """Support other than information and advice."""
        return [row for row in rows if row["event_type"] == "Service" and row["support"] != "information_and_advice"]

    def budgets(self, period: Period) -> Iterable[Person]:
        own = ("direct_payment", "managed_budget")
        for person, rows in self.by_person("carers").items():
            pcn, fifth, group, _, _ = self.as_at(person, period.end)
            given = [
                (row["support"] in own, row["event_start_date"], row.get("event_end_date") or date.max)
                for row in self.supported(rows)
            ]
            inside = [budget for budget, start, end in given if start <= period.end and end >= period.start]
            if inside:
                yield ("carers_personal_budget", period.label, person, int(any(inside)), 1, pcn, fifth, group)
            old = period.end - timedelta(days=365)
            due = any(budget and start <= old and end >= period.end for budget, start, end in given)
            if due and period.kind != "rolling_year" and self.everybody_told("carers", period.end):
                seen = any(row["event_type"] == "Review" and old <= row["event_end_date"] <= period.end for row in rows)
                yield ("carers_budget_reviewed", period.label, person, int(seen), 1, pcn, fifth, group)

    def winters(self) -> Iterable[Event]:
        offers = self.by_person("winter_plans")
        for year in (2023, 2024):
            day = date(year, 11, 1)
            for person in self.registered:
                if self.age(person, day) >= 85:
                    offered = any(
                        date(year, 9, 1) <= row["offered_on"] <= date(year, 12, 31) for row in offers.get(person, [])
                    )
                    yield self.event("winter_plan_offered_85_over", person, day, int(offered))

    def courses(self) -> Iterable[Event]:
        for row in self.feeds["weight_and_activity"]:
            day = row.get("started_on")
            if day is None:
                continue
            person, programme = self.person(row), row["programme"]
            done = row.get("end_status") == "completed" and within(days_from(day, row.get("ended_on")), 0, 182)
            before, after = row.get("start_weight_kg"), row.get("end_weight_kg")
            if programme == "adult_weight_management":
                lost = before is not None and after is not None and (before - after) / before >= Decimal("0.05")
                yield self.event("weight_loss_5_percent", person, day, int(done and lost))
            first, last = row.get("start_active_minutes"), row.get("end_active_minutes")
            if programme == "activity_on_referral" and first is not None:
                for indicator, limit in (("became_active", 150), ("left_inactivity", 30)):
                    if first < limit:
                        yield self.event(indicator, person, day, int(done and last is not None and last >= limit))

    def wishes(self, death: Row) -> Iterable[Event]:
        """Whether a wish where to die was in force, and whether it was met."""
        person, died = self.person(death), death["date_of_death"]
        told: list[tuple[date, date, str, str, str]] = []
        for plan in self.feeds["end_of_life_plans"]:
            said = plan.get("reviewed_on") or plan["plan_created_on"]
            closed = plan.get("plan_ended_on") or date.max
            if self.person(plan) == person and plan["preferred_place"] != "not_discussed" and said <= died <= closed:
                told.append(
                    (said, plan["plan_created_on"], plan["organisation"], plan["record_id"], plan["preferred_place"])
                )
        yield self.event("preferred_place_recorded", person, died, int(bool(told)))
        if told:
            yield self.event("died_in_preferred_place", person, died, int(max(told)[4] == death["place_of_death"]))

    def settings(self) -> Iterable[Event]:
        for row in self.feeds["community_contacts"]:
            if row["attendance"] in ("5", "6"):
                yield self.event("community_share_of_contacts", self.person(row), row["contact_date"], 1)
        for row in self.feeds["emergency_care"]:
            if self.unplanned(row) and row["discharge_status"] != "left_before_treatment":
                yield self.event("community_share_of_contacts", self.person(row), row["arrival_date"], 0)

    @staticmethod
    def unplanned(row: Row) -> bool:
        return bool(row["department_type"] != "05" and row["attendance_category"] != "4")

    def attending(self, period: Period) -> Iterable[Person]:
        if period.kind == "quarter":
            return
        for person, rows in self.by_person("emergency_care", self.unplanned).items():
            times = sum(period.start <= row["arrival_date"] <= period.end for row in rows)
            if times:
                pcn, fifth, group, _, _ = self.as_at(person, period.end)
                yield ("frequent_emergency_attendance", period.label, person, int(times >= 5), 1, pcn, fifth, group)

    def support(self) -> Iterable[Event]:
        waits: dict[int, list[tuple[date, str, str, date]]] = {}
        for row in self.feeds["community_referrals"]:
            person = self.person(row)
            if person is None or row["urgent"] == "Y" or row.get("closed_reason") in ("refused", "abandoned"):
                continue
            begun = row["referred_on"]
            ends = (row.get("first_contact_on"), self.died.get(person), begun + timedelta(days=91))
            end = min(one for one in ends if one is not None)
            if (end - begun).days > 14:
                waits.setdefault(person, []).append((begun, row["organisation"], row["referral_id"], end))
        seen = self.by_person("community_contacts", lambda row: row["attendance"] in ("5", "6"))
        for person, found in waits.items():
            found.sort()
            helped = set()
            for row in seen.get(person, []):
                inside = [wait for wait in found if wait[0] < row["contact_date"] < wait[3]]
                helped |= set(inside[:1])
            for wait in found:
                yield self.event("supported_while_waiting", person, wait[0], int(wait in helped))

    def urgent(self) -> Iterable[Event]:
        referrals: dict[tuple[str, str], list[Row]] = {}
        for row in self.feeds["urgent_community_response"]:
            referrals.setdefault((row["organisation"], row["referral_id"]), []).append(row)
        for rows in referrals.values():
            contacts = [row for row in rows if row.get("contact_date")]
            if contacts and all(row["attendance"] == "2" for row in contacts):
                continue
            known = {self.person(row) for row in rows} - {None}
            person = known.pop() if len(known) == 1 else None
            day = min(row["clock_start_date"] for row in rows)
            verdict = self.in_two_hours(rows, [row for row in contacts if row["attendance"] in ("5", "6")])
            yield self.event("urgent_response_not_timed", person, day, int(verdict is None))
            if verdict is not None:
                yield self.event("urgent_response_2_hours", person, day, int(verdict))

    @staticmethod
    def in_two_hours(rows: list[Row], attended: list[Row]) -> bool | None:
        """Whether the first contact came in time, by every way of reading the clocks; None where they differ or lack."""
        if not attended:
            return False
        starts = [moments(row, "clock_start") for row in rows]
        first = min(row["contact_date"] for row in attended)
        met = [moments(row, "contact") for row in attended if row["contact_date"] == first]
        if not all(starts) or any(one != starts[0] for one in starts) or not all(met):
            return None
        waits = {(min(one) - start).total_seconds() for one in product(*met) for start in starts[0]}
        found = {wait <= 7200 for wait in waits if wait >= 0}
        return found.pop() if len(found) == 1 else None

    # -- people of a period

    def people(self) -> Counter[Person]:
        periods = {
            of(month.start)
            for month in months_between(month_of(FIRST), month_of(LAST))
            for of in (quarter_of, financial_year_of, rolling_year_of)
        }
        periods = {period for period in periods if period.kind != "rolling_year" or period.start >= FIRST}
        months = set(months_between(month_of(FIRST), month_of(LAST)))
        return Counter(
            [
                *(row for period in (*months, *periods) for row in self.waiting_list(period)),
                *(
                    row
                    for period in periods
                    for row in (
                        *(row for substance in SUBSTANCES for row in self.treated(period, substance)),
                        *self.frequent(period),
                        *self.attending(period),
                        *self.waiting(period),
                        *self.pressures(period),
                        *self.budgets(period),
                    )
                ),
            ]
        )

    def treated(self, period: Period, substance: str) -> Iterable[Person]:
        for person, journeys in self.journeys().items():
            inside = [
                number
                for number, one in enumerate(journeys)
                if one.substance == substance
                and one.start <= period.end
                and (one.end is None or one.end >= period.start)
            ]
            if not inside:
                continue
            latest = journeys[inside[-1]]
            done = latest.outcome == "completed" and latest.end is not None and latest.end <= period.end
            back = any(within(days_from(latest.end, other.start), 1, 182) for other in journeys)
            pcn, fifth, group, _, _ = self.as_at(person, period.end)
            yield (
                f"{substance}_treatment_completion", period.label, person, int(done and not back), 1, pcn, fifth, group,
            )  # fmt: skip

    def frequent(self, period: Period) -> Iterable[Person]:
        if period.kind == "quarter":
            return
        for person, spells in self.spells().items():
            inside = [
                spell
                for spell in spells
                if period.start <= spell[-1]["discharge_date"] <= period.end
                and self.overnight_emergency(spell)
                and self.age(person, spell[-1]["discharge_date"]) >= 0
            ]
            if inside:
                pcn, fifth, group, _, _ = self.as_at(person, period.end)
                often = int(len(inside) >= 3)
                yield ("frequent_emergency_admissions", period.label, person, often, 1, pcn, fifth, group)

    def waiting(self, period: Period) -> Iterable[Person]:
        if period.kind == "rolling_year" or period.end > LAST:
            return
        for one, days in self.open_waits(period.end, 180).items():
            person = one if isinstance(one, int) else None
            pcn, fifth, group, _, _ = self.as_at(person, period.end)
            yield ("waiting_over_42_days", period.label, person, int(days > 42), 1, pcn, fifth, group)

    def waiting_list(self, period: Period) -> Iterable[Person]:
        """By group: who of those on the register waits, and how many are on the register."""
        if period.kind == "rolling_year" or period.end > LAST:
            return
        listed = {one for one in self.open_waits(period.end, 119) if self.age(one, period.end) >= 0}
        groups = Counter(self.as_at(person, period.end)[:3] for person in self.registered)
        for group, everybody in groups.items():
            if group != UNKNOWN[:3]:
                waits = sum(self.as_at(person, period.end)[:3] == group for person in listed)
                yield ("people_waiting", period.label, None, waits, everybody, *group)

    def open_waits(self, last: date, oldest: int) -> dict[Any, int]:
        """Person, or referral of nobody known, to the days of the longest routine wait that is open on a day."""
        longest: dict[Any, int] = {}
        for row in self.feeds["community_referrals"]:
            days = days_from(row["referred_on"], last)
            seen, died = row.get("first_contact_on"), self.died.get(self.person(row) or -1)
            gone = row["urgent"] == "Y" or row.get("closed_reason") in ("refused", "abandoned")
            gone = gone or (seen is not None and seen <= last) or (died is not None and died <= last)
            if days is not None and within(days, 0, oldest) and not gone:
                who = self.person(row) or str(row["referral_id"])
                longest[who] = max(longest.get(who, 0), days)
        return longest

    def pressures(self, period: Period) -> Iterable[Person]:
        rows = self.by_person(
            "pcn_long_term_conditions",
            lambda row: row["condition"] == "hypertension" and row["snapshot_date"] == period.end,
        )
        for person, found in rows.items():
            pcn, fifth, group, _, age = self.as_at(person, period.end)
            if age is None or age < 18:
                continue
            row = max(found, key=lambda row: (row.get("last_bp_on") or date.min, row["record_id"]))
            recent = within(days_from(row.get("last_bp_on"), period.end), 0, 365)
            low = recent and row["systolic"] <= (140 if age < 80 else 150) and row["diastolic"] <= 90
            yield ("hypertension_treated", period.label, person, int(low), 1, pcn, fifth, group)
            if age <= 79:
                yield ("hypertension_treated_79_under", period.label, person, int(low), 1, pcn, fifth, group)
