"""The members' outlook: what the year is likely to end with, and what they should ask each other.

Belongs here: forecasts of what the members are paid on and spend, milestones crossed, spend by level, the range of what
lacks reports, and questions raised about their figures. Not here: any figure (`year_end_forecasts`, `milestones`,
`spend_by_level`, `bounds_if_missing` and `gaming_monitors` of the analysts' database hold them), and nothing that pays.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from publication.columns import (
    BOUNDS_IF_MISSING,
    GAMING_MONITORS,
    KPI_RETURN,
    MILESTONES,
    SPEND_BY_LEVEL,
    YEAR_END_FORECASTS,
)
from publication.inputs import Row, rows_of
from publication.pages.book import Book
from publication.pages.frame import cell, heads, render, row
from publication.pages.if_missing import payment_tables
from publication.wording import LEVEL_WORDS, day, listed, money, number, plural

_QUESTIONS = {
    "shrinking_denominator": "Fewer cases",
    "activity_up_outcome_flat": "More cases, the same outcome",
    "zero_nights": "Stays without a night",
    "fall_coding": "Falls among injuries",
    "window_edge": "Close to a time limit",
}


def outlook_page(book: Book, site: Mapping[str, Any]) -> bytes:
    """Forecasts to the end of the year and raised questions, as one page of the members' site."""
    return render(
        "members/tables.html.j2",
        {"title": "Outlook", "heading": "Outlook", "nav": "outlook.html",
         "description": "Where the year is likely to end, what is not known, and questions about the figures."},
        site, sections=[_end_of_year(book), _crossed(book), _by_level(book), _if_missing(book),
                        _questions(book)],
        lede="Nothing on this page pays, withholds or scores anything. It is for talking to each other before the year "
             "is over.",
    )  # fmt: skip


def _watched(book: Book) -> set[str]:
    """Whose outlook is the members' business: indicators they are scored on, agreements they spend under."""
    scored = {kpi.indicator_id for agreement in book.agreements for kpi in agreement.kpis}
    return scored | {agreement.agreement_id for agreement in book.agreements}


def _said(value: Decimal | None, decimals: int) -> str:
    return "–" if value is None else number(value, decimals)


def _forecast_row(book: Book, item: Row) -> Any:
    cost = item["measure"] == "cost"
    decimals = 2 if cost else int(book.catalogue[item["subject_id"]]["value_decimals"])
    names = {agreement.agreement_id: f"Cost of {agreement.name}" for agreement in book.agreements}
    limits = f"{_said(item['lower'], decimals)} to {_said(item['upper'], decimals)}"
    return row(
        cell(names.get(item["subject_id"], item["subject_name"]), lines=[item["unit"]]),
        cell(item["year_id"]),
        cell(day(item["known_to"]), lines=[plural(item["months_known"], "month") + " of the year known"]),
        cell(_said(item["so_far"], decimals), n=True),
        cell(_said(item["forecast"], decimals), n=True),
        cell("–" if item["lower"] is None else limits, n=True),
        cell(item["basis"]),
    )


def _end_of_year(book: Book) -> dict[str, Any]:
    wanted = _watched(book)
    rows = [
        _forecast_row(book, item)
        for item in rows_of(YEAR_END_FORECASTS, book.inputs.year_end_forecasts)
        # how many cases there are is the analysts' to see: a small count is somebody
        if item["subject_id"] in wanted and item["measure"] != "activity" and item["forecast"] is not None
    ]
    table = {
        "key": "forecasts", "caption": "If the months to come are those of the year before",
        "note": "Limits say how far such a forecast was off in earlier years, over as many months. They rest on few "
                "years that overlap: a rough guide.",
        "head": heads("What", "Year", "Known to", "#So far", "#At the end of the year", "#95 % limits",
                      "What the limits rest on"),
        "rows": rows,
    }  # fmt: skip
    none = ["There are no twelve complete months of anything scored or spent to forecast from yet."]
    return {"key": "end-of-year", "title": "At the end of the year", "lines": [] if rows else none,
            "tables": [table] if rows else []}  # fmt: skip


def _crossed(book: Book) -> dict[str, Any]:
    returned = {item["figure_id"]: item for item in rows_of(KPI_RETURN, book.inputs.kpi_return)}
    rows = []
    for item in rows_of(MILESTONES, book.inputs.milestones):
        kpi = returned[item["figure_id"]]
        indicator, decimals = book.catalogue[kpi["indicator_id"]], int(kpi["value_decimals"] or 0)
        rows.append(
            row(
                cell(indicator["name"], lines=[indicator["unit"]]),
                cell(f"{LEVEL_WORDS[item['milestone']]} {item['direction']}"),
                cell(number(item["milestone_value"].normalize()), n=True),
                cell(item["period_id"], lines=[f"after {item['earlier_period_id']}"]),
                cell(number(item["earlier_value"], decimals), n=True),
                cell(number(item["value"], decimals), n=True),
            )
        )
    table = {
        "key": "milestones", "caption": "Agreed levels crossed",
        "note": "From one figure fit to be scored to the next. Where a figure is restated, its crossings are too.",
        "head": heads("What", "Crossing", "#Level at", "Period", "#Before", "#Then"),
        "rows": rows,
    }  # fmt: skip
    none = ["No agreed level was crossed between two figures that are fit to be scored."]
    return {"key": "crossed", "title": "Milestones", "lines": [] if rows else none,
            "tables": [table] if rows else []}  # fmt: skip


def _by_level(book: Book) -> dict[str, Any]:
    found = rows_of(SPEND_BY_LEVEL, book.inputs.spend_by_level)
    mapped = {item["agreement_id"] for item in found if item["level"] != "unmapped"}
    names = {agreement.agreement_id: agreement.name for agreement in book.agreements}
    rows = [
        row(
            cell(names.get(item["agreement_id"], item["agreement_id"]), lines=[item["year_id"]]),
            cell("On no level" if item["level"] == "unmapped" else f"Level {item['level']}"),
            cell(money(item["spend_pence"]), n=True),
            cell(_said(item["share_pct"], 1), n=True),
            cell("–" if item["change_pence"] is None else money(item["change_pence"]), n=True),
            cell(item["why_no_change"] or ""),
        )
        for item in found
        if item["agreement_id"] in mapped
    ]
    table = {
        "key": "by-level", "caption": "Open book by level of the wedge",
        "note": "The rows of a year add up to the open book, to the penny. Two years are compared only where both have "
                "every month of the same members.",
        "head": heads("Agreement", "Level", "#Spend", "#Per cent of all", "#More than the year before",
                      "Why not compared"),
        "rows": rows,
    }  # fmt: skip
    none = ["The terms put no spend on levels of the wedge."]
    return {"key": "spend", "title": "Spend by level", "lines": [] if rows else none,
            "tables": [table] if rows else []}  # fmt: skip


def _bound(value: Decimal | None, level: str | None, decimals: int) -> Any:
    return cell(_said(value, decimals), n=True, lines=[LEVEL_WORDS[level]] if level else [])


def _if_missing(book: Book) -> dict[str, Any]:
    returned = {item["figure_id"]: item for item in rows_of(KPI_RETURN, book.inputs.kpi_return)}
    rows = []
    for item in rows_of(BOUNDS_IF_MISSING, book.inputs.bounds_if_missing):
        kpi = returned[item["figure_id"]]
        indicator, decimals = book.catalogue[kpi["indicator_id"]], int(kpi["value_decimals"] or 0)
        absent = "not known" if item["absent_pct"] is None else f"{number(item['absent_pct'], 1)} %"
        rows.append(
            row(
                cell(indicator["name"], lines=[indicator["unit"]]),
                cell(item["period_id"], lines=[plural(item["missing_days"], "day") + " without a report"]),
                cell(absent, n=True),
                _bound(item["lowest"], item["level_at_lowest"], decimals),
                _bound(item["value"], item["level"], decimals),
                _bound(item["highest"], item["level_at_highest"], decimals),
                cell(item["basis"]),
            )
        )
    table = {
        "key": "if-missing", "caption": "Between what it could have come out",
        "note": "Not an interval of chance: all that is absent is taken to have gone one way.",
        "head": heads("What", "Period", "#Absent", "#Lowest", "#As received", "#Highest", "What the range assumes"),
        "rows": rows,
    }  # fmt: skip
    none = ["Everybody who had to report did: nothing that is scored lacks a report."]
    lines, payments = payment_tables(book)
    return {"key": "missing", "title": "Had the missing reported", "lines": lines if rows else none,
            "tables": [table, *payments] if rows else []}  # fmt: skip


def _questions(book: Book) -> dict[str, Any]:
    found = rows_of(GAMING_MONITORS, book.inputs.gaming_monitors)
    by_status = {status: [r for r in found if r["status"] == status] for status in ("raised", "quiet", "not_enough")}
    lines = [
        "The latest six complete months are compared with the same months a year before. A question is raised when a "
        "movement is more than chance and a tenth or more; there may be a good answer.",
        f"{plural(len(found), 'question')} asked: {len(by_status['raised'])} raised, {len(by_status['quiet'])} with "
        f"nothing to ask, {len(by_status['not_enough'])} with too little to tell.",
    ]
    if by_status["not_enough"]:
        names = sorted({r["indicator_name"] for r in by_status["not_enough"]})
        lines.append(f"Too few cases, months missing, or another definition since, for: {listed(names)}.")
    table = {
        "key": "raised", "caption": "Questions that were raised", "note": "",
        "head": heads("About", "Indicator", "Months looked at", "What was found, what to ask"),
        "rows": [
            row(cell(_QUESTIONS[r["monitor"]]), cell(r["indicator_name"]),
                cell(f"{day(r['recent_start'])} to {day(r['recent_end'])}"), cell(r["finding"]))
            for r in by_status["raised"]
        ],
    }  # fmt: skip
    return {"key": "questions", "title": "Questions about the figures", "lines": lines,
            "tables": [table] if by_status["raised"] else []}  # fmt: skip
