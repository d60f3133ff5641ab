"""Which months of the warehouse a new data cut can have changed.

Belongs here: what a build is compared with, and when the comparison says nothing. Not here: building
(`defs.warehouse`), and the rule by which a submission changes a month (`dbt_project.changes`).

A month is left as it is only under the same definitions and the same code, with every token the same person's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foundation.errors import OutturnError
from orchestration.cycle import Cycle
from orchestration.dbt import test_statuses
from orchestration.warehouse import Build

if TYPE_CHECKING:
    from ingest.cut import DataCut


def basis_of(cycle: Cycle) -> dict[str, str]:
    """What a build is made from, as far as the next one has to compare it."""
    return {
        "data_cut_id": cycle.cut.cut_id,
        "definitions_hash": cycle.definitions_hash,
        "code_version": cycle.code_version,
    }


def changed_months(cycle: Cycle, former: Build | None) -> str | list[str]:
    """First days of the months to build again, as ISO text; `all` when the former build says nothing about this one."""
    from dbt_project.changes import ALL
    from dbt_project.changes import changed_months as months_changed
    from ingest.cut import links_of, read_cut
    from ingest.identity.link import links_diff

    now = basis_of(cycle)
    if former is None or any(former.basis.get(name) != now[name] for name in ("definitions_hash", "code_version")):
        return ALL
    if not all(status in ("pass", "warn") for status in test_statuses(former.run_results).values()):
        # What was built then is known to be wrong somewhere; tests of a few months would not see where.
        return ALL
    try:
        before = read_cut(cycle.home, former.basis["data_cut_id"])
        moved = before.link_table != cycle.cut.link_table and links_diff(
            links_of(cycle.home, before), links_of(cycle.home, cycle.cut)
        )
    except OutturnError:
        return ALL
    return months_changed(_rows(before), _rows(cycle.cut), moved)


def _rows(cut: DataCut) -> list[dict[str, Any]]:
    return [
        {
            "submission": item.submission_id,
            "feed": item.feed,
            "covers_from": item.covers_from,
            "covers_to": item.covers_to,
        }
        for item in cut.submissions
    ]
