"""What the pages are made of, and how a page finds a figure, its reason and its level in it.

Belongs here: look-ups over the public view and the settlements, shared by every page. Not here: layout, wording
of whole pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from publication.agreement import ALLIANCE_LINES, Agreement, KpiTerms
from publication.disclosure import PublicView
from publication.inputs import ReleaseInputs, Row
from publication.measured import measured_figure, measures_other_dates, would_give_away
from publication.trend import under_one_definition
from publication.wording import MARKERS, capital, day, group_name, money, number, period_name, plural, sentence

if TYPE_CHECKING:
    from publication.pages.parties import Ends

KIND_ORDER = {"month": 0, "quarter": 1, "rolling_year": 2, "year": 3}
HIDDEN_LEVEL = "Not told: with the level a figure that is hidden to protect people could be worked out"
STATUS_WORDS = {"shadow": "SHADOW – nothing is payable", "withheld": "WITHHELD – nothing is payable yet"}


@dataclass(frozen=True)
class Settled:
    """One settlement as the pages need it: its agreement, and its rows with every column."""

    agreement: Agreement
    period_id: str
    steps: list[Row]
    postings: list[Row]
    member_lines: list[Row]
    gate: Mapping[str, Any]
    decisions: Sequence[Mapping[str, Any]] = ()
    hides_value: bool = False
    standing: Sequence[Mapping[str, Any]] = ()
    payments: Sequence[Row] = ()
    journal: Sequence[Row] = ()
    ends: Sequence[Ends] = ()

    @property
    def status(self) -> str:
        """Shadow, payable or withheld. A restatement that is withheld posts nothing and says so in its steps."""
        if self.postings:
            return str(self.postings[0]["status"])
        if any(str(step["step_id"]).startswith("withheld_") for step in self.steps):
            return "withheld"
        return "shadow" if self.agreement.shadow else "payable"


@dataclass(frozen=True)
class Book:
    """Everything the pages are made of."""

    inputs: ReleaseInputs
    view: PublicView
    statement: list[Row]
    kpi_return: list[Row]
    settled: list[Settled]
    verdicts: Mapping[str, Mapping[str, Any]]
    files: Sequence[Mapping[str, Any]] = field(default_factory=list)
    revisions: Sequence[Row] = ()

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What one page worked out and another needs again, by whatever its module calls it."""
        return {}

    @cached_property
    def networks(self) -> list[str]:
        """Codes of the networks that have a figure of their own, in order."""
        return sorted({row["breakdown_group"] for row in self.view.breakdowns if row["breakdown_kind"] == "pcn"})

    @cached_property
    def catalogue(self) -> dict[str, Row]:
        return {row["indicator_id"]: row for row in self.view.indicators}

    @cached_property
    def by_indicator(self) -> dict[str, list[Row]]:
        """Figures of areas by indicator."""
        found: dict[str, list[Row]] = {}
        for row in self.view.outcomes:
            found.setdefault(row["indicator_id"], []).append(row)
        return found

    @cached_property
    def parts(self) -> dict[str, list[Row]]:
        """Figures of groups by indicator."""
        found: dict[str, list[Row]] = {}
        for row in self.view.breakdowns:
            found.setdefault(row["indicator_id"], []).append(row)
        return found

    @cached_property
    def by_id(self) -> dict[str, Row]:
        """Every public figure, of areas and of groups."""
        return {row["figure_id"]: row for row in (*self.view.outcomes, *self.view.breakdowns)}

    @cached_property
    def returned(self) -> dict[tuple[str, str], list[Row]]:
        """Rows of the KPI return by agreement and KPI."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.kpi_return:
            found.setdefault((row["agreement_id"], row["kpi_id"]), []).append(row)
        return found

    @cached_property
    def agreements(self) -> list[Agreement]:
        return list({item.agreement.agreement_id: item.agreement for item in self.settled}.values())

    def agreed_kpi(self, indicator_id: str) -> tuple[Agreement, KpiTerms] | None:
        for agreement in self.agreements:
            if (kpi := agreement.kpi_of(indicator_id)) is not None:
                return agreement, kpi
        return None


def line_words(line: str) -> str:
    """A posting line in words: `top-up`, `award for unplanned outcomes`."""
    return {
        "top_up": "top-up",
        "award": "award for unplanned outcomes",
        "kra_pool": "KRA pool",
        "activity": "activity variance",
        "sub_contract": "promises of sub-contracts",
    }.get(line, line.replace("_", " "))


def slug(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")


def page_of(indicator_id: str) -> str:
    return f"indicator-{slug(indicator_id)}.html"


def network_page_of(network: str) -> str:
    return f"network-{slug(network)}.html"


def reason_key(outcome: Row) -> str:
    """Anchor on the data quality page for a withheld figure: figures of one period and reason share it."""
    return f"w-{slug(outcome['period_id'])}" if outcome["marker"] == "w" else "not-available"


def why(outcome: Row) -> str:
    """The reason of a missing figure in one sentence: the warehouse's words, led in by the period."""
    reason = (outcome["reason"] or "").strip()
    if outcome["marker"] != "w":
        return sentence(reason or f"The figure is {MARKERS.get(outcome['marker'] or 'x', 'not available')}")
    name = capital(period_name(outcome["period_id"], outcome["period_kind"]))
    if found := re.match(r"(\d+) of (?:the |its )?(\d+ days? lacks? .*)", reason):
        return sentence(f"{name} is withheld because {found[1]} of its {found[2]}")
    if reason:
        return sentence(reason if "withheld" in reason.lower() else f"{name} is withheld: {reason}")
    return (
        f"{name} is withheld because {outcome['missing_days']} of its {plural(outcome['covered_days'] or 0, 'day')} "
        "lack figures from at least one organisation that must report."
    )


def by_period(rows: Sequence[Row]) -> list[Row]:
    return sorted(rows, key=lambda r: (r["period_end"], KIND_ORDER[r["period_kind"]]))


def shown(rows: Sequence[Row]) -> list[Row]:
    return [r for r in rows if r["value"] is not None]


def latest_shown(rows: Sequence[Row]) -> Row | None:
    """The figure to quote: of those published and not provisional the latest of a whole year (by the calendar of
    finance or not), else quarter, else month."""
    for kinds in (("year", "rolling_year"), ("quarter",), ("month",)):
        found = [r for r in shown(by_period(rows)) if r["period_kind"] in kinds and r["marker"] != "p"]
        if found:
            return found[-1]
    provisional = shown(by_period(rows))
    return provisional[-1] if provisional else None


def before(rows: Sequence[Row], outcome: Row, entry: Row) -> Row | None:
    """The published figure of the same kind one year (year, quarter, month) earlier, under the same definition."""
    start = outcome["period_start"]
    for r in shown(rows):
        if r["period_kind"] == outcome["period_kind"] and r["period_start"] == start.replace(year=start.year - 1):
            return r if under_one_definition([r, outcome], entry.get("breaks")) else None
    return None


def later_gaps(rows: Sequence[Row], after: Row | None) -> list[Row]:
    """Withheld quarters and years (months where there is nothing longer) that end after the figure quoted."""
    missing = [
        r for r in by_period(rows)
        if r["marker"] == "w" and (after is None or r["period_end"] > after["period_end"])
    ]  # fmt: skip
    longer = [r for r in missing if r["period_kind"] == "quarter"]
    return longer or missing


def first_missing(rows: Sequence[Row]) -> Row | None:
    """The first figure that is not available, when nothing that began later is available either; else None."""
    last = max((r["period_end"] for r in rows if r["value"] is not None or r["marker"] == "w"), default=None)
    later = [r for r in by_period(rows) if last is None or r["period_start"] > last]
    months = [r for r in later if r["period_kind"] == "month"] or later
    return months[0] if months else None


def ended(rows: Sequence[Row]) -> str:
    """`Not available from June 2023` for a series that has ended, or is hidden since; nothing for one that goes on."""
    found = first_missing(rows)
    if found is None:
        return ""
    word = "Hidden" if found["marker"] == "c" else "Not available"
    return f"{word} from {period_name(found['period_id'], found['period_kind'])}"


def level_needs(kpi: KpiTerms, level: str) -> str:
    """What a value must be to reach a level, in words."""
    found = next(item for item in kpi.levels if item.name == level)
    text = number(found.threshold, kpi.decimals)
    return f"{text} or {'lower' if kpi.polarity == 'low' else 'higher'}"


def figures_of(book: Book, indicator_id: str, area: str | None = None) -> list[Row]:
    return [r for r in book.by_indicator.get(indicator_id, ()) if area is None or r["area_code"] == area]


def areas_of(book: Book, indicator_id: str) -> list[str]:
    """Areas an indicator has figures for, the place's own first."""
    found = sorted({r["area_code"] for r in figures_of(book, indicator_id)})
    return sorted(found, key=lambda code: code != book.inputs.place.area_code)


def main_kpis(book: Book) -> list[tuple[Agreement, KpiTerms]]:
    """Paid KPIs, heaviest first."""
    paid = [(a, k) for a in book.agreements for k in a.kpis if k.weight]
    return sorted(paid, key=lambda item: (-(item[1].weight or 0), item[1].kpi_id))


def role_words(book: Book, indicator_id: str) -> str:
    agreed = book.agreed_kpi(indicator_id)
    if agreed is None or not agreed[1].weight:
        if all(r["marker"] in ("x", "z") for r in figures_of(book, indicator_id)):
            return "Not measured here, and never paid on"
        return "Watched, never paid on"
    return "Counts towards the shadow settlement" if agreed[0].shadow else "Counts towards the settlement"


def returned_row(book: Book, agreement: Agreement, kpi: KpiTerms, outcome: Row) -> Row | None:
    """The KPI return's row that measures this figure; none where the KPI looks at a group or at other dates."""
    return next(
        (r for r in book.returned.get((agreement.agreement_id, kpi.kpi_id), ())
         if measured_figure(r, kpi) == outcome["figure_id"]),
        None,
    )  # fmt: skip


def settled_rows(book: Book, agreement: Agreement, kpi: KpiTerms) -> list[Row]:
    """Rows of the KPI return for whole settlement periods, in order."""
    rows = book.returned.get((agreement.agreement_id, kpi.kpi_id), ())
    return sorted((r for r in rows if r["period_kind"] == agreement.settle_by), key=lambda r: r["period_end"])


def public_figure(book: Book, returned: Row, kpi: KpiTerms) -> Row | None:
    """The public figure that a row of the KPI return measures: the area's or a group's; none if it is not published."""
    return book.by_id.get(measured_figure(returned, kpi))


def tells_too_much(book: Book, returned: Row, kpi: KpiTerms) -> bool:
    """Whether level and score of a KPI row would tell of a figure that is hidden in public."""
    return would_give_away(returned, kpi, book.by_id, figures_of(book, kpi.indicator_id, kpi.area_code))


def posted_in_order(book: Book) -> list[Row]:
    """Rows of the public statement: agreement by agreement, lines in the order of a settlement."""
    return sorted(
        book.statement,
        key=lambda r: (r["agreement_id"], r["period_id"], ALLIANCE_LINES.index(r["line"]), r["line"]),
    )


def measured_words(returned: Row, kpi: KpiTerms) -> str:
    """Which group and which dates a KPI looks at, where they are not everybody and the period itself."""
    parts = []
    if kpi.breakdown_kind != "all":
        parts.append(f"{capital(group_name(kpi.breakdown_kind, kpi.breakdown_group))} only")
    if measures_other_dates(returned):
        parts.append(f"measured {day(returned['measurement_start'])} to {day(returned['measurement_end'])}")
    return ", ".join(parts)


def kpi_score(book: Book, agreement: Agreement, kpi: KpiTerms, period_id: str) -> Row | None:
    """The step that scores a KPI in a settlement; none where there is none or it would give a hidden figure away."""
    for item in book.settled:
        if (item.agreement.agreement_id, item.period_id) == (
            agreement.agreement_id,
            period_id,
        ) and not item.hides_value:
            return next((step for step in item.steps if step["step_id"] == f"score.{kpi.kpi_id}"), None)
    return None


def owed_verb(posted: Mapping[str, Any]) -> str:
    """What joins a line of the statement and its sum: `is`, `would be`, or that it is withheld."""
    return {"shadow": "would be", "withheld": "is withheld; posted so far is"}.get(posted["status"], "is")


def score_text(step: Mapping[str, Any]) -> str:
    """The score of a step to two decimals, as a reader needs it: `26.23 points`. verify knows it as `<id>:rounded`."""
    return number(Decimal(str(step["value"])), 2) + (" points" if step["unit"] == "points" else "")


def step_text(step: Mapping[str, Any]) -> str:
    """The result of a step as a page prints it: pounds to the penny, other numbers to at most six decimals."""
    value, unit = Decimal(str(step["value"])), step["unit"]
    if unit == "pence":
        return money(int(value))
    if unit == "GBP":
        text = number(value, 2)
        return f"{text[0]}£{text[1:]}" if text.startswith("−") else f"£{text}"
    shown_digits = max(2, min(6, -int(value.as_tuple().exponent)))
    if value == value.to_integral_value():
        shown_digits = 0
    return number(value, shown_digits) + (" points" if unit == "points" else "")
