"""Methods, downloads and the accessibility statement.

Belongs here: pages that change with the product rather than with the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publication.columns import PUBLIC
from publication.disclosure.rules import rules_of
from publication.pages.book import (
    Book,
    main_kpis,
    page_of,
)
from publication.pages.frame import cell, heads, render, row
from publication.wording import (
    number,
)


def _people_sections(book: Book) -> list[tuple[str, str, list[str]]]:
    """What a reader of figures of people must know; nothing in a place whose figures are all openly published."""
    if not set(book.catalogue) - book.view.exempt:
        return []
    rules = rules_of(book.inputs.place.disclosure)
    return [
        ("people", "Figures of people", [
            "A year or quarter is the sum of its months that are shown, and says nothing about a month that is not. "
            "Where people may count in more than one period, in standardised rates and in medians every period stands "
            "alone, and one is hidden when with the others it would give a small count away.",
            "A mean or median is shown when at least ten people stand behind it, without the sum; a standardised rate "
            "from ten events.",
            "Before release all tables are tried together, and beside the last twelve releases, by a computer that "
            "looks for a hidden number that could be worked out. Further figures are hidden until it finds none.",
            "Of a closed group of few people, followed up, only financial years are shown.",
            "What is scored is the exact figure, which members see. The public figure comes from rounded counts and "
            "may differ from it a little.",
        ]),
        ("groups", "Networks, deprivation and age", [
            "Groups are shown for financial years and for the last twelve months whose figures are settled, never for "
            "months or quarters. They do not add up to the area: each is hidden and rounded by itself, and people "
            "without a group are in none of them.",
            "When one group is hidden and could be found by subtraction, further groups are hidden until it could be "
            f"any number from 1 to {rules.largest_hidden} again, even for a reader who knows the area’s exact count.",
            "Networks are drawn as a funnel. Inside its limits lies what chance alone gives for a network of that "
            "size; the limits come from the rounded numbers shown. Networks stand in the order of their codes. They "
            "have no level: levels and scores are for the alliance as a whole.",
            "How unequal the fifths are is said in four ways, always from the least to the most deprived. Gap and "
            "ratio compare the two ends. The slope and the relative index of inequality lay a line through all five "
            "fifths, each with its people, and compare the ends of the line. They are given only where every fifth "
            "is shown, and are made from the numbers shown. People whose neighbourhood is not known are in no fifth.",
        ]),
    ]  # fmt: skip


def methods_page(book: Book, site: Mapping[str, Any]) -> bytes:
    limits = sorted({a.max_missing_pct for a in book.agreements if a.max_missing_pct is not None})
    share = f"more than {number(limits[0])} %" if limits else "more than the agreed share"
    rules = rules_of(book.inputs.place.disclosure)
    sections = [
        ("returns", "From return to figure", [
            "Organisations send files. Each file is checked against its agreed layout and its own control totals; what "
            "does not pass is set aside with the reason and never counted.",
            "Every figure is calculated from the files that were accepted, and from nothing else. The list of these "
            "files, each with its fingerprint, is the data cut; its id stands at the foot of every page.",
        ]),
        ("complete-days", "Complete days", [
            "Some figures add up what several organisations report for a day. When one of them has not reported, the "
            "sum is too low, and it would look like an improvement. Such a day is left out altogether. Missing is "
            "missing: it is never read as zero.",
            f"When {share} of the days of a period are incomplete, its figure is withheld.",
        ]),
        ("averages", "Averages and ratios", [
            "A daily count of people in hospital is a stock, not a flow: it is averaged over complete days and never "
            "added up over time, because the same person is counted on each day of a stay.",
            "A ratio divides one sum by another over the same complete days. It is not the average of daily ratios.",
            "Percentages that a publisher has already rounded are shown as they were published and not combined.",
        ]),
        ("rounding", "Rounding", [
            "A value is calculated exactly and rounded once, a half upwards, to the number of decimals agreed for its "
            "indicator. This rounded value is the one that is scored: what is paid on equals what is printed.",
        ]),
        ("intervals", "Intervals", [
            "A 95 % interval says how far chance alone may have moved a figure. Each figure names its method, or says "
            "why it has no interval.",
        ]),
        ("trends", "Trends", [
            "A trend is given where there are five settled years, else where there are five settled quarters, of a "
            "percentage or a rate. A straight line is laid through them, each weighed by how certain it is. It is a "
            "trend when chance alone would give a line this steep less than once in 500 times, and when no single "
            "figure decides which way it goes. Quarters may also follow the seasons.",
        ]),
        ("charts", "Charts by month", [
            "With 13 months or more the chart shows the average and the limits of usual variation (average ± 2.66 "
            "times the average change from month to month). A month is unusual when it lies outside the limits, "
            "belongs to seven rising or falling in a row or to seven on one side of the average, or when two of three "
            "lie near the same limit. Withheld months are left out of average and limits.",
            "With fewer months it is a run chart with the median and no limits.",
        ]),
        ("levels", "Levels, scores and money", [
            "For each figure that counts, the members agreed five levels: failure, poor, minimum, stretch and "
            "game-breaking. The value is turned into a score between them. The score changes how much of a saving the "
            "alliance keeps, or of an overspend it bears.",
            "Before anything is calculated, the results of all agreed checks for exactly this data cut must be there "
            "and must have passed; otherwise there is no settlement and no new release.",
            "Money is calculated exactly and rounded once, to the penny, when it is posted.",
        ]),
        ("confidential", "Protecting people", [
            f"Counts of 1 to {rules.largest_hidden} people are hidden, others are rounded to the nearest "
            f"{rules.nearest}, and totals are the sums of the rounded numbers shown. Figures that are openly published "
            "elsewhere, as national statistics, are not changed.",
            "A withheld or hidden figure must not be recoverable from the others. Before release, everything that is "
            "shown is used to try it: where a total would give a withheld figure away, its exact numerator, or the "
            "total itself, is left out.",
        ]),
        *_people_sections(book),
        ("same", "The same again", [
            "From the same files the same release comes out, to the byte, on another computer. Anyone who holds the "
            "members’ open book can compute every settlement again.",
        ]),
    ]  # fmt: skip
    return render(
        "public/methods.html.j2",
        {"title": "Methods", "heading": "Methods", "nav": "methods.html",
         "description": "How figures are calculated, checked, rounded and protected."},
        site, sections=[{"key": key, "title": title, "lines": lines} for key, title, lines in sections],
        versions_head=heads("Indicator", "#Version", "Owner", "#Decimals"),
        versions=[
            row(cell(entry["name"], href=page_of(entry["indicator_id"])), cell(str(entry["version"]), n=True),
                cell(entry["owner"]), cell(str(entry["value_decimals"]), n=True))
            for entry in book.catalogue.values()
        ],
    )  # fmt: skip


def downloads_page(book: Book, site: Mapping[str, Any]) -> bytes:
    kpis = main_kpis(book)
    example = kpis[0][1].indicator_id if kpis else next(iter(book.catalogue), "indicator")
    return render(
        "public/downloads.html.j2",
        {"title": "Downloads", "heading": "Downloads", "nav": "downloads.html",
         "description": "The figures as spreadsheet, CSV, Parquet and DuckDB files, with fingerprints."},
        site, example=example,
        files_head=heads("File", "What it is", "#Size", "SHA-256"),
        files=[
            row(cell(item["name"], href="../" + item["name"]), cell(item["what"]), cell(item["size"], n=True),
                cell(item["hash"], code=True, more=item.get("hash_note", "")))
            for item in book.files
        ],
        columns=[
            {"key": f"columns-{schema.name}", "caption": f"Columns of {schema.name}", "note": schema.comment,
             "head": heads("Column", "Type", "Meaning"),
             "rows": [row(cell(c.name), cell(c.kind), cell(c.meaning)) for c in schema.columns]}
            for schema in PUBLIC
        ],
    )  # fmt: skip


def accessibility_page(site: Mapping[str, Any]) -> bytes:
    """The accessibility statement as bytes."""
    return render(
        "public/accessibility.html.j2",
        {"title": "Accessibility statement", "heading": "Accessibility statement",
         "description": "How accessible these pages are, and what to do if something does not work for you."}, site,
    )  # fmt: skip
