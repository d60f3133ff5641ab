"""Whether the figures of people in a release are what the rules let through, and nothing more.

Belongs here: parts of an area's figure against the area's, the public tables against the exact ones under the rules
of disclosure, a KPI against the figure it measures. Not here: hiding and rounding (disclosure), forms of one table
(crosscheck).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation.errors import OutturnError
from foundation.tables import cell_text
from publication import columns
from publication.agreement import read_agreement
from publication.crosscheck import Problem, quotient
from publication.disclosure import HIDDEN, Rules, asked_of, disclose_figures, people_behind, repeated_in
from publication.disclosure.groups import SHOWN_KINDS, UNKNOWN
from publication.disclosure.rules import rules_of
from publication.hidden import hidden_besides, settings_of
from publication.inputs import Row
from publication.measured import measured_figure
from publication.reader import Release
from publication.wording import rounded

OUTCOMES_FILE, PARTS_FILE = "public/data/outcomes.parquet", "public/data/breakdowns.parquet"
ANALYST_FILE = "analyst/analyst.duckdb"


def _too_small(row: Mapping[str, Any], statistic: str, rules: Rules) -> str:
    """Which shown count the rules would not have let through; empty when there is none."""
    for name in ("numerator", "denominator"):
        count = row[name]
        if count is None or (name == "denominator" and statistic in ("census_mean", "crude_rate", "dsr")):
            continue
        if 0 < count <= rules.largest_hidden or count % rules.nearest:
            return name
    return ""


def parts_agree(release: Release, outcomes: Sequence[Row]) -> list[Problem]:
    """Parts of figures follow from their own counts, stand beside their area's figure, and show nothing too small."""
    problems: list[Problem] = []
    rules, catalogue = rules_of(settings_of(release.manifest)), release.catalogue
    areas = {(r["indicator_id"], r["area_code"], r["period_kind"], r["period_id"]): r for r in outcomes}
    exempt = set(release.lineage.get("exempt", ())) if release.has("members") else set(catalogue)
    for row in release.public(columns.BREAKDOWNS):
        figure, entry = row["figure_id"], catalogue.get(row["indicator_id"])
        area = areas.get((row["indicator_id"], row["area_code"], row["period_kind"], row["period_id"]))
        if entry is None or area is None:
            problems.append(Problem(PARTS_FILE, "is a part of no published figure.", figure))
            continue
        if row["breakdown_group"] == UNKNOWN or row["period_kind"] not in SHOWN_KINDS:
            problems.append(Problem(PARTS_FILE, "is a part that is never published.", figure))
        if row["marker"] in HIDDEN and any(row[name] is not None for name in ("value", "numerator", "denominator")):
            problems.append(Problem(PARTS_FILE, "is marked as hidden and shows digits.", figure))
        if row["value"] is not None and area["value"] is None:
            problems.append(Problem(PARTS_FILE, "is shown, and the area's own figure is not.", figure))
        wanted = quotient(row, entry["unit"], entry["statistic"], entry["value_decimals"])
        if row["value"] is not None and wanted is not None and row["value"] != wanted:
            problems.append(
                Problem(PARTS_FILE, f"is {row['value']}, and {wanted} follows from its numerator and denominator.",
                        figure)
            )  # fmt: skip
        if row["indicator_id"] not in exempt and (name := _too_small(row, entry["statistic"], rules)):
            problems.append(Problem(PARTS_FILE, f"shows a {name} that should be hidden or rounded.", figure))
    for row in outcomes:
        entry = catalogue.get(row["indicator_id"])
        if entry and row["indicator_id"] not in exempt and (name := _too_small(row, entry["statistic"], rules)):
            problems.append(
                Problem(OUTCOMES_FILE, f"shows a {name} that should be hidden or rounded.", row["figure_id"])
            )
    return problems


def _exact(release: Release, schema: columns.Schema) -> list[Row]:
    return release.stored(ANALYST_FILE, schema)


def disclosure_follows(release: Release, outcomes: Sequence[Row]) -> list[Problem]:
    """The public figures are what the rules make of the exact ones. Needs members' and analysts' part."""
    if not release.has("members"):
        return []
    exempt, catalogue = frozenset(release.lineage.get("exempt", ())), release.catalogue
    measures, parts = (_exact(release, schema) for schema in (columns.MEASURES, columns.BREAKDOWNS))
    asked = asked_of(catalogue) - exempt
    figures = [row for row in (*measures, *parts) if row["indicator_id"] in asked]
    try:
        rules = rules_of(settings_of(release.manifest))
        people = people_behind(release.events(asked) if figures else [], figures, repeated_in(catalogue), rules)
        found = disclose_figures(measures, parts, catalogue, exempt, people, rules, hidden_besides(release))
    except OutturnError as fault:
        return [Problem(ANALYST_FILE, f"its figures cannot be disclosed again: {fault.message}")]
    problems = _compare(OUTCOMES_FILE, outcomes, found.measures)
    return problems + _compare(PARTS_FILE, release.public(columns.BREAKDOWNS), found.breakdowns)


def _compare(file: str, shown: Sequence[Row], wanted: Sequence[Row]) -> list[Problem]:
    problems = []
    left = {row["figure_id"]: row for row in shown}
    for row in wanted:
        own = left.pop(row["figure_id"], None)
        if own is None:
            problems.append(Problem(file, "is missing, and follows from the analysts' tables.", row["figure_id"]))
            continue
        for name in ("value", "marker", "numerator", "denominator"):
            if own[name] != row[name]:
                here, there = (cell_text(one[name]) or "blank" for one in (own, row))
                problems.append(
                    Problem(file, f"{name} is {here}, and {there} follows from the analysts' tables.",
                            row["figure_id"])
                )  # fmt: skip
                break
    return problems + [Problem(file, "follows from none of the analysts' figures.", name) for name in left]


def kpis_agree(release: Release) -> list[Problem]:
    """A KPI's value is that of the exact figure it measures, where the analysts hold one at the same precision."""
    exact = {
        row["figure_id"]: row for schema in (columns.MEASURES, columns.BREAKDOWNS) for row in _exact(release, schema)
    }
    terms = {
        (agreement.agreement_id, kpi.kpi_id): kpi
        for agreement in (read_agreement(files["terms.yaml"]) for _, files in release.open_books())
        for kpi in agreement.kpis
    }
    problems = []
    for row in release.members(columns.KPI_RETURN):
        figure = exact.get(measured_figure(row, terms.get((row["agreement_id"], row["kpi_id"]))))
        entry = release.catalogue.get(row["indicator_id"])
        if figure is None or entry is None or row["value"] is None or figure["value"] is None:
            continue
        decimals = row["value_decimals"]
        if decimals != entry["value_decimals"]:
            continue
        value: Decimal = rounded(figure["value"], decimals)
        if value != row["value"]:
            problems.append(
                Problem("members/kpi_return.parquet", f"is {row['value']}, and {figure['figure_id']} is {value}.",
                        row["figure_id"])
            )  # fmt: skip
    return problems
