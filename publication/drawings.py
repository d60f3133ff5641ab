"""Funnels, bars, ranges and waterfalls as inline SVG, drawn from the numbers of the table beside them.

Belongs here: where a mark stands. Not here: series over time (charts), limits (funnel). Coordinates are whole pixels,
computed exactly, so the bytes are the same on every machine.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from publication.charts import INK, LINE, nice_step
from publication.funnel import Funnel
from publication.wording import number

MARK, SOFT, LESS = "#0072b2", "#8b979f", "#c04f00"


@dataclass(frozen=True)
class Dot:
    """One group of a funnel."""

    label: str
    value: Decimal
    denominator: Decimal


@dataclass(frozen=True)
class Bar:
    """One group of a bar chart; `value` None: not shown, with the mark in `text`."""

    label: str
    value: Decimal | None
    text: str


@dataclass(frozen=True)
class Range:
    """A spread of values: least and most, the ends of its middle part, and its middle."""

    label: str
    least: Decimal
    low: Decimal
    middle: Decimal
    high: Decimal
    most: Decimal


@dataclass(frozen=True)
class _Axis:
    """A scale from numbers to pixels, with round ticks."""

    ticks: tuple[Decimal, ...]
    start: int
    end: int

    @classmethod
    def over(cls, values: Iterable[Decimal], start: int, end: int, *, zero: bool = False) -> _Axis:
        known = list(values)
        low, high = min(known), max(known)
        if zero:
            low = min(low, Decimal(0))
        step = nice_step(high - low or abs(high) or Decimal(1))
        first = (low / step).to_integral_value(ROUND_FLOOR)
        last = (high / step).to_integral_value(ROUND_CEILING)
        return cls(tuple(step * n for n in range(int(first), max(int(last), int(first) + 1) + 1)), start, end)

    def at(self, value: Decimal) -> int:
        low, high = self.ticks[0], self.ticks[-1]
        place = self.start + (value - low) / (high - low) * (self.end - self.start)
        return int(place.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    @property
    def decimals(self) -> int:
        return max(0, *(-int(tick.normalize().as_tuple().exponent) for tick in self.ticks))


def _text(x: int, y: int, words: str, anchor: str = "start", size: int = 14) -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-family="Arial, sans-serif" font-size="{size}" '
        f'fill="{INK}">{html.escape(words)}</text>'
    )


def _line(x1: int, y1: int, x2: int, y2: int, colour: str, more: str = "") -> str:
    return f'<path d="M{x1} {y1}L{x2} {y2}" stroke="{colour}"{more} fill="none"/>'


def _whole(width: int, height: int, title: str, key: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="{key}-title" focusable="false"><title id="{key}-title">{html.escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def _funnel(dots: Sequence[Dot], funnel: Funnel | None, unit: str, below: str, title: str, key: str,
            width: int, height: int) -> str:  # fmt: skip
    sizes = [dot.denominator for dot in dots]
    # from zero, so that the funnel is seen to narrow
    across = _Axis.over(sizes, 64, width - 28, zero=True)
    least, most = min(sizes) / 2, across.ticks[-1]
    steps = [least + (most - least) * n / 40 for n in range(41)]
    curves = {
        (level, side): [(size, funnel.limits(size, level)[side]) for size in steps]
        for level in ("95", "99.8") for side in (0, 1)
    } if funnel else {}  # fmt: skip
    heights = [dot.value for dot in dots] + [value for line in curves.values() for _, value in line]
    upright = _Axis.over(heights, height - 56, 34)
    parts = [_text(8, 20, unit)]
    for tick in upright.ticks:
        parts.append(_line(64, upright.at(tick), width - 28, upright.at(tick), "#d9dee2"))
        parts.append(_text(56, upright.at(tick) + 5, number(tick, upright.decimals), "end", 13))
    every = 1 if width > 500 else 2
    for tick in across.ticks[::every]:
        parts.append(_line(across.at(tick), height - 56, across.at(tick), height - 50, LINE))
        parts.append(_text(across.at(tick), height - 34, number(tick, across.decimals), "middle", 13))
    parts.append(_text(width - 28, height - 10, below, "end"))
    for (level, _), line in curves.items():
        dash = ' stroke-dasharray="6 4"' if level == "95" else ""
        points = "L".join(f"{across.at(size)} {upright.at(value)}" for size, value in line)
        parts.append(f'<path d="M{points}" stroke="{LINE}" stroke-width="1.5" fill="none"{dash}/>')
    if funnel:
        parts.append(_line(64, upright.at(funnel.centre), width - 28, upright.at(funnel.centre), INK))
    for dot in dots:
        x, y = across.at(dot.denominator), upright.at(dot.value)
        parts.append(f'<circle cx="{x}" cy="{y}" r="6" fill="{MARK}" stroke="#fff"/>')
        left = x > width - 100
        parts.append(_text(x - 10 if left else x + 10, y - 8, dot.label, "end" if left else "start", 13))
    return _whole(width, height, title, key, parts)


def funnel_drawing(
    dots: Sequence[Dot], funnel: Funnel | None, unit: str, below: str, title: str, key: str
) -> tuple[str, str]:
    """A wide and a narrow drawing of groups by size, with the limits of chance where there are any."""
    return (
        _funnel(dots, funnel, unit, below, title, f"{key}-wide", 860, 380),
        _funnel(dots, funnel, unit, below, title, f"{key}-narrow", 340, 300),
    )


def _bars(bars: Sequence[Bar], unit: str, title: str, key: str, width: int) -> str:
    left, height = 190 if width > 500 else 130, 40 + 34 * len(bars) + 8
    values = [bar.value for bar in bars if bar.value is not None]
    axis = _Axis.over([Decimal(0), *values], left, width - 70, zero=True)
    parts = [_text(8, 20, unit), _line(axis.at(Decimal(0)), 30, axis.at(Decimal(0)), height - 8, LINE)]
    for place, bar in enumerate(bars):
        top = 36 + 34 * place
        parts.append(_text(left - 8, top + 17, bar.label, "end", 14 if width > 500 else 12))
        if bar.value is not None:
            span = axis.at(bar.value) - axis.at(Decimal(0))
            x = axis.at(Decimal(0)) if span >= 0 else axis.at(bar.value)
            parts.append(f'<rect x="{x}" y="{top}" width="{abs(span)}" height="24" fill="{MARK}"/>')
        parts.append(_text((axis.at(bar.value) if bar.value is not None else left) + 8, top + 17, bar.text, size=13))
    return _whole(width, height, title, key, parts)


def bar_drawing(bars: Sequence[Bar], unit: str, title: str, key: str) -> tuple[str, str]:
    """A wide and a narrow drawing of groups in their own order, from zero."""
    return _bars(bars, unit, title, f"{key}-wide", 860), _bars(bars, unit, title, f"{key}-narrow", 340)


def _places(values: Iterable[Decimal], left: int, width: int, height: int) -> tuple[_Axis, list[str]]:
    """An axis across with its ticks above what is drawn."""
    axis = _Axis.over(values, left, width - 70, zero=True)
    parts = []
    for tick in axis.ticks[:: 1 if width > 500 else 2]:
        parts.append(_line(axis.at(tick), 46, axis.at(tick), height - 8, "#d9dee2"))
        parts.append(_text(axis.at(tick), 40, number(tick, axis.decimals), "middle", 12))
    parts.append(_line(axis.at(Decimal(0)), 46, axis.at(Decimal(0)), height - 8, LINE))
    return axis, parts


def _ranges(ranges: Sequence[Range], unit: str, title: str, key: str, width: int) -> str:
    left, height = 220 if width > 500 else 130, 56 + 34 * len(ranges) + 8
    axis, parts = _places((end for one in ranges for end in (one.least, one.most)), left, width, height)
    parts.insert(0, _text(8, 20, unit))
    for place, one in enumerate(ranges):
        top = 52 + 34 * place
        low, high = axis.at(one.low), axis.at(one.high)
        parts.append(_text(left - 12, top + 17, one.label, "end", 14 if width > 500 else 12))
        parts.append(_line(axis.at(one.least), top + 12, axis.at(one.most), top + 12, SOFT, ' stroke-width="2"'))
        parts.append(f'<rect x="{low}" y="{top + 2}" width="{max(high - low, 1)}" height="20" fill="{MARK}"/>')
        middle = axis.at(one.middle)
        parts.append(_line(middle, top - 2, middle, top + 26, INK, ' stroke-width="3"'))
    return _whole(width, height, title, key, parts)


def range_drawing(ranges: Sequence[Range], unit: str, title: str, key: str) -> tuple[str, str]:
    """A wide and a narrow drawing of spreads: a thin line over all of it, a bar over its middle part, its middle."""
    return _ranges(ranges, unit, title, f"{key}-wide", 860), _ranges(ranges, unit, title, f"{key}-narrow", 340)


def _waterfall(steps: Sequence[Bar], start: Bar, end: Bar, unit: str, title: str, key: str, width: int) -> str:
    left, height = 250 if width > 500 else 130, 56 + 34 * (len(steps) + 2) + 8
    at = [start.value or Decimal(0)]
    for step in steps:
        at.append(at[-1] + (step.value or Decimal(0)))
    axis, parts = _places([*at, end.value or Decimal(0)], left, width, height)
    parts.insert(0, _text(8, 20, unit))
    whole = [(start, Decimal(0), start.value or Decimal(0), SOFT)]
    whole += [
        (step, before, after, MARK if after >= before else LESS)
        for step, before, after in zip(steps, at, at[1:], strict=False)
    ]
    whole.append((end, Decimal(0), end.value or Decimal(0), SOFT))
    for place, (bar, before, after, colour) in enumerate(whole):
        top, ends = 52 + 34 * place, sorted((axis.at(before), axis.at(after)))
        parts.append(_text(left - 12, top + 17, bar.label, "end", 14 if width > 500 else 12))
        parts.append(f'<rect x="{ends[0]}" y="{top}" width="{max(ends[1] - ends[0], 1)}" height="24" fill="{colour}"/>')
        if place < len(whole) - 1:
            parts.append(_line(axis.at(after), top + 24, axis.at(after), top + 34, LINE))
        right = ends[1] + 6
        if right > width - 110:
            parts.append(_text(ends[0] - 6, top + 17, bar.text, "end", 13))
        else:
            parts.append(_text(right, top + 17, bar.text, size=13))
    return _whole(width, height, title, key, parts)


def waterfall_drawing(steps: Sequence[Bar], start: Bar, end: Bar, unit: str, title: str, key: str) -> tuple[str, str]:
    """A wide and a narrow drawing of what leads from one sum to another, each step from where the last one ended."""
    return (
        _waterfall(steps, start, end, unit, title, f"{key}-wide", 860),
        _waterfall(steps, start, end, unit, title, f"{key}-narrow", 340),
    )
