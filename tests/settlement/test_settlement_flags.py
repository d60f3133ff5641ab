"""Flags raised on KPIs that stay bad, or good, for several periods running: evidence, and no automatic act. DER-07."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from other_lines_world import agreed, amounts, problems, settle_lines
from settlement_world import kpi_row
from test_settlement_properties import CASES
from top_up_world import DERBYSHIRE

from foundation.errors import Refused
from settlement.engine import Settlement
from settlement.terms import Terms

KPIS = ("K1", "K2", "K3", "K4")
QUARTERS = ("2023-24-q4", "2024-25-q1", "2024-25-q2", "2024-25-q3", "2024-25-q4")
REVERT = {
    "id": "right-to-revert",
    "meaning": "The commissioners may consider reverting.",
    "kpis": list(KPIS),
    "worse_than": "minimum",
    "at_least": 3,
    "of_periods": "quarter",
    "running": 2,
}
PATTERN = next(kpi for kpi in DERBYSHIRE["framework"]["kpis"] if kpi["id"] == "D1")
SCORED = [{**PATTERN, "id": kpi, "weight": Decimal(25)} for kpi in KPIS]


def flagging(*flags: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> Terms:
    return agreed(["kra_pool"], {"framework.kpis": SCORED, "flags": list(flags), **(changes or {})}, cost=False)


def quarter_rows(terms: Terms, bad: Mapping[str, str], **changes: Any) -> list[dict[str, Any]]:
    """Rows of every quarter; the KPIs named for a quarter (`124` for K1, K2, K4) are worse than the baseline."""
    rows = []
    for quarter in QUARTERS:
        for kpi in KPIS:
            row = kpi_row(terms, kpi, Decimal("478.7" if kpi[1] in bad.get(quarter, "") else "478.6"))
            own = {"period_id": quarter, "period_kind": "quarter", "figure_id": f"kpi:{terms.id}:{kpi}:{quarter}:value"}
            rows.append({**row, **own, **changes})
    return rows


def settled(terms: Terms, rows: list[dict[str, Any]]) -> Settlement:
    return settle_lines(terms, rows=[*rows, *(kpi_row(terms, kpi, Decimal("453.1")) for kpi in KPIS)])


def raised(made: Settlement, flag: str = "right-to-revert") -> bool:
    return bool(made.step(f"flag.{flag}").exact)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ({"2024-25-q1": "123", "2024-25-q2": "134"}, True),
        ({"2024-25-q1": "123", "2024-25-q3": "123"}, False),  # not running
        ({"2024-25-q1": "123", "2024-25-q2": "12"}, False),  # two are not three
        ({"2023-24-q4": "1234", "2024-25-q1": "234"}, True),  # the run began before the year
        ({}, False),
    ],
)
def test_a_flag_by_hand(bad: Mapping[str, str], expected: bool) -> None:
    """Worse than the minimum is a score below 0: 478.7 where 478.6 is the baseline, and lower is better."""
    terms = flagging(REVERT)
    made = settled(terms, quarter_rows(terms, bad))
    assert raised(made) is expected
    counts = [int(made.step(f"flag_count.right-to-revert.{quarter}").exact) for quarter in QUARTERS]
    assert counts == [len(bad.get(quarter, "")) for quarter in QUARTERS]
    assert f"kpi:{terms.id}:K1:2024-25-q1:value" in made.step("flag_count.right-to-revert.2024-25-q1").inputs
    # Evidence alone: what is posted is what it would be without the flag.
    assert amounts(made) == amounts(settled(agreed(["kra_pool"], {"framework.kpis": SCORED}, cost=False), []))


@pytest.mark.parametrize(
    "changes",
    [
        {"quality_status": "withheld"},
        {"value": None},
        {"indicator_version": 2},
        {"data_cut_id": "e" * 64},
        {"period_id": "2030-31-q1"},
    ],
)
def test_what_is_not_known_is_no_evidence(changes: Mapping[str, Any]) -> None:
    terms = flagging(REVERT)
    bad = dict.fromkeys(QUARTERS, "1234")
    rows = quarter_rows(terms, bad)
    assert raised(settled(terms, rows))
    for row in rows:
        if row["kpi_id"] in ("K1", "K2"):
            row.update(changes)
    made = settled(terms, [row for row in rows if row["period_id"] != "2030-31-q1"])
    assert not raised(made)
    assert made.step("flag_count.right-to-revert.2024-25-q1").label.endswith("(not known, so not counted: K1, K2)")
    without = settled(terms, [])
    assert not raised(without)
    assert without.step("flag_count.right-to-revert.2024-25-q1").formula == "0"


def test_a_figure_that_stands_twice_is_refused() -> None:
    terms = flagging(REVERT)
    rows = quarter_rows(terms, {})
    with pytest.raises(Refused, match=r"has 2 rows for 2023-24-q4"):
        settled(terms, [*rows, rows[0]])


def test_extension_by_years_and_where_higher_is_better() -> None:
    """Every KPI at its stretch for one year running; K1 is better when it is higher."""
    levels = {"failure": 10, "poor": 20, "minimum": 30, "stretch": 40, "game_breaking": 50}
    high = {**SCORED[0], "polarity": "high", "levels": levels}
    yearly = {**REVERT, "id": "extension", "reaches": "stretch", "at_least": 4, "of_periods": "year", "running": 1}
    del yearly["worse_than"]
    terms = flagging(yearly, {**REVERT, "kpis": ["K1"], "at_least": 1}, changes={"framework.kpis": [high, *SCORED[1:]]})
    for value, expected in (("40.0", True), ("39.9", False)):
        rows = [kpi_row(terms, "K1", Decimal(value)), *(kpi_row(terms, kpi, Decimal(430)) for kpi in KPIS[1:])]
        made = settle_lines(terms, rows=rows)
        assert raised(made, "extension") is expected
        assert made.step("flag.extension").formula == "1 if count_1 >= at_least else 0"
    rows = [
        {**kpi_row(terms, "K1", Decimal("29.9")), "period_id": quarter, "period_kind": "quarter"}
        for quarter in QUARTERS[:2]
    ]
    assert raised(settle_lines(terms, rows=[*rows, *(kpi_row(terms, kpi, Decimal(430)) for kpi in KPIS)]))


@CASES
@given(st.lists(st.sets(st.sampled_from("1234")), min_size=5, max_size=5), st.integers(1, 4), st.integers(1, 4))
def test_a_flag_is_raised_exactly_when_a_run_has_enough_in_each_period(
    sets: list[set[str]], at_least: int, running: int
) -> None:
    terms = flagging({**REVERT, "at_least": at_least, "running": running})
    made = settled(terms, quarter_rows(terms, dict(zip(QUARTERS, map("".join, sets), strict=True))))
    # Quarters before the fourth of the earlier year are not in the return: nothing is known of them.
    counts = [0] * 3 + [len(one) for one in sets]
    runs = [counts[first : first + running] for first in range(4 - running + 1, len(counts) - running + 1)]
    assert raised(made) is any(min(run) >= at_least for run in runs)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"reaches": "stretch"}, "needs one condition"),
        ({"worse_than": None}, "needs one condition"),
        ({"kpis": ["K1", "K1", "K2"]}, "the KPI `K1` is named twice"),
        ({"at_least": 5}, "asks for more KPIs than it names"),
        ({"kpis": ["K1", "K2", "D2"]}, "`D2` has no levels here"),
    ],
)
def test_what_a_flag_may_not_say(changes: Mapping[str, Any], told: str) -> None:
    flag = {name: value for name, value in {**REVERT, **changes}.items() if value is not None}
    found = problems(["kra_pool"], {"framework.kpis": SCORED, "flags": [flag]}, cost=False)
    assert any(told in problem.what for problem in found), [problem.what for problem in found]


def test_a_flag_fits_the_settlement_period_and_the_windows() -> None:
    lagging = [{**kpi, "measurement_lag_months": 2} for kpi in SCORED]
    found = problems(["kra_pool"], {"framework.kpis": lagging, "flags": [REVERT]}, cost=False)
    assert sum("has no figure of a quarter" in problem.what for problem in found) == len(KPIS)
    yearly = {**REVERT, "of_periods": "year"}
    assert problems(["kra_pool"], {"framework.kpis": lagging, "flags": [yearly]}, cost=False) == []
    found = problems(
        ["kra_pool"],
        {"framework.kpis": SCORED, "flags": [yearly, yearly], "agreement.settle_by": "quarter"},
        cost=False,
    )
    told = [problem.what for problem in found]
    assert "the flag `right-to-revert` is named twice." in told
    assert any("looks at a year, and this agreement is settled more often" in what for what in told)
