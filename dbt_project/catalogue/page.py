"""The catalogue as pages of the reference, word for word from the definitions: docs/reference/indicators.md, and
docs/reference/indicator-changes.md for what changed from version to version.

Belongs here: the layout of these pages. Not here: a word about an indicator that its definition does not hold.
`python -m dbt_project.catalogue.page` writes them; tests compare them with the definitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from dbt_project.catalogue import DIRECTORY, Indicator, load_catalogue
from dbt_project.catalogue.versions import differences, histories
from foundation.durable import write_bytes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "indicators.md"
CHANGES = PAGE.with_name("indicator-changes.md")
STATISTICS = {
    "census_mean": "mean of a daily census",
    "ratio_of_sums": "ratio of sums",
    "proportion": "proportion",
    "maintained_proportion": "proportion maintained over a follow-up",
    "share_of_events": "share of events, without an interval",
    "published_percentage": "percentage as published elsewhere",
    "crude_rate": "crude rate",
    "dsr": "directly standardised rate",
    "mean": "mean",
    "median": "median",
}
POLARITIES = {"low": "lower is better", "high": "higher is better", "neutral": "neither is better"}
BREAKDOWNS = {"pcn": "primary care network", "deprivation": "local deprivation fifth", "age": "age group"}
BASES = {
    "resident": "people who live in the area",
    "registered": "people on the practice register",
    "caseload": "people the services have on their books",
    "cohort": "a closed group, followed up",
}
SCHEMES = {
    "fingertips": "Fingertips",
    "phof": "Public Health Outcomes Framework",
    "ascof": "Adult Social Care Outcomes Framework",
    "nhsof": "NHS Outcomes Framework",
    "qof": "Quality and Outcomes Framework",
    "cvdprevent": "CVDPREVENT",
    "bcf": "Better Care Fund",
    "network_contract": "network contract",
    "collection": "national collection",
}
READ = {"in_full": "read", "in_part": "read in part", "not_read": "not read: confirm before relying on it"}
KINDS = {"month": "months", "quarter": "quarters", "year": "financial years", "rolling_year": "rolling years"}
OPENING = """# Indicators

Every indicator of the catalogue, as `dbt_project/catalogue/` defines it. The page is written by
`python -m dbt_project.catalogue.page`; a test holds it to the definitions. How a figure is rounded, withheld and
labelled: [columns of every file](files.md). What the intervals are: the definition names the method.

A share is expressed per 100, a rate per the number in its unit and per year: time at risk is counted in person-months,
one for everybody on the practice register on the first of a month, and twelve of them are a person-year.
"""


CHANGES_OPENING = """# Changes of definitions

What changed in the definition of an indicator, when and why, the newest first. The page is written by
`python -m dbt_project.catalogue.page` from the definitions and their former versions
(`dbt_project/catalogue/history/`); a test holds it to them. Charts have a line where another version begins, and
control limits start anew there. [How a definition is changed](../how-to/add-an-indicator.md#change-a-definition).
"""


def _domain(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _listed(words: dict[str, str], chosen: tuple[str, ...]) -> str:
    return ", ".join(words[one] for one in chosen)


def _decimals(number: int) -> str:
    return {0: "whole numbers", 1: "1 decimal"}.get(number, f"{number} decimals")


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _references(one: Indicator) -> str:
    return "; ".join(f"{SCHEMES[item.scheme]} `{item.id}` ({READ[item.read]})" for item in one.references) or "none"


def _rows(one: Indicator) -> list[tuple[str, str]]:
    control = "from all months" if one.spc_fix_after is None else f"fixed after {one.spc_fix_after} months"
    return [
        ("outcome", one.outcome),
        ("metric", one.metric),
        ("numerator", one.numerator_definition),
        ("denominator", one.denominator_definition),
        ("left out", one.exclusions),
        ("statistic", f"{STATISTICS[one.statistic]}, version {one.version}, effective from {one.effective_from}"),
        ("unit", f"{one.unit}, {_decimals(one.value_decimals)}, {POLARITIES[one.polarity]}"),
        ("interval", one.interval),
        ("periods", _listed(KINDS, one.period_kinds)),
        ("also by", _listed(BREAKDOWNS, one.breakdowns) or "nothing else"),
        ("population", BASES[one.population_basis]),
        ("window", one.measurement_window),
        *(
            [("taken on", "the last day of the period: periods that end together have one figure")]
            if one.by_last_day
            else []
        ),
        ("follow-up", one.follow_up_window),
        ("mature", one.maturity),
        ("known", one.lag),
        (
            "withheld",
            f"when more than {one.max_missing_pct.normalize():f} % of the covered days lack a required return",
        ),
        ("control limits", control if "month" in one.period_kinds else "none: no months"),
        ("kind", f"{one.kind}, {one.clinical_or_functional}, {one.local_or_national} definition"),
        ("captured by", one.capture_method),
        ("feeds", ", ".join(f"`{feed}`" for feed in one.feeds)),
        ("owner", one.owner),
        ("clinical review", one.clinical_reviewer or "none: a functional measure"),
        ("source", one.source),
        ("national figure", _references(one)),
        *([("bridge to it", one.bridge)] if one.bridge else []),
        *([("family", f"`{one.family}`" + (", its lead" if one.family_lead else ""))] if one.family else []),
        *([("without a family", one.apart_because)] if one.apart_because else []),
    ]


def page(indicators: list[Indicator]) -> str:
    """The whole page, domains and indicators in alphabetical order."""
    ordered = sorted(indicators, key=lambda one: (one.domain, one.indicator_id))
    lines = [OPENING, "| domain | indicator | statistic | unit | better |", "|---|---|---|---|---|"]
    for one in ordered:
        lines.append(
            f"| {_domain(one.domain)} | [{one.name}](#{one.indicator_id}) | {STATISTICS[one.statistic]} | {one.unit} | "
            f"{POLARITIES[one.polarity].split(' ')[0]} |"
        )
    domain = ""
    for one in ordered:
        if one.domain != domain:
            domain = one.domain
            lines += ["", f"## {_domain(domain)}"]
        lines += ["", f"### {one.indicator_id}", "", f"**{one.name}.** {_sentence(one.definition)}", ""]
        lines += ["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in _rows(one))]
        lines += ["", f"Before quoting it: {_sentence(one.caveat)}"]
    return "\n".join(lines) + "\n"


def _marked(text: str) -> str:
    return text.replace("|", "\\|")


def changes_page(histories: Sequence[Sequence[Indicator]]) -> str:
    """The page of changes. histories: the versions of each indicator, from the first to the one in force."""
    found = [(after, before) for versions in histories for before, after in pairwise(versions)]
    lines = [CHANGES_OPENING]
    if not found:
        lines += ["No definition has changed since its first version.", ""]
    for after, before in sorted(found, key=lambda pair: (-pair[0].effective_from.toordinal(), pair[0].indicator_id)):
        beside = ", which runs beside it" if before.dual_running else ""
        lines += [
            f"## {after.indicator_id}, version {after.version}, from {after.effective_from}", "",
            f"{_sentence(after.changes[-1].why)} It takes the place of version {before.version}{beside}.", "",
            "| field | before | now |", "|---|---|---|",
            *(f"| {name} | {_marked(then)} | {_marked(now)} |" for name, then, now in differences(before, after)), "",
        ]  # fmt: skip
    return "\n".join(lines).rstrip("\n") + "\n"


def main(directory: Path = DIRECTORY) -> None:
    """Write both pages."""
    write_bytes(PAGE, page(load_catalogue(directory)).encode("utf-8"))
    write_bytes(CHANGES, changes_page(histories(directory)).encode("utf-8"))


if __name__ == "__main__":
    main()
