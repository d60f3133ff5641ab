"""The attack on hidden counts: judged by brute force, on visible cases, and on random tables and sequences of releases.

The judge here lists every table of whole numbers that fits what is shown. It shares no code with the attack.
CNI-21, GRW-25.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import people_fixture as people
import pytest
import release_fixture as made

from foundation.errors import Refused
from foundation.period import parse_period
from publication.disclosure import disclose_figures
from publication.disclosure.attack import Contradiction, System, Target, attack
from publication.disclosure.evidence import Look, evidence_of, shown_between
from publication.disclosure.history import FORMER, Tried, try_release
from publication.disclosure.rules import COHORT, Rules, rules_of

# `make soak` asks for 1,000; elsewhere more than these would tell little and cost much
CASES = min(int(os.environ.get("OUTTURN_PROPERTY_CASES", "12")), 1000)
AREA, RULES = people.AREA, Rules()
RATE = "care_home_admissions_65_over"  # its numerator is the only count of people: a table can be listed by hand
ENTRY = {**people.CATALOGUE[RATE], "indicator_id": RATE, "version": 1, "population_basis": "resident"}
CATALOGUE = {RATE: ENTRY}
FIFTHS = people.FIFTHS


# --- the attack itself


def _drawn_system(chance: random.Random) -> tuple[list[tuple[int, int]], list[tuple[dict[int, int], int, int]]]:
    """A small system with at least one world."""
    size = chance.randint(2, 5)
    limits = [(low, low + chance.randint(0, 8)) for low in (chance.choice((0, 0, 0, 8)) for _ in range(size))]
    world = [chance.randint(*ends) for ends in limits]
    forms = []
    for _ in range(chance.randint(1, 4)):
        chosen = chance.sample(range(size), chance.randint(1, size))
        form = {at: chance.choice((1, 1, 1, -1)) for at in chosen}
        value = sum(factor * world[at] for at, factor in form.items())
        forms.append((form, value - chance.choice((0, 0, 2)), value + chance.choice((0, 0, 2))))
    return limits, forms


@pytest.mark.parametrize("part", range(4))
def test_the_attack_finds_what_brute_force_finds_and_nothing_else(part: int) -> None:
    """On every drawn system each count can be exactly what a list of all its worlds says it can be."""
    chance = random.Random(f"systems {part}")
    for _ in range(CASES):
        limits, forms = _drawn_system(chance)
        worlds = [
            world for world in product(*(range(low, high + 1) for low, high in limits))
            if all(least <= sum(f * world[at] for at, f in form.items()) <= most for form, least, most in forms)
        ]  # fmt: skip
        system = System()
        for at, (low, high) in enumerate(limits):
            system.unknown(at, low, high)
        for form, least, most in forms:
            system.sum_between(form.items(), least, most)
        wanted, targets = set(), []
        for at in range(len(limits)):
            for number in range(9):
                targets.append(Target((f"{at}",), f"{number}", ((at, 1),), (number,)))
                if all(world[at] != number for world in worlds):
                    wanted.add((str(at), str(number)))
        assert {(f.target.figures[0], f.target.quantity) for f in attack(system, targets).open} == wanted, (
            limits,
            forms,
        )


def test_what_cannot_be_true_is_no_proof() -> None:
    system = System()
    system.unknown("a", 0, 3)
    system.sum_between([("a", 1)], 5, 5)
    with pytest.raises(Contradiction):
        attack(system, [Target(("a",), "", (("a", 1),), (1,))])


def test_an_attack_that_does_not_end_in_time_is_a_refusal() -> None:
    system = System()
    system.sum_between([("a", 1), ("b", 1), ("c", -2)], 0, 3)
    system.sum_between([("a", 1), ("b", -1)], 0, 3)
    with pytest.raises(Refused, match="did not end"):
        attack(system, [Target(("a",), "", (("a", 1),), (1, 7))], seconds=0)


def test_a_gap_between_possible_numbers_is_found() -> None:
    """Twice a number and one more: 1 and 7 are possible, and 2 is not."""
    system = System()
    for name in "ab":
        system.unknown(name, 0, 9)
    system.unknown("c", 0, 7)
    system.sum_between([("a", 1), ("b", -1)], 0, 0)
    system.sum_between([("c", 1), ("a", -1), ("b", -1)], 1, 1)
    (found,) = attack(system, [Target(("c",), "", (("c", 1),), tuple(range(1, 8)))]).open
    assert found.target.figures == ("c",)


def test_parts_that_are_not_tied_to_a_hidden_count_are_left_out() -> None:
    system = System()
    for place in range(50):
        system.unknown(("other", place), 0, 20)
    system.sum_between([(("other", place), 1) for place in range(50)], 100, 100)
    system.unknown("small", 0, 7)
    system.unknown("beside", 8, 12)
    system.sum_between([("small", 1), ("beside", 1)], 13, 13)
    outcome = attack(system, [Target(("x",), "", (("small", 1),), (1, 7))])
    assert outcome.sizes["x"][0] <= 2
    assert [found.target.figures for found in outcome.open] == [("x",)], "7 would leave 6 of 8 to 12"


# --- tables and releases


def _figure(label: str, count: int, group: str = "", months: int = 12) -> dict[str, Any]:
    period = parse_period(label)
    residents = 60_000 * months
    row = {
        "indicator_id": RATE, "indicator_version": 1, "area_code": AREA, "period_kind": period.kind,
        "period_id": label, "numerator": Decimal(count), "denominator": Decimal(residents),
        "value": made.half_up(Decimal(count) * 1_200_000 / residents, 0), "data_complete_as_at": period.end,
    }  # fmt: skip
    return row | ({"breakdown_kind": "deprivation", "breakdown_group": group} if group else {})


def _year(counts: Sequence[int], lost: int = 0) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A year by fifths, and so many admissions of people without one."""
    parts = [_figure("2024-25", count, group) for group, count in zip(FIFTHS, counts, strict=False)]
    return [_figure("2024-25", sum(counts) + lost)], parts


def _look(name: str, rows: Any, also: Mapping[str, str] | None = None) -> Look:
    """A release that hides what its own tables ask for, and nothing because of another release."""
    measures, parts = rows
    found = disclose_figures(measures, parts, CATALOGUE, also=also or {})
    return Look(name, RULES, found.measures, found.breakdowns, found.exact)


def _tried(rows: Any, formers: Sequence[Look]) -> Tried:
    measures, parts = rows
    return try_release(
        lambda also: disclose_figures(measures, parts, CATALOGUE, also=also), CATALOGUE, frozenset(), RULES, {}, formers
    )


def _look_of(tried: Tried, name: str) -> Look:
    return Look(name, RULES, tried.disclosed.measures, tried.disclosed.breakdowns, tried.disclosed.exact)


def _open(looks: Sequence[Look]) -> set[str]:
    found = set()
    for area_is_known in (False, True):
        evidence = evidence_of(looks, CATALOGUE, area_is_known=area_is_known)
        found |= {name for one in attack(evidence.system, evidence.targets).open for name in one.target.figures}
    return found


def _small_that_fall(looks: Sequence[Look]) -> set[str]:
    """By brute force: hidden small groups of the last look that cannot be each of 1 to 7.

    The reader knows the area's count of the last release, and of an earlier one that was not revised; of hidden groups
    whether they are small; of each group whether it was revised; that nobody is without a group. Every table of whole
    numbers is listed, and the one that is left after the others follows from the sum.
    """
    names: list[tuple[str, int]] = []
    options: list[set[int]] = []
    sums = []
    whole = int(next(iter(row for row in looks[-1].exact.values() if "breakdown_group" not in row))["numerator"])
    for look in looks:
        area = next(row for row in look.exact.values() if not row.get("breakdown_group"))
        if not any(row["value"] is not None for row in look.breakdowns) or int(area["numerator"]) != whole:
            continue  # a table that shows nothing tells nothing, and of a revised area the count is not known
        places = []
        for row in look.breakdowns:
            count = int(look.exact[row["figure_id"]]["numerator"])
            name = (row["figure_id"], count)  # what was not revised is the same unknown
            if row["value"] is not None:
                shown = int(row["numerator"])
                fits = {n for n in range(shown + 3) if (n == 0 and shown == 0) or (n > 7 and (n + 2) // 5 * 5 == shown)}
            else:
                fits = set(range(8)) if count <= 7 else set(range(8, whole + 1))
            if name in names:
                options[names.index(name)] &= fits
            else:
                names.append(name)
                options.append(fits)
            places.append(names.index(name))
        sums.append(places)
    hidden = {
        (row["figure_id"], int(looks[-1].exact[row["figure_id"]]["numerator"])) for row in looks[-1].breakdowns
        if row["value"] is None and 0 < int(looks[-1].exact[row["figure_id"]]["numerator"]) <= 7
    } & set(names)  # fmt: skip
    can_be: dict[int, set[int]] = {names.index(name): set() for name in hidden}
    if not can_be:
        return set()
    order = sorted(range(len(names)), key=lambda at: len(options[at]))

    def worlds(at: int, world: dict[int, int]) -> None:
        for places in sums:
            known = [world[place] for place in places if place in world]
            left = [options[place] for place in places if place not in world]
            if not sum(map(min, left)) <= whole - sum(known) <= sum(map(max, left)):
                return
        if all(len(can_be[place]) == 8 for place in can_be):
            return
        if at == len(order):
            for place, found in can_be.items():
                found.add(world[place])
            return
        for number in options[order[at]]:
            worlds(at + 1, {**world, order[at]: number})

    worlds(0, {})
    return {names[place][0] for place, found in can_be.items() if not set(range(1, 8)) <= found}


def _count(chance: random.Random) -> int:
    return chance.choice((0, 0, chance.randint(1, 7), chance.randint(1, 7), chance.randint(8, 14)))


@pytest.mark.parametrize("part", range(2))
def test_random_sequences_of_releases_give_no_hidden_count_away(part: int) -> None:
    """Two releases of drawn tables, the second with a few records more or less: the judge finds nothing in what is
    published, and the attack finds in the tables as they would be without history all that the judge finds."""
    chance, kept, planted = random.Random(f"releases {part}"), 0, 0
    for _ in range(CASES):
        before = [_count(chance) for _ in range(4)]
        now = list(before)
        if chance.random() < 0.7:
            one, other = chance.sample(range(4), 2)
            # the area's count stays: what one fifth has more, another has less
            step = chance.choice((1, 1, 2, 5))
            if now[other] >= step:
                now[one], now[other] = now[one] + step, now[other] - step
        first = _look_of(_tried(_year(before), ()), "1" * 64)
        assert not _small_that_fall([first]), before
        without_history = _look("2" * 64, _year(now))
        leaks = _small_that_fall([first, without_history])
        assert leaks <= _open([first, without_history]), (before, now)
        planted += bool(leaks)
        tried = _tried(_year(now), [first])
        assert not _small_that_fall([first, _look_of(tried, "2" * 64)]), (before, now)
        kept += any(row["value"] is not None for row in tried.disclosed.breakdowns)
    assert kept, "nothing is published at all: the cases show nothing"
    assert planted or CASES < 100, "no former release gave anything away: the cases show nothing"


def test_a_shield_that_moves_from_one_release_to_the_next_stays() -> None:
    """Fifth 1 has 3 admissions. With the area's 46 either 2 or 3 must be hidden beside it. A release that hides 2 where
    the one before hid 3 tells both, and with them that fifth 1 has 5 at most."""
    rows = _year([3, 30, 13])
    first = _look("1" * 64, rows)  # three fifths have residents
    ids = {row["breakdown_group"]: row["figure_id"] for row in first.breakdowns}
    assert [row["breakdown_group"] for row in first.breakdowns if row["value"] is None] == ["1", "3"]
    found = disclose_figures(*rows, CATALOGUE, also={ids["2"]: FORMER})
    moved = [dict(row) for row in found.breakdowns]
    moved[2] |= {"value": Decimal(1), "marker": None, "numerator": Decimal(15)}
    planted = Look("2" * 64, RULES, found.measures, moved, found.exact)
    assert ids["1"] not in _open([first]) | _open([planted]), "each by itself is safe"
    assert ids["1"] in _open([first, planted])
    assert ids["1"] in _small_that_fall([first, planted])

    def careless(also: Mapping[str, str]) -> Any:
        """Disclosure that forgot what was hidden before."""
        made_again = disclose_figures(*rows, CATALOGUE, also={ids["2"]: FORMER, **also})
        for row in made_again.breakdowns:
            if row["breakdown_group"] == "3" and ids["3"] not in also:
                row |= {"value": Decimal(1), "marker": None, "numerator": Decimal(15)}
        return made_again

    tried = try_release(careless, CATALOGUE, frozenset(), RULES, {}, [first])
    assert tried.also == {ids["3"]: FORMER}, "what the former release hid is hidden again"

    def stubborn(also: Mapping[str, str]) -> Any:
        return careless({})

    with pytest.raises(Refused, match=ids["1"]) as refusal:
        try_release(stubborn, CATALOGUE, frozenset(), RULES, {}, [first])
    assert "46" not in str(refusal.value)


def test_a_total_that_was_rounded_by_itself_is_found() -> None:
    """15, 6 and 25, as in the oracle: the year would say that the hidden quarter is 6 or 7, so it is hidden too."""
    quarters = [_figure(f"2024-25-q{n}", count, months=3) for n, count in ((1, 17), (2, 6), (3, 0), (4, 0))]
    rows = [*quarters, _figure("2024-25", 23)]
    honest = _look("1" * 64, (rows, []))
    assert [row["numerator"] for row in honest.measures] == [15, None, 0, 0, None]
    assert not _open([honest])
    year = {"numerator": Decimal(25), "value": Decimal(25), "marker": None}
    total = [row | (year if row["period_id"] == "2024-25" else {}) for row in honest.measures]
    planted = Look("1" * 64, RULES, total, [], honest.exact)
    assert _open([planted]) == {honest.measures[1]["figure_id"]}


def test_what_is_shown_of_both_parts_of_a_whole_is_found() -> None:
    """A complement: of 122 deaths 60 at home and 59 in hospital, three were elsewhere, and their indicator hides it."""
    share = people.CATALOGUE["deaths_usual_place"]
    words = {"denominator_counts": "home hospital elsewhere", "family": "deaths", "version": 1}
    catalogue = {
        name: {**share, **words, "indicator_id": name, "numerator_counts": name, "family_lead": name == "home"}
        for name in ("home", "hospital", "elsewhere")
    }  # fmt: skip
    rows = [
        {"indicator_id": name, "indicator_version": 1, "area_code": AREA, "period_kind": "year", "period_id": "2024-25",
         "numerator": Decimal(top), "denominator": Decimal(122), "value": Decimal(1)}
        for name, top in (("home", 60), ("hospital", 59), ("elsewhere", 3))
    ]  # fmt: skip
    found = disclose_figures(rows, [], catalogue)
    honest = Look("1" * 64, RULES, found.measures, [], found.exact)
    evidence = evidence_of([honest], catalogue)
    assert not attack(evidence.system, evidence.targets).open
    shown = [
        {**row, "value": Decimal(1), "marker": None, "numerator": Decimal(60), "denominator": Decimal(120)}
        if row["indicator_id"] != "elsewhere" else row for row in found.measures
    ]  # fmt: skip
    planted = evidence_of([Look("1" * 64, RULES, shown, [], found.exact)], catalogue)
    assert any(
        "elsewhere" in name for one in attack(planted.system, planted.targets).open for name in one.target.figures
    )


def test_what_a_former_release_gave_away_by_itself_is_written_down_and_not_refused() -> None:
    """Fewer counts were small then: 9 was shown as 10, and is hidden under the rules of today."""
    strict = rules_of({"largest_hidden": 12, "least_people": 13, "least_population": 13})
    rows = _year([9, 40, 50, 60, 70])
    former = _look("1" * 64, rows)
    tried = try_release(
        lambda also: disclose_figures(*rows, CATALOGUE, rules=strict, also=also), CATALOGUE, frozenset(), strict, {},
        [former],
    )  # fmt: skip
    shown = {row["breakdown_group"]: row["value"] for row in tried.disclosed.breakdowns}
    assert shown["1"] is None
    assert any(":1:value" in name for name in tried.already)


def test_one_person_who_was_erased_does_not_show() -> None:
    """Every fifth but one is known exactly by its nought: what the area lost, that fifth lost."""
    first = _look_of(_tried(_year([13, 0, 0, 0, 0]), ()), "1" * 64)
    second = _tried(_year([12, 0, 0, 0, 0]), [first])
    changed = [
        (old["numerator"], new["numerator"])
        for old, new in zip((*first.measures, *first.breakdowns),
                            (*second.disclosed.measures, *second.disclosed.breakdowns), strict=True)
        if old["numerator"] != new["numerator"]
    ]  # fmt: skip
    # shown as 15 and as 10, that is 1 to 9 people fewer: the reader cannot tell how many, so all of 1 to 7 are left
    assert set(changed) <= {(15, 10), (15, None)}


def test_a_reader_of_the_public_part_alone_finds_the_planted_total() -> None:
    quarters = [_figure(f"2024-25-q{n}", count, months=3) for n, count in ((1, 17), (2, 6), (3, 0), (4, 0))]
    honest = _look("1" * 64, ([*quarters, _figure("2024-25", 23)], []))
    evidence = evidence_of([Look("1" * 64, RULES, honest.measures, [])], CATALOGUE)
    assert not attack(evidence.system, evidence.targets).open
    assert evidence.targets


# --- settings and cohorts


def test_settings_protect_more_and_never_less() -> None:
    assert rules_of({}) == RULES
    assert rules_of({"largest_hidden": 9, "least_population": 10}).largest_hidden == 9
    for wrong in ({"largest_hidden": 5}, {"nearest": 3}, {"nearest": 10}, {"small": 3}, {"largest_hidden": 7.5},
                  {"largest_hidden": 12}, {"largest_hidden": True}):  # fmt: skip
        with pytest.raises(Refused):
            rules_of(wrong)
    assert shown_between(10, RULES) == (8, 12)
    assert shown_between(20, rules_of({"largest_hidden": 11, "nearest": 10, "least_people": 12,
                                       "least_population": 12})) == (15, 24)  # fmt: skip


@pytest.mark.parametrize(("people_a_month", "shown"), [(200, False), (249, False), (250, True)])
def test_a_small_cohort_has_financial_years_and_nothing_shorter(people_a_month: int, shown: bool) -> None:
    name = "four_week_quit"
    catalogue = {name: {**people.CATALOGUE[name], "population_basis": "cohort"}}
    labels = {f"2024-{month:02}": 1 for month in range(4, 13)} | {f"2025-{month:02}": 1 for month in range(1, 4)}
    labels |= {f"2024-25-q{n}": 3 for n in (1, 2, 3, 4)} | {"2024-25": 12, "2025-03-r12": 12}
    rows = [
        {"indicator_id": name, "area_code": AREA, "period_kind": parse_period(label).kind, "period_id": label,
         "numerator": Decimal(100 * months), "denominator": Decimal(people_a_month * months), "value": Decimal(50)}
        for label, months in labels.items()
    ]  # fmt: skip
    found = {row["period_id"]: row for row in disclose_figures(rows, [], catalogue).measures}
    assert abs(found["2024-25"]["denominator"] - people_a_month * 12) <= 2
    assert found["2025-03-r12"]["value"] == found["2024-25"]["value"]
    for label in ("2024-05", "2024-25-q2"):
        assert (found[label]["value"] is not None) == shown
        assert shown or found[label]["reason"] == COHORT


def test_a_former_release_without_its_exact_figures_stops_nothing() -> None:
    """Its analysts' part may be kept elsewhere: what it shows counts, and by how few it was revised nobody knows."""
    before, now = _year([40, 50, 60, 70, 80]), _year([41, 50, 63, 70, 80])
    former = replace(_look("1" * 64, before), exact={})
    tried = _tried(now, [former])
    assert [row["value"] is not None for row in tried.disclosed.breakdowns] == [True] * 5
    with_exact = _tried(now, [_look("1" * 64, before)])
    assert len(with_exact.disclosed.breakdowns) == 5
