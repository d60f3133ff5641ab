"""Which months and which tables of the warehouse a new data cut can have changed.

Belongs here: what a build is compared with, and when the comparison says nothing. Not here: building
(`defs.warehouse`), and the rule by which a submission changes a month (`dbt_project.changes`).

A month is left as it is only under the same definitions and the same code, with every token the same person's. A table
is left as it is where nothing that it is made of, all the way up to the lake, is other than it was. Which submission
counts for a day is different whenever any submission is; but a model that asks only about some feeds (those of the
rows it reads by `in_force`, or those its config names under `submissions_of`) is told the same as long as theirs are.
So is a model that asks about the periods of the figures of some feeds alone, which its config names under `periods_of`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from dbt_project.changes import ALL
from foundation.errors import OutturnError
from orchestration.cycle import Cycle
from orchestration.dbt import test_statuses
from orchestration.warehouse import Build, file_identity, table_sums

if TYPE_CHECKING:
    from ingest.cut import CutSubmission, DataCut


# What says of every feed which of its submissions counts.
_COUNTED = frozenset(
    f"model.outturn.{name}" for name in ("stg_submissions", "int_submission_coverage", "int_newest_submissions")
)
# Made of the first and the last day of all submissions, and of nothing else of theirs.
_DAYS = "model.outturn.int_calendar"
# What writes the data cut's own name into a table.
_CUT_ID = "macro.outturn.data_cut_id"
# Where a model's config names the feeds about whose submissions alone it asks.
SUBMISSIONS_OF = "submissions_of"
# What says of every figure how much of a period the data cover, and where a model's config names the feeds of the
# figures it asks about.
_PERIODS = "model.outturn.int_indicator_periods"
PERIODS_OF = "periods_of"
# Where the config of a table that grows by person names the feeds whose rows change it for the people they are about,
# and for nobody else.
PEOPLE_OF = "people_of"
# Where more of a feed's files than this part say who is changed, the table is built whole.
_FEW = 3
_INPUT = "input "
# How a table is built of which a part stays as it is: some months, submissions or indicators.
GROWN = "incremental"
# Those of which months stay.
_BY_MONTH = ("model.outturn.int_person_months", "model.outturn.int_population")
# What says of an indicator how it is added up.
_CATALOGUE = "indicator_catalogue"
# What says who belongs to a group.
_GROUP_RULES = "group_rules"
# The table of an indicator's rows.
_ROWS = re.compile("ind_(?P<indicator>.+)__(events|people)")


def basis_of(cycle: Cycle) -> dict[str, str]:
    """What a build is made from, as far as the next one compares it; of what dbt reads beside the lake, hashes."""
    from orchestration.inputs import HASHES

    hashes = cycle.inputs / HASHES
    inputs = json.loads(hashes.read_bytes()) if hashes.exists() else {}
    return {
        "data_cut_id": cycle.cut.cut_id,
        "definitions_hash": cycle.definitions_hash,
        "code_version": cycle.code_version,
        **{f"{_INPUT}{name.removesuffix('.parquet')}": value for name, value in inputs.items()},
    }


@dataclass(frozen=True)
class Difference:
    """What a build has to make again.

    months: first days, as ISO text, or `all`. kept: unique ids of models and seeds that stand as they are, and of the
    tests that look at nothing else. sums: those of their tables. indicators: those whose rows are made again, or `all`.
    distrusted: tables that would grow, and are not as the former build left them. quarters: first days of those whose
    groups of people are made again, or `all`. people: of which tables only some people are made again, and the
    submissions that say who they are (`OUTTURN_CHANGED_PEOPLE`), or `all`. gone: feed -> submissions that are gone and
    say it too.
    """

    months: str | list[str]
    kept: frozenset[str] = frozenset()
    sums: Mapping[str, str] = field(default_factory=dict)
    indicators: str | list[str] = ALL
    distrusted: frozenset[str] = frozenset()
    quarters: str | list[str] = ALL
    people: str | dict[str, list[str]] = ALL
    gone: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[Any, ...]:
        """What of the tables that grow is made again, in the order in which `dbt.environment` is told."""
        return self.months, self.indicators, self.quarters, self.people


@dataclass(frozen=True)
class Moved:
    """What is other than it was when a build was made. feeds: those with other submissions. links: whether any token
    is another person's, is gone or has come. days: whether the first or the last day of all submissions is another.
    inputs: what dbt reads beside the lake and is not the same."""

    feeds: frozenset[str]
    links: bool
    days: bool
    inputs: frozenset[str]


def difference(cycle: Cycle, former: Build | None, manifest: Mapping[str, Any]) -> Difference:
    """What of a former build the cycle's data cut can have changed: everything, where that cannot be said."""
    from dbt_project.changes import changed_months, changed_quarters
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
    months = changed_months(_rows(before), _rows(cycle.cut), moved)
    if months == ALL:
        return Difference(ALL)
    what = _moved(cycle, before, former, links=not linked_alike)
    quarters = ALL if _GROUP_RULES in what.inputs else changed_quarters(_rows(before), _rows(cycle.cut), months)
    kept = _kept(cycle, months, what, former, manifest)
    people, gone = of_some_people(before, cycle.cut, what, kept.distrusted, manifest)
    return replace(kept, quarters=quarters, people=people, gone=gone)


def _moved(cycle: Cycle, before: DataCut, former: Build, *, links: bool) -> Moved:
    then, now = former.basis, basis_of(cycle)
    feeds = {item.feed for cut in (before, cycle.cut) for item in cut.submissions}
    inputs = {name for name in {*then, *now} if name.startswith(_INPUT) and then.get(name) != now.get(name)}
    return Moved(
        feeds=frozenset(feed for feed in feeds if set(before.of(feed)) != set(cycle.cut.of(feed))),
        links=links,
        days=_bounds(before) != _bounds(cycle.cut),
        inputs=frozenset(name.removeprefix(_INPUT) for name in inputs),
    )


def of_some_people(
    before: DataCut, now: DataCut, moved: Moved, distrusted: AbstractSet[str], manifest: Mapping[str, Any]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Tables of which only some people are made again, with the submissions that say whom; by feed, those gone.

    Which row counts for a day is decided anew on the days of a submission that came or went, and on no other; so nobody
    is changed of whom no submission of the same sender that covers any of those days holds or held a row.
    """
    few: dict[str, list[str]] = {}
    gone: dict[str, list[str]] = {}
    for feed in moved.feeds:
        held, wanted = before.of(feed), now.of(feed)
        differ = set(held) ^ set(wanted)
        touched = [item.submission_id for item in wanted if any(_same_days(item, other) for other in differ)]
        # where nobody can say any more whom the rows of a submission that is gone were about, everybody may be changed
        if len(touched) * _FEW <= len(wanted) and f"stg_{feed}" not in distrusted:
            few[feed] = touched
            gone[feed] = [item.submission_id for item in held if item in differ]
    models: list[str] = []
    feeds: set[str] = set()
    for key, node in sorted(manifest["nodes"].items()):
        own = moved.feeds & set(node["config"].get("meta", {}).get(PEOPLE_OF, ()))
        # nothing else that the table is made of may be other than it was
        if own and own <= few.keys() and key in unmoved(manifest, replace(moved, feeds=moved.feeds - own)):
            models.append(str(node["alias"]))
            feeds |= own
    submissions = sorted(name for feed in feeds for name in few[feed])
    return {"models": models, "submissions": submissions}, {feed: gone[feed] for feed in sorted(feeds)}


def _same_days(one: CutSubmission, other: CutSubmission) -> bool:
    """Whether two submissions are of one sender and cover a day both."""
    return (
        one.organisation == other.organisation
        and one.covers_from <= other.covers_to
        and one.covers_to >= other.covers_from
    )


def _bounds(cut: DataCut) -> tuple[Any, Any]:
    return (
        min((item.covers_from for item in cut.submissions), default=None),
        max((item.covers_to for item in cut.submissions), default=None),
    )


def feeds_of(key: str, manifest: Mapping[str, Any]) -> frozenset[str] | None:
    """The feeds about whose submissions a model asks; None where it may be any.

    Those its config names. Else, for a model that names no table of submissions itself, those of the lake it reads, at
    one remove where it reads them by the macro `in_force`, which asks about the feed it reads and about no other.
    """
    node = manifest["nodes"][key]
    named = node["config"].get("meta", {}).get(SUBMISSIONS_OF)
    if named is not None:
        return frozenset(named)
    read = {name for name in node["depends_on"]["nodes"] if name not in _COUNTED}
    of_lake = {name: _lake_feed(name, manifest) for name in read}
    own = {feed for feed in of_lake.values() if feed is not None}
    if own:
        return frozenset(own)
    if any(f"'{name.split('.')[2]}'" in node["raw_code"] for name in _COUNTED):
        return None
    staged = {
        feed
        for name in read
        if name in manifest["nodes"]
        for parent in manifest["nodes"][name]["depends_on"]["nodes"]
        if (feed := _lake_feed(parent, manifest)) is not None
    }
    return frozenset(staged) or None


def _lake_feed(unique_id: str, manifest: Mapping[str, Any]) -> str | None:
    source = manifest["sources"].get(unique_id)
    return str(source["name"]) if source is not None and source["source_name"] == "lake" else None


def unmoved(manifest: Mapping[str, Any], moved: Moved) -> frozenset[str]:
    """Unique ids of the sources, seeds, models and tests that what moved cannot have changed."""

    def counts_alike(asking: str) -> bool:
        feeds = feeds_of(asking, manifest)
        return not moved.feeds if feeds is None else not feeds & moved.feeds

    @cache
    def stands(key: str) -> bool:
        source = manifest["sources"].get(key)
        if source is not None:
            name = str(source["name"])
            if source["source_name"] == "lake":
                return name not in moved.feeds
            if name == "links":
                return not moved.links
            return name not in moved.inputs
        node = manifest["nodes"][key]
        if key == _DAYS:
            return not moved.days
        if _CUT_ID in node["depends_on"].get("macros", ()):
            return False
        if node["resource_type"] == "test" and _COUNTED & set(node["depends_on"]["nodes"]):
            return not moved.feeds and not moved.days
        return all(leads_to_nothing_new(key, name) for name in node["depends_on"].get("nodes", ()))

    def leads_to_nothing_new(key: str, name: str) -> bool:
        asked = manifest["nodes"][key]["config"].get("meta", {}).get(PERIODS_OF)
        if name in _COUNTED and key not in _COUNTED:
            return counts_alike(key)
        if name == _PERIODS and asked is not None:
            made_of = manifest["nodes"][_PERIODS]["depends_on"]["nodes"]
            return not moved.feeds & set(asked) and all(stands(part) for part in made_of if part not in _COUNTED)
        return stands(name)

    keys = [key for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed", "test")]
    return frozenset(key for key in (*keys, *manifest["sources"]) if stands(key))


def keepable(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Unique id -> table, of every model and seed that a change of submissions can leave as it is, or parts of it."""
    feeds = {source["name"] for source in manifest["sources"].values() if source["source_name"] == "lake"}
    found = set(_grown(manifest))
    for feed in sorted(feeds):
        found |= unmoved(manifest, Moved(frozenset({feed}), links=False, days=False, inputs=frozenset({"submissions"})))
    return {
        key: str(manifest["nodes"][key]["alias"])
        for key in sorted(found)
        if key in manifest["nodes"] and manifest["nodes"][key]["resource_type"] in ("model", "seed")
    }


def _grown(manifest: Mapping[str, Any]) -> dict[str, str]:
    nodes = manifest["nodes"].items()
    return {key: str(node["alias"]) for key, node in nodes if node["config"].get("materialized") == GROWN}


def _kept(
    cycle: Cycle, months: str | list[str], moved: Moved, former: Build, manifest: Mapping[str, Any]
) -> Difference:
    stands = unmoved(manifest, moved)
    known = {item["unique_id"] for item in former.run_results["results"]}
    candidates = {key: name for key, name in keepable(manifest).items() if key in stands and key in known}
    # somebody may have been at them since
    grown = set(_grown(manifest).values())
    # the sums of a large place take as long as some of its models; a file nobody wrote to needs none
    untouched = former.file == file_identity(cycle.home)
    sums = former.sums if untouched else table_sums(cycle.home, {*candidates.values(), *grown})
    if sums.get("engine") != former.sums.get("engine"):
        # sums of two engines say nothing of each other
        return Difference(ALL)
    lost = {name for name in grown if name not in former.sums or sums.get(name) != former.sums[name]}
    if lost & {str(manifest["nodes"][key]["alias"]) for key in _BY_MONTH}:
        # the months that stay would stay as somebody made them
        return Difference(ALL)
    tables = {key for key, name in candidates.items() if name in sums and sums[name] == former.sums.get(name)}
    sources = {key for key in stands if key in manifest["sources"]}
    tests = {
        key
        for key in stands & known
        if manifest["nodes"][key]["resource_type"] == "test"
        and manifest["nodes"][key]["depends_on"]["nodes"]
        and set(manifest["nodes"][key]["depends_on"]["nodes"]) <= tables | sources
    }
    of_tables = {candidates[key]: sums[candidates[key]] for key in tables}
    indicators = ALL if _CATALOGUE in moved.inputs else _indicators(manifest, tables)
    return Difference(months, frozenset(tables | tests), of_tables, indicators, frozenset(lost))


def _indicators(manifest: Mapping[str, Any], tables: AbstractSet[str]) -> list[str]:
    """Indicators of people of which any table of rows is not among those that stand."""
    names = {key: _ROWS.fullmatch(str(node["alias"])) for key, node in manifest["nodes"].items()}
    return sorted({name["indicator"] for key, name in names.items() if name is not None and key not in tables})


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
