"""Inequality and trend on public pages: from shown cells alone, right, and in words."""

from __future__ import annotations

import csv
import html
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import people_fixture as people
import pytest

from publication.disclosure.rules import span_of
from publication.inequality import FIFTHS, inequality_of
from publication.intervals import interval_of
from publication.pages.book import before
from publication.pages.comparisons import NOT_ALL_SHOWN, inequality_part, trend_sentence
from publication.release import build_release
from publication.trend import trend_of
from publication.wording import number

SHARE = {"statistic": "proportion", "unit": "percent", "value_decimals": 1, "polarity": "high"}
RATE = {"statistic": "crude_rate", "unit": "per 1,000", "value_decimals": 1, "polarity": "low"}
EVEN = {"5": (100, 500), "4": (100, 500), "3": (100, 500), "2": (100, 500), "1": (100, 500)}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    releases = tmp_path_factory.mktemp("comparisons")
    return releases / build_release(people.build_inputs(), releases) / "public"


def _fifths(counts: dict[str, tuple[int, int]], entry: dict[str, Any]) -> list[dict[str, Any]]:
    per = {"percent": 100, "per 1,000": 12_000}[entry["unit"]]
    return [
        {"breakdown_group": group, "value": round(Decimal(per * top) / bottom, 1), "numerator": Decimal(top),
         "denominator": Decimal(bottom), "lower": None, "upper": None}
        for group, (top, bottom) in counts.items()
    ]  # fmt: skip


def test_a_line_through_a_straight_share_is_that_line() -> None:
    """Odds that double from fifth to fifth, in fifths of one size: the ends lie half a fifth beyond, at 2 ** 2.5."""
    rows = _fifths({"5": (200, 1000), "4": (333, 999), "3": (500, 1000), "2": (666, 999), "1": (800, 1000)}, SHARE)
    found = inequality_of(rows, SHARE)
    assert found is not None and found.slope is not None and found.relative is not None
    assert (found.most, found.least, found.gap, found.ratio) == (
        Decimal("80.0"), Decimal("20.0"), Decimal("60.0"), Decimal("4.00"),
    )  # fmt: skip
    end = 2**2.5 / (1 + 2**2.5)
    assert abs(float(found.slope.value) - 100 * (2 * end - 1)) < 0.1
    assert abs(float(found.relative.value) - end / (1 - end)) < 0.02
    assert found.slope.differs_from(Decimal(0)) and found.relative.differs_from(Decimal(1))
    words = inequality_part(rows, SHARE, "2024/25", "k")
    assert (
        "60.0 higher (better) than in the least deprived: 80.0 against 20.0 %; 4.00 times as much" in words["lines"][0]
    )
    assert "more than chance alone would give" in words["lines"][0]
    assert len(words["table"]["rows"]) == 4


def test_equal_fifths_have_no_inequality() -> None:
    for entry in (SHARE, RATE):
        found = inequality_of(_fifths(EVEN, entry), entry)
        assert found is not None and found.slope is not None and found.relative is not None
        assert (found.gap, found.ratio, found.slope.value, found.relative.value) == (0, 1, 0, 1)
        assert not found.slope.differs_from(Decimal(0))
    said = inequality_part(_fifths(EVEN, SHARE), SHARE, "2024/25", "k")["lines"][0]
    assert "have the same figure: 20.0 %" in said and "no clear inequality" in said


@pytest.mark.parametrize("gone", FIFTHS)
def test_nothing_is_said_where_one_fifth_is_hidden(gone: str) -> None:
    """Whatever the hidden count is: not even a gap between ends that are both shown."""
    rows = _fifths({**EVEN, "1": (300, 500)}, SHARE)
    for row in rows:
        if row["breakdown_group"] == gone:
            row.update(value=None, numerator=None, denominator=None)
    assert inequality_of(rows, SHARE) is None
    assert inequality_part(rows, SHARE, "2024/25", "k") == {"lines": [NOT_ALL_SHOWN], "table": None}
    assert inequality_of([row for row in rows if row["breakdown_group"] != gone], SHARE) is None


def test_a_fifth_without_events_has_a_gap_and_no_line() -> None:
    found = inequality_of(_fifths({**EVEN, "5": (0, 500)}, RATE), RATE)
    assert found is not None and (found.ratio, found.slope, found.relative) == (None, None, None)
    assert found.gap == found.most


def test_means_have_a_line_without_limits_and_medians_none() -> None:
    mean = {"statistic": "mean", "unit": "days", "value_decimals": 1, "polarity": "low"}
    rows = [
        {"breakdown_group": group, "value": Decimal(value), "numerator": None, "denominator": Decimal(50), "lower": None,
         "upper": None}
        for group, value in zip(FIFTHS, ("2", "4", "6", "8", "10"), strict=True)
    ]  # fmt: skip
    found = inequality_of(rows, mean)
    assert found is not None and found.slope is not None and found.relative is not None
    assert (found.slope.value, found.slope.limits, found.relative.value) == (10, None, 11)
    assert "cannot be said from the figures shown" in inequality_part(rows, mean, "2024/25", "k")["lines"][0]
    median = inequality_of([{**row, "denominator": None} for row in rows], {**mean, "statistic": "median"})
    assert median is not None and (median.gap, median.slope) == (8, None)


def _cells(page: str, caption: str) -> list[list[str]]:
    table = re.search(rf"<caption[^>]*>{caption}.*?</table>", page, re.S)
    assert table, caption
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table[0].split("<tbody>")[1], re.S)
    return [[html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
            for row in rows]  # fmt: skip


def test_a_reader_makes_the_same_numbers_from_the_public_table(site: Path) -> None:
    """Every inequality on a page follows from breakdowns.csv and indicators.csv, which anybody has: no page says more."""
    entries = {row["indicator_id"]: row for row in csv.DictReader((site / "data/indicators.csv").open(newline=""))}
    parts = [row for row in csv.DictReader((site / "data/breakdowns.csv").open(newline=""))
             if row["breakdown_kind"] == "deprivation"]  # fmt: skip
    shown = hidden = 0
    for name, entry in entries.items():
        page = (site / "site" / f"indicator-{name.replace('_', '-')}.html").read_text()
        if "Inequality between the fifths" not in page:
            hidden += NOT_ALL_SHOWN in html.unescape(page)
            continue
        figure = re.search(rf'data-figure="(breakdown:{name}:[^"]*:deprivation:1:value)"', page)
        assert figure, name
        place = figure[1].removesuffix("1:value")
        rows: list[dict[str, Any]] = [
            {key: Decimal(row[key]) if row[key] and key in ("value", "numerator", "denominator", "lower", "upper")
             else row[key] or None for key in row}
            for row in parts if row["figure_id"].startswith(place)
        ]  # fmt: skip
        found = inequality_of(rows, {**entry, "value_decimals": int(entry["value_decimals"])})
        assert found is not None, name
        cells = {row[0]: row[1:] for row in _cells(page, "Inequality between the fifths")}
        assert cells["Gap"][0] == number(found.gap, int(entry["value_decimals"])), name
        if found.slope is not None and found.slope.limits is not None:
            limits = " to ".join(number(one, int(entry["value_decimals"])) for one in found.slope.limits)
            assert cells["Slope index of inequality"][1] == limits, name
        shown += 1
    assert shown >= 8 and hidden >= 1


def _quarters(values: list[tuple[int, int]], first_year: int = 2023) -> list[dict[str, Any]]:
    rows = []
    for place, (top, bottom) in enumerate(values):
        year, quarter = first_year + place // 4, place % 4 + 1
        rows.append(
            {"period_kind": "quarter", "period_id": f"{year}-{(year + 1) % 100}-q{quarter}", "marker": None,
             "value": round(Decimal(100 * top) / bottom, 1), "numerator": Decimal(top), "denominator": Decimal(bottom),
             "lower": None, "upper": None}
        )  # fmt: skip
    return rows


def test_a_steady_rise_is_a_trend_and_says_whether_it_is_better() -> None:
    rows = _quarters([(500, 1000), (540, 1000), (580, 1000), (620, 1000), (660, 1000)])
    assert trend_sentence(rows, SHARE) == (
        "Trend: getting better (rising) over the five quarters from quarter 1 of 2023/24 to quarter 1 of 2024/25, more "
        "than chance alone would give."
    )
    assert "getting worse (rising)" in trend_sentence(rows, {**SHARE, "polarity": "low"})
    assert "Trend: rising over" in trend_sentence(rows, {**SHARE, "polarity": "neutral"})
    assert "getting worse (falling)" in trend_sentence(_quarters([(660 - 40 * n, 1000) for n in range(5)]), SHARE)


def test_small_numbers_and_one_odd_quarter_are_no_trend() -> None:
    few = _quarters([(10, 20), (15, 25), (15, 25), (15, 25), (20, 30)])
    assert "no clear change" in trend_sentence(few, SHARE)
    odd = _quarters([(500, 1000), (500, 1000), (500, 1000), (500, 1000), (900, 1000)])
    found = trend_of(odd, "percent", "proportion")
    assert found is not None and found.direction == 0


def test_only_settled_shown_figures_are_points() -> None:
    """A hidden or provisional quarter is none, and five are needed; years come before quarters."""
    rows = _quarters([(500 + 40 * n, 1000) for n in range(6)])
    rows[5]["marker"] = "p"
    found = trend_of(rows, "percent", "proportion")
    assert found is not None and found.last["period_id"] == "2024-25-q1"
    rows[2].update(value=None, numerator=None, denominator=None, marker="c")
    assert trend_of(rows, "percent", "proportion") is None and trend_sentence(rows, SHARE) == ""
    assert trend_of(_quarters([(1, 2)] * 5), "days", "mean") is None
    years = [{**row, "period_kind": "year", "period_id": f"{2019 + n}-{20 + n}"}
             for n, row in enumerate(_quarters([(500, 1000)] * 5))]  # fmt: skip
    found = trend_of([*_quarters([(500 + 40 * n, 1000) for n in range(5)]), *years], "percent", "proportion")
    assert found is not None and (found.direction, found.last["period_kind"]) == (0, "year")


def test_no_comparison_goes_back_beyond_a_change_of_definition() -> None:
    """GRW-31: a change on the first day of the first of five quarters is before them, one a day later within them."""
    rows = _quarters([(500 + 40 * n, 1000) for n in range(6)])
    for breaks, found in (("2023-07-01", True), ("2023-07-02", False), ("2022-01-01 2024-09-30", False),
                          ("2022-01-01 2024-10-01", True)):  # fmt: skip
        assert (trend_of(rows, "percent", "proportion", breaks) is not None) == found, breaks
        assert bool(trend_sentence(rows, {**SHARE, "breaks": breaks})) == found
    dated = [{**row, "period_start": span_of(row)[0]} for row in rows]
    for breaks, found in (("", True), ("2023-04-01", True), ("2023-04-02", False), ("2024-06-30", False),
                          ("2024-07-01", True)):  # fmt: skip
        assert (before(dated, dated[4], {"breaks": breaks or None}) is dated[0]) == found, breaks


def test_intervals_of_shown_counts_are_wilson_and_byar() -> None:
    """Worked once by hand: 15 of 60, and 20 events in 1,200 person-months."""
    share = {"value": Decimal(25), "numerator": Decimal(15), "denominator": Decimal(60)}
    assert interval_of(share, "percent", "proportion") == pytest.approx((25, 15.776522530, 37.232070077))
    rate = {"value": Decimal(200), "numerator": Decimal(20), "denominator": Decimal(1200)}
    assert interval_of(rate, "per 1,000", "crude_rate") == pytest.approx((200, 122.1006, 308.9032), rel=1e-3)
    assert interval_of({**rate, "numerator": Decimal(5)}, "per 1,000", "crude_rate") is None
    assert interval_of({**rate, "value": None}, "per 1,000", "crude_rate") is None
    given = {**share, "lower": Decimal(20), "upper": Decimal(30)}
    assert interval_of(given, "percent", "proportion") == (25, 20, 30)
