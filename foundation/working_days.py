"""Working days in England: days that are no Saturday, no Sunday and no bank holiday.

Belongs here: the table of bank holidays, and counting working days. Not here: what a number of days means.

Source of the table: https://www.gov.uk/bank-holidays (England and Wales), Open Government Licence v3.0. It follows
from the Banking and Financial Dealings Act 1971 and from proclamations; 8 May 2023 (the Coronation) is by proclamation
alone.
"""

from __future__ import annotations

from datetime import date, timedelta

from foundation.errors import Refused

# Year -> month-day. A day that falls on a weekend stands here as the working day that takes its place.
BANK_HOLIDAYS: dict[int, tuple[str, ...]] = {
    2023: ("01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"),
    2024: ("01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"),
    2025: ("01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"),
    2026: ("01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"),
    2027: ("01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"),
    2028: ("01-03", "04-14", "04-17", "05-01", "05-29", "08-28", "12-25", "12-26"),
}
_SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Whether a day is a working day in England. Refused for a year whose bank holidays the table does not hold."""
    if day.year not in BANK_HOLIDAYS:
        raise Refused(
            f"the bank holidays of {day.year} are not known here, so working days cannot be counted.",
            "add the year to foundation/working_days.py from https://www.gov.uk/bank-holidays.",
        )
    return day.weekday() < _SATURDAY and f"{day:%m-%d}" not in BANK_HOLIDAYS[day.year]


def after_working_days(day: date, count: int) -> date:
    """The `count`-th working day after a day, which is not counted itself. Refused as `is_working_day`."""
    reached = day
    for _ in range(count):
        reached += timedelta(days=1)
        while not is_working_day(reached):
            reached += timedelta(days=1)
    return reached
