"""The report of what was hidden from the public tables, why, and which attack was made: `members/disclosure`.

Belongs here: its rows, and reading back what `verify` needs. Not here: hiding (`disclosure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from publication import columns
from publication.disclosure.areas import Method
from publication.disclosure.evidence import counts_of
from publication.disclosure.history import FORMER, LINKED
from publication.disclosure.rules import PARTS, Rules
from publication.inputs import Row, rows_of

if TYPE_CHECKING:
    from publication.disclosure import PublicView
    from publication.reader import Release

PRIMARY, SECONDARY, ALREADY, WITHHELD = "small", "secondary", "already open", "protects a withheld figure"
FILE = "members/disclosure.parquet"


def _is_small(exact: Row, method: Method, rules: Rules) -> bool:
    """Whether one of a figure's own counts is few people."""
    counts = counts_of(exact, method)
    if counts is None:
        return False
    every = [*counts.values(), *([sum(counts.values())] if method.statistic in PARTS else [])]
    most = rules.least_people - 1 if method.statistic in ("dsr", "mean") else rules.largest_hidden
    return any(0 < count <= most for count in every)


def hidden_rows(view: PublicView, rules: Rules) -> list[Row]:
    """One row a figure that is hidden, or whose exact parts are left out, in the columns of `disclosure`."""
    if view.tried is None:
        return []
    methods = {entry["indicator_id"]: Method.of(entry, rules) for entry in view.indicators}
    releases = list(view.tried.releases)
    rows = []

    def add(figure: str, what: str, why: str, reason: str | None) -> None:
        unknowns, equations = view.tried.outcome.sizes.get(figure, (0, 0)) if view.tried else (0, 0)
        rows.append(
            {"figure_id": figure, "what": what, "why": why, "reason": reason, "unknowns": unknowns,
             "equations": equations, "releases": releases}
        )  # fmt: skip

    for row in (*view.outcomes, *view.breakdowns):
        figure = row["figure_id"]
        if row["marker"] != "c" or row["indicator_id"] in view.exempt:
            continue
        exact = view.tried.disclosed.exact[figure]
        small = _is_small(exact, methods[row["indicator_id"]], rules)
        why = PRIMARY if small else view.tried.also.get(figure, SECONDARY)
        add(figure, "value", why, row["reason"])
    for item in view.hidden:
        if item.what == "numerator":
            add(item.figure_id, "numerator", WITHHELD, item.why)
    for figure in view.tried.already:
        add(figure, "count", ALREADY, "Former releases give it away by themselves: it cannot be called back.")
    return rows_of(columns.DISCLOSURE, rows)


def hidden_besides(release: Release) -> dict[str, str]:
    """Figures a release hides because of other tables or former releases, and why; none where it does not say."""
    if not release.has(FILE):
        return {}
    rows = release.parquet(FILE, columns.DISCLOSURE)
    return {row["figure_id"]: row["why"] for row in rows if row["why"] in (LINKED, FORMER)}


def settings_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of disclosure control a release was made with; none where it does not say."""
    entry = manifest.get("disclosure")
    return entry.get("rules", {}) if isinstance(entry, dict) else {}
