"""Beside a payment stands what it does not say: trend, a comparator, the pull back to the usual."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from publication.agreement import KpiTerms
from publication.pages.counterfactual import counterfactual

AREA, OTHER = "E54000058", "E54000059"


def kpi(**changes: Any) -> KpiTerms:
    return KpiTerms(**{
        "kpi_id": "D1", "name": "Days", "role": "paid", "indicator_id": "days", "area_code": AREA,
        "weight": Decimal(100), "polarity": "low", "unit": "days", "decimals": 1, "baseline": Decimal(50),
        "baseline_period": "2023-24", "levels": (), **changes,
    })  # fmt: skip


def words(values: dict[str, str], others: dict[str, str] | None = None, terms: KpiTerms | None = None,
          breaks: str | None = None, group: dict[str, str] | None = None) -> list[str]:  # fmt: skip
    """The three answers for 2024-25, of a KPI with these values by year; others: those of another area."""
    one = kpi() if terms is None else terms

    def rows(found: dict[str, str], area: str) -> list[dict[str, Any]]:
        return [
            {
                "period_id": year, "period_kind": "year", "value": Decimal(value), "quality_status": "fit",
                "period_start": date(int(year[:4]), 4, 1), "period_end": date(int(year[:4]) + 1, 3, 31),
                "measurement_start": None, "measurement_end": None, "indicator_id": "days", "area_code": area,
                "area_name": "Elsewhere" if area == OTHER else "Here",
                "figure_id": f"indicator:days:{area}:{year}:value",
            }
            for year, value in found.items()
        ]  # fmt: skip

    public = [*rows(others or {}, OTHER), *rows(group or {}, AREA)]
    book: Any = SimpleNamespace(
        returned={("a", "D1"): rows(values, AREA)}, catalogue={"days": {"breaks": breaks}},
        by_indicator={"days": public}, by_id={r["figure_id"]: r for r in public},
    )  # fmt: skip
    agreement = SimpleNamespace(agreement_id="a", settle_by="year", kpis=(one,))
    item: Any = SimpleNamespace(agreement=agreement, period_id="2024-25")
    found = counterfactual(book, item)
    if found is None:
        return []
    ((line,),) = [table["rows"] for table in found["tables"]]
    return [cell["text"] for cell in line["cells"][1:]]


def test_what_went_on_anyway_is_said() -> None:
    years = {"2021-22": "58", "2022-23": "55", "2023-24": "50", "2024-25": "46"}
    trend, elsewhere, usual = words(years, {"2023-24": "51", "2024-25": "48.5"})
    assert trend == (
        "It was 58.0 in 2021/22, 55.0 in 2022/23, 50.0 in 2023/24, 46.0 in 2024/25: 4.0 lower (better). It was already "
        "moving this way before, and what would have gone on anyway counts too."
    )
    assert elsewhere == "Elsewhere: from 51.0 to 48.5, 2.5 lower (better)."
    assert usual == "The baseline is not the worst of the 3 periods known up to it."


def test_a_bad_baseline_comes_back_by_itself() -> None:
    years = {"2021-22": "45", "2022-23": "47", "2023-24": "50", "2024-25": "46"}
    trend, elsewhere, usual = words(years)
    assert "It was not moving this way the period before." in trend
    assert elsewhere == "The release holds no figures of anybody else for both periods: nothing says."
    assert usual.startswith("The baseline is the worst of the 3 periods known up to it.")
    assert words(years, {"2023-24": "51"})[1] == elsewhere
    higher = words(years, terms=kpi(polarity="high"))
    assert "not the worst" in higher[2]


def test_a_group_is_compared_with_everybody() -> None:
    """Segments are picked because they were bad."""
    group = kpi(breakdown_kind="deprivation", breakdown_group="1")
    years = {"2022-23": "50", "2023-24": "50", "2024-25": "50"}
    trend, elsewhere, usual = words(years, terms=group, group={"2023-24": "40", "2024-25": "40"})
    assert "the same. It was not moving this way" in trend
    assert elsewhere == "Everybody in the area: from 40.0 to 40.0, the same."
    assert usual.startswith("It looks at one group alone (most deprived fifth). If that was picked because it was bad")
    assert "Too few periods up to the baseline" in usual


def test_what_is_not_known_is_said() -> None:
    trend, elsewhere, usual = words({"2024-25": "46"})
    assert trend == "No earlier period is known: nothing says where it came from."
    assert elsewhere == "There is no earlier period to compare a change over."
    assert usual == "The baseline's own period is not among the figures of this release."
    # another definition is another figure, and a later year says nothing of this one
    years = {"2022-23": "55", "2023-24": "50", "2024-25": "46", "2025-26": "1"}
    assert "One earlier period tells no trend." in words(years, breaks="2023-04-01")[0]
    assert words(years)[0].startswith("It was 55.0 in 2022/23, 50.0 in 2023/24, 46.0 in 2024/25: 4.0")
    assert words({"2023-24": "50"}) == []
    assert words(years, terms=kpi(weight=None)) == []


def test_it_stands_beside_the_members_statement(release: Path) -> None:
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (release / "members" / "site" / "index.html").read_text()))
    assert "What this payment does not say" in page
    assert "A payment is no proof of what caused the change." in page
    assert "One earlier period tells no trend." in page
