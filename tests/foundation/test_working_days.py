"""Working days in England: the table agrees with the rules it follows from, and a challenge window counts by it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from foundation.errors import Refused
from foundation.working_days import BANK_HOLIDAYS, after_working_days, is_working_day

BY_PROCLAMATION = {2023: {"05-08"}}  # the Coronation


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def _monday(first: date) -> date:
    return first + timedelta(days=-first.weekday() % 7)


def _last_monday(last: date) -> date:
    return last - timedelta(days=last.weekday())


def _in_lieu(days: list[date]) -> list[date]:
    """Each day, or the next working day that none of the others takes."""
    taken: list[date] = []
    for day in days:
        while day.weekday() > 4 or day in taken:
            day += timedelta(days=1)
        taken.append(day)
    return taken


@pytest.mark.parametrize("year", BANK_HOLIDAYS)
def test_the_table_follows_from_the_rules(year: int) -> None:
    easter = _easter(year)
    wanted = [
        *_in_lieu([date(year, 1, 1)]),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        _monday(date(year, 5, 1)),
        _last_monday(date(year, 5, 31)),
        _last_monday(date(year, 8, 31)),
        *_in_lieu([date(year, 12, 25), date(year, 12, 26)]),
    ]
    assert set(BANK_HOLIDAYS[year]) == {f"{day:%m-%d}" for day in wanted} | BY_PROCLAMATION.get(year, set())


def test_counting() -> None:
    # by hand: Friday 2 May is the 1st, Monday 5 May is a bank holiday, Friday 23 May is the 15th
    assert after_working_days(date(2025, 5, 1), 15) == date(2025, 5, 23)
    assert after_working_days(date(2025, 12, 24), 1) == date(2025, 12, 29)
    assert after_working_days(date(2025, 5, 3), 1) == date(2025, 5, 6)
    assert [is_working_day(date(2025, 4, day)) for day in (17, 18, 19, 20, 21, 22)] == [True, *[False] * 4, True]


def test_a_year_that_is_not_known_is_not_guessed() -> None:
    with pytest.raises(Refused, match="bank holidays of 2029 are not known"):
        after_working_days(date(2028, 12, 29), 15)
