"""Builds shared by the tests of the warehouse: each is made once a session, in a temporary folder."""

from __future__ import annotations

import pytest
from dbt_lake import SHARED, Build, kpi, monitored_kpi, real_lake, run_dbt, settlement_years, write_inputs
from people_case import Case, random_case
from synthetic_place import Synthetic, synthetic_lake


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    """A small invented place, with the lake and the inputs of one run."""
    root = tmp_path_factory.mktemp("synthetic")
    place = synthetic_lake(root / "lake")
    kpis = [
        kpi(),
        monitored_kpi("D2", "no_criteria_to_reside_per_100_discharges", unit="per 100 discharges"),
        monitored_kpi("D3", "talking_therapies_reliable_recovery", value_decimals=0, polarity="high", unit="percent"),
    ]
    write_inputs(root / "inputs", place.lake, kpis, settlement_years(2024))
    return place


@pytest.fixture(scope="session")
def synthetic_build(synthetic: Synthetic, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The whole project built on it: seeds, models, data tests and unit tests."""
    root = synthetic.lake.root.parent
    return run_dbt(["build"], tmp_path_factory.mktemp("scratch"), root / "lake", root / "inputs")


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A random place of people with their definitions counted again in plain Python."""
    return random_case(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="session")
def real_build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Derby and Derbyshire's published figures, built; skipped where they are not at hand."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the published daily figures (../shared/data) are not here")
    root = tmp_path_factory.mktemp("real")
    lake = real_lake(root / "lake")
    kpis = [kpi(), monitored_kpi("D2", "no_criteria_to_reside_per_100_discharges", unit="per 100 discharges")]
    write_inputs(root / "inputs", lake, kpis, settlement_years(2024, 2025))
    return run_dbt(["build", "--exclude-resource-type", "unit_test"], root / "scratch", root / "lake", root / "inputs")
