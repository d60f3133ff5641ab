"""Figures, dates and money as a reader in England expects them on a page.

Belongs here: the words and digits of one value. Not here: which value is shown, or where.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from foundation.period import Period, parse_period

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MARKERS = {
    "p": "provisional",
    "w": "withheld",
    "x": "not available",
    "c": "confidential",
    "z": "not applicable",
}
LEVELS = ("failure", "poor", "minimum", "stretch", "game_breaking")
LEVEL_WORDS = {
    "failure": "Failure",
    "poor": "Poor",
    "minimum": "Minimum",
    "stretch": "Stretch",
    "game_breaking": "Game-breaking",
}
MINUS = "−"


def rounded(number: Decimal, decimals: int) -> Decimal:
    """Half up, away from zero at the half, to a number of decimals."""
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def number(value: Decimal | int, decimals: int | None = None) -> str:
    """Digits with thousands commas, at a precision where one is given: `4,512.0`."""
    exact = rounded(Decimal(value), decimals) if decimals is not None else Decimal(value)
    return f"{exact:,f}".replace("-", MINUS)


def money(pence: int | None) -> str:
    """Pounds and pence from whole pence: `£1,079,976.85`."""
    if pence is None:
        return "none"
    pounds, rest = divmod(abs(pence), 100)
    return f"{MINUS if pence < 0 else ''}£{pounds:,}.{rest:02d}"


def day(value: date | None) -> str:
    """`1 April 2025`."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}" if value else "not known"


def month_short(value: date) -> str:
    """`Apr 2025`."""
    return f"{MONTHS[value.month - 1][:3]} {value.year}"


def as_period(label: str, kind: str | None = None) -> Period:
    """The period of a label. A year such as `2011-12` can only be told from a month by its kind."""
    if kind == "year" and len(label) == 7:
        start = int(label[:4])
        return Period(date(start, 4, 1), date(start + 1, 3, 31), "year", label)
    return parse_period(label)


def period_name(label: str, kind: str | None = None) -> str:
    """`April 2025`, `quarter 1 of 2025/26`, `2024/25`."""
    period = as_period(label, kind)
    if period.kind == "month":
        return f"{MONTHS[period.start.month - 1]} {period.start.year}"
    if period.kind == "rolling_year":
        return f"the twelve months to {MONTHS[period.end.month - 1]} {period.end.year}"
    year = f"{label[:4]}/{label[5:7]}"
    return f"quarter {label[-1]} of {year}" if period.kind == "quarter" else year


def period_long(label: str, kind: str | None = None) -> str:
    """The name with the months it spans: `Quarter 1 of 2025/26 (April to June 2025)`."""
    period = as_period(label, kind)
    name = period_name(label, kind)
    if period.kind == "month":
        return name
    first, last = MONTHS[period.start.month - 1], MONTHS[period.end.month - 1]
    if period.kind == "rolling_year":
        return f"{first} {period.start.year} to {last} {period.end.year}"
    since = (
        f"{first} to {last} {period.end.year}"
        if period.kind == "quarter"
        else (f"{first} {period.start.year} to {last} {period.end.year}")
    )
    return f"{capital(name)} ({since})"


def group_name(kind: str, group: str) -> str:
    """A part of an area in words: `most deprived fifth`, `ages 65 to 74`, `network ZPN1`."""
    if kind == "deprivation":
        words = {"1": "most deprived fifth", "2": "second fifth", "3": "third fifth", "4": "fourth fifth",
                 "5": "least deprived fifth"}  # fmt: skip
        return words.get(group, f"deprivation {group}")
    if kind == "age":
        first, _, last = group.partition("-")
        return f"ages {first} and over" if last == "over" else f"ages {first} to {last}" if last else f"age {group}"
    return f"network {group}" if kind == "pcn" else f"{kind} {group}"


def capital(text: str) -> str:
    """First letter upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def months_of(label: str) -> str:
    """The months a quarter spans: `April to June 2025`."""
    period = as_period(label)
    return f"{MONTHS[period.start.month - 1]} to {MONTHS[period.end.month - 1]} {period.end.year}"


def sentence(text: str) -> str:
    """Text that begins with a capital and ends with a full stop."""
    text = capital(text.strip())
    return text if not text or text.endswith((".", "!", "?")) else text + "."


def role_name(role: str) -> str:
    """A role id in words: `acute-trust` becomes `Acute trust`."""
    return capital(role.replace("-", " ").replace("_", " "))


def bytes_size(count: int) -> str:
    """`812 bytes`, `14.2 KB`, `3.1 MB` (decimal units)."""
    if count < 1000:
        return f"{count} bytes"
    for unit, size in (("KB", 1000), ("MB", 1_000_000)):
        if count < size * 1000:
            return f"{rounded(Decimal(count) / size, 1)} {unit}"
    return f"{rounded(Decimal(count) / 1_000_000_000, 1)} GB"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 day`, `20 days`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def value_text(value: Decimal | None, decimals: int, marker: str | None) -> str:
    """What a page prints for a figure: the value at its precision, with `[p]` when provisional, or the marker."""
    if marker in ("w", "x", "c", "z"):
        return f"[{marker}]"
    if value is None:
        return "[x]"
    return number(value, decimals) + (" [p]" if marker == "p" else "")


def unit_words(unit: str, statistic: str) -> str:
    """The unit as it follows a value: `patients on an average day`, `%`, `per 100 discharges`, `per 1,000 a year`."""
    if unit.lower() in ("percent", "per cent"):
        return "%"
    if statistic in ("crude_rate", "dsr"):
        return f"{unit} a year"
    return f"{unit} on an average day" if statistic == "census_mean" else unit


def no_interval(method: str | None) -> str:
    """Why a figure has no interval, in a sentence: `No interval: the parts are not published.`"""
    reason = re.sub(r"^(none|no interval)\b[\s:;,.–-]*", "", method or "", flags=re.IGNORECASE)
    return sentence(f"No interval: {reason}" if reason else "No interval")


def fewer(change: Decimal, decimals: int, polarity: str) -> str:
    """A change in words: `25.5 lower (better)`, `the same`."""
    if change == 0:
        return "the same"
    word = f"{number(abs(change), decimals)} {'lower' if change < 0 else 'higher'}"
    if polarity not in ("low", "high"):
        return word
    return f"{word} ({'better' if (change < 0) == (polarity == 'low') else 'worse'})"


def periods_listed(labels: list[tuple[str, str]]) -> str:
    """Periods in words, quarters of one year together: `quarters 1 and 2 of 2025/26 and 2025/26`.

    labels: (period id, kind), in order.
    """
    names: list[str] = []
    quarters: dict[str, list[str]] = {}
    for label, kind in labels:
        if kind == "quarter":
            quarters.setdefault(label[:7], []).append(label[-1])
    for label, kind in labels:
        if kind != "quarter":
            names.append(("the year " if kind == "year" else "") + period_name(label, kind))
        elif numbers := quarters.pop(label[:7], []):
            year = f"{label[:4]}/{label[5:7]}"
            names.append(f"quarter{'s' if len(numbers) > 1 else ''} {listed(numbers)} of {year}")
    return listed(names)


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def plain(value: Any) -> str:
    """Any cell of an open-book table as text."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return day(value)
    return number(value) if isinstance(value, (Decimal, int)) else str(value)
