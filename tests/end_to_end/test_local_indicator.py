"""A place adds an indicator of its own: one definition, one return, from landing to the release."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from demo_home import DemoHome, outturn_here
from ruamel.yaml import YAML

from foundation.home import Home
from foundation.period import month_of, months_between
from places.base import Submission
from places.derbyshire import SUB_AREA

LOCAL = "allotment_referrals_kept"
FIGURE = f"indicator:{LOCAL}:{SUB_AREA}:{{}}:value"
PUBLISHED = "public/published.duckdb"
MISSING, SMALL = "2024-08", "2024-05"
DEFINITION = {
    "indicator_id": LOCAL,
    "version": 1,
    "name": "Allotment referrals kept up for twelve weeks",
    "outcome": "People who feel lonely find company close to home",
    "metric": "Percent of referrals to an allotment kept up for twelve weeks",
    "definition": "Of the referrals to a community allotment that reached twelve weeks in the month, the share kept up.",
    "numerator_definition": "Those referrals after which the person still came in the twelfth week",
    "denominator_definition": "Referrals to a community allotment that reached twelve weeks in the month",
    "exclusions": "None",
    "statistic": "proportion",
    "unit": "percent",
    "polarity": "high",
    "value_decimals": 1,
    "kind": "outcome",
    "domain": "healthy_living",
    "clinical_or_functional": "functional",
    "local_or_national": "local",
    "population_basis": "caseload",
    "lag": "About four weeks",
    "follow_up_window": "Twelve weeks, over before a referral is counted",
    "measurement_window": "Referrals that reach their twelfth week in the period",
    "maturity": "With the month's return",
    "capture_method": "Counted by the allotment society from its register, returned every month",
    "owner": "Community link lead, city council",
    "clinical_reviewer": None,
    "source": "Monthly return of the allotment society; invented for a test",
    "references": [],
    "bridge": None,
    "caveat": "Counts referrals, not people",
    "interval": "95 %, Wilson",
    "effective_from": date(2024, 4, 1),
    "max_missing_pct": "10.00",
    "spc_fix_after": None,
    "spc_screen_outliers": False,
    "feeds": ["aggregate_kpi_return"],
    "follow_up_days": 0,
    "period_kinds": ["month", "quarter", "year"],
    "breakdowns": [],
    "multiplier": 100,
}
COUNTS = {
    month.label: (3, 40) if month.label == SMALL else (20 + number, 40 + 2 * number)
    for number, month in enumerate(months_between(month_of(date(2024, 4, 1)), month_of(date(2025, 3, 1))))
    if month.label != MISSING
}


def returned(label: str) -> Submission:
    """The return of one month: beside what its sender always sends, the society's counts."""
    month = month_of(date.fromisoformat(f"{label}-01"))
    numerator, denominator = COUNTS[label]
    value = (Decimal(100 * numerator) / denominator).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("organisation", "kpi", "period_start", "period_end", "numerator", "denominator", "value", "unit"))
    writer.writerow((SUB_AREA, LOCAL, month.start, month.end, numerator, denominator, value, "percent"))
    writer.writerow(
        (SUB_AREA, "talking_therapies_finished_treatment", month.start, month.end, "", "", "700.0", "count")
    )
    return Submission("aggregate_kpi_return", SUB_AREA, month.start, month.end, 1, buffer.getvalue().encode(), 2)


def figures_of(database: Path, table: str) -> dict[str, dict[str, Any]]:
    """The indicator's rows of a table, by period."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(f"select * from {table} where indicator_id = ?", [LOCAL]).to_arrow_table().to_pylist()
    return {row["period_id"]: row for row in rows}


@pytest.fixture
def defined(copy_of_demo: Path) -> Path:
    """The demo home with the definition and the returns, and nothing else."""
    folder = copy_of_demo / "indicators"
    folder.mkdir()
    with (folder / f"{LOCAL}.yaml").open("w", encoding="utf-8") as handle:
        YAML(typ="safe", pure=True).dump(DEFINITION, handle)
    for label in COUNTS:
        returned(label).write(Home(copy_of_demo).landing)
    return copy_of_demo


def test_one_definition_and_one_return_reach_the_release(demo: DemoHome, defined: Path) -> None:
    """GRW-22: no SQL and no list is edited; figures, limits, periods, lineage, pages and disclosure follow."""
    ran = outturn_here("run", "--period", "2025-08", home=defined)
    assert ran.code in (0, 3), ran.out
    release = (defined / "releases/current").resolve()
    assert release.name != demo.release.name

    exact, public = (
        figures_of(release / "analyst/analyst.duckdb", "measures"),
        figures_of(release / PUBLISHED, "outcomes"),
    )
    april = exact["2024-04"]
    assert (april["value"], april["numerator"], april["denominator"]) == (50, 20, 40)
    # Wilson on 20 of 40, by hand, to one decimal
    assert (april["lower"], april["upper"]) == (Decimal("35.2"), Decimal("64.8"))
    assert april["interval_method"] == "Wilson"
    assert (exact[MISSING]["marker"], exact[MISSING]["missing_days"], exact[MISSING]["value"]) == ("w", 31, None)
    # a quarter without one of its months is above the agreed share: withheld, never a smaller sum
    assert (exact["2024-25-q2"]["marker"], exact["2024-25-q2"]["missing_days"]) == ("w", 31)
    parts = [COUNTS[label] for label in ("2024-04", "2024-05", "2024-06")]
    first = exact["2024-25-q1"]
    assert (first["numerator"], first["denominator"]) == tuple(map(sum, zip(*parts, strict=True)))
    assert exact["2024-25"]["missing_days"] == 31
    # what nobody has published is protected, though its feed also carries open statistics
    assert (public[SMALL]["marker"], public[SMALL]["numerator"], public[SMALL]["value"]) == ("c", None, None)
    assert (public["2024-06"]["numerator"], exact["2024-06"]["numerator"]) == (20, 22)

    page = next((release / "public/site").glob(f"*{LOCAL.replace('_', '-')}*.html"), None)
    assert page is not None, sorted(path.name for path in (release / "public/site").iterdir())
    assert "Referrals that reach their twelfth week in the period" in page.read_text(encoding="utf-8")
    told = outturn_here("explain", str(release), FIGURE.format("2024-04"), home=defined)
    assert told.code == 0, told.out
    assert "aggregate_kpi_return" in told.out
    assert "Allotment referrals kept up" in told.out
    proved = outturn_here("verify", str(release), home=defined)
    assert proved.code == 0, proved.out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"indicator_id": "four_week_quit"}, "is the id of a shared indicator"),
        ({"statistic": "mean", "case_values": [0]}, "cannot be counted by its definition alone"),
        ({"owner": ""}, "field owner"),
        ({"follow_up_days": 84, "maturity": "84 days"}, "stands alone"),
    ],
)
def test_a_local_definition_that_cannot_be_counted_is_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    """The run names the file's fault before anything is built."""
    from dbt_project.catalogue import load_catalogue, load_local
    from foundation.errors import Refused

    content = {**DEFINITION, **change}
    with (tmp_path / f"{content['indicator_id']}.yaml").open("w", encoding="utf-8") as handle:
        YAML(typ="safe", pure=True).dump(content, handle)
    with pytest.raises(Refused, match=said):
        load_local(tmp_path, load_catalogue())
    assert load_local(tmp_path / "none", load_catalogue()) == []
