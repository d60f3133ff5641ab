"""Figures of a small invented place of people: rates, intervals, windows, KPIs of a part and a lag, and planted faults."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from dbt_lake import Build, dump, kpi, run_dbt
from people_lake import AREA, COUNCIL, PeopleLake

from dbt_project.catalogue import catalogue_table
from expectations.gate_bands import band_problems, bands_of, standardised
from foundation.figures import parse_figure_id
from foundation.tables import write_parquet

# Deaths are known for the whole window, quits for all but its last quarter.
QUITS_END = date(2025, 3, 31)
QUIT_TRUST, HOSPITAL = "ZSS1", "ZAT1"
OLD, YOUNG = "1938-06", "1990-06"

# What somebody, or a wrong model, might do to the tables after they were built.
TAMPERING = """
update int_group_sums set numerator = numerator + 1 where breakdown_kind = 'pcn';
update int_dsr_bands set band_events = band_events + 1 where age_band = '65-69' and breakdown_kind = 'all';
insert into int_person_months select * from int_person_months where month_start = date '2024-05-01' limit 1;
insert into ind_four_week_quit__events
    select * replace (1 as person_key) from ind_four_week_quit__events where person_key is not null limit 1;
update segments set number = number + 1 where group_kind = 'primary' and group_id = 'over_75' and item_kind = 'people';
insert into int_small_areas select 'E01999999', 'E09000099', 10, '1';
update breakdowns set marker = 'w', reason = null;
update kpi_return set quality_status = 'fit', quality_reason = null where kpi_id = 'late';
"""


# A third quits, a little more in the first quarter: at one decimal its 34.1 lies above the stretch, what follows below.
EDGE = {
    "failure": Decimal(10), "poor": Decimal(20), "minimum": Decimal(30), "stretch": Decimal("34.1"),
    "game_breaking": Decimal(60),
}  # fmt: skip


def _people_kpi(kpi_id: str, **changes: Any) -> dict[str, Any]:
    knots = dict.fromkeys(["baseline_value", "failure", "poor", "minimum", "stretch", "game_breaking"])
    return kpi(
        **{
            "agreement_id": "greenwich-public-health",
            "kpi_id": kpi_id,
            "indicator_id": "four_week_quit",
            "area_code": AREA,
            "role": "monitored",
            "polarity": "high",
            "unit": "percent",
            **knots,
            **changes,
        }
    )


def _quits(place: PeopleLake) -> list[dict[str, Any]]:
    """One quit date a day of the year 2024-25; every third is a success; ann of ZPN1 and bob of ZPN2 take turns."""
    rows = []
    day, number = date(2024, 4, 1), 0
    while day <= QUITS_END:
        success = number % 3 == 0
        rows.append(
            {
                "record_id": f"q{number}",
                "person_token": ("ann", "bob")[number % 2],
                "local_token": f"q-{number % 2}",
                "nhs_number_status": "valid",
                "quit_date": day,
                "follow_up_date": day + timedelta(days=30) if success else None,
                "outcome": "quit_co_verified" if success else "lost",
            }
        )
        day, number = day + timedelta(days=1), number + 1
    return rows


def _spells() -> list[dict[str, Any]]:
    """Old people's emergency admissions in ZPN1: two a month, each of three nights."""
    rows = []
    for number in range(24):
        admitted = date(2024, 4 + number // 2 if number < 18 else number // 2 - 8, 5 + 10 * (number % 2))
        admitted = admitted.replace(year=2024 if number < 18 else 2025)
        rows.append(
            {
                "spell_id": f"s{number}",
                "person_token": f"old{number % 5}",
                "local_token": f"h-{number % 5}",
                "nhs_number_status": "valid",
                "admission_date": admitted,
                "admission_method": "21",
                "discharge_date": admitted + timedelta(days=3),
                "discharge_ready_date": admitted + timedelta(days=1 + number % 3),
                "discharge_destination": "19",
                "primary_diagnosis": "S720",
                "external_cause": "W18",
                "same_day_emergency_care": "N",
            }
        )
    return rows


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[PeopleLake, Path]:
    root = tmp_path_factory.mktemp("people")
    made = PeopleLake(root / "lake")
    made.reference()
    made.register("ann", birth_month=YOUNG)
    made.register("bob", "ZPN2", birth_month=YOUNG, lsoa_code="E01000009", sex="1")
    # one person in each of the six bands from 65, so that no band is empty in ZPN1; ZPN2 has nobody that old
    for number, born in enumerate(["1957-01", "1952-01", "1947-01", "1942-01", "1937-01", "1930-01"]):
        made.register(f"old{number}", birth_month=born)
    made.send("deaths", COUNCIL, [])
    made.send("stop_smoking", QUIT_TRUST, _quits(made), (made.first, QUITS_END))
    made.send("admitted_care", HOSPITAL, _spells())
    return made, root


@pytest.fixture(scope="module")
def built(place: tuple[PeopleLake, Path]) -> Build:
    made, root = place
    kpis = [
        _people_kpi("whole", least_denominator=100, least_count=10),
        _people_kpi("part", breakdown_kind="pcn", breakdown_group="ZPN1"),
        _people_kpi("late", measurement_lag_months=3),
        _people_kpi("odd", measurement_lag_months=2),
        _people_kpi("small", least_denominator=366),
        _people_kpi("thin", least_count=123),
        _people_kpi("nowhere", breakdown_kind="pcn", breakdown_group="ZPN9"),
        _people_kpi("edge", role="paid", measurement_lag_months=3, baseline_value=Decimal(30), **EDGE),
    ]
    periods = [
        {
            "agreement_id": "greenwich-public-health",
            "period_id": "2024-25",
            "period_start": date(2024, 4, 1),
            "period_end": date(2025, 3, 31),
        }
    ]
    build = made.build(root, kpis=kpis, periods=periods)
    assert build.success, dump(build)
    return build


def _figures(build: Build, table: str, where: str) -> list[dict[str, Any]]:
    return build.rows(f"select * from {table} where {where} order by figure_id")


def test_a_proportion_and_its_parts(built: Build) -> None:
    """365 quit dates, 122 of them kept; the two networks and the two sexes' areas divide them."""
    (year,) = _figures(built, "measures", "indicator_id = 'four_week_quit' and period_id = '2024-25'")
    assert (year["numerator"], year["denominator"], year["value"]) == (122, 365, Decimal("33.4"))
    assert year["interval_method"] == "Wilson"
    parts = _figures(built, "breakdowns", "indicator_id = 'four_week_quit' and period_id = '2024-25'")
    assert [(row["breakdown_kind"], row["breakdown_group"], row["denominator"]) for row in parts] == [
        ("age", "18-39", 365),
        ("deprivation", "1", 183),
        ("deprivation", "5", 182),
        ("pcn", "ZPN1", 183),
        ("pcn", "ZPN2", 182),
    ]
    assert {(row["marker"], row["reason"]) for row in parts} == {(year["marker"], year["reason"])}
    assert {parse_figure_id(row["figure_id"]).kind for row in parts} == {"breakdown"}


def test_a_rolling_year_that_ends_in_march_is_the_financial_year(built: Build) -> None:
    rows = _figures(built, "measures", "period_end = date '2025-03-31' and period_kind in ('year', 'rolling_year')")
    by_kind: dict[str, dict[str, Any]] = {}
    for row in rows:
        by_kind.setdefault(row["period_kind"], {})[row["indicator_id"]] = (row["value"], row["numerator"])
    # counted on one day of the year, it is told once a year
    assert by_kind["year"].pop("winter_plan_offered_85_over")
    assert by_kind["year"] == by_kind["rolling_year"]
    assert len(by_kind["year"]) >= 4


def test_an_open_follow_up_is_provisional(built: Build) -> None:
    """The quits of March are followed for 42 days, which the quitters' service has not sent yet."""
    (year,) = _figures(built, "measures", "indicator_id = 'four_week_quit' and period_id = '2024-25'")
    assert (year["marker"], year["window_days"], year["covered_days"]) == ("p", 407, 365)
    assert year["reason"] == (
        "Provisional: the data cover 365 of 407 days of the year and the follow-up of its events, "
        "so the figure may still change."
    )
    (earlier,) = _figures(built, "measures", "indicator_id = 'four_week_quit' and period_id = '2024-12-r12'")
    assert (earlier["marker"], earlier["covered_days"]) == (None, earlier["window_days"])


def test_a_standardised_rate_is_exact_and_refused_where_a_band_is_empty(built: Build) -> None:
    """24 falls of five people, one or no person in each band: 12 * 100,000 * sum(w x / months) / sum(w)."""
    (year,) = _figures(built, "measures", "indicator_id = 'falls_admissions_65_over' and period_id = '2024-25'")
    bands = built.rows(
        "select * from int_dsr_bands where indicator_id = 'falls_admissions_65_over' and period_id = '2024-25' "
        "and breakdown_kind = 'all' order by band_number"
    )
    assert [row["band_weight"] for row in bands] == [5500, 5000, 4000, 2500, 1500, 1000]
    assert (year["numerator"], year["denominator"]) == (24, 72)
    exact = sum(Decimal(row["band_weight"] * row["band_events"] * 12) / row["band_population"] for row in bands)
    assert year["value"] == (exact * 100_000 / 19_500).quantize(Decimal(1))
    assert year["lower"] < year["value"] < year["upper"]
    # the gate finds the very bands of a KPI and computes the rate from them alone, of the area and of a group
    read = bands_of(built.rows("select * from int_dsr_bands"), {("a", "part"): ("deprivation", "1")})
    scored = {"agreement_id": "a", "indicator_id": year["indicator_id"], "area_code": AREA, "period_kind": "year",
              "measurement_start": date(2024, 4, 1), "measurement_end": date(2025, 3, 31), "figure_id": "f"}  # fmt: skip
    (fifth,) = _figures(built, "breakdowns", "indicator_id = 'falls_admissions_65_over' and period_id = '2024-25' "
                                             "and breakdown_kind = 'deprivation'")  # fmt: skip
    for kpi_id, figure in (("whole", year), ("part", fifth)):
        row = {**scored, "kpi_id": kpi_id, "numerator": figure["numerator"], "denominator": figure["denominator"]}
        assert band_problems(row, read.of(row), read.defined(row)) == []
        rate = standardised(read.of(row), 100_000)
        assert rate is not None and (Decimal(rate.numerator) / rate.denominator).quantize(Decimal(1)) == figure["value"]
    parts = {
        (row["breakdown_kind"], row["breakdown_group"]): row
        for row in _figures(built, "breakdowns", "indicator_id = 'falls_admissions_65_over' and period_id = '2024-25'")
    }
    assert set(parts) == {("pcn", "ZPN1"), ("deprivation", "1")}
    (month,) = _figures(built, "measures", "indicator_id = 'falls_admissions_65_over' and period_id = '2024-05'")
    assert (month["value"], month["marker"], month["numerator"]) == (None, "x", 2)
    assert month["reason"] == "Fewer than 10 events: a standardised rate would not be reliable."
    (all_ages,) = _figures(built, "measures", "indicator_id = 'emergency_admissions' and period_id = '2024-25'")
    assert (all_ages["value"], all_ages["numerator"]) == (None, 24)
    assert all_ages["reason"].startswith("There is nobody in ")


def test_a_mean_of_days_has_students_limits(built: Build) -> None:
    """Stays of three days whose patients were ready after 1, 2 or 3 of them: delays of 2, 1 and 0 days."""
    (year,) = _figures(built, "measures", "indicator_id = 'discharge_delay' and period_id = '2024-25'")
    assert (year["numerator"], year["denominator"], year["value"]) == (24, 24, Decimal("1.0"))
    assert year["interval_method"] == "Student's t"
    # s^2 = 16/23, t(23) = 2.0687: 1 -/+ 0.352
    assert (year["lower"], year["upper"]) == (Decimal("0.6"), Decimal("1.4"))


def test_kpis_of_a_part_and_a_lag(built: Build) -> None:
    rows = {(row["kpi_id"], row["period_id"]): row for row in built.rows("select * from kpi_return")}
    whole, part, late = (rows[name, "2024-25"] for name in ("whole", "part", "late"))
    assert (whole["value"], whole["quality_status"]) == (Decimal("33.4"), "withheld")
    assert part["denominator"] == 183
    assert (late["measurement_start"], late["measurement_end"]) == (date(2024, 1, 1), date(2024, 12, 31))
    # nobody set a quit date before April: nine months of quits
    assert (late["denominator"], late["quality_status"], late["period_end"]) == (275, "fit", date(2025, 3, 31))
    assert rows["late", "2024-25-q2"]["measurement_start"] == date(2024, 4, 1)
    assert rows["late", "2024-25-q2"]["denominator"] == 91
    assert {period for name, period in rows if name == "odd"} == {"2024-25", "2025-26"}
    assert rows["nowhere", "2024-25"]["quality_reason"] == (
        "No figures of this indicator were received for this part of the area."
    )


def test_too_few_cases_are_not_scored(built: Build) -> None:
    """Agreed beforehand; a figure that is still open is withheld first."""
    rows = {(row["kpi_id"], row["period_id"]): row for row in built.rows("select * from kpi_return")}
    assert rows["small", "2024-25"]["quality_status"] == "withheld"
    small, thin, whole = (rows[name, "2024-25-q1"] for name in ("small", "thin", "whole"))
    assert (small["quality_status"], small["quality_reason"]) == (
        "too_small",
        "The figure rests on fewer than 366 cases, the least the members agreed to score.",
    )
    assert (thin["quality_status"], thin["quality_reason"]) == (
        "too_small",
        "Fewer than 123 cases lie on one side of the figure, the least the members agreed to score.",
    )
    assert (whole["quality_status"], whole["denominator"]) == ("too_small", 91)


def test_milestones_are_the_crossings_of_what_was_returned(built: Build) -> None:
    """GRW-35: one event a milestone and crossing, counted again from the returns in a loop."""
    returned = built.rows(
        "select * from kpi_return where kpi_id = 'edge' and quality_status = 'fit' order by period_kind, period_start"
    )
    series = [(str(row["period_kind"]), str(row["period_id"]), Decimal(str(row["value"]))) for row in returned]
    expected = [
        (now[1], before[1], name, "reached" if now[2] >= knot else "lost")
        for before, now in pairwise(series)
        if before[0] == now[0]
        for name, knot in EDGE.items()
        if name != "failure" and (before[2] >= knot) != (now[2] >= knot)
    ]
    found = built.rows("select period_id, earlier_period_id, milestone, direction from milestones")
    assert sorted(tuple(row.values()) for row in found) == sorted(expected)
    assert ("2024-25-q3", "2024-25-q2", "stretch", "lost") in expected


def test_a_figure_rests_on_the_submissions_of_its_window(place: tuple[PeopleLake, Path], built: Build) -> None:
    feeds = {row["submission"]: row["feed"] for row in place[0].lake.accepted}
    used = built.rows(
        f"select submission_id from lineage where figure_id = 'indicator:four_week_quit:{AREA}:2024-25:value'"
    )
    assert sorted(feeds[row["submission_id"]] for row in used) == [
        "deaths",
        "pcn_register",
        "pcn_register",
        "reference_areas",
        "reference_organisations",
        "reference_practices",
        "stop_smoking",
    ]


def test_completeness_counts_the_follow_up(built: Build) -> None:
    rows = {
        row["period_id"]: row
        for row in built.rows("select * from completeness where indicator_id = 'four_week_quit' order by period_id")
    }
    assert (rows["2024-06"]["expected_days"], rows["2024-06"]["missing_days"]) == (72, 0)
    assert rows["2025-03"]["expected_days"] == 31
    assert "2025-04" not in rows


@pytest.fixture(scope="module")
def tampered(place: tuple[PeopleLake, Path], built: Build) -> list[str]:
    """Names of the data tests that fail once the tables were tampered with."""
    with duckdb.connect(str(built.database)) as connection:
        connection.execute(TAMPERING)
    where = (place[1] / "dbt", place[0].root, place[1] / "inputs")
    found = run_dbt(["test", "--exclude-resource-type", "unit_test"], *where).failed()
    with duckdb.connect(str(built.database)) as connection:
        connection.execute("delete from int_population")
    # a rate the catalogue names and nobody counts a population for
    catalogue = [
        {**row, "statistic": "crude_rate"} if row["indicator_id"] == "deaths_usual_place" else row
        for row in catalogue_table().to_pylist()
    ]
    write_parquet(
        where[2] / "indicator_catalogue.parquet", pa.Table.from_pylist(catalogue, schema=catalogue_table().schema)
    )
    more = run_dbt(["test", "--select", "people_follow_registers", "every_rate_has_a_population"], *where)
    return found + more.failed()


@pytest.mark.parametrize(
    "check",
    [
        "breakdowns_add_up",
        "breakdowns_markers_have_reasons",
        "dsr_bands_add_up",
        "every_person_is_linked",
        "every_rate_has_a_population",
        "nobody_twice_in_a_month",
        "one_area_of_people",
        "people_follow_registers",
        "person_kpi_fit_is_complete",
        "population_counts_the_spine",
        "segments_hold_everybody",
    ],
)
def test_the_fault_is_caught_by_its_test(tampered: list[str], check: str) -> None:
    assert check in tampered
