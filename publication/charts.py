"""Charts as inline SVG: one drawing for wide screens, one for narrow ones, the same bytes on every machine.

Belongs here: how a series of months is drawn. Not here: which months may be shown (disclosure) or what a process
limit is (the warehouse). Labels sit at fixed places, so the fonts of the machine that draws do not matter; months
are drawn by number, so its time zone does not either.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

INK = "#22303a"
LINE = "#3d5566"
GAP = "#e6e1da"
AGREED = "#8a1c4a"
# the version of Vega-Lite the specifications are written for
VEGA_LITE = "6.4"
POINTS = {
    "common_cause": ("#5b6b76", "circle", "usual variation"),
    "special_cause_improvement": ("#0072b2", "triangle-up", "unusual: better"),
    "special_cause_concern": ("#c04f00", "diamond", "unusual: worse"),
    "special_cause_neutral_high": ("#6a3d9a", "square", "unusual: high"),
    "special_cause_neutral_low": ("#6a3d9a", "square", "unusual: low"),
}


@dataclass(frozen=True)
class Point:
    """One month. `value` None is a gap; `centre`, `lower`, `upper` are drawn as lines where present; `breaks` says in
    words that another definition holds from here on, and cuts every line before the month."""

    label: str
    value: Decimal | None
    kind: str = "common_cause"
    centre: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    breaks: str | None = None


@dataclass(frozen=True)
class Reference:
    """A horizontal line with its words: a baseline."""

    value: Decimal
    label: str


_Spec = dict[str, Any]
_DECIMALS = re.compile(r"-?\d*\.\d+")


def _whole(found: re.Match[str]) -> str:
    return str(int(Decimal(found[0]).quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def nice_step(width: Decimal) -> Decimal:
    """A round step that cuts a range into four to eight parts."""
    rough = width / 5
    magnitude = Decimal(1).scaleb(rough.adjusted())
    return next(magnitude * m for m in (1, 2, 5, 10) if magnitude * m >= rough)


def _runs(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Rows for the line: months in one unbroken run carry the same number, so a gap stays a gap and a break a break."""
    rows, run = [], 0
    for index, point in enumerate(points):
        run += point.value is None or point.breaks is not None
        if point.value is not None:
            rows.append({"i": index, "v": float(point.value), "run": run, "kind": point.kind})
    return rows


def _spec(points: Sequence[Point], references: Sequence[Reference], unit: str, width: int, height: int) -> _Spec:
    """The drawing as a Vega-Lite specification."""
    numbers = [
        value for p in points for value in (p.value, p.centre, p.lower, p.upper) if value is not None
    ] + [reference.value for reference in references]  # fmt: skip
    low, high = min(numbers), max(numbers)
    step = nice_step(high - low or abs(high) or Decimal(1))
    bottom = (low / step).to_integral_value(ROUND_FLOOR) * step
    top = (high / step).to_integral_value(ROUND_CEILING) * step
    if top == bottom:
        top += step
    ticks = [bottom + step * n for n in range(int((top - bottom) / step) + 1)]
    digits = max(0, -int(step.normalize().as_tuple().exponent))
    every = 1
    while len(points) / every > (9 if width > 500 else 4):
        every = {1: 2, 2: 3, 3: 6, 6: 12}.get(every, every + 12)
    # count from the first April, so that the ticks fall on the start of a financial year
    first = next((i for i, p in enumerate(points) if p.label.startswith("Apr")), 0) % every
    shown = [i for i in range(len(points)) if i % every == first]
    font = 14 if width > 500 else 13

    across = {"domain": [-0.5, len(points) - 0.5], "nice": False, "zero": False}
    x = {
        "field": "i", "type": "quantitative", "scale": across,
        "axis": {
            "values": shown, "title": None, "grid": False, "labelOverlap": False, "labelFontSize": font,
            "labelColor": INK, "tickColor": LINE, "domainColor": LINE,
            "labelExpr": "{" + ",".join(f"'{i}':'{points[i].label}'" for i in shown) + "}[format(datum.value, 'd')]",
        },
    }  # fmt: skip
    y = {
        "field": "v", "type": "quantitative",
        "scale": {"domain": [float(bottom), float(top)], "nice": False, "zero": False},
        "axis": {
            "values": [float(t) for t in ticks], "format": f",.{digits}f", "title": None, "labelFontSize": font,
            "labelColor": INK, "gridColor": "#d9dee2", "labelOverlap": False, "minExtent": 48, "maxExtent": 48,
            "tickColor": LINE, "domain": False,
        },
    }  # fmt: skip
    runs = {"field": "run", "type": "nominal"}

    def layer(rows: Sequence[Mapping[str, Any]], mark: _Spec, **more: Any) -> _Spec:
        return {"data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y, **more}}

    layers = []
    gaps: list[dict[str, float]] = []
    for index, point in enumerate(points):
        if point.value is None and gaps and gaps[-1]["b"] == index - 0.5:
            gaps[-1]["b"] = index + 0.5
        elif point.value is None:
            gaps.append({"a": index - 0.5, "b": index + 0.5})
    if gaps:
        from_to = {"x": {"field": "a", "type": "quantitative", "scale": across}, "x2": {"field": "b"}}
        layers.append({"data": {"values": gaps}, "mark": {"type": "rect", "color": GAP}, "encoding": from_to})
    for name, dash, colour in (("centre", [1, 0], INK), ("lower", [6, 4], LINE), ("upper", [6, 4], LINE)):
        rows: list[dict[str, Any]] = []
        run = 0
        for index, point in enumerate(points):
            value = getattr(point, name)
            run += point.breaks is not None
            if value is None:
                run += 0 if rows and point.value is None else 1
                continue
            rows.append({"i": index, "v": float(value), "run": run})
        if rows:
            line = {"type": "line", "color": colour, "strokeDash": dash, "strokeWidth": 1.2}
            layers.append(layer(rows, line, detail=runs))
    for index, point in enumerate(points):
        if point.breaks is not None:
            upright = {"field": "i", "type": "quantitative", "scale": across}
            before = {"data": {"values": [{"i": index - 0.5}]}, "encoding": {"x": upright}}
            layers.append({**before, "mark": {"type": "rule", "color": INK, "strokeWidth": 2}})
            words = {
                "type": "text", "align": "left", "baseline": "top", "dx": 4, "y": 2, "fontSize": font,
                "text": point.breaks,
            }  # fmt: skip
            for more in ({"stroke": "white", "strokeWidth": 4}, {"color": INK}):
                layers.append({**before, "mark": {**words, **more}})
    for reference in references:
        rows = [{"i": -0.5, "v": float(reference.value)}, {"i": len(points) - 0.5, "v": float(reference.value)}]
        layers.append(layer(rows, {"type": "line", "color": AGREED, "strokeDash": [2, 3], "strokeWidth": 1.8}))
    months = _runs(points)
    layers.append(layer(months, {"type": "line", "color": LINE, "strokeWidth": 2}, detail=runs))
    for kind, (colour, shape, _) in POINTS.items():
        chosen = [row for row in months if row["kind"] == kind]
        if chosen:
            size = 60 if shape == "circle" else 90
            mark = {"type": "point", "filled": True, "color": colour, "shape": shape, "size": size, "opacity": 1}
            layers.append(layer(chosen, mark))
    for reference in references:
        at = [{"i": -0.5, "v": float(reference.value)}]
        words = {
            "type": "text", "align": "left", "baseline": "bottom", "dx": 4, "dy": -4, "fontSize": font,
            "text": reference.label,
        }  # fmt: skip
        # a white outline below the words keeps them readable over points and lines
        for more in ({"stroke": "white", "strokeWidth": 4}, {"color": AGREED}):
            layers.append(layer(at, {**words, **more}))
    if gaps:
        marks = [{"i": i, "v": float(bottom)} for i, p in enumerate(points) if p.value is None]
        letter = {"type": "text", "text": "w" if width > 500 else "", "baseline": "bottom", "dy": -4}
        layers.append(layer(marks, {**letter, "fontSize": font, "color": INK}))
    return {
        "layer": layers, "width": width - 74, "height": height - 66, "background": "white",
        "padding": {"left": 54, "top": 32, "right": 20, "bottom": 34}, "autosize": {"type": "none"},
        "title": {
            "text": unit, "anchor": "start", "frame": "bounds", "fontSize": font, "fontWeight": "normal",
            "color": INK, "offset": 10,
        },
        "config": {"font": "Arial, sans-serif", "view": {"stroke": None}},
    }  # fmt: skip


def _inline(svg: str, title: str, key: str) -> str:
    """The drawing as part of a page: no ARIA of its own, a title, ids that belong to this drawing alone."""
    svg = re.sub(r'\s+(aria-[a-z]+|role|class)="[^"]*"', "", svg)
    # whole pixels: smaller pages, and no coordinate that could be mistaken for a figure
    svg = re.sub(
        r'(?<=\s)(d|transform|x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"]*)"',
        lambda found: f'{found[1]}="{re.sub(_DECIMALS, _whole, found[2])}"', svg,
    )  # fmt: skip
    svg = re.sub(r'id="([^"]+)"', rf'id="{key}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{key}-\1)", svg)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    if size is None:
        raise ValueError("the drawing has no size")
    svg = re.sub(r'\s(width|height)="[\d.]+"', "", svg, count=2)
    start = svg.index(">") + 1
    head = svg[: start - 1] + f' role="img" aria-labelledby="{key}-title" focusable="false">'
    return head + f'<title id="{key}-title">{html.escape(title)}</title>' + svg[start:]


def month_chart(
    points: Sequence[Point], unit: str, title: str, key: str, references: Sequence[Reference] = ()
) -> tuple[str, str]:
    """A wide and a narrow drawing of the same months as SVG text. `title` says in words what is seen; `key` makes
    the ids of the page unique."""
    import vl_convert

    drawings = []
    for name, width, height in (("wide", 860, 380), ("narrow", 340, 300)):
        svg = vl_convert.vegalite_to_svg(_spec(points, references, unit, width, height), vl_version=VEGA_LITE)
        drawings.append(_inline(svg, title, f"{key}-{name}"))
    return drawings[0], drawings[1]
