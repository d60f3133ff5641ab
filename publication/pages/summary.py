"""The summary: what may be said, what is owed, what is withheld.

Belongs here: the first page. Not here: any figure that is not on a page behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publication.pages.book import (
    STATUS_WORDS,
    Book,
    areas_of,
    before,
    by_period,
    ended,
    figures_of,
    later_gaps,
    latest_shown,
    main_kpis,
    page_of,
    reason_key,
    returned_row,
    role_words,
)
from publication.pages.frame import cell, heads, render, row
from publication.wording import (
    LEVEL_WORDS,
    capital,
    fewer,
    money,
    number,
    period_long,
    period_name,
    periods_listed,
    plural,
    unit_words,
)


def _headline(book: Book) -> list[dict[str, Any]]:
    """One sentence that may be quoted for the heaviest KPI, and one that says what may not be quoted yet."""
    lines: list[dict[str, Any]] = []
    for _, kpi in main_kpis(book)[:1]:
        rows = figures_of(book, kpi.indicator_id, kpi.area_code)
        latest = latest_shown(rows)
        if latest is None:
            continue
        entry = book.catalogue[kpi.indicator_id]
        when = period_name(latest["period_id"], latest["period_kind"])
        after = f" {unit_words(latest['unit'], entry['statistic'])}"
        if kpi.baseline is not None:
            change = latest["value"] - kpi.baseline
            words = fewer(change, kpi.decimals, kpi.polarity)
            baseline = number(kpi.baseline, kpi.decimals)
            since = f" in {period_name(kpi.baseline_period, 'year')}" if kpi.baseline_period else ""
            joined = f"{words} as" if change == 0 else f"{words} than"
            after += f". That is {joined} the agreed baseline of {baseline}{since}"
        lines.append(
            {"before": f"{entry['name']}, {latest['area_name']}, {when}: ", "figure": latest["figure_id"],
             "text": latest["value_text"], "after": after + "."}
        )  # fmt: skip
        if gaps := later_gaps(rows, latest):
            names = periods_listed([(gap["period_id"], gap["period_kind"]) for gap in gaps])
            lines.append(
                {"before": f"You may not yet quote a figure for {names}: too many days lack returns, so "
                           f"{'it is' if len(gaps) == 1 else 'they are'} withheld.",
                 "figure": "", "text": "", "after": ""}
            )  # fmt: skip
    if not lines:
        lines.append(
            {"before": "This release holds no figure that may be quoted.", "figure": "", "text": "", "after": ""}
        )
    return lines


def _cards(book: Book) -> list[dict[str, Any]]:
    cards = []
    for agreement, kpi in main_kpis(book)[:3]:
        rows = figures_of(book, kpi.indicator_id, kpi.area_code)
        latest = latest_shown(rows)
        if latest is None:
            continue
        lines = [capital(period_long(latest["period_id"], latest["period_kind"])) + ", " + latest["area_name"]]
        returned = returned_row(book, agreement, kpi, latest)
        if returned and returned["level"]:
            lines.append(f"Level reached: {LEVEL_WORDS[returned['level']]}")
        cards.append(
            {"kind": "", "title": book.catalogue[kpi.indicator_id]["name"], "figure": latest["figure_id"],
             "value": latest["value_text"],
             "unit": unit_words(latest["unit"], book.catalogue[kpi.indicator_id]["statistic"]), "lines": lines,
             "href": page_of(kpi.indicator_id), "link": "See the months and the levels"}
        )  # fmt: skip
    for posted in book.statement:
        cards.append(
            {"kind": "owed", "title": f"Settlement {period_name(posted['period_id'], 'year')}",
             "figure": posted["figure_id"], "value": money(posted["alliance_total_pence"]),
             "unit": f"{posted['line']} of the alliance as a whole",
             "lines": [STATUS_WORDS.get(posted["status"], "Payable")],
             "href": "statement.html", "link": "How it was worked out"}
        )  # fmt: skip
    months = {r["period_id"] for r in book.view.outcomes if r["marker"] == "w" and r["period_kind"] == "month"}
    longer = dict.fromkeys(
        (r["period_id"], r["period_kind"]) for r in by_period(book.view.outcomes)
        if r["marker"] == "w" and r["period_kind"] != "month"
    )  # fmt: skip
    if months or longer:
        lines = ["Too many days without returns from every organisation that must report."]
        if longer:
            lines.append(f"Withheld with them: {periods_listed(list(longer))}.")
        cards.append(
            {"kind": "gap", "title": "Withheld", "figure": "", "value": str(len(months)),
             "unit": "month is held back" if len(months) == 1 else "months are held back", "lines": lines,
             "href": "data-quality.html#withheld", "link": "Which, why, and who can mend it"}
        )  # fmt: skip
    return cards


def _indicator_rows(book: Book) -> list[dict[str, Any]]:
    rows = []
    for indicator_id, entry in sorted(
        book.catalogue.items(), key=lambda item: (book.agreed_kpi(item[0]) is None, item[0])
    ):
        for area in areas_of(book, indicator_id):
            found = figures_of(book, indicator_id, area)
            latest = latest_shown(found)
            name = cell(entry["name"], href=page_of(indicator_id), more=role_words(book, indicator_id))
            if latest is None:
                missing = by_period(found)[-1]
                rows.append(row(name, cell(missing["value_text"], n=True, href="data-quality.html#not-available"),
                                cell(""), cell("No published figure"), cell("")))  # fmt: skip
                continue
            earlier = before(found, latest)
            what = (
                f"{capital(fewer(latest['value'] - earlier['value'], entry['value_decimals'], entry['polarity']))}; "
                f"{earlier['value_text']} in {period_name(earlier['period_id'], earlier['period_kind'])}"
                if earlier
                else "No earlier figure to compare with"
            )
            gaps = later_gaps(found, latest)
            stopped = ended(found)
            later = (
                cell(f"[x] {stopped}", href="data-quality.html#not-available") if stopped else cell("Nothing withheld")
            )
            if gaps:
                names = periods_listed([(gap["period_id"], gap["period_kind"]) for gap in gaps])
                shown_names = capital(names) if len(gaps) < 5 else plural(len(gaps), "period")
                later = cell(f"[w] {shown_names}", href=f"data-quality.html#{reason_key(gaps[0])}",
                             more="Follow the link for the reason")  # fmt: skip
            rows.append(
                row(
                    name,
                    cell(
                        latest["value_text"],
                        n=True,
                        figure=latest["figure_id"],
                        more=unit_words(latest["unit"], entry["statistic"]),
                    ),
                    cell(capital(period_name(latest["period_id"], latest["period_kind"])), more=latest["area_name"]),
                    cell(what),
                    later,
                )
            )
    return rows


def _owed(book: Book) -> list[dict[str, Any]]:
    if not book.statement:
        return [{"tag": "", "before": "No settlement is part of this release.", "figure": "", "text": "", "after": "",
                 "href": "statement.html", "link": "Why there is none"}]  # fmt: skip
    lines = []
    for posted in book.statement:
        lines.append(
            {"tag": STATUS_WORDS.get(posted["status"], ""),
             "before": f"Under the terms of “{posted['agreement_name']}” the {posted['line']} of the alliance as a "
                       f"whole for {period_name(posted['period_id'], 'year')} "
                       f"{'would be' if posted['status'] == 'shadow' else 'is'} ",
             "figure": posted["figure_id"], "text": money(posted["alliance_total_pence"]), "after": ".",
             "href": "statement.html", "link": "See the statement"}
        )  # fmt: skip
    return lines


def summary_page(book: Book, site: Mapping[str, Any]) -> bytes:
    """The summary as bytes."""
    return render(
        "public/index.html.j2",
        {"title": "Summary", "heading": book.inputs.place.title, "caption": "Summary", "nav": "index.html",
         "description": f"{book.inputs.place.title}: what may be said, what is owed, what is withheld."},
        site, headline=_headline(book), cards=_cards(book), indicator_rows=_indicator_rows(book),
        indicator_head=heads("Indicator", "#Latest figure", "Period and area", "What changed", "Since then"),
        owed=_owed(book),
        cautions=[
            "Say the period and the area with every figure.",
            "A figure describes all patients of the area together. It says nothing about one organisation, and it "
            "does not prove why something changed.",
            *dict.fromkeys(
                f"{entry['name']}: {entry['caveat'][:1].lower() + entry['caveat'][1:]}".rstrip(".") + "."
                for entry in book.catalogue.values() if entry["caveat"]
            ),
        ],
    )  # fmt: skip
