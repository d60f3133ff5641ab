"""A small invented place: four months, two trusts and a board, with every kind of gap; and what must come of it.

The expected figures are computed here by looping over days with exact fractions, the slow and obvious way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

from dbt_lake import AREA, Lake, add_ledger, days, register_rows

from foundation.period import Period, month_of

FIRST, LAST = date(2024, 4, 1), date(2024, 7, 31)
# 3 of April's 30 days: exactly the limit of 10 %. 4 of May's 31: above it.
ZERO_DAYS = {date(2024, 4, 2), date(2024, 4, 3), date(2024, 4, 30)}
BLANK_DAYS = {date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 3), date(2024, 5, 31)}
RESENT = days(date(2024, 6, 10), date(2024, 6, 12))
WITHOUT_HOUR = set(days(date(2024, 6, 27), date(2024, 7, 31)))


def half_up(quotient: Fraction, decimals: int) -> Decimal:
    """A fraction rounded half away from zero."""
    scaled = abs(quotient) * 10**decimals
    whole = int(scaled + Fraction(1, 2))
    return (Decimal(whole if quotient >= 0 else -whole) / 10**decimals).quantize(
        Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP
    )


@dataclass
class Synthetic:
    lake: Lake
    census: dict[date, int] = field(default_factory=dict)
    totals: dict[str, dict[date, int | None]] = field(default_factory=dict)
    by_1700: dict[str, dict[date, int | None]] = field(default_factory=dict)
    submissions: dict[str, str] = field(default_factory=dict)

    def complete(self, day: date) -> bool:
        return self.census[day] > 0 and all((trust[day] or 0) > 0 for trust in self.totals.values())

    def has_hour(self, day: date) -> bool:
        return self.complete(day) and all(trust[day] is not None for trust in self.by_1700.values())

    def expected(self, period: Period) -> dict[str, tuple[Decimal | None, int]]:
        """Indicator -> value at one decimal and number of missing days, looping over the days of a period."""
        covered = [day for day in days(FIRST, LAST) if period.start <= day <= period.end]
        whole = [day for day in covered if self.complete(day)]
        timed = [day for day in covered if self.has_hour(day)]
        census = sum(self.census[day] for day in whole)
        discharged = sum(trust[day] or 0 for day in whole for trust in self.totals.values())
        early = sum(trust[day] or 0 for day in timed for trust in self.by_1700.values())
        all_timed = sum(trust[day] or 0 for day in timed for trust in self.totals.values())
        missing = len(covered) - len(whole)
        return {
            "no_criteria_to_reside": (half_up(Fraction(census, len(whole)), 1), missing),
            "no_criteria_to_reside_per_100_discharges": (half_up(Fraction(100 * census, discharged), 1), missing),
            "discharged_by_1700": (
                half_up(Fraction(100 * early, all_timed), 1) if all_timed else None,
                len(covered) - len(timed),
            ),
        }


def synthetic_lake(root: Path) -> Synthetic:
    """Write the lake; deterministic numbers, no randomness."""
    place = Synthetic(Lake(root))
    lake = place.lake
    place.submissions["register"] = lake.add("reference_organisations", AREA, (FIRST, FIRST), register_rows(FIRST))
    place.totals = {"RTG": {}, "RFS": {}}
    place.by_1700 = {"RTG": {}, "RFS": {}}
    for number, day in enumerate(days(FIRST, LAST)):
        place.census[day] = 400 + (number * 37) % 61
        for trust, base in (("RTG", 180), ("RFS", 70)):
            total: int | None = base + (number * 13) % 29
            if trust == "RFS":
                total = 0 if day in ZERO_DAYS else None if day in BLANK_DAYS else total
            place.totals[trust][day] = total
            place.by_1700[trust][day] = (
                None if total is None or day in WITHOUT_HOUR else total * (50 + number % 30) // 100
            )
    for month in sorted({month_of(day) for day in days(FIRST, LAST)}):
        span = days(month.start, month.end)
        place.submissions[f"board {month.label}"] = lake.add(
            "daily_discharge_return",
            AREA,
            (month.start, month.end),
            [{"date": day, "no_criteria_to_reside": place.census[day]} for day in span],
        )
        for trust, totals in place.totals.items():
            lake.add(
                "daily_discharge_return",
                trust,
                (month.start, month.end),
                [
                    {
                        "date": day,
                        "discharged_total": totals[day],
                        "discharged_by_1700": place.by_1700[trust][day],
                        "discharged_1700_to_2359": None
                        if place.by_1700[trust][day] is None
                        else (totals[day] or 0) - (place.by_1700[trust][day] or 0),
                    }
                    for day in span
                ],
            )
    # the board corrects three days; the rest of its June stands
    for day in RESENT:
        place.census[day] += 100
    place.submissions["resent"] = lake.add(
        "daily_discharge_return",
        AREA,
        (RESENT[0], RESENT[-1]),
        [{"date": day, "no_criteria_to_reside": place.census[day]} for day in RESENT],
        sequence=2,
    )
    # in the lake, but not of this data cut
    lake.add(
        "daily_discharge_return",
        AREA,
        (FIRST, LAST),
        [{"date": day, "no_criteria_to_reside": 4999} for day in days(FIRST, LAST)],
        sequence=9,
        accept=False,
    )
    for label, value in (("2024-04", 52), ("2024-05", 50)):
        month = month_of(date.fromisoformat(f"{label}-01"))
        lake.add(
            "aggregate_kpi_return",
            "E38000261",
            (month.start, month.end),
            [
                {
                    "kpi": "talking_therapies_reliable_recovery",
                    "period_start": month.start,
                    "period_end": month.end,
                    "value": Decimal(value).quantize(Decimal("1e-9")),
                    "unit": "percent",
                }
            ],
        )
    add_ledger(lake, "acute-trust", "2024-04", {"wards": "1000.10", "hub": "0.29"})
    add_ledger(lake, "acute-trust", "2024-05", {"wards": "2000.20", "dropped": "999.99"})
    add_ledger(lake, "acute-trust", "2024-05", {"wards": "2000.25"}, sequence=2)
    add_ledger(lake, "city-council", "2024-04", {"reablement": "70.07"})
    return place
