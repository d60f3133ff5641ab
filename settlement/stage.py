"""Whether a settlement is interim or final: what it was scored on may still change, or is frozen.

Belongs here: telling the two apart. Not here: accruals, which settle nothing (`accrual`), differences (`restate`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

FROZEN = "freeze"


def stage_of(rows: Iterable[Mapping[str, Any]], agreement_id: str, period_id: str, judged_kpis: Collection[str]) -> str:
    """`final` when every figure that money depends on is frozen, else `interim`.

    rows: of the KPI return, others are left alone. judged_kpis: ids of paid and must-pass KPIs.
    """
    status = {
        row["kpi_id"]: row["data_cut_status"]
        for row in rows
        if (row["agreement_id"], row["period_id"]) == (agreement_id, period_id) and row["kpi_id"] in judged_kpis
    }
    return "final" if all(status.get(kpi) == FROZEN for kpi in judged_kpis) else "interim"
