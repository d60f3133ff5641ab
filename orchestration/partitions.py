"""The monthly partitions every asset shares; the organisation is a column, not a partition."""

from __future__ import annotations

import dagster as dg

FIRST_MONTH = "2022-04"
MONTHS = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, fmt="%Y-%m")
# A range of months is one run, because a settlement looks at a year and a revision at several months.
ONE_RUN = dg.BackfillPolicy.single_run()
# Everything that opens the build database, readers included: one at a time.
DUCKDB_WRITER = "duckdb_writer"
