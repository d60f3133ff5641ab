"""One page an indicator: the figure to quote, the agreed levels, the months, the definition.

Belongs here: words and tables about one indicator. Not here: drawing (charts), what may be shown (disclosure).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from publication.agreement import Agreement, KpiTerms
from publication.charts import POINTS, Point, Reference, month_chart
from publication.inputs import Row
from publication.pages.book import (
    Book,
    areas_of,
    before,
    by_period,
    ended,
    figures_of,
    first_missing,
    later_gaps,
    latest_shown,
    level_needs,
    measured_words,
    public_figure,
    reason_key,
    returned_row,
    role_words,
    settled_rows,
    shown,
    slug,
    tells_too_much,
    why,
)
from publication.pages.comparisons import trend_sentence
from publication.pages.frame import TAGS, cell, chart_of, heads, level_cell, render, row
from publication.pages.groups import group_sections
from publication.wording import (
    LEVEL_WORDS,
    LEVELS,
    capital,
    day,
    fewer,
    group_name,
    month_short,
    months_of,
    no_interval,
    number,
    period_long,
    period_name,
    plural,
    sentence,
    unit_words,
    value_text,
)


def _interval(outcome: Row, decimals: int) -> str:
    return f"{number(outcome['lower'], decimals)} to {number(outcome['upper'], decimals)}"


def _shape(kind: str) -> Markup:
    colour, shape, _ = POINTS[kind]
    drawn = {
        "circle": f'<circle cx="9" cy="9" r="5" fill="{colour}"/>',
        "triangle-up": f'<path d="M9 3l6 11H3z" fill="{colour}"/>',
        "diamond": f'<path d="M9 2l7 7-7 7-7-7z" fill="{colour}"/>',
        "square": f'<path d="M4 4h10v10H4z" fill="{colour}"/>',
    }[shape]
    return Markup(drawn)  # noqa: S704 - a fixed drawing, no text from outside


def _trend_kind(book: Book, indicator_id: str, area: str) -> str:
    """What a trend is drawn over: months or quarters that have points of a control chart, else twelve months."""
    rows = shown(figures_of(book, indicator_id, area))
    kinds = [r["period_kind"] for r in rows]
    plotted = {r["figure_id"] for r in book.view.spc_points}
    for kind in ("month", "quarter"):
        if sum(r["period_kind"] == kind and r["figure_id"] in plotted for r in rows) >= 3:
            return kind
    return "rolling_year" if kinds.count("rolling_year") >= 3 else "month"


BY = {"month": "by month", "quarter": "by quarter", "rolling_year": "by twelve months that end with the month named"}
EACH = {"month": "month", "quarter": "quarter", "rolling_year": "period"}


def _label(outcome: Row) -> str:
    return month_short(outcome["period_end"] if outcome["period_kind"] == "rolling_year" else outcome["period_start"])


def breaks_at(entry: Row, months: Sequence[Row]) -> dict[int, str]:
    """Where another version of the definition holds from: place among the months -> words. A change inside a period
    stands before it; one before the first or after the last of them is no line."""
    found: dict[int, str] = {}
    for version, text in enumerate((entry.get("breaks") or "").split(), start=2):
        first = date.fromisoformat(text)
        place = next((i for i, month in enumerate(months) if month["period_end"] >= first), 0)
        if place:
            found[place] = f"Version {version}"
    return found


def _change_words(entry: Row) -> str:
    """Since when each version after the first holds."""
    days = [date.fromisoformat(text) for text in (entry.get("breaks") or "").split()]
    return " ".join(f"Version {n} holds from {day(first)}." for n, first in enumerate(days, start=2))


def _chart(book: Book, indicator_id: str, area: str, kpi: KpiTerms | None) -> dict[str, Any] | None:
    kind = _trend_kind(book, indicator_id, area)
    months = [r for r in by_period(figures_of(book, indicator_id, area)) if r["period_kind"] == kind]
    first_shown = next((i for i, r in enumerate(months) if r["value"] is not None), None)
    if first_shown is None or len(shown(months)) < 3:
        return None
    last_shown = max(i for i, r in enumerate(months) if r["value"] is not None or r["marker"] == "w")
    months = months[first_shown : last_shown + 1]
    spc = {r["figure_id"]: r for r in book.view.spc_points}
    entry = book.catalogue[indicator_id]
    points, limits, kinds = [], False, []
    breaks = breaks_at(entry, months)
    run_chart = any(r["chart"] == "run" for r in spc.values() if r["indicator_id"] == indicator_id)
    for place, month in enumerate(months):
        found = spc.get(month["figure_id"])
        mark = (found or {}).get("point_type") or "common_cause"
        mark = mark if mark in POINTS else "common_cause"
        if found and found["lower_limit"] is not None:
            limits = True
        if month["value"] is not None and mark not in kinds:
            kinds.append(mark)
        points.append(
            Point(
                _label(month), month["value"], mark,
                found["centre_line"] if found else None,
                found["lower_limit"] if found else None, found["upper_limit"] if found else None,
                breaks.get(place),
            )
        )  # fmt: skip
    references = []
    if kpi and kpi.baseline is not None:
        references.append(Reference(kpi.baseline, f"Baseline {number(kpi.baseline, kpi.decimals)}"))
    values = [p.value for p in points if p.value is not None]
    gaps = [month for month in months if month["value"] is None]
    title = (
        f"{entry['name']}, {months[0]['area_name']}, {BY[kind]} from {_label(months[0])} to "
        f"{_label(months[-1])}: between {number(min(values), entry['value_decimals'])} and "
        f"{number(max(values), entry['value_decimals'])} {unit_words(entry['unit'], entry['statistic'])}."
        + (f" {plural(len(gaps), EACH[kind])} without a figure." if gaps else "")
    )
    unit = capital(unit_words(entry["unit"], entry["statistic"]))
    wide, narrow = month_chart(points, unit, title, f"chart-{slug(indicator_id)}-{slug(area)}", references)
    key = [{"shape": _shape(mark), "text": POINTS[mark][2]} for mark in POINTS if mark in kinds]
    if not limits and kinds == ["common_cause"] and not any(p.centre is not None for p in points):
        key = []
    line = '<path d="M0 9h18" stroke="#22303a" stroke-width="1.5"/>'
    has_centre = any(p.centre is not None for p in points)
    if has_centre:
        key.append({"shape": Markup(line), "text": "median" if run_chart else "average"})  # noqa: S704
    if limits:
        dashed = '<path d="M0 9h18" stroke="#3d5566" stroke-width="1.5" stroke-dasharray="5 3"/>'
        key.append({"shape": Markup(dashed), "text": "limits of usual variation"})  # noqa: S704
    if gaps:
        block = '<path d="M2 1h14v16H2z" fill="#e6e1da" stroke="#8b7f6d"/>'
        key.append({"shape": Markup(block), "text": "withheld or not available"})  # noqa: S704
    if breaks:
        upright = '<path d="M9 1v16" stroke="#22303a" stroke-width="2"/>'
        key.append({"shape": Markup(upright), "text": "the definition changed"})  # noqa: S704
    words = (
        f"Fewer than 13 {EACH[kind]}s: a run chart, without limits."
        if run_chart
        else f"{capital(EACH[kind])}s between the limits show the usual variation. A {EACH[kind]} is called unusual by "
        "one of four fixed rules."
        if limits
        else "Each point covers the twelve months that end with it, so neighbouring points share most of their months."
        if kind == "rolling_year"
        else ""
    )
    return {
        **chart_of((wide, narrow), f"{words} The same numbers stand in the table below.".strip(), key),
        "title": {"month": "Month by month", "quarter": "Quarter by quarter"}.get(kind, "Twelve months at a time"),
    }


def _ladder(book: Book, agreement: Agreement, kpi: KpiTerms) -> dict[str, Any] | None:
    if not kpi.levels:
        return None
    reached: dict[str, list[str]] = {}
    for returned in settled_rows(book, agreement, kpi):
        outcome = public_figure(book, returned, kpi)
        if not returned["level"] or tells_too_much(book, returned, kpi):
            continue
        text = period_name(returned["period_id"], returned["period_kind"])
        if words := measured_words(returned, kpi):
            text += f" ({words})"
        if outcome is not None:
            text += f": {value_text(outcome['value'], kpi.decimals, outcome['marker'])}"
        reached.setdefault(returned["level"], []).append(text)
    current = max(
        (level for level, texts in reached.items() for _ in texts), key=lambda lv: reached[lv][-1], default=None
    )
    levels = []
    for level in LEVELS:
        agreed = next(item for item in kpi.levels if item.name == level)
        need, score = level_needs(kpi, level), f"Score {number(agreed.score)}"
        if level == "failure":  # what reaches no other level; its own knot is where the score ends
            poor = next(item for item in kpi.levels if item.name == "poor")
            need = f"{'Above' if kpi.polarity == 'low' else 'Below'} {number(poor.threshold, kpi.decimals)}"
            score += f" from {number(agreed.threshold, kpi.decimals)}"
        levels.append(
            {"name": LEVEL_WORDS[level], "need": need, "score": score,
             "here": level == current, "reached": [f"Reached in {text}" for text in reached.get(level, [])],
             "baseline": "The baseline" if kpi.baseline == agreed.threshold else ""}
        )  # fmt: skip
    return {
        "levels": levels,
        "words": f"“{agreement.name}” sets five levels for this figure, for the alliance as a whole"
                 + (f" and for the {group_name(kpi.breakdown_kind, kpi.breakdown_group)} alone"
                    if kpi.breakdown_kind != "all" else "") + ". "
                 f"{'Lower' if kpi.polarity == 'low' else 'Higher'} is better.",
        "after": "Between two levels the score follows a straight line. Game-breaking is set beyond what has been seen "
                 "so far, on purpose.",
    }  # fmt: skip


def _figure_table(book: Book, indicator_id: str, area: str, kinds: Sequence[str], caption: str, key: str) -> Any:
    entry = book.catalogue[indicator_id]
    agreed = book.agreed_kpi(indicator_id)
    with_level = agreed is not None and bool(agreed[1].levels) and "month" not in kinds
    # a level that belongs to a group, or to other dates, stands with the levels and not beside this figure
    with_level = with_level and agreed is not None and agreed[1].breakdown_kind == "all"
    chosen = [r for r in by_period(figures_of(book, indicator_id, area)) if r["period_kind"] in kinds]
    # a series that began later or has ended: its empty ends are said in words, not in rows
    there = [n for n, r in enumerate(chosen) if r["value"] is not None or r["marker"] not in ("x", "z")]
    if not there:
        return None
    left_out = len(chosen) - (there[-1] - there[0] + 1)
    chosen = chosen[there[0] : there[-1] + 1]
    with_interval = any(r["lower"] is not None for r in chosen)
    with_parts = any(r["numerator"] is not None or r["denominator"] is not None for r in chosen)
    body = []
    for outcome in chosen:
        marker = outcome["marker"] or ""
        tag, word = TAGS[marker]
        value = cell(outcome["value_text"], n=True, figure=outcome["figure_id"])
        if marker in ("w", "x", "c", "z"):
            value["href"] = f"data-quality.html#{reason_key(outcome)}"
        cells = [
            cell(
                capital(period_name(outcome["period_id"], outcome["period_kind"])),
                more=months_of(outcome["period_id"]) if outcome["period_kind"] == "quarter" else "",
            ),
            value,
            *(
                [cell(_interval(outcome, entry["value_decimals"]) if outcome["lower"] is not None else "–", n=True)]
                if with_interval
                else []
            ),
        ]
        if with_parts:
            cells.append(cell("–" if outcome["numerator"] is None else number(outcome["numerator"]), n=True))
            cells.append(cell("–" if outcome["denominator"] is None else number(outcome["denominator"]), n=True))
        if with_level and agreed:
            returned = returned_row(book, agreed[0], agreed[1], outcome)
            level = returned["level"] if returned and outcome["value"] is not None else None
            cells.append(level_cell(level))
        if outcome["missing_days"] is not None and outcome["covered_days"]:
            cells.append(cell(f"{outcome['missing_days']} of {outcome['covered_days']}", n=True))
        else:
            cells.append(cell("–", n=True))
        cells.append(cell(word, tag=tag))
        body.append(row(*cells))
    names = ["Period", f"#{capital(entry['unit'])}"]
    if with_interval:
        names.append("#95 % interval")
    if with_parts:
        names += ["#Numerator", "#Denominator"]
    if with_level:
        names.append("Level")
    return {
        "key": key, "caption": caption, "head": heads(*names, "#Incomplete days", "Status"), "rows": body,
        "note": f"{entry['name']}, {figures_of(book, indicator_id, area)[0]['area_name']}. "
                f"Numerator: {entry['numerator_definition']}. Denominator: {entry['denominator_definition']}."
                + (f" {plural(left_out, 'period')} without a figure before or after are left out." if left_out else ""),
    }  # fmt: skip


def _all_missing(rows: Sequence[Row]) -> list[str]:
    """Why no period has a figure: how many periods each reason is that of; nothing where one has a figure."""
    if any(r["value"] is not None for r in rows):
        return []
    counted: dict[str, int] = {}
    for r in rows:
        counted[why(r)] = counted.get(why(r), 0) + 1
    return [
        f"{plural(count, 'period')}: {words}"
        for words, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]


def _scored_words(book: Book, indicator_id: str) -> str:
    """Group, dates and status of the scored figure, where they are not those of the figures above."""
    agreed = book.agreed_kpi(indicator_id)
    if agreed is None:
        return ""
    lines = []
    for returned in settled_rows(book, *agreed):
        when = f"for {period_name(returned['period_id'], returned['period_kind'])}"
        if words := measured_words(returned, agreed[1]):
            lines.append(f"{capital(when)}: {words[:1].lower() + words[1:]}.")
        if returned["quality_status"] == "too_small":
            lines.append(f"{capital(when)}: too small to score; neutral by agreement.")
    if indicator_id not in book.view.exempt and agreed[1].weight:
        lines.append("The exact figure is scored; the public one comes from rounded counts and may differ a little.")
    return " ".join(lines)


def _kind_words(entry: Row) -> str:
    parts = (entry["kind"], entry.get("clinical_or_functional"), entry.get("local_or_national"))
    return sentence(capital(", ".join(part for part in parts if part)))


def _definition_words(indicator_id: str, entry: Row) -> str:
    text = f"{indicator_id}, version {entry['version']}, owned by the {entry['owner']}"
    if reviewer := entry.get("clinical_reviewer"):
        text += f", reviewed by the {reviewer[:1].lower() + reviewer[1:]}"
    return text + "."


def _national_words(entry: Row) -> str:
    """Where a national counterpart is published, and why it is not the same number."""
    if not entry.get("reference_ids"):
        return ""
    known = [one.partition(":")[::2] for one in entry["reference_ids"].split(" ")]
    ids = ", ".join(f"{PUBLISHERS.get(scheme, scheme)} {name.replace('_', ' ')}" for scheme, name in known)
    return f"{sentence(ids)} {sentence(entry.get('bridge') or '')}".strip()


def _latest_title(latest: Row) -> str:
    if latest["value"] is None:
        return "No figure to quote"
    return "Latest figure, provisional: not to be quoted yet" if latest["marker"] == "p" else "Latest figure to quote"


def indicator_page(book: Book, indicator_id: str, site: Mapping[str, Any]) -> bytes:
    entry = book.catalogue[indicator_id]
    agreed = book.agreed_kpi(indicator_id)
    areas = []
    for area in areas_of(book, indicator_id):
        rows = figures_of(book, indicator_id, area)
        kpi = agreed[1] if agreed and agreed[1].area_code == area else None
        latest = latest_shown(rows) or by_period(rows)[-1]
        lines = [
            capital(f"{period_long(latest['period_id'], latest['period_kind'])}, {latest['area_name']}."),
        ]
        if latest["lower"] is not None:
            lines.append(
                f"95 % interval: {_interval(latest, entry['value_decimals'])} {latest['unit']} "
                f"({latest['interval_method']})."
            )
        elif latest["value"] is not None:
            lines.append(no_interval(latest["interval_method"]))
        if latest["value"] is None:
            lines.append(why(latest))
        elif (gone := first_missing(rows)) is not None:
            lines.append(f"{ended(rows)}. {why(gone)}")
        earlier = before(rows, latest, entry) if latest["value"] is not None else None
        if earlier:
            words = fewer(latest["value"] - earlier["value"], entry["value_decimals"], entry["polarity"])
            lines.append(
                f"Change: {words}; {earlier['value_text']} in "
                f"{period_name(earlier['period_id'], earlier['period_kind'])}."
            )
        if trend := trend_sentence(rows, entry):
            lines.append(trend)
        gaps = [
            {"mark": "[w]", "text": why(gap), "href": f"data-quality.html#{reason_key(gap)}",
             "link": f"Who can mend {period_name(gap['period_id'], gap['period_kind'])}"}
            for gap in later_gaps(rows, latest)
        ]  # fmt: skip
        key = f"{slug(indicator_id)}-{slug(area)}"
        tables = [] if not shown(rows) else [
            _figure_table(book, indicator_id, area, ("year", "quarter"), "Years and quarters", f"{key}-quarters"),
            _figure_table(book, indicator_id, area, ("rolling_year",), "Twelve months", f"{key}-rolling"),
            _figure_table(book, indicator_id, area, ("month",), "Months", f"{key}-months-table"),
        ]  # fmt: skip
        areas.append(
            {"key": key, "name": latest["area_name"],
             "latest": {"title": _latest_title(latest), "figure": latest["figure_id"], "text": latest["value_text"],
                        "unit": unit_words(latest["unit"], entry["statistic"]), "lines": lines,
                        "tag": TAGS[latest["marker"]] if latest["value"] is None else None,
                        "href": f"data-quality.html#{reason_key(latest)}"},
             "gaps": gaps, "ladder": _ladder(book, *agreed) if agreed and kpi else None,
             "chart": _chart(book, indicator_id, area, kpi), "groups": group_sections(book, indicator_id, area),
             "tables": [table for table in tables if table], "why_none": _all_missing(rows)}
        )  # fmt: skip
    pairs = [
        {"term": "What is counted", "text": sentence(entry["numerator_definition"] or "")},
        {"term": "Out of what", "text": sentence(entry["denominator_definition"] or "")},
        {"term": "What is left out", "text": sentence(entry["exclusions"] or "Nothing")},
        {"term": "How it is calculated", "text": STATISTICS.get(entry["statistic"], entry["statistic"] or "")},
        {"term": "Unit", "text": entry["unit"]},
        {"term": "Direction", "text": {"low": "Lower is better.", "high": "Higher is better."}.get(
            entry["polarity"], "Neither higher nor lower is better in itself.")},
        {"term": "Kind of measure", "text": _kind_words(entry)},
        {"term": "Outcome it serves", "text": sentence(entry["outcome"] or "")},
        {"term": "Whom it is about", "text": POPULATIONS.get(entry.get("population_basis") or "", "")},
        {"term": "Dates it looks at", "text": sentence(entry.get("measurement_window") or "")},
        {"term": "When it is final", "text": sentence(entry.get("maturity") or "")},
        {"term": "Use", "text": role_words(book, indicator_id) + "."},
        {"term": "What is scored", "text": _scored_words(book, indicator_id)},
        {"term": "Before you quote it", "text": sentence(entry["caveat"] or "")},
        {"term": "Definition", "text": _definition_words(indicator_id, entry)},
        {"term": "Changes of the definition", "text": _change_words(entry)},
        {"term": "National figure", "text": _national_words(entry)},
        {"term": "Source and licence", "text": sentence(entry["source"] or "")},
    ]  # fmt: skip
    mine = {r["figure_id"]: r for r in figures_of(book, indicator_id)}
    notes = [
        f"{capital(period_name(mine[h.figure_id]['period_id'], mine[h.figure_id]['period_kind']))}: {h.why}"
        for h in book.view.hidden if h.figure_id in mine and h.what == "numerator"
    ]  # fmt: skip
    return render(
        "public/indicator.html.j2",
        {"title": entry["name"], "heading": entry["name"], "caption": "Indicator",
         "description": f"{entry['name']}: latest figure, months, levels and definition.",
         "crumb": {"href": "index.html", "text": "Summary"}},
        site, definition=sentence(entry["definition"] or ""), areas=areas,
        pairs=[pair for pair in pairs if pair["text"]], notes=notes,
    )  # fmt: skip


POPULATIONS = {
    "resident": "People who live in the area.",
    "registered": "People registered with the area’s general practices.",
    "caseload": "People the services have on their books.",
    "cohort": "A closed group of people, followed up.",
}
PUBLISHERS = {
    "fingertips": "Fingertips",
    "phof": "Public Health Outcomes Framework",
    "ascof": "Adult Social Care Outcomes Framework",
    "nhsof": "NHS Outcomes Framework",
    "qof": "Quality and Outcomes Framework",
    "cvdprevent": "CVDPREVENT",
    "bcf": "Better Care Fund",
    "network_contract": "Network contract",
    "collection": "National collection",
}
STATISTICS = {
    "census_mean": "The daily counts of all complete days are added up and divided by the number of complete days.",
    "ratio_of_sums": "One sum over all complete days is divided by another sum over the same days.",
    "proportion": "The number counted is divided by everyone it could have been.",
    "published_percentage": "The percentage as its publisher printed it. None is calculated from rounded parts.",
    "maintained_proportion": "Of those for whom something was achieved, the share for whom it still held at the end of "
    "the follow-up.",
    "share_of_events": "The number of events counted is divided by all events. One person may have many of them, and "
    "so there is no interval.",
    "crude_rate": "The number of events is divided by the people who lived here, counted month by month, and given for "
    "a year. Ages are not made comparable.",
    "dsr": "The rate of every age band is weighted by the European Standard Population of 2013, so that areas with "
    "older or younger people can be compared. Below 10 events no rate is calculated.",
    "mean": "The days of all cases are added up and divided by the number of cases.",
    "median": "All cases are put in order; the value is that of the one in the middle. Half waited less, half longer.",
}
