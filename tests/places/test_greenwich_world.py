"""The drawn residents: real structure, valid identities, the same people for the same seed."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.tokens import TOKEN, local_text, match_text
from places.greenwich import deaths, draw, end_of_life, names
from places.greenwich.dates import LAST_DAY, MONTH_STARTS, MONTHS, as_date, day_number, month_positions, spans
from places.greenwich.geography import areas, quintiles
from places.greenwich.truth import Decided
from places.greenwich.world import AGE_GROUPS, DEPRIVATION_GROUPS, PCN_GROUPS, draw_world, source_key


def test_areas_are_the_published_ones(shared: Path) -> None:
    """The extract keeps every resident of the 151 areas by age band, and their ranks."""
    import csv

    with (shared / "data" / "ons_mid2020_population_5yr_lsoa11_4areas.csv").open() as handle:
        published = [row for row in csv.DictReader(handle) if row["ltla21_name"] == "Greenwich"]
    with (shared / "data" / "imd2019_lsoa11_rank_decile_ltla21.csv").open() as handle:
        ranks = {row["lsoa11_code"]: int(row["IMD_rank"]) for row in csv.DictReader(handle)}
    bands = ["0-4", "5-9", *(f"{age}-{age + 4}" for age in range(10, 90, 5)), "90+"]
    places = {code: place for place, code in enumerate(areas().codes)}
    assert len(published) == areas().residents.size == 151 * 19
    for row in published:
        assert areas().residents[places[row["lsoa11_code"]], bands.index(row["ageband"])] == int(row["population"])
    assert [ranks[code] for code in areas().codes] == areas().imd_rank.tolist()
    assert areas().population.sum() == 289_034


def test_fifths_hold_about_a_fifth_of_the_residents_each() -> None:
    """GRW-28: groups of deprivation are local and weighted by population."""
    total = areas().population.sum()
    for fifth in range(1, 6):
        assert abs(areas().population[areas().quintile == fifth].sum() / total - 0.2) < 0.01
    assert areas().quintile[np.argmin(areas().imd_rank)] == 1
    assert areas().quintile[np.argmax(areas().imd_rank)] == 5


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 4000)), min_size=1, max_size=40))
def test_fifths_go_by_rank_then_code(found: list[tuple[int, int]]) -> None:
    rank, population = (np.array(column, dtype=np.int64) for column in zip(*found, strict=True))
    fifth = quintiles(rank, population)
    assert ((fifth >= 1) & (fifth <= 5)).all()
    lined_up = sorted(range(len(rank)), key=lambda place: (rank[place], place))
    assert [fifth[place] for place in lined_up] == sorted(fifth)


@given(st.integers(1, 4000), st.lists(st.integers(0, 300), min_size=1, max_size=60).filter(any))
def test_scaling_keeps_every_share_within_one(wanted: int, counts: list[int]) -> None:
    weights = np.array(counts, dtype=np.int64)
    scaled = draw.scaled(weights, wanted)
    assert scaled.sum() == wanted
    assert (np.abs(scaled * weights.sum() - weights * wanted) < weights.sum()).all()


def test_the_first_day_has_the_residents_asked_for(small: Decided) -> None:
    world = small.world
    drawn = world.practice[0, : world.background] >= 0
    assert drawn.sum() == world.residents
    assert world.background - world.registered == round(world.residents * 0.01)
    # all on their places again: a scaled copy of the published table, give or take those outside
    age = world.attributes_in(np.flatnonzero(drawn), np.zeros(int(drawn.sum()), dtype=np.int64)).age_band
    expected = draw.scaled(areas().residents, world.residents).sum(axis=0)
    # a month of birth taken as its first day moves a few people over a band's edge
    assert np.abs(np.bincount(age, minlength=19) - expected).sum() <= world.residents * 0.05


def test_identities_are_fictional_valid_and_unique(small: Decided) -> None:
    world = small.world
    assert len(set(world.nhs.tolist())) == world.people
    for number in world.nhs.tolist():
        text = str(number)
        assert len(text) == 10
        assert text[0] == "9"
        assert len(set(text)) > 1
        remainder = 11 - sum(int(sign) * (10 - place) for place, sign in enumerate(text[:9])) % 11
        assert int(text[9]) == remainder % 11
    assert all(postcode.startswith("ZZ") for postcode in world.postcode)
    who = list(zip(world.forename, world.surname, world.birth_day.tolist(), strict=True))
    assert len(set(who)) == len(who)
    assert len({match_text(*parts, "2000-01-01") for parts in {item[:2] for item in who}}) > 300


def test_names_are_drawn_apart() -> None:
    """Even where everybody is born on one day, nobody shares forename and surname."""
    forename, surname = names.draw_names(np.random.default_rng(3), np.full(20_000, 4000, dtype=np.int32))
    assert len(set(zip(forename.tolist(), surname.tolist(), strict=True))) == 20_000


def test_tokens_are_those_of_a_senders_tool(small: Decided) -> None:
    world, key = small.world, source_key()
    person = int(np.flatnonzero(world.has_number)[5])
    nameless = int(np.flatnonzero(~world.has_number)[0])
    assert world.person_token([person, nameless, -1]).to_pylist() == [key.token(str(world.nhs[person])), None, None]
    born = as_date(world.birth_day[person]).isoformat()
    text = match_text(world.forename[person], world.surname[person], born)
    assert text is not None
    assert world.match_token([person, -1]).to_pylist() == [key.token(text), None]
    assert world.local_token("ZAT1", ["A1", None, "A2", "A1"]).to_pylist() == [
        key.token(local_text("ZAT1", "A1")),
        None,
        key.token(local_text("ZAT1", "A2")),
        key.token(local_text("ZAT1", "A1")),
    ]
    assert TOKEN.fullmatch(world.match_token([person])[0].as_py())
    assert world.birth_months([person, -1]).to_pylist() == [born[:7], None]
    assert world.number_statuses([person, -1]).to_pylist() == ["valid", "missing"]


def test_months_and_periods() -> None:
    assert len(MONTHS) == 27
    assert [len(spans(kind)) for kind in ("month", "quarter", "year", "rolling_year")] == [27, 9, 3, 16]
    assert spans("year")[-1].period.label == "2025-26"
    assert spans("year")[-1].last == -1
    assert (spans("rolling_year")[0].first, spans("rolling_year")[-1].stop) == (0, 27)
    assert month_positions(np.array([MONTH_STARTS[0] - 1, MONTH_STARTS[0], LAST_DAY, LAST_DAY + 1])).tolist() == [
        -1,
        0,
        26,
        -1,
    ]


def test_a_practice_that_changes_network_takes_its_people_along(small: Decided) -> None:
    world = small.world
    person = world.story("practice-changes-network")
    days = np.array([day_number(month.start) for month in MONTHS])
    found = world.attributes(np.full(27, person), days)
    networks = [PCN_GROUPS[code] for code in found.pcn]
    assert networks == ["ZPN1"] * 18 + ["ZPN2"] * 9
    groups = [AGE_GROUPS[code] for code in found.age_group]
    assert groups == ["40-64"] * 12 + ["65-74"] * 15
    outside = world.attributes([world.story("told-too-late")], [days[0]])
    assert (DEPRIVATION_GROUPS[outside.deprivation[0]], bool(outside.in_area[0])) == ("unknown", False)
    nobody = world.attributes([-1, person], [days[0], days[0] - 1])
    assert nobody.in_spine.tolist() == [False, False]
    assert nobody.age_years.tolist() == [-1, -1]
    assert {PCN_GROUPS[code] for code in nobody.pcn} == {"unknown"}


def test_nobody_is_here_after_a_known_death(small: Decided) -> None:
    world = small.world
    for position, start in enumerate(MONTH_STARTS[:-1]):
        gone = world.death_linked & (world.death_day < start)
        assert not (world.practice[position] >= 0)[gone].any()
    assert (world.death_day <= LAST_DAY).any()


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31), st.integers(300, 900))
def test_the_same_seed_draws_the_same_people(seed: int, residents: int) -> None:
    first, second = draw_world(residents, seed), draw_world(residents, seed)
    for name in ("birth_day", "nhs", "practice", "lsoa", "death_day", "forename", "postcode"):
        assert (getattr(first, name) == getattr(second, name)).all()
    assert (first.practice[0, : first.background] >= 0).sum() == residents


def test_one_domain_never_changes_another(small: Decided) -> None:
    """Each name has chance of its own: drawing from one leaves the other where it was."""
    world = small.world
    alone = world.rng("a").random(3).tolist()
    world.rng("b").random(100)
    assert world.rng("a").random(3).tolist() == alone
    assert world.rng("b").random(3).tolist() != alone


def test_a_place_imports_no_room_that_computes(repository: Path) -> None:
    """The truth cannot lean on what it is to check: only the floor is imported, and no database or table engine.
    pydantic and ruamel.yaml read a home's own place and hold it to its form (`places.own`), which draws no truth."""
    allowed = {"foundation", "places", "numpy", "pyarrow"}
    import sys

    for path in sorted((repository / "places").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                root = name.partition(".")[0]
                formed = path.name == "own.py" and root in ("pydantic", "ruamel")
                assert formed or root in allowed or root in sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize("residents", [300, 5000])
def test_events_befall_people_who_are_here(residents: int) -> None:
    world = draw_world(residents, 5)
    people, days = world.events("anything", np.full(world.background, 1.0))
    months = month_positions(days)
    assert (world.practice[months, people] >= 0).all()
    assert (days <= world.death_day[people]).all()
    assert (people < world.background).all()
    assert abs(len(people) / (residents * 27 / 12) - 1) < 0.2


def test_nobody_who_dies_young_has_a_plan_from_before_birth() -> None:
    """Three of 289,034 had, and intake rightly refused their rows."""
    world = draw_world(2_500, 5)
    drawn = deaths.decide(world)
    background = (drawn.person >= 0) & (drawn.person < world.background)
    named = drawn.person[background]
    # all of them a week old
    world = replace(world, birth_day=world.birth_day.copy())
    world.birth_day[named] = drawn.day[background] - 7
    plans = end_of_life.decide(world, drawn)
    infants = np.isin(plans.person, named)
    assert infants.sum() > 5
    assert (plans.created[infants] >= world.birth_day[plans.person[infants]]).all()
