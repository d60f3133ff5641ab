"""What is withheld, why, who can mend it, and what it means for money.

Belongs here: reasons and completeness. Not here: who has not reported: no organisation is named in public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from publication.disclosure.rules import shown_share
from publication.inputs import Row
from publication.pages.book import (
    Book,
    by_period,
    reason_key,
    slug,
    why,
)
from publication.pages.frame import cell, heads, render, row
from publication.wording import (
    capital,
    listed,
    number,
    period_long,
    period_name,
    periods_listed,
    plural,
    sentence,
)


def mend_words(book: Book, rows: Sequence[Row]) -> str:
    """Who can mend a withheld figure: the verdict's words where a check judged it, else the rule's."""
    for outcome in rows:
        for verdict in book.verdicts.values():
            if (
                verdict.get("kind") == "fitness"
                and verdict.get("status") != "passed"
                and str(verdict.get("scope", "")).endswith("/" + outcome["period_id"])
                and verdict.get("mend")
            ):
                who = f" Responsible: {verdict['responsible']}." if verdict.get("responsible") else ""
                return sentence(str(verdict["mend"])) + who
    daily = {"census_mean", "ratio_of_sums"} & {book.catalogue[r["indicator_id"]]["statistic"] for r in rows}
    if rows and not daily:
        return (
            "The organisations that have not reported send their missing files. The figure is then calculated again "
            "and published with the next release."
        )
    return (
        "The organisations that have not reported send their missing daily returns. The figure is then calculated from "
        "the days that are complete, and published with the next release."
    )


def money_words(book: Book, rows: Sequence[Row]) -> str:
    """The effect of a withheld figure on money, in words."""
    paid = [book.agreed_kpi(r["indicator_id"]) for r in rows]
    agreed = next((item for item in paid if item is not None and item[1].weight), None)
    if agreed is None:
        return "None: nothing is paid on this figure."
    settled = any(r["period_kind"] == agreed[0].settle_by for r in rows)
    lead = "No money moves in a shadow year. " if agreed[0].shadow else ""
    if settled:
        return (
            lead + "Nothing can be paid on this figure while it is withheld. An organisation that does not report "
            "cannot gain by it: the score is the worst one until the cause is recorded."
        )
    return (
        lead + f"None by itself: the agreement settles by the {agreed[0].settle_by}. The days without returns are left "
        "out of the year too, so that not reporting cannot raise a payment."
    )


def lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def span_words(periods: Sequence[Row]) -> str:
    names = [capital(period_name(p["period_id"], p["period_kind"])) for p in periods]
    if len(names) == 1:
        return names[0]
    kinds = {"month": "month", "quarter": "quarter", "year": "year", "rolling_year": "period"}
    counted = plural(len(names), kinds[periods[0]["period_kind"]])
    return f"{names[0]} to {names[-1]} ({counted})" if len(names) > 2 else f"{names[0]} and {names[1]}"


# Periods that stand in a table: there are many of them, and they are withheld together.
IN_TABLE = ("month", "rolling_year")


def _reasons(book: Book, rows: Sequence[Row]) -> list[str]:
    """Why the figures of one period are withheld; with the indicators named where they are so for different reasons."""
    found: dict[str, list[str]] = {}
    for r in rows:
        found.setdefault(why(r), []).append(book.catalogue[r["indicator_id"]]["name"])
    if len(found) == 1:
        return list(found)
    return [f"{'; '.join(dict.fromkeys(names))}: {words}" for words, names in found.items()]


def _table_words(book: Book, rows: Sequence[Row]) -> list[str]:
    """Who can mend the figures of a table, and their effect on money."""
    return [
        f"Who can mend it: {lower_first(mend_words(book, rows))}",
        f"Effect on money: {lower_first(money_words(book, rows))}",
    ]


def left_out_rows(book: Book) -> list[Any]:
    """Which share of each feed's rows is left out because their people opted out nationally."""
    found = []
    for item in book.inputs.left_out:
        share = shown_share(item.rows_left_out, item.rows_counted)
        words = "[c]" if share is None else f"{number(share, 1)} %"
        found.append(row(cell(capital(item.feed.replace("_", " "))), cell(words, n=True)))
    return found


def quality_page(book: Book, site: Mapping[str, Any]) -> bytes:
    withheld_rows = [r for r in by_period(book.view.outcomes) if r["marker"] == "w"]
    grouped: dict[str, list[Row]] = {}
    for outcome in withheld_rows:
        grouped.setdefault(reason_key(outcome), []).append(outcome)
    withheld: list[dict[str, Any]] = []
    months: list[Any] = []
    rolling: list[Any] = []
    for key, rows in grouped.items():
        names = sorted({book.catalogue[r["indicator_id"]]["name"] for r in rows})
        reasons = _reasons(book, rows)
        if rows[0]["period_kind"] in IN_TABLE:
            (months if rows[0]["period_kind"] == "month" else rolling).append(
                row(cell(capital(period_name(rows[0]["period_id"], rows[0]["period_kind"]))),
                    cell("; ".join(names) + "."), cell(reasons[0], lines=reasons[1:]), id=key)
            )  # fmt: skip
            continue
        withheld.append(
            {"key": key, "title": capital(period_long(rows[0]["period_id"], rows[0]["period_kind"])),
             "what": names, "why": reasons, "mend": mend_words(book, rows),
             "money": money_words(book, rows)}
        )  # fmt: skip
    others: dict[tuple[str, str, str, str], list[Row]] = {}
    for outcome in by_period(book.view.outcomes):
        if outcome["marker"] in ("x", "c", "z"):
            others.setdefault(
                (outcome["indicator_id"], outcome["marker"], why(outcome), outcome["period_kind"]), []
            ).append(outcome)
    other = [
        row(cell(book.catalogue[indicator]["name"]), cell(f"[{marker}]"), cell(span_words(rows)), cell(reason))
        for (indicator, marker, reason, _), rows in others.items()
    ]
    seen: dict[str, list[str]] = {}
    tables = []
    by_indicator: dict[str, list[Row]] = {}
    for r in book.view.completeness:
        by_indicator.setdefault(r["indicator_id"], []).append(r)
    for indicator_id, rows in by_indicator.items():
        print_ = repr([(r["period_id"], r["expected_days"], r["missing_days"], r["withheld"]) for r in rows])
        seen.setdefault(print_, []).append(indicator_id)
    for indicators in seen.values():
        names = [book.catalogue[i]["name"] if i in book.catalogue else i for i in indicators]
        rows = by_indicator[indicators[0]]
        tables.append(
            {"key": f"complete-{slug(indicators[0])}", "caption": "Complete days by month",
             "note": "For: " + "; ".join(names) + ".",
             "head": heads("Month", "#Days expected", "#Complete", "#Incomplete", "#Share incomplete", "Figure"),
             "rows": [
                 row(cell(capital(period_name(r["period_id"], "month"))), cell(number(r["expected_days"]), n=True),
                     cell(number(r["complete_days"]), n=True), cell(number(r["missing_days"]), n=True),
                     cell("–" if r["missing_pct"] is None else f"{number(r['missing_pct'], 1)} %", n=True),
                     cell("Withheld" if r["withheld"] else "Not withheld", tag="w" if r["withheld"] else "fit"))
                 for r in rows
             ]}
        )  # fmt: skip
    # a group hidden in defence of a smaller one is not listed: that would say which of them is small
    mine = {r["figure_id"]: r for r in book.view.outcomes}
    protected = [
        row(cell(book.catalogue[mine[h.figure_id]["indicator_id"]]["name"]),
            cell(capital(period_name(mine[h.figure_id]["period_id"], mine[h.figure_id]["period_kind"]))), cell(h.why))
        for h in book.view.hidden if h.figure_id in mine
    ]  # fmt: skip
    hidden_groups = [r for r in book.view.breakdowns if r["marker"] in ("w", "x", "c", "z")]
    if hidden_groups:
        other.append(
            row(cell("Groups of the indicators above and below"), cell("[c] or as the area’s figure"),
                cell(plural(len(hidden_groups), "figure")),
                cell(f"Of {len(book.view.breakdowns):,} figures of networks, deprivation fifths and age groups these "
                     "are not shown: they rest on few people, or with them a group that does could be worked out, or "
                     "the area’s own figure is not shown."))
        )  # fmt: skip
    limits = sorted({a.max_missing_pct for a in book.agreements if a.max_missing_pct is not None})
    limit = f" The agreed limit is {number(limits[0])} % of the days of a period." if len(limits) == 1 else ""
    longer = [
        (rows[0]["period_id"], rows[0]["period_kind"]) for rows in grouped.values()
        if rows[0]["period_kind"] not in IN_TABLE
    ]  # fmt: skip
    held = [plural(len(months), "month")] if months else []
    if rolling:
        held.append(plural(len(rolling), "span of twelve months", "spans of twelve months"))
    if longer:
        held.append(periods_listed(longer))
    touched = {r["indicator_id"] for r in withheld_rows}
    where = f" of {len(touched)} of {len(book.by_indicator)} indicators" if len(book.by_indicator) > 1 else ""
    lede = (
        f"Figures{where} for {listed(held)} are withheld, because too many days lack figures from at least one "
        "organisation that must report." + limit
        if grouped
        else "Every figure that should be here is here." + limit
    )
    return render(
        "public/data_quality.html.j2",
        {"title": "Data quality and withheld figures", "heading": "Data quality and withheld figures",
         "nav": "data-quality.html",
         "description": "Which figures are withheld, why, who can mend it, and what it means for money."},
        site, lede=lede, withheld=withheld, spans=[
            {"key": name, "title": title, "caption": caption, "rows": rows,
             "lines": _table_words(book, [r for r in withheld_rows if r["period_kind"] == kind])}
            for name, kind, title, caption, rows in (
                ("months", "month", "Single months", "Months that are withheld", months),
                ("spans", "rolling_year", "Twelve months at a time", "Spans of twelve months that are withheld",
                 rolling),
            ) if rows
        ],
        left_out=left_out_rows(book), left_out_head=heads("Extract", "#Share of rows left out"),
        spans_head=heads("Period", "What is withheld", "Why"), other=other, completeness=tables, protected=protected,
        other_head=heads("Indicator", "Mark", "Periods", "Why"),
        protected_head=heads("Indicator", "Period", "Why"),
        marks=[
            {"term": "[w] withheld", "text": "A check found the figure not good enough to rely on. The reason stands on this page."},  # noqa: E501
            {"term": "[x] not available", "text": "The figure does not exist, for example because it is no longer collected. It is not zero."},  # noqa: E501
            {"term": "[c] confidential", "text": "So few people are behind the figure that it could tell something about one of them."},  # noqa: E501
            {"term": "[p] provisional", "text": "The figure may still change, because returns may still be corrected."},
            {"term": "[z] not applicable", "text": "The figure makes no sense for this period or area."},
        ],
    )  # fmt: skip
