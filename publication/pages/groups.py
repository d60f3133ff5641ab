"""The parts of an indicator's figure: deprivation fifths and age groups as bars, networks as a funnel.

Belongs here: words, tables and drawings of groups. Not here: which groups may be shown (disclosure). No group has a
level, and none is set above another: groups stand in the order of their codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from publication.drawings import Bar, Dot, bar_drawing, funnel_drawing
from publication.funnel import Funnel, funnel_of, position
from publication.inputs import Row
from publication.pages.book import Book, figures_of, network_page_of, reason_key, slug
from publication.pages.comparisons import inequality_part
from publication.pages.frame import TAGS, cell, chart_of, heads, row
from publication.wording import (
    MARKERS,
    capital,
    group_name,
    number,
    period_long,
    period_name,
    plural,
    sentence,
    unit_words,
    value_text,
)

KINDS = {
    "deprivation": ("By deprivation of the neighbourhood",
                    "Neighbourhoods of the area are ranked by deprivation and cut into five groups of about the same "
                    "population. A person belongs to the group of the place they live in."),
    "age": ("By age", "Age is that on the first day of the month an event falls in."),
    "pcn": ("By primary care network", ""),
}  # fmt: skip
CHANCE = (
    "Networks differ in size and in the people they serve, and small numbers move by chance. A point inside the funnel "
    "is what chance alone gives; a point outside is a reason to ask why, not a verdict."
)
REPEATED = (
    "No limits are drawn: one person can have several of these events, and chance moves a network further than limits "
    "for independent events would say."
)
NO_FUNNEL = "No limits are drawn: how far chance moves this figure does not follow from the numbers shown."


def _size_words(statistic: str) -> str:
    """What the denominator of a group counts, as the funnel's lower axis says it."""
    return {"crude_rate": "Person-months", "dsr": "Person-months"}.get(statistic, "Denominator")


def _quoted_period(rows: Sequence[Row]) -> tuple[str, str] | None:
    """The period whose groups are shown: the latest that is published and settled, else the latest published."""
    for chosen in ([r for r in rows if r["value"] is not None and r["marker"] != "p"],
                   [r for r in rows if r["value"] is not None], rows):  # fmt: skip
        if chosen:
            last = max(chosen, key=lambda r: (r["period_end"], r["period_kind"] == "year"))
            return last["period_kind"], last["period_id"]
    return None


def _value_cell(outcome: Row, decimals: int) -> dict[str, Any]:
    found = cell(value_text(outcome["value"], decimals, outcome["marker"]), n=True, figure=outcome["figure_id"])
    if outcome["marker"] in ("w", "x", "c", "z"):
        found["href"] = f"data-quality.html#{reason_key(outcome)}"
    return found


def _beside(book: Book, indicator_id: str, area: str, kind: str, period: str) -> str:
    """The area's own figure, in words: no total of the groups is printed."""
    entry = book.catalogue[indicator_id]
    for outcome in figures_of(book, indicator_id, area):
        if (outcome["period_kind"], outcome["period_id"]) == (kind, period):
            return (
                f"{outcome['area_name']} as a whole: {outcome['value_text']} "
                f"{unit_words(outcome['unit'], entry['statistic'])}. The groups are hidden and rounded one by one "
                "and do not add up to it."
            )
    return ""


def _bars(book: Book, indicator_id: str, rows: Sequence[Row], title: str, key: str) -> dict[str, Any] | None:
    entry = book.catalogue[indicator_id]
    if not any(r["value"] is not None for r in rows):
        return None
    bars = [
        Bar(capital(group_name(r["breakdown_kind"], r["breakdown_group"])), r["value"],
            value_text(r["value"], entry["value_decimals"], r["marker"]))
        for r in rows
    ]  # fmt: skip
    unit = capital(unit_words(entry["unit"], entry["statistic"]))
    return chart_of(bar_drawing(bars, unit, title, key), "The same numbers stand in the table below.")


def _funnel(book: Book, indicator_id: str, rows: Sequence[Row], title: str, key: str) -> tuple[Any, Funnel | None]:
    entry = book.catalogue[indicator_id]
    placed = [r for r in rows if r["value"] is not None and r["denominator"]]
    if len(placed) < 2:
        return _bars(book, indicator_id, rows, title, key), None
    funnel = None
    repeated = bool(entry.get("events_repeat"))
    if not repeated and all(r["numerator"] is not None for r in placed):
        funnel = funnel_of(placed, entry["unit"], entry["statistic"])
    dots = [Dot(r["breakdown_group"], r["value"], Decimal(r["denominator"])) for r in placed]
    unit = capital(unit_words(entry["unit"], entry["statistic"]))
    drawn = funnel_drawing(dots, funnel, unit, f"{_size_words(entry['statistic'])} →", title, key)
    words = (
        "Level line: the networks together. Dashed: 95 % limits; solid: 99.8 % limits, from the rounded numbers. "
        + CHANCE
        if funnel
        else (REPEATED if repeated else NO_FUNNEL)
    )
    if funnel and entry["statistic"] == "dsr":
        words += " The limits are those of a crude rate of the same size, which is an approximation."
    return chart_of(drawn, words), funnel


def _limits(funnel: Funnel | None, outcome: Row, decimals: int) -> list[dict[str, Any]]:
    if funnel is None:
        return []
    if outcome["value"] is None or not outcome["denominator"]:
        return [cell("–", n=True), cell("–", n=True), cell("–")]
    size = Decimal(outcome["denominator"])
    spans = [" to ".join(number(limit, decimals) for limit in funnel.limits(size, level)) for level in ("95", "99.8")]
    return [*(cell(text, n=True) for text in spans),
            cell(capital(position(outcome["value"], size, funnel, decimals)))]  # fmt: skip


def reasons_of(rows: Sequence[Row]) -> str:
    """What each mark among the groups means, in a sentence a mark; nothing where every group is shown."""
    found: dict[str, None] = {}
    for r in rows:
        if r["value"] is None:
            text = r["reason"] or MARKERS.get(r["marker"] or "x", "not available")
            found[f"[{r['marker'] or 'x'}]: {sentence(text.removeprefix('Confidential: '))}"] = None
    return " ".join(found)


def group_sections(book: Book, indicator_id: str, area: str) -> list[dict[str, Any]]:
    """One section a kind of group: what it is, a drawing, and the same numbers as a table."""
    entry = book.catalogue[indicator_id]
    sections: list[dict[str, Any]] = []
    decimals = entry["value_decimals"]
    for kind, (heading, about) in KINDS.items():
        mine = [r for r in book.parts.get(indicator_id, ()) if (r["area_code"], r["breakdown_kind"]) == (area, kind)]
        quoted = _quoted_period(mine)
        if quoted is None:
            continue
        rows = [r for r in mine if (r["period_kind"], r["period_id"]) == quoted]
        when = period_name(quoted[1], quoted[0])
        key = f"groups-{slug(indicator_id)}-{slug(area)}-{kind}"
        title = f"{entry['name']}, {when}, {heading[:1].lower() + heading[1:]}."
        funnel: Funnel | None = None
        if kind == "pcn":
            chart, funnel = _funnel(book, indicator_id, rows, title, key)
            for r in rows:
                book.kept.setdefault(("network", r["breakdown_group"]), []).append((key, r, funnel))
        else:
            chart = _bars(book, indicator_id, rows, title, key)
        counted = [name for name in ("numerator", "denominator") if any(r[name] is not None for r in rows)]
        body = [
            row(
                cell(capital(group_name(kind, r["breakdown_group"])),
                     **({"href": network_page_of(r["breakdown_group"])} if kind == "pcn" else {})),
                _value_cell(r, decimals),
                *(cell("–" if r[name] is None else number(r[name]), n=True) for name in counted),
                *_limits(funnel, r, decimals),
                cell(TAGS[r["marker"] or ""][1], tag=TAGS[r["marker"] or ""][0]),
            )
            for r in rows
        ]  # fmt: skip
        untold = reasons_of(rows)
        if not any(r["value"] is not None for r in rows):
            sections.append(
                {"key": key, "title": heading, "chart": None, "table": None, "more": None,
                 "lines": [f"None of the {plural(len(rows), 'group')} is shown for {when}. {untold}"]}
            )  # fmt: skip
            continue
        unequal = inequality_part(rows, entry, when, key) if kind == "deprivation" else {"lines": [], "table": None}
        head = heads("Group", f"#{capital(entry['unit'])}", *(f"#{name.capitalize()}" for name in counted),
                     *(("#95 % limits", "#99.8 % limits", "In the funnel") if funnel else ()), "Status")  # fmt: skip
        sections.append(
            {"key": key, "title": heading,
             "lines": [line for line in (
                 f"{capital(period_long(quoted[1], quoted[0]))}. {about}".strip(),
                 _beside(book, indicator_id, area, *quoted),
                 *unequal["lines"],
             ) if line],
             "chart": chart,
             "table": {"key": f"{key}-table", "caption": f"{heading}, {when}", "head": head, "rows": body,
                       "note": f"{untold} Other years are in breakdowns.csv on the page with downloads.".strip()},
             "more": unequal["table"]}
        )  # fmt: skip
    return sections
