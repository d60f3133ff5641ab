"""Settlements of every period that is due. The gate is judged here again, whatever was scheduled before."""

from typing import Any

import dagster as dg

from orchestration.cycle import current_cycle, only
from orchestration.partitions import AGREEMENT_TAG, DUCKDB_WRITER
from orchestration.progress import say
from orchestration.resources import HomeResource
from orchestration.retries import io_only
from orchestration.settling import last_month_asked, refusals_on_record, settle_due, store_settlement
from orchestration.warehouse import read_tables


@dg.asset(
    group_name="settlement",
    kinds={"python"},
    deps=[dg.AssetKey("verdicts"), dg.AssetKey("kpi_return"), dg.AssetKey("ledger")],
    pool=DUCKDB_WRITER,
    description="Gainshare and painshare of every settlement period that has ended: steps, postings, member lines.",
)
def settlements(context: dg.AssetExecutionContext, house: HomeResource) -> dg.MaterializeResult[Any]:
    with io_only():
        cycle = current_cycle(house.home)
        with refusals_on_record(cycle):
            tables = read_tables(cycle.home, cycle.fingerprint, ["kpi_return", "ledger"])
            chosen = only(cycle.agreements, context.run.tags.get(AGREEMENT_TAG))
            settled = settle_due(cycle, chosen, last_month_asked(context.run.tags, cycle).end, tables)
        for item in settled:
            store_settlement(cycle.home, item)
            for posting in item.settlement.postings:
                say("settlement", f"{posting.agreement_id} {posting.period_id}: {posting.line}, {posting.status}")
    if not settled:
        say("settlement", "no settlement period has ended yet")
    return dg.MaterializeResult(
        metadata={
            "settlements": len(settled),
            **{
                f"{item.settlement.agreement_id} {item.settlement.period_id}": item.settlement.settlement_id
                for item in settled
            },
        }
    )
