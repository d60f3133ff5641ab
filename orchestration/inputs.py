"""What dbt reads beside the lake, as Parquet: submissions of the cut, catalogue, KPIs and periods of the agreements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from foundation.canonical import readable_json, sha256_file
from foundation.durable import new_directory, swap_pointer, write_bytes
from foundation.errors import Refused
from foundation.tables import write_parquet
from orchestration.cycle import Cycle

FIGURE = pa.decimal128(20, 9)
SHARE = pa.decimal128(5, 2)
SUBMISSIONS = pa.schema(
    [
        ("submission", pa.string()),
        ("feed", pa.string()),
        ("organisation", pa.string()),
        ("covers_from", pa.date32()),
        ("covers_to", pa.date32()),
        ("sequence", pa.int64()),
        ("rows_accepted", pa.int64()),
    ]
)
AGREEMENT_KPIS = pa.schema(
    [
        ("agreement_id", pa.string()),
        ("kpi_id", pa.string()),
        ("indicator_id", pa.string()),
        ("indicator_version", pa.int64()),
        ("area_code", pa.string()),
        ("role", pa.string()),
        ("value_decimals", pa.int64()),
        ("polarity", pa.string()),
        ("unit", pa.string()),
        ("baseline_value", FIGURE),
        ("failure", FIGURE),
        ("poor", FIGURE),
        ("minimum", FIGURE),
        ("stretch", FIGURE),
        ("game_breaking", FIGURE),
        ("max_missing_pct", SHARE),
        ("population_basis", pa.string()),
        ("effective_from", pa.date32()),
        ("effective_to", pa.date32()),
        ("settle_by", pa.string()),
        ("breakdown_kind", pa.string()),
        ("breakdown_group", pa.string()),
        ("measurement_lag_months", pa.int64()),
        ("least_denominator", pa.int64()),
        ("least_count", pa.int64()),
    ]
)
AGREEMENT_PERIODS = pa.schema(
    [
        ("agreement_id", pa.string()),
        ("period_id", pa.string()),
        ("period_start", pa.date32()),
        ("period_end", pa.date32()),
    ]
)


def table_of(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table of exactly that schema; a row with another set of columns is our own mistake and raises."""
    for row in rows:
        if set(row) != set(schema.names):
            raise ValueError(f"columns differ from the schema: {sorted(set(row) ^ set(schema.names))}")
    return pa.table({name: [row[name] for row in rows] for name in schema.names}, schema=schema)


HASHES = "hashes.json"


def write_inputs(cycle: Cycle) -> None:
    """Write the inputs of the cycle's build, once, and let dbt find them."""
    if not cycle.inputs.exists():
        _write(cycle)
    point_at_inputs(cycle)


def point_at_inputs(cycle: Cycle) -> None:
    """Make these inputs the ones dbt reads (`dbt.environment`). Refused when they are not as they were written."""
    found = {path.name: sha256_file(path) for path in sorted(cycle.inputs.glob("*.parquet"))}
    hashes = cycle.inputs / HASHES
    if not hashes.exists() or hashes.read_bytes() != readable_json(found):
        raise Refused(
            f"what the warehouse is built from was changed in {cycle.inputs}.",
            "find out who could write there; remove that folder and run again: it is then made anew.",
        )
    swap_pointer(cycle.inputs.with_name("current"), cycle.inputs.name)


def _write(cycle: Cycle) -> None:
    from dbt_project.catalogue import catalogue_table, indicator_feeds_table
    from ingest.cut import links_of

    tables = {
        "indicator_catalogue": catalogue_table(),
        "indicator_feeds": indicator_feeds_table(),
        "links": links_of(cycle.home, cycle.cut),
        "submissions": table_of(
            SUBMISSIONS,
            [
                {
                    "submission": item.submission_id,
                    "feed": item.feed,
                    "organisation": item.organisation,
                    "covers_from": date.fromisoformat(str(item.covers_from)),
                    "covers_to": date.fromisoformat(str(item.covers_to)),
                    "sequence": item.sequence,
                    "rows_accepted": item.rows_accepted,
                }
                for item in cycle.cut.submissions
            ],
        ),
        "agreement_kpis": table_of(AGREEMENT_KPIS, [row for item in cycle.agreements for row in item.terms.kpi_rows()]),
        "agreement_periods": table_of(
            AGREEMENT_PERIODS,
            [
                {
                    "agreement_id": item.terms.id,
                    "period_id": period.label,
                    "period_start": period.start,
                    "period_end": period.end,
                }
                for item in cycle.agreements
                for period in item.terms.settlement_periods()
            ],
        ),
    }
    with new_directory(cycle.inputs) as folder:
        for name, table in tables.items():
            write_parquet(folder / f"{name}.parquet", table)
        written = {path.name: sha256_file(path) for path in sorted(folder.glob("*.parquet"))}
        write_bytes(folder / HASHES, readable_json(written))
        # Copied out of the vault for the build alone.
        (folder / "links.parquet").chmod(0o600)
