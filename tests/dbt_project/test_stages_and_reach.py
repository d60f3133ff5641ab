"""Stages of a pathway and who is reached, against plain Python on the random place."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from people_case import Case
from people_reference import Row, journeys_of

ENDS = [
    date(year, month, day)
    for year in (2023, 2024, 2025)
    for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))
    if date(2023, 6, 30) <= date(year, month, day) <= date(2025, 6, 30)
]


def _stage(case: Case, person: int, day: date, episodes: list[Row]) -> tuple[str, int] | None:
    """Stage and journeys in drug and alcohol treatment, from rows in which nothing later than the day is filled in."""
    known = [
        {name: value for name, value in row.items() if not isinstance(value, date) or value <= day} for row in episodes
    ]
    known = [row for row in known if row.get("referral_date") or row.get("triage_date")]
    if not known:
        return None
    started = [row for row in known if row.get("triage_date")]
    journeys = journeys_of(started)
    last = journeys[-1] if journeys else None
    died = case.reference.died.get(person)
    if died is not None and died <= day:
        return ("left", len(journeys))
    if last is not None:
        moving = last.outcome == "transferred" and last.end is not None and (day - last.end).days <= 21
        if last.end is None or moving:
            return ("re_entered" if len(journeys) > 1 else "in_treatment", len(journeys))
    ends = [row["discharge_date"] for row in started if row.get("discharge_date")]
    waited = [
        row["referral_date"]
        for row in known
        if not row.get("triage_date")
        and not row.get("discharge_date")
        and (not ends or row["referral_date"] > max(ends))
    ]
    if waited:
        return ("referred" if (day - min(waited)).days <= 21 else "waiting", len(journeys))
    return ("completed" if last is not None and last.outcome == "completed" else "left", len(journeys))


def test_stages_are_those_of_what_had_happened_by_the_day(case: Case) -> None:
    """GRW-10, GRW-11: whatever is dated later is blanked out and the journeys are made anew, for every quarter's end."""
    people = case.reference.by_person("treatment_episodes", lambda row: row["consent"] == "Y")
    wanted = {
        (day, person): stage
        for day in ENDS
        for person, episodes in people.items()
        if (stage := _stage(case, person, day, episodes)) is not None
    }
    rows = case.build.rows("select * from int_pathway_stages where pathway = 'drug_and_alcohol_treatment'")
    assert {(row["as_at"], row["person_key"]): (row["stage"], row["journeys"]) for row in rows} == wanted
    assert {stage for stage, _ in wanted.values()} == {
        "referred", "waiting", "in_treatment", "re_entered", "completed", "left",
    }  # fmt: skip
    assert sum(row["anomalies"] for row in rows) > 0, "the place has episodes that ended without a start"


def test_what_is_expected_is_what_is_reached_together(case: Case) -> None:
    """GRW-30: whoever is reached somewhere is expected somewhere; limits hold the gap; ranks follow it."""
    rows = case.build.rows("select * from unmet_need")
    assert {row["service"] for row in rows} == {"drug_and_alcohol_treatment", "health_check", "reablement"}
    together: dict[tuple[str, ...], Decimal] = {}
    for row in rows:
        key = (row["service"], row["period_id"], row["group_kind"])
        together[key] = together.get(key, Decimal(0)) + row["expected"] - row["reached"]
        assert row["gap_lower"] <= row["gap"] <= row["gap_upper"]
        assert row["reached"] <= row["people"]
        assert row["gap_rank"] is None or row["gap_lower"] >= 0
    assert all(abs(rest) < Decimal("0.000001") for rest in together.values())
    reached = sum(
        row["reached"]
        for row in rows
        if (row["service"], row["period_id"], row["group_kind"]) == ("health_check", "2024-25", "pcn")
    )
    first_of_last = date(2025, 3, 1)
    people = {
        event[1]
        for event in case.events
        if event[0] == "health_check_received" and date(2024, 4, 1) <= event[2] <= date(2025, 3, 31)
    }
    assert reached == sum(40 <= case.reference.age(person, first_of_last) <= 74 for person in people)
