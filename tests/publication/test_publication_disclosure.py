"""Nothing hidden can be worked out from what is shown. CNI-21, CNI-22, CNI-27, GRW-36."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy
import pytest
import release_fixture as made
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from foundation.errors import Refused
from foundation.period import month, parse_period
from publication import columns
from publication.disclosure import (
    Figure,
    Rules,
    close_leaks,
    exempt_indicators,
    leaks,
    multiplier_of,
    outsider_bounds,
    protect_small_counts,
    public_view,
    shown_count,
    shown_rate,
    shown_total,
)
from publication.inputs import ReleaseInputs, Row

# --- small counts


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, 0), (1, None), (7, None), (8, 10), (12, 10), (13, 15), (17, 15), (18, 20), (22, 20), (23, 25), (47, 45),
     (48, 50), (4000, 4000)],
)  # fmt: skip
def test_small_counts_are_hidden_and_others_rounded(count: int, shown: int | None) -> None:
    assert shown_count(count) == shown


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(Refused):
        shown_count(-1)


def test_totals_are_sums_of_shown_cells() -> None:
    """Rounded apart, (15, hidden, 25) would say that the hidden cell is 6 or 7."""
    assert shown_total(shown_count(n) for n in (3, 8, 16, 23)) == 10 + 15 + 25
    assert shown_total([None, None]) is None


@given(st.lists(st.integers(0, 400), min_size=1, max_size=12))
def test_a_total_never_depends_on_the_hidden_cells(counts: list[int]) -> None:
    other = [n if n == 0 or n > 7 else 8 - n for n in counts]
    assert shown_total(shown_count(n) for n in counts) == shown_total(shown_count(n) for n in other)


def test_rates_come_from_rounded_parts() -> None:
    assert shown_rate(10, 45, 100, 1) == Decimal("22.2")
    assert shown_rate(None, 45, 100, 1) is None
    assert shown_rate(10, None, 100, 1) is None
    assert shown_rate(45, 45, 100, 1) is None, "100 % of a small group speaks of everyone in it"
    assert shown_rate(0, 45, 100, 1) is None
    assert shown_rate(400, 400, 100, 1) == Decimal("100.0")


def test_units_tell_the_multiplier() -> None:
    assert multiplier_of("percent", "proportion") == 100
    assert multiplier_of("per 100 discharges", "ratio_of_sums") == 100
    assert multiplier_of("per 100,000 residents", "ratio_of_sums") == 100_000
    assert multiplier_of("patients", "census_mean") == 1
    assert multiplier_of("furlongs per fortnight", "ratio_of_sums") is None


def _count_rows(counts: dict[str, tuple[int, int]]) -> list[Row]:
    rows = []
    for label, (numerator, denominator) in counts.items():
        period = parse_period(label)
        rows.append(
            {"figure_id": f"indicator:quits:E54000058:{label}:value", "indicator_id": "quits",
             "area_code": "E54000058", "period_kind": period.kind, "period_id": label, "period_start": period.start,
             "period_end": period.end, "value": half(numerator, denominator), "marker": None, "reason": "",
             "numerator": Decimal(numerator), "denominator": Decimal(denominator), "lower": Decimal(1),
             "upper": Decimal(2), "interval_method": "Wilson", "data_complete_as_at": date(2025, 6, 30),
             "covered_days": period.days, "missing_days": 0}
        )  # fmt: skip
    return rows


def half(numerator: int, denominator: int) -> Decimal:
    return made.half_up(Decimal(100 * numerator) / denominator, 1)


QUITS = {"indicator_id": "quits", "statistic": "proportion", "unit": "percent", "value_decimals": 1,
         "numerator_definition": "quits", "denominator_definition": "tries"}  # fmt: skip


@pytest.mark.parametrize("statistic", ["proportion", "share_of_events"])
def test_an_indicator_of_a_closed_source_is_hidden_and_rounded(statistic: str) -> None:
    rows = _count_rows({"2025-04": (3, 61), "2025-05": (23, 118), "2025-06": (57, 61), "2025-26-q1": (83, 240)})
    protect_small_counts(rows, {**QUITS, "statistic": statistic})
    april, may, june, quarter = rows
    assert (april["marker"], april["value"], april["numerator"]) == ("c", None, None)
    assert (may["numerator"], may["denominator"], may["value"]) == (25, 120, Decimal("20.8"))
    assert (june["marker"], june["value"]) == ("c", None), "four who did not quit are as telling as four who did"
    assert (quarter["numerator"], quarter["denominator"]) == (85, 240), "by itself: no smaller total of what is shown"
    assert all(row["lower"] is None and row["upper"] is None for row in rows), "exact limits give counts away"


def test_exemption_follows_the_feeds_behind_an_indicator(inputs: ReleaseInputs) -> None:
    exact = {row["figure_id"]: row for row in public_view(inputs).outcomes}
    closed = {row["figure_id"]: row for row in public_view(replace(inputs, openly_published=frozenset())).outcomes}
    name = f"indicator:{made.RATIO}:{made.AREA}:2024-05:value"
    assert exact[name]["numerator"] % 5 != 0 or exact[name]["denominator"] % 5 != 0
    assert closed[name]["numerator"] % 5 == 0
    assert closed[name]["denominator"] % 5 == 0


def test_those_not_counted_are_people_only_where_the_whole_holds_the_part() -> None:
    """52 of 55 shown per 1,000 leave three people out as 52 of 55 in percent do; per 100 of something else they do not."""
    given = {"2025-04": (52, 55)}
    for statistic, unit, shown in (
        ("proportion", "percent", False), ("proportion", "per 1,000", False), ("published_percentage", "percent", False),
        ("ratio_of_sums", "per 100 discharges", True),
    ):  # fmt: skip
        rows = _count_rows(given)
        protect_small_counts(rows, {**QUITS, "statistic": statistic, "unit": unit})
        assert (rows[0]["value"] is not None) == shown, (statistic, unit)


def test_no_word_of_a_definition_opens_a_senders_own_counts(inputs: ReleaseInputs) -> None:
    """Counts that a return of figures carries are closed, national or local; a percentage published elsewhere is not."""
    rows = deepcopy(inputs.indicators.to_pylist())
    for row in rows:
        row["feeds"] = "aggregate_kpi_return"
        row["local_or_national"] = "national"
    cut = deepcopy(dict(inputs.data_cut))
    for item in cut["submissions"]:
        item["feed"] = "aggregate_kpi_return"
    given = replace(
        inputs, indicators=made.table(columns.INDICATORS, rows), data_cut=cut,
        openly_published=frozenset({"aggregate_kpi_return"}),
    )  # fmt: skip
    wanted = {row["indicator_id"] for row in rows if row["statistic"] == "published_percentage"}
    assert wanted
    assert exempt_indicators(given, given.measures.to_pylist()) == wanted


def test_the_centre_of_a_run_chart_is_made_of_shown_months(inputs: ReleaseInputs) -> None:
    """One month after a break: its exact value would be the line. The months before keep their own limits."""
    months = ["2024-10", "2024-11", "2024-12", "2025-01"]
    rows = _count_rows(dict(zip(months, [(31, 118), (33, 121), (29, 113), (41, 123)], strict=True)))
    entry = {**made.INDICATORS[0], **QUITS, "breaks": "2025-01-01", "value_decimals": 1}
    points = [
        {"figure_id": row["figure_id"], "indicator_id": "quits", "area_code": "E54000058", "period_id": row["period_id"],
         "period_start": row["period_start"], "value": row["value"], "chart": "run", "lower_limit": None,
         "centre_line": row["value"] if row["period_id"] == "2025-01" else rows[0]["value"], "upper_limit": None,
         "point_type": "common_cause", "special_cause": "Common Cause"}
        for row in rows
    ]  # fmt: skip
    area = dict(inputs.measures.to_pylist()[0])
    given = replace(
        inputs, measures=made.table(columns.MEASURES, [{**area, **row} for row in rows]),
        spc_points=made.table(columns.SPC_POINTS, points), indicators=made.table(columns.INDICATORS, [entry]),
    )  # fmt: skip
    shown = {point["period_id"]: point for point in public_view(given).spc_points}
    assert [shown[label]["value"] for label in months] == [
        Decimal("25.0"),
        Decimal("29.2"),
        Decimal("26.1"),
        Decimal("32.0"),
    ]
    assert shown["2025-01"]["centre_line"] == shown["2025-01"]["value"] != rows[3]["value"]
    assert {shown[label]["centre_line"] for label in months[:3]} == {Decimal("26.1")}


# --- withheld figures


def test_withheld_and_unavailable_figures_lose_every_digit(inputs: ReleaseInputs) -> None:
    rows = {row["figure_id"]: row for row in public_view(inputs).outcomes}
    quarter = rows[f"indicator:{made.CENSUS}:{made.AREA}:2025-26-q1:value"]
    assert (quarter["marker"], quarter["value_text"]) == ("w", "[w]")
    assert (quarter["missing_days"], quarter["covered_days"]) == (20, 91), "the reason stays"
    ended = rows[f"indicator:{made.ENDED}:{made.AREA}:2024-01:value"]
    assert ended["value_text"] == "[x]"
    for row in rows.values():
        if row["marker"] in ("w", "x", "c"):
            assert all(row[name] is None for name in ("value", "numerator", "denominator", "lower", "upper"))
    july = rows[f"indicator:{made.CENSUS}:{made.AREA}:2025-07:value"]
    assert july["value_text"].endswith(" [p]")


def test_the_withheld_december_cannot_be_taken_out_of_its_quarter(inputs: ReleaseInputs) -> None:
    """Quarter 3 and its other two months are published: with exact numerators December would be their difference."""
    view = public_view(inputs)
    rows = {(row["indicator_id"], row["period_id"]): row for row in view.outcomes}
    for indicator in (made.CENSUS, made.RATIO):
        quarter, year = rows[indicator, "2024-25-q3"], rows[indicator, "2024-25"]
        assert quarter["value"] is not None
        assert year["value"] is not None, "values stay: only exact parts go"
        assert quarter["numerator"] is None
        assert year["numerator"] is None
        assert rows[indicator, "2024-11"]["numerator"] is not None
    assert {h.figure_id.split(":")[3] for h in view.hidden} == {"2024-25-q3", "2024-25"}
    assert all(h.what == "numerator" and "December 2024" in h.why for h in view.hidden)


def test_spc_points_leave_gaps(inputs: ReleaseInputs) -> None:
    points = {(p["indicator_id"], p["period_id"]) for p in public_view(inputs).spc_points}
    assert (made.CENSUS, "2024-12") not in points
    assert (made.CENSUS, "2024-11") in points


def _census(label: str, numerator: int, days: int, *, shown: bool, decimals: int = 1) -> tuple[Row, Row]:
    period = parse_period(label)
    value = made.half_up(Decimal(numerator) / days, decimals)
    exact: Row = {
        "figure_id": f"indicator:stays:E54000058:{label}:value", "indicator_id": "stays", "area_code": "E54000058",
        "period_kind": period.kind, "period_id": label, "period_start": period.start, "period_end": period.end,
        "value": value, "marker": None if shown else "w", "reason": None, "numerator": Decimal(numerator),
        "denominator": Decimal(days), "lower": None, "upper": None, "covered_days": period.days,
        "missing_days": period.days - days, "data_complete_as_at": date(2025, 3, 31),
    }  # fmt: skip
    public = dict(exact)
    if not shown:
        public |= {"value": None, "numerator": None, "denominator": None}
    return public, exact


def _stays(decimals: int = 1) -> dict[str, Row]:
    return {
        "stays": {"indicator_id": "stays", "statistic": "census_mean", "unit": "patients", "value_decimals": decimals,
                  "numerator_definition": "stays", "denominator_definition": "complete days"}
    }  # fmt: skip


def _quarter(decimals: int = 1, *, total: bool = True) -> tuple[list[Row], dict[str, Row]]:
    pairs = [
        _census("2024-10", 31 * 440 + 7, 31, shown=True, decimals=decimals),
        _census("2024-11", 30 * 450 + 11, 30, shown=True, decimals=decimals),
        _census("2024-12", 24 * 470 + 5, 24, shown=False, decimals=decimals),
    ]
    if total:
        pairs.append(_census("2024-25-q3", 31 * 440 + 7 + 30 * 450 + 11 + 24 * 470 + 5, 85, shown=True,
                             decimals=decimals))  # fmt: skip
    return [p for p, _ in pairs], {e["figure_id"]: e for _, e in pairs}


def test_a_planted_leak_is_found_and_closed_with_the_least() -> None:
    rows, truth = _quarter()
    taken = close_leaks(rows, truth, _stays(), frozenset({"stays"}))
    assert [(h.figure_id.split(":")[3], h.what) for h in taken] == [("2024-25-q3", "numerator")]
    assert rows[3]["value"] is not None


def test_a_value_so_precise_that_it_gives_the_part_away_is_withheld() -> None:
    """Six decimals of the quarter and of two months leave one whole number for the third."""
    rows, truth = _quarter(decimals=6)
    taken = close_leaks(rows, truth, _stays(6), frozenset({"stays"}))
    assert [h.what for h in taken][-1] == "value"
    assert rows[3]["marker"] == "w"
    assert "December 2024" in rows[3]["reason"]


def test_a_withheld_total_is_not_the_sum_of_its_published_parts() -> None:
    pairs = [
        _census("2024-10", 13647, 31, shown=True), _census("2024-11", 13511, 30, shown=True),
        _census("2024-12", 11285, 31, shown=True), _census("2024-25-q3", 38443, 92, shown=False),
    ]  # fmt: skip
    rows, truth = [p for p, _ in pairs], {e["figure_id"]: e for _, e in pairs}
    taken = close_leaks(rows, truth, _stays(), frozenset({"stays"}))
    assert taken, "the sum of three published months is the quarter"
    assert any(h.what == "value" for h in taken), "their rounded values alone still give it to a decimal"


def test_a_year_so_far_does_not_give_a_withheld_quarter(inputs: ReleaseInputs) -> None:
    """If the provisional year were published beside quarter 2, quarter 1 would be the difference."""
    raw = deepcopy(inputs.measures.to_pylist())
    for row in raw:
        if row["indicator_id"] == made.CENSUS and row["period_id"] in ("2025-26", "2025-26-q2", "2025-08"):
            row["marker"], row["reason"] = "p", "Provisional"
    view = public_view(replace(inputs, measures=made.table(columns.MEASURES, raw)))
    rows = {row["period_id"]: row for row in view.outcomes if row["indicator_id"] == made.CENSUS}
    assert rows["2025-26"]["numerator"] is None
    assert any(h.figure_id.endswith("2025-26:value") for h in view.hidden)


def test_one_indicator_does_not_give_another_away() -> None:
    """Two indicators that count the same patients: the numerator shown with one is the numerator of the other."""

    def figure(name: str, label: str, *, value: bool, parts: bool) -> Figure:
        period = parse_period(label)
        numerator = {"2024-10": 13647, "2024-11": 13511, "2024-12": 11285, "2024-25-q3": 38443}[label]
        days = {"2024-10": 31, "2024-11": 30, "2024-12": 24, "2024-25-q3": 85}[label]
        return Figure(
            f"{name}:{label}", (period.start, period.end), date(2025, 3, 31), "patients", f"days {name}",
            Fraction(numerator), Fraction(days), 1, 1, True,
            Fraction(made.half_up(Decimal(numerator) / days, 1)) if value else None,
            Fraction(numerator) if parts else None, None,
        )  # fmt: skip

    labels = ("2024-10", "2024-11", "2024-25-q3")
    apart = [figure("a", label, value=True, parts=False) for label in labels]
    apart.append(figure("a", "2024-12", value=False, parts=False))
    assert leaks(apart) == []
    together = apart + [figure("b", label, value=True, parts=True) for label in labels]
    assert leaks(together) == ["a:2024-12"]


# --- the bounds themselves, against an independent solver


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 900), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.integers(0, 2),
)
def test_bounds_are_those_of_integer_programming(
    counts: list[int], values: list[bool], parts: list[bool], decimals: int
) -> None:
    """Sums over nested periods: the bounds of an outsider equal those of a general solver."""
    days = [30, 31, 30, 91]
    numbers = [*counts, sum(counts)]
    labels = ["2025-04", "2025-05", "2025-06", "2025-26-q1"]
    figures = []
    for label, number, length, with_value, with_parts in zip(labels, numbers, days, values, parts, strict=True):
        period = parse_period(label)
        figures.append(
            Figure(
                label, (period.start, period.end), date(2025, 6, 30), "n", "d", Fraction(number), Fraction(length), 1,
                decimals, True,
                Fraction(made.half_up(Decimal(number) / length, decimals)) if with_value else None,
                Fraction(number) if with_value and with_parts else None, None,
            )
        )  # fmt: skip
    bounds = outsider_bounds(figures)
    rows = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    upper, limits = [], []
    for coefficients, figure in zip(rows, figures, strict=True):
        if figure.shown_value is None:
            continue
        half_width = Fraction(1, 2 * 10**decimals)
        low = max(figure.shown_value - half_width, Fraction(0)) * figure.denominator
        high = (figure.shown_value + half_width) * figure.denominator
        if figure.shown_numerator is not None:
            low = max(low, figure.shown_numerator)
            high = min(high, figure.shown_numerator)
        upper += [coefficients, [-c for c in coefficients]]
        limits += [float(high), -float(low)]
    for coefficients, figure in zip(rows, figures, strict=True):
        if figure.shown_value is not None:
            continue
        for sign, ours in ((1, bounds[figure.figure_id][0]), (-1, bounds[figure.figure_id][1])):
            solved = linprog(
                numpy.array(coefficients) * sign,
                A_ub=upper or None,
                b_ub=limits or None,
                bounds=[(0, None)] * 3,
                integrality=[1, 1, 1],
            )
            if ours is None:
                assert solved.status in (3, 4), "unbounded"
            else:
                assert solved.fun * sign == pytest.approx(float(ours * figure.denominator), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_closing_leaks_leaves_none(data: st.DataObject) -> None:
    """Any pattern of withheld months, quarters and year of one year ends without an open figure."""
    months = [month(2024 + (n > 8), (n + 3) % 12 + 1) for n in range(12)]
    counts = {m.label: data.draw(st.integers(0, 12_000), label=m.label) for m in months}
    missing = {m.label: data.draw(st.sampled_from([0, 0, 2, 7]), label="missing") for m in months}
    labels = [*counts, "2024-25-q1", "2024-25-q2", "2024-25-q3", "2024-25-q4"]
    hidden = set(data.draw(st.lists(st.sampled_from(labels), max_size=6)))
    rows, truth = [], {}
    for label in labels:
        period = parse_period(label)
        inside = [m for m in months if period.contains(m)]
        total, days = sum(counts[m.label] for m in inside), sum(m.days - missing[m.label] for m in inside)
        public, exact = _census(label, total, days, shown=label not in hidden)
        rows.append(public)
        truth[exact["figure_id"]] = exact
    first = {row["figure_id"] for row in rows if row["value"] is None}
    rules = Rules()
    try:
        close_leaks(rows, truth, _stays(), frozenset({"stays"}), rules)
    except Refused:
        return
    from publication.disclosure.bounds import _figures

    assert not first & set(leaks(_figures(rows, truth, _stays(), frozenset({"stays"}), rules), rules))
