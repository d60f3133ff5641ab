"""What dbt reads beside the lake, as Parquet: submissions of the cut, catalogue, KPIs and periods of the agreements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from foundation.canonical import readable_json, sha256_file
from foundation.durable import new_directory, swap_pointer, write_bytes
from foundation.errors import Refused
from foundation.tables import write_parquet
from orchestration.cycle import Cycle
from orchestration.rooms import catalogue_of

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

AGREEMENT_SPEND_LEVELS = pa.schema(
    [
        ("agreement_id", pa.string()),
        ("level", pa.int64()),
        ("member_id", pa.string()),
        ("line_id", pa.string()),
        ("effective_from", pa.date32()),
        ("effective_to", pa.date32()),
    ]
)


def table_of(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a table of exactly that schema; a row with another set of columns is our own mistake and raises."""
    for row in rows:
        if set(row) != set(schema.names):
            raise ValueError(f"columns differ from the schema: {sorted(set(row) ^ set(schema.names))}")
    return pa.table({name: [row[name] for row in rows] for name in schema.names}, schema=schema)


HASHES = "hashes.json"
# Which link table `links.parquet` beside it was made from.
LINKED = "links.json"
_LINKS = "links.parquet"


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
    from dbt_project.groups import group_rules_table
    from ingest.cut import links_of

    indicators = catalogue_of(cycle.home)
    tables = {
        "indicator_catalogue": catalogue_table(indicators),
        "indicator_feeds": indicator_feeds_table(indicators),
        "group_rules": group_rules_table(),
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
        "agreement_spend_levels": table_of(
            AGREEMENT_SPEND_LEVELS, [row for item in cycle.agreements for row in item.terms.spend_level_rows()]
        ),
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
        known = _links_written_before(cycle)
        if known is None:
            write_parquet(folder / _LINKS, links_of(cycle.home, cycle.cut))
        else:
            (folder / _LINKS).hardlink_to(known)
        write_bytes(folder / LINKED, _linked(cycle))
        written = {path.name: sha256_file(path) for path in sorted(folder.glob("*.parquet"))}
        write_bytes(folder / HASHES, readable_json(written))
        # Copied out of the vault for the build alone.
        (folder / _LINKS).chmod(0o600)


def _linked(cycle: Cycle) -> bytes:
    return readable_json({"link_table": cycle.cut.link_table})


def _links_written_before(cycle: Cycle) -> Path | None:
    """The same link table as an earlier build got it, if it is still what was written then; the file is the larger part
    of all inputs, and a new data cut seldom needs another."""
    for folder in sorted(path for path in cycle.inputs.parent.glob("*") if path.is_dir() and not path.is_symlink()):
        try:
            same = (folder / LINKED).read_bytes() == _linked(cycle)
            written = json.loads((folder / HASHES).read_bytes())[_LINKS] if same else None
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if same and written == sha256_file(folder / _LINKS):
            return folder / _LINKS
    return None
