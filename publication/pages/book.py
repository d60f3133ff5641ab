"""What the pages are made of, and how a page finds a figure, its reason and its level in it.

Belongs here: look-ups over the public view and the settlements, shared by every page. Not here: layout, wording
of whole pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from publication.agreement import Agreement, KpiTerms
from publication.disclosure import PublicView
from publication.inputs import ReleaseInputs, Row
from publication.wording import MARKERS, capital, money, number, period_name, plural, sentence

KIND_ORDER = {"month": 0, "quarter": 1, "year": 2}
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

    @property
    def catalogue(self) -> dict[str, Row]:
        return {row["indicator_id"]: row for row in self.view.indicators}

    @property
    def agreements(self) -> list[Agreement]:
        return list({item.agreement.agreement_id: item.agreement for item in self.settled}.values())

    def agreed_kpi(self, indicator_id: str) -> tuple[Agreement, KpiTerms] | None:
        for agreement in self.agreements:
            if (kpi := agreement.kpi_of(indicator_id)) is not None:
                return agreement, kpi
        return None


def slug(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text.lower()).strip("-")


def page_of(indicator_id: str) -> str:
    return f"indicator-{slug(indicator_id)}.html"


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
    """The figure to quote: the latest settled year, else quarter, else month, that is published and not provisional."""
    for kind in ("year", "quarter", "month"):
        found = [r for r in shown(by_period(rows)) if r["period_kind"] == kind and r["marker"] != "p"]
        if found:
            return found[-1]
    provisional = shown(by_period(rows))
    return provisional[-1] if provisional else None


def before(rows: Sequence[Row], outcome: Row) -> Row | None:
    """The published figure of the same kind one year (year, quarter, month) earlier."""
    start = outcome["period_start"]
    for r in shown(rows):
        if r["period_kind"] == outcome["period_kind"] and r["period_start"] == start.replace(year=start.year - 1):
            return r
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
    """`Not available from June 2023` for a series that has ended; nothing for one that goes on."""
    found = first_missing(rows)
    return f"Not available from {period_name(found['period_id'], found['period_kind'])}" if found else ""


def level_needs(kpi: KpiTerms, level: str) -> str:
    """What a value must be to reach a level, in words."""
    found = next(item for item in kpi.levels if item.name == level)
    text = number(found.threshold, kpi.decimals)
    return f"{text} or {'lower' if kpi.polarity == 'low' else 'higher'}"


def figures_of(book: Book, indicator_id: str, area: str | None = None) -> list[Row]:
    return [
        r for r in book.view.outcomes
        if r["indicator_id"] == indicator_id and (area is None or r["area_code"] == area)
    ]  # fmt: skip


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
        return "Watched, never paid on"
    return "Counts towards the shadow settlement" if agreed[0].shadow else "Counts towards the settlement"


def returned_row(book: Book, agreement: Agreement, kpi: KpiTerms, outcome: Row) -> Row | None:
    return next(
        (r for r in book.kpi_return
         if r["agreement_id"] == agreement.agreement_id and r["kpi_id"] == kpi.kpi_id
         and r["period_id"] == outcome["period_id"] and r["period_kind"] == outcome["period_kind"]),
        None,
    )  # fmt: skip


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
