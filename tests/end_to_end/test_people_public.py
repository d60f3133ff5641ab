"""What the public sees of the generated place against the planted truth, and its hand-written people one by one."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pytest
from demo_home import DemoHome
from people_home import RESIDENTS, first, planted, rows_of

# months of a longer period, each rounded by up to 2 where it is their sum
LONGER = {"quarter": 3, "year": 12, "rolling_year": 12}
SUMS = ("four_week_quit", "first_contact_28_days", "emergency_readmission_30d")


def _table(greenwich: DemoHome, name: str) -> list[dict[str, Any]]:
    path = str(greenwich.release / "analyst" / "analyst.duckdb")
    with duckdb.connect(path, read_only=True) as connection:
        return list(connection.sql(f"select * from {name}").to_arrow_table().to_pylist())


@pytest.fixture(scope="module")
def disclosed(greenwich: DemoHome) -> dict[str, dict[str, Any]]:
    """The planted truth under the rules of disclosure, by figure id; only standing, dates and what the attack hid besides
    come from the release."""
    from publication.disclosure import disclose_figures, people_behind, repeated_in
    from publication.hidden import hidden_besides
    from publication.reader import open_release

    measures, breakdowns = _table(greenwich, "measures"), _table(greenwich, "breakdowns")
    for row in (*measures, *breakdowns):
        key = (
            row["indicator_id"],
            row["period_kind"],
            row["period_id"],
            row.get("breakdown_kind") or "all",
            row.get("breakdown_group") or "all",
        )
        truth = planted().get(key)
        row["numerator"] = None if truth is None or truth.numerator is None else Decimal(truth.numerator)
        row["denominator"] = None if truth is None or truth.denominator is None else Decimal(truth.denominator)
        row["value"] = None if truth is None else truth.value
        row["lower"] = row["upper"] = None
    catalogue = {row["indicator_id"]: row for row in _table(greenwich, "indicators")}
    events = _table(greenwich, "indicator_events")
    people = people_behind(events, [*measures, *breakdowns], repeated_in(catalogue))
    besides = hidden_besides(open_release(greenwich.release))
    assert len(besides) < 100, "the attack hides a handful, not the release"
    found = disclose_figures(measures, breakdowns, catalogue, people=people, also=besides)
    return {row["figure_id"]: row for row in (*found.measures, *found.breakdowns)}


def test_the_public_is_the_disclosed_truth(greenwich: DemoHome, disclosed: dict[str, dict[str, Any]]) -> None:
    """Every public figure of people is the planted one, hidden and rounded; nothing else is there."""
    told, compared = [], 0
    for name in ("outcomes", "breakdowns"):
        for row in rows_of(greenwich.release / "public" / "data" / f"{name}.csv"):
            wanted = disclosed[row["figure_id"]]
            compared += 1
            for column in ("value", "numerator", "denominator"):
                left = Decimal(row[column]) if row[column] else None
                if left != wanted[column]:
                    told.append(f"{row['figure_id']}: {column} is {left}, disclosed truth {wanted[column]}")
            if (row["marker"] or None) != (wanted["marker"] or None):
                told.append(f"{row['figure_id']}: marked {row['marker']!r}, not {wanted['marker']!r}")
    assert not told, first(told)
    assert compared > 500


def test_rules_of_small_counts_worked_by_hand(greenwich: DemoHome) -> None:
    """Counts 1 to 7 never, others to the nearest 5: reckoned here a second time. No longer period is a smaller total."""
    truth = planted()
    shown: dict[tuple[str, str], Decimal | None] = {}
    months: dict[str, list[str]] = defaultdict(list)
    longer = 0
    for row in rows_of(greenwich.release / "public" / "data" / "outcomes.csv"):
        if row["numerator"]:
            assert Decimal(row["numerator"]) % 5 == 0, row["figure_id"]
        if row["indicator_id"] in SUMS and row["period_kind"] in LONGER and row["numerator"]:
            key = (row["indicator_id"], row["period_kind"], row["period_id"], "all", "all")
            if key in truth:
                months_in, whole = LONGER[row["period_kind"]], truth[key]
                assert abs(Decimal(row["numerator"]) - whole.numerator) <= 2 * months_in, row["figure_id"]
                assert abs(Decimal(row["denominator"]) - whole.denominator) <= 2 * months_in, row["figure_id"]
                longer += 1
        if row["indicator_id"] not in SUMS or row["period_kind"] != "month":
            continue
        exact = truth[row["indicator_id"], "month", row["period_id"], "all", "all"]
        small = any(0 < count <= 7 for count in (exact.numerator, exact.denominator - exact.numerator))
        nearest = (Decimal(exact.numerator) / 5).quantize(Decimal(1), ROUND_HALF_UP) * 5
        if small:
            assert (row["value"], row["numerator"], row["marker"]) == ("", "", "c"), row["figure_id"]
        elif row["value"]:
            assert Decimal(row["numerator"]) == nearest, row["figure_id"]
        shown[row["indicator_id"], row["period_id"]] = Decimal(row["numerator"]) if row["numerator"] else None
        months[row["indicator_id"]].append(row["period_id"])
    for indicator in SUMS:
        there = {key[2] for key in truth if key[:2] == (indicator, "month") and key[3] == "all"}
        assert len(there) > 20
        assert set(months[indicator]) == there
    assert longer > 20


def test_groups_are_years_without_the_unknown_and_without_levels(greenwich: DemoHome) -> None:
    """Networks stand as numbers in a funnel; nobody is named failing, and no month is cut into groups."""
    groups = rows_of(greenwich.release / "public" / "data" / "breakdowns.csv")
    assert {row["period_kind"] for row in groups} <= {"year", "rolling_year"}
    assert {row["breakdown_kind"] for row in groups} == {"pcn", "deprivation", "age"}
    assert "unknown" not in {row["breakdown_group"] for row in groups}
    assert not any("level" in name for name in groups[0])
    for row in groups:
        if row["numerator"]:
            assert Decimal(row["numerator"]) % 5 == 0, row["figure_id"]


def _people_in_warehouse(greenwich: DemoHome) -> tuple[dict[str, int], dict[tuple[str, int, str], tuple[int, int]]]:
    """Token -> person of the link table; (indicator, person, date or period) -> numerator and denominator."""
    found: dict[tuple[str, int, str], tuple[int, int]] = {}
    inputs = max((greenwich.root / "warehouse" / "inputs").iterdir())
    with duckdb.connect(str(greenwich.root / "warehouse" / "build.duckdb"), read_only=True) as connection:
        links = dict(
            connection.execute(
                "select token, person_key from read_parquet(?) where person_key is not null",
                [f"{inputs}/links.parquet"],
            ).fetchall()
        )
        for indicator, person, day, numerator, denominator in connection.execute(
            "select indicator_id, person_key, event_date, sum(numerator), sum(denominator) from int_indicator_events"
            " where person_key is not null group by all"
        ).fetchall():
            found[indicator, person, day.isoformat()] = (int(numerator), int(denominator))
        for indicator, person, period, numerator, denominator in connection.execute(
            "select indicator_id, person_key, period_id, numerator, denominator from int_period_people"
            " where person_key is not null"
        ).fetchall():
            found[indicator, person, period] = (int(numerator), int(denominator))
    return links, found


def test_the_forty_people_one_by_one(greenwich: DemoHome) -> None:
    """GRW-08, GRW-10: each story on a boundary counts as its sentence says, under the person its tokens lead to."""
    import numpy as np

    from places.greenwich.truth import decided

    place = decided(RESIDENTS)
    links, contributions = _people_in_warehouse(greenwich)
    told, stories, checked = [], set(), 0
    for item in place.people():
        position = np.array([place.world.story(item.story_id)])
        tokens = [place.world.person_token(position)[0].as_py(), place.world.match_token(position)[0].as_py()]
        people = [links[token] for token in tokens if token in links]
        got = contributions.get((item.indicator_id, people[0], item.when), (0, 0)) if people else (0, 0)
        checked += 1
        stories.add(item.story_id)
        if got != (item.numerator, item.denominator):
            told.append(
                f"{item.story_id} ({item.sentence}): {item.indicator_id} on {item.when} counts {got}, "
                f"not {(item.numerator, item.denominator)}"
            )
    assert not told, first(told)
    assert len(stories) == 40
    assert checked > 90
