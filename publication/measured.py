"""Which published figure a row of the KPI return looks at: its dates and its group may differ from its period's.

Belongs here: finding that figure. Not here: its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from foundation.period import month_of, quarter_of, rolling_year_of
from publication.agreement import KpiTerms


def measured_period(row: Mapping[str, Any]) -> str:
    """Label of the period a KPI row measures: its own, or the one that its measurement dates name.

    Dates that are no period of the calendar leave the row's own label.
    """
    start, end = row["measurement_start"], row["measurement_end"]
    if start is None or end is None or (start, end) == (row["period_start"], row["period_end"]):
        return str(row["period_id"])
    for period in (rolling_year_of(end), quarter_of(end), month_of(end)):
        if (period.start, period.end) == (start, end):
            return period.label
    return str(row["period_id"])


def measured_figure(row: Mapping[str, Any], kpi: KpiTerms | None) -> str:
    """Id of the area's figure, or of its group's, that a KPI row measures."""
    place = f"{row['indicator_id']}:{row['area_code']}:{measured_period(row)}"
    if kpi is None or kpi.breakdown_kind == "all":
        return f"indicator:{place}:value"
    return f"breakdown:{place}:{kpi.breakdown_kind}:{kpi.breakdown_group}:value"


def measures_other_dates(row: Mapping[str, Any]) -> bool:
    """Whether a KPI row looks at other dates than its settlement period's."""
    dates: tuple[date | None, date | None] = (row["measurement_start"], row["measurement_end"])
    return None not in dates and dates != (row["period_start"], row["period_end"])


def would_give_away(
    row: Mapping[str, Any],
    kpi: KpiTerms,
    figures: Mapping[str, Mapping[str, Any]],
    shorter: Iterable[Mapping[str, Any]],
) -> bool:
    """Whether the score of a KPI row, which follows from its exact value, would tell of a figure hidden in public.

    figures: public figures by id. shorter: the public figures of its indicator and area; a year whose hidden quarter
    was left out of the public sum must not become known exactly through its score.
    """
    figure = figures.get(measured_figure(row, kpi))
    if figure is not None and figure["value"] is None:
        return True
    start, end = row["measurement_start"] or row["period_start"], row["measurement_end"] or row["period_end"]
    return any(
        other["marker"] == "c" and other["period_kind"] in ("month", "quarter")
        and start <= other["period_start"] and other["period_end"] <= end
        for other in shorter
    )  # fmt: skip
