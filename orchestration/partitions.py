"""The months of intake. What follows the data cut has none: a cut, a settlement and a release look at many months."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

FIRST_MONTH = "2022-04"
# Tags by which the command line tells the assets what was asked.
FROM_TAG, AGREEMENT_TAG, PERIOD_TAG = "outturn/from", "outturn/agreement", "outturn/period"
_DAGSTER_TAGS = ("dagster/asset_partition_range_end", "dagster/partition")
MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, fmt="%Y-%m")
# A range of months is one run, because a settlement looks at a year and a revision at several months.
ONE_RUN = dg.BackfillPolicy.single_run()
# Everything that opens the build database, readers included: one at a time.
DUCKDB_WRITER = "duckdb_writer"


def month_of_run(tags: Mapping[str, str]) -> str | None:
    """The last month a run was asked for, from its tags; None when it was asked for none."""
    return next((tags[name] for name in (PERIOD_TAG, *_DAGSTER_TAGS) if tags.get(name)), None)
