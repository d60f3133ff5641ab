"""Verdicts on the data cut: the files the gate reads."""

from collections import Counter
from typing import Any

import dagster as dg

from foundation.errors import Refused
from orchestration.cycle import current_cycle
from orchestration.judging import bands_needed, judge_cut
from orchestration.partitions import DUCKDB_WRITER
from orchestration.progress import say
from orchestration.resources import HomeResource
from orchestration.retries import io_only
from orchestration.settling import refusals_on_record
from orchestration.warehouse import current_build, read_tables


@dg.asset(
    group_name="gate",
    kinds={"json", "greatexpectations"},
    deps=[dg.AssetKey("data_cut"), dg.AssetKey("kpi_return"), dg.AssetKey("ledger")],
    pool=DUCKDB_WRITER,
    description="One file a check, bound to the data cut, the list of required checks, definitions and code.",
)
def verdicts(context: dg.AssetExecutionContext, house: HomeResource) -> dg.MaterializeResult[Any]:
    with io_only():
        cycle = current_cycle(house.home)
        with refusals_on_record(cycle):
            tables = read_tables(cycle.home, cycle.fingerprint, ["kpi_return", "ledger", *bands_needed(cycle)])
            build = current_build(cycle.home)
            if build is None:
                raise Refused("the warehouse holds no complete build.", "materialise the dbt models, then judge.")
            found = judge_cut(cycle, build, tables)
    counts = Counter((verdict.kind, verdict.status) for verdict in found)
    say("gate", ", ".join(f"{number} {kind} {status}" for (kind, status), number in sorted(counts.items())))
    return dg.MaterializeResult(
        metadata={
            "data_cut_id": cycle.cut.cut_id,
            **{f"{kind} {status}": number for (kind, status), number in sorted(counts.items())},
        }
    )
