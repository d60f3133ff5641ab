"""Every number about the generated place against the truth that was drawn before any extract was written."""

from __future__ import annotations

from decimal import Decimal

from demo_home import DemoHome
from people_home import analysts, differences, first, planted, rows_of

STATISTICS = {"proportion", "maintained_proportion", "share_of_events", "crude_rate", "dsr", "mean", "median"}


def test_every_figure_of_the_analysts_is_the_planted_truth(greenwich: DemoHome) -> None:
    """GRW-39: every indicator, month, quarter, year and rolling year; alliance, network, deprivation, age."""
    found = analysts(greenwich.release)
    told = differences(found, planted())
    assert not told, first(told)
    assert len({key[0] for key in found}) >= 12
    assert {key[1] for key in found} == {"month", "quarter", "year", "rolling_year"}
    assert {key[3] for key in found} == {"all", "pcn", "deprivation", "age"}


def test_the_indicators_cover_the_statistics_agreed(greenwich: DemoHome) -> None:
    from dbt_project.catalogue import load_catalogue

    ours = {key[0] for key in planted()}
    assert {item.statistic for item in load_catalogue() if item.indicator_id in ours} == STATISTICS


def test_kpi_returns_are_the_truth_at_published_precision(greenwich: DemoHome) -> None:
    """What the engine scores is the planted figure, for the dates and the group the terms name."""
    from settlement.terms import load_terms

    terms = load_terms((greenwich.release / "members" / "terms.yaml").read_bytes())
    groups = {row["kpi_id"]: (row["breakdown_kind"], row["breakdown_group"]) for row in terms.kpi_rows()}
    compared = 0
    for row in rows_of(greenwich.release / "members" / "kpi_return.csv"):
        wanted = [
            truth
            for key, truth in planted().items()
            if key[0] == row["indicator_id"]
            and key[3:] == groups[row["kpi_id"]]
            and _dates(key[1], key[2]) == (row["measurement_start"], row["measurement_end"])
        ]
        if not wanted:
            assert row["value"] == "", f"{row['figure_id']} has a value and there is no truth for it"
            continue
        values = {item.value for item in wanted}
        assert len(values) == 1
        (value,) = values
        assert (Decimal(row["value"]) if row["value"] else None) == value, row["figure_id"]
        if row["numerator"]:
            assert Decimal(row["numerator"]) == wanted[0].numerator, row["figure_id"]
            assert Decimal(row["denominator"]) == wanted[0].denominator, row["figure_id"]
        compared += row["value"] != ""
    assert compared >= 12


def _dates(kind: str, label: str) -> tuple[str, str]:
    from datetime import date

    from foundation.period import financial_year_of, parse_period

    period = financial_year_of(date(int(label[:4]), 4, 1)) if kind == "year" else parse_period(label)
    return period.start.isoformat(), period.end.isoformat()
