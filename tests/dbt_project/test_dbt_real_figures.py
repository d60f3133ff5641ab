"""Derby and Derbyshire's published figures through the whole project: the figures the agreement is settled on."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from dbt_lake import Build, dump


def _census(build: Build) -> dict[str, dict[str, object]]:
    return {
        row["period_id"]: row
        for row in build.rows("select * from measures where indicator_id = 'no_criteria_to_reside'")
    }


def test_the_real_build_passes_every_test(real_build: Build) -> None:
    assert real_build.success, dump(real_build)


def test_baseline_year_and_quarters(real_build: Build) -> None:
    """AGREEMENTS part 4: complete days only."""
    expected = {
        "2023-24": "478.6",
        "2024-25": "453.1",
        "2024-25-q1": "454.3",
        "2024-25-q2": "456.7",
        "2024-25-q3": "442.7",
        "2024-25-q4": "457.9",
        "2025-26-q1": "446.0",
        "2025-26-q2": "439.9",
    }
    found = _census(real_build)
    assert {period: found[period]["value"] for period in expected} == {
        period: Decimal(value) for period, value in expected.items()
    }
    assert {period for period in expected if found[period]["marker"]} == {"2025-26-q1", "2025-26-q2"}


def test_withheld_quarters_say_why(real_build: Build) -> None:
    found = _census(real_build)
    assert found["2025-26-q1"]["marker"] == found["2025-26-q2"]["marker"] == "w"
    assert found["2025-26-q1"]["reason"] == (
        "20 of 91 days lack figures from at least one organisation that must report, above the agreed limit of 10 %."
    )
    assert found["2025-26-q2"]["reason"] == (
        "7 of 62 days lack figures from at least one organisation that must report, above the agreed limit of 10 %; "
        "the data cover 62 of 92 days of the quarter."
    )


def test_withheld_months(real_build: Build) -> None:
    withheld = {
        period for period, row in _census(real_build).items() if row["period_kind"] == "month" and row["marker"] == "w"
    }
    assert withheld == {"2024-12", "2025-04", "2025-05", "2025-06", "2025-08"}


def test_the_naive_means_stand_nowhere(real_build: Build) -> None:
    """Means over all days, AGREEMENTS part 4: what not reporting would have made of the figure."""
    naive = {Decimal(value) for value in ("448.6", "428.2", "413.7", "425.4")}
    for table in ("measures", "kpi_return"):
        rows = real_build.rows(f"select value from {table} where indicator_id = 'no_criteria_to_reside'")
        assert not {row["value"] for row in rows} & naive, table


def test_kpi_return_of_the_agreement(real_build: Build) -> None:
    rows = {row["period_id"]: row for row in real_build.rows("select * from kpi_return where kpi_id = 'D1'")}
    assert (rows["2024-25"]["value"], rows["2024-25"]["level"], rows["2024-25"]["quality_status"]) == (
        Decimal("453.1"),
        "minimum",
        "fit",
    )
    assert (rows["2025-26-q1"]["value"], rows["2025-26-q1"]["quality_status"]) == (Decimal("446.0"), "withheld")
    assert rows["2025-26-q1"]["missing_days"] == 20
    assert rows["2025-26"]["quality_status"] == "withheld"


def test_the_hour_of_discharge_ends_in_may_2023(real_build: Build) -> None:
    rows = {
        row["period_id"]: row
        for row in real_build.rows("select * from measures where indicator_id = 'discharged_by_1700'")
    }
    assert rows["2023-05"]["marker"] is None
    assert {rows[period]["marker"] for period in ("2023-06", "2023-24", "2023-24-q1", "2025-08")} == {"x"}
    assert {rows[period]["value"] for period in ("2023-06", "2023-24", "2023-24-q1", "2025-08")} == {None}


def test_control_limits_come_from_the_two_baseline_years(real_build: Build) -> None:
    rows = real_build.rows(
        "select * from spc_points where indicator_id = 'no_criteria_to_reside' order by period_start"
    )
    assert len(rows) == 41 - 5
    values = [row["value"] for row in rows[:24]]
    assert rows[23]["period_id"] == "2024-03"
    centre = sum(values) / 24
    ranges = [abs(later - earlier) for earlier, later in pairwise(values)]
    upper = centre + Decimal("2.66") * sum(ranges) / 23
    assert {abs(row["centre_line"] - centre) < Decimal("1e-8") for row in rows} == {True}
    assert {abs(row["upper_limit"] - upper) < Decimal("1e-8") for row in rows} == {True}


def test_talking_therapies_are_a_run_chart(real_build: Build) -> None:
    rows = real_build.rows("select * from spc_points where indicator_id = 'talking_therapies_reliable_recovery'")
    assert len(rows) == 11
    assert {(row["chart"], row["centre_line"], row["lower_limit"]) for row in rows} == {("run", Decimal(47), None)}
