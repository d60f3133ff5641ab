"""Who is who by likeness: laws of the linkage, relatives and placeholders kept apart, the frozen model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundation.errors import SystemFault, WrongUsage
from ingest.linkage import likeness, persons
from ingest.linkage.clusters import joined
from ingest.linkage.forenames import known_names, short_forms
from ingest.linkage.persons import Linked, link
from ingest.linkage.probable import MODEL, likely_pairs, load_model
from ingest.linkage.records import FIELDS, Person, born_of, name_of, people_of
from places import lookalikes
from places.lookalikes import Written


def table_of(written: Sequence[Written]) -> Any:
    rows = [asdict(one) for one in written]
    return pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in ("record_id", *FIELDS)})


def persons_of(written: Sequence[Written], **options: Any) -> tuple[list[Person], Linked]:
    people = people_of(table_of(written), test_numbers=True)
    return people, link(people, **options)


def merged(written: Sequence[Written], **options: Any) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """Pairs of record ids that were joined: of one person, and of two."""
    people, linked = persons_of(written, **options)
    who = {one.record_id: one.person for one in written}
    right, wrong = set(), set()
    for group in linked.people():
        for left, other in combinations(group, 2):
            pair = frozenset((people[left].record_id, people[other].record_id))
            (right if len({who[name] for name in pair}) == 1 else wrong).add(pair)
    return right, wrong


def person(record_id: str, **fields: Any) -> Written:
    blank = dict.fromkeys(FIELDS, "")
    return Written(record_id=record_id, person=0, **{**blank, **fields})


JO = {
    "forename": "Joanna",
    "surname": "Okafor",
    "date_of_birth": "1961-04-02",
    "postcode": "QV1 2AB",
    "address": "4 Mill Lane",
    "sex": "F",
}


# relatives and placeholders ---------------------------------------------------------------------------


def test_a_thousand_pairs_of_twins_stay_two_people_each() -> None:
    """GRW-08: with numbers, without numbers, before they are named, and with a mother's e-mail address in common."""
    twins = lookalikes.draw_twins(1_000, 71)
    assert len(twins) == 2_000
    assert merged(twins) == (set(), set())
    without = [replace(one, nhs_number="", other_id="") for one in twins]
    assert merged(without) == (set(), set())


def test_twins_are_still_apart_when_one_field_is_mistyped() -> None:
    random = np.random.default_rng(72)
    twins = [replace(one, nhs_number="", other_id="") for one in lookalikes.draw_twins(600, 73)]
    for place in range(1, len(twins), 2):
        name = ("surname", "postcode", "address", "town")[place // 2 % 4]
        twins[place] = replace(twins[place], **{name: lookalikes.mistyped(getattr(twins[place], name), random)})
    assert merged(twins)[1] == set()


def test_families_at_one_address_stay_apart() -> None:
    """A parent and a child of the same name, and a sibling; half of the parents have a number."""
    assert merged(lookalikes.draw_families(400, 74)) == (set(), set())


def test_twins_whose_names_are_rare_and_alike_stay_apart() -> None:
    """Names that no list of ours has are protected as common ones are: such pairs wait for a person."""
    names = ("HARJIT", "HARJOT", "MANJIT", "MANJOT", "CHIDI", "CHIDO", "ZOFJA", "ZOFKA")
    for first, second in zip(names[::2], names[1::2], strict=True):
        _, linked = persons_of([person("a", **{**JO, "forename": first}), person("b", **{**JO, "forename": second})])
        assert linked.people() == []
        assert len(linked.review) == 1


def test_the_rules_and_not_luck_keep_relatives_apart() -> None:
    """Without the rules the same model joins twins: so the tests above can fail."""
    twins = [replace(one, nhs_number="", other_id="") for one in lookalikes.draw_twins(200, 71)]
    assert len(merged(twins, households=False)[1]) > 50


@pytest.mark.parametrize("placeholder", ["BABY", "Baby Boy", "TWIN 2", "unknown", "Not known", "X", "INFANT"])
def test_a_placeholder_for_a_name_joins_nobody(placeholder: str) -> None:
    nameless = person("b", **{**JO, "forename": placeholder})
    assert merged([person("a", **JO), nameless])[0] == set()
    if placeholder != "X":
        assert name_of(placeholder) is None


@pytest.mark.parametrize("date", ["1900-01-01", "1901-01-01", "9999-12-31", "1899-12-30", "1970-01-01", ""])
def test_a_placeholder_for_a_date_joins_nobody(date: str) -> None:
    assert born_of(date) is None
    assert (
        merged([person("a", **{**JO, "date_of_birth": date}), person("b", **{**JO, "date_of_birth": date})])[0] == set()
    )


def test_a_number_that_many_people_share_is_nobodys() -> None:
    """As the shared number is a valid one, its digits tell nothing: its people do."""
    people = lookalikes.draw_people(30, 75)
    shared = [replace(one, nhs_number=people[0].nhs_number, other_id="555123", email="") for one in people]
    assert merged(shared) == (set(), set())
    assert merged([replace(one, other_id=value) for one in people for value in ("0000000",)]) == (set(), set())


def test_two_people_of_one_number_are_not_joined_by_it() -> None:
    twin = person("b", **{**JO, "forename": "Patricia", "nhs_number": "9434765919"})
    people, linked = persons_of([person("a", **{**JO, "nhs_number": "9434765919"}), twin])
    assert people[0].number == "9434765919"
    assert linked.people() == []
    assert [item.basis for item in linked.review] == [persons.STOPPED]


# what is joined ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "basis"),
    [
        ({}, persons.NAMES),
        ({"forename": "Joana"}, persons.PROBABLE),
        ({"surname": "Okafro"}, persons.PROBABLE),
        ({"date_of_birth": "1961-04-20"}, persons.PROBABLE),
        ({"date_of_birth": "1961-02-04"}, persons.PROBABLE),
        ({"forename": "Okafor", "surname": "Joanna"}, persons.PROBABLE),
        ({"postcode": "QV9 9ZZ", "address": "17 Park Road"}, persons.PROBABLE),
    ],
)
def test_what_one_person_is_written_as(change: dict[str, str], basis: str) -> None:
    _, linked = persons_of([person("a", **JO), person("b", **{**JO, **change})])
    assert [item.basis for item in linked.pairs] == [basis]


def test_misspelt_records_find_their_person() -> None:
    """On invented persons other than the model was made from: hardly any wrong, most found."""
    people = lookalikes.draw_people(800, 76)
    records = lookalikes.draw_records(people, 77, short_forms())
    right, wrong = merged([replace(one, nhs_number="") for one in records])
    assert wrong == set()
    assert len(right) > 0.9 * len(people)


def test_between_sources_nobody_is_joined_inside_one() -> None:
    people = lookalikes.draw_people(60, 78)
    copies = lookalikes.draw_records(people, 79)
    table = table_of([*copies, *(replace(one, record_id=f"{one.record_id}-again") for one in people)])
    sources = ["a"] * 60 + ["b"] * 60 + ["a"] * 60
    cleaned = people_of(table.append_column("source", pa.array(sources)), test_numbers=True)
    linked = link(cleaned, between_sources=True)
    assert linked.pairs
    assert all(cleaned[item.left].source != cleaned[item.right].source for item in linked.pairs)


# laws -------------------------------------------------------------------------------------------------

_POOL = [
    *lookalikes.draw_records(lookalikes.draw_people(14, 80), 81, short_forms()),
    *lookalikes.draw_twins(4, 82),
    *(replace(one, record_id=f"f{one.record_id}") for one in lookalikes.draw_families(3, 83)),
]
_POOL = [replace(one, record_id=f"r{place}") for place, one in enumerate(_POOL)]
_SOME = st.lists(st.sampled_from(range(len(_POOL))), min_size=2, max_size=24, unique=True)
_FEW = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_FEW
@given(chosen=_SOME, seed=st.integers(0, 9))
def test_order_is_nothing_and_a_second_time_says_the_same(chosen: list[int], seed: int) -> None:
    rows = [_POOL[place] for place in chosen]
    once = persons_of(rows)
    other = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    assert persons_of(other) == once == persons_of(rows)


@_FEW
@given(chosen=_SOME)
def test_no_person_has_two_numbers_nor_two_relatives(chosen: list[int]) -> None:
    people, linked = persons_of([_POOL[place] for place in chosen])
    for group in linked.people():
        assert len({people[place].number for place in group} - {None}) <= 1
        for left, right in combinations([people[place] for place in group], 2):
            same = likeness.share_an_id(left, right) or (left.number is not None and left.number == right.number)
            assert same or likeness.judgement(left, right) != likeness.DIFFERENT


def test_a_pair_says_the_same_beside_any_others() -> None:
    """Nothing is learnt or counted from the rows at hand; so a probability holds in every data cut."""
    people = people_of(table_of(_POOL), test_numbers=True)
    model = load_model()
    alone = {}
    for item in likely_pairs(people, model)[:12]:
        pair = [people[item.left], people[item.right]]
        alone[item.left, item.right] = [(one.probability, one.bits) for one in likely_pairs(pair, model)]
    together = {(item.left, item.right): [(item.probability, item.bits)] for item in likely_pairs(people, model)}
    assert len(alone) == 12
    assert all(together[pair] == found for pair, found in alone.items())


@settings(max_examples=60, deadline=None)
@given(
    edges=st.dictionaries(
        st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1]), st.integers(0, 3)
    ),
    apart=st.frozensets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda pair: pair[0] < pair[1])),
    seed=st.integers(0, 5),
)
def test_groups_hold_nobody_who_is_apart_whatever_the_names(
    edges: dict[tuple[int, int], int], apart: frozenset[tuple[int, int]], seed: int
) -> None:
    def separate(left: int, right: int) -> bool:
        return (min(left, right), max(left, right)) in apart

    groups, stopped = joined(8, edges, separate)
    assert not any(groups[left] == groups[right] for left, right in apart)
    # whoever was joined is connected by pairs, and a stopped pair is one that was given
    assert set(stopped) <= set(edges)
    # other names of the same items give the same groups
    renamed = [int(place) for place in np.random.default_rng(seed).permutation(8)]

    def ordered(left: int, right: int) -> tuple[int, int]:
        return min(renamed[left], renamed[right]), max(renamed[left], renamed[right])

    new_apart = {ordered(*pair) for pair in apart}
    new_groups, _ = joined(
        8,
        {ordered(*pair): value for pair, value in edges.items()},
        lambda left, right: (min(left, right), max(left, right)) in new_apart,
    )
    for left, right in combinations(range(8), 2):
        assert (groups[left] == groups[right]) == (new_groups[renamed[left]] == new_groups[renamed[right]])


@_FEW
@given(chosen=_SOME)
def test_a_merge_that_is_refused_and_let_go_comes_back_exactly(chosen: list[int]) -> None:
    people, before = persons_of([_POOL[place] for place in chosen])
    for item in before.pairs[:2]:
        pair = (item.left, item.right)
        split = link(people, refused=[pair])
        assert split.person[item.left] != split.person[item.right]
        assert pair not in {(one.left, one.right) for one in split.review}
    assert link(people) == before


def test_what_somebody_accepted_is_joined_but_never_over_two_numbers() -> None:
    twins = [person("a", **JO), person("b", **{**JO, "forename": "Patricia"})]
    people, _ = persons_of(twins)
    assert link(people, accepted=[(0, 1)]).people() == [(0, 1)]
    assert link(people, accepted=[(0, 1)], refused=[(0, 1)]).people() == []
    numbered = [replace(twins[0], nhs_number="9434765919"), replace(twins[1], nhs_number="9434765870")]
    people, _ = persons_of(numbered)
    assert {one.number for one in people} == {"9434765919", "9434765870"}
    assert link(people, accepted=[(0, 1)]).people() == []


# the model --------------------------------------------------------------------------------------------


def test_the_model_says_what_it_was_made_from() -> None:
    raw = json.loads(MODEL.read_bytes())
    import splink

    assert raw["provenance"]["splink"] == splink.__version__
    assert raw["provenance"]["made_by"] == "scripts/train_linkage.py"
    model = load_model()
    assert (str(model.review_from), str(model.link_from)) == ("0.5", "0.99")
    levels = [level for one in raw["settings"]["comparisons"] for level in one["comparison_levels"]]
    assert all("m_probability" in level for level in levels if not level.get("is_null_level"))


@pytest.mark.soak
def test_the_same_code_makes_the_same_model(tmp_path: Path) -> None:
    import subprocess
    import sys

    made = tmp_path / "model.json"
    script = MODEL.parents[3] / "scripts" / "train_linkage.py"
    subprocess.run([sys.executable, str(script), str(made)], check=True, capture_output=True)
    assert made.read_bytes() == MODEL.read_bytes()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"model": "x", "link_from": "a"}'])
def test_a_broken_model_is_a_fault_of_the_system(tmp_path: Path, content: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(content)
    with pytest.raises(SystemFault, match="cannot be read"):
        load_model(path)


def test_thresholds_out_of_order_are_refused(tmp_path: Path) -> None:
    raw = json.loads(MODEL.read_bytes()) | {"review_from": "0.995"}
    path = tmp_path / "model.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(SystemFault, match="not in order"):
        load_model(path)


def test_records_without_ids_of_their_own_are_refused() -> None:
    for columns in (
        {"forename": ["a"]},
        {"record_id": ["1"], "shoe_size": ["9"]},
        {"record_id": ["1", "1"]},
        {"record_id": [""]},
    ):
        with pytest.raises(WrongUsage):
            people_of(pa.table(columns))


# likeness ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("JAYDEN", "KAYDEN", "different"),
        ("AMELIA", "AMELIE", "different"),
        ("JOANNA", "JOANAN", "same"),
        ("HARJIT", "HARJOT", "unclear"),
        ("HARRIET", "HARJIT", "unclear"),
        ("ELIZABETH", "LIZ", "same"),
        ("JOHN", "JACK", "unclear"),
        ("J", "JOHN", "unclear"),
        ("TOM", "ANN", "different"),
        (None, "ANN", "unclear"),
    ],
)
def test_forenames(left: str | None, right: str | None, said: str) -> None:
    assert likeness.forenames(left, right) == likeness.forenames(right, left) == said


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        ("19610402", "19610402", "same"),
        ("19610402", "19610403", "same"),
        ("19610402", "19610204", "same"),
        ("19610402", "19910402", "different"),
        ("19610402", "19640402", "same"),
        ("19610402", "19610929", "different"),
        ("19610402", "19610429", "unclear"),
        (None, "19610402", "unclear"),
    ],
)
def test_births(left: str | None, right: str | None, said: str) -> None:
    assert likeness.births(left, right) == likeness.births(right, left) == said


@settings(max_examples=100, deadline=None)
@given(st.text("ABC", max_size=6), st.text("ABC", max_size=6))
def test_slips_are_a_distance(left: str, right: str) -> None:
    found = likeness.slips(left, right)
    assert found == likeness.slips(right, left)
    assert (found == 0) == (left == right)
    assert abs(len(left) - len(right)) <= found <= max(len(left), len(right))


def test_every_invented_forename_is_one_or_looks_like_none() -> None:
    """The lists are for names, and a placeholder never is one."""
    assert all(name.isalpha() and name == name_of(name) for name in known_names())
