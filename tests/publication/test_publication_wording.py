"""Dates, money, periods and markers as a reader in England expects them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from publication import wording


def test_money_is_pounds_and_pence() -> None:
    assert wording.money(107997685) == "£1,079,976.85"
    assert wording.money(-5) == "−£0.05"
    assert wording.money(0) == "£0.00"


def test_dates_are_british() -> None:
    assert wording.day(date(2025, 4, 1)) == "1 April 2025"
    assert wording.day(None) == "not known"


@pytest.mark.parametrize(
    ("label", "kind", "words"),
    [
        ("2025-04", "month", "April 2025"),
        ("2025-26-q1", "quarter", "Quarter 1 of 2025/26 (April to June 2025)"),
        ("2024-25-q4", "quarter", "Quarter 4 of 2024/25 (January to March 2025)"),
        ("2024-25", "year", "2024/25 (April 2024 to March 2025)"),
        ("2011-12", "year", "2011/12 (April 2011 to March 2012)"),
        ("2011-12", "month", "December 2011"),
    ],
)
def test_periods_in_words(label: str, kind: str, words: str) -> None:
    assert wording.period_long(label, kind) == words


def test_quarters_of_one_year_are_named_together() -> None:
    labels = [("2025-26-q1", "quarter"), ("2025-26-q2", "quarter"), ("2025-26", "year")]
    assert wording.periods_listed(labels) == "quarters 1 and 2 of 2025/26 and the year 2025/26"


@pytest.mark.parametrize(
    ("value", "marker", "text"),
    [(Decimal("446"), None, "446.0"), (Decimal("4512.25"), "", "4,512.3"), (Decimal("439.9"), "p", "439.9 [p]"),
     (Decimal("446"), "w", "[w]"), (None, "x", "[x]"), (None, None, "[x]"), (Decimal("3"), "c", "[c]")],
)  # fmt: skip
def test_values_print_at_their_precision_or_as_a_marker(value: Decimal | None, marker: str | None, text: str) -> None:
    assert wording.value_text(value, 1, marker) == text


def test_changes_say_whether_they_are_better() -> None:
    assert wording.fewer(Decimal("-25.5"), 1, "low") == "25.5 lower (better)"
    assert wording.fewer(Decimal("2"), 1, "low") == "2.0 higher (worse)"
    assert wording.fewer(Decimal("2"), 0, "neutral") == "2 higher"
    assert wording.fewer(Decimal(0), 1, "low") == "the same"


def test_sizes() -> None:
    assert wording.bytes_size(999) == "999 bytes"
    assert wording.bytes_size(14_200) == "14.2 KB"
