"""The forward plan: what is settled when, which figures are still to ripen, and what is waited for.

Belongs here: dates that follow from the terms, the catalogue and the figures. A release knows no today: the plan says
what comes after what, and never that something is late.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from publication.agreement import Agreement
from publication.inputs import Row
from publication.pages.book import Book, Settled, by_period, later_gaps, latest_shown, page_of, reason_key
from publication.pages.frame import cell, heads, render, row
from publication.wording import capital, day, period_name, periods_listed, plural, sentence

_SETTLED = {"shadow": "Settled in shadow: nothing falls due",
            "withheld": "Withheld: nothing is posted, and the statement says why",
            "payable": "Settled: payable once certified and not challenged"}  # fmt: skip


def _label(agreement: Agreement, period_id: str) -> str:
    return capital(period_name(period_id, agreement.settle_by))


def _ripe(book: Book, agreement: Agreement) -> dict[str, date]:
    """The day from which every figure that counts of a period may be paid on, by period."""
    weighed = {kpi.kpi_id for kpi in agreement.kpis if kpi.weight}
    found: dict[str, date] = {}
    for r in book.kpi_return:
        if r["agreement_id"] == agreement.agreement_id and r["kpi_id"] in weighed and r["payable_from"]:
            found[r["period_id"]] = max(found.get(r["period_id"], r["payable_from"]), r["payable_from"])
    return found


def challenge_words(agreement: Agreement) -> str:
    """What lies between a settlement and its payment."""
    return (
        "A settlement is certified first. From that day any party has "
        f"{plural(agreement.challenge_days, 'working day')} to challenge a line; what nobody challenges is then paid, "
        "and an independent expert decides on the rest."
    )


def due_words(agreement: Agreement, status: str) -> str:
    """When the sum of a settlement falls due, in one sentence."""
    if status == "shadow":
        return "Nothing falls due: in a shadow year no money moves."
    if status == "withheld":
        return "Nothing falls due while it is withheld."
    return f"It falls due {plural(agreement.challenge_days, 'working day')} after it is certified, unless challenged."


def _periods(book: Book, agreement: Agreement) -> dict[str, Any]:
    ripe = _ripe(book, agreement)
    done: dict[str, Settled] = {
        item.period_id: item for item in book.settled if item.agreement.agreement_id == agreement.agreement_id
    }
    ends = {label: last for label, _, last in agreement.periods}
    # how long after a period its figures were last seen to ripen: what the next ones will need too
    waits = [(ripe[label] - ends[label]).days for label in ripe if label in ends]
    rows = []
    for label, _, last in agreement.periods:
        when, note = "–", ""
        if label in ripe:
            when = day(ripe[label])
        elif waits:
            when, note = day(last + timedelta(days=waits[-1])), "expected, as for the period before"
        item = done.get(label)
        state = "Not settled in this release" if item is None else _SETTLED.get(item.status, capital(item.status))
        rows.append(row(cell(_label(agreement, label)), cell(day(last)), cell(when, more=note), cell(state)))
    return {
        "key": f"plan-{agreement.agreement_id}", "caption": f"Settlement periods of “{agreement.name}”",
        "head": heads("Period", "Ends on", "Its figures may be paid on from", "In this release"), "rows": rows,
        "note": "As far as sums are agreed in the terms of this release.",
    }  # fmt: skip


def _ripening(book: Book) -> list[Any]:
    """Indicators with provisional figures: which, when they are usually known, when they are final."""
    rows = []
    for indicator_id, figures in sorted(book.by_indicator.items()):
        entry = book.catalogue[indicator_id]
        waiting = dict.fromkeys(
            (r["period_id"], r["period_kind"]) for r in by_period(figures)
            if r["marker"] == "p" and r["period_kind"] != "rolling_year"
        )  # fmt: skip
        if waiting:
            names = capital(periods_listed(list(waiting))) if len(waiting) < 5 else plural(len(waiting), "period")
            rows.append(
                row(cell(entry["name"], href=page_of(indicator_id)), cell(names),
                    *(cell(sentence(entry.get(name) or "Not stated")) for name in ("lag", "maturity")))
            )  # fmt: skip
    return rows


def _waited_for(book: Book) -> list[Any]:
    """Withheld figures by indicator, with the way to what would mend them."""
    rows = []
    for indicator_id, figures in sorted(book.by_indicator.items()):
        by_area: dict[str, list[Row]] = {}
        for r in figures:
            by_area.setdefault(r["area_code"], []).append(r)
        for mine in by_area.values():
            if gaps := later_gaps(mine, latest_shown(mine)):
                names = periods_listed([(gap["period_id"], gap["period_kind"]) for gap in gaps])
                rows.append(
                    row(cell(book.catalogue[indicator_id]["name"], href=page_of(indicator_id)),
                        cell(capital(names) if len(gaps) < 5 else plural(len(gaps), "period")),
                        cell("What would mend it", href=f"data-quality.html#{reason_key(gaps[0])}"))
                )  # fmt: skip
    return rows


def plan_page(book: Book, site: Mapping[str, Any]) -> bytes:
    """The forward plan as bytes."""
    agreements = [
        {"key": f"agreement-{one.agreement_id}", "name": one.name,
         "lines": [line for line in (
             sentence(f"Settled by the {one.settle_by}" + (", in shadow: no money moves" if one.shadow else "")),
             challenge_words(one),
             f"A party that wants to leave says so {plural(one.notice_days, 'day')} before." if one.notice_days else "",
         ) if line],
         "table": _periods(book, one)}
        for one in book.agreements
    ]  # fmt: skip
    ripening, waited = _ripening(book), _waited_for(book)
    return render(
        "public/plan.html.j2",
        {"title": "Forward plan", "heading": "Forward plan", "caption": "What is due when", "nav": "plan.html",
         "description": "Which periods are settled when, which figures are still to ripen, what is waited for."},
        site, agreements=agreements,
        lede=f"What comes next, as far as it follows from the agreed terms and from the figures. The data go up to "
             f"{site['data_to']}.",
        ripening={"key": "ripening-table", "caption": "Figures that may still change",
                  "head": heads("Indicator", "Provisional for", "Usually known", "Final"),
                  "rows": ripening, "note": ""},
        waited={"key": "waited-table", "caption": "Figures that wait for returns",
                "head": heads("Indicator", "Withheld for", "What to do"), "rows": waited, "note": ""},
    )  # fmt: skip
