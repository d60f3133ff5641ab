"""The services of care: stories, laws that every drawing keeps, and what the senders' files hold and must not hold."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.period import months_between, parse_period
from places.base import Submission
from places.greenwich import care
from places.greenwich.care import community, council, council_files, hospital, smoking, treatment
from places.greenwich.care.dirt import Planted
from places.greenwich.care.residents import Residents
from places.greenwich.care.writing import Table
from places.greenwich.dates import FIRST_DAY, LAST_DAY, NEVER, as_date, day_number
from places.greenwich.files import known_until, rolling_windows
from places.greenwich.indicators import INDICATORS
from places.greenwich.people import Expectation
from places.greenwich.world import draw_world

seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def village() -> care.Decisions:
    return care.Decisions(draw_world(2_500, 5))


@pytest.fixture(scope="module")
def sent(village: care.Decisions) -> list[Submission]:
    return list(village.submissions())


@pytest.fixture(scope="module")
def council_sent() -> list[Submission]:
    """The council's files of a place large enough for rare things."""
    made = care.Decisions(draw_world(40_000, 5))
    return list(council_files.submissions(made.world, made.council, Planted()))


def _rows(item: Submission) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(item.content.decode()), strict=True))


def _of(sent: list[Submission], feed: str) -> list[Submission]:
    return [item for item in sent if item.feed == feed]


# stories


@pytest.mark.parametrize(
    "expected", care.stories(), ids=lambda item: f"{item.story_id}:{item.indicator_id}:{item.when}"
)
def test_each_story_contributes_what_was_worked_out_by_hand(village: care.Decisions, expected: Expectation) -> None:
    person = village.world.story(expected.story_id)
    found = care.of_person(village.world, village.contributions(), person)
    assert found.get((expected.indicator_id, expected.when), (0, 0)) == (expected.numerator, expected.denominator)


def test_stories_are_twenty_people_of_whom_something_is_expected() -> None:
    people = [person.story_id for person in care.STORY_PEOPLE]
    assert len(people) == len(set(people)) == 20
    assert {item.story_id for item in care.stories()} == set(people)
    assert len({(item.story_id, item.indicator_id, item.when) for item in care.stories()}) == len(care.stories())


def test_nobody_else_is_drawn_in_a_story(village: care.Decisions) -> None:
    """Hand-written people have their story and nothing more."""
    world = village.world
    told = {world.story(person.story_id) for person in care.STORY_PEOPLE}
    for drawn in (
        village.treatment.episodes.person,
        village.quits.person,
        village.hospital.spells.person,
        village.referrals.person,
        village.council.person,
    ):
        assert set(drawn[drawn >= world.background].tolist()) <= told
    assert (village.quits.person >= world.background).sum() == len(smoking.STORY_QUITS)


# laws of every drawing


@given(seeds)
@settings(max_examples=12, deadline=None)
def test_journeys_are_apart_and_their_episodes_together(seed: int) -> None:
    """Journeys of a person begin more than 21 days after the last one ended; inside one no gap is longer."""
    found = treatment.decide(draw_world(900, seed))
    journeys, episodes = found.journeys, found.episodes
    by_person = defaultdict(list)
    for place, person in enumerate(journeys.person.tolist()):
        by_person[person].append(place)
    seen = 0
    for person, places in by_person.items():
        for before, after in pairwise(places):
            assert journeys.start[after] > journeys.end[before] + treatment.WITHIN_JOURNEY
        for place in places:
            start, end = journeys.start[place], journeys.end[place]
            inside = (episodes.person == person) & (episodes.triage >= start) & (episodes.triage <= min(end, LAST_DAY))
            rows = np.flatnonzero(inside)[np.argsort(episodes.triage[inside], kind="stable")]
            assert episodes.triage[rows[0]] == start
            assert episodes.discharge[rows].max() == end
            latest = episodes.discharge[rows[0]]
            for row in rows[1:]:
                assert episodes.triage[row] <= latest + treatment.WITHIN_JOURNEY
                latest = max(latest, episodes.discharge[row])
            last = rows[np.argmax(episodes.discharge[rows])]
            assert (episodes.reason[last] == treatment.COMPLETED) == journeys.completed[place]
            assert (episodes.reason[last] == treatment.DIED) == journeys.died[place]
            assert episodes.substance[rows].min() == journeys.substance[place]
            seen += len(rows)
    assert seen == int((episodes.triage != NEVER).sum())
    assert (episodes.referral <= episodes.triage).all() and (episodes.triage <= episodes.discharge).all()
    assert episodes.referral.min() >= day_number(date(2022, 4, 1))


@given(seeds)
@settings(max_examples=12, deadline=None)
def test_stays_never_overlap_and_their_spells_continue_each_other(seed: int) -> None:
    found = hospital.decide(draw_world(900, seed))
    stays, spells = found.stays, found.spells
    rows = np.lexsort((spells.discharge, spells.admission, spells.person))
    by_person = defaultdict(list)
    for row in rows.tolist():
        by_person[int(spells.person[row])].append(row)
    used: Counter[int] = Counter()
    for place, person in enumerate(stays.person.tolist()):
        queue = by_person[person][used[person] :]
        admission, ended = stays.admission[place], False
        assert spells.admission[queue[0]] == admission
        assert spells.method[queue[0]] == stays.method[place]
        for number, row in enumerate(queue):
            used[person] += 1
            if spells.discharge[row] == stays.discharge[place] and spells.destination[row] == stays.destination[place]:
                following = queue[number + 1] if number + 1 < len(queue) else None
                if stays.destination[place] == hospital.TO_HOSPITAL and following is not None:
                    assert spells.admission[following] > stays.discharge[place] + 1
                ended = True
                break
            after = queue[number + 1]
            assert spells.destination[row] == hospital.TO_HOSPITAL
            assert spells.admission[after] - spells.discharge[row] in (0, 1)
            assert spells.trust[after] != spells.trust[row]
        assert ended
    assert sum(used.values()) == len(spells.person)
    same = stays.person[1:] == stays.person[:-1]
    assert (stays.admission[1:][same] >= stays.discharge[:-1][same]).all()
    assert (stays.admission[1:][same] > stays.admission[:-1][same]).all()
    noted = spells.ready != NEVER
    assert (spells.ready[noted] >= spells.admission[noted]).all()
    assert (spells.ready[noted] <= spells.discharge[noted]).all()


@given(seeds)
@settings(max_examples=12, deadline=None)
def test_nothing_happens_after_death_or_before_birth(seed: int) -> None:
    world = draw_world(900, seed)
    made = care.Decisions(world)
    stays, quits, referrals, social = made.hospital.stays, made.quits, made.referrals, made.council
    journeys = made.treatment.journeys
    for person, first, last in (
        (stays.person, stays.admission, stays.discharge),
        (quits.person, quits.quit_day, np.where(quits.follow_up == NEVER, quits.quit_day, quits.follow_up)),
        (
            referrals.person,
            referrals.referred,
            np.where(referrals.contact == NEVER, referrals.referred, referrals.contact),
        ),
        (social.person, social.start, np.where(social.end == NEVER, social.start, social.end)),
        (journeys.person, journeys.start, np.where(journeys.end == NEVER, journeys.start, journeys.end)),
    ):
        assert (first <= last).all()
        assert (last <= world.death_day[person]).all()
        assert (first >= world.birth_day[person]).all()
    died = stays.destination == hospital.TO_DEATH
    assert (stays.discharge[died] == world.death_day[stays.person[died]]).all()
    assert (stays.discharge >= FIRST_DAY).all() and (stays.discharge <= LAST_DAY).all()


def test_who_dies_in_hospital_is_who_the_deaths_say(village: care.Decisions) -> None:
    stays = village.hospital.stays
    died = stays.person[(stays.destination == hospital.TO_DEATH) & (stays.person < village.world.background)]
    assert sorted(died.tolist()) == hospital.hospital_deaths(Residents(village.world)).tolist()
    assert len(died) > 5


# files


def test_the_same_seed_gives_the_same_bytes(sent: list[Submission]) -> None:
    again = list(care.submissions(draw_world(2_500, 5)))
    assert [item.manifest() for item in again] == [item.manifest() for item in sent]
    other = list(care.submissions(draw_world(2_500, 6)))
    assert [item.content for item in other] != [item.content for item in sent]


def test_every_file_covers_what_its_feed_covers(sent: list[Submission]) -> None:
    """Rolling and single files cover whole months; together they leave no day of the data out."""
    months = {"stop_smoking": 6, "community_referrals": 6, "council_client_level": 12, "admitted_care": 1}
    months |= {"urgent_community_response": 3, "community_contacts": 3, "emergency_care": 3}
    for item in sent:
        covered = len(
            months_between(parse_period(f"{item.covers_from:%Y-%m}"), parse_period(f"{item.covers_to:%Y-%m}"))
        )
        assert item.covers_from.day == 1
        assert as_date(day_number(item.covers_to) + 1).day == 1
        if item.feed in months:
            assert covered == months[item.feed]
    assert len({(item.organisation, item.file_name) for item in sent}) == len(sent)
    for feed in care.FEEDS:
        for organisation in {item.organisation for item in _of(sent, feed)}:
            own = [item for item in _of(sent, feed) if item.organisation == organisation]
            assert min(item.covers_from for item in own) <= as_date(FIRST_DAY)
            assert max(item.covers_to for item in own) == as_date(LAST_DAY)
            assert {item.feed for item in sent} == set(care.FEEDS)


def test_only_the_council_sends_identifiers(village: care.Decisions, sent: list[Submission]) -> None:
    """No NHS number, surname or postcode stands in a file of tokens."""
    world = village.world
    numbers = {str(number) for number in world.nhs.tolist()}
    words = {*world.surname.tolist(), *world.postcode.tolist(), *numbers}
    for item in sent:
        cells = {cell.strip() for line in item.content.decode().split("\n") for cell in line.split(",")}
        assert bool(words & cells) == (item.feed == "council_client_level")


def test_rows_without_consent_are_blank_but_for_the_agency(village: care.Decisions, sent: list[Submission]) -> None:
    kept = {"EPISODID", "AGNCY", "CLIENT_TOKEN", "CONSENT", "EXTRACT_MONTH"}
    kept |= {"sm_episode_id", "sm_organisation", "sm_local_token", "sm_consent", "sm_extract_month"}
    silent = 0
    for item in _of(sent, "treatment_episodes"):
        for row in _rows(item):
            if row.get("CONSENT", row.get("sm_consent")) == "N":
                silent += 1
                assert {name for name, value in row.items() if value} <= kept
    assert silent
    assert silent >= int((~village.treatment.episodes.consent).sum())


def test_a_later_council_file_takes_back_and_corrects(council_sent: list[Submission]) -> None:
    """What the first file said of an event is not what the last one says, and some events are gone."""
    gone = corrected = 0
    for first, second in pairwise(council_sent):
        later = {row["Event_Reference"]: row for row in _rows(second)}
        for row in _rows(first):
            day, month, year = row["Event_Start_Date"].split("/")
            beyond = f"{year}-{month}-{day}" < second.covers_from.isoformat()
            if beyond or row["Event_Reference"].endswith(("XC", "XD")):
                continue
            new = later.get(row["Event_Reference"])
            gone += new is None
            corrected += new is not None and new["Service_Type"] != row["Service_Type"]
    assert gone > 1
    assert corrected > 2


def test_a_quit_is_lost_until_the_file_that_could_know(village: care.Decisions, sent: list[Submission]) -> None:
    """The first file that holds a quit date of its last weeks has no follow-up; the next one has."""
    files = {item.covers_to: {row["record_id"]: row for row in _rows(item)} for item in _of(sent, "stop_smoking")}
    told = 0
    for end, rows in files.items():
        later = files.get(as_date(day_number(end) + 92)) or files.get(as_date(day_number(end) + 91)) or {}
        for record, row in rows.items():
            assert not row["follow_up_date"].strip() or row["follow_up_date"] <= end.isoformat()
            told += record in later and row["outcome"] == "lost" and later[record]["outcome"] == "quit_co_verified"
    assert told


def test_every_kind_of_council_client_is_there(council_sent: list[Submission]) -> None:
    """Known by number; by number and in one row without; never by number; under two references."""
    rows = [row for item in council_sent for row in _rows(item)]
    numbers = defaultdict(set)
    references = defaultdict(set)
    for row in rows:
        numbers[row["LA_Person_Unique_Identifier"]].add(row["NHS_Number"])
        if row["NHS_Number"]:
            references[row["NHS_Number"]].add(row["LA_Person_Unique_Identifier"])
    assert sum(found == {""} for found in numbers.values()) > 5
    assert sum("" in found and len(found) == 2 for found in numbers.values()) > 1
    assert sum(len(found) == 2 for found in references.values()) > 2
    assert all(len(found - {""}) <= 1 for found in numbers.values())


def test_dirt_is_counted_as_it_is_planted(village: care.Decisions) -> None:
    planted = Planted()
    files = list(village.submissions(planted))
    assert planted.dirt() == care.planted_dirt(village.world)
    extra = sum(item.rows for item in planted.dirt() if item.rule != "value.trimmed")
    repeated = 0
    for item in files:
        rows = item.content.decode().split("\n")[1:-1]
        assert len(rows) == item.rows
        plain = [",".join(cell.strip() for cell in row.split(",")) for row in rows]
        repeated += len(plain) - len(set(plain))
    assert repeated == sum(item.rows for item in planted.dirt() if item.rule == "row.duplicate")
    assert extra >= repeated


# shapes


def test_the_borough_looks_like_one() -> None:
    """Shares and rates lie where the services' own statistics do, and the second year is a little better."""
    made = care.Decisions(draw_world(60_000, 1))
    rows = made.truth_rows()
    found = {
        (row.indicator_id, row.period_id): float(row.value)
        for row in rows
        if row.breakdown_kind == "all" and row.period_kind == "year" and row.value is not None
    }
    limits = {
        "opiate_treatment_completion": (2, 11),
        "non_opiate_treatment_completion": (20, 45),
        "alcohol_treatment_completion": (20, 45),
        "sustained_recovery_6_months": (80, 99),
        "sustained_recovery": (74, 96),
        "sustained_recovery_24_months": (65, 95),
        "re_presentation_6_months": (2, 16),
        "deaths_in_treatment": (0, 6),
        "treatment_wait": (3, 7),
        "four_week_quit": (33, 49),
        "four_week_quit_self_reported": (44, 62),
        "quit_lost_to_follow_up": (20, 35),
        "emergency_admissions": (7_500, 10_000),
        "emergency_admissions_65_over": (17_000, 32_000),
        "emergency_bed_days_65_over": (6, 13),
        "chronic_acsc_admissions": (1_200, 2_600),
        "frequent_emergency_admissions": (1.5, 8),
        "discharged_to_usual_place": (92, 100),
        "weekend_discharges": (26, 31),
        "discharged_on_ready_date": (30, 60),
        "falls_admissions_65_over": (1_800, 2_900),
        "emergency_readmission_30d": (12, 16),
        "discharge_delay": (1, 3),
        "care_home_admissions_65_over": (1_000, 1_800),
        "at_home_12_weeks": (70, 92),
        "hospital_to_care_home": (0, 3),
        "days_at_home_91": (80, 91),
        "at_home_91_days": (65, 99),
        "acute_stays_before_reablement": (0.3, 1.6),
        "onward_referral_completed": (82, 90),
        "waiting_over_42_days": (2, 25),
        "people_waiting": (0.05, 1.5),
        "supported_while_waiting": (8, 30),
        "community_share_of_contacts": (30, 65),
        "frequent_emergency_attendance": (0.5, 8),
        "urgent_response_2_hours": (60, 85),
        "urgent_response_not_timed": (1, 8),
        "emergencies_before_death": (0, 12),
        "community_wait": (12, 18),
        "first_contact_28_days": (66, 78),
    }
    for indicator, (low, high) in limits.items():
        for year in ("2023-24", "2024-25"):
            assert low <= found[indicator, year] <= high, (indicator, year, found[indicator, year])
    assert found["first_contact_28_days", "2024-25"] > found["first_contact_28_days", "2023-24"]
    assert {row.indicator_id for row in rows} == set(limits) <= set(INDICATORS)


# the small tools


def test_windows_are_quarterly_and_known_until_takes_the_latest() -> None:
    windows = rolling_windows(6)
    assert windows == smoking.WINDOWS == community.WINDOWS
    assert len(windows) == len(council.WINDOWS) == 9
    assert [as_date(day) for day in windows[0]] == [date(2023, 1, 1), date(2023, 6, 30)]
    days = np.array([day_number(date(2023, 2, 1)), day_number(date(2023, 5, 1)), day_number(date(2022, 12, 31))])
    assert known_until(days, windows).tolist() == [windows[0][1], windows[1][1], -1]


@given(st.lists(st.tuples(st.text("ab", min_size=1, max_size=3), st.text("xy", max_size=3)), min_size=1, max_size=9))
def test_a_table_is_read_back_as_it_was_written(cells: list[tuple[str, str]]) -> None:
    columns = {name: np.array(texts, dtype=object) for name, texts in zip("pq", zip(*cells, strict=True), strict=True)}
    table = Table(columns)
    assert list(csv.reader(io.StringIO(table.csv().decode()))) == [["p", "q"], *(list(pair) for pair in cells)]
    table.pad("p", np.array([0]))
    assert table.columns["p"][0].strip() == cells[0][0] != table.columns["p"][0]
