"""The generated places beside Greenwich, from landing to a release that can be recomputed. Minutes each: for soak."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from demo_home import filled_home, outturn_here

from places.boroughs.lambeth.particulars import BOROUGH as LAMBETH
from places.boroughs.southwark.particulars import BOROUGH as SOUTHWARK
from places.boroughs.tower_hamlets.particulars import BOROUGH as TOWER_HAMLETS
from places.greenwich.borough import Borough
from places.greenwich.local_returns import truth_rows

RESIDENTS = 4_000


@pytest.mark.soak
@pytest.mark.parametrize("borough", [LAMBETH, SOUTHWARK, TOWER_HAMLETS], ids=lambda borough: str(borough.name))
def test_a_place_settles_and_is_recomputed(borough: Borough, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Exactly the planted findings occur, the counts returned are what is scored, and `verify` agrees."""
    made = filled_home(
        tmp_path_factory, f"{borough.name}-{RESIDENTS}", "--place", borough.name, "--residents", str(RESIDENTS)
    )
    assert made.said.code == 0, made.said.out
    assert "surprise" not in made.said.out
    members = Path(made.release) / "members"
    told = {(row.indicator_id, row.period_id): row.value for row in truth_rows(borough)}
    with (members / "kpi_return.csv").open(newline="") as handle:
        rows = {(row["kpi_id"], row["period_id"]): row for row in csv.DictReader(handle)}
    own = {scored.kpi: scored.indicator for scored in borough.scored if (scored.indicator, "2024-25") in told}
    assert len(own) >= 5
    for kpi, indicator in own.items():
        assert Decimal(rows[kpi, "2024-25"]["value"]) == told[indicator, "2024-25"]
        assert rows[kpi, "2025-26"]["quality_status"] == "withheld"
    with (members / "postings.csv").open(newline="") as handle:
        posted = {row["line"]: (row["status"], int(row["amount_pence"])) for row in csv.DictReader(handle)}
    assert posted["gain"][0] == "shadow"
    # Southwark shares what both finance directors certify as cash, and in a demonstration nobody certifies any
    assert (posted["gain"][1] > 0) == (borough is not SOUTHWARK)
    said = outturn_here("verify", str(made.release))
    assert said.code == 0, said.out
