"""The rules of disclosure control: which count may be shown, and as what.

Belongs here: single cells. Not here: tables of cells (`areas`, `groups`), what their sums give away (`ranges`,
`bounds`). Source: NHS England's rules for hospital statistics; OpenSAFELY's for totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from foundation.errors import Refused
from publication.inputs import Row
from publication.wording import as_period, rounded

HIDDEN = ("w", "x", "c", "z")
TOO_FEW = "Confidential: the figure rests on too few people to be shown."
PROTECTS = "Confidential: the figure rests on few people, or with it a figure that does could be worked out."
RELATED = "Confidential: beside a related indicator the figure would give a small count away."
OFF_QUARTER = (
    "Confidential: twelve months that do not end with a quarter would, beside the quarters, give a small count away."
)
OFF_YEAR = (
    "Confidential: twelve months that are no financial year would, beside others they overlap, give a small count away."
)
BESIDE = "Confidential: beside other public figures or a former release the figure would give a small count away."
COHORT = "Confidential: of a closed cohort of few people only financial years are shown."
NO_LIMITS = "not published: limits would give the exact count away"
# Statistics whose value is the exact quotient of counts over months, so that a year is the sum of its months.
RATES = ("crude_rate",)
PROPORTIONS = ("proportion", "maintained_proportion")
# Statistics whose numerator is part of their denominator, so that the rest of it is told with them.
PARTS = (*PROPORTIONS, "share_of_events")
# The same, also where the parts are only published as a percentage.
PARTS_OF_A_WHOLE = (*PARTS, "published_percentage")


@dataclass(frozen=True)
class Rules:
    """Settings of disclosure control.

    `candidates`: how many printable values a withheld figure must still be able to have, given everything shown.
    `least_people`: fewest people or events behind a mean, a median or a standardised rate.
    `least_population`: fewest residents behind a rate. `small_cohort`: of a closed cohort with fewer people a month
    than this only years are shown.
    """

    largest_hidden: int = 7
    nearest: int = 5
    small_group: int = 100
    candidates: int = 3
    least_people: int = 10
    least_population: int = 8
    small_cohort: int = 250


def rules_of(declared: Mapping[str, Any]) -> Rules:
    """The rules of a place that declares settings of its own; the others are those everybody has.

    Refused when a setting is unknown, is no whole number, or would protect less than everybody's does.
    """
    floor = Rules()
    names = [item.name for item in fields(Rules)]
    for name, value in declared.items():
        if name not in names:
            raise Refused(f"{name} is no setting of disclosure control.", f"the settings are {', '.join(names)}.")
        if type(value) is not int or value < getattr(floor, name):
            raise Refused(
                f"the disclosure setting {name} is {value}: it must be a whole number and at least "
                f"{getattr(floor, name)}.",
                "a place may protect more than the rules of the house, never less.",
            )
    rules = replace(floor, **declared)
    # otherwise a shown count could round to nought, and two rounded ones could hide a few people between them
    if 2 * (rules.nearest // 2) > rules.largest_hidden:
        raise Refused(
            f"counts would be rounded to the nearest {rules.nearest}, and only 1 to {rules.largest_hidden} are hidden.",
            f"set largest_hidden to {2 * (rules.nearest // 2)} or more, or nearest to less.",
        )
    if rules.least_people <= rules.largest_hidden or rules.least_population <= rules.largest_hidden:
        raise Refused(
            f"{rules.largest_hidden} people are few, and a mean or a rate of no more would be shown.",
            f"set least_people and least_population to more than {rules.largest_hidden}.",
        )
    return rules


@dataclass(frozen=True)
class Hidden:
    """One thing left out of the public view beyond what its marker already says."""

    figure_id: str
    what: str
    why: str


def shown_count(count: Decimal | int, rules: Rules | None = None) -> int | None:
    """The count as shown: 0 stays 0, 1 to 7 is hidden (None), others go to the nearest 5."""
    rules = rules or Rules()
    exact = Decimal(count)
    if exact < 0:
        raise Refused("a count below zero cannot be shown.", "correct the numerator or denominator it came from.")
    if exact == 0:
        return 0
    if exact <= rules.largest_hidden:
        return None
    return int(rounded(exact / rules.nearest, 0)) * rules.nearest


def shown_total(cells: Iterable[int | None]) -> int | None:
    """Sum of the shown cells; hidden ones count nothing. None when every cell is hidden."""
    shown = [cell for cell in cells if cell is not None]
    return sum(shown) if shown else None


def shown_rate(
    numerator: int | None, denominator: int | None, multiplier: int, decimals: int, rules: Rules | None = None
) -> Decimal | None:
    """A percentage or rate from rounded parts. None where either part is hidden, where the group is empty, and
    where a small group would be shown as 0 % or 100 %."""
    rules = rules or Rules()
    if numerator is None or denominator is None or denominator == 0:
        return None
    if denominator < rules.small_group and numerator in (0, denominator):
        return None
    return rounded(Decimal(numerator) * multiplier / denominator, decimals)


def multiplier_of(unit: str, statistic: str) -> int | None:
    """By how much numerator over denominator is multiplied to give the value in its unit. None: not known, or the
    value is not their quotient. The denominator of a crude rate is person-months, so a year's rate has twelve."""
    if statistic in ("census_mean", "mean", "median"):
        return 1
    if statistic == "dsr":
        return None
    words = unit.lower().replace(",", "").replace("_", " ")
    if words in ("percent", "per cent", "%") or words.startswith(("percent ", "per cent ", "% ")):
        return 100
    yearly = 12 if statistic in RATES else 1
    for part in words.split("per ")[1:]:
        first = part.split()[0] if part.split() else ""
        if first.isdigit():
            return int(first) * yearly
    return 1 if statistic == "ratio_of_sums" and "per" not in words.split() else None


def shown_share(part: int, rest: int, rules: Rules | None = None) -> Decimal | None:
    """A part of a whole in per cent with one decimal, from rounded counts; None where the part or the rest is too small
    to be shown. A part of nobody is 0.0 %."""
    shown, others = shown_count(part, rules), shown_count(rest, rules)
    if shown is None or others is None or shown + others == 0:
        return None
    return rounded(Decimal(shown) * 100 / (shown + others), 1)


def blank(row: Row) -> None:
    """Take every digit of a figure away."""
    for name in ("value", "numerator", "denominator", "lower", "upper"):
        row[name] = None


def hide(row: Row, reason: str) -> None:
    """Mark a figure confidential and take its digits away."""
    blank(row)
    row["marker"], row["reason"] = "c", reason


def span_of(row: Mapping[str, Any]) -> tuple[date, date]:
    """First and last day of a row's period."""
    return _span(str(row["period_id"]), str(row["period_kind"]))


def moment_of(row: Mapping[str, Any], *, by_last_day: bool) -> tuple[date, date]:
    """First and last day a row's figure is made of: those of its period, or the last one alone."""
    start, end = span_of(row)
    return (end, end) if by_last_day else (start, end)


@lru_cache(maxsize=4096)
def _span(period_id: str, period_kind: str) -> tuple[date, date]:
    period = as_period(period_id, period_kind)
    return period.start, period.end


def months_in(row: Mapping[str, Any]) -> int:
    """Whole months in a row's period."""
    start, end = span_of(row)
    return (end.year - start.year) * 12 + end.month - start.month + 1
