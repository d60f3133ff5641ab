"""The place's files read the slow way: a second opinion on the truth, written from the definitions alone.

Belongs here: plain Python over CSV text, row by row, sharing nothing with the generator but its submissions. Not here:
anything fast, and nothing of the product.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from places.base import Submission

_NAMES = {
    "PCN": "organisation",
    "ROW_ID": "record_id",
    "PERSON_TOKEN": "person_token",
    "MATCH_TOKEN": "match_token",
    "NHS_STATUS": "nhs_number_status",
    "BIRTH_MONTH": "birth_month",
    "SEX": "sex",
    "PRACTICE": "practice_code",
    "LSOA": "lsoa_code",
    "FROM_DATE": "valid_from",
    "TO_DATE": "valid_to",
    "ORG": "organisation",
    "ORG_CODE": "practice_code",
    "ACH_DATE": "ach_date",
    "IND_CODE": "ind_code",
    "FIELD_NAME": "field_name",
    "VALUE": "value",
    "Org": "organisation",
    "Plan ID": "record_id",
    "Person token": "person_token",
    "Match token": "match_token",
    "Plan created": "plan_created_on",
    "Last review": "reviewed_on",
    "PPD 1": "preferred_place",
    "Plan ended": "plan_ended_on",
    "Offered": "offered_on",
    "LA_Code": "organisation",
    "Event_Reference": "event_reference",
    "Person_Token": "person_token",
    "Match_Token": "match_token",
    "Event_Type": "event_type",
    "Event_Start_Date": "event_start_date",
    "Event_End_Date": "event_end_date",
    "Service_Type": "support",
    "Provider": "organisation",
    "Programme": "programme",
    "Referred": "referred_on",
    "Started": "started_on",
    "Ended": "ended_on",
    "Ended how": "end_status",
    "Start weight (g)": "start_weight_g",
    "End weight (g)": "end_weight_g",
    "Start minutes": "start_active_minutes",
    "End minutes": "end_active_minutes",
}
Row = dict[str, str]
_CHECKS = ("nhs_health_checks", "invited_on")


@dataclass(frozen=True)
class Attributes:
    """What a person was on the first of a month."""

    pcn: str
    deprivation: str
    age: int
    group: str
    practice: str
    lsoa: str
    sex: str


UNKNOWN = Attributes("unknown", "unknown", -1, "unknown", "", "", "")


def day(text: str) -> date:
    """A date in any of the formats the place's senders use."""
    if "/" in text:
        text = "-".join(reversed(text.split("/")))
    return date.fromisoformat(text)


class Reader:
    """Files as an honest reader would use them. `findings` counts dropped and refused rows by feed and rule."""

    def __init__(self, submissions: Iterable[Submission]) -> None:
        self.findings: Counter[tuple[str, str]] = Counter()
        self._files: dict[tuple[str, str], list[tuple[tuple[int, date], Submission, list[Row]]]] = defaultdict(list)
        for item in submissions:
            rows = self._rows(item)
            self._files[item.feed, item.organisation].append(((item.sequence, item.covers_to), item, rows))
        self._link()
        self._reference()
        self._deaths = {
            person: day(row["date_of_death"])
            for row in self.in_force("deaths", "date_of_death")
            if (person := self.person(row))
        }
        self._spine: dict[date, dict[str, Attributes]] = {}

    def _rows(self, item: Submission) -> list[Row]:
        seen, kept = set(), []
        for cells in csv.DictReader(io.StringIO(item.content.decode())):
            padded = any(value != value.strip() for value in cells.values())
            self.findings[item.feed, "value.trimmed"] += padded
            row = {_NAMES.get(name, name): value.strip() for name, value in cells.items()}
            whole = tuple(row.values())
            if whole in seen:
                self.findings[item.feed, "row.duplicate"] += 1
                continue
            seen.add(whole)
            if rule := _broken(item.feed, row):
                self.findings[item.feed, rule] += 1
            else:
                kept.append(row)
        return kept

    def in_force(self, feed: str, event: str) -> list[Row]:
        """Rows that count: those of the newest file of their sender that covers the day of the event."""
        found = []
        for (name, organisation), files in self._files.items():
            if name != feed:
                continue
            for rank, item, rows in files:
                for row in rows:
                    when = day(row[event])
                    if item.covers_from <= when <= item.covers_to and rank == self._newest(feed, organisation, when)[0]:
                        found.append(row)
        return found

    def _newest(self, feed: str, organisation: str, when: date) -> tuple[tuple[int, date], Submission, list[Row]]:
        covering = [entry for entry in self._files[feed, organisation] if _covers(entry[1], when)]
        return max(covering, key=lambda entry: entry[0])

    def _link(self) -> None:
        numbers = defaultdict(set)
        for files in self._files.values():
            for _, _, rows in files:
                for row in rows:
                    if row.get("match_token"):
                        numbers[row["match_token"]].add(row.get("person_token", ""))
        self._by_match: dict[str, str] = {}
        for match, found in numbers.items():
            known = found - {""}
            if len(known) < 2:
                self._by_match[match] = min(known) if known else match

    def person(self, row: Row) -> str | None:
        """The person a row is of; None when nobody can tell."""
        return row.get("person_token") or self._by_match.get(row.get("match_token", ""))

    def _reference(self) -> None:
        ((_, _, areas),) = self._files["reference_areas", "ZCC1"]
        ordered = sorted(areas, key=lambda row: (int(row["imd_rank"]), row["lsoa_code"]))
        total, before = sum(int(row["population"]) for row in ordered), 0
        self.fifths: dict[str, str] = {}
        for row in ordered:
            people = int(row["population"])
            self.fifths[row["lsoa_code"]] = str(1 + 5 * (2 * before + people) // (2 * total))
            before += people
        ((_, _, self._practices),) = self._files["reference_practices", "ZCC1"]

    def pcn(self, practice: str, when: date) -> str:
        """Network of a practice on a day."""
        for row in self._practices:
            if row["practice_code"] == practice and _holds(row, when):
                return row["pcn_code"]
        return "unknown"

    def spine(self, first: date) -> dict[str, Attributes]:
        """Everybody of a month, with what they were on its first day."""
        if first not in self._spine:
            best: dict[str, tuple[tuple[date, str], Row]] = {}
            for feed, organisation in sorted(self._files):
                if feed != "pcn_register":
                    continue
                for row in self._newest(feed, organisation, first)[2]:
                    person = self.person(row)
                    if person is None or not _holds(row, first) or self._deaths.get(person, first) < first:
                        continue
                    rank = (day(row["valid_from"]), row["practice_code"])
                    if person not in best or rank > best[person][0]:
                        best[person] = rank, row
            self._spine[first] = {person: self._attributes(row, first) for person, (_, row) in best.items()}
        return self._spine[first]

    def _attributes(self, row: Row, first: date) -> Attributes:
        year, month = (int(part) for part in row["birth_month"].split("-"))
        age = ((first.year - year) * 12 + first.month - month) // 12
        ends = ((17, "0-17"), (39, "18-39"), (64, "40-64"), (74, "65-74"), (84, "75-84"))
        return Attributes(
            self.pcn(row["practice_code"], first),
            self.fifths.get(row["lsoa_code"], "unknown"),
            age,
            next((name for last, name in ends if age <= last), "85-over"),
            row["practice_code"],
            row["lsoa_code"],
            row["sex"],
        )

    def at(self, person: str | None, when: date) -> Attributes:
        """Attributes of a person on a day, everything unknown off the spine."""
        return self.spine(when.replace(day=1)).get(person or "", UNKNOWN)

    def health_checks(self) -> list[tuple[date, int, Attributes]]:
        """Invitations that count, with 1 for those taken up."""
        found = []
        for row in self.in_force("nhs_health_checks", "invited_on"):
            invited = day(row["invited_on"])
            who = self.at(self.person(row), invited)
            if 40 <= who.age <= 74:
                came = row["attended_on"] != "" and (day(row["attended_on"]) - invited).days <= 182
                found.append((invited, int(came), who))
        return found

    def checks_by(self, event: str) -> list[tuple[date, Attributes]]:
        """Invitations or attendances that count, each on its own day."""
        dated = [(self.person(row), day(row[event])) for row in self.in_force(*_CHECKS) if row[event]]
        found = [(when, self.at(person, when)) for person, when in dated if when <= date(2025, 6, 30)]
        return [(when, who) for when, who in found if 40 <= who.age <= 74]

    def usual_place(self) -> list[tuple[date, int, Attributes]]:
        """Deaths that count, with 1 for those in a usual place."""
        return self.died_in("home", "care_home", "religious")

    def died_in(self, *places: str) -> list[tuple[date, int, Attributes]]:
        """Deaths that count, with 1 for those in one of the places."""
        return [
            (
                when := day(row["date_of_death"]),
                int(row["place_of_death"] in places),
                self.at(self.person(row), when),
            )
            for row in self.in_force("deaths", "date_of_death")
            if row["external_or_neonatal"] == "N"
        ]

    def winters(self) -> list[tuple[date, int, Attributes]]:
        """People of 85 and over on a 1 November, with 1 for those offered a plan from September to December."""
        offers = [(self.person(row), day(row["offered_on"])) for row in self.in_force("winter_plans", "offered_on")]
        found = []
        for year in (2023, 2024):
            asked = {person for person, when in offers if when.year == year and when.month >= 9}
            for person, who in self.spine(date(year, 11, 1)).items():
                if who.age >= 85:
                    found.append((date(year, 11, 1), int(person in asked), who))
        return found

    def _carers(self) -> dict[str, list[tuple[str, date, date, str]]]:
        """Events of each carer: kind, first and last day, and support in lower case with spaces."""
        found: dict[str, list[tuple[str, date, date, str]]] = defaultdict(list)
        for row in self.in_force("carers", "event_start_date"):
            last = day(row["event_end_date"]) if row["event_end_date"] else date.max
            support = row["support"].lower().replace("_", " ").removeprefix("cassr ").replace("personal ", "")
            found[self.person(row) or ""].append((row["event_type"], day(row["event_start_date"]), last, support))
        return found

    def carers_asking(self) -> list[tuple[date, int, Attributes]]:
        """Requests whose 28 days are over, with 1 for those answered in them."""
        found = []
        for person, events in self._carers().items():
            answers = [last for kind, _, last, _ in events if kind == "Assessment"]
            answers += [first for kind, first, _, given in events if kind == "Service" and "information" not in given]
            for kind, asked, _, _ in events:
                if kind == "Request" and asked <= date(2025, 6, 2):
                    soon = any(asked <= answer <= asked + timedelta(28) for answer in answers)
                    found.append((asked, int(soon), self.at(person, asked)))
        return found

    def carers_supported(self, first: date, last: date) -> list[tuple[date, int, Attributes]]:
        """Carers given support on some day between two, with 1 for those whose it was a budget."""
        found = []
        for person, events in self._carers().items():
            given = [
                support
                for kind, begun, over, support in events
                if kind == "Service" and "information" not in support and begun <= last and over >= first
            ]
            if given:
                own = {"direct payment", "managed budget"} & set(given)
                who = self.at(person, last) if last <= date(2025, 6, 30) else UNKNOWN
                found.append((last, int(bool(own)), who))
        return found

    def budgets_reviewed(self, last: date) -> list[tuple[date, int, Attributes]]:
        """Carers whose budget runs on a day and is 365 days old, with 1 for those seen in these days."""
        found = []
        for person, events in self._carers().items() if last <= date(2025, 6, 30) else ():
            due = any(
                kind == "Service"
                and support in ("direct payment", "managed budget")
                and begun <= last - timedelta(365)
                and over >= last
                for kind, begun, over, support in events
            )
            if due:
                seen = any(kind == "Review" and 0 <= (last - over).days <= 365 for kind, _, over, _ in events)
                found.append((last, int(seen), self.at(person, last)))
        return found

    def courses(self, indicator: str) -> list[tuple[date, int, Attributes]]:
        """Courses begun that count for an indicator, with 1 for those completed in time with what it asks for."""
        weight = indicator == "weight_loss_5_percent"
        limit = 150 if indicator == "became_active" else 30
        found = []
        for row in self.in_force("weight_and_activity", "referred_on"):
            wanted = ("adult_weight_management", "T2 adult") if weight else ("activity_on_referral", "EoR")
            if row["programme"] not in wanted or row["started_on"] == "":
                continue
            first, last = row["start_active_minutes"], row["end_active_minutes"]
            if not weight and (first == "" or int(first) >= limit):
                continue
            started = day(row["started_on"])
            done = row["end_status"].lower() == "completed" and (day(row["ended_on"]) - started).days <= 182
            if weight:
                before, after = (_grams(row, name) for name in ("start_weight", "end_weight"))
                done = done and before is not None and after is not None and 20 * (before - after) >= before
            else:
                done = done and last != "" and int(last) >= limit
            found.append((started, int(done), self.at(self.person(row), started)))
        return found

    def wishes(self, met: bool) -> list[tuple[date, int, Attributes]]:
        """Deaths of known people with 1 for those with a wish in force; or those with a wish, with 1 where it was met."""
        plans = self.in_force("end_of_life_plans", "plan_created_on")
        found = []
        for row in self.in_force("deaths", "date_of_death"):
            person, died = self.person(row), day(row["date_of_death"])
            if person is None or row["external_or_neonatal"] != "N":
                continue
            mine = [plan for plan in plans if self.person(plan) == person]
            said = [
                (day(plan["reviewed_on"] or plan["plan_created_on"]), day(plan["plan_created_on"]), *_place_of(plan))
                for plan in mine
                if plan["preferred_place"].lower() != "not discussed"
                and plan["preferred_place"] != "not_discussed"
                and (plan["plan_ended_on"] == "" or day(plan["plan_ended_on"]) >= died)
            ]
            told = [wish for wish in said if wish[0] <= died]
            if met and told:
                found.append((died, int(max(told)[4] == row["place_of_death"]), self.at(person, died)))
            elif not met:
                found.append((died, int(bool(told)), self.at(person, died)))
        return found

    def hypertension(self, snapshot: date, ages: range) -> list[tuple[date, int, Attributes]]:
        """One row a person of a snapshot that counts."""
        newest: dict[str, tuple[tuple[date, str], Row]] = {}
        for row in self.in_force("pcn_long_term_conditions", "snapshot_date"):
            person = self.person(row)
            if row["condition"] != "hypertension" or day(row["snapshot_date"]) != snapshot or person is None:
                continue
            rank = (day(row["last_bp_on"]) if row["last_bp_on"] else date.min, row["record_id"])
            if person not in newest or rank > newest[person][0]:
                newest[person] = rank, row
        found = []
        for person, (_, row) in newest.items():
            who = self.at(person, snapshot)
            if who.age not in ages:
                continue
            good = (
                row["last_bp_on"] != ""
                and timedelta(0) <= snapshot - day(row["last_bp_on"]) <= timedelta(365)
                and int(row["systolic"]) <= (140 if who.age < 80 else 150)
                and int(row["diastolic"]) <= 90
            )
            found.append((snapshot, int(good), who))
        return found

    def at_the_clinic(self, activity: str, ages: range) -> list[tuple[date, str]]:
        """Activities of women of the place that count: the day and the fifth of the area."""
        return [
            (day(row["attendance_date"]), self.fifths[row["lsoa_code"]])
            for row in self.in_force("sexual_health", "attendance_date")
            if row["activity"].startswith(activity)
            and row["gender"] == "2"
            and int(row["age"]) in ages
            and row["lsoa_code"] in self.fifths
        ]

    def women(self, first: date, ages: range) -> list[Attributes]:
        """Women of some ages, living in the place on the first of a month."""
        return [
            who for who in self.spine(first).values() if who.sex == "2" and who.age in ages and who.lsoa in self.fifths
        ]

    def achievement(self, code: str, last: date) -> dict[str, Counter[str]]:
        """Sums of numerators and denominators of a quarter's last day, by network."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.in_force("pcn_achievement", "ach_date"):
            if row["ind_code"] == code and day(row["ach_date"]) == last:
                found[self.pcn(row["practice_code"], last)][row["field_name"]] += int(row["value"])
        return found


def _grams(row: Row, name: str) -> int | None:
    """A weight in whole grams, from kilograms with one decimal or from grams."""
    said = row.get(f"{name}_g", "") or row.get(f"{name}_kg", "").replace(".", "")
    if said == "":
        return None
    return int(said) if f"{name}_g" in row else 100 * int(said)


def _place_of(plan: Row) -> tuple[str, str, str]:
    """Who holds a plan, its reference, and the place in the words of the register of deaths."""
    words = {"care home": "care_home", "religious house": "religious", "elsewhere": "other"}
    said = plan["preferred_place"].lower()
    return plan["organisation"], plan["record_id"], words.get(said, said)


def _covers(item: Submission, when: date) -> bool:
    return item.covers_from <= when <= item.covers_to


def _holds(row: Row, when: date) -> bool:
    return day(row["valid_from"]) <= when and (row["valid_to"] == "" or when <= day(row["valid_to"]))


def _broken(feed: str, row: Row) -> str | None:
    """The rule a row breaks, of those the place plants."""
    if feed == "deaths" and row["place_of_death"] not in (
        "home",
        "care_home",
        "religious",
        "hospital",
        "hospice",
        "other",
    ):
        return "row.code"
    if feed == "nhs_health_checks" and row["attended_on"] and day(row["attended_on"]) < day(row["invited_on"]):
        return "row.cross_field"
    if feed == "pcn_long_term_conditions" and row["systolic"] and not 50 <= int(row["systolic"]) <= 300:
        return "row.range"
    if feed == "sexual_health" and not 0 <= int(row["age"]) <= 120:
        return "row.range"
    if feed == "pcn_achievement" and int(row["value"]) < 0:
        return "row.range"
    return None
