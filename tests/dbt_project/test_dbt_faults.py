"""Planted faults: each must be caught by the data test that is named for it, so that no test is unable to fail."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from dbt_lake import AREA, Build, Lake, add_ledger, days, kpi, register_rows, run_dbt, settlement_years, write_inputs

FIRST, LAST = date(2024, 4, 1), date(2024, 4, 30)

# what somebody, or a wrong model, might do to the tables after they were built
TAMPERING = """
update measures set value = value + 0.1 where indicator_id = 'no_criteria_to_reside';
update measures set marker = null where indicator_id = 'discharged_by_1700';
update measures set missing_days = covered_days + 1 where indicator_id = 'no_criteria_to_reside_per_100_discharges';
update kpi_return set level = 'minimum', quality_status = 'fit', quality_reason = null;
update int_period_sums set numerator = numerator + 1, missing_days = missing_days + 1 where period_kind = 'month';
update int_discharge_days set no_criteria_to_reside = null where day = date '2024-04-05';
update int_discharge_days set missing_organisations = 'RFS' where day = date '2024-04-06';
delete from lineage where figure_id like 'kpi:%';
insert into spc_points select * from spc_points;
update ind_talking_therapies_reliable_recovery__months set value = 51.5;
update spend_by_level set spend_pence = spend_pence + 1;
"""


def _place(root: Path) -> None:
    """A place in which what can go wrong between senders, register and lake has gone wrong at once."""
    lake = Lake(root / "lake")
    # on the last day a measure is required that nobody sends
    odd = [{**row, "valid_from": LAST} for row in register_rows(FIRST, (("RTG", "made_up"),))]
    lake.add("reference_organisations", AREA, (FIRST, LAST), register_rows(FIRST) + odd)
    month = days(FIRST, LAST)
    census = [{"date": day, "no_criteria_to_reside": 400} for day in month]
    lake.add("daily_discharge_return", AREA, (FIRST, LAST), census)
    # a row of the file never reached the lake
    trust = [{"date": day, "discharged_total": 100, "discharged_by_1700": 60} for day in month if day.day != 3]
    lake.add("daily_discharge_return", "RTG", (FIRST, LAST), trust, said=len(month))
    # two returns with one sequence for the same days
    for total in (50, 51):
        other = [{"date": day, "discharged_total": total, "discharged_by_1700": -1} for day in month]
        lake.add("daily_discharge_return", "RFS", (FIRST, LAST), other)
    published = {"kpi": "talking_therapies_reliable_recovery", "period_start": FIRST, "period_end": LAST}
    lake.add(
        "aggregate_kpi_return", "E38000261", (FIRST, LAST), [{**published, "value": Decimal(51), "unit": "percent"}]
    )
    add_ledger(lake, "acute-trust", "2024-04", {"wards": "-10.00"})
    add_ledger(lake, "acute-trust", "2023-04", {"wards": "10.00"})
    kpis = [kpi(max_missing_pct=Decimal("1.00")), kpi(role="P")]
    write_inputs(root / "inputs", lake, kpis, settlement_years(2024))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, Build]:
    """The tests' verdict on faulty inputs and tampered tables, and on a warehouse without figures."""
    root = tmp_path_factory.mktemp("faulty")
    _place(root)
    where = (root / "scratch", root / "lake", root / "inputs")
    made = run_dbt(["build", "--exclude-resource-type", "test", "unit_test"], *where)
    assert made.success
    assert {
        row["is_complete"] for row in made.rows("select is_complete from int_discharge_days where day = '2024-04-30'")
    } == {False}
    with duckdb.connect(str(made.database)) as connection:
        connection.execute(TAMPERING)
    tampered = run_dbt(["test", "--exclude-resource-type", "unit_test"], *where)
    with duckdb.connect(str(made.database)) as connection:
        connection.execute("delete from measures")
    return tampered, run_dbt(["test", "--select", "figures_follow_returns"], *where)


@pytest.mark.parametrize(
    "check",
    [
        "complete_days_have_every_figure",
        "complete_days_miss_nobody",
        "daily_discharge_counts_are_not_negative",
        "days_reconcile",
        "every_figure_has_lineage",
        "every_submission_is_in_the_lake",
        "kpi_fit_is_complete",
        "kpi_level_matches_knots",
        "kpi_return_fit_is_whole",
        "kpi_value_matches_measure",
        "ledger_amounts_are_not_negative",
        "ledger_equals_staging",
        "measures_days_add_up",
        "measures_markers_have_reasons",
        "measures_value_is_rederivable",
        "one_submission_per_sequence",
        "published_percentages_are_whole",
        "required_measures_are_columns",
        "spend_by_level_is_the_ledger",
        "source_accepted_values_run_agreement_kpis_role__paid__monitored__gate__counted",
        "source_unique_combination_run_agreement_kpis_agreement_id__kpi_id__effective_from",
        "sums_reconcile",
        "unique_spc_points_figure_id",
    ],
)
def test_the_fault_is_caught_by_its_test(faulty: tuple[Build, Build], check: str) -> None:
    assert check in faulty[0].failed()


def test_a_warehouse_without_figures_is_no_quiet_success(faulty: tuple[Build, Build]) -> None:
    assert faulty[1].failed() == ["figures_follow_returns"]
