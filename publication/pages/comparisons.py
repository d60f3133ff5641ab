"""Inequality between the fifths and the trend of a figure, in a sentence each, and the small table behind the first.

Belongs here: their words. Not here: their numbers (publication.inequality, publication.trend), drawings (groups).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from publication.inequality import Index, Inequality, inequality_of
from publication.inputs import Row
from publication.pages.frame import cell, heads, row
from publication.trend import POINTS, Trend, trend_of
from publication.wording import fewer, number, period_name, unit_words

NOT_ALL_SHOWN = (
    "How unequal the fifths are is not given: it would need all five, and not every one is shown. From a comparison of "
    "those that are left what is hidden could be worked out."
)
MADE_FROM = (
    "From the rounded figures of the fifths alone, so that it says nothing about any of them that the table above does "
    "not."
)
SIMULATED = " Limits are simulated."
APPROXIMATE = " Limits are simulated, from those of crude rates of the same size, which is an approximation."
_WORDS = {5: "five"}


def inequality_part(rows: Sequence[Row], entry: Row, when: str, key: str) -> dict[str, Any]:
    """Sentences and a table about one period's fifths; why there are none where not all five are shown."""
    found = inequality_of(rows, entry)
    if found is None:
        return {"lines": [NOT_ALL_SHOWN] if any(r["value"] is not None for r in rows) else [], "table": None}
    return {"lines": _sentences(found, entry), "table": _table(found, entry, when, key)}


def _sentences(found: Inequality, entry: Row) -> list[str]:
    decimals, unit = entry["value_decimals"], unit_words(entry["unit"], entry["statistic"])
    words = fewer(found.gap, decimals, entry["polarity"])
    if found.gap == 0:
        lines = [f"The most and the least deprived fifth have the same figure: {number(found.most, decimals)} {unit}."]
    else:
        times = f"; {number(found.ratio, 2)} times as much" if found.ratio is not None else ""
        lines = [
            f"In the most deprived fifth the figure is {words} than in the least deprived: "
            f"{number(found.most, decimals)} against {number(found.least, decimals)} {unit}{times}."
        ]
    if found.slope is not None:
        lines.append(_along_the_line(found.slope, decimals))
    return [" ".join(lines)]


def _along_the_line(slope: Index, decimals: int) -> str:
    way = "rises" if slope.value > 0 else "falls" if slope.value < 0 else "stays level"
    by = f" by {number(abs(slope.value), decimals)}" if slope.value else ""
    text = f"Along all five fifths it {way}{by} towards the most deprived"
    if slope.limits is None:
        return f"{text}; how far chance moves that cannot be said from the figures shown."
    if slope.differs_from(Decimal(0)):
        return f"{text}: more than chance alone would give."
    return f"{text}: chance alone could give that, so no clear inequality is shown."


def _limits(index: Index | None, decimals: int) -> str:
    return "–" if index is None or index.limits is None else " to ".join(number(n, decimals) for n in index.limits)


def _table(found: Inequality, entry: Row, when: str, key: str) -> dict[str, Any]:
    decimals = entry["value_decimals"]
    rows: list[tuple[str, Decimal | None, int, Index | None, str]] = [
        ("Gap", found.gap, decimals, None, "most deprived fifth less least deprived"),
        ("Ratio", found.ratio, 2, None, "most deprived fifth over least deprived"),
    ]
    if found.slope is not None:
        rows.append(("Slope index of inequality", found.slope.value, decimals, found.slope,
                     "difference between the ends of a line through all five fifths; 0 is none"))  # fmt: skip
    if found.relative is not None:
        rows.append(("Relative index of inequality", found.relative.value, 2, found.relative,
                     "ratio of the same ends; 1 is none"))  # fmt: skip
    body = [
        row(cell(name), cell("–" if value is None else number(value, places), n=True),
            cell(_limits(index, places), n=True), cell(meaning))
        for name, value, places, index, meaning in rows
    ]  # fmt: skip
    return {"key": f"{key}-inequality", "caption": f"Inequality between the fifths, {when}",
            "head": heads("Measure", "#Value", "#95 % limits", "What it says"), "rows": body,
            "note": MADE_FROM + _limits_words(found, entry)}  # fmt: skip


def _limits_words(found: Inequality, entry: Row) -> str:
    if found.slope is None or found.slope.limits is None:
        return ""
    return APPROXIMATE if entry["statistic"] == "dsr" else SIMULATED


def trend_sentence(rows: Sequence[Row], entry: Row) -> str:
    """The trend of an area's figures in words; empty where there are too few, or the figure has none."""
    found = trend_of(rows, entry["unit"], entry["statistic"], entry.get("breaks"))
    if found is None:
        return ""
    first, last = (period_name(r["period_id"], r["period_kind"]) for r in (found.first, found.last))
    span = f"over the {_WORDS[POINTS]} {found.last['period_kind']}s from {first} to {last}"
    if found.direction == 0:
        return f"Trend: no clear change {span}."
    return f"Trend: {_way(found, entry['polarity'])} {span}, more than chance alone would give."


def _way(found: Trend, polarity: str | None) -> str:
    rising = "rising" if found.direction > 0 else "falling"
    if polarity not in ("low", "high"):
        return rising
    return f"getting {'better' if (found.direction > 0) == (polarity == 'high') else 'worse'} ({rising})"


__all__ = ["inequality_part", "trend_sentence"]
