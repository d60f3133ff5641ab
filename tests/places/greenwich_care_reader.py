"""The files of care read the slow way: a second opinion on their truth, written from the definitions alone.

Belongs here: plain Python over CSV text, row by row, person by person. Not here: anything shared with the generator but
its submissions and the demo key; the months of residents come from the world, whose own second opinion lies next door.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from foundation.tokens import local_text, match_text
from places.base import Submission
from places.greenwich.dates import MONTHS
from places.greenwich.world import World

_CHARITY = {
    "AGNCY": "organisation",
    "EPISODID": "episode_id",
    "PERSON_TOKEN": "person_token",
    "MATCH_TOKEN": "match_token",
    "CLIENT_TOKEN": "local_token",
    "NHS_STATUS": "nhs_number_status",
    "BIRTH_MONTH": "birth_month",
    "SEX": "sex",
    "CONSENT": "consent",
    "DRUG1": "substance",
    "REFLD": "referral_date",
    "TRIAGED": "triage_date",
    "DISD": "discharge_date",
    "DISRSN": "discharge_reason",
    "EXTRACT_MONTH": "extract_month",
}
_SECOND_TRUST = {
    "PROVIDER_CODE": "organisation",
    "SPELL_NO": "spell_id",
    "PERSON_TOKEN": "person_token",
    "LOCAL_TOKEN": "local_token",
    "NHS_STATUS": "nhs_number_status",
    "BIRTH_MONTH": "birth_month",
    "SEX": "sex",
    "ADMIDATE": "admission_date",
    "ADMIMETH": "admission_method",
    "DISDATE": "discharge_date",
    "DISREADYDATE": "discharge_ready_date",
    "DISDEST": "discharge_destination",
    "DIAG_01": "primary_diagnosis",
    "CAUSE": "external_cause",
    "SDEC": "same_day_emergency_care",
}
_COUNCIL = {
    "LA_Code": "organisation",
    "NHS_Number": "nhs_number",
    "Forename": "forename",
    "Surname": "surname",
    "Date_of_Birth": "date_of_birth",
    "Postcode": "postcode",
    "LA_Person_Unique_Identifier": "client_id",
    "Client_Type": "client_type",
    "Event_Type": "event_type",
    "Event_Reference": "event_reference",
    "Service_Type": "service_type",
    "Event_Start_Date": "event_start_date",
    "Event_End_Date": "event_end_date",
    "Event_Outcome": "event_outcome",
}
_CONTACTS = {
    "ORGANISATION IDENTIFIER (CODE OF PROVIDER)": "organisation",
    "CARE CONTACT IDENTIFIER": "care_contact_id",
    "SERVICE REQUEST IDENTIFIER": "referral_id",
    "PERSON TOKEN": "person_token",
    "LOCAL TOKEN": "local_token",
    "NHS NUMBER STATUS": "nhs_number_status",
    "PERSON BIRTH MONTH": "birth_month",
    "CARE CONTACT DATE": "contact_date",
    "CARE CONTACT SUBJECT": "subject",
    "ATTENDED OR DID NOT ATTEND CODE": "attendance",
    "CONSULTATION MEDIUM USED": "medium",
    "CLINICAL CONTACT DURATION OF CARE CONTACT": "duration_minutes",
    "CARE CONTACT CANCELLATION DATE": "cancelled_on",
}
_EMERGENCY = {
    "provider_code": "organisation",
    "attendance.location.department_type": "department_type",
    "attendance.arrival.date": "arrival_date",
    "attendance.arrival.attendance_category": "attendance_category",
    "attendance.departure.date": "departure_date",
}
_REGISTER = {"PERSON_TOKEN": "person_token", "MATCH_TOKEN": "match_token"}
EVENT_COLUMN = {
    "stop_smoking": "quit_date",
    "admitted_care": "discharge_date",
    "community_referrals": "referred_on",
    "community_contacts": "contact_date",
    "emergency_care": "arrival_date",
    "urgent_community_response": "clock_start_date",
    "council_client_level": "event_start_date",
}
_CARE_HOME = ("Long Term Support: Nursing Care", "Long Term Support: Residential Care")
_NEVER = date.max
Row = dict[str, str]


@dataclass(frozen=True)
class Event:
    """Something counted: on a day, for a person (None: nobody known), with a numerator or an amount."""

    when: date
    person: str | None
    amount: int


def day(text: str) -> date:
    """A date in either format of the senders."""
    if "/" in text:
        text = "-".join(reversed(text.split("/")))
    return date.fromisoformat(text)


class CareReader:
    """Files as an honest reader would use them. `findings` counts dropped and refused rows by feed and rule."""

    def __init__(self, world: World, submissions: Iterable[Submission]) -> None:
        self.world = world
        self.findings: Counter[tuple[str, str]] = Counter()
        self.deaths: dict[str, date] = {}
        self._files: dict[str, list[tuple[Submission, list[Row]]]] = defaultdict(list)
        for item in submissions:
            if (
                item.feed in ("pcn_register", "deaths")
                or item.feed in EVENT_COLUMN
                or item.feed == "treatment_episodes"
            ):
                self._files[item.feed].append((item, self._rows(item)))
        self._keep_newest_treatment()
        self._link()
        for row in self.in_force("deaths", "date_of_death"):
            if row["person_token"]:
                self.deaths[row["person_token"]] = day(row["date_of_death"])

    def _rows(self, item: Submission) -> list[Row]:
        seen, kept = set(), []
        text = item.content.decode()
        for cells in csv.DictReader(io.StringIO(text), strict=True):
            assert None not in cells and None not in cells.values()
            self.findings[item.feed, "value.trimmed"] += any(value != value.strip() for value in cells.values())
            row = {_canonical(item.feed, name): value.strip() for name, value in cells.items()}
            assert row.get("organisation", item.organisation) == item.organisation
            whole = tuple(row.values())
            if whole in seen:
                self.findings[item.feed, "row.duplicate"] += 1
                continue
            seen.add(whole)
            if rule := _broken(item.feed, row):
                self.findings[item.feed, rule] += 1
                continue
            if item.feed == "council_client_level":
                self._tokenise(row)
            kept.append(row)
        return kept

    def _tokenise(self, row: Row) -> None:
        key = self.world.key
        number = row["nhs_number"]
        row["person_token"] = key.token(number) if _is_number(number) else ""
        born = day(row["date_of_birth"]).isoformat()
        row["match_token"] = key.token(match_text(row["forename"], row["surname"], born) or "")
        row["local_token"] = key.token(local_text("ZCC1", row["client_id"]))

    def _keep_newest_treatment(self) -> None:
        newest: dict[str, tuple[Submission, list[Row]]] = {}
        for item, rows in self._files["treatment_episodes"]:
            if item.organisation not in newest or newest[item.organisation][0].covers_to < item.covers_to:
                newest[item.organisation] = item, rows
        self._files["treatment_episodes"] = list(newest.values())

    def _link(self) -> None:
        """The three deterministic passes, and the council's own rule."""
        linkable = [
            (feed, row)
            for feed, files in self._files.items()
            for _, rows in files
            for row in rows
            if row.get("consent") != "N"
        ]
        numbers = defaultdict(set)
        for _, row in linkable:
            if row.get("match_token"):
                numbers[row["match_token"]].add(row.get("person_token", ""))
        self._by_match = {}
        for match, found in numbers.items():
            known = found - {""}
            if len(known) < 2:
                self._by_match[match] = known.pop() if known else match
        locals_ = defaultdict(set)
        self._council_known = set()
        for feed, row in linkable:
            if local := row.get("local_token"):
                council = feed == "council_client_level"
                by_match = None if council else self._by_match.get(row.get("match_token", ""))
                locals_[local].add(row.get("person_token") or by_match or "")
                if council and row["person_token"]:
                    self._council_known.add(local)
        self._by_local = {}
        for local, found in locals_.items():
            known = found - {""}
            if len(known) < 2:
                self._by_local[local] = known.pop() if known else local

    def person(self, row: Row) -> str | None:
        """The person a row is of; None when nobody can tell."""
        return (
            row.get("person_token")
            or self._by_match.get(row.get("match_token", ""))
            or self._by_local.get(row.get("local_token", ""))
        )

    def in_force(self, feed: str, event: str) -> list[Row]:
        """Rows of the file that counts for their day: the highest sequence, then the one that reaches furthest."""
        found = []
        files = self._files[feed]
        for item, rows in files:
            for row in rows:
                when = day(row[event])
                assert item.covers_from <= when <= item.covers_to
                best = max(
                    (other.sequence, other.covers_to)
                    for other, _ in files
                    if other.organisation == item.organisation and other.covers_from <= when <= other.covers_to
                )
                if (item.sequence, item.covers_to) == best:
                    found.append({**row, "told_until": item.covers_to.isoformat()})
        return found

    def events(self, feed: str) -> list[Row]:
        return self.in_force(feed, EVENT_COLUMN[feed])

    # treatment

    def episodes(self) -> list[Row]:
        return [row for _, rows in self._files["treatment_episodes"] for row in rows if row["consent"] == "Y"]

    def waits(self) -> list[Event]:
        return [
            Event(day(row["triage_date"]), self.person(row), (day(row["triage_date"]) - day(row["referral_date"])).days)
            for row in self.episodes()
            if row["triage_date"]
        ]

    def journeys(self) -> dict[str, list[tuple[date, date, str, str]]]:
        """Start, end, outcome and substance of each person's journeys, in order."""
        by_person = defaultdict(list)
        for row in self.episodes():
            person = self.person(row)
            if person and row["triage_date"]:
                end = day(row["discharge_date"]) if row["discharge_date"] else _NEVER
                by_person[person].append((day(row["triage_date"]), end, row))
        found = {}
        for person, rows in by_person.items():
            rows.sort(key=lambda item: item[0])
            groups: list[list[tuple[date, date, Row]]] = []
            latest: date | None = None
            for start, end, row in rows:
                if latest is None or (latest != _NEVER and start > latest + timedelta(21)):
                    groups.append([])
                    latest = end
                groups[-1].append((start, end, row))
                latest = max(latest, end)
            found[person] = [_journey(group) for group in groups]
        return found

    def completions(self, substance: str, first: date, last: date) -> list[tuple[str, int]]:
        """People treated for that between two days, and 1 for those who left it well for half a year."""
        found = []
        for person, journeys in self.journeys().items():
            inside = [item for item in journeys if item[3] == substance and item[0] <= last and item[1] >= first]
            if inside:
                _, end, outcome, _ = inside[-1]
                well = outcome == "completed" and end <= last
                found.append((person, int(well and not _starts_within(journeys, end, 182))))
        return found

    def recoveries(self, days: int = 365) -> list[Event]:
        found = []
        for person, journeys in self.journeys().items():
            for _, end, outcome, _ in journeys:
                if outcome != "completed":
                    continue
                died = self.deaths.get(person)
                if died and died <= end + timedelta(days):
                    continue
                found.append(Event(end, person, int(not _starts_within(journeys, end, days))))
        return found

    def half_year_recoveries(self) -> list[Event]:
        return self.recoveries(182)

    def two_year_recoveries(self) -> list[Event]:
        return self.recoveries(730)

    def returns(self) -> list[Event]:
        return [
            Event(end, person, int(_starts_within(journeys, end, 182)))
            for person, journeys in self.journeys().items()
            for _, end, outcome, _ in journeys
            if outcome == "completed"
        ]

    def treatment_deaths(self) -> list[Event]:
        return [
            Event(end, person, int(outcome == "died"))
            for person, journeys in self.journeys().items()
            for _, end, outcome, _ in journeys
            if end != _NEVER
        ]

    # smoking

    def quits(self) -> list[Event]:
        """Quit dates, 1 for those verified in time."""
        return self._followed_up({"quit_co_verified"})

    def quits_by_their_word(self) -> list[Event]:
        """Quit dates, 1 for those verified or said in time."""
        return self._followed_up({"quit_co_verified", "quit_self_report"})

    def lost_quits(self) -> list[Event]:
        """Quit dates, 1 for those of whom nobody heard in time."""
        heard = self._followed_up({"quit_co_verified", "quit_self_report", "not_quit"})
        return [Event(event.when, event.person, 1 - event.amount) for event in heard]

    def _followed_up(self, outcomes: set[str]) -> list[Event]:
        found = []
        for row in self.events("stop_smoking"):
            when = day(row["quit_date"])
            after = (day(row["follow_up_date"]) - when).days if row["follow_up_date"] else -1
            found.append(Event(when, self.person(row), int(row["outcome"] in outcomes and 25 <= after <= 42)))
        return found

    # hospitals

    def stays(self) -> dict[str, list[list[Row]]]:
        """Continuous stays of each person, as their rows in order."""
        by_person = defaultdict(list)
        for row in self.events("admitted_care"):
            person = self.person(row)
            if person:
                by_person[person].append(row)
        found = {}
        for person, rows in by_person.items():
            rows.sort(key=lambda row: (day(row["admission_date"]), day(row["discharge_date"]), row["spell_id"]))
            groups: list[list[Row]] = []
            for row in rows:
                if groups:
                    before = groups[-1][-1]
                    gap = (day(row["admission_date"]) - day(before["discharge_date"])).days
                    if before["discharge_destination"] == "51" and gap in (0, 1):
                        groups[-1].append(row)
                        continue
                groups.append([row])
            found[person] = groups
        return found

    def emergencies(self) -> list[Event]:
        return [
            Event(day(stay[-1]["discharge_date"]), person, 1)
            for person, stays in self.stays().items()
            for stay in stays
            if stay[0]["admission_method"].startswith("2")
            and stay[0]["same_day_emergency_care"] == "N"
            and day(stay[-1]["discharge_date"]) > day(stay[0]["admission_date"])
        ]

    def falls(self) -> list[Event]:
        return [
            Event(day(stay[-1]["discharge_date"]), person, 1)
            for person, stays in self.stays().items()
            for stay in stays
            if stay[0]["admission_method"].startswith("2")
            and "S00" <= stay[0]["primary_diagnosis"][:3] <= "T98"
            and "W00" <= stay[0]["external_cause"][:3] <= "W19"
        ]

    def emergency_nights(self) -> list[Event]:
        return [
            Event(out, person, (out - day(stay[0]["admission_date"])).days)
            for person, stays in self.stays().items()
            for stay in stays
            for out in [day(stay[-1]["discharge_date"])]
            if stay[0]["admission_method"].startswith("2")
            and stay[0]["same_day_emergency_care"] == "N"
            and out > day(stay[0]["admission_date"])
        ]

    def chronic(self) -> list[Event]:
        return [
            Event(day(stay[-1]["discharge_date"]), person, 1)
            for person, stays in self.stays().items()
            for stay in stays
            if stay[0]["admission_method"].startswith("2")
            and stay[0]["same_day_emergency_care"] == "N"
            and day(stay[-1]["discharge_date"]) > day(stay[0]["admission_date"])
            and stay[0]["primary_diagnosis"][:3] in ("I50", "J44", "E11")
        ]

    def usual_places(self) -> list[Event]:
        return [
            Event(out, person, int(stay[-1]["discharge_destination"] == "19"))
            for person, stays in self.stays().items()
            for stay in stays
            for out in [day(stay[-1]["discharge_date"])]
            if stay[-1]["discharge_destination"] not in ("51", "79") and out > day(stay[0]["admission_date"])
        ]

    def weekends(self) -> list[Event]:
        return [
            Event(event.when, event.person, int(event.when.strftime("%a") in ("Sat", "Sun")))
            for event in self.usual_places()
        ]

    def prompt_discharges(self) -> list[Event]:
        return [Event(event.when, event.person, int(event.amount == 0)) for event in self.delays()]

    def readmissions(self) -> list[Event]:
        found = []
        for person, stays in self.stays().items():
            for place, stay in enumerate(stays):
                if stay[-1]["discharge_destination"] == "79":
                    continue
                out = day(stay[-1]["discharge_date"])
                back = any(
                    other[0]["admission_method"].startswith("2")
                    and 0 <= (day(other[0]["admission_date"]) - out).days <= 29
                    for other in stays[place + 1 :]
                )
                found.append(Event(out, person, int(back)))
        return found

    def delays(self) -> list[Event]:
        return [
            Event(out, self.person(row), (out - day(row["discharge_ready_date"])).days)
            for row in self.events("admitted_care")
            if row["discharge_ready_date"] and row["discharge_destination"] != "79"
            for out in [day(row["discharge_date"])]
        ]

    # community

    def referrals(self) -> list[Event]:
        found = []
        for row in self.events("community_referrals"):
            if row["urgent"] == "N":
                when = day(row["referred_on"])
                seen = row["first_contact_on"] != "" and (day(row["first_contact_on"]) - when).days <= 28
                found.append(Event(when, self.person(row), int(seen)))
        return found

    def onward(self) -> list[Event]:
        found = []
        for row in self.events("community_referrals"):
            when = day(row["referred_on"])
            seen = row["first_contact_on"] != "" and (day(row["first_contact_on"]) - when).days <= 90
            found.append(Event(when, self.person(row), int(seen)))
        return found

    def waiting(self, _: date, last: date) -> list[tuple[str, int]]:
        """People who wait on a day, and 1 for those who wait for over 42 days."""
        return [(person, int(days > 42)) for person, days in self.open_waits(last, 180).items()]

    def open_waits(self, last: date, oldest: int) -> dict[str, int]:
        """People who wait on a day, and the days of the longest of their waits."""
        longest: dict[str, int] = {}
        if last > MONTHS[-1].end:
            return {}
        for row in self.events("community_referrals"):
            days = (last - day(row["referred_on"])).days
            person = self.person(row) or ""
            seen = day(row["first_contact_on"]) if row["first_contact_on"] else _NEVER
            if (
                row["urgent"] == "N"
                and row["closed_reason"] not in ("refused", "abandoned")
                and 0 <= days <= oldest
                and seen > last
                and self.deaths.get(person, _NEVER) > last
            ):
                longest[person] = max(longest.get(person, 0), days)
        return longest

    def contacts(self) -> list[Event]:
        return [
            Event(seen, self.person(row), (seen - day(row["referred_on"])).days)
            for row in self.events("community_referrals")
            if row["urgent"] == "N" and row["first_contact_on"]
            for seen in [day(row["first_contact_on"])]
        ]

    def arrivals(self) -> list[tuple[date, str | None, str]]:
        """Unplanned attendances: day, person, how they ended."""
        return [
            (day(row["arrival_date"]), self.person(row), row["discharge_status"])
            for row in self.events("emergency_care")
            if row["department_type"] != "05" and row["attendance_category"] != "4"
        ]

    def settings(self) -> list[Event]:
        """Contacts in either setting, with 1 for those in the community."""
        acute = [Event(when, person, 0) for when, person, end in self.arrivals() if end != "left_before_treatment"]
        return acute + [
            Event(day(row["contact_date"]), self.person(row), 1)
            for row in self.events("community_contacts")
            if row["attendance"] in ("5", "6")
        ]

    def frequent_arrivals(self, first: date, last: date) -> list[tuple[str, int]]:
        times = Counter(person or "" for when, person, _ in self.arrivals() if first <= when <= last)
        return [(person, int(number >= 5)) for person, number in times.items()]

    def supported(self) -> list[Event]:
        """Waits of more than 14 days, with 1 where a contact fell into them that no earlier wait of the person has."""
        waits = defaultdict(list)
        for row in sorted(self.events("community_referrals"), key=lambda row: (row["referred_on"], row["referral_id"])):
            if row["urgent"] == "Y" or row["closed_reason"] in ("refused", "abandoned"):
                continue
            begun, person = day(row["referred_on"]), self.person(row) or ""
            seen = day(row["first_contact_on"]) if row["first_contact_on"] else _NEVER
            end = min(seen, self.deaths.get(person, _NEVER), begun + timedelta(91))
            if end > begun + timedelta(14):
                waits[person].append((begun, end))
        helped = set()
        for row in self.events("community_contacts"):
            if row["attendance"] in ("5", "6"):
                person, when = self.person(row) or "", day(row["contact_date"])
                inside = [place for place, (begun, end) in enumerate(waits[person]) if begun < when < end]
                helped |= {(person, inside[0])} if inside else set()
        return [
            Event(begun, person, int((person, place) in helped))
            for person, found in waits.items()
            for place, (begun, _) in enumerate(found)
        ]

    def responses(self) -> list[tuple[date, str | None, int | None]]:
        """Urgent referrals with 1 for an answer within two hours, 0 for none, None where nobody can tell."""
        referrals = defaultdict(list)
        for row in self.events("urgent_community_response"):
            referrals[row["referral_id"]].append(row)
        found = []
        for rows in referrals.values():
            contacts = [row for row in rows if row["contact_date"]]
            attended = [row for row in contacts if row["attendance"] in ("5", "6")]
            person = self.person(rows[0])
            assert {self.person(row) for row in rows} == {person}
            started = day(rows[0]["clock_start_date"])
            if contacts and all(row["attendance"] == "2" for row in contacts):
                continue
            if not attended:
                found.append((started, person, 0))
                continue
            first_day = min(row["contact_date"] for row in attended)
            begun = _moments(rows[0], "clock_start")
            met = [_moments(row, "contact") for row in attended if row["contact_date"] == first_day]
            verdict = None
            if begun and all(met):
                # every way of reading the clocks in which nobody comes before the start
                ways = {min(one).timestamp() - start.timestamp() for one in product(*met) for start in begun}
                verdicts = {int(seconds <= 7200) for seconds in ways if seconds >= 0}
                verdict = verdicts.pop() if len(verdicts) == 1 else None
            found.append((started, person, verdict))
        return found

    def answered(self) -> list[Event]:
        return [Event(when, person, told) for when, person, told in self.responses() if told is not None]

    def untimed(self) -> list[Event]:
        return [Event(when, person, int(told is None)) for when, person, told in self.responses()]

    # council

    def services(self) -> list[tuple[str, Row]]:
        """Services with their person; rows of the council that are excluded are not among them."""
        found = []
        for row in self.events("council_client_level"):
            if row["event_type"] != "Service":
                continue
            if row["person_token"]:
                found.append((row["person_token"], row))
            elif row["local_token"] not in self._council_known:
                found.append((row["local_token"], row))
        return found

    def care_homes(self) -> list[Event]:
        first: dict[str, date] = {}
        for person, row in self.services():
            if row["service_type"] in _CARE_HOME:
                when = day(row["event_start_date"])
                first[person] = min(first.get(person, when), when)
        return [Event(when, person, 1) for person, when in first.items()]

    def to_care_homes(self) -> list[Event]:
        first = {event.person: event.when for event in self.care_homes()}
        found = []
        for person, stays in self.stays().items():
            for stay in stays:
                out = day(stay[-1]["discharge_date"])
                begun = first.get(person, _NEVER)
                left = stay[-1]["discharge_destination"] not in ("51", "79") and out > day(stay[0]["admission_date"])
                if left and begun >= out:
                    found.append(Event(out, person, int(begun <= out + timedelta(28))))
        return found

    def days_at_home(self) -> list[Event]:
        beds, homes = self._times_away()
        found = []
        for person, stays in self.stays().items():
            for stay in stays:
                out = day(stay[-1]["discharge_date"])
                urgent = stay[0]["admission_method"].startswith("2") and stay[0]["same_day_emergency_care"] == "N"
                left = stay[-1]["discharge_destination"] not in ("51", "79") and out > day(stay[0]["admission_date"])
                died = self.deaths.get(person, _NEVER)
                if urgent and left:
                    days = [out + timedelta(number) for number in range(1, 92)]
                    times = beds[person] + homes[person]
                    here = [one for one in days if one < died and not any(start <= one <= end for start, end in times)]
                    found.append(Event(out, person, len(here)))
        return found

    def at_home_on_day_91(self) -> list[Event]:
        beds, homes = self._times_away()
        begun = self._reablement()
        found = []
        for person, stays in self.stays().items():
            # each service follows the last stay with a night before it
            ends = [
                day(stay[-1]["discharge_date"])
                for stay in stays
                if stay[-1]["discharge_destination"] not in ("51", "79")
                and day(stay[-1]["discharge_date"]) > day(stay[0]["admission_date"])
            ]
            before = [[out for out in ends if 0 <= (start - out).days <= 7] for start in begun[person]]
            followed = {max(found) for found in before if found}
            for out in ends:
                if out in followed:
                    then = out + timedelta(91)
                    away = any(start <= then <= end for start, end in beds[person] + homes[person])
                    found.append(Event(out, person, int(self.deaths.get(person, _NEVER) > then and not away)))
        return found

    def stays_before(self) -> list[Event]:
        ended = defaultdict(list)
        for event in self.emergencies():
            ended[event.person].append(event.when)
        return [
            Event(start, person, sum(0 <= (start - out).days <= 182 for out in ended[person]))
            for person, starts in self._reablement().items()
            for start in starts
        ]

    def _reablement(self) -> dict[str, list[date]]:
        begun = defaultdict(list)
        for person, row in self.services():
            if row["service_type"] == "Short Term Support: ST-Max":
                begun[person].append(day(row["event_start_date"]))
        return begun

    def dying(self) -> list[Event]:
        """Deaths of known people, with 1 for three or more emergencies of the last 90 days."""
        stays = self.stays()
        found = []
        for row in self.in_force("deaths", "date_of_death"):
            if row["external_or_neonatal"] != "N" or not row["person_token"]:
                continue
            died = day(row["date_of_death"])
            times = sum(
                stay[0]["admission_method"].startswith("2")
                and stay[0]["same_day_emergency_care"] == "N"
                and 0 <= (died - day(stay[0]["admission_date"])).days <= 89
                and (
                    day(stay[-1]["discharge_date"]) > day(stay[0]["admission_date"])
                    or stay[-1]["discharge_destination"] == "79"
                )
                for stay in stays.get(row["person_token"], [])
            )
            found.append(Event(died, row["person_token"], int(times >= 3)))
        return found

    def _times_away(
        self,
    ) -> tuple[dict[str | None, list[tuple[date, date]]], dict[str | None, list[tuple[date, date]]]]:
        beds, homes = defaultdict(list), defaultdict(list)
        for row in self.events("admitted_care"):
            beds[self.person(row)].append((day(row["admission_date"]), day(row["discharge_date"])))
        begun = defaultdict(list)
        for person, row in self.services():
            if row["service_type"] in {*_CARE_HOME, "Short Term Support: ST-Max", "Long Term Support: Community"}:
                begun[person].append(day(row["event_start_date"]))
        for person, row in self.services():
            if row["service_type"] in _CARE_HOME:
                told = day(row["event_end_date"]) if row["event_end_date"] else None
                # open in the last file that reaches back to it: until something else begins after that file
                later = [start for start in begun[person] if start > day(row["told_until"])]
                end = told or (min(later) - timedelta(1) if later else _NEVER)
                homes[person].append((day(row["event_start_date"]), end))
        return beds, homes

    def at_home(self) -> list[Event]:
        beds, homes = self._times_away()
        found = []
        for person, row in self.services():
            if row["service_type"] == "Short Term Support: ST-Max" and row["event_end_date"]:
                end = day(row["event_end_date"])
                then = end + timedelta(84)
                away = any(start <= then <= stop for start, stop in beds[person] + homes[person])
                alive = self.deaths.get(person, _NEVER) > then
                found.append(Event(end, person, int(alive and not away)))
        return found


def _moments(row: Row, name: str) -> list[datetime]:
    """The moments a day and a time in London may mean: none without a time, two in the hour that comes twice."""
    if not row[f"{name}_time"]:
        return []
    local = datetime.fromisoformat(f"{row[f'{name}_date']} {row[f'{name}_time']}")
    ways = {local.replace(tzinfo=ZoneInfo("Europe/London"), fold=fold).astimezone(UTC) for fold in (0, 1)}
    told = row[f"{name}_offset"]
    if len(ways) == 2 and told:
        return [datetime.fromisoformat(f"{local.isoformat()}{told}")]
    return sorted(ways)


def _journey(group: list[tuple[date, date, Row]]) -> tuple[date, date, str, str]:
    start = group[0][0]
    said = {row["substance"] for _, _, row in group}
    substance = next((one for one in ("opiate", "non_opiate", "alcohol") if one in said), "")
    last = max(group, key=lambda item: (item[1], item[2]["organisation"], item[2]["episode_id"]))
    return start, last[1], last[2]["discharge_reason"] if last[1] != _NEVER else "", substance


def _starts_within(journeys: list[tuple[date, date, str, str]], end: date, days: int) -> bool:
    return any(end < start <= end + timedelta(days) for start, *_ in journeys)


def _is_number(text: str) -> bool:
    if len(text) != 10 or not text.isdigit():
        return False
    check = 11 - sum(int(digit) * (10 - place) for place, digit in enumerate(text[:9])) % 11
    return (0 if check == 11 else check) == int(text[9])


def _canonical(feed: str, name: str) -> str:
    if feed == "treatment_episodes":
        return _CHARITY.get(name, name.removeprefix("sm_"))
    if feed == "admitted_care":
        return _SECOND_TRUST.get(name, name)
    if feed == "council_client_level":
        return _COUNCIL[name]
    if feed == "emergency_care":
        return _EMERGENCY.get(name, name)
    if feed == "community_contacts":
        return _CONTACTS[name]
    return _REGISTER.get(name, name)


_ORDER = {
    "treatment_episodes": (("referral_date", "triage_date"), ("triage_date", "discharge_date")),
    "stop_smoking": (("quit_date", "follow_up_date"),),
    "admitted_care": (
        ("admission_date", "discharge_date"),
        ("admission_date", "discharge_ready_date"),
        ("discharge_ready_date", "discharge_date"),
    ),
    "community_referrals": (("referred_on", "first_contact_on"),),
    "community_contacts": (("cancelled_on", "contact_date"),),
    "emergency_care": (("arrival_date", "departure_date"),),
    "urgent_community_response": (("clock_start_date", "contact_date"),),
    "council_client_level": (("event_start_date", "event_end_date"),),
}
_METHODS = {"11", "12", "13", *(str(number) for number in range(21, 29)), "2A", "2B", "2C", "2D"}
_CODES: dict[str, dict[str, set[str]]] = {
    "treatment_episodes": {
        "consent": {"Y", "N"},
        "substance": {"opiate", "non_opiate", "alcohol", ""},
        "discharge_reason": {"completed", "transferred", "dropped_out", "died", "prison", ""},
    },
    "stop_smoking": {"outcome": {"quit_co_verified", "quit_self_report", "not_quit", "lost"}},
    "admitted_care": {
        "admission_method": _METHODS,
        "discharge_destination": {"19", "51", "54", "79"},
        "same_day_emergency_care": {"Y", "N"},
    },
    "community_referrals": {"urgent": {"Y", "N"}, "closed_reason": {"seen", "refused", "abandoned", ""}},
    "emergency_care": {"attendance_category": {"1", "2", "3", "4"}},
    "community_contacts": {"attendance": {"2", "3", "4", "5", "6", "7"}},
    "urgent_community_response": {"attendance": {"2", "3", "4", "5", "6", "7", ""}},
    "council_client_level": {
        "event_type": {"Request", "Assessment", "Service", "Review"},
        "service_type": {
            *_CARE_HOME,
            "Long Term Support: Community",
            "Short Term Support: ST-Max",
            "Short Term Support: Other Short Term",
            "",
        },
    },
    "deaths": {"place_of_death": {"home", "care_home", "religious", "hospital", "hospice", "other"}},
}


def _broken(feed: str, row: Row) -> str | None:
    """The rule of intake that a row breaks."""
    for column, codes in _CODES.get(feed, {}).items():
        if row[column] not in codes:
            return "row.code"
    for earlier, later in _ORDER.get(feed, ()):
        if row[earlier] and row[later] and day(row[later]) < day(row[earlier]):
            return "row.cross_field"
    return None
