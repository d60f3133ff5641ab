"""The release: built beside, judged again, then made current in one step."""

from typing import Any

import dagster as dg

from foundation.home import Home
from orchestration.comparing import record_comparison
from orchestration.cycle import current_cycle
from orchestration.deciding import (
    moment_published,
    published_before,
    record_publication,
    require_clock,
    require_release_key,
)
from orchestration.moments import moment_of
from orchestration.partitions import DUCKDB_WRITER
from orchestration.progress import say
from orchestration.releasing import release_inputs
from orchestration.resources import HomeResource
from orchestration.retries import io_only
from orchestration.settling import last_month_asked, refusals_on_record, settle_due, store_settlement
from orchestration.warehouse import EVENTS, TABLES, read_tables


def _finish_publication(home: Home) -> None:
    """Write down what a run that was killed had published, and what it changed; nothing when that has been done."""
    if home.current.exists():
        in_force = home.current.resolve().name
        record_publication(home, in_force, moment_published(home))
        record_comparison(home, published_before(home, in_force), in_force, only_if_missing=True)


@dg.asset(
    group_name="publication",
    kinds={"html", "duckdb"},
    deps=[dg.AssetKey("settlements"), *(dg.AssetKey(name) for name in (*TABLES, EVENTS))],
    pool=DUCKDB_WRITER,
    description="One immutable folder: public site and data, the members' open book, the analysts' marts.",
)
def release(context: dg.AssetExecutionContext, house: HomeResource) -> dg.MaterializeResult[Any]:
    from publication.release import build_release, mark_as_preview, publish

    with io_only():
        cycle = current_cycle(house.home)
        with refusals_on_record(cycle):
            require_release_key(cycle.home)
            _finish_publication(cycle.home)
            require_clock(cycle.home, moment_of(cycle.home))
            tables = read_tables(cycle.home, cycle.fingerprint, (*TABLES, EVENTS))
            # Computed again from the files: what was settled in another step, run or hour proves nothing here.
            settled = settle_due(cycle, cycle.agreements, last_month_asked(context.run.tags, cycle).end, tables)
            release_id = build_release(release_inputs(cycle, tables, settled), cycle.home.releases)
        if cycle.home.is_preview:
            mark_as_preview(cycle.home.releases / release_id)
        asked = last_month_asked(context.run.tags, cycle)
        # On file before it is public: the next settlement of the period posts the difference to these.
        for item in settled:
            store_settlement(cycle.home, item)
        before = cycle.home.current.resolve().name if cycle.home.current.exists() else None
        publish(cycle.home.releases, release_id)
        record_publication(cycle.home, release_id, moment_of(cycle.home))
    say("release", release_id)
    with io_only():
        record_comparison(cycle.home, before, release_id)
    return dg.MaterializeResult(metadata={"release_id": release_id, "settlements": len(settled), "month": asked.label})
