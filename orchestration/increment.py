"""Which months and which tables of the warehouse a new data cut can have changed.

Belongs here: what a build is compared with, and when the comparison says nothing. Not here: building
(`defs.warehouse`), and the rule by which a submission changes a month (`dbt_project.changes`).

A month is left as it is only under the same definitions and the same code, with every token the same person's. A table
is left as it is where it is made of nothing but the lake's rows of one feed, and neither its submissions nor the link
table it looks persons up in are others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foundation.errors import OutturnError
from orchestration.cycle import Cycle
from orchestration.dbt import test_statuses
from orchestration.warehouse import Build, table_sums

if TYPE_CHECKING:
    from ingest.cut import DataCut


def basis_of(cycle: Cycle) -> dict[str, str]:
    """What a build is made from, as far as the next one has to compare it."""
    return {
        "data_cut_id": cycle.cut.cut_id,
        "definitions_hash": cycle.definitions_hash,
        "code_version": cycle.code_version,
    }


@dataclass(frozen=True)
class Difference:
    """What a build has to make again. months: first days, as ISO text, or `all`. kept: unique ids of models that stand
    as they are, and of the tests that look at nothing else."""

    months: str | list[str]
    kept: frozenset[str] = frozenset()


def difference(cycle: Cycle, former: Build | None, manifest: Mapping[str, Any]) -> Difference:
    """What of a former build the cycle's data cut can have changed: everything, where that cannot be said."""
    from dbt_project.changes import ALL
    from dbt_project.changes import changed_months as months_changed
    from ingest.cut import links_of, read_cut
    from ingest.identity.link import links_diff

    now = basis_of(cycle)
    if former is None or any(former.basis.get(name) != now[name] for name in ("definitions_hash", "code_version")):
        return Difference(ALL)
    if not all(status in ("pass", "warn") for status in test_statuses(former.run_results).values()):
        # What was built then is known to be wrong somewhere; tests of a few months would not see where.
        return Difference(ALL)
    try:
        before = read_cut(cycle.home, former.basis["data_cut_id"])
        if before.opt_outs != cycle.cut.opt_outs:
            # rows of the same submissions are others
            return Difference(ALL)
        linked_alike = before.link_table == cycle.cut.link_table
        moved = not linked_alike and links_diff(links_of(cycle.home, before), links_of(cycle.home, cycle.cut))
    except OutturnError:
        return Difference(ALL)
    months = months_changed(_rows(before), _rows(cycle.cut), moved)
    if months == ALL:
        return Difference(ALL)
    return Difference(months, _kept(cycle, before, former, manifest, linked_alike=linked_alike))


def lake_models(manifest: Mapping[str, Any]) -> dict[str, tuple[frozenset[str], bool]]:
    """Unique id of every table that is made of the lake's rows and of nothing but those -> the feeds it is made of,
    and whether it looks persons up. What it reads of the submissions is what it reads of these feeds' submissions."""
    found = {}
    for key, node in manifest["nodes"].items():
        if node["resource_type"] != "model" or node["config"]["materialized"] != "table":
            continue
        needs = [_of_the_lake(name, manifest) for name in node["depends_on"]["nodes"]]
        feeds = frozenset(name for kind, name in needs if kind == "lake")
        if feeds and all(kind in ("lake", "links", "submissions") for kind, _ in needs):
            found[key] = feeds, any(kind == "links" for kind, _ in needs)
    return found


def _of_the_lake(unique_id: str, manifest: Mapping[str, Any]) -> tuple[str, str]:
    source = manifest["sources"].get(unique_id)
    if source is not None and source["source_name"] == "lake":
        return "lake", str(source["name"])
    if source is not None and (source["source_name"], source["name"]) == ("run", "links"):
        return "links", ""
    return ("submissions", "") if unique_id == "model.outturn.stg_submissions" else ("other", "")


def _kept(
    cycle: Cycle, before: DataCut, former: Build, manifest: Mapping[str, Any], *, linked_alike: bool
) -> frozenset[str]:
    candidates = {
        key: str(manifest["nodes"][key]["alias"])
        for key, (feeds, links) in lake_models(manifest).items()
        if (linked_alike or not links) and all(set(before.of(feed)) == set(cycle.cut.of(feed)) for feed in feeds)
    }
    # somebody may have been at them since
    sums = table_sums(cycle.home, candidates.values())
    if sums.get("engine") != former.sums.get("engine"):
        return frozenset()
    models = {key for key, name in candidates.items() if name in sums and sums[name] == former.sums.get(name)}
    tests = {
        key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "test"
        and node["depends_on"]["nodes"]
        and set(node["depends_on"]["nodes"]) <= models
    }
    known = {item["unique_id"] for item in former.run_results["results"]}
    return frozenset((models | tests) & known)


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
