"""The summary: what may be said, what is owed, what is withheld.

Belongs here: the first page. Not here: any figure that is not on a page behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publication.agreement import Agreement
from publication.inputs import Row
from publication.pages.book import (
    HIDDEN_LEVEL,
    STATUS_WORDS,
    Book,
    areas_of,
    before,
    by_period,
    ended,
    figures_of,
    first_missing,
    kpi_score,
    later_gaps,
    latest_shown,
    line_words,
    main_kpis,
    measured_words,
    owed_verb,
    page_of,
    posted_in_order,
    public_figure,
    reason_key,
    returned_row,
    role_words,
    score_text,
    settled_rows,
    tells_too_much,
    why,
)
from publication.pages.frame import cell, heads, level_cell, render, row
from publication.pages.plan import due_words
from publication.wording import (
    LEVEL_WORDS,
    LEVELS,
    capital,
    fewer,
    money,
    number,
    period_long,
    period_name,
    periods_listed,
    plural,
    unit_words,
    value_text,
)


def _said(text: str) -> dict[str, Any]:
    """A sentence without a figure in it."""
    return {"before": text, "figure": "", "text": "", "after": ""}


def _headline(book: Book) -> list[dict[str, Any]]:
    """One sentence that may be quoted for the heaviest KPI that has a public figure, and what may not be quoted."""
    lines: list[dict[str, Any]] = []
    silent = 0
    for _, kpi in main_kpis(book):
        rows = figures_of(book, kpi.indicator_id, kpi.area_code)
        latest = latest_shown(rows)
        if latest is None:
            silent += 1
            continue
        if lines:
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
                _said(f"You may not yet quote a figure for {names}: too many days lack returns, so "
                      f"{'it is' if len(gaps) == 1 else 'they are'} withheld.")
            )  # fmt: skip
    quotable = sum(latest_shown(rows) is not None for rows in book.by_indicator.values())
    if silent and not lines:
        lines.append(_said("None of the figures that count may be quoted: the table of them says why."))
    elif silent:
        lines.append(
            _said(f"Of the {len(main_kpis(book))} figures that count {silent} may not be quoted: the table of them "
                  "says why.")
        )  # fmt: skip
    if quotable and not any(line["figure"] for line in lines):
        one = quotable == 1
        lines.append(
            _said(f"{plural(quotable, 'indicator')} {'has a figure' if one else 'have figures'} that may be quoted: "
                  f"the latest of {'it' if one else 'each'} stands below, with its period.")
        )  # fmt: skip
    return lines or [_said("This release holds no figure that may be quoted.")]


# Above this many scored figures, or indicators, a reader with five minutes needs tables rather than cards.
FEW_KPIS, FEW_INDICATORS = 3, 6


def _is_large(book: Book) -> bool:
    return len(main_kpis(book)) > FEW_KPIS or len(book.by_indicator) > FEW_INDICATORS


def _cards(book: Book) -> list[dict[str, Any]]:
    cards = []
    for agreement, kpi in [] if _is_large(book) else main_kpis(book):
        rows = figures_of(book, kpi.indicator_id, kpi.area_code)
        latest = latest_shown(rows)
        if latest is None:
            continue
        lines = [capital(period_long(latest["period_id"], latest["period_kind"])) + ", " + latest["area_name"]]
        returned = returned_row(book, agreement, kpi, latest)
        if returned and returned["level"]:
            place = LEVELS.index(returned["level"]) + 1
            lines.append(f"Level reached: {LEVEL_WORDS[returned['level']]}, {place} of 5")
        cards.append(
            {"kind": "", "title": book.catalogue[kpi.indicator_id]["name"], "figure": latest["figure_id"],
             "value": latest["value_text"],
             "unit": unit_words(latest["unit"], book.catalogue[kpi.indicator_id]["statistic"]), "lines": lines,
             "href": page_of(kpi.indicator_id), "link": "See the months and the levels"}
        )  # fmt: skip
    for posted in posted_in_order(book):
        cards.append(
            {"kind": "owed", "title": f"Settlement {period_name(posted['period_id'], 'year')}",
             "figure": posted["figure_id"], "value": money(posted["alliance_total_pence"]),
             "unit": f"{line_words(posted['line'])} of the alliance as a whole"
                     + (", so far: it is withheld" if posted["status"] == "withheld" else ""),
             "lines": [STATUS_WORDS.get(posted["status"], "Payable"),
                       due_words(_agreement_of(book, posted), posted["status"])],
             "href": "statement.html", "link": "How it was worked out"}
        )  # fmt: skip
    months = {r["period_id"] for r in book.view.outcomes if r["marker"] == "w" and r["period_kind"] == "month"}
    longer = dict.fromkeys(
        (r["period_id"], r["period_kind"]) for r in by_period(book.view.outcomes)
        if r["marker"] == "w" and r["period_kind"] not in ("month", "rolling_year")
    )  # fmt: skip
    if months or longer:
        lines = ["Too many days without returns from every organisation that must report."]
        if longer:
            lines.append(f"Withheld{' with them' if months else ''}: {periods_listed(list(longer))}.")
        touched = {r["indicator_id"] for r in book.view.outcomes if r["marker"] == "w"}
        if len(book.by_indicator) > FEW_INDICATORS:
            lines.append(f"In {len(touched)} of {len(book.by_indicator)} indicators; the others are not touched.")
        count, unit = (len(months), "month") if months else (len(longer), _kind_word(list(longer)))
        cards.append(
            {"kind": "gap", "title": "Withheld", "figure": "", "value": str(count),
             "unit": f"{unit} is held back" if count == 1 else f"{unit}s are held back", "lines": lines,
             "href": "data-quality.html#withheld", "link": "Which, why, and who can mend it"}
        )  # fmt: skip
    return cards


def _kind_word(periods: list[tuple[str, str]]) -> str:
    """`quarter` or `year` where all periods are of one kind, else `period`."""
    kinds = {kind for _, kind in periods}
    return kinds.pop() if len(kinds) == 1 else "period"


def _what_changed(rows: list[Row], latest: Row, entry: Row) -> str:
    earlier = before(rows, latest, entry)
    if earlier is None:
        return "No earlier figure to compare with"
    words = fewer(latest["value"] - earlier["value"], entry["value_decimals"], entry["polarity"])
    return f"{capital(words)}; {earlier['value_text']} in {period_name(earlier['period_id'], earlier['period_kind'])}"


def _indicator_row(book: Book, indicator_id: str, area: str, below: str = "") -> dict[str, Any]:
    """One line of a table of indicators: name and what stands below it, latest figure, period, change, what came
    after."""
    entry, found = book.catalogue[indicator_id], figures_of(book, indicator_id, area)
    latest = latest_shown(found)
    name = cell(entry["name"], href=page_of(indicator_id), more=below or role_words(book, indicator_id))
    if latest is None:
        missing = by_period(found)[-1]
        if missing["marker"] == "p":  # provisional from its first period on
            return row(name, cell(missing["value_text"], n=True, figure=missing["figure_id"]),
                       cell("Provisional: it may still change, and is not to be quoted yet."))  # fmt: skip
        return row(name, cell(missing["value_text"], n=True, href=f"data-quality.html#{reason_key(missing)}"),
                   cell(why(missing)))  # fmt: skip
    gaps = later_gaps(found, latest)
    gone, later = first_missing(found), cell("Nothing withheld")
    if gone is not None:
        later = cell(f"[{gone['marker'] or 'x'}] {ended(found)}", href=f"data-quality.html#{reason_key(gone)}")
    if gaps:
        names = periods_listed([(gap["period_id"], gap["period_kind"]) for gap in gaps])
        shown_names = capital(names) if len(gaps) < 5 else plural(len(gaps), "period")
        later = cell(f"[w] {shown_names}", href=f"data-quality.html#{reason_key(gaps[0])}",
                     more="Follow the link for the reason")  # fmt: skip
    return row(
        name,
        cell(latest["value_text"], n=True, figure=latest["figure_id"],
             more=unit_words(latest["unit"], entry["statistic"])),
        cell(capital(period_name(latest["period_id"], latest["period_kind"])), more=latest["area_name"]),
        cell(_what_changed(found, latest, entry)), later,
    )  # fmt: skip


INDICATOR_HEAD = ("Indicator", "#Latest figure", "Period and area", "What changed", "Since then")


def _tables_of(book: Book, pairs: list[tuple[str, str, str]], caption: str) -> list[dict[str, Any]]:
    """What may be quoted in one table, and what may not be, with the reason of each, in one below it.

    pairs: indicator, area, and what stands below its name.
    """
    quoted: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for name, area, below in pairs:
        told = latest_shown(figures_of(book, name, area)) is not None
        (quoted if told else others).append(_indicator_row(book, name, area, below))
    tables = []
    if quoted:
        tables.append({"key": "indicators", "caption": caption, "head": heads(*INDICATOR_HEAD), "rows": quoted})
    if others:
        tables.append(
            {"key": "not-quoted", "caption": f"No figure to quote: {plural(len(others), 'indicator')}, and why",
             "head": heads("Indicator", "#Mark", "Why there is none"), "rows": others,
             "note": "The reason is that of the latest period."}
        )  # fmt: skip
    return tables


def _indicator_tables(book: Book) -> list[dict[str, Any]]:
    """Every indicator; in a place with many, what counts has a table of its own and the others follow, outcome by
    outcome."""
    order = sorted(book.catalogue, key=lambda name: (book.agreed_kpi(name) is None, name))
    if not _is_large(book):
        pairs = [(name, area, "") for name in order for area in areas_of(book, name)]
        return _tables_of(book, pairs, "Indicators: latest published figure, what changed, and what is withheld")
    scored = {kpi.indicator_id for _, kpi in main_kpis(book)}
    watched = sorted(
        (name for name in order if name not in scored), key=lambda name: (book.catalogue[name]["outcome"] or "", name)
    )
    pairs = [(name, area, book.catalogue[name]["outcome"] or "") for name in watched for area in areas_of(book, name)]
    return _tables_of(book, pairs, "By outcome: latest published figure, what changed, and what is withheld")


def _scored_table(book: Book) -> dict[str, Any] | None:
    """What counts, heaviest first: the figure measured, the level of the alliance as a whole, and its score."""
    if not main_kpis(book):
        return None
    rows = []
    for agreement, kpi in main_kpis(book):
        settled = settled_rows(book, agreement, kpi)
        periods = {item.period_id for item in book.settled if item.agreement.agreement_id == agreement.agreement_id}
        done = [r for r in settled if r["period_id"] in periods] or settled
        name = cell(kpi.name, href=page_of(kpi.indicator_id), more=f"Weight {number(kpi.weight or 0)}")
        if not done:
            rows.append(row(name, cell("–", n=True), cell("Not settled yet"), cell("–"), cell("–", n=True)))
            continue
        returned = done[-1]
        outcome = public_figure(book, returned, kpi)
        hidden = tells_too_much(book, returned, kpi)
        figure = cell("–", n=True)
        if outcome is not None:
            text = value_text(outcome["value"], book.catalogue[kpi.indicator_id]["value_decimals"], outcome["marker"])
            figure = cell(text, n=True, figure=outcome["figure_id"], more="" if outcome["value"] is None
                          else unit_words(kpi.unit, book.catalogue[kpi.indicator_id]["statistic"]))  # fmt: skip
        status = {"too_small": "Too small to score; neutral by agreement", "withheld": "Withheld: the reason",
                  "not_available": "Not available: the reason"}.get(returned["quality_status"] or "", "")  # fmt: skip
        reached = cell(HIDDEN_LEVEL) if hidden else level_cell(returned["level"])
        if not kpi.levels and not hidden:
            reached = cell("No levels are agreed for it")
        if status:
            reached = cell(status)
            if outcome is not None and outcome["marker"] in ("w", "x", "c", "z"):
                reached["href"] = figure["href"] = f"data-quality.html#{reason_key(outcome)}"
        step = kpi_score(book, agreement, kpi, returned["period_id"])
        rows.append(
            row(
                name, figure,
                cell(capital(period_name(returned["period_id"], returned["period_kind"])),
                     more=capital(measured_words(returned, kpi))),
                reached,
                cell("–", n=True) if step is None or status or hidden
                else cell(score_text(step), n=True, figure=f"{step['figure_id']}:rounded"),
            )
        )  # fmt: skip
    return {"key": "scored", "caption": "Figures that count: level and score of the alliance as a whole",
            "head": heads("Figure", "#Value", "Settled for", "Level", "#Score"), "rows": rows,
            "note": "Five levels, from 1 (failure) to 5 (game-breaking). Scores to two decimals; the exact one is a "
                    "step of the settlement."
                    + (" They and the scores follow from the figure at its agreed precision, which the members see. "
                       "The value here comes from counts rounded to protect people, so it may differ a little."
                       if {kpi.indicator_id for _, kpi in main_kpis(book)} - book.view.exempt else "")}  # fmt: skip


def _owed(book: Book) -> list[dict[str, Any]]:
    if not book.statement:
        return [{"tag": "", "before": "No settlement is part of this release.", "figure": "", "text": "", "after": "",
                 "href": "statement.html", "link": "Why there is none"}]  # fmt: skip
    lines = []
    for posted in posted_in_order(book):
        lines.append(
            {"tag": STATUS_WORDS.get(posted["status"], ""),
             "before": f"Under the terms of “{posted['agreement_name']}” the {line_words(posted['line'])} of the "
                       f"alliance as a whole for {period_name(posted['period_id'], 'year')} {owed_verb(posted)} ",
             "figure": posted["figure_id"], "text": money(posted["alliance_total_pence"]), "after": ".",
             "due": due_words(_agreement_of(book, posted), posted["status"]),
             "href": "statement.html", "link": "See the statement"}
        )  # fmt: skip
    return lines


def _agreement_of(book: Book, posted: Row) -> Agreement:
    return next(one for one in book.agreements if one.agreement_id == posted["agreement_id"])


def _since_last(book: Book) -> list[str]:
    """What moved since the release before, in sentences; nothing in a release without the list."""
    return [str(one["words"]) for one in book.revisions if one["what"] == "release" and not one["release_id"]]


def summary_page(book: Book, site: Mapping[str, Any]) -> bytes:
    """The summary as bytes."""
    return render(
        "public/index.html.j2",
        {"title": "Summary", "heading": book.inputs.place.title, "caption": "Summary", "nav": "index.html",
         "description": f"{book.inputs.place.title}: what may be said, what is owed, what is withheld."},
        site, headline=_headline(book), cards=_cards(book), scored=_scored_table(book),
        indicator_tables=_indicator_tables(book), large=_is_large(book), owed=_owed(book), since=_since_last(book),
        cautions=[
            "Say the period and the area with every figure.",
            "A figure describes the area as a whole. It says nothing about one organisation, and it does not prove why "
            "something changed.",
            *(
                ["What to know before quoting an indicator stands at the end of its own page."]
                if _is_large(book)
                else dict.fromkeys(
                    f"{entry['name']}: {entry['caveat'][:1].lower() + entry['caveat'][1:]}".rstrip(".") + "."
                    for entry in book.catalogue.values()
                    if entry["caveat"] and latest_shown(figures_of(book, entry["indicator_id"])) is not None
                )
            ),
        ],
    )  # fmt: skip
