"""Generated places beside Greenwich: real areas, roles of their own agreement, counts that are what they say."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from expectations.gate_warehouse import _MORE_THAN_A_QUOTIENT as NO_QUOTIENT
from foundation.errors import WrongUsage
from places import Place, find_place, place_names
from places.base import Submission
from places.boroughs.lambeth.particulars import BOROUGH as LAMBETH
from places.boroughs.southwark.particulars import BOROUGH as SOUTHWARK
from places.boroughs.tower_hamlets.particulars import BOROUGH as TOWER_HAMLETS
from places.greenwich import ledger, local_returns, reference
from places.greenwich.borough import GREENWICH, Borough, Return
from places.greenwich.tally import rounded
from places.greenwich.truth import Decided, decided
from places.greenwich.world import source_key

ROOT = Path(__file__).resolve().parents[2]
BOROUGHS = (LAMBETH, SOUTHWARK, TOWER_HAMLETS)
NAMED = pytest.mark.parametrize("borough", [GREENWICH, *BOROUGHS], ids=lambda borough: str(borough.name))
AREAS = {"lambeth": (178, 321_813), "southwark": (166, 320_017), "tower-hamlets": (144, 331_969)}


def terms_of(borough: Borough) -> Mapping[str, Any]:
    """The agreement's file as plain text values."""
    path = ROOT / "agreements" / borough.agreement / "2024-04-01.yaml"
    loaded: Mapping[str, Any] = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
    return loaded


def cells(item: Submission) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(item.content.decode())))


@pytest.mark.parametrize("borough", BOROUGHS, ids=lambda borough: str(borough.name))
def test_areas_and_ages_are_the_published_ones(borough: Borough, shared: Path) -> None:
    """Every resident by age, and every area's rank; of Lambeth only the borough's ages are published here."""
    count, residents = AREAS[borough.name]
    assert (len(borough.areas.codes), borough.areas.population.sum()) == (count, residents)
    with (shared / "data" / "imd2019_lsoa11_rank_decile_ltla21.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    ranks = {row["lsoa11_code"]: int(row["IMD_rank"]) for row in rows if row["ltla21_code"] == borough.area_code}
    assert dict(zip(borough.areas.codes, borough.areas.imd_rank.tolist(), strict=True)) == ranks
    assert not set(borough.outside) & set(borough.areas.codes)
    assert set(borough.outside) <= {row["lsoa11_code"] for row in rows}
    bands = ["0-4", "5-9", *(f"{age}-{age + 4}" for age in range(10, 90, 5)), "90+"]
    with (shared / "data" / "ons_mid2020_population_5yr_ltla21_ew.csv").open() as handle:
        ages = {
            row["ageband"]: int(row["population"])
            for row in csv.DictReader(handle)
            if row["ltla21_code"] == borough.area_code
        }
    assert borough.areas.residents.sum(axis=0).tolist() == [ages[band] for band in bands]
    with (shared / "data" / "ons_mid2020_population_5yr_lsoa11_4areas.csv").open() as handle:
        by_area = [row for row in csv.DictReader(handle) if row["ltla21_code"] == borough.area_code]
    assert bool(by_area) == (borough is not LAMBETH)
    for row in by_area:
        place = borough.areas.codes.index(row["lsoa11_code"])
        assert borough.areas.residents[place, bands.index(row["ageband"])] == int(row["population"])


@NAMED
def test_the_place_speaks_of_its_own_agreement(borough: Borough) -> None:
    """Roles, figures, lags and follow-up of a place's particulars are those of its terms and the definitions."""
    place = find_place(borough.name)
    assert (place.name, place.area_code, place.agreements) == (borough.name, borough.area_code, (borough.agreement,))
    assert place.name in place_names()
    terms = terms_of(borough)
    members = {member["id"] for member in terms["parties"]["members"]}
    assert set(borough.costs.bases) == members
    assert len(borough.costs.measures) == len(members)
    judged = {kpi["id"]: kpi for kpi in terms["framework"]["kpis"] if kpi["role"] != "monitored"}
    assert [scored.kpi for scored in borough.scored] == list(judged)
    local = {path.stem: path for path in (ROOT / "agreements" / borough.agreement / "indicators").glob("*.yaml")}
    assert {item.indicator for item in borough.returns} == set(local)
    for scored in borough.scored:
        kpi = judged[scored.kpi]
        assert (scored.indicator, scored.lag) == (kpi["indicator_id"], int(kpi.get("measurement_lag_months", 0)))
        path = local.get(scored.indicator, ROOT / "dbt_project" / "catalogue" / f"{scored.indicator}.yaml")
        definition = yaml.safe_load(path.read_text())
        # the gate proves a paid figure again from its numerator and denominator alone
        assert definition["statistic"] not in NO_QUOTIENT
        said = (definition["follow_up_days"], definition.get("allowance_days", 0))
        assert (scored.follow_up, scored.allowance) == said
    for item in borough.returns:
        definition = yaml.safe_load(local[item.indicator].read_text())
        assert (item.decimals, item.multiplier) == (definition["value_decimals"], definition["multiplier"])
        assert (item.unit == "percent") == (definition["statistic"] == "proportion")


@NAMED
def test_returned_months_add_up_to_the_truth(borough: Borough) -> None:
    """Twelve months of the settled year are the year's counts; a place without indicators of its own returns nothing."""
    sent = list(local_returns.submissions(borough))
    assert len(sent) == (15 if borough.returns else 0)
    rows = [row for item in sent for row in cells(item)]
    assert {row["organisation"] for row in rows} <= {borough.area_code}
    told = {(row.indicator_id, row.period_id): row for row in local_returns.truth_rows(borough)}
    for item in borough.returns:
        own = [row for row in rows if row["kpi"] == item.indicator]
        year = [row for row in own if "2024-04-01" <= row["period_start"] <= "2025-03-31"]
        counts = tuple(sum(int(row[name]) for row in year) for name in ("numerator", "denominator"))
        assert counts == (item.numerator, item.denominator)
        row = told[item.indicator, "2024-25"]
        assert (row.numerator, row.denominator) == counts
        assert row.value == rounded(item.multiplier * Fraction(*counts), item.decimals)
        assert all(int(month["denominator"]) > 0 for month in own)
    # the last whole quarter is there, the year that has begun is not
    assert {period for _, period in told} == (
        {f"2024-25-q{quarter}" for quarter in range(1, 5)} | {"2024-25", "2025-26-q1"} if borough.returns else set()
    )


def test_counts_that_do_not_divide_are_refused() -> None:
    odd = Return("never_counted", 7, 8)
    values = {field.name: getattr(GREENWICH, field.name) for field in fields(Borough)}
    with pytest.raises(ValueError, match="never_counted do not divide into months"):
        list(local_returns.submissions(Borough(**{**values, "returns": (odd,)})))


@NAMED
def test_the_register_asks_whoever_sends(borough: Borough) -> None:
    """Everything of the place's own area; the area itself is asked for its counts only where it has some."""
    organisations, areas, _ = (cells(item) for item in reference.submissions(borough))
    assert {row["area"] for row in organisations} == {borough.area_code}
    assert {row["area_code"] for row in areas} == {borough.area_code}
    assert [row["lsoa_code"] for row in areas] == list(borough.areas.codes)
    asked = [row for row in organisations if row["feed"] == "aggregate_kpi_return"]
    own = [(borough.area_code, "2024-04-01")] if borough.returns else []
    assert [(row["member_organisation"], row["valid_from"]) for row in asked] == own


@NAMED
def test_ledgers_are_illustrative_and_near_the_target(borough: Borough) -> None:
    """Roles alone, no real organisation; every member, every month of the settled year."""
    sent = list(ledger.submissions(borough))
    assert len(sent) == 12 * len(borough.costs.bases)
    rows = [row for item in sent for row in cells(item)]
    assert {row["agreement"] for row in rows} == {borough.agreement}
    assert all("-" in row["organisation"] and row["organisation"].islower() for row in rows)
    total = sum(Fraction(row["amount"]) for row in rows)
    agreed = terms_of(borough)["finance"]
    target = agreed.get("target_cost")
    if target is None:
        return
    adjusted = sum(Fraction(part["amount_gbp"]) for part in target[0].get("adjustments", []))
    kept = 1 - Fraction(target[0].get("efficiency_pct", 0)) / 100
    assert Fraction(95, 100) < total / ((Fraction(target[0]["baseline_gbp"]) + adjusted) * kept) < Fraction(99, 100)


@pytest.fixture(scope="module")
def village() -> Decided:
    return decided(400, 7, TOWER_HAMLETS)


def test_a_borough_is_drawn_in_its_own_areas(village: Decided) -> None:
    """Residents and hand-written people live in the place's areas, and its tokens are its own."""
    world = village.world
    inside = len(TOWER_HAMLETS.areas.codes)
    assert world.registrations.lsoa.max() < inside + len(TOWER_HAMLETS.outside)
    assert len(TOWER_HAMLETS.lsoa_codes) == inside + len(TOWER_HAMLETS.outside)
    share = np.mean(world.registrations.lsoa < inside)
    assert 0.9 < share < 1
    assert world.key.token("9434765919") != source_key().token("9434765919")
    sent = {row["lsoa_code"] for item in village.submissions() if item.feed == "pcn_register"
            and item.organisation == "ZPN1" for row in cells(item)}  # fmt: skip
    assert sent
    assert sent <= set(TOWER_HAMLETS.lsoa_codes)


def test_the_same_place_is_drawn_alike_and_another_is_not(village: Decided) -> None:
    again = decided(400, 7, TOWER_HAMLETS)
    other = decided(400, 7, LAMBETH)
    assert np.array_equal(again.world.registrations.lsoa, village.world.registrations.lsoa)
    assert again.truth() == village.truth()
    assert not np.array_equal(other.world.birth_day, village.world.birth_day)


def test_what_is_withheld_follows_from_dates_alone() -> None:
    """Of the counts returned only the year that has begun is not ripe."""
    withheld = find_place("lambeth", 400).findings().withheld
    assert withheld == {f"lambeth-personalised-support@{scored.kpi}@2025-26" for scored in LAMBETH.scored}


@pytest.mark.parametrize("name", ["southwark", "lambeth", "tower-hamlets"])
def test_numbers_a_place_cannot_be_drawn_with(name: str) -> None:
    with pytest.raises(WrongUsage, match="not a number of residents"):
        find_place(name, residents=299)
    with pytest.raises(WrongUsage, match="a seed is a whole number"):
        find_place(name, seed=-1)


def test_recipes_tell_places_apart() -> None:
    made: list[Place] = [find_place(name, 400, 5) for name in ("southwark", "lambeth", "greenwich")]
    assert len({place.fingerprint() for place in made}) == 3


@pytest.mark.parametrize("name", place_names())
def test_pages_know_the_area_by_its_name(name: str, repository: Path) -> None:
    with (repository / "dbt_project/seeds/area_names.csv").open(encoding="utf-8", newline="") as handle:
        names = {row["area_code"]: row["area_name"] for row in csv.DictReader(handle)}
    place = find_place(name)
    assert names.get(place.area_code) == place.area_name
