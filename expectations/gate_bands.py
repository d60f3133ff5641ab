"""A directly standardised rate computed a second time from its bands of age, without the warehouse's arithmetic.

Belongs here: finding the bands behind a KPI, and what rate they give. Not here: rates that are a plain quotient
(`gate_warehouse`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from foundation.period import financial_year_of, quarter_of, rolling_year_of

# The European Standard Population of 2013: persons by band. The warehouse has it as a table; this is the second copy.
STANDARD = dict(
    zip(
        [*(f"{age}-{age + 4}" for age in range(0, 90, 5)), "90+"],
        (5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500,
         1000),
        strict=True,
    )
)  # fmt: skip
# The bands of a rate that is not of all ages, by indicator: a second copy of what its definition and the warehouse say.
# A band that is absent from rows and sums alike would otherwise give a rate of the others.
AGES = {
    "falls_admissions_65_over": tuple(STANDARD)[13:],
}
# Below this a rate is refused: it would not be reliable.
LEAST_EVENTS = 10
_MONTHS_OF_A_YEAR = 12
_COUNTS = ("band_events", "band_population", "band_weight")

Band = Mapping[str, Any]
Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Bands:
    """Bands of age of every standardised rate, and which group of people each KPI looks at.

    by_figure: rows by indicator, area, period and group. groups: breakdown kind and group by agreement and KPI.
    ages: bands of indicators that are not of all ages.
    """

    by_figure: Mapping[Key, tuple[Band, ...]]
    groups: Mapping[tuple[str, str], tuple[str, str]]
    ages: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: AGES)

    def defined(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        """The bands that the definition of a row's indicator has."""
        return self.ages.get(str(row["indicator_id"]), tuple(STANDARD))

    def of(self, row: Mapping[str, Any]) -> tuple[Band, ...]:
        """The bands behind a row of the KPI return; () where there are none."""
        kind, group = self.groups.get((str(row["agreement_id"]), str(row["kpi_id"])), ("all", "all"))
        return self.by_figure.get((str(row["indicator_id"]), str(row["area_code"]), _measured(row), kind, group), ())


def bands_of(
    rows: Iterable[Band],
    groups: Mapping[tuple[str, str], tuple[str, str]],
    ages: Mapping[str, tuple[str, ...]] = AGES,
) -> Bands:
    """Bands from rows of `int_dsr_bands`. groups, ages: as in `Bands`."""
    found: dict[Key, list[Band]] = {}
    for row in rows:
        key = tuple(
            str(row[name]) for name in ("indicator_id", "area_code", "period_id", "breakdown_kind", "breakdown_group")
        )
        found.setdefault(key, []).append(row)  # type: ignore[arg-type]
    return Bands({key: tuple(own) for key, own in found.items()}, groups, ages)


def _measured(row: Mapping[str, Any]) -> str:
    """Label of the period a row measures, which may end before the one it is settled in."""
    last = row["measurement_end"]
    if row["period_kind"] == "quarter":
        return quarter_of(last).label
    year = financial_year_of(last)
    return year.label if (year.start, year.end) == (row["measurement_start"], last) else rolling_year_of(last).label


def standardised(bands: Iterable[Band], multiplier: int) -> Fraction | None:
    """Σ w·x·12/n ÷ Σ w, times the unit's multiplier, exact. None below the least events or with an empty band."""
    own = list(bands)
    if sum(int(band["band_events"]) for band in own) < LEAST_EVENTS or any(not band["band_population"] for band in own):
        return None
    rates = (
        Fraction(int(band["band_weight"]) * int(band["band_events"]) * _MONTHS_OF_A_YEAR, int(band["band_population"]))
        for band in own
    )
    return sum(rates, Fraction(0)) / sum(int(band["band_weight"]) for band in own) * multiplier


def band_problems(row: Mapping[str, Any], bands: tuple[Band, ...], defined: Collection[str]) -> list[str]:
    """What is wrong with the bands of a row by themselves: none, one twice, no whole number, another weight, one of the
    definition missing or one that is none of its own, or sums that are not the row's own.

    defined: the bands its definition has.
    """
    name = row["figure_id"]
    if not bands:
        return [f"{name}: a standardised rate without its bands of age"]
    ages = [str(band["age_band"]) for band in bands]
    found = [f"{name}: the band {age} stands twice" for age in sorted({age for age in ages if ages.count(age) > 1})]
    for band in bands:
        if any(isinstance(band[count], (float, bool)) or band[count] != int(band[count]) for count in _COUNTS):
            found.append(f"{name}: the band {band['age_band']} holds no whole numbers")
        elif STANDARD.get(str(band["age_band"])) != int(band["band_weight"]):
            found.append(f"{name}: the band {band['age_band']} has another weight than the standard population")
    if found:
        return found
    found += [f"{name}: the band {age} of its definition is missing" for age in defined if age not in ages]
    found += [f"{name}: the band {age} is none of its definition" for age in ages if age not in defined]
    for column, counted in (("numerator", "band_events"), ("denominator", "band_population")):
        total = sum(int(band[counted]) for band in bands)
        if row[column] is not None and Decimal(row[column]) != total:
            found.append(f"{name}: its bands add up to {total}, and its {column} is {Decimal(row[column]):f}")
    return found
