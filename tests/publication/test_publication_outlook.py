"""The members' outlook: forecasts and questions in words, for members and analysts and nobody else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
import release_fixture as made

from publication import columns
from publication.inputs import ReleaseInputs
from publication.release import build_release
from publication.verify import verify_release
from publication.wording import money
from settlement.exact import round_half_up

SCORED, OTHER = "no_criteria_to_reside", "discharged_by_1700"


def _forecast(measure: str, subject: str, **changes: Any) -> dict[str, Any]:
    return {
        "measure": measure, "subject_id": subject, "subject_name": f"Name of {subject}", "area_code": made.AREA,
        "year_id": "2025-26", "known_to": date(2025, 6, 30), "months_known": 3, "so_far": Decimal("401.25"),
        "forecast": Decimal("410.5"), "lower": Decimal("390"), "upper": Decimal("431"), "unit": "patients", "origins": 7,
        "basis": "Limits from 7 earlier forecasts over as many months.", **changes,
    }  # fmt: skip


def _monitor(monitor: str, status: str, finding: str, **changes: Any) -> dict[str, Any]:
    return {
        "monitor": monitor, "indicator_id": SCORED, "indicator_name": f"Name of {monitor}", "area_code": made.AREA,
        "recent_start": date(2025, 1, 1), "recent_end": date(2025, 6, 30), "earlier_start": date(2024, 1, 1),
        "earlier_end": date(2024, 6, 30), "recent_part": 7771, "recent_whole": None, "earlier_part": 9991,
        "earlier_whole": None, "recent_share": None, "earlier_share": None, "status": status, "finding": finding,
        **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def watched(inputs: ReleaseInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    agreement = inputs.kpi_return.column("agreement_id")[0].as_py()
    forecasts = [
        _forecast("value", SCORED),
        _forecast("activity", SCORED, forecast=Decimal(4)),
        _forecast("value", OTHER),
        _forecast("cost", agreement, forecast=Decimal("6123456.5"), lower=None, upper=None, origins=0, unit="pounds",
                  basis="There are too few earlier years."),
    ]  # fmt: skip
    monitors = [
        _monitor("shrinking_denominator", "raised", "Ask whether some are no longer recorded."),
        _monitor("window_edge", "quiet", "No movement."),
        _monitor("zero_nights", "not_enough", "Fewer than 30 cases."),
    ]
    kpi = next(row for row in inputs.kpi_return.to_pylist() if row["indicator_id"] == SCORED)
    bounds = [
        {
            **{name: kpi[name] for name in ("figure_id", "agreement_id", "kpi_id")}, "period_id": "2024-25",
            "missing_days": 11, "absent_pct": Decimal("2.5"), "value": Decimal("402.1"), "lowest": Decimal("396.4"),
            "highest": Decimal("409.9"), "level": "minimum", "level_at_lowest": "stretch", "level_at_highest": "poor",
            "basis": "Had all gone one way.",
        }
    ]  # fmt: skip
    milestones = [
        {
            **{name: kpi[name] for name in ("figure_id", "agreement_id", "kpi_id")}, "period_kind": "year",
            "period_id": "2024-25", "milestone": milestone, "milestone_value": Decimal(f"{level}.000000000"), "direction": "reached",
            "value": Decimal("402.1"), "earlier_figure_id": "kpi:earlier", "earlier_period_id": "2022-23",
            "earlier_value": Decimal("455.5"),
        }
        for milestone, level in (("minimum", "450"), ("stretch", "430"))
    ]  # fmt: skip
    # the figures of the Southern Derbyshire paper, 592.2 million in all
    spend = [
        {
            "agreement_id": agreement, "year_id": "2024-25", "level": level, "spend_pence": pence,
            "total_pence": 59_220_000_000, "share_pct": Decimal(share), "member_months": 60,
            "change_pence": None if level == "unmapped" else -pence // 2, "change_pct": None, "share_change": None,
            "why_no_change": None,
        }
        for level, pence, share in (
            ("1", 0, "0"), ("2", 9_640_000_000, "16.3"), ("3", 7_300_000_000, "12.3"), ("4", 7_010_000_000, "11.8"),
            ("5", 35_270_000_000, "59.6"), ("unmapped", 0, "0"),
        )
    ]  # fmt: skip
    releases = tmp_path_factory.mktemp("watched")
    changed = replace(
        inputs,
        year_end_forecasts=made.table(columns.YEAR_END_FORECASTS, forecasts),
        gaming_monitors=made.table(columns.GAMING_MONITORS, monitors),
        bounds_if_missing=made.table(columns.BOUNDS_IF_MISSING, bounds),
        milestones=made.table(columns.MILESTONES, milestones),
        spend_by_level=made.table(columns.SPEND_BY_LEVEL, spend),
    )
    return releases / build_release(changed, releases)


def _words(path: Path) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", path.read_text()))


def test_members_read_what_they_are_scored_on_and_what_they_spend(watched: Path) -> None:
    """SWK-01: a raised question is said in words; a quiet one is only counted."""
    page = _words(watched / "members" / "site" / "outlook.html")
    assert "3 months of the year known" in page and "390.0 to 431.0" in page and "6,123,456.50" in page
    assert f"Name of {OTHER}" not in page, "nobody is scored on it"
    assert "Fewer cases Name of shrinking_denominator 1 January 2025 to 30 June 2025 Ask whether" in page
    assert "3 questions asked: 1 raised, 1 with nothing to ask, 1 with too little to tell." in page
    assert "No movement." not in page and "Name of zero_nights" in page
    assert "7,771" not in page and "7771" not in page, "how many cases there are is the analysts' to see"


def test_members_read_between_what_a_figure_that_lacks_reports_could_lie(watched: Path, release: Path) -> None:
    page = _words(watched / "members" / "site" / "outlook.html")
    assert "2024-25 11 days without a report 2.5 % 396.4 Stretch 402.1 Minimum 409.9 Poor Had all gone one way." in page
    assert "nothing that is scored lacks a report" in _words(release / "members" / "site" / "outlook.html")


def test_members_read_between_what_the_payment_could_lie(watched: Path, inputs: ReleaseInputs) -> None:
    """At the best end: half of £3,100,000.00 saved, by the factor of the score that 396.4 has."""
    page = _words(watched / "members" / "site" / "outlook.html")
    (settled,) = inputs.settlements
    posted = money(settled.postings[0]["amount_pence"])

    def gain(value: str) -> str:
        score = 50 + (430 - Fraction(value)) / 90 * 50
        return money(round_half_up(155_000_000 * (Fraction(1, 2) + Fraction(3, 4) * score / 100)))

    found = re.search(r"What would have been paid: .*? Alliance (£[\d,.]+) (£[\d,.]+) (£[\d,.]+)", page)
    assert found is not None
    # this invented range does not hold the figure that was paid on, which is one of the ways it could have come out
    assert found.groups() == (posted, posted, gain("396.4"))
    assert "lies between 396.4 and 409.9 patients. Had all gone one way." in page


def test_members_read_which_milestones_were_crossed(watched: Path, release: Path) -> None:
    """GRW-35: the event in words, with the figure it is compared with. One figure may cross several levels."""
    page = _words(watched / "members" / "site" / "outlook.html")
    for words in ("Minimum reached 450", "Stretch reached 430"):
        assert f"{words} 2024-25 after 2022-23 455.5 402.1" in page
    assert "No agreed level was crossed" in _words(release / "members" / "site" / "outlook.html")


def test_members_read_their_spend_by_level(watched: Path, release: Path) -> None:
    """DER-23: 0.0 + 96.4 + 73.0 + 70.1 + 352.7 million, with what stands on no level beside them."""
    page = _words(watched / "members" / "site" / "outlook.html")
    for words in (
        "Level 1 £0.00 0.0", "Level 2 £96,400,000.00 16.3", "Level 3 £73,000,000.00 12.3",
        "Level 4 £70,100,000.00 11.8", "Level 5 £352,700,000.00 59.6", "On no level £0.00 0.0 –",
    ):  # fmt: skip
        assert words in page, words
    assert "put no spend on levels" in _words(release / "members" / "site" / "outlook.html")


def test_nothing_of_it_is_public_and_analysts_have_all_of_it(watched: Path) -> None:
    for path in (watched / "public").rglob("*"):
        if path.is_file():
            assert b"outlook" not in path.read_bytes().lower(), path.name
    with duckdb.connect(str(watched / "analyst" / "analyst.duckdb"), read_only=True) as connection:
        assert connection.sql("select count(*) from year_end_forecasts").fetchall() == [(4,)]
        assert connection.sql("select monitor from gaming_monitors where status = 'raised'").fetchall() == [
            ("shrinking_denominator",)
        ]
    assert list(verify_release(watched)) == []


def test_a_release_without_either_says_so(release: Path) -> None:
    page = _words(release / "members" / "site" / "outlook.html")
    assert "no twelve complete months" in page and "0 questions asked" in page
