"""What stands beside a payment so that nobody takes it for proof: trend, a comparator, the pull back to the usual.

Belongs here: the words, from figures the release holds. Not here: how often chance alone pays (`settlement.stress`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from publication.agreement import Agreement, KpiTerms
from publication.inputs import Row, series_part
from publication.measured import measured_figure
from publication.pages.book import Book, Settled, settled_rows, slug
from publication.pages.frame import cell, heads, row
from publication.wording import capital, fewer, group_name, number, period_name

_LEAST = 3
LINES = (
    "A payment is no proof of what caused the change. Three questions belong beside it; the answers are those that the "
    "figures of this release allow.",
    "How often a payment this large would come had nothing changed, outturn stress says: give it this payment with "
    "--payment.",
)


def counterfactual(book: Book, item: Settled) -> Mapping[str, Any] | None:
    """The section of one settlement; None where no KPI is scored or none has a fit figure."""
    rows = [found for kpi in item.agreement.kpis if kpi.weight and (found := _of(book, item, kpi)) is not None]
    if not rows:
        return None
    key = f"beside-{slug(item.agreement.agreement_id)}-{slug(item.period_id)}"
    return {
        "title": "What this payment does not say",
        "lines": LINES,
        "tables": [
            {"key": key, "caption": "Trend, elsewhere, and back to the usual", "note": "",
             "head": heads("KPI", "Was it moving this way before?", "What happened elsewhere?",
                           "Was it picked because it was bad?"),
             "rows": rows}
        ],
    }  # fmt: skip


def _of(book: Book, item: Settled, kpi: KpiTerms) -> dict[str, Any] | None:
    known = known_rows(book, item.agreement, kpi, item.period_id)
    if not known:
        return None
    *before, now = known
    return row(
        cell(f"{kpi.kpi_id} {kpi.name}", more=capital(group_name(kpi.breakdown_kind, kpi.breakdown_group))
             if kpi.breakdown_kind != "all" else ""),
        cell(trend_words(before, now, kpi)),
        cell(elsewhere_words(book, before, now, kpi)),
        cell(usual_words(before, kpi)),
    )  # fmt: skip


def known_rows(book: Book, agreement: Agreement, kpi: KpiTerms, period: str) -> list[Row]:
    """A KPI's fit figures up to a settlement period, in order, under the definition the period's own figure has.

    Empty where the period has no fit figure.
    """
    fit = [r for r in settled_rows(book, agreement, kpi) if r["value"] is not None and r["quality_status"] == "fit"]
    now = next((r for r in fit if r["period_id"] == period), None)
    if now is None:
        return []
    breaks = book.catalogue.get(kpi.indicator_id, {}).get("breaks")
    part = series_part(breaks, now["period_start"])
    return [r for r in fit if r["period_end"] <= now["period_end"] and series_part(breaks, r["period_start"]) == part]


def _named(r: Row, kpi: KpiTerms) -> str:
    return f"{number(r['value'], kpi.decimals)} in {period_name(r['period_id'], r['period_kind'])}"


def _better(later: Row, earlier: Row, kpi: KpiTerms) -> int:
    """1 if the later figure is better, -1 if it is worse, 0 if it is the same."""
    change = later["value"] - earlier["value"]
    return 0 if change == 0 else 1 if (change < 0) == (kpi.polarity == "low") else -1


def trend_words(before: Sequence[Row], now: Row, kpi: KpiTerms) -> str:
    """Whether the figure was already moving the way it moved in the settled period."""
    if not before:
        return "No earlier period is known: nothing says where it came from."
    moved = fewer(now["value"] - before[-1]["value"], kpi.decimals, kpi.polarity)
    path = f"It was {', '.join(_named(r, kpi) for r in [*before[-_LEAST:], now])}: {moved}."
    if len(before) < 2:
        return f"{path} One earlier period tells no trend."
    earlier, latest = _better(before[-1], before[-2], kpi), _better(now, before[-1], kpi)
    if latest and earlier == latest:
        return f"{path} It was already moving this way before, and what would have gone on anyway counts too."
    return f"{path} It was not moving this way the period before."


def elsewhere_words(book: Book, before: Sequence[Row], now: Row, kpi: KpiTerms) -> str:
    """The same change where the agreement does not reach: other areas, or for a group the whole area."""
    if not before:
        return "There is no earlier period to compare a change over."
    if kpi.breakdown_kind != "all":
        whole = [book.by_id.get(measured_figure(r, None)) for r in (before[-1], now)]
        said = [_change("Everybody in the area", whole, kpi)]
    else:
        own = [measured_figure(r, kpi) for r in (before[-1], now)]
        others = sorted({(r["area_name"], r["area_code"]) for r in book.by_indicator.get(kpi.indicator_id, ())
                         if r["area_code"] != kpi.area_code})  # fmt: skip
        said = [
            _change(name, [book.by_id.get(figure.replace(f":{kpi.area_code}:", f":{code}:")) for figure in own], kpi)
            for name, code in others
        ]
    found = [words for words in said if words]
    return " ".join(found) or "The release holds no figures of anybody else for both periods: nothing says."


def _change(who: str, pair: Sequence[Row | None], kpi: KpiTerms) -> str:
    values = [r["value"] for r in pair if r is not None and r["value"] is not None]
    if len(values) < 2:
        return ""
    first, last = values
    return (
        f"{who}: from {number(first, kpi.decimals)} to {number(last, kpi.decimals)}, "
        f"{fewer(last - first, kpi.decimals, kpi.polarity)}."
    )


def usual_words(before: Sequence[Row], kpi: KpiTerms) -> str:
    """Whether what is paid against may have been an unusually bad period or group: that comes back by itself."""
    group = (
        f"It looks at one group alone ({group_name(kpi.breakdown_kind, kpi.breakdown_group)}). If that was picked "
        "because it was bad, it tends to come back to the usual whatever is done. "
        if kpi.breakdown_kind != "all"
        else ""
    )
    at = next((place for place, r in enumerate(before) if r["period_id"] == kpi.baseline_period), None)
    if at is None:
        return f"{group}The baseline's own period is not among the figures of this release."
    if at + 1 < _LEAST:
        return (
            f"{group}Too few periods up to the baseline are known to say whether it was a bad one: a bad one tends to "
            "be followed by a better one whatever is done."
        )
    baseline, others = before[at], before[:at]
    if all(_better(r, baseline, kpi) > 0 for r in others):
        return (
            f"{group}The baseline is the worst of the {at + 1} periods known up to it. What was bad tends to come back "
            "to the usual whatever is done, and that is paid for too."
        )
    return f"{group}The baseline is not the worst of the {at + 1} periods known up to it."
